//! Nothing is left behind: no thread, no socket.

#![cfg(target_os = "linux")]

use std::fs;
use std::time::{Duration, Instant};

use liveobj::OpenOptions;
use liveobj::measure::{Churn, Crowd, Number, Parent};

use super::{Bench, PATIENCE, RUNNING, connect, document};

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
    let several = bench.try_open_with(&super::domains::chain(4), OpenOptions::new().domains(3));
    let several = several.expect("it opens");
    let domains = || {
        let threads = held().0;
        threads
            .iter()
            .filter(|name| name.contains("domain"))
            .count()
    };
    assert_eq!(domains(), 3);
    drop(several);
    assert_eq!(domains(), 0);
    drop(bench);
    holds(&[], none);
}

/// Bytes of this process in memory.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("a status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kibibytes
        .expect("a size")
        .trim()
        .parse::<usize>()
        .expect("a number")
        * 1024
}

/// Files, sockets and the like that are open, and threads.
fn handles() -> (usize, usize) {
    let count = |directory: &str| fs::read_dir(directory).expect("entries").count();
    (count("/proc/self/fd"), count("/proc/self/task"))
}

#[test]
fn a_hundred_thousand_proxies_come_and_go_in_the_same_memory() {
    const WARM: u64 = 10_000;
    const CYCLES: u64 = 100_000;
    let _alone = RUNNING
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let crowd = Crowd::new();
    let visits = |count: u64| (0..count).for_each(|n| crowd.one_visits(&Number { n }));
    visits(WARM);
    let (before, held) = (resident(), handles());
    visits(CYCLES);
    // 16 bytes, the least that an allocator hands out, left by each cycle would be 1.6 MB.
    let grown = resident().saturating_sub(before);
    assert!(
        grown < 1_000_000,
        "{grown} bytes more after {CYCLES} cycles"
    );
    assert_eq!(handles(), held);
    // What is left over is found when the crowd is dropped.
}

#[test]
fn objects_that_come_and_go_among_others_that_live_on_leave_no_holes() {
    const CYCLES: u64 = if cfg!(debug_assertions) {
        20_000
    } else {
        200_000
    };
    let _alone = RUNNING
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut churn = Churn::new();
    churn.cycles(CYCLES);
    let before = resident();
    churn.cycles(CYCLES);
    // Five objects in each cycle, of about a kilobyte: a hundredth of them would be more.
    let grown = resident().saturating_sub(before);
    assert!(
        grown < 1_000_000,
        "{grown} bytes more after {CYCLES} cycles"
    );
}

/// A document with an object that has arguments, one maybe of a type that the document declares.
fn with_arguments(template: &str, arguments: &[(&str, &str)]) -> String {
    let arguments = arguments
        .iter()
        .map(|(name, argument)| format!(r#"<parameter name="{name}">{argument}</parameter>"#));
    format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1">
            <types>use "liveobj:standard"; record Line {{ text: string, more: list&lt;Line&gt; }}</types>
            <parameterized>
                <template><external name="{template}" library="liveobj:standard"/></template>
                {}
            </parameterized>
        </liveobject>"#,
        arguments.collect::<String>()
    )
}

#[test]
fn children_with_arguments_come_and_go_in_the_same_memory() {
    const WARM: usize = 100;
    // Each is checked and opened as a whole.
    const CYCLES: usize = if cfg!(debug_assertions) {
        1_000
    } else {
        10_000
    };
    let _alone = RUNNING
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    let bench = Bench::alone();
    let lines = with_arguments("relay", &[("Message", "<type>Line</type>")]);
    let events = with_arguments("tap", &[("E", "<type>TimerService</type>")]);
    let path = format!("<value>{}</value>", bench.path().display());
    let shelf = [("Item", "<type>Timer</type>"), ("path", &path)];
    let shelf = with_arguments("directory_folder", &shelf);
    fs::write(bench.path().join("shelf.liveobject"), shelf).expect("written");
    let fetched = document(
        r#"<external name="shelf" as="Folder&lt;Timer&gt;"><from><primitive id="registry"/></from></external>"#,
    );
    for document in [lines, events, fetched] {
        let parent = Parent::new(&bench.runtime);
        parent.opens(&document, WARM);
        let (before, types) = (resident(), parent.types());
        parent.opens(&document, CYCLES);
        assert_eq!(parent.types(), types, "{document}");
        // The few types of one argument, left by each cycle, would be more.
        let grown = resident().saturating_sub(before);
        assert!(
            grown < 400_000,
            "{grown} bytes more after {CYCLES} cycles of {document}"
        );
    }
}
