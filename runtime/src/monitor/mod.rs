//! Watches the constraints of objects on what happens: of those that run, where somebody asked for
//! it, and on histories that were recorded.

mod live;
mod note;
mod recorded;
mod watching;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use liveobj_types::Place;

pub(crate) use live::Watch;
pub use recorded::{
    MonitorError, Monitored, MonitoredConstraint, RecordedViolation, Status, TracedEvent,
    monitor_trace, monitor_traces,
};

/// Watches whether what happens keeps the constraints of an object's parts: see
/// [`crate::OpenOptions::monitor`].
#[derive(Clone)]
pub struct Monitoring {
    enforce: bool,
    found: Arc<Mutex<Found>>,
    unwatched: Arc<Mutex<NotWatched>>,
}

/// Takes violations.
type Found = dyn FnMut(&Violation) + Send;
/// Takes what is not watched.
type NotWatched = dyn FnMut(&Unwatched) + Send;

impl Monitoring {
    /// Tells `found` of each violation, and lets things go on. An object that runs in several domains
    /// tells on the thread of the one where it happens, and the others go on meanwhile.
    pub fn report(found: impl FnMut(&Violation) + Send + 'static) -> Monitoring {
        Monitoring {
            enforce: false,
            found: Arc::new(Mutex::new(found)),
            unwatched: Arc::new(Mutex::new(|_: &Unwatched| ())),
        }
    }

    /// As [`Monitoring::report`], and ends the connection at which a constraint was broken: the
    /// event that broke it is not delivered, nor is anything that still waits there.
    pub fn enforce(found: impl FnMut(&Violation) + Send + 'static) -> Monitoring {
        Monitoring {
            enforce: true,
            ..Monitoring::report(found)
        }
    }

    /// Tells `unwatched`, on the same threads, of each constraint that is not watched: when its object
    /// is created or connected, and when a monitor gives up. Those that several objects of the same
    /// name have are told once.
    #[must_use]
    pub fn on_unwatched(self, unwatched: impl FnMut(&Unwatched) + Send + 'static) -> Monitoring {
        Monitoring {
            unwatched: Arc::new(Mutex::new(unwatched)),
            ..self
        }
    }

    fn tell(&self, violation: &Violation) {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        found(violation);
    }

    fn tell_unwatched(&self, unwatched: &Unwatched) {
        let told = self.unwatched.lock();
        let mut told = told.unwrap_or_else(PoisonError::into_inner);
        told(unwatched);
    }
}

impl fmt::Debug for Monitoring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitoring")
            .field("enforce", &self.enforce)
            .finish_non_exhaustive()
    }
}

/// A constraint that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Name of its formalism.
    pub formalism: String,
    /// Its text, with what it is given under.
    pub text: String,
    /// Where it was written, where that is known.
    pub place: Option<Place>,
    /// The endpoint or object whose type has it: `server.lookup`, by its path in the reference.
    pub subject: String,
    /// Whether that type provides it; otherwise it requires it of whoever is connected.
    pub provided: bool,
    /// The object that broke it; none where the event does not tell, as when a connection begins.
    pub by: Option<String>,
    /// The connection, by its number in the domain.
    pub connection: u64,
    /// What led to it, the latest last, as far as it is remembered: at most 16 lines.
    pub recent: Vec<String>,
}

/// A constraint, or a part of one, that is not watched.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Unwatched {
    /// Name of its formalism.
    pub formalism: String,
    /// Its text, with what it is given under.
    pub text: String,
    /// The endpoint or object whose type has it: `server.lookup`, by its path in the reference.
    pub subject: String,
    /// Whether that type provides it; otherwise it requires it of whoever is connected.
    pub provided: bool,
    /// Why: lower case, no final period.
    pub reason: String,
}

/// The object of an end, `object.endpoint`.
fn object_of(end: &str) -> String {
    match end.rsplit_once('.') {
        Some((object, _)) => object.to_owned(),
        None => end.to_owned(),
    }
}

/// The endpoint of an end, `object.endpoint`.
fn endpoint_of(end: &str) -> &str {
    end.rsplit_once('.').map_or(end, |(_, endpoint)| endpoint)
}
