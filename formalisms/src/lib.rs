//! Constraint formalisms for live object types: [`properties`] (names from an ontology),
//! [`cardinality`] (how many instances of an endpoint are connected), and [`session`] (what is sent
//! and received at an endpoint, in order). [`automata`] decides linear temporal logic.
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

pub mod automata;
pub mod cardinality;
mod cursor;
mod ontology;
pub mod properties;
pub mod session;
pub mod temporal;
mod watch;

use std::sync::Arc;

use liveobj_types::Formalisms;
use liveobj_types::verdict::Reason;

pub use cardinality::Cardinality;
pub use ontology::{Fact, Ontology, Property};
pub use properties::Properties;
pub use session::Session;
pub use temporal::Temporal;

/// A digest, in hexadecimal, of the sources that the answers of this build come from: builds that may
/// answer otherwise have another one.
pub const BUILD: &str = env!("LIVEOBJ_FORMALISMS_BUILD");

/// All formalisms of this crate.
pub fn builtin() -> Formalisms {
    with_ontology(Ontology::standard())
}

/// All formalisms of this crate, `properties` with this ontology.
pub fn with_ontology(ontology: Ontology) -> Formalisms {
    let mut formalisms = Formalisms::none();
    formalisms.add(Arc::new(Properties::new(ontology)));
    formalisms.add(Arc::new(Cardinality));
    formalisms.add(Arc::new(Session::Synchronous));
    formalisms.add(Arc::new(Session::Asynchronous));
    formalisms.add(Arc::new(Temporal::new()));
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

    /// Lets `work` take at most `steps`; none if it wanted more.
    ///
    /// # Errors
    ///
    /// Nothing is left then, or `work` failed otherwise.
    fn lend<T>(
        &mut self,
        steps: u64,
        work: impl FnOnce(&mut Budget) -> Result<T, Reason>,
    ) -> Result<Option<T>, Reason> {
        let mut lent = Budget(steps.min(self.0));
        let outcome = work(&mut lent);
        let taken = match outcome {
            Err(Reason::Budget) => steps,
            _ => steps.min(self.0) - lent.0,
        };
        match outcome {
            Err(Reason::Budget) if self.0 > steps => {
                self.0 -= taken;
                Ok(None)
            }
            outcome => {
                self.0 = self.0.saturating_sub(taken);
                outcome.map(Some)
            }
        }
    }
}

/// The answer about a formula that another formalism made.
fn foreign(name: &str) -> Reason {
    Reason::Undecided(format!("the formula is not one of formalism `{name}`"))
}
