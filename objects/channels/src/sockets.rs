//! Which sockets a `udp_channel` opens, and through which one it sends where.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::parameters::Destinations;

/// A socket to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Open {
    pub(crate) socket: u64,
    pub(crate) bind: SocketAddr,
    /// Group and interface.
    pub(crate) multicast: Option<(Ipv4Addr, Ipv4Addr)>,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Open(Open),
    /// Tell people.
    Warn(String),
    /// Call [`Sockets::retry`] in some seconds.
    Later,
    /// Every socket is open that can be.
    Ready,
}

/// Sockets of one proxy, by number.
#[derive(Debug)]
pub(crate) struct Sockets {
    destinations: Destinations,
    opening: BTreeMap<u64, Purpose>,
    /// Sockets of the group, and the interfaces that they are for.
    multicast: BTreeMap<u64, Ipv4Addr>,
    /// Interfaces on which there is no multicast, for now.
    absent: BTreeSet<Ipv4Addr>,
    /// Sockets for peers, and the addresses they are bound to.
    unicast: BTreeMap<u64, SocketAddr>,
    /// Whether sockets with ports of the system's choice were asked for.
    any_asked: bool,
    next: u64,
}

#[derive(Clone, Copy, Debug)]
enum Purpose {
    Multicast(Ipv4Addr),
    /// The port with this index among those of the address.
    Peer(IpAddr, usize),
    /// A port of the system's choice, for peers of one kind.
    Any,
}

impl Sockets {
    pub(crate) fn new(destinations: Destinations) -> Self {
        Sockets {
            destinations,
            opening: BTreeMap::new(),
            multicast: BTreeMap::new(),
            absent: BTreeSet::new(),
            unicast: BTreeMap::new(),
            any_asked: false,
            next: 0,
        }
    }

    /// The first steps.
    pub(crate) fn start(&mut self) -> Vec<Step> {
        let mut steps = Vec::new();
        if let Some((group, interfaces)) = &self.destinations.group {
            let (group, interfaces) = (*group, interfaces.clone());
            for interface in interfaces {
                let multicast = Some((*group.ip(), interface));
                steps.push(self.open(group.into(), multicast, Purpose::Multicast(interface)));
            }
        }
        let addresses: Vec<_> = self
            .destinations
            .peers
            .iter()
            .map(|(ip, p)| (*ip, p[0]))
            .collect();
        for (ip, port) in addresses {
            steps.push(self.open(SocketAddr::new(ip, port), None, Purpose::Peer(ip, 0)));
        }
        steps
    }

    /// A socket is open.
    pub(crate) fn opened(&mut self, socket: u64, address: SocketAddr) -> Vec<Step> {
        match self.opening.remove(&socket) {
            Some(Purpose::Multicast(interface)) => {
                self.absent.remove(&interface);
                self.multicast.insert(socket, interface);
            }
            Some(Purpose::Peer(..) | Purpose::Any) => {
                self.unicast.insert(socket, address);
            }
            None => {}
        }
        self.settle()
    }

    /// A socket could not be opened, or does not work any more.
    pub(crate) fn failed(&mut self, socket: u64, reason: &str) -> Vec<Step> {
        let mut steps = Vec::new();
        match self.opening.remove(&socket) {
            Some(Purpose::Peer(ip, index)) => {
                // Not an address of this machine, or somebody else has the port.
                let ports = &self.destinations.peers[&ip];
                if let Some(port) = ports.get(index + 1) {
                    let bind = SocketAddr::new(ip, *port);
                    steps.push(self.open(bind, None, Purpose::Peer(ip, index + 1)));
                    return steps;
                }
                if ports.len() > 1 && ip.is_loopback() {
                    steps.push(Step::Warn(format!(
                        "all {} ports of `{ip}` in `peers` are taken: others will not reach this \
                         proxy there",
                        ports.len()
                    )));
                }
            }
            Some(Purpose::Multicast(interface)) => {
                // Told once, until it was there.
                if self.absent.insert(interface) {
                    steps.push(Step::Warn(format!(
                        "no multicast on interface `{interface}` until it can be opened: {reason}"
                    )));
                }
                steps.push(Step::Later);
            }
            Some(Purpose::Any) => {
                steps.push(Step::Warn(format!("peers are not reached: {reason}")));
            }
            None => return self.lost(socket, reason),
        }
        steps.extend(self.settle());
        steps
    }

    /// A socket that was open does not work any more.
    fn lost(&mut self, socket: u64, reason: &str) -> Vec<Step> {
        let warn = Step::Warn(format!("a socket is lost: {reason}"));
        if let Some(interface) = self.multicast.remove(&socket) {
            self.absent.insert(interface);
            return vec![warn, Step::Later];
        }
        let known = self.unicast.remove(&socket).is_some();
        known.then_some(warn).into_iter().collect()
    }

