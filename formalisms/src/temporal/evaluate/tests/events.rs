//! Sentences of events, and what a history is.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::formalism::{Domain, Events};
use proptest::prelude::*;

use super::super::super::formula::{Argument, Binding};
use super::super::super::history::{Instance, Universe};
use super::super::*;
use super::{PLENTY, formulas, propositional, word};

fn named(name: &str, emitted: bool) -> Event {
    let name = name.to_owned();
    Event::Named { name, emitted }
}

fn texts() -> Domain {
    Domain::default()
}

fn atom(event: Event, place: Place, value: Option<usize>) -> Node {
    let argument = value.map(|variable| Argument {
        parameter: "message".to_owned(),
        variable,
    });
    Node::Event(Atom {
        endpoint: String::new(),
        event,
        place,
        arguments: argument.into_iter().collect(),
    })
}

fn binding(quantifier: Quantifier, name: &str, sort: Sort) -> Binding {
    Binding {
        quantifier,
        name: name.to_owned(),
        sort,
    }
}

/// What is received somewhere was sent somewhere before, with these quantifiers for the instance
/// that receives and the message.
fn no_creation(instance: Quantifier, message: Quantifier) -> Sentence {
    let received = atom(named("receive", true), Place::Instance(0), Some(1));
    let sent = atom(named("send", false), Place::Somewhere, Some(1));
    let received_later = Node::unary(Unary::Not, received);
    Sentence {
        prefix: vec![
            binding(instance, "i", Sort::Instance(String::new())),
            binding(message, "m", Sort::Message(texts())),
        ],
        body: Node::binary(Binary::WeakUntil, received_later, sent),
    }
}

fn happens(event: Event, instance: usize, value: Option<usize>) -> Position {
    let value = value.map(|value| ("message".to_owned(), value));
    Position::Event(Occurrence {
        event,
        instance,
        arguments: value.into_iter().collect(),
    })
}

/// Two instances, two messages: the first sends the first message, the second receives both.
fn exchange() -> Lasso {
    let instance = Instance {
        endpoint: String::new(),
        proxy: 0,
    };
    Lasso {
        universe: Universe {
            instances: vec![instance.clone(), instance],
            proxies: 0,
            messages: BTreeMap::from([(texts(), 2)]),
        },
        prefix: vec![
            happens(Event::Connect, 0, None),
            happens(Event::Connect, 1, None),
            happens(named("send", false), 0, Some(0)),
            happens(named("receive", true), 1, Some(0)),
            happens(named("receive", true), 1, Some(1)),
            happens(Event::Disconnect, 1, None),
        ],
        cycle: vec![Position::Silence],
    }
}

#[test]
fn quantifiers_range_over_the_universe() {
    use Quantifier::{Exists, ForAll};
    let lasso = exchange();
    let table = [
        // The second instance receives the second message, which nobody sends.
        (ForAll, ForAll, false),
        // The first one receives nothing.
        (Exists, ForAll, true),
        // The first message was sent.
        (ForAll, Exists, true),
        (Exists, Exists, true),
    ];
    for (instance, message, expected) in table {
        let sentence = no_creation(instance, message);
        assert_eq!(holds(&sentence, &lasso, PLENTY), Some(expected));
        assert_eq!(admissible(&lasso, &[&sentence], &Events::All), Ok(()));
    }
    let mut one = lasso.clone();
    one.prefix.remove(4);
    let sentence = no_creation(ForAll, ForAll);
    assert_eq!(holds(&sentence, &one, PLENTY), Some(true));
    // There is nothing that it could be true of.
    let mut none = lasso.clone();
    none.universe.messages.clear();
    let sentence = no_creation(Exists, Exists);
    assert_eq!(holds(&sentence, &none, PLENTY), Some(false));
}

