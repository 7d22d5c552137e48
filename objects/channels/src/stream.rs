//! Frames on a stream of bytes between two proxies of a `tcp_channel`.
//!
//! A length (4, little-endian), and so many bytes: a kind, and what it says.
//!
//! ```text
//! 1  hello    magic (4)  identity of the reference (32)  number of the proxy (8)
//! 2  message  its number among those of the proxy (8)  content
//! 3  alive
//! ```

/// First bytes of a greeting: the protocol and its version.
const MAGIC: [u8; 4] = *b"lot1";
const LENGTH: usize = 4;
const HELLO: u8 = 1;
const MESSAGE: u8 = 2;
const ALIVE: u8 = 3;
/// Bytes of a greeting behind its length.
const HELLO_LENGTH: usize = 1 + MAGIC.len() + 32 + 8;
/// Bytes of a message's frame besides its content, behind the length.
const MESSAGE_HEADER: usize = 1 + 8;

/// A frame.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Frame<'a> {
    /// The first of each side: the number of a proxy of this very reference.
    Hello(u64),
    /// A message and its number.
    Message(u64, &'a [u8]),
    /// A sign of life.
    Alive,
}

/// What makes no sense where it stands: the stream is of no use any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Nonsense;

/// A greeting.
pub(crate) fn hello(identity: &[u8; 32], proxy: u64) -> Vec<u8> {
    let parts: [&[u8]; 4] = [&[HELLO], &MAGIC, identity, &proxy.to_le_bytes()];
    frame(&parts)
}

/// A message.
pub(crate) fn message(number: u64, content: &[u8]) -> Vec<u8> {
    frame(&[&[MESSAGE], &number.to_le_bytes(), content])
}

/// A sign of life.
pub(crate) fn alive() -> Vec<u8> {
    frame(&[&[ALIVE]])
}

fn frame(parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut frame = Vec::with_capacity(LENGTH + length);
    frame.extend((length as u32).to_le_bytes());
    for part in parts {
        frame.extend_from_slice(part);
    }
    frame
}

/// Bytes of a stream as they come, cut into frames.
#[derive(Debug)]
pub(crate) struct Reader {
    identity: [u8; 32],
    /// Largest content of a message.
    largest: usize,
    greeted: bool,
    bytes: Vec<u8>,
    /// Where the next frame begins.
    start: usize,
}

impl Reader {
    /// Before the greeting of a channel with this identity. It keeps no more than one frame and what
    /// came with it.
    pub(crate) fn new(identity: [u8; 32], largest: usize) -> Reader {
        Reader {
            identity,
            largest,
            greeted: false,
            bytes: Vec::new(),
            start: 0,
        }
    }

    /// Takes what has come; [`Reader::next`] gives the frames.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.start);
        self.start = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next frame, if it is whole.
    pub(crate) fn next(&mut self) -> Result<Option<Frame<'_>>, Nonsense> {
        let rest = &self.bytes[self.start..];
        let Some((length, rest)) = rest.split_first_chunk::<LENGTH>() else {
            return Ok(None);
        };
        let length = u32::from_le_bytes(*length) as usize;
        let most = match self.greeted {
            false => HELLO_LENGTH,
            true => MESSAGE_HEADER.saturating_add(self.largest),
        };
        if length > most {
            return Err(Nonsense);
        }
        let Some(body) = rest.get(..length) else {
            return Ok(None);
        };
        self.start += LENGTH + length;
        let (kind, body) = body.split_first().ok_or(Nonsense)?;
        match (self.greeted, *kind) {
            (false, HELLO) => {
                let proxy = read_hello(body, &self.identity).ok_or(Nonsense)?;
                self.greeted = true;
                Ok(Some(Frame::Hello(proxy)))
            }
            (true, MESSAGE) => {
                let (number, content) = body.split_first_chunk().ok_or(Nonsense)?;
                Ok(Some(Frame::Message(u64::from_le_bytes(*number), content)))
            }
            (true, ALIVE) if body.is_empty() => Ok(Some(Frame::Alive)),
            _ => Err(Nonsense),
        }
    }
}

fn read_hello(body: &[u8], identity: &[u8; 32]) -> Option<u64> {
    let (magic, rest) = body.split_first_chunk()?;
    let (theirs, rest) = rest.split_first_chunk()?;
    let proxy: &[u8; 8] = rest.try_into().ok()?;
    let ours = *magic == MAGIC && theirs == identity;
    ours.then_some(u64::from_le_bytes(*proxy))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader() -> Reader {
        Reader::new([7; 32], 100)
    }

    /// Reads all frames of bytes that come in pieces of this size.
    fn read(bytes: &[u8], piece: usize) -> Result<Vec<String>, Nonsense> {
        let mut reader = reader();
        let mut frames = Vec::new();
        for piece in bytes.chunks(piece) {
            reader.push(piece);
            while let Some(frame) = reader.next()? {
                frames.push(format!("{frame:?}"));
            }
        }
        Ok(frames)
    }

    #[test]
    fn frames_are_read_however_the_stream_cuts_them() {
        let frames = [
            hello(&[7; 32], 5),
            message(1, b"abc"),
            alive(),
            message(2, &[9; 100]),
        ];
        let bytes = frames.concat();
        let whole = read(&bytes, bytes.len()).unwrap();
        assert_eq!(
            whole[..3],
            ["Hello(5)", "Message(1, [97, 98, 99])", "Alive"]
        );
        assert_eq!(whole.len(), 4);
        for piece in 1..bytes.len() {
            assert_eq!(read(&bytes, piece).as_ref(), Ok(&whole), "{piece}");
        }
    }

    #[test]
    fn what_is_no_frame_of_this_channel_is_nonsense_before_it_is_kept() {
        let good = hello(&[7; 32], 5);
        let mut other_version = good.clone();
        other_version[5] ^= 1;
        let alone: [&[u8]; 7] = [
            &hello(&[8; 32], 5),
            &other_version,
            &message(1, b"too early"),
            &alive(),
            &[0; 4],
            &[200, 0, 0, 0],
            b"GET / HTTP/1.1\r\n\r\n",
        ];
        for bytes in alone {
            assert_eq!(read(bytes, bytes.len()), Err(Nonsense), "{bytes:?}");
        }
        let later: [&[u8]; 5] = [
            &good,
            &message(2, &[9; 101]),
            &[0xff, 0xff, 0xff, 0xff],
            &[2, 0, 0, 0, ALIVE, 0],
            &[3, 0, 0, 0, MESSAGE, 0, 0],
        ];
        for bytes in later {
            let bytes = [&good, bytes].concat();
            assert_eq!(read(&bytes, bytes.len()), Err(Nonsense), "{bytes:?}");
        }
    }

    #[test]
    fn no_more_is_kept_than_one_frame_and_what_came_with_it() {
        let mut reader = reader();
        reader.push(&hello(&[7; 32], 5));
        assert_eq!(reader.next(), Ok(Some(Frame::Hello(5))));
        for number in 0..1_000 {
            reader.push(&message(number, &[1; 100]));
            assert!(matches!(reader.next(), Ok(Some(Frame::Message(..)))));
            assert!(reader.bytes.len() < 250);
        }
    }
}
