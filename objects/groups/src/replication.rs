//! State transfer above a totally ordered channel, as a state machine: replicas of a state that updates
//! change begin with the state of those who have it, at the same place of the order.
//!
//! - A member is *in step* if its replicas have seen all updates so far. When a view opens, everybody
//!   says whether it is, and how far its state has come. The place where the last of them has said so
//!   is the *cut*: all members see the same before it.
//! - If somebody is in step at the cut, the oldest of them is the *source*. If nobody is, those are in
//!   step from then on whose state has come furthest, and the oldest of them is the source. So it is as
//!   well where those in step have the beginning, or an earlier place, of a state that somebody brings
//!   and nothing has come behind it: then it is theirs that gives way, and nothing is lost.
//! - The source asks its replica for a checkpoint of the state at the cut and sends it in pieces, at
//!   most so many at a time. Whoever is not in step keeps the updates that come after the cut, begins
//!   with the checkpoint, and goes on with them. If the source is gone before, the next view has
//!   another.
//! - Each member keeps a [`History`]: a checkpoint and what came behind it, so that replicas that
//!   connect later get the state as well, and a group that all left comes back. Of a history that grows
//!   larger than its checkpoint a new checkpoint is asked for.
//!
//! - Who leaves waits until the updates that wait for the cut are sent, and, as the source, until all of the
//!   state is. In views that open after that it says how far its state has come, as everybody does, but
//!   is no source if another one can be. The order below sees to the rest: that its own updates come back,
//!   and that all which it has received, or sent to others of the state, the others hold. So what it leaves
//!   behind is the beginning of what the others have, and gives way to nothing when it comes back.
//!
//! Why all replicas are equal. The order gives all members the same sequence of updates and views. A
//! replica in step has seen all of it since it was in step, behind a state that all who were in step at
//! that cut had. States of one [`Position`] are equal: the view in which its last update came fixes what
//! came before, since all who go on with a view have received the same in it.
//!
//! What is not lost. A member that receives its own update knows that a quorum of the view held it. It
//! is in the state of everybody in step. A group goes on from an earlier state only if all who were in
//! step are gone: if that is known, it waits for one that comes back with the state. It is not known if
//! they leave in the moment in which others join, before anybody has said anything, or if those who
//! closed first are the first to open again. Then what they had is in their own state only. They bring it
//! when they come back, unless the group has had updates meanwhile; then they are told that theirs gives
//! way.

mod cut;
mod frame;
mod history;
mod proxy;

use std::collections::{BTreeMap, VecDeque};

use cut::Cut;
use frame::{Frame, Hello};
pub(crate) use history::{Entry, History, Position};

use crate::fault::{self, Fault};
use crate::view::View;
use crate::wire::Tag;

/// So many pieces of a state are on their way at once.
const WINDOW: u64 = 4;

/// How much there may be of what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// So many bytes of updates may wait to be sent, or for a checkpoint.
    pub(crate) backlog: usize,
    /// Bytes of one piece of a state.
    pub(crate) piece: usize,
    /// Updates of so many bytes are kept at least before another checkpoint is asked for.
    pub(crate) updates: usize,
}

/// Whom something is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum To<C> {
    /// All connections.
    All,
    One(C),
}

/// What is to be done. `C` names a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action<C> {
    /// Send this through the channel below.
    Send(Vec<u8>),
    /// Go on from this checkpoint.
    Initialize(To<C>, Vec<u8>),
    Receive(To<C>, Vec<u8>),
    View(To<C>, View),
    /// Ask for a checkpoint of the state as it is now.
    Want(C),
    /// Tell people that something is not as it should be.
    Warn(String),
    /// The channel cannot keep what it promises any more.
    Fail(String),
}

/// How far a member has come with leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Leaving {
    No,
    /// It finishes what it has begun.
    Soon,
    /// It takes part in nothing that begins from now on.
    Finished,
}

/// A checkpoint that was asked for.
struct Asked {
    /// The entry of the history that it stands before; `None` if there is another history since.
    end: Option<u64>,
    /// It is for those who join in the view of this number.
    joiners: Option<u64>,
}

