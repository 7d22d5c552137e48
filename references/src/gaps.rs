//! What of a document could not be read. The rest of it is checked as if this were not known, so
//! that one fault of form hides no other fault, and none follows from it.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::Span;

use crate::model::{
    Argument, Component, Composite, EndpointName, Reference, ReferenceKind, Spanned,
};

/// What is left out of a document that was read. Its parts are told apart by where they begin in
/// the text.
#[derive(Debug, Default)]
pub(crate) struct Gaps {
    /// Whether declarations of types are left out.
    pub types: bool,
    /// References of which nothing is known but the `as`. They stand in the document as composites
    /// of the references that could be read inside of them.
    unread: BTreeSet<usize>,
    /// References whose `as` is left out.
    casts: BTreeSet<usize>,
    /// External references whose name is left out.
    nameless: BTreeSet<usize>,
    /// Parameterized references with assignments whose names are left out.
    assignments: BTreeSet<usize>,
    /// What is left out of composites.
    composites: BTreeMap<usize, Wiring>,
}

/// What is left out of a composite.
#[derive(Debug, Default)]
pub(crate) struct Wiring {
    /// Names of components that could not be read.
    pub names: BTreeSet<String>,
    /// Whether there may be components of any other name.
    pub any_name: bool,
    /// Ends of connections and exports that could not be read as a whole.
    pub ends: Vec<LooseEnd>,
    /// Whether any endpoint may be connected or exported besides.
    pub any_end: bool,
    /// References in what could not be read.
    pub inside: Vec<Reference>,
}

/// An end of a connection of which the other end, or a part of this one, is not known.
#[derive(Debug)]
pub(crate) struct LooseEnd {
    pub of: Option<Spanned>,
    pub name: Option<Spanned>,
    pub span: Span,
    pub exported: bool,
}

impl Gaps {
    /// A reference that could not be read, `inside` of which others could.
    pub fn unread(
        &mut self,
        span: Span,
        as_type: Option<Spanned>,
        inside: Vec<Reference>,
    ) -> Reference {
        self.unread.insert(span.start);
        let nameless = |reference| Component {
            name: Spanned::default(),
            reference,
        };
        Reference {
            as_type,
            kind: ReferenceKind::Composite(Composite {
                components: inside.into_iter().map(nameless).collect(),
                ..Composite::default()
            }),
            span,
        }
    }

    pub fn is_unread(&self, reference: &Reference) -> bool {
        self.unread.contains(&reference.span.start)
    }

    /// Whether an argument could not be read.
    pub fn is_unread_argument(&self, argument: &Argument) -> bool {
        matches!(argument, Argument::Reference(reference) if self.is_unread(reference))
    }

    /// Says that the reference at `span` has an `as` that could not be read.
    pub fn lose_cast(&mut self, span: Span) {
        self.casts.insert(span.start);
    }

    pub fn has_cast(&self, reference: &Reference) -> bool {
        self.casts.contains(&reference.span.start)
    }

    /// Says that the external reference at `span` has no name.
    pub fn lose_name(&mut self, span: Span) {
        self.nameless.insert(span.start);
    }

    pub fn is_nameless(&self, reference: &Reference) -> bool {
        self.nameless.contains(&reference.span.start)
    }

    /// Says that the parameterized reference at `span` assigns what has no name.
    pub fn lose_assignment(&mut self, span: Span) {
        self.assignments.insert(span.start);
    }

    /// Whether the parameterized reference at `span` assigns what has no name.
    pub fn assigns_more(&self, span: Span) -> bool {
        self.assignments.contains(&span.start)
    }

    /// What is left out of the composite at `span`.
    pub fn composite(&mut self, span: Span) -> &mut Wiring {
        self.composites.entry(span.start).or_default()
    }

    pub fn of_composite(&self, reference: &Reference) -> Option<&Wiring> {
        self.composites.get(&reference.span.start)
    }
}

/// Whether this stands for a name that could not be read: no name stands where a text begins.
pub(crate) fn is_left_out(name: &Spanned) -> bool {
    name.text.is_empty() && name.span == Span::default()
}

impl From<EndpointName> for LooseEnd {
    fn from(end: EndpointName) -> LooseEnd {
        LooseEnd {
            of: Some(end.of),
            name: Some(end.name),
            span: end.span,
            exported: false,
        }
    }
}

impl Argument {
    /// The reference that it is, if it is one.
    pub(crate) fn reference(self) -> Option<Reference> {
        match self {
            Argument::Reference(reference) => Some(reference),
            Argument::Type(_) | Argument::Value(_) => None,
        }
    }
}

impl Wiring {
    /// Whether there may be a component of this name.
    pub fn may_have(&self, name: &str) -> bool {
        self.any_name || self.names.contains(name)
    }
}
