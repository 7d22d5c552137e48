//! Cuts messages into frames, and puts them together again: a state machine without clock or
//! channel.
//!
//! A frame, numbers in little-endian order:
//!
//! ```text
//! identity (8)  kind (1)  sender (8)  number (4)  length (4)  index (4)  content
//! ```
//!
//! The identity is that of the reference, so that all who understand each other's frames cut them
//! alike: every frame of a message but the last is as long as may be, and what is not so long is
//! none. The length is that of the whole message.

use std::collections::{BTreeMap, VecDeque};

use crate::seen::Seen;

/// Tells frames of later versions apart.
const KIND: u8 = 1;
/// Bytes in front of the content.
pub(crate) const HEADER: usize = 8 + 1 + 8 + 4 + 4 + 4;
/// Frames that leave at once. A receive buffer has to hold them: on Linux it holds about 90 of the
/// usual size.
const BURST: u32 = 16;
/// So many messages are put together at a time.
const MAX_PARTIAL: usize = 1_024;
/// What keeping a frame costs besides its content, at most.
const OVERHEAD: usize = 96;

/// Bounds that everybody on a channel shares, since they are parameters of the reference.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Largest frame, in bytes; more than [`HEADER`].
    pub(crate) frame: usize,
    /// Largest message, in bytes.
    pub(crate) largest: usize,
    /// Bytes of frames that are kept until their message is whole, and as many of messages that
    /// wait to be sent.
    pub(crate) memory: usize,
    /// Nanoseconds after the last new frame of a message, after which it is given up.
    pub(crate) patience: u64,
    /// Nanoseconds between bursts; 0: all leaves at once.
    pub(crate) pause: u64,
}

impl Limits {
    fn chunk(&self) -> usize {
        self.frame - HEADER
    }
}

/// Nanoseconds between bursts, so that `pace` bytes leave in a second.
pub(crate) fn pause(frame: usize, pace: u32) -> u64 {
    let burst = u64::from(BURST) * frame as u64;
    (burst * 1_000_000_000)
        .checked_div(u64::from(pace))
        .unwrap_or(0)
}

/// Why a message is not sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// It is larger than the limit.
    TooLarge,
    /// Too much waits already.
    Full,
}

/// Both directions of one proxy.
#[derive(Debug)]
pub(crate) struct Fragments {
    limits: Limits,
    channel: [u8; 8],
    sender: [u8; 8],
    number: u32,
    waiting: VecDeque<Outgoing>,
    waiting_bytes: usize,
    /// Frames that may still leave before `refill`.
    budget: u32,
    refill: u64,
    partial: BTreeMap<([u8; 8], u32), Partial>,
    partial_bytes: usize,
    seen: Seen,
    /// Frames that were none of this channel's, or contradict others.
    pub(crate) foreign: u64,
    /// Messages given up because frames were missing for too long, or there was no room.
    pub(crate) given_up: u64,
}

#[derive(Debug)]
struct Outgoing {
    number: u32,
    message: Vec<u8>,
    next: usize,
}

/// A message of which frames are missing.
#[derive(Debug)]
struct Partial {
    length: usize,
    frames: BTreeMap<u32, Vec<u8>>,
    /// What it costs.
    bytes: usize,
    /// When the last new frame came.
    touched: u64,
}

impl Fragments {
    /// Nothing waits yet. `random` is drawn anew for every proxy.
    pub(crate) fn new(limits: Limits, identity: &[u8; 32], random: u64) -> Fragments {
        let mut channel = [0; 8];
        channel.copy_from_slice(&identity[..8]);
        Fragments {
            limits,
            channel,
            sender: random.to_le_bytes(),
            number: 0,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            budget: 0,
            refill: 0,
            partial: BTreeMap::new(),
            partial_bytes: 0,
            seen: Seen::default(),
            foreign: 0,
            given_up: 0,
        }
    }

    /// Takes a message to send; [`Fragments::next_frame`] gives its frames.
    pub(crate) fn send(&mut self, message: &[u8]) -> Result<(), Refused> {
        if message.len() > self.limits.largest {
            return Err(Refused::TooLarge);
        }
        // One that waits alone may be as large as it likes.
        let more = self.waiting_bytes + message.len() + OVERHEAD;
        if !self.waiting.is_empty() && more > self.limits.memory {
            return Err(Refused::Full);
        }
        self.waiting_bytes = more;
        self.number = self.number.wrapping_add(1);
        self.waiting.push_back(Outgoing {
            number: self.number,
            message: message.to_vec(),
            next: 0,
        });
        Ok(())
    }

