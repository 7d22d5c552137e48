//! The pairs of types on the way to a mismatch.

use super::super::explain::{Part, Told};
use super::super::pairs::Pair;
use super::super::{Mismatch, Problem, Relations};
use crate::diagnostic::Step;

/// From the pair compared to the one at fault.
pub(super) struct Path {
    /// The pairs, the one compared first; never empty.
    pub(super) hops: Vec<Hop>,
    /// What is wrong with the last of them.
    pub(super) problem: Problem,
    /// Where in it.
    pub(super) rest: Vec<Step>,
}

/// A pair on the way.
pub(super) struct Hop {
    pub(super) pair: Pair,
    /// What leads to the next pair; none at the last one, and none where no part is entered.
    pub(super) step: Option<Step>,
    /// Whether the left side of the next pair belongs to the right side of this one.
    pub(super) flipped: bool,
}

/// Longest path that is followed.
const MAX_LENGTH: usize = 64;

impl Relations<'_> {
    /// The way to a mismatch that was found at `root`; none if it is too long.
    pub(super) fn path(&mut self, root: Pair, mismatch: &Mismatch) -> Option<Path> {
        let mut hops = Vec::new();
        let (mut at, mut rest) = (root, &mismatch.trail[..]);
        while hops.len() < MAX_LENGTH {
            let mut told = Told::default();
            self.demands(at, &mut told);
            let mut problems = told.problems.iter();
            if problems.any(|own| own.trail == rest && own.problem == mismatch.problem) {
                hops.push(Hop {
                    pair: at,
                    step: None,
                    flipped: false,
                });
                return Some(Path {
                    hops,
                    problem: mismatch.problem.clone(),
                    rest: rest.to_vec(),
                });
            }
            let mut parts = told.parts.into_iter();
            let leads = |part: &Part| part.step.is_none() || part.step.as_ref() == rest.first();
            let part = parts.find(leads)?;
            rest = &rest[usize::from(part.step.is_some())..];
            hops.push(Hop {
                pair: at,
                step: part.step,
                flipped: part.flipped,
            });
            at = part.pair;
        }
        None
    }
}
