//! Links between runtimes of this process, and what strangers may send.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver};
use std::time::{Duration, Instant};

use liveobj_references::{EndpointText, ExternalEndpoint};
use liveobj_types::{Data, Source};

use super::frame::{Frame, MAX_FRAME};
use crate::{BuildError, Connection, Exported, Object, Runtime, RuntimeBuilder};

const PATIENCE: Duration = Duration::from_secs(30);

/// A node that lends the timer of the standard library.
struct Lender {
    runtime: Runtime,
    object: Object,
    exported: Exported,
    reference: ExternalEndpoint,
}

impl Lender {
    fn new(builder: RuntimeBuilder) -> Lender {
        let runtime = builder.build().expect("a runtime");
        let document = "<liveobject xmlns=\"urn:liveobj:reference:1\">\
                        <external name=\"timer\" library=\"liveobj:standard\"/></liveobject>";
        let checked = runtime.check(&Source::new("timer", document));
        let object = runtime.open_blocking(&checked.reference.expect("well typed"));
        let object = object.expect("it opens");
        let exported = object.export("timer").expect("it is lent");
        let reference = ExternalEndpoint::read(exported.document()).expect("a reference");
        Lender {
            runtime,
            object,
            exported,
            reference,
        }
    }

    fn call(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.reference.address).expect("it listens");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a time that is possible");
        stream
    }

    /// The greeting of somebody who knows everything.
    fn hello(&self) -> Vec<u8> {
        let ty = EndpointText {
            expression: format!("mirror {}", self.reference.ty.expression),
            ..self.reference.ty.clone()
        };
        let capability = self.reference.capability;
        Frame::Hello {
            capability,
            lease: 10_000,
            ty,
        }
        .encode()
    }
}

fn quick() -> RuntimeBuilder {
    Runtime::builder().link_lease(Duration::from_millis(500))
}

/// Connects from another node; gives what it receives.
fn borrow(document: &str) -> (Connection, Receiver<String>) {
    let (sender, events) = mpsc::channel();
    let runtime = quick().build().expect("a runtime");
    let connection = runtime.connect_external(document, move |name, _| {
        // The test may be over.
        let _ = sender.send(name.to_owned());
    });
    (connection.expect("connected"), events)
}

