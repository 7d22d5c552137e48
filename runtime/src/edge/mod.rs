//! The outside: what proxies ask for through their contexts. [`Host`] is all that the engine
//! knows of it, so that a simulated one can take its place.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use liveobj_references::{Checked, EndpointText, ExternalEndpoint, Policy};
use liveobj_types::{Formalisms, Source};

use crate::boundary::calls::Wake;
use crate::engine::connect::End;
use crate::engine::domain::Domain;
use crate::engine::inbox::Inbox;
use crate::runtime::LEAVE_WITHIN;
use crate::state::Saved;
use crate::trace::Tracer;
use crate::verdicts::Verdicts;
use crate::watchdog::Pulse;

pub(crate) mod file;
pub(crate) mod links;
mod system;
mod tcp;
mod terminal;
mod udp;

pub(crate) use system::{SystemHost, clock, nanoseconds};
pub(crate) use terminal::TerminalSlot;

/// Who asked, and under which number: answers name both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Ticket {
    /// The proxy; 0 for the engine itself.
    pub(crate) proxy: u64,
    /// The proxy's own number for the request.
    pub(crate) token: u64,
    /// The engine's number, never used again.
    pub(crate) ticket: u64,
}

/// What a proxy asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// A wake after so many nanoseconds.
    Timer(u64),
    /// A socket.
    UdpOpen(UdpOpen),
    /// A datagram through the ticket's socket.
    UdpSend {
        /// `ip:port`
        to: String,
        /// Payload.
        bytes: Vec<u8>,
    },
    /// A listener at `ip:port`.
    TcpListen(String),
    /// The next stream that somebody opens to a listener.
    TcpAccept {
        /// The asking proxy's token of the listener.
        listener: u64,
        /// The engine's number for it, which the engine fills in.
        ticket: u64,
    },
    /// A stream to `ip:port`.
    TcpConnect(String),
    /// Bytes through the ticket's stream; there is room for them ([`Host::has_room`]).
    TcpSend(Vec<u8>),
    /// Bytes that the ticket's stream brings.
    TcpReceive,
    /// A wake when the proxy is about to end, in this stage of it.
    Farewell(Stage),
    /// Time before the proxy is disconnected; its end has begun.
    Stay,
    /// The terminal.
    TerminalOpen,
    /// One line on the ticket's terminal.
    TerminalShow(String),
    /// A file's bytes.
    FileRead {
        /// Where paths begin.
        space: Space,
        /// The path, or the name of an entry.
        path: String,
    },
    /// Another object: a document.
    Dereference(String),
    /// Another object as one of a type: a document, and the type in the words of the asking
    /// proxy's library.
    DereferenceAs {
        /// The document.
        document: String,
        /// The type.
        ty: String,
    },
    /// A connection with one.
    Connect {
        /// The token of the dereferenced object.
        proxy: u64,
        /// Its endpoint.
        endpoint: String,
        /// The asking proxy's endpoint.
        own: u32,
    },
    /// An endpoint for other nodes to connect with.
    Export(Export),
    /// A connection with an endpoint that somebody exported.
    ConnectExternal {
        /// The document of the external endpoint reference.
        external: String,
        /// The asking proxy's endpoint.
        own: u32,
    },
}

/// The stages in which something ends, before it is disconnected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// All that it uses is still there.
    First,
    /// Those who were woken first have finished.
    Last,
}

/// An endpoint that is to be exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Export {
    /// The asking proxy's own, by number.
    Own(u32),
    /// That of an object which it dereferenced.
    Child {
        /// The token of the dereferenced object.
        proxy: u64,
        /// Its endpoint.
        endpoint: String,
    },
}

/// A socket as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UdpOpen {
    /// `ip:port`
    pub(crate) bind: String,
    /// Multicast group, or nothing.
    pub(crate) group: String,
    /// Address of the interface, or nothing.
    pub(crate) interface: String,
    /// Hops of multicast.
    pub(crate) ttl: u32,
}

/// Where paths begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Space {
    /// The file system.
    Files,
    /// The user's registry.
    Registry,
}

/// Random numbers that follow from a seed (SplitMix64). Whoever sees one knows all that come after
/// it.
#[derive(Debug, Default)]
pub(crate) struct Seeded(pub(crate) Cell<u64>);

