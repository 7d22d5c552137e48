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
