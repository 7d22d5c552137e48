//! Identities of references: a hash over kinds, names and the identities of the parts.
//!
//! A cast is no part of what an object is, so `as` counts only where it is all that is known of
//! an object: at external references into folders. Libraries count by name, never by hash;
//! `library="…"` and its long form are the same; an external object of a library is the template
//! of that name without arguments; components, connections and exports count in canonical order.

use liveobj_types::Data;
use sha2::{Digest, Sha256};

use crate::checked::{Export, Part, PlannedConnection};

/// A running hash of length-prefixed fields.
struct Hash(Sha256);

impl Hash {
    fn new(what: &str) -> Hash {
        let mut hash = Hash(Sha256::new());
        hash.0.update(b"liveobj reference 1\0");
        hash.bytes(what.as_bytes());
        hash
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.count(bytes.len());
        self.0.update(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.0.update((count as u64).to_le_bytes());
    }

    fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
}

pub(crate) fn composite(
    components: &[(String, Part)],
    connections: &[PlannedConnection],
    exports: &[Export],
) -> [u8; 32] {
    let mut hash = Hash::new("composite");
    hash.count(components.len());
    for (name, part) in components {
        hash.text(name);
        hash.bytes(&part.identity);
    }
    hash.count(connections.len());
    for (component, endpoint) in connections.iter().flat_map(|connection| &connection.ends) {
        hash.text(component);
        hash.text(endpoint);
    }
    hash.count(exports.len());
    for export in exports {
        hash.text(&export.name);
        hash.text(&export.component);
        hash.text(&export.endpoint);
    }
    hash.finish()
}

pub(crate) fn external(name: &str, ty: &[u8; 32], folder: &[u8; 32]) -> [u8; 32] {
    let mut hash = Hash::new("external");
    hash.text(name);
    hash.bytes(ty);
    hash.bytes(folder);
    hash.finish()
}

pub(crate) fn object(library: &str, template: &str, arguments: &[(&str, [u8; 32])]) -> [u8; 32] {
    let mut hash = Hash::new("object");
    hash.text(library);
    hash.text(template);
    let mut sorted: Vec<_> = arguments.iter().collect();
    sorted.sort();
    hash.count(sorted.len());
    for (name, argument) in sorted {
        hash.text(name);
        hash.bytes(argument);
    }
    hash.finish()
}

pub(crate) fn library(name: &str) -> [u8; 32] {
    let mut hash = Hash::new("library");
    hash.text(name);
    hash.finish()
}

pub(crate) fn registry() -> [u8; 32] {
    Hash::new("registry").finish()
}

pub(crate) fn code(library: &str, name: &str) -> [u8; 32] {
    let mut hash = Hash::new("code");
    hash.text(library);
    hash.text(name);
    hash.finish()
}

pub(crate) fn type_argument(identity: &[u8; 32]) -> [u8; 32] {
    let mut hash = Hash::new("type");
    hash.bytes(identity);
    hash.finish()
}

/// A value; in place of each document inside stands the identity of what it refers to.
pub(crate) fn value(data: &Data) -> [u8; 32] {
    let mut hash = Hash::new("value");
    add(&mut hash, data);
    hash.finish()
}

fn add(hash: &mut Hash, data: &Data) {
    match data {
        Data::Bool(value) => scalar(hash, "bool", &[u8::from(*value)]),
        Data::U8(value) => scalar(hash, "u8", &value.to_le_bytes()),
        Data::U16(value) => scalar(hash, "u16", &value.to_le_bytes()),
        Data::U32(value) => scalar(hash, "u32", &value.to_le_bytes()),
        Data::U64(value) => scalar(hash, "u64", &value.to_le_bytes()),
        Data::S8(value) => scalar(hash, "s8", &value.to_le_bytes()),
        Data::S16(value) => scalar(hash, "s16", &value.to_le_bytes()),
        Data::S32(value) => scalar(hash, "s32", &value.to_le_bytes()),
        Data::S64(value) => scalar(hash, "s64", &value.to_le_bytes()),
        Data::F32(value) if value.is_nan() => scalar(hash, "f32", b"NaN"),
        Data::F32(value) => scalar(hash, "f32", &value.to_bits().to_le_bytes()),
        Data::F64(value) if value.is_nan() => scalar(hash, "f64", b"NaN"),
        Data::F64(value) => scalar(hash, "f64", &value.to_bits().to_le_bytes()),
        Data::Char(value) => scalar(hash, "char", &u32::from(*value).to_le_bytes()),
        Data::String(value) => scalar(hash, "string", value.as_bytes()),
        Data::Bytes(value) => scalar(hash, "bytes", value),
        Data::Uuid(value) => scalar(hash, "uuid", value),
        Data::Document(value) => scalar(hash, "reference", value),
        Data::List(items) => all(hash, "list", items),
        Data::Tuple(items) => all(hash, "tuple", items),
        Data::Option(item) => {
            hash.text("option");
            payload(hash, item.as_deref());
        }
        Data::Variant(name, item) => {
            hash.text("variant");
            hash.text(name);
            payload(hash, item.as_deref());
        }
        Data::Map(entries) => {
            hash.text("map");
            hash.count(entries.len());
            for (key, value) in entries {
                add(hash, key);
                add(hash, value);
            }
        }
        Data::Record(fields) => {
            hash.text("record");
            hash.count(fields.len());
            for (name, value) in fields {
                hash.text(name);
                add(hash, value);
            }
        }
    }
}

fn scalar(hash: &mut Hash, what: &str, bytes: &[u8]) {
    hash.text(what);
    hash.bytes(bytes);
}

fn all(hash: &mut Hash, what: &str, items: &[Data]) {
    hash.text(what);
    hash.count(items.len());
    for item in items {
        add(hash, item);
    }
}

fn payload(hash: &mut Hash, item: Option<&Data>) {
    hash.count(usize::from(item.is_some()));
    if let Some(item) = item {
        add(hash, item);
    }
}
