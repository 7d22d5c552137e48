//! Values that tell value types apart.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::data::Data;
use crate::describe::Shortened;
use crate::types::{Basic, EndpointId, ObjectId, TypeId, Types, Value, ValueId};

/// A value as far as it can be written down: what it refers to is given by its type.
#[derive(Clone, Debug, PartialEq)]
pub enum Example {
    /// A value of a basic type.
    Basic(Data),
    /// A list.
    List(Vec<Example>),
    /// An option.
    Option(Option<Box<Example>>),
    /// A map.
    Map(Vec<(Example, Example)>),
    /// A tuple.
    Tuple(Vec<Example>),
    /// A record; it may have more fields than its type names, if that is open.
    Record(BTreeMap<String, Example>),
    /// A case of a variant.
    Variant(String, Option<Box<Example>>),
    /// A reference to some object of this type.
    Reference(ObjectId),
    /// An external endpoint of this type.
    External(EndpointId),
    /// Any value of this type: a type parameter, or too large to be written down.
    Any(ValueId),
}

/// Parts of the largest value that is written down where any would do.
const MAX_SIZE: u32 = 16;

/// Types that are looked at for a small value.
const MAX_TYPES: usize = 4_096;

/// Characters of an example.
const MAX_LENGTH: usize = 120;

impl Example {
    /// The value as data, where it refers to nothing and is written down in full.
    pub fn to_data(&self) -> Option<Data> {
        Some(match self {
            Example::Basic(data) => data.clone(),
            Example::List(items) => Data::List(all(items)?),
            Example::Tuple(items) => Data::Tuple(all(items)?),
            Example::Option(None) => Data::Option(None),
            Example::Option(Some(inner)) => Data::Option(Some(Box::new(inner.to_data()?))),
            Example::Map(entries) => {
                let entry =
                    |(key, value): &(Example, Example)| Some((key.to_data()?, value.to_data()?));
                Data::Map(entries.iter().map(entry).collect::<Option<_>>()?)
            }
            Example::Record(fields) => {
                let field =
                    |(name, value): (&String, &Example)| Some((name.clone(), value.to_data()?));
                Data::Record(fields.iter().map(field).collect::<Option<_>>()?)
            }
            Example::Variant(name, None) => Data::Variant(name.clone(), None),
            Example::Variant(name, Some(payload)) => {
                Data::Variant(name.clone(), Some(Box::new(payload.to_data()?)))
            }
            Example::Reference(_) | Example::External(_) | Example::Any(_) => return None,
        })
    }

    /// The value on one line, shortened with `…` where it gets long.
    pub fn describe(&self, types: &Types) -> String {
        Shortened::written(MAX_LENGTH, |out| self.write(types, out))
    }

    /// The value as the parameters of an event, in parentheses: nothing where there are none.
    pub(super) fn describe_parameters(&self, types: &Types) -> String {
        match self {
            Example::Record(fields) if fields.is_empty() => String::new(),
            Example::Record(fields) => {
                let fields = Shortened::written(MAX_LENGTH, |out| write_fields(types, fields, out));
                format!("({fields})")
            }
            _ => String::new(),
        }
    }

    fn write(&self, types: &Types, out: &mut Shortened) -> fmt::Result {
        match self {
            Example::Basic(data) => write_basic(data, out),
            Example::List(items) => write_all("[", items, "]", types, out),
            Example::Tuple(items) => write_all("(", items, ")", types, out),
            Example::Option(None) => out.write_str("none"),
            Example::Option(Some(inner)) => {
                out.write_str("some(")?;
                inner.write(types, out)?;
                out.write_str(")")
            }
            Example::Map(entries) => {
                out.write_str("{")?;
                for (position, (key, value)) in entries.iter().enumerate() {
                    out.write_str(if position > 0 { ", " } else { "" })?;
                    key.write(types, out)?;
                    out.write_str(" => ")?;
                    value.write(types, out)?;
                }
                out.write_str("}")
            }
            Example::Record(fields) => {
                out.write_str("{")?;
                write_fields(types, fields, out)?;
                out.write_str("}")
            }
            Example::Variant(name, payload) => {
                out.write_str(name)?;
                if let Some(payload) = payload {
                    out.write_str("(")?;
                    payload.write(types, out)?;
                    out.write_str(")")?;
                }
                Ok(())
            }
            Example::Reference(object) => {
                let name = types.describe(TypeId::Object(*object));
                write!(out, "some reference<{name}>")
            }
            Example::External(endpoint) => {
                let name = types.describe(TypeId::Endpoint(*endpoint));
                write!(out, "some external<{name}>")
            }
            Example::Any(ty) => write!(out, "some {}", types.describe(TypeId::Value(*ty))),
        }
    }
}

