//! `liveobj open --monitor` and `liveobj monitor`: an object that does not keep what its types
//! promise is caught.

use std::fs;
use std::process::Output;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use liveobj::{Connection, Data, Monitoring, Object, OpenOptions, Runtime, Source, Violation};
use liveobj_tests::support::{faulty, liveobj};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A liar that answers each question so often, and who asks it at these endpoints.
fn document(answers: u32, askers: u32, endpoint: &str) -> String {
    let mut text = format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
        <component name="liar"><parameterized>
            <template><external name="liar" library="test:faulty"/></template>
            <parameter name="answers"><value>{answers}</value></parameter>
        </parameterized></component>"#
    );
    for asker in 1..=askers {
        text += &format!(
            r#"<component name="asker{asker}"><external name="asker" library="test:faulty"/></component>"#
        );
    }
    for asker in 1..=askers {
        text += &format!(
            r#"<connection><endpoint of="asker{asker}" name="{endpoint}"/><endpoint of="liar" name="{endpoint}"/></connection>"#
        );
    }
    text + "</composite></liveobject>"
}

fn open(document: &str, options: &[&str]) -> Output {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let file = scratch.path().join("test.liveobject");
    fs::write(&file, document).expect("it is written");
    let mut command = liveobj(scratch.path());
    command.arg("open").arg(&file).arg("--library-path");
    command.arg(faulty()).args(["--for", "300ms"]).args(options);
    command.output().expect("liveobj runs")
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("it prints UTF-8")
}

/// Endpoint, number of answers and of askers, and how the message begins.
const LIES: &[(&str, u32, u32, &str)] = &[
    (
        "asked",
        2,
        1,
        "error: `liar` breaks `session \"rec X . ?ask; !answer; X\"`, which `liar.asked` provides",
    ),
    (
        "soon",
        2,
        1,
        "error: `liar` breaks `async_session \"?ask; !answer; ?ask; !answer; end\"`, which \
         `liar.soon` provides",
    ),
    (
        "once",
        2,
        1,
        "error: `liar` breaks `temporal \"at most once answer(n)\"`, which `liar.once` provides",
    ),
    (
        "table",
        1,
        2,
        "breaks `cardinality \"at most 1 instances connected\"`, which `liar.table` provides",
    ),
];

/// In one domain, and each part in one of its own.
const DOMAINS: [&str; 2] = ["1", "3"];

#[test]
fn a_lie_is_reported_and_with_enforce_disconnected() {
    for domains in DOMAINS {
        for mode in ["report", "enforce"] {
            for (endpoint, answers, askers, expected) in LIES {
                let output = open(
                    &document(*answers, *askers, endpoint),
                    &["--monitor", mode, "--domains", domains],
                );
                let text = complaint(&output);
                let case = format!("{endpoint}, {mode}, {domains} domains: {text}");
                assert_eq!(text.matches(expected).count(), 1, "{case}");
                assert!(text.contains("what happened last:"), "{case}");
                assert_eq!(output.status.code(), Some(1), "{case}");
            }
        }
    }
}

#[test]
fn the_truth_is_not_complained_of() {
    for domains in DOMAINS {
        for endpoint in ["asked", "soon", "once", "table"] {
            for mode in ["report", "enforce"] {
                let options = ["--monitor", mode, "--domains", domains];
                let output = open(&document(1, 1, endpoint), &options);
                let text = complaint(&output);
                assert!(!text.contains("breaks"), "{endpoint}: {text}");
                assert_eq!(output.status.code(), Some(0));
            }
        }
    }
}

/// A liar whose answers `asker1` does not want twice, in other words than the liar's own, and
/// `asker2` takes as they come.
fn picky(answers: u32) -> String {
    document(answers, 2, "everywhere").replace(
        r#"<endpoint of="asker1" name="everywhere"/><endpoint of="liar" name="everywhere"/>"#,
        r#"<endpoint of="asker1" name="picky"/><endpoint of="liar" name="once"/>"#,
    )
}

