//! A lock between the members of a group, as a state machine above updates in one order.
//!
//! Replicas have one line of requests in common; who is first holds the lock. A request names the member
//! that made it. A view takes those of members that are gone out of the line, at the same place of the
//! stream everywhere.
//!
//! The users of this replica each have a *wish*. It is sent under the number that the member has; when
//! that is another one, because the member was excluded and came back, it is sent anew.

mod proxy;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};

use crate::run::Run;
use crate::types::{Grant, Holder, LockChange, LockRequest, UpdateId, ViewId};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Action<User> {
    /// Send this update.
    Send(UpdateId, LockChange),
    /// Tell a user that it holds the lock.
    Granted(User, Grant),
    /// Tell a user that it holds the lock no more.
    Revoked(User),
    /// Tell everybody who holds the lock.
    Holder(Option<Holder>),
}

/// What a user has asked for.
#[derive(Clone, Copy, Debug)]
struct Wish {
    /// The name of the request, and the member that made it; none while there is no view.
    sent: Option<(UpdateId, u64)>,
    is_granted: bool,
}

/// What replicas have in common.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct State {
    /// The view, and its members.
    pub(crate) view: ViewId,
    pub(crate) members: Vec<u64>,
    /// Who stands in line. The first one holds the lock.
    pub(crate) requests: VecDeque<LockRequest>,
    /// When the lock was granted last. If all who have the state are gone, the group begins to count anew,
    /// in a later view.
    pub(crate) granted: Grant,
}

impl State {
    /// That of a replica that has heard of nobody.
    fn new() -> State {
        let view = ViewId {
            group: 0,
            number: 0,
        };
        State {
            view,
            members: Vec::new(),
            requests: VecDeque::new(),
            granted: Grant { view, number: 0 },
        }
    }

    /// Who holds the lock.
    pub(crate) fn holder(&self) -> Option<Holder> {
        let first = self.requests.front()?;
        Some(Holder {
            grant: self.granted,
            member: first.member,
        })
    }

    fn first(&self) -> Option<UpdateId> {
        self.requests.front().map(|request| request.id)
    }

    /// Changes the line. Who is first behind that has the lock granted, unless it was before.
    fn change(&mut self, change: impl FnOnce(&mut State)) {
        let before = self.first();
        change(self);
        let first = self.first();
        if first.is_some() && first != before {
            self.granted = Grant {
                view: self.view,
                number: self.granted.number.wrapping_add(1),
            };
        }
    }
}

/// One replica, of which each `User` asks for the lock by itself.
pub(crate) struct Lock<User> {
    run: Run,
    state: State,
    /// The number of this member, as the last view said.
    me: u64,
    wishes: BTreeMap<User, Wish>,
    /// What was told last.
    told: Option<Holder>,
}

impl<User: Copy + Ord> Lock<User> {
    pub(crate) fn new(run: Run) -> Lock<User> {
        Lock {
            run,
            state: State::new(),
            me: 0,
            wishes: BTreeMap::new(),
            told: None,
        }
    }

    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// A user asks for the lock.
    pub(crate) fn acquire(&mut self, user: User) -> Vec<Action<User>> {
        let mut actions = Vec::new();
        self.wishes.entry(user).or_insert(Wish {
            sent: None,
            is_granted: false,
        });
        self.send_wishes(&mut actions);
        actions
    }

    /// A user gives the lock back, or does not want it any more, or is gone.
    pub(crate) fn release(&mut self, user: User) -> Vec<Action<User>> {
        let sent = self.wishes.remove(&user).and_then(|wish| wish.sent);
        sent.into_iter()
            .map(|(request, _)| Action::Send(self.run.next_id(), LockChange::release(request)))
            .collect()
    }

    /// The next update.
    pub(crate) fn receive(&mut self, id: UpdateId, change: LockChange) -> Vec<Action<User>> {
        let mut actions = Vec::new();
        match change {
            LockChange::acquire(member) => {
                self.stand_in_line(LockRequest { id, member }, &mut actions);
            }
            LockChange::release(request) => self
                .state
                .change(|state| state.requests.retain(|it| it.id != request)),
        }
        self.tell(&mut actions);
        actions
    }

    /// The channel tells the state to go on from.
    pub(crate) fn initialize(&mut self, state: State) -> Vec<Action<User>> {
        let mut actions = Vec::new();
        self.state = state;
        self.tell(&mut actions);
        actions
    }

    /// From now on these are the members of the group; `me` is the one that sees it, or saw it in an
    /// earlier run. A view that the state has seen already changes nothing of it.
    pub(crate) fn view(&mut self, view: ViewId, members: &[u64], me: u64) -> Vec<Action<User>> {
        let mut actions = Vec::new();
        self.me = me;
        self.state.change(|state| {
            state.view = view;
            state.members = members.to_vec();
            let is_there = |request: &LockRequest| members.contains(&request.member);
            state.requests.retain(is_there);
        });
        self.tell(&mut actions);
        self.send_wishes(&mut actions);
        actions
    }

    /// A request comes. It is not taken from who is gone, nor twice.
    fn stand_in_line(&mut self, request: LockRequest, actions: &mut Vec<Action<User>>) {
        let LockRequest { id, member } = request;
        let is_there = self.state.members.contains(&member);
        if !is_there || self.state.requests.iter().any(|it| it.id == id) {
            return;
        }
        self.state.change(|state| state.requests.push_back(request));
        let mut sent = self.wishes.values().filter_map(|wish| wish.sent);
        if self.run.is_own(id) && sent.all(|(sent, _)| sent != id) {
            // Nobody here wants it any more.
            actions.push(Action::Send(self.run.next_id(), LockChange::release(id)));
        }
    }

    /// Tells everybody what is new.
    fn tell(&mut self, actions: &mut Vec<Action<User>>) {
        let holder = self.state.holder();
        let first = self.state.first();
        self.wishes.retain(|user, wish| {
            let holds = first.is_some() && wish.sent.map(|(id, _)| id) == first;
            let was_granted = std::mem::replace(&mut wish.is_granted, holds);
            if let (true, false, Some(holder)) = (holds, was_granted, holder) {
                actions.push(Action::Granted(*user, holder.grant));
            }
            let is_revoked = was_granted && !holds;
            if is_revoked {
                actions.push(Action::Revoked(*user));
            }
            !is_revoked
        });
        if std::mem::replace(&mut self.told, holder) != holder {
            actions.push(Action::Holder(holder));
        }
    }

    /// Sends the wishes that this member has not sent under its present number.
    fn send_wishes(&mut self, actions: &mut Vec<Action<User>>) {
        let me = self.me;
        if !self.state.members.contains(&me) {
            return;
        }
        for wish in self.wishes.values_mut() {
            if wish.sent.is_none_or(|(_, member)| member != me) {
                let id = self.run.next_id();
                wish.sent = Some((id, me));
                actions.push(Action::Send(id, LockChange::acquire(me)));
            }
        }
    }
}
