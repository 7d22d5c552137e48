//! What other threads hand to a domain.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use super::domain::Domain;
use super::save::DOMAIN;
use crate::boundary::calls::Wake;
use crate::edge::Stage;

/// Socket and timer events beyond which further datagrams are lost.
const MAX_WAITING_DATAGRAMS: usize = 16_384;
/// Bytes of waiting datagrams beyond which further ones are lost: anybody may send large ones.
const MAX_DATAGRAM_BYTES: usize = 64 << 20;

/// An outside event.
pub(crate) enum Outside {
    /// The answer to a request, or a post (ticket 0).
    Wake {
        /// The proxy's number.
        proxy: u64,
        /// The proxy's own number for the request.
        token: u64,
        /// The engine's number for it: a token may be used again.
        ticket: u64,
        /// What happened.
        wake: Wake,
    },
    /// Something is in the queue of this connection with another domain.
    Arrived(u64),
    /// Work from the embedder or from an `open` under way.
    Task(Box<dyn FnOnce(&Domain) + Send>),
}

/// How often a domain looks whether there is something before its thread goes to sleep. To wake it takes
/// long, and whoever answers a question at once does so meanwhile. After the first few times, it lets
/// others run in between: where all cores are busy, those who are to send something.
const LOOKS: u32 = 60;
const BRIEF_LOOKS: u32 = 20;

/// The queue between all threads and the domain's.
#[derive(Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    ready: Condvar,
    /// How many things were handed in: looked at without the lock.
    handed_in: AtomicU64,
    /// How many proxies of the domain asked for a farewell, and how many of these in the last stage.
    /// Written by the domain's thread only.
    farewells: AtomicU32,
    last_farewells: AtomicU32,
}

#[derive(Default)]
struct State {
    /// Numbered, so that the two queues are one order.
    order: u64,
    now: VecDeque<(u64, Outside)>,
    /// Socket and timer events, which wait while a queue is more than half full.
    patient: VecDeque<(u64, Outside)>,
    /// Bytes of the datagrams among them.
    datagrams: usize,
    closed: bool,
    /// Whether the domain's thread sleeps.
    asleep: bool,
    /// Whether posts are refused.
    deaf: bool,
}

impl Inbox {
    /// Hands something in. Answers whether the domain is still there.
    pub(crate) fn push(&self, outside: Outside) -> bool {
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        state.order += 1;
        let order = state.order;
        match &outside {
            // Datagrams get lost where nobody keeps up with them; that is what they are like.
            Outside::Wake {
                wake: Wake::Datagram(_, bytes),
                ..
            } if state.patient.len() >= MAX_WAITING_DATAGRAMS
                || state.datagrams + bytes.len() > MAX_DATAGRAM_BYTES => {}
            // What the domain itself asked for does not wait for another one.
            Outside::Wake { proxy, wake, .. } if *proxy != DOMAIN && wake.can_wait() => {
                state.datagrams += datagram_bytes(&outside);
                state.patient.push_back((order, outside));
            }
            _ => state.now.push_back((order, outside)),
        }
        self.handed_in.store(order, Ordering::Relaxed);
        self.wake(state);
        true
    }

    /// Wakes the domain's thread, if it sleeps: to ask costs nothing, to wake it does.
    fn wake(&self, state: MutexGuard<'_, State>) {
        let asleep = state.asleep;
        drop(state);
        if asleep {
            self.ready.notify_one();
        }
    }

    /// Whether a proxy of the domain has asked for a farewell.
    pub(super) fn has_farewells(&self) -> bool {
        self.farewells.load(Ordering::Relaxed) > 0
    }

    /// Whether one has asked for a farewell in the last stage.
    pub(super) fn has_last_farewells(&self) -> bool {
        self.last_farewells.load(Ordering::Relaxed) > 0
    }

