//! Answers of formalisms, kept on disk (docs/facts.md).
//!
//! A directory has up to 256 others, each with files that are named after the question that they
//! answer. A file is written beside and renamed, so that whoever reads it reads all of it or none;
//! what a power failure leaves of it is told by its last bytes. Nothing in the directory is trusted.

mod entry;
mod key;
#[cfg(test)]
mod tests;

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use liveobj_types::facts::{Fact, Facts, Question};
use liveobj_types::verdict::Verdict;

pub use self::key::FactsKey;
use crate::directories::absolute;
use crate::loading::writable_by_all;

/// Most files in each of the 256 directories; the oldest goes first.
const MOST_ALIKE: usize = 32;

/// Why facts are not used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FactsError {
    /// The directory cannot be read or written, or is none.
    #[error("cannot use `{}` for facts: {reason}", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Everybody may put files into it, or another directory in its place.
    #[error(
        "`{}` is not used for facts: `{}` can be written by everybody; `chmod o-w` it or use \
         another directory",
        path.display(), writable.display()
    )]
    WorldWritable {
        /// The directory.
        path: PathBuf,
        /// The directory itself, or the one above it that is at fault.
        writable: PathBuf,
    },
    /// A key cannot be used.
    #[error("cannot use the key `{}`: {reason}", path.display())]
    Key {
        /// Its file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// Answers of formalisms in a directory. Several processes may use it at once. Without a key only
/// refutations are kept and found.
#[derive(Debug)]
pub struct FactsCache {
    directory: PathBuf,
    signs: Signs,
    /// Nothing more is written: there is no room, or no right to.
    full: AtomicBool,
    doubted: Mutex<Doubted>,
}

/// Who signs what holds.
#[derive(Debug)]
enum Signs {
    Nobody,
    Key(FactsKey),
    /// The key in this file, which is made when it is first needed.
    File(PathBuf, OnceLock<Result<FactsKey, FactsError>>),
}

/// Entries that were not believed.
#[derive(Debug, Default)]
struct Doubted {
    count: usize,
    /// The first one, and why.
    first: Option<(PathBuf, &'static str)>,
}

/// What is in a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FactsContents {
    /// Size of all of it, in bytes.
    pub bytes: u64,
    /// Answers `holds` that were signed with the key.
    pub signed: usize,
    /// Answers `holds` that were signed with another key, or there is no key: they are not used.
    pub unsigned: usize,
    /// Answers `fails`: the witness is replayed when one is used.
    pub refutations: usize,
    /// What is no entry, or a damaged one, and why; sorted.
    pub damaged: Vec<(PathBuf, &'static str)>,
}

impl FactsContents {
    /// How many answers there are.
    pub fn entries(&self) -> usize {
        self.signed + self.unsigned + self.refutations
    }
}

impl FactsCache {
    /// The facts in `directory`, which is made when the first one is kept.
    ///
    /// # Errors
    ///
    /// It is no directory, or everybody may change it.
    pub fn open(directory: &Path) -> Result<FactsCache, FactsError> {
        let failed = |reason: String| FactsError::Directory {
            path: directory.to_owned(),
            reason,
        };
        let io = |error: io::Error| failed(error.to_string());
        let whole = std::path::absolute(directory).map_err(io)?;
        let there = whole.ancestors().find(|above| above.exists());
        let there = there.ok_or_else(|| failed("nothing above it is there".to_owned()))?;
        let rest = whole.strip_prefix(there).expect("because it is above");
        let mut real = fs::canonicalize(there).map_err(io)?;
        if !real.is_dir() {
            return Err(io(ErrorKind::NotADirectory.into()));
        }
        if rest != Path::new("") {
            real.push(rest);
        }
        if let Some(writable) = writable_by_all(&real).map_err(io)? {
            return Err(FactsError::WorldWritable {
                path: real,
                writable,
            });
        }
        Ok(FactsCache {
            directory: real,
            signs: Signs::Nobody,
            full: AtomicBool::new(false),
            doubted: Mutex::default(),
        })
    }

    /// Signs what holds with this key, and believes what was signed with it.
    #[must_use]
    pub fn key(mut self, key: FactsKey) -> FactsCache {
        self.signs = Signs::Key(key);
        self
    }

    /// The same with the key in a file, which is read, or made, when it is first needed. Where it
    /// cannot be used, [`FactsCache::warnings`] says so, and nothing is signed.
    #[must_use]
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> FactsCache {
        self.signs = Signs::File(path.into(), OnceLock::new());
        self
    }

    /// Where this user's facts are: `$XDG_CACHE_HOME/liveobj/facts`, or the same below `~/.cache`.
    /// `None` without a home.
    pub fn user_directory() -> Option<PathBuf> {
        let cache =
            absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")))?;
        Some(cache.join("liveobj/facts"))
    }

    /// The directory, without symbolic links.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// What should be told of what was used so far: a key that cannot be used, entries that were not
    /// believed. Each at most once, as sentences without a period.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if let Signs::File(_, read) = &self.signs
            && let Some(Err(error)) = read.get()
        {
            warnings.push(format!("{error}; facts that hold are not kept"));
        }
        let doubted = self.doubted();
        if let Some((path, why)) = &doubted.first {
            let path = path.display();
            warnings.push(match doubted.count {
                1 => format!("the fact `{path}` was not believed: {why}"),
                count => format!("{count} facts were not believed, the first one `{path}`: {why}"),
            });
        }
        warnings
    }

    /// Reads all that is there. No key is made for that.
    ///
    /// # Errors
    ///
    /// The directory cannot be read. One that is not there is empty.
    pub fn contents(&self) -> Result<FactsContents, FactsError> {
        let key = match &self.signs {
            Signs::File(path, _) if !path.exists() => None,
            _ => self.signing_key(),
        };
        let mut contents = FactsContents::default();
        for path in self.files()? {
            let bytes = match read(&path) {
                Ok(Some(bytes)) => bytes,
                Ok(None) => continue,
                Err(why) => {
                    contents.damaged.push((path, why));
                    continue;
                }
            };
            contents.bytes += bytes.len() as u64;
            match entry::read(&bytes, key) {
                Ok(entry) if path != self.path(&entry.question) => {
                    contents.damaged.push((path, OTHER_QUESTION));
                }
                Ok(entry) => match (&entry.fact.verdict, entry.fact.signed) {
                    (Verdict::Holds, true) => contents.signed += 1,
                    (Verdict::Holds, false) => contents.unsigned += 1,
                    _ => contents.refutations += 1,
                },
                Err(why) => contents.damaged.push((path, why)),
            }
        }
        Ok(contents)
    }

    /// Removes all facts, and what was left of such; nothing else. How many files that were.
    ///
    /// # Errors
    ///
    /// The directory cannot be read, or something cannot be removed.
    pub fn clear(&self) -> Result<usize, FactsError> {
        let files = self.files()?;
        for path in &files {
            let removed = match fs::symlink_metadata(path) {
                Ok(it) if it.is_dir() => fs::remove_dir(path),
                _ => fs::remove_file(path),
            };
            if let Err(error) = removed
                && error.kind() != ErrorKind::NotFound
            {
                return Err(FactsError::Directory {
                    path: path.clone(),
                    reason: error.to_string(),
                });
            }
        }
        Ok(files.len())
    }

    /// What has the name of a fact, or of one that was not completed; sorted.
    fn files(&self) -> Result<Vec<PathBuf>, FactsError> {
        let mut files = Vec::new();
        for number in 0..=u8::MAX {
            let directory = self.directory.join(format!("{number:02x}"));
            if !is_directory(&directory) {
                continue;
            }
            let listed = list(&directory).map_err(|error| FactsError::Directory {
                path: directory.clone(),
                reason: error.to_string(),
            })?;
            files.extend(listed);
        }
        files.sort();
        Ok(files)
    }

    fn path(&self, question: &Question) -> PathBuf {
        let digits = question.hexadecimal();
        let (alike, name) = digits.split_at(2);
        self.directory.join(alike).join(name)
    }

    fn signing_key(&self) -> Option<&FactsKey> {
        match &self.signs {
            Signs::Nobody => None,
            Signs::Key(key) => Some(key),
            Signs::File(path, read) => {
                let read = read.get_or_init(|| FactsKey::read_or_make(path));
                read.as_ref().ok()
            }
        }
    }

    fn doubted(&self) -> std::sync::MutexGuard<'_, Doubted> {
        self.doubted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn doubt_file(&self, path: PathBuf, why: &'static str) {
        let mut doubted = self.doubted();
        doubted.count += 1;
        doubted.first.get_or_insert((path, why));
    }

    /// Puts a file there. What it did not complete, it removes.
    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let directory = path.parent().ok_or(ErrorKind::InvalidInput)?;
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        if !is_directory(directory) {
            return Err(ErrorKind::NotADirectory.into());
        }
        make_room(directory)?;
        let draft = directory.join(format!("{DRAFT}{:016x}", u64::from_le_bytes(random()?)));
        let written = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&draft)
            .and_then(|mut file| file.write_all(bytes));
        let put = written.and_then(|()| match fs::rename(&draft, path) {
            // Something else has its name, which says nothing of others.
            Err(error) if error.kind() == ErrorKind::IsADirectory => {
                let _ = fs::remove_file(&draft);
                Ok(())
            }
            renamed => renamed,
        });
        if put.is_err() {
            let _ = fs::remove_file(&draft);
        }
        put
    }
}

