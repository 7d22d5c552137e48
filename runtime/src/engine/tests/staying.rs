//! Farewells that take time: who stays, for how long, and who has to wait for it.

use std::cell::Cell;
use std::rc::Rc;

use liveobj_abi as abi;

use super::farewell::{close, is_farewell, pair, run};
use super::partings::child;
use super::{Happening, LISTEN, Me, TALK, Wake, World, idle};
use crate::edge::{Request, Stage, Ticket};
use crate::engine::create::Proxy;
use crate::engine::crossing::connect_across;
use crate::engine::domain::Domain;
use crate::object::Ended;

/// Under this token objects ask for a farewell here.
const FAREWELL: u64 = 9;
/// Under this one they stay.
const STAY: u64 = 8;
/// How long a parting may take, unless a test says otherwise.
pub(super) const WITHIN: u64 = 5_000_000_000;

pub(super) fn ask(world: &World, proxy: &Proxy, stage: Stage) {
    let request = Request::Farewell(stage);
    let status = world.domain.request(&proxy.cell, FAREWELL, request);
    assert_eq!(status, abi::OK);
}

fn stay(me: &Me<'_>) -> abi::Status {
    me.proxy.domain().request(me.proxy, STAY, Request::Stay)
}

/// Stays from its farewell on.
pub(super) fn staying(me: &Me<'_>, happening: Happening) -> abi::Status {
    if is_farewell(&happening) {
        assert_eq!(stay(me), abi::OK);
    }
    abi::OK
}

/// Is done.
pub(super) fn done(world: &World, proxy: &Proxy) {
    assert_eq!(world.domain.close_token(&proxy.cell, STAY), abi::OK);
    world.domain.turn(None);
    world.run();
}

/// The timers that domains have asked for, with their nanoseconds.
pub(super) fn timers(world: &World) -> Vec<(Ticket, u64)> {
    let requests = world.outside.requests.borrow();
    let timers = requests
        .iter()
        .filter_map(|(ticket, request)| match request {
            Request::Timer(nanoseconds) if ticket.proxy == 0 => Some((*ticket, *nanoseconds)),
            _ => None,
        });
    timers.collect()
}

/// Lets the time pass that a parting may take.
pub(super) fn time_passes(world: &World) {
    world.outside.now.set(world.outside.now.get() + WITHIN);
    for (ticket, _) in timers(world) {
        let wake = Domain::wake_from_outside(ticket, Wake::Timer);
        world.outside.inbox.push(wake);
    }
    world.run();
}

#[test]
fn what_ends_lives_on_while_somebody_stays() {
    let world = World::new();
    let guest = world.object("guest", &[TALK], |me, happening| {
        if let Happening::Woken {
            wake: Wake::Posted(_),
            ..
        } = &happening
        {
            me.say(0, 1);
        }
        staying(me, happening)
    });
    // It has asked for nothing, and lives on all the same.
    let host = world.object("host", &[LISTEN], |me, happening| {
        if let Happening::Heard { n } = happening {
            let timer = Request::Timer(1);
            assert_eq!(me.proxy.domain().request(me.proxy, n, timer), abi::OK);
        }
        abi::OK
    });
    world.connect((&guest, 0), (&host, 0));
    ask(&world, &guest, Stage::First);
    world.happened();
    close(&world);
    assert_eq!(world.happened(), ["guest woken 9 Farewell"]);
    assert!(!world.domain.has_waiting(), "nothing goes round meanwhile");
    world.wake(&guest);
    let (ticket, _) = world
        .outside
        .requests
        .borrow()
        .last()
        .cloned()
        .expect("a timer");
    let wake = Domain::wake_from_outside(ticket, Wake::Timer);
    world.outside.inbox.push(wake);
    world.run();
    assert_eq!(
        world.happened(),
        [
            "guest woken 0 Posted([])",
            "host hears 1",
            "host woken 1 Timer"
        ]
    );
    done(&world, &guest);
    assert_eq!(
        world.happened(),
        [
            "guest disconnected 0 (0)",
            "host disconnected 0 (0)",
            "host destroyed",
            "guest destroyed"
        ]
    );
    assert!(world.domain.is_empty());
    assert_eq!(world.messages(), [""; 0]);
    let closed = world.outside.closed.borrow();
    let (timer, nanoseconds) = timers(&world)[0];
    assert!(closed.contains(&timer), "nobody is told that time is up");
    assert_eq!(nanoseconds, WITHIN);
}

