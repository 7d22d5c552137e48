//! "Connections."

use std::cell::Cell;
use std::rc::Rc;

use liveobj_abi as abi;

use super::super::crossing::{MAX_QUEUED_EVENTS, connect_across};
use super::{Happening, LISTEN, Shape, TALK, World, end, idle, post, three};

const OFFER: Shape = Shape {
    ty: "Offer",
    many: false,
    mandatory: false,
};
const TAKE: Shape = Shape {
    ty: "mirror Offer",
    many: false,
    mandatory: false,
};

#[test]
fn connections_are_direct_inside_a_domain() {
    let world = World::new();
    let speaker = world.object("speaker", &[TALK], |me, happening| {
        if let Happening::Woken { .. } = happening {
            me.say(0, 1);
            me.note("speaker goes on");
        }
        abi::OK
    });
    let listener = world.object("listener", &[LISTEN], idle);
    world.connect((&speaker, 0), (&listener, 0));
    world.happened();
    world.wake(&speaker);
    assert_eq!(
        world.happened()[1..],
        ["listener hears 1", "speaker goes on"]
    );
}

#[test]
fn connections_are_queued_across_domains() {
    let (here, there) = two_worlds();
    let speaker = here.object("speaker", &[TALK], |me, happening| {
        if let Happening::Woken { .. } = happening {
            me.say(0, 1);
            me.note("speaker goes on");
        }
        abi::OK
    });
    let listener = there.object("listener", &[LISTEN], idle);
    across((&here, &speaker), (&there, &listener));
    here.happened();
    here.wake(&speaker);
    there.run();
    assert_eq!(
        here.happened()[1..],
        ["speaker goes on", "listener hears 1"]
    );
}

#[test]
fn outputs_that_depend_on_one_input_connection_are_the_same_in_both_modes() {
    let outputs = |queued: bool| {
        let (here, there) = two_worlds();
        let speaker = here.object("speaker", &[TALK], three);
        let doubled = |me: &super::Me<'_>, happening| {
            if let Happening::Heard { n, .. } = happening {
                me.say(1, 2 * n);
            }
            abi::OK
        };
        let place = if queued { &there } else { &here };
        let double = place.object("double", &[LISTEN, TALK], doubled);
        let sink = place.object("sink", &[LISTEN], idle);
        place.connect((&double, 1), (&sink, 0));
        if queued {
            across((&here, &speaker), (&there, &double));
        } else {
            here.connect((&speaker, 0), (&double, 0));
        }
        here.happened();
        here.wake(&speaker);
        there.run();
        let lines = here.happened();
        lines
            .into_iter()
            .filter(|line| line.starts_with("sink"))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        outputs(false),
        ["sink hears 2", "sink hears 4", "sink hears 6"]
    );
    assert_eq!(outputs(false), outputs(true));
}

#[test]
fn a_refusable_event_is_refused_when_the_queue_is_full() {
    let (here, there) = two_worlds();
    let refused = Rc::new(Cell::new(0));
    let counted = refused.clone();
    let speaker = here.object("speaker", &[OFFER], move |me, happening| {
        if let Happening::Woken { .. } = happening {
            for n in 0..MAX_QUEUED_EVENTS as u64 + 3 {
                if me.say(0, n) == abi::REFUSED {
                    counted.set(counted.get() + 1);
                }
            }
        }
        abi::OK
    });
    let listener = there.object("listener", &[TAKE], idle);
    across((&here, &speaker), (&there, &listener));
    here.wake(&speaker);
    assert_eq!(refused.get(), 3);
    there.run();
    let heard = here
        .happened()
        .iter()
        .filter(|line| line.starts_with("listener hears"))
        .count();
    assert_eq!(heard, MAX_QUEUED_EVENTS);
}

#[test]
fn any_other_event_that_meets_the_limit_disconnects_with_overflow() {
    let (here, there) = two_worlds();
    let speaker = here.object("speaker", &[TALK], |me, happening| {
        if let Happening::Woken { .. } = happening {
            for n in 0..=MAX_QUEUED_EVENTS as u64 {
                let status = me.say(0, n);
                let expected = if n < MAX_QUEUED_EVENTS as u64 {
                    abi::OK
                } else {
                    abi::STALE
                };
                assert_eq!(status, expected);
            }
        }
        abi::OK
    });
    let listener = there.object("listener", &[LISTEN], idle);
    across((&here, &speaker), (&there, &listener));
    here.wake(&speaker);
    there.run();
    let overflow = |name: &str| format!("{name} disconnected 0 ({})", abi::REASON_OVERFLOW);
    let happened = here.happened();
    assert!(happened.contains(&overflow("speaker")));
    assert_eq!(
        happened.last(),
        Some(&overflow("listener")),
        "after all that was queued"
    );
}

