//! Objects behind hand-written tables, as a library in any language would have them: what the
//! benchmarks measure. Not part of the public interface.

mod across;
mod called;
mod churn;
mod crowd;
mod exchange;
mod observed;
mod pairs;
mod parent;
mod pipeline;
#[cfg(test)]
mod tests;

use std::ffi::c_void;
use std::hint::black_box;
use std::rc::Rc;
use std::sync::Arc;

use liveobj_abi as abi;
use liveobj_references::{Checked, Policy, StandardCatalog, check_source};
use liveobj_types::types::{Basic, Direction, Endpoint, Event, Origin, Parameter, Value};
use liveobj_types::{EndpointId, Formalisms, Source, Types};

use super::Trust;
use super::calls::{Code, Lent, Table};
use crate::edge::{Host, Request, Seeded, Ticket};
use crate::engine::connect::End;
use crate::engine::create::{EndpointPlan, Proxy, ProxyPlan};
use crate::engine::domain::Domain;
use crate::engine::inbox::Inbox;
use crate::report::Silent;
use crate::trace::Tracer;
use crate::verdicts::Verdicts;

pub use across::Across;
pub use called::Called;
pub use churn::Churn;
pub use crowd::Crowd;
pub use exchange::Exchange;
pub use pairs::{Calls, Pairs};
pub use parent::Parent;
pub use pipeline::Pipeline;

/// What the event carries.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Number {
    /// Added up by the receiver.
    pub n: u64,
}

/// A sender connected with receivers, in a domain that the caller drives.
pub struct Circuit {
    domain: Rc<Domain>,
    sender: Rc<Proxy>,
    receivers: Vec<Rc<Proxy>>,
}

/// What an object that passes events on knows of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowing {
    /// Their types: payloads are lent through.
    Types,
    /// Nothing: its endpoints are dynamic, and payloads are encoded before it and decoded behind it.
    Nothing,
}

impl Circuit {
    /// One sender, one receiver; with `convert`, the sender's number is narrower than the
    /// receiver's.
    pub fn pair(convert: bool) -> Circuit {
        Circuit::new(1, false, convert, Trust::Typed)
    }

    /// A pair whose sender is not believed: what it emits is checked.
    pub fn checked() -> Circuit {
        Circuit::new(1, false, false, Trust::Checked)
    }

    /// A sender whose endpoint is `many`.
    pub fn fan(receivers: usize) -> Circuit {
        Circuit::new(receivers, true, false, Trust::Typed)
    }

    /// A pair whose event carries bytes.
    pub fn freight() -> Circuit {
        let (domain, instance) = domain();
        let [from, to] = {
            let mut types = domain.types.borrow_mut();
            [Direction::Out, Direction::In].map(|it| endpoint(&mut types, it, Basic::Bytes))
        };
        let ends = [(&SENDER, from), (&RECEIVER, to)].map(|(table, ty)| {
            let endpoints = [plan(&domain, "a", ty, false)];
            proxy(&domain, instance, Table::new(table), endpoints)
        });
        let [sender, receiver] = ends;
        let made = domain.connect(end(&sender, 0), end(&receiver, 0));
        made.expect("they match");
        Circuit::start(domain, sender, vec![receiver])
    }

    /// Emits bytes, of a [`Circuit::freight`]. The receiver does not look at them.
    #[inline]
    pub fn emit_bytes(&self, bytes: &[u8]) -> i32 {
        let slice = abi::Slice {
            data: bytes.as_ptr().cast(),
            len: bytes.len() as u64,
            owner: std::ptr::null_mut(),
        };
        let payload = Lent::new((&raw const slice).cast());
        self.sender.cell.emit(0, 0, payload)
    }

