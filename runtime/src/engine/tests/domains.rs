//! "Domains": one object in several of them, on one thread that runs them in any order.

mod node;

use std::collections::{BTreeMap, BTreeSet};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use liveobj_abi as abi;

use super::connections::{across, two_worlds};
use super::{Happening, LISTEN, Seeded, Shape, TALK, World, idle, post};
use crate::domain_thread::Ending;
use crate::engine::crossing::{Depth, MAX_QUEUED_EVENTS};
use crate::engine::domain::Domain;
use crate::engine::group::Group;
use crate::engine::inbox::Inbox;
use crate::error::OpenError;
use crate::object::Ended;
use crate::open::{Spread, instantiate, spread};
use node::{Behaviour, Composition, Log, Me, Reaction, Seen, mix, name, passing};

/// Domains, and whoever opens something in them, run in the order that a seed gives.
struct Schedule {
    worlds: Vec<World>,
    random: Seeded,
}

impl Schedule {
    fn new(count: usize, seed: u64) -> Schedule {
        Schedule {
            worlds: (0..count).map(|_| World::new()).collect(),
            random: Seeded::of(seed, &[1]),
        }
    }

    fn next(&self, below: usize) -> usize {
        (self.random.next() % below as u64) as usize
    }

    fn inboxes(&self) -> Vec<Arc<Inbox>> {
        let worlds = self.worlds.iter();
        worlds.map(|world| world.outside.inbox.clone()).collect()
    }

    /// One turn of some domain. Answers whether there was one to take.
    fn turn(&self) -> bool {
        let first = self.next(self.worlds.len());
        let worlds = self.worlds[first..].iter().chain(&self.worlds[..first]);
        for world in worlds {
            if world.domain.has_waiting() {
                world.domain.turn(None);
                return true;
            }
            if world.step() {
                return true;
            }
        }
        false
    }

    fn run(&self) {
        while self.turn() {}
    }

    fn wake(&self, label: &str) {
        for world in &self.worlds {
            let proxies = world.domain.proxies.borrow();
            if let Some(proxy) = proxies
                .in_order()
                .into_iter()
                .find(|proxy| *proxy.cell.label == *label)
            {
                world.outside.inbox.push(post(proxy));
            }
        }
    }

    /// Opens, at most so many steps long; `None` where it is given up then.
    fn open(
        &self,
        mut opening: Pin<&mut dyn Future<Output = Result<Spread, OpenError>>>,
        steps: usize,
    ) -> Option<Result<Spread, OpenError>> {
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..steps {
            if self.next(3) != 0 && self.turn() {
                continue;
            }
            if let Poll::Ready(opened) = opening.as_mut().poll(&mut context) {
                return Some(opened);
            }
        }
        None
    }

    fn places(&self, nodes: usize) -> Vec<usize> {
        (0..nodes).map(|_| self.next(self.worlds.len())).collect()
    }
}

fn seen(log: &Log) -> Vec<(usize, Seen)> {
    log.lock().unwrap().clone()
}

/// What one proxy said, in order.
fn said(log: &[(usize, Seen)], node: usize) -> Vec<u64> {
    let own = log.iter().filter(|(number, _)| *number == node);
    own.filter_map(|(_, seen)| match seen {
        Seen::Said { value } => Some(*value),
        _ => None,
    })
    .collect()
}

/// What came through one connection, in order.
fn heard(log: &[(usize, Seen)], (source, node): (usize, usize)) -> Vec<u64> {
    let own = log.iter().filter(|(number, _)| *number == node);
    own.filter_map(|(_, seen)| match seen {
        Seen::Heard { from, value } if *from == source => Some(*value),
        _ => None,
    })
    .collect()
}

/// Runs a composition to its end in one domain.
fn direct(composition: &Composition) -> Vec<(usize, Seen)> {
    let world = World::new();
    let log = Log::default();
    let behaviour: Behaviour = Arc::new(passing);
    let parts = composition.parts(&log, &behaviour);
    instantiate(&world.domain, world.instance, parts, |_, opened| {
        opened.expect("it opens");
    });
    world.domain.turn(None);
    world.run();
    let log = seen(&log);
    world.domain.end_all();
    world.domain.turn(None);
    log
}

/// The same in several, on a schedule.
fn queued(composition: &Composition, count: usize, seed: u64) -> Vec<(usize, Seen)> {
    let schedule = Schedule::new(count, seed);
    let log = Log::default();
    let behaviour: Behaviour = Arc::new(passing);
    let parts = composition.parts(&log, &behaviour);
    let places = schedule.places(composition.nodes);
    let (inboxes, ending) = (schedule.inboxes(), Arc::new(Ending::new()));
    let opening = pin!(spread(&inboxes, &places, parts, None, ending));
    let opened = schedule.open(opening, usize::MAX).expect("it goes on");
    let queues = opened.expect("it opens").queues;
    let crossing = composition.edges.iter();
    let crossing = crossing.filter(|(from, to)| places[*from] != places[*to]);
    assert_eq!(queues.len(), crossing.count());
    schedule.run();
    let log = seen(&log);
    for queue in queues {
        for fullness in &queue.fullness {
            assert_eq!(fullness.depth().events, 0, "all of it was taken");
        }
    }
    for world in &schedule.worlds {
        world.domain.stop();
    }
    schedule.run();
    log
}

