//! An opened object, as its embedder holds it.

use std::fmt;
use std::future::Future;
use std::time::{Duration, Instant};

use crate::domain_thread::DomainThread;
use crate::endpoint::Endpoint;
use crate::engine::connect::End;
use crate::error::ConnectError;
use crate::open::Opened;
use crate::runtime::Runtime;

/// An object that was opened: running until it is closed, dropped, or fails.
///
/// Dropping it disconnects, destroys the proxies in reverse order of construction, and waits until
/// their thread has ended.
pub struct Object {
    // Before the runtime, whose thread it uses.
    domain: DomainThread,
    _runtime: Runtime,
    identity: [u8; 32],
    endpoints: Vec<(String, End)>,
}

/// How an opened object ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// Its owner closed it.
    Closed,
    /// One of its parts failed or panicked.
    Failed {
        /// The part: its path in the reference.
        object: String,
        /// What it said.
        reason: String,
    },
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Ended::Closed => f.write_str("closed"),
            Ended::Failed { object, reason } => write!(f, "`{object}` failed: {reason}"),
        }
    }
}

impl Object {
    pub(crate) fn new(
        runtime: Runtime,
        domain: DomainThread,
        identity: [u8; 32],
        opened: Opened,
    ) -> Object {
        let endpoints = opened.endpoints.into_iter().collect();
        Object {
            domain,
            _runtime: runtime,
            identity,
            endpoints,
        }
    }

    /// Identity of the reference it was opened from.
    pub fn identity(&self) -> [u8; 32] {
        self.identity
    }

    /// Names of its endpoints, sorted.
    pub fn endpoints(&self) -> Vec<String> {
        self.endpoints
            .iter()
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// The endpoint `name`, to be connected.
    ///
    /// # Errors
    ///
    /// There is none of this name.
    pub fn endpoint(&self, name: &str) -> Result<Endpoint, ConnectError> {
        match self.endpoints.iter().find(|(known, _)| known == name) {
            Some((_, end)) => Ok(Endpoint::new(name, *end, &self.domain)),
            None => Err(ConnectError::UnknownEndpoint {
                name: name.to_owned(),
                endpoints: self.endpoints(),
            }),
        }
    }

    /// Completes when the object has ended.
    pub fn closed(&self) -> impl Future<Output = Ended> + Send + 'static {
        self.domain.ending().watch()
    }

    /// Waits until the object has ended.
    pub fn wait(&self) -> Ended {
        self.domain.ending().wait(None).unwrap_or(Ended::Closed)
    }

    /// Waits until the object has ended, at most so long.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Ended> {
        // A time that cannot be reached is like none.
        self.domain
            .ending()
            .wait(Instant::now().checked_add(timeout))
    }

    /// Closes it and tells how it had ended.
    pub fn close(self) -> Ended {
        let ending = self.domain.ending().clone();
        drop(self);
        ending.wait(Some(Instant::now())).unwrap_or(Ended::Closed)
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("endpoints", &self.endpoints())
            .finish_non_exhaustive()
    }
}
