//! Why what is asked for is met: derivations, as data. Those who decide make them (`derive`).

use std::sync::Arc;

use super::Side;
use crate::diagnostic::Step;
use crate::formalism::Law;
use crate::source::Place;

/// Why something is known: a constraint, and the rule by which it follows from others. A tree, parts
/// of which may be shared; it ends in what types state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derivation {
    /// Name of the formalism.
    pub formalism: String,
    /// The constraint, as people see it.
    pub text: String,
    /// What it follows from, and how.
    pub rule: Rule,
}

/// How a constraint follows from others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// A type states it.
    Stated(Stated),
    /// It is taken as given: whoever asks for a guarantee under an assumption assumes that.
    Assumed,
    /// That says the same.
    Repeated {
        /// It.
        from: Arc<Derivation>,
    },
    /// Its formalism decides that it follows from these together. None of them could be left out,
    /// unless there were very many.
    Implied {
        /// These; none where every behaviour satisfies it.
        from: Vec<Arc<Derivation>>,
        /// The laws that were used, in the order of use, where the formalism has such.
        laws: Vec<Law>,
        /// The library whose word it is, unless the formalism is built in.
        library: Option<String>,
    },
    /// It is what that says in this formalism, or a part of it.
    Translated {
        /// What is said in another formalism.
        from: Arc<Derivation>,
    },
    /// It means exactly what that says in another formalism.
    Defined {
        /// The same in the other formalism.
        from: Arc<Derivation>,
    },
    /// It is what is left of that after conversions that drop fields.
    Surviving {
        /// All of it.
        from: Arc<Derivation>,
    },
    /// It is asked for under an assumption, and guaranteed under one that says no more.
    Weakened {
        /// What is assumed, from what the one who asks assumes.
        assumption: Arc<Derivation>,
        /// What is guaranteed then.
        guarantee: Arc<Derivation>,
    },
}

impl Rule {
    /// What it follows from: of a weakened one, the guarantee and then the assumption.
    pub fn from(&self) -> Vec<&Derivation> {
        match self {
            Rule::Stated(_) | Rule::Assumed => Vec::new(),
            Rule::Implied { from, .. } => from.iter().map(|from| &**from).collect(),
            Rule::Repeated { from }
            | Rule::Translated { from }
            | Rule::Defined { from }
            | Rule::Surviving { from } => vec![from],
            Rule::Weakened {
                assumption,
                guarantee,
            } => vec![guarantee, assumption],
        }
    }
}

/// A constraint that a type states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stated {
    /// Whose type.
    pub by: Owner,
    /// Whether it is provided, or required of peers.
    pub side: Side,
    /// Where it is written, if that is known.
    pub place: Option<Place>,
    /// The assumption under which it is given.
    pub assumption: Option<String>,
    /// Where it is told how that is met, in the list of what was discharged; none where it is given
    /// under an assumption that need not be met.
    pub met: Option<usize>,
}

/// Whose a constraint is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// The left side of the question.
    Left,
    /// The right side of the question.
    Right,
    /// A component of a composite.
    Component(String),
    /// An endpoint of a component of a composite.
    Endpoint {
        /// The component.
        component: String,
        /// Its endpoint.
        endpoint: String,
    },
}

/// A guarantee whose assumption is met (semantics, section 9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discharge {
    /// Who guarantees it.
    pub by: Owner,
    /// Name of the formalism.
    pub formalism: String,
    /// What is guaranteed.
    pub text: String,
    /// Why its assumption holds.
    pub assumption: Arc<Derivation>,
    /// If that rests on guarantees that wait for this one in turn: these and this one, by their place
    /// in the list. None of them can be the first to be broken: each is a safety property that only
    /// an event of its own provider breaks, and whoever broke one first would have needed another one
    /// to be broken before. Else empty, and what the assumption rests on stands before this one.
    pub circle: Vec<usize>,
}

/// A constraint that somebody asks for, and why it is met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Met {
    /// From what was asked to the part that has the constraint, outermost first.
    pub trail: Vec<Step>,
    /// Who asks for it.
    pub by: Owner,
    /// What they do with it: a type requires it of peers, or it has to provide it because a supertype
    /// does.
    pub asked: Side,
    /// Where it is written, if that is known.
    pub place: Option<Place>,
    /// Why it is met.
    pub derivation: Arc<Derivation>,
}

/// What makes for an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grounds {
    /// The constraints that are met, in a fixed order.
    pub met: Vec<Met>,
    /// The guarantees among those that they follow from which are given under assumptions.
    pub discharged: Vec<Discharge>,
    /// Whether there were too many of them, so that some are not told.
    pub cut: bool,
}

/// Where the constraints of a composite come from, and where those of its parts go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composition {
    /// What parts require that other parts meet.
    pub met: Vec<Met>,
    /// The guarantees of parts whose assumptions are met by other parts.
    pub discharged: Vec<Discharge>,
    /// What parts require that is left to the peers of the composite.
    pub left: Vec<Arc<Derivation>>,
    /// What the composite provides.
    pub provides: Vec<Provided>,
}

/// A guarantee of a composite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provided {
    /// The exported endpoint whose type has it; none where the object's type has it.
    pub endpoint: Option<String>,
    /// Which part states it, and how its assumption is met.
    pub derivation: Arc<Derivation>,
}
