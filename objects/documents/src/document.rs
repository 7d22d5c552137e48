//! The replicated text: the CRDT, the lines that it shows, and what is needed to begin again if
//! the CRDT should fail.

use std::collections::VecDeque;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest as _, Sha256};
use yrs::types::Delta;
use yrs::updates::decoder::Decode;
use yrs::{
    Any, ClientID, Doc, GetString, Observable, Options, Out, ReadTxn, StateVector, Text, TextRef,
    Transact, TransactionMut, Update,
};

use crate::frame::Digest;
use crate::lines::{Changed, Lines, Splice};
use crate::update::{self, ROOT, Version};

/// The text may grow to this many bytes; edits beyond are refused.
pub(crate) const MAX_TEXT: usize = 16 << 20;
/// Updates since the last snapshot that are kept at least before a new one is made.
const MIN_JOURNAL: usize = 64 << 10;
/// So many updates that made the CRDT fail are remembered.
const MAX_POISON: usize = 64;

/// What became of an update.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Applied {
    /// It is in; these lines changed, one after the other.
    Done(Vec<Changed>),
    /// It builds on something that is not known yet.
    Early,
    /// It is not an update of a text, and changed nothing.
    Malformed,
}

/// An edit that was made: the update for the others, and which lines changed.
pub(crate) type Edited = (Vec<u8>, Vec<Changed>);

/// Why an edit was not made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum EditError {
    /// The text would be longer than [`MAX_TEXT`].
    TooLong,
    /// The CRDT failed; the text is as it was.
    Failed,
}

pub(crate) struct Document {
    client: u64,
    crdt: Crdt,
    lines: Lines,
    version: Version,
    digest: Option<Digest>,
    /// A whole state, and all updates since.
    snapshot: Vec<u8>,
    journal: Vec<Vec<u8>>,
    journal_bytes: usize,
    poison: VecDeque<Digest>,
    failures: u64,
}

impl Document {
    /// Makes an empty text, whose edits are those of a client with this random number.
    pub(crate) fn new(random: u64) -> Self {
        let client = random >> 11;
        Document {
            client,
            crdt: Crdt::new(client),
            lines: Lines::new(),
            version: Version::default(),
            digest: None,
            snapshot: Update::EMPTY_V1.to_vec(),
            journal: Vec::new(),
            journal_bytes: 0,
            poison: VecDeque::new(),
            failures: 0,
        }
    }

    /// Makes the text that another replica saved; `None` if that is not one.
    pub(crate) fn resume(random: u64, history: &[u8]) -> Option<Self> {
        let mut document = Document::new(random);
        match document.apply(history) {
            Applied::Done(_) => Some(document),
            Applied::Early | Applied::Malformed => None,
        }
    }

    pub(crate) fn lines(&self) -> &Lines {
        &self.lines
    }

    pub(crate) fn version(&self) -> &Version {
        &self.version
    }

    /// How often the CRDT failed and was built anew.
    pub(crate) fn failures(&self) -> u64 {
        self.failures
    }

    pub(crate) fn digest(&mut self) -> Digest {
        if let Some(digest) = self.digest {
            return digest;
        }
        let digest = digest_of(&self.known());
        self.digest = Some(digest);
        digest
    }

    /// All that is known, by name: what was inserted and what was deleted. Replicas of which this is
    /// equal show the same text, however they came to it.
    pub(crate) fn known(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.version.encode(&mut bytes);
        let transaction = self.crdt.doc.transact();
        for (client, ranges) in transaction.snapshot().delete_set.iter() {
            bytes.extend(client.get().to_le_bytes());
            for range in ranges.iter() {
                bytes.extend(range.start.to_le_bytes());
                bytes.extend(range.end.to_le_bytes());
            }
        }
        drop(transaction);
        bytes
    }

    /// Everything that somebody at `version` lacks.
    pub(crate) fn diff(&self, version: &Version) -> Vec<u8> {
        let known = version
            .iter()
            // A client of which more is known there would be left out anyway.
            .map(|(client, clock)| (ClientID::new(client), clock))
            .collect::<StateVector>();
        self.crdt.doc.transact().encode_diff_v1(&known)
    }

