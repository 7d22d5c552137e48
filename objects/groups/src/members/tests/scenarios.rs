//! Single situations, each with what people would expect.

use super::*;
use crate::env::SECOND;

/// A world on a channel that loses nothing, with all nodes in one view.
pub(super) fn group(seed: u64, nodes: usize, quorum: usize) -> World<Proxy> {
    QUORUM.set(quorum);
    let mut world = World::new(seed, nodes);
    for node in 0..nodes {
        world.start(node, false);
    }
    let start = world.now;
    while !is_settled(&world) {
        world.advance_to(world.now + 10 * MILLISECOND);
        let periods = (world.now - start) / settings(1).period;
        assert!(periods < 12, "{periods} periods: {:#?}", standings(&world));
    }
    world
}

pub(super) fn view(world: &World<Proxy>, node: usize) -> Agreed {
    let Some(Proxy(it)) = world.node(node) else {
        panic!("node {node} does not run");
    };
    let (view, _) = it
        .standing()
        .unwrap_or_else(|| panic!("node {node} is outside"));
    view.clone()
}

pub(super) fn is_blocked(world: &World<Proxy>, node: usize) -> bool {
    let Some(Proxy(it)) = world.node(node) else {
        return false;
    };
    it.standing().is_some_and(|(_, blocked)| blocked)
}

/// The node of the oldest member, then the others.
pub(super) fn by_age(world: &World<Proxy>) -> Vec<usize> {
    let view = view(world, 0);
    let node = |member: &u64| {
        let mut nodes = 0..world.nodes();
        nodes.find(|node| world.node(*node).is_some_and(|it| it.0.me == *member))
    };
    view.members.iter().filter_map(node).collect()
}

pub(super) fn later(world: &mut World<Proxy>, periods: u64) {
    world.advance_to(world.now + periods * settings(1).period);
}

pub(super) fn news_since(
    world: &World<Proxy>,
    before: usize,
    node: usize,
) -> impl Iterator<Item = &News> {
    let news = world.history[before..].iter();
    news.filter(move |it| it.node == node).map(|it| &it.did)
}

#[test]
fn alone_a_proxy_founds_a_group_where_one_is_enough() {
    let world = group(1, 1, 1);
    assert_eq!(world.now / settings(1).period, 3);
    assert_eq!(view(&world, 0).number, 1);
}

#[test]
fn too_few_found_no_group() {
    QUORUM.set(3);
    let mut world = World::<Proxy>::new(2, 3);
    world.start(0, false);
    world.start(1, false);
    later(&mut world, 200);
    assert!(world.history.is_empty());
    world.start(2, false);
    later(&mut world, 10);
    assert!(is_settled(&world));
    let first = world.history.iter().find_map(|it| match &it.did {
        News::View(view) => Some(view.members.len()),
        _ => None,
    });
    assert_eq!(first, Some(3), "all are in the first view");
}

#[test]
fn who_joins_is_the_youngest_and_is_in_soon() {
    let mut world = group(3, 4, 1);
    world.crash(3);
    later(&mut world, 20);
    let before = view(&world, 0);
    world.start(3, false);
    later(&mut world, 3);
    let after = view(&world, 3);
    assert_eq!(after.number, before.number + 1);
    assert_eq!(after.members[..3], before.members);
}

#[test]
fn who_leaves_is_gone_at_once_and_is_not_suspected() {
    for leaver in 0..2 {
        for nodes in 2..5 {
            let mut world = group(4, nodes, 1);
            let before = world.history.len();
            let ages = by_age(&world);
            world.input(ages[leaver], Input::Leave);
            later(&mut world, 2);
            let stays = ages[1 - leaver];
            let members = view(&world, stays).members;
            assert_eq!(members.len(), nodes - 1, "{members:x?}");
            let mut news = news_since(&world, before, stays);
            assert!(matches!(news.next(), Some(News::View(_))));
            assert_eq!(news.next(), None);
            assert_eq!(news_since(&world, before, ages[leaver]).next(), None);
        }
    }
}

#[test]
fn the_side_without_a_quorum_is_blocked_and_joins_anew() {
    let mut world = group(5, 5, 1);
    let ages = by_age(&world);
    let old = view(&world, 0);
    for node in &ages[..2] {
        world.part(*node, 1);
    }
    later(&mut world, 30);
    assert!(ages[..2].iter().all(|node| is_blocked(&world, *node)));
    assert_eq!(view(&world, ages[2]).members, old.members[2..]);
    assert!(!is_blocked(&world, ages[2]));
    for node in &ages {
        world.part(*node, 0);
    }
    later(&mut world, 10);
    assert!(is_settled(&world), "{:#?}", standings(&world));
    assert!(!view(&world, 0).members.contains(&old.members[0]));
}

#[test]
fn of_two_halves_the_one_with_the_oldest_goes_on() {
    let mut world = group(6, 4, 1);
    let ages = by_age(&world);
    for node in &ages[2..] {
        world.part(*node, 1);
    }
    later(&mut world, 30);
    let blocked: Vec<bool> = ages.iter().map(|node| is_blocked(&world, *node)).collect();
    assert_eq!(blocked, [false, false, true, true]);
}

