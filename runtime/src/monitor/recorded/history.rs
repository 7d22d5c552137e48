//! What a history says of the constraints of its objects.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use liveobj_references::ObjectText;
use liveobj_types::monitor::Culprit;
use liveobj_types::relation::Side;
use liveobj_types::types::{Endpoint, Object, Value};
use liveobj_types::{EndpointId, Formalisms, Types};

use super::super::watching::{
    Broken, Group, Promises, Remembered, Scope, Telling, Told, Valued, Values, Watching,
};
use super::super::{endpoint_of, object_of};
use super::lines::{DeclaredPlace, Line};
use super::{MonitoredConstraint, RecordedViolation, Status, TracedEvent};

/// Why constraints about everything are not watched where a reference stands twice.
pub(super) const SEVERAL: &str = "the same reference stands at several places or has several types, and \
                                  whether these are one object the trace does not say";
/// Why nothing is said where lines are missing.
const MISSING: &str = "lines are missing in a trace, because it was written too slowly";
/// Connections between domains have numbers from here on, the same in both.
const ACROSS: u64 = 1 << 63;

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
    /// Its type, among those declared.
    declared: usize,
    reference: String,
    label: String,
    group: Group,
}

/// Where a proxy or connection has its number from: a node and a domain.
type Home = (u32, u64);

/// One end of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
struct End {
    /// Domain and number of its proxy, where these are known.
    proxy: Option<(u64, u64)>,
    /// `object.endpoint`.
    name: String,
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
    ends: [End; 2],
    /// Whether one has heard that it has ended.
    over: bool,
}

/// What has happened so far, on all nodes.
pub(super) struct History {
    formalisms: Formalisms,
    watching: Watching<u64>,
    /// The types, and the lines that declare them, by trace.
    types: Vec<DeclaredType>,
    declared: HashMap<(u32, u64), usize>,
    objects: Vec<Watched>,
    /// The objects by type, reference and path.
    found: BTreeMap<(usize, String, String), usize>,
    proxies: HashMap<(Home, u64), Proxy>,
    connections: BTreeMap<(Home, u64), Connection>,
    /// Who is connected to each endpoint of an object: one endpoint of another, or `None`: several.
    peers: HashMap<(u32, u64, u64), BTreeMap<String, Option<String>>>,
    /// Proxies and connections so far.
    instances: u64,
    /// How often each constraint was broken, and the first time.
    violations: BTreeMap<usize, (u64, RecordedViolation)>,
    unread: BTreeSet<(String, String)>,
    /// Nodes of which lines are missing, and nodes whose record breaks off.
    gaps: BTreeSet<u32>,
    cut_off: BTreeSet<u32>,
    /// Number of the line that it is at, among those of all traces.
    number: u64,
    /// Whether one trace tells of all nodes.
    simulated: bool,
}

impl History {
    /// Without anything. `several` tells whether each node has a trace of its own, `simulated` whether
    /// there is one of all nodes.
    pub(super) fn new(formalisms: &Formalisms, several: bool, simulated: bool) -> History {
        History {
            formalisms: formalisms.clone(),
            watching: Watching::new(match several {
                true => Scope::Nodes,
                false => Scope::Everything,
            }),
            types: Vec::new(),
            declared: HashMap::new(),
            objects: Vec::new(),
            found: BTreeMap::new(),
            proxies: HashMap::new(),
            connections: BTreeMap::new(),
            peers: HashMap::new(),
            instances: 0,
            violations: BTreeMap::new(),
            unread: BTreeSet::new(),
            gaps: BTreeSet::new(),
            cut_off: BTreeSet::new(),
            number: 0,
            simulated,
        }
    }

    /// Whose lines have numbers of their own.
    fn trace(&self, line: &Line<'_>) -> u32 {
        if self.simulated { 0 } else { line.node }
    }