    /// One sender, one receiver, and so many objects between them that pass events on.
    pub fn through(count: usize, knowing: Knowing) -> Circuit {
        let (domain, instance) = domain();
        let [from, to] = types(&domain, Basic::U64);
        let sender = proxy(
            &domain,
            instance,
            Table::new(&SENDER),
            vec![plan(&domain, "a", from, false)],
        );
        let receiver = proxy(
            &domain,
            instance,
            Table::new(&RECEIVER),
            vec![plan(&domain, "a", to, false)],
        );
        let mut last = end(&sender, 0);
        for _ in 0..count {
            let (table, endpoints) = match knowing {
                Knowing::Types => {
                    let ends = [("a", to), ("b", from)];
                    let plans = ends.map(|(name, ty)| plan(&domain, name, ty, false));
                    (&PASSING, plans.to_vec())
                }
                Knowing::Nothing => {
                    let plans = dynamic(&mut domain.types.borrow_mut(), to, [false; 2]);
                    (&PASSING_ANY, plans.to_vec())
                }
            };
            let passing = proxy(&domain, instance, Table::new(table), endpoints);
            domain.connect(last, end(&passing, 0)).expect("they match");
            last = end(&passing, 1);
        }
        domain.connect(last, end(&receiver, 0)).expect("they match");
        Circuit::start(domain, sender, vec![receiver])
    }

    fn new(count: usize, many: bool, convert: bool, trust: Trust) -> Circuit {
        Circuit::within(domain(), count, many, convert, trust)
    }

    fn within(
        (domain, instance): (Rc<Domain>, u64),
        count: usize,
        many: bool,
        convert: bool,
        trust: Trust,
    ) -> Circuit {
        let sent = if convert { Basic::U32 } else { Basic::U64 };
        let [from, to] = types(&domain, sent);
        let sender = proxy(
            &domain,
            instance,
            Table::new(&SENDER).trusted(trust),
            vec![plan(&domain, "a", from, many)],
        );
        let receivers: Vec<_> = (0..count)
            .map(|_| {
                proxy(
                    &domain,
                    instance,
                    Table::new(&RECEIVER).trusted(trust),
                    vec![plan(&domain, "a", to, false)],
                )
            })
            .collect();
        for receiver in &receivers {
            let ends = [&sender, receiver].map(|proxy| end(proxy, 0));
            domain.connect(ends[0], ends[1]).expect("they match");
        }
        Circuit::start(domain, sender, receivers)
    }

    fn start(domain: Rc<Domain>, sender: Rc<Proxy>, receivers: Vec<Rc<Proxy>>) -> Circuit {
        domain.start_ready();
        domain.turn(None);
        Circuit {
            domain,
            sender,
            receivers,
        }
    }

    /// Emits one event through the sender's context, as its own code would.
    #[inline]
    pub fn emit(&self, number: &Number) -> i32 {
        let payload = Lent::new(std::ptr::from_ref(number).cast());
        self.sender.cell.emit(0, 0, payload)
    }

    /// Emits 0 to `count - 1` in a turn, one after the other: the same machine code in every program.
    #[inline(never)]
    pub fn emit_all(&self, count: u64) {
        self.turn();
        for n in 0..count {
            black_box(self.emit(black_box(&Number { n })));
        }
    }

    /// Counts what passes, as while `liveobj stat` runs.
    pub fn count(&self) {
        self.domain.count(true);
    }

    /// Begins the next turn: a turn of more than a million events is split.
    pub fn turn(&self) {
        self.domain.turn(None);
    }

    /// What each receiver has added up.
    pub fn sums(&self) -> Vec<u64> {
        // SAFETY: `this` of a receiver is a `Sum`, which lives as long as the proxy.
        self.receivers
            .iter()
            .map(|it| unsafe { (*it.cell.this().cast::<Sum>()).0 })
            .collect()
    }
}

impl Drop for Circuit {
    fn drop(&mut self) {
        self.domain.end_all();
        self.domain.turn(None);
    }
}

fn domain() -> (Rc<Domain>, u64) {
    domain_with(Nothing::default())
}

fn domain_with(host: Nothing) -> (Rc<Domain>, u64) {
    let domain = Domain::new(Box::new(host), Arc::new(Silent));
    let instance = domain.begin();
    (domain, instance)
}

