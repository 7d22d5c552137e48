//! The same again and again, in the same memory.

use std::fs;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};

use liveobj::{CheckedReference, Connection, Data, Ended, Object, OpenError, OpenOptions, Runtime};

use super::{PATIENCE, alone, channel, check, document, holds, runtime, settled};

const TIMER: &str = r#"<external name="timer" library="liveobj:standard"/>"#;

/// Bytes of this process in memory.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kibibytes = kibibytes.expect("a size").trim().parse::<usize>();
    kibibytes.expect("a number") * 1024
}

fn connect(object: &Object, endpoint: &str) -> (Connection, Receiver<String>) {
    let (sender, received) = mpsc::channel();
    let endpoint = object.endpoint(endpoint).expect("an endpoint");
    let connection = endpoint.connect(move |event, _| {
        let _ = sender.send(event.to_owned());
    });
    (connection.expect("connected"), received)
}

/// What a folder keeps, a folder and a socket.
fn reference(shelf: &Path) -> String {
    let (shelf, channel) = (shelf.display(), channel());
    format!(
        r#"<composite>
            <component name="clock">
                <external name="clock" as="Timer"><from><primitive id="registry"/></from></external>
            </component>
            <component name="shelf"><parameterized>
                <template><external name="directory_folder" library="liveobj:standard"/></template>
                <parameter name="Item"><type>Timer</type></parameter>
                <parameter name="path"><value>{shelf}</value></parameter>
            </parameterized></component>
            <component name="network">{channel}</component>
            <export of="clock" name="timer"/>
            <export of="shelf" name="folder"/>
            <export of="network" name="channel"/>
        </composite>"#
    )
}

/// Opens it, connects, exchanges events and closes.
fn cycle(runtime: &Runtime, reference: &CheckedReference) {
    let object = runtime.open_blocking(reference);
    let object = object.unwrap_or_else(|error| panic!("{error}"));
    let (timer, timed) = connect(&object, "timer");
    let (folder, found) = connect(&object, "folder");
    let (network, _heard) = connect(&object, "channel");
    let start = [("token", Data::U64(1)), ("nanoseconds", Data::U64(1))];
    timer.send("start", Data::record(start)).expect("sent");
    let text = |text: &str| Data::String(text.to_owned());
    let get = Data::record([("name", text("clock"))]);
    folder.send("get", get).expect("sent");
    let message = Data::record([("message", text("to nobody"))]);
    network.send("send", message).expect("sent");
    assert_eq!(timed.recv_timeout(PATIENCE).expect("an event"), "elapsed");
    assert_eq!(found.recv_timeout(PATIENCE).expect("an event"), "item");
    drop(timer);
    assert_eq!(object.close(), Ended::Closed);
}

#[test]
fn an_open_that_fails_in_one_of_several_domains_leaves_no_thread() {
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a directory");
    let runtime = runtime(folder.path());
    let part = |name: &str, fault: &str| {
        format!(
            r#"<component name="{name}"><parameterized>
                <template><external name="worker" library="test:faulty"/></template>
                <parameter name="fault"><value>{fault}</value></parameter>
            </parameterized></component>"#
        )
    };
    let open = |fault: &str| {
        let parts = [part("first", ""), part("second", fault), part("third", "")].concat();
        let reference = check(&runtime, &format!("<composite>{parts}</composite>"));
        runtime.open_blocking_with(&reference, OpenOptions::new().domains(3))
    };
    // The first one maps the library, for good.
    assert_eq!(open("").expect("it opens").domains(), 3);
    let held = settled();
    for fault in ["create fails", "create panics"] {
        let error = open(fault).expect_err("it is not created");
        assert!(matches!(error, OpenError::Create { .. }), "{error}");
        holds(held);
    }
}

#[test]
fn opening_and_closing_leaves_no_handle_thread_or_memory() {
    const WARM: usize = 100;
    const CYCLES: usize = 1_500;
    let _alone = alone();
    let folder = tempfile::tempdir().expect("a directory");
    let runtime = runtime(folder.path());
    fs::write(folder.path().join("clock.liveobject"), document(TIMER)).expect("written");
    let reference = check(&runtime, &reference(folder.path()));
    let cycles = |count| (0..count).for_each(|_| cycle(&runtime, &reference));
    cycles(WARM);
    let (before, held) = (resident(), settled());
    cycles(CYCLES);
    holds(held);
    // An instance that stayed would be some kilobytes of proxies and types; what allocators keep
    // for threads that come and go is of the size of a few threads, not of thousands.
    let grown = resident().saturating_sub(before);
    assert!(
        grown < 4_000_000,
        "{grown} bytes more after {CYCLES} cycles"
    );
}
