//! Beacons: how proxies find groups, found one, notice that they missed views, and give a view up.

use super::consensus::Agreed;
use super::frame::{Beacon, Frame, MAX_MEMBERS, Rank, Standing};
use super::{FRESH, LISTEN, MAX_HEARD, Membership, PATIENCE, SHORT, Stage, draw};
use crate::env::Env;
use crate::fault::{self, Fault};
use crate::view::is_quorum;

impl Membership {
    pub(super) fn beacon(&mut self, env: &mut Env<'_>, beacon: &Beacon) {
        self.liveness.heard(env.now, beacon.me, beacon.generation);
        let before = self.wants();
        if self.heard.len() < MAX_HEARD || self.heard.contains_key(&beacon.me) {
            self.heard.insert(beacon.me, (env.now, beacon.standing));
        }
        let short = self.short(env);
        let Stage::Inside(inside) = &mut self.stage else {
            if self.wants() != before {
                self.hurry(env);
            }
            return;
        };
        let view = &inside.view;
        match beacon.standing {
            Standing::Inside { group, number, .. } if group == view.group => {
                if number < view.number {
                    inside.answer(short, number);
                } else if number > view.number {
                    self.hurry(env);
                } else if inside.blocked.is_none() {
                    self.said = true;
                }
            }
            Standing::Inside {
                group,
                size,
                blocked,
                ..
            } => {
                if view.members.contains(&beacon.me) {
                    inside.left.insert(beacon.me);
                }
                let own = (view.members.len() as u64, view.group);
                if !blocked && (inside.blocked.is_some() || (size, group) > own) {
                    self.give_up(env, false);
                }
            }
            Standing::Outside { wants, since, .. } => {
                // Who asks for something else was a member, or not, whatever it knew of.
                let since = match wants == view.group {
                    true => since,
                    false => u64::MAX,
                };
                if view.members.contains(&beacon.me) {
                    // It was let in, and does not know yet.
                    inside.answer(short, view.previous);
                } else if inside.is_gone(beacon.me, since) {
                    let (group, member) = (view.group, beacon.me);
                    if self.is_first() {
                        self.send(&Frame::Leave { group, member });
                    }
                } else if wants != view.group && inside.blocked.is_none() {
                    self.hurry(env);
                }
            }
        }
    }

    /// The largest group that is heard and goes on.
    fn target(&self) -> Option<u64> {
        let groups = self
            .heard
            .values()
            .filter_map(|(_, standing)| match standing {
                Standing::Inside {
                    group,
                    size,
                    blocked: false,
                    ..
                } => Some((*size, *group)),
                _ => None,
            });
        groups.max().map(|(_, group)| group)
    }

    /// The number of a view that it knew of when it first asked to join a group, under its present
    /// number: it was in none of that group up to there. 0 where that is not so, as somebody whom it
    /// wanted to found a group may have taken it into the first one; or where it has asked too many.
    fn asks(&mut self, wants: u64) -> u64 {
        if let Some(known) = self.asked.get(&wants) {
            return *known;
        }
        self.follows |= self.target().is_none() && wants != self.me;
        if self.follows {
            return 0;
        }
        let numbers = self.heard.values().filter_map(|(_, it)| match it {
            Standing::Inside { group, number, .. } if *group == wants => Some(*number),
            _ => None,
        });
        match numbers.max() {
            Some(number) if self.asked.len() < MAX_HEARD => {
                self.asked.insert(wants, number);
                number
            }
            _ => 0,
        }
    }

    /// The proxies outside that are heard: number, rank, earlier number, and what they want.
    pub(super) fn outsiders(&self) -> impl Iterator<Item = (u64, Rank, u64, u64)> {
        self.heard
            .iter()
            .filter_map(|(other, (_, standing))| match standing {
                Standing::Outside {
                    rank, was, wants, ..
                } => Some((*other, *rank, *was, *wants)),
                Standing::Inside { .. } => None,
            })
    }

    /// The view that a proxy outside knew of when it first asked to join the group that it asks to join.
    pub(super) fn since(&self, other: u64) -> Option<u64> {
        match self.heard.get(&other)?.1 {
            Standing::Outside { since, .. } => Some(since),
            Standing::Inside { .. } => None,
        }
    }

    /// The group that it wants to join, or else the proxy that it wants to found one.
    pub(super) fn wants(&self) -> u64 {
        self.target().unwrap_or_else(|| {
            let others = self.outsiders().map(|(other, rank, _, _)| (rank, other));
            let best = others.max().unwrap_or_default();
            best.max((self.rank(), self.me)).1
        })
    }

