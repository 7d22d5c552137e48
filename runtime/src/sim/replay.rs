//! Traces in files, and running them again.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use liveobj_references::CheckedReference;
use liveobj_types::{Diagnostic, Source};
use serde::{Deserialize, Serialize};

use super::compare::{Collected, Difference};
use super::options::{Options, nanoseconds};
use super::simulation::{Simulation, SimulationError};
use super::summary::Summary;
use super::world::{Observer, World};
use crate::boundary::calls::Wake;
use crate::edge::Space;
use crate::open;
use crate::runtime::{Core, LEAVE_WITHIN, Runtime, RuntimeBuilder};

/// Version of the format of traces.
const VERSION: u32 = 2;
/// Version of this library: another one may behave differently.
const LIVEOBJ: &str = env!("CARGO_PKG_VERSION");

/// Files that a trace holds: by space and path.
pub(super) type Recorded = BTreeMap<(String, String), Wake>;

/// The first line of a trace: all that the rest follows from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Header {
    /// Version of the format.
    #[serde(rename = "liveobj_trace")]
    trace: u32,
    /// Version of liveobj.
    liveobj: String,
    /// What the document is called in messages.
    name: String,
    /// Identity of the reference.
    identity: String,
    /// How the runtime is built.
    settings: Settings,
    /// The libraries that the document names.
    libraries: Vec<UsedLibrary>,
    options: Options,
    /// The document itself.
    document: String,
}

/// How a runtime is built, as far as objects notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Settings {
    /// Whether what could not be shown is accepted.
    allow_unknown: bool,
    /// Whether what objects emit is checked first.
    check_payloads: bool,
    /// How long a folder's answer is waited for.
    #[serde(with = "nanoseconds")]
    folder_deadline: Duration,
    /// How long a folder stays open.
    #[serde(with = "nanoseconds")]
    keep_folders: Duration,
    /// How long what ends may take; traces of earlier versions do not say.
    #[serde(with = "nanoseconds", default = "leave_within")]
    leave_within: Duration,
}

fn leave_within() -> Duration {
    LEAVE_WITHIN
}

/// A library that a document names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct UsedLibrary {
    name: String,
    /// Hash of its file; none for what is linked in.
    sha256: Option<String>,
}

impl Settings {
    /// How a runtime was built.
    fn of(core: &Core) -> Settings {
        Settings {
            allow_unknown: core.policy.allow_unknown,
            check_payloads: core.check_payloads,
            folder_deadline: core.folder_deadline,
            keep_folders: core.folders_kept,
            leave_within: core.leave_within,
        }
    }
}

impl UsedLibrary {
    /// Those that a reference names.
    fn all(core: &Core, reference: &CheckedReference) -> Vec<UsedLibrary> {
        let libraries = open::libraries(&core.catalog, reference.root()).into_iter();
        libraries
            .map(|(name, sha256)| UsedLibrary { name, sha256 })
            .collect()
    }
}

/// Identity of a reference, in hexadecimal.
fn identity(reference: &CheckedReference) -> String {
    let identity = reference.identity();
    identity.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The first line of a trace of an object that was really opened, so many nanoseconds after 1970
/// began. What follows does not follow from it: it cannot be run again.
pub(crate) fn open_header(core: &Core, reference: &CheckedReference, started: u128) -> String {
    #[derive(Serialize)]
    struct Opened {
        started: u128,
    }
    #[derive(Serialize)]
    struct OpenHeader<'a> {
        liveobj_trace: u32,
        liveobj: &'a str,
        name: &'a str,
        identity: String,
        settings: Settings,
        libraries: Vec<UsedLibrary>,
        open: Opened,
        document: &'a str,
    }
    let header = OpenHeader {
        liveobj_trace: VERSION,
        liveobj: LIVEOBJ,
        name: &reference.source().name,
        identity: identity(reference),
        settings: Settings::of(core),
        libraries: UsedLibrary::all(core, reference),
        open: Opened { started },
        document: &reference.source().text,
    };
    serde_json::to_string(&header).expect("because it has no maps")
}

impl Header {
    /// That of a simulation.
    pub(super) fn new(
        runtime: &Runtime,
        reference: &CheckedReference,
        options: &Options,
    ) -> Header {
        let core = runtime.core();
        Header {
            trace: VERSION,
            liveobj: LIVEOBJ.to_owned(),
            name: reference.source().name.clone(),
            identity: identity(reference),
            settings: Settings::of(core),
            libraries: UsedLibrary::all(core, reference),
            options: options.clone(),
            document: reference.source().text.clone(),
        }
    }

