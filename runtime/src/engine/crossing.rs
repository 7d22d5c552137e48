//! Connections between domains: events are copied and queued, and the queue is bounded.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use liveobj_abi as abi;

use super::connect::{Connection, End, Mode};
use super::deliver::Delivery;
use super::domain::Domain;
use super::inbox::{Inbox, Outside};
use crate::boundary::calls::{COUNTS, Lent, LinkCell, ProxyCell};
use crate::boundary::memory::{Keeper, Kept};
use crate::boundary::queue::{Gauge, Put, Receiver, Sender, queue};

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
}

/// How often a receiver looks for more before it rests: less than a microsecond. Else a sender that is
/// a little slower would have to wake it for each event.
const LOOKS: u32 = 16;
/// Events that are taken from one connection before others have their turn.
pub(super) const BATCH: usize = 64;

/// What one domain has of a connection with another one, before it has made its half.
pub(crate) struct Side {
    /// The connection's number, the same on both sides and never used again in this process.
    pub(crate) number: u64,
    pub(super) sender: Sender<Crossing>,
    pub(super) receiver: Receiver<Crossing>,
    pub(super) refusals: Arc<Refusals>,
}

/// The two sides of a new connection between domains, and how full the queue from each of them is.
pub(crate) fn across() -> ([Side; 2], [Fullness; 2]) {
    // Above those that domains number themselves.
    static NEXT: AtomicU64 = AtomicU64::new(1 << 63);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let [there, back] = [queue(), queue()];
    let fullness = [&there.0, &back.0].map(|sender| Fullness {
        gauge: sender.gauge(),
        refusals: Arc::default(),
    });
    let side = |sender, receiver, fullness: &Fullness| Side {
        number,
        sender,
        receiver,
        refusals: fullness.refusals.clone(),
    };
    let sides = [
        side(there.0, back.1, &fullness[0]),
        side(back.0, there.1, &fullness[1]),
    ];
    (sides, fullness)
}

/// Events for which there was no room in a queue.
#[derive(Default)]
pub(crate) struct Refusals {
    count: AtomicU64,
    /// Whether one of them ended the connection.
    overflowed: AtomicBool,
}

/// Looks at a queue from anywhere, without holding anybody up.
pub(crate) struct Fullness {
    gauge: Gauge<Crossing>,
    refusals: Arc<Refusals>,
}

/// What waits in a queue, and what came of it so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Depth {
    /// Events that wait.
    pub(crate) events: u64,
    /// Bytes of their payloads.
    pub(crate) bytes: u64,
    /// The most events that waited when somebody looked.
    pub(crate) most: u64,
    /// Events for which there was no room.
    pub(crate) refused: u64,
    /// Whether one of them ended the connection.
    pub(crate) overflowed: bool,
}

impl Fullness {
    /// Events that were ever put in.
    pub(crate) fn sent(&self) -> u64 {
        self.gauge.sent()
    }

    /// How full it is now.
    pub(crate) fn depth(&self) -> Depth {
        let [items, bytes] = self.gauge.waiting();
        // That the connection has ended has room behind all events.
        let events = |items: u64| items.min(MAX_QUEUED_EVENTS as u64);
        Depth {
            events: events(items),
            bytes,
            most: events(self.gauge.most().max(items)),
            refused: self.refusals.count.load(Ordering::Relaxed),
            overflowed: self.refusals.overflowed.load(Ordering::Relaxed),
        }
    }
}

/// The sending half of a queued connection.
pub(crate) struct Outgoing {
    /// The receiving domain.
    inbox: Arc<Inbox>,
    /// The connection's number.
    connection: u64,
    /// The events, as the link numbers them.
    pub(crate) events: Vec<OutgoingEvent>,
    queue: RefCell<Sender<Crossing>>,
    refusals: Arc<Refusals>,
}

/// An event of a queued connection.
pub(crate) struct OutgoingEvent {
    /// Its name.
    pub(crate) name: Arc<str>,
    /// How its payload is copied.
    pub(crate) keeper: Keeper,
    /// Whether it may be refused.
    pub(crate) refusable: bool,
}

/// The receiving half of a queued connection.
pub(crate) struct Incoming {
    /// The way from the queue to this domain's end.
    pub(super) link: Rc<LinkCell>,
    queue: RefCell<Receiver<Crossing>>,
}

/// What one domain puts in a queue and the other one takes out.
pub(crate) enum Crossing {
    /// An event.
    Event {
        /// As the link numbers them.
        event: u32,
        /// In memory of its own.
        payload: Kept,
        /// The chain of causes that it belongs to.
        path: u64,
        /// Number of the event that its sender was handling.
        parent: u64,
        /// What the sender's tracer called it; 0 where there is none.
        traced: u64,
    },
    /// The connection has ended, for this reason.
    Ended(u32),
}

impl Crossing {
    fn bytes(&self) -> usize {
        match self {
            Crossing::Event { payload, .. } => payload.size(),
            Crossing::Ended(_) => 0,
        }
    }
}

