//! `liveobj compare`: both directions, with the reason, and an exit code on request.

use std::process::Output;

use liveobj_tests::support::{liveobj, root};

fn compare(arguments: &[&str]) -> Output {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut command = liveobj(home.path());
    command.arg("compare").args(arguments).current_dir(root());
    command.output().expect("liveobj runs")
}

fn printed(arguments: &[&str]) -> String {
    String::from_utf8(compare(arguments).stdout).expect("it prints UTF-8")
}

#[test]
fn a_subtype_is_told_from_its_supertype() {
    assert_eq!(
        printed(&["list<u8>", "list<u32>"]),
        "`list<u8>` may stand for `list<u32>`\n\
         `list<u32>` may not stand for `list<u8>`\n  \
         at element: `list<u32>` has `u32`, but `list<u8>` needs `u8`\n  \
         a reader of `list<u8>` would be given `[256]`, which it cannot take\n"
    );
}

#[test]
fn endpoints_of_references_match_their_mirror() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let file = scratch.path().join("clock.liveobject");
    let document = r#"<liveobject xmlns="urn:liveobj:reference:1">
        <external name="timer" library="liveobj:standard"/></liveobject>"#;
    std::fs::write(&file, document).expect("it is writable");
    let endpoint = format!("{}#timer", file.display());
    let required = ["mirror TimerService", &endpoint, "--require", "match"];
    assert_eq!(compare(&required).status.code(), Some(0));
    let required = ["TimerService", &endpoint, "--require", "match"];
    assert_eq!(compare(&required).status.code(), Some(1));
    let required = ["TimerService", &endpoint, "--require", "same"];
    assert_eq!(compare(&required).status.code(), Some(0));
}

#[test]
fn programs_get_verdicts_trails_and_suggestions() {
    let json = printed(&["Folder<Object>", "Folder<Timer>", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&json).expect("it is JSON");
    assert_eq!(report["kind"], "object");
    assert_eq!(report["same"], false);
    let first = &report["relations"][0];
    assert_eq!(first["relation"], "subtype");
    assert_eq!(first["verdict"], "fails");
    let trail = &first["mismatches"][0]["trail"];
    assert_eq!(trail[0], "endpoint `folder`");
    assert_eq!(report["relations"][1]["verdict"], "holds");
}

#[test]
fn types_of_two_kinds_are_not_compared() {
    let output = compare(&["Text", "Timer"]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).expect("it prints UTF-8");
    assert!(
        message.contains("`Text` is a type of kind endpoint"),
        "{message}"
    );
}
