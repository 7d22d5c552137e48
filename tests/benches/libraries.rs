//! One event through a connection whose ends are objects of a library, against one call through
//! `&mut dyn Trait` with the same payload, in one run. The aim: three times.

use std::sync::mpsc::{self, Receiver};

use divan::{Bencher, counter::ItemsCount};
use liveobj::measure::Called;
use liveobj::{Connection, Data, Runtime, Source};
use liveobj_tests::support::meter;

fn main() {
    divan::main();
}

/// Events per sample: the way to the object's thread and back is lost among them.
const EVENTS: u64 = 500_000;

/// A source and a sum that are connected and shown, and so many others in pairs, which do nothing.
fn document(others: usize) -> String {
    let mut text = String::from(r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>"#);
    let pairs = || (0..others / 2).map(|at| at.to_string());
    let names = || std::iter::once(String::new()).chain(pairs());
    for name in names() {
        for object in ["source", "sum"] {
            text += &format!(
                r#"<component name="{object}{name}"><external name="{object}" library="liveobj:meter"/></component>"#
            );
        }
    }
    for name in names() {
        text += &format!(
            r#"<connection><endpoint of="source{name}" name="numbers"/><endpoint of="sum{name}" name="numbers"/></connection>"#
        );
    }
    text + r#"<export of="source" name="runs"/><export of="sum" name="sums"/></composite></liveobject>"#
}

#[divan::bench]
fn dyn_call(bencher: Bencher<'_, '_>) {
    let mut called = Called::new();
    bencher
        .counter(ItemsCount::new(EVENTS))
        .bench_local(|| called.add_all(EVENTS));
}

struct End {
    connection: Connection,
    received: Receiver<Data>,
}

fn connect(object: &liveobj::Object, endpoint: &str) -> End {
    let (sender, received) = mpsc::channel();
    let endpoint = object.endpoint(endpoint).expect("it is exported");
    let connection = endpoint.connect(move |_, payload| {
        let _ = sender.send(payload.clone());
    });
    End {
        connection: connection.expect("connected"),
        received,
    }
}

impl End {
    fn ask(&self, event: &str, payload: Data) -> Data {
        self.connection.send(event, payload).expect("sent");
        self.received.recv().expect("an answer")
    }
}

/// How many other objects there are. Cargo runs every benchmark as a test too, which is not the time for
/// many.
fn others() -> Vec<usize> {
    match std::env::args().any(|argument| argument == "--bench") {
        true => vec![0, 1_000, 100_000],
        false => vec![0],
    }
}

/// Beside so many other objects, in one domain.
#[divan::bench(args = others())]
fn connection_between_objects_of_a_library(bencher: Bencher<'_, '_>, others: usize) {
    let (folder, library) = (tempfile::tempdir().expect("a directory"), meter());
    std::fs::copy(library, folder.path().join("libmeter.so")).expect("it was built");
    let limits = liveobj::Limits::for_size(1 << 30);
    let runtime = Runtime::builder().library_path(folder.path());
    let runtime = runtime.limits(limits).build().expect("a runtime");
    let checked = runtime.check(&Source::new("meter", document(others)));
    let object = runtime.open_blocking(&checked.reference.expect("well typed"));
    let object = object.expect("opened");
    let (runs, sums) = (connect(&object, "runs"), connect(&object, "sums"));
    let mut rounds = 0;
    bencher.counter(ItemsCount::new(EVENTS)).bench_local(|| {
        runs.ask("run", Data::record([("count", Data::U64(EVENTS))]));
        rounds += 1;
    });
    let sum = sums.ask("read", Data::record::<String>([]));
    let expected = Data::U64(rounds * (EVENTS * (EVENTS - 1) / 2));
    assert_eq!(sum, Data::record([("n", expected)]), "all of them arrived");
}