#[test]
fn a_view_of_which_all_parts_are_blocked_goes_on_when_they_meet() {
    let mut world = group(7, 5, 1);
    let old = view(&world, 0);
    let ages = by_age(&world);
    for (node, side) in ages.iter().zip([0, 0, 1, 1, 2]) {
        world.part(*node, side);
    }
    later(&mut world, 100);
    assert!(ages.iter().all(|node| is_blocked(&world, *node)));
    for node in &ages {
        world.part(*node, 0);
    }
    later(&mut world, 10);
    assert!(is_settled(&world), "{:#?}", standings(&world));
    assert_eq!(view(&world, 0), old, "nobody was excluded");
}

#[test]
fn two_groups_that_meet_become_one_and_the_smaller_one_joins() {
    QUORUM.set(1);
    let mut world = World::<Proxy>::new(8, 5);
    for node in 0..5 {
        world.part(node, u8::from(node > 2));
        world.start(node, false);
    }
    later(&mut world, 10);
    let (large, small) = (view(&world, 0), view(&world, 4));
    assert_ne!(large.group, small.group);
    for node in 0..5 {
        world.part(node, 0);
    }
    later(&mut world, 15);
    assert!(is_settled(&world), "{:#?}", standings(&world));
    let one = view(&world, 4);
    assert_eq!(
        (one.group, &one.members[..3]),
        (large.group, &large.members[..])
    );
    assert!(one.number > large.number.max(small.number));
}

#[test]
fn a_group_that_crashed_comes_back_together_led_by_its_oldest() {
    let mut world = group(9, 3, 1);
    let ages = by_age(&world);
    let old = view(&world, 0);
    (0..3).for_each(|node| world.crash(node));
    // One alone waits for another one.
    world.start(ages[1], true);
    later(&mut world, PATIENCE - 2);
    let before = world.history.len();
    world.start(ages[0], true);
    world.start(ages[2], true);
    later(&mut world, 10);
    assert!(is_settled(&world), "{:#?}", standings(&world));
    let new = view(&world, 0);
    assert_eq!(by_age(&world)[0], ages[0]);
    assert!(new.group != old.group && new.number > old.number);
    assert!(
        new.members
            .iter()
            .all(|member| !old.members.contains(member))
    );
    let first = news_since(&world, before, ages[0]).next();
    let Some(News::View(view)) = first else {
        panic!("{first:?}");
    };
    assert!(
        view.members.len() >= 2,
        "a quorum of the old view is there at once"
    );
}

#[test]
fn one_that_comes_back_alone_goes_on_after_a_while() {
    let mut world = group(10, 3, 1);
    (0..3).for_each(|node| world.crash(node));
    world.start(1, true);
    later(&mut world, PATIENCE - 2);
    assert!(world.node(1).unwrap().0.standing().is_none());
    later(&mut world, 4);
    assert_eq!(view(&world, 1).members.len(), 1);
}

#[test]
fn members_whose_others_lost_everything_go_on_with_them_and_are_the_oldest() {
    let mut world = group(11, 3, 1);
    let ages = by_age(&world);
    world.crash(ages[0]);
    world.crash(ages[1]);
    later(&mut world, 10);
    assert!(is_blocked(&world, ages[2]));
    world.start(ages[0], false);
    world.start(ages[1], false);
    later(&mut world, 2 * PATIENCE);
    assert!(is_settled(&world), "{:#?}", standings(&world));
    assert_eq!(by_age(&world)[0], ages[2], "the one that knows most");
}

#[test]
fn a_member_that_was_stopped_learns_that_it_was_excluded() {
    let mut world = group(12, 3, 1);
    let before = view(&world, 2);
    world.pause(2);
    later(&mut world, 30);
    assert_eq!(view(&world, 0).members.len(), 2);
    world.resume(2);
    later(&mut world, 10);
    assert!(is_settled(&world), "{:#?}", standings(&world));
    assert!(view(&world, 2).number > before.number);
}

#[test]
fn who_connects_late_is_told_how_it_is() {
    let mut world = group(13, 3, 1);
    let ages = by_age(&world);
    world.crash(ages[0]);
    world.crash(ages[1]);
    later(&mut world, 10);
    let Proxy(it) = world.node(ages[2]).unwrap();
    let [
        News::View(_),
        News::Suspected(_),
        News::Suspected(_),
        News::Blocked(missing),
    ] = &it.news()[..]
    else {
        panic!("{:?}", it.news());
    };
    assert_eq!(missing.len(), 2);
}

/// What the reference says unless it says something else.
const DEFAULT: Settings = Settings {
    quorum: 1,
    period: 500 * MILLISECOND,
    suspicion: 2_000 * MILLISECOND,
};

