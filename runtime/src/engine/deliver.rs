//! Turns: one outside event, run to the end.

use std::collections::BTreeSet;
use std::rc::Rc;

use liveobj_abi as abi;

use super::connect::Mode;
use super::create::Proxy;
use super::domain::{Domain, TURN_LIMIT};
use super::inbox::Outside;
use super::save::DOMAIN;
use crate::boundary::calls::{DEAD, HELD, Lent, LinkCell, Wake};
use crate::boundary::memory::Kept;
use crate::edge::Ticket;
use crate::report::Level;

/// What may wait for a proxy that has not started before further datagrams for it are lost: it may
/// never start, and anybody may send.
const MAX_HELD_BEFORE_DATAGRAMS: usize = 1024;
/// Deliveries that are written down after a turn was split, to name the cycle.
const TRACED: usize = 64;
/// The memory for so many closed links is kept from one turn to the next.
const MAX_GRAVES: usize = 1024;

/// Something that waits in the domain's queue.
pub(super) enum Delivery {
    /// An event.
    Event {
        link: Rc<LinkCell>,
        event: u32,
        payload: Kept,
        path: u64,
        parent: u64,
        /// What the tracer called it when it was emitted.
        traced: Option<u64>,
    },
    /// `connected`.
    Connected {
        proxy: Rc<Proxy>,
        endpoint: u32,
        connection: u64,
        path: u64,
    },
    /// `disconnected`.
    Disconnected {
        proxy: Rc<Proxy>,
        endpoint: u32,
        connection: u64,
        reason: u32,
        path: u64,
    },
    /// `wake`; `ticket` 0 for what was posted.
    Wake {
        proxy: Rc<Proxy>,
        token: u64,
        ticket: u64,
        wake: Wake,
        path: u64,
    },
    /// Work of the engine's own, at its place in the order.
    Task(Box<dyn FnOnce(&Domain)>),
}

/// What is written down after a split: (connection, event).
#[derive(Default)]
pub(super) struct Trace(Vec<(u64, Rc<LinkCell>)>);

impl Domain {
    /// Takes one outside event (or none, after a split) and runs it to the end.
    pub(crate) fn turn(&self, outside: Option<Outside>) {
        if let Some(Outside::Arrived(connection)) = outside {
            self.take_arrived(connection);
            return;
        }
        let path = self.begin_turn();
        match outside {
            None => {}
            Some(Outside::Task(task)) => task(self),
            Some(Outside::Wake { proxy, token, .. }) if proxy == DOMAIN => self.woken(token),
            Some(Outside::Wake {
                proxy,
                token,
                ticket,
                wake,
            }) => {
                let lost = matches!(wake, Wake::Datagram(..)) && self.holds_much(proxy);
                if let Some(proxy) = self.proxy(proxy).filter(|_| !lost) {
                    self.offer(Delivery::Wake {
                        proxy,
                        token,
                        ticket,
                        wake,
                        path,
                    });
                }
            }
            Some(Outside::Arrived(_)) => unreachable!("taken above"),
        }
        self.end_turn();
    }

    /// Begins a chain of causes, and answers its number.
    pub(super) fn begin_turn(&self) -> u64 {
        self.pulse.begin_turn();
        if self.counting.is_on() {
            self.counting.skip();
        }
        let path = self.last_path.get() + 1;
        self.last_path.set(path);
        self.path.set(path);
        self.split_at.set(self.numbers.get() + TURN_LIMIT);
        path
    }

    /// Runs what an outside event began to its end.
    pub(super) fn end_turn(&self) {
        self.drain();
        self.settle();
        self.save_when_due();
        self.keep_stopping();
        self.pulse.end_turn();
    }

    /// Whether so much waits for a proxy that has not started that datagrams for it are lost.
    fn holds_much(&self, proxy: u64) -> bool {
        let held = self.held.borrow();
        held.get(proxy)
            .is_some_and(|waiting| waiting.len() >= MAX_HELD_BEFORE_DATAGRAMS)
    }

