//! An opened object, as its embedder holds it.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use crate::domain_thread::DomainThread;
use crate::endpoint::{Endpoint, Exported};
use crate::engine::connect::End;
use crate::error::{ConnectError, DigestError, ExportError, SaveError};
use crate::open::Opened;
use crate::runtime::Runtime;
use crate::state::StateWriter;

/// An object that was opened: running until it is closed, dropped, or fails.
///
/// Dropping it disconnects, destroys the proxies in reverse order of construction, and waits until
/// their thread has ended.
pub struct Object {
    // Before the runtime, whose thread it uses.
    domain: DomainThread,
    // After the domain, whose last states it takes.
    states: Option<Arc<StateWriter>>,
    runtime: Runtime,
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
        states: Option<Arc<StateWriter>>,
        identity: [u8; 32],
        opened: Opened,
    ) -> Object {
        let endpoints = opened.endpoints.into_iter().collect();
        Object {
            domain,
            states,
            runtime,
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

    /// Lends the endpoint `name` to other nodes for as long as the answer is kept: the node begins to
    /// listen where [`crate::RuntimeBuilder::listen`] says. Whoever has the document of the answer
    /// can connect with this endpoint, as far as the types match, and with no other.
    ///
    /// # Errors
    ///
    /// There is no such endpoint, the object is closed, or the node cannot listen.
    pub fn export(&self, name: &str) -> Result<Exported, ExportError> {
        match self.endpoint(name) {
            Ok(endpoint) => endpoint.export(&self.runtime.core().links),
            Err(_) => Err(ExportError::UnknownEndpoint {
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

    /// Saves its parts now and waits until that is on the disk. They are saved without asking, too:
    /// see [`crate::OpenOptions::state`].
    ///
    /// # Errors
    ///
    /// Not everything is on the disk; it goes on trying. Or there is nothing to save, or nowhere.
    pub fn save(&self) -> Result<(), SaveError> {
        let states = self.states.as_ref().ok_or(SaveError::NoDirectory)?;
        if thread::current().id() == self.domain.id() {
            return Err(SaveError::InsideHandler);
        }
        let (reply, answer) = mpsc::sync_channel(1);
        self.domain.inbox().task(move |domain| {
            domain.save_all();
            let _ = reply.send(());
        });
        answer.recv().map_err(|_| SaveError::Closed)?;
        let failures = states.flush();
        if failures.is_empty() {
            Ok(())
        } else {
            Err(SaveError::Write { failures })
        }
    }

    /// Digests of the states of all parts that have one, with their paths in the reference, in the
    /// order in which they were made. Equal states of one type have equal digests, whichever
    /// process they are in: that of a shared text tells whether two replicas agree.
    ///
    /// # Errors
    ///
    /// The object is closed, or this is called inside an event closure.
    pub fn digests(&self) -> Result<Vec<(String, [u8; 32])>, DigestError> {
        if thread::current().id() == self.domain.id() {
            return Err(DigestError::InsideHandler);
        }
        let (reply, answer) = mpsc::sync_channel(1);
        self.domain.inbox().task(move |domain| {
            let _ = reply.send(domain.digests());
        });
        answer.recv().map_err(|_| DigestError::Closed)
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
