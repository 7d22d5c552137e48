//! Verdicts of formalisms that were found before, by whatever keeps them (docs/facts.md).
//!
//! This is below the relations of types: what is kept are answers of [`Formalism::implies`], each
//! under a digest of all that it depends on. [`Facts`] is the slot; a runtime has one that keeps
//! them on disk. Whatever is in the slot, only these functions decide what is believed: a refutation
//! is replayed, and a `holds` must have been signed. All else is asked again.

use sha2::{Digest, Sha256};

use crate::formalism::{Events, Formalism, Formalisms, Formula};
use crate::verdict::{Reason, Verdict};

/// Steps from which on an answer is kept. Fewer take about as long as it takes to look one up:
/// docs/facts.md has the figures.
pub const WORTH_KEEPING: u64 = 300;

/// What was found before. Implementations never panic, and what they do besides answering is
/// nobody's concern: where they cannot read or write, there is nothing and nothing is kept.
pub trait Facts: Send + Sync {
    /// What is kept as the answer to a question.
    fn find(&self, question: &Question) -> Option<Fact>;

    /// Keeps an answer, which is never `unknown`, in place of what there was.
    fn keep(&self, question: &Question, verdict: &Verdict);

    /// What [`Facts::find`] gave was not believed, for this reason: a clause.
    fn doubt(&self, question: &Question, why: &'static str);
}

/// A question, by the SHA-256 of everything that the answer depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Question(pub [u8; 32]);

/// What is kept as an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The answer.
    pub verdict: Verdict,
    /// Whether somebody vouches for it whom this process trusts: it was signed with the key that
    /// was configured, as the answer to this question.
    pub signed: bool,
}

impl Question {
    /// The question whether `premises` imply `conclusion`; none where the formalism does not say
    /// what tells it, or one of the formulas, from every other.
    pub fn new(
        formalism: &dyn Formalism,
        premises: &[&Formula],
        events: &Events,
        conclusion: &Formula,
        budget: u64,
    ) -> Option<Question> {
        let identity = formalism.identity()?;
        let mut digest = Parts(Sha256::new());
        digest.part(b"liveobj: premises imply a conclusion, 1");
        digest.part(formalism.name().as_bytes());
        digest.part(identity.as_bytes());
        digest.number(budget);
        digest.events(events);
        digest.number(premises.len() as u64);
        for premise in premises {
            digest.part(&formalism.encode(premise)?);
        }
        digest.part(&formalism.encode(conclusion)?);
        Some(Question(digest.0.finalize().into()))
    }

    /// In lower-case hexadecimal.
    pub fn hexadecimal(&self) -> String {
        self.0.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Parts of a question, none of which can be taken for another: each with its length before it.
struct Parts(Sha256);

impl Parts {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    fn part(&mut self, part: &[u8]) {
        self.number(part.len() as u64);
        self.0.update(part);
    }

    fn events(&mut self, events: &Events) {
        match events {
            Events::All => self.number(0),
            Events::Endpoint(names) => {
                self.number(1);
                self.number(names.len() as u64);
                names.iter().for_each(|name| self.part(name.as_bytes()));
            }
            Events::Object(endpoints) => {
                self.number(2);
                self.number(endpoints.len() as u64);
                for (endpoint, names) in endpoints {
                    self.part(endpoint.as_bytes());
                    self.number(names.len() as u64);
                    names.iter().for_each(|name| self.part(name.as_bytes()));
                }
            }
        }
    }
}

impl Formalisms {
    /// [`Formalism::implies`] of one of these, or what was found before, where that is believed: the
    /// answer is the same. A refutation has been replayed; one that does not replay is `unknown`.
    pub fn implies(
        &self,
        formalism: &dyn Formalism,
        premises: &[&Formula],
        events: &Events,
        conclusion: &Formula,
        budget: u64,
    ) -> Verdict {
        let replays = |verdict: &Verdict| match verdict {
            Verdict::Fails(witness) => formalism.replay(premises, events, conclusion, witness),
            Verdict::Unknown(_) | Verdict::Holds => true,
        };
        let ask = || {
            let (verdict, steps) = formalism.implies_counting(premises, events, conclusion, budget);
            if replays(&verdict) {
                return (verdict, steps);
            }
            let name = formalism.name();
            let unconfirmed = Reason::Undecided(format!(
                "formalism `{name}` refutes it, but its witness does not replay"
            ));
            (Verdict::Unknown(unconfirmed), steps)
        };
        let facts = self.facts.as_deref();
        let kept = facts.and_then(|facts| {
            let question = Question::new(formalism, premises, events, conclusion, budget)?;
            Some((facts, question))
        });
        let Some((facts, question)) = kept else {
            return ask().0;
        };
        if let Some(fact) = facts.find(&question) {
            let doubt = match &fact.verdict {
                Verdict::Fails(_) if replays(&fact.verdict) => return fact.verdict,
                Verdict::Fails(_) => "its witness does not replay",
                Verdict::Holds if fact.signed => return Verdict::Holds,
                Verdict::Holds => "it is not signed with the key",
                Verdict::Unknown(_) => "it is no answer",
            };
            facts.doubt(&question, doubt);
        }
        let (verdict, steps) = ask();
        let decided = !matches!(verdict, Verdict::Unknown(_));
        if decided && steps.is_none_or(|steps| steps >= WORTH_KEEPING) {
            facts.keep(&question, &verdict);
        }
        verdict
    }

    /// [`Formalism::satisfiable`] of one of these. Where that is the question what implies a
    /// contradiction, it is answered by [`Formalisms::implies`].
    pub fn satisfiable(
        &self,
        formalism: &dyn Formalism,
        formulas: &[&Formula],
        budget: u64,
    ) -> Verdict {
        match formalism.contradiction() {
            None => formalism.satisfiable(formulas, budget),
            Some(contradiction) => self
                .implies(formalism, formulas, &Events::All, &contradiction, budget)
                .as_satisfiability(),
        }
    }
}

#[cfg(test)]
mod tests;
