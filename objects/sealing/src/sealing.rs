//! The live object behind `seal`.

use liveobj_sdk::{Bytes, CreateError, Opaque, Token, Wake, live_object};

use crate::envelope::Protection;
use crate::guard::Guard;
use crate::{seal, template};

type Context<'a> = seal::Context<'a>;

/// Seals what goes out, opens what comes in.
pub struct Seal {
    guard: Guard,
}

#[live_object(template::seal)]
impl template::seal for Seal {
    fn create(
        context: &mut Context<'_>,
        parameters: seal::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        let guard = Guard::new(context, parameters.key, Protection::Sealed)?;
        Ok(Seal { guard })
    }

    fn outer_send(&mut self, context: &mut Context<'_>, event: seal::outer::Send<'_>) {
        if let Some(bytes) = self.guard.send(context, &event.message) {
            pass_on(context, &bytes);
        }
    }

    fn inner_receive(&mut self, context: &mut Context<'_>, event: seal::inner::Receive<'_>) {
        if let Some(message) = self.guard.receive(context, &event.message) {
            deliver(context, &message);
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, _: Token, wake: Wake<'_>) {
        let released = self.guard.wake(context, &wake);
        for bytes in &released.out {
            pass_on(context, bytes);
        }
        for message in &released.received {
            deliver(context, message);
        }
    }
}

// Both ends are connected while the adapter stands in a connection; before and after that there is
// nobody to tell.

fn pass_on(context: &mut Context<'_>, bytes: &[u8]) {
    let message = Bytes::new(bytes);
    let _ = context.emit(seal::inner::Send { message });
}

fn deliver(context: &mut Context<'_>, message: &[u8]) {
    let message = Opaque::new(message);
    let _ = context.emit(seal::outer::Receive { message });
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::{Harness, Outcome, Request};
    use liveobj_sdk::{Connection, FileSpace, Level};

    use super::*;
    use crate::seal::{Endpoint, Parameters, Template, inner, outer};
    use crate::types::Key;

    struct Side {
        harness: Harness<Template>,
        inner: Connection,
        outer: Connection,
    }

    fn create(key: Key<'_>, seed: u64) -> Result<Side, String> {
        let mut harness = Harness::<Template>::create(Parameters { key })?;
        harness.seed(seed);
        let inner = harness.connect(Endpoint::inner);
        let outer = harness.connect(Endpoint::outer);
        Ok(Side {
            harness,
            inner,
            outer,
        })
    }

    fn side(seed: u64) -> Side {
        create(Key::digits("5a".repeat(32).as_str().into()), seed).unwrap()
    }

    impl Side {
        fn send(&mut self, message: &[u8]) -> Vec<Vec<u8>> {
            let message = Opaque::new(message);
            self.harness.send(self.outer, outer::Send { message });
            self.sent()
        }

        fn sent(&mut self) -> Vec<Vec<u8>> {
            let sent = self.harness.take_emitted::<inner::Send<'_>>();
            sent.iter().map(|event| event.message.to_vec()).collect()
        }

        fn receive(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
            let message = Bytes::new(bytes);
            self.harness.send(self.inner, inner::Receive { message });
            self.received()
        }

        fn received(&mut self) -> Vec<Vec<u8>> {
            let received = self.harness.take_emitted::<outer::Receive<'_>>();
            received
                .iter()
                .map(|event| event.message.to_vec())
                .collect()
        }
    }

    #[test]
    fn what_one_side_sends_the_other_receives_and_the_wire_does_not_show() {
        let (mut here, mut there) = (side(1), side(2));
        let sent = here.send(b"buy bread");
        assert_eq!(sent.len(), 1);
        assert!(!sent[0].windows(5).any(|window| window == b"bread"));
        assert_eq!(there.receive(&sent[0]), [b"buy bread"]);
    }

    #[test]
    fn no_two_envelopes_are_alike_and_the_same_seed_makes_the_same() {
        let (mut first, mut same) = (side(1), side(1));
        let one = first.send(b"again");
        assert_eq!(one, same.send(b"again"));
        assert_ne!(one, first.send(b"again"));
    }

    #[test]
    fn what_was_tampered_with_is_dropped_and_counted() {
        let (mut here, mut there) = (side(1), side(2));
        let mut sent = here.send(b"buy bread").remove(0);
        sent[30] ^= 1;
        assert_eq!(there.receive(&sent), [[0; 0]; 0]);
        assert_eq!(there.receive(b"noise"), [[0; 0]; 0]);
        let reports = there.harness.take_reports();
        let (level, text) = reports.last().expect("it says so");
        assert_eq!(*level, Level::Warning);
        assert!(text.starts_with("2 messages so far were dropped"), "{text}");
    }

    #[test]
    fn a_repeated_message_is_received_again() {
        // Best effort: whoever can repeat datagrams can repeat messages, and the contract says so.
        let (mut here, mut there) = (side(1), side(2));
        let sent = here.send(b"hello").remove(0);
        assert_eq!(there.receive(&sent), [b"hello"]);
        assert_eq!(there.receive(&sent), [b"hello"]);
    }

    #[test]
    fn messages_wait_for_the_key_in_both_directions() {
        let mut here = side(1);
        let early = here.send(b"early").remove(0);
        let mut there = create(Key::file("note.key".into()), 2).unwrap();
        let asked = Request::FileRead {
            token: Token(0),
            space: FileSpace::Files,
            path: "note.key".to_owned(),
        };
        assert_eq!(there.harness.take_requests(), [asked]);
        assert_eq!(there.send(b"mine"), [[0; 0]; 0]);
        assert_eq!(there.receive(&early), [[0; 0]; 0]);
        let digits = "5A".repeat(32) + "\n";
        there.harness.wake(Token(0), Wake::File(digits.as_bytes()));
        assert_eq!(there.received(), [b"early"]);
        let sent = there.sent();
        assert_eq!(here.receive(&sent[0]), [b"mine"]);
    }

    #[test]
    fn without_a_key_nothing_runs_and_the_key_is_never_shown() {
        let error = create(Key::digits("5a5a".into()), 1)
            .err()
            .expect("it is refused");
        assert_eq!(error, "the digits in `key` are not 64 hexadecimal digits");
        for (wake, told) in [
            (Wake::Missing, "there is no key file `note.key`"),
            (
                Wake::File(b"5a5a"),
                "`note.key` does not hold 64 hexadecimal digits",
            ),
            (Wake::Failed("denied"), "denied"),
        ] {
            let mut side = create(Key::file("note.key".into()), 1).unwrap();
            side.send(b"secret");
            assert_eq!(side.harness.wake(Token(0), wake), Outcome::Failed);
            assert_eq!(side.sent(), [[0; 0]; 0]);
            let reports = side.harness.take_reports();
            assert_eq!(reports.last().map(|(_, text)| text.as_str()), Some(told));
        }
    }
}
