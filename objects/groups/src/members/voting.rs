//! A member's messages and times while the next view is decided.

use super::consensus::{Accepted, Agreed, Ballot, Proposer, Stage as Step};
use super::frame::{Frame, Vote};
use super::{Membership, SHORT, Stage};
use crate::env::Env;

impl Membership {
    /// What has to be proposed, or said again.
    pub(super) fn voting_timer(&mut self, env: &mut Env<'_>) {
        let again = self.again(env);
        let Stage::Inside(inside) = &mut self.stage else {
            return;
        };
        if inside.settles.take_if(|at| *at <= env.now).is_some() {
            self.propose(env);
            return;
        }
        let Some(proposer) = &mut inside.proposer else {
            return;
        };
        if proposer.again > env.now {
            return;
        }
        proposer.again = again;
        let vote = match &proposer.stage {
            Step::Preparing { .. } => Vote::Prepare,
            Step::Proposing { next, .. } => Vote::Accept(next.clone()),
        };
        let ballot = proposer.ballot;
        self.cast(ballot, vote);
    }

    /// When to say again what was not answered.
    fn again(&self, env: &mut Env<'_>) -> u64 {
        env.soon(self.settings.period / SHORT * 2)
    }

    /// Begins an attempt to bring about the next view.
    fn propose(&mut self, env: &mut Env<'_>) {
        let Some(members) = self.wanted() else {
            return;
        };
        let wanted = self.successor(members);
        let again = self.again(env);
        let Stage::Inside(inside) = &mut self.stage else {
            return;
        };
        let ballot = Ballot {
            round: inside.round.max(inside.acceptor.round()) + 1,
            member: self.me,
        };
        inside.proposer = Some(Proposer::new(ballot, wanted, again));
        let own = inside.acceptor.prepare(ballot).cloned();
        self.cast(ballot, Vote::Prepare);
        if let Ok(told) = own {
            self.promised(env, ballot, self.me, told);
        }
    }

    /// Says something about the successor of the present view.
    fn cast(&mut self, ballot: Ballot, vote: Vote) {
        let Stage::Inside(inside) = &self.stage else {
            return;
        };
        let (group, number) = (inside.view.group, inside.view.number);
        self.send(&Frame::Vote {
            group,
            number,
            ballot,
            vote,
        });
    }

    /// Somebody said something about the successor of the view `of`.
    pub(super) fn vote(&mut self, env: &mut Env<'_>, of: (u64, u64), ballot: Ballot, vote: Vote) {
        let (short, again) = (self.short(env), self.again(env));
        let Stage::Inside(inside) = &mut self.stage else {
            return;
        };
        let view = &inside.view;
        if of.0 != view.group || !view.members.contains(&ballot.member) && of.1 == view.number {
            return;
        }
        if of.1 < view.number {
            inside.answer(short, of.1);
            return;
        }
        if of.1 > view.number {
            self.hurry(env);
            return;
        }
        match vote {
            Vote::Prepare => {
                let from = self.me;
                let vote = match inside.acceptor.prepare(ballot) {
                    Ok(told) => Vote::Promise {
                        from,
                        told: told.clone(),
                    },
                    Err(promised) => Vote::Refuse { promised },
                };
                self.cast(ballot, vote);
            }
            Vote::Accept(next) => {
                if next.group != view.group || next.previous != view.number {
                    return;
                }
                let vote = match inside.acceptor.accept(ballot, &next) {
                    Ok(()) => Vote::Accepted { from: self.me },
                    Err(promised) => Vote::Refuse { promised },
                };
                self.cast(ballot, vote);
            }
            Vote::Promise { from, told } => self.promised(env, ballot, from, told),
            Vote::Accepted { from } => self.accepted(env, ballot, from),
            Vote::Refuse { promised } => {
                inside.round = inside.round.max(promised.round);
                // Whoever is ahead may be done soon.
                if inside.proposer.take_if(|it| it.ballot == ballot).is_some() {
                    inside.settles = Some(again);
                }
            }
        }
    }

    fn promised(&mut self, env: &mut Env<'_>, ballot: Ballot, from: u64, told: Accepted) {
        let again = self.again(env);
        let Stage::Inside(inside) = &mut self.stage else {
            return;
        };
        let members = &inside.view.members;
        let Some(proposer) = inside.proposer.as_mut().filter(|it| it.ballot == ballot) else {
            return;
        };
        if !members.contains(&from) || !proposer.promised(members, from, told) {
            return;
        }
        proposer.again = again;
        let Step::Proposing { next, .. } = &proposer.stage else {
            return;
        };
        let next = next.clone();
        let own = inside.acceptor.accept(ballot, &next);
        self.cast(ballot, Vote::Accept(next));
        if own.is_ok() {
            self.accepted(env, ballot, self.me);
        }
    }

    fn accepted(&mut self, env: &mut Env<'_>, ballot: Ballot, from: u64) {
        let Stage::Inside(inside) = &mut self.stage else {
            return;
        };
        let members = &inside.view.members;
        let Some(proposer) = inside.proposer.as_mut().filter(|it| it.ballot == ballot) else {
            return;
        };
        if !members.contains(&from) {
            return;
        }
        if let Some(next) = proposer.accepted(members, from) {
            let next: Agreed = next.clone();
            self.decided(env, next);
        }
    }

    fn decided(&mut self, env: &mut Env<'_>, next: Agreed) {
        self.send(&Frame::View {
            agreed: next.clone(),
            oldest: false,
        });
        self.enter(env, next);
    }
}
