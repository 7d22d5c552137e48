//! Watches objects that run, in each domain by itself.
//!
//! # Connections between domains
//!
//! Events wait between domains, so that the two ends of such a connection need not see the same
//! order: each may emit before it handles what the other one has emitted. But a constraint has one
//! provider, and speaks of when *that* one emits and handles (semantics, "What a history is"). A
//! proxy is in one domain, with all of its connections, and one thread at a time runs that. So the
//! order in which its domain takes its steps is the history, whole and exact, of
//!
//! - what its own types provide;
//! - what the type of an end that it is connected with requires of it. If that end is in another
//!   domain, its requirements come here ([`What::Across`]) and are watched here, at this end; over
//!   there they are not told of that connection.
//!
//! An event that goes to another domain is emitted when it is put into the queue, and not later: so
//! the tracer is told before that, and what breaks a constraint never gets into the queue. What was
//! emitted before it is delivered, then the other end hears that its connection has ended.
//!
//! What is left out are requirements of an object's own type, which may speak of several of its
//! endpoints: there whoever is connected are, all together, the provider. Where they are in several
//! domains there is no order in which all of them took their steps.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use liveobj_types::monitor::Culprit;
use liveobj_types::relation::Side;
use liveobj_types::types::{Object, Value};
use liveobj_types::{Data, EndpointId, Formalisms, Types, ValueId};

use sha2::{Digest, Sha256};

use super::note::{Note, in_words};
use super::watching::{
    Broken, Group, Promises, Scope, Telling, Told, Valued, Values, Watched, Watching,
};
use super::{Monitoring, Unwatched, Violation, endpoint_of, object_of};
use crate::engine::connect::End;
use crate::engine::create::ProxyType;
use crate::trace::{Created, Entry, TracedLink, Tracer, What};

/// Why what is required of other nodes is not watched.
const FAR: &str = "the other side is on another node, where it emits earlier and handles later than \
                   is seen here";

/// Why what an object requires of all who are connected is not watched where some are elsewhere.
const APART: &str = "those who are connected run in several domains, and nobody sees all of what they \
                     do in order";
/// Connections between domains have numbers from here on, the same in both.
const ACROSS: u64 = 1 << 63;

/// The constraints of what runs in a domain.
pub(crate) struct Watch(RefCell<Live>);

struct Live {
    formalisms: Formalisms,
    watching: Watching<Arc<Note>>,
    /// The constraints of each object that has a type.
    groups: HashMap<u64, Arc<Group>>,
    /// Objects that stand for endpoints of other nodes.
    far: HashSet<u64>,
    /// What the far ends of connections with other domains require, by connection.
    beyond: BTreeMap<u64, Arc<Beyond>>,
    /// The two ends of each connection, until those that are here have heard that it has ended.
    connections: BTreeMap<u64, Ends>,
    /// What tells the values of each type apart, as the domain has it.
    domains: RefCell<HashMap<ValueId, String>>,
    monitoring: Monitoring,
    /// Number of the domain among those that are watched together.
    domain: u64,
    told: Arc<AllTold>,
    /// Connections that are to end.
    cut: Vec<u64>,
    /// Happenings so far.
    happenings: u64,
}

/// What was told in any of the domains of an object: once is enough.
#[derive(Default)]
struct AllTold {
    /// What both sides of a connection may have broken: its number, the domain unless it is between
    /// domains, formalism and text. Those between domains are kept, since their ends hear at
    /// different times that they have ended; they are made when the object is opened, and not later.
    followed: Mutex<BTreeSet<(u64, u64, String, String)>>,
    /// What is not watched.
    unwatched: Mutex<BTreeSet<Unwatched>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// An end in another domain, and who is connected with it here.
struct Beyond {
    name: String,
    near: u64,
    /// What it requires; its only endpoint.
    group: Group,
}

struct Ends {
    ends: [(String, Option<End>); 2],
    /// Whether one has heard that it has ended.
    over: bool,
}

impl Watch {
    /// Of objects that are still to be made, in the first of an object's domains.
    pub(crate) fn new(formalisms: &Formalisms, monitoring: Monitoring) -> Watch {
        Watch::of_domain(formalisms, monitoring, 0, Arc::default())
    }

    /// The same for other domains of the object: as many as are asked for.
    pub(crate) fn others(&self) -> impl FnMut() -> Watch + use<> {
        let live = self.0.borrow();
        let (formalisms, monitoring) = (live.formalisms.clone(), live.monitoring.clone());
        let (told, mut domain) = (live.told.clone(), live.domain);
        move || {
            domain += 1;
            Watch::of_domain(&formalisms, monitoring.clone(), domain, told.clone())
        }
    }

