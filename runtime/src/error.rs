//! Why an operation did not happen: one enum per operation.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use liveobj_types::Diagnostic;

use crate::loading::DirectoryError;

/// Why a runtime could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// The threads for input and output could not be started.
    #[error("cannot start the input and output thread: {0}")]
    Threads(#[source] std::io::Error),
    /// A directory of libraries is not taken.
    #[error(transparent)]
    Libraries(#[from] DirectoryError),
    /// The file of an ontology cannot be read.
    #[error("cannot read ontology `{}`: {error}", path.display())]
    Ontology {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: std::io::Error,
    },
    /// Ontologies are refused.
    #[error("an ontology is refused: {}", first(diagnostics))]
    Ontologies {
        /// What is wrong with them; not empty.
        diagnostics: Vec<Diagnostic>,
    },
    /// Nobody could reach the address to listen on.
    #[error("`{address}` is no address at which others can reach this node: name one of its own")]
    Listen {
        /// The address.
        address: SocketAddr,
    },
}

/// Why a file could not be checked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckError {
    /// It cannot be read.
    #[error("cannot read `{}`: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: std::io::Error,
    },
    /// It is not UTF-8.
    #[error("`{}` is not UTF-8 text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
}

/// Why an object was not opened. Whatever had been started is gone again.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// Requirements or mandatory endpoints are left over at the root.
    #[error("nothing meets what the root requires: {}", unmet.join("; "))]
    Unmet {
        /// Each of them, in words.
        unmet: Vec<String>,
    },
    /// A library is not at hand, not trusted, or not what it says it is.
    #[error("cannot load library `{library}` for `{object}`: {reason}")]
    Library {
        /// The object that needs it.
        object: String,
        /// The library.
        library: String,
        /// What stands in the way.
        reason: String,
    },
    /// Its library runs threads of its own, and it is opened where none may run.
    #[error(
        "`{object}` cannot be simulated: library `{library}` runs threads of its own, and when \
         those run follows from no seed"
    )]
    Threads {
        /// The object.
        object: String,
        /// The library.
        library: String,
    },
    /// There is no such endpoint to tap.
    #[error("there is no endpoint `{endpoint}` to tap{}", meant(nearest.as_deref()))]
    NoEndpoint {
        /// As it was asked for.
        endpoint: String,
        /// The one that was probably meant.
        nearest: Option<String>,
        /// Those that there are: of the object itself by name, then of its parts as `object.endpoint`.
        endpoints: Vec<String>,
    },
    /// A constructor failed or panicked.
    #[error("`{object}` could not be created: {reason}")]
    Create {
        /// The object.
        object: String,
        /// What it said.
        reason: String,
    },
    /// A connection could not be made.
    #[error("cannot connect `{left}` with `{right}`: {reason}")]
    Connect {
        /// One end, `object.endpoint`.
        left: String,
        /// The other end.
        right: String,
        /// What stands in the way.
        reason: String,
    },
    /// A folder has nothing of this name.
    #[error("folder `{folder}` has nothing named `{name}`")]
    Missing {
        /// The folder.
        folder: String,
        /// The name it was asked for.
        name: String,
    },
    /// A folder did not answer in time.
    #[error("folder `{folder}` stayed silent for {} s when asked for `{name}`", after.as_secs_f64())]
    SilentFolder {
        /// The folder.
        folder: String,
        /// The name it was asked for.
        name: String,
        /// How long the runtime waited.
        after: Duration,
    },
    /// A folder failed before it answered.
    #[error("folder `{folder}` failed when asked for `{name}`: {reason}")]
    FolderFailed {
        /// The folder.
        folder: String,
        /// The name it was asked for.
        name: String,
        /// What happened.
        reason: String,
    },
    /// What a folder answered was refused by the check.
    #[error(
        "what folder `{folder}` has under `{name}` is refused: {}",
        first(diagnostics)
    )]
    Refused {
        /// The folder.
        folder: String,
        /// The name it was asked for.
        name: String,
        /// Every finding.
        diagnostics: Vec<Diagnostic>,
    },
    /// A reference that came in an event was refused by the check.
    #[error("the reference is refused: {}", first(diagnostics))]
    RefusedChild {
        /// Every finding.
        diagnostics: Vec<Diagnostic>,
    },
    /// The reference was checked where other libraries were at hand, and with those of this runtime
    /// it is refused.
    #[error(
        "the reference was checked with other libraries, and is refused with those here: {}",
        first(diagnostics)
    )]
    RefusedHere {
        /// Every finding.
        diagnostics: Vec<Diagnostic>,
    },
    /// External references lead from folder to folder without end.
    #[error("`{name}` leads through more than {limit} external references")]
    TooDeep {
        /// The last name.
        name: String,
        /// The limit.
        limit: usize,
    },
    /// An object failed while the rest was being opened.
    #[error("`{object}` failed: {reason}")]
    Failed {
        /// The object.
        object: String,
        /// What it said.
        reason: String,
    },
    /// The state that was to be resumed cannot be.
    #[error(transparent)]
    State(#[from] StateError),
    /// The deployment is none for this reference.
    #[error(transparent)]
    Deployment(#[from] DeploymentError),
    /// The runtime was shut down, or a thread could not be started.
    #[error("the runtime cannot run it: {0}")]
    Runtime(String),
}

/// Why a deployment cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeploymentError {
    /// The file cannot be read.
    #[error("cannot read deployment `{deployment}`: {reason}")]
    Read {
        /// The file.
        deployment: String,
        /// What the system said.
        reason: String,
    },
    /// It is not in the form.
    #[error("deployment `{deployment}` is not in the form: {reason}")]
    Malformed {
        /// What it is called.
        deployment: String,
        /// What is wrong, and in which line where that can be told.
        reason: String,
    },
    /// It names what is not there.
    #[error(
        "deployment `{deployment}`: domain `{domain}` names `{part}`, and there is no such part{}",
        meant(nearest.as_deref())
    )]
    Unknown {
        /// What it is called.
        deployment: String,
        /// The domain.
        domain: String,
        /// The path that is not there.
        part: String,
        /// The path that was probably meant.
        nearest: Option<String>,
    },
    /// It does not say where parts run.
    #[error(
        "deployment `{deployment}` has no domain for {}: name it in one, or `*` for all the rest",
        list(parts)
    )]
    Unplaced {
        /// What it is called.
        deployment: String,
        /// Paths of the parts.
        parts: Vec<String>,
    },
    /// It puts a queue between two ends that match only without one.
    #[error(
        "deployment `{deployment}` puts `{left}` and `{right}` in two domains, and they match only \
         as long as no queue is between them, since each keeps what it promises only as long as the \
         other does: put both in one domain"
    )]
    Separates {
        /// What it is called.
        deployment: String,
        /// One end.
        left: String,
        /// The other end.
        right: String,
    },
}

