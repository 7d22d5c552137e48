//! Runs futures on this thread, one after the other, in the order in which they were started.

use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake};

/// Futures that wait for answers of their node's domain: opening, dereferencing.
#[derive(Default)]
pub(super) struct Tasks {
    running: RefCell<Vec<Task>>,
}

struct Task {
    number: u64,
    woken: Arc<Woken>,
    future: Pin<Box<dyn Future<Output = ()>>>,
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Tasks {
    /// Starts a future under a number that no running one has; it first runs at the next
    /// [`Tasks::run`].
    pub(super) fn spawn(&self, number: u64, future: impl Future<Output = ()> + 'static) {
        self.running.borrow_mut().push(Task {
            number,
            woken: Arc::new(Woken(AtomicBool::new(true))),
            future: Box::pin(future),
        });
    }

    /// Drops a future, if it still runs.
    pub(super) fn abort(&self, number: u64) {
        let mut running = self.running.borrow_mut();
        let position = running.iter().position(|task| task.number == number);
        let task = position.map(|position| running.remove(position));
        drop(running);
        // Its drop may hand something in.
        drop(task);
    }

    /// Drops all futures.
    pub(super) fn abort_all(&self) {
        let all = std::mem::take(&mut *self.running.borrow_mut());
        drop(all);
    }

    /// Runs what was woken since the last time; answers whether there was any.
    pub(super) fn run(&self) -> bool {
        let mut ran = false;
        let numbers: Vec<u64> = self.running.borrow().iter().map(|it| it.number).collect();
        for number in numbers {
            let position = |running: &[Task]| running.iter().position(|it| it.number == number);
            // Out of the list while it runs, so that it may start others.
            let task = {
                let mut running = self.running.borrow_mut();
                let woken = |at: &usize| running[*at].woken.0.swap(false, Ordering::Relaxed);
                let found = position(&running).filter(woken);
                found.map(|at| (at, running.remove(at)))
            };
            let Some((at, mut task)) = task else { continue };
            ran = true;
            let waker = task.woken.clone().into();
            let polled = task.future.as_mut().poll(&mut Context::from_waker(&waker));
            if polled.is_pending() {
                let mut running = self.running.borrow_mut();
                let at = at.min(running.len());
                running.insert(at, task);
            }
        }
        ran
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use super::*;

    #[test]
    fn a_future_runs_again_only_when_it_was_woken() {
        let tasks = Tasks::default();
        let (sender, answer) = tokio::sync::oneshot::channel();
        let seen = Rc::new(Cell::new(0));
        let sink = seen.clone();
        tasks.spawn(1, async move { sink.set(answer.await.expect("an answer")) });
        assert!(tasks.run());
        assert!(!tasks.run(), "nothing has woken it");
        sender.send(5).expect("it waits");
        assert!(tasks.run());
        assert_eq!(seen.get(), 5);
        assert!(!tasks.run(), "it is done");
    }

    #[test]
    fn an_aborted_future_does_not_run() {
        let tasks = Tasks::default();
        tasks.spawn(1, async { panic!("it ran") });
        tasks.abort(1);
        assert!(!tasks.run());
    }
}
