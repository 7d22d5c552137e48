//! Watches the constraints of a reference on what happens, where somebody asked for it.
//!
//! Each component's endpoints are watched: what their types provide, from the component's own side,
//! and what they require, from the side of whoever is connected. An event is told to a constraint
//! when its provider emits it, or when its provider handles it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex};

use liveobj_references::{CheckedReference, Part, PartKind};
use liveobj_types::formalism::{EndpointStructure, Structure};
use liveobj_types::monitor::{Culprit, Happening, Monitor, Occurred, Outcome};
use liveobj_types::relation::{Side, endpoint_structure, object_structure};
use liveobj_types::types::{Constraint, Endpoint, Object, Value};
use liveobj_types::{Data, Formalisms, Place, Types, ValueId};

use crate::trace::{Entry, TracedLink, Tracer, What};

/// How many of the last happenings a violation tells.
const RECENT: usize = 16;

/// Watches whether what happens keeps the constraints of a reference: see
/// [`crate::OpenOptions::monitor`].
#[derive(Clone)]
pub struct Monitoring {
    enforce: bool,
    found: Arc<Mutex<Found>>,
}

/// Takes violations.
type Found = dyn FnMut(&Violation) + Send;

impl Monitoring {
    /// Tells `found` of each violation, on the object's own thread, and lets things go on.
    pub fn report(found: impl FnMut(&Violation) + Send + 'static) -> Monitoring {
        Monitoring {
            enforce: false,
            found: Arc::new(Mutex::new(found)),
        }
    }

    /// As [`Monitoring::report`], and ends the connection at which a constraint was broken. What
    /// was emitted there before that arrives, the event in question included.
    pub fn enforce(found: impl FnMut(&Violation) + Send + 'static) -> Monitoring {
        Monitoring {
            enforce: true,
            ..Monitoring::report(found)
        }
    }
}

impl fmt::Debug for Monitoring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitoring")
            .field("enforce", &self.enforce)
            .finish_non_exhaustive()
    }
}

/// A constraint that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Name of its formalism.
    pub formalism: String,
    /// Its text.
    pub text: String,
    /// Where it was written, where that is known.
    pub place: Option<Place>,
    /// The endpoint or object whose type has it: `server.lookup`, by its path in the reference.
    pub subject: String,
    /// Whether that type provides it; otherwise it requires it of whoever is connected.
    pub provided: bool,
    /// The object that broke it; none where the event does not tell, as when a connection begins.
    pub by: Option<String>,
    /// The connection, by its number in the domain.
    pub connection: u64,
    /// What the monitor was told of last, the latest last: at most 16 lines.
    pub recent: Vec<String>,
}

/// The constraints of an opened reference.
pub(crate) struct Watch(RefCell<Watching>);

struct Watching {
    constraints: Vec<Watched>,
    /// Who watches each end, `object.endpoint`.
    ends: HashMap<String, Vec<Watcher>>,
    /// The two ends of each connection, until both have heard that it has ended.
    connections: BTreeMap<u64, (String, String, bool)>,
    /// What tells the values of each type apart, as the domain has it.
    domains: HashMap<ValueId, String>,
    monitoring: Monitoring,
    /// Connections that are to end.
    cut: Vec<u64>,
    /// What was told of the happening in question: the types of both ends may have a constraint.
    told: Vec<(String, String)>,
}

/// One end of a constraint.
#[derive(Clone, Copy)]
struct Watcher {
    constraint: usize,
    /// Position among the constraint's endpoints.
    endpoint: usize,
}

struct Watched {
    formalism: String,
    text: String,
    place: Option<Place>,
    subject: String,
    side: Side,
    endpoints: Vec<EndpointStructure>,
    /// Number of the object among all.
    proxy: u64,
    /// None once it could not be told all that it has to know.
    monitor: Option<Box<dyn Monitor>>,
    recent: VecDeque<String>,
}

