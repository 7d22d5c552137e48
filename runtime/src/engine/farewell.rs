//! Farewell: what ends is told before it is disconnected, where it has asked for that, and may take time.
//!
//! What is told to end and all that its proxies own is a *parting*; all of a domain is one where that stops.
//! It goes through two stages, and is disconnected then:
//!
//! 1. *first*: proxies that asked for it are woken. All that they use is still there, so that they can
//!    finish what they have begun.
//! 2. *last*: so are those that asked to be woken last. Those above have finished: they can leave.
//!
//! A stage is over when nothing waits in the domain and nobody *stays*. To stay is a request of a proxy that is
//! being parted with, and it ends as any other does: it is given up, by the proxy or since that is gone. In
//! the meantime all goes on as ever, for the engine does not wait in a turn: a parting is looked at by a task
//! behind everything that waits, when it begins and when the last of those who stay does so no more. Where
//! nobody asked for a farewell there is no parting at all: what ends is disconnected at once.
//!
//! Why it comes to an end: a look is put off for [`MOST`] deliveries, about, if nobody stays; and nobody stays
//! beyond the time that the host gives ([`crate::edge::Host::leave_within`]), counted from the beginning of the
//! parting, or of the stop of its domain. Who stays then is told by `failed`, and so is who wants to
//! later; what they say in turn is delivered. One timer tells, and only where somebody stays.
//!
//! Why nothing outlives its owner: a parting is *held* by each request to stay of one of its proxies, and by
//! each other parting of something that they own, which they dropped. Instances count that, since who drops
//! a child may go on, and end later. What is made by those who part, and ends meanwhile, says no farewell:
//! it goes at once.
//!
//! In several domains (`group.rs`) there is a parting in each, all of them in the same stage. It is over when
//! nothing waited in any of them, and nobody had stayed since they were asked before; and that [`ROUNDS`]
//! times more, one after the other: what one says in the end gets to a second domain, and from there into a
//! third one, where somebody may stay because of it.

use std::collections::{BTreeMap, VecDeque};

use super::destroy::Condemned;
use super::domain::Domain;
use super::group::Step;
use crate::boundary::calls::{DEAD, HELD, Wake};
use crate::edge::{Stage, Ticket};
use crate::report::Level;

/// Deliveries, about, after which a stage is over although something waits.
pub(super) const MOST: u64 = 65_536;
/// Instances of a group wait so often more until all others have delivered what there was: what is said
/// in farewell gets into another domain, and from there into a third one, before a stage is over.
pub(super) const ROUNDS: u32 = 2;

/// What ends in a domain, and is not disconnected yet.
#[derive(Default)]
pub(super) struct Partings {
    /// By the number of the instance that was told to end.
    pub(super) all: BTreeMap<u64, Parting>,
    /// Those that nobody held when they were put here. While there are any, a task that looks at the first
    /// is in the queue.
    ready: VecDeque<u64>,
    /// Deliveries, about, while there were any.
    passed: u64,
    /// Number of the last event when it was looked last.
    seen: u64,
    /// Nobody stays beyond this time, whatever began later.
    pub(super) limit: Option<u64>,
}

/// What ends together.
pub(super) struct Parting {
    /// The instance that was told to end and those that end with it, the youngest first.
    condemned: Vec<Condemned>,
    stage: Stage,
    /// How many requests to stay there are, and partings of what its proxies own.
    pub(super) held: u32,
    /// Whether there was any since the others of its group were told last.
    pub(super) stayed: bool,
    /// It is among those that are ready, or waits for the others of its group.
    waits: bool,
    /// It has waited enough once so many deliveries have passed.
    until: u64,
    /// Nobody stays beyond this time, on the monotonic clock.
    pub(super) deadline: u64,
    /// What tells that it has come, once somebody stays.
    pub(super) timer: Option<Ticket>,
    /// It has come.
    pub(super) is_late: bool,
    /// The instance that it holds, whose proxies own what ends.
    pub(super) holds: Option<u64>,
}

