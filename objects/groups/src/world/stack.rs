//! Members that stack protocols on each other: `reliable`, above it `virtual_synchrony`, above that
//! `ordered` or nothing, with a membership that knows everything.

use std::collections::{BTreeSet, VecDeque};

use super::faults::{self, Director, Plan};
use super::forger::with_forged;
use super::judge::{self, At, What};
use super::views::{Told, Views};
use super::{Node, Out, Random, World};
use crate::env::{Env, SECOND};
use crate::reliability::{self, Limits, Reliable};
use crate::sequencing::{self, Sequencing};
use crate::synchrony::{self, Synchrony};
use crate::view::View;

const LIMITS: Limits = Limits {
    window: 8,
    backlog: 1 << 20,
};

/// One member, with `ordered` on top or not.
pub(crate) struct Stack<const ORDERED: bool> {
    reliable: Reliable,
    synchrony: Synchrony,
    sequencing: Sequencing,
    is_leaving: bool,
}

pub(crate) enum Input {
    Say(u64, usize),
    Told(Told),
    /// A quorum answers again: an omniscient membership tells a view then.
    Resumed,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Did {
    Connect,
    Send(u64),
    Receive(Vec<u8>),
    View(View),
    Warn(String),
    Fail(String),
}

enum Step {
    Reliable(reliability::Action),
    Synchrony(synchrony::Action),
    Sequencing(sequencing::Action),
}

impl<const ORDERED: bool> Stack<ORDERED> {
    /// Sends a message at the top.
    pub(crate) fn send(&mut self, env: &mut Env<'_>, message: &[u8], out: &mut Out<Did>) {
        let steps = if ORDERED {
            let did = self.sequencing.send(message);
            did.into_iter().map(Step::Sequencing).collect()
        } else {
            let did = self.synchrony.send(message);
            did.into_iter().map(Step::Synchrony).collect()
        };
        self.take(env, steps, out);
    }

    /// Those above have more to send before they leave, or not any more.
    pub(crate) fn unfinished(
        &mut self,
        env: &mut Env<'_>,
        is_unfinished: bool,
        out: &mut Out<Did>,
    ) {
        let did = self.sequencing.unfinished(is_unfinished);
        self.take(env, did.into_iter().map(Step::Sequencing).collect(), out);
    }

    fn reliable(&mut self, env: &mut Env<'_>, did: Vec<reliability::Action>, out: &mut Out<Did>) {
        self.take(env, did.into_iter().map(Step::Reliable).collect(), out);
    }

    fn take(&mut self, env: &mut Env<'_>, mut steps: VecDeque<Step>, out: &mut Out<Did>) {
        while let Some(step) = steps.pop_front() {
            let mut reliable = Vec::new();
            let mut synchrony = Vec::new();
            let mut sequencing = Vec::new();
            match step {
                Step::Reliable(reliability::Action::Send(frame)) => out.frames.push(frame),
                Step::Reliable(reliability::Action::Receive(it)) => {
                    let received = with_forged(it);
                    synchrony = received
                        .flat_map(|it| self.synchrony.receive(&it))
                        .collect();
                }
                Step::Reliable(reliability::Action::View(it)) => {
                    synchrony = self.synchrony.view(it);
                }
                Step::Synchrony(synchrony::Action::Send(it)) => {
                    reliable = self.reliable.send(env, &it, true);
                }
                Step::Synchrony(synchrony::Action::View(it)) if ORDERED => {
                    sequencing = self.sequencing.view(it);
                }
                Step::Synchrony(synchrony::Action::Receive(it)) if ORDERED => {
                    let received = with_forged(it);
                    sequencing = received
                        .flat_map(|it| self.sequencing.receive(&it))
                        .collect();
                }
                Step::Sequencing(sequencing::Action::Send(it)) => {
                    synchrony = self.synchrony.send(&it);
                }
                Step::Synchrony(synchrony::Action::View(it))
                | Step::Sequencing(sequencing::Action::View(it)) => {
                    out.did.push(Did::View(it));
                }
                Step::Synchrony(synchrony::Action::Receive(it))
                | Step::Sequencing(sequencing::Action::Receive(it)) => {
                    out.did.push(Did::Receive(it));
                }
                Step::Reliable(reliability::Action::Warn(text))
                | Step::Sequencing(sequencing::Action::Warn(text)) => {
                    out.did.push(Did::Warn(text));
                }
                Step::Reliable(reliability::Action::Fail(reason))
                | Step::Synchrony(synchrony::Action::Fail(reason))
                | Step::Sequencing(sequencing::Action::Fail(reason)) => {
                    out.did.push(Did::Fail(reason));
                }
            }
            steps.extend(reliable.into_iter().map(Step::Reliable));
            steps.extend(synchrony.into_iter().map(Step::Synchrony));
            steps.extend(sequencing.into_iter().map(Step::Sequencing));
        }
    }
}

impl<const ORDERED: bool> Node for Stack<ORDERED> {
    type Input = Input;
    type Did = Did;
    type Saved = ();

