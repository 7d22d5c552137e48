//! Watches recorded histories: the traces that simulations and opened objects write.
//!
//! Traces are read once, from their first lines to their last (`lines`, `merged`). Of what it says, the monitors keep what
//! they need, and each constraint the numbers of its last lines; those that led to a violation are
//! read once more in the end. An object is the same one on all nodes where it stands at the same
//! place of equal references.

mod causes;
mod history;
mod lines;
mod merged;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use self::causes::Causes;
use self::history::History;
use self::lines::Line;
use self::merged::{Item, Merged, Source};
use super::object_of;
use crate::runtime::Runtime;
use crate::sim::{Beginning, ReplayError};

/// What a trace says of the constraints of its objects.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Monitored {
    /// The file; where these are several, by node.
    pub paths: Vec<PathBuf>,
    /// What messages call the document; where these are several, that of the first node.
    pub name: String,
    /// The constraints of all objects, by object and endpoint in the order met.
    pub constraints: Vec<MonitoredConstraint>,
    /// Objects whose types cannot be read, with the reason.
    pub unread: Vec<(String, String)>,
    /// Whether it really ran; else it was simulated.
    pub opened: bool,
    /// The nodes whose trace breaks off, or 1 for a simulation whose trace ends before it did. What was
    /// broken by then is broken.
    pub truncated: Vec<u32>,
    /// How many lines were read.
    pub lines: u64,
}

/// A constraint of an object, and what a trace says of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MonitoredConstraint {
    /// Name of its formalism.
    pub formalism: String,
    /// Its text, with what it is given under.
    pub text: String,
    /// The endpoint or object whose type has it: `server.lookup`, by its path in the reference.
    pub subject: String,
    /// Whether that type provides it; otherwise it requires it of whoever is connected.
    pub provided: bool,
    /// Where it was written, where that is known: source, line and column.
    pub declared: Option<String>,
    /// What the trace says.
    pub status: Status,
    /// Parts that are not watched, each with the reason.
    pub left_out: Vec<String>,
    /// How many events and connections that begin or end it was told of.
    pub told: u64,
    /// How often it was broken; each connection or message breaks it once.
    pub violations: u64,
    /// The first time.
    pub first: Option<RecordedViolation>,
}

/// What a trace says of a constraint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is broken, whatever would follow.
    Violated,
    /// Nothing that could follow breaks it.
    Satisfied,
    /// It is not broken, and could still be.
    Open,
    /// Whether it is broken depends on an order of what happened on several nodes that nobody recorded,
    /// or on what a node did after its trace breaks off: of so many connections, messages or
    /// combinations of them.
    Undecided(u64),
    /// It is not watched, or not to the end: why, in lower case and without a final period.
    Unmonitored(String),
}

/// How a constraint was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedViolation {
    /// The object that broke it; none where the event does not tell, as when a connection begins.
    pub by: Option<String>,
    /// The node at which it was broken.
    pub node: u32,
    /// Line of the event that broke it.
    pub line: u64,
    /// What led to it, the event that broke it at the end, as far as that is remembered.
    pub trail: Vec<TracedEvent>,
}

/// A line of a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TracedEvent {
    /// Its number.
    pub line: u64,
    /// Nanoseconds since the start.
    pub time: u64,
    /// The node.
    pub node: u32,
    /// What happens: its `kind`.
    pub kind: String,
    /// The event's name; empty where a connection begins or ends.
    pub event: String,
    /// The end that it comes from, `object.endpoint`, or that hears of it.
    pub from: String,
    /// The other end; empty where the trace does not say.
    pub to: String,
    /// The connection, as the node counts them.
    pub connection: u64,
    /// What it carries, as JSON, where the trace has it.
    pub payload: Option<String>,
    /// For an event that had waited: the line where it was emitted.
    pub emitted: Option<u64>,
}

/// Why a trace cannot be watched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MonitorError {
    /// It is no trace, or one of another version.
    #[error(transparent)]
    Trace(#[from] ReplayError),
    /// It cannot be read any further.
    #[error("cannot read `{}`: {error}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        error: io::Error,
    },
    /// A line in the midst of it is none of a trace.
    #[error("`{}` is damaged at line {line}: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Number of the line.
        line: u64,
        /// What is the matter with it.
        reason: String,
    },
}

/// As [`monitor_traces`], of one trace.
///
/// # Errors
///
/// The file cannot be read, is no trace of this version, or is damaged.
pub fn monitor_trace(runtime: &Runtime, path: &Path) -> Result<Monitored, MonitorError> {
    let mut judged = monitor_traces(runtime, &[path.to_owned()]);
    judged.pop().expect("because there is one for each trace")
}

