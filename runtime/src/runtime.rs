//! The runtime: what it is built from, checking and opening.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use liveobj_formalisms::Ontology;
use liveobj_references::{
    Catalog, Checked, CheckedReference, Document, LibraryTypes, Limits, Policy, check, check_source,
};
use liveobj_types::relation::DEFAULT_BUDGET;
use liveobj_types::{Data, Formalisms, Source};
use tokio::runtime::Handle;
use tracing::Instrument;

use crate::directories::user_registry;
use crate::edge::TerminalSlot;
use crate::edge::links::{LinkOptions, Links};
use crate::endpoint::{Connection, connect_external};
use crate::error::{BuildError, CheckError, ConnectError, OpenError};
use crate::facts::FactsCache;
use crate::loading::{self, LibraryCatalog, Store, UnloadError, Unloaded};
use crate::object::Object;
use crate::open;
use crate::options::OpenOptions;
use crate::plug_in;
use crate::report::{Level, Logged, Message, Report, Silent};
use crate::stat::Listening;
use crate::terminal::Terminal;
use crate::verdicts::Verdicts;
use crate::watchdog::Watchdog;

/// How long `open` waits for a folder unless the embedder says otherwise.
pub const FOLDER_DEADLINE: Duration = Duration::from_secs(10);

/// How long a folder that was asked stays open for further questions unless the embedder says
/// otherwise.
pub const FOLDERS_KEPT: Duration = Duration::from_secs(30);

/// How long what ends may take for its farewell unless the embedder says otherwise.
pub const LEAVE_WITHIN: Duration = Duration::from_secs(5);

/// Largest file of an ontology, in bytes.
const MAX_ONTOLOGY: u64 = 1 << 20;

/// How long the input and output thread is waited for.
const SHUTDOWN: Duration = Duration::from_secs(1);

/// Checks and opens references. Cheap to clone; the last clone, and the last object opened with
/// it, end its threads.
#[derive(Clone)]
pub struct Runtime {
    core: Arc<Core>,
    threads: Arc<Threads>,
}

/// What domains and tasks share.
pub(crate) struct Core {
    pub(crate) catalog: Arc<LibraryCatalog>,
    pub(crate) formalisms: Formalisms,
    pub(crate) verdicts: Verdicts,
    pub(crate) policy: Policy,
    pub(crate) check_payloads: bool,
    pub(crate) folder_deadline: Duration,
    pub(crate) folders_kept: Duration,
    pub(crate) leave_within: Duration,
    pub(crate) registry: Option<PathBuf>,
    pub(crate) report: Arc<dyn Report>,
    pub(crate) terminal: TerminalSlot,
    pub(crate) links: Arc<Links>,
    pub(crate) tokio: Handle,
    pub(crate) watchdog: Watchdog,
    /// Who tells others of what is open.
    pub(crate) stat: Option<Listening>,
}

impl Core {
    /// Checks a document.
    pub(crate) fn check(&self, source: &Arc<Source>) -> Checked {
        let (catalog, formalisms) = (&*self.catalog, &self.formalisms);
        check_source(source, catalog, formalisms, &self.policy)
    }

    /// Checks a document that was read from `source`.
    pub(crate) fn check_document(&self, document: &Arc<Document>, source: &Arc<Source>) -> Checked {
        let (catalog, formalisms) = (&*self.catalog, &self.formalisms);
        check(document, source, catalog, formalisms, &self.policy)
    }

    /// The reference, checked again if that was done with other libraries or formalisms than those of
    /// this runtime.
    ///
    /// # Errors
    ///
    /// With these it is refused.
    pub(crate) fn checked_here<'r>(
        &self,
        reference: &'r CheckedReference,
    ) -> Result<Cow<'r, CheckedReference>, OpenError> {
        let same = reference.formalisms().is_same(&self.formalisms);
        if same && reference.knew_the_libraries_of(&*self.catalog) {
            return Ok(Cow::Borrowed(reference));
        }
        let checked = self.check_document(reference.document(), reference.source());
        let diagnostics = checked.diagnostics;
        let reference = checked.reference.map(Cow::Owned);
        let reference = reference.ok_or(OpenError::RefusedHere { diagnostics })?;
        self.verdicts.tell(checked.types.words());
        Ok(reference)
    }
}

