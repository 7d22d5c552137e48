//! Random questions against random histories.

use std::collections::BTreeMap;

use liveobj_types::formalism::{Domain, Events, Formalism, Formula};
use liveobj_types::verdict::Verdict;
use proptest::prelude::*;

use super::BUDGET;
use crate::temporal::Temporal;
use crate::temporal::evaluate::{admissible, holds};
use crate::temporal::formula::{
    Argument, Atom, Binary, Binding, Event, Node, Place, Quantifier, Sentence, Sort, Unary,
};
use crate::temporal::history::{Instance, Lasso, Occurrence, Position, Universe};
use crate::temporal::silence;

const STEPS: u64 = 10_000_000;

/// Variables 0 and 1 are instances, 2 and 3 messages.
const SORTS: [&str; 4] = ["i", "j", "m", "n"];

pub(super) fn named(name: &str, emitted: bool) -> Event {
    Event::Named {
        name: name.to_owned(),
        emitted,
    }
}

/// An event with the message that it carries, if it carries one.
fn events() -> impl Strategy<Value = (Event, bool)> + Clone {
    prop::sample::select(vec![
        (named("send", false), true),
        (named("receive", true), true),
        (named("done", true), false),
        (Event::Connect, false),
        (Event::Disconnect, false),
    ])
}

/// An atom; with `open`, instance and message may be left open.
fn atoms(open: bool) -> impl Strategy<Value = Node> {
    let place = match open {
        true => prop_oneof![3 => (0..2_usize).prop_map(Some), 1 => Just(None)].boxed(),
        false => (0..2_usize).prop_map(Some).boxed(),
    };
    let message = match open {
        true => prop_oneof![3 => (2..4_usize).prop_map(Some), 1 => Just(None)].boxed(),
        false => (2..4_usize).prop_map(Some).boxed(),
    };
    (events(), place, message).prop_map(|((event, carries), place, message)| {
        let message = message.filter(|_| carries);
        let argument = message.map(|variable| Argument {
            parameter: "m".to_owned(),
            variable,
        });
        Node::Event(Atom {
            endpoint: String::new(),
            event,
            place: place.map_or(Place::Somewhere, Place::Instance),
            arguments: argument.into_iter().collect(),
        })
    })
}

fn nodes(open: bool) -> impl Strategy<Value = Node> {
    let leaf = prop_oneof![
        8 => atoms(open),
        1 => any::<bool>().prop_map(Node::Constant),
        1 => Just(Node::Same(0, 1)),
        1 => Just(Node::Same(2, 3)),
    ];
    formulas(leaf.boxed(), 4, 10)
}

/// Formulas of all operators: at most so deep, and of about so many parts.
pub(in crate::temporal) fn formulas(
    leaf: BoxedStrategy<Node>,
    depth: u32,
    size: u32,
) -> impl Strategy<Value = Node> {
    leaf.prop_recursive(depth, size, 2, |inner| {
        use Binary::{And, Iff, Implies, Or, Release, Since, StrongRelease, Until, WeakUntil, Xor};
        use Unary::{Finally, Globally, Historically, Next, Not, Once, Yesterday};
        let unary = vec![Not, Next, Finally, Globally, Yesterday, Once, Historically];
        let binary = vec![
            And,
            Or,
            Implies,
            Iff,
            Xor,
            Until,
            WeakUntil,
            Release,
            StrongRelease,
            Since,
        ];
        let unary = (prop::sample::select(unary), inner.clone());
        let binary = (prop::sample::select(binary), inner.clone(), inner);
        prop_oneof![
            unary.prop_map(|(operator, inner)| Node::unary(operator, inner)),
            binary.prop_map(|(operator, left, right)| Node::binary(operator, left, right)),
        ]
    })
}

/// A sentence, all of whose variables are bound in front by `quantifiers`.
fn sentences(open: bool, quantifiers: [Quantifier; 4]) -> impl Strategy<Value = Sentence> {
    nodes(open).prop_map(move |body| {
        let prefix = SORTS.iter().zip(quantifiers).enumerate();
        let prefix = prefix.map(|(position, (name, quantifier))| Binding {
            quantifier,
            name: (*name).to_owned(),
            sort: match position {
                0 | 1 => Sort::Instance(String::new()),
                _ => Sort::Message(Domain::default()),
            },
        });
        without_unused(Sentence {
            prefix: prefix.collect(),
            body,
        })
    })
}

