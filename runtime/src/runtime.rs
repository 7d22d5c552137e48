//! The runtime: what it is built from, checking and opening.

use std::fmt;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use liveobj_references::{Catalog, Checked, CheckedReference};
use liveobj_types::{Formalisms, Source};

use crate::error::{BuildError, CheckError, OpenError};
use crate::object::Object;
use crate::report::{Report, Silent};
use crate::terminal::Terminal;

/// How long `open` waits for a folder unless the embedder says otherwise.
pub const FOLDER_DEADLINE: Duration = Duration::from_secs(10);

/// Checks and opens references. Cheap to clone; the last clone ends its threads.
#[derive(Clone, Debug)]
pub struct Runtime {
    _private: (),
}

impl Runtime {
    /// What a runtime is made of.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder {
            library_paths: Vec::new(),
            library_store: None,
            registry: None,
            terminal: None,
            report: Arc::new(Silent),
            folder_deadline: FOLDER_DEADLINE,
            allow_unknown: false,
        }
    }

    /// Checks a reference document, XML or JSON; `source.name` is how messages call it. A text
    /// that is not a document gives its diagnostics and no type.
    pub fn check(&self, source: &Arc<Source>) -> Checked {
        let _ = source;
        unimplemented!("lands with the engine")
    }

    /// Checks a reference document in a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read as text. What is wrong with the document is not an error but in
    /// the answer.
    pub fn check_file(&self, path: &Path) -> Result<Checked, CheckError> {
        let _ = path;
        unimplemented!("lands with the engine")
    }

    /// Where the check finds libraries: the linked-in ones and those the builder named.
    pub fn catalog(&self) -> &dyn Catalog {
        unimplemented!("lands with the engine")
    }

    /// The formalisms that the check knows.
    pub fn formalisms(&self) -> &Formalisms {
        unimplemented!("lands with the engine")
    }

    /// Opens a checked reference: resolves what is external, creates, connects, starts. Dropping
    /// the future gives up; nothing is left behind then, nor after an error.
    pub fn open(
        &self,
        reference: &CheckedReference,
    ) -> impl Future<Output = Result<Object, OpenError>> + Send + 'static {
        let _ = reference;
        async { unimplemented!("lands with the engine") }
    }

    /// [`Runtime::open`] for callers that are not asynchronous.
    ///
    /// # Errors
    ///
    /// As [`Runtime::open`].
    pub fn open_blocking(&self, reference: &CheckedReference) -> Result<Object, OpenError> {
        let _ = reference;
        unimplemented!("lands with the engine")
    }
}

/// What a runtime is made of. Unless told otherwise it has no libraries but `liveobj:standard`, no
/// registry and no terminal, reads nothing of the user's home, and prints nothing.
pub struct RuntimeBuilder {
    library_paths: Vec<PathBuf>,
    library_store: Option<PathBuf>,
    registry: Option<PathBuf>,
    terminal: Option<Box<dyn Terminal>>,
    report: Arc<dyn Report>,
    folder_deadline: Duration,
    allow_unknown: bool,
}

impl RuntimeBuilder {
    /// Trusts the libraries in this directory. May be called several times; the first directory
    /// that has a library of some name wins.
    #[must_use]
    pub fn library_path(mut self, directory: impl Into<PathBuf>) -> RuntimeBuilder {
        self.library_paths.push(directory.into());
        self
    }

    /// Trusts the libraries that were added to this store.
    #[must_use]
    pub fn library_store(mut self, directory: impl Into<PathBuf>) -> RuntimeBuilder {
        self.library_store = Some(directory.into());
        self
    }

    /// Keeps the user's registry in this directory: one `NAME.liveobject` per entry.
    #[must_use]
    pub fn registry(mut self, directory: impl Into<PathBuf>) -> RuntimeBuilder {
        self.registry = Some(directory.into());
        self
    }

    /// Uses the store and the registry of the user who runs this process.
    #[must_use]
    pub fn user_directories(self) -> RuntimeBuilder {
        unimplemented!("lands with the engine")
    }

    /// Gives the objects a terminal.
    #[must_use]
    pub fn terminal(mut self, terminal: impl Terminal) -> RuntimeBuilder {
        self.terminal = Some(Box::new(terminal));
        self
    }

    /// Takes what the objects have to say.
    #[must_use]
    pub fn report(mut self, report: impl Report) -> RuntimeBuilder {
        self.report = Arc::new(report);
        self
    }

    /// How long `open` waits for the answer of a folder; [`FOLDER_DEADLINE`] unless set.
    #[must_use]
    pub fn folder_deadline(mut self, deadline: Duration) -> RuntimeBuilder {
        self.folder_deadline = deadline;
        self
    }

    /// Accepts what could not be shown, listing each as a warning.
    #[must_use]
    pub fn allow_unknown(mut self, allow: bool) -> RuntimeBuilder {
        self.allow_unknown = allow;
        self
    }

    /// Builds it.
    ///
    /// # Errors
    ///
    /// A directory of libraries cannot be used, or a thread cannot be started.
    pub fn build(self) -> Result<Runtime, BuildError> {
        let _ = (
            self.library_paths,
            self.library_store,
            self.registry,
            self.terminal,
        );
        let _ = (self.report, self.folder_deadline, self.allow_unknown);
        unimplemented!("lands with the engine")
    }
}

impl fmt::Debug for RuntimeBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RuntimeBuilder")
            .field("library_paths", &self.library_paths)
            .field("library_store", &self.library_store)
            .field("registry", &self.registry)
            .finish_non_exhaustive()
    }
}