/// The input and output thread; ended with the last user.
struct Threads {
    tokio: Option<tokio::runtime::Runtime>,
}

impl Drop for Threads {
    fn drop(&mut self) {
        // Waiting for a tokio runtime is forbidden on the threads of another one.
        if let Some(tokio) = self.tokio.take() {
            std::thread::scope(|scope| {
                scope.spawn(move || tokio.shutdown_timeout(SHUTDOWN));
            });
        }
    }
}

impl Runtime {
    /// What a runtime is made of.
    pub fn builder() -> RuntimeBuilder {
        RuntimeBuilder {
            catalog: LibraryCatalog::new(),
            library_paths: Vec::new(),
            library_store: None,
            registry: None,
            terminal: None,
            report: Arc::new(Silent),
            folder_deadline: FOLDER_DEADLINE,
            folders_kept: FOLDERS_KEPT,
            leave_within: LEAVE_WITHIN,
            allow_unknown: false,
            explain: false,
            limits: Limits::default(),
            links: LinkOptions::default(),
            check_payloads: false,
            plug_ins: true,
            facts: None,
            ontologies: Vec::new(),
            stat: false,
        }
    }

    /// Checks a reference document, XML or JSON; `source.name` is how messages call it. A text
    /// that is not a document gives its diagnostics and no type.
    pub fn check(&self, source: &Arc<Source>) -> Checked {
        self.core.check(source)
    }

    /// Checks a document that was read from `source` already, or converted from it.
    pub fn check_document(&self, document: &Arc<Document>, source: &Arc<Source>) -> Checked {
        self.core.check_document(document, source)
    }

    /// Checks a reference document in a file.
    ///
    /// # Errors
    ///
    /// The file cannot be read as text. What is wrong with the document is not an error but in
    /// the answer.
    pub fn check_file(&self, path: &Path) -> Result<Checked, CheckError> {
        let bytes = std::fs::read(path).map_err(|error| CheckError::Read {
            path: path.to_owned(),
            error,
        })?;
        let text = String::from_utf8(bytes).map_err(|_| CheckError::NotText {
            path: path.to_owned(),
        })?;
        Ok(self.check(&Source::new(path.display().to_string(), text)))
    }

    /// Where the check finds libraries: the linked-in ones and those the builder named.
    pub fn catalog(&self) -> &dyn Catalog {
        &*self.core.catalog
    }

    /// The formalisms that the check knows.
    pub fn formalisms(&self) -> &Formalisms {
        &self.core.formalisms
    }

