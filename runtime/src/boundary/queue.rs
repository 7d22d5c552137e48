//! A queue from one thread to another: what a connection between two domains is, one per direction.
//! Neither side ever waits for the other or takes a lock.
//!
//! It is a list of segments. The sender writes behind the last item and then says how many there
//! are; the receiver looks at that number only when it has taken all it knew of, so the two seldom
//! touch the same memory. The receiver frees a segment once it has emptied it.
//!
//! **Waking.** The receiver is *awake* from when it was told that there is something until
//! [`Receiver::rest`] answers that there is nothing. Who puts something in and finds it asleep has to
//! tell it ([`Sender::send`] answers so). A sender may see it awake that has just gone to sleep; so it
//! calls [`Sender::settle`] when it has put in what it had. There, and in `rest`, a fence lies between
//! what each writes and what it reads of the other: at least one of them sees the other's.
//!
//! **Congestion.** The queue itself has no bound. The sender counts what waits ([`Sender::waiting`])
//! and may ask to be told when half of that is gone ([`Sender::press`]), in the same way.
//!
//! `tests/loom` runs this file under a model checker.

use std::mem::MaybeUninit;
use std::ptr;

use super::sync::{
    Arc, AtomicBool, AtomicPtr, AtomicU64, FIRST, Freed, LARGEST, Ordering, Watched, fence,
};

/// Items of a segment, and where the next one is.
struct Segment<T> {
    items: Box<[Watched<MaybeUninit<T>>]>,
    next: AtomicPtr<Segment<T>>,
    _freed: Freed,
}

impl<T> Segment<T> {
    fn allocate(room: usize) -> *mut Segment<T> {
        let items = (0..room).map(|_| Watched::new(MaybeUninit::uninit()));
        Box::into_raw(Box::new(Segment {
            items: items.collect(),
            next: AtomicPtr::new(ptr::null_mut()),
            _freed: Freed::new(),
        }))
    }
}

/// Where one side is.
struct Place<T> {
    segment: *mut Segment<T>,
    index: usize,
}

/// What the sender writes, apart from what the receiver writes.
#[repr(align(128))]
struct Sent<T> {
    /// Items ever put in: those below it are there to be taken.
    items: AtomicU64,
    /// Bytes ever put in.
    bytes: AtomicU64,
    /// Whether the sender wants to be told that half is gone.
    pressed: AtomicBool,
    /// Touched by the sender alone.
    tail: Watched<Place<T>>,
}

/// What the receiver writes.
#[repr(align(128))]
struct Taken<T> {
    /// Items ever taken.
    items: AtomicU64,
    /// Bytes ever taken.
    bytes: AtomicU64,
    /// The most that waited when the receiver looked.
    most: AtomicU64,
    /// Touched by the receiver alone, or by whoever drops the queue.
    head: Watched<Place<T>>,
}

struct Shared<T> {
    sent: Sent<T>,
    taken: Taken<T>,
    /// The first segment, once there is one.
    first: AtomicPtr<Segment<T>>,
    awake: AtomicBool,
    /// Whether there is no receiver any more.
    closed: AtomicBool,
}

// SAFETY: items go from the sender's thread to the receiver's. Each side's place is touched by the one
// `Sender` or `Receiver` alone, which are not `Clone` and take `&mut self`; an item is written before
// `sent.items` says so, and read after.
unsafe impl<T: Send> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Shared<T> {}

/// Puts items in.
pub(crate) struct Sender<T> {
    shared: Arc<Shared<T>>,
    /// What it last saw of `taken`.
    taken: [u64; 2],
    sent: [u64; 2],
    /// Whether the receiver has to be looked at again.
    unsettled: bool,
}

/// Takes items out.
pub(crate) struct Receiver<T> {
    shared: Arc<Shared<T>>,
    taken: [u64; 2],
    /// What it last saw of `sent`.
    sent: u64,
}

/// Looks at a queue from any thread.
pub(crate) struct Gauge<T>(Arc<Shared<T>>);

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Put {
    /// It is in the queue.
    In,
    /// It is in the queue, and the receiver has to be told that there is something.
    Wake,
    /// There is no receiver any more; it was dropped.
    Closed,
}

/// An empty queue. Nothing is allocated for items before there are any.
pub(crate) fn queue<T: Send>() -> (Sender<T>, Receiver<T>) {
    let nowhere = || {
        Watched::new(Place {
            segment: ptr::null_mut(),
            index: 0,
        })
    };
    let shared = Arc::new(Shared {
        sent: Sent {
            items: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            pressed: AtomicBool::new(false),
            tail: nowhere(),
        },
        taken: Taken {
            items: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            most: AtomicU64::new(0),
            head: nowhere(),
        },
        first: AtomicPtr::new(ptr::null_mut()),
        awake: AtomicBool::new(false),
        closed: AtomicBool::new(false),
    });
    let sender = Sender {
        shared: shared.clone(),
        taken: [0; 2],
        sent: [0; 2],
        unsettled: false,
    };
    let receiver = Receiver {
        shared,
        taken: [0; 2],
        sent: 0,
    };
    (sender, receiver)
}

