//! Ultimately periodic words: evaluation, and making them short.

use liveobj_types::verdict::Reason;

use super::alphabet::Alphabet;
use super::formulas::{Formulas, Id, Node};
use crate::Budget;

/// How many steps a word may take at most to become shorter.
const SHORTENING: u64 = 100_000;

/// The infinite word `prefix cycle cycle …`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Word<L> {
    /// What comes first.
    pub prefix: Vec<L>,
    /// What is repeated; not empty.
    pub cycle: Vec<L>,
}

impl<L: Clone + Eq> Word<L> {
    /// Whether `formula` is true at position 0.
    ///
    /// Takes time and memory in proportion to the size of the formula, and to the length of the word
    /// times the depth to which operators of the past are nested.
    ///
    /// # Panics
    ///
    /// If the cycle is empty, or an atom is not of the alphabet.
    pub fn satisfies<A: Alphabet<Letter = L>>(
        &self,
        formulas: &Formulas,
        alphabet: &A,
        formula: Id,
    ) -> bool {
        let evaluator = Evaluator::of(formulas, &[formula]);
        evaluator.holds(self, alphabet)
    }

    /// The same word, its cycle and then its prefix as short as possible.
    pub(super) fn fold(&mut self) {
        let length = self.cycle.len();
        let period = (1..=length)
            .filter(|period| length.is_multiple_of(*period))
            .find(|period| (*period..length).all(|at| self.cycle[at] == self.cycle[at - period]));
        self.cycle.truncate(period.unwrap_or(length));
        let period = self.cycle.len();
        let repeats = self
            .prefix
            .iter()
            .rev()
            .zip(self.cycle.iter().rev().cycle());
        let turns = repeats.take_while(|(last, end)| last == end).count();
        self.prefix.truncate(self.prefix.len() - turns);
        self.cycle.rotate_right(turns % period);
    }

    /// Makes the word shorter and plainer as long as it stays a model; takes at
    /// most half of what is left of the budget.
    pub(super) fn minimize<A: Alphabet<Letter = L>>(
        &mut self,
        evaluator: &Evaluator,
        alphabet: &A,
        budget: &mut Budget,
    ) {
        let steps = (budget.0 / 2).min(SHORTENING);
        // Running out only means that the word is not as short as it could be.
        let _ = budget.lend(steps, |budget| self.shorten(evaluator, alphabet, budget));
    }

    fn shorten<A: Alphabet<Letter = L>>(
        &mut self,
        evaluator: &Evaluator,
        alphabet: &A,
        budget: &mut Budget,
    ) -> Result<(), Reason> {
        self.fold();
        let mut chunk = self.prefix.len().max(self.cycle.len());
        while chunk > 0 {
            let mut at = 0;
            while at < self.prefix.len() + self.cycle.len() {
                let mut shorter = self.clone();
                let prefix = self.prefix.len();
                if at < prefix {
                    shorter.prefix.drain(at..(at + chunk).min(prefix));
                } else {
                    let end = (at - prefix + chunk).min(self.cycle.len());
                    shorter.cycle.drain(at - prefix..end);
                }
                shorter.fold_or_keep();
                if !shorter.cycle.is_empty()
                    && evaluator.violated(&shorter, alphabet, budget)?.is_none()
                {
                    *self = shorter;
                } else {
                    at += chunk;
                }
            }
            chunk /= 2;
        }
        let plain = alphabet.letter(&alphabet.any());
        for at in 0..self.prefix.len() + self.cycle.len() {
            let mut plainer = self.clone();
            let prefix = self.prefix.len();
            let letter = match at < prefix {
                true => &mut plainer.prefix[at],
                false => &mut plainer.cycle[at - prefix],
            };
            if *letter != plain {
                *letter = plain.clone();
                if evaluator.violated(&plainer, alphabet, budget)?.is_none() {
                    *self = plainer;
                }
            }
        }
        self.fold();
        Ok(())
    }

    fn fold_or_keep(&mut self) {
        if !self.cycle.is_empty() {
            self.fold();
        }
    }
}

/// Evaluates some formulas at position 0 of words.
#[derive(Debug)]
pub(super) struct Evaluator {
    steps: Vec<Step>,
    roots: Vec<Signed>,
    /// How deep operators of the past are nested.
    past: usize,
}

/// The place of a step, and whether its value is to be negated.
type Signed = (usize, bool);

#[derive(Debug)]
enum Step {
    True,
    Atom(usize),
    All(Vec<Signed>),
    Next(Signed),
    Until(Signed, Signed),
    Yesterday(Signed),
    Since(Signed, Signed),
}

