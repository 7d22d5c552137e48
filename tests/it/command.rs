//! What every command of `liveobj` owes its user: exit codes, quiet pipes, clear errors.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use liveobj_tests::support::{built, faulty, liveobj, root};
use serde_json::Value;

/// Runs `liveobj` with its libraries at hand; standard input is empty.
fn run(home: &Path, arguments: &[&str]) -> Output {
    let mut command = liveobj(home);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .current_dir(home);
    command.output().expect("liveobj runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it prints UTF-8")
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary directory")
}

const TIMER: &str = r#"<liveobject xmlns="urn:liveobj:reference:1">
  <external name="timer" library="liveobj:standard"/>
</liveobject>
"#;

#[test]
fn wrong_usage_exits_2() {
    let home = home();
    for arguments in [
        &["chekc"][..],
        &["check"],
        &["open", "x", "--for", "soon"],
        &[],
    ] {
        assert_eq!(
            run(home.path(), arguments).status.code(),
            Some(2),
            "{arguments:?}"
        );
    }
}

#[test]
fn a_file_that_is_not_there_exits_1_and_names_it_and_a_similar_one() {
    let home = home();
    fs::write(home.path().join("note.liveobject"), TIMER).expect("it is writable");
    let output = run(home.path(), &["check", "ntoe.liveobject"]);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(errors.contains("`ntoe.liveobject`"), "{errors}");
    assert!(errors.contains("`note.liveobject`"), "{errors}");
}

#[test]
fn one_unreadable_file_does_not_keep_the_others_from_being_checked() {
    let home = home();
    fs::write(home.path().join("note.liveobject"), TIMER).expect("it is writable");
    let output = run(
        home.path(),
        &["check", "absent", "note.liveobject", "--format", "json"],
    );
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    assert_eq!(report["version"], 1);
    assert_eq!(report["references"][0]["name"], "note.liveobject");
    assert_eq!(report["references"][0]["well_typed"], true);
}

