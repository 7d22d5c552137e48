//! Parts of others that are to be repeated, unless somebody does so before.

use std::collections::{BTreeMap, BTreeSet};

/// A part: its sender and its number.
pub(super) type Name = (u64, u64);

/// By part and by time, so that neither takes longer the more there are.
#[derive(Default)]
pub(super) struct Repeats {
    due: BTreeMap<Name, u64>,
    by_time: BTreeSet<(u64, Name)>,
}

impl Repeats {
    /// When the first one is due.
    pub(super) fn first(&self) -> Option<u64> {
        self.by_time.first().map(|(due, _)| *due)
    }

    /// Repeats a part at this time, or when it is to be repeated already.
    pub(super) fn add(&mut self, part: Name, due: u64) {
        let due = *self.due.entry(part).or_insert(due);
        self.by_time.insert((due, part));
    }

    /// The part was repeated by somebody.
    pub(super) fn remove(&mut self, part: Name) {
        if let Some(due) = self.due.remove(&part) {
            self.by_time.remove(&(due, part));
        }
    }

    /// Takes those that are due, in the order of their names.
    pub(super) fn take(&mut self, now: u64) -> Vec<Name> {
        let mut taken = Vec::new();
        while self.first().is_some_and(|due| due <= now)
            && let Some((_, part)) = self.by_time.pop_first()
        {
            self.due.remove(&part);
            taken.push(part);
        }
        taken.sort_unstable();
        taken
    }

    pub(super) fn clear(&mut self) {
        self.due.clear();
        self.by_time.clear();
    }
}
