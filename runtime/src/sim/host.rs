//! The outside of one simulated node.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use liveobj_references::{Checked, EndpointText, ExternalEndpoint, Policy};
use liveobj_types::{Formalisms, Source};

use super::options::nanos;
use super::queue::{Place, What};
use super::streams::Owner;
use super::tasks::Tasks;
use super::world::World;
use crate::boundary::calls::Wake;
use crate::edge::{Host, Request, Seeded, Ticket};
use crate::engine::connect::End;
use crate::engine::create::ProxyType;
use crate::engine::inbox::Inbox;
use crate::open::{self, Resolver};
use crate::runtime::Core;
use crate::trace::{Entry, Tracer, What as Traced, hexadecimal};
use crate::verdicts::Verdicts;

/// The wall clock at the start: 9 September 2001, 01:46:40.
const WALL: u64 = 1_000_000_000 * 1_000_000_000;
/// What a node's chance follows from, besides the seed, the node and its life.
const STREAM: u64 = 2;
/// The clocks that never go back begin up to so much apart: about 18 minutes.
const CLOCK_SPREAD: u64 = 1 << 40;
/// A timer takes at least so long, so that one that is always set again lets time pass.
const SHORTEST_TIMER: u64 = 1_000;
/// How long reading a file takes.
const FILE_DELAY: u64 = 50_000;

/// A node's terminal. It outlives the node's crashes.
#[derive(Debug, Default)]
pub(super) struct Console {
    /// Who has it.
    pub(super) owner: Option<Ticket>,
    /// Lines that were entered while nobody had it.
    pub(super) typed: VecDeque<String>,
    /// What it has shown since the node started: time and line.
    pub(super) shown: Vec<(u64, String)>,
}

/// The outside of one life of a node. Clones are the same one.
#[derive(Clone)]
pub(super) struct SimHost(Rc<Outside>);

struct Outside {
    world: Rc<World>,
    core: Arc<Core>,
    inbox: Arc<Inbox>,
    tasks: Rc<Tasks>,
    console: Rc<RefCell<Console>>,
    node: u32,
    life: u32,
    random: Seeded,
    /// Where the clock that never goes back begins.
    clock: u64,
    /// Cleared when the node crashes: nobody hears of what it does from then on.
    alive: Cell<bool>,
    open: RefCell<BTreeMap<u64, Resource>>,
}

enum Resource {
    /// A question that is answered once, and where the answer waits.
    Answer(Place),
    /// Number of a socket.
    Socket(u64),
    /// Number of a listener.
    Listener(u64),
    /// Number of an end of a stream.
    Stream(u64),
    Terminal,
}

impl SimHost {
    /// The outside of a node that starts.
    pub(super) fn new(
        world: &Rc<World>,
        core: &Arc<Core>,
        (node, life): (u32, u32),
        seed: u64,
        tasks: &Rc<Tasks>,
        console: &Rc<RefCell<Console>>,
    ) -> SimHost {
        let numbers = [STREAM, u64::from(node), u64::from(life)];
        let random = Seeded::of(seed, &numbers);
        SimHost(Rc::new(Outside {
            world: world.clone(),
            core: core.clone(),
            inbox: Arc::default(),
            tasks: tasks.clone(),
            console: console.clone(),
            node,
            life,
            clock: random.next() % CLOCK_SPREAD,
            random,
            alive: Cell::new(true),
            open: RefCell::default(),
        }))
    }

    /// Nobody hears of what the node does from now on.
    pub(super) fn mute(&self) {
        self.0.alive.set(false);
    }

    /// Whether a proxy still waits to be woken so. What is answered once is taken off the list.
    pub(super) fn wants(&self, ticket: Ticket, wake: &Wake) -> bool {
        let mut open = self.0.open.borrow_mut();
        match wake {
            Wake::Timer | Wake::File(_) | Wake::Missing | Wake::Failed(_) => {
                open.remove(&ticket.ticket).is_some()
            }
            _ => open.contains_key(&ticket.ticket),
        }
    }

    /// Which of the node's lives it is.
    pub(super) fn life(&self) -> u32 {
        self.0.life
    }
}

impl Outside {
    fn keep(&self, ticket: Ticket, resource: Resource) {
        self.open.borrow_mut().insert(ticket.ticket, resource);
    }

