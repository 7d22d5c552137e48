//! Random questions about objects: two endpoints, and proxies that have connections of both.

use std::collections::BTreeMap;

use liveobj_types::formalism::Domain;
use proptest::prelude::*;

use super::random::{carries, everything_at, named, not_refuted, verdict, without_unused};
use crate::temporal::formula::{
    Argument, Atom, Binding, Event, Node, Place, Quantifier, Sentence, Sort,
};
use crate::temporal::history::{Instance, Lasso, Occurrence, Position, Universe};

/// Variables: an instance of each endpoint, two proxies, a message.
const VARIABLES: usize = 5;
const ENDPOINTS: [&str; 2] = ["channel", "group"];

fn sort(variable: usize) -> Sort {
    match variable {
        0 | 1 => Sort::Instance(ENDPOINTS[variable].to_owned()),
        2 | 3 => Sort::Proxy,
        _ => Sort::Message(Domain {
            key: "bool".to_owned(),
            size: Some(2),
        }),
    }
}

fn events() -> impl Strategy<Value = Event> + Clone {
    prop::sample::select(vec![
        named("send", false),
        named("receive", true),
        Event::Connect,
        Event::Disconnect,
    ])
}

fn atoms(open: bool) -> impl Strategy<Value = Node> {
    let places = if open { 4 } else { 1 };
    let message = any::<bool>().prop_map(move |bound| bound || !open);
    (events(), 0..2_usize, 0..places, message).prop_map(|(event, endpoint, place, message)| {
        let argument = (message && carries(&event)).then(|| Argument {
            parameter: "m".to_owned(),
            variable: 4,
        });
        Node::Event(Atom {
            endpoint: ENDPOINTS[endpoint].to_owned(),
            event,
            place: match place {
                0 => Place::Instance(endpoint),
                1 => Place::Proxy(2),
                2 => Place::Proxy(3),
                _ => Place::Somewhere,
            },
            arguments: argument.into_iter().collect(),
        })
    })
}

fn sentences(open: bool, first: Quantifier) -> impl Strategy<Value = Sentence> {
    let leaf = prop_oneof![8 => atoms(open), 1 => Just(Node::Same(2, 3))];
    super::random::formulas(leaf.boxed(), 4, 10).prop_map(move |body| {
        without_unused(Sentence {
            prefix: (0..VARIABLES)
                .map(|variable| Binding {
                    quantifier: if variable < 2 {
                        first
                    } else {
                        Quantifier::ForAll
                    },
                    name: format!("x{variable}"),
                    sort: sort(variable),
                })
                .collect(),
            body,
        })
    })
}

fn histories() -> impl Strategy<Value = Lasso> {
    let owners = prop::collection::vec(0..3_usize, 2..5);
    let step = (
        0..4_usize,
        prop::option::weighted(0.8, events()),
        0..2_usize,
    );
    (1..4_usize, owners, prop::collection::vec(step, 0..9)).prop_map(|(proxies, owners, steps)| {
        let instances: Vec<Instance> = owners
            .iter()
            .enumerate()
            .map(|(number, owner)| Instance {
                endpoint: ENDPOINTS[number % 2].to_owned(),
                proxy: owner % proxies,
            })
            .collect();
        let mut state = vec![0; instances.len()];
        let position = |(instance, event, message): (usize, Option<Event>, usize)| {
            let instance = instance % state.len();
            let event = match (state[instance], event?) {
                (0, _) => Event::Connect,
                (1, Event::Connect) | (2, _) => return None,
                (_, event) => event,
            };
            match event {
                Event::Connect => state[instance] = 1,
                Event::Disconnect => state[instance] = 2,
                Event::Named { .. } => {}
            }
            let argument = carries(&event).then(|| ("m".to_owned(), message));
            Some(Position::Event(Occurrence {
                event,
                instance,
                arguments: argument.into_iter().collect(),
            }))
        };
        let positions = steps.into_iter().map(position);
        let prefix = positions.map(|happens| happens.unwrap_or(Position::Silence));
        let prefix = prefix.collect();
        let Sort::Message(domain) = sort(4) else {
            unreachable!("the last variable is a message");
        };
        Lasso {
            universe: Universe {
                instances,
                proxies,
                messages: BTreeMap::from([(domain, 2)]),
            },
            prefix,
            cycle: vec![Position::Silence],
        }
    })
}

fn everything() -> Sentence {
    let mut sentence = everything_at("channel");
    let other = everything_at("group");
    sentence.body = Node::binary(
        crate::temporal::formula::Binary::Or,
        sentence.body,
        other.body,
    );
    sentence.prefix[0].sort = sort(4);
    sentence
}

proptest! {
    #[test]
    fn connections_and_proxies_refute_nothing_that_holds(
        premises in prop::collection::vec(sentences(true, Quantifier::ForAll), 0..3),
        conclusion in sentences(true, Quantifier::ForAll),
        histories in prop::collection::vec(histories(), 30),
    ) {
        let verdict = verdict(&premises, &conclusion);
        not_refuted(&premises, &conclusion, &verdict, &everything(), &histories)?;
    }

    #[test]
    fn without_open_places_everything_is_decided(
        premises in prop::collection::vec(sentences(false, ALL), 0..3),
        conclusion in sentences(false, ALL),
    ) {
        let verdict = verdict(&premises, &conclusion);
        prop_assert!(verdict.holds() || verdict.fails(), "{:?}", verdict);
    }

    #[test]
    fn premises_about_some_connection_are_taken(
        premise in sentences(true, Quantifier::Exists),
        conclusion in sentences(true, ALL),
        histories in prop::collection::vec(histories(), 30),
    ) {
        let premises = [premise];
        let verdict = verdict(&premises, &conclusion);
        not_refuted(&premises, &conclusion, &verdict, &everything(), &histories)?;
    }
}

const ALL: Quantifier = Quantifier::ForAll;
