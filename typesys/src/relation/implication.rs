//! Whether guarantees imply what is asked for (semantics, section 6).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::constraints::{Lossy, Side};
use super::parsed::{Parsed, word_behind};
use super::translation::{Asked, Given, Routes, Told, Used, definitions, narrowed, spread, useful};
use super::{Problem, Relations, Translation};
use crate::diagnostic::Step;
use crate::formalism::{Events, Fidelity, Formalism, Formula, Word};
use crate::verdict::{Reason, Verdict, Witness};

/// What is asked for and was not shown to be guaranteed.
pub(super) struct Unmet<'c> {
    pub(super) conclusion: &'c Parsed,
    pub(super) answer: Answer,
}

/// The answer on one implication.
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    /// What decided it, where that is not the formalism of the conclusion with nothing translated.
    pub(super) decided: Option<Box<Decided>>,
    /// What it rests on without a proof, if it holds: axioms of users. What libraries say that add
    /// formalisms is told by [`word_behind`].
    pub(crate) rests_on: Vec<Word>,
    /// How it was found, if it holds.
    pub(super) way: Way,
}

/// How an answer `holds` was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// The formalism decided it: that of the conclusion with nothing translated, unless
    /// [`Answer::decided`] says otherwise.
    Decided,
    /// A premise says the same.
    Repeated,
    /// A premise says as much under an assumption that says no more.
    Weakened,
}

/// A question that was decided with the help of translations.
pub(super) struct Decided {
    pub(super) asked: Asked,
    /// The first of the formulas asked for of which the verdict is true.
    at: usize,
    /// What every formalism knew.
    pub(super) told: Arc<BTreeMap<String, Told>>,
}

impl Decided {
    /// What the formalism knew that decided it.
    pub(super) fn used(&self) -> &[Used] {
        let here = self.told.get(&self.asked.formalism);
        here.map_or(&[], |here| &here.used)
    }

    /// The translations that the question rests on.
    fn translations(&self) -> Vec<Translation> {
        let asked = (self.asked.steps.len() > 1).then(|| Translation {
            steps: self.asked.steps.clone(),
        });
        let used = self.used().iter().filter_map(Used::told);
        used.chain(asked).collect()
    }
}

impl From<Verdict> for Answer {
    fn from(verdict: Verdict) -> Answer {
        Answer {
            verdict,
            decided: None,
            rests_on: Vec::new(),
            way: Way::Decided,
        }
    }
}

/// What lossy conversions leave of premises, for one conclusion.
pub(super) struct Left<'l> {
    lossy: &'l Lossy,
    /// Whether the conclusion speaks of converted messages: then so may every premise that it rests
    /// on.
    all: bool,
}

impl<'l> Left<'l> {
    pub(super) fn new(lossy: &'l Lossy, conclusion: &Parsed) -> Left<'l> {
        let all = lossy.concerns(&conclusion.constraint);
        Left { lossy, all }
    }

    fn intact(&self, parsed: &Parsed) -> bool {
        !self.all && !self.lossy.concerns(&parsed.constraint)
    }

    fn survives(&self, parsed: &Parsed) -> bool {
        self.intact(parsed) || parsed.survives()
    }

    /// What can be used of a premise.
    pub(super) fn usable(&self, premise: &Parsed) -> Option<Formula> {
        match premise.is_conditional() {
            true => None,
            false => premise.usable(self.intact(premise)),
        }
    }

    /// Whether a premise says the same and is enough.
    pub(super) fn is_repeated(&self, conclusion: &Parsed, premise: &Parsed) -> bool {
        premise.rests_on().is_empty()
            && self.survives(premise)
            && conclusion.is_repeated_by(premise)
    }
}

impl Unmet<'_> {
    /// What to tell: the step to the constraint, and the problem.
    pub(super) fn told(
        self,
        relations: &Relations<'_>,
        asked: Side,
        (given, premises): (Side, &[Parsed]),
    ) -> (Step, Problem) {
        let constraint = &self.conclusion.constraint;
        let formalism = constraint.formalism.to_string();
        let required = self.conclusion.words();
        let step = Step::Constraint {
            formalism: formalism.clone(),
            text: required.clone(),
        };
        let provided = self.conclusion.same_formalism(premises);
        let elsewhere = premises.iter().filter_map(|premise| {
            let of = &premise.constraint.formalism;
            (*of != constraint.formalism).then(|| (of.to_string(), premise.words()))
        });
        let explained = match &self.answer.verdict {
            Verdict::Fails(witness) => self.explained(relations, premises, witness),
            _ => None,
        };
        let decided = self.answer.decided.as_ref();
        let problem = Problem::Unmet {
            formalism,
            required,
            place: constraint.place.clone(),
            asked,
            given,
            provided: provided.map(Parsed::words).collect(),
            elsewhere: elsewhere.collect(),
            translations: decided.map_or_else(Vec::new, |decided| decided.translations()),
            verdict: self.answer.verdict,
            explained,
        };
        (step, problem)
    }

