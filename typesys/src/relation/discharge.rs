//! Guarantees that are given under assumptions, and when these are met (semantics, section 9).
//!
//! `provides φ given ψ` promises φ to those whose peers keep ψ. Where two endpoints are connected,
//! what either side guarantees may meet what the other side assumes, and so may what the parts of a
//! composite guarantee together: first what needs nothing else, then what rests on that, and so on.
//! What is left may wait for each other in a circle.
//!
//! # Circles
//!
//! Of a circle all holds if no guarantee in it can be the first to be broken. Let K be guarantees that
//! hold outright, and W those that wait, each given under an assumption ψ. For each giver s let U(s) be
//! what of K may meet its assumptions, and all of W that other givers give. W is discharged if
//!
//! 1. each guarantee in W is a safety property, each of whose minimal bad prefixes ends in an event
//!    that its giver emits;
//! 2. each assumption of s follows from U(s);
//! 3. U(s) cannot be cornered: a history that refutes no formula of W in it, and can go on so that
//!    those of K hold, can go on so that all of U(s) hold.
//!
//! *Then all of W holds.* Else there is a shortest beginning h that refutes a guarantee φ of W, of s
//! say. By 1 it ends in an event that s emits. As φ is kept for as long as its assumption ψ is not
//! refuted, h refutes ψ. So, by 2, after h not all of U(s) can hold any more. What happens satisfies K;
//! so, by 3, h refutes some φ′ of W in U(s), whose giver t is not s. No shorter beginning does, so that
//! by 1 it ends in an event that t emits. But an event has one emitter.
//!
//! That each side is free of corners would not be enough where U(s) is of several: all of them could
//! have promised what leaves none of them anything to do. Of two endpoints U(s) is what the other side
//! guarantees. Among parts a guarantee may be said of endpoints of several of them (`composite::peers`):
//! it waits once, and all that is said of it is of its giver. 1 and 3 are for the formalism to show
//! ([`crate::formalism::Formalism::self_sustaining`]).
//!
//! # What is taken for granted
//!
//! Objects are shared, and this connection is not their only one. What the peer here keeps helps
//! only if every peer keeps it, because the type requires it of all; or if both φ and ψ speak of
//! each connection by itself. In the latter case φ holds at this connection, and others may have
//! peers that do not keep ψ: then it is a premise of nothing but what speaks of each connection by
//! itself too, together with such premises only ([`Relations::where_they_hold`]). For of what happens at
//! this connection, taken alone, all of these are true, and hence what follows from them.
//!
//! What other documents connect is not known here: dependencies that close a circle only through
//! several documents, each without one, are not looked for.
//!
//! Events are taken to happen at both ends at once, as they do in connections within a domain. Across
//! domains they are queued: [`Relations::queued`] then leaves circles alone.

mod givers;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::givers::{Circle, Givers};
pub(crate) use self::givers::{Giver, Guarantee};
use super::Relations;
use super::constraints::Lossy;
use super::implication::Answer;
use super::parsed::{Parsed, word_behind};
use crate::formalism::{Events, Formalism, Word};
use crate::verdict::{Reason, Verdict};

