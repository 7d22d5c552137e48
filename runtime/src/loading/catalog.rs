//! Finds trusted libraries by name.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use liveobj_references::{Catalog, CatalogError, LibraryTypes};

use super::{LoadError, Loaded, Store};

/// Why a directory is not taken as one of trusted libraries.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DirectoryError {
    /// It cannot be read.
    #[error("cannot read directory `{}`: {error}", path.display())]
    Read {
        /// The directory.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: std::io::Error,
    },
    /// Others than its owner may put files there, or may put another directory in its place.
    #[error(
        "libraries in `{}` are not trusted: `{}` can be written by everybody; `chmod o-w` it or \
         use another directory",
        path.display(), writable.display()
    )]
    WorldWritable {
        /// The directory.
        path: PathBuf,
        /// The directory itself, or the one above it that is at fault.
        writable: PathBuf,
    },
    /// It belongs to another user.
    #[error("libraries in `{}` are not trusted: it belongs to another user", path.display())]
    OtherOwner {
        /// The directory.
        path: PathBuf,
    },
}

/// The libraries that this process trusts: linked in, in directories, in a store, in this order.
/// The first one of a name wins. Directories and the store are read when a name is first looked
/// up that is not linked in; manifests are kept.
#[derive(Debug, Default)]
pub struct LibraryCatalog {}

impl LibraryCatalog {
    /// Only `liveobj:standard`, which is linked in.
    pub fn new() -> LibraryCatalog {
        LibraryCatalog::default()
    }

    /// Trusts what lies in a directory: its `*.so` files that have a manifest.
    ///
    /// # Errors
    ///
    /// It cannot be read, or others can write to it.
    pub fn add_directory(&mut self, directory: &Path) -> Result<(), DirectoryError> {
        let _ = directory;
        unimplemented!("lands with loading")
    }

    /// Trusts what was added to a store.
    pub fn set_store(&mut self, store: Store) {
        let _ = store;
        unimplemented!("lands with loading")
    }

    /// Loads a library by name (and hash, if the document gives one), once per process. `host` is
    /// what it is attached to.
    ///
    /// # Errors
    ///
    /// The first check that it does not pass.
    pub fn load(
        &self,
        name: &str,
        sha256: Option<&str>,
        host: &'static liveobj_abi::Host,
    ) -> Result<Arc<Loaded>, LoadError> {
        let _ = (name, sha256, host);
        unimplemented!("lands with loading")
    }

    /// Loads a library by hash alone, as `code` references give it: lower-case hexadecimal,
    /// `sha256:` in front or not.
    ///
    /// # Errors
    ///
    /// As [`LibraryCatalog::load`].
    pub fn load_hash(
        &self,
        sha256: &str,
        host: &'static liveobj_abi::Host,
    ) -> Result<Arc<Loaded>, LoadError> {
        let _ = (sha256, host);
        unimplemented!("lands with loading")
    }
}

impl Catalog for LibraryCatalog {
    fn library(&self, name: &str, sha256: Option<&str>) -> Result<Arc<LibraryTypes>, CatalogError> {
        let _ = (name, sha256);
        unimplemented!("lands with loading")
    }

    fn names(&self) -> Vec<String> {
        unimplemented!("lands with loading")
    }
}
