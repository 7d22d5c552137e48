//! Tests of the decision procedure; the parser, the evaluator and the engine have their own.

mod decided;
mod form;
mod objects;
pub(super) mod random;

use std::collections::BTreeSet;

use liveobj_types::formalism::{
    Domain, EndpointStructure, Events, Formalism, Formula, Parameter, Structure,
};
use liveobj_types::verdict::Verdict;

use super::Temporal;

const BUDGET: u64 = 1_000_000;

/// A channel as its owner has it: `send(m)` is handled, `receive(m)` emitted.
fn channel() -> EndpointStructure {
    let event = |name: &str, parameters: &[&str]| {
        let parameters = parameters.iter().map(|name| Parameter {
            name: (*name).to_owned(),
            domain: Domain::default(),
        });
        (name.to_owned(), parameters.collect::<Vec<_>>())
    };
    EndpointStructure {
        name: String::new(),
        received: [event("send", &["m"]), event("stop", &[])].into(),
        emitted: [event("receive", &["m"]), event("done", &[])].into(),
    }
}

fn formula(text: &str) -> Formula {
    let structure = Structure::Endpoint(channel());
    match Temporal::new().parse(text, &structure) {
        Ok(formula) => formula,
        Err(error) => panic!("{text}: {error:?}"),
    }
}

fn emitting(events: &[&str]) -> Events {
    let names: BTreeSet<String> = events.iter().map(|name| (*name).to_owned()).collect();
    Events::Endpoint(names)
}

/// `holds`, `fails` or `unknown`; premises are separated by semicolons.
fn answer(premises: &str, events: &Events, conclusion: &str) -> String {
    let premises = premises.split(';').filter(|text| !text.trim().is_empty());
    let premises: Vec<Formula> = premises.map(formula).collect();
    let premises: Vec<&Formula> = premises.iter().collect();
    let conclusion = formula(conclusion);
    let temporal = Temporal::new();
    let verdict = temporal.implies(&premises, events, &conclusion, BUDGET);
    if let Verdict::Fails(witness) = &verdict {
        assert!(temporal.replay(&premises, events, &conclusion, witness));
    }
    verdict.to_string()
}
