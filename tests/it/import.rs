//! `liveobj import`: what becomes of a directory of documents of 2009.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use expect_test::{Expect, expect};
use liveobj_tests::support::{liveobj, root};
use serde_json::Value;

/// Runs the command in a directory; answers the exit code, standard output and standard error.
fn import(directory: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = liveobj(directory);
    command.current_dir(directory).arg("import").args(arguments);
    let output = command.output().expect("liveobj runs");
    let text = |bytes| String::from_utf8(bytes).expect("it prints UTF-8");
    let (out, errors) = (text(output.stdout), text(output.stderr));
    (output.status.code(), out, errors)
}

/// A document of 2009 about this object.
fn document(object: &str) -> String {
    let schema = "http://www.w3.org/2001/XMLSchema";
    format!("<Root xmlns:xsi=\"{schema}-instance\" xmlns:xsd=\"{schema}\">\n{object}\n</Root>\n")
}

const REGISTRY: &str =
    r#"<Object xsi:type="ReferenceObject" id="E8C9D312C27649F39812B8E99AA67CBC"/>"#;

/// In `old`: two good documents, one of them in a folder of its own, three bad ones, and what is
/// no document of 2009.
fn tree() -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let old = directory.path().join("old");
    fs::create_dir_all(old.join("rooms")).expect("it is writable");
    let write = |name: &str, text: &str| {
        fs::write(old.join(name), text).expect("it is writable");
    };
    let note = fs::read_to_string(root().join("examples/original/note.liveobject"));
    write("note.liveobject", &note.expect("the example is there"));
    write("rooms/registry.xml", &document(REGISTRY));
    write(
        "unknown.liveobject",
        &document(r#"<Object xsi:type="ReferenceObject" id="E8C9"/>"#),
    );
    write(
        "null.liveobject",
        &document(r#"<Object xsi:type="ReferenceObject"/>"#),
    );
    let long = format!(
        "<Object xsi:type=\"CompositeObject\"><Component id=\"{}\">{REGISTRY}</Component></Object>",
        "n".repeat(257)
    );
    write("rooms/long.liveobject", &document(&long));
    write("readme.txt", "what is in here");
    write("rooms/page.html", "<html/>");
    write(
        "today.liveobject",
        "<liveobject xmlns=\"urn:liveobj:reference:1\"/>",
    );
    symlink("note.liveobject", old.join("link.liveobject")).expect("it is writable");
    directory
}

fn check(directory: &Path, arguments: &[&str], code: i32, expected: Expect) {
    let (found, shown, errors) = import(directory, arguments);
    expected.assert_eq(&shown);
    assert_eq!((found, errors.as_str()), (Some(code), ""));
}

#[test]
fn the_summary_tells_what_would_become_of_each_document_and_why_not() {
    let directory = tree();
    check(
        directory.path(),
        &["old"],
        1,
        expect![[r#"
        failed, limit-exceeded: 1 file
          rooms/long.liveobject:2:51: the name of a component is longer than 256 bytes
        failed, original-not-convertible: 1 file
          null.liveobject:2:1: the document is the null reference: there is no object
        failed, original-unknown-id: 1 file
          unknown.liveobject:2:40: no component has the id E8C9
        skipped, a reference of today: 1 file
        skipped, a symbolic link: 1 file
        skipped, other XML: 1 file
        skipped, other text: 1 file
        2 files can be converted, 3 failed, 4 skipped
    "#]],
    );
    let mut entries = fs::read_dir(directory.path()).expect("it is readable");
    let only = entries.next().expect("it holds `old`").expect("readable");
    assert_eq!(only.file_name(), "old");
    assert!(entries.next().is_none(), "nothing is written");
}

#[test]
fn what_is_there_is_replaced_only_when_that_is_asked_for() {
    let directory = tree();
    let path = directory.path();
    for bad in ["unknown", "null", "rooms/long"] {
        fs::remove_file(path.join(format!("old/{bad}.liveobject"))).expect("it is there");
    }
    fs::create_dir(path.join("new")).expect("it is writable");
    let note = path.join("new/note.liveobject");
    fs::write(&note, "mine").expect("it is writable");
    let arguments = ["old", "--into", "new"];
    check(
        path,
        &arguments,
        1,
        expect![[r#"
        failed, another file is in the way: 1 file
          note.liveobject: `new/note.liveobject` is there; --overwrite replaces it
        skipped, a reference of today: 1 file
        skipped, a symbolic link: 1 file
        skipped, other XML: 1 file
        skipped, other text: 1 file
        1 file converted, 1 failed, 4 skipped
    "#]],
    );
    assert_eq!(fs::read_to_string(&note).expect("it is there"), "mine");
    let registry = path.join("new/rooms/registry.xml.liveobject");
    assert!(registry.exists());

    check(
        path,
        &["old", "--into", "new", "--overwrite"],
        0,
        expect![[r#"
            skipped, a reference of today: 1 file
            skipped, a symbolic link: 1 file
            skipped, other XML: 1 file
            skipped, other text: 1 file
            1 file converted, 1 there already, 4 skipped
        "#]],
    );
    assert_ne!(fs::read_to_string(&note).expect("it is there"), "mine");
    // Again: there is nothing left to do.
    check(
        path,
        &arguments,
        0,
        expect![[r#"
        skipped, a reference of today: 1 file
        skipped, a symbolic link: 1 file
        skipped, other XML: 1 file
        skipped, other text: 1 file
        0 files converted, 2 there already, 4 skipped
    "#]],
    );
    for written in [note, registry] {
        let checked = liveobj(path).arg("check").arg(&written).output();
        let checked = checked.expect("liveobj runs");
        assert!(
            checked.status.success(),
            "{}: {checked:?}",
            written.display()
        );
    }
}

#[test]
fn the_json_of_the_summary_counts_and_lists_every_file() {
    let directory = tree();
    let (code, shown, _) = import(directory.path(), &["old", "--format", "json"]);
    assert_eq!(code, Some(1));
    let report: Value = serde_json::from_str(&shown).expect("it is JSON");
    let counts = ["converted", "unchanged", "failed", "skipped"].map(|key| report[key].as_u64());
    assert_eq!(counts, [2, 0, 3, 4].map(Some));
    let files = report["files"].as_array().expect("a list");
    let kinds: Vec<String> = files
        .iter()
        .map(|file| {
            let kind = file["reason"]["kind"].as_str().unwrap_or("-");
            format!("{} {}: {kind}\n", file["path"], file["outcome"]).replace('"', "")
        })
        .collect();
    expect![[r#"
        link.liveobject skipped: a symbolic link
        note.liveobject converted: -
        null.liveobject failed: original-not-convertible
        readme.txt skipped: other text
        rooms/long.liveobject failed: limit-exceeded
        rooms/page.html skipped: other XML
        rooms/registry.xml converted: -
        today.liveobject skipped: a reference of today
        unknown.liveobject failed: original-unknown-id
    "#]]
    .assert_eq(&kinds.concat());
}

#[test]
fn what_is_no_directory_is_not_imported() {
    let directory = tree();
    for (name, expected) in [
        (
            "old/note.liveobject",
            expect![[r#"
            error: cannot read `old/note.liveobject`: Not a directory (os error 20)
            help: `liveobj convert` converts a single file
        "#]],
        ),
        (
            "nowhere",
            expect![[r#"
            error: cannot read `nowhere`: No such file or directory (os error 2)
        "#]],
        ),
    ] {
        let (code, shown, errors) = import(directory.path(), &[name]);
        assert_eq!((code, shown.as_str()), (Some(1), ""));
        expected.assert_eq(&errors);
    }
}
