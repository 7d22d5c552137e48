//! Random lives through the embedding API: real objects, some of libraries, that are opened,
//! connected, sent to and dropped in any order, panic, or are given up while they open; against a
//! model that knows of each connection whether it lasts and what it has to hear.

use std::collections::BTreeMap;
use std::panic;
use std::pin::Pin;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use liveobj::{
    CheckedReference, ConnectError, Connection, Data, Ended, Object, OpenError, Runtime, SendError,
};

use super::{PATIENCE, alone, channel, check, holds, runtime, settled};

const LIVES: u64 = 50;
const STEPS: usize = 150;
/// Of objects, connections and openings, each.
const MOST: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Linked in; its endpoint is `many`.
    Timer,
    /// Linked in; what one end sends the other one hears.
    Relay,
    /// Of a library, with a socket; nobody else is on the channel.
    Channel,
    /// Of a library; it answers.
    Worker,
    /// Of a library; it panics instead.
    Clumsy,
}

const KINDS: [Kind; 5] = [
    Kind::Timer,
    Kind::Relay,
    Kind::Channel,
    Kind::Worker,
    Kind::Clumsy,
];

impl Kind {
    fn reference(self) -> String {
        let worker = |fault: &str| {
            format!(
                r#"<parameterized>
                    <template><external name="worker" library="test:faulty"/></template>
                    <parameter name="fault"><value>{fault}</value></parameter>
                </parameterized>"#
            )
        };
        match self {
            Kind::Timer => r#"<external name="timer" library="liveobj:standard"/>"#.to_owned(),
            Kind::Relay => r#"<parameterized>
                <template><external name="relay" library="liveobj:standard"/></template>
                <parameter name="Message"><type>string</type></parameter>
            </parameterized>"#
                .to_owned(),
            Kind::Channel => channel(),
            Kind::Worker => worker(""),
            Kind::Clumsy => worker("handler panics"),
        }
    }

    fn endpoints(self) -> &'static [&'static str] {
        match self {
            Kind::Timer => &["timer"],
            Kind::Relay => &["input", "output"],
            Kind::Channel => &["channel"],
            Kind::Worker | Kind::Clumsy => &["task"],
        }
    }

    fn is_many(self) -> bool {
        matches!(self, Kind::Timer | Kind::Channel)
    }
}

struct Opened {
    kind: Kind,
    object: Object,
    /// A part of it has panicked.
    failed: bool,
}

/// A connection, as long as the embedder holds it.
struct Held {
    object: u32,
    endpoint: &'static str,
    connection: Connection,
    /// An item for each event; ended when the closure is gone.
    heard: Receiver<()>,
    /// Its closure panics when it hears something.
    clumsy: bool,
    /// It has not ended.
    lasts: bool,
}

impl Held {
    /// Waits for the one event that was caused.
    fn hears(&mut self) {
        if self.clumsy {
            self.ends();
        } else {
            assert_eq!(self.heard.recv_timeout(PATIENCE), Ok(()), "an event");
        }
    }

    /// Waits for the end of its closure.
    fn ends(&mut self) {
        let next = self.heard.recv_timeout(PATIENCE);
        assert_eq!(next, Err(RecvTimeoutError::Disconnected), "its end");
        self.lasts = false;
    }
}

type Opening = Pin<Box<dyn Future<Output = Result<Object, OpenError>>>>;

/// The model and what it is a model of.
struct Life<'a> {
    runtime: &'a Runtime,
    references: &'a BTreeMap<Kind, CheckedReference>,
    /// One whose folder answers nothing.
    silent: &'a CheckedReference,
    random: u64,
    next: u32,
    objects: BTreeMap<u32, Opened>,
    held: Vec<Held>,
    /// What opens; no kind: it never will.
    openings: Vec<(Option<Kind>, Opening)>,
    done: &'a mut BTreeMap<&'static str, usize>,
}

