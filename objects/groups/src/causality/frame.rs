//! What proxies of `causal` say to each other.

use crate::wire::{Reader, Tag, Writer};

const MESSAGE: u8 = 0;
const ENTERED: u8 = 1;

/// The last message of a member that somebody has received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cause {
    pub(super) member: u64,
    /// Counts the member's messages, from 1.
    pub(super) number: u64,
    /// The view in which it was sent.
    pub(super) view: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    Message {
        member: u64,
        /// Counts the member's messages, from 1.
        number: u64,
        /// The view in which it was sent.
        view: u64,
        causes: Vec<Cause>,
        message: &'a [u8],
    },
    /// A member sees a view.
    Entered { member: u64, view: u64 },
}

impl Frame<'_> {
    pub(super) fn decode(tag: Tag, bytes: &[u8]) -> Option<Frame<'_>> {
        let (kind, mut reader) = Reader::open(bytes, tag)?;
        let member = reader.u64()?;
        match kind {
            MESSAGE => {
                let (number, view) = (reader.u64()?, reader.u64()?);
                let mut causes = Vec::new();
                for _ in 0..reader.count(24)? {
                    causes.push(Cause {
                        member: reader.u64()?,
                        number: reader.u64()?,
                        view: reader.u64()?,
                    });
                }
                Some(Frame::Message {
                    member,
                    number,
                    view,
                    causes,
                    message: reader.rest(),
                })
            }
            ENTERED => {
                let view = reader.u64()?;
                reader.end()?;
                Some(Frame::Entered { member, view })
            }
            _ => None,
        }
    }

    pub(super) fn encode(&self, tag: Tag) -> Vec<u8> {
        match self {
            Frame::Message {
                member,
                number,
                view,
                causes,
                message,
            } => {
                let writer = Writer::new(tag, MESSAGE).u64(*member);
                let mut writer = writer.u64(*number).u64(*view).count(causes.len());
                for it in causes {
                    writer = writer.u64(it.member).u64(it.number).u64(it.view);
                }
                writer.rest(message)
            }
            Frame::Entered { member, view } => {
                Writer::new(tag, ENTERED).u64(*member).u64(*view).finish()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: Tag = *b"causal  ";

    #[test]
    fn frames_are_read_as_they_were_written_and_not_when_cut_off() {
        let cause = Cause {
            member: 3,
            number: 4,
            view: 5,
        };
        let message = Frame::Message {
            member: 1,
            number: 2,
            view: 3,
            causes: vec![cause; 2],
            message: b"",
        };
        let entered = Frame::Entered { member: 1, view: 2 };
        for frame in [message, entered] {
            let bytes = frame.encode(TAG);
            assert_eq!(Frame::decode(TAG, &bytes), Some(frame));
            for length in 0..bytes.len() {
                assert_eq!(Frame::decode(TAG, &bytes[..length]), None);
            }
        }
    }
}
