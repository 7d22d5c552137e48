//! Random lives, through the real engine, against a model of plain sets: two domains in which
//! objects are opened, dereferenced, connected, disconnected, woken and dropped in any order, from
//! outside and inside handlers, and fail or panic wherever a function of theirs is called.

mod acts;
mod check;
mod generate;
mod life;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::{Rc, Weak};

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::World;
use crate::edge::Ticket;
use crate::engine::connect::End;
use crate::engine::create::Proxy;
use generate::{Reaction, Step, steps};

/// Numbers from here on are those of connections between domains.
const ACROSS: u64 = 1 << 63;
/// The endpoint that choosy objects must have connected.
const MANDATORY: u32 = 1;
/// Endpoints that are not `many`.
const SINGLE: [u32; 2] = [0, 1];

/// A proxy, an instance or a connection of one of the two domains.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Id {
    world: usize,
    number: u64,
}

/// What runs, as its owners see it.
#[derive(Debug, Default)]
struct Model {
    instances: BTreeMap<Id, Instance>,
    proxies: BTreeMap<Id, Member>,
    connections: BTreeMap<Id, [(Id, u32); 2]>,
    tokens: BTreeMap<(Id, u64), Owned>,
    /// Every endpoint and connection that a proxy ever had.
    history: BTreeMap<Id, Vec<(u32, Id)>>,
    /// Every proxy that there ever was, with the instances around it, the innermost first.
    born: BTreeMap<Id, Vec<Id>>,
}

#[derive(Debug)]
struct Instance {
    proxies: Vec<Id>,
    connections: Vec<Id>,
    /// A part has failed: it ends before the turn is over.
    failing: bool,
}

#[derive(Debug)]
struct Member {
    instance: Id,
    choosy: bool,
    started: bool,
    failed: bool,
}

/// What a token owns.
#[derive(Clone, Copy, Debug)]
enum Owned {
    Asked,
    Child(Id),
    Connection(Id),
}

impl Model {
    fn open(&mut self, instance: Id, owner: Option<Id>, proxies: &[(Id, bool)]) {
        let mut around = vec![instance];
        if let Some(owner) = owner {
            around.extend(&self.born[&owner]);
        }
        for (proxy, choosy) in proxies {
            let member = Member {
                instance,
                choosy: *choosy,
                started: false,
                failed: false,
            };
            self.proxies.insert(*proxy, member);
            self.history.insert(*proxy, Vec::new());
            self.born.insert(*proxy, around.clone());
        }
        let instance_of = Instance {
            proxies: proxies.iter().map(|(proxy, _)| *proxy).collect(),
            connections: Vec::new(),
            failing: false,
        };
        self.instances.insert(instance, instance_of);
    }

    /// Whether an endpoint can be connected; none where that depends on how far a failure has got.
    fn is_vacant(&self, (proxy, endpoint): (Id, u32)) -> Option<bool> {
        let Some(member) = self.proxies.get(&proxy) else {
            return Some(false);
        };
        if member.failed || self.instances[&member.instance].failing {
            return Some(false);
        }
        if !SINGLE.contains(&endpoint) {
            return Some(true);
        }
        match self.taken_by((proxy, endpoint)) {
            None => Some(true),
            Some(connection) => (!self.is_failing(connection)).then_some(false),
        }
    }

    fn taken_by(&self, end: (Id, u32)) -> Option<Id> {
        let mut connections = self.connections.iter();
        connections
            .find(|(_, ends)| ends.contains(&end))
            .map(|(connection, _)| *connection)
    }

    /// Whether a connection ends with an instance in which something has failed.
    fn is_failing(&self, connection: Id) -> bool {
        let ends = self.connections[&connection];
        self.instances.iter().any(|(number, instance)| {
            let part = |(proxy, _): &(Id, u32)| self.born[proxy].contains(number);
            instance.failing
                && (instance.connections.contains(&connection) || ends.iter().any(part))
        })
    }

    fn connect(&mut self, connection: Id, ends: [(Id, u32); 2]) {
        for end in ends {
            let before = self.taken_by(end).filter(|_| SINGLE.contains(&end.1));
            if let Some(before) = before {
                assert!(self.is_failing(before), "{end:?} was taken by {before:?}");
                self.disconnect(before);
            }
            let history = self.history.get_mut(&end.0).expect("a proxy");
            history.push((end.1, connection));
        }
        self.connections.insert(connection, ends);
    }

    fn disconnect(&mut self, connection: Id) {
        self.connections.remove(&connection);
    }

    fn forget(&mut self, connection: Id) {
        self.disconnect(connection);
        for history in self.history.values_mut() {
            history.retain(|(_, known)| *known != connection);
        }
    }