impl Life<'_> {
    /// A number below `limit`, which is not 0 (SplitMix64).
    fn below(&mut self, limit: usize) -> usize {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    /// One of the objects.
    fn some_object(&mut self) -> Option<u32> {
        let count = self.objects.len();
        (count > 0).then(|| {
            let index = self.below(count);
            *self.objects.keys().nth(index).expect("below the count")
        })
    }

    fn some_held(&mut self) -> Option<usize> {
        let count = self.held.len();
        (count > 0).then(|| self.below(count))
    }

    fn some_opening(&mut self) -> Option<usize> {
        let count = self.openings.len();
        (count > 0).then(|| self.below(count))
    }

    fn count(&mut self, what: &'static str) {
        *self.done.entry(what).or_default() += 1;
    }

    fn step(&mut self) {
        match self.below(16) {
            0..2 if self.objects.len() < MOST => self.open(),
            2..4 if self.openings.len() < MOST => self.begin(),
            4 => self.finish(),
            5 => self.give_up(),
            6..9 if self.held.len() < MOST => self.connect(),
            9..13 => self.send(),
            13 => self.drop_connection(),
            14 => self.drop_object(),
            _ => {}
        }
    }

    fn kind(&mut self) -> (Kind, CheckedReference) {
        let kind = KINDS[self.below(KINDS.len())];
        let reference = match kind {
            // One of its own, so that nobody else is on the channel.
            Kind::Channel => check(self.runtime, &kind.reference()),
            _ => self.references[&kind].clone(),
        };
        (kind, reference)
    }

    fn add(&mut self, kind: Kind, object: Object) {
        assert_eq!(object.endpoints(), kind.endpoints());
        self.next += 1;
        let opened = Opened {
            kind,
            object,
            failed: false,
        };
        self.objects.insert(self.next, opened);
    }

    fn open(&mut self) {
        let (kind, reference) = self.kind();
        let object = self.runtime.open_blocking(&reference);
        self.add(kind, object.unwrap_or_else(|error| panic!("{error}")));
        self.count("opened");
    }

    /// Begins to open something.
    fn begin(&mut self) {
        let (kind, mut opening): (_, Opening) = if self.below(2) == 0 {
            (None, Box::pin(self.runtime.open(self.silent)))
        } else {
            let (kind, reference) = self.kind();
            (Some(kind), Box::pin(self.runtime.open(&reference)))
        };
        // It runs from the first time that somebody asks for it, which may be when it is dropped.
        if self.below(4) > 0
            && let Some(object) = poll(&mut opening)
        {
            assert!(kind.is_some(), "a folder answered that answers nothing");
            // When it is ready must not change what is done next.
            opening = Box::pin(std::future::ready(Ok(object)));
        }
        self.openings.push((kind, opening));
    }

    /// Waits until something has opened.
    fn finish(&mut self) {
        let Some(index) = self.some_opening() else {
            return;
        };
        let (kind, opening) = &mut self.openings[index];
        let Some(kind) = *kind else {
            assert!(poll(opening).is_none(), "it opened");
            return;
        };
        if self.objects.len() == MOST {
            return;
        }
        let deadline = Instant::now() + PATIENCE;
        let object = loop {
            if let Some(object) = poll(opening) {
                break object;
            }
            assert!(Instant::now() < deadline, "it does not open");
            thread::sleep(Duration::from_micros(200));
        };
        drop(self.openings.swap_remove(index));
        self.add(kind, object);
        self.count("finished to open");
    }

    fn give_up(&mut self) {
        let Some(index) = self.some_opening() else {
            return;
        };
        let (kind, opening) = self.openings.swap_remove(index);
        drop(opening);
        self.count(match kind {
            Some(_) => "gave up",
            None => "gave up a silent folder",
        });
    }

    fn connect(&mut self) {
        let Some(number) = self.some_object() else {
            return;
        };
        let endpoints = self.objects[&number].kind.endpoints();
        let endpoint = endpoints[self.below(endpoints.len())];
        let clumsy = self.below(3) == 0;
        let opened = &self.objects[&number];
        let (sender, heard) = mpsc::channel();
        let connected = opened
            .object
            .endpoint(endpoint)
            .expect("an endpoint")
            .connect(move |_, _| {
                assert!(!clumsy, "clumsy");
                // The connection may have been dropped.
                let _ = sender.send(());
            });
        let taken = self
            .held
            .iter()
            .any(|held| held.lasts && (held.object, held.endpoint) == (number, endpoint));
        let connection = match connected {
            Err(ConnectError::Closed) if opened.failed => None,
            Err(ConnectError::AlreadyConnected { .. }) if taken && !opened.kind.is_many() => None,
            Ok(connection) if !opened.failed && (!taken || opened.kind.is_many()) => {
                Some(connection)
            }
            other => panic!("{other:?}: failed {}, taken {taken}", opened.failed),
        };
        let Some(connection) = connection else {
            assert_eq!(
                heard.recv_timeout(PATIENCE),
                Err(RecvTimeoutError::Disconnected)
            );
            self.count("refused to connect");
            return;
        };
        self.held.push(Held {
            object: number,
            endpoint,
            connection,
            heard,
            clumsy,
            lasts: true,
        });
        self.count("connected");
    }

    fn send(&mut self) {
        let Some(index) = self.some_held() else {
            return;
        };
        let soon = self.below(2) == 0;
        let held = &self.held[index];
        let (event, payload) = event(held.endpoint, soon);
        let sent = held.connection.send(event, payload);
        if !held.lasts {
            assert_eq!(sent, Err(SendError::Disconnected));
            self.count("sent to nobody");
            return;
        }
        assert_eq!(sent, Ok(()));
        let (number, endpoint) = (held.object, held.endpoint);
        let other = match endpoint {
            "input" => Some("output"),
            "output" => Some("input"),
            "timer" if soon => Some("timer"),
            "task" if self.objects[&number].kind == Kind::Worker => Some("task"),
            "task" => {
                self.fail(number);
                return;
            }
            _ => None,
        };
        let hears = self.held.iter_mut().enumerate().find(|(place, held)| {
            let asked = other != Some(endpoint) || *place == index;
            asked && held.lasts && held.object == number && Some(held.endpoint) == other
        });
        let Some((_, held)) = hears else {
            self.count("sent");
            return;
        };
        held.hears();
        let what = if held.lasts {
            "heard"
        } else {
            "a closure panicked"
        };
        self.count(what);
    }

    /// An object panics.
    fn fail(&mut self, number: u32) {
        let opened = self.objects.get_mut(&number).expect("it is opened");
        let ended = opened.object.wait_timeout(PATIENCE);
        assert!(matches!(ended, Some(Ended::Failed { .. })), "{ended:?}");
        opened.failed = true;
        self.end_connections(number);
        self.count("an object panicked");
    }

    /// Sees to it that the connections of an object have ended.
    fn end_connections(&mut self, object: u32) {
        let held = self.held.iter_mut();
        for held in held.filter(|held| held.lasts && held.object == object) {
            held.ends();
        }
    }

    fn drop_connection(&mut self) {
        let Some(index) = self.some_held() else {
            return;
        };
        let held = self.held.swap_remove(index);
        let sender = held.connection.sender();
        drop(held.connection);
        let (event, payload) = event(held.endpoint, true);
        assert_eq!(sender.send(event, payload), Err(SendError::Disconnected));
        let next = held.heard.recv_timeout(PATIENCE);
        assert_eq!(next, Err(RecvTimeoutError::Disconnected), "its end");
        self.count("disconnected");
    }

    fn drop_object(&mut self) {
        let Some(number) = self.some_object() else {
            return;
        };
        let opened = self.objects.remove(&number).expect("one of them");
        if self.below(2) == 0 {
            drop(opened.object);
        } else {
            let ended = opened.object.close();
            assert_eq!(ended != Ended::Closed, opened.failed, "{ended:?}");
        }
        // Who drops an object waits until all of it is gone.
        for held in self.held.iter_mut().filter(|held| held.object == number) {
            assert_eq!(held.heard.try_recv(), Err(TryRecvError::Disconnected));
            held.lasts = false;
        }
        self.count("closed");
    }

    /// Nothing was heard that was not caused, and nothing has ended by itself.
    fn agrees(&self) {
        for held in &self.held {
            let expected = match held.lasts {
                true => TryRecvError::Empty,
                false => TryRecvError::Disconnected,
            };
            let next = held.heard.try_recv();
            assert_eq!(next, Err(expected), "{} of {}", held.endpoint, held.object);
        }
    }

    /// Drops what is left, in any order.
    fn end(&mut self) {
        while !(self.objects.is_empty() && self.held.is_empty() && self.openings.is_empty()) {
            match self.below(3) {
                0 => self.give_up(),
                1 => self.drop_connection(),
                _ => self.drop_object(),
            }
            self.agrees();
        }
    }
}

