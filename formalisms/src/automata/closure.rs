//! The formulas that a search can meet, numbered.

use std::collections::BTreeSet;

use liveobj_types::verdict::Reason;

use super::formulas::{Formulas, Id, View};
use super::set::Set;
use crate::Budget;

/// A number in a [`Closure`]; those of the parts of a formula are smaller than its own.
pub(super) type Number = usize;

/// What asserting a formula at a position means.
#[derive(Debug)]
pub(super) enum Step {
    True,
    False,
    Literal { atom: usize, value: bool },
    All(Vec<Number>),
    Any(Vec<Number>),
    Next(Number),
    Until(Number, Number),
    Release(Number, Number),
    Yesterday(Number),
    WeakYesterday(Number),
    Since(Number, Number),
    Trigger(Number, Number),
}

/// Some formulas and all their parts, negations moved inward.
#[derive(Debug)]
pub(super) struct Closure {
    pub(super) steps: Vec<Step>,
    /// The number of the negation, if it is here too.
    pub(super) negation: Vec<Option<Number>>,
    /// Formulas of whose truth one position earlier the formula may want to know: then, or at any
    /// later position.
    pub(super) needs: Vec<Set>,
    /// Parts that are asserted wherever the formula is.
    pub(super) musts: Vec<Set>,
    /// Whether asserting the formula restricts positions that follow.
    pub(super) future: Vec<bool>,
}

impl Closure {
    /// The closure of `roots`, and their numbers.
    pub(super) fn of(
        formulas: &Formulas,
        roots: &[Id],
        budget: &mut Budget,
    ) -> Result<(Closure, Vec<Number>), Reason> {
        let mut ids: BTreeSet<Id> = roots.iter().copied().collect();
        let mut open: Vec<Id> = ids.iter().copied().collect();
        while let Some(id) = open.pop() {
            for part in parts(&formulas.view(id)) {
                budget.take(1)?;
                if ids.insert(part) {
                    open.push(part);
                }
            }
        }
        // Nodes are made after their parts, so that the order of their numbers is the one wanted.
        let ids: Vec<Id> = ids.into_iter().collect();
        let number = |id: Id| ids.binary_search(&id);
        let known = |id: Id| number(id).expect("because parts of members are members");
        let mut closure = Closure {
            steps: Vec::with_capacity(ids.len()),
            negation: ids.iter().map(|id| number(!*id).ok()).collect(),
            needs: Vec::with_capacity(ids.len()),
            musts: Vec::with_capacity(ids.len()),
            future: ids.iter().map(|id| formulas.has_future(*id)).collect(),
        };
        for (place, id) in ids.iter().enumerate() {
            let view = formulas.view(*id);
            let (mut needs, mut musts) = (Set::default(), Set::default());
            for part in parts(&view) {
                let part = known(part);
                needs.add_all(&closure.needs[part]);
                budget.take(needs.cost())?;
            }
            let mut must = |part: Id| {
                let part = known(part);
                musts.add_all(&closure.musts[part]);
                musts.insert(part);
                musts.cost()
            };
            let numbers = |ids: Vec<Id>| ids.into_iter().map(known).collect();
            let mut cost = 1;
            let step = match view {
                View::True => Step::True,
                View::False => Step::False,
                View::Literal { atom, value } => Step::Literal { atom, value },
                View::All(parts) => {
                    cost += parts.iter().map(|part| must(*part)).sum::<usize>();
                    Step::All(numbers(parts))
                }
                View::Any(parts) => Step::Any(numbers(parts)),
                View::Next(part) => Step::Next(known(part)),
                View::Until(left, right) => Step::Until(known(left), known(right)),
                View::Release(left, right) => {
                    cost += must(right);
                    Step::Release(known(left), known(right))
                }
                View::Yesterday(part) => {
                    needs.insert(known(part));
                    Step::Yesterday(known(part))
                }
                View::WeakYesterday(part) => {
                    needs.insert(known(part));
                    Step::WeakYesterday(known(part))
                }
                View::Since(left, right) => {
                    needs.insert(place);
                    Step::Since(known(left), known(right))
                }
                View::Trigger(left, right) => {
                    cost += must(right);
                    needs.insert(place);
                    Step::Trigger(known(left), known(right))
                }
            };
            budget.take(cost)?;
            closure.steps.push(step);
            closure.needs.push(needs);
            closure.musts.push(musts);
        }
        let roots = roots.iter().map(|root| known(*root)).collect();
        Ok((closure, roots))
    }

    /// Of what the formulas `numbers` may want to know whether it was true one position earlier.
    pub(super) fn needs(&self, numbers: &Set) -> Set {
        let mut needs = Set::default();
        for number in numbers.iter() {
            needs.add_all(&self.needs[number]);
        }
        needs
    }
}

fn parts(view: &View) -> Vec<Id> {
    match view {
        View::True | View::False | View::Literal { .. } => Vec::new(),
        View::All(parts) | View::Any(parts) => parts.clone(),
        View::Next(part) | View::Yesterday(part) | View::WeakYesterday(part) => vec![*part],
        View::Until(left, right)
        | View::Release(left, right)
        | View::Since(left, right)
        | View::Trigger(left, right) => vec![*left, *right],
    }
}