    pub(super) fn line(&self) -> String {
        serde_json::to_string(self).expect("because it has no maps")
    }
}

/// A trace in a file.
#[derive(Clone, Debug)]
pub struct Trace {
    path: PathBuf,
    header: Header,
}

/// Why a trace cannot be run again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// The file cannot be read.
    #[error("cannot read `{}`: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// It does not begin as a trace does.
    #[error("`{}` is not a trace: {reason}", path.display())]
    NotATrace {
        /// The file.
        path: PathBuf,
        /// What is wrong with its first line.
        reason: String,
    },
    /// It is of another version.
    #[error("`{}` is a trace of version {version}, and this is for version {VERSION}; `liveobj sim --trace` writes it again", path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// It is of an object that was really opened.
    #[error(
        "`{}` is a trace of `open`: what came from outside does not follow from it; only one that \
         `liveobj sim --trace` writes can be run again",
        path.display()
    )]
    Opened {
        /// The file.
        path: PathBuf,
    },
    /// The document in it is refused today.
    #[error("the document of the trace is refused: {}", diagnostics.first().map_or("no finding", |it| &it.message))]
    Refused {
        /// Every finding.
        diagnostics: Vec<Diagnostic>,
    },
    /// The simulation cannot be started, or does not go on.
    #[error(transparent)]
    Simulation(#[from] SimulationError),
}

/// What the first lines of all traces have.
#[derive(Deserialize)]
pub(crate) struct Beginning {
    liveobj_trace: u32,
    /// What messages call the document.
    #[serde(default)]
    pub(crate) name: String,
    /// Where the object was really opened.
    #[serde(default)]
    pub(crate) open: Option<OpenedAt>,
}

/// When an object was opened.
#[derive(Deserialize)]
pub(crate) struct OpenedAt {
    /// Nanoseconds after 1970 began, as the clock of the node says.
    pub(crate) started: u64,
}

impl Beginning {
    /// Of a trace of this version, with the whole first line.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or does not begin as a trace of this version does.
    pub(crate) fn read(path: &Path) -> Result<(Beginning, String), ReplayError> {
        let not_a_trace = |reason: String| ReplayError::NotATrace {
            path: path.to_owned(),
            reason,
        };
        let mut lines = read(path)?;
        let first = lines
            .next()
            .ok_or_else(|| not_a_trace("it is empty".to_owned()))?
            .map_err(|error| read_error(path, error))?;
        let beginning: Beginning =
            serde_json::from_str(&first).map_err(|error| not_a_trace(error.to_string()))?;
        match beginning.liveobj_trace == VERSION {
            true => Ok((beginning, first)),
            false => Err(ReplayError::Version {
                path: path.to_owned(),
                version: beginning.liveobj_trace,
            }),
        }
    }
}

