use liveobj_types::formalism::{Events, Formalism, Structure};
use liveobj_types::monitor::{Culprit, Happening, Outcome};
use proptest::prelude::*;

use super::super::Session;
use super::super::protocol::{Kind, Protocol};
use super::*;

/// The endpoint that has just the events of these texts.
fn endpoint(texts: &[&str]) -> EndpointStructure {
    let mut endpoint = EndpointStructure::default();
    for text in texts {
        for state in protocol(text).states() {
            let events = match state.kind {
                Kind::Output => &mut endpoint.emitted,
                _ => &mut endpoint.received,
            };
            let names = state.next.keys();
            events.extend(names.map(|name| (name.clone(), Vec::new())));
        }
    }
    endpoint
}

fn protocol(text: &str) -> Protocol {
    let formula = Session::Synchronous.parse(text, &Structure::Undeclared);
    formula.unwrap().get::<Protocol>().unwrap().clone()
}

/// What a monitor says last of events such as `!a ?b`, at one connection: `-` while nothing is
/// broken, otherwise who broke it and by which event.
fn watch(session: Session, text: &str, endpoint: &EndpointStructure, events: &[String]) -> String {
    let structure = Structure::Endpoint(endpoint.clone());
    let formula = session.parse(text, &Structure::Undeclared).unwrap();
    let mut monitor = session.monitor(&formula, &structure).unwrap();
    for (number, event) in events.iter().enumerate() {
        let name = &event[1..];
        let event = match &event[..1] {
            "!" => Occurred::Emitted(position(&endpoint.emitted, name).unwrap()),
            _ => Occurred::Handled(position(&endpoint.received, name).unwrap()),
        };
        let outcome = monitor.observe(&Happening {
            number: 0,
            endpoint: 0,
            instance: 7,
            proxy: 0,
            node: 0,
            after: &[],
            event,
            arguments: &[],
        });
        match outcome {
            Outcome::Open => {}
            Outcome::Satisfied => panic!("a session is never over"),
            Outcome::Violated { by } => {
                let side = match by {
                    Culprit::Provider => "provider",
                    Culprit::Peer => "peer",
                    Culprit::Untold => "nobody",
                };
                return format!("{side} {}", number + 1);
            }
        }
    }
    "-".to_owned()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn synchronous_sessions_are_followed_step_by_step() {
    let text = "rec X . ?get; +{!item; X, !missing; ?again; X}";
    let endpoint = endpoint(&[text]);
    let table = [
        ("?get !item ?get !missing ?again ?get", "-"),
        ("!item", "provider 1"),
        ("?get !item !item", "provider 3"),
        ("?get ?get", "peer 2"),
        ("?get !missing ?get", "peer 3"),
    ];
    for (events, expected) in table {
        let found = watch(Session::Synchronous, text, &endpoint, &words(events));
        assert_eq!(found, expected, "{events}");
    }
}

#[test]
fn asynchronous_sessions_may_be_ahead() {
    let texts = [
        // Whatever the peer chooses, `a` follows.
        "&[?x; !a; end, ?y; !a; end]",
        // Only after `x`.
        "&[?x; !a; end, ?y; !b; end]",
        // The peer may go on for ever.
        "rec X . &[?x; X, ?y; !a; end]",
        "+{!a; ?x; end, !b; ?x; end}",
        "+{!a; ?x; end, !b; ?y; end}",
    ];
    let endpoint = endpoint(&texts);
    let table = [
        (0, "!a ?x", "-"),
        (0, "!a ?y", "-"),
        (0, "!b", "provider 1"),
        (0, "?x !a ?y", "peer 3"),
        (0, "!a !a", "provider 2"),
        (1, "!a", "provider 1"),
        (1, "?x !a", "-"),
        (1, "?y !a", "provider 2"),
        (2, "!a ?x ?x ?y", "-"),
        (2, "!b", "provider 1"),
        (3, "?x !a", "-"),
        (3, "?x !b ?x", "peer 3"),
        // Before the provider has chosen the peer cannot know which it is.
        (4, "?x", "peer 1"),
        (4, "!a ?y", "peer 2"),
    ];
    for (text, events, expected) in table {
        let found = watch(
            Session::Asynchronous,
            texts[text],
            &endpoint,
            &words(events),
        );
        assert_eq!(found, expected, "{} by {events}", texts[text]);
    }
}

#[test]
fn what_is_too_far_ahead_is_given_up() {
    let text = "rec X . ?x; !a; X";
    let endpoint = endpoint(&[text]);
    let events = vec!["!a".to_owned(); 100];
    assert_eq!(watch(Session::Asynchronous, text, &endpoint, &events), "-");
}

#[test]
fn what_is_no_endpoint_is_not_watched() {
    let formula = Session::Synchronous.parse("?a; end", &Structure::Undeclared);
    let formula = formula.unwrap();
    for structure in [Structure::Undeclared, Structure::Object(BTreeMap::new())] {
        assert!(Session::Synchronous.monitor(&formula, &structure).is_err());
    }
}

/// A run of a protocol, by choices.
fn run(protocol: &Protocol, choices: &[prop::sample::Index]) -> Vec<String> {
    let mut events = Vec::new();
    let mut here = 0;
    for choice in choices {
        let state = &protocol.states()[here];
        let names: Vec<_> = state.next.keys().collect();
        if names.is_empty() {
            break;
        }
        let name = names[choice.index(names.len())];
        events.push(match state.kind {
            Kind::Output => format!("!{name}"),
            _ => format!("?{name}"),
        });
        here = state.next[name];
    }
    events
}

/// Pairs of which the first is a subtype of the second.
const SUBTYPES: &[(Session, &str, &str)] = &[
    (Session::Synchronous, "!a; end", "+{!a; end, !b; end}"),
    (
        Session::Synchronous,
        "&[?x; !a; end, ?y; end]",
        "?x; !a; end",
    ),
    (
        Session::Synchronous,
        "rec X . ?get; !item; X",
        "rec X . ?get; +{!item; X, !missing; X}",
    ),
    (Session::Asynchronous, "!a; ?x; end", "?x; !a; end"),
    (
        Session::Asynchronous,
        "!a; &[?x; end, ?y; end]",
        "&[?x; +{!a; end, !b; end}, ?y; !a; end]",
    ),
    (
        Session::Asynchronous,
        "!a; !a; ?x; ?x; end",
        "?x; !a; ?x; !a; end",
    ),
    (
        Session::Asynchronous,
        "!a; rec X . !a; ?x; X",
        "rec X . ?x; !a; X",
    ),
];

proptest! {
    /// Whoever follows a subtype is never told to have broken the supertype.
    #[test]
    fn subtypes_are_no_violations(
        pair in prop::sample::select(SUBTYPES),
        choices in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
    ) {
        let (session, sub, sup) = pair;
        let formula = |text| session.parse(text, &Structure::Undeclared).unwrap();
        let verdict = session.implies(&[&formula(sub)], &Events::All, &formula(sup), 1_000_000);
        prop_assert!(verdict.holds(), "{} {}", sub, sup);
        let endpoint = endpoint(&[sub, sup]);
        let events = run(&protocol(sub), &choices);
        let found = watch(session, sup, &endpoint, &events);
        prop_assert!(!found.starts_with("provider"), "{} in {:?}", found, events);
        prop_assert_eq!(watch(session, sub, &endpoint, &events), "-");
    }
}
