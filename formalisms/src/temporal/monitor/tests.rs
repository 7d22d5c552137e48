use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::formalism::{Domain, Parameter};
use liveobj_types::monitor::{Culprit, Happening, Outcome};
use proptest::prelude::*;

use super::super::evaluate::holds;
use super::super::formula::{Argument, Atom, Binary, Binding, Node, Unary};
use super::super::history::{Instance, Lasso, Occurrence, Position, Universe};
use super::*;

mod nodes;
mod precedence;

fn domain(size: Option<u64>) -> Domain {
    Domain {
        key: "message".to_owned(),
        size,
    }
}

/// An endpoint that receives `send(message)` and emits `receive(message)` and `full`.
fn endpoint(size: Option<u64>) -> EndpointStructure {
    let message = || Parameter {
        name: "message".to_owned(),
        domain: domain(size),
    };
    EndpointStructure {
        name: String::new(),
        received: BTreeMap::from([("send".to_owned(), vec![message()])]),
        emitted: BTreeMap::from([
            ("full".to_owned(), Vec::new()),
            ("receive".to_owned(), vec![message()]),
        ]),
    }
}

const FULL: Occurred = Occurred::Emitted(0);
const RECEIVE: Occurred = Occurred::Emitted(1);
const SEND: Occurred = Occurred::Handled(0);

fn event(occurred: Occurred) -> Event {
    let (name, emitted) = match occurred {
        Occurred::Connect => return Event::Connect,
        Occurred::Disconnect => return Event::Disconnect,
        FULL => ("full", true),
        Occurred::Emitted(_) => ("receive", true),
        Occurred::Handled(_) => ("send", false),
        Occurred::Gone => unreachable!("because it is none of the history's events"),
    };
    let name = name.to_owned();
    Event::Named { name, emitted }
}

fn atom(occurred: Occurred, place: Place, message: Option<usize>) -> Node {
    let argument = message.map(|variable| Argument {
        parameter: "message".to_owned(),
        variable,
    });
    Node::Event(Atom {
        endpoint: String::new(),
        event: event(occurred),
        place,
        arguments: argument.into_iter().collect(),
    })
}

/// For all connections and messages of these names, the first ones being connections.
fn sentence(instances: &[&str], messages: &[&str], size: Option<u64>, body: Node) -> Sentence {
    let binding = |name: &&str, sort: Sort| Binding {
        quantifier: Quantifier::ForAll,
        name: (*name).to_owned(),
        sort,
    };
    let instances = instances.iter();
    let instances = instances.map(|name| binding(name, Sort::Instance(String::new())));
    let messages = messages.iter();
    let messages = messages.map(|name| binding(name, Sort::Message(domain(size))));
    Sentence {
        prefix: instances.chain(messages).collect(),
        body,
    }
}

fn not(node: Node) -> Node {
    Node::unary(Unary::Not, node)
}

/// One letter for each answer: `.` open, `+` satisfied, `p` and `q` broken by provider or peer, `?`
/// broken, and it cannot be told by whom.
fn watch(sentence: &Sentence, size: Option<u64>, events: &[(u64, Occurred, u8)]) -> String {
    let structure = Structure::Endpoint(endpoint(size));
    let mut monitor = monitor(sentence, &structure).expect("it can be watched");
    let answers = events
        .iter()
        .map(|(instance, event, value)| answer(&mut *monitor, *instance, *event, *value));
    answers.collect()
}

fn answer(monitor: &mut dyn Monitor, instance: u64, event: Occurred, value: u8) -> char {
    let outcome = monitor.observe(&Happening {
        number: 0,
        endpoint: 0,
        instance,
        proxy: 0,
        node: 0,
        after: &[],
        event,
        arguments: &[vec![value]],
    });
    match outcome {
        Outcome::Open => '.',
        Outcome::Satisfied => '+',
        Outcome::Violated { by } => match by {
            Culprit::Provider => 'p',
            Culprit::Peer => 'q',
            Culprit::Untold => '?',
        },
    }
}

