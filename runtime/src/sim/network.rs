//! The simulated network: sockets, addresses, and what becomes of a datagram.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::options::{self, Partition, nanos};
use crate::edge::{Seeded, Ticket, UdpOpen};

/// How long a datagram is on its way within a node: what never gets lost.
pub(super) const LOCAL_DELAY: u64 = 10_000;
/// The first port of the system's choice.
pub(super) const FIRST_PORT: u16 = 49_152;
/// Largest payload of a datagram.
const LARGEST: usize = 65_507;
/// What the delays and losses between nodes follow from, besides the seed and the nodes.
const STREAM: u64 = 1;

/// All sockets of all nodes.
#[derive(Debug)]
pub(super) struct Network {
    options: options::Network,
    nodes: u32,
    partitions: Vec<Partition>,
    seed: u64,
    /// Chance on the way from one node to another.
    chance: BTreeMap<(u32, u32), Seeded>,
    /// By number: the order in which they were opened.
    sockets: BTreeMap<u64, Socket>,
    next: u64,
}

/// An open socket.
#[derive(Clone, Debug)]
pub(super) struct Socket {
    /// Its node.
    pub(super) node: u32,
    /// Who opened it.
    pub(super) ticket: Ticket,
    address: SocketAddr,
    /// The group it has joined, and where.
    group: Option<(IpAddr, Wire)>,
    /// Where its multicast goes out.
    outgoing: Wire,
    ttl: u32,
}

/// A network that nodes share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wire {
    /// The processes of one machine. All nodes are on it.
    Loopback,
    /// The network between machines.
    Between,
}

/// What becomes of a datagram, for one that it is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It arrives at this time.
    Arrives(u64),
    /// It is lost.
    Lost,
    /// A partition is in between.
    Cut,
}

/// One for whom a datagram is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Receiver {
    /// Number of the socket.
    pub(super) socket: u64,
    /// Its node.
    pub(super) node: u32,
    /// The sender's address as it sees it.
    pub(super) from: SocketAddr,
}

impl Network {
    /// Without sockets.
    pub(super) fn new(options: &options::Options) -> Network {
        Network {
            options: options.network.clone(),
            nodes: options.nodes,
            partitions: options.partitions.clone(),
            seed: options.seed,
            chance: BTreeMap::new(),
            sockets: BTreeMap::new(),
            next: 1,
        }
    }

    /// What all chance follows from.
    pub(super) fn seed(&self) -> u64 {
        self.seed
    }

    /// Opens a socket; gives its number and its address.
    pub(super) fn open(
        &mut self,
        node: u32,
        ticket: Ticket,
        options: &UdpOpen,
    ) -> Result<(u64, SocketAddr), String> {
        let bind: SocketAddr = parse("an address", &options.bind)?;
        let group: Option<IpAddr> = optional("a multicast group", &options.group)?;
        let interface: Option<IpAddr> = optional("an address of an interface", &options.interface)?;
        let cannot = |reason: &str| {
            let mut text = format!("cannot open `{}`", options.bind);
            if let Some(group) = group {
                text += &format!(" for group {group} on interface `{}`", options.interface);
            }
            format!("{text}: {reason}")
        };
        let mut families = [group, interface].into_iter().flatten();
        if families.any(|address| address.is_ipv4() != bind.is_ipv4()) {
            return Err(format!(
                "`{}` and its group or interface are of two families",
                options.bind
            ));
        }
        if let Some(group) = group.filter(|group| !group.is_multicast()) {
            return Err(cannot(&format!("{group} is not a multicast group")));
        }
        let [own_v4, own_v6] = addresses(node);
        let own = |ip: IpAddr| ip == own_v4 || ip == own_v6;
        let outgoing = match interface {
            None => Wire::Between,
            Some(ip) if ip.is_unspecified() || own(ip) => Wire::Between,
            Some(ip) if ip.is_loopback() => Wire::Loopback,
            Some(_) => return Err(cannot(&format!("the node has {own_v4} and 127.0.0.1"))),
        };
        let ip = bind.ip();
        if !(ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() || own(ip)) {
            return Err(cannot(&format!("the node has {own_v4} and 127.0.0.1")));
        }
        let mut socket = Socket {
            node,
            ticket,
            address: bind,
            group: group.map(|group| (group, outgoing)),
            outgoing,
            ttl: options.ttl,
        };
        if bind.port() == 0 {
            let free = (FIRST_PORT..=u16::MAX).find(|port| {
                socket.address.set_port(*port);
                self.is_free(&socket)
            });
            free.ok_or_else(|| cannot("no port is free"))?;
        } else if !self.is_free(&socket) {
            return Err(cannot("address already in use"));
        }
        let (number, address) = (self.next, socket.address);
        self.next += 1;
        self.sockets.insert(number, socket);
        Ok((number, address))
    }

