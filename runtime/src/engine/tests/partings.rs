//! What stays and its owners; and random partings: whatever stays, fails, is dropped and ends in whatever
//! order.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use liveobj_abi as abi;

use super::farewell::{answer, close, dereference, pair};
use super::staying::{WITHIN, ask, done, staying, time_passes, timers};
use super::{Happening, LISTEN, Me, TALK, Wake, World, end, idle};
use crate::domain_thread::Ending;
use crate::edge::{Request, Seeded, Stage};
use crate::engine::create::Proxy;
use crate::engine::crossing::connect_across;
use crate::engine::domain::Domain;
use crate::object::Ended;

/// How many random lives there are.
const LIVES: u64 = 400;
/// How much happens in each.
const STEPS: u64 = 60;
const FAREWELL: u64 = 1;
const STAY: u64 = 2;
/// What a proxy owns is under tokens from here on.
const CHILD: u64 = 10;

/// A child of `owner` under `token` that stays in its farewell.
pub(super) fn child(world: &World, owner: &Proxy, token: u64, name: &'static str) -> Rc<Proxy> {
    world.domain.request(&owner.cell, token, dereference());
    let instance = answer(world);
    let child = world.object_of(instance, name, &[TALK], staying);
    world.domain.start_ready();
    world.domain.turn(None);
    child
}

#[test]
fn a_child_that_stays_holds_nobody_but_its_owner() {
    let world = World::new();
    let owner = world.object("owner", &[TALK], idle);
    world.domain.start_ready();
    let slow = child(&world, &owner, 1, "slow");
    let quick = child(&world, &owner, 2, "quick");
    let other = child(&world, &owner, 3, "other");
    ask(&world, &slow, Stage::First);
    ask(&world, &quick, Stage::First);
    world.happened();
    for token in 1..=3 {
        world.domain.close_token(&owner.cell, token);
        world.domain.turn(None);
    }
    assert_eq!(
        world.happened(),
        [
            "slow woken 9 Farewell",
            "quick woken 9 Farewell",
            "other destroyed"
        ]
    );
    done(&world, &quick);
    assert_eq!(world.happened(), ["quick destroyed"]);
    // The owner goes on, until it ends too.
    world.wake(&owner);
    assert_eq!(world.happened(), ["owner woken 0 Posted([])"]);
    close(&world);
    assert_eq!(world.happened(), [""; 0]);
    done(&world, &slow);
    assert_eq!(world.happened(), ["slow destroyed", "owner destroyed"]);
    assert!(world.domain.is_empty());
    drop(other);
}

#[test]
fn a_child_stays_no_longer_than_its_own_time_and_its_owner_not_longer_than_that() {
    let world = World::new();
    let owner = world.object("owner", &[TALK], idle);
    world.domain.start_ready();
    let guest = child(&world, &owner, 1, "guest");
    ask(&world, &guest, Stage::First);
    world.domain.close_token(&owner.cell, 1);
    world.domain.turn(None);
    world.outside.now.set(WITHIN / 2);
    close(&world);
    assert!(!world.domain.is_empty());
    time_passes(&world);
    assert!(world.domain.is_empty());
    assert_eq!(
        timers(&world).len(),
        1,
        "the owner stays for its child alone"
    );
}

#[test]
fn what_is_opened_by_who_stays_and_dropped_goes_at_once() {
    let world = Rc::new(World::new());
    let owner = world.object("owner", &[TALK], staying);
    world.domain.start_ready();
    ask(&world, &owner, Stage::First);
    close(&world);
    let guest = child(&world, &owner, 1, "guest");
    ask(&world, &guest, Stage::First);
    world.happened();
    world.domain.close_token(&owner.cell, 1);
    world.domain.turn(None);
    assert_eq!(world.happened(), ["guest destroyed"]);
    // What it has not dropped goes when it does itself.
    let guest = child(&world, &owner, 1, "guest");
    ask(&world, &guest, Stage::First);
    world.happened();
    done(&world, &owner);
    assert_eq!(world.happened(), ["guest destroyed", "owner destroyed"]);
    assert!(world.domain.is_empty());
    assert!(!world.outside.inbox.has_farewells());
}

