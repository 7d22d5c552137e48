//! What takes its time to leave, in real objects: opened by an embedder, by the command, and simulated.

use std::cell::RefCell;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::pin::pin;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use liveobj::sim::{Action, NodeState, Observer, Options, Scripted, Simulation};
use liveobj::{Data, Ended, Message, Object, OpenOptions, Runtime, RuntimeBuilder};
use liveobj_tests::support::{faulty, liveobj};

use crate::simulation::{check, document, seconds, traced};

const PATIENCE: Duration = Duration::from_secs(30);
/// What who stays is told when its time is up.
const UP: &str = "its time for a farewell is up";

/// Stays for so many milliseconds, or for ever.
fn lingerer(stays: u64, last: bool) -> String {
    format!(
        r#"<parameterized><template><external name="lingerer" library="test:faulty"/></template>
        <parameter name="last"><value>{last}</value></parameter>
        <parameter name="stays"><value>{stays}</value></parameter></parameterized>"#
    )
}

/// Who is woken first is a part of a part, and stays longer.
fn parts() -> String {
    let (above, below) = (lingerer(300, false), lingerer(100, true));
    document(&format!(
        r#"<composite><component name="below">{below}</component>
        <component name="inner"><composite><component name="above">{above}</component>
        </composite></component></composite>"#
    ))
}

/// A runtime, and what is told.
fn runtime() -> (RuntimeBuilder, Receiver<String>) {
    let (sender, messages) = mpsc::channel();
    let report = move |message: &Message| {
        // The test may be over.
        let _ = sender.send(message.to_string());
    };
    let builder = Runtime::builder().library_path(faulty()).report(report);
    (builder, messages)
}

