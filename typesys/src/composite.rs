//! Derived types of composites (semantics, section 5).

use std::collections::BTreeMap;

use crate::relation::Relations;
use crate::types::{ObjectBody, ObjectId};

/// What a composite is made of; names have been looked up and matches checked by the caller.
#[derive(Clone, Debug, Default)]
pub struct CompositeShape {
    /// Component name → its type.
    pub components: BTreeMap<String, ObjectId>,
    /// Pairs of (component, endpoint).
    pub connections: Vec<[(String, String); 2]>,
    /// Exported name → (component, endpoint).
    pub exports: BTreeMap<String, (String, String)>,
}

impl Relations<'_> {
    /// E, C and C′ of a composite.
    pub fn derive_composite(&mut self, shape: &CompositeShape) -> ObjectBody {
        let _ = shape;
        todo!("relations helper")
    }
}
