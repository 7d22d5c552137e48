//! Guarantees under assumptions: who has to meet these, and where the guarantee holds then.

use std::sync::Arc;

use super::Parsed;
use crate::relation::derivation::Rule;

impl Parsed {
    /// Whether it is known to hold once its assumption is known to be met here.
    pub(in crate::relation) fn may_be_met(&self) -> bool {
        self.is_conditional() && (self.required || self.alone)
    }

    /// The same where only what holds at all connections of its owner is of use, or else
    /// (`alone`) what each connection has by itself.
    pub(in crate::relation) fn may_be_met_in(&self, alone: bool) -> bool {
        let met = if alone { self.alone } else { self.required };
        self.is_conditional() && met
    }

    /// Whether it speaks of each connection by itself, and no more than that is asked.
    pub(in crate::relation) fn is_of_one_connection(&self) -> bool {
        let read = self.read().filter(|_| !self.everywhere);
        read.is_some_and(|(formalism, formula)| formalism.of_one_connection(formula))
    }

    /// What is known of it at all connections of its owner.
    pub(in crate::relation) fn elsewhere(&self) -> Parsed {
        let mut parsed = self.clone();
        if self.here {
            (parsed.here, parsed.discharged) = (false, false);
            let assumption = self.constraint.given.as_deref().unwrap_or_default();
            parsed.leave(format!(
                "which this peer keeps, but others may connect that do not, and what is asked for is \
                 about all connections: require {} \"{assumption}\" of every peer",
                self.constraint.formalism
            ));
        }
        parsed
    }

    /// Its assumption is met; `told`: where it is told how, if it is.
    pub(in crate::relation) fn meet(&mut self, told: Option<usize>) {
        self.discharged = true;
        self.here = !self.required;
        if told.is_some()
            && let Some(derivation) = &mut self.told
            && let Rule::Stated(stated) = &mut Arc::make_mut(derivation).rule
        {
            stated.met = told;
        }
    }

    /// Who has to meet its assumption: every peer, as that is required of it or (`in_doubt`) may be, or
    /// each at its own connection.
    pub(in crate::relation) fn set_universal(
        &mut self,
        required: bool,
        in_doubt: bool,
        alone: bool,
    ) {
        (self.required, self.in_doubt, self.alone) = (required, in_doubt, alone);
    }

    /// That it is required of all connections of a peer, if it is required outright.
    pub(in crate::relation) fn ask_everywhere(&mut self) {
        self.everywhere |= self.constraint.given.is_none();
    }

    /// That it is required of each connection by itself, if it speaks of that: other connections do
    /// not matter to who requires it.
    pub(in crate::relation) fn ask_of_each_connection(&mut self) {
        self.required &= !self.alone;
        self.in_doubt &= !self.alone;
    }

    /// Whether it is no less than the other a promise to all peers, if both are conditional. Where all
    /// peers have to meet an assumption, the promise is taken to be kept at all connections; that is not
    /// so where some need not. What may be asked for is asked for.
    pub(in crate::relation) fn is_as_wide_as(&self, other: &Parsed) -> bool {
        match (other.required || other.in_doubt, other.alone) {
            (true, _) => self.required,
            (false, true) => self.required || self.alone,
            (false, false) => true,
        }
    }
}
