//! Simulations of real libraries: what follows from a seed, and what does not.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::rc::Rc;
use std::time::Duration;

use liveobj::sim::{
    Action, Delay, Network, NodeState, Observer, Options, Partition, Quiet, Scripted, Simulation,
    SimulationError, Summary, Twice,
};
use liveobj::{CheckedReference, OpenError, Runtime, Source};
use liveobj_tests::support::{built, root, test_library};
use serde_json::Value;

/// Keeps the trace.
#[derive(Clone, Default)]
struct Kept(Rc<RefCell<Vec<String>>>);

impl Observer for Kept {
    fn wants_trace(&self) -> bool {
        true
    }

    fn traced(&mut self, line: &str) {
        self.0.borrow_mut().push(line.to_owned());
    }
}

pub(crate) fn runtime() -> Runtime {
    let builder = Runtime::builder().library_path(built());
    builder.build().expect("a runtime")
}

pub(crate) fn check(runtime: &Runtime, document: &str) -> CheckedReference {
    let checked = runtime.check(&Source::new("test", document));
    checked
        .reference
        .unwrap_or_else(|| panic!("{:#?}", checked.diagnostics))
}

fn team_note(runtime: &Runtime) -> CheckedReference {
    let path = root().join("examples/team-note.liveobject");
    let checked = runtime.check_file(&path).expect("it is readable");
    checked.reference.expect("it is well typed")
}

fn sealed_note(runtime: &Runtime) -> CheckedReference {
    let path = root().join("examples/sealed-note.liveobject");
    let checked = runtime.check_file(&path).expect("it is readable");
    checked.reference.expect("it is well typed")
}

