//! One test per sentence of `docs/execution.md`, which names them, on domains driven by hand.

mod connections;
mod count;
mod domains;
mod dynamic;
mod farewell;
mod folders;
mod lifetimes;
mod model;
mod outside;
mod partings;
mod sharing;
mod staying;
mod turns;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use liveobj_abi as abi;
use liveobj_references::{Checked, Policy, StandardCatalog, check_source};
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::{Data, EndpointId, Formalisms, Module, Source, TypeId};

use super::connect::End;
use super::create::Words;
use super::create::{EndpointPlan, Proxy, ProxyPlan};
use super::domain::Domain;
use super::inbox::Inbox;
use crate::boundary::calls::{Code, ProxyCell, Wake};
use crate::boundary::memory::Keeper;
use crate::boundary::native::{Incoming, Native, NativeProxy};
use crate::edge::{Host, Request, Seeded, Ticket};
use crate::report::Message;
use crate::verdicts::Verdicts;

const TYPES: &str = "
    endpoint Talk { out say(n: u64); in hear(n: u64); }
    endpoint Tell { out say(n: u64); }
    endpoint Ball { out hit(); in ball(); }
    endpoint Offer { out say(n: u64) refusable; in hear(n: u64); }
    endpoint Load { out say(n: bytes); in hear(n: bytes); }
    endpoint Freight { out say(n: bytes) refusable; in hear(n: bytes); }
    endpoint Pipe { in leave(); in say(n: u64); out hear(n: u32); }
    endpoint Near { out say(n: u32); in hear(n: u64); }
    endpoint Far { in leave(); in say(n: option<u64>); out hear(n: u8); }
";

/// What happened, in order.
type Log = Rc<RefCell<Vec<String>>>;

/// A domain, its outside, and what its objects did.
struct World {
    domain: Rc<Domain>,
    outside: Outside,
    instance: u64,
    log: Log,
    messages: Arc<Mutex<Vec<Message>>>,
    known: RefCell<BTreeMap<String, EndpointId>>,
}

/// What a recording host shares with its test.
#[derive(Clone, Default)]
struct Outside {
    inbox: Arc<Inbox>,
    requests: Rc<RefCell<Vec<(Ticket, Request)>>>,
    closed: Rc<RefCell<Vec<Ticket>>>,
    now: Rc<Cell<u64>>,
    within: Rc<Cell<Option<u64>>>,
    random: Rc<Seeded>,
    formalisms: Rc<Formalisms>,
    verdicts: Rc<Verdicts>,
    lent: Rc<RefCell<BTreeMap<[u8; 16], End>>>,
}

impl Host for Outside {
    fn inbox(&self) -> Arc<Inbox> {
        self.inbox.clone()
    }
    fn random(&self) -> u64 {
        self.random.next()
    }
    fn now(&self, _: bool) -> u64 {
        self.now.get()
    }
    fn leave_within(&self) -> u64 {
        self.within.get().unwrap_or(5_000_000_000)
    }
    fn request(&self, ticket: Ticket, request: Request) {
        self.requests.borrow_mut().push((ticket, request));
    }
    fn close(&self, ticket: Ticket) {
        self.closed.borrow_mut().push(ticket);
    }
    fn lent_here(&self, capability: &[u8; 16]) -> Option<End> {
        self.lent.borrow().get(capability).copied()
    }
    fn check(&self, source: &Arc<Source>) -> Checked {
        check_source(
            source,
            &StandardCatalog,
            &self.formalisms,
            &Policy::default(),
        )
    }
    fn formalisms(&self) -> &Formalisms {
        &self.formalisms
    }
    fn verdicts(&self) -> &Verdicts {
        &self.verdicts
    }
    fn policy(&self) -> Policy {
        Policy::default()
    }
}

/// What a handler of a test sees.
struct Me<'a> {
    proxy: &'a ProxyCell,
    keeper: &'a Keeper,
    log: &'a Log,
}

impl Me<'_> {
    /// Emits the one out-event of an endpoint.
    fn say(&self, endpoint: u32, n: u64) -> abi::Status {
        self.proxy.emit(endpoint, 0, number(self.keeper, n).lent())
    }

    /// The same through one connection.
    fn say_to(&self, endpoint: u32, connection: u64, n: u64) -> abi::Status {
        match self
            .proxy
            .domain()
            .link_of(self.proxy, endpoint, connection)
        {
            Some(link) => self.proxy.emit_to(&link, 0, number(self.keeper, n).lent()),
            None => abi::STALE,
        }
    }

    fn note(&self, text: impl Into<String>) {
        self.log.borrow_mut().push(text.into());
    }
}

