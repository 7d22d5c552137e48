//! Types, supertypes, opaque views and values, chosen by bytes.

use std::collections::BTreeMap;

#[cfg(test)]
use liveobj_types::Data;
use liveobj_types::ValueId;
use liveobj_types::types::{Basic, Object, Origin, Parameter, Types, Value};

use crate::boundary::Viewed;

/// Choices made by bytes; when they are used up, every choice is the first one.
pub(super) struct Entropy<'a>(std::slice::Iter<'a, u8>);

impl<'a> Entropy<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Entropy<'a> {
        Entropy(bytes.iter())
    }

    fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.byte() as usize % bound
    }

    fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == one_in - 1
    }

    #[cfg(test)]
    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }
}

const NAMES: [&str; 5] = ["a", "b", "cc", "d", "e"];

pub(super) fn add(types: &mut Types, value: Value) -> ValueId {
    types.add_value(value, Origin::default())
}

/// Any type without parameters and without recursion.
pub(super) fn value_type(types: &mut Types, entropy: &mut Entropy<'_>, depth: usize) -> ValueId {
    let kinds = if depth == 0 { 1 } else { 10 };
    let count = entropy.below(4);
    let value = match entropy.below(kinds) {
        0 => Value::Basic(Basic::ALL[entropy.below(Basic::ALL.len())]),
        1 => Value::List(value_type(types, entropy, depth - 1)),
        2 => Value::Option(value_type(types, entropy, depth - 1)),
        3 => {
            let key = match entropy.below(4) {
                0 => Value::Basic(Basic::S16),
                1 => Value::Basic(Basic::String),
                2 => Value::Variant(
                    NAMES
                        .iter()
                        .map(|name| ((*name).to_owned(), None))
                        .collect(),
                ),
                _ => {
                    let parts = [Basic::U8, Basic::Char];
                    Value::Tuple(parts.map(|basic| add(types, Value::Basic(basic))).to_vec())
                }
            };
            let key = add(types, key);
            Value::Map(key, value_type(types, entropy, depth - 1))
        }
        4 => Value::Tuple(
            (0..count)
                .map(|_| value_type(types, entropy, depth - 1))
                .collect(),
        ),
        5..=7 => {
            let fields = NAMES.iter().skip(entropy.below(2)).take(count);
            let field = |name: &&str| ((*name).to_owned(), value_type(types, entropy, depth - 1));
            Value::Record {
                fields: fields.map(field).collect(),
                open: false,
            }
        }
        8 => {
            let cases = NAMES.iter().skip(entropy.below(2)).take(count + 1);
            let case = |name: &&str| {
                let payload = entropy.chance(2);
                let payload = payload.then(|| value_type(types, entropy, depth - 1));
                ((*name).to_owned(), payload)
            };
            Value::Variant(cases.map(case).collect())
        }
        _ => Value::Reference(types.add_object(Object::Top, Origin::default())),
    };
    add(types, value)
}

