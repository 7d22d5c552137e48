//! Farewell: what ends is told before it is disconnected, where it has asked for that.
//!
//! Nobody waits for answers, nor for time: an instance that ends is disconnected as soon as nothing waits
//! in its domain any more, or after [`MOST`] deliveries. What is made while others say farewell, and ends
//! meanwhile, says none, so that it is destroyed before its owner as ever.

use super::destroy::Condemned;
use super::domain::Domain;
use crate::boundary::calls::{DEAD, HELD, Wake};
use crate::report::Level;

/// Deliveries, about, after which what ends is disconnected although something waits.
pub(super) const MOST: u64 = 65_536;
/// Instances of a group wait so often until all others have delivered what there was: what is said in
/// farewell gets into another domain, and from there into a third one, before anything is disconnected.
const ROUNDS: u32 = 2;

/// What ends, and is to be disconnected once all that was said in farewell is delivered.
pub(super) struct Parting {
    /// The instance that was told to end.
    number: u64,
    /// That one and those that end with it.
    condemned: Vec<Condemned>,
    /// Instances of larger numbers were made later.
    since: u64,
    /// So many deliveries are still waited for.
    left: u64,
    /// Number of the last event when it was looked last.
    seen: u64,
    /// How often it has waited for the others of its group.
    round: u32,
}

impl Domain {
    /// Wakes those of what ends with instance `number` that asked for it, the youngest first. Answers
    /// whether it has to wait before it is disconnected.
    pub(super) fn say_farewell(&self, number: u64, condemned: &[Condemned]) -> bool {
        let first = self.partings.borrow().front().map(|first| first.since);
        if first.is_some_and(|since| number > since) {
            return false;
        }
        // One after the other, so that nothing outlives its owner.
        let mut waits = first.is_some();
        if !self.inbox.has_farewells() {
            return waits;
        }
        for proxy in condemned.iter().flat_map(|it| self.proxies_of(it)) {
            if proxy.cell.busy.get() & (HELD | DEAD) == 0
                && let Some(ticket) = self.farewell_of(proxy.cell.number)
            {
                self.answer(ticket, Wake::Farewell);
                waits = true;
            }
        }
        waits
    }

    /// Disconnects what ends once nothing waits any more.
    pub(super) fn part(&self, number: u64, condemned: Vec<Condemned>) {
        self.part_in(0, number, condemned);
    }

    /// As [`Domain::part`], once all others of its group are as far: what they have sent until then
    /// arrives before.
    fn part_after(&self, round: u32, number: u64, condemned: Vec<Condemned>) {
        for proxy in condemned.iter().flat_map(|it| self.proxies_of(it)) {
            for connection in proxy.connections.youngest_first() {
                let found = self.connections.borrow().get(connection).cloned();
                if let Some(connection) = found {
                    self.take_rest(&connection);
                }
            }
        }
        self.part_in(round, number, condemned);
    }

    fn part_in(&self, round: u32, number: u64, condemned: Vec<Condemned>) {
        let parting = Parting {
            number,
            condemned,
            since: self.number(),
            left: MOST,
            seen: self.numbers.get(),
            round,
        };
        let mut partings = self.partings.borrow_mut();
        partings.push_back(parting);
        if partings.len() == 1 {
            self.later(Domain::look_at_partings);
        }
    }

    /// Lets go what has waited longest, if nothing else waits or it has waited enough. There is one such
    /// task in the queue while there are partings.
    fn look_at_partings(&self) {
        let waiting = self.fifo.borrow().len() as u64;
        let numbers = self.numbers.get();
        let parting = {
            let mut partings = self.partings.borrow_mut();
            let Some(first) = partings.front_mut() else {
                return;
            };
            first.left = first.left.saturating_sub(waiting + numbers - first.seen);
            first.seen = numbers;
            let goes = waiting == 0 || first.left == 0;
            let parting = if goes { partings.pop_front() } else { None };
            if !partings.is_empty() {
                self.later(Domain::look_at_partings);
            }
            parting
        };
        let Some(parting) = parting else {
            return;
        };
        if waiting > 0 {
            let text = format!(
                "what ends is disconnected although its farewell still goes on after {MOST} events"
            );
            self.say(Level::Warning, String::new(), text);
        }
        let Parting {
            number,
            condemned,
            round,
            ..
        } = parting;
        let mut condemned = Some(condemned);
        if round < ROUNDS {
            // So that what was sent to the others is there for them.
            self.settle();
            self.with_group(number, |group| {
                if group.waits_for_farewells()
                    && let Some(condemned) = condemned.take()
                {
                    let next = round + 1;
                    group.said(move |domain| domain.part_after(next, number, condemned));
                }
            });
        }
        if let Some(condemned) = condemned {
            self.leave(number, condemned);
        }
    }
}
