//! A formalism of safety properties of short histories.

use std::sync::LazyLock;

use super::*;
use crate::formalism::{Events, Speaker, Word};

/// Histories have this many events, out of `a`, `b`, emitted by one side, and `c`, `d`, emitted by
/// the other. A property is the set of its histories, a bit for each; what refutes it is a beginning
/// that none of them has.
pub(super) const LENGTH: usize = 3;
pub(super) const LETTERS: [char; 4] = ['a', 'b', 'c', 'd'];

pub(super) type Property = u64;

/// The events of a history.
pub(super) fn letters(history: usize) -> [usize; LENGTH] {
    [history % 4, history / 4 % 4, history / 16]
}

/// The histories that begin like this one, for so many events.
pub(super) fn beginning(history: usize, events: usize) -> Property {
    static ALL: LazyLock<Vec<[Property; LENGTH + 1]>> = LazyLock::new(|| {
        let begins = |history, events| {
            let same = |other: &usize| letters(*other)[..events] == letters(history)[..events];
            (0..64).filter(same).fold(0, |all, other| all | 1 << other)
        };
        (0..64)
            .map(|history| [0, 1, 2, 3].map(|events| begins(history, events)))
            .collect()
    });
    ALL[history][events]
}

/// Whether the first so many events refute a property.
pub(super) fn refutes(history: usize, events: usize, property: Property) -> bool {
    property & beginning(history, events) == 0
}

/// The histories in which none of these letters occurs.
fn without(letter: impl Fn(char) -> bool) -> Property {
    let free = |history: &usize| !letters(*history).iter().any(|it| letter(LETTERS[*it]));
    (0..64).filter(free).fold(0, |all, it| all | 1 << it)
}

/// A formula.
struct Read {
    property: Property,
    /// The letters that its provider may emit, as far as its type tells.
    emitted: BTreeSet<char>,
    /// Whether it speaks of several connections at once.
    shared: bool,
    /// Whether it survives lossy conversions.
    robust: bool,
}

fn read(formula: &Formula) -> &Read {
    formula.get().expect("formulas of `short`, and of no other")
}

fn together(formulas: &[&Formula]) -> Property {
    let all = formulas.iter().map(|formula| read(formula).property);
    all.fold(Property::MAX, |all, each| all & each)
}

/// The histories that can be where the provider of a formula emits these events only.
fn possible(formula: &Formula, events: &Events) -> Property {
    let Events::Endpoint(events) = events else {
        return Property::MAX;
    };
    let emitted = &read(formula).emitted;
    without(|letter| emitted.contains(&letter) && !events.contains(&letter.to_string()))
}

/// Texts are sets of histories in hexadecimal digits, or `never` with beginnings. They say with `all`
/// before it that they are about several connections at once, and with `robust` that they survive
/// lossy conversions.
#[derive(Default)]
pub(super) struct Short {
    /// Whether each other formula is taken to speak of each connection by itself.
    pub(super) alone: bool,
    /// Whether a library adds it.
    pub(super) foreign: bool,
    /// Whether what follows follows by an axiom only.
    pub(super) axioms: bool,
}

impl Formalism for Short {
    fn name(&self) -> &str {
        "short"
    }

    fn id(&self) -> u128 {
        2
    }

    fn library(&self) -> Option<&str> {
        self.foreign.then_some("lib")
    }

    fn parse(&self, text: &str, structure: &Structure) -> Result<Formula, ParseError> {
        let rest = text.strip_prefix("all ").unwrap_or(text);
        let plain = rest.strip_prefix("robust ").unwrap_or(rest);
        let property = match plain.strip_prefix("never ") {
            // All but those that begin like that.
            Some(words) => {
                let starts = |history: &usize| {
                    let history = letters(*history).map(|letter| LETTERS[letter]);
                    let history: String = history.iter().collect();
                    words.split(", ").any(|word| history.starts_with(word))
                };
                (0..64)
                    .filter(|it| !starts(it))
                    .fold(0, |all, it| all | 1 << it)
            }
            None => Property::from_str_radix(plain, 16).unwrap(),
        };
        let emitted = match structure {
            Structure::Endpoint(endpoint) => endpoint.emitted.keys().collect(),
            Structure::Object(endpoints) => {
                let emitted = endpoints.values().flat_map(|it| it.emitted.keys());
                emitted.collect::<Vec<_>>()
            }
            Structure::Undeclared => Vec::new(),
        };
        Ok(Formula::new(Read {
            property,
            emitted: emitted.into_iter().flat_map(|name| name.chars()).collect(),
            shared: rest != text,
            robust: plain != rest,
        }))
    }

