//! `liveobj tap` where nobody reads what it prints.

use std::fs;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use liveobj_tests::support::{faulty, liveobj, threads};

const METRONOME: &str = r#"<liveobject xmlns="urn:liveobj:reference:1"><parameterized>
    <template><external name="metronome" library="test:faulty"/></template>
    <parameter name="every"><value>5</value></parameter>
</parameterized></liveobject>"#;

fn tap(home: &Path, options: &[&str]) -> Command {
    fs::write(home.join("metronome.liveobject"), METRONOME).expect("it is written");
    let mut command = liveobj(home);
    command
        .current_dir(home)
        .args(["tap", "metronome.liveobject"]);
    command.arg("--library-path").arg(faulty()).args(options);
    command.stdin(Stdio::null());
    command
}

/// A socket into which nothing can be written any more, and its other end, which nobody reads.
fn full() -> (UnixStream, UnixStream) {
    let (mut near, far) = UnixStream::pair().expect("a pair");
    near.set_nonblocking(true).expect("a socket");
    for size in [1 << 16, 1] {
        while near.write(&vec![0; size]).is_ok() {}
    }
    near.set_nonblocking(false).expect("a socket");
    (near, far)
}

#[test]
fn a_signal_ends_it_although_whoever_reads_it_has_stopped() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let (near, _far) = full();
    // It has something to print by then, and cannot.
    let mut tapped = tap(home.path(), &["worker", "--for", "500ms"]);
    let tapped = tapped.stdout(Stdio::from(OwnedFd::from(near)));
    let mut child = tapped.stderr(Stdio::piped()).spawn().expect("liveobj runs");
    let begun = Instant::now();
    let wait = |what: &str, holds: &mut dyn FnMut() -> bool| {
        while !holds() {
            assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    let pid = child.id();
    wait("it never opens", &mut || threads(pid, "liveobj-domain") > 0);
    wait("it never closes", &mut || {
        threads(pid, "liveobj-domain") == 0
    });
    let kill = Command::new("kill")
        .args(["-TERM", &pid.to_string()])
        .status();
    assert!(kill.is_ok_and(|status| status.success()));
    let mut status = None;
    wait("it never ends", &mut || {
        status = child.try_wait().expect("it is there");
        status.is_some()
    });
    assert_eq!(status.and_then(|status| status.code()), Some(0));
    let mut told = String::new();
    let mut stderr = child.stderr.take().expect("it is piped");
    stderr.read_to_string(&mut told).expect("it is read");
    assert_eq!(
        told,
        "warning: what was left is not shown: nobody reads it\n"
    );
}
