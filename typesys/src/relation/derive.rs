//! From answers to derivations, where somebody wants to be told.
//!
//! What is told is what the functions that decide have done: how they found an answer stands in it
//! ([`Way`]), and which premises it takes is found out by asking them again with fewer ones. So a
//! derivation is there exactly where the answer is `holds`, whether that was known or not.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::Relations;
use super::constraints::{Lossy, Side};
use super::derivation::{Derivation, Discharge, Owner, Rule};
use super::discharge::{Circle, Givers};
use super::implication::{Answer, Left, Way};
use super::parsed::Parsed;
use super::translation::{Source, Told};
use crate::formalism::{Events, Formalism, Formula, Law, Word};
use crate::verdict::Verdict;

/// Questions asked to find out which premises one conclusion takes.
const MAX_TRIALS: usize = 64;

/// Whom to tell of, while somebody wants to be told.
pub(crate) struct Telling {
    /// Who are the left and the right side of the pair at hand.
    pub(super) owners: [Owner; 2],
    /// What was discharged so far.
    discharged: RefCell<Vec<Discharge>>,
}

impl Telling {
    pub(crate) fn of(owners: [Owner; 2]) -> Telling {
        Telling {
            owners,
            discharged: RefCell::default(),
        }
    }

    /// What was discharged.
    pub(crate) fn into_discharged(self) -> Vec<Discharge> {
        self.discharged.into_inner()
    }
}

/// Premises that a formalism may use: each with what it rests on without a proof.
type Parts<'p> = Vec<(&'p Formula, &'p [Word])>;

