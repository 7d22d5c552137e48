//! Constraints of objects, each with its monitor: what is common to objects that run and to
//! histories that were recorded.
//!
//! What an object's types provide is watched from its own side; what they require, from the side of
//! whoever is connected. An event is told to a constraint when its provider emits it, or when its
//! provider handles it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, VecDeque};

use liveobj_types::formalism::{EndpointStructure, Structure};
use liveobj_types::monitor::{Culprit, Happening, Monitor, Occurred, Outcome, given};
use liveobj_types::relation::{Side, endpoint_structure, object_structure};
use liveobj_types::types::{Constraint, Endpoint, ObjectBody};
use liveobj_types::{EndpointId, Formalisms, Place, Types};

/// How many of the last happenings are remembered, at all connections.
const REMEMBERED: usize = 256;
/// How many of them a violation tells.
const TOLD: usize = 16;
/// Why a constraint that speaks of everything is not watched where an object runs.
const NEEDS_EVERYTHING: &str = "one node cannot judge what it says of all of them";
/// Why requirements that need to know everything are not watched where not everything is told.
const SHARED: &str =
    "others are connected to the same endpoint, and what passes there counts as well";
/// Why requirements about several connections are not watched where these are of several objects.
const SEVERAL_PROVIDERS: &str =
    "several objects are connected, and it is required of each by itself";
/// Why a monitor has given up.
const TOO_LARGE: &str = "it needed more memory than a monitor may have";
/// Why a promise under an assumption is not watched where an object runs.
const NEEDS_ASSUMPTION: &str =
    "one node cannot judge whether its assumption is kept on all of them";

/// How much the monitors are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// What happens at one node.
    Node,
    /// All that happens, in order.
    Everything,
    /// All that happens, of each node in order.
    Nodes,
}

/// What an object's types say.
pub(super) struct Promises<'a> {
    pub(super) types: &'a Types,
    /// Its type; none where only its endpoints have one.
    pub(super) body: Option<&'a ObjectBody>,
    /// All of its endpoints, by number, with the private ones.
    pub(super) endpoints: Vec<(&'a str, EndpointId)>,
    /// Which of it is meant.
    pub(super) sides: &'a [Side],
}

/// A constraint, as people know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) formalism: String,
    pub(super) text: String,
    pub(super) place: Option<Place>,
    /// The endpoint or object whose type has it, by its path.
    pub(super) subject: String,
    /// The endpoint whose type has it; empty for the object's own.
    pub(super) of: String,
    /// Whether that type provides it.
    pub(super) provided: bool,
    /// Whether it can be followed: both sides are watched then, and see the same fault.
    pub(super) followed: bool,
}

/// A constraint with its monitor.
pub(super) struct Watched<N> {
    pub(super) named: Named,
    side: Side,
    endpoints: Vec<EndpointStructure>,
    /// Why it is not watched, where it is not.
    pub(super) monitor: Result<Box<dyn Monitor>, String>,
    /// Whether it has to be told of all nodes.
    pub(super) needs_everything: bool,
    /// Who provided it so far.
    provider: Option<(u32, u64, u64)>,
    /// How many happenings it was told of.
    pub(super) told: u64,
    /// The last of them, with their numbers and connections.
    recent: VecDeque<(u64, u64, N)>,
}

/// One end of a constraint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Watcher {
    constraint: usize,
    /// Position among the constraint's endpoints.
    endpoint: usize,
}

/// The constraints of one object, by the numbers of its endpoints.
#[derive(Clone, Debug, Default)]
pub(super) struct Group {
    ends: Vec<Vec<Watcher>>,
    /// Their numbers, in order.
    pub(super) constraints: Vec<usize>,
}

/// Something that happens at one end.
pub(super) struct Told<'a, N> {
    /// Its number among all.
    pub(super) number: u64,
    pub(super) connection: u64,
    /// The object whose constraints are meant, and the number of its endpoint.
    pub(super) proxy: u64,
    pub(super) endpoint: u32,
    /// Whether that object provides what is meant, or requires it of the other side.
    pub(super) side: Side,
    /// Whoever provides it: the same for the same object.
    pub(super) provider: (u32, u64, u64),
    /// Whether others than who requires it are connected there too.
    pub(super) shared: bool,
    pub(super) what: Telling<'a>,
    /// The node, and what is known to have come before at others: see [`Happening`].
    pub(super) node: u32,
    pub(super) after: &'a [u64],
    /// How it is remembered.
    pub(super) note: N,
}

