//! What goes over a link: frames, each its length (u32, little-endian), a kind and a body.
//!
//! A link begins with the caller's `hello`, which the other side answers with `welcome` or
//! `refused`; from then on both send events, a `ping` at least three times per lease, and at the end
//! `close`.

use std::io;
use std::time::Duration;

use liveobj_references::EndpointText;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// Bytes of the largest frame before the types have matched.
pub(super) const MAX_GREETING: usize = 512 << 10;
/// Bytes of the largest frame after that.
pub(super) const MAX_FRAME: usize = 16 << 20;

/// First bytes of a `hello`, and the version of what follows.
const MAGIC: &[u8; 10] = b"liveobj\0\x01\0";
/// Bytes of the longest reason that is read or sent.
const MAX_REASON: usize = 4096;

const HELLO: u8 = 1;
const WELCOME: u8 = 2;
const REFUSED: u8 = 3;
const EVENT: u8 = 4;
const PING: u8 = 5;
const CLOSE: u8 = 6;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// Asks for an endpoint.
    Hello {
        /// The secret that it is known by.
        capability: [u8; 16],
        /// How long the caller waits for a sign of life, in milliseconds.
        lease: u32,
        /// Type of the caller's endpoint.
        ty: EndpointText,
    },
    /// The endpoints are connected.
    Welcome {
        /// How long the other side waits for a sign of life, in milliseconds.
        lease: u32,
        /// Type of its endpoint.
        ty: EndpointText,
    },
    /// They are not, and why.
    Refused(String),
    /// An event, by number, in wire form.
    Event(u32, Vec<u8>),
    /// A sign of life.
    Ping,
    /// Nothing more comes: an `lo_reason`.
    Close(u32),
}

/// Why a frame was not read.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The connection has ended or broken.
    Lost(io::Error),
    /// What came is no frame.
    Malformed,
}

impl Frame {
    /// Its bytes, length included.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut out = vec![0; 4];
        match self {
            Frame::Hello {
                capability,
                lease,
                ty,
            } => {
                out.push(HELLO);
                out.extend_from_slice(MAGIC);
                out.extend_from_slice(capability);
                out.extend_from_slice(&lease.to_le_bytes());
                put_type(&mut out, ty);
            }
            Frame::Welcome { lease, ty } => {
                out.push(WELCOME);
                out.extend_from_slice(&lease.to_le_bytes());
                put_type(&mut out, ty);
            }
            Frame::Refused(reason) => {
                out.push(REFUSED);
                let reason = reason.as_bytes();
                out.extend_from_slice(&reason[..reason.len().min(MAX_REASON)]);
            }
            Frame::Event(event, bytes) => {
                out.push(EVENT);
                out.extend_from_slice(&event.to_le_bytes());
                out.extend_from_slice(bytes);
            }
            Frame::Ping => out.push(PING),
            Frame::Close(reason) => {
                out.push(CLOSE);
                out.extend_from_slice(&reason.to_le_bytes());
            }
        }
        let length = (out.len() - 4) as u32;
        out[..4].copy_from_slice(&length.to_le_bytes());
        out
    }

    /// Reads the kind and the body; none where they are no frame.
    pub(super) fn decode(bytes: &[u8]) -> Option<Frame> {
        let (kind, mut body) = bytes.split_first()?;
        let frame = match *kind {
            HELLO => {
                if take(&mut body)? != *MAGIC {
                    return None;
                }
                Frame::Hello {
                    capability: take(&mut body)?,
                    lease: u32::from_le_bytes(take(&mut body)?),
                    ty: take_type(&mut body)?,
                }
            }
            WELCOME => Frame::Welcome {
                lease: u32::from_le_bytes(take(&mut body)?),
                ty: take_type(&mut body)?,
            },
            REFUSED if body.len() <= MAX_REASON => {
                let reason = String::from_utf8_lossy(body).into_owned();
                body = &[];
                Frame::Refused(reason)
            }
            EVENT => {
                let event = u32::from_le_bytes(take(&mut body)?);
                let payload = body.to_vec();
                body = &[];
                Frame::Event(event, payload)
            }
            PING => Frame::Ping,
            CLOSE => Frame::Close(u32::from_le_bytes(take(&mut body)?)),
            _ => return None,
        };
        body.is_empty().then_some(frame)
    }
}

