//! Where the sockets lie: a directory that only its user can enter.

use std::fs::{self, DirBuilder, File, Metadata};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use crate::directories::absolute;

/// The bits of a mode with which others may write.
const OTHERS_WRITE: u32 = 0o022;
/// How the name of a socket ends.
const ENDING: &str = ".socket";

/// Why a directory is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PlaceError {
    #[error("`{}` is no directory", path.display())]
    NoDirectory { path: PathBuf },
    #[error(
        "`{}` belongs to somebody else (user {owner}); set XDG_RUNTIME_DIR to a directory of your own",
        path.display()
    )]
    NotOurs { path: PathBuf, owner: u32 },
    #[error(
        "others may write into `{}`; `chmod go-w` it, or set XDG_RUNTIME_DIR to another directory",
        path.display()
    )]
    Open { path: PathBuf },
    #[error("cannot use `{}`: {error}", path.display())]
    Unusable { path: PathBuf, error: io::Error },
}

/// The directory, as it was when it was looked at: whatever its path comes to mean later, sockets are
/// made and found in this one.
pub(crate) struct Place {
    directory: File,
    path: PathBuf,
}

impl Place {
    /// The directory of this process's user, which is made where it is not there.
    pub(crate) fn make(user: u32) -> Result<Place, PlaceError> {
        Place::make_at(wanted(user), user)
    }

    fn make_at(path: PathBuf, user: u32) -> Result<Place, PlaceError> {
        match DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                Err(PlaceError::Unusable { path, error })
            }
            _ => {
                let gone = io::ErrorKind::NotFound.into();
                let place = Place::at(path.clone(), user)?;
                place.ok_or(PlaceError::Unusable { path, error: gone })
            }
        }
    }

    /// The same, if it is there.
    pub(crate) fn find(user: u32) -> Result<Option<Place>, PlaceError> {
        Place::at(wanted(user), user)
    }

    fn at(path: PathBuf, user: u32) -> Result<Option<Place>, PlaceError> {
        let unusable = |error| PlaceError::Unusable {
            path: path.clone(),
            error,
        };
        let named = match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            named => named.map_err(unusable)?,
        };
        if !named.is_dir() {
            return Err(PlaceError::NoDirectory { path });
        }
        let directory = File::open(&path).map_err(unusable)?;
        let opened = directory.metadata().map_err(unusable)?;
        let identity = |it: &Metadata| (it.dev(), it.ino());
        if identity(&opened) != identity(&named) {
            return Err(PlaceError::NoDirectory { path });
        }
        if opened.uid() != user {
            let owner = opened.uid();
            return Err(PlaceError::NotOurs { path, owner });
        }
        if opened.mode() & OTHERS_WRITE != 0 {
            return Err(PlaceError::Open { path });
        }
        Ok(Some(Place { directory, path }))
    }

    /// Its path, for people.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// A name in it: short, as addresses of sockets have to be, and in this very directory.
    pub(crate) fn entry(&self, name: &str) -> PathBuf {
        format!("/proc/self/fd/{}/{name}", self.directory.as_raw_fd()).into()
    }

    /// Names of the sockets, sorted by process, each with that process.
    pub(crate) fn sockets(&self) -> io::Result<Vec<(u32, String)>> {
        let entries = fs::read_dir(self.entry(""))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut sockets: Vec<_> = names
            .filter_map(|name| Some((process(&name)?, name)))
            .collect();
        sockets.sort();
        Ok(sockets)
    }

    /// Removes a socket on which nobody listens, if its process is gone: one that is just about to
    /// listen is left alone.
    pub(crate) fn remove_stale(&self, process: u32, name: &str) {
        if !Path::new(&format!("/proc/{process}")).exists() {
            // Somebody else may have been faster.
            let _ = fs::remove_file(self.entry(name));
        }
    }
}

/// The name of the socket of a process; `number` tells those of one process apart.
pub(crate) fn socket_name(process: u32, number: u64) -> String {
    format!("{process}-{number}{ENDING}")
}