impl Evaluator {
    pub(super) fn of(formulas: &Formulas, roots: &[Id]) -> Evaluator {
        let mut places: Vec<usize> = roots.iter().map(|root| root.node()).collect();
        let mut seen: std::collections::BTreeSet<usize> = places.iter().copied().collect();
        while let Some(place) = places.pop() {
            let parts: &[Id] = match formulas.at(place) {
                Node::True | Node::Atom(_) => &[],
                Node::All(parts) => parts,
                Node::Next(part) | Node::Yesterday(part) => &[*part],
                Node::Until(left, right) | Node::Since(left, right) => &[*left, *right],
            };
            for part in parts {
                if seen.insert(part.node()) {
                    places.push(part.node());
                }
            }
        }
        // Parts come before what they are parts of.
        let places: Vec<usize> = seen.into_iter().collect();
        let signed = |id: &Id| {
            let place = places.binary_search(&id.node());
            (
                place.expect("because all parts were collected"),
                id.is_negated(),
            )
        };
        let steps = places.iter().map(|place| match formulas.at(*place) {
            Node::True => Step::True,
            Node::Atom(atom) => Step::Atom(*atom),
            Node::All(parts) => Step::All(parts.iter().map(signed).collect()),
            Node::Next(part) => Step::Next(signed(part)),
            Node::Until(left, right) => Step::Until(signed(left), signed(right)),
            Node::Yesterday(part) => Step::Yesterday(signed(part)),
            Node::Since(left, right) => Step::Since(signed(left), signed(right)),
        });
        Evaluator {
            steps: steps.collect(),
            roots: roots.iter().map(signed).collect(),
            past: roots
                .iter()
                .map(|root| formulas.past(*root))
                .max()
                .unwrap_or(0),
        }
    }

    /// Whether all the formulas are true at position 0.
    pub(super) fn holds<A: Alphabet>(&self, word: &Word<A::Letter>, alphabet: &A) -> bool {
        self.first_false(word, alphabet).is_none()
    }

    /// As [`first_false`](Evaluator::first_false), within a budget.
    pub(super) fn violated<A: Alphabet>(
        &self,
        word: &Word<A::Letter>,
        alphabet: &A,
        budget: &mut Budget,
    ) -> Result<Option<usize>, Reason> {
        let length = word.prefix.len() + (self.past + 1) * word.cycle.len();
        budget.take(1 + length * self.steps.len() / 8)?;
        Ok(self.first_false(word, alphabet))
    }

    /// Which of the formulas is the first that is false at position 0.
    ///
    /// The truth of a formula is periodic after the prefix and as many cycles as operators of the
    /// past are nested in it: what is true one position earlier has its period one position later,
    /// and whether `φ S ψ` is true at the start of a cycle is decided by the cycle before it, or
    /// is the same at the start of all cycles.
    fn first_false<A: Alphabet>(&self, word: &Word<A::Letter>, alphabet: &A) -> Option<usize> {
        let start = word.prefix.len() + self.past * word.cycle.len();
        let length = start + word.cycle.len();
        let letter = |at: usize| match word.prefix.get(at) {
            Some(letter) => letter,
            None => &word.cycle[(at - word.prefix.len()) % word.cycle.len()],
        };
        let mut truth = vec![false; self.steps.len() * length];
        for (place, step) in self.steps.iter().enumerate() {
            let (before, now) = truth.split_at_mut(place * length);
            let value = |part: Signed, at: usize| before[part.0 * length + at] != part.1;
            let after = |at: usize| if at + 1 < length { at + 1 } else { start };
            match step {
                Step::True => now[..length].fill(true),
                Step::Atom(atom) => {
                    for (at, now) in now[..length].iter_mut().enumerate() {
                        *now = alphabet.holds(letter(at), *atom);
                    }
                }
                Step::All(parts) => {
                    for (at, now) in now[..length].iter_mut().enumerate() {
                        *now = parts.iter().all(|part| value(*part, at));
                    }
                }
                Step::Next(part) => {
                    for (at, now) in now[..length].iter_mut().enumerate() {
                        *now = value(*part, after(at));
                    }
                }
                Step::Until(left, right) => {
                    // Once around the cycle from nothing, and once more from what came of that.
                    for at in (start..length).rev().chain((0..length).rev()) {
                        now[at] = value(*right, at) || value(*left, at) && now[after(at)];
                    }
                }
                Step::Yesterday(part) => {
                    for (at, now) in now[1..length].iter_mut().enumerate() {
                        *now = value(*part, at);
                    }
                }
                Step::Since(left, right) => {
                    for at in 0..length {
                        now[at] = value(*right, at) || at > 0 && value(*left, at) && now[at - 1];
                    }
                }
            }
        }
        self.roots
            .iter()
            .position(|(place, negated)| truth[place * length] == *negated)
    }
}
