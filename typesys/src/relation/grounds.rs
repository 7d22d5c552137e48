//! The walk over the pairs that a question reaches once more, for every constraint that is met.
//!
//! What is known of pairs is no matter here: all of it is asked anew, by the same rules.

use std::mem;

use super::derivation::{Grounds, Met, Owner};
use super::hash::IdSet;
use super::pairs::{Demands, Pair};
use super::{Mismatch, Relations, Telling};
use crate::diagnostic::Step;
use crate::types::{EndpointId, TypeId};
use crate::verdict::Verdict;

/// Constraints that are told of one question.
const MAX_MET: usize = 1_000;
/// Pairs that are walked for one question.
const MAX_WALKED: usize = 100_000;
/// Steps from the question to a pair.
const MAX_TRAIL: usize = 64;

/// A part that is to be walked, with all that leads there.
struct Part {
    trail: Vec<Step>,
    pair: Pair,
    /// Whether its left side belongs to the right side of the question.
    flipped: bool,
}

/// The demands of a pair, with what is met of them.
struct Kept<'w> {
    at: &'w Part,
    parts: Vec<Part>,
    met: Vec<Met>,
}

impl Demands for Kept<'_> {
    fn part(&mut self, step: impl FnOnce() -> Option<Step>, pair: Pair, flipped: bool) {
        let trail = self.at.trail.iter().cloned().chain(step());
        self.parts.push(Part {
            trail: trail.collect(),
            pair,
            flipped: self.at.flipped ^ flipped,
        });
    }

    fn met(&mut self, met: impl FnOnce() -> Met) {
        let met = met();
        self.met.push(Met {
            trail: self.at.trail.clone(),
            ..met
        });
    }

    fn problem(&mut self, _: Verdict, _: impl FnOnce() -> Mismatch) {}
}

impl Relations<'_> {
    /// Why the constraints are met that the two ends of a connection require, each of the other, as far
    /// as they are ([`Relations::endpoints_match`]).
    pub fn match_grounds(&mut self, left: EndpointId, right: EndpointId) -> Grounds {
        self.grounds(Pair::Match(left, right))
    }

    /// Why the constraints are met that have to be for the left type to be a subtype of the right one,
    /// as far as they are ([`Relations::subtype`]). Types of two kinds have none.
    pub fn subtype_grounds(&mut self, left: TypeId, right: TypeId) -> Grounds {
        match (left, right) {
            (TypeId::Value(left), TypeId::Value(right)) => self.grounds(Pair::Value(left, right)),
            (TypeId::Endpoint(left), TypeId::Endpoint(right)) => {
                self.grounds(Pair::Endpoint(left, right))
            }
            (TypeId::Object(left), TypeId::Object(right)) => {
                self.grounds(Pair::Object(left, right))
            }
            _ => Grounds::default(),
        }
    }

    /// Who is the left side of the pair that is walked, and who asks there.
    fn tell_of(&mut self, flipped: bool) {
        if let Some(telling) = &mut self.telling {
            telling.owners = match flipped {
                false => [Owner::Left, Owner::Right],
                true => [Owner::Right, Owner::Left],
            };
        }
    }

    /// Each pair is walked for the first trail that leads to it.
    fn grounds(&mut self, root: Pair) -> Grounds {
        self.rest_on_settings();
        let mut grounds = Grounds::default();
        let mut visited = IdSet::default();
        self.telling = Some(Telling::of([Owner::Left, Owner::Right]));
        let mut open = vec![Part {
            trail: Vec::new(),
            pair: root,
            flipped: false,
        }];
        while let Some(part) = open.pop() {
            if part.pair.is_reflexive() || !visited.insert((part.pair, part.flipped)) {
                continue;
            }
            if visited.len() > MAX_WALKED {
                grounds.cut = true;
                break;
            }
            if part.trail.len() > MAX_TRAIL {
                grounds.cut = true;
                continue;
            }
            let mut kept = Kept {
                at: &part,
                parts: Vec::new(),
                met: Vec::new(),
            };
            self.tell_of(part.flipped);
            self.demands(part.pair, &mut kept);
            let Kept { parts, met, .. } = kept;
            grounds.met.extend(met);
            open.extend(parts.into_iter().rev());
            if grounds.met.len() > MAX_MET {
                grounds.met.truncate(MAX_MET);
                grounds.cut = true;
                break;
            }
        }
        let telling = mem::take(&mut self.telling);
        grounds.discharged = telling.map_or_else(Vec::new, Telling::into_discharged);
        grounds
    }
}
