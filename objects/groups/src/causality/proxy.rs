//! The live object behind `causal`: brings the endpoints to the machine.

use liveobj_sdk::{Bytes, CreateError, Level, Opaque, live_object};

use super::{Action, Causal};
use crate::view::View;
use crate::{causal, template, wire};

type Context<'a> = causal::Context<'a>;

/// One end of a causal channel.
pub struct CausalChannel {
    machine: Causal,
    /// Frames dropped when that was last reported.
    reported: u64,
}

#[live_object(template::causal)]
impl template::causal for CausalChannel {
    fn create(context: &mut Context<'_>, _: causal::Parameters<'_>) -> Result<Self, CreateError> {
        Ok(CausalChannel {
            machine: Causal::new(wire::tag(&context.identity())),
            reported: 0,
        })
    }

    fn reliable_receive(
        &mut self,
        context: &mut Context<'_>,
        event: causal::reliable::Receive<'_>,
    ) {
        let actions = self.machine.frame(&event.message);
        act(context, actions);
        let dropped = self.machine.dropped();
        if dropped != self.reported && dropped.is_power_of_two() {
            self.reported = dropped;
            let text = format!("{dropped} messages so far were not for this channel");
            context.report(Level::Debug, &text);
        }
    }

    fn membership_view(&mut self, context: &mut Context<'_>, event: causal::membership::View<'_>) {
        let actions = self.machine.view(View {
            group: event.id.group,
            number: event.id.number,
            members: event.members.to_vec(),
            me: event.me,
        });
        act(context, actions);
    }

    // The channel below waits where a quorum is missing, and the next view tells who is gone.

    fn membership_blocked(&mut self, _: &mut Context<'_>, _: causal::membership::Blocked<'_>) {}

    fn membership_resumed(&mut self, _: &mut Context<'_>, _: causal::membership::Resumed) {}

    fn membership_suspected(&mut self, _: &mut Context<'_>, _: causal::membership::Suspected) {}

    fn membership_restored(&mut self, _: &mut Context<'_>, _: causal::membership::Restored) {}

    fn channel_send(&mut self, context: &mut Context<'_>, event: causal::channel::Send<'_>) {
        let actions = self.machine.send(&event.message);
        act(context, actions);
    }
}

fn act(context: &mut Context<'_>, actions: Vec<Action>) {
    for action in actions {
        // What cannot be emitted has nobody to receive it.
        match action {
            Action::Send(frame) => {
                let message = Bytes::from(&frame);
                let _ = context.emit(causal::reliable::Send { message });
            }
            Action::Receive(message) => {
                let message = Opaque::new(&message);
                let _ = context.emit(causal::channel::Receive { message });
            }
            Action::Fail(reason) => context.fail(&reason),
        }
    }
}
