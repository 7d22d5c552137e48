//! Blobs on their way in: chunks are collected until one is whole, and missing ones asked for.

use std::collections::{BTreeMap, VecDeque};

use crate::frame::{Base, BlobId, Chunk, Frame, MAX_BLOB, MAX_RANGES, Purpose, blob_id};
use crate::{Env, MILLISECOND, SECOND};

/// So many blobs are collected at once.
const MAX_BLOBS: usize = 16;
/// All that is collected, in bytes.
const MAX_BYTES: usize = MAX_BLOB + (4 << 20);
/// So many blobs that were whole are remembered.
const MAX_DONE: usize = 256;
/// After so long without a chunk missing ones are asked for, plus up to as much again.
const PATIENCE: u64 = 20 * MILLISECOND;
/// Requests without any answer before a blob is given up.
const MAX_TRIES: u32 = 7;
/// A blob of which nothing is heard any more is forgotten.
const FORGET: u64 = 5 * SECOND;
/// A blob is arriving if a chunk came so short a time ago.
const ARRIVING: u64 = 300 * MILLISECOND;

/// A whole blob.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Whole {
    pub(crate) blob: BlobId,
    pub(crate) purpose: Purpose,
    pub(crate) content: Vec<u8>,
}

#[derive(Default)]
pub(crate) struct Receiving {
    blobs: BTreeMap<BlobId, Blob>,
    bytes: usize,
    done: VecDeque<BlobId>,
}

struct Blob {
    purpose: Purpose,
    base: Base,
    count: u32,
    chunks: BTreeMap<u32, Vec<u8>>,
    bytes: usize,
    /// Whether missing chunks are asked for.
    wanted: bool,
    touched: u64,
    ask: u64,
    tries: u32,
}

impl Receiving {
    /// Takes a chunk; `wanted` if this replica has a use for its blob.
    pub(crate) fn chunk(
        &mut self,
        env: &mut Env<'_>,
        chunk: &Chunk<'_>,
        wanted: bool,
    ) -> Option<Whole> {
        if self.done.contains(&chunk.blob) {
            return None;
        }
        if chunk.count == 1 {
            return Self::finish(
                chunk.blob,
                chunk.purpose,
                &chunk.base,
                chunk.payload.to_vec(),
            );
        }
        let blob = self.blobs.entry(chunk.blob).or_insert_with(|| Blob {
            purpose: chunk.purpose,
            base: chunk.base,
            count: chunk.count,
            chunks: BTreeMap::new(),
            bytes: 0,
            wanted: false,
            touched: env.now,
            ask: 0,
            tries: 0,
        });
        if (blob.purpose, blob.base, blob.count) != (chunk.purpose, chunk.base, chunk.count) {
            return None;
        }
        blob.wanted |= wanted;
        blob.touched = env.now;
        blob.ask = env.now + PATIENCE + env.below(PATIENCE);
        if blob.chunks.contains_key(&chunk.index) {
            return None;
        }
        blob.tries = 0;
        blob.chunks.insert(chunk.index, chunk.payload.to_vec());
        blob.bytes += chunk.payload.len();
        self.bytes += chunk.payload.len();
        if blob.chunks.len() < blob.count as usize {
            self.make_room(&chunk.blob);
            return None;
        }
        let blob = self.remove(&chunk.blob)?;
        let content = blob.chunks.into_values().collect::<Vec<_>>().concat();
        Self::finish(chunk.blob, chunk.purpose, &chunk.base, content)
    }

    /// This blob is of no use any more: its chunks are not collected again.
    pub(crate) fn done(&mut self, blob: BlobId) {
        self.done.push_back(blob);
        if self.done.len() > MAX_DONE {
            self.done.pop_front();
        }
    }

    /// Somebody else asks for chunks of this blob: what they get may serve here too.
    pub(crate) fn overheard(&mut self, env: &mut Env<'_>, blob: &BlobId) {
        if let Some(blob) = self.blobs.get_mut(blob) {
            blob.ask = blob.ask.max(env.now + PATIENCE + env.below(PATIENCE));
        }
    }

    /// Asks for what is missing. Answers whether a blob that was wanted had to be given up.
    pub(crate) fn ask(&mut self, env: &mut Env<'_>, mut send: impl FnMut(Vec<u8>)) -> bool {
        let mut given_up = false;
        let due: Vec<BlobId> = self
            .blobs
            .iter()
            .filter(|(_, blob)| blob.deadline() <= env.now)
            .map(|(id, _)| *id)
            .collect();
        for id in due {
            let Some(blob) = self.blobs.get_mut(&id) else {
                continue;
            };
            if !blob.wanted || blob.tries >= MAX_TRIES {
                given_up |= blob.wanted;
                self.remove(&id);
                continue;
            }
            send(
                Frame::Missing {
                    blob: id,
                    ranges: blob.missing(),
                }
                .encode(),
            );
            blob.tries += 1;
            let pause = PATIENCE << blob.tries.min(5);
            blob.ask = env.now + pause + env.below(PATIENCE);
        }
        given_up
    }

    /// When `ask` is to be called again.
    pub(crate) fn deadline(&self) -> Option<u64> {
        self.blobs.values().map(Blob::deadline).min()
    }

    /// Whether something wanted is arriving just now.
    pub(crate) fn arriving(&self, now: u64) -> bool {
        self.blobs
            .values()
            .any(|blob| blob.wanted && now < blob.touched + ARRIVING)
    }

    pub(crate) fn clear(&mut self) {
        *self = Receiving::default();
    }

