//! Runs live objects: dereferences references, connects typed endpoints, loads object libraries.
//!
//! [`Runtime`] checks a document and opens what it found; [`Object`] is what runs; [`Endpoint`] and
//! [`Connection`] are how a program talks to it. Embedders need no `unsafe`.

mod boundary;
mod directories;
mod error;
pub mod loading;
mod object;
mod report;
mod runtime;
mod terminal;

pub use directories::user_registry;
pub use error::{BuildError, CheckError, ConnectError, OpenError, SendError};
pub use object::{Connection, Ended, Endpoint, Object, Sender};
pub use report::{Level, Message, Report, Silent};
pub use runtime::{FOLDER_DEADLINE, Runtime, RuntimeBuilder};
pub use terminal::{Lines, Terminal};
