//! The proxies of a domain, as other threads see them: which of them run, while the domain's own thread
//! may be stuck in one.

use std::cell::Cell;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::calls::{ProxyCell, RUNNING};

/// A number that the domain's own thread writes, and others may look at: to read and to write it is what
/// it is with a `Cell`.
#[derive(Default)]
pub(crate) struct Shown<A>(A);

impl Shown<AtomicU32> {
    /// One that is this.
    pub(super) fn new(value: u32) -> Shown<AtomicU32> {
        Shown(AtomicU32::new(value))
    }

    /// What it is.
    #[inline(always)]
    pub(crate) fn get(&self) -> u32 {
        self.0.load(Ordering::Relaxed)
    }

    /// Makes it another one.
    #[inline(always)]
    pub(crate) fn set(&self, value: u32) {
        self.0.store(value, Ordering::Relaxed);
    }
}

impl Shown<AtomicU64> {
    /// What it is.
    #[inline(always)]
    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Makes it another one.
    #[inline(always)]
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }
}

/// The proxies of a domain.
#[derive(Default)]
pub(crate) struct Roster(Mutex<Vec<Seen>>);

/// Where a proxy stands in its roster, if it does.
#[derive(Default)]
pub(crate) struct Place(Cell<Option<u32>>);

struct Seen(*const ProxyCell);

// SAFETY: what other threads look at behind the pointer are the two `Shown` numbers, and the number and the
// label, which stay what they are, and no longer than the cell is there: `Drop` of the cell takes its entry
// away first, under the lock under which they look.
unsafe impl Send for Seen {}

impl Seen {
    fn number(&self) -> u64 {
        // SAFETY: the entry is there, and with it the cell; nobody writes to its number.
        unsafe { (*self.0).number }
    }

    fn label(&self) -> Arc<str> {
        // SAFETY: the entry is there, and with it the cell.
        let label = unsafe { &raw const (*self.0).label };
        // SAFETY: as above; nobody writes to it.
        unsafe { (*label).clone() }
    }
}

impl Roster {
    /// A proxy is there. The domain's own thread says so.
    pub(super) fn add(&self, cell: &ProxyCell) {
        let mut entries = self.lock();
        cell.place.0.set(u32::try_from(entries.len()).ok());
        entries.push(Seen(std::ptr::from_ref(cell)));
    }

    /// A proxy is gone, if it was there. The domain's own thread says so.
    pub(super) fn remove(&self, cell: &ProxyCell) {
        let Some(place) = cell.place.0.take() else {
            return;
        };
        let mut entries = self.lock();
        entries.swap_remove(place as usize);
        if let Some(moved) = entries.get(place as usize) {
            // SAFETY: the entry is there, and with it the cell.
            let of_moved = unsafe { &raw const (*moved.0).place };
            // SAFETY: as above; only this thread looks at it.
            unsafe { (*of_moved).0.set(Some(place)) };
        }
        if entries.len() < entries.capacity() / 8 {
            let half = entries.capacity() / 4;
            entries.shrink_to(half);
        }
    }

    /// What `proxy` is called. To be asked rarely: it looks at all of them.
    pub(crate) fn label(&self, proxy: u64) -> Option<Arc<str>> {
        let entries = self.lock();
        let found = entries.iter().find(|entry| entry.number() == proxy);
        found.map(Seen::label)
    }

    /// What the proxy is called that runs now, and not one that waits for it: of those that were called,
    /// the one that handles the youngest event. To be asked rarely: it looks at all of them.
    pub(crate) fn innermost(&self) -> Option<Arc<str>> {
        let entries = self.lock();
        let running = entries.iter().filter_map(|entry| {
            // SAFETY: the entry is there, and with it the cell.
            let (busy, event) = unsafe {
                let cell = entry.0;
                (&raw const (*cell).busy, &raw const (*cell).event)
            };
            // SAFETY: as above; these two may be looked at from any thread.
            let (busy, event) = unsafe { ((*busy).get(), (*event).get()) };
            (busy & RUNNING != 0).then(|| ((event, entry.number()), entry))
        });
        running
            .max_by_key(|(age, _)| *age)
            .map(|(_, entry)| entry.label())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