/// Some supertype.
pub(super) fn supertype(types: &mut Types, ty: ValueId, entropy: &mut Entropy<'_>) -> ValueId {
    let value = match types.value(ty).clone() {
        Value::Basic(basic) => {
            use Basic::{F32, F64, S8, S16, S32, S64, U8, U16, U32, U64};
            let wider: &[Basic] = match basic {
                U8 => &[U8, U16, U32, U64, S16, S32, S64, F32, F64],
                U16 => &[U16, U32, U64, S32, S64, F32, F64],
                U32 => &[U32, U64, S64, F64],
                S8 => &[S8, S16, S32, S64, F32, F64],
                S16 => &[S16, S32, S64, F32, F64],
                S32 => &[S32, S64, F64],
                F32 => &[F32, F64],
                _ => &[basic],
            };
            Value::Basic(wider[entropy.below(wider.len())])
        }
        Value::List(item) => Value::List(supertype(types, item, entropy)),
        Value::Option(inner) => Value::Option(supertype(types, inner, entropy)),
        Value::Map(key, item) => Value::Map(key, supertype(types, item, entropy)),
        Value::Tuple(items) => Value::Tuple(
            items
                .iter()
                .map(|item| supertype(types, *item, entropy))
                .collect(),
        ),
        Value::Record {
            fields,
            open: was_open,
        } => {
            let open = was_open || entropy.chance(3);
            let mut wider = BTreeMap::new();
            for (name, field) in fields {
                if !(open && entropy.chance(2)) {
                    wider.insert(name, supertype(types, field, entropy));
                }
            }
            for name in NAMES {
                if !wider.contains_key(name) && entropy.chance(3) {
                    // In an open record a dropped field may come back as what it was, only
                    // wrapped; any other option would not be a supertype.
                    if let Some(field) = dropped(types, ty, name) {
                        let inner = supertype(types, field, entropy);
                        let wrapped = add(types, Value::Option(inner));
                        let is_option = matches!(types.value(field), Value::Option(_));
                        wider.insert(name.to_owned(), if is_option { inner } else { wrapped });
                    } else if !was_open {
                        // What an open record may hold besides is not known to be absent.
                        let inner = value_type(types, entropy, 1);
                        wider.insert(name.to_owned(), add(types, Value::Option(inner)));
                    }
                }
            }
            Value::Record {
                fields: wider,
                open,
            }
        }
        Value::Variant(cases) => {
            let mut wider = BTreeMap::new();
            for (name, payload) in cases {
                let payload = payload.map(|ty| supertype(types, ty, entropy));
                wider.insert(name, payload);
            }
            for name in NAMES {
                if !wider.contains_key(name) && entropy.chance(3) {
                    wider.insert(name.to_owned(), Some(value_type(types, entropy, 1)));
                }
            }
            Value::Variant(wider)
        }
        same @ (Value::Reference(_) | Value::External(_) | Value::Parameter(_)) => same,
    };
    let wrap = !matches!(value, Value::Option(_)) && entropy.chance(6);
    let id = add(types, value);
    if wrap {
        add(types, Value::Option(id))
    } else {
        id
    }
}

fn dropped(types: &Types, record: ValueId, name: &str) -> Option<ValueId> {
    match types.value(record) {
        Value::Record { fields, .. } => fields.get(name).copied(),
        _ => None,
    }
}

/// The type as an object may declare it: parts of it are type parameters.
pub(super) fn veil(types: &mut Types, actual: ValueId, entropy: &mut Entropy<'_>) -> Viewed {
    let declared = if entropy.chance(6) {
        let name = NAMES[entropy.below(NAMES.len())].to_owned();
        add(types, Value::Parameter(Parameter { name, bound: None }))
    } else {
        let mut inner = |types: &mut Types, ty| veil(types, ty, entropy).declared;
        let value = match types.value(actual).clone() {
            Value::List(item) => Value::List(inner(types, item)),
            Value::Option(item) => Value::Option(inner(types, item)),
            Value::Map(key, item) => Value::Map(key, inner(types, item)),
            Value::Tuple(items) => {
                Value::Tuple(items.iter().map(|item| inner(types, *item)).collect())
            }
            Value::Record { fields, open } => {
                let fields = fields
                    .into_iter()
                    .map(|(name, ty)| (name, inner(types, ty)));
                Value::Record {
                    fields: fields.collect(),
                    open,
                }
            }
            Value::Variant(cases) => {
                let cases = cases.into_iter();
                let cases = cases.map(|(name, ty)| (name, ty.map(|ty| inner(types, ty))));
                Value::Variant(cases.collect())
            }
            same => same,
        };
        add(types, value)
    };
    Viewed { declared, actual }
}

/// A value of a type.
#[cfg(test)]
pub(super) fn value(types: &Types, ty: ValueId, entropy: &mut Entropy<'_>) -> Data {
    match types.value(ty) {
        Value::Basic(basic) => basic_value(*basic, entropy),
        Value::List(item) => Data::List(
            (0..entropy.below(4))
                .map(|_| value(types, *item, entropy))
                .collect(),
        ),
        Value::Option(inner) => Data::Option(
            entropy
                .chance(2)
                .then(|| Box::new(value(types, *inner, entropy))),
        ),
        Value::Map(key, item) => {
            let mut entries: Vec<(Data, Data)> = (0..entropy.below(4))
                .map(|_| (value(types, *key, entropy), value(types, *item, entropy)))
                .collect();
            entries.sort_by(|left, right| left.0.total_cmp(&right.0));
            entries.dedup_by(|left, right| left.0 == right.0);
            Data::Map(entries)
        }
        Value::Tuple(items) => Data::Tuple(
            items
                .iter()
                .map(|item| value(types, *item, entropy))
                .collect(),
        ),
        Value::Record { fields, .. } => Data::Record(
            fields
                .iter()
                .map(|(name, ty)| (name.clone(), value(types, *ty, entropy)))
                .collect(),
        ),
        Value::Variant(cases) => {
            let at = entropy.below(cases.len());
            let (name, payload) = cases.iter().nth(at).expect("below the number of cases");
            let payload = payload.map(|ty| Box::new(value(types, ty, entropy)));
            Data::Variant(name.clone(), payload)
        }
        Value::Reference(_) | Value::External(_) => Data::Document(b"<liveobject/>".to_vec()),
        Value::Parameter(_) => unreachable!("actual types have none"),
    }
}

