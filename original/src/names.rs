//! What classes and components are called in the type library.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::Id;
use crate::catalog::Kind;
use crate::document::ClassKind;

/// The names, out of the index that was generated with the library.
pub struct Names {
    entries: HashMap<(Kind, Id, Id), Entry>,
    /// Endpoints that export the first interface and import the second.
    duals: HashMap<(Id, Id), &'static str>,
}

struct Entry {
    name: &'static str,
    /// Parameters that are called otherwise than in the original.
    parameters: Vec<(&'static str, &'static str)>,
}

impl Names {
    /// Those of `liveobj:original`.
    pub fn get() -> &'static Names {
        static NAMES: OnceLock<Names> = OnceLock::new();
        NAMES.get_or_init(|| {
            read(include_str!("../data/names.tsv"))
                .expect("because a test reads the index of this crate")
        })
    }

    /// The name of a class or component, or the built-in type that a class is.
    pub fn of(&self, kind: Kind, library: Id, id: Id) -> Option<&'static str> {
        Some(self.entries.get(&(kind, library, id))?.name)
    }

    /// What a parameter is called.
    pub fn parameter<'n>(&self, kind: Kind, library: Id, id: Id, original: &'n str) -> &'n str {
        let entry = self.entries.get(&(kind, library, id));
        let mut renamed = entry.into_iter().flat_map(|entry| &entry.parameters);
        renamed
            .find(|(own, _)| *own == original)
            .map_or(original, |(_, name)| name)
    }

    /// The endpoint that exports one interface and imports another.
    pub fn dual(&self, exported: Id, imported: Id) -> Option<&'static str> {
        self.duals.get(&(exported, imported)).copied()
    }
}

/// Reads the index. `None` where a row is not what it must be.
fn read(text: &'static str) -> Option<Names> {
    let mut names = Names {
        entries: HashMap::new(),
        duals: HashMap::new(),
    };
    for line in text.lines().filter(|line| !line.starts_with("# ")) {
        let mut columns = line.split('\t');
        let kind = columns.next()?;
        let first = Id::parse(columns.next()?).ok()?;
        let second = Id::parse(columns.next()?).ok()?;
        let name = columns.next()?;
        if kind == "dual" {
            names.duals.insert((first, second), name);
            continue;
        }
        let kind = match kind {
            "value" => Kind::Class(ClassKind::Value),
            "interface" => Kind::Class(ClassKind::Interface),
            "endpoint" => Kind::Class(ClassKind::Endpoint),
            "object" => Kind::Class(ClassKind::Object),
            "component" => Kind::Component,
            _ => return None,
        };
        let parameters: Option<Vec<_>> = columns.map(|column| column.split_once('=')).collect();
        let parameters = parameters?;
        let entry = Entry { name, parameters };
        names.entries.insert((kind, first, second), entry);
    }
    Some(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_declared_or_built_in() {
        let names = Names::get();
        let library = crate::library();
        for entry in names.entries.values() {
            let head = entry.name.split('<').next().expect("there is one");
            let known =
                liveobj_types::syntax::is_built_in(head) || library.module.lookup(head).is_some();
            assert!(known, "{}", entry.name);
        }
        for name in names.duals.values() {
            assert!(library.module.lookup(name).is_some(), "{name}");
        }
    }

    #[test]
    fn parameters_have_the_original_names_where_those_are_names() {
        let names = Names::get();
        let window = Id::parse("0FF58C3C33E449B8B8F76060EBB469E7").expect("it is an id");
        let parameter = |original| names.parameter(Kind::Component, Id(0), window, original);
        assert_eq!(parameter("caption"), "caption");
        let arnie = Id::parse("0D365D36996040B4A28AF6593EC2A356").expect("it is an id");
        let quiet = names.parameter(Kind::Component, Id(0), arnie, "quiet mode");
        assert_eq!(quiet, "quiet_mode");
    }
}
