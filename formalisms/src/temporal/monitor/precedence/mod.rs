//! Sentences that are broken by what happened first.
//!
//! `no_creation`, `at_most_once`, `fifo`, `causal_order` and `total_order` say of each combination of
//! connections and messages only what must not happen before what. The general way
//! ([`super::quantified`]) follows each combination by itself, of which there are as many as pairs of
//! messages. Here is remembered instead when each message was first sent or received, and where.
//!
//! 1. A sentence is broken for a combination when all literals of a clause have come true
//!    ([`clause`]). Sentences with more than one clause are left to the general way. One without any
//!    is never broken.
//! 2. An event breaks it if it is the last of the occurrences that the clause needs. Which others have
//!    to be looked up is known beforehand ([`plan`]): those of the same message elsewhere, and of all other
//!    messages the last one, or the first one of which something is missing.
//! 3. The table ([`table`]) has the first occurrences of each message, and of each pair of places which of
//!    the others are the ones to look at.
//!
//! What is answered is what the general way answers; a test compares the two. An event takes time in
//! proportion to the connections where its message occurred; memory is in proportion to the first
//! occurrences of messages, and to the pairs of connections that have a message in common.

mod clause;
mod plan;
mod table;

use liveobj_types::formalism::EndpointStructure;
use liveobj_types::monitor::{Happening, Monitor, Occurred, Outcome};

use super::super::formula::{Atom, Place, Sentence, Sort};
use super::quantified::Quantified;
use super::{occurred, parameter};
use clause::breaking;
pub(super) use clause::is_safety;
use plan::{Kind, Plan, Use, plan};
use table::{ByNumber, MAX_KINDS, MAX_PLACES, Occurrence, Table};

/// How many happenings and pairs of places are remembered before the sentence is given up.
const MAX_REMEMBERED: usize = 4_000_000;
/// Types with no more values than this are left to the general way, which can tell that all of them were
/// met.
const FEW_VALUES: u64 = 64;

/// Where something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    Connection,
    Proxy,
    Anywhere,
}

/// A kind of occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    event: (usize, Occurred),
    place: Where,
    of_message: bool,
}

/// What an event is.
#[derive(Debug)]
struct Concern {
    event: (usize, Occurred),
    /// The parameter whose value is the message, and its sort.
    value: Option<(usize, usize)>,
    kinds: Vec<(Kind, Where)>,
}

/// A sentence that is watched.
pub(super) struct Precedence {
    plan: Plan,
    concerns: Vec<Concern>,
    sorts: usize,
    /// Whether connections have nothing to do with each other.
    local: bool,
    connections: ByNumber<u64, u32>,
    proxies: ByNumber<u64, u32>,
    /// What happens at each connection, by its number, where they have nothing to do with each other;
    /// otherwise one for all.
    tables: Vec<Table>,
    /// Numbers of connections that are free again, where each has a table.
    free: Vec<u32>,
    /// How many happenings and pairs of places are remembered.
    size: usize,
    lost: bool,
    safety: bool,
    broken_by: Vec<u64>,
    /// For where the order is not known.
    general: Box<Quantified>,
}

impl Precedence {
    /// A monitor that answers what `general` does.
    ///
    /// # Errors
    ///
    /// The sentence is not of this kind: `general` as it was.
    pub(super) fn new(
        sentence: &Sentence,
        endpoints: &[&EndpointStructure],
        mut general: Box<Quantified>,
    ) -> Result<Precedence, Box<Quantified>> {
        let compiled = match general.is_never_satisfied() {
            true => compile(sentence, endpoints),
            false => None,
        };
        match compiled {
            Some((plan, concerns, sorts)) => Ok(Precedence {
                tables: vec![Table::new(sorts, &plan)],
                plan,
                concerns,
                sorts,
                local: general.is_local(),
                connections: ByNumber::default(),
                proxies: ByNumber::default(),
                free: Vec::new(),
                size: 0,
                lost: false,
                safety: is_safety(&sentence.body),
                broken_by: Vec::new(),
                general,
            }),
            None => Err(general),
        }
    }
}

/// How a sentence is watched, what its events are, and how many sorts of messages it speaks of.
fn compile(
    sentence: &Sentence,
    endpoints: &[&EndpointStructure],
) -> Option<(Plan, Vec<Concern>, usize)> {
    let mut sorts: Vec<&Sort> = Vec::new();
    for binding in &sentence.prefix {
        if let Sort::Message(domain) = &binding.sort {
            if domain.size.is_some_and(|size| size <= FEW_VALUES) {
                return None;
            }
            if !sorts.contains(&&binding.sort) {
                sorts.push(&binding.sort);
            }
        }
    }
    let clauses = breaking(&sentence.body)?;
    let mut shapes: Vec<Shape> = Vec::new();
    let mut concerns: Vec<Concern> = Vec::new();
    let mut sound = true;
    let mut resolve = |atom: &Atom| {
        let endpoint = endpoints.iter().position(|it| it.name == atom.endpoint);
        let event = endpoint.and_then(|at| Some((at, occurred(&atom.event, endpoints[at])?)));
        let event = event.expect("because the general way has seen to it");
        let (place, variable) = match atom.place {
            Place::Instance(variable) => (Where::Connection, Some(variable)),
            Place::Proxy(variable) => (Where::Proxy, Some(variable)),
            Place::Somewhere => (Where::Anywhere, None),
        };
        let shape = Shape {
            event,
            place,
            of_message: !atom.arguments.is_empty(),
        };
        let known = shapes.iter().position(|it| *it == shape);
        let kind = known.unwrap_or_else(|| {
            shapes.push(shape);
            shapes.len() - 1
        });
        let kind = Kind::try_from(kind).expect("because formulas are not so large");
        let at = concerns.iter().position(|it| it.event == event);
        let at = at.unwrap_or_else(|| {
            concerns.push(Concern {
                event,
                value: None,
                kinds: Vec::new(),
            });
            concerns.len() - 1
        });
        let concern = &mut concerns[at];
        if !concern.kinds.contains(&(kind, place)) {
            concern.kinds.push((kind, place));
        }
        for argument in &atom.arguments {
            let position = parameter(endpoints[event.0], event.1, &argument.parameter);
            let sort = &sentence.prefix[argument.variable].sort;
            let sort = sorts.iter().position(|it| *it == sort);
            let value = position.zip(sort);
            // Each event has to have one message.
            sound &= value.is_some() && atom.arguments.len() == 1;
            sound &= concern.value.is_none() || concern.value == value;
            concern.value = value;
        }
        sound &= variable.is_some() || !atom.arguments.is_empty();
        Use {
            kind,
            place: variable,
            message: atom.arguments.first().map(|it| it.variable),
        }
    };
    let mut plan = match &*clauses {
        [] => Plan::default(),
        [clause] => plan(clause, sentence.prefix.len(), &mut resolve)?,
        _ => return None,
    };
    if !sound || shapes.len() > MAX_KINDS {
        return None;
    }
    for (kind, shape) in shapes.iter().enumerate() {
        plan.of_messages |= u64::from(shape.of_message) << kind;
    }
    Some((plan, concerns, sorts.len()))
}

