//! A stream that somebody opened to this proxy: it brings messages.

use std::collections::VecDeque;
use std::net::SocketAddr;

use super::{Action, Limits};
use crate::stream::{Frame, Nonsense, Reader, alive};

/// An accepted stream.
pub(super) struct Inbound {
    reader: Reader,
    /// Where it comes from.
    pub(super) from: Option<SocketAddr>,
    /// Who has greeted.
    sender: Option<u64>,
    heard: u64,
    /// When something was last sent back.
    sent: u64,
}

impl Inbound {
    pub(super) fn new(now: u64, reader: Reader, from: Option<SocketAddr>) -> Inbound {
        Inbound {
            reader,
            from,
            sender: None,
            heard: now,
            sent: now,
        }
    }

    pub(super) fn sender(&self) -> Option<u64> {
        self.sender
    }

    pub(super) fn heard(&mut self, now: u64, bytes: &[u8]) {
        // Who does not greet is not waited for any longer by sending little by little.
        if self.sender.is_some() {
            self.heard = now;
        }
        self.reader.push(bytes);
    }

    /// The next frame, and who sends it.
    pub(super) fn next(&mut self) -> (Option<u64>, Result<Option<Frame<'_>>, Nonsense>) {
        let sender = self.sender;
        let frame = self.reader.next();
        if let Ok(Some(Frame::Hello(proxy))) = frame {
            self.sender = Some(proxy);
        }
        (sender, frame)
    }

    /// When it has been silent for too long.
    pub(super) fn silent_at(&self, limits: &Limits) -> u64 {
        self.heard.saturating_add(limits.patience)
    }

    /// When it is time for a sign of life.
    pub(super) fn live_at(&self, limits: &Limits) -> u64 {
        match self.sender {
            Some(_) => self.sent.saturating_add(limits.patience / 4),
            None => u64::MAX,
        }
    }

    pub(super) fn live(
        &mut self,
        now: u64,
        token: u64,
        limits: &Limits,
        actions: &mut VecDeque<Action>,
    ) {
        if self.live_at(limits) <= now {
            self.sent = now;
            let bytes = alive().into();
            actions.push_back(Action::Send { token, bytes });
        }
    }
}
