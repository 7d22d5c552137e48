use super::*;
use crate::world::faults;
use crate::world::judge::Declared;

mod schedules;

use schedules::{
    Verdict, first_wrong, forged_schedule, orderly_schedule, schedule, short_schedule,
    whole_schedule,
};

/// What is so small that short histories reach it.
const LIMITS: Limits = Limits {
    backlog: 1 << 20,
    piece: 100,
    updates: 50,
};

/// That nothing is wrong with the schedules of the ordinary seeds, and few lost something: one in so many.
fn is_right(one_in: u64, schedule: impl Fn(u64) -> Verdict) {
    let seeds = faults::seeds();
    let count = seeds.end - seeds.start;
    let (wrong, lost) = first_wrong(seeds, schedule);
    assert_eq!(wrong, None);
    println!("{lost} of {count} schedules lost something");
    assert!(lost * one_in <= count, "{lost} of {count} lost something");
}

#[test]
fn everybody_has_the_same_state_and_nothing_received_is_lost() {
    is_right(50, |seed| schedule(seed, 100, 0));
}

#[test]
fn everybody_has_the_same_state_where_some_come_back_without_theirs() {
    is_right(10, |seed| schedule(seed, 50, 0));
}

#[test]
fn everybody_has_the_same_state_with_the_real_membership() {
    is_right(50, |seed| whole_schedule(seed, 100, 0));
}

#[test]
fn everybody_has_the_same_state_where_members_are_closed() {
    is_right(25, |seed| match seed % 2 {
        0 => schedule(seed, 100, 70),
        _ => whole_schedule(seed, 100, 70),
    });
}

/// That of the schedules in which members come and go in order, most are undisturbed.
#[test]
fn where_all_that_go_are_closed_nothing_is_lost() {
    let seeds = faults::seeds();
    let count = seeds.end - seeds.start;
    let mut disturbed = 0;
    for seed in seeds {
        let judged = orderly_schedule(seed).unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
        disturbed += u64::from(judged);
    }
    println!("{disturbed} of {count} schedules were disturbed");
    assert!(
        disturbed * 5 <= count,
        "{disturbed} of {count} were disturbed"
    );
}

#[test]
fn forged_frames_make_no_machine_panic() {
    for seed in faults::seeds().step_by(10) {
        forged_schedule(seed);
    }
}

#[test]
fn what_the_types_declare_is_kept() {
    for seed in 0..10 {
        let history = short_schedule(seed);
        let declared = Declared::of("ReplicationChannelService<u64, list<u64>>");
        assert_eq!(declared.judge_all(&history), Ok(()), "seed {seed}");
    }
}

#[test]
fn broken_variants_are_found_out() {
    let faults = [
        Fault::StaysInStep,
        Fault::KeepsEarlier,
        Fault::ForgetsKept,
        Fault::OldestWins,
    ];
    let worse = |broken: Fault, seed: u64| {
        let verdict = fault::with(broken, || schedule(seed, 100, 0));
        match verdict {
            Verdict::Fine => false,
            Verdict::Lost => matches!(schedule(seed, 100, 0), Verdict::Fine),
            Verdict::Wrong(_) => true,
        }
    };
    for broken in faults {
        assert!((0..100).any(|seed| worse(broken, seed)), "{broken:?}");
    }
}

#[test]
fn broken_ways_to_leave_are_found_out() {
    for broken in [Fault::NoSeals, Fault::LeavesUnfinished] {
        let is_wrong = |seed: u64| orderly_schedule(seed).is_err();
        let found = fault::with(broken, || (0..50).any(is_wrong));
        assert!(found, "{broken:?}");
    }
}

#[test]
fn a_member_that_missed_its_first_view_holds_up_nobody() {
    let verdict = |seed| whole_schedule(seed, 100, 0);
    assert!(matches!(verdict(75), Verdict::Fine));
    let wrong = fault::with(Fault::KeepsForNobody, || verdict(75));
    assert!(matches!(wrong, Verdict::Wrong(_)));
}

const TAG: Tag = *b"checkpnt";

fn view(number: u64, members: &[u64]) -> View {
    View {
        group: 100,
        number,
        members: members.to_vec(),
        me: members[0],
    }
}

/// Two members, whose channel is the order in which they send.
struct Pair {
    members: [Replication<u32>; 2],
    done: [Vec<Action<u32>>; 2],
}

