//! One end of a totally ordered channel, as a state machine above a virtually synchronous one.
//!
//! - All members keep one *log* of messages and views. The *sequencer*, the oldest member that has a
//!   log, says which message comes next; everybody appends what it says.
//! - Everybody tells up to where it holds the log. What a quorum of the view holds is received: then it
//!   is part of every later log.
//! - When a view opens, those who have a log have the same one: it is cut at the first message that
//!   nobody has, and the view is its next entry. Messages without a place are sent again by their
//!   senders, and forgotten by all others.
//! - Who has no log gets it from the sequencer, and receives what stands behind the view that it came
//!   in. Where nobody has one, it begins with the view.
//! - Who leaves waits until its own messages are received and those above have finished. Then it *seals*
//!   the view: it says up to where it has told that it holds the log, tells of nothing behind that any
//!   more, receives nothing behind it, and gives no places. When all others hold as much, it has left.
//!   Views that open until it is excluded it seals with its first word.
//!
//! Why there is one order, also for members that crash or leave. The sequencer of a view is one, since all
//! hear in the same view who has a log. What somebody has received at a place, a quorum of its view had told
//! that it held. *Witnesses* of a view are its members that go on to the next one, and those that sealed it
//! at a place up to which the others hold the log. Of the quorum, let one be a witness.
//!
//! - If it goes on, it held what was received, and what a member has received from the channel below in a
//!   view, all have who go on with it.
//! - If it sealed, it told of nothing behind its seal, and each member hears what another one tells in the
//!   order in which it does. So the place stands before the seal, where those who go on hold all.
//!
//! So where the witnesses are a quorum, which has a member in common with any other, those who go on have the
//! same entries up to there, and what is cut was received by nobody. That somebody sealed they have
//! received, or not, as everything in the view: they agree on it. Where few stay, it is the seals that make
//! a quorum: of two members the older one alone is one, and if it leaves, the other goes on with its seal.
//!
//! Views that those who go on have not opened lie in between if members go fast. Nobody has received anything
//! in them, as that takes a first word of each member, and to have opened the view. But the next view
//! may have no quorum of witnesses of the last one that was open, if some crashed or had no time to seal.
//! What the logs have in common is right even then, but messages behind that may have been received by
//! members that are gone. So nobody sends a message again of which it does not know whether it was: it is
//! given up, and people are told. The same goes for who was excluded and comes back.

mod frame;
mod leaving;
mod log;
mod proxy;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use frame::{Frame, Id};
use leaving::Leaving;
use log::{Entry, Log};

use crate::fault::{self, Fault};
use crate::view::View;
use crate::wire::Tag;

/// Largest message.
const MAX_MESSAGE: usize = 1_000_000;
/// So many messages are given places at once.
const MAX_BATCH: usize = 4_096;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send this through the channel below.
    Send(Vec<u8>),
    /// This view begins, for everybody behind the same message.
    View(View),
    /// A message was received.
    Receive(Vec<u8>),
    /// Tell people that something is not as it should be.
    Warn(String),
    /// The channel cannot keep what it promises any more.
    Fail(String),
}

/// A message of this member that it has not received yet.
struct Pending {
    number: u64,
    message: Vec<u8>,
    /// It was sent, so that others may have received it.
    is_sent: bool,
}

/// The places that the sequencer gives, as they come before there is a log.
type Order = (u64, Vec<Id>);

pub(crate) struct Sequencing {
    tag: Tag,
    /// So many bytes may be on their way.
    backlog: usize,
    view: Option<View>,
    log: Option<Log>,
    /// The log that comes from the sequencer, and how many entries are still to come.
    loading: Option<(Log, u64)>,
    /// Whether each member had a log when the view opened.
    had_log: BTreeMap<u64, bool>,
    /// Up to where each member holds the log, as far as it has said so in this view.
    held: BTreeMap<u64, u64>,
    /// The same as far as it counts for what is received: nothing behind seals does.
    votes: BTreeMap<u64, u64>,
    /// The places at which members have sealed the view.
    seals: BTreeMap<u64, u64>,
    /// Those of them that did so with their first word.
    leavers: BTreeSet<u64>,
    /// Up to where this member has said that it holds the log.
    told: u64,
    /// The place at which this member has sealed the view.
    seal: Option<u64>,
    leaving: Leaving,
    /// Those above have more to send before they leave.
    is_unfinished: bool,
    /// Messages without a place, and the order in which they came.
    pool: BTreeMap<Id, Vec<u8>>,
    arrived: VecDeque<Id>,
    early: Vec<Order>,
    /// The sequencer gives no further places before what stands up to here is received.
    ordered: u64,
    pending: VecDeque<Pending>,
    pending_bytes: usize,
    /// Counts the messages of this member.
    sent: u64,
    /// Messages that were none of `ordered`.
    dropped: u64,
}

