//! A note that real processes share over real sockets.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::dice::Dice;
use crate::support::{built, liveobj, root};

/// A note whose network is the datagram relay at `port`: no process binds that port itself, so
/// everything passes through the relay.
pub fn note(port: u16) -> String {
    example("team-note", port)
}

/// The example `tapped-note` with the same network as [`note`].
pub fn tapped_note(port: u16) -> String {
    example("tapped-note", port)
}

/// The example `sealed-note` with the datagram relay at `port` as its network.
pub fn sealed_note(port: u16) -> String {
    example("sealed-note", port)
}

/// The example `ordered-note` with the datagram relay at `port` as its network.
pub fn ordered_note(port: u16) -> String {
    example("ordered-note", port)
}

/// The example `replicated-note` with the datagram relay at `port` as its network.
pub fn replicated_note(port: u16) -> String {
    example("replicated-note", port)
}

/// A document on the network and the stack of [`replicated_note`].
pub struct Replicated<'a> {
    /// The template of `liveobj:documents`, and its type argument.
    pub template: (&'a str, Option<(&'a str, &'a str)>),
    /// Types of its updates and checkpoints.
    pub types: [&'a str; 2],
    /// Endpoint of the channel that it needs: `channel` or `views`.
    pub channel: &'a str,
    /// Its endpoints that are shown.
    pub exports: &'a [&'a str],
}