impl Pair {
    fn new() -> Pair {
        let member = |run| Replication::new(TAG, run, LIMITS, History::default());
        Pair {
            members: [member(1), member(2)],
            done: [Vec::new(), Vec::new()],
        }
    }

    /// Member `by` does this; what it sends is received by those who are there.
    fn act(&mut self, by: usize, actions: Vec<Action<u32>>, there: &[usize]) {
        let mut todo: VecDeque<(usize, Action<u32>)> = VecDeque::new();
        todo.extend(actions.into_iter().map(|it| (by, it)));
        while let Some((by, action)) = todo.pop_front() {
            if let Action::Send(frame) = &action {
                for to in there {
                    let actions = self.members[*to].receive(frame);
                    todo.extend(actions.into_iter().map(|it| (*to, it)));
                }
            }
            self.done[by].push(action);
        }
    }

    /// A replica connects with a member.
    fn connect(&mut self, member: usize, replica: u32) {
        let actions = self.members[member].connected(replica);
        self.act(member, actions, &[member]);
    }

    /// A member sends an update, and those who are there receive it.
    fn send(&mut self, by: usize, update: &[u8], there: &[usize]) {
        let actions = self.members[by].send(update);
        self.act(by, actions, there);
    }

    /// What replicas of a member have seen since this was last asked.
    fn seen(&mut self, member: usize) -> Vec<Action<u32>> {
        let mut done = std::mem::take(&mut self.done[member]);
        done.retain(|it| !matches!(it, Action::Send(_) | Action::View(..)));
        done
    }
}

/// Member 0 is in the view alone and in step, and has received `updates`.
fn alone(updates: &[&[u8]]) -> Pair {
    let mut pair = Pair::new();
    let actions = pair.members[0].view(view(1, &[10]));
    pair.act(0, actions, &[0]);
    for update in updates {
        pair.send(0, update, &[0]);
    }
    pair
}

/// Member 1 joins.
fn join(pair: &mut Pair) {
    let both = [0, 1];
    let opened = view(2, &[10, 11]);
    let joiner = View {
        me: 11,
        ..opened.clone()
    };
    let first = pair.members[0].view(opened);
    let second = pair.members[1].view(joiner);
    pair.act(0, first, &both);
    pair.act(1, second, &both);
}

fn received(update: &[u8]) -> Action<u32> {
    Action::Receive(To::All, update.to_vec())
}

#[test]
fn a_replica_that_connects_later_gets_what_is_known() {
    let mut pair = alone(&[b"one"]);
    let opened = view(1, &[10]);
    let update = Action::Receive(To::One(7), b"one".to_vec());
    let shown = Action::View(To::One(7), opened.clone());
    assert_eq!(pair.members[0].connected(7), [shown, update]);
    let actions = pair.members[0].send(&[0; 60]);
    pair.act(0, actions, &[0]);
    assert!(pair.seen(0).contains(&Action::Want(7)));
    assert_eq!(pair.members[0].checkpoint(8, b"not asked"), []);
    assert_eq!(pair.members[0].checkpoint(7, b"state"), []);
    assert_eq!(pair.members[0].checkpoint(7, b"once more"), []);
    let state = Action::Initialize(To::One(8), b"state".to_vec());
    let shown = Action::View(To::One(8), opened);
    assert_eq!(pair.members[0].connected(8), [state, shown]);
}

#[test]
fn who_joins_begins_with_the_state_at_the_cut() {
    let mut pair = alone(&[b"one"]);
    pair.connect(0, 7);
    pair.connect(1, 8);
    pair.seen(0);
    join(&mut pair);
    assert_eq!(pair.seen(0), [Action::Want(7)]);
    pair.send(1, b"two", &[0, 1]);
    assert_eq!(pair.seen(0), [received(b"two")]);
    assert_eq!(pair.seen(1), [], "the state is not there");
    let state = vec![5; 250];
    let actions = pair.members[0].checkpoint(7, &state);
    pair.act(0, actions, &[0, 1]);
    let state = Action::Initialize(To::All, state);
    assert_eq!(pair.seen(1), [state, received(b"two")]);
}

#[test]
fn without_anybody_who_makes_checkpoints_the_updates_are_passed_on() {
    let mut pair = alone(&[b"one", b"two"]);
    join(&mut pair);
    assert_eq!(pair.seen(1), [received(b"one"), received(b"two")]);
}

