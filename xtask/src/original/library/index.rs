//! The index from original identifiers to names in the type library.

use super::names::identifier;
use super::types::{BuiltIn, DUAL, EXPORTED, IMPORTED, Writer, built_in};
use super::{Catalogue, Entry};

const HEAD: &str = "\
# Names in original.lot; `cargo xtask original-catalog` wrote this, do not edit it.
# Of a class or component: kind, library, id, name or built-in type, and `original=name` of each
# parameter whose name is not the original one.
# Of an endpoint that exports one interface and imports another: `dual`, both ids, name.
";

/// The text of the index, after the library was written.
pub fn index(catalogue: &Catalogue<'_>, writer: &Writer<'_, '_>) -> Result<String, String> {
    let mut rows: Vec<Vec<String>> = Vec::new();
    // Endpoints with interfaces are written as those.
    let written_out = [EXPORTED, IMPORTED, DUAL];
    let entries = catalogue.entries.iter();
    for entry in entries.filter(|entry| !written_out.contains(&entry.id)) {
        let name = match built_in(entry) {
            None => writer.name(entry),
            Some(BuiltIn::Type(name) | BuiltIn::Of(name)) => name,
            Some(BuiltIn::Dictionary) => "map",
            Some(BuiltIn::Void) => continue,
        };
        let mut row = vec![
            kind(entry).to_owned(),
            short(entry.namespace),
            short(entry.id),
            name.to_owned(),
        ];
        let names = entry.parameters().map(|it| (it.id, identifier(it.id)));
        let other = names.filter(|(original, name)| original != name);
        row.extend(other.map(|(original, name)| format!("{original}={name}")));
        rows.push(row);
    }
    for (exported, imported) in &writer.pairs {
        let class = |id| catalogue.class("interface class", id);
        let name = writer.pair_name(&class(exported)?, &class(imported)?);
        rows.push(vec![
            "dual".to_owned(),
            short(exported),
            short(imported),
            name,
        ]);
    }
    let mut out = HEAD.to_owned();
    for row in rows {
        if let Some(column) = row.iter().find(|column| column.contains(['\t', '\n'])) {
            return Err(format!("`{column}` cannot stand in a column"));
        }
        out += &row.join("\t");
        out.push('\n');
    }
    Ok(out)
}

/// The kind in one word.
fn kind<'a>(entry: &Entry<'a>) -> &'a str {
    entry.kind.strip_suffix(" class").unwrap_or(entry.kind)
}

/// An id without leading zeros, and zero as `0`.
fn short(id: &str) -> String {
    match id.trim_start_matches('0') {
        "" => "0".to_owned(),
        id => id.to_owned(),
    }
}