    /// Whether a turn was split and has more to do.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.fifo.borrow().is_empty()
    }

    /// Puts work of the engine's own behind everything that waits.
    pub(crate) fn later(&self, task: impl FnOnce(&Domain) + 'static) {
        self.fifo
            .borrow_mut()
            .push_back(Delivery::Task(Box::new(task)));
    }

    /// An event that cannot be delivered at once.
    #[cold]
    pub(crate) fn enqueue(
        &self,
        link: &LinkCell,
        event: u32,
        parent: u64,
        payload: Lent,
    ) -> abi::Status {
        let (Some(target), Some(receiver)) = (link.target(), link.receiver(event)) else {
            return abi::INVALID;
        };
        if target.cell.busy.get() & DEAD != 0 {
            return abi::STALE;
        }
        let payload = match receiver.keeper.keep(payload) {
            Ok(payload) => payload,
            Err(fault) => {
                self.unreadable(link, &receiver.name, &fault);
                return abi::INVALID;
            }
        };
        let traced = match link.traced.is_some() {
            true => self.trace_waiting(link, event, parent, payload.lent()),
            false => None,
        };
        if link.traced.as_ref().is_some_and(|traced| traced.cut.get()) {
            return abi::STALE;
        }
        let path = self.path.get();
        self.offer(Delivery::Event {
            link: link.shared(),
            event,
            payload,
            path,
            parent,
            traced,
        });
        abi::OK
    }

    /// Queues a delivery behind everything else for the same proxy.
    pub(super) fn offer(&self, delivery: Delivery) {
        let Some(target) = delivery.target().map(|target| &target.cell) else {
            self.fifo.borrow_mut().push_back(delivery);
            return;
        };
        let busy = target.busy.get();
        if busy & DEAD != 0 {
            return;
        }
        if busy & HELD != 0 {
            let mut held = self.held.borrow_mut();
            match held.get_mut(target.number) {
                Some(waiting) => waiting.push_back(delivery),
                None => held.insert(target.number, [delivery].into()),
            }
        } else {
            target.busy.set(busy + 1);
            self.fifo.borrow_mut().push_back(delivery);
        }
    }

    /// Delivers what waits until nothing is left, or the turn is split.
    fn drain(&self) {
        while !self.split() {
            let next = self.fifo.borrow_mut().pop_front();
            let Some(delivery) = next else { break };
            match self.counting.is_on() {
                true => self.carry_out_counted(delivery),
                false => self.carry_out(delivery),
            }
        }
        if self.depth.get() == 0 {
            let mut buried = std::mem::take(&mut *self.graveyard.borrow_mut());
            if !buried.is_empty() {
                buried.clear();
                // The next ones use its memory, unless it is much.
                let mut more = self.graveyard.borrow_mut();
                if more.capacity() == 0 && buried.capacity() <= MAX_GRAVES {
                    *more = buried;
                }
            }
        }
    }

    /// Delivers the event that a turn begins with, unless it has to wait or is traced. Answers whether
    /// it did.
    pub(super) fn deliver_first(
        &self,
        link: &LinkCell,
        event: u32,
        parent: u64,
        payload: Lent,
    ) -> bool {
        let idle = |target: &&Rc<Proxy>| target.cell.busy.get() == 0;
        let Some(target) = link.target().filter(idle) else {
            return false;
        };
        if self.has_waiting() || link.traced.is_some() {
            return false;
        }
        self.pulse.beat(target.cell.number);
        let status = link.deliver(event, parent, payload);
        if self.counting.is_on() {
            target.cell.called();
            self.counting.charge(&target.cell);
        }
        self.judge(target, status);
        true
    }

    pub(super) fn carry_out(&self, delivery: Delivery) {
        let target = delivery.target().map(|target| &target.cell);
        self.pulse.beat(target.map_or(0, |target| target.number));
        if let Some(target) = target {
            target.busy.set(target.busy.get() - 1);
            if target.busy.get() & DEAD != 0 {
                return;
            }
        }
        match delivery {
            Delivery::Event {
                link,
                event,
                payload,
                path,
                parent,
                traced,
            } => {
                self.path.set(path);
                if let Some(trace) = &mut *self.trace.borrow_mut() {
                    trace.0.push((link.connection, link.clone()));
                }
                let mut told = false;
                if let Some(link_traced) = &link.traced {
                    if !link_traced.cut.get() {
                        told = self.trace_event(&link, event, parent, payload.lent(), traced);
                    }
                    if link_traced.cut.get() {
                        self.trace_returned(told);
                        return;
                    }
                }
                let status = link.deliver(event, parent, payload.lent());
                self.trace_returned(told);
                self.judge(
                    link.target().expect("because only direct links are queued"),
                    status,
                );
            }
            Delivery::Connected {
                proxy,
                endpoint,
                connection,
                path,
            } => {
                self.path.set(path);
                let number = self.event_number();
                let told = self.trace_connected(&proxy.cell, number, endpoint, connection);
                let status = proxy.cell.connected(number, endpoint, connection);
                self.trace_returned(told);
                self.judge(&proxy, status);
            }
            Delivery::Disconnected {
                proxy,
                endpoint,
                connection,
                reason,
                path,
            } => {
                self.path.set(path);
                let number = self.event_number();
                let told =
                    self.trace_disconnected(&proxy.cell, number, (endpoint, connection), reason);
                let status = proxy
                    .cell
                    .disconnected(number, endpoint, connection, reason);
                self.trace_returned(told);
                self.judge(&proxy, status);
            }
            Delivery::Wake {
                proxy,
                token,
                ticket,
                wake,
                path,
            } => {
                if ticket != 0 && !self.redeem(&proxy.cell, token, ticket, &wake) {
                    return;
                }
                self.path.set(path);
                let asked = Ticket {
                    proxy: proxy.cell.number,
                    token,
                    ticket,
                };
                let told = self.trace_wake(&proxy.cell, asked, &wake);
                let status = proxy.cell.wake(token, &wake);
                self.trace_returned(told);
                self.judge(&proxy, status);
            }
            Delivery::Task(task) => task(self),
        }
    }

    fn judge(&self, proxy: &Rc<Proxy>, status: abi::Status) {
        if status < abi::OK {
            self.fail(&proxy.cell, status);
        }
    }

    fn event_number(&self) -> u64 {
        let number = self.numbers.get() + 1;
        self.numbers.set(number);
        number
    }

    /// Whether the turn ends here although something waits.
    fn split(&self) -> bool {
        if self.numbers.get() < self.split_at.get() {
            return false;
        }
        if self.trace.borrow().is_none() {
            *self.trace.borrow_mut() = Some(Trace::default());
        }
        let enough = self.fifo.borrow().is_empty()
            || self
                .trace
                .borrow()
                .as_ref()
                .is_some_and(|trace| trace.0.len() >= TRACED);
        if enough {
            let trace = self.trace.borrow_mut().take().unwrap_or_default();
            let cycle = self.describe_cycle(&trace);
            self.say(
                Level::Warning,
                String::new(),
                format!("a turn was split after {TURN_LIMIT} events; they go round: {cycle}"),
            );
        }
        enough
    }

    /// The connections that were seen, in order, until one comes again.
    fn describe_cycle(&self, trace: &Trace) -> String {
        let mut seen = BTreeSet::new();
        let mut steps = Vec::new();
        for (connection, link) in &trace.0 {
            let target = link.target().map_or(0, |target| target.cell.number);
            if !seen.insert((*connection, target)) {
                break;
            }
            steps.push(self.describe_step(*connection, target));
        }
        if steps.is_empty() {
            "nothing more to see".to_owned()
        } else {
            steps.join(", ")
        }
    }

    fn describe_step(&self, connection: u64, target: u64) -> String {
        let found = self.connections.borrow().get(connection).cloned();
        let Some(found) = found else {
            return "a connection that has ended".to_owned();
        };
        let first = self.end_name(&found.ends[0]);
        let second = match (&found.mode, found.ends.get(1)) {
            (_, Some(end)) => self.end_name(end),
            (Mode::Queued { far, .. }, None) => far.to_string(),
            (Mode::Direct, None) => "an object that is gone".to_owned(),
        };
        if found.ends[0].proxy == target {
            format!("`{second}` to `{first}`")
        } else {
            format!("`{first}` to `{second}`")
        }
    }
}

impl Delivery {
    pub(super) fn target(&self) -> Option<&Rc<Proxy>> {
        match self {
            Delivery::Event { link, .. } => link.target(),
            Delivery::Connected { proxy, .. }
            | Delivery::Disconnected { proxy, .. }
            | Delivery::Wake { proxy, .. } => Some(proxy),
            Delivery::Task(_) => None,
        }
    }
}
