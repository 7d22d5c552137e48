//! What a proxy is connected with.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Up to so many are a list: most proxies have a few, and a map takes ten times as much memory.
const FEW: usize = 16;

/// The connections of one proxy. To add or remove one takes a time logarithmic in their number.
pub(crate) struct Connections {
    known: RefCell<Known>,
    /// How many each endpoint has.
    counts: Box<[Cell<u32>]>,
}

/// By age and endpoint: a connection may have both of its ends here.
enum Known {
    /// In ascending order.
    Few(Vec<((u64, u32), u64)>),
    Many(BTreeMap<(u64, u32), u64>),
}

impl Known {
    fn insert(&mut self, key: (u64, u32), connection: u64) -> Option<u64> {
        match self {
            Known::Many(map) => map.insert(key, connection),
            Known::Few(list) => match list.binary_search_by_key(&key, |entry| entry.0) {
                Ok(at) => Some(std::mem::replace(&mut list[at].1, connection)),
                Err(_) if list.len() == FEW => {
                    let mut map: BTreeMap<_, _> = list.drain(..).collect();
                    map.insert(key, connection);
                    *self = Known::Many(map);
                    None
                }
                Err(at) => {
                    // Not four at once, as a list would ask for: most have one.
                    list.reserve_exact(if list.is_empty() { 1 } else { list.len() });
                    list.insert(at, (key, connection));
                    None
                }
            },
        }
    }

    fn remove(&mut self, key: (u64, u32)) -> Option<u64> {
        match self {
            Known::Many(map) => map.remove(&key),
            Known::Few(list) => {
                let at = list.binary_search_by_key(&key, |entry| entry.0).ok()?;
                Some(list.remove(at).1)
            }
        }
    }
}

impl Connections {
    /// None yet, for a proxy with so many endpoints.
    pub(super) fn new(endpoints: usize) -> Connections {
        Connections {
            known: RefCell::new(Known::Few(Vec::new())),
            counts: (0..endpoints).map(|_| Cell::new(0)).collect(),
        }
    }

    /// How many an endpoint has; none if there is no such endpoint.
    pub(super) fn count(&self, endpoint: u32) -> usize {
        let count = self.counts.get(endpoint as usize);
        count.map_or(0, |count| count.get() as usize)
    }

    pub(super) fn add(&self, age: u64, endpoint: u32, connection: u64) {
        let before = self.known.borrow_mut().insert((age, endpoint), connection);
        debug_assert!(before.is_none(), "an age is of one connection");
        let count = &self.counts[endpoint as usize];
        count.set(count.get() + 1);
    }

    pub(super) fn remove(&self, age: u64, endpoint: u32) {
        if self.known.borrow_mut().remove((age, endpoint)).is_some() {
            let count = &self.counts[endpoint as usize];
            count.set(count.get() - 1);
        }
    }

    /// Their numbers; one with both of its ends here comes twice.
    pub(super) fn youngest_first(&self) -> Vec<u64> {
        match &*self.known.borrow() {
            Known::Few(list) => list.iter().rev().map(|entry| entry.1).collect(),
            Known::Many(map) => map.values().rev().copied().collect(),
        }
    }
}
