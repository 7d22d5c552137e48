//! Files: read once, and the same for every node from then on.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::boundary::calls::Wake;
use crate::edge::{Space, file};

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Files {
    registry: Option<PathBuf>,
    /// What a trace holds: read from there instead of from the machine.
    recorded: BTreeMap<(String, String), Wake>,
    known: BTreeMap<(&'static str, String), Wake>,
}

impl Files {
    /// The files of this machine, unless `recorded` has them: by space and path.
    pub(super) fn new(
        registry: Option<PathBuf>,
        recorded: BTreeMap<(String, String), Wake>,
    ) -> Files {
        Files {
            registry,
            recorded,
            known: BTreeMap::new(),
        }
    }

    /// What is in a file, and whether it was read for the first time.
    pub(super) fn read(&mut self, space: Space, path: &str) -> (Wake, bool) {
        let key = (space.name(), path.to_owned());
        if let Some(wake) = self.known.get(&key) {
            return (wake.clone(), false);
        }
        let recorded = (space.name().to_owned(), path.to_owned());
        let wake = match self.recorded.get(&recorded) {
            Some(wake) => wake.clone(),
            None => file::read(space, path, self.registry.as_deref()),
        };
        self.known.insert(key, wake.clone());
        (wake, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_changes_is_the_same_for_the_whole_run() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a");
        std::fs::write(&path, "first").unwrap();
        let mut files = Files::new(None, BTreeMap::new());
        let path_text = path.to_str().unwrap();
        let first = Wake::File(b"first".to_vec());
        assert_eq!(files.read(Space::Files, path_text), (first.clone(), true));
        std::fs::write(&path, "second").unwrap();
        assert_eq!(files.read(Space::Files, path_text), (first, false));
    }

    #[test]
    fn what_a_trace_holds_is_read_from_there() {
        let key = ("registry".to_owned(), "note".to_owned());
        let recorded = [(key, Wake::File(b"recorded".to_vec()))].into();
        let mut files = Files::new(None, recorded);
        let (wake, _) = files.read(Space::Registry, "note");
        assert_eq!(wake, Wake::File(b"recorded".to_vec()));
        assert_eq!(files.read(Space::Registry, "other").0, Wake::Missing);
    }
}
