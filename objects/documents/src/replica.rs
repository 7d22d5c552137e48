//! One replica of the text among others on a best-effort channel, as a state machine: what happens
//! goes in with the time, what to do comes out. It knows neither sockets nor clocks.
//!
//! - An edit is sent to everybody at once. What was sent too fast to be sent at once is sent
//!   together as soon as possible.
//! - Everybody says which state they are in, at intervals that double while all agree and nothing
//!   happens, and stays silent when somebody else has just said the same. Who joins begins with
//!   short intervals.
//! - Who hears of a state that lacks something sends what is missing, after a random delay, and
//!   only if nobody else did. Who hears of a state that knows more says which state they are in,
//!   likewise.
//! - Updates that build on something unknown wait, and the state is said soon.

use std::collections::{BTreeMap, VecDeque};

use crate::document::{Applied, Document, EditError, MAX_TEXT};
use crate::frame::{Base, CHUNK, Digest, Frame, Purpose};
use crate::lines::{Changed, Lines, Splice};
use crate::receiving::Receiving;
use crate::sending::Sending;
use crate::update::Version;
use crate::{Env, MILLISECOND, SECOND};

/// Intervals between saying one's state: for who joins, after a change, and at last.
const FIRST_INTERVAL: u64 = 20 * MILLISECOND;
const SHORT_INTERVAL: u64 = 200 * MILLISECOND;
const LONG_INTERVAL: u64 = 8 * SECOND;
/// Answers and questions that others may give as well wait so long, and up to as long as that.
const MIN_DELAY: u64 = 5 * MILLISECOND;
const MAX_DELAY: u64 = 50 * MILLISECOND;
/// After an answer the same question is not answered again at once: who missed parts asks for
/// them. The longer the answer the longer the pause.
const MIN_PAUSE: u64 = 100 * MILLISECOND;
const MAX_PAUSE: u64 = 5 * SECOND;
const PAUSE_PER_BYTE: u64 = 10_000;
/// Questions are at least so far apart.
const ASK_PAUSE: u64 = 50 * MILLISECOND;
/// After so many questions in vain, what is lacking is taken to be lost.
const MAX_ASKS: u32 = 8;
/// Remembered: questions answered, own states said, updates that came early.
const MAX_ANSWERED: usize = 64;
const MAX_PENDING: usize = 32;
const MAX_ASKED: usize = 8;
const MAX_HELD: usize = 64;
const MAX_HELD_BYTES: usize = 256 << 10;

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send this to everybody on the channel.
    Send(Vec<u8>),
    /// Show that these lines changed.
    Changed(Changed),
    /// Tell people that something is not as it should be.
    Warn(String),
}

pub(crate) struct Replica {
    document: Document,
    sending: Sending,
    receiving: Receiving,
    online: bool,
    beat: Beat,
    /// Since this version, edits were made that were not sent yet.
    unsent: Option<Version>,
    /// States of others that lack something, and when to send it.
    answers: BTreeMap<Base, (u64, Version)>,
    /// Questions that are not to be answered before a time.
    answered: BTreeMap<Base, u64>,
    /// When to say the own state because something is missing.
    ask: Option<u64>,
    /// What is known to exist.
    heard_of: Version,
    /// Something unknown, which no version shows, exists.
    unclear: bool,
    asked: VecDeque<Base>,
    asked_at: u64,
    /// Questions since anything new came.
    asks: u32,
    held: VecDeque<Vec<u8>>,
    dropped: u64,
}

/// The intervals at which the state is said.
struct Beat {
    interval: u64,
    /// When to say it in this interval; `None` when that is past.
    due: Option<u64>,
    end: u64,
    /// Somebody said the same state in this interval.
    heard: bool,
}

impl Beat {
    fn new(env: &mut Env<'_>, interval: u64) -> Self {
        let due = env.now + interval / 2 + env.below(interval / 2);
        Beat {
            interval,
            due: Some(due),
            end: env.now + interval,
            heard: false,
        }
    }

    fn shorten(&mut self, env: &mut Env<'_>) {
        if self.interval > SHORT_INTERVAL {
            *self = Beat::new(env, SHORT_INTERVAL);
        }
    }

    /// Whether to say the state now.
    fn strike(&mut self, env: &mut Env<'_>) -> bool {
        let strike = self.due.is_some_and(|due| due <= env.now);
        if strike {
            self.due = None;
        }
        let say = strike && !self.heard;
        if env.now >= self.end {
            *self = Beat::new(env, (self.interval * 2).min(LONG_INTERVAL));
        }
        say
    }
}

