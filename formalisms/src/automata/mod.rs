//! Satisfiability of linear temporal logic with past: is there an infinite word at which some
//! formulas are all true?
//!
//! The answer is a word that is ultimately periodic, or that there is none. What can happen at one
//! position is an [`Alphabet`], so that formulas need not say it.
//!
//! ```
//! use liveobj_formalisms::automata::{Formulas, Letters, model};
//!
//! // At each position nothing happens, or a request, or a reply.
//! let mut letters = Letters::new(3);
//! let (request, reply) = (letters.atom([1]), letters.atom([2]));
//! let mut formulas = Formulas::new();
//! let (request, reply) = (formulas.atom(request), formulas.atom(reply));
//! // Each request is answered; yet there are infinitely many requests, and no reply in the end.
//! let answered = formulas.finally(reply);
//! let answered = formulas.implies(request, answered);
//! let answered = formulas.globally(answered);
//! let requests = formulas.finally(request);
//! let requests = formulas.globally(requests);
//! let silent = formulas.globally(!reply);
//! let silent = formulas.finally(silent);
//! assert_eq!(model(&formulas, &letters, &[answered, requests, silent], 10_000), Ok(None));
//!
//! let word = model(&formulas, &letters, &[answered, requests], 10_000).unwrap().unwrap();
//! assert_eq!((word.prefix, word.cycle), (vec![], vec![1, 2]));
//! ```
//!
//! # The procedure
//!
//! It builds a generalized Büchi automaton while it searches it, with acceptance on transitions
//! (Couvreur, FM 1999; Gastin and Oddoux, CAV 2001 and, for past, MFCS 2003). A *state* is a set of
//! **obligations**, formulas that are to be true from the present position on, and a set of **facts**,
//! formulas that were asserted at the position before. Reading a letter, all obligations are
//! *asserted*. An asserted formula is met by other ones that are asserted at the same position, by
//! obligations for the next one, and by the letter, along the laws
//!
//! ```text
//! φ U ψ = ψ ∨ (φ ∧ X (φ U ψ))      φ S ψ = ψ ∨ (φ ∧ Y (φ S ψ))
//! φ R ψ = ψ ∧ (φ ∨ X (φ R ψ))      φ T ψ = ψ ∧ (φ ∨ Z (φ T ψ))      Z = weak yesterday
//! ```
//!
//! where `Y φ` is met if `φ` is a fact, and `Z φ` also at position 0. A transition **postpones**
//! `φ U ψ` if it meets it by the second case. An infinite run is accepted if for each `φ U ψ`
//! infinitely many of its transitions do not postpone it.
//!
//! **Facts.** Only formulas that the obligations of the next position may ask for become facts, and
//! they are asserted for that purpose. Where obligations may ask for a formula and for its
//! negation, one of the two is asserted, else it is asserted or *declined*: a fact that is missing
//! can only make `Y φ` fail.
//!
//! **Each accepted word is a model.** Claim: a formula asserted at position `i` is true at `i`. By
//! induction on the formula; the cases without a temporal operator are plain. `X φ`: `φ` is an
//! obligation at `i + 1` and is asserted there. `φ R ψ`: as long as no `φ` has been asserted it is
//! asserted at each position, and `ψ` with it. `φ U ψ`: likewise, and since some later transition
//! does not postpone it, `ψ` is asserted at some position, and `φ` at all before. `Y φ`, `Z φ`: `φ`
//! was asserted at `i - 1`, or `i = 0`. `φ S ψ`, `φ T ψ`: as `Y`, by induction on `i`.
//!
//! **Each model is accepted.** In a model, assert only what is true: take `ψ` of `φ U ψ` if it is
//! true, any other case that is true, and of the formulas asked for those that are true. Then what
//! is postponed becomes true later, and is not postponed there.
//!
//! **Fewer transitions.** Of two transitions of one state, one is needless if the other one has no
//! obligation, and postpones nothing, that it has not too, and has all of its facts that the other's
//! obligations may ask for. For then each way to go on from its target is a way to go on from the
//! other's, with a subset of the obligations, and so on: direct simulation. The letters of the two
//! transitions do not matter, as only the existence of a word is asked. By the same argument a state
//! is not entered if it has all obligations of one from which nothing is accepted, and no fact that
//! one lacks and may ask for. An obligation is left out where another one brings it along at the same
//! position (`ψ` with `φ R ψ`), which changes nothing of what is asserted.
//!
//! **Search.** Depth first, with the strongly connected components of what has been seen, and for
//! each of them what all its transitions postpone (Couvreur's algorithm). As soon as that is
//! nothing, a cycle through the component is accepted. The word is then made shorter, and letters
//! plainer, as long as it stays a model for an evaluator that knows nothing of the automaton.
//!
//! **One formula after another.** Most premises do not matter for an answer, yet the automaton of many
//! formulas is as large as the product of those of each. Hence a model of a few of them is sought,
//! at first of none; as long as there is another formula that the model violates, that is added.
//! If the few have no model all have none; and the last model is one of all. Some formulas are simpler
//! together: all at once and one after another are tried in turns, each time for longer.