impl<T> Sender<T> {
    /// Puts an item in that counts for so many bytes.
    #[inline]
    pub(crate) fn send(&mut self, item: T, bytes: usize) -> Put {
        let shared = &*self.shared;
        if shared.closed.load(Ordering::Relaxed) {
            return Put::Closed;
        }
        shared.sent.tail.with_mut(|tail| {
            // SAFETY: the tail is touched by this side alone, and `&mut self` makes that once at a
            // time. Its segment is alive: the receiver frees one only after it has followed its
            // `next`, which is set below, when the tail leaves it. The item at `index` was not
            // written before, and is not read before `sent.items` says that it is there.
            unsafe {
                let tail = &mut *tail;
                if tail
                    .segment
                    .as_ref()
                    .is_none_or(|last| tail.index == last.items.len())
                {
                    *tail = grow(shared, tail.segment);
                }
                let segment = &*tail.segment;
                segment.items[tail.index].with_mut(|place| (*place).write(item));
                tail.index += 1;
            }
        });
        self.sent[0] += 1;
        self.sent[1] += bytes as u64;
        shared.sent.bytes.store(self.sent[1], Ordering::Relaxed);
        shared.sent.items.store(self.sent[0], Ordering::Release);
        self.unsettled = true;
        if shared.awake.load(Ordering::Relaxed) || shared.awake.swap(true, Ordering::AcqRel) {
            Put::In
        } else {
            Put::Wake
        }
    }

    /// Looks once more whether the receiver sleeps, after the last item for now. Answers whether it
    /// has to be told that there is something.
    pub(crate) fn settle(&mut self) -> bool {
        if !std::mem::take(&mut self.unsettled) {
            return false;
        }
        fence(Ordering::SeqCst);
        let awake = &self.shared.awake;
        !awake.load(Ordering::Relaxed) && !awake.swap(true, Ordering::AcqRel)
    }

    /// Whether it is to be settled.
    pub(crate) fn is_unsettled(&self) -> bool {
        self.unsettled
    }

    /// At least how many items and bytes wait: what was taken since [`Sender::look`] counts too.
    #[inline]
    pub(crate) fn waiting(&self) -> [u64; 2] {
        [0, 1].map(|unit| self.sent[unit] - self.taken[unit])
    }

    /// Sees what was taken meanwhile, and how much waits now.
    #[cold]
    pub(crate) fn look(&mut self) -> [u64; 2] {
        let taken = &self.shared.taken;
        self.taken = [&taken.items, &taken.bytes].map(|count| count.load(Ordering::Relaxed));
        self.waiting()
    }

    /// Asks to be told when less waits, and sees how much does. Whoever is told presses again while
    /// it is too much.
    #[cold]
    pub(crate) fn press(&mut self) -> [u64; 2] {
        self.shared.sent.pressed.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst);
        self.look()
    }

    /// Looks at this queue from anywhere.
    pub(crate) fn gauge(&self) -> Gauge<T> {
        Gauge(self.shared.clone())
    }
}

/// A new segment behind the last one, and the place of its first item.
///
/// # Safety
///
/// `last` is the sender's, or NULL if there is none yet.
#[cold]
unsafe fn grow<T>(shared: &Shared<T>, last: *mut Segment<T>) -> Place<T> {
    // SAFETY: by contract; see `send`.
    let room = unsafe { last.as_ref() }.map_or(FIRST, |last| LARGEST.min(last.items.len() * 2));
    let segment = Segment::allocate(room);
    let before = match last.is_null() {
        true => &shared.first,
        // SAFETY: by contract.
        false => unsafe { &(*last).next },
    };
    // The receiver follows it after it has seen, with Acquire, that an item is there.
    before.store(segment, Ordering::Release);
    Place { segment, index: 0 }
}

impl<T> Receiver<T> {
    /// The next item, if there is one; `bytes` says for how many it counts.
    #[inline]
    pub(crate) fn take(&mut self, bytes: impl FnOnce(&T) -> usize) -> Option<T> {
        if self.taken[0] == self.sent {
            self.sent = self.shared.sent.items.load(Ordering::Acquire);
            let waiting = self.sent - self.taken[0];
            if waiting == 0 {
                return None;
            }
            let most = &self.shared.taken.most;
            if waiting > most.load(Ordering::Relaxed) {
                most.store(waiting, Ordering::Relaxed);
            }
        }
        // SAFETY: `sent`, read with Acquire, says that the item is there; this is the one receiver,
        // and `&mut self` makes this once at a time.
        let item = unsafe { self.shared.pop() };
        self.taken[0] += 1;
        self.taken[1] += bytes(&item) as u64;
        let taken = &self.shared.taken;
        taken.bytes.store(self.taken[1], Ordering::Relaxed);
        taken.items.store(self.taken[0], Ordering::Relaxed);
        Some(item)
    }

