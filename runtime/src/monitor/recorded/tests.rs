//! Histories that are written by hand.

use std::fmt::Write as _;
use std::fs;

use serde_json::json;

use super::history::SEVERAL;
use super::*;
use crate::sim::Options;

/// A trace under construction: `c` has an endpoint `channel` on every node; whoever is connected
/// has no constraints of its own.
struct Writer {
    text: String,
    line: u64,
    /// The lines at which events that wait were emitted.
    waiting: Vec<u64>,
}

impl Writer {
    /// A trace about a channel with these constraints, and these of its object.
    fn new(endpoint: &str, object: &str) -> Writer {
        let nanoseconds = 1_000_000_000u64;
        let header = json!({
            "liveobj_trace": 2, "liveobj": "0.1.0", "name": "a document", "identity": "00",
            "settings": {
                "allow_unknown": false, "check_payloads": false,
                "folder_deadline": nanoseconds, "keep_folders": nanoseconds,
            },
            "libraries": [], "options": Options::default(), "document": "",
        });
        let mut writer = Writer {
            text: format!("{header}\n"),
            line: 1,
            waiting: Vec::new(),
        };
        let types = format!(
            "endpoint Channel {{ in send(m: u64); out receive(m: u64); {endpoint} }}\n\
             object Object_1 {{ endpoint channel: Channel many; {object} }}"
        );
        writer.put(json!({
            "kind": "declared", "types": types, "object_type": "Object_1",
            "places": [{
                "of": "channel", "formalism": "temporal", "text": "at most once receive(m)",
                "place": "somewhere:1:2",
            }],
        }));
        writer
    }

    fn put(&mut self, mut members: serde_json::Value) {
        self.line += 1;
        members["line"] = self.line.into();
        members["time"] = self.line.into();
        writeln!(self.text, "{members}").expect("a string takes everything");
    }

    /// Steps such as `send 1:7 hi`: what happens, the node and the connection, and a message.
    fn steps(mut self, steps: &str) -> Writer {
        for step in steps.split(", ").filter(|step| !step.is_empty()) {
            self.step(step);
        }
        self
    }

    fn step(&mut self, step: &str) {
        let words: Vec<&str> = step.split(' ').collect();
        let (node, connection) = words[1].split_once(':').unwrap_or((words[1], "0"));
        let node: u32 = node.parse().expect("a node");
        let connection: u64 = connection.parse().expect("a connection");
        let (user, user_end) = (100 + connection, format!("u{connection}.x"));
        match words[0] {
            "start" => {
                self.put(json!({"node": node, "kind": "start"}));
                self.put(json!({
                    "node": node, "object": "c", "id": 1, "kind": "created", "declared": 2,
                    "reference": "aa",
                }));
            }
            "crash" => self.put(json!({"node": node, "kind": "crash"})),
            "skipped" => self.put(json!({"node": node, "kind": "skipped", "lines": 1})),
            "sends" => self.put(json!({
                "node": node, "object": "u", "id": 9, "kind": "request", "token": 1,
                "request": "udp send", "sha256": words[2],
            })),
            "receives" => self.put(json!({
                "node": node, "object": "u", "id": 9, "kind": "wake", "token": 1,
                "wake": "datagram", "sha256": words[2],
            })),
            // Of a node whose address is 1 or 2, with the other one.
            "opens" => self.put(json!({
                "node": node, "object": "u", "id": 9, "kind": "wake", "token": 2, "wake": "ready",
                "local": connection.to_string(), "address": (3 - connection).to_string(),
            })),
            "puts" | "gets" => {
                let (length, sha256) = words[2].split_once(':').expect("how many bytes, and which");
                let length: u64 = length.parse().expect("a number");
                let mut members = json!({
                    "node": node, "object": "u", "id": 9, "token": 2, "bytes": length,
                    "sha256": sha256,
                });
                if words[0] == "puts" {
                    members["kind"] = "request".into();
                    members["request"] = "tcp send".into();
                } else {
                    members["kind"] = "wake".into();
                    members["wake"] = "data".into();
                }
                self.put(members);
            }
            "connect" => {
                let both = [
                    (1, "c.channel".to_owned(), user, user_end.clone()),
                    (user, user_end, 1, "c.channel".to_owned()),
                ];
                for (id, endpoint, peer_id, peer) in both {
                    self.put(json!({
                        "node": node, "object": "c", "id": id, "kind": "connected",
                        "connection": connection, "endpoint": endpoint, "peer": peer,
                        "peer_id": peer_id,
                    }));
                }
            }
            "disconnect" => {
                for (id, endpoint) in [(1, "c.channel".to_owned()), (user, user_end)] {
                    self.put(json!({
                        "node": node, "object": "c", "id": id, "kind": "disconnected",
                        "connection": connection, "endpoint": endpoint, "reason": "dropped",
                    }));
                }
            }
            word => {
                let (kind, event) = match word.split_once('-') {
                    None => ("event", word),
                    Some(("emit", event)) => ("emitted", event),
                    Some((_, event)) => ("handled", event),
                };
                let (from_id, from, id, to) = match event {
                    "send" => (user, user_end, 1, "c.channel".to_owned()),
                    _ => (1, "c.channel".to_owned(), user, user_end),
                };
                let mut members = json!({
                    "node": node, "object": "c", "id": id, "kind": kind, "from": from,
                    "connection": connection, "from_id": from_id, "to": to, "event": event,
                    "payload": {"m": words[2]}, "values": {"m": words[2]},
                });
                if kind == "handled" {
                    members["kind"] = "event".into();
                    members["emitted"] = self.waiting.remove(0).into();
                }
                self.put(members);
                if kind == "emitted" {
                    self.waiting.push(self.line);
                }
            }
        }
    }

