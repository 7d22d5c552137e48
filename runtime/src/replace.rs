//! Files that are there whole or not at all.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Puts `parts`, one after the other, into the file `name` of a directory, in place of an older one.
/// Whatever happens meanwhile, the file is the older one or the new one; once this returns, a power
/// failure does not take it away. The caller keeps others from writing into the directory.
pub(crate) fn replace(
    directory: &Path,
    name: &str,
    parts: &[&[u8]],
    mode: u32,
) -> Result<(), io::Error> {
    let temporary = directory.join("new");
    // What an interrupted process left behind.
    if let Err(error) = fs::remove_file(&temporary)
        && error.kind() != ErrorKind::NotFound
    {
        return Err(error);
    }
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&temporary)?;
    for part in parts {
        file.write_all(part)?;
    }
    file.set_permissions(Permissions::from_mode(mode))?;
    file.sync_all()?;
    fs::rename(&temporary, directory.join(name))?;
    File::open(directory)?.sync_all()
}