/// Whether so many items and bytes are more than half of what a queue takes.
fn congested([events, bytes]: [u64; 2]) -> bool {
    events > MAX_QUEUED_EVENTS as u64 / 2 || bytes > MAX_QUEUED_BYTES as u64 / 2
}

impl Outgoing {
    /// A half that sends to `inbox` such events.
    pub(super) fn new(
        inbox: Arc<Inbox>,
        connection: u64,
        events: Vec<OutgoingEvent>,
        queue: Sender<Crossing>,
        refusals: Arc<Refusals>,
    ) -> Outgoing {
        Outgoing {
            inbox,
            connection,
            events,
            queue: RefCell::new(queue),
            refusals,
        }
    }

    /// Bytes that it takes, without what waits.
    pub(crate) fn bytes(&self) -> usize {
        size_of::<Outgoing>() + size_of_val(&self.events[..])
    }

    /// How full its queue is.
    #[cfg(test)]
    pub(super) fn fullness(&self) -> Fullness {
        Fullness {
            gauge: self.queue.borrow().gauge(),
            refusals: self.refusals.clone(),
        }
    }

    /// Puts something in, and sees to it that it is looked at.
    fn put(&self, crossing: Crossing, bytes: usize) -> Put {
        let put = self.queue.borrow_mut().send(crossing, bytes);
        if put == Put::Wake { self.wake() } else { put }
    }

    /// Tells the receiving domain that there is something.
    #[cold]
    fn wake(&self) -> Put {
        match self.inbox.push(Outside::Arrived(self.connection)) {
            true => Put::In,
            false => Put::Closed,
        }
    }

    /// Whether one more event, of so many bytes, has room, and whether the queue is then more than
    /// half full.
    #[inline]
    fn room(&self, bytes: usize) -> (bool, bool) {
        let mut queue = self.queue.borrow_mut();
        let with = |[events, other]: [u64; 2]| [events + 1, other + bytes as u64];
        if !congested(with(queue.waiting())) {
            return (true, false);
        }
        // So it may seem, because it was not looked what was taken meanwhile.
        let waiting = with(queue.look());
        let room = waiting[0] <= MAX_QUEUED_EVENTS as u64 && waiting[1] <= MAX_QUEUED_BYTES as u64;
        (room, congested(waiting))
    }

    /// Whether the queue is more than half full. If it is, the receiver tells when it is no longer.
    fn is_congested(&self) -> bool {
        let mut queue = self.queue.borrow_mut();
        congested(queue.look()) && congested(queue.press())
    }

    /// Sees to it that nothing lies in the queue unseen.
    fn settle(&self) {
        if self.queue.borrow_mut().settle() {
            self.wake();
        }
    }
}

impl Incoming {
    /// A half that leads on by `link`.
    pub(super) fn new(link: Rc<LinkCell>, queue: Receiver<Crossing>) -> Incoming {
        Incoming {
            link,
            queue: RefCell::new(queue),
        }
    }

    /// Bytes that it takes, without what waits.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Incoming>() + COUNTS + self.link.bytes()
    }

    /// The next that crosses; none when there is nothing more, and the queue is at rest.
    fn next(&self) -> Option<Crossing> {
        let mut queue = self.queue.borrow_mut();
        loop {
            if let Some(crossing) = queue.take(Crossing::bytes) {
                return Some(crossing);
            }
            let more = (0..LOOKS).any(|_| {
                std::hint::spin_loop();
                queue.has_more()
            });
            if !more && queue.rest() {
                return None;
            }
        }
    }

    /// All that waits in it. Nobody who goes on sending is followed for longer than a full queue.
    fn rest(&self) -> impl Iterator<Item = Crossing> + '_ {
        let next = |_| self.queue.borrow_mut().take(Crossing::bytes);
        (0..MAX_QUEUED_EVENTS).map_while(next)
    }

    /// Whether the sender waits for half of the queue to be gone, and it is.
    fn relieves(&self) -> bool {
        let queue = self.queue.borrow();
        queue.pressed().is_some_and(|waiting| !congested(waiting)) && queue.relieve()
    }
}

impl Domain {
    /// Emits through a queued connection; if it is `TRACED`, the tracer is told first: the event is
    /// emitted then, and what the tracer calls it goes along. One for which there is no room was
    /// not emitted, and one at which the tracer ends the connection does not go.
    pub(crate) fn send_across<const TRACED: bool>(
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
        let bytes = payload.size();
        let (room, congested) = outgoing.room(bytes);
        if !room {
            outgoing.refusals.count.fetch_add(1, Ordering::Relaxed);
            if known.refusable {
                link.refused.set(link.refused.get() + 1);
                return abi::REFUSED;
            }
            outgoing.refusals.overflowed.store(true, Ordering::Relaxed);
            self.disconnect(link.connection, abi::REASON_OVERFLOW);
            return abi::STALE;
        }
        if congested {
            let link = link.shared();
            self.congested.borrow_mut().insert(link.connection, link);
        }
        let mut traced = 0;
        if TRACED {
            let told = self.trace_waiting(link, event, from.event.get(), payload.lent());
            traced = told.unwrap_or_default();
            if link.is_closed() {
                return abi::STALE;
            }
        }
        let settled = !outgoing.queue.borrow().is_unsettled();
        let crossing = Crossing::Event {
            event,
            payload,
            path: self.path.get(),
            parent: from.event.get(),
            traced,
        };
        if outgoing.put(crossing, bytes) == Put::Closed {
            return abi::STALE;
        }
        if settled {
            self.unsettled.borrow_mut().push(link.shared());
        }
        abi::OK
    }

