//! Which layers of a group stand on which: an ordered pair each, judged by their contracts alone.

use liveobj_tests::note::{Opened, Relay, ordered_note};
use liveobj_tests::support::{built, liveobj, root};

/// A layer, and where it needs another one below. All but `membership` and `text` offer `channel`.
struct Layer {
    name: &'static str,
    library: &'static str,
    template: &'static str,
    parameters: &'static str,
    needs: &'static str,
}

const BYTES: &str = r#"<parameter name="Message"><type>bytes</type></parameter>"#;
const NAMED: &str = r#"<parameter name="Message"><type>bytes</type></parameter>
    <parameter name="name"><value>a</value></parameter>"#;

const LAYERS: &[Layer] = &[
    layer("udp", "channels", "udp_channel", BYTES, ""),
    layer("local", "channels", "local_channel", NAMED, ""),
    layer("fragmenter", "channels", "fragmenter", BYTES, "lower"),
    layer("membership", "groups", "membership", "", "network"),
    layer("reliable", "groups", "reliable", BYTES, "network"),
    layer("causal", "groups", "causal", BYTES, "reliable"),
    layer("text", "documents", "shared_text", "", "channel"),
];

const fn layer(
    name: &'static str,
    library: &'static str,
    template: &'static str,
    parameters: &'static str,
    needs: &'static str,
) -> Layer {
    Layer {
        name,
        library,
        template,
        parameters,
        needs,
    }
}

/// By upper layer, then by lower one (`udp`, `local`, `fragmenter`, `reliable`, `causal`): none where
/// they compose, else a part of what is told.
const VERDICTS: &[(&str, [Option<&str>; 5])] = &[
    ("fragmenter", [None, Some(MADE_UP), None, None, None]),
    (
        "membership",
        [None, None, None, Some(REPEATS), Some(REPEATS)],
    ),
    (
        "reliable",
        [None, Some(MADE_UP), None, Some(REPEATS), Some(REPEATS)],
    ),
    (
        "causal",
        [Some(ONCE), Some(NOTHING), Some(ONCE), None, None],
    ),
    ("text", [None, None, None, None, None]),
];
const LOWER: [&str; 5] = ["udp", "local", "fragmenter", "reliable", "causal"];
/// The lower layer may receive what nobody sent.
const MADE_UP: &str = "`best_effort` does not imply `no_creation`";
/// The upper layer sends messages again, which the lower one takes for the same.
const REPEATS: &str = "`lower.channel` requires temporal \"unique_messages\"";
/// The lower layer repeats messages.
const ONCE: &str = "`upper.reliable` requires temporal \"at_most_once\"";
const NOTHING: &str = "`upper.reliable` requires temporal \"no_creation\"";

#[test]
fn each_layer_stands_on_those_that_give_what_it_needs() {
    for (upper, verdicts) in VERDICTS {
        for (lower, refused) in LOWER.iter().zip(verdicts) {
            let printed = checked(upper, lower);
            match refused {
                None => assert!(
                    printed.contains(": well typed"),
                    "{upper} on {lower}: {printed}"
                ),
                Some(why) => assert!(printed.contains(why), "{upper} on {lower}: {printed}"),
            }
        }
    }
}

fn find(name: &str) -> &'static Layer {
    let mut layers = LAYERS.iter();
    layers.find(|it| it.name == name).expect("a layer")
}

/// What `check` prints of a document in which a layer stands on another one.
fn checked(upper: &str, lower: &str) -> String {
    let component = |name: &str, layer: &str| {
        let Layer {
            library,
            template,
            parameters,
            ..
        } = find(layer);
        let external = format!(r#"<external name="{template}" library="liveobj:{library}"/>"#);
        let reference = match layer {
            "text" => external,
            _ => format!(
                "<parameterized><template>{external}</template>{parameters}</parameterized>"
            ),
        };
        format!(r#"<component name="{name}">{reference}</component>"#)
    };
    let connection = |(one, own): (&str, &str), (other, its): (&str, &str)| {
        format!(
            r#"<connection><endpoint of="{one}" name="{own}"/><endpoint of="{other}" name="{its}"/></connection>"#
        )
    };
    // The lower layer stands on what it needs, down to UDP.
    let mut parts = vec![
        component("upper", upper),
        component("members", "membership"),
    ];
    parts.push(component("udp", "udp"));
    let mut connections = vec![connection(("members", "network"), ("udp", "channel"))];
    let mut stack = vec![("upper", upper), ("lower", lower)];
    parts.push(component("lower", lower));
    match lower {
        "udp" | "local" => {}
        "causal" => {
            parts.push(component("below", "reliable"));
            stack.extend([("below", "reliable"), ("udp", "udp")]);
        }
        _ => stack.push(("udp", "udp")),
    }
    for pair in stack.windows(2) {
        let ((one, kind), (other, _)) = (pair[0], pair[1]);
        let own = find(kind).needs;
        connections.push(connection((one, own), (other, "channel")));
    }
    for (name, kind) in stack {
        if matches!(kind, "reliable" | "causal") {
            connections.push(connection((name, "membership"), ("members", "membership")));
        }
    }
    let (parts, connections) = (parts.concat(), connections.concat());
    let document = format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>{parts}{connections}</composite></liveobject>"#
    );
    check(&document)
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
    for kept in ["virtual_synchrony", "no_creation", "unique_messages"] {
        let kept = format!("open         `temporal \"{kept}\"`");
        assert!(shown.contains(&kept), "{shown}");
    }
}
