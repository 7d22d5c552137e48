//! Session types as automata: finite, deterministic, minimal.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;
use std::ops::Range;

/// A number of a state in its protocol.
pub(super) type StateId = usize;

/// What a state is: the end, or a choice between events that one side makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Kind {
    /// Nothing more happens.
    End,
    /// The provider emits one of the state's events.
    Output,
    /// The provider handles one of the state's events; its peer chooses which.
    Input,
}

/// One state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct State {
    pub(super) kind: Kind,
    /// What each event leads to; empty exactly at the end.
    pub(super) next: BTreeMap<String, StateId>,
}

/// A session type, recursion unfolded. The states are those that can be reached, no two of them
/// mean the same, and they are numbered breadth-first from 0, where it begins. Equal protocols
/// are therefore equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Protocol {
    states: Vec<State>,
}

impl Protocol {
    /// The minimal automaton of `states`, begun at `start`. Each `next` is a state of the list.
    pub(super) fn new(states: &[State], start: StateId) -> Protocol {
        let classes = classes(states);
        let mut number = BTreeMap::from([(classes[start], 0)]);
        let mut order = vec![start];
        let mut minimal = Vec::new();
        while let Some(state) = order.get(minimal.len()).map(|id| &states[*id]) {
            let next = state.next.iter().map(|(event, next)| {
                let fresh = number.len();
                let id = *number.entry(classes[*next]).or_insert_with(|| {
                    order.push(*next);
                    fresh
                });
                (event.clone(), id)
            });
            let next = next.collect();
            minimal.push(State {
                kind: state.kind,
                next,
            });
        }
        Protocol { states: minimal }
    }

    /// All states, the first one first.
    pub(super) fn states(&self) -> &[State] {
        &self.states
    }

    /// The same conversation, seen from the peer.
    pub(super) fn dual(&self) -> Protocol {
        let states = self.states.iter().map(|state| State {
            kind: match state.kind {
                Kind::End => Kind::End,
                Kind::Output => Kind::Input,
                Kind::Input => Kind::Output,
            },
            next: state.next.clone(),
        });
        Protocol {
            states: states.collect(),
        }
    }

    /// The text: a state is written out where it is met, and as a variable below itself. It is
    /// not longer than any other text of this protocol, up to names, spaces and `rec`.
    pub(super) fn print(&self) -> String {
        let (_, variables) = self.written(&BTreeSet::new());
        self.written(&variables).0
    }

    /// The text with `rec` before `variables`, and the states that it writes as variables.
    fn written(&self, variables: &BTreeSet<StateId>) -> (String, BTreeSet<StateId>) {
        enum Piece<'p> {
            Text(&'p str),
            State(StateId),
            Left(StateId),
        }
        let mut text = String::new();
        let mut used = BTreeSet::new();
        let mut entered = vec![false; self.states.len()];
        let mut pieces = vec![Piece::State(0)];
        while let Some(piece) = pieces.pop() {
            let id = match piece {
                Piece::Text(piece) => {
                    text += piece;
                    continue;
                }
                Piece::Left(id) => {
                    entered[id] = false;
                    continue;
                }
                Piece::State(id) => id,
            };
            if mem::replace(&mut entered[id], true) {
                used.insert(id);
                text += &format!("X{id}");
                continue;
            }
            if variables.contains(&id) {
                text += &format!("rec X{id} . ");
            }
            pieces.push(Piece::Left(id));
            let state = &self.states[id];
            let (sign, open, close) = match state.kind {
                Kind::End => {
                    text += "end";
                    continue;
                }
                Kind::Output => ("!", "+{", "}"),
                Kind::Input => ("?", "&[", "]"),
            };
            let many = state.next.len() > 1;
            if many {
                text += open;
                pieces.push(Piece::Text(close));
            }
            for (position, (event, next)) in state.next.iter().enumerate().rev() {
                let action = [
                    Piece::State(*next),
                    Piece::Text("; "),
                    Piece::Text(event),
                    Piece::Text(sign),
                ];
                pieces.extend(action);
                if position > 0 {
                    pieces.push(Piece::Text(", "));
                }
            }
        }
        (text, used)
    }
}