    fn disconnect_proxy(&mut self, proxy: Id) {
        self.connections
            .retain(|_, ends| ends.iter().all(|(other, _)| *other != proxy));
        let (owned, left) = std::mem::take(&mut self.tokens)
            .into_iter()
            .partition(|((owner, _), _)| *owner == proxy);
        self.tokens = left;
        let owned: BTreeMap<(Id, u64), Owned> = owned;
        for owned in owned.into_values() {
            self.give_up(owned);
        }
    }

    fn give_up(&mut self, owned: Owned) {
        match owned {
            Owned::Asked => {}
            Owned::Child(instance) => self.end(instance),
            Owned::Connection(connection) => self.disconnect(connection),
        }
    }

    /// The owner of an instance drops it.
    fn end(&mut self, instance: Id) {
        let Some(gone) = self.instances.remove(&instance) else {
            return;
        };
        for connection in gone.connections {
            self.disconnect(connection);
        }
        for proxy in gone.proxies {
            self.disconnect_proxy(proxy);
            self.proxies.remove(&proxy);
        }
    }

    fn fail(&mut self, proxy: Id) {
        self.disconnect_proxy(proxy);
        if let Some(member) = self.proxies.get_mut(&proxy) {
            member.failed = true;
            let instance = member.instance;
            let instance = self.instances.get_mut(&instance).expect("an owner");
            instance.failing = true;
        }
    }

    fn start_ready(&mut self) {
        let connected: BTreeSet<(Id, u32)> = self.connections.values().flatten().copied().collect();
        for (proxy, member) in &mut self.proxies {
            member.started |= !member.choosy || connected.contains(&(*proxy, MANDATORY));
        }
    }

    /// The turn is over: what failed is gone.
    fn settle(&mut self) {
        let failing = |(id, instance): (&Id, &Instance)| instance.failing.then_some(*id);
        let failing: Vec<Id> = self.instances.iter().filter_map(failing).collect();
        for instance in failing {
            self.end(instance);
        }
    }
}

/// What an object noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Connected(u32, Id),
    Heard(u32, Id),
    Disconnected(u32, Id),
    Woken,
    /// It fails or panics now.
    Fails,
    Destroyed,
}

/// What objects and the test share.
#[derive(Default)]
struct Shared {
    model: RefCell<Model>,
    seen: RefCell<Vec<(Id, Seen)>>,
    /// Instances of which `on_end` was called.
    ended: RefCell<Vec<Id>>,
    reactions: RefCell<BTreeMap<Id, Vec<(life::Place, Reaction)>>>,
    /// What was asked for and not answered.
    asked: RefCell<Vec<(usize, Ticket)>>,
    cells: RefCell<Vec<Weak<Proxy>>>,
    next_token: Cell<u64>,
}

/// Two domains and their shared model.
struct Stage {
    worlds: [Rc<World>; 2],
    shared: Rc<Shared>,
}

impl Stage {
    fn new() -> Stage {
        let worlds = [World::new(), World::new()];
        for world in &worlds {
            // The model has the instances that it knows of, and no other.
            world
                .domain
                .end(world.instance, crate::object::Ended::Closed);
            world.domain.turn(None);
        }
        Stage {
            worlds: worlds.map(Rc::new),
            shared: Rc::default(),
        }
    }

    fn step(&self, step: &Step) {
        match step {
            Step::Turn { world, acts } => {
                let at = usize::from(*world);
                for act in acts {
                    let (here, shared) = (self.worlds[at].clone(), self.shared.clone());
                    let act = act.clone();
                    self.worlds[at].domain.later(move |domain| {
                        act.outside(&here, domain, at, &shared);
                    });
                }
                self.worlds[at].domain.turn(None);
            }
            Step::Across { left, right } => acts::across(self, *left, *right),
        }
        // Both until nothing is left between them.
        while self.worlds.iter().any(|world| {
            let waiting = world.domain.has_waiting();
            if waiting {
                world.domain.turn(None);
            }
            waiting || world.step()
        }) {}
        for (at, world) in self.worlds.iter().enumerate() {
            let asked = std::mem::take(&mut *world.outside.requests.borrow_mut());
            let tickets = asked.into_iter().map(|(ticket, _)| (at, ticket));
            self.shared.asked.borrow_mut().extend(tickets);
        }
        self.shared.model.borrow_mut().settle();
        check::quiescent(self);
    }
}

fn end((proxy, endpoint): (Id, u32)) -> End {
    End {
        proxy: proxy.number,
        endpoint,
    }
}

/// Always the same lives, so that a failure is not a matter of luck.
fn run(cases: u32, seed: u8, length: usize) {
    let config = Config {
        cases,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let lives = runner.run(&steps(length), |steps| {
        let stage = Stage::new();
        for step in &steps {
            stage.step(step);
        }
        check::nothing_left(stage);
        Ok(())
    });
    if let Err(error) = lives {
        panic!("{error}");
    }
}

#[test]
fn short_lives_are_as_the_model_says() {
    run(1_000, 1, 8);
}

#[test]
fn long_lives_are_as_the_model_says() {
    run(150, 2, 50);
}