/// The number of a connection or proxy.
fn number(known: &mut ByNumber<u64, u32>, free: &mut Vec<u32>, name: u64) -> u32 {
    if let Some(number) = known.get(&name) {
        return *number;
    }
    let next = u32::try_from(known.len()).expect("because there are not so many");
    let number = free.pop().unwrap_or(next);
    known.insert(name, number);
    number
}

impl Precedence {
    /// Nothing more happens at a connection.
    fn forget(&mut self, instance: u64) {
        if let Some(number) = self.connections.remove(&instance) {
            let table = &mut self.tables[number as usize];
            self.size -= table.size();
            *table = Table::new(self.sorts, &self.plan);
            self.free.push(number);
        }
    }

    /// Gives back all memory.
    fn give_up(&mut self) {
        self.lost = true;
        self.tables = Vec::new();
        self.connections = ByNumber::default();
        self.proxies = ByNumber::default();
    }

    /// Takes what happens; whether it breaks the sentence.
    fn take(&mut self, concern: usize, happening: &Happening<'_>) -> bool {
        let concern = &self.concerns[concern];
        let instance = happening.instance;
        let own = match self.local {
            true => number(&mut self.connections, &mut self.free, instance) as usize,
            false => 0,
        };
        if own == self.tables.len() {
            self.tables.push(Table::new(self.sorts, &self.plan));
        }
        let table = &mut self.tables[own];
        // A value that is not told is one that was never met.
        let value = concern.value.and_then(|(position, sort)| {
            let value = happening.arguments.get(position)?;
            Some(table.message(sort, value))
        });
        let mut kinds = [(0, 0); MAX_KINDS];
        let mut count = 0;
        for (kind, place) in &concern.kinds {
            if value.is_none() && self.plan.of_messages >> kind & 1 == 1 {
                continue;
            }
            let place = match place {
                Where::Connection if self.local => 0,
                Where::Connection => number(&mut self.connections, &mut self.free, instance),
                Where::Proxy => number(&mut self.proxies, &mut Vec::new(), happening.proxy),
                Where::Anywhere => 0,
            };
            kinds[count] = (*kind, place);
            count += 1;
        }
        let before = table.size();
        let broken = table.take(
            &self.plan,
            &Occurrence {
                number: happening.number,
                message: value.unwrap_or(0),
                kinds: &kinds[..count],
            },
        );
        self.size += table.size() - before;
        let places = self.connections.len().max(self.proxies.len());
        if self.size > MAX_REMEMBERED || places >= MAX_PLACES {
            self.give_up();
        }
        match broken {
            Some(trail) => {
                self.broken_by = trail;
                true
            }
            None => false,
        }
    }
}

impl Monitor for Precedence {
    fn observe(&mut self, happening: &Happening<'_>) -> Outcome {
        if self.lost {
            return Outcome::Open;
        }
        let concern = |event| {
            let event = (happening.endpoint, event);
            self.concerns.iter().position(|it| it.event == event)
        };
        if happening.event == Occurred::Gone {
            if self.local {
                self.forget(happening.instance);
            } else if concern(Occurred::Disconnect).is_some() {
                self.give_up();
            }
            return Outcome::Open;
        }
        let concern = concern(happening.event);
        let broken = concern.is_some_and(|concern| self.take(concern, happening));
        if self.local && happening.event == Occurred::Disconnect {
            self.forget(happening.instance);
        }
        match broken {
            true => Outcome::violated(happening.event),
            false => Outcome::Open,
        }
    }

    fn compares_values(&self) -> bool {
        self.concerns.iter().any(|it| it.value.is_some())
    }

    fn needs_everything(&self) -> bool {
        self.general.needs_everything()
    }

    fn watches(&self) -> bool {
        !self.lost
    }

    fn is_safety(&self) -> bool {
        self.safety
    }

    fn trail(&self) -> &[u64] {
        &self.broken_by
    }

    fn relates_connections(&self) -> bool {
        self.general.relates_connections()
    }

    fn of_several_nodes(mut self: Box<Self>) -> Result<Box<dyn Monitor>, String> {
        match self.general.any_order() {
            true => Ok(self),
            false => self.general.of_several_nodes(),
        }
    }
}
