//! Simulated TCP: listeners, streams, and what the network does to them.
//!
//! A stream loses and reorders nothing. What the network loses, or a partition stops, is sent again
//! until it arrives, or until the stream breaks after a minute. Bytes are cut and joined on their way
//! as chance has it. A node that crashes says so once to those at the other ends, which may be lost:
//! then these learn of it only when they send.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use liveobj_abi::{TCP_CHUNK, TCP_ROOM};

use super::network::{FIRST_PORT, LOCAL_DELAY, Network, addresses};
use super::queue::What;
use super::world::World;
use crate::boundary::calls::Wake;
use crate::edge::{Seeded, Ticket};

/// What the delays and losses of streams follow from, besides the seed and the nodes.
const STREAM: u64 = 3;
/// When a stream is asked for again, in nanoseconds after the first time.
const OPENINGS: [u64; 4] = [0, 1_000_000_000, 3_000_000_000, 7_000_000_000];
/// How long it is tried to open a stream.
const OPEN_TIMEOUT: u64 = 10_000_000_000;
/// How long it takes to send again what was lost, the first time and at most.
const AGAIN: (u64, u64) = (200_000_000, 10_000_000_000);
/// How long it is tried to send something.
const SEND_TIMEOUT: u64 = 60_000_000_000;
/// Streams that wait to be accepted.
const BACKLOG: usize = 128;
/// One of so many sendings is cut in two on its way.
const CUT: u64 = 8;

/// Who waits to be woken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Owner {
    pub(super) node: u32,
    /// Which of the node's lives.
    pub(super) life: u32,
    pub(super) ticket: Ticket,
}

/// All listeners and streams of all nodes.
#[derive(Debug, Default)]
pub(super) struct Streams {
    seed: u64,
    chance: BTreeMap<(u32, u32), Seeded>,
    /// By number: the order in which they were opened.
    listeners: BTreeMap<u64, Listener>,
    ends: BTreeMap<u64, End>,
    next: u64,
}

#[derive(Debug)]
struct Listener {
    node: u32,
    address: SocketAddr,
    /// Ends here that nobody has taken.
    backlog: VecDeque<u64>,
    /// Those who wait for streams, by number of their end.
    accepting: VecDeque<(u64, Owner)>,
}

/// One end of a stream.
#[derive(Debug)]
struct End {
    node: u32,
    /// None while it stands in a backlog.
    owner: Option<Owner>,
    /// The address of the other end, as it is shown here.
    peer: SocketAddr,
    /// The other end and its node, once there is one. It may be gone.
    other: Option<(u64, u32)>,
    /// Bytes that have arrived, and the line of the trace that they were sent by.
    incoming: VecDeque<(u64, Vec<u8>)>,
    /// The other end has closed it, behind what has arrived.
    closed: bool,
    /// It broke while nobody had it.
    broken: Option<String>,
    /// Whether its owner waits for bytes.
    asked: bool,
    /// When the last thing sent from here arrives.
    latest: u64,
    /// Bytes sent from here that the other end's owner has not got.
    under_way: usize,
    /// Whether its owner was told that there is no room.
    refused: bool,
}

/// Something that arrives at a node.
#[derive(Debug)]
pub(super) enum Arrival {
    /// Somebody wants to open a stream to an address of the node.
    Opening {
        from: u64,
        node: u32,
        to: SocketAddr,
    },
    /// It is open: the other end.
    Opened { end: u64, other: (u64, u32) },
    /// It is not, or it broke.
    Broken { end: u64, reason: String },
    /// Bytes, from another end.
    Bytes { end: u64, from: u64, bytes: Vec<u8> },
    /// There are no more.
    Closed { end: u64 },
    /// So many bytes were taken at the other end.
    Taken { end: u64, bytes: usize },
}

impl Streams {
    pub(super) fn new(seed: u64) -> Streams {
        Streams {
            seed,
            next: 1,
            ..Streams::default()
        }
    }

