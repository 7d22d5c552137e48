use liveobj_types::layout::Layouts;
use liveobj_types::types::{Basic, Parameter, Types, Value};
use liveobj_types::{Data, Formalisms, Relations, ValueId};
use proptest::prelude::*;

use crate::boundary::generate::{Entropy, add, supertype, value, value_type, veil};
use crate::boundary::{Conversion, Payload, Scratch, Viewed, convert_data};

/// Equal up to the bits of NaNs.
fn same(types: &Types, ty: ValueId, left: &Data, right: &Data) -> bool {
    let left = types.encode(ty, left).expect("a value of its type");
    left == types.encode(ty, right).expect("a value of its type")
}

fn bytes(most: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..most)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn what_is_written_is_read_and_so_is_its_copy(
        shape in bytes(80), view in bytes(40), content in bytes(120),
    ) {
        let mut types = Types::new();
        let actual = value_type(&mut types, &mut Entropy::new(&shape), 4);
        let ty = veil(&mut types, actual, &mut Entropy::new(&view));
        let data = value(&types, actual, &mut Entropy::new(&content));
        let payload = Payload::new(&mut Layouts::new(&types), ty).expect("small");
        let memory = payload.write(&data).expect("a value of its type");
        // SAFETY: the memory was written for this type.
        let (back, copy) = unsafe {
            (payload.read(memory.as_ptr()), payload.copy(memory.as_ptr()))
        };
        prop_assert!(same(&types, actual, &data, &back.expect("valid")));
        // SAFETY: as above.
        let checked = unsafe { payload.check(memory.as_ptr(), content.len() % 2 == 0) };
        prop_assert_eq!(checked, Ok(()));
        drop(memory);
        // SAFETY: as above; the copy refers to nothing else.
        let back = unsafe { payload.read(copy.expect("valid").as_ptr()) };
        prop_assert!(same(&types, actual, &data, &back.expect("valid")));
    }

    #[test]
    fn conversions_of_memory_and_of_data_agree(
        shape in bytes(80), wider in bytes(60), view in bytes(40), content in bytes(120),
    ) {
        let mut types = Types::new();
        let actual = value_type(&mut types, &mut Entropy::new(&shape), 4);
        let above = supertype(&mut types, actual, &mut Entropy::new(&wider));
        let mut views = Entropy::new(&view);
        let source = veil(&mut types, actual, &mut views);
        let target = veil(&mut types, above, &mut views);
        let data = value(&types, actual, &mut Entropy::new(&content));
        let expected = convert_data(&types, actual, above, &data).expect("a supertype");
        let mut layouts = Layouts::new(&types);
        let conversion = Conversion::build(&mut layouts, source, target).expect("a supertype");
        let from = Payload::new(&mut layouts, source).expect("small");
        let to = Payload::new(&mut layouts, target).expect("small");
        let memory = from.write(&data).expect("a value of its type");
        let mut scratch = Scratch::new();
        for _ in 0..2 {
            // SAFETY: the memory was written for the source type; what the conversion gives is
            // used before the next one.
            let found = unsafe {
                let converted = conversion.apply(&mut scratch, memory.as_ptr()).expect("valid");
                to.read(converted).expect("valid")
            };
            prop_assert!(same(&types, above, &expected, &found), "{expected:?} {found:?}");
        }
        if let Some(moves) = conversion.moves() {
            let place = moves.place();
            for _ in 0..2 {
                // SAFETY: as above.
                let found = unsafe {
                    moves.run(memory.as_ptr().cast(), &place).expect("valid");
                    to.read(place.as_ptr().cast()).expect("valid")
                };
                prop_assert!(same(&types, above, &expected, &found), "{expected:?} {found:?}");
            }
        }
    }

    #[test]
    fn there_is_a_conversion_exactly_to_supertypes(
        shape in bytes(40), other in bytes(40), wider in bytes(40), direction in 0..3_u8,
    ) {
        let mut types = Types::new();
        let one = value_type(&mut types, &mut Entropy::new(&shape), 3);
        let two = match direction {
            0 => value_type(&mut types, &mut Entropy::new(&other), 3),
            _ => supertype(&mut types, one, &mut Entropy::new(&wider)),
        };
        let (source, target) = if direction == 1 { (two, one) } else { (one, two) };
        let formalisms = Formalisms::none();
        let judged = Relations::new(&mut types, &formalisms).value_subtype(source, target);
        let (source, target) = (Viewed::plain(source), Viewed::plain(target));
        let conversion = Conversion::build(&mut Layouts::new(&types), source, target);
        prop_assert_eq!(judged.verdict.holds(), conversion.is_some(), "{:?}", judged);
    }

    #[test]
    fn opaque_bytes_are_judged_as_the_type_system_judges_them(
        shape in bytes(60),
        wire in prop::collection::vec(prop_oneof![3 => 0..4_u8, 1 => any::<u8>()], 0..80),
    ) {
        let mut types = Types::new();
        let actual = value_type(&mut types, &mut Entropy::new(&shape), 4);
        let payload = parameter(&mut types, actual);
        // The bytes lie in memory as those of an opaque value.
        let carrier = add(&mut types, Value::Basic(Basic::Bytes));
        let mut layouts = Layouts::new(&types);
        let memory = Payload::new(&mut layouts, Viewed::plain(carrier)).expect("small");
        let memory = memory.write(&Data::Bytes(wire.clone())).expect("bytes");
        let opaque = liveobj_abi::Opaque {
            // SAFETY: a payload of bytes is a slice.
            wire: unsafe { memory.as_ptr().cast::<liveobj_abi::Slice>().read() },
            ty: std::ptr::null(),
        };
        let payload = Payload::new(&mut layouts, payload).expect("small");
        // SAFETY: this is an opaque value, whose slice is readable.
        let found = unsafe { payload.read((&raw const opaque).cast()) };
        match types.decode(actual, &wire) {
            Ok(data) => prop_assert!(same(&types, actual, &data, &found.expect("valid"))),
            Err(_) => prop_assert!(found.is_err()),
        }
    }
}

