//! What a conclusion or a premise leaves open, as variables where that says the same.
//!
//! An atom that leaves an instance or a parameter open hides a quantifier: `G !send` says that for
//! all values v, `G !send(v)`. A quantifier that commutes with everything above it becomes one of the
//! leading quantifiers, with which the proof does better than with `other`. In a conclusion those
//! are universal: of atoms that are denied, below operators with which "for all" commutes (a
//! conjunction over positions; `left U right`, whose left holds up to the first `right`), and of
//! atoms that are asserted below a negation and operators with which "for some" commutes. Universes
//! are not empty, which `W` and a disjunction with a formula that does not have the variable need.
//!
//! A premise is the dual: what `F receive@*` asserts happens at some instance, and `exists i. F
//! receive@i` says the same. Its leading quantifiers are existential, so that this is done where it has
//! no universal ones.

use liveobj_types::formalism::Domain;

use super::formula::{
    Argument, Atom, Binary, Binding, Node, Place, Quantifier, Sentence, Sort, Unary,
};
use super::signature::Signature;

/// Most variables that are added to a conclusion, or to all premises: the ways in which variables can be
/// equal are many.
const MOST: usize = 3;

/// A conclusion that says the same with fewer open places.
pub(super) fn closed(conclusion: &Sentence, signature: &Signature) -> Sentence {
    filled(conclusion, signature, Quantifier::ForAll, &mut { MOST })
}

/// Premises that say the same with fewer open places; none if there are none.
pub(super) fn witnessed(premises: &[&Sentence], signature: &Signature) -> Option<Vec<Sentence>> {
    let mut left = MOST;
    let witnessed = premises
        .iter()
        .map(|premise| filled(premise, signature, Quantifier::Exists, &mut left))
        .collect();
    (left < MOST).then_some(witnessed)
}

/// A sentence with variables of this quantifier in open places, as long as some are `left`; as it is
/// where it has leading quantifiers of the other kind.
fn filled(
    sentence: &Sentence,
    signature: &Signature,
    quantifier: Quantifier,
    left: &mut usize,
) -> Sentence {
    let mut filled = sentence.clone();
    if filled.prefix.iter().all(|it| it.quantifier == quantifier) {
        let mut closing = Closing {
            signature,
            quantifier,
            prefix: &mut filled.prefix,
            left,
        };
        // What a premise asserts stands where a conclusion denies it.
        closing.close(&mut filled.body, quantifier == Quantifier::Exists);
    }
    filled
}

struct Closing<'c> {
    signature: &'c Signature,
    /// That of the variables that are added.
    quantifier: Quantifier,
    prefix: &'c mut Vec<Binding>,
    /// How many variables may still be added.
    left: &'c mut usize,
}

impl Closing<'_> {
    /// `denied` says that the formula stands below a negation: "for some" commutes with what is
    /// above it, or else "for all".
    fn close(&mut self, node: &mut Node, denied: bool) {
        match node {
            Node::Event(atom) if denied => self.close_atom(atom),
            Node::Event(_) | Node::Constant(_) | Node::Proposition(_) | Node::Same(..) => {}
            Node::Unary(operator, inner) => match operator {
                Unary::Not => self.close(inner, !denied),
                Unary::Next | Unary::Yesterday => self.close(inner, denied),
                Unary::Globally | Unary::Historically if !denied => self.close(inner, denied),
                Unary::Finally | Unary::Once if denied => self.close(inner, denied),
                _ => {}
            },
            Node::Binary(operator, left, right) => match operator {
                Binary::And | Binary::Or => {
                    self.close(left, denied);
                    self.close(right, denied);
                }
                Binary::Implies => {
                    self.close(left, !denied);
                    self.close(right, denied);
                }
                Binary::Until | Binary::WeakUntil | Binary::Since => {
                    self.close(if denied { right } else { left }, denied);
                }
                Binary::Release | Binary::StrongRelease => {
                    self.close(if denied { left } else { right }, denied);
                }
                Binary::Iff | Binary::Xor => {}
            },
        }
    }

    fn close_atom(&mut self, atom: &mut Atom) {
        if atom.place == Place::Somewhere && *self.left > 0 {
            atom.place = Place::Instance(self.variable(Sort::Instance(atom.endpoint.clone())));
        }
        let key = (atom.endpoint.clone(), atom.event.clone());
        let Some(parameters) = self.signature.events.get(&key) else {
            return;
        };
        let bound = |name: &String| atom.arguments.iter().any(|bound| bound.parameter == *name);
        let open: Vec<(String, Domain)> = parameters
            .iter()
            .filter(|(name, _)| !bound(name))
            .cloned()
            .collect();
        for (parameter, domain) in open {
            if *self.left > 0 {
                let variable = self.variable(Sort::Message(domain));
                atom.arguments.push(Argument {
                    parameter,
                    variable,
                });
            }
        }
        atom.arguments.sort();
    }

    fn variable(&mut self, sort: Sort) -> usize {
        *self.left -= 1;
        self.prefix.push(Binding {
            quantifier: self.quantifier,
            name: format!("_{}", self.prefix.len()),
            sort,
        });
        self.prefix.len() - 1
    }
}
