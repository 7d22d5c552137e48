//! Watches objects that run.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use liveobj_types::monitor::Culprit;
use liveobj_types::relation::Side;
use liveobj_types::types::{Object, Value};
use liveobj_types::{Data, Formalisms, Types, ValueId};

use super::watching::{
    Broken, Group, Promises, Remembered, Scope, Telling, Told, Valued, Values, Watching,
};
use super::{Monitoring, Unwatched, Violation, object_of};
use crate::engine::connect::End;
use crate::engine::create::ProxyType;
use crate::trace::{Created, Entry, TracedLink, Tracer, What};

/// Why what is required of other nodes is not watched.
const FAR: &str = "the other side is on another node, where it emits earlier and handles later than \
                   is seen here";

/// The constraints of what runs in a domain.
pub(crate) struct Watch(RefCell<Live>);

struct Live {
    formalisms: Formalisms,
    watching: Watching<Arc<Note>>,
    /// The constraints of each object that has a type.
    groups: HashMap<u64, Group>,
    /// Objects that stand for endpoints of other nodes.
    far: HashSet<u64>,
    /// The two ends of each connection, until both have heard that it has ended.
    connections: BTreeMap<u64, Ends>,
    /// What tells the values of each type apart, as the domain has it.
    domains: RefCell<HashMap<ValueId, String>>,
    monitoring: Monitoring,
    /// Connections that are to end.
    cut: Vec<u64>,
    /// What both sides of a connection may have broken, as it was told: once is enough.
    followed: BTreeSet<(u64, String, String)>,
    /// What is not watched, as it was told.
    unwatched: BTreeSet<Unwatched>,
    /// Happenings so far.
    happenings: u64,
}

struct Ends {
    ends: [(String, Option<End>); 2],
    /// Whether one has heard that it has ended.
    over: bool,
}

/// Something that happened.
struct Note {
    what: &'static str,
    event: String,
    from: String,
    to: String,
    connection: u64,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Note {
            what,
            event,
            from,
            to,
            connection,
        } = self;
        match event.as_str() {
            "" => write!(f, "{what} of `{from}` and `{to}`, connection {connection}"),
            event => write!(
                f,
                "{what} `{event}` from `{from}` to `{to}`, connection {connection}"
            ),
        }
    }
}

impl Watch {
    /// Of objects that are still to be made.
    pub(crate) fn new(formalisms: &Formalisms, monitoring: Monitoring) -> Watch {
        Watch(RefCell::new(Live {
            formalisms: formalisms.clone(),
            watching: Watching::new(Scope::Node),
            groups: HashMap::new(),
            far: HashSet::new(),
            connections: BTreeMap::new(),
            domains: RefCell::default(),
            monitoring,
            cut: Vec::new(),
            followed: BTreeSet::new(),
            unwatched: BTreeSet::new(),
            happenings: 0,
        }))
    }
}

