//! The thread that runs a domain.

use std::sync::{Arc, Condvar, Mutex, PoisonError, Weak};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::edge::SystemHost;
use crate::engine::domain::Domain;
use crate::engine::inbox::Inbox;
use crate::error::OpenError;
use crate::object::Ended;
use crate::runtime::Core;
use crate::state::StateWriter;
use crate::trace::{Observers, Tracing};
use crate::watchdog::Pulse;

/// How an opened object ended, for everybody who waits for it.
pub(crate) struct Ending {
    ended: Mutex<Option<Ended>>,
    changed: Condvar,
    watched: watch::Sender<Option<Ended>>,
    /// Who is told before everybody else.
    tracing: Option<Tracing>,
}

impl Ending {
    pub(crate) fn new() -> Ending {
        let (watched, _) = watch::channel(None);
        Ending {
            ended: Mutex::default(),
            changed: Condvar::new(),
            watched,
            tracing: None,
        }
    }

    /// The same, and a failure is traced.
    fn traced(tracing: Option<Tracing>) -> Ending {
        Ending {
            tracing,
            ..Ending::new()
        }
    }

    /// Says how it ended, the first time.
    pub(crate) fn set(&self, ended: Ended) {
        let mut state = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_none() {
            if let (Some(tracing), Ended::Failed { .. }) = (&self.tracing, &ended) {
                tracing.note("failed", Some(&ended.to_string()));
            }
            *state = Some(ended.clone());
            self.watched.send_replace(Some(ended));
            self.changed.notify_all();
        }
    }

    /// Waits until it is said, at most until `deadline`.
    pub(crate) fn wait(&self, deadline: Option<Instant>) -> Option<Ended> {
        let mut state = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(ended) = &*state {
                return Some(ended.clone());
            }
            state = match deadline {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left == Duration::ZERO {
                        return None;
                    }
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Completes when it is said.
    pub(crate) fn watch(&self) -> impl Future<Output = Ended> + Send + 'static {
        let mut watched = self.watched.subscribe();
        async move {
            let ended = watched.wait_for(Option::is_some).await;
            ended
                .ok()
                .and_then(|ended| ended.clone())
                .unwrap_or(Ended::Closed)
        }
    }
}

/// Dropped with the last thread of an object. Whatever happened, nobody is left waiting then.
struct Unfinished(Arc<Ending>);

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.0.set(Ended::Closed);
    }
}

/// A running domain. Dropping it ends everything in it and waits for its thread.
pub(crate) struct DomainThread {
    inbox: Arc<Inbox>,
    ending: Arc<Ending>,
    unfinished: Weak<Unfinished>,
    thread: Option<JoinHandle<()>>,
    id: ThreadId,
    pulse: Arc<Pulse>,
}

impl DomainThread {
    /// Starts a thread with an empty domain; what its proxies save goes to `states`.
    pub(crate) fn start(
        core: Arc<Core>,
        states: Option<Arc<StateWriter>>,
    ) -> Result<DomainThread, OpenError> {
        DomainThread::start_watched(core, states, Observers::default())
    }

    /// As [`DomainThread::start`]; what happens is told to `observers`.
    pub(crate) fn start_watched(
        core: Arc<Core>,
        states: Option<Arc<StateWriter>>,
        observers: Observers,
    ) -> Result<DomainThread, OpenError> {
        let tracing = observers.tracing.clone();
        let ending = Arc::new(Ending::traced(tracing));
        let unfinished = Arc::new(Unfinished(ending.clone()));
        DomainThread::run(core, states, observers, ending, unfinished)
    }

    /// Starts another thread for the same object, of which `observers` are told too: both end alike.
    pub(crate) fn start_beside(
        &self,
        core: Arc<Core>,
        states: Option<Arc<StateWriter>>,
        observers: Observers,
    ) -> Result<DomainThread, OpenError> {
        let gone = || OpenError::Runtime("its thread has ended".to_owned());
        let unfinished = self.unfinished.upgrade().ok_or_else(gone)?;
        DomainThread::run(core, states, observers, self.ending.clone(), unfinished)
    }