    fn start(env: &mut Env<'_>, _: Option<()>, out: &mut Out<Did>) -> Self {
        let mut stack = Stack {
            reliable: Reliable::new(*b"reliable", LIMITS),
            synchrony: Synchrony::new(*b"synchron", 1 << 20),
            sequencing: Sequencing::new(*b"ordered ", 1 << 20),
            is_leaving: false,
        };
        out.did.push(Did::Connect);
        let did = stack.reliable.connected(env);
        stack.reliable(env, did, out);
        stack
    }

    fn frame(&mut self, env: &mut Env<'_>, frame: &[u8], out: &mut Out<Did>) {
        let did = self.reliable.frame(env, frame);
        self.reliable(env, did, out);
    }

    fn input(&mut self, env: &mut Env<'_>, input: Input, out: &mut Out<Did>) {
        let steps: VecDeque<Step> = match input {
            Input::Say(number, size) => {
                out.did.push(Did::Send(number));
                return self.send(env, &judge::message(number, size), out);
            }
            Input::Told(Told::View(view)) => {
                let did = self.reliable.view(env, view);
                did.into_iter().map(Step::Reliable).collect()
            }
            Input::Told(Told::Blocked) => {
                self.reliable.blocked();
                VecDeque::new()
            }
            Input::Resumed => {
                let did = self.reliable.resumed(env);
                did.into_iter().map(Step::Reliable).collect()
            }
        };
        self.take(env, steps, out);
    }

    fn timer(&mut self, env: &mut Env<'_>, out: &mut Out<Did>) {
        let did = self.reliable.timer(env);
        self.reliable(env, did, out);
    }

    fn deadline(&self) -> Option<u64> {
        self.reliable.deadline()
    }

    fn leave(&mut self, env: &mut Env<'_>, out: &mut Out<Did>) {
        self.is_leaving = true;
        let did = self.sequencing.leave();
        self.take(env, did.into_iter().map(Step::Sequencing).collect(), out);
    }

    fn has_left(&self) -> bool {
        self.is_leaving
            && (!ORDERED || self.sequencing.has_left())
            && self.synchrony.has_finished()
            && self.reliable.has_finished()
    }

    fn save(&self) {}
}

/// Who speaks, and the membership.
#[derive(Default)]
pub(crate) struct Talk {
    views: Views,
    /// The members have a membership of their own.
    has_own_views: bool,
    said: u64,
    /// What was said when everything had healed, by whom.
    pub(crate) last: Vec<(At, u64)>,
}

impl Talk {
    /// Members with a membership of their own.
    pub(crate) fn among_themselves() -> Talk {
        Talk {
            has_own_views: true,
            ..Talk::default()
        }
    }

    /// This one says something.
    pub(crate) fn speak_of<N: Node<Input = Input>>(&mut self, world: &mut World<N>, node: usize) {
        self.say(world, node);
    }

