//! `liveobj open --trace`: what happens while an object runs is written, whole and in order.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};

use liveobj_tests::support::{faulty, liveobj};
use serde_json::Value;

/// Somebody who asks a liar, who answers twice.
const DOCUMENT: &str = r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
    <component name="liar"><parameterized>
        <template><external name="liar" library="test:faulty"/></template>
        <parameter name="answers"><value>2</value></parameter>
    </parameterized></component>
    <component name="asker"><external name="asker" library="test:faulty"/></component>
    <connection><endpoint of="asker" name="asked"/><endpoint of="liar" name="asked"/></connection>
</composite></liveobject>"#;

fn open(home: &Path, options: &[&str]) -> Output {
    fs::write(home.join("test.liveobject"), DOCUMENT).expect("it is written");
    let mut command = liveobj(home);
    command.current_dir(home).args(["open", "test.liveobject"]);
    command.arg("--library-path").arg(faulty());
    command.args(["--for", "300ms"]).args(options);
    command.stdin(Stdio::null()).output().expect("liveobj runs")
}

#[test]
fn a_trace_of_lines_is_whole_and_in_order_and_is_not_replayed() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let output = open(home.path(), &["--trace", "test.trace"]);
    assert!(output.status.success(), "{output:?}");
    let text = fs::read_to_string(home.path().join("test.trace")).expect("it was written");
    let lines = text.lines().map(serde_json::from_str::<Value>);
    let lines: Vec<Value> = lines.map(|line| line.expect("JSON")).collect();
    assert_eq!(lines[0]["document"], DOCUMENT);
    assert!(lines[0]["open"]["started"].is_u64());
    let mut time = 0;
    for (line, number) in lines[1..].iter().zip(2..) {
        assert_eq!(line["line"], number);
        assert!(line["time"].as_u64() >= Some(time), "{line}");
        time = line["time"].as_u64().expect("a time");
    }
    let kinds = |kind: &str| lines.iter().filter(|line| line["kind"] == kind).count();
    assert_eq!([kinds("opened"), kinds("created")], [1, 2]);
    let events: Vec<_> = lines.iter().filter(|it| it["kind"] == "event").collect();
    let names: Vec<_> = events.iter().map(|it| &it["event"]).collect();
    assert_eq!(names[..3], ["ask", "answer", "answer"]);
    assert_eq!(events[0]["to"], "liar.asked");
    let end = lines.last().expect("there are lines");
    assert_eq!((&end["kind"], &end["lost"]), (&"end".into(), &0.into()));

    let mut replay = liveobj(home.path());
    replay
        .current_dir(home.path())
        .args(["replay", "test.trace"]);
    let output = replay.output().expect("liveobj runs");
    assert_eq!(output.status.code(), Some(1));
    let told = String::from_utf8(output.stderr).expect("text");
    assert!(told.contains("is a trace of `open`"), "{told}");
}

#[test]
fn a_trace_for_perfetto_is_balanced_and_names_what_ran() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let options = ["--trace", "test.json", "--trace-format", "perfetto"];
    let output = open(home.path(), &options);
    assert!(output.status.success(), "{output:?}");
    let text = fs::read_to_string(home.path().join("test.json")).expect("it was written");
    let events: Vec<Value> = serde_json::from_str(&text).expect("one array");
    let mut open: BTreeMap<(u64, u64), Vec<&Value>> = BTreeMap::new();
    let mut nested = Vec::new();
    for event in &events {
        let track = ["pid", "tid"].map(|name| event[name].as_u64().expect("a number"));
        let running = open.entry((track[0], track[1])).or_default();
        match event["ph"].as_str() {
            Some("B") => {
                running.push(&event["name"]);
                if track[0] == 1 && running.len() > 1 {
                    nested.push(running.clone());
                }
            }
            Some("E") => assert!(running.pop().is_some(), "{event}"),
            _ => {}
        }
    }
    assert!(open.values().all(Vec::is_empty), "{open:?}");
    let asked = nested
        .iter()
        .any(|it| it[..] == ["liar.asked.ask", "asker.asked.answer"]);
    assert!(asked, "{nested:?}");
}

#[test]
fn what_was_traced_until_it_could_not_be_opened_is_kept() {
    let home = tempfile::tempdir().expect("a temporary directory");
    // A file where the directory for states should be.
    let options = ["--trace", "test.trace", "--state", "test.liveobject"];
    let output = open(home.path(), &options);
    assert_eq!(output.status.code(), Some(1));
    let text = fs::read_to_string(home.path().join("test.trace")).expect("it was written");
    let kinds: Vec<Value> = text
        .lines()
        .skip(1)
        .flat_map(serde_json::from_str)
        .collect();
    let kinds: Vec<_> = kinds.iter().map(|line| &line["kind"]).collect();
    assert_eq!(kinds, ["failed", "end"]);
}