impl Replica {
    /// Makes a replica that is alone and has no text yet.
    pub(crate) fn new(env: &mut Env<'_>) -> Self {
        let document = Document::new((env.random)());
        Replica::with(env, document)
    }

    /// Makes a replica that is alone and knows what another one saved; `None` if that is not a text.
    pub(crate) fn resume(env: &mut Env<'_>, history: &[u8]) -> Option<Self> {
        let document = Document::resume((env.random)(), history)?;
        Some(Replica::with(env, document))
    }

    fn with(env: &mut Env<'_>, document: Document) -> Self {
        Replica {
            document,
            sending: Sending::default(),
            receiving: Receiving::default(),
            online: false,
            beat: Beat::new(env, FIRST_INTERVAL),
            unsent: None,
            answers: BTreeMap::new(),
            answered: BTreeMap::new(),
            ask: None,
            heard_of: Version::default(),
            unclear: false,
            asked: VecDeque::new(),
            asked_at: 0,
            asks: 0,
            held: VecDeque::new(),
            dropped: 0,
        }
    }

    pub(crate) fn lines(&self) -> &Lines {
        self.document.lines()
    }

    /// All that is known of the text, for [`Replica::resume`].
    pub(crate) fn history(&self) -> Vec<u8> {
        self.document.diff(&Version::default())
    }

    /// As [`Document::known`].
    pub(crate) fn known(&self) -> Vec<u8> {
        self.document.known()
    }

    /// Messages that were no frames, or brought no update of a text.
    pub(crate) fn dropped(&self) -> u64 {
        self.dropped
    }

    /// When `timer` is to be called, unless something else happens before.
    pub(crate) fn deadline(&self) -> Option<u64> {
        if !self.online {
            return None;
        }
        let answer = self.answers.values().map(|(due, _)| *due).min();
        let unsent = self.unsent.as_ref().map(|_| self.sending.free_at());
        let beat = self.beat.due.unwrap_or(self.beat.end);
        [
            answer,
            unsent,
            self.ask,
            self.sending.deadline(),
            self.receiving.deadline(),
        ]
        .into_iter()
        .flatten()
        .chain([beat])
        .min()
    }

    /// The channel is there: asks for what others have.
    pub(crate) fn connected(&mut self, env: &mut Env<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        self.online = true;
        self.beat = Beat::new(env, FIRST_INTERVAL);
        self.say_state(env, &mut actions);
        actions
    }

    /// The channel is gone.
    pub(crate) fn disconnected(&mut self) {
        self.online = false;
        self.sending.clear();
        self.receiving.clear();
        self.answers.clear();
        self.answered.clear();
        self.unsent = None;
        self.ask = None;
    }

    /// Makes `line` the last line.
    pub(crate) fn append(&mut self, env: &mut Env<'_>, line: &str) -> Vec<Action> {
        let splice = self.document.lines().append(line);
        self.make(env, &splice)
    }

    /// Replaces characters of the visible text.
    pub(crate) fn edit(
        &mut self,
        env: &mut Env<'_>,
        at: usize,
        delete: usize,
        insert: &str,
    ) -> Vec<Action> {
        let splice = self.document.lines().edit(at, delete, insert);
        self.make(env, &splice)
    }

    /// A message of the channel came.
    pub(crate) fn datagram(&mut self, env: &mut Env<'_>, bytes: &[u8]) -> Vec<Action> {
        let mut actions = Vec::new();
        match Frame::decode(bytes) {
            None => self.dropped += 1,
            Some(Frame::State { digest, version }) => {
                self.hear_state(env, digest, version);
            }
            Some(Frame::Missing { blob, ranges }) => {
                self.sending.missing(env.now, &blob, &ranges);
                self.receiving.overheard(env, &blob);
            }
            Some(Frame::Chunk(chunk)) => {
                let wanted = match chunk.purpose {
                    Purpose::State | Purpose::Update => true,
                    Purpose::Diff => {
                        self.answers.remove(&chunk.base);
                        self.answered(chunk.base, env.now + MIN_PAUSE);
                        self.asked.contains(&chunk.base) || self.base() == chunk.base
                    }
                };
                if let Some(whole) = self.receiving.chunk(env, &chunk, wanted) {
                    match (whole.purpose, whole.content.split_first_chunk()) {
                        (Purpose::State, Some((digest, version))) => {
                            self.hear_state(env, *digest, version);
                        }
                        (Purpose::State, None) => self.dropped += 1,
                        _ if self.take(env, &whole.content, &mut actions) => {
                            self.receiving.done(whole.blob);
                        }
                        _ => {}
                    }
                }
            }
        }
        self.flush(env, &mut actions);
        actions
    }