    /// Whether there is something to take.
    #[inline]
    pub(crate) fn has_more(&self) -> bool {
        self.shared.sent.items.load(Ordering::Relaxed) != self.taken[0]
    }

    /// How many items and bytes wait, if the sender asked to be told; it is told by whoever finds
    /// that little enough waits, and calls [`Receiver::relieve`].
    #[inline]
    pub(crate) fn pressed(&self) -> Option<[u64; 2]> {
        let sent = &self.shared.sent;
        if !sent.pressed.load(Ordering::Relaxed) {
            return None;
        }
        let sent = [&sent.items, &sent.bytes].map(|count| count.load(Ordering::Relaxed));
        Some([0, 1].map(|unit| sent[unit].saturating_sub(self.taken[unit])))
    }

    /// Notes that the sender is told. Answers whether it was not yet.
    pub(crate) fn relieve(&self) -> bool {
        self.shared.sent.pressed.swap(false, Ordering::AcqRel)
    }

    /// Goes to sleep, after [`Receiver::take`] found nothing. Answers false if there is something
    /// after all: then it stays awake.
    pub(crate) fn rest(&mut self) -> bool {
        let shared = &*self.shared;
        // A swap, not a store: all that write it read it, so that each knows whom it follows.
        shared.awake.swap(false, Ordering::AcqRel);
        fence(Ordering::SeqCst);
        // If the sender wakes it at this moment, it is told, and does not stay awake by itself.
        shared.sent.items.load(Ordering::Acquire) == self.taken[0]
            || shared.awake.swap(true, Ordering::AcqRel)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::Relaxed);
    }
}

impl<T> Shared<T> {
    /// Takes an item out.
    ///
    /// # Safety
    ///
    /// There is one, its writing happened before, and nobody else takes any at this time.
    #[inline]
    unsafe fn pop(&self) -> T {
        self.taken.head.with_mut(|head| {
            // SAFETY: by contract the head is ours. If its segment is done, or there was none, the
            // item lies in the next one, which was linked before the item was counted. The segment
            // that is left has no item to read, and the sender left it before it linked the next.
            unsafe {
                let head = &mut *head;
                match head.segment.as_ref() {
                    None => head.segment = self.first.load(Ordering::Acquire),
                    Some(done) if head.index == done.items.len() => {
                        let next = done.next.load(Ordering::Acquire);
                        drop(Box::from_raw(head.segment));
                        *head = Place {
                            segment: next,
                            index: 0,
                        };
                    }
                    Some(_) => {}
                }
                let segment = &*head.segment;
                head.index += 1;
                segment.items[head.index - 1].with_mut(|place| (*place).assume_init_read())
            }
        })
    }
}

impl<T> Drop for Shared<T> {
    fn drop(&mut self) {
        let sent = self.sent.items.load(Ordering::Relaxed);
        for _ in self.taken.items.load(Ordering::Relaxed)..sent {
            // SAFETY: nobody else has the queue any more, and so many items were not taken.
            drop(unsafe { self.pop() });
        }
        self.taken.head.with_mut(|head| {
            // SAFETY: the head's segment is the last one by now, unless an empty one follows or none
            // was ever entered; nobody else has them.
            unsafe {
                let mut segment = (*head).segment;
                if segment.is_null() {
                    segment = self.first.load(Ordering::Acquire);
                }
                while !segment.is_null() {
                    let done = Box::from_raw(segment);
                    segment = done.next.load(Ordering::Acquire);
                }
            }
        });
    }
}

impl<T> Gauge<T> {
    /// How many items and bytes wait.
    pub(crate) fn waiting(&self) -> [u64; 2] {
        let (sent, taken) = (&self.0.sent, &self.0.taken);
        // What was taken is read first: it never passes what was sent.
        let taken = [&taken.items, &taken.bytes].map(|count| count.load(Ordering::Acquire));
        let sent = [&sent.items, &sent.bytes].map(|count| count.load(Ordering::Acquire));
        [0, 1].map(|unit| sent[unit].saturating_sub(taken[unit]))
    }

    /// Items ever put in.
    pub(crate) fn sent(&self) -> u64 {
        self.0.sent.items.load(Ordering::Relaxed)
    }

    /// The most that waited when the receiver looked.
    pub(crate) fn most(&self) -> u64 {
        self.0.taken.most.load(Ordering::Relaxed)
    }
}
