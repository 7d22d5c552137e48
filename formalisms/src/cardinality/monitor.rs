//! Monitors of cardinalities: a count for each endpoint, and whether each lower bound was reached.

use std::collections::BTreeSet;

use liveobj_types::formalism::{EndpointStructure, Structure};
use liveobj_types::monitor::{Culprit, Happening, Monitor, Occurred, Outcome};

use super::{Bound, Bounds};

/// The counts of a formula's endpoints.
pub(super) struct Counting {
    /// By position of the endpoint in the structure.
    counts: Vec<Option<Count>>,
}

struct Count {
    bound: Bound,
    now: u64,
    /// The lower bounds that were reached, and what is broken already.
    reached: BTreeSet<u64>,
    exceeded: bool,
}

impl Counting {
    /// None if the formula speaks of an endpoint that the structure lacks.
    pub(super) fn new(bounds: &Bounds, structure: &Structure) -> Option<Counting> {
        let endpoints: Vec<&EndpointStructure> = match structure {
            Structure::Undeclared => return None,
            Structure::Endpoint(endpoint) => vec![endpoint],
            Structure::Object(endpoints) => endpoints.values().collect(),
        };
        let counts = endpoints.iter().map(|endpoint| {
            Some(Count {
                bound: bounds.0.get(&endpoint.name)?.clone(),
                now: 0,
                reached: BTreeSet::new(),
                exceeded: false,
            })
        });
        let counts: Vec<_> = counts.collect();
        let found = counts.iter().flatten().count();
        (found == bounds.0.len()).then_some(Counting { counts })
    }
}

impl Count {
    /// Whether a bound is broken now that was not before.
    fn changes(&mut self, event: Occurred) -> bool {
        match event {
            Occurred::Connect => self.now += 1,
            Occurred::Disconnect => self.now = self.now.saturating_sub(1),
            Occurred::Emitted(_) | Occurred::Handled(_) => return false,
        }
        let reached = self.bound.least.range(..=self.now);
        self.reached.extend(reached);
        let fallen = self.reached.split_off(&(self.now + 1));
        // What is broken is told once.
        fallen
            .iter()
            .for_each(|least| _ = self.bound.least.remove(least));
        let above = !self.bound.allows(self.now);
        let exceeds = above && !self.exceeded;
        self.exceeded |= above;
        exceeds || !fallen.is_empty()
    }
}

impl Monitor for Counting {
    fn observe(&mut self, happening: &Happening<'_>) -> Outcome {
        let count = self.counts.get_mut(happening.endpoint);
        let count = count.and_then(Option::as_mut);
        match count.is_some_and(|count| count.changes(happening.event)) {
            true => Outcome::Violated {
                by: Culprit::Untold,
            },
            false => Outcome::Open,
        }
    }

    /// There may be connections elsewhere, so that a count is too low only where all are told of.
    fn needs_everything(&self) -> bool {
        let mut counts = self.counts.iter().flatten();
        counts.any(|count| !count.bound.least.is_empty())
    }
}
