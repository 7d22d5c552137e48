//! Constraint formalisms for live object types: [`properties`] (names from an ontology) and
//! [`cardinality`] (how many instances of an endpoint are connected).
//!
//! ```
//! use liveobj_types::formalism::{Events, Structure};
//!
//! let formalisms = liveobj_formalisms::builtin();
//! let properties = formalisms.get("properties").unwrap();
//! let structure = Structure::Endpoint(Default::default());
//! let causal = properties.parse("causal_order, reliable", &structure).unwrap();
//! let fifo = properties.parse("fifo", &structure).unwrap();
//! assert!(properties.implies(&[&causal], &Events::All, &fifo, 1_000).holds());
//! assert!(properties.implies(&[&fifo], &Events::All, &causal, 1_000).fails());
//! ```

#![forbid(unsafe_code)]

pub mod cardinality;
mod ontology;
pub mod properties;

use std::sync::Arc;

use liveobj_types::Formalisms;
use liveobj_types::verdict::Reason;

pub use cardinality::Cardinality;
pub use ontology::{Ontology, OntologyError, Property};
pub use properties::Properties;

/// All formalisms of this crate.
pub fn builtin() -> Formalisms {
    let mut formalisms = Formalisms::none();
    formalisms.add(Arc::new(Properties::standard()));
    formalisms.add(Arc::new(Cardinality));
    formalisms
}

/// Steps that are left.
struct Budget(u64);

impl Budget {
    /// Takes `steps`.
    ///
    /// # Errors
    ///
    /// So many are not left.
    fn take(&mut self, steps: usize) -> Result<(), Reason> {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.0 = self.0.checked_sub(steps).ok_or(Reason::Budget)?;
        Ok(())
    }
}

/// The answer about a formula that another formalism made.
fn foreign(name: &str) -> Reason {
    Reason::Undecided(format!("the formula is not one of formalism `{name}`"))
}
