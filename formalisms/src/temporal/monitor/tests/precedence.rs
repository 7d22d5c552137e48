//! What is broken by what happened first, beside the general way.

use liveobj_types::Formalism;
use liveobj_types::monitor::{Culprit, Happening, Outcome};
use proptest::prelude::*;

use super::super::super::Temporal;
use super::*;

/// Both ways; none where there is only the general one.
fn both(sentence: &Sentence) -> Option<(Precedence, Quantified)> {
    let structure = endpoint(None);
    let general = || {
        let progress = Progress::new(&sentence.body).expect("it can be followed");
        Quantified::new(sentence, progress, &[&structure]).expect("it has few variables")
    };
    let precedence = Precedence::new(sentence, &[&structure], Box::new(general())).ok()?;
    Some((precedence, general()))
}

type Told = (u64, Occurred, u8);

/// What a monitor says of each event, and what led to it.
fn answers(monitor: &mut dyn Monitor, history: &[Told]) -> Vec<(Outcome, Vec<u64>)> {
    let answers = (1..)
        .zip(history)
        .map(|(number, (instance, event, value))| {
            let outcome = monitor.observe(&Happening {
                number,
                endpoint: 0,
                instance: *instance,
                proxy: 0,
                node: 0,
                after: &[],
                event: *event,
                arguments: &[vec![*value]],
            });
            let trail = match outcome {
                Outcome::Violated { .. } => monitor.trail().to_vec(),
                _ => Vec::new(),
            };
            (outcome, trail)
        });
    answers.collect()
}

/// That both say the same; how often it was broken.
fn compare(sentence: &Sentence, history: &[Told]) -> Option<usize> {
    let (mut precedence, mut general) = both(sentence)?;
    let (one, two) = (
        answers(&mut precedence, history),
        answers(&mut general, history),
    );
    let outcomes =
        |answers: &[(Outcome, Vec<u64>)]| answers.iter().map(|it| it.0).collect::<Vec<_>>();
    assert_eq!(
        outcomes(&one),
        outcomes(&two),
        "{} {history:?}",
        super::super::super::print::print(sentence)
    );
    let mut broken = 0;
    for (number, (_, trail)) in (1..).zip(&one).filter(|it| !it.1.1.is_empty()) {
        assert_eq!(trail.last(), Some(&number));
        assert!(trail.is_sorted());
        // What led to it is enough to break it.
        let part: Vec<Told> = trail.iter().map(|it| history[*it as usize - 1]).collect();
        let (_, mut again) = both(sentence)?;
        let told = answers(&mut again, &part);
        assert!(
            matches!(told.last(), Some((Outcome::Violated { .. }, _))),
            "{trail:?}"
        );
        broken += 1;
    }
    Some(broken)
}

fn named() -> impl Strategy<Value = Node> {
    let place = prop::sample::select(vec![
        Place::Instance(0),
        Place::Instance(0),
        Place::Instance(1),
        Place::Instance(1),
        Place::Somewhere,
    ]);
    let event = prop::sample::select(vec![SEND, RECEIVE, RECEIVE]);
    let of_message = (event, place, 2..4_usize);
    prop_oneof![
        8 => of_message.prop_map(|(event, place, message)| atom(event, place, Some(message))),
        1 => (0..2_usize).prop_map(|at| atom(Occurred::Connect, Place::Instance(at), None)),
        1 => (0..2_usize).prop_map(|at| atom(RECEIVE, Place::Instance(at), None)),
    ]
}

/// What may come true as things happen.
fn literals() -> impl Strategy<Value = Node> {
    let binary = |operator| {
        (named(), named()).prop_map(move |(one, two)| Node::binary(operator, not(one), two))
    };
    let again = (named(), named()).prop_map(|(one, two)| {
        let never = Node::unary(Unary::Globally, not(two));
        let implied = Node::binary(Binary::Implies, one, Node::unary(Unary::Next, never));
        not(Node::unary(Unary::Globally, implied))
    });
    let asked = (named(), named()).prop_map(|(one, two)| {
        let implied = Node::binary(Binary::Implies, one, Node::unary(Unary::Once, two));
        not(Node::unary(Unary::Globally, implied))
    });
    prop_oneof![
        4 => named().prop_map(|it| Node::unary(Unary::Finally, it)),
        4 => binary(Binary::WeakUntil),
        4 => binary(Binary::WeakUntil).prop_map(not),
        1 => binary(Binary::Until),
        1 => again,
        1 => asked,
        1 => Just(not(Node::Same(0, 1))),
        1 => Just(not(Node::Same(2, 3))),
    ]
}

/// The sentence that this never comes true, for all values of its variables.
fn never(parts: Vec<Node>) -> Sentence {
    let parts = parts.into_iter();
    let all = parts.reduce(|one, two| Node::binary(Binary::And, one, two));
    let body = not(all.expect("because there are parts"));
    let all = sentence(&["i", "j"], &["m", "n"], None, body);
    // With the variables that it has.
    all.conjuncts().remove(0)
}

