//! Runs: what refutes a subtyping, how it is written down, and how it is confirmed.
//!
//! A run of `left ≤ right` is what a provider that follows `left` does when it talks to a peer that
//! expects `right`. It is a list of steps and, if it goes on for ever, a cycle of them:
//!
//! - `!a`: the provider emits `a`;
//! - `?b`: the provider handles `b`;
//! - `(?b)`: the peer has sent `b`, and the provider has not handled it yet.
//!
//! For [`Run::confirm`] the run is split in two words, what was emitted and what the peer sent, each
//! in its order. Both protocols are deterministic, so each word leads each of them to one place: no
//! search is needed, and no reasoning of the procedures is used.

use liveobj_types::verdict::Witness;

use super::protocol::{Kind, Protocol, State, StateId};

/// One step of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// `!a`
    Emitted(String),
    /// `?b`
    Handled(String),
    /// `(?b)`
    Underway(String),
}

/// What a provider does that its peer is not prepared for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) prefix: Vec<Step>,
    /// What then repeats; empty if nothing does.
    pub(super) cycle: Vec<Step>,
}

/// What goes wrong at the end of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The last event is emitted where the peer does not expect it, then or later.
    Unexpected(String),
    /// The last event arrives where the provider cannot handle it.
    Unhandled(String),
    /// The provider waits for an event, and the peer waits as well or has ended.
    Deadlock,
    /// The provider has ended, and the peer has not.
    Ended,
    /// What the peer has sent is never handled.
    Orphan(String),
    /// The peer expects the last event only after something that need never happen.
    Postponed(String),
}

impl Step {
    fn read(text: &str) -> Option<Step> {
        let inner = text.strip_prefix('(').and_then(|it| it.strip_suffix(')'));
        match (inner, text.strip_prefix('!'), text.strip_prefix('?')) {
            (Some(inner), ..) => Some(Step::Underway(inner.strip_prefix('?')?.to_owned())),
            (_, Some(event), _) => Some(Step::Emitted(event.to_owned())),
            (_, _, Some(event)) => Some(Step::Handled(event.to_owned())),
            _ => None,
        }
    }

    fn write(&self) -> String {
        match self {
            Step::Emitted(event) => format!("!{event}"),
            Step::Handled(event) => format!("?{event}"),
            Step::Underway(event) => format!("(?{event})"),
        }
    }
}

impl Run {
    pub(super) fn witness(&self) -> Witness {
        let write = |steps: &[Step]| steps.iter().map(Step::write).collect();
        Witness::Trace {
            prefix: write(&self.prefix),
            cycle: write(&self.cycle),
        }
    }

    /// The run that a witness writes down; none if it is not one.
    pub(super) fn of(witness: &Witness) -> Option<Run> {
        let Witness::Trace { prefix, cycle } = witness else {
            return None;
        };
        let read = |steps: &[String]| {
            steps
                .iter()
                .map(|step| Step::read(step))
                .collect::<Option<Vec<Step>>>()
        };
        Some(Run {
            prefix: read(prefix)?,
            cycle: read(cycle)?,
        })
    }

    /// What goes wrong in this run of a provider that follows `left`, whose peer expects `right`;
    /// none if nothing does, or if it is no such run. `buffered`: what is sent arrives later, so
    /// that the provider may emit an event before it handles what the peer sends first.
    pub(super) fn confirm(
        &self,
        left: &Protocol,
        right: &Protocol,
        buffered: bool,
    ) -> Option<Fault> {
        let mut provider = Follower::new(left);
        let mut peer = Peer::new(right, buffered, &self.prefix);
        // Whether the peer is no longer followed, since what it has sent is all that matters.
        let mut stuck = false;
        for (position, step) in self.prefix.iter().enumerate() {
            let last = position + 1 == self.prefix.len();
            match step {
                Step::Underway(_) if buffered => {}
                Step::Underway(_) => return None,
                Step::Handled(_) if stuck => return None,
                Step::Handled(event) => {
                    let sent = peer.send(event);
                    let handled = provider.go(Kind::Input, event);
                    match (sent, handled) {
                        (true, true) => {}
                        (true, false) if last && self.cycle.is_empty() => {
                            return Some(Fault::Unhandled(event.clone()));
                        }
                        _ => return None,
                    }
                }
                Step::Emitted(event) => {
                    if !provider.go(Kind::Output, event) {
                        return None;
                    }
                    if stuck {
                        continue;
                    }
                    match peer.receive(event) {
                        Reception::Expected => {}
                        Reception::Unexpected if last && self.cycle.is_empty() => {
                            return Some(Fault::Unexpected(event.clone()));
                        }
                        Reception::Waiting if last && self.cycle.iter().any(is_underway) => {
                            return peer.waits_for_ever(&self.cycle, event);
                        }
                        _ if peer.ahead() => stuck = true,
                        _ => return None,
                    }
                }
            }
        }
        let orphan = || peer.underway().map(|event| Fault::Orphan(event.to_owned()));
        if !self.cycle.is_empty() {
            let begin = provider.at;
            let emits = |step: &Step| match step {
                Step::Emitted(event) => provider.go(Kind::Output, event),
                _ => false,
            };
            let repeats = self.cycle.iter().all(emits) && provider.at == begin;
            return repeats.then(orphan).flatten();
        }
        match (provider.state().kind, peer.next()) {
            (Kind::End, Kind::End) | (Kind::Output, _) | (Kind::Input, Kind::Input) => None,
            (Kind::End, Kind::Input) => orphan().or(Some(Fault::Ended)),
            (Kind::End, Kind::Output) => Some(Fault::Ended),
            (Kind::Input, _) => Some(Fault::Deadlock),
        }
    }
}

