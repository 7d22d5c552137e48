//! The live object behind `causal`: brings the endpoints to the machine.

use liveobj_sdk::{Bytes, CreateError, Opaque, Token, Wake, live_object};

use super::{Action, Causal};
use crate::foreign::Foreign;
use crate::parting::Parting;
use crate::view::View;
use crate::{causal, template, wire};

type Context<'a> = causal::Context<'a>;

/// One end of a causal channel.
pub struct CausalChannel {
    machine: Causal,
    parting: Parting,
    foreign: Foreign,
}

#[live_object(template::causal)]
impl template::causal for CausalChannel {
    fn create(context: &mut Context<'_>, _: causal::Parameters<'_>) -> Result<Self, CreateError> {
        Ok(CausalChannel {
            machine: Causal::new(wire::tag(&context.identity())),
            parting: Parting::first(context),
            foreign: Foreign::default(),
        })
    }

    fn reliable_receive(
        &mut self,
        context: &mut Context<'_>,
        event: causal::reliable::Receive<'_>,
    ) {
        let actions = self.machine.frame(&event.message);
        self.act(context, actions);
        self.foreign.tell(context, self.machine.dropped());
    }

    fn membership_view(&mut self, context: &mut Context<'_>, event: causal::membership::View<'_>) {
        let actions = self
            .machine
            .view(View::shown(event.id, &event.members, event.me));
        self.act(context, actions);
    }

    // The channel below waits where a quorum is missing, and the next view tells who is gone.

    fn membership_blocked(&mut self, _: &mut Context<'_>, _: causal::membership::Blocked<'_>) {}

    fn membership_resumed(&mut self, _: &mut Context<'_>, _: causal::membership::Resumed) {}

    fn membership_suspected(&mut self, _: &mut Context<'_>, _: causal::membership::Suspected) {}

    fn membership_restored(&mut self, _: &mut Context<'_>, _: causal::membership::Restored) {}

    fn channel_send(&mut self, context: &mut Context<'_>, event: causal::channel::Send<'_>) {
        let actions = self.machine.send(&event.message);
        self.act(context, actions);
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        let is_done = self.machine.has_finished();
        self.parting.hears(context, (token, &wake), is_done);
    }
}

impl CausalChannel {
    fn act(&mut self, context: &mut Context<'_>, actions: Vec<Action>) {
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
        self.parting.set(context, self.machine.has_finished());
    }
}