fn histories(length: usize) -> impl Strategy<Value = Vec<Told>> {
    let event = prop::sample::select(vec![
        SEND,
        SEND,
        RECEIVE,
        RECEIVE,
        RECEIVE,
        FULL,
        Occurred::Connect,
    ]);
    prop::collection::vec((0..3_u64, event, 0..3_u8), 1..length)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8_000))]

    #[test]
    fn the_general_way_agrees(
        parts in prop::collection::vec(literals(), 1..5),
        history in histories(16),
    ) {
        let sentence = never(parts);
        let broken = compare(&sentence, &history);
        let (Some(broken), Some((precedence, _))) = (broken, both(&sentence)) else {
            return Ok(());
        };
        // What is not told, where nothing is overlooked, is no fault if nothing more happens.
        let lasso = inhabited(lasso(&history, &[]));
        let kept = holds(&sentence, &lasso, 1_000_000);
        if broken > 0 || precedence.is_safety() {
            prop_assert_eq!(kept, Some(broken == 0));
        }
    }

    #[test]
    fn the_general_way_agrees_of_any_formula(body in bodies(), history in histories(9)) {
        let sentence = sentence(&["i", "j"], &["m"], None, body).conjuncts().remove(0);
        if Progress::new(&sentence.body).is_ok() {
            compare(&sentence, &history);
        }
    }
}

/// What is broken by what happened first, of the standard definitions, and what never is.
const DEFINED: [&str; 7] = [
    "no_creation",
    "at_most_once",
    "fifo",
    "reliable_fifo",
    "local_order",
    "total_order",
    "unique_messages",
];
const NEVER: [&str; 5] = [
    "validity",
    "agreement",
    "uniform_agreement",
    "at_least_once",
    "durable",
];

fn defined(text: &str) -> Sentence {
    let structure = Structure::Endpoint(endpoint(None));
    let formula = Temporal::new()
        .parse(text, &structure)
        .expect("it is defined");
    formula.get::<Sentence>().expect("it is a sentence").clone()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_general_way_agrees_of_the_definitions(history in histories(40)) {
        for text in DEFINED.into_iter().chain(NEVER) {
            let broken = compare(&defined(text), &history).unwrap_or_else(|| panic!("{text} is not watched so"));
            prop_assert!(broken == 0 || !NEVER.contains(&text));
        }
    }
}

/// Ten connections: each message is sent by one of them, and received by all in the same order. None of
/// it is given up, and each fault in the end is found.
#[test]
fn many_messages_are_followed() {
    const MESSAGES: u32 = 11_000;
    let structure = Structure::Endpoint(endpoint(None));
    let sent = |at: u64, message: u32| (at, SEND, message);
    let received = |at: u64, message: u32| (at, RECEIVE, message);
    let last = MESSAGES - 1;
    for (text, faults) in [
        ("at_most_once", vec![received(3, 7)]),
        ("no_creation", vec![received(3, MESSAGES)]),
        (
            "fifo",
            vec![
                sent(0, MESSAGES),
                sent(0, MESSAGES + 1),
                received(9, MESSAGES + 1),
                received(9, MESSAGES),
            ],
        ),
        (
            "total_order",
            vec![
                received(4, MESSAGES),
                received(4, MESSAGES + 1),
                received(9, MESSAGES + 1),
                received(9, MESSAGES),
            ],
        ),
        // A new connection has missed everything.
        ("causal_order", vec![received(10, last)]),
    ] {
        let formula = Temporal::new()
            .parse(text, &structure)
            .expect("it is defined");
        let monitor = Temporal::new().monitor(&formula, &structure);
        let mut monitor = monitor.expect("it can be watched");
        let mut number = 0;
        let mut tell = |(instance, event, value): (u64, Occurred, u32)| {
            number += 1;
            monitor.observe(&Happening {
                number,
                endpoint: 0,
                instance,
                proxy: 0,
                node: 0,
                after: &[],
                event,
                arguments: &[value.to_be_bytes().to_vec()],
            })
        };
        for message in 0..MESSAGES {
            let all = (0..10).map(|at| received(at, message));
            for event in [sent(u64::from(message % 10), message)]
                .into_iter()
                .chain(all)
            {
                assert_eq!(tell(event), Outcome::Open, "{text}");
            }
        }
        let told: Vec<Outcome> = faults.into_iter().map(tell).collect();
        let (fault, before) = told.split_last().expect("because there is one");
        assert_eq!(
            *fault,
            Outcome::Violated {
                by: Culprit::Provider
            },
            "{text}"
        );
        assert!(before.iter().all(|it| *it == Outcome::Open), "{text}");
        assert!(monitor.watches(), "{text}");
    }
}

#[test]
fn a_connection_that_ends_is_forgotten() {
    let (mut monitor, _) = both(&defined("at_most_once")).expect("it is watched so");
    for value in 0..200 {
        let history = [
            (1, RECEIVE, value),
            (2, RECEIVE, value),
            (1, Occurred::Disconnect, 0),
        ];
        let told = answers(&mut monitor, &history);
        let broken = told.iter().filter(|it| it.0 != Outcome::Open);
        assert_eq!(broken.count(), 0);
    }
    // What another one has received is not.
    let told = answers(&mut monitor, &[(1, RECEIVE, 7), (2, RECEIVE, 7)]);
    assert_eq!(told[0].0, Outcome::Open);
    assert_ne!(told[1].0, Outcome::Open);
}
