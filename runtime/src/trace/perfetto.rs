//! What a domain does, as Perfetto shows it: the Trace Event Format of Chromium.
//!
//! Each domain's thread has a track on which what handlers emit lies below them. Each object has
//! one too, with what it does alone. An arrow leads from where an event was emitted to where it was
//! handled, if it had to wait in between.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt::Display;

use liveobj_references::value_to_json;

use super::line::{MAX_PAYLOAD, reason_text, wake_name};
use super::{Entry, Line, Tracer, Tracing, What};

/// Process of the tracks of threads, as Perfetto groups them.
const THREADS: u64 = 1;
/// Process of the tracks of objects.
const OBJECTS: u64 = 2;
/// What comes with a line besides a name.
const ROOM: usize = 256;

/// Writes what one domain does.
pub(super) struct PerfettoTracer {
    tracing: Tracing,
    /// Track of the domain's thread.
    thread: u64,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// Track of each object.
    tracks: HashMap<String, u64>,
    /// The handlers that run, innermost last: the track of the object, none where it was lost.
    running: Vec<Option<u64>>,
    /// When what waits was emitted: by object, connection and end. First in, first out.
    waiting: BTreeMap<(String, u64, String), VecDeque<u64>>,
}

impl PerfettoTracer {
    pub(super) fn new(tracing: Tracing, name: &str) -> PerfettoTracer {
        let thread = tracing.track();
        let tracer = PerfettoTracer {
            tracing,
            thread,
            state: RefCell::default(),
        };
        tracer.name(THREADS, thread, name);
        tracer
    }

    /// Says what a track is called.
    fn name(&self, process: u64, track: u64, name: &str) {
        self.tracing.put(true, name.len() + ROOM, |_, _, out| {
            metadata(out, "thread_name", process, track, name);
        });
    }

    /// The track of an object.
    fn track(&self, object: &str) -> u64 {
        if let Some(track) = self.state.borrow().tracks.get(object) {
            return *track;
        }
        let track = self.tracing.track();
        // What happens to the domain as a whole has a track too.
        let name = if object.is_empty() { "all" } else { object };
        self.name(OBJECTS, track, name);
        let mut state = self.state.borrow_mut();
        state.tracks.insert(object.to_owned(), track);
        track
    }

    /// A function of an object begins.
    fn begin(&self, object: &str, name: &str, details: &str, emitted: Option<u64>) {
        let track = self.track(object);
        let bytes = 2 * (name.len() + details.len() + ROOM);
        let thread = self.thread;
        let taken = self.tracing.put(false, bytes, |line, time, out| {
            for place in [(THREADS, thread), (OBJECTS, track)] {
                event(out, "B", place, time, |it| {
                    it.text("name", name).plain("args", details);
                });
            }
            if let Some(emitted) = emitted {
                // Written together, so that none of them is without the other.
                for (phase, at) in [("s", emitted), ("f", time)] {
                    event(out, phase, (THREADS, thread), at, |it| {
                        it.text("name", "waits").text("cat", "waits");
                        it.plain("id", line);
                        if phase == "f" {
                            it.text("bp", "e");
                        }
                    });
                }
            }
        });
        let running = taken.then_some(track);
        self.state.borrow_mut().running.push(running);
    }

    /// Something that takes no time.
    fn instant(&self, object: &str, name: &str) {
        let track = self.track(object);
        self.tracing.put(false, name.len() + ROOM, |_, time, out| {
            event(out, "i", (OBJECTS, track), time, |it| {
                it.text("name", name).text("s", "t");
            });
        });
    }

    /// When something that waited at a connection was emitted, if that is known.
    fn emitted(&self, object: &str, connection: u64, to: &str) -> Option<u64> {
        let key = (object.to_owned(), connection, to.to_owned());
        let mut state = self.state.borrow_mut();
        let waiting = &mut state.waiting;
        let times = waiting.get_mut(&key)?;
        let time = times.pop_front();
        if times.is_empty() {
            waiting.remove(&key);
        }
        time
    }

    /// What waits for an object is not delivered any more.
    fn forget(&self, object: &str) {
        let waiting = &mut self.state.borrow_mut().waiting;
        waiting.retain(|(target, ..), _| target != object);
    }

    /// The innermost function has returned.
    fn end(&self) {
        let running = self.state.borrow_mut().running.pop();
        let Some(Some(track)) = running else {
            return;
        };
        let thread = self.thread;
        self.tracing.put(true, ROOM, |_, time, out| {
            for place in [(OBJECTS, track), (THREADS, thread)] {
                event(out, "E", place, time, |_| {});
            }
        });
    }
}

