//! The key with which answers are signed that nothing else could confirm.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{FactsError, random};
use crate::directories::configuration;

/// Fewest and most bytes of a key file.
const LENGTHS: std::ops::RangeInclusive<usize> = 32..=4096;

/// Rights that nobody may have but the owner, and to read, the owner's group.
const FORBIDDEN: u32 = 0o027;

/// A key for HMAC-SHA-256: who has it may say what holds.
#[derive(Clone)]
pub struct FactsKey(Hmac<Sha256>);

impl FactsKey {
    /// The key of these bytes, which should be random.
    ///
    /// # Panics
    ///
    /// There are fewer than 32 of them.
    pub fn from_bytes(bytes: &[u8]) -> FactsKey {
        assert!(
            bytes.len() >= *LENGTHS.start(),
            "a key has 32 bytes or more"
        );
        let keyed = Hmac::new_from_slice(bytes);
        FactsKey(keyed.expect("because any length will do"))
    }

    /// The key in a file: all of its bytes, 32 to 4096.
    ///
    /// # Errors
    ///
    /// It cannot be read or has another length; or everybody may read it, or others than its owner
    /// write it.
    pub fn read(path: &Path) -> Result<FactsKey, FactsError> {
        let wrong = |reason: &str| FactsError::Key {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        let io = |error: io::Error| wrong(&error.to_string());
        // Looked at before it is opened, since to open a pipe would wait.
        if !fs::metadata(path).map_err(io)?.is_file() {
            return Err(wrong("it is no file"));
        }
        let file = File::open(path).map_err(io)?;
        if file.metadata().map_err(io)?.mode() & FORBIDDEN != 0 {
            return Err(wrong(
                "others may read or change it; `chmod 600` it, or make a new one if they may have \
                 read it",
            ));
        }
        let mut bytes = Vec::new();
        let most = *LENGTHS.end() as u64 + 1;
        file.take(most).read_to_end(&mut bytes).map_err(io)?;
        match LENGTHS.contains(&bytes.len()) {
            true => Ok(FactsKey::from_bytes(&bytes)),
            false => Err(wrong("it does not have 32 to 4096 bytes")),
        }
    }

    /// Where this user's key is: `$XDG_CONFIG_HOME/liveobj/facts.key`, or the same below
    /// `~/.config`. `None` without a home.
    pub fn user_file() -> Option<PathBuf> {
        Some(configuration()?.join("facts.key"))
    }

    /// The key in a file, which is made, with random bytes and for its owner alone, if it is not
    /// there.
    ///
    /// # Errors
    ///
    /// As [`FactsKey::read`], or it cannot be made.
    pub fn read_or_make(path: &Path) -> Result<FactsKey, FactsError> {
        if let Err(error) = fs::symlink_metadata(path)
            && error.kind() == ErrorKind::NotFound
        {
            make(path).map_err(|error| FactsError::Key {
                path: path.to_owned(),
                reason: format!("it cannot be made: {error}"),
            })?;
        }
        FactsKey::read(path)
    }

    /// The code of a message.
    pub(super) fn mac(&self, message: &[u8]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        mac.update(message);
        mac
    }
}

impl fmt::Debug for FactsKey {
    /// Tells nothing of it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FactsKey(…)")
    }
}

/// Makes a key file, unless another process makes it first: whoever reads it reads all of it.
fn make(path: &Path) -> io::Result<()> {
    let directory = path.parent().ok_or(ErrorKind::InvalidInput)?;
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)?;
    let bytes: [u8; 32] = random()?;
    let draft = directory.join(format!(".facts.key.{:016x}", u64::from_le_bytes(random()?)));
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&draft)
        .and_then(|mut file| {
            file.write_all(&bytes)?;
            file.sync_all()?;
            match fs::hard_link(&draft, path) {
                Err(error) if error.kind() != ErrorKind::AlreadyExists => Err(error),
                _ => Ok(()),
            }
        });
    let removed = fs::remove_file(&draft);
    written.and(removed)
}