impl Sequencing {
    pub(crate) fn new(tag: Tag, backlog: usize) -> Self {
        Sequencing {
            tag,
            backlog,
            view: None,
            log: None,
            loading: None,
            had_log: BTreeMap::new(),
            held: BTreeMap::new(),
            votes: BTreeMap::new(),
            seals: BTreeMap::new(),
            leavers: BTreeSet::new(),
            told: 0,
            seal: None,
            leaving: Leaving::No,
            is_unfinished: false,
            pool: BTreeMap::new(),
            arrived: VecDeque::new(),
            early: Vec::new(),
            ordered: 0,
            pending: VecDeque::new(),
            pending_bytes: 0,
            sent: 0,
            dropped: 0,
        }
    }

    /// Messages that were for somebody else, or damaged.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Sends a message to all members, this one included.
    pub(crate) fn send(&mut self, message: &[u8]) -> Vec<Action> {
        if message.len() > MAX_MESSAGE {
            return vec![Action::Fail(format!(
                "a message of {} bytes was to be sent, and the largest has {MAX_MESSAGE}",
                message.len()
            ))];
        }
        let mut actions = Vec::new();
        self.pending.push_back(Pending {
            number: self.sent,
            message: message.to_vec(),
            is_sent: false,
        });
        self.sent += 1;
        self.pending_bytes += message.len();
        self.transmit(&mut actions);
        if self.pending_bytes > self.backlog {
            actions.push(Action::Fail(format!(
                "more than {} bytes wait to be ordered: a member is too slow, or the group is \
                 partitioned; `backlog` sets the limit",
                self.backlog
            )));
        }
        actions
    }

    /// The channel below opens a view.
    pub(crate) fn view(&mut self, view: View) -> Vec<Action> {
        let mut actions = Vec::new();
        let before = self.view.take();
        let is_succession = before.is_none_or(|it| self.has_witnesses(&it, &view));
        self.loading = None;
        self.pool.clear();
        self.arrived.clear();
        self.early.clear();
        self.had_log.clear();
        self.held.clear();
        self.votes.clear();
        self.seals.clear();
        self.leavers.clear();
        self.seal = None;
        if self.leaving == Leaving::Sealed {
            // What those above have said since then was for this view only.
            self.pending.clear();
            self.pending_bytes = 0;
        }
        if view.is_alone() {
            self.log = None;
            self.reconsider(view.me, fault::is(Fault::SendsAgain), &mut actions);
            self.renumber();
            actions.push(Action::View(view));
            return actions;
        }
        if let Some(log) = &mut self.log {
            log.cut();
            log.push(entry(&view));
        }
        self.reconsider(
            view.me,
            is_succession || fault::is(Fault::SendsAgain),
            &mut actions,
        );
        self.view = Some(view);
        let end = self.log.as_ref().map(Log::whole);
        self.told = end.unwrap_or(0);
        self.ordered = 0;
        match self.may_seal() {
            true => self.seal(&mut actions),
            false => self.say(end, &mut actions),
        }
        actions
    }