fn open(runtime: &Runtime, document: &str, domains: usize) -> Object {
    let reference = check(runtime, document);
    let options = OpenOptions::new().domains(domains);
    let opened = runtime.open_blocking_with(&reference, options);
    opened.unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn an_object_is_closed_once_its_parts_have_left_in_order_in_however_many_domains() {
    for domains in [1, 2] {
        let (builder, messages) = runtime();
        let runtime = builder.build().expect("a runtime");
        let object = open(&runtime, &parts(), domains);
        assert_eq!(object.domains(), domains);
        let begun = Instant::now();
        assert_eq!(object.close(), Ended::Closed);
        assert!(begun.elapsed() >= Duration::from_millis(400));
        let told: Vec<String> = messages.try_iter().collect();
        assert_eq!(
            told,
            [
                "info: `inner/above`: leaves",
                "info: `inner/above`: is done",
                "info: `below`: leaves",
                "info: `below`: is done"
            ],
            "{domains}"
        );
    }
}

#[test]
fn who_closes_it_need_not_wait_and_can_be_in_a_hurry() {
    for domains in [1, 2] {
        let (builder, messages) = runtime();
        let runtime = builder.leave_within(PATIENCE * 10).build();
        let runtime = runtime.expect("a runtime");
        let document = parts().replace("<value>300</value>", "<value>0</value>");
        let object = open(&runtime, &document, domains);
        object.begin_to_close();
        let leaves = messages.recv_timeout(PATIENCE);
        assert_eq!(leaves.expect("it leaves"), "info: `inner/above`: leaves");
        // It tells so before it stays.
        let staying = || wait(object.staying());
        let begun = Instant::now();
        while staying() != ["inner/above"] {
            assert!(begun.elapsed() < PATIENCE);
        }
        object.hurry();
        assert_eq!(object.wait_timeout(PATIENCE), Some(Ended::Closed));
        let told: Vec<String> = messages.try_iter().collect();
        assert_eq!(
            told,
            [
                format!("info: `inner/above`: {UP}"),
                "info: `below`: leaves".to_owned(),
                format!("info: `below`: {UP}"),
            ],
            "{domains}"
        );
    }
}

/// Waits on this thread, without a runtime.
fn wait<T>(future: impl Future<Output = T>) -> T {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Arc::new(Unpark(thread::current())).into();
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}

#[test]
fn who_does_not_leave_in_time_is_named_and_disconnected() {
    let (builder, messages) = runtime();
    let runtime = builder.leave_within(Duration::from_millis(200)).build();
    let runtime = runtime.expect("a runtime");
    let object = open(&runtime, &document(&lingerer(0, false)), 1);
    let begun = Instant::now();
    assert_eq!(object.close(), Ended::Closed);
    assert!(begun.elapsed() >= Duration::from_millis(200));
    let told: Vec<String> = messages.try_iter().collect();
    let late = "it had not left after 200ms, and is closed as it is";
    assert_eq!(
        told,
        [
            "info: `lingerer`: leaves".to_owned(),
            format!("warning: `lingerer`: {late}"),
            format!("info: `lingerer`: {UP}"),
        ]
    );
}

#[test]
fn what_is_dropped_on_a_thread_of_its_own_leaves_in_order_although_its_runtime_is_gone() {
    let (builder, messages) = runtime();
    let runtime = builder.build().expect("a runtime");
    let parts = document(&format!(
        r#"<composite><component name="guest">{}</component>
        <component name="worker"><parameterized>
        <template><external name="worker" library="test:faulty"/></template></parameterized></component>
        <export of="worker" name="task"/></composite>"#,
        lingerer(200, false)
    ));
    let object = open(&runtime, &parts, 1);
    let ended = object.closed();
    let endpoint = object.endpoint("task").expect("it is there");
    let held = Arc::new(Mutex::new(Some((object, runtime))));
    let dropped = held.clone();
    let connection = endpoint.connect(move |_, _| drop(dropped.lock().unwrap().take()));
    let connection = connection.expect("it connects");
    drop(endpoint);
    connection
        .send("go", Data::Record([].into()))
        .expect("it is sent");
    assert_eq!(wait(ended), Ended::Closed);
    assert!(held.lock().unwrap().is_none());
    let told: Vec<String> = messages.try_iter().collect();
    assert_eq!(told, ["info: `guest`: leaves", "info: `guest`: is done"]);
}

#[test]
fn where_a_part_fails_the_others_still_leave_in_order() {
    let (builder, messages) = runtime();
    let runtime = builder.build().expect("a runtime");
    let parts = document(&format!(
        r#"<composite><component name="guest">{}</component>
        <component name="worker"><parameterized>
        <template><external name="worker" library="test:faulty"/></template>
        <parameter name="fault"><value>handler fails</value></parameter></parameterized></component>
        <export of="worker" name="task"/></composite>"#,
        lingerer(100, false)
    ));
    let object = open(&runtime, &parts, 1);
    let endpoint = object.endpoint("task").expect("it is there");
    let connection = endpoint.connect(|_, _| {}).expect("it connects");
    connection
        .send("go", Data::Record([].into()))
        .expect("it is sent");
    let Some(Ended::Failed { object, reason }) = object.wait_timeout(PATIENCE) else {
        panic!("it goes on")
    };
    assert_eq!((&*object, &*reason), ("worker", "out of ink"));
    let told: Vec<String> = messages.try_iter().collect();
    assert_eq!(
        told[1..],
        ["info: `guest`: leaves", "info: `guest`: is done"]
    );
}

/// Runs `liveobj` with what is faulty at hand.
fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = liveobj(home);
    command.args(arguments).arg("--library-path").arg(faulty());
    command.current_dir(home).stdin(Stdio::null());
    command
}

fn run(home: &Path, arguments: &[&str]) -> Output {
    command(home, arguments).output().expect("liveobj runs")
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("it prints UTF-8")
}

/// A home in which `guest.liveobject` stays for so many milliseconds.
fn home(stays: u64) -> tempfile::TempDir {
    let home = tempfile::tempdir().expect("a temporary directory");
    let guest = document(&lingerer(stays, false));
    fs::write(home.path().join("guest.liveobject"), guest).expect("it is writable");
    home
}

