//! What proxies of `reliable` say to each other.

use crate::wire::{Reader, Tag, Writer};

const DATA: u8 = 0;
const STATUS: u8 = 1;
const REQUEST: u8 = 2;
const START: u8 = 3;

/// Largest frame with a part of a message: what `udp_channel` takes.
const MAX_FRAME: usize = 1_070;
/// What stands in front of a part in its frame.
pub(super) const HEADER: usize = 8 + 1 + 3 * 8 + 1;
/// Largest part of a message in a frame.
pub(super) const PART: usize = MAX_FRAME - HEADER;
/// So many ranges fit a request.
pub(super) const MAX_RANGES: usize = 32;

/// Numbers `first`, …, `end - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) first: u64,
    pub(super) end: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    Data(Data<'a>),
    Status(Status),
    Request(Request),
    Start(Start),
}

/// A part of a message. Whoever has it may repeat it as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Data<'a> {
    /// The member that sent the message.
    pub(super) sender: u64,
    /// Counts the sender's parts, from 0.
    pub(super) number: u64,
    /// The view in which it was sent.
    pub(super) view: u64,
    /// Whether the message ends with it.
    pub(super) last: bool,
    pub(super) part: &'a [u8],
}

/// What a member has sent and received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Status {
    pub(super) sender: u64,
    /// Counts the sender's reports.
    pub(super) stamp: u64,
    /// The sender's view.
    pub(super) view: u64,
    /// The first view that the sender was in.
    pub(super) since: u64,
    /// How many parts it has sent.
    pub(super) sent: u64,
    /// For each other member that it knows of: up to where it has received all; `None` if it does
    /// not know where to begin.
    pub(super) received: Vec<(u64, Option<u64>)>,
}

/// Asks for parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Request {
    /// The member whose parts are missing.
    pub(super) of: u64,
    pub(super) ranges: Vec<Range>,
}

/// Tells those who joined in the view `since` with which part of a member they begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Start {
    pub(super) of: u64,
    pub(super) since: u64,
    pub(super) first: u64,
}

impl Frame<'_> {
    pub(super) fn decode(tag: Tag, bytes: &[u8]) -> Option<Frame<'_>> {
        let (kind, mut reader) = Reader::open(bytes, tag)?;
        match kind {
            DATA => Some(Frame::Data(Data {
                sender: reader.u64()?,
                number: reader.u64()?,
                view: reader.u64()?,
                last: match reader.u8()? {
                    0 => false,
                    1 => true,
                    _ => return None,
                },
                part: Some(reader.rest()).filter(|part| part.len() <= PART)?,
            })),
            STATUS => {
                let mut status = Status {
                    sender: reader.u64()?,
                    stamp: reader.u64()?,
                    view: reader.u64()?,
                    since: reader.u64()?,
                    sent: reader.u64()?,
                    received: Vec::new(),
                };
                for _ in 0..reader.count(16)? {
                    let member = reader.u64()?;
                    let end = reader.u64()?;
                    status.received.push((member, end.checked_sub(1)));
                }
                reader.end()?;
                Some(Frame::Status(status))
            }
            REQUEST => {
                let of = reader.u64()?;
                let count = reader.count(16)?;
                let mut ranges = Vec::new();
                for _ in 0..count {
                    let first = reader.u64()?;
                    let end = reader.u64()?;
                    ranges.push(Range { first, end });
                }
                reader.end()?;
                (count <= MAX_RANGES).then_some(Frame::Request(Request { of, ranges }))
            }
            START => {
                let start = Start {
                    of: reader.u64()?,
                    since: reader.u64()?,
                    first: reader.u64()?,
                };
                reader.end()?;
                Some(Frame::Start(start))
            }
            _ => None,
        }
    }

    pub(super) fn encode(&self, tag: Tag) -> Vec<u8> {
        match self {
            Frame::Data(data) => Writer::new(tag, DATA)
                .u64(data.sender)
                .u64(data.number)
                .u64(data.view)
                .u8(u8::from(data.last))
                .rest(data.part),
            Frame::Status(status) => {
                let mut writer = Writer::new(tag, STATUS)
                    .u64(status.sender)
                    .u64(status.stamp)
                    .u64(status.view)
                    .u64(status.since)
                    .u64(status.sent)
                    .count(status.received.len());
                for (member, end) in &status.received {
                    // 0 stands for `None`.
                    writer = writer
                        .u64(*member)
                        .u64(end.map_or(0, |end| end.saturating_add(1)));
                }
                writer.finish()
            }
            Frame::Request(request) => {
                let writer = Writer::new(tag, REQUEST).u64(request.of);
                let mut writer = writer.count(request.ranges.len());
                for range in &request.ranges {
                    writer = writer.u64(range.first).u64(range.end);
                }
                writer.finish()
            }
            Frame::Start(start) => Writer::new(tag, START)
                .u64(start.of)
                .u64(start.since)
                .u64(start.first)
                .finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: Tag = *b"reliable";

    fn frames() -> [Frame<'static>; 4] {
        let range = |first, end| Range { first, end };
        [
            Frame::Data(Data {
                sender: 1,
                number: 2,
                view: 3,
                last: true,
                part: &[7; PART],
            }),
            Frame::Status(Status {
                sender: 1,
                stamp: 2,
                view: 3,
                since: 2,
                sent: 9,
                received: vec![(4, None), (5, Some(0)), (6, Some(7))],
            }),
            Frame::Request(Request {
                of: 1,
                ranges: vec![range(2, 3), range(4, 9)],
            }),
            Frame::Start(Start {
                of: 1,
                since: 2,
                first: 3,
            }),
        ]
    }

    #[test]
    fn frames_are_read_as_they_were_written() {
        for frame in frames() {
            assert_eq!(Frame::decode(TAG, &frame.encode(TAG)), Some(frame));
        }
        assert_eq!(frames()[0].encode(TAG).len(), MAX_FRAME);
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_no_frame() {
        for frame in &frames()[1..] {
            let bytes = frame.encode(TAG);
            for length in 0..bytes.len() {
                assert_eq!(Frame::decode(TAG, &bytes[..length]), None);
            }
            assert_eq!(Frame::decode(TAG, &[&bytes[..], &[0]].concat()), None);
        }
        let long = [&frames()[0].encode(TAG)[..], &[0]].concat();
        assert_eq!(Frame::decode(TAG, &long), None);
    }
}
