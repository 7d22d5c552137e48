//! The form of a state file: what it is the state of, its type, the state, and a checksum.
//!
//! ```text
//! magic     8 bytes, `lo-state`
//! version   u32, 1
//! path      of the proxy in the opened reference: u32 length, UTF-8
//! identity  of the proxy's reference, 32 bytes
//! type      identity of the state's type, 32 bytes; then its declarations and its expression, each
//!           u32 length, UTF-8
//! state     wire form: u64 length, bytes
//! checksum  SHA-256 of all of the above, 32 bytes
//! ```
//!
//! Numbers are little-endian. The type stands there in words so that a later version of a library,
//! whose state has further fields, can be given what an earlier one saved.

use sha2::{Digest, Sha256};

const MAGIC: [u8; 8] = *b"lo-state";
const VERSION: u32 = 1;

/// What a state is the state of, and its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heading {
    /// Path of the proxy in the opened reference.
    pub(crate) path: String,
    /// Identity of its reference.
    pub(crate) identity: [u8; 32],
    /// Identity of the state's type.
    pub(crate) ty: [u8; 32],
    /// What the type's expression names.
    pub(crate) declarations: String,
    /// The type.
    pub(crate) expression: String,
}

/// A state as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    /// What it is the state of.
    pub(crate) heading: Heading,
    /// Its wire form.
    pub(crate) bytes: Vec<u8>,
}

/// What is wrong with the bytes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// It does not begin as a state file does.
    Magic,
    /// It is of a version that is not known.
    Version(u32),
    /// It is not what was written.
    Damaged,
}

/// A file in three parts: what precedes the state, and what follows it.
pub(super) fn encode(heading: &Heading, state: &[u8]) -> (Vec<u8>, [u8; 32]) {
    let mut bytes = Vec::new();
    bytes.extend(MAGIC);
    bytes.extend(VERSION.to_le_bytes());
    text(&mut bytes, &heading.path);
    bytes.extend(heading.identity);
    bytes.extend(heading.ty);
    text(&mut bytes, &heading.declarations);
    text(&mut bytes, &heading.expression);
    bytes.extend((state.len() as u64).to_le_bytes());
    let checksum = Sha256::new().chain_update(&bytes).chain_update(state);
    (bytes, checksum.finalize().into())
}

fn text(bytes: &mut Vec<u8>, text: &str) {
    bytes.extend((text.len() as u32).to_le_bytes());
    bytes.extend(text.as_bytes());
}

/// Reads a file.
pub(super) fn decode(bytes: &[u8]) -> Result<Stored, Fault> {
    let mut reader = Reader(bytes);
    if reader.array() != Some(MAGIC) {
        return Err(Fault::Magic);
    }
    let version = reader.array().map(u32::from_le_bytes);
    let version = version.ok_or(Fault::Damaged)?;
    if version != VERSION {
        return Err(Fault::Version(version));
    }
    // Before anything in it is believed.
    let (content, checksum) = bytes.split_last_chunk().ok_or(Fault::Damaged)?;
    if <[u8; 32]>::from(Sha256::digest(content)) != *checksum {
        return Err(Fault::Damaged);
    }
    let stored = reader.stored().ok_or(Fault::Damaged)?;
    if reader.0 == checksum {
        Ok(stored)
    } else {
        Err(Fault::Damaged)
    }
}

struct Reader<'a>(&'a [u8]);

impl Reader<'_> {
    fn stored(&mut self) -> Option<Stored> {
        let heading = Heading {
            path: self.text()?,
            identity: self.array()?,
            ty: self.array()?,
            declarations: self.text()?,
            expression: self.text()?,
        };
        let length = u64::from_le_bytes(self.array()?);
        let bytes = self.take(usize::try_from(length).ok()?)?.to_vec();
        Some(Stored { heading, bytes })
    }

    fn take(&mut self, length: usize) -> Option<&[u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn text(&mut self) -> Option<String> {
        let length = u32::from_le_bytes(self.array()?);
        String::from_utf8(self.take(length as usize)?.to_vec()).ok()
    }
}

/// Bytes taken for a state file, as they are and with the checksum that they should have: what is
/// one is written as the same bytes again.
///
/// # Panics
///
/// It is not so.
#[cfg(feature = "hostile")]
pub fn hostile(bytes: &[u8]) {
    let whole = [bytes, &Sha256::digest(bytes)].concat();
    for bytes in [bytes, &whole] {
        if let Ok(stored) = decode(bytes) {
            let (before, checksum) = encode(&stored.heading, &stored.bytes);
            assert_eq!([&before[..], &stored.bytes, &checksum].concat(), bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heading() -> Heading {
        Heading {
            path: "note/text".to_owned(),
            identity: [1; 32],
            ty: [2; 32],
            declarations: "record S { n: u64 }".to_owned(),
            expression: "S".to_owned(),
        }
    }

    fn whole(state: &[u8]) -> Vec<u8> {
        let (before, after) = encode(&heading(), state);
        [&before, state, &after].concat()
    }

    #[test]
    fn a_file_says_what_it_is_the_state_of() {
        for state in [&b""[..], b"state"] {
            let stored = Stored {
                heading: heading(),
                bytes: state.to_vec(),
            };
            assert_eq!(decode(&whole(state)), Ok(stored));
        }
    }

    #[test]
    fn a_change_of_any_byte_is_seen() {
        let whole = whole(b"state");
        for at in 0..whole.len() {
            let mut changed = whole.clone();
            changed[at] ^= 1;
            let expected = match at {
                0..8 => Fault::Magic,
                8 => Fault::Version(0),
                9 => Fault::Version(1 + 0x100),
                10 => Fault::Version(1 + 0x1_0000),
                11 => Fault::Version(1 + 0x100_0000),
                _ => Fault::Damaged,
            };
            assert_eq!(decode(&changed), Err(expected), "byte {at}");
        }
    }

    #[test]
    fn what_was_cut_short_or_goes_on_is_damaged() {
        let whole = whole(b"state");
        for length in 8..whole.len() {
            assert_eq!(decode(&whole[..length]), Err(Fault::Damaged), "{length}");
        }
        assert_eq!(decode(b""), Err(Fault::Magic));
        let longer = [&whole[..], b"x"].concat();
        assert_eq!(decode(&longer), Err(Fault::Damaged));
    }

    #[test]
    fn a_checksum_does_not_make_up_for_lengths_that_lie() {
        let (mut bytes, _) = encode(&heading(), b"state");
        // The length of the path.
        bytes[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
        bytes.extend(b"state");
        let checksum: [u8; 32] = Sha256::digest(&bytes).into();
        bytes.extend(checksum);
        assert_eq!(decode(&bytes), Err(Fault::Damaged));
    }
}