impl Facts for FactsCache {
    fn find(&self, question: &Question) -> Option<Fact> {
        let path = self.path(question);
        let bytes = match read(&path) {
            Ok(bytes) => bytes?,
            Err(why) => {
                self.doubt_file(path, why);
                return None;
            }
        };
        // Whoever has no key does not wonder that there are answers which need one.
        let holds = matches!(entry::read(&bytes, None), Ok(entry) if entry.fact.verdict.holds());
        let key = holds.then(|| self.signing_key()).flatten();
        match entry::read(&bytes, key) {
            Ok(entry) if entry.question != *question => self.doubt_file(path, OTHER_QUESTION),
            Ok(_) if holds && key.is_none() => {}
            Ok(entry) => return Some(entry.fact),
            Err(why) => self.doubt_file(path, why),
        }
        None
    }

    fn keep(&self, question: &Question, verdict: &Verdict) {
        if self.full.load(Ordering::Relaxed) {
            return;
        }
        let key = verdict.holds().then(|| self.signing_key()).flatten();
        if let Some(bytes) = entry::write(question, verdict, key)
            && self.put(&self.path(question), &bytes).is_err()
        {
            self.full.store(true, Ordering::Relaxed);
        }
    }

    fn doubt(&self, question: &Question, why: &'static str) {
        self.doubt_file(self.path(question), why);
    }
}