/// Whether the timer answers through a connection.
fn ticks(connection: &Connection, events: &Receiver<String>) -> bool {
    let start = [("token", Data::U64(1)), ("nanoseconds", Data::U64(1))];
    connection.send("start", Data::record(start)).expect("sent");
    events.recv_timeout(PATIENCE).as_deref() == Ok("elapsed")
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// What the other side answers, if it answers.
fn answer(stream: &mut TcpStream) -> Option<Frame> {
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let mut body = vec![0; u32::from_le_bytes(length) as usize];
    stream.read_exact(&mut body).ok()?;
    Frame::decode(&body)
}

#[test]
fn an_embedder_uses_an_endpoint_of_another_node() {
    let lender = Lender::new(quick());
    let (connection, events) = borrow(lender.exported.document());
    assert!(ticks(&connection, &events));
    assert!(!connection.is_ended());
    lender.object.close();
    eventually("the connection ends with the object", || {
        connection.is_ended()
    });
}

#[test]
fn nothing_listens_while_nothing_is_lent() {
    let lender = Lender::new(quick());
    drop(lender.call());
    let (connection, _) = borrow(lender.exported.document());
    let Lender {
        object,
        exported,
        reference,
        ..
    } = lender;
    drop(exported);
    eventually("its socket is closed", || {
        TcpStream::connect(&reference.address).is_err()
    });
    eventually("its links end", || connection.is_ended());
    let again = object.export("timer").expect("it can be lent again");
    assert_ne!(again.document(), reference.to_document());
}

#[test]
fn an_endpoint_that_nobody_uses_is_lent_no_more() {
    let idle = Duration::from_millis(100);
    let lender = Lender::new(quick().export_idle(idle));
    let (connection, events) = borrow(lender.exported.document());
    std::thread::sleep(5 * idle);
    assert!(!lender.exported.is_over(), "somebody is connected");
    assert!(ticks(&connection, &events));
    drop(connection);
    eventually("nobody is", || lender.exported.is_over());
}

#[test]
fn an_address_that_nobody_can_reach_is_refused() {
    let everywhere = "0.0.0.0:4711".parse().expect("an address");
    let error = Runtime::builder().listen(everywhere).build().err();
    assert!(
        matches!(error, Some(BuildError::Listen { .. })),
        "{error:?}"
    );
}

#[test]
fn a_greeting_is_answered_once_the_capability_is_right() {
    let lender = Lender::new(quick());
    let good = lender.hello();
    let mut stream = lender.call();
    stream.write_all(&good).expect("sent");
    assert!(matches!(answer(&mut stream), Some(Frame::Welcome { .. })));
    // The first byte of the capability, behind length, kind, magic and version.
    let mut wrong = good.clone();
    wrong[15] ^= 1;
    let mut stream = lender.call();
    stream.write_all(&wrong).expect("sent");
    let refused = Frame::Refused("there is no such endpoint, or not any more".to_owned());
    assert_eq!(answer(&mut stream), Some(refused));
    // Somebody else's protocol is not answered at all.
    let mut stream = lender.call();
    stream.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("sent");
    assert_eq!(answer(&mut stream), None);
}

#[test]
fn types_that_travel_are_judged_as_all_others() {
    let lender = Lender::new(quick());
    let hello = |types: &str, expression: &str| {
        let ty = EndpointText {
            types: Some(types.to_owned()),
            expression: expression.to_owned(),
        };
        let hello = Frame::Hello {
            capability: lender.reference.capability,
            lease: 10_000,
            ty,
        };
        let mut stream = lender.call();
        stream.write_all(&hello.encode()).expect("sent");
        match answer(&mut stream) {
            Some(Frame::Refused(reason)) => reason,
            other => panic!("{expression}: {other:?}"),
        }
    };
    let other = hello("endpoint E { out start(token: string); }", "E");
    assert!(other.starts_with("the endpoints do not match"), "{other}");
    let lot = hello("endpoint E { in a(", "E");
    assert!(lot.starts_with("its type is refused"), "{lot}");
    // What nobody here can decide is not taken.
    let unknown = hello(
        "endpoint E { in elapsed(token: u64); requires nobody_knows \"this\"; }",
        "E",
    );
    assert!(unknown.contains("the endpoints do not match"), "{unknown}");
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

/// What somebody sends who means no good: before the greeting, in it, or behind it.
fn hostile(random: &mut Random, hello: &[u8]) -> Vec<u8> {
    let mut bytes = hello.to_vec();
    match random.below(6) {
        0 => {
            let length = random.below(200);
            random.bytes(length)
        }
        1 => {
            for _ in 0..=random.below(4) {
                let at = random.below(bytes.len());
                bytes[at] = random.next() as u8;
            }
            bytes
        }
        2 => {
            bytes.truncate(random.below(bytes.len()));
            bytes
        }
        3 => {
            // Far more is announced than comes.
            let lengths = [u32::MAX, 1 << 31, MAX_FRAME as u32 + 1, MAX_FRAME as u32];
            bytes.extend(lengths[random.below(4)].to_le_bytes());
            bytes.push(4);
            bytes.extend(random.bytes(16));
            bytes
        }
        4 => {
            // Frames of the right form with anything inside.
            for _ in 0..=random.below(8) {
                let length = random.below(40);
                let body = random.bytes(length);
                bytes.extend(((body.len() + 1) as u32).to_le_bytes());
                bytes.push(random.below(8) as u8);
                bytes.extend(body);
            }
            bytes
        }
        _ => {
            // Events that exist, with payloads that are none.
            for _ in 0..=random.below(8) {
                let length = random.below(24);
                let payload = random.bytes(length);
                bytes.extend(Frame::Event(random.below(3) as u32, payload).encode());
            }
            bytes
        }
    }
}

#[test]
fn whatever_a_stranger_sends_ends_no_more_than_its_own_link() {
    let lender = Lender::new(quick());
    let (connection, events) = borrow(lender.exported.document());
    let hello = lender.hello();
    let mut random = Random(20_261_127);
    for round in 0..400 {
        let bytes = hostile(&mut random, &hello);
        let mut stream = lender.call();
        // It may have hung up already.
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(Shutdown::Write);
        if round % 50 == 0 {
            assert!(ticks(&connection, &events), "round {round}");
        }
        if round % 4 == 0 {
            // Others go away without listening.
            let _ = stream.read_to_end(&mut Vec::new());
        }
    }
    assert!(ticks(&connection, &events));
    assert!(!lender.exported.is_over());
}

/// What a node answers that means no good, to somebody who calls it.
fn hostile_answer(random: &mut Random, lender: &Lender) -> Vec<u8> {
    let ty = |types: &str, expression: &str| EndpointText {
        types: Some(types.to_owned()),
        expression: expression.to_owned(),
    };
    let lease = 10_000;
    let greeting = match random.below(5) {
        0 => Frame::Refused("no".repeat(random.below(3000))),
        1 => Frame::Ping,
        2 => {
            let ty = ty("endpoint E { in other(); out another(); }", "E");
            Frame::Welcome { lease, ty }
        }
        3 => {
            let ty = ty("endpoint E {", "E");
            Frame::Welcome { lease: 0, ty }
        }
        _ => {
            let ty = lender.reference.ty.clone();
            Frame::Welcome { lease, ty }
        }
    };
    let bytes = greeting.encode();
    hostile(random, &bytes)
}

#[test]
fn whatever_a_node_answers_ends_no_more_than_the_call() {
    let lender = Lender::new(quick());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("it listens");
    let address = listener.local_addr().expect("an address").to_string();
    let reference = ExternalEndpoint {
        address,
        ..lender.reference.clone()
    };
    let runtime = quick().build().expect("a runtime");
    let mut random = Random(42);
    for _ in 0..60 {
        let bytes = hostile_answer(&mut random, &lender);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let (mut stream, _) = listener.accept().expect("a call");
                // It may have hung up already.
                let _ = stream.write_all(&bytes);
                let _ = stream.shutdown(Shutdown::Write);
            });
            if let Ok(connection) = runtime.connect_external(&reference.to_document(), |_, _| {}) {
                eventually("its link ends", || connection.is_ended());
            }
        });
    }
    let (sender, events) = mpsc::channel();
    let good = runtime.connect_external(lender.exported.document(), move |name, _| {
        // The test may be over.
        let _ = sender.send(name.to_owned());
    });
    assert!(ticks(&good.expect("connected"), &events));
}

