//! How the members of a view agree on the next one: Paxos for a single decree, once for each view.
//!
//! # Why one id never has two lists of members
//!
//! An id is `(group, number)`. A *successor* of a view is a view that was decided by its members.
//!
//! 1. **The first view of a group has one list.** Its group is a number of 64 bits that the founder
//!    draws for it, and the founder alone says what it is, once.
//! 2. **A view has at most one successor.** Those who may accept one (the acceptors) are its members,
//!    and it is decided once a quorum has accepted it under one ballot. Quorums ([`is_quorum`]) are
//!    more than half of the members, or exactly half of them with the oldest. Any two have a member in
//!    common: two of more than half, or one of more than half and one of exactly half, have together
//!    more members than there are; two of exactly half have both the oldest. So what was decided once is
//!    what the promises of any later quorum tell, and a later ballot proposes nothing else (Lamport,
//!    *Paxos made simple*, 2001).
//! 3. **An acceptor forgets nothing.** Paxos needs acceptors that remember what they promised and
//!    accepted. What a proxy saves may be older than what it said, as saves come after the fact. So
//!    nothing of an acceptor is saved at all: a member is one run of a proxy, and whoever starts again,
//!    with a state or without, is another member. A run enters a view once, because the numbers of
//!    views that it enters grow; there begins its acceptor for the successor, and it lives until the run
//!    enters that successor or gives up its number for good.
//! 4. **Numbers grow along the chain.** Whoever proposes gives the successor a number that is larger
//!    than that of the view, and than the last numbers that those who join have seen. Only decided views
//!    are entered, each from its predecessor, and the first one of a member only if its number is
//!    larger than all that the proxy has seen.
//!
//! 5. **A member does not come back under its number.** Members remember who went since they joined, and
//!    founders who ever did. Who asks to join says of which view of the group it knew when it first did so:
//!    in views up to that one it was not. A member that joined later than that cannot know, and has it
//!    draw another number.
//!
//! By induction over the chain from 1., one group has one sequence of views with growing numbers: so
//! one id has one list, and members see the views that they have in common in one order, each once.
//! Wherever two groups meet, the members of one enter the other under new numbers; two proxies then
//! may have seen different groups, but both in the order of numbers.
//!
//! # What is not promised
//!
//! That there is only one group. Who cannot hear a group founds another one if it may (`quorum`), and
//! those who come back from an old state or give up a view without a quorum found a group of a new
//! number instead of going on in the old one. Groups become one when they meet.
//!
//! Dynamic linear voting: S. Jajodia and D. Mutchler, *Dynamic voting algorithms for maintaining the
//! consistency of a replicated database* (1990).

use std::collections::BTreeSet;

use crate::fault::{self, Fault};
use crate::view::is_quorum;

/// A view as it is agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    pub(super) group: u64,
    pub(super) number: u64,
    /// The number of the view that it follows; 0 for the first one.
    pub(super) previous: u64,
    /// Oldest first, none twice, at least one.
    pub(super) members: Vec<u64>,
}

/// Numbers an attempt: of two, the one with the later round wins, then the one of the larger member.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Ballot {
    /// From 1 on; 0 is before all attempts.
    pub(super) round: u64,
    /// Who makes it.
    pub(super) member: u64,
}

/// What was accepted, and under which ballot.
pub(super) type Accepted = Option<(Ballot, Agreed)>;

/// A member's part in deciding on the successor of one view.
#[derive(Debug, Default)]
pub(super) struct Acceptor {
    promised: Ballot,
    accepted: Accepted,
}

impl Acceptor {
    /// Promises to accept nothing of an earlier ballot, and tells what was accepted.
    ///
    /// # Errors
    ///
    /// A later ballot was promised.
    pub(super) fn prepare(&mut self, ballot: Ballot) -> Result<&Accepted, Ballot> {
        if ballot < self.promised {
            return Err(self.promised);
        }
        self.promised = ballot;
        if fault::is(Fault::SilentPromise) {
            return Ok(&None);
        }
        Ok(&self.accepted)
    }

    /// Accepts a successor.
    ///
    /// # Errors
    ///
    /// A later ballot was promised.
    pub(super) fn accept(&mut self, ballot: Ballot, next: &Agreed) -> Result<(), Ballot> {
        if ballot < self.promised && !fault::is(Fault::StaleBallot) {
            return Err(self.promised);
        }
        self.promised = ballot;
        self.accepted = Some((ballot, next.clone()));
        Ok(())
    }

    /// The successor that it has accepted, which may be decided.
    pub(super) fn accepted(&self) -> Option<&Agreed> {
        self.accepted.as_ref().map(|(_, next)| next)
    }

    /// The latest round that it knows of.
    pub(super) fn round(&self) -> u64 {
        self.promised.round
    }
}

/// A member's attempt to bring a decision about.
#[derive(Debug)]
pub(super) struct Proposer {
    pub(super) ballot: Ballot,
    pub(super) stage: Stage,
    /// When to say again what was not answered.
    pub(super) again: u64,
}

/// How far an attempt has come.
#[derive(Debug)]
pub(super) enum Stage {
    /// Asks for promises.
    Preparing {
        promises: BTreeSet<u64>,
        /// What was accepted under the latest ballot that was told of.
        latest: Accepted,
        /// What to propose where nothing was accepted.
        wanted: Agreed,
    },
    /// Asks to accept this.
    Proposing {
        next: Agreed,
        accepted: BTreeSet<u64>,
    },
}

impl Proposer {
    pub(super) fn new(ballot: Ballot, wanted: Agreed, again: u64) -> Self {
        let stage = Stage::Preparing {
            promises: BTreeSet::new(),
            latest: None,
            wanted,
        };
        Proposer {
            ballot,
            stage,
            again,
        }
    }

    /// Takes a promise of one of `members`; answers whether it may propose from now on.
    pub(super) fn promised(&mut self, members: &[u64], from: u64, told: Accepted) -> bool {
        let Stage::Preparing {
            promises,
            latest,
            wanted,
        } = &mut self.stage
        else {
            return false;
        };
        let later = |ballot: Ballot| latest.as_ref().is_none_or(|(known, _)| ballot > *known);
        if told.as_ref().is_some_and(|(ballot, _)| later(*ballot)) {
            *latest = told;
        }
        promises.insert(from);
        if !is_quorum(members, |member| promises.contains(&member)) {
            return false;
        }
        let next = match latest.take() {
            Some((_, next)) => next,
            None => wanted.clone(),
        };
        self.stage = Stage::Proposing {
            next,
            accepted: BTreeSet::new(),
        };
        true
    }

    /// Notes that one of `members` accepted; answers what is decided by that.
    pub(super) fn accepted(&mut self, members: &[u64], from: u64) -> Option<&Agreed> {
        let Stage::Proposing { next, accepted } = &mut self.stage else {
            return None;
        };
        accepted.insert(from);
        is_quorum(members, |member| accepted.contains(&member)).then_some(&*next)
    }
}

#[cfg(test)]
mod tests;
