//! What is left of `right` when the provider has run ahead of it.
//!
//! Asynchronous subtyping compares a state of `left` with a *rest* of `right`: a finite tree of
//! inputs, the messages that are on their way, whose leaves are states of `right`. (The sources
//! write A[S₁…Sₙ], with an input context A.) To emit an event from a rest is to find it behind
//! every branch: each leaf, unfolded as far as its first outputs, must have it.

use std::collections::{BTreeMap, HashMap};

use super::protocol::{Kind, Protocol, StateId};

/// A number of a rest.
pub(super) type RestId = usize;

/// Why an event cannot be emitted from a rest: the branch that forbids it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// Behind these inputs is a state that does not have the event, or the end.
    Absent(Vec<String>),
    /// Behind the first inputs the second ones can repeat for ever without any output.
    Never(Vec<String>, Vec<String>),
}

/// A rest of `right`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Rest {
    /// As the protocol has it.
    State(StateId),
    /// One of these events is the next to be handled; the number is what follows it. Sorted by
    /// event.
    Inputs(Box<[(Event, RestId)]>),
}

/// A number of an event, in the order of the names.
pub(super) type Event = u32;

/// All rests that have been met; equal ones have the same number.
pub(super) struct Rests<'p> {
    protocol: &'p Protocol,
    events: Vec<&'p str>,
    number: BTreeMap<&'p str, Event>,
    rests: Vec<Rest>,
    known: HashMap<Rest, RestId>,
    emitted: HashMap<(RestId, Event), Emission>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Emission {
    /// Being looked for.
    Pending,
    /// What is left, if each branch has the event.
    Done(Option<RestId>),
}

impl<'p> Rests<'p> {
    /// None yet. `events` are all names that are used.
    pub(super) fn new(protocol: &'p Protocol, events: Vec<&'p str>) -> Rests<'p> {
        let number = events.iter().copied().zip(0..).collect();
        Rests {
            protocol,
            events,
            number,
            rests: Vec::new(),
            known: HashMap::new(),
            emitted: HashMap::new(),
        }
    }

    pub(super) fn protocol(&self) -> &'p Protocol {
        self.protocol
    }

    pub(super) fn event(&self, name: &str) -> Event {
        self.number[name]
    }

    pub(super) fn name(&self, event: Event) -> &'p str {
        self.events[event as usize]
    }

    pub(super) fn get(&self, rest: RestId) -> &Rest {
        &self.rests[rest]
    }

    pub(super) fn len(&self) -> usize {
        self.rests.len()
    }

    pub(super) fn state(&mut self, state: StateId) -> RestId {
        self.intern(Rest::State(state))
    }

    fn intern(&mut self, rest: Rest) -> RestId {
        *self.known.entry(rest.clone()).or_insert_with(|| {
            self.rests.push(rest);
            self.rests.len() - 1
        })
    }

    /// What the rest does first.
    pub(super) fn kind(&self, rest: RestId) -> Kind {
        match &self.rests[rest] {
            Rest::State(state) => self.protocol.states()[*state].kind,
            Rest::Inputs(_) => Kind::Input,
        }
    }

    /// What can be handled next, and what follows; empty if the rest does something else first.
    pub(super) fn handled(&mut self, rest: RestId) -> Vec<(Event, RestId)> {
        let state = match &self.rests[rest] {
            Rest::Inputs(next) => return next.to_vec(),
            Rest::State(state) => &self.protocol.states()[*state],
        };
        let inputs = state.next.iter().filter(|_| state.kind == Kind::Input);
        let next = inputs.map(|(event, next)| (self.number[event.as_str()], self.state(*next)));
        next.collect()
    }

    /// What is left when `event` has been emitted; none if some branch does not have it.
    pub(super) fn emit(&mut self, rest: RestId, event: Event) -> Option<RestId> {
        let mut path = vec![rest];
        while let Some(&top) = path.last() {
            if let Some(Emission::Done(_)) = self.emitted.get(&(top, event)) {
                path.pop();
                continue;
            }
            self.emitted.insert((top, event), Emission::Pending);
            let next = self.handled(top);
            let found = next
                .iter()
                .map(|(_, rest)| self.emitted.get(&(*rest, event)));
            let done = match found.collect::<Option<Vec<_>>>() {
                // A rest below itself: inputs without end, of which none leads to the event.
                Some(found) if found.contains(&&Emission::Pending) => None,
                Some(found) if !found.is_empty() => {
                    let done = |(rest, emission): (&(Event, RestId), &&Emission)| match emission {
                        Emission::Done(Some(after)) => Some((rest.0, *after)),
                        _ => None,
                    };
                    let next: Option<Box<[_]>> = next.iter().zip(&found).map(done).collect();
                    next.map(|next| self.intern(Rest::Inputs(next)))
                }
                Some(_) => self.emit_at_once(top, event),
                None => {
                    let unknown = |rest: &RestId| !self.emitted.contains_key(&(*rest, event));
                    let first = next.into_iter().map(|(_, rest)| rest).find(unknown);
                    path.extend(first);
                    continue;
                }
            };
            self.emitted.insert((top, event), Emission::Done(done));
            path.pop();
        }
        match self.emitted[&(rest, event)] {
            Emission::Done(done) => done,
            Emission::Pending => None,
        }
    }

    fn emit_at_once(&mut self, rest: RestId, event: Event) -> Option<RestId> {
        let Rest::State(state) = self.rests[rest] else {
            return None;
        };
        let state = &self.protocol.states()[state];
        let next = state.next.get(self.name(event)).copied();
        next.filter(|_| state.kind == Kind::Output)
            .map(|next| self.state(next))
    }

    /// Why [`Rests::emit`] has found nothing.
    pub(super) fn obstacle(&mut self, rest: RestId, event: Event) -> Obstacle {
        let mut path = Vec::new();
        let mut met = vec![rest];
        loop {
            let at = *met.last().expect("the path begins somewhere");
            let next = self.handled(at).into_iter();
            let blocked = next.filter(|(_, rest)| {
                !matches!(
                    self.emitted.get(&(*rest, event)),
                    Some(Emission::Done(Some(_)))
                )
            });
            let Some((input, next)) = { blocked }.next() else {
                return Obstacle::Absent(path);
            };
            path.push(self.name(input).to_owned());
            if let Some(begin) = met.iter().position(|known| *known == next) {
                let cycle = path.split_off(begin);
                return Obstacle::Never(path, cycle);
            }
            met.push(next);
        }
    }
}
