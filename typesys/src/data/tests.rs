use proptest::prelude::*;

use super::*;
use crate::types::{Object, Origin};

/// Choices made by bytes; when they are used up, every choice is the first one.
struct Entropy<'a>(std::slice::Iter<'a, u8>);

impl Entropy<'_> {
    fn byte(&mut self) -> u8 {
        self.0.next().copied().unwrap_or(0)
    }

    fn below(&mut self, bound: usize) -> usize {
        self.byte() as usize % bound
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.byte())
    }
}

const NAMES: [&str; 4] = ["a", "b", "cc", "d"];

fn value_type(types: &mut Types, entropy: &mut Entropy<'_>, depth: usize) -> ValueId {
    let kinds = if depth == 0 { 1 } else { 9 };
    let count = entropy.below(4);
    let value = match entropy.below(kinds) {
        0 => Value::Basic(Basic::ALL[entropy.below(Basic::ALL.len())]),
        1 => Value::List(value_type(types, entropy, depth - 1)),
        2 => Value::Option(value_type(types, entropy, depth - 1)),
        3 => {
            let key = types.add_value(Value::Basic(Basic::S16), Origin::default());
            Value::Map(key, value_type(types, entropy, depth - 1))
        }
        4 => Value::Tuple(
            (0..count)
                .map(|_| value_type(types, entropy, depth - 1))
                .collect(),
        ),
        5 => {
            let fields = NAMES.iter().take(count);
            let field = |name: &&str| ((*name).to_owned(), value_type(types, entropy, depth - 1));
            Value::Record {
                fields: fields.map(field).collect(),
                open: false,
            }
        }
        6 | 7 => {
            let cases = NAMES.iter().take(count + 1);
            let case = |name: &&str| {
                let payload = entropy.below(2) == 1;
                let payload = payload.then(|| value_type(types, entropy, depth - 1));
                ((*name).to_owned(), payload)
            };
            Value::Variant(cases.map(case).collect())
        }
        _ => Value::Reference(types.add_object(Object::Top, Origin::default())),
    };
    types.add_value(value, Origin::default())
}

fn value(types: &Types, ty: ValueId, entropy: &mut Entropy<'_>) -> Data {
    match types.value(ty) {
        Value::Basic(basic) => basic_value(*basic, entropy),
        Value::List(item) => Data::List(
            (0..entropy.below(4))
                .map(|_| value(types, *item, entropy))
                .collect(),
        ),
        Value::Option(inner) => Data::Option(match entropy.below(2) {
            0 => None,
            _ => Some(Box::new(value(types, *inner, entropy))),
        }),
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
        Value::Parameter(_) => unreachable!("not generated"),
    }
}

