//! What other nodes send, and what this one wrote earlier into files.

use sha2::{Digest, Sha256};

#[allow(
    dead_code,
    reason = "a file of the channels, of which only the reader is needed"
)]
#[path = "../../../objects/channels/src/datagram.rs"]
mod datagram;
#[allow(
    dead_code,
    reason = "a file of the documents, of which only the reader is needed"
)]
#[path = "../../../objects/documents/src/frame.rs"]
mod frame;
#[allow(
    dead_code,
    reason = "a file of the channels, which the reader of datagrams names"
)]
#[path = "../../../objects/channels/src/seen.rs"]
mod seen;
#[allow(
    dead_code,
    reason = "a file of the documents, of which only the reader is needed"
)]
#[path = "../../../objects/documents/src/update.rs"]
mod update;

/// The first byte says what the others are taken for.
pub fn frames(bytes: &[u8]) {
    let Some((kind, bytes)) = bytes.split_first() else {
        return;
    };
    match kind % 6 {
        0 => liveobj::hostile::frame(bytes),
        1 => liveobj::hostile::stored(bytes),
        2 => liveobj::hostile::trace(bytes),
        3 => datagrams(bytes),
        4 => replica(bytes),
        _ => updates(bytes),
    }
}

/// Datagrams of a channel, each behind its length. Whatever came before, what this channel wraps
/// arrives once, and another channel's never.
fn datagrams(mut bytes: &[u8]) {
    let mut receiver = datagram::Envelope::new(&[1; 32], 1);
    while let Some((length, rest)) = bytes.split_first() {
        let (datagram, rest) = rest.split_at(rest.len().min(usize::from(*length)));
        if let Ok(message) = receiver.open(datagram) {
            assert!(datagram.ends_with(message));
            assert!(receiver.open(datagram).is_err(), "it came before");
        }
        bytes = rest;
    }
    for (identity, arrives) in [([1; 32], true), ([2; 32], false)] {
        let mut sender = datagram::Envelope::new(&identity, u64::from_le_bytes(*b"a sender"));
        let datagram = sender.wrap(b"message").expect("it is short");
        let opened = receiver.open(&datagram);
        // It may be one of those that came before.
        assert!(arrives || opened == Err(datagram::Unwanted::Foreign));
    }
}

/// A frame between replicas of a text, as it is and with magic and checksum before it: what is one
/// is written as the same bytes again.
fn replica(bytes: &[u8]) {
    let sum = Sha256::digest(bytes);
    let whole = [b"lst1", &sum[..8], bytes].concat();
    for bytes in [bytes, &whole] {
        if let Some(frame) = frame::Frame::decode(bytes) {
            assert_eq!(frame.encode(), bytes);
        }
    }
}

/// An update of a text, and the version that a replica says it has.
fn updates(bytes: &[u8]) {
    if let Ok(contents) = update::inspect(bytes) {
        assert_eq!(update::inspect(bytes).as_ref(), Ok(&contents));
        let mut longer = bytes.to_vec();
        longer.push(0);
        assert!(update::inspect(&longer).is_err());
    }
    if let Ok(version) = update::Version::decode(bytes) {
        let mut written = Vec::new();
        version.encode(&mut written);
        assert_eq!(update::Version::decode(&written).as_ref(), Ok(&version));
        assert!(!version.exceeds(&version));
    }
}
