//! A domain: proxies that one thread at a time runs.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use liveobj_references::EndpointText;
use liveobj_types::{EndpointId, Types};

use super::connect::Connection;
use super::count::Counting;
use super::create::{EventPlan, Proxy};
use super::deliver::{Delivery, Trace};
use super::destroy::Instance;
use super::farewell::Partings;
use super::inbox::{Inbox, Poster};
use super::ledger::Ledger;
use super::reflect::Reflected;
use super::request::Token;
use super::save::Saving;
use crate::boundary::calls::{LinkCell, ProxyCell};
use crate::boundary::memory::{Keeper, Prepared};
use crate::edge::Host;
use crate::open::Templates;
use crate::open::folders::Folders;
use crate::report::{Level, Message, Report};
use crate::trace::{Tracer, What};
use crate::watchdog::Pulse;

/// How many handlers may lie on the stack: a count, so that a replay agrees.
pub(crate) const MAX_NESTING: u32 = 32;
/// Deliveries after which a turn is split.
pub(crate) const TURN_LIMIT: u64 = 1_000_000;

/// A set of proxies that one thread at a time runs. All state is behind cells: handlers call back
/// into it while it waits for them.
pub(crate) struct Domain {
    /// Handlers on the stack.
    pub(crate) depth: Cell<u32>,
    /// The chain of causes that is being followed: one per outside event.
    pub(crate) path: Cell<u64>,
    /// Number of the last event delivered.
    pub(crate) numbers: Cell<u64>,
    /// Number at which the turn is split.
    pub(crate) split_at: Cell<u64>,
    /// Emissions on unconnected endpoints.
    pub(crate) lost: Cell<u64>,
    /// The outside.
    pub(crate) host: Box<dyn Host>,
    /// What other threads hand in.
    pub(crate) inbox: Arc<Inbox>,
    /// The types that endpoints speak of.
    pub(crate) types: RefCell<Types>,
    /// What was made of them before.
    pub(crate) prepared: Prepared,
    /// Templates of which objects were made before.
    pub(crate) templates: Templates,
    /// The folders that were asked for references.
    pub(crate) folders: Folders,
    pub(super) last_path: Cell<u64>,
    pub(super) fifo: RefCell<VecDeque<Delivery>>,
    /// What waits for proxies that have not started; nothing where nothing does.
    pub(super) held: RefCell<Ledger<VecDeque<Delivery>>>,
    /// Those of the held proxies that were created or connected since it was last looked; perhaps more
    /// than once.
    pub(super) may_start: RefCell<Vec<u64>>,
    pub(crate) proxies: RefCell<Ledger<Rc<Proxy>>>,
    pub(super) connections: RefCell<Ledger<Rc<Connection>>>,
    pub(super) instances: RefCell<Ledger<Box<Instance>>>,
    pub(super) tokens: RefCell<BTreeMap<(u64, u64), Token>>,
    /// What ends and has yet to be disconnected.
    pub(super) partings: RefCell<Partings>,
    pub(super) graveyard: RefCell<Vec<Rc<LinkCell>>>,
    /// The queues that were more than half full when something was put there last, by connection.
    pub(super) congested: RefCell<BTreeMap<u64, Rc<LinkCell>>>,
    /// Links to other domains through which something was sent in this turn.
    pub(super) unsettled: RefCell<Vec<Rc<LinkCell>>>,
    pub(super) trace: RefCell<Option<Trace>>,
    pub(super) reflected: RefCell<Option<Reflected>>,
    /// Types of other nodes' endpoints that are in `types`.
    pub(crate) far_types: RefCell<BTreeMap<EndpointText, EndpointId>>,
    /// Takes what happens here, if anybody does.
    pub(crate) tracer: Option<Rc<dyn Tracer>>,
    pub(super) saving: RefCell<Option<Saving>>,
    /// Whether somebody watches.
    pub(crate) counting: Counting,
    /// What others see of how it is getting on.
    pub(crate) pulse: Arc<Pulse>,
    pub(super) me: Weak<Domain>,
    stopping: Cell<bool>,
    next: Cell<u64>,
    reports: Arc<dyn Report>,
    /// Goes last.
    kept: RefCell<Vec<Box<dyn Any>>>,
}