    /// Listens; gives the listener's number and its address.
    pub(super) fn listen(&mut self, node: u32, bind: &str) -> Result<(u64, SocketAddr), String> {
        let mut address = parse(bind)?;
        let cannot = |reason: String| format!("cannot listen at `{bind}`: {reason}");
        let (ip, [own, _]) = (address.ip(), addresses(node));
        if !(ip.is_unspecified() || ip.is_loopback() || addresses(node).contains(&ip)) {
            return Err(cannot(format!("the node has {own} and 127.0.0.1")));
        }
        if address.port() == 0 {
            let free = (FIRST_PORT..=u16::MAX).find(|port| {
                address.set_port(*port);
                self.is_free(node, address)
            });
            free.ok_or_else(|| cannot("no port is free".to_owned()))?;
        } else if !self.is_free(node, address) {
            return Err(cannot("address already in use".to_owned()));
        }
        let number = self.number();
        let (backlog, accepting) = Default::default();
        let listener = Listener {
            node,
            address,
            backlog,
            accepting,
        };
        self.listeners.insert(number, listener);
        Ok((number, address))
    }

    /// Whether no other listener has the address. Loopback is one network for all nodes.
    fn is_free(&self, node: u32, address: SocketAddr) -> bool {
        let ip = address.ip();
        !self.listeners.values().any(|other| {
            let other_ip = other.address.ip();
            let overlap = ip == other_ip || ip.is_unspecified() || other_ip.is_unspecified();
            let meet = node == other.node || (ip == other_ip && ip.is_loopback());
            address.port() == other.address.port()
                && ip.is_ipv4() == other_ip.is_ipv4()
                && overlap
                && meet
        })
    }

    /// The listener that an address leads to, seen from a node.
    fn listener(&self, node: u32, to: SocketAddr) -> Option<u64> {
        let of = |wanted: &dyn Fn(&Listener) -> bool| {
            let mut listeners = self.listeners.iter();
            let found = listeners.find(|(_, it)| it.address.port() == to.port() && wanted(it));
            found.map(|(number, _)| *number)
        };
        of(&|it| it.address.ip() == to.ip()).or_else(|| {
            of(&|it| {
                let here = match to.ip().is_loopback() {
                    true => it.node == node,
                    false => addresses(it.node).contains(&to.ip()),
                };
                let ip = it.address.ip();
                ip.is_unspecified() && ip.is_ipv4() == to.is_ipv4() && here
            })
        })
    }

    fn number(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    fn add_end(&mut self, number: u64, node: u32, owner: Option<Owner>, peer: SocketAddr) {
        let end = End {
            node,
            owner,
            peer,
            other: None,
            incoming: VecDeque::new(),
            closed: false,
            broken: None,
            asked: false,
            latest: 0,
            under_way: 0,
            refused: false,
        };
        self.ends.insert(number, end);
    }

    /// When something that is sent now arrives. It is sent at each of `times`, in nanoseconds from now,
    /// until it does.
    fn arrival(
        &mut self,
        network: &Network,
        (from, to): (u32, u32),
        now: u64,
        times: impl Iterator<Item = u64>,
    ) -> Option<u64> {
        if from == to {
            return Some(now.saturating_add(LOCAL_DELAY));
        }
        let (seed, numbers) = (self.seed, [STREAM, u64::from(from), u64::from(to)]);
        let chance = self.chance.entry((from, to));
        let chance = chance.or_insert_with(|| Seeded::of(seed, &numbers));
        let mut times = times.map(|after| now.saturating_add(after));
        times.find_map(|at| network.way(from, to, at, chance))
    }

    /// When what an end sends now arrives at the other one, behind what it has sent.
    fn behind(&mut self, network: &Network, number: u64, now: u64) -> Option<(u64, u32, u64)> {
        let end = self.ends.get(&number)?;
        let (from, (other, to)) = (end.node, end.other?);
        let arrives = self.arrival(network, (from, to), now, again())?;
        let end = self.ends.get_mut(&number)?;
        end.latest = end.latest.max(arrives);
        Some((end.latest, to, other))
    }

    /// Whether an end takes so many bytes more.
    pub(super) fn has_room(&mut self, end: u64, bytes: usize) -> bool {
        let Some(end) = self.ends.get_mut(&end) else {
            return true;
        };
        let room = end.under_way == 0 || end.under_way + bytes <= TCP_ROOM as usize;
        end.refused |= !room;
        room
    }

    fn is_cut_in_two(&mut self, from: u32, to: u32, length: usize) -> Option<usize> {
        let chance = self.chance.get(&(from, to))?;
        (chance.next() % CUT == 0 && length > 1).then(|| 1 + chance.next() as usize % (length - 1))
    }
}

/// When something that is lost is sent again.
fn again() -> impl Iterator<Item = u64> {
    let mut after = 0;
    let mut pause = AGAIN.0;
    std::iter::from_fn(move || {
        let this = after;
        after += pause;
        pause = (2 * pause).min(AGAIN.1);
        (this < SEND_TIMEOUT).then_some(this)
    })
}

impl World {
    /// Takes the next stream that is opened to a listener; gives the number of the end here.
    pub(super) fn accept_stream(&self, owner: Owner, listener: u64) -> Option<u64> {
        let mut streams = self.streams.borrow_mut();
        let number = streams.number();
        let there = streams.listeners.get_mut(&listener)?;
        let Some(waiting) = there.backlog.pop_front() else {
            there.accepting.push_back((number, owner));
            return Some(number);
        };
        let end = streams.ends.get_mut(&waiting)?;
        end.owner = Some(owner);
        let (peer, broken) = (end.peer, end.broken.take());
        if broken.is_some() {
            streams.ends.remove(&waiting);
        }
        drop(streams);
        self.tell(owner, self.now(), Wake::Ready(peer.to_string()));
        if let Some(reason) = broken {
            self.tell(owner, self.now(), Wake::Failed(reason));
        }
        Some(waiting)
    }

