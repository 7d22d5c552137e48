//! Membership: who belongs to the group, as a sequence of views that its members agree on.
//!
//! A state machine: what happens goes in with the time, what to do comes out. It knows neither
//! sockets nor clocks.
//!
//! - **Outside.** A proxy begins outside of any group, under a number that it draws. It says so in
//!   *beacons*. If it hears of a group, its beacons say that it wants to join; else those who hear each
//!   other agree on who founds one: the one that knows the latest view of an earlier group, since what
//!   is kept by layers above is most likely there.
//! - **Inside.** The oldest member that seems alive proposes the next view when somebody joins, leaves
//!   or seems dead, and a quorum of the present view decides (`consensus`, which says why that is
//!   safe). Who missed a view hears from beacons that there is a later one, and is told of those
//!   between. Beacons of one view are said by one member at a time.
//! - **Leaving.** Who leaves says so again and again, and stays until it hears of a view without it: it
//!   goes on voting, and answers for others, so that the others can agree on that view however few they
//!   are. It does not propose one. Where all leave, or those that do not seem dead, nobody is left to wait
//!   for, unless it has accepted a view with somebody who has not said so. Its time is bounded; who is
//!   gone by then without a view is suspected, as after a crash.
//! - **Blocked.** While no quorum of the view seems alive, there is no further view. Proxies that are
//!   not of the view show, when they stay for long, that the missing ones will not come back as they
//!   were: then the members give the view up, and are outside with the latest view that they know.
//! - **Two groups that hear each other** become one: members of the smaller one leave it and join the
//!   other under new numbers.
//! - **What is saved** is the last view and the own number in it. It is never used to go on in that view
//!   (`consensus`), but tells who to wait for, and who founds the group in which all come back.

use std::collections::{BTreeMap, BTreeSet};

use crate::env::Env;
use crate::fault::{self, Fault};
use crate::view::{View, is_quorum};
use crate::wire::Tag;

mod beacons;
mod consensus;
mod frame;
mod inside;
mod leaving;
mod liveness;
mod proxy;
mod voting;

#[cfg(test)]
mod tests;

use consensus::Agreed;
use frame::{Frame, MAX_MEMBERS, Rank, Standing};
use inside::Inside;
use liveness::{Liveness, Seems};

/// Times, in periods of probing.
///
/// What was heard of others counts for so long.
const FRESH: u64 = 6;
/// So long a proxy listens before it founds a group.
const LISTEN: u64 = 3;
/// So long it waits for a quorum of its last view to come back.
const PATIENCE: u64 = 20;
/// So long who leaves goes on voting, unless the others agree earlier.
const FAREWELL: u64 = 8;
/// A period has so many of the short times that let one frame do for several: changes that are
/// proposed together, and answers that others may give as well.
const SHORT: u64 = 10;
/// Of more proxies that are not members nothing is remembered.
const MAX_HEARD: usize = 256;
/// Who saw a number of a view so much larger than that of the group is not believed.
const MAX_AHEAD: u64 = 1 << 32;

/// What the reference says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// So many proxies have to hear each other to found a group. At least 1.
    pub(crate) quorum: usize,
    /// How often a member looks after another one. Nanoseconds, more than 0.
    pub(crate) period: u64,
    /// How long a member that does not answer has until it counts as dead. Nanoseconds.
    pub(crate) suspicion: u64,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Send this to everybody on the channel.
    Send(Vec<u8>),
    /// Tell what there is to tell.
    Tell(News),
}

/// What those hear who use the membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum News {
    /// The members are these from now on.
    View(View),
    /// A member of the view does not answer.
    Suspected(u64),
    /// It answers again.
    Restored(u64),
    /// No quorum of the view answers; these do not.
    Blocked(Vec<u64>),
    /// A quorum answers again.
    Resumed,
}

/// The last view that a proxy saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Past {
    pub(crate) group: u64,
    pub(crate) number: u64,
    pub(crate) members: Vec<u64>,
    /// The number that the proxy had in it.
    pub(crate) me: u64,
}

impl Past {
    /// Whether some proxy could have been in that view.
    pub(crate) fn is_possible(&self) -> bool {
        let distinct: BTreeSet<&u64> = self.members.iter().collect();
        distinct.contains(&self.me)
            && distinct.len() == self.members.len()
            && distinct.len() <= MAX_MEMBERS
            && self.number <= frame::MAX_NUMBER
    }

    fn rank(&self) -> Rank {
        let position = self.members.iter().position(|member| *member == self.me);
        let younger = self.members.len() - position.unwrap_or(self.members.len());
        Rank {
            number: self.number,
            group: self.group,
            seniority: younger as u64,
        }
    }
}

