//! A membership that knows everything, and agrees at once: what tells views to machines that are
//! tested without the real one. It excludes who is unreachable, and sometimes who is not.

use std::collections::BTreeMap;

use super::{Node, World};
use crate::env::{MILLISECOND, SECOND};
use crate::view::View;

/// One run of a node.
type Run = (usize, u32);

/// The agreed views so far.
#[derive(Default)]
pub(crate) struct Views {
    number: u64,
    drawn: u64,
    /// Oldest first, with their numbers.
    members: Vec<(Run, u64)>,
    /// When each run hears the last view that it was told of.
    told: BTreeMap<Run, u64>,
    /// Every view, with the runs in it.
    pub(crate) all: Vec<(u64, Vec<(Run, u64)>)>,
}

/// What a membership tells.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    View(View),
    /// No quorum answers.
    Blocked,
}

impl Views {
    /// Makes the next view, if there is reason for one and a quorum of the present one for it, and
    /// tells its members, each at a time of its own.
    pub(crate) fn reconsider<N: Node>(
        &mut self,
        world: &mut World<N>,
        input: impl Fn(Told) -> N::Input,
    ) {
        let reachable = |world: &World<N>, side: u8| -> Vec<Run> {
            let nodes = 0..world.nodes();
            let there = nodes.filter(|node| {
                world.node(*node).is_some() && !world.is_paused(*node) && world.side(*node) == side
            });
            there.map(|node| (node, world.run(node))).collect()
        };
        let sides = [reachable(world, 0), reachable(world, 1)];
        // Who left in order has agreed to be excluded.
        let votes = |run: &Run, side: &[Run]| side.contains(run) || world.left.contains(run);
        let side = sides.iter().find(|side| self.is_quorum(side, votes));
        let Some(side) = side else {
            for side in &sides {
                for (node, run) in side {
                    if self.members.iter().any(|(it, _)| it == &(*node, *run)) {
                        let at = self.when(world, (*node, *run));
                        world.input_at(at, *node, input(Told::Blocked));
                    }
                }
            }
            return;
        };
        let mut members = self.members.clone();
        members.retain(|(run, _)| side.contains(run));
        // Somebody is suspected wrongly.
        if members.len() > 2 && world.random.percent(5) {
            let unlucky = world.random.below(members.len() as u64) as usize;
            members.remove(unlucky);
        }
        for run in side {
            if !members.iter().any(|(it, _)| it == run) && world.random.percent(90) {
                self.drawn += 1;
                // Numbers are in no order.
                let number = self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
                members.push((*run, number));
            }
        }
        self.install(world, members, input);
    }

    /// Everybody who runs is a member in the end.
    pub(crate) fn complete<N: Node>(
        &mut self,
        world: &mut World<N>,
        input: impl Fn(Told) -> N::Input,
    ) {
        let runs: Vec<Run> = (0..world.nodes())
            .filter(|node| world.node(*node).is_some())
            .map(|node| (node, world.run(node)))
            .collect();
        let mut members = self.members.clone();
        members.retain(|(run, _)| runs.contains(run));
        for run in &runs {
            if !members.iter().any(|(it, _)| it == run) {
                self.drawn += 1;
                let number = self.drawn.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
                members.push((*run, number));
            }
        }
        self.install(world, members, input);
    }

    fn is_quorum(&self, side: &[Run], votes: impl Fn(&Run, &[Run]) -> bool) -> bool {
        let of = self.members.len();
        let there = self.members.iter().filter(|(run, _)| votes(run, side));
        let count = there.count();
        let oldest = self.members.first();
        !side.is_empty()
            && (2 * count > of || 2 * count == of && oldest.is_none_or(|(run, _)| votes(run, side)))
    }

    fn install<N: Node>(
        &mut self,
        world: &mut World<N>,
        members: Vec<(Run, u64)>,
        input: impl Fn(Told) -> N::Input,
    ) {
        if members.is_empty() {
            return;
        }
        self.number += 1;
        let numbers: Vec<u64> = members.iter().map(|(_, number)| *number).collect();
        for (run, me) in &members {
            let at = self.when(world, *run);
            let view = View {
                group: 1,
                number: self.number,
                members: numbers.clone(),
                me: *me,
            };
            world.input_at(at, run.0, input(Told::View(view)));
        }
        self.all.push((self.number, members.clone()));
        self.members = members;
    }

    /// When a run hears what is decided now: never before what was decided earlier.
    fn when<N: Node>(&mut self, world: &mut World<N>, run: Run) -> u64 {
        let delay = if world.random.percent(80) {
            20 * MILLISECOND
        } else {
            SECOND
        };
        let at = world.now + world.random.below(delay);
        let told = self.told.entry(run).or_default();
        *told = at.max(*told + 1);
        *told
    }
}
