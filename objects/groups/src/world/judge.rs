//! Whether a history of a channel keeps what the channel's type promises.
//!
//! Messages are numbers here, which [`message`] makes bytes of. Each run of a node is one connection.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::formalism::Structure;
use liveobj_types::monitor::{Happening, Occurred, Outcome, given};
use liveobj_types::relation::{Side, endpoint_structure};
use liveobj_types::syntax::parse_type;
use liveobj_types::types::Endpoint;
use liveobj_types::{Module, Monitor, Source, TypeId, Types};

/// One thing that happened at a connection of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Connect,
    Send(u64),
    Receive(u64),
    /// A view of a group, with its number.
    View(u64, u64),
}

/// A connection: a node and its run.
pub(crate) type At = (usize, u32);

/// A message with this number, so many bytes long or as long as it must be.
pub(crate) fn message(number: u64, size: usize) -> Vec<u8> {
    let mut message = number.to_le_bytes().to_vec();
    let pattern = (0..size.saturating_sub(8)).map(|at| (at as u8).wrapping_add(number as u8));
    message.extend(pattern);
    message
}

/// The number of a message; one that was never sent if it was damaged.
pub(crate) fn number(bytes: &[u8]) -> u64 {
    let number = bytes.first_chunk().copied().map(u64::from_le_bytes);
    let whole = number.filter(|number| bytes == message(*number, bytes.len()));
    whole.unwrap_or(u64::MAX)
}

/// Whatever is received was sent before, once, and in the order in which it was sent: written anew,
/// for thousands of histories a second. [`declared`] judges by what the types say.
pub(crate) fn fifo(history: &[(At, What)]) -> Result<(), String> {
    let mut sent: BTreeMap<u64, (At, u64)> = BTreeMap::new();
    let mut counts: BTreeMap<At, u64> = BTreeMap::new();
    let mut received: BTreeSet<(At, u64)> = BTreeSet::new();
    let mut latest: BTreeMap<(At, At), u64> = BTreeMap::new();
    for (at, what) in history {
        match what {
            What::Connect | What::View(..) => {}
            What::Send(message) => {
                let count = counts.entry(*at).or_default();
                *count += 1;
                sent.insert(*message, (*at, *count));
            }
            What::Receive(message) => {
                let Some((by, count)) = sent.get(message) else {
                    return Err(format!("{at:?} received {message}, which nobody had sent"));
                };
                if !received.insert((*at, *message)) {
                    return Err(format!("{at:?} received {message} again"));
                }
                let latest = latest.entry((*by, *at)).or_default();
                if *latest > *count {
                    return Err(format!("{at:?} received {message} of {by:?} too late"));
                }
                *latest = *count;
            }
        }
    }
    Ok(())
}

/// Whoever receives two messages, of which the sender of one had received or sent the other before,
/// receives them in this order.
pub(crate) fn causal(history: &[(At, What)]) -> Result<(), String> {
    let mut known: BTreeMap<At, Vec<u64>> = BTreeMap::new();
    let mut causes: BTreeMap<u64, usize> = BTreeMap::new();
    let mut by: BTreeMap<u64, At> = BTreeMap::new();
    let mut order: BTreeMap<At, BTreeMap<u64, usize>> = BTreeMap::new();
    for (place, (at, what)) in history.iter().enumerate() {
        let known = known.entry(*at).or_default();
        match what {
            What::Connect | What::View(..) => {}
            What::Send(message) => {
                // One's own message is received at once, as the next thing.
                causes.insert(*message, known.len());
                by.insert(*message, *at);
            }
            What::Receive(message) => {
                known.push(*message);
                order.entry(*at).or_default().insert(*message, place);
            }
        }
    }
    for (at, order) in &order {
        for (effect, received) in order {
            let (Some(sender), Some(count)) = (by.get(effect), causes.get(effect)) else {
                continue;
            };
            let late = known[sender].iter().take(*count);
            let mut late = late.filter(|cause| order.get(cause).is_some_and(|it| it > received));
            if let Some(cause) = late.next() {
                return Err(format!("{at:?} received {effect} before its cause {cause}"));
            }
        }
    }
    Ok(())
}

