//! What proxies of `ordered` say to each other.
//!
//! Each frame carries the number of the view that it is about: the channel below may have kept it for
//! the next one.

use super::log::Entry;
use crate::wire::{Reader, Tag, Writer};

const DATA: u8 = 0;
const ORDER: u8 = 1;
const HELD: u8 = 2;
const LOG: u8 = 3;
const MESSAGE: u8 = 4;
const VIEW: u8 = 5;
const SEAL: u8 = 6;

/// A message's name: the member that sent it, which of its messages it is.
pub(super) type Id = (u64, u64);

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// A message that is to be ordered.
    Data { id: Id, message: Vec<u8> },
    /// The sequencer gives messages their places in the log, from `first` on.
    Order { first: u64, ids: Vec<Id> },
    /// A member has the log up to before this place, in this view; `None`: it has no log.
    Held { member: u64, end: Option<u64> },
    /// The same, and the member tells of nothing more in this view, and receives nothing behind that place.
    Seal { member: u64, end: Option<u64> },
    /// For those who have no log: it begins at this place, and so many entries follow.
    Log { first: u64, count: u64 },
    /// One of the entries that follow.
    Entry(Entry),
}

impl Frame {
    /// A frame and its view.
    pub(super) fn decode(tag: Tag, bytes: &[u8]) -> Option<(u64, Frame)> {
        let (kind, mut reader) = Reader::open(bytes, tag)?;
        let view = reader.u64()?;
        let frame = match kind {
            DATA | MESSAGE => {
                let id = (reader.u64()?, reader.u64()?);
                let message = reader.rest().to_vec();
                match kind {
                    DATA => Frame::Data { id, message },
                    _ => Frame::Entry(Entry::Message {
                        id,
                        message: Some(message),
                    }),
                }
            }
            ORDER => {
                let first = reader.u64()?;
                let count = reader.count(16)?;
                let ids = (0..count).map(|_| Some((reader.u64()?, reader.u64()?)));
                let ids = ids.collect::<Option<Vec<Id>>>()?;
                reader.end()?;
                Frame::Order { first, ids }
            }
            HELD | SEAL => {
                let (member, end) = (reader.u64()?, reader.u64()?.checked_sub(1));
                reader.end()?;
                match kind {
                    HELD => Frame::Held { member, end },
                    _ => Frame::Seal { member, end },
                }
            }
            LOG => {
                let (first, count) = (reader.u64()?, reader.u64()?);
                reader.end()?;
                Frame::Log { first, count }
            }
            VIEW => {
                let (group, number) = (reader.u64()?, reader.u64()?);
                let count = reader.count(8)?;
                let members = (0..count).map(|_| reader.u64());
                let members = members.collect::<Option<Vec<u64>>>()?;
                reader.end()?;
                Frame::Entry(Entry::View {
                    group,
                    number,
                    members,
                })
            }
            _ => return None,
        };
        Some((view, frame))
    }

    pub(super) fn encode(&self, tag: Tag, view: u64) -> Vec<u8> {
        let writer = |kind| Writer::new(tag, kind).u64(view);
        match self {
            Frame::Data { id, message } => with_message(writer(DATA), *id, message),
            Frame::Entry(Entry::Message { id, message }) => {
                with_message(writer(MESSAGE), *id, message.as_deref().unwrap_or_default())
            }
            Frame::Order { first, ids } => {
                let writer = writer(ORDER).u64(*first).count(ids.len());
                let ids = ids.iter();
                ids.fold(writer, |it, (member, number)| it.u64(*member).u64(*number))
                    .finish()
            }
            Frame::Held { member, end } => with_end(writer(HELD), *member, *end),
            Frame::Seal { member, end } => with_end(writer(SEAL), *member, *end),
            Frame::Log { first, count } => writer(LOG).u64(*first).u64(*count).finish(),
            Frame::Entry(Entry::View {
                group,
                number,
                members,
            }) => {
                let writer = writer(VIEW).u64(*group).u64(*number);
                let writer = writer.count(members.len());
                members
                    .iter()
                    .fold(writer, |it, it_is| it.u64(*it_is))
                    .finish()
            }
        }
    }
}

fn with_end(writer: Writer, member: u64, end: Option<u64>) -> Vec<u8> {
    let end = end.map_or(0, |end| end.saturating_add(1));
    writer.u64(member).u64(end).finish()
}

fn with_message(writer: Writer, id: Id, message: &[u8]) -> Vec<u8> {
    writer.u64(id.0).u64(id.1).rest(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: Tag = *b"ordered ";

    #[test]
    fn what_is_written_is_read_and_what_is_cut_off_is_not() {
        let (id, message) = ((7, 1), b"text".to_vec());
        let frames = [
            Frame::Data {
                id,
                message: message.clone(),
            },
            Frame::Order {
                first: 3,
                ids: vec![(1, 2), (3, 4)],
            },
            Frame::Held {
                member: 9,
                end: None,
            },
            Frame::Held {
                member: 9,
                end: Some(0),
            },
            Frame::Seal {
                member: 9,
                end: Some(7),
            },
            Frame::Log { first: 1, count: 2 },
            Frame::Entry(Entry::Message {
                id,
                message: Some(message),
            }),
            Frame::Entry(Entry::View {
                group: 1,
                number: 2,
                members: vec![3, 4],
            }),
        ];
        for frame in frames {
            let bytes = frame.encode(TAG, 5);
            assert_eq!(Frame::decode(TAG, &bytes), Some((5, frame.clone())));
            for end in 0..33 {
                assert_eq!(Frame::decode(TAG, &bytes[..end]), None, "{frame:?}: {end}");
            }
        }
    }
}
