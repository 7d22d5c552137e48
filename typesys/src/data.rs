//! Values as data, and their wire form (ABI rule 10).

use std::collections::BTreeMap;

use crate::types::{Types, ValueId};

/// A value of some value type.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
#[allow(missing_docs, reason = "the names are those of the type language")]
pub enum Data {
    Bool(bool),
    U8(u8),
    U16(u16),
    U32(u32),
    U64(u64),
    S8(i8),
    S16(i16),
    S32(i32),
    S64(i64),
    F32(f32),
    F64(f64),
    Char(char),
    String(String),
    Bytes(Vec<u8>),
    Uuid([u8; 16]),
    List(Vec<Data>),
    Option(Option<Box<Data>>),
    /// Entries ascending by key, keys unique.
    Map(Vec<(Data, Data)>),
    Tuple(Vec<Data>),
    Record(BTreeMap<String, Data>),
    /// Case name and payload.
    Variant(String, Option<Box<Data>>),
    /// Canonical document of a reference or of an external endpoint reference.
    Document(Vec<u8>),
}

/// Why wire bytes are not a value of the type.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WireError {
    /// The bytes end too early.
    Truncated,
    /// Bytes are left over.
    TrailingBytes,
    /// Not UTF-8, not a character, a flag other than 0 and 1, a tag without a case, or a NaN
    /// other than the one.
    Invalid(&'static str),
    /// Map keys out of order or repeated.
    KeyOrder,
    /// Nesting deeper than 64.
    TooDeep,
    /// A type parameter, whose values have no wire form of their own.
    Opaque,
}

/// Deepest nesting of options, lists, records, … that a decoder follows.
pub const MAX_WIRE_DEPTH: usize = 64;

impl Types {
    /// Encodes a value: no padding, little-endian, fields by name, u32 tags and lengths, u8
    /// option flags, one NaN. `None` where `data` is not a value of the type.
    pub fn encode(&self, ty: ValueId, data: &Data) -> Option<Vec<u8>> {
        let _ = (ty, data);
        todo!("layout helper")
    }

    /// Decodes a value; checks bounds, UTF-8, tags, depth and order; allocates no more than a
    /// small multiple of `bytes`.
    ///
    /// # Errors
    ///
    /// The first fault.
    pub fn decode(&self, ty: ValueId, bytes: &[u8]) -> Result<Data, WireError> {
        let _ = (ty, bytes);
        todo!("layout helper")
    }
}
