//! External endpoint references connect nodes (thesis, 2.1.4 C): real processes over loopback.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use liveobj_tests::support;

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long links live without a sign of life: short enough to be waited for.
const LEASE: u64 = 1000;

/// A process that runs one object; see `examples/node.rs`.
struct Node {
    child: Child,
    input: ChildStdin,
    events: Receiver<String>,
    /// Events that came before the one that was waited for.
    seen: VecDeque<String>,
}

impl Node {
    fn new(object: &str, endpoint: &str) -> Node {
        let mut child = Command::new(support::node())
            .args([object, endpoint, &LEASE.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a node starts");
        let input = child.stdin.take().expect("it has an input");
        let output = BufReader::new(child.stdout.take().expect("it has an output"));
        let (sender, events) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // The test may be over.
                let _ = sender.send(line);
            }
        });
        Node {
            child,
            input,
            events,
            seen: VecDeque::new(),
        }
    }

    fn lender() -> Node {
        Node::new("lender", "lending")
    }

    fn borrower() -> Node {
        Node::new("borrower", "borrowing")
    }

    fn send(&mut self, line: &str) {
        writeln!(self.input, "{line}").expect("it takes its input");
    }

    /// Waits for an event, whatever else comes before it; gives its text.
    fn hears(&mut self, event: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.events.recv_timeout(left);
            let line = line.unwrap_or_else(|_| panic!("no `{event}` after {:?}", self.seen));
            let (name, text) = line.split_once('\t').unwrap_or((&line, ""));
            if name == event {
                return text.to_owned();
            }
            self.seen.push_back(line);
        }
    }

    /// Lends its endpoint; gives the reference.
    fn lend(&mut self) -> String {
        self.send("lend");
        self.hears("lent")
    }

    fn borrow(&mut self, reference: &str) {
        self.send(&format!("borrow\tfolder\t{reference}"));
    }
}

impl Drop for Node {
    /// As `kill -9`: nothing of the process is asked.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn an_external_endpoint_connects_two_nodes_and_events_flow_in_order() {
    let (mut lender, mut borrower) = (Node::lender(), Node::borrower());
    let reference = lender.lend();
    borrower.borrow(&reference);
    borrower.hears("borrowed");
    lender.hears("joined");
    for number in 0..200 {
        borrower.send(&format!("add\tname\tb{number}"));
        lender.send(&format!("add\tname\tl{number}"));
    }
    for number in 0..200 {
        assert_eq!(lender.hears("added"), format!("b{number}"));
    }
    let mut heard = [Vec::new(), Vec::new()];
    for _ in 0..400 {
        let name = borrower.hears("added_element");
        heard[usize::from(name.starts_with('l'))].push(name);
    }
    for (names, from) in heard.iter().zip(["b", "l"]) {
        let expected: Vec<String> = (0..200).map(|number| format!("{from}{number}")).collect();
        assert_eq!(*names, expected);
    }
    // The connection is disposed of: both hear of it.
    borrower.send("give_back");
    assert_eq!(borrower.hears("returned"), "Dropped");
    assert_eq!(lender.hears("left"), "Dropped");
    // The endpoint is still lent, and takes further connections.
    borrower.borrow(&reference);
    borrower.hears("borrowed");
    lender.send("stop");
    assert_eq!(borrower.hears("returned"), "Dropped");
    assert_eq!(lender.hears("left"), "Dropped");
    borrower.borrow(&reference);
    let refused = borrower.hears("refused");
    assert!(refused.contains("cannot be reached"), "{refused}");
}

#[test]
fn a_node_that_is_killed_disconnects_the_other() {
    let mut lender = Node::lender();
    let reference = lender.lend();
    let mut borrower = Node::borrower();
    borrower.borrow(&reference);
    borrower.hears("borrowed");
    drop(borrower);
    lender.hears("joined");
    assert_eq!(lender.hears("left"), "LinkLost");
    let mut borrower = Node::borrower();
    borrower.borrow(&reference);
    borrower.hears("borrowed");
    drop(lender);
    assert_eq!(borrower.hears("returned"), "LinkLost");
}

#[test]
fn a_node_that_shows_no_sign_of_life_is_given_up() {
    let (mut lender, mut borrower) = (Node::lender(), Node::borrower());
    let reference = lender.lend();
    borrower.borrow(&reference);
    borrower.hears("borrowed");
    let stop = Command::new("kill")
        .args(["-STOP", &borrower.child.id().to_string()])
        .status();
    assert!(stop.expect("kill runs").success());
    assert_eq!(lender.hears("left"), "LinkLost");
}

#[test]
fn silence_is_no_death() {
    let (mut lender, mut borrower) = (Node::lender(), Node::borrower());
    let reference = lender.lend();
    borrower.borrow(&reference);
    borrower.hears("borrowed");
    std::thread::sleep(Duration::from_millis(3 * LEASE));
    borrower.send("add\tname\tlate");
    assert_eq!(lender.hears("added"), "late");
    assert!(!lender.seen.iter().any(|event| event.starts_with("left")));
}

#[test]
fn an_endpoint_of_another_type_is_refused_by_name() {
    let mut lender = Node::lender();
    let reference = lender.lend();
    let mut misfit = Node::new("misfit", "borrowing");
    misfit.borrow(&reference);
    let refused = misfit.hears("refused");
    assert!(
        refused.contains("the endpoints do not match") && refused.contains("added_element"),
        "{refused}"
    );
}

#[test]
fn a_reference_that_was_made_up_or_changed_is_refused() {
    let mut lender = Node::lender();
    let reference = lender.lend();
    let mut borrower = Node::borrower();
    let start = reference.find("\"capability\":\"").expect("it has one") + 14;
    let guessed = format!(
        "{}{}{}",
        &reference[..start],
        "0".repeat(32),
        &reference[start + 32..]
    );
    borrower.borrow(&guessed);
    let refused = borrower.hears("refused");
    assert!(refused.contains("there is no such endpoint"), "{refused}");
    borrower.borrow("{\"liveobj\":1}");
    assert_eq!(
        borrower.hears("refused"),
        "the value is no reference to an endpoint"
    );
    // What the reference says of the type decides nothing: the node that lends it tells.
    borrower.borrow(&reference);
    borrower.hears("borrowed");
}

#[test]
fn the_endpoint_of_an_object_that_was_opened_is_lent_as_well() {
    let (mut lender, mut borrower) = (Node::lender(), Node::borrower());
    lender.send(
        "lend_inner\tobject\t{\"liveobj\":1,\"external\":{\"name\":\"audited_folder\",\
         \"library\":\"test:dynamic\"}}",
    );
    let reference = lender.hears("lent");
    borrower.borrow(&reference);
    borrower.hears("borrowed");
    borrower.send("add\tname\tfirst");
    assert_eq!(borrower.hears("added_element"), "first");
}

#[test]
fn a_private_endpoint_is_not_lent() {
    let mut lender = Node::lender();
    lender.send("lend_private");
    assert_eq!(
        lender.hears("refused"),
        "`lender.inner` is a private endpoint: nobody but its object connects it"
    );
}
