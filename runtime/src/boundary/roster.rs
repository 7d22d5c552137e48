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
pub(crate) struct Roster(Mutex<BTreeMap<u64, Entry>>);

struct Entry {
    label: Arc<str>,
    cell: Seen,
}

struct Seen(*const ProxyCell);

// SAFETY: what other threads look at behind the pointer are the two `Shown` numbers, and no longer than
// the cell is there: `Drop` of the cell takes its entry away first, under the lock under which they look.
unsafe impl Send for Seen {}

impl Roster {
    /// A proxy is there.
    pub(super) fn add(&self, cell: &ProxyCell, label: Arc<str>) {
        let cell_ = Seen(std::ptr::from_ref(cell));
        let entry = Entry { label, cell: cell_ };
        self.lock().insert(cell.number, entry);
    }

    /// A proxy is gone.
    pub(super) fn remove(&self, number: u64) {
        self.lock().remove(&number);
    }

    /// What `proxy` is called.
    pub(crate) fn label(&self, proxy: u64) -> Option<Arc<str>> {
        self.lock().get(&proxy).map(|entry| entry.label.clone())
    }

    /// What the proxy is called that runs now, and not one that waits for it: of those that were called,
    /// the one that handles the youngest event. To be asked rarely: it looks at all of them.
    pub(crate) fn innermost(&self) -> Option<Arc<str>> {
        let entries = self.lock();
        let running = entries.values().filter_map(|entry| {
            // SAFETY: the entry is there, and with it the cell.
            let (busy, event) = unsafe {
                let cell = entry.cell.0;
                (&raw const (*cell).busy, &raw const (*cell).event)
            };
            // SAFETY: as above; these two may be looked at from any thread.
            let (busy, event) = unsafe { ((*busy).get(), (*event).get()) };
            (busy & RUNNING != 0).then_some((event, &entry.label))
        });
        running
            .max_by_key(|(event, _)| *event)
            .map(|(_, label)| label.clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
