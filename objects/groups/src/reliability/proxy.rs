//! The live object behind `reliable`: brings time and the endpoints to the machine.

use liveobj_sdk::{
    Bytes, Connection, CreateError, Disconnect, Level, List, Opaque, Token, Wake, live_object,
};

use super::{Action, Limits, MAX_WINDOW, Reliable};
use crate::alarm::Alarm;
use crate::env::Env;
use crate::foreign::Foreign;
use crate::parting::Parting;
use crate::view::View;
use crate::{reliable, template, wire};

type Context<'a> = reliable::Context<'a>;

/// One end of a reliable channel.
pub struct ReliableChannel {
    machine: Reliable,
    alarm: Alarm,
    parting: Parting,
    foreign: Foreign,
    /// The view that was shown last.
    shown: Option<View>,
    /// What this member received before there was any, which is what it sent itself.
    early: Vec<Vec<u8>>,
}

#[live_object(template::reliable)]
impl template::reliable for ReliableChannel {
    fn create(
        context: &mut Context<'_>,
        parameters: reliable::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        if !(1..=MAX_WINDOW).contains(&parameters.window) {
            let text = format!("`window` must be between 1 and {MAX_WINDOW}");
            return Err(CreateError::new(text));
        }
        let limits = Limits {
            window: parameters.window,
            backlog: parameters.backlog as usize,
        };
        Ok(ReliableChannel {
            machine: Reliable::new(wire::tag(&context.identity()), limits),
            alarm: Alarm::new(),
            parting: Parting::first(context),
            foreign: Foreign::default(),
            shown: None,
            early: Vec::new(),
        })
    }

    fn network_receive(
        &mut self,
        context: &mut Context<'_>,
        event: reliable::network::Receive<'_>,
    ) {
        self.act(context, |machine, env| machine.frame(env, &event.message));
        self.foreign.tell(context, self.machine.dropped());
    }

    fn membership_view(
        &mut self,
        context: &mut Context<'_>,
        event: reliable::membership::View<'_>,
    ) {
        let view = View::shown(event.id, &event.members, event.me);
        self.act(context, |machine, env| machine.view(env, view));
    }

    fn membership_blocked(&mut self, _: &mut Context<'_>, _: reliable::membership::Blocked<'_>) {
        self.machine.blocked();
    }

    fn membership_resumed(&mut self, context: &mut Context<'_>, _: reliable::membership::Resumed) {
        self.act(context, Reliable::resumed);
    }

    fn membership_suspected(&mut self, _: &mut Context<'_>, _: reliable::membership::Suspected) {
        // The next view tells who is gone.
    }

    fn membership_restored(&mut self, _: &mut Context<'_>, _: reliable::membership::Restored) {
        // As `membership_suspected`.
    }

    fn channel_send(&mut self, context: &mut Context<'_>, event: reliable::channel::Send<'_>) {
        self.act(context, |machine, env| {
            machine.send(env, &event.message, false)
        });
    }

    fn group_send(&mut self, context: &mut Context<'_>, event: reliable::group::Send<'_>) {
        self.act(context, |machine, env| {
            machine.send(env, &event.message, true)
        });
    }

    fn connected(
        &mut self,
        context: &mut Context<'_>,
        endpoint: reliable::Endpoint,
        connection: Connection,
    ) {
        match endpoint {
            reliable::Endpoint::network => self.act(context, Reliable::connected),
            reliable::Endpoint::group => {
                if let Some(view) = &self.shown {
                    // A connection that is gone needs to know nothing.
                    let _ = context.emit_to(connection, event(view));
                }
            }
            reliable::Endpoint::channel | reliable::Endpoint::membership => {}
        }
    }

