//! Subtyping `<:` and ◁, matching ∝, implication ⇒ (semantics, sections 1-6).

use crate::diagnostic::Step;
use crate::formalism::Formalisms;
use crate::types::{EndpointId, ObjectId, TypeId, Types, ValueId};
use crate::verdict::Verdict;

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
    /// Whether the left side of the question is the one that lacks or offers too little: in a
    /// match, the endpoint that was named first.
    pub left_at_fault: bool,
}

/// What is wrong at the end of a trail. Types are described the way people refer to them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Problem {
    /// Something is not there at all: an event that the peer does not handle, a field, a case,
    /// an endpoint.
    Missing {
        /// `event`, `field`, `case`, `endpoint`.
        what: &'static str,
        /// Its name.
        name: String,
        /// A similar name that is there.
        similar: Option<String>,
    },
    /// Something is there that the other side does not tolerate.
    Unexpected {
        /// `field`, `case`, `mandatory endpoint`.
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
    /// An event that both sides send, or both sides only receive.
    SameDirection {
        /// Its name.
        event: String,
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
        /// What is guaranteed in that formalism.
        provided: Vec<String>,
        /// The verdict, with witness or reason.
        verdict: Verdict,
    },
}

/// The relations over one arena.
pub struct Relations<'a> {
    /// The types.
    pub types: &'a mut Types,
    /// The formalisms.
    pub formalisms: &'a Formalisms,
    /// Steps that one implication may take.
    pub budget: u64,
}

/// Steps that one implication may take unless the caller says otherwise.
pub const DEFAULT_BUDGET: u64 = 1_000_000;

impl<'a> Relations<'a> {
    /// Relations with the default budget.
    pub fn new(types: &'a mut Types, formalisms: &'a Formalisms) -> Relations<'a> {
        Relations { types, formalisms, budget: DEFAULT_BUDGET }
    }

    /// S <: T.
    pub fn value_subtype(&mut self, left: ValueId, right: ValueId) -> Judgement {
        let _ = (left, right);
        todo!("relations helper")
    }

    /// τ1 ∝ τ2.
    pub fn endpoints_match(&mut self, left: EndpointId, right: EndpointId) -> Judgement {
        let _ = (left, right);
        todo!("relations helper")
    }

    /// τ1 ◁ τ2.
    pub fn endpoint_subtype(&mut self, left: EndpointId, right: EndpointId) -> Judgement {
        let _ = (left, right);
        todo!("relations helper")
    }

    /// Θ1 ◁ Θ2.
    pub fn object_subtype(&mut self, left: ObjectId, right: ObjectId) -> Judgement {
        let _ = (left, right);
        todo!("relations helper")
    }

    /// The subtype relation of the kind that both are of; `fails` where the kinds differ.
    pub fn subtype(&mut self, left: TypeId, right: TypeId) -> Judgement {
        let _ = (left, right);
        todo!("relations helper")
    }

    /// Whether some record step of S <: T drops a field.
    pub fn lossy(&mut self, left: ValueId, right: ValueId) -> bool {
        let _ = (left, right);
        todo!("relations helper")
    }
}