impl Trace {
    /// Reads the first line of a trace.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or does not begin as a trace of this version does.
    pub fn open(path: &Path) -> Result<Trace, ReplayError> {
        let (beginning, first) = Beginning::read(path)?;
        if beginning.open.is_some() {
            return Err(ReplayError::Opened {
                path: path.to_owned(),
            });
        }
        let header = serde_json::from_str(&first).map_err(|error| ReplayError::NotATrace {
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
        Ok(Trace {
            path: path.to_owned(),
            header,
        })
    }

    /// The document that was simulated.
    pub fn document(&self) -> Arc<Source> {
        Source::new(self.header.name.as_str(), self.header.document.as_str())
    }

    /// What the simulation followed from.
    pub fn options(&self) -> &Options {
        &self.header.options
    }

    /// Sets a runtime up as the one of the simulation was, as far as objects notice.
    pub fn configure(&self, builder: RuntimeBuilder) -> RuntimeBuilder {
        let settings = &self.header.settings;
        builder
            .allow_unknown(settings.allow_unknown)
            .check_payloads(settings.check_payloads)
            .folder_deadline(settings.folder_deadline)
            .keep_folders(settings.keep_folders)
            .leave_within(settings.leave_within)
    }

    /// Files that the simulation read.
    fn recorded(&self) -> Result<Recorded, ReplayError> {
        let mut recorded = Recorded::new();
        for line in read(&self.path)? {
            let line = line.map_err(|error| read_error(&self.path, error))?;
            if line.contains(r#""kind":"file""#)
                && let Ok(file) = serde_json::from_str::<FileLine>(&line)
                && let Some((key, wake)) = file.read()
            {
                recorded.insert(key, wake);
            }
        }
        Ok(recorded)
    }
}

fn read(path: &Path) -> Result<Lines<BufReader<File>>, ReplayError> {
    let file = File::open(path).map_err(|error| read_error(path, error))?;
    Ok(BufReader::new(file).lines())
}

fn read_error(path: &Path, error: io::Error) -> ReplayError {
    ReplayError::Read {
        path: path.to_owned(),
        error,
    }
}

/// A file as a trace holds it.
#[derive(Deserialize)]
struct FileLine {
    kind: String,
    space: String,
    file: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    hexadecimal: Option<String>,
    #[serde(default)]
    failed: Option<String>,
}

impl FileLine {
    fn read(self) -> Option<((String, String), Wake)> {
        if self.kind != "file" {
            return None;
        }
        let wake = match (self.text, self.hexadecimal, self.failed) {
            (Some(text), ..) => Wake::File(text.into_bytes()),
            (_, Some(digits), _) => Wake::File(from_hexadecimal(&digits)?),
            (.., Some(reason)) => Wake::Failed(reason),
            _ => Wake::Missing,
        };
        Some(((self.space, self.file), wake))
    }
}

/// Bytes taken for a line of a trace: what is its first line is written as one that says the same.
///
/// # Panics
///
/// It is not so.
#[cfg(feature = "hostile")]
pub fn hostile(bytes: &[u8]) {
    let Ok(line) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(header) = serde_json::from_str::<Header>(line) {
        let again = serde_json::from_str(&header.line());
        assert_eq!(again.ok(), Some(header));
    }
    if let Ok(file) = serde_json::from_str::<FileLine>(line) {
        file.read();
    }
}

fn from_hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let bytes = digits.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    bytes.collect()
}

/// Writes what was read from a file into the trace.
pub(super) fn trace_file(world: &World, space: Space, path: &str, read: &Wake) {
    world.trace(0, |line| {
        line.text("kind", "file")
            .text("space", space.name())
            .text("file", path);
        match read {
            Wake::File(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => {
                    line.text("text", text);
                }
                Err(_) => {
                    let digits = bytes.iter().map(|byte| format!("{byte:02x}"));
                    line.text("hexadecimal", &digits.collect::<String>());
                }
            },
            Wake::Failed(reason) => {
                line.text("failed", reason);
            }
            _ => {}
        }
    });
}

/// A trace that is run again, and compared line by line with what is in the file.
pub struct Replay {
    simulation: Option<Simulation>,
    lines: Collected,
    path: PathBuf,
    recorded: Lines<BufReader<File>>,
    compared: u64,
    changed: Vec<String>,
}

impl Replay {
    /// Prepares to run a trace again; the files that it holds are not read again.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or the simulation cannot be started.
    pub fn new(
        runtime: &Runtime,
        trace: &Trace,
        observer: impl Observer + 'static,
    ) -> Result<Replay, ReplayError> {
        let checked = runtime.check(&trace.document());
        let Some(reference) = checked.reference else {
            let diagnostics = checked.diagnostics;
            return Err(ReplayError::Refused { diagnostics });
        };
        let (observer, lines) = Collected::beside(observer);
        let options = &trace.header.options;
        let files = trace.recorded()?;
        let simulation = Simulation::recorded(runtime, &reference, options, observer, files)?;
        let now = Header::new(runtime, &reference, options);
        let mut recorded = read(&trace.path)?;
        // The headers are compared by what they say.
        recorded.next();
        lines.take();
        Ok(Replay {
            simulation: Some(simulation),
            lines,
            path: trace.path.clone(),
            recorded,
            compared: 1,
            changed: changes(&trace.header, &now),
        })
    }

    /// What is not as it was when the trace was written: versions, libraries. Each is a sentence
    /// without its period.
    pub fn changed(&self) -> &[String] {
        &self.changed
    }

    /// Lines that agree so far, with the first one.
    pub fn compared(&self) -> u64 {
        self.compared
    }

    /// The simulation; none after the last step.
    pub fn simulation(&self) -> Option<&Simulation> {
        self.simulation.as_ref()
    }

    /// Lets the next thing happen, and compares.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or the simulation does not go on.
    pub fn step(&mut self) -> Result<Replayed, ReplayError> {
        let Some(simulation) = &mut self.simulation else {
            return Ok(Replayed::Agrees(None));
        };
        let more = simulation.step()?;
        let summary = if more {
            None
        } else {
            self.simulation.take().map(Simulation::finish)
        };
        let mut lines: VecDeque<String> = self.lines.take();
        while let Some(now) = lines.pop_front() {
            let before = self.recorded.next().transpose();
            let before = before.map_err(|error| read_error(&self.path, error))?;
            self.compared += 1;
            if before.as_ref() != Some(&now) {
                return Ok(Replayed::Differs(Difference {
                    line: self.compared,
                    first: before,
                    second: Some(now),
                }));
            }
        }
        let Some(summary) = summary else {
            return Ok(Replayed::GoesOn);
        };
        let left = self.recorded.next().transpose();
        match left.map_err(|error| read_error(&self.path, error))? {
            Some(left) => Ok(Replayed::Differs(Difference {
                line: self.compared + 1,
                first: Some(left),
                second: None,
            })),
            None => Ok(Replayed::Agrees(Some(Box::new(summary)))),
        }
    }
}

/// How far a replay has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Replayed {
    /// There is more to do.
    GoesOn,
    /// It is over, and all lines agree. What came of it, at the first answer.
    Agrees(Option<Box<Summary>>),
    /// The first line that differs: in the file, and now.
    Differs(Difference),
}

impl fmt::Debug for Replay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Replay")
            .field("path", &self.path)
            .field("compared", &self.compared)
            .finish_non_exhaustive()
    }
}

