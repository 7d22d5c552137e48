//! Large inputs through the command, with a bound on its memory: one short answer each.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use liveobj_tests::support::{built, liveobj};

/// Kilobytes of address space that the command gets.
const MEMORY: u32 = 2 << 20;

/// Runs `liveobj` on a file with this content under `ulimit -v`.
fn run(arguments: &str, content: &str) -> Output {
    let home = tempfile::tempdir().expect("a temporary directory");
    fs::write(home.path().join("large.liveobject"), content).expect("it is writable");
    // What the tests' own runner sets: no home of the user's.
    let command: Command = liveobj(home.path());
    let mut limited = Command::new("sh");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    let program = built().join("liveobj");
    let line = format!("ulimit -v {MEMORY}; exec {} {arguments}", quoted(&program));
    limited.args(["-c", &line]).current_dir(home.path());
    limited.output().expect("sh runs")
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.display())
}

/// Exit code 1, and a first line that says it; the rest is short as well.
fn refused(output: &Output, says: &str) {
    let text = String::from_utf8_lossy(&output.stdout);
    let first = text.lines().next().unwrap_or_default();
    assert_eq!(output.status.code(), Some(1), "{first}");
    assert!(first.contains(says), "{first}");
    let longest = text.lines().map(str::len).max();
    assert!(longest <= Some(4096), "{longest:?} bytes");
    assert!(text.len() < 1 << 20, "{} bytes", text.len());
}

fn document(inside: &str) -> String {
    format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{inside}</liveobject>")
}

#[test]
fn nesting_of_a_million_is_refused() {
    let output = run("check large.liveobject", &"<a>".repeat(1_000_000));
    refused(&output, "nested more than 272 levels deep");
}

#[test]
fn a_name_of_ten_million_bytes_is_refused() {
    let name = "a".repeat(10_000_000);
    let text = document(&format!(
        "<external name=\"{name}\" library=\"liveobj:standard\"/>"
    ));
    refused(
        &run("check large.liveobject", &text),
        "the name of an external object is longer than 4096 bytes",
    );
    let text = format!("<{name}/>");
    refused(
        &run("check large.liveobject", &text),
        "expected `<liveobject>`",
    );
}

#[test]
fn a_thousand_findings_are_listed_of_a_hundred_thousand() {
    let text: String = (0..100_000).map(|index| format!("<x{index}/>\n")).collect();
    let output = run("check large.liveobject", &document(&text));
    refused(&output, "element `x0` is not expected in `<liveobject>`");
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.contains("more than 1000 findings: the rest is not listed"));
    let output = run("check large.liveobject --format json", &document(&text));
    assert!(
        output.stdout.len() < 2 << 20,
        "{} bytes",
        output.stdout.len()
    );
}