    /// Wakes a proxy in so many nanoseconds.
    fn wake(&self, ticket: Ticket, after: u64, wake: Wake) -> Place {
        let what = What::Wake {
            life: self.life,
            ticket,
            wake,
        };
        let at = self.world.now().saturating_add(after);
        self.world.add(at, self.node, what)
    }

    /// Answers a question that is answered once.
    fn answer(&self, ticket: Ticket, after: u64, wake: Wake) {
        let place = self.wake(ticket, after, wake);
        self.keep(ticket, Resource::Answer(place));
    }

    /// Who is told of what becomes of a stream.
    fn owner(&self, ticket: Ticket) -> Owner {
        Owner {
            node: self.node,
            life: self.life,
            ticket,
        }
    }

    /// The end of a stream that a request is about.
    fn stream(&self, ticket: Ticket) -> Option<u64> {
        match self.open.borrow().get(&ticket.ticket) {
            Some(Resource::Stream(number)) => Some(*number),
            _ => None,
        }
    }

    fn listen(&self, ticket: Ticket, bind: &str) {
        let listening = self.world.streams.borrow_mut().listen(self.node, bind);
        match listening {
            Ok((number, address)) => {
                self.keep(ticket, Resource::Listener(number));
                self.wake(ticket, 0, Wake::Ready(address.to_string()));
            }
            Err(reason) => self.answer(ticket, 0, Wake::Failed(reason)),
        }
    }

    fn accept(&self, ticket: Ticket, listener: u64) {
        let listener = match self.open.borrow().get(&listener) {
            Some(Resource::Listener(number)) => Some(*number),
            _ => None,
        };
        let owner = self.owner(ticket);
        match listener.and_then(|listener| self.world.accept_stream(owner, listener)) {
            Some(number) => self.keep(ticket, Resource::Stream(number)),
            None => {
                let reason = "the listener was closed".to_owned();
                self.answer(ticket, 0, Wake::Failed(reason));
            }
        }
    }

    fn open_terminal(&self, ticket: Ticket) {
        let mut console = self.console.borrow_mut();
        if console.owner.is_some() {
            let reason = "another object has the terminal".to_owned();
            self.answer(ticket, 0, Wake::Failed(reason));
            return;
        }
        console.owner = Some(ticket);
        self.keep(ticket, Resource::Terminal);
        for line in std::mem::take(&mut console.typed) {
            self.wake(ticket, 0, Wake::Line(line));
        }
    }

    fn show(&self, line: String) {
        let world = &self.world;
        world
            .observer
            .borrow_mut()
            .shown(self.node, world.time(), &line);
        self.console.borrow_mut().shown.push((world.now(), line));
    }

    fn read(&self, ticket: Ticket, space: crate::edge::Space, path: &str) {
        let (wake, first) = self.world.files.borrow_mut().read(space, path);
        // The answer is because of the request, which is the last line.
        self.answer(ticket, FILE_DELAY, wake.clone());
        if first {
            super::replay::trace_file(&self.world, space, path, &wake);
        }
    }

    fn give_up(&self, resource: Resource) {
        match resource {
            // Timers that are always set anew would fill the queue otherwise.
            Resource::Answer(place) => self.world.remove(place),
            Resource::Socket(number) => self.world.network.borrow_mut().close(number),
            Resource::Listener(number) => self.world.close_listener(number),
            Resource::Stream(number) => self.world.close_stream(number),
            Resource::Terminal => self.console.borrow_mut().owner = None,
        }
    }
}

/// Why endpoints are not lent from one node to another.
const NOT_LENT: &str = "simulated nodes lend no endpoints to each other";

impl Host for SimHost {
    fn inbox(&self) -> Arc<Inbox> {
        self.0.inbox.clone()
    }

    fn random(&self) -> u64 {
        self.0.random.next()
    }

    fn now(&self, wall: bool) -> u64 {
        let start = if wall { WALL } else { self.0.clock };
        start.saturating_add(self.0.world.now())
    }

    fn leave_within(&self) -> u64 {
        nanos(self.0.core.leave_within)
    }

