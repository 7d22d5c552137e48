//! Histories of many proxies on a bad channel, judged by code that shares nothing with the protocol.

use std::cell::Cell;

use super::*;
use crate::env::MILLISECOND;
use crate::world::faults::{self, Director, Plan};
use crate::world::{Network, Node, Out, PERFECT, Random, World};

mod judge;
mod leaving;
mod scenarios;

const TAG: Tag = *b"members ";

fn settings(quorum: usize) -> Settings {
    Settings {
        quorum,
        period: 100 * MILLISECOND,
        suspicion: 300 * MILLISECOND,
    }
}

/// What a node is told from outside.
enum Input {
    Leave,
    /// A frame of somebody who is no node.
    Frame(Vec<u8>),
}

struct Proxy(Membership);

thread_local! {
    /// The quorum of the schedule that runs.
    static QUORUM: Cell<usize> = const { Cell::new(1) };
    /// How many of the crashes of the schedule are closes, in percent.
    static CLOSES: Cell<u64> = const { Cell::new(0) };
    /// Settings other than those of schedules.
    static SETTINGS: Cell<Option<Settings>> = const { Cell::new(None) };
}

fn current() -> Settings {
    SETTINGS.get().unwrap_or_else(|| settings(QUORUM.get()))
}

fn take(actions: Vec<Action>, out: &mut Out<News>) {
    for action in actions {
        match action {
            Action::Send(frame) => {
                assert!(frame.len() <= 1_070, "{} bytes", frame.len());
                out.frames.push(frame);
            }
            Action::Tell(news) => out.did.push(news),
        }
    }
}

impl Node for Proxy {
    type Input = Input;
    type Did = News;
    type Saved = Option<Past>;

    fn start(env: &mut Env<'_>, saved: Option<Self::Saved>, out: &mut Out<News>) -> Self {
        let mut membership = Membership::new(env, TAG, current(), saved.flatten());
        take(membership.connected(env), out);
        Proxy(membership)
    }

    fn frame(&mut self, env: &mut Env<'_>, frame: &[u8], out: &mut Out<News>) {
        take(self.0.frame(env, frame), out);
    }

    fn input(&mut self, env: &mut Env<'_>, input: Input, out: &mut Out<News>) {
        let actions = match input {
            Input::Leave => self.0.leave(env),
            Input::Frame(frame) => self.0.frame(env, &frame),
        };
        take(actions, out);
    }

    fn timer(&mut self, env: &mut Env<'_>, out: &mut Out<News>) {
        take(self.0.timer(env), out);
    }

    fn deadline(&self) -> Option<u64> {
        self.0.deadline()
    }

    fn leave(&mut self, env: &mut Env<'_>, out: &mut Out<News>) {
        take(self.0.leave(env), out);
    }

    fn has_left(&self) -> bool {
        self.0.has_left()
    }

    fn save(&self) -> Option<Past> {
        self.0.past().cloned()
    }
}

struct Silent;

impl Director<Proxy> for Silent {
    fn speak(&mut self, _: &mut World<Proxy>) {}
    fn changed(&mut self, _: &mut World<Proxy>) {}
    fn healed(&mut self, _: &mut World<Proxy>) {}
}

/// Who is where, for messages of failed tests.
fn standings(world: &World<Proxy>) -> Vec<String> {
    let nodes = (0..world.nodes()).filter_map(|node| world.node(node));
    let tell = |Proxy(it): &Proxy| match it.standing() {
        Some((view, blocked)) => format!("{:x} in {view:x?}, blocked: {blocked}", it.me),
        None => format!(
            "{:x} outside, wants {:x}, past {:x?}",
            it.me,
            it.wants(),
            it.past
        ),
    };
    nodes.map(tell).collect()
}

/// Whether all nodes are in one view and nobody else is, or none can be.
fn is_settled(world: &World<Proxy>) -> bool {
    let nodes: Vec<_> = (0..world.nodes()).map(|node| world.node(node)).collect();
    let running: Vec<&Membership> = nodes.iter().flatten().map(|node| &node.0).collect();
    let Some((view, blocked)) = running[0].standing() else {
        return false;
    };
    let one = running
        .iter()
        .all(|it| it.standing() == Some((view, blocked)));
    let there = |member| running.iter().any(|it| it.me == member);
    one && match blocked {
        false => view.members.len() == running.len() && view.members.iter().all(|it| there(*it)),
        // Nobody is left who could be a sign that the missing ones do not come back.
        true => !is_quorum(&view.members, there),
    }
}

/// So many periods after everything healed at most, all who can are in one view.
const SETTLES: u64 = 100;
/// And so many periods later nothing happens any more.
const CALM: u64 = 20;

