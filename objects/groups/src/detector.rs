//! Failure detection: which of some peers answer.
//!
//! A state machine: what happens goes in with the time, what to do comes out.
//!
//! Every `period` it asks the peers that its owner named, all of them (a sweep) or the next one of
//! them, and each answers at once. A peer of which nothing was heard for `timeout` is suspected, and
//! restored as soon as it is heard again. What counts as heard is an answer to this detector.
//!
//! Let no message take longer than `L`.
//!
//! - **Completeness.** A peer whose last answer was sent at `s` is suspected between `s + timeout` and
//!   `s + timeout + L`: the last answer is heard between `s` and `s + L`, and exactly `timeout` later the
//!   peer is suspected. One that never answers is suspected `timeout` after it was named.
//! - **Accuracy.** Nobody is suspected wrongly where no message is lost and each peer is asked every
//!   `p`, with `p + 2 L < timeout`: two answers in a row are heard at most `p + 2 L` apart. In sweeps `p`
//!   is `period`, else it is `period` times the number of peers.
//! - **A peer that is not named any more** is not suspected; one that is named again begins anew.
//! - **Cost.** In a time `t` after peers were named there are `⌊t / period⌋ + 1` questions; in a sweep each
//!   is as many frames as it takes for [`MAX_ASKED`] peers a frame. Each asked peer sends one answer.
//!
//! It is the distributed detector of Mace (C. Killian and others, *Mace: language support for building
//! distributed systems*, 2007), with the choice between all and one at a time as a parameter.

use std::collections::{BTreeMap, BTreeSet};

use crate::env::Env;
use crate::wire::{Reader, Tag, Writer};

mod proxy;
#[cfg(test)]
mod tests;

/// So many peers are asked by one frame.
pub(crate) const MAX_ASKED: usize = 100;

/// What the reference says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Nanoseconds between two questions; more than 0.
    pub(crate) period: u64,
    /// How long a peer may be silent. Nanoseconds.
    pub(crate) timeout: u64,
    /// Whether each question is to all peers, or to the next one.
    pub(crate) sweep: bool,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send this to everybody on the channel.
    Send(Vec<u8>),
    /// The peer was silent for too long.
    Suspect(u64),
    /// It was heard again.
    Restore(u64),
}

/// A detector, and what answers those of others.
pub(crate) struct Detector {
    tag: Tag,
    settings: Settings,
    /// The number that others know it by, once its owner has told.
    me: Option<u64>,
    /// When each peer was heard last, or named.
    peers: BTreeMap<u64, u64>,
    suspected: BTreeSet<u64>,
    /// When to ask next.
    asks: u64,
    /// Who was asked last, where one at a time is.
    last: u64,
    online: bool,
}

const ASK: u8 = 1;
const ANSWER: u8 = 2;

impl Detector {
    pub(crate) fn new(tag: Tag, settings: Settings) -> Detector {
        Detector {
            tag,
            settings,
            me: None,
            peers: BTreeMap::new(),
            suspected: BTreeSet::new(),
            asks: 0,
            last: 0,
            online: false,
        }
    }

    /// From now on looks after these peers, as `me`.
    pub(crate) fn monitor(&mut self, env: &mut Env<'_>, me: u64, peers: &[u64]) -> Vec<Action> {
        if self.me != Some(me) {
            // Answers to another number are not heard.
            self.peers.clear();
            self.suspected.clear();
        }
        self.me = Some(me);
        let named = peers.iter().copied().filter(|peer| *peer != me);
        let before = std::mem::take(&mut self.peers);
        let since = |peer: &u64| before.get(peer).copied().unwrap_or(env.now);
        self.peers = named.map(|peer| (peer, since(&peer))).collect();
        self.suspected.retain(|peer| self.peers.contains_key(peer));
        if before.is_empty() {
            self.asks = env.now;
        }
        self.timer(env)
    }

    /// The channel is there: all peers begin anew.
    pub(crate) fn connected(&mut self, env: &mut Env<'_>) -> Vec<Action> {
        self.online = true;
        self.asks = env.now;
        for heard in self.peers.values_mut() {
            *heard = env.now;
        }
        self.timer(env)
    }

    /// The channel is gone. Nobody is suspected for that.
    pub(crate) fn disconnected(&mut self) {
        self.online = false;
    }

    /// A message of the channel.
    pub(crate) fn frame(&mut self, env: &mut Env<'_>, bytes: &[u8]) -> Vec<Action> {
        self.read(env, bytes).unwrap_or_default()
    }

    fn read(&mut self, env: &mut Env<'_>, bytes: &[u8]) -> Option<Vec<Action>> {
        let (kind, mut reader) = Reader::open(bytes, self.tag)?;
        let me = self.me?;
        let from = reader.u64()?;
        match kind {
            ASK => {
                let count = reader.count(8)?;
                let asked: Option<Vec<u64>> = (0..count).map(|_| reader.u64()).collect();
                reader.end()?;
                let answer = Writer::new(self.tag, ANSWER).u64(me).u64(from).finish();
                asked?.contains(&me).then(|| vec![Action::Send(answer)])
            }
            ANSWER => {
                let to = reader.u64()?;
                reader.end()?;
                if to != me {
                    return None;
                }
                *self.peers.get_mut(&from)? = env.now;
                let restored = self.suspected.remove(&from);
                restored.then(|| vec![Action::Restore(from)])
            }
            _ => None,
        }
    }

    /// The deadline has come.
    pub(crate) fn timer(&mut self, env: &mut Env<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        if !self.online {
            return actions;
        }
        for (peer, heard) in &self.peers {
            if env.now - heard >= self.settings.timeout && self.suspected.insert(*peer) {
                actions.push(Action::Suspect(*peer));
            }
        }
        if let (true, Some(me)) = (self.asks <= env.now && !self.peers.is_empty(), self.me) {
            // A detector that was held up asks once, not once for each period that has passed.
            let late = (env.now - self.asks) % self.settings.period;
            self.asks = env.now - late + self.settings.period;
            let all: Vec<u64> = self.peers.keys().copied().collect();
            let asked = match self.settings.sweep {
                true => all,
                false => {
                    let next = all.iter().find(|peer| **peer > self.last);
                    self.last = *next.unwrap_or(&all[0]);
                    vec![self.last]
                }
            };
            for asked in asked.chunks(MAX_ASKED) {
                let writer = Writer::new(self.tag, ASK).u64(me).count(asked.len());
                let writer = asked.iter().fold(writer, |writer, peer| writer.u64(*peer));
                actions.push(Action::Send(writer.finish()));
            }
        }
        actions
    }

    /// When [`Detector::timer`] wants to be called.
    pub(crate) fn deadline(&self) -> Option<u64> {
        if !self.online || self.peers.is_empty() {
            return None;
        }
        let waited = self.peers.iter();
        let waited = waited.filter(|(peer, _)| !self.suspected.contains(peer));
        let silent = waited.map(|(_, heard)| heard.saturating_add(self.settings.timeout));
        silent.chain([self.asks]).min()
    }

    /// Those that are suspected.
    pub(crate) fn suspected(&self) -> impl Iterator<Item = u64> {
        self.suspected.iter().copied()
    }
}
