//! How a member leaves, and what others do when it says so.

use super::frame::Frame;
use super::{Action, FAREWELL, Membership, Stage};
use crate::env::Env;
use crate::fault::{self, Fault};

impl Membership {
    /// Leaves for good, as soon as the others agree or after a while.
    pub(crate) fn leave(&mut self, env: &mut Env<'_>) -> Vec<Action> {
        match &mut self.stage {
            Stage::Outside { .. } => {
                // Others may want it to found a group, or it is in a view already and does not know.
                let (group, member) = (self.wants(), self.me);
                self.send(&Frame::Leave { group, member });
                self.stage = Stage::Left;
            }
            Stage::Inside(inside) => {
                inside.left.insert(self.me);
                let farewell = env.now + FAREWELL * self.settings.period;
                inside.leaves.get_or_insert(farewell);
                if fault::is(Fault::LeavesAtOnce) {
                    inside.leaves = Some(env.now);
                }
                self.say_leave();
                self.hurry(env);
            }
            Stage::Left => {}
        }
        self.finish(env)
    }

    /// Whether it has left for good: nothing that it could still do matters to others.
    pub(crate) fn has_left(&self) -> bool {
        matches!(self.stage, Stage::Left)
    }

    /// Whether nobody is there who will agree on a view without this member, which leaves.
    pub(super) fn is_last(&self) -> bool {
        let Stage::Inside(inside) = &self.stage else {
            return false;
        };
        let goes = |member: &u64| inside.left.contains(member) || !self.seems_alive(*member);
        let next = inside.acceptor.accepted();
        inside.leaves.is_some()
            && inside.view.members.iter().all(goes)
            && next.is_none_or(|next| next.members.iter().all(goes))
            && !fault::is(Fault::LastOneWaits)
    }

    /// Says that it leaves the group that it is in.
    pub(super) fn say_leave(&mut self) {
        if let Stage::Inside(inside) = &self.stage {
            let (group, member) = (inside.view.group, self.me);
            self.send(&Frame::Leave { group, member });
        }
    }

    pub(super) fn leaves(&mut self, env: &mut Env<'_>, group: u64, member: u64) {
        self.heard.remove(&member);
        if member == self.me && matches!(self.stage, Stage::Outside { .. }) {
            // It was let in and excluded, and has heard of neither.
            self.give_up(env, false);
            return;
        }
        if let Stage::Inside(inside) = &mut self.stage
            && inside.view.group == group
            && inside.view.members.contains(&member)
        {
            inside.left.insert(member);
        }
    }
}