fn meant(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!("; did you mean `{name}`?"))
}

fn first(diagnostics: &[Diagnostic]) -> &str {
    diagnostics
        .first()
        .map_or("no finding", |diagnostic| diagnostic.message.as_str())
}

/// Why a directory of states was not used. Nothing in it was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StateError {
    /// Somebody has an object open that uses it.
    #[error(
        "the state directory `{}` is in use by {}: close that first, or use another directory",
        directory.display(),
        holder(*process)
    )]
    InUse {
        /// The directory.
        directory: PathBuf,
        /// The process that has it, where that is known.
        process: Option<u32>,
    },
    /// It cannot be made, or locked.
    #[error("cannot use `{}` as a state directory: {reason}", directory.display())]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file in it cannot be read.
    #[error("cannot read `{}`: {reason}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system said.
        reason: String,
    },
    /// A file in it is not what was written.
    #[error("`{}` is not a saved state: {reason}; {}", file.display(), WAY_OUT)]
    Damaged {
        /// The file.
        file: PathBuf,
        /// How that is known.
        reason: String,
    },
    /// A file in it was written by another version of liveobj.
    #[error(
        "`{}` is a saved state of version {version}, which this liveobj does not read; {}",
        file.display(),
        WAY_OUT
    )]
    Version {
        /// The file.
        file: PathBuf,
        /// Its version.
        version: u32,
    },
    /// A file in it is the state of something else.
    #[error(
        "`{}` is not the state of `{object}`: it was saved of `{path}`, or of another reference; {}",
        file.display(),
        WAY_OUT
    )]
    Foreign {
        /// The file.
        file: PathBuf,
        /// Whose state it should be.
        object: String,
        /// Whose state it is: a path in the reference that was open.
        path: String,
    },
    /// The state is of another type than the object's, and not of a subtype.
    #[error(
        "`{}` is a state of type {found}, and `{object}` takes one of type {expected}: {reason}; {}",
        file.display(),
        WAY_OUT
    )]
    Type {
        /// The file.
        file: PathBuf,
        /// Whose state it is.
        object: String,
        /// The type that was saved.
        found: String,
        /// The type of the object's state now.
        expected: String,
        /// Why the one is not a subtype of the other.
        reason: String,
    },
    /// The object does not take it.
    #[error("`{object}` does not take the state in `{}`: {reason}; {}", file.display(), WAY_OUT)]
    Refused {
        /// The file.
        file: PathBuf,
        /// Whose state it is.
        object: String,
        /// What the object said.
        reason: String,
    },
}