fn all(items: &[Example]) -> Option<Vec<Data>> {
    items.iter().map(Example::to_data).collect()
}

fn write_all(
    open: &str,
    items: &[Example],
    close: &str,
    types: &Types,
    out: &mut Shortened,
) -> fmt::Result {
    out.write_str(open)?;
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.write_str(", ")?;
        }
        item.write(types, out)?;
    }
    out.write_str(close)
}

fn write_fields(
    types: &Types,
    fields: &BTreeMap<String, Example>,
    out: &mut Shortened,
) -> fmt::Result {
    for (position, (name, value)) in fields.iter().enumerate() {
        let comma = if position > 0 { ", " } else { "" };
        write!(out, "{comma}{name}: ")?;
        value.write(types, out)?;
    }
    Ok(())
}

fn write_basic(data: &Data, out: &mut Shortened) -> fmt::Result {
    match data {
        Data::Bool(value) => write!(out, "{value}"),
        Data::U8(value) => write!(out, "{value}"),
        Data::U16(value) => write!(out, "{value}"),
        Data::U32(value) => write!(out, "{value}"),
        Data::U64(value) => write!(out, "{value}"),
        Data::S8(value) => write!(out, "{value}"),
        Data::S16(value) => write!(out, "{value}"),
        Data::S32(value) => write!(out, "{value}"),
        Data::S64(value) => write!(out, "{value}"),
        Data::F32(value) => write!(out, "{value:?}"),
        Data::F64(value) => write!(out, "{value:?}"),
        Data::Char(value) => write!(out, "{value:?}"),
        Data::String(value) => write!(out, "{value:?}"),
        Data::Bytes(_) => out.write_str("no bytes"),
        Data::Uuid(_) => out.write_str("the nil UUID"),
        // Only basic values are made of data.
        _ => out.write_str("…"),
    }
}

/// The smallest value of a basic type.
fn zero(basic: Basic) -> Data {
    match basic {
        Basic::Bool => Data::Bool(false),
        Basic::U8 => Data::U8(0),
        Basic::U16 => Data::U16(0),
        Basic::U32 => Data::U32(0),
        Basic::U64 => Data::U64(0),
        Basic::S8 => Data::S8(0),
        Basic::S16 => Data::S16(0),
        Basic::S32 => Data::S32(0),
        Basic::S64 => Data::S64(0),
        Basic::F32 => Data::F32(0.0),
        Basic::F64 => Data::F64(0.0),
        Basic::Char => Data::Char('a'),
        Basic::String => Data::String(String::new()),
        Basic::Bytes => Data::Bytes(Vec::new()),
        Basic::Uuid => Data::Uuid([0; 16]),
    }
}

/// A value of one basic type that the other one, which is no supertype, does not hold.
pub(super) fn basic(from: Basic, to: Basic) -> Data {
    /// Whether negative numbers fit, and the bits of the positive ones that all do.
    fn bits(basic: Basic) -> Option<(bool, u32)> {
        Some(match basic {
            Basic::U8 => (false, 8),
            Basic::U16 => (false, 16),
            Basic::U32 => (false, 32),
            Basic::U64 => (false, 64),
            Basic::S8 => (true, 7),
            Basic::S16 => (true, 15),
            Basic::S32 => (true, 31),
            Basic::S64 => (true, 63),
            Basic::F32 => (true, 24),
            Basic::F64 => (true, 53),
            _ => return None,
        })
    }
    let float = |basic| matches!(basic, Basic::F32 | Basic::F64);
    let (Some(_), Some((signed, room))) = (bits(from), bits(to)) else {
        return zero(from);
    };
    match from {
        // Between two integers, or beyond the precision of the narrower one.
        Basic::F32 => Data::F32(0.5),
        Basic::F64 if float(to) => Data::F64(0.1),
        Basic::F64 => Data::F64(0.5),
        Basic::S8 if !signed => Data::S8(-1),
        Basic::S16 if !signed => Data::S16(-1),
        Basic::S32 if !signed => Data::S32(-1),
        Basic::S64 if !signed => Data::S64(-1),
        _ => {
            // The first number above those that fit: for integers 2ⁿ, for significands 2ⁿ + 1. It
            // is a number of `from`, which is the wider one.
            let first = (1_u64 << room) + u64::from(float(to));
            match from {
                Basic::U8 => Data::U8(first as u8),
                Basic::U16 => Data::U16(first as u16),
                Basic::U32 => Data::U32(first as u32),
                Basic::S16 => Data::S16(first as i16),
                Basic::S32 => Data::S32(first as i32),
                Basic::S64 => Data::S64(first as i64),
                _ => Data::U64(first),
            }
        }
    }
}