/// The state on its way to those who lack it.
struct Outgoing {
    /// What is sent stands before this entry.
    end: u64,
    position: Position,
    past: Vec<Position>,
    /// Once it is known.
    bytes: Option<Vec<u8>>,
    sent: u64,
}

/// The view that is open.
struct Open {
    view: View,
    hellos: BTreeMap<u64, Hello>,
    /// Who has the state, once the cut is there.
    source: Option<u64>,
    /// Updates since the view opened.
    count: u64,
    /// Those of them that this member cannot pass on yet.
    kept: Vec<Vec<u8>>,
    outgoing: Option<Outgoing>,
    /// What has come of the state, and how many pieces.
    incoming: (Vec<u8>, u64),
}

pub(crate) struct Replication<C> {
    tag: Tag,
    /// A random number.
    run: u64,
    limits: Limits,
    leaving: Leaving,
    /// Counts the updates of this proxy that were sent.
    sent: u64,
    /// Updates that wait for the cut, since before it nobody may be in step who could take them.
    pending: Vec<Vec<u8>>,
    pending_bytes: usize,
    history: History,
    open: Option<Open>,
    is_in_step: bool,
    /// How far the state of the group had come when this member last knew.
    begun: Option<Position>,
    /// Oldest first; the first one makes checkpoints.
    connections: Vec<C>,
    /// Replicas have seen something already.
    is_fed: bool,
    asked: VecDeque<Asked>,
    /// Messages that were none of `checkpointed`.
    dropped: u64,
}

impl<C: Copy + PartialEq> Replication<C> {
    /// A member that goes on from what it knew; `run` is a random number.
    pub(crate) fn new(tag: Tag, run: u64, limits: Limits, history: History) -> Self {
        Replication {
            tag,
            run,
            limits,
            leaving: Leaving::No,
            sent: 0,
            pending: Vec::new(),
            pending_bytes: 0,
            history,
            open: None,
            is_in_step: false,
            begun: None,
            connections: Vec::new(),
            is_fed: false,
            asked: VecDeque::new(),
            dropped: 0,
        }
    }

    /// Messages that were for somebody else, or damaged.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// What this member would leave behind.
    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// A replica is there: it gets what is known.
    pub(crate) fn connected(&mut self, connection: C) -> Vec<Action<C>> {
        let mut actions = Vec::new();
        self.connections.push(connection);
        self.feed(To::One(connection), &mut actions);
        self.trim(&mut actions);
        actions
    }

    pub(crate) fn disconnected(&mut self, connection: C) -> Vec<Action<C>> {
        let mut actions = Vec::new();
        let made_checkpoints = self.connections.first() == Some(&connection);
        self.connections.retain(|it| *it != connection);
        if made_checkpoints {
            self.asked.clear();
            // Who waits for a checkpoint gets what there is without it.
            self.pass_on(&mut actions);
        }
        actions
    }

    /// Sends an update to all replicas, those of this member included.
    pub(crate) fn send(&mut self, update: &[u8]) -> Vec<Action<C>> {
        let mut actions = Vec::new();
        self.pending.push(update.to_vec());
        self.pending_bytes += update.len();
        self.transmit(&mut actions);
        if self.pending_bytes > self.limits.backlog {
            actions.push(Action::Fail(format!(
                "updates of more than {} bytes wait for a group; `backlog` sets the limit",
                self.limits.backlog
            )));
        }
        actions
    }

    /// A replica has made a checkpoint.
    pub(crate) fn checkpoint(&mut self, connection: C, bytes: &[u8]) -> Vec<Action<C>> {
        let mut actions = Vec::new();
        if self.connections.first() != Some(&connection) {
            return actions;
        }
        let Some(asked) = self.asked.pop_front() else {
            return actions;
        };
        if let Some(end) = asked.end {
            self.history.fold(end, bytes.to_vec());
        }
        let view = self.open.as_ref().map(|open| open.view.number);
        if asked.joiners.is_some() && asked.joiners == view {
            self.pass_on(&mut actions);
        }
        actions
    }

    /// It is to leave: it finishes what it has begun.
    pub(crate) fn leave(&mut self) {
        if self.leaving == Leaving::No {
            self.leaving = Leaving::Soon;
        }
    }

