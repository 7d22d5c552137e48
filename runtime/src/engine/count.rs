//! Count: what passes through connections and how long objects take, while somebody watches.
//!
//! Until then links emit by their own functions, which count nothing. While somebody does, each link
//! inside the domain emits by another one ([`crate::boundary::calls::LinkCell::count`]), and whatever
//! is delivered from a queue passes through here.
//!
//! Time is a stopwatch that is read wherever an object is entered or left: what went by since the last
//! time is of the object that ran. What the engine does between is nobody's.

use std::cell::Cell;
use std::time::Instant;

use super::connect::{Connection, Mode, Sides};
use super::create::Proxy;
use super::deliver::Delivery;
use super::domain::Domain;
use crate::boundary::calls::{COUNTS, ProxyCell};
use crate::edge::clock;
use crate::stat::{ConnectionSample, DomainSample, PartSample};

/// Whether it is counted, and the stopwatch.
pub(crate) struct Counting {
    on: Cell<bool>,
    /// When it was read last.
    read: Cell<Instant>,
}

impl Counting {
    pub(super) fn new() -> Counting {
        Counting {
            on: Cell::new(false),
            read: Cell::new(Instant::now()),
        }
    }

    /// Whether somebody watches.
    #[inline]
    pub(crate) fn is_on(&self) -> bool {
        self.on.get()
    }

    /// What went by until now is nobody's.
    pub(super) fn skip(&self) {
        self.read.set(Instant::now());
    }

    /// What went by until now is of this object, which ran.
    pub(crate) fn charge(&self, proxy: &ProxyCell) {
        let now = Instant::now();
        let passed = now.saturating_duration_since(self.read.replace(now));
        proxy.spend(u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX));
    }
}

impl Domain {
    /// Counts from now on, or no longer. What was counted stays.
    pub(crate) fn count(&self, on: bool) {
        if self.counting.on.replace(on) == on {
            return;
        }
        self.counting.skip();
        for connection in self.connections.borrow().in_order() {
            connection.count(on);
        }
    }

    /// Delivers what waited, and counts it for its object.
    #[cold]
    pub(super) fn carry_out_counted(&self, delivery: Delivery) {
        let target = delivery.target().cloned();
        self.counting.skip();
        self.carry_out(delivery);
        if let Some(target) = target {
            target.cell.called();
            self.counting.charge(&target.cell);
        }
    }

    /// What there is to tell of the domain now. Takes a time in proportion to the number of its
    /// objects and connections.
    pub(crate) fn sample(&self) -> DomainSample {
        let proxies = self.all_proxies();
        let held = self.held.borrow();
        let parts = proxies.iter().map(|proxy| {
            let held = held.get(proxy.cell.number).map_or(0, |it| it.len() as u64);
            PartSample {
                id: proxy.cell.number,
                object: proxy.cell.label.to_string(),
                time: proxy.cell.time(),
                calls: proxy.cell.calls(),
                waiting: held + proxy.cell.waiting(),
                bytes: self.bytes_of(proxy) as u64,
            }
        });
        let parts = parts.collect();
        let connections = self.all_connections();
        let inside = connections.iter().filter_map(|connection| {
            let (Sides::Two([first, second]), Sides::Two([forth, back])) =
                (&connection.ends, &connection.links)
            else {
                return None;
            };
            Some(ConnectionSample {
                id: connection.number,
                ends: [self.end_name(first), self.end_name(second)],
                events: [forth.passed(), back.passed()],
            })
        });
        DomainSample {
            at: clock(false),
            waiting: (self.fifo.borrow().len() + self.inbox.waiting()) as u64,
            lost: self.lost.get(),
            parts,
            connections: inside.collect(),
            ..DomainSample::default()
        }
    }

    /// Bytes that are kept for a proxy and for its halves of connections, without what the allocator
    /// adds.
    fn bytes_of(&self, proxy: &Proxy) -> usize {
        let known = self.connections.borrow();
        let connections = proxy.connections.youngest_first();
        let halves = connections.iter().filter_map(|number| known.get(*number));
        let halves: usize = halves
            .map(|connection| connection.bytes() / connection.ends.len().max(1))
            .sum();
        COUNTS + size_of::<Proxy>() + proxy.cell.bytes() + proxy.connections.bytes() + halves
    }
}

impl Connection {
    /// Counts what passes through it from now on, or no longer.
    pub(super) fn count(&self, on: bool) {
        // What goes to another domain is counted by its queue, in any case.
        if let Mode::Direct = self.mode {
            for link in self.links.iter() {
                link.count(on);
            }
        }
    }

    fn bytes(&self) -> usize {
        let links: usize = self.links.iter().map(|link| COUNTS + link.bytes()).sum();
        let incoming = self
            .incoming
            .as_ref()
            .map_or(0, |incoming| incoming.bytes());
        COUNTS + size_of::<Connection>() + links + incoming
    }
}
