//! Watches recorded histories: the traces that simulations write.
//!
//! A trace is read once, from its first line to its last. Of what it says, the monitors keep what
//! they need, and each constraint the numbers of its last lines; those that led to a violation are
//! read once more in the end. An object is the same one on all nodes where it stands at the same
//! place of equal references.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};

use liveobj_references::ObjectText;
use liveobj_types::monitor::Culprit;
use liveobj_types::relation::Side;
use liveobj_types::types::{Endpoint, Object, Value};
use liveobj_types::{EndpointId, Formalisms, Types};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::watching::{
    Broken, Group, Promises, Remembered, Scope, Telling, Told, Valued, Values, Watching,
};
use super::{endpoint_of, object_of};
use crate::runtime::Runtime;
use crate::sim::{ReplayError, Trace};

/// Why constraints about everything are not watched where a reference stands twice.
const SEVERAL: &str = "the same reference stands at several places, and whether these are one \
                       object the trace does not say";

/// What a trace says of the constraints of its objects.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Monitored {
    /// The file.
    pub path: PathBuf,
    /// What messages call the document that was simulated.
    pub name: String,
    /// The constraints of all objects, by object and endpoint in the order met.
    pub constraints: Vec<MonitoredConstraint>,
    /// Objects whose types cannot be read, with the reason.
    pub unread: Vec<(String, String)>,
    /// Whether the trace ends before the simulation did. What was broken by then is broken.
    pub truncated: bool,
    /// How many lines were read.
    pub lines: u64,
}

/// A constraint of an object, and what a trace says of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct MonitoredConstraint {
    /// Name of its formalism.
    pub formalism: String,
    /// Its text.
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

/// Watches the constraints of all objects of a trace. The types of objects stand in the trace; the
/// runtime gives the formalisms.
///
/// # Errors
///
/// The file cannot be read, is no trace of this version, or is damaged. One that only ends too
/// early is none: see [`Monitored::truncated`].
pub fn monitor_trace(runtime: &Runtime, path: &Path) -> Result<Monitored, MonitorError> {
    let trace = Trace::open(path)?;
    let mut history = History {
        formalisms: runtime.formalisms().clone(),
        watching: Watching::new(Scope::Everything),
        declared: HashMap::new(),
        objects: Vec::new(),
        found: BTreeMap::new(),
        proxies: HashMap::new(),
        connections: BTreeMap::new(),
        instances: 0,
        violations: BTreeMap::new(),
        unread: BTreeSet::new(),
    };
    let mut lines = LineReader::open(path)?;
    let mut ended = false;
    while let Some(line) = lines.next()? {
        let Some(line) = line.parse()? else {
            break;
        };
        ended = line.kind == "end";
        history
            .line(&line)
            .map_err(|reason| lines.damaged(reason))?;
    }
    let count = lines.number;
    let mut monitored = history.finish(path, &trace, count);
    monitored.truncated = !ended;
    fill(path, &mut monitored.constraints)?;
    Ok(monitored)
}

/// The lines of a file behind the first one.
struct LineReader {
    path: PathBuf,
    reader: BufReader<File>,
    text: String,
    number: u64,
}

/// A line, and whether it is the last one.
struct Text<'a> {
    path: &'a Path,
    number: u64,
    text: &'a str,
    last: bool,
}

impl LineReader {
    fn open(path: &Path) -> Result<LineReader, MonitorError> {
        let read = |error| MonitorError::Read {
            path: path.to_owned(),
            error,
        };
        let mut lines = LineReader {
            path: path.to_owned(),
            reader: BufReader::new(File::open(path).map_err(read)?),
            text: String::new(),
            number: 0,
        };
        lines.next()?;
        Ok(lines)
    }

    fn next(&mut self) -> Result<Option<Text<'_>>, MonitorError> {
        self.text.clear();
        let read = self.reader.read_line(&mut self.text);
        let fill = read.and_then(|read| Ok((read, self.reader.fill_buf()?.is_empty())));
        let (read, last) = fill.map_err(|error| MonitorError::Read {
            path: self.path.clone(),
            error,
        })?;
        if read == 0 {
            return Ok(None);
        }
        self.number += 1;
        Ok(Some(Text {
            path: &self.path,
            number: self.number,
            text: &self.text,
            last,
        }))
    }

    fn damaged(&self, reason: String) -> MonitorError {
        MonitorError::Damaged {
            path: self.path.clone(),
            line: self.number,
            reason,
        }
    }
}