/// That it is what could have happened: what comes through a connection is what was said there, in
/// order, and each says what it would say to what it heard.
fn assert_legal(composition: &Composition, log: &[(usize, Seen)]) {
    for edge in &composition.edges {
        assert_eq!(heard(log, *edge), said(log, edge.0), "through {edge:?}");
    }
    for node in 0..composition.nodes {
        let mut me = Me {
            number: node,
            state: 0,
        };
        let mut expected = Vec::new();
        let mut connected = 0;
        for (_, seen) in log.iter().filter(|(number, _)| *number == node) {
            let event = match seen {
                Seen::Heard { value, .. } => Some(*value),
                Seen::Woken => None,
                Seen::Connected => {
                    connected += 1;
                    continue;
                }
                _ => continue,
            };
            let own = composition.edges.iter();
            let own = own.filter(|(from, to)| *from == node || *to == node);
            assert_eq!(connected, own.count(), "`connected` is what it hears first");
            me.state = mix(me.state, event.unwrap_or_default());
            if let Reaction::Say(values) = passing(me, event) {
                expected.extend(values);
            }
        }
        assert_eq!(said(log, node), expected, "of {node}");
    }
}

#[test]
fn queued_equals_direct_on_one_input_and_is_a_legal_interleaving_otherwise() {
    let random = Seeded::of(7, &[]);
    let (mut determined, mut merged) = (0, 0);
    for _ in 0..100 {
        let composition = Composition::generate(&random);
        let alone = direct(&composition);
        assert_legal(&composition, &alone);
        for _ in 0..4 {
            let count = 2 + (random.next() % 3) as usize;
            let log = queued(&composition, count, random.next());
            assert_legal(&composition, &log);
            for node in 0..composition.nodes {
                if composition.is_determined(node) {
                    determined += said(&alone, node).len();
                    assert_eq!(said(&log, node), said(&alone, node), "{composition:?}");
                } else {
                    merged += usize::from(said(&log, node) != said(&alone, node));
                }
            }
        }
    }
    assert!(determined > 500, "{determined}");
    assert!(merged > 40, "schedules make no difference: {merged}");
}

/// How an object in several domains may end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// Whoever opens it does not wait for it.
    GivenUp,
    /// A constructor says no.
    NotCreated,
    /// A handler panics, maybe before everybody has heard that they are connected.
    Panicked,
    /// Its owner closes it while it works.
    Closed,
}

#[test]
fn an_object_in_several_domains_lives_and_ends_as_one() {
    let random = Seeded::of(11, &[]);
    let mut ended = [0; 5];
    for _ in 0..300 {
        let mut composition = Composition::generate(&random);
        let count = 2 + (random.next() % 3) as usize;
        let schedule = Schedule::new(count, random.next());
        let how = [Way::GivenUp, Way::NotCreated, Way::Panicked, Way::Closed][schedule.next(4)];
        let victim = schedule.next(composition.nodes);
        let panicked = Some(victim).filter(|_| how == Way::Panicked);
        let late = schedule.next(2) == 0;
        match composition.begin.iter().position(|at| *at == victim) {
            None if how == Way::Panicked && !late => composition.begin.push(victim),
            Some(at) if how == Way::Panicked && late => drop(composition.begin.remove(at)),
            _ => {}
        }
        let log = Log::default();
        let behaviour: Behaviour = Arc::new(move |me, heard| match how {
            Way::Panicked if me.number == victim && heard.is_none() => Reaction::Panic,
            _ => passing(me, heard),
        });
        let (mut leaves, wiring) = composition.parts(&log, &behaviour);
        if how == Way::NotCreated {
            let no = OpenError::Create {
                object: name(victim),
                reason: "no".to_owned(),
            };
            leaves[victim].replace(Box::new(move |_, _| Err(no)));
        }
        let places = schedule.places(composition.nodes);
        let (inboxes, ending) = (schedule.inboxes(), Arc::new(Ending::new()));
        let told = ending.clone();
        let stop = || {
            // In any order.
            let first = schedule.next(count);
            let worlds = schedule.worlds[first..].iter();
            for world in worlds.chain(&schedule.worlds[..first]) {
                world.outside.inbox.task(Domain::stop);
            }
        };
        {
            let opening = pin!(spread(&inboxes, &places, (leaves, wiring), None, told));
            let steps = match how {
                Way::GivenUp => schedule.next(60),
                _ => usize::MAX,
            };
            let opened = schedule.open(opening, steps);
            match (how, opened) {
                (_, None) => ended[0] += 1,
                (Way::NotCreated, Some(Err(error))) => {
                    let said = format!("`{}` could not be created: no", name(victim));
                    assert_eq!(error.to_string(), said);
                    ended[1] += 1;
                }
                (Way::Panicked, Some(Err(error))) => {
                    let said = format!("`{}` failed: panicked: no more", name(victim));
                    assert_eq!(error.to_string(), said);
                    // All of it is gone before that is told.
                    assert_gone(&schedule, &log, panicked);
                    ended[2] += 1;
                }
                (Way::Panicked, Some(Ok(_))) => {
                    schedule.wake(&name(victim));
                    schedule.run();
                    let (object, reason) = (name(victim), "panicked: no more".to_owned());
                    let failed = Ended::Failed { object, reason };
                    assert_eq!(ending.wait(Some(std::time::Instant::now())), Some(failed));
                    assert_gone(&schedule, &log, panicked);
                    ended[3] += 1;
                }
                (_, Some(Ok(_))) => {
                    for _ in 0..schedule.next(40) {
                        schedule.turn();
                    }
                    ended[4] += 1;
                }
                (_, Some(Err(error))) => panic!("{how:?}: {error}"),
            }
        }
        stop();
        schedule.run();
        assert_gone(&schedule, &log, panicked);
        for world in &schedule.worlds {
            assert!(world.domain.has_stopped());
        }
    }
    assert!(ended.iter().all(|count| *count > 5), "{ended:?}");
}