    fn run(
        core: Arc<Core>,
        states: Option<Arc<StateWriter>>,
        observers: Observers,
        ending: Arc<Ending>,
        unfinished: Arc<Unfinished>,
    ) -> Result<DomainThread, OpenError> {
        let inbox = Arc::new(Inbox::default());
        let handed_in = inbox.clone();
        let pulse: Arc<Pulse> = Arc::default();
        let noted = pulse.clone();
        let known = Arc::downgrade(&unfinished);
        let span = tracing::info_span!("domain");
        let thread = thread::Builder::new()
            .name("liveobj-domain".to_owned())
            .spawn(move || {
                let _inside = span.entered();
                let guard = Guard {
                    inbox: handed_in.clone(),
                    _unfinished: unfinished,
                };
                run(&core, &handed_in, states, observers, noted);
                drop(guard);
            })
            .map_err(|error| OpenError::Runtime(format!("cannot start a thread: {error}")))?;
        let id = thread.thread().id();
        Ok(DomainThread {
            inbox,
            ending,
            unfinished: known,
            thread: Some(thread),
            id,
            pulse,
        })
    }

    /// Where work is handed in.
    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }

    /// How it is getting on.
    pub(crate) fn pulse(&self) -> &Arc<Pulse> {
        &self.pulse
    }

    /// How it ends.
    pub(crate) fn ending(&self) -> &Arc<Ending> {
        &self.ending
    }

    /// Its thread.
    pub(crate) fn id(&self) -> ThreadId {
        self.id
    }
}

impl Drop for DomainThread {
    fn drop(&mut self) {
        self.inbox.task(Domain::stop);
        // Dropped inside one of its own closures, it cannot be waited for; it ends all the same.
        if let Some(thread) = self
            .thread
            .take()
            .filter(|_| thread::current().id() != self.id)
        {
            let _ = thread.join();
        }
    }
}

struct Guard {
    inbox: Arc<Inbox>,
    _unfinished: Arc<Unfinished>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.inbox.close();
    }
}

/// The domains of one object, of which the first is its home. Dropping it ends everything in them
/// and waits for their threads; as long as the object was not open, nobody gets time for a farewell.
pub(crate) struct Domains {
    all: Vec<DomainThread>,
    open: bool,
}

impl Domains {
    /// The home alone.
    pub(crate) fn new(home: DomainThread) -> Domains {
        Domains {
            all: vec![home],
            open: false,
        }
    }

    /// Starts further ones, until there are `count`; what happens there is told to what `observers`
    /// answers each time.
    ///
    /// # Errors
    ///
    /// There are no threads.
    pub(crate) fn start(
        &mut self,
        count: usize,
        core: &Arc<Core>,
        states: Option<&Arc<StateWriter>>,
        mut observers: impl FnMut() -> Observers,
    ) -> Result<(), OpenError> {
        while self.all.len() < count {
            let home = self.home();
            let another = home.start_beside(core.clone(), states.cloned(), observers())?;
            self.all.push(another);
        }
        Ok(())
    }

    /// The first one.
    pub(crate) fn home(&self) -> &DomainThread {
        &self.all[0]
    }

    /// All of them, the home first.
    pub(crate) fn all(&self) -> &[DomainThread] {
        &self.all
    }

    /// From now on they are those of an open object.
    pub(crate) fn set_open(&mut self) {
        self.open = true;
    }

    /// Gives nobody in them time for a farewell.
    pub(crate) fn hurry(&self) {
        for domain in &self.all {
            domain.inbox.task(Domain::hurry);
        }
    }

    /// Ends everything in them.
    pub(crate) fn stop(&self) {
        for domain in &self.all {
            domain.inbox.task(Domain::stop);
        }
    }

    /// Whether the caller is on one of their threads: it must not wait for any of them, since
    /// another one may wait for it.
    pub(crate) fn is_inside(&self) -> bool {
        let current = thread::current().id();
        self.all.iter().any(|domain| domain.id == current)
    }
}

impl Drop for Domains {
    fn drop(&mut self) {
        if !self.open {
            self.hurry();
        }
        self.stop();
        if self.is_inside() {
            // They end all the same.
            for domain in &mut self.all {
                domain.thread = None;
            }
        }
    }
}

fn run(
    core: &Arc<Core>,
    inbox: &Arc<Inbox>,
    states: Option<Arc<StateWriter>>,
    observers: Observers,
    pulse: Arc<Pulse>,
) {
    let host = SystemHost::new(core.clone(), inbox.clone(), states, observers, pulse);
    let domain = Domain::new(Box::new(host), core.report.clone());
    core.watchdog.watch(&domain.pulse, &core.tokio);
    tracing::debug!("it begins");
    while !domain.has_stopped() {
        let outside = if domain.has_waiting() {
            inbox.try_take(domain.is_congested())
        } else {
            inbox.take(|| domain.is_congested())
        };
        domain.turn(outside);
    }
    tracing::debug!(events = domain.numbers.get(), "it ends");
}