#[test]
fn many_children_part_in_a_time_that_grows_with_their_number_alone() {
    let took = |count: u64| {
        let world = World::new();
        let owner = world.object("owner", &[TALK], idle);
        world.domain.start_ready();
        let guests: Vec<_> = (1..=count)
            .map(|token| child(&world, &owner, token, "guest"))
            .collect();
        for guest in &guests {
            ask(&world, guest, Stage::First);
        }
        let begun = std::time::Instant::now();
        for token in 1..=count {
            world.domain.close_token(&owner.cell, token);
            world.domain.turn(None);
        }
        close(&world);
        for guest in guests.iter().rev() {
            done(&world, guest);
        }
        assert!(world.domain.is_empty());
        begun.elapsed()
    };
    let least = |count: u64| (0..3).map(|_| took(count)).min();
    let (few, many) = (least(300), least(3_000));
    let (few, many) = (few.expect("a time"), many.expect("a time"));
    assert!(many < few * 50, "{few:?} for 300, {many:?} for 3,000");
}

/// An object of a test.
struct Known {
    proxy: Rc<Proxy>,
    name: &'static str,
    stage: Option<Stage>,
    owner: Option<usize>,
    /// Under which token its owner has it, until it drops it.
    token: u64,
}

/// Who stays, by name; shared with the objects.
type Staying = Rc<RefCell<BTreeSet<&'static str>>>;
/// Instance and stage of each, by name.
type Stages = Rc<RefCell<BTreeMap<&'static str, (u64, Option<Stage>)>>>;

struct Life {
    world: World,
    dice: Seeded,
    all: Vec<Known>,
    staying: Staying,
    stages: Stages,
    /// Names in the order in which they were destroyed.
    destroyed: Vec<String>,
}

impl Life {
    fn new(seed: u64) -> Life {
        Life {
            world: World::new(),
            dice: Seeded::of(seed, &[]),
            all: Vec::new(),
            staying: Rc::default(),
            stages: Rc::default(),
            destroyed: Vec::new(),
        }
    }

    fn below(&self, count: usize) -> usize {
        (self.dice.next() % count as u64) as usize
    }

    /// One of those that are there.
    fn any(&self) -> Option<usize> {
        let there = |at: &usize| {
            let proxy = self.world.domain.proxy(self.all[*at].proxy.cell.number);
            proxy.is_some()
        };
        let there: Vec<usize> = (0..self.all.len()).filter(there).collect();
        (!there.is_empty()).then(|| there[self.below(there.len())])
    }

