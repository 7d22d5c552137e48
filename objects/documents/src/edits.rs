//! A text that is changed by updates which all replicas receive in one order.
//!
//! An update says which text its maker had seen. What came in between is known from a window of the
//! latest updates: the edit is moved over it. All of this is decided by the text, the window and the
//! update alone, which all replicas have in common; so they stay equal, whatever the updates say.

mod proxy;
#[cfg(test)]
mod tests;
mod transform;

use std::collections::VecDeque;

use sha2::{Digest as _, Sha256};
use transform::Place;

use crate::document::MAX_TEXT;
use crate::lines::{Changed, Lines, Splice};
use crate::types::{Replaced, TextEdit, TextVersion, UpdateId};

/// So many updates and replacements are remembered together.
const MAX_RECENT: usize = 4_096;

/// Why an edit is not made, by any replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The text would be too long.
    TooLong,
    /// The text that it was made for is not known: too much came in between, or it is that of another
    /// group.
    Unknown,
    /// It lies outside of the text, or cuts a character in two.
    Misfit,
}

impl Refusal {
    /// In words, for who made the edit.
    pub(crate) fn reason(self) -> &'static str {
        match self {
            Refusal::TooLong => "the text would have more than 16 MiB",
            Refusal::Unknown => "the text has changed too much meanwhile",
            Refusal::Misfit => "it does not fit the text",
        }
    }
}

/// What an update did.
pub(crate) type Applied = Result<Option<Changed>, Refusal>;

/// One of the latest updates.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recent {
    /// Digest of the version before it.
    pub(crate) digest: u64,
    pub(crate) replaced: Vec<Replaced>,
}

impl Recent {
    fn size(&self) -> usize {
        1 + self.replaced.len()
    }
}

pub(crate) struct Edits {
    lines: Lines,
    version: TextVersion,
    recent: VecDeque<Recent>,
    /// What `recent` counts for.
    recent_size: usize,
}

impl Edits {
    pub(crate) fn new() -> Edits {
        Edits {
            lines: Lines::new(),
            version: NOTHING,
            recent: VecDeque::new(),
            recent_size: 0,
        }
    }

    pub(crate) fn lines(&self) -> &Lines {
        &self.lines
    }

    pub(crate) fn version(&self) -> TextVersion {
        self.version
    }

    pub(crate) fn recent(&self) -> impl ExactSizeIterator<Item = &Recent> {
        self.recent.iter()
    }

    /// Goes on from another text. What of it is too large is left out, by all who go on from it.
    pub(crate) fn replace(
        &mut self,
        text: &str,
        version: TextVersion,
        recent: impl DoubleEndedIterator<Item = Recent>,
    ) -> Option<Changed> {
        self.version = version;
        self.recent.clear();
        self.recent_size = 0;
        for update in recent.rev() {
            if self.recent_size + update.size() > MAX_RECENT {
                break;
            }
            self.recent_size += update.size();
            self.recent.push_front(update);
        }
        let mut end = text.len().min(MAX_TEXT);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        self.lines.reset(&text[..end])
    }

    /// What replaces characters of the text as it is; `None` if that changes nothing.
    pub(crate) fn edit(&self, at: usize, delete: usize, insert: &str) -> Option<Splice> {
        let splice = self.lines.edit(at, delete, insert);
        (splice.delete > 0 || !splice.insert.is_empty()).then_some(splice)
    }

    /// The next update makes `line` the last line.
    pub(crate) fn append(&mut self, id: UpdateId, line: &str) -> Applied {
        let splice = self.lines.append(line);
        self.update(id, Ok(vec![splice]))
    }

    /// The next update is an edit.
    pub(crate) fn apply(&mut self, id: UpdateId, edit: &TextEdit<'_>) -> Applied {
        let splices = match self.since(edit.seen) {
            Some(since) => {
                let mut place = Place::new(edit.at as usize, edit.delete as usize);
                for update in since {
                    place.move_over(&update.replaced);
                }
                Ok(place.splices(&edit.insert))
            }
            None => Err(Refusal::Unknown),
        };
        self.update(id, splices)
    }

    /// The updates since a version; `None` if it is not known.
    fn since(&self, seen: TextVersion) -> Option<impl Iterator<Item = &Recent>> {
        let (first, digest) = self.recalled(seen.updates)?;
        (digest == seen.digest).then(|| self.recent.iter().skip(first))
    }

    /// The version behind so many updates: how many of the remembered ones came before, and its digest.
    fn recalled(&self, updates: u64) -> Option<(usize, u64)> {
        let since = self.version.updates.checked_sub(updates)?;
        let since = usize::try_from(since).ok()?;
        let first = self.recent.len().checked_sub(since)?;
        let next = self.recent.get(first);
        Some((first, next.map_or(self.version.digest, |next| next.digest)))
    }

    /// Makes the next update: it counts, also if it changes nothing.
    fn update(&mut self, id: UpdateId, splices: Result<Vec<Splice>, Refusal>) -> Applied {
        let (applied, replaced) = match splices.and_then(|splices| self.splice(&splices)) {
            Ok((changed, replaced)) => (Ok(changed), replaced),
            Err(refusal) => (Err(refusal), Vec::new()),
        };
        let update = Recent {
            digest: self.version.digest,
            replaced,
        };
        self.recent_size += update.size();
        self.recent.push_back(update);
        while self.recent_size > MAX_RECENT {
            let first = self.recent.pop_front();
            self.recent_size -= first.map_or(0, |first| first.size());
        }
        self.version = next(self.version, id);
        applied
    }

    fn splice(&mut self, splices: &[Splice]) -> Result<(Option<Changed>, Vec<Replaced>), Refusal> {
        let inserted: usize = splices.iter().map(|splice| splice.insert.len()).sum();
        let deleted: usize = splices.iter().map(|splice| splice.delete).sum();
        if self.lines.bytes().saturating_sub(deleted) + inserted > MAX_TEXT {
            return Err(Refusal::TooLong);
        }
        let changed = self.lines.apply(splices).map_err(|_| Refusal::Misfit)?;
        let replaced = splices.iter().map(|splice| Replaced {
            at: size(splice.at),
            deleted: size(splice.delete),
            inserted: size(splice.insert.len()),
        });
        Ok((changed, replaced.collect()))
    }
}

/// The version of the empty text.
const NOTHING: TextVersion = TextVersion {
    updates: 0,
    digest: 0,
};

/// The version behind an update.
fn next(version: TextVersion, id: UpdateId) -> TextVersion {
    let parts = [version.digest, id.run, id.number];
    let digest = Sha256::digest(parts.map(u64::to_le_bytes).concat());
    let mut first = [0; 8];
    first.copy_from_slice(&digest[..8]);
    TextVersion {
        updates: version.updates.wrapping_add(1),
        digest: u64::from_le_bytes(first),
    }
}

/// A text has fewer bytes.
pub(crate) fn size(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}