    fn of_domain(
        formalisms: &Formalisms,
        monitoring: Monitoring,
        domain: u64,
        told: Arc<AllTold>,
    ) -> Watch {
        Watch(RefCell::new(Live {
            formalisms: formalisms.clone(),
            watching: Watching::new(Scope::Node),
            groups: HashMap::new(),
            far: HashSet::new(),
            beyond: BTreeMap::new(),
            domain,
            told,
            connections: BTreeMap::new(),
            domains: RefCell::default(),
            monitoring,
            cut: Vec::new(),
            happenings: 0,
        }))
    }
}

/// What happens to a constraint's object.
struct Happens<'a> {
    connection: u64,
    /// The end that does it, which is the provider of the constraint, and what the other is called.
    provider: (End, &'a str),
    other: &'a str,
    /// The end whose constraints are meant.
    own: End,
    side: Side,
    what: Telling<'a>,
}

impl Live {
    fn created(&mut self, label: &str, proxy: u64, created: &Created<'_>) {
        let ty = match created.ty {
            ProxyType::Native => return,
            ProxyType::Far => {
                self.far.insert(proxy);
                return;
            }
            ProxyType::Object(ty) => ty,
        };
        let endpoints = created.endpoints.iter();
        let promises = Promises {
            types: created.types,
            body: match created.types.object(ty) {
                Object::Endpoints(body) => Some(body),
                Object::Top | Object::Parameter(_) => None,
            },
            endpoints: endpoints.map(|it| (&*it.name, it.ty)).collect(),
            sides: &[Side::Provides, Side::Requires],
        };
        let group = self.watching.add(&self.formalisms, &promises, label);
        for number in &group.constraints {
            self.tell_unwatched(*number);
        }
        self.groups.insert(proxy, Arc::new(group));
    }

    /// Tells what is not watched of a constraint.
    fn tell_unwatched(&mut self, number: usize) {
        let Some(watched) = self.watching.get(number) else {
            return;
        };
        let reasons = match &watched.monitor {
            Ok(monitor) => monitor.left_out().to_vec(),
            Err(reason) => vec![reason.clone()],
        };
        for reason in reasons {
            let unwatched = Unwatched {
                formalism: watched.named.formalism.clone(),
                text: watched.named.text.clone(),
                subject: watched.named.subject.clone(),
                provided: watched.named.provided,
                reason,
            };
            self.unwatched(unwatched);
        }
    }

    /// Tells what is not watched, once.
    fn unwatched(&self, unwatched: Unwatched) {
        if lock(&self.told.unwatched).insert(unwatched.clone()) {
            self.monitoring.tell_unwatched(&unwatched);
        }
    }

    /// Tells which requirements at an end are not watched at one of its connections, of those that
    /// are watched otherwise.
    fn unwatched_there(&self, own: End, reason: &str, which: impl Fn(&Watched<Arc<Note>>) -> bool) {
        let Some(group) = self.groups.get(&own.proxy) else {
            return;
        };
        let required = self.watching.required(group, own.endpoint);
        for (_, watched) in required.filter(|it| it.1.monitor.is_ok() && which(it.1)) {
            self.unwatched(Unwatched {
                formalism: watched.named.formalism.clone(),
                text: watched.named.text.clone(),
                subject: watched.named.subject.clone(),
                provided: false,
                reason: reason.to_owned(),
            });
        }
    }

    /// An end is connected with one of another domain.
    fn across(&mut self, connection: u64, own: End, peer: &str, ty: (&Types, EndpointId)) {
        self.unwatched_there(own, APART, |watched| watched.named.of.is_empty());
        // What is opened at once has different names.
        let known = self.beyond.values();
        let mut known = known.filter(|it| it.near == own.proxy && it.name == peer);
        let beyond = match known.next() {
            Some(known) => known.clone(),
            None => {
                let promises = Promises {
                    types: ty.0,
                    body: None,
                    endpoints: vec![(endpoint_of(peer), ty.1)],
                    sides: &[Side::Requires],
                };
                let label = object_of(peer);
                let group = self.watching.add(&self.formalisms, &promises, &label);
                for number in &group.constraints {
                    self.tell_unwatched(*number);
                }
                Arc::new(Beyond {
                    name: peer.to_owned(),
                    near: own.proxy,
                    group,
                })
            }
        };
        self.beyond.insert(connection, beyond);
    }

    fn destroyed(&mut self, proxy: u64) {
        let watching = &mut self.watching;
        self.beyond.retain(|_, beyond| {
            if beyond.near == proxy && Arc::strong_count(beyond) == 1 {
                watching.remove(&beyond.group);
            }
            beyond.near != proxy
        });
        self.far.remove(&proxy);
        if let Some(group) = self.groups.remove(&proxy) {
            self.watching.remove(&group);
        }
    }