    fn end(mut self) -> String {
        self.put(json!({"kind": "end", "events": 0, "wakes": 0}));
        self.text
    }
}

fn judged(text: &str) -> Result<Monitored, MonitorError> {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let file = scratch.path().join("a.trace");
    fs::write(&file, text).expect("it is written");
    let runtime = Runtime::builder().build().expect("a runtime");
    monitor_trace(&runtime, &file)
}

/// What is said of the only constraint: `.` for open, `s` for satisfied, who broke it, or why it is
/// not watched.
fn said(monitored: &Monitored) -> String {
    assert_eq!(monitored.unread, []);
    let [constraint] = &*monitored.constraints else {
        panic!("{:?}", monitored.constraints);
    };
    match (&constraint.status, &constraint.first) {
        (Status::Open, _) => ".".to_owned(),
        (Status::Satisfied, _) => "s".to_owned(),
        (Status::Violated, Some(first)) => {
            let by = first.by.as_deref().unwrap_or("?");
            format!("{by} on {}", first.node)
        }
        (Status::Unmonitored(reason), _) => reason.clone(),
        (Status::Undecided(count), _) => format!("undecided: {count}"),
        (Status::Violated, None) => panic!("{constraint:?}"),
    }
}

/// Constraint of the endpoint or object, what happens, and what is said of it.
const HISTORIES: &[(&str, &str, &str)] = &[
    // Several instances, on two nodes.
    (
        "provides temporal \"total_order\"",
        "start 1, start 2, receive 1:7 a, receive 1:7 b, receive 2:7 b, receive 2:7 a",
        "c on 2",
    ),
    (
        "provides temporal \"total_order\"",
        "start 1, start 2, receive 1:7 a, receive 1:7 b, receive 2:7 a, receive 2:7 b",
        ".",
    ),
    // Somewhere.
    (
        "provides temporal \"forall i. event receive@i(m) never precedes event send@*(m)\"",
        "start 1, start 2, send 1:7 a, receive 2:7 a",
        ".",
    ),
    (
        "provides temporal \"forall i. event receive@i(m) never precedes event send@*(m)\"",
        "start 1, start 2, send 1:7 a, receive 2:7 b",
        "c on 2",
    ),
    // Counts, with nodes that are gone at once.
    (
        "provides cardinality \"at least 2 instances connected\"",
        "start 1, start 2, connect 1:7, connect 2:7, disconnect 2:7",
        "? on 2",
    ),
    (
        "provides cardinality \"at least 2 instances connected\"",
        "start 1, start 2, connect 1:7, connect 2:7, crash 2",
        ".",
    ),
    (
        "provides cardinality \"at most 1 instances connected\"",
        "start 1, connect 1:7, crash 1, start 1, connect 1:7",
        ".",
    ),
    (
        "provides cardinality \"at most 1 instances connected\"",
        "start 1, start 2, connect 1:7, connect 2:7",
        "? on 2",
    ),
    (
        "provides temporal \"event send precedes event disconnect\"",
        "start 1, connect 1:7, crash 1, start 1, connect 1:7, send 1:7 a",
        ".",
    ),
    (
        "provides temporal \"forall i, j. i != j -> F connect@j -> !connect@j W disconnect@i\"",
        "start 1, connect 1:7, crash 1, start 1, connect 1:7",
        "a node was gone at once, and nobody knows which connections ended",
    ),
    // What the other side is required to do.
    (
        "requires temporal \"at most once send(m)\"",
        "start 1, send 1:7 a, send 1:7 a",
        "u7 on 1",
    ),
    // An event happens when the provider emits or handles it.
    (
        "provides session \"!receive; ?send; end\"",
        "start 1, emit-send 1:7 a, receive 1:7 a, handle-send 1:7 a",
        ".",
    ),
    (
        "requires session \"!send; ?receive; end\"",
        "start 1, emit-receive 1:7 a, send 1:7 a, handle-receive 1:7 a",
        ".",
    ),
    (
        "requires session \"?receive; !send; end\"",
        "start 1, emit-receive 1:7 a, send 1:7 a, handle-receive 1:7 a",
        "u7 on 1",
    ),
    // Of each object by itself.
    (
        "requires cardinality \"at most 1 instances connected\"",
        "start 1, connect 1:7, connect 1:8",
        "several objects are connected, and it is required of each by itself",
    ),
    // What no finite history breaks, and what nothing can break.
    (
        "provides temporal \"every send(m) is followed by receive(m)\"",
        "start 1, send 1:7 a",
        ".",
    ),
    (
        "provides temporal \"forall i. F send@* | G !receive@i\"",
        "start 1, send 1:7 a",
        "s",
    ),
    (
        "provides temporal \"exists i. F send@i\"",
        "start 1",
        "it asks for some `i`, which may still come",
    ),
    // Under an assumption.
    (
        "provides temporal \"G !receive\" given \"G !send\"",
        "start 1, receive 1:7 a, send 1:7 a",
        "c on 1",
    ),
    (
        "provides temporal \"G !receive\" given \"G !send\"",
        "start 1, send 1:8 a, receive 1:7 a",
        "s",
    ),
    (
        "provides temporal \"fifo\" given \"unique_messages\"",
        "start 1, send 1:7 a, send 1:7 b, receive 1:8 b, receive 1:8 a",
        "c on 1",
    ),
    (
        "provides temporal \"fifo\" given \"unique_messages\"",
        "start 1, start 2, send 2:7 a, send 1:7 a, send 1:7 b, receive 1:8 b, receive 1:8 a",
        "s",
    ),
    (
        "provides temporal \"fifo\" given \"F send\"",
        "start 1, receive 1:7 a",
        "its assumption may be broken without anybody noticing",
    ),
];

