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
use crate::types::{Grant, Holder, LockChange, LockRequest, UpdateId};

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

/// The view: its group, its members, and the one that sees it.
struct View {
    group: u64,
    members: Vec<u64>,
    me: u64,
}

/// One replica, of which each `User` asks for the lock by itself.
pub(crate) struct Lock<User> {
    run: Run,
    view: Option<View>,
    /// Who stands in line. The first one holds the lock: it was granted as often as `grants` says.
    requests: VecDeque<LockRequest>,
    grants: u64,
    wishes: BTreeMap<User, Wish>,
    /// What was told last.
    told: Option<Holder>,
}

impl<User: Copy + Ord> Lock<User> {
    pub(crate) fn new(run: Run) -> Lock<User> {
        Lock {
            run,
            view: None,
            requests: VecDeque::new(),
            grants: 0,
            wishes: BTreeMap::new(),
            told: None,
        }
    }

    /// Who stands in line, in order.
    pub(crate) fn requests(&self) -> impl ExactSizeIterator<Item = &LockRequest> {
        self.requests.iter()
    }

    /// How often the lock was granted.
    pub(crate) fn grants(&self) -> u64 {
        self.grants
    }

    /// Who holds the lock, as far as that is known.
    pub(crate) fn holder(&self) -> Option<Holder> {
        let (view, first) = (self.view.as_ref()?, self.requests.front()?);
        Some(Holder {
            grant: Grant {
                group: view.group,
                number: self.grants,
            },
            member: first.member,
        })
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
        let before = self.first();
        match change {
            LockChange::acquire(member) => {
                let view = self.view.as_ref();
                let is_member = view.is_some_and(|view| view.members.contains(&member));
                if is_member && self.requests.iter().all(|request| request.id != id) {
                    self.requests.push_back(LockRequest { id, member });
                }
            }
            LockChange::release(request) => self.requests.retain(|it| it.id != request),
        }
        self.settle(before, &mut actions);
        actions
    }

    /// The channel tells the state to go on from. Who holds the lock then is told with the view that
    /// follows.
    pub(crate) fn initialize(&mut self, requests: &[LockRequest], grants: u64) {
        self.requests = requests.iter().copied().collect();
        self.grants = grants;
        self.view = None;
    }

    /// From now on these are the members of the group; `me` is the one that sees it, or saw it in an
    /// earlier run. A view that was seen already changes nothing.
    pub(crate) fn view(&mut self, group: u64, members: &[u64], me: u64) -> Vec<Action<User>> {
        let mut actions = Vec::new();
        let before = self.first();
        self.requests
            .retain(|request| members.contains(&request.member));
        self.view = Some(View {
            group,
            members: members.to_vec(),
            me,
        });
        self.settle(before, &mut actions);
        self.send_wishes(&mut actions);
        actions
    }

    fn first(&self) -> Option<UpdateId> {
        self.requests.front().map(|request| request.id)
    }

    /// After the line has changed: who is first now has the lock granted, unless it was before.
    fn settle(&mut self, before: Option<UpdateId>, actions: &mut Vec<Action<User>>) {
        let first = self.first();
        if first.is_some() && first != before {
            self.grants = self.grants.wrapping_add(1);
        }
        self.tell(actions);
    }

    /// Tells everybody what is new.
    fn tell(&mut self, actions: &mut Vec<Action<User>>) {
        let holder = self.holder();
        let first = holder.and(self.first());
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
        let view = self.view.as_ref();
        let Some(view) = view.filter(|view| view.members.contains(&view.me)) else {
            return;
        };
        let me = view.me;
        for wish in self.wishes.values_mut() {
            if wish.sent.is_none_or(|(_, member)| member != me) {
                let id = self.run.next_id();
                wish.sent = Some((id, me));
                actions.push(Action::Send(id, LockChange::acquire(me)));
            }
        }
    }
}
