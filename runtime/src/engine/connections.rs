//! What a proxy is connected with.

use std::cell::RefCell;

/// Up to so many are counted one by one.
const FEW: usize = 16;

/// The connections of one proxy. To add or remove one takes a time logarithmic in their number, unless it is
/// the youngest, as it mostly is: then it is the same for any number.
#[derive(Default)]
pub(crate) struct Connections(RefCell<Known>);

/// By age and endpoint: a connection may have both of its ends here.
type Key = (u64, u32);

/// In place of a connection that has ended: none has this number.
const ENDED: u64 = 0;

enum Known {
    /// What most proxies have, in place.
    One(Option<(Key, u64)>),
    Several(Box<Several>),
}

/// More than one, or what is left of them.
struct Several {
    /// In ascending order. Some may have ended: not more than half of them, and not the last.
    list: Vec<(Key, u64)>,
    ended: usize,
    /// How many each endpoint has, by its number; nothing as long as there are few.
    counts: Vec<usize>,
}

impl Default for Known {
    fn default() -> Known {
        Known::One(None)
    }
}

impl Known {
    fn insert(&mut self, key: Key, connection: u64) {
        match self {
            Known::One(only @ None) => *only = Some((key, connection)),
            Known::One(Some(only)) => {
                let mut several = Several {
                    list: vec![*only],
                    ended: 0,
                    counts: Vec::new(),
                };
                several.insert(key, connection);
                *self = Known::Several(Box::new(several));
            }
            Known::Several(several) => several.insert(key, connection),
        }
    }

    fn remove(&mut self, key: Key) {
        match self {
            Known::One(only) => {
                only.take_if(|only| only.0 == key);
            }
            Known::Several(several) => several.remove(key),
        }
    }
}

impl Several {
    fn insert(&mut self, key: Key, connection: u64) {
        let list = &mut self.list;
        // Ages ascend, so that it is the last, or the one before where both ends are here.
        match list.last().is_some_and(|last| last.0 > key) {
            false => list.push((key, connection)),
            true => {
                let at = list.partition_point(|known| known.0 < key);
                list.insert(at, (key, connection));
            }
        }
        if !self.counts.is_empty() {
            self.count(key.1);
        } else if self.list.len() > FEW {
            let endpoints: Vec<u32> = self.open().map(|entry| entry.0.1).collect();
            endpoints
                .into_iter()
                .for_each(|endpoint| self.count(endpoint));
        }
    }

    /// Counts one more.
    fn count(&mut self, endpoint: u32) {
        let endpoint = endpoint as usize;
        if self.counts.len() <= endpoint {
            self.counts.resize(endpoint + 1, 0);
        }
        self.counts[endpoint] += 1;
    }

    fn remove(&mut self, key: Key) {
        let list = &mut self.list;
        let at = match list.last().is_some_and(|last| last.0 == key) {
            true => list.len() - 1,
            false => match list.binary_search_by_key(&key, |entry| entry.0) {
                Ok(at) => at,
                Err(_) => return,
            },
        };
        if std::mem::replace(&mut list[at].1, ENDED) == ENDED {
            return;
        }
        self.ended += 1;
        if let Some(count) = self.counts.get_mut(key.1 as usize) {
            *count -= 1;
        }
        while list.pop_if(|last| last.1 == ENDED).is_some() {
            self.ended -= 1;
        }
        if self.ended * 2 > list.len() {
            list.retain(|entry| entry.1 != ENDED);
            self.ended = 0;
        }
        if list.len() < list.capacity() / 8 {
            list.shrink_to(list.capacity() / 4);
        }
    }

    /// Those that have not ended, in ascending order.
    fn open(&self) -> impl DoubleEndedIterator<Item = &(Key, u64)> {
        self.list.iter().filter(|entry| entry.1 != ENDED)
    }
}

impl Connections {
    /// How many an endpoint has; none if there is no such endpoint.
    pub(super) fn count(&self, endpoint: u32) -> usize {
        let of_endpoint = |entry: &&(Key, u64)| entry.0.1 == endpoint;
        match &*self.0.borrow() {
            Known::One(only) => only.iter().filter(of_endpoint).count(),
            Known::Several(several) if several.counts.is_empty() => {
                several.open().filter(of_endpoint).count()
            }
            Known::Several(several) => {
                let count = several.counts.get(endpoint as usize);
                count.copied().unwrap_or_default()
            }
        }
    }

    /// Bytes beside itself.
    pub(super) fn bytes(&self) -> usize {
        match &*self.0.borrow() {
            Known::One(_) => 0,
            Known::Several(several) => {
                let list = several.list.capacity() * size_of::<(Key, u64)>();
                size_of::<Several>() + list + several.counts.capacity() * size_of::<usize>()
            }
        }
    }

    pub(super) fn add(&self, age: u64, endpoint: u32, connection: u64) {
        debug_assert!(connection != ENDED, "numbers begin at 1");
        self.0.borrow_mut().insert((age, endpoint), connection);
    }

    pub(super) fn remove(&self, age: u64, endpoint: u32) {
        self.0.borrow_mut().remove((age, endpoint));
    }

    /// Their numbers; one with both of its ends here comes twice.
    pub(super) fn youngest_first(&self) -> Vec<u64> {
        match &*self.0.borrow() {
            Known::One(only) => only.iter().map(|entry| entry.1).collect(),
            Known::Several(several) => several.open().rev().map(|entry| entry.1).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In whatever order connections come and go, those that are left are known, the youngest first, and
    /// counted by endpoint.
    #[test]
    fn those_that_are_left_are_known_by_age_and_counted() {
        // Each removes one in so many, from the beginning or from the end.
        for (every, from_end) in [(1, false), (1, true), (2, false), (3, true), (7, false)] {
            let connections = Connections::default();
            let mut model: Vec<(u64, u32)> = Vec::new();
            for age in 1..=200 {
                let endpoint = (age % 3) as u32;
                connections.add(age, endpoint, age);
                model.push((age, endpoint));
            }
            while !model.is_empty() {
                let gone: Vec<_> = model.iter().copied().step_by(every).collect();
                let order: Vec<_> = match from_end {
                    false => gone,
                    true => gone.into_iter().rev().collect(),
                };
                for (age, endpoint) in order {
                    connections.remove(age, endpoint);
                    // What is gone is gone once.
                    connections.remove(age, endpoint);
                    model.retain(|it| it.0 != age);
                    let known: Vec<u64> = model.iter().rev().map(|it| it.0).collect();
                    assert_eq!(connections.youngest_first(), known);
                    for endpoint in 0..3 {
                        let count = model.iter().filter(|it| it.1 == endpoint).count();
                        assert_eq!(connections.count(endpoint), count);
                    }
                }
            }
        }
    }

    #[test]
    fn a_connection_with_both_ends_here_is_known_at_both() {
        let connections = Connections::default();
        connections.add(1, 5, 7);
        connections.add(1, 2, 7);
        assert_eq!(connections.youngest_first(), [7, 7]);
        connections.remove(1, 2);
        assert_eq!([connections.count(2), connections.count(5)], [0, 1]);
        connections.remove(1, 5);
        assert_eq!(connections.youngest_first(), [0; 0]);
    }
}
