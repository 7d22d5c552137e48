//! The guarantees, in virtual time.

use super::*;
use crate::env::{MILLISECOND, SECOND};
use crate::world::{Network, Node, Out, Random, World};

const TAG: Tag = *b"detector";
const PERIOD: u64 = 100 * MILLISECOND;
const TIMEOUT: u64 = 350 * MILLISECOND;
/// No message takes longer.
const LATENCY: u64 = 50 * MILLISECOND;

/// One detector that is told whom to look after.
struct Machine(Detector);

#[derive(Clone)]
struct Monitor {
    me: u64,
    peers: Vec<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Did {
    Asked(usize),
    Answered,
    Suspect(u64),
    Restore(u64),
}

thread_local! {
    static SWEEP: std::cell::Cell<bool> = const { std::cell::Cell::new(true) };
}

fn take(actions: Vec<Action>, out: &mut Out<Did>) {
    for action in actions {
        match action {
            Action::Send(frame) => {
                let (kind, mut reader) = Reader::open(&frame, TAG).unwrap();
                reader.u64().unwrap();
                out.did.push(match kind {
                    ASK => Did::Asked(reader.count(8).unwrap()),
                    _ => Did::Answered,
                });
                out.frames.push(frame);
            }
            Action::Suspect(peer) => out.did.push(Did::Suspect(peer)),
            Action::Restore(peer) => out.did.push(Did::Restore(peer)),
        }
    }
}

impl Node for Machine {
    type Input = Monitor;
    type Did = Did;
    type Saved = ();

    fn start(env: &mut Env<'_>, _: Option<()>, out: &mut Out<Did>) -> Self {
        let settings = Settings {
            period: PERIOD,
            timeout: TIMEOUT,
            sweep: SWEEP.get(),
        };
        let mut machine = Machine(Detector::new(TAG, settings));
        take(machine.0.connected(env), out);
        machine
    }

    fn frame(&mut self, env: &mut Env<'_>, frame: &[u8], out: &mut Out<Did>) {
        take(self.0.frame(env, frame), out);
    }

    fn input(&mut self, env: &mut Env<'_>, input: Monitor, out: &mut Out<Did>) {
        take(self.0.monitor(env, input.me, &input.peers), out);
    }

    fn timer(&mut self, env: &mut Env<'_>, out: &mut Out<Did>) {
        take(self.0.timer(env), out);
    }

    fn deadline(&self) -> Option<u64> {
        self.0.deadline()
    }

