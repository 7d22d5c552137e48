//! Writes what was saved, on a thread of its own.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::{Heading, StateDirectory};
use crate::report::{Level, Message, Report};

/// How long to wait before what could not be written is tried again.
const RETRY: Duration = Duration::from_secs(1);

/// The state of a proxy, as it was saved.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    /// What it is the state of.
    pub(crate) heading: Arc<Heading>,
    /// Its wire form.
    pub(crate) bytes: Vec<u8>,
}

/// A thread that writes states into a directory. Dropping it waits until all is written, or cannot
/// be.
pub(crate) struct StateWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    directory: StateDirectory,
    reports: Arc<dyn Report>,
    queue: Mutex<Queue>,
    changed: Condvar,
}

/// What is to be written, by path of the proxy and identity of its reference.
type Waiting = BTreeMap<([u8; 32], String), Saved>;

#[derive(Default)]
struct Queue {
    waiting: Waiting,
    /// What could not be written, and why.
    failed: BTreeMap<([u8; 32], String), (Saved, String)>,
    writing: bool,
    closing: bool,
}

impl StateWriter {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// It cannot be started.
    pub(crate) fn start(
        directory: StateDirectory,
        reports: Arc<dyn Report>,
    ) -> Result<StateWriter, std::io::Error> {
        let shared = Arc::new(Shared {
            directory,
            reports,
            queue: Mutex::default(),
            changed: Condvar::new(),
        });
        let own = shared.clone();
        let thread = thread::Builder::new()
            .name("liveobj-state".to_owned())
            .spawn(move || own.run())?;
        Ok(StateWriter {
            shared,
            thread: Some(thread),
        })
    }

    /// Where it writes.
    pub(crate) fn directory(&self) -> &StateDirectory {
        &self.shared.directory
    }

    /// Takes a state, in place of one of the same proxy that still waits. Never waits for the disk.
    pub(crate) fn put(&self, saved: Saved) {
        let key = (saved.heading.identity, saved.heading.path.clone());
        let mut queue = self.shared.lock();
        queue.failed.remove(&key);
        let superseded = queue.waiting.insert(key, saved);
        drop(queue);
        self.shared.changed.notify_all();
        drop(superseded);
    }

    /// Waits until everything that was taken has been written, once more where it could not be.
    /// Gives what cannot be: the object and why.
    pub(crate) fn flush(&self) -> Vec<(String, String)> {
        let mut queue = self.shared.lock();
        queue.try_again();
        self.shared.changed.notify_all();
        while queue.writing || !queue.waiting.is_empty() {
            queue = self.shared.wait(queue);
        }
        let failed = queue.failed.values();
        failed
            .map(|(saved, reason)| (saved.heading.path.clone(), reason.clone()))
            .collect()
    }
}

impl Drop for StateWriter {
    fn drop(&mut self) {
        let mut queue = self.shared.lock();
        queue.try_again();
        queue.closing = true;
        drop(queue);
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Queue {
    fn try_again(&mut self) {
        for (key, (saved, _)) in mem::take(&mut self.failed) {
            self.waiting.entry(key).or_insert(saved);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, queue: MutexGuard<'a, Queue>) -> MutexGuard<'a, Queue> {
        let waited = self.changed.wait(queue);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self) {
        // Checksums of what is on the disk, and who has been told of.
        let mut written = BTreeMap::new();
        let mut told = BTreeMap::new();
        let mut queue = self.lock();
        loop {
            let Some((key, saved)) = queue.waiting.pop_first() else {
                if queue.closing {
                    return;
                }
                if queue.failed.is_empty() {
                    queue = self.wait(queue);
                } else {
                    let waited = self.changed.wait_timeout(queue, RETRY);
                    let timeout;
                    (queue, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
                    if timeout.timed_out() {
                        queue.try_again();
                    }
                }
                continue;
            };
            queue.writing = true;
            drop(queue);
            let last = written.get(&key).copied();
            let result = self.directory.write(&saved.heading, &saved.bytes, last);
            let object = &saved.heading.path;
            match &result {
                Ok(checksum) => {
                    written.insert(key.clone(), *checksum);
                    if told.remove(&key).is_some() {
                        self.report(Level::Info, object, "its state is saved again".to_owned());
                    }
                }
                Err(reason) => {
                    written.remove(&key);
                    if told.get(&key) != Some(reason) {
                        told.insert(key.clone(), reason.clone());
                        let file = self.directory.file(object, &saved.heading.identity);
                        let text = format!(
                            "its state cannot be saved in `{}`: {reason}",
                            file.display()
                        );
                        self.report(Level::Error, object, text);
                    }
                }
            }
            queue = self.lock();
            queue.writing = false;
            if let Err(reason) = result
                && !queue.waiting.contains_key(&key)
            {
                queue.failed.insert(key, (saved, reason));
            }
            self.changed.notify_all();
        }
    }

    fn report(&self, level: Level, object: &str, text: String) {
        let object = object.to_owned();
        self.reports.report(&Message {
            level,
            object,
            text,
        });
    }
}
