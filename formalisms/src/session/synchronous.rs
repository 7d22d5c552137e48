//! Synchronous subtyping, decided exactly.
//!
//! The relation of semantics, section 8 (Gay and Hole, Acta Informatica 2005; in the direction in
//! which the subtype is the process that may replace): the greatest one such that related protocols
//! end together, or both choose, the left one among no more events, or both offer, the left one
//! no fewer. Whether a pair is in it depends on finitely many pairs of states, each of which is
//! looked at once; a pair that breaks the rule is reached by a run that shows it.

use std::collections::{BTreeMap, VecDeque};

use liveobj_types::verdict::Reason;

use super::protocol::{Kind, Protocol, StateId};
use super::run::{Run, Step};
use crate::Budget;

type Pair = (StateId, StateId);

/// A shortest run that refutes `left ≤ right`; none if that holds.
pub(super) fn refute(
    left: &Protocol,
    right: &Protocol,
    budget: &mut Budget,
) -> Result<Option<Run>, Reason> {
    let mut from: BTreeMap<Pair, Option<(Pair, Step)>> = BTreeMap::from([((0, 0), None)]);
    let mut queue = VecDeque::from([(0, 0)]);
    while let Some(pair) = queue.pop_front() {
        let (s, t) = (&left.states()[pair.0], &right.states()[pair.1]);
        budget.take(1 + s.next.len() + t.next.len())?;
        let step = |event: &String| match s.kind {
            Kind::Output => Step::Emitted(event.clone()),
            _ => Step::Handled(event.clone()),
        };
        // The side that chooses may choose no more than the other one can take.
        let (chosen, taken) = match s.kind {
            Kind::Output => (&s.next, &t.next),
            _ => (&t.next, &s.next),
        };
        let broken = match s.kind {
            _ if s.kind == t.kind => chosen.keys().find(|event| !taken.contains_key(*event)),
            Kind::Output => s.next.keys().next(),
            _ => None,
        };
        if let Some(event) = broken {
            return Ok(Some(run(&from, pair, Some(step(event)))));
        }
        if s.kind != t.kind {
            return Ok(Some(run(&from, pair, None)));
        }
        for (event, next) in chosen {
            let next = match s.kind {
                Kind::Output => (*next, taken[event]),
                _ => (taken[event], *next),
            };
            from.entry(next).or_insert_with(|| {
                queue.push_back(next);
                Some((pair, step(event)))
            });
        }
    }
    Ok(None)
}

/// The run that led to `pair`, and one more step.
fn run(from: &BTreeMap<Pair, Option<(Pair, Step)>>, mut pair: Pair, last: Option<Step>) -> Run {
    let mut prefix: Vec<Step> = last.into_iter().collect();
    while let Some((before, step)) = &from[&pair] {
        prefix.push(step.clone());
        pair = *before;
    }
    prefix.reverse();
    Run {
        prefix,
        cycle: Vec::new(),
    }
}
