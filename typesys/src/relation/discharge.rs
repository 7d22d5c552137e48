//! Guarantees that are given under assumptions, and when these are met (semantics, section 9).
//!
//! `provides φ given ψ` promises φ to those whose peers keep ψ. Where two endpoints are connected,
//! what either side guarantees may meet what the other side assumes: first what needs nothing else,
//! then what rests on that, and so on. What is left may wait for each other in a circle. Then all of
//! it holds if no guarantee can be the first to be broken: its formalism has to show that
//! ([`crate::formalism::Formalism::self_sustaining`]).
//!
//! Objects are shared, and this connection is not their only one. What the peer here keeps helps
//! only if every peer keeps it, because the type requires it of all; or if both φ and ψ speak of
//! each connection by itself. What other documents connect is not known here: dependencies that
//! close a circle only through several documents, each without one, are not looked for.
//!
//! Events are taken to happen at both ends at once, as they do in connections within a domain. Across
//! domains they are queued: [`Relations::queued`] then leaves circles alone.

use std::collections::BTreeMap;

use super::Relations;
use super::constraints::Lossy;
use super::implication::Answer;
use super::parsed::{Parsed, word_behind};
use crate::formalism::{Events, Formalism, Formula, Word};
use crate::verdict::{Reason, Verdict};

/// Guarantees that wait in one circle, or for one side of it.
const MAX_WAITING: usize = 32;

/// What somebody guarantees.
pub(crate) struct Giver {
    /// The guarantees; those that are met are marked.
    pub(crate) guarantees: Vec<Parsed>,
    /// What it emits.
    pub(crate) events: Events,
}

/// A guarantee, by giver and position.
type Place = (usize, usize);

/// Guarantees of one formalism.
#[derive(Clone, Default)]
pub(super) struct Circle {
    /// Those that hold outright and may be used.
    pub(super) kept: Vec<Place>,
    /// Those that wait.
    pub(super) waiting: Vec<Place>,
}

/// Why guarantees do not meet an assumption.
enum Doubt {
    /// They imply it on somebody's word only.
    Word(Word),
    /// What there is instead of a proof that they imply it.
    Verdict(Verdict),
}

