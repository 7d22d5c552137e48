//! What replicas of a text say to each other, one frame per message of the channel.
//!
//! A frame is a magic, a checksum of the rest, a kind and a body; numbers are little-endian. A
//! frame that is not exactly what some replica could have written is no frame.

use sha2::{Digest as _, Sha256};

/// First bytes: the protocol and its version.
const MAGIC: [u8; 4] = *b"lst1";
const CHECKSUM: usize = 8;
const HEADER: usize = MAGIC.len() + CHECKSUM + 1;

/// Payload of a chunk, but for the last of its blob.
pub(crate) const CHUNK: usize = 1_012;
/// Largest frame. In a datagram of 1,200 bytes it leaves room for the header of the channel, and for
/// what adapters in between add to a message.
pub(crate) const MAX_FRAME: usize = HEADER + 16 + 1 + 8 + 4 + 4 + CHUNK;
/// Ranges that a request for missing chunks can name.
pub(crate) const MAX_RANGES: usize = 128;
/// Largest blob.
pub(crate) const MAX_BLOB: usize = 64 << 20;
const MAX_COUNT: u32 = MAX_BLOB.div_ceil(CHUNK) as u32;

/// Identifies a state of the text: what was inserted and what was deleted.
pub(crate) type Digest = [u8; 16];
/// Names a blob by its content.
pub(crate) type BlobId = [u8; 16];
/// The first bytes of the digest of a state.
pub(crate) type Base = [u8; 8];

/// What a blob is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Purpose {
    /// A state, as in [`Frame::State`], that did not fit one frame.
    State = 1,
    /// An edit that was just made.
    Update = 2,
    /// What somebody in the state `base` lacks.
    Diff = 3,
}

/// A chunk of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Chunk<'a> {
    pub(crate) blob: BlobId,
    pub(crate) purpose: Purpose,
    /// For a diff: the state that it is for.
    pub(crate) base: Base,
    pub(crate) index: u32,
    pub(crate) count: u32,
    pub(crate) payload: &'a [u8],
}

/// One message between replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// The state that somebody is in: digest and encoded version.
    State { digest: Digest, version: &'a [u8] },
    /// A part of something larger.
    Chunk(Chunk<'a>),
    /// Chunks of a blob, as ranges of first and length, did not arrive.
    Missing {
        blob: BlobId,
        ranges: Vec<(u32, u32)>,
    },
}

const STATE: u8 = 1;
const CHUNK_KIND: u8 = 2;
const MISSING: u8 = 3;

/// Identity of a blob.
pub(crate) fn blob_id(purpose: Purpose, base: &Base, content: &[u8]) -> BlobId {
    let hash = Sha256::new()
        .chain_update([purpose as u8])
        .chain_update(base)
        .chain_update(content);
    let mut id = [0; 16];
    id.copy_from_slice(&hash.finalize()[..16]);
    id
}

impl<'a> Frame<'a> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(MAX_FRAME);
        bytes.extend(MAGIC);
        bytes.extend([0; CHECKSUM]);
        match self {
            Frame::State { digest, version } => {
                bytes.push(STATE);
                bytes.extend(digest);
                bytes.extend(*version);
            }
            Frame::Chunk(chunk) => {
                bytes.push(CHUNK_KIND);
                bytes.extend(chunk.blob);
                bytes.push(chunk.purpose as u8);
                bytes.extend(chunk.base);
                bytes.extend(chunk.index.to_le_bytes());
                bytes.extend(chunk.count.to_le_bytes());
                bytes.extend(chunk.payload);
            }
            Frame::Missing { blob, ranges } => {
                bytes.push(MISSING);
                bytes.extend(blob);
                for (first, length) in ranges {
                    bytes.extend(first.to_le_bytes());
                    bytes.extend(length.to_le_bytes());
                }
            }
        }
        let checksum = checksum(&bytes[HEADER - 1..]);
        bytes[MAGIC.len()..HEADER - 1].copy_from_slice(&checksum);
        bytes
    }

    /// Reads a frame; `None` if the bytes are none.
    pub(crate) fn decode(bytes: &'a [u8]) -> Option<Frame<'a>> {
        if bytes.len() > MAX_FRAME {
            return None;
        }
        let (magic, rest) = bytes.split_first_chunk::<4>()?;
        let (sum, rest) = rest.split_first_chunk::<CHECKSUM>()?;
        if *magic != MAGIC || *sum != checksum(rest) {
            return None;
        }
        let (kind, body) = rest.split_first()?;
        match *kind {
            STATE => {
                let (digest, version) = body.split_first_chunk()?;
                Some(Frame::State {
                    digest: *digest,
                    version,
                })
            }
            CHUNK_KIND => Chunk::decode(body).map(Frame::Chunk),
            MISSING => {
                let (blob, rest) = body.split_first_chunk()?;
                let (ranges, []) = rest.as_chunks::<8>() else {
                    return None;
                };
                if ranges.is_empty() || ranges.len() > MAX_RANGES {
                    return None;
                }
                let ranges = ranges.iter().map(range).collect::<Option<_>>()?;
                Some(Frame::Missing {
                    blob: *blob,
                    ranges,
                })
            }
            _ => None,
        }
    }
}

