//! Satisfiability of linear temporal logic with past: families of formulas from the literature, and
//! implications as they occur between constraints.
//!
//! The baselines are the same formulas with a contradiction beside them, which is found at position
//! 0: what it costs to look at a formula of that size at all.

use divan::{Bencher, black_box};
use liveobj_formalisms::automata::{Alphabet, Formulas, Id, Independent, Letters, model};

fn main() {
    divan::main();
}

const STEPS: u64 = 50_000_000;

/// Few random formulas of 60 operators take more than that, and are given up.
const RANDOM: u64 = 1_000_000;

/// Nothing happens, or exactly one of `count` atoms.
fn exclusive(count: usize) -> Letters {
    let mut letters = Letters::new(count + 1);
    for letter in 1..=count {
        letters.atom([letter]);
    }
    letters
}

fn decide<A: Alphabet>(
    bencher: Bencher,
    alphabet: &A,
    satisfiable: bool,
    build: impl Fn(&mut Formulas) -> Vec<Id>,
) {
    let mut formulas = Formulas::new();
    let all = build(&mut formulas);
    bencher.bench_local(|| {
        let word = model(black_box(&formulas), alphabet, black_box(&all), STEPS);
        assert_eq!(word.expect("the steps suffice").is_some(), satisfiable);
    });
}

fn atoms(formulas: &mut Formulas, count: usize) -> Vec<Id> {
    (0..count).map(|atom| formulas.atom(atom)).collect()
}

/// Always eventually.
fn recurs(formulas: &mut Formulas, part: Id) -> Id {
    let finally = formulas.finally(part);
    formulas.globally(finally)
}

/// Each `left` is followed by `right`.
fn leads(formulas: &mut Formulas, left: Id, right: Id) -> Id {
    let finally = formulas.finally(right);
    let implies = formulas.implies(left, finally);
    formulas.globally(implies)
}

/// Bits that count up from 0.
fn counter(formulas: &mut Formulas, bits: usize) -> Vec<Id> {
    let mut all = Vec::new();
    let mut carry = formulas.constant(true);
    for bit in atoms(formulas, bits) {
        all.push(!bit);
        let next = formulas.next(bit);
        let sum = formulas.xor(bit, carry);
        let step = formulas.iff(next, sum);
        all.push(formulas.globally(step));
        carry = formulas.and(bit, carry);
    }
    all
}

const BITS: [usize; 4] = [2, 4, 6, 8];

#[divan::bench(args = BITS)]
fn counter_model(bencher: Bencher, bits: usize) {
    decide(bencher, &Independent, true, |formulas| {
        counter(formulas, bits)
    });
}

/// It gets to its last value.
#[divan::bench(args = BITS)]
fn counter_implication(bencher: Bencher, bits: usize) {
    decide(bencher, &Independent, false, |formulas| {
        let mut all = counter(formulas, bits);
        let ones = atoms(formulas, bits);
        let ones = formulas.all(&ones);
        all.push(formulas.globally(!ones));
        all
    });
}

#[divan::bench(args = BITS)]
fn counter_baseline(bencher: Bencher, bits: usize) {
    decide(bencher, &Independent, false, |formulas| {
        let mut all = counter(formulas, bits);
        all.push(formulas.atom(0));
        all
    });
}

/// `G F p0 ∧ … → G F pn`, which does not follow.
#[divan::bench(args = [5, 10, 20])]
fn fairness_model(bencher: Bencher, count: usize) {
    decide(bencher, &exclusive(count + 1), true, |formulas| {
        let atoms = atoms(formulas, count + 1);
        let mut all: Vec<Id> = atoms.iter().map(|atom| recurs(formulas, *atom)).collect();
        let last = all.pop().expect("there is an atom");
        all.push(!last);
        all
    });
}

/// `G F p0 ∧ … ∧ G F pn → G F (p0 ∧ F (p1 ∧ …))`.
#[divan::bench(args = [2, 5, 10])]
fn fairness_implication(bencher: Bencher, count: usize) {
    decide(bencher, &exclusive(count), false, |formulas| {
        let atoms = atoms(formulas, count);
        let mut all: Vec<Id> = atoms.iter().map(|atom| recurs(formulas, *atom)).collect();
        let mut chain = formulas.constant(true);
        for atom in atoms.iter().rev() {
            let and = formulas.and(*atom, chain);
            chain = formulas.finally(and);
        }
        all.push(!formulas.globally(chain));
        all
    });
}

