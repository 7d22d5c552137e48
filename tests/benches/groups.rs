//! What a group costs: messages in one order beside raw TCP, a member that goes without a word, a joiner
//! that gets a state, idle groups.
//!
//! All members are runtimes of this process, and processes where they are killed, on the loopback
//! interface. `cargo bench -p liveobj-tests --bench groups`, with `order`, `gone`, `join` or `idle` behind `--` for some of them.

use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use liveobj::{Connection, Data, Object, Runtime, Source};
use liveobj_tests::note::{Opened, line};
use liveobj_tests::support::{built, root};

const RULE: &str = "------------------------------------------------------------------------------";

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let parts: [(&str, fn()); 4] = [
        ("order", order),
        ("gone", gone),
        ("join", join),
        ("idle", idle),
    ];
    let named = |name: &str| asked.iter().any(|it| it == name);
    let all = !parts.iter().any(|(name, _)| named(name));
    for (name, run) in parts {
        if all || named(name) {
            run();
        }
    }
}

/// The stack of `ordered`, and above it `checkpointed`, as parts of a composite; names end in `suffix`.
fn parts(port: u16, suffix: &str) -> String {
    let part = |name: &str, template: &str, library: &str, message: bool, more: &str| {
        let message = match message {
            true => r#"<parameter name="Message"><type>bytes</type></parameter>"#,
            false => "",
        };
        format!(
            r#"<component name="{name}{suffix}"><parameterized>
            <template><external name="{template}" library="liveobj:{library}"/></template>
            {message}{more}</parameterized></component>"#
        )
    };
    let address =
        format!(r#"<parameter name="address"><value>239.255.42.98:{port}</value></parameter>"#);
    let mut text = part("network", "udp_channel", "channels", true, &address);
    text += &part("members", "membership", "groups", false, "");
    text += &part("reliable", "reliable", "groups", true, "");
    text += &part("views", "virtual_synchrony", "groups", true, "");
    text += &part("ordered", "ordered", "groups", true, "");
    for (left, right) in [
        ("members.network", "network.channel"),
        ("reliable.network", "network.channel"),
        ("reliable.membership", "members.membership"),
        ("views.reliable", "reliable.group"),
        ("ordered.group", "views.channel"),
    ] {
        text += &connection(left, right, suffix);
    }
    text
}

fn connection(left: &str, right: &str, suffix: &str) -> String {
    let end = |end: &str| {
        let (of, name) = end.split_once('.').expect("a part and its endpoint");
        format!(r#"<endpoint of="{of}{suffix}" name="{name}"/>"#)
    };
    format!("<connection>{}{}</connection>", end(left), end(right))
}

fn composite(parts: &str) -> String {
    format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>{parts}</composite></liveobject>"#
    )
}

/// One node.
struct Node {
    object: Object,
    _runtime: Runtime,
}

fn open(reference: &str) -> Node {
    let runtime = Runtime::builder().library_path(built()).build();
    let runtime = runtime.expect("a runtime");
    let checked = runtime.check(&Source::new("group", reference));
    let reference = checked.reference;
    let reference = reference.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
    let object = runtime.open_blocking(&reference).expect("opened");
    Node {
        object,
        _runtime: runtime,
    }
}

/// An end of an endpoint, and the events that come there.
struct End {
    connection: Connection,
    events: Receiver<(String, Data)>,
}

impl Node {
    fn connect(&self, endpoint: &str) -> End {
        let (sender, events) = mpsc::channel();
        let endpoint = self.object.endpoint(endpoint).expect("it is exported");
        let connection = endpoint.connect(move |event, payload| {
            let _ = sender.send((event.to_owned(), payload.clone()));
        });
        End {
            connection: connection.expect("connected"),
            events,
        }
    }
}

impl End {
    fn send(&self, event: &str, parameter: &str, bytes: Vec<u8>) {
        let payload = Data::record([(parameter, Data::Bytes(bytes))]);
        self.connection.send(event, payload).expect("sent");
    }

    /// The next of these events.
    fn next(&self, wanted: &str) -> Data {
        loop {
            let (event, payload) = self.events.recv().expect("the object is open");
            if event == wanted {
                return payload;
            }
        }
    }

    /// Waits for a view of so many members.
    fn wait_for(&self, members: usize) {
        loop {
            if let Data::Record(view) = self.next("view")
                && let Some(Data::List(list)) = view.get("members")
                && list.len() == members
            {
                return;
            }
        }
    }
}

/// A message with this number.
fn message(number: u64, size: usize) -> Vec<u8> {
    let mut message = number.to_le_bytes().to_vec();
    message.resize(size.max(8), 0x5a);
    message
}

fn order() {
    println!(
        "Messages in one order (udp_channel, membership, reliable, virtual_synchrony, ordered), beside \
         raw TCP to each other member"
    );
    println!(
        "{RULE}\n{:>7} {:>7} {:>10} {:>10} {:>7} {:>9} {:>9} {:>9} {:>7}",
        "members", "bytes", "msg/s", "TCP msg/s", "ratio", "p50 us", "p99 us", "TCP p50", "ratio"
    );
    for (at, members) in [2, 4, 8].into_iter().enumerate() {
        let export = r#"<export of="ordered" name="views"/>"#;
        let reference = composite(&(parts(17_100 + at as u16, "") + export));
        let nodes: Vec<Node> = (0..members).map(|_| open(&reference)).collect();
        let ends: Vec<End> = nodes.iter().map(|node| node.connect("views")).collect();
        for end in &ends {
            end.wait_for(members);
        }
        for size in [16, 1 << 10, 16 << 10] {
            let count = (4 << 20) / size.max(512) as u64;
            let ours = throughput(&ends, size, count);
            let tcp = tcp_throughput(members - 1, size, 10 * count);
            let mut times: Vec<Duration> = (0..300).map(|_| latency(&ends, size)).collect();
            times.sort_unstable();
            let (p50, p99) = (times[150], times[297]);
            let tcp_p50 = tcp_latency(size);
            println!(
                "{members:>7} {size:>7} {ours:>10.0} {tcp:>10.0} {:>7.3} {:>9.0} {:>9.0} {:>9.0} {:>7.1}",
                ours / tcp,
                p50.as_secs_f64() * 1e6,
                p99.as_secs_f64() * 1e6,
                tcp_p50.as_secs_f64() * 1e6,
                p50.as_secs_f64() / tcp_p50.as_secs_f64(),
            );
        }
    }
}

/// Messages per second of one sender, until all members have all of them.
fn throughput(ends: &[End], size: usize, count: u64) -> f64 {
    let ahead = (1 << 20) / size.max(512) as u64;
    let begun = Instant::now();
    for number in 0..count {
        if number >= ahead {
            ends[0].next("receive");
        }
        ends[0].send("send", "message", message(number, size));
    }
    for _ in 0..ahead.min(count) {
        ends[0].next("receive");
    }
    for end in &ends[1..] {
        for _ in 0..count {
            end.next("receive");
        }
    }
    count as f64 / begun.elapsed().as_secs_f64()
}

/// From sending a message to receiving it, in the order of all.
fn latency(ends: &[End], size: usize) -> Duration {
    let begun = Instant::now();
    ends[0].send("send", "message", message(0, size));
    ends[0].next("receive");
    let latency = begun.elapsed();
    for end in &ends[1..] {
        end.next("receive");
    }
    latency
}

fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("its address");
    let one = TcpStream::connect(address).expect("connected");
    let (other, _) = listener.accept().expect("accepted");
    for stream in [&one, &other] {
        stream.set_nodelay(true).expect("an option of sockets");
    }
    (one, other)
}

