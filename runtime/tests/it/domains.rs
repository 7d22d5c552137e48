//! One object in several domains, each with a thread of its own.

use std::sync::mpsc;

use liveobj::{ConnectError, Data, Deployment, Ended, Monitoring, Object, OpenOptions};

use super::{Bench, Events, PATIENCE, connect, text};

/// Relays in a row, `r0` to `r{count - 1}`.
pub(super) fn chain(count: usize) -> String {
    let relay = r#"<parameterized>
        <template><external name="relay" library="liveobj:standard"/></template>
        <parameter name="Message"><type>string</type></parameter>
    </parameterized>"#;
    let component = |at| format!("<component name=\"r{at}\">{relay}</component>");
    let connection = |at| {
        format!(
            "<connection><endpoint of=\"r{at}\" name=\"output\"/>\
             <endpoint of=\"r{}\" name=\"input\"/></connection>",
            at + 1
        )
    };
    let components: String = (0..count).map(component).collect();
    let connections: String = (0..count - 1).map(connection).collect();
    format!(
        "<composite>{components}{connections}\
         <export of=\"r0\" name=\"input\" as=\"in\"/>\
         <export of=\"r{}\" name=\"output\" as=\"out\"/></composite>",
        count - 1
    )
}

fn open(bench: &Bench, reference: &str, options: OpenOptions) -> Object {
    let opened = bench.try_open_with(reference, options);
    opened.unwrap_or_else(|error| panic!("{error}"))
}

fn message(content: &str) -> Data {
    Data::record([("message", text(content))])
}

/// Sends a hundred messages through, and gives back what comes out.
fn pass(from: &Events, event: &str, to: &Events) -> Vec<(String, Data)> {
    for at in 0..100 {
        let sent = from.connection.send(event, message(&at.to_string()));
        sent.expect("there is room");
    }
    (0..100).map(|_| to.next()).collect()
}

fn hundred(event: &str) -> Vec<(String, Data)> {
    let messages = (0..100).map(|at| (event.to_owned(), message(&at.to_string())));
    messages.collect()
}

#[test]
fn events_pass_both_ways_through_several_domains_in_order() {
    let bench = Bench::new();
    let object = open(&bench, &chain(8), OpenOptions::new().domains(3));
    assert_eq!(object.domains(), 3);
    // `in` and `out` are in two of them.
    let (near, far) = (connect(&object, "in"), connect(&object, "out"));
    assert_eq!(pass(&near, "send", &far), hundred("send"));
    assert_eq!(pass(&far, "receive", &near), hundred("receive"));

    let queues = object.queues();
    let ends: Vec<(&str, &str)> = queues
        .iter()
        .map(|queue| (queue.from.as_str(), queue.to.as_str()))
        .collect();
    let expected = [
        ("r2.output", "r3.input"),
        ("r3.input", "r2.output"),
        ("r4.output", "r5.input"),
        ("r5.input", "r4.output"),
    ];
    assert_eq!(ends, expected);
    for queue in queues {
        assert!((1..=100).contains(&queue.most), "{queue:?}");
        assert_eq!((queue.events, queue.bytes), (0, 0), "all of it was taken");
        assert!(queue.refused == 0 && !queue.overflowed);
    }
    assert_eq!(object.close(), Ended::Closed);
}

#[test]
fn there_are_no_more_domains_than_parts() {
    let bench = Bench::new();
    let domains = |count| open(&bench, &chain(3), OpenOptions::new().domains(count)).domains();
    assert_eq!([0, 1, 2, 100].map(domains), [1, 1, 2, 3]);
}

#[test]
fn a_deployment_says_where_parts_run() {
    let bench = Bench::new();
    let deployment = |text: &str| Deployment::parse("d", text).expect("in the form");
    let options = OpenOptions::new().deployment(deployment(
        r#"{"deployment": 1, "domains": {"odd": ["r1", "r3"], "rest": ["*"]}}"#,
    ));
    let object = open(&bench, &chain(4), options);
    assert_eq!((object.domains(), object.queues().len()), (2, 6));
    let (near, far) = (connect(&object, "in"), connect(&object, "out"));
    assert_eq!(pass(&near, "send", &far), hundred("send"));

    let unknown = deployment(r#"{"deployment": 1, "domains": {"odd": ["r7"], "rest": ["*"]}}"#);
    let options = OpenOptions::new().deployment(unknown);
    let refused = bench.try_open_with(&chain(4), options).expect_err("no r7");
    assert_eq!(
        refused.to_string(),
        "deployment `d`: domain `odd` names `r7`, and there is no such part; did you mean `r0`?"
    );
}

#[test]
fn what_is_watched_runs_in_several_domains_too() {
    let bench = Bench::new();
    let watched = OpenOptions::new().monitor(Monitoring::report(|violation| {
        panic!("nothing is broken: {violation:?}");
    }));
    let object = open(&bench, &chain(4), watched.domains(2));
    assert_eq!(object.domains(), 2);
    let (near, far) = (connect(&object, "in"), connect(&object, "out"));
    assert_eq!(pass(&near, "send", &far), hundred("send"));
    assert_eq!(object.close(), Ended::Closed);
}

#[test]
fn an_object_may_be_dropped_on_the_thread_of_any_of_its_domains() {
    let bench = Bench::new();
    for endpoint in ["in", "out"] {
        let object = open(&bench, &chain(2), OpenOptions::new().domains(2));
        let other = object
            .endpoint(if endpoint == "in" { "out" } else { "in" })
            .expect("there");
        let closed = object.closed();
        let (sender, received) = mpsc::channel();
        let far = other.connect(|_, _| {}).expect("connected");
        let near = object.endpoint(endpoint).expect("there");
        let mut held = Some((object, other));
        let connected = near.connect(move |_, _| {
            let Some((object, other)) = held.take() else {
                return;
            };
            // Nor does it wait for another of them.
            let refused = other.connect(|_, _| {});
            drop(object);
            let _ = sender.send(matches!(refused, Err(ConnectError::InsideHandler)));
        });
        let connected = connected.expect("connected");
        let event = if endpoint == "in" { "receive" } else { "send" };
        far.send(event, message("go")).expect("sent");
        assert!(received.recv_timeout(PATIENCE).expect("it goes on"));
        let waiting = tokio::runtime::Builder::new_current_thread().build();
        let ended = waiting.expect("a runtime").block_on(closed);
        assert_eq!(ended, Ended::Closed);
        drop(connected);
    }
}
