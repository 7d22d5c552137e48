//! The parts of one sender.

use std::collections::BTreeMap;

use super::frame::{Data, Frame, HEADER, MAX_RANGES, PART, Range};
use super::{MAX_REQUEST_DELAY, REQUEST_DELAY};
use crate::env::Env;
use crate::view::View;
use crate::wire::Tag;

/// What a member has sent, as far as it is here.
pub(super) struct Stream {
    pub(super) is_mine: bool,
    /// Parts by their numbers: those that others may still ask for, and those that came early.
    pub(super) parts: BTreeMap<u64, Part>,
    /// Up to here all are or were here; `None` while it is not known where to begin.
    pub(super) received: Option<u64>,
    /// Up to here they were passed on.
    passed_on: u64,
    /// The beginning of the message that is being passed on.
    message: Vec<u8>,
    /// Up to here there are parts.
    known: u64,
    /// Up to here all members that are to receive them have said so.
    pub(super) acknowledged: u64,
    /// What this member last said of `received`.
    said: Option<u64>,
    /// When to ask for what is missing, and how often that was done in vain.
    pub(super) request_at: Option<u64>,
    requests: u32,
    /// The member was in no view from this one on.
    pub(super) closed: Option<u64>,
    /// It has left, and nobody has more of it.
    pub(super) is_complete: bool,
}

/// A part of a message.
pub(super) struct Part {
    pub(super) view: u64,
    pub(super) last: bool,
    /// The frame that brought it, and brings it to others.
    pub(super) frame: Vec<u8>,
    pub(super) sent_at: u64,
}

impl Part {
    fn content(&self) -> &[u8] {
        self.frame.get(HEADER..).unwrap_or_default()
    }

    /// The same part as if another member had sent it.
    pub(super) fn sent_by(&self, tag: Tag, sender: u64, number: u64) -> Vec<u8> {
        let (view, last, part) = (self.view, self.last, self.content());
        Frame::Data(Data {
            sender,
            number,
            view,
            last,
            part,
        })
        .encode(tag)
    }
}

impl Stream {
    fn new(received: Option<u64>) -> Self {
        Stream {
            is_mine: false,
            parts: BTreeMap::new(),
            received,
            passed_on: 0,
            message: Vec::new(),
            known: 0,
            acknowledged: 0,
            said: None,
            request_at: None,
            requests: 0,
            closed: None,
            is_complete: false,
        }
    }

    /// That of this member itself.
    pub(super) fn mine() -> Self {
        Stream {
            is_mine: true,
            ..Stream::new(Some(0))
        }
    }

    /// That of a member that joined when this one was a member already.
    pub(super) fn of_newcomer() -> Self {
        Stream::new(Some(0))
    }

    /// That of a member that was there before, or joined at the same time.
    pub(super) fn of_elder() -> Self {
        Stream::new(None)
    }

    /// The member is in no view from this one on: what came early does not count.
    pub(super) fn close(&mut self, view: u64) {
        self.closed = Some(view);
        let received = self.received;
        self.parts
            .retain(|number, _| received.is_some_and(|end| *number < end));
        self.known = received.unwrap_or(0);
    }

    /// Whether there is room for a part: those that were sent and not freed by the sender fit the
    /// window, and as much again is for a view that this member has not seen yet. Of who has left,
    /// all is taken that others have.
    pub(super) fn has_room(&self, number: u64, window: u64) -> bool {
        let ahead = self.received.map_or(0, |end| number.saturating_sub(end));
        self.closed.is_some() || ahead < window && (self.parts.len() as u64) < 2 * window
    }

    /// Takes a part unless it is known; answers whether anything changed.
    pub(super) fn take(&mut self, number: u64, part: Part, limit: u64) -> bool {
        if self.received.is_some_and(|end| number < end) || self.parts.contains_key(&number) {
            return false;
        }
        self.parts.insert(number, part);
        self.heard_of(number.saturating_add(1));
        self.proceed(limit);
        true
    }

    /// Moves on over what is there, up to `limit`.
    pub(super) fn proceed(&mut self, limit: u64) {
        let Some(end) = &mut self.received else {
            return;
        };
        let before = *end;
        while *end < limit && self.parts.contains_key(end) {
            *end += 1;
        }
        if *end > before {
            self.requests = 0;
            self.request_at = None;
        }
    }

    /// Begins here, if it was not known where to begin; answers whether that is so.
    pub(super) fn begin(&mut self, first: u64, limit: u64) -> bool {
        if self.received.is_some() {
            return false;
        }
        self.received = Some(first);
        self.passed_on = first;
        self.parts = self.parts.split_off(&first);
        self.heard_of(first);
        self.proceed(limit);
        true
    }