pub(crate) fn document(reference: &str) -> String {
    format!(r#"<liveobject xmlns="urn:liveobj:reference:1">{reference}</liveobject>"#)
}

/// What the registry has under a name.
pub(crate) fn registered(name: &str) -> String {
    document(&format!(
        r#"<external name="{name}" as="Object"><from><primitive id="registry"/></from></external>"#
    ))
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn typed(at: u64, node: u32, line: &str) -> Scripted {
    Scripted {
        at: seconds(at),
        node,
        action: Action::Type(line.to_owned()),
    }
}

pub(crate) fn lossy(least: u64, most: u64) -> Network {
    Network {
        loss: 200_000,
        repeat: 20_000,
        delay: Delay {
            least: Duration::from_millis(least),
            most: Duration::from_millis(most),
        },
    }
}

pub(crate) fn simulate(
    runtime: &Runtime,
    reference: &CheckedReference,
    options: &Options,
) -> Summary {
    let simulation = Simulation::new(runtime, reference, options, Quiet);
    let mut simulation = simulation.expect("it can be simulated");
    simulation.run().expect("it comes to rest");
    simulation.finish()
}

pub(crate) fn traced(
    runtime: &Runtime,
    reference: &CheckedReference,
    options: &Options,
) -> Vec<String> {
    let kept = Kept::default();
    let simulation = Simulation::new(runtime, reference, options, kept.clone());
    let mut simulation = simulation.expect("it can be simulated");
    simulation.run().expect("it comes to rest");
    simulation.finish();
    kept.0.take()
}

/// What a node has shown, sorted.
fn shown(summary: &Summary, node: u32) -> Vec<&str> {
    let node = &summary.nodes[node as usize - 1];
    let mut lines: Vec<&str> = node.shown.iter().map(|(_, line)| line.as_str()).collect();
    lines.sort_unstable();
    lines
}

/// When a node has shown a line first.
fn shown_at(summary: &Summary, node: u32, wanted: &str) -> Duration {
    let mut shown = summary.nodes[node as usize - 1].shown.iter();
    let found = shown.find(|(_, line)| line == wanted);
    found.expect("it was shown").0
}

/// A minute in which three nodes of a bad network write, one of them late.
fn busy(seed: u64) -> Options {
    let lines = (0..30).map(|n| typed(2 + n, 1 + n as u32 % 3, &format!("line {n}")));
    Options {
        nodes: 3,
        seed,
        network: lossy(1, 200),
        script: lines.collect(),
        ..Options::default()
    }
}

#[test]
fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    let runtime = runtime();
    let reference = team_note(&runtime);
    let first = traced(&runtime, &reference, &busy(1));
    assert!(first.len() > 1_000, "{} lines", first.len());
    assert_eq!(first, traced(&runtime, &reference, &busy(1)));
    let other = traced(&runtime, &reference, &busy(2));
    assert_ne!(first[1..], other[1..]);
}

#[test]
fn checking_what_objects_emit_changes_nothing_of_a_trace() {
    let builder = Runtime::builder().library_path(built());
    let checking = builder.check_payloads(true).build().expect("a runtime");
    let checked = traced(&checking, &team_note(&checking), &busy(1));
    let runtime = runtime();
    let plain = traced(&runtime, &team_note(&runtime), &busy(1));
    assert_eq!(plain[1..], checked[1..]);
    assert_ne!(plain[0], checked[0], "the header says so");
}

#[test]
fn an_hour_of_a_note_on_three_lossy_nodes_converges_across_a_partition() {
    let runtime = runtime();
    let reference = team_note(&runtime);
    let mut script: Vec<Scripted> = (0..350)
        .map(|n| typed(10 * n, 1 + n as u32 % 3, &format!("line {n}")))
        .collect();
    script.push(typed(700, 3, "from the other side"));
    let options = Options {
        nodes: 3,
        seed: 7,
        duration: seconds(3600),
        network: lossy(5, 80),
        partitions: vec![Partition {
            groups: vec![[1, 2].into(), [3].into()],
            from: seconds(600),
            until: seconds(1200),
        }],
        script,
    };
    let summary = simulate(&runtime, &reference, &options);
    assert!(summary.agree);
    for node in 1..=3 {
        assert_eq!(shown(&summary, node).len(), 351, "node {node}");
    }
    assert_eq!(shown_at(&summary, 3, "from the other side"), seconds(700));
    let came = shown_at(&summary, 1, "from the other side");
    assert!(came > seconds(1200) && came < seconds(1260), "{came:?}");
    let datagrams = summary.datagrams;
    assert!(datagrams.cut > 100, "{datagrams:?}");
    let share = datagrams.lost as f64 / (datagrams.lost + datagrams.arrived) as f64;
    assert!((0.08..0.2).contains(&share), "{datagrams:?}");
}

#[test]
fn notes_converge_whatever_the_seed() {
    let runtime = runtime();
    let reference = team_note(&runtime);
    for seed in 0..20 {
        let options = Options {
            duration: seconds(120),
            ..busy(seed)
        };
        let summary = simulate(&runtime, &reference, &options);
        assert!(summary.agree, "seed {seed}: {summary:?}");
        assert_eq!(shown(&summary, 1).len(), 30, "seed {seed}");
    }
}

#[test]
fn a_sealed_note_converges_and_its_nonces_follow_from_the_seed() {
    let runtime = runtime();
    let reference = sealed_note(&runtime);
    let options = Options {
        duration: seconds(120),
        ..busy(3)
    };
    let summary = simulate(&runtime, &reference, &options);
    assert!(summary.agree, "{summary:?}");
    assert_eq!(shown(&summary, 1).len(), 30);
    let first = traced(&runtime, &reference, &options);
    assert_eq!(first, traced(&runtime, &reference, &options));
}

#[test]
fn a_node_that_crashed_starts_again_with_nothing_and_gets_the_text_from_the_others() {
    let runtime = runtime();
    let reference = team_note(&runtime);
    let act = |at, node, action| Scripted {
        at: seconds(at),
        node,
        action,
    };
    let options = Options {
        script: vec![
            typed(1, 1, "before"),
            act(10, 2, Action::Crash),
            typed(20, 1, "meanwhile"),
            act(30, 2, Action::Start),
        ],
        ..Options::default()
    };
    let summary = simulate(&runtime, &reference, &options);
    assert_eq!(shown(&summary, 2), ["before", "meanwhile"]);
    assert!(shown_at(&summary, 2, "before") > seconds(30));
    let options = Options {
        script: options.script[..3].to_vec(),
        ..options
    };
    let summary = simulate(&runtime, &reference, &options);
    assert_eq!(summary.nodes[1].state, NodeState::Down);
    assert_eq!(shown(&summary, 2), ["before"], "it is not told any more");
}

#[test]
fn a_node_can_start_late_and_what_is_typed_before_waits() {
    let runtime = runtime();
    let reference = team_note(&runtime);
    let start = Scripted {
        at: seconds(30),
        node: 2,
        action: Action::Start,
    };
    let options = Options {
        script: vec![typed(1, 2, "early"), start],
        ..Options::default()
    };
    let summary = simulate(&runtime, &reference, &options);
    assert_eq!(shown_at(&summary, 2, "early"), seconds(30));
    assert!(shown_at(&summary, 1, "early") > seconds(30));
}

/// The causal path and the parent of an event lead to what it comes from, and a wake names the
/// line that led to it.
#[test]
fn every_event_of_a_trace_leads_back_to_something_from_outside() {
    let runtime = runtime();
    let reference = team_note(&runtime);
    let lines = traced(&runtime, &reference, &busy(1));
    let lines: Vec<Value> = lines
        .iter()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let mut numbers = BTreeMap::new();
    let mut outside = BTreeSet::new();
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, line) in lines.iter().enumerate().skip(1) {
        assert_eq!(line["line"], index + 1);
        let kind = line["kind"].as_str().expect("a kind");
        *kinds.entry(kind).or_default() += 1;
        let number = |name: &str| line[name].as_u64().expect("a number");
        match kind {
            "event" => {
                let (node, path, parent) = (number("node"), number("path"), number("parent"));
                if parent == 0 {
                    assert!(outside.contains(&(node, path)), "{line}");
                } else {
                    assert_eq!(numbers[&(node, parent)], path, "{line}");
                }
                numbers.insert((node, number("number")), path);
                let to = line["to"].as_str().expect("an end");
                let object = line["object"].as_str().expect("an object");
                assert!(to.starts_with(&format!("{object}.")), "{line}");
                assert!(line["sha256"].is_string(), "{line}");
            }
            "connected" => {
                numbers.insert((number("node"), number("number")), number("path"));
            }
            "wake" => {
                outside.insert((number("node"), number("path")));
                if line["wake"] == "line" {
                    continue;
                }
                let cause = &lines[number("cause") as usize - 1];
                assert_eq!(cause["kind"], "request", "{line}");
                let sent = line["wake"] == "datagram";
                assert_eq!(cause["request"] == "udp send", sent, "{line}");
                assert!(sent || cause["token"] == line["token"], "{line}");
            }
            _ => {}
        }
    }
    assert!(kinds["event"] > 300 && kinds["wake"] > 300, "{kinds:?}");
    assert_eq!(kinds["connected"], 3 * 4);
    assert_eq!(kinds["created"], 3 * 3);
}

