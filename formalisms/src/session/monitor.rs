//! Monitors of sessions: who follows a protocol, event by event.
//!
//! For `session` each event has to be one that the protocol has there. For `async_session` either
//! side may send ahead of what the other has still to send, as far as asynchronous subtyping lets
//! it: its event has to be one that it could send after whatever the other may choose meanwhile.
//! What is ahead is kept as a word. Where the other could go on for ever without coming to it, it
//! is let pass, so that what is told to be broken is so for every protocol that is a subtype.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::formalism::EndpointStructure;
use liveobj_types::monitor::Occurred;

use super::protocol::{Kind, Protocol, StateId};
use crate::watch::{Letters, Step, Steps};

/// How many events may be ahead of the protocol before it is given up.
const MAX_AHEAD: usize = 64;

/// A protocol over the letters of an endpoint.
pub(super) struct Following {
    states: Vec<Choice>,
    events: Vec<Occurred>,
    buffered: bool,
}

/// One state.
struct Choice {
    kind: Kind,
    /// What each letter leads to.
    next: BTreeMap<usize, StateId>,
}

/// Where a conversation is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    state: StateId,
    /// Letters that are ahead of the protocol. The first of them is not one of the state's: there
    /// it is the other side's turn, or nobody's.
    ahead: Vec<usize>,
}

impl Following {
    pub(super) fn new(
        protocol: &Protocol,
        endpoint: &EndpointStructure,
        buffered: bool,
    ) -> Following {
        let letters = Letters::of(endpoint);
        let states = protocol.states().iter().map(|state| {
            let next = state.next.iter().filter_map(|(event, next)| {
                let occurred = match state.kind {
                    Kind::Output => Occurred::Emitted(position(&endpoint.emitted, event)?),
                    _ => Occurred::Handled(position(&endpoint.received, event)?),
                };
                Some((letters.letter(occurred)?, *next))
            });
            Choice {
                kind: state.kind,
                next: next.collect(),
            }
        });
        Following {
            states: states.collect(),
            events: letters.events().collect(),
            buffered,
        }
    }

    /// Whose events a letter is among.
    fn kind(&self, letter: usize) -> Option<Kind> {
        match self.events[letter] {
            Occurred::Emitted(_) => Some(Kind::Output),
            Occurred::Handled(_) => Some(Kind::Input),
            Occurred::Connect | Occurred::Disconnect | Occurred::Gone => None,
        }
    }

    /// Takes from what is ahead what is due. None if something else is due.
    fn settle(&self, mut place: Place) -> Option<Place> {
        let mut due = 0;
        while let Some(letter) = place.ahead.get(due) {
            let state = &self.states[place.state];
            if self.kind(*letter) != Some(state.kind) {
                break;
            }
            place.state = *state.next.get(letter)?;
            due += 1;
        }
        place.ahead.drain(..due);
        Some(place)
    }

    /// Whether what is ahead can be due in turn, whatever the other side does meanwhile.
    fn may_be_ahead(&self, place: &Place) -> bool {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![(place.state, 0)];
        while let Some((id, due)) = waiting.pop() {
            let Some(letter) = place.ahead.get(due) else {
                continue;
            };
            if !seen.insert((id, due)) {
                continue;
            }
            let state = &self.states[id];
            if state.kind == Kind::End {
                return false;
            }
            if self.kind(*letter) == Some(state.kind) {
                match state.next.get(letter) {
                    Some(next) => waiting.push((*next, due + 1)),
                    None => return false,
                }
            } else {
                waiting.extend(state.next.values().map(|next| (*next, due)));
            }
        }
        true
    }

    /// After an event of a buffered conversation.
    fn buffered(&self, place: &Place, letter: usize, kind: Kind) -> Step<Place> {
        let state = &self.states[place.state];
        let mut after = place.clone();
        let others = place.ahead.first().map(|letter| self.kind(*letter));
        if others.is_some_and(|others| others != Some(kind)) {
            // It is this side's turn, and the other is ahead.
            match state.next.get(&letter) {
                Some(next) => after.state = *next,
                None => return Step::Broken,
            }
        } else {
            after.ahead.push(letter);
        }
        match self.settle(after) {
            Some(after) if !self.may_be_ahead(&after) => Step::Broken,
            Some(after) if after.ahead.len() > MAX_AHEAD => Step::Lost,
            Some(after) => Step::To(after),
            None => Step::Broken,
        }
    }
}

/// The place of a name among all names.
fn position<T>(events: &BTreeMap<String, T>, name: &str) -> Option<usize> {
    events.keys().position(|event| event == name)
}

impl Steps for Following {
    type Place = Place;

    fn start(&self) -> Step<Place> {
        Step::To(Place {
            state: 0,
            ahead: Vec::new(),
        })
    }

    fn step(&self, place: &Place, letter: usize) -> Step<Place> {
        let Some(kind) = self.kind(letter) else {
            return Step::To(place.clone());
        };
        if self.buffered {
            return self.buffered(place, letter, kind);
        }
        match self.states[place.state].next.get(&letter) {
            Some(next) => Step::To(Place {
                state: *next,
                ahead: Vec::new(),
            }),
            None => Step::Broken,
        }
    }
}

#[cfg(test)]
mod tests;
