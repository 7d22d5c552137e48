//! The live object behind `virtual_synchrony`: brings the endpoints to the machine.

use liveobj_sdk::{
    Bytes, Connection, CreateError, Disconnect, List, Opaque, Token, Wake, live_object,
};

use super::{Action, Synchrony};
use crate::audience::Audience;
use crate::foreign::Foreign;
use crate::parting::Parting;
use crate::view::View;
use crate::{template, virtual_synchrony, wire};

type Context<'a> = virtual_synchrony::Context<'a>;

/// One end of a virtually synchronous channel.
pub struct SynchronousChannel {
    machine: Synchrony,
    audience: Audience,
    parting: Parting,
    foreign: Foreign,
}

#[live_object(template::virtual_synchrony)]
impl template::virtual_synchrony for SynchronousChannel {
    fn create(
        context: &mut Context<'_>,
        parameters: virtual_synchrony::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        let tag = wire::tag(&context.identity());
        Ok(SynchronousChannel {
            machine: Synchrony::new(tag, parameters.backlog as usize),
            audience: Audience::default(),
            parting: Parting::first(context),
            foreign: Foreign::default(),
        })
    }

    fn reliable_receive(
        &mut self,
        context: &mut Context<'_>,
        event: virtual_synchrony::reliable::Receive<'_>,
    ) {
        let actions = self.machine.receive(&event.message);
        self.act(context, actions);
        self.foreign.tell(context, self.machine.dropped());
    }

    fn reliable_view(
        &mut self,
        context: &mut Context<'_>,
        event: virtual_synchrony::reliable::View<'_>,
    ) {
        let actions = self
            .machine
            .view(View::shown(event.id, &event.members, event.me));
        self.act(context, actions);
    }

    fn channel_send(
        &mut self,
        context: &mut Context<'_>,
        event: virtual_synchrony::channel::Send<'_>,
    ) {
        let actions = self.machine.send(&event.message);
        self.act(context, actions);
    }

    fn connected(
        &mut self,
        _: &mut Context<'_>,
        endpoint: virtual_synchrony::Endpoint,
        connection: Connection,
    ) {
        if let virtual_synchrony::Endpoint::channel = endpoint {
            self.audience.connected(connection);
        }
    }

    fn disconnected(
        &mut self,
        _: &mut Context<'_>,
        _: virtual_synchrony::Endpoint,
        connection: Connection,
        _: Disconnect,
    ) {
        self.audience.disconnected(connection);
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        let is_done = self.machine.has_finished();
        self.parting.hears(context, (token, &wake), is_done);
    }
}

impl SynchronousChannel {
    fn act(&mut self, context: &mut Context<'_>, actions: Vec<Action>) {
        for action in actions {
            // What cannot be emitted has nobody to receive it.
            match action {
                Action::Send(message) => {
                    let message = Bytes::from(&message);
                    let _ = context.emit(virtual_synchrony::reliable::Send { message });
                }
                Action::Receive(message) => {
                    let message = Opaque::new(&message);
                    let event = virtual_synchrony::channel::Receive { message };
                    self.audience.tell(context, event);
                }
                Action::View(view) => {
                    let event = virtual_synchrony::channel::View {
                        id: view.id(),
                        members: List::from(&view.members),
                        me: view.me,
                    };
                    self.audience.show(context, event);
                }
                Action::Fail(reason) => context.fail(&reason),
            }
        }
        self.parting.set(context, self.machine.has_finished());
    }
}
