//! The live object behind `udp_channel`.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use liveobj_sdk::{CreateError, Level, Opaque, Token, UdpOptions, Wake, live_object};

use crate::datagram::{Envelope, MAX_DATAGRAM, MAX_MESSAGE, Unwanted};
use crate::parameters::Destinations;
use crate::sockets::{Open, Sockets, Step};
use crate::{template, udp_channel};

type Context<'a> = udp_channel::Context<'a>;

/// Messages that wait until the sockets are open; the oldest are lost when there are more.
const MAX_WAITING: usize = 64;

/// A channel over UDP; the token of a socket is its number.
pub struct UdpChannel {
    envelope: Envelope,
    sockets: Sockets,
    ttl: u8,
    /// Socket and address of all to whom a datagram goes; none while sockets are being opened.
    targets: Option<Vec<(Token, String)>>,
    waiting: VecDeque<Vec<u8>>,
}

#[live_object(template::udp_channel)]
impl template::udp_channel for UdpChannel {
    fn create(
        context: &mut Context<'_>,
        parameters: udp_channel::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        let interfaces = parameters.interfaces.iter().map(|text| text.as_str());
        let peers = parameters.peers.iter().map(|text| text.as_str());
        let destinations = Destinations::parse(&parameters.address, interfaces, peers)
            .map_err(CreateError::new)?;
        let mut channel = UdpChannel {
            envelope: Envelope::new(&context.identity(), context.random()),
            sockets: Sockets::new(destinations),
            ttl: parameters.ttl,
            targets: None,
            waiting: VecDeque::new(),
        };
        let steps = channel.sockets.start();
        channel.go(context, steps);
        Ok(channel)
    }

    fn channel_send(&mut self, context: &mut Context<'_>, event: udp_channel::channel::Send<'_>) {
        let Some(datagram) = self.envelope.wrap(&event.message) else {
            context.report(
                Level::Warning,
                &format!(
                    "a message of {} bytes was not sent: at most {MAX_MESSAGE} fit a datagram of \
                     {MAX_DATAGRAM}",
                    event.message.len()
                ),
            );
            return;
        };
        if self.targets.is_some() {
            self.send(context, &datagram);
            return;
        }
        self.waiting.push_back(datagram);
        if self.waiting.len() > MAX_WAITING {
            self.waiting.pop_front();
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        match wake {
            Wake::Datagram { bytes, .. } => self.receive(context, bytes),
            Wake::Ready { address } => {
                let unknown = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
                let address = address.parse().unwrap_or(unknown);
                let steps = self.sockets.opened(token.0, address);
                self.go(context, steps);
            }
            Wake::Failed(reason) => {
                let steps = self.sockets.failed(token.0, reason);
                self.go(context, steps);
            }
            _ => {}
        }
    }
}

impl UdpChannel {
    fn go(&mut self, context: &mut Context<'_>, steps: Vec<Step>) {
        let mut steps = VecDeque::from(steps);
        while let Some(step) = steps.pop_front() {
            match step {
                Step::Open(open) => {
                    if let Err(error) = open_socket(context, &open, self.ttl) {
                        steps.extend(self.sockets.failed(open.socket, &error.to_string()));
                    }
                }
                Step::Warn(text) => context.report(Level::Warning, &text),
                Step::Ready => self.targets = Some(Vec::new()),
            }
        }
        if self.targets.is_some() {
            let targets = self.sockets.targets().into_iter();
            self.targets = Some(
                targets
                    .map(|(socket, to)| (Token(socket), to.to_string()))
                    .collect(),
            );
            for datagram in std::mem::take(&mut self.waiting) {
                self.send(context, &datagram);
            }
        }
    }

    fn send(&self, context: &mut Context<'_>, datagram: &[u8]) {
        for (socket, to) in self.targets.iter().flatten() {
            // A socket that is gone was or will be reported; the datagram is lost, as any may be.
            let _ = context.udp_send(*socket, to, datagram);
        }
    }

