//! Monitors of constraint texts, as types have them.

use std::collections::BTreeMap;

use liveobj_formalisms::{Ontology, Properties, builtin};
use liveobj_types::formalism::{Domain, EndpointStructure, Formalism, Parameter, Structure};
use liveobj_types::monitor::{Culprit, Happening, Monitor, Occurred, Outcome};

/// Handles `send(message)`, emits `receive(message)`.
fn channel() -> Structure {
    let event = |name: &str| {
        let message = Parameter {
            name: "message".to_owned(),
            domain: Domain::default(),
        };
        BTreeMap::from([(name.to_owned(), vec![message])])
    };
    Structure::Endpoint(EndpointStructure {
        name: String::new(),
        received: event("send"),
        emitted: event("receive"),
    })
}

/// What a monitor says of steps such as `send 1 hi` (at connection 1): `.` for nothing, `p` and `q`
/// where the provider or its peer broke it.
fn watch(mut monitor: Box<dyn Monitor>, steps: &str) -> String {
    let steps = steps.split(", ").map(|step| {
        let words: Vec<&str> = step.split(' ').collect();
        let value = words.get(2).unwrap_or(&"").as_bytes().to_vec();
        let event = match words[0] {
            "connect" => Occurred::Connect,
            "send" => Occurred::Handled(0),
            _ => Occurred::Emitted(0),
        };
        let outcome = monitor.observe(&Happening {
            endpoint: 0,
            instance: words[1].parse().unwrap(),
            proxy: 0,
            event,
            arguments: &[value],
        });
        match outcome {
            Outcome::Open | Outcome::Satisfied => '.',
            Outcome::Violated {
                by: Culprit::Provider,
            } => 'p',
            Outcome::Violated { by: Culprit::Peer } => 'q',
            Outcome::Violated {
                by: Culprit::Untold,
            } => '?',
        }
    });
    steps.collect()
}

#[test]
fn texts_of_types_are_watched() {
    let formalisms = builtin();
    let table = [
        (
            "session",
            "rec X . ?send; !receive; X",
            "send 1 a, receive 1 a, receive 1 b",
            "..p",
        ),
        ("session", "!receive; ?send; end", "send 1 a", "q"),
        (
            "async_session",
            "!receive; ?send; end",
            "send 1 a, receive 1 a, receive 1 b",
            "..p",
        ),
        (
            "cardinality",
            "at most 1 instances connected",
            "connect 1, connect 2",
            ".?",
        ),
        (
            "temporal",
            "event receive never precedes event send",
            "connect 1, send 1 a, receive 1 a, connect 2, receive 2 a",
            "....p",
        ),
        (
            "temporal",
            "at most once receive(m)",
            "receive 1 a, receive 1 b, receive 1 a",
            "..p",
        ),
        (
            "temporal",
            "every send(m) is followed by receive(m)",
            "send 1 a, send 1 b",
            "..",
        ),
        (
            "temporal",
            "forall i. event receive@i(m) never precedes event send@*(m)",
            "send 1 a, receive 2 a, receive 2 b",
            "..p",
        ),
    ];
    for (formalism, text, steps, expected) in table {
        let formalism = formalisms.get(formalism).unwrap();
        let formula = formalism.parse(text, &channel()).unwrap();
        let monitor = formalism.monitor(&formula, &channel()).unwrap();
        assert_eq!(watch(monitor, steps), expected, "{text}: {steps}");
    }
}

#[test]
fn properties_are_watched_by_their_definitions() {
    let text = "once: It comes once.\n    temporal at most once receive(m)\n\
                asked: It comes when asked.\n    temporal event receive never precedes event send\n\
                fast: It comes soon.\n";
    let properties = Properties::new(Ontology::parse(text).unwrap());
    let monitor = |text: &str| {
        let formula = properties.parse(text, &channel()).unwrap();
        properties.monitor(&formula, &channel())
    };
    let steps = "receive 1 a, send 1 a, receive 1 a";
    assert_eq!(watch(monitor("once, fast").unwrap(), steps), "..p");
    assert_eq!(watch(monitor("asked").unwrap(), steps), "p..");
    assert_eq!(watch(monitor("asked, once").unwrap(), steps), "p.p");
    assert!(monitor("fast").is_none());
}