/// Something that happens to one end of a connection.
struct Told<'a> {
    connection: u64,
    /// The end whose constraints are meant, and the other one.
    own: &'a str,
    other: &'a str,
    /// Whether the own end's object provides what is meant.
    side: Side,
    what: Telling<'a>,
}

#[derive(Clone, Copy)]
enum Telling<'a> {
    Connect,
    Disconnect,
    /// An event that the provider of the constraint emits or handles.
    Event {
        name: &'a str,
        emitted: bool,
        payload: Option<(&'a Types, ValueId, &'a Data)>,
    },
}

impl Watch {
    /// The constraints of a reference that can be watched at one node.
    pub(crate) fn new(
        reference: &CheckedReference,
        formalisms: &Formalisms,
        monitoring: Monitoring,
    ) -> Watch {
        let mut watching = Watching {
            constraints: Vec::new(),
            ends: HashMap::new(),
            connections: BTreeMap::new(),
            domains: HashMap::new(),
            monitoring,
            cut: Vec::new(),
            told: Vec::new(),
        };
        watching.part(reference.types(), formalisms, reference.root(), "");
        Watch(RefCell::new(watching))
    }
}

impl Watching {
    fn part(&mut self, types: &Types, formalisms: &Formalisms, part: &Part, label: &str) {
        if let PartKind::Composite { components, .. } = &part.kind {
            for (name, component) in components {
                let label = match label {
                    "" => name.clone(),
                    label => format!("{label}/{name}"),
                };
                self.part(types, formalisms, component, &label);
            }
            return;
        }
        let Object::Endpoints(body) = types.object(part.derived) else {
            return;
        };
        for (name, endpoint) in &body.endpoints {
            let Endpoint::Events {
                provides, requires, ..
            } = types.endpoint(endpoint.ty)
            else {
                continue;
            };
            for (side, constraints) in [(Side::Provides, provides), (Side::Requires, requires)] {
                for constraint in constraints {
                    let structure = endpoint_structure(types, endpoint.ty, side, "");
                    let structure = Structure::Endpoint(structure);
                    let ends = vec![format!("{label}.{name}")];
                    self.constraint(formalisms, (constraint, side), &structure, label, ends);
                }
            }
        }
        for (side, constraints) in [
            (Side::Provides, &body.provides),
            (Side::Requires, &body.requires),
        ] {
            for constraint in constraints {
                let structure = object_structure(types, body, side, &constraint.renamed);
                let Structure::Object(endpoints) = &structure else {
                    continue;
                };
                let ends = endpoints.values().map(|it| format!("{label}.{}", it.name));
                let ends = ends.collect();
                self.constraint(formalisms, (constraint, side), &structure, label, ends);
            }
        }
    }

    /// Watches a constraint at these ends, if its formalism knows how to, from here.
    fn constraint(
        &mut self,
        formalisms: &Formalisms,
        (constraint, side): (&Constraint, Side),
        structure: &Structure,
        label: &str,
        ends: Vec<String>,
    ) {
        let monitor = || {
            let formalism = formalisms.get(&constraint.formalism)?;
            let mut formula = formalism.parse(&constraint.text, structure).ok()?;
            if constraint.dual {
                formula = formalism.dual(&formula)?;
            }
            formalism.monitor(&formula, structure)
        };
        // What is given only under an assumption may be broken where that does not hold.
        let monitor = match constraint.given {
            Some(_) => None,
            None => monitor().filter(|monitor| !monitor.needs_everything()),
        };
        let Some(monitor) = monitor else {
            return;
        };
        let endpoints = match structure {
            Structure::Endpoint(endpoint) => vec![endpoint.clone()],
            Structure::Object(endpoints) => endpoints.values().cloned().collect(),
            Structure::Undeclared => return,
        };
        let subject = match (structure, &*ends) {
            (Structure::Endpoint(_), [end]) => end.clone(),
            _ => label.to_owned(),
        };
        let number = self.constraints.len();
        for (endpoint, end) in ends.into_iter().enumerate() {
            self.ends.entry(end).or_default().push(Watcher {
                constraint: number,
                endpoint,
            });
        }
        self.constraints.push(Watched {
            formalism: constraint.formalism.to_string(),
            text: constraint.text.to_string(),
            place: constraint.place.clone(),
            subject,
            side,
            endpoints,
            proxy: number as u64,
            monitor: Some(monitor),
            recent: VecDeque::new(),
        });
    }