/// Guarantees that wait in one circle, or for one side of it.
const MAX_WAITING: usize = 32;

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
        let mut givers = Givers::ends(sides);
        let mut doubts = self.meet_all(&mut givers, lossy);
        for at in 0..givers.guarantees.len() {
            self.tell(&mut givers, at, doubts.remove(&at), lossy);
        }
        let mut guarantees = givers.guarantees.into_iter();
        for at in givers.of {
            sides[at].guarantees.extend(guarantees.next());
        }
    }

    /// Marks the guarantees of a composite's parts whose assumptions the parts together meet. `emits`
    /// says what each part emits, and `events` what may be emitted at all.
    pub(crate) fn discharge_together(
        &self,
        guarantees: Vec<Guarantee>,
        emits: Vec<Events>,
        events: Events,
        lossy: &Lossy,
    ) -> Vec<Parsed> {
        let mut known = BTreeMap::new();
        let numbers = guarantees.iter().map(|it| it.number).enumerate();
        let first = numbers.map(|(at, number)| *known.entry(number).or_insert(at));
        let mut givers = Givers {
            first: first.collect(),
            of: guarantees.iter().map(|it| it.giver).collect(),
            guarantees: guarantees.into_iter().map(|it| it.parsed).collect(),
            emits,
            together: Some(events),
        };
        self.meet_all(&mut givers, lossy);
        givers.guarantees
    }

    /// Meets assumptions in order and in circles. Tells why each that may be met is not met by what
    /// holds then.
    fn meet_all(&self, givers: &mut Givers, lossy: &Lossy) -> BTreeMap<usize, Doubt> {
        loop {
            let doubts = self.in_order(givers, lossy);
            if self.queued || !self.in_circles(givers, lossy) {
                return doubts;
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
    fn in_order(&self, givers: &mut Givers, lossy: &Lossy) -> BTreeMap<usize, Doubt> {
        loop {
            let mut news = false;
            let mut doubts = BTreeMap::new();
            for at in givers.waiting().collect::<Vec<_>>() {
                let waiting = &givers.guarantees[at];
                let Some(assumption) = waiting.assumption() else {
                    continue;
                };
                let (_, events) = givers.helpful(givers.giver(at));
                let guarantees = givers.helping(at);
                match self.meets(&guarantees, events, assumption, lossy) {
                    Ok(answer) => {
                        let told = self.tell_discharge(waiting, || {
                            self.derivation(&guarantees, events, assumption, lossy, &answer)
                        });
                        givers.meet(at, told);
                        news = true;
                    }
                    Err(doubt) => {
                        doubts.insert(at, doubt);
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
    fn in_circles(&self, givers: &mut Givers, lossy: &Lossy) -> bool {
        let formalism = |at: usize| &*givers.guarantees[at].constraint.formalism;
        let formalisms: BTreeSet<&str> = givers.waiting().map(formalism).collect();
        let found = formalisms.into_iter().find_map(|formalism| {
            let mut kinds = [false, true].into_iter();
            kinds.find_map(|alone| self.circle(givers, formalism, alone, lossy))
        });
        let Some(circle) = found else {
            return false;
        };
        self.meet_circle(givers, &circle, lossy);
        true
    }

    /// The largest circle of guarantees of one formalism that hold, at all connections or (`alone`)
    /// at this one, taken alone.
    fn circle(&self, givers: &Givers, name: &str, alone: bool, lossy: &Lossy) -> Option<Circle> {
        let formalism = self.formalisms.get(name)?;
        if formalism.library().is_some() {
            return None;
        }
        // What cannot be read is met in order, after the circle that its assumption rests on.
        let usable = |at: &usize| {
            let parsed = &givers.guarantees[*at];
            *parsed.constraint.formalism == *name
                && parsed.formula().is_some()
                && !lossy.concerns(&parsed.constraint)
        };
        let kept = (0..givers.guarantees.len()).filter(usable);
        let is_kept = |at: &usize| {
            let parsed = &givers.guarantees[*at];
            let known = match alone {
                true => parsed.is_of_one_connection(),
                false => !parsed.here,
            };
            known && !parsed.is_conditional()
        };
        let waits = |at: &usize| {
            let parsed = &givers.guarantees[*at];
            let mixed =
                givers.together.is_some() && parsed.assumption().is_some_and(Parsed::is_mixed);
            parsed.may_be_met_in(alone) && !mixed
        };
        let mut circle = Circle {
            kept: kept.filter(is_kept).collect(),
            waiting: givers.waiting().filter(usable).filter(waits).collect(),
        };
        if circle.waiting.is_empty() || circle.waiting.len() > MAX_WAITING {
            return None;
        }
        let mut found = self.sustained(givers, &**formalism, circle.clone());
        // What is kept may be of a kind that is in the way, and not be needed: what breaks by itself,
        // or else what others can break.
        for by_others in [false, true] {
            if found.is_some() {
                break;
            }
            let before = circle.kept.len();
            circle.kept.retain(|at| {
                let own = &givers.emits[givers.giver(*at)];
                let alone = givers.formulas(&[*at]);
                let (kept, waiting, events) = match by_others {
                    false => (&*alone, &[][..], givers.together.as_ref().unwrap_or(own)),
                    true => (&[][..], &*alone, own),
                };
                let verdict = formalism.self_sustaining(kept, waiting, events, self.budget);
                verdict.holds()
            });
            if circle.kept.len() < before {
                found = self.sustained(givers, &**formalism, circle.clone());
            }
        }
        found
    }

    /// What of a circle holds, if anything does.
    fn sustained(
        &self,
        givers: &Givers,
        formalism: &dyn Formalism,
        mut circle: Circle,
    ) -> Option<Circle> {
        let sustaining = |[kept, waiting]: [&[usize]; 2], events: &Events| {
            let (kept, waiting) = (givers.formulas(kept), givers.formulas(waiting));
            let verdict = formalism.self_sustaining(&kept, &waiting, events, self.budget);
            verdict.holds()
        };
        // 1, of each by itself, so that one which has no place in it does not take others with it.
        circle.waiting.retain(|at| {
            let events = &givers.emits[givers.giver(*at)];
            let same: Vec<usize> = givers.same(*at).collect();
            sustaining([&[], &same], events)
        });
        loop {
            let before = circle.clone();
            // 2
            circle.waiting.retain(|at| {
                let assumed = givers.guarantees[*at].assumption();
                let Some(assumed) = assumed.and_then(Parsed::formula) else {
                    return false;
                };
                let giver = givers.giver(*at);
                let used = givers.used(&before, giver).concat();
                let used = givers.formulas(&used);
                let used = used.iter().map(|formula| (*formula, [].as_slice()));
                let (_, events) = givers.helpful(giver);
                let (verdict, _, rests_on) = self.decide(formalism, used, events, &[assumed]);
                verdict.holds() && rests_on.is_empty()
            });
            // 3
            let asking: BTreeSet<usize> =
                circle.waiting.iter().map(|at| givers.giver(*at)).collect();
            for giver in asking {
                let [kept, waiting] = givers.used(&circle, giver);
                let (_, events) = givers.helpful(giver);
                if !sustaining([&kept, &waiting], events) {
                    circle.waiting.retain(|at| givers.giver(*at) != giver);
                }
            }
            // All of it has been asked of what is left.
            if circle.waiting.len() == before.waiting.len() {
                break;
            }
        }
        (!circle.waiting.is_empty()).then_some(circle)
    }

    /// Says of a guarantee whose assumption is not met why that is so; `doubt` is that of those that
    /// may be met.
    fn tell(&self, givers: &mut Givers, at: usize, doubt: Option<Doubt>, lossy: &Lossy) {
        let waiting = &givers.guarantees[at];
        if !waiting.is_conditional() {
            return;
        }
        let (range, events) = givers.helpful(givers.giver(at));
        let other = &givers.guarantees[range];
        let why = match waiting.assumption() {
            None => "which cannot be read".to_owned(),
            Some(assumption) => {
                let ask = || self.meets(other, events, assumption, lossy);
                match doubt.map_or_else(ask, Err) {
                    Err(Doubt::Verdict(verdict)) => {
                        self.not_met((other, events), assumption, verdict, lossy)
                    }
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
        givers.guarantees[at].leave(why);
    }

    /// Why the other side does not meet an assumption: not by what it guarantees outright, which is
    /// what `outright` says.
    fn not_met(
        &self,
        (other, events): (&[Parsed], &Events),
        assumption: &Parsed,
        outright: Verdict,
        lossy: &Lossy,
    ) -> String {
        let verdict = match other.iter().any(Parsed::is_conditional) {
            true => {
                let assumed: Vec<Parsed> = other.iter().map(Parsed::assumed).collect();
                let answer = self.implies(&assumed, events, assumption, lossy);
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

    /// Whether it is known that who keeps the requirements of a type keeps an assumption.
    pub(super) fn is_met(&self, requirements: &[Parsed], assumption: &Parsed) -> bool {
        let nothing = Lossy::Endpoint(false);
        self.meets(requirements, &Events::All, assumption, &nothing)
            .is_ok()
    }

    /// Marks the constraints of one side of a type whose assumptions every peer has to meet: those
    /// that the other side's constraints imply, or that speak of each connection by itself.
    pub(crate) fn mark_universal(&self, all: &mut [Parsed], other: &[Parsed], endpoint: bool) {
        for parsed in all {
            let Some(assumption) = parsed.assumption() else {
                continue;
            };
            let alone =
                endpoint && parsed.is_of_one_connection() && assumption.is_of_one_connection();
            let nothing = Lossy::Endpoint(false);
            let required = self.meets(other, &Events::All, assumption, &nothing);
            let unknown = matches!(
                required,
                Err(Doubt::Word(_) | Doubt::Verdict(Verdict::Unknown(_)))
            );
            // What cannot be read follows from equal texts only.
            let in_doubt = unknown && assumption.read().is_some();
            parsed.set_universal(required.is_ok(), in_doubt, alone);
        }
    }

    /// The premises to ask with in place of these where some hold at this connection only: those that
    /// hold at all connections, or else those that speak of each connection by itself, if the
    /// conclusion does.
    pub(super) fn where_they_hold(
        &self,
        premises: &[Parsed],
        events: &Events,
        conclusion: &Parsed,
        lossy: &Lossy,
    ) -> Option<Vec<Parsed>> {
        if !premises.iter().any(|it| it.here) {
            return None;
        }
        if conclusion.is_of_one_connection() {
            let alone = premises.iter().filter(|it| it.is_of_one_connection());
            let alone: Vec<Parsed> = alone.cloned().collect();
            let answer = self.follows(&alone, events, conclusion, lossy);
            if answer.verdict.holds() {
                return Some(alone);
            }
        }
        Some(premises.iter().map(Parsed::elsewhere).collect())
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
            // An assumption is not met by a word alone.
            let assumed = std::slice::from_ref(assumed);
            self.meets(assumed, &Events::All, wanted, lossy).ok()?;
            let answer = self.implies(&[premise.assumed()], events, &asked, lossy);
            let words = answer.verdict.holds().then_some(answer.rests_on)?;
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
