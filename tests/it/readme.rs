//! The README's blocks, typed as they stand.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use liveobj::{Data, Ended, Runtime, Source};
use liveobj_tests::support::{built, liveobj, root, stamper};

const PATIENCE: Duration = Duration::from_secs(20);

/// The fenced blocks of the README, with their languages.
fn blocks() -> Vec<(String, String)> {
    let readme = fs::read_to_string(root().join("README.md")).expect("it is there");
    let parts: Vec<&str> = readme.split("```").collect();
    assert!(parts.len() % 2 == 1, "every block ends");
    let inside = parts.iter().skip(1).step_by(2);
    let blocks = inside.map(|block| block.split_once('\n').expect("a first line"));
    blocks
        .map(|(language, text)| (language.to_owned(), text.to_owned()))
        .collect()
}

/// The one block that contains these words.
fn block(words: &str) -> String {
    let mut found: Vec<String> = blocks()
        .into_iter()
        .map(|(_, text)| text)
        .filter(|text| text.contains(words))
        .collect();
    assert_eq!(found.len(), 1, "{words}");
    found.remove(0)
}

fn file(path: &str) -> String {
    fs::read_to_string(root().join(path)).expect("it is there")
}

fn run(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("it runs");
    let [stdout, stderr] = [stdout, stderr].map(|text| String::from_utf8(text).expect("UTF-8"));
    assert!(status.success(), "{status}: {stderr}");
    stdout
}

#[test]
fn the_programs_of_the_readme_are_those_that_are_built() {
    // In the README the text around it says what the file's first line says.
    let embed = file("runtime/examples/embed.rs");
    let (about, program) = embed.split_once("\n\n").expect("a first line");
    assert!(about.starts_with("//! "), "{about}");
    let (program, test) = program.split_once("\n#[test]").expect("the tests run it");
    assert!(test.contains("main()"), "{test}");
    assert_eq!(block("runtime.open_blocking"), program);
    assert_eq!(block("record Stamped"), file("examples/stamper/types.lot"));
    assert_eq!(
        block("liveobj_sdk::library!"),
        file("examples/stamper/src/lib.rs")
    );
}

/// A home in which the README's libraries were added, and its first reference written.
fn first_use() -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut added = 0;
    for line in block("alias liveobj").lines() {
        // The built command and libraries may be those of another profile.
        if let Some(library) = line.strip_prefix("liveobj library add target/release/") {
            let library = built().join(library);
            run(liveobj(home.path()).args(["library", "add"]).arg(library));
            added += 1;
        } else {
            assert_eq!(line, "alias liveobj=\"$PWD/target/release/liveobj\"");
        }
    }
    assert_eq!(added, 2);
    let reference = home.path().join("my-note.liveobject");
    fs::write(reference, block("<component name=\"network\">")).expect("it is writable");
    home
}

/// A command line of the README.
fn line(home: &Path, line: &str) -> String {
    let mut words = line.split(' ');
    assert_eq!(words.next(), Some("liveobj"));
    run(liveobj(home).args(words).current_dir(home))
}

