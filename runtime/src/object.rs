//! An opened object, as its embedder holds it.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, mpsc};
use std::thread::ThreadId;
use std::time::{Duration, Instant};

use crate::domain_thread::{DomainThread, Domains};
use crate::endpoint::{Endpoint, Exported};
use crate::engine::connect::End;
use crate::engine::domain::Domain;
use crate::error::{ConnectError, DigestError, ExportError, SaveError};
use crate::open::{QueuedConnection, Spread};
use crate::runtime::Runtime;
use crate::stat::Running;
use crate::state::StateWriter;

/// An object that was opened: running until it is closed, dropped, or fails.
///
/// Dropping it lets its parts say farewell, disconnects, destroys the proxies in reverse order of
/// construction, and waits until their threads have ended. With several domains, all of them disconnect
/// first; then each destroys its own. Parts that need time for their farewell get some
/// ([`crate::RuntimeBuilder::leave_within`]).
pub struct Object {
    // Before the runtime, whose thread it uses.
    domains: Domains,
    // After the domains, whose last states it takes.
    states: Option<Arc<StateWriter>>,
    runtime: Runtime,
    identity: [u8; 32],
    /// By name, with the number of their domain.
    endpoints: Vec<(String, usize, End)>,
    queues: Arc<[QueuedConnection]>,
    /// That others are told of it.
    _running: Option<Arc<Running>>,
    threads: Arc<[ThreadId]>,
}

