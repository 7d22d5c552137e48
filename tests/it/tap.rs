//! `liveobj tap`: what passes at one endpoint is printed as it passes.

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use liveobj::{OpenError, OpenOptions, Runtime, Source, Tap, Tapped, TappedEvent};
use liveobj_tests::support::{faulty, liveobj};
use serde_json::Value;

/// A metronome and its worker, and another metronome without one.
const DOCUMENT: &str = r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
    <component name="inner"><composite>
        <component name="metronome">METRONOME</component>
        <component name="worker"><parameterized>
            <template><external name="worker" library="test:faulty"/></template>
        </parameterized></component>
        <connection><endpoint of="metronome" name="worker"/><endpoint of="worker" name="task"/></connection>
    </composite></component>
    <component name="other">METRONOME</component>
    <export of="other" name="worker" as="wanted"/>
</composite></liveobject>"#;

const METRONOME: &str = r#"<parameterized>
    <template><external name="metronome" library="test:faulty"/></template>
    <parameter name="every"><value>5</value></parameter>
</parameterized>"#;

fn document() -> String {
    DOCUMENT.replace("METRONOME", METRONOME)
}

fn command(home: &Path, options: &[&str]) -> Command {
    fs::write(home.join("work.liveobject"), document()).expect("it is written");
    let mut command = liveobj(home);
    command.current_dir(home).args(["tap", "work.liveobject"]);
    command.arg("--library-path").arg(faulty()).args(options);
    command.stdin(Stdio::null());
    command
}

fn tap(home: &Path, options: &[&str]) -> Output {
    command(home, options).output().expect("liveobj runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("it prints UTF-8")
}

#[test]
fn events_of_a_part_are_printed_in_both_directions() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = tap(home.path(), &["inner/worker.task", "--count", "4"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(text(&output.stderr), "");
    let printed = text(&output.stdout);
    let lines = printed.lines().map(|line| {
        let (time, event) = line.trim_start().split_once("  ").expect("a time");
        (time.parse::<f64>().expect("seconds"), event)
    });
    let lines: Vec<(f64, &str)> = lines.collect();
    let events: Vec<&str> = lines.iter().map(|line| line.1).collect();
    let [go, done] = [
        "in   go()  from inner/metronome.worker",
        "out  done()  to inner/metronome.worker",
    ];
    assert_eq!(events, [go, done, go, done]);
    assert!(lines.is_sorted_by_key(|line| line.0), "{printed}");
}

#[test]
fn an_endpoint_that_the_object_shows_is_connected_with() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = tap(home.path(), &["wanted", "--count", "2", "--format", "json"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let printed = text(&output.stdout);
    let lines: Vec<Value> = printed.lines().flat_map(serde_json::from_str).collect();
    assert_eq!(lines.len(), 2, "{printed}");
    for line in lines {
        let told = ["direction", "endpoint", "event"].map(|it| line[it].clone());
        assert_eq!(told, ["out", "other.worker", "go"]);
        assert_eq!(line["payload"], serde_json::json!({}));
        assert!(line["time"].as_u64() > Some(0), "{line}");
    }
}

#[test]
fn an_endpoint_that_is_not_there_is_told_with_those_that_are() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = tap(home.path(), &["inner/worker.tusk", "--for", "1s"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stderr),
        "error: there is no endpoint `inner/worker.tusk` to tap; did you mean `inner/worker.task`?\n\
         help: there are wanted, inner/metronome.worker, inner/worker.task, other.worker\n"
    );
}

#[test]
fn it_ends_with_its_time_a_signal_and_whoever_reads_it() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let home = home.path();
    assert_eq!(
        tap(home, &["wanted", "--for", "50ms"]).status.code(),
        Some(0)
    );
    let mut tapped = command(home, &["inner/worker.task"]);
    let tapped = tapped.stdout(Stdio::piped()).stderr(Stdio::piped());
    for signal in [true, false] {
        use std::io::{BufRead, BufReader};
        let mut child = tapped.spawn().expect("liveobj runs");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        if signal {
            let pid = child.id().to_string();
            let kill = Command::new("kill").args(["-INT", &pid]).status();
            assert!(kill.is_ok_and(|status| status.success()));
        } else {
            drop(lines);
        }
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert_eq!(text(&output.stderr), "");
    }
}

#[test]
fn in_several_domains_events_are_told_where_they_are_received_and_no_others() {
    let runtime = Runtime::builder().library_path(faulty()).build();
    let runtime = runtime.expect("a runtime");
    let checked = runtime.check(&Source::new("test", document()));
    let reference = checked.reference.expect("it is well typed");
    for domains in [1, 3] {
        let (sender, events) = mpsc::channel();
        let tap = Tap::new("inner/metronome.worker", move |event: &TappedEvent| {
            let told = (event.direction, event.event.clone(), event.peer.clone());
            let _ = sender.send(told);
        });
        let options = OpenOptions::new().domains(domains).tap(tap);
        let object = runtime.open_blocking_with(&reference, options);
        let object = object.expect("it opens");
        assert_eq!(object.domains(), domains);
        let wanted = object.endpoint("wanted").expect("it is shown");
        let _connection = wanted.connect(|_, _| {}).expect("it is free");
        let next = || {
            let patience = Duration::from_secs(20);
            events.recv_timeout(patience).expect("an event")
        };
        for _ in 0..3 {
            let peer = "inner/worker.task".to_owned();
            assert_eq!(next(), (Tapped::Out, "go".to_owned(), peer.clone()));
            assert_eq!(next(), (Tapped::In, "done".to_owned(), peer));
        }
    }
    let tap = Tap::new("nothing", |_: &TappedEvent| {});
    let refused = runtime.open_blocking_with(&reference, OpenOptions::new().tap(tap));
    assert!(matches!(refused, Err(OpenError::NoEndpoint { .. })));
}
