//! Real processes, real sockets: a shared note between two of them.

use std::collections::BTreeSet;

use liveobj_tests::note::{Opened, Relay, line, lines, note};

#[test]
fn a_note_alone_works_alone() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let reference = folder.path().join("note.liveobject");
    let relay = Relay::start(0);
    std::fs::write(&reference, note(relay.port)).expect("it is writable");
    let mut only = Opened::start(folder.path(), &reference);
    only.enter("nobody hears me");
    only.wait_for(&line("nobody hears me"));
}

#[test]
fn two_processes_agree_on_100_kilobytes_although_every_fifth_datagram_is_lost() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let reference = folder.path().join("note.liveobject");
    let relay = Relay::start(20);
    std::fs::write(&reference, note(relay.port)).expect("it is writable");
    let mut first = Opened::start(folder.path(), &reference);
    let text = lines("first", 1000, 88);
    for line in &text {
        first.enter(line);
    }
    first.wait_for(&text);
    let mut second = Opened::start(folder.path(), &reference);
    second.wait_for(&text);
    second.enter("and the second");
    first.wait_for(&line("and the second"));
}

#[test]
fn a_process_that_was_killed_and_opens_again_has_lost_nothing_that_the_other_had() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let reference = folder.path().join("note.liveobject");
    let relay = Relay::start(0);
    std::fs::write(&reference, note(relay.port)).expect("it is writable");
    let mut first = Opened::start(folder.path(), &reference);
    let mut second = Opened::start(folder.path(), &reference);
    first.enter("from the first");
    second.enter("from the second");
    let both: BTreeSet<String> = ["from the first", "from the second"]
        .map(str::to_owned)
        .into_iter()
        .collect();
    first.wait_for(&both);
    second.wait_for(&both);
    drop(first);
    second.enter("while the first was away");
    let mut again = Opened::start(folder.path(), &reference);
    again.wait_for(&both);
    again.wait_for(&line("while the first was away"));
    again.enter("back");
    second.wait_for(&line("back"));
}
