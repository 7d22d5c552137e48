use std::collections::BTreeSet;

use super::*;
use crate::env::{Env, SECOND};
use crate::world::faults::{self, Plan};
use crate::world::judge::{self, At, Declared, What};
use crate::world::stack::{self, Input, Stack, Talk};
use crate::world::{Node, Out, Random, World};

/// What is so small that short histories reach it.
const LIMITS: Limits = Limits {
    backlog: 1 << 20,
    piece: 100,
    updates: 50,
};

/// A member of the whole stack, and its replica: the numbers of all updates, in order.
struct Member {
    stack: Stack<true>,
    machine: Replication<()>,
    replica: Vec<u64>,
    /// Checkpoints that are on their way, as between two domains.
    answers: Vec<Vec<u8>>,
}

#[derive(Debug)]
enum Did {
    Connect,
    Send(u64),
    Receive(u64),
    Initialize,
    Warn,
    Fail(String),
}

impl Member {
    fn take(&mut self, env: &mut Env<'_>, mut below: Out<stack::Did>, out: &mut Out<Did>) {
        loop {
            out.frames.append(&mut below.frames);
            let mut actions = VecDeque::new();
            for did in std::mem::take(&mut below.did) {
                match did {
                    stack::Did::Receive(frame) => actions.extend(self.machine.receive(&frame)),
                    stack::Did::View(view) => actions.extend(self.machine.view(view)),
                    stack::Did::Fail(reason) => out.did.push(Did::Fail(reason)),
                    stack::Did::Connect | stack::Did::Send(_) => {}
                }
                // Whatever is done in one step reaches the replica before the next one.
                self.act(env, &mut actions, &mut below, out);
            }
            if below.did.is_empty() && below.frames.is_empty() {
                return;
            }
        }
    }

    fn act(
        &mut self,
        env: &mut Env<'_>,
        actions: &mut VecDeque<Action<()>>,
        below: &mut Out<stack::Did>,
        out: &mut Out<Did>,
    ) {
        while let Some(action) = actions.pop_front() {
            match action {
                Action::Send(frame) => self.stack.send(env, &frame, below),
                Action::Initialize(_, checkpoint) => {
                    let numbers = checkpoint.chunks_exact(8).map(judge::number);
                    self.replica = numbers.collect();
                    out.did.push(Did::Initialize);
                }
                Action::Receive(_, update) => {
                    let number = judge::number(&update);
                    self.replica.push(number);
                    out.did.push(Did::Receive(number));
                }
                Action::View(..) => {}
                Action::Want(()) => {
                    let numbers = self.replica.iter().flat_map(|it| it.to_le_bytes());
                    self.answers.push(numbers.collect());
                }
                Action::Warn(_) => out.did.push(Did::Warn),
                Action::Fail(reason) => out.did.push(Did::Fail(reason)),
            }
        }
    }

    fn with(
        &mut self,
        env: &mut Env<'_>,
        out: &mut Out<Did>,
        act: impl FnOnce(&mut Stack<true>, &mut Env<'_>, &mut Out<stack::Did>),
    ) {
        let mut below = Out::default();
        if env.below(2) == 0 {
            for checkpoint in std::mem::take(&mut self.answers) {
                let mut actions = self.machine.checkpoint((), &checkpoint).into();
                self.act(env, &mut actions, &mut below, out);
            }
        }
        act(&mut self.stack, env, &mut below);
        self.take(env, below, out);
    }
}

impl Node for Member {
    type Input = Input;
    type Did = Did;
    type Saved = History;

    fn start(env: &mut Env<'_>, saved: Option<History>, out: &mut Out<Did>) -> Self {
        let mut below = Out::default();
        let run = (env.random)();
        let mut member = Member {
            stack: Stack::start(env, None, &mut below),
            machine: Replication::new(*b"checkpnt", run, LIMITS, saved.unwrap_or_default()),
            replica: Vec::new(),
            answers: Vec::new(),
        };
        out.did.push(Did::Connect);
        let mut actions = member.machine.connected(()).into();
        member.act(env, &mut actions, &mut below, out);
        member.take(env, below, out);
        member
    }

    fn frame(&mut self, env: &mut Env<'_>, frame: &[u8], out: &mut Out<Did>) {
        self.with(env, out, |stack, env, below| stack.frame(env, frame, below));
    }