#[test]
fn the_first_reference_is_checked_hashed_converted_and_opened() {
    let home = first_use();
    let check = line(home.path(), "liveobj check my-note.liveobject");
    assert!(check.contains("well typed"), "{check}");
    let readme = file("README.md").replace('\n', " ");
    let shown = [
        "hash my-note.liveobject",
        "convert my-note.liveobject --to json",
    ];
    let printed = shown.map(|words| {
        assert!(readme.contains(&format!("`liveobj {words}`")), "{words}");
        line(home.path(), &format!("liveobj {words}"))
    });
    fs::write(home.path().join("my-note.json"), &printed[1]).expect("it is writable");
    assert_eq!(line(home.path(), "liveobj hash my-note.json"), printed[0]);
    assert_eq!(
        block("open my-note.liveobject").trim(),
        "liveobj open my-note.liveobject"
    );
    let mut open = liveobj(home.path());
    // Everybody on this machine who runs this test shares the note: the line is its own.
    let own = format!("typed by {}", std::process::id());
    open.args(["open", "my-note.liveobject", "--for", "2s"]);
    open.current_dir(home.path());
    open.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = open.spawn().expect("it starts");
    let input = child.stdin.as_mut().expect("it is piped");
    writeln!(input, "{own}").expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    let printed = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(output.status.success());
    assert!(printed.lines().any(|line| line == own), "{printed}");
    // Kept on this machine.
    let kept = "liveobj open my-note.liveobject --state my-note.state";
    assert!(readme.contains(&format!("`{kept}`")));
    let mut child = liveobj(home.path())
        .args(kept.split(' ').skip(1))
        .args(["--for", "2s"])
        .current_dir(home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("it starts");
    let input = child.stdin.as_mut().expect("it is piped");
    writeln!(input, "{own}, and kept").expect("it reads");
    assert!(child.wait().expect("it ends").success());
    let printed = line(home.path(), &format!("{kept} --for 500ms"));
    let words = format!("{own}, and kept");
    assert!(printed.lines().any(|line| line == words), "{printed}");
}

#[test]
fn the_finding_of_the_readme_is_what_check_prints() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let sample = block("$ liveobj check examples/broken");
    let (command, printed) = sample.split_once('\n').expect("a command");
    let words = command.strip_prefix("$ liveobj ").expect("a command");
    let output = liveobj(home.path())
        .args(words.split(' '))
        .arg("--library-path")
        .arg(built())
        .current_dir(root())
        .output()
        .expect("liveobj runs");
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stdout), printed);
}

#[test]
fn the_simulation_of_the_readme_comes_to_what_it_says() {
    let home = first_use();
    let sample = block("liveobj sim my-note");
    let (command, printed) = sample.split_once('\n').expect("a command");
    let command = command.strip_prefix("$ ").expect("a command");
    // The times follow from the libraries too, which may change.
    let words = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "");
    assert_eq!(words(&line(home.path(), command)), words(printed));
}

/// A reference to a stamper.
fn stamping(start: u64) -> String {
    format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><parameterized>
    <template><external name="stamper" library="example:stamper"/></template>
    <parameter name="start"><value>{start}</value></parameter>
</parameterized></liveobject>"#
    )
}

/// A runtime that trusts the stamper only.
fn runtime(store: &Path) -> Runtime {
    run(liveobj(store).args(["library", "add"]).arg(stamper()));
    let folder = tempfile::tempdir_in(store).expect("a directory");
    fs::copy(stamper(), folder.path().join("libstamper.so")).expect("copied");
    Runtime::builder()
        .library_path(folder.keep())
        .build()
        .expect("a runtime")
}

fn open(runtime: &Runtime, start: u64) -> liveobj::Object {
    let checked = runtime.check(&Source::new("stamper", stamping(start)));
    let reference = checked.reference;
    let reference = reference.unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
    runtime.open_blocking(&reference).expect("opened")
}

fn added(lines: &[&str]) -> Data {
    let lines = lines.iter().map(|line| Data::String((*line).to_owned()));
    Data::record([
        ("first", Data::U32(0)),
        ("removed", Data::U32(0)),
        ("added", Data::List(lines.collect())),
    ])
}

#[test]
fn the_library_of_the_readme_opens_and_numbers_lines() {
    let store = tempfile::tempdir().expect("a directory");
    let object = open(&runtime(store.path()), 7);
    let (sender, stamped) = mpsc::channel();
    let output = object.endpoint("output").expect("it has one");
    let output = output.connect(move |event, payload| {
        let _ = sender.send((event.to_owned(), payload.clone()));
    });
    let output = output.expect("connected");
    let input = object.endpoint("input").expect("it has one");
    let input = input.connect(|_, _| {}).expect("connected");
    input.send("changed", added(&["one", "two"])).expect("sent");
    for (number, text) in [(7, "one"), (8, "two")] {
        let text = Data::String(text.to_owned());
        let line = Data::record([("number", Data::U64(number)), ("text", text)]);
        let event = stamped.recv_timeout(PATIENCE).expect("stamped");
        assert_eq!(
            event,
            ("stamped".to_owned(), Data::record([("line", line)]))
        );
    }
    drop((input, output));
    assert_eq!(object.close(), Ended::Closed);
}

