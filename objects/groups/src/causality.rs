//! One end of a channel on which causes come before effects, over a reliable one, as a state machine.
//!
//! - Each message carries how much its sender had heard of each other member, the *causes*. It waits
//!   until as much of these was received here.
//! - It carries the view in which it was sent. Who joined later receives neither it nor what was sent
//!   in the same view, and does not wait for it as a cause.
//! - When a member has left, what it had sent may still come, or never. Everybody says when they enter
//!   a view; on the reliable channel that comes after all that members sent who had left by then. So
//!   whoever hears it waits for nothing more of them, and takes nothing more.
//!
//! The order never rests on what the channel below does, only that messages do not wait for ever: a
//! message is passed on only when its causes were, or will not be.

mod frame;
mod proxy;

use std::collections::{BTreeMap, VecDeque};

use frame::{Cause, Frame};

use crate::fault::{self, Fault};
use crate::view::View;
use crate::wire::Tag;

/// So many bytes of messages may wait for their causes.
const MAX_WAITING: usize = 16 << 20;
/// So many members that have left are remembered.
const MAX_LEFT: usize = 1_024;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send this over the reliable channel.
    Send(Vec<u8>),
    /// A message was received.
    Receive(Vec<u8>),
    /// The channel cannot keep what it promises any more.
    Fail(String),
}

/// A message that waits.
struct Waiting {
    number: u64,
    view: u64,
    causes: Vec<Cause>,
    message: Vec<u8>,
}

pub(crate) struct Causal {
    tag: Tag,
    view: Option<View>,
    /// The first view of this member.
    since: u64,
    /// Messages of this member so far.
    sent: u64,
    /// Messages before the first view.
    early: Vec<Vec<u8>>,
    /// By member: the last message that was received here, also as an earlier member.
    heard: BTreeMap<u64, Cause>,
    /// By member: how much was received as this member.
    received: BTreeMap<u64, u64>,
    waiting: BTreeMap<u64, VecDeque<Waiting>>,
    waiting_bytes: usize,
    /// Who has left: the first view without them, and whether nothing more of them counts.
    left: BTreeMap<u64, (u64, bool)>,
    /// The latest view that another member has said to be in.
    entered: u64,
    /// Frames that were none of `causal`.
    dropped: u64,
}

impl Causal {
    pub(crate) fn new(tag: Tag) -> Self {
        Causal {
            tag,
            view: None,
            since: 0,
            sent: 0,
            early: Vec::new(),
            heard: BTreeMap::new(),
            received: BTreeMap::new(),
            waiting: BTreeMap::new(),
            waiting_bytes: 0,
            left: BTreeMap::new(),
            entered: 0,
            dropped: 0,
        }
    }

    /// Frames that were for somebody else, or damaged.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Sends a message to all members, this one included.
    pub(crate) fn send(&mut self, message: &[u8]) -> Vec<Action> {
        let mut actions = vec![Action::Receive(message.to_vec())];
        match &self.view {
            None => self.early.push(message.to_vec()),
            Some(_) => self.transmit(message, &mut actions),
        }
        actions
    }

    /// Whether all that was to be sent is with the reliable channel.
    pub(crate) fn has_finished(&self) -> bool {
        self.early.is_empty()
    }

    /// The next view.
    pub(crate) fn view(&mut self, view: View) -> Vec<Action> {
        let mut actions = Vec::new();
        let before = self.view.take();
        let goes_on = before.as_ref().is_some_and(|before| before.me == view.me);
        for member in before.iter().flat_map(|before| &before.members) {
            if !view.has(*member) {
                self.left.insert(*member, (view.number, !goes_on));
            }
        }
        while self.left.len() > MAX_LEFT {
            let oldest = self.left.iter().min_by_key(|(_, (view, _))| *view);
            let oldest = oldest.map(|(member, _)| *member);
            oldest.and_then(|member| self.left.remove(&member));
        }
        if !goes_on {
            self.since = view.number;
            self.sent = 0;
            self.heard
                .retain(|member, _| view.has(*member) && !fault::is(Fault::ForgetsPast));
            self.received.clear();
            self.waiting.clear();
            self.waiting_bytes = 0;
        }
        let entered = Frame::Entered {
            member: view.me,
            view: view.number,
        };
        actions.push(Action::Send(entered.encode(self.tag)));
        self.view = Some(view);
        for message in std::mem::take(&mut self.early) {
            self.transmit(&message, &mut actions);
        }
        self.pass_on(&mut actions);
        actions
    }