    fn request(&self, ticket: Ticket, request: Request) {
        let outside = &*self.0;
        if !outside.alive.get() {
            return;
        }
        match request {
            Request::Timer(nanoseconds) => {
                outside.answer(ticket, nanoseconds.max(SHORTEST_TIMER), Wake::Timer);
            }
            Request::UdpOpen(options) => {
                let mut network = outside.world.network.borrow_mut();
                match network.open(outside.node, ticket, &options) {
                    Ok((number, address)) => {
                        outside.keep(ticket, Resource::Socket(number));
                        outside.wake(ticket, 0, Wake::Ready(address.to_string()));
                    }
                    Err(reason) => outside.answer(ticket, 0, Wake::Failed(reason)),
                }
            }
            Request::UdpSend { to, bytes } => {
                if let Some(Resource::Socket(number)) = outside.open.borrow().get(&ticket.ticket) {
                    outside.world.send(outside.node, *number, &to, &bytes);
                }
            }
            Request::TcpListen(bind) => outside.listen(ticket, &bind),
            Request::TcpAccept {
                ticket: listener, ..
            } => outside.accept(ticket, listener),
            Request::TcpConnect(to) => {
                match outside.world.connect_stream(outside.owner(ticket), &to) {
                    Ok(number) => outside.keep(ticket, Resource::Stream(number)),
                    Err(reason) => outside.answer(ticket, 0, Wake::Failed(reason)),
                }
            }
            Request::TcpSend(bytes) => {
                if let Some(number) = outside.stream(ticket) {
                    outside.world.send_stream(number, &bytes);
                }
            }
            Request::TcpReceive => {
                if let Some(number) = outside.stream(ticket) {
                    outside.world.receive_stream(number);
                }
            }
            Request::TerminalOpen => outside.open_terminal(ticket),
            Request::TerminalShow(line) => outside.show(line),
            Request::FileRead { space, path } => outside.read(ticket, space, &path),
            Request::Dereference(document) => {
                let resolver = Resolver::new(outside.core.clone(), outside.inbox.clone());
                let child = open::child(resolver.without_threads(), ticket, document);
                outside.tasks.spawn(ticket.ticket, child);
            }
            other => {
                let reason = format!("a simulated node has no `{}`", other.name());
                outside.answer(ticket, 0, Wake::Failed(reason));
            }
        }
    }

    fn has_room(&self, ticket: Ticket, bytes: usize) -> bool {
        match self.0.stream(ticket) {
            Some(number) => self.0.world.streams.borrow_mut().has_room(number, bytes),
            None => true,
        }
    }

    fn lend(&self, ticket: Ticket, _: End, _: EndpointText) {
        self.0.answer(ticket, 0, Wake::Failed(NOT_LENT.to_owned()));
    }

    fn reach(&self, ticket: Ticket, _: End, _: EndpointText, _: ExternalEndpoint) {
        self.0.answer(ticket, 0, Wake::Failed(NOT_LENT.to_owned()));
    }

    fn close(&self, ticket: Ticket) {
        let resource = self.0.open.borrow_mut().remove(&ticket.ticket);
        match resource {
            Some(resource) => self.0.give_up(resource),
            // A dereference that has not been answered.
            None => self.0.tasks.abort(ticket.ticket),
        }
    }

    fn check(&self, source: &Arc<Source>) -> Checked {
        self.0.core.check(source)
    }

    fn formalisms(&self) -> &Formalisms {
        &self.0.core.formalisms
    }

    fn verdicts(&self) -> &Verdicts {
        &self.0.core.verdicts
    }

    fn policy(&self) -> Policy {
        self.0.core.policy.clone()
    }

    fn tracer(&self) -> Option<Rc<dyn Tracer>> {
        let traced = self.0.world.traced;
        traced.then(|| Rc::new(self.clone()) as Rc<dyn Tracer>)
    }
}

impl Tracer for SimHost {
    fn trace(&self, entry: &Entry<'_>) -> u64 {
        let (outside, world) = (&*self.0, &self.0.world);
        if !outside.alive.get() {
            return 0;
        }
        let declared = match &entry.what {
            Traced::Created(created) => match created.ty {
                ProxyType::Object(ty) => Some((world.declare(created, ty), created.identity)),
                ProxyType::Native | ProxyType::Far => None,
            },
            _ => None,
        };
        world.trace(outside.node, |line| {
            line.entry(entry);
            if let Some((declared, identity)) = declared {
                line.plain("declared", declared)
                    .text("reference", &hexadecimal(&identity));
            }
            let cause = world.cause.get();
            if matches!(entry.what, Traced::Wake { .. }) && cause != 0 {
                line.plain("cause", cause);
            }
        });
        world.last_line()
    }
}
