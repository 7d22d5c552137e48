//! Values as data, and their wire form (ABI rule 10).

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;

use crate::types::{Basic, Types, Value, ValueId};

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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// More values inside than so few bytes may stand for ([`max_parts`]).
    TooManyParts,
    /// A type parameter, whose values have no wire form of their own.
    Opaque,
}

/// Deepest nesting of options, lists, records, … that a decoder follows.
pub const MAX_WIRE_DEPTH: usize = 64;

/// How many values, counting those inside others, `length` wire bytes may stand for. Values such
/// as empty records take no bytes: without a limit, four bytes could announce 2³² of them.
pub fn max_parts(length: usize) -> usize {
    length.saturating_mul(16).saturating_add(4096)
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WireError::Truncated => f.write_str("the bytes end too early"),
            WireError::TrailingBytes => f.write_str("bytes are left over"),
            WireError::Invalid(what) => write!(f, "not {what}"),
            WireError::KeyOrder => f.write_str("map keys are out of order or repeated"),
            WireError::TooDeep => {
                write!(
                    f,
                    "values are nested more than {MAX_WIRE_DEPTH} levels deep"
                )
            }
            WireError::TooManyParts => {
                f.write_str("more values inside than so few bytes may stand for")
            }
            WireError::Opaque => {
                f.write_str("a value of a type parameter has no wire form of its own")
            }
        }
    }
}

impl std::error::Error for WireError {}

impl Data {
    /// A record: the fields' names and values.
    pub fn record<N: Into<String>>(fields: impl IntoIterator<Item = (N, Data)>) -> Data {
        Data::Record(
            fields
                .into_iter()
                .map(|(name, value)| (name.into(), value))
                .collect(),
        )
    }

    /// A total order, that of map keys: numbers by value (floating point by `total_cmp`), texts
    /// and bytes bytewise, cases by name, composite values lexicographically. Values of different
    /// types are ordered by kind.
    pub fn total_cmp(&self, other: &Data) -> Ordering {
        match (self, other) {
            (Data::F32(left), Data::F32(right)) => left.total_cmp(right),
            (Data::F64(left), Data::F64(right)) => left.total_cmp(right),
            (Data::List(left), Data::List(right)) | (Data::Tuple(left), Data::Tuple(right)) => {
                compare_all(left.iter(), right.iter())
            }
            (Data::Option(left), Data::Option(right)) => {
                compare_all(left.as_deref().into_iter(), right.as_deref().into_iter())
            }
            (Data::Map(left), Data::Map(right)) => compare_all(
                left.iter().flat_map(|(key, value)| [key, value]),
                right.iter().flat_map(|(key, value)| [key, value]),
            ),
            (Data::Record(left), Data::Record(right)) => left
                .keys()
                .cmp(right.keys())
                .then_with(|| compare_all(left.values(), right.values())),
            (Data::Variant(left, left_payload), Data::Variant(right, right_payload)) => {
                left.cmp(right).then_with(|| {
                    let right = right_payload.as_deref().into_iter();
                    compare_all(left_payload.as_deref().into_iter(), right)
                })
            }
            // No floating point inside: the derived order is total where the kinds agree, and
            // orders by kind where they differ.
            _ => self.partial_cmp(other).unwrap_or(Ordering::Equal),
        }
    }
}

fn compare_all<'a>(
    mut left: impl Iterator<Item = &'a Data>,
    mut right: impl Iterator<Item = &'a Data>,
) -> Ordering {
    loop {
        match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
            (Some(left), Some(right)) => match left.total_cmp(right) {
                Ordering::Equal => {}
                unequal => return unequal,
            },
        }
    }
}

impl Types {
    /// Encodes a value: no padding, little-endian, fields by name, u32 tags and lengths, u8
    /// option flags, one NaN. `None` where `data` is not a value of the type, or not one that a
    /// decoder would accept: nested too deep, or with too many parts for its length.
    pub fn encode(&self, ty: ValueId, data: &Data) -> Option<Vec<u8>> {
        let mut encoder = Encoder {
            types: self,
            bytes: Vec::new(),
            parts: 0,
        };
        encoder.value(ty, data, 0)?;
        (encoder.parts <= max_parts(encoder.bytes.len())).then_some(encoder.bytes)
    }

    /// Decodes a value; checks bounds, UTF-8, tags, depth and order; allocates no more than a
    /// small multiple of `bytes` and of the size of the type's names.
    ///
    /// # Errors
    ///
    /// The first fault.
    pub fn decode(&self, ty: ValueId, bytes: &[u8]) -> Result<Data, WireError> {
        let parts = max_parts(bytes.len());
        let mut decoder = Decoder {
            types: self,
            bytes,
            parts,
        };
        let data = decoder.value(ty, 0)?;
        if decoder.bytes.is_empty() {
            Ok(data)
        } else {
            Err(WireError::TrailingBytes)
        }
    }
}

struct Encoder<'a> {
    types: &'a Types,
    bytes: Vec<u8>,
    parts: usize,
}

