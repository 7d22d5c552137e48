//! The transitions that leave a state, one after the other.

use liveobj_types::verdict::Reason;

use super::alphabet::Alphabet;
use super::closure::{Closure, Number, Step};
use super::set::Set;
use crate::Budget;

/// What must be true from a position on, given what was true at the position before it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct State {
    /// What must be true.
    pub(super) obligations: Set,
    /// What was asserted one position earlier, of what the obligations may want to know.
    pub(super) facts: Set,
}

/// A transition.
#[derive(Debug)]
pub(super) struct Transition<L> {
    pub(super) label: L,
    pub(super) target: State,
    /// The formulas `φ U ψ` whose `ψ` was put off.
    pub(super) postponed: Set,
}

/// A way to meet the obligations that is not worked out yet.
#[derive(Clone, Debug)]
struct Partial<L> {
    label: L,
    /// Asserted, and not looked at.
    open: Vec<Number>,
    /// Asserted, looked at, and to be met in one of several ways.
    choices: Vec<Number>,
    asserted: Set,
    /// Obligations at the next position.
    next: Set,
    postponed: Set,
    /// What will not be asserted here.
    declined: Set,
}

/// What became of a partial.
enum Settled {
    /// It contradicts itself.
    Dead,
    /// It was split.
    Split,
    /// It meets all obligations.
    Met,
}

/// A transition that was found before.
#[derive(Debug)]
struct Found {
    next: Set,
    postponed: Set,
    facts: Set,
    needs: Set,
}

/// The transitions of a state that are still to come.
#[derive(Debug)]
pub(super) struct Expansion<L> {
    facts: Set,
    /// Whether the position is 0.
    first: bool,
    pending: Vec<Partial<L>>,
    found: Vec<Found>,
}

/// How deep [`Expansion::refuted`] looks.
const DEPTH: u32 = 3;

impl<L: Clone> Expansion<L> {
    pub(super) fn new(state: &State, first: bool, any: L) -> Expansion<L> {
        let partial = Partial {
            label: any,
            open: state.obligations.iter().collect(),
            choices: Vec::new(),
            asserted: Set::default(),
            next: Set::default(),
            postponed: Set::default(),
            declined: Set::default(),
        };
        Expansion {
            facts: state.facts.clone(),
            first,
            pending: vec![partial],
            found: Vec::new(),
        }
    }

    /// The next transition; none if there are no more.
    pub(super) fn advance<A: Alphabet<Label = L>>(
        &mut self,
        closure: &Closure,
        alphabet: &A,
        budget: &mut Budget,
    ) -> Result<Option<Transition<L>>, Reason> {
        while let Some(mut partial) = self.pending.pop() {
            budget.take(self.found.len() * partial.next.cost())?;
            if self.is_needless(&partial) {
                continue;
            }
            match self.settle(&mut partial, closure, alphabet, budget)? {
                Settled::Dead | Settled::Split => continue,
                Settled::Met => {}
            }
            // What is asserted with another obligation anyway need not be one.
            let mut obligations = partial.next.clone();
            for number in partial.next.iter() {
                obligations.remove_all(&closure.musts[number]);
            }
            let needs = closure.needs(&obligations);
            let mut facts = partial.asserted;
            facts.retain_all(&needs);
            budget.take(partial.next.cost() * (1 + self.found.len()))?;
            let needless = self.found.iter().any(|found| {
                let mut known = facts.clone();
                known.retain_all(&found.needs);
                found.next.is_subset(&obligations)
                    && found.postponed.is_subset(&partial.postponed)
                    && known.is_subset(&found.facts)
            });
            if needless {
                continue;
            }
            self.found.push(Found {
                next: obligations.clone(),
                postponed: partial.postponed.clone(),
                facts: facts.clone(),
                needs,
            });
            return Ok(Some(Transition {
                label: partial.label,
                target: State { obligations, facts },
                postponed: partial.postponed,
            }));
        }
        Ok(None)
    }

    /// Whether a transition that was found is as good as any that can come of `partial`.
    fn is_needless(&self, partial: &Partial<L>) -> bool {
        self.found.iter().any(|found| {
            let mut possible = found.needs.clone();
            possible.remove_all(&partial.declined);
            found.next.is_subset(&partial.next)
                && found.postponed.is_subset(&partial.postponed)
                && possible.is_subset(&found.facts)
        })
    }