/// A queue of an opened object: one direction of a connection between two of its domains. See
/// [`Object::queues`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Queue {
    /// Who emits into it: `object.endpoint`, by its path in the reference.
    pub from: String,
    /// Who takes from it.
    pub to: String,
    /// Events that wait, at most 65,536.
    pub events: u64,
    /// Bytes of their payloads, at most 64 MiB.
    pub bytes: u64,
    /// The most events that waited when the one who takes them looked, or now.
    pub most: u64,
    /// Events for which there was no room.
    pub refused: u64,
    /// Whether one of these ended the connection, since the type does not say `refusable` of it.
    pub overflowed: bool,
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
        mut domains: Domains,
        states: Option<Arc<StateWriter>>,
        identity: [u8; 32],
        spread: Spread,
        running: Option<Arc<Running>>,
    ) -> Object {
        domains.set_open();
        let queues: Arc<[QueuedConnection]> = spread.queues.into();
        if let Some(running) = &running {
            let domains = domains.all().iter();
            let domains = domains.map(|it| (it.inbox().clone(), it.pulse().clone()));
            running.opened(domains.collect(), queues.clone());
        }
        let endpoints = spread.endpoints.into_iter();
        let endpoints = endpoints.map(|(name, (domain, end))| (name, domain, end));
        let threads = domains.all().iter().map(DomainThread::id).collect();
        Object {
            domains,
            states,
            runtime,
            identity,
            endpoints: endpoints.collect(),
            queues,
            _running: running,
            threads,
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
            .map(|(name, ..)| name.clone())
            .collect()
    }

    /// How many domains run it: threads, unless something ends just now.
    pub fn domains(&self) -> usize {
        self.domains.all().len()
    }

    /// The queues between its domains, one for each direction of each connection that the reference
    /// makes between them, in the order in which those were made; none where there is one domain.
    /// What is told is a moment's, and waits for nobody: also not for a domain that is stuck.
    pub fn queues(&self) -> Vec<Queue> {
        let queues = self.queues.iter().flat_map(|connection| {
            let [left, right] = &connection.names;
            let [forth, back] = &connection.fullness;
            [(left, right, forth), (right, left, back)]
        });
        let queues = queues.map(|(from, to, fullness)| {
            let depth = fullness.depth();
            Queue {
                from: from.clone(),
                to: to.clone(),
                events: depth.events,
                bytes: depth.bytes,
                most: depth.most,
                refused: depth.refused,
                overflowed: depth.overflowed,
            }
        });
        queues.collect()
    }

    /// The endpoint `name`, to be connected.
    ///
    /// # Errors
    ///
    /// There is none of this name.
    pub fn endpoint(&self, name: &str) -> Result<Endpoint, ConnectError> {
        match self.endpoints.iter().find(|(known, ..)| known == name) {
            Some((_, domain, end)) => {
                let domain = &self.domains.all()[*domain];
                Ok(Endpoint::new(name, *end, domain, &self.threads))
            }
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
        self.domains.home().ending().watch()
    }

    /// Waits until the object has ended.
    pub fn wait(&self) -> Ended {
        self.domains
            .home()
            .ending()
            .wait(None)
            .unwrap_or(Ended::Closed)
    }

    /// Waits until the object has ended, at most so long.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Ended> {
        // A time that cannot be reached is like none.
        self.domains
            .home()
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
        if self.domains.is_inside() {
            return Err(SaveError::InsideHandler);
        }
        self.ask(Domain::save_all).ok_or(SaveError::Closed)?;
        let failures = states.flush();
        if failures.is_empty() {
            Ok(())
        } else {
            Err(SaveError::Write { failures })
        }
    }

    /// Digests of the states of all parts that have one, with their paths in the reference, in the
    /// order in which they were made; with several domains, sorted by path. Equal states of one type have equal digests, whichever
    /// process they are in: that of a shared text tells whether two replicas agree.
    ///
    /// # Errors
    ///
    /// The object is closed, or this is called inside an event closure.
    pub fn digests(&self) -> Result<Vec<(String, [u8; 32])>, DigestError> {
        if self.domains.is_inside() {
            return Err(DigestError::InsideHandler);
        }
        let digests = self.ask(Domain::digests).ok_or(DigestError::Closed)?;
        let mut digests: Vec<_> = digests.into_iter().flatten().collect();
        if self.domains() > 1 {
            let path = |path: &String| path.split('/').map(str::to_owned).collect::<Vec<_>>();
            digests.sort_by_cached_key(|(object, _)| path(object));
        }
        Ok(digests)
    }

    /// Asks all domains at the same time; none where one of them has ended.
    fn ask<T: Send + 'static>(&self, question: fn(&Domain) -> T) -> Option<Vec<T>> {
        let asked = self.domains.all().iter().map(|domain| {
            let (reply, answer) = mpsc::sync_channel(1);
            domain.inbox().task(move |domain| {
                let _ = reply.send(question(domain));
            });
            answer
        });
        let asked: Vec<_> = asked.collect();
        asked.into_iter().map(|answer| answer.recv().ok()).collect()
    }

    /// Begins to close it, and waits for nothing: [`Object::closed`] completes once it has ended. Parts may
    /// take their time for a farewell, as long as [`crate::RuntimeBuilder::leave_within`] says.
    pub fn begin_to_close(&self) {
        self.domains.stop();
    }

    /// Gives its parts no more time for their farewell, now or later: who needed some is told, and what it
    /// says to that is delivered.
    pub fn hurry(&self) {
        self.domains.hurry();
    }

    /// The parts that need time for their farewell, and keep it from being disconnected: paths in the
    /// reference.
    pub fn staying(&self) -> impl Future<Output = Vec<String>> + Send + 'static {
        let asked = self.domains.all().iter().map(|domain| {
            let (reply, answer) = tokio::sync::oneshot::channel();
            domain.inbox().task(move |domain| {
                // Who asked may be gone.
                let _ = reply.send(domain.staying());
            });
            answer
        });
        let asked: Vec<_> = asked.collect();
        async move {
            let mut staying = Vec::new();
            for answer in asked {
                staying.extend(answer.await.unwrap_or_default());
            }
            staying
        }
    }

    /// Closes it and tells how it had ended.
    pub fn close(self) -> Ended {
        let ending = self.domains.home().ending().clone();
        drop(self);
        ending.wait(Some(Instant::now())).unwrap_or(Ended::Closed)
    }
}

impl Drop for Object {
    fn drop(&mut self) {
        if self.domains.is_inside() {
            // Nobody waits for its threads: they use those of the runtime until they end.
            for domain in self.domains.all() {
                let runtime = self.runtime.clone();
                domain.inbox().task(move |domain| domain.keep(runtime));
            }
        }
    }
}

impl fmt::Debug for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Object")
            .field("endpoints", &self.endpoints())
            .finish_non_exhaustive()
    }
}