/// `G F p0`, and each `pi` leads to the next one, so that `G F pn`.
#[divan::bench(args = [2, 5, 10])]
fn responses_implication(bencher: Bencher, count: usize) {
    decide(bencher, &exclusive(count), false, |formulas| {
        let atoms = atoms(formulas, count);
        let mut all: Vec<Id> = atoms
            .windows(2)
            .map(|pair| leads(formulas, pair[0], pair[1]))
            .collect();
        all.push(recurs(formulas, atoms[0]));
        all.push(!recurs(formulas, atoms[count - 1]));
        all
    });
}

fn until_chain(formulas: &mut Formulas, count: usize, right: bool) -> Id {
    let atoms = atoms(formulas, count);
    let chain = match right {
        true => {
            let atoms = atoms.into_iter().rev();
            atoms.reduce(|until, atom| formulas.until(atom, until))
        }
        false => {
            let atoms = atoms.into_iter();
            atoms.reduce(|until, atom| formulas.until(until, atom))
        }
    };
    chain.expect("there is an atom")
}

/// `p0 U (p1 U …)` implies `F pn`.
#[divan::bench(args = [5, 10, 20])]
fn until_right_implication(bencher: Bencher, count: usize) {
    decide(bencher, &Independent, false, |formulas| {
        let chain = until_chain(formulas, count, true);
        let last = formulas.atom(count - 1);
        vec![chain, formulas.globally(!last)]
    });
}

/// `((p0 U p1) U …)` implies `F pn`.
#[divan::bench(args = [5, 10, 20])]
fn until_left_implication(bencher: Bencher, count: usize) {
    decide(bencher, &Independent, false, |formulas| {
        let chain = until_chain(formulas, count, false);
        let last = formulas.atom(count - 1);
        vec![chain, formulas.globally(!last)]
    });
}

/// `((p0 U p1) U …)` is not false.
#[divan::bench(args = [5, 10, 20])]
fn until_left_refuted(bencher: Bencher, count: usize) {
    decide(bencher, &Independent, true, |formulas| {
        vec![!until_chain(formulas, count, false)]
    });
}

/// Which of the usual patterns of constraints imply which: response, precedence, absence,
/// existence, bounded by events, and with past.
fn patterns(formulas: &mut Formulas) -> Vec<(Vec<Id>, bool)> {
    let [p, q, r, s] = [0, 1, 2, 3].map(|atom| formulas.atom(atom));
    let q_after_p = leads(formulas, p, q);
    let r_after_q = leads(formulas, q, r);
    let r_after_p = leads(formulas, p, r);
    let precedes = formulas.weak_until(!q, p);
    let once = formulas.once(p);
    let past = formulas.implies(q, once);
    let past = formulas.globally(past);
    let absent = formulas.globally(!q);
    let since = formulas.since(!r, p);
    let open = formulas.implies(q, since);
    let open = formulas.globally(open);
    let never_after = formulas.globally(!q);
    let never_after = formulas.implies(r, never_after);
    let never_after = formulas.globally(never_after);
    let twice = formulas.globally(!s);
    let twice = formulas.next(twice);
    let twice = formulas.implies(s, twice);
    let twice = formulas.globally(twice);
    let infinitely = recurs(formulas, s);
    let scoped = formulas.until(!p, r);
    let scoped = formulas.implies(q, scoped);
    let scoped = formulas.globally(scoped);
    vec![
        (vec![q_after_p, r_after_q, !r_after_p], false),
        (vec![q_after_p, !r_after_p], true),
        (vec![precedes, !past], false),
        (vec![past, !precedes], false),
        (vec![absent, !precedes], false),
        (vec![precedes, !absent], true),
        (vec![open, !past], false),
        (vec![past, !open], true),
        (vec![twice, infinitely], false),
        (vec![never_after, open, !past], false),
        (vec![scoped, open, past, !never_after], true),
        (vec![q_after_p, never_after, twice, !scoped], true),
    ]
}

fn decide_patterns<A: Alphabet>(bencher: Bencher, alphabet: &A, contradiction: bool) {
    let mut formulas = Formulas::new();
    let patterns = patterns(&mut formulas);
    let atom = formulas.atom(0);
    bencher.bench_local(|| {
        for (all, satisfiable) in &patterns {
            let mut all = all.clone();
            if contradiction {
                all.extend([atom, !atom]);
            }
            let word = model(black_box(&formulas), alphabet, &all, STEPS);
            let found = word.expect("the steps suffice").is_some();
            assert_eq!(found, *satisfiable && !contradiction);
        }
    });
}

/// Twelve implications.
#[divan::bench]
fn patterns_exclusive(bencher: Bencher) {
    decide_patterns(bencher, &exclusive(4), false);
}