/// The class of each state; states are in one class exactly if they mean the same. Hopcroft's
/// algorithm (1971): the smaller part of a class that was split is looked at again, so that time
/// grows with n log n in the number n of events in `states`.
fn classes(states: &[State]) -> Vec<usize> {
    let mut partition = Partition::new(states);
    let mut before: Vec<Vec<(&str, StateId)>> = vec![Vec::new(); states.len()];
    for (id, state) in states.iter().enumerate() {
        for (event, next) in &state.next {
            before[*next].push((event, id));
        }
    }
    let mut waiting: BTreeSet<usize> = (0..partition.ranges.len()).collect();
    while let Some(splitter) = waiting.pop_first() {
        let mut into: BTreeMap<&str, Vec<StateId>> = BTreeMap::new();
        for (event, id) in partition
            .members(splitter)
            .iter()
            .flat_map(|id| &before[*id])
        {
            into.entry(event).or_default().push(*id);
        }
        for ids in into.into_values() {
            // Of a class that waits both parts wait on; of another one the smaller suffices,
            // which is the new one.
            waiting.extend(partition.split(&ids));
        }
    }
    partition.class
}

/// Disjoint classes of states, each a range of one list.
struct Partition {
    list: Vec<StateId>,
    /// Where each state is in the list.
    position: Vec<usize>,
    class: Vec<usize>,
    ranges: Vec<Range<usize>>,
}

impl Partition {
    /// What can happen at once tells states apart.
    fn new(states: &[State]) -> Partition {
        let mut first: BTreeMap<(Kind, Vec<&str>), Vec<StateId>> = BTreeMap::new();
        for (id, state) in states.iter().enumerate() {
            let events = state.next.keys().map(String::as_str).collect();
            first.entry((state.kind, events)).or_default().push(id);
        }
        let mut partition = Partition {
            list: Vec::new(),
            position: vec![0; states.len()],
            class: vec![0; states.len()],
            ranges: Vec::new(),
        };
        for ids in first.into_values() {
            let start = partition.list.len();
            for id in ids {
                partition.position[id] = partition.list.len();
                partition.class[id] = partition.ranges.len();
                partition.list.push(id);
            }
            partition.ranges.push(start..partition.list.len());
        }
        partition
    }

    fn members(&self, class: usize) -> &[StateId] {
        &self.list[self.ranges[class].clone()]
    }

    /// Parts each class into those among `ids`, which are distinct, and the others. Gives the new
    /// classes, each the smaller part of an old one.
    fn split(&mut self, ids: &[StateId]) -> Vec<usize> {
        // The members found so far stand at the front of their class.
        let mut found: BTreeMap<usize, usize> = BTreeMap::new();
        for id in ids {
            let class = self.class[*id];
            let count = found.entry(class).or_insert(0);
            let front = self.ranges[class].start + *count;
            *count += 1;
            let other = self.list[front];
            let position = self.position[*id];
            self.list.swap(front, position);
            self.position[*id] = front;
            self.position[other] = position;
        }
        let mut new = Vec::new();
        for (class, count) in found {
            let range = self.ranges[class].clone();
            if count == range.len() {
                continue;
            }
            let middle = range.start + count;
            let (smaller, larger) = if count * 2 <= range.len() {
                (range.start..middle, middle..range.end)
            } else {
                (middle..range.end, range.start..middle)
            };
            let fresh = self.ranges.len();
            for id in &self.list[smaller.clone()] {
                self.class[*id] = fresh;
            }
            self.ranges[class] = larger;
            self.ranges.push(smaller);
            new.push(fresh);
        }
        new
    }
}
