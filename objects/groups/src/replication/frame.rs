//! What proxies of `checkpointed` say to each other.

use super::history::{Position, position, read_position};
use crate::wire::{Reader, Tag, Writer};

const UPDATE: u8 = 0;
const HELLO: u8 = 1;
const PIECE: u8 = 2;

/// What a member is when a view opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hello {
    pub(super) member: u64,
    /// Its state has seen all that came before the view.
    pub(super) is_in_step: bool,
    /// Somebody is connected who makes checkpoints.
    pub(super) makes_checkpoints: bool,
    pub(super) position: Position,
    /// How far the state of the group had come when this member last knew of it; `None` if it knows
    /// of none.
    pub(super) begun: Option<Position>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    /// An update, of this run of a proxy and with this number: no two are alike.
    Update {
        run: u64,
        number: u64,
        update: Vec<u8>,
    },
    /// In this view.
    Hello(u64, Hello),
    /// A piece of the state, for those who lack it.
    Piece {
        view: u64,
        source: u64,
        /// From 0 on, and how many there are.
        number: u64,
        count: u64,
        bytes: Vec<u8>,
    },
}

impl Frame {
    pub(super) fn decode(tag: Tag, bytes: &[u8]) -> Option<Frame> {
        let (kind, mut reader) = Reader::open(bytes, tag)?;
        let frame = match kind {
            UPDATE => Frame::Update {
                run: reader.u64()?,
                number: reader.u64()?,
                update: reader.rest().to_vec(),
            },
            HELLO => {
                let (view, member, flags) = (reader.u64()?, reader.u64()?, reader.u8()?);
                let hello = Hello {
                    member,
                    is_in_step: flags & 1 != 0,
                    makes_checkpoints: flags & 2 != 0,
                    position: read_position(&mut reader)?,
                    begun: match flags & 4 {
                        0 => None,
                        _ => Some(read_position(&mut reader)?),
                    },
                };
                reader.end()?;
                Frame::Hello(view, hello)
            }
            PIECE => Frame::Piece {
                view: reader.u64()?,
                source: reader.u64()?,
                number: reader.u64()?,
                count: reader.u64()?,
                bytes: reader.rest().to_vec(),
            },
            _ => return None,
        };
        Some(frame)
    }

    pub(super) fn encode(&self, tag: Tag) -> Vec<u8> {
        let writer = |kind| Writer::new(tag, kind);
        match self {
            Frame::Update {
                run,
                number,
                update,
            } => writer(UPDATE).u64(*run).u64(*number).rest(update),
            Frame::Hello(view, hello) => {
                let flags = u8::from(hello.is_in_step)
                    | u8::from(hello.makes_checkpoints) << 1
                    | u8::from(hello.begun.is_some()) << 2;
                let writer = writer(HELLO).u64(*view).u64(hello.member).u8(flags);
                let writer = position(writer, &hello.position);
                match &hello.begun {
                    Some(begun) => position(writer, begun),
                    None => writer,
                }
                .finish()
            }
            Frame::Piece {
                view,
                source,
                number,
                count,
                bytes,
            } => {
                let writer = writer(PIECE).u64(*view).u64(*source);
                writer.u64(*number).u64(*count).rest(bytes)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: Tag = *b"checkpnt";

    #[test]
    fn what_is_written_is_read_and_what_is_cut_off_is_not() {
        let position = Position {
            version: 3,
            group: 2,
            view: 1,
        };
        let hello = Hello {
            member: 7,
            is_in_step: true,
            makes_checkpoints: false,
            position,
            begun: Some(position),
        };
        let frames = [
            Frame::Update {
                run: 1,
                number: 2,
                update: b"update".to_vec(),
            },
            Frame::Hello(4, hello),
            Frame::Hello(
                4,
                Hello {
                    is_in_step: false,
                    makes_checkpoints: true,
                    begun: None,
                    ..hello
                },
            ),
            Frame::Piece {
                view: 4,
                source: 7,
                number: 0,
                count: 2,
                bytes: b"state".to_vec(),
            },
        ];
        for frame in frames {
            let bytes = frame.encode(TAG);
            assert_eq!(Frame::decode(TAG, &bytes), Some(frame.clone()));
            for end in 0..25 {
                assert_eq!(Frame::decode(TAG, &bytes[..end]), None, "{frame:?}: {end}");
            }
        }
    }
}
