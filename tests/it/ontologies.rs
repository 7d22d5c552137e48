//! Ontologies of users: what their documentation shows, and runtimes that have different ones.

use std::fs;

use liveobj::{BuildError, OpenError, Runtime, RuntimeBuilder, Source};
use liveobj_tests::support::{console, root};

/// The blocks of docs/ontologies.md in this language.
fn blocks(language: &str) -> Vec<String> {
    let text = fs::read_to_string(root().join("docs/ontologies.md")).expect("it is there");
    let blocks = text.split("```").skip(1).step_by(2);
    let blocks = blocks.filter_map(|block| block.strip_prefix(language)?.strip_prefix('\n'));
    blocks.map(str::to_owned).collect()
}

#[test]
fn the_example_of_the_documentation_is_the_one_that_is_there() {
    let example = fs::read_to_string(root().join("examples/ontology/acme.ontology"));
    assert_eq!(blocks("ontology"), [example.expect("it is there")]);
}

#[test]
fn commands_of_the_documentation_say_what_it_shows() {
    let home = tempfile::tempdir().expect("a temporary directory");
    assert_eq!(console(home.path(), "ontologies.md"), 3);
}

fn built(builder: RuntimeBuilder) -> Runtime {
    builder.build().expect("a runtime")
}

#[test]
fn what_was_checked_with_an_ontology_is_checked_again_where_there_is_another() {
    let folder = root().join("examples/ontology");
    let text = fs::read_to_string(folder.join("desk.liveobject")).expect("it is there");
    let document = Source::new("desk.liveobject", text);
    let acme = built(Runtime::builder().ontology(folder.join("acme.ontology")));
    let other = tempfile::tempdir().expect("a temporary directory");
    let weaker = other.path().join("acme.ontology");
    let declared = ["ledger", "urgent", "trading"].map(|name| format!("{name}: So.\n"));
    fs::write(&weaker, format!("ontology acme\n{}", declared.concat())).expect("written");
    let weaker = built(Runtime::builder().ontology(&weaker));
    let reference = acme.check(&document).reference.expect("well typed");
    for (runtime, code) in [
        (built(Runtime::builder()), "endpoint-not-shown"),
        (weaker, "endpoint-mismatch"),
    ] {
        let checked = runtime.check(&document);
        let codes: Vec<&str> = checked
            .diagnostics
            .iter()
            .map(|it| it.code.as_str())
            .collect();
        assert_eq!(codes, [code]);
        let error = runtime
            .open_blocking(&reference)
            .expect_err("it is refused");
        assert!(matches!(error, OpenError::RefusedHere { .. }), "{error}");
        // What the others found stays theirs.
        assert!(acme.check(&document).reference.is_some());
    }
    let error = acme
        .open_blocking(&reference)
        .expect_err("there is no registry");
    assert!(!matches!(error, OpenError::RefusedHere { .. }), "{error}");
}

#[test]
fn files_that_are_no_ontologies_are_named() {
    let missing = Runtime::builder().ontology("/no/such.ontology").build();
    let Err(error @ BuildError::Ontology { .. }) = missing else {
        panic!("{missing:?}")
    };
    let said = error.to_string();
    assert!(
        said.starts_with("cannot read ontology `/no/such.ontology`: "),
        "{said}"
    );
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("acme.ontology");
    fs::write(&file, "ontology acme\nnonsense\n").expect("written");
    let refused = Runtime::builder().ontology(&file).build();
    let Err(BuildError::Ontologies { diagnostics }) = refused else {
        panic!("{refused:?}")
    };
    assert_eq!(diagnostics[0].code.as_str(), "ontology-syntax");
    fs::write(&file, " ".repeat((1 << 20) + 1)).expect("written");
    let large = Runtime::builder().ontology(&file).build();
    let said = large.expect_err("it is too large").to_string();
    assert!(
        said.ends_with("it has 1048577 bytes, and may have 1048576"),
        "{said}"
    );
}
