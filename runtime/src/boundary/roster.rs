//! The proxies of a domain, as other threads see them: which of them run, while the domain's own thread
//! may be stuck in one.

use std::collections::BTreeMap;
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

/// The proxies of a domain by number.
#[derive(Default)]
pub(crate) struct Roster(Mutex<BTreeMap<u64, Seen>>);

struct Seen(*const ProxyCell);

// SAFETY: what other threads look at behind the pointer are the two `Shown` numbers and the label, which
// stays what it is, and no longer than the cell is there: `Drop` of the cell takes its entry away first,
// under the lock under which they look.
unsafe impl Send for Seen {}

impl Seen {
    fn label(&self) -> Arc<str> {
        // SAFETY: the entry is there, and with it the cell.
        let label = unsafe { &raw const (*self.0).label };
        // SAFETY: as above; nobody writes to it.
        unsafe { (*label).clone() }
    }
}

impl Roster {
    /// A proxy is there.
    pub(super) fn add(&self, cell: &ProxyCell) {
        self.lock()
            .insert(cell.number, Seen(std::ptr::from_ref(cell)));
    }

    /// A proxy is gone.
    pub(super) fn remove(&self, number: u64) {
        self.lock().remove(&number);
    }

    /// What `proxy` is called.
    pub(crate) fn label(&self, proxy: u64) -> Option<Arc<str>> {
        self.lock().get(&proxy).map(Seen::label)
    }

    /// What the proxy is called that runs now, and not one that waits for it: of those that were called,
    /// the one that handles the youngest event. To be asked rarely: it looks at all of them.
    pub(crate) fn innermost(&self) -> Option<Arc<str>> {
        let entries = self.lock();
        let running = entries.values().filter_map(|entry| {
            // SAFETY: the entry is there, and with it the cell.
            let (busy, event) = unsafe {
                let cell = entry.0;
                (&raw const (*cell).busy, &raw const (*cell).event)
            };
            // SAFETY: as above; these two may be looked at from any thread.
            let (busy, event) = unsafe { ((*busy).get(), (*event).get()) };
            (busy & RUNNING != 0).then_some((event, entry))
        });
        running
            .max_by_key(|(event, _)| *event)
            .map(|(_, entry)| entry.label())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Seen>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