    fn receive(&mut self, context: &mut Context<'_>, datagram: &[u8]) {
        match self.envelope.open(datagram) {
            Ok(message) => {
                let message = Opaque::new(message);
                // Without a connection there is nobody to tell.
                let _ = context.emit(udp_channel::channel::Receive { message });
            }
            Err(Unwanted::Repeated) => {}
            Err(Unwanted::Foreign) => {
                let dropped = self.envelope.dropped;
                if dropped.is_power_of_two() {
                    let text = format!("{dropped} datagrams so far were not for this channel");
                    context.report(Level::Debug, &text);
                }
            }
        }
    }
}

fn open_socket(
    context: &mut Context<'_>,
    open: &Open,
    ttl: u8,
) -> Result<(), liveobj_sdk::RequestError> {
    let (group, interface) = match open.multicast {
        Some((group, interface)) => (group.to_string(), interface.to_string()),
        None => Default::default(),
    };
    let bind = open.bind.to_string();
    let options = UdpOptions {
        bind: &bind,
        group: &group,
        interface: &interface,
        ttl: u32::from(ttl),
    };
    context.udp_open(Token(open.socket), &options)
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::{Harness, Request};
    use liveobj_sdk::{Connection, Str};

    use super::*;
    use crate::udp_channel::{Endpoint, Parameters, Template, channel};

    /// A channel of the test host's identity on `peers`, connected.
    fn channel(peers: &[&str]) -> (Harness<Template>, Connection) {
        let peers: Vec<Str<'_>> = peers.iter().map(|text| Str::new(text)).collect();
        let parameters = Parameters {
            address: "".into(),
            interfaces: Default::default(),
            peers: (&peers).into(),
            ttl: 0,
        };
        let mut harness = Harness::create(parameters).unwrap();
        let connection = harness.connect(Endpoint::channel);
        (harness, connection)
    }

    fn send(harness: &mut Harness<Template>, connection: Connection, message: &[u8]) {
        let message = Opaque::new(message);
        harness.send(connection, channel::Send { message });
    }

    fn sent(harness: &mut Harness<Template>) -> Vec<(String, Vec<u8>)> {
        let requests = harness.take_requests().into_iter();
        let sent = requests.filter_map(|request| match request {
            Request::UdpSend { to, bytes, .. } => Some((to, bytes)),
            _ => None,
        });
        sent.collect()
    }

    /// A proxy elsewhere.
    fn other() -> Envelope {
        Envelope::new(&[0; 32], 4711)
    }

    #[test]
    fn bad_parameters_fail_create() {
        let parameters = Parameters {
            address: "127.0.0.1:7".into(),
            interfaces: Default::default(),
            peers: Default::default(),
            ttl: 0,
        };
        let error = Harness::<Template>::create(parameters).unwrap_err();
        assert!(error.contains("`127.0.0.1:7` in `address` is not an IPv4 multicast group"));
    }

    #[test]
    fn multicast_is_asked_for_on_loopback_with_the_ttl() {
        let parameters = Parameters {
            address: "239.1.2.3:7000".into(),
            interfaces: Default::default(),
            peers: Default::default(),
            ttl: 3,
        };
        let mut harness = Harness::<Template>::create(parameters).unwrap();
        let expected = Request::UdpOpen {
            token: Token(1),
            bind: "239.1.2.3:7000".into(),
            group: "239.1.2.3".into(),
            interface: "127.0.0.1".into(),
            ttl: 3,
        };
        assert_eq!(harness.take_requests(), [expected]);
    }

    #[test]
    fn messages_wait_for_the_sockets_and_go_to_all_other_ports() {
        let (mut harness, connection) = channel(&["127.0.0.1:7000-7002"]);
        send(&mut harness, connection, b"early");
        assert_eq!(sent(&mut harness), []);
        harness.wake(Token(1), Wake::Failed("taken"));
        harness.wake(
            Token(2),
            Wake::Ready {
                address: "127.0.0.1:7001",
            },
        );
        let sent = sent(&mut harness);
        let to: Vec<_> = sent.iter().map(|(to, _)| to.as_str()).collect();
        assert_eq!(to, ["127.0.0.1:7000", "127.0.0.1:7002"]);
        assert!(
            sent.iter()
                .all(|(_, bytes)| other().open(bytes) == Ok(&b"early"[..]))
        );
    }

    #[test]
    fn what_another_proxy_sent_is_received_and_nothing_else() {
        let (mut harness, _) = channel(&["127.0.0.1:7000"]);
        harness.set_identity([0; 32]);
        harness.wake(
            Token(1),
            Wake::Ready {
                address: "127.0.0.1:7000",
            },
        );
        let good = other().wrap(b"hello").unwrap();
        let foreign = Envelope::new(&[9; 32], 1).wrap(b"hello").unwrap();
        for bytes in [&foreign[..], &good, b"noise", &good] {
            harness.wake(
                Token(1),
                Wake::Datagram {
                    from: "127.0.0.1:9",
                    bytes,
                },
            );
        }
        let received = harness.take_emitted::<channel::Receive<'_>>();
        let received: Vec<&[u8]> = received.iter().map(|event| &*event.message).collect();
        assert_eq!(received, [b"hello"]);
        let reports = harness.take_reports();
        assert_eq!(
            reports.last().map(|(_, text)| text.as_str()),
            Some("2 datagrams so far were not for this channel")
        );
    }

    #[test]
    fn a_message_too_large_is_refused_naming_size_and_limit() {
        let (mut harness, connection) = channel(&["127.0.0.1:7000"]);
        harness.wake(
            Token(1),
            Wake::Ready {
                address: "127.0.0.1:7000",
            },
        );
        send(&mut harness, connection, &[0; 1_177]);
        assert_eq!(sent(&mut harness), []);
        assert_eq!(
            harness.take_reports(),
            [(
                Level::Warning,
                "a message of 1177 bytes was not sent: at most 1176 fit a datagram of 1200"
                    .to_owned()
            )]
        );
    }
}
