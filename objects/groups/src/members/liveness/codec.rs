//! How messages of SWIM are written: numbers big-endian, as `foca` writes its own.

use std::fmt;

use bytes::{Buf, BufMut};
use foca::{Header, Member, State};

use super::{Message, Peer};

/// Reads and writes messages of SWIM.
pub(super) struct Codec;

/// Bytes that are no message, or no room for one.
#[derive(Debug)]
pub(super) struct Unfit;

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes are no message of SWIM, or have no room for one")
    }
}

impl std::error::Error for Unfit {}

const PEER: usize = 16;
/// Most bytes of a header: two peers, an incarnation, a kind, a peer and the number of a probe.
const HEADER: usize = 3 * PEER + 2 + 1 + 1;
const MEMBER: usize = PEER + 2 + 1;

impl foca::Codec<Peer> for Codec {
    type Error = Unfit;

    fn encode_header(&mut self, header: &Header<Peer>, mut buf: impl BufMut) -> Result<(), Unfit> {
        if buf.remaining_mut() < HEADER {
            return Err(Unfit);
        }
        put_peer(&mut buf, header.src);
        buf.put_u16(header.src_incarnation);
        put_peer(&mut buf, header.dst);
        let (kind, peer, number) = match header.message {
            Message::Ping(number) => (0, None, Some(number)),
            Message::Ack(number) => (1, None, Some(number)),
            Message::PingReq {
                target,
                probe_number,
            } => (2, Some(target), Some(probe_number)),
            Message::IndirectPing {
                origin,
                probe_number,
            } => (3, Some(origin), Some(probe_number)),
            Message::IndirectAck {
                target,
                probe_number,
            } => (4, Some(target), Some(probe_number)),
            Message::ForwardedAck {
                origin,
                probe_number,
            } => (5, Some(origin), Some(probe_number)),
            Message::Announce => (6, None, None),
            Message::Feed => (7, None, None),
            Message::Gossip => (8, None, None),
            Message::Broadcast => (9, None, None),
            Message::TurnUndead => (10, None, None),
        };
        buf.put_u8(kind);
        if let Some(peer) = peer {
            put_peer(&mut buf, peer);
        }
        if let Some(number) = number {
            buf.put_u8(number);
        }
        Ok(())
    }

    fn decode_header(&mut self, mut buf: impl Buf) -> Result<Header<Peer>, Unfit> {
        let src = peer(&mut buf)?;
        let src_incarnation = buf.try_get_u16().map_err(|_| Unfit)?;
        let dst = peer(&mut buf)?;
        let kind = byte(&mut buf)?;
        let message = match kind {
            0 => Message::Ping(byte(&mut buf)?),
            1 => Message::Ack(byte(&mut buf)?),
            2..=5 => {
                let (peer, probe_number) = (peer(&mut buf)?, byte(&mut buf)?);
                match kind {
                    2 => Message::PingReq {
                        target: peer,
                        probe_number,
                    },
                    3 => Message::IndirectPing {
                        origin: peer,
                        probe_number,
                    },
                    4 => Message::IndirectAck {
                        target: peer,
                        probe_number,
                    },
                    _ => Message::ForwardedAck {
                        origin: peer,
                        probe_number,
                    },
                }
            }
            6 => Message::Announce,
            7 => Message::Feed,
            8 => Message::Gossip,
            9 => Message::Broadcast,
            10 => Message::TurnUndead,
            _ => return Err(Unfit),
        };
        Ok(Header {
            src,
            src_incarnation,
            dst,
            message,
        })
    }

    fn encode_member(&mut self, member: &Member<Peer>, mut buf: impl BufMut) -> Result<(), Unfit> {
        if buf.remaining_mut() < MEMBER {
            return Err(Unfit);
        }
        put_peer(&mut buf, *member.id());
        buf.put_u16(member.incarnation());
        buf.put_u8(match member.state() {
            State::Alive => 0,
            State::Suspect => 1,
            State::Down => 2,
        });
        Ok(())
    }

    fn decode_member(&mut self, mut buf: impl Buf) -> Result<Member<Peer>, Unfit> {
        let id = peer(&mut buf)?;
        let incarnation = buf.try_get_u16().map_err(|_| Unfit)?;
        let state = match byte(&mut buf)? {
            0 => State::Alive,
            1 => State::Suspect,
            2 => State::Down,
            _ => return Err(Unfit),
        };
        Ok(Member::new(id, incarnation, state))
    }
}

fn put_peer(buf: &mut impl BufMut, peer: Peer) {
    buf.put_u64(peer.member);
    buf.put_u64(peer.generation);
}

fn peer(buf: &mut impl Buf) -> Result<Peer, Unfit> {
    let member = buf.try_get_u64().map_err(|_| Unfit)?;
    let generation = buf.try_get_u64().map_err(|_| Unfit)?;
    Ok(Peer { member, generation })
}

fn byte(buf: &mut impl Buf) -> Result<u8, Unfit> {
    buf.try_get_u8().map_err(|_| Unfit)
}

#[cfg(test)]
mod tests {
    use foca::Codec as _;

    use super::*;

    fn peer(member: u64) -> Peer {
        Peer {
            member,
            generation: member + 1,
        }
    }

    #[test]
    fn headers_and_members_read_back_and_cut_ones_do_not() {
        let (target, origin, probe_number) = (peer(3), peer(4), 9);
        let messages = [
            Message::Ping(7),
            Message::Ack(8),
            Message::PingReq {
                target,
                probe_number,
            },
            Message::IndirectPing {
                origin,
                probe_number,
            },
            Message::IndirectAck {
                target,
                probe_number,
            },
            Message::ForwardedAck {
                origin,
                probe_number,
            },
            Message::Announce,
            Message::Feed,
            Message::Gossip,
            Message::Broadcast,
            Message::TurnUndead,
        ];
        for message in messages {
            let header = Header {
                src: peer(1),
                src_incarnation: 5,
                dst: peer(2),
                message,
            };
            let mut bytes = Vec::new();
            Codec.encode_header(&header, &mut bytes).unwrap();
            assert!(bytes.len() <= HEADER);
            assert_eq!(Codec.decode_header(&bytes[..]).unwrap(), header);
            for length in 0..bytes.len() {
                assert!(Codec.decode_header(&bytes[..length]).is_err());
            }
        }
        for state in [State::Alive, State::Suspect, State::Down] {
            let member = Member::new(peer(1), 3, state);
            let mut bytes = Vec::new();
            Codec.encode_member(&member, &mut bytes).unwrap();
            assert_eq!(bytes.len(), MEMBER);
            assert_eq!(Codec.decode_member(&bytes[..]).unwrap(), member);
            for length in 0..bytes.len() {
                assert!(Codec.decode_member(&bytes[..length]).is_err());
            }
        }
    }

    #[test]
    fn what_has_no_room_leaves_no_trace() {
        let mut bytes = [0; MEMBER - 1];
        let member = Member::new(peer(1), 3, State::Alive);
        assert!(Codec.encode_member(&member, &mut bytes[..]).is_err());
        assert_eq!(bytes, [0; MEMBER - 1]);
    }
}
