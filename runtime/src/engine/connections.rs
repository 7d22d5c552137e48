//! What a proxy is connected with.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// The connections of one proxy. To add or remove one takes a time logarithmic in their number.
pub(crate) struct Connections {
    /// By age and endpoint: a connection may have both of its ends here.
    by_age: RefCell<BTreeMap<(u64, u32), u64>>,
    /// How many each endpoint has.
    counts: Box<[Cell<usize>]>,
}

impl Connections {
    /// None yet, for a proxy with so many endpoints.
    pub(super) fn new(endpoints: usize) -> Connections {
        Connections {
            by_age: RefCell::default(),
            counts: (0..endpoints).map(|_| Cell::new(0)).collect(),
        }
    }

    /// How many an endpoint has; none if there is no such endpoint.
    pub(super) fn count(&self, endpoint: u32) -> usize {
        self.counts.get(endpoint as usize).map_or(0, Cell::get)
    }

    pub(super) fn add(&self, age: u64, endpoint: u32, connection: u64) {
        let before = self.by_age.borrow_mut().insert((age, endpoint), connection);
        debug_assert!(before.is_none(), "an age is of one connection");
        let count = &self.counts[endpoint as usize];
        count.set(count.get() + 1);
    }

    pub(super) fn remove(&self, age: u64, endpoint: u32) {
        if self.by_age.borrow_mut().remove(&(age, endpoint)).is_some() {
            let count = &self.counts[endpoint as usize];
            count.set(count.get() - 1);
        }
    }

    /// Their numbers; one with both of its ends here comes twice.
    pub(super) fn youngest_first(&self) -> Vec<u64> {
        self.by_age.borrow().values().rev().copied().collect()
    }
}
