//! One event through a compiled monitor, against a call through `&mut dyn Trait` of the same
//! shape, in one run. The aim: 20 ns for one connection of a session or of a temporal constraint
//! without messages.
//!
//! What compares messages has to find what it remembers of one: its baseline is a look-up of the
//! message in a `HashMap`.

use std::collections::{BTreeMap, HashMap};

use divan::{Bencher, black_box, counter::ItemsCount};
use liveobj_formalisms::temporal::formula::{
    Argument, Atom, Binary, Binding, Event, Node, Place, Quantifier, Sentence, Sort, Unary,
};
use liveobj_formalisms::{Cardinality, Session, temporal};
use liveobj_types::Monitor;
use liveobj_types::formalism::{Domain, EndpointStructure, Formalism, Parameter, Structure};
use liveobj_types::monitor::{Happening, Occurred, Outcome};

fn main() {
    divan::main();
}

const EVENTS: u64 = 10_000;

/// Receives `get(name)`, emits `item(value)`.
fn structure() -> Structure {
    let parameter = |name: &str| {
        vec![Parameter {
            name: name.to_owned(),
            domain: Domain::default(),
        }]
    };
    Structure::Endpoint(EndpointStructure {
        name: String::new(),
        received: BTreeMap::from([("get".to_owned(), parameter("name"))]),
        emitted: BTreeMap::from([("item".to_owned(), parameter("value"))]),
    })
}

/// Counts, and looks at nothing.
struct Nothing(u64);

impl Monitor for Nothing {
    #[inline(never)]
    fn observe(&mut self, happening: &Happening<'_>) -> Outcome {
        self.0 += happening.instance;
        Outcome::Open
    }
}

/// Requests and answers in turn, at so many connections, one after the other.
fn events(bencher: Bencher<'_, '_>, mut monitor: Box<dyn Monitor>, connections: u64, value: u64) {
    let arguments: Vec<_> = (0..value.max(1))
        .map(|value| [value.to_be_bytes().to_vec()])
        .collect();
    let mut number = 0;
    bencher
        .counter(ItemsCount::new(EVENTS))
        .bench_local(move || {
            for round in 0..EVENTS / 2 {
                let instance = round % connections;
                let arguments = &arguments[(round % value.max(1)) as usize];
                for event in [Occurred::Handled(0), Occurred::Emitted(0)] {
                    number += 1;
                    let outcome = monitor.observe(black_box(&Happening {
                        number,
                        endpoint: 0,
                        instance,
                        proxy: 0,
                        node: 0,
                        after: &[],
                        event,
                        arguments,
                    }));
                    assert_eq!(outcome, Outcome::Open);
                }
            }
        });
}

#[divan::bench]
fn baseline_dyn_call(bencher: Bencher<'_, '_>) {
    events(bencher, Box::new(Nothing(0)), 1, 0);
}

#[divan::bench(args = [1, 64])]
fn session(bencher: Bencher<'_, '_>, connections: u64) {
    let formula = Session::Synchronous.parse("rec X . ?get; !item; X", &structure());
    let monitor = Session::Synchronous.monitor(&formula.unwrap(), &structure());
    events(bencher, monitor.unwrap(), connections, 0);
}

#[divan::bench]
fn async_session(bencher: Bencher<'_, '_>) {
    let formula = Session::Asynchronous.parse("rec X . ?get; !item; X", &structure());
    let monitor = Session::Asynchronous.monitor(&formula.unwrap(), &structure());
    events(bencher, monitor.unwrap(), 1, 0);
}

#[divan::bench]
fn cardinality(bencher: Bencher<'_, '_>) {
    let formula = Cardinality.parse("at most 3 instances connected", &structure());
    let monitor = Cardinality.monitor(&formula.unwrap(), &structure());
    events(bencher, monitor.unwrap(), 1, 0);
}