#[test]
fn what_an_object_in_another_domain_requires_is_watched_where_it_is_provided() {
    for (mode, domains) in [("report", "3"), ("enforce", "3"), ("enforce", "1")] {
        let options = ["--monitor", mode, "--domains", domains];
        let text = complaint(&open(&picky(2), &options));
        let broken = "`liar` breaks `temporal \"forall m. G (answer(m) -> X G !answer(m))\"`, which \
                      `asker1.picky` requires";
        assert_eq!(text.matches(broken).count(), 1, "{mode}: {text}");
        let own = "which `liar.once` provides";
        assert_eq!(text.matches(own).count(), 1, "{mode}: {text}");
    }
    let options = ["--monitor", "report", "--domains", "3"];
    let output = open(&picky(1), &options);
    assert!(!complaint(&output).contains("breaks"));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn only_the_connection_of_the_liar_ends_and_nothing_crosses_after_the_lie() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let trace = scratch.path().join("a.trace");
    let trace = trace.to_str().expect("a path in UTF-8");
    let options = ["--monitor", "enforce", "--domains", "3", "--trace", trace];
    let output = open(&picky(5), &options);
    assert_eq!(output.status.code(), Some(1), "{}", complaint(&output));
    let lines = fs::read_to_string(trace).expect("a trace");
    let lines: Vec<serde_json::Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let of = |kind: &str, name: &str, value: &str| {
        let found = lines.iter().filter(|line| line["kind"] == kind);
        let found = found.filter(|line| line[name] == value);
        found.map(|line| line["line"].as_u64()).collect::<Vec<_>>()
    };
    // The second answer breaks it, which is seen where it is emitted.
    let emitted = of("emitted", "event", "answer");
    let delivered = of("event", "event", "answer");
    assert_eq!((emitted.len(), delivered.len()), (2, 1), "{lines:#?}");
    let first = |line: &serde_json::Value| line["line"].as_u64() == delivered[0];
    let first = lines.iter().find(|line| first(line)).expect("the answer");
    assert_eq!(first["emitted"].as_u64(), emitted[0]);
    // Both ends of that connection hear of it, and nobody else.
    let ended = lines.iter().filter(|line| line["kind"] == "disconnected");
    let ended = ended.filter(|line| line["reason"] == "peer failed");
    let mut ends: Vec<&str> = ended.filter_map(|line| line["endpoint"].as_str()).collect();
    ends.sort_unstable();
    assert_eq!(ends, ["asker1.picky", "liar.once"]);
    assert_eq!(of("event", "event", "receive").len(), 1);
}

#[test]
fn nobody_watches_unless_asked_to() {
    for (endpoint, answers, askers, _) in LIES {
        let output = open(&document(*answers, *askers, endpoint), &[]);
        assert_eq!(complaint(&output), "", "{endpoint}");
        assert_eq!(output.status.code(), Some(0));
    }
}

/// What an embedder sees of a liar that is watched: the events of its connections, and what was
/// told.
struct Watched {
    object: Object,
    told: Receiver<Violation>,
    _runtime: Runtime,
}

/// Opens one object, the root, which answers each question so often, and enforces what it promises.
fn enforced(answers: u64) -> Watched {
    let runtime = Runtime::builder().library_path(faulty()).build();
    let runtime = runtime.expect("a runtime");
    let document = format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><parameterized>
            <template><external name="liar" library="test:faulty"/></template>
            <parameter name="answers"><value>{answers}</value></parameter>
        </parameterized></liveobject>"#
    );
    let checked = runtime.check(&Source::new("test", document));
    let reference = checked.reference.expect("it is well typed");
    let (found, told) = mpsc::channel();
    let monitoring = Monitoring::enforce(move |violation| {
        // The test may have ended.
        let _ = found.send(violation.clone());
    });
    let options = OpenOptions::new().monitor(monitoring);
    let opened = runtime.open_blocking_with(&reference, options);
    Watched {
        object: opened.expect("it opens"),
        told,
        _runtime: runtime,
    }
}

/// A connection of the embedder's, and what came through it.
struct Asking {
    connection: Connection,
    received: Receiver<String>,
}

impl Watched {
    fn connect(&self, endpoint: &str) -> Asking {
        let (sender, received) = mpsc::channel();
        let endpoint = self.object.endpoint(endpoint).expect("an endpoint");
        let connection = endpoint.connect(move |event, _| {
            let _ = sender.send(event.to_owned());
        });
        let connection = connection.expect("connected");
        Asking {
            connection,
            received,
        }
    }

    fn violation(&self) -> Violation {
        self.told.recv_timeout(PATIENCE).expect("a violation")
    }
}

impl Asking {
    fn send(&self, event: &str, n: Option<u64>) {
        let n = n.map(|n| ("n", Data::U64(n)));
        let sent = self.connection.send(event, Data::record(n));
        sent.expect("it is sent");
    }

    /// All that comes until the connection has ended.
    fn until_it_ends(&self) -> Vec<String> {
        let mut all = Vec::new();
        // What the embedder gave is dropped once it has heard of the end.
        while let Ok(event) = self.received.recv_timeout(PATIENCE) {
            all.push(event);
        }
        assert!(self.connection.is_ended(), "{all:?}");
        all
    }