#[test]
fn a_promise_under_an_assumption_is_told_with_it() {
    let constraint = "provides temporal \"fifo\" given \"unique_messages\";";
    let monitored = judged(&Writer::new(constraint, "").steps("start 1").end());
    let monitored = monitored.expect("it is a trace");
    assert_eq!(monitored.constraints[0].text, "fifo given unique_messages");
}

#[test]
fn histories_of_all_nodes_are_judged() {
    for (constraint, steps, expected) in HISTORIES {
        let text = Writer::new(&format!("{constraint};"), "")
            .steps(steps)
            .end();
        let monitored = judged(&text).expect("it is a trace");
        assert_eq!(said(&monitored), *expected, "{constraint}: {steps}");
    }
}

#[test]
fn proxies_are_told_apart() {
    let single = "provides temporal \"forall p, q: proxy. forall m, n: message. \
                  F channel.send@p(m) & F channel.send@q(n) -> p = q\";";
    for (steps, expected) in [
        ("start 1, start 2, send 1:7 a, send 1:8 b", "."),
        ("start 1, start 2, send 1:7 a, send 2:7 b", "u7 on 2"),
    ] {
        let text = Writer::new("", single).steps(steps).end();
        let monitored = judged(&text).expect("it is a trace");
        assert_eq!(said(&monitored), expected, "{steps}");
    }
}

