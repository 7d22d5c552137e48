//! A simulated world for tests: nodes on a channel that loses, repeats, delays and reorders, with
//! partitions, crashes, restarts and pauses. The same seed gives the same history.
//!
//! A [`Node`] is what runs on one machine: one state machine, or a stack of them. [`World`] runs
//! nodes and records what they did; [`faults`] makes random schedules; [`views`] is a membership
//! that knows everything, for machines that are tested without the real one; [`judge`] says whether
//! a history keeps what a channel promises, and shares nothing with the protocols; [`forger`] is
//! somebody on the channel who wants to do harm.

pub(crate) mod faults;
pub(crate) mod forger;
pub(crate) mod judge;
pub(crate) mod stack;
pub(crate) mod views;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::env::{Env, MILLISECOND, SECOND};

/// What runs on one machine.
pub(crate) trait Node: Sized {
    /// What its users, or objects that are not part of it, tell it.
    type Input;
    /// What it does that others can see, other than sending frames.
    type Did;
    /// What outlives it.
    type Saved: Clone;

    /// Starts it, with what an earlier run had saved.
    fn start(env: &mut Env<'_>, saved: Option<Self::Saved>, out: &mut Out<Self::Did>) -> Self;

    /// A frame came over the channel.
    fn frame(&mut self, env: &mut Env<'_>, frame: &[u8], out: &mut Out<Self::Did>);

    fn input(&mut self, env: &mut Env<'_>, input: Self::Input, out: &mut Out<Self::Did>);

    /// The deadline is there, or past.
    fn timer(&mut self, env: &mut Env<'_>, out: &mut Out<Self::Did>);

    fn deadline(&self) -> Option<u64>;

    /// It is to end, and may take some time to do what others wait for.
    fn leave(&mut self, env: &mut Env<'_>, out: &mut Out<Self::Did>) {
        let _ = (env, out);
    }

    /// Whether it is done with that.
    fn has_left(&self) -> bool {
        true
    }

    /// What it would leave behind if it ended now.
    fn save(&self) -> Self::Saved;
}

/// What a node does in one step.
pub(crate) struct Out<D> {
    /// Frames for everybody else on the channel.
    pub(crate) frames: Vec<Vec<u8>>,
    pub(crate) did: Vec<D>,
}

impl<D> Default for Out<D> {
    fn default() -> Self {
        Out {
            frames: Vec::new(),
            did: Vec::new(),
        }
    }
}

/// What a node did, when, in which of its runs.
#[derive(Clone, Debug)]
pub(crate) struct Record<D> {
    pub(crate) at: u64,
    pub(crate) node: usize,
    pub(crate) run: u32,
    pub(crate) did: D,
}

/// How the channel treats frames.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Network {
    /// In percent.
    pub(crate) loss: u64,
    pub(crate) repeat: u64,
    /// Frames are up to so many nanoseconds on their way, and pass each other.
    pub(crate) delay: u64,
}

pub(crate) const PERFECT: Network = Network {
    loss: 0,
    repeat: 0,
    delay: MILLISECOND,
};

/// A generator good enough for tests (splitmix64).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x1234_5678)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    /// A number below `limit`.
    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub(crate) fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

enum Event<I> {
    Frame(Rc<[u8]>),
    /// For this run only.
    Input(u32, I),
}

/// What comes to a node.
type Coming<N> = (usize, Event<<N as Node>::Input>);

struct Slot<N: Node> {
    node: Option<N>,
    /// When the node wants to be called, as of its last step.
    deadline: Option<u64>,
    run: u32,
    random: Random,
    /// What came while the node was paused; `None` while it is not.
    paused: Option<Vec<Event<N::Input>>>,
    /// Nodes of different sides do not reach each other.
    side: u8,
    saved: Option<N::Saved>,
    /// It is being closed, and ends at this time at the latest.
    ends: Option<u64>,
}

/// So long a node that is closed may stay at most.
pub(crate) const LEAVE_WITHIN: u64 = 5 * SECOND;

/// So many frames wait for a paused node; further ones are lost.
const MAX_WAITING: usize = 256;

/// Nodes on one channel.
pub(crate) struct World<N: Node> {
    pub(crate) now: u64,
    pub(crate) random: Random,
    /// Tells which nodes are closed and which crash. It draws nothing from `random`, so that a seed means
    /// the same whether nodes are closed or not, up to the first that is.
    pub(crate) closing: Random,
    /// The runs that were closed and had all the time that they needed.
    pub(crate) left: BTreeSet<judge::At>,
    pub(crate) network: Network,
    slots: Vec<Slot<N>>,
    /// By time, and in the order in which they were scheduled.
    events: BTreeMap<(u64, u64), Coming<N>>,
    scheduled: u64,
    pub(crate) history: Vec<Record<N::Did>>,
    /// Frames that were sent, and their bytes.
    pub(crate) sent: (u64, u64),
}

impl<N: Node> World<N> {
    /// A world of `nodes` that have not started yet.
    pub(crate) fn new(seed: u64, nodes: usize) -> Self {
        let mut random = Random::new(seed);
        let slot = |random: &mut Random| Slot {
            node: None,
            deadline: None,
            run: 0,
            random: Random::new(random.next()),
            paused: None,
            side: 0,
            saved: None,
            ends: None,
        };
        World {
            now: 0,
            slots: (0..nodes).map(|_| slot(&mut random)).collect(),
            random,
            closing: Random::new(seed ^ 0xc105_e000),
            left: BTreeSet::new(),
            network: PERFECT,
            events: BTreeMap::new(),
            scheduled: 0,
            history: Vec::new(),
            sent: (0, 0),
        }
    }

    pub(crate) fn nodes(&self) -> usize {
        self.slots.len()
    }

    /// The node, if it runs; also while it is paused.
    pub(crate) fn node(&self, node: usize) -> Option<&N> {
        self.slots[node].node.as_ref()
    }

    pub(crate) fn run(&self, node: usize) -> u32 {
        self.slots[node].run
    }

    /// The present run of every node.
    pub(crate) fn here(&self) -> Vec<judge::At> {
        (0..self.nodes()).map(|it| (it, self.run(it))).collect()
    }

    pub(crate) fn is_paused(&self, node: usize) -> bool {
        self.slots[node].paused.is_some()
    }

    pub(crate) fn side(&self, node: usize) -> u8 {
        self.slots[node].side
    }

    /// Puts a node on a side of the partition.
    pub(crate) fn part(&mut self, node: usize, side: u8) {
        self.slots[node].side = side;
    }

    /// Starts a node that does not run, with its state or without.
    pub(crate) fn start(&mut self, node: usize, with_state: bool) {
        let slot = &mut self.slots[node];
        assert!(slot.node.is_none(), "it runs already");
        slot.run += 1;
        slot.paused = None;
        let saved = slot.saved.take().filter(|_| with_state);
        let mut random = || slot.random.next();
        let mut env = Env {
            now: self.now,
            random: &mut random,
        };
        let mut out = Out::default();
        let started = N::start(&mut env, saved, &mut out);
        slot.deadline = started.deadline();
        slot.node = Some(started);
        self.take(node, out);
    }

    /// Ends a node as SIGKILL does. What it saves is what it would have left behind now.
    pub(crate) fn crash(&mut self, node: usize) {
        let slot = &mut self.slots[node];
        slot.saved = slot.node.take().map(|node| node.save());
        slot.deadline = None;
        slot.paused = None;
        slot.ends = None;
    }

    /// Ends a node as SIGTERM does: it goes when it is done with what others wait for.
    pub(crate) fn close(&mut self, node: usize) {
        self.slots[node].ends = Some(self.now + LEAVE_WITHIN);
        self.with(node, |node, env, out| node.leave(env, out));
    }

    /// Whether the node is being closed.
    pub(crate) fn is_closing(&self, node: usize) -> bool {
        self.slots[node].ends.is_some()
    }

    /// Stops a node as SIGSTOP does.
    pub(crate) fn pause(&mut self, node: usize) {
        self.slots[node].paused.get_or_insert_default();
    }

    /// Lets a node go on.
    pub(crate) fn resume(&mut self, node: usize) {
        for event in self.slots[node].paused.take().into_iter().flatten() {
            self.happen(node, event);
        }
    }

    /// Tells a node something now.
    pub(crate) fn input(&mut self, node: usize, input: N::Input) {
        let run = self.slots[node].run;
        self.happen(node, Event::Input(run, input));
    }

    /// Tells the present run of a node something at a time.
    pub(crate) fn input_at(&mut self, at: u64, node: usize, input: N::Input) {
        let run = self.slots[node].run;
        self.schedule(at, node, Event::Input(run, input));
    }

    /// Lets all happen that happens up to a time.
    pub(crate) fn advance_to(&mut self, until: u64) {
        loop {
            let event = self.events.keys().next().map(|(at, _)| *at);
            let due = self.slots.iter().enumerate().filter_map(|(number, slot)| {
                let deadline = slot.deadline.filter(|_| slot.paused.is_none());
                let due = deadline.into_iter().chain(slot.ends).min()?;
                Some((due, number))
            });
            let due = due.min();
            let next = event.into_iter().chain(due.map(|(at, _)| at)).min();
            let Some(next) = next.filter(|next| *next <= until) else {
                break;
            };
            self.now = self.now.max(next);
            match due.filter(|(at, _)| event.is_none_or(|event| *at < event)) {
                Some((at, node)) if self.slots[node].ends == Some(at) => self.crash(node),
                Some((_, node)) => self.with(node, |node, env, out| node.timer(env, out)),
                None => {
                    if let Some((_, (node, event))) = self.events.pop_first() {
                        self.happen(node, event);
                    }
                }
            }
        }
        self.now = until;
    }

    fn happen(&mut self, node: usize, event: Event<N::Input>) {
        let slot = &mut self.slots[node];
        if let Some(waiting) = &mut slot.paused {
            let frame = matches!(event, Event::Frame(_));
            if !frame || waiting.len() < MAX_WAITING {
                waiting.push(event);
            }
            return;
        }
        let run = slot.run;
        match event {
            Event::Frame(frame) => self.with(node, |node, env, out| node.frame(env, &frame, out)),
            Event::Input(of, input) if of == run => {
                self.with(node, |node, env, out| node.input(env, input, out));
            }
            Event::Input(..) => {}
        }
    }

    fn with(&mut self, node: usize, act: impl FnOnce(&mut N, &mut Env<'_>, &mut Out<N::Did>)) {
        let slot = &mut self.slots[node];
        let Some(it) = &mut slot.node else {
            return;
        };
        let mut random = || slot.random.next();
        let mut env = Env {
            now: self.now,
            random: &mut random,
        };
        let mut out = Out::default();
        act(it, &mut env, &mut out);
        slot.deadline = it.deadline();
        let is_done = slot.ends.is_some() && it.has_left();
        self.take(node, out);
        if is_done {
            self.left.insert((node, self.slots[node].run));
            self.crash(node);
        }
    }

    fn take(&mut self, node: usize, out: Out<N::Did>) {
        for frame in out.frames.into_iter().flat_map(forger::with_forged) {
            self.send(node, frame.into());
        }
        for did in out.did {
            self.history.push(Record {
                at: self.now,
                node,
                run: self.slots[node].run,
                did,
            });
        }
    }

    /// Sends a frame to all other nodes of the sender's side.
    fn send(&mut self, from: usize, frame: Rc<[u8]>) {
        self.sent.0 += 1;
        self.sent.1 += frame.len() as u64;
        for to in 0..self.slots.len() {
            if to == from || self.slots[to].side != self.slots[from].side {
                continue;
            }
            let copies = 1 + u64::from(self.random.percent(self.network.repeat));
            for _ in 0..copies {
                if !self.random.percent(self.network.loss) {
                    let at = self.now + 1 + self.random.below(self.network.delay.max(1));
                    self.schedule(at, to, Event::Frame(frame.clone()));
                }
            }
        }
    }

    fn schedule(&mut self, at: u64, node: usize, event: Event<N::Input>) {
        self.scheduled += 1;
        self.events.insert((at, self.scheduled), (node, event));
    }
}
