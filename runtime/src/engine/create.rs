//! Create: a proxy from its plan.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use liveobj_types::resolve::Environment;
use liveobj_types::types::{Direction, Endpoint, Parameter, Value};
use liveobj_types::{EndpointId, Module, ObjectId, Types};

use super::connections::Connections;
use super::domain::Domain;
use super::save::{ProxyState, StatePlan};
use crate::boundary::Viewed;
use crate::boundary::calls::{Code, Lent, ProxyCell};
use crate::boundary::memory::{Keeper, Kept};

/// What a proxy is made from.
pub(crate) struct ProxyPlan {
    /// Path in the opened reference, for people.
    pub(crate) label: Arc<str>,
    /// Identity of its reference.
    pub(crate) identity: [u8; 32],
    /// What it promises.
    pub(crate) ty: ProxyType,
    /// Its code.
    pub(crate) code: Code,
    /// In whose words it names types; none for the runtime's own.
    pub(crate) words: Option<Rc<Words>>,
    /// Its endpoints by name, then its private ones by name: the same for all proxies of a template
    /// with the same arguments.
    pub(crate) endpoints: Rc<[EndpointPlan]>,
    /// Its parameters in layout 1.
    pub(crate) parameters: Option<Kept>,
}

/// The names of types that the code of a template knows.
#[derive(Debug)]
pub(crate) struct Words {
    /// The types of its library.
    pub(crate) module: Arc<Module>,
    /// The arguments of its type parameters, in the domain's arena. They hide types of that name.
    pub(crate) arguments: Environment,
}

/// What a proxy promises, besides what the types of its endpoints say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProxyType {
    /// It is the runtime's own, or its embedder's, and promises nothing by itself.
    Native,
    /// It stands for an endpoint of another node: what is emitted and handled there has happened
    /// earlier and happens later.
    Far,
    /// The object type of a template, in the domain's arena.
    Object(ObjectId),
}

/// An endpoint of a proxy.
#[derive(Clone, Debug)]
pub(crate) struct EndpointPlan {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Whether it takes many connections.
    pub(crate) many: bool,
    /// Whether the proxy starts only when it is connected.
    pub(crate) mandatory: bool,
    /// What it receives, by name.
    pub(crate) receives: Arc<[EventPlan]>,
    /// What it emits, by name.
    pub(crate) emits: Arc<[EventPlan]>,
    /// Whether its object declares its type as a type parameter: one handler takes all events, and
    /// payloads are opaque.
    pub(crate) dynamic: bool,
    /// Whether it is a private one of its template: nobody but its object connects it.
    pub(crate) private: bool,
    /// Its type as others see it.
    pub(crate) ty: EndpointId,
}

/// An event of an endpoint.
#[derive(Clone, Debug)]
pub(crate) struct EventPlan {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// Its payload.
    pub(crate) payload: Viewed,
    /// Whether emitting it may answer `refused`.
    pub(crate) refusable: bool,
}

impl EndpointPlan {
    /// Pairs an endpoint as its object declares it with the same after substitution. None where
    /// the second is not the first with its parameters substituted.
    pub(crate) fn new(
        types: &mut Types,
        name: &str,
        declared: EndpointId,
        actual: EndpointId,
        many: bool,
        mandatory: bool,
    ) -> Option<EndpointPlan> {
        let opaque = match types.endpoint(declared) {
            Endpoint::Events { .. } => None,
            // Each payload is opaque as a whole, as if a value type parameter stood for it.
            Endpoint::Parameter { parameter, .. } => {
                let payload = Value::Parameter(Parameter {
                    name: parameter.name.clone(),
                    bound: None,
                });
                Some(types.unnamed_value(payload))
            }
        };
        let Endpoint::Events { events, .. } = types.endpoint(actual) else {
            return None;
        };
        let declared = match types.endpoint(declared) {
            Endpoint::Events { events, .. } => events,
            Endpoint::Parameter { .. } => events,
        };
        let plans = |wanted: Direction| {
            declared
                .iter()
                .filter(|(_, event)| event.direction == wanted)
                .map(|(name, event)| {
                    Some(EventPlan {
                        name: name.as_str().into(),
                        payload: Viewed {
                            declared: opaque.unwrap_or(event.payload),
                            actual: events.get(name)?.payload,
                        },
                        refusable: event.refusable,
                    })
                })
                .collect::<Option<Arc<[_]>>>()
        };
        Some(EndpointPlan {
            name: name.into(),
            many,
            mandatory,
            receives: plans(Direction::In)?,
            emits: plans(Direction::Out)?,
            dynamic: opaque.is_some(),
            private: false,
            ty: actual,
        })
    }

