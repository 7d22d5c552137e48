//! The type library of 2009, and the index from original identifiers to names in it.

mod declarations;
mod index;
mod names;
mod types;

use serde_json::Value;

use declarations::library;
use names::Names;
use types::Writer;

/// Kinds of entries that the library declares, as the catalogue calls them.
const KINDS: [&str; 5] = [
    "value class",
    "interface class",
    "endpoint class",
    "object class",
    "component",
];

/// One entry of the catalogue.
#[derive(Clone, Copy)]
struct Entry<'a> {
    json: &'a Value,
    kind: &'a str,
    /// 32 hexadecimal digits.
    namespace: &'a str,
    /// 32 hexadecimal digits.
    id: &'a str,
    name: &'a str,
}

/// A parameter of a class or a component.
#[derive(Clone, Copy)]
struct Parameter<'a> {
    id: &'a str,
    /// `Value`, or the kind of class that is the argument.
    kind: &'a str,
    json: &'a Value,
}

impl<'a> Entry<'a> {
    fn read(json: &'a Value) -> Option<Entry<'a>> {
        let kind = json["kind"].as_str()?;
        (json["status"] == "active" && KINDS.contains(&kind)).then_some(())?;
        Some(Entry {
            json,
            kind,
            namespace: json["library"].as_str()?,
            id: json["id"].as_str()?,
            name: json["name"].as_str()?,
        })
    }

    fn parameters(self) -> impl Iterator<Item = Parameter<'a>> {
        let all = self.json["parameters"].as_array().into_iter().flatten();
        all.filter_map(|json| {
            Some(Parameter {
                id: json["id"].as_str()?,
                kind: json["kind"].as_str()?,
                json,
            })
        })
    }

    fn list(self, member: &str) -> impl Iterator<Item = &'a Value> {
        self.json[member].as_array().into_iter().flatten()
    }
}

/// The entries that are declared, each identifier once, in the order of kind, namespace and
/// identifier.
struct Catalogue<'a> {
    entries: Vec<Entry<'a>>,
}

impl<'a> Catalogue<'a> {
    fn new(json: &'a Value) -> Result<Catalogue<'a>, String> {
        let all = json["entries"]
            .as_array()
            .ok_or("the catalogue has no list `entries`")?;
        let mut entries: Vec<Entry<'a>> = all.iter().filter_map(Entry::read).collect();
        let position = |entry: &Entry<'_>| KINDS.iter().position(|kind| *kind == entry.kind);
        entries.sort_by_key(|entry| (position(entry), entry.namespace, entry.id));
        // Two copies of the sources declare the same component.
        entries.dedup_by(|later, first| {
            (later.kind, later.namespace, later.id) == (first.kind, first.namespace, first.id)
        });
        Ok(Catalogue { entries })
    }

    /// The entry that a type expression of the catalogue names. Its namespace is not written
    /// there: all classes are of the runtime's.
    fn class(&self, kind: &str, id: &str) -> Result<Entry<'a>, String> {
        let found = self
            .entries
            .iter()
            .find(|entry| entry.kind == kind && entry.id == id);
        found
            .copied()
            .ok_or_else(|| format!("no active {kind} has the id {id}"))
    }
}

/// The type library and the index.
pub struct Files {
    pub library: String,
    pub index: String,
}

/// Makes both of the catalogue.
pub fn files(json: &Value) -> Result<Files, String> {
    let catalogue = Catalogue::new(json)?;
    let names = Names::new(&catalogue)?;
    let mut writer = Writer::new(&catalogue, &names);
    let library = library(&catalogue, &mut writer)?;
    let index = index::index(&catalogue, &writer)?;
    Ok(Files { library, index })
}