    /// The next frame, if one may leave now.
    pub(crate) fn next_frame(&mut self, now: u64) -> Option<Vec<u8>> {
        let outgoing = self.waiting.front_mut()?;
        if self.limits.pause > 0 {
            if now >= self.refill {
                self.budget = BURST;
                self.refill = now.saturating_add(self.limits.pause);
            }
            self.budget = self.budget.checked_sub(1)?;
        }
        let (length, chunk) = (outgoing.message.len(), self.limits.chunk());
        let start = outgoing.next * chunk;
        let content = &outgoing.message[start..length.min(start + chunk)];
        let mut frame = Vec::with_capacity(HEADER + content.len());
        frame.extend(self.channel);
        frame.push(KIND);
        frame.extend(self.sender);
        frame.extend(outgoing.number.to_le_bytes());
        frame.extend((length as u32).to_le_bytes());
        frame.extend((outgoing.next as u32).to_le_bytes());
        frame.extend(content);
        outgoing.next += 1;
        if outgoing.next * chunk >= length {
            self.waiting_bytes -= length + OVERHEAD;
            self.waiting.pop_front();
        }
        Some(frame)
    }

    /// Takes a frame; answers the message that it completes.
    pub(crate) fn receive(&mut self, now: u64, frame: &[u8]) -> Option<Vec<u8>> {
        let Some(read) = self.read(frame) else {
            self.foreign += 1;
            return None;
        };
        let Read {
            sender,
            number,
            length,
            index,
            content,
        } = read;
        if sender == self.sender || !self.seen.is_new(sender, number) {
            return None;
        }
        if content.len() == length {
            self.forget((sender, number));
            self.seen.insert(sender, number);
            return Some(content.to_vec());
        }
        let partial = self.partial.entry((sender, number)).or_insert(Partial {
            length,
            frames: BTreeMap::new(),
            bytes: OVERHEAD,
            touched: now,
        });
        if partial.length != length {
            self.foreign += 1;
            return None;
        }
        if partial.frames.is_empty() {
            self.partial_bytes += OVERHEAD;
        }
        if partial.frames.contains_key(&index) {
            return None;
        }
        let cost = content.len() + OVERHEAD;
        partial.frames.insert(index, content.to_vec());
        partial.touched = now;
        partial.bytes += cost;
        self.partial_bytes += cost;
        if partial.frames.len() < length.div_ceil(self.limits.chunk()) {
            self.make_room((sender, number));
            return None;
        }
        let whole = self.forget((sender, number))?;
        self.seen.insert(sender, number);
        Some(whole.frames.into_values().flatten().collect())
    }

    /// Gives up what has waited too long.
    pub(crate) fn expire(&mut self, now: u64) {
        let patience = self.limits.patience;
        let over = |partial: &Partial| partial.touched.saturating_add(patience) <= now;
        while let Some(key) = self.oldest(None).filter(|key| over(&self.partial[key])) {
            self.give_up(key);
        }
    }

    /// When there is something to do without a frame or a message.
    pub(crate) fn deadline(&self) -> Option<u64> {
        let refill = (!self.waiting.is_empty()).then_some(self.refill);
        let oldest = self.oldest(None).map(|key| {
            let touched = self.partial[&key].touched;
            touched.saturating_add(self.limits.patience)
        });
        refill.into_iter().chain(oldest).min()
    }

    fn read<'a>(&self, frame: &'a [u8]) -> Option<Read<'a>> {
        let (channel, rest) = frame.split_first_chunk::<8>()?;
        let (kind, rest) = rest.split_first()?;
        let (sender, rest) = rest.split_first_chunk::<8>()?;
        let mut rest = rest;
        let mut numbers = [0; 3];
        for number in &mut numbers {
            let (bytes, left) = rest.split_first_chunk::<4>()?;
            (*number, rest) = (u32::from_le_bytes(*bytes), left);
        }
        let ([number, length, index], content) = (numbers, rest);
        let (length, chunk) = (length as usize, self.limits.chunk());
        if *channel != self.channel || *kind != KIND || length > self.limits.largest {
            return None;
        }
        let start = (index as usize).checked_mul(chunk)?;
        // A message without content has one frame.
        let exists = start < length || (index, length) == (0, 0);
        let whole = exists && content.len() == chunk.min(length - start);
        whole.then_some(Read {
            sender: *sender,
            number,
            length,
            index,
            content,
        })
    }

    /// Makes room for what was kept last.
    fn make_room(&mut self, newest: ([u8; 8], u32)) {
        while self.partial_bytes > self.limits.memory || self.partial.len() > MAX_PARTIAL {
            let victim = self.oldest(Some(newest)).unwrap_or(newest);
            self.give_up(victim);
        }
    }

    /// Whose last new frame came first.
    fn oldest(&self, but: Option<([u8; 8], u32)>) -> Option<([u8; 8], u32)> {
        let others = self.partial.iter().filter(|(key, _)| Some(**key) != but);
        let oldest = others.min_by_key(|(_, partial)| partial.touched);
        oldest.map(|(key, _)| *key)
    }

    fn give_up(&mut self, key: ([u8; 8], u32)) {
        self.forget(key);
        // Frames that come late would be kept for nothing.
        self.seen.insert(key.0, key.1);
        self.given_up += 1;
    }

    fn forget(&mut self, key: ([u8; 8], u32)) -> Option<Partial> {
        let partial = self.partial.remove(&key)?;
        self.partial_bytes -= partial.bytes;
        Some(partial)
    }
}

