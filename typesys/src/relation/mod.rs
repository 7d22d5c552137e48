//! Subtyping `<:` and ◁, matching ∝, implication ⇒ (semantics, sections 1-6).
//!
//! All relations are conjunctions over pairs of types, so the greatest fixed point is the minimum
//! of what is found at the pairs that can be reached: `judge` walks them with a stack of its own,
//! `explain` once more where somebody wants to be told. What was found stays with the arena.

mod change;
mod constraints;
mod derivation;
mod derive;
mod discharge;
mod explain;
mod grounds;
mod hash;
mod implication;
mod judge;
mod known;
mod lossy;
mod pairs;
mod parameters;
mod parsed;
mod report;
#[cfg(test)]
mod tests;
mod translation;
pub mod user;
mod values;

use crate::diagnostic::Step;
use crate::formalism::Formalisms;
use crate::source::Place;
use crate::types::{EndpointId, ObjectId, TypeId, Types, ValueId};
use crate::verdict::{Reason, Verdict, Witness};

pub use change::Change;
pub(crate) use constraints::{Lossy, Structures, body_constraints, emitted};
pub use constraints::{Side, endpoint_structure, object_structure};
pub use derivation::{
    Composition, Derivation, Discharge, Grounds, Met, Owner, Provided, Rule, Stated,
};
pub(crate) use derive::Telling;
pub(crate) use discharge::Guarantee;
pub(crate) use hash::IdMap;
pub(crate) use known::Known;
use pairs::Pair;
pub(crate) use parsed::{Parsed, stated};

/// The answer of a relation, with every mismatch found (empty where the verdict is `holds`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// The verdict.
    pub verdict: Verdict,
    /// What stands in the way, in a fixed order.
    pub mismatches: Vec<Mismatch>,
}

/// One obstacle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// From the compared pair to the part at fault, outermost first.
    pub trail: Vec<Step>,
    /// What is wrong there.
    pub problem: Problem,
    /// Whether the left side of the question is the one that lacks, offers too little or has too
    /// much, the one whose part is `found`. In a match the left side is the endpoint named first.
    pub left_at_fault: bool,
}

/// What is wrong at the end of a trail. Types are described the way people refer to them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Something is not there at all: an event that the peer does not handle, a field, a case,
    /// an endpoint.
    Missing {
        /// `incoming event`, `field`, `case`, `endpoint`.
        what: &'static str,
        /// Its name.
        name: String,
        /// A similar name that is there.
        similar: Option<String>,
    },
    /// Something is there that the other side does not tolerate.
    Unexpected {
        /// `outgoing event`, `field`, `mandatory endpoint`.
        what: &'static str,
        /// Its name.
        name: String,
    },
    /// Both are there and do not fit.
    Incompatible {
        /// What one side has.
        found: String,
        /// What the other side needs.
        expected: String,
    },
    /// An event that both sides send.
    SameDirection {
        /// Its name.
        event: String,
        /// Whether other events are sent by one side and received by the other, so that it is not
        /// the types as a whole that face the same way.
        facing: bool,
    },
    /// A flag that differs: `many`, `mandatory`.
    Flag {
        /// Which.
        flag: &'static str,
        /// Whether the left side has it.
        found: bool,
    },
    /// A requirement that the guarantees do not meet.
    Unmet {
        /// Name of the formalism.
        formalism: String,
        /// What is required.
        required: String,
        /// Where it is required.
        place: Option<Place>,
        /// What the side that asks for it does with it: in a match it requires it, while a supertype
        /// provides it, and a subtype requires it.
        asked: Side,
        /// What the other side does with what it gives: it provides it, or, where requirements are
        /// compared, requires it.
        given: Side,
        /// What is given in that formalism.
        provided: Vec<String>,
        /// What is given in others: formalism and text.
        elsewhere: Vec<(String, String)>,
        /// What was translated to decide it: what is given, then what is required.
        translations: Vec<Translation>,
        /// The verdict, with witness or reason.
        verdict: Verdict,
        /// What the formalism says of the witness.
        explained: Option<String>,
    },
    /// The types are so large that not all of them was compared.
    TooLarge,
}

/// A constraint in other formalisms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Translation {
    /// The formalism and the text: first the constraint itself, or what follows from constraints of
    /// its formalism; then what each is translated into.
    pub steps: Vec<(String, String)>,
}

