//! A peer, and the stream to it: it takes messages there.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;

use super::{Action, FIRST_PAUSE, LONGEST_PAUSE, Limits};
use crate::stream::{Frame, Nonsense, Reader, alive};

/// A peer.
pub(super) struct Outbound {
    address: SocketAddr,
    state: State,
    /// Frames that wait, and their bytes.
    queue: VecDeque<Arc<[u8]>>,
    bytes: usize,
    /// The stream takes nothing now.
    blocked: bool,
    /// Tries in a row that came to nothing.
    failures: u32,
    heard: u64,
    sent: u64,
}

enum State {
    /// No stream; the next is tried at this time.
    Idle(u64),
    Opening(u64),
    /// Open, and greeted from here.
    Greeting(u64, Reader),
    /// Greeted from there as well, by this proxy.
    Up(u64, Reader, u64),
}

impl Outbound {
    pub(super) fn new(address: SocketAddr, now: u64) -> Outbound {
        Outbound {
            address,
            state: State::Idle(now),
            queue: VecDeque::new(),
            bytes: 0,
            blocked: false,
            failures: 0,
            heard: now,
            sent: now,
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The stream's token.
    pub(super) fn token(&self) -> Option<u64> {
        match self.state {
            State::Idle(_) => None,
            State::Opening(token) | State::Greeting(token, _) | State::Up(token, ..) => Some(token),
        }
    }

    pub(super) fn leads_to(&self, proxy: u64) -> bool {
        matches!(self.state, State::Up(_, _, there) if there == proxy)
    }

    /// When a stream is to be opened.
    pub(super) fn due(&self) -> Option<u64> {
        match self.state {
            State::Idle(at) => Some(at),
            _ => None,
        }
    }

    /// Opens a stream under this token; answers where to.
    pub(super) fn connect(&mut self, token: u64) -> String {
        self.state = State::Opening(token);
        self.address.to_string()
    }

    pub(super) fn opened(&mut self, now: u64, reader: Reader) {
        if let State::Opening(token) = self.state {
            self.state = State::Greeting(token, reader);
            (self.heard, self.sent) = (now, now);
        }
    }

    /// The other side has greeted: what waits can go.
    pub(super) fn greeted(&mut self, proxy: u64, actions: &mut VecDeque<Action>) {
        let state = std::mem::replace(&mut self.state, State::Idle(u64::MAX));
        self.state = match state {
            State::Greeting(token, reader) => State::Up(token, reader, proxy),
            other => other,
        };
        self.failures = 0;
        self.blocked = false;
        self.flush(actions);
    }

    /// The stream is gone, or was never there. What waited for it is lost: whoever is there next
    /// would get it after later messages, or was not there when it was sent.
    pub(super) fn lost(&mut self, now: u64, jitter: u64) {
        self.failures = self.failures.saturating_add(1);
        let pause = FIRST_PAUSE << (self.failures - 1).min(10);
        let pause = pause.min(LONGEST_PAUSE);
        let pause = pause - pause / 4 + jitter % (pause / 2);
        self.rest(now.saturating_add(pause));
    }

    /// The stream leads where another one leads already.
    pub(super) fn twin(&mut self, now: u64) {
        // Nothing is kept for it.
        self.failures = self.failures.max(1);
        self.rest(now.saturating_add(LONGEST_PAUSE));
    }

    fn rest(&mut self, until: u64) {
        self.state = State::Idle(until);
        self.queue.clear();
        (self.bytes, self.blocked) = (0, false);
    }

    /// Somebody is there after all.
    pub(super) fn hurry(&mut self, now: u64) {
        if let State::Idle(at) = &mut self.state {
            *at = now.min(*at);
            self.failures = 0;
        }
    }

    /// Sends a frame, or keeps it until it can be sent; false if it is lost because more waits than
    /// `most` bytes, and somebody is there to miss it.
    pub(super) fn send(
        &mut self,
        frame: &Arc<[u8]>,
        most: usize,
        actions: &mut VecDeque<Action>,
    ) -> bool {
        // Nobody may be there at all. Only the first try is waited for.
        let expected = match self.state {
            State::Up(..) => true,
            State::Idle(_) | State::Opening(_) | State::Greeting(..) => self.failures == 0,
        };
        if !expected {
            return true;
        }
        if self.bytes > 0 && self.bytes + frame.len() > most {
            return !matches!(self.state, State::Up(..));
        }
        self.bytes += frame.len();
        self.queue.push_back(frame.clone());
        self.flush(actions);
        true
    }

    fn flush(&mut self, actions: &mut VecDeque<Action>) {
        let State::Up(token, ..) = self.state else {
            return;
        };
        if self.blocked {
            return;
        }
        for bytes in self.queue.drain(..) {
            actions.push_back(Action::Send { token, bytes });
        }
        self.bytes = 0;
    }

    /// The stream did not take these frames: they go before all that waits.
    pub(super) fn refused(&mut self, frames: impl Iterator<Item = Arc<[u8]>>) {
        self.blocked = true;
        let mut queue: VecDeque<Arc<[u8]>> = frames.collect();
        queue.extend(self.queue.drain(..));
        self.bytes = queue.iter().map(|frame| frame.len()).sum();
        self.queue = queue;
    }

    pub(super) fn writable(&mut self, actions: &mut VecDeque<Action>) {
        self.blocked = false;
        self.flush(actions);
    }

    pub(super) fn heard(&mut self, now: u64, bytes: &[u8]) {
        self.heard = now;
        if let State::Greeting(_, reader) | State::Up(_, reader, _) = &mut self.state {
            reader.push(bytes);
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<Frame<'_>>, Nonsense> {
        match &mut self.state {
            State::Greeting(_, reader) | State::Up(_, reader, _) => reader.next(),
            _ => Ok(None),
        }
    }

    /// When the stream has been silent for too long.
    pub(super) fn silent_at(&self, limits: &Limits) -> u64 {
        match self.state {
            State::Greeting(..) | State::Up(..) => self.heard.saturating_add(limits.patience),
            _ => u64::MAX,
        }
    }

    /// When it is time for a sign of life.
    pub(super) fn live_at(&self, limits: &Limits) -> u64 {
        match self.state {
            // What waits is one.
            State::Up(..) if !self.blocked => self.sent.saturating_add(limits.patience / 4),
            _ => u64::MAX,
        }
    }

    pub(super) fn live(&mut self, now: u64, limits: &Limits, actions: &mut VecDeque<Action>) {
        if let State::Up(token, ..) = self.state
            && self.live_at(limits) <= now
        {
            self.sent = now;
            let bytes = alive().into();
            actions.push_back(Action::Send { token, bytes });
        }
    }
}
