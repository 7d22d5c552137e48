//! What a text says, before its names are looked up.

use liveobj_types::Span;

use super::super::formula::{Binary, Quantifier, Unary};

/// A name and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Name<'t> {
    pub(super) key: Key<'t>,
    /// Whether it stands in quotes, and so means nothing but itself.
    pub(super) quoted: bool,
    /// Whether it stands in an English sentence, where capital letters may differ.
    pub(super) english: bool,
    pub(super) span: Span,
}

/// What tells names apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key<'t> {
    pub(super) text: &'t str,
    /// 0 for a name that is written; others are those that English sentences leave out.
    pub(super) unwritten: u32,
    /// What is added, as in `k + 1`.
    pub(super) plus: u64,
}

impl<'t> Name<'t> {
    pub(super) fn new(text: &'t str, span: Span) -> Name<'t> {
        Name {
            key: Key {
                text,
                unwritten: 0,
                plus: 0,
            },
            quoted: false,
            english: false,
            span,
        }
    }

    pub(super) fn text(&self) -> &'t str {
        self.key.text
    }
}

/// A formula.
#[derive(Clone, Debug)]
pub(super) enum Expr<'t> {
    Constant(bool),
    Atom(Box<AtomText<'t>>),
    Same(Name<'t>, Name<'t>),
    Unary(Unary, Box<Expr<'t>>),
    /// An operator that is not associative, and where it stands.
    Binary(Binary, Box<Expr<'t>>, Box<Expr<'t>>),
    /// `&`, `|`, `xor` or `<->` between at least two formulas.
    Chain(Binary, Vec<Expr<'t>>),
    /// Quantifiers that are moved to the front.
    Scope(Vec<Quantified<'t>>, Box<Expr<'t>>),
}

impl<'t> Expr<'t> {
    pub(super) fn unary(operator: Unary, inner: Expr<'t>) -> Expr<'t> {
        Expr::Unary(operator, Box::new(inner))
    }

    pub(super) fn binary(operator: Binary, left: Expr<'t>, right: Expr<'t>) -> Expr<'t> {
        Expr::Binary(operator, Box::new(left), Box::new(right))
    }

    pub(super) fn not(inner: Expr<'t>) -> Expr<'t> {
        Expr::unary(Unary::Not, inner)
    }

    pub(super) fn and(left: Expr<'t>, right: Expr<'t>) -> Expr<'t> {
        Expr::Chain(Binary::And, vec![left, right])
    }
}

/// A quantifier.
#[derive(Clone, Copy, Debug)]
pub(super) struct Quantified<'t> {
    pub(super) quantifier: Quantifier,
    pub(super) name: Name<'t>,
    pub(super) sort: Option<SortWord>,
}

/// A sort as it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SortWord {
    Instance,
    Proxy,
    Message,
}

/// An event, a proposition, or the use of a definition.
#[derive(Clone, Debug)]
pub(super) struct AtomText<'t> {
    pub(super) endpoint: Option<Name<'t>>,
    pub(super) name: Name<'t>,
    pub(super) place: Option<PlaceText<'t>>,
    pub(super) arguments: Option<Vec<Argument<'t>>>,
    /// Whether `..` ends them: further ones may be any.
    pub(super) open: bool,
    /// All of it.
    pub(super) span: Span,
}

impl<'t> AtomText<'t> {
    /// Whether it is nothing but a name, perhaps with its endpoint.
    pub(super) fn is_path(&self) -> bool {
        self.place.is_none() && self.arguments.is_none()
    }
}

/// What stands after `@`.
#[derive(Clone, Copy, Debug)]
pub(super) enum PlaceText<'t> {
    /// `*`
    Somewhere,
    At(Name<'t>),
}

/// What stands between the brackets of an event or of the use of a definition.
#[derive(Clone, Debug)]
pub(super) struct Argument<'t> {
    /// `parameter:` in front of it.
    pub(super) parameter: Option<Name<'t>>,
    pub(super) value: Value<'t>,
    pub(super) span: Span,
}

/// An argument's value.
#[derive(Clone, Debug)]
pub(super) enum Value<'t> {
    /// `_`
    Any,
    /// A variable, or another name: what it names depends on where it is used.
    Name(Name<'t>),
    /// Anything else, for a definition.
    Formula(Expr<'t>),
}

/// A definition.
#[derive(Clone, Debug)]
pub(super) struct Define<'t> {
    pub(super) name: Name<'t>,
    pub(super) parameters: Vec<Parameter<'t>>,
    pub(super) body: Expr<'t>,
}

/// A parameter of a definition.
#[derive(Clone, Debug)]
pub(super) struct Parameter<'t> {
    pub(super) name: Name<'t>,
    /// What it stands for if it is left out.
    pub(super) default: Option<Value<'t>>,
}
