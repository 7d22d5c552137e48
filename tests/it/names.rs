//! Names on the command line: one that is misspelt is told with the right one, and for one that is
//! far from all none is suggested. Names in documents: `liveobj-references`.

use std::fs;

use liveobj_tests::support::liveobj;

/// What is meant, how it is misspelt on the command line, something that is far from all, and how
/// the right one is suggested.
const ROWS: &[(&str, &[&str], &[&str], &str)] = &[
    (
        "the code of a finding",
        &["explain", "unknown-endpont"],
        &["explain", "banana"],
        "did you mean `unknown-endpoint`?",
    ),
    (
        "a command",
        &["chek", "x"],
        &["banana"],
        "similar subcommand exists: 'check'",
    ),
    (
        "a command of commands",
        &["library", "lst"],
        &["library", "banana"],
        "similar subcommand exists: 'list'",
    ),
    (
        "an option",
        &["check", "--alow", "unknown", "x"],
        &["check", "--banana", "x"],
        "similar argument exists: '--allow'",
    ),
    (
        "a formalism",
        &["implies", "--formalism", "propertis", "a", "b"],
        &["implies", "--formalism", "banana", "a", "b"],
        "did you mean `properties`?",
    ),
    (
        "a property",
        &["implies", "--formalism", "properties", "fifoo", "fifo"],
        &["implies", "--formalism", "properties", "banana", "fifo"],
        "write `fifo`",
    ),
    (
        "a file",
        &["check", "clokc.liveobject"],
        &["check", "banana.liveobject"],
        "there is a file `clock.liveobject`",
    ),
    (
        "a type",
        &["describe", "Timre"],
        &["describe", "Banana"],
        "did you mean `Timer`?",
    ),
    (
        "a library",
        &["describe", "liveobj:standrad"],
        &["describe", "banana:split"],
        "there is a library `liveobj:standard`",
    ),
];

#[test]
fn a_misspelt_name_is_told_with_the_right_one() {
    let home = tempfile::tempdir().expect("a temporary directory");
    fs::write(home.path().join("clock.liveobject"), "").expect("it is writable");
    let told = |arguments: &[&str]| {
        let mut command = liveobj(home.path());
        let output = command.args(arguments).current_dir(home.path()).output();
        let output = output.expect("liveobj runs");
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8(output.stderr).expect("it prints UTF-8")
    };
    let mut wrong = Vec::new();
    for (what, misspelt, far, suggestion) in ROWS {
        let found = told(misspelt);
        if !found.contains(suggestion) {
            wrong.push(format!("{what}, {misspelt:?}:\n{found}"));
        }
        let found = told(far);
        if found.contains(suggestion) || found.contains("did you mean") {
            wrong.push(format!("{what}, {far:?}:\n{found}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