/// The sentence without the variables that its body does not have, as the parser gives it.
pub(super) fn without_unused(mut sentence: Sentence) -> Sentence {
    let mut used = vec![false; sentence.prefix.len()];
    sentence.body.visit(&mut |node| match node {
        Node::Event(atom) => {
            if let Place::Instance(variable) | Place::Proxy(variable) = atom.place {
                used[variable] = true;
            }
            for argument in &atom.arguments {
                used[argument.variable] = true;
            }
        }
        Node::Same(left, right) => {
            used[*left] = true;
            used[*right] = true;
        }
        _ => {}
    });
    let number = |variable: usize| used[..variable].iter().filter(|used| **used).count();
    renumber(&mut sentence.body, &number);
    let mut kept = used.iter();
    sentence
        .prefix
        .retain(|_| *kept.next().expect("one for each"));
    sentence
}

fn renumber(node: &mut Node, number: &dyn Fn(usize) -> usize) {
    match node {
        Node::Event(atom) => {
            if let Place::Instance(variable) | Place::Proxy(variable) = &mut atom.place {
                *variable = number(*variable);
            }
            for argument in &mut atom.arguments {
                argument.variable = number(argument.variable);
            }
        }
        Node::Same(left, right) => {
            *left = number(*left);
            *right = number(*right);
        }
        Node::Unary(_, inner) => renumber(inner, number),
        Node::Binary(_, left, right) => {
            renumber(left, number);
            renumber(right, number);
        }
        Node::Constant(_) | Node::Proposition(_) => {}
    }
}

/// Up to three instances and messages, and what happens, as far as it may happen.
fn histories() -> impl Strategy<Value = Lasso> {
    let step = (
        0..3_usize,
        prop::option::weighted(0.8, events()),
        0..3_usize,
    );
    let steps = |size: std::ops::Range<usize>| prop::collection::vec(step.clone(), size);
    (1..4_usize, 1..4_usize, steps(0..7), steps(1..4)).prop_map(
        |(instances, messages, prefix, cycle)| {
            let mut state = vec![0; instances];
            let mut position =
                |(instance, event, message): (usize, Option<(Event, bool)>, usize)| {
                    let instance = instance % instances;
                    let Some((event, carries)) = event else {
                        return Position::Silence;
                    };
                    // Before it is connected an instance can only be connected.
                    let (event, carries) = match (state[instance], event) {
                        (0, _) => (Event::Connect, false),
                        (1, Event::Connect) | (2, _) => return Position::Silence,
                        (_, event) => (event, carries),
                    };
                    match event {
                        Event::Connect => state[instance] = 1,
                        Event::Disconnect => state[instance] = 2,
                        Event::Named { .. } => {}
                    }
                    let arguments = carries.then(|| ("m".to_owned(), message % messages));
                    Position::Event(Occurrence {
                        event,
                        instance,
                        arguments: arguments.into_iter().collect(),
                    })
                };
            let mut prefix: Vec<Position> = prefix.into_iter().map(&mut position).collect();
            let cycle: Vec<Position> = cycle.into_iter().map(&mut position).collect();
            let happens_once = |position: &Position| {
                let Position::Event(occurrence) = position else {
                    return false;
                };
                matches!(occurrence.event, Event::Connect | Event::Disconnect)
                    || state[occurrence.instance] == 2
            };
            let cycle = match cycle.iter().any(happens_once) {
                true => {
                    prefix.extend(cycle);
                    vec![Position::Silence]
                }
                false => cycle,
            };
            let instance = Instance {
                endpoint: String::new(),
                proxy: 0,
            };
            Lasso {
                universe: Universe {
                    instances: vec![instance; instances],
                    proxies: 1,
                    messages: BTreeMap::from([(Domain::default(), messages)]),
                },
                prefix,
                cycle,
            }
        },
    )
}

pub(super) fn verdict(premises: &[Sentence], conclusion: &Sentence) -> Verdict {
    let formulas: Vec<Formula> = premises.iter().cloned().map(Formula::new).collect();
    let formulas: Vec<&Formula> = formulas.iter().collect();
    let conclusion = Formula::new(conclusion.clone());
    let temporal = Temporal::new();
    let verdict = temporal.implies(&formulas, &Events::All, &conclusion, BUDGET);
    if let Verdict::Fails(witness) = &verdict {
        assert!(temporal.replay(&formulas, &Events::All, &conclusion, witness));
    }
    verdict
}

/// No history satisfies the premises and not the conclusion, if that was said to follow.
pub(super) fn not_refuted(
    premises: &[Sentence],
    conclusion: &Sentence,
    verdict: &Verdict,
    everything: &Sentence,
    histories: &[Lasso],
) -> Result<(), TestCaseError> {
    if !verdict.holds() {
        return Ok(());
    }
    for history in histories {
        let admitted = admissible(history, &[everything], &Events::All);
        prop_assert_eq!(admitted, Ok(()));
        let is = |sentence: &Sentence| holds(sentence, history, STEPS).expect("few steps");
        let refuted = premises.iter().all(is) && !is(conclusion);
        prop_assert!(!refuted, "{:?}", history);
    }
    Ok(())
}

/// Whether an event has a message.
pub(super) fn carries(event: &Event) -> bool {
    *event == named("send", false) || *event == named("receive", true)
}

