use super::*;
use crate::world::faults;
use crate::world::judge::Declared;
use crate::world::stack::{first_wrong, short_schedule};

#[test]
fn everybody_receives_the_same_in_one_order() {
    assert_eq!(first_wrong::<true>(faults::seeds(), 0), None);
}

#[test]
fn whoever_is_closed_everybody_receives_the_same_in_one_order() {
    assert_eq!(first_wrong::<true>(faults::seeds(), 70), None);
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
        let wrong = fault::with(broken, || first_wrong::<true>(from..from + 100, 0));
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

/// What member 2 says in a view.
fn hears(machine: &mut Sequencing, view: u64, frame: &Frame) -> Vec<Action> {
    let actions = machine.receive(&frame.encode(TAG, view));
    at_one(machine, actions)
}

/// Member 1 in its first view, which these are in; all have said that they have no log.
fn begun(members: &[u64]) -> Sequencing {
    let mut machine = Sequencing::new(TAG, 1_000);
    let actions = machine.view(view(1, members));
    at_one(&mut machine, actions);
    for member in members.iter().filter(|member| **member != 1) {
        says(&mut machine, 1, *member, None);
    }
    machine
}

/// Of two members the older one leaves, with a seal at this place or without, before it has given the message
/// of the other one a place. Answers what that one does with its message: receive it, or warn.
fn left_with_a_seal(end: Option<u64>) -> (usize, usize) {
    let mut machine = begun(&[2, 1]);
    let actions = machine.send(b"message");
    at_one(&mut machine, actions);
    if end.is_some() {
        hears(&mut machine, 1, &Frame::Seal { member: 2, end });
    }
    let actions = machine.view(view(2, &[1]));
    let actions = at_one(&mut machine, actions);
    let warned = actions.iter().filter(|it| matches!(it, Action::Warn(_)));
    (received(&actions), warned.count())
}

#[test]
fn who_stays_alone_sends_again_if_who_left_has_sealed_what_it_holds_too() {
    assert_eq!(left_with_a_seal(Some(1)), (1, 0));
    assert_eq!(left_with_a_seal(Some(2)), (0, 1), "there may be more");
    assert_eq!(left_with_a_seal(None), (0, 1), "it may have crashed");
    let broken = fault::with(Fault::NoSeals, || left_with_a_seal(Some(1)));
    assert_eq!(broken, (0, 1));
    let broken = fault::with(Fault::AnySeal, || left_with_a_seal(Some(2)));
    assert_eq!(broken, (1, 0));
}

/// One of three sends a message, and it is given a place, when member `sealed` has sealed the view. How often
/// it is received when so many members have told that they hold it.
fn received_behind_a_seal(sealed: u64, told: &[u64]) -> usize {
    let mut machine = begun(&[2, 1, 3]);
    let end = Some(1);
    says(&mut machine, 1, 2, end);
    says(&mut machine, 1, 3, end);
    let seal = match sealed {
        1 => machine.leave(),
        member => machine.receive(&Frame::Seal { member, end }.encode(TAG, 1)),
    };
    let mut actions = at_one(&mut machine, seal);
    let id = (2, 0);
    let message = b"message".to_vec();
    actions.extend(hears(&mut machine, 1, &Frame::Data { id, message }));
    let ids = vec![id];
    actions.extend(hears(&mut machine, 1, &Frame::Order { first: 1, ids }));
    for member in told {
        actions.extend(says(&mut machine, 1, *member, Some(2)));
    }
    received(&actions)
}

#[test]
fn nothing_is_received_behind_ones_own_seal_or_by_what_is_told_behind_another_one() {
    assert_eq!(received_behind_a_seal(1, &[2, 3]), 0);
    assert_eq!(received_behind_a_seal(3, &[3]), 0);
    assert_eq!(received_behind_a_seal(3, &[2]), 1, "two of three hold it");
    for (sealed, told) in [(1, &[2, 3][..]), (3, &[3])] {
        let broken = fault::with(Fault::VotesSealed, || received_behind_a_seal(sealed, told));
        assert_eq!(broken, 1);
    }
}

#[test]
fn who_leaves_waits_for_its_own_messages_and_until_others_hold_what_it_holds() {
    let mut machine = begun(&[1, 2]);
    let actions = machine.unfinished(true);
    at_one(&mut machine, actions);
    let actions = machine.leave();
    assert_eq!(
        at_one(&mut machine, actions),
        [],
        "those above have more to send"
    );
    let actions = machine.send(b"message");
    let actions = at_one(&mut machine, actions);
    assert_eq!(
        received(&actions),
        1,
        "half of the view with the oldest holds it"
    );
    assert!(!machine.has_left());
    let actions = machine.unfinished(false);
    let seal = Frame::Seal {
        member: 1,
        end: Some(2),
    };
    let actions = at_one(&mut machine, actions);
    assert_eq!(actions, [Action::Send(seal.encode(TAG, 1))]);
    assert!(!machine.has_left());
    assert!(fault::with(Fault::SealsUnheld, || machine.has_left()));
    says(&mut machine, 1, 2, Some(1));
    assert!(!machine.has_left());
    says(&mut machine, 1, 2, Some(2));
    assert!(machine.has_left());
}

#[test]
fn a_view_that_opens_later_is_sealed_with_the_first_word_and_another_one_gives_places() {
    let mut machine = begun(&[1, 2]);
    says(&mut machine, 1, 2, Some(1));
    let actions = machine.leave();
    at_one(&mut machine, actions);
    assert!(machine.has_left());
    let actions = machine.view(view(2, &[1, 2, 3]));
    let seal = Frame::Seal {
        member: 1,
        end: Some(2),
    };
    let seal = Action::Send(seal.encode(TAG, 2));
    assert_eq!(actions, [seal]);
    at_one(&mut machine, actions);
    assert!(!machine.has_left());
    says(&mut machine, 2, 2, Some(2));
    says(&mut machine, 2, 3, None);
    assert_eq!(machine.sequencer(), Some(2));
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

#[test]
fn a_proxy_that_is_closed_stays_until_those_above_have_finished_and_others_hold_what_it_does() {
    use liveobj_sdk::testing::{Harness, Outcome};
    use liveobj_sdk::{Bytes, Connection};

    use crate::ordered::{Endpoint, Parameters, Template, group, views};

    let mut harness = Harness::<Template>::create(Parameters { backlog: 1_000 }).unwrap();
    let below = harness.connect(Endpoint::group);
    let above = harness.connect(Endpoint::views);
    // What it sends comes back, and member 2 says up to where it holds the log.
    let hear = |harness: &mut Harness<Template>, below: Connection, end: Option<u64>| {
        let sent = harness.take_emitted::<group::Send<'_>>();
        let mut frames: Vec<Vec<u8>> = sent.iter().map(|it| it.message.to_vec()).collect();
        let tag = frames.first().and_then(|it| it.first_chunk()).copied();
        let held = Frame::Held { member: 2, end };
        frames.extend(tag.map(|tag| held.encode(tag, 1)));
        for frame in frames {
            let message = Bytes::from(&frame);
            harness.send(below, group::Receive { message });
        }
    };
    let id = crate::types::ViewId {
        group: 9,
        number: 1,
    };
    let members = (&[1, 2]).into();
    harness.send(below, group::View { id, members, me: 1 });
    hear(&mut harness, below, None);
    harness.send(above, views::Unfinished { more: true });
    assert_eq!(harness.farewell(), Some(Outcome::Done));
    assert_eq!(harness.staying().len(), 1);
    harness.send(above, views::Unfinished { more: false });
    assert_eq!(
        harness.staying().len(),
        1,
        "it has sealed, and nobody answered"
    );
    hear(&mut harness, below, Some(1));
    assert_eq!(harness.staying(), []);
}
