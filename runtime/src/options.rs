//! How a reference is opened.

use std::path::PathBuf;
use std::time::Duration;

use crate::deployment::Deployment;
use crate::monitor::Monitoring;
use crate::trace::{Tap, Tracing};

/// How often a proxy is saved at most, unless the embedder says otherwise.
pub const SAVE_EVERY: Duration = Duration::from_millis(200);

/// How a reference is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    pub(crate) state: Option<PathBuf>,
    pub(crate) save_every: Duration,
    pub(crate) monitor: Option<Monitoring>,
    pub(crate) trace: Option<Tracing>,
    pub(crate) tap: Option<Tap>,
    pub(crate) placing: Placing,
}

/// Which parts run in which domain.
#[derive(Clone, Debug)]
pub(crate) enum Placing {
    /// So many domains at most, as it turns out best.
    Domains(usize),
    /// As somebody says.
    Deployment(Deployment),
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions::new()
    }
}

impl OpenOptions {
    /// Keeps no state, watches nothing, one domain.
    pub fn new() -> OpenOptions {
        OpenOptions {
            state: None,
            save_every: SAVE_EVERY,
            monitor: None,
            trace: None,
            tap: None,
            placing: Placing::Domains(1),
        }
    }

    /// Keeps the state of the object's parts in this directory, which is created where it is not
    /// there: parts whose state is in it go on where they were, and all are saved after they ran
    /// and when the object is closed. Only one object at a time uses a directory. Parts that are
    /// dereferenced while the object runs are not saved.
    #[must_use]
    pub fn state(mut self, directory: impl Into<PathBuf>) -> OpenOptions {
        self.state = Some(directory.into());
        self
    }

    /// How long to wait after a part was saved before it is saved again; [`SAVE_EVERY`] unless set.
    /// What happened since the last save is lost if the process is killed.
    #[must_use]
    pub fn save_every(mut self, interval: Duration) -> OpenOptions {
        self.save_every = interval;
        self
    }

    /// Watches whether the connections between the object's parts keep the constraints of their
    /// types, as far as that can be told at one node; unless set, nothing is watched, and events
    /// take no notice of it. Embedders' own connections, and those that parts make at run time, are
    /// watched from the side of the parts.
    #[must_use]
    pub fn monitor(mut self, monitoring: Monitoring) -> OpenOptions {
        self.monitor = Some(monitoring);
        self
    }

    /// Writes all that happens in the object; unless set, events take no notice of it. A `Tracing`
    /// is for one object, and its owner finishes it.
    #[must_use]
    pub fn trace(mut self, tracing: Tracing) -> OpenOptions {
        self.trace = Some(tracing);
        self
    }

    /// Tells what passes at one endpoint, of a part or of the object itself; unless set, events take no
    /// notice of it, and if set, those of other endpoints do not. A `Tap` is for one object. It does
    /// not connect anything: an endpoint of the object itself, which nobody else is connected with, is
    /// for its embedder to connect ([`crate::Object::endpoint`]).
    #[must_use]
    pub fn tap(mut self, tap: Tap) -> OpenOptions {
        self.tap = Some(tap);
        self
    }

    /// Runs the object's parts in so many domains, each of which has a thread of its own; 1 unless
    /// set, and 0 counts as 1. It takes fewer where there are fewer parts, or where parts have to
    /// stay together since their types match only as long as no queue is between them. Which part
    /// runs where follows from the reference alone: parts that are connected stay together as far
    /// as all domains get about as many. What parts dereference runs in their own domain.
    #[must_use]
    pub fn domains(mut self, count: usize) -> OpenOptions {
        self.placing = Placing::Domains(count);
        self
    }

    /// Runs the object's parts in the domains that a deployment says.
    #[must_use]
    pub fn deployment(mut self, deployment: Deployment) -> OpenOptions {
        self.placing = Placing::Deployment(deployment);
        self
    }
}