    /// Opens a checked reference: resolves what is external, creates, connects, starts. Dropping
    /// the future gives up; nothing is left behind then, nor after an error.
    pub fn open(
        &self,
        reference: &CheckedReference,
    ) -> impl Future<Output = Result<Object, OpenError>> + Send + 'static {
        self.open_with(reference, OpenOptions::new())
    }

    /// [`Runtime::open`] with options, such as a directory for the object's state.
    pub fn open_with(
        &self,
        reference: &CheckedReference,
        options: OpenOptions,
    ) -> impl Future<Output = Result<Object, OpenError>> + Send + 'static {
        let span = tracing::info_span!("open", reference = reference.source().name);
        open::root(self.clone(), reference.clone(), options).instrument(span)
    }

    /// [`Runtime::open`] for callers that are not asynchronous.
    ///
    /// # Errors
    ///
    /// As [`Runtime::open`].
    pub fn open_blocking(&self, reference: &CheckedReference) -> Result<Object, OpenError> {
        self.open_blocking_with(reference, OpenOptions::new())
    }

    /// [`Runtime::open_with`] for callers that are not asynchronous.
    ///
    /// # Errors
    ///
    /// As [`Runtime::open_with`].
    pub fn open_blocking_with(
        &self,
        reference: &CheckedReference,
        options: OpenOptions,
    ) -> Result<Object, OpenError> {
        let opening = self.open_with(reference, options);
        // On a thread of its own, since the caller may be inside a tokio runtime.
        let opened =
            std::thread::scope(|scope| scope.spawn(|| self.core.tokio.block_on(opening)).join());
        opened.unwrap_or_else(|_| Err(OpenError::Runtime("opening panicked".to_owned())))
    }

    /// Unloads a library that no object uses any more, for the whole process, and tells what became
    /// of it: the process map is asked, since the system may keep it. Which one, says its hash
    /// where several of one name are loaded.
    ///
    /// # Errors
    ///
    /// It is not loaded, or something that it made is alive.
    pub fn unload_library(
        &self,
        name: &str,
        sha256: Option<&str>,
    ) -> Result<Unloaded, UnloadError> {
        loading::unload(name, sha256)
    }

    /// Connects with an endpoint that an object of this node or another lends, by the document of its
    /// reference. `receive` is called, on a thread of the connection's own, with the name and the
    /// payload of every event that comes. Waits for the answer, as long as
    /// [`RuntimeBuilder::link_lease`] says.
    ///
    /// # Errors
    ///
    /// The document is no such reference, the node cannot be reached, or it refuses.
    pub fn connect_external(
        &self,
        document: &str,
        receive: impl FnMut(&str, &Data) + Send + 'static,
    ) -> Result<Connection, ConnectError> {
        let connecting = connect_external(self.clone(), document, Box::new(receive));
        // On a thread of its own, since the caller may be inside a tokio runtime.
        let connected =
            std::thread::scope(|scope| scope.spawn(|| self.core.tokio.block_on(connecting)).join());
        connected.unwrap_or(Err(ConnectError::Closed))
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let users = Arc::strong_count(&self.threads);
        f.debug_struct("Runtime")
            .field("users", &users)
            .finish_non_exhaustive()
    }
}

/// What a runtime is made of. Unless told otherwise it has no libraries but `liveobj:standard`, no
/// registry and no terminal, reads nothing of the user's home, and prints nothing.
pub struct RuntimeBuilder {
    catalog: LibraryCatalog,
    library_paths: Vec<PathBuf>,
    library_store: Option<PathBuf>,
    registry: Option<PathBuf>,
    terminal: Option<Box<dyn Terminal>>,
    report: Arc<dyn Report>,
    folder_deadline: Duration,
    folders_kept: Duration,
    leave_within: Duration,
    allow_unknown: bool,
    explain: bool,
    limits: Limits,
    links: LinkOptions,
    check_payloads: bool,
    plug_ins: bool,
    facts: Option<Arc<FactsCache>>,
    ontologies: Vec<PathBuf>,
    stat: bool,
}

impl RuntimeBuilder {
    /// Trusts the libraries in this directory. May be called several times; the first directory
    /// that has a library of some name wins.
    #[must_use]
    pub fn library_path(mut self, directory: impl Into<PathBuf>) -> RuntimeBuilder {
        self.library_paths.push(directory.into());
        self
    }

