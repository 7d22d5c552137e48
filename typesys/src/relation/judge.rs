//! The walk over the pairs that a question reaches: its verdict, and every mismatch.

use std::sync::Arc;

use super::constraints::Parsed;
use super::hash::{IdMap, IdSet};
use super::pairs::{Item, Pair};
use super::{Judgement, MAX_MISMATCHES, Mismatch, Problem, Relations};
use crate::diagnostic::Step;
use crate::types::{EndpointId, ObjectId, ValueId};
use crate::verdict::Verdict;

/// What earlier questions found.
#[derive(Default)]
pub(super) struct Cache {
    /// The budget that the rest rests on.
    budget: u64,
    /// Pairs that hold, resting on no open assumption: everything they reach holds.
    holding: IdSet<Pair>,
    /// Whole answers that are not `holds`.
    answers: IdMap<Pair, Judgement>,
    /// What was found at pairs, the pairs they reach left aside.
    items: IdMap<Pair, Arc<[Item]>>,
    /// Value pairs whose conversion drops no field.
    pub(super) lossless: IdSet<(ValueId, ValueId)>,
    /// Parsed constraints: C, then C′.
    pub(super) endpoints: IdMap<EndpointId, [Arc<[Parsed]>; 2]>,
    /// Parsed constraints: C, then C′.
    pub(super) objects: IdMap<ObjectId, [Arc<[Parsed]>; 2]>,
}

/// Pairs that are walked again, all told, because several trails lead to their mismatches.
const MAX_REPETITIONS: usize = 4_096;

/// Pairs that one question may reach; two recursive types reach the product of their sizes.
pub(super) const MAX_PAIRS: usize = 100_000;

/// Steps in the trails of one judgement, all told; a judgement has one trail, however long.
const MAX_STEPS: usize = 65_536;

/// A pair that is being walked.
struct Frame {
    pair: Pair,
    items: Arc<[Item]>,
    next: usize,
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
}

impl Found {
    fn is_full(&self) -> bool {
        self.mismatches.len() >= MAX_MISMATCHES || self.steps >= MAX_STEPS
    }

    /// Adds a mismatch of the topmost frame; where there are too many, refutations are kept rather
    /// than doubts.
    fn push(&mut self, mismatch: &Mismatch, stack: &[Frame]) {
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
        let mut trail: Vec<Step> = stack
            .iter()
            .filter_map(|frame| frame.step.clone())
            .collect();
        trail.extend(mismatch.trail.iter().cloned());
        self.steps += trail.len();
        let flips = stack.iter().filter(|frame| frame.flipped).count();
        self.mismatches.push(Mismatch {
            trail,
            problem: mismatch.problem.clone(),
            left_at_fault: mismatch.left_at_fault ^ (flips % 2 == 1),
        });
    }
}

impl Relations<'_> {
    /// Answers a question. The verdict is the minimum over all pairs reached, the first one where
    /// several are equal. Walking a pair again, for another trail to it, changes nothing in that.
    pub(super) fn judge(&mut self, root: Pair) -> Judgement {
        if self.cache.budget != self.budget {
            self.cache = Cache {
                budget: self.budget,
                ..Cache::default()
            };
        }
        if root.is_reflexive() || self.cache.holding.contains(&root) {
            return Judgement::holds();
        }
        if let Some(answer) = self.cache.answers.get(&root) {
            return answer.clone();
        }

        let mut verdict = Verdict::Holds;
        let mut found = Found::default();
        let mut repetitions = 0;
        let mut states = IdMap::from_iter([(root, State::Open)]);
        let mut stack = vec![self.frame(root, None, false)];
        while let Some(top) = stack.last_mut() {
            let items = top.items.clone();
            let Some(item) = items.get(top.next) else {
                let at_fault = top.at_fault;
                states.insert(top.pair, State::Left { at_fault });
                stack.pop();
                if let Some(below) = stack.last_mut() {
                    below.at_fault |= at_fault;
                }
                continue;
            };
            top.next += 1;
            match item {
                Item::Problem(mismatch) => {
                    top.at_fault = true;
                    verdict = verdict.and(mismatch.problem.verdict());
                    found.push(mismatch, &stack);
                    if found.is_full() && verdict.fails() {
                        // Nothing could change the verdict.
                        break;
                    }
                }
                Item::Part {
                    step,
                    pair,
                    flipped,
                } => {
                    if pair.is_reflexive() || self.cache.holding.contains(pair) {
                        continue;
                    }
                    match states.get(pair) {
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
                    if states.len() >= MAX_PAIRS && !states.contains_key(pair) {
                        let mismatch = Mismatch {
                            trail: Vec::new(),
                            problem: Problem::TooLarge,
                            left_at_fault: true,
                        };
                        verdict = verdict.and(mismatch.problem.verdict());
                        found.push(&mismatch, &[]);
                        break;
                    }
                    states.insert(*pair, State::Open);
                    let frame = self.frame(*pair, step.clone(), *flipped);
                    stack.push(frame);
                }
            }
        }

        if verdict.holds() {
            for pair in states.keys() {
                self.cache.items.remove(pair);
            }
            self.cache.holding.extend(states.into_keys());
            return Judgement::holds();
        }
        let answer = Judgement {
            verdict,
            mismatches: found.mismatches,
        };
        self.cache.answers.insert(root, answer.clone());
        answer
    }

    fn frame(&mut self, pair: Pair, step: Option<Step>, flipped: bool) -> Frame {
        let items = match self.cache.items.get(&pair) {
            Some(items) => items.clone(),
            None => {
                let items: Arc<[Item]> = self.items(pair).into();
                self.cache.items.insert(pair, items.clone());
                items
            }
        };
        Frame {
            pair,
            items,
            next: 0,
            step,
            flipped,
            at_fault: false,
        }
    }
}