/// What the sender emits, of such numbers, and what receivers receive.
fn types(domain: &Domain, sent: Basic) -> [EndpointId; 2] {
    let mut types = domain.types.borrow_mut();
    let from = endpoint(&mut types, Direction::Out, sent);
    [from, endpoint(&mut types, Direction::In, Basic::U64)]
}

fn plan(domain: &Domain, name: &str, ty: EndpointId, many: bool) -> EndpointPlan {
    let plan = EndpointPlan::new(&mut domain.types.borrow_mut(), name, ty, ty, many, false);
    plan.expect("an endpoint with events")
}

/// Endpoints `a` of the type parameter `E`, which is `argument`, and `b` of `mirror E`.
pub(crate) fn dynamic(
    types: &mut Types,
    argument: EndpointId,
    many: [bool; 2],
) -> [EndpointPlan; 2] {
    let ends = [("a", false, argument), ("b", true, types.mirror(argument))];
    let mut many = many.into_iter();
    ends.map(|(name, mirrored, actual)| {
        let parameter = Parameter {
            name: "E".to_owned(),
            bound: None,
        };
        let declared = Endpoint::Parameter {
            parameter,
            mirrored,
        };
        let declared = types.add_endpoint(declared, Origin::default());
        let many = many.next().expect("one for each end");
        EndpointPlan::new(types, name, declared, actual, many, false).expect("events")
    })
}

/// The code of an object with two dynamic endpoints, which passes on what comes in.
#[cfg(test)]
pub(crate) fn passing_any() -> Table {
    Table::new(&PASSING_ANY)
}

fn proxy(
    domain: &Domain,
    instance: u64,
    table: Table,
    endpoints: impl Into<Rc<[EndpointPlan]>>,
) -> Rc<Proxy> {
    let plan = ProxyPlan {
        ty: crate::engine::create::ProxyType::Native,
        words: None,
        label: "".into(),
        identity: [0; 32],
        code: Code::Table(table),
        endpoints: endpoints.into(),
        parameters: None,
    };
    domain.create(instance, plan).expect("nothing to fail")
}

fn end(proxy: &Proxy, endpoint: u32) -> End {
    End {
        proxy: proxy.cell.number,
        endpoint,
    }
}

fn endpoint(types: &mut Types, direction: Direction, basic: Basic) -> EndpointId {
    let number = types.add_value(Value::Basic(basic), Origin::default());
    let fields = [("n".to_owned(), number)].into();
    let payload = types.add_value(
        Value::Record {
            fields,
            open: false,
        },
        Origin::default(),
    );
    let event = Event {
        direction,
        payload,
        order: vec!["n".to_owned()],
        refusable: false,
    };
    let events = [("add".to_owned(), event)].into();
    let endpoint = Endpoint::Events {
        events,
        provides: Vec::new(),
        requires: Vec::new(),
    };
    types.add_endpoint(endpoint, Origin::default())
}

/// An outside without anything in it.
#[derive(Default)]
struct Nothing {
    random: Seeded,
    inbox: Arc<Inbox>,
    formalisms: Formalisms,
    verdicts: Verdicts,
    tracer: Option<Rc<dyn Tracer>>,
}

