//! Several replicas on a simulated channel that loses, repeats and reorders.

use std::collections::BTreeMap;

use super::*;
use crate::random::Random;

struct Node {
    replica: Replica,
    random: Random,
    /// What a viewer sees who only gets the changes.
    shown: Vec<String>,
}

#[derive(Clone, Copy)]
pub(super) struct Network {
    /// In percent.
    pub(super) loss: u64,
    pub(super) repeat: u64,
    /// Up to so long on the way.
    pub(super) delay: u64,
}

pub(super) const PERFECT: Network = Network {
    loss: 0,
    repeat: 0,
    delay: MILLISECOND,
};

pub(super) struct World {
    pub(super) now: u64,
    random: Random,
    network: Network,
    nodes: BTreeMap<usize, Node>,
    joined: usize,
    on_the_way: BTreeMap<(u64, u64), (usize, Vec<u8>)>,
    sequence: u64,
    pub(super) sent: u64,
    pub(super) sent_bytes: u64,
    /// Every datagram, if wanted.
    pub(super) captured: Option<Vec<Vec<u8>>>,
}

impl World {
    pub(super) fn new(seed: u64, network: Network) -> Self {
        World {
            now: 0,
            random: Random::new(seed),
            network,
            nodes: BTreeMap::new(),
            joined: 0,
            on_the_way: BTreeMap::new(),
            sequence: 0,
            sent: 0,
            sent_bytes: 0,
            captured: None,
        }
    }

    pub(super) fn join(&mut self) -> usize {
        let name = self.joined;
        self.joined += 1;
        let mut random = Random::new(self.random.next());
        let replica = Replica::new(&mut Env {
            now: self.now,
            random: &mut || random.next(),
        });
        self.nodes.insert(
            name,
            Node {
                replica,
                random,
                shown: Vec::new(),
            },
        );
        self.with(name, |replica, env| replica.connected(env));
        name
    }

    /// Ends a node as SIGKILL does.
    pub(super) fn kill(&mut self, name: usize) {
        self.nodes.remove(&name);
    }

