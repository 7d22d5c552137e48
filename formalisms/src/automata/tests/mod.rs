//! Formulas as trees, with their meaning straight from the definitions.

mod exhaustive;
mod laws;
mod limits;
mod random;
mod rules;

use std::collections::HashMap;

use super::*;

/// A formula as it is written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Tree {
    Constant(bool),
    Atom(usize),
    One(Unary, Box<Tree>),
    Two(Binary, Box<Tree>, Box<Tree>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Unary {
    Not,
    Next,
    Finally,
    Globally,
    Yesterday,
    WeakYesterday,
    Once,
    Historically,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Binary {
    And,
    Or,
    Implies,
    Iff,
    Xor,
    Until,
    Release,
    WeakUntil,
    StrongRelease,
    Since,
    Trigger,
}

pub(super) const BOOLEAN: [Binary; 5] = [
    Binary::And,
    Binary::Or,
    Binary::Implies,
    Binary::Iff,
    Binary::Xor,
];
pub(super) const UNARY_FUTURE: [Unary; 3] = [Unary::Next, Unary::Finally, Unary::Globally];
pub(super) const BINARY_FUTURE: [Binary; 4] = [
    Binary::Until,
    Binary::Release,
    Binary::WeakUntil,
    Binary::StrongRelease,
];
pub(super) const UNARY_PAST: [Unary; 4] = [
    Unary::Yesterday,
    Unary::WeakYesterday,
    Unary::Once,
    Unary::Historically,
];
pub(super) const BINARY_PAST: [Binary; 2] = [Binary::Since, Binary::Trigger];

pub(super) fn atom(atom: usize) -> Tree {
    Tree::Atom(atom)
}

pub(super) fn one(operator: Unary, part: Tree) -> Tree {
    Tree::One(operator, Box::new(part))
}

pub(super) fn two(operator: Binary, left: Tree, right: Tree) -> Tree {
    Tree::Two(operator, Box::new(left), Box::new(right))
}

impl Tree {
    pub(super) fn build(&self, formulas: &mut Formulas) -> Id {
        match self {
            Tree::Constant(value) => formulas.constant(*value),
            Tree::Atom(atom) => formulas.atom(*atom),
            Tree::One(operator, part) => {
                let part = part.build(formulas);
                match operator {
                    Unary::Not => !part,
                    Unary::Next => formulas.next(part),
                    Unary::Finally => formulas.finally(part),
                    Unary::Globally => formulas.globally(part),
                    Unary::Yesterday => formulas.yesterday(part),
                    Unary::WeakYesterday => formulas.weak_yesterday(part),
                    Unary::Once => formulas.once(part),
                    Unary::Historically => formulas.historically(part),
                }
            }
            Tree::Two(operator, left, right) => {
                let left = left.build(formulas);
                let right = right.build(formulas);
                match operator {
                    Binary::And => formulas.and(left, right),
                    Binary::Or => formulas.or(left, right),
                    Binary::Implies => formulas.implies(left, right),
                    Binary::Iff => formulas.iff(left, right),
                    Binary::Xor => formulas.xor(left, right),
                    Binary::Until => formulas.until(left, right),
                    Binary::Release => formulas.release(left, right),
                    Binary::WeakUntil => formulas.weak_until(left, right),
                    Binary::StrongRelease => formulas.strong_release(left, right),
                    Binary::Since => formulas.since(left, right),
                    Binary::Trigger => formulas.trigger(left, right),
                }
            }
        }
    }

    fn past(&self) -> usize {
        match self {
            Tree::Constant(_) | Tree::Atom(_) => 0,
            Tree::One(operator, part) => part.past() + usize::from(UNARY_PAST.contains(operator)),
            Tree::Two(operator, left, right) => {
                left.past().max(right.past()) + usize::from(BINARY_PAST.contains(operator))
            }
        }
    }
}

/// Evaluates trees at the positions of one word.
pub(super) struct Oracle<'a, A: Alphabet> {
    alphabet: &'a A,
    word: &'a Word<A::Letter>,
    known: HashMap<(*const Tree, usize), bool>,
}

impl<'a, A: Alphabet> Oracle<'a, A> {
    pub(super) fn new(alphabet: &'a A, word: &'a Word<A::Letter>) -> Oracle<'a, A> {
        Oracle {
            alphabet,
            word,
            known: HashMap::new(),
        }
    }

    /// The truth of `tree` at position `at`.
    ///
    /// From `periodic` on, positions that differ by whole cycles are alike, so that nothing new
    /// happens more than a cycle after the later one of `at` and `periodic`.
    pub(super) fn holds(&mut self, tree: &Tree, at: usize) -> bool {
        let cycle = self.word.cycle.len();
        let periodic = self.word.prefix.len() + tree.past() * cycle;
        let at = match at.checked_sub(periodic) {
            Some(rest) => periodic + rest % cycle,
            None => at,
        };
        if let Some(known) = self.known.get(&(std::ptr::from_ref(tree), at)) {
            return *known;
        }
        let later = at..at.max(periodic) + cycle;
        let value = match tree {
            Tree::Constant(value) => *value,
            Tree::Atom(atom) => {
                let letter = match self.word.prefix.get(at) {
                    Some(letter) => letter,
                    None => &self.word.cycle[at - self.word.prefix.len()],
                };
                self.alphabet.holds(letter, *atom)
            }
            Tree::One(operator, part) => match operator {
                Unary::Not => !self.holds(part, at),
                Unary::Next => self.holds(part, at + 1),
                Unary::Finally => later.into_iter().any(|j| self.holds(part, j)),
                Unary::Globally => later.into_iter().all(|j| self.holds(part, j)),
                Unary::Yesterday => at > 0 && self.holds(part, at - 1),
                Unary::WeakYesterday => at == 0 || self.holds(part, at - 1),
                Unary::Once => (0..=at).any(|j| self.holds(part, j)),
                Unary::Historically => (0..=at).all(|j| self.holds(part, j)),
            },
            Tree::Two(operator, left, right) => match operator {
                Binary::And => self.holds(left, at) && self.holds(right, at),
                Binary::Or => self.holds(left, at) || self.holds(right, at),
                Binary::Implies => !self.holds(left, at) || self.holds(right, at),
                Binary::Iff => self.holds(left, at) == self.holds(right, at),
                Binary::Xor => self.holds(left, at) != self.holds(right, at),
                Binary::Until => later
                    .into_iter()
                    .any(|j| self.holds(right, j) && (at..j).all(|k| self.holds(left, k))),
                Binary::WeakUntil => later
                    .into_iter()
                    .all(|j| self.holds(left, j) || (at..=j).any(|k| self.holds(right, k))),
                Binary::Release => later
                    .into_iter()
                    .all(|j| self.holds(right, j) || (at..j).any(|k| self.holds(left, k))),
                Binary::StrongRelease => later
                    .into_iter()
                    .any(|j| self.holds(left, j) && (at..=j).all(|k| self.holds(right, k))),
                Binary::Since => (0..=at)
                    .any(|j| self.holds(right, j) && (j + 1..=at).all(|k| self.holds(left, k))),
                Binary::Trigger => (0..=at)
                    .all(|j| self.holds(right, j) || (j + 1..=at).any(|k| self.holds(left, k))),
            },
        };
        self.known.insert((std::ptr::from_ref(tree), at), value);
        value
    }
}

