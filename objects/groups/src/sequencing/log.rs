//! The log: messages and views in the one order in which everybody receives them.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::frame::Id;

/// What stands at a place of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Message {
        id: Id,
        /// `None` until it comes.
        message: Option<Vec<u8>>,
    },
    View {
        group: u64,
        number: u64,
        /// Oldest first.
        members: Vec<u64>,
    },
}

/// The end of the log: what this member has not received yet.
#[derive(Debug)]
pub(super) struct Log {
    /// The place of the first entry.
    first: u64,
    entries: VecDeque<Entry>,
    /// The places of messages that are not here.
    lacking: BTreeMap<Id, u64>,
    gaps: BTreeSet<u64>,
    /// What stands before this place was for others.
    begins: u64,
}

impl Log {
    /// An empty log that goes on at a place; this member receives what stands from `begins` on.
    pub(super) fn new(first: u64, begins: u64) -> Self {
        Log {
            first,
            entries: VecDeque::new(),
            lacking: BTreeMap::new(),
            gaps: BTreeSet::new(),
            begins,
        }
    }

    pub(super) fn first(&self) -> u64 {
        self.first
    }

    /// The place after the last entry.
    pub(super) fn end(&self) -> u64 {
        self.first + self.entries.len() as u64
    }

    /// The first place of which the message is not here, or the end.
    pub(super) fn whole(&self) -> u64 {
        self.gaps.first().copied().unwrap_or(self.end())
    }

    pub(super) fn entries(&self) -> impl ExactSizeIterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The messages that have a place.
    pub(super) fn ids(&self) -> BTreeSet<Id> {
        let ids = self.entries.iter().filter_map(|entry| match entry {
            Entry::Message { id, .. } => Some(*id),
            Entry::View { .. } => None,
        });
        ids.collect()
    }

    pub(super) fn push(&mut self, entry: Entry) {
        if let Entry::Message { id, message: None } = entry {
            self.lacking.insert(id, self.end());
            self.gaps.insert(self.end());
        }
        self.entries.push_back(entry);
    }

    /// Gives a message to the place that it has; answers it if it has none.
    pub(super) fn fill(&mut self, id: Id, bytes: Vec<u8>) -> Option<Vec<u8>> {
        let Some(place) = self.lacking.remove(&id) else {
            return Some(bytes);
        };
        self.gaps.remove(&place);
        let at = usize::try_from(place - self.first).ok();
        if let Some(Entry::Message { message, .. }) = at.and_then(|at| self.entries.get_mut(at)) {
            *message = Some(bytes);
        }
        None
    }

    /// Forgets everything from the first message on that is not here.
    pub(super) fn cut(&mut self) {
        let whole = usize::try_from(self.whole() - self.first).unwrap_or(usize::MAX);
        self.entries.truncate(whole);
        self.lacking.clear();
        self.gaps.clear();
    }

    /// The next entry, if it stands before `until` and is whole; with it whether this member receives
    /// it.
    pub(super) fn pop(&mut self, until: u64) -> Option<(Entry, bool)> {
        if self.first >= until.min(self.whole()) {
            return None;
        }
        let entry = self.entries.pop_front()?;
        self.first += 1;
        Some((entry, self.first > self.begins))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(number: u64, message: Option<&[u8]>) -> Entry {
        Entry::Message {
            id: (1, number),
            message: message.map(<[u8]>::to_vec),
        }
    }

    #[test]
    fn what_stands_behind_a_message_that_lacks_waits_for_it() {
        let mut log = Log::new(5, 0);
        log.push(entry(0, None));
        log.push(entry(1, Some(b"one")));
        assert_eq!((log.whole(), log.end(), log.pop(9)), (5, 7, None));
        assert_eq!(log.fill((1, 0), b"zero".to_vec()), None);
        assert_eq!(log.whole(), 7);
        assert_eq!(log.pop(6), Some((entry(0, Some(b"zero")), true)));
        assert_eq!(log.pop(6), None, "not further than told");
        assert_eq!(log.pop(7), Some((entry(1, Some(b"one")), true)));
    }

    #[test]
    fn what_was_for_others_is_not_received() {
        let mut log = Log::new(5, 6);
        log.push(entry(0, Some(b"before")));
        log.push(entry(1, Some(b"begins")));
        let received: Vec<bool> = std::iter::from_fn(|| Some(log.pop(9)?.1)).collect();
        assert_eq!(received, [false, true]);
    }

    #[test]
    fn a_log_is_cut_where_the_first_message_lacks() {
        let mut log = Log::new(0, 0);
        log.push(entry(0, Some(b"here")));
        log.push(entry(1, None));
        log.push(entry(2, Some(b"behind")));
        log.cut();
        assert_eq!((log.end(), log.whole()), (1, 1));
        assert_eq!(log.ids(), BTreeSet::from([(1, 0)]));
        assert_eq!(log.fill((1, 1), b"late".to_vec()), Some(b"late".to_vec()));
    }
}
