//! Whether a formula can tell where nothing happens: nobody can observe that, so no constraint may
//! rest on it (semantics, well-formedness).
//!
//! A history without its empty positions has the same events in the same order, and after the last
//! of them, if there is one, silence for ever. [`contracted`] makes of a formula φ one that is true
//! of a history iff φ is true of the history so contracted. φ does not count silence iff the two are
//! equivalent: inserting or removing empty positions does not change what is left by contraction.

//!
//! That takes an automaton, and large ones for formulas of many variables. Most formulas show by their
//! form that they do not count silence: see [`Habits`].

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

/// What a formula does at a position that contraction drops: one where nothing happens, with an event
/// to come. Each habit is claimed only where the form of the formula shows it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Habits {
    /// At positions that are kept it is as true as it is of the contracted history.
    faithful: bool,
    /// True where nothing happens.
    idle: bool,
    /// False where nothing happens.
    busy: bool,
    /// As true as at the next position that is kept.
    ahead: bool,
    /// As true as at the last position that was kept, and false if there was none.
    behind: bool,
    /// As true as at the last position that was kept, and true if there was none.
    behind_or_first: bool,
}

/// Whether a sentence shows by its form that it does not count silence. If not, it may still be so.
pub(super) fn is_evidently_ignored(sentence: &Sentence) -> bool {
    // The first position may be one that is dropped.
    let habits = Habits::of(&sentence.body);
    habits.faithful && habits.ahead
}

impl Habits {
    fn of(node: &Node) -> Habits {
        match node {
            Node::Constant(truth) => Habits {
                faithful: true,
                idle: *truth,
                busy: !truth,
                ahead: true,
                behind: !truth,
                behind_or_first: *truth,
            },
            Node::Same(..) => Habits {
                faithful: true,
                ahead: true,
                ..Habits::default()
            },
            Node::Event(_) => Habits {
                faithful: true,
                busy: true,
                ..Habits::default()
            },
            // Propositions have no silence.
            Node::Proposition(_) => Habits::default(),
            Node::Unary(operator, inner) => Habits::of(inner).under(*operator),
            Node::Binary(operator, left, right) => {
                Habits::of(left).joined(*operator, Habits::of(right))
            }
        }
    }

    fn under(self, operator: Unary) -> Habits {
        match operator {
            Unary::Not => self.negated(),
            // What comes next may be dropped: then it must be as what is kept after that.
            Unary::Next => Habits {
                faithful: self.faithful && self.ahead,
                ..Habits::default()
            },
            // Before the first position that is kept, others may have been dropped.
            Unary::Yesterday => Habits {
                faithful: self.faithful && self.behind,
                ..Habits::default()
            },
            Unary::Finally => Habits {
                faithful: self.faithful
                    && (self.busy || self.ahead || self.behind || self.behind_or_first),
                ahead: self.faithful && (self.busy || self.ahead),
                ..Habits::default()
            },
            Unary::Once => Habits {
                faithful: self.faithful && (self.busy || self.behind),
                behind: self.faithful && (self.busy || self.behind),
                ..Habits::default()
            },
            Unary::Globally => self.negated().under(Unary::Finally).negated(),
            Unary::Historically => self.negated().under(Unary::Once).negated(),
        }
    }

    fn joined(self, operator: Binary, right: Habits) -> Habits {
        let left = self;
        match operator {
            Binary::And => Habits {
                faithful: left.faithful && right.faithful,
                idle: left.idle && right.idle,
                busy: left.busy || right.busy,
                ahead: left.ahead && right.ahead,
                behind: (left.behind && (right.behind || right.behind_or_first))
                    || (left.behind_or_first && right.behind),
                behind_or_first: left.behind_or_first && right.behind_or_first,
            },
            Binary::Or => left
                .negated()
                .joined(Binary::And, right.negated())
                .negated(),
            Binary::Implies => left.joined(Binary::And, right.negated()).negated(),
            Binary::Iff | Binary::Xor => Habits {
                faithful: left.faithful && right.faithful,
                ahead: left.ahead && right.ahead,
                ..Habits::default()
            },
            // The left is asked for at what is dropped before the right holds, and there it must be
            // true by itself. Where the right holds at what is dropped, it holds at what comes next.
            Binary::Until | Binary::WeakUntil => {
                let shown = left.faithful && right.faithful && left.idle;
                let shown = shown && (right.busy || right.ahead);
                Habits {
                    faithful: shown,
                    ahead: shown,
                    ..Habits::default()
                }
            }
            // ¬(¬left U ¬right) and ¬(¬left W ¬right).
            Binary::Release => left
                .negated()
                .joined(Binary::Until, right.negated())
                .negated(),
            Binary::StrongRelease => left
                .negated()
                .joined(Binary::WeakUntil, right.negated())
                .negated(),
            Binary::Since => {
                let shown = left.faithful && right.faithful && left.idle;
                let shown = shown && (right.busy || right.behind);
                Habits {
                    faithful: shown,
                    behind: shown,
                    ..Habits::default()
                }
            }
        }
    }

    fn negated(self) -> Habits {
        Habits {
            idle: self.busy,
            busy: self.idle,
            behind: self.behind_or_first,
            behind_or_first: self.behind,
            ..self
        }
    }
}