#[test]
fn the_library_of_the_readme_is_added_and_described_and_opened_by_the_command() {
    let home = tempfile::tempdir().expect("a directory");
    let add = format!("liveobj library add {}", stamper().display());
    line(home.path(), &add);
    let described = line(home.path(), "liveobj describe example:stamper");
    assert!(
        described.contains("template stamper(start: u64 = 0): Stamper;"),
        "{described}"
    );
    fs::write(home.path().join("stamper.liveobject"), stamping(1)).expect("it is writable");
    line(home.path(), "liveobj check stamper.liveobject");
    line(home.path(), "liveobj open stamper.liveobject --for 100ms");
}

/// Counting past the largest number panics where overflow is checked, as in the tests' own profile.
#[test]
#[cfg(debug_assertions)]
fn a_library_that_panics_ends_the_opened_object_and_is_named() {
    let store = tempfile::tempdir().expect("a directory");
    let object = open(&runtime(store.path()), u64::MAX);
    let input = object.endpoint("input").expect("it has one");
    let input = input.connect(|_, _| {}).expect("connected");
    input.send("changed", added(&["one"])).expect("sent");
    let Some(Ended::Failed { object, reason }) = object.wait_timeout(PATIENCE) else {
        panic!("it goes on")
    };
    assert_eq!(object, "stamper");
    assert!(reason.contains("overflow"), "{reason}");
}

/// The same through the command, where the shared text brings the line.
#[test]
#[cfg(debug_assertions)]
fn a_part_that_panics_makes_open_exit_1_and_is_named() {
    let home = tempfile::tempdir().expect("a directory");
    line(
        home.path(),
        &format!("liveobj library add {}", stamper().display()),
    );
    let [inside] = [stamping(u64::MAX)].map(|text| {
        let start = text.find("<parameterized>").expect("it has one");
        let end = text.find("</liveobject>").expect("it ends");
        text[start..end].to_owned()
    });
    let reference = format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
    <component name="network"><parameterized>
        <template><external name="local_channel" library="liveobj:channels"/></template>
        <parameter name="Message"><type>bytes</type></parameter>
        <parameter name="name"><value>panics</value></parameter>
    </parameterized></component>
    <component name="note"><external name="shared_text" library="liveobj:documents"/></component>
    <component name="screen"><external name="console" library="liveobj:standard"/></component>
    <component name="numbers">{inside}</component>
    <connection><endpoint of="note" name="channel"/><endpoint of="network" name="channel"/></connection>
    <connection><endpoint of="note" name="text"/><endpoint of="screen" name="text"/></connection>
    <connection><endpoint of="note" name="text"/><endpoint of="numbers" name="input"/></connection>
</composite></liveobject>"#
    );
    fs::write(home.path().join("panics.liveobject"), reference).expect("it is writable");
    for domains in ["1", "4"] {
        let mut open = liveobj(home.path());
        open.args(["open", "panics.liveobject", "--for", "60s"]);
        open.args(["--domains", domains, "--library-path"]);
        open.arg(built()).current_dir(home.path());
        open.stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = open.spawn().expect("it starts");
        let input = child.stdin.as_mut().expect("it is piped");
        writeln!(input, "one line too many").expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        let errors = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{errors}");
        assert!(
            errors.contains("`numbers`") && errors.contains("overflow"),
            "{errors}"
        );
    }
}

#[test]
fn the_refutation_of_the_readme_is_what_is_shown() {
    let block = block("at most once receive(m)");
    let (typed, shown) = block.split_once("receive(m)'\n").expect("an answer");
    let typed = typed.replace("\\\n", " ") + "receive(m)'";
    let texts: Vec<&str> = typed.split('\'').collect();
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = liveobj(home.path())
        .args(["implies", "--formalism", "temporal", "--events"])
        .args([texts[1], texts[3], texts[5]])
        .output()
        .expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), shown);
    assert_eq!(output.status.code(), Some(1));
}
