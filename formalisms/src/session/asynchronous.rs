//! Asynchronous subtyping: sound both ways, and often decided.
//!
//! The relation is the ordinary one that leaves no message orphaned (Mostrous and Yoshida,
//! Information and Computation 2015; Chen, Dezani-Ciancaglini, Scalas and Yoshida, LMCS 2017), as
//! a game on pairs of a state of `left` and a rest of `right` (see `buffer`):
//!
//! - `left` has ended: so has the rest.
//! - `left` handles: the rest handles next too, no event that `left` does not, and the pairs that
//!   each of the rest's events leads to are related.
//! - `left` emits: each of its events can be emitted from the rest, and the pairs behind are
//!   related. If inputs stand before the event in the rest, `left` handles something after it on
//!   every path, so that the messages that are on their way do not stay there.
//!
//! A pair leads to finitely many others in one way only, so `left ≤ right` fails exactly if a pair
//! that breaks a rule can be reached. It is undecidable in general (Bravetti, Carbone and Zavattaro
//! 2017; Lange and Yoshida 2017) since rests grow without bound. Three procedures take turns:
//!
//! 1. The pairs are searched breadth-first. A broken rule refutes, with a shortest run; an end of
//!    the search, all rules kept, proves.
//! 2. Rests are taken together if they look alike from above (see `cover`): finitely many classes,
//!    which are closed under all steps. If no class breaks a rule, none of its members does.
//! 3. What holds synchronously holds.
//!
//! The first two look at dual `right` ≤ dual `left` as well, where rests are other trees. That is
//! the same question: each run that refutes one of them is a run of `left` together with its peer,
//! dual `right`, in which somebody meets what it does not expect, or waits for what never comes,
//! or is sent what it never handles; and the other way round. That says nothing about which of the
//! two is called the provider.
//!
//! The classes get finer each turn. Which turns there are depends on the budget alone.

use std::collections::{BTreeSet, HashMap, VecDeque};

use liveobj_types::verdict::Reason;

use super::buffer::{Event, Obstacle, Rest, RestId, Rests};
use super::cover;
use super::protocol::{Kind, Protocol, StateId};
use super::run::{Run, Step};
use super::synchronous;
use crate::Budget;

/// Steps of the first turn; each turn has twice as many as the one before.
const FIRST_TURN: u64 = 2_000;

/// Steps that a new rest costs: it takes memory for as long as the search lasts.
const REST_COST: usize = 8;

/// A run that refutes `left ≤ right`; none if that holds.
pub(super) fn refute(
    left: &Protocol,
    right: &Protocol,
    budget: &mut Budget,
) -> Result<Option<Run>, Reason> {
    if synchronous::refute(left, right, budget)?.is_none() {
        return Ok(None);
    }
    let (turned_left, turned_right) = (right.dual(), left.dual());
    let mut sides = [
        Search::new(left, right),
        Search::new(&turned_left, &turned_right),
    ];
    for turn in 1.. {
        let steps = FIRST_TURN << turn.min(40);
        for (number, search) in sides.iter_mut().enumerate() {
            match budget.lend(steps, |budget| search.go_on(budget))? {
                Some(None) => return Ok(None),
                // The other side shows the same in its own words.
                Some(run) if number == 0 => return Ok(run),
                _ => {}
            }
            for (depth, period) in cover::finenesses(turn) {
                let covers = budget.lend(steps, |budget| {
                    let left = (search.left, &search.handles[..]);
                    cover::covers(&mut search.rests, left, depth, period, budget)
                });
                if covers? == Some(true) {
                    return Ok(None);
                }
            }
        }
    }
    Err(Reason::Budget)
}

/// Of each state, whether on every path from it something is handled (& ∈ T in the sources).
fn handles(protocol: &Protocol) -> Vec<bool> {
    let states = protocol.states();
    let mut before: Vec<Vec<StateId>> = vec![Vec::new(); states.len()];
    let mut open: Vec<usize> = states.iter().map(|state| state.next.len()).collect();
    let mut handles = vec![false; states.len()];
    let mut found = Vec::new();
    for (id, state) in states.iter().enumerate() {
        match state.kind {
            Kind::Input => found.push(id),
            Kind::Output => state.next.values().for_each(|next| before[*next].push(id)),
            Kind::End => {}
        }
    }
    while let Some(id) = found.pop() {
        handles[id] = true;
        for before in &before[id] {
            open[*before] -= 1;
            if open[*before] == 0 {
                found.push(*before);
            }
        }
    }
    handles
}

type Pair = (StateId, RestId);

/// The search among pairs, which can be interrupted.
struct Search<'p> {
    left: &'p Protocol,
    /// Of each state of `left`, whether on every path from it something is handled.
    handles: Vec<bool>,
    rests: Rests<'p>,
    /// The pair and the event that led to each pair that was met.
    from: HashMap<Pair, Option<(Pair, Event)>>,
    queue: VecDeque<Pair>,
}