    /// Opens a stream; gives the number of the end here.
    pub(super) fn connect_stream(&self, owner: Owner, to: &str) -> Result<u64, String> {
        let to = parse(to)?;
        let mut streams = self.streams.borrow_mut();
        let from = streams.number();
        streams.add_end(from, owner.node, Some(owner), to);
        let network = self.network.borrow();
        let now = self.now();
        let there = streams.listener(owner.node, to);
        let there = there.and_then(|number| streams.listeners.get(&number));
        // An address where nobody listens belongs to a node, or to nobody.
        let node = there.map(|listener| listener.node).or_else(|| {
            let loopback = to.ip().is_loopback();
            if loopback {
                Some(owner.node)
            } else {
                network.owner(to.ip())
            }
        });
        let ways = node.map(|node| (owner.node, node));
        let arrives =
            ways.and_then(|ways| streams.arrival(&network, ways, now, OPENINGS.into_iter()));
        drop((streams, network));
        match (arrives, node) {
            (Some(at), Some(node)) => {
                self.arrives(
                    at,
                    node,
                    Arrival::Opening {
                        from,
                        node: owner.node,
                        to,
                    },
                );
            }
            _ => {
                let reason = format!("cannot connect with `{to}`: timed out");
                let at = now.saturating_add(OPEN_TIMEOUT);
                self.arrives(at, owner.node, Arrival::Broken { end: from, reason });
            }
        }
        Ok(from)
    }

    /// Sends bytes from an end.
    pub(super) fn send_stream(&self, end: u64, bytes: &[u8]) {
        let (mut streams, network) = (self.streams.borrow_mut(), self.network.borrow());
        let Some(sender) = streams.ends.get_mut(&end) else {
            return;
        };
        sender.under_way += bytes.len();
        let (node, now) = (sender.node, self.now());
        let there = sender.other.map_or(node, |(_, there)| there);
        let cut = streams.is_cut_in_two(node, there, bytes.len());
        let (first, second) = bytes.split_at(cut.unwrap_or(bytes.len()));
        for part in [first, second].into_iter().filter(|part| !part.is_empty()) {
            match streams.behind(&network, end, now) {
                Some((at, to, other)) => {
                    let bytes = part.to_vec();
                    self.arrives(
                        at,
                        to,
                        Arrival::Bytes {
                            end: other,
                            from: end,
                            bytes,
                        },
                    );
                }
                None => {
                    let reason = "the stream broke: timed out".to_owned();
                    let at = now.saturating_add(SEND_TIMEOUT);
                    self.arrives(at, node, Arrival::Broken { end, reason });
                    return;
                }
            }
        }
    }

