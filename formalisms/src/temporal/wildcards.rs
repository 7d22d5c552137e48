//! What a conclusion leaves open, as variables where that says the same.
//!
//! An atom that leaves an instance or a parameter open hides a quantifier: `G !send` says that for
//! all values v, `G !send(v)`. A quantifier that commutes with everything above it becomes one of the
//! leading quantifiers, with which the proof does better than with `other`. In a conclusion those
//! are universal: of atoms that are denied, below operators with which "for all" commutes (a
//! conjunction over positions; `left U right`, whose left holds up to the first `right`), and of
//! atoms that are asserted below a negation and operators with which "for some" commutes. Universes
//! are not empty, which `W` and a disjunction with a formula that does not have the variable need.

use liveobj_types::formalism::Domain;

use super::formula::{
    Argument, Atom, Binary, Binding, Node, Place, Quantifier, Sentence, Sort, Unary,
};
use super::signature::Signature;

/// Most variables that are added: the ways in which variables can be equal are many.
const MOST: usize = 3;

/// A conclusion that says the same with fewer open places.
pub(super) fn closed(conclusion: &Sentence, signature: &Signature) -> Sentence {
    let mut closed = conclusion.clone();
    let exists = |binding: &Binding| binding.quantifier == Quantifier::Exists;
    if closed.prefix.iter().any(exists) {
        return closed;
    }
    let mut closing = Closing {
        signature,
        prefix: &mut closed.prefix,
        left: MOST,
    };
    closing.close(&mut closed.body, false);
    closed
}

struct Closing<'c> {
    signature: &'c Signature,
    prefix: &'c mut Vec<Binding>,
    /// How many variables may still be added.
    left: usize,
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
        if atom.place == Place::Somewhere && self.left > 0 {
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
            if self.left > 0 {
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
        self.left -= 1;
        self.prefix.push(Binding {
            quantifier: Quantifier::ForAll,
            name: format!("_{}", self.prefix.len()),
            sort,
        });
        self.prefix.len() - 1
    }
}