/// What differs between two headers, in words.
fn changes(before: &Header, now: &Header) -> Vec<String> {
    let mut changes = Vec::new();
    if before.liveobj != now.liveobj {
        changes.push(format!(
            "the trace was written by liveobj {}, and this is {}",
            before.liveobj, now.liveobj
        ));
    }
    if before.identity != now.identity {
        changes.push(format!(
            "the identity of the reference was {}, and is {}",
            before.identity, now.identity
        ));
    }
    if before.settings != now.settings {
        changes.push("the runtime is set up otherwise than the one of the trace".to_owned());
    }
    for library in &before.libraries {
        let found = now.libraries.iter().find(|it| it.name == library.name);
        if found.is_none_or(|found| found.sha256 != library.sha256) {
            let hash = |sha256: Option<&String>| {
                sha256.map_or("linked in".to_owned(), |digits| format!("sha256 {digits}"))
            };
            changes.push(match found {
                Some(found) => format!(
                    "library `{}` has changed: it was {}, and is {}",
                    library.name,
                    hash(library.sha256.as_ref()),
                    hash(found.sha256.as_ref())
                ),
                None => format!("library `{}` is not used any more", library.name),
            });
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_that_has_changed_is_named_with_both_hashes() {
        let header = |sha256: &str| Header {
            trace: VERSION,
            liveobj: "0.1.0".to_owned(),
            name: "a".to_owned(),
            identity: "00".to_owned(),
            settings: Settings {
                allow_unknown: false,
                check_payloads: false,
                folder_deadline: Duration::from_secs(10),
                keep_folders: Duration::from_secs(30),
                leave_within: LEAVE_WITHIN,
            },
            libraries: vec![UsedLibrary {
                name: "liveobj:channels".to_owned(),
                sha256: Some(sha256.to_owned()),
            }],
            options: Options::default(),
            document: String::new(),
        };
        let expected = "library `liveobj:channels` has changed: it was sha256 aa, and is sha256 bb";
        assert_eq!(changes(&header("aa"), &header("bb")), [expected]);
        assert_eq!(changes(&header("aa"), &header("aa")), [""; 0]);
    }

    #[test]
    fn a_file_that_a_trace_holds_is_read_back() {
        let read = |line: &str| {
            let line: FileLine = serde_json::from_str(line).expect("a line");
            line.read().expect("a file").1
        };
        let line = r#"{"kind":"file","space":"files","file":"a","text":"hello"}"#;
        assert_eq!(read(line), Wake::File(b"hello".to_vec()));
        let line = r#"{"kind":"file","space":"files","file":"a","hexadecimal":"ff00"}"#;
        assert_eq!(read(line), Wake::File(vec![255, 0]));
        let line = r#"{"kind":"file","space":"files","file":"a"}"#;
        assert_eq!(read(line), Wake::Missing);
    }
}