/// How many bytes a second a group says in peace, and how long it takes after a crash until there
/// is a view without the one that crashed.
fn figures(nodes: usize) -> (u64, u64) {
    SETTINGS.set(Some(DEFAULT));
    let mut world = group_of(14, nodes);
    world.advance_to(world.now + 30 * SECOND);
    let (_, before) = world.sent;
    world.advance_to(world.now + 60 * SECOND);
    let rate = (world.sent.1 - before) / 60;
    let ages = by_age(&world);
    world.crash(ages[nodes - 1]);
    let start = world.now;
    while view(&world, ages[0]).members.len() == nodes {
        world.advance_to(world.now + 10 * MILLISECOND);
    }
    SETTINGS.set(None);
    (rate, (world.now - start) / MILLISECOND)
}

fn group_of(seed: u64, nodes: usize) -> World<Proxy> {
    QUORUM.set(1);
    let mut world = World::new(seed, nodes);
    (0..nodes).for_each(|node| world.start(node, false));
    world.advance_to(20 * SECOND);
    assert!(is_settled(&world), "{:#?}", standings(&world));
    world
}

#[test]
fn an_idle_group_says_little_and_misses_a_member_soon() {
    for nodes in [2, 3, 5, 9] {
        let (rate, missed) = figures(nodes);
        println!("{nodes} members: {rate} bytes a second; a crash is a view after {missed} ms");
        assert!(rate <= 300 * nodes as u64, "{rate} bytes a second");
        assert!(missed <= 5_000, "{missed} ms");
    }
}

/// A frame of which everything is as it could be, and nothing has to be true.
fn forged(dice: &mut Random, view: &Agreed) -> Vec<u8> {
    use super::super::consensus::Ballot;
    use super::super::frame::{Beacon, Vote};
    let mut numbers = view.members.clone();
    numbers.extend([view.group, dice.next(), 0]);
    let any = |dice: &mut Random| numbers[dice.below(numbers.len() as u64) as usize];
    let near = |dice: &mut Random| (view.number + dice.below(4)).saturating_sub(2);
    let agreed = |dice: &mut Random| Agreed {
        group: any(dice),
        number: near(dice) + 1,
        previous: near(dice),
        members: (0..1 + dice.below(3)).map(|_| any(dice)).collect(),
    };
    let ballot = |dice: &mut Random| Ballot {
        round: dice.below(4),
        member: any(dice),
    };
    let (group, number) = (any(dice), near(dice));
    let data: Vec<u8> = (0..dice.below(60)).map(|_| dice.below(12) as u8).collect();
    let beacon = |dice: &mut Random, standing| {
        Frame::Beacon(Beacon {
            me: any(dice),
            generation: dice.below(3),
            standing,
        })
    };
    let (first, second) = (ballot(dice), ballot(dice));
    let frame = match dice.below(8) {
        0 => {
            let (size, blocked) = (dice.below(4), dice.percent(50));
            let standing = Standing::Inside {
                group,
                number,
                size,
                blocked,
            };
            beacon(dice, standing)
        }
        1 => {
            let rank = Rank {
                number,
                group,
                seniority: dice.below(4),
            };
            let (was, wants, since) = (any(dice), any(dice), near(dice));
            let standing = Standing::Outside {
                rank,
                was,
                wants,
                since,
            };
            beacon(dice, standing)
        }
        2 => Frame::Liveness {
            to: any(dice),
            data: &data,
        },
        3 => Frame::Leave {
            group,
            member: any(dice),
        },
        4 => Frame::View {
            agreed: agreed(dice),
            oldest: dice.percent(50),
        },
        kind => {
            let from = any(dice);
            let vote = match (kind, dice.below(3)) {
                (5, _) => Vote::Prepare,
                (6, 0) => Vote::Promise { from, told: None },
                (6, 1) => Vote::Promise {
                    from,
                    told: Some((second, agreed(dice))),
                },
                (6, _) => Vote::Refuse { promised: second },
                (_, 0) => Vote::Accepted { from },
                (_, _) => Vote::Accept(agreed(dice)),
            };
            Frame::Vote {
                group,
                number,
                ballot: first,
                vote,
            }
        }
    };
    frame.encode(TAG)
}

#[test]
fn forged_frames_end_no_process_and_when_they_end_all_is_well() {
    let mut world = group(15, 3, 1);
    let mut dice = Random::new(16);
    for round in 0..20_000 {
        let node = dice.below(3) as usize;
        let Proxy(it) = world.node(node).unwrap();
        let known = it.standing().map(|(view, _)| view.clone());
        let known = known.unwrap_or_else(|| Agreed {
            group: 1,
            number: 2,
            previous: 1,
            members: vec![it.me],
        });
        let mut frame = forged(&mut dice, &known);
        if dice.percent(20) {
            let at = dice.below(frame.len() as u64) as usize;
            frame[at] ^= 1 << dice.below(8);
        }
        world.input(node, Input::Frame(frame));
        if round % 20 == 0 {
            world.advance_to(world.now + dice.below(100 * MILLISECOND));
        }
    }
    later(&mut world, 6 * PATIENCE);
    assert!(is_settled(&world), "{:#?}", standings(&world));
}