fn parameter(types: &mut Types, actual: ValueId) -> Viewed {
    let parameter = Parameter {
        name: "Message".to_owned(),
        bound: None,
    };
    Viewed {
        declared: add(types, Value::Parameter(parameter)),
        actual,
    }
}

fn record(types: &mut Types, fields: &[(&str, ValueId)]) -> ValueId {
    let fields = fields
        .iter()
        .map(|(name, ty)| ((*name).to_owned(), *ty))
        .collect();
    add(
        types,
        Value::Record {
            fields,
            open: false,
        },
    )
}

#[test]
fn equal_types_are_lent() {
    let mut types = Types::new();
    let text = add(&mut types, Value::Basic(Basic::String));
    let list = add(&mut types, Value::List(text));
    let left = record(&mut types, &[("a", list), ("b", text)]);
    let right = record(&mut types, &[("a", list), ("b", text)]);
    let mut layouts = Layouts::new(&types);
    let (left, right) = (Viewed::plain(left), Viewed::plain(right));
    let conversion = Conversion::build(&mut layouts, left, right);
    assert!(matches!(conversion, Some(Conversion::Lend)));
}

#[test]
fn parameters_of_one_argument_are_lent_and_others_are_not() {
    let mut types = Types::new();
    let byte = add(&mut types, Value::Basic(Basic::U8));
    let word = add(&mut types, Value::Basic(Basic::U16));
    let (left, right) = (parameter(&mut types, byte), parameter(&mut types, byte));
    let wider = parameter(&mut types, word);
    let mut layouts = Layouts::new(&types);
    let conversion = Conversion::build(&mut layouts, left, right);
    assert!(matches!(conversion, Some(Conversion::Lend)));
    let conversion = Conversion::build(&mut layouts, left, wider);
    assert!(matches!(conversion, Some(Conversion::Program(_))));
}

#[test]
fn what_is_no_supertype_has_no_conversion() {
    let mut types = Types::new();
    let byte = add(&mut types, Value::Basic(Basic::U8));
    let signed = add(&mut types, Value::Basic(Basic::S8));
    let option = add(&mut types, Value::Option(byte));
    let narrow = record(&mut types, &[("a", byte)]);
    let wide = record(&mut types, &[("a", byte), ("b", byte)]);
    let mut layouts = Layouts::new(&types);
    for (left, right) in [
        (byte, signed),
        (option, byte),
        (narrow, wide),
        (wide, narrow),
    ] {
        let (left, right) = (Viewed::plain(left), Viewed::plain(right));
        assert!(Conversion::build(&mut layouts, left, right).is_none());
    }
}

