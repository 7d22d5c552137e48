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
fn watch(monitor: &mut dyn Monitor, steps: &str) -> String {
    let steps = steps.split(", ").zip(1..).map(|(step, number)| {
        let words: Vec<&str> = step.split(' ').collect();
        let value = words.get(2).unwrap_or(&"").as_bytes().to_vec();
        let event = match words[0] {
            "connect" => Occurred::Connect,
            "disconnect" => Occurred::Disconnect,
            "gone" => Occurred::Gone,
            "send" => Occurred::Handled(0),
            _ => Occurred::Emitted(0),
        };
        let outcome = monitor.observe(&Happening {
            number,
            endpoint: 0,
            instance: words[1].parse().unwrap(),
            proxy: 0,
            node: 0,
            after: &[],
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
        let mut monitor = formalism.monitor(&formula, &channel()).unwrap();
        assert_eq!(watch(&mut *monitor, steps), expected, "{text}: {steps}");
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
    assert_eq!(watch(&mut *monitor("once, fast").unwrap(), steps), "..p");
    assert_eq!(watch(&mut *monitor("asked").unwrap(), steps), "p..");
    assert_eq!(watch(&mut *monitor("asked, once").unwrap(), steps), "p.p");
    assert_eq!(
        monitor("fast").err().as_deref(),
        Some("`fast`: it has no definition in `temporal`")
    );
    let left_out = monitor("fast, once").unwrap().left_out().to_vec();
    assert_eq!(left_out, ["`fast`: it has no definition in `temporal`"]);
}

/// That a connection is gone is no event, and counts in favour of whoever is watched.
#[test]
fn connections_that_are_gone_break_nothing() {
    let formalisms = builtin();
    let table = [
        (
            "cardinality",
            "at most 1 instances connected",
            "connect 1, gone 1, connect 2, connect 3",
            "...?",
            true,
        ),
        (
            "cardinality",
            "at least 2 instances connected",
            "connect 1, gone 1, connect 2, disconnect 2, connect 3, connect 4, disconnect 4, disconnect 3",
            ".......?",
            true,
        ),
        (
            "temporal",
            "event send precedes event disconnect",
            "connect 1, gone 1",
            "..",
            true,
        ),
        (
            "temporal",
            "forall i, j: instance. i != j -> !connect@j W (disconnect@i | connect@i)",
            "connect 1, gone 1, connect 2",
            "...",
            false,
        ),
        (
            "temporal",
            "total_order",
            "receive 1 a, receive 1 b, receive 2 b, gone 1, receive 2 a",
            "....p",
            true,
        ),
    ];
    for (formalism, text, steps, expected, watches) in table {
        let formalism = formalisms.get(formalism).unwrap();
        let formula = formalism.parse(text, &channel()).unwrap();
        let mut monitor = formalism.monitor(&formula, &channel()).unwrap();
        assert_eq!(watch(&mut *monitor, steps), expected, "{text}: {steps}");
        assert_eq!(monitor.watches(), watches, "{text}: {steps}");
    }
}

#[test]
fn what_nothing_can_break_any_more_is_satisfied() {
    let formalisms = builtin();
    let temporal = formalisms.get("temporal").unwrap();
    for (text, steps, expected) in [
        (
            "forall i: instance. G (receive@i -> F send@i) | F send@*",
            "send 1 a",
            true,
        ),
        ("forall i: instance. G !receive@i", "send 1 a", false),
    ] {
        let formula = temporal.parse(text, &channel()).unwrap();
        let mut monitor = temporal.monitor(&formula, &channel()).unwrap();
        watch(&mut *monitor, steps);
        assert_eq!(monitor.is_satisfied(), expected, "{text}");
    }
}

#[test]
fn what_is_not_watched_has_a_reason() {
    let formalisms = builtin();
    for (formalism, text, expected) in [
        (
            "temporal",
            "exists i: instance. F send@i",
            "it asks for some `i`, which may still come",
        ),
        (
            "temporal",
            "G (send -> O F receive)",
            "it looks from the past into the future",
        ),
        (
            "properties",
            "confidential",
            "`confidential`: it has no definition in `temporal`",
        ),
    ] {
        let formalism = formalisms.get(formalism).unwrap();
        let formula = formalism.parse(text, &channel()).unwrap();
        let refused = formalism.monitor(&formula, &channel()).err();
        assert_eq!(refused.as_deref(), Some(expected), "{text}");
    }
}

#[test]
fn what_led_to_a_violation_is_remembered() {
    let formalisms = builtin();
    let temporal = formalisms.get("temporal").unwrap();
    for (text, steps, expected) in [
        (
            "at most once receive(m)",
            "receive 1 a, receive 1 b, receive 2 a, receive 1 a",
            &[1, 4][..],
        ),
        (
            "total_order",
            "receive 1 c, receive 1 a, receive 1 b, receive 2 b, receive 2 c, receive 2 a",
            &[2, 3, 4, 6],
        ),
    ] {
        let formula = temporal.parse(text, &channel()).unwrap();
        let mut monitor = temporal.monitor(&formula, &channel()).unwrap();
        watch(&mut *monitor, steps);
        assert_eq!(monitor.trail(), expected, "{text}: {steps}");
    }
}
