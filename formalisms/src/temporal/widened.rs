//! Whether what a formula says stays when parameters take values that they could not take before.
//!
//! Two endpoint types that fit each other may have parameters of different types, `u8` where one emits
//! and `u16` where the other one handles. What the two exchange are the values that both have, told
//! apart on both sides alike; but variables range over all values of either side. So a guarantee of
//! the one implies an equal text of the other if that is true for values that never occur: there
//! every atom with such a value is false, and if the rest makes the formula true by its form,
//! nothing more is promised. `G (receive(m) -> X G !receive(m))` is such a formula, and
//! `F receive(m)`, which promises all values, is none.
//!
//! An equal text may also be about other events: among the parts of a composite, what an object
//! guarantees of what it handles meets what it requires of those who emit it.

use super::formula::{Binary, Event, Node, Quantifier, Sentence, Sort, Unary, Variable};

/// Most variables that are looked at: any of them may have values that never occur.
const MOST: usize = 8;

/// Whether the first sentence implies the second one, which has the same text, where each value that
/// the one side emits is one that the other side has; by its form.
pub(super) fn stays(given: &Sentence, asked: &Sentence) -> bool {
    let events = |sentence: &'_ Sentence| -> Vec<Event> {
        let atoms = sentence.atoms().into_iter();
        atoms.map(|atom| atom.event.clone()).collect()
    };
    if events(given) != events(asked) {
        return false;
    }
    let mut widened: Vec<Variable> = Vec::new();
    for (variable, (left, right)) in given.prefix.iter().zip(&asked.prefix).enumerate() {
        match (&left.sort, &right.sort) {
            (left, right) if left == right => {}
            (Sort::Message(_), Sort::Message(_)) => widened.push(variable),
            _ => return false,
        }
    }
    let mut prefix = given.prefix.iter().chain(&asked.prefix);
    let universal = prefix.all(|binding| binding.quantifier == Quantifier::ForAll);
    if widened.is_empty() {
        return true;
    }
    widened.len() <= MOST
        && universal
        && (1..1_usize << widened.len()).all(|chosen| {
            let strange = |variable: Variable| {
                let place = widened.iter().position(|it| *it == variable);
                place.is_some_and(|place| chosen >> place & 1 == 1)
            };
            truth(&asked.body, &strange) == Some(true)
        })
}

/// The truth of a formula at all positions alike, if its form shows that, where the `strange` variables
/// stand for values that never occur.
fn truth(node: &Node, strange: &dyn Fn(Variable) -> bool) -> Option<bool> {
    match node {
        Node::Constant(truth) => Some(*truth),
        Node::Event(atom) => {
            let mut arguments = atom.arguments.iter();
            arguments.any(|it| strange(it.variable)).then_some(false)
        }
        Node::Proposition(_) => None,
        Node::Same(left, right) => match (strange(*left), strange(*right)) {
            _ if left == right => Some(true),
            (true, false) | (false, true) => Some(false),
            (true, true) | (false, false) => None,
        },
        Node::Unary(operator, inner) => {
            let inner = truth(inner, strange);
            match operator {
                Unary::Not => inner.map(|truth| !truth),
                // It is false at the first position.
                Unary::Yesterday => inner.filter(|truth| !truth),
                Unary::Next
                | Unary::Finally
                | Unary::Globally
                | Unary::Once
                | Unary::Historically => inner,
            }
        }
        Node::Binary(operator, left, right) => {
            let (left, right) = (truth(left, strange), truth(right, strange));
            let negated = |truth: Option<bool>| truth.map(|truth| !truth);
            match operator {
                Binary::And => and(left, right),
                Binary::Or => negated(and(negated(left), negated(right))),
                Binary::Implies => negated(and(left, negated(right))),
                Binary::Iff => Some(left? == right?),
                Binary::Xor => Some(left? != right?),
                Binary::Until | Binary::Release | Binary::Since => right,
                Binary::WeakUntil if left == Some(true) => left,
                Binary::WeakUntil if left == Some(false) || right == Some(true) => right,
                Binary::WeakUntil => None,
                Binary::StrongRelease => and(left, right),
            }
        }
    }
}

fn and(left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match (left, right) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}