    fn settle<A: Alphabet<Label = L>>(
        &mut self,
        partial: &mut Partial<L>,
        closure: &Closure,
        alphabet: &A,
        budget: &mut Budget,
    ) -> Result<Settled, Reason> {
        loop {
            while let Some(number) = partial.open.pop() {
                budget.take(alphabet.cost())?;
                if !self.assert(partial, number, closure, alphabet) {
                    return Ok(Settled::Dead);
                }
            }
            budget.take(partial.choices.len())?;
            match self.choose(partial, closure, alphabet) {
                Choice::Dead => return Ok(Settled::Dead),
                Choice::Forced => continue,
                Choice::Split(ways) => {
                    budget.take(ways.len() * partial.asserted.cost() * 8)?;
                    self.pending.extend(ways.into_iter().rev());
                    return Ok(Settled::Split);
                }
                Choice::None => {}
            }
            let needs = closure.needs(&partial.next);
            budget.take(needs.cost())?;
            match self.remember(partial, &needs, closure, alphabet) {
                Choice::Dead => return Ok(Settled::Dead),
                Choice::Forced => continue,
                Choice::Split(ways) => {
                    budget.take(ways.len() * partial.asserted.cost() * 8)?;
                    self.pending.extend(ways.into_iter().rev());
                    return Ok(Settled::Split);
                }
                Choice::None => return Ok(Settled::Met),
            }
        }
    }

    /// Asserts a formula, as far as there is no choice; whether that is consistent.
    fn assert<A: Alphabet<Label = L>>(
        &self,
        partial: &mut Partial<L>,
        number: Number,
        closure: &Closure,
        alphabet: &A,
    ) -> bool {
        if partial.declined.contains(number) {
            return false;
        }
        if !partial.asserted.insert(number) {
            return true;
        }
        if let Some(negation) = closure.negation[number]
            && partial.asserted.contains(negation)
        {
            return false;
        }
        match &closure.steps[number] {
            Step::True => true,
            Step::False => false,
            Step::Literal { atom, value } => match alphabet.meet(&partial.label, *atom, *value) {
                None => false,
                Some(label) => {
                    partial.label = label;
                    true
                }
            },
            Step::All(parts) => {
                partial.open.extend(parts.iter().rev());
                true
            }
            Step::Next(part) => oblige(&mut partial.next, *part, closure),
            Step::Any(_) | Step::Until(..) => {
                partial.choices.push(number);
                true
            }
            Step::Release(_, now) => {
                partial.open.push(*now);
                partial.choices.push(number);
                true
            }
            Step::Yesterday(part) => self.facts.contains(*part),
            Step::WeakYesterday(part) => self.first || self.facts.contains(*part),
            Step::Since(_, now) => {
                match self.facts.contains(number) {
                    true => partial.choices.push(number),
                    false => partial.open.push(*now),
                }
                true
            }
            Step::Trigger(end, now) => {
                if !self.first && !self.facts.contains(number) {
                    partial.open.push(*end);
                }
                partial.open.push(*now);
                true
            }
        }
    }

    /// Meets what was put off because there is a choice.
    fn choose<A: Alphabet<Label = L>>(
        &self,
        partial: &mut Partial<L>,
        closure: &Closure,
        alphabet: &A,
    ) -> Choice<L> {
        let mut split: Option<(Number, Vec<Way>)> = None;
        let mut forced = false;
        let choices = std::mem::take(&mut partial.choices);
        for number in choices {
            let Some(mut ways) = ways(partial, number, closure) else {
                continue;
            };
            ways.retain(|way| match way {
                Way::Assert(part) | Way::Postpone(part) => {
                    !self.refuted(partial, *part, DEPTH, closure, alphabet)
                }
                Way::Continue => !is_excluded(&partial.next, number, closure),
            });
            match ways[..] {
                [] => return Choice::Dead,
                [way] => {
                    forced = true;
                    if !take(partial, number, way, closure) {
                        return Choice::Dead;
                    }
                }
                _ => {
                    partial.choices.push(number);
                    if split
                        .as_ref()
                        .is_none_or(|(_, best)| ways.len() < best.len())
                    {
                        split = Some((number, ways));
                    }
                }
            }
        }
        if forced {
            return Choice::Forced;
        }
        let Some((number, ways)) = split else {
            return Choice::None;
        };
        partial.choices.retain(|choice| *choice != number);
        let ways = ways.into_iter().filter_map(|way| {
            let mut partial = partial.clone();
            take(&mut partial, number, way, closure).then_some(partial)
        });
        Choice::Split(ways.collect())
    }

    /// Decides which of the formulas `needs` are asserted here, for the next position to know.
    fn remember<A: Alphabet<Label = L>>(
        &self,
        partial: &mut Partial<L>,
        needs: &Set,
        closure: &Closure,
        alphabet: &A,
    ) -> Choice<L> {
        for number in needs.iter() {
            if partial.asserted.contains(number) || partial.declined.contains(number) {
                continue;
            }
            let negation = closure.negation[number].filter(|negation| needs.contains(*negation));
            let refuted = self.refuted(partial, number, DEPTH, closure, alphabet);
            let Some(negation) = negation else {
                if refuted {
                    partial.declined.insert(number);
                    continue;
                }
                let mut with = partial.clone();
                with.open.push(number);
                let mut without = partial.clone();
                without.declined.insert(number);
                return Choice::Split(match closure.future[number] {
                    false => vec![with, without],
                    true => vec![without, with],
                });
            };
            // One of the two is true.
            if partial.asserted.contains(negation) {
                partial.declined.insert(number);
                continue;
            }
            let way = |partial: &Partial<L>, yes: Number, no: Number| {
                let mut partial = partial.clone();
                partial.open.push(yes);
                partial.declined.insert(no);
                partial
            };
            let mut ways = Vec::new();
            if !refuted {
                ways.push(way(partial, number, negation));
            }
            if !self.refuted(partial, negation, DEPTH, closure, alphabet) {
                ways.push(way(partial, negation, number));
            }
            return match ways.len() {
                0 => Choice::Dead,
                1 => {
                    *partial = ways.remove(0);
                    Choice::Forced
                }
                _ => Choice::Split(ways),
            };
        }
        Choice::None
    }

