//! Writes what an opened object does, on a thread of its own.

use std::fmt;
use std::io::{self, Write};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use liveobj_references::CheckedReference;

use super::lines::LineTracer;
use super::perfetto::{self, PerfettoTracer};
use super::{Line, Tracer};
use crate::runtime::Core;
use crate::sim::open_header;

/// Bytes that may wait to be written; what is more is lost, and counted.
const MAX_WAITING: usize = 32 << 20;
/// How long the thread waits after it has been woken, so that it is not woken for each line.
const GATHER: Duration = Duration::from_millis(10);

/// How a trace is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TraceFormat {
    /// A JSON object on each line: `docs/trace.md`.
    Lines,
    /// What ui.perfetto.dev and chrome://tracing open: the Trace Event Format of Chromium, as a JSON
    /// array. Times are in microseconds.
    Perfetto,
}

/// Writes what happens in an opened object: see [`crate::OpenOptions::trace`]. Clones are the same
/// one.
///
/// The object's threads only put text into memory; another thread writes it. They never wait for
/// that: where more than 32 MiB wait, what comes is lost and counted.
#[derive(Clone)]
pub struct Tracing(Arc<Shared>);

/// What became of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traced {
    /// How many things that happened were written.
    pub written: u64,
    /// How many were lost, because the output was too slow.
    pub lost: u64,
}

struct Shared {
    format: TraceFormat,
    started: Instant,
    /// Number of the last track.
    tracks: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
    thread: Mutex<Option<JoinHandle<io::Result<()>>>>,
}

#[derive(Default)]
struct State {
    waiting: Vec<u8>,
    /// Number of the last line.
    line: u64,
    traced: Traced,
    /// What was lost since it was last told.
    untold: u64,
    /// Whether the thread waits for something to do.
    asleep: bool,
    finishing: bool,
    /// Whether nothing is taken any more.
    over: bool,
}

impl Tracing {
    /// Starts a thread that writes to `output`, which needs no buffer of its own.
    ///
    /// # Errors
    ///
    /// The thread cannot be started.
    pub fn start(output: impl Write + Send + 'static, format: TraceFormat) -> io::Result<Tracing> {
        let shared = Arc::new(Shared {
            format,
            started: Instant::now(),
            tracks: AtomicU64::new(0),
            state: Mutex::default(),
            changed: Condvar::new(),
            thread: Mutex::default(),
        });
        let own = shared.clone();
        let thread = thread::Builder::new()
            .name("liveobj-trace".to_owned())
            .spawn(move || own.run(output))?;
        *lock(&shared.thread) = Some(thread);
        Ok(Tracing(shared))
    }

    /// Writes what is left, and tells what became of the trace. What happens after that is not
    /// written. Waits for the output.
    ///
    /// # Errors
    ///
    /// It could not be written: the first error.
    pub fn finish(&self) -> io::Result<Traced> {
        let thread = lock(&self.0.thread).take();
        if let Some(thread) = thread {
            let mut state = lock(&self.0.state);
            self.end(&mut state);
            state.over = true;
            state.finishing = true;
            drop(state);
            self.0.changed.notify_all();
            let panicked = |_| Err(io::Error::other("its thread panicked"));
            thread.join().unwrap_or_else(panicked)?;
        }
        Ok(lock(&self.0.state).traced)
    }

    /// Writes what the trace is of.
    pub(crate) fn begin(&self, core: &Core, reference: &CheckedReference) {
        match self.0.format {
            TraceFormat::Lines => {
                let started = SystemTime::now().duration_since(UNIX_EPOCH);
                let started = started.unwrap_or_default().as_nanos();
                let header = open_header(core, reference, started);
                self.put(true, header.len(), |_, _, out| {
                    out.extend_from_slice(header.as_bytes());
                    out.push(b'\n');
                });
            }
            TraceFormat::Perfetto => {
                let text = perfetto::begin(&reference.source().name);
                self.put(true, text.len(), |_, _, out| {
                    out.extend_from_slice(text.as_bytes());
                });
            }
        }
    }

