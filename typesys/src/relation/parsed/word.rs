//! Which verdicts rest on the word of a library that adds a formalism.

use super::super::constraints::Lossy;
use super::{Parsed, renaming, same_events, words};
use crate::formalism::{Speaker, Structure, Word};

impl Parsed {
    /// Whether a premise of the same formalism has the same text, which speaks of the same.
    pub(super) fn is_literally(&self, premise: &Parsed) -> bool {
        let (asked, given) = (&self.constraint, &premise.constraint);
        asked.text == given.text
            && asked.dual == given.dual
            && renaming(asked).eq(renaming(given))
            && match (self.comparable(), premise.comparable()) {
                (Some(a), Some(b)) => same_events(&asked.text, a, b),
                _ => false,
            }
    }

    /// Whether it is no matter of a library's word that the premise, which repeats it, says the same.
    pub(super) fn is_beyond_doubt(&self, premise: &Parsed) -> bool {
        let formalism = self.formalism.as_ref();
        formalism.is_none_or(|it| it.library().is_none()) || self.is_literally(premise)
    }

    fn comparable(&self) -> Option<&Structure> {
        match &self.formula {
            Ok(read) => read.comparable.as_deref(),
            Err(not) => not.comparable.as_deref(),
        }
    }
}

/// The word of a library on which it rests that `premises` imply `conclusion`, which holds: none if
/// the formalism is built in, or if the same text is given and no conversion loses any of it.
pub(in crate::relation) fn of(
    premises: &[Parsed],
    conclusion: &Parsed,
    lossy: &Lossy,
) -> Option<Word> {
    let formalism = conclusion.formalism.as_ref()?;
    let library = formalism.library()?.to_owned();
    let literally = !lossy.concerns(&conclusion.constraint)
        && conclusion.same_formalism(premises).any(|premise| {
            conclusion.is_repeated_by(premise)
                && conclusion.is_literally(premise)
                && !lossy.concerns(&premise.constraint)
        });
    if literally {
        return None;
    }
    let used = conclusion.same_formalism(premises).filter(|premise| {
        let usable = conclusion.is_conditional() || !premise.is_conditional();
        premise.formula.is_ok() && usable
    });
    Some(Word {
        formalism: formalism.name().to_owned(),
        by: Speaker::Library(library),
        premises: used.map(|premise| words(&premise.constraint)).collect(),
        conclusion: words(&conclusion.constraint),
    })
}
