//! UDP sockets, with IP multicast.

use std::cell::Cell;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use socket2::{Domain as Family, Protocol, SockRef, Socket, Type};
use tokio::net::UdpSocket;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::{Ticket, UdpOpen};
use crate::boundary::calls::Wake;
use crate::engine::domain::Domain;
use crate::engine::inbox::Inbox;

#[cfg(target_os = "linux")]
mod drops;

/// Room for a burst that one thread works off.
const RECEIVE_BUFFER: usize = 1 << 20;
/// Largest datagram.
const LARGEST: usize = 65_535;
/// Receive errors in a row after which a socket is given up.
const PATIENCE: u32 = 64;
/// How often a socket of a group sees to it that it is still a member there: an interface that goes
/// takes that with it, and when it comes back nobody is a member.
const REJOIN: Duration = Duration::from_secs(10);
/// How often a socket is asked what the system has dropped.
const COUNT: Duration = Duration::from_secs(5);

/// An open socket.
pub(super) struct UdpResource {
    socket: Arc<UdpSocket>,
    /// The same socket, for sending: tokio's would first have to hear that it is writable.
    sender: std::net::UdpSocket,
    /// Datagrams that could not be sent.
    unsent: Cell<u64>,
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
        let (opened, membership) = socket(options)?;
        tell_of_room(&options.bind, opened.recv_buffer_size().ok());
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
            .spawn(receive(socket.clone(), membership, inbox.clone(), ticket))
            .abort_handle();
        Ok((
            UdpResource {
                socket,
                sender,
                unsent: Cell::new(0),
                task,
            },
            address.to_string(),
        ))
    }

    /// Sends a datagram; one that cannot be sent is lost. That is told each time their number has
    /// doubled: where a network is gone, it is true of all.
    pub(super) fn send(&self, to: &str, bytes: &[u8]) {
        if let Ok(to) = to.parse::<SocketAddr>()
            && let Err(error) = self.sender.send_to(bytes, to)
        {
            let unsent = self.unsent.get() + 1;
            self.unsent.set(unsent);
            if unsent.is_power_of_two() {
                let bytes = bytes.len();
                tracing::debug!(%to, bytes, %error, unsent, "datagrams are lost: they cannot be sent");
            }
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

/// A group that a socket is a member of, on one interface.
#[derive(Clone, Copy, Debug)]
struct Membership {
    group: IpAddr,
    /// Of IPv4; none is whatever the system takes.
    interface: Ipv4Addr,
}

impl Membership {
    /// # Errors
    ///
    /// The system's; also where it is a member already.
    fn join(self, socket: &SockRef<'_>) -> io::Result<()> {
        match self.group {
            IpAddr::V4(group) => socket.join_multicast_v4(&group, &self.interface),
            IpAddr::V6(group) => socket.join_multicast_v6(&group, 0),
        }
    }

    /// Joins again if the socket is no member any more; answers whether it was not and is now.
    fn renew(self, socket: &SockRef<'_>) -> bool {
        if self.join(socket).is_err() {
            return false;
        }
        // The interface that answers to the address may be another one now.
        if self.group.is_ipv4() {
            let _ = socket.set_multicast_if_v4(&self.interface);
        }
        true
    }
}

/// Tells of a system that gives a socket less room than was asked for.
fn tell_of_room(bind: &str, room: Option<usize>) {
    if let Some(room) = room.filter(|room| *room < RECEIVE_BUFFER) {
        tracing::info!(
            bind,
            room,
            wanted = RECEIVE_BUFFER,
            "the system keeps fewer bytes of datagrams than asked for: in bursts some are lost; on \
             Linux `net.core.rmem_max` is the limit"
        );
    }
}

fn socket(options: &UdpOpen) -> Result<(Socket, Option<Membership>), String> {
    let bind: SocketAddr = parse("an address", &options.bind)?;
    let group: Option<IpAddr> = optional("a multicast group", &options.group)?;
    let interface: Option<IpAddr> = optional("an address of an interface", &options.interface)?;
    let family = Family::for_address(bind);
    let membership = group.map(|group| Membership {
        group,
        interface: match interface {
            Some(IpAddr::V4(interface)) => interface,
            _ => Ipv4Addr::UNSPECIFIED,
        },
    });
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
        if let Some(membership) = membership {
            membership.join(&SockRef::from(&socket))?;
        }
        if bind.is_ipv4() {
            let interface = match interface {
                Some(IpAddr::V4(interface)) => interface,
                _ => Ipv4Addr::UNSPECIFIED,
            };
            socket.set_multicast_if_v4(&interface)?;
            socket.set_multicast_ttl_v4(options.ttl)?;
            socket.set_multicast_loop_v4(true)?;
        } else {
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
    let opened = open().map(|socket| (socket, membership));
    opened.map_err(|error| match group {
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

/// Whether a socket may fail like this and go on: somebody else does not listen, or a network is gone
/// for now.
fn is_of_the_network(error: &io::Error) -> bool {
    use io::ErrorKind::{
        ConnectionRefused, ConnectionReset, HostUnreachable, NetworkDown, NetworkUnreachable,
    };
    matches!(
        error.kind(),
        ConnectionRefused | ConnectionReset | HostUnreachable | NetworkDown | NetworkUnreachable
    )
}

/// Sees to it, for as long as it runs, that the socket is a member of its group.
async fn keep_joined(socket: &UdpSocket, membership: Option<Membership>) {
    let Some(membership) = membership else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(REJOIN).await;
        if membership.renew(&SockRef::from(socket)) {
            tracing::info!(group = %membership.group, "joined a group again: its interface is back");
        }
    }
}

/// Tells, for as long as it runs, each time that the number of datagrams which the system has dropped at
/// this socket has doubled.
#[cfg(target_os = "linux")]
async fn count_dropped(socket: &UdpSocket) {
    let mut told = 0;
    loop {
        tokio::time::sleep(COUNT).await;
        // The table of all sockets is read for each of them: not for nobody.
        if !tracing::enabled!(tracing::Level::INFO) {
            continue;
        }
        let Some(dropped) = drops::dropped(socket) else {
            return std::future::pending().await;
        };
        if dropped > 0 && dropped >= 2 * told {
            let address = socket.local_addr().ok();
            tracing::info!(
                ?address,
                dropped,
                "the system dropped datagrams that came faster than they were taken"
            );
            told = dropped;
        }
    }
}

#[cfg(not(target_os = "linux"))]
async fn count_dropped(_: &UdpSocket) {
    std::future::pending().await
}

async fn receive(
    socket: Arc<UdpSocket>,
    membership: Option<Membership>,
    inbox: Arc<Inbox>,
    ticket: Ticket,
) {
    tokio::select! {
        () = take(&socket, &inbox, ticket) => {}
        () = keep_joined(&socket, membership) => {}
        () = count_dropped(&socket) => {}
    }
}

/// Hands on what comes, until the socket or the domain is gone.
async fn take(socket: &UdpSocket, inbox: &Inbox, ticket: Ticket) {
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
            Err(error) if failures < PATIENCE || is_of_the_network(&error) => {
                failures = failures.saturating_add(1);
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Err(error) => {
                let wake = Wake::Failed(format!("the socket does not receive: {error}"));
                inbox.push(Domain::wake_from_outside(ticket, wake));
                return;
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
    fn who_sends_to_nobody_goes_on() {
        let tokio = tokio();
        let [left, right] = [(); 2].map(|()| open(&tokio, "127.0.0.1:0", "").expect("open"));
        let gone = open(&tokio, "127.0.0.1:0", "").expect("open");
        let nobody = gone.address.clone();
        gone.socket.close();
        for _ in 0..200 {
            left.socket.send(&nobody, b"is anybody there?");
        }
        // What comes back of these is no reason to stop, and neither is what cannot be sent at all.
        left.socket.send("[::1]:9", b"of another family");
        left.socket.send(&right.address, &[0; 65_508]);
        assert_eq!(left.socket.unsent.get(), 2);
        left.socket.send(&right.address, b"hello");
        right.socket.send(&left.address, b"and back");
        assert_eq!(right.next().1, b"hello");
        assert_eq!(left.next().1, b"and back");
    }

    #[test]
    fn who_is_no_member_of_its_group_any_more_joins_again() {
        let tokio = tokio();
        let (group, interface) = ("239.255.77.2", Ipv4Addr::LOCALHOST);
        let first = open(&tokio, "0.0.0.0:0", group).expect("open");
        let membership = Membership {
            group: group.parse().expect("an address"),
            interface,
        };
        let socket = SockRef::from(&*first.socket.socket);
        assert!(!membership.renew(&socket), "it is a member");
        // As if the interface had gone and come back.
        let group: Ipv4Addr = group.parse().expect("an address");
        let left = socket.leave_multicast_v4(&group, &interface);
        left.expect("it was a member");
        assert!(membership.renew(&socket));
        let port = first.address.rsplit(':').next().expect("a port");
        first.socket.send(&format!("{group}:{port}"), b"hello");
        assert_eq!(first.next().1, b"hello");
    }

    #[test]
    fn a_socket_has_as_much_room_as_the_system_gives() {
        let tokio = tokio();
        let opened = open(&tokio, "127.0.0.1:0", "").expect("open");
        let room = SockRef::from(&*opened.socket.socket).recv_buffer_size();
        let limit = std::fs::read_to_string("/proc/sys/net/core/rmem_max");
        let limit = limit.ok().and_then(|text| text.trim().parse().ok());
        let wanted = limit.map_or(1, |limit: usize| limit.min(RECEIVE_BUFFER));
        assert!(room.expect("it is told") >= wanted);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_the_system_drops_is_counted() {
        let receiver = std::net::UdpSocket::bind("127.0.0.1:0").expect("open");
        let address = receiver.local_addr().expect("bound");
        assert_eq!(drops::dropped(&receiver), Some(0));
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").expect("open");
        // More than there is room for, and nobody takes it.
        let _ = SockRef::from(&receiver).set_recv_buffer_size(4096);
        for _ in 0..100 {
            sender.send_to(&[0; 1000], address).expect("sent");
        }
        assert!(drops::dropped(&receiver).is_some_and(|dropped| dropped > 50));
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
