//! What is kept of answers (`liveobj_types::facts`): the same questions get the same answers, and
//! questions that only look alike do not share one.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use liveobj_formalisms::{Session, Temporal, builtin};
use liveobj_types::facts::{Fact, Facts, Question};
use liveobj_types::formalism::{
    Domain, EndpointStructure, Events, Formalism, Formalisms, Formula, Parameter, Structure,
};
use liveobj_types::verdict::Verdict;
use proptest::prelude::*;

const BUDGET: u64 = 20_000;

/// Keeps all it is told, and signs it.
#[derive(Default)]
struct Kept {
    facts: Mutex<BTreeMap<Question, Verdict>>,
    doubts: Mutex<Vec<&'static str>>,
}

impl Facts for Kept {
    fn find(&self, question: &Question) -> Option<Fact> {
        let verdict = self.facts.lock().unwrap().get(question)?.clone();
        let signed = verdict.holds();
        Some(Fact { verdict, signed })
    }
    fn keep(&self, question: &Question, verdict: &Verdict) {
        let mut facts = self.facts.lock().unwrap();
        facts.insert(*question, verdict.clone());
    }
    fn doubt(&self, _: &Question, why: &'static str) {
        self.doubts.lock().unwrap().push(why);
    }
}

/// An endpoint whose messages are of this domain.
fn structure(key: &str, size: Option<u64>) -> Structure {
    let event = |name: &str| {
        let domain = Domain {
            key: key.to_owned(),
            size,
        };
        let parameter = Parameter {
            name: "m".to_owned(),
            domain,
        };
        (name.to_owned(), vec![parameter])
    };
    Structure::Endpoint(EndpointStructure {
        received: [event("send")].into(),
        emitted: [event("receive"), event("done")].into(),
        ..EndpointStructure::default()
    })
}

fn read(formalism: &dyn Formalism, text: &str, structure: &Structure) -> Formula {
    let read = formalism.parse(text, structure);
    read.unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// Formulas that take steps, and small ones.
fn temporal() -> impl Strategy<Value = String> {
    let atom = prop_oneof![
        Just("send(m)".to_owned()),
        Just("receive(m)".to_owned()),
        Just("done(m)".to_owned()),
        Just("receive(n)".to_owned()),
        Just("done".to_owned()),
    ];
    let formula = atom.prop_recursive(3, 8, 2, |inner| {
        let unary = proptest::sample::select(vec!["!", "G ", "F ", "O ", "H ", "X "]);
        let binary = proptest::sample::select(vec!["&", "|", "->", "U", "W", "S"]);
        prop_oneof![
            (unary, inner.clone()).prop_map(|(sign, it)| format!("{sign}({it})")),
            (inner.clone(), binary, inner).prop_map(|(a, sign, b)| format!("(({a}) {sign} ({b}))")),
        ]
    });
    prop_oneof![
        3 => formula,
        1 => Just("G (receive(m) -> O send(m))".to_owned()),
        1 => Just("at most once receive(m)".to_owned()),
        1 => Just("!receive(m) W send(m)".to_owned()),
    ]
}

fn protocol() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![Just("end".to_owned()), Just("X".to_owned())];
    let body = leaf.prop_recursive(4, 8, 1, |inner| {
        let event = proptest::sample::select(vec!["!a", "!b", "?c", "?d"]);
        (event, inner).prop_map(|(event, rest)| format!("{event}; {rest}"))
    });
    body.prop_map(|rest| format!("rec X . !a; {rest}"))
}

