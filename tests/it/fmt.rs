//! `liveobj fmt`: what it writes, what it leaves alone, and what it says.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};

use liveobj_tests::support::{built, liveobj, root};
use serde_json::Value;

const UGLY: &str = "record A{a:u8} // why\n";
const NEAT: &str = "record A { a: u8 } // why\n";
const NOTE: &str = r#"<liveobject xmlns="urn:liveobj:reference:1">
  <external name="shared_text" library="liveobj:documents"/> <!-- the note -->
</liveobject>
"#;

/// Runs `liveobj fmt` in a folder, with no library at hand but the standard one.
fn fmt(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = liveobj(folder);
    command.arg("fmt").args(arguments).current_dir(folder);
    command.output().expect("liveobj runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it prints UTF-8")
}

fn scratch(files: &[(&str, &str)]) -> tempfile::TempDir {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    for (name, text) in files {
        let path = scratch.path().join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("it is writable");
        fs::write(path, text).expect("it is writable");
    }
    scratch
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect("it is there")
}

#[test]
fn check_shows_what_would_change_and_changes_nothing() {
    let folder = scratch(&[("a.lot", UGLY), ("b.lot", NEAT)]);
    let output = fmt(folder.path(), &["--check", "a.lot", "b.lot"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stdout),
        "--- a.lot\n+++ a.lot, formatted\n@@ -1,1 +1,1 @@\n-record A{a:u8} // why\n\
         +record A { a: u8 } // why\n"
    );
    assert_eq!(read(folder.path(), "a.lot"), UGLY);
    let output = fmt(folder.path(), &["--check", "b.lot"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn files_are_rewritten_in_place_once() {
    let folder = scratch(&[("a.lot", UGLY), ("b.lot", NEAT)]);
    let output = fmt(folder.path(), &["a.lot", "b.lot"]);
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stdout), "a.lot: formatted\n");
    assert_eq!(read(folder.path(), "a.lot"), NEAT);
    let output = fmt(folder.path(), &["a.lot", "b.lot"]);
    assert_eq!(text(&output.stdout), "");
}

#[test]
fn standard_input_goes_to_standard_output() {
    let folder = scratch(&[]);
    let spaced = "<liveobject  xmlns='urn:liveobj:reference:1'><primitive id='2'/></liveobject>";
    let neat =
        "<liveobject xmlns=\"urn:liveobj:reference:1\">\n  <primitive id=\"2\"/>\n</liveobject>\n";
    for (input, expected) in [(UGLY, NEAT), (spaced, neat), (NEAT, NEAT)] {
        let mut command = liveobj(folder.path());
        command.args(["fmt", "-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().expect("liveobj runs");
        let mut stdin = child.stdin.take().expect("it is piped");
        stdin.write_all(input.as_bytes()).expect("it is read");
        drop(stdin);
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(text(&output.stdout), expected);
        assert_eq!(output.status.code(), Some(0));
    }
}

#[test]
fn a_file_with_an_error_of_syntax_is_left_alone_and_the_others_are_not() {
    let broken = "record A{a u8}";
    let folder = scratch(&[("a.lot", broken), ("b.lot", UGLY)]);
    let output = fmt(folder.path(), &["a.lot", "absent.lot", "b.lot"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(
        told.contains("error[type-syntax]: expected `:`, found `u8`\n --> a.lot:1:12"),
        "{told}"
    );
    assert!(told.contains("cannot read `absent.lot`"), "{told}");
    assert_eq!(read(folder.path(), "a.lot"), broken);
    assert_eq!(read(folder.path(), "b.lot"), NEAT);
}

#[test]
fn directories_are_searched_for_files_of_ours() {
    let folder = scratch(&[
        ("types/a.lot", UGLY),
        (
            "types/inside/b.liveobject",
            "<liveobject xmlns=\"urn:liveobj:reference:1\"><primitive id=\"2\"/></liveobject>",
        ),
        ("types/.hidden/c.lot", UGLY),
        ("types/d.txt", UGLY),
        ("empty/e.txt", UGLY),
    ]);
    let output = fmt(folder.path(), &["types", "empty"]);
    assert_eq!(
        text(&output.stdout),
        "types/a.lot: formatted\ntypes/inside/b.liveobject: formatted\n"
    );
    assert!(text(&output.stderr).contains("`empty` holds no `*.lot` and no `*.liveobject`"));
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(read(folder.path(), "types/.hidden/c.lot"), UGLY);
}

#[test]
fn programs_get_an_outcome_for_each_file() {
    let folder = scratch(&[("a.lot", UGLY), ("b.lot", NEAT), ("c.lot", "record")]);
    let run = |arguments: &[&str]| -> Value {
        let output = fmt(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(1));
        serde_json::from_slice(&output.stdout).expect("it is JSON")
    };
    let report = run(&["--check", "--format", "json", "a.lot", "b.lot", "c.lot"]);
    assert_eq!(report["version"], 1);
    let files = &report["files"];
    assert_eq!(files[0]["outcome"], "would-change");
    assert_eq!(files[0]["text"], NEAT);
    assert_eq!(files[1]["outcome"], "unchanged");
    assert_eq!(files[2]["outcome"], "refused");
    assert_eq!(files[2]["text"], Value::Null);
    assert_eq!(files[2]["diagnostics"][0]["code"], "type-syntax");
    let report = run(&["--format", "json", "a.lot", "c.lot"]);
    assert_eq!(report["files"][0]["outcome"], "formatted");
    assert_eq!(report["files"][0]["text"], Value::Null);
}

#[test]
fn with_a_library_at_hand_its_types_are_added_and_the_object_stays_the_same() {
    let folder = scratch(&[("note.liveobject", NOTE)]);
    let built = built().to_str().expect("it is UTF-8");
    let tell = |command: &str, libraries: &[&str]| {
        let mut run = liveobj(folder.path());
        run.args([command, "note.liveobject"]).args(libraries);
        let output = run
            .current_dir(folder.path())
            .output()
            .expect("liveobj runs");
        (output.status.code(), output.stdout)
    };
    let libraries = ["--library-path", built];
    let before = ["describe", "hash"].map(|command| tell(command, &libraries));
    assert_eq!(tell("check", &[]).0, Some(1), "its type is not known");

    let output = fmt(
        folder.path(),
        &["note.liveobject", "--layout-only", libraries[0], built],
    );
    assert_eq!(text(&output.stdout), "", "{}", text(&output.stderr));
    let output = fmt(folder.path(), &["note.liveobject"]);
    assert_eq!(text(&output.stdout), "", "the library is not at hand");
    let output = fmt(folder.path(), &["note.liveobject", libraries[0], built]);
    assert_eq!(text(&output.stdout), "note.liveobject: formatted\n");
    let written = read(folder.path(), "note.liveobject");
    let reference = r#"<external name="shared_text" library="liveobj:documents" as="SharedText"/>"#;
    assert!(written.contains(reference), "{written}");
    assert!(written.contains("<!-- the note -->"), "{written}");

    assert_eq!(
        ["describe", "hash"].map(|command| tell(command, &libraries)),
        before
    );
    assert_eq!(
        tell("check", &[]).0,
        Some(0),
        "its type is written down: {written}"
    );
    let output = fmt(
        folder.path(),
        &["--check", "note.liveobject", libraries[0], built],
    );
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
}

#[test]
fn the_files_of_the_project_are_formatted() {
    let folder = scratch(&[]);
    // What holds faults or strange layouts on purpose is not among them.
    let names = [
        "typesys",
        "objects/channels",
        "objects/documents",
        "objects/groups",
        "objects/sealing",
        "objects/sdk/examples",
        "examples/team-note.liveobject",
        "examples/tapped-note.liveobject",
        "examples/sealed-note.liveobject",
        "examples/tcp-note.liveobject",
        "examples/group.liveobject",
        "examples/ordered-note.liveobject",
        "examples/replicated-note.liveobject",
        "examples/shared-board.liveobject",
        "examples/shared-folder.liveobject",
        "examples/shared-folder-note.liveobject",
        "examples/constraints",
        "examples/other-languages",
        "examples/stamper",
    ];
    let names = names.map(|name| root().join(name).display().to_string());
    let arguments: Vec<&str> = ["--check", "--layout-only"]
        .into_iter()
        .chain(names.iter().map(String::as_str))
        .collect();
    let output = fmt(folder.path(), &arguments);
    assert_eq!(text(&output.stdout), "");
    assert_eq!(text(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn what_is_no_text_of_ours_is_told_in_one_finding() {
    let prose = "# A heading\n\nSome prose: a, b; c.\n\n* an item; another\n";
    let folder = scratch(&[("README.md", prose), ("a.md", UGLY), ("b.lot", prose)]);
    let output = fmt(folder.path(), &["README.md", "a.md"]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert_eq!(told.matches("error").count(), 1, "{told}");
    let message = "this is neither a reference, in XML or JSON, nor a text of the type language";
    assert!(told.contains(message), "{told}");
    assert!(told.contains("README.md:1:1"), "{told}");
    assert!(told.contains("a type library with a declaration"), "{told}");
    assert_eq!(read(folder.path(), "README.md"), prose);
    // How a text begins decides, not only its name.
    assert_eq!(read(folder.path(), "a.md"), NEAT);
    let output = fmt(folder.path(), &["b.lot"]);
    let told = text(&output.stderr);
    assert_eq!(told.matches("error").count(), 1, "{told}");
    let output = fmt(folder.path(), &["README.md", "--format", "json"]);
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(report["files"][0]["outcome"], "refused");
    let found = &report["files"][0]["diagnostics"];
    assert_eq!(found[0]["code"], "document-syntax");
    assert_eq!(found.as_array().map(Vec::len), Some(1));
}