    /// There are parts up to `end`.
    pub(super) fn heard_of(&mut self, end: u64) {
        self.known = self.known.max(end);
    }

    /// With which part somebody begins who joined in a view; `None` if that is not known here.
    pub(super) fn first_since(&self, view: u64) -> Option<u64> {
        let end = self.received?;
        let mut parts = self.parts.range(..end);
        let first = parts.find(|(_, part)| part.view >= view);
        Some(first.map_or(end, |(number, _)| *number))
    }

    /// Whether it is known that something is missing.
    pub(super) fn lacks(&self) -> bool {
        self.received.is_some_and(|end| end < self.known)
    }

    /// What is missing of the next `window` parts.
    pub(super) fn missing(&self, window: u64) -> Vec<Range> {
        let mut ranges: Vec<Range> = Vec::new();
        let Some(mut first) = self.received else {
            return ranges;
        };
        let end = self.known.min(first.saturating_add(window));
        for number in self.parts.range(first..end).map(|(number, _)| *number) {
            if first < number {
                ranges.push(Range { first, end: number });
            }
            first = number + 1;
        }
        if first < end {
            ranges.push(Range { first, end });
        }
        ranges.truncate(MAX_RANGES);
        ranges
    }

    /// Puts off the request for what is missing.
    pub(super) fn wait(&mut self, env: &mut Env<'_>) {
        let delay = (REQUEST_DELAY << self.requests.min(16)).min(MAX_REQUEST_DELAY);
        self.request_at = Some(env.soon(delay));
        self.requests += 1;
    }

    /// The parts of a range that are here.
    pub(super) fn between(&mut self, range: Range) -> impl Iterator<Item = (u64, &mut Part)> {
        let range = range.first..range.end.max(range.first);
        let parts = self.parts.range_mut(range);
        parts.map(|(number, part)| (*number, part))
    }

    /// How much came since this member last said what it has.
    pub(super) fn unsaid(&self) -> u64 {
        let received = self.received.unwrap_or(0);
        received.saturating_sub(self.said.unwrap_or(0))
    }

    /// What this member says of it now.
    pub(super) fn say(&mut self) -> Option<u64> {
        self.said = self.received;
        self.received
    }

    /// Whether something is to be done for it before long.
    pub(super) fn is_busy(&self) -> bool {
        let unsent = self.is_mine && self.acknowledged < self.received.unwrap_or(0);
        self.received.is_none() || self.lacks() || unsent || self.closed.is_some()
    }

    /// Whether all that was received was passed on.
    pub(super) fn is_passed_on(&self) -> bool {
        self.is_mine || self.received.is_none_or(|end| self.passed_on == end)
    }

    /// The next whole message that was sent in a view before `until`.
    pub(super) fn next_message(&mut self, until: u64) -> Option<Vec<u8>> {
        while !self.is_mine && self.received.is_some_and(|end| self.passed_on < end) {
            let part = self.parts.get(&self.passed_on)?;
            if part.view >= until {
                return None;
            }
            self.message.extend(part.content());
            self.passed_on += 1;
            if part.last || self.message.len() > super::MAX_MESSAGE {
                return Some(std::mem::take(&mut self.message));
            }
        }
        None
    }

    /// Frees what all have, as far as it is passed on and of a view that this member has seen: who
    /// joined in a later one may need it.
    pub(super) fn free(&mut self, floor: u64, view: u64) {
        let passed_on = if self.is_mine {
            self.received.unwrap_or(0)
        } else {
            self.passed_on
        };
        while let Some(first) = self.parts.first_entry() {
            if *first.key() >= floor.min(passed_on) || first.get().view > view {
                return;
            }
            first.remove();
        }
    }

    /// Cuts a message of this member into parts.
    pub(super) fn cut(&mut self, tag: Tag, view: &View, message: &[u8]) {
        let mut rest = message;
        loop {
            let (part, left) = rest.split_at(rest.len().min(PART));
            let number = self.received.unwrap_or(0);
            let data = Data {
                sender: view.me,
                number,
                view: view.number,
                last: left.is_empty(),
                part,
            };
            self.parts.insert(
                number,
                Part {
                    view: view.number,
                    last: data.last,
                    frame: Frame::Data(data).encode(tag),
                    sent_at: 0,
                },
            );
            self.received = Some(number + 1);
            self.known = number + 1;
            rest = left;
            if rest.is_empty() {
                return;
            }
        }
    }
}