/// Without facts, then with none yet, then with what was kept: the answers, which are one.
fn same_answer(
    formalism: &dyn Formalism,
    premises: &[&Formula],
    events: &Events,
    conclusion: &Formula,
) {
    let facts = Arc::new(Kept::default());
    let with = Formalisms::none().with_facts(facts.clone());
    let ask = |formalisms: &Formalisms| {
        (
            formalisms.implies(formalism, premises, events, conclusion, BUDGET),
            formalisms.satisfiable(formalism, premises, BUDGET),
        )
    };
    let without = ask(&Formalisms::none());
    assert_eq!(
        without.0,
        formalism.implies(premises, events, conclusion, BUDGET)
    );
    assert_eq!(without.1, formalism.satisfiable(premises, BUDGET));
    assert_eq!(ask(&with), without);
    assert_eq!(ask(&with), without);
    let doubts = facts.doubts.lock().unwrap();
    assert!(doubts.is_empty(), "{doubts:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn answers_of_temporal_are_the_same_with_facts(
        premises in proptest::collection::vec(temporal(), 0..3),
        conclusion in temporal(),
        silent in any::<bool>(),
        few in any::<bool>(),
    ) {
        let temporal = Temporal::new();
        let structure = structure("n", few.then_some(2));
        let premises: Vec<Formula> =
            premises.iter().map(|text| read(&temporal, text, &structure)).collect();
        let premises: Vec<&Formula> = premises.iter().collect();
        let conclusion = read(&temporal, &conclusion, &structure);
        let events = match silent {
            true => Events::Endpoint(BTreeSet::from(["done".to_owned()])),
            false => Events::All,
        };
        same_answer(&temporal, &premises, &events, &conclusion);
    }

    #[test]
    fn answers_of_sessions_are_the_same_with_facts(
        premises in proptest::collection::vec(protocol(), 0..3),
        conclusion in protocol(),
    ) {
        for session in [Session::Synchronous, Session::Asynchronous] {
            let read = |text: &String| read(&session, text, &Structure::Undeclared);
            let premises: Vec<Formula> = premises.iter().map(read).collect();
            let premises: Vec<&Formula> = premises.iter().collect();
            same_answer(&session, &premises, &Events::All, &read(&conclusion));
        }
    }

    /// As far as a formula reads differently, it is a different question.
    #[test]
    fn formulas_of_one_encoding_print_alike(left in temporal(), right in temporal()) {
        let temporal = Temporal::new();
        let [left, right] =
            [left, right].map(|text| read(&temporal, &text, &structure("n", None)));
        if temporal.encode(&left) == temporal.encode(&right) {
            prop_assert_eq!(temporal.print(&left), temporal.print(&right));
        }
    }
}

/// A text can be true of two values and not of many: equal texts are different questions where
/// their parameters are of different types.
#[test]
fn equal_texts_about_parameters_of_different_types_are_different_questions() {
    let temporal = Temporal::new();
    // That three messages are never all different, which is so of a type with two values.
    let text = "forall a, b, c: message. \
                G (receive(a) & O receive(b) & O receive(c) -> a = b | b = c | a = c)";
    let facts = Arc::new(Kept::default());
    let with = Formalisms::none().with_facts(facts);
    let mut verdicts = Vec::new();
    for size in [Some(2), None, Some(2), None] {
        let formula = read(&temporal, text, &structure("n", size));
        let verdict = with.implies(&temporal, &[], &Events::All, &formula, 1_000_000);
        verdicts.push(verdict.to_string());
    }
    assert_eq!(verdicts, ["holds", "fails", "holds", "fails"]);
    let [few, many] = [Some(2), None].map(|size| read(&temporal, text, &structure("n", size)));
    assert_eq!(temporal.print(&few), temporal.print(&many));
}

/// What the two kinds of atoms mean differs, and so do sessions with and without queues.
#[test]
fn no_two_formalisms_share_an_identity() {
    let all = builtin();
    let mut identities: Vec<String> = all
        .names()
        .filter_map(|name| all.get(name)?.identity())
        .collect();
    assert_eq!(identities.len(), 2, "async_session and temporal");
    identities.extend(Temporal::independent().identity());
    for identity in &identities {
        assert!(identity.ends_with(liveobj_formalisms::BUILD), "{identity}");
    }
    let different: BTreeSet<&String> = identities.iter().collect();
    assert_eq!(different.len(), 3);
    assert_eq!(liveobj_formalisms::BUILD.len(), 64);
}
