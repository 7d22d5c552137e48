//! The live object behind `checkpointed`: brings the endpoints and the state to the machine.

use std::collections::VecDeque;

use liveobj_sdk::{
    Bytes, Connection, CreateError, Disconnect, Level, List, Opaque, Saved, Token, Wake,
    live_object,
};

use super::{Action, Entry, History, Limits, Position, Replication, To};
use crate::foreign::Foreign;
use crate::parting::{self, Parting};
use crate::types::{CheckpointedState, SeenView, StateEntry, StatePosition, ViewId};
use crate::view::View;
use crate::{checkpointed, template, wire};

type Context<'a> = checkpointed::Context<'a>;

/// One end of a channel that keeps replicas equal.
pub struct ReplicationChannel {
    machine: Replication<Replica>,
    /// Those below have been told that there is more to be sent before this member leaves.
    is_unfinished: bool,
    parting: Parting,
    foreign: Foreign,
}

/// Where a replica is connected.
#[derive(Clone, Copy, PartialEq)]
enum Replica {
    Channel(Connection),
    Views(Connection),
}

#[live_object(template::checkpointed)]
impl template::checkpointed for ReplicationChannel {
    fn create(
        context: &mut Context<'_>,
        parameters: checkpointed::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        Ok(ReplicationChannel::new(
            context,
            &parameters,
            History::default(),
        ))
    }

    fn load(
        context: &mut Context<'_>,
        parameters: checkpointed::Parameters<'_>,
        state: checkpointed::State<'_>,
    ) -> Result<Self, CreateError> {
        let position = |it: StatePosition| Position {
            version: it.version,
            group: it.view.group,
            view: it.view.number,
        };
        let view = |seen: &SeenView<'_>| View::shown(seen.id, &seen.members, seen.me);
        let entry = |entry: &StateEntry<'_>| match entry {
            StateEntry::update(update) => Entry::Update(update.to_vec()),
            StateEntry::view(seen) => Entry::View(view(seen)),
        };
        let history = History::of(
            position(state.position),
            state.past.iter().map(|it| position(*it)).collect(),
            state.checkpoint.get().map(|it| it.to_vec()),
            state.view.get().map(|seen| view(&seen)),
            state.entries.iter().map(entry).collect::<VecDeque<Entry>>(),
        );
        Ok(ReplicationChannel::new(context, &parameters, history))
    }

    fn save(&self, save: checkpointed::Save<'_>) -> Saved {
        let history = self.machine.history();
        let position = |it: &Position| StatePosition {
            version: it.version,
            view: ViewId {
                group: it.group,
                number: it.view,
            },
        };
        let past: Vec<StatePosition> = history.past.iter().map(position).collect();
        let entries = history.entries.iter().map(|entry| match entry {
            Entry::Update(update) => StateEntry::update(Bytes::from(update)),
            Entry::View(view) => StateEntry::view(seen(view)),
        });
        let entries: Vec<StateEntry<'_>> = entries.collect();
        save.state(CheckpointedState {
            position: position(&history.position),
            past: List::from(&past),
            checkpoint: history.checkpoint.as_ref().map(Bytes::from).into(),
            view: history.view.as_ref().map(seen).into(),
            entries: List::from(&entries),
        })
    }

    fn ordered_receive(
        &mut self,
        context: &mut Context<'_>,
        event: checkpointed::ordered::Receive<'_>,
    ) {
        let actions = self.machine.receive(&event.message);
        self.act(context, actions);
        self.foreign.tell(context, self.machine.dropped());
    }

    fn ordered_view(&mut self, context: &mut Context<'_>, event: checkpointed::ordered::View<'_>) {
        let actions = self
            .machine
            .view(View::shown(event.id, &event.members, event.me));
        self.act(context, actions);
    }

    fn channel_send(&mut self, context: &mut Context<'_>, event: checkpointed::channel::Send<'_>) {
        let actions = self.machine.send(&event.message);
        self.act(context, actions);
    }

    fn views_send(&mut self, context: &mut Context<'_>, event: checkpointed::views::Send<'_>) {
        let actions = self.machine.send(&event.message);
        self.act(context, actions);
    }

    fn channel_checkpoint(
        &mut self,
        context: &mut Context<'_>,
        event: checkpointed::channel::Checkpoint<'_>,
    ) {
        let replica = Replica::Channel(context.connection());
        let actions = self.machine.checkpoint(replica, &event.checkpoint);
        self.act(context, actions);
    }

    fn views_checkpoint(
        &mut self,
        context: &mut Context<'_>,
        event: checkpointed::views::Checkpoint<'_>,
    ) {
        let replica = Replica::Views(context.connection());
        let actions = self.machine.checkpoint(replica, &event.checkpoint);
        self.act(context, actions);
    }

    fn connected(
        &mut self,
        context: &mut Context<'_>,
        endpoint: checkpointed::Endpoint,
        connection: Connection,
    ) {
        if let Some(replica) = replica(endpoint, connection) {
            let actions = self.machine.connected(replica);
            self.act(context, actions);
        }
    }

    fn disconnected(
        &mut self,
        context: &mut Context<'_>,
        endpoint: checkpointed::Endpoint,
        connection: Connection,
        _: Disconnect,
    ) {
        if let Some(replica) = replica(endpoint, connection) {
            let actions = self.machine.disconnected(replica);
            self.act(context, actions);
        }
    }

    fn wake(&mut self, context: &mut Context<'_>, token: Token, wake: Wake<'_>) {
        if self.parting.begins(token, &wake) {
            self.machine.leave();
            self.act(context, Vec::new());
        } else if self.parting.ends(token, &wake) && self.machine.pending() > 0 {
            let were = parting::were(self.machine.pending(), "update");
            let text = format!(
                "{were} lost: the group was not together yet, so that nothing could be sent"
            );
            context.report(Level::Warning, &text);
        }
    }
}