#[derive(Clone, Copy)]
pub(super) enum Telling<'a> {
    Connect,
    Disconnect,
    /// Nothing more happens, and nobody knows whether it has ended.
    Gone,
    /// An event that the provider of the constraint emits or handles.
    Event {
        name: &'a str,
        emitted: bool,
        values: &'a Values<'a>,
    },
}

/// The values of an event's parameters, read when the first monitor asks for them.
pub(super) struct Values<'a> {
    read: &'a dyn Fn() -> BTreeMap<String, Valued>,
    known: OnceCell<BTreeMap<String, Valued>>,
}

/// A value.
pub(super) struct Valued {
    /// The key of its type's domain.
    pub(super) domain: String,
    /// Bytes that are equal exactly where values are.
    pub(super) bytes: Vec<u8>,
}

impl<'a> Values<'a> {
    pub(super) fn new(read: &'a dyn Fn() -> BTreeMap<String, Valued>) -> Values<'a> {
        let known = OnceCell::new();
        Values { read, known }
    }

    fn get(&self, name: &str, domain: &str) -> Option<&Vec<u8>> {
        let values = self.known.get_or_init(self.read);
        let value = values.get(name)?;
        (value.domain == domain).then_some(&value.bytes)
    }
}

/// A constraint that was broken.
pub(super) struct Broken<'a, N> {
    /// Its number.
    pub(super) constraint: usize,
    pub(super) named: &'a Named,
    pub(super) by: Culprit,
    /// What led to it, the latest last, as far as it is remembered.
    pub(super) trail: Vec<Remembered<'a, N>>,
}

/// Something that led to a violation.
#[derive(Clone, Copy)]
pub(super) enum Remembered<'a, N> {
    /// It is at hand.
    Note(&'a N),
    /// Only its number is.
    Number(u64),
}

/// Constraints of any number of objects.
pub(super) struct Watching<N> {
    scope: Scope,
    constraints: Vec<Option<Watched<N>>>,
    /// Numbers that are free again.
    free: Vec<usize>,
}