/// Messages per second over a connection to each receiver, until all have all of them.
fn tcp_throughput(receivers: usize, size: usize, count: u64) -> f64 {
    let pairs: Vec<(TcpStream, TcpStream)> = (0..receivers).map(|_| tcp_pair()).collect();
    let (mut senders, mut receivers): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for receiver in &mut receivers {
            scope.spawn(move || {
                let mut buffer = vec![0; size];
                for _ in 0..count {
                    receiver.read_exact(&mut buffer).expect("received");
                }
            });
        }
        for number in 0..count {
            let message = message(number, size);
            for sender in &mut senders {
                sender.write_all(&message).expect("sent");
            }
        }
    });
    count as f64 / begun.elapsed().as_secs_f64()
}

/// Half of the times from sending a message to having it back are shorter.
fn tcp_latency(size: usize) -> Duration {
    let (mut one, mut other) = tcp_pair();
    let count = 300;
    let mut times = Vec::new();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut buffer = vec![0; size];
            for _ in 0..count {
                other.read_exact(&mut buffer).expect("received");
                other.write_all(&buffer).expect("sent");
            }
        });
        let mut buffer = message(0, size);
        for _ in 0..count {
            let begun = Instant::now();
            one.write_all(&buffer).expect("sent");
            one.read_exact(&mut buffer).expect("received");
            times.push(begun.elapsed());
        }
    });
    times.sort_unstable();
    times[times.len() / 2]
}

/// So often a process is killed.
const KILLS: u16 = 9;

/// Until one process shows what another one has entered, where the third of them was killed.
fn gone() {
    println!(
        "\nOne process of three is killed: until the second one shows what the third one sends, of \
         {KILLS} runs\n{RULE}"
    );
    for (at, name) in ["another one", "the sequencer"].into_iter().enumerate() {
        let mut times: Vec<Duration> = (0..KILLS)
            .map(|run| until_received(17_120 + run + KILLS * at as u16, at == 1))
            .collect();
        times.sort_unstable();
        let seconds = |at: usize| times[at].as_secs_f64();
        println!(
            "{name}: {:.4} s, {:.4} to {:.4}",
            seconds(times.len() / 2),
            seconds(0),
            seconds(times.len() - 1)
        );
    }
}