    /// Takes the line of this number; of each node, up to which number is known to come before it.
    pub(super) fn line(
        &mut self,
        number: u64,
        line: &Line<'_>,
        after: &[u64],
    ) -> Result<(), String> {
        self.number = number;
        match &*line.kind {
            "declared" => {
                let text = ObjectText {
                    types: line.types.to_string(),
                    object: line.object_type.to_string(),
                    private: line.private.clone(),
                };
                let known = self.types.iter().position(|it| it.text == text);
                let known = known.unwrap_or_else(|| {
                    self.types.push(DeclaredType {
                        text,
                        places: line.places.clone(),
                        resolved: None,
                    });
                    self.types.len() - 1
                });
                self.declared.insert((self.trace(line), line.line), known);
            }
            "start" => self.over(line.node, false, after),
            "crash" => self.over(line.node, true, after),
            "skipped" => self.gap(line.node),
            "created" => return self.created(line),
            "destroyed" => {
                let home = (line.node, line.domain);
                self.proxies.remove(&(home, line.id.unwrap_or(0)));
            }
            "across" => self.across(line),
            "connected" => self.connected(line, after),
            "disconnected" => self.disconnected(line, after),
            "emitted" => self.event(line, true, after),
            "event" => {
                if line.emitted.is_none() {
                    self.event(line, true, after);
                }
                self.event(line, false, after);
            }
            _ => {}
        }
        Ok(())
    }

    /// The trace of a node breaks off.
    pub(super) fn breaks_off(&mut self, node: u32) {
        self.cut_off.insert(node);
        self.over(node, true, &[]);
    }

    /// A life of a node is over.
    fn over(&mut self, node: u32, gone: bool, after: &[u64]) {
        let here = ((node, 0), 0)..=((node, u64::MAX), u64::MAX);
        let open: Vec<(Home, u64)> = self.connections.range(here).map(|it| *it.0).collect();
        for connection in open {
            let Some(connection) = self.connections.remove(&connection) else {
                continue;
            };
            if !gone {
                continue;
            }
            let [left, right] = &connection.ends;
            for (own, other) in [(left, right), (right, left)] {
                self.both(node, connection.number, (own, other), Telling::Gone, after);
            }
        }
        self.proxies.retain(|((of, _), _), _| *of != node);
    }

    /// Lines of a node are missing: what its objects did is not known any more.
    fn gap(&mut self, node: u32) {
        self.gaps.insert(node);
        let here = self.proxies.iter().filter(|((home, _), _)| home.0 == node);
        let objects: BTreeSet<usize> = here.map(|(_, proxy)| proxy.object).collect();
        for object in objects {
            for constraint in self.objects[object].group.constraints.clone() {
                self.watching.give_up(constraint, MISSING);
            }
        }
    }

