//! `check --strict-2009`: what the platform of 2009 said of its documents.

use std::fs;
use std::path::Path;

use liveobj_tests::support::{liveobj, root};
use serde_json::Value;

/// Runs the check in a directory; answers the exit code, standard output and standard error.
fn check(directory: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = liveobj(directory)
        .current_dir(directory)
        .args(["check", "--strict-2009"])
        .args(arguments)
        .output()
        .expect("liveobj runs");
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

/// A directory with a document that loads, the same with braces, an empty one, and others.
fn documents() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &str| {
        fs::write(directory.path().join(name), text).expect("it is writable");
    };
    let good = fs::read_to_string(root().join("examples/original/note.liveobject")).expect("it is");
    write("good.liveobject", &good);
    let braced = good.replace("id=\"E3EA16F4ECC84B3B998E01F3B78E9AC9\"", "id=\"{E3EA}\"");
    write("braced.liveobject", &braced);
    write("empty.liveobject", "<Root/>");
    write("new.liveobject", "<liveobject/>");
    directory
}

#[test]
fn each_document_gets_a_verdict() {
    let directory = documents();
    let names = ["good.liveobject", "empty.liveobject", "braced.liveobject"];
    let (code, shown, _) = check(directory.path(), &names);
    assert_eq!(code, Some(1));
    assert!(shown.contains("good.liveobject: loads as `"), "{shown}");
    assert!(
        shown.contains(", 0`1:DD0FCDFD36F8403F8CF55EB1FDA22ECB`0\n"),
        "{shown}"
    );
    assert!(
        shown.contains("empty.liveobject: loads, and holds no object"),
        "{shown}"
    );
    assert!(
        shown.contains("`{E3EA}` is no identifier: it stands in braces"),
        "{shown}"
    );
    assert!(
        shown.ends_with("3 documents: 1 load, 1 hold no object, 1 do not load\n"),
        "{shown}"
    );
}

#[test]
fn a_document_without_an_object_is_no_error() {
    let directory = documents();
    let (code, ..) = check(directory.path(), &["good.liveobject", "empty.liveobject"]);
    assert_eq!(code, Some(0));
}

#[test]
fn the_report_for_programs_has_the_recorded_members() {
    let directory = documents();
    let names = [
        "good.liveobject",
        "empty.liveobject",
        "braced.liveobject",
        "--format",
        "json",
    ];
    let (code, shown, _) = check(directory.path(), &names);
    assert_eq!(code, Some(1));
    let report: Value = serde_json::from_str(&shown).expect("it prints JSON");
    let member = |at: usize, name: &str| report["references"][at][name].clone();
    assert_eq!(member(0, "verdict"), "ok");
    assert_eq!(
        member(0, "object_class"),
        "0`1:DD0FCDFD36F8403F8CF55EB1FDA22ECB`0"
    );
    assert_eq!(member(1, "verdict"), "null");
    assert_eq!(member(2, "verdict"), "error");
    assert_eq!(member(2, "object_class"), "");
    assert_eq!(member(2, "diagnostics")[0]["message"], member(2, "message"));
}

#[test]
fn a_document_of_today_and_a_missing_one_are_told_apart() {
    let directory = documents();
    let (code, shown, _) = check(directory.path(), &["new.liveobject"]);
    assert_eq!(code, Some(1));
    assert!(
        shown.contains("this is not a document of the 2009 platform"),
        "{shown}"
    );
    assert!(
        shown.contains("check it without `--strict-2009`"),
        "{shown}"
    );
    let (code, shown, complaint) = check(directory.path(), &["god.liveobject"]);
    assert_eq!((code, shown.as_str()), (Some(1), ""));
    assert!(
        complaint.contains("there is a file `good.liveobject`"),
        "{complaint}"
    );
}
