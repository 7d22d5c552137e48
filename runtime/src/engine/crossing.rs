//! Connections between domains: events are copied and queued, and the queue is bounded.

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use liveobj_abi as abi;

use super::connect::{Connection, End, Mode};
use super::domain::Domain;
use super::inbox::{Inbox, Outside};
use crate::boundary::calls::{Lent, LinkCell, ProxyCell};
use crate::boundary::memory::{Keeper, Kept};

/// Events that may wait in one queue.
pub(crate) const MAX_QUEUED_EVENTS: usize = 65_536;
/// Bytes that may wait in one queue.
pub(crate) const MAX_QUEUED_BYTES: usize = 64 << 20;

/// What waits in one queue.
#[derive(Default)]
pub(crate) struct Load {
    events: AtomicUsize,
    bytes: AtomicUsize,
}

impl Load {
    /// Counts one more, unless there is no room.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let full = self.events.load(Ordering::Relaxed) >= MAX_QUEUED_EVENTS
            || self.bytes.load(Ordering::Relaxed).saturating_add(bytes) > MAX_QUEUED_BYTES;
        if !full {
            self.events.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        !full
    }

    /// Counts one less.
    pub(crate) fn give(&self, bytes: usize) {
        self.events.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Whether it is more than half full.
    pub(crate) fn congested(&self) -> bool {
        self.events.load(Ordering::Relaxed) > MAX_QUEUED_EVENTS / 2
            || self.bytes.load(Ordering::Relaxed) > MAX_QUEUED_BYTES / 2
    }
}

/// The sending half of a queued connection.
pub(crate) struct Outgoing {
    /// The receiving domain.
    pub(crate) inbox: Arc<Inbox>,
    /// The events, as the link numbers them.
    pub(crate) events: Vec<OutgoingEvent>,
    /// What waits.
    pub(crate) load: Arc<Load>,
}

/// An event of a queued connection.
pub(crate) struct OutgoingEvent {
    /// Its name.
    pub(crate) name: Rc<str>,
    /// How its payload is copied.
    pub(crate) keeper: Keeper,
    /// Whether it may be refused.
    pub(crate) refusable: bool,
}

/// Something that crosses.
pub(crate) struct Crossing {
    connection: u64,
    what: What,
}

enum What {
    Event {
        event: u32,
        payload: Kept,
        path: u64,
        parent: u64,
        load: Arc<Load>,
        from: Arc<Inbox>,
    },
    Ended {
        reason: u32,
    },
}

impl Domain {
    /// Emits through a queued connection.
    pub(crate) fn send_across(
        &self,
        from: &ProxyCell,
        link: &LinkCell,
        event: u32,
        payload: Lent,
    ) -> abi::Status {
        let Some(outgoing) = &link.crossing else {
            return abi::INVALID;
        };
        let Some(known) = outgoing.events.get(event as usize) else {
            return self.undeclared(from, link, event);
        };
        let payload = match known.keeper.keep(payload) {
            Ok(payload) => payload,
            Err(fault) => {
                self.unreadable(link, &known.name, &fault);
                return abi::INVALID;
            }
        };
        if !outgoing.load.take(payload.size()) {
            if known.refusable {
                return abi::REFUSED;
            }
            self.disconnect(link.connection, abi::REASON_OVERFLOW);
            return abi::STALE;
        }
        if outgoing.load.congested() {
            let load = outgoing.load.clone();
            self.congested.borrow_mut().insert(link.connection, load);
        }
        let what = What::Event {
            event,
            payload,
            path: self.path.get(),
            parent: from.event.get(),
            load: outgoing.load.clone(),
            from: self.inbox.clone(),
        };
        let crossing = Crossing {
            connection: link.connection,
            what,
        };
        if outgoing.inbox.push(Outside::Crossing(crossing)) {
            abi::OK
        } else {
            abi::STALE
        }
    }

    /// Takes what came from another domain.
    pub(super) fn arrive(&self, crossing: Crossing) {
        let Crossing { connection, what } = crossing;
        match what {
            What::Ended { reason } => {
                self.disconnect_here(connection, reason);
            }
            What::Event {
                event,
                payload,
                path,
                parent,
                load,
                from,
            } => {
                let congested = load.congested();
                load.give(payload.size());
                if congested && !load.congested() {
                    from.nudge();
                }
                let found = self.connections.borrow().get(&connection).cloned();
                let Some(link) = found.and_then(|found| found.incoming.clone()) else {
                    return;
                };
                self.path.set(path);
                self.offer(super::deliver::Delivery::Event {
                    link,
                    event,
                    payload,
                    path,
                    parent,
                });
            }
        }
    }

    /// Tells the other domain that a queued connection has ended.
    pub(super) fn tell_ended(&self, connection: &Connection, reason: u32) {
        if let Mode::Queued { peer } = &connection.mode {
            let crossing = Crossing {
                connection: connection.number,
                what: What::Ended { reason },
            };
            peer.push(Outside::Crossing(crossing));
        }
    }

    /// Whether one of this domain's queues is more than half full: it takes no socket or timer
    /// events then.
    pub(crate) fn is_congested(&self) -> bool {
        // Only what is emitted here fills a queue; others make room in it.
        let mut congested = self.congested.borrow_mut();
        congested.retain(|_, load| load.congested());
        !congested.is_empty()
    }
}

/// Connects an endpoint of one domain with one of another, queued. Both domains are at hand:
/// nothing of either is running.
#[cfg_attr(
    not(test),
    expect(
        dead_code,
        reason = "an open has one domain until isolation asks for more"
    )
)]
pub(crate) fn connect_across(
    left: (&Rc<Domain>, End),
    right: (&Rc<Domain>, End),
) -> Result<u64, String> {
    static NEXT: AtomicU64 = AtomicU64::new(1 << 63);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let halves = [
        left.0.half_across(number, left.1, &right)?,
        right.0.half_across(number, right.1, &left)?,
    ];
    for ((domain, _), half) in [left, right].into_iter().zip(halves) {
        domain.install(half);
        domain.start_ready();
        domain.notify_connected(number);
    }
    Ok(number)
}