    /// An event is emitted, or handled by its receiver.
    fn event(
        &mut self,
        connection: u64,
        link: &TracedLink,
        event: usize,
        payload: Option<&(&Types, Data)>,
        emitted: bool,
    ) {
        let Some((name, ty)) = link.events.get(event) else {
            return;
        };
        let domains = std::mem::take(&mut self.domains);
        let read = || values(payload, *ty, &mut domains.borrow_mut());
        let values = Values::new(&read);
        let what = Telling::Event {
            name,
            emitted,
            values: &values,
        };
        let from = (link.ends.0, link.from.as_str());
        let to = (link.ends.1, link.to.as_str());
        let note = Arc::new(Note {
            what: if emitted { "emitted" } else { "handled" },
            event: name.clone(),
            from: link.from.clone(),
            to: link.to.clone(),
            connection,
        });
        // Who provides a constraint emits the event, or handles it: at one end it is given by the
        // type of the end, at the other it is required by it.
        let (provider, other) = if emitted { (from, to) } else { (to, from) };
        self.both(connection, provider, other, what, &note);
        self.domains = domains;
    }

    /// An end hears that its connection begins or ends.
    fn life(
        &mut self,
        connection: u64,
        (end, name): (End, &str),
        other: (Option<End>, &str),
        (what, word): (Telling<'_>, &'static str),
    ) {
        let note = Arc::new(Note {
            what: word,
            event: String::new(),
            from: name.to_owned(),
            to: other.1.to_owned(),
            connection,
        });
        self.both(connection, (Some(end), name), other, what, &note);
    }

    /// Tells both ends what happens to one, the provider: its own type may provide a constraint, and
    /// that of the other may require it.
    fn both(
        &mut self,
        connection: u64,
        provider: (Option<End>, &str),
        other: (Option<End>, &str),
        what: Telling<'_>,
        note: &Arc<Note>,
    ) {
        self.happenings += 1;
        // Where the provider is in another domain, that one tells.
        let Some(near) = provider.0 else {
            return;
        };
        let mut told = Vec::new();
        let mut happens = Happens {
            connection,
            provider: (near, provider.1),
            own: near,
            other: other.1,
            side: Side::Provides,
            what,
        };
        if let Some(group) = self.groups.get(&near.proxy).cloned() {
            self.tell(&group, &happens, note, &mut told);
        }
        happens.side = Side::Requires;
        if let Some(far) = other.0 {
            // Where the provider is on another node, its history is another one.
            if self.far.contains(&near.proxy) {
                return;
            }
            happens.own = far;
            if let Some(group) = self.groups.get(&far.proxy).cloned() {
                self.tell(&group, &happens, note, &mut told);
            }
        } else if let Some(beyond) = self.beyond.get(&connection).cloned() {
            happens.own = End {
                proxy: near.proxy,
                endpoint: 0,
            };
            self.tell(&beyond.group, &happens, note, &mut told);
        }
    }

    fn tell(
        &mut self,
        group: &Group,
        happens: &Happens<'_>,
        note: &Arc<Note>,
        told_already: &mut Vec<(String, String)>,
    ) {
        let Happens {
            connection,
            provider,
            other,
            own,
            side,
            what,
        } = happens;
        let told = Told {
            number: self.happenings,
            connection: *connection,
            proxy: own.proxy,
            endpoint: own.endpoint,
            side: *side,
            provider: (0, 0, provider.0.proxy),
            // What would have to know of others is not watched here.
            shared: false,
            what: *what,
            node: 0,
            after: &[],
            note: note.clone(),
        };
        let (monitoring, cut) = (&self.monitoring, &mut self.cut);
        let all_told = &self.told;
        let domain = domain_of(*connection, self.domain);
        self.watching
            .tell(group, &told, &mut |broken: &Broken<'_, Arc<Note>>| {
                // The types of both ends may have it.
                let key = (broken.named.formalism.clone(), broken.named.text.clone());
                if told_already.contains(&key) {
                    return;
                }
                told_already.push(key.clone());
                let key = (*connection, domain, key.0, key.1);
                if broken.named.followed && !lock(&all_told.followed).insert(key) {
                    return;
                }
                let by = match broken.by {
                    Culprit::Provider => Some(provider.1),
                    Culprit::Peer => Some(*other),
                    Culprit::Untold => None,
                };
                monitoring.tell(&Violation {
                    formalism: broken.named.formalism.clone(),
                    text: broken.named.text.clone(),
                    place: broken.named.place.clone(),
                    subject: broken.named.subject.clone(),
                    provided: broken.named.provided,
                    by: by.map(object_of),
                    connection: *connection,
                    recent: broken.trail.iter().filter_map(in_words).collect(),
                });
                if monitoring.enforce && !cut.contains(connection) {
                    cut.push(*connection);
                }
            });
    }