/// The same ones.
#[divan::bench]
fn patterns_independent(bencher: Bencher) {
    decide_patterns(bencher, &Independent, false);
}

/// The same ones.
#[divan::bench]
fn patterns_baseline(bencher: Bencher) {
    decide_patterns(bencher, &exclusive(4), true);
}

/// Pairs of a request and a reply, each with three premises; what is asked concerns the first pair.
fn pairs(formulas: &mut Formulas, letters: &mut Letters, count: usize) -> Vec<Id> {
    let mut premises = Vec::new();
    for pair in 0..count {
        let request = letters.atom([1 + 2 * pair]);
        let reply = letters.atom([2 + 2 * pair]);
        let request = formulas.atom(request);
        let reply = formulas.atom(reply);
        premises.push(leads(formulas, request, reply));
        let asked = formulas.once(request);
        let asked = formulas.implies(reply, asked);
        premises.push(formulas.globally(asked));
        let no_more = formulas.globally(!request);
        let no_more = formulas.next(no_more);
        let unique = formulas.implies(request, no_more);
        premises.push(formulas.globally(unique));
    }
    premises
}

/// No reply comes before its request, and none comes without one.
#[divan::bench(args = [1, 4, 16, 64])]
fn many_premises_implication(bencher: Bencher, count: usize) {
    let mut letters = Letters::new(1 + 2 * count);
    let mut formulas = Formulas::new();
    let mut all = pairs(&mut formulas, &mut letters, count);
    let (request, reply) = (formulas.atom(0), formulas.atom(1));
    all.push(formulas.finally(reply));
    all.push(formulas.globally(!request));
    bencher.bench_local(|| {
        let word = model(black_box(&formulas), &letters, black_box(&all), STEPS);
        assert_eq!(word, Ok(None));
    });
}

/// Formulas of three atoms and `size` operators, always the same ones.
fn random(formulas: &mut Formulas, size: usize, state: &mut u64) -> Id {
    let mut number = |below: u64| {
        // A linear congruential generator; its low bits are poor.
        *state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % below
    };
    if size == 0 {
        let atom = formulas.atom(number(3) as usize);
        return if number(2) == 0 { atom } else { !atom };
    }
    let operator = number(14);
    if operator < 7 {
        let part = random(formulas, size - 1, state);
        return match operator {
            0 => !part,
            1 => formulas.next(part),
            2 => formulas.finally(part),
            3 => formulas.globally(part),
            4 => formulas.yesterday(part),
            5 => formulas.once(part),
            _ => formulas.historically(part),
        };
    }
    let left = number(size as u64) as usize;
    let right = random(formulas, size - 1 - left, state);
    let left = random(formulas, left, state);
    match operator {
        7 => formulas.and(left, right),
        8 => formulas.or(left, right),
        9 => formulas.iff(left, right),
        10 => formulas.until(left, right),
        11 => formulas.release(left, right),
        12 => formulas.since(left, right),
        _ => formulas.weak_until(left, right),
    }
}

fn decide_random(bencher: Bencher, size: usize, contradiction: bool) {
    let mut formulas = Formulas::new();
    let mut state = 1;
    let all: Vec<Id> = (0..100)
        .map(|_| random(&mut formulas, size, &mut state))
        .collect();
    let atom = formulas.atom(0);
    bencher.bench_local(|| {
        for id in &all {
            let all = match contradiction {
                true => vec![*id, atom, !atom],
                false => vec![*id],
            };
            let _ = black_box(model(black_box(&formulas), &Independent, &all, RANDOM));
        }
    });
}

const SIZES: [usize; 3] = [10, 30, 60];

/// A hundred formulas.
#[divan::bench(args = SIZES)]
fn random_hundred(bencher: Bencher, size: usize) {
    decide_random(bencher, size, false);
}

/// The same ones.
#[divan::bench(args = SIZES)]
fn random_hundred_baseline(bencher: Bencher, size: usize) {
    decide_random(bencher, size, true);
}

/// Pairs of the same formulas, one of which may imply the other.
#[divan::bench(args = [10, 20, 30])]
fn random_implications(bencher: Bencher, size: usize) {
    let mut formulas = Formulas::new();
    let mut state = 2;
    let all: Vec<[Id; 2]> = (0..100)
        .map(|_| {
            let left = random(&mut formulas, size, &mut state);
            [left, !random(&mut formulas, size, &mut state)]
        })
        .collect();
    bencher.bench_local(|| {
        for all in &all {
            let _ = black_box(model(black_box(&formulas), &exclusive(3), all, RANDOM));
        }
    });
}