#[test]
fn above_half_of_the_limit_the_senders_domain_takes_no_socket_or_timer_events() {
    let (here, there) = two_worlds();
    let speaker = here.object("speaker", &[TALK], |me, happening| {
        if let Happening::Woken {
            wake: super::Wake::Posted(_),
            ..
        } = happening
        {
            for n in 0..=MAX_QUEUED_EVENTS as u64 / 2 {
                me.say(0, n);
            }
            me.proxy
                .domain()
                .request(me.proxy, 9, crate::edge::Request::Timer(1));
        }
        abi::OK
    });
    let listener = there.object("listener", &[LISTEN], idle);
    across((&here, &speaker), (&there, &listener));
    here.wake(&speaker);
    let (ticket, _) = here.outside.requests.borrow()[0].clone();
    here.outside.answer(ticket, super::Wake::Timer);
    here.happened();
    here.run();
    assert_eq!(here.happened(), Vec::<String>::new());
    there.run();
    here.happened();
    here.run();
    assert_eq!(here.happened(), ["speaker woken 9 Timer"]);
}

#[test]
fn emitting_on_an_unconnected_endpoint_is_not_connected_and_counted() {
    let world = World::new();
    let speaker = world.object("speaker", &[TALK, TALK.many()], |me, happening| {
        if let Happening::Woken { .. } = happening {
            assert_eq!(me.say(0, 1), abi::NOT_CONNECTED);
            assert_eq!(me.say(1, 1), abi::NOT_CONNECTED);
        }
        abi::OK
    });
    world.domain.start_ready();
    world.wake(&speaker);
    assert_eq!(world.domain.lost.get(), 2);
    assert_eq!(speaker.cell.fixed(0).lost.get(), 1);
}

#[test]
fn on_a_many_endpoint_an_emission_goes_to_all_connections_or_to_one_that_is_named() {
    let world = World::new();
    let named = Rc::new(Cell::new(0));
    let one = named.clone();
    let speaker = world.object("speaker", &[TALK.many()], move |me, happening| {
        if let Happening::Woken { .. } = happening {
            me.say(0, 1);
            me.say_to(0, one.get(), 2);
        }
        abi::OK
    });
    let first = world.object("first", &[LISTEN], idle);
    let second = world.object("second", &[LISTEN], idle);
    world.connect((&speaker, 0), (&first, 0));
    named.set(world.connect((&speaker, 0), (&second, 0)));
    world.happened();
    world.wake(&speaker);
    assert_eq!(
        world.happened()[1..],
        ["first hears 1", "second hears 1", "second hears 2"]
    );
}

#[test]
fn an_endpoint_that_is_not_many_takes_one_connection() {
    let world = World::new();
    let speaker = world.object("speaker", &[TALK], idle);
    let first = world.object("first", &[LISTEN], idle);
    let second = world.object("second", &[LISTEN], idle);
    world.connect((&speaker, 0), (&first, 0));
    let again = world.domain.connect(end((&speaker, 0)), end((&second, 0)));
    assert_eq!(again, Err("endpoint `a` is already connected".to_owned()));
}

#[test]
fn events_emitted_while_a_connection_ends_are_stale_and_earlier_ones_arrive() {
    let world = World::new();
    let number = Rc::new(Cell::new(0));
    let connection = number.clone();
    let speaker = world.object("speaker", &[TALK], move |me, happening| {
        if let Happening::Woken { .. } = happening {
            me.say(0, 1);
            me.proxy.domain().drop_connection(connection.get());
            assert_eq!(me.say(0, 2), abi::NOT_CONNECTED);
        }
        abi::OK
    });
    let listener = world.object("listener", &[LISTEN], idle);
    number.set(world.connect((&speaker, 0), (&listener, 0)));
    world.happened();
    world.domain.turn(Some(post(&speaker)));
    assert_eq!(
        world.happened()[1..],
        [
            "listener hears 1",
            "speaker disconnected 0 (0)",
            "listener disconnected 0 (0)"
        ]
    );
}

fn two_worlds() -> (World, World) {
    let here = World::new();
    let there = here.beside();
    (here, there)
}

fn across(left: (&World, &super::Proxy), right: (&World, &super::Proxy)) {
    let made = connect_across(
        (&left.0.domain, end((left.1, 0))),
        (&right.0.domain, end((right.1, 0))),
    );
    made.expect("connected");
    left.0.domain.turn(None);
    right.0.domain.turn(None);
}