fn signal(child: &Child, name: &str) {
    let kill = Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(kill.is_ok_and(|status| status.success()));
}

const LEAVES: &str = "info: `lingerer`: leaves\n";

#[test]
fn a_signal_lets_it_leave_and_a_second_one_ends_it_at_once() {
    for (stays, signals, last) in [
        (300, &["TERM"][..], "info: `lingerer`: is done\n"),
        (
            0,
            &["INT", "INT"],
            "info: `lingerer`: its time for a farewell is up\n",
        ),
        (
            0,
            &["TERM", "TERM"],
            "info: `lingerer`: its time for a farewell is up\n",
        ),
    ] {
        let home = home(stays);
        let arguments = ["open", "guest.liveobject", "--leave-within=1h", "--verbose"];
        let mut open = command(home.path(), &arguments);
        open.arg("--log=info").stderr(Stdio::piped());
        let mut child = open.spawn().expect("liveobj runs");
        let mut errors = BufReader::new(child.stderr.take().expect("a pipe"));
        let until = |errors: &mut BufReader<_>, end: &str| {
            let mut line = String::new();
            while !line.contains(end) {
                line.clear();
                assert!(errors.read_line(&mut line).expect("UTF-8") > 0, "no {end}");
            }
        };
        until(&mut errors, "it is open");
        signal(&child, signals[0]);
        until(&mut errors, LEAVES);
        for name in &signals[1..] {
            signal(&child, name);
        }
        let mut rest = String::new();
        errors.read_to_string(&mut rest).expect("UTF-8");
        let told: Vec<&str> = rest.lines().filter(|it| it.starts_with("info: ")).collect();
        assert_eq!(told, [last.trim_end()], "{rest}");
        let status = child.wait().expect("it ends");
        assert_eq!(status.code(), Some(0));
    }
}

#[test]
fn a_part_that_had_failed_is_named_although_a_signal_ends_the_wait_for_the_others() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let parts = document(&format!(
        r#"<composite><component name="guest">{}</component>
        <component name="metronome"><parameterized>
        <template><external name="metronome" library="test:faulty"/></template>
        <parameter name="every"><value>10</value></parameter></parameterized></component>
        <component name="worker"><parameterized>
        <template><external name="worker" library="test:faulty"/></template>
        <parameter name="fault"><value>handler fails</value></parameter></parameterized></component>
        <connection><endpoint of="metronome" name="worker"/><endpoint of="worker" name="task"/></connection>
        </composite>"#,
        lingerer(0, false)
    ));
    fs::write(home.path().join("parts.liveobject"), parts).expect("it is writable");
    let arguments = ["open", "parts.liveobject", "--leave-within=1h"];
    let mut open = command(home.path(), &arguments);
    let mut child = open.stderr(Stdio::piped()).spawn().expect("liveobj runs");
    let mut errors = BufReader::new(child.stderr.take().expect("a pipe"));
    let mut line = String::new();
    while line != "info: `guest`: leaves\n" {
        line.clear();
        assert!(errors.read_line(&mut line).expect("UTF-8") > 0);
    }
    let status = loop {
        if let Some(status) = child.try_wait().expect("it is ours") {
            break status;
        }
        // Those that come at the same time may be one.
        signal(&child, "INT");
        thread::sleep(Duration::from_millis(20));
    };
    let mut rest = String::new();
    errors.read_to_string(&mut rest).expect("UTF-8");
    assert!(
        rest.ends_with("error: `worker` failed: out of ink\n"),
        "{rest}"
    );
    assert_eq!(status.code(), Some(1));
}