impl Seeded {
    /// Numbers of their own for each list, so that who draws more or less of one changes nothing
    /// for another.
    pub(crate) fn of(seed: u64, list: &[u64]) -> Seeded {
        let seeded = Seeded(Cell::new(seed));
        for number in list {
            let mixed = seeded.next().wrapping_add(*number);
            seeded.0.set(mixed);
        }
        seeded
    }

    /// The next one.
    pub(crate) fn next(&self) -> u64 {
        let state = self.0.get().wrapping_add(0x9e37_79b9_7f4a_7c15);
        self.0.set(state);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// The outside of one domain. Called on the domain's thread; answers go to [`Host::inbox`].
pub(crate) trait Host {
    /// Where answers go.
    fn inbox(&self) -> Arc<Inbox>;

    /// 64 random bits. Objects make keys and nonces of them: in production nobody may be able to
    /// tell them in advance. A simulated outside takes them from a seed ([`Seeded`]).
    fn random(&self) -> u64;

    /// Nanoseconds on the wall clock or the monotonic one.
    fn now(&self, wall: bool) -> u64;

    /// Nanoseconds that what ends may take before it is disconnected, on the monotonic clock.
    fn leave_within(&self) -> u64 {
        nanoseconds(LEAVE_WITHIN)
    }

    /// Takes a request. Those that the engine answers, or turns into something else, never come
    /// here: [`Request::Connect`], [`Request::DereferenceAs`], [`Request::Export`],
    /// [`Request::ConnectExternal`], [`Request::Farewell`] and [`Request::Stay`].
    fn request(&self, ticket: Ticket, request: Request);

    /// Whether a stream takes so many bytes more. If not, [`Wake::Writable`] follows.
    fn has_room(&self, ticket: Ticket, bytes: usize) -> bool {
        let _ = (ticket, bytes);
        true
    }

    /// The address of this end of a stream that is open, as other nodes see it if nothing between them
    /// changes it.
    fn stream_address(&self, ticket: Ticket) -> Option<String> {
        let _ = ticket;
        None
    }

    /// Lends an endpoint of this domain to other nodes; answered by [`Wake::Exported`] or
    /// [`Wake::Failed`], given up by [`Host::close`].
    fn lend(&self, ticket: Ticket, end: End, ty: EndpointText) {
        let _ = (end, ty);
        refuse(self, ticket);
    }

    /// Connects an endpoint of this domain, of type `ty`, with one of another node; answered through
    /// [`Domain::link_connected`] or by [`Wake::Failed`].
    fn reach(&self, ticket: Ticket, own: End, ty: EndpointText, there: ExternalEndpoint) {
        let _ = (own, ty, there);
        refuse(self, ticket);
    }

    /// The endpoint of this very domain that is lent under a capability.
    fn lent_here(&self, capability: &[u8; 16]) -> Option<End> {
        let _ = capability;
        None
    }

    /// Gives up a request or a resource.
    fn close(&self, ticket: Ticket);

    /// Keeps the state of a proxy, in place of what was saved of it before; never waits for a disk.
    /// An outside without a place for it forgets it.
    fn keep_state(&self, saved: Saved) {
        drop(saved);
    }

    /// Checks a document, offline.
    fn check(&self, source: &Arc<Source>) -> Checked;

    /// What connections made at run time are judged with.
    fn formalisms(&self) -> &Formalisms;

    /// What such judgements have found.
    fn verdicts(&self) -> &Verdicts;

    /// What such judgements accept.
    fn policy(&self) -> Policy;

    /// Where the domain notes how it is getting on. Asked once, when the domain is made.
    fn pulse(&self) -> Arc<Pulse> {
        Arc::default()
    }

    /// Who takes what happens in the domain. Asked once, when the domain is made: without one,
    /// events do not even look whether there is one.
    fn tracer(&self) -> Option<Rc<dyn Tracer>> {
        None
    }
}

/// What a host answers that has no other nodes.
fn refuse(host: &(impl Host + ?Sized), ticket: Ticket) {
    let reason = "there are no other nodes here".to_owned();
    let wake = Domain::wake_from_outside(ticket, Wake::Failed(reason));
    host.inbox().push(wake);
}
