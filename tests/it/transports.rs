//! What channels promise is measured: histories of simulated and of real nodes are judged by the
//! monitors of the constraints, and by code that knows nothing of either.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use liveobj::sim::{Action, Options, Partition, Scripted};
use liveobj::{Runtime, Source, Status, monitor_trace};
use serde_json::Value;

use crate::simulation::{check, document, lossy, runtime, seconds, traced, typed};

/// A channel of bytes of a library, with these parameters.
fn channel(name: &str, template: &str, parameters: &[(&str, &str)]) -> String {
    let mut text = format!(
        r#"<component name="{name}"><parameterized>
        <template><external name="{template}" library="liveobj:channels"/></template>
        <parameter name="Message"><type>bytes</type></parameter>"#
    );
    for (parameter, value) in parameters {
        text += &format!(r#"<parameter name="{parameter}"><value>{value}</value></parameter>"#);
    }
    text + "</parameterized></component>"
}

fn connection(left: &str, right: &str) -> String {
    let end = |end: &str| {
        let (of, name) = end.split_once('.').expect("a part and its endpoint");
        format!(r#"<endpoint of="{of}" name="{name}"/>"#)
    };
    format!("<connection>{}{}</connection>", end(left), end(right))
}

/// A note on `channel`, which these parts and connections give.
fn note(parts: &[String], connections: &[String], channel: &str) -> String {
    let text = format!(
        r#"<composite>{}
        <component name="note"><external name="shared_text" library="liveobj:documents"/></component>
        <component name="screen"><external name="console" library="liveobj:standard"/></component>
        {}{}{}</composite>"#,
        parts.concat(),
        connections.concat(),
        connection("note.channel", channel),
        connection("note.text", "screen.text"),
    );
    document(&text)
}

/// What happened at one endpoint of a channel, on all nodes: the connection, and what tells the
/// message apart.
#[derive(Debug, Default)]
struct History(Vec<(bool, String, String)>);

impl History {
    /// Of the lines of a trace.
    fn of(lines: &[String], endpoint: &str) -> History {
        let mut history = Vec::new();
        let mut lives = BTreeMap::<u64, u64>::new();
        for line in lines {
            let line: Value = serde_json::from_str(line).expect("an object a line");
            let node = line["node"].as_u64().unwrap_or(0);
            if line["kind"] == "start" {
                *lives.entry(node).or_default() += 1;
            }
            let sent = line["event"] == "send" && line["to"] == endpoint;
            let received = line["event"] == "receive" && line["from"] == endpoint;
            if line["kind"] == "event" && (sent || received) {
                let life = lives.get(&node).copied().unwrap_or(0);
                let instance = format!("{node}.{life}.{}", line["connection"]);
                let message = line["values"]["message"].as_str().expect("a digest");
                history.push((sent, instance, message.to_owned()));
            }
        }
        History(history)
    }

    fn count(&self, sent: bool) -> usize {
        self.0.iter().filter(|(it, ..)| *it == sent).count()
    }

    /// Something is received that was not sent before.
    fn creates(&self) -> bool {
        let mut known = BTreeSet::new();
        self.0.iter().any(|(sent, _, message)| {
            if *sent {
                known.insert(message);
            }
            !sent && !known.contains(message)
        })
    }

    /// Some connection receives a message again.
    fn repeats(&self) -> bool {
        let mut seen = BTreeSet::new();
        let mut received = self.0.iter().filter(|(sent, ..)| !sent);
        received.any(|(_, instance, message)| !seen.insert((instance, message)))
    }

    /// Messages that were sent more often than once.
    fn equal(&self) -> bool {
        let mut seen = BTreeSet::new();
        let mut sent = self.0.iter().filter(|(sent, ..)| *sent);
        sent.any(|(.., message)| !seen.insert(message))
    }

    /// Some connection receives two messages of one sender in another order than they were sent in.
    fn overtakes(&self) -> bool {
        let mut place = BTreeMap::new();
        let mut latest = BTreeMap::new();
        for (at, (sent, instance, message)) in self.0.iter().enumerate() {
            if *sent {
                place.entry(message).or_insert((instance, at));
                continue;
            }
            if let Some((sender, at)) = place.get(message) {
                let last = latest.entry((instance, *sender)).or_insert(*at);
                if at < last {
                    return true;
                }
                *last = *at;
            }
        }
        false
    }
}

/// What the monitors say of the constraints that an endpoint has: `true` where it provides them.
fn judged(runtime: &Runtime, lines: &[String], endpoint: &str) -> BTreeMap<(bool, String), Status> {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let path = scratch.path().join("trace");
    fs::write(&path, lines.join("\n") + "\n").expect("it is written");
    let judged = monitor_trace(runtime, &path).expect("it is a trace");
    let constraints = judged.constraints.into_iter();
    constraints
        .filter(|it| it.subject == endpoint)
        .map(|it| {
            assert_eq!((it.violations, &it.first), (0, &None), "{}", it.text);
            ((it.provided, it.text), it.status)
        })
        .collect()
}

/// A bad minute: three nodes write, one is cut off for a while, another one crashes.
fn bad(seed: u64) -> Options {
    let lines = (0..12).map(|n| typed(2 + 4 * n, 1 + n as u32 % 3, &format!("line {n} {n:0>200}")));
    let fault = |at, action| Scripted {
        at: seconds(at),
        node: 2,
        action,
    };
    Options {
        nodes: 3,
        seed,
        network: lossy(1, 200),
        partitions: vec![Partition {
            groups: vec![BTreeSet::from([3])],
            from: seconds(20),
            until: seconds(30),
        }],
        script: lines
            .chain([fault(35, Action::Crash), fault(40, Action::Start)])
            .collect(),
        ..Options::default()
    }
}

#[test]
fn what_a_lossy_network_does_to_datagrams_breaks_no_promise_of_channels_and_fragmenters() {
    let runtime = runtime();
    let parts = [
        channel("network", "udp_channel", &[]),
        channel("pieces", "fragmenter", &[("frame", "400")]),
    ];
    let connections = [connection("pieces.lower", "network.channel")];
    let reference = check(&runtime, &note(&parts, &connections, "pieces.channel"));
    let (mut overtaken, mut lost) = (0, 0);
    for seed in 1..=3 {
        let lines = traced(&runtime, &reference, &bad(seed));
        for (endpoint, promise) in [("network.channel", true), ("pieces.channel", true)] {
            let promised = judged(&runtime, &lines, endpoint);
            let no_creation = promised.get(&(promise, "no_creation".to_owned()));
            assert_eq!(no_creation, Some(&Status::Open), "{endpoint}: {promised:?}");
            let history = History::of(&lines, endpoint);
            assert!(history.count(false) > 20, "{history:?}");
            assert!(
                !history.creates(),
                "seed {seed}: {endpoint} makes messages up"
            );
            overtaken += usize::from(history.overtakes());
        }
        let frames = judged(&runtime, &lines, "pieces.lower");
        let unique = frames.get(&(true, "unique_messages".to_owned()));
        assert_eq!(unique, Some(&Status::Open), "{frames:?}");
        let frames = History::of(&lines, "network.channel");
        assert!(!frames.equal() && !frames.repeats(), "seed {seed}");
        let whole = History::of(&lines, "pieces.channel");
        lost += usize::from(whole.count(false) < 2 * whole.count(true));
    }
    // The network was as bad as it should be: what is not promised did not hold by chance.
    assert!(overtaken > 0 && lost > 0);
}

#[test]
fn a_fragmenter_is_refused_on_a_channel_that_does_not_say_that_it_makes_nothing_up() {
    let runtime = runtime();
    let relay = channel("relay", "relay", &[]).replace("liveobj:channels", "liveobj:standard");
    let parts = [
        channel("network", "udp_channel", &[]),
        relay,
        channel("pieces", "fragmenter", &[]),
    ];
    let connections = [
        connection("relay.output", "network.channel"),
        connection("pieces.lower", "relay.input"),
    ];
    let text = note(&parts, &connections, "pieces.channel");
    let checked = runtime.check(&Source::new("test", text));
    let found = &checked.diagnostics[0];
    assert_eq!(found.code.as_str(), "endpoint-mismatch");
    let says = "requires properties \"no_creation\"";
    assert!(found.message.contains(says), "{found:?}");
}
