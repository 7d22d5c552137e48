//! What the parameters of `udp_channel` ask for.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};

/// So many peers can be named, counting each port.
const MAX_PEERS: usize = 256;
/// So many interfaces can be named.
const MAX_INTERFACES: usize = 16;

/// A parameter that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadParameter(String);

impl fmt::Display for BadParameter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Ports of peers in the order given, by address.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Ports(pub(crate) BTreeMap<IpAddr, Vec<u16>>);

impl Ports {
    pub(crate) fn parse<'a>(
        peers: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, BadParameter> {
        let mut ports = BTreeMap::<IpAddr, Vec<u16>>::new();
        let mut count = 0;
        for text in peers {
            let (ip, first, last) = peer(text)?;
            let known = ports.entry(ip).or_default();
            for port in first..=last {
                if !known.contains(&port) {
                    known.push(port);
                    count += 1;
                }
                if count > MAX_PEERS {
                    return Err(BadParameter(format!(
                        "`peers` names more than {MAX_PEERS} ports; shorten the ranges"
                    )));
                }
            }
        }
        Ok(Ports(ports))
    }
}

/// Where messages go.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Destinations {
    /// A multicast group and the interfaces to use it on, the loopback interface first.
    pub(crate) group: Option<(SocketAddrV4, Vec<Ipv4Addr>)>,
    /// Ports of peers in the order given, by address.
    pub(crate) peers: BTreeMap<IpAddr, Vec<u16>>,
}

impl Destinations {
    pub(crate) fn parse<'a>(
        address: &str,
        interfaces: impl IntoIterator<Item = &'a str>,
        peers: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, BadParameter> {
        let mut on = vec![Ipv4Addr::LOCALHOST];
        for text in interfaces {
            let interface = text.parse().map_err(|_| {
                bad(
                    "interfaces",
                    text,
                    "an IPv4 address of this machine, such as `192.168.1.7`",
                )
            })?;
            if !on.contains(&interface) {
                on.push(interface);
            }
        }
        if on.len() > MAX_INTERFACES {
            return Err(BadParameter(format!(
                "`interfaces` names more than {MAX_INTERFACES} interfaces"
            )));
        }
        let group = match address {
            "" => None,
            text => Some((group(text)?, on)),
        };
        let Ports(ports) = Ports::parse(peers)?;
        if group.is_none() && ports.is_empty() {
            return Err(BadParameter(
                "`address` and `peers` are empty: nobody would be reached".to_owned(),
            ));
        }
        Ok(Destinations {
            group,
            peers: ports,
        })
    }
}

fn bad(parameter: &str, value: &str, expected: &str) -> BadParameter {
    BadParameter(format!("`{value}` in `{parameter}` is not {expected}"))
}

fn group(text: &str) -> Result<SocketAddrV4, BadParameter> {
    let expected = "an IPv4 multicast group and a port, such as `239.255.42.99:7747`";
    match text.parse::<SocketAddrV4>() {
        Ok(group) if group.ip().is_multicast() && group.port() != 0 => Ok(group),
        _ => Err(bad("address", text, expected)),
    }
}

/// Reads `ip:port` or `ip:first-last`.
fn peer(text: &str) -> Result<(IpAddr, u16, u16), BadParameter> {
    let expected = "an address with a port or a range of ports, such as `127.0.0.1:7000-7015`";
    let error = || bad("peers", text, expected);
    let (start, last) = match text.rsplit_once('-') {
        Some((start, last)) => (start, Some(last.parse::<u16>().map_err(|_| error())?)),
        None => (text, None),
    };
    let start: SocketAddr = start.parse().map_err(|_| error())?;
    let last = last.unwrap_or(start.port());
    let unusable = start.ip().is_multicast() || start.ip().is_unspecified();
    if unusable || start.port() == 0 || last < start.port() {
        return Err(error());
    }
    Ok((start.ip(), start.port(), last))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(
        address: &str,
        interfaces: &[&str],
        peers: &[&str],
    ) -> Result<Destinations, BadParameter> {
        Destinations::parse(address, interfaces.iter().copied(), peers.iter().copied())
    }

    #[test]
    fn multicast_always_uses_the_loopback_interface() {
        let interfaces = ["10.0.0.1", "127.0.0.1", "10.0.0.1"];
        let destinations = parse("239.1.2.3:7000", &interfaces, &[]).unwrap();
        let on = vec![Ipv4Addr::LOCALHOST, Ipv4Addr::new(10, 0, 0, 1)];
        assert_eq!(
            destinations.group,
            Some(("239.1.2.3:7000".parse().unwrap(), on))
        );
    }

    #[test]
    fn ranges_of_an_address_come_together_in_their_order() {
        let peers = ["127.0.0.1:7004-7005", "[::1]:9", "127.0.0.1:7000-7004"];
        let destinations = parse("", &[], &peers).unwrap();
        assert_eq!(destinations.group, None);
        assert_eq!(
            destinations.peers[&"127.0.0.1".parse::<IpAddr>().unwrap()],
            [7004, 7005, 7000, 7001, 7002, 7003]
        );
        assert_eq!(destinations.peers[&"::1".parse::<IpAddr>().unwrap()], [9]);
    }

    #[test]
    fn what_makes_no_sense_is_named_with_an_example() {
        let cases: [(&str, &[&str], &[&str]); 12] = [
            ("127.0.0.1:7000", &[], &[]),
            ("239.1.2.3", &[], &[]),
            ("239.1.2.3:0", &[], &[]),
            ("[ff02::1]:7000", &[], &[]),
            ("239.1.2.3:7000", &["eth0"], &[]),
            ("", &[], &["localhost:7000"]),
            ("", &[], &["127.0.0.1:7015-7000"]),
            ("", &[], &["127.0.0.1:7000-x"]),
            ("", &[], &["0.0.0.0:7000"]),
            ("", &[], &["127.0.0.1:0"]),
            ("", &[], &["127.0.0.1:1-60000"]),
            ("", &[], &[]),
        ];
        for (address, interfaces, peers) in cases {
            let message = parse(address, interfaces, peers).unwrap_err().to_string();
            assert!(message.starts_with('`'), "{message}");
        }
        expect(parse("127.0.0.1:7000", &[], &[]));
    }

    fn expect(result: Result<Destinations, BadParameter>) {
        assert_eq!(
            result.unwrap_err().to_string(),
            "`127.0.0.1:7000` in `address` is not an IPv4 multicast group and a port, such as \
             `239.255.42.99:7747`"
        );
    }
}
