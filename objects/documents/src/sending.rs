//! Blobs on their way out: cut into chunks, paced, and kept for a while so that chunks which did
//! not arrive can be sent again.

use std::collections::VecDeque;

use crate::frame::{Base, BlobId, CHUNK, Chunk, Frame, Purpose, blob_id};
use crate::{MILLISECOND, SECOND};

/// Chunks that are sent at once. Together they must fit the receive buffer of a socket, which
/// on Linux holds about 90 datagrams of this size.
const BURST: u32 = 16;
/// Time between bursts.
const TICK: u64 = 4 * MILLISECOND;
/// How long chunks can be asked for again after the last one was sent or asked for.
const KEEP: u64 = 3 * SECOND;
/// All blobs that are kept, in bytes.
const MAX_BYTES: usize = 128 << 20;
/// A chunk that was sent so short a time ago may still be on its way.
const ON_ITS_WAY: u64 = 15 * MILLISECOND;

#[derive(Default)]
pub(crate) struct Sending {
    transfers: VecDeque<Transfer>,
    bytes: usize,
    budget: u32,
    refill: u64,
}

struct Transfer {
    blob: BlobId,
    purpose: Purpose,
    base: Base,
    content: Vec<u8>,
    queue: VecDeque<u32>,
    chunks: Vec<State>,
    touched: u64,
}

#[derive(Clone, Copy)]
struct State {
    queued: bool,
    sent: u64,
}

impl Sending {
    /// Takes a blob to send. Sending the same content again while it is kept begins anew.
    pub(crate) fn begin(&mut self, now: u64, purpose: Purpose, base: Base, content: Vec<u8>) {
        let blob = blob_id(purpose, &base, &content);
        self.forget(|transfer| transfer.blob == blob);
        let count = content.len().div_ceil(CHUNK);
        self.bytes += content.len();
        self.transfers.push_back(Transfer {
            blob,
            purpose,
            base,
            content,
            queue: (0..count as u32).collect(),
            chunks: vec![
                State {
                    queued: true,
                    sent: 0
                };
                count
            ],
            touched: now,
        });
        while self.bytes > MAX_BYTES && self.transfers.len() > 1 {
            if let Some(oldest) = self.transfers.pop_front() {
                self.bytes -= oldest.content.len();
            }
        }
    }

    /// Queues chunks that somebody lacks.
    pub(crate) fn missing(&mut self, now: u64, blob: &BlobId, ranges: &[(u32, u32)]) {
        let Some(transfer) = self
            .transfers
            .iter_mut()
            .find(|transfer| transfer.blob == *blob)
        else {
            return;
        };
        transfer.touched = now;
        let count = transfer.chunks.len() as u32;
        for (first, length) in ranges {
            for index in (*first).min(count)..(first + length).min(count) {
                let state = &mut transfer.chunks[index as usize];
                if !state.queued && now >= state.sent + ON_ITS_WAY {
                    state.queued = true;
                    transfer.queue.push_back(index);
                }
            }
        }
    }

    /// Whether nothing waits and something could be sent now.
    pub(crate) fn is_free(&self, now: u64) -> bool {
        !self.waits() && (self.budget > 0 || now >= self.refill)
    }

    /// When something could be sent, if nothing waits.
    pub(crate) fn free_at(&self) -> u64 {
        if self.budget > 0 { 0 } else { self.refill }
    }

    /// Whether what somebody in this state lacks is on its way to them.
    pub(crate) fn answers(&self, base: &Base) -> bool {
        self.transfers.iter().any(|transfer| {
            transfer.purpose == Purpose::Diff
                && transfer.base == *base
                && !transfer.queue.is_empty()
        })
    }

