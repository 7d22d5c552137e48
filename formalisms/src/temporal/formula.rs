//! Sentences of `temporal` after their names have been resolved (semantics, section 7).

use std::collections::BTreeMap;

use liveobj_types::formalism::Domain;

/// A formula behind its leading quantifiers. Nothing is free: what a text leaves open is bound by
/// quantifiers in front.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The leading quantifiers, outermost first. Each binds a variable that occurs in the body.
    pub prefix: Vec<Binding>,
    /// The formula that they range over; nested at most as deep as the parser allows.
    pub body: Node,
}

/// One leading quantifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    /// Whether all or some are meant.
    pub quantifier: Quantifier,
    /// The variable's name, unique in the sentence. Empty for the one connection that a formula
    /// without quantified instances speaks of.
    pub name: String,
    /// What it ranges over.
    pub sort: Sort,
}

/// All or some.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Quantifier {
    /// For all.
    ForAll,
    /// For at least one.
    Exists,
}

/// What a variable ranges over.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// The connections of an endpoint; its name is empty at endpoint level.
    Instance(String),
    /// The proxies of an object.
    Proxy,
    /// The values of a parameter.
    Message(Domain),
}

/// The position of a variable's quantifier in [`Sentence::prefix`].
pub type Variable = usize;

/// A formula; its truth is that at the first position of a history.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Node {
    /// `true` or `false`.
    Constant(bool),
    /// An event happens at this position.
    Event(Atom),
    /// A proposition of ordinary linear temporal logic, any set of which may hold at a position.
    Proposition(String),
    /// Two variables of one sort are the same.
    Same(Variable, Variable),
    /// An operator on one formula.
    Unary(Unary, Box<Node>),
    /// An operator on two formulas.
    Binary(Binary, Box<Node>, Box<Node>),
}

/// Operators on one formula.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Unary {
    /// `!`
    Not,
    /// `X`: at the next position.
    Next,
    /// `F`: now or at some later position.
    Finally,
    /// `G`: now and at all later positions.
    Globally,
    /// `Y`: there is a previous position, and it holds there.
    Yesterday,
    /// `O`: now or at some earlier position.
    Once,
    /// `H`: now and at all earlier positions.
    Historically,
}

/// Operators on two formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Binary {
    /// `&`
    And,
    /// `|`
    Or,
    /// `->`
    Implies,
    /// `<->`
    Iff,
    /// `xor`
    Xor,
    /// `U`: the right holds now or later, and the left at all positions before that.
    Until,
    /// `W`: `U`, or the left holds for ever.
    WeakUntil,
    /// `R`: the right holds up to and including the position where the left does, or for ever.
    Release,
    /// `M`: `R`, and the left does hold at some position.
    StrongRelease,
    /// `S`: the right held now or earlier, and the left at all positions after that up to now.
    Since,
}

/// An event that may happen at a position.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Atom {
    /// The endpoint where it happens; empty at endpoint level.
    pub endpoint: String,
    /// Which event.
    pub event: Event,
    /// At which connection of the endpoint.
    pub place: Place,
    /// The parameters that are bound, sorted by parameter; the others may have any value.
    pub arguments: Vec<Argument>,
}

/// An event as its provider has it: a name alone does not tell (semantics, section 3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// The connection begins.
    Connect,
    /// The connection ends.
    Disconnect,
    /// An event of the endpoint's type.
    Named {
        /// Its name.
        name: String,
        /// Whether the provider of the constraint emits it; otherwise it handles it.
        emitted: bool,
    },
}

/// Where an event happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Place {
    /// At this connection.
    Instance(Variable),
    /// At some connection of this proxy.
    Proxy(Variable),
    /// At some connection.
    Somewhere,
}

/// A parameter whose value is that of a variable.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Argument {
    /// The parameter's name.
    pub parameter: String,
    /// The variable.
    pub variable: Variable,
}

impl Sentence {
    /// The atoms of the body, in the order of the text, with repetitions.
    pub fn atoms(&self) -> Vec<&Atom> {
        let mut atoms = Vec::new();
        self.body.visit(&mut |node| {
            if let Node::Event(atom) = node {
                atoms.push(atom);
            }
        });
        atoms
    }
}

impl Sentence {
    /// Calls `change` for the name of each endpoint, wherever it stands.
    pub(super) fn rename_endpoints(&mut self, change: &mut dyn FnMut(&mut String)) {
        for binding in &mut self.prefix {
            if let Sort::Instance(endpoint) = &mut binding.sort {
                change(endpoint);
            }
        }
        self.body
            .visit_atoms_mut(&mut |atom| change(&mut atom.endpoint));
    }

