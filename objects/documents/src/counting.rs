//! The live object behind `shared_counter`.

use liveobj_sdk::{Connection, CreateError, Level, live_object};

use crate::run::{Run, tell_loss};
use crate::types::{CounterCheckpoint, CounterUpdate};
use crate::{shared_counter, template};

type Context<'a> = shared_counter::Context<'a>;

/// One replica of a counter.
pub struct SharedCounter {
    run: Run,
    value: i64,
}

#[live_object(template::shared_counter)]
impl template::shared_counter for SharedCounter {
    fn create(
        context: &mut Context<'_>,
        _: shared_counter::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        let run = Run::new(context.random());
        Ok(SharedCounter { run, value: 0 })
    }

    fn counter_add(&mut self, context: &mut Context<'_>, event: shared_counter::counter::Add) {
        let message = CounterUpdate {
            id: self.run.next_id(),
            amount: event.amount,
        };
        let sent = context.emit(shared_counter::channel::Send { message });
        tell_loss(context, "what was to be added", sent);
    }

    fn channel_receive(
        &mut self,
        context: &mut Context<'_>,
        event: shared_counter::channel::Receive,
    ) {
        let CounterUpdate { id, amount } = event.message;
        match self.value.checked_add(amount) {
            Some(value) => self.set(context, value),
            None if self.run.is_own(id) => {
                let text = format!(
                    "{amount} is not added to {}: the result is out of range",
                    self.value
                );
                context.report(Level::Warning, &text);
            }
            None => {}
        }
    }

    fn channel_initialize(
        &mut self,
        context: &mut Context<'_>,
        event: shared_counter::channel::Initialize,
    ) {
        self.set(context, event.checkpoint.value);
    }

    fn channel_checkpoint_wanted(
        &mut self,
        context: &mut Context<'_>,
        _: shared_counter::channel::CheckpointWanted,
    ) {
        let checkpoint = CounterCheckpoint { value: self.value };
        // If the channel is gone, it needs no state.
        let _ = context.emit(shared_counter::channel::Checkpoint { checkpoint });
    }

    fn connected(
        &mut self,
        context: &mut Context<'_>,
        endpoint: shared_counter::Endpoint,
        connection: Connection,
    ) {
        if let shared_counter::Endpoint::counter = endpoint {
            let value = self.value;
            // If the connection is gone already, it needs no number.
            let _ = context.emit_to(connection, shared_counter::counter::Value { value });
        }
    }
}

impl SharedCounter {
    fn set(&mut self, context: &mut Context<'_>, value: i64) {
        if std::mem::replace(&mut self.value, value) != value {
            // What cannot be emitted has nobody to receive it.
            let _ = context.emit(shared_counter::counter::Value { value });
        }
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::{Harness, Outcome};

    use super::*;
    use crate::shared_counter::{Endpoint, Template, Unlent, channel, counter};
    use crate::types::UpdateId;

    struct Replica {
        harness: Harness<Template>,
        channel: Connection,
        user: Connection,
    }

    fn replica() -> Replica {
        let mut harness = Harness::create(Unlent {}).unwrap();
        let channel = harness.connect(Endpoint::channel);
        let user = harness.connect(Endpoint::counter);
        Replica {
            harness,
            channel,
            user,
        }
    }

    impl Replica {
        fn add(&mut self, amount: i64) {
            self.harness.send(self.user, counter::Add { amount });
        }

        /// What was sent comes back.
        fn settle(&mut self) {
            for event in self.harness.take_emitted::<channel::Send>() {
                let message = event.message;
                self.receive(message);
            }
        }

        fn receive(&mut self, message: CounterUpdate) {
            let outcome = self
                .harness
                .send(self.channel, channel::Receive { message });
            assert_eq!(outcome, Outcome::Done);
        }

        fn initialize(&mut self, value: i64) {
            let checkpoint = CounterCheckpoint { value };
            self.harness
                .send(self.channel, channel::Initialize { checkpoint });
        }

        fn shown(&mut self) -> Vec<i64> {
            let shown = self.harness.take_emitted::<counter::Value>();
            shown.iter().map(|event| event.value).collect()
        }

        fn checkpoint(&mut self) -> i64 {
            self.harness
                .send(self.channel, channel::CheckpointWanted {});
            let [event] = self.harness.take_emitted::<channel::Checkpoint>()[..] else {
                panic!("it answers at once")
            };
            event.checkpoint.value
        }
    }

    #[test]
    fn what_is_added_counts_when_it_comes_back() {
        let mut replica = replica();
        replica.add(5);
        replica.add(-2);
        assert_eq!(replica.shown(), [0]);
        replica.settle();
        assert_eq!(replica.shown(), [5, 3]);
        assert_eq!(replica.checkpoint(), 3);
        let second = replica.harness.connect(Endpoint::counter);
        let shown = replica.harness.take_emitted_to::<counter::Value>();
        assert_eq!((shown[0].0, shown[0].1.value), (Some(second), 3));
    }

    #[test]
    fn what_the_range_does_not_hold_is_not_added_and_its_sender_is_told() {
        let mut replica = replica();
        replica.initialize(i64::MAX - 1);
        replica.add(2);
        let id = UpdateId { run: 0, number: 1 };
        let theirs = CounterUpdate {
            id,
            amount: i64::MAX,
        };
        replica.receive(theirs);
        assert_eq!(replica.harness.take_reports(), []);
        replica.settle();
        let text = "2 is not added to 9223372036854775806: the result is out of range".to_owned();
        assert_eq!(replica.harness.take_reports(), [(Level::Warning, text)]);
        replica.add(1);
        replica.settle();
        assert_eq!(replica.shown(), [0, i64::MAX - 1, i64::MAX]);
    }

    #[test]
    fn what_cannot_be_sent_is_reported() {
        let mut harness = Harness::<Template>::create(Unlent {}).unwrap();
        let user = harness.connect(Endpoint::counter);
        harness.send(user, counter::Add { amount: 1 });
        let text = "what was to be added is lost: the endpoint is not connected".to_owned();
        assert_eq!(harness.take_reports(), [(Level::Warning, text)]);
    }
}
