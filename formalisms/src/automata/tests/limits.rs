//! Hard and large formulas: they are decided in few steps, or the budget ends.

use super::*;

/// Atoms `0..bits` count modulo `2^bits`, from 0.
fn counter(formulas: &mut Formulas, bits: usize) -> Id {
    let mut all = Vec::new();
    let mut carry = formulas.constant(true);
    for bit in 0..bits {
        let bit = formulas.atom(bit);
        all.push(!bit);
        let next = formulas.next(bit);
        let sum = formulas.xor(bit, carry);
        let step = formulas.iff(next, sum);
        all.push(formulas.globally(step));
        carry = formulas.and(bit, carry);
    }
    formulas.all(&all)
}

/// All of the atoms `0..count` are true.
fn ones(formulas: &mut Formulas, count: usize) -> Id {
    let atoms: Vec<Id> = (0..count).map(|atom| formulas.atom(atom)).collect();
    formulas.all(&atoms)
}

/// `G F` of each atom.
fn fair(formulas: &mut Formulas, count: usize) -> Id {
    let fair: Vec<Id> = (0..count)
        .map(|atom| {
            let atom = formulas.atom(atom);
            let finally = formulas.finally(atom);
            formulas.globally(finally)
        })
        .collect();
    formulas.all(&fair)
}

/// `0 U (1 U (2 U …))`, or `((0 U 1) U 2) …`.
fn chain(formulas: &mut Formulas, count: usize, right: bool) -> Id {
    let atoms: Vec<Id> = (0..count).map(|atom| formulas.atom(atom)).collect();
    match right {
        true => {
            let first = atoms.iter().rev().copied();
            first.reduce(|until, atom| formulas.until(atom, until))
        }
        false => {
            let first = atoms.iter().copied();
            first.reduce(|until, atom| formulas.until(until, atom))
        }
    }
    .unwrap()
}

/// The model within a number of steps.
fn within<A: Alphabet>(
    steps: u64,
    formulas: &Formulas,
    alphabet: &A,
    all: &[Id],
) -> Option<Word<A::Letter>> {
    model(formulas, alphabet, all, steps).unwrap()
}

#[test]
fn a_counter_runs_through_all_its_values() {
    let mut formulas = Formulas::new();
    let counter = counter(&mut formulas, 5);
    let word = within(100_000, &formulas, &Independent, &[counter]).unwrap();
    assert_eq!((word.prefix.len(), word.cycle.len()), (0, 32));
    let last = ones(&mut formulas, 5);
    let never = formulas.globally(!last);
    assert_eq!(
        within(100_000, &formulas, &Independent, &[counter, never]),
        None
    );
}

#[test]
fn what_is_too_hard_ends_the_budget() {
    let mut formulas = Formulas::new();
    let counter = counter(&mut formulas, 40);
    let last = ones(&mut formulas, 40);
    let reached = formulas.finally(last);
    assert_eq!(
        model(&formulas, &Independent, &[counter, reached], 300_000),
        Err(Reason::Budget)
    );
    for steps in [0, 1, 10, 100, 1_000] {
        assert_eq!(
            model(&formulas, &Independent, &[counter, reached], steps),
            Err(Reason::Budget)
        );
    }
}

#[test]
fn fairness_of_many_atoms() {
    let mut formulas = Formulas::new();
    let fair = fair(&mut formulas, 10);
    let word = within(10_000, &formulas, &Independent, &[fair]).unwrap();
    assert_eq!((word.prefix.len(), word.cycle.len()), (0, 1));
    let word = within(10_000, &formulas, &exclusive(10), &[fair]).unwrap();
    assert_eq!((word.prefix.len(), word.cycle.len()), (0, 10));
    let nine = formulas.atom(9);
    let no_more = formulas.globally(!nine);
    let no_more = formulas.finally(no_more);
    assert_eq!(
        within(20_000, &formulas, &exclusive(10), &[fair, no_more]),
        None
    );
}

