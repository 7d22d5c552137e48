//! Random schedules of faults.

use super::{Network, Node, World};
use crate::env::{MILLISECOND, SECOND};

/// Which faults a schedule may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Steps before everything heals.
    pub(crate) steps: u64,
    /// In percent of the steps.
    pub(crate) partitions: u64,
    pub(crate) crashes: u64,
    pub(crate) pauses: u64,
    /// Loss goes up to so many percent.
    pub(crate) loss: u64,
    /// So often nodes restart with what they saved, in percent.
    pub(crate) with_state: u64,
    /// So many of the crashes, in percent, are none: the node is closed.
    pub(crate) closes: u64,
}

/// All faults.
pub(crate) const ALL: Plan = Plan {
    steps: 24,
    partitions: 8,
    crashes: 6,
    pauses: 6,
    loss: 40,
    with_state: 50,
    closes: 0,
};

/// The seeds of the ordinary tests, or those of a soak: `SEEDS=0..10000 cargo test --release`.
pub(crate) fn seeds() -> std::ops::Range<u64> {
    let Ok(seeds) = std::env::var("SEEDS") else {
        return 0..200;
    };
    let (from, to) = seeds.split_once("..").expect("SEEDS=FROM..TO");
    let number = |text: &str| text.parse().expect("SEEDS=FROM..TO");
    number(from)..number(to)
}

/// What a schedule leaves to its test: who speaks, and what follows from faults.
pub(crate) trait Director<N: Node> {
    /// A step in which something may be said, by whoever runs and is not paused.
    fn speak(&mut self, world: &mut World<N>);

    /// Nodes crashed, started, stopped, went on, or changed sides.
    fn changed(&mut self, world: &mut World<N>);

    /// Everything runs and reaches each other, and will from now on.
    fn healed(&mut self, world: &mut World<N>);
}

/// Runs a schedule: all nodes start, then faults come and go while the director speaks. In the end
/// everything heals, all nodes run, the channel loses little, and so much time passes.
pub(crate) fn run<N: Node>(
    world: &mut World<N>,
    plan: &Plan,
    settle: u64,
    director: &mut impl Director<N>,
) {
    for node in 0..world.nodes() {
        // Not all are there from the beginning.
        if node == 0 || world.random.percent(80) {
            world.start(node, false);
        }
    }
    director.changed(world);
    let mut left = 0;
    for _ in 0..plan.steps {
        let changed = step(world, plan);
        if changed || world.left.len() > left {
            left = world.left.len();
            director.changed(world);
        }
        for _ in 0..world.random.below(4) {
            director.speak(world);
        }
        let pause = match world.random.below(4) {
            0 => MILLISECOND,
            1 => 20 * MILLISECOND,
            2 => 200 * MILLISECOND,
            _ => SECOND,
        };
        let until = world.now + world.random.below(pause);
        world.advance_to(until);
    }
    heal(world, plan);
    director.healed(world);
    director.speak(world);
    world.advance_to(world.now + settle);
}

/// One random fault, or the end of one; answers whether nodes or sides changed.
fn step<N: Node>(world: &mut World<N>, plan: &Plan) -> bool {
    let node = world.random.below(world.nodes() as u64) as usize;
    let runs = world.node(node).is_some();
    let dice = world.random.below(100);
    let (crash, part) = (plan.crashes, plan.crashes + plan.partitions);
    let pause = part + plan.pauses;
    if dice < crash && runs {
        if !world.is_paused(node) && !world.is_closing(node) && world.closing.percent(plan.closes) {
            world.close(node);
        } else {
            world.crash(node);
        }
    } else if dice < 3 * crash && !runs {
        let with_state = world.random.percent(plan.with_state);
        world.start(node, with_state);
    } else if dice < part {
        let sides = if world.random.percent(50) { 1 } else { 2 };
        for node in 0..world.nodes() {
            let side = world.random.below(sides) as u8;
            world.part(node, side);
        }
    } else if dice < pause && runs && !world.is_paused(node) {
        world.pause(node);
    } else if world.is_paused(node) && world.random.percent(40) {
        world.resume(node);
    } else {
        if world.random.percent(20) {
            world.network = Network {
                loss: world.random.below(plan.loss + 1),
                repeat: world.random.below(20),
                delay: (1 + world.random.below(4).pow(4)) * 3 * MILLISECOND,
            };
        }
        return false;
    }
    true
}

fn heal<N: Node>(world: &mut World<N>, plan: &Plan) {
    world.network = Network {
        loss: world.random.below(10),
        repeat: 5,
        delay: 5 * MILLISECOND,
    };
    finish_closing(world);
    for node in 0..world.nodes() {
        world.part(node, 0);
        if world.node(node).is_none() {
            let with_state = world.random.percent(plan.with_state);
            world.start(node, with_state);
        }
        if world.is_paused(node) {
            world.resume(node);
        }
    }
}

/// Runs a schedule in which nothing fails: nodes start and are closed while the director speaks, on a channel
/// that loses little. Whenever one is closed there is another one that has been there for a second and stays;
/// in the end one is alone. Answers which.
pub(crate) fn orderly<N: Node>(
    world: &mut World<N>,
    steps: u64,
    director: &mut impl Director<N>,
) -> usize {
    world.network = Network {
        loss: world.random.below(3),
        repeat: world.random.below(10),
        delay: (1 + world.random.below(10)) * MILLISECOND,
    };
    world.start(0, false);
    director.changed(world);
    world.advance_to(world.now + SECOND);
    let mut left = 0;
    let mut started = vec![0; world.nodes()];
    for step in 0.. {
        let stay: Vec<usize> = (0..world.nodes())
            .filter(|node| world.node(*node).is_some() && !world.is_closing(*node))
            .collect();
        let is_end = step >= steps;
        if is_end && stay.len() == 1 {
            break;
        }
        let node = world.random.below(world.nodes() as u64) as usize;
        let mut others = stay.iter().filter(|other| **other != node);
        let is_kept = others.any(|other| world.now - started[*other] >= SECOND);
        let closes = is_kept && stay.contains(&node);
        let dice = world.random.below(if is_end { 20 } else { 100 });
        let mut changed = false;
        if closes && dice < 20 {
            world.close(node);
            changed = true;
        } else if !is_end && dice < 40 && world.node(node).is_none() {
            world.start(node, true);
            started[node] = world.now;
            changed = true;
        }
        if changed || world.left.len() > left {
            left = world.left.len();
            director.changed(world);
        }
        for _ in 0..world.random.below(3) {
            director.speak(world);
        }
        let pause = [MILLISECOND, 20 * MILLISECOND, 200 * MILLISECOND];
        let pause = pause[world.random.below(3) as usize];
        let until = world.now + world.random.below(pause);
        world.advance_to(until);
    }
    finish_closing(world);
    let mut stay = 0..world.nodes();
    stay.find(|node| world.node(*node).is_some())
        .expect("one stays")
}

/// Lets the nodes that are being closed end.
fn finish_closing<N: Node>(world: &mut World<N>) {
    while (0..world.nodes()).any(|node| world.is_closing(node)) {
        world.advance_to(world.now + 20 * MILLISECOND);
    }
}
