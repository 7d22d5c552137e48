use super::*;
use crate::types::{Origin, Parameter};

struct Arena(Types);

impl Arena {
    fn add(&mut self, value: Value) -> ValueId {
        self.0.add_value(value, Origin::default())
    }

    fn basic(&mut self, basic: Basic) -> ValueId {
        self.add(Value::Basic(basic))
    }

    fn record(&mut self, fields: &[(&str, ValueId)]) -> ValueId {
        let fields = fields
            .iter()
            .map(|(name, id)| ((*name).to_owned(), *id))
            .collect();
        self.add(Value::Record {
            fields,
            open: false,
        })
    }

    fn variant(&mut self, cases: &[(&str, Option<ValueId>)]) -> ValueId {
        self.add(Value::Variant(
            cases
                .iter()
                .map(|(name, id)| ((*name).to_owned(), *id))
                .collect(),
        ))
    }

    /// Size, alignment and `name@offset` for each field.
    fn check(&self, id: ValueId, size: u32, align: u32, inner: &[&str]) {
        let mut layouts = Layouts::new(&self.0);
        let layout = layouts.of(id);
        let box_of = |slot: &Slot| if slot.boxed { " boxed" } else { "" };
        let found: Vec<String> = match &layout.shape {
            Shape::Struct(fields) => fields
                .iter()
                .map(|field| format!("{}@{}{}", field.name, field.offset, box_of(&field.slot)))
                .collect(),
            Shape::Option { payload, slot } => vec![format!("@{payload}{}", box_of(slot))],
            Shape::Variant { payload, cases } => std::iter::once(format!("@{payload}"))
                .chain(
                    cases
                        .iter()
                        .map(|(name, slot)| format!("{name}{}", slot.as_ref().map_or("", box_of))),
                )
                .collect(),
            Shape::Map { entry, .. } => {
                let Shape::Struct(fields) = &entry.shape else {
                    panic!("{entry:?}")
                };
                std::iter::once(format!("{}/{}", entry.size, entry.align))
                    .chain(fields.iter().map(|f| format!("{}@{}", f.name, f.offset)))
                    .collect()
            }
            _ => Vec::new(),
        };
        assert_eq!((layout.size, layout.align), (size, align));
        assert_eq!(found, inner);
    }
}

#[test]
fn basic_types_have_their_c_sizes() {
    let mut arena = Arena(Types::new());
    let table = [
        (Basic::Bool, 1, 1),
        (Basic::U8, 1, 1),
        (Basic::U16, 2, 2),
        (Basic::U32, 4, 4),
        (Basic::U64, 8, 8),
        (Basic::S8, 1, 1),
        (Basic::S16, 2, 2),
        (Basic::S32, 4, 4),
        (Basic::S64, 8, 8),
        (Basic::F32, 4, 4),
        (Basic::F64, 8, 8),
        (Basic::Char, 4, 4),
        (Basic::String, 24, 8),
        (Basic::Bytes, 24, 8),
        (Basic::Uuid, 16, 1),
    ];
    assert_eq!(table.len(), Basic::ALL.len());
    for (basic, size, align) in table {
        let id = arena.basic(basic);
        arena.check(id, size, align, &[]);
    }
}

#[test]
fn record_fields_fall_by_alignment_then_name() {
    let mut arena = Arena(Types::new());
    let (byte, word) = (arena.basic(Basic::U8), arena.basic(Basic::U16));
    let (long, text) = (arena.basic(Basic::U64), arena.basic(Basic::String));
    let uuid = arena.basic(Basic::Uuid);
    let record = arena.record(&[
        ("a", byte),
        ("b", long),
        ("c", word),
        ("d", text),
        ("e", uuid),
        ("f", byte),
    ]);
    // b 0-8, d 8-32, c 32-34, a 34, e 35-51, f 51, padded from 52 to 56.
    arena.check(
        record,
        56,
        8,
        &["b@0", "d@8", "c@32", "a@34", "e@35", "f@51"],
    );
}

#[test]
fn tuples_keep_their_order() {
    let mut arena = Arena(Types::new());
    let (byte, long) = (arena.basic(Basic::U8), arena.basic(Basic::U64));
    let tuple = arena.add(Value::Tuple(vec![byte, long, byte]));
    arena.check(tuple, 24, 8, &["0@0", "1@8", "2@16"]);
}

#[test]
fn empty_records_have_no_size() {
    let mut arena = Arena(Types::new());
    let empty = arena.record(&[]);
    arena.check(empty, 0, 1, &[]);
    let byte = arena.basic(Basic::U8);
    let around = arena.record(&[("a", empty), ("b", byte)]);
    arena.check(around, 1, 1, &["a@0", "b@0"]);
}

#[test]
fn enums_are_a_tag_and_variants_a_tag_and_a_union() {
    let mut arena = Arena(Types::new());
    let bare = arena.variant(&[("red", None), ("green", None)]);
    arena.check(bare, 4, 4, &["@0", "green", "red"]);
    let (byte, long) = (arena.basic(Basic::U8), arena.basic(Basic::U64));
    let small = arena.variant(&[("a", Some(byte)), ("b", None)]);
    arena.check(small, 8, 4, &["@4", "a", "b"]);
    let triple = arena.add(Value::Tuple(vec![byte, byte, byte]));
    let wide = arena.variant(&[("a", Some(triple)), ("b", Some(long))]);
    arena.check(wide, 16, 8, &["@8", "a", "b"]);
    let empty = arena.record(&[]);
    let hollow = arena.variant(&[("a", Some(empty))]);
    arena.check(hollow, 4, 4, &["@4", "a"]);
}