/// What is sent to an endpoint; a timer runs out soon, or never.
fn event(endpoint: &str, soon: bool) -> (&'static str, Data) {
    let message = Data::record([("message", Data::String("hello".to_owned()))]);
    match endpoint {
        "timer" => {
            let nanoseconds = Data::U64(if soon { 1 } else { u64::MAX });
            let start = [("token", Data::U64(1)), ("nanoseconds", nanoseconds)];
            ("start", Data::record(start))
        }
        "output" => ("receive", message),
        "task" => ("go", Data::Record(BTreeMap::new())),
        _ => ("send", message),
    }
}

/// What opened, if it has.
fn poll(opening: &mut Opening) -> Option<Object> {
    match opening
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(opened) => Some(opened.unwrap_or_else(|error| panic!("{error}"))),
        Poll::Pending => None,
    }
}

/// Silences the panics that are meant to be: those on threads of the runtime.
fn silence_objects() {
    let before = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if thread::current().name() != Some("liveobj-domain") {
            before(info);
        }
    }));
}

#[test]
fn embedded_lives_are_as_the_model_says() {
    let _alone = alone();
    silence_objects();
    let folder = tempfile::tempdir().expect("a directory");
    let (_, threads) = settled();
    let runtime = runtime(folder.path());
    let references = KINDS.map(|kind| (kind, check(&runtime, &kind.reference())));
    let references = BTreeMap::from(references);
    let silent = r#"<external name="clock" as="Timer"><from>
        <external name="silent_folder" library="test:faulty"/>
    </from></external>"#;
    let silent = check(&runtime, silent);
    let mut done = BTreeMap::new();
    let mut held = None;
    for seed in 0..LIVES {
        let mut life = Life {
            runtime: &runtime,
            references: &references,
            silent: &silent,
            random: seed,
            next: 0,
            objects: BTreeMap::new(),
            held: Vec::new(),
            openings: Vec::new(),
            done: &mut done,
        };
        for _ in 0..STEPS {
            life.step();
            life.agrees();
        }
        life.end();
        // What is only made once is there after the first life.
        holds(*held.get_or_insert_with(settled));
    }
    let rare: Vec<_> = done.iter().filter(|(_, count)| **count < 20).collect();
    assert!(done.len() == 13 && rare.is_empty(), "{done:?}");
    drop(runtime);
    assert_eq!(settled().1, threads, "threads of a runtime that is gone");
}