impl Encoder<'_> {
    fn value(&mut self, ty: ValueId, data: &Data, depth: usize) -> Option<()> {
        self.parts += 1;
        if depth > MAX_WIRE_DEPTH {
            return None;
        }
        let types = self.types;
        match (types.value(ty), data) {
            (Value::Basic(basic), data) => self.basic(*basic, data)?,
            (Value::List(item), Data::List(items)) => {
                self.length(items.len())?;
                for data in items {
                    self.value(*item, data, depth + 1)?;
                }
            }
            (Value::Option(_), Data::Option(None)) => self.bytes.push(0),
            (Value::Option(inner), Data::Option(Some(data))) => {
                self.bytes.push(1);
                self.value(*inner, data, depth + 1)?;
            }
            (Value::Map(key_type, value_type), Data::Map(entries)) => {
                self.length(entries.len())?;
                let mut last: Option<&Data> = None;
                for (key, value) in entries {
                    if last.is_some_and(|last| last.total_cmp(key) != Ordering::Less) {
                        return None;
                    }
                    self.value(*key_type, key, depth + 1)?;
                    self.value(*value_type, value, depth + 1)?;
                    last = Some(key);
                }
            }
            (Value::Tuple(types), Data::Tuple(items)) => {
                if types.len() != items.len() {
                    return None;
                }
                for (ty, data) in types.iter().zip(items) {
                    self.value(*ty, data, depth + 1)?;
                }
            }
            (Value::Record { fields, .. }, Data::Record(data)) => {
                if !fields.keys().eq(data.keys()) {
                    return None;
                }
                for (ty, data) in fields.values().zip(data.values()) {
                    self.value(*ty, data, depth + 1)?;
                }
            }
            (Value::Variant(cases), Data::Variant(name, payload)) => {
                let (tag, ty) = cases
                    .iter()
                    .enumerate()
                    .find(|(_, case)| case.0 == name)
                    .map(|(tag, case)| (tag as u32, case.1))?;
                self.bytes.extend(tag.to_le_bytes());
                match (ty, payload) {
                    (None, None) => {}
                    (Some(ty), Some(data)) => self.value(*ty, data, depth + 1)?,
                    _ => return None,
                }
            }
            (Value::Reference(_) | Value::External(_), Data::Document(document)) => {
                std::str::from_utf8(document).ok()?;
                self.slice(document)?;
            }
            _ => return None,
        }
        Some(())
    }

    fn basic(&mut self, basic: Basic, data: &Data) -> Option<()> {
        match (basic, data) {
            (Basic::Bool, Data::Bool(value)) => self.bytes.push(u8::from(*value)),
            (Basic::U8, Data::U8(value)) => self.bytes.push(*value),
            (Basic::U16, Data::U16(value)) => self.bytes.extend(value.to_le_bytes()),
            (Basic::U32, Data::U32(value)) => self.bytes.extend(value.to_le_bytes()),
            (Basic::U64, Data::U64(value)) => self.bytes.extend(value.to_le_bytes()),
            (Basic::S8, Data::S8(value)) => self.bytes.extend(value.to_le_bytes()),
            (Basic::S16, Data::S16(value)) => self.bytes.extend(value.to_le_bytes()),
            (Basic::S32, Data::S32(value)) => self.bytes.extend(value.to_le_bytes()),
            (Basic::S64, Data::S64(value)) => self.bytes.extend(value.to_le_bytes()),
            (Basic::F32, Data::F32(value)) => {
                let bits = if value.is_nan() {
                    NAN_32
                } else {
                    value.to_bits()
                };
                self.bytes.extend(bits.to_le_bytes());
            }
            (Basic::F64, Data::F64(value)) => {
                let bits = if value.is_nan() {
                    NAN_64
                } else {
                    value.to_bits()
                };
                self.bytes.extend(bits.to_le_bytes());
            }
            (Basic::Char, Data::Char(value)) => self.bytes.extend(u32::from(*value).to_le_bytes()),
            (Basic::String, Data::String(value)) => self.slice(value.as_bytes())?,
            (Basic::Bytes, Data::Bytes(value)) => self.slice(value)?,
            (Basic::Uuid, Data::Uuid(value)) => self.bytes.extend(value),
            _ => return None,
        }
        Some(())
    }

    fn slice(&mut self, slice: &[u8]) -> Option<()> {
        self.length(slice.len())?;
        self.bytes.extend(slice);
        Some(())
    }

    fn length(&mut self, length: usize) -> Option<()> {
        self.bytes.extend(u32::try_from(length).ok()?.to_le_bytes());
        Some(())
    }
}

struct Decoder<'a> {
    types: &'a Types,
    bytes: &'a [u8],
    /// How many more values may come.
    parts: usize,
}

