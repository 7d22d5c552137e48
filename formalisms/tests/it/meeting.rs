//! Formalisms that meet: guarantees in one and requirements in another, and guarantees under
//! assumptions.

use std::sync::Arc;

use liveobj_formalisms::{Ontology, Properties, builtin};
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::{Formalisms, Module, Relations, Severity, Source, TypeId, Types};

/// The verdict where two endpoints are connected: `a` goes from the first to the second, `b` back.
fn verdict(formalisms: &Formalisms, first: &str, second: &str) -> String {
    connected(
        formalisms,
        &format!("out a(n: u64); in b(); {first}"),
        &format!("in a(n: u64); out b(); {second}"),
    )
}

/// The verdict where two endpoints with these members are connected, or what is wrong with them.
pub(super) fn connected(formalisms: &Formalisms, first: &str, second: &str) -> String {
    let text = format!("endpoint First {{ {first} }} endpoint Second {{ {second} }}");
    let source = Source::new("test.lot", text);
    let (module, faults) = Module::parse("test", &source, &mut |_| None);
    assert_eq!(faults, []);
    let mut types = Types::new();
    let findings = types.check_module(&module, formalisms);
    let mut errors = findings.iter().filter(|it| it.severity == Severity::Error);
    if let Some(error) = errors.next() {
        return error.message.clone();
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
    relations.matches(ends[0], ends[1]).to_string()
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