impl<'a> Text<'a> {
    /// None where it is the last one and was not finished.
    fn parse(&self) -> Result<Option<Line<'a>>, MonitorError> {
        let damaged = |reason| MonitorError::Damaged {
            path: self.path.to_owned(),
            line: self.number,
            reason,
        };
        match serde_json::from_str::<Line<'a>>(self.text) {
            Ok(line) if line.line == self.number => Ok(Some(line)),
            Ok(line) => Err(damaged(format!(
                "it says that it is line {}; something was taken out or put in",
                line.line
            ))),
            Err(_) if self.last && !self.text.ends_with('\n') => Ok(None),
            Err(error) => Err(damaged(error.to_string())),
        }
    }
}

/// A line of a trace, as far as it is needed here.
#[derive(Deserialize)]
struct Line<'a> {
    line: u64,
    time: u64,
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(default)]
    node: u32,
    #[serde(default, borrow)]
    object: Cow<'a, str>,
    id: Option<u64>,
    from_id: Option<u64>,
    peer_id: Option<u64>,
    #[serde(default)]
    connection: u64,
    #[serde(default, borrow)]
    endpoint: Cow<'a, str>,
    #[serde(default, borrow)]
    peer: Cow<'a, str>,
    #[serde(default, borrow)]
    from: Cow<'a, str>,
    #[serde(default, borrow)]
    to: Cow<'a, str>,
    #[serde(default, borrow)]
    event: Cow<'a, str>,
    emitted: Option<u64>,
    #[serde(default, borrow)]
    values: BTreeMap<Cow<'a, str>, Cow<'a, str>>,
    #[serde(borrow)]
    payload: Option<&'a RawValue>,
    declared: Option<u64>,
    #[serde(default, borrow)]
    reference: Cow<'a, str>,
    #[serde(default, borrow)]
    types: Cow<'a, str>,
    #[serde(default, borrow)]
    object_type: Cow<'a, str>,
    #[serde(default)]
    private: BTreeMap<String, String>,
    #[serde(default)]
    places: Vec<DeclaredPlace>,
}

/// Where a constraint was written.
#[derive(Clone, Deserialize)]
struct DeclaredPlace {
    of: String,
    formalism: String,
    text: String,
    place: String,
}

/// A type that the trace declares.
struct DeclaredType {
    text: ObjectText,
    places: Vec<DeclaredPlace>,
    /// Read when the first object of it is created.
    resolved: Option<Result<Resolved, String>>,
}

struct Resolved {
    types: Types,
    object: liveobj_types::ObjectId,
    /// Name and type of each endpoint, with the private ones.
    endpoints: Vec<(String, EndpointId)>,
}

/// What is the same object on all nodes.
struct Watched {
    /// The line that declares its type.
    declared: u64,
    reference: String,
    label: String,
    group: Group,
}

/// A proxy of one life of a node.
struct Proxy {
    object: usize,
    /// Its number among the proxies of all nodes.
    number: u64,
}

/// A connection that has not ended.
struct Connection {
    /// Its number among the connections of all nodes.
    number: u64,
    /// The two ends: the proxy and the name of its end.
    ends: [(Option<u64>, String); 2],
    /// Whether one has heard that it has ended.
    over: bool,
}

struct History {
    formalisms: Formalisms,
    watching: Watching<u64>,
    declared: HashMap<u64, DeclaredType>,
    objects: Vec<Watched>,
    /// The objects by declaration, reference and path.
    found: BTreeMap<(u64, String, String), usize>,
    proxies: HashMap<(u32, u64), Proxy>,
    connections: BTreeMap<(u32, u64), Connection>,
    /// Proxies and connections so far.
    instances: u64,
    /// How often each constraint was broken, and the first time.
    violations: BTreeMap<usize, (u64, RecordedViolation)>,
    unread: BTreeSet<(String, String)>,
}