    /// The channel below has received something.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Vec<Action> {
        let mut actions = Vec::new();
        let Some((view, frame)) = Frame::decode(self.tag, bytes) else {
            self.dropped += 1;
            return actions;
        };
        let is_present = self.view.as_ref().is_some_and(|it| it.number == view);
        if !is_present && !fault::is(Fault::AnyView) {
            return actions;
        }
        match frame {
            Frame::Data { id, message } => self.data(id, message),
            Frame::Order { first, ids } => match &self.log {
                Some(_) if self.is_ready() => self.append(first, ids),
                _ => self.early.push((first, ids)),
            },
            Frame::Held { member, end } => self.held(member, end, &mut actions),
            Frame::Seal { member, end } => self.sealed(member, end, &mut actions),
            Frame::Log { first, count } => self.begin_log(first, count),
            Frame::Entry(entry) => self.load(entry),
        }
        self.go_on(&mut actions);
        self.seal_in_time(&mut actions);
        actions
    }

    /// Whether it is known who has a log: then there is a sequencer.
    fn is_ready(&self) -> bool {
        let view = self.view.as_ref();
        view.is_some_and(|view| self.had_log.len() == view.members.len())
    }

    /// The oldest member that has had a log and was not leaving, or had one, or just the oldest.
    fn sequencer(&self) -> Option<u64> {
        let members = &self.view.as_ref()?.members;
        let had_log = |member: &&u64| self.had_log.get(*member) == Some(&true);
        let stays = |member: &&u64| had_log(member) && !self.leavers.contains(*member);
        let first = members.iter().find(stays);
        let first = first.or_else(|| members.iter().find(had_log));
        first.or(members.first()).copied()
    }

    fn me(&self) -> Option<u64> {
        self.view.as_ref().map(|view| view.me)
    }

    fn is_sequencer(&self) -> bool {
        let me = self.me();
        self.is_ready() && me.is_some() && (self.sequencer() == me || fault::is(Fault::AllOrder))
    }

    fn say(&self, end: Option<u64>, actions: &mut Vec<Action>) {
        if let Some(view) = &self.view {
            let member = view.me;
            let held = Frame::Held { member, end };
            actions.push(Action::Send(held.encode(self.tag, view.number)));
        }
    }

    /// After a view has opened: what is to be sent again, and what is given up.
    fn reconsider(&mut self, me: u64, is_succession: bool, actions: &mut Vec<Action>) {
        let placed = self.log.as_ref().map(Log::ids).unwrap_or_default();
        let before = self.pending.len();
        self.pending.retain_mut(|pending| {
            if !placed.contains(&(me, pending.number)) {
                if pending.is_sent && !is_succession {
                    self.pending_bytes -= pending.message.len();
                    return false;
                }
                pending.is_sent = false;
            }
            true
        });
        let lost = before - self.pending.len();
        if lost > 0 {
            actions.push(Action::Warn(format!(
                "of the messages of this member {lost} may have been received by others, or not: it lost \
                 them when the group changed, and does not send them again"
            )));
        }
    }

    /// As another member, it counts its messages anew.
    fn renumber(&mut self) {
        self.sent = 0;
        for pending in &mut self.pending {
            pending.number = self.sent;
            self.sent += 1;
        }
    }

    fn data(&mut self, id: Id, message: Vec<u8>) {
        let message = match &mut self.log {
            Some(log) => log.fill(id, message),
            None => Some(message),
        };
        if let Some(message) = message {
            self.pool.insert(id, message);
            self.arrived.push_back(id);
        }
    }

    /// The sequencer has given places.
    fn append(&mut self, first: u64, ids: Vec<Id>) {
        let Some(log) = self.log.as_mut().filter(|log| log.end() == first) else {
            return;
        };
        for id in ids {
            let message = self.pool.remove(&id);
            log.push(Entry::Message { id, message });
        }
    }

    fn held(&mut self, member: u64, end: Option<u64>, actions: &mut Vec<Action>) {
        let is_member = self.view.as_ref().is_some_and(|view| view.has(member));
        if !is_member {
            return;
        }
        let was_ready = self.is_ready();
        self.had_log.entry(member).or_insert(end.is_some());
        if let Some(end) = end {
            let counts = !self.seals.contains_key(&member) || fault::is(Fault::VotesSealed);
            for table in [Some(&mut self.held), counts.then_some(&mut self.votes)] {
                let known = table.map(|it| it.entry(member).or_default());
                if let Some(known) = known {
                    *known = end.max(*known);
                }
            }
        }
        if self.is_ready() && !was_ready {
            self.begin(actions);
        }
    }

    /// All have said whether they have a log.
    fn begin(&mut self, actions: &mut Vec<Action>) {
        let Some(view) = &self.view else {
            return;
        };
        let lacks = self.had_log.values().any(|has| !has);
        if !self.had_log.values().any(|has| *has) {
            let mut log = Log::new(0, 0);
            log.push(entry(view));
            self.log = Some(log);
        } else if lacks && self.is_sequencer() {
            let Some(log) = &self.log else {
                return;
            };
            let head = Frame::Log {
                first: log.first(),
                count: log.entries().len() as u64,
            };
            let entries = log.entries().map(|entry| Frame::Entry(entry.clone()));
            let frames = [head].into_iter().chain(entries);
            let number = view.number;
            actions.extend(frames.map(|it| Action::Send(it.encode(self.tag, number))));
        }
    }

    fn begin_log(&mut self, first: u64, count: u64) {
        if self.log.is_none() && count > 0 {
            // The last entry is the view that is open.
            let begins = first.saturating_add(count - 1);
            self.loading = Some((Log::new(first, begins), count));
        }
    }

    fn load(&mut self, entry: Entry) {
        let Some((log, count)) = &mut self.loading else {
            return;
        };
        log.push(entry);
        *count -= 1;
        if *count == 0 {
            self.log = self.loading.take().map(|(log, _)| log);
        }
    }

    /// Does whatever can be done now.
    fn go_on(&mut self, actions: &mut Vec<Action>) {
        if !self.is_ready() || self.log.is_none() {
            return;
        }
        for (first, ids) in std::mem::take(&mut self.early) {
            self.append(first, ids);
        }
        let whole = self.log.as_ref().map_or(0, Log::whole);
        // Behind its seal it tells only what others wait for that leave, too.
        let told = self.told;
        let is_waited_for = || {
            let mut seals = self.seals.iter();
            seals.any(|(member, seal)| Some(*member) != self.me() && *seal > told)
        };
        if whole > told && (self.seal.is_none() || is_waited_for()) {
            self.told = whole;
            self.say(Some(whole), actions);
        }
        self.deliver(actions);
        self.transmit(actions);
        if self.is_sequencer() {
            self.order(actions);
        } else {
            self.arrived.clear();
        }
    }

    /// Receives what a quorum holds.
    fn deliver(&mut self, actions: &mut Vec<Action>) {
        let (Some(view), Some(log)) = (&self.view, &mut self.log) else {
            return;
        };
        let mut ends: Vec<u64> = self.votes.values().copied().collect();
        ends.sort_unstable();
        let is_held = |end: &&u64| {
            view.is_quorum(|member| self.votes.get(&member).is_some_and(|held| held >= *end))
        };
        let mut stable = ends.iter().rev().find(is_held).copied().unwrap_or(0);
        if let Some(seal) = self.seal.filter(|_| !fault::is(Fault::VotesSealed)) {
            stable = stable.min(seal);
        }
        if fault::is(Fault::NoQuorum) {
            stable = u64::MAX;
        }
        while let Some((entry, is_mine)) = log.pop(stable) {
            match entry {
                Entry::Message { id, message } => {
                    if id.0 == view.me
                        && self.pending.front().is_some_and(|it| it.number == id.1)
                        && let Some(pending) = self.pending.pop_front()
                    {
                        self.pending_bytes -= pending.message.len();
                    }
                    if let Some(message) = message.filter(|_| is_mine) {
                        actions.push(Action::Receive(message));
                    }
                }
                Entry::View {
                    group,
                    number,
                    members,
                } if is_mine => actions.push(Action::View(View {
                    group,
                    number,
                    members,
                    me: view.me,
                })),
                Entry::View { .. } => {}
            }
        }
    }

    /// Sends what was not sent yet, for the sequencer to give it a place.
    fn transmit(&mut self, actions: &mut Vec<Action>) {
        let Some(view) = self.view.as_ref().filter(|_| self.log.is_some()) else {
            return;
        };
        if !self.is_ready() {
            return;
        }
        let unsent = self.pending.iter().rev().take_while(|it| !it.is_sent);
        let first = self.pending.len() - unsent.count();
        for pending in self.pending.iter_mut().skip(first) {
            pending.is_sent = true;
            let data = Frame::Data {
                id: (view.me, pending.number),
                message: pending.message.clone(),
            };
            actions.push(Action::Send(data.encode(self.tag, view.number)));
        }
    }

    /// Gives places to what has arrived, when what was given places before is received: so there are
    /// larger batches where there is more.
    fn order(&mut self, actions: &mut Vec<Action>) {
        let (Some(view), Some(log)) = (&self.view, &self.log) else {
            return;
        };
        if self.arrived.is_empty() || log.first() < self.ordered || self.seal.is_some() {
            return;
        }
        let count = self.arrived.len().min(MAX_BATCH);
        let ids: Vec<Id> = self.arrived.drain(..count).collect();
        let first = log.end();
        self.ordered = first + ids.len() as u64;
        let order = Frame::Order { first, ids };
        actions.push(Action::Send(order.encode(self.tag, view.number)));
    }
}

fn entry(view: &View) -> Entry {
    Entry::View {
        group: view.group,
        number: view.number,
        members: view.members.clone(),
    }
}

#[cfg(test)]
mod tests;