    fn say<N: Node<Input = Input>>(&mut self, world: &mut World<N>, node: usize) {
        self.said += 1;
        let size = if world.random.percent(90) { 8 } else { 3_000 };
        let size = world.random.below(size) as usize;
        world.input(node, Input::Say(self.said, size));
    }
}

impl<N: Node<Input = Input>> Director<N> for Talk {
    fn speak(&mut self, world: &mut World<N>) {
        let node = world.random.below(world.nodes() as u64) as usize;
        if world.node(node).is_none() || world.is_paused(node) || world.is_closing(node) {
            return;
        }
        let burst = if world.random.percent(10) { 20 } else { 2 };
        for _ in 0..world.random.below(burst) + 1 {
            self.say(world, node);
        }
    }

    fn changed(&mut self, world: &mut World<N>) {
        if !self.has_own_views {
            self.views.reconsider(world, Input::Told);
        }
    }

    fn healed(&mut self, world: &mut World<N>) {
        let patience = match self.has_own_views {
            true => 30,
            false => {
                self.views.complete(world, Input::Told);
                5
            }
        };
        let until = world.now + patience * SECOND;
        world.advance_to(until);
        for node in 0..world.nodes() {
            self.say(world, node);
            self.last.push(((node, world.run(node)), self.said));
        }
    }
}

/// What is wrong with a schedule of 2 to 9 members, of which so many are closed where they would crash, in
/// percent.
fn schedule<const ORDERED: bool>(seed: u64, closes: u64) -> Result<(), String> {
    let nodes = 2 + Random::new(seed ^ 0x5ca1_ab1e).below(8) as usize;
    run::<ORDERED>(seed, nodes, faults::ALL.steps, closes).1
}

/// A short schedule of few members: what happened at the top, which takes time to judge, and what is wrong
/// with it.
pub(crate) fn short_schedule<const ORDERED: bool>(
    seed: u64,
) -> (Vec<(At, What)>, Result<(), String>) {
    let nodes = 2 + Random::new(seed ^ 0x5ca1_ab1e).below(2) as usize;
    run::<ORDERED>(seed, nodes, 8, 0)
}

fn run<const ORDERED: bool>(
    seed: u64,
    nodes: usize,
    steps: u64,
    closes: u64,
) -> (Vec<(At, What)>, Result<(), String>) {
    let mut world = World::<Stack<ORDERED>>::new(seed, nodes);
    let plan = Plan {
        steps,
        closes,
        loss: 30,
        ..faults::ALL
    };
    let mut talk = Talk::default();
    faults::run(&mut world, &plan, 20 * SECOND, &mut talk);
    let mut history = Vec::new();
    for record in &world.history {
        let at = (record.node, record.run);
        let what = match &record.did {
            Did::Connect => What::Connect,
            Did::Send(number) => What::Send(*number),
            Did::Receive(message) => What::Receive(judge::number(message)),
            Did::View(view) => What::View(view.group, view.number),
            Did::Warn(_) => continue,
            Did::Fail(reason) => {
                let reason = Err(format!("{at:?} failed: {reason}"));
                return (history, reason);
            }
        };
        history.push((at, what));
    }
    let verdict = judge::fifo(&history)
        .and_then(|()| judge::virtual_synchrony(&history))
        .and_then(|()| match ORDERED {
            true => judge::total_order(&history),
            false => Ok(()),
        })
        .and_then(|()| live(&history, &talk.last));
    (history, verdict)
}

/// What is said when everything has healed is received by all.
fn live(history: &[(At, What)], last: &[(At, u64)]) -> Result<(), String> {
    let received: BTreeSet<(At, u64)> = history
        .iter()
        .filter_map(|(at, what)| match what {
            What::Receive(message) => Some((*at, *message)),
            _ => None,
        })
        .collect();
    for (by, message) in last {
        for (at, _) in last {
            if !received.contains(&(*at, *message)) {
                return Err(format!("{at:?} never received {message} of {by:?}"));
            }
        }
    }
    Ok(())
}

/// The first seed of a range that shows something wrong.
pub(crate) fn first_wrong<const ORDERED: bool>(
    seeds: std::ops::Range<u64>,
    closes: u64,
) -> Option<(u64, String)> {
    let mut wrong = seeds.filter_map(|seed| Some((seed, schedule::<ORDERED>(seed, closes).err()?)));
    wrong.next()
}
