use std::collections::BTreeMap;

use liveobj_types::formalism::Events;
use proptest::prelude::*;

use super::super::evaluate::{admissible, holds};
use super::super::formula::{
    Argument, Atom, Binary, Binding, Node, Place, Quantifier, Sort, Unary,
};
use super::super::history::{Instance, Occurrence};
use super::super::witness::to_witness;
use super::*;

fn named(name: &str, emitted: bool) -> Event {
    let name = name.to_owned();
    Event::Named { name, emitted }
}

fn atom(event: Event, place: Place) -> Node {
    Node::Event(Atom {
        endpoint: String::new(),
        event,
        place,
        arguments: vec![Argument {
            parameter: "message".to_owned(),
            variable: 1,
        }],
    })
}

/// Quantified over all instances and messages.
fn sentence(body: Node) -> Sentence {
    let binding = |name: &str, sort| Binding {
        quantifier: Quantifier::ForAll,
        name: name.to_owned(),
        sort,
    };
    Sentence {
        prefix: vec![
            binding("i", Sort::Instance(String::new())),
            binding("m", Sort::Message(Domain::default())),
        ],
        body,
    }
}

/// What is received was sent.
fn no_creation() -> Sentence {
    let received = Node::unary(Unary::Not, atom(named("receive", true), Place::Instance(0)));
    let sent = atom(named("send", false), Place::Somewhere);
    sentence(Node::binary(Binary::WeakUntil, received, sent))
}

/// What is sent is received everywhere.
fn reliable() -> Sentence {
    let received = atom(named("receive", true), Place::Instance(0));
    let sent = atom(named("send", false), Place::Somewhere);
    let received = Node::unary(Unary::Finally, received);
    sentence(Node::unary(
        Unary::Globally,
        Node::binary(Binary::Implies, sent, received),
    ))
}

fn happens(event: Event, instance: usize, value: Option<usize>) -> Position {
    let value = value.map(|value| ("message".to_owned(), value));
    Position::Event(Occurrence {
        event,
        instance,
        arguments: value.into_iter().collect(),
    })
}

/// Three instances of which the last one is idle, three messages of which the last is not used.
fn lasso(events: &[(bool, usize, usize)], cycle: usize) -> Lasso {
    let instance = Instance {
        endpoint: String::new(),
        proxy: 0,
    };
    let connect = (0..2).map(|instance| happens(Event::Connect, instance, None));
    let events = events.iter().map(|(emitted, instance, value)| {
        let name = if *emitted { "receive" } else { "send" };
        happens(named(name, *emitted), *instance, Some(*value))
    });
    let mut prefix: Vec<_> = connect.chain(events).collect();
    let cycle = prefix.split_off(prefix.len() - cycle);
    Lasso {
        universe: Universe {
            instances: vec![instance.clone(), instance.clone(), instance],
            proxies: 2,
            messages: BTreeMap::from([(Domain::default(), 3)]),
        },
        prefix,
        cycle,
    }
}

fn refutes(lasso: &Lasso, premises: &[&Sentence], conclusion: &Sentence) -> bool {
    let all: Vec<_> = premises.iter().copied().chain([conclusion]).collect();
    admissible(lasso, &all, &Events::All).is_ok()
        && premises
            .iter()
            .all(|premise| holds(premise, lasso, 100_000) == Some(true))
        && holds(conclusion, lasso, 100_000) == Some(false)
}

