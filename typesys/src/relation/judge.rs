//! The walk over the pairs that a question reaches: its verdict. What to tell of it is looked for
//! only where somebody wants to know (`explain`).

use super::hash::{IdMap, IdSet};
use super::pairs::{Demands, Pair};
use super::{Mismatch, Relations};
use crate::diagnostic::Step;
use crate::graph::Graph;
use crate::types::{TypeId, Types};
use crate::verdict::{Reason, Verdict};

/// Pairs that are compared by their ids alone, however few types they are made of.
const MAX_PLAIN: usize = 4_096;
/// Beyond these, pairs for each type that they are made of: it costs about as much to find out which
/// types are equal as to compare some pairs of each.
const MAX_PLAIN_OF_A_TYPE: usize = 4;

/// Pairs that one question may reach, structurally equal ones counted once: every part of the left
/// side with every part of the right one, where both have a thousand.
pub(super) const MAX_PAIRS: usize = 1_000_000;

/// What tells one pair from another on a walk.
pub(super) enum Keys {
    /// The ids: equal types may have several.
    Ids,
    /// Structure: each type's first structural equal, by id.
    Classes(IdMap<TypeId, TypeId>),
}

impl Keys {
    /// By structure, for the pairs that can be reached from this one.
    pub(super) fn classes(types: &Types, root: Pair) -> Keys {
        let graph = Graph::reachable(types, root.sides());
        let mut first: Vec<Option<TypeId>> = vec![None; graph.nodes.len()];
        let classes = graph.classes().into_iter().zip(&graph.nodes);
        let keys = classes.map(|(class, id)| (*id, *first[class as usize].get_or_insert(*id)));
        Keys::Classes(keys.collect())
    }

    /// The pair that stands for all those that are told apart from others only by their ids. What
    /// holds of it holds of them: no relation looks at more than structure.
    pub(super) fn of(&self, pair: Pair) -> Pair {
        match self {
            Keys::Ids => pair,
            Keys::Classes(keys) => pair.with_sides(pair.sides().map(|id| keys[&id])),
        }
    }

    /// Pairs that a walk may reach, if a question may reach so many.
    pub(super) fn most(&self, max_pairs: usize) -> usize {
        match self {
            Keys::Ids => MAX_PLAIN.min(max_pairs),
            Keys::Classes(_) => max_pairs,
        }
    }
}

/// The demands of a pair of which nobody wants to be told: its parts go where the walk takes them.
struct Bare<'w> {
    verdict: Verdict,
    open: &'w mut Vec<Pair>,
}

impl Demands for Bare<'_> {
    fn part(&mut self, _: impl FnOnce() -> Option<Step>, pair: Pair, _: bool) {
        self.open.push(pair);
    }

    fn problem(&mut self, verdict: Verdict, _: impl FnOnce() -> Mismatch) {
        let so_far = std::mem::replace(&mut self.verdict, Verdict::Holds);
        self.verdict = so_far.and(verdict);
    }
}

impl Relations<'_> {
    /// Forgets what was found with other formalisms or budgets.
    pub(super) fn rest_on_settings(&mut self) {
        let settings = (self.budget, self.queued);
        self.known
            .rest_on(self.formalisms, settings, self.max_pairs);
    }

    /// The verdict on a question: the minimum over all pairs reached, the first one where several
    /// are equal.
    ///
    /// It does not depend on what was asked before. Pairs that are known to hold are not walked
    /// again, since nothing is wrong with anything that they reach; but they count, all that their
    /// walk has reached, and where that comes to too many pairs all of them are walked. So an answer
    /// `unknown` for want of steps is the one that the question alone would get.
    pub(super) fn verdict(&mut self, root: Pair) -> Verdict {
        self.rest_on_settings();
        if root.is_reflexive() {
            return Verdict::Holds;
        }
        if let Some(verdict) = self.known.verdict(root) {
            return verdict;
        }
        let verdict = self.walk(root, &Keys::Ids).unwrap_or_else(|| {
            let keys = Keys::classes(self.types, root);
            let too_large = Verdict::Unknown(Reason::Budget);
            self.walk(root, &keys).unwrap_or(too_large)
        });
        if !verdict.holds() {
            self.known.add_other(root, verdict.clone());
        }
        verdict
    }

    /// The verdict on what is reached from `root`, unless there is too much of it. The order is that
    /// of `explain`: the parts of a pair one after the other, each with all that it reaches.
    fn walk(&mut self, root: Pair, keys: &Keys) -> Option<Verdict> {
        let plain = matches!(keys, Keys::Ids);
        let mut most = keys.most(self.max_pairs);
        let mut verdict = Verdict::Holds;
        let mut visited = IdSet::default();
        let mut walks = IdSet::default();
        let mut reached_before = 0;
        let mut open = vec![root];
        while let Some(pair) = open.pop() {
            let key = keys.of(pair);
            if key.is_reflexive() {
                continue;
            }
            if plain && let Some(walk) = self.known.walk(pair) {
                if walks.insert(walk) {
                    reached_before += self.known.reached(walk);
                }
            } else if visited.insert(key) {
                let start = open.len();
                let mut demands = Bare {
                    verdict: Verdict::Holds,
                    open: &mut open,
                };
                self.demands(pair, &mut demands);
                verdict = verdict.and(demands.verdict);
                open[start..].reverse();
            }
            if plain && visited.len() > most && is_thin(&visited) {
                // Asked again only after as many pairs again.
                most = (2 * most).min(self.max_pairs);
            }
            if visited.len() > most || visited.len() + reached_before > self.max_pairs {
                return None;
            }
            if verdict.fails() {
                return Some(verdict);
            }
        }
        if verdict.holds() {
            let reached = visited.len() + reached_before;
            visited.insert(root);
            self.known.add_walk(visited, reached);
        }
        Some(verdict)
    }
}

/// Whether pairs are few for the types that they are made of, as those of large types are that were
/// declared alike; by structure there would hardly be fewer of them.
fn is_thin(pairs: &IdSet<Pair>) -> bool {
    let types: IdSet<TypeId> = pairs.iter().flat_map(|pair| pair.sides()).collect();
    pairs.len() <= MAX_PLAIN_OF_A_TYPE * types.len()
}
