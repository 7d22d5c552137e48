//! What proxies and links take: time and events while somebody watches, and memory.

use super::super::emit;
use super::{EmitFunction, LinkCell, ProxyCell, RUNNING, Receivers};

/// Bytes of the counts of an `Rc`.
pub(crate) const COUNTS: usize = 2 * size_of::<usize>();

impl ProxyCell {
    /// Its functions ran for so many nanoseconds more.
    pub(crate) fn spend(&self, nanoseconds: u64) {
        self.time.set(self.time.get().saturating_add(nanoseconds));
    }

    /// One of them was called.
    pub(crate) fn called(&self) {
        self.calls.set(self.calls.get() + 1);
    }

    /// Nanoseconds that they ran while somebody watched.
    pub(crate) fn time(&self) -> u64 {
        self.time.get()
    }

    /// How often they were called while somebody watched.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.get()
    }

    /// How many deliveries wait for it in the queue of its domain.
    pub(crate) fn waiting(&self) -> u64 {
        u64::from(self.busy.get() & (RUNNING - 1))
    }

    /// Bytes that it has beside itself, without what its code allocates and what the allocator adds.
    pub(crate) fn bytes(&self) -> usize {
        COUNTS + self.label.len() + self.endpoints.bytes()
    }
}

impl LinkCell {
    /// Counts what it emits from now on, or no longer.
    pub(crate) fn count(&self, on: bool) {
        if !self.closed.get() {
            self.emit.set(if on { emit::counted } else { self.plain });
        }
    }

    /// How it emits while nobody watches.
    pub(in crate::boundary) fn plain(&self) -> EmitFunction {
        self.plain
    }

    /// Counts an event.
    pub(in crate::boundary) fn pass(&self) {
        self.passed.set(self.passed.get() + 1);
    }

    /// Events that passed while somebody watched.
    pub(crate) fn passed(&self) -> u64 {
        self.passed.get()
    }

    /// Bytes that it takes, without what the allocator adds.
    pub(crate) fn bytes(&self) -> usize {
        let crossing = self
            .crossing
            .as_ref()
            .map_or(0, |crossing| crossing.bytes());
        let receivers = match &self.receivers {
            Receivers::One(_) => 0,
            Receivers::Any(any) => size_of_val(&**any),
        };
        size_of::<LinkCell>() + receivers + crossing
    }
}
