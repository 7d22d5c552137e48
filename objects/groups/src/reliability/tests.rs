//! Schedules of faults, with a membership that knows everything.

use super::frame::PART;
use super::*;
use crate::world::faults::{self, Director, Plan};
use crate::world::judge::{self, At, Declared, Step, What};
use crate::world::views::{Told, Views};
use crate::world::{Node, Out, Random, Record, World};

mod units;

const TAG: Tag = *b"reliable";
const LIMITS: Limits = Limits {
    window: 8,
    backlog: 1 << 20,
};

/// One member, alone in its node.
struct Member {
    machine: Reliable,
    is_leaving: bool,
}

enum Input {
    Say(u64, usize),
    Told(Told),
}

#[derive(Clone, Debug, PartialEq)]
enum Did {
    Channel(What),
    /// Saw a view, as this member.
    Saw(u64, u64),
    Fail(String),
}

impl Member {
    fn take(actions: Vec<Action>, out: &mut Out<Did>) {
        for action in actions {
            match action {
                Action::Send(frame) => out.frames.push(frame),
                Action::Receive(message) => {
                    let number = judge::number(&message);
                    out.did.push(Did::Channel(What::Receive(number)));
                }
                Action::View(_) | Action::Warn(_) => {}
                Action::Fail(reason) => out.did.push(Did::Fail(reason)),
            }
        }
    }
}

impl Node for Member {
    type Input = Input;
    type Did = Did;
    type Saved = ();

    fn start(env: &mut Env<'_>, _: Option<()>, out: &mut Out<Did>) -> Self {
        let mut machine = Reliable::new(TAG, LIMITS);
        out.did.push(Did::Channel(What::Connect));
        Member::take(machine.connected(env), out);
        Member {
            machine,
            is_leaving: false,
        }
    }

    fn frame(&mut self, env: &mut Env<'_>, frame: &[u8], out: &mut Out<Did>) {
        Member::take(self.machine.frame(env, frame), out);
    }

    fn input(&mut self, env: &mut Env<'_>, input: Input, out: &mut Out<Did>) {
        let actions = match input {
            Input::Say(number, size) => {
                out.did.push(Did::Channel(What::Send(number)));
                self.machine.send(env, &judge::message(number, size), false)
            }
            Input::Told(Told::View(view)) => {
                out.did.push(Did::Saw(view.number, view.me));
                self.machine.view(env, view)
            }
            Input::Told(Told::Blocked) => {
                self.machine.blocked();
                Vec::new()
            }
        };
        Member::take(actions, out);
    }

    fn timer(&mut self, env: &mut Env<'_>, out: &mut Out<Did>) {
        Member::take(self.machine.timer(env), out);
    }

    fn deadline(&self) -> Option<u64> {
        self.machine.deadline()
    }

    fn leave(&mut self, _: &mut Env<'_>, _: &mut Out<Did>) {
        self.is_leaving = true;
    }

    fn has_left(&self) -> bool {
        self.is_leaving && self.machine.has_finished()
    }

    fn save(&self) {}
}

/// Who speaks, and the membership.
struct Talk {
    views: Views,
    said: u64,
    /// So many messages are said.
    most: u64,
}

impl Director<Member> for Talk {
    fn speak(&mut self, world: &mut World<Member>) {
        let node = world.random.below(world.nodes() as u64) as usize;
        if world.node(node).is_none() || world.is_paused(node) || world.is_closing(node) {
            return;
        }
        let burst = if world.random.percent(10) { 20 } else { 2 };
        for _ in 0..world.random.below(burst) + 1 {
            if self.said == self.most {
                return;
            }
            self.said += 1;
            let size = if world.random.percent(90) {
                8
            } else {
                3 * PART
            };
            let size = world.random.below(size as u64) as usize;
            world.input(node, Input::Say(self.said, size));
        }
    }

    fn changed(&mut self, world: &mut World<Member>) {
        self.views.reconsider(world, Input::Told);
    }

    fn healed(&mut self, world: &mut World<Member>) {
        self.views.complete(world, Input::Told);
    }
}

const PLAN: Plan = Plan {
    loss: 30,
    ..faults::ALL
};

/// A schedule of 2 to 9 nodes, and what is wrong with what happened.
fn schedule(seed: u64) -> (World<Member>, Result<(), String>) {
    let nodes = 2 + Random::new(seed ^ 0x5ca1_ab1e).below(8) as usize;
    run(seed, nodes, u64::MAX, 0)
}