    /// An event is emitted, or handled by its receiver.
    fn event(
        &mut self,
        connection: u64,
        link: &TracedLink,
        event: usize,
        payload: Option<&(&Types, Data)>,
        emission: bool,
    ) {
        let Some((name, ty)) = link.events.get(event) else {
            return;
        };
        let payload = payload.map(|(types, data)| (*types, *ty, data));
        // Who provides a constraint emits the event, or handles it: at one end it is given by the
        // type of the end, at the other it is required by it.
        let [(own, other), (far, near)] = match emission {
            true => [(&link.from, &link.to), (&link.to, &link.from)],
            false => [(&link.to, &link.from), (&link.from, &link.to)],
        };
        let what = Telling::Event {
            name,
            emitted: emission,
            payload,
        };
        for (own, other, side) in [(own, other, Side::Provides), (far, near, Side::Requires)] {
            self.tell(&Told {
                connection,
                own,
                other,
                side,
                what,
            });
        }
    }

    /// An end hears that its connection begins or ends.
    fn life(&mut self, connection: u64, end: &str, other: &str, what: Telling<'_>) {
        for (own, other, side) in [(end, other, Side::Provides), (other, end, Side::Requires)] {
            self.tell(&Told {
                connection,
                own,
                other,
                side,
                what,
            });
        }
    }

    fn tell(&mut self, told: &Told<'_>) {
        for watcher in self.ends.get(told.own).cloned().unwrap_or_default() {
            if self.constraints[watcher.constraint].side == told.side {
                self.watch(watcher, told);
            }
        }
    }

    fn watch(&mut self, watcher: Watcher, told: &Told<'_>) {
        let watched = &mut self.constraints[watcher.constraint];
        let Some(monitor) = &mut watched.monitor else {
            return;
        };
        let structure = &watched.endpoints[watcher.endpoint];
        let mut arguments = Vec::new();
        let event = match told.what {
            Telling::Connect => Occurred::Connect,
            Telling::Disconnect => Occurred::Disconnect,
            Telling::Event {
                name,
                emitted,
                payload,
            } => {
                let events = match emitted {
                    true => &structure.emitted,
                    false => &structure.received,
                };
                // A subtype's events that the type does not have do not concern it.
                let Some(position) = events.keys().position(|event| event == name) else {
                    return;
                };
                if monitor.compares_values() {
                    for parameter in &events[name] {
                        let value = payload.and_then(|payload| {
                            value(
                                payload,
                                &parameter.name,
                                &parameter.domain.key,
                                &mut self.domains,
                            )
                        });
                        let Some(value) = value else {
                            // Another type, or none that can be read: nothing is certain any more.
                            watched.monitor = None;
                            return;
                        };
                        arguments.push(value);
                    }
                }
                match emitted {
                    true => Occurred::Emitted(position),
                    false => Occurred::Handled(position),
                }
            }
        };
        let outcome = monitor.observe(&Happening {
            endpoint: watcher.endpoint,
            instance: told.connection,
            proxy: watched.proxy,
            event,
            arguments: &arguments,
        });
        let connection = told.connection;
        let (what, from, to) = match told.what {
            Telling::Connect => ("connect", told.own, told.other),
            Telling::Disconnect => ("disconnect", told.own, told.other),
            Telling::Event { name, emitted, .. } => {
                match emitted == (told.side == Side::Provides) {
                    true => (name, told.own, told.other),
                    false => (name, told.other, told.own),
                }
            }
        };
        if watched.recent.len() == RECENT {
            watched.recent.pop_front();
        }
        watched.recent.push_back(match told.what {
            Telling::Event { .. } => {
                format!("`{what}` from `{from}` to `{to}`, connection {connection}")
            }
            _ => format!("{what} of `{from}` and `{to}`, connection {connection}"),
        });
        if let Outcome::Violated { by } = outcome {
            let key = (watched.formalism.clone(), watched.text.clone());
            if self.told.contains(&key) {
                return;
            }
            self.told.push(key);
            let (provider, peer) = match told.side {
                Side::Provides => (told.own, told.other),
                Side::Requires => (told.other, told.own),
            };
            let by = match by {
                Culprit::Provider => Some(provider),
                Culprit::Peer => Some(peer),
                Culprit::Untold => None,
            };
            let violation = Violation {
                formalism: watched.formalism.clone(),
                text: watched.text.clone(),
                place: watched.place.clone(),
                subject: watched.subject.clone(),
                provided: watched.side == Side::Provides,
                by: by.map(object_of),
                connection,
                recent: watched.recent.iter().cloned().collect(),
            };
            let found = &self.monitoring.found;
            let mut found = found
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner);
            found(&violation);
            if self.monitoring.enforce && !self.cut.contains(&connection) {
                self.cut.push(connection);
            }
        }
    }
}