#[test]
fn options_are_a_flag_and_a_value() {
    let mut arena = Arena(Types::new());
    for (basic, size, align, payload) in [
        (Basic::U8, 2, 1, "@1"),
        (Basic::U32, 8, 4, "@4"),
        (Basic::Uuid, 17, 1, "@1"),
        (Basic::String, 32, 8, "@8"),
    ] {
        let inner = arena.basic(basic);
        let option = arena.add(Value::Option(inner));
        arena.check(option, size, align, &[payload]);
    }
}

#[test]
fn lists_maps_documents_and_parameters_have_fixed_sizes() {
    let mut arena = Arena(Types::new());
    let (byte, long) = (arena.basic(Basic::U8), arena.basic(Basic::U64));
    let list = arena.add(Value::List(long));
    arena.check(list, 24, 8, &[]);
    // Key first, although the value has the larger alignment.
    let map = arena.add(Value::Map(byte, long));
    arena.check(map, 24, 8, &["16/8", "key@0", "value@8"]);
    let top = arena
        .0
        .add_object(crate::types::Object::Top, Origin::default());
    let reference = arena.add(Value::Reference(top));
    arena.check(reference, 24, 8, &[]);
    let parameter = Parameter {
        name: "Message".to_owned(),
        bound: None,
    };
    let parameter = arena.add(Value::Parameter(parameter));
    arena.check(parameter, 32, 8, &[]);
}

/// `record Node { next: option<Node>, value: u8 }`
fn linked(arena: &mut Arena) -> (ValueId, ValueId) {
    let byte = arena.basic(Basic::U8);
    let option = arena.add(Value::Option(ValueId(byte.0 + 2)));
    let node = arena.record(&[("next", option), ("value", byte)]);
    (node, option)
}

#[test]
fn members_on_a_cycle_are_boxed() {
    let mut arena = Arena(Types::new());
    let (node, option) = linked(&mut arena);
    arena.check(node, 32, 8, &["next@0 boxed", "value@24"]);
    arena.check(option, 32, 8, &["@8 boxed"]);
    // What merely contains the cycle holds it inline.
    let around = arena.record(&[("first", node), ("maybe", option)]);
    arena.check(around, 64, 8, &["first@0", "maybe@32"]);
}

#[test]
fn unrolled_types_are_laid_out_alike() {
    let mut arena = Arena(Types::new());
    let (node, _) = linked(&mut arena);
    let byte = arena.basic(Basic::U8);
    let option = arena.add(Value::Option(node));
    let unrolled = arena.record(&[("next", option), ("value", byte)]);
    arena.check(unrolled, 32, 8, &["next@0 boxed", "value@24"]);
    assert!(Layouts::new(&arena.0).same(node, unrolled));
}

#[test]
fn lists_and_maps_break_cycles() {
    let mut arena = Arena(Types::new());
    // record Tree { name: u8, children: list<Tree>, named: map<u8, Tree> }
    let byte = arena.basic(Basic::U8);
    let list = arena.add(Value::List(ValueId(3)));
    let map = arena.add(Value::Map(byte, ValueId(3)));
    let tree = arena.record(&[("children", list), ("name", byte), ("named", map)]);
    assert_eq!(tree, ValueId(3));
    arena.check(tree, 56, 8, &["children@0", "named@24", "name@48"]);
    arena.check(map, 24, 8, &["64/8", "key@0", "value@8"]);
}

#[test]
fn variants_on_a_cycle_box_only_what_is_on_it() {
    let mut arena = Arena(Types::new());
    // variant Expression { number(f64), sum(tuple<Expression, Expression>) }
    let number = arena.basic(Basic::F64);
    let pair = arena.add(Value::Tuple(vec![ValueId(2), ValueId(2)]));
    let expression = arena.variant(&[("number", Some(number)), ("sum", Some(pair))]);
    arena.check(expression, 32, 8, &["@8", "number", "sum boxed"]);
    arena.check(pair, 48, 8, &["0@0 boxed", "1@24 boxed"]);
}

#[test]
fn deep_nesting_neither_overflows_the_stack_nor_takes_long() {
    let mut arena = Arena(Types::new());
    let mut id = arena.basic(Basic::U8);
    for _ in 0..10_000 {
        id = arena.add(Value::Tuple(vec![id]));
    }
    arena.check(id, 1, 1, &["0@0"]);
}

#[test]
fn huge_types_do_not_fit() {
    let mut arena = Arena(Types::new());
    let mut id = arena.basic(Basic::U64);
    for depth in 0..60 {
        let fits = Layouts::new(&arena.0).of(id).fits();
        assert_eq!(fits, depth <= 21, "8 bytes doubled {depth} times");
        id = arena.add(Value::Tuple(vec![id, id]));
    }
    assert_eq!(Layouts::new(&arena.0).of(id).size, u32::MAX - 7);
}
