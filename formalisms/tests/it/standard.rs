//! What follows from what among the standard definitions of `temporal`, and that the facts of
//! `properties` are among it.

use std::fs;
use std::path::PathBuf;

use liveobj_formalisms::temporal::standard_names;
use liveobj_formalisms::{Fact, Ontology, Temporal};
use liveobj_types::formalism::{
    Domain, EndpointStructure, Events, Formalism, Formula, Parameter, Structure,
};
use liveobj_types::verdict::Verdict;

const BUDGET: u64 = 1_000_000;

const BEGIN: &str = "<!-- implications: kept by a test -->\n";
const END: &str = "<!-- end -->\n";

/// A channel with views.
fn structure() -> Structure {
    let event = |name: &str, parameter: &str| {
        let parameter = Parameter {
            name: parameter.to_owned(),
            domain: Domain {
                key: parameter.to_owned(),
                size: None,
            },
        };
        (name.to_owned(), vec![parameter])
    };
    Structure::Endpoint(EndpointStructure {
        name: String::new(),
        received: [event("send", "message")].into(),
        emitted: [event("receive", "message"), event("view", "number")].into(),
    })
}

fn read(text: &str) -> Formula {
    let read = Temporal::new().parse(text, &structure());
    read.unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn implies(premises: &[&Formula], conclusion: &Formula) -> Verdict {
    Temporal::new().implies(premises, &Events::All, conclusion, BUDGET)
}

/// A row for each definition, a column for each.
fn table() -> String {
    let names: Vec<&str> = standard_names().collect();
    let formulas: Vec<Formula> = names.iter().map(|name| read(name)).collect();
    let mut table = format!("\n```text\n{:27}", "");
    (1..=names.len()).for_each(|column| table += &format!("{column:>3}"));
    for (row, (name, premise)) in (1..).zip(names.iter().zip(&formulas)) {
        table += &format!("\n{row:>3} {name:23}");
        for conclusion in &formulas {
            let verdict = implies(&[premise], conclusion);
            if let Verdict::Fails(witness) = &verdict {
                let temporal = Temporal::new();
                assert!(temporal.replay(&[premise], &Events::All, conclusion, witness));
            }
            table += match verdict {
                Verdict::Holds => "  +",
                Verdict::Fails(_) => "  .",
                Verdict::Unknown(_) => "  ?",
            };
        }
    }
    table + "\n```\n\n"
}

#[test]
fn the_documentation_shows_all_implications() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/temporal.md");
    let manual = fs::read_to_string(&path).expect("it is readable");
    let (before, rest) = manual.split_once(BEGIN).expect("where they begin");
    let (shown, after) = rest.split_once(END).expect("where they end");
    let expected = table();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, format!("{before}{BEGIN}{expected}{END}{after}")).expect("it is writable");
    } else {
        assert!(
            shown == expected,
            "run it with UPDATE_EXPECT=1; now it is\n{expected}"
        );
    }
    assert!(!expected.contains('?'), "{expected}");
}

/// Each fact of the ontology follows from the definitions of its names, or is an axiom.
#[test]
fn facts_of_the_ontology_are_theorems_or_axioms() {
    let ontology = Ontology::standard();
    let (mut theorems, mut axioms) = (0, 0);
    for Fact {
        premises,
        conclusion,
        axiom,
        ..
    } in ontology.facts()
    {
        let definition = |name: &str| ontology.properties()[name].temporal.as_deref();
        let names = premises.iter().chain([conclusion]).map(String::as_str);
        let defined: Option<Vec<Formula>> =
            names.map(|name| Some(read(definition(name)?))).collect();
        match (axiom, defined) {
            (None, Some(formulas)) => {
                let (conclusion, premises) = formulas.split_last().expect("a conclusion");
                let premises: Vec<&Formula> = premises.iter().collect();
                let verdict = implies(&premises, conclusion);
                assert!(
                    verdict.holds(),
                    "{premises:?} -> {conclusion:?}: {verdict:?}"
                );
                theorems += 1;
            }
            (Some(_), None) => axioms += 1,
            (Some(_), Some(_)) => panic!("{premises:?} -> {conclusion} needs no axiom"),
            (None, None) => panic!("{premises:?} -> {conclusion} is neither proved nor an axiom"),
        }
    }
    assert!(
        theorems > 15 && axioms > 0,
        "{theorems} theorems, {axioms} axioms"
    );
}

/// No definition of a name counts moments at which nothing happens, and each can be kept.
#[test]
fn definitions_are_fit_for_declarations() {
    for name in standard_names() {
        let formula = read(name);
        let temporal = Temporal::new();
        assert!(temporal.ignores_silence(&formula, BUDGET).holds(), "{name}");
        assert!(temporal.satisfiable(&[&formula], BUDGET).holds(), "{name}");
    }
}