fn number(keeper: &Keeper, n: u64) -> crate::boundary::memory::Kept {
    keeper
        .write(&Data::Record([("n".to_owned(), Data::U64(n))].into()))
        .expect("a payload")
}

/// What an object of a test handles.
enum Happening {
    Heard { n: u64 },
    Connected { endpoint: u32 },
    Disconnected,
    Woken { token: u64, wake: Wake },
}

type Behaviour = Box<dyn FnMut(&Me<'_>, Happening) -> abi::Status>;

/// An object of a test: logs what it hears, then behaves.
struct Probe {
    name: &'static str,
    keeper: Keeper,
    log: Log,
    behaviour: Behaviour,
}

impl Probe {
    fn happen(&mut self, proxy: &ProxyCell, happening: Happening) -> abi::Status {
        let me = Me {
            proxy,
            keeper: &self.keeper,
            log: &self.log,
        };
        (self.behaviour)(&me, happening)
    }

    fn note(&self, text: String) {
        self.log.borrow_mut().push(format!("{} {text}", self.name));
    }
}

impl Native for Probe {
    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status {
        let Ok(Data::Record(fields)) = self.keeper.read(event.payload) else {
            return abi::INVALID;
        };
        let Some(Data::U64(n)) = fields.get("n") else {
            return abi::INVALID;
        };
        self.note(format!("hears {n}"));
        self.happen(proxy, Happening::Heard { n: *n })
    }

    fn connected(&mut self, proxy: &ProxyCell, endpoint: u32, _: u64) -> abi::Status {
        self.note(format!("connected {endpoint}"));
        self.happen(proxy, Happening::Connected { endpoint })
    }

    fn disconnected(
        &mut self,
        proxy: &ProxyCell,
        endpoint: u32,
        _: u64,
        reason: u32,
    ) -> abi::Status {
        self.note(format!("disconnected {endpoint} ({reason})"));
        self.happen(proxy, Happening::Disconnected)
    }

    fn wake(&mut self, proxy: &ProxyCell, token: u64, wake: Wake) -> abi::Status {
        self.note(format!("woken {token} {wake:?}"));
        self.happen(proxy, Happening::Woken { token, wake })
    }
}

impl Drop for Probe {
    fn drop(&mut self) {
        self.note("destroyed".to_owned());
    }
}

/// An endpoint of an object of a test.
#[derive(Clone, Copy)]
struct Shape {
    ty: &'static str,
    many: bool,
    mandatory: bool,
}

/// Says and hears.
const TALK: Shape = Shape {
    ty: "Talk",
    many: false,
    mandatory: false,
};
/// The other side.
const LISTEN: Shape = Shape {
    ty: "mirror Talk",
    many: false,
    mandatory: false,
};

/// Without payload.
const BALL: Shape = Shape {
    ty: "Ball",
    many: false,
    mandatory: false,
};
/// The other side.
const RACKET: Shape = Shape {
    ty: "mirror Ball",
    many: false,
    mandatory: false,
};

impl Shape {
    const fn many(self) -> Shape {
        Shape { many: true, ..self }
    }
    const fn mandatory(self) -> Shape {
        Shape {
            mandatory: true,
            ..self
        }
    }
}

impl World {
    fn new() -> World {
        let outside = Outside::default();
        let messages: Arc<Mutex<Vec<Message>>> = Arc::default();
        let sink = messages.clone();
        let report = move |message: &Message| sink.lock().unwrap().push(message.clone());
        let domain = Domain::new(Box::new(outside.clone()), Arc::new(report));
        let instance = domain.begin();
        World {
            domain,
            outside,
            instance,
            log: Log::default(),
            messages,
            known: RefCell::default(),
        }
    }

    /// Another one that writes the same log.
    fn beside(&self) -> World {
        World {
            log: self.log.clone(),
            ..World::new()
        }
    }

    fn endpoint(&self, text: &str) -> EndpointId {
        let known = self.known.borrow().get(text).copied();
        known.unwrap_or_else(|| {
            let resolved = self.resolve(text);
            self.known.borrow_mut().insert(text.to_owned(), resolved);
            resolved
        })
    }

    fn resolve(&self, text: &str) -> EndpointId {
        resolve(&self.domain, text)
    }

    /// An object; endpoints are numbered in the order given.
    fn object(
        &self,
        name: &'static str,
        shapes: &[Shape],
        behaviour: impl FnMut(&Me<'_>, Happening) -> abi::Status + 'static,
    ) -> Rc<Proxy> {
        self.object_of(self.instance, name, shapes, behaviour)
    }

    fn object_of(
        &self,
        instance: u64,
        name: &'static str,
        shapes: &[Shape],
        behaviour: impl FnMut(&Me<'_>, Happening) -> abi::Status + 'static,
    ) -> Rc<Proxy> {
        let endpoints = self.endpoints(shapes);
        let payload = endpoints[0].emits[0].payload;
        let keeper = Keeper::new(&self.domain.types.borrow(), payload).expect("a layout");
        let log = self.log.clone();
        let probe = Probe {
            name,
            keeper,
            log,
            behaviour: Box::new(behaviour),
        };
        self.create(instance, name, endpoints, Box::new(probe))
    }

    /// An object that is not logged.
    fn native(&self, name: &'static str, shapes: &[Shape], object: Box<dyn Native>) -> Rc<Proxy> {
        self.create(self.instance, name, self.endpoints(shapes), object)
    }

    fn create(
        &self,
        instance: u64,
        name: &'static str,
        endpoints: Vec<EndpointPlan>,
        object: Box<dyn Native>,
    ) -> Rc<Proxy> {
        let counts: Vec<u32> = endpoints.iter().map(EndpointPlan::handlers).collect();
        let plan = ProxyPlan {
            ty: crate::engine::create::ProxyType::Native,
            words: Some(Rc::new(Words {
                module: Module::standard(),
                arguments: Environment::new(),
            })),
            label: name.into(),
            identity: [1; 32],
            code: Code::Native(NativeProxy::new(object, &counts)),
            endpoints: endpoints.into(),
            parameters: None,
        };
        self.domain.create(instance, plan).expect("created")
    }

    fn endpoints(&self, shapes: &[Shape]) -> Vec<EndpointPlan> {
        let plan = |(shape, letter): (&Shape, char)| {
            let ty = self.endpoint(shape.ty);
            let types = &mut self.domain.types.borrow_mut();
            let name = letter.to_string();
            EndpointPlan::new(types, &name, ty, ty, shape.many, shape.mandatory)
        };
        shapes
            .iter()
            .zip('a'..)
            .map(|pair| plan(pair).expect("events"))
            .collect()
    }

    /// Connects, starts, and tells both ends, in a turn of its own.
    fn connect(&self, left: (&Proxy, u32), right: (&Proxy, u32)) -> u64 {
        let number = self
            .domain
            .connect(end(left), end(right))
            .expect("connected");
        self.domain.own_connection(self.instance, number);
        self.domain.start_ready();
        self.domain.notify_connected(number);
        self.domain.turn(None);
        number
    }

    /// Wakes an object from outside, as a post does.
    fn wake(&self, proxy: &Proxy) {
        self.outside.inbox.push(post(proxy));
        self.run();
    }

    /// Takes all outside events.
    fn run(&self) {
        while self.domain.has_waiting() || self.step() {
            if self.domain.has_waiting() {
                self.domain.turn(None);
            }
        }
    }

    /// Takes one outside event, if there is one.
    fn step(&self) -> bool {
        let outside = self.outside.inbox.try_take(self.domain.is_congested());
        let some = outside.is_some();
        if some {
            self.domain.turn(outside);
        }
        some
    }

    /// What happened since the last time.
    fn happened(&self) -> Vec<String> {
        std::mem::take(&mut self.log.borrow_mut())
    }

    fn messages(&self) -> Vec<String> {
        self.messages
            .lock()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect()
    }
}

/// An endpoint type of [`TYPES`] in a domain.
fn resolve(domain: &Domain, text: &str) -> EndpointId {
    let source = Source::new("test", TYPES);
    let (module, faults) = Module::parse("test", &source, &mut |_| None);
    assert_eq!(faults, []);
    let expression = Source::new("endpoint", text);
    let expr = parse_type(&expression).expect("a type");
    let mut types = domain.types.borrow_mut();
    match types.resolve(&module, &expression, &expr, &Environment::new()) {
        Ok(TypeId::Endpoint(id)) => id,
        other => panic!("{other:?}"),
    }
}

fn end((proxy, endpoint): (&Proxy, u32)) -> End {
    End {
        proxy: proxy.cell.number,
        endpoint,
    }
}

/// Wakes an object.
fn post(proxy: &Proxy) -> super::inbox::Outside {
    let wake = Wake::Posted(Vec::new());
    super::inbox::Outside::Wake {
        proxy: proxy.cell.number,
        token: 0,
        ticket: 0,
        wake,
    }
}

/// Does nothing.
fn idle(_: &Me<'_>, _: Happening) -> abi::Status {
    abi::OK
}

/// Says 1, 2, 3 on endpoint 0 whenever it is woken.
fn three(me: &Me<'_>, happening: Happening) -> abi::Status {
    if let Happening::Woken { .. } = happening {
        for n in 1..=3 {
            me.say(0, n);
        }
    }
    abi::OK
}