impl Domain {
    /// An empty domain.
    pub(crate) fn new(host: Box<dyn Host>, reports: Arc<dyn Report>) -> Rc<Domain> {
        Rc::new_cyclic(|me| Domain {
            depth: Cell::new(0),
            path: Cell::new(0),
            numbers: Cell::new(0),
            split_at: Cell::new(TURN_LIMIT),
            lost: Cell::new(0),
            tracer: host.tracer(),
            inbox: host.inbox(),
            types: RefCell::new(Types::new()),
            prepared: Prepared::default(),
            templates: Templates::default(),
            folders: Folders::default(),
            last_path: Cell::new(0),
            fifo: RefCell::default(),
            held: RefCell::default(),
            may_start: RefCell::default(),
            proxies: RefCell::default(),
            connections: RefCell::default(),
            instances: RefCell::default(),
            tokens: RefCell::default(),
            partings: RefCell::default(),
            graveyard: RefCell::default(),
            congested: RefCell::default(),
            unsettled: RefCell::default(),
            trace: RefCell::default(),
            reflected: RefCell::default(),
            far_types: RefCell::default(),
            saving: RefCell::default(),
            counting: Counting::new(),
            pulse: host.pulse(),
            host,
            me: me.clone(),
            stopping: Cell::new(false),
            next: Cell::new(1),
            reports,
            kept: RefCell::default(),
        })
    }

    /// A number that was not used before, for proxies, instances and requests.
    pub(crate) fn number(&self) -> u64 {
        self.next.replace(self.next.get() + 1)
    }

    /// 64 random bits of the host.
    pub(crate) fn random(&self) -> u64 {
        self.host.random()
    }

    /// A handle through which any thread reaches a proxy.
    pub(crate) fn poster(&self, proxy: &ProxyCell) -> Poster {
        Poster::new(self.inbox.clone(), proxy.number)
    }

    /// Passes on what a proxy has to say, and remembers errors: they say why it failed.
    pub(crate) fn report(&self, proxy: &ProxyCell, level: Level, text: &str) {
        let found = self.proxies.borrow().get(proxy.number).cloned();
        let object = found
            .as_ref()
            .map_or_else(String::new, |proxy| proxy.cell.label.to_string());
        if let Some(proxy) = found.filter(|_| level == Level::Error) {
            *proxy.last_error.borrow_mut() = Some(text.to_owned());
            // Why it could not be created is told by the error of `open`.
            if proxy.creating.get() {
                return;
            }
        }
        self.say(level, object, text.to_owned());
    }

    /// Tells people something.
    pub(crate) fn say(&self, level: Level, object: String, text: String) {
        self.trace(&object, 0, || What::Said { level, text: &text });
        self.reports.report(&Message {
            level,
            object,
            text,
        });
    }

    /// How payloads of an event are laid out; none where they cannot be.
    pub(crate) fn keeper(&self, event: &EventPlan) -> Option<Keeper> {
        self.prepared.keeper(&self.types.borrow(), event.payload)
    }

    /// A proxy by number.
    pub(crate) fn proxy(&self, number: u64) -> Option<Rc<Proxy>> {
        self.proxies.borrow().get(number).cloned()
    }

    /// All proxies, in the order of construction.
    pub(super) fn all_proxies(&self) -> Vec<Rc<Proxy>> {
        let proxies = self.proxies.borrow();
        proxies.in_order().into_iter().cloned().collect()
    }

    /// All connections, by number.
    pub(super) fn all_connections(&self) -> Vec<Rc<Connection>> {
        let connections = self.connections.borrow();
        connections.in_order().into_iter().cloned().collect()
    }

    /// The shared form of this domain.
    pub(crate) fn shared(&self) -> Rc<Domain> {
        self.me
            .upgrade()
            .expect("because a domain lives in its `Rc`")
    }

    /// Whether nothing is left: no proxy, instance, connection or request.
    pub(crate) fn is_empty(&self) -> bool {
        self.proxies.borrow().is_empty()
            && self.instances.borrow().is_empty()
            && self.connections.borrow().is_empty()
            && self.tokens.borrow().is_empty()
    }

    /// How many proxies, instances, connections and requests there are.
    #[cfg(test)]
    pub(crate) fn counts(&self) -> [usize; 4] {
        [
            self.proxies.borrow().len(),
            self.instances.borrow().len(),
            self.connections.borrow().len(),
            self.tokens.borrow().len(),
        ]
    }
}

impl Domain {
    /// Ends everything and takes no further work than that.
    pub(crate) fn stop(&self) {
        self.stopping.set(true);
        self.limit_partings();
        self.end_all();
    }

    /// Ends what was begun after it was told to stop: work that was handed in before.
    pub(super) fn keep_stopping(&self) {
        let rests = || !self.has_waiting() && self.partings.borrow().is_empty();
        if self.stopping.get() && rests() && !self.is_empty() {
            self.end_all();
        }
    }

    /// Keeps something that is used until nothing is left.
    pub(crate) fn keep(&self, kept: impl Any) {
        self.kept.borrow_mut().push(Box::new(kept));
    }

    /// Whether it was told to stop, and nothing is left.
    pub(crate) fn has_stopped(&self) -> bool {
        self.stopping.get() && self.is_empty() && !self.has_waiting()
    }
}
