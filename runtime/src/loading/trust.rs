//! Which places libraries may be trusted from.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

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

const WRITABLE_BY_ALL: u32 = 0o002;
const STICKY: u32 = 0o1000;

/// The directory without symbolic links, if nobody but its owner, this user or root, can put
/// files or another directory in its place (the owner's group may: it is the user's own on most
/// systems).
pub(super) fn check_directory(path: &Path) -> Result<PathBuf, DirectoryError> {
    let read = |error| DirectoryError::Read {
        path: path.to_owned(),
        error,
    };
    let directory = fs::canonicalize(path).map_err(read)?;
    let metadata = fs::metadata(&directory).map_err(read)?;
    if !metadata.is_dir() {
        return Err(read(std::io::ErrorKind::NotADirectory.into()));
    }
    if !is_ours(metadata.uid()) {
        return Err(DirectoryError::OtherOwner { path: directory });
    }
    match writable_by_all(&directory).map_err(read)? {
        Some(writable) => Err(DirectoryError::WorldWritable {
            path: directory,
            writable,
        }),
        None => Ok(directory),
    }
}

/// The directory, or the one above it, through which everybody may put files or another directory in
/// its place, if there is one. The path has no symbolic links; the end of it may not be there yet.
pub(crate) fn writable_by_all(directory: &Path) -> io::Result<Option<PathBuf>> {
    for above in directory.ancestors() {
        let mode = match fs::metadata(above) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata?.mode(),
        };
        // In a sticky directory nobody replaces what others own; but anybody adds files.
        let replaceable = above == directory || mode & STICKY == 0;
        if mode & WRITABLE_BY_ALL != 0 && replaceable {
            return Ok(Some(above.to_owned()));
        }
    }
    Ok(None)
}

/// The file without symbolic links, if it is one that only this user or root can change.
pub(super) fn check_file(path: &Path) -> Result<PathBuf, String> {
    let file = fs::canonicalize(path).map_err(|error| error.to_string())?;
    let metadata = fs::metadata(&file).map_err(|error| error.to_string())?;
    if !metadata.is_file() {
        return Err("it is not a file".to_owned());
    }
    if metadata.mode() & WRITABLE_BY_ALL != 0 {
        return Err("it can be written by everybody".to_owned());
    }
    if !is_ours(metadata.uid()) {
        return Err("it belongs to another user".to_owned());
    }
    if let Some(directory) = file.parent() {
        check_directory(directory).map_err(|error| error.to_string())?;
    }
    Ok(file)
}

/// Whether a file belongs to root or to the user of this process; where the system does not tell
/// who that is, only root's files are taken.
fn is_ours(owner: u32) -> bool {
    owner == 0 || fs::metadata("/proc/self").is_ok_and(|process| process.uid() == owner)
}