/// That nothing is left, and that all of it ended in order.
fn assert_gone(schedule: &Schedule, log: &Log, panicked: Option<usize>) {
    let log = seen(log);
    for world in &schedule.worlds {
        let [proxies, _, connections, tokens] = world.domain.counts();
        assert_eq!([proxies, connections, tokens], [0; 3]);
    }
    let mut connections: BTreeMap<usize, usize> = BTreeMap::new();
    let mut destroyed = BTreeSet::new();
    for (node, seen) in log {
        let open = connections.entry(node).or_default();
        match seen {
            Seen::Destroyed => {
                let heard = *open == 0 || panicked == Some(node);
                assert!(heard, "it heard of the end of each connection");
                assert!(destroyed.insert(node), "once");
            }
            _ => {
                assert!(
                    destroyed.is_empty(),
                    "all disconnect before one is destroyed"
                );
                match seen {
                    Seen::Connected => *open += 1,
                    Seen::Disconnected => *open -= 1,
                    Seen::Heard { .. } => assert!(*open > 0, "nothing comes without a connection"),
                    _ => {}
                }
            }
        }
    }
}

#[test]
fn a_queue_tells_how_much_waits_and_was_refused() {
    const OFFER: Shape = Shape {
        ty: "Offer",
        ..TALK
    };
    const TAKE: Shape = Shape {
        ty: "mirror Offer",
        ..TALK
    };
    let (here, there) = two_worlds();
    for (shapes, overflows) in [([OFFER, TAKE], false), ([TALK, LISTEN], true)] {
        let speaker = here.object("speaker", &shapes[..1], |me, happening| {
            if let Happening::Woken { .. } = happening {
                for n in 0..MAX_QUEUED_EVENTS as u64 + 3 {
                    me.say(0, n);
                }
            }
            abi::OK
        });
        let listener = there.object("listener", &shapes[1..], idle);
        across((&here, &speaker), (&there, &listener));
        let connections = here.domain.connections.borrow();
        let connection = connections.in_order().pop().expect("it is there");
        let outgoing = connection.links[0].crossing.as_ref();
        let fullness = outgoing.expect("it is queued").fullness();
        drop(connections);
        assert_eq!(fullness.depth(), Depth::default());
        here.wake(&speaker);
        let full = fullness.depth();
        assert_eq!(full.events, MAX_QUEUED_EVENTS as u64);
        assert!(full.bytes >= 8 * full.events);
        // After the first one that is not refusable there is no connection.
        assert_eq!(full.refused, if overflows { 1 } else { 3 });
        assert_eq!(full.overflowed, overflows);
        there.run();
        let empty = Depth {
            events: 0,
            bytes: 0,
            ..full
        };
        assert_eq!(fullness.depth(), empty);
        assert_eq!(empty.most, full.events);
    }
}

#[test]
fn a_domain_that_goes_without_a_word_ends_what_it_was_part_of() {
    let worlds = [World::new(), World::new()];
    let ending = Arc::new(Ending::new());
    let told = ending.clone();
    let inboxes = worlds.iter().map(|world| world.outside.inbox.clone());
    let (_, memberships) = Group::new(inboxes.collect(), move |ended| told.set(ended));
    for (world, membership) in worlds.iter().zip(memberships) {
        world.domain.begin_in(membership);
    }
    let [here, there] = worlds;
    // Its thread panicked: whatever it had is dropped.
    there.outside.inbox.close();
    drop(there);
    here.run();
    let now = Some(std::time::Instant::now());
    assert_eq!(ending.wait(now), Some(Ended::Closed));
}
