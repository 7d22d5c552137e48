//! What is left to do once nothing is external any more.

use std::collections::BTreeSet;
use std::sync::Arc;

use liveobj_references::{BoundArgument, Export, PlannedConnection};
use liveobj_types::{Module, Types};

use super::state::Place;
use crate::boundary::calls::Table;

/// A part that needs nothing more from outside.
pub(crate) struct Plan {
    /// Path in the opened reference, for people.
    pub(super) label: String,
    /// Names of the endpoints that the part shows: a cast hides the others.
    pub(super) shown: BTreeSet<String>,
    pub(super) kind: PlanKind,
}

pub(super) enum PlanKind {
    /// Components by name, then connections and exports in canonical order.
    Composite {
        components: Vec<(String, Plan)>,
        connections: Vec<PlannedConnection>,
        exports: Vec<Export>,
    },
    /// A proxy of a template.
    Object(Box<ObjectPlan>),
    /// The folder of a library.
    Library(Box<LibraryPlan>),
}

/// A proxy of a template.
pub(super) struct ObjectPlan {
    pub(super) identity: [u8; 32],
    pub(super) table: Table,
    /// Where the template is declared.
    pub(super) module: Arc<Module>,
    pub(super) template: String,
    /// The arena of the arguments.
    pub(super) types: Arc<Types>,
    pub(super) arguments: Vec<(String, BoundArgument)>,
    /// Where its state is kept; none where it has no state, or none is kept.
    pub(super) place: Option<Place>,
}

impl ObjectPlan {
    /// What the object is called, where its part is called `label`.
    pub(super) fn named(&self, label: &str) -> String {
        if label.is_empty() {
            self.template.clone()
        } else {
            label.to_owned()
        }
    }
}

/// The folder of what a library offers.
pub(super) struct LibraryPlan {
    pub(super) identity: [u8; 32],
    /// Name → document, for every template that has no parameters.
    pub(super) entries: Vec<(String, String)>,
}