    /// Writes that something happened to the object as a whole.
    pub(crate) fn note(&self, kind: &str, text: Option<&str>) {
        match self.0.format {
            TraceFormat::Lines => {
                let mut line = Line::new();
                line.text("kind", kind);
                if let Some(text) = text {
                    line.text("text", text);
                }
                self.line(true, &line.finish());
            }
            TraceFormat::Perfetto => {
                let text = text.map_or_else(|| kind.to_owned(), |text| format!("{kind}: {text}"));
                self.put(true, text.len(), |_, time, out| {
                    perfetto::note(out, time, &text);
                });
            }
        }
    }

    /// The last line.
    fn end(&self, state: &mut State) {
        let lost = state.traced.lost;
        self.take(state, true, |number, time, out| match self.0.format {
            TraceFormat::Lines => {
                let mut line = Line::new();
                line.text("kind", "end").plain("lost", lost);
                numbered(out, number, time, &line.finish());
            }
            TraceFormat::Perfetto => perfetto::end(out, time, lost),
        });
    }

    /// The tracer of a domain. `name` is what people call its thread.
    pub(crate) fn tracer(&self, name: &str) -> Rc<dyn Tracer> {
        match self.0.format {
            TraceFormat::Lines => Rc::new(LineTracer::new(self.clone())),
            TraceFormat::Perfetto => Rc::new(PerfettoTracer::new(self.clone(), name)),
        }
    }

    /// A number for a track of its own.
    pub(super) fn track(&self) -> u64 {
        self.0.tracks.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Takes a line without its number and time. Answers its number, 0 where it is not taken; with
    /// `anyhow` it is in any case.
    pub(super) fn line(&self, anyhow: bool, line: &str) -> u64 {
        let mut taken = 0;
        self.put(anyhow, line.len(), |number, time, out| {
            numbered(out, number, time, line);
            taken = number;
        });
        taken
    }

    /// Takes about so many bytes, unless too many wait: `write` is called with the number of the
    /// line and nanoseconds since the start, and appends them. What is taken `anyhow` is not counted.
    pub(super) fn put(
        &self,
        anyhow: bool,
        bytes: usize,
        write: impl FnOnce(u64, u64, &mut Vec<u8>),
    ) -> bool {
        let mut state = lock(&self.0.state);
        if state.over {
            return false;
        }
        if !anyhow && state.waiting.len() + bytes > MAX_WAITING {
            state.traced.lost += 1;
            state.untold += 1;
            return false;
        }
        self.take(&mut state, anyhow, write);
        let asleep = std::mem::take(&mut state.asleep);
        drop(state);
        if asleep {
            self.0.changed.notify_one();
        }
        true
    }

    /// Takes it, after what is to be told of what was lost. Times never go back, since the state is
    /// locked.
    fn take(&self, state: &mut State, anyhow: bool, write: impl FnOnce(u64, u64, &mut Vec<u8>)) {
        let time = self.now();
        let untold = std::mem::take(&mut state.untold);
        if untold > 0 {
            self.tell_lost(state, time, untold);
        }
        state.line += 1;
        state.traced.written += u64::from(!anyhow);
        write(state.line, time, &mut state.waiting);
    }

    /// Nanoseconds since the start.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.0.started.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn tell_lost(&self, state: &mut State, time: u64, lost: u64) {
        match self.0.format {
            TraceFormat::Lines => {
                state.line += 1;
                let mut line = Line::new();
                line.text("kind", "skipped").plain("lines", lost);
                numbered(&mut state.waiting, state.line, time, &line.finish());
            }
            TraceFormat::Perfetto => {
                let text = format!("{lost} things that happened are not in this trace");
                perfetto::note(&mut state.waiting, time, &text);
            }
        }
    }
}

