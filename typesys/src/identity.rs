//! Canonical form of types: the minimized graph numbered breadth-first, and its SHA-256
//! (formats, "Identity"; semantics, "Identity").

use crate::types::{TypeId, Types};

impl Types {
    /// Canonical bytes of a type: equal exactly for structurally equal types. Names of types,
    /// docs, `refusable` and `state` do not count; constraints count by formalism and collapsed
    /// text, sorted and without repetition.
    pub fn canonical(&self, id: TypeId) -> Vec<u8> {
        let _ = id;
        todo!("layout helper")
    }

    /// SHA-256 of [`Types::canonical`].
    pub fn identity(&self, id: TypeId) -> [u8; 32] {
        let _ = id;
        todo!("layout helper")
    }
}