    /// Whether it has something to send, or has begun to pass on the state, before it may leave. To be
    /// asked after each step: when it has finished once, it takes part in nothing new.
    pub(crate) fn is_unfinished(&mut self) -> bool {
        let passes_on = |open: &Open| {
            let waits_for_cut = self.is_in_step
                && open.source.is_none()
                && open.hellos.len() < open.view.members.len();
            waits_for_cut || open.outgoing.is_some()
        };
        let is_unfinished = self.leaving != Leaving::Finished
            && !fault::is(Fault::LeavesUnfinished)
            && (!self.pending.is_empty() || self.open.as_ref().is_some_and(passes_on));
        if self.leaving == Leaving::Soon && !is_unfinished {
            self.leaving = Leaving::Finished;
        }
        is_unfinished
    }

    /// Updates that wait to be sent.
    pub(crate) fn pending(&self) -> usize {
        self.pending.len()
    }

    /// Whether it has finished, since it was to leave.
    pub(crate) fn has_finished(&self) -> bool {
        self.leaving == Leaving::Finished
    }

    /// The channel below opens a view.
    pub(crate) fn view(&mut self, view: View) -> Vec<Action<C>> {
        let mut actions = Vec::new();
        let before = self.open.take();
        if self.is_in_step {
            self.begun = Some(self.history.position);
        } else if let Some(open) = before.as_ref().filter(|it| it.source.is_some()) {
            self.begun = self.begun.map(|it| it.after(open.count, &open.view));
        }
        let goes_on = before.is_some_and(|it| (it.view.group, it.view.me) == (view.group, view.me));
        if !goes_on && !fault::is(Fault::StaysInStep) {
            self.is_in_step = false;
            self.begun = None;
        }
        if view.is_alone() {
            // It has been excluded, and joins again.
            return actions;
        }
        let hello = Hello {
            member: view.me,
            is_in_step: self.is_in_step,
            makes_checkpoints: !self.connections.is_empty() && self.leaving != Leaving::Finished,
            position: self.history.position,
            begun: self.begun,
        };
        let hello = Frame::Hello(view.number, hello);
        actions.push(Action::Send(hello.encode(self.tag)));
        if self.is_in_step {
            self.show(view.clone(), &mut actions);
        }
        self.open = Some(Open {
            view,
            hellos: BTreeMap::new(),
            source: None,
            count: 0,
            kept: Vec::new(),
            outgoing: None,
            incoming: (Vec::new(), 0),
        });
        actions
    }

    /// The channel below has received something.
    pub(crate) fn receive(&mut self, bytes: &[u8]) -> Vec<Action<C>> {
        let mut actions = Vec::new();
        let Some(frame) = Frame::decode(self.tag, bytes) else {
            self.dropped += 1;
            return actions;
        };
        let Some(open) = &mut self.open else {
            return actions;
        };
        match frame {
            Frame::Update { update, .. } => {
                open.count += 1;
                open.kept.push(update);
                if self.is_in_step {
                    self.pass_updates(&mut actions);
                }
            }
            Frame::Hello(view, hello) => {
                if view == open.view.number && open.view.has(hello.member) {
                    open.hellos.entry(hello.member).or_insert(hello);
                    if open.source.is_none() && open.hellos.len() == open.view.members.len() {
                        self.cut(&mut actions);
                    }
                }
            }
            Frame::Piece {
                view,
                source,
                number,
                count,
                bytes,
            } => {
                if (view, Some(source)) != (open.view.number, open.source) {
                    return actions;
                }
                if source == open.view.me {
                    self.send_pieces(number.saturating_add(1 + WINDOW), &mut actions);
                } else if !self.is_in_step && number == open.incoming.1 {
                    open.incoming.0.extend(bytes);
                    open.incoming.1 += 1;
                    if open.incoming.1 == count {
                        self.take_over(&mut actions);
                    }
                }
            }
        }
        actions
    }

