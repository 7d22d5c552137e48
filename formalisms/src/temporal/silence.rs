//! Whether a formula can tell where nothing happens: nobody can observe that, so no constraint may
//! rest on it (semantics, well-formedness).
//!
//! A history without its empty positions has the same events in the same order, and after the last
//! of them, if there is one, silence for ever. [`contracted`] makes of a formula φ one that is true
//! of a history iff φ is true of the history so contracted. φ does not count silence iff the two are
//! equivalent: inserting or removing empty positions does not change what is left by contraction.

use std::collections::BTreeSet;

use super::formula::{Atom, Binary, Event, Node, Place, Quantifier, Sentence, Unary};

/// That a sentence's body is equivalent to its contraction, whatever its variables stand for.
pub(super) fn question(sentence: &Sentence) -> Sentence {
    let contracted = contracted(sentence);
    let implies =
        |left: &Node, right: &Node| Node::binary(Binary::Implies, left.clone(), right.clone());
    let body = Node::binary(
        Binary::And,
        implies(&sentence.body, &contracted),
        implies(&contracted, &sentence.body),
    );
    let mut prefix = sentence.prefix.clone();
    for binding in &mut prefix {
        binding.quantifier = Quantifier::ForAll;
    }
    Sentence { prefix, body }
}

/// The body, as it is true after empty positions have been removed.
fn contracted(sentence: &Sentence) -> Node {
    let mut events: BTreeSet<(&str, &Event)> = BTreeSet::new();
    for atom in sentence.atoms() {
        events.insert((&atom.endpoint, &atom.event));
        events.insert((&atom.endpoint, &Event::Connect));
    }
    let something = events
        .into_iter()
        .map(|(endpoint, event)| {
            Node::Event(Atom {
                endpoint: endpoint.to_owned(),
                event: event.clone(),
                place: Place::Somewhere,
                arguments: Vec::new(),
            })
        })
        .reduce(|left, right| Node::binary(Binary::Or, left, right))
        .unwrap_or(Node::Constant(false));
    let nothing = Node::unary(Unary::Not, something.clone());
    let silence = Node::unary(Unary::Globally, nothing);
    let kept = Node::binary(Binary::Or, something, silence);
    let contraction = Contraction { kept };
    contraction.first(&sentence.body)
}

struct Contraction {
    /// The position is one of the contracted history: something happens, or nothing ever will.
    kept: Node,
}

impl Contraction {
    fn dropped(&self) -> Node {
        Node::unary(Unary::Not, self.kept.clone())
    }

    /// It is kept, and the formula holds.
    fn and(&self, node: &Node) -> Node {
        Node::binary(Binary::And, self.kept.clone(), self.of(node))
    }

    /// The formula holds if it is kept.
    fn then(&self, node: &Node) -> Node {
        Node::binary(Binary::Implies, self.kept.clone(), self.of(node))
    }

    /// The formula holds at the first position that is kept, from here on.
    fn first(&self, node: &Node) -> Node {
        Node::binary(Binary::Until, self.dropped(), self.and(node))
    }

    /// The formula at a position that is kept.
    fn of(&self, node: &Node) -> Node {
        match node {
            Node::Constant(_) | Node::Event(_) | Node::Proposition(_) | Node::Same(..) => {
                node.clone()
            }
            Node::Unary(operator, inner) => {
                let inner = match operator {
                    Unary::Not => self.of(inner),
                    Unary::Next => self.first(inner),
                    Unary::Yesterday => {
                        Node::binary(Binary::Since, self.dropped(), self.and(inner))
                    }
                    Unary::Finally | Unary::Once => self.and(inner),
                    Unary::Globally | Unary::Historically => self.then(inner),
                };
                Node::unary(*operator, inner)
            }
            Node::Binary(operator, left, right) => {
                let (left, right) = match operator {
                    Binary::And | Binary::Or | Binary::Implies | Binary::Iff | Binary::Xor => {
                        (self.of(left), self.of(right))
                    }
                    Binary::Until | Binary::WeakUntil | Binary::Since => {
                        (self.then(left), self.and(right))
                    }
                    Binary::Release | Binary::StrongRelease => (self.and(left), self.then(right)),
                };
                Node::binary(*operator, left, right)
            }
        }
    }
}
