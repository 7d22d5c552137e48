//! Histories that refute: a prefix, and a cycle that repeats for ever (semantics, section 7).

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::formalism::Domain;

use super::formula::Event;

/// An ultimately periodic history in a finite universe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lasso {
    /// What the quantifiers range over.
    pub universe: Universe,
    /// What happens first.
    pub prefix: Vec<Position>,
    /// What then repeats; never empty.
    pub cycle: Vec<Position>,
}

/// What there is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Universe {
    /// The connections; each has the endpoint it belongs to and its proxy.
    pub instances: Vec<Instance>,
    /// How many proxies there are.
    pub proxies: usize,
    /// How many values of each domain there are.
    pub messages: BTreeMap<Domain, usize>,
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Instance {
    /// The endpoint; its name is empty at endpoint level.
    pub endpoint: String,
    /// Whose it is: a position below [`Universe::proxies`]; always 0 if proxies do not matter.
    pub proxy: usize,
}

/// What a history has at one position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Position {
    /// Nothing that anybody can observe.
    Silence,
    /// One event.
    Event(Occurrence),
    /// The propositions that hold, in ordinary linear temporal logic.
    Propositions(BTreeSet<String>),
}

/// One event.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Occurrence {
    /// Which event, at the endpoint of its instance.
    pub event: Event,
    /// A position in [`Universe::instances`].
    pub instance: usize,
    /// The value of each parameter that any formula binds: a position in its domain.
    pub arguments: BTreeMap<String, usize>,
}
