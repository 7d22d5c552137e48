//! Files, and the entries of the user's registry.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::Space;
use crate::boundary::calls::Wake;

/// Largest file that is read.
const LIMIT: u64 = 64 << 20;

/// Reads a whole file.
pub(crate) fn read(space: Space, path: &str, registry: Option<&Path>) -> Wake {
    let path = match (space, registry) {
        (Space::Files, _) => PathBuf::from(path),
        (Space::Registry, None) => return Wake::Missing,
        (Space::Registry, Some(directory)) => match entry(directory, path) {
            Some(path) => path,
            None => return Wake::Missing,
        },
    };
    match read_limited(&path) {
        Ok(Some(bytes)) => Wake::File(bytes),
        Ok(None) => Wake::Failed(format!("`{}` is larger than 64 MiB", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => Wake::Missing,
        Err(error) => Wake::Failed(format!("cannot read `{}`: {error}", path.display())),
    }
}

fn read_limited(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LIMIT + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= LIMIT).then_some(bytes))
}

/// The file of a registry entry; none for a name that would lead elsewhere.
fn entry(directory: &Path, name: &str) -> Option<PathBuf> {
    let plain = !name.is_empty()
        && !name.starts_with('.')
        && !name.contains(['/', '\\', '\0'])
        && name.len() <= 200;
    plain.then(|| directory.join(format!("{name}.liveobject")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_name_does_not_lead_out_of_the_directory() {
        let directory = Path::new("/registry");
        assert_eq!(
            entry(directory, "note"),
            Some(PathBuf::from("/registry/note.liveobject"))
        );
        for name in ["", "..", "../note", "a/b", ".hidden", "nul\0"] {
            assert_eq!(entry(directory, name), None, "{name:?}");
        }
    }

    #[test]
    fn an_entry_of_a_missing_registry_is_missing() {
        assert_eq!(read(Space::Registry, "note", None), Wake::Missing);
    }
}