    /// One more proxy has asked for a farewell.
    pub(super) fn add_farewell(&self, stage: Stage) {
        self.farewells.fetch_add(1, Ordering::Relaxed);
        if stage == Stage::Last {
            self.last_farewells.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// One of those that asked for a farewell asks no more.
    pub(super) fn remove_farewell(&self, stage: Stage) {
        self.farewells.fetch_sub(1, Ordering::Relaxed);
        if stage == Stage::Last {
            self.last_farewells.fetch_sub(1, Ordering::Relaxed);
        }
    }

    /// How many things wait.
    pub(crate) fn waiting(&self) -> usize {
        let state = self.lock();
        state.now.len() + state.patient.len()
    }

    /// Hands in work.
    pub(crate) fn task(&self, task: impl FnOnce(&Domain) + Send + 'static) -> bool {
        self.push(Outside::Task(Box::new(task)))
    }

    /// The next outside event, if there is one. `patience`: leave socket and timer events.
    pub(crate) fn try_take(&self, patience: bool) -> Option<Outside> {
        self.lock().take(patience)
    }

    /// Waits for the next outside event. None when the inbox was closed.
    pub(crate) fn take(&self, patience: impl Fn() -> bool) -> Option<Outside> {
        let mut state = self.lock();
        let mut looked = false;
        loop {
            if let Some(outside) = state.take(patience()) {
                return Some(outside);
            }
            if state.closed {
                return None;
            }
            if !looked {
                let seen = state.order;
                drop(state);
                self.look_out(seen);
                looked = true;
                state = self.lock();
                continue;
            }
            state.asleep = true;
            state = self
                .ready
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.asleep = false;
        }
    }

    /// Waits a little until more was handed in than `seen`.
    fn look_out(&self, seen: u64) {
        for look in 0..LOOKS {
            if self.handed_in.load(Ordering::Relaxed) != seen {
                return;
            }
            match look < BRIEF_LOOKS {
                true => std::hint::spin_loop(),
                false => std::thread::yield_now(),
            }
        }
    }

    /// Refuses posts, or takes them again. A simulated node takes them only while it runs itself:
    /// what other nodes of the process post would come from another machine.
    pub(crate) fn refuse_posts(&self, refuse: bool) {
        self.lock().deaf = refuse;
    }

    /// Makes a waiting domain look again at how full its queues are.
    pub(crate) fn nudge(&self) {
        self.wake(self.lock());
    }

    /// Refuses everything from now on and drops what was not taken.
    pub(crate) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let left = (
            std::mem::take(&mut state.now),
            std::mem::take(&mut state.patient),
        );
        drop(state);
        // What is dropped may hand something in.
        drop(left);
        self.ready.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn take(&mut self, patience: bool) -> Option<Outside> {
        let now = self.now.front().map(|(order, _)| *order);
        let patient = self
            .patient
            .front()
            .filter(|_| !patience)
            .map(|(order, _)| *order);
        let queue = match (now, patient) {
            (None, None) => return None,
            (Some(now), Some(patient)) if patient < now => &mut self.patient,
            (None, Some(_)) => &mut self.patient,
            _ => &mut self.now,
        };
        let (_, outside) = queue.pop_front()?;
        self.datagrams -= datagram_bytes(&outside);
        Some(outside)
    }
}

/// Bytes of a datagram; 0 for anything else.
fn datagram_bytes(outside: &Outside) -> usize {
    match outside {
        Outside::Wake {
            wake: Wake::Datagram(_, bytes),
            ..
        } => bytes.len(),
        _ => 0,
    }
}

/// A handle through which any thread wakes a proxy: what `lo_post` is.
pub(crate) struct Poster {
    inbox: Arc<Inbox>,
    proxy: u64,
}

impl Poster {
    pub(super) fn new(inbox: Arc<Inbox>, proxy: u64) -> Poster {
        Poster { inbox, proxy }
    }

    /// Wakes the proxy. Answers whether its domain is still there.
    pub(crate) fn post(&self, token: u64, bytes: Vec<u8>) -> bool {
        if self.inbox.lock().deaf {
            return false;
        }
        let wake = Wake::Posted(bytes);
        self.inbox.push(Outside::Wake {
            proxy: self.proxy,
            token,
            ticket: 0,
            wake,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn datagram(length: usize) -> Outside {
        Outside::Wake {
            proxy: 1,
            token: 1,
            ticket: 1,
            wake: Wake::Datagram(String::new(), vec![0; length]),
        }
    }

    #[test]
    fn datagrams_that_nobody_takes_fill_no_more_memory_than_their_limit() {
        const LARGE: usize = 1 << 16;
        let inbox = Inbox::default();
        let room = MAX_DATAGRAM_BYTES / LARGE;
        for _ in 0..room + 10 {
            assert!(inbox.push(datagram(LARGE)));
        }
        let taken = || std::iter::from_fn(|| inbox.try_take(false)).count();
        assert_eq!(taken(), room, "the others are lost");
        // Each that was taken made room again.
        for _ in 0..room + 10 {
            inbox.push(datagram(LARGE));
        }
        assert_eq!(taken(), room);
        for _ in 0..MAX_WAITING_DATAGRAMS + 10 {
            inbox.push(datagram(0));
        }
        assert_eq!(taken(), MAX_WAITING_DATAGRAMS);
    }
}