fn minimal(lasso: Lasso, premises: &[&Sentence], conclusion: &Sentence, attempts: usize) -> String {
    let all: Vec<_> = premises.iter().copied().chain([conclusion]).collect();
    assert!(refutes(&lasso, premises, conclusion));
    let mut still = |lasso: &Lasso| refutes(lasso, premises, conclusion);
    let lasso = minimize(lasso, &all, attempts, &mut still);
    assert!(refutes(&lasso, premises, conclusion));
    match to_witness(&lasso, &all) {
        Some(liveobj_types::verdict::Witness::History {
            elements,
            prefix,
            cycle,
        }) => format!(
            "{} | {} | {}",
            elements.join(", "),
            prefix.join(", "),
            cycle.join(", ")
        ),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_matters_is_left() {
    let events = [
        (false, 0, 0),
        (true, 1, 0),
        (true, 1, 1),
        (false, 1, 1),
        (true, 0, 0),
    ];
    assert_eq!(
        minimal(lasso(&events, 2), &[], &no_creation(), 1_000),
        "i1: an instance, m1: a value of m | connect at i1, emits receive(m1) at i1 | -"
    );
    // What is sent is not received at the instance that is never connected.
    assert_eq!(
        minimal(lasso(&events, 2), &[], &reliable(), 1_000),
        "i1: an instance, m1: a value of m | connect at i1, handles send(m1) at i1 | -"
    );
}

#[test]
fn premises_are_kept() {
    // All instances receive what is sent, over and over; the first one before it is sent.
    let events = [
        (true, 0, 0),
        (false, 1, 0),
        (true, 1, 0),
        (true, 1, 0),
        (true, 0, 0),
    ];
    let mut lasso = lasso(&events, 4);
    lasso.universe.instances.truncate(2);
    assert_eq!(
        minimal(lasso, &[&reliable()], &no_creation(), 1_000),
        "i1: an instance, m1: a value of m | connect at i1, emits receive(m1) at i1 | -"
    );
}

#[test]
fn the_same_history_begins_its_cycle_early() {
    let recurs = |event| Node::unary(Unary::Globally, Node::unary(Unary::Finally, event));
    let sent = atom(named("send", false), Place::Somewhere);
    let received = atom(named("receive", true), Place::Instance(0));
    // If it is received for ever, it is not sent for ever.
    let conclusion = sentence(Node::unary(
        Unary::Not,
        Node::binary(Binary::And, recurs(received), recurs(sent)),
    ));
    let events = [(true, 0, 0), (false, 0, 0), (true, 0, 0), (false, 0, 0)];
    assert_eq!(
        minimal(lasso(&events, 2), &[], &conclusion, 1_000),
        "i1: an instance, m1: a value of m | connect at i1 | emits receive(m1) at i1, handles send(m1) at i1"
    );
}

#[test]
fn propositions_are_left_out_one_by_one() {
    let set = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned());
        Position::Propositions(names.collect())
    };
    let lasso = Lasso {
        universe: Universe::default(),
        prefix: vec![set(&["a", "b"]), set(&["b"])],
        cycle: vec![set(&["a", "b"]), set(&["b"])],
    };
    let recurs = Node::unary(
        Unary::Globally,
        Node::unary(Unary::Finally, Node::Proposition("a".to_owned())),
    );
    let recurs = Sentence {
        prefix: Vec::new(),
        body: recurs,
    };
    let mut still = |lasso: &Lasso| holds(&recurs, lasso, 1_000) == Some(true);
    let found = minimize(lasso, &[&recurs], 1_000, &mut still);
    assert_eq!((found.prefix, found.cycle), (Vec::new(), vec![set(&["a"])]));
}

#[test]
fn attempts_are_bounded() {
    let events = [(true, 1, 1), (false, 0, 0), (true, 1, 0)];
    let conclusion = no_creation();
    let given = lasso(&events, 1);
    let mut tried = 0;
    let mut still = |lasso: &Lasso| {
        tried += 1;
        refutes(lasso, &[], &conclusion)
    };
    let found = minimize(given.clone(), &[&conclusion], 0, &mut still);
    assert_eq!(found, given);
    let _ = minimize(given, &[&conclusion], 3, &mut still);
    assert_eq!(tried, 3);
}

proptest! {
    #[test]
    fn every_refutation_of_one_is_as_short(
        events in prop::collection::vec((any::<bool>(), 0..2_usize, 0..2_usize), 1..8),
        cycle in any::<prop::sample::Index>(),
    ) {
        let lasso = lasso(&events, 1 + cycle.index(events.len()));
        let conclusion = no_creation();
        prop_assume!(refutes(&lasso, &[], &conclusion));
        prop_assert_eq!(
            minimal(lasso, &[], &conclusion, 1_000),
            "i1: an instance, m1: a value of m | connect at i1, emits receive(m1) at i1 | -"
        );
    }
}
