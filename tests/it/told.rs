//! Objects in this process, and what comes through their endpoints.

use std::path::Path;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use liveobj::{Connection, Data, Object, Runtime, Source};

/// How long anything is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// A runtime with the libraries in this folder.
pub fn runtime(libraries: &Path) -> Runtime {
    let builder = Runtime::builder().library_path(libraries);
    builder.build().expect("a runtime")
}

/// A reference document with this content.
pub fn document(body: &str) -> String {
    format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{body}</liveobject>")
}

/// Opens a document that is well typed.
pub fn open(runtime: &Runtime, document: &str) -> Object {
    let checked = runtime.check(&Source::new("test.liveobject", document));
    let reference = checked.reference.unwrap_or_else(|| {
        let found = checked.diagnostics.iter();
        let found: Vec<_> = found.map(|found| found.message.as_str()).collect();
        panic!("{found:?}")
    });
    runtime.open_blocking(&reference).expect("it opens")
}

/// The embedder's end of a connection, and what came through it.
pub struct Told {
    connection: Connection,
    events: Receiver<(String, Data)>,
}

impl Told {
    /// Connects with an endpoint.
    pub fn new(object: &Object, endpoint: &str) -> Told {
        let (sender, events) = mpsc::channel();
        let endpoint = object.endpoint(endpoint).expect("it is there");
        let connection = endpoint.connect(move |name, payload| {
            // The test may be over.
            let _ = sender.send((name.to_owned(), payload.clone()));
        });
        Told {
            connection: connection.expect("it connects"),
            events,
        }
    }

    /// Sends an event.
    pub fn send(&self, event: &str, payload: Data) {
        self.connection.send(event, payload).expect("it is sent");
    }

    /// Sends an event with a live object reference.
    pub fn send_object(&self, event: &str, document: &str) {
        let object = Data::Document(document.as_bytes().to_vec());
        self.send(event, Data::record([("object", object)]));
    }

    /// Sends an event with a name.
    pub fn send_name(&self, event: &str, name: &str) {
        let name = Data::String(name.to_owned());
        self.send(event, Data::record([("name", name)]));
    }

    /// The next event; panics after 60 seconds.
    pub fn event(&self) -> (String, Data) {
        self.events.recv_timeout(PATIENCE).expect("an event comes")
    }

    /// The next event: its name and its text.
    pub fn next(&self) -> (String, String) {
        let (name, payload) = self.event();
        let Data::Record(fields) = payload else {
            panic!("{payload:?}")
        };
        let text = fields.values().find_map(|value| match value {
            Data::String(text) => Some(text.clone()),
            Data::Document(document) => Some(String::from_utf8(document.clone()).expect("UTF-8")),
            _ => None,
        });
        (name, text.unwrap_or_default())
    }

    /// Waits for the next event, which is this one with this text.
    pub fn expect(&self, name: &str, text: &str) {
        assert_eq!(self.next(), (name.to_owned(), text.to_owned()));
    }
}