/// One time of those.
fn until_received(port: u16, is_sequencer: bool) -> Duration {
    let folder = tempfile::tempdir().expect("a directory");
    let example = root().join("examples/replicated-note.liveobject");
    let example = std::fs::read_to_string(example).expect("it is readable");
    let (before, after) = example.split_once("<value>").expect("an address");
    let (_, after) = after.split_once("</value>").expect("it ends");
    let reference = folder.path().join("note.liveobject");
    let text = format!("{before}<value>239.255.42.98:{port}</value>{after}");
    std::fs::write(&reference, text).expect("it is writable");
    // The first one has founded the group when it shows its line, so that it is the sequencer.
    let mut members: Vec<Opened> = Vec::new();
    for number in 0..3 {
        members.push(Opened::start(folder.path(), &reference));
        let text = format!("of {number}");
        members[number].enter(&text);
        for member in &members {
            member.wait_for(&line(&text));
        }
    }
    let mut goes = members.remove(if is_sequencer { 0 } else { 2 });
    let begun = Instant::now();
    goes.signal("KILL");
    members[0].enter("after that");
    members[1].wait_for(&line("after that"));
    begun.elapsed()
}

/// Bytes of the state that a joiner gets.
const STATE: usize = 10_000_000;

fn join() {
    println!("\nJoining a group of one with a state of 10 MB, beside raw TCP\n{RULE}");
    let above = format!(
        r#"<component name="state"><parameterized>
        <template><external name="checkpointed" library="liveobj:groups"/></template>
        <parameter name="Message"><type>bytes</type></parameter>
        <parameter name="Checkpoint"><type>bytes</type></parameter>
        </parameterized></component>{}<export of="state" name="channel"/>"#,
        connection("state.ordered", "ordered.views", "")
    );
    let reference = composite(&(parts(17_110, "") + &above));
    let first = open(&reference);
    let end = first.connect("channel");
    end.send("send", "message", message(0, 8));
    end.next("receive");
    let begun = Instant::now();
    let second = open(&reference);
    let joiner = second.connect("channel");
    end.next("checkpoint_wanted");
    let wanted = begun.elapsed();
    end.send("checkpoint", "checkpoint", vec![7; STATE]);
    joiner.next("initialize");
    let took = begun.elapsed();
    let (mut sender, mut receiver) = tcp_pair();
    let begun = Instant::now();
    std::thread::scope(|scope| {
        scope.spawn(move || sender.write_all(&vec![7; STATE]).expect("sent"));
        let mut buffer = vec![0; STATE];
        receiver.read_exact(&mut buffer).expect("received");
    });
    let tcp = begun.elapsed();
    println!(
        "a member after {:.2} s, the state {:.2} s later ({:.1} times raw TCP: {:.4} s)",
        wanted.as_secs_f64(),
        (took - wanted).as_secs_f64(),
        (took - wanted).as_secs_f64() / tcp.as_secs_f64(),
        tcp.as_secs_f64()
    );
}

/// So many groups, each of two members.
const GROUPS: usize = 1_000;

fn idle() {
    println!("\n{GROUPS} idle groups of `ordered` on two nodes in one process\n{RULE}");
    let mut all = String::new();
    for group in 0..GROUPS {
        let suffix = format!("_{group}");
        all += &parts(20_000 + group as u16, &suffix);
        let _ = write!(
            all,
            r#"<export of="ordered{suffix}" name="views" as="v{group}"/>"#
        );
    }
    let reference = composite(&all);
    let before = resident();
    let nodes = [open(&reference), open(&reference)];
    let ends: Vec<End> = nodes
        .iter()
        .flat_map(|node| (0..GROUPS).map(|group| node.connect(&format!("v{group}"))))
        .collect();
    for end in &ends {
        end.wait_for(2);
    }
    let grown = resident() - before;
    std::thread::sleep(Duration::from_secs(5));
    let (cpu, begun) = (processor_time(), Instant::now());
    std::thread::sleep(Duration::from_secs(20));
    let share = (processor_time() - cpu) / begun.elapsed().as_secs_f64();
    println!(
        "a member takes {:.1} KB and {:.1} us of processor time per second",
        grown as f64 / 1e3 / (2 * GROUPS) as f64,
        share * 1e6 / (2 * GROUPS) as f64
    );
}

/// Bytes of this process in memory.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux has it");
    let pages = text
        .split(' ')
        .nth(1)
        .and_then(|it| it.parse::<usize>().ok());
    pages.expect("the second number") * 4_096
}

/// Seconds of processor time that this process has taken.
fn processor_time() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").expect("Linux has it");
    let (_, fields) = text.rsplit_once(") ").expect("its name is in parentheses");
    let fields = fields.split(' ').skip(11).take(2);
    let ticks: f64 = fields.filter_map(|it| it.parse::<f64>().ok()).sum();
    ticks / 100.0
}
