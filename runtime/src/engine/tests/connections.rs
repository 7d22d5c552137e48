//! "Connections."

use std::cell::Cell;
use std::ops::RangeInclusive;
use std::rc::Rc;

use liveobj_abi as abi;

use super::super::crossing::{BATCH, MAX_QUEUED_EVENTS, connect_across};
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

/// An object of `here` that has filled more than half of its queue towards `there`, and whose timer
/// has run out; and the connection.
fn congested(here: &World, there: &World) -> u64 {
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
    let connection = across((here, &speaker), (there, &listener));
    here.wake(&speaker);
    let (ticket, _) = here.outside.requests.borrow()[0].clone();
    here.outside.answer(ticket, super::Wake::Timer);
    here.happened();
    here.run();
    assert_eq!(here.happened(), Vec::<String>::new());
    connection
}

#[test]
fn above_half_of_the_limit_the_senders_domain_takes_no_socket_or_timer_events() {
    let (here, there) = two_worlds();
    congested(&here, &there);
    there.run();
    here.happened();
    here.run();
    assert_eq!(here.happened(), ["speaker woken 9 Timer"]);
}

#[test]
fn a_queue_holds_nobody_up_once_its_connection_has_ended() {
    let (here, there) = two_worlds();
    let connection = congested(&here, &there);
    here.domain.drop_connection(connection);
    here.run();
    let expected = ["speaker disconnected 0 (0)", "speaker woken 9 Timer"];
    assert_eq!(here.happened(), expected);
}

/// Says these numbers whenever it is woken.
fn says(numbers: RangeInclusive<u64>) -> impl FnMut(&super::Me<'_>, Happening) -> abi::Status {
    move |me, happening| {
        if let Happening::Woken { .. } = happening {
            for n in numbers.clone() {
                assert_eq!(me.say(0, n), abi::OK);
            }
        }
        abi::OK
    }
}

#[test]
fn what_merges_inputs_sees_a_legal_interleaving() {
    let (here, there) = two_worlds();
    let elsewhere = here.beside();
    let merge = there.object("merge", &[LISTEN.many()], idle);
    let left = here.object("left", &[TALK], says(1..=3));
    let right = elsewhere.object("right", &[TALK], says(11..=13));
    across((&here, &left), (&there, &merge));
    across((&elsewhere, &right), (&there, &merge));
    here.happened();
    here.wake(&left);
    elsewhere.wake(&right);
    there.run();
    let lines = here.happened();
    let heard: Vec<u64> = lines
        .iter()
        .filter_map(|line| line.strip_prefix("merge hears ")?.parse().ok())
        .collect();
    let (small, large): (Vec<u64>, Vec<u64>) = heard.iter().partition(|n| **n < 10);
    assert_eq!(small, [1, 2, 3], "of {heard:?}");
    assert_eq!(large, [11, 12, 13], "of {heard:?}");
}

#[test]
fn whoever_floods_a_queue_holds_up_no_other_connection_for_longer_than_a_batch() {
    const FLOOD: usize = 20 * BATCH;
    let there = World::new();
    let senders = [there.beside(), there.beside(), there.beside()];
    // Two that flood, and one that has more to say than is taken at once.
    let counts = [FLOOD, FLOOD, BATCH + 1];
    let names = ["flooded", "drowned", "calm"];
    let bystander = there.object("bystander", &[LISTEN], idle);
    for ((sender, count), name) in senders.iter().zip(counts).zip(names) {
        let speaker = sender.object("speaker", &[TALK], says(1..=count as u64));
        let listener = there.object(name, &[LISTEN], idle);
        across((sender, &speaker), (&there, &listener));
        sender.wake(&speaker);
    }
    there.outside.inbox.push(post(&bystander));
    there.happened();
    there.run();
    let lines = there.happened();
    let at = |wanted: &str| {
        let found = lines.iter().position(|line| line == wanted);
        found.unwrap_or_else(|| panic!("no `{wanted}`"))
    };
    // Each of the two that flood goes before it once for each time that it is looked at.
    assert_eq!(at("calm hears 1"), 2 * BATCH);
    assert_eq!(at("bystander woken 0 Posted([])"), 3 * BATCH);
    let rest = at(&format!("calm hears {}", BATCH + 1));
    assert_eq!(rest, 3 * BATCH + 1 + 2 * BATCH);
    for (name, count) in names.into_iter().zip(counts) {
        let hears = format!("{name} hears ");
        let heard = lines.iter().filter(|line| line.starts_with(&hears)).count();
        assert_eq!(heard, count, "all of it arrives");
    }
}

#[test]
fn two_domains_with_full_queues_towards_each_other_go_on() {
    let (here, there) = two_worlds();
    let flood = |me: &super::Me<'_>, happening| {
        if let Happening::Woken {
            wake: super::Wake::Posted(_),
            ..
        } = happening
        {
            for _ in 0..MAX_QUEUED_EVENTS {
                assert_eq!(me.say(0, 1), abi::OK);
            }
            let timer = crate::edge::Request::Timer(1);
            me.proxy.domain().request(me.proxy, 9, timer);
        }
        abi::OK
    };
    let left = here.object("left", &[TALK], flood);
    let right = there.object("right", &[LISTEN], flood);
    across((&here, &left), (&there, &right));
    for (world, proxy) in [(&here, &left), (&there, &right)] {
        world.domain.turn(Some(post(proxy)));
        let (ticket, _) = world.outside.requests.borrow()[0].clone();
        world.outside.answer(ticket, super::Wake::Timer);
    }
    assert!(here.domain.is_congested() && there.domain.is_congested());
    here.happened();
    for world in [&here, &there, &here] {
        world.run();
    }
    let lines = here.happened();
    let count = |end: &str| lines.iter().filter(|line| line.ends_with(end)).count();
    assert_eq!(count("left hears 1"), MAX_QUEUED_EVENTS);
    assert_eq!(count("right hears 1"), MAX_QUEUED_EVENTS);
    assert_eq!(count("woken 9 Timer"), 2, "nobody waits for ever");
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

#[test]
fn what_was_sent_before_the_receiver_ended_the_connection_arrives_and_nothing_later() {
    let (here, there) = two_worlds();
    let speaker = here.object("speaker", &[TALK], three);
    let listener = there.object("listener", &[LISTEN], idle);
    let connection = across((&here, &speaker), (&there, &listener));
    here.happened();
    here.wake(&speaker);
    // The other domain has not looked yet: all three wait in the queue.
    there.domain.drop_connection(connection);
    // The sender has not heard of it yet.
    here.domain.turn(Some(post(&speaker)));
    there.run();
    here.run();
    let expected = [
        "speaker woken 0 Posted([])",
        "speaker woken 0 Posted([])",
        "listener hears 1",
        "listener hears 2",
        "listener hears 3",
        "listener disconnected 0 (0)",
        "speaker disconnected 0 (0)",
    ];
    assert_eq!(here.happened(), expected);
}

pub(super) fn two_worlds() -> (World, World) {
    let here = World::new();
    let there = here.beside();
    (here, there)
}

pub(super) fn across(left: (&World, &super::Proxy), right: (&World, &super::Proxy)) -> u64 {
    let made = connect_across(
        (&left.0.domain, end((left.1, 0))),
        (&right.0.domain, end((right.1, 0))),
    );
    left.0.domain.turn(None);
    right.0.domain.turn(None);
    made.expect("connected")
}
