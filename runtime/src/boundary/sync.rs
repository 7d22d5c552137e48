//! What [`super::queue`] is built of. `tests/loom` compiles that file a second time, with what a
//! model checker has in place of these.

pub(super) use std::sync::Arc;
pub(super) use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering, fence};

/// Room in the first segment of a queue: most queues never hold more.
pub(super) const FIRST: usize = 4;
/// Room in the largest segment.
pub(super) const LARGEST: usize = 256;

/// A cell that the checker would watch.
pub(super) struct Watched<T>(std::cell::UnsafeCell<T>);

impl<T> Watched<T> {
    pub(super) fn new(value: T) -> Watched<T> {
        Watched(std::cell::UnsafeCell::new(value))
    }

    /// Hands `call` a pointer to what it holds.
    #[inline(always)]
    pub(super) fn with_mut<R>(&self, call: impl FnOnce(*mut T) -> R) -> R {
        call(self.0.get())
    }
}

/// Memory that the checker would miss if it were not freed.
pub(super) struct Freed;

impl Freed {
    pub(super) fn new() -> Freed {
        Freed
    }
}
