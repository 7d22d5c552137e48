//! Real processes, real sockets: a shared note between two of them.

use std::collections::BTreeSet;

use liveobj_tests::note::{Opened, Relay, line, lines, note, sealed_note, tapped_note};

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

#[test]
fn what_a_sealed_note_says_never_shows_on_the_network() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let reference = folder.path().join("note.liveobject");
    let secret = "the safe opens with 4711";
    let (open, sealed) = (Relay::start(0), Relay::start(0));
    for (relay, text) in [
        (&open, note(open.port)),
        (&sealed, sealed_note(sealed.port)),
    ] {
        std::fs::write(&reference, text).expect("it is writable");
        let mut first = Opened::start(folder.path(), &reference);
        let second = Opened::start(folder.path(), &reference);
        first.enter(secret);
        second.wait_for(&line(secret));
        assert!(relay.count() > 0);
    }
    assert!(open.showed(secret) > 0, "without the adapter it does show");
    assert_eq!(sealed.showed(secret), 0);
    assert_eq!(sealed.showed("4711"), 0);
}

#[test]
fn large_texts_pass_sealed_through_a_network_that_loses_every_fifth_datagram() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let reference = folder.path().join("note.liveobject");
    let relay = Relay::start(20);
    std::fs::write(&reference, sealed_note(relay.port)).expect("it is writable");
    let mut first = Opened::start(folder.path(), &reference);
    let text = lines("first", 100, 88);
    for line in &text {
        first.enter(line);
    }
    first.wait_for(&text);
    let second = Opened::start(folder.path(), &reference);
    second.wait_for(&text);
}

#[test]
fn who_has_another_key_neither_reads_nor_writes_a_sealed_note() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let reference = folder.path().join("note.liveobject");
    let other = folder.path().join("other.liveobject");
    let relay = Relay::start(0);
    let text = sealed_note(relay.port);
    std::fs::write(&reference, &text).expect("it is writable");
    let another_key = text.replace("6a1f0c5e93d27b88", "0000000000000000");
    assert_ne!(text, another_key);
    std::fs::write(&other, another_key).expect("it is writable");
    let mut outsider = Opened::start(folder.path(), &other);
    outsider.enter("from outside");
    outsider.wait_for(&line("from outside"));
    let mut first = Opened::start(folder.path(), &reference);
    let mut second = Opened::start(folder.path(), &reference);
    first.enter("among us");
    second.wait_for(&line("among us"));
    second.enter("and back");
    first.wait_for(&line("and back"));
    assert!(outsider.printed().is_disjoint(&line("among us")));
    for inside in [&first, &second] {
        assert!(inside.printed().is_disjoint(&line("from outside")));
    }
}

/// The tap is an endpoint of any type: it knows neither the channel nor what is sent there.
#[test]
fn a_tapped_note_agrees_with_one_that_is_not_and_each_event_is_told_of() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let relay = Relay::start(0);
    let open = |name: &str, text: String| {
        let reference = folder.path().join(name);
        std::fs::write(&reference, text).expect("it is writable");
        Opened::start(folder.path(), &reference)
    };
    let mut tapped = open("tapped.liveobject", tapped_note(relay.port));
    let mut plain = open("plain.liveobject", note(relay.port));
    tapped.enter("through the tap");
    plain.wait_for(&line("through the tap"));
    plain.enter("and back");
    tapped.wait_for(&line("and back"));
    tapped.wait_for_report("info: `tap`: `send` from `input` to `output`, ", " bytes");
    tapped.wait_for_report(
        "info: `tap`: `receive` from `output` to `input`, ",
        " bytes",
    );
    assert_eq!(plain.reported(), Vec::<String>::new());
}