impl Tracer for PerfettoTracer {
    fn trace(&self, entry: &Entry<'_>) -> u64 {
        let object = entry.object;
        let mut details = Line::new();
        details.plain("path", entry.path);
        match &entry.what {
            What::Event {
                number,
                parent,
                connection,
                link,
                event,
                payload,
                waited,
            } => {
                let emitted = waited.map(|_| self.emitted(object, *connection, &link.to));
                let emitted = emitted.flatten();
                let Some((name, ty)) = link.events.get(*event) else {
                    self.begin(object, &link.to, "{}", emitted);
                    return 0;
                };
                details
                    .plain("number", number)
                    .plain("parent", parent)
                    .plain("connection", connection)
                    .text("from", &link.from);
                let payload = payload.as_ref();
                let payload = payload.and_then(|(types, data)| value_to_json(types, *ty, data));
                if let Some(payload) = payload.filter(|json| json.len() <= MAX_PAYLOAD) {
                    details.plain("payload", payload);
                }
                let name = format!("{}.{name}", link.to);
                self.begin(object, &name, &details.finish(), emitted);
            }
            // What goes to another domain is told of by another tracer when it arrives there.
            What::Waits { link, .. } if link.ends.1.is_none() => {}
            What::Waits {
                connection, link, ..
            } => {
                let key = (object.to_owned(), *connection, link.to.clone());
                let waiting = &mut self.state.borrow_mut().waiting;
                waiting
                    .entry(key)
                    .or_default()
                    .push_back(self.tracing.now());
            }
            What::Connected {
                connection,
                endpoint,
                peer,
                ..
            } => {
                details.plain("connection", connection);
                if let Some(peer) = peer {
                    details.text("peer", &peer.0);
                }
                let name = format!("{endpoint} connected");
                self.begin(object, &name, &details.finish(), None);
            }
            What::Disconnected {
                connection,
                endpoint,
                reason,
                ..
            } => {
                details.plain("connection", connection);
                details.text("reason", reason_text(*reason));
                let name = format!("{endpoint} disconnected");
                self.begin(object, &name, &details.finish(), None);
            }
            What::Wake { token, wake, .. } => {
                details.plain("token", token);
                let name = format!("{object}: {}", wake_name(wake));
                self.begin(object, &name, &details.finish(), None);
            }
            What::Created(_) => self.instant(object, "created"),
            What::Destroyed => {
                self.forget(object);
                self.instant(object, "destroyed");
            }
            What::Across { .. } => {}
            What::Request { request, .. } => {
                self.instant(object, &format!("asks: {}", request.name()));
            }
            What::Said { level, text } => self.instant(object, &format!("{level}: {text}")),
        }
        0
    }

    fn done(&self) {
        self.end();
    }
}

impl Drop for PerfettoTracer {
    fn drop(&mut self) {
        while !self.state.borrow().running.is_empty() {
            self.end();
        }
    }
}

/// How the file begins: an array, and what the groups of tracks are called.
pub(super) fn begin(name: &str) -> String {
    let mut out = b"[\n".to_vec();
    metadata(
        &mut out,
        "process_name",
        THREADS,
        0,
        &format!("{name}: threads"),
    );
    metadata(
        &mut out,
        "process_name",
        OBJECTS,
        0,
        &format!("{name}: objects"),
    );
    String::from_utf8(out).expect("because it was made of text")
}

/// Something that happens to all.
pub(super) fn note(out: &mut Vec<u8>, time: u64, text: &str) {
    event(out, "i", (THREADS, 0), time, |it| {
        it.text("name", text).text("s", "g");
    });
}

/// How the file ends.
pub(super) fn end(out: &mut Vec<u8>, time: u64, lost: u64) {
    note(out, time, &format!("end, {lost} lost"));
    // Without the comma after the last one.
    out.truncate(out.len() - 2);
    out.extend_from_slice(b"\n]\n");
}

fn metadata(out: &mut Vec<u8>, what: &str, process: u64, track: u64, name: &str) {
    let mut named = Line::new();
    named.text("name", name);
    let mut line = Line::new();
    line.text("ph", "M")
        .text("name", what)
        .plain("pid", process)
        .plain("tid", track)
        .plain("args", named.finish());
    push(out, line);
}

/// One event: its phase, process and track, nanoseconds, and what else belongs to it.
fn event(
    out: &mut Vec<u8>,
    phase: &str,
    (process, track): (u64, u64),
    time: u64,
    rest: impl FnOnce(&mut Line),
) {
    let mut line = Line::new();
    line.text("ph", phase)
        .plain("pid", process)
        .plain("tid", track)
        .plain("ts", microseconds(time));
    rest(&mut line);
    push(out, line);
}

