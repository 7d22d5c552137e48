//! Farewells: what ends is told before it is disconnected.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use liveobj_abi as abi;

use super::super::crossing::connect_across;
use super::super::group::Group;
use super::super::inbox::Outside;
use super::{BALL, Happening, LISTEN, Me, RACKET, TALK, Wake, World, end, idle};
use crate::domain_thread::Ending;
use crate::edge::{Request, Stage, Ticket, UdpOpen};
use crate::engine::create::Proxy;
use crate::engine::farewell::MOST;
use crate::object::Ended;

/// Under this token objects ask for a farewell here.
const FAREWELL: u64 = 9;

fn ask(world: &World, proxy: &Proxy) {
    let status = world
        .domain
        .request(&proxy.cell, FAREWELL, Request::Farewell(Stage::First));
    assert_eq!(status, abi::OK);
}

/// Says 1 at endpoint 0 in its farewell.
fn polite(me: &Me<'_>, happening: Happening) -> abi::Status {
    if is_farewell(&happening) {
        me.say(0, 1);
    }
    abi::OK
}

pub(super) fn is_farewell(happening: &Happening) -> bool {
    matches!(
        happening,
        Happening::Woken {
            wake: Wake::Farewell,
            ..
        }
    )
}

pub(super) fn close(world: &World) {
    world.domain.end(world.instance, Ended::Closed);
    world.domain.turn(None);
    world.run();
}

#[test]
fn who_asked_is_woken_before_anything_is_disconnected_the_youngest_first() {
    let world = World::new();
    let elder = world.object("elder", &[TALK], polite);
    let silent = world.object("silent", &[LISTEN.many()], idle);
    let younger = world.object("younger", &[TALK], polite);
    world.connect((&elder, 0), (&silent, 0));
    world.connect((&younger, 0), (&silent, 0));
    ask(&world, &elder);
    ask(&world, &younger);
    world.happened();
    close(&world);
    assert_eq!(
        world.happened(),
        [
            "younger woken 9 Farewell",
            "silent hears 1",
            "elder woken 9 Farewell",
            "silent hears 1",
            "younger disconnected 0 (0)",
            "silent disconnected 0 (0)",
            "elder disconnected 0 (0)",
            "silent disconnected 0 (0)",
            "younger destroyed",
            "silent destroyed",
            "elder destroyed"
        ]
    );
    assert!(world.domain.is_empty());
}

#[test]
fn what_is_said_in_farewell_and_waits_reaches_the_outside_before_a_socket_is_closed() {
    let world = World::new();
    let farewell = world.object("farewell", &[TALK], polite);
    // Younger than who speaks to it, and busy with a farewell of its own.
    let channel = world.object("channel", &[LISTEN, TALK.many()], |me, happening| {
        if let Happening::Heard { n } = happening {
            let request = Request::UdpSend {
                to: "127.0.0.1:1".to_owned(),
                bytes: vec![n as u8],
            };
            let status = me.proxy.domain().request(me.proxy, 1, request);
            assert_eq!(status, abi::OK);
        }
        if is_farewell(&happening) {
            me.say(1, 7);
        }
        abi::OK
    });
    let relay = world.object("relay", &[LISTEN, TALK], |me, happening| {
        if let Happening::Heard { n } = happening {
            me.say(1, n);
        }
        abi::OK
    });
    let open = Request::UdpOpen(UdpOpen {
        bind: String::new(),
        group: String::new(),
        interface: String::new(),
        ttl: 1,
    });
    assert_eq!(world.domain.request(&channel.cell, 1, open), abi::OK);
    world.connect((&farewell, 0), (&relay, 0));
    world.connect((&relay, 1), (&channel, 0));
    ask(&world, &farewell);
    ask(&world, &channel);
    // So that what is said has to wait behind other things.
    let busy = super::post(&relay);
    world.domain.later(move |domain| match busy {
        Outside::Wake { proxy, .. } => {
            let ticket = Ticket {
                proxy,
                token: 0,
                ticket: 0,
            };
            domain.answer(ticket, Wake::Posted(Vec::new()));
        }
        _ => unreachable!("it is a wake"),
    });
    let closed = world.outside.closed.clone();
    close(&world);
    let requests = world.outside.requests.borrow();
    let last = requests.last().map(|(_, request)| request.clone());
    let bytes = match last {
        Some(Request::UdpSend { bytes, .. }) => bytes,
        other => panic!("{other:?}"),
    };
    assert_eq!(bytes, [1], "the socket was open when it was sent");
    assert_eq!(closed.borrow().len(), 1);
    assert!(world.domain.is_empty());
}

