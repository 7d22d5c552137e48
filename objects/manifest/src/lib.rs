//! What an object library says of itself: a header, JSON and its types, in a link section of the
//! binary. Read from the file, without mapping it for execution.
//!
//! Section [`SECTION`]: [`MAGIC`], format version (u32 LE, 1), length of the JSON (u32 LE),
//! length of the types (u32 LE), 4 zero bytes, the JSON, the types (canonical `.lot`, closed over
//! every `use`).

#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};

/// Name of the link section.
pub const SECTION: &str = ".liveobj";
/// First bytes of the section.
pub const MAGIC: [u8; 8] = *b"LIVEOBJ\x01";
/// Format version.
pub const VERSION: u32 = 1;

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
    /// Its templates in name order: that of the table.
    pub templates: Vec<String>,
    /// Names of the formalisms it adds.
    #[serde(default)]
    pub formalisms: Vec<String>,
    /// The types; not part of the JSON.
    #[serde(skip)]
    pub types: String,
}
