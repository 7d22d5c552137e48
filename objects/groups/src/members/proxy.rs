//! The live object behind `membership`: brings time, chance, the endpoints and the state to the machine.

use liveobj_sdk::{
    Bytes, Connection, CreateError, Disconnect, Level, List, Saved, Token, Wake, live_object,
};

use super::{Action, Membership, News, Past, Settings};
use crate::alarm::Alarm;
use crate::env::{Env, MILLISECOND};
use crate::parting::Parting;
use crate::types::{LastView, MembershipState, ViewId};
use crate::{membership, template, wire};

type Context<'a> = membership::Context<'a>;

/// One proxy's part in a group.
pub struct Member {
    machine: Membership,
    alarm: Alarm,
    parting: Parting,
}

#[live_object(template::membership)]
impl template::membership for Member {
    fn create(
        context: &mut Context<'_>,
        parameters: membership::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        Member::new(context, &parameters, None)
    }

    fn load(
        context: &mut Context<'_>,
        parameters: membership::Parameters<'_>,
        state: membership::State<'_>,
    ) -> Result<Self, CreateError> {
        let last = state.last.get();
        let past = last.map(|last| Past {
            group: last.id.group,
            number: last.id.number,
            members: last.members.to_vec(),
            me: last.me,
        });
        if past.as_ref().is_some_and(|past| !past.is_possible()) {
            return Err(CreateError::new("its last view is none"));
        }
        Member::new(context, &parameters, past)
    }

    fn save(&self, save: membership::Save<'_>) -> Saved {
        let last = self.machine.past().map(|past| LastView {
            id: ViewId {
                group: past.group,
                number: past.number,
            },
            me: past.me,
            members: List::from(&past.members),
        });
        save.state(MembershipState { last: last.into() })
    }

    fn network_receive(
        &mut self,
        context: &mut Context<'_>,
        event: membership::network::Receive<'_>,
    ) {
        self.act(context, |machine, env| machine.frame(env, &event.message));
    }

    fn membership_leave(&mut self, context: &mut Context<'_>, _: membership::membership::Leave) {
        self.act(context, Membership::leave);
    }

    fn connected(
        &mut self,
        context: &mut Context<'_>,
        endpoint: membership::Endpoint,
        connection: Connection,
    ) {
        match endpoint {
            membership::Endpoint::network => self.act(context, Membership::connected),
            membership::Endpoint::membership => {
                for news in self.machine.news() {
                    tell(context, Some(connection), &news);
                }
            }
        }
    }

    fn disconnected(
        &mut self,
        _: &mut Context<'_>,
        endpoint: membership::Endpoint,
        _: Connection,
        _: Disconnect,
    ) {
        if let membership::Endpoint::network = endpoint {
            self.machine.disconnected();
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        if self.parting.begins(token, &wake) {
            self.act(context, Membership::leave);
        } else if !self.parting.ends(token, &wake) && self.alarm.rings(token, &wake) {
            self.act(context, Membership::timer);
        }
    }
}

impl Member {
    fn new(
        context: &mut Context<'_>,
        parameters: &membership::Parameters<'_>,
        past: Option<Past>,
    ) -> Result<Member, CreateError> {
        let membership::Parameters {
            quorum,
            period,
            suspicion,
        } = *parameters;
        if quorum == 0 {
            return Err(CreateError::new("`quorum` must be at least 1"));
        }
        if period < super::SHORT as u32 {
            let text = format!("`period` must be at least {}", super::SHORT);
            return Err(CreateError::new(text));
        }
        if suspicion == 0 {
            return Err(CreateError::new("`suspicion` must be at least 1"));
        }
        let settings = Settings {
            quorum: quorum as usize,
            period: u64::from(period) * MILLISECOND,
            suspicion: u64::from(suspicion) * MILLISECOND,
        };
        let tag = wire::tag(&context.identity());
        let now = context.now();
        let mut env = Env {
            now,
            random: &mut || context.random(),
        };
        Ok(Member {
            machine: Membership::new(&mut env, tag, settings, past),
            alarm: Alarm::new(),
            parting: Parting::last(context),
        })
    }

    fn act(
        &mut self,
        context: &mut Context<'_>,
        act: impl FnOnce(&mut Membership, &mut Env<'_>) -> Vec<Action>,
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
            match action {
                Action::Send(message) => {
                    let message = Bytes::from(&message);
                    // Without a channel there is nobody to receive it.
                    let _ = context.emit(membership::network::Send { message });
                }
                Action::Tell(news) => {
                    if let News::Blocked(missing) = &news {
                        let text = format!(
                            "no quorum of the group answers ({} missing): what is sent waits until they \
                             answer, or somebody else opens this",
                            missing.len()
                        );
                        context.report(Level::Warning, &text);
                    }
                    tell(context, None, &news);
                }
            }
        }
        self.alarm.set(context, now, self.machine.deadline());
        self.parting.set(context, self.machine.has_left());
    }
}

/// Tells one connection, or all.
fn tell(context: &mut Context<'_>, to: Option<Connection>, news: &News) {
    use membership::membership::{Blocked, Restored, Resumed, Suspected, View};
    macro_rules! emit {
        ($event:expr) => {
            match to {
                Some(connection) => context.emit_to(connection, $event),
                None => context.emit($event),
            }
        };
    }
    // A connection that is gone needs to know nothing.
    let _ = match news {
        News::View(view) => emit!(View {
            id: view.id(),
            members: List::from(&view.members),
            me: view.me,
        }),
        News::Suspected(member) => emit!(Suspected { member: *member }),
        News::Restored(member) => emit!(Restored { member: *member }),
        News::Blocked(missing) => emit!(Blocked {
            missing: List::from(missing),
        }),
        News::Resumed => emit!(Resumed {}),
    };
}