impl History {
    fn line(&mut self, line: &Line<'_>) -> Result<(), String> {
        match &*line.kind {
            "declared" => {
                let text = ObjectText {
                    types: line.types.to_string(),
                    object: line.object_type.to_string(),
                    private: line.private.clone(),
                };
                let declared = DeclaredType {
                    text,
                    places: line.places.clone(),
                    resolved: None,
                };
                self.declared.insert(line.line, declared);
            }
            "start" => self.over(line, false),
            "crash" => self.over(line, true),
            "created" => return self.created(line),
            "destroyed" => {
                self.proxies.remove(&(line.node, line.id.unwrap_or(0)));
            }
            "connected" => self.connected(line),
            "disconnected" => self.disconnected(line),
            "emitted" => self.event(line, true),
            "event" => {
                if line.emitted.is_none() {
                    self.event(line, true);
                }
                self.event(line, false);
            }
            _ => {}
        }
        Ok(())
    }

    /// A life of a node is over.
    fn over(&mut self, line: &Line<'_>, gone: bool) {
        let node = line.node;
        let here = (node, 0)..=(node, u64::MAX);
        let open: Vec<u64> = self.connections.range(here).map(|it| it.0.1).collect();
        for connection in open {
            let Some(connection) = self.connections.remove(&(node, connection)) else {
                continue;
            };
            if !gone {
                continue;
            }
            let [left, right] = &connection.ends;
            for (own, other) in [(left, right), (right, left)] {
                self.both(line, connection.number, own, other, Telling::Gone);
            }
        }
        self.proxies.retain(|(of, _), _| *of != node);
    }

    fn created(&mut self, line: &Line<'_>) -> Result<(), String> {
        let (Some(id), Some(declared)) = (line.id, line.declared) else {
            return Ok(());
        };
        let label = line.object.to_string();
        let key = (declared, line.reference.to_string(), label.clone());
        let object = match self.found.get(&key) {
            Some(object) => *object,
            None => match self.object(declared, &line.reference, &label)? {
                Ok(object) => {
                    self.found.insert(key, object);
                    object
                }
                Err(reason) => {
                    self.unread.insert((label, reason));
                    return Ok(());
                }
            },
        };
        let number = self.next();
        let proxy = Proxy { object, number };
        self.proxies.insert((line.node, id), proxy);
        Ok(())
    }

    /// An object that was not met before. The inner error is that its type cannot be read.
    fn object(
        &mut self,
        declared: u64,
        reference: &str,
        label: &str,
    ) -> Result<Result<usize, String>, String> {
        let ty = self.declared.get_mut(&declared).ok_or_else(|| {
            format!("its type is declared in line {declared}, where there is no declaration")
        })?;
        let formalisms = &self.formalisms;
        let text = &ty.text;
        let resolved = ty.resolved.get_or_insert_with(|| resolve(text, formalisms));
        let resolved = match resolved {
            Ok(resolved) => resolved,
            Err(reason) => return Ok(Err(reason.clone())),
        };
        let endpoints = resolved.endpoints.iter();
        let promises = Promises {
            types: &resolved.types,
            body: match resolved.types.object(resolved.object) {
                Object::Endpoints(body) => Some(body),
                Object::Top | Object::Parameter(_) => None,
            },
            endpoints: endpoints.map(|(name, ty)| (name.as_str(), *ty)).collect(),
            sides: &[Side::Provides, Side::Requires],
        };
        let group = self.watching.add(formalisms, &promises, label);
        let twins = self.objects.iter().filter(|it| it.reference == reference);
        let mut everything: Vec<usize> = twins
            .filter(|it| it.label != label)
            .flat_map(|it| it.group.constraints.iter().copied())
            .collect();
        if !everything.is_empty() {
            everything.extend(&group.constraints);
        }
        for constraint in everything {
            let monitor = self.watching.get(constraint).map(|it| &it.monitor);
            if monitor.is_some_and(|it| it.as_ref().is_ok_and(|it| it.needs_everything())) {
                self.watching.give_up(constraint, SEVERAL);
            }
        }
        self.objects.push(Watched {
            declared,
            reference: reference.to_owned(),
            label: label.to_owned(),
            group,
        });
        Ok(Ok(self.objects.len() - 1))
    }

    fn next(&mut self) -> u64 {
        self.instances += 1;
        self.instances
    }

    /// Number of a connection, which is known from the first line that names it.
    fn connection(&mut self, line: &Line<'_>, ends: [(Option<u64>, &str); 2]) -> u64 {
        let key = (line.node, line.connection);
        if let Some(known) = self.connections.get(&key) {
            return known.number;
        }
        let number = self.next();
        let ends = ends.map(|(proxy, name)| (proxy, name.to_owned()));
        let connection = Connection {
            number,
            ends,
            over: false,
        };
        self.connections.insert(key, connection);
        number
    }

