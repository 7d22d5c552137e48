//! The walk over the pairs that a question reaches: its verdict, and every mismatch.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::constraints::Parsed;
use super::pairs::{Item, Pair};
use super::{Judgement, MAX_MISMATCHES, Mismatch, Relations};
use crate::diagnostic::Step;
use crate::types::{EndpointId, ObjectId, ValueId};
use crate::verdict::Verdict;

/// What earlier questions found.
#[derive(Default)]
pub(super) struct Cache {
    /// The budget that the rest rests on.
    budget: u64,
    /// Pairs that hold, resting on no open assumption: everything they reach holds.
    holding: HashSet<Pair>,
    /// Whole answers that are not `holds`.
    answers: HashMap<Pair, Judgement>,
    /// What was found at pairs, the pairs they reach left aside.
    items: HashMap<Pair, Arc<[Item]>>,
    /// Value pairs whose conversion drops no field.
    pub(super) lossless: HashSet<(ValueId, ValueId)>,
    /// Parsed constraints: C, then C′.
    pub(super) endpoints: HashMap<EndpointId, [Arc<[Parsed]>; 2]>,
    /// Parsed constraints: C, then C′.
    pub(super) objects: HashMap<ObjectId, [Arc<[Parsed]>; 2]>,
}

/// A pair that is being walked.
struct Frame {
    pair: Pair,
    items: Arc<[Item]>,
    next: usize,
    found: Vec<Found>,
    /// How the frame below leads here.
    step: Option<Step>,
    flipped: bool,
}

/// A mismatch, seen from some pair.
#[derive(Clone)]
struct Found {
    /// Index of the first cell of the trail.
    trail: Option<usize>,
    /// Where the mismatch is.
    items: Arc<[Item]>,
    index: usize,
    flipped: bool,
}

impl Found {
    fn mismatch(&self) -> &Mismatch {
        match &self.items[self.index] {
            Item::Problem(mismatch) => mismatch,
            Item::Part { .. } => unreachable!("only problems are pushed"),
        }
    }
}

/// Steps of trails, each with the one that follows.
type Cells = Vec<(Step, Option<usize>)>;

impl Relations<'_> {
    /// Answers a question. The verdict is the minimum over all pairs reached, the first one where
    /// several are equal; explaining it takes part in nothing.
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
        let mut cells = Cells::new();
        // What was found from a pair that is left; a pair on the stack has no entry yet.
        let mut done: HashMap<Pair, Vec<Found>> = HashMap::new();
        let mut visited = HashSet::from([root]);
        let mut stack = vec![self.frame(root, None, false)];
        let found = loop {
            let top = stack.last_mut().expect("the stack is left through `break`");
            let items = top.items.clone();
            let Some(item) = items.get(top.next) else {
                let frame = stack.pop().expect("it was just looked at");
                let Some(below) = stack.last_mut() else {
                    break frame.found;
                };
                append(
                    &mut below.found,
                    &frame.found,
                    &frame.step,
                    frame.flipped,
                    &mut cells,
                );
                if !frame.found.is_empty() {
                    done.insert(frame.pair, frame.found);
                }
                continue;
            };
            top.next += 1;
            match item {
                Item::Problem(mismatch) => {
                    verdict = verdict.and(mismatch.problem.verdict());
                    let index = top.next - 1;
                    push(
                        &mut top.found,
                        Found {
                            trail: None,
                            items,
                            index,
                            flipped: false,
                        },
                    );
                }
                Item::Part {
                    step,
                    pair,
                    flipped,
                } => {
                    if pair.is_reflexive() || self.cache.holding.contains(pair) {
                        continue;
                    }
                    if visited.insert(*pair) {
                        let (step, pair, flipped) = (step.clone(), *pair, *flipped);
                        let frame = self.frame(pair, step, flipped);
                        stack.push(frame);
                    } else if let Some(found) = done.get(pair) {
                        let (step, flipped) = (step.clone(), *flipped);
                        append(&mut top.found, found, &step, flipped, &mut cells);
                    }
                }
            }
        };

        if verdict.holds() {
            for pair in &visited {
                self.cache.items.remove(pair);
            }
            self.cache.holding.extend(visited);
            return Judgement::holds();
        }
        let mismatches = found.iter().map(|found| finish(found, &cells)).collect();
        let answer = Judgement {
            verdict,
            mismatches,
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
            found: Vec::new(),
            step,
            flipped,
        }
    }
}

/// Adds what was found from a part, seen from the pair above.
fn append(
    above: &mut Vec<Found>,
    found: &[Found],
    step: &Option<Step>,
    flipped: bool,
    cells: &mut Cells,
) {
    for found in found {
        let mut found = found.clone();
        found.flipped ^= flipped;
        if let Some(step) = step {
            cells.push((step.clone(), found.trail));
            found.trail = Some(cells.len() - 1);
        }
        push(above, found);
    }
}

/// Adds a mismatch; where there are too many, refutations are kept rather than doubts.
fn push(all: &mut Vec<Found>, found: Found) {
    let fails = |found: &Found| found.mismatch().problem.verdict().fails();
    if all.len() == MAX_MISMATCHES {
        if !fails(&found) {
            return;
        }
        let Some(doubt) = all.iter().rposition(|other| !fails(other)) else {
            return;
        };
        all.remove(doubt);
    }
    all.push(found);
}

fn finish(found: &Found, cells: &Cells) -> Mismatch {
    let mut trail = Vec::new();
    let mut next = found.trail;
    while let Some(index) = next {
        let (step, tail) = &cells[index];
        trail.push(step.clone());
        next = *tail;
    }
    let mismatch = found.mismatch();
    trail.extend(mismatch.trail.iter().cloned());
    Mismatch {
        trail,
        problem: mismatch.problem.clone(),
        left_at_fault: mismatch.left_at_fault ^ found.flipped,
    }
}
