//! The queue that connects domains, in every order in which two threads may come upon it, as far as
//! the memory model of Rust allows: `runtime/src/boundary/queue.rs` itself, with the atomics and cells
//! of [loom](https://docs.rs/loom) in place of the real ones. A read of an item that was not written
//! before, two threads in one cell, a segment or an item that is never freed: each fails here.
//!
//! Segments have room for one or two items, so that few items cross from one into the next.
#![cfg(test)]
#![allow(unsafe_code, reason = "the queue has cells of its own")]

mod sync {
    pub(super) use loom::sync::Arc;
    pub(super) use loom::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering, fence};

    pub(super) const FIRST: usize = 1;
    pub(super) const LARGEST: usize = 2;

    /// A cell that loom watches.
    pub(super) struct Watched<T>(loom::cell::UnsafeCell<T>);

    impl<T> Watched<T> {
        pub(super) fn new(value: T) -> Watched<T> {
            Watched(loom::cell::UnsafeCell::new(value))
        }

        pub(super) fn with_mut<R>(&self, call: impl FnOnce(*mut T) -> R) -> R {
            self.0.with_mut(call)
        }
    }

    /// Memory that loom misses if it is not freed.
    pub(super) struct Freed(#[expect(dead_code, reason = "dropped")] loom::alloc::Track<()>);

    impl Freed {
        pub(super) fn new() -> Freed {
            Freed(loom::alloc::Track::new(()))
        }
    }
}

#[path = "../../../runtime/src/boundary/queue.rs"]
#[allow(dead_code, reason = "not everything is needed here")]
mod queue;

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, PoisonError};

use loom::sync::{Condvar, Mutex};
use queue::{Put, Receiver, Sender, queue as new};

/// What an inbox is to a queue: somebody says that there is something, somebody waits for it.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    heard: Condvar,
}

impl Bell {
    fn ring(&self) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.heard.notify_one();
    }

    fn wait(&self) {
        let mut rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        while !std::mem::take(&mut *rung) {
            rung = self
                .heard
                .wait(rung)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn model(check: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = Some(2);
    builder.check(check);
}

fn send_all(mut sender: Sender<u64>, bell: &Bell, count: u64) {
    for n in 0..count {
        if sender.send(n, 8) == Put::Wake {
            bell.ring();
        }
    }
    if sender.settle() {
        bell.ring();
    }
}

fn take_all(mut receiver: Receiver<u64>, bell: &Bell, count: u64) {
    let mut next = 0;
    while next < count {
        bell.wait();
        loop {
            while let Some(n) = receiver.take(|_| 8) {
                assert_eq!(n, next, "first in, first out");
                next += 1;
            }
            if receiver.rest() {
                break;
            }
        }
    }
    assert_eq!(receiver.take(|_| 8), None);
}

#[test]
fn what_is_put_in_comes_out_in_order_and_nobody_sleeps_through_it() {
    model(|| {
        let (sender, receiver) = new();
        let bell = loom::sync::Arc::new(Bell::default());
        let rung = bell.clone();
        let sending = loom::thread::spawn(move || send_all(sender, &rung, 3));
        // If a wake were lost, this would wait for ever, which loom tells.
        take_all(receiver, &bell, 3);
        sending.join().expect("no panic");
    });
}

#[test]
fn a_sender_that_waits_for_room_is_told() {
    model(|| {
        let (mut sender, mut receiver) = new::<u64>();
        let [full, room] = [0, 1].map(|_| loom::sync::Arc::new(Bell::default()));
        let (rung, told) = (full.clone(), room.clone());
        let taking = loom::thread::spawn(move || {
            let mut taken = 0;
            while taken < 2 {
                full.wait();
                loop {
                    let item = receiver.take(|_| 8);
                    taken += u64::from(item.is_some());
                    if item.is_none() && !receiver.rest() {
                        continue;
                    }
                    if receiver.pressed().is_some_and(|[items, _]| items == 0) && receiver.relieve()
                    {
                        room.ring();
                    }
                    if item.is_none() {
                        break;
                    }
                }
            }
        });
        for n in 0..2 {
            if sender.send(n, 8) == Put::Wake {
                rung.ring();
            }
        }
        if sender.settle() {
            rung.ring();
        }
        while sender.look()[0] > 0 && sender.press()[0] > 0 {
            told.wait();
        }
        taking.join().expect("no panic");
    });
}

#[test]
fn what_nobody_took_is_dropped_once() {
    struct Counted(Arc<AtomicUsize>);
    impl Drop for Counted {
        fn drop(&mut self) {
            self.0.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        }
    }
    model(|| {
        let dropped = Arc::new(AtomicUsize::new(0));
        let (mut sender, mut receiver) = new();
        let counts = dropped.clone();
        let sending = loom::thread::spawn(move || {
            for _ in 0..3 {
                let _ = sender.send(Counted(counts.clone()), 0);
            }
        });
        drop(receiver.take(|_| 0));
        drop(receiver);
        sending.join().expect("no panic");
        assert_eq!(dropped.load(std::sync::atomic::Ordering::SeqCst), 3);
    });
}

#[test]
fn a_gauge_never_shows_more_than_was_put_in() {
    model(|| {
        let (mut sender, mut receiver) = new::<u64>();
        let gauge = sender.gauge();
        let sending = loom::thread::spawn(move || {
            let _ = sender.send(1, 8);
            let _ = sender.send(2, 8);
        });
        let _ = receiver.take(|_| 8);
        assert!(gauge.waiting()[0] <= gauge.sent());
        assert!(gauge.most() <= 2);
        sending.join().expect("no panic");
    });
}
