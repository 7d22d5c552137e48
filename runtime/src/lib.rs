//! Runs live objects: dereferences references, connects typed endpoints, loads object libraries.
//!
//! ```
//! use liveobj::{Runtime, Source};
//!
//! let runtime = Runtime::builder().build()?;
//! let document = r#"<liveobject xmlns="urn:liveobj:reference:1">
//!     <external name="timer" library="liveobj:standard"/>
//! </liveobject>"#;
//! let checked = runtime.check(&Source::new("timer.liveobject", document));
//! let object = runtime.open_blocking(&checked.reference.ok_or("refused")?)?;
//! assert_eq!(object.endpoints(), ["timer"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Runtime`] checks a document and opens what it found; [`Object`] is what runs; [`Endpoint`] and
//! [`Connection`] are how a program talks to it. Embedders need no `unsafe`.

mod boundary;
mod deployment;
mod directories;
mod domain_thread;
mod edge;
mod endpoint;
mod engine;
mod error;
pub mod facts;
#[cfg(feature = "hostile")]
#[doc(hidden)]
pub mod hostile;
pub mod loading;
mod monitor;
mod object;
mod open;
mod options;
mod plug_in;
mod remote;
mod replace;
mod report;
mod runtime;
pub mod sim;
pub mod stat;
mod state;
mod terminal;
mod trace;
mod verdicts;
mod watchdog;

#[doc(hidden)]
pub use boundary::measure;
pub use deployment::Deployment;
pub use directories::user_registry;
pub use endpoint::{Connection, Endpoint, Exported, Sender};
pub use error::{
    BuildError, CheckError, ConnectError, DeploymentError, DigestError, ExportError, OpenError,
    SaveError, SendError, StateError,
};
pub use liveobj_references::{Checked, CheckedReference, Limits};
pub use liveobj_types::{Data, Source};
pub use monitor::{
    MonitorError, Monitored, MonitoredConstraint, Monitoring, RecordedViolation, Status,
    TracedEvent, Unwatched, Violation, monitor_trace, monitor_traces,
};
pub use object::{Ended, Object, Queue};
pub use options::{OpenOptions, SAVE_EVERY};
pub use report::{Level, MESSAGES, Message, Report, Silent};
pub use runtime::{FOLDER_DEADLINE, FOLDERS_KEPT, LEAVE_WITHIN, Runtime, RuntimeBuilder};
pub use terminal::{Lines, Terminal};
pub use trace::{Tap, Tapped, TappedEvent, TraceFormat, Traced, Tracing};
