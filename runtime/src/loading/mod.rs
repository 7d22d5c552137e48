//! Object libraries: where they are trusted from, what they say of themselves, and how they are
//! loaded (design, "Libraries and trust").
//!
//! A library is trusted because somebody added it to a [`Store`], because it lies in a directory
//! that the embedder names ([`LibraryCatalog::add_directory`]), or because it is linked in. A
//! document never grants trust. The catalog reads manifests from files and maps nothing;
//! [`LibraryCatalog::load`] maps, and only copies that nobody else can change, after every check
//! that needs no mapping has passed. Libraries stay mapped until the process ends, unless
//! [`unload`] is asked for one that nothing uses any more.
#![allow(
    unsafe_code,
    reason = "loading runs foreign initializers and reads foreign tables"
)]

mod catalog;
mod error;
mod library;
mod linked;
mod map;
#[doc(hidden)]
pub mod measure;
mod store;
mod trust;
mod unload;
mod verify;

pub use catalog::LibraryCatalog;
pub use error::LoadError;
pub use library::{Loaded, TrustedLibrary};
pub use map::{ABI, target};
pub use store::{Store, StoreError, StoredLibrary};
pub use trust::DirectoryError;
pub(crate) use trust::writable_by_all;
pub use unload::{UnloadError, Unloaded, unload};

#[cfg(test)]
mod tests;
