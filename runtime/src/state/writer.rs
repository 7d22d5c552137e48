//! Writes what was saved, on a thread of its own.

use std::collections::{BTreeMap, VecDeque};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
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

/// Identity of a proxy's reference, and path of the proxy.
type Key = ([u8; 32], String);

#[derive(Default)]
struct Queue {
    waiting: BTreeMap<Key, Saved>,
    /// The keys of `waiting`, the first to be written first: nobody waits for one who is saved again
    /// and again.
    order: VecDeque<Key>,
    writing: Option<Key>,
    /// How often each was written, or could not be.
    attempts: BTreeMap<Key, u64>,
    /// What could not be written, and why.
    failed: BTreeMap<Key, (Saved, String)>,
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
        let superseded = queue.put(key, saved);
        drop(queue);
        self.shared.changed.notify_all();
        drop(superseded);
    }

    /// Waits until everything that was taken before has been written, once more where it could not
    /// be. Gives what cannot be: the object and why.
    pub(crate) fn flush(&self) -> Vec<(String, String)> {
        let mut queue = self.shared.lock();
        queue.try_again();
        self.shared.changed.notify_all();
        let awaited = queue.awaited();
        while !queue.has_tried(&awaited) {
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
    /// Gives what it replaces.
    fn put(&mut self, key: Key, saved: Saved) -> Option<Saved> {
        let superseded = self.waiting.insert(key.clone(), saved);
        if superseded.is_none() {
            self.order.push_back(key);
        }
        superseded
    }

    fn next(&mut self) -> Option<(Key, Saved)> {
        let key = self.order.pop_front()?;
        let saved = self.waiting.remove(&key)?;
        Some((key, saved))
    }

    /// Puts what could not be written, and was not saved since, back.
    fn try_again(&mut self) {
        for (key, (saved, _)) in mem::take(&mut self.failed) {
            if !self.waiting.contains_key(&key) {
                self.put(key, saved);
            }
        }
    }

    /// How many attempts there will have been once all that is here has been tried.
    fn awaited(&self) -> Vec<(Key, u64)> {
        let mut ahead: BTreeMap<&Key, u64> = BTreeMap::new();
        for key in self.writing.iter().chain(&self.order) {
            *ahead.entry(key).or_default() += 1;
        }
        let tried = |key| self.attempts.get(key).copied().unwrap_or_default();
        ahead
            .into_iter()
            .map(|(key, more)| (key.clone(), tried(key) + more))
            .collect()
    }

    fn has_tried(&self, awaited: &[(Key, u64)]) -> bool {
        awaited.iter().all(|(key, attempts)| {
            self.attempts
                .get(key)
                .is_some_and(|tried| tried >= attempts)
        })
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
            let Some((key, saved)) = queue.next() else {
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
            queue.writing = Some(key.clone());
            drop(queue);
            let last = written.get(&key).copied();
            let result = self.directory.write(&saved.heading, &saved.bytes, last);
            let object = &saved.heading.path;
            match &result {
                Ok(checksum) => {
                    tracing::debug!(object, bytes = saved.bytes.len(), "a state is saved");
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
            queue.writing = None;
            *queue.attempts.entry(key.clone()).or_default() += 1;
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
        let message = Message {
            level,
            object,
            text,
        };
        // What the embedder does with messages must not end the saving.
        let reported = AssertUnwindSafe(|| self.reports.report(&message));
        let _ = catch_unwind(reported);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Silent;

    fn saved(path: &str, bytes: &[u8]) -> Saved {
        let heading = Heading {
            path: path.to_owned(),
            identity: [1; 32],
            ty: [2; 32],
            declarations: String::new(),
            expression: "bytes".to_owned(),
        };
        Saved {
            heading: Arc::new(heading),
            bytes: bytes.to_vec(),
        }
    }

    fn key(path: &str) -> Key {
        ([1; 32], path.to_owned())
    }

    #[test]
    fn a_newer_state_takes_the_place_of_one_that_waits() {
        let mut queue = Queue::default();
        assert!(queue.put(key("a"), saved("a", b"1")).is_none());
        assert!(queue.put(key("b"), saved("b", b"2")).is_none());
        let superseded = queue.put(key("a"), saved("a", b"3"));
        assert_eq!(superseded.map(|saved| saved.bytes), Some(b"1".to_vec()));
        let written: Vec<Vec<u8>> =
            std::iter::from_fn(|| queue.next().map(|(_, saved)| saved.bytes)).collect();
        assert_eq!(written, [b"3", b"2"]);
    }

    #[test]
    fn nobody_waits_for_one_who_is_saved_again_and_again() {
        let mut queue = Queue::default();
        queue.put(key("b"), saved("b", b"1"));
        queue.put(key("a"), saved("a", b"2"));
        let (first, _) = queue.next().expect("one waits");
        queue.put(first, saved("b", b"3"));
        let (second, _) = queue.next().expect("another one waits");
        assert_eq!(second, key("a"));
    }

    #[test]
    fn what_was_taken_before_is_on_the_disk_although_more_is_saved_all_the_time() {
        let folder = tempfile::tempdir().expect("a directory");
        let directory = StateDirectory::open(folder.path()).expect("it is ours");
        let writer = StateWriter::start(directory, Arc::new(Silent)).expect("a thread");
        let stop = std::sync::atomic::AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                let mut number = 0_u64;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    number += 1;
                    writer.put(saved("a", &number.to_le_bytes()));
                }
            });
            for number in 0..10_u8 {
                writer.put(saved("b", &[number]));
                assert_eq!(writer.flush(), []);
                let stored = writer.directory().read("b", &[1; 32]).expect("it is whole");
                assert_eq!(stored.expect("it is there").bytes, [number]);
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }

    #[test]
    fn a_report_that_panics_does_not_end_the_saving() {
        let folder = tempfile::tempdir().expect("a directory");
        let path = folder.path().join("states");
        let directory = StateDirectory::open(&path).expect("it is ours");
        let panics = |_: &Message| panic!("nobody wants to hear it");
        let writer = StateWriter::start(directory, Arc::new(panics)).expect("a thread");
        std::fs::remove_dir_all(&path).expect("it was there");
        writer.put(saved("a", b"1"));
        // Gives an answer at all.
        assert_eq!(writer.flush().len(), 1);
        std::fs::create_dir(&path).expect("it was not there");
        assert_eq!(writer.flush(), []);
        let stored = writer.directory().read("a", &[1; 32]).expect("it is whole");
        assert_eq!(stored.expect("it is there").bytes, b"1");
    }
}