#[test]
fn who_asked_to_be_woken_last_is_once_nobody_of_the_first_stays() {
    let world = World::new();
    let below = world.object("below", &[LISTEN], staying);
    let above = world.object("above", &[TALK], staying);
    world.connect((&above, 0), (&below, 0));
    ask(&world, &below, Stage::Last);
    ask(&world, &above, Stage::First);
    world.happened();
    close(&world);
    assert_eq!(world.happened(), ["above woken 9 Farewell"]);
    // What it says at last is delivered before.
    let cell = above.clone();
    world.domain.later(move |domain| {
        let posted = Wake::Posted(vec![1]);
        let ticket = Ticket {
            proxy: cell.cell.number,
            token: 0,
            ticket: 0,
        };
        domain.close_token(&cell.cell, STAY);
        domain.answer(ticket, posted);
    });
    world.domain.turn(None);
    assert_eq!(
        world.happened(),
        ["above woken 0 Posted([1])", "below woken 9 Farewell"]
    );
    done(&world, &below);
    let happened = world.happened();
    assert_eq!(happened[0], "above disconnected 0 (0)");
    assert!(world.domain.is_empty());
}

#[test]
fn of_those_who_take_no_time_the_last_are_woken_last() {
    let world = World::new();
    let polite = |me: &Me<'_>, happening: Happening| {
        if is_farewell(&happening) {
            me.say(0, 1);
        }
        abi::OK
    };
    let first = world.object("first", &[TALK], polite);
    let listener = world.object("listener", &[LISTEN.many()], idle);
    let last = world.object("last", &[TALK], polite);
    world.connect((&first, 0), (&listener, 0));
    world.connect((&last, 0), (&listener, 0));
    ask(&world, &first, Stage::First);
    ask(&world, &last, Stage::Last);
    world.happened();
    close(&world);
    assert_eq!(
        world.happened()[..5],
        [
            "first woken 9 Farewell",
            "listener hears 1",
            "last woken 9 Farewell",
            "listener hears 1",
            "last disconnected 0 (0)"
        ]
    );
    assert_eq!(timers(&world), [], "nobody stayed");
}

#[test]
fn when_the_time_is_up_who_stays_is_told_and_named() {
    let world = World::new();
    let last_words = |me: &Me<'_>, happening: Happening| {
        if let Happening::Woken {
            wake: Wake::Failed(_),
            ..
        } = happening
        {
            me.say(0, 7);
        }
        staying(me, happening)
    };
    let below = world.object("below", &[TALK], last_words);
    let listener = world.object("listener", &[LISTEN.many()], idle);
    let above = world.object("above", &[TALK], last_words);
    world.connect((&above, 0), (&listener, 0));
    world.connect((&below, 0), (&listener, 0));
    ask(&world, &below, Stage::Last);
    ask(&world, &above, Stage::First);
    world.happened();
    close(&world);
    assert_eq!(world.happened(), ["above woken 9 Farewell"]);
    time_passes(&world);
    let up = "Failed(\"its time for a farewell is up\")";
    assert_eq!(
        world.happened()[..7],
        [
            &format!("above woken 8 {up}"),
            "listener hears 7",
            "below woken 9 Farewell",
            // It wants to stay, and cannot any more.
            &format!("below woken 8 {up}"),
            "listener hears 7",
            "below disconnected 0 (0)",
            "listener disconnected 0 (0)"
        ]
    );
    assert!(world.domain.is_empty());
    assert_eq!(
        world.messages(),
        ["warning: `above`: it had not left after 5s, and is closed as it is"]
    );
}

#[test]
fn many_who_are_not_done_in_time_are_counted() {
    let world = World::new();
    for _ in 0..12 {
        let guest = world.object("guest", &[TALK], staying);
        world.domain.start_ready();
        ask(&world, &guest, Stage::First);
    }
    close(&world);
    time_passes(&world);
    assert!(world.domain.is_empty());
    let messages = world.messages();
    assert_eq!(messages.len(), 11);
    assert_eq!(messages[10], "warning: 2 more had not left either");
}

#[test]
fn where_no_time_is_given_nobody_stays() {
    let world = World::new();
    world.outside.within.set(Some(0));
    let guest = world.object("guest", &[TALK], staying);
    world.domain.start_ready();
    ask(&world, &guest, Stage::First);
    close(&world);
    assert_eq!(
        world.happened(),
        [
            "guest woken 9 Farewell",
            "guest woken 8 Failed(\"its time for a farewell is up\")",
            "guest destroyed"
        ]
    );
    assert!(world.domain.is_empty());
    assert_eq!(world.messages(), [""; 0]);
    assert_eq!(timers(&world), []);
}