    /// The owner of an end asks for bytes.
    pub(super) fn receive_stream(&self, end: u64) {
        let mut streams = self.streams.borrow_mut();
        let Some(here) = streams.ends.get_mut(&end) else {
            return;
        };
        here.asked = true;
        drop(streams);
        if let Some((owner, cause, wake)) = self.take_bytes(end) {
            let what = What::Wake {
                life: owner.life,
                ticket: owner.ticket,
                wake,
            };
            self.add_caused(self.now(), owner.node, cause, what);
        }
    }

    /// Closes an end, whose owner does not want it any more.
    pub(super) fn close_stream(&self, end: u64) {
        let (mut streams, network) = (self.streams.borrow_mut(), self.network.borrow());
        for listener in streams.listeners.values_mut() {
            listener.accepting.retain(|(number, _)| *number != end);
        }
        let behind = streams.behind(&network, end, self.now());
        streams.ends.remove(&end);
        drop((streams, network));
        if let Some((at, to, other)) = behind {
            self.arrives(at, to, Arrival::Closed { end: other });
        }
    }

    /// Closes a listener, and what nobody has taken of it.
    pub(super) fn close_listener(&self, number: u64) {
        let Some(listener) = self.streams.borrow_mut().listeners.remove(&number) else {
            return;
        };
        for end in listener.backlog {
            self.close_stream(end);
        }
        for (_, owner) in listener.accepting {
            let reason = "the listener was closed".to_owned();
            self.tell(owner, self.now(), Wake::Failed(reason));
        }
    }

    /// A node is gone: the other ends of its streams may be told.
    pub(super) fn close_streams_of(&self, node: u32) {
        let (mut streams, network) = (self.streams.borrow_mut(), self.network.borrow());
        streams
            .listeners
            .retain(|_, listener| listener.node != node);
        let ends = streams.ends.iter().filter(|(_, end)| end.node == node);
        let ends: Vec<u64> = ends.map(|(number, _)| *number).collect();
        let now = self.now();
        for end in ends {
            let end = streams.ends.remove(&end);
            let Some((other, there)) = end.and_then(|end| end.other) else {
                continue;
            };
            // Said once.
            let once = std::iter::once(0);
            if let Some(at) = streams.arrival(&network, (node, there), now, once) {
                self.arrives(
                    at,
                    there,
                    Arrival::Broken {
                        end: other,
                        reason: reset(),
                    },
                );
            }
        }
    }

    /// Something arrives: who is woken with what.
    pub(super) fn arrived(&self, node: u32, arrival: Arrival) -> Option<(Owner, Wake)> {
        match arrival {
            Arrival::Opening {
                from,
                node: asker,
                to,
            } => {
                self.opening(node, from, asker, to);
                None
            }
            Arrival::Opened { end, other } => {
                let mut streams = self.streams.borrow_mut();
                let Some(here) = streams.ends.get_mut(&end) else {
                    // It was given up meanwhile.
                    drop(streams);
                    let (end, there) = other;
                    self.arrives(self.now(), there, Arrival::Closed { end });
                    return None;
                };
                here.other = Some(other);
                Some((here.owner?, Wake::Ready(here.peer.to_string())))
            }
            Arrival::Broken { end, reason } => {
                let mut streams = self.streams.borrow_mut();
                let here = streams.ends.get_mut(&end)?;
                let Some(owner) = here.owner else {
                    here.broken = Some(reason);
                    return None;
                };
                streams.ends.remove(&end);
                Some((owner, Wake::Failed(reason)))
            }
            Arrival::Bytes { end, from, bytes } => {
                let mut streams = self.streams.borrow_mut();
                let Some(here) = streams.ends.get_mut(&end) else {
                    drop(streams);
                    self.refuse(node, from);
                    return None;
                };
                here.incoming.push_back((self.cause.get(), bytes));
                drop(streams);
                self.take_bytes(end).map(|(owner, _, wake)| (owner, wake))
            }
            Arrival::Closed { end } => {
                self.streams.borrow_mut().ends.get_mut(&end)?.closed = true;
                self.take_bytes(end).map(|(owner, _, wake)| (owner, wake))
            }
            Arrival::Taken { end, bytes } => {
                let mut streams = self.streams.borrow_mut();
                let here = streams.ends.get_mut(&end)?;
                here.under_way -= bytes.min(here.under_way);
                let told = here.under_way == 0 && std::mem::take(&mut here.refused);
                told.then_some((here.owner?, Wake::Writable))
            }
        }
    }