mod alphabet;
mod closure;
mod conjunction;
mod entails;
mod expansion;
mod formulas;
mod prefixes;
mod search;
mod set;
#[cfg(test)]
mod tests;
mod word;

use std::collections::HashSet;

use liveobj_types::verdict::Reason;

pub use alphabet::{Alphabet, Cube, Independent, Letters};
pub use formulas::{Formulas, Id};
pub(crate) use prefixes::Prefixes;
pub use set::Set;
pub use word::Word;

use crate::Budget;
use closure::Closure;
use formulas::View;
use search::Search;
use word::Evaluator;

/// How many steps the formulas are first tried all at once.
const FIRST: u64 = 500;

/// A word at whose position 0 all of the formulas `all` are true; none if there is none.
///
/// The same question has always the same answer. `steps` bounds time and memory. Formulas that do
/// not matter cost little if they are given apart rather than as one conjunction under `G`.
///
/// # Errors
///
/// The steps did not suffice.
pub fn model<A: Alphabet>(
    formulas: &Formulas,
    alphabet: &A,
    all: &[Id],
    steps: u64,
) -> Result<Option<Word<A::Letter>>, Reason> {
    model_within(formulas, alphabet, all, &mut Budget(steps))
}

/// As [`model`], with the steps that are left of a budget.
pub(crate) fn model_within<A: Alphabet>(
    formulas: &Formulas,
    alphabet: &A,
    all: &[Id],
    budget: &mut Budget,
) -> Result<Option<Word<A::Letter>>, Reason> {
    let conjuncts = conjuncts(formulas, all, budget)?;
    let evaluator = Evaluator::of(formulas, &conjuncts);
    let mut used = Vec::new();
    let mut steps = FIRST;
    let answer = loop {
        let at_once = budget.lend(steps, |budget| {
            search(formulas, alphabet, &conjuncts, budget)
        })?;
        if let Some(answer) = at_once {
            break answer;
        }
        steps = steps.saturating_mul(4);
        let apart = budget.lend(steps, |budget| {
            one_after_another(formulas, alphabet, &conjuncts, &mut used, budget)
        })?;
        if let Some(answer) = apart {
            break answer;
        }
    };
    let Some(mut word) = answer else {
        return Ok(None);
    };
    word.minimize(&evaluator, alphabet, budget);
    Ok(Some(word))
}

/// A model of `conjuncts`, found as one of those that are `used`, to which others are added as long as
/// it violates them.
fn one_after_another<A: Alphabet>(
    formulas: &Formulas,
    alphabet: &A,
    conjuncts: &[Id],
    used: &mut Vec<Id>,
    budget: &mut Budget,
) -> Result<Option<Word<A::Letter>>, Reason> {
    let judge = Evaluator::of(formulas, conjuncts);
    loop {
        let Some(mut word) = search(formulas, alphabet, used, budget)? else {
            return Ok(None);
        };
        let evaluator = Evaluator::of(formulas, used);
        word.minimize(&evaluator, alphabet, budget);
        match judge.violated(&word, alphabet, budget)? {
            None => return Ok(Some(word)),
            Some(violated) => used.push(conjuncts[violated]),
        }
    }
}

/// A model of `all`, all at once.
fn search<A: Alphabet>(
    formulas: &Formulas,
    alphabet: &A,
    all: &[Id],
    budget: &mut Budget,
) -> Result<Option<Word<A::Letter>>, Reason> {
    let (closure, roots) = Closure::of(formulas, all, budget)?;
    Search::new(&closure, alphabet).run(&roots, budget)
}

/// What must be true together for all of `all` to be true, each once.
fn conjuncts(formulas: &Formulas, all: &[Id], budget: &mut Budget) -> Result<Vec<Id>, Reason> {
    let mut conjuncts = Vec::new();
    let mut seen = HashSet::new();
    let mut open: Vec<Id> = all.iter().rev().copied().collect();
    while let Some(id) = open.pop() {
        budget.take(1)?;
        match formulas.view(id) {
            View::All(parts) => open.extend(parts.into_iter().rev()),
            _ if seen.insert(id) => conjuncts.push(id),
            _ => {}
        }
    }
    Ok(conjuncts)
}