/// An alphabet whose letters tests can write down.
pub(super) trait Listed: Alphabet {
    /// All letters, if `atoms` are all that matter.
    fn letters(&self, atoms: usize) -> Vec<Self::Letter>;

    /// A formula that is true at this letter alone, as far as `atoms` can tell.
    fn exactly(&self, formulas: &mut Formulas, letter: &Self::Letter, atoms: usize) -> Id {
        let literals: Vec<Id> = (0..atoms)
            .map(|atom| match self.holds(letter, atom) {
                true => formulas.atom(atom),
                false => !formulas.atom(atom),
            })
            .collect();
        formulas.all(&literals)
    }
}

impl Listed for Independent {
    fn letters(&self, atoms: usize) -> Vec<Set> {
        let letters = (0..1_usize << atoms)
            .map(|letter| (0..atoms).filter(|atom| letter >> atom & 1 == 1).collect());
        letters.collect()
    }
}

impl Listed for Letters {
    fn letters(&self, _: usize) -> Vec<usize> {
        (0..self.count()).collect()
    }
}

/// Nothing happens, or exactly one of `atoms`.
pub(super) fn exclusive(atoms: usize) -> Letters {
    let mut letters = Letters::new(atoms + 1);
    for letter in 1..=atoms {
        letters.atom([letter]);
    }
    letters
}

/// A formula that is true at position 0 of this word alone.
pub(super) fn encode<A: Listed>(
    formulas: &mut Formulas,
    alphabet: &A,
    atoms: usize,
    word: &Word<A::Letter>,
) -> Id {
    // From the end of the prefix on, each letter comes again after a cycle.
    let mut repeats = Vec::new();
    for atom in 0..atoms {
        let now = formulas.atom(atom);
        let mut later = now;
        for _ in &word.cycle {
            later = formulas.next(later);
        }
        repeats.push(formulas.iff(now, later));
    }
    let repeats = formulas.all(&repeats);
    let repeats = formulas.globally(repeats);
    let mut all = formulas.constant(true);
    let letters: Vec<&A::Letter> = word.prefix.iter().chain(&word.cycle).collect();
    for (place, letter) in letters.into_iter().enumerate().rev() {
        all = formulas.next(all);
        let letter = alphabet.exactly(formulas, letter, atoms);
        all = formulas.and(letter, all);
        if place == word.prefix.len() {
            all = formulas.and(repeats, all);
        }
    }
    all
}

/// All words with these bounds, shortest first.
pub(super) fn words<A: Listed>(
    alphabet: &A,
    atoms: usize,
    prefix: usize,
    cycle: usize,
) -> Vec<Word<A::Letter>> {
    let letters = alphabet.letters(atoms);
    let strings = |length: usize| {
        let mut strings = vec![Vec::new()];
        for _ in 0..length {
            strings = strings
                .iter()
                .flat_map(|string: &Vec<A::Letter>| {
                    letters.iter().map(move |letter| {
                        let mut string = string.clone();
                        string.push(letter.clone());
                        string
                    })
                })
                .collect();
        }
        strings
    };
    let mut words = Vec::new();
    for cycle in 1..=cycle {
        for prefix in 0..=prefix {
            for prefix in strings(prefix) {
                for cycle in strings(cycle) {
                    words.push(Word {
                        prefix: prefix.clone(),
                        cycle,
                    });
                }
            }
        }
    }
    words
}
