//! `liveobj sim` and `liveobj replay`: what is printed, written, and what exits 1.

use std::fs;
use std::path::Path;
use std::process::Output;

use liveobj_tests::support::{built, liveobj, root, test_library};

use crate::simulation::{cheat, document, registered};

/// Runs `liveobj` with the built libraries at hand.
fn run(home: &Path, arguments: &[&str]) -> Output {
    let mut command = liveobj(home);
    command.args(arguments).arg("--library-path").arg(built());
    command.current_dir(home).output().expect("liveobj runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it prints UTF-8")
}

const SIMULATE: &[&str] = &[
    "sim",
    "note.liveobject",
    "--nodes=3",
    "--seed=5",
    "--for=2m",
    "--loss=20%",
    "--delay=1ms..100ms",
    "--partition=1/2,3@20s..40s",
    "--crash=2@50s..1m",
    "--type=1@5s:buy bread",
    "--type=3@30s:and milk",
    "--lines",
    "--agree",
];

/// A home with the note in it.
fn home() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a temporary directory");
    let note = root().join("examples/team-note.liveobject");
    fs::copy(note, home.path().join("note.liveobject")).expect("copied");
    home
}

#[test]
fn two_processes_simulate_the_same_byte_for_byte() {
    let home = home();
    let simulate = |trace: &str| {
        let trace = format!("--trace={trace}");
        let output = run(home.path(), &[SIMULATE, &[&trace]].concat());
        assert!(output.status.success(), "{output:?}");
        output
    };
    let (first, second) = (simulate("first"), simulate("second"));
    assert_eq!(text(&first.stdout), text(&second.stdout));
    let read = |name: &str| fs::read(home.path().join(name)).expect("it was written");
    assert!(read("first") == read("second"), "the traces are the same");
    let printed = text(&first.stdout);
    assert!(
        printed.starts_with("5.000s node 1 | buy bread\n"),
        "{printed}"
    );
    let end = "all nodes that are open have shown the same lines\n";
    assert!(printed.contains(end), "{printed}");
}

#[test]
fn a_trace_replays_and_an_edited_one_stops_at_the_line() {
    let home = home();
    let output = run(home.path(), &[SIMULATE, &["--trace=note.trace"]].concat());
    assert!(output.status.success(), "{output:?}");
    let output = run(home.path(), &["replay", "note.trace"]);
    let trace = fs::read_to_string(home.path().join("note.trace")).expect("it was written");
    let lines: Vec<&str> = trace.lines().collect();
    let expected = format!("note.trace: all {} lines agree\n", lines.len());
    assert_eq!(text(&output.stdout), expected, "{output:?}");
    assert!(output.status.success());

    let late = |line: &usize| *line > 400 && lines[*line].contains("\"path\":");
    let at = (0..lines.len()).find(late).expect("a line with a path");
    let edited = lines[at].replace("\"path\":", "\"path\":1");
    let mut all = lines.clone();
    all[at] = &edited;
    fs::write(home.path().join("edited.trace"), all.join("\n")).expect("written");
    let output = run(home.path(), &["replay", "edited.trace"]);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    let expected = format!("differs at line {}, node", at + 1);
    assert!(errors.contains(&expected), "{errors}");
    assert!(errors.contains(&edited), "{errors}");
    assert!(errors.contains(lines[at]), "{errors}");

    fs::write(home.path().join("short.trace"), lines[..400].join("\n")).expect("written");
    let output = run(home.path(), &["replay", "short.trace"]);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(errors.contains("differs at line 401"), "{errors}");
    assert!(errors.contains("in the trace: nothing more"), "{errors}");
}

#[test]
fn a_replay_says_that_a_library_has_changed() {
    let home = home();
    let output = run(
        home.path(),
        &["sim", "note.liveobject", "--trace=note.trace"],
    );
    assert!(output.status.success(), "{output:?}");
    let path = home.path().join("note.trace");
    let trace = fs::read_to_string(&path).expect("it was written");
    let (before, rest) = trace.split_once("\"sha256\":\"").expect("a library");
    let other = format!("{before}\"sha256\":\"{}{}", "0".repeat(64), &rest[64..]);
    fs::write(&path, other).expect("written");
    let output = run(home.path(), &["replay", "note.trace"]);
    assert!(
        output.status.success(),
        "it still does the same: {output:?}"
    );
    let errors = text(&output.stderr);
    let expected = "library `liveobj:channels` has changed: it was sha256 000";
    assert!(errors.contains(expected), "{errors}");
}

#[test]
fn a_replay_reads_files_from_the_trace() {
    let home = home();
    let registry = ["registry", "set", "shared", "note.liveobject"];
    let mut set = liveobj(home.path());
    let set = set.args(registry).current_dir(home.path()).output();
    assert!(set.expect("liveobj runs").status.success());
    fs::write(home.path().join("outer.liveobject"), registered("shared")).expect("written");
    let simulate = [
        "sim",
        "outer.liveobject",
        "--type=1@1s:hello",
        "--trace=outer.trace",
    ];
    let output = run(home.path(), &simulate);
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).contains("hello"), "{output:?}");
    let mut remove = liveobj(home.path());
    let removed = remove.args(["registry", "remove", "shared"]).output();
    assert!(removed.expect("liveobj runs").status.success());
    let output = run(home.path(), &["replay", "outer.trace"]);
    assert!(output.status.success(), "{output:?}");
    assert!(text(&output.stdout).contains("lines agree"), "{output:?}");
    let output = run(home.path(), &simulate[..3]);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    let expected = "node 1 failed: folder `registry` has nothing named `shared`";
    assert!(errors.contains(expected), "{errors}");
}

#[test]
fn the_command_names_what_cheats_and_what_has_threads() {
    let home = home();
    for name in ["cheats", "threads"] {
        test_library(name, home.path());
    }
    fs::write(home.path().join("cheat.liveobject"), cheat("clock")).expect("written");
    let simulate = |arguments: &[&str]| {
        let mut command = liveobj(home.path());
        command.arg("sim").args(arguments).arg("--library-path=.");
        let output = command.current_dir(home.path()).output();
        let output = output.expect("liveobj runs");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).expect("it prints UTF-8")
    };
    let errors = simulate(&["cheat.liveobject", "--twice"]);
    let expected = "two runs of the same simulation differ at line";
    assert!(errors.contains(expected), "{errors}");
    let place = "node 1, `cheat`: request `terminal show`";
    assert!(errors.contains(place), "{errors}");
    let threaded = document(r#"<external name="threaded" library="test:threads"/>"#);
    fs::write(home.path().join("threaded.liveobject"), threaded).expect("written");
    let errors = simulate(&["threaded.liveobject"]);
    let expected = "library `test:threads` runs threads of its own";
    assert!(errors.contains(expected), "{errors}");
}

#[test]
fn nodes_that_have_to_agree_and_do_not_exit_1() {
    let home = home();
    let apart = ["--type=1@5s:buy bread", "--partition=1/2@0s..1m", "--agree"];
    let output = run(
        home.path(),
        &[&["sim", "note.liveobject"], &apart[..]].concat(),
    );
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let errors = text(&output.stderr);
    let expected = "the nodes that are open have not shown the same lines";
    assert!(errors.contains(expected), "{errors}");
}