/// Watches the constraints of all objects of traces. The types of objects stand in them; the runtime
/// gives the formalisms.
///
/// A trace of a simulation is judged by itself. Traces that `open` wrote are one history, each of a
/// node of its own, numbered from 1 in their order here; they have to be those of all nodes. What is
/// said of them stands where the first of them does.
///
/// # Errors
///
/// A file cannot be read, is no trace of this version, or is damaged. One that only ends too early is
/// none: see [`Monitored::truncated`]. Where there is an error of any, traces that `open` wrote are not
/// judged, since one of them may be missing.
pub fn monitor_traces(
    runtime: &Runtime,
    paths: &[PathBuf],
) -> Vec<Result<Monitored, MonitorError>> {
    let mut all = Vec::new();
    let mut opened: Vec<(String, Source)> = Vec::new();
    let mut place = None;
    let mut unread = false;
    for path in paths {
        let started = match Beginning::read(path) {
            Ok((beginning, _)) => (beginning.name, beginning.open),
            Err(error) => {
                unread = true;
                all.push(Err(MonitorError::Trace(error)));
                continue;
            }
        };
        let source = Source {
            path: path.clone(),
            started: started.1.map(|open| open.started),
        };
        match source.started {
            Some(_) => {
                place.get_or_insert(all.len());
                opened.push((started.0, source));
            }
            None => all.push(judge(runtime, started.0, vec![source])),
        }
    }
    if let Some(place) = place.filter(|_| !unread) {
        let name = opened[0].0.clone();
        let sources = opened.into_iter().map(|it| it.1).collect();
        all.insert(place, judge(runtime, name, sources));
    }
    all
}

/// Watches one history.
fn judge(runtime: &Runtime, name: String, sources: Vec<Source>) -> Result<Monitored, MonitorError> {
    let several = sources.len() > 1;
    let causes = match several {
        true => Causes::of(&sources)?,
        false => Causes::default(),
    };
    let opened = sources.iter().all(|source| source.started.is_some());
    let mut history = History::new(runtime.formalisms(), several, !opened);
    let mut cut_off = Vec::new();
    let mut lines = Merged::open(&sources, &causes)?;
    while lines.next(&mut |item| match item {
        Item::Line(number, line, after) => history.line(number, line, after),
        Item::Over(node, breaks_off) => {
            if breaks_off {
                cut_off.push(node);
                // What a simulation did not get to do has not happened.
                if opened {
                    history.breaks_off(node);
                }
            }
            Ok(())
        }
    })? {}
    let count = lines.lines();
    let (mut constraints, unread) = history.finish();
    fill(&sources, &causes, &mut constraints)?;
    cut_off.sort_unstable();
    Ok(Monitored {
        paths: sources.into_iter().map(|source| source.path).collect(),
        name,
        constraints,
        unread,
        opened,
        truncated: cut_off,
        lines: count,
    })
}

impl TracedEvent {
    /// A line of which nothing else is known yet.
    fn only_number(line: u64) -> TracedEvent {
        TracedEvent {
            line,
            time: 0,
            node: 0,
            kind: String::new(),
            event: String::new(),
            from: String::new(),
            to: String::new(),
            connection: 0,
            payload: None,
            emitted: None,
        }
    }
}

/// Reads the lines that led to violations, which have their numbers among all so far.
fn fill(
    sources: &[Source],
    causes: &Causes,
    constraints: &mut [MonitoredConstraint],
) -> Result<(), MonitorError> {
    let mut wanted: BTreeMap<u64, Vec<&mut TracedEvent>> = BTreeMap::new();
    for constraint in &mut *constraints {
        let first = constraint.first.iter_mut();
        for event in first.flat_map(|first| &mut first.trail) {
            wanted.entry(event.line).or_default().push(event);
        }
    }
    let Some(last) = wanted.keys().next_back().copied() else {
        return Ok(());
    };
    let mut lines = Merged::open(sources, causes)?;
    while lines.number < last
        && lines.next(&mut |item| {
            if let Item::Line(number, line, _) = item {
                for event in wanted.remove(&number).into_iter().flatten() {
                    event.fill(line);
                }
            }
            Ok(())
        })?
    {}
    for first in constraints.iter_mut().filter_map(|it| it.first.as_mut()) {
        let Some(last) = first.trail.last() else {
            continue;
        };
        (first.line, first.node) = (last.line, last.node);
        // One that is known whatever the order is has yet to be named; else in another order somebody
        // else would have been the last.
        if first.by.as_deref() == Some("") {
            first.by = Some(object_of(&last.from));
        } else if sources.len() > 1 && first.trail.iter().any(|event| event.node != first.node) {
            first.by = None;
        }
    }
    Ok(())
}

impl TracedEvent {
    fn fill(&mut self, line: &Line<'_>) {
        let life = line.event.is_empty();
        *self = TracedEvent {
            line: line.line,
            time: line.time,
            node: line.node,
            kind: line.kind.to_string(),
            event: line.event.to_string(),
            from: if life { &line.endpoint } else { &line.from }.to_string(),
            to: if life { &line.peer } else { &line.to }.to_string(),
            connection: line.connection,
            payload: line.payload.map(|payload| payload.get().to_owned()),
            emitted: line.emitted,
        };
    }
}

#[cfg(test)]
mod tests;
