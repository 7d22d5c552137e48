//! How a member leaves: what it waits for, its seal, and what others make of that.

use super::frame::Frame;
use super::log::Log;
use super::{Action, Sequencing};
use crate::fault::{self, Fault};
use crate::view::View;

/// How far a member has come with leaving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaving {
    No,
    /// It seals as soon as it can.
    Soon,
    /// It has sealed a view.
    Sealed,
}

impl Sequencing {
    /// It is to leave: from now on it wants no more than that.
    pub(crate) fn leave(&mut self) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.leaving == Leaving::No {
            self.leaving = Leaving::Soon;
        }
        self.seal_in_time(&mut actions);
        actions
    }

    /// Those above have more to send before they leave, or not any more.
    pub(crate) fn unfinished(&mut self, is_unfinished: bool) -> Vec<Action> {
        let mut actions = Vec::new();
        self.is_unfinished = is_unfinished;
        self.seal_in_time(&mut actions);
        actions
    }

    /// Messages of this member that it has not received.
    pub(crate) fn pending(&self) -> usize {
        match self.leaving {
            Leaving::Sealed => 0,
            Leaving::No | Leaving::Soon => self.pending.len(),
        }
    }

    /// Whether others miss nothing when it goes.
    pub(crate) fn has_left(&self) -> bool {
        match (&self.view, self.seal) {
            (None, _) => self.may_seal(),
            (Some(_), None) => false,
            (Some(view), Some(seal)) => {
                let holds = |it| self.held.get(&it).copied().unwrap_or(0) >= seal;
                view.others().all(holds) || fault::is(Fault::SealsUnheld)
            }
        }
    }

    /// Whether the witnesses of a view are a quorum of it.
    pub(super) fn has_witnesses(&self, view: &View, next: &View) -> bool {
        let whole = self.log.as_ref().map_or(0, Log::whole);
        let has_sealed = |member| {
            let seal = self.seals.get(&member);
            seal.is_some_and(|seal| *seal <= whole || fault::is(Fault::AnySeal))
                && !fault::is(Fault::NoSeals)
        };
        view.is_quorum(|member| next.has(member) || has_sealed(member))
    }

    /// Whether nothing is in the way of leaving.
    pub(super) fn may_seal(&self) -> bool {
        match self.leaving {
            Leaving::No => false,
            Leaving::Soon => self.pending.is_empty() && !self.is_unfinished,
            Leaving::Sealed => true,
        }
    }

    /// Seals the view, if it is time to.
    pub(super) fn seal_in_time(&mut self, actions: &mut Vec<Action>) {
        if self.seal.is_none() && self.may_seal() {
            self.seal(actions);
        }
    }

    pub(super) fn seal(&mut self, actions: &mut Vec<Action>) {
        let Some(view) = &self.view else {
            return;
        };
        let (member, end) = (view.me, self.log.as_ref().map(|_| self.told));
        let seal = Frame::Seal { member, end };
        actions.push(Action::Send(seal.encode(self.tag, view.number)));
        self.seal = Some(self.told);
        self.leaving = Leaving::Sealed;
    }

    /// A member tells of nothing more in this view.
    pub(super) fn sealed(&mut self, member: u64, end: Option<u64>, actions: &mut Vec<Action>) {
        if self.view.as_ref().is_none_or(|view| !view.has(member)) {
            return;
        }
        if !self.had_log.contains_key(&member) {
            self.leavers.insert(member);
        }
        self.held(member, end, actions);
        self.seals.entry(member).or_insert(end.unwrap_or(0));
    }
}
