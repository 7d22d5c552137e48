//! The live object behind `ordered`: brings the endpoints to the machine.

use liveobj_sdk::{Bytes, Connection, CreateError, Disconnect, Level, List, Opaque, live_object};

use super::{Action, Sequencing};
use crate::audience::Audience;
use crate::foreign::Foreign;
use crate::view::View;
use crate::{ordered, template, wire};

type Context<'a> = ordered::Context<'a>;

/// One end of a totally ordered channel.
pub struct OrderedChannel {
    machine: Sequencing,
    /// Of `views`.
    audience: Audience,
    foreign: Foreign,
}

#[live_object(template::ordered)]
impl template::ordered for OrderedChannel {
    fn create(
        context: &mut Context<'_>,
        parameters: ordered::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        let tag = wire::tag(&context.identity());
        Ok(OrderedChannel {
            machine: Sequencing::new(tag, parameters.backlog as usize),
            audience: Audience::default(),
            foreign: Foreign::default(),
        })
    }

    fn group_receive(&mut self, context: &mut Context<'_>, event: ordered::group::Receive<'_>) {
        let actions = self.machine.receive(&event.message);
        self.act(context, actions);
        self.foreign.tell(context, self.machine.dropped());
    }

    fn group_view(&mut self, context: &mut Context<'_>, event: ordered::group::View<'_>) {
        let actions = self
            .machine
            .view(View::shown(event.id, &event.members, event.me));
        self.act(context, actions);
    }

    fn channel_send(&mut self, context: &mut Context<'_>, event: ordered::channel::Send<'_>) {
        let actions = self.machine.send(&event.message);
        self.act(context, actions);
    }

    fn views_send(&mut self, context: &mut Context<'_>, event: ordered::views::Send<'_>) {
        let actions = self.machine.send(&event.message);
        self.act(context, actions);
    }

    fn connected(
        &mut self,
        _: &mut Context<'_>,
        endpoint: ordered::Endpoint,
        connection: Connection,
    ) {
        if let ordered::Endpoint::views = endpoint {
            self.audience.connected(connection);
        }
    }

    fn disconnected(
        &mut self,
        _: &mut Context<'_>,
        _: ordered::Endpoint,
        connection: Connection,
        _: Disconnect,
    ) {
        self.audience.disconnected(connection);
    }
}

impl OrderedChannel {
    fn act(&mut self, context: &mut Context<'_>, actions: Vec<Action>) {
        for action in actions {
            // What cannot be emitted has nobody to receive it.
            match action {
                Action::Send(message) => {
                    let message = Bytes::from(&message);
                    let _ = context.emit(ordered::group::Send { message });
                }
                Action::Receive(message) => {
                    let message = Opaque::new(&message);
                    let _ = context.emit(ordered::channel::Receive { message });
                    self.audience
                        .tell(context, ordered::views::Receive { message });
                }
                Action::View(view) => {
                    let event = ordered::views::View {
                        id: view.id(),
                        members: List::from(&view.members),
                        me: view.me,
                    };
                    self.audience.show(context, event);
                }
                Action::Warn(text) => context.report(Level::Warning, &text),
                Action::Fail(reason) => context.fail(&reason),
            }
        }
    }
}
