//! UDP sockets, with IP multicast.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain as Family, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::{Ticket, UdpOpen};
use crate::boundary::calls::Wake;
use crate::engine::domain::Domain;
use crate::engine::inbox::Inbox;

/// Room for a burst that one thread works off.
const RECEIVE_BUFFER: usize = 1 << 20;
/// Largest datagram.
const LARGEST: usize = 65_535;
/// Receive errors in a row after which a socket is given up.
const PATIENCE: u32 = 64;

/// An open socket.
pub(super) struct UdpResource {
    socket: Arc<UdpSocket>,
    /// The same socket, for sending: tokio's would first have to hear that it is writable.
    sender: std::net::UdpSocket,
    task: AbortHandle,
}

impl UdpResource {
    /// Opens a socket and begins to receive; gives its local address too.
    pub(super) fn open(
        tokio: &Handle,
        inbox: &Arc<Inbox>,
        ticket: Ticket,
        options: &UdpOpen,
    ) -> Result<(UdpResource, String), String> {
        let opened = socket(options)?;
        let _inside = tokio.enter();
        let use_it = || -> io::Result<(std::net::UdpSocket, UdpSocket, SocketAddr)> {
            let sender: std::net::UdpSocket = opened.into();
            let socket = UdpSocket::from_std(sender.try_clone()?)?;
            let address = socket.local_addr()?;
            Ok((sender, socket, address))
        };
        let (sender, socket, address) =
            use_it().map_err(|error| format!("cannot use a socket: {error}"))?;
        let socket = Arc::new(socket);
        let task = tokio
            .spawn(receive(socket.clone(), inbox.clone(), ticket))
            .abort_handle();
        Ok((
            UdpResource {
                socket,
                sender,
                task,
            },
            address.to_string(),
        ))
    }

    /// Sends a datagram; one that cannot be sent is lost.
    pub(super) fn send(&self, to: &str, bytes: &[u8]) {
        if let Ok(to) = to.parse::<SocketAddr>()
            && let Err(error) = self.sender.send_to(bytes, to)
        {
            tracing::debug!(%to, bytes = bytes.len(), %error, "a datagram is lost");
        }
    }

    /// Stops receiving and closes the socket, so that its address is free afterwards.
    pub(super) fn close(self) {
        self.task.abort();
        // The task lets go of the socket on its own thread, as soon as it is next looked at.
        for _ in 0..500 {
            if Arc::strong_count(&self.socket) == 1 {
                break;
            }
            std::thread::sleep(Duration::from_micros(100));
        }
    }
}