impl ReplicationChannel {
    fn new(
        context: &mut Context<'_>,
        parameters: &checkpointed::Parameters<'_>,
        history: History,
    ) -> ReplicationChannel {
        let tag = wire::tag(&context.identity());
        let run = context.random();
        let limits = Limits {
            backlog: parameters.backlog as usize,
            piece: 64 << 10,
            updates: 64 << 10,
        };
        ReplicationChannel {
            machine: Replication::new(tag, run, limits, history),
            is_unfinished: false,
            parting: Parting::first(context),
            foreign: Foreign::default(),
        }
    }

    fn act(&mut self, context: &mut Context<'_>, actions: Vec<Action<Replica>>) {
        act(context, actions);
        let more = self.machine.is_unfinished();
        if more != self.is_unfinished {
            self.is_unfinished = more;
            // Without a channel there is nothing to leave.
            let _ = context.emit(checkpointed::ordered::Unfinished { more });
        }
        self.parting.set(context, self.machine.has_finished());
    }
}

fn seen(view: &View) -> SeenView<'_> {
    SeenView {
        id: view.id(),
        members: List::from(&view.members),
        me: view.me,
    }
}

fn replica(endpoint: checkpointed::Endpoint, connection: Connection) -> Option<Replica> {
    match endpoint {
        checkpointed::Endpoint::ordered => None,
        checkpointed::Endpoint::channel => Some(Replica::Channel(connection)),
        checkpointed::Endpoint::views => Some(Replica::Views(connection)),
    }
}

fn act(context: &mut Context<'_>, actions: Vec<Action<Replica>>) {
    use checkpointed::{channel, ordered, views};
    /// Emits an event that both endpoints have. What cannot be emitted has nobody to receive it.
    macro_rules! emit {
        ($to:expr, $event:ident { $($field:ident),* }) => {
            match $to {
                To::All => {
                    let _ = context.emit(channel::$event { $($field),* });
                    let _ = context.emit(views::$event { $($field),* });
                }
                To::One(Replica::Channel(it)) => {
                    let _ = context.emit_to(it, channel::$event { $($field),* });
                }
                To::One(Replica::Views(it)) => {
                    let _ = context.emit_to(it, views::$event { $($field),* });
                }
            }
        };
    }
    for action in actions {
        match action {
            Action::Send(message) => {
                let message = Bytes::from(&message);
                let _ = context.emit(ordered::Send { message });
            }
            Action::Initialize(to, checkpoint) => {
                let checkpoint = Opaque::new(&checkpoint);
                emit!(to, Initialize { checkpoint });
            }
            Action::Receive(to, message) => {
                let message = Opaque::new(&message);
                emit!(to, Receive { message });
            }
            Action::Want(replica) => emit!(To::One(replica), CheckpointWanted {}),
            Action::View(to, view) => {
                let event = views::View {
                    id: view.id(),
                    members: List::from(&view.members),
                    me: view.me,
                };
                let _ = match to {
                    To::All => context.emit(event),
                    To::One(Replica::Views(it)) => context.emit_to(it, event),
                    To::One(Replica::Channel(_)) => Ok(()),
                };
            }
            Action::Warn(text) => context.report(Level::Warning, &text),
            Action::Fail(reason) => context.fail(&reason),
        }
    }
}
