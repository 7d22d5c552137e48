//! The walk over the pairs that a question reaches once more, for every mismatch with its trail.

use super::hash::IdMap;
use super::judge::Keys;
use super::pairs::{Demands, Pair};
use super::{Judgement, MAX_MISMATCHES, Mismatch, Problem, Relations};
use crate::diagnostic::Step;
use crate::verdict::Verdict;

/// Pairs that are walked again, all told, because several trails lead to their mismatches.
const MAX_REPETITIONS: usize = 4_096;

/// Pairs that are searched for more mismatches than the one that decides.
const MAX_SEARCHED: usize = 100_000;

/// Steps in the trails of one judgement, all told; a judgement has one trail, however long.
const MAX_STEPS: usize = 65_536;

/// The demands of a pair, with all that there is to tell.
#[derive(Default)]
pub(super) struct Told {
    pub(super) problems: Vec<Mismatch>,
    pub(super) parts: Vec<Part>,
}

pub(super) struct Part {
    pub(super) step: Option<Step>,
    pub(super) pair: Pair,
    pub(super) flipped: bool,
}

impl Demands for Told {
    fn part(&mut self, step: impl FnOnce() -> Option<Step>, pair: Pair, flipped: bool) {
        let step = step();
        self.parts.push(Part {
            step,
            pair,
            flipped,
        });
    }

    fn problem(&mut self, _: Verdict, mismatch: impl FnOnce() -> Mismatch) {
        self.problems.push(mismatch());
    }
}

/// A pair that is being walked.
struct Frame {
    key: Pair,
    parts: std::vec::IntoIter<Part>,
    /// How the frame below leads here.
    step: Option<Step>,
    flipped: bool,
    /// Whether a mismatch was found from here on.
    at_fault: bool,
}

/// Where the walk stands with a pair.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// On the stack: taken to hold.
    Open,
    /// Left; whether a mismatch was found from it on.
    Left { at_fault: bool },
}

/// The mismatches found so far.
#[derive(Default)]
struct Found {
    mismatches: Vec<Mismatch>,
    steps: usize,
    /// Whether one of them alone makes for the verdict.
    decides: bool,
}

impl Found {
    fn is_full(&self) -> bool {
        self.mismatches.len() >= MAX_MISMATCHES || self.steps >= MAX_STEPS
    }

    /// Adds a mismatch of the topmost frame; where there are too many, refutations are kept rather
    /// than doubts.
    fn push(&mut self, mut mismatch: Mismatch, stack: &[Frame]) {
        if self.is_full() {
            if !mismatch.problem.verdict().fails() {
                return;
            }
            let doubt = |other: &Mismatch| !other.problem.verdict().fails();
            let Some(doubt) = self.mismatches.iter().rposition(doubt) else {
                return;
            };
            self.mismatches.remove(doubt);
        }
        let above = stack.iter().filter_map(|frame| frame.step.clone());
        mismatch.trail = above.chain(mismatch.trail).collect();
        self.steps += mismatch.trail.len();
        let flips = stack.iter().filter(|frame| frame.flipped).count();
        mismatch.left_at_fault ^= flips % 2 == 1;
        self.mismatches.push(mismatch);
    }
}

impl Relations<'_> {
    /// Answers a question: the verdict, and what makes for it.
    pub(super) fn judge(&mut self, root: Pair) -> Judgement {
        let verdict = self.verdict(root);
        if verdict.holds() {
            return Judgement::holds();
        }
        let found = self.explain(root, &Keys::Ids, &verdict);
        let found = found.unwrap_or_else(|| {
            let keys = Keys::classes(self.types, root);
            self.explain(root, &keys, &verdict).unwrap_or_default()
        });
        let mut mismatches = found.mismatches;
        if mismatches.is_empty() {
            // Only where there was too much to be walked is there nothing to be found.
            mismatches.push(Mismatch {
                trail: Vec::new(),
                problem: Problem::TooLarge,
                left_at_fault: true,
            });
        }
        Judgement {
            verdict,
            mismatches,
        }
    }

    /// What makes for `verdict`, unless there is too much to be walked. Walking a pair again, for
    /// another trail to it, finds nothing new.
    fn explain(&mut self, root: Pair, keys: &Keys, verdict: &Verdict) -> Option<Found> {
        let most = keys.most(self.max_pairs);
        let mut found = Found::default();
        let mut repetitions = 0;
        let mut states: IdMap<Pair, State> = IdMap::default();
        let mut stack: Vec<Frame> = Vec::new();
        let mut next = Some(Part {
            step: None,
            pair: root,
            flipped: false,
        });
        loop {
            if let Some(part) = next.take() {
                let key = keys.of(part.pair);
                states.insert(key, State::Open);
                let mut told = Told::default();
                self.demands(part.pair, &mut told);
                stack.push(Frame {
                    key,
                    parts: told.parts.into_iter(),
                    step: part.step,
                    flipped: part.flipped,
                    at_fault: !told.problems.is_empty(),
                });
                for mismatch in told.problems {
                    let alone = mismatch.problem.verdict();
                    found.decides |= alone.fails() || !verdict.fails();
                    found.push(mismatch, &stack);
                }
                if found.is_full() && found.decides {
                    return Some(found);
                }
            }
            let Some(top) = stack.last_mut() else {
                return Some(found);
            };
            let Some(part) = top.parts.next() else {
                let (key, at_fault) = (top.key, top.at_fault);
                states.insert(key, State::Left { at_fault });
                stack.pop();
                if let Some(below) = stack.last_mut() {
                    below.at_fault |= at_fault;
                }
                continue;
            };
            let key = keys.of(part.pair);
            if key.is_reflexive() || self.known.walk(part.pair).is_some() {
                continue;
            }
            match states.get(&key) {
                None if states.len() >= most => return None,
                None if states.len() >= MAX_SEARCHED && (found.decides || !verdict.fails()) => {
                    return Some(found);
                }
                None => {}
                Some(State::Left { at_fault: true }) => {
                    top.at_fault = true;
                    if found.is_full() || repetitions == MAX_REPETITIONS {
                        continue;
                    }
                    repetitions += 1;
                }
                Some(State::Open | State::Left { at_fault: false }) => continue,
            }
            next = Some(part);
        }
    }
}