impl Relations<'_> {
    /// Why a conclusion follows from premises, of which [`Relations::implies`] gave the answer that it
    /// does.
    pub(crate) fn derivation(
        &self,
        premises: &[Parsed],
        events: &Events,
        conclusion: &Parsed,
        lossy: &Lossy,
        answer: &Answer,
    ) -> Arc<Derivation> {
        let chosen = self.where_they_hold(premises, events, conclusion, lossy);
        let premises = chosen.as_deref().unwrap_or(premises);
        let own: Vec<&Parsed> = conclusion.same_formalism(premises).collect();
        let rule = match (answer.way, &answer.decided) {
            (Way::Repeated, _) => {
                let left = Left::new(lossy, conclusion);
                let mut equal = own.iter().filter(|it| left.is_repeated(conclusion, it));
                equal.next().map(|premise| Rule::Repeated {
                    from: premise.derivation(),
                })
            }
            (Way::Weakened, _) => self.weakening(&own, events, conclusion, lossy),
            (Way::Decided, None) => conclusion.read().map(|(formalism, asked)| {
                let left = Left::new(lossy, conclusion);
                let usable = own.iter().filter_map(|premise| {
                    let usable = left.usable(premise)?;
                    Some((premise, usable))
                });
                let usable: Vec<(&&Parsed, Formula)> = usable.collect();
                let used = usable.iter();
                let used = used.map(|(premise, formula)| (formula, premise.rests_on()));
                let told = |at: usize| {
                    let (premise, formula) = &usable[at];
                    let told = premise.told_as_usable(formula);
                    told.unwrap_or_else(|| premise.derivation())
                };
                let used = used.collect();
                self.implied(&**formalism, used, told, events, &[asked], answer)
            }),
            (Way::Decided, Some(decided)) => {
                let asked = &decided.asked;
                self.formalisms.get(&asked.formalism).map(|formalism| {
                    let here = decided.told.get(&asked.formalism);
                    let used = here.map_or_else(Vec::new, |here| here.parts().collect());
                    let told = |at| self.derivation_of(&decided.told, &asked.formalism, at);
                    let formulas: Vec<&Formula> = asked.formulas.iter().collect();
                    let mut rule =
                        self.implied(&**formalism, used, told, events, &formulas, answer);
                    for (formalism, text) in asked.steps.iter().skip(1).rev() {
                        let from = Arc::new(Derivation {
                            formalism: formalism.clone(),
                            text: text.clone(),
                            rule,
                        });
                        rule = Rule::Defined { from };
                    }
                    rule
                })
            }
        };
        Arc::new(Derivation {
            formalism: conclusion.constraint.formalism.to_string(),
            text: conclusion.said(),
            rule: rule.unwrap_or(Rule::Assumed),
        })
    }

    /// The same where it has not been asked yet whether it follows.
    fn derived(
        &self,
        premise: Parsed,
        events: &Events,
        conclusion: &Parsed,
        lossy: &Lossy,
    ) -> Arc<Derivation> {
        let premises = [premise];
        let answer = self.implies(&premises, events, conclusion, lossy);
        self.derivation(&premises, events, conclusion, lossy, &answer)
    }

    fn weakening(
        &self,
        own: &[&Parsed],
        events: &Events,
        conclusion: &Parsed,
        lossy: &Lossy,
    ) -> Option<Rule> {
        let (at, _) = self.weakened(own, events, conclusion, lossy)?;
        let premise = own[at];
        let (assumed, wanted) = (conclusion.assumption()?, premise.assumption()?);
        Some(Rule::Weakened {
            assumption: self.derived(assumed.clone(), &Events::All, wanted, lossy),
            guarantee: self.derived(premise.assumed(), events, &conclusion.assumed(), lossy),
        })
    }

    /// That a formalism has shown all of `asked`, and by which of the premises; `told` derives the one
    /// at a position.
    fn implied(
        &self,
        formalism: &dyn Formalism,
        used: Parts<'_>,
        told: impl Fn(usize) -> Arc<Derivation>,
        events: &Events,
        asked: &[&Formula],
        answer: &Answer,
    ) -> Rule {
        let needed = match self.same(formalism, &used, events, asked, &answer.rests_on) {
            Some(at) => vec![at],
            None => self.needed(formalism, &used, events, asked, &answer.rests_on),
        };
        if let ([at], [asked]) = (&needed[..], asked)
            && formalism.repeats(used[*at].0, asked)
        {
            return Rule::Repeated { from: told(*at) };
        }
        let premises: Vec<&Formula> = needed.iter().map(|at| used[*at].0).collect();
        let mut laws: Vec<Law> = Vec::new();
        for law in asked.iter().flat_map(|it| formalism.laws(&premises, it)) {
            if !laws.contains(&law) {
                laws.push(law);
            }
        }
        Rule::Implied {
            from: needed.into_iter().map(told).collect(),
            laws,
            library: formalism.library().map(str::to_owned),
        }
    }

    /// The position of a premise that says the same and suffices. An equal text may be about other
    /// events, and then it is not the reason.
    fn same(
        &self,
        formalism: &dyn Formalism,
        used: &Parts<'_>,
        events: &Events,
        asked: &[&Formula],
        words: &[Word],
    ) -> Option<usize> {
        let [only] = asked else { return None };
        let mut same = (0..used.len()).filter(|at| formalism.repeats(used[*at].0, only));
        same.find(|at| self.suffice(formalism, [used[*at]], events, asked, words))
    }

    /// Whether these premises show all of `asked`, resting on no other words than these.
    fn suffice<'f>(
        &self,
        formalism: &dyn Formalism,
        used: impl IntoIterator<Item = (&'f Formula, &'f [Word])>,
        events: &Events,
        asked: &[&Formula],
        words: &[Word],
    ) -> bool {
        let (verdict, _, rests_on) = self.decide(formalism, used, events, asked);
        verdict.holds() && rests_on.iter().all(|word| words.contains(word))
    }

    /// Positions of premises that suffice, of which none can be left out unless there were too many
    /// to try; those that stand first are kept. They rest on no other words than all of them do.
    fn needed(
        &self,
        formalism: &dyn Formalism,
        used: &Parts<'_>,
        events: &Events,
        asked: &[&Formula],
        words: &[Word],
    ) -> Vec<usize> {
        let suffice = |chosen: &[usize]| {
            let used = chosen.iter().map(|at| used[*at]);
            self.suffice(formalism, used, events, asked, words)
        };
        let mut chosen: Vec<usize> = (0..used.len()).collect();
        let mut trials = 0;
        let mut size = chosen.len();
        while size > 0 {
            let mut end = chosen.len();
            while end > 0 && trials < MAX_TRIALS {
                let start = end.saturating_sub(size);
                let fewer = [&chosen[..start], &chosen[end..]].concat();
                trials += 1;
                if suffice(&fewer) {
                    chosen = fewer;
                }
                end = start;
            }
            size /= 2;
        }
        chosen
    }

    /// Where a formula comes from that a formalism knew, `at` this position.
    pub(super) fn derivation_of(
        &self,
        told: &BTreeMap<String, Told>,
        name: &str,
        at: usize,
    ) -> Arc<Derivation> {
        let used = &told[name].used[at];
        let last = used.steps.last();
        let text = last.map_or_else(String::new, |(_, text)| text.clone());
        let (from, first, consequence, all) = match &used.source {
            Source::Given(Some(derivation)) => return derivation.clone(),
            Source::Given(None) => return Arc::new(assumed(name, text)),
            Source::Translated {
                from,
                first,
                consequence,
                all,
            } => (from, *first, consequence, *all),
        };
        let source = &told[from].used[..first];
        let formalism = self
            .formalisms
            .get(from)
            .expect("what translated is registered");
        let same = source
            .iter()
            .position(|used| formalism.repeats(&used.formula, consequence));
        let said = match same {
            Some(at) => self.derivation_of(told, from, at),
            None => {
                let parts = source
                    .iter()
                    .map(|used| (&used.formula, &used.rests_on[..]));
                let answer = Answer {
                    rests_on: used.rests_on.clone(),
                    ..Verdict::Holds.into()
                };
                let rule = self.implied(
                    &**formalism,
                    parts.collect(),
                    |at| self.derivation_of(told, from, at),
                    &Events::All,
                    &[consequence],
                    &answer,
                );
                Arc::new(Derivation {
                    formalism: from.clone(),
                    text: formalism.print(consequence),
                    rule,
                })
            }
        };
        let translated = Arc::new(Derivation {
            formalism: name.to_owned(),
            text,
            rule: Rule::Translated { from: said },
        });
        let reader = self.formalisms.get(name).filter(|_| !all);
        reader.map_or(translated.clone(), |reader| {
            Arc::new(Derivation {
                formalism: name.to_owned(),
                text: reader.print(&used.formula),
                rule: Rule::Surviving { from: translated },
            })
        })
    }

    /// Who asks, where the left side of the pair at hand gives, or the right one.
    pub(super) fn asker(&self, left_gives: bool) -> Owner {
        let telling = self.telling.as_ref();
        telling.map_or(Owner::Left, |it| it.owners[usize::from(left_gives)].clone())
    }

    /// The premises of a question, so that derivations tell whose they are.
    pub(super) fn owned(&self, premises: Arc<[Parsed]>, right: bool, side: Side) -> Arc<[Parsed]> {
        match &self.telling {
            None => premises,
            Some(telling) => {
                let owner = &telling.owners[usize::from(right)];
                premises.iter().map(|it| it.owned_by(owner, side)).collect()
            }
        }
    }

    /// Notes how the assumption of a guarantee is met, if somebody wants to be told; and where.
    pub(super) fn tell_discharge(
        &self,
        waiting: &Parsed,
        assumption: impl FnOnce() -> Arc<Derivation>,
    ) -> Option<usize> {
        let discharged = &self.telling.as_ref()?.discharged;
        let discharge = discharge(waiting, assumption(), Vec::new())?;
        let mut discharged = discharged.borrow_mut();
        discharged.push(discharge);
        Some(discharged.len() - 1)
    }

    /// Meets the assumptions of guarantees that wait for each other.
    pub(super) fn meet_circle(&self, givers: &mut Givers, circle: &Circle, lossy: &Lossy) {
        let first = self
            .telling
            .as_ref()
            .map(|telling| telling.discharged.borrow().len());
        for (number, at) in circle.waiting.iter().enumerate() {
            let told = first.map(|first| first + number);
            givers.meet(*at, told);
        }
        let (Some(telling), Some(first)) = (&self.telling, first) else {
            return;
        };
        let all: Vec<usize> = (first..first + circle.waiting.len()).collect();
        for at in &circle.waiting {
            let giver = givers.giver(*at);
            let used = givers.used(circle, giver).concat().into_iter();
            let used: Vec<Parsed> = used.map(|at| givers.guarantees[at].clone()).collect();
            let (_, events) = givers.helpful(giver);
            let waiting = &givers.guarantees[*at];
            let Some(assumption) = waiting.assumption() else {
                continue;
            };
            let answer = self.implies(&used, events, assumption, lossy);
            let derivation = self.derivation(&used, events, assumption, lossy, &answer);
            let discharge = discharge(waiting, derivation, all.clone());
            telling.discharged.borrow_mut().extend(discharge);
        }
    }
}

/// What is taken as given.
pub(super) fn assumed(formalism: &str, text: String) -> Derivation {
    Derivation {
        formalism: formalism.to_owned(),
        text,
        rule: Rule::Assumed,
    }
}

fn discharge(
    waiting: &Parsed,
    assumption: Arc<Derivation>,
    circle: Vec<usize>,
) -> Option<Discharge> {
    let told = waiting.told()?;
    let Rule::Stated(stated) = &told.rule else {
        return None;
    };
    Some(Discharge {
        by: stated.by.clone(),
        formalism: told.formalism.clone(),
        text: told.text.clone(),
        assumption,
        circle,
    })
}