#[test]
fn links_that_come_and_go_leave_nothing() {
    let lender = Lender::new(quick());
    let links = lender.runtime.core().links.clone();
    let left = || {
        let lent = links
            .lock()
            .lent
            .values()
            .next()
            .cloned()
            .expect("it is lent");
        let (sender, counted) = mpsc::channel();
        lent.inbox.task(move |domain| {
            let counts = (domain.counts(), domain.far_types.borrow().len());
            sender.send(counts).expect("waited for");
        });
        let counts = counted.recv_timeout(PATIENCE).expect("an answer");
        (counts, lent.active.load(Ordering::Relaxed))
    };
    let runtime = quick().build().expect("a runtime");
    let cycle = || {
        let (sender, events) = mpsc::channel();
        let connection = runtime.connect_external(lender.exported.document(), move |name, _| {
            // The test may be over.
            let _ = sender.send(name.to_owned());
        });
        assert!(ticks(&connection.expect("connected"), &events));
    };
    let (before, _) = left();
    cycle();
    let once = (before.0, 1);
    eventually("nothing is left but the type", || left() == (once, 0));
    for _ in 0..100 {
        cycle();
    }
    eventually("nor a hundred times later", || left() == (once, 0));
}

#[test]
fn a_connection_that_nobody_waited_for_ends() {
    let lender = Lender::new(quick());
    let links = lender.runtime.core().links.clone();
    let lent = links.lock().lent.values().next().cloned();
    let lent = lent.expect("it is lent");
    let connections = || {
        let (sender, counted) = mpsc::channel();
        lent.inbox
            .task(move |domain| sender.send(domain.counts()[2]).expect("waited for"));
        counted.recv_timeout(PATIENCE).expect("an answer")
    };
    let before = connections();
    let ty = EndpointText {
        expression: format!("mirror {}", lent.ty.expression),
        ..lent.ty.clone()
    };
    let joined = links.join(&lent.inbox, lent.end, ty, |_, _| true);
    let joined = links.tokio.block_on(joined).expect("the types match");
    assert_eq!(connections(), before + 1);
    // Its caller gave up just when it was answered.
    drop(joined);
    eventually("its connection ends", || connections() == before);
}
