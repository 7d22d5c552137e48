//! Who is on which local channel of this process.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Identity of the reference, and the channel's name.
type Key = ([u8; 32], String);

/// The members of all local channels; `P` reaches a member from any thread.
#[derive(Debug)]
pub(crate) struct Hub<P> {
    channels: Mutex<BTreeMap<Key, BTreeMap<u64, P>>>,
}

/// A member of a channel, as long as it lives.
#[derive(Debug)]
pub(crate) struct Member<P: Clone + 'static> {
    hub: &'static Hub<P>,
    key: Key,
    number: u64,
}

impl<P: Clone + 'static> Hub<P> {
    pub(crate) const fn new() -> Self {
        Hub {
            channels: Mutex::new(BTreeMap::new()),
        }
    }

    /// Makes a member of the channel.
    pub(crate) fn join(&'static self, identity: [u8; 32], name: &str, reach: P) -> Member<P> {
        let key = (identity, name.to_owned());
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let members = channels.entry(key.clone()).or_default();
        let number = members.last_key_value().map_or(0, |(last, _)| last + 1);
        members.insert(number, reach);
        Member {
            hub: self,
            key,
            number,
        }
    }
}

impl<P: Clone + 'static> Member<P> {
    /// How to reach all other members.
    pub(crate) fn others(&self) -> Vec<P> {
        let channels = self
            .hub
            .channels
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let members = channels.get(&self.key).into_iter().flatten();
        members
            .filter(|(number, _)| **number != self.number)
            .map(|(_, it)| it.clone())
            .collect()
    }
}

impl<P: Clone + 'static> Drop for Member<P> {
    fn drop(&mut self) {
        let mut channels = self
            .hub
            .channels
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let Some(members) = channels.get_mut(&self.key) else {
            return;
        };
        let reach = members.remove(&self.number);
        if members.is_empty() {
            channels.remove(&self.key);
        }
        drop(channels);
        drop(reach);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_one_channel_reach_each_other_and_nobody_else() {
        static HUB: Hub<&str> = Hub::new();
        let first = HUB.join([1; 32], "a", "first");
        let _other_name = HUB.join([1; 32], "b", "other name");
        let _other_reference = HUB.join([2; 32], "a", "other reference");
        assert_eq!(first.others(), [""; 0]);
        let second = HUB.join([1; 32], "a", "second");
        let third = HUB.join([1; 32], "a", "third");
        assert_eq!(first.others(), ["second", "third"]);
        drop(second);
        assert_eq!(
            (first.others(), third.others()),
            (vec!["third"], vec!["first"])
        );
    }

    #[test]
    fn an_empty_channel_is_forgotten() {
        static HUB: Hub<()> = Hub::new();
        drop(HUB.join([1; 32], "a", ()));
        assert!(HUB.channels.lock().unwrap().is_empty());
    }
}