    fn print(&self, formula: &Formula) -> String {
        let read = read(formula);
        let all = if read.shared { "all " } else { "" };
        let robust = if read.robust { "robust " } else { "" };
        format!("{all}{robust}{:x}", read.property)
    }

    fn satisfiable(&self, formulas: &[&Formula], _: u64) -> Verdict {
        match together(formulas) {
            0 => Verdict::Fails(Witness::Structure),
            _ => Verdict::Holds,
        }
    }

    fn rests_on(&self, premises: &[&Formula], conclusion: &Formula) -> Vec<Word> {
        let word = Word {
            formalism: "short".to_owned(),
            by: Speaker::Ontology {
                place: "here".to_owned(),
                reason: "it is so".to_owned(),
            },
            premises: premises.iter().map(|it| self.print(it)).collect(),
            conclusion: self.print(conclusion),
        };
        self.axioms.then_some(word).into_iter().collect()
    }

    fn implies(&self, premises: &[&Formula], events: &Events, asked: &Formula, _: u64) -> Verdict {
        match together(premises) & possible(asked, events) & !read(asked).property {
            0 => Verdict::Holds,
            left => {
                let history = letters(left.trailing_zeros() as usize);
                let history = history.map(|letter| LETTERS[letter].to_string());
                let (prefix, cycle) = (history.to_vec(), Vec::new());
                Verdict::Fails(Witness::Trace { prefix, cycle })
            }
        }
    }

    fn replay(&self, _: &[&Formula], _: &Events, _: &Formula, _: &Witness) -> bool {
        true
    }

    fn self_sustaining(
        &self,
        kept: &[&Formula],
        waiting: &[&Formula],
        events: &Events,
        _: u64,
    ) -> Verdict {
        let Events::Endpoint(emitted) = events else {
            return Verdict::Unknown(Reason::Budget);
        };
        let own = |history: usize, events: usize| {
            events > 0 && emitted.contains(&LETTERS[letters(history)[events - 1]].to_string())
        };
        let possible = waiting
            .iter()
            .fold(Property::MAX, |all, it| all & possible(it, events));
        let kept = together(kept) & possible;
        let all = kept & together(waiting);
        let shown = (0..64).all(|history| {
            (0..=LENGTH).all(|events| {
                let property = |it: &Formula| read(it).property & possible;
                let broken = |it: &&Formula| refutes(history, events, property(it));
                let newly = |it: &&Formula| {
                    broken(it) && (events == 0 || !refutes(history, events - 1, property(it)))
                };
                if refutes(history, events, possible) {
                    return true;
                }
                let faults_are_own = !waiting.iter().any(newly) || own(history, events);
                let goes_on = refutes(history, events, kept)
                    || waiting.iter().any(broken)
                    || !refutes(history, events, all);
                faults_are_own && goes_on
            })
        });
        match shown {
            true => Verdict::Holds,
            false => Verdict::Unknown(Reason::Budget),
        }
    }

    fn surviving(&self, formula: &Formula) -> Option<Formula> {
        read(formula).robust.then(|| formula.clone())
    }

    fn of_one_connection(&self, formula: &Formula) -> bool {
        self.alone && !read(formula).shared
    }
}

pub(super) fn formalisms(alone: bool) -> Formalisms {
    with(Short {
        alone,
        ..Short::default()
    })
}

pub(super) fn with(short: Short) -> Formalisms {
    let mut formalisms = Formalisms::none();
    formalisms.add(Arc::new(short));
    formalisms
}
