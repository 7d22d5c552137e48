//! The directory: who uses it, and its files.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::file::{self, Fault, Heading, Stored};
use crate::error::StateError;
use crate::replace::replace;

/// Largest file that is read or written.
const LIMIT: u64 = 1 << 30;
/// Bytes of a file's name that come from the proxy's path.
const READABLE: usize = 80;

/// A directory of states that nobody else uses until this is dropped.
#[derive(Debug)]
pub(crate) struct StateDirectory {
    path: PathBuf,
    /// Locked; the system unlocks it when the process ends, however it ends.
    lock: File,
}

impl Drop for StateDirectory {
    fn drop(&mut self) {
        // To close the file is not enough: a child that the process starts just now has it as well,
        // until it becomes another program, and keeps the lock. Should this fail, closing is all
        // there is.
        let _ = self.lock.unlock();
    }
}

impl StateDirectory {
    /// Takes a directory, and creates it where it is not there.
    ///
    /// # Errors
    ///
    /// Somebody uses it, or it cannot be used.
    pub(crate) fn open(path: &Path) -> Result<StateDirectory, StateError> {
        let unusable = |error: std::io::Error| StateError::Directory {
            directory: path.to_owned(),
            reason: error.to_string(),
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(unusable)?;
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(path.join("lock"))
            .map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(unusable(error)),
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                // Who has it may not have written it yet.
                let read = lock.read_to_string(&mut text);
                return Err(StateError::InUse {
                    directory: path.to_owned(),
                    process: read.ok().and_then(|_| text.trim().parse().ok()),
                });
            }
        }
        let mut name_holder = || {
            lock.set_len(0)?;
            lock.rewind()?;
            writeln!(lock, "{}", std::process::id())
        };
        name_holder().map_err(unusable)?;
        Ok(StateDirectory {
            path: path.to_owned(),
            lock,
        })
    }

    /// Where the state of a proxy is kept.
    pub(crate) fn file(&self, path: &str, identity: &[u8; 32]) -> PathBuf {
        self.path.join(name(path, identity))
    }

    /// The state of a proxy, where one was saved.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or is not one that was written here for this proxy.
    pub(crate) fn read(
        &self,
        path: &str,
        identity: &[u8; 32],
    ) -> Result<Option<Stored>, StateError> {
        let file = self.file(path, identity);
        let unreadable = |reason: String| StateError::Unreadable {
            file: file.clone(),
            reason,
        };
        let mut bytes = Vec::new();
        let opened =
            File::open(&file).and_then(|file| file.take(LIMIT + 1).read_to_end(&mut bytes));
        match opened {
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(error.to_string())),
        }
        if bytes.len() as u64 > LIMIT {
            return Err(unreadable("it is larger than 1 GiB".to_owned()));
        }
        let stored = file::decode(&bytes).map_err(|fault| match fault {
            Fault::Magic => StateError::Damaged {
                file: file.clone(),
                reason: "it does not begin as one does".to_owned(),
            },
            Fault::Damaged => StateError::Damaged {
                file: file.clone(),
                reason: "its bytes are not those that were written".to_owned(),
            },
            Fault::Version(version) => StateError::Version {
                file: file.clone(),
                version,
            },
        })?;
        if (stored.heading.path.as_str(), &stored.heading.identity) != (path, identity) {
            return Err(StateError::Foreign {
                file,
                object: path.to_owned(),
                path: stored.heading.path,
            });
        }
        Ok(Some(stored))
    }

    /// Writes the state of a proxy, whole or not at all. Gives the checksum; where it is `last`,
    /// what is there is the same already.
    pub(super) fn write(
        &self,
        heading: &Heading,
        state: &[u8],
        last: Option<[u8; 32]>,
    ) -> Result<[u8; 32], String> {
        let (before, checksum) = file::encode(heading, state);
        if last == Some(checksum) {
            return Ok(checksum);
        }
        if (before.len() + state.len() + checksum.len()) as u64 > LIMIT {
            return Err("it is larger than 1 GiB".to_owned());
        }
        let name = name(&heading.path, &heading.identity);
        replace(&self.path, &name, &[&before, state, &checksum], 0o600)
            .map(|()| checksum)
            .map_err(|error| error.to_string())
    }
}

/// Name of the file of a proxy: words for people, and a hash of all that tells it from others.
fn name(path: &str, identity: &[u8; 32]) -> String {
    let mut name: String = path
        .chars()
        .take(READABLE)
        .map(|c| {
            let plain = c.is_ascii_alphanumeric() || c == '_';
            if plain { c } else { '-' }
        })
        .collect();
    let digest = Sha256::new().chain_update(path).chain_update(identity);
    name.push('-');
    for byte in &digest.finalize()[..16] {
        name += &format!("{byte:02x}");
    }
    name + ".state"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_free_at_once_although_a_child_still_has_the_file() {
        let place = tempfile::tempdir().expect("a directory");
        let directory = StateDirectory::open(place.path()).expect("nobody uses it");
        // What a child has between its birth and `exec`.
        let inherited = directory.lock.try_clone().expect("a descriptor");
        let refused = StateDirectory::open(place.path());
        assert!(matches!(refused, Err(StateError::InUse { .. })));
        drop(directory);
        StateDirectory::open(place.path()).expect("it is free");
        drop(inherited);
    }
}
