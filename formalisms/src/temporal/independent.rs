//! Ordinary linear temporal logic: any set of propositions may hold at a position.

use std::collections::BTreeMap;

use liveobj_types::verdict::Reason;

use super::decide::Answer;
use super::formula::{Node, Sentence};
use super::ground::{binary, unary};
use super::history::{Lasso, Position, Universe};
use crate::Budget;
use crate::automata::{self, Formulas, Id, Independent, Set};

/// Whether premises imply a conclusion.
///
/// # Errors
///
/// The steps do not suffice.
pub(super) fn decide(
    premises: &[&Sentence],
    conclusion: &Sentence,
    budget: &mut Budget,
) -> Result<Answer, Reason> {
    let mut formulas = Formulas::new();
    let mut names = BTreeMap::new();
    let mut all = Vec::new();
    for premise in premises {
        all.push(translated(
            &premise.body,
            &mut formulas,
            &mut names,
            budget,
        )?);
    }
    let wanted = translated(&conclusion.body, &mut formulas, &mut names, budget)?;
    all.push(!wanted);
    let Some(word) = automata::model_within(&formulas, &Independent, &all, budget)? else {
        return Ok(Answer::Holds);
    };
    let position = |letter: &Set| {
        let holds = |number: &usize| letter.contains(*number);
        let names = names.iter().filter(|(_, number)| holds(number));
        Position::Propositions(names.map(|(name, _)| (*name).clone()).collect())
    };
    Ok(Answer::Refuted(Lasso {
        universe: Universe::default(),
        prefix: word.prefix.iter().map(position).collect(),
        cycle: word.cycle.iter().map(position).collect(),
    }))
}

fn translated<'n>(
    node: &'n Node,
    formulas: &mut Formulas,
    names: &mut BTreeMap<&'n String, usize>,
    budget: &mut Budget,
) -> Result<Id, Reason> {
    budget.take(1)?;
    Ok(match node {
        Node::Constant(truth) => formulas.constant(*truth),
        Node::Proposition(name) => {
            let next = names.len();
            formulas.atom(*names.entry(name).or_insert(next))
        }
        Node::Event(_) | Node::Same(..) => {
            unreachable!("the parser reads either events or propositions")
        }
        Node::Unary(operator, inner) => {
            let inner = translated(inner, formulas, names, budget)?;
            unary(formulas, *operator, inner)
        }
        Node::Binary(operator, left, right) => {
            let left = translated(left, formulas, names, budget)?;
            let right = translated(right, formulas, names, budget)?;
            binary(formulas, *operator, left, right)
        }
    })
}
