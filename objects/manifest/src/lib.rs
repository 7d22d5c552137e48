//! What an object library says of itself: a header, JSON and its types, in a link section of the
//! binary. Read from the file, without mapping it for execution.
//!
//! Section [`SECTION`]: [`MAGIC`], format version (u32 LE, 1), length of the JSON (u32 LE),
//! length of the types (u32 LE), 4 zero bytes, the JSON, the types (canonical `.lot`, closed over
//! every `use`). Zero bytes may follow.
//!
//! ```
//! use liveobj_manifest::{Manifest, emit, read_section};
//!
//! let manifest = Manifest {
//!     name: "example:clock".to_owned(),
//!     version: "1.0.0".to_owned(),
//!     abi: [0, 1],
//!     panic: "unwind".to_owned(),
//!     target: "x86_64-linux".to_owned(),
//!     threads: false,
//!     sdk: String::new(),
//!     templates: vec!["clock".to_owned()],
//!     formalisms: Vec::new(),
//!     types: "object Clock {}\n\ntemplate clock(): Clock;\n".to_owned(),
//! };
//! assert_eq!(read_section(&emit(&manifest)).unwrap(), manifest);
//! ```

#![forbid(unsafe_code)]

pub mod crossing;
mod header;
mod read;

use std::sync::Arc;

use liveobj_types::{Diagnostic, Module, Source};
use serde::{Deserialize, Serialize};

pub use header::{HeaderError, c_header};
pub use read::{ReadError, read, read_from, read_section};

/// Name of the link section.
pub const SECTION: &str = ".liveobj";
/// First bytes of the section.
pub const MAGIC: [u8; 8] = *b"LIVEOBJ\x01";
/// Format version.
pub const VERSION: u32 = 1;
/// Bytes before the JSON.
pub const HEADER_SIZE: usize = 24;
/// [`Manifest::sdk`] of the libraries that the Rust SDK makes.
pub const SDK: &str = "liveobj-sdk";
/// Longest section that [`read`] accepts.
pub const MAX_SIZE: usize = 16 << 20;

/// The JSON part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Name of the library, `liveobj:channels`.
    pub name: String,
    /// Its version, semantic versioning.
    pub version: String,
    /// ABI that it was built for: major, minor.
    pub abi: [u16; 2],
    /// `unwind` or `abort`.
    pub panic: String,
    /// Target architecture and system: `x86_64-linux`.
    pub target: String,
    /// Whether its objects run threads of their own.
    #[serde(default)]
    pub threads: bool,
    /// What guarantees that the payloads its objects emit are values of their types: [`SDK`], whose
    /// types cannot hold anything else. Empty for a library in another language: a host checks
    /// what it emits.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sdk: String,
    /// Its templates in name order: that of the table.
    pub templates: Vec<String>,
    /// The formalisms it adds, in the order of the table.
    #[serde(default)]
    pub formalisms: Vec<FormalismEntry>,
    /// The types; not part of the JSON.
    #[serde(skip)]
    pub types: String,
}

/// A formalism that a library adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormalismEntry {
    /// The name that constraints use: `rates`.
    pub name: String,
    /// Its 128-bit id, as 32 hexadecimal digits.
    #[serde(with = "id")]
    pub id: u128,
    /// Version of the implementation, semantic versioning.
    pub version: String,
}

/// Ids as texts: JSON has no such numbers.
mod id {
    use serde::de::{Deserialize, Deserializer, Error};
    use serde::ser::Serializer;

    pub(super) fn serialize<S: Serializer>(id: &u128, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&format!("{id:032x}"))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        let text = String::deserialize(from)?;
        let digits = text.len() == 32 && text.bytes().all(|digit| digit.is_ascii_hexdigit());
        let id = u128::from_str_radix(&text, 16).ok().filter(|_| digits);
        id.ok_or_else(|| Error::custom("the id of a formalism has 32 hexadecimal digits"))
    }
}

/// Whether a formalism can have this name: one of the type language.
pub fn is_formalism_name(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.is_empty() && name.chars().all(letter) && !name.starts_with(|c: char| c.is_ascii_digit())
}

impl Manifest {
    /// The JSON part as text; fields in the order of this struct, without white space.
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("strings and numbers always serialize")
    }

    /// The types, parsed under the library's name. They are closed, so that no `use` is followed;
    /// one that is there nevertheless is a finding.
    pub fn module(&self) -> (Arc<Module>, Vec<Diagnostic>) {
        let source = Source::new(self.name.as_str(), self.types.as_str());
        Module::parse(&self.name, &source, &mut |_| None)
    }
}

/// The bytes of the section.
///
/// # Panics
///
/// The JSON or the types are longer than 4 GiB.
pub fn emit(manifest: &Manifest) -> Vec<u8> {
    let json = manifest.json();
    let length = |text: &str| u32::try_from(text.len()).expect("a manifest is shorter than 4 GiB");
    let mut bytes = Vec::with_capacity(HEADER_SIZE + json.len() + manifest.types.len());
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    bytes.extend(length(&json).to_le_bytes());
    bytes.extend(length(&manifest.types).to_le_bytes());
    bytes.extend([0; 4]);
    bytes.extend(json.as_bytes());
    bytes.extend(manifest.types.as_bytes());
    bytes
}
