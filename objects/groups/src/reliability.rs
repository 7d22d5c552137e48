//! One end of a channel on which no message between members of a group is lost, as a state machine:
//! what happens goes in with the time, what to do comes out. It knows neither sockets nor clocks.
//!
//! - A message is cut into *parts*, which its sender numbers. Whoever receives a part keeps it until
//!   all members of the view have it, and passes messages on in the order of the numbers.
//! - Everybody says how far they have received all parts of each member, in a *status*: soon after
//!   something new came, else at intervals that double. A sender is at most `window` parts ahead of
//!   what the slowest member of its view has said.
//! - Who learns of a part that it lacks asks for it. The sender repeats it; others do so after a
//!   while, unless somebody did before.
//! - A part carries the view in which its message was sent, and waits until the receiver is in that
//!   view. Who joined in a view begins with the first part of that view, and asks which that is.
//! - When members have left, the others tell each other what they have of them, and repeat it: in the
//!   end all have the same, as far as anyone had it when the view began. Messages of that view and
//!   later ones wait for that. So those who stay receive the same messages of those who left, and an
//!   excluded member that comes back under another number is not heard before what it sent earlier.
//!
//! - Who leaves stays until all others have said that they have all that it has sent. Where no quorum answers,
//!   what waits for the next view is not waited for, if it would not be sent again after that.
//!
//! What is lost: messages that an excluded member sent and nobody who stayed had received. It is told
//! so when it comes back.

mod frame;
mod proxy;
mod repeats;
mod stream;

use std::collections::{BTreeMap, VecDeque};

use frame::{Data, Frame, Request, Start, Status};
use repeats::Repeats;
use stream::{Part, Stream};

use crate::env::{Env, MILLISECOND, SECOND};
use crate::fault::{self, Fault};
use crate::view::View;
use crate::wire::Tag;

/// Largest message.
const MAX_MESSAGE: usize = 1 << 20;
/// Largest window.
const MAX_WINDOW: u32 = 4_096;
/// A status follows news within this and twice of it.
const STATUS_DELAY: u64 = 4 * MILLISECOND;
/// Intervals between statuses: after something happened, while something is missing, at last.
const SHORT_INTERVAL: u64 = 25 * MILLISECOND;
const BUSY_INTERVAL: u64 = 200 * MILLISECOND;
const LONG_INTERVAL: u64 = 4 * SECOND;
/// The first request for a part waits so long, each further one twice as long as the one before.
const REQUEST_DELAY: u64 = 2 * MILLISECOND;
const MAX_REQUEST_DELAY: u64 = 500 * MILLISECOND;
/// A sender repeats a part after so long at the earliest; others wait so long for the sender.
const REPEAT_PAUSE: u64 = 5 * MILLISECOND;
const OTHERS_DELAY: u64 = 15 * MILLISECOND;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send this to everybody on the channel.
    Send(Vec<u8>),
    /// A message was received.
    Receive(Vec<u8>),
    /// All is here that members of this view have of those who have left. What is sent from now on is
    /// received in this view or a later one, and after that.
    View(View),
    /// Tell people that something is not as it should be.
    Warn(String),
    /// The channel cannot keep what it promises any more.
    Fail(String),
}

/// Bounds that all members share.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// So many parts may be under way.
    pub(crate) window: u32,
    /// So many bytes may wait to be sent.
    pub(crate) backlog: usize,
}

pub(crate) struct Reliable {
    tag: Tag,
    limits: Limits,
    online: bool,
    /// No quorum of the view answers: what is sent waits for the next one.
    blocked: bool,
    view: Option<View>,
    /// The last view that was shown: those of which not all came in time are not.
    shown: u64,
    /// The first view of this member.
    since: u64,
    /// The first view of each other member, as far as it is known; 0 if that was before this one's.
    joined: BTreeMap<u64, u64>,
    /// Messages that are not cut into parts yet, and their bytes.
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
    /// Parts of this member that were sent.
    sent: u64,
    /// By member; this one, and some that have left, are among them.
    streams: BTreeMap<u64, Stream>,
    /// The last status of each other member of the view.
    reports: BTreeMap<u64, Report>,
    repeats: Repeats,
    status_at: u64,
    interval: u64,
    stamp: u64,
    /// Frames that were none of `reliable`.
    dropped: u64,
}

/// A message that waits to be sent.
struct Waiting {
    message: Vec<u8>,
    /// Only this member sends it, not the one that it may be after it was excluded.
    is_bound: bool,
}