    fn connected(&mut self, line: &Line<'_>) {
        let (own, peer) = ((line.id, &*line.endpoint), (line.peer_id, &*line.peer));
        let number = self.connection(line, [own, peer]);
        let [own, peer] = [own, peer].map(|(proxy, name)| (proxy, name.to_owned()));
        self.both(line, number, &own, &peer, Telling::Connect);
    }

    fn disconnected(&mut self, line: &Line<'_>) {
        let key = (line.node, line.connection);
        let Some(known) = self.connections.get_mut(&key) else {
            return;
        };
        let number = known.number;
        let other = usize::from(known.ends[0].0 == line.id && known.ends[0].1 == line.endpoint);
        let (own, peer) = (known.ends[1 - other].clone(), known.ends[other].clone());
        if std::mem::replace(&mut known.over, true) {
            self.connections.remove(&key);
        }
        self.both(line, number, &own, &peer, Telling::Disconnect);
    }

    /// An event is emitted, or handled by its receiver.
    fn event(&mut self, line: &Line<'_>, emitted: bool) {
        let ends = [(line.from_id, &*line.from), (line.id, &*line.to)];
        let number = self.connection(line, ends);
        let [from, to] = ends.map(|(proxy, name)| (proxy, name.to_owned()));
        let domains = self
            .domains(line, &from)
            .or_else(|| self.domains(line, &to));
        let read = || values(line, domains.as_ref());
        let values = Values::new(&read);
        let what = Telling::Event {
            name: &line.event,
            emitted,
            values: &values,
        };
        let (own, other) = if emitted { (&from, &to) } else { (&to, &from) };
        self.both(line, number, own, other, what);
    }

    /// What tells the types of an event's parameters apart, as the type of an end has them.
    fn domains(
        &self,
        line: &Line<'_>,
        end: &(Option<u64>, String),
    ) -> Option<BTreeMap<String, String>> {
        if line.values.is_empty() {
            return None;
        }
        let proxy = self.proxies.get(&(line.node, end.0?))?;
        let declared = self.declared.get(&self.objects[proxy.object].declared)?;
        let resolved = declared.resolved.as_ref()?.as_ref().ok()?;
        let name = endpoint_of(&end.1);
        let ty = resolved.endpoints.iter().find(|it| it.0 == name)?.1;
        let Endpoint::Events { events, .. } = resolved.types.endpoint(ty) else {
            return None;
        };
        let payload = events.get(&*line.event)?.payload;
        let Value::Record { fields, .. } = resolved.types.value(payload) else {
            return None;
        };
        let domains = fields.iter();
        let domains = domains.map(|(name, ty)| (name.clone(), resolved.types.domain(*ty).key));
        Some(domains.collect())
    }