#[test]
fn who_is_hurried_stays_no_longer_and_is_not_named() {
    let world = World::new();
    let guest = world.object("guest", &[TALK], staying);
    world.domain.start_ready();
    ask(&world, &guest, Stage::First);
    close(&world);
    assert_eq!(world.domain.staying(), ["guest"]);
    world.domain.hurry();
    world.domain.turn(None);
    assert!(world.domain.is_empty());
    assert_eq!(world.messages(), [""; 0]);
    // Nor does anybody later.
    let instance = world.domain.begin();
    let late = world.object_of(instance, "late", &[TALK], staying);
    world.domain.start_ready();
    ask(&world, &late, Stage::First);
    world.domain.end(instance, Ended::Closed);
    world.domain.turn(None);
    assert!(world.domain.is_empty());
}

#[test]
fn who_fails_or_panics_while_it_stays_stays_no_more() {
    for fault in ["fails", "panics"] {
        let world = World::new();
        let guest = world.object("guest", &[TALK], move |me, happening| {
            let posted = matches!(
                happening,
                Happening::Woken {
                    wake: Wake::Posted(_),
                    ..
                }
            );
            match fault {
                "fails" if posted => return abi::FAILED,
                _ => assert!(!posted, "oh no"),
            }
            staying(me, happening)
        });
        let host = world.object("host", &[LISTEN], idle);
        world.connect((&guest, 0), (&host, 0));
        ask(&world, &guest, Stage::First);
        let ended = Rc::new(Cell::new(None));
        let seen = ended.clone();
        let tell = move |_: &Domain, how| seen.set(Some(how));
        world.domain.set_on_end(world.instance, Box::new(tell));
        world.happened();
        close(&world);
        world.wake(&guest);
        assert_eq!(
            world.happened(),
            [
                "guest woken 9 Farewell",
                "guest woken 0 Posted([])",
                "host disconnected 0 (1)",
                "host destroyed",
                "guest destroyed"
            ],
            "{fault}"
        );
        assert_eq!(ended.take(), Some(Ended::Closed), "{fault}");
        assert!(world.domain.is_empty(), "{fault}");
    }
}

#[test]
fn to_stay_is_for_those_who_are_being_parted_with() {
    let world = World::new();
    let guest = world.object("guest", &[TALK], |me, happening| {
        if is_farewell(&happening) {
            assert_eq!(stay(me), abi::OK);
            assert_eq!(stay(me), abi::INVALID, "the token is in use");
            // Each is ended by itself.
            let again = me.proxy.domain().request(me.proxy, 7, Request::Stay);
            assert_eq!(again, abi::OK);
        }
        if let Happening::Disconnected = happening {
            assert_eq!(stay(me), abi::STALE);
        }
        abi::OK
    });
    let host = world.object("host", &[LISTEN], idle);
    world.connect((&guest, 0), (&host, 0));
    ask(&world, &guest, Stage::First);
    let early = world.domain.request(&guest.cell, STAY, Request::Stay);
    assert_eq!(early, abi::INVALID);
    close(&world);
    done(&world, &guest);
    assert!(!world.domain.is_empty(), "it still stays under the other");
    assert_eq!(timers(&world).len(), 1);
    assert_eq!(world.domain.close_token(&guest.cell, 7), abi::OK);
    world.domain.turn(None);
    assert!(world.domain.is_empty());
}

#[test]
fn when_a_domain_stops_all_that_it_has_goes_through_the_stages_together() {
    let world = World::new();
    let below = world.object("below", &[LISTEN], staying);
    world.domain.start_ready();
    // An instance of its own, which nobody of the other one owns.
    let guest = world.domain.begin();
    let guest = world.object_of(guest, "guest", &[TALK], staying);
    let above = child(&world, &below, 1, "above");
    world.connect((&guest, 0), (&below, 0));
    ask(&world, &below, Stage::Last);
    ask(&world, &guest, Stage::First);
    ask(&world, &above, Stage::First);
    world.happened();
    world.domain.stop();
    world.domain.turn(None);
    assert_eq!(
        world.happened(),
        ["above woken 9 Farewell", "guest woken 9 Farewell"]
    );
    done(&world, &guest);
    assert_eq!(world.happened(), [""; 0]);
    done(&world, &above);
    assert_eq!(world.happened(), ["below woken 9 Farewell"]);
    assert!(!world.domain.has_stopped());
    done(&world, &below);
    assert!(world.domain.has_stopped());
}

#[test]
fn what_is_begun_while_a_domain_stops_is_given_the_time_that_is_left() {
    let world = World::new();
    let guest = world.object("guest", &[TALK], staying);
    world.domain.start_ready();
    ask(&world, &guest, Stage::First);
    world.domain.stop();
    world.domain.turn(None);
    world.outside.now.set(WITHIN - 1);
    // Work that was handed in before.
    let instance = world.domain.begin();
    let late = world.object_of(instance, "late", &[TALK], staying);
    world.domain.start_ready();
    ask(&world, &late, Stage::First);
    world.domain.turn(None);
    done(&world, &guest);
    assert_eq!(timers(&world).len(), 2);
    assert_eq!(timers(&world)[1].1, 1);
    time_passes(&world);
    assert!(world.domain.has_stopped());
}

