//! What all nodes share: virtual time, what will happen, the network, and who watches.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::time::Duration;

use liveobj_references::ObjectText;
use liveobj_types::ObjectId;

use super::files::Files;
use super::network::{Fate, Network};
use super::queue::{Happening, Place, Queue, What};
use super::streams::Streams;
use super::summary::Datagrams;
use crate::report::Message;
use crate::trace::{Created, Declared, Line};

/// Who watches a simulation. Everything is told as it happens; times are virtual, counted from
/// the start, and nodes are numbered from 1.
pub trait Observer {
    /// A node's terminal shows a line.
    fn shown(&mut self, node: u32, at: Duration, line: &str) {
        let _ = (node, at, line);
    }

    /// An object of a node has something to say.
    fn said(&mut self, node: u32, at: Duration, message: &Message) {
        let _ = (node, at, message);
    }

    /// Whether [`Observer::traced`] is to be called. Asked once, at the start; a simulation that
    /// is not traced runs faster.
    fn wants_trace(&self) -> bool {
        false
    }

    /// A line of the trace, without its end: the format is `docs/trace.md`. The first is the
    /// header.
    fn traced(&mut self, line: &str) {
        let _ = line;
    }
}

impl Observer for Box<dyn Observer> {
    fn shown(&mut self, node: u32, at: Duration, line: &str) {
        self.as_mut().shown(node, at, line);
    }

    fn said(&mut self, node: u32, at: Duration, message: &Message) {
        self.as_mut().said(node, at, message);
    }

    fn wants_trace(&self) -> bool {
        self.as_ref().wants_trace()
    }

    fn traced(&mut self, line: &str) {
        self.as_mut().traced(line);
    }
}

/// Number of the header's line.
const HEADER: u64 = 1;

/// Watches nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quiet;

impl Observer for Quiet {}

/// What all nodes share.
pub(super) struct World {
    now: Cell<u64>,
    queue: RefCell<Queue>,
    pub(super) network: RefCell<Network>,
    pub(super) streams: RefCell<Streams>,
    pub(super) files: RefCell<Files>,
    pub(super) observer: RefCell<Box<dyn Observer>>,
    pub(super) datagrams: Cell<Datagrams>,
    /// Whether a trace is wanted.
    pub(super) traced: bool,
    /// Number of the last line of the trace.
    line: Cell<u64>,
    /// The types that the trace has declared, by what it says of them: the lines.
    declared: RefCell<BTreeMap<ObjectText, u64>>,
    /// Line that led to what happens now; 0 for none.
    pub(super) cause: Cell<u64>,
}

impl World {
    /// At time 0, with nothing to happen.
    pub(super) fn new(network: Network, files: Files, observer: Box<dyn Observer>) -> World {
        World {
            now: Cell::new(0),
            queue: RefCell::default(),
            streams: RefCell::new(Streams::new(network.seed())),
            network: RefCell::new(network),
            files: RefCell::new(files),
            traced: observer.wants_trace(),
            observer: RefCell::new(observer),
            datagrams: Cell::default(),
            line: Cell::new(HEADER),
            declared: RefCell::default(),
            cause: Cell::new(0),
        }
    }

    /// Nanoseconds since the start.
    pub(super) fn now(&self) -> u64 {
        self.now.get()
    }

    /// The same, for people.
    pub(super) fn time(&self) -> Duration {
        Duration::from_nanos(self.now.get())
    }

    /// Adds something that will happen, because of the last line of the trace.
    pub(super) fn add(&self, at: u64, node: u32, what: What) -> Place {
        self.add_caused(at, node, self.last_line(), what)
    }

    /// Adds something that will happen, because of this line of the trace (0: of none).
    pub(super) fn add_caused(&self, at: u64, node: u32, cause: u64, what: What) -> Place {
        let happening = Happening { node, cause, what };
        self.queue.borrow_mut().add(at, happening)
    }

    /// Takes something out again, if it has not happened yet.
    pub(super) fn remove(&self, place: Place) {
        self.queue.borrow_mut().remove(place);
    }

    /// Lets time pass until the next happening, or until the end if there is none before.
    pub(super) fn next(&self, end: u64) -> Option<Happening> {
        let next = self.queue.borrow_mut().take(end);
        match next {
            Some((at, happening)) => {
                self.now.set(at);
                self.cause.set(happening.cause);
                Some(happening)
            }
            None => {
                self.now.set(end);
                self.cause.set(0);
                None
            }
        }
    }

    /// The last line of the trace; 0 if there is none after the header.
    pub(super) fn last_line(&self) -> u64 {
        let line = self.line.get();
        if line == HEADER { 0 } else { line }
    }

    /// Writes a line of the trace about a node (0: about none), if a trace is wanted.
    pub(super) fn trace(&self, node: u32, write: impl FnOnce(&mut Line)) {
        if !self.traced {
            return;
        }
        self.line.set(self.line.get() + 1);
        let mut line = Line::new();
        line.plain("line", self.line.get())
            .plain("time", self.now.get());
        if node != 0 {
            line.plain("node", node);
        }
        write(&mut line);
        self.observer.borrow_mut().traced(&line.finish());
    }

    /// The line that declares the type of an object; it is written if there is none yet.
    pub(super) fn declare(&self, created: &Created<'_>, ty: ObjectId) -> u64 {
        let declared = Declared::of(created, ty);
        if let Some(line) = self.declared.borrow().get(&declared.text) {
            return *line;
        }
        self.trace(0, |line| {
            line.declared(&declared);
        });
        let line = self.last_line();
        self.declared.borrow_mut().insert(declared.text, line);
        line
    }

    /// A node is gone, or begins anew: closes all its sockets and streams.
    pub(super) fn close_all(&self, node: u32) {
        self.network.borrow_mut().close_all(node);
        self.close_streams_of(node);
    }

    /// Sends a datagram from a socket of a node.
    pub(super) fn send(&self, node: u32, socket: u64, to: &str, bytes: &[u8]) {
        let cause = self.last_line();
        let mut network = self.network.borrow_mut();
        let mut datagrams = self.datagrams.get();
        datagrams.sent += 1;
        let bytes: std::rc::Rc<[u8]> = bytes.into();
        for receiver in network.receivers(socket, to, bytes.len()) {
            for fate in network.fates(node, receiver.node, self.now.get()) {
                match fate {
                    Fate::Arrives(at) => {
                        let what = What::Datagram {
                            socket: receiver.socket,
                            sender: node,
                            from: receiver.from,
                            bytes: bytes.clone(),
                        };
                        self.add_caused(at, receiver.node, cause, what);
                    }
                    Fate::Lost => {
                        datagrams.lost += 1;
                        self.trace_lost(receiver.node, cause, "chance");
                    }
                    Fate::Cut => {
                        datagrams.cut += 1;
                        self.trace_lost(receiver.node, cause, "partition");
                    }
                }
            }
        }
        self.datagrams.set(datagrams);
    }

    /// A datagram does not arrive.
    pub(super) fn trace_lost(&self, node: u32, cause: u64, why: &str) {
        self.trace(node, |line| {
            line.text("kind", "lost")
                .plain("cause", cause)
                .text("why", why);
        });
    }
}
