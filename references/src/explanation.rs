//! Why what was checked is as it is: for each connection, each composite and each `as` of a
//! document, why the constraints are met that are. Data; nothing here is rendered.

use liveobj_types::relation::{Composition, Grounds};
use liveobj_types::{Place, Verdict};

/// Why the constraints of a document are met, those that are. Inner objects come before those
/// that they are part of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Explanation {
    /// The composites.
    pub composites: Vec<CompositeGrounds>,
    /// What is declared to have a type by an `as`, and is known to have one without.
    pub casts: Vec<CastGrounds>,
}

/// A composite.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompositeGrounds {
    /// Names of the components that lead to it, outermost first; empty at the root.
    pub path: Vec<String>,
    /// Where it stands.
    pub place: Place,
    /// Its connections of which both ends are known, sorted by these; one with adapters is several.
    pub connections: Vec<ConnectionGrounds>,
    /// Where the constraints of its type come from; none where that could not be derived.
    pub composition: Option<Composition>,
}

/// A connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionGrounds {
    /// (component, endpoint) at both ends, the smaller first: left and right.
    pub ends: [(String, String); 2],
    /// Whether they match.
    pub verdict: Verdict,
    /// Why constraints are met there.
    pub grounds: Grounds,
}

/// An object that an `as` gives a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CastGrounds {
    /// Names of the components that lead to it, outermost first; empty at the root.
    pub path: Vec<String>,
    /// Where the `as` stands.
    pub place: Place,
    /// The type that the object has without, in a line: left.
    pub derived: String,
    /// The type that it is given, in a line: right.
    pub declared: String,
    /// Whether it is of that type.
    pub verdict: Verdict,
    /// Why the constraints are met that this takes.
    pub grounds: Grounds,
}