/// What a member has said of itself.
struct Report {
    stamp: u64,
    view: u64,
    since: u64,
    received: BTreeMap<u64, Option<u64>>,
}

impl Reliable {
    pub(crate) fn new(tag: Tag, limits: Limits) -> Self {
        Reliable {
            tag,
            limits,
            online: false,
            blocked: false,
            view: None,
            shown: 0,
            since: 0,
            joined: BTreeMap::new(),
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            sent: 0,
            streams: BTreeMap::new(),
            reports: BTreeMap::new(),
            repeats: Repeats::default(),
            status_at: 0,
            interval: SHORT_INTERVAL,
            stamp: 0,
            dropped: 0,
        }
    }

    /// Frames that were for somebody else, or damaged.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// When `timer` is to be called, unless something else happens before.
    pub(crate) fn deadline(&self) -> Option<u64> {
        if !self.online || self.view.as_ref()?.members.len() == 1 {
            return None;
        }
        let requests = self.streams.values().filter_map(|stream| stream.request_at);
        let repeat = self.repeats.first();
        requests.chain(repeat).chain([self.status_at]).min()
    }

    /// The channel below is there.
    pub(crate) fn connected(&mut self, env: &mut Env<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        self.online = true;
        self.hurry(env.now);
        self.go_on(env, &mut actions);
        actions
    }

    /// The channel below is gone.
    pub(crate) fn disconnected(&mut self) {
        self.online = false;
    }

    /// Membership does not know of a quorum, or is gone: what is sent now waits, so that it is not
    /// lost if this member is excluded.
    pub(crate) fn blocked(&mut self) {
        self.blocked = true;
    }

    /// The quorum is there again, in the same view.
    pub(crate) fn resumed(&mut self, env: &mut Env<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        self.blocked = false;
        self.go_on(env, &mut actions);
        actions
    }

    /// Sends a message to all members, this one included. What is bound to the views that were shown
    /// so far is not sent any more when this member has been excluded.
    pub(crate) fn send(
        &mut self,
        env: &mut Env<'_>,
        message: &[u8],
        is_bound: bool,
    ) -> Vec<Action> {
        if message.len() > MAX_MESSAGE {
            return vec![Action::Fail(format!(
                "a message of {} bytes was to be sent, and the largest has {MAX_MESSAGE}",
                message.len()
            ))];
        }
        let mut actions = vec![Action::Receive(message.to_vec())];
        self.waiting_bytes += message.len();
        self.waiting.push_back(Waiting {
            message: message.to_vec(),
            is_bound,
        });
        self.go_on(env, &mut actions);
        if self.waiting_bytes > self.limits.backlog {
            actions.push(Action::Fail(format!(
                "more than {} bytes wait to be sent: a member is too slow, or the group is \
                 partitioned; `backlog` sets the limit",
                self.limits.backlog
            )));
        }
        actions
    }

    /// Whether all others have what this member was to send: then they miss nothing when it goes.
    pub(crate) fn has_finished(&self) -> bool {
        let Some(view) = &self.view else {
            return self.waiting.is_empty();
        };
        let mine = self.streams.get(&view.me);
        let all_have = |it: &Stream| it.acknowledged >= it.received.unwrap_or(0);
        let in_vain = |waiting: &Waiting| self.blocked && waiting.is_bound;
        self.waiting.iter().all(in_vain)
            && (view.members.len() == 1
                || fault::is(Fault::LeavesUnheard)
                || mine.is_none_or(all_have))
    }

    /// The next view.
    pub(crate) fn view(&mut self, env: &mut Env<'_>, view: View) -> Vec<Action> {
        let mut actions = Vec::new();
        if !view.has(view.me)
            || self
                .view
                .as_ref()
                .is_some_and(|it| it.number >= view.number)
        {
            return actions;
        }
        match self.view.take() {
            Some(before) if before.me == view.me => self.succeed(&before, &view),
            _ => self.join(&view, &mut actions),
        }
        self.view = Some(view);
        self.blocked = false;
        self.hurry(env.now);
        self.status_at = env.now;
        self.go_on(env, &mut actions);
        actions
    }