#[test]
fn who_makes_checkpoints_and_goes_before_it_has_does_not_hold_up_the_others() {
    let mut pair = alone(&[b"one"]);
    pair.connect(0, 7);
    join(&mut pair);
    assert_eq!(pair.seen(1), []);
    let actions = pair.members[0].disconnected(7);
    pair.act(0, actions, &[0, 1]);
    assert_eq!(pair.seen(1), [received(b"one")]);
}

#[test]
fn a_replica_that_has_seen_another_state_takes_over_checkpoints_only() {
    let mut pair = alone(&[b"one"]);
    pair.connect(1, 8);
    let elsewhere = View {
        group: 55,
        ..view(1, &[11])
    };
    let actions = pair.members[1].view(elsewhere);
    pair.act(1, actions, &[1]);
    pair.send(1, b"another", &[1]);
    assert_eq!(pair.seen(1), [received(b"another")]);
    let actions = pair.members[1].view(View {
        group: 11,
        ..view(1, &[11])
    });
    pair.act(1, actions, &[1]);
    join(&mut pair);
    let seen = pair.seen(1);
    assert!(matches!(&seen[..], [Action::Fail(_)]), "{seen:?}");
}

#[test]
fn a_checkpoint_of_a_state_that_gave_way_is_not_taken() {
    let mut pair = alone(&[b"one"]);
    pair.connect(0, 7);
    pair.connect(1, 8);
    let elsewhere = View {
        group: 55,
        ..view(1, &[11])
    };
    let actions = pair.members[1].view(elsewhere);
    pair.act(1, actions, &[1]);
    let actions = pair.members[1].send(&[0; 60]);
    pair.act(1, actions, &[1]);
    assert!(pair.seen(1).contains(&Action::Want(8)));
    join(&mut pair);
    let actions = pair.members[0].checkpoint(7, b"state");
    pair.act(0, actions, &[0, 1]);
    assert_eq!(pair.members[1].checkpoint(8, b"earlier"), []);
    let state = Action::Initialize(To::One(9), b"state".to_vec());
    assert_eq!(pair.members[1].connected(9)[0], state);
}

#[test]
fn the_last_view_that_a_checkpoint_has_seen_is_shown_behind_it() {
    let mut history = History::default();
    history.push(Entry::View(view(7, &[3])));
    history.update(&view(7, &[3]), b"one".to_vec());
    history.fold(2, b"state".to_vec());
    history.update(&view(7, &[3]), b"two".to_vec());
    let mut member = Replication::new(TAG, 1, LIMITS, history);
    let to = To::One(8);
    let seen = [
        Action::Initialize(to, b"state".to_vec()),
        Action::View(to, view(7, &[3])),
        Action::Receive(to, b"two".to_vec()),
    ];
    assert_eq!(member.connected(8), seen);
}

#[test]
fn a_state_that_gives_way_is_told() {
    let mut pair = Pair::new();
    let mut lost = History::default();
    lost.update(&view(7, &[3]), b"lost".to_vec());
    pair.members[1] = Replication::new(TAG, 2, LIMITS, lost);
    pair.connect(0, 7);
    let actions = pair.members[0].view(view(1, &[10]));
    pair.act(0, actions, &[0]);
    pair.send(0, b"one", &[0]);
    join(&mut pair);
    let actions = pair.members[0].checkpoint(7, b"state");
    pair.act(0, actions, &[0, 1]);
    let seen = pair.seen(1);
    let state = Action::Initialize(To::All, b"state".to_vec());
    assert!(matches!(&seen[0], Action::Warn(_)), "{seen:?}");
    assert_eq!(seen[1..], [state]);
}

/// Member 0 has opened its state of these updates again, and is in step with it; member 1 joins with its
/// own. Each update came in a view of its own.
fn meet(first: &[&[u8]], second: &[&[u8]]) -> Pair {
    let history = |updates: &[&[u8]]| {
        let mut history = History::default();
        for (number, update) in (1..).zip(updates) {
            history.update(&view(number, &[3]), update.to_vec());
        }
        history
    };
    let mut pair = Pair::new();
    for (member, updates) in [first, second].into_iter().enumerate() {
        let run = 1 + member as u64;
        pair.members[member] = Replication::new(TAG, run, LIMITS, history(updates));
        pair.connect(member, 7 + member as u32);
    }
    let actions = pair.members[0].view(view(1, &[10]));
    pair.act(0, actions, &[0]);
    pair.seen(0);
    pair.seen(1);
    join(&mut pair);
    pair
}