impl<N> Watching<N> {
    pub(super) fn new(scope: Scope) -> Watching<N> {
        Watching {
            scope,
            constraints: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Watches an object, which people call `label`.
    pub(super) fn add(
        &mut self,
        formalisms: &Formalisms,
        promises: &Promises<'_>,
        label: &str,
    ) -> Group {
        let types = promises.types;
        let mut group = Group {
            ends: vec![Vec::new(); promises.endpoints.len()],
            constraints: Vec::new(),
        };
        for (number, (name, ty)) in promises.endpoints.iter().enumerate() {
            let Endpoint::Events {
                provides, requires, ..
            } = types.endpoint(*ty)
            else {
                continue;
            };
            for (side, constraints) in [(Side::Provides, provides), (Side::Requires, requires)] {
                if !promises.sides.contains(&side) {
                    continue;
                }
                let structure =
                    |side| Structure::Endpoint(endpoint_structure(types, *ty, side, ""));
                for constraint in constraints {
                    let subject = (format!("{label}.{name}"), *name);
                    let watched = self.watched(formalisms, (constraint, side), &structure, subject);
                    self.put(&mut group, watched, &[Some(number)]);
                }
            }
        }
        let Some(body) = promises.body else {
            return group;
        };
        for (side, constraints) in [
            (Side::Provides, &body.provides),
            (Side::Requires, &body.requires),
        ] {
            for constraint in constraints {
                let structure = |side| object_structure(types, body, side, &constraint.renamed);
                let Structure::Object(endpoints) = structure(side) else {
                    continue;
                };
                let number = |name: &str| promises.endpoints.iter().position(|it| it.0 == name);
                let ends: Vec<_> = endpoints.values().map(|it| number(&it.name)).collect();
                let subject = (label.to_owned(), "");
                let watched = self.watched(formalisms, (constraint, side), &structure, subject);
                self.put(&mut group, watched, &ends);
            }
        }
        group
    }

    fn watched(
        &self,
        formalisms: &Formalisms,
        (constraint, side): (&Constraint, Side),
        structure_of: &dyn Fn(Side) -> Structure,
        (subject, of): (String, &str),
    ) -> Watched<N> {
        let structure = structure_of(side);
        let mut followed = false;
        let mut compile = || {
            let formalism = formalisms.get(&constraint.formalism).ok_or_else(|| {
                format!(
                    "formalism `{}` is not at hand; the library that adds it is missing",
                    constraint.formalism
                )
            })?;
            // What is followed was written by the other side, so to speak.
            let written = match (constraint.dual, side) {
                (false, side) => side,
                (true, Side::Provides) => Side::Requires,
                (true, Side::Requires) => Side::Provides,
            };
            let mut monitor_of = |text: &str| {
                let parsed = formalism.parse(text, &structure_of(written));
                let mut formula = parsed.map_err(|error| error.message)?;
                let dual = formalism.dual(&formula);
                followed = dual.is_some();
                if constraint.dual {
                    formula = dual.ok_or("it is followed, and has no dual")?;
                }
                formalism.monitor(&formula, &structure)
            };
            let assumption = constraint.given.as_deref().map(&mut monitor_of);
            let mut monitor = monitor_of(&constraint.text)?;
            let alone = monitor.needs_everything();
            if let Some(assumption) = assumption {
                let assumption =
                    assumption.map_err(|reason| format!("its assumption: {reason}"))?;
                monitor = given(monitor, assumption)?;
            }
            let part = monitor.needs_everything()
                || (monitor.needs_whole_proxies() && side == Side::Requires);
            match self.scope {
                Scope::Node if part && constraint.given.is_some() && !alone => {
                    Err(NEEDS_ASSUMPTION.to_owned())
                }
                Scope::Node if part => Err(NEEDS_EVERYTHING.to_owned()),
                Scope::Node | Scope::Everything => Ok(monitor),
                Scope::Nodes => monitor.of_several_nodes(),
            }
        };
        let monitor = compile();
        Watched {
            named: Named {
                followed,
                formalism: constraint.formalism.to_string(),
                text: constraint.promise(),
                place: constraint.place.clone(),
                subject,
                of: of.to_owned(),
                provided: side == Side::Provides,
            },
            side,
            endpoints: match structure {
                Structure::Endpoint(endpoint) => vec![endpoint],
                Structure::Object(endpoints) => endpoints.into_values().collect(),
                Structure::Undeclared => Vec::new(),
            },
            needs_everything: monitor.as_ref().is_ok_and(|it| it.needs_everything()),
            monitor,
            provider: None,
            told: 0,
            recent: VecDeque::new(),
        }
    }

    /// Puts a constraint in its place: at these endpoints of its object.
    fn put(&mut self, group: &mut Group, watched: Watched<N>, ends: &[Option<usize>]) {
        let number = self.free.pop().unwrap_or(self.constraints.len());
        for (endpoint, end) in ends.iter().enumerate() {
            if let Some(end) = end {
                group.ends[*end].push(Watcher {
                    constraint: number,
                    endpoint,
                });
            }
        }
        group.constraints.push(number);
        match self.constraints.get_mut(number) {
            Some(slot) => *slot = Some(watched),
            None => self.constraints.push(Some(watched)),
        }
    }

    /// Watches an object no more.
    pub(super) fn remove(&mut self, group: &Group) {
        for number in &group.constraints {
            self.constraints[*number] = None;
            self.free.push(*number);
        }
    }

    /// A constraint that is there.
    pub(super) fn get(&self, number: usize) -> Option<&Watched<N>> {
        self.constraints.get(number)?.as_ref()
    }

    /// Watches a constraint no more, for a reason.
    pub(super) fn give_up(&mut self, number: usize, reason: &str) {
        if let Some(Some(watched)) = self.constraints.get_mut(number)
            && watched.monitor.is_ok()
        {
            watched.monitor = Err(reason.to_owned());
            watched.recent = VecDeque::new();
        }
    }

    /// The constraints that an object requires of whoever is connected at one of its endpoints.
    pub(super) fn required<'w>(
        &'w self,
        group: &'w Group,
        endpoint: u32,
    ) -> impl Iterator<Item = (usize, &'w Watched<N>)> + 'w {
        let watchers = group.ends.get(endpoint as usize).into_iter().flatten();
        watchers.filter_map(|watcher| {
            let watched = self.get(watcher.constraint)?;
            (watched.side == Side::Requires).then_some((watcher.constraint, watched))
        })
    }
}

impl<N: Clone> Watching<N> {
    /// All was told, at these nodes not to the end: tells what that decides.
    pub(super) fn conclude(&mut self, cut_off: &[u32], found: &mut dyn FnMut(&Broken<'_, N>)) {
        for (number, watched) in self.constraints.iter_mut().enumerate() {
            let Some(watched) = watched else {
                continue;
            };
            while let Ok(monitor) = &mut watched.monitor {
                let Outcome::Violated { by } = monitor.conclude(cut_off) else {
                    break;
                };
                found(&Broken {
                    constraint: number,
                    named: &watched.named,
                    by,
                    trail: watched.trail(0, by),
                });
            }
            if watched.monitor.as_ref().is_ok_and(|it| !it.watches()) {
                watched.monitor = Err(TOO_LARGE.to_owned());
            }
        }
    }

    /// Tells the constraints of an object's endpoint what happens there.
    pub(super) fn tell(
        &mut self,
        group: &Group,
        told: &Told<'_, N>,
        found: &mut dyn FnMut(&Broken<'_, N>),
    ) {
        for watcher in group.ends.get(told.endpoint as usize).into_iter().flatten() {
            let Some(Some(watched)) = self.constraints.get_mut(watcher.constraint) else {
                continue;
            };
            if watched.side != told.side {
                continue;
            }
            if let Some(by) = watched.watch(watcher.endpoint, told) {
                found(&Broken {
                    constraint: watcher.constraint,
                    named: &watched.named,
                    by,
                    trail: watched.trail(told.connection, by),
                });
            }
        }
    }
}

impl<N: Clone> Watched<N> {
    /// Answers who broke it, if anybody did.
    fn watch(&mut self, endpoint: usize, told: &Told<'_, N>) -> Option<Culprit> {
        let Ok(monitor) = &mut self.monitor else {
            return None;
        };
        // What is required of whoever is connected is required of each by itself.
        let provider = *self.provider.get_or_insert(told.provider);
        if self.side == Side::Requires && provider != told.provider && monitor.relates_connections()
        {
            self.monitor = Err(SEVERAL_PROVIDERS.to_owned());
            self.recent = VecDeque::new();
            return None;
        }
        // It is about all connections of who provides it, and only one's own are told of.
        if self.side == Side::Requires && told.shared && monitor.needs_everything() {
            self.monitor = Err(SHARED.to_owned());
            self.recent = VecDeque::new();
            return None;
        }
        let structure = &self.endpoints[endpoint];
        let mut arguments = Vec::new();
        let event = match told.what {
            Telling::Connect => Occurred::Connect,
            Telling::Disconnect => Occurred::Disconnect,
            Telling::Gone => Occurred::Gone,
            Telling::Event {
                name,
                emitted,
                values,
            } => {
                let events = match emitted {
                    true => &structure.emitted,
                    false => &structure.received,
                };
                // A subtype's events that the type does not have do not concern it.
                let position = events.keys().position(|event| event == name)?;
                if monitor.compares_values() {
                    for parameter in &events[name] {
                        let value = values.get(&parameter.name, &parameter.domain.key);
                        let Some(value) = value else {
                            // Another type, or none that can be read: nothing is certain any more.
                            self.monitor = Err(format!(
                                "the values of `{name}` that it compares are of another type there"
                            ));
                            self.recent = VecDeque::new();
                            return None;
                        };
                        arguments.push(value.clone());
                    }
                }
                match emitted {
                    true => Occurred::Emitted(position),
                    false => Occurred::Handled(position),
                }
            }
        };
        let outcome = monitor.observe(&Happening {
            number: told.number,
            endpoint,
            instance: told.connection,
            proxy: told.proxy,
            node: told.node,
            after: told.after,
            event,
            arguments: &arguments,
        });
        if !monitor.watches() {
            self.monitor = Err(match event {
                Occurred::Gone => {
                    "a node was gone at once, and nobody knows which connections ended".to_owned()
                }
                _ => TOO_LARGE.to_owned(),
            });
            self.recent = VecDeque::new();
            return None;
        }
        if event == Occurred::Gone {
            return None;
        }
        self.told += 1;
        if self.recent.len() == REMEMBERED {
            self.recent.pop_front();
        }
        let note = (told.number, told.connection, told.note.clone());
        self.recent.push_back(note);
        match outcome {
            Outcome::Violated { by } => Some(by),
            Outcome::Open | Outcome::Satisfied => None,
        }
    }

    /// What led to the violation that was just told: what the monitor remembers, or else what
    /// happened last at the connection, or at all of them where it is about their number.
    fn trail(&self, connection: u64, by: Culprit) -> Vec<Remembered<'_, N>> {
        let numbers = self.monitor.as_ref().map_or(&[][..], |it| it.trail());
        if numbers.is_empty() {
            let here = |it: &&(u64, u64, N)| it.1 == connection || by == Culprit::Untold;
            let here: Vec<_> = self.recent.iter().filter(here).collect();
            let last = here[here.len().saturating_sub(TOLD)..].iter();
            return last.map(|(.., note)| Remembered::Note(note)).collect();
        }
        let found = numbers.iter().map(|number| {
            let at = self.recent.binary_search_by_key(number, |it| it.0);
            match at {
                Ok(at) => Remembered::Note(&self.recent[at].2),
                Err(_) => Remembered::Number(*number),
            }
        });
        found.collect()
    }
}