/// Writes frames, one after the other. Whoever stops waiting for one leaves the rest of it here, and
/// what is written next follows behind that: the other side never takes one frame for the end of
/// another.
pub(super) struct Writer<W> {
    stream: W,
    /// The last frame.
    bytes: Vec<u8>,
    /// How much of it was written.
    written: usize,
}

impl<W: AsyncWrite + Unpin> Writer<W> {
    /// Nothing written yet.
    pub(super) fn new(stream: W) -> Writer<W> {
        Writer {
            stream,
            bytes: Vec::new(),
            written: 0,
        }
    }

    /// Writes a frame, behind what is left of the last one.
    pub(super) async fn write(&mut self, frame: &Frame) -> io::Result<()> {
        self.finish().await?;
        (self.bytes, self.written) = (frame.encode(), 0);
        self.finish().await
    }

    /// Writes what is left of the last frame.
    async fn finish(&mut self) -> io::Result<()> {
        while self.written < self.bytes.len() {
            match self.stream.write(&self.bytes[self.written..]).await? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                count => self.written += count,
            }
        }
        Ok(())
    }

    /// Ends the stream.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        self.stream.shutdown().await
    }
}

/// Writes the one frame that somebody waits for.
pub(super) async fn write(stream: &mut (impl AsyncWrite + Unpin), frame: &Frame) -> io::Result<()> {
    stream.write_all(&frame.encode()).await
}

/// Reads a frame of at most `limit` bytes. Memory is taken as bytes arrive, not as they are
/// announced. While they do, the other side is alive; it is lost when none came for so long as
/// `silence`.
pub(super) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    limit: usize,
    silence: Duration,
) -> Result<Frame, ReadError> {
    let mut length = Vec::new();
    fill(stream, &mut length, 4, silence).await?;
    let length = u32::from_le_bytes(length.try_into().expect("because these are 4 bytes")) as usize;
    if length > limit {
        return Err(ReadError::Malformed);
    }
    let mut bytes = Vec::new();
    fill(stream, &mut bytes, length, silence).await?;
    Frame::decode(&bytes).ok_or(ReadError::Malformed)
}

/// Reads so many bytes.
async fn fill(
    stream: &mut (impl AsyncRead + Unpin),
    bytes: &mut Vec<u8>,
    length: usize,
    silence: Duration,
) -> Result<(), ReadError> {
    let mut stream = stream.take(length as u64);
    while bytes.len() < length {
        let count = match timeout(silence, stream.read_buf(bytes)).await {
            Ok(read) => read.map_err(ReadError::Lost)?,
            Err(_) => return Err(ReadError::Lost(io::ErrorKind::TimedOut.into())),
        };
        if count == 0 {
            return Err(ReadError::Lost(io::ErrorKind::UnexpectedEof.into()));
        }
    }
    Ok(())
}