    /// All members have said how far their state has come.
    fn cut(&mut self, actions: &mut Vec<Action<C>>) {
        let Some(open) = &mut self.open else {
            return;
        };
        let hellos = open.view.members.iter();
        let hellos: Vec<Hello> = hellos
            .filter_map(|it| open.hellos.get(it))
            .copied()
            .collect();
        let Some(Cut { position, goes_on }) = Cut::of(&hellos, open.count) else {
            actions.push(Action::Warn(
                "the members that had the state left before they could pass it on: nothing is \
                 received until one of them comes back with its state, or all close and open again"
                    .to_owned(),
            ));
            return;
        };
        let has_it = |it: &Hello| match goes_on {
            true => it.is_in_step || (open.count == 0 && it.position == position),
            false => it.position == position,
        };
        let (have, lack): (Vec<Hello>, Vec<Hello>) = hellos.iter().partition(|it| has_it(it));
        // Those who were not in step but have the state already pass nothing on.
        let sources = || have.iter().filter(|it| it.is_in_step || !goes_on);
        let source = sources().find(|it| it.makes_checkpoints);
        let Some(source) = source.or(sources().next()) else {
            return;
        };
        let me = open.view.me;
        open.source = Some(source.member);
        self.begun = Some(position);
        if goes_on && !self.is_in_step && !fault::is(Fault::KeepsEarlier) {
            // The state that comes has seen them.
            open.kept.clear();
        }
        let is_source = source.member == me;
        // What it had is the beginning of the state that comes.
        self.is_in_step &= goes_on;
        if !self.is_in_step && have.iter().any(|it| it.member == me) {
            self.is_in_step = true;
            let view = open.view.clone();
            self.show(view, actions);
        }
        if is_source && !lack.is_empty() {
            self.begin_to_pass_on(actions);
        }
        if self.is_in_step {
            self.pass_updates(actions);
        }
        self.transmit(actions);
    }

    /// Sends what waits, once somebody has the state.
    fn transmit(&mut self, actions: &mut Vec<Action<C>>) {
        if self.open.as_ref().is_none_or(|open| open.source.is_none()) {
            return;
        }
        for update in self.pending.drain(..) {
            let frame = Frame::Update {
                run: self.run,
                number: self.sent,
                update,
            };
            self.sent += 1;
            actions.push(Action::Send(frame.encode(self.tag)));
        }
        self.pending_bytes = 0;
    }

    /// As the source, at the cut.
    fn begin_to_pass_on(&mut self, actions: &mut Vec<Action<C>>) {
        let Some(open) = &mut self.open else {
            return;
        };
        open.outgoing = Some(Outgoing {
            end: self.history.end(),
            position: self.history.position,
            past: self.history.past.clone(),
            bytes: None,
            sent: 0,
        });
        let joiners = Some(open.view.number);
        if !self.ask(joiners, actions) {
            self.pass_on(actions);
        }
    }

    /// Asks for a checkpoint of what replicas have seen; answers whether there is one to ask.
    fn ask(&mut self, joiners: Option<u64>, actions: &mut Vec<Action<C>>) -> bool {
        let Some(connection) = self.connections.first() else {
            return false;
        };
        self.asked.push_back(Asked {
            end: Some(self.history.end()),
            joiners,
        });
        actions.push(Action::Want(*connection));
        true
    }

    /// The state at the cut is known, as a checkpoint or as well as it can be.
    fn pass_on(&mut self, actions: &mut Vec<Action<C>>) {
        let outgoing = self.open.as_mut().and_then(|open| open.outgoing.as_mut());
        let Some(outgoing) = outgoing.filter(|it| it.bytes.is_none()) else {
            return;
        };
        let past = std::mem::take(&mut outgoing.past);
        let state = self.history.before(outgoing.end, outgoing.position, past);
        outgoing.bytes = Some(state.encode(self.tag));
        self.send_pieces(WINDOW, actions);
    }

    /// Sends the pieces before `until` that were not sent yet.
    fn send_pieces(&mut self, until: u64, actions: &mut Vec<Action<C>>) {
        let Some(open) = &mut self.open else {
            return;
        };
        let (view, source) = (open.view.number, open.view.me);
        let Some(outgoing) = &mut open.outgoing else {
            return;
        };
        let Some(bytes) = &outgoing.bytes else {
            return;
        };
        let count = bytes.len().div_ceil(self.limits.piece) as u64;
        let pieces = bytes.chunks(self.limits.piece).enumerate();
        let first = outgoing.sent;
        let number = |it: usize| it as u64;
        let pieces = pieces.skip_while(|(it, _)| number(*it) < first);
        for (it, piece) in pieces.take_while(|(it, _)| number(*it) < until) {
            let frame = Frame::Piece {
                view,
                source,
                number: number(it),
                count,
                bytes: piece.to_vec(),
            };
            actions.push(Action::Send(frame.encode(self.tag)));
            outgoing.sent = number(it) + 1;
        }
        if outgoing.sent == count {
            open.outgoing = None;
        }
    }

