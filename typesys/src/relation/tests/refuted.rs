//! What refutes where guarantees are told only in part, and what is in doubt.

use super::chains::{Row, implied, sets, word, world_of};
use super::translation::{ALL, Sets, parsed};
use super::*;
use crate::formalism::Fidelity::{Exact, Implied};
use crate::relation::constraints::Lossy;

/// Four sets of one model, and more.
const LANGUAGE: [u8; 9] = [
    0b0001, 0b0010, 0b0100, 0b0011, 0b0101, 0b0110, 0b0111, 0b1001, 0b1011,
];

/// What says nothing is told as that.
const EVERYTHING: Row = (ALL, ALL, Exact);

/// A formalism `name` whose one guarantee is told to `c` as `told`, and narrowly as `narrow`.
fn partly(name: &str, set: u8, told: u8, narrow: u8) -> Sets {
    Sets {
        narrow: [(set, narrow)].into(),
        ..sets(name, &[set], &[("c", &[(set, told, Implied)])])
    }
}

/// The answer of `c`, asked for the first model alone, where these are told to it.
fn asked(given: impl IntoIterator<Item = (Sets, u8)>) -> String {
    let (mut world, mut all) = (vec![sets("c", &LANGUAGE, &[])], Vec::new());
    for (sets, set) in given {
        all.push((sets.name.clone(), set));
        world.push(sets);
    }
    let given: Vec<(&str, u8)> = all.iter().map(|(name, set)| (&**name, *set)).collect();
    let answer = implied(&world_of(world), false, &given, ("c", 0b0001));
    match &answer.verdict {
        Verdict::Fails(Witness::Assignment(pairs)) => format!("model {}", pairs[0].1),
        _ => word(&answer).to_owned(),
    }
}

#[test]
fn what_satisfies_all_that_is_told_in_part_refutes() {
    // Of what is told, model 1 does not satisfy the guarantee.
    assert_eq!(
        asked([(partly("a", 0b0100, 0b0111, 0b0100), 0b0100)]),
        "model 2"
    );
    // Neither is all of it what is narrowly said.
    assert_eq!(
        asked([(partly("a", 0b0100, 0b0101, 0b0110), 0b0100)]),
        "model 2"
    );
    // A guarantee that is wholly told need not be said narrowly.
    let whole = sets(
        "b",
        &[0b0110],
        &[("c", &[(0b0110, 0b0110, Exact), EVERYTHING])],
    );
    let both = [
        (partly("a", 0b0100, 0b0111, 0b0100), 0b0100),
        (whole, 0b0110),
    ];
    assert_eq!(asked(both), "model 2");
}

#[test]
fn what_is_narrowly_said_refutes_nothing_that_its_formalism_does_not_confirm() {
    let wrong = || (partly("a", 0b0001, 0b0111, 0b0100), 0b0001);
    assert_eq!(asked([wrong()]), "unknown");
    // One of two is not enough.
    let right = || (partly("b", 0b0110, 0b0111, 0b0110), 0b0110);
    assert_eq!(asked([right()]), "model 1");
    assert_eq!(asked([wrong(), right()]), "unknown");
    let silent = sets("d", &[0b0110], &[("c", &[(0b0110, 0b0111, Implied)])]);
    assert_eq!(asked([right(), (silent, 0b0110)]), "unknown");
}

/// What `a` requires has definitions in `b` and `c`, to which the guarantee of `d` is told.
fn defined_twice(to_b: Row) -> &'static str {
    let both = [(0b0001, 0b0001, Exact)];
    let to_c = [(0b0011, 0b0011, Exact), EVERYTHING];
    let formalisms = world_of([
        sets("a", &[0b0001], &[("b", &both), ("c", &both)]),
        Sets {
            hard: [0b0001].into(),
            ..sets("b", &LANGUAGE, &[])
        },
        sets("c", &LANGUAGE, &[]),
        sets("d", &[0b0011], &[("b", &[to_b, EVERYTHING]), ("c", &to_c)]),
    ]);
    let answer = implied(&formalisms, false, &[("d", 0b0011)], ("a", 0b0001));
    word(&answer)
}

#[test]
fn a_doubt_of_who_has_all_is_no_refutation_by_others() {
    assert_eq!(defined_twice((0b0011, 0b0011, Exact)), "unknown");
    // Who has only a part may be in doubt for that.
    assert_eq!(defined_twice((0b0011, 0b0111, Implied)), "fails");
}

#[test]
fn what_may_be_a_contradiction_shows_nothing() {
    let answer = |doubtful| {
        let formalisms = world_of([Sets {
            doubtful,
            ..sets("a", &[0b0001, 0b0011], &[])
        }]);
        word(&implied(
            &formalisms,
            false,
            &[("a", 0b0001)],
            ("a", 0b0011),
        ))
    };
    assert_eq!(answer(false), "holds");
    assert_eq!(answer(true), "unknown");
}

/// How many words are remembered where this is given and that is asked for.
fn remembered(axioms: bool, given: u8, asked: u8) -> usize {
    let formalisms = world_of([Sets {
        axioms,
        ..sets("a", &[0b0001, 0b0011], &[])
    }]);
    let [given, asked] = [given, asked].map(|set| parsed(&formalisms, "a", set));
    let mut types = Types::new();
    let mut relations = Relations::new(&mut types, &formalisms);
    let lossy = Lossy::Endpoint(false);
    let answer = relations.answer(&[given], &Events::All, &asked, &lossy);
    assert!(answer.verdict.holds());
    relations.known.words().len()
}

#[test]
fn the_axiom_that_shows_something_is_remembered() {
    assert_eq!(remembered(true, 0b0001, 0b0011), 1);
    assert_eq!(remembered(false, 0b0001, 0b0011), 0);
    assert_eq!(remembered(true, 0b0011, 0b0011), 0);
}