    /// Somebody asks for a stream at a node.
    fn opening(&self, node: u32, from: u64, asker: u32, to: SocketAddr) {
        let (mut streams, network) = (self.streams.borrow_mut(), self.network.borrow());
        let now = self.now();
        let back = streams.arrival(&network, (node, asker), now, again());
        // When the answer is lost for a minute, the asker is long gone.
        let Some(at) = back else { return };
        let number = streams.number();
        let found = streams.listener(asker, to);
        let listener = found.and_then(|found| streams.listeners.get_mut(&found));
        let Some(listener) = listener.filter(|it| it.node == node && it.backlog.len() < BACKLOG)
        else {
            drop((streams, network));
            let reason = format!("cannot connect with `{to}`: connection refused");
            self.arrives(at, asker, Arrival::Broken { end: from, reason });
            return;
        };
        let shown = match to.ip().is_loopback() {
            true => IpAddr::from(Ipv4Addr::LOCALHOST),
            false => addresses(asker)[usize::from(to.is_ipv6())],
        };
        let port = FIRST_PORT + (from % u64::from(u16::MAX - FIRST_PORT)) as u16;
        let peer = SocketAddr::new(shown, port);
        let (number, owner) = match listener.accepting.pop_front() {
            Some((number, owner)) => (number, Some(owner)),
            None => {
                listener.backlog.push_back(number);
                (number, None)
            }
        };
        streams.add_end(number, node, owner, peer);
        if let Some(end) = streams.ends.get_mut(&number) {
            end.other = Some((from, asker));
            end.latest = at;
        }
        drop((streams, network));
        self.arrives(
            at,
            asker,
            Arrival::Opened {
                end: from,
                other: (number, node),
            },
        );
        if let Some(owner) = owner {
            self.tell(owner, now, Wake::Ready(peer.to_string()));
        }
    }

    /// Bytes came to an end that is gone.
    fn refuse(&self, node: u32, from: u64) {
        let (mut streams, network) = (self.streams.borrow_mut(), self.network.borrow());
        let Some(there) = streams.ends.get(&from).map(|from| from.node) else {
            return;
        };
        if let Some(at) = streams.arrival(&network, (node, there), self.now(), again()) {
            self.arrives(
                at,
                there,
                Arrival::Broken {
                    end: from,
                    reason: reset(),
                },
            );
        }
    }

    /// What has arrived at an end, if its owner waits for it, and the line that it was sent by.
    fn take_bytes(&self, end: u64) -> Option<(Owner, u64, Wake)> {
        let (mut streams, network) = (self.streams.borrow_mut(), self.network.borrow());
        let here = streams.ends.get_mut(&end)?;
        let owner = here.owner.filter(|_| here.asked)?;
        let Some((cause, mut bytes)) = here.incoming.pop_front() else {
            here.asked &= !here.closed;
            return here.closed.then_some((owner, 0, Wake::End));
        };
        here.asked = false;
        let most = TCP_CHUNK as usize;
        while let Some((_, more)) = here.incoming.front()
            && bytes.len() + more.len() <= most
        {
            bytes.extend(more);
            here.incoming.pop_front();
        }
        if bytes.len() > most {
            here.incoming.push_front((cause, bytes.split_off(most)));
        }
        let (node, other, length) = (here.node, here.other, bytes.len());
        if let Some((other, there)) = other {
            let at = streams.arrival(&network, (node, there), self.now(), again());
            drop((streams, network));
            if let Some(at) = at {
                let taken = Arrival::Taken {
                    end: other,
                    bytes: length,
                };
                self.arrives(at, there, taken);
            }
        }
        Some((owner, cause, Wake::Data(bytes)))
    }

    fn arrives(&self, at: u64, node: u32, arrival: Arrival) {
        self.add(at, node, What::Stream(arrival));
    }

    fn tell(&self, owner: Owner, at: u64, wake: Wake) {
        let Owner { node, life, ticket } = owner;
        self.add(at, node, What::Wake { life, ticket, wake });
    }
}

fn reset() -> String {
    "the stream broke: connection reset by peer".to_owned()
}

fn parse(text: &str) -> Result<SocketAddr, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not an address"))
}

#[cfg(test)]
mod tests;