/// One proxy's part in the membership.
pub(crate) struct Membership {
    tag: Tag,
    settings: Settings,
    me: u64,
    liveness: Liveness,
    stage: Stage,
    past: Option<Past>,
    /// Proxies whose beacons were heard, and when.
    heard: BTreeMap<u64, (u64, Standing)>,
    /// The groups that it asked to join under its number, and a view of each that it knew of then.
    asked: BTreeMap<u64, u64>,
    /// It has wanted another proxy to found a group, under its number.
    follows: bool,
    /// When to say the next beacon.
    beat: u64,
    /// Another member said the same in this beat.
    said: bool,
    /// Members that others were told are suspected.
    suspected: BTreeSet<u64>,
    online: bool,
    actions: Vec<Action>,
}

enum Stage {
    Outside {
        since: u64,
        /// It waits for a quorum of its last view.
        waits: bool,
    },
    Inside(Box<Inside>),
    /// It left for good.
    Left,
}

impl Membership {
    /// A proxy that begins, and what it knows of an earlier run.
    pub(crate) fn new(
        env: &mut Env<'_>,
        tag: Tag,
        settings: Settings,
        past: Option<Past>,
    ) -> Membership {
        let me = draw(env);
        let mut membership = Membership {
            tag,
            settings,
            me,
            liveness: Liveness::new(env, me, &settings),
            stage: Stage::Outside {
                since: env.now,
                waits: true,
            },
            past,
            heard: BTreeMap::new(),
            asked: BTreeMap::new(),
            follows: false,
            beat: env.now,
            said: false,
            suspected: BTreeSet::new(),
            online: false,
            actions: Vec::new(),
        };
        if fault::is(Fault::SameAgain)
            && let Some(past) = membership.past.clone()
        {
            membership.me = past.me;
            membership.liveness = Liveness::new(env, past.me, &settings);
            membership.stage = Stage::Inside(Box::new(Inside::new(Agreed {
                group: past.group,
                number: past.number,
                previous: past.number - 1,
                members: past.members,
            })));
        }
        membership
    }

    /// The channel is there.
    pub(crate) fn connected(&mut self, env: &mut Env<'_>) -> Vec<Action> {
        self.online = true;
        if let Stage::Outside { since, .. } = &mut self.stage {
            *since = env.now;
        }
        self.hurry(env);
        self.finish(env)
    }

    /// The channel is gone.
    pub(crate) fn disconnected(&mut self) {
        self.online = false;
    }

    /// A message of the channel.
    pub(crate) fn frame(&mut self, env: &mut Env<'_>, bytes: &[u8]) -> Vec<Action> {
        let frame = match &self.stage {
            Stage::Left => None,
            _ => Frame::decode(self.tag, bytes),
        };
        match frame {
            Some(Frame::Beacon(beacon)) if beacon.me != self.me => self.beacon(env, &beacon),
            Some(Frame::Liveness { to, data }) if to == self.me => {
                self.liveness.message(env.now, data);
            }
            Some(Frame::Leave { group, member }) => self.leaves(env, group, member),
            Some(Frame::View { agreed, oldest }) => self.told(env, agreed, oldest),
            Some(Frame::Vote {
                group,
                number,
                ballot,
                vote,
            }) => self.vote(env, (group, number), ballot, vote),
            _ => return Vec::new(),
        }
        self.finish(env)
    }

    /// The deadline has come.
    pub(crate) fn timer(&mut self, env: &mut Env<'_>) -> Vec<Action> {
        if matches!(self.stage, Stage::Left) {
            return Vec::new();
        }
        self.liveness.timer(env.now);
        if let Stage::Inside(inside) = &mut self.stage {
            if inside.leaves.is_some_and(|at| at <= env.now) {
                self.stage = Stage::Left;
                return std::mem::take(&mut self.actions);
            }
            if let Some((_, from)) = inside.answer.take_if(|(due, _)| *due <= env.now) {
                self.tell_views(from);
            }
        }
        self.voting_timer(env);
        if self.beat <= env.now {
            self.strike(env);
        }
        self.finish(env)
    }

    /// When [`Membership::timer`] wants to be called.
    pub(crate) fn deadline(&self) -> Option<u64> {
        if !self.online || matches!(self.stage, Stage::Left) {
            return None;
        }
        let mut deadline = self.liveness.deadline().unwrap_or(u64::MAX).min(self.beat);
        if let Stage::Inside(inside) = &self.stage {
            let proposer = inside.proposer.as_ref().map(|proposer| proposer.again);
            let answer = inside.answer.map(|(due, _)| due);
            for due in [proposer, answer, inside.settles, inside.leaves] {
                deadline = deadline.min(due.unwrap_or(u64::MAX));
            }
        }
        Some(deadline)
    }