    /// All of the state has come.
    fn take_over(&mut self, actions: &mut Vec<Action<C>>) {
        let Some(open) = &mut self.open else {
            return;
        };
        let (bytes, _) = std::mem::take(&mut open.incoming);
        let Some(mut history) = History::decode(self.tag, &bytes) else {
            self.dropped += 1;
            return;
        };
        let view = open.view.clone();
        let views = history.entries.iter_mut().filter_map(|entry| match entry {
            Entry::View(view) => Some(view),
            Entry::Update(_) => None,
        });
        for seen in views.chain(&mut history.view) {
            // It was seen by somebody else.
            seen.me = if seen.number == view.number {
                view.me
            } else {
                0
            };
        }
        let is_whole = history.checkpoint.is_some() && history.entries.is_empty();
        if self.is_fed && !is_whole {
            actions.push(Action::Fail(
                "the member that passes on the state has nobody connected who makes checkpoints, and \
                 what is connected here has seen another state: close this and open it again"
                    .to_owned(),
            ));
            return;
        }
        if history.contains(&self.history.position) == Some(false) {
            actions.push(Action::Warn(format!(
                "the state that this member had seen {} updates of is not part of the group's, which \
                 has seen {}: it gives way",
                self.history.position.version, history.position.version
            )));
        }
        self.history = history;
        for asked in &mut self.asked {
            asked.end = None;
        }
        self.is_in_step = true;
        self.feed(To::All, actions);
        self.pass_updates(actions);
    }

    /// Shows what is known to one connection, or to all.
    fn feed(&mut self, to: To<C>, actions: &mut Vec<Action<C>>) {
        if let Some(checkpoint) = &self.history.checkpoint {
            actions.push(Action::Initialize(to, checkpoint.clone()));
        }
        let seen = self.history.view.clone();
        actions.extend(seen.map(|view| Action::View(to, view)));
        let entries = self.history.entries.iter().cloned();
        actions.extend(entries.map(|entry| match entry {
            Entry::Update(update) => Action::Receive(to, update),
            Entry::View(view) => Action::View(to, view),
        }));
        self.is_fed |= !self.connections.is_empty();
    }

    /// Shows a view at its place.
    fn show(&mut self, view: View, actions: &mut Vec<Action<C>>) {
        self.history.push(Entry::View(view.clone()));
        self.is_fed |= !self.connections.is_empty();
        actions.push(Action::View(To::All, view));
    }

    /// In step: passes on the updates that have come.
    fn pass_updates(&mut self, actions: &mut Vec<Action<C>>) {
        let Some(open) = &mut self.open else {
            return;
        };
        let kept = std::mem::take(&mut open.kept);
        if fault::is(Fault::ForgetsKept) && kept.len() > 1 {
            return;
        }
        self.is_fed |= !self.connections.is_empty() && !kept.is_empty();
        for update in kept {
            self.history.update(&open.view, update.clone());
            actions.push(Action::Receive(To::All, update));
        }
        self.trim(actions);
    }

    /// Sees to it that the history does not grow much larger than the state.
    fn trim(&mut self, actions: &mut Vec<Action<C>>) {
        let checkpoint = self.history.checkpoint_bytes();
        if self.history.bytes() > self.limits.backlog.saturating_add(checkpoint) {
            actions.push(Action::Fail(format!(
                "updates of more than {} bytes wait for a checkpoint: nobody is connected who makes \
                 one, or it does not answer; `backlog` sets the limit",
                self.limits.backlog
            )));
        } else if self.asked.is_empty()
            && self.history.bytes() > checkpoint.max(self.limits.updates)
        {
            self.ask(None, actions);
        }
    }
}

#[cfg(test)]
mod tests;