impl<'a> Chunk<'a> {
    fn decode(body: &'a [u8]) -> Option<Self> {
        let (blob, rest) = body.split_first_chunk()?;
        let (purpose, rest) = rest.split_first()?;
        let (base, rest) = rest.split_first_chunk()?;
        let (index, rest) = rest.split_first_chunk()?;
        let (count, payload) = rest.split_first_chunk()?;
        let (index, count) = (u32::from_le_bytes(*index), u32::from_le_bytes(*count));
        let purpose = match *purpose {
            1 => Purpose::State,
            2 => Purpose::Update,
            3 => Purpose::Diff,
            _ => return None,
        };
        let last = index.checked_add(1)? == count;
        let fits = if last {
            (1..=CHUNK).contains(&payload.len())
        } else {
            payload.len() == CHUNK
        };
        if !fits || index >= count || count > MAX_COUNT {
            return None;
        }
        Some(Chunk {
            blob: *blob,
            purpose,
            base: *base,
            index,
            count,
            payload,
        })
    }
}

fn range(bytes: &[u8; 8]) -> Option<(u32, u32)> {
    let (first, length) = bytes.split_at(4);
    let first = u32::from_le_bytes(first.try_into().ok()?);
    let length = u32::from_le_bytes(length.try_into().ok()?);
    (length > 0 && first.checked_add(length)? <= MAX_COUNT).then_some((first, length))
}

fn checksum(rest: &[u8]) -> [u8; CHECKSUM] {
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&Sha256::digest(rest)[..CHECKSUM]);
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(payload: &[u8]) -> Frame<'_> {
        Frame::Chunk(Chunk {
            blob: [7; 16],
            purpose: Purpose::Diff,
            base: [3; 8],
            index: 4,
            count: 5,
            payload,
        })
    }

    #[test]
    fn frames_read_back() {
        let payload = [9; CHUNK];
        let frames = [
            Frame::State {
                digest: [1; 16],
                version: &[0],
            },
            chunk(&payload),
            Frame::Missing {
                blob: [2; 16],
                ranges: vec![(0, 1), (5, 3)],
            },
        ];
        for frame in frames {
            let bytes = frame.encode();
            assert!(bytes.len() <= MAX_FRAME);
            assert_eq!(Frame::decode(&bytes), Some(frame));
        }
    }

    #[test]
    fn the_largest_frame_leaves_room_for_the_channel() {
        let header_of_channel = 24;
        let length_of_bytes = 4;
        let sealed = 41 + length_of_bytes;
        let once = MAX_FRAME + length_of_bytes + sealed + header_of_channel;
        assert!(once + sealed <= 1_200, "even sealed twice");
    }

    #[test]
    fn any_flipped_bit_and_any_truncation_is_noticed() {
        let bytes = chunk(b"payload").encode();
        for bit in 0..bytes.len() * 8 {
            let mut bytes = bytes.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Frame::decode(&bytes), None);
        }
        for length in 0..bytes.len() {
            assert_eq!(Frame::decode(&bytes[..length]), None);
        }
    }

    #[test]
    fn impossible_chunks_are_no_frames() {
        let whole = [0; CHUNK];
        for (index, count, payload) in [
            (0, 0, &whole[..]),
            (5, 5, &whole),
            (0, 2, &whole[1..]),
            (0, 1, &[]),
            (0, u32::MAX, &whole),
        ] {
            let chunk = Chunk {
                blob: [0; 16],
                purpose: Purpose::Update,
                base: [0; 8],
                index,
                count,
                payload,
            };
            assert_eq!(
                Frame::decode(&Frame::Chunk(chunk).encode()),
                None,
                "{index} of {count}"
            );
        }
    }
}
