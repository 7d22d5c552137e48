//! What a session guarantees about the order of events, told in temporal logic.
//!
//! # What is guaranteed
//!
//! Who follows S emits, at each connection, only what S has next there, **as long as the peer has
//! sent only what S lets it send**. Say that a connection *has followed* S up to a position if its
//! events before that, handled or emitted, lead from the start of S to one of its states. The
//! guarantee is: wherever the provider emits an event and the connection has followed S so far, the
//! state has that event. What the provider does once its peer has sent something else S does not
//! say, and neither does it promise that anything is ever emitted: a provider that waits breaks
//! nothing at any time. An event of the endpoint that S does not mention is one that no state has.
//! Connections do not matter to each other, and a disconnect ends S anywhere.
//!
//! # How it is said
//!
//! Temporal formulas cannot count, and states are not events. But mostly the last few events tell
//! the state. The *window* of a position is the last k events of its connection, fewer if it has
//! not had so many; and with each window that some word of S has go the states in which such words
//! end. An event is *fitting* in a window if one of its states has it, and *surely fitting* if all
//! of them have it. With `e` an emitted event, `f` a handled one:
//!
//! ```text
//! misled = for some f: f happens, and is not surely fitting in its window
//! for each e: G (e -> e is fitting in its window, or misled held before)
//! ```
//!
//! **It follows.** Take a position where `e` happens, before which `misled` did not hold. By
//! induction over its positions the connection has followed S so far: an event that was handled was
//! surely fitting in a window that goes with the state there, so that the state has it; and one
//! that was emitted the state has by the guarantee. So it is with `e`: its state goes with the
//! window and has it, so that it is fitting. Windows that no word of S has do not come up in this
//! argument; so formulas may tell them apart as is shortest.
//!
//! **It is all of it** if each window goes with one state only: fitting and surely fitting are then
//! the same, and the first event that does not follow S makes the formula false if it is emitted,
//! and `misled` true if it is handled. The smallest k that does so is taken, up to [`LONGEST`]. What
//! no k tells apart is lost (`rec X . !a; !a; +{!a; X, !b; end}` counts), so translations only ever
//! claim to follow.
//!
//! # Runs
//!
//! What is said less than S refutes nothing. But what is true of no run of S does not follow from it,
//! and some or all runs can be told: those where every event, emitted or handled, is surely fitting in
//! its window. Then the connection follows S up to any position, by the same induction.
//!
//! The last event is one of A if `Y (!B S A)`, with B the other events that may be the last; and the
//! one before that is asked for at the position of the last.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use liveobj_types::formalism::{EndpointStructure, Formalism, Formula};

use super::protocol::{Kind, Protocol, State, StateId};
use crate::temporal::Temporal;
use crate::temporal::formula::{
    Atom, Binary, Binding, Event, Node, Place, Quantifier, Sentence, Sort, Unary,
};

/// How many events windows have at most.
const LONGEST: usize = 3;

/// How many windows, by the states they go with, formulas are made of at most.
const MAX_WINDOWS: usize = 64;

/// The last events of a connection, the last one first; none: it began.
type Window<'p> = Vec<Option<&'p str>>;

/// The windows that a protocol has, and the states that go with each.
type Windows<'p> = BTreeMap<Window<'p>, BTreeSet<StateId>>;

/// Formulas that follow from a protocol at an endpoint; none if there is nothing to say, or too
/// much.
pub(super) fn formulas(protocol: &Protocol, endpoint: &EndpointStructure) -> Vec<String> {
    let Some(windows) = telling(protocol) else {
        return Vec::new();
    };
    let telling = Telling {
        states: protocol.states(),
        windows,
        endpoint,
    };
    let misled = telling.misled();
    let cases = telling.cases(Kind::Output, false);
    let bodies = cases.into_iter().filter_map(|(fitting, events)| {
        let events = telling.one_of(&events);
        let allowed = match (fitting, misled.clone()) {
            (Node::Constant(true), _) => return None,
            (Node::Constant(false), None) => return Some(not(events)),
            (Node::Constant(false), Some(misled)) => misled,
            (fitting, None) => fitting,
            (fitting, Some(misled)) => Node::binary(Binary::Or, fitting, misled),
        };
        Some(Node::binary(Binary::Implies, events, allowed))
    });
    bodies.map(always).collect()
}

/// Formulas that together are true only of histories that follow a protocol at each connection; none if
/// there is too much to say.
pub(super) fn runs(protocol: &Protocol, endpoint: &EndpointStructure) -> Option<Vec<String>> {
    let telling = Telling {
        states: protocol.states(),
        windows: telling(protocol)?,
        endpoint,
    };
    let kinds = [Kind::Output, Kind::Input].into_iter();
    let cases = kinds.flat_map(|kind| telling.cases(kind, true));
    let bodies = cases.filter_map(|(fitting, events)| {
        let events = telling.one_of(&events);
        match fitting {
            Node::Constant(true) => None,
            Node::Constant(false) => Some(not(events)),
            fitting => Some(Node::binary(Binary::Implies, events, fitting)),
        }
    });
    Some(bodies.map(always).collect())
}

/// That a formula is true at all positions, of the one connection that a formula without quantified
/// instances speaks of.
fn always(body: Node) -> String {
    let sentence = Sentence {
        prefix: vec![Binding {
            quantifier: Quantifier::ForAll,
            name: String::new(),
            sort: Sort::Instance(String::new()),
        }],
        body: Node::unary(Unary::Globally, body),
    };
    Temporal::new().print(&Formula::new(sentence))
}