#[test]
fn chains_of_until() {
    for right in [true, false] {
        let mut formulas = Formulas::new();
        let chain = chain(&mut formulas, 10, right);
        let word = within(10_000, &formulas, &Independent, &[chain]).unwrap();
        assert!(word.prefix.len() <= 1, "{word:?}");
        // The last one comes sometime.
        let last = formulas.atom(9);
        let last = formulas.finally(last);
        for alphabet in [exclusive(10), exclusive(12)] {
            assert_eq!(within(200_000, &formulas, &alphabet, &[chain, !last]), None);
        }
    }
}

#[test]
fn the_past_is_counted_back() {
    // `Y Y … Y a` and not `X`-many positions after `a`.
    let mut formulas = Formulas::new();
    let mut before = formulas.atom(0);
    for _ in 0..40 {
        before = formulas.yesterday(before);
    }
    let reached = formulas.finally(before);
    let word = within(100_000, &formulas, &Independent, &[reached]).unwrap();
    let positions = word.prefix.len() + word.cycle.len();
    assert!(positions <= 41, "{word:?}");
    let never = formulas.atom(0);
    let never = formulas.globally(!never);
    assert_eq!(
        within(100_000, &formulas, &Independent, &[reached, never]),
        None
    );
}

/// Many pairs of requests and replies; what is asked concerns one of them.
#[test]
fn premises_that_do_not_matter_cost_little() {
    const PAIRS: usize = 30;
    let mut letters = Letters::new(1 + 2 * PAIRS);
    let mut formulas = Formulas::new();
    let mut premises = Vec::new();
    for pair in 0..PAIRS {
        let request = letters.atom([1 + 2 * pair]);
        let reply = letters.atom([2 + 2 * pair]);
        let request = formulas.atom(request);
        let reply = formulas.atom(reply);
        let answered = formulas.finally(reply);
        let answered = formulas.implies(request, answered);
        let asked = formulas.once(request);
        let asked = formulas.implies(reply, asked);
        let no_more = formulas.globally(!request);
        let no_more = formulas.next(no_more);
        let unique = formulas.implies(request, no_more);
        for premise in [answered, asked, unique] {
            premises.push(formulas.globally(premise));
        }
    }
    let (request, reply) = (formulas.atom(20), formulas.atom(21));
    let replied = formulas.finally(reply);
    let unasked = formulas.globally(!request);
    let mut all = premises.clone();
    all.extend([replied, unasked]);
    assert_eq!(within(20_000, &formulas, &letters, &all), None);
    let mut all = premises;
    all.push(replied);
    let word = within(20_000, &formulas, &letters, &all).unwrap();
    assert_eq!((word.prefix, word.cycle), (vec![21, 22], vec![0]));
}

/// Formulas as deep as a text of a megabyte can make them: no stack, and no more time than steps.
#[test]
fn depth_is_bounded_by_the_budget_alone() {
    type Wrap = fn(&mut Formulas, Id, Id) -> Id;
    let wraps: [Wrap; 8] = [
        |formulas, part, _| formulas.next(part),
        |formulas, part, _| formulas.yesterday(part),
        |formulas, part, other| formulas.until(other, part),
        |formulas, part, other| formulas.since(part, other),
        |formulas, part, other| {
            let next = formulas.next(part);
            formulas.and(next, other)
        },
        |formulas, part, other| {
            let or = formulas.or(part, other);
            formulas.finally(or)
        },
        |formulas, part, other| formulas.iff(part, other),
        |formulas, part, other| {
            let next = formulas.next(other);
            formulas.release(part, next)
        },
    ];
    for wrap in wraps {
        let mut formulas = Formulas::new();
        let mut deep = formulas.atom(0);
        for depth in 0..10_000 {
            let other = formulas.atom(1 + depth % 3);
            deep = wrap(&mut formulas, deep, other);
        }
        let also = wrap(&mut formulas, !deep, deep);
        for id in [deep, !deep, also] {
            let answer = model(&formulas, &Independent, &[id], 200_000);
            if let Ok(Some(word)) = answer {
                assert!(word.satisfies(&formulas, &Independent, id));
            }
        }
    }
}