/// The object of an end.
fn object_of(end: &str) -> String {
    match end.rsplit_once('.') {
        Some((object, _)) => object.to_owned(),
        None => end.to_owned(),
    }
}

/// A parameter's value in its wire form, if it is of the type that is expected.
fn value(
    (types, ty, data): (&Types, ValueId, &Data),
    name: &str,
    key: &str,
    domains: &mut HashMap<ValueId, String>,
) -> Option<Vec<u8>> {
    let (Value::Record { fields, .. }, Data::Record(values)) = (types.value(ty), data) else {
        return None;
    };
    let field = *fields.get(name)?;
    let domain = domains
        .entry(field)
        .or_insert_with(|| types.domain(field).key);
    match domain == key {
        true => types.encode(field, values.get(name)?),
        false => None,
    }
}

impl Tracer for Watch {
    fn trace(&self, entry: &Entry<'_>) {
        let watching = &mut *self.0.borrow_mut();
        watching.told.clear();
        match &entry.what {
            What::Waits {
                connection,
                link,
                event,
                payload,
            } => watching.event(*connection, link, *event, payload.as_ref(), true),
            What::Event {
                connection,
                link,
                event,
                payload,
                waited,
                ..
            } => {
                if !waited {
                    watching.event(*connection, link, *event, payload.as_ref(), true);
                }
                watching.event(*connection, link, *event, payload.as_ref(), false);
            }
            What::Connected {
                connection,
                endpoint,
                peer,
                ..
            } => {
                let peer = peer.clone().unwrap_or_default();
                watching.life(*connection, endpoint, &peer, Telling::Connect);
                let ends = (endpoint.clone(), peer, false);
                watching.connections.entry(*connection).or_insert(ends);
            }
            What::Disconnected {
                connection,
                endpoint,
                ..
            } => {
                let Some(ends) = watching.connections.get_mut(connection) else {
                    return;
                };
                let (left, right, over) = ends.clone();
                ends.2 = true;
                if over {
                    watching.connections.remove(connection);
                }
                let other = if left == *endpoint { right } else { left };
                watching.life(*connection, endpoint, &other, Telling::Disconnect);
            }
            What::Created
            | What::Destroyed
            | What::Wake { .. }
            | What::Request { .. }
            | What::Said { .. } => {}
        }
    }

    fn cut(&self) -> Vec<u64> {
        std::mem::take(&mut self.0.borrow_mut().cut)
    }
}