#[test]
fn one_connection_is_a_table() {
    let here = Place::Instance(0);
    // Nothing is received before something is sent.
    let body = Node::binary(
        Binary::WeakUntil,
        not(atom(RECEIVE, here, None)),
        atom(SEND, here, None),
    );
    let first = sentence(&["i"], &[], None, body);
    let events = [
        (1, Occurred::Connect, 0),
        (2, Occurred::Connect, 0),
        (1, SEND, 0),
        (1, RECEIVE, 0),
        (2, RECEIVE, 0),
        (2, RECEIVE, 0),
    ];
    assert_eq!(watch(&first, None, &events), "..+.p.");
    // After `full` nothing is sent: the other side's fault.
    let later = Node::unary(Unary::Globally, not(atom(SEND, here, None)));
    let body = Node::unary(
        Unary::Globally,
        Node::binary(Binary::Implies, atom(FULL, here, None), later),
    );
    let full = sentence(&["i"], &[], None, body);
    let events = [(1, SEND, 0), (1, FULL, 0), (1, FULL, 0), (1, SEND, 0)];
    assert_eq!(watch(&full, None, &events), "...q");
    // With past: whatever is received, something was sent before.
    let before = Node::unary(Unary::Once, atom(SEND, here, None));
    let body = Node::unary(
        Unary::Globally,
        Node::binary(Binary::Implies, atom(RECEIVE, here, None), before),
    );
    let past = sentence(&["i"], &[], None, body);
    let events = [
        (1, SEND, 0),
        (1, RECEIVE, 0),
        (2, RECEIVE, 0),
        (1, RECEIVE, 0),
    ];
    assert_eq!(watch(&past, None, &events), "..p.");
}

#[test]
fn liveness_is_never_violated() {
    let here = Place::Instance(0);
    let body = Node::unary(
        Unary::Globally,
        Node::binary(
            Binary::Implies,
            atom(SEND, here, Some(1)),
            Node::unary(Unary::Finally, atom(RECEIVE, here, Some(1))),
        ),
    );
    let reliable = sentence(&["i"], &["m"], None, body);
    let events: Vec<_> = (0..50).map(|value| (1, SEND, value)).collect();
    assert_eq!(watch(&reliable, None, &events), ".".repeat(50));
}

#[test]
fn messages_are_told_apart() {
    let here = Place::Instance(0);
    let received = || atom(RECEIVE, here, Some(1));
    // At most once.
    let never_again = Node::unary(Unary::Globally, not(received()));
    let body = Node::unary(
        Unary::Globally,
        Node::binary(
            Binary::Implies,
            received(),
            Node::unary(Unary::Next, never_again),
        ),
    );
    let once = sentence(&["i"], &["m"], None, body);
    let events = [
        (1, RECEIVE, 1),
        (1, RECEIVE, 2),
        (2, RECEIVE, 1),
        (1, SEND, 1),
        (1, RECEIVE, 1),
        (1, RECEIVE, 1),
        (2, RECEIVE, 2),
        (2, RECEIVE, 2),
    ];
    assert_eq!(watch(&once, None, &events), "....p..p");
    // What is received was sent somewhere.
    let body = Node::binary(
        Binary::WeakUntil,
        not(received()),
        atom(SEND, Place::Somewhere, Some(1)),
    );
    let created = sentence(&["i"], &["m"], None, body);
    let events = [
        (1, SEND, 1),
        (2, RECEIVE, 1),
        (2, RECEIVE, 2),
        (3, SEND, 2),
        (3, RECEIVE, 2),
        (1, RECEIVE, 2),
    ];
    assert_eq!(watch(&created, None, &events), "..p...");
}