#[test]
fn a_violation_names_what_led_to_it() {
    let text = Writer::new("provides temporal \"at most once receive(m)\";", "")
        .steps("start 1, connect 1:7, receive 1:7 a, receive 1:7 b, emit-receive 1:7 a")
        .end();
    let monitored = judged(&text).expect("it is a trace");
    assert!(monitored.truncated.is_empty());
    let [constraint] = &*monitored.constraints else {
        panic!("{:?}", monitored.constraints);
    };
    assert_eq!(constraint.declared.as_deref(), Some("somewhere:1:2"));
    let first = constraint.first.as_ref().expect("it is broken");
    let trail: Vec<_> = first
        .trail
        .iter()
        .map(|it| (it.line, it.kind.as_str(), it.payload.as_deref()))
        .collect();
    let a = Some("{\"m\":\"a\"}");
    assert_eq!(trail, [(7, "event", a), (9, "emitted", a)]);
    assert_eq!((first.trail[0].from.as_str(), first.line), ("c.channel", 9));
}

#[test]
fn the_same_reference_at_two_places_is_not_judged_as_one() {
    let all = "provides temporal \"forall i. event receive@i(m) never precedes event send@*(m)\";";
    let mut writer = Writer::new(all, "").steps("start 1");
    writer.put(json!({
        "node": 1, "object": "d", "id": 2, "kind": "created", "declared": 2, "reference": "aa",
    }));
    let monitored = judged(&writer.steps("receive 1:7 a").end()).expect("it is a trace");
    let statuses: Vec<&Status> = monitored.constraints.iter().map(|it| &it.status).collect();
    let several = Status::Unmonitored(SEVERAL.to_owned());
    assert_eq!(statuses, [&several, &several]);
}

#[test]
fn a_formalism_that_is_not_at_hand_is_named() {
    let text = Writer::new("provides rates \"fast\";", "")
        .steps("start 1")
        .end();
    let monitored = judged(&text).expect("it is a trace");
    let reason = said(&monitored);
    assert!(
        reason.contains("formalism `rates` is not at hand"),
        "{reason}"
    );
}

#[test]
fn a_type_that_cannot_be_read_is_told() {
    let text = Writer::new("nonsense", "").steps("start 1").end();
    let monitored = judged(&text).expect("it is a trace");
    assert_eq!(monitored.constraints.len(), 0);
    assert!(
        monitored.unread[0].1.contains("refused"),
        "{:?}",
        monitored.unread
    );
}

#[test]
fn traces_that_are_none_say_why() {
    let good = Writer::new("provides temporal \"at most once receive(m)\";", "")
        .steps("start 1, receive 1:7 a, receive 1:7 a")
        .end();
    let cut = &good[..good.len() - 20];
    let monitored = judged(cut).expect("what is there is judged");
    assert_eq!(monitored.truncated, [1]);
    assert_eq!(said(&monitored), "c on 1");

    let lines: Vec<&str> = good.lines().collect();
    let without = [&lines[..4], &lines[5..]].concat().join("\n");
    let refused = |text: &str| judged(text).expect_err("it is refused").to_string();
    let error = refused(&without);
    assert!(
        error.contains("is damaged at line 5: it says that it is line 6"),
        "{error}"
    );
    let error = refused(&good.replace("\"event\":\"receive\"", "\"event\":7"));
    assert!(error.contains("is damaged at line 5"), "{error}");
    let error = refused(&good.replace("\"liveobj_trace\":2", "\"liveobj_trace\":1"));
    let expected = "is a trace of version 1, and this is for version 2; `liveobj sim --trace` \
                    writes it again";
    assert!(error.contains(expected), "{error}");
    assert!(refused("hello").contains("is not a trace"));
}