/// Connections that pass together from one view to the next have received the same messages in the
/// first.
pub(crate) fn virtual_synchrony(history: &[(At, What)]) -> Result<(), String> {
    type View = (u64, u64);
    let mut now: BTreeMap<At, (View, BTreeSet<u64>)> = BTreeMap::new();
    let mut passed: BTreeMap<(View, View), (At, BTreeSet<u64>)> = BTreeMap::new();
    for (at, what) in history {
        match what {
            What::View(group, number) => {
                let next = (*group, *number);
                let Some((view, received)) = now.insert(*at, (next, BTreeSet::new())) else {
                    continue;
                };
                let (first, expected) = passed
                    .entry((view, next))
                    .or_insert_with(|| (*at, received.clone()));
                if *expected != received {
                    let differ: Vec<_> = expected.symmetric_difference(&received).collect();
                    return Err(format!(
                        "{first:?} and {at:?} passed from {view:?} to {next:?}, and {differ:?} was \
                         received by one of them only"
                    ));
                }
            }
            What::Receive(message) => {
                if let Some((_, received)) = now.get_mut(at) {
                    received.insert(*message);
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// Whoever receives the same two messages receives them in the same order.
///
/// There is such an order if what each connection received first, second, … goes round in no circle;
/// but that is more than is promised: it is enough for any two connections.
pub(crate) fn total_order(history: &[(At, What)]) -> Result<(), String> {
    let mut places: BTreeMap<At, BTreeMap<u64, usize>> = BTreeMap::new();
    for (at, what) in history {
        if let What::Receive(message) = what {
            let places = places.entry(*at).or_default();
            let next = places.len();
            places.entry(*message).or_insert(next);
        }
    }
    let all: Vec<(&At, &BTreeMap<u64, usize>)> = places.iter().collect();
    for (number, (left, its)) in all.iter().enumerate() {
        for (right, others) in &all[number + 1..] {
            let both = its
                .iter()
                .filter(|(message, _)| others.contains_key(message));
            let mut both: Vec<(usize, usize, u64)> = both
                .map(|(message, place)| (*place, others[message], *message))
                .collect();
            both.sort_unstable();
            if let Some(pair) = both.windows(2).find(|pair| pair[0].1 > pair[1].1) {
                return Err(format!(
                    "{left:?} received {} before {}, and {right:?} after it",
                    pair[0].2, pair[1].2
                ));
            }
        }
    }
    Ok(())
}

/// One step of a member.
pub(crate) enum Step {
    Did(What),
    /// It saw a view, as this member.
    Saw(u64, u64),
}

/// Of each message, of those of `here` that were members since before the view in which it was sent,
/// either all have received it or none; and all if its sender has been that member ever since, or until it was
/// among those that `left` in order.
pub(crate) fn agreed(
    history: impl Iterator<Item = (At, Step)>,
    here: &[At],
    left: &BTreeSet<At>,
) -> Result<(), String> {
    // What each run is now, and since which view; when it sent what.
    let mut last: BTreeMap<At, (u64, u64)> = BTreeMap::new();
    let mut since: BTreeMap<At, u64> = BTreeMap::new();
    let mut sent: Vec<(u64, At, u64, u64)> = Vec::new();
    let mut received: BTreeSet<(At, u64)> = BTreeSet::new();
    for (at, step) in history {
        match step {
            Step::Saw(view, me) => {
                let before = last.insert(at, (view, me));
                if before.is_none_or(|(_, it)| it != me) {
                    since.insert(at, view);
                }
            }
            Step::Did(What::Send(message)) => {
                if let Some((view, me)) = last.get(&at) {
                    sent.push((message, at, *view, *me));
                }
            }
            Step::Did(What::Receive(message)) => {
                received.insert((at, message));
            }
            Step::Did(What::Connect | What::View(..)) => {}
        }
    }
    for (message, by, view, me) in sent {
        let is_kept = here.contains(&by) || left.contains(&by);
        let stays = is_kept && last.get(&by).is_some_and(|(_, it)| *it == me);
        let concerned = here.iter();
        let concerned = concerned.filter(|at| since.get(at).is_some_and(|it| *it <= view));
        let (have, lack): (Vec<&At>, Vec<&At>) =
            concerned.partition(|at| received.contains(&(**at, message)));
        if !lack.is_empty() && (stays || !have.is_empty()) {
            return Err(format!(
                "{message} of {by:?} in view {view} was received by {have:?}, not by {lack:?}"
            ));
        }
    }
    Ok(())
}

/// What an endpoint type of this library provides in `temporal`, each with a monitor.
pub(crate) struct Declared {
    watched: Vec<(String, Box<dyn Monitor>)>,
    happened: u64,
}

impl Declared {
    /// Of an endpoint type of this library, as its text says it.
    ///
    /// # Panics
    ///
    /// There is no such type, or something that it provides cannot be watched.
    pub(crate) fn of(name: &str) -> Self {
        let text = Source::new("types.lot", include_str!("../../types.lot"));
        let (module, faults) = Module::load("liveobj:groups", &text, &mut |_, _| None);
        assert!(faults.is_empty(), "{faults:?}");
        let mut types = Types::new();
        let source = Source::new("test", name);
        let expr = parse_type(&source).expect("a type");
        let resolved = types.resolve(&module, &source, &expr, &BTreeMap::new());
        let Ok(TypeId::Endpoint(id)) = resolved else {
            panic!("`{name}` is no endpoint type: {resolved:?}");
        };
        let structure = Structure::Endpoint(endpoint_structure(&types, id, Side::Provides, ""));
        let Endpoint::Events { provides, .. } = types.endpoint(id) else {
            panic!("`{name}` is a parameter");
        };
        let formalisms = liveobj_formalisms::builtin();
        let temporal = formalisms.get("temporal").expect("it is built in");
        let mut watched = Vec::new();
        for it in provides.iter().filter(|it| &*it.formalism == "temporal") {
            let monitor_of = |text: &str| {
                let formula = temporal.parse(text, &structure).expect("it is checked");
                temporal.monitor(&formula, &structure)
            };
            let monitor = match &it.given {
                Some(assumption) => {
                    monitor_of(&it.text).and_then(|promise| given(promise, monitor_of(assumption)?))
                }
                None => monitor_of(&it.text),
            };
            let monitor = monitor.unwrap_or_else(|reason| panic!("`{}`: {reason}", it.text));
            watched.push((it.text.to_string(), monitor));
        }
        assert!(!watched.is_empty(), "`{name}` provides nothing");
        Declared {
            watched,
            happened: 0,
        }
    }

    /// Of an endpoint type of this library that takes the type of its messages.
    pub(crate) fn by(name: &str) -> Self {
        Declared::of(&format!("{name}<u64>"))
    }

    /// Judges the whole history of a channel: the first constraint that something breaks.
    pub(crate) fn judge_all(mut self, history: &[(At, What)]) -> Result<(), String> {
        for (at, what) in history {
            let bytes = |number: u64| number.to_le_bytes().to_vec();
            let (event, arguments) = match *what {
                What::Connect => (Occurred::Connect, Vec::new()),
                What::Send(message) => (Occurred::Handled(0), vec![bytes(message)]),
                What::Receive(message) => (Occurred::Emitted(0), vec![bytes(message)]),
                // No constraint of a channel speaks of members.
                What::View(group, number) => {
                    let id = [bytes(group), bytes(number)].concat();
                    (Occurred::Emitted(1), vec![id, Vec::new(), Vec::new()])
                }
            };
            let judged = self.observe(*at, event, &arguments);
            judged.map_err(|text| format!("{at:?} broke `{text}` by {what:?}"))?;
        }
        self.end();
        Ok(())
    }

    /// Sees to it that all was judged.
    ///
    /// # Panics
    ///
    /// A monitor gave up.
    pub(crate) fn end(self) {
        for (text, monitor) in &self.watched {
            assert!(monitor.watches(), "the monitor of `{text}` gave up");
        }
    }

    /// The first constraint that something breaks: an event, or the begin of a connection.
    pub(crate) fn observe(
        &mut self,
        at: At,
        event: Occurred,
        arguments: &[Vec<u8>],
    ) -> Result<(), &str> {
        self.happened += 1;
        let instance = (at.0 as u64) << 32 | u64::from(at.1);
        for (text, monitor) in &mut self.watched {
            let outcome = monitor.observe(&Happening {
                number: self.happened,
                endpoint: 0,
                instance,
                proxy: instance,
                node: 0,
                after: &[],
                event,
                arguments,
            });
            if let Outcome::Violated { .. } = outcome {
                return Err(text);
            }
        }
        Ok(())
    }
}
