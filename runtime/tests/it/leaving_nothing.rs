//! Nothing is left behind: no thread, no socket.

#![cfg(target_os = "linux")]

use std::fs;
use std::time::{Duration, Instant};

use super::{Bench, PATIENCE, RUNNING, connect};

const TIMER: &str = r#"<external name="timer" library="liveobj:standard"/>"#;

/// Names of this process's threads that are the runtime's, and the number of its sockets.
fn held() -> (Vec<String>, usize) {
    let tasks = fs::read_dir("/proc/self/task").expect("threads");
    let mut threads: Vec<String> = tasks
        .filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok())
        .map(|name| name.trim().to_owned())
        .filter(|name| name.starts_with("liveobj"))
        .collect();
    threads.sort();
    let files = fs::read_dir("/proc/self/fd").expect("files");
    let sockets = files
        .filter_map(|file| fs::read_link(file.ok()?.path()).ok())
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count();
    (threads, sockets)
}

/// Waits until this is held: the system takes its time to name and to forget threads.
fn holds(threads: &[&str], sockets: usize) {
    let deadline = Instant::now() + PATIENCE;
    while held() != (threads.iter().map(ToString::to_string).collect(), sockets) {
        assert!(
            Instant::now() < deadline,
            "{:?} instead of {threads:?}, {sockets}",
            held()
        );
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn neither_closing_nor_a_failed_open_leaves_a_thread_or_a_socket() {
    let _alone = RUNNING
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    // The first runtime of a process may open sockets that the process keeps (for signals).
    drop(Bench::alone());
    let (_, none) = held();
    holds(&[], none);
    let bench = Bench::alone();
    // A runtime may have a socket of its own for the same purpose.
    let (_, sockets) = held();
    holds(&["liveobj-io"], sockets);
    let object = bench.open(TIMER);
    let events = connect(&object, "timer");
    holds(&["liveobj-domain", "liveobj-io"], sockets);
    object.close();
    drop(events);
    holds(&["liveobj-io"], sockets);
    let missing =
        r#"<external name="no" as="Timer"><from><primitive id="registry"/></from></external>"#;
    bench.try_open(missing).unwrap_err();
    // Reading the registry started a thread that waits for more to read.
    let domains = held()
        .0
        .into_iter()
        .filter(|name| name.contains("domain"))
        .count();
    assert_eq!(domains, 0);
    // An `open` that is given up.
    drop(bench.runtime.open(&bench.check(TIMER)));
    drop(bench);
    holds(&[], none);
}