impl Host for Nothing {
    fn tracer(&self) -> Option<Rc<dyn Tracer>> {
        self.tracer.clone()
    }
    fn inbox(&self) -> Arc<Inbox> {
        self.inbox.clone()
    }
    fn random(&self) -> u64 {
        self.random.next()
    }
    fn now(&self, _: bool) -> u64 {
        0
    }
    fn request(&self, _: Ticket, _: Request) {}
    fn close(&self, _: Ticket) {}
    fn check(&self, source: &Arc<Source>) -> Checked {
        let policy = Policy::default();
        check_source(source, &StandardCatalog, &self.formalisms, &policy)
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

struct Sum(u64);

static SENDER: abi::Object = table(&NO_HANDLERS);
static RECEIVER: abi::Object = table(&HANDLERS);

#[repr(transparent)]
struct Handlers<const N: usize>([*const abi::Handler; N]);

// SAFETY: immutable.
unsafe impl<const N: usize> Sync for Handlers<N> {}

static ADD: [abi::Handler; 1] = [add];
static HANDLERS: Handlers<1> = Handlers([ADD.as_ptr()]);
static NO_HANDLERS: Handlers<1> = Handlers([ADD.as_ptr()]);

static PASSING: abi::Object = abi::Object {
    endpoints: 2,
    ..table(&PASSING_HANDLERS)
};
static PASS: [abi::Handler; 1] = [pass];
static PASSING_HANDLERS: Handlers<2> = Handlers([PASS.as_ptr(), PASS.as_ptr()]);

static PASSING_ANY: abi::Object = abi::Object {
    endpoints: 2,
    ..table(&PASSING_ANY_HANDLERS)
};
static PASS_TO: [[abi::Handler; 1]; 2] = [[pass_any::<1>], [pass_any::<0>]];
static PASSING_ANY_HANDLERS: Handlers<2> = Handlers([PASS_TO[0].as_ptr(), PASS_TO[1].as_ptr()]);

const fn table<const N: usize>(handlers: &'static Handlers<N>) -> abi::Object {
    abi::Object {
        size: size_of::<abi::Object>() as u32,
        endpoints: 1,
        create,
        load: None,
        save: None,
        digest: None,
        connected,
        disconnected,
        wake,
        destroy,
        handlers: handlers.0.as_ptr(),
        // Read by the checks of `loading` alone.
        handler_counts: std::ptr::null(),
    }
}

unsafe extern "C" fn create(
    _: *mut abi::Context,
    _: *const c_void,
    this: *mut *mut c_void,
) -> abi::Status {
    // SAFETY: the host gave a place for the pointer.
    unsafe { *this = Box::into_raw(Box::new(Sum(0))).cast() };
    abi::OK
}

unsafe extern "C" fn add(
    this: *mut c_void,
    _: *mut abi::Context,
    _: *const abi::Envelope,
    payload: *const c_void,
) -> abi::Status {
    // SAFETY: what `create` made; the payload is of the declared type.
    unsafe { (*this.cast::<Sum>()).0 += (*payload.cast::<Number>()).n };
    abi::OK
}

/// Passes on what comes in at endpoint `a`.
unsafe extern "C" fn pass(
    _: *mut c_void,
    context: *mut abi::Context,
    _: *const abi::Envelope,
    payload: *const c_void,
) -> abi::Status {
    // SAFETY: the second link is that of endpoint `b`, whose one event has the same payload.
    unsafe {
        let link = *(*context).links.add(1);
        ((*link).emit)(link, context, 0, payload)
    }
}

/// Passes on what comes in at a dynamic endpoint, whatever it is.
unsafe extern "C" fn pass_any<const TO: usize>(
    _: *mut c_void,
    context: *mut abi::Context,
    _: *const abi::Envelope,
    payload: *const c_void,
) -> abi::Status {
    // SAFETY: the handler of a dynamic endpoint is handed an `lo_dynamic`, and the other endpoint,
    // which is dynamic too, takes its opaque payload.
    unsafe {
        let link = *(*context).links.add(TO);
        let dynamic = payload.cast::<abi::Dynamic>();
        let payload = &raw const (*dynamic).payload;
        ((*link).emit)(link, context, (*dynamic).event, payload.cast())
    }
}

unsafe extern "C" fn connected(
    _: *mut c_void,
    _: *mut abi::Context,
    _: u32,
    _: u64,
) -> abi::Status {
    abi::OK
}

unsafe extern "C" fn disconnected(
    _: *mut c_void,
    _: *mut abi::Context,
    _: u32,
    _: u64,
    _: u32,
) -> abi::Status {
    abi::OK
}

unsafe extern "C" fn wake(
    _: *mut c_void,
    _: *mut abi::Context,
    _: u64,
    _: u32,
    _: *const c_void,
) -> abi::Status {
    abi::OK
}

unsafe extern "C" fn destroy(this: *mut c_void, _: *mut abi::Context) -> abi::Status {
    // SAFETY: what `create` made, given back once.
    drop(unsafe { Box::from_raw(this.cast::<Sum>()) });
    abi::OK
}
