//! Schedules of faults, on `reliable` and with a membership that knows everything.

use std::collections::BTreeSet;

use super::*;
use crate::env::{Env, SECOND};
use crate::reliability::{self, Limits, Reliable};
use crate::world::faults::{self, Director, Plan};
use crate::world::judge::{self, At, Declared, Step, What};
use crate::world::views::{Told, Views};
use crate::world::{Node, Out, Random, World};

const LIMITS: Limits = Limits {
    window: 8,
    backlog: 1 << 20,
};

/// A member with its stack.
struct Member {
    causal: Causal,
    reliable: Reliable,
    is_leaving: bool,
}

enum Input {
    Say(u64),
    Told(Told),
}

enum Did {
    Channel(What),
    /// Saw a view, as this member.
    Saw(u64, u64),
    Fail(String),
}

impl Member {
    /// Does what the upper layer wants, and what follows from it below.
    fn upper(&mut self, env: &mut Env<'_>, actions: Vec<Action>, out: &mut Out<Did>) {
        for action in actions {
            match action {
                Action::Send(frame) => {
                    let actions = self.reliable.send(env, &frame, false);
                    self.lower(env, actions, out);
                }
                Action::Receive(message) => {
                    let number = judge::number(&message);
                    out.did.push(Did::Channel(What::Receive(number)));
                }
                Action::Fail(reason) => out.did.push(Did::Fail(reason)),
            }
        }
    }

    fn lower(&mut self, env: &mut Env<'_>, actions: Vec<reliability::Action>, out: &mut Out<Did>) {
        for action in actions {
            match action {
                reliability::Action::Send(frame) => out.frames.push(frame),
                reliability::Action::Receive(frame) => {
                    let actions = self.causal.frame(&frame);
                    self.upper(env, actions, out);
                }
                reliability::Action::View(_) | reliability::Action::Warn(_) => {}
                reliability::Action::Fail(reason) => out.did.push(Did::Fail(reason)),
            }
        }
    }
}

impl Node for Member {
    type Input = Input;
    type Did = Did;
    type Saved = ();

    fn start(env: &mut Env<'_>, _: Option<()>, out: &mut Out<Did>) -> Self {
        let mut member = Member {
            causal: Causal::new(*b"causal  "),
            reliable: Reliable::new(*b"reliable", LIMITS),
            is_leaving: false,
        };
        out.did.push(Did::Channel(What::Connect));
        let actions = member.reliable.connected(env);
        member.lower(env, actions, out);
        member
    }

    fn frame(&mut self, env: &mut Env<'_>, frame: &[u8], out: &mut Out<Did>) {
        let actions = self.reliable.frame(env, frame);
        self.lower(env, actions, out);
    }

    fn input(&mut self, env: &mut Env<'_>, input: Input, out: &mut Out<Did>) {
        match input {
            Input::Say(number) => {
                out.did.push(Did::Channel(What::Send(number)));
                let actions = self.causal.send(&judge::message(number, 8));
                self.upper(env, actions, out);
            }
            Input::Told(Told::View(view)) => {
                out.did.push(Did::Saw(view.number, view.me));
                // What the layers want comes after both have seen the view, in either order.
                let first = env.below(2) == 0;
                let upper = first.then(|| self.causal.view(view.clone()));
                let lower = self.reliable.view(env, view.clone());
                if first {
                    self.upper(env, upper.unwrap_or_default(), out);
                    self.lower(env, lower, out);
                } else {
                    self.lower(env, lower, out);
                    let upper = self.causal.view(view);
                    self.upper(env, upper, out);
                }
            }
            Input::Told(Told::Blocked) => self.reliable.blocked(),
        }
    }

    fn timer(&mut self, env: &mut Env<'_>, out: &mut Out<Did>) {
        let actions = self.reliable.timer(env);
        self.lower(env, actions, out);
    }

    fn deadline(&self) -> Option<u64> {
        self.reliable.deadline()
    }

    fn leave(&mut self, _: &mut Env<'_>, _: &mut Out<Did>) {
        self.is_leaving = true;
    }

    fn has_left(&self) -> bool {
        self.is_leaving && self.causal.has_finished() && self.reliable.has_finished()
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
        for _ in 0..world.random.below(4) {
            let node = world.random.below(world.nodes() as u64) as usize;
            let speaks = world.node(node).is_some() && !world.is_closing(node);
            if speaks && !world.is_paused(node) && self.said < self.most {
                self.said += 1;
                world.input(node, Input::Say(self.said));
                let soon = world.now + world.random.below(SECOND / 20);
                world.advance_to(soon);
            }
        }
    }