#[test]
fn two_connections_receive_in_one_order() {
    let received = |instance, message| atom(RECEIVE, Place::Instance(instance), Some(message));
    let bi = Node::binary;
    let before = |instance: usize| {
        // `m` before `n`.
        bi(
            Binary::WeakUntil,
            not(received(instance, 3)),
            received(instance, 2),
        )
    };
    let body = bi(
        Binary::Or,
        Node::Same(2, 3),
        bi(Binary::Or, before(0), {
            // If `i` has `n` before `m`, then `j` does not have `m` before `n`.
            bi(Binary::WeakUntil, not(received(1, 2)), received(1, 3))
        }),
    );
    let order = sentence(&["i", "j"], &["m", "n"], None, body);
    let events = [
        (1, RECEIVE, 1),
        (1, RECEIVE, 2),
        (2, RECEIVE, 1),
        (2, RECEIVE, 2),
        (3, RECEIVE, 2),
        (3, RECEIVE, 1),
    ];
    assert_eq!(watch(&order, None, &events[..4]), "....");
    let found = watch(&order, None, &events);
    assert!(found.starts_with("....") && found.contains('p'), "{found}");
}

#[test]
fn all_values_of_a_small_type_may_be_known() {
    let here = Place::Instance(0);
    // Each value is received at some time, until then none is sent.
    let body = Node::binary(
        Binary::WeakUntil,
        not(atom(SEND, here, Some(1))),
        atom(RECEIVE, here, Some(1)),
    );
    let small = Some(2);
    let sentence = sentence(&["i"], &["m"], small, body);
    let events = [(1, RECEIVE, 0), (1, RECEIVE, 1), (1, SEND, 0), (1, SEND, 1)];
    assert_eq!(watch(&sentence, small, &events), "....");
}

#[test]
fn what_cannot_be_followed_is_not_watched() {
    let structure = Structure::Endpoint(endpoint(None));
    let here = || atom(RECEIVE, Place::Instance(0), None);
    let refused = |sentence: &Sentence, structure: &Structure| {
        assert!(monitor(sentence, structure).is_err());
    };
    // From the past into the future.
    let inner = Node::unary(Unary::Finally, here());
    let turned = sentence(&["i"], &[], None, Node::unary(Unary::Once, inner));
    refused(&turned, &structure);
    let mut some = sentence(&["i"], &[], None, here());
    refused(&some, &Structure::Undeclared);
    refused(&some, &Structure::Object(BTreeMap::new()));
    some.prefix[0].quantifier = Quantifier::Exists;
    refused(&some, &structure);
    let many = ["a", "b", "c", "d", "e", "f", "g"];
    refused(&sentence(&many, &[], None, here()), &structure);
}

#[test]
fn too_many_messages_are_given_up() {
    let received = || atom(RECEIVE, Place::Instance(0), Some(1));
    let sent = || atom(SEND, Place::Somewhere, Some(1));
    let kept = Node::binary(Binary::Or, not(received()), sent());
    let body = Node::binary(Binary::Release, sent(), kept);
    let sentence = sentence(&["i"], &["m"], None, body);
    let structure = Structure::Endpoint(endpoint(None));
    let mut monitor = monitor(&sentence, &structure).unwrap();
    let mut told = 0;
    for value in 0..5_000_u32 {
        let outcome = monitor.observe(&Happening {
            number: 0,
            endpoint: 0,
            instance: u64::from(value % 50),
            proxy: 0,
            node: 0,
            after: &[],
            event: FULL,
            arguments: &[],
        });
        assert_eq!(outcome, Outcome::Open);
        monitor.observe(&Happening {
            number: 0,
            endpoint: 0,
            instance: 1,
            proxy: 0,
            node: 0,
            after: &[],
            event: RECEIVE,
            arguments: &[value.to_be_bytes().to_vec()],
        });
        told += u32::from(monitor.watches());
    }
    assert!(told > 1_000 && told < 5_000, "{told}");
}

