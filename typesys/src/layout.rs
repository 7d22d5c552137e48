//! Layout 1: how values lie in memory. A pure function of the structural type, for 64-bit
//! little-endian machines (ABI rules 1-6).

use std::collections::BTreeMap;

use crate::types::{Basic, Types, ValueId};

/// Size, alignment and inner structure of one value type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Bytes; a multiple of `align`; 0 for an empty record.
    pub size: u32,
    /// Bytes; a power of two, at most 8; 1 for an empty record.
    pub align: u32,
    /// What lies where.
    pub shape: Shape,
}

/// A value inside another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Its type.
    pub ty: ValueId,
    /// Whether it lies behind a slice of length 1, being on a cycle of inline containment
    /// (rule 5); an absent option there has length 0.
    pub boxed: bool,
}

/// A named slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldLayout {
    /// Field name; the position in decimal for tuples.
    pub name: String,
    /// Bytes from the start of the struct.
    pub offset: u32,
    /// What lies there.
    pub slot: Slot,
}

/// What lies where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A basic type other than string and bytes.
    Scalar(Basic),
    /// `lo_slice` of UTF-8 bytes.
    String,
    /// `lo_slice` of bytes.
    Bytes,
    /// `lo_slice` of elements.
    List(ValueId),
    /// `lo_slice` of entries {key; value}, ascending by key, unique. The entry is a struct with
    /// the fields `key` and `value`.
    Map {
        /// Key type.
        key: ValueId,
        /// Value type.
        value: ValueId,
        /// Size, alignment and fields of an entry.
        entry: Box<Layout>,
    },
    /// A C struct: fields by falling alignment, then name; tuples by position.
    Struct(Vec<FieldLayout>),
    /// `{ u32 tag; union }`; tags count the cases in name order.
    Variant {
        /// Where payloads lie; 0 where no case has one.
        payload: u32,
        /// Cases in name order.
        cases: Vec<(String, Option<Slot>)>,
    },
    /// `{ u8 some; T }`
    Option {
        /// Where the value lies.
        payload: u32,
        /// The value.
        slot: Slot,
    },
    /// `lo_slice` of the canonical document (references and external endpoint references).
    Document,
    /// `lo_opaque`: wire bytes and type (a type parameter).
    Opaque,
}

/// Size of an `lo_slice`.
pub const SLICE_SIZE: u32 = 24;
/// Size of an `lo_opaque`.
pub const OPAQUE_SIZE: u32 = 32;

/// Layouts of the types of one arena, each computed once.
#[derive(Debug)]
pub struct Layouts<'a> {
    types: &'a Types,
    known: BTreeMap<ValueId, Layout>,
}

impl<'a> Layouts<'a> {
    /// Nothing computed yet.
    pub fn new(types: &'a Types) -> Layouts<'a> {
        Layouts { types, known: BTreeMap::new() }
    }

    /// The types.
    pub fn types(&self) -> &'a Types {
        self.types
    }

    /// The layout of a type.
    pub fn of(&mut self, id: ValueId) -> &Layout {
        let _ = (id, &self.known);
        todo!("layout helper")
    }
}
