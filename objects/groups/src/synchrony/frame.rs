//! What proxies of `virtual_synchrony` say to each other.

use crate::wire::{Reader, Tag, Writer};

const DATA: u8 = 0;
const MARKER: u8 = 1;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    /// A message.
    Data {
        /// The member that sent it.
        sender: u64,
        /// The view in which it was sent.
        view: u64,
        /// Counts what the sender's proxy has sent.
        number: u64,
        message: &'a [u8],
    },
    /// The last thing that a member sends before this view is open.
    Marker { sender: u64, view: u64 },
}

impl Frame<'_> {
    pub(super) fn decode(tag: Tag, bytes: &[u8]) -> Option<Frame<'_>> {
        let (kind, mut reader) = Reader::open(bytes, tag)?;
        let (sender, view) = (reader.u64()?, reader.u64()?);
        match kind {
            DATA => Some(Frame::Data {
                sender,
                view,
                number: reader.u64()?,
                message: reader.rest(),
            }),
            MARKER => {
                reader.end()?;
                Some(Frame::Marker { sender, view })
            }
            _ => None,
        }
    }

    pub(super) fn encode(&self, tag: Tag) -> Vec<u8> {
        match *self {
            Frame::Data {
                sender,
                view,
                number,
                message,
            } => {
                let writer = Writer::new(tag, DATA).u64(sender).u64(view);
                writer.u64(number).rest(message)
            }
            Frame::Marker { sender, view } => {
                Writer::new(tag, MARKER).u64(sender).u64(view).finish()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: Tag = *b"synchron";

    #[test]
    fn what_is_written_is_read_and_what_is_cut_off_is_not() {
        let data = Frame::Data {
            sender: 1,
            view: 2,
            number: 3,
            message: b"text",
        };
        let marker = Frame::Marker { sender: 4, view: 5 };
        for frame in [data, marker] {
            let bytes = frame.encode(TAG);
            assert_eq!(Frame::decode(TAG, &bytes), Some(frame));
            for end in 0..25 {
                assert_eq!(Frame::decode(TAG, &bytes[..end]), None, "{end} bytes");
            }
        }
        let mut long = marker.encode(TAG);
        long.push(0);
        assert_eq!(Frame::decode(TAG, &long), None, "something follows");
    }
}
