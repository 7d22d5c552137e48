//! Constraint texts. An input is one text, or several with a line end between them.

use std::collections::BTreeMap;

use liveobj_formalisms::builtin;
use liveobj_types::Verdict;
use liveobj_types::formalism::{
    Domain, EndpointStructure, Events, Formalism, Formula, Parameter, Structure,
};

use crate::source;

/// Steps that a question may take: enough for all that can be decided at once, and few enough for
/// many questions a second.
const BUDGET: u64 = 50_000;

/// Texts of `properties`.
pub fn properties(bytes: &[u8]) {
    let structure = Structure::Endpoint(endpoint(""));
    constraints("properties", bytes, &[structure]);
}

/// Texts of `cardinality`, of an endpoint and of an object.
pub fn cardinality(bytes: &[u8]) {
    let endpoints = [("channel", "channel"), ("hidden/b", "b"), ("c", "renamed")];
    let endpoints: BTreeMap<String, EndpointStructure> = endpoints
        .into_iter()
        .map(|(written, own)| (written.to_owned(), endpoint(own)))
        .collect();
    let structures = [
        Structure::Endpoint(endpoint("")),
        Structure::Object(endpoints),
    ];
    constraints("cardinality", bytes, &structures);
}

/// Session types, of any events, in both formalisms.
pub fn session(bytes: &[u8]) {
    constraints("session", bytes, &[Structure::Undeclared]);
    constraints("async_session", bytes, &[Structure::Undeclared]);
}

/// Constraints over histories: of events that nobody declares, of an endpoint, and of an object.
pub fn temporal(bytes: &[u8]) {
    let event = |name: &str, parameters: &[&str]| {
        let parameters = parameters.iter().map(|name| Parameter {
            name: (*name).to_owned(),
            domain: Domain {
                key: (*name).to_owned(),
                size: None,
            },
        });
        (name.to_owned(), parameters.collect())
    };
    let channel = |name: &str| EndpointStructure {
        received: [event("send", &["message"])].into(),
        emitted: [
            event("receive", &["message"]),
            event("view", &["number", "members"]),
        ]
        .into(),
        ..endpoint(name)
    };
    let endpoints = [
        ("channel", channel("channel")),
        ("group", channel("renamed")),
    ];
    let endpoints = endpoints.map(|(written, endpoint)| (written.to_owned(), endpoint));
    let structures = [
        Structure::Undeclared,
        Structure::Endpoint(channel("")),
        Structure::Object(endpoints.into()),
    ];
    constraints("temporal", bytes, &structures);
}

fn endpoint(name: &str) -> EndpointStructure {
    EndpointStructure {
        name: name.to_owned(),
        ..EndpointStructure::default()
    }
}

fn constraints(formalism: &str, bytes: &[u8], structures: &[Structure]) {
    let Some(source) = source("hostile constraint", bytes) else {
        return;
    };
    let formalisms = builtin();
    let formalism = &**formalisms.get(formalism).expect("a built-in formalism");
    for structure in structures {
        let formulas: Vec<Formula> = source
            .text
            .split('\n')
            .filter_map(|text| parsed(formalism, text, structure))
            .collect();
        let all: Vec<&Formula> = formulas.iter().collect();
        let first = &all[..all.len().min(8)];
        for conclusion in first {
            // Each implies itself, and so does any set that it is in.
            assert!(implied(formalism, &[conclusion], conclusion));
            assert!(implied(formalism, &all, conclusion));
            for premise in first {
                implied(formalism, &[premise], conclusion);
            }
        }
        let _ = formalism.satisfiable(&all, BUDGET);
    }
}

/// A formula, if the text is one: printed, it is the same. A fault has a place in the text.
fn parsed(formalism: &dyn Formalism, text: &str, structure: &Structure) -> Option<Formula> {
    match formalism.parse(text, structure) {
        Err(fault) => {
            let span = fault.span;
            assert!(text.get(span.start..span.end).is_some(), "{fault:?}");
            None
        }
        Ok(formula) => {
            let printed = formalism.print(&formula);
            let again = formalism.parse(&printed, structure);
            let again = again.unwrap_or_else(|fault| panic!("{printed}: {fault:?}"));
            assert_eq!(formalism.print(&again), printed);
            for premise_and_conclusion in [[&formula, &again], [&again, &formula]] {
                let [premise, conclusion] = premise_and_conclusion;
                assert!(implied(formalism, &[premise], conclusion), "{printed}");
            }
            Some(formula)
        }
    }
}

/// Whether the conclusion follows; where it does not, the witness shows it.
fn implied(formalism: &dyn Formalism, premises: &[&Formula], conclusion: &Formula) -> bool {
    match formalism.implies(premises, &Events::All, conclusion, BUDGET) {
        Verdict::Holds => true,
        Verdict::Fails(witness) => {
            assert!(formalism.replay(premises, &Events::All, conclusion, &witness));
            false
        }
        Verdict::Unknown(_) => false,
    }
}
