//! Finite words that can go on so that formulas hold, of formulas that can be refuted by such words
//! only.
//!
//! A formula whose negations stand in front of atoms and which has neither `U` nor a promise made of
//! it is *syntactically safe* (Sistla 1994): its automaton postpones nothing, every infinite run is
//! accepted, and, since states have finitely many successors, a word has a run if each of its
//! prefixes has one (König). So the sets of states that can be reached and from which there is some
//! infinite run are the states of a deterministic automaton, which goes on exactly as long as what
//! was read can still become a model: where it ends, the word is a minimal bad prefix.

use std::collections::HashMap;

use liveobj_types::verdict::Reason;

use super::alphabet::Letters;
use super::closure::{Closure, Step};
use super::expansion::{Expansion, State};
use super::formulas::{Formulas, Id};
use super::search::Search;
use super::set::Set;
use crate::Budget;

/// The deterministic automaton.
#[derive(Debug)]
pub(crate) struct Prefixes {
    /// By state and letter: the next state; none where a minimal bad prefix ends. State 0 comes
    /// first. There is no state if the empty word is bad.
    next: Vec<Vec<Option<usize>>>,
}

impl Prefixes {
    /// That of all the formulas together; none if one of them is not syntactically safe.
    ///
    /// # Errors
    ///
    /// The steps do not suffice.
    pub fn of(
        formulas: &Formulas,
        alphabet: &Letters,
        all: &[Id],
        budget: &mut Budget,
    ) -> Result<Option<Prefixes>, Reason> {
        let (closure, roots) = Closure::of(formulas, all, budget)?;
        let postpones = |step: &Step| matches!(step, Step::Until(..));
        if closure.steps.iter().any(postpones) {
            return Ok(None);
        }
        let mut building = Building {
            closure: &closure,
            alphabet,
            numbers: HashMap::new(),
            states: Vec::new(),
            successors: HashMap::new(),
        };
        let initial = State {
            obligations: roots.into_iter().collect(),
            facts: Set::default(),
        };
        if Search::new(&closure, alphabet)
            .run_from(initial.clone(), true, budget)?
            .is_none()
        {
            return Ok(Some(Prefixes { next: Vec::new() }));
        }

        // The set at position 0 is the initial state, which no set has again.
        let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
        let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
        let mut next: Vec<Vec<Option<usize>>> = Vec::new();
        while next.len() < sets.len() {
            let set = sets[next.len()].clone();
            let mut row = Vec::with_capacity(alphabet.count());
            for letter in 0..alphabet.count() {
                let mut target = Vec::new();
                if next.is_empty() {
                    target = building.expand(&initial, true, letter, budget)?;
                }
                for state in &set {
                    target.extend(building.successors(*state, letter, budget)?);
                }
                target.sort_unstable();
                target.dedup();
                budget.take(1 + target.len())?;
                row.push(match target.is_empty() {
                    true => None,
                    false => Some(*known.entry(target).or_insert_with_key(|target| {
                        sets.push(target.clone());
                        sets.len() - 1
                    })),
                });
            }
            next.push(row);
        }
        Ok(Some(Prefixes { next }))
    }

    /// The letters with which a minimal bad prefix ends; none if the empty word is one.
    pub fn last_letters(&self) -> Option<Set> {
        let first = self.next.first()?;
        let ends = |letter: &usize| self.next.iter().any(|row| row[*letter].is_none());
        Some((0..first.len()).filter(ends).collect())
    }
}

/// States that are numbered as they are met.
struct Building<'a> {
    closure: &'a Closure,
    alphabet: &'a Letters,
    /// None: there is no infinite run from there.
    numbers: HashMap<State, Option<usize>>,
    states: Vec<State>,
    successors: HashMap<(usize, usize), Vec<usize>>,
}

impl Building<'_> {
    fn successors(
        &mut self,
        state: usize,
        letter: usize,
        budget: &mut Budget,
    ) -> Result<Vec<usize>, Reason> {
        if let Some(known) = self.successors.get(&(state, letter)) {
            return Ok(known.clone());
        }
        let from = self.states[state].clone();
        let found = self.expand(&from, false, letter, budget)?;
        self.successors.insert((state, letter), found.clone());
        Ok(found)
    }

    /// The states that can be next, if there is an infinite run from there.
    fn expand(
        &mut self,
        from: &State,
        first: bool,
        letter: usize,
        budget: &mut Budget,
    ) -> Result<Vec<usize>, Reason> {
        let mut found = Vec::new();
        let mut expansion = Expansion::new(from, first, Letters::only(letter));
        while let Some(transition) = expansion.advance(self.closure, self.alphabet, budget)? {
            let target = transition.target;
            budget.take(target.obligations.cost() + target.facts.cost())?;
            let number = match self.numbers.get(&target) {
                Some(number) => *number,
                None => {
                    let search = Search::new(self.closure, self.alphabet);
                    let goes_on = search.run_from(target.clone(), false, budget)?.is_some();
                    let number = goes_on.then_some(self.states.len());
                    if goes_on {
                        self.states.push(target.clone());
                    }
                    self.numbers.insert(target, number);
                    number
                }
            };
            found.extend(number);
        }
        Ok(found)
    }
}