/// Traces that `open` wrote, each with the steps of one node, whose clocks do not agree. `killed` breaks
/// off in the midst of a line.
fn opened(endpoint: &str, nodes: &[&str]) -> Vec<String> {
    let traces = nodes.iter().zip([7_u64, 3, 5]).map(|(steps, started)| {
        let whole = steps.strip_suffix(", killed");
        let text = Writer::new(&format!("{endpoint};"), "")
            .steps(whole.unwrap_or(steps))
            .end();
        let (header, rest) = text.split_once('\n').expect("a first line");
        let mut header: serde_json::Value = serde_json::from_str(header).expect("JSON");
        let members = header.as_object_mut().expect("an object");
        members.remove("options");
        members.insert("open".to_owned(), json!({"started": started}));
        let text = format!("{header}\n{rest}");
        match whole {
            Some(_) => text[..text.len() - 20].to_owned(),
            None => text,
        }
    });
    traces.collect()
}

fn judged_together(traces: &[String]) -> Vec<Result<Monitored, MonitorError>> {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let paths = traces.iter().zip(1..).map(|(text, number)| {
        let file = scratch.path().join(format!("{number}.trace"));
        fs::write(&file, text).expect("it is written");
        file
    });
    let paths: Vec<PathBuf> = paths.collect();
    let runtime = Runtime::builder().build().expect("a runtime");
    monitor_traces(&runtime, &paths)
}

const CREATED: &str = "provides temporal \"no_creation\"";
const UNIQUE: &str = "provides temporal \"at_most_once\" given \"unique_messages\"";