/// What happens to a constraint's object.
struct Happens<'a> {
    connection: u64,
    /// The end whose constraints are meant, and the other one.
    own: (End, &'a str),
    other: &'a str,
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
        };
        let group = self.watching.add(&self.formalisms, &promises, label);
        for number in &group.constraints {
            self.tell_unwatched(*number);
        }
        self.groups.insert(proxy, group);
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
            if self.unwatched.insert(unwatched.clone()) {
                self.monitoring.tell_unwatched(&unwatched);
            }
        }
    }

    fn destroyed(&mut self, proxy: u64) {
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
        let from = link.ends.0.map(|end| (end, link.from.as_str()));
        let to = Some((link.ends.1, link.to.as_str()));
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
        (other, other_name): (Option<End>, &str),
        (what, word): (Telling<'_>, &'static str),
    ) {
        let note = Arc::new(Note {
            what: word,
            event: String::new(),
            from: name.to_owned(),
            to: other_name.to_owned(),
            connection,
        });
        let other = other.map(|other| (other, other_name));
        self.both(connection, Some((end, name)), other, what, &note);
    }

    /// Tells both ends what happens to one: its own type may provide a constraint, and that of the
    /// other may require it.
    fn both(
        &mut self,
        connection: u64,
        provider: Option<(End, &str)>,
        other: Option<(End, &str)>,
        what: Telling<'_>,
        note: &Arc<Note>,
    ) {
        let mut told = Vec::new();
        self.happenings += 1;
        let (near, far) = (provider, other);
        if let Some(own) = near {
            let other = far.map_or("", |other| other.1);
            let happens = Happens {
                connection,
                own,
                other,
                side: Side::Provides,
                what,
            };
            self.tell(&happens, note, &mut told);
        }
        if let Some(own) = far {
            // Where the provider is on another node, its history is another one.
            let elsewhere = near.is_none_or(|near| self.far.contains(&near.0.proxy));
            if elsewhere {
                return;
            }
            let happens = Happens {
                connection,
                own,
                other: near.map_or("", |near| near.1),
                side: Side::Requires,
                what,
            };
            self.tell(&happens, note, &mut told);
        }
    }

    fn tell(
        &mut self,
        happens: &Happens<'_>,
        note: &Arc<Note>,
        told_already: &mut Vec<(String, String)>,
    ) {
        let Happens {
            connection,
            own: (own, own_name),
            other,
            side,
            what,
        } = happens;
        let Some(group) = self.groups.get(&own.proxy) else {
            return;
        };
        let told = Told {
            number: self.happenings,
            connection: *connection,
            proxy: own.proxy,
            endpoint: own.endpoint,
            side: *side,
            what: *what,
            note: note.clone(),
        };
        let (monitoring, cut) = (&self.monitoring, &mut self.cut);
        let followed = &mut self.followed;
        self.watching
            .tell(group, &told, &mut |broken: &Broken<'_, Arc<Note>>| {
                // The types of both ends may have it.
                let key = (broken.named.formalism.clone(), broken.named.text.clone());
                if told_already.contains(&key) {
                    return;
                }
                told_already.push(key.clone());
                if broken.named.followed && !followed.insert((*connection, key.0, key.1)) {
                    return;
                }
                let (provider, peer) = match side {
                    Side::Provides => (*own_name, *other),
                    Side::Requires => (*other, *own_name),
                };
                let by = match broken.by {
                    Culprit::Provider => Some(provider),
                    Culprit::Peer => Some(peer),
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
    fn connected(&mut self, connection: u64, own: (End, &str), peer: Option<&(String, End)>) {
        let (peer_name, peer_end) = match peer {
            Some((name, end)) => (name.as_str(), Some(*end)),
            None => ("", None),
        };
        let ends = [
            (own.1.to_owned(), Some(own.0)),
            (peer_name.to_owned(), peer_end),
        ];
        let ends = Ends { ends, over: false };
        self.connections.entry(connection).or_insert(ends);
        if peer_end.is_some_and(|end| self.far.contains(&end.proxy)) {
            let group = self.groups.get(&own.0.proxy).cloned().unwrap_or_default();
            let required = self.watching.required(&group, own.0.endpoint);
            let required: Vec<Unwatched> = required
                .filter(|(_, watched)| watched.monitor.is_ok())
                .map(|(_, watched)| Unwatched {
                    formalism: watched.named.formalism.clone(),
                    text: watched.named.text.clone(),
                    subject: watched.named.subject.clone(),
                    provided: false,
                    reason: FAR.to_owned(),
                })
                .collect();
            for unwatched in required {
                if self.unwatched.insert(unwatched.clone()) {
                    self.monitoring.tell_unwatched(&unwatched);
                }
            }
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
        if std::mem::replace(&mut known.over, true) {
            self.connections.remove(&connection);
            self.followed.retain(|told| told.0 != connection);
        }
        let what = (Telling::Disconnect, "disconnect");
        self.life(connection, own, (end, &name), what);
    }
}

fn in_words(remembered: &Remembered<'_, Arc<Note>>) -> Option<String> {
    match remembered {
        Remembered::Note(note) => Some(note.to_string()),
        Remembered::Number(_) => None,
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
            bytes: types.encode(*field, values.get(name)?)?,
        };
        Some((name.clone(), valued))
    });
    values.collect()
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