    /// The view that it is in, and whether that is blocked.
    #[cfg(test)]
    fn standing(&self) -> Option<(&Agreed, bool)> {
        match &self.stage {
            Stage::Inside(inside) => Some((&inside.view, inside.blocked.is_some())),
            _ => None,
        }
    }

    /// What is worth keeping: the last view.
    pub(crate) fn past(&self) -> Option<&Past> {
        self.past.as_ref()
    }

    /// What somebody has to hear who comes now: the present view, and how it is.
    pub(crate) fn news(&self) -> Vec<News> {
        let Stage::Inside(inside) = &self.stage else {
            return Vec::new();
        };
        let mut news = vec![self.view_news(&inside.view)];
        news.extend(self.suspected.iter().map(|member| News::Suspected(*member)));
        if inside.blocked.is_some() {
            news.push(News::Blocked(self.missing(&inside.view)));
        }
        news
    }

    fn view_news(&self, view: &Agreed) -> News {
        News::View(View {
            group: view.group,
            number: view.number,
            members: view.members.clone(),
            me: self.me,
        })
    }

    fn send(&mut self, frame: &Frame<'_>) {
        let bytes = frame.encode(self.tag);
        self.actions.push(Action::Send(bytes));
    }

    fn tell(&mut self, news: News) {
        self.actions.push(Action::Tell(news));
    }

    /// The short time, drawn so that of several who wait so long one is first.
    fn short(&self, env: &mut Env<'_>) -> u64 {
        env.now + env.below(self.settings.period / SHORT)
    }

    fn seems_alive(&self, member: u64) -> bool {
        member == self.me || self.liveness.seems(member) != Seems::Dead
    }

    fn missing(&self, view: &Agreed) -> Vec<u64> {
        let members = view.members.iter().copied();
        members
            .filter(|member| !self.seems_alive(*member))
            .collect()
    }

    fn rank(&self) -> Rank {
        self.past.as_ref().map_or(Rank::default(), Past::rank)
    }

    /// Is outside from now on, under another number.
    fn give_up(&mut self, env: &mut Env<'_>, waits: bool) {
        self.say_leave();
        if let Stage::Inside(inside) = &self.stage
            && inside.leaves.is_some()
        {
            self.stage = Stage::Left;
            return;
        }
        self.me = draw(env);
        self.asked.clear();
        self.follows = false;
        self.liveness = Liveness::new(env, self.me, &self.settings);
        self.suspected.clear();
        self.stage = Stage::Outside {
            since: env.now,
            waits,
        };
        self.hurry(env);
    }

    /// Somebody tells of a decided view.
    fn told(&mut self, env: &mut Env<'_>, agreed: Agreed, oldest: bool) {
        let mine = agreed.members.contains(&self.me);
        let passed = agreed.number <= self.rank().number && !fault::is(Fault::NoFloor);
        match &mut self.stage {
            Stage::Outside { .. } if mine && !passed => self.enter(env, agreed),
            Stage::Inside(inside) if inside.view.group == agreed.group => {
                let number = inside.view.number;
                if agreed.number == number {
                    inside.answer = None;
                } else if agreed.number > number && !mine {
                    self.give_up(env, false);
                } else if agreed.previous == number
                    || fault::is(Fault::Skips) && agreed.number > number
                {
                    self.enter(env, agreed);
                } else if agreed.previous > number {
                    if oldest {
                        self.give_up(env, false);
                    } else {
                        inside.keep_early(agreed);
                        self.hurry(env);
                    }
                }
            }
            Stage::Inside(_) if mine => {
                let (group, member) = (agreed.group, self.me);
                self.send(&Frame::Leave { group, member });
            }
            _ => {}
        }
    }

    /// Is in a view from now on, and in those after it that are known.
    fn enter(&mut self, env: &mut Env<'_>, agreed: Agreed) {
        let mut next = Some(agreed);
        while let Some(agreed) = next {
            if !agreed.members.contains(&self.me) {
                self.give_up(env, false);
                return;
            }
            self.past = Some(Past {
                group: agreed.group,
                number: agreed.number,
                members: agreed.members.clone(),
                me: self.me,
            });
            for member in &agreed.members {
                self.liveness.expects(env.now, *member);
                self.heard.remove(member);
            }
            self.suspected
                .retain(|member| agreed.members.contains(member));
            self.tell(self.view_news(&agreed));
            match &mut self.stage {
                Stage::Inside(inside) => inside.enter(agreed),
                stage => *stage = Stage::Inside(Box::new(Inside::new(agreed))),
            }
            next = match &mut self.stage {
                Stage::Inside(inside) => inside.early.remove(&inside.view.number),
                _ => None,
            };
        }
        self.said = false;
        self.beat = env.soon(self.settings.period);
    }