    fn disconnected(
        &mut self,
        _: &mut Context<'_>,
        endpoint: reliable::Endpoint,
        _: Connection,
        _: Disconnect,
    ) {
        match endpoint {
            reliable::Endpoint::network => self.machine.disconnected(),
            reliable::Endpoint::membership => self.machine.blocked(),
            reliable::Endpoint::channel | reliable::Endpoint::group => {}
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        let is_done = self.machine.has_finished();
        let hears = self.parting.hears(context, (token, &wake), is_done);
        if !hears && self.alarm.rings(token, &wake) {
            self.act(context, Reliable::timer);
        }
    }
}

impl ReliableChannel {
    fn act(
        &mut self,
        context: &mut Context<'_>,
        act: impl FnOnce(&mut Reliable, &mut Env<'_>) -> Vec<Action>,
    ) {
        let now = context.now();
        let actions = act(
            &mut self.machine,
            &mut Env {
                now,
                random: &mut || context.random(),
            },
        );
        for action in actions {
            // What cannot be emitted has nobody to receive it.
            match action {
                Action::Send(frame) => {
                    let message = Bytes::from(&frame);
                    let _ = context.emit(reliable::network::Send { message });
                }
                Action::Receive(message) => {
                    let received = Opaque::new(&message);
                    let _ = context.emit(reliable::channel::Receive { message: received });
                    if self.shown.is_some() {
                        let _ = context.emit(reliable::group::Receive { message: received });
                    } else {
                        self.early.push(message);
                    }
                }
                Action::View(view) => {
                    let _ = context.emit(event(&view));
                    self.shown = Some(view);
                    for message in std::mem::take(&mut self.early) {
                        let message = Opaque::new(&message);
                        let _ = context.emit(reliable::group::Receive { message });
                    }
                }
                Action::Warn(text) => context.report(Level::Warning, &text),
                Action::Fail(reason) => context.fail(&reason),
            }
        }
        self.alarm.set(context, now, self.machine.deadline());
        self.parting.set(context, self.machine.has_finished());
    }
}

fn event(view: &View) -> reliable::group::View<'_> {
    reliable::group::View {
        id: view.id(),
        members: List::from(&view.members),
        me: view.me,
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::{Harness, Request};

    use super::*;
    use crate::reliable::{Endpoint, Parameters, Template, channel, group, membership, network};
    use crate::types::ViewId;

    const PARAMETERS: Parameters = Parameters {
        window: 8,
        backlog: 1000,
    };

    struct Member {
        harness: Harness<Template>,
        network: Connection,
        channel: Connection,
        membership: Connection,
    }

    /// A member of a group that has no view yet.
    fn outside() -> Member {
        let mut harness = Harness::create(PARAMETERS).unwrap();
        Member {
            network: harness.connect(Endpoint::network),
            membership: harness.connect(Endpoint::membership),
            channel: harness.connect(Endpoint::channel),
            harness,
        }
    }

    fn member(me: u64) -> Member {
        let mut member = outside();
        member.enter(me);
        member
    }

    impl Member {
        /// It is in a view of two from now on.
        fn enter(&mut self, me: u64) {
            let id = ViewId {
                group: 9,
                number: 1,
            };
            let members = (&[1, 2]).into();
            let view = membership::View { id, members, me };
            self.harness.send(self.membership, view);
        }

        /// Takes what it wants to send.
        fn frames(&mut self) -> Vec<Vec<u8>> {
            let sent = self.harness.take_emitted::<network::Send<'_>>();
            sent.iter().map(|event| event.message.to_vec()).collect()
        }

        fn hear(&mut self, frames: &[Vec<u8>]) {
            for frame in frames {
                let message = frame.into();
                self.harness
                    .send(self.network, network::Receive { message });
            }
        }

        /// What all its connections received.
        fn received(&mut self) -> Vec<Vec<u8>> {
            let received = self.harness.take_emitted::<channel::Receive<'_>>();
            let received = received.iter().map(|event| event.message.to_vec());
            received.collect()
        }

        /// Lets its timer end.
        fn ring(&mut self) {
            let requests = self.harness.take_requests();
            let timer = requests.iter().rev().find_map(|request| match request {
                Request::Timer { token, delay } => Some((*token, *delay)),
                _ => None,
            });
            let (token, delay) = timer.expect("it waits for something");
            self.harness.advance(delay);
            self.harness.wake(token, Wake::Timer);
        }
    }

    #[test]
    fn a_message_that_was_lost_is_asked_for_and_comes_once() {
        let (mut here, mut there) = (member(1), member(2));
        for text in [b"one", b"two"] {
            let message = Opaque::new(text);
            here.harness.send(here.channel, channel::Send { message });
        }
        assert_eq!(here.received(), [b"one", b"two"]);
        // The first frame is lost; what follows is repeated until both know all.
        here.frames().remove(0);
        let mut received = Vec::new();
        for _ in 0..40 {
            here.ring();
            there.hear(&here.frames());
            there.ring();
            here.hear(&there.frames());
            received.extend(there.received());
        }
        assert_eq!(received, [b"one", b"two"]);
    }

    #[test]
    fn at_the_group_nothing_is_received_before_there_is_a_view() {
        let mut member = outside();
        let group = member.harness.connect(Endpoint::group);
        let message = Opaque::new(b"one");
        member.harness.send(group, group::Send { message });
        assert_eq!(member.received(), [b"one"]);
        assert!(
            member
                .harness
                .take_emitted::<group::Receive<'_>>()
                .is_empty()
        );
        member.enter(1);
        let emitted = member.harness.take_emitted::<group::View<'_>>();
        assert_eq!(emitted.len(), 1);
        let received = member.harness.take_emitted::<group::Receive<'_>>();
        assert_eq!(received[0].message.to_vec(), b"one");
    }

    #[test]
    fn who_connects_with_the_group_is_shown_the_present_view() {
        let mut member = member(2);
        member.harness.connect(Endpoint::group);
        let shown = member.harness.take_emitted::<group::View<'_>>();
        assert_eq!(shown[0].me, 2);
    }

    #[test]
    fn a_window_of_nothing_is_refused() {
        let window = 0;
        let error = Harness::<Template>::create(Parameters {
            window,
            ..PARAMETERS
        });
        let error = error.expect_err("it is refused");
        assert_eq!(error, "`window` must be between 1 and 4096");
    }
}
