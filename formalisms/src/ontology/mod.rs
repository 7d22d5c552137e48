//! Ontologies: names of properties, what each says, and what follows from what.
//!
//! The one that is shipped has names without dots. Users add others as files, each with a name of its
//! own: `urgent` of the ontology `acme` is `acme.urgent` everywhere but in its file, so that no two
//! files can mean different things by one name. Nothing that a file claims is taken as it stands:
//! what follows from definitions is proved from them (`prove`), and what does not needs a reason and
//! is told wherever an answer rests on it ([`Fact::is_word`]).

mod lines;
mod prove;
mod read;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use liveobj_types::formalism::{Law, Speaker, Word};
use liveobj_types::{Diagnostic, Place, Source, nearest};

pub(crate) use lines::name;

/// A property of an ontology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// What it says: one sentence.
    pub sentence: String,
    /// Whether it outlives conversions that drop fields.
    pub survives_lossy: bool,
    /// The same, exactly, as a constraint of the formalism `temporal`.
    pub temporal: Option<String>,
    /// Whether no history shows what it says more than what it implies: as a guarantee, it is told to
    /// `temporal` with that.
    pub beyond_temporal: bool,
}

/// That a property follows from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// What it follows from, all of it together.
    pub premises: BTreeSet<String>,
    /// What follows.
    pub conclusion: String,
    /// Why it is true though no definitions prove it; none where they do.
    pub axiom: Option<String>,
    /// The user's file that says so; none in what is shipped.
    pub place: Option<Place>,
}

impl Fact {
    /// Whether nothing but somebody's word stands for it.
    pub fn is_word(&self) -> bool {
        self.place.is_some() && self.axiom.is_some()
    }

    /// It, as a law of the formalism.
    pub(crate) fn to_law(&self) -> Law {
        Law {
            premises: self.premises.iter().cloned().collect(),
            conclusion: self.conclusion.clone(),
            axiom: self.axiom.clone(),
            place: self.place.clone(),
        }
    }

    /// It, as what an answer rests on; none unless [`Fact::is_word`].
    pub(crate) fn to_word(&self, formalism: &str) -> Option<Word> {
        let (place, reason) = (self.place.as_ref()?, self.axiom.as_ref()?);
        Some(Word {
            formalism: formalism.to_owned(),
            by: Speaker::Ontology {
                place: place.to_string(),
                reason: reason.clone(),
            },
            premises: self.premises.iter().cloned().collect(),
            conclusion: self.conclusion.clone(),
        })
    }
}

/// Names with their sentences and facts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ontology {
    properties: BTreeMap<String, Property>,
    /// By premises and conclusion; every name is declared.
    facts: BTreeMap<(BTreeSet<String>, String), Fact>,
    /// Names of the ontologies that users added.
    added: BTreeSet<String>,
}

impl Ontology {
    /// The ontology that the project ships.
    pub fn standard() -> Ontology {
        let text = include_str!("../../ontology.txt");
        Ontology::parse(text).expect("a test reads the ontology that is shipped")
    }

    /// Reads an ontology that has no name, as the shipped one. Names may be used before the line that
    /// declares them. Nothing is proved: a test proves the one that is shipped.
    ///
    /// # Errors
    ///
    /// All lines that are wrong.
    pub fn parse(text: &str) -> Result<Ontology, Vec<Diagnostic>> {
        read::shipped(text)
    }

    /// The ontology that is shipped, with those in files of users, in whatever order. They may speak
    /// of each other's names. `budget` is how many steps each proof may take.
    ///
    /// # Errors
    ///
    /// All that is wrong with the files: lines that cannot be read, names that clash or are not
    /// declared, implications in circles, definitions that cannot be read or kept, facts that are
    /// refuted, and facts that are neither proved nor axioms.
    pub fn with_files(files: &[Arc<Source>], budget: u64) -> Result<Ontology, Vec<Diagnostic>> {
        let (ontology, places) = read::files(Ontology::standard(), files)?;
        prove::proved(ontology, &places, budget)
    }

    /// The properties by name.
    pub fn properties(&self) -> &BTreeMap<String, Property> {
        &self.properties
    }

    /// The facts, sorted by premises and conclusion.
    pub fn facts(&self) -> impl Iterator<Item = &Fact> {
        self.facts.values()
    }

    /// Whether an ontology of this name was added.
    pub fn has_ontology(&self, name: &str) -> bool {
        self.added.contains(name)
    }

    /// The declared name most like `name`.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.properties.keys().map(String::as_str))
    }

    /// All names that follow from some; the facts in the order in which they were needed. What needs
    /// nobody's word comes first, so that no word is behind what also follows without.
    pub(crate) fn closure<'o>(
        &'o self,
        given: impl IntoIterator<Item = &'o str>,
    ) -> (BTreeSet<&'o str>, Vec<&'o Fact>) {
        let facts: Vec<&Fact> = self.facts().collect();
        let mut missing: Vec<usize> = facts.iter().map(|fact| fact.premises.len()).collect();
        let mut uses: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, fact) in facts.iter().enumerate() {
            for premise in &fact.premises {
                uses.entry(premise).or_default().push(at);
            }
        }
        let mut known = BTreeSet::new();
        let mut fired = Vec::new();
        // By whether it is a word, then in the order of the facts.
        let mut ready: BTreeSet<(bool, usize)> = BTreeSet::new();
        let mut news: Vec<&str> = given.into_iter().collect();
        loop {
            for name in news.drain(..) {
                if known.insert(name) {
                    for at in uses.get(name).into_iter().flatten() {
                        missing[*at] -= 1;
                        if missing[*at] == 0 {
                            ready.insert((facts[*at].is_word(), *at));
                        }
                    }
                }
            }
            let Some((_, at)) = ready.pop_first() else {
                return (known, fired);
            };
            if !known.contains(facts[at].conclusion.as_str()) {
                fired.push(facts[at]);
                news.push(&facts[at].conclusion);
            }
        }
    }

    /// The facts of a closure that stand behind some of its names, the last ones first.
    pub(crate) fn facts_behind<'o>(
        fired: &[&'o Fact],
        names: impl IntoIterator<Item = &'o str>,
    ) -> Vec<&'o Fact> {
        let mut needed: BTreeSet<&str> = names.into_iter().collect();
        let mut behind = Vec::new();
        for fact in fired.iter().rev() {
            if needed.contains(fact.conclusion.as_str()) {
                needed.extend(fact.premises.iter().map(String::as_str));
                behind.push(*fact);
            }
        }
        behind
    }
}