fn basic_value(basic: Basic, entropy: &mut Entropy<'_>) -> Data {
    match basic {
        Basic::Bool => Data::Bool(entropy.below(2) == 1),
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

proptest! {
    #[test]
    fn what_is_encoded_decodes_to_the_same_and_encodes_alike(
        shape in prop::collection::vec(any::<u8>(), 0..60),
        content in prop::collection::vec(any::<u8>(), 0..120),
    ) {
        let mut types = Types::new();
        let ty = value_type(&mut types, &mut Entropy(shape.iter()), 4);
        let data = value(&types, ty, &mut Entropy(content.iter()));
        let wire = types.encode(ty, &data).expect("a value of its type");
        let back = types.decode(ty, &wire).expect("what was encoded");
        // Compared as text, since one NaN is not equal to itself.
        prop_assert_eq!(types.encode(ty, &back).expect("decoded"), wire);
        prop_assert_eq!(format!("{data:?}").replace("-NaN", "NaN"), format!("{back:?}"));
    }

    #[test]
    fn any_bytes_are_either_the_encoding_of_a_value_or_refused(
        shape in prop::collection::vec(any::<u8>(), 0..60),
        bytes in prop::collection::vec(prop_oneof![3 => 0..4_u8, 1 => any::<u8>()], 0..80),
    ) {
        let mut types = Types::new();
        let ty = value_type(&mut types, &mut Entropy(shape.iter()), 4);
        if let Ok(data) = types.decode(ty, &bytes) {
            prop_assert_eq!(types.encode(ty, &data), Some(bytes));
        }
    }
}

fn basic(types: &mut Types, basic: Basic) -> ValueId {
    types.add_value(Value::Basic(basic), Origin::default())
}

#[test]
fn a_record_is_its_fields_by_name_without_padding() {
    let mut types = Types::new();
    let (byte, long) = (basic(&mut types, Basic::U8), basic(&mut types, Basic::U32));
    let text = basic(&mut types, Basic::String);
    let option = types.add_value(Value::Option(long), Origin::default());
    let fields =
        [("b", long), ("a", byte), ("c", option), ("d", text)].map(|(n, t)| (n.to_owned(), t));
    let record = Value::Record {
        fields: fields.into(),
        open: false,
    };
    let record = types.add_value(record, Origin::default());
    let data = Data::Record(BTreeMap::from([
        ("a".to_owned(), Data::U8(7)),
        ("b".to_owned(), Data::U32(258)),
        ("c".to_owned(), Data::Option(None)),
        ("d".to_owned(), Data::String("hi".to_owned())),
    ]));
    let wire = [7, 2, 1, 0, 0, 0, 2, 0, 0, 0, b'h', b'i'];
    assert_eq!(types.encode(record, &data).as_deref(), Some(&wire[..]));
    assert_eq!(types.decode(record, &wire), Ok(data));
}

#[test]
fn each_fault_is_named() {
    let mut types = Types::new();
    let long = basic(&mut types, Basic::U32);
    assert_eq!(types.decode(long, &[0, 0, 0]), Err(WireError::Truncated));
    assert_eq!(types.decode(long, &[0; 5]), Err(WireError::TrailingBytes));
    let flag = basic(&mut types, Basic::Bool);
    assert_eq!(types.decode(flag, &[2]), Err(WireError::Invalid("a bool")));
    let text = basic(&mut types, Basic::String);
    assert_eq!(
        types.decode(text, &[1, 0, 0, 0, 0xFF]),
        Err(WireError::Invalid("UTF-8"))
    );
    assert_eq!(types.decode(text, &[0xFF; 4]), Err(WireError::Truncated));
    let letter = basic(&mut types, Basic::Char);
    assert_eq!(
        types.decode(letter, &[0, 0xD8, 0, 0]),
        Err(WireError::Invalid("a character"))
    );
    let float = basic(&mut types, Basic::F32);
    assert_eq!(
        types.decode(float, &[1, 0, 0xC0, 0x7F]),
        Err(WireError::Invalid("the one NaN"))
    );
    let option = types.add_value(Value::Option(flag), Origin::default());
    assert_eq!(
        types.decode(option, &[2]),
        Err(WireError::Invalid("an option flag"))
    );
    let cases = BTreeMap::from([("a".to_owned(), None)]);
    let variant = types.add_value(Value::Variant(cases), Origin::default());
    assert_eq!(
        types.decode(variant, &[1, 0, 0, 0]),
        Err(WireError::Invalid("the tag of a case"))
    );
    let byte = basic(&mut types, Basic::U8);
    let map = types.add_value(Value::Map(byte, byte), Origin::default());
    assert_eq!(
        types.decode(map, &[2, 0, 0, 0, 5, 0, 4, 0]),
        Err(WireError::KeyOrder)
    );
    assert_eq!(
        types.decode(map, &[2, 0, 0, 0, 5, 0, 5, 0]),
        Err(WireError::KeyOrder)
    );
    let parameter = crate::types::Parameter {
        name: "M".to_owned(),
        bound: None,
    };
    let parameter = types.add_value(Value::Parameter(parameter), Origin::default());
    assert_eq!(types.decode(parameter, &[]), Err(WireError::Opaque));
}

#[test]
fn nesting_ends_at_64_levels_on_both_sides() {
    let mut types = Types::new();
    // type A = list<A>
    let list = types.add_value(Value::List(ValueId(0)), Origin::default());
    let nested = |levels| (0..levels).fold(Data::List(vec![]), |inner, _| Data::List(vec![inner]));
    let wire = types.encode(list, &nested(64)).expect("64 levels inside");
    assert_eq!(types.decode(list, &wire), Ok(nested(64)));
    assert_eq!(types.encode(list, &nested(65)), None);
    let mut deeper = [1, 0, 0, 0].repeat(65);
    deeper.extend([0; 4]);
    assert_eq!(types.decode(list, &deeper), Err(WireError::TooDeep));
}

#[test]
fn few_bytes_cannot_announce_many_values() {
    let mut types = Types::new();
    let empty = Value::Record {
        fields: BTreeMap::new(),
        open: false,
    };
    let empty = types.add_value(empty, Origin::default());
    let list = types.add_value(Value::List(empty), Origin::default());
    assert_eq!(types.decode(list, &[0xFF; 4]), Err(WireError::TooManyParts));
    let some = Data::List(vec![Data::Record(BTreeMap::new()); 1000]);
    let wire = types.encode(list, &some).expect("within the limit");
    assert_eq!(types.decode(list, &wire), Ok(some));
    let many = Data::List(vec![Data::Record(BTreeMap::new()); 10_000]);
    assert_eq!(types.encode(list, &many), None);
}

#[test]
fn values_of_other_types_are_not_encoded() {
    let mut types = Types::new();
    let byte = basic(&mut types, Basic::U8);
    assert_eq!(types.encode(byte, &Data::U16(1)), None);
    let pair = types.add_value(Value::Tuple(vec![byte, byte]), Origin::default());
    assert_eq!(types.encode(pair, &Data::Tuple(vec![Data::U8(1)])), None);
    let map = types.add_value(Value::Map(byte, byte), Origin::default());
    let entry = |key| (Data::U8(key), Data::U8(0));
    assert_eq!(
        types.encode(map, &Data::Map(vec![entry(2), entry(1)])),
        None
    );
    assert!(
        types
            .encode(map, &Data::Map(vec![entry(1), entry(2)]))
            .is_some()
    );
}
