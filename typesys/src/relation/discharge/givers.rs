//! Guarantees of several givers, and what of them is of use to whom.

use std::borrow::Cow;
use std::ops::Range;

use super::super::parsed::Parsed;
use crate::formalism::{Events, Formula};

/// What somebody guarantees.
pub(crate) struct Giver {
    /// The guarantees; those that are met are marked.
    pub(crate) guarantees: Vec<Parsed>,
    /// What it emits.
    pub(crate) events: Events,
}

/// What a part of a composite guarantees.
pub(crate) struct Guarantee {
    /// Itself, marked if its assumption is met.
    pub(crate) parsed: Parsed,
    /// The number of the part.
    pub(crate) giver: usize,
    /// Of several that are one guarantee, said of endpoints of different parts, the number of that
    /// guarantee.
    pub(crate) number: usize,
}

/// Guarantees of several givers, in one list.
pub(in crate::relation) struct Givers {
    /// All of them; those that are met are marked. Those of one giver stand together, unless the
    /// givers are parts of a composite.
    pub(in crate::relation) guarantees: Vec<Parsed>,
    /// Whose each of them is.
    pub(super) of: Vec<usize>,
    /// The place of the first one that is the same guarantee: it waits for all of them.
    pub(super) first: Vec<usize>,
    /// What each giver emits.
    pub(super) emits: Vec<Events>,
    /// What all of them may emit, if they are parts of a composite: then what they guarantee is said
    /// in one language, and meets assumptions together. Of two endpoints each speaks from its own
    /// side, and only what the other one guarantees is of use.
    pub(super) together: Option<Events>,
}

impl Givers {
    /// The two sides of a connection.
    pub(super) fn ends(sides: &mut [Giver; 2]) -> Givers {
        let counts = [0, 1].map(|side| std::iter::repeat_n(side, sides[side].guarantees.len()));
        let of: Vec<usize> = counts.into_iter().flatten().collect();
        Givers {
            first: (0..of.len()).collect(),
            of,
            emits: sides.iter().map(|side| side.events.clone()).collect(),
            guarantees: sides
                .iter_mut()
                .flat_map(|side| std::mem::take(&mut side.guarantees))
                .collect(),
            together: None,
        }
    }

    /// The guarantees that may meet what one of them assumes, and what may be emitted there.
    pub(in crate::relation) fn helpful(&self, giver: usize) -> (Range<usize>, &Events) {
        match &self.together {
            Some(events) => (0..self.guarantees.len(), events),
            None => {
                let first = self.of.partition_point(|of| *of == 0);
                let range = match giver {
                    0 => first..self.guarantees.len(),
                    _ => 0..first,
                };
                (range, &self.emits[1 - giver])
            }
        }
    }

    /// The guarantees that may meet what one of them assumes. Where the formalism does not tell what a
    /// part does from what its peers do, what this part says of itself is not among them.
    pub(super) fn helping(&self, at: usize) -> Cow<'_, [Parsed]> {
        let (range, _) = self.helpful(self.of[at]);
        let assumption = self.guarantees[at].assumption();
        if self.together.is_none() || !assumption.is_some_and(Parsed::is_mixed) {
            return Cow::Borrowed(&self.guarantees[range]);
        }
        let others = range.filter(|other| self.of[*other] != self.of[at]);
        Cow::Owned(others.map(|at| self.guarantees[at].clone()).collect())
    }

    /// What of a circle may meet the assumptions of a giver, in it: U(s), outright and waiting.
    pub(in crate::relation) fn used(&self, circle: &Circle, giver: usize) -> [Vec<usize>; 2] {
        let (range, _) = self.helpful(giver);
        let kept = circle.kept.iter().copied();
        let waiting = circle.waiting.iter();
        let waiting = waiting.filter(|at| self.of[**at] != giver);
        [
            kept.filter(|at| range.contains(at)).collect(),
            waiting.flat_map(|at| self.same(*at)).collect(),
        ]
    }

    pub(in crate::relation) fn giver(&self, at: usize) -> usize {
        self.of[at]
    }

    /// The places of those that are the same guarantee as the one at this place, the first of them.
    pub(super) fn same(&self, at: usize) -> impl Iterator<Item = usize> {
        (at..self.first.len()).filter(move |other| self.first[*other] == at)
    }

    /// The guarantees that wait, each by the first that is the same.
    pub(super) fn waiting(&self) -> impl Iterator<Item = usize> {
        let all = self.guarantees.iter().enumerate();
        let waiting = all.filter(|(at, it)| self.first[*at] == *at && it.may_be_met());
        waiting.map(|(at, _)| at)
    }

    /// The assumption of a guarantee is met; `told`: where it is told how, if it is.
    pub(in crate::relation) fn meet(&mut self, at: usize, told: Option<usize>) {
        let same: Vec<usize> = self.same(at).collect();
        for at in same {
            self.guarantees[at].meet(told);
        }
    }

    pub(super) fn formulas(&self, places: &[usize]) -> Vec<&Formula> {
        let formulas = places.iter().map(|at| self.guarantees[*at].formula());
        formulas.flatten().collect()
    }
}

/// Guarantees of one formalism, by their place in the list of all.
#[derive(Clone, Default)]
pub(in crate::relation) struct Circle {
    /// Those that hold outright and may be used: K.
    pub(in crate::relation) kept: Vec<usize>,
    /// Those that wait: W.
    pub(in crate::relation) waiting: Vec<usize>,
}