    /// Tries once more to open what is absent.
    pub(crate) fn retry(&mut self) -> Vec<Step> {
        let Some((group, _)) = self.destinations.group else {
            return Vec::new();
        };
        let trying = self.opening.values().filter_map(|purpose| match purpose {
            Purpose::Multicast(interface) => Some(*interface),
            Purpose::Peer(..) | Purpose::Any => None,
        });
        let trying: BTreeSet<Ipv4Addr> = trying.collect();
        let absent: Vec<Ipv4Addr> = self.absent.difference(&trying).copied().collect();
        let open = absent.into_iter().map(|interface| {
            let multicast = Some((*group.ip(), interface));
            self.open(group.into(), multicast, Purpose::Multicast(interface))
        });
        open.collect()
    }

    /// Whether a datagram that came from there through this socket may be of the channel: whoever does
    /// not come over multicast has to have an address that `peers` names, with whatever port.
    pub(crate) fn listens_to(&self, socket: u64, from: Option<IpAddr>) -> bool {
        let named = |ip| self.destinations.peers.contains_key(&ip);
        self.multicast.contains_key(&socket) || from.is_some_and(named)
    }

    /// Where to send a datagram: socket and address.
    pub(crate) fn targets(&self) -> Vec<(u64, SocketAddr)> {
        let mut targets = Vec::new();
        if let Some((group, _)) = &self.destinations.group {
            targets.extend(
                self.multicast
                    .keys()
                    .map(|socket| (*socket, (*group).into())),
            );
        }
        for (ip, ports) in &self.destinations.peers {
            let Some(socket) = self.socket_for(*ip) else {
                continue;
            };
            for port in ports {
                let to = SocketAddr::new(*ip, *port);
                if !self.unicast.values().any(|own| *own == to) {
                    targets.push((socket, to));
                }
            }
        }
        targets
    }

    /// Once all ports of peers are tried, opens what is still needed to reach them.
    fn settle(&mut self) -> Vec<Step> {
        if !self.opening.is_empty() {
            return Vec::new();
        }
        let mut steps = Vec::new();
        if !self.any_asked {
            self.any_asked = true;
            let mut unreached: Vec<IpAddr> = Vec::new();
            for ip in self.destinations.peers.keys() {
                let known = unreached.iter().any(|other| same_kind(*ip, *other));
                if self.socket_for(*ip).is_none() && !known {
                    unreached.push(*ip);
                }
            }
            for ip in unreached {
                let any = match ip {
                    ip if ip.is_loopback() => ip,
                    IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
                    IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
                };
                steps.push(self.open(SocketAddr::new(any, 0), None, Purpose::Any));
            }
        }
        if steps.is_empty() {
            steps.push(Step::Ready);
        }
        steps
    }

    fn socket_for(&self, ip: IpAddr) -> Option<u64> {
        let own = self.unicast.iter().find(|(_, own)| own.ip() == ip);
        let own = own.or_else(|| self.unicast.iter().find(|(_, own)| same_kind(own.ip(), ip)));
        own.map(|(socket, _)| *socket)
    }

    fn open(
        &mut self,
        bind: SocketAddr,
        multicast: Option<(Ipv4Addr, Ipv4Addr)>,
        purpose: Purpose,
    ) -> Step {
        self.next += 1;
        self.opening.insert(self.next, purpose);
        Step::Open(Open {
            socket: self.next,
            bind,
            multicast,
        })
    }
}

