//! `tap`: passes events through, whatever their types, and tells of each.

use liveobj_sdk::{
    CreateError, Direction, DynamicEndpoint, DynamicEvent, EmitError, Level, live_object,
};

use crate::tap::{Context, Parameters, Template, input, output};
use crate::template;

/// Needs no state: what comes in at one side has the same number at the other.
struct Tap;

#[live_object(template::tap)]
impl template::tap for Tap {
    fn create(_: &mut Context<'_>, _: Parameters<'_>) -> Result<Tap, CreateError> {
        Ok(Tap)
    }

    fn input_event(&mut self, context: &mut Context<'_>, event: DynamicEvent<'_>) {
        pass(
            context,
            event,
            (input::ENDPOINT, "input"),
            (output::ENDPOINT, "output"),
        );
    }

    fn output_event(&mut self, context: &mut Context<'_>, event: DynamicEvent<'_>) {
        pass(
            context,
            event,
            (output::ENDPOINT, "output"),
            (input::ENDPOINT, "input"),
        );
    }
}

/// An endpoint and its name.
type Side = (DynamicEndpoint<Template>, &'static str);

/// Tells of the event before it goes on, so that what it causes is told of later.
fn pass(context: &mut Context<'_>, event: DynamicEvent<'_>, from: Side, to: Side) {
    let name = context
        .event_name(from.0, Direction::In, event.number())
        .map_or_else(
            || format!("event {}", event.number()),
            |name| format!("`{name}`"),
        );
    let bytes = event.payload().as_slice().len();
    let unit = if bytes == 1 { "byte" } else { "bytes" };
    let text = format!("{name} from `{}` to `{}`, {bytes} {unit}", from.1, to.1);
    context.report(Level::Info, &text);
    match context.emit_dynamic(to.0, event) {
        // As if the two sides were connected, and nobody was there yet.
        Ok(()) | Err(EmitError::NotConnected) => {}
        Err(error) => {
            let text = format!("{name} was not passed on to `{}`: {error}", to.1);
            context.report(Level::Warning, &text);
        }
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::{Harness, Outcome};

    use super::*;
    use crate::tap::Endpoint;

    fn create() -> Harness<Template> {
        let mut harness = Harness::create(Parameters {}).unwrap();
        for (endpoint, direction) in [
            (input::ENDPOINT, Direction::In),
            (output::ENDPOINT, Direction::Out),
        ] {
            harness.name_events(endpoint, direction, &["leave", "send"]);
        }
        for (endpoint, direction) in [
            (input::ENDPOINT, Direction::Out),
            (output::ENDPOINT, Direction::In),
        ] {
            harness.name_events(endpoint, direction, &["receive"]);
        }
        harness
    }

    fn texts(harness: &mut Harness<Template>) -> Vec<String> {
        let reports = harness.take_reports().into_iter();
        reports.map(|(_, text)| text).collect()
    }

    #[test]
    fn events_pass_both_ways_as_they_are() {
        let mut harness = create();
        let near = harness.connect(Endpoint::input);
        let far = harness.connect(Endpoint::output);
        let there = DynamicEvent::new(1, b"\0\xff"[..].into());
        harness.send_dynamic(input::ENDPOINT, near, there);
        let taken = harness.take_emitted_dynamic(output::ENDPOINT);
        assert_eq!(taken, [(None, there)]);
        let back = DynamicEvent::new(0, b"back"[..].into());
        harness.send_dynamic(output::ENDPOINT, far, back);
        let taken = harness.take_emitted_dynamic(input::ENDPOINT);
        assert_eq!(taken, [(None, back)]);
    }

    #[test]
    fn each_event_is_told_of_with_its_name_its_way_and_its_size() {
        let mut harness = create();
        let near = harness.connect(Endpoint::input);
        let far = harness.connect(Endpoint::output);
        let send = DynamicEvent::new(1, b"\0\xff"[..].into());
        harness.send_dynamic(input::ENDPOINT, near, send);
        let receive = DynamicEvent::new(0, b"!"[..].into());
        harness.send_dynamic(output::ENDPOINT, far, receive);
        assert_eq!(
            texts(&mut harness),
            [
                "`send` from `input` to `output`, 2 bytes",
                "`receive` from `output` to `input`, 1 byte"
            ]
        );
    }

    #[test]
    fn while_the_other_side_is_not_connected_events_are_told_of_and_lost() {
        let mut harness = create();
        let near = harness.connect(Endpoint::input);
        let leave = DynamicEvent::new(0, b""[..].into());
        let outcome = harness.send_dynamic(input::ENDPOINT, near, leave);
        assert_eq!(outcome, Outcome::Done);
        assert_eq!(
            texts(&mut harness),
            ["`leave` from `input` to `output`, 0 bytes"]
        );
    }

    #[test]
    fn an_event_that_is_not_taken_is_told_of() {
        let mut harness = create();
        let near = harness.connect(Endpoint::input);
        harness.connect(Endpoint::output);
        let unknown = DynamicEvent::new(7, b""[..].into());
        harness.send_dynamic(input::ENDPOINT, near, unknown);
        assert_eq!(
            texts(&mut harness),
            [
                "event 7 from `input` to `output`, 0 bytes",
                "event 7 was not passed on to `output`: there is no such event, or the payload \
                 is not one of it"
            ]
        );
    }
}
