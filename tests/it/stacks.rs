//! Which layers of a group stand on which: an ordered pair each, judged by their contracts alone.

use std::collections::BTreeSet;
use std::thread;
use std::time::{Duration, Instant};

use expect_test::expect_file;
use liveobj::Source;
use liveobj_tests::note::{Opened, Relay, line, ordered_note, replicated_note};
use liveobj_tests::support::{built, liveobj, root};

use crate::simulation::{document, runtime};

/// A layer: what it is, what it needs below besides a membership, and what it offers above.
struct Layer {
    name: &'static str,
    library: &'static str,
    parameters: &'static str,
    needs: &'static str,
    offers: &'static [&'static str],
}

const BYTES: &str = r#"<parameter name="Message"><type>bytes</type></parameter>"#;
const NAMED: &str = r#"<parameter name="Message"><type>bytes</type></parameter>
    <parameter name="name"><value>a</value></parameter>"#;
const PEERS: &str = r#"<parameter name="Message"><type>bytes</type></parameter>
    <parameter name="peers"><value>["127.0.0.1:7000-7003"]</value></parameter>"#;
const KEY: &str = r#"<parameter name="Message"><type>bytes</type></parameter>
    <parameter name="key"><value>{"file": "key"}</value></parameter>"#;

const REPLICAS: &str = r#"<parameter name="Message"><type>bytes</type></parameter>
    <parameter name="Checkpoint"><type>bytes</type></parameter>"#;

const CHANNEL: &[&str] = &["channel"];

/// From the network up.
const LAYERS: &[Layer] = &[
    layer("udp_channel", "channels", BYTES, "", CHANNEL),
    layer("tcp_channel", "channels", PEERS, "", CHANNEL),
    layer("local_channel", "channels", NAMED, "", CHANNEL),
    layer("fragmenter", "channels", BYTES, "lower", CHANNEL),
    layer("seal", "sealing", KEY, "inner", &["outer"]),
    layer("failure_detector", "groups", "", "network", &[]),
    layer("membership", "groups", "", "network", &[]),
    layer(
        "reliable",
        "groups",
        BYTES,
        "network",
        &["channel", "group"],
    ),
    layer("causal", "groups", BYTES, "reliable", CHANNEL),
    layer("virtual_synchrony", "groups", BYTES, "reliable", CHANNEL),
    layer("ordered", "groups", BYTES, "group", &["channel", "views"]),
    layer("checkpointed", "groups", REPLICAS, "ordered", CHANNEL),
    layer("shared_text", "documents", "", "channel", &[]),
];

/// What each layer stands on where it is the lower one of a pair: a stack that is well typed.
const BELOW: &[(&str, &str)] = &[
    ("fragmenter.lower", "udp_channel.channel"),
    ("seal.inner", "udp_channel.channel"),
    ("membership.network", "udp_channel.channel"),
    ("reliable.network", "udp_channel.channel"),
    ("causal.reliable", "reliable.channel"),
    ("virtual_synchrony.reliable", "reliable.group"),
    ("ordered.group", "virtual_synchrony.channel"),
    ("checkpointed.ordered", "ordered.views"),
];

const fn layer(
    name: &'static str,
    library: &'static str,
    parameters: &'static str,
    needs: &'static str,
    offers: &'static [&'static str],
) -> Layer {
    Layer {
        name,
        library,
        parameters,
        needs,
        offers,
    }
}

/// What is told of each pair stands in `stacks.txt`. A channel that shows no views is told from one that
/// does by `!receive W view`.
#[test]
fn each_layer_stands_on_those_that_give_what_it_needs() {
    let runtime = runtime();
    let mut told = String::new();
    for upper in LAYERS.iter().filter(|it| !it.needs.is_empty()) {
        for lower in LAYERS {
            for offer in lower.offers {
                let text = pair(upper, lower, offer);
                let checked = runtime.check(&Source::new("test", text));
                let above = format!("{} on {}.{offer}", upper.name, lower.name);
                if checked.reference.is_some() {
                    told += &format!("{above}: well typed\n");
                    continue;
                }
                told += &format!("{above}:\n");
                for found in &checked.diagnostics {
                    told += &format!("    {}: {}\n", found.code.as_str(), found.message);
                    let notes = found.notes.iter().map(|note| ("note", note));
                    let help = found.help.iter().map(|help| ("help", help));
                    for (kind, text) in notes.chain(help) {
                        told += &format!("        {kind}: {text}\n");
                    }
                }
            }
        }
    }
    expect_file!["stacks.txt"].assert_eq(&told);
}