/// The smallest value of a type; any, where even that is large.
pub(super) fn smallest(types: &Types, ty: ValueId) -> Example {
    let sizes = Sizes::of(types, ty);
    sizes.example(types, ty)
}

/// How large the smallest values of some types are, as far as that is not too large.
struct Sizes(BTreeMap<ValueId, u32>);

impl Sizes {
    fn of(types: &Types, root: ValueId) -> Sizes {
        let mut order = vec![root];
        let mut sizes = Sizes(BTreeMap::from([(root, u32::MAX)]));
        let mut next = 0;
        while let Some(ty) = order.get(next).copied() {
            next += 1;
            for part in parts(types, ty) {
                if order.len() < MAX_TYPES && !sizes.0.contains_key(&part) {
                    sizes.0.insert(part, u32::MAX);
                    order.push(part);
                }
            }
        }
        // A value of so many parts is nested no deeper.
        for _ in 0..MAX_SIZE {
            for ty in order.iter().rev() {
                let size = sizes.measure(types, *ty);
                sizes.0.insert(*ty, size);
            }
        }
        sizes
    }

    fn get(&self, ty: ValueId) -> u32 {
        self.0.get(&ty).copied().unwrap_or(u32::MAX)
    }

    fn measure(&self, types: &Types, ty: ValueId) -> u32 {
        let sum = |parts: &mut dyn Iterator<Item = ValueId>| {
            parts.fold(1_u32, |sum, part| sum.saturating_add(self.get(part)))
        };
        match types.value(ty) {
            Value::Record { fields, .. } => sum(&mut fields.values().copied()),
            Value::Tuple(parts) => sum(&mut parts.iter().copied()),
            Value::Variant(_) => match self.case(types, ty) {
                Some((_, payload)) => sum(&mut payload.into_iter()),
                None => u32::MAX,
            },
            _ => 1,
        }
    }

    /// The case of a variant with the smallest payload.
    fn case<'t>(&self, types: &'t Types, ty: ValueId) -> Option<(&'t String, Option<ValueId>)> {
        let Value::Variant(cases) = types.value(ty) else {
            return None;
        };
        let cases = cases.iter().map(|(name, payload)| (name, *payload));
        cases.min_by_key(|(_, payload)| payload.map_or(0, |payload| self.get(payload)))
    }

    fn example(&self, types: &Types, ty: ValueId) -> Example {
        if self.get(ty) > MAX_SIZE {
            return Example::Any(ty);
        }
        let part = |part: &ValueId| self.example(types, *part);
        match types.value(ty) {
            Value::Basic(basic) => Example::Basic(zero(*basic)),
            Value::List(_) => Example::List(Vec::new()),
            Value::Option(_) => Example::Option(None),
            Value::Map(..) => Example::Map(Vec::new()),
            Value::Parameter(_) => Example::Any(ty),
            Value::Tuple(parts) => Example::Tuple(parts.iter().map(part).collect()),
            Value::Record { fields, .. } => {
                let fields = fields.iter().map(|(name, ty)| (name.clone(), part(ty)));
                Example::Record(fields.collect())
            }
            Value::Variant(_) => match self.case(types, ty) {
                Some((name, payload)) => {
                    let payload = payload.map(|payload| Box::new(part(&payload)));
                    Example::Variant(name.clone(), payload)
                }
                None => Example::Any(ty),
            },
            Value::Reference(object) => Example::Reference(*object),
            Value::External(endpoint) => Example::External(*endpoint),
        }
    }
}

/// The types of what every value of a type holds.
fn parts(types: &Types, ty: ValueId) -> Vec<ValueId> {
    match types.value(ty) {
        Value::Record { fields, .. } => fields.values().copied().collect(),
        Value::Tuple(parts) => parts.clone(),
        Value::Variant(cases) => cases.values().copied().flatten().collect(),
        _ => Vec::new(),
    }
}
