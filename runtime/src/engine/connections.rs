//! What a proxy is connected with.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// Up to so many are a list: most proxies have a few, and a map takes ten times as much memory.
const FEW: usize = 16;

/// The connections of one proxy. To add or remove one takes a time logarithmic in their number.
#[derive(Default)]
pub(crate) struct Connections(RefCell<Known>);

/// By age and endpoint: a connection may have both of its ends here.
type Key = (u64, u32);

enum Known {
    /// What most proxies have, in place.
    One(Option<(Key, u64)>),
    /// In ascending order.
    Few(Vec<(Key, u64)>),
    /// With how many each endpoint has, if it has some.
    Many(BTreeMap<Key, u64>, BTreeMap<u32, usize>),
}

impl Default for Known {
    fn default() -> Known {
        Known::One(None)
    }
}

impl Known {
    fn insert(&mut self, key: Key, connection: u64) -> Option<u64> {
        match self {
            Known::One(only @ None) => {
                *only = Some((key, connection));
                return None;
            }
            Known::One(Some(only)) => *self = Known::Few(vec![*only]),
            Known::Few(list) if list.len() == FEW => {
                let mut counts = BTreeMap::new();
                for ((_, endpoint), _) in &*list {
                    *counts.entry(*endpoint).or_default() += 1;
                }
                *self = Known::Many(list.drain(..).collect(), counts);
            }
            Known::Few(_) | Known::Many(..) => {}
        }
        match self {
            Known::One(_) => None,
            Known::Few(list) => match list.binary_search_by_key(&key, |entry| entry.0) {
                Ok(at) => Some(std::mem::replace(&mut list[at].1, connection)),
                Err(at) => {
                    list.insert(at, (key, connection));
                    None
                }
            },
            Known::Many(map, counts) => {
                let before = map.insert(key, connection);
                if before.is_none() {
                    *counts.entry(key.1).or_default() += 1;
                }
                before
            }
        }
    }

    fn remove(&mut self, key: Key) {
        match self {
            Known::One(only) => {
                only.take_if(|only| only.0 == key);
            }
            Known::Few(list) => {
                if let Ok(at) = list.binary_search_by_key(&key, |entry| entry.0) {
                    list.remove(at);
                }
            }
            Known::Many(map, counts) => {
                let removed = map.remove(&key);
                if let (Some(_), Some(count)) = (removed, counts.get_mut(&key.1)) {
                    *count -= 1;
                }
            }
        }
    }
}

impl Connections {
    /// How many an endpoint has; none if there is no such endpoint.
    pub(super) fn count(&self, endpoint: u32) -> usize {
        let of_endpoint = |entry: &&(Key, u64)| entry.0.1 == endpoint;
        match &*self.0.borrow() {
            Known::One(only) => only.iter().filter(of_endpoint).count(),
            Known::Few(list) => list.iter().filter(of_endpoint).count(),
            Known::Many(_, counts) => counts.get(&endpoint).copied().unwrap_or_default(),
        }
    }

    /// Bytes beside itself.
    pub(super) fn bytes(&self) -> usize {
        let known = match &*self.0.borrow() {
            Known::One(_) => 0,
            Known::Few(list) => list.capacity(),
            Known::Many(map, _) => map.len(),
        };
        known * size_of::<(Key, u64)>()
    }

    pub(super) fn add(&self, age: u64, endpoint: u32, connection: u64) {
        let before = self.0.borrow_mut().insert((age, endpoint), connection);
        debug_assert!(before.is_none(), "an age is of one connection");
    }

    pub(super) fn remove(&self, age: u64, endpoint: u32) {
        self.0.borrow_mut().remove((age, endpoint));
    }

    /// Their numbers; one with both of its ends here comes twice.
    pub(super) fn youngest_first(&self) -> Vec<u64> {
        match &*self.0.borrow() {
            Known::One(only) => only.iter().map(|entry| entry.1).collect(),
            Known::Few(list) => list.iter().rev().map(|entry| entry.1).collect(),
            Known::Many(map, _) => map.values().rev().copied().collect(),
        }
    }
}