fn is_underway(step: &Step) -> bool {
    matches!(step, Step::Underway(_))
}

/// Where somebody is in a protocol.
#[derive(Clone)]
struct Follower<'p> {
    protocol: &'p Protocol,
    at: StateId,
}

impl<'p> Follower<'p> {
    fn new(protocol: &'p Protocol) -> Follower<'p> {
        Follower { protocol, at: 0 }
    }

    fn state(&self) -> &'p State {
        &self.protocol.states()[self.at]
    }

    /// Follows one event; false, and nothing changes, if the protocol does not have it here.
    fn go(&mut self, kind: Kind, event: &str) -> bool {
        let state = self.state();
        match state.next.get(event) {
            Some(next) if state.kind == kind => {
                self.at = *next;
                true
            }
            _ => false,
        }
    }
}

/// What became of an event that the provider has emitted.
enum Reception {
    Expected,
    Unexpected,
    /// The peer first sends more than the run says.
    Waiting,
}

/// The one who talks to the provider: it expects of it what a protocol says, whose inputs are
/// what it sends itself.
struct Peer<'p> {
    follower: Follower<'p>,
    buffered: bool,
    /// All that it sends in the run, in order.
    sends: Vec<&'p str>,
    /// How much of that it has sent, and how much of that has been handled.
    sent: usize,
    handled: usize,
}

impl<'p> Peer<'p> {
    fn new(protocol: &'p Protocol, buffered: bool, steps: &'p [Step]) -> Peer<'p> {
        let handled = steps.iter().filter_map(|step| match step {
            Step::Handled(event) => Some(event.as_str()),
            _ => None,
        });
        let underway = steps.iter().filter_map(|step| match step {
            Step::Underway(event) => Some(event.as_str()),
            _ => None,
        });
        Peer {
            follower: Follower::new(protocol),
            buffered,
            sends: handled.chain(underway).collect(),
            sent: 0,
            handled: 0,
        }
    }

    /// Whether it can have sent `event` by now, as the next one that is handled.
    fn send(&mut self, event: &str) -> bool {
        let can = self.sent > self.handled || self.send_next();
        can && {
            self.handled += 1;
            self.sends[self.handled - 1] == event
        }
    }

    fn send_next(&mut self) -> bool {
        let can = match self.sends.get(self.sent) {
            Some(event) => self.follower.go(Kind::Input, event),
            None => false,
        };
        self.sent += usize::from(can);
        can
    }

    /// It is given `event`, if need be after it has sent what it sends before.
    fn receive(&mut self, event: &str) -> Reception {
        if self.buffered {
            while self.follower.state().kind == Kind::Input {
                if !self.send_next() {
                    return Reception::Waiting;
                }
            }
        }
        match self.follower.go(Kind::Output, event) {
            true => Reception::Expected,
            false => Reception::Unexpected,
        }
    }

    /// Whether something that it has sent has not been handled.
    fn ahead(&self) -> bool {
        self.sent > self.handled
    }

    /// The first thing that it has sent, or is about to send, and that has not been handled.
    fn underway(&self) -> Option<&'p str> {
        self.ahead().then(|| self.sends[self.handled])
    }

    /// What it does next that the provider can notice.
    fn next(&self) -> Kind {
        match self.ahead() {
            true => Kind::Input,
            false => self.follower.state().kind,
        }
    }

    /// Whether it can send `cycle` for ever before it expects `event`.
    fn waits_for_ever(&mut self, cycle: &[Step], event: &str) -> Option<Fault> {
        let begin = self.follower.at;
        let sends = |step: &Step| match step {
            Step::Underway(event) => self.follower.go(Kind::Input, event),
            _ => false,
        };
        let all = !cycle.is_empty() && cycle.iter().all(sends);
        (all && self.follower.at == begin).then(|| Fault::Postponed(event.to_owned()))
    }
}
