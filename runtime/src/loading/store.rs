//! The per-user store of trusted libraries.
//!
//! The `index` has a line for each name that a library was added under, the latest last: the
//! hash, a space, the name.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::ErrorKind;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use liveobj_manifest::ReadError;
use sha2::{Digest, Sha256};

use super::catalog::digits;
use super::library::{check_formalisms, hexadecimal};
use super::linked;
use super::trust::{DirectoryError, check_directory};
use crate::directories::absolute;
use crate::replace::replace;

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
    /// Others than this user can change it.
    #[error("the library store cannot be trusted: {0}")]
    Untrusted(#[from] DirectoryError),
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
    /// A name that the index cannot hold, or that would never be found.
    #[error("`{}` cannot be the name of a library: {reason}", name.escape_debug())]
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
        let data = absolute("XDG_DATA_HOME")
            .or_else(|| absolute("HOME").map(|home| home.join(".local/share")))?;
        Some(data.join("liveobj/libraries"))
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
    /// The file cannot be read or has no manifest, the name is taken by a library that is
    /// linked in or cannot be one, or the store cannot be written.
    pub fn add(&self, file: &Path, name: Option<&str>) -> Result<StoredLibrary, StoreError> {
        let bytes = fs::read(file).map_err(io(file))?;
        let manifest = liveobj_manifest::read(&bytes).map_err(|error| StoreError::NotALibrary {
            path: file.to_owned(),
            reason: match error {
                ReadError::NotALibrary { reason } => reason,
                ReadError::NoSection => {
                    format!("it has no section `{}`", liveobj_manifest::SECTION)
                }
                other => other.to_string(),
            },
        })?;
        check_formalisms(&manifest.formalisms).map_err(|reason| StoreError::NotALibrary {
            path: file.to_owned(),
            reason,
        })?;
        let name = name.unwrap_or(&manifest.name).to_owned();
        check_new_name(&name)?;
        let sha256 = hexadecimal(&Sha256::digest(&bytes));
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.directory)
            .map_err(io(&self.directory))?;
        let _lock = self.lock()?;
        let mut entries = self.entries()?;
        let added = self.library(name, sha256);
        self.replace(&added.path, &bytes, 0o444)?;
        entries.retain(|entry| *entry != added);
        entries.push(added.clone());
        self.write_index(&entries)?;
        Ok(added)
    }

    /// What it holds, by name; of equal names, the one added last comes first.
    ///
    /// # Errors
    ///
    /// It cannot be read. A store that does not exist is empty.
    pub fn list(&self) -> Result<Vec<StoredLibrary>, StoreError> {
        let mut entries = self.entries()?;
        entries.reverse();
        entries.sort_by(|left, right| left.name.cmp(&right.name));
        Ok(entries)
    }

    /// Forgets every library of a name, or the one of a hash (`sha256:…` or the digits); tells
    /// which. Files go with their last name. Processes that have one mapped keep it.
    ///
    /// # Errors
    ///
    /// There is none, or the store cannot be written.
    pub fn remove(&self, name_or_hash: &str) -> Result<Vec<StoredLibrary>, StoreError> {
        let missing = || StoreError::Missing {
            name: name_or_hash.to_owned(),
        };
        if !self.directory.exists() {
            return Err(missing());
        }
        let _lock = self.lock()?;
        let (removed, kept): (Vec<_>, Vec<_>) = self
            .entries()?
            .into_iter()
            .partition(|entry| entry.name == name_or_hash || entry.sha256 == digits(name_or_hash));
        if removed.is_empty() {
            return Err(missing());
        }
        // The index first: what it lists is always there.
        self.write_index(&kept)?;
        for entry in &removed {
            if kept.iter().any(|other| other.sha256 == entry.sha256) {
                continue;
            }
            match fs::remove_file(&entry.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(io(&entry.path)(error));
                }
                _ => {}
            }
        }
        Ok(removed)
    }

    fn library(&self, name: String, sha256: String) -> StoredLibrary {
        let path = self.directory.join(format!("{sha256}.so"));
        StoredLibrary { name, sha256, path }
    }

    fn index(&self) -> PathBuf {
        self.directory.join("index")
    }

    /// The index, in its own order.
    fn entries(&self) -> Result<Vec<StoredLibrary>, StoreError> {
        let path = self.index();
        if !self.directory.exists() {
            return Ok(Vec::new());
        }
        check_directory(&self.directory)?;
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(io(&path)(error)),
        };
        let mut entries = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let entry = line.split_once(' ').filter(|(sha256, name)| {
                let digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                sha256.len() == 64 && sha256.bytes().all(digit) && check_name(name).is_ok()
            });
            let Some((sha256, name)) = entry else {
                return Err(StoreError::Index {
                    path,
                    line: number + 1,
                });
            };
            entries.push(self.library(name.to_owned(), sha256.to_owned()));
        }
        Ok(entries)
    }

    fn write_index(&self, entries: &[StoredLibrary]) -> Result<(), StoreError> {
        let text: String = entries
            .iter()
            .map(|entry| format!("{} {}\n", entry.sha256, entry.name))
            .collect();
        self.replace(&self.index(), text.as_bytes(), 0o600)
    }

    /// Writes a file of the store. Only with the lock.
    fn replace(&self, path: &Path, bytes: &[u8], mode: u32) -> Result<(), StoreError> {
        let name = path.file_name().and_then(|name| name.to_str());
        let name = name.expect("because the store names its files itself");
        replace(&self.directory, name, &[bytes], mode).map_err(io(path))
    }

    /// Keeps other processes from changing the store until it is dropped.
    fn lock(&self) -> Result<File, StoreError> {
        let path = self.directory.join("lock");
        let lock = || {
            let file = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .mode(0o600)
                .open(&path)?;
            file.lock()?;
            Ok(file)
        };
        lock().map_err(io(&path))
    }
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |error| StoreError::Io { path, error }
}

/// What is refused for a new name; an index that has it is read all the same.
fn check_new_name(name: &str) -> Result<(), StoreError> {
    check_name(name)?;
    let reason = if linked::find(name).is_some() {
        "that one is linked in"
    } else if name.chars().any(char::is_whitespace) {
        "it holds white space"
    } else {
        return Ok(());
    };
    Err(StoreError::Name {
        name: name.to_owned(),
        reason,
    })
}

fn check_name(name: &str) -> Result<(), StoreError> {
    let reason = if name.trim().is_empty() {
        "it is empty"
    } else if name.chars().any(char::is_control) {
        "it holds control characters"
    } else if name.len() > 1024 {
        "it is longer than 1024 bytes"
    } else {
        return Ok(());
    };
    Err(StoreError::Name {
        name: name.to_owned(),
        reason,
    })
}
