//! The facts of the ontology that is shipped, and those that must not be in it.

use liveobj_formalisms::{Ontology, Properties};
use liveobj_types::formalism::{Events, Fidelity, Formalism, Structure, Translated};

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

/// The definitions are told to `temporal`, name by name; a set is defined if each of its names is.
#[test]
fn definitions_translate_names() {
    let text = "once: It comes once.\n    temporal at most once receive(m)\n    implies kept\n\
                kept: It is kept.\n    temporal G kept\n\
                soon: It comes soon.\n\
                quiet: Nobody sees it.\n    beyond temporal\n";
    let properties = Properties::new(Ontology::parse(text).expect("an ontology"));
    assert_eq!(
        properties.translations(),
        [("temporal".to_owned(), Fidelity::Exact)]
    );
    let structure = Structure::Endpoint(Default::default());
    let parse = |text: &str| properties.parse(text, &structure).expect("names");
    let translated = |text: &str| properties.translate(&parse(text), "temporal", &structure);
    let both = Translated {
        texts: vec!["G kept".to_owned(), "at most once receive(m)".to_owned()],
        fidelity: Fidelity::Exact,
    };
    assert_eq!(translated("once, kept"), Some(both));
    let partly = translated("soon, kept").expect("one is defined");
    assert_eq!(
        (partly.texts.len(), partly.fidelity),
        (1, Fidelity::Implied)
    );
    assert_eq!(translated("soon"), None);
    // All that `temporal` can say of it is said, and yet whoever asks for it gets no answer there.
    let nothing = translated("quiet").expect("nothing is to be said");
    assert_eq!(
        (nothing.texts.len(), nothing.fidelity),
        (0, Fidelity::Exact)
    );
    for partly in ["quiet, kept", "quiet, soon, kept"] {
        let partly = translated(partly).expect("one is defined");
        assert_eq!(partly.fidelity, Fidelity::Implied);
    }
    assert_eq!(
        properties.translate(&parse("kept"), "session", &structure),
        None
    );
    let object = Structure::Object(Default::default());
    assert_eq!(
        properties.translate(&parse("kept"), "temporal", &object),
        None
    );

    let once = parse("once");
    let consequences = properties.consequences(&[&once]);
    let told = consequences.iter().map(|formula| properties.print(formula));
    assert_eq!(told.collect::<Vec<_>>(), ["kept", "once"]);
}