    /// A new object, in an instance that is there.
    fn open(&mut self, instance: u64, owner: Option<usize>, token: u64) {
        let name: &'static str = format!("object{}", self.all.len()).leak();
        let stage = [None, Some(Stage::First), Some(Stage::Last)][self.below(3)];
        let stays = self.below(3) > 0;
        let (staying, stages) = (self.staying.clone(), self.stages.clone());
        stages.borrow_mut().insert(name, (instance, stage));
        let behave = move |me: &Me<'_>, happening: Happening| {
            let Happening::Woken { wake, .. } = happening else {
                return abi::OK;
            };
            let domain = me.proxy.domain();
            match wake {
                Wake::Farewell => {
                    if stage == Some(Stage::Last) {
                        nobody_of_the_first_stays(domain, instance, &stages.borrow());
                    }
                    if stays {
                        let status = domain.request(me.proxy, STAY, Request::Stay);
                        assert_eq!(status, abi::OK);
                        staying.borrow_mut().insert(name);
                    }
                }
                Wake::Failed(_) => {
                    staying.borrow_mut().remove(name);
                }
                Wake::Posted(_) => {
                    staying.borrow_mut().remove(name);
                    return abi::FAILED;
                }
                _ => {}
            }
            abi::OK
        };
        let proxy = self.world.object_of(instance, name, &[TALK], behave);
        self.world.domain.start_ready();
        if let Some(stage) = stage {
            let request = Request::Farewell(stage);
            let status = self.world.domain.request(&proxy.cell, FAREWELL, request);
            // It may be late for that, if its owner ends.
            assert!(status == abi::OK || status == abi::STALE);
        }
        self.all.push(Known {
            proxy,
            name,
            stage,
            owner,
            token,
        });
    }

    fn open_child(&mut self, owner: usize) {
        let token = CHILD + self.all.len() as u64;
        let cell = &self.all[owner].proxy.cell;
        if self.world.domain.request(cell, token, dereference()) != abi::OK {
            return;
        }
        let instance = answer(&self.world);
        for _ in 0..=self.below(2) {
            self.open(instance, Some(owner), token);
        }
    }

    fn step(&mut self) {
        let Some(at) = self.any() else { return };
        let known = &self.all[at];
        match self.below(20) {
            0..6 => {
                // What has failed asks for nothing.
                if known.proxy.cell.busy.get() & crate::boundary::calls::DEAD == 0 {
                    self.open_child(at);
                }
            }
            6..10 => {
                if let Some(owner) = known.owner {
                    let owner = &self.all[owner].proxy.cell;
                    self.world.domain.close_token(owner, known.token);
                    self.world.domain.turn(None);
                }
            }
            10..16 => {
                self.staying.borrow_mut().remove(known.name);
                self.world.domain.close_token(&known.proxy.cell, STAY);
                self.world.domain.turn(None);
            }
            16 => self.world.wake(&known.proxy.clone()),
            17 => self.time_passes(),
            18 => {
                let instance = self.world.domain.begin();
                self.open(instance, None, 0);
            }
            _ => {
                if known.owner.is_none() {
                    self.world.domain.end(known.proxy.instance, Ended::Closed);
                    self.world.domain.turn(None);
                }
            }
        }
        self.world.run();
        self.check();
    }

    /// The time of all that parts is up.
    fn time_passes(&self) {
        let now = &self.world.outside.now;
        now.set(now.get() + WITHIN);
        let requests = self.world.outside.requests.take();
        for (ticket, request) in requests {
            if ticket.proxy == 0 && matches!(request, Request::Timer(_)) {
                let wake = Domain::wake_from_outside(ticket, Wake::Timer);
                self.world.outside.inbox.push(wake);
            }
        }
        self.world.run();
    }

    /// Who stays is there, and so is whoever owns it, or ends with it.
    fn check(&mut self) {
        let happened = self.world.happened();
        let destroyed = happened
            .iter()
            .filter_map(|it| it.strip_suffix(" destroyed"));
        self.destroyed.extend(destroyed.map(str::to_owned));
        let domain = &self.world.domain;
        let staying = self.staying.borrow();
        assert_eq!(domain.staying().len(), staying.len());
        for known in self.all.iter().filter(|it| staying.contains(it.name)) {
            let mut owner = Some(known);
            while let Some(known) = owner {
                assert!(
                    domain.proxy(known.proxy.cell.number).is_some(),
                    "{}",
                    known.name
                );
                owner = known.owner.map(|owner| &self.all[owner]);
            }
        }
    }

    fn finish(&mut self) {
        let domain = self.world.domain.clone();
        domain.stop();
        domain.turn(None);
        self.world.run();
        self.check();
        let mut left = 100;
        while !domain.has_stopped() && left > 0 {
            // Some are done, and the others are not in time.
            match left % 10 {
                0 => self.time_passes(),
                _ => {
                    if let Some(at) = self.any() {
                        self.staying.borrow_mut().remove(self.all[at].name);
                        domain.close_token(&self.all[at].proxy.cell, STAY);
                        domain.turn(None);
                    }
                }
            }
            self.world.run();
            self.check();
            left -= 1;
        }
        assert!(domain.has_stopped());
        assert!(!self.world.outside.inbox.has_farewells());
        assert!(!self.world.outside.inbox.has_last_farewells());
        assert!(domain.partings.borrow().is_empty());
        let at = |name: &str| self.destroyed.iter().position(|it| it == name);
        for known in &self.all {
            let own = at(known.name);
            assert!(own.is_some(), "{} is gone", known.name);
            if let Some(owner) = known.owner {
                let owner = self.all[owner].name;
                assert!(own < at(owner), "{} outlives {owner}", known.name);
            }
        }
    }
}

/// Nobody stays who ends with an instance and was woken first.
fn nobody_of_the_first_stays(
    domain: &Domain,
    instance: u64,
    stages: &BTreeMap<&str, (u64, Option<Stage>)>,
) {
    let parting = domain.parting_of(instance);
    assert!(parting.is_some());
    for name in domain.staying() {
        let (other, stage) = stages[&*name];
        let together = domain.parting_of(other) == parting;
        assert!(!together || stage == Some(Stage::Last), "{name} stays");
    }
}

#[test]
fn whatever_stays_fails_and_is_dropped_nothing_outlives_its_owner_and_the_last_leave_last() {
    let (mut stayed, mut last) = (0, 0);
    for seed in 0..LIVES {
        let mut life = Life::new(seed);
        let instance = life.world.instance;
        for _ in 0..3 {
            life.open(instance, None, 0);
        }
        for _ in 0..STEPS {
            life.step();
            stayed += life.staying.borrow().len();
        }
        last += life
            .all
            .iter()
            .filter(|it| it.stage == Some(Stage::Last))
            .count();
        life.finish();
    }
    assert!(stayed > 1_000 && last > 1_000, "{stayed} {last}");
}