    /// Its events of a direction, by name.
    pub(crate) fn events(&self, direction: Direction) -> &[EventPlan] {
        match direction {
            Direction::In => &self.receives,
            Direction::Out => &self.emits,
        }
    }

    /// Its event of a direction with this name.
    pub(crate) fn event(&self, direction: Direction, name: &str) -> Option<&EventPlan> {
        self.events(direction)
            .iter()
            .find(|event| &*event.name == name)
    }

    /// How many handlers its object has for it.
    pub(crate) fn handlers(&self) -> u32 {
        if self.dynamic {
            1
        } else {
            self.receives.len() as u32
        }
    }
}

/// A proxy of the domain.
pub(crate) struct Proxy {
    /// As the tables see it.
    pub(crate) cell: ProxyCell,
    /// The instance that owns it.
    pub(crate) instance: u64,
    /// In whose words it names types.
    pub(super) words: Option<Rc<Words>>,
    /// Its endpoints by name, then its private ones by name: the same for all proxies of a template
    /// with the same arguments.
    pub(crate) endpoints: Rc<[EndpointPlan]>,
    /// Its connections.
    pub(super) connections: Connections,
    /// For an embedder's end: how each of its events is laid out.
    pub(super) keepers: RefCell<Vec<Keeper>>,
    /// The last error that it reported.
    pub(super) last_error: RefCell<Option<String>>,
    /// Whether its constructor runs.
    pub(super) creating: Cell<bool>,
    /// What is known of its state, if it has one.
    pub(super) state: Option<ProxyState>,
}

impl Proxy {
    /// What it said last when something went wrong, or `otherwise`.
    pub(crate) fn reason(&self, otherwise: &str) -> String {
        self.last_error
            .borrow()
            .clone()
            .unwrap_or_else(|| otherwise.to_owned())
    }
}

impl Domain {
    /// Creates a proxy that belongs to `instance`. It is held until [`Domain::start_ready`].
    ///
    /// # Errors
    ///
    /// What the constructor said; nothing is left of the proxy then.
    pub(crate) fn create(&self, instance: u64, plan: ProxyPlan) -> Result<Rc<Proxy>, String> {
        self.create_with_state(instance, plan, None)
    }

    /// As [`Domain::create`], for a proxy that may have a state, and go on from one.
    ///
    /// # Errors
    ///
    /// As [`Domain::create`].
    pub(crate) fn create_with_state(
        &self,
        instance: u64,
        plan: ProxyPlan,
        state: Option<StatePlan>,
    ) -> Result<Rc<Proxy>, String> {
        let number = self.number();
        let many = plan.endpoints.iter().map(|endpoint| endpoint.many);
        let name = (number, plan.label);
        let proxy = Rc::new(Proxy {
            cell: ProxyCell::new(&self.shared(), name, plan.code, many, plan.identity),
            instance,
            words: plan.words,
            endpoints: plan.endpoints,
            connections: Connections::default(),
            keepers: RefCell::default(),
            last_error: RefCell::default(),
            creating: Cell::new(true),
            state: state.as_ref().map(ProxyState::new),
        });
        ProxyCell::settle(&proxy);
        self.proxies.borrow_mut().insert(number, proxy.clone());
        self.may_start.borrow_mut().push(number);
        self.pulse.beat(number);
        let parameters = plan.parameters.as_ref().map_or(Lent::NONE, Kept::lent);
        let status = match state.as_ref().and_then(|state| state.resumed.as_ref()) {
            Some(resumed) => proxy.cell.load(parameters, resumed.lent()),
            None => proxy.cell.create(parameters),
        };
        if status != liveobj_abi::OK {
            let reason = proxy.reason("its constructor failed without saying why");
            self.remove(&proxy);
            return Err(reason);
        }
        proxy.creating.set(false);
        self.trace_created(&proxy, plan.ty, plan.identity);
        if let Some(instance) = self.instances.borrow_mut().get_mut(instance) {
            instance.proxies.push(number);
        }
        Ok(proxy)
    }
}