fn process(name: &str) -> Option<u32> {
    let (process, number) = name.strip_suffix(ENDING)?.split_once('-')?;
    number.parse::<u64>().ok()?;
    process.parse().ok()
}

/// Where the directory of a user is, there or not.
fn wanted(user: u32) -> PathBuf {
    match absolute("XDG_RUNTIME_DIR").filter(|path| path.is_dir()) {
        Some(path) => path.join("liveobj"),
        None => std::env::temp_dir().join(format!("liveobj-{user}")),
    }
}

/// The user of this process.
pub(crate) fn own_user() -> io::Result<u32> {
    // The kernel says so of a process whose memory its user may look at; of any other it says that it
    // is the administrator's, and then the user's directory is refused.
    Ok(fs::metadata("/proc/self")?.uid())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn user(path: &Path) -> u32 {
        fs::metadata(path).expect("it is there").uid()
    }

    #[test]
    fn a_directory_is_made_for_its_user_alone() {
        let folder = tempfile::tempdir().expect("a directory");
        let (path, user) = (folder.path().join("liveobj"), user(folder.path()));
        assert!(matches!(Place::at(path.clone(), user), Ok(None)));
        assert!(Place::make_at(path.clone(), user).is_ok());
        let mode = fs::metadata(&path).expect("it was made").mode();
        assert_eq!(mode & 0o777, 0o700);
        assert!(Place::make_at(path, user).is_ok(), "it stays");
    }

    #[test]
    fn a_directory_of_somebody_else_and_one_that_others_may_write_into_are_refused() {
        let folder = tempfile::tempdir().expect("a directory");
        let (path, user) = (folder.path().to_owned(), user(folder.path()));
        let error = |path: &Path, user| {
            let place = Place::at(path.to_owned(), user);
            place.err().map(|error| error.to_string())
        };
        assert_eq!(error(&path, user), None);
        let told = error(&path, user + 1).expect("it is refused");
        assert!(told.contains("belongs to somebody else"), "{told}");
        for mode in [0o770, 0o702] {
            let mode = fs::Permissions::from_mode(mode);
            fs::set_permissions(&path, mode).expect("it is ours");
            let told = error(&path, user).expect("it is refused");
            assert!(told.contains("others may write"), "{told}");
        }
    }

    #[test]
    fn neither_a_link_nor_a_file_stands_for_the_directory() {
        let folder = tempfile::tempdir().expect("a directory");
        let user = user(folder.path());
        let [own, link, file] = ["own", "link", "file"].map(|name| folder.path().join(name));
        fs::create_dir(&own).expect("it is made");
        symlink(&own, &link).expect("it is made");
        fs::write(&file, "").expect("it is made");
        for path in [link, file] {
            let refused = Place::at(path, user);
            assert!(matches!(refused, Err(PlaceError::NoDirectory { .. })));
        }
    }

    #[test]
    fn sockets_are_told_from_other_files_and_stale_ones_go_with_their_process() {
        let folder = tempfile::tempdir().expect("a directory");
        let user = user(folder.path());
        let place = Place::at(folder.path().to_owned(), user);
        let place = place.ok().flatten().expect("it is ours");
        let own = std::process::id();
        // No process has so large a number.
        let gone = u32::MAX;
        for name in [socket_name(own, 1), socket_name(gone, 2)] {
            fs::write(place.entry(&name), "").expect("it is made");
        }
        for name in ["x-1.socket", "1-x.socket", "1.socket", "1-1"] {
            fs::write(place.entry(name), "").expect("it is made");
        }
        let sockets = || place.sockets().expect("it is read");
        let both = [(own, socket_name(own, 1)), (gone, socket_name(gone, 2))];
        assert_eq!(sockets(), both);
        for (process, name) in both {
            place.remove_stale(process, &name);
        }
        assert_eq!(sockets(), [(own, socket_name(own, 1))]);
    }
}