#[test]
fn events_are_told_apart_by_place_direction_and_endpoint() {
    let somewhere = |event| atom(event, Place::Somewhere, None);
    let happens = |node: Node| {
        let sentence = propositional(Node::unary(Unary::Finally, node));
        holds(&sentence, &exchange(), PLENTY).unwrap()
    };
    assert!(happens(somewhere(named("send", false))));
    assert!(!happens(somewhere(named("send", true))));
    assert!(happens(somewhere(Event::Connect)));
    assert!(!happens(somewhere(named("connect", true))));
    let mut elsewhere = somewhere(named("send", false));
    if let Node::Event(atom) = &mut elsewhere {
        atom.endpoint = "channel".to_owned();
    }
    assert!(!happens(elsewhere));

    let mut lasso = exchange();
    lasso.universe.proxies = 2;
    lasso.universe.instances[1].proxy = 1;
    let receives = atom(named("receive", true), Place::Proxy(0), None);
    let some = |quantifier| Sentence {
        prefix: vec![binding(quantifier, "p", Sort::Proxy)],
        body: Node::unary(Unary::Finally, receives.clone()),
    };
    assert_eq!(holds(&some(Quantifier::Exists), &lasso, PLENTY), Some(true));
    assert_eq!(
        holds(&some(Quantifier::ForAll), &lasso, PLENTY),
        Some(false)
    );
}

#[test]
fn equality_is_that_of_elements() {
    let sentence = |quantifier| Sentence {
        prefix: vec![
            binding(quantifier, "i", Sort::Instance(String::new())),
            binding(quantifier, "j", Sort::Instance(String::new())),
        ],
        body: Node::Same(0, 1),
    };
    let lasso = exchange();
    assert_eq!(
        holds(&sentence(Quantifier::ForAll), &lasso, PLENTY),
        Some(false)
    );
    assert_eq!(
        holds(&sentence(Quantifier::Exists), &lasso, PLENTY),
        Some(true)
    );
    let mut one = lasso;
    one.universe.instances.truncate(1);
    assert_eq!(
        holds(&sentence(Quantifier::ForAll), &one, PLENTY),
        Some(true)
    );
}

#[test]
fn steps_are_counted_and_a_cycle_is_needed() {
    let sentence = no_creation(Quantifier::ForAll, Quantifier::ForAll);
    let mut lasso = exchange();
    lasso.prefix.remove(4);
    // 4 parts, 6 positions, 4 assignments, and 6 elements that variables stood for.
    let needed = 4 * 6 * 4 + 6;
    assert_eq!(holds(&sentence, &lasso, needed), Some(true));
    assert_eq!(holds(&sentence, &lasso, needed - 1), None);
    lasso.cycle.clear();
    assert_eq!(holds(&sentence, &lasso, PLENTY), None);
    assert!(admissible(&lasso, &[&sentence], &Events::All).is_err());
}

proptest! {
    #[test]
    fn renaming_changes_nothing(
        letters in prop::collection::vec((0..3_usize, any::<bool>(), 0..3_usize), 1..6),
        cycle in 1..6_usize,
        instances in Just([0, 1, 2]).prop_shuffle(),
        values in Just([0, 1, 2]).prop_shuffle(),
        body in formulas(),
        quantifiers in prop::array::uniform3(any::<bool>()),
    ) {
        let quantifier = |all| if all { Quantifier::ForAll } else { Quantifier::Exists };
        let sentence = Sentence {
            prefix: vec![
                binding(quantifier(quantifiers[0]), "i", Sort::Instance(String::new())),
                binding(quantifier(quantifiers[1]), "m", Sort::Message(texts())),
                binding(quantifier(quantifiers[2]), "j", Sort::Instance(String::new())),
            ],
            body: events(&body),
        };
        let lasso = |instances: [usize; 3], values: [usize; 3]| {
            let mut positions: Vec<_> = letters
                .iter()
                .map(|(instance, emitted, value)| {
                    let event = named(if *emitted { "receive" } else { "send" }, *emitted);
                    happens(event, instances[*instance], Some(values[*value]))
                })
                .collect();
            let cycle = positions.split_off(positions.len() - cycle.min(positions.len()));
            let mut lasso = exchange();
            lasso.universe.instances.push(lasso.universe.instances[0].clone());
            lasso.universe.messages.insert(texts(), 3);
            Lasso { prefix: positions, cycle, ..lasso }
        };
        prop_assert_eq!(
            holds(&sentence, &lasso(instances, values), PLENTY),
            holds(&sentence, &lasso([0, 1, 2], [0, 1, 2]), PLENTY)
        );
    }
}