/// Constraint, what happens on each node, and what is said of it. `sends`, `receives` are datagrams;
/// `opens` a stream of 1 at one node and of 2 at the other, through which go `puts` and `gets`.
const OF_SEVERAL: &[(&str, &[&str], &str)] = &[
    // The order of each node is enough, whatever that between them.
    (
        "provides temporal \"total_order\"",
        &[
            "start 1, receive 1:7 a, receive 1:7 b",
            "start 1, receive 1:7 b, receive 1:7 a",
        ],
        "? on 1",
    ),
    (
        "provides temporal \"total_order\"",
        &[
            "start 1, receive 1:7 a, receive 1:7 b",
            "start 1, receive 1:7 a, receive 1:7 b",
        ],
        ".",
    ),
    (
        "provides temporal \"fifo\"",
        &[
            "start 1, send 1:7 a, send 1:7 b",
            "start 1, receive 1:7 b, receive 1:7 a, killed",
        ],
        "? on 1",
    ),
    (
        "provides temporal \"at most once receive(m)\"",
        &[
            "start 1, receive 1:7 a",
            "start 1, receive 1:7 a",
            "start 1, receive 1:7 b, receive 1:7 b",
        ],
        "c on 3",
    ),
    // Nobody recorded which was first, unless a datagram tells.
    (
        CREATED,
        &["start 1, send 1:7 a", "start 1, receive 1:7 a"],
        "undecided: 1",
    ),
    (
        CREATED,
        &[
            "start 1, send 1:7 a, sends 1 x",
            "start 1, receives 1 x, receive 1:7 a",
        ],
        ".",
    ),
    (
        CREATED,
        &[
            "start 1, receives 1 x, send 1:7 a",
            "start 1, receive 1:7 a, sends 1 x",
        ],
        "c on 2",
    ),
    // Who else may have sent the same?
    (
        CREATED,
        &[
            "start 1, send 1:7 a, sends 1 x",
            "start 1, receives 1 x, receive 1:7 a",
            "start 1, sends 1 x",
        ],
        "undecided: 1",
    ),
    (
        CREATED,
        &[
            "start 1, send 1:7 a, sends 1 x",
            "start 1, receives 1 x, receive 1:7 a",
            "start 1, killed",
        ],
        "undecided: 1",
    ),
    // A stream has an order as well.
    (
        CREATED,
        &[
            "start 1, opens 1:1, send 1:7 a, puts 1 5:x, puts 1 3:y",
            "start 1, opens 1:2, gets 1 5:x, receive 1:7 a, gets 1 3:y",
        ],
        ".",
    ),
    (
        CREATED,
        &[
            "start 1, opens 1:1, puts 1 5:x, gets 1 4:u, send 1:7 a",
            "start 1, opens 1:2, receive 1:7 a, puts 1 4:u, gets 1 5:x",
        ],
        "c on 2",
    ),
    // Of a piece that was sent in several, or with others, its last byte matters.
    (
        CREATED,
        &[
            "start 1, opens 1:1, puts 1 5:x, puts 1 3:y, send 1:7 a, puts 1 1:z",
            "start 1, opens 1:2, gets 1 5:x, gets 1 4:yz, receive 1:7 a",
        ],
        ".",
    ),
    (
        CREATED,
        &[
            "start 1, opens 1:1, puts 1 5:x, puts 1 3:y, send 1:7 a, puts 1 1:z",
            "start 1, opens 1:2, gets 1 5:x, gets 1 3:y, receive 1:7 a",
        ],
        "undecided: 1",
    ),
    // It is another one if something else came; and nobody knows where two have the same ends, or
    // where lines are missing.
    (
        CREATED,
        &[
            "start 1, opens 1:1, puts 1 2:w, send 1:7 a, puts 1 5:x",
            "start 1, opens 1:2, gets 1 2:w, gets 1 5:v, receive 1:7 a",
        ],
        "undecided: 1",
    ),
    (
        CREATED,
        &[
            "start 1, opens 1:1, send 1:7 a, puts 1 5:x",
            "start 1, opens 1:2, gets 1 5:x, receive 1:7 a",
            "start 1, opens 1:2",
        ],
        "undecided: 1",
    ),
    // Under an assumption, which has to be kept in each order.
    (
        UNIQUE,
        &[
            "start 1, send 1:7 a",
            "start 1, receive 1:7 a, receive 1:7 a",
        ],
        "c on 2",
    ),
    (
        UNIQUE,
        &[
            "start 1, send 1:7 a",
            "start 1, receive 1:7 a, receive 1:7 a, send 1:7 a",
        ],
        "undecided: 1",
    ),
    (
        UNIQUE,
        &[
            "start 1, send 1:7 a, killed",
            "start 1, receive 1:7 a, receive 1:7 a",
        ],
        "undecided: 1",
    ),
    // What was sent nowhere was made up, unless somebody was killed who may have sent it.
    (
        CREATED,
        &["start 1, send 1:7 a", "start 1, receive 1:7 b"],
        "c on 2",
    ),
    (
        CREATED,
        &["start 1, send 1:7 a, killed", "start 1, receive 1:7 b"],
        "undecided: 1",
    ),
    (
        CREATED,
        &["start 1, send 1:7 a, receive 1:7 a", "start 1"],
        ".",
    ),
    // As many at a time as one node had, or all in the end, and never more than all had at most.
    (
        "provides cardinality \"at most 2 instances connected\"",
        &["start 1, connect 1:7, connect 1:8", "start 1, connect 1:7"],
        "? on 1",
    ),
    (
        "provides cardinality \"at most 2 instances connected\"",
        &[
            "start 1, connect 1:7, connect 1:8, disconnect 1:7",
            "start 1, connect 1:7",
        ],
        "undecided: 1",
    ),
    (
        "provides cardinality \"at most 2 instances connected\"",
        &["start 1, connect 1:7, killed", "start 1, connect 1:7"],
        ".",
    ),
    // Where lines are missing nothing is known.
    (
        "provides temporal \"at most once receive(m)\"",
        &[
            "start 1, receive 1:7 a, skipped 1, receive 1:7 a",
            "start 1",
        ],
        "lines are missing in a trace, because it was written too slowly",
    ),
    (
        CREATED,
        &["start 1, skipped 1", "start 1, receive 1:7 a"],
        "lines are missing in a trace, because it was written too slowly",
    ),
];

#[test]
fn traces_of_several_nodes_are_judged_as_far_as_their_order_is_known() {
    for (constraint, nodes, expected) in OF_SEVERAL {
        let mut judged = judged_together(&opened(constraint, nodes));
        assert_eq!(judged.len(), 1);
        let monitored = judged.pop().expect("one").expect("they are traces");
        assert_eq!(said(&monitored), *expected, "{constraint}: {nodes:?}");
    }
}

#[test]
fn one_trace_of_several_that_cannot_be_read_leaves_the_others_unjudged() {
    let mut traces = opened(CREATED, &["start 1", "start 1, receive 1:7 a"]);
    traces[0] = "hello".to_owned();
    let judged = judged_together(&traces);
    assert!(
        matches!(&*judged, [Err(MonitorError::Trace(_))]),
        "{judged:?}"
    );
}