    /// A frame came over the channel.
    pub(crate) fn frame(&mut self, env: &mut Env<'_>, bytes: &[u8]) -> Vec<Action> {
        let mut actions = Vec::new();
        let Some(me) = self.view.as_ref().map(|view| view.me) else {
            return actions;
        };
        match Frame::decode(self.tag, bytes) {
            None => self.dropped += 1,
            Some(Frame::Data(data)) => self.data(env, &data, bytes, &mut actions),
            Some(Frame::Status(status)) if status.sender != me => {
                self.status(env, me, status, &mut actions);
            }
            Some(Frame::Request(request)) => self.request(env, me, &request, &mut actions),
            Some(Frame::Start(start)) => self.start(env, &start),
            Some(Frame::Status(_)) => {}
        }
        self.go_on(env, &mut actions);
        actions
    }

    /// The deadline is there, or past.
    pub(crate) fn timer(&mut self, env: &mut Env<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        if !self.online {
            return actions;
        }
        self.repeat(env, &mut actions);
        self.ask(env, &mut actions);
        if self.status_at <= env.now {
            self.say_status(env, &mut actions);
        }
        actions
    }

    /// Begins as another member: nothing of what was before counts.
    fn join(&mut self, view: &View, actions: &mut Vec<Action>) {
        let unsure = self.streams.values().filter(|stream| stream.is_mine);
        let unsure: usize = unsure.map(|stream| stream.parts.len()).sum();
        if unsure > 0 {
            actions.push(Action::Warn(format!(
                "this member was excluded: {unsure} parts of messages that it had sent may not have \
                 reached the others"
            )));
        }
        if !fault::is(Fault::NeverBound) {
            self.waiting.retain(|waiting| !waiting.is_bound);
            let bytes = self.waiting.iter().map(|waiting| waiting.message.len());
            self.waiting_bytes = bytes.sum();
        }
        self.since = view.number;
        self.sent = 0;
        self.joined = view.others().map(|member| (member, 0)).collect();
        self.reports.clear();
        self.repeats.clear();
        self.streams = view.others().map(|it| (it, Stream::of_elder())).collect();
        self.streams.insert(view.me, Stream::mine());
    }

    /// Goes on as the same member.
    fn succeed(&mut self, before: &View, view: &View) {
        for member in view.others().filter(|member| !before.has(*member)) {
            self.joined.insert(member, view.number);
            self.streams.insert(member, Stream::of_newcomer());
        }
        for member in before.others().filter(|member| !view.has(*member)) {
            self.joined.remove(&member);
            self.reports.remove(&member);
            if fault::is(Fault::NoFlush) {
                self.streams.remove(&member);
            } else if let Some(stream) = self.streams.get_mut(&member) {
                stream.close(view.number);
            }
        }
    }

    fn data(
        &mut self,
        env: &mut Env<'_>,
        data: &Data<'_>,
        bytes: &[u8],
        actions: &mut Vec<Action>,
    ) {
        self.repeats.remove((data.sender, data.number));
        let limit = self.target(data.sender).unwrap_or(u64::MAX);
        let window = u64::from(self.limits.window);
        let Some(stream) = self.streams.get_mut(&data.sender) else {
            return;
        };
        if stream.is_mine {
            return;
        }
        if fault::is(Fault::NoDuplicates) && stream.received == Some(data.number + 1) && data.last {
            actions.push(Action::Receive(data.part.to_vec()));
        }
        if data.number >= limit || !stream.has_room(data.number, window) {
            return;
        }
        let part = Part {
            view: data.view,
            last: data.last,
            frame: bytes.to_vec(),
            sent_at: env.now,
        };
        if !stream.take(data.number, part, limit) {
            return;
        }
        self.interval = SHORT_INTERVAL;
        let news = stream.unsaid();
        let at = if news * 4 >= window {
            env.now
        } else {
            env.soon(STATUS_DELAY)
        };
        self.status_at = self.status_at.min(at);
    }