/// The shortest windows each of which goes with one state, or else the longest that are few enough.
fn telling(protocol: &Protocol) -> Option<Windows<'_>> {
    let mut telling = None;
    for length in 1..=LONGEST {
        let Some(windows) = windows(protocol, length) else {
            break;
        };
        let exact = windows.values().all(|states| states.len() == 1);
        telling = Some(windows);
        if exact {
            break;
        }
    }
    telling
}

/// The windows of up to so many events; none if they are too many.
fn windows(protocol: &Protocol, length: usize) -> Option<Windows<'_>> {
    let start: (StateId, Window<'_>) = (0, vec![None]);
    let mut met = BTreeSet::from([start.clone()]);
    let mut queue = VecDeque::from([start]);
    let mut windows = Windows::new();
    while let Some((at, window)) = queue.pop_front() {
        for (event, next) in &protocol.states()[at].next {
            let last = std::iter::once(Some(event.as_str()));
            let after = last.chain(window.iter().copied()).take(length).collect();
            let pair = (*next, after);
            if met.insert(pair.clone()) {
                queue.push_back(pair);
            }
        }
        if met.len() > MAX_WINDOWS {
            return None;
        }
        windows.entry(window).or_default().insert(at);
    }
    Some(windows)
}

/// What formulas are made of.
struct Telling<'p> {
    states: &'p [State],
    windows: Windows<'p>,
    endpoint: &'p EndpointStructure,
}

impl<'p> Telling<'p> {
    /// That the peer has sent before what is not surely fitting; none if it cannot.
    fn misled(&self) -> Option<Node> {
        let misled = self.cases(Kind::Input, true).into_iter();
        let misled = misled.filter_map(|(fitting, events)| match fitting {
            Node::Constant(true) => None,
            Node::Constant(false) => Some(self.one_of(&events)),
            fitting => Some(Node::binary(
                Binary::And,
                self.one_of(&events),
                not(fitting),
            )),
        });
        let misled: Vec<Node> = misled.collect();
        (!misled.is_empty()).then(|| {
            let once = Node::unary(Unary::Once, Node::chain(Binary::Or, misled));
            Node::unary(Unary::Yesterday, once)
        })
    }

    /// Where each event of a kind is fitting, or surely so; with the events of which that is so.
    fn cases(&self, kind: Kind, surely: bool) -> BTreeMap<Node, Vec<Option<&'p str>>> {
        let has = |state: &StateId, event: &str| {
            let state = &self.states[*state];
            state.kind == kind && state.next.contains_key(event)
        };
        let events = match kind {
            Kind::Output => &self.endpoint.emitted,
            _ => &self.endpoint.received,
        };
        let mut cases: BTreeMap<Node, Vec<Option<&str>>> = BTreeMap::new();
        for event in events.keys() {
            let fits = |states: &BTreeSet<StateId>| match surely {
                false => states.iter().any(|state| has(state, event)),
                true => states.iter().all(|state| has(state, event)),
            };
            let windows = self.windows.iter();
            let windows: Vec<(&[Option<&str>], bool)> = windows
                .map(|(window, states)| (window.as_slice(), fits(states)))
                .collect();
            let fitting = self.window_is_one_of(&windows);
            cases.entry(fitting).or_default().push(Some(event));
        }
        cases
    }

    /// That the window is one of those that are marked, of these. They are sorted, and none is the
    /// beginning of another.
    fn window_is_one_of(&self, windows: &[(&[Option<&'p str>], bool)]) -> Node {
        if let [(_, first), rest @ ..] = windows
            && rest.iter().all(|(_, marked)| marked == first)
        {
            return Node::Constant(*first);
        }
        let (mut here, mut others, mut both) = (Vec::new(), Vec::new(), Vec::new());
        for of_one in windows.chunk_by(|(a, _), (b, _)| a[0] == b[0]) {
            let last = of_one[0].0[0];
            let before: Vec<_> = of_one
                .iter()
                .map(|(it, marked)| (&it[1..], *marked))
                .collect();
            match self.window_is_one_of(&before) {
                Node::Constant(true) => here.push(last),
                Node::Constant(false) => others.push(last),
                before => {
                    both.push(Node::binary(Binary::And, self.one_of(&[last]), before));
                    others.push(last);
                }
            }
        }
        // Nothing comes before the beginning.
        others.retain(Option::is_some);
        if !here.is_empty() {
            both.insert(0, self.one_of(&here));
        }
        let last = Node::chain(Binary::Or, both);
        let since = match others.is_empty() {
            true => Node::unary(Unary::Once, last),
            false => Node::binary(Binary::Since, not(self.one_of(&others)), last),
        };
        Node::unary(Unary::Yesterday, since)
    }

    /// That one of these events happens; there is at least one.
    fn one_of(&self, events: &[Option<&'p str>]) -> Node {
        let atom = |event: &Option<&str>| {
            Node::Event(Atom {
                endpoint: String::new(),
                event: match event {
                    None => Event::Connect,
                    Some(name) => Event::Named {
                        name: (*name).to_owned(),
                        emitted: self.endpoint.emitted.contains_key(*name),
                    },
                },
                place: Place::Instance(0),
                arguments: Vec::new(),
            })
        };
        Node::chain(Binary::Or, events.iter().map(atom).collect())
    }
}

fn not(node: Node) -> Node {
    Node::unary(Unary::Not, node)
}
