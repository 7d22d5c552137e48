//! Unloading, which is only ever asked for: tried, and then looked up in the process map.

use std::fmt;
use std::fs;
use std::mem::ManuallyDrop;
use std::path::Path;
use std::sync::{Arc, PoisonError};

use super::catalog::digits;
use super::map::{LOADED, said};
use super::{Loaded, linked};

/// What became of a library that was to be unloaded. It can be loaded again in any case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unloaded {
    /// The process map has nothing of it any more.
    Unmapped,
    /// The system was told that it is no longer needed, and keeps it.
    StillMapped {
        /// How many of its parts the process map lists.
        parts: usize,
    },
    /// The system was told that it is no longer needed; the process map cannot be read.
    Unknown {
        /// Why not.
        reason: String,
    },
}

impl fmt::Display for Unloaded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unloaded::Unmapped => f.write_str("unmapped"),
            Unloaded::StillMapped { parts } => write!(
                f,
                "still mapped, in {parts} parts: a thread that ran it may have values of it to \
                 drop when it ends, another library may need it, or it was linked never to be \
                 unloaded"
            ),
            Unloaded::Unknown { reason } => {
                write!(
                    f,
                    "perhaps unmapped: the process map cannot be read: {reason}"
                )
            }
        }
    }
}

/// Why a library was not unloaded. Unless the system refused, it is loaded as before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnloadError {
    /// Nothing of this name (and hash) is loaded.
    #[error("no library `{name}` is loaded")]
    NotLoaded {
        /// The name.
        name: String,
    },
    /// It is a part of the program.
    #[error("`{name}` is linked in")]
    LinkedIn {
        /// The name.
        name: String,
    },
    /// Several versions are loaded under this name.
    #[error("several libraries `{name}` are loaded; say which by its hash: {}", hashes.join(", "))]
    Several {
        /// The name.
        name: String,
        /// Their hashes, sorted.
        hashes: Vec<String>,
    },
    /// Objects of it exist, or are about to.
    #[error("`{name}` is in use by {users} objects or openings")]
    InUse {
        /// The name.
        name: String,
        /// How many hold it.
        users: usize,
    },
    /// Its objects run threads of their own, and nobody knows whether these have ended.
    #[error("`{name}` runs threads of its own, which may still be in it")]
    Threads {
        /// The name.
        name: String,
    },
    /// The system refused: its code stays mapped, and whoever loads it again maps it anew.
    #[error("`{name}` cannot be unloaded: {reason}")]
    System {
        /// The name.
        name: String,
        /// What it said.
        reason: String,
    },
}

/// Unloads a library by its name and, where several of one name are loaded, its hash; for the
/// whole process. Tried only if nothing that it made is alive.
///
/// # Errors
///
/// It is not loaded, or may still be needed.
pub fn unload(name: &str, sha256: Option<&str>) -> Result<Unloaded, UnloadError> {
    let name_of = || name.to_owned();
    if linked::find(name).is_some() {
        return Err(UnloadError::LinkedIn { name: name_of() });
    }
    // Held throughout: nobody gets hold of the library meanwhile.
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let wanted = |hash: &str| sha256.is_none_or(|sha256| digits(sha256) == hash);
    let keys: Vec<_> = loaded
        .keys()
        .filter(|(hash, known)| known == name && wanted(hash))
        .cloned()
        .collect();
    let key = match keys.as_slice() {
        [] => return Err(UnloadError::NotLoaded { name: name_of() }),
        [key] => key,
        several => {
            return Err(UnloadError::Several {
                name: name_of(),
                hashes: several.iter().map(|(hash, _)| hash.clone()).collect(),
            });
        }
    };
    let library = loaded.remove(key).expect("because it was just found");
    if library.threads {
        loaded.insert(key.clone(), library);
        return Err(UnloadError::Threads { name: name_of() });
    }
    match Arc::try_unwrap(library) {
        Ok(library) => close(name, library)
            .inspect(|unloaded| tracing::info!(library = name, %unloaded, "it is unloaded")),
        Err(library) => {
            // One is ours.
            let users = Arc::strong_count(&library) - 1;
            loaded.insert(key.clone(), library);
            Err(UnloadError::InUse {
                name: name_of(),
                users,
            })
        }
    }
}

fn close(name: &str, library: Loaded) -> Result<Unloaded, UnloadError> {
    let Some(mapping) = library.mapping else {
        return Err(UnloadError::LinkedIn {
            name: name.to_owned(),
        });
    };
    // Nobody has its tables: proxies hold the library, and `Loaded` lends them only for as long as
    // it exists.
    let closed = ManuallyDrop::into_inner(mapping.library).close();
    closed.map_err(|error| UnloadError::System {
        name: name.to_owned(),
        reason: said(&error),
    })?;
    Ok(match fs::read("/proc/self/maps") {
        Err(error) => Unloaded::Unknown {
            reason: error.to_string(),
        },
        Ok(map) => match parts(&String::from_utf8_lossy(&map), &mapping.file) {
            0 => Unloaded::Unmapped,
            parts => Unloaded::StillMapped { parts },
        },
    })
}

/// How many parts of a file a process map lists. A file that was removed since is marked so.
fn parts(map: &str, file: &Path) -> usize {
    let file = file.display().to_string();
    let is_of = |line: &str| {
        // Address, permissions, offset, device and inode stand before the path.
        let path = line.splitn(6, ' ').nth(5).map_or("", str::trim_start);
        path.strip_suffix(" (deleted)").unwrap_or(path) == file
    };
    map.lines().filter(|line| is_of(line)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_file_are_told_from_those_of_others() {
        let map = "\
55d0c0a00000-55d0c0a02000 r--p 00000000 08:01 1311 /tmp/a b/library.so (deleted)
55d0c0a02000-55d0c0a03000 r-xp 00002000 08:01 1311                        /tmp/a b/library.so
55d0c0a03000-55d0c0a04000 r-xp 00002000 08:01 1312                        /tmp/a b/library.so.1
7ffd5a1c0000-7ffd5a1e1000 rw-p 00000000 00:00 0                          [stack]
7ffd5a1f0000-7ffd5a1f1000 rw-p 00000000 00:00 0
";
        assert_eq!(parts(map, Path::new("/tmp/a b/library.so")), 2);
        assert_eq!(parts(map, Path::new("/tmp/other.so")), 0);
    }
}
