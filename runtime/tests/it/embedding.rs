//! What embedders see: endpoints, errors, the terminal, endings.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};

use liveobj::{ConnectError, Data, Ended, Lines, Runtime, SendError, Source, Terminal};

use super::{Bench, PATIENCE, connect, document, text};

const TIMER: &str = r#"<external name="timer" library="liveobj:standard"/>"#;
const CONSOLE: &str = r#"<external name="console" library="liveobj:standard"/>"#;

#[test]
fn an_endpoint_that_is_not_there_is_named_with_those_that_are() {
    let object = Bench::new().open(TIMER);
    let error = object.endpoint("clock").unwrap_err();
    assert_eq!(
        error.to_string(),
        "the object has no endpoint `clock`; it has `timer`"
    );
}

#[test]
fn an_event_of_another_name_or_payload_is_not_sent() {
    let object = Bench::new().open(TIMER);
    let events = connect(&object, "timer");
    let error = events
        .connection
        .send("stop", Data::record([("n", Data::U8(1))]))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the endpoint does not receive an event `stop`; it receives `cancel`, `start`"
    );
    let error = events.connection.send("cancel", Data::U64(1)).unwrap_err();
    assert!(matches!(error, SendError::WrongPayload { .. }), "{error}");
}

#[test]
fn an_endpoint_takes_one_connection_unless_it_is_many() {
    let bench = Bench::new();
    let timer = bench.open(TIMER);
    let both = [connect(&timer, "timer"), connect(&timer, "timer")];
    drop(both);
    let relay = bench.open(
        r#"<parameterized>
            <template><external name="relay" library="liveobj:standard"/></template>
            <parameter name="Message"><type>string</type></parameter>
        </parameterized>"#,
    );
    let first = connect(&relay, "input");
    let again = relay.endpoint("input").expect("there").connect(|_, _| {});
    assert!(matches!(again, Err(ConnectError::AlreadyConnected { .. })));
    drop(first);
    relay
        .endpoint("input")
        .expect("there")
        .connect(|_, _| {})
        .expect("free again");
}

#[test]
fn a_closed_object_takes_no_more_events() {
    let object = Bench::new().open(TIMER);
    let events = connect(&object, "timer");
    let sender = events.connection.sender();
    assert_eq!(object.close(), Ended::Closed);
    let cancel = Data::record([("token", Data::U64(1))]);
    assert_eq!(sender.send("cancel", cancel), Err(SendError::Disconnected));
}

#[test]
fn a_closure_that_panics_ends_its_connection_and_not_the_object() {
    let bench = Bench::new();
    let object = bench.open(TIMER);
    let (held, dropped) = mpsc::channel::<()>();
    let clumsy = object
        .endpoint("timer")
        .expect("there")
        .connect(move |_, _| {
            let _ = &held;
            panic!("clumsy")
        });
    let clumsy = clumsy.expect("connected");
    let start = [("token", Data::U64(1)), ("nanoseconds", Data::U64(1))];
    clumsy.send("start", Data::record(start)).expect("sent");
    assert_eq!(
        dropped.recv_timeout(PATIENCE),
        Err(RecvTimeoutError::Disconnected),
        "the closure is dropped with its connection"
    );
    assert!(super::ticks(&object));
    let cancel = Data::record([("token", Data::U64(1))]);
    assert_eq!(clumsy.send("cancel", cancel), Err(SendError::Disconnected));
    assert!(
        bench
            .messages
            .lock()
            .unwrap()
            .iter()
            .any(|text| text.contains("panicked: clumsy"))
    );
}

#[test]
fn a_closure_may_send_but_not_connect() {
    let object = Bench::new().open(TIMER);
    let (sender, received) = mpsc::channel();
    let endpoint = object.endpoint("timer").expect("there");
    let inner = endpoint.clone();
    let connection = endpoint.connect(move |_, _| {
        let refused = inner.connect(|_, _| {});
        sender
            .send(matches!(refused, Err(ConnectError::InsideHandler)))
            .expect("waited for");
    });
    let connection = connection.expect("connected");
    let start = [("token", Data::U64(1)), ("nanoseconds", Data::U64(1))];
    connection.send("start", Data::record(start)).expect("sent");
    assert!(received.recv_timeout(PATIENCE).expect("an event"));
}

/// A terminal that tells its test what happens.
struct Told(Sender<Happening>);

enum Happening {
    Started(Lines),
    Shown(String),
    Stopped,
}

impl Terminal for Told {
    fn start(&mut self, lines: Lines) {
        let _ = self.0.send(Happening::Started(lines));
    }
    fn show(&mut self, line: &str) {
        let _ = self.0.send(Happening::Shown(line.to_owned()));
    }
    fn stop(&mut self) {
        let _ = self.0.send(Happening::Stopped);
    }
}

#[test]
fn the_console_has_the_terminal_until_it_ends() {
    let (sender, happened) = mpsc::channel();
    let runtime = Runtime::builder()
        .terminal(Told(sender))
        .build()
        .expect("a runtime");
    let checked = runtime.check(&Source::new("test", document(CONSOLE)));
    let object = runtime
        .open_blocking(&checked.reference.expect("checked"))
        .expect("opened");
    let Ok(Happening::Started(lines)) = happened.recv_timeout(PATIENCE) else {
        panic!("the terminal was not taken")
    };
    let events = connect(&object, "text");
    assert!(lines.line("typed"));
    assert_eq!(
        events.next(),
        ("append".to_owned(), Data::record([("line", text("typed"))]))
    );
    let changed = [
        ("first", Data::U32(0)),
        ("removed", Data::U32(0)),
        ("added", Data::List(vec![text("shown")])),
    ];
    events
        .connection
        .send("changed", Data::record(changed))
        .expect("sent");
    let Ok(Happening::Shown(line)) = happened.recv_timeout(PATIENCE) else {
        panic!("nothing was shown")
    };
    assert_eq!(line, "shown");
    object.close();
    assert!(matches!(
        happened.recv_timeout(PATIENCE),
        Ok(Happening::Stopped)
    ));
    assert!(!lines.line("too late"));
}

#[test]
fn opening_works_inside_another_tokio_runtime() {
    let bench = Bench::new();
    let reference = bench.check(TIMER);
    let tokio = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let ended = tokio.block_on(async {
        let object = bench.runtime.open(&reference).await.expect("opened");
        let closed = object.closed();
        object.close();
        closed.await
    });
    assert_eq!(ended, Ended::Closed);
}