    pub(super) fn with(
        &mut self,
        name: usize,
        act: impl FnOnce(&mut Replica, &mut Env<'_>) -> Vec<Action>,
    ) {
        let node = self.nodes.get_mut(&name).unwrap();
        let mut random = || node.random.next();
        let mut env = Env {
            now: self.now,
            random: &mut random,
        };
        for action in act(&mut node.replica, &mut env) {
            match action {
                Action::Send(datagram) => self.send(name, datagram),
                Action::Changed(changed) => {
                    let shown = &mut self.nodes.get_mut(&name).unwrap().shown;
                    shown.splice(
                        changed.first..changed.first + changed.removed,
                        changed.added,
                    );
                }
                Action::Warn(text) => panic!("{text}"),
            }
        }
    }

    fn send(&mut self, from: usize, datagram: Vec<u8>) {
        assert!(datagram.len() <= crate::frame::MAX_FRAME);
        self.sent += 1;
        self.sent_bytes += datagram.len() as u64;
        if let Some(captured) = &mut self.captured {
            captured.push(datagram.clone());
        }
        for to in self.nodes.keys().copied().filter(|to| *to != from) {
            let copies = match self.random.below(100) {
                dice if dice < self.network.loss => 0,
                dice if dice < self.network.loss + self.network.repeat => 2,
                _ => 1,
            };
            for _ in 0..copies {
                let arrival = self.now + 100_000 + self.random.below(self.network.delay);
                self.sequence += 1;
                self.on_the_way
                    .insert((arrival, self.sequence), (to, datagram.clone()));
            }
        }
    }

    /// Lets what is next happen, if that is before `until`.
    pub(super) fn step(&mut self, until: u64) -> bool {
        let arrival = self.on_the_way.keys().next().map(|(time, _)| *time);
        let timers = self.nodes.iter();
        let timer = timers
            .filter_map(|(name, node)| Some((node.replica.deadline()?, *name)))
            .min();
        match (arrival, timer) {
            (Some(time), timer) if time <= until && timer.is_none_or(|(due, _)| time <= due) => {
                self.now = self.now.max(time);
                let (_, (to, datagram)) = self.on_the_way.pop_first().unwrap();
                if self.nodes.contains_key(&to) {
                    self.with(to, |replica, env| replica.datagram(env, &datagram));
                }
                true
            }
            (_, Some((due, name))) if due <= until => {
                self.now = self.now.max(due);
                self.with(name, |replica, env| replica.timer(env));
                true
            }
            _ => {
                self.now = until;
                false
            }
        }
    }

    pub(super) fn run(&mut self, time: u64) {
        let until = self.now + time;
        while self.step(until) {}
    }

    /// Runs until all agree; fails if they do not within `limit`. Answers how long it took.
    pub(super) fn agree(&mut self, limit: u64) -> u64 {
        let start = self.now;
        while !self.agreed() {
            let more = self.step(start + limit);
            assert!(more, "no agreement: {:?}", self.texts());
        }
        self.now - start
    }

    fn agreed(&mut self) -> bool {
        let mut digests = self
            .nodes
            .values_mut()
            .map(|node| node.replica.document.digest());
        let first = digests.next();
        let agreed = digests.all(|digest| Some(digest) == first);
        if agreed {
            let texts = self.texts();
            assert!(texts.iter().all(|text| *text == texts[0]), "{texts:?}");
        }
        agreed
    }

    pub(super) fn texts(&self) -> Vec<String> {
        let nodes = self.nodes.values();
        nodes
            .map(|node| {
                let text: Vec<_> = node.replica.lines().visible().collect();
                assert_eq!(node.shown, text, "the changes show the text");
                text.join("\n")
            })
            .collect()
    }

    fn random_edit(&mut self, name: usize) {
        let dice = self.random.below(10);
        let (at, delete) = (
            self.random.below(60) as usize,
            self.random.below(8) as usize,
        );
        let word = ["a", "bb\n", "ä€", "𝄞", "\n", "", "lorem ipsum"][self.random.below(7) as usize];
        self.with(name, |replica, env| match dice {
            0..4 => replica.append(env, word),
            4..9 => replica.edit(env, at, delete, word),
            _ => replica.edit(env, at, 0, &word.repeat(400)),
        });
    }
}

/// Lines with `bytes` bytes in all.
pub(super) fn prose(bytes: usize) -> String {
    let mut text = String::new();
    let mut random = Random::new(bytes as u64);
    while text.len() < bytes {
        text.push_str(["quick ", "brown ", "fox ", "jumps\n"][random.below(4) as usize]);
    }
    text.truncate(bytes);
    text
}

#[test]
fn alone_it_works_alone() {
    let mut world = World::new(1, PERFECT);
    let alone = world.join();
    world.with(alone, |replica, env| replica.append(env, "hello"));
    world.run(60 * SECOND);
    assert_eq!(world.texts(), ["hello"]);
    assert!(
        world.sent < 30,
        "{} datagrams in a minute alone",
        world.sent
    );
}

#[test]
fn replicas_that_agree_become_silent() {
    let mut world = World::new(2, PERFECT);
    for _ in 0..4 {
        world.join();
    }
    world.with(0, |replica, env| replica.append(env, "hello"));
    world.run(60 * SECOND);
    let before = world.sent;
    world.run(80 * SECOND);
    let rate = world.sent - before;
    assert!(rate <= 40, "{rate} datagrams in 80 s of agreement");
}

#[test]
fn whatever_the_channel_does_all_agree_in_the_end() {
    for seed in 0..200 {
        let mut dice = Random::new(seed);
        let network = Network {
            loss: dice.below(50),
            repeat: dice.below(20),
            delay: MILLISECOND + dice.below(80 * MILLISECOND),
        };
        let mut world = World::new(seed, network);
        let mut names: Vec<usize> = (0..2 + dice.below(3)).map(|_| world.join()).collect();
        for _ in 0..dice.below(60) {
            let name = names[dice.below(names.len() as u64) as usize];
            match dice.below(20) {
                0 => names.push(world.join()),
                1 if names.len() > 1 => {
                    world.kill(name);
                    names.retain(|other| *other != name);
                }
                _ => world.random_edit(name),
            }
            world.run(dice.below(200 * MILLISECOND));
        }
        world.agree(30 * SECOND);
    }
}

#[test]
fn two_who_edit_at_once_get_the_same_text() {
    let mut world = World::new(3, PERFECT);
    let (left, right) = (world.join(), world.join());
    for number in 0..20 {
        world.with(left, |replica, env| {
            replica.append(env, &format!("left {number}"))
        });
        world.with(right, |replica, env| {
            replica.append(env, &format!("right {number}"))
        });
        world.run(number % 3 * MILLISECOND);
    }
    assert!(world.agree(SECOND) < 100 * MILLISECOND);
    assert_eq!(world.texts()[0].lines().count(), 40);
}

#[test]
fn a_joiner_gets_100_kb_in_two_seconds_though_a_fifth_is_lost() {
    for seed in 0..20 {
        let network = Network {
            loss: 20,
            repeat: 0,
            delay: MILLISECOND,
        };
        let mut world = World::new(seed, network);
        let first = world.join();
        world.with(first, |replica, env| {
            replica.edit(env, 0, 0, &prose(100_000))
        });
        world.run(2 * SECOND);
        let before = world.sent_bytes;
        world.join();
        let time = world.agree(2 * SECOND);
        let bytes = world.sent_bytes - before;
        assert!(
            bytes < 250_000,
            "{bytes} bytes sent in {} ms",
            time / MILLISECOND
        );
    }
}

#[test]
fn a_joiner_is_answered_by_one_of_many() {
    for seed in 0..5 {
        let mut world = World::new(seed, PERFECT);
        for _ in 0..8 {
            world.join();
        }
        world.with(0, |replica, env| replica.edit(env, 0, 0, &prose(100_000)));
        world.run(30 * SECOND);
        let before = world.sent_bytes;
        world.join();
        world.agree(SECOND);
        world.run(SECOND);
        let bytes = world.sent_bytes - before;
        assert!(
            bytes < 230_000,
            "seed {seed}: {bytes} bytes sent for a text of 100,000"
        );
    }
}

#[test]
fn a_joiner_finds_another_when_the_one_who_answers_dies() {
    let mut world = World::new(4, PERFECT);
    let names = [world.join(), world.join(), world.join()];
    world.with(0, |replica, env| replica.edit(env, 0, 0, &prose(400_000)));
    world.run(10 * SECOND);
    let joiner = world.join();
    let before = world.sent;
    while world.sent < before + 40 {
        world.step(u64::MAX);
    }
    let busy = |world: &World, name: &usize| world.nodes[name].replica.sending.deadline().is_some();
    let responder = names.into_iter().find(|name| busy(&world, name)).unwrap();
    world.kill(responder);
    assert!(world.agree(5 * SECOND) < 4 * SECOND);
    assert!(world.texts()[0].len() > 390_000, "{joiner} has the text");
}

#[test]
fn what_the_other_had_survives_a_kill() {
    let mut world = World::new(5, PERFECT);
    let (first, second) = (world.join(), world.join());
    world.with(first, |replica, env| replica.append(env, "kept"));
    world.agree(SECOND);
    world.kill(first);
    world.join();
    world.agree(SECOND);
    assert_eq!(world.texts(), ["kept", "kept"]);
    world.with(second, |replica, env| replica.append(env, "and more"));
    world.agree(SECOND);
}

#[test]
fn what_died_with_its_author_is_not_asked_for_for_ever() {
    let mut world = World::new(9, PERFECT);
    let (stays, author) = (world.join(), world.join());
    world.run(10 * SECOND);
    world.network.loss = 100;
    world.with(author, |replica, env| {
        replica.append(env, "nobody hears this")
    });
    world.network.loss = 0;
    world.with(author, |replica, env| {
        let mut actions = replica.append(env, "but of this");
        actions.extend(replica.connected(env));
        actions
    });
    world.kill(author);
    world.run(30 * SECOND);
    let before = world.sent;
    world.run(80 * SECOND);
    assert!(
        world.sent - before < 25,
        "{} datagrams in vain",
        world.sent - before
    );
    assert!(world.nodes[&stays].replica.held.is_empty());
}

#[test]
fn edits_faster_than_the_channel_are_sent_together() {
    let mut world = World::new(6, PERFECT);
    let (first, _) = (world.join(), world.join());
    world.run(SECOND);
    let before = world.sent;
    for number in 0..2_000 {
        world.with(first, |replica, env| {
            replica.append(env, &number.to_string())
        });
    }
    world.agree(SECOND);
    assert!(
        world.sent - before < 60,
        "{} datagrams",
        world.sent - before
    );
}

#[test]
fn a_version_too_long_for_a_datagram_is_sent_in_chunks() {
    let network = Network {
        loss: 10,
        repeat: 0,
        delay: MILLISECOND,
    };
    let mut world = World::new(7, network);
    let stays = world.join();
    for number in 0..150 {
        let name = world.join();
        world.agree(5 * SECOND);
        world.with(name, |replica, env| {
            replica.append(env, &number.to_string())
        });
        world.agree(5 * SECOND);
        world.kill(name);
    }
    world.join();
    world.agree(5 * SECOND);
    world.with(stays, |replica, env| replica.append(env, "last"));
    world.agree(5 * SECOND);
    assert_eq!(world.texts()[0].lines().count(), 151);
}

#[test]
fn equal_seeds_run_equally() {
    let run = || {
        let mut world = World::new(
            8,
            Network {
                loss: 30,
                repeat: 10,
                delay: 30 * MILLISECOND,
            },
        );
        world.captured = Some(Vec::new());
        for name in [world.join(), world.join(), world.join()] {
            world.random_edit(name);
        }
        world.run(5 * SECOND);
        world.captured
    };
    assert_eq!(run(), run());
}