    /// The frames that may be sent now.
    pub(crate) fn pump(&mut self, now: u64, mut send: impl FnMut(Vec<u8>)) {
        if now >= self.refill {
            self.budget = BURST;
        }
        // One chunk of each in turn, so that a small blob does not wait for a large one.
        while self.budget > 0 && self.waits() {
            for transfer in &mut self.transfers {
                if self.budget == 0 {
                    break;
                }
                if let Some(index) = transfer.queue.pop_front() {
                    self.budget -= 1;
                    self.refill = now + TICK;
                    transfer.touched = now;
                    transfer.chunks[index as usize] = State {
                        queued: false,
                        sent: now,
                    };
                    send(transfer.frame(index));
                }
            }
        }
        self.forget(|transfer| {
            // Of a single chunk that did not arrive nobody knows.
            let single = transfer.chunks.len() <= 1;
            transfer.queue.is_empty() && (single || now >= transfer.touched + KEEP)
        });
    }

    /// When `pump` is to be called again.
    pub(crate) fn deadline(&self) -> Option<u64> {
        if self.waits() {
            return Some(self.refill);
        }
        self.transfers
            .iter()
            .map(|transfer| transfer.touched + KEEP)
            .min()
    }

    pub(crate) fn clear(&mut self) {
        *self = Sending::default();
    }

    fn waits(&self) -> bool {
        self.transfers
            .iter()
            .any(|transfer| !transfer.queue.is_empty())
    }

    fn forget(&mut self, which: impl Fn(&Transfer) -> bool) {
        self.transfers.retain(|transfer| !which(transfer));
        self.bytes = self
            .transfers
            .iter()
            .map(|transfer| transfer.content.len())
            .sum();
    }
}

impl Transfer {
    fn frame(&self, index: u32) -> Vec<u8> {
        let start = index as usize * CHUNK;
        let payload = &self.content[start..self.content.len().min(start + CHUNK)];
        Frame::Chunk(Chunk {
            blob: self.blob,
            purpose: self.purpose,
            base: self.base,
            index,
            count: self.chunks.len() as u32,
            payload,
        })
        .encode()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pump(sending: &mut Sending, now: u64) -> Vec<u32> {
        let mut indices = Vec::new();
        sending.pump(now, |frame| match Frame::decode(&frame) {
            Some(Frame::Chunk(chunk)) => indices.push(chunk.index),
            other => panic!("a chunk was expected, not {other:?}"),
        });
        indices
    }

    fn begin(sending: &mut Sending, chunks: usize) -> BlobId {
        let content: Vec<u8> = (0..chunks * CHUNK).map(|byte| byte as u8).collect();
        let blob = blob_id(Purpose::Update, &[0; 8], &content);
        sending.begin(0, Purpose::Update, [0; 8], content);
        blob
    }

    #[test]
    fn a_large_blob_is_sent_in_bursts() {
        let mut sending = Sending::default();
        begin(&mut sending, 20);
        assert_eq!(pump(&mut sending, 0).len(), 16);
        assert_eq!(pump(&mut sending, TICK - 1).len(), 0);
        assert_eq!(sending.deadline(), Some(TICK));
        assert_eq!(pump(&mut sending, TICK), [16, 17, 18, 19]);
    }

    #[test]
    fn missing_chunks_are_sent_again_while_the_blob_is_kept() {
        let mut sending = Sending::default();
        let blob = begin(&mut sending, 3);
        pump(&mut sending, 0);
        sending.missing(ON_ITS_WAY - 1, &blob, &[(0, 3)]);
        assert_eq!(
            pump(&mut sending, TICK),
            [0; 0],
            "they may still be on their way"
        );
        sending.missing(ON_ITS_WAY, &blob, &[(1, 9)]);
        assert_eq!(pump(&mut sending, ON_ITS_WAY), [1, 2]);
        let late = ON_ITS_WAY + KEEP;
        assert_eq!(sending.deadline(), Some(late));
        pump(&mut sending, late);
        sending.missing(late, &blob, &[(0, 3)]);
        assert_eq!(pump(&mut sending, late + TICK), [0; 0]);
        assert_eq!(sending.deadline(), None);
    }

    #[test]
    fn a_small_blob_does_not_wait_for_a_large_one() {
        let mut sending = Sending::default();
        begin(&mut sending, 100);
        pump(&mut sending, 0);
        sending.begin(1, Purpose::Update, [0; 8], vec![1]);
        let burst = pump(&mut sending, TICK);
        assert!(burst[..2].contains(&0), "{burst:?}");
    }
}