#[test]
fn an_object_that_runs_threads_is_refused_before_anything_runs() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    test_library("threads", folder.path());
    let runtime = Runtime::builder().library_path(folder.path());
    let runtime = runtime.build().expect("a runtime");
    let threaded = r#"<composite>
        <component name="clock"><external name="timer" library="liveobj:standard"/></component>
        <component name="worker"><external name="threaded" library="test:threads"/></component>
    </composite>"#;
    let reference = check(&runtime, &document(threaded));
    let error = Simulation::new(&runtime, &reference, &Options::default(), Quiet).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`worker` cannot be simulated: library `test:threads` runs threads of its own, and when \
         those run follows from no seed"
    );
    let threads = SimulationError::Open(OpenError::Threads {
        object: "worker".to_owned(),
        library: "test:threads".to_owned(),
    });
    assert_eq!(format!("{error:?}"), format!("{threads:?}"));
}

#[test]
fn an_object_with_threads_that_a_folder_gives_out_is_refused_too() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    test_library("threads", folder.path());
    let worker = document(r#"<external name="threaded" library="test:threads"/>"#);
    fs::write(folder.path().join("worker.liveobject"), worker).expect("written");
    let runtime = Runtime::builder().library_path(folder.path());
    let runtime = runtime.registry(folder.path()).build().expect("a runtime");
    let reference = check(&runtime, &registered("worker"));
    let summary = simulate(&runtime, &reference, &Options::default());
    let NodeState::Failed(reason) = &summary.nodes[0].state else {
        panic!("{summary:?}")
    };
    assert!(reason.contains("`test:threads` runs threads"), "{reason}");
}

/// A reference to an object that looks at `how` behind its context's back.
pub(crate) fn cheat(how: &str) -> String {
    document(&format!(
        r#"<composite><component name="cheat"><parameterized>
            <template><external name="cheat" library="test:cheats"/></template>
            <parameter name="how"><value>{how}</value></parameter>
        </parameterized></component></composite>"#
    ))
}

#[test]
fn an_object_that_looks_behind_its_contexts_back_is_caught_by_running_twice() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    test_library("cheats", folder.path());
    let runtime = Runtime::builder().library_path(folder.path());
    let runtime = runtime.build().expect("a runtime");
    let compare = |how| {
        let reference = check(&runtime, &cheat(how));
        let twice = Twice::new(&runtime, &reference, &Options::default(), Quiet);
        let mut twice = twice.expect("it can be simulated");
        while twice.step().expect("it comes to rest") {
            if let Some(difference) = twice.difference() {
                return Err(difference);
            }
        }
        twice.finish()
    };
    for how in ["clock", "hasher", "static"] {
        let difference = compare(how).expect_err(how);
        let lines = [difference.first, difference.second];
        for line in lines.map(|line| line.expect("both go on")) {
            let line: Value = serde_json::from_str(&line).expect("JSON");
            assert_eq!(line["object"], "cheat", "{how}");
            assert_eq!(line["request"], "terminal show", "{how}");
            assert_eq!(line["time"], 1_000_000_000, "{how}: the first time");
        }
    }
    let summary = compare("nothing").expect("what does nothing of that is not accused");
    assert_eq!(shown(&summary, 1).len(), 60);
}

