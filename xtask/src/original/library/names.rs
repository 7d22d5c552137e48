//! Names of the type library, made of the original ones.

use std::collections::{BTreeMap, BTreeSet};

use super::{Catalogue, Entry};

/// The name of every declaration.
pub struct Names {
    names: BTreeMap<(String, String, String), String>,
}

impl Names {
    /// A name is the original one, written as an identifier. Where entries share one, or something
    /// else has it already, each of them adds its kind, and where that is not enough its id: what
    /// an entry is called does not depend on the order of the catalogue.
    pub fn new(catalogue: &Catalogue<'_>) -> Result<Names, String> {
        let declared: Vec<Entry<'_>> = catalogue
            .entries
            .iter()
            .copied()
            .filter(|entry| super::types::built_in(entry).is_none())
            .collect();
        let parameters = declared.iter().flat_map(|entry| entry.parameters());
        let mut taken: BTreeSet<String> = parameters.map(|it| identifier(it.id)).collect();
        taken.extend(standard());
        let names = settle(&declared, &taken, |entry| identifier(entry.name));
        let (names, left) = names;
        let (more, left) = settle(&left, &taken, |entry| {
            format!("{}_{}", identifier(entry.name), suffix(entry.kind))
        });
        let (last, left) = settle(&left, &taken, |entry| {
            let digits = entry.id.trim_start_matches('0');
            let digits = &digits[..digits.len().min(8)];
            format!("{}_{}_{digits}", identifier(entry.name), suffix(entry.kind))
        });
        if let Some(entry) = left.first() {
            return Err(format!("two declarations would be called `{}`", entry.name));
        }
        let all = names.into_iter().chain(more).chain(last);
        Ok(Names {
            names: all.collect(),
        })
    }

    /// The name of an entry; none for what is a built-in type.
    pub fn of(&self, entry: &Entry<'_>) -> Option<&str> {
        self.names.get(&key(entry)).map(String::as_str)
    }
}

type Key = (String, String, String);

fn key(entry: &Entry<'_>) -> Key {
    let part = str::to_owned;
    (part(entry.kind), part(entry.namespace), part(entry.id))
}

/// Those whose name nobody else wants, and the others.
fn settle<'a>(
    entries: &[Entry<'a>],
    taken: &BTreeSet<String>,
    name: impl Fn(&Entry<'_>) -> String,
) -> (Vec<(Key, String)>, Vec<Entry<'a>>) {
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    for entry in entries {
        *wanted.entry(name(entry)).or_default() += 1;
    }
    let (alone, shared): (Vec<_>, Vec<_>) = entries.iter().partition(|entry| {
        let name = name(entry);
        wanted[&name] == 1 && !taken.contains(&name)
    });
    let named = alone.iter().map(|entry| (key(entry), name(entry)));
    (named.collect(), shared)
}

fn suffix(kind: &str) -> &str {
    kind.strip_suffix(" class").unwrap_or(kind)
}

/// Names that are built in, or that `liveobj:standard` declares.
fn standard() -> impl Iterator<Item = String> {
    let standard = include_str!("../../../../typesys/standard.lot");
    let declared = standard.lines().filter_map(|line| {
        let (keyword, rest) = line.split_once(' ')?;
        ["endpoint", "object", "record", "template", "adapter"]
            .contains(&keyword)
            .then(|| {
                rest.split(['<', '(', ' '])
                    .next()
                    .unwrap_or(rest)
                    .to_owned()
            })
    });
    declared.chain(["Object", "mirror"].map(str::to_owned))
}

/// `name` as an identifier: without the number of generic parameters, every run of other
/// characters an underscore.
pub fn identifier(name: &str) -> String {
    let name = name.split('`').next().unwrap_or(name);
    let mut out = String::new();
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || c == '_' {
            out.push(c);
        } else if !out.ends_with('_') {
            out.push('_');
        }
    }
    let trimmed = out.trim_end_matches('_').len();
    // An underscore that the original ends with is its own.
    if !name.ends_with('_') {
        out.truncate(trimmed);
    }
    if out.starts_with(|c: char| c.is_ascii_digit()) || out.is_empty() {
        out.insert(0, '_');
    }
    out
}
