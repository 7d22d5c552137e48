//! The facts of the ontology that is shipped, and those that must not be in it.

use liveobj_formalisms::Properties;
use liveobj_types::formalism::{Events, Formalism, Structure};

fn implied(premise: &str, conclusion: &str) -> bool {
    let properties = Properties::standard();
    let read = |text: &str| {
        properties
            .parse(text, &Structure::Endpoint(Default::default()))
            .expect("names exist")
    };
    properties
        .implies(&[&read(premise)], &Events::All, &read(conclusion), 10_000)
        .holds()
}

#[test]
fn what_follows_in_the_literature_follows_here() {
    for (premise, conclusion) in [
        ("causal_order", "fifo"),
        ("virtual_synchrony", "best_effort"),
        ("reliable", "best_effort"),
        ("reliable", "exactly_once, agreement, validity, integrity"),
        ("exactly_once", "at_least_once, at_most_once"),
        ("at_least_once, at_most_once", "exactly_once"),
        ("uniform_agreement", "agreement"),
        ("atomic", "total_order, reliable"),
        ("reliable, total_order", "atomic"),
        ("authenticated", "no_creation"),
        ("validity, agreement, at_most_once, no_creation", "reliable"),
    ] {
        assert!(implied(premise, conclusion), "{premise} => {conclusion}");
    }
}

#[test]
fn what_does_not_follow_in_the_literature_does_not_follow_here() {
    for (premise, conclusion) in [
        ("total_order", "fifo"),
        ("total_order", "causal_order"),
        ("fifo", "causal_order"),
        ("atomic", "fifo"),
        ("atomic", "uniform_agreement"),
        ("agreement", "validity"),
        ("validity", "agreement"),
        ("agreement", "uniform_agreement"),
        ("at_most_once", "no_creation"),
        ("best_effort", "reliable"),
        ("fifo", "best_effort"),
        ("fifo, total_order", "causal_order"),
        ("virtual_synchrony", "total_order"),
        ("single_writer", "total_order"),
        ("authenticated", "confidential"),
        ("confidential", "authenticated"),
    ] {
        assert!(!implied(premise, conclusion), "{premise} => {conclusion}");
    }
}

#[test]
fn a_misspelt_name_is_corrected() {
    let error = Properties::standard()
        .parse(
            "best_effort, casual_order",
            &Structure::Endpoint(Default::default()),
        )
        .unwrap_err();
    assert_eq!((error.span.start, error.span.end), (13, 25));
    assert_eq!(error.message, "the ontology has no property `casual_order`");
    assert_eq!(error.help.as_deref(), Some("write `causal_order`"));
}

#[test]
fn what_is_between_names_must_be_a_comma() {
    for (text, start, message) in [
        ("fifo total_order", 5, "expected `,` or the end"),
        ("fifo,", 5, "expected the name of a property"),
        ("", 0, "expected the name of a property"),
        ("fifo; total_order", 4, "expected `,` or the end"),
    ] {
        let error = Properties::standard()
            .parse(text, &Structure::Endpoint(Default::default()))
            .unwrap_err();
        assert_eq!(
            (error.span.start, &*error.message),
            (start, message),
            "{text}"
        );
    }
}
