use super::*;
use crate::world::faults;
use crate::world::judge::Declared;
use crate::world::stack::{first_wrong, short_schedule};

#[test]
fn everybody_receives_the_same_in_one_order() {
    assert_eq!(first_wrong::<true>(faults::seeds()), None);
}

#[test]
fn what_the_types_declare_is_kept() {
    for seed in 0..10 {
        let (history, _) = short_schedule::<true>(seed);
        for name in ["OrderedChannelService", "OrderedGroupService"] {
            let declared = Declared::by(name);
            assert_eq!(declared.judge_all(&history), Ok(()), "seed {seed}, {name}");
        }
    }
}

#[test]
fn broken_variants_are_found_out() {
    let faults = [
        (Fault::NoQuorum, 0),
        (Fault::SendsAgain, 0),
        (Fault::AnyView, 0),
        (Fault::AllOrder, 0),
        (Fault::LaterCounts, 1400),
    ];
    for (broken, from) in faults {
        let wrong = fault::with(broken, || first_wrong::<true>(from..from + 100));
        assert!(wrong.is_some(), "{broken:?}");
    }
}

/// What member 1 does, which hears itself; without what it hears.
fn at_one(machine: &mut Sequencing, actions: Vec<Action>) -> Vec<Action> {
    let mut done = Vec::new();
    let mut todo = VecDeque::from(actions);
    while let Some(action) = todo.pop_front() {
        if let Action::Send(frame) = &action {
            todo.extend(machine.receive(frame));
        }
        done.push(action);
    }
    done
}

fn view(number: u64, members: &[u64]) -> View {
    View {
        group: 100,
        number,
        members: members.to_vec(),
        me: 1,
    }
}

/// Member 2 or 3 says up to where it holds the log.
fn says(machine: &mut Sequencing, view: u64, member: u64, end: Option<u64>) -> Vec<Action> {
    let held = Frame::Held { member, end };
    let actions = machine.receive(&held.encode(TAG, view));
    at_one(machine, actions)
}

const TAG: Tag = *b"ordered ";

fn received(actions: &[Action]) -> usize {
    let received = actions.iter().filter(|it| matches!(it, Action::Receive(_)));
    received.count()
}

#[test]
fn who_joins_gets_what_is_not_received_yet() {
    let mut machine = Sequencing::new(TAG, 1_000);
    let actions = machine.view(view(1, &[1, 2, 3]));
    at_one(&mut machine, actions);
    says(&mut machine, 1, 2, None);
    says(&mut machine, 1, 3, None);
    let actions = machine.send(b"message");
    let actions = at_one(&mut machine, actions);
    assert_eq!(received(&actions), 0, "no quorum holds it");
    let actions = machine.view(view(2, &[1, 2, 4]));
    at_one(&mut machine, actions);
    says(&mut machine, 2, 2, Some(3));
    let actions = says(&mut machine, 2, 4, None);
    let sent = actions.iter().filter_map(|action| match action {
        Action::Send(frame) => Some(Frame::decode(TAG, frame)?.1),
        _ => None,
    });
    let sent: Vec<Frame> = sent.collect();
    assert!(
        sent.contains(&Frame::Log { first: 0, count: 3 }),
        "{sent:?}"
    );
    let message = Entry::Message {
        id: (1, 0),
        message: Some(b"message".to_vec()),
    };
    assert!(sent.contains(&Frame::Entry(message)), "{sent:?}");
    assert_eq!(received(&actions), 1, "two of three hold it now");
}

#[test]
fn too_much_that_waits_and_too_long_a_message_end_the_channel() {
    let mut machine = Sequencing::new(TAG, 10);
    assert_eq!(machine.send(&[0; 10]), []);
    for message in [vec![0; 1], vec![0; MAX_MESSAGE + 1]] {
        let actions = machine.send(&message);
        assert!(matches!(&actions[..], [Action::Fail(_)]), "{actions:?}");
    }
}

#[test]
fn no_frame_that_anybody_makes_harms() {
    let mut machine = Sequencing::new(TAG, 1_000);
    let actions = machine.view(view(1, &[1]));
    at_one(&mut machine, actions);
    for kind in 0..=255 {
        for length in 0..40 {
            let bytes = [
                &TAG[..],
                &[kind],
                &1_u64.to_le_bytes(),
                &[kind; 40][..length],
            ]
            .concat();
            let actions = machine.receive(&bytes);
            at_one(&mut machine, actions);
        }
    }
    let actions = machine.send(b"message");
    let message = Action::Receive(b"message".to_vec());
    assert!(at_one(&mut machine, actions).contains(&message));
}