impl Partings {
    /// Whether there are none.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Puts a parting behind those that are ready, unless somebody holds it or it waits already; `numbers`
    /// is the number of the last event. Answers whether it is the first of them.
    fn queue(&mut self, number: u64, numbers: u64) -> bool {
        let parting = self.all.get_mut(&number);
        let Some(parting) = parting.filter(|it| it.held == 0 && !it.waits) else {
            return false;
        };
        parting.waits = true;
        parting.until = self.passed + MOST;
        let is_first = self.ready.is_empty();
        if is_first {
            self.seen = numbers;
        }
        self.ready.push_back(number);
        is_first
    }

    /// Takes the first that is ready, if nothing waits in the domain or it has waited enough. Those that
    /// somebody holds by now are queued again once nobody does.
    fn take_ready(&mut self, waiting: u64, numbers: u64) -> Option<u64> {
        self.passed += waiting + numbers - self.seen;
        self.seen = numbers;
        while let Some(first) = self.ready.front() {
            if let Some(parting) = self.all.get_mut(first) {
                if parting.held == 0 {
                    if waiting > 0 && self.passed < parting.until {
                        return None;
                    }
                    parting.waits = false;
                    return self.ready.pop_front();
                }
                parting.waits = false;
            }
            self.ready.pop_front();
        }
        None
    }
}

impl Domain {
    /// What begins to end says farewell and is disconnected once that is over; at once if it `has` nothing
    /// to wait for, as neither has its group.
    pub(super) fn part_or_leave(&self, number: u64, condemned: Vec<Condemned>, has: bool) {
        match self.says_farewell(number, &condemned) || has {
            true => self.part(number, condemned),
            false => self.leave(number, condemned),
        }
    }

    /// Wakes those of what ends that asked for it. Answers whether it has to wait before it is
    /// disconnected.
    fn says_farewell(&self, number: u64, condemned: &[Condemned]) -> bool {
        let asked = self.inbox.has_farewells();
        if (!asked && self.partings.borrow().is_empty()) || self.owner_leaves(number) {
            return false;
        }
        let held = condemned.iter().any(|it| self.times_held(it.number) > 0);
        let woken = asked && self.wake_stage(Stage::First, condemned);
        woken || held || (asked && self.has_asked(Stage::Last, condemned))
    }

    /// Wakes those that asked for it in this stage, the youngest first. Answers whether there are any.
    fn wake_stage(&self, stage: Stage, condemned: &[Condemned]) -> bool {
        let mut any = false;
        for ticket in self.farewells_of(stage, condemned) {
            self.answer(ticket, Wake::Farewell);
            any = true;
        }
        any
    }

    fn has_asked(&self, stage: Stage, condemned: &[Condemned]) -> bool {
        self.farewells_of(stage, condemned).next().is_some()
    }

