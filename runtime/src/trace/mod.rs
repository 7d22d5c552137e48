//! What a running domain does, as it does it: the one hook that whoever writes a trace uses.
//!
//! A domain whose host has no [`Tracer`] pays nothing for it: links are built with the plain
//! `emit`, and everything else asks once where it is not in the way of events.

mod declared;
mod line;
mod lines;
mod perfetto;
mod tap;
mod writer;

use std::cell::Cell;
use std::rc::Rc;

use liveobj_types::{Data, EndpointId, Types, ValueId};

use crate::boundary::calls::Wake;
use crate::edge::Request;
use crate::engine::connect::End;
use crate::engine::create::{EndpointPlan, ProxyType};
use crate::monitor::Watch;
use crate::report::Level;

pub(crate) use declared::Declared;
pub(crate) use line::{Line, hexadecimal, reason_text};
pub use tap::{Tap, Tapped, TappedEvent};
pub use writer::{TraceFormat, Traced, Tracing};

/// Takes what happens in a domain, in order, on the domain's thread.
pub(crate) trait Tracer {
    /// One thing that happens. The answer is what [`What::Event`] calls it by, where it is an event
    /// that waits.
    fn trace(&self, entry: &Entry<'_>) -> u64;

    /// The function that was told of last, and has not returned yet, returns: of [`What::Event`],
    /// [`What::Connected`], [`What::Disconnected`] and [`What::Wake`].
    fn done(&self) {}

    /// Connections that are to end after what it was told last.
    fn cut(&self) -> Vec<u64> {
        Vec::new()
    }

    /// Whether it is told of events from one end to another, `object.endpoint`. Links between others
    /// are built without it.
    fn wants(&self, _from: &str, _to: &str) -> bool {
        true
    }
}

/// Several, as one.
pub(crate) struct Tracers(pub(crate) Vec<Rc<dyn Tracer>>);

impl Tracer for Tracers {
    /// Answers what the first one does: the others look no further than whether an event waited.
    fn trace(&self, entry: &Entry<'_>) -> u64 {
        let mut answers = self.0.iter().map(|tracer| tracer.trace(entry));
        let first = answers.next().unwrap_or_default();
        answers.for_each(drop);
        first
    }

    fn done(&self) {
        for tracer in &self.0 {
            tracer.done();
        }
    }

    fn cut(&self) -> Vec<u64> {
        self.0.iter().flat_map(|tracer| tracer.cut()).collect()
    }

    fn wants(&self, from: &str, to: &str) -> bool {
        self.0.iter().any(|tracer| tracer.wants(from, to))
    }
}

/// Who is told what happens in an opened object. Without any, events take no notice.
#[derive(Default)]
pub(crate) struct Observers {
    /// Constraints that are watched in this domain.
    pub(crate) watch: Option<Watch>,
    /// What is written.
    pub(crate) tracing: Option<Tracing>,
    /// The endpoint at which somebody listens.
    pub(crate) tap: Option<Tap>,
}

impl Observers {
    /// The tracer of a domain whose thread is called so.
    pub(crate) fn tracer(self, name: &str) -> Option<Rc<dyn Tracer>> {
        let mut tracers: Vec<Rc<dyn Tracer>> = Vec::new();
        // Written before it is judged, so that a trace shows what broke a constraint.
        tracers.extend(self.tracing.map(|tracing| tracing.tracer(name)));
        tracers.extend(self.tap.map(|tap| Rc::new(tap) as Rc<dyn Tracer>));
        tracers.extend(self.watch.map(|watch| Rc::new(watch) as Rc<dyn Tracer>));
        match tracers.len() {
            0 | 1 => tracers.pop(),
            _ => Some(Rc::new(Tracers(tracers))),
        }
    }
}

/// Something that happens to an object.
pub(crate) struct Entry<'a> {
    /// The object: its path in the opened reference. Empty for the domain as a whole.
    pub(crate) object: &'a str,
    /// Its number in the domain; 0 for the domain as a whole.
    pub(crate) proxy: u64,
    /// The chain of causes that it belongs to.
    pub(crate) path: u64,
    /// What happens.
    pub(crate) what: What<'a>,
}

