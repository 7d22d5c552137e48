//! Families of a thousand mutually recursive types: whatever is asked about them ends.

use liveobj_types::{Formalisms, Relations, TypeId, Types};

use crate::family::{ALL, Family, family, parse, two};

const SIZE: usize = 1_000;

#[test]
fn a_thousand_types_that_refer_to_each_other_are_judged() {
    for kind in ALL {
        let (text, _) = family(kind, SIZE, "u16");
        let faults = Types::new().check_module(&parse(&text), &Formalisms::none());
        assert_eq!(faults, [], "{kind:?}");
    }
}

#[test]
fn families_that_were_declared_twice_are_the_same_types() {
    for kind in ALL {
        let (mut types, [left, right]) = two(kind, SIZE, ["u16", "u16"]);
        assert_ne!(left, right);
        assert_eq!(types.identity(left), types.identity(right), "{kind:?}");
        let none = Formalisms::none();
        let mut relations = Relations::new(&mut types, &none);
        assert!(relations.is_subtype(left, right).holds(), "{kind:?}");
        assert!(relations.is_subtype(right, left).holds(), "{kind:?}");
    }
}

#[test]
fn what_differs_in_one_place_is_found_in_a_thousand_types() {
    for kind in ALL {
        let (mut types, [left, right]) = two(kind, SIZE, ["u16", "string"]);
        assert_ne!(types.identity(left), types.identity(right), "{kind:?}");
        let none = Formalisms::none();
        let mut relations = Relations::new(&mut types, &none);
        assert!(relations.is_subtype(left, right).fails(), "{kind:?}");
        let judgement = relations.subtype(left, right);
        assert!(judgement.verdict.fails() && !judgement.mismatches.is_empty());
    }
}

#[test]
fn all_pairs_of_a_hundred_types_that_refer_to_each_other_are_compared() {
    let (text, _) = family(Family::Records, 100, "u16");
    let module = parse(&text);
    let mut types = Types::new();
    let mut all = Vec::new();
    for i in 0..100 {
        all.push(crate::family::resolve(
            &mut types,
            &module,
            &format!("T{i}"),
        ));
    }
    let none = Formalisms::none();
    let mut relations = Relations::new(&mut types, &none);
    for (i, left) in all.iter().enumerate() {
        for (j, right) in all.iter().enumerate() {
            // Each has a field that no other one has.
            assert_eq!(relations.is_subtype(*left, *right).holds(), i == j);
        }
    }
}

#[test]
fn descriptions_stay_short() {
    for kind in ALL {
        let (types, heads) = two(kind, SIZE, ["u16", "u16"]);
        for head in heads {
            assert!(types.describe(head).chars().count() <= 201, "{kind:?}");
            assert!(types.declaration(head).len() < 10_000, "{kind:?}");
        }
    }
}

#[test]
fn a_hundred_thousand_types_have_an_identity() {
    use liveobj_types::types::{Basic, Origin, Value};
    let mut types = Types::new();
    let mut id = types.add_value(Value::Basic(Basic::U8), Origin::default());
    for i in 0..100_000 {
        let value = match i % 3 {
            0 => Value::List(id),
            1 => Value::Option(id),
            _ => Value::Tuple(vec![id, id]),
        };
        id = types.add_value(value, Origin::default());
    }
    // Nearly the same, from the other end.
    let identity = types.identity(TypeId::Value(id));
    assert_eq!(identity, types.clone().identity(TypeId::Value(id)));
    let around = types.add_value(Value::List(id), Origin::default());
    assert_ne!(identity, types.identity(TypeId::Value(around)));
}
