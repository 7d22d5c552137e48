//! What proxies of one membership say to each other.

use super::consensus::{Accepted, Agreed, Ballot};
use crate::wire::{Reader, Tag, Writer};

/// The most members that a view may have: so many fit a frame.
pub(super) const MAX_MEMBERS: usize = 100;
/// No larger number of a view is believed, so that none can be near the end of numbers.
pub(super) const MAX_NUMBER: u64 = 1 << 48;

/// What a proxy says of itself again and again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Beacon {
    pub(super) me: u64,
    /// How often it was taken for dead wrongly, as SWIM needs it.
    pub(super) generation: u64,
    pub(super) standing: Standing,
}

/// Where a proxy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// In a view.
    Inside {
        group: u64,
        number: u64,
        /// How many members it has.
        size: u64,
        /// No quorum of the view answers.
        blocked: bool,
    },
    /// In none.
    Outside {
        /// What it knows of earlier views.
        rank: Rank,
        /// The number that it had in the last of them; 0 if there was none.
        was: u64,
        /// The group that it wants to join, or the member that it wants to found one; 0 if there is
        /// neither.
        wants: u64,
        /// The number of a view of that group that it knew of when it first asked to join it.
        since: u64,
    },
}

/// How much a proxy knows of earlier views: of those who could found a group, the one does who knows
/// most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// Number and group of the last view that it saw; 0 if it saw none.
    pub(super) number: u64,
    pub(super) group: u64,
    /// How many in that view were younger.
    pub(super) seniority: u64,
}

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    Beacon(Beacon),
    /// A message of SWIM for one member.
    Liveness {
        to: u64,
        data: &'a [u8],
    },
    /// A member will never take part in the views of the group again.
    Leave {
        group: u64,
        member: u64,
    },
    /// A decided view.
    View {
        agreed: Agreed,
        /// It is the oldest that the sender could tell of.
        oldest: bool,
    },
    /// What is said to decide on the successor of a view.
    Vote {
        group: u64,
        number: u64,
        ballot: Ballot,
        vote: Vote,
    },
}

/// One step of deciding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Vote {
    /// The member of the ballot asks for promises.
    Prepare,
    /// `from` promises, and tells what it accepted before.
    Promise { from: u64, told: Accepted },
    /// The member of the ballot asks to accept this.
    Accept(Agreed),
    /// `from` accepted.
    Accepted { from: u64 },
    /// Somebody has promised this later ballot.
    Refuse { promised: Ballot },
}

const BEACON: u8 = 1;
const LIVENESS: u8 = 2;
const LEAVE: u8 = 3;
const VIEW: u8 = 4;
const PREPARE: u8 = 5;
const PROMISE: u8 = 6;
const ACCEPT: u8 = 7;
const ACCEPTED: u8 = 8;
const REFUSE: u8 = 9;

const INSIDE: u8 = 0;
const BLOCKED: u8 = 1;
const OUTSIDE: u8 = 2;

impl<'a> Frame<'a> {
    pub(super) fn encode(&self, tag: Tag) -> Vec<u8> {
        match self {
            Frame::Beacon(beacon) => {
                let writer = Writer::new(tag, BEACON);
                let writer = writer.u64(beacon.me).u64(beacon.generation);
                match beacon.standing {
                    Standing::Inside {
                        group,
                        number,
                        size,
                        blocked,
                    } => {
                        let kind = if blocked { BLOCKED } else { INSIDE };
                        writer.u8(kind).u64(group).u64(number).u64(size)
                    }
                    Standing::Outside {
                        rank,
                        was,
                        wants,
                        since,
                    } => {
                        let writer = writer.u8(OUTSIDE).u64(rank.number).u64(rank.group);
                        let writer = writer.u64(rank.seniority).u64(was);
                        writer.u64(wants).u64(since)
                    }
                }
                .finish()
            }
            Frame::Liveness { to, data } => Writer::new(tag, LIVENESS).u64(*to).rest(data),
            Frame::Leave { group, member } => {
                Writer::new(tag, LEAVE).u64(*group).u64(*member).finish()
            }
            Frame::View { agreed, oldest } => {
                let writer = Writer::new(tag, VIEW).u8(u8::from(*oldest));
                write_agreed(writer, agreed).finish()
            }
            Frame::Vote {
                group,
                number,
                ballot,
                vote,
            } => {
                let kind = match vote {
                    Vote::Prepare => PREPARE,
                    Vote::Promise { .. } => PROMISE,
                    Vote::Accept(_) => ACCEPT,
                    Vote::Accepted { .. } => ACCEPTED,
                    Vote::Refuse { .. } => REFUSE,
                };
                let writer = Writer::new(tag, kind).u64(*group).u64(*number);
                let writer = write_ballot(writer, *ballot);
                match vote {
                    Vote::Prepare => writer,
                    Vote::Promise { from, told } => {
                        let writer = writer.u64(*from);
                        match told {
                            Some((ballot, agreed)) => {
                                write_agreed(write_ballot(writer, *ballot), agreed)
                            }
                            None => writer,
                        }
                    }
                    Vote::Accept(agreed) => write_agreed(writer, agreed),
                    Vote::Accepted { from } => writer.u64(*from),
                    Vote::Refuse { promised } => write_ballot(writer, *promised),
                }
                .finish()
            }
        }
    }