    /// Makes an edit; `None` if it changes nothing.
    pub(crate) fn edit(&mut self, splice: &Splice) -> Result<Option<Edited>, EditError> {
        if splice.delete == 0 && splice.insert.is_empty() {
            return Ok(None);
        }
        if self.lines.bytes() - splice.delete + splice.insert.len() > MAX_TEXT {
            return Err(EditError::TooLong);
        }
        let text = self.crdt.text.clone();
        let update = self.crdt.transact(|transaction| {
            let at = splice.at as u32;
            if splice.delete > 0 {
                text.remove_range(transaction, at, splice.delete as u32);
            }
            if !splice.insert.is_empty() {
                text.insert(transaction, at, &splice.insert);
            }
            Ok(transaction.encode_update_v1())
        });
        match update {
            Some(update) => {
                let changed = self.commit(&update, std::slice::from_ref(splice));
                Ok(Some((update, changed)))
            }
            None => {
                self.rebuild();
                Err(EditError::Failed)
            }
        }
    }

    /// Takes an update of another replica.
    pub(crate) fn apply(&mut self, bytes: &[u8]) -> Applied {
        let Ok(contents) = update::inspect(bytes) else {
            return Applied::Malformed;
        };
        if !contents.fits(&self.version) {
            return Applied::Early;
        }
        let identity = digest_of(bytes);
        if self.poison.contains(&identity) {
            return Applied::Malformed;
        }
        let Ok(Ok(update)) = catch_unwind(|| Update::decode_v1(bytes)) else {
            return Applied::Malformed;
        };
        self.crdt.record_splices();
        let done = self
            .crdt
            .transact(|transaction| transaction.apply_update(update).map_err(|_| ()))
            .is_some_and(|()| !self.crdt.doc.transact().has_missing_updates());
        if done {
            let splices = self.crdt.take_splices();
            if splices.is_empty() && contents.inserts_nothing_beyond(&self.version) {
                // It was known: there is nothing to show or to keep.
                return Applied::Done(Vec::new());
            }
            return Applied::Done(self.commit(bytes, &splices));
        }
        self.poison.push_back(identity);
        if self.poison.len() > MAX_POISON {
            self.poison.pop_front();
        }
        self.rebuild();
        Applied::Malformed
    }

    /// The text as the CRDT has it.
    #[cfg(test)]
    pub(crate) fn string(&self) -> String {
        self.crdt.string()
    }

    /// Brings the lines, the version and the journal up to date after a transaction.
    fn commit(&mut self, update: &[u8], splices: &[Splice]) -> Vec<Changed> {
        self.digest = None;
        self.version = self.crdt.version();
        self.journal_bytes += update.len();
        self.journal.push(update.to_vec());
        if self.journal_bytes > self.snapshot.len().max(MIN_JOURNAL) {
            self.snapshot = self.diff(&Version::default());
            self.journal.clear();
            self.journal_bytes = 0;
        }
        let mut changed = Vec::new();
        let fits = self
            .lines
            .apply(splices)
            .map(|change| changed.extend(change))
            .is_ok();
        if !fits || self.lines.bytes() != self.crdt.len() {
            // An update that cuts a character in two changes the text unseen.
            changed.extend(self.lines.reset(&self.crdt.string()));
        }
        changed
    }

    /// Gives up a CRDT that failed and makes another from the journal.
    fn rebuild(&mut self) {
        self.failures += 1;
        let mut crdt = Crdt::new(self.client);
        for update in std::iter::once(&self.snapshot).chain(&self.journal) {
            crdt.transact(|transaction| {
                let update = Update::decode_v1(update).map_err(|_| ())?;
                transaction.apply_update(update).map_err(|_| ())
            });
        }
        // Its transaction may be half done: nothing of it may run again, not even to free it.
        std::mem::forget(std::mem::replace(&mut self.crdt, crdt));
        self.version = self.crdt.version();
        self.digest = None;
    }
}

fn digest_of(bytes: &[u8]) -> Digest {
    let hash = Sha256::digest(bytes);
    let mut digest = [0; 16];
    digest.copy_from_slice(&hash[..16]);
    digest
}