    /// The deadline is there, or past.
    pub(crate) fn timer(&mut self, env: &mut Env<'_>) -> Vec<Action> {
        let mut actions = Vec::new();
        if !self.online {
            return actions;
        }
        let given_up = self
            .receiving
            .ask(env, |frame| actions.push(Action::Send(frame)));
        self.answer(env);
        let beat = self.beat.strike(env) && !self.receiving.arriving(env.now);
        let ask = self.ask.is_some_and(|due| due <= env.now);
        if ask && self.receiving.arriving(env.now) {
            self.ask = Some(env.now + ASK_PAUSE);
        } else if beat || given_up || ask && self.lacks() {
            self.say_state(env, &mut actions);
        } else if ask {
            self.ask = None;
        }
        self.flush(env, &mut actions);
        actions
    }

    fn make(&mut self, env: &mut Env<'_>, splice: &Splice) -> Vec<Action> {
        let mut actions = Vec::new();
        let before = self.document.version().clone();
        match self.document.edit(splice) {
            Ok(None) => {}
            Ok(Some((update, changed))) => {
                actions.extend(changed.into_iter().map(Action::Changed));
                if self.unsent.is_some() || !self.sending.is_free(env.now) {
                    self.unsent.get_or_insert(before);
                } else if self.online {
                    self.sending
                        .begin(env.now, Purpose::Update, Base::default(), update);
                }
                self.beat.shorten(env);
                self.flush(env, &mut actions);
            }
            Err(EditError::TooLong) => actions.push(Action::Warn(format!(
                "the edit was not made: the text would be longer than {} MiB",
                MAX_TEXT >> 20
            ))),
            Err(EditError::Failed) => actions.push(Action::Warn(
                "the edit was not made: the text could not take it and is as it was".to_owned(),
            )),
        }
        actions
    }

    /// Takes an update, and those that waited for it; false if it has to wait itself.
    fn take(&mut self, env: &mut Env<'_>, update: &[u8], actions: &mut Vec<Action>) -> bool {
        let failures = self.document.failures();
        let before = self.document.version().clone();
        match self.document.apply(update) {
            Applied::Done(changed) => actions.extend(changed.into_iter().map(Action::Changed)),
            Applied::Early => {
                self.hold(update);
                self.schedule_ask(env);
                return false;
            }
            Applied::Malformed => self.dropped += 1,
        }
        let mut progress = true;
        while std::mem::take(&mut progress) {
            for update in std::mem::take(&mut self.held) {
                match self.document.apply(&update) {
                    Applied::Done(changed) => {
                        progress = true;
                        actions.extend(changed.into_iter().map(Action::Changed));
                    }
                    Applied::Early => self.held.push_back(update),
                    Applied::Malformed => self.dropped += 1,
                }
            }
        }
        if self.document.version().exceeds(&before) {
            self.asks = 0;
        }
        if self.document.failures() > failures {
            actions.push(Action::Warn(
                "an update from the channel could not be applied; the text is as it was".to_owned(),
            ));
        }
        true
    }

    fn hold(&mut self, update: &[u8]) {
        self.held.push_back(update.to_vec());
        let mut bytes: usize = self.held.iter().map(Vec::len).sum();
        while self.held.len() > MAX_HELD || bytes > MAX_HELD_BYTES {
            bytes -= self.held.pop_front().map_or(bytes, |update| update.len());
        }
    }