/// What to do about a file.
const WAY_OUT: &str = "to begin without it, move the file away";

fn holder(process: Option<u32>) -> String {
    match process {
        Some(process) if process == std::process::id() => "this process".to_owned(),
        Some(process) => format!("process {process}"),
        None => "another process".to_owned(),
    }
}

/// Why an object's state was not saved.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SaveError {
    /// It was opened without a directory for it.
    #[error("the object was opened without a state directory")]
    NoDirectory,
    /// The object is closed.
    #[error("the object is closed")]
    Closed,
    /// Asked from inside a closure that handles events, where waiting would never end.
    #[error("an object cannot be saved from inside an event closure")]
    InsideHandler,
    /// Files could not be written.
    #[error("the state is not saved: {}", reasons(failures))]
    Write {
        /// Parts whose state is not saved, and why.
        failures: Vec<(String, String)>,
    },
}

fn reasons(failures: &[(String, String)]) -> String {
    failures
        .iter()
        .map(|(object, reason)| format!("`{object}`: {reason}"))
        .collect::<Vec<_>>()
        .join("; ")
}

/// Why there is no digest of an object's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DigestError {
    /// The object is closed.
    #[error("the object is closed")]
    Closed,
    /// Asked from inside a closure that handles events, where waiting would never end.
    #[error("the state cannot be looked at from inside an event closure")]
    InsideHandler,
}

/// Why an endpoint was not lent to other nodes.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The object has no endpoint of this name.
    #[error("the object has no endpoint `{name}`; it has {}", list(endpoints))]
    UnknownEndpoint {
        /// The name asked for.
        name: String,
        /// Those that are there.
        endpoints: Vec<String>,
    },
    /// The object is closed.
    #[error("the object is closed")]
    Closed,
    /// It was asked for inside a closure that receives events.
    #[error("a closure that receives events cannot lend endpoints")]
    InsideHandler,
    /// This node cannot listen.
    #[error("the endpoint is not lent: {reason}")]
    NotLent {
        /// Why.
        reason: String,
    },
}

/// Why an embedder's endpoint was not connected.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The object has no endpoint of this name.
    #[error("the object has no endpoint `{name}`; it has {}", list(endpoints))]
    UnknownEndpoint {
        /// The name asked for.
        name: String,
        /// Those that it has.
        endpoints: Vec<String>,
    },
    /// The endpoint takes one connection, and has it.
    #[error("endpoint `{name}` is already connected")]
    AlreadyConnected {
        /// Its name.
        name: String,
    },
    /// Asked from inside a closure that handles events, where waiting would never end.
    #[error("an endpoint cannot be connected from inside an event closure")]
    InsideHandler,
    /// The object is closed.
    #[error("the object is closed")]
    Closed,
    /// A conversion or an endpoint could not be built.
    #[error("endpoint `{name}` cannot be connected: {reason}")]
    Unsupported {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// The endpoint that a document refers to is not connected.
    #[error("not connected: {reason}")]
    External {
        /// Why.
        reason: String,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names
        .iter()
        .map(|name| format!("`{name}`"))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Why an embedder's event was not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// The endpoint does not take an event of this name.
    #[error(
        "the endpoint does not receive an event `{event}`; it receives {}",
        list(events)
    )]
    UnknownEvent {
        /// The name.
        event: String,
        /// Those that it takes.
        events: Vec<String>,
    },
    /// The value is not one of the event's payload type.
    #[error("the value is not a payload of event `{event}`, which takes {expected}")]
    WrongPayload {
        /// The event.
        event: String,
        /// Its payload type.
        expected: String,
    },
    /// Too much waits already; try again later.
    #[error("the object has not yet taken what was sent before")]
    Full,
    /// The connection has ended.
    #[error("the connection has ended")]
    Disconnected,
}
