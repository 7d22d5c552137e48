//! Entries by name, which replicas change in one order: what is in a shared map and in a shared folder.
//!
//! Values are bytes here. What would make the entries too large is not put: by any replica, since all
//! have the same ones.

mod entry;
mod folder;
mod map;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

/// So many bytes the names and values of all entries have together, each with [`OVERHEAD`] more.
pub(crate) const MAX_SIZE: usize = 16 << 20;
/// What an entry counts for besides its bytes, so that there are not too many small ones.
const OVERHEAD: usize = 32;
/// Bytes of the longest name.
const MAX_NAME: usize = 1 << 10;

/// Why something is not put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TooLarge {
    Name,
    /// So many bytes a value may have.
    Value(usize),
    /// All of them together.
    Whole,
}

impl std::fmt::Display for TooLarge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            TooLarge::Name => write!(f, "a name has at most {MAX_NAME} bytes"),
            TooLarge::Value(limit) => write!(f, "a value has at most {limit} bytes"),
            TooLarge::Whole => write!(f, "all entries together have at most {MAX_SIZE} bytes"),
        }
    }
}

/// What may be put at all, whatever is there.
pub(crate) struct Limits {
    /// Bytes of the largest value.
    pub(crate) value: usize,
}

impl Limits {
    /// Whether this may be put.
    pub(crate) fn check(&self, name: &str, value: &[u8]) -> Result<(), TooLarge> {
        if name.len() > MAX_NAME {
            return Err(TooLarge::Name);
        }
        if value.len() > self.value {
            return Err(TooLarge::Value(self.value));
        }
        Ok(())
    }
}

pub(crate) struct Entries {
    limits: Limits,
    entries: BTreeMap<String, Vec<u8>>,
    size: usize,
}

impl Entries {
    pub(crate) fn new(limits: Limits) -> Entries {
        Entries {
            limits,
            entries: BTreeMap::new(),
            size: 0,
        }
    }

    pub(crate) fn get(&self, name: &str) -> Option<&[u8]> {
        self.entries.get(name).map(Vec::as_slice)
    }

    /// Names and values in ascending order of the names.
    pub(crate) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &[u8])> {
        let entries = self.entries.iter();
        entries.map(|(name, value)| (name.as_str(), value.as_slice()))
    }

    /// Whether this could be put now.
    pub(crate) fn check(&self, name: &str, value: &[u8]) -> Result<(), TooLarge> {
        self.limits.check(name, value)?;
        let before = self.entries.get(name);
        let without = self.size - before.map_or(0, |before| size(name, before));
        if without + size(name, value) > MAX_SIZE {
            return Err(TooLarge::Whole);
        }
        Ok(())
    }

    pub(crate) fn put(&mut self, name: &str, value: &[u8]) -> Result<(), TooLarge> {
        self.check(name, value)?;
        self.remove(name);
        self.size += size(name, value);
        self.entries.insert(name.to_owned(), value.to_vec());
        Ok(())
    }

    /// Whether there was an entry of this name.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        let before = self.entries.remove(name);
        self.size -= before.as_ref().map_or(0, |before| size(name, before));
        before.is_some()
    }

    /// Whether there were entries.
    pub(crate) fn clear(&mut self) -> bool {
        let were_some = !self.entries.is_empty();
        self.entries.clear();
        self.size = 0;
        were_some
    }

    /// Goes on from other entries. What is too large of them is left out, by all who go on from them.
    /// Answers the names under which something else is now.
    pub(crate) fn replace<'a>(
        &mut self,
        entries: impl Iterator<Item = (&'a str, &'a [u8])>,
    ) -> Vec<String> {
        let mut before = std::mem::take(&mut self.entries);
        self.size = 0;
        let mut changed = Vec::new();
        for (name, value) in entries {
            if self.put(name, value).is_ok() && before.remove(name).as_deref() != Some(value) {
                changed.push(name.to_owned());
            }
        }
        changed.extend(before.into_keys());
        changed.sort_unstable();
        changed
    }
}

fn size(name: &str, value: &[u8]) -> usize {
    name.len() + value.len() + OVERHEAD
}