    /// Closes a socket.
    pub(super) fn close(&mut self, socket: u64) {
        self.sockets.remove(&socket);
    }

    /// Closes all sockets of a node.
    pub(super) fn close_all(&mut self, node: u32) {
        self.sockets.retain(|_, socket| socket.node != node);
    }

    /// An open socket.
    pub(super) fn socket(&self, number: u64) -> Option<&Socket> {
        self.sockets.get(&number)
    }

    /// All for whom a datagram from this socket to this address is meant, in the order in which
    /// their sockets were opened.
    pub(super) fn receivers(&self, socket: u64, to: &str, length: usize) -> Vec<Receiver> {
        let (Some(sender), Ok(to)) = (self.sockets.get(&socket), to.parse::<SocketAddr>()) else {
            return Vec::new();
        };
        if length > LARGEST || sender.address.is_ipv4() != to.is_ipv4() || to.port() == 0 {
            return Vec::new();
        }
        if to.ip().is_multicast() {
            return self.members(sender, to);
        }
        self.holder(sender, to).into_iter().collect()
    }

    /// What becomes of a datagram between two nodes that is sent now: it may arrive twice.
    pub(super) fn fates(&mut self, from: u32, to: u32, now: u64) -> Vec<Fate> {
        if from == to {
            return vec![Fate::Arrives(now.saturating_add(LOCAL_DELAY))];
        }
        if self.is_cut(from, to, now) {
            return vec![Fate::Cut];
        }
        let seed = self.seed;
        let numbers = [STREAM, u64::from(from), u64::from(to)];
        let chance = self
            .chance
            .entry((from, to))
            .or_insert_with(|| Seeded::of(seed, &numbers));
        let lost = happens(chance, self.options.loss);
        let copies = 1 + usize::from(happens(chance, self.options.repeat));
        if lost {
            return vec![Fate::Lost];
        }
        let chance = &self.chance[&(from, to)];
        let arrivals = (0..copies).map(|_| Fate::Arrives(self.arrival(now, chance)));
        arrivals.collect()
    }

    /// When something that is sent at `now` arrives on the way between two nodes; none if it is lost.
    pub(super) fn way(&self, from: u32, to: u32, now: u64, chance: &Seeded) -> Option<u64> {
        let lost = happens(chance, self.options.loss);
        let arrives = self.arrival(now, chance);
        let cut = self.is_cut(from, to, now) || self.is_cut(from, to, arrives);
        (!lost && !cut).then_some(arrives)
    }

    /// The node that has an address.
    pub(super) fn owner(&self, ip: IpAddr) -> Option<u32> {
        (1..=self.nodes).find(|node| addresses(*node).contains(&ip))
    }

    /// When something that is not lost arrives.
    fn arrival(&self, now: u64, chance: &Seeded) -> u64 {
        let (least, most) = (
            nanos(self.options.delay.least),
            nanos(self.options.delay.most),
        );
        let delay = match (most - least).checked_add(1) {
            Some(choices) => least + chance.next() % choices,
            None => chance.next(),
        };
        now.saturating_add(delay)
    }

    /// Whether two nodes do not reach each other now.
    pub(super) fn is_cut(&self, left: u32, right: u32, now: u64) -> bool {
        let mut partitions = self.partitions.iter();
        partitions.any(|partition| partition.cuts(left, right, now))
    }

    fn members(&self, sender: &Socket, to: SocketAddr) -> Vec<Receiver> {
        let from = sender.seen_from(sender.outgoing);
        let reached = |(_, socket): &(&u64, &Socket)| {
            let (ip, port) = (socket.address.ip(), socket.address.port());
            let near = sender.outgoing == Wire::Loopback || sender.ttl > 0;
            socket.group == Some((to.ip(), sender.outgoing))
                && port == to.port()
                && (ip == to.ip() || ip.is_unspecified())
                && (near || socket.node == sender.node)
        };
        let members = self.sockets.iter().filter(reached);
        members
            .map(|(number, socket)| Receiver {
                socket: *number,
                node: socket.node,
                from,
            })
            .collect()
    }

