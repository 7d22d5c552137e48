//! The per-user store of trusted libraries.

use std::path::{Path, PathBuf};

/// A directory of libraries that its user trusts: `SHA256.so`, each read-only, and an `index` of
/// names. Every change is atomic; several processes may use it at once.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
}

/// A library in a store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredLibrary {
    /// The name it was added under.
    pub name: String,
    /// SHA-256 of the file in lower-case hexadecimal.
    pub sha256: String,
    /// The copy in the store.
    pub path: PathBuf,
}

/// Why the store was not changed, or cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file of the store, or the one to be added, cannot be read or written.
    #[error("cannot use `{}`: {error}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: std::io::Error,
    },
    /// The index is damaged.
    #[error("line {line} of `{}` is not an entry; remove the line", path.display())]
    Index {
        /// The index.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
    },
    /// The file is not an object library.
    #[error("`{}` is not an object library: {reason}", path.display())]
    NotALibrary {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A name that the index cannot hold.
    #[error("`{name}` cannot be the name of a library: {reason}")]
    Name {
        /// The name.
        name: String,
        /// Why.
        reason: &'static str,
    },
    /// Nothing of this name or hash is in the store.
    #[error("the store has no library `{name}`")]
    Missing {
        /// The name or hash.
        name: String,
    },
}

impl Store {
    /// The store in `directory`, which is created when something is first added.
    pub fn new(directory: impl Into<PathBuf>) -> Store {
        Store {
            directory: directory.into(),
        }
    }

    /// Where this user's store is: `$XDG_DATA_HOME/liveobj/libraries`, or the same below
    /// `~/.local/share`. `None` without a home.
    pub fn user_directory() -> Option<PathBuf> {
        unimplemented!("lands with loading")
    }

    /// Its directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Copies a library into the store and trusts it from now on, under `name` or under the name
    /// in its manifest. Where the name is taken, the new one is found first and the old one by
    /// its hash. Nothing of the library runs.
    ///
    /// # Errors
    ///
    /// The file cannot be read or has no manifest, or the store cannot be written.
    pub fn add(&self, file: &Path, name: Option<&str>) -> Result<StoredLibrary, StoreError> {
        let _ = (file, name);
        unimplemented!("lands with loading")
    }

    /// What it holds, by name; of equal names, the one added last comes first.
    ///
    /// # Errors
    ///
    /// It cannot be read. A store that does not exist is empty.
    pub fn list(&self) -> Result<Vec<StoredLibrary>, StoreError> {
        unimplemented!("lands with loading")
    }

    /// Forgets every library of a name, or the one of a hash (`sha256:…` or the digits); tells
    /// which. Files go with their last name. Processes that have one mapped keep it.
    ///
    /// # Errors
    ///
    /// There is none, or the store cannot be written.
    pub fn remove(&self, name_or_hash: &str) -> Result<Vec<StoredLibrary>, StoreError> {
        let _ = name_or_hash;
        unimplemented!("lands with loading")
    }
}
