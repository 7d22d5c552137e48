//! Large types, and what is kept of answers about them.

use super::*;

#[test]
fn types_that_nest_deep_need_no_stack() {
    let mut types = Types::new();
    let mut chain = |leaf| {
        let mut id = types.add_value(Value::Basic(leaf), Origin::default());
        for _ in 0..50_000 {
            id = types.add_value(Value::List(id), Origin::default());
        }
        id
    };
    let left = chain(crate::types::Basic::U8);
    let (right, wrong) = (
        chain(crate::types::Basic::U16),
        chain(crate::types::Basic::Bool),
    );
    let formalisms = Formalisms::none();
    let mut relations = Relations::new(&mut types, &formalisms);
    assert!(relations.value_subtype(left, right).verdict.holds());
    assert!(!relations.lossy(left, right));
    let answer = relations.value_subtype(left, wrong);
    assert!(answer.verdict.fails());
    assert_eq!(answer.mismatches[0].trail.len(), 50_000);
}

/// A family in which every record mentions three others.
fn family(types: &mut Types, size: u32, leaf: crate::types::Basic) -> ValueId {
    let first = types.values.len() as u32;
    for i in 0..size {
        let fields =
            [1, 7, 13].map(|step| (format!("f{step}"), ValueId(first + (i + step) % size)));
        let mut fields: std::collections::BTreeMap<String, ValueId> = fields.into();
        if i == size - 1 {
            fields.insert("leaf".to_owned(), ValueId(first + size));
        }
        types.add_value(Value::Record { fields, open: true }, Origin::default());
    }
    types.add_value(Value::Basic(leaf), Origin::default());
    ValueId(first)
}

#[test]
fn a_thousand_mutually_recursive_types_are_compared() {
    use crate::types::Basic;
    let mut types = Types::new();
    let left = family(&mut types, 1_000, Basic::U8);
    let right = family(&mut types, 1_000, Basic::U16);
    let wrong = family(&mut types, 1_000, Basic::Bool);
    let other = family(&mut types, 999, Basic::U8);
    let formalisms = Formalisms::none();
    let mut relations = Relations::new(&mut types, &formalisms);
    assert!(relations.value_subtype(left, right).verdict.holds());
    let answer = relations.value_subtype(left, wrong);
    assert!(answer.verdict.fails());
    assert!(!answer.mismatches.is_empty() && answer.mismatches.len() <= MAX_MISMATCHES);
    assert!(relations.value_subtype(left, other).verdict.fails());
}

/// Records that mention each other in a ring: `x` of the first one is `first`, of the others `rest`.
fn ring(types: &mut Types, length: u32, first: ValueId, rest: ValueId) -> ValueId {
    let start = types.values.len() as u32;
    for i in 0..length {
        let next = ValueId(start + (i + 1) % length);
        let x = if i == 0 { first } else { rest };
        let fields = [("n".to_owned(), next), ("x".to_owned(), x)].into();
        types.add_value(Value::Record { fields, open: true }, Origin::default());
    }
    ValueId(start)
}

fn basic_types(types: &mut Types) -> [ValueId; 3] {
    use crate::types::Basic::{U8, U16, U32};
    [U8, U16, U32].map(|basic| types.add_value(Value::Basic(basic), Origin::default()))
}

#[test]
fn equal_types_are_one_however_they_are_unrolled() {
    // Every record of one ring meets every record of the other: ten million pairs, of one type.
    let mut types = Types::new();
    let [u8, u16, _] = basic_types(&mut types);
    let left = ring(&mut types, 3_000, u8, u8);
    let right = ring(&mut types, 3_001, u8, u8);
    let wide = ring(&mut types, 3_001, u16, u16);
    let formalisms = Formalisms::none();
    let mut relations = Relations::new(&mut types, &formalisms);
    assert!(relations.value_subtype(left, right).verdict.holds());
    assert!(relations.value_subtype(left, wide).verdict.holds());
    assert!(relations.value_subtype(wide, left).verdict.fails());
}

/// Verdicts where 10,000 pairs may be reached, on three rings at once in each of which every record
/// meets every other: asked first, and asked after the same of each ring.
fn three_rings(lengths: [(u32, u32); 3]) -> [Judgement; 2] {
    let mut types = Types::new();
    let [u8, u16, u32] = basic_types(&mut types);
    let rings = lengths.map(|(left, right)| {
        let left = ring(&mut types, left, u8, u16);
        (left, ring(&mut types, right, u16, u32))
    });
    let left = Value::Tuple(rings.map(|(left, _)| left).to_vec());
    let left = types.add_value(left, Origin::default());
    let right = Value::Tuple(rings.map(|(_, right)| right).to_vec());
    let right = types.add_value(right, Origin::default());
    let formalisms = Formalisms::none();
    let mut fresh = types.clone();
    let mut relations = Relations::new(&mut fresh, &formalisms);
    relations.max_pairs = 10_000;
    let first = relations.value_subtype(left, right);
    let mut relations = Relations::new(&mut types, &formalisms);
    relations.max_pairs = 10_000;
    for (left, right) in rings {
        assert!(relations.value_subtype(left, right).verdict.holds());
    }
    [first, relations.value_subtype(left, right)]
}

#[test]
fn too_many_pairs_are_not_compared_whatever_was_asked_before() {
    let [first, later] = three_rings([(50, 51), (52, 53), (54, 55)]);
    assert!(first.verdict.holds() && later.verdict.holds());
    let [first, later] = three_rings([(50, 51), (60, 61), (70, 71)]);
    expect![[r#"
        unknown
        `left` and `right` are too large to be compared: the step budget ran out
    "#]]
    .assert_eq(&shown(&first));
    assert_eq!(first, later);
}

#[test]
fn a_budget_that_ran_out_says_nothing_of_another_budget() {
    let mut types = Types::new();
    let [u8, u16, u32] = basic_types(&mut types);
    let left = ring(&mut types, 20, u8, u16);
    let right = ring(&mut types, 21, u16, u32);
    let formalisms = Formalisms::none();
    let mut relations = Relations::new(&mut types, &formalisms);
    for (max_pairs, holds) in [(100, false), (1_000, true), (100, false)] {
        relations.max_pairs = max_pairs;
        assert_eq!(relations.value_subtype(left, right).verdict.holds(), holds);
    }
}
