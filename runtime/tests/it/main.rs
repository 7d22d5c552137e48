//! The runtime as embedders use it: documents in, events out.

mod domains;
mod embedding;
mod leaving_nothing;
mod opening;
mod state;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex, RwLock, RwLockReadGuard};
use std::time::Duration;

use liveobj::{
    CheckedReference, Connection, Data, Object, OpenError, OpenOptions, Runtime, Source,
};

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Held while a test runs; the test that counts threads and sockets holds it alone.
static RUNNING: RwLock<()> = RwLock::new(());

/// A runtime with a registry of its own.
struct Bench {
    runtime: Runtime,
    directory: tempfile::TempDir,
    messages: Arc<Mutex<Vec<String>>>,
    _running: Option<RwLockReadGuard<'static, ()>>,
}

impl Bench {
    fn new() -> Bench {
        let running = RUNNING
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        Bench {
            _running: Some(running),
            ..Bench::alone()
        }
    }

    fn alone() -> Bench {
        let directory = tempfile::tempdir().expect("a directory");
        let messages: Arc<Mutex<Vec<String>>> = Arc::default();
        let sink = messages.clone();
        let runtime = Runtime::builder()
            .registry(directory.path())
            .folder_deadline(Duration::from_millis(300))
            .report(move |message: &liveobj::Message| {
                sink.lock().unwrap().push(message.to_string());
            })
            .build()
            .expect("a runtime");
        Bench {
            runtime,
            directory,
            messages,
            _running: None,
        }
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Keeps a document in the registry.
    fn put(&self, name: &str, reference: &str) {
        let path = self.path().join(format!("{name}.liveobject"));
        std::fs::write(path, document(reference)).expect("written");
    }

    fn check(&self, reference: &str) -> CheckedReference {
        let checked = self
            .runtime
            .check(&Source::new("test", document(reference)));
        checked
            .reference
            .unwrap_or_else(|| panic!("{:#?}", checked.diagnostics))
    }

    fn try_open(&self, reference: &str) -> Result<Object, OpenError> {
        self.runtime.open_blocking(&self.check(reference))
    }

    fn try_open_with(&self, reference: &str, options: OpenOptions) -> Result<Object, OpenError> {
        let reference = self.check(reference);
        self.runtime.open_blocking_with(&reference, options)
    }

    fn open(&self, reference: &str) -> Object {
        self.try_open(reference)
            .unwrap_or_else(|error| panic!("{error}"))
    }
}

/// A document with this reference at its root.
fn document(reference: &str) -> String {
    format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{reference}</liveobject>")
}

/// Events of one endpoint.
struct Events {
    connection: Connection,
    received: Receiver<(String, Data)>,
}

fn connect(object: &Object, endpoint: &str) -> Events {
    let (sender, received) = mpsc::channel();
    let endpoint = object.endpoint(endpoint).expect("an endpoint");
    let connection = endpoint.connect(move |event, payload| {
        // The test may have ended.
        let _ = sender.send((event.to_owned(), payload.clone()));
    });
    Events {
        connection: connection.expect("connected"),
        received,
    }
}

impl Events {
    fn next(&self) -> (String, Data) {
        self.received.recv_timeout(PATIENCE).expect("an event")
    }
}

fn field(payload: &Data, name: &str) -> Data {
    let Data::Record(fields) = payload else {
        panic!("{payload:?}")
    };
    let fields: &BTreeMap<String, Data> = fields;
    fields[name].clone()
}

fn text(text: &str) -> Data {
    Data::String(text.to_owned())
}

/// Whether the opened object is a timer that works.
fn ticks(object: &Object) -> bool {
    let events = connect(object, "timer");
    let start = [
        ("token", Data::U64(7)),
        ("nanoseconds", Data::U64(1_000_000)),
    ];
    events
        .connection
        .send("start", Data::record(start))
        .expect("sent");
    events.next()
        == (
            "elapsed".to_owned(),
            Data::record([("token", Data::U64(7))]),
        )
}

/// No file of this directory is forgotten.
#[test]
fn every_file_is_a_module_of_the_test() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it");
    let main = std::fs::read_to_string(directory.join("main.rs")).expect("this file");
    for entry in std::fs::read_dir(directory).expect("a directory") {
        let path = entry.expect("an entry").path();
        let name = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        assert!(
            name == "main" || main.contains(&format!("mod {name};")),
            "{name}"
        );
    }
}