#[test]
fn a_broken_pipe_ends_quietly() {
    let home = home();
    let mut command = liveobj(home.path());
    command.args(["describe", "liveobj:standard"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("liveobj starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("liveobj ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn xml_and_json_have_the_same_identity() {
    let home = home();
    let note = root().join("examples/team-note.liveobject");
    let libraries = built().to_str().expect("the path is UTF-8");
    let note = note.to_str().expect("the path is UTF-8");
    let converted = run(home.path(), &["convert", note]);
    fs::write(home.path().join("note.json"), &converted.stdout).expect("it is writable");
    let expand = [
        "convert",
        "note.json",
        "--expand",
        "--library-path",
        libraries,
    ];
    fs::write(
        home.path().join("long.xml"),
        run(home.path(), &expand).stdout,
    )
    .expect("writable");
    let hash = |file| run(home.path(), &["hash", file, "--library-path", libraries]).stdout;
    assert_eq!(text(&hash(note)).len(), 65);
    assert_eq!(hash("note.json"), hash(note));
    assert_eq!(hash("long.xml"), hash(note));
}

#[test]
fn what_the_registry_keeps_can_be_listed_read_removed_and_opened() {
    let home = home();
    let entry = r#"<liveobject xmlns="urn:liveobj:reference:1">
  <external name="clock" as="Timer"><from><primitive id="registry"/></from></external>
</liveobject>
"#;
    fs::write(home.path().join("timer.liveobject"), TIMER).expect("it is writable");
    fs::write(home.path().join("clock.liveobject"), entry).expect("it is writable");
    let open = ["open", "clock.liveobject", "--for", "50ms"];

    let missing = run(home.path(), &open);
    assert_eq!(missing.status.code(), Some(1));
    assert!(
        text(&missing.stderr).contains("`clock`"),
        "{}",
        text(&missing.stderr)
    );

    let set = run(
        home.path(),
        &["registry", "set", "clock", "timer.liveobject"],
    );
    assert_eq!(set.status.code(), Some(0), "{}", text(&set.stderr));
    assert_eq!(
        text(&run(home.path(), &["registry", "list"]).stdout),
        "clock\n"
    );
    assert_eq!(
        text(&run(home.path(), &["registry", "get", "clock"]).stdout),
        TIMER
    );
    let opened = run(home.path(), &open);
    assert_eq!(opened.status.code(), Some(0), "{}", text(&opened.stderr));
    let kept = "debug: keeps folder `registry` open for 30 s\n";
    assert!(!text(&opened.stderr).contains(kept));
    let verbose = run(home.path(), &[&open[..], &["--verbose"]].concat());
    assert!(
        text(&verbose.stderr).contains(kept),
        "{}",
        text(&verbose.stderr)
    );

    assert_eq!(
        run(home.path(), &["registry", "remove", "clock"])
            .status
            .code(),
        Some(0)
    );
    assert_eq!(
        run(home.path(), &["registry", "get", "clock"])
            .status
            .code(),
        Some(1)
    );
}

#[test]
fn the_registry_refuses_names_that_are_paths_and_files_that_are_no_references() {
    let home = home();
    fs::write(home.path().join("timer.liveobject"), TIMER).expect("it is writable");
    for name in ["", "a/b", "..", ".hidden"] {
        let set = run(home.path(), &["registry", "set", name, "timer.liveobject"]);
        assert_eq!(set.status.code(), Some(1), "{name:?}");
    }
    fs::write(home.path().join("wrong.liveobject"), "<liveobject>").expect("it is writable");
    let set = run(
        home.path(),
        &["registry", "set", "wrong", "wrong.liveobject"],
    );
    assert_eq!(set.status.code(), Some(1));
    assert_eq!(text(&run(home.path(), &["registry", "list"]).stdout), "");
}

#[test]
fn a_library_that_was_added_needs_no_path_and_one_that_was_removed_is_gone() {
    let home = home();
    let file = built().join("libliveobj_channels.so");
    let file = file.to_str().expect("the path is UTF-8");
    let added = run(home.path(), &["library", "add", file]);
    assert_eq!(added.status.code(), Some(0), "{}", text(&added.stderr));
    let list = || text(&run(home.path(), &["library", "list"]).stdout).to_owned();
    assert!(list().contains("liveobj:channels sha256:"), "{}", list());
    let inspect = run(home.path(), &["library", "inspect", "liveobj:channels"]);
    assert!(
        text(&inspect.stdout).contains("template udp_channel"),
        "{inspect:?}"
    );
    assert_eq!(
        run(home.path(), &["library", "remove", "liveobj:channels"])
            .status
            .code(),
        Some(0)
    );
    assert!(!list().contains("liveobj:channels"), "{}", list());
}

#[test]
fn an_object_that_cannot_be_created_is_named_once_with_its_reason() {
    let home = home();
    let note = fs::read_to_string(root().join("examples/team-note.liveobject")).expect("it is");
    let wrong = note.replace("239.255.42.99:7747", "nonsense");
    fs::write(home.path().join("wrong.liveobject"), wrong).expect("it is writable");
    let libraries = built().to_str().expect("the path is UTF-8");
    let open = run(
        home.path(),
        &["open", "wrong.liveobject", "--library-path", libraries],
    );
    assert_eq!(open.status.code(), Some(1));
    let errors = text(&open.stderr);
    assert!(errors.contains("`network`"), "{errors}");
    assert_eq!(errors.matches("`nonsense`").count(), 1, "{errors}");
}

#[test]
fn a_library_is_not_added_under_a_name_that_never_finds_it() {
    let home = home();
    let file = built().join("libliveobj_channels.so");
    let file = file.to_str().expect("the path is UTF-8");
    for name in ["liveobj:standard", "a b", " ", "a\nb", "a\u{a0}b"] {
        let added = run(home.path(), &["library", "add", file, "--name", name]);
        assert_eq!(added.status.code(), Some(1), "{name:?}");
    }
    assert!(!home.path().join("liveobj").exists());
}

/// Runs a command that must fail and returns what it says.
fn fault(home: &Path, arguments: &[&str]) -> String {
    let output = run(home, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}");
    text(&output.stderr).to_owned()
}

#[test]
fn describe_says_what_a_word_is_not() {
    let home = home();
    let absent = "error: no file, library or type is called `absent.liveobject`\n";
    assert_eq!(
        fault(home.path(), &["describe", "absent.liveobject"]),
        absent
    );
    let directory = fault(home.path(), &["describe", "."]);
    assert!(directory.contains("`.` is a directory"), "{directory}");
    let unknown = fault(home.path(), &["describe", "SharedText"]);
    assert!(unknown.contains("--in LIBRARY"), "{unknown}");
    let nowhere = fault(home.path(), &["describe", "Timer", "--in", "a:b"]);
    assert!(nowhere.contains("no library named `a:b`"), "{nowhere}");
    let typed = fault(home.path(), &["describe", "Folder<Timer"]);
    assert!(typed.contains("Folder<Timer"), "{typed}");
}

#[test]
fn a_file_that_is_no_object_library_is_called_so_once() {
    let home = home();
    for arguments in [
        &["library", "inspect", "/bin/true"][..],
        &["describe", "/bin/true"],
    ] {
        let errors = fault(home.path(), arguments);
        assert_eq!(errors.matches("object library").count(), 1, "{errors}");
    }
}

#[test]
fn a_library_path_without_libraries_is_named_where_one_is_missing() {
    let home = home();
    let note = root().join("examples/team-note.liveobject");
    let note = note.to_str().expect("the path is UTF-8");
    fs::create_dir(home.path().join("empty")).expect("it is writable");
    fs::write(home.path().join("timer.liveobject"), TIMER).expect("it is writable");
    let warning = "warning: `empty` holds no object library\n";
    for command in ["check", "open"] {
        let errors = fault(home.path(), &[command, note, "--library-path", "empty"]);
        assert!(errors.contains(warning), "{errors}");
    }
    let fine = run(
        home.path(),
        &["check", "timer.liveobject", "--library-path", "empty"],
    );
    assert_eq!(text(&fine.stderr), "");
}

#[test]
fn an_expanded_reference_keeps_its_notation() {
    let home = home();
    fs::write(home.path().join("timer.liveobject"), TIMER).expect("it is writable");
    let convert = |arguments: &[&str]| {
        let arguments = [&["convert", "timer.liveobject"], arguments].concat();
        text(&run(home.path(), &arguments).stdout)[..1].to_owned()
    };
    assert_eq!(convert(&["--expand"]), "<");
    assert_eq!(convert(&["--expand", "--to", "json"]), "{");
    assert_eq!(convert(&[]), "{");
}

#[test]
fn an_ill_typed_reference_is_kept_with_a_warning() {
    let home = home();
    let wrong = TIMER.replace("\"timer\"", "\"tiner\"");
    fs::write(home.path().join("wrong.liveobject"), wrong).expect("it is writable");
    let set = run(home.path(), &["registry", "set", "it", "wrong.liveobject"]);
    assert_eq!(set.status.code(), Some(0));
    let warning = "warning: `it` is kept, but it is not well typed\n";
    assert!(text(&set.stderr).ends_with(warning), "{set:?}");
    // Its libraries may come later.
    let note = root().join("examples/team-note.liveobject");
    let note = note.to_str().expect("the path is UTF-8");
    let set = run(home.path(), &["registry", "set", "note", note]);
    assert_eq!(text(&set.stderr), "");
}

/// Opens a note of this process alone, with one line entered. It shows what is entered.
fn open_note(home: &Path, output: Stdio, time: &str) -> std::process::Child {
    let note = fs::read_to_string(root().join("examples/team-note.liveobject")).expect("it is");
    let alone = note
        .replace("udp_channel", "local_channel")
        .replace("\"address\"", "\"name\"");
    fs::write(home.join("alone.liveobject"), alone).expect("it is writable");
    let mut command = liveobj(home);
    command.args(["open", "alone.liveobject", "--for", time, "--library-path"]);
    command.arg(built()).current_dir(home).stdout(output);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("liveobj starts");
    let input = child.stdin.as_mut().expect("it is a pipe");
    input.write_all(b"hello\nall\n").expect("it reads");
    child
}

#[test]
fn an_open_object_that_nobody_reads_ends_quietly() {
    let home = home();
    let mut child = open_note(home.path(), Stdio::piped(), "60s");
    let start = Instant::now();
    drop(child.stdout.take());
    let input = child.stdin.take();
    let output = child.wait_with_output().expect("liveobj ends");
    drop(input);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    assert!(start.elapsed() < Duration::from_secs(50));
}

#[test]
fn an_open_object_that_cannot_write_says_so_once() {
    let home = home();
    let full = fs::File::options().write(true).open("/dev/full");
    let child = open_note(home.path(), full.expect("Linux has it").into(), "1s");
    let output = child.wait_with_output().expect("liveobj ends");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let errors = text(&output.stderr);
    assert_eq!(errors.matches("standard output").count(), 1, "{errors}");
}

#[test]
fn a_time_that_is_none_is_refused_for_what_it_is() {
    let home = home();
    for (time, why) in [("-5s", "whole number"), ("99999999h", "at most 10000h")] {
        let output = run(home.path(), &["open", "x", "--for", time]);
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).contains(why), "{output:?}");
    }
}

#[test]
fn the_report_in_the_manual_is_the_one_that_is_printed() {
    let home = home();
    let manual = fs::read_to_string(root().join("docs/json.md")).expect("it is there");
    let sample = manual.split("```json\n").nth(1).expect("it has a sample");
    let sample = sample.split("```").next().expect("the sample ends");
    let name = "misspelt-endpoint.liveobject";
    fs::copy(
        root().join("examples/broken").join(name),
        home.path().join(name),
    )
    .expect("copied");
    let libraries = built().to_str().expect("the path is UTF-8");
    let arguments = [
        "check",
        name,
        "--format",
        "json",
        "--library-path",
        libraries,
    ];
    let printed = run(home.path(), &arguments).stdout;
    let parse = |text: &[u8]| serde_json::from_slice::<Value>(text).expect("it is JSON");
    assert_eq!(parse(&printed), parse(sample.as_bytes()));
}

#[test]
fn code_of_a_library_at_hand_is_checked_like_any_other_object() {
    let home = home();
    let libraries = built().to_str().expect("the path is UTF-8");
    let list = run(
        home.path(),
        &["library", "list", "--library-path", libraries],
    );
    let line = text(&list.stdout)
        .lines()
        .find(|line| line.starts_with("liveobj:documents "));
    let hash = line
        .and_then(|line| line.split_whitespace().nth(1))
        .expect("it has a hash");
    for (cast, expected) in [("", Some(0)), (r#" as="Timer""#, Some(1))] {
        let code = format!(
            r#"<liveobject xmlns="urn:liveobj:reference:1">
  <primitive id="code" library="{hash}" name="shared_text"{cast}/>
</liveobject>
"#
        );
        fs::write(home.path().join("code.liveobject"), code).expect("it is writable");
        let check = run(
            home.path(),
            &["check", "code.liveobject", "--library-path", libraries],
        );
        assert_eq!(check.status.code(), expected, "{}", text(&check.stdout));
    }
}

#[test]
fn a_signal_ends_what_is_still_being_opened() {
    const SIGTERM: u32 = 15;
    let home = home();
    let document = r#"<liveobject xmlns="urn:liveobj:reference:1">
  <external name="anything" as="Object">
    <from><external name="silent_folder" library="test:faulty"/></from>
  </external>
</liveobject>
"#;
    fs::write(home.path().join("silent.liveobject"), document).expect("it is writable");
    let libraries = faulty();
    let start = Instant::now();
    let mut child = liveobj(home.path())
        // Nobody gets time to leave what is not open yet.
        .args([
            "open",
            "silent.liveobject",
            "--leave-within=1h",
            "--library-path",
        ])
        .arg(libraries)
        .current_dir(home.path())
        .stdin(Stdio::null())
        .spawn()
        .expect("liveobj runs");
    // Nobody answers, so that it is being opened for ten seconds.
    let status = format!("/proc/{}/status", child.id());
    let catches = || {
        let status = fs::read_to_string(&status).ok()?;
        let caught = status
            .lines()
            .find_map(|line| line.strip_prefix("SigCgt:"))?;
        let caught = u64::from_str_radix(caught.trim(), 16).ok()?;
        Some(caught & (1 << (SIGTERM - 1)) != 0)
    };
    while catches() != Some(true) {
        assert!(
            start.elapsed() < Duration::from_secs(9),
            "it does not listen"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    let sent = std::process::Command::new("kill")
        .args(["-s", "TERM", &child.id().to_string()])
        .status();
    assert!(sent.expect("kill runs").success());
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}
