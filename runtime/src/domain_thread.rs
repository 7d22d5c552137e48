//! The thread that runs a domain.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle, ThreadId};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use crate::edge::SystemHost;
use crate::engine::domain::Domain;
use crate::engine::inbox::Inbox;
use crate::error::OpenError;
use crate::monitor::Watch;
use crate::object::Ended;
use crate::runtime::Core;
use crate::state::StateWriter;

/// How an opened object ended, for everybody who waits for it.
pub(crate) struct Ending {
    ended: Mutex<Option<Ended>>,
    changed: Condvar,
    watched: watch::Sender<Option<Ended>>,
}

impl Ending {
    fn new() -> Ending {
        let (watched, _) = watch::channel(None);
        Ending {
            ended: Mutex::default(),
            changed: Condvar::new(),
            watched,
        }
    }

    /// Says how it ended, the first time.
    pub(crate) fn set(&self, ended: Ended) {
        let mut state = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if state.is_none() {
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

/// A running domain. Dropping it ends everything in it and waits for its thread.
pub(crate) struct DomainThread {
    inbox: Arc<Inbox>,
    ending: Arc<Ending>,
    thread: Option<JoinHandle<()>>,
    id: ThreadId,
}

impl DomainThread {
    /// Starts a thread with an empty domain; what its proxies save goes to `states`.
    pub(crate) fn start(
        core: Arc<Core>,
        states: Option<Arc<StateWriter>>,
    ) -> Result<DomainThread, OpenError> {
        DomainThread::start_watched(core, states, None)
    }

    /// As [`DomainThread::start`]; what happens is told to `watch`, if there is one.
    pub(crate) fn start_watched(
        core: Arc<Core>,
        states: Option<Arc<StateWriter>>,
        watch: Option<Watch>,
    ) -> Result<DomainThread, OpenError> {
        let inbox = Arc::new(Inbox::default());
        let (handed_in, ending) = (inbox.clone(), Arc::new(Ending::new()));
        let ended = ending.clone();
        let thread = thread::Builder::new()
            .name("liveobj-domain".to_owned())
            .spawn(move || {
                // Whatever happens, nobody is left waiting.
                let guard = Guard {
                    inbox: handed_in.clone(),
                    ending: ended,
                };
                run(&core, &handed_in, states, watch);
                drop(guard);
            })
            .map_err(|error| OpenError::Runtime(format!("cannot start a thread: {error}")))?;
        let id = thread.thread().id();
        Ok(DomainThread {
            inbox,
            ending,
            thread: Some(thread),
            id,
        })
    }

    /// Where work is handed in.
    pub(crate) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
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
    ending: Arc<Ending>,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.inbox.close();
        self.ending.set(Ended::Closed);
    }
}

fn run(
    core: &Arc<Core>,
    inbox: &Arc<Inbox>,
    states: Option<Arc<StateWriter>>,
    watch: Option<Watch>,
) {
    let host = SystemHost::new(core.clone(), inbox.clone(), states, watch);
    let domain = Domain::new(Box::new(host), core.report.clone());
    while !domain.has_stopped() {
        let outside = if domain.has_waiting() {
            inbox.try_take(domain.is_congested())
        } else {
            inbox.take(|| domain.is_congested())
        };
        domain.turn(outside);
    }
}