    /// The time of a beacon.
    pub(super) fn strike(&mut self, env: &mut Env<'_>) {
        let oldest = env.now.saturating_sub(FRESH * self.settings.period);
        self.heard.retain(|_, (at, _)| *at >= oldest);
        match &self.stage {
            Stage::Inside(inside) => {
                if let Some(since) = inside.blocked
                    && self.is_in_vain(env.now - since, &inside.view)
                {
                    let waits = env.now - since < PATIENCE * self.settings.period;
                    self.give_up(env, waits);
                }
            }
            Stage::Outside { since, waits } => {
                let (elapsed, waits) = (env.now - since, *waits);
                self.found(env, elapsed, waits);
            }
            Stage::Left => {}
        }
        if self.has_left() {
            return;
        }
        let (standing, interval) = match &self.stage {
            Stage::Inside(inside) => {
                let blocked = inside.blocked.is_some();
                let standing = Standing::Inside {
                    group: inside.view.group,
                    number: inside.view.number,
                    size: inside.view.members.len() as u64,
                    blocked,
                };
                let period = self.settings.period;
                let interval = match (inside.leaves, blocked) {
                    (Some(_), _) if !fault::is(Fault::SaysOnce) => period / SHORT * 4,
                    (_, true) => period,
                    (_, false) => 2 * period,
                };
                (standing, interval)
            }
            _ => {
                let wants = self.wants();
                let standing = Standing::Outside {
                    rank: self.rank(),
                    was: self.past.as_ref().map_or(0, |past| past.me),
                    wants,
                    since: self.asks(wants),
                };
                (standing, self.settings.period)
            }
        };
        let leaves = matches!(&self.stage, Stage::Inside(inside) if inside.leaves.is_some());
        if leaves && !fault::is(Fault::SaysOnce) {
            self.say_leave();
        }
        if !std::mem::take(&mut self.said) || leaves {
            let (me, generation) = (self.me, self.liveness.generation());
            self.send(&Frame::Beacon(Beacon {
                me,
                generation,
                standing,
            }));
        }
        self.beat = env.soon(interval / 2);
    }

    /// Whether members of a blocked view better found another group with those who are not of it.
    fn is_in_vain(&self, elapsed: u64, view: &Agreed) -> bool {
        let others = self.heard.iter().filter(|(other, (_, standing))| {
            let elsewhere = match standing {
                Standing::Inside { group, .. } => *group != view.group,
                Standing::Outside { .. } => true,
            };
            elsewhere && !view.members.contains(other)
        });
        let others = others.count();
        let alive = view.members.len() - self.missing(view).len();
        if others == 0 || others + alive < self.settings.quorum {
            return false;
        }
        let came_back = |member| {
            let mut outsiders = self.outsiders();
            outsiders.any(|(_, rank, was, _)| rank.group == view.group && was == member)
        };
        elapsed >= PATIENCE * self.settings.period
            || is_quorum(&view.members, |member| {
                self.seems_alive(member) || came_back(member)
            })
    }

    /// Founds a group, if that is this proxy's part.
    fn found(&mut self, env: &mut Env<'_>, elapsed: u64, waits: bool) {
        if self.target().is_some() || self.wants() != self.me {
            return;
        }
        let mut followers: Vec<(Rank, u64, u64)> = self
            .outsiders()
            .filter(|(_, _, _, wants)| *wants == self.me)
            .map(|(other, rank, was, _)| (rank, other, was))
            .collect();
        if followers.len() + 1 < self.settings.quorum {
            return;
        }
        let came_back = self.past.as_ref().is_none_or(|past| {
            is_quorum(&past.members, |member| {
                member == past.me || followers.iter().any(|(_, _, was)| *was == member)
            })
        });
        // Others that are blocked may give up, and know more.
        let mut standings = self.heard.values();
        let periods = if standings.any(|(_, it)| matches!(it, Standing::Inside { .. })) {
            2 * PATIENCE
        } else if waits && !came_back {
            PATIENCE
        } else {
            LISTEN
        };
        if elapsed < periods * self.settings.period {
            return;
        }
        followers.sort_unstable();
        let last = followers.last().map_or(0, |(rank, _, _)| rank.number);
        let others = followers.iter().rev().map(|(_, other, _)| *other);
        let members: Vec<u64> = std::iter::once(self.me)
            .chain(others)
            .take(MAX_MEMBERS)
            .collect();
        let first = Agreed {
            group: draw(env),
            number: self.rank().number.max(last) + 1,
            previous: 0,
            members,
        };
        self.send(&Frame::View {
            agreed: first.clone(),
            oldest: true,
        });
        self.enter(env, first);
    }

    /// Says a beacon soon.
    pub(super) fn hurry(&mut self, env: &mut Env<'_>) {
        self.beat = self.beat.min(self.short(env));
        self.said = false;
    }
}