#[test]
fn how_long_it_may_take_to_leave_is_said_on_the_command_line() {
    let home = home(0);
    let open = |within: &str| {
        let within = format!("--leave-within={within}");
        let output = run(
            home.path(),
            &["open", "guest.liveobject", "--for=10ms", &within],
        );
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        text(&output.stderr).to_owned()
    };
    let up = format!("info: `lingerer`: {UP}\n");
    assert_eq!(open("0s"), format!("{LEAVES}{up}"), "nobody waited");
    let late = "it had not left after 400ms, and is closed as it is";
    let late = format!("warning: `lingerer`: {late}\n");
    // Where it is told to people, nobody waits at a terminal here.
    assert_eq!(open("400ms"), format!("{LEAVES}{late}{up}"));
}

/// What the nodes of a simulation say, with the time in milliseconds.
#[derive(Clone, Default)]
struct Said(std::rc::Rc<RefCell<Vec<(u32, u128, String)>>>);

impl Observer for Said {
    fn said(&mut self, node: u32, at: Duration, message: &Message) {
        let said = (node, at.as_millis(), message.text.clone());
        self.0.borrow_mut().push(said);
    }
}

fn scripted(at: u64, node: u32, action: Action) -> Scripted {
    Scripted {
        at: seconds(at),
        node,
        action,
    }
}

#[test]
fn a_simulated_node_is_there_until_it_has_left_and_starts_again_after_that() {
    let (builder, _) = runtime();
    let runtime = builder.build().expect("a runtime");
    let reference = check(&runtime, &document(&lingerer(2_000, false)));
    let options = Options {
        script: vec![
            scripted(10, 1, Action::Close),
            scripted(11, 1, Action::Start),
            scripted(20, 1, Action::Close),
            scripted(10, 2, Action::Close),
            // It is gone at once.
            scripted(11, 2, Action::Crash),
        ],
        ..Options::default()
    };
    let said = Said::default();
    let simulation = Simulation::new(&runtime, &reference, &options, said.clone());
    let mut simulation = simulation.expect("it can be simulated");
    while simulation.time() < seconds(11) && simulation.step().expect("it rests") {}
    assert_eq!(simulation.summary().nodes[0].state, NodeState::Open);
    simulation.run().expect("it rests");
    let summary = simulation.finish();
    assert_eq!(summary.nodes[0].state, NodeState::Ended);
    assert_eq!(summary.nodes[1].state, NodeState::Down);
    let said = said.0.borrow();
    let first: Vec<_> = said.iter().filter(|(node, ..)| *node == 1).collect();
    let expected = [
        (1, 10_000, "leaves".to_owned()),
        (1, 12_000, "is done".to_owned()),
        (1, 20_000, "leaves".to_owned()),
        (1, 22_000, "is done".to_owned()),
    ];
    assert_eq!(first, expected.iter().collect::<Vec<_>>());
    assert_eq!(said.iter().filter(|(node, ..)| *node == 2).count(), 1);
    let lines = traced(&runtime, &reference, &options);
    let count = |text: &str| lines.iter().filter(|line| line.contains(text)).count();
    let ends = [
        r#""kind":"ended""#,
        r#""kind":"start""#,
        r#""request":"stay""#,
    ];
    assert_eq!(ends.map(count), [2, 3, 3]);
}

#[test]
fn a_simulation_of_what_takes_its_time_to_leave_replays() {
    // Who is done, who never is, and who has no time.
    for (stays, within) in [(2_000, "5s"), (0, "3s"), (0, "0s")] {
        let home = home(stays);
        let within = format!("--leave-within={within}");
        let simulate = ["sim", "guest.liveobject", "--close=1@10s", "--for=30s"];
        let trace = ["--trace=guest.trace", "--twice", &within];
        let output = run(home.path(), &[&simulate[..], &trace].concat());
        assert!(output.status.success(), "{output:?}");
        let printed = text(&output.stdout);
        assert!(
            printed.contains("node 1: ended\nnode 2: open\n"),
            "{printed}"
        );
        // Nothing says there how long it may take.
        let output = run(home.path(), &["replay", "guest.trace"]);
        assert!(output.status.success(), "{output:?}");
        assert!(
            text(&output.stdout).ends_with("lines agree\n"),
            "{output:?}"
        );
    }
}