fn microseconds(time: u64) -> impl Display {
    format!("{}.{:03}", time / 1_000, time % 1_000)
}

fn push(out: &mut Vec<u8>, line: Line) {
    out.extend_from_slice(line.finish().as_bytes());
    out.extend_from_slice(b",\n");
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io;
    use std::sync::{Arc, Mutex};

    use serde_json::Value;

    use super::super::{TraceFormat, TracedLink};
    use super::*;
    use crate::boundary::calls::Wake;

    #[derive(Clone, Default)]
    struct Output(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("it is sound").extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn link(object: &str) -> TracedLink {
        TracedLink {
            object: object.to_owned(),
            from: "elsewhere.end".to_owned(),
            to: format!("{object}.end"),
            ends: (
                None,
                Some(crate::engine::connect::End {
                    proxy: 1,
                    endpoint: 0,
                }),
            ),
            events: Vec::new(),
            cut: std::cell::Cell::new(false),
        }
    }

    fn tell(tracer: &dyn Tracer, object: &str, what: What<'_>) {
        let path = 1;
        let proxy = 1;
        tracer.trace(&Entry {
            object,
            proxy,
            path,
            what,
        });
    }

    fn event(tracer: &dyn Tracer, link: &TracedLink, waited: bool) {
        let what = What::Event {
            number: 1,
            parent: 0,
            connection: 7,
            link,
            event: 0,
            payload: None,
            waited: waited.then_some(0),
        };
        tell(tracer, &link.object, what);
    }

    /// What lies open on each track in the end, and the arrows; times must not go back.
    fn read(text: &str) -> (Vec<u64>, BTreeMap<u64, Vec<String>>) {
        let events: Vec<Value> = serde_json::from_str(text).expect("an array of JSON");
        let mut open: BTreeMap<(u64, u64), (u64, f64)> = BTreeMap::new();
        let mut arrows: BTreeMap<u64, Vec<String>> = BTreeMap::new();
        for event in &events {
            let number = |name: &str| event[name].as_u64().expect("a number");
            let phase = event["ph"].as_str().expect("a phase");
            if phase == "M" {
                continue;
            }
            let time = event["ts"].as_f64().expect("a time");
            if matches!(phase, "s" | "f") {
                arrows
                    .entry(number("id"))
                    .or_default()
                    .push(phase.to_owned());
                continue;
            }
            let track = open.entry((number("pid"), number("tid"))).or_default();
            assert!(track.1 <= time, "{event} comes after {}", track.1);
            track.1 = time;
            match phase {
                "B" => track.0 += 1,
                "E" => track.0 = track.0.checked_sub(1).expect("it had begun"),
                _ => assert_eq!(phase, "i"),
            }
        }
        (open.into_values().map(|it| it.0).collect(), arrows)
    }

    #[test]
    fn slices_are_closed_and_arrows_lead_from_emission_to_handling() {
        let output = Output::default();
        let tracing = Tracing::start(output.clone(), TraceFormat::Perfetto).expect("a thread");
        tracing.put(true, 0, |_, _, out| {
            out.extend_from_slice(begin("test").as_bytes())
        });
        let tracer = tracing.tracer("domain");
        let (near, far) = (link("near"), link("far"));
        tell(
            &*tracer,
            "near",
            What::Said {
                level: crate::report::Level::Info,
                text: "hello",
            },
        );
        let wake = Wake::Timer;
        tell(
            &*tracer,
            "near",
            What::Wake {
                token: 1,
                wake: &wake,
                local: None,
            },
        );
        event(&*tracer, &far, false);
        // Two events wait, and the second is never delivered.
        for _ in 0..2 {
            let what = What::Waits {
                parent: 0,
                connection: 7,
                link: &near,
                event: 0,
                payload: None,
            };
            tell(&*tracer, "near", what);
        }
        tracer.done();
        tracer.done();
        event(&*tracer, &near, true);
        tracer.done();
        tell(&*tracer, "near", What::Destroyed);
        // One that is running when all ends.
        event(&*tracer, &far, false);
        drop(tracer);
        let traced = tracing.finish().expect("it is written");
        assert_eq!(traced.lost, 0);
        let text = output.0.lock().expect("it is sound").clone();
        let text = String::from_utf8(text).expect("text");
        let (open, arrows) = read(&text);
        assert!(open.iter().all(|open| *open == 0), "{text}");
        let arrows: Vec<_> = arrows.into_values().collect();
        assert_eq!(arrows, [["s", "f"]]);
    }
}