/// A world of 2 to 9 proxies in which what can go wrong does, until everything heals.
fn schedule(seed: u64) -> World<Proxy> {
    schedule_of(seed, 9, 60)
}

/// A world of 2 to `most` proxies, and 20 to `steps` steps in which something may go wrong.
fn schedule_of(seed: u64, most: u64, steps: u64) -> World<Proxy> {
    let mut dice = Random::new(seed ^ 0x6d65);
    let nodes = 2 + dice.below(most - 1) as usize;
    QUORUM.set(1 + dice.below(nodes as u64 / 2 + 1) as usize);
    let mut world = World::new(seed, nodes);
    let plan = Plan {
        steps: 20 + dice.below(steps - 19),
        partitions: 4 + dice.below(10),
        crashes: 2 + dice.below(8),
        pauses: 2 + dice.below(8),
        loss: dice.below(40),
        with_state: 50,
        closes: CLOSES.get(),
    };
    world.network = Network {
        loss: dice.below(plan.loss + 1),
        repeat: dice.below(20),
        delay: 1 + dice.below(60 * MILLISECOND),
    };
    faults::run(&mut world, &plan, 0, &mut Silent);
    world
}

/// Lets a world that has healed go on; answers after how many periods all who can were in one view.
///
/// # Errors
///
/// They never were, or did not stay there.
fn settle(world: &mut World<Proxy>) -> Result<u64, String> {
    let period = settings(1).period;
    let mut periods = 0;
    while !is_settled(world) {
        if periods == SETTLES {
            return Err(format!("no one group: {:#?}", standings(world)));
        }
        periods += 1;
        world.advance_to(world.now + period);
    }
    world.network = PERFECT;
    world.advance_to(world.now + CALM * period);
    let before = world.history.len();
    world.advance_to(world.now + CALM * period);
    let news = &world.history[before..];
    if !is_settled(world) || !news.is_empty() {
        return Err(format!("{news:?} in peace: {:#?}", standings(world)));
    }
    Ok(periods)
}

/// What is wrong with the schedule of a seed, or how long it took.
fn verdict(seed: u64) -> Result<u64, String> {
    let mut world = schedule(seed);
    let settled = settle(&mut world);
    judge::views(&world.history).and(settled)
}

/// As `act`, where so many of the crashes, in percent, are none: nodes are closed.
fn closing<T>(percent: u64, act: impl FnOnce() -> T) -> T {
    CLOSES.set(percent);
    let done = act();
    CLOSES.set(0);
    done
}

#[test]
fn whatever_happens_views_are_agreed_and_all_become_one_group_in_the_end() {
    let mut longest = 0;
    let seeds = faults::seeds();
    for seed in seeds.clone() {
        let periods = verdict(seed).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        longest = longest.max(periods);
    }
    println!("schedules {seeds:?}: all in one view after {longest} periods at most");
}

#[test]
fn whoever_is_closed_or_crashes_views_are_agreed_and_all_become_one_group_in_the_end() {
    let mut longest = 0;
    let seeds = faults::seeds();
    for seed in seeds.clone() {
        for percent in [50, 100] {
            let periods = closing(percent, || verdict(seed));
            let periods = periods.unwrap_or_else(|error| panic!("seed {seed}, {percent}: {error}"));
            longest = longest.max(periods);
        }
    }
    println!("schedules {seeds:?}: all in one view after {longest} periods at most");
}

#[test]
fn what_the_type_promises_is_kept_as_its_monitors_see_it() {
    // Monitors remember everybody and every view, so that these are smaller worlds.
    for seed in 0..100 {
        let world = schedule_of(seed, 4, 20);
        judge::declared(&world.history).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
    }
}

#[test]
fn who_went_before_others_came_is_not_let_in_by_them_under_the_same_number() {
    let views = || closing(50, || judge::views(&schedule(1660).history));
    assert_eq!(views(), Ok(()));
    assert!(fault::with(Fault::ForgetsGone, views).is_err());
}

#[test]
fn broken_variants_are_noticed() {
    // What the type promises is enough to notice the worst ones.
    for fault in [Fault::HalfIsEnough, Fault::NoAgreement] {
        let noticed = |seed| judge::declared(&schedule_of(seed, 4, 20).history).is_err();
        let noticed = fault::with(fault, || (0..400).any(noticed));
        assert!(noticed, "{fault:?}");
    }
    for fault in [
        Fault::HalfIsEnough,
        Fault::SameAgain,
        Fault::NoAgreement,
        Fault::NoFloor,
        Fault::Skips,
        Fault::TakesBack,
    ] {
        let noticed = |seed| {
            let world = schedule(seed);
            judge::views(&world.history).is_err()
        };
        let noticed = fault::with(fault, || (0..400).any(noticed));
        assert!(noticed, "{fault:?}");
    }
}