impl Relations<'_> {
    /// Marks the guarantees of each of two sides whose assumptions the other side meets.
    pub(crate) fn discharge(&self, sides: &mut [Giver; 2], lossy: &Lossy) {
        let mut doubts = loop {
            let doubts = self.in_order(sides, lossy);
            if self.queued || !self.in_circles(sides, lossy) {
                break doubts;
            }
        };
        for side in [0, 1] {
            for at in 0..sides[side].guarantees.len() {
                self.tell(sides, (side, at), doubts.remove(&(side, at)), lossy);
            }
        }
    }

    /// Finds out whether guarantees meet an assumption, and how. Somebody's word alone does not meet
    /// one: it is told where a requirement rests on it, and an assumption that is met is not told.
    fn meets(
        &self,
        guarantees: &[Parsed],
        events: &Events,
        assumption: &Parsed,
        lossy: &Lossy,
    ) -> Result<Answer, Doubt> {
        let answer = self.implies(guarantees, events, assumption, lossy);
        if !answer.verdict.holds() {
            return Err(Doubt::Verdict(answer.verdict));
        }
        let words = answer.rests_on.iter().cloned();
        let word = words
            .chain(word_behind(guarantees, assumption, lossy))
            .next();
        word.map_or(Ok(answer), |word| Err(Doubt::Word(word)))
    }

    /// Meets assumptions by what holds already, until nothing more follows. Tells why each that may
    /// be met is not.
    fn in_order(&self, sides: &mut [Giver; 2], lossy: &Lossy) -> BTreeMap<Place, Doubt> {
        loop {
            let mut news = false;
            let mut doubts = BTreeMap::new();
            for side in [0, 1] {
                for at in 0..sides[side].guarantees.len() {
                    let waiting = &sides[side].guarantees[at];
                    let Some(assumption) = waiting.assumption().filter(|_| waiting.may_be_met())
                    else {
                        continue;
                    };
                    let Giver { guarantees, events } = &sides[1 - side];
                    match self.meets(guarantees, events, assumption, lossy) {
                        Ok(answer) => {
                            let told = self.tell_discharge(waiting, || {
                                self.derivation(guarantees, events, assumption, lossy, &answer)
                            });
                            sides[side].guarantees[at].meet(told);
                            news = true;
                        }
                        Err(doubt) => {
                            doubts.insert((side, at), doubt);
                        }
                    }
                }
            }
            if !news {
                return doubts;
            }
        }
    }

    /// Meets the assumptions of the guarantees that wait for each other, where they hold all the
    /// same; whether there were some.
    fn in_circles(&self, sides: &mut [Giver; 2], lossy: &Lossy) -> bool {
        let mut formalisms: Vec<&str> = sides
            .iter()
            .flat_map(|side| &side.guarantees)
            .filter(|waiting| waiting.may_be_met())
            .map(|waiting| &*waiting.constraint.formalism)
            .collect();
        formalisms.sort_unstable();
        formalisms.dedup();
        let found = formalisms
            .into_iter()
            .find_map(|formalism| self.circle(sides, formalism, lossy));
        let Some(circle) = found else {
            return false;
        };
        self.meet_circle(sides, &circle, lossy);
        true
    }

    /// The largest set of guarantees of one formalism that hold, waiting for each other: each
    /// assumption is met by what the other side guarantees outright and in the set, and nothing in it
    /// can be the first to be broken.
    fn circle(&self, sides: &[Giver; 2], name: &str, lossy: &Lossy) -> Option<Circle> {
        let formalism = self.formalisms.get(name)?;
        if formalism.library().is_some() {
            return None;
        }
        let usable = |parsed: &Parsed| {
            *parsed.constraint.formalism == *name && !lossy.concerns(&parsed.constraint)
        };
        let mut circle = Circle::default();
        for (side, giver) in sides.iter().enumerate() {
            for (at, parsed) in giver
                .guarantees
                .iter()
                .enumerate()
                .filter(|(_, p)| usable(p))
            {
                match parsed.is_conditional() {
                    false if parsed.formula().is_some() => circle.kept.push((side, at)),
                    true if parsed.may_be_met() => circle.waiting.push((side, at)),
                    _ => {}
                }
            }
        }
        if circle.waiting.is_empty() || circle.waiting.len() > MAX_WAITING {
            return None;
        }
        let found = self.sustained(sides, &**formalism, circle.clone());
        if found.is_some() || circle.kept.is_empty() {
            return found;
        }
        // What is kept may be of a kind that is in the way, and not be needed.
        circle.kept.retain(|(side, at)| {
            let Giver { guarantees, events } = &sides[*side];
            guarantees[*at].formula().is_some_and(|formula| {
                let alone = formalism.self_sustaining(&[], &[formula], events, self.budget);
                alone.holds()
            })
        });
        self.sustained(sides, &**formalism, circle)
    }

    /// What of a circle holds, if anything does.
    fn sustained(
        &self,
        sides: &[Giver; 2],
        formalism: &dyn Formalism,
        circle: Circle,
    ) -> Option<Circle> {
        let Circle { kept, mut waiting } = circle;
        let formula = |(side, at): Place| sides[side].guarantees[at].formula();
        let of_side = |all: &[Place], side: usize| -> Vec<&Formula> {
            let of_side = all.iter().filter(|(other, _)| *other == side);
            of_side.filter_map(|place| formula(*place)).collect()
        };
        let kept_by = [0, 1].map(|side| of_side(&kept, side));
        let sustained = |side: usize, waiting: &[&Formula]| {
            let events = &sides[side].events;
            let verdict = formalism.self_sustaining(&kept_by[side], waiting, events, self.budget);
            verdict.holds()
        };
        waiting.retain(|(side, at)| {
            formula((*side, *at)).is_some_and(|waiting| sustained(*side, &[waiting]))
        });
        loop {
            let before = waiting.len();
            let waiting_by = [0, 1].map(|side| of_side(&waiting, side));
            waiting.retain(|(side, at)| {
                let assumed = sides[*side].guarantees[*at].assumption();
                let Some(assumed) = assumed.and_then(Parsed::formula) else {
                    return false;
                };
                let other = 1 - *side;
                let used = kept_by[other].iter().chain(&waiting_by[other]);
                let used = used.map(|formula| (*formula, [].as_slice()));
                let events = &sides[other].events;
                let (verdict, _, rests_on) = self.decide(formalism, used, events, &[assumed]);
                verdict.holds() && rests_on.is_empty()
            });
            for side in [0, 1] {
                let of_side = of_side(&waiting, side);
                if !of_side.is_empty() && !sustained(side, &of_side) {
                    waiting.retain(|(other, _)| *other != side);
                }
            }
            if waiting.len() == before {
                break;
            }
        }
        (!waiting.is_empty()).then_some(Circle { kept, waiting })
    }

    /// Says of a guarantee whose assumption is not met why that is so; `doubt` is that of those that
    /// may be met.
    fn tell(&self, sides: &mut [Giver; 2], place: Place, doubt: Option<Doubt>, lossy: &Lossy) {
        let (side, at) = place;
        let waiting = &sides[side].guarantees[at];
        if !waiting.is_conditional() {
            return;
        }
        let other = &sides[1 - side];
        let why = match waiting.assumption() {
            None => "which cannot be read".to_owned(),
            Some(assumption) => {
                let ask = || self.meets(&other.guarantees, &other.events, assumption, lossy);
                match doubt.map_or_else(ask, Err) {
                    Err(Doubt::Verdict(verdict)) => self.not_met(other, assumption, verdict, lossy),
                    Err(Doubt::Word(word)) => format!(
                        "which the other side keeps on a word alone, and that meets no \
                         assumption: {}",
                        word.to_sentence()
                    ),
                    Ok(_) => format!(
                        "which the other side keeps, but others may connect that do not: require {} \
                         \"{}\" of every peer",
                        assumption.constraint.formalism,
                        assumption.words()
                    ),
                }
            }
        };
        sides[side].guarantees[at].leave(why);
    }

    /// Why the other side does not meet an assumption: not by what it guarantees outright, which is
    /// what `outright` says.
    fn not_met(
        &self,
        other: &Giver,
        assumption: &Parsed,
        outright: Verdict,
        lossy: &Lossy,
    ) -> String {
        let verdict = match other.guarantees.iter().any(Parsed::is_conditional) {
            true => {
                let assumed: Vec<Parsed> = other.guarantees.iter().map(Parsed::assumed).collect();
                let answer = self.implies(&assumed, &other.events, assumption, lossy);
                answer.verdict
            }
            false => outright,
        };
        match verdict {
            Verdict::Holds if self.queued => {
                "which waits for it in turn, over a connection that is queued".to_owned()
            }
            Verdict::Holds => {
                "which waits for it in turn, and it was not shown that neither can be the first \
                 to be broken"
                    .to_owned()
            }
            Verdict::Fails(_) => "which the other side does not guarantee".to_owned(),
            Verdict::Unknown(reason) => {
                format!("and whether the other side guarantees that is not known: {reason}")
            }
        }
    }

    /// Marks the guarantees of a composite's parts whose assumptions the parts together meet, one
    /// after the other.
    pub(crate) fn discharge_together(
        &self,
        guarantees: &mut [Parsed],
        events: &Events,
        lossy: &Lossy,
    ) {
        loop {
            let mut news = false;
            for at in 0..guarantees.len() {
                let waiting = &guarantees[at];
                let Some(assumption) = waiting.assumption().filter(|_| waiting.may_be_met()) else {
                    continue;
                };
                if let Ok(answer) = self.meets(guarantees, events, assumption, lossy) {
                    let told = self.tell_discharge(waiting, || {
                        self.derivation(guarantees, events, assumption, lossy, &answer)
                    });
                    guarantees[at].meet(told);
                    news = true;
                }
            }
            if !news {
                return;
            }
        }
    }

    /// Marks the constraints of one side of a type whose assumptions every peer has to meet: those
    /// that the other side's constraints imply, or that speak of each connection by itself.
    pub(crate) fn mark_universal(&self, all: &mut [Parsed], other: &[Parsed], endpoint: bool) {
        for parsed in all.iter_mut().filter(|parsed| parsed.is_conditional()) {
            let Some(assumption) = parsed.assumption() else {
                continue;
            };
            let alone = |parsed: &Parsed| {
                let read = parsed.read();
                read.is_some_and(|(formalism, formula)| formalism.of_one_connection(formula))
            };
            let universal = (endpoint && alone(parsed) && alone(assumption)) || {
                let nothing = Lossy::Endpoint(false);
                self.meets(other, &Events::All, assumption, &nothing)
                    .is_ok()
            };
            parsed.set_universal(universal);
        }
    }

    /// The guarantee under a weaker assumption that says as much as a conditional requirement, if
    /// there is one: its position, and what that rests on without a proof.
    pub(super) fn weakened(
        &self,
        premises: &[&Parsed],
        events: &Events,
        conclusion: &Parsed,
        lossy: &Lossy,
    ) -> Option<(usize, Vec<Word>)> {
        let assumed = conclusion.assumption()?;
        let asked = conclusion.assumed();
        premises.iter().enumerate().find_map(|(at, premise)| {
            let wanted = premise.assumption();
            let wanted = wanted.filter(|_| premise.is_as_wide_as(conclusion))?;
            let behind = |from: Parsed, events: &Events, to: &Parsed| {
                let answer = self.implies(&[from], events, to, lossy);
                answer.verdict.holds().then_some(answer.rests_on)
            };
            // An assumption is not met by a word alone.
            behind(assumed.clone(), &Events::All, wanted).filter(Vec::is_empty)?;
            let words = behind(premise.assumed(), events, &asked)?;
            Some((at, words))
        })
    }

    /// The answer where guarantees are left whose assumptions are not met: with them all, would it
    /// hold? `premises` are those that could help.
    pub(super) fn under_assumptions(
        &self,
        premises: &[&Parsed],
        events: &Events,
        conclusion: &Parsed,
        lossy: &Lossy,
    ) -> Verdict {
        let with = |assumed: &dyn Fn(usize) -> bool| {
            let all: Vec<Parsed> = premises
                .iter()
                .enumerate()
                .map(|(at, premise)| match assumed(at) {
                    true => premise.assumed(),
                    false => (*premise).clone(),
                })
                .collect();
            all
        };
        let answer = self.implies(&with(&|_| true), events, conclusion, lossy);
        if !answer.verdict.holds() {
            return answer.verdict;
        }
        // Which one it is, if one is enough.
        let waiting = premises.iter().enumerate();
        let mut waiting = waiting.filter(|(_, premise)| premise.is_conditional());
        let first = waiting.clone().next();
        let enough = waiting.find(|(at, _)| {
            let others_too = premises.iter().filter(|p| p.is_conditional()).count() == 1;
            others_too
                || !self
                    .implies(&with(&|other| other != *at), events, conclusion, lossy)
                    .verdict
                    .holds()
        });
        match enough.or(first) {
            Some((_, premise)) => Verdict::Unknown(premise.given_reason()),
            None => Verdict::Unknown(Reason::Budget),
        }
    }
}