    /// An end hears of its connection.
    fn connected(
        &mut self,
        connection: u64,
        own: (End, &str),
        peer: Option<&(String, Option<End>)>,
    ) {
        let (peer_name, peer_end) = peer.map_or(("", None), |(name, end)| (name.as_str(), *end));
        let ends = [
            (own.1.to_owned(), Some(own.0)),
            (peer_name.to_owned(), peer_end),
        ];
        let ends = Ends { ends, over: false };
        self.connections.entry(connection).or_insert(ends);
        if peer_end.is_some_and(|end| self.far.contains(&end.proxy)) {
            self.unwatched_there(own.0, FAR, |_| true);
        }
        let what = (Telling::Connect, "connect");
        self.life(connection, own, (peer_end, peer_name), what);
    }

    /// An end hears that its connection has ended.
    fn disconnected(&mut self, connection: u64, own: (End, &str)) {
        let Some(known) = self.connections.get_mut(&connection) else {
            return;
        };
        let other = usize::from(known.ends[0].1 == Some(own.0));
        let (name, end) = known.ends[other].clone();
        // Of one between domains only this end is here.
        if std::mem::replace(&mut known.over, true) || connection >= ACROSS {
            self.connections.remove(&connection);
        }
        let domain = domain_of(connection, self.domain);
        if domain != 0 && !self.connections.contains_key(&connection) {
            let mut followed = lock(&self.told.followed);
            followed.retain(|told| (told.0, told.1) != (connection, domain));
        }
        let what = (Telling::Disconnect, "disconnect");
        self.life(connection, own, (end, &name), what);
    }
}

/// Which domain a connection's number is of; 0 where it is the same in all of them.
fn domain_of(connection: u64, domain: u64) -> u64 {
    match connection >= ACROSS {
        true => 0,
        false => domain + 1,
    }
}

/// The values of an event's parameters in wire form, and what tells their types apart.
fn values(
    payload: Option<&(&Types, Data)>,
    ty: ValueId,
    domains: &mut HashMap<ValueId, String>,
) -> BTreeMap<String, Valued> {
    let Some((types, Data::Record(values))) = payload else {
        return BTreeMap::new();
    };
    let Value::Record { fields, .. } = types.value(ty) else {
        return BTreeMap::new();
    };
    let values = fields.iter().filter_map(|(name, field)| {
        let domain = domains
            .entry(*field)
            .or_insert_with(|| types.domain(*field).key);
        let valued = Valued {
            domain: domain.clone(),
            bytes: shortened(types.encode(*field, values.get(name)?)?),
        };
        Some((name.clone(), valued))
    });
    values.collect()
}

/// Monitors remember what they compare: of a long value its SHA-256, in more bytes than a short one has.
fn shortened(wire: Vec<u8>) -> Vec<u8> {
    match wire.len() > Sha256::output_size() {
        true => [&Sha256::digest(&wire)[..], &[0]].concat(),
        false => wire,
    }
}

impl Tracer for Watch {
    fn trace(&self, entry: &Entry<'_>) -> u64 {
        let live = &mut *self.0.borrow_mut();
        match &entry.what {
            What::Created(created) => live.created(entry.object, entry.proxy, created),
            What::Destroyed => live.destroyed(entry.proxy),
            What::Waits {
                connection,
                link,
                event,
                payload,
                ..
            } => live.event(*connection, link, *event, payload.as_ref(), true),
            What::Event {
                connection,
                link,
                event,
                payload,
                waited,
                ..
            } => {
                if waited.is_none() {
                    live.event(*connection, link, *event, payload.as_ref(), true);
                }
                // One that is not delivered is not handled.
                if !live.cut.contains(connection) {
                    live.event(*connection, link, *event, payload.as_ref(), false);
                }
            }
            What::Connected {
                connection,
                endpoint,
                own,
                peer,
                ..
            } => live.connected(*connection, (*own, endpoint), peer.as_ref()),
            What::Across {
                connection,
                own,
                peer,
                peer_type,
                ..
            } => live.across(*connection, *own, peer, *peer_type),
            What::Disconnected {
                connection,
                endpoint,
                own,
                ..
            } => live.disconnected(*connection, (*own, endpoint)),
            What::Wake { .. } | What::Request { .. } | What::Said { .. } => {}
        }
        0
    }

    fn cut(&self) -> Vec<u64> {
        std::mem::take(&mut self.0.borrow_mut().cut)
    }
}