    /// Somebody is in this state.
    fn hear_state(&mut self, env: &mut Env<'_>, digest: Digest, version: &[u8]) {
        if digest == self.document.digest() {
            self.beat.heard = true;
            // They asked for the same thing.
            self.ask = self.ask.map(|due| due.max(env.now + MIN_PAUSE));
            return;
        }
        let Ok(version) = Version::decode(version) else {
            self.dropped += 1;
            return;
        };
        let mine = self.document.version();
        let (more, less) = (mine.exceeds(&version), version.exceeds(mine));
        // The same insertions, but other deletions: both may lack some.
        let unclear = !more && !less;
        if more || unclear {
            let base = base_of(&digest);
            let paused = self
                .answered
                .get(&base)
                .is_some_and(|until| *until > env.now);
            if !paused && !self.sending.answers(&base) && self.answers.len() < MAX_PENDING {
                let due = env.now + delay(env);
                self.answers.entry(base).or_insert((due, version.clone()));
            }
        }
        if less || unclear {
            for (client, clock) in version.iter().filter(|_| less) {
                self.heard_of.raise(client, clock);
            }
            self.unclear |= unclear;
            self.schedule_ask(env);
        }
        self.beat.shorten(env);
    }

    fn schedule_ask(&mut self, env: &mut Env<'_>) {
        if self.ask.is_none() {
            self.ask = Some(env.now.max(self.asked_at + ASK_PAUSE) + delay(env));
        }
    }

    /// Whether something is known to exist that is not known here.
    fn lacks(&self) -> bool {
        self.unclear || !self.held.is_empty() || self.heard_of.exceeds(self.document.version())
    }

    /// Sends what others lack, where the time has come and nobody else did.
    fn answer(&mut self, env: &mut Env<'_>) {
        let now = env.now;
        let due: Vec<Base> = self
            .answers
            .iter()
            .filter(|(_, (due, _))| *due <= now)
            .map(|(base, _)| *base)
            .collect();
        for base in due {
            let Some((_, version)) = self.answers.remove(&base) else {
                continue;
            };
            if base == self.base() {
                continue;
            }
            let content = self.document.diff(&version);
            let pause = MIN_PAUSE + content.len() as u64 * PAUSE_PER_BYTE;
            self.answered(base, now + pause.min(MAX_PAUSE));
            self.sending.begin(now, Purpose::Diff, base, content);
        }
    }

    fn answered(&mut self, base: Base, until: u64) {
        let known = self.answered.entry(base).or_default();
        *known = until.max(*known);
        if self.answered.len() > MAX_ANSWERED {
            let oldest = self.answered.iter().min_by_key(|(_, until)| **until);
            if let Some(oldest) = oldest.map(|(base, _)| *base) {
                self.answered.remove(&oldest);
            }
        }
    }

    fn say_state(&mut self, env: &mut Env<'_>, actions: &mut Vec<Action>) {
        let digest = self.document.digest();
        let base = base_of(&digest);
        let mut version = Vec::new();
        self.document.version().encode(&mut version);
        if version.len() + digest.len() <= CHUNK {
            actions.push(Action::Send(
                Frame::State {
                    digest,
                    version: &version,
                }
                .encode(),
            ));
        } else {
            let content = [&digest[..], &version].concat();
            self.sending.begin(env.now, Purpose::State, base, content);
            self.flush(env, actions);
        }
        if !self.asked.contains(&base) {
            self.asked.push_back(base);
            if self.asked.len() > MAX_ASKED {
                self.asked.pop_front();
            }
        }
        self.asked_at = env.now;
        self.ask = None;
        self.unclear = false;
        self.asks += 1;
        if self.asks > MAX_ASKS {
            self.heard_of = Version::default();
            self.held.clear();
        }
        if self.lacks() {
            // Should nobody answer, and nothing else come.
            self.ask = Some(env.now + MAX_DELAY + SHORT_INTERVAL + env.below(SHORT_INTERVAL));
        }
    }

    /// Sends what may be sent now.
    fn flush(&mut self, env: &mut Env<'_>, actions: &mut Vec<Action>) {
        if !self.online {
            return;
        }
        self.sending
            .pump(env.now, |frame| actions.push(Action::Send(frame)));
        if self.sending.is_free(env.now)
            && let Some(version) = self.unsent.take()
        {
            let content = self.document.diff(&version);
            self.sending
                .begin(env.now, Purpose::Update, Base::default(), content);
            self.sending
                .pump(env.now, |frame| actions.push(Action::Send(frame)));
        }
    }

    fn base(&mut self) -> Base {
        base_of(&self.document.digest())
    }
}

fn base_of(digest: &Digest) -> Base {
    let mut base = Base::default();
    base.copy_from_slice(&digest[..8]);
    base
}

fn delay(env: &mut Env<'_>) -> u64 {
    MIN_DELAY + env.below(MAX_DELAY - MIN_DELAY)
}

#[cfg(test)]
mod hostile;
#[cfg(test)]
mod simulation;
