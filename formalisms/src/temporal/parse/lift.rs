//! How quantifiers move to the front.

use super::super::formula::{Quantifier, Unary};

/// What quantifiers become when they are moved to the front from where they stand; none where
/// that would change the meaning.
#[derive(Clone, Copy, Default)]
pub(super) struct Lift {
    pub(super) all: Option<Quantifier>,
    some: Option<Quantifier>,
}

impl Lift {
    pub(super) const FRONT: Lift = Lift {
        all: Some(Quantifier::ForAll),
        some: Some(Quantifier::Exists),
    };

    pub(super) fn of(self, quantifier: Quantifier) -> Option<Quantifier> {
        match quantifier {
            Quantifier::ForAll => self.all,
            Quantifier::Exists => self.some,
        }
    }

    /// Under a negation.
    pub(super) fn negated(self) -> Lift {
        Lift {
            all: self.some,
            some: self.all,
        }
    }

    /// Under an operator: `G` goes through all positions as ∀ through all values.
    pub(super) fn under(self, operator: Unary) -> Lift {
        match operator {
            Unary::Not => self.negated(),
            Unary::Next | Unary::Yesterday => self,
            Unary::Globally | Unary::Historically => Lift { some: None, ..self },
            Unary::Finally | Unary::Once => Lift { all: None, ..self },
        }
    }
}
