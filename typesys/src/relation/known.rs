//! What earlier questions found, kept with the arena.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use super::hash::IdMap;
use super::pairs::Pair;
use super::parsed::Parsed;
use crate::formalism::{Formalisms, Word};
use crate::types::{EndpointId, ObjectId};
use crate::verdict::Verdict;

/// Most words that are remembered; they are there to be read.
const MAX_WORDS: usize = 10_000;

/// Answers about the types of one arena. An id means the same for ever: what is reachable from a
/// type is complete before anything is asked of it, and where types are taken out of an arena again,
/// all of this is forgotten. Answers rest on the formalisms and on how much may be looked at besides:
/// with others, all of this is forgotten too.
#[derive(Default)]
pub(crate) struct Known {
    formalisms: Formalisms,
    budget: u64,
    queued: bool,
    max_pairs: usize,
    /// Pairs that hold, resting on no open assumption, since everything that they reach holds; and
    /// the walk that found it.
    holding: IdMap<Pair, u32>,
    /// How many pairs a walk may have reached at most, those known to hold before included.
    walks: Vec<usize>,
    /// Verdicts that are not `holds`, of pairs that were asked for.
    others: IdMap<Pair, Verdict>,
    /// Parsed constraints: C, then C′.
    pub(super) endpoints: IdMap<EndpointId, [Arc<[Parsed]>; 2]>,
    /// Parsed constraints: C, then C′.
    pub(super) objects: IdMap<ObjectId, [Arc<[Parsed]>; 2]>,
    /// What was taken on the word of libraries. Never forgotten: what rests on it may be kept
    /// elsewhere.
    words: BTreeSet<Word>,
}

impl Known {
    /// Forgets everything, unless it was found with these.
    pub(super) fn rest_on(
        &mut self,
        formalisms: &Formalisms,
        (budget, queued): (u64, bool),
        max_pairs: usize,
    ) {
        let same = (self.budget, self.queued, self.max_pairs) == (budget, queued, max_pairs);
        if !same || !self.formalisms.is_same(formalisms) {
            *self = Known {
                formalisms: formalisms.clone(),
                budget,
                queued,
                max_pairs,
                words: std::mem::take(&mut self.words),
                ..Known::default()
            };
        }
    }

    /// Forgets everything but the words of libraries.
    pub(crate) fn forget(&mut self) {
        *self = Known {
            words: std::mem::take(&mut self.words),
            ..Known::default()
        };
    }

    /// What was taken on the word of libraries.
    pub(crate) fn words(&self) -> &BTreeSet<Word> {
        &self.words
    }

    /// Remembers what is taken on the word of a library.
    pub(super) fn add_word(&mut self, word: Word) {
        if self.words.len() < MAX_WORDS {
            self.words.insert(word);
        }
    }

    /// The verdict on a pair that was asked for or, where it holds, reached.
    pub(super) fn verdict(&self, pair: Pair) -> Option<Verdict> {
        match self.holding.contains_key(&pair) {
            true => Some(Verdict::Holds),
            false => self.others.get(&pair).cloned(),
        }
    }

    /// The walk that found that a pair holds.
    pub(super) fn walk(&self, pair: Pair) -> Option<u32> {
        self.holding.get(&pair).copied()
    }

    /// How many pairs that walk reached at most.
    pub(super) fn reached(&self, walk: u32) -> usize {
        self.walks[walk as usize]
    }

    /// Remembers a walk on which everything held.
    pub(super) fn add_walk(&mut self, pairs: impl IntoIterator<Item = Pair>, reached: usize) {
        let walk = self.walks.len() as u32;
        self.walks.push(reached);
        self.holding
            .extend(pairs.into_iter().map(|pair| (pair, walk)));
    }

    /// Remembers a verdict that is not `holds`.
    pub(super) fn add_other(&mut self, pair: Pair, verdict: Verdict) {
        self.others.insert(pair, verdict);
    }
}

impl Clone for Known {
    /// Nothing: the two arenas go different ways, and what is known can be found again.
    fn clone(&self) -> Known {
        Known::default()
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (holding, others) = (self.holding.len(), self.others.len());
        write!(f, "Known({holding} hold, {others} do not)")
    }
}
