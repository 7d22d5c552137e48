//! Formalisms that meet: guarantees in one and requirements in another, and guarantees under
//! assumptions.

use std::sync::Arc;

use liveobj_formalisms::{Ontology, Properties, builtin, with_ontology};
use liveobj_types::relation::DEFAULT_BUDGET;
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::{Formalisms, Module, Relations, Severity, Source, TypeId, Types};

/// The verdict where two endpoints are connected: `a` goes from the first to the second, `b` back.
fn verdict(formalisms: &Formalisms, first: &str, second: &str) -> String {
    answer(formalisms, first, second).0
}

/// The same, and what it rests on without a proof.
fn answer(formalisms: &Formalisms, first: &str, second: &str) -> (String, Vec<String>) {
    connect(
        formalisms,
        &format!("out a(n: u64); in b(); {first}"),
        &format!("in a(n: u64); out b(); {second}"),
    )
}

/// The verdict where two endpoints with these members are connected, or what is wrong with them.
pub(super) fn connected(formalisms: &Formalisms, first: &str, second: &str) -> String {
    connect(formalisms, first, second).0
}

/// The same, and what it rests on without a proof.
fn connect(formalisms: &Formalisms, first: &str, second: &str) -> (String, Vec<String>) {
    let text = format!("endpoint First {{ {first} }} endpoint Second {{ {second} }}");
    let source = Source::new("test.lot", text);
    let (module, faults) = Module::parse("test", &source, &mut |_| None);
    assert_eq!(faults, []);
    let mut types = Types::new();
    let findings = types.check_module(&module, formalisms);
    let mut errors = findings.iter().filter(|it| it.severity == Severity::Error);
    if let Some(error) = errors.next() {
        return (error.message.clone(), Vec::new());
    }
    let ends = ["First", "Second"].map(|name| {
        let source = Source::new("type", name);
        let parsed = parse_type(&source).expect("a name");
        let id = types.resolve(&module, &source, &parsed, &Environment::new());
        match id.expect("it is declared") {
            TypeId::Endpoint(id) => id,
            other => panic!("{other:?}"),
        }
    });
    let mut relations = Relations::new(&mut types, formalisms);
    let verdict = relations.matches(ends[0], ends[1]).to_string();
    drop(relations);
    let words = types.words();
    let words = words.map(|word| format!("{} -> {}", word.premises.join(", "), word.conclusion));
    (verdict, words.collect())
}