    /// The one socket that an address belongs to.
    fn holder(&self, sender: &Socket, to: SocketAddr) -> Option<Receiver> {
        let loopback = to.ip().is_loopback();
        if sender.address.ip().is_loopback() && !loopback {
            return None;
        }
        // Of several that share a port, the first.
        let find = |wanted: &dyn Fn(&Socket) -> bool| {
            let same_port = |socket: &Socket| socket.address.port() == to.port();
            let mut sockets = self.sockets.iter();
            sockets.find(|(_, socket)| same_port(socket) && wanted(socket))
        };
        let exact = find(&|socket| socket.address.ip() == to.ip());
        let any = find(&|socket| {
            let ip = socket.address.ip();
            let here = match loopback {
                true => socket.node == sender.node,
                false => addresses(socket.node).contains(&to.ip()),
            };
            ip.is_unspecified() && ip.is_ipv4() == to.is_ipv4() && here
        });
        let (number, socket) = exact.or(any)?;
        let wire = if loopback {
            Wire::Loopback
        } else {
            Wire::Between
        };
        Some(Receiver {
            socket: *number,
            node: socket.node,
            from: sender.seen_from(wire),
        })
    }

    /// Whether no other socket stands in the way of this one.
    fn is_free(&self, socket: &Socket) -> bool {
        let (ip, port) = (socket.address.ip(), socket.address.port());
        let in_the_way = |other: &Socket| {
            let other_ip = other.address.ip();
            let overlap = ip == other_ip || ip.is_unspecified() || other_ip.is_unspecified();
            // Loopback is one network for all nodes; every other address is a node's own.
            let meet = socket.node == other.node || (ip == other_ip && ip.is_loopback());
            let shared = socket.group.is_some() && other.group.is_some();
            port == other.address.port()
                && ip.is_ipv4() == other_ip.is_ipv4()
                && overlap
                && meet
                && !shared
        };
        !self.sockets.values().any(in_the_way)
    }
}

impl Socket {
    /// Its address as others on a network see it.
    fn seen_from(&self, wire: Wire) -> SocketAddr {
        let ip = self.address.ip();
        let shown = if !ip.is_unspecified() && !ip.is_multicast() {
            ip
        } else {
            let v4 = ip.is_ipv4();
            match (wire, v4) {
                (Wire::Loopback, true) => Ipv4Addr::LOCALHOST.into(),
                (Wire::Loopback, false) => Ipv6Addr::LOCALHOST.into(),
                (Wire::Between, true) => addresses(self.node)[0],
                (Wire::Between, false) => addresses(self.node)[1],
            }
        };
        SocketAddr::new(shown, self.address.port())
    }
}

/// Whether something comes to pass that does so in so many of a million cases.
fn happens(chance: &Seeded, parts: u32) -> bool {
    chance.next() % 1_000_000 < u64::from(parts)
}

/// The addresses of a node, besides loopback.
pub(super) fn addresses(node: u32) -> [IpAddr; 2] {
    let [_, _, high, low] = node.to_be_bytes();
    let v6 = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, u16::from_be_bytes([high, low]));
    [Ipv4Addr::new(10, 0, high, low).into(), v6.into()]
}

fn parse<T: std::str::FromStr>(what: &str, text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("`{text}` is not {what}"))
}