    /// Knows what the library `name` declares: references to it can be checked, and not opened,
    /// since there is no code. `types` is called when the library is first looked up.
    #[must_use]
    pub fn library_without_code(
        mut self,
        name: &'static str,
        types: fn() -> Arc<LibraryTypes>,
    ) -> RuntimeBuilder {
        self.catalog.add_without_code(name, types);
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
    pub fn user_directories(mut self) -> RuntimeBuilder {
        self.library_store = Store::user_directory();
        self.registry = user_registry();
        self
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

    /// How long a folder that was asked for a reference stays open for further questions out of the
    /// same opened object, counted from its last answer; [`FOLDERS_KEPT`] unless set. One that fails
    /// or stays silent is opened anew for the next question, and all of them end with the object.
    /// Messages of [`crate::Level::Debug`] tell when a folder is opened, kept and closed.
    #[must_use]
    pub fn keep_folders(mut self, duration: Duration) -> RuntimeBuilder {
        self.folders_kept = duration;
        self
    }

    /// How long what ends may take before it is disconnected, where objects ask for that in their
    /// farewell; [`LEAVE_WITHIN`] unless set. Who is not done by then is named by a message of
    /// [`crate::Level::Warning`]. Zero gives no time.
    #[must_use]
    pub fn leave_within(mut self, time: Duration) -> RuntimeBuilder {
        self.leave_within = time;
        self
    }

    /// Where this node listens while objects lend endpoints to other nodes (`external<τ>`); a port of
    /// the loopback address unless set. Others reach it at this address, so that it cannot be one
    /// that stands for all addresses. Port 0 takes a free one. Nothing listens while nothing is
    /// lent. What goes over such links is not encrypted; who can connect is who has the reference.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> RuntimeBuilder {
        self.links.listen = address;
        self
    }

    /// How long a link with another node is taken to be alive without any sign of life, and how
    /// long a greeting may take; 10 seconds unless set. Both sides are told when it is over. Less
    /// than 10 milliseconds counts as 10.
    #[must_use]
    pub fn link_lease(mut self, lease: Duration) -> RuntimeBuilder {
        self.links.lease = lease.max(LinkOptions::SHORTEST);
        self
    }

    /// How long an endpoint stays lent to other nodes while nobody is connected with it; 10
    /// minutes unless set. It ends between this and twice this.
    #[must_use]
    pub fn export_idle(mut self, idle: Duration) -> RuntimeBuilder {
        self.links.idle = idle;
        self
    }

    /// Accepts what could not be shown, listing each as a warning.
    #[must_use]
    pub fn allow_unknown(mut self, allow: bool) -> RuntimeBuilder {
        self.allow_unknown = allow;
        self
    }

    /// How large documents may be that are checked (64 MiB unless said otherwise).
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> RuntimeBuilder {
        self.limits = limits;
        self
    }

    /// Tells with each check why the constraints are met that are
    /// ([`liveobj_references::Checked::explanation`]). Costs about as much as the check again.
    #[must_use]
    pub fn explain(mut self, explain: bool) -> RuntimeBuilder {
        self.explain = explain;
        self
    }

    /// Checks all that objects emit before anybody sees it, and that there is memory where it
    /// points to. What libraries emit that the Rust SDK did not make is checked in any case, except
    /// for where it points to. Costs a walk over each payload, and a system call for each slice.
    #[must_use]
    pub fn check_payloads(mut self, check: bool) -> RuntimeBuilder {
        self.check_payloads = check;
        self
    }

    /// Asks the formalisms that trusted libraries add, which it does unless set. The library is
    /// loaded when the first constraint is read that is written in one of them, be it for a check; then
    /// its code runs in this process. Without them such constraints are `unknown`.
    #[must_use]
    pub fn plug_ins(mut self, ask: bool) -> RuntimeBuilder {
        self.plug_ins = ask;
        self
    }

    /// Keeps on disk what formalisms decide, and does not decide it again; no answer depends on it.
    /// Unless set, nothing is kept.
    #[must_use]
    pub fn facts(mut self, facts: Arc<FactsCache>) -> RuntimeBuilder {
        self.facts = Some(facts);
        self
    }

    /// Adds the properties of an ontology in this file to those of the formalism `properties`
    /// (docs/ontologies.md). May be called several times, in any order. [`RuntimeBuilder::build`] reads
    /// the files, and proves what they claim.
    #[must_use]
    pub fn ontology(mut self, file: impl Into<PathBuf>) -> RuntimeBuilder {
        self.ontologies.push(file.into());
        self
    }

    /// Listens on a socket in the user's runtime directory (`$XDG_RUNTIME_DIR/liveobj`, or
    /// `liveobj-UID` where temporary files are), and answers that user what is open and how it is
    /// getting on: what `liveobj stat` and [`crate::stat`] ask. Nothing is counted until they do.
    /// Where there is no place for a socket that only its user can reach, a message of
    /// [`crate::Level::Warning`] says why, and all else works. Unless set, nothing listens.
    #[must_use]
    pub fn answer_stat(mut self, answer: bool) -> RuntimeBuilder {
        self.stat = answer;
        self
    }

    /// Builds it.
    ///
    /// # Errors
    ///
    /// A directory of libraries cannot be used, an ontology cannot be read or is refused, or a thread
    /// cannot be started.
    pub fn build(self) -> Result<Runtime, BuildError> {
        if self.links.listen.ip().is_unspecified() {
            let address = self.links.listen;
            return Err(BuildError::Listen { address });
        }
        let mut formalisms = formalisms(&self.ontologies)?;
        let mut catalog = self.catalog;
        for directory in &self.library_paths {
            catalog.add_directory(directory)?;
        }
        if let Some(directory) = self.library_store {
            catalog.set_store(Store::new(directory));
        }
        let tokio = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .max_blocking_threads(4)
            .thread_name("liveobj-io")
            .enable_all()
            .build()
            .map_err(BuildError::Threads)?;
        let catalog = Arc::new(catalog);
        if self.plug_ins {
            let catalog = catalog.clone();
            formalisms = formalisms.with_further(move || plug_in::find(&catalog));
        }
        if let Some(facts) = self.facts {
            formalisms = formalisms.with_facts(facts);
        }
        let report: Arc<dyn Report> = Arc::new(Logged(self.report));
        let stat = match self.stat {
            true => listen(tokio.handle(), &*report),
            false => None,
        };
        let core = Core {
            catalog,
            formalisms,
            verdicts: Verdicts::reporting_to(report.clone()),
            policy: Policy {
                allow_unknown: self.allow_unknown,
                limits: self.limits,
                explain: self.explain,
            },
            check_payloads: self.check_payloads,
            folder_deadline: self.folder_deadline,
            folders_kept: self.folders_kept,
            leave_within: self.leave_within,
            registry: self.registry,
            watchdog: Watchdog::new(report.clone()),
            report,
            terminal: TerminalSlot::new(self.terminal),
            links: Links::new(self.links, tokio.handle().clone()),
            tokio: tokio.handle().clone(),
            stat,
        };
        Ok(Runtime {
            core: Arc::new(core),
            threads: Arc::new(Threads { tokio: Some(tokio) }),
        })
    }
}

/// Listens for those who ask what is open, if that can be.
fn listen(tokio: &Handle, report: &dyn Report) -> Option<Listening> {
    match Listening::start(tokio) {
        Ok(listening) => Some(listening),
        Err(reason) => {
            report.report(&Message {
                level: Level::Warning,
                object: String::new(),
                text: format!("`liveobj stat` does not see this process: {reason}"),
            });
            None
        }
    }
}

/// The formalisms that are built in, with the ontologies in these files.
fn formalisms(ontologies: &[PathBuf]) -> Result<Formalisms, BuildError> {
    if ontologies.is_empty() {
        return Ok(liveobj_formalisms::builtin());
    }
    let mut sources = Vec::new();
    for path in ontologies {
        sources.push(ontology(path).map_err(|error| BuildError::Ontology {
            path: path.clone(),
            error,
        })?);
    }
    let ontology = Ontology::with_files(&sources, DEFAULT_BUDGET);
    let ontology = ontology.map_err(|diagnostics| BuildError::Ontologies { diagnostics })?;
    Ok(liveobj_formalisms::with_ontology(ontology))
}

fn ontology(path: &Path) -> io::Result<Arc<Source>> {
    let size = std::fs::metadata(path)?.len();
    if size > MAX_ONTOLOGY {
        let message = format!("it has {size} bytes, and may have {MAX_ONTOLOGY}");
        return Err(io::Error::other(message));
    }
    let text = std::fs::read_to_string(path)?;
    Ok(Source::new(path.display().to_string(), text))
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