    /// The parts of a conjunction for all values of its variables, each for all values of those
    /// that it has: together they say the same. Any other sentence is its only part.
    pub fn conjuncts(&self) -> Vec<Sentence> {
        let universal = |binding: &Binding| binding.quantifier == Quantifier::ForAll;
        if !self.prefix.iter().all(universal) {
            return vec![self.clone()];
        }
        let mut waiting = vec![&self.body];
        let mut parts = Vec::new();
        while let Some(node) = waiting.pop() {
            if let Node::Binary(Binary::And, left, right) = node {
                waiting.extend([&**right, &**left]);
                continue;
            }
            let mut body = node.clone();
            let mut positions = BTreeMap::new();
            body.visit_variables_mut(&mut |variable| {
                positions.insert(*variable, 0);
            });
            let mut prefix = Vec::new();
            for (variable, position) in &mut positions {
                *position = prefix.len();
                prefix.push(self.prefix[*variable].clone());
            }
            body.visit_variables_mut(&mut |variable| *variable = positions[variable]);
            parts.push(Sentence { prefix, body });
        }
        parts
    }
}

impl Node {
    /// Calls `see` for each variable, wherever it stands.
    pub fn visit_variables_mut(&mut self, see: &mut dyn FnMut(&mut Variable)) {
        match self {
            Node::Event(atom) => {
                if let Place::Instance(variable) | Place::Proxy(variable) = &mut atom.place {
                    see(variable);
                }
                for argument in &mut atom.arguments {
                    see(&mut argument.variable);
                }
            }
            Node::Same(left, right) => {
                see(left);
                see(right);
            }
            Node::Unary(_, inner) => inner.visit_variables_mut(see),
            Node::Binary(_, left, right) => {
                left.visit_variables_mut(see);
                right.visit_variables_mut(see);
            }
            Node::Constant(_) | Node::Proposition(_) => {}
        }
    }

    /// Calls `see` for each part of the formula, the left before the right.
    pub fn visit<'n>(&'n self, see: &mut dyn FnMut(&'n Node)) {
        see(self);
        match self {
            Node::Unary(_, inner) => inner.visit(see),
            Node::Binary(_, left, right) => {
                left.visit(see);
                right.visit(see);
            }
            Node::Constant(_) | Node::Event(_) | Node::Proposition(_) | Node::Same(..) => {}
        }
    }

    /// Calls `change` for each atom, the left before the right.
    pub(super) fn visit_atoms_mut(&mut self, change: &mut dyn FnMut(&mut Atom)) {
        match self {
            Node::Event(atom) => change(atom),
            Node::Unary(_, inner) => inner.visit_atoms_mut(change),
            Node::Binary(_, left, right) => {
                left.visit_atoms_mut(change);
                right.visit_atoms_mut(change);
            }
            Node::Constant(_) | Node::Proposition(_) | Node::Same(..) => {}
        }
    }

    /// `operator inner`
    #[must_use]
    pub fn unary(operator: Unary, inner: Node) -> Node {
        Node::Unary(operator, Box::new(inner))
    }

    /// `left operator right`
    #[must_use]
    pub fn binary(operator: Binary, left: Node, right: Node) -> Node {
        Node::Binary(operator, Box::new(left), Box::new(right))
    }

    /// `part operator part operator …`, for an associative operator.
    ///
    /// However the parts were grouped, and whatever of them are such formulas themselves, the
    /// same formula comes out, nested only as deep as the logarithm of their number.
    ///
    /// # Panics
    ///
    /// There are no parts.
    #[must_use]
    pub fn chain(operator: Binary, parts: Vec<Node>) -> Node {
        fn even(operator: Binary, parts: &mut dyn Iterator<Item = Node>, count: usize) -> Node {
            if count == 1 {
                return parts.next().expect("because so many parts are left");
            }
            let left = even(operator, parts, count - count / 2);
            Node::binary(operator, left, even(operator, parts, count / 2))
        }
        let mut waiting: Vec<Node> = parts.into_iter().rev().collect();
        let mut flat = Vec::new();
        while let Some(part) = waiting.pop() {
            match part {
                Node::Binary(own, left, right) if own == operator => {
                    waiting.push(*right);
                    waiting.push(*left);
                }
                part => flat.push(part),
            }
        }
        let count = flat.len();
        assert!(count > 0, "a chain has parts");
        even(operator, &mut flat.into_iter(), count)
    }
}
