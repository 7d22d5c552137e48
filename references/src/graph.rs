//! What a document is made of, with the verdicts of the check: what there is to draw, also where
//! something is wrong. [`crate::graph()`] makes it.

use liveobj_types::{Diagnostic, Severity, Verdict};

/// An object of a document.
#[derive(Clone, Debug)]
pub struct ObjectNode {
    /// Its type as others see it, in a line; none where that is not known.
    pub ty: Option<String>,
    /// Which kind of reference it is, and what is inside.
    pub kind: NodeKind,
    /// Its endpoints by name. Those that connections and exports name without their being there
    /// come last, so that every end is somewhere.
    pub endpoints: Vec<EndpointNode>,
    /// Findings about the object itself: not about what is inside, nor about connections.
    pub findings: Vec<Diagnostic>,
}

/// The kinds of references.
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// Several objects side by side.
    Composite {
        /// Components in the order written, then adapters that were inserted, then components that
        /// are named without their being there.
        components: Vec<ComponentNode>,
        /// Connections in the order written; one with adapters is several.
        connections: Vec<ConnectionEdge>,
        /// Exports in the order written.
        exports: Vec<ExportEdge>,
    },
    /// An object that a folder is asked for.
    External {
        /// The name to ask for.
        name: String,
        /// The folder.
        folder: Box<ObjectNode>,
    },
    /// An object that a template makes.
    Object {
        /// The template; empty where what stands for it cannot be one.
        template: String,
        /// The library, unless the template is a primitive or comes from elsewhere.
        library: Option<String>,
        /// Types that parameters are assigned, as written or, for adapters, as they follow.
        types: Vec<(String, String)>,
        /// Values that parameters are assigned, as written. They may be secrets.
        values: Vec<(String, String)>,
        /// Objects that are passed, by the parameter's name. A parameter whose value holds several
        /// is there several times; so is the object from which a template was to come, as
        /// `template` or `from`.
        objects: Vec<(String, ObjectNode)>,
    },
    /// A built-in of the runtime.
    Primitive {
        /// Its id as written.
        id: String,
        /// For `code`: the template.
        name: Option<String>,
    },
    /// Nothing: a component that is named and not there.
    Missing,
}

/// A part of a composite.
#[derive(Clone, Debug)]
pub struct ComponentNode {
    /// Its name.
    pub name: String,
    /// Whether it is an adapter that a connection asked for, and not written as a component.
    pub inserted: bool,
    /// What it is.
    pub object: ObjectNode,
}

/// An endpoint of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointNode {
    /// Its name.
    pub name: String,
    /// Its type, in a line, where it is known.
    pub ty: Option<String>,
    /// Whether each connection is another instance.
    pub many: bool,
    /// Whether the object starts only once it is connected.
    pub mandatory: bool,
    /// Whether the object has it.
    pub presence: Presence,
    /// Connections of the composite around that name it.
    pub connected: usize,
    /// Whether the composite around exports it.
    pub exported: bool,
    /// Whether it is mandatory, and neither connected nor exported. At the root nothing is.
    pub unmet: bool,
}

/// Whether an object has an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Its type has it.
    Shown,
    /// It has it, but an `as` hides it.
    Hidden,
    /// It has it not.
    Missing,
    /// The type of the object is not known.
    Unknown,
}

/// A connection of a composite. Ends are indices: of a component, and of one of its endpoints.
#[derive(Clone, Debug)]
pub struct ConnectionEdge {
    /// Both ends in the order written.
    pub ends: [(usize, usize); 2],
    /// Whether they match; none where an end is not known.
    pub verdict: Option<Verdict>,
    /// Findings about the connection.
    pub findings: Vec<Diagnostic>,
}

/// An endpoint of a component that a composite shows as its own.
#[derive(Clone, Debug)]
pub struct ExportEdge {
    /// A component and one of its endpoints, as indices.
    pub end: (usize, usize),
    /// The endpoint of the composite, as an index.
    pub endpoint: usize,
    /// Findings about the export.
    pub findings: Vec<Diagnostic>,
}

impl ConnectionEdge {
    /// Whether an error is about it, which may be another one than that the ends do not match.
    pub fn refused(&self) -> bool {
        refused(&self.findings)
    }
}

impl ObjectNode {
    /// Whether an error is about the object itself.
    pub fn refused(&self) -> bool {
        refused(&self.findings)
    }
}

impl ExportEdge {
    /// Whether an error is about it.
    pub fn refused(&self) -> bool {
        refused(&self.findings)
    }
}

fn refused(findings: &[Diagnostic]) -> bool {
    let mut severities = findings.iter().map(|found| found.severity);
    severities.any(|severity| severity == Severity::Error)
}
