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

const REFERENCE: &str = r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
    <component name="source"><external name="source" library="liveobj:meter"/></component>
    <component name="sum"><external name="sum" library="liveobj:meter"/></component>
    <connection>
        <endpoint of="source" name="numbers"/><endpoint of="sum" name="numbers"/>
    </connection>
    <export of="source" name="runs"/>
    <export of="sum" name="sums"/>
</composite></liveobject>"#;

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

#[divan::bench]
fn connection_between_objects_of_a_library(bencher: Bencher<'_, '_>) {
    let (folder, library) = (tempfile::tempdir().expect("a directory"), meter());
    std::fs::copy(library, folder.path().join("libmeter.so")).expect("it was built");
    let runtime = Runtime::builder().library_path(folder.path()).build();
    let runtime = runtime.expect("a runtime");
    let checked = runtime.check(&Source::new("meter", REFERENCE));
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