    fn save(&self) {}
}

/// Detectors 0 to `nodes - 1`; the first one looks after all others.
fn world(seed: u64, nodes: usize, sweep: bool) -> World<Machine> {
    SWEEP.set(sweep);
    let mut world = World::new(seed, nodes);
    world.network = Network {
        loss: 0,
        repeat: 5,
        delay: LATENCY,
    };
    let all: Vec<u64> = (0..nodes as u64).collect();
    for node in 0..nodes {
        world.start(node, false);
        let peers = if node == 0 { all.clone() } else { Vec::new() };
        let me = node as u64;
        world.input(node, Monitor { me, peers });
    }
    world
}

fn news(world: &World<Machine>) -> Vec<(u64, Did)> {
    let news = world.history.iter();
    let news = news.filter(|it| matches!(it.did, Did::Suspect(_) | Did::Restore(_)));
    news.map(|it| (it.at, it.did.clone())).collect()
}

#[test]
fn a_peer_that_falls_silent_is_suspected_in_its_time_and_restored_when_it_answers() {
    for seed in 0..200 {
        let mut dice = Random::new(seed);
        let mut world = world(seed, 4, true);
        world.advance_to(SECOND + dice.below(SECOND));
        world.pause(2);
        let answers = world.history.iter().rev();
        let mut answers = answers.filter(|it| it.node == 2 && it.did == Did::Answered);
        let last = answers.next().unwrap().at;
        world.advance_to(world.now + 2 * SECOND);
        let [(at, Did::Suspect(2))] = news(&world)[..] else {
            panic!("seed {seed}: {:?}", news(&world));
        };
        let bounds = last + TIMEOUT..=last + TIMEOUT + PERIOD + LATENCY;
        assert!(bounds.contains(&at), "seed {seed}: {last} and {at}");
        assert!(at <= last + TIMEOUT + LATENCY, "seed {seed}");
        world.resume(2);
        world.advance_to(world.now + LATENCY);
        assert!(
            matches!(news(&world)[..], [_, (_, Did::Restore(2))]),
            "seed {seed}"
        );
    }
}

#[test]
fn a_peer_that_never_answered_is_suspected_a_timeout_after_it_was_named() {
    let mut world = world(1, 1, true);
    let peers = vec![0, 7];
    world.input(0, Monitor { me: 0, peers });
    world.advance_to(SECOND);
    assert_eq!(news(&world), [(TIMEOUT, Did::Suspect(7))]);
}

#[test]
fn who_is_not_named_any_more_is_not_suspected_and_begins_anew() {
    let mut world = world(2, 3, true);
    world.advance_to(SECOND);
    world.crash(1);
    world.crash(2);
    world.advance_to(world.now + 2 * PERIOD);
    world.input(
        0,
        Monitor {
            me: 0,
            peers: vec![1],
        },
    );
    world.advance_to(world.now + SECOND);
    let [(_, Did::Suspect(1))] = news(&world)[..] else {
        panic!("{:?}", news(&world));
    };
    let named = world.now;
    world.input(
        0,
        Monitor {
            me: 0,
            peers: vec![1, 2],
        },
    );
    world.advance_to(world.now + SECOND);
    assert_eq!(news(&world)[1..], [(named + TIMEOUT, Did::Suspect(2))]);
}

#[test]
fn nobody_is_suspected_in_an_hour_of_delays_below_the_timeout() {
    let mut world = world(3, 3, true);
    world.advance_to(3_600 * SECOND);
    assert_eq!(news(&world), []);
    let mut world = world_of_one_at_a_time();
    world.advance_to(3_600 * SECOND);
    assert_eq!(news(&world), []);
}

/// Two peers, each asked in every second period.
fn world_of_one_at_a_time() -> World<Machine> {
    let mut world = world(4, 3, false);
    world.network.delay = LATENCY;
    world
}

#[test]
fn there_are_as_many_questions_as_the_formula_says() {
    for (nodes, sweep) in [(1, true), (4, true), (4, false), (9, true)] {
        let mut world = world(5, nodes, sweep);
        let time = 10 * SECOND + 1;
        world.advance_to(time);
        let asked = world.history.iter().filter_map(|it| match it.did {
            Did::Asked(count) => Some(count),
            _ => None,
        });
        let asked: Vec<usize> = asked.collect();
        let peers = nodes - 1;
        let questions = if peers == 0 { 0 } else { time / PERIOD + 1 };
        assert_eq!(asked.len() as u64, questions, "{nodes} nodes");
        let each = if sweep { peers } else { 1 };
        assert!(asked.iter().all(|count| *count == each), "{nodes} nodes");
    }
}

#[test]
fn many_peers_are_asked_in_several_frames() {
    let mut detector = Detector::new(
        TAG,
        Settings {
            period: PERIOD,
            timeout: TIMEOUT,
            sweep: true,
        },
    );
    let mut env = Env {
        now: 0,
        random: &mut || 0,
    };
    detector.connected(&mut env);
    let peers: Vec<u64> = (1..=250).collect();
    let frames = detector.monitor(&mut env, 0, &peers);
    let sizes = frames.iter().map(|action| match action {
        Action::Send(frame) => frame.len(),
        other => panic!("{other:?}"),
    });
    let sizes: Vec<usize> = sizes.collect();
    assert_eq!(sizes.len(), 3);
    assert!(sizes.iter().all(|size| *size <= 1_070));
}

#[test]
fn what_nobody_wrote_is_dropped() {
    let settings = Settings {
        period: PERIOD,
        timeout: TIMEOUT,
        sweep: true,
    };
    let mut detector = Detector::new(TAG, settings);
    let mut env = Env {
        now: 1,
        random: &mut || 0,
    };
    detector.connected(&mut env);
    detector.monitor(&mut env, 0, &[1]);
    let mut dice = Random::new(7);
    for _ in 0..10_000 {
        let length = dice.below(40) as usize;
        let mut frame = TAG.to_vec();
        frame.extend((0..length).map(|_| dice.below(4) as u8));
        detector.frame(&mut env, &frame);
    }
    assert!(detector.peers.keys().eq(&[1]));
}
