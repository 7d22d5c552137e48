//! What can happen at one position.

use std::fmt::Debug;
use std::hash::Hash;

use super::set::Set;

/// What can happen at one position, and which atoms are then true.
///
/// Only sets of letters that are met on the way are ever formed: a [`Label`](Alphabet::Label) is
/// the set of all letters at which some atoms are true and some are false.
pub trait Alphabet {
    /// A set of letters that is not empty.
    type Label: Clone;
    /// What happens at one position.
    type Letter: Clone + Eq + Debug;

    /// All letters; there is at least one.
    fn any(&self) -> Self::Label;

    /// The letters of `label` at which `atom` is `value`; none if there are none.
    fn meet(&self, label: &Self::Label, atom: usize, value: bool) -> Option<Self::Label>;

    /// One letter of `label`, always the same one: the plainest.
    fn letter(&self, label: &Self::Label) -> Self::Letter;

    /// Whether `atom` is true at `letter`.
    fn holds(&self, letter: &Self::Letter, atom: usize) -> bool;

    /// What one [`meet`](Alphabet::meet) costs, in steps of the budget.
    fn cost(&self) -> usize {
        1
    }
}

/// Finitely many letters, and for each atom those at which it is true.
///
/// This is what histories need, where at most one event happens at a position.
///
/// ```
/// use liveobj_formalisms::automata::{Alphabet, Letters};
///
/// // Nothing, a request, or a reply.
/// let mut letters = Letters::new(3);
/// let request = letters.atom([1]);
/// let some = letters.atom([1, 2]);
/// let label = letters.meet(&letters.any(), some, true).unwrap();
/// let label = letters.meet(&label, request, false).unwrap();
/// assert_eq!(letters.letter(&label), 2);
/// ```
#[derive(Clone, Debug)]
pub struct Letters {
    count: usize,
    atoms: Vec<Set>,
}

impl Letters {
    /// The letters `0..count`, and no atom. Letter 0 is the plainest one.
    ///
    /// # Panics
    ///
    /// If `count` is 0.
    pub fn new(count: usize) -> Letters {
        assert!(count > 0, "an alphabet has at least one letter");
        Letters {
            count,
            atoms: Vec::new(),
        }
    }

    /// Adds the atom that is true at `letters`; the first atom is 0, the next one 1, and so on.
    ///
    /// # Panics
    ///
    /// If one of them is no letter.
    pub fn atom(&mut self, letters: impl IntoIterator<Item = usize>) -> usize {
        let letters: Set = letters.into_iter().collect();
        assert!(
            letters.is_subset(&Set::below(self.count)),
            "an atom is true at letters of its alphabet"
        );
        self.atoms.push(letters);
        self.atoms.len() - 1
    }

    /// How many letters there are.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The label of one letter.
    pub(super) fn only(letter: usize) -> Set {
        [letter].into_iter().collect()
    }
}

/// Methods panic if they are given an atom that was not added.
impl Alphabet for Letters {
    type Label = Set;
    type Letter = usize;

    fn any(&self) -> Set {
        Set::below(self.count)
    }

    fn meet(&self, label: &Set, atom: usize, value: bool) -> Option<Set> {
        let mut label = label.clone();
        match value {
            true => label.retain_all(&self.atoms[atom]),
            false => label.remove_all(&self.atoms[atom]),
        }
        (!label.is_empty()).then_some(label)
    }

    fn letter(&self, label: &Set) -> usize {
        label
            .iter()
            .next()
            .expect("because no label is the empty set")
    }

    fn holds(&self, letter: &usize, atom: usize) -> bool {
        self.atoms[atom].contains(*letter)
    }

    fn cost(&self) -> usize {
        1 + self.count / 512
    }
}

/// Any set of atoms may be true at a position, as is usual in linear temporal logic.
///
/// A letter is the set of the atoms that are true.
#[derive(Clone, Copy, Debug, Default)]
pub struct Independent;

/// The letters at which some atoms are true and some are false.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cube {
    positive: Set,
    negative: Set,
}

impl Alphabet for Independent {
    type Label = Cube;
    type Letter = Set;

    fn any(&self) -> Cube {
        Cube::default()
    }

    fn meet(&self, label: &Cube, atom: usize, value: bool) -> Option<Cube> {
        let mut label = label.clone();
        let (set, other) = match value {
            true => (&mut label.positive, &label.negative),
            false => (&mut label.negative, &label.positive),
        };
        set.insert(atom);
        (!other.contains(atom)).then_some(label)
    }

    fn letter(&self, label: &Cube) -> Set {
        label.positive.clone()
    }

    fn holds(&self, letter: &Set, atom: usize) -> bool {
        letter.contains(atom)
    }
}