#[test]
fn who_brings_a_later_state_to_those_who_have_its_beginning_passes_it_on() {
    let later: &[&[u8]] = &[b"one", b"two"];
    for earlier in [0, 1] {
        let mut pair = meet(&later[..earlier], later);
        assert_eq!(pair.seen(1), [Action::Want(8)]);
        pair.send(0, b"three", &[0, 1]);
        assert_eq!(pair.seen(0), [], "the state is not there");
        assert_eq!(pair.seen(1), [received(b"three")]);
        let actions = pair.members[1].checkpoint(8, b"state");
        pair.act(1, actions, &[0, 1]);
        let state = Action::Initialize(To::All, b"state".to_vec());
        assert_eq!(pair.seen(0), [state, received(b"three")]);
        assert_eq!(
            pair.members[0].history().position,
            pair.members[1].history().position
        );
    }
}

#[test]
fn who_brings_a_state_of_another_group_or_an_earlier_one_takes_over() {
    let mut pair = meet(&[b"one", b"two"], &[b"one"]);
    assert_eq!(pair.seen(0), [Action::Want(7)]);
    assert_eq!(pair.seen(1), []);
    let mut other = History::default();
    for update in 0..5 {
        let group = 200;
        let seen = View {
            group,
            ..view(9, &[3])
        };
        other.update(&seen, vec![update]);
    }
    let mut pair = alone(&[b"one"]);
    pair.members[1] = Replication::new(TAG, 2, LIMITS, other);
    pair.connect(0, 7);
    pair.connect(1, 8);
    pair.seen(0);
    pair.seen(1);
    join(&mut pair);
    assert_eq!(pair.seen(0), [Action::Want(7)]);
}

#[test]
fn who_joins_a_group_whose_state_is_gone_waits() {
    let mut pair = alone(&[b"one"]);
    pair.connect(0, 7);
    join(&mut pair);
    let actions = pair.members[1].view(view(3, &[11]));
    pair.act(1, actions, &[1]);
    pair.send(1, b"two", &[1]);
    let seen = pair.seen(1);
    assert!(matches!(&seen[..], [Action::Warn(_)]), "{seen:?}");
}

#[test]
fn too_much_that_waits_ends_the_channel() {
    let mut pair = Pair::new();
    let large = vec![0; LIMITS.backlog];
    assert_eq!(pair.members[0].send(&large), []);
    let actions = pair.members[0].send(b"more");
    assert!(matches!(&actions[..], [Action::Fail(_)]), "{actions:?}");
    let mut pair = alone(&[&large]);
    assert_eq!(pair.seen(0), [received(&large)]);
    pair.send(0, b"more", &[0]);
    let seen = pair.seen(0);
    assert!(matches!(&seen[..], [_, Action::Fail(_)]), "{seen:?}");
}

#[test]
fn no_frame_that_anybody_makes_harms() {
    let mut pair = alone(&[]);
    for kind in 0..=255 {
        for length in 0..60 {
            let bytes = [&TAG[..], &[kind], &[kind; 60][..length]].concat();
            let actions = pair.members[0].receive(&bytes);
            pair.act(0, actions, &[0]);
        }
    }
    let far = Frame::Piece {
        view: 1,
        source: 10,
        number: u64::MAX,
        count: u64::MAX,
        bytes: Vec::new(),
    };
    let actions = pair.members[0].receive(&far.encode(TAG));
    pair.act(0, actions, &[0]);
    pair.seen(0);
    pair.send(0, b"message", &[0]);
    assert!(pair.seen(0).contains(&received(b"message")));
}

#[test]
fn a_state_that_somebody_says_is_at_the_end_of_numbers_harms_nobody() {
    let mut member = Replication::<u32>::new(TAG, 1, LIMITS, History::default());
    member.view(view(1, &[10, 11]));
    for number in [10, 11] {
        let hello = Hello {
            member: number,
            is_in_step: number == 11,
            makes_checkpoints: true,
            position: Position {
                version: if number == 11 { u64::MAX } else { 0 },
                ..Position::default()
            },
            begun: None,
        };
        member.receive(&Frame::Hello(1, hello).encode(TAG));
    }
    let update = Frame::Update {
        run: 2,
        number: 0,
        update: b"one".to_vec(),
    };
    member.receive(&update.encode(TAG));
    let next = member.view(view(2, &[10]));
    assert!(matches!(&next[..], [Action::Send(_)]), "{next:?}");
}
