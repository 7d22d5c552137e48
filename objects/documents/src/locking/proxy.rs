//! The live object behind `lock`: brings the endpoints to the machine.

use liveobj_sdk::{Connection, CreateError, Disconnect, List, Opt, live_object};

use super::{Action, Lock as Machine, State};
use crate::lock::Endpoint;
use crate::run::{Run, tell_loss};
use crate::types::{LockCheckpoint, LockRequest, LockUpdate};
use crate::{lock, template};

type Context<'a> = lock::Context<'a>;

/// One replica of a lock.
pub struct Lock {
    machine: Machine<Connection>,
}

#[live_object(template::lock)]
impl template::lock for Lock {
    fn create(context: &mut Context<'_>, _: lock::Parameters<'_>) -> Result<Self, CreateError> {
        let machine = Machine::new(Run::new(context.random()));
        Ok(Lock { machine })
    }

    fn lock_acquire(&mut self, context: &mut Context<'_>, _: lock::lock::Acquire) {
        let actions = self.machine.acquire(context.connection());
        act(context, actions);
    }

    fn lock_release(&mut self, context: &mut Context<'_>, _: lock::lock::Release) {
        let actions = self.machine.release(context.connection());
        act(context, actions);
    }

    fn channel_receive(&mut self, context: &mut Context<'_>, event: lock::channel::Receive) {
        let LockUpdate { id, change } = event.message;
        let actions = self.machine.receive(id, change);
        act(context, actions);
    }

    fn channel_initialize(
        &mut self,
        context: &mut Context<'_>,
        event: lock::channel::Initialize<'_>,
    ) {
        let LockCheckpoint {
            view,
            members,
            requests,
            granted,
        } = event.checkpoint;
        let actions = self.machine.initialize(State {
            view,
            members: members.to_vec(),
            requests: requests.iter().copied().collect(),
            granted,
        });
        act(context, actions);
    }

    fn channel_checkpoint_wanted(
        &mut self,
        context: &mut Context<'_>,
        _: lock::channel::CheckpointWanted,
    ) {
        let state = self.machine.state();
        let requests: Vec<LockRequest> = state.requests.iter().copied().collect();
        let checkpoint = LockCheckpoint {
            view: state.view,
            members: List::from(&state.members),
            requests: List::from(&requests),
            granted: state.granted,
        };
        // If the channel is gone, it needs no state.
        let _ = context.emit(lock::channel::Checkpoint { checkpoint });
    }

    fn channel_view(&mut self, context: &mut Context<'_>, event: lock::channel::View<'_>) {
        let actions = self.machine.view(event.id, &event.members, event.me);
        act(context, actions);
    }

    fn connected(&mut self, context: &mut Context<'_>, endpoint: Endpoint, connection: Connection) {
        if let Endpoint::lock = endpoint {
            let holder = Opt::from(self.machine.state().holder());
            // If the connection is gone already, it needs to know nothing.
            let _ = context.emit_to(connection, lock::lock::Holder { holder });
        }
    }

    fn disconnected(
        &mut self,
        context: &mut Context<'_>,
        endpoint: Endpoint,
        connection: Connection,
        _: Disconnect,
    ) {
        if let Endpoint::lock = endpoint {
            for action in self.machine.release(connection) {
                if let Action::Send(id, change) = action {
                    let message = LockUpdate { id, change };
                    // Where all is closed the channel may be gone as well: then its members free the lock.
                    let _ = context.emit(lock::channel::Send { message });
                }
            }
        }
    }
}

fn act(context: &mut Context<'_>, actions: Vec<Action<Connection>>) {
    for action in actions {
        // Whoever is gone needs to know nothing.
        let _ = match action {
            Action::Send(id, change) => {
                let message = LockUpdate { id, change };
                let sent = context.emit(lock::channel::Send { message });
                tell_loss(context, "a request", sent);
                continue;
            }
            Action::Granted(to, grant) => context.emit_to(to, lock::lock::Granted { grant }),
            Action::Revoked(to) => context.emit_to(to, lock::lock::Revoked {}),
            Action::Holder(holder) => {
                let holder = Opt::from(holder);
                context.emit(lock::lock::Holder { holder })
            }
        };
    }
}

#[cfg(test)]
mod tests {
    use liveobj_sdk::testing::Harness;