    /// Tells both ends what happens to one: its own type may provide a constraint, and that of the
    /// other may require it.
    fn both(
        &mut self,
        line: &Line<'_>,
        connection: u64,
        own: &(Option<u64>, String),
        other: &(Option<u64>, String),
        what: Telling<'_>,
    ) {
        for (end, side) in [(own, Side::Provides), (other, Side::Requires)] {
            let Some(proxy) = end.0.and_then(|id| self.proxies.get(&(line.node, id))) else {
                continue;
            };
            let object = &self.objects[proxy.object];
            let declared = self.declared.get(&object.declared);
            let resolved = declared.and_then(|it| it.resolved.as_ref()?.as_ref().ok());
            let name = endpoint_of(&end.1);
            let endpoint = resolved.and_then(|it| it.endpoints.iter().position(|it| it.0 == name));
            let Some(endpoint) = endpoint.and_then(|it| u32::try_from(it).ok()) else {
                continue;
            };
            let told = Told {
                number: line.line,
                connection,
                proxy: proxy.number,
                endpoint,
                side,
                what,
                note: line.line,
            };
            let violations = &mut self.violations;
            self.watching
                .tell(&object.group, &told, &mut |broken: &Broken<'_, u64>| {
                    let (provider, peer) = (&own.1, &other.1);
                    let by = match broken.by {
                        Culprit::Provider => Some(provider),
                        Culprit::Peer => Some(peer),
                        Culprit::Untold => None,
                    };
                    let known = violations.entry(broken.constraint).or_insert_with(|| {
                        let trail = broken.trail.iter().map(|remembered| match remembered {
                            Remembered::Note(line) => **line,
                            Remembered::Number(line) => *line,
                        });
                        let mut lines: BTreeSet<u64> = trail.collect();
                        lines.insert(line.line);
                        let violation = RecordedViolation {
                            by: by.map(|end| object_of(end)),
                            node: line.node,
                            line: line.line,
                            trail: lines.into_iter().map(only_number).collect(),
                        };
                        (0, violation)
                    });
                    known.0 += 1;
                });
        }
    }

    fn finish(mut self, path: &Path, trace: &Trace, lines: u64) -> Monitored {
        let mut constraints = Vec::new();
        for object in &self.objects {
            let places = self.declared.get(&object.declared).map(|it| &it.places);
            for number in &object.group.constraints {
                let Some(watched) = self.watching.get(*number) else {
                    continue;
                };
                let named = &watched.named;
                let place = places.into_iter().flatten().find(|place| {
                    place.of == named.of
                        && place.formalism == named.formalism
                        && place.text == named.text
                });
                let violated = self.violations.remove(number);
                let status = match (&violated, &watched.monitor) {
                    (Some(_), _) => Status::Violated,
                    (None, Err(reason)) => Status::Unmonitored(reason.clone()),
                    (None, Ok(monitor)) if monitor.is_satisfied() => Status::Satisfied,
                    (None, Ok(_)) => Status::Open,
                };
                let left_out = watched.monitor.as_ref().map(|it| it.left_out().to_vec());
                constraints.push(MonitoredConstraint {
                    formalism: named.formalism.clone(),
                    text: named.text.clone(),
                    subject: named.subject.clone(),
                    provided: named.provided,
                    declared: place.map(|place| place.place.clone()),
                    status,
                    left_out: left_out.unwrap_or_default(),
                    told: watched.told,
                    violations: violated.as_ref().map_or(0, |it| it.0),
                    first: violated.map(|it| it.1),
                });
            }
        }
        Monitored {
            path: path.to_owned(),
            name: trace.document().name.clone(),
            constraints,
            unread: self.unread.into_iter().collect(),
            truncated: false,
            lines,
        }
    }
}

fn resolve(text: &ObjectText, formalisms: &Formalisms) -> Result<Resolved, String> {
    let mut types = Types::new();
    let resolved = text.resolve(&mut types, formalisms)?;
    let mut endpoints: Vec<(String, EndpointId)> = match types.object(resolved.object) {
        Object::Endpoints(body) => body
            .endpoints
            .iter()
            .map(|(name, endpoint)| (name.clone(), endpoint.ty))
            .collect(),
        Object::Top | Object::Parameter(_) => Vec::new(),
    };
    endpoints.extend(resolved.private);
    Ok(Resolved {
        types,
        object: resolved.object,
        endpoints,
    })
}

fn values(line: &Line<'_>, domains: Option<&BTreeMap<String, String>>) -> BTreeMap<String, Valued> {
    let values = line.values.iter().filter_map(|(name, digest)| {
        let valued = Valued {
            domain: domains?.get(&**name)?.clone(),
            bytes: digest.as_bytes().to_vec(),
        };
        Some((name.to_string(), valued))
    });
    values.collect()
}

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

/// Reads the lines that led to violations.
fn fill(path: &Path, constraints: &mut [MonitoredConstraint]) -> Result<(), MonitorError> {
    let mut wanted: BTreeMap<u64, Vec<&mut TracedEvent>> = BTreeMap::new();
    for constraint in constraints {
        let first = constraint.first.iter_mut();
        for event in first.flat_map(|first| &mut first.trail) {
            wanted.entry(event.line).or_default().push(event);
        }
    }
    let Some(last) = wanted.keys().next_back().copied() else {
        return Ok(());
    };
    let mut lines = LineReader::open(path)?;
    while let Some(text) = lines.next()?.filter(|text| text.number <= last) {
        let Some(events) = wanted.get_mut(&text.number) else {
            continue;
        };
        let Some(line) = text.parse()? else {
            break;
        };
        let life = line.event.is_empty();
        for event in events {
            **event = TracedEvent {
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
    Ok(())
}

#[cfg(test)]
mod tests;