fn put_type(out: &mut Vec<u8>, ty: &EndpointText) {
    put_text(out, ty.types.as_deref().unwrap_or_default());
    put_text(out, &ty.expression);
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(&(text.len() as u32).to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

fn take_type(body: &mut &[u8]) -> Option<EndpointText> {
    let types = take_text(body)?;
    Some(EndpointText {
        types: (!types.is_empty()).then_some(types),
        expression: take_text(body)?,
    })
}

fn take_text(body: &mut &[u8]) -> Option<String> {
    let length = u32::from_le_bytes(take(body)?) as usize;
    let (text, rest) = body.split_at_checked(length)?;
    *body = rest;
    String::from_utf8(text.to_vec()).ok()
}

fn take<const N: usize>(body: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, rest) = body.split_first_chunk()?;
    *body = rest;
    Some(*bytes)
}

/// Bytes taken for a frame, without its length. What is one is written as the same bytes again;
/// a type in it is refused, or travels on as the same type.
///
/// # Panics
///
/// It is not so.
#[cfg(feature = "hostile")]
pub fn hostile(bytes: &[u8]) {
    let Some(frame) = Frame::decode(bytes) else {
        return;
    };
    let written = frame.encode();
    match &frame {
        // Bytes that are no text have become one.
        Frame::Refused(_) => {}
        _ => assert_eq!(&written[4..], bytes),
    }
    let (Frame::Hello { ty, .. } | Frame::Welcome { ty, .. }) = frame else {
        return;
    };
    let formalisms = liveobj_formalisms::builtin();
    let identity = |ty: &EndpointText| {
        let mut types = liveobj_types::Types::new();
        let id = ty.resolve(&mut types, &formalisms).ok()?;
        let identity = types.identity(liveobj_types::TypeId::Endpoint(id));
        Some((identity, EndpointText::of(&types, id)))
    };
    if let Some((read, text)) = identity(&ty)
        && let Some((again, _)) = identity(&text)
    {
        assert_eq!(read, again, "{text:?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ty() -> EndpointText {
        EndpointText {
            types: Some("endpoint E { in a(); }".to_owned()),
            expression: "E".to_owned(),
        }
    }

    #[test]
    fn frames_read_back() {
        let frames = [
            Frame::Hello {
                capability: [7; 16],
                lease: 10_000,
                ty: ty(),
            },
            Frame::Welcome {
                lease: 1,
                ty: EndpointText {
                    types: None,
                    ..ty()
                },
            },
            Frame::Refused("no".to_owned()),
            Frame::Event(3, vec![1, 2, 3]),
            Frame::Event(0, Vec::new()),
            Frame::Ping,
            Frame::Close(2),
        ];
        for frame in frames {
            let bytes = frame.encode();
            assert_eq!(bytes[..4], ((bytes.len() - 4) as u32).to_le_bytes());
            assert_eq!(Frame::decode(&bytes[4..]), Some(frame.clone()));
            // No part of one is one, except that events may be shorter.
            for length in 0..bytes.len() - 4 {
                let part = Frame::decode(&bytes[4..4 + length]);
                let text = matches!(part, Some(Frame::Event(..) | Frame::Refused(_)));
                assert!(part.is_none() || text, "{frame:?} {length}");
            }
        }
    }

    #[test]
    fn damaged_frames_are_refused() {
        let hello = Frame::Hello {
            capability: [7; 16],
            lease: 10_000,
            ty: ty(),
        };
        let bytes = hello.encode();
        let change = |at: usize| {
            let mut changed = bytes.clone();
            changed[at] ^= 0xff;
            Frame::decode(&changed[4..])
        };
        assert_eq!(change(4), None, "the kind");
        assert_eq!(change(5), None, "the magic bytes");
        assert_eq!(change(13), None, "the version");
        // The length of a text: far more than there is.
        assert_eq!(change(4 + 1 + 10 + 16 + 4 + 3), None);
        let mut longer = bytes.clone();
        longer.push(0);
        assert_eq!(Frame::decode(&longer[4..]), None);
        assert_eq!(Frame::decode(&[]), None);
        assert_eq!(Frame::decode(&[0]), None);
    }

    fn block_on<T>(test: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build();
        runtime.expect("a runtime").block_on(test)
    }

    #[test]
    fn a_frame_that_nobody_waited_for_is_not_mixed_up_with_the_next_one() {
        const SILENCE: Duration = Duration::from_secs(30);
        let event = Frame::Event(1, vec![7; 40]);
        // So much room that none, some, or all but a few of the event's bytes are under way.
        for room in [1, 7, 45, 48] {
            let (near, mut far) = tokio::io::duplex(room);
            let mut writer = Writer::new(near);
            block_on(async {
                let stopped = timeout(Duration::ZERO, writer.write(&event)).await;
                assert!(stopped.is_err(), "there is no room for all of it");
                let sending = async { writer.write(&Frame::Close(2)).await.expect("sent") };
                let receiving = async {
                    let first = read(&mut far, MAX_FRAME, SILENCE).await.expect("whole");
                    let second = read(&mut far, MAX_FRAME, SILENCE).await.expect("whole");
                    (first, second)
                };
                let ((), received) = tokio::join!(sending, receiving);
                assert_eq!(received, (event.clone(), Frame::Close(2)), "{room}");
            });
        }
    }

    #[test]
    fn whoever_sends_a_large_frame_slowly_is_alive() {
        let silence = Duration::from_secs(1);
        let event = Frame::Event(1, vec![7; 40]);
        let (mut near, mut far) = tokio::io::duplex(64);
        block_on(async {
            let sending = async {
                for part in event.encode().chunks(9) {
                    tokio::time::sleep(silence / 4).await;
                    near.write_all(part).await.expect("sent");
                }
            };
            let receiving = read(&mut far, MAX_FRAME, silence);
            let ((), received) = tokio::join!(sending, receiving);
            assert_eq!(received.expect("whole"), event);
            // Nothing more comes, although nobody hung up.
            let none = read(&mut far, MAX_FRAME, Duration::from_millis(10)).await;
            assert!(matches!(none, Err(ReadError::Lost(_))), "{none:?}");
        });
    }
}