impl<'p> Search<'p> {
    fn new(left: &'p Protocol, right: &'p Protocol) -> Search<'p> {
        let states = left.states().iter().chain(right.states());
        let events: BTreeSet<&str> = states
            .flat_map(|state| state.next.keys().map(String::as_str))
            .collect();
        let mut rests = Rests::new(right, events.into_iter().collect());
        let first = (0, rests.state(0));
        Search {
            left,
            handles: handles(left),
            rests,
            from: HashMap::from([(first, None)]),
            queue: VecDeque::from([first]),
        }
    }

    /// Searches on: a run to a broken rule, or none if all pairs keep theirs.
    ///
    /// # Errors
    ///
    /// The budget did not suffice.
    fn go_on(&mut self, budget: &mut Budget) -> Result<Option<Run>, Reason> {
        while let Some(pair) = self.queue.front().copied() {
            budget.take(1 + self.left.states()[pair.0].next.len())?;
            let known = self.rests.len();
            if let Err(run) = self.look_at(pair) {
                return Ok(Some(run));
            }
            self.queue.pop_front();
            budget.take(REST_COST * (self.rests.len() - known))?;
        }
        Ok(None)
    }

    /// Finds what a pair leads to.
    ///
    /// # Errors
    ///
    /// The pair breaks a rule: the run that shows it.
    fn look_at(&mut self, pair: Pair) -> Result<(), Run> {
        let (at, rest) = pair;
        let left = self.left;
        let state = &left.states()[at];
        match state.kind {
            Kind::End if self.rests.kind(rest) == Kind::End => {}
            Kind::Input if self.rests.kind(rest) == Kind::Input => {
                for (event, next) in self.rests.handled(rest) {
                    match state.next.get(self.rests.name(event)) {
                        Some(to) => self.meet((*to, next), pair, event),
                        None => {
                            let last = Step::Handled(self.rests.name(event).to_owned());
                            let steps = self.underway(next).into_iter().chain([last]);
                            return Err(self.run(pair, steps, Vec::new()));
                        }
                    }
                }
            }
            Kind::End | Kind::Input => {
                return Err(self.run(pair, self.underway(rest), Vec::new()));
            }
            Kind::Output => {
                let ahead = self.rests.kind(rest) == Kind::Input;
                for (name, to) in &state.next {
                    let event = self.rests.event(name);
                    let Some(next) = self.rests.emit(rest, event) else {
                        return Err(self.blocked(pair, event));
                    };
                    if ahead && !self.handles[*to] {
                        return Err(self.orphaned(pair, name, *to));
                    }
                    self.meet((*to, next), pair, event);
                }
            }
        }
        Ok(())
    }

    fn meet(&mut self, pair: Pair, before: Pair, event: Event) {
        let queue = &mut self.queue;
        self.from.entry(pair).or_insert_with(|| {
            queue.push_back(pair);
            Some((before, event))
        });
    }

    /// Messages that are on their way in a rest: one branch of it.
    fn underway(&self, mut rest: RestId) -> Vec<Step> {
        let mut steps = Vec::new();
        while let Rest::Inputs(next) = self.rests.get(rest)
            && let Some((event, next)) = next.first()
        {
            steps.push(Step::Underway(self.rests.name(*event).to_owned()));
            rest = *next;
        }
        steps
    }

    /// An event that cannot be emitted from the rest.
    fn blocked(&mut self, pair: Pair, event: Event) -> Run {
        let last = Step::Emitted(self.rests.name(event).to_owned());
        let underway = |events: Vec<String>| events.into_iter().map(Step::Underway);
        match self.rests.obstacle(pair.1, event) {
            Obstacle::Absent(inputs) => self.run(pair, underway(inputs).chain([last]), Vec::new()),
            Obstacle::Never(inputs, cycle) => {
                let cycle = underway(cycle).collect();
                self.run(pair, underway(inputs).chain([last]), cycle)
            }
        }
    }

    /// An event that is emitted before messages that are then never handled.
    fn orphaned(&mut self, pair: Pair, event: &str, to: StateId) -> Run {
        let mut steps = Vec::new();
        let mut rest = pair.1;
        while let Some((input, next)) = self.rests.handled(rest).first().copied() {
            steps.push(Step::Underway(self.rests.name(input).to_owned()));
            rest = next;
        }
        steps.push(Step::Emitted(event.to_owned()));
        let begin = steps.len();
        let mut met = vec![to];
        loop {
            let at = *met.last().expect("the path begins somewhere");
            let next = &self.left.states()[at].next;
            let Some((event, to)) = next.iter().find(|(_, to)| !self.handles[**to]) else {
                return self.run(pair, steps, Vec::new());
            };
            steps.push(Step::Emitted(event.clone()));
            if let Some(again) = met.iter().position(|known| known == to) {
                let cycle = steps.split_off(begin + again);
                return self.run(pair, steps, cycle);
            }
            met.push(*to);
        }
    }

    /// The run that led to `pair`, and what then happens.
    fn run(&self, pair: Pair, then: impl IntoIterator<Item = Step>, cycle: Vec<Step>) -> Run {
        let mut prefix = Vec::new();
        let mut at = pair;
        while let Some((before, event)) = self.from[&at] {
            let name = self.rests.name(event).to_owned();
            prefix.push(match self.left.states()[before.0].kind {
                Kind::Output => Step::Emitted(name),
                _ => Step::Handled(name),
            });
            at = before;
        }
        prefix.reverse();
        prefix.extend(then);
        Run { prefix, cycle }
    }
}

#[cfg(test)]
mod tests;