/// Whether a socket bound to one address can send to the other.
fn same_kind(left: IpAddr, right: IpAddr) -> bool {
    left.is_ipv4() == right.is_ipv4() && left.is_loopback() == right.is_loopback()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the steps on a machine where these addresses are free; answers warnings and targets.
    fn settle(
        address: &str,
        interfaces: &[&str],
        peers: &[&str],
        free: &[&str],
    ) -> (Vec<String>, Vec<String>) {
        let (interfaces, peers) = (interfaces.iter().copied(), peers.iter().copied());
        let mut sockets = Sockets::new(Destinations::parse(address, interfaces, peers).unwrap());
        let mut warnings = Vec::new();
        let mut ready = false;
        let mut steps = std::collections::VecDeque::from(sockets.start());
        while let Some(step) = steps.pop_front() {
            match step {
                Step::Open(open) => {
                    let name = match open.multicast {
                        Some((_, interface)) => interface.to_string(),
                        None => open.bind.to_string(),
                    };
                    steps.extend(if free.contains(&name.as_str()) {
                        let mut address = open.bind;
                        if address.port() == 0 {
                            address.set_port(50_000 + open.socket as u16);
                        }
                        sockets.opened(open.socket, address)
                    } else {
                        sockets.failed(open.socket, "not free")
                    });
                }
                Step::Warn(text) => warnings.push(text),
                Step::Later => {}
                Step::Ready => ready = true,
            }
        }
        assert!(ready);
        let targets = sockets.targets();
        (
            warnings,
            targets
                .iter()
                .map(|(socket, to)| format!("{socket}>{to}"))
                .collect(),
        )
    }

    #[test]
    fn multicast_goes_out_on_every_interface() {
        let free = ["127.0.0.1", "10.0.0.1"];
        let (warnings, targets) = settle("239.1.2.3:7000", &["10.0.0.1"], &[], &free);
        assert_eq!(warnings, [""; 0]);
        assert_eq!(targets, ["1>239.1.2.3:7000", "2>239.1.2.3:7000"]);
    }

    #[test]
    fn an_interface_that_is_not_there_is_named() {
        let (warnings, targets) = settle("239.1.2.3:7000", &["10.0.0.1"], &[], &["127.0.0.1"]);
        let warning = "no multicast on interface `10.0.0.1` until it can be opened: not free";
        assert_eq!(warnings, [warning]);
        assert_eq!(targets, ["1>239.1.2.3:7000"]);
    }

    #[test]
    fn an_interface_that_comes_later_or_back_is_used_and_warned_of_once() {
        let group = "239.1.2.3:7000";
        let mut sockets = Sockets::new(Destinations::parse(group, [], []).unwrap());
        let address = group.parse().unwrap();
        assert_eq!(sockets.start().len(), 1);
        let warned = |steps: &[Step]| steps.iter().any(|step| matches!(step, Step::Warn(_)));
        let failed = sockets.failed(1, "not there");
        assert!(warned(&failed) && failed.contains(&Step::Later));
        assert!(matches!(
            sockets.retry()[..],
            [Step::Open(Open { socket: 2, .. })]
        ));
        assert_eq!(sockets.retry(), [], "it is being tried");
        let failed = sockets.failed(2, "not there");
        assert!(!warned(&failed) && failed.contains(&Step::Later));
        sockets.retry();
        sockets.opened(3, address);
        assert_eq!(sockets.targets(), [(3, address)]);
        assert_eq!(sockets.retry(), []);
        assert!(warned(&sockets.failed(3, "gone")));
        assert_eq!(sockets.targets(), []);
        assert!(matches!(
            sockets.retry()[..],
            [Step::Open(Open { socket: 4, .. })]
        ));
    }

    #[test]
    fn who_is_not_among_the_peers_is_heard_over_multicast_only() {
        let peers = ["127.0.0.1:7000"];
        let mut sockets = Sockets::new(Destinations::parse("239.1.2.3:7000", [], peers).unwrap());
        sockets.start();
        sockets.opened(1, "239.1.2.3:7000".parse().unwrap());
        sockets.opened(2, "127.0.0.1:7000".parse().unwrap());
        let [peer, other] = ["127.0.0.1", "127.0.0.2"].map(|ip| ip.parse().ok());
        assert!(sockets.listens_to(2, peer));
        assert!(!sockets.listens_to(2, other) && !sockets.listens_to(2, None));
        assert!(sockets.listens_to(1, other));
    }

    #[test]
    fn the_first_free_port_is_taken_and_all_others_are_peers() {
        let free = ["127.0.0.1:7001", "127.0.0.1:7002"];
        let (warnings, targets) = settle("", &[], &["127.0.0.1:7000-7002"], &free);
        assert_eq!(warnings, [""; 0]);
        assert_eq!(targets, ["2>127.0.0.1:7000", "2>127.0.0.1:7002"]);
    }

    #[test]
    fn a_peer_whose_port_is_taken_is_reached_from_any_port() {
        let (warnings, targets) = settle("", &[], &["127.0.0.1:7000"], &["127.0.0.1:0"]);
        assert_eq!(warnings, [""; 0]);
        assert_eq!(targets, ["2>127.0.0.1:7000"]);
    }

    #[test]
    fn a_range_without_a_free_port_is_named() {
        let (warnings, targets) = settle("", &[], &["127.0.0.1:7000-7001"], &["127.0.0.1:0"]);
        assert_eq!(
            warnings,
            [
                "all 2 ports of `127.0.0.1` in `peers` are taken: others will not reach this proxy there"
            ]
        );
        assert_eq!(targets, ["3>127.0.0.1:7000", "3>127.0.0.1:7001"]);
    }

    #[test]
    fn each_machine_of_a_shared_list_takes_its_own_address() {
        let peers = ["10.0.0.1:7000", "10.0.0.2:7000", "127.0.0.1:7000-7001"];
        let (warnings, targets) = settle(
            "",
            &[],
            &peers,
            &["10.0.0.2:7000", "127.0.0.1:7001", "127.0.0.1:0"],
        );
        assert_eq!(warnings, [""; 0]);
        assert_eq!(targets, ["2>10.0.0.1:7000", "4>127.0.0.1:7000"]);
    }

    #[test]
    fn a_socket_that_is_lost_is_not_used_any_more() {
        let destinations = Destinations::parse("239.1.2.3:7000", [], []).unwrap();
        let mut sockets = Sockets::new(destinations);
        sockets.start();
        assert_eq!(
            sockets.opened(1, "239.1.2.3:7000".parse().unwrap()),
            [Step::Ready]
        );
        assert_eq!(
            sockets.failed(1, "gone"),
            [Step::Warn("a socket is lost: gone".into()), Step::Later]
        );
        assert_eq!(sockets.targets(), []);
    }
}