/// Appends a line, with its number and time before all else.
fn numbered(out: &mut Vec<u8>, number: u64, time: u64, line: &str) {
    let begin = format!(r#"{{"line":{number},"time":{time},"node":1,"#);
    out.extend_from_slice(begin.as_bytes());
    out.extend_from_slice(line.trim_start_matches('{').as_bytes());
    out.push(b'\n');
}

impl Shared {
    fn run(&self, mut output: impl Write) -> io::Result<()> {
        let mut bytes = Vec::new();
        loop {
            let mut state = lock(&self.state);
            while state.waiting.is_empty() && !state.finishing {
                state.asleep = true;
                state = self.wait(state, None);
            }
            state.asleep = false;
            if !state.finishing {
                state = self.wait(state, Some(GATHER));
            }
            std::mem::swap(&mut bytes, &mut state.waiting);
            let last = state.finishing;
            drop(state);
            let written = output.write_all(&bytes).and_then(|()| output.flush());
            if written.is_err() {
                let mut state = lock(&self.state);
                state.over = true;
                state.waiting = Vec::new();
                return written;
            }
            bytes.clear();
            if last {
                return Ok(());
            }
        }
    }

    fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        time: Option<Duration>,
    ) -> MutexGuard<'a, State> {
        match time {
            None => {
                let waited = self.changed.wait(state);
                waited.unwrap_or_else(PoisonError::into_inner)
            }
            Some(time) => {
                let waited = self
                    .changed
                    .wait_timeout_while(state, time, |state| !state.finishing);
                waited.unwrap_or_else(PoisonError::into_inner).0
            }
        }
    }
}

impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracing")
            .field("format", &self.0.format)
            .finish_non_exhaustive()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Writes when it may.
    struct Slow(Arc<Mutex<Vec<u8>>>, std::sync::mpsc::Receiver<()>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.1.recv();
            lock(&self.0).extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_slow_output_stops_nobody_and_what_is_lost_is_told() {
        let written: Arc<Mutex<Vec<u8>>> = Arc::default();
        let (may, wait) = std::sync::mpsc::channel();
        let output = Slow(written.clone(), wait);
        let tracing = Tracing::start(output, TraceFormat::Lines).expect("a thread");
        let mebibyte = format!("{{\"kind\":\"{}\"}}", "x".repeat(1 << 20));
        // At most one lot is being written, and one waits.
        let taken = (0..100)
            .filter(|_| tracing.line(false, &mebibyte) > 0)
            .count() as u64;
        assert!((31..=64).contains(&taken), "{taken} MiB were taken");
        drop(may);
        while !lock(&tracing.0.state).waiting.is_empty() {
            thread::yield_now();
        }
        assert!(
            tracing.line(false, "{\"kind\":\"small\"}") > 0,
            "there is room again"
        );
        let traced = tracing.finish().expect("it is written");
        assert_eq!((traced.written, traced.lost), (taken + 1, 100 - taken));
        let text = String::from_utf8(lock(&written).clone()).expect("text");
        let last: Vec<&str> = text.lines().skip(taken as usize).collect();
        assert!(last[0].ends_with(&format!(
            r#""node":1,"kind":"skipped","lines":{}}}"#,
            100 - taken
        )));
        assert!(last[1].ends_with(r#""kind":"small"}"#));
        assert!(last[2].ends_with(&format!(r#""kind":"end","lost":{}}}"#, 100 - taken)));
        assert_eq!(last.len(), 3);
    }

    #[test]
    fn what_cannot_be_written_is_told_in_the_end() {
        struct Full;
        impl Write for Full {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::Error::from(io::ErrorKind::StorageFull))
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let tracing = Tracing::start(Full, TraceFormat::Lines).expect("a thread");
        tracing.line(false, "{}");
        let error = tracing.finish().expect_err("nothing is written");
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
    }
}