    fn status(&mut self, env: &mut Env<'_>, me: u64, status: Status, actions: &mut Vec<Action>) {
        let known = self.reports.get(&status.sender);
        let is_member = self.view.as_ref().is_some_and(|it| it.has(status.sender));
        if !is_member || known.is_some_and(|it| it.stamp >= status.stamp) {
            return;
        }
        if let Some(joined) = self.joined.get_mut(&status.sender)
            && !fault::is(Fault::KeepsForNobody)
        {
            // It has missed the first views that had it as a member.
            *joined = status.since.max(*joined);
        }
        let mine = self.streams.get(&me).and_then(|it| it.received);
        for (member, received) in &status.received {
            match received {
                None => self.tell_start(me, *member, status.since, actions),
                Some(_) if *member == me && *received > mine => {
                    actions.push(Action::Fail(
                        "another proxy of the same reference was this member before".to_owned(),
                    ));
                }
                Some(end) => {
                    if let Some(stream) = self.streams.get_mut(member) {
                        stream.heard_of(*end);
                    }
                }
            }
        }
        if let Some(stream) = self.streams.get_mut(&status.sender) {
            stream.heard_of(status.sent);
        }
        let said: Vec<u64> = status.received.iter().map(|(member, _)| *member).collect();
        let report = Report {
            stamp: status.stamp,
            view: status.view,
            since: status.since,
            received: status.received.into_iter().collect(),
        };
        // Who lacks something that others have said is told what there is.
        let behind = |(member, stream): (&u64, &Stream)| {
            let known = report.received.get(member).copied().flatten();
            stream.received > known && said.contains(member)
        };
        if self.streams.iter().any(behind) {
            self.hurry(env.now);
        }
        self.reports.insert(status.sender, report);
    }

    fn request(
        &mut self,
        env: &mut Env<'_>,
        me: u64,
        request: &Request,
        actions: &mut Vec<Action>,
    ) {
        let wrong = fault::is(Fault::WrongSender).then(|| self.wrong_stream(request.of));
        let of = wrong.flatten().unwrap_or(request.of);
        let Some(stream) = self.streams.get_mut(&of) else {
            return;
        };
        let patience = if stream.closed.is_some() {
            0
        } else {
            OTHERS_DELAY
        };
        for range in &request.ranges {
            for (number, part) in stream.between(*range) {
                if of == me {
                    if part.sent_at + REPEAT_PAUSE <= env.now {
                        part.sent_at = env.now;
                        actions.push(Action::Send(if wrong.is_some() {
                            part.sent_by(self.tag, request.of, number)
                        } else {
                            part.frame.clone()
                        }));
                    }
                } else {
                    let due = env.now + patience + env.below(OTHERS_DELAY);
                    self.repeats.add((of, number), due);
                }
            }
        }
        // What somebody else asks for comes here as well.
        let first = request.ranges.first().map(|range| range.first);
        if first.is_some() && stream.received == first {
            stream.wait(env);
        }
    }

    /// Some stream other than that of `member`.
    fn wrong_stream(&self, member: u64) -> Option<u64> {
        let mut others = self.streams.keys().filter(|it| **it != member);
        others.next().copied()
    }

    /// Tells a member that joined in the view `since` with which part of `of` it begins, if that is
    /// certain.
    ///
    /// That all have what comes before is part of it: should this member be gone next, what the newcomer
    /// says it has received must not be taken for something that anybody has. Of who has left, all must
    /// be here that was sent since, or nobody be left who could have it.
    fn tell_start(&mut self, me: u64, of: u64, since: u64, actions: &mut Vec<Action>) {
        let number = self.view.as_ref().map_or(0, |view| view.number);
        let Some(stream) = self.streams.get(&of) else {
            return;
        };
        let early = u64::from(fault::is(Fault::EarlyStart));
        let Some(first) = stream.first_since(since.saturating_sub(early)) else {
            return;
        };
        let said = |report: &Report| report.received.get(&of).copied().flatten();
        let all_have = |report: &Report| match report.received.get(&of) {
            None => true,
            // It begins earlier, or here as well.
            Some(None) => report.since >= since,
            Some(Some(end)) => *end >= first,
        };
        let nobody_knows = |report: &Report| report.since > since || said(report).is_none();
        let mut reports = self.reports.values();
        let certain = match of == me {
            true => first <= stream.acknowledged,
            false => {
                stream.is_complete
                    && reports.clone().all(all_have)
                    && (self.since <= since || reports.all(nobody_knows))
            }
        };
        if certain && number >= since {
            let frame = Frame::Start(Start { of, since, first });
            actions.push(Action::Send(frame.encode(self.tag)));
        }
    }

    fn start(&mut self, env: &mut Env<'_>, start: &Start) {
        if start.since != self.since {
            return;
        }
        let limit = self.target(start.of).unwrap_or(u64::MAX);
        if let Some(stream) = self.streams.get_mut(&start.of)
            && stream.begin(start.first, limit)
        {
            self.status_at = self.status_at.min(env.soon(STATUS_DELAY));
        }
    }