    /// Tells of the views after `from`.
    fn tell_views(&mut self, from: u64) {
        let Stage::Inside(inside) = &self.stage else {
            return;
        };
        let oldest = inside.history.front().map_or(0, |view| view.number);
        let later = inside.history.iter().filter(|view| view.number > from);
        let frames: Vec<_> = later
            .map(|agreed| Frame::View {
                oldest: agreed.number == oldest,
                agreed: agreed.clone(),
            })
            .collect();
        for frame in &frames {
            self.send(frame);
        }
    }

    /// Looks at what has changed, and answers what is to be done.
    fn finish(&mut self, env: &mut Env<'_>) -> Vec<Action> {
        self.look(env);
        if self.is_last() {
            self.say_leave();
            self.stage = Stage::Left;
        }
        for (to, data) in self.liveness.take_messages() {
            self.send(&Frame::Liveness { to, data: &data });
        }
        std::mem::take(&mut self.actions)
    }

    /// Tells who is suspected and whether the view is blocked, and proposes what has to change.
    fn look(&mut self, env: &mut Env<'_>) {
        let Stage::Inside(inside) = &self.stage else {
            return;
        };
        let view = inside.view.clone();
        let was_blocked = inside.blocked.is_some();
        for member in &view.members {
            let suspect = *member != self.me && self.liveness.seems(*member) != Seems::Alive;
            if suspect && self.suspected.insert(*member) {
                self.tell(News::Suspected(*member));
            } else if !suspect && self.suspected.remove(member) {
                self.tell(News::Restored(*member));
            }
        }
        let blocked = !is_quorum(&view.members, |member| self.seems_alive(member));
        if blocked != was_blocked {
            self.tell(match blocked {
                true => News::Blocked(self.missing(&view)),
                false => News::Resumed,
            });
            self.hurry(env);
        }
        let wanted = self.wanted();
        let Stage::Inside(inside) = &mut self.stage else {
            return;
        };
        if blocked {
            inside.blocked.get_or_insert(env.now);
        } else {
            inside.blocked = None;
        }
        match wanted {
            Some(members) if !blocked => {
                if fault::is(Fault::NoAgreement)
                    && members.iter().all(|it| view.members.contains(it))
                {
                    let next = self.successor(members);
                    self.enter(env, next);
                    return;
                }
                let settles = env.now + self.settings.period / SHORT;
                if inside.proposer.is_none() {
                    inside.settles.get_or_insert(settles);
                }
            }
            _ => {
                inside.settles = None;
                inside.proposer = None;
            }
        }
    }

    /// Whether this member is the oldest that stays: the one that proposes the next view.
    fn is_first(&self) -> bool {
        let Stage::Inside(inside) = &self.stage else {
            return false;
        };
        let mut members = inside.view.members.iter();
        let stays = |member: &&u64| self.seems_alive(**member) && !inside.left.contains(*member);
        members.find(stays) == Some(&self.me)
    }

    /// The members that the next view should have, if it is this member that proposes one, and it
    /// would be another.
    fn wanted(&self) -> Option<Vec<u64>> {
        let Stage::Inside(inside) = &self.stage else {
            return None;
        };
        let view = &inside.view;
        let stays = |member: &u64| self.seems_alive(*member) && !inside.left.contains(member);
        if !self.is_first() {
            return None;
        }
        let mut members: Vec<u64> = view.members.iter().copied().filter(stays).collect();
        let mut joiners: Vec<(Rank, u64)> = self
            .outsiders()
            .filter(|(other, rank, _, wants)| {
                *wants == view.group
                    && self.seems_alive(*other)
                    && !view.members.contains(other)
                    && self
                        .since(*other)
                        .is_some_and(|since| !inside.is_gone(*other, since))
                    && rank.number < view.number.saturating_add(MAX_AHEAD)
            })
            .map(|(other, rank, _, _)| (rank, other))
            .collect();
        joiners.sort_unstable();
        members.extend(joiners.iter().rev().map(|(_, joiner)| *joiner));
        members.truncate(MAX_MEMBERS);
        (members != view.members).then_some(members)
    }

    /// The next view with these members: its number is larger than all that they have seen.
    fn successor(&self, members: Vec<u64>) -> Agreed {
        let Stage::Inside(inside) = &self.stage else {
            unreachable!("only members propose");
        };
        let joiners = self.outsiders().filter(|(it, ..)| members.contains(it));
        let seen = joiners.map(|(_, rank, _, _)| rank.number).max();
        let seen = seen.filter(|_| !fault::is(Fault::NoFloor));
        Agreed {
            group: inside.view.group,
            number: inside.view.number.max(seen.unwrap_or(0)) + 1,
            previous: inside.view.number,
            members,
        }
    }
}

/// A number that nobody else has; never 0.
fn draw(env: &mut Env<'_>) -> u64 {
    (env.random)().max(1)
}