    fn farewells_of<'a>(
        &'a self,
        stage: Stage,
        condemned: &'a [Condemned],
    ) -> impl Iterator<Item = Ticket> + 'a {
        let proxies = condemned.iter().flat_map(|it| self.proxies_of(it));
        let alive = proxies.filter(|it| it.cell.busy.get() & (HELD | DEAD) == 0);
        alive.filter_map(move |proxy| match self.farewell_of(proxy.cell.number) {
            Some((ticket, asked)) if asked == stage => Some(ticket),
            _ => None,
        })
    }

    /// What ends is disconnected later.
    fn part(&self, number: u64, condemned: Vec<Condemned>) {
        let now = self.host.now(false);
        let held = condemned.iter().map(|it| self.times_held(it.number));
        let held = held.sum();
        let holds = self.owner_of(number);
        {
            let mut partings = self.partings.borrow_mut();
            let deadline = now.saturating_add(self.host.leave_within());
            let deadline = partings.limit.map_or(deadline, |limit| deadline.min(limit));
            let parting = Parting {
                condemned,
                stage: Stage::First,
                held,
                stayed: false,
                waits: false,
                until: 0,
                deadline,
                timer: None,
                is_late: deadline <= now,
                holds,
            };
            partings.all.insert(number, parting);
        }
        if let Some(owner) = holds {
            self.hold(owner);
        }
        self.look_at(number);
    }

    /// Looks at a parting once nothing waits any more, unless somebody holds it, or it is already looked at.
    pub(super) fn look_at(&self, number: u64) {
        let is_first = self.partings.borrow_mut().queue(number, self.numbers.get());
        if is_first {
            self.later(Domain::look_at_partings);
        }
    }

    /// Lets the first that is ready go on, if nothing waits or it has waited enough.
    fn look_at_partings(&self) {
        let waiting = self.fifo.borrow().len() as u64;
        let (goes, more) = {
            let mut partings = self.partings.borrow_mut();
            let goes = partings.take_ready(waiting, self.numbers.get());
            (goes, !partings.ready.is_empty())
        };
        if more {
            self.later(Domain::look_at_partings);
        }
        let Some(number) = goes else { return };
        if waiting > 0 {
            let text = format!(
                "what ends is disconnected although its farewell still goes on after {MOST} events"
            );
            self.say(Level::Warning, String::new(), text);
        }
        self.go_on(number);
    }

    /// Nobody holds a parting, and nothing waits: its stage is over, as far as this domain can tell.
    fn go_on(&self, number: u64) {
        // So that what was sent to the others is there for them.
        self.settle();
        let mut alone = true;
        self.with_group(number, |group| {
            if group.waits_for_farewells() {
                alone = false;
                let stayed = {
                    let mut partings = self.partings.borrow_mut();
                    let parting = partings.all.get_mut(&number);
                    parting.is_some_and(|parting| {
                        parting.waits = true;
                        std::mem::take(&mut parting.stayed)
                    })
                };
                group.said(stayed, move |domain, step| {
                    domain.go_on_together(number, step)
                });
            }
        });
        if alone {
            let last = self.with_condemned(number, |condemned| {
                self.inbox.has_farewells() && self.has_asked(Stage::Last, condemned)
            });
            let first = self.stage_of(number) == Some(Stage::First);
            let step = if first && last {
                Step::Last
            } else {
                Step::Leave
            };
            self.take_step(number, step);
        }
    }

    /// All others of its group are as far as a parting.
    fn go_on_together(&self, number: u64, step: Step) {
        // What they have sent until now arrives before.
        self.with_condemned(number, |condemned| self.take_rest_of(condemned));
        if let Some(parting) = self.partings.borrow_mut().all.get_mut(&number) {
            parting.waits = false;
        }
        self.take_step(number, step);
    }

    fn take_step(&self, number: u64, step: Step) {
        match step {
            Step::Again => self.look_at(number),
            Step::Last => {
                if let Some(parting) = self.partings.borrow_mut().all.get_mut(&number) {
                    parting.stage = Stage::Last;
                }
                self.with_condemned(number, |condemned| self.wake_stage(Stage::Last, condemned));
                self.look_at(number);
            }
            Step::Leave => {
                let parting = self.partings.borrow_mut().all.remove(&number);
                let Some(parting) = parting else { return };
                if let Some(timer) = parting.timer {
                    self.host.close(timer);
                }
                self.leave(number, parting.condemned);
                if let Some(owner) = parting.holds {
                    self.release(owner);
                }
            }
        }
    }

    fn stage_of(&self, number: u64) -> Option<Stage> {
        let partings = self.partings.borrow();
        partings.all.get(&number).map(|parting| parting.stage)
    }

    /// Calls `call` with what parts.
    pub(super) fn with_condemned<T: Default>(
        &self,
        number: u64,
        call: impl FnOnce(&[Condemned]) -> T,
    ) -> T {
        let condemned = {
            let mut partings = self.partings.borrow_mut();
            let parting = partings.all.get_mut(&number);
            parting.map(|parting| std::mem::take(&mut parting.condemned))
        };
        let Some(condemned) = condemned else {
            return T::default();
        };
        let answer = call(&condemned);
        if let Some(parting) = self.partings.borrow_mut().all.get_mut(&number) {
            parting.condemned = condemned;
        }
        answer
    }

    fn take_rest_of(&self, condemned: &[Condemned]) {
        for proxy in condemned.iter().flat_map(|it| self.proxies_of(it)) {
            for connection in proxy.connections.youngest_first() {
                let found = self.connections.borrow().get(connection).cloned();
                if let Some(connection) = found {
                    self.take_rest(&connection);
                }
            }
        }
    }
}