    /// Does whatever can be done now.
    fn go_on(&mut self, env: &mut Env<'_>, actions: &mut Vec<Action>) {
        self.complete();
        let number = self.view.as_ref().map_or(0, |view| view.number);
        if self.shown < number {
            self.pass_on(number, actions);
            self.show(actions);
        }
        self.pass_on(number + 1, actions);
        self.forget();
        self.transmit(env, actions);
        for stream in self.streams.values_mut() {
            if stream.lacks() && stream.request_at.is_none() {
                stream.wait(env);
            } else if !stream.lacks() {
                stream.request_at = None;
            }
        }
    }

    /// Up to where parts of a member that has left are taken: as far as anyone has it.
    fn target(&self, member: u64) -> Option<u64> {
        let stream = self.streams.get(&member)?;
        stream.closed?;
        let reported = self.reports.values();
        let reported =
            reported.filter_map(|report| report.received.get(&member).copied().flatten());
        Some(reported.chain(stream.received).max().unwrap_or(0))
    }

    /// Whether all other members of the view have said, in this view, what they have. Who is in a later
    /// one may have forgotten those who left before it.
    fn all_have_said(&self) -> bool {
        let Some(view) = &self.view else {
            return false;
        };
        let has_said = |member| {
            let report: Option<&Report> = self.reports.get(&member);
            report.is_some_and(|report| {
                report.view == view.number
                    || (report.view > view.number && fault::is(Fault::LaterCounts))
            })
        };
        view.others().all(has_said)
    }

    /// Notices of whom that has left all is here.
    fn complete(&mut self) {
        let left = self.streams.iter();
        let left = left.filter(|(_, it)| it.closed.is_some() && !it.is_complete);
        let left: Vec<u64> = left.map(|(member, _)| *member).collect();
        if left.is_empty() || !self.all_have_said() {
            return;
        }
        for member in left {
            let target = self.target(member).unwrap_or(0);
            if let Some(stream) = self.streams.get_mut(&member) {
                stream.heard_of(target);
                stream.proceed(target);
                // Where nobody has anything, there is nothing to begin with.
                stream.is_complete = stream.received.unwrap_or(0) >= target;
            }
        }
    }

    /// Shows the view, if all is here of those who have left.
    fn show(&mut self, actions: &mut Vec<Action>) {
        let lacks = |stream: &Stream| stream.closed.is_some() && !stream.is_complete;
        let is_early = fault::is(Fault::ShowsEarly);
        if let Some(view) = &self.view
            && (is_early || !self.streams.values().any(lacks))
        {
            self.shown = view.number;
            actions.push(Action::View(view.clone()));
        }
    }

    /// Passes on what may be received now and was sent in views before this one.
    fn pass_on(&mut self, before: u64, actions: &mut Vec<Action>) {
        let incomplete: Vec<(u64, u64)> = self
            .streams
            .iter()
            .filter(|(_, stream)| !stream.is_complete)
            .filter_map(|(member, stream)| Some((*member, stream.closed?)))
            .filter(|_| !fault::is(Fault::NoBarrier))
            .collect();
        // Who left comes before those who may have joined since, perhaps as the same proxy.
        let mut streams: Vec<(&u64, &mut Stream)> = self.streams.iter_mut().collect();
        streams.sort_by_key(|(_, stream)| stream.closed.unwrap_or(u64::MAX));
        for (member, stream) in streams {
            let others = incomplete.iter().filter(|(it, _)| it != member);
            let barrier = others.map(|(_, closed)| *closed).min();
            let until = barrier.unwrap_or(u64::MAX).min(before);
            while let Some(message) = stream.next_message(until) {
                if message.len() > MAX_MESSAGE {
                    self.dropped += 1;
                } else {
                    actions.push(Action::Receive(message));
                }
            }
        }
    }

