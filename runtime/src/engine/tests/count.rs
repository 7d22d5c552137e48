//! What is counted while somebody watches.

use std::time::{Duration, Instant};

use liveobj_abi as abi;

use super::super::create::Proxy;
use super::{Happening, LISTEN, TALK, World, idle, post, three};
use crate::stat::PartSample;

/// Events that passed through each connection, from either end.
fn passed(world: &World) -> Vec<[u64; 2]> {
    let sample = world.domain.sample();
    sample.connections.iter().map(|it| it.events).collect()
}

fn part(world: &World, proxy: &Proxy) -> PartSample {
    let mut parts = world.domain.sample().parts.into_iter();
    let part = parts.find(|part| part.id == proxy.cell.number);
    part.expect("it is there")
}

/// Runs for so long at least.
fn work(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {}
}

#[test]
fn what_passes_is_counted_while_somebody_watches_and_only_then() {
    let world = World::new();
    let first = world.object("first", &[TALK.many()], three);
    let second = world.object("second", &[LISTEN], |me, happening| {
        if let Happening::Heard { n, .. } = happening {
            me.say(0, n);
        }
        abi::OK
    });
    let early = world.connect((&first, 0), (&second, 0));
    let say_three = || world.domain.turn(Some(post(&first)));
    say_three();
    assert_eq!(passed(&world), [[0, 0]]);
    world.domain.count(true);
    say_three();
    // Its answers wait, since it is first that speaks.
    assert_eq!(passed(&world), [[3, 3]]);
    assert_eq!(
        (part(&world, &first).calls, part(&world, &second).calls),
        (4, 3)
    );

    let third = world.object("third", &[LISTEN], idle);
    world.connect((&first, 0), (&third, 0));
    say_three();
    assert_eq!(passed(&world), [[6, 6], [3, 0]], "new ones are counted too");

    world.domain.count(false);
    let before = part(&world, &second);
    say_three();
    assert_eq!(passed(&world), [[6, 6], [3, 0]]);
    assert_eq!(part(&world, &second), before);

    let link = world
        .domain
        .link_of(&first.cell, 0, early)
        .expect("it lasts");
    world.domain.drop_connection(early);
    world.domain.count(true);
    let answer = first
        .cell
        .emit_to(&link, 0, crate::boundary::calls::Lent::NONE);
    assert_eq!(answer, abi::STALE, "what has ended stays so");
}

#[test]
fn time_is_of_the_object_that_ran() {
    const OWN: Duration = Duration::from_millis(2);
    let own = OWN.as_nanos() as u64;
    let world = World::new();
    let first = world.object("first", &[TALK], |me, happening| {
        if let Happening::Woken { .. } = happening {
            me.say(0, 1);
            work(OWN);
        }
        abi::OK
    });
    let second = world.object("second", &[LISTEN], |_, happening| {
        if let Happening::Heard { .. } = happening {
            work(OWN * 2);
        }
        abi::OK
    });
    world.connect((&first, 0), (&second, 0));
    world.run();
    world.domain.count(true);
    let begun = Instant::now();
    world.domain.turn(Some(post(&first)));
    let passed = begun.elapsed().as_nanos() as u64;
    let [first, second] = [&first, &second].map(|it| part(&world, it).time);
    assert!(first >= own, "{first}");
    assert!(second >= 2 * own, "{second}");
    assert!(
        first + second <= passed,
        "no time is of two: {first} {second} {passed}"
    );
}

#[test]
fn what_waits_is_told_and_what_the_runtime_keeps() {
    let world = World::new();
    let first = world.object("first", &[TALK], three);
    let held = world.object("held", &[LISTEN, TALK.mandatory()], idle);
    let alone = part(&world, &held).bytes;
    world.connect((&first, 0), (&held, 0));
    world.domain.count(true);
    world.domain.turn(Some(post(&first)));
    // `connected`, and three events.
    assert_eq!(part(&world, &held).waiting, 4);
    let with = part(&world, &held).bytes;
    assert!(alone > 200 && with > alone, "{alone} {with}");
    assert_eq!(world.domain.sample().waiting, 0);
}