#[test]
fn properties_that_are_defined_meet_temporal_constraints() {
    let ontology = "once: No value comes twice.\n    temporal at most once a(x)\n\
                    never: Nothing comes at all.\n    temporal G !a\n    implies once\n\
                    soon: Something comes soon.\n";
    let properties = Properties::new(Ontology::parse(ontology).expect("an ontology"));
    let mut formalisms = builtin();
    formalisms.add(Arc::new(properties));
    let meets = |provided: &str, required: &str| {
        let (provided, required) = (
            format!("provides {provided};"),
            format!("requires {required};"),
        );
        verdict(&formalisms, &provided, &required)
    };
    // A guarantee is told on, with what follows from it.
    assert_eq!(
        meets(r#"properties "once""#, r#"temporal "at most once a(x)""#),
        "holds"
    );
    assert_eq!(
        meets(r#"properties "never""#, r#"temporal "G !a""#),
        "holds"
    );
    assert_eq!(meets(r#"properties "once""#, r#"temporal "G !a""#), "fails");
    // A requirement is asked where it is defined.
    assert_eq!(meets(r#"temporal "G !a""#, r#"properties "once""#), "holds");
    assert_eq!(
        meets(r#"temporal "at most once a(x)""#, r#"properties "never""#),
        "fails"
    );
    // What is not defined is neither.
    assert_eq!(
        meets(r#"properties "soon""#, r#"temporal "F a""#),
        "unknown"
    );
    assert_eq!(
        meets(r#"temporal "F a""#, r#"properties "soon""#),
        "unknown"
    );
}

#[test]
fn temporal_guarantees_wait_for_each_other_only_if_nobody_can_be_the_first_to_break_them() {
    let formalisms = builtin();
    let circle = |first: &str, second: &str| {
        verdict(
            &formalisms,
            &format!(
                r#"provides temporal "{first}" given "{second}"; requires temporal "{second}";"#
            ),
            &format!(
                r#"provides temporal "{second}" given "{first}"; requires temporal "{first}";"#
            ),
        )
    };
    assert_eq!(circle("G !a", "G !b"), "holds");
    // Each could wait for the other for ever.
    assert_eq!(circle("F a", "F b"), "unknown");
    // The peer breaks what it does not provide.
    assert_eq!(circle("G !b", "G !a"), "unknown");
    // Without a circle liveness will do.
    let first = r#"provides temporal "F a" given "F b"; requires temporal "F b";"#;
    let second = r#"provides temporal "F b"; requires temporal "F a";"#;
    assert_eq!(verdict(&formalisms, first, second), "holds");
}

const ACME: &str = "ontology acme
urgent: It comes soon.
    implies first, best_effort because it is so
    implies quick because it is so
first: It comes once.
    temporal at most once a(x)
once: It comes once at most.
    temporal at most once a(x)
    implies first
quick: It comes quickly.
";

fn acme() -> Formalisms {
    let file = Source::new("acme.ontology", ACME);
    let ontology = Ontology::with_files(&[file], DEFAULT_BUDGET);
    with_ontology(ontology.expect("it is in order"))
}

/// Over translations too, and only where nothing else shows it.
#[test]
fn what_rests_on_an_axiom_says_so() {
    let formalisms = acme();
    let once = r#"temporal "at most once a(x)""#;
    let axiom = || vec!["acme.urgent -> acme.first".to_owned()];
    for (provided, required, words) in [
        (
            r#"properties "acme.urgent""#,
            r#"properties "acme.first""#,
            axiom(),
        ),
        (r#"properties "acme.urgent""#, once, axiom()),
        (
            r#"properties "acme.urgent""#,
            r#"properties "acme.urgent""#,
            vec![],
        ),
        (
            r#"properties "acme.once""#,
            r#"properties "acme.first""#,
            vec![],
        ),
        (r#"properties "acme.once""#, once, vec![]),
        (
            r#"properties "acme.urgent, acme.once""#,
            r#"properties "acme.first""#,
            vec![],
        ),
        (r#"properties "acme.urgent, acme.once""#, once, vec![]),
        (once, r#"properties "acme.first""#, vec![]),
    ] {
        let (provides, requires) = (
            format!("provides {provided};"),
            format!("requires {required};"),
        );
        let answer = answer(&formalisms, &provides, &requires);
        assert_eq!(answer, ("holds".to_owned(), words), "{provided} {required}");
    }
    // Where an axiom would do, and a guarantee in another formalism shows it.
    let both = format!(r#"provides properties "acme.urgent"; provides {once};"#);
    for required in [
        r#"requires properties "acme.first";"#.to_owned(),
        format!("requires {once};"),
    ] {
        let answer = answer(&formalisms, &both, &required);
        assert_eq!(answer, ("holds".to_owned(), vec![]), "{required}");
    }
}

#[test]
fn an_axiom_alone_meets_no_assumption() {
    let formalisms = acme();
    let meets = |kept: &str| {
        let first = r#"provides properties "reliable" given "acme.first"; requires properties "acme.first";"#;
        let second = format!(r#"provides properties "{kept}"; requires properties "agreement";"#);
        verdict(&formalisms, first, &second)
    };
    assert_eq!(meets("acme.once"), "holds");
    assert_eq!(meets("acme.first"), "holds");
    assert_eq!(meets("acme.urgent"), "unknown");
}