/// A sentence that has every event of an endpoint and every parameter.
pub(super) fn everything_at(endpoint: &str) -> Sentence {
    let send = named("send", false);
    let others = [
        named("receive", true),
        named("done", true),
        Event::Disconnect,
    ];
    let atom = |event: Event| {
        let argument = carries(&event).then(|| Argument {
            parameter: "m".to_owned(),
            variable: 0,
        });
        Node::Event(Atom {
            endpoint: endpoint.to_owned(),
            event,
            place: Place::Somewhere,
            arguments: argument.into_iter().collect(),
        })
    };
    let body = others.into_iter().fold(atom(send), |body, event| {
        Node::binary(Binary::Or, body, atom(event))
    });
    let prefix = vec![Binding {
        quantifier: Quantifier::ForAll,
        name: "m".to_owned(),
        sort: Sort::Message(Domain::default()),
    }];
    Sentence { prefix, body }
}

const ALL: [Quantifier; 4] = [Quantifier::ForAll; 4];

proptest! {
    #![proptest_config(ProptestConfig::default())]

    #[test]
    fn without_open_places_everything_is_decided_and_nothing_refutes_what_holds(
        premises in prop::collection::vec(sentences(false, ALL), 0..3),
        conclusion in sentences(false, ALL),
        histories in prop::collection::vec(histories(), 30),
    ) {
        let verdict = verdict(&premises, &conclusion);
        prop_assert!(!matches!(verdict, Verdict::Unknown(_)), "{:?}", verdict);
        not_refuted(&premises, &conclusion, &verdict, &everything_at(""), &histories)?;
    }

    #[test]
    fn with_open_places_nothing_refutes_what_holds(
        premises in prop::collection::vec(sentences(true, ALL), 0..3),
        conclusion in sentences(true, ALL),
        histories in prop::collection::vec(histories(), 30),
    ) {
        let verdict = verdict(&premises, &conclusion);
        not_refuted(&premises, &conclusion, &verdict, &everything_at(""), &histories)?;
    }

    #[test]
    fn other_quantifiers_are_decided_soundly_too(
        premise in sentences(true, [
            Quantifier::Exists, Quantifier::Exists, Quantifier::ForAll, Quantifier::ForAll,
        ]),
        conclusion in sentences(true, [
            Quantifier::ForAll, Quantifier::ForAll, Quantifier::Exists, Quantifier::Exists,
        ]),
        histories in prop::collection::vec(histories(), 30),
    ) {
        let verdict = verdict(std::slice::from_ref(&premise), &conclusion);
        not_refuted(&[premise], &conclusion, &verdict, &everything_at(""), &histories)?;
    }

    /// By its form or by the automata: no silence that comes or goes makes a difference.
    #[test]
    fn what_ignores_silence_stays_as_true_as_it_was(
        sentence in sentences(true, ALL),
        history in histories(),
        silences in prop::collection::vec(0..3_usize, 12),
    ) {
        let temporal = Temporal::new();
        let verdict = temporal.ignores_silence(&Formula::new(sentence.clone()), BUDGET);
        if verdict.holds() {
            let mut counts = silences.into_iter().cycle();
            let mut stretched = |positions: &[Position]| -> Vec<Position> {
                let events = positions.iter().filter(|it| **it != Position::Silence);
                events.flat_map(|event| {
                    let silence = counts.next().expect("it goes round");
                    std::iter::repeat_n(Position::Silence, silence).chain([event.clone()])
                }).collect()
            };
            let mut other = history.clone();
            other.prefix = stretched(&history.prefix);
            other.cycle = stretched(&history.cycle);
            if other.cycle.is_empty() {
                other.cycle.push(Position::Silence);
            }
            let is = |history| holds(&sentence, history, STEPS).expect("few steps");
            prop_assert_eq!(is(&history), is(&other), "{:?}", other);
        }
    }

    /// What the form shows is so.
    #[test]
    fn the_form_shows_only_what_the_automata_confirm(sentence in sentences(false, ALL)) {
        let question = silence::question(&sentence);
        if silence::is_evidently_ignored(&sentence) {
            let verdict = verdict(&[], &question);
            prop_assert!(!verdict.fails(), "{:?}", verdict);
        }
    }

    /// Whoever satisfies a sentence is a refutation of its negation.
    #[test]
    fn a_history_that_satisfies_a_formula_forbids_to_call_it_false(
        sentence in sentences(true, ALL),
        history in histories(),
    ) {
        let contradiction = Sentence { prefix: Vec::new(), body: Node::Constant(false) };
        let verdict = verdict(std::slice::from_ref(&sentence), &contradiction);
        if holds(&sentence, &history, STEPS).expect("few steps") {
            prop_assert!(!verdict.holds());
        }
    }
}
