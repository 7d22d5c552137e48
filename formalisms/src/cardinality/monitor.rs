//! Monitors of cardinalities: a count for each endpoint and, where single proxies are meant, for each
//! of these; and whether each lower bound was reached.
//!
//! What is said of some proxy is broken by no beginning of a history: another proxy may come, and keep
//! it. What is said of every proxy is broken as soon as one of them breaks it.
//!
//! A proxy is at one node, so its counts follow from the order there. How many connections of several
//! nodes there were at a time does not, where no order between nodes is known. Whatever it was, there
//! were as many at some time as each node had at most, and in the end as many as all have then; and
//! never more than the most of all nodes together.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::formalism::{EndpointStructure, Structure};
use liveobj_types::monitor::{Culprit, Happening, Monitor, Occurred, Outcome};

use super::{Bound, Bounds};

/// How many happenings are remembered.
const TRAIL: usize = 8;

/// The counts of a formula's endpoints.
pub(super) struct Counting {
    /// By position of the endpoint in the structure.
    counts: Vec<Option<Counted>>,
    /// The numbers of the last connections that began or ended.
    last: Vec<u64>,
    /// Whether happenings of several nodes come in no order.
    apart: bool,
    /// What was broken last.
    broken_by: Vec<u64>,
    undecided: u64,
}

/// The counts of an endpoint.
struct Counted {
    /// Of all connections together, and what is said of them.
    total: Count,
    bound: Bound,
    /// Of each proxy, by its number.
    each: Bound,
    proxies: BTreeMap<u64, Count>,
    /// Of each node, where they are apart.
    nodes: BTreeMap<u32, OfNode>,
    /// What led to it where the total broke its bound in the order told, and that was not told yet.
    broken: Option<Vec<u64>>,
}

/// The connections of one node.
#[derive(Default)]
struct OfNode {
    now: u64,
    most: u64,
    /// Whether one of them has ended.
    ended: bool,
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
    /// The formula speaks of an endpoint that the structure lacks.
    pub(super) fn new(bounds: &Bounds, structure: &Structure) -> Result<Counting, String> {
        let endpoints: Vec<&EndpointStructure> = match structure {
            Structure::Undeclared => return Err("its endpoints are not declared".to_owned()),
            Structure::Endpoint(endpoint) => vec![endpoint],
            Structure::Object(endpoints) => endpoints.values().collect(),
        };
        let counts = endpoints.iter().map(|endpoint| {
            let counted = bounds.0.get(&endpoint.name)?;
            Some(Counted {
                total: Count::new(&counted.total),
                bound: counted.total.clone(),
                each: counted.each.clone(),
                proxies: BTreeMap::new(),
                nodes: BTreeMap::new(),
                broken: None,
            })
        });
        let counts: Vec<_> = counts.collect();
        let found = counts.iter().flatten().count();
        match found == bounds.0.len() {
            true => Ok(Counting {
                counts,
                last: Vec::new(),
                apart: false,
                broken_by: Vec::new(),
                undecided: 0,
            }),
            false => Err("it names an endpoint that its type does not have".to_owned()),
        }
    }
}

impl Counted {
    /// Whether a bound is broken now that was not before. Where nodes are apart, those of all
    /// connections together are left for the end; `last` led here.
    fn changes(&mut self, happening: &Happening<'_>, apart: bool, last: &[u64]) -> bool {
        let mut total = self.total.changes(happening.event);
        if apart {
            let node = self.nodes.entry(happening.node).or_default();
            match happening.event {
                Occurred::Connect => node.now += 1,
                Occurred::Disconnect => {
                    node.now = node.now.saturating_sub(1);
                    node.ended = true;
                }
                _ => {}
            }
            node.most = node.most.max(node.now);
            if total && self.broken.is_none() {
                self.broken = Some(last.to_vec());
            }
            total = false;
        }
        if self.each == Bound::default() {
            return total;
        }
        let each = &self.each;
        let proxy = self.proxies.entry(happening.proxy);
        let proxy = proxy.or_insert_with(|| Count::new(each));
        proxy.changes(happening.event) || total
    }

    /// What can be said of all connections together in the end: what led to it where they break a
    /// bound, and how many bounds nobody can tell of.
    fn conclude(&mut self, cut_off: &[u32]) -> (Option<Vec<u64>>, u64) {
        let broken = self.broken.take();
        if self.nodes.len() < 2 {
            return (broken, 0);
        }
        let bound = &self.bound;
        let together: u64 = self.nodes.values().map(|node| node.most).sum();
        // Nobody knows what has ended in the end where a record was cut off.
        let whole = self.nodes.iter().filter(|it| !cut_off.contains(it.0));
        let last: u64 = whole.map(|(_, node)| node.now).sum();
        let most = self.nodes.values().map(|node| node.most).max();
        if !bound.allows(last.max(most.unwrap_or(0))) {
            return (Some(broken.unwrap_or_default()), 0);
        }
        let above = !bound.allows(together);
        let ended = self.nodes.values().any(|node| node.ended);
        let reached = bound.least.range(..=together).count() as u64;
        let below = if ended { reached } else { 0 };
        (None, u64::from(above) + below)
    }
}

impl Count {
    fn new(bound: &Bound) -> Count {
        Count {
            bound: bound.clone(),
            now: 0,
            gone: 0,
            reached: BTreeSet::new(),
            exceeded: false,
        }
    }

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

/// Where connections begin or end, nobody can tell who broke it.
const BROKEN: Outcome = Outcome::Violated {
    by: Culprit::Untold,
};

impl Monitor for Counting {
    fn observe(&mut self, happening: &Happening<'_>) -> Outcome {
        let count = self.counts.get_mut(happening.endpoint);
        let Some(count) = count.and_then(Option::as_mut) else {
            return Outcome::Open;
        };
        if matches!(happening.event, Occurred::Connect | Occurred::Disconnect) {
            if self.last.len() == TRAIL {
                self.last.remove(0);
            }
            self.last.push(happening.number);
        }
        match count.changes(happening, self.apart, &self.last) {
            true => {
                self.broken_by.clone_from(&self.last);
                BROKEN
            }
            false => Outcome::Open,
        }
    }

    fn trail(&self) -> &[u64] {
        &self.broken_by
    }

    /// There may be connections elsewhere, so that a count is too low only where all are told of.
    fn needs_everything(&self) -> bool {
        let mut counts = self.counts.iter().flatten();
        counts.any(|count| !count.total.bound.least.is_empty())
    }

    fn needs_whole_proxies(&self) -> bool {
        let mut counts = self.counts.iter().flatten();
        counts.any(|count| !count.each.least.is_empty())
    }

    fn of_several_nodes(mut self: Box<Self>) -> Result<Box<dyn Monitor>, String> {
        self.apart = true;
        Ok(self)
    }

    fn conclude(&mut self, cut_off: &[u32]) -> Outcome {
        let mut undecided = 0;
        for count in self.counts.iter_mut().flatten().filter(|_| self.apart) {
            let (broken, open) = count.conclude(cut_off);
            undecided += open;
            if let Some(trail) = broken {
                // Told once.
                count.nodes.clear();
                self.broken_by = trail;
                return BROKEN;
            }
        }
        self.undecided = undecided;
        Outcome::Open
    }

    fn undecided(&self) -> u64 {
        self.undecided
    }
}
