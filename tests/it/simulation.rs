//! Simulations of real libraries: what follows from a seed, what does not, and what replays.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Output;
use std::rc::Rc;
use std::time::Duration;

use liveobj::sim::{
    Action, Delay, Network, NodeState, Observer, Options, Partition, Quiet, Scripted, Simulation,
    SimulationError, Summary, Twice,
};
use liveobj::{CheckedReference, OpenError, Runtime, Source};
use liveobj_tests::support::{built, liveobj, root, test_library};
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

fn runtime() -> Runtime {
    let builder = Runtime::builder().library_path(built());
    builder.build().expect("a runtime")
}

fn check(runtime: &Runtime, document: &str) -> CheckedReference {
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

fn document(reference: &str) -> String {
    format!(r#"<liveobject xmlns="urn:liveobj:reference:1">{reference}</liveobject>"#)
}

/// What the registry has under a name.
fn registered(name: &str) -> String {
    document(&format!(
        r#"<external name="{name}" as="Object"><from><primitive id="registry"/></from></external>"#
    ))
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn typed(at: u64, node: u32, line: &str) -> Scripted {
    Scripted {
        at: seconds(at),
        node,
        action: Action::Type(line.to_owned()),
    }
}

fn lossy(least: u64, most: u64) -> Network {
    Network {
        loss: 200_000,
        repeat: 20_000,
        delay: Delay {
            least: Duration::from_millis(least),
            most: Duration::from_millis(most),
        },
    }
}

fn simulate(runtime: &Runtime, reference: &CheckedReference, options: &Options) -> Summary {
    let simulation = Simulation::new(runtime, reference, options, Quiet);
    let mut simulation = simulation.expect("it can be simulated");
    simulation.run().expect("it comes to rest");
    simulation.finish()
}

fn traced(runtime: &Runtime, reference: &CheckedReference, options: &Options) -> Vec<String> {
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

fn cheat(how: &str) -> String {
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

    let edited = lines[499].replace("\"path\":", "\"path\":1");
    assert_ne!(edited, lines[499]);
    let mut all = lines.clone();
    all[499] = &edited;
    fs::write(home.path().join("edited.trace"), all.join("\n")).expect("written");
    let output = run(home.path(), &["replay", "edited.trace"]);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    assert!(errors.contains("differs at line 500, node"), "{errors}");
    assert!(errors.contains(&edited), "{errors}");
    assert!(errors.contains(lines[499]), "{errors}");

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