    /// Reads a frame; `None` if the bytes are none.
    pub(super) fn decode(tag: Tag, bytes: &'a [u8]) -> Option<Frame<'a>> {
        let (kind, mut reader) = Reader::open(bytes, tag)?;
        let frame = match kind {
            BEACON => {
                let (me, generation) = (reader.u64()?, reader.u64()?);
                let standing = match reader.u8()? {
                    kind @ (INSIDE | BLOCKED) => Standing::Inside {
                        group: reader.u64()?,
                        number: number(reader.u64()?)?,
                        size: reader.u64()?,
                        blocked: kind == BLOCKED,
                    },
                    OUTSIDE => Standing::Outside {
                        rank: Rank {
                            number: number(reader.u64()?)?,
                            group: reader.u64()?,
                            seniority: reader.u64()?,
                        },
                        was: reader.u64()?,
                        wants: reader.u64()?,
                        since: number(reader.u64()?)?,
                    },
                    _ => return None,
                };
                Frame::Beacon(Beacon {
                    me,
                    generation,
                    standing,
                })
            }
            LIVENESS => {
                let to = reader.u64()?;
                let data = reader.rest();
                return Some(Frame::Liveness { to, data });
            }
            LEAVE => Frame::Leave {
                group: reader.u64()?,
                member: reader.u64()?,
            },
            VIEW => {
                let oldest = reader.u8()? != 0;
                let agreed = read_agreed(&mut reader)?;
                Frame::View { agreed, oldest }
            }
            PREPARE..=REFUSE => {
                let (group, number) = (reader.u64()?, number(reader.u64()?)?);
                let ballot = read_ballot(&mut reader)?;
                let vote = match kind {
                    PREPARE => Vote::Prepare,
                    PROMISE => {
                        let from = reader.u64()?;
                        let told = match reader.end() {
                            Some(()) => None,
                            None => Some((read_ballot(&mut reader)?, read_agreed(&mut reader)?)),
                        };
                        Vote::Promise { from, told }
                    }
                    ACCEPT => Vote::Accept(read_agreed(&mut reader)?),
                    ACCEPTED => Vote::Accepted {
                        from: reader.u64()?,
                    },
                    _ => Vote::Refuse {
                        promised: read_ballot(&mut reader)?,
                    },
                };
                Frame::Vote {
                    group,
                    number,
                    ballot,
                    vote,
                }
            }
            _ => return None,
        };
        reader.end()?;
        Some(frame)
    }
}

/// A number of a view, if it is to be believed.
fn number(number: u64) -> Option<u64> {
    (number <= MAX_NUMBER).then_some(number)
}

fn write_ballot(writer: Writer, ballot: Ballot) -> Writer {
    writer.u64(ballot.round).u64(ballot.member)
}

fn read_ballot(reader: &mut Reader<'_>) -> Option<Ballot> {
    Some(Ballot {
        round: number(reader.u64()?)?,
        member: reader.u64()?,
    })
}

fn write_agreed(writer: Writer, agreed: &Agreed) -> Writer {
    let writer = writer.u64(agreed.group).u64(agreed.number);
    let writer = writer.u64(agreed.previous).count(agreed.members.len());
    let members = agreed.members.iter();
    members.fold(writer, |writer, member| writer.u64(*member))
}

fn read_agreed(reader: &mut Reader<'_>) -> Option<Agreed> {
    let (group, number) = (reader.u64()?, number(reader.u64()?)?);
    let previous = reader.u64()?;
    let count = reader.count(8)?;
    if previous >= number || !(1..=MAX_MEMBERS).contains(&count) {
        return None;
    }
    let members: Option<Vec<u64>> = (0..count).map(|_| reader.u64()).collect();
    let members = members?;
    let mut sorted = members.clone();
    sorted.sort_unstable();
    let distinct = sorted.windows(2).all(|pair| pair[0] != pair[1]);
    distinct.then_some(Agreed {
        group,
        number,
        previous,
        members,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: Tag = *b"members ";

    fn agreed(count: u64) -> Agreed {
        Agreed {
            group: 9,
            number: 12,
            previous: 11,
            members: (1..=count).collect(),
        }
    }

    fn frames() -> Vec<Frame<'static>> {
        let ballot = Ballot {
            round: 3,
            member: 4,
        };
        let beacon = |standing| {
            Frame::Beacon(Beacon {
                me: 5,
                generation: 1,
                standing,
            })
        };
        let vote = |vote| Frame::Vote {
            group: 9,
            number: 11,
            ballot,
            vote,
        };
        let rank = Rank {
            number: 7,
            group: 9,
            seniority: 2,
        };
        let told = Some((ballot, agreed(MAX_MEMBERS as u64)));
        vec![
            beacon(Standing::Inside {
                group: 9,
                number: 11,
                size: 4,
                blocked: true,
            }),
            beacon(Standing::Outside {
                rank,
                was: 3,
                wants: 9,
                since: 10,
            }),
            Frame::Liveness {
                to: 4,
                data: b"data",
            },
            Frame::Leave {
                group: 9,
                member: 4,
            },
            Frame::View {
                agreed: agreed(3),
                oldest: true,
            },
            vote(Vote::Prepare),
            vote(Vote::Promise {
                from: 2,
                told: None,
            }),
            vote(Vote::Promise { from: 2, told }),
            vote(Vote::Accept(agreed(2))),
            vote(Vote::Accepted { from: 2 }),
            vote(Vote::Refuse { promised: ballot }),
        ]
    }

    #[test]
    fn frames_read_back_and_fit_a_datagram() {
        for frame in frames() {
            let bytes = frame.encode(TAG);
            assert!(bytes.len() <= 1_070, "{} bytes", bytes.len());
            assert_eq!(Frame::decode(TAG, &bytes), Some(frame));
        }
    }

    #[test]
    fn what_is_cut_off_or_too_long_is_no_frame() {
        for frame in frames() {
            if matches!(frame, Frame::Liveness { .. }) {
                continue;
            }
            let mut bytes = frame.encode(TAG);
            for length in 0..bytes.len() {
                let cut = Frame::decode(TAG, &bytes[..length]);
                // A promise of somebody who accepted nothing ends earlier.
                let promise = Vote::Promise {
                    from: 2,
                    told: None,
                };
                let shorter = matches!(&cut, Some(Frame::Vote { vote, .. }) if *vote == promise);
                assert!(cut.is_none() || shorter, "{length} bytes of {frame:?}");
            }
            bytes.push(0);
            assert_eq!(Frame::decode(TAG, &bytes), None);
        }
    }

    #[test]
    fn views_that_cannot_be_are_no_frames() {
        let bad = [
            Agreed {
                members: Vec::new(),
                ..agreed(1)
            },
            Agreed {
                members: vec![4, 5, 4],
                ..agreed(1)
            },
            Agreed {
                previous: 12,
                ..agreed(1)
            },
            Agreed {
                number: MAX_NUMBER + 1,
                ..agreed(1)
            },
            agreed(MAX_MEMBERS as u64 + 1),
        ];
        for agreed in bad {
            let frame = Frame::View {
                agreed,
                oldest: false,
            };
            assert_eq!(Frame::decode(TAG, &frame.encode(TAG)), None, "{frame:?}");
        }
    }
}