    fn changed(&mut self, world: &mut World<Member>) {
        self.views.reconsider(world, Input::Told);
    }

    fn healed(&mut self, world: &mut World<Member>) {
        self.views.complete(world, Input::Told);
    }
}

/// What happened in a schedule, and what is wrong with it.
fn run(seed: u64, nodes: usize, most: u64, closes: u64) -> (Vec<(At, What)>, Result<(), String>) {
    let mut world = World::new(seed, nodes);
    let mut talk = Talk {
        views: Views::default(),
        said: 0,
        most,
    };
    let plan = Plan {
        loss: 30,
        closes,
        ..faults::ALL
    };
    faults::run(&mut world, &plan, 20 * SECOND, &mut talk);
    let mut history = Vec::new();
    for record in &world.history {
        match &record.did {
            Did::Channel(what) => history.push(((record.node, record.run), *what)),
            Did::Saw(..) => {}
            Did::Fail(reason) => return (history, Err(reason.clone())),
        }
    }
    // What somebody said who came back as another member some may receive and others not.
    let mut seen = BTreeSet::new();
    let views = world.history.iter().filter_map(|record| match record.did {
        Did::Saw(_, me) => Some(((record.node, record.run), me)),
        _ => None,
    });
    let saw: BTreeSet<(At, u64)> = views.collect();
    let came_back: BTreeSet<At> = saw
        .iter()
        .map(|(at, _)| *at)
        .filter(|at| !seen.insert(*at))
        .collect();
    let steps = world.history.iter().filter_map(|record| {
        let step = match record.did {
            Did::Channel(What::Send(_)) if came_back.contains(&(record.node, record.run)) => {
                return None;
            }
            Did::Channel(what) => Step::Did(what),
            Did::Saw(view, me) => Step::Saw(view, me),
            Did::Fail(_) => return None,
        };
        Some(((record.node, record.run), step))
    });
    let verdict = judge::fifo(&history)
        .and_then(|()| judge::causal(&history))
        .and_then(|()| finished(&world))
        .and_then(|()| judge::agreed(steps, &world.here(), &world.left));
    (history, verdict)
}

/// In the end nothing waits.
fn finished(world: &World<Member>) -> Result<(), String> {
    for node in 0..world.nodes() {
        let causal = &world.node(node).expect("all run").causal;
        if let Some((member, waiting)) = causal.waiting.iter().find(|(_, it)| !it.is_empty()) {
            let causes = &waiting[0].causes;
            return Err(format!("{node} keeps a message of {member}: {causes:?}"));
        }
    }
    Ok(())
}

fn first_wrong(seeds: std::ops::Range<u64>, closes: u64) -> Option<(u64, String)> {
    let nodes = |seed| 2 + Random::new(seed ^ 0x5ca1_ab1e).below(8) as usize;
    let mut wrong =
        seeds.filter_map(|seed| Some((seed, run(seed, nodes(seed), u64::MAX, closes).1.err()?)));
    wrong.next()
}

#[test]
fn whatever_happens_causes_come_before_effects() {
    assert_eq!(first_wrong(faults::seeds(), 0), None);
}

#[test]
fn whoever_is_closed_causes_come_before_effects() {
    assert_eq!(first_wrong(faults::seeds(), 70), None);
}

#[test]
fn what_the_type_declares_is_kept() {
    for seed in 0..10 {
        let (history, _) = run(seed, 3, 16, 0);
        let declared = Declared::by("CausalChannelService");
        assert_eq!(declared.judge_all(&history), Ok(()), "seed {seed}");
    }
}

/// The judges notice when the protocol is broken: none of these gets through 400 schedules, from the
/// seed that stands beside it on.
#[test]
fn every_mutant_is_caught() {
    let mutants = [
        (Fault::NoCauses, 0),
        (Fault::NoPatience, 0),
        (Fault::SettlesAtOnce, 0),
        (Fault::WaitsForEarlier, 0),
        (Fault::ForgetsPast, 2_600),
    ];
    for (mutant, from) in mutants {
        let caught = fault::with(mutant, || first_wrong(from..from + 400, 0));
        assert!(caught.is_some(), "{mutant:?}");
    }
}