/// `G (item -> O get)` at each connection, of the same message or of any.
fn answered(message: bool) -> Sentence {
    let atom = |name: &str, parameter: &str, emitted| {
        let argument = message.then(|| Argument {
            parameter: parameter.to_owned(),
            variable: 1,
        });
        let name = name.to_owned();
        Node::Event(Atom {
            endpoint: String::new(),
            event: Event::Named { name, emitted },
            place: Place::Instance(0),
            arguments: argument.into_iter().collect(),
        })
    };
    let asked = Node::unary(Unary::Once, atom("get", "name", false));
    let implied = Node::binary(Binary::Implies, atom("item", "value", true), asked);
    let binding = |name: &str, sort| Binding {
        quantifier: Quantifier::ForAll,
        name: name.to_owned(),
        sort,
    };
    let instance = binding("", Sort::Instance(String::new()));
    let values = binding("m", Sort::Message(Domain::default()));
    Sentence {
        prefix: [instance]
            .into_iter()
            .chain(message.then_some(values))
            .collect(),
        body: Node::unary(Unary::Globally, implied),
    }
}

#[divan::bench(args = [1, 64])]
fn temporal_of_one_connection(bencher: Bencher<'_, '_>, connections: u64) {
    let monitor = temporal::monitor::monitor(&answered(false), &structure());
    events(bencher, monitor.unwrap(), connections, 0);
}

/// Of so many different messages.
#[divan::bench(args = [1, 100])]
fn temporal_of_messages(bencher: Bencher<'_, '_>, messages: u64) {
    let monitor = temporal::monitor::monitor(&answered(true), &structure());
    events(bencher, monitor.unwrap(), 1, messages);
}

/// The names of definitions that compare messages.
const DEFINITIONS: [&str; 5] = [
    "at_most_once",
    "no_creation",
    "fifo",
    "total_order",
    "causal_order",
];
/// How many connections receive each message.
const CONNECTIONS: u64 = 10;
const MESSAGES: u64 = 10_000;

/// Receives `send(message)`, emits `receive(message)`.
fn channel() -> Structure {
    let message = || {
        vec![Parameter {
            name: "message".to_owned(),
            domain: Domain::default(),
        }]
    };
    Structure::Endpoint(EndpointStructure {
        name: String::new(),
        received: BTreeMap::from([("send".to_owned(), message())]),
        emitted: BTreeMap::from([("receive".to_owned(), message())]),
    })
}

/// Each message is sent by one connection and received by all.
fn broadcast(mut monitor: Box<dyn Monitor>) -> u64 {
    let mut number = 0;
    for message in 0..MESSAGES {
        let arguments = [message.to_be_bytes().to_vec()];
        let sent = [(message % CONNECTIONS, Occurred::Handled(0))];
        let received = (0..CONNECTIONS).map(|at| (at, Occurred::Emitted(0)));
        for (instance, event) in sent.into_iter().chain(received) {
            number += 1;
            let outcome = monitor.observe(black_box(&Happening {
                number,
                endpoint: 0,
                instance,
                proxy: instance,
                node: 0,
                after: &[],
                event,
                arguments: &arguments,
            }));
            assert_eq!(outcome, Outcome::Open);
        }
    }
    number
}

/// Counts what it was told of, by message.
struct Found(HashMap<Vec<u8>, u64>);

impl Monitor for Found {
    fn observe(&mut self, happening: &Happening<'_>) -> Outcome {
        match self.0.get_mut(&happening.arguments[0]) {
            Some(count) => *count += 1,
            None => _ = self.0.insert(happening.arguments[0].clone(), 1),
        }
        Outcome::Open
    }
}

#[divan::bench]
fn baseline_hash_map(bencher: Bencher<'_, '_>) {
    bencher
        .counter(ItemsCount::new(MESSAGES * (CONNECTIONS + 1)))
        .with_inputs(|| Box::new(Found(HashMap::new())))
        .bench_values(|monitor| broadcast(monitor));
}

#[divan::bench(args = DEFINITIONS)]
fn temporal_of_a_broadcast(bencher: Bencher<'_, '_>, definition: &str) {
    let temporal = temporal::Temporal::new();
    let formula = temporal.parse(definition, &channel()).unwrap();
    bencher
        .counter(ItemsCount::new(MESSAGES * (CONNECTIONS + 1)))
        .with_inputs(|| temporal.monitor(&formula, &channel()).unwrap())
        .bench_values(broadcast);
}