/// What happens.
pub(crate) enum What<'a> {
    /// Its constructor has run.
    Created(Created<'a>),
    /// It is destroyed.
    Destroyed,
    /// An event is delivered to it.
    Event {
        /// The event's number.
        number: u64,
        /// Number of the event that was being handled when it was emitted; 0 for none.
        parent: u64,
        /// The connection.
        connection: u64,
        /// The ends, and the event's name.
        link: &'a TracedLink,
        /// Which of the link's events.
        event: usize,
        /// The payload, and the arena of its type; none if it is not a value of the type.
        payload: Option<(&'a Types, Data)>,
        /// Where it had to wait since it was emitted, what the tracer answered then.
        waited: Option<u64>,
    },
    /// An event was emitted that has to wait until it can be delivered, in this domain or another
    /// one.
    Waits {
        /// As in [`What::Event`].
        parent: u64,
        /// The connection.
        connection: u64,
        /// The ends, and the event's name.
        link: &'a TracedLink,
        /// Which of the link's events.
        event: usize,
        /// As in [`What::Event`].
        payload: Option<(&'a Types, Data)>,
    },
    /// It hears that it is connected.
    Connected {
        /// The event's number.
        number: u64,
        /// The connection.
        connection: u64,
        /// Its own end, `object.endpoint`.
        endpoint: String,
        /// The same, for programs.
        own: End,
        /// The other end, if it is not gone; its number if it is in this domain.
        peer: Option<(String, Option<End>)>,
    },
    /// It is connected with an object of another domain, and nobody has heard of that yet.
    Across {
        /// The connection.
        connection: u64,
        /// Its own end, `object.endpoint`.
        endpoint: String,
        /// The same, for programs.
        own: End,
        /// The other end.
        peer: &'a str,
        /// The type of that, in this domain's types.
        peer_type: (&'a Types, EndpointId),
    },
    /// It hears that a connection has ended.
    Disconnected {
        /// The event's number.
        number: u64,
        /// The connection.
        connection: u64,
        /// Its own end, `object.endpoint`.
        endpoint: String,
        /// The same, for programs.
        own: End,
        /// Why, as the ABI says it.
        reason: u32,
    },
    /// It is woken.
    Wake {
        /// Its own number for what it asked.
        token: u64,
        /// What with.
        wake: &'a Wake,
        /// Of a stream that is open now, the address of its own end, where it is known.
        local: Option<String>,
    },
    /// It asks the outside for something.
    Request {
        /// Its own number for it.
        token: u64,
        /// For what.
        request: &'a Request,
    },
    /// It says something to people.
    Said {
        /// How much it weighs.
        level: Level,
        /// The text.
        text: &'a str,
    },
}

/// What an object is.
pub(crate) struct Created<'a> {
    /// What it promises.
    pub(crate) ty: ProxyType,
    /// The domain's types.
    pub(crate) types: &'a Types,
    /// Its endpoints by number.
    pub(crate) endpoints: &'a [EndpointPlan],
    /// Identity of its reference.
    pub(crate) identity: [u8; 32],
}

/// What a traced link knows of itself.
#[derive(Debug)]
pub(crate) struct TracedLink {
    /// The object that it leads to.
    pub(crate) object: String,
    /// The end that emits, `object.endpoint`.
    pub(crate) from: String,
    /// The end that receives.
    pub(crate) to: String,
    /// The same, for programs: where it comes from and where it leads, unless that is in another
    /// domain.
    pub(crate) ends: (Option<End>, Option<End>),
    /// Name and payload type of each event that it carries.
    pub(crate) events: Vec<(String, ValueId)>,
    /// Whether nothing more comes through it, not even what waits.
    pub(crate) cut: Cell<bool>,
}