#[test]
fn a_farewell_that_goes_on_for_ever_keeps_nothing_open() {
    let world = World::new();
    let bounce = |me: &Me<'_>, happening: Happening| {
        if is_farewell(&happening) || matches!(happening, Happening::Heard { .. }) {
            me.say(0, 1);
        }
        abi::OK
    };
    let left = world.object("left", &[TALK, LISTEN], bounce);
    let right = world.object("right", &[TALK, LISTEN], bounce);
    world.connect((&left, 0), (&right, 1));
    world.connect((&right, 0), (&left, 1));
    ask(&world, &left);
    let before = world.domain.numbers.get();
    close(&world);
    assert!(world.domain.is_empty());
    let passed = world.domain.numbers.get() - before;
    assert!(
        (MOST / 2..3 * MOST).contains(&passed),
        "{passed} deliveries"
    );
    let messages = world.messages();
    assert!(
        messages[0].contains("its farewell still goes on after 65536 events"),
        "{messages:?}"
    );
}

#[test]
fn who_asks_for_ever_in_its_farewell_keeps_nothing_open() {
    let world = World::new();
    let asked = Rc::new(Cell::new(0));
    let count = asked.clone();
    // Each answer is a wake, which comes within the turn.
    let curious = world.object("curious", &[TALK], move |me, happening| {
        if let Happening::Woken { .. } = happening {
            count.set(count.get() + 1);
            let request = Request::DereferenceAs {
                document: "no document".to_owned(),
                ty: "Talk".to_owned(),
            };
            let token = 100 + count.get();
            assert_eq!(me.proxy.domain().request(me.proxy, token, request), abi::OK);
        }
        abi::OK
    });
    world.domain.start_ready();
    ask(&world, &curious);
    close(&world);
    assert!(world.domain.is_empty());
    assert!(asked.get() > MOST / 2, "{} wakes", asked.get());
}

#[test]
fn who_ends_its_own_composite_in_a_farewell_ends_nothing_twice() {
    let world = World::new();
    let instance = world.instance;
    let tired = world.object("tired", &[TALK], move |me, happening| {
        if is_farewell(&happening) {
            me.proxy.domain().end(instance, Ended::Closed);
            me.say(0, 1);
        }
        abi::OK
    });
    let listener = world.object("listener", &[LISTEN], idle);
    world.connect((&tired, 0), (&listener, 0));
    ask(&world, &tired);
    let ends = Rc::new(Cell::new(0));
    let count = ends.clone();
    let tell = move |_: &super::Domain, _| count.set(count.get() + 1);
    world.domain.set_on_end(instance, Box::new(tell));
    world.happened();
    close(&world);
    assert_eq!(
        world.happened(),
        [
            "tired woken 9 Farewell",
            "listener hears 1",
            "tired disconnected 0 (0)",
            "listener disconnected 0 (0)",
            "listener destroyed",
            "tired destroyed"
        ]
    );
    assert_eq!(ends.get(), 1);
}

#[test]
fn a_panic_in_a_farewell_holds_up_no_other_and_changes_nothing_of_how_it_ends() {
    let world = World::new();
    let polite = world.object("polite", &[TALK], polite);
    let listener = world.object("listener", &[LISTEN.many()], idle);
    let clumsy = world.object("clumsy", &[TALK], |me, happening| {
        if is_farewell(&happening) {
            me.say(0, 2);
            panic!("oh no");
        }
        abi::OK
    });
    world.connect((&polite, 0), (&listener, 0));
    world.connect((&clumsy, 0), (&listener, 0));
    ask(&world, &polite);
    ask(&world, &clumsy);
    let ended = Rc::new(Cell::new(None));
    let seen = ended.clone();
    let tell = move |_: &super::Domain, how| seen.set(Some(how));
    world.domain.set_on_end(world.instance, Box::new(tell));
    world.happened();
    close(&world);
    assert_eq!(
        world.happened(),
        [
            "clumsy woken 9 Farewell",
            "listener hears 2",
            "polite woken 9 Farewell",
            "listener disconnected 0 (1)",
            "listener hears 1",
            "polite disconnected 0 (0)",
            "listener disconnected 0 (0)",
            "clumsy destroyed",
            "listener destroyed",
            "polite destroyed"
        ]
    );
    assert_eq!(ended.take(), Some(Ended::Closed));
    let messages = world.messages();
    assert!(messages[0].contains("panicked: oh no"), "{messages:?}");
    assert!(world.domain.is_empty());
}

