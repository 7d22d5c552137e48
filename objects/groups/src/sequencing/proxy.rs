//! The live object behind `ordered`: brings the endpoints to the machine.

use std::collections::BTreeSet;

use liveobj_sdk::{
    Bytes, Connection, CreateError, Disconnect, Level, List, Opaque, Token, Wake, live_object,
};

use super::{Action, Sequencing};
use crate::audience::Audience;
use crate::foreign::Foreign;
use crate::parting::{self, Parting};
use crate::view::View;
use crate::{ordered, template, wire};

type Context<'a> = ordered::Context<'a>;

/// One end of a totally ordered channel.
pub struct OrderedChannel {
    machine: Sequencing,
    /// Of `views`.
    audience: Audience,
    /// Connections at which there is more to be sent before this member leaves.
    unfinished: BTreeSet<Connection>,
    parting: Parting,
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
            unfinished: BTreeSet::new(),
            parting: Parting::first(context),
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

    fn views_unfinished(&mut self, context: &mut Context<'_>, event: ordered::views::Unfinished) {
        let connection = context.connection();
        match event.more {
            true => self.unfinished.insert(connection),
            false => self.unfinished.remove(&connection),
        };
        self.look_who_is_unfinished(context);
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
        context: &mut Context<'_>,
        _: ordered::Endpoint,
        connection: Connection,
        _: Disconnect,
    ) {
        self.audience.disconnected(connection);
        if self.unfinished.remove(&connection) {
            self.look_who_is_unfinished(context);
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        if self.parting.begins(token, &wake) {
            let actions = self.machine.leave();
            self.act(context, actions);
        } else if self.parting.ends(token, &wake) && self.machine.pending() > 0 {
            let were = parting::were(self.machine.pending(), "message");
            let text = format!("{were} not received yet: what the others do not have is lost");
            context.report(Level::Warning, &text);
        }
    }
}

impl OrderedChannel {
    fn look_who_is_unfinished(&mut self, context: &mut Context<'_>) {
        let actions = self.machine.unfinished(!self.unfinished.is_empty());
        self.act(context, actions);
    }

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
        self.parting.set(context, self.machine.has_left());
    }
}
