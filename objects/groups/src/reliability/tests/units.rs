//! Single rules, and what comes from whoever is on the channel.

use super::*;
use crate::reliability::frame::{Frame, Range, Status};
use crate::world::Random;

/// A machine that is in a view with members 1 and 2, as member 1.
fn pair() -> Reliable {
    let mut machine = Reliable::new(TAG, LIMITS);
    with(&mut machine, Reliable::connected);
    view(&mut machine, 1, &[1, 2]);
    machine
}

fn with<T>(machine: &mut Reliable, act: impl FnOnce(&mut Reliable, &mut Env<'_>) -> T) -> T {
    let mut random = || 0;
    let mut env = Env {
        now: 0,
        random: &mut random,
    };
    act(machine, &mut env)
}

fn view(machine: &mut Reliable, number: u64, members: &[u64]) -> Vec<Action> {
    let view = View {
        group: 1,
        number,
        members: members.to_vec(),
        me: 1,
    };
    with(machine, |machine, env| machine.view(env, view))
}

fn send(machine: &mut Reliable, message: &[u8]) -> Vec<Action> {
    with(machine, |machine, env| machine.send(env, message, false))
}

fn sent(actions: &[Action]) -> usize {
    let sends = actions.iter().filter(|it| matches!(it, Action::Send(_)));
    sends.count()
}

#[test]
fn one_hears_oneself_at_once() {
    let mut machine = Reliable::new(TAG, LIMITS);
    assert_eq!(send(&mut machine, b"me"), [Action::Receive(b"me".to_vec())]);
}

#[test]
fn no_more_than_the_window_is_under_way() {
    let mut machine = pair();
    let sends = (0..20).map(|_| sent(&send(&mut machine, b"message")));
    assert_eq!(sends.sum::<usize>(), LIMITS.window as usize);
}

#[test]
fn what_is_sent_while_blocked_waits_for_the_next_view() {
    let mut machine = pair();
    machine.blocked();
    assert_eq!(sent(&send(&mut machine, b"message")), 0);
    assert_eq!(sent(&with(&mut machine, Reliable::resumed)), 1);
}

/// Member 2 says how much it has of member 1.
fn has(machine: &mut Reliable, stamp: u64, end: u64) {
    let status = Frame::Status(Status {
        sender: 2,
        stamp,
        view: 1,
        since: 1,
        sent: 0,
        received: vec![(1, Some(end))],
    });
    with(machine, |machine, env| {
        machine.frame(env, &status.encode(TAG))
    });
}

#[test]
fn who_leaves_waits_until_all_others_have_what_it_sent() {
    let mut machine = pair();
    assert!(machine.has_finished());
    send(&mut machine, b"one");
    send(&mut machine, b"two");
    has(&mut machine, 1, 1);
    assert!(!machine.has_finished());
    assert!(fault::with(Fault::LeavesUnheard, || machine.has_finished()));
    has(&mut machine, 2, 2);
    assert!(machine.has_finished());
    machine.blocked();
    with(&mut machine, |machine, env| {
        machine.send(env, b"bound", true)
    });
    assert!(machine.has_finished(), "nobody could receive it");
    send(&mut machine, b"three");
    assert!(!machine.has_finished(), "it waits");
}

#[test]
fn too_much_that_waits_and_too_long_a_message_end_the_channel() {
    let fails = |actions: Vec<Action>| {
        let mut actions = actions.into_iter();
        actions.any(|action| matches!(action, Action::Fail(_)))
    };
    let mut machine = pair();
    assert!(fails(send(&mut machine, &[0; MAX_MESSAGE + 1])));
    machine.blocked();
    assert!(!fails(send(&mut machine, &[0; 1 << 20])));
    assert!(fails(send(&mut machine, b"one byte more")));
}

#[test]
fn who_is_taken_for_an_earlier_proxy_gives_up() {
    let mut machine = pair();
    let status = Frame::Status(Status {
        sender: 2,
        stamp: 1,
        view: 1,
        since: 1,
        sent: 0,
        received: vec![(1, Some(5))],
    });
    let frame = status.encode(TAG);
    let actions = with(&mut machine, |machine, env| machine.frame(env, &frame));
    assert!(matches!(actions[..], [Action::Fail(_)]), "{actions:?}");
}

#[test]
fn no_frame_that_anybody_makes_harms() {
    let mut random = Random::new(7);
    let mut frames = Vec::new();
    for _ in 0..20_000 {
        let mut machine = pair();
        for _ in 0..8 {
            let mut number = || match random.below(4) {
                0 => random.below(4),
                1 => u64::MAX - random.below(3),
                _ => random.below(40),
            };
            let (a, b, c, d, e) = (number(), number(), number(), number(), number());
            let frame = match a % 4 {
                0 => Frame::Data(Data {
                    sender: b,
                    number: c,
                    view: d,
                    last: e % 2 == 0,
                    part: b"part",
                }),
                1 => Frame::Status(Status {
                    sender: 2,
                    stamp: b,
                    view: c,
                    since: d,
                    sent: e,
                    received: vec![(1, Some(a)), (2, None), (b, Some(c)), (3, None)],
                }),
                2 => Frame::Request(Request {
                    of: b,
                    ranges: vec![Range { first: c, end: d }; 3],
                }),
                _ => Frame::Start(Start {
                    of: b,
                    since: c,
                    first: d,
                }),
            };
            frames.push(frame.encode(TAG));
            let cut = &frames[random.below(frames.len() as u64) as usize];
            let cut = &cut[..random.below(cut.len() as u64 + 1) as usize];
            with(&mut machine, |machine, env| machine.frame(env, cut));
            let whole = frames.pop().unwrap();
            with(&mut machine, |machine, env| machine.frame(env, &whole));
            frames.push(whole);
            with(&mut machine, Reliable::timer);
            if e % 5 == 0 {
                let newer = machine.view.as_ref().map_or(1, |view| view.number + 1);
                view(&mut machine, newer, &[1, [2, 3][random.below(2) as usize]]);
            }
            for stream in machine.streams.values() {
                assert!(stream.parts.len() <= 2 * LIMITS.window as usize);
            }
        }
    }
}
