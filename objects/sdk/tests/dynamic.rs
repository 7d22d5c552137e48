//! A template with endpoints whose type is a type parameter, run by the recording host.

use liveobj_sdk::testing::{Harness, Outcome};
use liveobj_sdk::{CreateError, Direction, DynamicEvent, EmitError, Level, Opaque, live_object};

liveobj_sdk::library!("tests/tunnel.lot", name = "test:tunnel");

struct Tunnel;

#[live_object(template::tunnel)]
impl template::tunnel for Tunnel {
    fn create(_: &mut tunnel::Context<'_>, _: tunnel::Parameters<'_>) -> Result<Self, CreateError> {
        Ok(Tunnel)
    }

    fn near_event(&mut self, context: &mut tunnel::Context<'_>, event: DynamicEvent<'_>) {
        let _ = context.emit(tunnel::line::Depart {
            payload: event.payload().as_slice().into(),
            number: event.number(),
        });
        let _ = context.emit_dynamic(tunnel::watchers::ENDPOINT, event);
    }

    fn line_arrive(&mut self, context: &mut tunnel::Context<'_>, event: tunnel::line::Arrive<'_>) {
        let event = DynamicEvent::new(event.number, Opaque::new(event.payload.as_slice()));
        if let Err(error) = context.emit_dynamic(tunnel::near::ENDPOINT, event) {
            context.report(Level::Warning, &error.to_string());
        }
    }

    /// Tells a watcher its own event, by name, and sends it back to it alone.
    fn watchers_event(&mut self, context: &mut tunnel::Context<'_>, event: DynamicEvent<'_>) {
        let watchers = tunnel::watchers::ENDPOINT;
        let name = context.event_name(watchers, Direction::In, event.number());
        context.report(Level::Info, name.unwrap_or("none"));
        let _ = context.emit_dynamic_to(watchers, context.connection(), event);
    }
}

fn create() -> Harness<tunnel::Template> {
    Harness::create(tunnel::Parameters {}).unwrap()
}

#[test]
fn an_event_of_any_type_is_a_number_and_bytes() {
    let mut harness = create();
    let near = harness.connect(tunnel::Endpoint::near);
    harness.connect(tunnel::Endpoint::line);
    harness.connect(tunnel::Endpoint::watchers);
    let event = DynamicEvent::new(3, b"\x01\0"[..].into());
    let outcome = harness.send_dynamic(tunnel::near::ENDPOINT, near, event);
    assert_eq!(outcome, Outcome::Done);
    let departed = harness.take_emitted::<tunnel::line::Depart<'_>>();
    assert_eq!(
        (departed[0].number, departed[0].payload.as_slice()),
        (3, &b"\x01\0"[..])
    );
    let seen = harness.take_emitted_dynamic(tunnel::watchers::ENDPOINT);
    assert_eq!(seen, [(None, event)]);
}

#[test]
fn an_event_is_made_from_a_number_and_bytes() {
    let mut harness = create();
    harness.connect(tunnel::Endpoint::near);
    let line = harness.connect(tunnel::Endpoint::line);
    let payload = b"\0\x02"[..].into();
    harness.send(line, tunnel::line::Arrive { payload, number: 4 });
    let emitted = harness.take_emitted_dynamic(tunnel::near::ENDPOINT);
    let expected = DynamicEvent::new(4, b"\0\x02"[..].into());
    assert_eq!(emitted, [(None, expected)]);
}

#[test]
fn an_event_goes_to_the_connection_that_is_named_and_its_name_is_known() {
    let mut harness = create();
    harness.connect(tunnel::Endpoint::watchers);
    let second = harness.connect(tunnel::Endpoint::watchers);
    harness.name_events(tunnel::watchers::ENDPOINT, Direction::In, &["a", "b"]);
    for (number, name) in [(1, "b"), (2, "none")] {
        let event = DynamicEvent::new(number, b""[..].into());
        harness.send_dynamic(tunnel::watchers::ENDPOINT, second, event);
        let emitted = harness.take_emitted_dynamic(tunnel::watchers::ENDPOINT);
        assert_eq!(emitted, [(Some(second), event)]);
        assert_eq!(harness.take_reports(), [(Level::Info, name.to_owned())]);
    }
}

#[test]
fn what_is_not_emitted_says_why() {
    let mut harness = create();
    let line = harness.connect(tunnel::Endpoint::line);
    harness.name_events(tunnel::near::ENDPOINT, Direction::Out, &["a"]);
    let arrive = |number| tunnel::line::Arrive {
        payload: b""[..].into(),
        number,
    };
    harness.send(line, arrive(0));
    harness.connect(tunnel::Endpoint::near);
    harness.send(line, arrive(1));
    let reports = harness.take_reports().into_iter();
    assert_eq!(
        reports.map(|(_, text)| text).collect::<Vec<_>>(),
        [EmitError::NotConnected, EmitError::Invalid].map(|error| error.to_string())
    );
}