/// A document in which `upper` stands on what `lower` offers, and that on its own stack.
fn pair(upper: &Layer, lower: &Layer, offer: &str) -> String {
    let mut parts = Vec::new();
    let mut connections = Vec::new();
    // A layer may stand in a stack twice: what is below the upper one has its plain name.
    let mut wanted = vec![lower.name];
    parts.push(("upper", upper));
    connections.push((
        format!("upper.{}", upper.needs),
        format!("{}.{offer}", lower.name),
    ));
    if matches!(upper.name, "reliable" | "causal") {
        connections.push((
            "upper.membership".to_owned(),
            "membership.membership".to_owned(),
        ));
        wanted.push("membership");
    }
    while let Some(name) = wanted.pop() {
        if parts.iter().any(|(known, _)| *known == name) {
            continue;
        }
        let layer = find(name);
        parts.push((layer.name, layer));
        if matches!(name, "reliable" | "causal") {
            connections.push((
                format!("{name}.membership"),
                "membership.membership".to_owned(),
            ));
            wanted.push("membership");
        }
        let own = format!("{name}.{}", layer.needs);
        if let Some((_, below)) = BELOW.iter().find(|(needs, _)| *needs == own) {
            connections.push((own, (*below).to_owned()));
            wanted.push(below.split_once('.').expect("a layer and its endpoint").0);
        }
    }
    let component = |(name, layer): &(&str, &Layer)| {
        let Layer {
            name: template,
            library,
            parameters,
            ..
        } = layer;
        let external = format!(r#"<external name="{template}" library="liveobj:{library}"/>"#);
        let reference = match *template {
            "shared_text" => external,
            _ => format!(
                "<parameterized><template>{external}</template>{parameters}</parameterized>"
            ),
        };
        format!(r#"<component name="{name}">{reference}</component>"#)
    };
    let end = |end: &str| {
        let (of, name) = end.split_once('.').expect("a layer and its endpoint");
        format!(r#"<endpoint of="{of}" name="{name}"/>"#)
    };
    let connection = |(one, other): &(String, String)| {
        format!("<connection>{}{}</connection>", end(one), end(other))
    };
    let parts: String = parts.iter().map(component).collect();
    let connections: String = connections.iter().map(connection).collect();
    document(&format!("<composite>{parts}{connections}</composite>"))
}

fn find(name: &str) -> &'static Layer {
    let mut layers = LAYERS.iter();
    layers.find(|it| it.name == name).expect("a layer")
}

/// What `check` prints of a document.
fn check(document: &str) -> String {
    let folder = tempfile::tempdir().expect("a directory");
    std::fs::write(folder.path().join("stack.liveobject"), document).expect("written");
    let mut command = liveobj(folder.path());
    command.args(["check", "stack.liveobject", "--library-path"]);
    let output = command.arg(built()).current_dir(folder.path()).output();
    let output = output.expect("liveobj runs");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn the_ordered_note_needs_views_that_change_together() {
    let note = ordered_note(7_749);
    let printed = check(&note);
    assert!(printed.contains(": well typed"), "{printed}");
    let views = r#"<endpoint of="views" name="channel"/>"#;
    assert!(note.contains(views));
    let printed = check(&note.replace(views, r#"<endpoint of="reliable" name="group"/>"#));
    let why = "`ordered.group` requires temporal \"virtual_synchrony\"";
    assert!(printed.contains(why), "{printed}");
}

#[test]
fn a_note_on_the_whole_stack_goes_on_when_a_member_is_killed() {
    let folder = tempfile::tempdir().expect("a directory");
    let relay = Relay::start(5);
    let reference = folder.path().join("note.liveobject");
    std::fs::write(&reference, ordered_note(relay.port)).expect("it is writable");
    let open = |_| Opened::start(folder.path(), &reference);
    let [mut first, mut second, mut third] = [(); 3].map(open);
    let shows = |opened: &Opened, line: &str| {
        opened.wait_until(line, |lines| {
            lines.iter().any(|it| it == line).then_some(())
        });
    };
    first.enter("of the first");
    second.enter("of the second");
    for opened in [&first, &second, &third] {
        shows(opened, "of the first");
        shows(opened, "of the second");
    }
    first.signal("KILL");
    second.enter("after that");
    shows(&third, "after that");
    third.enter("and back");
    shows(&second, "and back");
}

/// What processes report that were not left alone, and lost nothing.
fn is_well(opened: &Opened) {
    let reported = opened.reported();
    let lost = |line: &&String| {
        let signs = ["no quorum", "may have been", "may not have", "gives way"];
        signs.iter().any(|sign| line.contains(sign))
    };
    assert_eq!(reported.iter().find(lost), None);
}

/// The first member gives the messages their places; the second one alone has no quorum of both.
#[test]
fn of_two_members_of_the_whole_stack_the_one_that_stays_goes_on_when_the_other_is_closed() {
    for note in [ordered_note, replicated_note] {
        let folder = tempfile::tempdir().expect("a directory");
        let relay = Relay::start(0);
        let reference = folder.path().join("note.liveobject");
        std::fs::write(&reference, note(relay.port)).expect("it is writable");
        let open = || Opened::start(folder.path(), &reference);
        let mut first = open();
        first.enter("of the first");
        first.wait_for(&line("of the first"));
        let mut second = open();
        second.wait_for(&line("of the first"));
        first.enter("the last of the first");
        first.send("TERM");
        for number in 0..50 {
            second.enter(&format!("line {number}"));
        }
        assert_eq!(first.signal("CONT"), Some(0));
        second.enter("after that");
        let mut all: BTreeSet<String> = (0..50).map(|number| format!("line {number}")).collect();
        all.extend(line("the last of the first"));
        all.extend(line("after that"));
        second.wait_for(&all);
        is_well(&first);
        is_well(&second);
        let start = Instant::now();
        assert_eq!(second.signal("INT"), Some(0));
        let took = start.elapsed();
        assert!(
            took < Duration::from_secs(2),
            "alone it took {took:?} to go"
        );
    }
}

#[test]
fn a_member_that_is_left_without_a_quorum_closes_at_once() {
    let folder = tempfile::tempdir().expect("a directory");
    let relay = Relay::start(0);
    let reference = folder.path().join("note.liveobject");
    std::fs::write(&reference, replicated_note(relay.port)).expect("it is writable");
    let mut first = Opened::start(folder.path(), &reference);
    first.enter("of the first");
    first.wait_for(&line("of the first"));
    let mut second = Opened::start(folder.path(), &reference);
    second.wait_for(&line("of the first"));
    // Meanwhile each has what the other one has sent.
    thread::sleep(Duration::from_secs(2));
    first.signal("KILL");
    second.wait_until_reported("no quorum");
    let start = Instant::now();
    assert_eq!(second.signal("TERM"), Some(0));
    let took = start.elapsed();
    assert!(took < Duration::from_secs(4), "it took {took:?} to go");
}

#[test]
fn of_three_members_of_the_whole_stack_two_that_are_closed_at_once_leave_the_third_well() {
    for [one, other] in [[0, 1], [1, 2], [2, 0]] {
        let folder = tempfile::tempdir().expect("a directory");
        let relay = Relay::start(3);
        let reference = folder.path().join("note.liveobject");
        std::fs::write(&reference, replicated_note(relay.port)).expect("it is writable");
        let mut members = [(); 3].map(|()| Opened::start(folder.path(), &reference));
        for (number, member) in members.iter_mut().enumerate() {
            member.enter(&format!("of {number}"));
        }
        let mut all: BTreeSet<String> = (0..3).map(|number| format!("of {number}")).collect();
        for member in &members {
            member.wait_for(&all);
        }
        members[one].enter("the last of one");
        members[one].send("TERM");
        members[other].send("INT");
        let stays = &mut members[3 - one - other];
        stays.enter("meanwhile");
        all.extend(["the last of one", "meanwhile"].map(str::to_owned));
        stays.wait_for(&all);
        members[one].signal("CONT");
        members[other].signal("CONT");
        members[3 - one - other].enter("after that");
        members[3 - one - other].wait_for(&line("after that"));
        members.iter().for_each(is_well);
    }
}

/// In a simulation the time is known: the second one does not wait until the first one is missed, which
/// takes more than two seconds. The trace replays.
#[test]
fn what_is_typed_just_after_another_member_was_closed_is_shown_at_once() {
    let folder = tempfile::tempdir().expect("a directory");
    let run = |arguments: &[&str]| {
        let mut command = liveobj(folder.path());
        command.args(arguments).arg("--library-path").arg(built());
        let output = command.current_dir(folder.path()).output();
        let output = output.expect("liveobj runs");
        let told = [output.stdout, output.stderr].concat();
        let told = String::from_utf8_lossy(&told).into_owned();
        (output.status.code(), told)
    };
    let note = root().join("examples/replicated-note.liveobject");
    let note = note.to_str().expect("a path");
    let simulate = ["sim", note, "--nodes=2", "--for=21s", "--lines"];
    let typed = ["--type=1@10s:buy bread", "--type=2@20100ms:and milk"];
    for (end, shown) in [("--close=1@20s", true), ("--crash=1@20s", false)] {
        let simulated = [&simulate[..], &typed, &[end, "--trace=trace"]].concat();
        let (_, told) = run(&simulated);
        assert!(told.contains("buy bread"), "{told}");
        assert_eq!(told.contains("and milk"), shown, "{told}");
    }
    let closed = [&simulate[..], &typed, &["--close=1@20s", "--trace=trace"]].concat();
    run(&closed);
    let (code, told) = run(&["replay", "trace"]);
    assert_eq!(code, Some(0), "{told}");
}

/// Who is stopped is the oldest member, which gives the messages their places: the others go on only
/// when another one has taken over.
#[test]
fn a_member_of_the_whole_stack_that_was_stopped_comes_back_with_the_same_text() {
    let folder = tempfile::tempdir().expect("a directory");
    let relay = Relay::start(5);
    let reference = folder.path().join("note.liveobject");
    std::fs::write(&reference, ordered_note(relay.port)).expect("it is writable");
    let open = || Opened::start(folder.path(), &reference);
    let mut first = open();
    first.enter("of the first");
    first.wait_for(&line("of the first"));
    let [mut second, third] = [(); 2].map(|()| open());
    second.enter("of the second");
    let mut all = BTreeSet::from(["of the first", "of the second"].map(str::to_owned));
    for opened in [&first, &second, &third] {
        opened.wait_for(&all);
    }
    first.send("STOP");
    second.enter("meanwhile");
    all.insert("meanwhile".to_owned());
    third.wait_for(&all);
    first.send("CONT");
    first.wait_for(&all);
    first.enter("and back");
    all.insert("and back".to_owned());
    for opened in [&first, &second, &third] {
        opened.wait_for(&all);
        assert_eq!(opened.printed(), all);
    }
}

/// In a simulation with losses and a partition; requirements of a channel that others share as well.
#[test]
fn nothing_that_the_ordered_note_promises_is_broken() {
    let folder = tempfile::tempdir().expect("a directory");
    let mut simulation = liveobj(folder.path());
    simulation
        .arg("sim")
        .arg(root().join("examples/ordered-note.liveobject"));
    simulation.args(["--nodes", "3", "--for", "60s", "--loss", "10%"]);
    simulation.args(["--partition", "1,2/3@20s..30s", "--trace", "note.trace"]);
    for typed in ["1@5s:one", "3@25s:parted", "2@45s:two"] {
        simulation.args(["--type", typed]);
    }
    simulation.arg("--library-path").arg(built());
    let simulated = simulation.current_dir(folder.path()).output();
    let simulated = simulated.expect("liveobj runs");
    let shown = String::from_utf8_lossy(&simulated.stdout).into_owned();
    assert!(shown.contains("have shown the same lines"), "{shown}");
    let mut monitor = liveobj(folder.path());
    monitor.args(["monitor", "note.trace", "--library-path"]);
    let judged = monitor.arg(built()).current_dir(folder.path()).output();
    let judged = judged.expect("liveobj runs");
    let shown = String::from_utf8_lossy(&judged.stdout).into_owned();
    assert_eq!(judged.status.code(), Some(0), "{shown}");
    for kept in [
        "virtual_synchrony",
        "no_creation",
        "unique_messages",
        "fifo given unique_messages",
        "at_most_once given unique_messages",
        "total_order given unique_messages",
    ] {
        let named = format!("`temporal \"{kept}\"`");
        let open = format!("open         {named}");
        assert!(shown.contains(&open), "{shown}");
        let mut unwatched = shown.lines().filter(|line| line.contains("not watched"));
        assert!(!unwatched.any(|line| line.contains(&named)), "{shown}");
    }
}