    /// Whether a formula plainly cannot be asserted any more.
    fn refuted<A: Alphabet<Label = L>>(
        &self,
        partial: &Partial<L>,
        number: Number,
        depth: u32,
        closure: &Closure,
        alphabet: &A,
    ) -> bool {
        if partial.declined.contains(number)
            || closure.negation[number].is_some_and(|other| partial.asserted.contains(other))
        {
            return true;
        }
        let Some(depth) = depth.checked_sub(1) else {
            return false;
        };
        let refuted = |part: &Number| self.refuted(partial, *part, depth, closure, alphabet);
        match &closure.steps[number] {
            Step::True => false,
            Step::False => true,
            Step::Literal { atom, value } => alphabet.meet(&partial.label, *atom, *value).is_none(),
            Step::All(parts) => parts.iter().any(refuted),
            Step::Any(parts) => parts.iter().all(refuted),
            Step::Next(part) => is_excluded(&partial.next, *part, closure),
            Step::Until(left, right) => refuted(right) && refuted(left),
            Step::Release(_, right) => refuted(right),
            Step::Yesterday(part) => !self.facts.contains(*part),
            Step::WeakYesterday(part) => !self.first && !self.facts.contains(*part),
            Step::Since(left, right) => {
                refuted(right) && (!self.facts.contains(number) || refuted(left))
            }
            Step::Trigger(left, right) => {
                refuted(right) || !self.first && !self.facts.contains(number) && refuted(left)
            }
        }
    }
}

/// What is to be decided.
enum Choice<L> {
    /// Nothing.
    None,
    /// It contradicts itself.
    Dead,
    /// What could be done only in one way has been done.
    Forced,
    /// It can be done in these ways, the most promising one first.
    Split(Vec<Partial<L>>),
}

/// How a formula can be met.
#[derive(Clone, Copy)]
enum Way {
    /// By a part.
    Assert(Number),
    /// By this part, and by itself at the next position, which counts as a delay.
    Postpone(Number),
    /// By itself at the next position.
    Continue,
}

/// The ways to meet a formula; none if it is met.
fn ways<L>(partial: &Partial<L>, number: Number, closure: &Closure) -> Option<Vec<Way>> {
    let met = |part: &Number| partial.asserted.contains(*part);
    match &closure.steps[number] {
        Step::Any(parts) if !parts.iter().any(met) => {
            let (later, now): (Vec<Number>, Vec<Number>) =
                parts.iter().partition(|part| closure.future[**part]);
            Some(now.into_iter().chain(later).map(Way::Assert).collect())
        }
        Step::Until(left, right) if !met(right) => {
            Some(vec![Way::Assert(*right), Way::Postpone(*left)])
        }
        Step::Release(left, _) if !met(left) && !partial.next.contains(number) => {
            Some(vec![Way::Assert(*left), Way::Continue])
        }
        Step::Since(left, right) if !met(left) && !met(right) => {
            Some(vec![Way::Assert(*left), Way::Assert(*right)])
        }
        _ => None,
    }
}

fn take<L>(partial: &mut Partial<L>, number: Number, way: Way, closure: &Closure) -> bool {
    match way {
        Way::Assert(part) => {
            partial.open.push(part);
            true
        }
        Way::Postpone(part) => {
            partial.open.push(part);
            partial.postponed.insert(number);
            oblige(&mut partial.next, number, closure)
        }
        Way::Continue => oblige(&mut partial.next, number, closure),
    }
}

/// Makes a formula an obligation; whether that is consistent.
fn oblige(next: &mut Set, number: Number, closure: &Closure) -> bool {
    let mut open = vec![number];
    while let Some(number) = open.pop() {
        match &closure.steps[number] {
            Step::True => {}
            Step::All(parts) => open.extend(parts),
            _ if is_excluded(next, number, closure) => return false,
            _ => {
                next.insert(number);
            }
        }
    }
    true
}

/// Whether the negation is an obligation.
fn is_excluded(next: &Set, number: Number, closure: &Closure) -> bool {
    match closure.steps[number] {
        Step::False => true,
        _ => closure.negation[number].is_some_and(|negation| next.contains(negation)),
    }
}