    /// A frame came over the reliable channel.
    pub(crate) fn frame(&mut self, bytes: &[u8]) -> Vec<Action> {
        let mut actions = Vec::new();
        let me = self.view.as_ref().map(|view| view.me);
        match Frame::decode(self.tag, bytes) {
            None => self.dropped += 1,
            Some(Frame::Entered { member, .. } | Frame::Message { member, .. })
                if me.is_none() || me == Some(member) => {}
            Some(Frame::Entered { view, .. }) => self.entered = self.entered.max(view),
            Some(Frame::Message {
                member,
                number,
                view,
                causes,
                message,
            }) => {
                let settled = self.left.get(&member).is_some_and(|(_, settled)| *settled);
                if !settled && view >= self.since {
                    self.waiting_bytes += message.len();
                    let waiting = self.waiting.entry(member).or_default();
                    waiting.push_back(Waiting {
                        number,
                        view,
                        causes,
                        message: message.to_vec(),
                    });
                }
            }
        }
        self.pass_on(&mut actions);
        if self.waiting_bytes > MAX_WAITING {
            actions.push(Action::Fail(format!(
                "more than {MAX_WAITING} bytes of messages wait for their causes"
            )));
        }
        actions
    }

    fn transmit(&mut self, message: &[u8], actions: &mut Vec<Action>) {
        let Some(view) = &self.view else {
            return;
        };
        self.sent += 1;
        let causes = self.heard.values().copied();
        let frame = Frame::Message {
            member: view.me,
            number: self.sent,
            view: view.number,
            causes: causes.collect(),
            message,
        };
        actions.push(Action::Send(frame.encode(self.tag)));
        let cause = Cause {
            member: view.me,
            number: self.sent,
            view: view.number,
        };
        self.heard.insert(view.me, cause);
    }

    /// Passes on what waits no more.
    fn pass_on(&mut self, actions: &mut Vec<Action>) {
        loop {
            self.settle();
            let Some(ready) = self.ready() else {
                return;
            };
            let queue = self.waiting.get_mut(&ready);
            let Some(it) = queue.and_then(VecDeque::pop_front) else {
                return;
            };
            self.waiting_bytes -= it.message.len();
            self.received.insert(ready, it.number);
            let cause = Cause {
                member: ready,
                number: it.number,
                view: it.view,
            };
            self.heard.insert(ready, cause);
            actions.push(Action::Receive(it.message));
        }
    }

    /// Notices of whom that has left nothing more counts.
    fn settle(&mut self) {
        let alone = self.view.as_ref().is_some_and(|it| it.members.len() == 1);
        for (member, (view, settled)) in &mut self.left {
            let all_came = alone || self.entered >= *view || fault::is(Fault::SettlesAtOnce);
            if *settled || !all_came {
                continue;
            }
            // What came waits for others that have left, if for anything.
            if self.waiting.get(member).is_none_or(VecDeque::is_empty) {
                *settled = true;
                self.heard.remove(member);
            }
        }
        self.waiting.retain(|_, waiting| !waiting.is_empty());
    }

    /// A member whose next message waits for nothing.
    fn ready(&self) -> Option<u64> {
        let view = self.view.as_ref()?;
        let all_came = |(left, settled): &(u64, bool)| *settled || self.entered >= *left;
        let mut ready = self.waiting.iter().filter(|(member, waiting)| {
            let Some(it) = waiting.front() else {
                return false;
            };
            let has = |cause: &Cause| {
                let received = self.received.get(&cause.member).copied().unwrap_or(0);
                let comes = self.waiting.get(&cause.member).into_iter().flatten();
                let mut comes = comes.filter(|it| it.number <= cause.number);
                let gone = self.left.get(&cause.member).is_some_and(all_came);
                fault::is(Fault::NoCauses)
                    || cause.member == **member
                    || cause.member == view.me
                    || received >= cause.number
                    || cause.view < self.since && !fault::is(Fault::WaitsForEarlier)
                    || (gone || fault::is(Fault::NoPatience) && !view.has(cause.member))
                        && comes.next().is_none()
            };
            // What somebody says who has seen that others left comes after all that they had said.
            let comes_later = |(left, (since, _)): (&u64, &(u64, bool))| {
                *since <= it.view && left != *member && self.waiting.contains_key(left)
            };
            it.view <= view.number
                && it.causes.iter().all(has)
                && !self.left.iter().any(comes_later)
        });
        ready.next().map(|(member, _)| *member)
    }
}

#[cfg(test)]
mod tests;