/// What a node shows whose object opens `object` and closes it ten seconds later; and the kinds of
/// lines about the object that it opens.
fn opened(runtime: &Runtime, object: &str) -> (Vec<String>, Vec<String>) {
    let opener = format!(
        r#"<composite><component name="opener"><parameterized>
            <template><external name="opener" library="test:opens"/></template>
            <parameter name="object">{object}</parameter>
        </parameterized></component></composite>"#
    );
    let reference = check(runtime, &document(&opener));
    let options = Options {
        nodes: 1,
        ..Options::default()
    };
    let lines = traced(runtime, &reference, &options).into_iter().skip(1);
    let lines: Vec<Value> = lines
        .map(|line| serde_json::from_str(&line).expect("JSON"))
        .collect();
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or_default().to_owned();
    let shown = lines
        .iter()
        .filter(|line| line["request"] == "terminal show");
    let shown = shown.map(|line| text(line, "text")).collect();
    let others = lines.iter().filter(|line| line["object"] == "timer");
    (shown, others.map(|line| text(line, "kind")).collect())
}

#[test]
fn an_object_opens_another_one_and_closes_it() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for library in ["opens", "threads"] {
        test_library(library, folder.path());
    }
    let runtime = Runtime::builder().library_path(folder.path());
    let runtime = runtime.build().expect("a runtime");
    let timer = r#"<external name="timer" library="liveobj:standard"/>"#;
    let (shown, kinds) = opened(&runtime, timer);
    assert_eq!(shown, ["opened", "closed: true"]);
    assert_eq!(kinds, ["created", "destroyed"]);
    let threaded = r#"<external name="threaded" library="test:threads"/>"#;
    let (shown, _) = opened(&runtime, threaded);
    let refused = "`threaded` cannot be simulated: library `test:threads` runs threads of its own";
    assert!(shown[0].starts_with(refused), "{shown:?}");
}

#[test]
fn a_sealed_note_draws_its_nonces_from_its_context() {
    let runtime = runtime();
    let path = root().join("examples/sealed-note.liveobject");
    let checked = runtime.check_file(&path).expect("it is readable");
    let reference = checked.reference.expect("it is well typed");
    let options = Options {
        network: lossy(1, 100),
        script: vec![typed(1, 1, "secret")],
        ..Options::default()
    };
    let mut twice = Twice::new(&runtime, &reference, &options, Quiet).expect("it is simulated");
    while twice.step().expect("it comes to rest") {
        assert_eq!(twice.difference(), None);
    }
    let summary = twice.finish().expect("both runs are the same");
    assert_eq!(shown(&summary, 2), ["secret"]);
}

#[test]
fn a_node_that_keeps_waking_itself_is_named() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    test_library("cheats", folder.path());
    let runtime = Runtime::builder().library_path(folder.path());
    let runtime = runtime.build().expect("a runtime");
    let reference = check(&runtime, &cheat("spin"));
    let simulation = Simulation::new(&runtime, &reference, &Options::default(), Quiet);
    let error = simulation.expect("it can be simulated").run().unwrap_err();
    let expected = "node 1 does not come to rest at 1 s: its objects keep waking themselves";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn what_a_library_shares_in_its_process_does_not_pass_between_nodes() {
    let runtime = runtime();
    let reference = check(
        &runtime,
        &document(
            r#"<composite>
                <component name="network"><parameterized>
                    <template><external name="local_channel" library="liveobj:channels"/></template>
                    <parameter name="Message"><type>bytes</type></parameter>
                    <parameter name="name"><value>hall</value></parameter>
                </parameterized></component>
                <component name="note"><external name="shared_text" library="liveobj:documents"/></component>
                <component name="screen"><external name="console" library="liveobj:standard"/></component>
                <connection><endpoint of="note" name="channel"/><endpoint of="network" name="channel"/></connection>
                <connection><endpoint of="note" name="text"/><endpoint of="screen" name="text"/></connection>
            </composite>"#,
        ),
    );
    let options = Options {
        script: vec![typed(1, 1, "hello")],
        ..Options::default()
    };
    let summary = simulate(&runtime, &reference, &options);
    assert_eq!(shown(&summary, 1), ["hello"]);
    assert_eq!(shown(&summary, 2), [""; 0]);
}

#[test]
fn a_name_that_no_folder_has_fails_the_nodes_that_ask_for_it() {
    let runtime = runtime();
    let reference = check(&runtime, &registered("absent"));
    let summary = simulate(&runtime, &reference, &Options::default());
    let missing = NodeState::Failed("folder `registry` has nothing named `absent`".to_owned());
    assert_eq!(summary.nodes[0].state, missing);
    assert_eq!(summary.nodes[1].state, missing);
}
