//! The live object behind `udp_channel`.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use liveobj_sdk::{CreateError, Level, Opaque, Token, UdpOptions, Wake, live_object};

use crate::datagram::{Envelope, MAX_DATAGRAM, MAX_MESSAGE, Unwanted};
use crate::parameters::Destinations;
use crate::sockets::{Open, Sockets, Step};
use crate::{template, udp_channel};

type Context<'a> = udp_channel::Context<'a>;

/// Messages that wait until the sockets are open; the oldest are lost when there are more.
const MAX_WAITING: usize = 64;

/// Of the timer after which what could not be opened is tried again; sockets have numbers from 1 on.
const RETRY: Token = Token(0);
const RETRY_AFTER: Duration = Duration::from_secs(5);

/// A channel over UDP; the token of a socket is its number.
pub struct UdpChannel {
    envelope: Envelope,
    sockets: Sockets,
    ttl: u8,
    /// Socket and address of all to whom a datagram goes; none while sockets are being opened.
    targets: Option<Vec<(Token, String)>>,
    waiting: VecDeque<Vec<u8>>,
    /// Whether the timer runs.
    retries: bool,
    /// Messages that were too large to be sent.
    too_large: u64,
    dropped: Dropped,
}

/// Datagrams that came and were not passed on.
#[derive(Debug, Default)]
struct Dropped {
    /// Those of other channels, and noise.
    foreign: u64,
    repeated: u64,
    /// From addresses that `peers` does not name.
    strange: u64,
}

impl Dropped {
    /// What to tell, each time their number has doubled.
    fn told(&self) -> Option<String> {
        let Dropped {
            foreign,
            repeated,
            strange,
        } = self;
        let all = foreign + repeated + strange;
        all.is_power_of_two().then(|| {
            format!(
                "{all} datagrams so far were dropped: {foreign} not for this channel, {repeated} \
                 repeated, {strange} from addresses that `peers` does not name"
            )
        })
    }
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
            retries: false,
            too_large: 0,
            dropped: Dropped::default(),
        };
        let steps = channel.sockets.start();
        channel.go(context, steps);
        Ok(channel)
    }

    fn channel_send(&mut self, context: &mut Context<'_>, event: udp_channel::channel::Send<'_>) {
        let Some(datagram) = self.envelope.wrap(&event.message) else {
            self.too_large += 1;
            if self.too_large.is_power_of_two() {
                let text = format!(
                    "a message of {} bytes was not sent: at most {MAX_MESSAGE} fit a datagram of \
                     {MAX_DATAGRAM} ({} so far)",
                    event.message.len(),
                    self.too_large
                );
                context.report(Level::Warning, &text);
            }
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
            Wake::Datagram { from, bytes } => self.receive(context, token, from, bytes),
            Wake::Timer if token == RETRY => {
                self.retries = false;
                let steps = self.sockets.retry();
                self.go(context, steps);
            }
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
                // A request that is not taken is one of a proxy that ends.
                Step::Later if self.retries => {}
                Step::Later => self.retries = context.timer(RETRY, RETRY_AFTER).is_ok(),
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

    fn receive(&mut self, context: &mut Context<'_>, socket: Token, from: &str, datagram: &[u8]) {
        let from = from.parse().ok().map(|from: SocketAddr| from.ip());
        let count = match self.sockets.listens_to(socket.0, from) {
            // Nothing of it is looked at: who forges could make the real ones count as repeated.
            false => &mut self.dropped.strange,
            true => match self.envelope.open(datagram) {
                Ok(message) => {
                    let message = Opaque::new(message);
                    // Without a connection there is nobody to tell.
                    let _ = context.emit(udp_channel::channel::Receive { message });
                    return;
                }
                Err(Unwanted::Own) => return,
                Err(Unwanted::Repeated) => &mut self.dropped.repeated,
                Err(Unwanted::Foreign) => &mut self.dropped.foreign,
            },
        };
        *count += 1;
        if let Some(text) = self.dropped.told() {
            context.report(Level::Debug, &text);
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
        let unseen = other().wrap(b"from elsewhere").unwrap();
        let from = "127.0.0.1:9";
        for (from, bytes) in [
            (from, &foreign[..]),
            (from, &good),
            (from, b"noise"),
            ("127.0.0.2:7000", &unseen),
            (from, &good),
        ] {
            harness.wake(Token(1), Wake::Datagram { from, bytes });
        }
        let received = harness.take_emitted::<channel::Receive<'_>>();
        let received: Vec<&[u8]> = received.iter().map(|event| &*event.message).collect();
        assert_eq!(received, [b"hello"]);
        let reports = harness.take_reports();
        assert_eq!(
            reports.last().map(|(_, text)| text.as_str()),
            Some(
                "4 datagrams so far were dropped: 2 not for this channel, 1 repeated, 1 from \
                 addresses that `peers` does not name"
            )
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
                "a message of 1177 bytes was not sent: at most 1176 fit a datagram of 1200 (1 so far)"
                    .to_owned()
            )]
        );
        for _ in 0..6 {
            send(&mut harness, connection, &[0; 1_177]);
        }
        let reports = harness.take_reports().into_iter();
        let counts: Vec<String> = reports.map(|(_, text)| text[74..].to_owned()).collect();
        assert_eq!(counts, ["(2 so far)", "(4 so far)"]);
    }

    #[test]
    fn a_group_that_cannot_be_joined_is_tried_again() {
        let parameters = Parameters {
            address: "239.1.2.3:7000".into(),
            interfaces: Default::default(),
            peers: Default::default(),
            ttl: 0,
        };
        let mut harness = Harness::<Template>::create(parameters).unwrap();
        harness.take_requests();
        harness.wake(Token(1), Wake::Failed("no such device"));
        let expected = Request::Timer {
            token: RETRY,
            delay: RETRY_AFTER,
        };
        assert_eq!(harness.take_requests(), [expected]);
        harness.wake(RETRY, Wake::Timer);
        let requests = harness.take_requests();
        let opens = |request: &Request| {
            matches!(
                request,
                Request::UdpOpen {
                    token: Token(2),
                    ..
                }
            )
        };
        assert!(
            matches!(&requests[..], [request] if opens(request)),
            "{requests:?}"
        );
    }
}
