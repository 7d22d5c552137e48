//! Members that are closed: what those that stay go on with, and how long who leaves takes.

use super::scenarios::{by_age, group, is_blocked, later, news_since, view};
use super::*;

/// Two periods: before anybody could be suspected.
fn soon(world: &mut World<Proxy>) {
    later(world, 2);
}

/// The only news of those that stay is the view of them, and nobody else runs.
fn only_a_view(world: &World<Proxy>, before: usize, stay: &[usize]) {
    for node in 0..world.nodes() {
        let runs = world.node(node).is_some();
        assert_eq!(runs, stay.contains(&node), "{node}");
    }
    for node in stay {
        let members = view(world, *node).members;
        assert_eq!(members.len(), stay.len(), "{members:x?}");
        assert!(!is_blocked(world, *node));
        for news in news_since(world, before, *node) {
            assert!(matches!(news, News::View(_)), "{news:?}");
        }
    }
}

/// Two members, of which one is closed on a channel that loses so much, in percent: whether the other one
/// goes on, and after which time who leaves is gone.
fn one_of_two(seed: u64, closed: usize, loss: u64) -> (bool, u64) {
    let mut world = group(seed, 2, 1);
    let ages = by_age(&world);
    world.network = Network { loss, ..PERFECT };
    let start = world.now;
    world.close(ages[closed]);
    while world.is_closing(ages[closed]) {
        world.advance_to(world.now + MILLISECOND);
    }
    let took = world.now - start;
    world.network = PERFECT;
    later(&mut world, 10);
    (!is_blocked(&world, ages[1 - closed]), took)
}

#[test]
fn of_two_members_the_one_that_stays_goes_on_at_once_whichever_it_is() {
    for closed in 0..2 {
        let mut world = group(20, 2, 1);
        let ages = by_age(&world);
        let before = world.history.len();
        world.close(ages[closed]);
        soon(&mut world);
        only_a_view(&world, before, &[ages[1 - closed]]);
    }
}

#[test]
fn who_leaves_at_once_blocks_the_others() {
    let goes_on = || one_of_two(20, 0, 0).0;
    assert!(goes_on());
    assert!(!fault::with(Fault::LeavesAtOnce, goes_on));
}

#[test]
fn where_a_third_of_all_is_lost_who_stays_goes_on_and_who_leaves_is_gone_soon() {
    let blocked = |closed| (0..50).filter(move |seed| !one_of_two(*seed, closed, 33).0);
    for closed in 0..2 {
        assert_eq!(
            blocked(closed).collect::<Vec<u64>>(),
            [0_u64; 0],
            "{closed}"
        );
    }
    let longest = (0..50).map(|seed| one_of_two(seed, 0, 33).1).max();
    println!("gone after {longest:?} ns at most");
    assert!(longest < Some(FAREWELL * settings(1).period));
    let blocked = fault::with(Fault::SaysOnce, || blocked(0).count());
    assert!(blocked > 5, "{blocked} of 50");
}

#[test]
fn two_of_three_that_are_closed_at_the_same_moment_leave_the_third_well() {
    for (first, second) in [(0, 1), (1, 0), (1, 2), (2, 1), (0, 2), (2, 0)] {
        let mut world = group(21, 3, 1);
        let ages = by_age(&world);
        let before = world.history.len();
        world.close(ages[first]);
        // Before anything that the first one said has arrived.
        world.close(ages[second]);
        soon(&mut world);
        only_a_view(&world, before, &[ages[3 - first - second]]);
    }
}

#[test]
fn members_that_are_closed_one_after_the_other_leave_the_last_one_alone_and_well() {
    for pause in [2, 20, 50, 80] {
        let mut world = group(22, 7, 1);
        let ages = by_age(&world);
        let before = world.history.len();
        for node in &ages[..6] {
            world.close(*node);
            // In part shorter than it takes to agree on a view.
            world.advance_to(world.now + pause * MILLISECOND);
        }
        soon(&mut world);
        only_a_view(&world, before, &ages[6..]);
    }
}

/// How many nanoseconds it takes until all of three are gone that are closed with so many of them between.
fn all_go(pause: u64) -> u64 {
    let mut world = group(23, 3, 1);
    let start = world.now;
    for node in 0..3 {
        world.close(node);
        world.advance_to(world.now + pause);
    }
    while (0..3).any(|node| world.is_closing(node)) {
        world.advance_to(world.now + MILLISECOND);
    }
    world.now - start - 3 * pause
}

#[test]
fn where_all_leave_nobody_waits() {
    let longest = || (0..10).map(|pause| all_go(pause * 3 * MILLISECOND)).max();
    assert!(longest() <= Some(2 * settings(1).period), "{:?}", longest());
    let longest = fault::with(Fault::LastOneWaits, longest);
    assert!(longest > Some(4 * settings(1).period));
}

#[test]
fn the_last_one_of_a_group_is_gone_at_once() {
    let mut world = group(24, 1, 1);
    world.close(0);
    assert!(world.node(0).is_none());
}

#[test]
fn a_group_of_which_all_are_closed_at_once_comes_back() {
    let mut world = group(23, 3, 1);
    let old = view(&world, 0);
    (0..3).for_each(|node| world.close(node));
    later(&mut world, 2);
    (0..3).for_each(|node| world.start(node, true));
    later(&mut world, 10);
    assert!(is_settled(&world), "{:#?}", standings(&world));
    let new = view(&world, 0);
    assert!(new.group != old.group && new.number > old.number);
}

#[test]
fn who_leaves_while_it_is_outside_founds_nothing_and_is_not_waited_for() {
    QUORUM.set(1);
    let mut world = World::<Proxy>::new(25, 2);
    world.start(0, false);
    world.start(1, false);
    later(&mut world, 1);
    let founder = (0..2).max_by_key(|node| {
        let Proxy(it) = world.node(*node).expect("it runs");
        it.me
    });
    let founder = founder.expect("there are two");
    world.close(founder);
    later(&mut world, LISTEN + 1);
    assert_eq!(view(&world, 1 - founder).members.len(), 1);
}

#[test]
fn who_leaves_votes_while_the_other_one_has_not_heard_of_it() {
    for leaver in 0..2 {
        let mut world = group(26, 2, 1);
        let ages = by_age(&world);
        let (leaver, stays) = (ages[leaver], ages[1 - leaver]);
        world.part(leaver, 1);
        world.close(leaver);
        later(&mut world, 2);
        world.part(leaver, 0);
        soon(&mut world);
        assert!(world.node(leaver).is_none());
        assert_eq!(view(&world, stays).members.len(), 1);
        assert!(!is_blocked(&world, stays));
    }
}

#[test]
fn who_waits_for_one_that_crashed_is_gone_when_that_is_missed() {
    let mut world = group(27, 3, 1);
    let ages = by_age(&world);
    world.crash(ages[2]);
    world.close(ages[0]);
    world.close(ages[1]);
    later(&mut world, FAREWELL);
    assert!(ages.iter().all(|node| world.node(*node).is_none()));
    assert!(world.left.len() == 2, "{:?}", world.left);
}