    fn finish(id: BlobId, purpose: Purpose, base: &Base, content: Vec<u8>) -> Option<Whole> {
        (blob_id(purpose, base, &content) == id).then_some(Whole {
            blob: id,
            purpose,
            content,
        })
    }

    fn make_room(&mut self, keep: &BlobId) {
        while self.blobs.len() > MAX_BLOBS || self.bytes > MAX_BYTES {
            let others = self.blobs.iter().filter(|(id, _)| *id != keep);
            let Some(id) = others
                .min_by_key(|(_, b)| (b.wanted, b.touched))
                .map(|(id, _)| *id)
            else {
                return;
            };
            self.remove(&id);
        }
    }

    fn remove(&mut self, id: &BlobId) -> Option<Blob> {
        let blob = self.blobs.remove(id)?;
        self.bytes -= blob.bytes;
        Some(blob)
    }
}

impl Blob {
    fn deadline(&self) -> u64 {
        if self.wanted {
            self.ask
        } else {
            self.touched + FORGET
        }
    }

    /// The first ranges of chunks that are missing.
    fn missing(&self) -> Vec<(u32, u32)> {
        let mut ranges = Vec::new();
        let mut next = 0;
        for index in self.chunks.keys().copied().chain([self.count]) {
            if index > next {
                ranges.push((next, index - next));
            }
            next = index + 1;
            if ranges.len() == MAX_RANGES {
                break;
            }
        }
        ranges
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::CHUNK;

    fn env<'a>(now: u64, random: &'a mut dyn FnMut() -> u64) -> Env<'a> {
        Env { now, random }
    }

    fn content(chunks: u8) -> (BlobId, Vec<Vec<u8>>) {
        let chunks: Vec<Vec<u8>> = (0..chunks).map(|number| vec![number; CHUNK]).collect();
        (blob_id(Purpose::Update, &[0; 8], &chunks.concat()), chunks)
    }

    fn chunk<'a>(blob: BlobId, chunks: &'a [Vec<u8>], index: usize) -> Chunk<'a> {
        Chunk {
            blob,
            purpose: Purpose::Update,
            base: [0; 8],
            index: index as u32,
            count: chunks.len() as u32,
            payload: &chunks[index],
        }
    }

    #[test]
    fn chunks_in_any_order_make_a_whole_once() {
        let mut receiving = Receiving::default();
        let (blob, chunks) = content(3);
        let mut random = || 0;
        let mut env = env(0, &mut random);
        let mut wholes = Vec::new();
        for index in [2, 0, 2, 1, 1, 0] {
            let whole = receiving.chunk(&mut env, &chunk(blob, &chunks, index), true);
            whole.iter().for_each(|whole| receiving.done(whole.blob));
            wholes.extend(whole);
        }
        assert_eq!(
            wholes,
            [Whole {
                blob,
                purpose: Purpose::Update,
                content: chunks.concat()
            }]
        );
        assert_eq!((receiving.bytes, receiving.deadline()), (0, None));
    }

    #[test]
    fn missing_chunks_are_asked_for_until_it_is_hopeless() {
        let mut receiving = Receiving::default();
        let (blob, chunks) = content(5);
        let mut random = || 0;
        let mut env = env(0, &mut random);
        receiving.chunk(&mut env, &chunk(blob, &chunks, 1), true);
        let mut asked = Vec::new();
        let mut given_up = false;
        while let Some(deadline) = receiving.deadline() {
            env.now = deadline;
            given_up = receiving.ask(&mut env, |frame| asked.push(frame));
        }
        let expected = Frame::Missing {
            blob,
            ranges: vec![(0, 1), (2, 3)],
        };
        assert_eq!(asked.len(), MAX_TRIES as usize);
        assert!(
            asked
                .iter()
                .all(|frame| Frame::decode(frame) == Some(expected.clone()))
        );
        assert!(given_up && env.now < 3 * SECOND);
    }

    #[test]
    fn what_is_not_wanted_is_not_asked_for() {
        let mut receiving = Receiving::default();
        let (blob, chunks) = content(2);
        let mut random = || 0;
        let mut env = env(0, &mut random);
        receiving.chunk(&mut env, &chunk(blob, &chunks, 1), false);
        env.now = receiving.deadline().unwrap();
        assert!(!receiving.ask(&mut env, |_| panic!("nothing is to be asked for")));
        assert_eq!(receiving.deadline(), None);
    }

    #[test]
    fn a_blob_that_is_not_what_it_says_is_dropped() {
        let mut receiving = Receiving::default();
        let (blob, mut chunks) = content(2);
        chunks[0][7] ^= 1;
        let mut random = || 0;
        let mut env = env(0, &mut random);
        for index in 0..2 {
            assert_eq!(
                receiving.chunk(&mut env, &chunk(blob, &chunks, index), true),
                None
            );
        }
        assert_eq!(receiving.deadline(), None);
    }

    #[test]
    fn half_received_blobs_are_bounded() {
        let mut receiving = Receiving::default();
        let (_, chunks) = content(2);
        let mut random = || 0;
        let mut env = env(0, &mut random);
        for number in 0..1_000u64 {
            env.now = number;
            let mut blob = [0; 16];
            blob[..8].copy_from_slice(&number.to_le_bytes());
            receiving.chunk(&mut env, &chunk(blob, &chunks, 0), number % 2 == 0);
            assert!(receiving.blobs.len() <= MAX_BLOBS);
        }
        assert_eq!(receiving.bytes, MAX_BLOBS * CHUNK);
    }
}