fn bodies() -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        Just(atom(SEND, Place::Instance(0), Some(2))),
        Just(atom(RECEIVE, Place::Instance(1), Some(2))),
        Just(atom(RECEIVE, Place::Instance(0), Some(2))),
        Just(atom(SEND, Place::Somewhere, Some(2))),
        Just(atom(FULL, Place::Somewhere, None)),
        Just(atom(Occurred::Connect, Place::Instance(0), None)),
        Just(Node::Same(0, 1)),
        any::<bool>().prop_map(Node::Constant),
    ];
    let unary = prop::sample::select(vec![
        Unary::Not,
        Unary::Next,
        Unary::Finally,
        Unary::Globally,
        Unary::Globally,
        Unary::Yesterday,
        Unary::Once,
        Unary::Historically,
    ]);
    let binary = prop::sample::select(vec![
        Binary::And,
        Binary::Or,
        Binary::Implies,
        Binary::Iff,
        Binary::Xor,
        Binary::Until,
        Binary::WeakUntil,
        Binary::Release,
        Binary::StrongRelease,
        Binary::Since,
    ]);
    leaf.prop_recursive(4, 10, 2, move |inner| {
        prop_oneof![
            (unary.clone(), inner.clone()).prop_map(|(op, a)| Node::unary(op, a)),
            (binary.clone(), inner.clone(), inner).prop_map(|(op, a, b)| Node::binary(op, a, b)),
        ]
    })
}

fn events(length: usize) -> impl Strategy<Value = Vec<(u64, Occurred, u8)>> {
    let event = prop::sample::select(vec![SEND, RECEIVE, FULL, Occurred::Connect]);
    prop::collection::vec((0..3_u64, event, 0..2_u8), 1..length)
}

/// The history in which `first` happens and then `ever` again and again, of the elements that occur
/// in the first `met` events.
fn lasso(first: &[(u64, Occurred, u8)], ever: &[(u64, Occurred, u8)]) -> Lasso {
    let all = || first.iter().chain(ever);
    let instances: BTreeSet<u64> = all().map(|(instance, ..)| *instance).collect();
    let of_message = |event: &Occurred| matches!(*event, SEND | RECEIVE);
    let with = all().filter(|(_, event, _)| of_message(event));
    let values: BTreeSet<u8> = with.map(|(.., value)| *value).collect();
    let position = |(instance, occurred, value): &(u64, Occurred, u8)| {
        let value = values.iter().position(|it| it == value);
        let value = value.filter(|_| of_message(occurred));
        Position::Event(Occurrence {
            event: event(*occurred),
            instance: instances.iter().position(|it| it == instance).unwrap(),
            arguments: value
                .map(|it| ("message".to_owned(), it))
                .into_iter()
                .collect(),
        })
    };
    let mut cycle: Vec<_> = ever.iter().map(position).collect();
    if cycle.is_empty() {
        cycle.push(Position::Silence);
    }
    let instance = Instance {
        endpoint: String::new(),
        proxy: 0,
    };
    Lasso {
        universe: Universe {
            instances: vec![instance; instances.len()],
            proxies: 0,
            messages: BTreeMap::from([(domain(None), values.len())]),
        },
        prefix: first.iter().map(position).collect(),
        cycle,
    }
}