    fn next(&self) -> String {
        self.received.recv_timeout(PATIENCE).expect("an event")
    }
}

type Lie = (
    &'static str,
    &'static str,
    Option<u64>,
    &'static [&'static str],
    &'static str,
);

/// Endpoint, what is sent there and with which number, what comes back before it is broken, and the
/// formalism.
const LIARS: &[Lie] = &[
    ("asked", "ask", None, &["answer"], "session"),
    ("soon", "ask", None, &["answer", "answer"], "async_session"),
    ("once", "ask", None, &["answer"], "temporal"),
    ("passed", "send", Some(7), &["receive"], "properties"),
];

#[test]
fn nothing_is_delivered_after_a_lie_and_the_honest_side_goes_on() {
    for (endpoint, event, n, expected, formalism) in LIARS {
        let watched = enforced(5);
        let other = watched.connect("everywhere");
        let asking = watched.connect(endpoint);
        asking.send(event, *n);
        assert_eq!(asking.until_it_ends(), *expected, "{endpoint}");
        let violation = watched.violation();
        assert_eq!(violation.formalism, *formalism);
        assert_eq!(violation.by.as_deref(), Some("liar"), "{endpoint}");
        // Once is enough, and nothing else has ended.
        assert!(watched.told.try_recv().is_err(), "{endpoint}");
        other.send("send", Some(1));
        assert_eq!(other.next(), "receive");
        assert!(!other.connection.is_ended());
        drop(watched.connect(endpoint));
    }
}

#[test]
fn one_guest_too_many_has_to_go_and_the_others_stay() {
    let watched = enforced(1);
    let first = watched.connect("table");
    let second = watched.connect("table");
    assert_eq!(second.until_it_ends(), [""; 0]);
    let violation = watched.violation();
    assert_eq!(
        (violation.formalism.as_str(), violation.by),
        ("cardinality", None)
    );
    assert!(!first.connection.is_ended());
    first.send("ask", None);
}

#[test]
fn whoever_is_connected_is_held_to_what_is_required() {
    let watched = enforced(1);
    let other = watched.connect("asked");
    let asking = watched.connect("soon");
    for _ in 0..3 {
        asking.send("ask", None);
    }
    assert_eq!(asking.until_it_ends(), ["answer", "answer"]);
    let violation = watched.violation();
    assert_eq!(violation.formalism, "async_session");
    assert_eq!(violation.by.as_deref(), Some("the embedder"));
    other.send("ask", None);
    assert_eq!(other.next(), "answer");
}

#[test]
fn an_object_that_another_one_opens_is_watched() {
    for (answers, expected) in [(1, false), (2, true)] {
        let document = format!(
            r#"<liveobject xmlns="urn:liveobj:reference:1"><parameterized>
                <template><external name="opener" library="test:faulty"/></template>
                <parameter name="object"><parameterized>
                    <template><external name="liar" library="test:faulty"/></template>
                    <parameter name="answers"><value>{answers}</value></parameter>
                </parameterized></parameter>
            </parameterized></liveobject>"#
        );
        let output = open(&document, &["--monitor", "enforce"]);
        let text = complaint(&output);
        let lie = "error: `liar` breaks `temporal \"at most once answer(n)\"`, which `liar.once` \
                   provides";
        assert_eq!(text.contains(lie), expected, "{text}");
        let sides = "emitted `answer` from `liar.once` to `opener.inner`";
        assert_eq!(text.contains(sides), expected, "{text}");
        assert_eq!(output.status.code(), Some(i32::from(expected)), "{text}");
    }
}

#[test]
fn what_is_not_watched_is_told_once() {
    let output = open(&document(1, 2, "everywhere"), &["--monitor", "report"]);
    let text = complaint(&output);
    let expected = "\
note: not watched; `liveobj sim --trace` and `liveobj monitor` judge what all nodes do
  `properties \"best_effort\"`, which `asker1.everywhere` requires: `best_effort`: it has no definition in `temporal`
  `properties \"best_effort\"`, which `asker2.everywhere` requires: `best_effort`: it has no definition in `temporal`
  `properties \"best_effort\"`, which `liar.everywhere` provides: `best_effort`: it has no definition in `temporal`
  `temporal \"forall i. event receive@i(m) never precedes event send@*(m)\"`, which `asker1.everywhere` requires: one node cannot judge what it says of all of them
  `temporal \"forall i. event receive@i(m) never precedes event send@*(m)\"`, which `asker2.everywhere` requires: one node cannot judge what it says of all of them
  `temporal \"forall i. event receive@i(m) never precedes event send@*(m)\"`, which `liar.everywhere` provides: one node cannot judge what it says of all of them
";
    assert_eq!(text, expected);
    assert_eq!(output.status.code(), Some(0));

    let options = ["--monitor", "report", "--format", "json"];
    let output = open(&document(2, 1, "once"), &options);
    let text = complaint(&output);
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("an object a line"))
        .collect();
    assert_eq!(lines[0]["unwatched"].as_array().map(Vec::len), Some(4));
    assert_eq!(lines[1]["violation"]["by"], "liar");
}

