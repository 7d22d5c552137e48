//! What breaks a formula, as far as that is a matter of which occurrences came first.

use std::collections::BTreeSet;

use super::super::super::formula::{Atom, Binary, Node, Unary, Variable};

/// How many combinations are looked at before a formula is left alone.
const MAX_CLAUSES: usize = 64;

/// What may come true as things happen, and then stays so.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Literal {
    /// It has happened.
    Happened(Atom),
    /// The first has happened, and before the other's first occurrence, if that comes at all; or at
    /// the same position, where `or_at_once`.
    Before {
        first: Atom,
        other: Atom,
        or_at_once: bool,
    },
    /// The second has happened at a later position than the first occurrence of the first.
    After { first: Atom, second: Atom },
    /// Whether two variables are the same.
    Same(Variable, Variable, bool),
    /// No occurrence makes it true.
    Never,
    /// Something else.
    Other,
}

/// Literals that break a formula together.
pub(super) type Clause = BTreeSet<Literal>;

/// What makes progression find a formula false: all literals of one of these clauses. None if that
/// is too much.
///
/// Each part `F a`, `!a W b`, `G (a -> X G !b)` … is what progression keeps until an occurrence makes it
/// true or false; so the formula is found false when its negation has a clause, in disjunctive normal
/// form, all of whose literals have come true. A literal that no occurrence makes true, such as `G a`,
/// takes its clause with it.
pub(super) fn breaking(body: &Node) -> Option<Vec<Clause>> {
    let clauses = decided(body, false)?.into_iter();
    let clauses = clauses.filter(|it| !it.contains(&Literal::Never));
    let possible = clauses.filter_map(|clause| {
        let evident =
            |it: &Literal| matches!(it, Literal::Same(left, right, true) if left == right);
        let clause: Clause = clause.into_iter().filter(|it| !evident(it)).collect();
        let opposed = |it: &Literal| match it {
            Literal::Same(left, right, false) => {
                left == right
                    || clause.contains(&Literal::Same(*left, *right, true))
                    || clause.contains(&Literal::Same(*right, *left, true))
            }
            Literal::Before {
                first,
                other,
                or_at_once,
            } => first == other && !or_at_once,
            _ => false,
        };
        let impossible = clause.iter().any(opposed);
        (!impossible).then_some(clause)
    });
    Some(possible.collect())
}

/// Whether a formula that was not found false is true if nothing more happens. Then a clause has a literal
/// that has not come true, and such a literal stays false; only that something comes before what never
/// happens may turn out true, if the clause does not need that to happen. Of other formulas it cannot be told.
pub(in super::super) fn is_safety(body: &Node) -> bool {
    let Some(clauses) = decided(body, false) else {
        return false;
    };
    clauses.iter().all(|clause| {
        let needed = |atom: &Atom| {
            clause.iter().any(|it| match it {
                Literal::Happened(happened) => happened == atom,
                Literal::Before {
                    first,
                    or_at_once: false,
                    ..
                } => first == atom,
                _ => false,
            })
        };
        clause.iter().all(|literal| match literal {
            Literal::Never | Literal::Other => false,
            Literal::Before {
                other,
                or_at_once: true,
                ..
            } => needed(other),
            _ => true,
        })
    })
}