/// The formula with events for its propositions.
fn events(node: &Node) -> Node {
    match node {
        Node::Proposition(name) if name == "a" => {
            atom(named("send", false), Place::Instance(0), Some(1))
        }
        Node::Proposition(_) => atom(named("receive", true), Place::Instance(2), Some(1)),
        Node::Unary(operator, inner) => Node::unary(*operator, events(inner)),
        Node::Binary(operator, left, right) => Node::binary(*operator, events(left), events(right)),
        Node::Constant(_) | Node::Event(_) | Node::Same(..) => node.clone(),
    }
}

#[test]
fn what_is_no_history_is_not_admitted() {
    let sentence = no_creation(Quantifier::ForAll, Quantifier::ForAll);
    let refused = |change: &dyn Fn(&mut Lasso), events: &Events| {
        let mut lasso = exchange();
        change(&mut lasso);
        admissible(&lasso, &[&sentence], events).unwrap_err()
    };
    let all = &Events::All;
    let only = |names: &[&str]| {
        let names = names.iter().map(|name| (*name).to_owned());
        names.collect::<BTreeSet<_>>()
    };
    let nothing = |_: &mut Lasso| {};
    let table = [
        (
            refused(&|it| it.prefix.swap(0, 2), all),
            "something happens before `connect`",
        ),
        (
            refused(&|it| it.prefix.push(happens(Event::Connect, 0, None)), all),
            "`connect` happens twice",
        ),
        (
            refused(&|it| it.prefix.swap(4, 5), all),
            "something happens after `disconnect`",
        ),
        (
            refused(
                &|it| it.cycle = vec![happens(Event::Disconnect, 0, None)],
                all,
            ),
            "something happens after `disconnect`",
        ),
        (
            refused(&|it| it.universe.instances.truncate(1), all),
            "an instance does not exist",
        ),
        (
            refused(
                &|it| it.universe.instances[0].endpoint = "channel".to_owned(),
                all,
            ),
            "no sentence binds the parameter `message`",
        ),
        (
            refused(&|it| it.universe.instances[1].proxy = 1, all),
            "an instance belongs to a proxy that does not exist",
        ),
        (
            refused(&|it| it.universe.instances.clear(), all),
            "there is no instance",
        ),
        (
            refused(&|it| it.universe.messages.clear(), all),
            "there is no value of `m`",
        ),
        (
            refused(
                &|it| *it.universe.messages.get_mut(&texts()).unwrap() = 1,
                all,
            ),
            "a value of `message` does not exist",
        ),
        (
            refused(
                &|it| it.prefix[2] = happens(named("send", false), 0, None),
                all,
            ),
            "an event has no value for `message`",
        ),
        (
            refused(
                &|it| it.prefix[0] = happens(Event::Connect, 0, Some(0)),
                all,
            ),
            "no sentence binds the parameter `message`",
        ),
        (
            refused(
                &|it| it.prefix[0] = Position::Propositions(BTreeSet::new()),
                all,
            ),
            "a position has propositions where there are events",
        ),
        (
            refused(&nothing, &Events::Endpoint(only(&["pressure"]))),
            "the provider does not emit `receive`",
        ),
        (
            refused(&nothing, &Events::Object(BTreeMap::new())),
            "the provider does not emit `receive`",
        ),
    ];
    for (found, expected) in table {
        assert_eq!(found, expected);
    }
    let emitted = Events::Endpoint(only(&["receive"]));
    assert_eq!(admissible(&exchange(), &[&sentence], &emitted), Ok(()));
    // Who is never connected has no events, and that is a history as well.
    let mut idle = exchange();
    idle.universe.instances.push(Instance {
        endpoint: String::new(),
        proxy: 0,
    });
    assert_eq!(admissible(&idle, &[&sentence], all), Ok(()));
}

#[test]
fn there_are_no_more_values_than_the_type_has() {
    let bools = Domain {
        key: "bool".to_owned(),
        size: Some(2),
    };
    let sentence = Sentence {
        prefix: vec![binding(
            Quantifier::ForAll,
            "m",
            Sort::Message(bools.clone()),
        )],
        body: Node::Constant(true),
    };
    let lasso = |count| Lasso {
        universe: Universe {
            messages: BTreeMap::from([(bools.clone(), count)]),
            ..Universe::default()
        },
        ..word("", "-")
    };
    assert_eq!(admissible(&lasso(2), &[&sentence], &Events::All), Ok(()));
    assert_eq!(
        admissible(&lasso(3), &[&sentence], &Events::All).unwrap_err(),
        "there are more values than their type has"
    );
}
