//! `relay`: passes messages on, whatever their type.

use liveobj_sdk::{CreateError, live_object};

use crate::relay::{Context, Parameters, input, output};
use crate::template;

/// Needs no state: a message is passed on as it is lent.
struct Relay;

#[live_object(template::relay)]
impl template::relay for Relay {
    fn create(_: &mut Context<'_>, _: Parameters<'_>) -> Result<Relay, CreateError> {
        Ok(Relay)
    }

    fn input_send(&mut self, context: &mut Context<'_>, event: input::Send<'_>) {
        let message = event.message;
        // Best effort: while nobody is there, messages are lost. Here as below.
        let _ = context.emit(output::Send { message });
    }

    fn output_receive(&mut self, context: &mut Context<'_>, event: output::Receive<'_>) {
        let message = event.message;
        let _ = context.emit(input::Receive { message });
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::{Harness, Outcome};

    use super::*;
    use crate::relay::{Endpoint, Template};

    fn create() -> Harness<Template> {
        Harness::create(Parameters {}).unwrap()
    }

    #[test]
    fn what_is_sent_at_the_input_leaves_at_the_output() {
        let mut harness = create();
        let input = harness.connect(Endpoint::input);
        harness.connect(Endpoint::output);
        let message = b"\0\xff"[..].into();
        harness.send(input, input::Send { message });
        assert_eq!(
            harness.take_emitted::<output::Send<'_>>(),
            [output::Send { message }]
        );
    }

    #[test]
    fn what_the_output_receives_leaves_at_the_input() {
        let mut harness = create();
        harness.connect(Endpoint::input);
        let output = harness.connect(Endpoint::output);
        let message = b"\0\xff"[..].into();
        harness.send(output, output::Receive { message });
        assert_eq!(
            harness.take_emitted::<input::Receive<'_>>(),
            [input::Receive { message }]
        );
    }

    #[test]
    fn a_message_is_lost_while_the_other_side_is_not_connected() {
        let mut harness = create();
        let input = harness.connect(Endpoint::input);
        let message = b"early"[..].into();
        assert_eq!(harness.send(input, input::Send { message }), Outcome::Done);
        harness.connect(Endpoint::output);
        assert_eq!(harness.take_emitted::<output::Send<'_>>(), []);
    }
}
