//! Monitors of cardinalities: a count for each endpoint, and whether each lower bound was reached.

use std::collections::BTreeSet;

use liveobj_types::formalism::{EndpointStructure, Structure};
use liveobj_types::monitor::{Culprit, Happening, Monitor, Occurred, Outcome};

use super::{Bound, Bounds};

/// How many happenings are remembered.
const TRAIL: usize = 8;

/// The counts of a formula's endpoints.
pub(super) struct Counting {
    /// By position of the endpoint in the structure.
    counts: Vec<Option<Count>>,
    /// The numbers of the last connections that began or ended.
    last: Vec<u64>,
}

struct Count {
    bound: Bound,
    now: u64,
    /// How many of them are gone, and have perhaps ended.
    gone: u64,
    /// The lower bounds that were reached, and what is broken already.
    reached: BTreeSet<u64>,
    exceeded: bool,
}

impl Counting {
    /// # Errors
    ///
    /// The formula speaks of an endpoint that the structure lacks, or of single proxies.
    pub(super) fn new(bounds: &Bounds, structure: &Structure) -> Result<Counting, String> {
        if bounds.is_quantified() {
            return Err("it is about single proxies".to_owned());
        }
        let endpoints: Vec<&EndpointStructure> = match structure {
            Structure::Undeclared => return Err("its endpoints are not declared".to_owned()),
            Structure::Endpoint(endpoint) => vec![endpoint],
            Structure::Object(endpoints) => endpoints.values().collect(),
        };
        let counts = endpoints.iter().map(|endpoint| {
            Some(Count {
                bound: bounds.0.get(&endpoint.name)?.total.clone(),
                now: 0,
                gone: 0,
                reached: BTreeSet::new(),
                exceeded: false,
            })
        });
        let counts: Vec<_> = counts.collect();
        let found = counts.iter().flatten().count();
        match found == bounds.0.len() {
            true => Ok(Counting {
                counts,
                last: Vec::new(),
            }),
            false => Err("it names an endpoint that its type does not have".to_owned()),
        }
    }
}

impl Count {
    /// Whether a bound is broken now that was not before.
    fn changes(&mut self, event: Occurred) -> bool {
        match event {
            Occurred::Connect => self.now += 1,
            Occurred::Disconnect => self.now = self.now.saturating_sub(1),
            Occurred::Gone => {
                self.gone = (self.gone + 1).min(self.now);
                return false;
            }
            Occurred::Emitted(_) | Occurred::Handled(_) => return false,
        }
        self.gone = self.gone.min(self.now);
        // What is gone is counted where that is in favour of who connects.
        let certain = self.now - self.gone;
        let reached = self.bound.least.range(..=certain);
        self.reached.extend(reached);
        let fallen = self.reached.split_off(&(self.now + 1));
        // What is broken is told once.
        fallen
            .iter()
            .for_each(|least| _ = self.bound.least.remove(least));
        let above = !self.bound.allows(certain);
        let exceeds = above && !self.exceeded;
        self.exceeded |= above;
        exceeds || !fallen.is_empty()
    }
}

impl Monitor for Counting {
    fn observe(&mut self, happening: &Happening<'_>) -> Outcome {
        let count = self.counts.get_mut(happening.endpoint);
        let count = count.and_then(Option::as_mut);
        if matches!(happening.event, Occurred::Connect | Occurred::Disconnect) {
            if self.last.len() == TRAIL {
                self.last.remove(0);
            }
            self.last.push(happening.number);
        }
        match count.is_some_and(|count| count.changes(happening.event)) {
            true => Outcome::Violated {
                by: Culprit::Untold,
            },
            false => Outcome::Open,
        }
    }

    fn trail(&self) -> &[u64] {
        &self.last
    }

    /// There may be connections elsewhere, so that a count is too low only where all are told of.
    fn needs_everything(&self) -> bool {
        let mut counts = self.counts.iter().flatten();
        counts.any(|count| !count.bound.least.is_empty())
    }
}
