//! What opened objects leave behind: files, sockets, threads and memory of this process, counted
//! while nothing else runs in it.

#![cfg(target_os = "linux")]

mod leaving_nothing;
mod model;

use std::fs;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use liveobj::{CheckedReference, Runtime, Source};
use liveobj_tests::support;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Held by the test that runs: each counts what the whole process has.
fn alone() -> MutexGuard<'static, ()> {
    static RUNNING: Mutex<()> = Mutex::new(());
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A runtime with the libraries of this project and a registry.
fn runtime(registry: &Path) -> Runtime {
    let builder = Runtime::builder()
        .library_path(support::faulty())
        .registry(registry)
        .folder_deadline(PATIENCE);
    builder.build().expect("a runtime")
}

/// A document with this reference at its root.
fn document(reference: &str) -> String {
    format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{reference}</liveobject>")
}

fn check(runtime: &Runtime, reference: &str) -> CheckedReference {
    let checked = runtime.check(&Source::new("test.liveobject", document(reference)));
    checked
        .reference
        .unwrap_or_else(|| panic!("{:#?}", checked.diagnostics))
}

/// A channel over UDP, of a reference that nobody else has.
fn channel() -> String {
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").expect("a socket");
    let port = socket.local_addr().expect("an address").port();
    format!(
        r#"<parameterized>
            <template><external name="udp_channel" library="liveobj:channels"/></template>
            <parameter name="Message"><type>string</type></parameter>
            <parameter name="address"><value>239.255.42.99:{port}</value></parameter>
        </parameterized>"#
    )
}

/// Open files, sockets and the like, and threads.
fn handles() -> (usize, usize) {
    let count = |directory: &str| fs::read_dir(directory).expect("entries").count();
    (count("/proc/self/fd"), count("/proc/self/task"))
}

/// What is held once nothing changes any more.
fn settled() -> (usize, usize) {
    const QUIET: Duration = Duration::from_millis(200);
    let (mut held, mut since) = (handles(), Instant::now());
    while since.elapsed() < QUIET {
        std::thread::sleep(Duration::from_millis(1));
        let now = handles();
        if now != held {
            (held, since) = (now, Instant::now());
        }
    }
    held
}

/// Waits until so much is held: the system takes its time to forget threads.
fn holds(expected: (usize, usize)) {
    let deadline = Instant::now() + PATIENCE;
    while handles() != expected && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(handles(), expected, "open files and threads");
}

#[test]
fn no_test_file_is_forgotten() {
    let main = include_str!("main.rs");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lifetimes");
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        let name = path.file_stem().and_then(|name| name.to_str());
        let name = name.expect("file names are UTF-8");
        assert!(
            name == "main" || main.contains(&format!("mod {name};")),
            "{name} is no module"
        );
    }
}