/// Simulates a document on two nodes and asks what the trace says.
fn simulated(document: &str, options: &[&str]) -> Output {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    fs::write(scratch.path().join("test.liveobject"), document).expect("it is written");
    let run = |arguments: &[&str]| {
        let mut command = liveobj(scratch.path());
        command.args(arguments).arg("--library-path").arg(faulty());
        let output = command.current_dir(scratch.path()).output();
        output.expect("liveobj runs")
    };
    let simulate = ["sim", "test.liveobject", "--trace=test.trace", "--for=1s"];
    let output = run(&simulate);
    assert!(output.status.success(), "{output:?}");
    let output = run(&["replay", "test.trace"]);
    assert!(output.status.success(), "{output:?}");
    // The libraries are not needed.
    let mut command = liveobj(scratch.path());
    let command = command.args(["monitor", "test.trace"]).args(options);
    let output = command.current_dir(scratch.path()).output();
    output.expect("liveobj runs")
}

#[test]
fn a_lie_is_found_in_a_trace() {
    let everywhere = (
        "everywhere",
        2,
        1,
        "`liar` on node 1 breaks `temporal \"forall i. event receive@i(m) never precedes event \
         send@*(m)\"`, which `asker1.everywhere` requires and `liar.everywhere` provides",
    );
    for (endpoint, answers, askers, expected) in LIES.iter().chain([&everywhere]) {
        let expected = expected.trim_start_matches("error: ");
        let expected = expected.split(", which").next().unwrap_or(expected);
        let expected = expected.replace("`liar` breaks", "`liar` on node 1 breaks");
        let output = simulated(&document(*answers, *askers, endpoint), &[]);
        let text = String::from_utf8(output.stdout.clone()).expect("it prints UTF-8");
        assert!(text.contains(&expected), "{endpoint}: {text}");
        assert!(text.contains("; it stands in test:faulty:"), "{text}");
        assert_eq!(output.status.code(), Some(1), "{text}");
    }
}

#[test]
fn the_truth_stands_in_traces_too() {
    for endpoint in ["asked", "soon", "once", "everywhere"] {
        let output = simulated(&document(1, 1, endpoint), &["--format", "json"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
        let constraints = &report["traces"][0]["constraints"];
        let constraints = constraints.as_array().expect("constraints");
        let subject = format!("liar.{endpoint}");
        let own = constraints.iter().filter(|it| it["subject"] == *subject);
        for constraint in own {
            let expected = match constraint["text"].as_str() {
                Some("best_effort") => "unmonitored",
                _ => "open",
            };
            assert_eq!(constraint["status"], expected, "{constraint}");
        }
        assert_eq!(output.status.code(), Some(0), "{endpoint}");
    }
}

#[test]
fn traces_of_processes_are_judged_together_although_one_was_killed() {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let path = |name: &str| scratch.path().join(name);
    for (name, answers, domains) in [("liar", 2, "2"), ("honest", 1, "1")] {
        let trace = path(name);
        let trace = trace.to_str().expect("a path in UTF-8");
        open(
            &document(answers, 1, "once"),
            &["--trace", trace, "--domains", domains],
        );
    }
    let honest = fs::read(path("honest")).expect("a trace");
    fs::write(path("killed"), &honest[..honest.len() - 30]).expect("it is written");
    let judge = |names: &[&str]| {
        let mut command = liveobj(scratch.path());
        command
            .arg("monitor")
            .args(names.iter().map(|name| path(name)));
        command.arg("--library-path").arg(faulty());
        command.output().expect("liveobj runs")
    };
    let output = judge(&["liar", "killed"]);
    let text = String::from_utf8_lossy(&output.stdout);
    let broken = "`liar` on node 1 breaks `temporal \"at most once answer(n)\"`";
    assert!(text.contains(broken), "{text}");
    assert!(text.contains("liar (node 1), "), "{text}");
    assert!(
        complaint(&output).contains("killed` breaks off"),
        "{}",
        complaint(&output)
    );
    assert_eq!(output.status.code(), Some(1));
    let output = judge(&["honest", "killed"]);
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(!text.contains("breaks"), "{text}");
    assert_eq!(output.status.code(), Some(0), "{text}");
}