    /// Sees to it that what was sent in this turn is looked at.
    pub(super) fn settle(&self) {
        if self.unsettled.borrow().is_empty() {
            return;
        }
        for link in self.unsettled.borrow_mut().drain(..) {
            if let Some(outgoing) = &link.crossing {
                outgoing.settle();
            }
        }
    }

    /// Takes what came through a connection from another domain: each event is a turn of its own.
    /// After some of them others have theirs.
    pub(super) fn take_arrived(&self, number: u64) {
        let found = self.connections.borrow().get(number).cloned();
        let Some(connection) = found else { return };
        let (Some(incoming), Mode::Queued { peer, .. }) = (&connection.incoming, &connection.mode)
        else {
            return;
        };
        for _ in 0..BATCH {
            let Some(crossing) = incoming.next() else {
                // What was taken last may be what the sender waits for.
                if incoming.relieves() {
                    peer.nudge();
                }
                return;
            };
            if incoming.relieves() {
                peer.nudge();
            }
            self.begin_turn();
            match crossing {
                Crossing::Ended(reason) => {
                    self.disconnect_here(number, reason);
                }
                Crossing::Event {
                    event,
                    payload,
                    path,
                    parent,
                    traced,
                } => {
                    self.path.set(path);
                    let link = &incoming.link;
                    if !self.deliver_first(link, event, parent, payload.lent()) {
                        self.offer(Delivery::Event {
                            link: link.clone(),
                            event,
                            payload,
                            path,
                            parent,
                            traced: Some(traced),
                        });
                    }
                }
            }
            self.end_turn();
            if connection.has_ended() {
                return;
            }
            if self.has_waiting() {
                break;
            }
        }
        self.inbox.push(Outside::Arrived(number));
    }

    /// Puts what was sent through a queued connection until now behind what waits here: its end here
    /// comes after that, as it does inside a domain.
    pub(super) fn take_rest(&self, connection: &Connection) {
        let Some(incoming) = &connection.incoming else {
            return;
        };
        for crossing in incoming.rest() {
            if let Crossing::Event {
                event,
                payload,
                path,
                parent,
                traced,
            } = crossing
            {
                self.offer(Delivery::Event {
                    link: incoming.link.clone(),
                    event,
                    payload,
                    path,
                    parent,
                    traced: Some(traced),
                });
            }
        }
    }

    /// Tells the other domain that a queued connection has ended.
    pub(super) fn tell_ended(&self, connection: &Connection, reason: u32) {
        let outgoing = connection
            .links
            .iter()
            .find_map(|it| it.crossing.as_deref());
        if let Some(outgoing) = outgoing {
            outgoing.put(Crossing::Ended(reason), 0);
            outgoing.settle();
        }
    }

    /// Whether one of this domain's queues is more than half full: it takes no socket or timer
    /// events then.
    pub(crate) fn is_congested(&self) -> bool {
        // Only what is emitted here fills a queue; others make room in it.
        let mut congested = self.congested.borrow_mut();
        if congested.is_empty() {
            return false;
        }
        congested.retain(|_, link| link.crossing.as_ref().is_some_and(|it| it.is_congested()));
        !congested.is_empty()
    }
}

/// Connects an endpoint of one domain with one of another, queued, as `open` does. Both domains are
/// at hand: nothing of either is running.
///
/// # Errors
///
/// An end is taken or gone, or there is no conversion for an event.
pub(crate) fn connect_across(
    left: (&Rc<Domain>, End),
    right: (&Rc<Domain>, End),
) -> Result<u64, String> {
    let (sides, _) = across();
    let number = sides[0].number;
    let gone = || "the object is gone".to_owned();
    let [near, far] = [left, right].map(|(domain, end)| domain.far_ends(&[end]).pop());
    let near = near.flatten().ok_or_else(gone)?;
    let far = far.flatten().ok_or_else(gone)?;
    let [first, second] = sides;
    let halves = [
        left.0.half_across(first, left.1, &far)?,
        right.0.half_across(second, right.1, &near)?,
    ];
    for ((domain, _), half) in [left, right].into_iter().zip(halves) {
        domain.install(half);
        domain.start_ready();
        domain.notify_connected(number);
    }
    Ok(number)
}