impl Replicated<'_> {
    /// Content of its reference document; the datagram relay at `port` is its network.
    pub fn body(&self, port: u16) -> String {
        let note = replicated_note(port);
        let (_, content) = note.split_once("<types>").expect("it has types");
        let content = content.replace("</liveobject>", "");
        let (name, argument) = self.template;
        let argument = argument.map_or(String::new(), |(name, ty)| {
            format!(r#"<parameter name="{name}"><type>{ty}</type></parameter>"#)
        });
        let template = format!(
            r#"<parameterized><template><external name="{name}" library="liveobj:documents"/></template>{argument}</parameterized>"#
        );
        let exports = self.exports.iter();
        let exports: String = exports
            .map(|name| format!(r#"<export of="note" name="{name}"/>"#))
            .collect();
        let (stack, _) = content
            .split_once(r#"<connection><endpoint of="note" name="text"/>"#)
            .expect("it has a screen");
        let screen = r#"<component name="screen">
      <external name="console" library="liveobj:standard"/>
    </component>"#;
        let [update, checkpoint] = self.types;
        let changes = [
            (screen, ""),
            ("TextUpdate", update),
            ("TextCheckpoint", checkpoint),
            (
                r#"<external name="ordered_text" library="liveobj:documents"/>"#,
                &template,
            ),
            (
                r#"<endpoint of="replicas" name="channel"/>"#,
                &format!(r#"<endpoint of="replicas" name="{}"/>"#, self.channel),
            ),
        ];
        let mut stack = stack.to_owned();
        for (from, to) in changes {
            assert!(stack.contains(from), "{from}");
            stack = stack.replace(from, to);
        }
        format!("<types>{stack}{exports}</composite>")
    }
}

/// The example `shared-board` with the datagram relay at `port` as its network.
pub fn shared_board(port: u16) -> String {
    example("shared-board", port)
}

/// The example `shared-folder` with the datagram relay at `port` as its networks.
pub fn shared_folder(port: u16) -> String {
    example("shared-folder", port)
}

fn example(name: &str, port: u16) -> String {
    let path = root().join(format!("examples/{name}.liveobject"));
    let text = std::fs::read_to_string(path).expect("the example is readable");
    let (start, end) = (
        r#"<parameter name="address"><value>"#,
        "</value></parameter>",
    );
    let mut networks = text.split(start);
    let before = networks.next().unwrap_or_default().to_owned();
    assert_ne!(before, text, "its network has an address");
    networks.fold(before, |before, network| {
        let (_, after) = network.split_once(end).expect("the address ends");
        format!(
            r#"{before}{start}{end}
        <parameter name="peers"><value>["127.0.0.1:{port}"]</value></parameter>{after}"#
        )
    })
}

/// Passes each datagram on to everybody else who has sent one, but for `loss` percent.
pub struct Relay {
    /// Where it listens.
    pub port: u16,
    seen: Arc<Mutex<Vec<Vec<u8>>>>,
    stop: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Relay {
    /// Starts one that loses `loss` percent, always the same ones.
    pub fn start(loss: u64) -> Relay {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a port is free");
        socket
            .set_read_timeout(Some(Duration::from_millis(50)))
            .expect("a timeout is settable");
        let port = socket.local_addr().expect("it is bound").port();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let seeing = seen.clone();
        let thread = thread::spawn(move || {
            let mut known = BTreeSet::<SocketAddr>::new();
            let mut dice = Dice(0x9E37_79B9_7F4A_7C15);
            let mut buffer = [0; 2048];
            while !stopped.load(Ordering::Relaxed) {
                let Ok((length, from)) = socket.recv_from(&mut buffer) else {
                    continue;
                };
                known.insert(from);
                seeing
                    .lock()
                    .expect("nobody panics with it")
                    .push(buffer[..length].to_vec());
                for to in known.iter().filter(|to| **to != from) {
                    if dice.below(100) >= loss {
                        // A process that was killed no longer listens; that is its affair.
                        let _ = socket.send_to(&buffer[..length], to);
                    }
                }
            }
        });
        Relay {
            port,
            seen,
            stop,
            thread: Some(thread),
        }
    }
}

impl Relay {
    /// How many of the datagrams that came by hold `text`.
    pub fn showed(&self, text: &str) -> usize {
        let seen = self.seen.lock().expect("nobody panics with it");
        let holds = |datagram: &&Vec<u8>| {
            let mut windows = datagram.windows(text.len());
            windows.any(|window| window == text.as_bytes())
        };
        seen.iter().filter(holds).count()
    }

    /// How many datagrams came by.
    pub fn count(&self) -> usize {
        self.seen.lock().expect("nobody panics with it").len()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The example `group` with the datagram relay at `port` as its network.
pub fn group(port: u16) -> String {
    example("group", port)
}

/// A running `liveobj open`, or another command that goes on, with what it has printed so far.
pub struct Opened {
    child: Child,
    input: ChildStdin,
    lines: Arc<Lines>,
    reports: Arc<Lines>,
}

/// What came so far.
#[derive(Default)]
struct Lines {
    all: Mutex<Vec<String>>,
    more: Condvar,
}

/// Collects the lines of a pipe.
fn collect(pipe: impl Read + Send + 'static) -> Arc<Lines> {
    let lines = Arc::new(Lines::default());
    let sink = lines.clone();
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            sink.all.lock().expect("no reader panics").push(line);
            sink.more.notify_all();
        }
    });
    lines
}

impl Opened {
    /// Opens `reference` with its input piped.
    pub fn start(home: &Path, reference: &Path) -> Opened {
        Opened::start_with(home, reference, &[built()])
    }

    /// The same, with the libraries in these folders.
    pub fn start_with(home: &Path, reference: &Path, libraries: &[&Path]) -> Opened {
        Opened::start_as(home, reference, libraries, &[])
    }

    /// The same, with further options of `liveobj open`.
    pub fn start_as(
        home: &Path,
        reference: &Path,
        libraries: &[&Path],
        options: &[&str],
    ) -> Opened {
        let mut command = liveobj(home);
        command.arg("open").arg(reference);
        for folder in libraries {
            command.arg("--library-path").arg(folder);
        }
        command.args(options);
        Opened::spawn(command)
    }

    /// The same under another command, which runs what stands behind its arguments in its own place.
    pub fn start_under(home: &Path, wrapper: &[&str], reference: &Path) -> Opened {
        let mut own = liveobj(home);
        own.arg("open").arg(reference);
        own.arg("--library-path").arg(built());
        let mut command = Command::new(wrapper[0]);
        command.args(&wrapper[1..]);
        command.arg(own.get_program()).args(own.get_args());
        for (name, value) in own.get_envs() {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        Opened::spawn(command)
    }

    /// Watches who belongs to the group `reference`, as `liveobj members` does.
    pub fn members(home: &Path, reference: &Path) -> Opened {
        let mut command = liveobj(home);
        command.arg("members").arg(reference);
        command.arg("--library-path").arg(built());
        command.args(["--format", "json"]);
        Opened::spawn(command)
    }

    fn spawn(mut command: Command) -> Opened {
        command.args(["--for", "120s"]);
        command.stdin(Stdio::piped());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("liveobj starts");
        let input = child.stdin.take().expect("its input is piped");
        let lines = collect(child.stdout.take().expect("its output is piped"));
        let reports = collect(child.stderr.take().expect("its errors are piped"));
        Opened {
            child,
            input,
            lines,
            reports,
        }
    }

    /// Number of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal and waits until it has ended; gives its exit status.
    pub fn signal(&mut self, name: &str) -> Option<i32> {
        self.send(name);
        self.child.wait().expect("it ends").code()
    }

    /// Sends it a signal.
    pub fn send(&self, signal: &str) {
        let sent = Command::new("kill")
            .args(["-s", signal, &self.id().to_string()])
            .status();
        assert!(sent.expect("kill runs").success());
    }

    /// Waits until `found` finds something in the lines printed so far; panics after 60 seconds.
    pub fn wait_until<T>(&self, what: &str, mut found: impl FnMut(&[String]) -> Option<T>) -> T {
        let mut result = None;
        let lines = self.lines.all.lock().expect("no reader panics");
        let patience = Duration::from_secs(60);
        let waited = self
            .lines
            .more
            .wait_timeout_while(lines, patience, |lines| {
                result = found(lines);
                result.is_none()
            });
        let (lines, _) = waited.expect("no reader panics");
        result.unwrap_or_else(|| panic!("{what} within 60 s; there is {:#?}", *lines))
    }

    /// Enters a line.
    pub fn enter(&mut self, line: &str) {
        writeln!(self.input, "{line}").expect("its input is open");
    }

    /// The lines printed so far.
    pub fn printed(&self) -> BTreeSet<String> {
        let lines = self.lines.all.lock().expect("no reader panics");
        lines.iter().cloned().collect()
    }

    /// What it has reported so far.
    pub fn reported(&self) -> Vec<String> {
        self.reports.all.lock().expect("no reader panics").clone()
    }

    /// Waits until it has reported a line that begins and ends so; panics after 60 seconds.
    pub fn wait_for_report(&self, start: &str, end: &str) {
        self.wait_for_reported(|line| line.starts_with(start) && line.ends_with(end));
    }

    /// Waits until it has reported something with this in it; panics after 60 seconds.
    pub fn wait_until_reported(&self, part: &str) {
        self.wait_for_reported(|line| line.contains(part));
    }

    fn wait_for_reported(&self, is_it: impl Fn(&String) -> bool) {
        let lines = self.reports.all.lock().expect("no reader panics");
        let patience = Duration::from_secs(60);
        let lacks = |lines: &mut Vec<String>| !lines.iter().any(&is_it);
        let waited = self.reports.more.wait_timeout_while(lines, patience, lacks);
        let (lines, waited) = waited.expect("no reader panics");
        assert!(!waited.timed_out(), "only {lines:?} was reported");
    }

    /// Waits until the console shows `line` last; panics after 60 seconds. Gives all lines that it
    /// has shown, in order.
    pub fn wait_for_line(&self, line: &str) -> Vec<String> {
        let lines = self.lines.all.lock().expect("no reader panics");
        let patience = Duration::from_secs(60);
        let other = |lines: &mut Vec<String>| lines.last().is_none_or(|last| last != line);
        let waited = self.lines.more.wait_timeout_while(lines, patience, other);
        let (lines, waited) = waited.expect("no reader panics");
        assert!(!waited.timed_out(), "it is not shown: {line}");
        lines.clone()
    }

    /// Waits until all of `wanted` has been printed; panics after 60 seconds.
    pub fn wait_for(&self, wanted: &BTreeSet<String>) -> Duration {
        let start = Instant::now();
        let (mut missing, mut seen) = (wanted.clone(), 0);
        let lines = self.lines.all.lock().expect("no reader panics");
        let patience = Duration::from_secs(60);
        // Looks at each line once, as soon as it is there.
        let waited = self
            .lines
            .more
            .wait_timeout_while(lines, patience, |lines| {
                for line in &lines[seen..] {
                    missing.remove(line);
                }
                seen = lines.len();
                !missing.is_empty()
            });
        drop(waited.expect("no reader panics"));
        assert!(
            missing.is_empty(),
            "{} of {} lines came within 60 s; it reported {:?}",
            wanted.len() - missing.len(),
            wanted.len(),
            self.reported()
        );
        start.elapsed()
    }
}

impl Drop for Opened {
    /// SIGKILL: nothing can be said goodbye to.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `count` different lines of about `width` bytes.
pub fn lines(prefix: &str, count: usize, width: usize) -> BTreeSet<String> {
    (0..count)
        .map(|number| format!("{prefix} {number:05} {}", "x".repeat(width)))
        .collect()
}

/// One line.
pub fn line(text: &str) -> BTreeSet<String> {
    BTreeSet::from([text.to_owned()])
}