/// The same, and many that would crash are closed.
fn closing_schedule(seed: u64) -> (World<Member>, Result<(), String>) {
    let nodes = 2 + Random::new(seed ^ 0x5ca1_ab1e).below(8) as usize;
    run(seed, nodes, u64::MAX, 70)
}

fn run(seed: u64, nodes: usize, most: u64, closes: u64) -> (World<Member>, Result<(), String>) {
    let mut world = World::new(seed, nodes);
    let mut talk = Talk {
        views: Views::default(),
        said: 0,
        most,
    };
    let plan = Plan { closes, ..PLAN };
    faults::run(&mut world, &plan, 20 * SECOND, &mut talk);
    let verdict = judged(&world);
    (world, verdict)
}

fn channel(history: &[Record<Did>]) -> Vec<(At, What)> {
    let events = history.iter().filter_map(|record| match &record.did {
        Did::Channel(what) => Some(((record.node, record.run), *what)),
        _ => None,
    });
    events.collect()
}

fn judged(world: &World<Member>) -> Result<(), String> {
    judge::fifo(&channel(&world.history))?;
    for record in &world.history {
        if let Did::Fail(reason) = &record.did {
            let (node, at) = (record.node, record.at / MILLISECOND);
            return Err(format!("{node} failed after {at} ms: {reason}"));
        }
    }
    bounded(world)?;
    let steps = world.history.iter().filter_map(|record| {
        let step = match record.did {
            Did::Channel(what) => Step::Did(what),
            Did::Saw(view, me) => Step::Saw(view, me),
            Did::Fail(_) => return None,
        };
        Some(((record.node, record.run), step))
    });
    judge::agreed(steps, &world.here(), &world.left)
}

/// Nobody keeps more than its bounds, and in the end nobody keeps anything.
fn bounded(world: &World<Member>) -> Result<(), String> {
    for node in 0..world.nodes() {
        let machine = &world.node(node).expect("all run").machine;
        for (member, stream) in &machine.streams {
            if !stream.parts.is_empty() || stream.closed.is_some() {
                let kept = stream.parts.len();
                return Err(format!("{node} still keeps {kept} parts of {member}"));
            }
        }
    }
    Ok(())
}

/// The first seed of a range that shows something wrong.
fn first_wrong(seeds: std::ops::Range<u64>) -> Option<(u64, String)> {
    let mut wrong = seeds.filter_map(|seed| Some((seed, schedule(seed).1.err()?)));
    wrong.next()
}

#[test]
fn whatever_happens_members_receive_the_same_in_order_and_once() {
    assert_eq!(first_wrong(faults::seeds()), None);
}

#[test]
fn what_who_is_closed_has_sent_all_receive_who_stay() {
    let wrong = |seed| closing_schedule(seed).1.err();
    for seed in faults::seeds() {
        assert_eq!(wrong(seed), None, "seed {seed}");
    }
    let caught = fault::with(Fault::LeavesUnheard, || (0..100).find_map(wrong));
    assert!(caught.is_some());
}

#[test]
fn what_the_type_declares_is_kept() {
    for seed in 0..10 {
        // About as many messages as the monitors can remember.
        let (world, _) = run(seed, 3, 16, 0);
        let declared = Declared::by("ReliableChannelService");
        let judged = declared.judge_all(&channel(&world.history));
        assert_eq!(judged, Ok(()), "seed {seed}");
    }
}

/// Each of these once made a schedule fail.
#[test]
fn what_went_wrong_once_does_not_again() {
    let seeds = [
        // A member that had left was forgotten by those who had room for nothing more of it.
        20, // A newcomer was told to begin behind a part that nobody but its sender had.
        63, 928, 1262,
        // Newcomers waited for somebody who kept more than it had to, and had no room.
        25,
        // What a proxy sent as an excluded member came after what it sent as the next one.
        64,  // What had come early was not counted when others turned out to have it.
        128, // Who had joined later told where somebody else begins.
        283,
    ];
    for seed in seeds {
        assert_eq!(schedule(seed).1, Ok(()), "seed {seed}");
    }
}

/// The judges notice when the protocol is broken: none of these gets through 400 schedules.
#[test]
fn every_mutant_is_caught() {
    let mutants = [
        Fault::NoRequests,
        Fault::NoDuplicates,
        Fault::NoWindow,
        Fault::WrongSender,
        Fault::EarlyStart,
        Fault::NoFlush,
        Fault::NoBarrier,
        Fault::FreesEarly,
    ];
    for mutant in mutants {
        let caught = fault::with(mutant, || first_wrong(0..400));
        assert!(caught.is_some(), "{mutant:?} was not noticed");
    }
}