    /// Frees what all have, and those who left when nobody asks for them any more.
    fn forget(&mut self) {
        let Some(view) = &self.view else {
            return;
        };
        let floor = |of: u64, stream: &Stream| {
            let others = view.others().filter(|member| *member != of);
            let floors = others.filter_map(|member| {
                let said = self.reports.get(&member);
                let said = said.and_then(|report| report.received.get(&of).copied().flatten());
                let since = self.joined.get(&member).copied().unwrap_or(0);
                said.or_else(|| stream.first_since(since))
            });
            floors.min().unwrap_or(u64::MAX)
        };
        let floors = self.streams.iter();
        let floors: Vec<(u64, u64)> = floors.map(|(of, it)| (*of, floor(*of, it))).collect();
        let all_have_said = self.all_have_said();
        for (of, floor) in floors {
            let Some(stream) = self.streams.get_mut(&of) else {
                continue;
            };
            if stream.closed.is_none() {
                let floor = if fault::is(Fault::FreesEarly) {
                    u64::MAX
                } else {
                    floor
                };
                stream.acknowledged = floor;
                stream.free(floor, view.number);
            } else if stream.is_complete && stream.is_passed_on() && all_have_said {
                let has_all = |report: &Report| match report.received.get(&of) {
                    None => true,
                    Some(received) => *received >= stream.received,
                };
                if self.reports.values().all(has_all) {
                    self.streams.remove(&of);
                }
            }
        }
    }

    /// Cuts messages into parts and sends what the window lets through.
    fn transmit(&mut self, env: &mut Env<'_>, actions: &mut Vec<Action>) {
        let Some(view) = &self.view else {
            return;
        };
        let Some(stream) = self.streams.get_mut(&view.me) else {
            return;
        };
        if !self.online || self.blocked {
            return;
        }
        let alone = view.members.len() == 1;
        let mut window = u64::from(self.limits.window);
        if fault::is(Fault::NoWindow) {
            window = u64::MAX;
        }
        loop {
            let end = stream.received.unwrap_or(0);
            let acknowledged = if alone {
                end
            } else {
                stream.acknowledged.min(end)
            };
            while self.sent < end.min(acknowledged.saturating_add(window)) {
                if let Some(part) = stream.parts.get_mut(&self.sent).filter(|_| !alone) {
                    part.sent_at = env.now;
                    actions.push(Action::Send(part.frame.clone()));
                    let next = env.now + SHORT_INTERVAL;
                    self.status_at = self.status_at.min(next);
                    self.interval = SHORT_INTERVAL;
                }
                self.sent += 1;
            }
            if alone {
                stream.free(u64::MAX, view.number);
            }
            if end >= acknowledged.saturating_add(window) {
                return;
            }
            let Some(Waiting { message, .. }) = self.waiting.pop_front() else {
                return;
            };
            self.waiting_bytes -= message.len();
            stream.cut(self.tag, view, &message);
        }
    }

    /// Repeats parts of others whose time has come.
    fn repeat(&mut self, env: &mut Env<'_>, actions: &mut Vec<Action>) {
        for (of, number) in self.repeats.take(env.now) {
            let stream = self.streams.get(&of);
            if let Some(part) = stream.and_then(|stream| stream.parts.get(&number)) {
                actions.push(Action::Send(part.frame.clone()));
            }
        }
    }

    /// Asks for parts whose time has come.
    fn ask(&mut self, env: &mut Env<'_>, actions: &mut Vec<Action>) {
        for (of, stream) in &mut self.streams {
            if stream.request_at.is_none_or(|at| at > env.now) {
                continue;
            }
            let ranges = stream.missing(u64::from(self.limits.window));
            stream.wait(env);
            if !ranges.is_empty() && !fault::is(Fault::NoRequests) {
                let request = Frame::Request(Request { of: *of, ranges });
                actions.push(Action::Send(request.encode(self.tag)));
            }
        }
    }

    fn say_status(&mut self, env: &mut Env<'_>, actions: &mut Vec<Action>) {
        let Some(view) = &self.view else {
            return;
        };
        let others = self.streams.iter_mut().filter(|(_, it)| !it.is_mine);
        let received = others.map(|(member, stream)| (*member, stream.say()));
        self.stamp += 1;
        let status = Frame::Status(Status {
            sender: view.me,
            stamp: self.stamp,
            view: view.number,
            since: self.since,
            sent: self.sent,
            received: received.collect(),
        });
        actions.push(Action::Send(status.encode(self.tag)));
        let busy = self.streams.values().any(Stream::is_busy) || !self.all_have_said();
        let longest = if busy { BUSY_INTERVAL } else { LONG_INTERVAL };
        self.status_at = env.now + self.interval / 2 + env.below(self.interval);
        self.interval = (self.interval * 2).min(longest);
    }

    /// Sees to it that a status follows soon, and further ones at short intervals.
    fn hurry(&mut self, now: u64) {
        self.interval = SHORT_INTERVAL;
        self.status_at = self.status_at.min(now + SHORT_INTERVAL);
    }
}

#[cfg(test)]
mod tests;
