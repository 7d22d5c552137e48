//! An opened object, as its embedder holds it.

use std::future::Future;
use std::time::Duration;

use liveobj_types::Data;

use crate::error::{ConnectError, SendError};

/// An object that was opened: running until it is closed, dropped, or fails.
///
/// Dropping it disconnects, destroys the proxies in reverse order of construction, and waits until
/// their thread has ended.
#[derive(Debug)]
pub struct Object {
    _private: (),
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

impl Object {
    /// Identity of the reference it was opened from.
    pub fn identity(&self) -> [u8; 32] {
        unimplemented!("lands with the engine")
    }

    /// Names of its endpoints, sorted.
    pub fn endpoints(&self) -> Vec<String> {
        unimplemented!("lands with the engine")
    }

    /// The endpoint `name`, to be connected.
    ///
    /// # Errors
    ///
    /// There is none of this name.
    pub fn endpoint(&self, name: &str) -> Result<Endpoint, ConnectError> {
        let _ = name;
        unimplemented!("lands with the engine")
    }

    /// Completes when the object has ended.
    pub fn closed(&self) -> impl Future<Output = Ended> + Send + 'static {
        async { unimplemented!("lands with the engine") }
    }

    /// Waits until the object has ended.
    pub fn wait(&self) -> Ended {
        unimplemented!("lands with the engine")
    }

    /// Waits until the object has ended, at most so long.
    pub fn wait_timeout(&self, timeout: Duration) -> Option<Ended> {
        let _ = timeout;
        unimplemented!("lands with the engine")
    }

    /// Closes it and tells how it had ended.
    pub fn close(self) -> Ended {
        unimplemented!("lands with the engine")
    }
}

/// An endpoint of an opened object.
#[derive(Clone, Debug)]
pub struct Endpoint {
    _private: (),
}

impl Endpoint {
    /// Its name.
    pub fn name(&self) -> &str {
        unimplemented!("lands with the engine")
    }

    /// Connects it with an endpoint of the embedder's own, of the mirrored type. `receive` is
    /// called on the object's thread with the name and the payload (a record of the parameters) of
    /// every event that the object emits there.
    ///
    /// # Errors
    ///
    /// The endpoint takes no further connection, the object is closed, or this is called inside
    /// such a closure.
    pub fn connect(
        &self,
        receive: impl FnMut(&str, &Data) + Send + 'static,
    ) -> Result<Connection, ConnectError> {
        let _ = receive;
        unimplemented!("lands with the engine")
    }
}

/// A connection that the embedder owns: dropping it disconnects.
#[derive(Debug)]
pub struct Connection {
    _private: (),
}

impl Connection {
    /// Sends an event to the object: its name and its payload, a record of the parameters. It is
    /// handled on the object's thread, after all that was sent before.
    ///
    /// # Errors
    ///
    /// The endpoint takes no such event, the payload is not of its type, or the connection has
    /// ended.
    pub fn send(&self, event: &str, payload: Data) -> Result<(), SendError> {
        let _ = (event, payload);
        unimplemented!("lands with the engine")
    }

    /// A handle for sending that does not own the connection.
    pub fn sender(&self) -> Sender {
        unimplemented!("lands with the engine")
    }
}

/// Sends through a connection without owning it; may be used inside the connection's own closure.
#[derive(Clone, Debug)]
pub struct Sender {
    _private: (),
}

impl Sender {
    /// As [`Connection::send`].
    ///
    /// # Errors
    ///
    /// As [`Connection::send`].
    pub fn send(&self, event: &str, payload: Data) -> Result<(), SendError> {
        let _ = (event, payload);
        unimplemented!("lands with the engine")
    }
}
