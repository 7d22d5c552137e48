//! State that outlives its process: a directory with one file for each proxy that has a state.
//!
//! The domain hands over what proxies saved, without waiting; [`StateWriter`] has a thread that
//! writes it. A file is named by the proxy's path in the opened reference and by the identity of the
//! proxy's own reference, so that a reference that was changed does not load what another one saved.

mod directory;
mod file;
mod writer;

pub(crate) use directory::StateDirectory;
#[cfg(feature = "hostile")]
pub use file::hostile as stored;
pub(crate) use file::{Heading, Stored};
pub(crate) use writer::{Saved, StateWriter};

use std::path::PathBuf;
use std::time::Duration;

use crate::monitor::Monitoring;

/// How often a proxy is saved at most, unless the embedder says otherwise.
pub const SAVE_EVERY: Duration = Duration::from_millis(200);

/// How a reference is opened.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    pub(crate) state: Option<PathBuf>,
    pub(crate) save_every: Duration,
    pub(crate) monitor: Option<Monitoring>,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions::new()
    }
}

impl OpenOptions {
    /// Keeps no state.
    pub fn new() -> OpenOptions {
        OpenOptions {
            state: None,
            save_every: SAVE_EVERY,
            monitor: None,
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
}