struct Crdt {
    doc: Doc,
    text: TextRef,
    /// What the last transaction did; `None` while that is known anyway, since finding out takes
    /// a walk through the whole text.
    splices: Arc<Mutex<Option<Vec<Splice>>>>,
}

impl Crdt {
    fn new(client: u64) -> Self {
        // The document's own identifier would be random; nothing looks at it.
        let options = Options::with_guid_and_client_id("liveobj".into(), ClientID::new(client));
        let doc = Doc::with_options(options);
        let text = doc.get_or_insert_text(ROOT);
        let splices = Arc::new(Mutex::new(None));
        let seen = Arc::clone(&splices);
        text.observe("lines", move |transaction, event| {
            if let Some(splices) = &mut *seen.lock().unwrap_or_else(PoisonError::into_inner) {
                *splices = splices_of(event.delta(transaction));
            }
        });
        Crdt { doc, text, splices }
    }

    /// Runs a transaction; `None` if it failed, and then the CRDT must not be used again.
    fn transact<R>(
        &mut self,
        body: impl FnOnce(&mut TransactionMut<'_>) -> Result<R, ()>,
    ) -> Option<R> {
        // A transaction commits when it is dropped; while unwinding, a second panic would abort.
        let mut transaction = ManuallyDrop::new(self.doc.transact_mut());
        let result = catch_unwind(AssertUnwindSafe(|| {
            let result = body(&mut transaction);
            if result.is_ok() {
                transaction.commit();
            }
            result
        }));
        match result {
            Ok(Ok(result)) => {
                drop(ManuallyDrop::into_inner(transaction));
                Some(result)
            }
            _ => None,
        }
    }

    /// From now on, what transactions do to the text is recorded.
    fn record_splices(&mut self) {
        *self.splices.lock().unwrap_or_else(PoisonError::into_inner) = Some(Vec::new());
    }

    /// What was recorded; recording ends.
    fn take_splices(&mut self) -> Vec<Splice> {
        let recorded = self
            .splices
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        recorded.unwrap_or_default()
    }

    fn version(&self) -> Version {
        let known = self.doc.transact().state_vector();
        known
            .iter()
            .map(|(client, clock)| (client.get(), *clock))
            .collect()
    }

    fn len(&self) -> usize {
        self.text.len(&self.doc.transact()) as usize
    }

    fn string(&self) -> String {
        self.text.get_string(&self.doc.transact())
    }
}

/// What a transaction did to the text, in bytes of the text before it.
fn splices_of(delta: &[Delta]) -> Vec<Splice> {
    let mut splices: Vec<Splice> = Vec::new();
    let mut at = 0;
    let mut open = false;
    for step in delta {
        if let Delta::Retain(length, _) = step {
            at += *length as usize;
            open = false;
            continue;
        }
        if !open {
            splices.push(Splice {
                at,
                delete: 0,
                insert: String::new(),
            });
            open = true;
        }
        let splice = splices.last_mut().expect("because one was pushed above");
        match step {
            Delta::Deleted(length) => {
                splice.delete += *length as usize;
                at += *length as usize;
            }
            Delta::Inserted(Out::Any(Any::String(text)), _) => splice.insert.push_str(text),
            Delta::Inserted(..) | Delta::Retain(..) => {}
        }
    }
    splices
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(document: &Document) -> String {
        let lines: Vec<_> = document.lines().visible().collect();
        lines.join("\n")
    }

    fn append(document: &mut Document, line: &str) -> Vec<u8> {
        let splice = document.lines().append(line);
        document.edit(&splice).unwrap().unwrap().0
    }

    fn edit(document: &mut Document, at: usize, delete: usize, insert: &str) -> Vec<u8> {
        let splice = document.lines().edit(at, delete, insert);
        document.edit(&splice).unwrap().unwrap().0
    }

    #[test]
    fn an_update_brings_the_edit_to_another_replica() {
        let (mut a, mut b) = (Document::new(1 << 20), Document::new(2 << 20));
        for update in [append(&mut a, "grüße 𝄞"), edit(&mut a, 2, 3, "x\ny")] {
            assert!(matches!(b.apply(&update), Applied::Done(_)));
        }
        assert_eq!(text(&a), "grx\ny 𝄞");
        assert_eq!(text(&b), text(&a));
        assert_eq!(a.digest(), b.digest());
    }

    #[test]
    fn edits_of_two_at_once_end_in_one_text() {
        let (mut a, mut b) = (Document::new(1 << 20), Document::new(2 << 20));
        let (left, right) = (append(&mut a, "left"), append(&mut b, "right"));
        a.apply(&right);
        b.apply(&left);
        assert_eq!(text(&a), text(&b));
        assert_eq!(
            a.lines().visible().len(),
            2,
            "two lines stay two: {}",
            text(&a)
        );
        assert_eq!(a.digest(), b.digest());
    }

    #[test]
    fn an_update_that_comes_early_changes_nothing() {
        let (mut a, mut b) = (Document::new(1 << 20), Document::new(2 << 20));
        let first = append(&mut a, "one");
        let second = append(&mut a, "two");
        assert_eq!(b.apply(&second), Applied::Early);
        assert_eq!(text(&b), "");
        b.apply(&first);
        b.apply(&second);
        assert_eq!(text(&b), "one\ntwo");
    }

    #[test]
    fn a_diff_brings_everything_that_is_missing() {
        let (mut a, mut b) = (Document::new(1 << 20), Document::new(2 << 20));
        let first = append(&mut a, "one");
        b.apply(&first);
        append(&mut a, "two");
        edit(&mut a, 0, 2, "");
        let diff = a.diff(b.version());
        let expected = Changed {
            first: 0,
            removed: 1,
            added: vec!["e".into(), "two".into()],
        };
        assert_eq!(b.apply(&diff), Applied::Done(vec![expected]));
        assert_eq!(a.digest(), b.digest());
        assert_eq!(
            b.apply(&diff),
            Applied::Done(Vec::new()),
            "once more changes nothing"
        );
    }

    #[test]
    fn equal_states_have_equal_digests_however_they_came_about() {
        let (mut a, mut b) = (Document::new(1 << 20), Document::new(2 << 20));
        let mut updates = Vec::new();
        for letter in ["a", "b", "c", "d"] {
            updates.push(edit(&mut a, 0, 0, letter));
        }
        updates.push(edit(&mut a, 1, 2, ""));
        for update in &updates {
            b.apply(update);
        }
        let mut c = Document::new(3 << 20);
        c.apply(&a.diff(&Version::default()));
        assert_eq!((a.digest(), a.digest()), (b.digest(), c.digest()));
        assert_eq!(text(&c), "da");
    }

    #[test]
    fn the_journal_restores_the_text() {
        let mut a = Document::new(1 << 20);
        for number in 0..300 {
            append(&mut a, &format!("{number:0>1000}"));
        }
        assert!(a.journal_bytes <= a.snapshot.len(), "the journal is cut");
        let (before, digest) = (text(&a), a.digest());
        a.rebuild();
        assert_eq!(a.crdt.string(), before + "\n");
        assert_eq!(a.digest(), digest);
        append(&mut a, "and on it goes");
    }

    #[test]
    fn a_text_that_would_grow_too_long_is_refused() {
        let mut a = Document::new(1 << 20);
        let splice = a.lines().append(&"x".repeat(MAX_TEXT));
        assert_eq!(a.edit(&splice), Err(EditError::TooLong));
        assert_eq!(text(&a), "");
    }

    #[test]
    fn a_character_cut_in_two_is_shown_as_such() {
        let mut a = Document::new(1 << 20);
        append(&mut a, "𝄞");
        let client = a.client;
        let (low, mid, high) = (
            client as u8 & 0x7f | 0x80,
            (client >> 7) as u8,
            client >> 14,
        );
        assert!(
            high == 0 && mid < 0x80,
            "the client's number takes two bytes"
        );
        // Deletes the first half of the character.
        assert_eq!(
            a.apply(&[0, 1, low, mid, 1, 0, 1]),
            Applied::Done(vec![Changed {
                first: 0,
                removed: 1,
                added: vec!["\u{fffd}".into()]
            }])
        );
        append(&mut a, "goes on");
        assert_eq!(text(&a), "\u{fffd}\ngoes on");
    }
}