#[test]
fn who_has_not_started_or_has_failed_says_no_farewell() {
    let world = World::new();
    let unmet = world.object("unmet", &[TALK, LISTEN.mandatory()], polite);
    let failed = world.object("failed", &[TALK], |_, happening| match happening {
        Happening::Woken {
            wake: Wake::Posted(_),
            ..
        } => abi::FAILED,
        _ => abi::OK,
    });
    let other = world.object("other", &[TALK], polite);
    for proxy in [&unmet, &failed, &other] {
        ask(&world, proxy);
    }
    world.domain.start_ready();
    // The failure ends all of them.
    world.wake(&failed);
    assert_eq!(
        world.happened(),
        [
            "failed woken 0 Posted([])",
            "other woken 9 Farewell",
            "other destroyed",
            "failed destroyed",
            "unmet destroyed"
        ]
    );
    assert!(world.domain.is_empty());
    assert!(!world.outside.inbox.has_farewells());
}

#[test]
fn a_farewell_is_asked_for_once_and_can_be_given_up() {
    let world = World::new();
    let fickle = world.object("fickle", &[TALK], idle);
    let again = world.object("again", &[TALK], |me, happening| {
        if is_farewell(&happening) {
            let status = me
                .proxy
                .domain()
                .request(me.proxy, 5, Request::Farewell(Stage::First));
            assert_eq!(status, abi::STALE);
        }
        abi::OK
    });
    world.domain.start_ready();
    ask(&world, &fickle);
    ask(&world, &again);
    for token in [FAREWELL, 5] {
        let status = world
            .domain
            .request(&again.cell, token, Request::Farewell(Stage::First));
        assert_eq!(status, abi::INVALID);
    }
    assert_eq!(world.domain.close_token(&fickle.cell, FAREWELL), abi::OK);
    close(&world);
    assert_eq!(
        world.happened(),
        [
            "again woken 9 Farewell",
            "again destroyed",
            "fickle destroyed"
        ]
    );
    assert!(!world.outside.inbox.has_farewells());
}

/// Answers the last dereference with an instance that is open.
pub(super) fn answer(world: &World) -> u64 {
    let asked = world.outside.requests.borrow_mut().pop();
    let (ticket, _) = asked.expect("a request");
    let child = world.domain.begin();
    assert!(world.domain.adopt(ticket, child));
    assert!(world.domain.child_opened(ticket, child));
    child
}

pub(super) fn dereference() -> Request {
    Request::Dereference(String::new())
}

#[test]
fn children_say_farewell_too_and_are_destroyed_before_their_owner() {
    let world = World::new();
    let owner = world.object("owner", &[TALK], polite);
    let listener = world.object("listener", &[LISTEN.many()], idle);
    world.connect((&owner, 0), (&listener, 0));
    world.domain.request(&owner.cell, 1, dereference());
    let child = answer(&world);
    let child = world.object_of(child, "child", &[TALK], polite);
    world.connect((&child, 0), (&listener, 0));
    ask(&world, &owner);
    ask(&world, &child);
    world.happened();
    close(&world);
    let happened = world.happened();
    assert_eq!(
        happened[..4],
        [
            "child woken 9 Farewell",
            "listener hears 1",
            "owner woken 9 Farewell",
            "listener hears 1"
        ]
    );
    assert_eq!(
        happened[happened.len() - 3..],
        ["child destroyed", "listener destroyed", "owner destroyed"]
    );
    assert!(world.domain.is_empty());
}

#[test]
fn a_child_that_its_owner_drops_says_farewell_and_is_gone_before_an_owner_that_ends_then() {
    let world = World::new();
    let owner = world.object("owner", &[TALK], idle);
    world.domain.start_ready();
    world.domain.request(&owner.cell, 1, dereference());
    let child = answer(&world);
    let child = world.object_of(child, "child", &[TALK], polite);
    world.domain.start_ready();
    world.domain.turn(None);
    ask(&world, &child);
    world.happened();
    world.domain.close_token(&owner.cell, 1);
    // The owner itself has nothing to say.
    close(&world);
    assert_eq!(
        world.happened(),
        [
            "child woken 9 Farewell",
            "child destroyed",
            "owner destroyed"
        ]
    );
    assert!(world.domain.is_empty());
}

#[test]
fn what_is_opened_while_its_owner_says_farewell_says_none_and_is_destroyed_before_it() {
    let world = Rc::new(World::new());
    let inside = world.clone();
    let owner = world.object("owner", &[TALK], move |me, happening| {
        if is_farewell(&happening) {
            me.proxy.domain().request(me.proxy, 1, dereference());
            let child = answer(&inside);
            let child = inside.object_of(child, "child", &[TALK], polite);
            inside.domain.start_ready();
            ask(&inside, &child);
        }
        abi::OK
    });
    world.domain.start_ready();
    ask(&world, &owner);
    close(&world);
    assert_eq!(
        world.happened(),
        [
            "owner woken 9 Farewell",
            "owner woken 1 Opened",
            "child destroyed",
            "owner destroyed"
        ]
    );
    assert!(world.domain.is_empty());
    assert!(!world.outside.inbox.has_farewells());
}