    /// What the formalism that refuted it says of that.
    fn explained(
        &self,
        relations: &Relations<'_>,
        premises: &[Parsed],
        witness: &Witness,
    ) -> Option<String> {
        if let Some(decided) = &self.answer.decided {
            let formalism = relations.formalisms.get(&decided.asked.formalism)?;
            let used: Vec<&Formula> = decided.used().iter().map(|used| &used.formula).collect();
            let asked = decided.asked.formulas.get(decided.at)?;
            return formalism.explain(&used, asked, witness);
        }
        let (formalism, asked) = self.conclusion.read()?;
        let given = self.conclusion.same_formalism(premises);
        let given: Vec<&Formula> = given.filter_map(Parsed::read).map(|(_, f)| f).collect();
        formalism.explain(&given, asked, witness)
    }
}

impl Relations<'_> {
    /// Whether `premises` meet a conclusion. On whose word it rests that they do is remembered.
    pub(crate) fn answer(
        &mut self,
        premises: &[Parsed],
        events: &Events,
        conclusion: &Parsed,
        lossy: &Lossy,
    ) -> Answer {
        let answer = self.implies(premises, events, conclusion, lossy);
        if answer.verdict.holds() {
            let words = answer.rests_on.iter().cloned();
            words
                .chain(word_behind(premises, conclusion, lossy))
                .for_each(|word| self.known.add_word(word));
        }
        answer
    }

    /// Whether `premises` imply the conclusion.
    pub(crate) fn implies(
        &self,
        premises: &[Parsed],
        events: &Events,
        conclusion: &Parsed,
        lossy: &Lossy,
    ) -> Answer {
        let answer = self.follows(premises, events, conclusion, lossy);
        if !answer.verdict.holds() {
            // Who meets them all at all connections meets them where they hold.
            return answer;
        }
        match self.where_they_hold(premises, events, conclusion, lossy) {
            None => answer,
            Some(premises) => self.follows(&premises, events, conclusion, lossy),
        }
    }

    /// Whether `premises` imply the conclusion, all of them holding at all connections.
    pub(super) fn follows(
        &self,
        premises: &[Parsed],
        events: &Events,
        conclusion: &Parsed,
        lossy: &Lossy,
    ) -> Answer {
        let left = Left::new(lossy, conclusion);
        let own: Vec<&Parsed> = conclusion.same_formalism(premises).collect();
        if own
            .iter()
            .any(|premise| left.is_repeated(conclusion, premise))
        {
            return Answer {
                way: Way::Repeated,
                ..Verdict::Holds.into()
            };
        }
        let (formalism, asked) = match conclusion.read() {
            Some((formalism, formula)) => (&**formalism, formula),
            None if own.iter().any(|premise| conclusion.is_repeated_by(premise)) => {
                return Verdict::Unknown(Reason::Lossy).into();
            }
            None => return Verdict::Unknown(conclusion.not_read()).into(),
        };
        let used = own.iter().filter_map(|premise| {
            let rests_on = premise.rests_on();
            Some((left.usable(premise)?, rests_on))
        });
        let used: Vec<(Formula, &[Word])> = used.collect();
        let used = used.iter().map(|(formula, rests_on)| (formula, *rests_on));
        let (mut verdict, _, rests_on) = self.decide(formalism, used, events, &[asked]);
        if verdict.holds() && rests_on.is_empty() {
            return verdict.into();
        }
        // Translations may show it without axioms.
        let by_axioms = verdict.holds().then(|| Answer {
            rests_on,
            ..Verdict::Holds.into()
        });
        if by_axioms.is_some() {
            let reason = "only axioms show it".to_owned();
            verdict = Verdict::Unknown(Reason::Undecided(reason));
        }

        // Premises that can be told to where the conclusion can be said.
        let mut routes = Routes::new(self.formalisms);
        let own_name = &*conclusion.constraint.formalism;
        let said = routes.reachable(own_name, Fidelity::Exact);
        let formalisms = premises.iter().map(|p| &*p.constraint.formalism);
        let formalisms: BTreeSet<&str> = formalisms.collect();
        let related: BTreeSet<&str> = formalisms
            .into_iter()
            .filter(|name| !routes.reachable(name, Fidelity::Implied).is_disjoint(&said))
            .collect();
        let premises: Vec<&Parsed> = premises
            .iter()
            .filter(|premise| related.contains(&*premise.constraint.formalism))
            .collect();
        let mut answer = Answer::from(verdict);
        let mut is_whole = true;
        if related.iter().any(|name| *name != own_name) {
            let given: Vec<Given<'_>> = premises
                .iter()
                .map(|premise| Given {
                    parsed: premise,
                    usable: left.usable(premise),
                    lossy: !left.intact(premise),
                })
                .collect();
            (answer, is_whole) =
                self.translated(&mut routes, &given, events, conclusion, answer.verdict);
            if answer.verdict.holds() && (answer.rests_on.is_empty() || by_axioms.is_none()) {
                return answer;
            }
        }
        if let Some(answer) = by_axioms {
            return answer;
        }

        // What was left aside might have made the difference.
        let readable = |premise: &&&Parsed| premise.read().is_some();
        let mut readable = premises.iter().filter(readable);
        if !left.survives(conclusion) || readable.any(|premise| !left.survives(premise)) {
            return Verdict::Unknown(Reason::Lossy).into();
        }
        if conclusion.is_conditional() {
            if let Some((_, rests_on)) = self.weakened(&own, events, conclusion, lossy) {
                return Answer {
                    rests_on,
                    way: Way::Weakened,
                    ..Verdict::Holds.into()
                };
            }
            return Verdict::Unknown(conclusion.not_weakened()).into();
        }
        if premises.iter().any(|premise| premise.is_conditional()) {
            return self
                .under_assumptions(&premises, events, conclusion, lossy)
                .into();
        }
        if !answer.verdict.fails() {
            return answer;
        }
        if let Some(not) = premises.iter().find(|premise| premise.read().is_none()) {
            return Verdict::Unknown(not.not_read()).into();
        }
        if !is_whole {
            let foreign = premises.iter().filter_map(|premise| {
                let of = &*premise.constraint.formalism;
                (of != own_name).then(|| format!("{of} \"{}\"", premise.words()))
            });
            let foreign: Vec<String> = foreign.collect();
            let reason = format!(
                "`{own_name}` does not decide it, and cannot say all of {}",
                foreign.join(" and ")
            );
            return Verdict::Unknown(Reason::Undecided(reason)).into();
        }
        answer
    }

    /// Asks again with translations, in every formalism in which the conclusion can be said, `first`
    /// being the verdict of its own one without any. Also tells whether a refutation counts: all
    /// that is guaranteed went into it.
    fn translated(
        &self,
        routes: &mut Routes<'_>,
        given: &[Given<'_>],
        events: &Events,
        conclusion: &Parsed,
        first: Verdict,
    ) -> (Answer, bool) {
        let questions = definitions(routes, conclusion);
        let own_name = conclusion.constraint.formalism.to_string();
        let said: BTreeSet<String> = questions.iter().map(|q| q.formalism.clone()).collect();
        let names: BTreeSet<&str> = given
            .iter()
            .map(|each| &*each.parsed.constraint.formalism)
            .collect();
        let useful = useful(routes, names.iter().copied(), &said);
        let told = Arc::new(spread(routes, given, &useful, self.budget));
        let nothing = Told::default();
        let mut refuted = None;
        let mut doubt = None;
        let mut by_axioms = None;
        for question in questions {
            let here = told.get(&question.formalism).unwrap_or(&nothing);
            let mut whole = names.iter().all(|name| here.whole.contains(*name));
            let own = question.formalism == own_name;
            let foreign = here.used.iter().any(|used| used.is_foreign_to(&own_name));
            let (mut verdict, mut at, rests_on) = match (own, foreign) {
                (true, false) => (first.clone(), 0, Vec::new()),
                // The laws of its own formalism have been asked.
                (false, false) => continue,
                (_, true) => {
                    let Some(formalism) = self.formalisms.get(&question.formalism) else {
                        continue;
                    };
                    let asked: Vec<&Formula> = question.formulas.iter().collect();
                    self.decide(&**formalism, here.parts(), events, &asked)
                }
            };
            if verdict.fails()
                && !whole
                && let Some(narrow) = self.refuted_narrowly(given, here, events, &question)
            {
                (verdict, at) = narrow;
                whole = true;
            }
            let decided = (!own || foreign).then(|| {
                Box::new(Decided {
                    asked: question,
                    at,
                    told: told.clone(),
                })
            });
            let answer = Answer {
                verdict,
                decided,
                rests_on,
                way: Way::Decided,
            };
            match &answer.verdict {
                Verdict::Holds if answer.rests_on.is_empty() => return (answer, whole),
                Verdict::Holds => {
                    by_axioms.get_or_insert((answer, whole));
                }
                Verdict::Fails(_) if whole => {
                    refuted.get_or_insert(answer);
                }
                Verdict::Unknown(_) if whole => {
                    doubt.get_or_insert(answer);
                }
                _ => {}
            }
        }
        if let Some(answer) = by_axioms {
            return answer;
        }
        // Where one formalism has all and cannot tell, the others' no may rest on what they lack.
        match (doubt, refuted) {
            (Some(answer), _) | (None, Some(answer)) => (answer, true),
            (None, None) => (Answer::from(first), false),
        }
    }

    /// A refutation that satisfies all that is guaranteed, also what is translated only in part, and the
    /// first formula asked for that it refutes.
    fn refuted_narrowly(
        &self,
        given: &[Given<'_>],
        here: &Told,
        events: &Events,
        question: &Asked,
    ) -> Option<(Verdict, usize)> {
        let formalism = self.formalisms.get(&question.formalism)?;
        let narrowed = narrowed(given, here, formalism)?;
        let used: Vec<&Formula> = narrowed.formulas.iter().collect();
        let asked: Vec<&Formula> = question.formulas.iter().collect();
        let (verdict, at) = self.decide_each(&**formalism, &used, events, &asked);
        let Verdict::Fails(witness) = &verdict else {
            return None;
        };
        let confirmed = narrowed.is_confirmed(&question.formalism, witness);
        confirmed.then_some((verdict, at))
    }

    /// What guarantees of an endpoint say in those other formalisms in which requirements of the
    /// formalisms `required` may be said; `lossy`: where conversions drop fields.
    pub(crate) fn translations(
        &self,
        premises: &[Parsed],
        lossy: bool,
        required: &BTreeSet<String>,
    ) -> Vec<Parsed> {
        let mut routes = Routes::new(self.formalisms);
        let said: BTreeSet<String> = required
            .iter()
            .flat_map(|name| routes.reachable(name, Fidelity::Exact))
            .collect();
        let names: BTreeSet<&str> = premises.iter().map(|p| &*p.constraint.formalism).collect();
        let useful = useful(&mut routes, names, &said);
        let given: Vec<Given<'_>> = premises
            .iter()
            .filter(|premise| !premise.is_conditional())
            .map(|premise| Given {
                parsed: premise,
                usable: premise.usable(!lossy),
                lossy,
            })
            .collect();
        let told = spread(&mut routes, &given, &useful, self.budget);
        let mut translations = Vec::new();
        for (name, here) in &told {
            let Some(formalism) = self.formalisms.get(name) else {
                continue;
            };
            for (at, used) in here.used.iter().enumerate() {
                if used.told().is_none() {
                    continue;
                }
                let text = used.steps.last().map_or("", |(_, text)| text);
                let made = Parsed::made(formalism, text, used.formula.clone(), &used.rests_on);
                translations.push(match self.telling {
                    None => made,
                    Some(_) => made.told_as(self.derivation_of(&told, name, at)),
                });
            }
        }
        translations
    }

    /// Whether formulas imply each of others, all of one formalism, the first of these of which the
    /// verdict is true, and what it rests on without a proof if it holds. With each formula comes what
    /// that rests on; those that rest on nothing are asked first.
    pub(super) fn decide<'f>(
        &self,
        formalism: &dyn Formalism,
        used: impl IntoIterator<Item = (&'f Formula, &'f [Word])>,
        events: &Events,
        asked: &[&Formula],
    ) -> (Verdict, usize, Vec<Word>) {
        let used: Vec<(&Formula, &[Word])> = used.into_iter().collect();
        let behind = |used: &[&Formula]| {
            let words = asked
                .iter()
                .flat_map(|asked| formalism.rests_on(used, asked));
            words.collect::<Vec<Word>>()
        };
        let all: Vec<&Formula> = used.iter().map(|(formula, _)| *formula).collect();
        let proved = used.iter().filter(|(_, rests_on)| rests_on.is_empty());
        let proved: Vec<&Formula> = proved.map(|(formula, _)| *formula).collect();
        if proved.len() < all.len() {
            let (verdict, at) = self.decide_each(formalism, &proved, events, asked);
            if verdict.holds() {
                return (verdict, at, behind(&proved));
            }
        }
        let (verdict, at) = self.decide_each(formalism, &all, events, asked);
        if !verdict.holds() {
            return (verdict, at, Vec::new());
        }
        let words = used
            .iter()
            .flat_map(|(_, rests_on)| rests_on.iter().cloned());
        let words = words.chain(behind(&all)).collect();
        (verdict, at, words)
    }

    /// Whether formulas imply each of others, and the first of these of which the verdict is true. A
    /// refutation has been replayed, and nothing follows from a contradiction.
    fn decide_each(
        &self,
        formalism: &dyn Formalism,
        used: &[&Formula],
        events: &Events,
        asked: &[&Formula],
    ) -> (Verdict, usize) {
        let (mut verdict, mut at) = (Verdict::Holds, 0);
        for (number, asked) in asked.iter().enumerate() {
            let formalisms = self.formalisms;
            let one = formalisms.implies(formalism, used, events, asked, self.budget);
            let before = verdict.clone();
            verdict = verdict.and(one);
            if verdict != before {
                at = number;
            }
        }
        if !verdict.holds() {
            return (verdict, at);
        }
        // Nobody can keep a contradiction. Each declaration is free of them, but premises of several
        // levels and parts meet here.
        let satisfiable = self.formalisms.satisfiable(formalism, used, self.budget);
        let verdict = match satisfiable {
            Verdict::Holds => Verdict::Holds,
            Verdict::Unknown(reason) => Verdict::Unknown(reason),
            Verdict::Fails(_) => {
                let reason = "the guarantees contradict each other";
                Verdict::Unknown(Reason::Undecided(reason.to_owned()))
            }
        };
        (verdict, 0)
    }

    /// Whether nothing keeps a group of constraints from being satisfied together; those that cannot
    /// be read, or hold only under an assumption, are left aside.
    pub(crate) fn consistent<'p>(&self, all: impl IntoIterator<Item = &'p Parsed>) -> bool {
        let read = all.into_iter().filter(|parsed| !parsed.is_conditional());
        let read: Vec<_> = read.filter_map(Parsed::read).collect();
        let Some((formalism, _)) = read.first() else {
            return true;
        };
        let formulas: Vec<&Formula> = read.iter().map(|(_, formula)| *formula).collect();
        self.formalisms
            .satisfiable(&***formalism, &formulas, self.budget)
            .holds()
    }
}