    fn input(&mut self, env: &mut Env<'_>, input: Input, out: &mut Out<Did>) {
        match input {
            Input::Say(number, size) => {
                out.did.push(Did::Send(number));
                let mut below = Out::default();
                let mut actions = self.machine.send(&judge::message(number, size)).into();
                self.act(env, &mut actions, &mut below, out);
                self.take(env, below, out);
            }
            Input::Told(_) => {
                self.with(env, out, |stack, env, below| stack.input(env, input, below));
            }
        }
    }

    fn timer(&mut self, env: &mut Env<'_>, out: &mut Out<Did>) {
        self.with(env, out, Stack::timer);
    }

    fn deadline(&self) -> Option<u64> {
        self.stack.deadline()
    }

    fn save(&self) -> History {
        self.machine.history().clone()
    }
}

/// What came of a schedule.
enum Verdict {
    Fine,
    /// Somebody was told that the state of the group is gone, or that a state gives way.
    Lost,
    Wrong(String),
}

/// A schedule of 2 to 9 members, or of few and short, that restart so often with their state.
fn schedule(seed: u64, is_short: bool, with_state: u64) -> (Vec<(At, What)>, Verdict) {
    let mut random = Random::new(seed ^ 0x5ca1_ab1e);
    let nodes = 2 + random.below(if is_short { 2 } else { 8 }) as usize;
    let mut world = World::<Member>::new(seed, nodes);
    let plan = Plan {
        steps: if is_short { 8 } else { faults::ALL.steps },
        loss: 30,
        with_state,
        ..faults::ALL
    };
    let mut talk = Talk::default();
    faults::run(&mut world, &plan, 20 * SECOND, &mut talk);
    let mut history = Vec::new();
    let mut sent: BTreeMap<u64, At> = BTreeMap::new();
    let mut acknowledged: BTreeSet<u64> = BTreeSet::new();
    let mut is_lost = false;
    for record in &world.history {
        let at = (record.node, record.run);
        match &record.did {
            Did::Connect => history.push((at, What::Connect)),
            Did::Send(number) => {
                sent.insert(*number, at);
                history.push((at, What::Send(*number)));
            }
            Did::Receive(number) => {
                if sent.get(number) == Some(&at) {
                    acknowledged.insert(*number);
                }
                history.push((at, What::Receive(*number)));
            }
            Did::Initialize => {}
            Did::Warn => is_lost = true,
            Did::Fail(reason) => {
                let wrong = Verdict::Wrong(format!("{at:?} failed: {reason}"));
                return (history, wrong);
            }
        }
    }
    let replicas: Vec<&[u64]> = world
        .here()
        .iter()
        .filter_map(|(node, _)| Some(&world.node(*node)?.replica[..]))
        .collect();
    let verdict = match judge_replicas(&replicas, &sent, &talk.last) {
        Err(_) if is_lost => Verdict::Lost,
        Err(wrong) => Verdict::Wrong(wrong),
        Ok(()) => {
            let lost = acknowledged.iter().find(|it| !replicas[0].contains(it));
            match lost {
                Some(_) if is_lost || with_state < 100 => Verdict::Lost,
                Some(update) => Verdict::Wrong(format!("{update} was received, and is gone")),
                None => Verdict::Fine,
            }
        }
    };
    (history, verdict)
}

/// When all has healed: all replicas are equal, nothing is doubled or made up, and what was sent last is
/// there.
fn judge_replicas(
    replicas: &[&[u64]],
    sent: &BTreeMap<u64, At>,
    last: &[(At, u64)],
) -> Result<(), String> {
    for (node, replica) in replicas.iter().enumerate() {
        if *replica != replicas[0] {
            return Err(format!(
                "the replicas of 0 and {node} differ:\n{:?}\n{replica:?}",
                replicas[0]
            ));
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = replica.iter().find(|it| !seen.insert(**it)) {
            return Err(format!("{twice} is there twice"));
        }
        if let Some(strange) = replica.iter().find(|it| !sent.contains_key(it)) {
            return Err(format!("nobody sent {strange}"));
        }
        if let Some((by, lacks)) = last.iter().find(|(_, it)| !seen.contains(it)) {
            return Err(format!(
                "{node} lacks {lacks}, which {by:?} sent at the end"
            ));
        }
    }
    Ok(())
}

/// The first seed of a range that shows something wrong; and how many lost something.
fn first_wrong(seeds: std::ops::Range<u64>, with_state: u64) -> (Option<(u64, String)>, u64) {
    let mut lost = 0;
    for seed in seeds {
        match schedule(seed, false, with_state).1 {
            Verdict::Fine => {}
            Verdict::Lost => lost += 1,
            Verdict::Wrong(wrong) => return (Some((seed, wrong)), lost),
        }
    }
    (None, lost)
}

#[test]
fn everybody_has_the_same_state_and_nothing_received_is_lost() {
    let seeds = faults::seeds();
    let count = seeds.end - seeds.start;
    let (wrong, lost) = first_wrong(seeds, 100);
    assert_eq!(wrong, None);
    assert!(lost * 50 <= count, "{lost} of {count} lost something");
}

#[test]
fn everybody_has_the_same_state_where_some_come_back_without_theirs() {
    let seeds = faults::seeds();
    let count = seeds.end - seeds.start;
    let (wrong, lost) = first_wrong(seeds, 50);
    assert_eq!(wrong, None);
    assert!(lost * 10 <= count, "{lost} of {count} lost something");
}

#[test]
fn what_the_types_declare_is_kept() {
    for seed in 0..10 {
        let (history, _) = schedule(seed, true, 50);
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
        let verdict = fault::with(broken, || schedule(seed, false, 100).1);
        match verdict {
            Verdict::Fine => false,
            Verdict::Lost => matches!(schedule(seed, false, 100).1, Verdict::Fine),
            Verdict::Wrong(_) => true,
        }
    };
    for broken in faults {
        assert!((0..100).any(|seed| worse(broken, seed)), "{broken:?}");
    }
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
        let actions = pair.members[0].send(update);
        pair.act(0, actions, &[0]);
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
    let actions = pair.members[0].connected(7);
    pair.act(0, actions, &[0]);
    let actions = pair.members[1].connected(8);
    pair.act(1, actions, &[1]);
    pair.seen(0);
    join(&mut pair);
    assert_eq!(pair.seen(0), [Action::Want(7)]);
    let actions = pair.members[1].send(b"two");
    pair.act(1, actions, &[0, 1]);
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
    let actions = pair.members[0].connected(7);
    pair.act(0, actions, &[0]);
    join(&mut pair);
    assert_eq!(pair.seen(1), []);
    let actions = pair.members[0].disconnected(7);
    pair.act(0, actions, &[0, 1]);
    assert_eq!(pair.seen(1), [received(b"one")]);
}

#[test]
fn a_replica_that_has_seen_another_state_takes_over_checkpoints_only() {
    let mut pair = alone(&[b"one"]);
    let actions = pair.members[1].connected(8);
    pair.act(1, actions, &[1]);
    let elsewhere = View {
        group: 55,
        ..view(1, &[11])
    };
    let actions = pair.members[1].view(elsewhere);
    pair.act(1, actions, &[1]);
    let actions = pair.members[1].send(b"another");
    pair.act(1, actions, &[1]);
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
    let actions = pair.members[0].connected(7);
    pair.act(0, actions, &[0]);
    let actions = pair.members[1].connected(8);
    pair.act(1, actions, &[1]);
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
fn a_state_that_gives_way_is_told() {
    let mut pair = Pair::new();
    let mut lost = History::default();
    lost.update(&view(7, &[3]), b"lost".to_vec());
    pair.members[1] = Replication::new(TAG, 2, LIMITS, lost);
    let actions = pair.members[0].connected(7);
    pair.act(0, actions, &[0]);
    let actions = pair.members[0].view(view(1, &[10]));
    pair.act(0, actions, &[0]);
    let actions = pair.members[0].send(b"one");
    pair.act(0, actions, &[0]);
    join(&mut pair);
    let actions = pair.members[0].checkpoint(7, b"state");
    pair.act(0, actions, &[0, 1]);
    let seen = pair.seen(1);
    let state = Action::Initialize(To::All, b"state".to_vec());
    assert!(matches!(&seen[0], Action::Warn(_)), "{seen:?}");
    assert_eq!(seen[1..], [state]);
}

#[test]
fn who_joins_a_group_whose_state_is_gone_waits() {
    let mut pair = alone(&[b"one"]);
    let actions = pair.members[0].connected(7);
    pair.act(0, actions, &[0]);
    join(&mut pair);
    let actions = pair.members[1].view(view(3, &[11]));
    pair.act(1, actions, &[1]);
    let actions = pair.members[1].send(b"two");
    pair.act(1, actions, &[1]);
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
    let actions = pair.members[0].send(b"more");
    pair.act(0, actions, &[0]);
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
    pair.seen(0);
    let actions = pair.members[0].send(b"message");
    pair.act(0, actions, &[0]);
    assert!(pair.seen(0).contains(&received(b"message")));
}
