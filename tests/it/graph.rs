//! `liveobj graph`: what it writes, where, and how it exits.

use std::fs;
use std::path::Path;
use std::process::Output;

use expect_test::expect_file;
use liveobj_tests::support::{built, liveobj, root};

fn graph(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = liveobj(folder);
    command.arg("graph").args(arguments).current_dir(folder);
    command.arg("--library-path").arg(built());
    command.output().expect("liveobj runs")
}

fn example(name: &str) -> String {
    root().join("examples").join(name).display().to_string()
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("it is readable");
    let names = entries.map(|entry| entry.expect("it is readable").file_name());
    let mut names: Vec<String> = names.filter_map(|name| name.into_string().ok()).collect();
    names.sort();
    names
}

#[test]
fn the_picture_of_the_readme_is_what_is_drawn() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let output = graph(
        folder.path(),
        &[&example("broken/unmet-requirement.liveobject")],
    );
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).expect("it prints UTF-8");
    assert!(errors.starts_with("error[endpoint-mismatch]"), "{errors}");
    let drawn = String::from_utf8(output.stdout).expect("it prints UTF-8");
    expect_file!["../../docs/unmet-requirement.svg"].assert_eq(&drawn);
}

#[test]
fn the_name_of_the_file_tells_the_format() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let starts = [
        ("note.svg", "<svg "),
        ("note.dot", "graph "),
        ("note.gv", "graph "),
        ("note.mmd", "flowchart "),
    ];
    for (name, start) in starts {
        let output = graph(
            folder.path(),
            &[&example("team-note.liveobject"), "-o", name],
        );
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(
            output.stdout.is_empty() && output.stderr.is_empty(),
            "{output:?}"
        );
        let text = fs::read_to_string(folder.path().join(name)).expect("it was written");
        assert!(text.starts_with(start), "{text}");
    }
    let output = graph(
        folder.path(),
        &[&example("team-note.liveobject"), "-o", "note.png"],
    );
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).expect("it prints UTF-8");
    assert!(
        errors.contains("`--format svg`, `dot` or `mermaid`"),
        "{errors}"
    );
    let mut expected = starts.map(|(name, _)| name.to_owned());
    expected.sort();
    assert_eq!(names(folder.path()), expected);
}

#[test]
fn a_file_is_replaced_whole_or_stays() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let file = folder.path().join("note.svg");
    fs::write(&file, "old").expect("it is writable");
    let output = graph(folder.path(), &["missing.liveobject", "-o", "note.svg"]);
    assert_eq!(output.status.code(), Some(1));
    let unread = example("broken/unclosed-element.liveobject");
    let output = graph(folder.path(), &[&unread, "-o", "note.svg"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(fs::read_to_string(&file).expect("it is there"), "old");

    let wrong = example("broken/misspelt-component.liveobject");
    let output = graph(folder.path(), &[&wrong, "-o", "note.svg"]);
    assert_eq!(output.status.code(), Some(1));
    let drawn = fs::read_to_string(&file).expect("it is there");
    assert!(drawn.contains("no such component") && drawn.ends_with("</svg>\n"));
    assert_eq!(names(folder.path()), ["note.svg"]);

    let output = graph(folder.path(), &[&wrong, "-o", "nowhere/note.svg"]);
    assert_eq!(output.status.code(), Some(1));
    let errors = String::from_utf8(output.stderr).expect("it prints UTF-8");
    assert!(
        errors.contains("cannot write `nowhere/note.svg`"),
        "{errors}"
    );
}