fn socket(options: &UdpOpen) -> Result<Socket, String> {
    let bind: SocketAddr = parse("an address", &options.bind)?;
    let group: Option<IpAddr> = optional("a multicast group", &options.group)?;
    let interface: Option<IpAddr> = optional("an address of an interface", &options.interface)?;
    let family = Family::for_address(bind);
    let open = || -> io::Result<Socket> {
        let socket = Socket::new(family, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_nonblocking(true)?;
        if group.is_some() {
            socket.set_reuse_address(true)?;
            #[cfg(unix)]
            socket.set_reuse_port(true)?;
        }
        // Best effort: the system may allow less.
        let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
        socket.bind(&bind.into())?;
        if bind.is_ipv4() {
            let interface = match interface {
                Some(IpAddr::V4(interface)) => interface,
                _ => Ipv4Addr::UNSPECIFIED,
            };
            if let Some(IpAddr::V4(group)) = group {
                socket.join_multicast_v4(&group, &interface)?;
            }
            socket.set_multicast_if_v4(&interface)?;
            socket.set_multicast_ttl_v4(options.ttl)?;
            socket.set_multicast_loop_v4(true)?;
        } else {
            if let Some(IpAddr::V6(group)) = group {
                socket.join_multicast_v6(&group, 0)?;
            }
            socket.set_multicast_hops_v6(options.ttl)?;
            socket.set_multicast_loop_v6(true)?;
        }
        Ok(socket)
    };
    if [group, interface]
        .into_iter()
        .flatten()
        .any(|address| address.is_ipv4() != bind.is_ipv4())
    {
        return Err(format!(
            "`{}` and its group or interface are of two families",
            options.bind
        ));
    }
    open().map_err(|error| match group {
        Some(group) => format!(
            "cannot open `{}` for group {group} on interface `{}`: {error}",
            options.bind, options.interface
        ),
        None => format!("cannot open `{}`: {error}", options.bind),
    })
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

async fn receive(socket: Arc<UdpSocket>, inbox: Arc<Inbox>, ticket: Ticket) {
    let mut buffer = vec![0; LARGEST];
    let mut failures = 0;
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((length, from)) => {
                failures = 0;
                let wake = Wake::Datagram(from.to_string(), buffer[..length].to_vec());
                if !inbox.push(Domain::wake_from_outside(ticket, wake)) {
                    return;
                }
            }
            Err(error) => {
                failures += 1;
                if failures > PATIENCE {
                    let wake = Wake::Failed(format!("the socket does not receive: {error}"));
                    inbox.push(Domain::wake_from_outside(ticket, wake));
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::engine::inbox::Outside;

    /// A socket and what it receives.
    struct End {
        socket: UdpResource,
        address: String,
        inbox: Arc<Inbox>,
    }

    fn tokio() -> tokio::runtime::Runtime {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime")
    }

    fn open(tokio: &tokio::runtime::Runtime, bind: &str, group: &str) -> Result<End, String> {
        let inbox: Arc<Inbox> = Arc::default();
        let ticket = Ticket {
            proxy: 1,
            token: 2,
            ticket: 3,
        };
        let options = UdpOpen {
            bind: bind.to_owned(),
            group: group.to_owned(),
            interface: if group.is_empty() { "" } else { "127.0.0.1" }.to_owned(),
            ttl: 0,
        };
        let (socket, address) = UdpResource::open(tokio.handle(), &inbox, ticket, &options)?;
        Ok(End {
            socket,
            address,
            inbox,
        })
    }

    impl End {
        /// The next datagram.
        fn next(&self) -> (String, Vec<u8>) {
            let deadline = Instant::now() + Duration::from_secs(10);
            loop {
                if let Some(Outside::Wake { wake, .. }) = self.inbox.try_take(false) {
                    let Wake::Datagram(from, bytes) = wake else {
                        panic!("{wake:?}")
                    };
                    return (from, bytes);
                }
                assert!(Instant::now() < deadline, "nothing was received");
                std::thread::sleep(Duration::from_millis(1));
            }
        }
    }

    #[test]
    fn a_datagram_arrives_with_its_sender() {
        let tokio = tokio();
        let [left, right] = [(); 2].map(|()| open(&tokio, "127.0.0.1:0", "").expect("open"));
        left.socket.send(&right.address, b"hello");
        assert_eq!(right.next(), (left.address.clone(), b"hello".to_vec()));
    }

    #[test]
    fn sockets_of_a_group_share_their_port_and_hear_each_other_on_this_machine() {
        let tokio = tokio();
        let first = open(&tokio, "0.0.0.0:0", "239.255.77.1").expect("open");
        let port = first.address.rsplit(':').next().expect("a port").to_owned();
        let second = open(&tokio, &format!("0.0.0.0:{port}"), "239.255.77.1").expect("shared");
        first.socket.send(&format!("239.255.77.1:{port}"), b"hello");
        assert_eq!(first.next().1, b"hello");
        assert_eq!(second.next().1, b"hello");
    }

    #[test]
    fn a_closed_socket_leaves_its_address_free() {
        let tokio = tokio();
        let first = open(&tokio, "127.0.0.1:0", "").expect("open");
        let address = first.address.clone();
        assert!(open(&tokio, &address, "").is_err(), "taken");
        first.socket.close();
        open(&tokio, &address, "").expect("free");
    }

    #[test]
    fn what_is_not_an_address_is_named() {
        let tokio = tokio();
        let error = open(&tokio, "localhost:port", "").err();
        assert_eq!(error.as_deref(), Some("`localhost:port` is not an address"));
        let error = open(&tokio, "127.0.0.1:0", "somewhere").err();
        assert_eq!(
            error.as_deref(),
            Some("`somewhere` is not a multicast group")
        );
        let error = open(&tokio, "[::1]:0", "239.0.0.1").err();
        let expected = "`[::1]:0` and its group or interface are of two families";
        assert_eq!(error.as_deref(), Some(expected));
    }
}