#[cfg(test)]
fn basic_value(basic: Basic, entropy: &mut Entropy<'_>) -> Data {
    if entropy.chance(3) {
        let mut extremes = extremes(basic);
        return extremes.swap_remove(entropy.below(extremes.len()));
    }
    match basic {
        Basic::Bool => Data::Bool(entropy.chance(2)),
        Basic::U8 => Data::U8(entropy.byte()),
        Basic::U16 => Data::U16(u16::from_le_bytes(entropy.array())),
        Basic::U32 => Data::U32(u32::from_le_bytes(entropy.array())),
        Basic::U64 => Data::U64(u64::from_le_bytes(entropy.array())),
        Basic::S8 => Data::S8(i8::from_le_bytes(entropy.array())),
        Basic::S16 => Data::S16(i16::from_le_bytes(entropy.array())),
        Basic::S32 => Data::S32(i32::from_le_bytes(entropy.array())),
        Basic::S64 => Data::S64(i64::from_le_bytes(entropy.array())),
        Basic::F32 => Data::F32(f32::from_le_bytes(entropy.array())),
        Basic::F64 => Data::F64(f64::from_le_bytes(entropy.array())),
        Basic::Char => {
            let number = u32::from(u16::from_le_bytes(entropy.array()));
            Data::Char(char::from_u32(number).unwrap_or('x'))
        }
        Basic::String => {
            let bytes: Vec<u8> = (0..entropy.below(6)).map(|_| entropy.byte()).collect();
            Data::String(String::from_utf8_lossy(&bytes).into_owned())
        }
        Basic::Bytes => Data::Bytes((0..entropy.below(6)).map(|_| entropy.byte()).collect()),
        Basic::Uuid => Data::Uuid(entropy.array()),
    }
}

/// Values of a basic type at and around its bounds.
#[cfg(test)]
pub(super) fn extremes(basic: Basic) -> Vec<Data> {
    /// The bounds, and what lies at zero.
    macro_rules! integers {
        ($data:ident, $ty:ty) => {
            [<$ty>::MIN, <$ty>::MIN + 1, 0, 1, <$ty>::MAX - 1, <$ty>::MAX]
                .map(Data::$data)
                .to_vec()
        };
    }
    /// The bounds, the smallest numbers of both kinds, zeros, and what is no number.
    macro_rules! floats {
        ($data:ident, $ty:ident) => {
            [
                <$ty>::NEG_INFINITY,
                <$ty>::MIN,
                -<$ty>::MIN_POSITIVE,
                -$ty::from_bits(1),
                -0.0,
                0.0,
                $ty::from_bits(1),
                <$ty>::MIN_POSITIVE,
                <$ty>::EPSILON,
                <$ty>::MAX,
                <$ty>::INFINITY,
                <$ty>::NAN,
            ]
            .map(Data::$data)
            .to_vec()
        };
    }
    match basic {
        Basic::Bool => [false, true].map(Data::Bool).to_vec(),
        Basic::U8 => integers!(U8, u8),
        Basic::U16 => integers!(U16, u16),
        Basic::U32 => integers!(U32, u32),
        Basic::U64 => integers!(U64, u64),
        Basic::S8 => integers!(S8, i8),
        Basic::S16 => integers!(S16, i16),
        Basic::S32 => integers!(S32, i32),
        Basic::S64 => integers!(S64, i64),
        Basic::F32 => floats!(F32, f32),
        Basic::F64 => floats!(F64, f64),
        Basic::Char => ['\0', 'a', '\u{d7ff}', '\u{e000}', char::MAX]
            .map(Data::Char)
            .to_vec(),
        Basic::String => ["", "\0", "é\u{10ffff}", "a longer text"]
            .map(|text| Data::String(text.to_owned()))
            .to_vec(),
        Basic::Bytes => [&[][..], &[0], &[255; 40]]
            .map(|bytes| Data::Bytes(bytes.to_vec()))
            .to_vec(),
        Basic::Uuid => [[0; 16], [255; 16]].map(Data::Uuid).to_vec(),
    }
}
