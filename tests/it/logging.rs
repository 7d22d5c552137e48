//! `--log` and `LIVEOBJ_LOG`: what goes on, on standard error.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use liveobj_tests::support::{faulty, liveobj};

/// An object that opens another one.
const DOCUMENT: &str = r#"<liveobject xmlns="urn:liveobj:reference:1"><parameterized>
    <template><external name="opener" library="test:faulty"/></template>
    <parameter name="object"><parameterized>
        <template><external name="liar" library="test:faulty"/></template>
        <parameter name="answers"><value>1</value></parameter>
    </parameterized></parameter>
</parameterized></liveobject>"#;

fn command(home: &Path, options: &[&str]) -> Command {
    fs::write(home.join("test.liveobject"), DOCUMENT).expect("it is written");
    let mut command = liveobj(home);
    command.current_dir(home).args(["open", "test.liveobject"]);
    command.arg("--library-path").arg(faulty());
    command.args(["--for", "300ms"]).args(options);
    command.stdin(Stdio::null()).env_remove("LIVEOBJ_LOG");
    command
}

fn run(mut command: Command) -> Output {
    command.output().expect("liveobj runs")
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("it prints UTF-8")
}

#[test]
fn what_goes_on_is_logged_if_it_is_asked_for() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    assert_eq!(
        told(&run(command(home, &[]))),
        "",
        "nothing unless asked for"
    );
    let output = run(command(home, &["--log", "debug"]));
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let log = told(&output);
    for expected in [
        r#"open{reference="test.liveobject"}: liveobj::open: all is resolved parts=1 domains=1"#,
        r#"open{reference="test.liveobject"}: liveobj::open: it is open domains=1"#,
        r#"open{reference="test.liveobject"}:domain: liveobj::domain_thread: it begins"#,
        r#"load{library="test:faulty" file="#,
        "liveobj::loading::map: it is loaded",
        ":dereference{by=",
        ":domain: liveobj::domain_thread: it ends events=",
    ] {
        assert!(log.contains(expected), "{expected}\n{log}");
    }
    let mut asked = command(home, &[]);
    asked.env("LIVEOBJ_LOG", "liveobj::loading=debug");
    let log = told(&run(asked));
    assert!(
        log.contains("it is loaded") && !log.contains("it is open"),
        "{log}"
    );
    let mut both = command(home, &["--log", "error"]);
    both.env("LIVEOBJ_LOG", "debug");
    assert_eq!(told(&run(both)), "", "the option counts");
}

#[test]
fn a_level_that_there_is_not_is_refused() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    let output = run(command(home, &["--log", "loud"]));
    assert_eq!(output.status.code(), Some(2));
    let expected = "`loud` is none of error, warn, info, debug, trace and off";
    assert!(told(&output).contains(expected), "{output:?}");
    let mut wrong = command(home, &[]);
    wrong.env("LIVEOBJ_LOG", "loud");
    let output = run(wrong);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(told(&output), format!("error: LIVEOBJ_LOG: {expected}\n"));
}