fn optional(what: &str, text: &str) -> Result<Option<IpAddr>, String> {
    if text.is_empty() {
        Ok(None)
    } else {
        parse(what, text).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::options::{Delay, Options};
    use super::*;

    fn network(options: options::Network) -> Network {
        Network::new(&Options {
            network: options,
            seed: 1,
            ..Options::default()
        })
    }

    fn open(network: &mut Network, node: u32, bind: &str) -> Result<(u64, String), String> {
        open_with(network, node, bind, "", "", 0)
    }

    fn open_with(
        network: &mut Network,
        node: u32,
        bind: &str,
        group: &str,
        interface: &str,
        ttl: u32,
    ) -> Result<(u64, String), String> {
        let ticket = Ticket {
            proxy: 1,
            token: 1,
            ticket: 1,
        };
        let options = UdpOpen {
            bind: bind.to_owned(),
            group: group.to_owned(),
            interface: interface.to_owned(),
            ttl,
        };
        let (number, address) = network.open(node, ticket, &options)?;
        Ok((number, address.to_string()))
    }

    /// Node and sender's address of everybody reached.
    fn reached(network: &Network, socket: u64, to: &str) -> Vec<(u32, String)> {
        let receivers = network.receivers(socket, to, 1).into_iter();
        receivers
            .map(|receiver| (receiver.node, receiver.from.to_string()))
            .collect()
    }

    #[test]
    fn nodes_reach_each_other_at_their_addresses() {
        let mut network = network(options::Network::default());
        let (first, _) = open(&mut network, 1, "0.0.0.0:7000").unwrap();
        let (_, address) = open(&mut network, 2, "10.0.0.2:0").unwrap();
        assert_eq!(address, "10.0.0.2:49152");
        let there = reached(&network, first, &address);
        assert_eq!(there, [(2, "10.0.0.1:7000".to_owned())]);
        assert_eq!(reached(&network, first, "10.0.0.3:49152"), []);
        assert_eq!(
            reached(&network, first, "127.0.0.1:7000"),
            [(1, "127.0.0.1:7000".to_owned())]
        );
    }

    #[test]
    fn all_nodes_share_the_ports_of_loopback() {
        let mut network = network(options::Network::default());
        let (first, _) = open(&mut network, 1, "127.0.0.1:7000").unwrap();
        assert_eq!(
            open(&mut network, 2, "127.0.0.1:7000"),
            Err("cannot open `127.0.0.1:7000`: address already in use".to_owned())
        );
        open(&mut network, 2, "127.0.0.1:7001").unwrap();
        let there = reached(&network, first, "127.0.0.1:7001");
        assert_eq!(there, [(2, "127.0.0.1:7000".to_owned())]);
        network.close(first);
        open(&mut network, 2, "127.0.0.1:7000").expect("free again");
    }

    #[test]
    fn an_address_of_another_node_cannot_be_taken() {
        let mut network = network(options::Network::default());
        let error = open(&mut network, 1, "10.0.0.2:7000").unwrap_err();
        let expected = "cannot open `10.0.0.2:7000`: the node has 10.0.0.1 and 127.0.0.1";
        assert_eq!(error, expected);
    }

    #[test]
    fn a_group_is_heard_on_its_network_by_everybody_who_joined() {
        let mut network = network(options::Network::default());
        let group = "239.1.2.3";
        let bind = "239.1.2.3:7000";
        let mut join = |node, interface, ttl| {
            open_with(&mut network, node, bind, group, interface, ttl)
                .unwrap()
                .0
        };
        let first = join(1, "127.0.0.1", 0);
        join(2, "127.0.0.1", 0);
        let other = join(3, "10.0.0.3", 0);
        let far = join(4, "10.0.0.4", 1);
        let seen = "127.0.0.1:7000".to_owned();
        let there = reached(&network, first, bind);
        assert_eq!(there, [(1, seen.clone()), (2, seen)]);
        let seen = "10.0.0.3:7000".to_owned();
        assert_eq!(reached(&network, other, bind), [(3, seen)], "with ttl 0");
        let seen = "10.0.0.4:7000".to_owned();
        let there = reached(&network, far, bind);
        assert_eq!(there, [(3, seen.clone()), (4, seen)]);
    }

    #[test]
    fn so_many_are_lost_and_repeated_as_the_options_say() {
        let delay = Delay {
            least: Duration::from_nanos(5),
            most: Duration::from_nanos(9),
        };
        let mut network = network(options::Network {
            loss: 200_000,
            repeat: 100_000,
            delay,
        });
        let (mut lost, mut repeated) = (0, 0);
        for _ in 0..10_000 {
            let fates = network.fates(1, 2, 100);
            lost += usize::from(fates == [Fate::Lost]);
            repeated += usize::from(fates.len() == 2);
            let in_time = |fate: &Fate| match fate {
                Fate::Arrives(at) => (105..=109).contains(at),
                _ => true,
            };
            assert!(fates.iter().all(in_time), "{fates:?}");
        }
        assert!((1_800..2_200).contains(&lost), "{lost}");
        assert!((700..900).contains(&repeated), "{repeated}");
        assert_eq!(network.fates(1, 1, 0), [Fate::Arrives(LOCAL_DELAY)]);
    }

    #[test]
    fn chance_on_one_way_is_not_moved_by_another() {
        let mut busy = network(options::Network::default());
        let mut calm = busy_free_copy(&busy);
        for _ in 0..100 {
            busy.fates(2, 1, 0);
        }
        assert_eq!(busy.fates(1, 2, 0), calm.fates(1, 2, 0));
    }

    fn busy_free_copy(network: &Network) -> Network {
        Network {
            options: network.options.clone(),
            nodes: network.nodes,
            partitions: network.partitions.clone(),
            seed: network.seed,
            chance: BTreeMap::new(),
            sockets: BTreeMap::new(),
            next: 1,
        }
    }
}