struct Read<'a> {
    sender: [u8; 8],
    number: u32,
    length: usize,
    index: u32,
    content: &'a [u8],
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        frame: HEADER + 10,
        largest: 1_000,
        memory: 20_000,
        patience: 100,
        pause: 0,
    };

    fn fragments(limits: Limits, random: u64) -> Fragments {
        Fragments::new(limits, &[1; 32], random)
    }

    fn frames(sender: &mut Fragments, message: &[u8]) -> Vec<Vec<u8>> {
        sender.send(message).unwrap();
        std::iter::from_fn(|| sender.next_frame(0)).collect()
    }

    fn message(length: usize) -> Vec<u8> {
        (0..length).map(|index| index as u8).collect()
    }

    #[test]
    fn messages_of_every_length_arrive_in_whatever_order_their_frames_do() {
        for length in [0, 1, 9, 10, 11, 20, 999, 1_000] {
            let (mut left, mut right) = (fragments(LIMITS, 1), fragments(LIMITS, 2));
            let mut sent = frames(&mut left, &message(length));
            assert_eq!(sent.len(), length.div_ceil(10).max(1));
            assert!(sent.iter().all(|frame| frame.len() <= LIMITS.frame));
            sent.reverse();
            let (last, first) = sent.split_last().unwrap();
            for frame in first.iter().chain(first) {
                assert_eq!(right.receive(0, frame), None);
            }
            assert_eq!(right.receive(0, last), Some(message(length)));
            for frame in &sent {
                assert_eq!(right.receive(0, frame), None, "received once");
            }
            assert_eq!((right.partial_bytes, right.partial.len()), (0, 0));
            assert_eq!(right.foreign + right.given_up, 0);
        }
    }

    #[test]
    fn of_a_message_that_lacks_a_frame_nothing_is_received_and_nothing_is_kept() {
        let (mut left, mut right) = (fragments(LIMITS, 1), fragments(LIMITS, 2));
        let mut sent = frames(&mut left, &message(95));
        let lost = sent.remove(4);
        for (now, frame) in sent.iter().enumerate() {
            assert_eq!(right.receive(now as u64, frame), None);
        }
        assert_eq!(right.deadline(), Some(108));
        right.expire(107);
        assert_eq!(right.given_up, 0);
        right.expire(108);
        assert_eq!((right.given_up, right.partial_bytes), (1, 0));
        assert_eq!(right.deadline(), None);
        assert_eq!(right.receive(109, &lost), None);
        assert_eq!(right.partial.len(), 0, "a late frame is not kept");
    }

    #[test]
    fn messages_that_are_lost_do_not_hold_up_others() {
        let (mut left, mut right) = (fragments(LIMITS, 1), fragments(LIMITS, 2));
        let first = frames(&mut left, &message(30));
        let second = frames(&mut left, b"later");
        assert_eq!(right.receive(0, &first[0]), None);
        assert_eq!(right.receive(0, &second[0]), Some(b"later".to_vec()));
        assert_eq!(right.receive(0, &first[1]), None);
        assert_eq!(right.receive(0, &first[2]), Some(message(30)));
    }

    #[test]
    fn memory_is_bounded_whatever_comes() {
        let mut right = fragments(LIMITS, 2);
        let mut most = 0;
        for sender in 0..5_000 {
            let mut left = fragments(LIMITS, 1_000 + sender);
            for frame in &frames(&mut left, &message(1_000))[1..4] {
                assert_eq!(right.receive(sender, frame), None);
            }
            most = most.max(right.partial_bytes);
            let sum: usize = right.partial.values().map(|partial| partial.bytes).sum();
            assert_eq!(sum, right.partial_bytes);
        }
        assert!(
            (LIMITS.memory / 2..=LIMITS.memory).contains(&most),
            "{most}"
        );
        assert!(right.given_up > 4_000);
        // The newest ones are what is kept.
        let mut left = fragments(LIMITS, 3);
        let mut whole = frames(&mut left, &message(500)).into_iter();
        let received = whole.find_map(|frame| right.receive(9_999, &frame));
        assert_eq!(received, Some(message(500)));
    }

    #[test]
    fn frames_that_cannot_be_are_dropped_and_counted() {
        let mut left = fragments(LIMITS, 1);
        let good = frames(&mut left, &message(25));
        let at = |frame: &[u8], index: usize, value: u8| {
            let mut changed = frame.to_vec();
            changed[index] = value;
            changed
        };
        let bad = [
            Vec::new(),
            good[0][..HEADER - 1].to_vec(),
            good[0][..HEADER + 9].to_vec(),
            [&good[0][..], &[0]].concat(),
            good[2][..HEADER + 4].to_vec(),
            at(&good[0], 0, 9),     // another reference
            at(&good[0], 8, 2),     // another kind
            at(&good[0], 24, 0x10), // larger than the largest
            at(&good[0], 25, 3),    // beyond the end
            at(&good[0], 28, 0xff), // far beyond the end
            at(&good[2], 25, 0),    // too short for where it stands
        ];
        let mut right = fragments(LIMITS, 2);
        for frame in &bad {
            assert_eq!(right.receive(0, frame), None);
        }
        assert_eq!(right.foreign, bad.len() as u64);
        assert_eq!(right.partial.len(), 0);
        // Two lengths for one message.
        assert_eq!(right.receive(0, &good[0]), None);
        assert_eq!(right.receive(0, &at(&good[1], 21, 26)), None);
        assert_eq!(right.foreign, bad.len() as u64 + 1);
        assert_eq!(right.receive(0, &good[1]), None);
        assert_eq!(right.receive(0, &good[2]), Some(message(25)));
    }

    #[test]
    fn noise_is_survived() {
        let mut left = fragments(LIMITS, 1);
        let frames = frames(&mut left, &message(40));
        let mut right = fragments(LIMITS, 2);
        let mut random = 1_u64;
        let mut next = |below: usize| {
            random = random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (random >> 33) as usize % below
        };
        for now in 0..50_000 {
            let mut frame = frames[next(frames.len())].clone();
            for _ in 0..next(4) {
                let index = 9 + next(frame.len() - 9);
                frame[index] = next(256) as u8;
            }
            frame.truncate(HEADER + 10 - next(3) * next(12));
            right.receive(now, &frame);
            right.expire(now);
            assert!(right.partial_bytes <= LIMITS.memory);
            assert!(right.partial.len() <= MAX_PARTIAL);
        }
    }

    #[test]
    fn own_frames_that_come_back_are_not_received() {
        let mut left = fragments(LIMITS, 1);
        for frame in frames(&mut left, &message(15)) {
            assert_eq!(left.receive(0, &frame), None);
        }
        assert_eq!((left.partial.len(), left.foreign), (0, 0));
    }

    #[test]
    fn large_messages_leave_in_bursts_and_in_order() {
        let limits = Limits {
            pause: 50,
            ..LIMITS
        };
        let mut left = fragments(limits, 1);
        left.send(&message(200)).unwrap();
        left.send(b"after").unwrap();
        let burst = |left: &mut Fragments, now| std::iter::from_fn(|| left.next_frame(now)).count();
        assert_eq!(burst(&mut left, 7), 16);
        assert_eq!(left.deadline(), Some(57));
        assert_eq!(burst(&mut left, 56), 0);
        assert_eq!(burst(&mut left, 57), 5);
        assert_eq!((left.deadline(), left.waiting_bytes), (None, 0));
    }

    #[test]
    fn what_is_too_large_or_too_much_is_refused() {
        let limits = Limits {
            pause: 50,
            memory: 1_200,
            ..LIMITS
        };
        let mut left = fragments(limits, 1);
        assert_eq!(left.send(&message(1_001)), Err(Refused::TooLarge));
        assert_eq!(left.send(&message(1_000)), Ok(()));
        assert_eq!(left.send(&message(200)), Err(Refused::Full));
        assert_eq!(left.send(&message(7)), Ok(()));
        while left.next_frame(left.refill).is_some() {}
        assert_eq!(left.send(&message(1_000)), Ok(()));
    }

    #[test]
    fn a_pace_of_bytes_a_second_is_a_pause_between_bursts() {
        assert_eq!(pause(1_000, 4_000_000), 4_000_000);
        assert_eq!(pause(1_000, 0), 0);
    }
}
