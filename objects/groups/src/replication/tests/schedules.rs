//! Schedules of the whole stack, whose members keep replicas of a list; and whether these are equal.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::LIMITS;
use crate::env::{Env, MILLISECOND, SECOND};
use crate::members::{self, Membership, News, Past, Settings};
use crate::replication::{Action, History, Replication};
use crate::world::faults::{self, Director, Plan};
use crate::world::forger::{self, with_forged};
use crate::world::judge::{self, At, What};
use crate::world::stack::{self, Input, Stack, Talk};
use crate::world::views::Told;
use crate::world::{Node, Out, Random, Record, World};

/// A member of the whole stack, and its replica: the numbers of all updates, in order, and what came of
/// them and the views in which they came.
pub(super) struct Member {
    stack: Stack<true>,
    machine: Replication<()>,
    replica: Vec<u64>,
    mixed: u64,
    /// The view that the replica saw last.
    seen: u64,
    /// Checkpoints that are on their way, as between two domains.
    answers: Vec<Vec<u8>>,
    /// What those below know of it.
    is_unfinished: bool,
}

#[derive(Debug)]
pub(super) enum Did {
    Connect,
    Send(u64),
    Receive(u64),
    Initialize,
    /// The membership: a view of this group, or somebody is suspected.
    Group(u64),
    Suspected,
    /// A layer below does not know whether others have received what it has sent.
    Unsure(String),
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
                    stack::Did::Receive(frame) => {
                        let received = with_forged(frame);
                        actions.extend(received.flat_map(|it| self.machine.receive(&it)));
                    }
                    stack::Did::View(view) => actions.extend(self.machine.view(view)),
                    stack::Did::Fail(reason) => out.did.push(Did::Fail(reason)),
                    stack::Did::Warn(text) => out.did.push(Did::Unsure(text)),
                    stack::Did::Connect | stack::Did::Send(_) => {}
                }
                // Whatever is done in one step reaches the replica before the next one.
                self.act(env, &mut actions, &mut below, out);
            }
            let is_unfinished = self.machine.is_unfinished();
            if is_unfinished != self.is_unfinished {
                self.is_unfinished = is_unfinished;
                self.stack.unfinished(env, is_unfinished, &mut below);
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
                    self.mixed = self.replica.pop().expect("the last number");
                    out.did.push(Did::Initialize);
                }
                Action::Receive(_, update) => {
                    let number = judge::number(&update);
                    self.replica.push(number);
                    self.mixed = self.mixed.wrapping_mul(31) ^ number ^ self.seen;
                    out.did.push(Did::Receive(number));
                }
                Action::View(_, view) => self.seen = view.group ^ view.number,
                Action::Want(()) => {
                    let numbers = self.replica.iter().chain([&self.mixed]);
                    let numbers = numbers.flat_map(|it| it.to_le_bytes());
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
            mixed: 0,
            seen: 0,
            answers: Vec::new(),
            is_unfinished: false,
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
            Input::Told(_) | Input::Resumed => {
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

    fn leave(&mut self, env: &mut Env<'_>, out: &mut Out<Did>) {
        self.machine.leave();
        self.with(env, out, Stack::leave);
    }

    fn has_left(&self) -> bool {
        self.machine.has_finished() && self.stack.has_left()
    }

    fn save(&self) -> History {
        self.machine.history().clone()
    }
}

/// A member whose membership is the real one.
pub(super) struct Whole {
    membership: Membership,
    member: Member,
    /// Its time to leave has come, and those below the others have been told.
    leaves: bool,
    leaves_group: bool,
}

impl Whole {
    /// When those above have finished, the membership leaves.
    fn leave_in_time(&mut self, env: &mut Env<'_>, out: &mut Out<Did>) {
        if self.leaves && !self.leaves_group && self.member.has_left() {
            self.leaves_group = true;
            let actions = self.membership.leave(env);
            self.take(env, actions, out);
        }
    }

    fn take(&mut self, env: &mut Env<'_>, actions: Vec<members::Action>, out: &mut Out<Did>) {
        for action in actions {
            let input = match action {
                members::Action::Send(frame) => {
                    out.frames.push(frame);
                    continue;
                }
                members::Action::Tell(News::View(view)) => {
                    out.did.push(Did::Group(view.group));
                    Input::Told(Told::View(view))
                }
                members::Action::Tell(News::Blocked(_)) => Input::Told(Told::Blocked),
                members::Action::Tell(News::Resumed) => Input::Resumed,
                members::Action::Tell(News::Suspected(_)) => {
                    out.did.push(Did::Suspected);
                    continue;
                }
                members::Action::Tell(News::Restored(_)) => continue,
            };
            self.member.input(env, input, out);
        }
    }
}

thread_local! {
    /// More than half of the most nodes that there are, so that there is one group at a time.
    static QUORUM: Cell<usize> = const { Cell::new(5) };
}

fn settings() -> Settings {
    Settings {
        quorum: QUORUM.get(),
        period: 100 * MILLISECOND,
        suspicion: 300 * MILLISECOND,
    }
}

impl Node for Whole {
    type Input = Input;
    type Did = Did;
    type Saved = (Option<Past>, History);

    fn start(env: &mut Env<'_>, saved: Option<Self::Saved>, out: &mut Out<Did>) -> Self {
        let (past, history) = saved.unwrap_or_default();
        let mut whole = Whole {
            membership: Membership::new(env, *b"members ", settings(), past),
            member: Member::start(env, Some(history), out),
            leaves: false,
            leaves_group: false,
        };
        let actions = whole.membership.connected(env);
        whole.take(env, actions, out);
        whole
    }

    fn frame(&mut self, env: &mut Env<'_>, frame: &[u8], out: &mut Out<Did>) {
        let actions = self.membership.frame(env, frame);
        self.take(env, actions, out);
        self.member.frame(env, frame, out);
        self.leave_in_time(env, out);
    }

    fn input(&mut self, env: &mut Env<'_>, input: Input, out: &mut Out<Did>) {
        self.member.input(env, input, out);
    }

    fn timer(&mut self, env: &mut Env<'_>, out: &mut Out<Did>) {
        if self.membership.deadline().is_some_and(|at| at <= env.now) {
            let actions = self.membership.timer(env);
            self.take(env, actions, out);
        }
        if self.member.deadline().is_some_and(|at| at <= env.now) {
            self.member.timer(env, out);
        }
        self.leave_in_time(env, out);
    }

    fn leave(&mut self, env: &mut Env<'_>, out: &mut Out<Did>) {
        self.leaves = true;
        self.member.leave(env, out);
        self.leave_in_time(env, out);
    }

    fn has_left(&self) -> bool {
        self.membership.has_left()
    }

    fn deadline(&self) -> Option<u64> {
        let deadlines = [self.membership.deadline(), self.member.deadline()];
        deadlines.into_iter().flatten().min()
    }

    fn save(&self) -> Self::Saved {
        (self.membership.past().cloned(), self.member.save())
    }
}

/// A node with a replica.
pub(super) trait Replicated: Node<Input = Input, Did = Did> {
    fn replica(&self) -> &[u64];
    fn mixed(&self) -> u64;
}

impl Replicated for Member {
    fn replica(&self) -> &[u64] {
        &self.replica
    }

    fn mixed(&self) -> u64 {
        self.mixed
    }
}

impl Replicated for Whole {
    fn replica(&self) -> &[u64] {
        &self.member.replica
    }

    fn mixed(&self) -> u64 {
        self.member.mixed
    }
}

/// What came of a schedule.
pub(super) enum Verdict {
    Fine,
    /// Somebody was told that the state of the group is gone, or that a state gives way; or received
    /// something that is gone, where nodes restart without their state.
    Lost,
    Wrong(String),
}

/// A schedule of 2 to 9 members that restart so often with their state, and are closed where they would
/// crash, in percent.
pub(super) fn schedule(seed: u64, with_state: u64, closes: u64) -> Verdict {
    let nodes = 2 + Random::new(seed ^ 0x5ca1_ab1e).below(8) as usize;
    let mut talk = Talk::default();
    let plan = Plan {
        with_state,
        closes,
        ..PLAN
    };
    let world = run::<Member>(seed, nodes, &plan, &mut talk);
    judge(&world, with_state, &talk.last).1
}

/// A short schedule of few members: what it takes time to judge.
pub(super) fn short_schedule(seed: u64) -> Vec<(At, What)> {
    let nodes = 2 + Random::new(seed ^ 0x5ca1_ab1e).below(2) as usize;
    let mut talk = Talk::default();
    let plan = Plan { steps: 8, ..PLAN };
    let world = run::<Member>(seed, nodes, &plan, &mut talk);
    judge(&world, 50, &talk.last).0
}

/// A schedule of 5 to 9 members with the real membership, that restart so often with their state, and are
/// closed where they would crash, in percent.
pub(super) fn whole_schedule(seed: u64, with_state: u64, closes: u64) -> Verdict {
    let nodes = 5 + Random::new(seed ^ 0x5ca1_ab1e).below(5) as usize;
    let mut talk = Talk::among_themselves();
    let plan = Plan {
        with_state,
        closes,
        ..PLAN
    };
    let world = run::<Whole>(seed, nodes, &plan, &mut talk);
    judge(&world, with_state, &talk.last).1
}

/// A schedule of 2 to 6 members, with the real membership, that come and go in order, down to the last one; that one is closed, too,
/// and then all open again, that one first. Answers whether something disturbed it: somebody was suspected
/// wrongly, or founded a group of its own.
pub(super) fn orderly_schedule(seed: u64) -> Result<bool, String> {
    QUORUM.set(1);
    let judged = orderly(seed);
    QUORUM.set(5);
    judged
}

fn orderly(seed: u64) -> Result<bool, String> {
    let mut talk = Talk::among_themselves();
    let nodes = 2 + Random::new(seed ^ 0x5ca1_ab1e).below(5) as usize;
    let mut world = World::<Whole>::new(seed, nodes);
    let last = faults::orderly(&mut world, 30, &mut talk);
    world.advance_to(world.now + SECOND);
    talk.speak_of(&mut world, last);
    world.advance_to(world.now + 500 * MILLISECOND);
    let closed: usize = (0..nodes).map(|node| world.run(node) as usize).sum();
    let (left, before) = (world.left.len(), world.history.len());
    let text = world.node(last).expect("it stays").replica().to_vec();
    world.close(last);
    let is_gone = world.node(last).is_none();
    let judged = in_order(&world, &text);
    if !is_gone {
        world.crash(last);
    }
    world.start(last, true);
    world.advance_to(world.now + SECOND);
    for node in (0..nodes).filter(|node| *node != last) {
        world.start(node, true);
        let until = world.now + world.random.below(500 * MILLISECOND);
        world.advance_to(until);
    }
    talk.healed(&mut world);
    world.advance_to(world.now + 5 * SECOND);
    let is_disturbed = is_disturbed(&world.history[..before]);
    if is_disturbed {
        return Ok(true);
    }
    judged?;
    if left + 1 != closed {
        return Err(format!("{left} of {} left in time", closed - 1));
    }
    if !is_gone {
        return Err(format!("{last} was alone, and took its time"));
    }
    match judge(&world, 100, &talk.last).1 {
        Verdict::Fine => Ok(is_disturbed),
        Verdict::Lost => Err("lost when all opened again".to_owned()),
        Verdict::Wrong(wrong) => Err(wrong),
    }
}

/// Whether somebody was suspected, or there were several groups.
fn is_disturbed(history: &[Record<Did>]) -> bool {
    let mut groups = BTreeSet::new();
    history.iter().any(|record| match &record.did {
        Did::Group(group) => groups.insert(*group) && groups.len() > 1,
        Did::Suspected => true,
        _ => false,
    })
}

/// Where all went in order: nobody was told of anything that may be lost, and all that was ever sent is in
/// the text of the one that stayed, once.
fn in_order(world: &World<Whole>, text: &[u64]) -> Result<(), String> {
    let mut sent: BTreeMap<u64, At> = BTreeMap::new();
    for record in &world.history {
        let at = (record.node, record.run);
        match &record.did {
            Did::Send(number) => {
                sent.insert(*number, at);
            }
            Did::Unsure(text) => return Err(format!("{at:?}: {text}")),
            Did::Warn => return Err(format!("{at:?} warned")),
            _ => {}
        }
    }
    judge_replicas(&[text], &sent, &[])?;
    match sent.iter().find(|(number, _)| !text.contains(number)) {
        Some((number, by)) => Err(format!("{number} of {by:?} is lost")),
        None => Ok(()),
    }
}

/// A schedule of 5 or 6 members with the real membership, on whose channel somebody forges.
pub(super) fn forged_schedule(seed: u64) {
    let nodes = 5 + Random::new(seed ^ 0x5ca1_ab1e).below(2) as usize;
    let mut world = World::<Whole>::new(seed, nodes);
    let mut talk = Talk::among_themselves();
    forger::with(seed, || {
        faults::run(&mut world, &faults::ALL, 2 * SECOND, &mut talk);
    });
}

/// All faults, and half of the members come back with their state.
const PLAN: Plan = Plan {
    loss: 30,
    ..faults::ALL
};

fn run<N: Replicated>(seed: u64, nodes: usize, plan: &Plan, talk: &mut Talk) -> World<N>
where
    Talk: Director<N>,
{
    let mut world = World::<N>::new(seed, nodes);
    faults::run(&mut world, plan, 20 * SECOND, talk);
    world
}

fn judge<N: Replicated>(
    world: &World<N>,
    with_state: u64,
    last: &[(At, u64)],
) -> (Vec<(At, What)>, Verdict) {
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
            Did::Initialize | Did::Group(_) | Did::Suspected | Did::Unsure(_) => {}
            Did::Warn => is_lost = true,
            Did::Fail(reason) => {
                let wrong = Verdict::Wrong(format!("{at:?} failed: {reason}"));
                return (history, wrong);
            }
        }
    }
    let nodes = (0..world.nodes()).filter_map(|node| world.node(node));
    let replicas: Vec<&[u64]> = nodes.clone().map(N::replica).collect();
    let mixed: Vec<u64> = nodes.map(N::mixed).collect();
    let judged = judge_replicas(&replicas, &sent, last);
    let verdict = match judged.and_then(|()| equal(&mixed)) {
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

/// That replicas have seen the same updates in the same views.
fn equal(mixed: &[u64]) -> Result<(), String> {
    match mixed.iter().all(|it| *it == mixed[0]) {
        true => Ok(()),
        false => Err(format!("updates came in different views: {mixed:x?}")),
    }
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

/// The first of these schedules that shows something wrong; and how many lost something.
pub(super) fn first_wrong(
    seeds: std::ops::Range<u64>,
    schedule: impl Fn(u64) -> Verdict,
) -> (Option<(u64, String)>, u64) {
    let mut lost = 0;
    for seed in seeds {
        match schedule(seed) {
            Verdict::Fine => {}
            Verdict::Lost => lost += 1,
            Verdict::Wrong(wrong) => return (Some((seed, wrong)), lost),
        }
    }
    (None, lost)
}