/// What decides that a formula is true, or that it is false.
fn decided(node: &Node, truth: bool) -> Option<Vec<Clause>> {
    let other = || Some(vec![Clause::from([Literal::Other])]);
    match node {
        Node::Constant(constant) => Some(match *constant == truth {
            true => vec![Clause::new()],
            false => Vec::new(),
        }),
        Node::Same(left, right) => Some(vec![Clause::from([Literal::Same(*left, *right, truth)])]),
        Node::Event(_) | Node::Proposition(_) => other(),
        Node::Unary(operator, inner) => match (operator, truth) {
            (Unary::Not, _) => decided(inner, !truth),
            // No occurrence decides that nothing of the kind follows.
            (Unary::Finally, false) | (Unary::Globally, true) => {
                Some(vec![Clause::from([Literal::Never])])
            }
            (Unary::Finally, true) => match any_of(inner) {
                Some(atoms) => Some(happened(&atoms)),
                None => other(),
            },
            (Unary::Globally, false) => not_always(inner).or_else(other),
            _ => other(),
        },
        Node::Binary(operator, left, right) => match operator {
            Binary::And | Binary::Or => {
                let (left, right) = (decided(left, truth)?, decided(right, truth)?);
                junction((*operator == Binary::And) == truth, left, right)
            }
            Binary::Implies => {
                let (left, right) = (decided(left, !truth)?, decided(right, truth)?);
                junction(!truth, left, right)
            }
            Binary::Iff | Binary::Xor => {
                let equal = (*operator == Binary::Iff) == truth;
                let both = junction(true, decided(left, true)?, decided(right, equal)?)?;
                let none = junction(true, decided(left, false)?, decided(right, !equal)?)?;
                junction(false, both, none)
            }
            Binary::Until | Binary::WeakUntil => match (none_of(left), any_of(right)) {
                (Some(missing), Some(awaited)) => Some(match truth {
                    true => sooner(&awaited, &missing, true),
                    false => sooner(&missing, &awaited, false),
                }),
                _ => other(),
            },
            Binary::Release | Binary::StrongRelease | Binary::Since => other(),
        },
    }
}

/// What decides that something is not true at all positions; none where that is something else.
fn not_always(node: &Node) -> Option<Vec<Clause>> {
    if let Some(atoms) = none_of(node) {
        return Some(happened(&atoms));
    }
    let Node::Binary(Binary::Implies, when, then) = node else {
        return None;
    };
    let when = any_of(when)?;
    match &**then {
        Node::Unary(Unary::Once, asked) => Some(sooner(&when, &any_of(asked)?, false)),
        Node::Unary(Unary::Next, never) => {
            let Node::Unary(Unary::Globally, never) = &**never else {
                return None;
            };
            let never = none_of(never)?;
            let pairs = when.iter().flat_map(|first| {
                never.iter().map(move |second| {
                    let (first, second) = (first.clone(), second.clone());
                    Clause::from([Literal::After { first, second }])
                })
            });
            Some(pairs.collect())
        }
        _ => None,
    }
}

fn happened(atoms: &[Atom]) -> Vec<Clause> {
    let clauses = atoms.iter().map(|it| Literal::Happened(it.clone()));
    clauses.map(|literal| Clause::from([literal])).collect()
}

/// One of some atoms has happened before all of the others.
fn sooner(some: &[Atom], others: &[Atom], or_at_once: bool) -> Vec<Clause> {
    let clauses = some.iter().map(|first| {
        let literals = others.iter().map(|other| Literal::Before {
            first: first.clone(),
            other: other.clone(),
            or_at_once,
        });
        literals.collect()
    });
    clauses.collect()
}

/// The atoms of which a formula is the disjunction.
fn any_of(node: &Node) -> Option<Vec<Atom>> {
    match node {
        Node::Event(atom) => Some(vec![atom.clone()]),
        Node::Binary(Binary::Or, left, right) => {
            let mut atoms = any_of(left)?;
            atoms.extend(any_of(right)?);
            Some(atoms)
        }
        _ => None,
    }
}

/// The atoms of whose disjunction a formula is the negation.
fn none_of(node: &Node) -> Option<Vec<Atom>> {
    match node {
        Node::Unary(Unary::Not, inner) => any_of(inner),
        _ => None,
    }
}

fn junction(and: bool, left: Vec<Clause>, right: Vec<Clause>) -> Option<Vec<Clause>> {
    let mut all: BTreeSet<Clause> = BTreeSet::new();
    if and {
        if left.len() * right.len() > MAX_CLAUSES {
            return None;
        }
        for left in &left {
            all.extend(
                right
                    .iter()
                    .map(|right| left.union(right).cloned().collect()),
            );
        }
    } else {
        all.extend(left.into_iter().chain(right));
    }
    (all.len() <= MAX_CLAUSES).then(|| all.into_iter().collect())
}