#[test]
fn when_a_domain_stops_all_that_it_has_is_connected_while_farewells_are_said() {
    let world = World::new();
    let elder = world.object("elder", &[TALK], polite);
    // Another instance, which ends first as the younger one, and has asked for nothing.
    let guest = world.domain.begin();
    let guest = world.object_of(guest, "guest", &[LISTEN], idle);
    world.connect((&elder, 0), (&guest, 0));
    ask(&world, &elder);
    world.happened();
    world.domain.stop();
    world.domain.turn(None);
    assert_eq!(
        world.happened(),
        [
            "elder woken 9 Farewell",
            "guest hears 1",
            "elder disconnected 0 (0)",
            "guest disconnected 0 (0)",
            "guest destroyed",
            "elder destroyed"
        ]
    );
    assert!(world.domain.has_stopped());
}

#[test]
fn where_nobody_asked_what_ends_is_disconnected_at_once() {
    let world = World::new();
    let speaker = world.object("speaker", &[BALL], idle_ball);
    let listener = world.object("listener", &[RACKET], idle_ball);
    world.connect((&speaker, 0), (&listener, 0));
    // Somebody else has asked.
    let other = world.domain.begin();
    let other = world.object_of(other, "other", &[TALK], polite);
    ask(&world, &other);
    world.domain.end(world.instance, Ended::Closed);
    assert_eq!(world.domain.counts()[2], 0, "connections");
    world.domain.stop();
    world.domain.turn(None);
    assert!(world.domain.has_stopped());
}

fn idle_ball(_: &Me<'_>, _: Happening) -> abi::Status {
    abi::OK
}

/// Two domains with an instance each, which are one group.
pub(super) fn pair() -> ([World; 2], [u64; 2], Arc<Ending>) {
    let first = World::new();
    let second = first.beside();
    let worlds = [first, second];
    let ending = Arc::new(Ending::new());
    let told = ending.clone();
    let inboxes = worlds.iter().map(|world| world.outside.inbox.clone());
    let (_, memberships) = Group::new(inboxes.collect(), move |ended| told.set(ended));
    let mut memberships = memberships.into_iter();
    let instances = [0, 1].map(|at: usize| {
        let membership = memberships.next().expect("a membership");
        worlds[at].domain.begin_in(membership)
    });
    (worlds, instances, ending)
}

pub(super) fn run(worlds: &[World; 2]) {
    for _ in 0..100 {
        for world in worlds {
            world.run();
        }
    }
}

#[test]
fn in_several_domains_all_farewells_are_heard_before_any_of_them_disconnects() {
    // Whichever of them is told first.
    for first in [0, 1] {
        let (worlds, instances, ending) = pair();
        let [here, there] = &worlds;
        let polite = here.object_of(instances[0], "polite", &[TALK], polite);
        let relay = there.object_of(instances[1], "relay", &[LISTEN, TALK], |me, happening| {
            if let Happening::Heard { n } = happening {
                me.say(1, n + 1);
            }
            abi::OK
        });
        let listener = there.object_of(instances[1], "listener", &[LISTEN], idle);
        let inside = there.domain.connect(end((&relay, 1)), end((&listener, 0)));
        there.domain.notify_connected(inside.expect("connected"));
        connect_across(
            (&here.domain, end((&polite, 0))),
            (&there.domain, end((&relay, 0))),
        )
        .expect("connected");
        for (world, instance) in worlds.iter().zip(instances) {
            world.domain.start_group(instance);
        }
        ask(here, &polite);
        run(&worlds);
        here.happened();
        let closed = &worlds[first].domain;
        closed.end(instances[first], Ended::Closed);
        closed.turn(None);
        run(&worlds);
        let happened = here.happened();
        assert_eq!(
            happened[..3],
            [
                "polite woken 9 Farewell",
                "relay hears 1",
                "listener hears 2"
            ],
            "{first}"
        );
        let told = |text: &str| happened.iter().filter(|it| it.contains(text)).count();
        assert_eq!((told("disconnected"), told("destroyed")), (4, 3));
        let now = Some(std::time::Instant::now());
        assert_eq!(ending.wait(now), Some(Ended::Closed));
        assert!(here.domain.instances.borrow().len() == 1);
    }
}

#[test]
fn what_is_closed_while_it_opens_says_no_farewell() {
    let (worlds, instances, ending) = pair();
    let early = worlds[0].object_of(instances[0], "early", &[TALK], polite);
    ask(&worlds[0], &early);
    worlds[1].domain.end(instances[1], Ended::Closed);
    worlds[1].domain.turn(None);
    run(&worlds);
    assert_eq!(worlds[0].happened(), ["early destroyed"]);
    let now = Some(std::time::Instant::now());
    assert_eq!(ending.wait(now), Some(Ended::Closed));
}