/// The same, where there is a message, if perhaps not in this history.
fn inhabited(mut lasso: Lasso) -> Lasso {
    let counts = lasso.universe.messages.values_mut();
    counts.for_each(|count| *count = (*count).max(1));
    lasso
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3_000))]

    /// What is told to be violated is so, whatever follows; and what is satisfied.
    #[test]
    fn the_definition_agrees(
        body in bodies(),
        history in events(7),
        ever in events(4),
    ) {
        let sentence = sentence(&["i", "j"], &["m"], None, body);
        let structure = Structure::Endpoint(endpoint(None));
        let monitor = monitor(&sentence, &structure);
        prop_assume!(monitor.is_ok());
        let mut monitor = monitor.unwrap();
        for (number, (instance, event, value)) in history.iter().enumerate() {
            let answer = answer(&mut *monitor, *instance, *event, *value);
            let expected = match answer {
                '.' => continue,
                '+' => true,
                _ => false,
            };
            let so_far = &history[..=number];
            for ever in [&[][..], &ever] {
                let lasso = inhabited(lasso(so_far, ever));
                prop_assert_eq!(holds(&sentence, &lasso, 1_000_000), Some(expected), "{}", answer);
            }
            break;
        }
    }

    /// What a finite history decides is told, where nothing but safety is asked for.
    #[test]
    fn safety_is_told_at_once(past in bodies(), history in events(7)) {
        // `G` of a formula about the past: each position decides.
        let past = only_past(&past);
        // It names all events with messages, so that it meets these.
        let past = [SEND, RECEIVE].into_iter().fold(past, |past, occurred| {
            let named = atom(occurred, Place::Instance(0), Some(2));
            let always = Node::binary(Binary::Or, not(named.clone()), named);
            Node::binary(Binary::And, past, always)
        });
        let body = Node::unary(Unary::Globally, past.clone());
        let sentence = sentence(&["i", "j"], &["m"], None, body);
        let structure = Structure::Endpoint(endpoint(None));
        let mut monitor = monitor(&sentence, &structure).unwrap();
        let mut broken = false;
        for (number, (instance, event, value)) in history.iter().enumerate() {
            broken |= "pq?".contains(answer(&mut *monitor, *instance, *event, *value));
            // True at all positions so far: the last one goes on for ever, as far as `past` sees.
            let so_far = lasso(&history[..=number], &[]);
            let mut at = past.clone();
            let mut kept = true;
            for _ in 0..=number {
                let here = Sentence { body: at.clone(), ..sentence.clone() };
                kept &= holds(&here, &so_far, 1_000_000) == Some(true);
                at = Node::unary(Unary::Next, at);
            }
            // Elements that were met later may have been broken before, and then it is told.
            if !kept {
                prop_assert!(broken, "not told by {}", number);
            }
        }
    }

    /// The table says what the general way says.
    #[test]
    fn one_connection_is_watched_alike(body in bodies(), history in events(9)) {
        let body = at_one(&body);
        let sentence = sentence(&["i"], &[], None, body);
        let structure = endpoint(None);
        let table = monitor(&sentence, &Structure::Endpoint(structure.clone()));
        prop_assume!(table.is_ok());
        let mut table = table.unwrap();
        let progress = Progress::new(&sentence.body).unwrap();
        let mut general = Quantified::new(&sentence, progress, &[&structure]).unwrap();
        for (_, event, value) in &history {
            let (left, right) = (
                answer(&mut *table, 1, *event, *value),
                answer(&mut general, 1, *event, *value),
            );
            // Other connections are not decided by what is decided of one.
            let left = if left == '+' { '.' } else { left };
            prop_assert!(left == right || right == '+', "{} {}", left, right);
            // Each part of a conjunction tells when it is broken.
            if "pq?".contains(left) {
                break;
            }
        }
    }
}

/// The formula, all of it about the first variable.
fn at_one(node: &Node) -> Node {
    match node {
        Node::Event(it) => Node::Event(Atom {
            place: Place::Instance(0),
            arguments: Vec::new(),
            ..it.clone()
        }),
        Node::Same(..) => Node::Same(0, 0),
        Node::Unary(operator, inner) => Node::unary(*operator, at_one(inner)),
        Node::Binary(operator, left, right) => Node::binary(*operator, at_one(left), at_one(right)),
        other => other.clone(),
    }
}

/// The formula with past operators for those of the future.
fn only_past(node: &Node) -> Node {
    match node {
        Node::Unary(operator, inner) => {
            let operator = match operator {
                Unary::Next => Unary::Yesterday,
                Unary::Finally => Unary::Once,
                Unary::Globally => Unary::Historically,
                other => *other,
            };
            Node::unary(operator, only_past(inner))
        }
        Node::Binary(operator, left, right) => {
            let operator = match operator {
                Binary::Until | Binary::WeakUntil | Binary::Release | Binary::StrongRelease => {
                    Binary::Since
                }
                other => *other,
            };
            Node::binary(operator, only_past(left), only_past(right))
        }
        other => other.clone(),
    }
}