/// The relations over one arena. What was found is kept in it for later questions, with the same
/// formalisms and the same budget, so the types reached from a question must be complete when it is
/// asked.
pub struct Relations<'a> {
    /// The types.
    pub types: &'a mut Types,
    /// The formalisms.
    pub formalisms: &'a Formalisms,
    /// Steps that one implication may take.
    pub budget: u64,
    /// Whether events wait in queues between the two sides of a match, so that they are emitted and
    /// handled at different times: guarantees that wait for each other are then not known to hold
    /// (semantics, section 9). Connections of one domain are direct; only who connects knows.
    pub queued: bool,
    /// Pairs of types that one question may reach.
    max_pairs: usize,
    known: Known,
    /// Set while somebody wants to be told why what is met is met. No answer depends on it.
    pub(crate) telling: Option<Telling>,
}

/// Steps that one implication may take unless the caller says otherwise.
pub const DEFAULT_BUDGET: u64 = 1_000_000;

/// Most mismatches that one judgement lists.
pub const MAX_MISMATCHES: usize = 64;

impl Judgement {
    /// A plain yes.
    pub fn holds() -> Judgement {
        Judgement {
            verdict: Verdict::Holds,
            mismatches: Vec::new(),
        }
    }
}

impl<'a> Relations<'a> {
    /// Relations with the default budget.
    pub fn new(types: &'a mut Types, formalisms: &'a Formalisms) -> Relations<'a> {
        let known = std::mem::take(&mut types.known);
        Relations {
            types,
            formalisms,
            budget: DEFAULT_BUDGET,
            queued: false,
            max_pairs: judge::MAX_PAIRS,
            known,
            telling: None,
        }
    }

    /// Whether τ1 ∝ τ2: the verdict of [`Relations::endpoints_match`], at the cost of a look where it
    /// is known, and without looking for what to tell.
    pub fn matches(&mut self, left: EndpointId, right: EndpointId) -> Verdict {
        self.verdict(Pair::Match(left, right))
    }

    /// The verdict of [`Relations::subtype`] alone, as [`Relations::matches`].
    pub fn is_subtype(&mut self, left: TypeId, right: TypeId) -> Verdict {
        match (left, right) {
            (TypeId::Value(left), TypeId::Value(right)) => self.verdict(Pair::Value(left, right)),
            (TypeId::Endpoint(left), TypeId::Endpoint(right)) => {
                self.verdict(Pair::Endpoint(left, right))
            }
            (TypeId::Object(left), TypeId::Object(right)) => {
                self.verdict(Pair::Object(left, right))
            }
            _ => Verdict::Fails(Witness::Structure),
        }
    }

    /// S <: T.
    pub fn value_subtype(&mut self, left: ValueId, right: ValueId) -> Judgement {
        self.judge(Pair::Value(left, right))
    }

    /// τ1 ∝ τ2.
    pub fn endpoints_match(&mut self, left: EndpointId, right: EndpointId) -> Judgement {
        self.judge(Pair::Match(left, right))
    }

    /// τ1 ◁ τ2.
    pub fn endpoint_subtype(&mut self, left: EndpointId, right: EndpointId) -> Judgement {
        self.judge(Pair::Endpoint(left, right))
    }

    /// Θ1 ◁ Θ2.
    pub fn object_subtype(&mut self, left: ObjectId, right: ObjectId) -> Judgement {
        self.judge(Pair::Object(left, right))
    }

    /// The subtype relation of the kind that both are of; `fails` where the kinds differ.
    pub fn subtype(&mut self, left: TypeId, right: TypeId) -> Judgement {
        match (left, right) {
            (TypeId::Value(left), TypeId::Value(right)) => self.value_subtype(left, right),
            (TypeId::Endpoint(left), TypeId::Endpoint(right)) => self.endpoint_subtype(left, right),
            (TypeId::Object(left), TypeId::Object(right)) => self.object_subtype(left, right),
            _ => Judgement {
                verdict: Verdict::Fails(Witness::Structure),
                mismatches: vec![Mismatch {
                    trail: Vec::new(),
                    problem: Problem::Incompatible {
                        found: format!("a type of kind {}", left.kind().as_str()),
                        expected: format!("a type of kind {}", right.kind().as_str()),
                    },
                    left_at_fault: true,
                }],
            },
        }
    }
}

impl Drop for Relations<'_> {
    /// Leaves what was found with the arena.
    fn drop(&mut self) {
        self.types.known = std::mem::take(&mut self.known);
    }
}

impl Problem {
    /// What this problem alone makes of the verdict.
    pub fn verdict(&self) -> Verdict {
        match self {
            Problem::Unmet { verdict, .. } => verdict.clone(),
            Problem::TooLarge => Verdict::Unknown(Reason::Budget),
            _ => Verdict::Fails(Witness::Structure),
        }
    }
}