/// `record Node { next: option<Node>, value: … }`, the value's type being given.
fn linked(types: &mut Types, value: Basic) -> ValueId {
    let value = add(types, Value::Basic(value));
    // Ids count from the first one in every arena, so that a copy foretells them.
    let mut copy = types.clone();
    let [_, node] = [value, value].map(|id| add(&mut copy, Value::Option(id)));
    let next = add(types, Value::Option(node));
    let found = record(types, &[("next", next), ("value", value)]);
    assert_eq!(found, node);
    node
}

fn chain(length: u8, number: impl Fn(u8) -> Data) -> Data {
    (0..length).fold(Data::Option(None), |next, value| {
        let fields = [
            ("next".to_owned(), next),
            ("value".to_owned(), number(value)),
        ];
        Data::Option(Some(Box::new(Data::Record(fields.into()))))
    })
}

fn head(chain: Data) -> Data {
    match chain {
        Data::Option(Some(node)) => *node,
        other => other,
    }
}

#[test]
fn recursive_values_are_converted_through_their_boxes() {
    let mut types = Types::new();
    let (narrow, wide) = (
        linked(&mut types, Basic::U8),
        linked(&mut types, Basic::U32),
    );
    let mut layouts = Layouts::new(&types);
    let (from, to) = (Viewed::plain(narrow), Viewed::plain(wide));
    let conversion = Conversion::build(&mut layouts, from, to).expect("a supertype");
    let from = Payload::new(&mut layouts, from).expect("small");
    let to = Payload::new(&mut layouts, to).expect("small");
    let memory = from
        .write(&head(chain(20, Data::U8)))
        .expect("a value of its type");
    // SAFETY: the memory was written for the source type.
    let found = unsafe {
        let copy = from.copy(memory.as_ptr()).expect("valid");
        drop(memory);
        let mut scratch = Scratch::new();
        to.read(
            conversion
                .apply(&mut scratch, copy.as_ptr())
                .expect("valid"),
        )
    };
    assert_eq!(found, Ok(head(chain(20, |value| Data::U32(value.into())))));
}

/// Every widening, of numbers from everywhere, as moves and part by part.
#[test]
fn moves_and_the_machine_widen_alike() {
    let mut types = Types::new();
    let mut pairs = 0;
    for (from, to) in Basic::ALL
        .iter()
        .flat_map(|from| Basic::ALL.iter().map(move |to| (*from, *to)))
    {
        let [source, target] = [from, to].map(|basic| {
            let number = add(&mut types, Value::Basic(basic));
            let byte = add(&mut types, Value::Basic(Basic::U8));
            Viewed::plain(add(&mut types, Value::Tuple(vec![byte, number])))
        });
        let mut layouts = Layouts::new(&types);
        let Some(conversion) = Conversion::build(&mut layouts, source, target) else {
            continue;
        };
        let Some(moves) = conversion.moves() else {
            assert_eq!(from, to, "only what is lent has no moves");
            continue;
        };
        pairs += 1;
        let to = Payload::new(&mut layouts, target).expect("small");
        let (mut scratch, place) = (Scratch::new(), moves.place());
        for byte in 0..=255_u64 {
            for fill in [0, u64::MAX, 0x0123_4567_89ab_cdef, 0x7f80_0000_7f80_0000] {
                let words = [byte | (fill << 8), fill.rotate_left(byte as u32), fill];
                let payload = words.as_ptr();
                // SAFETY: any bits are numbers, and three words are more than either tuple takes.
                let (slow, quick) = unsafe {
                    let slow = conversion
                        .apply(&mut scratch, payload.cast())
                        .expect("valid");
                    let slow = to.read(slow).expect("valid");
                    moves.run(payload.cast(), &place).expect("valid");
                    (slow, to.read(place.as_ptr().cast()).expect("valid"))
                };
                // NaN differs from itself.
                assert_eq!(
                    slow.total_cmp(&quick),
                    std::cmp::Ordering::Equal,
                    "{slow:?}"
                );
            }
        }
    }
    assert_eq!(pairs, 29, "pairs that widen");
}