impl Decoder<'_> {
    fn value(&mut self, ty: ValueId, depth: usize) -> Result<Data, WireError> {
        self.parts = self.parts.checked_sub(1).ok_or(WireError::TooManyParts)?;
        if depth > MAX_WIRE_DEPTH {
            return Err(WireError::TooDeep);
        }
        let types = self.types;
        Ok(match types.value(ty) {
            Value::Basic(basic) => self.basic(*basic)?,
            Value::List(item) => {
                let length = self.u32()?;
                let mut items = Vec::new();
                for _ in 0..length {
                    items.push(self.value(*item, depth + 1)?);
                }
                Data::List(items)
            }
            Value::Option(inner) => Data::Option(if self.flag("an option flag")? {
                Some(Box::new(self.value(*inner, depth + 1)?))
            } else {
                None
            }),
            Value::Map(key_type, value_type) => {
                let length = self.u32()?;
                let mut entries: Vec<(Data, Data)> = Vec::new();
                for _ in 0..length {
                    let key = self.value(*key_type, depth + 1)?;
                    if entries
                        .last()
                        .is_some_and(|last| last.0.total_cmp(&key) != Ordering::Less)
                    {
                        return Err(WireError::KeyOrder);
                    }
                    entries.push((key, self.value(*value_type, depth + 1)?));
                }
                Data::Map(entries)
            }
            Value::Tuple(types) => {
                let items = types.iter().map(|ty| self.value(*ty, depth + 1));
                Data::Tuple(items.collect::<Result<_, _>>()?)
            }
            Value::Record { fields, .. } => {
                let mut data = BTreeMap::new();
                for (name, ty) in fields {
                    data.insert(name.clone(), self.value(*ty, depth + 1)?);
                }
                Data::Record(data)
            }
            Value::Variant(cases) => {
                let tag = self.u32()? as usize;
                let (name, ty) = cases
                    .iter()
                    .nth(tag)
                    .ok_or(WireError::Invalid("the tag of a case"))?;
                let payload = match ty {
                    None => None,
                    Some(ty) => Some(Box::new(self.value(*ty, depth + 1)?)),
                };
                Data::Variant(name.clone(), payload)
            }
            Value::Reference(_) | Value::External(_) => {
                let document = self.slice()?;
                std::str::from_utf8(document).map_err(|_| WireError::Invalid("UTF-8"))?;
                Data::Document(document.to_vec())
            }
            Value::Parameter(_) => return Err(WireError::Opaque),
        })
    }

    fn basic(&mut self, basic: Basic) -> Result<Data, WireError> {
        Ok(match basic {
            Basic::Bool => Data::Bool(self.flag("a bool")?),
            Basic::U8 => Data::U8(u8::from_le_bytes(self.array()?)),
            Basic::U16 => Data::U16(u16::from_le_bytes(self.array()?)),
            Basic::U32 => Data::U32(self.u32()?),
            Basic::U64 => Data::U64(u64::from_le_bytes(self.array()?)),
            Basic::S8 => Data::S8(i8::from_le_bytes(self.array()?)),
            Basic::S16 => Data::S16(i16::from_le_bytes(self.array()?)),
            Basic::S32 => Data::S32(i32::from_le_bytes(self.array()?)),
            Basic::S64 => Data::S64(i64::from_le_bytes(self.array()?)),
            Basic::F32 => {
                let value = f32::from_le_bytes(self.array()?);
                if value.is_nan() && value.to_bits() != NAN_32 {
                    return Err(WireError::Invalid("the one NaN"));
                }
                Data::F32(value)
            }
            Basic::F64 => {
                let value = f64::from_le_bytes(self.array()?);
                if value.is_nan() && value.to_bits() != NAN_64 {
                    return Err(WireError::Invalid("the one NaN"));
                }
                Data::F64(value)
            }
            Basic::Char => {
                let value = char::from_u32(self.u32()?);
                Data::Char(value.ok_or(WireError::Invalid("a character"))?)
            }
            Basic::String => {
                let text = std::str::from_utf8(self.slice()?);
                Data::String(text.map_err(|_| WireError::Invalid("UTF-8"))?.to_owned())
            }
            Basic::Bytes => Data::Bytes(self.slice()?.to_vec()),
            Basic::Uuid => Data::Uuid(self.array()?),
        })
    }

    fn take(&mut self, count: usize) -> Result<&[u8], WireError> {
        let (taken, rest) = self
            .bytes
            .split_at_checked(count)
            .ok_or(WireError::Truncated)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], WireError> {
        let (array, rest) = self.bytes.split_first_chunk().ok_or(WireError::Truncated)?;
        self.bytes = rest;
        Ok(*array)
    }

    fn u32(&mut self) -> Result<u32, WireError> {
        Ok(u32::from_le_bytes(self.array()?))
    }

    fn slice(&mut self) -> Result<&[u8], WireError> {
        let length = self.u32()? as usize;
        self.take(length)
    }

    fn flag(&mut self, what: &'static str) -> Result<bool, WireError> {
        match self.array()? {
            [0] => Ok(false),
            [1] => Ok(true),
            [_] => Err(WireError::Invalid(what)),
        }
    }
}

const NAN_32: u32 = 0x7FC0_0000;
const NAN_64: u64 = 0x7FF8_0000_0000_0000;

#[cfg(test)]
mod tests;