const OTHER_QUESTION: &str = "it answers another question";

/// How the names of files begin that are not complete.
const DRAFT: &str = "new-";

/// Random bytes that nobody can guess.
fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| io::Error::other(error.to_string()))?;
    Ok(bytes)
}

/// Whether it is a directory and no link to one.
fn is_directory(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|it| it.is_dir())
}

/// The bytes of a file; none where there is none.
fn read(path: &Path) -> Result<Option<Vec<u8>>, &'static str> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(_) => return Err("it cannot be read"),
        Ok(it) if !it.is_file() => return Err("it is no file"),
        Ok(it) if it.len() > entry::MAX_ENTRY as u64 => return Err("it is too long"),
        Ok(_) => {}
    }
    let mut bytes = Vec::new();
    let most = entry::MAX_ENTRY as u64 + 1;
    match File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes)) {
        Ok(_) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(_) => Err("it cannot be read"),
    }
}

/// What in one of the directories has the name of a fact, or of one that is not complete.
fn list(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for file in fs::read_dir(directory)? {
        let file = file?;
        let name = file.file_name();
        let digit = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let ours = name
            .to_str()
            .is_some_and(|name| match name.strip_prefix(DRAFT) {
                Some(digits) => digits.len() == 16 && digits.bytes().all(digit),
                None => name.len() == 62 && name.bytes().all(digit),
            });
        if ours {
            files.push(file.path());
        }
    }
    Ok(files)
}

/// Removes the oldest files of a directory, until there is room for another one.
fn make_room(directory: &Path) -> io::Result<()> {
    let files = list(directory)?;
    if files.len() < MOST_ALIKE {
        return Ok(());
    }
    let changed = |path: &PathBuf| {
        let changed = fs::symlink_metadata(path).and_then(|it| it.modified());
        changed.unwrap_or(SystemTime::UNIX_EPOCH)
    };
    let mut by_age: Vec<(SystemTime, PathBuf)> = files
        .into_iter()
        .map(|path| (changed(&path), path))
        .collect();
    by_age.sort();
    let too_many = by_age.len() + 1 - MOST_ALIKE;
    for (_, path) in by_age.into_iter().take(too_many) {
        match fs::remove_file(path) {
            // Another process removed it, or it is a directory, which only `clear` removes.
            Ok(()) => {}
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => {
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What must be true of any bytes that lie where an entry is looked for.
#[cfg(feature = "hostile")]
pub fn hostile_entry(bytes: &[u8]) {
    let keys = [1, 2].map(|byte| FactsKey::from_bytes(&[byte; 32]));
    let read = entry::read(bytes, Some(&keys[0]));
    // Who signed it only matters for what holds.
    for key in [None, Some(&keys[1])] {
        match (&read, entry::read(bytes, key)) {
            (Ok(with), Ok(without)) => {
                assert_eq!(with.question, without.question);
                assert_eq!(with.fact.verdict, without.fact.verdict);
                assert!(!without.fact.signed || key.is_some() && !with.fact.signed);
            }
            (with, without) => assert_eq!(with, &without),
        }
    }
    let Ok(entry) = read else {
        return;
    };
    // Each answer has one form, and that of another key is another one.
    let written = keys
        .each_ref()
        .map(|key| entry::write(&entry.question, &entry.fact.verdict, Some(key)));
    let as_written = written.iter().flatten().any(|written| written == bytes);
    match entry.fact.verdict {
        Verdict::Holds => {
            assert_eq!(entry.fact.signed, written[0].as_deref() == Some(bytes));
        }
        _ => assert!(as_written, "it was read, and would be written otherwise"),
    }
}
