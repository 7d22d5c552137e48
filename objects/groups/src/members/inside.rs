//! What a member knows of the view that it is in.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::consensus::{Acceptor, Agreed, Proposer};
use crate::fault::{self, Fault};

/// So many views of the past are told to members that missed them; who missed more joins anew.
const KEPT: usize = 16;

/// So many numbers of former members are known; of those who could still ask to join with them.
const GONE: usize = 4_096;

/// A member's part in a group.
pub(super) struct Inside {
    pub(super) view: Agreed,
    /// The number of the view in which it joined the group; 0 if it is one of those who founded it, and
    /// knows everybody who ever belonged to it.
    pub(super) joined: u64,
    pub(super) acceptor: Acceptor,
    pub(super) proposer: Option<Proposer>,
    /// The latest round that others spoke of.
    pub(super) round: u64,
    /// The last views of the group, the present one at the end.
    pub(super) history: VecDeque<Agreed>,
    /// Later views that came before those between, by the number of the one that they follow.
    pub(super) early: BTreeMap<u64, Agreed>,
    /// Members that said that they leave.
    pub(super) left: BTreeSet<u64>,
    /// Numbers of former members, in the order in which they went: nobody joins under one of them.
    pub(super) gone: VecDeque<u64>,
    /// Since when no quorum answers.
    pub(super) blocked: Option<u64>,
    /// When to propose what has changed: what changes at the same time becomes one view.
    pub(super) settles: Option<u64>,
    /// When to tell of the views that follow on a number.
    pub(super) answer: Option<(u64, u64)>,
    /// When it is gone, whether or not the others have agreed to that.
    pub(super) leaves: Option<u64>,
}

impl Inside {
    pub(super) fn new(view: Agreed) -> Self {
        Inside {
            acceptor: Acceptor::default(),
            proposer: None,
            round: 0,
            history: VecDeque::from([view.clone()]),
            early: BTreeMap::new(),
            left: BTreeSet::new(),
            gone: VecDeque::new(),
            blocked: None,
            settles: None,
            answer: None,
            leaves: None,
            joined: if view.previous == 0 { 0 } else { view.number },
            view,
        }
    }

    /// Goes on in the successor of its view.
    pub(super) fn enter(&mut self, next: Agreed) {
        let members = self.view.members.iter().copied();
        self.gone
            .extend(members.filter(|member| !next.members.contains(member)));
        let surplus = self.gone.len().saturating_sub(GONE);
        self.gone.drain(..surplus);
        self.history.push_back(next.clone());
        if self.history.len() > KEPT {
            self.history.pop_front();
        }
        self.acceptor = Acceptor::default();
        self.proposer = None;
        self.round = 0;
        self.early.retain(|previous, _| *previous >= next.number);
        self.left.retain(|member| next.members.contains(member));
        self.settles = None;
        self.blocked = None;
        self.view = next;
    }

    /// Whether this was a member once, or may have been before this one came: under this number nobody
    /// joins again. It asked for that when it already knew of the view `since`.
    pub(super) fn is_gone(&self, other: u64, since: u64) -> bool {
        let may_have_been = since < self.joined && !fault::is(Fault::ForgetsGone);
        (may_have_been || self.gone.contains(&other)) && !fault::is(Fault::TakesBack)
    }

    /// Keeps a view until those before it have come.
    pub(super) fn keep_early(&mut self, view: Agreed) {
        if self.early.len() < KEPT {
            self.early.insert(view.previous, view);
        }
    }

    /// Sees to it that the views which follow on `number` are told of at a time or before.
    pub(super) fn answer(&mut self, at: u64, number: u64) {
        let (due, from) = self.answer.unwrap_or((at, number));
        self.answer = Some((due.min(at), from.min(number)));
    }
}