    use super::*;
    use crate::lock::{Template, Unlent, channel, lock};
    use crate::types::ViewId;

    struct Replica {
        harness: Harness<Template>,
        channel: Connection,
    }

    impl Replica {
        fn new() -> Replica {
            let mut harness = Harness::<Template>::create(Unlent {}).unwrap();
            let channel = harness.connect(Endpoint::channel);
            Replica { harness, channel }
        }

        fn view(&mut self, members: &[u64], me: u64) {
            let id = ViewId {
                group: 7,
                number: 1,
            };
            let members = members.into();
            let view = channel::View { id, members, me };
            self.harness.send(self.channel, view);
        }

        /// What was sent comes back.
        fn settle(&mut self) {
            for event in self.harness.take_emitted::<channel::Send>() {
                let message = event.message;
                self.harness
                    .send(self.channel, channel::Receive { message });
            }
        }

        fn checkpoint(&mut self) -> LockCheckpoint<'static> {
            self.harness
                .send(self.channel, channel::CheckpointWanted {});
            let [event] = self.harness.take_emitted::<channel::Checkpoint<'_>>()[..] else {
                panic!("it answers at once")
            };
            event.checkpoint
        }

        /// Who was granted the lock, under which numbers.
        fn granted(&mut self) -> Vec<(Option<Connection>, u64)> {
            let granted = self.harness.take_emitted_to::<lock::Granted>().into_iter();
            granted
                .map(|(to, event)| (to, event.grant.number))
                .collect()
        }

        /// The members that were told to hold it, and to whom.
        fn holders(&mut self) -> Vec<(Option<Connection>, Option<u64>)> {
            let holders = self.harness.take_emitted_to::<lock::Holder>().into_iter();
            holders
                .map(|(to, event)| (to, event.holder.get().map(|it| it.member)))
                .collect()
        }
    }

    #[test]
    fn each_connection_asks_for_itself_and_gives_it_back_when_it_ends() {
        let mut replica = Replica::new();
        replica.view(&[70], 70);
        let [first, second] = [(); 2].map(|()| replica.harness.connect(Endpoint::lock));
        for user in [first, second] {
            replica.harness.send(user, lock::Acquire {});
        }
        replica.settle();
        assert_eq!(replica.granted(), [(Some(first), 1)]);
        let harness = &mut replica.harness;
        harness.disconnect(Endpoint::lock, first, Disconnect::Dropped);
        replica.settle();
        assert_eq!(replica.granted(), [(Some(second), 2)]);
        replica.harness.send(second, lock::Release {});
        replica.settle();
        assert_eq!(
            replica.holders(),
            [
                (Some(first), None),
                (Some(second), None),
                (None, Some(70)),
                (None, Some(70)),
                (None, None)
            ]
        );
        let third = replica.harness.connect(Endpoint::lock);
        assert_eq!(replica.holders(), [(Some(third), None)]);
    }

    #[test]
    fn replicas_go_on_from_one_state() {
        let mut one = Replica::new();
        one.view(&[70], 70);
        let user = one.harness.connect(Endpoint::lock);
        one.harness.send(user, lock::Acquire {});
        one.settle();
        let checkpoint = one.checkpoint();
        let mut joining = Replica::new();
        let watching = joining.harness.connect(Endpoint::lock);
        let event = channel::Initialize { checkpoint };
        joining.harness.send(joining.channel, event);
        for (replica, me) in [(&mut one, 70), (&mut joining, 71)] {
            replica.view(&[70, 71], me);
        }
        let told = [(Some(watching), None), (None, Some(70))];
        assert_eq!(joining.holders(), told);
        assert_eq!(joining.checkpoint(), one.checkpoint());
    }

    #[test]
    fn who_loses_its_member_is_told() {
        let mut replica = Replica::new();
        replica.view(&[70], 70);
        let user = replica.harness.connect(Endpoint::lock);
        replica.harness.send(user, lock::Acquire {});
        replica.settle();
        replica.view(&[71, 72], 72);
        let revoked = replica.harness.take_emitted_to::<lock::Revoked>();
        assert_eq!(revoked.len(), 1);
        assert_eq!(revoked[0].0, Some(user));
        replica.settle();
        assert_eq!(replica.granted().len(), 1, "it has to ask again");
    }
}