/// Two domains with what is connected across them, and who stays in either.
struct Group {
    worlds: [World; 2],
    instances: [u64; 2],
    all: Vec<(usize, &'static str, Rc<Proxy>)>,
    staying: Staying,
    dice: Rc<Seeded>,
}

impl Group {
    /// Each object tells the next one, in the other domain, when it is woken, and that one a third one.
    fn new(seed: u64) -> (Group, Arc<Ending>) {
        let (worlds, instances, ending) = pair();
        let dice = Rc::new(Seeded::of(seed, &[]));
        let (staying, last) = (Staying::default(), Rc::new(Cell::new(false)));
        let mut all = Vec::new();
        for (at, name) in ["a", "b", "c", "d", "e", "f"].into_iter().enumerate() {
            let world = at % 2;
            let stage = [None, Some(Stage::First), Some(Stage::Last)][(dice.next() % 3) as usize];
            let (who_stays, dice, last) = (staying.clone(), dice.clone(), last.clone());
            let behave = move |me: &Me<'_>, happening: Happening| {
                let may_stay = match happening {
                    Happening::Heard { n: 0 } => true,
                    Happening::Heard { n } => {
                        me.say(0, n - 1);
                        true
                    }
                    Happening::Woken {
                        wake: Wake::Farewell,
                        ..
                    } => {
                        let early = stage == Some(Stage::Last) && !last.replace(true);
                        assert!(!early || who_stays.borrow().is_empty(), "{name} is early");
                        me.say(0, 1);
                        true
                    }
                    Happening::Woken { .. } => {
                        // It is done, and says so: somebody may stay because of that.
                        me.say(0, 1);
                        me.proxy.domain().close_token(me.proxy, STAY);
                        false
                    }
                    _ => false,
                };
                if may_stay && dice.next().is_multiple_of(2) {
                    let domain = me.proxy.domain();
                    // It may stay already, or not be told yet that it is to end.
                    if domain.request(me.proxy, STAY, Request::Stay) == abi::OK {
                        who_stays.borrow_mut().insert(name);
                    }
                }
                abi::OK
            };
            let endpoints = [TALK, LISTEN.many()];
            let proxy = worlds[world].object_of(instances[world], name, &endpoints, behave);
            if let Some(stage) = stage {
                let request = Request::Farewell(stage);
                let asked = worlds[world].domain.request(&proxy.cell, FAREWELL, request);
                assert_eq!(asked, abi::OK);
            }
            all.push((world, name, proxy));
        }
        for (at, (world, _, proxy)) in all.iter().enumerate() {
            let (there, _, next) = &all[(at + 1) % all.len()];
            let ends = [(proxy, 0), (next, 1)].map(|(proxy, at)| end((proxy, at)));
            let [here, there] = [*world, *there].map(|world| &worlds[world].domain);
            connect_across((here, ends[0]), (there, ends[1])).expect("connected");
        }
        for (world, instance) in worlds.iter().zip(instances) {
            world.domain.start_group(instance);
        }
        let group = Group {
            worlds,
            instances,
            all,
            staying,
            dice,
        };
        (group, ending)
    }

    /// Runs both in any order until nothing is left to do. Whoever stays is connected meanwhile.
    fn run(&self) {
        let goes_on = |world: &World| match world.domain.has_waiting() {
            true => {
                world.domain.turn(None);
                true
            }
            false => world.step(),
        };
        loop {
            let first = (self.dice.next() % 2) as usize;
            let world = &self.worlds[first];
            if !goes_on(world) && !goes_on(&self.worlds[1 - first]) {
                break;
            }
            let gone = |it: &String| it.contains("disconnected") || it.contains("destroyed");
            let happened = world.happened();
            let any = happened.iter().any(gone);
            assert!(!any || self.staying.borrow().is_empty(), "{happened:?}");
        }
    }
}

#[test]
fn in_several_domains_nobody_is_disconnected_who_stays_in_whatever_order_they_run() {
    let mut stayed = 0;
    for seed in 0..LIVES {
        let (group, ending) = Group::new(seed);
        group.run();
        let first = (group.dice.next() % 2) as usize;
        let domain = &group.worlds[first].domain;
        domain.end(group.instances[first], Ended::Closed);
        domain.turn(None);
        group.run();
        let mut left = 1_000;
        while !group.staying.borrow().is_empty() {
            let who = (group.dice.next() % group.all.len() as u64) as usize;
            let (world, name, proxy) = &group.all[who];
            if group.staying.borrow_mut().remove(name) {
                stayed += 1;
                let post = super::post(proxy);
                group.worlds[*world].outside.inbox.push(post);
            }
            group.run();
            left -= 1;
            assert!(left > 0, "they stay for ever");
        }
        let now = Some(std::time::Instant::now());
        assert_eq!(ending.wait(now), Some(Ended::Closed), "{seed}");
    }
    assert!(stayed > 1_000, "{stayed}");
}
