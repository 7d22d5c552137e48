//! What a person waits for: the first line of a note, and a late joiner's whole text. The baseline
//! is the start of a process that does nothing.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use divan::Bencher;
use liveobj_tests::note::{Opened, Relay, line, lines, note};
use liveobj_tests::support::{built, liveobj, root};

fn main() {
    divan::main();
}

struct Scene {
    folder: tempfile::TempDir,
    reference: PathBuf,
    _relay: Relay,
}

fn scene(loss: u64) -> Scene {
    built();
    let folder = tempfile::tempdir().expect("a temporary directory");
    let reference = folder.path().join("note.liveobject");
    let relay = Relay::start(loss);
    std::fs::write(&reference, note(relay.port)).expect("it is writable");
    Scene {
        folder,
        reference,
        _relay: relay,
    }
}

#[divan::bench]
fn baseline_process_start() {
    let status = Command::new("true").status().expect("it starts");
    assert!(status.success());
}

#[divan::bench]
fn first_line_of_a_note(bencher: Bencher) {
    let scene = scene(0);
    bencher.bench_local(|| {
        let mut note = Opened::start(scene.folder.path(), &scene.reference);
        note.enter("hello");
        note.wait_for(&line("hello"));
        note
    });
}

#[divan::bench]
fn read_and_check_the_team_note(bencher: Bencher) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let reference = root().join("examples/team-note.liveobject");
    let check = || {
        let mut command = liveobj(folder.path());
        command
            .arg("check")
            .arg(&reference)
            .arg("--library-path")
            .arg(built());
        let status = command.stdout(Stdio::null()).status().expect("it starts");
        assert!(status.success());
    };
    check();
    bencher.bench_local(check);
}

#[divan::bench(sample_count = 5, sample_size = 1, args = [0, 20])]
fn joiner_of_100_kilobytes(bencher: Bencher, loss: u64) {
    let scene = scene(loss);
    let text: BTreeSet<String> = lines("line", 1000, 88);
    let mut first = Opened::start(scene.folder.path(), &scene.reference);
    for line in &text {
        first.enter(line);
    }
    first.wait_for(&text);
    bencher.bench_local(|| {
        let joiner = Opened::start(scene.folder.path(), &scene.reference);
        joiner.wait_for(&text);
        joiner
    });
}