    fn created(&mut self, line: &Line<'_>) -> Result<(), String> {
        let (Some(id), Some(declared)) = (line.id, line.declared) else {
            return Ok(());
        };
        let known = self.declared.get(&(self.trace(line), declared)).copied();
        let declared = known.ok_or_else(|| {
            format!("its type is declared in line {declared}, where there is no declaration")
        })?;
        let label = line.object.to_string();
        let key = (declared, line.reference.to_string(), label.clone());
        let object = match self.found.get(&key) {
            Some(object) => *object,
            None => match self.object(declared, &line.reference, &label) {
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
        self.proxies.insert(((line.node, line.domain), id), proxy);
        if self.gaps.contains(&line.node) {
            self.gap(line.node);
        }
        Ok(())
    }

    /// An object that was not met before.
    ///
    /// # Errors
    ///
    /// Its type cannot be read.
    fn object(&mut self, declared: usize, reference: &str, label: &str) -> Result<usize, String> {
        let ty = &mut self.types[declared];
        let formalisms = &self.formalisms;
        let text = &ty.text;
        let resolved = ty.resolved.get_or_insert_with(|| resolve(text, formalisms));
        let resolved = match resolved {
            Ok(resolved) => resolved,
            Err(reason) => return Err(reason.clone()),
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
            .filter(|it| it.label != label || it.declared != declared)
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
        Ok(self.objects.len() - 1)
    }

    fn next(&mut self) -> u64 {
        self.instances += 1;
        self.instances
    }

    /// Where a connection has its number from: one between domains has the same in both.
    fn home(line: &Line<'_>) -> Home {
        match line.connection >= ACROSS {
            true => (line.node, 0),
            false => (line.node, line.domain),
        }
    }

    /// The end of a line's object, and that of whoever it is connected with.
    fn ends(line: &Line<'_>, own: (Option<u64>, &str), other: (Option<u64>, &str)) -> [End; 2] {
        [own, other].map(|(proxy, name)| End {
            proxy: proxy.map(|proxy| (line.domain, proxy)),
            name: name.to_owned(),
        })
    }

    /// An end is connected with one of another domain, which tells the same in its turn.
    fn across(&mut self, line: &Line<'_>) {
        let ends = History::ends(line, (line.id, &line.endpoint), (None, &line.peer));
        let key = (History::home(line), line.connection);
        if let Some(known) = self.connections.get_mut(&key) {
            known.ends[1] = ends[0].clone();
            return;
        }
        let number = self.next();
        let connection = Connection {
            number,
            ends,
            over: false,
        };
        self.connections.insert(key, connection);
    }

    /// A connection's number, and its ends in the order of `ends`, which are those that a line tells
    /// of. It is known from the first line that names it.
    fn connection(&mut self, line: &Line<'_>, ends: [End; 2]) -> (u64, [End; 2]) {
        let key = (History::home(line), line.connection);
        if let Some(known) = self.connections.get(&key) {
            // Of one between domains a line tells whose end it is about, and the name of the other.
            let [first, second] = &known.ends;
            let turned = match ends[0].proxy.is_some() {
                true => ends[0] == *second,
                false => ends[1] == *first,
            };
            let between = line.connection >= ACROSS;
            return match (between, turned) {
                (false, _) => (known.number, ends),
                (true, false) => (known.number, known.ends.clone()),
                (true, true) => (known.number, [second.clone(), first.clone()]),
            };
        }
        let number = self.next();
        let connection = Connection {
            number,
            ends: ends.clone(),
            over: false,
        };
        self.connections.insert(key, connection);
        (number, ends)
    }

    fn connected(&mut self, line: &Line<'_>, after: &[u64]) {
        let own = (line.id, &*line.endpoint);
        let ends = History::ends(line, own, (line.peer_id, &*line.peer));
        let (number, [own, peer]) = self.connection(line, ends);
        self.both(line.node, number, (&own, &peer), Telling::Connect, after);
    }

    fn disconnected(&mut self, line: &Line<'_>, after: &[u64]) {
        let key = (History::home(line), line.connection);
        let Some(known) = self.connections.get_mut(&key) else {
            return;
        };
        let number = known.number;
        let [own, _] = History::ends(line, (line.id, &line.endpoint), (None, ""));
        let other = usize::from(known.ends[0] == own);
        let (own, peer) = (known.ends[1 - other].clone(), known.ends[other].clone());
        if std::mem::replace(&mut known.over, true) {
            self.connections.remove(&key);
        }
        self.both(line.node, number, (&own, &peer), Telling::Disconnect, after);
    }

    /// An event is emitted, or handled by its receiver.
    fn event(&mut self, line: &Line<'_>, emitted: bool, after: &[u64]) {
        let ends = History::ends(line, (line.from_id, &*line.from), (line.id, &*line.to));
        let (number, [from, to]) = self.connection(line, ends);
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
        let ends = if emitted { (&from, &to) } else { (&to, &from) };
        self.both(line.node, number, ends, what, after);
    }

    /// The proxy of an end.
    fn proxy(&self, node: u32, end: &End) -> Option<&Proxy> {
        let (domain, id) = end.proxy?;
        self.proxies.get(&((node, domain), id))
    }

    /// What tells the types of an event's parameters apart, as the type of an end has them.
    fn domains(&self, line: &Line<'_>, end: &End) -> Option<BTreeMap<String, String>> {
        if line.values.is_empty() {
            return None;
        }
        let proxy = self.proxy(line.node, end)?;
        let declared = &self.types[self.objects[proxy.object].declared];
        let resolved = declared.resolved.as_ref()?.as_ref().ok()?;
        let name = endpoint_of(&end.name);
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

    /// Tells both ends what happens to the first: its own type may provide a constraint, and that of
    /// the other may require it.
    fn both(
        &mut self,
        node: u32,
        connection: u64,
        (own, other): (&End, &End),
        what: Telling<'_>,
        after: &[u64],
    ) {
        // Whose history it is: that of an object, or of somebody without a type.
        let provider = match (self.proxy(node, own), own.proxy) {
            (Some(proxy), _) => (0, 0, proxy.object as u64),
            (None, Some((domain, id))) => (node, domain, id),
            (None, None) => (node, 0, connection),
        };
        if let Telling::Connect = what {
            let peers = self.peers.entry(provider).or_default();
            let peer = peers
                .entry(own.name.clone())
                .or_insert_with(|| Some(other.name.clone()));
            if peer.as_ref().is_some_and(|it| *it != other.name) {
                *peer = None;
            }
        }
        let peers = self.peers.get(&provider);
        let shared = peers.and_then(|it| it.get(&own.name)) == Some(&None);
        for (end, side) in [(own, Side::Provides), (other, Side::Requires)] {
            let Some(proxy) = self.proxy(node, end) else {
                continue;
            };
            let object = &self.objects[proxy.object];
            let declared = &self.types[object.declared];
            let resolved = declared.resolved.as_ref().and_then(|it| it.as_ref().ok());
            let name = endpoint_of(&end.name);
            let endpoint = resolved.and_then(|it| it.endpoints.iter().position(|it| it.0 == name));
            let Some(endpoint) = endpoint.and_then(|it| u32::try_from(it).ok()) else {
                continue;
            };
            let told = Told {
                number: self.number,
                connection,
                proxy: proxy.number,
                endpoint,
                side,
                provider,
                shared,
                what,
                node,
                after,
                note: self.number,
            };
            let violations = &mut self.violations;
            self.watching
                .tell(&object.group, &told, &mut |broken: &Broken<'_, u64>| {
                    let by = match broken.by {
                        Culprit::Provider => Some(own),
                        Culprit::Peer => Some(other),
                        Culprit::Untold => None,
                    };
                    let by = by.map(|end| object_of(&end.name));
                    broke(violations, broken, by, told.number);
                });
        }
    }

    /// What all of it says of the constraints, and the objects whose types cannot be read. Lines have
    /// their numbers among all.
    pub(super) fn finish(mut self) -> (Vec<MonitoredConstraint>, Vec<(String, String)>) {
        let cut_off: Vec<u32> = self.cut_off.iter().copied().collect();
        let violations = &mut self.violations;
        self.watching.conclude(&cut_off, &mut |broken| {
            let last = broken.trail.last().map(number_of);
            // In whatever order, it was that event.
            let by = (broken.by != Culprit::Untold).then(String::new);
            broke(violations, broken, by, last.unwrap_or_default());
        });
        if !self.gaps.is_empty() {
            for number in self.objects.iter().flat_map(|it| &it.group.constraints) {
                let watched = self.watching.get(*number);
                if watched.is_some_and(|it| it.needs_everything) {
                    self.violations.remove(number);
                    self.watching.give_up(*number, MISSING);
                }
            }
        }
        let mut constraints = Vec::new();
        for object in &self.objects {
            let places = &self.types[object.declared].places;
            for number in &object.group.constraints {
                let Some(watched) = self.watching.get(*number) else {
                    continue;
                };
                let named = &watched.named;
                let place = places.iter().find(|place| {
                    place.of == named.of
                        && place.formalism == named.formalism
                        && place.text == named.text
                });
                let violated = self.violations.remove(number);
                let status = match (&violated, &watched.monitor) {
                    (Some(_), _) => Status::Violated,
                    (None, Err(reason)) => Status::Unmonitored(reason.clone()),
                    (None, Ok(monitor)) if monitor.undecided() > 0 => {
                        Status::Undecided(monitor.undecided())
                    }
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
        (constraints, self.unread.into_iter().collect())
    }
}

/// Notes that a constraint was broken, by the line of this number, which tells more later.
fn broke(
    violations: &mut BTreeMap<usize, (u64, RecordedViolation)>,
    broken: &Broken<'_, u64>,
    by: Option<String>,
    line: u64,
) {
    let known = violations.entry(broken.constraint).or_insert_with(|| {
        let lines: BTreeSet<u64> = broken.trail.iter().map(number_of).collect();
        let before = lines.into_iter().filter(|it| *it != line);
        let violation = RecordedViolation {
            by,
            node: 0,
            line: 0,
            trail: before.chain([line]).map(TracedEvent::only_number).collect(),
        };
        (0, violation)
    });
    known.0 += 1;
}

fn number_of(remembered: &Remembered<'_, u64>) -> u64 {
    match remembered {
        Remembered::Note(line) => **line,
        Remembered::Number(line) => *line,
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