#[test]
fn what_is_already_parting_when_a_domain_stops_is_waited_for() {
    let world = World::new();
    let guest = world.object("guest", &[TALK], staying);
    let other = world.domain.begin();
    let listener = world.object_of(other, "listener", &[LISTEN], idle);
    world.connect((&guest, 0), (&listener, 0));
    ask(&world, &guest, Stage::First);
    world.happened();
    close(&world);
    world.domain.stop();
    world.domain.turn(None);
    assert_eq!(world.happened(), ["guest woken 9 Farewell"]);
    done(&world, &guest);
    assert!(world.domain.has_stopped());
}

#[test]
fn in_several_domains_nothing_is_disconnected_while_anybody_stays() {
    for first in [0, 1] {
        let (worlds, instances, ending) = pair();
        let [here, there] = &worlds;
        // Who stays tells the other one at last, which stays because of it.
        let guest = here.object_of(instances[0], "guest", &[TALK], |me, happening| {
            if let Happening::Woken {
                wake: Wake::Posted(_),
                ..
            } = &happening
            {
                me.say(0, 1);
                me.proxy.domain().close_token(me.proxy, STAY);
            }
            staying(me, happening)
        });
        let host = there.object_of(instances[1], "host", &[LISTEN], |me, happening| {
            if let Happening::Heard { .. } = happening {
                assert_eq!(stay(me), abi::OK);
            }
            abi::OK
        });
        let last = there.object_of(instances[1], "last", &[TALK], staying);
        connect_across(
            (&here.domain, super::end((&guest, 0))),
            (&there.domain, super::end((&host, 0))),
        )
        .expect("connected");
        for (world, instance) in worlds.iter().zip(instances) {
            world.domain.start_group(instance);
        }
        ask(here, &guest, Stage::First);
        ask(there, &last, Stage::Last);
        run(&worlds);
        here.happened();
        let closed = &worlds[first].domain;
        closed.end(instances[first], Ended::Closed);
        closed.turn(None);
        run(&worlds);
        assert_eq!(here.happened(), ["guest woken 9 Farewell"], "{first}");
        here.wake(&guest);
        run(&worlds);
        assert_eq!(
            here.happened(),
            ["guest woken 0 Posted([])", "host hears 1"],
            "{first}"
        );
        assert_eq!(there.domain.staying(), ["host"]);
        done(there, &host);
        run(&worlds);
        assert_eq!(here.happened(), ["last woken 9 Farewell"], "{first}");
        done(there, &last);
        run(&worlds);
        let happened = here.happened();
        let told = |text: &str| happened.iter().filter(|it| it.contains(text)).count();
        assert_eq!((told("disconnected"), told("destroyed")), (2, 3));
        let now = Some(std::time::Instant::now());
        assert_eq!(ending.wait(now), Some(Ended::Closed));
    }
}

#[test]
fn in_several_domains_the_time_is_up_in_each() {
    let (worlds, instances, ending) = pair();
    let names = ["here", "there"];
    for at in [0, 1] {
        let guest = worlds[at].object_of(instances[at], names[at], &[TALK], staying);
        worlds[at].domain.start_group(instances[at]);
        ask(&worlds[at], &guest, Stage::First);
    }
    run(&worlds);
    worlds[0].domain.end(instances[0], Ended::Closed);
    worlds[0].domain.turn(None);
    run(&worlds);
    for world in &worlds {
        time_passes(world);
    }
    run(&worlds);
    let now = Some(std::time::Instant::now());
    assert_eq!(ending.wait(now), Some(Ended::Closed));
    for world in &worlds {
        let messages = world.messages();
        assert_eq!(messages.len(), 1, "{messages:?}");
    }
}

#[test]
fn the_time_that_a_domain_asked_for_does_not_wait_while_its_queues_are_full() {
    let world = World::new();
    let guest = world.object("guest", &[TALK], staying);
    world.domain.start_ready();
    ask(&world, &guest, Stage::First);
    close(&world);
    let (ticket, _) = timers(&world)[0];
    let inbox = &world.outside.inbox;
    inbox.push(Domain::wake_from_outside(ticket, Wake::Timer));
    // As it is taken where much waits for another domain.
    let outside = inbox.try_take(true);
    assert!(outside.is_some());
    world.domain.turn(outside);
    assert!(world.domain.is_empty());
}
