//! What channels promise is measured: histories of simulated and of real nodes are judged by the
//! monitors of the constraints, and by code that knows nothing of either.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write as _;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::thread;
use std::time::{Duration, Instant};

use liveobj::sim::{Action, Options, Partition, Scripted};
use liveobj::{Runtime, Source, Status, monitor_trace, monitor_traces};
use liveobj_tests::note::{Opened, line};
use liveobj_tests::support::built;
use serde_json::Value;

use crate::simulation::{check, document, lossy, runtime, seconds, simulate, traced, typed};

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

const FIFO_NOTE: &str = r#"<types>
    endpoint FifoReplica {
        out send(message: bytes);
        in receive(message: bytes);
        provides temporal "unique_messages";
        requires properties "best_effort, no_creation";
        requires temporal "fifo &amp; at_most_once";
    }
    object FifoNote {
        mandatory endpoint channel: FifoReplica;
        endpoint text: Text many;
    }
</types>"#;

fn connection(left: &str, right: &str) -> String {
    let end = |end: &str| {
        let (of, name) = end.split_once('.').expect("a part and its endpoint");
        format!(r#"<endpoint of="{of}" name="{name}"/>"#)
    };
    format!("<connection>{}{}</connection>", end(left), end(right))
}

/// A note on `channel`, which these parts and connections give. It demands of the channel that it keeps
/// the order of each sender, if `fifo`.
fn note(parts: &[String], connections: &[String], channel: &str, fifo: bool) -> String {
    let (types, cast) = match fifo {
        true => (FIFO_NOTE, r#" as="FifoNote""#),
        false => ("", ""),
    };
    let text = format!(
        r#"{types}<composite>{}
        <component name="note"><external name="shared_text" library="liveobj:documents"{cast}/></component>
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
                let process = line["process"].as_str().unwrap_or_default();
                let instance = format!("{process}{node}.{life}.{}", line["connection"]);
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
    let reference = check(
        &runtime,
        &note(&parts, &connections, "pieces.channel", false),
    );
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

/// Two proxies of one process, each with a note.
#[test]
fn a_local_channel_makes_nothing_up_repeats_nothing_and_keeps_the_order_of_senders() {
    let runtime = runtime();
    let local = |name: &str| channel(name, "local_channel", &[("name", "team")]);
    let other = r#"<component name="other"><external name="shared_text" library="liveobj:documents"/></component>"#;
    let parts = [local("here"), local("there"), other.to_owned()];
    let connections = [connection("other.channel", "there.channel")];
    let reference = check(&runtime, &note(&parts, &connections, "here.channel", false));
    let options = Options {
        nodes: 1,
        script: (0..40)
            .map(|n| typed(1 + n, 1, &format!("line {n}")))
            .collect(),
        ..Options::default()
    };
    let lines = traced(&runtime, &reference, &options);
    // Both are one channel.
    let one = |line: &String| line.replace(r#""there.channel""#, r#""here.channel""#);
    let one: Vec<String> = lines.iter().map(one).collect();
    let history = History::of(&one, "here.channel");
    assert_eq!(history.count(true), history.count(false), "{history:?}");
    assert!(history.count(true) > 40, "{history:?}");
    let broken = [
        history.creates(),
        history.repeats(),
        history.overtakes(),
        history.equal(),
    ];
    assert_eq!(broken, [false; 4], "{history:?}");
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
    let text = note(&parts, &connections, "pieces.channel", false);
    let checked = runtime.check(&Source::new("test", text));
    let found = &checked.diagnostics[0];
    assert_eq!(found.code.as_str(), "endpoint-mismatch");
    let says = "requires properties \"no_creation\"";
    assert!(found.message.contains(says), "{found:?}");
}

const LOOPBACK: &[(&str, &str)] = &[("peers", r#"["127.0.0.1:7000-7003"]"#)];

#[test]
fn whatever_breaks_streams_breaks_no_promise_of_a_channel_over_tcp() {
    let runtime = runtime();
    let parts = [channel("network", "tcp_channel", LOOPBACK)];
    let reference = check(&runtime, &note(&parts, &[], "network.channel", true));
    let mut broke = 0;
    for seed in 1..=4 {
        let lines = traced(&runtime, &reference, &bad(seed));
        let promised = judged(&runtime, &lines, "network.channel");
        for kept in [(true, "no_creation"), (false, "unique_messages")] {
            let status = promised.get(&(kept.0, kept.1.to_owned()));
            assert_eq!(status, Some(&Status::Open), "{promised:?}");
        }
        let history = History::of(&lines, "network.channel");
        assert!(history.count(false) > 30, "{history:?}");
        let broken = [
            history.creates(),
            history.repeats(),
            history.overtakes(),
            history.equal(),
        ];
        assert_eq!(broken, [false; 4], "seed {seed}");
        let breaks = lines
            .iter()
            .filter(|line| line.contains("the stream broke"));
        broke += breaks.count();
        let summary = simulate(&runtime, &reference, &bad(seed));
        let shown = |node: usize| -> BTreeSet<&str> {
            let lines = summary.nodes[node].shown.iter();
            lines.map(|(_, line)| line.as_str()).collect()
        };
        assert_eq!(
            (shown(0).len(), shown(1), shown(2)),
            (12, shown(0), shown(0))
        );
    }
    assert!(broke > 0, "the network was not bad");
}

/// What is promised under an assumption, where the history keeps it.
#[test]
fn monitors_find_nothing_that_a_channel_over_tcp_reorders_or_repeats() {
    let runtime = runtime();
    let parts = [channel("network", "tcp_channel", LOOPBACK)];
    let reference = check(&runtime, &note(&parts, &[], "network.channel", false));
    let crash = |at, action| Scripted {
        at: seconds(at),
        node: 2,
        action,
    };
    for seed in 1..=3 {
        let options = Options {
            duration: seconds(8),
            seed,
            network: lossy(1, 200),
            script: vec![
                typed(1, 1, "one"),
                typed(2, 2, "two"),
                crash(3, Action::Crash),
                crash(4, Action::Start),
                typed(6, 2, "three"),
            ],
            ..Options::default()
        };
        let lines = traced(&runtime, &reference, &options);
        let promised = judged(&runtime, &lines, "network.channel");
        for name in ["fifo", "at_most_once"] {
            let told = format!("{name} given unique_messages");
            let status = promised.get(&(true, told));
            assert_eq!(status, Some(&Status::Open), "{promised:?}");
        }
        let unique = promised.get(&(false, "unique_messages".to_owned()));
        assert_eq!(unique, Some(&Status::Open), "{promised:?}");
    }
}

/// Addresses that were free just now, as a parameter.
fn free_peers(count: usize) -> (Vec<u16>, String) {
    let bound: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind("127.0.0.1:0").expect("a port"))
        .collect();
    let ports: Vec<u16> = bound
        .iter()
        .map(|it| it.local_addr().expect("an address").port())
        .collect();
    let peers: Vec<String> = ports
        .iter()
        .map(|port| format!(r#""127.0.0.1:{port}""#))
        .collect();
    (ports, format!("[{}]", peers.join(", ")))
}

/// Bytes arrive after they were sent: so what one process received is known to have been sent before.
#[test]
fn traces_of_processes_over_tcp_tell_an_order_between_them() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (_, peers) = free_peers(2);
    let reference = folder.path().join("note.liveobject");
    let parts = [channel("network", "tcp_channel", &[("peers", &peers)])];
    let text = note(&parts, &[], "network.channel", false);
    fs::write(&reference, text).expect("it is writable");
    let paths = ["first", "second"].map(|name| folder.path().join(name));
    let [mut first, mut second] = paths.each_ref().map(|path| {
        let trace = path.to_str().expect("UTF-8").to_owned();
        Opened::start_as(folder.path(), &reference, &[built()], &["--trace", &trace])
    });
    first.enter("one");
    second.wait_for(&line("one"));
    second.enter("two");
    first.wait_for(&line("two"));
    assert_eq!(first.signal("TERM"), Some(0));
    assert_eq!(second.signal("TERM"), Some(0));
    let runtime = runtime();
    let status = |name: &str| {
        let judged = monitor_traces(&runtime, &paths).pop();
        let judged = judged.expect("one history").expect("they are traces");
        let mut own = judged.constraints.into_iter();
        let own = own.find(|it| it.subject == "network.channel" && it.provided && it.text == name);
        own.expect("it is promised").status
    };
    for name in [
        "no_creation",
        "fifo given unique_messages",
        "at_most_once given unique_messages",
    ] {
        assert_eq!(status(name), Status::Open, "{name}");
    }
    // Nobody knows which stream is which without the addresses of both ends.
    for path in &paths {
        let trace = fs::read_to_string(path).expect("it was written");
        let lines = trace
            .lines()
            .map(|line| match line.split_once(r#","local":""#) {
                Some((before, after)) => {
                    let (_, after) = after.split_once('"').expect("an end");
                    format!("{before}{after}\n")
                }
                None => format!("{line}\n"),
            });
        let without: String = lines.collect();
        assert_ne!(trace, without);
        fs::write(path, without).expect("it is writable");
    }
    let unknown = status("no_creation");
    assert!(matches!(unknown, Status::Undecided(_)), "{unknown:?}");
}

#[test]
fn processes_over_tcp_agree_although_one_is_killed_and_strangers_send_noise() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let (ports, peers) = free_peers(3);
    let reference = folder.path().join("note.liveobject");
    let parts = [channel("network", "tcp_channel", &[("peers", &peers)])];
    let text = note(&parts, &[], "network.channel", false);
    fs::write(&reference, text).expect("it is writable");
    let open = |name: &str| {
        let trace = folder.path().join(name);
        let trace = trace.to_str().expect("UTF-8").to_owned();
        Opened::start_as(folder.path(), &reference, &[built()], &["--trace", &trace])
    };
    let (mut first, mut second) = (open("first"), open("second"));
    first.enter("from the first");
    second.enter("from the second");
    let both: BTreeSet<String> = ["from the first", "from the second"]
        .map(str::to_owned)
        .into();
    first.wait_for(&both);
    second.wait_for(&both);
    // Noise on every port, for as long as the test runs.
    let noise: Vec<TcpStream> = ports
        .iter()
        .filter_map(|port| TcpStream::connect(("127.0.0.1", *port)).ok())
        .collect();
    assert!(noise.len() >= 2, "nobody listens");
    for mut stream in &noise {
        // Whoever hears it may hang up at once.
        let _ = stream.write_all(&[0xff; 100_000]);
    }
    drop(first);
    second.enter("while the first was away");
    let mut again = open("again");
    again.wait_for(&both);
    again.wait_for(&line("while the first was away"));
    again.enter("back");
    second.wait_for(&line("back"));
    assert_eq!(second.signal("TERM"), Some(0));
    assert_eq!(again.signal("TERM"), Some(0));
    // What the killed process did last may not stand in its trace: what it sent cannot be judged.
    let mut histories = Vec::new();
    for name in ["first", "second", "again"] {
        let trace = fs::read_to_string(folder.path().join(name)).expect("it was written");
        let lines: Vec<String> = trace.lines().map(str::to_owned).collect();
        // The last line of one that was killed may not be whole.
        let whole = lines.iter().filter(|line| line.ends_with('}'));
        let node = format!("{{\"process\":\"{name}\",");
        let named: Vec<String> = whole.map(|line| line.replacen('{', &node, 1)).collect();
        histories.push(History::of(&named, "network.channel"));
    }
    let all: Vec<_> = histories
        .into_iter()
        .flat_map(|history| history.0)
        .collect();
    let (sent, received) = all.into_iter().partition::<Vec<_>, _>(|(sent, ..)| *sent);
    let history = History([sent, received].concat());
    assert!(history.count(false) > 5, "{history:?}");
    let broken = [history.repeats(), history.overtakes(), history.equal()];
    assert_eq!(broken, [false; 3], "{history:?}");
}

/// Over real sockets, of which one is the test's own and another one a stranger's.
#[test]
fn datagrams_of_strangers_are_dropped_and_a_peer_that_does_not_listen_ends_nothing() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let reference = folder.path().join("note.liveobject");
    let peer = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let wait = Some(Duration::from_secs(60));
    peer.set_read_timeout(wait).expect("it can be set");
    let address = peer.local_addr().expect("an address");
    let (_, free) = free_peers(1);
    let peers = free.replace(']', &format!(r#", "{address}"]"#));
    let parameters = [("address", ""), ("peers", &peers)];
    let parts = [channel("network", "udp_channel", &parameters)];
    let text = note(&parts, &[], "network.channel", false);
    fs::write(&reference, text).expect("it is writable");
    let options = ["--verbose"];
    let mut opened = Opened::start_as(folder.path(), &reference, &[built()], &options);
    opened.enter("hello");
    let mut buffer = [0; 2_048];
    let (length, process) = peer.recv_from(&mut buffer).expect("it sends");
    let Ok(stranger) = UdpSocket::bind("127.0.0.2:0") else {
        println!("skipped: this machine has no address but 127.0.0.1 on its loopback interface");
        return;
    };
    // Another sender, so that it is none that was seen before.
    buffer[12] ^= 1;
    let datagram = &buffer[..length];
    stranger.send_to(datagram, process).expect("it is sent");
    let reports = |what: &str| {
        let deadline = Instant::now() + Duration::from_secs(60);
        while !opened.reported().iter().any(|line| line.contains(what)) {
            assert!(Instant::now() < deadline, "{what}: {:?}", opened.reported());
            thread::sleep(Duration::from_millis(20));
        }
    };
    reports("1 from addresses that `peers` does not name");
    for _ in 0..2 {
        peer.send_to(datagram, process).expect("it is sent");
    }
    reports("1 repeated, 1 from addresses that `peers` does not name");
    // Now nobody listens there.
    drop(peer);
    for n in 0..100 {
        opened.enter(&format!("line {n}"));
    }
    opened.wait_for(&line("line 99"));
    let peer = UdpSocket::bind(address).expect("it was free");
    peer.set_read_timeout(wait).expect("it can be set");
    opened.enter("is anybody there?");
    let (_, from) = peer.recv_from(&mut buffer).expect("it goes on");
    assert_eq!(from, process);
    assert_eq!(opened.signal("TERM"), Some(0));
}

#[test]
fn who_needs_the_order_of_senders_is_refused_on_datagrams() {
    let runtime = runtime();
    let parts = [channel("network", "udp_channel", &[])];
    let text = note(&parts, &[], "network.channel", true);
    let checked = runtime.check(&Source::new("test", text));
    assert!(checked.reference.is_none());
    let found = &checked.diagnostics[0];
    let says = "`note.channel` requires temporal";
    assert!(found.message.contains(says), "{found:?}");
}
