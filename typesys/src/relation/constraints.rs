//! The constraints of types: who gives them, what they can speak of, and what is lossy.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Relations;
use super::parsed::Parsed;
use crate::formalism::{Domain, EndpointStructure, Formalisms, Parameter, Structure};
use crate::types::{
    Constraint, Direction, Endpoint, EndpointId, Object, ObjectBody, ObjectId, Types, Value,
};

/// Who gives a constraint: its text is written from that side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The owner of the type: C.
    Provides,
    /// The owner's peer: C′.
    Requires,
}

impl Side {
    /// The other side.
    #[must_use]
    pub fn opposite(self) -> Side {
        match self {
            Side::Provides => Side::Requires,
            Side::Requires => Side::Provides,
        }
    }

    /// What it does with a constraint, as a verb.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Side::Provides => "provides",
            Side::Requires => "requires",
        }
    }

    /// Whether this side emits the events of a direction.
    pub fn emits(self, direction: Direction) -> bool {
        match self {
            Side::Provides => direction == Direction::Out,
            Side::Requires => direction == Direction::In,
        }
    }
}

/// What a constraint text of an endpoint type can speak of, seen from the one who gives it.
/// `name` is empty unless the structure is part of an object's.
pub fn endpoint_structure(
    types: &Types,
    endpoint: EndpointId,
    side: Side,
    name: &str,
) -> EndpointStructure {
    let mut structure = EndpointStructure {
        name: name.to_owned(),
        ..Default::default()
    };
    if let Endpoint::Events { events, .. } = types.endpoint(endpoint) {
        for (name, event) in events {
            let events = match side.emits(event.direction) {
                true => &mut structure.emitted,
                false => &mut structure.received,
            };
            let fields = match types.value(event.payload) {
                Value::Record { fields, .. } => Some(fields),
                _ => None,
            };
            let parameter = |name: &String| Parameter {
                name: name.clone(),
                domain: fields
                    .and_then(|fields| fields.get(name))
                    .map_or_else(Domain::default, |ty| types.domain(*ty)),
            };
            events.insert(name.clone(), event.order.iter().map(parameter).collect());
        }
    }
    structure
}

/// What a constraint text of an object type can speak of, seen from the one who gives it.
/// `renamed` is the constraint's.
pub fn object_structure(
    types: &Types,
    body: &ObjectBody,
    side: Side,
    renamed: &BTreeMap<String, String>,
) -> Structure {
    let taken: BTreeSet<&String> = renamed.keys().chain(renamed.values()).collect();
    let endpoint = |name: &String| body.endpoints.get(name).or_else(|| body.hidden.get(name));
    let own = body.endpoints.keys().chain(body.hidden.keys());
    let own = own
        .filter(|name| !taken.contains(name))
        .map(|name| (name, name));
    let structures = own.chain(renamed).filter_map(|(written, name)| {
        let structure = endpoint_structure(types, endpoint(name)?.ty, side, name);
        Some((written.clone(), structure))
    });
    Structure::Object(structures.collect())
}

/// What texts can speak of, by the side that gives them: made where a text needs it, and once.
pub(crate) struct Structures<M> {
    make: M,
    made: [OnceCell<Arc<Structure>>; 2],
}

impl<M: Fn(Side) -> Structure> Structures<M> {
    pub(crate) fn new(make: M) -> Structures<M> {
        Structures {
            make,
            made: Default::default(),
        }
    }

    pub(crate) fn get(&self, side: Side) -> Arc<Structure> {
        let made = self.made[side as usize].get_or_init(|| Arc::new((self.make)(side)));
        made.clone()
    }
}

/// Names of the events that one side of an endpoint emits.
pub(crate) fn emitted(types: &Types, endpoint: EndpointId, side: Side) -> BTreeSet<String> {
    let Endpoint::Events { events, .. } = types.endpoint(endpoint) else {
        return BTreeSet::new();
    };
    let emitted = events
        .iter()
        .filter(|(_, event)| side.emits(event.direction));
    emitted.map(|(name, _)| name.clone()).collect()
}

/// Where conversions drop fields.
pub(crate) enum Lossy {
    /// At the one endpoint, or nowhere.
    Endpoint(bool),
    /// At these endpoints of an object.
    Object(BTreeSet<String>),
}

impl Lossy {
    /// Whether a constraint may speak of messages that are converted with loss. One of a
    /// composite's part speaks of that part's endpoints only.
    pub(crate) fn concerns(&self, constraint: &Constraint) -> bool {
        if constraint.lossy {
            return true;
        }
        match self {
            Lossy::Endpoint(lossy) => *lossy,
            Lossy::Object(names) if constraint.renamed.is_empty() => !names.is_empty(),
            Lossy::Object(names) => constraint.renamed.values().any(|name| names.contains(name)),
        }
    }
}

impl Relations<'_> {
    /// The constraints of an endpoint type that one side gives, read once.
    pub(super) fn endpoint_constraints(&mut self, id: EndpointId, side: Side) -> Arc<[Parsed]> {
        let index = side as usize;
        if let Endpoint::Events {
            provides, requires, ..
        } = self.types.endpoint(id)
            && [provides, requires][index].is_empty()
        {
            return Arc::default();
        }
        if let Some(all) = self.known.endpoints.get(&id) {
            return all[index].clone();
        }
        let (types, formalisms) = (&*self.types, self.formalisms);
        let structures =
            Structures::new(|side| Structure::Endpoint(endpoint_structure(types, id, side, "")));
        let read = |constraints: &[Constraint], side: Side| -> Vec<Parsed> {
            let parsed = constraints.iter().map(|constraint| {
                Parsed::new(formalisms, constraint, side, |side| structures.get(side))
            });
            parsed.collect()
        };
        let all = match types.endpoint(id) {
            Endpoint::Events {
                provides, requires, ..
            } => [
                read(provides, Side::Provides),
                read(requires, Side::Requires),
            ],
            Endpoint::Parameter { .. } => [Vec::new(), Vec::new()],
        };
        let all = self.with_universality(all, &[], true);
        let answer = all[index].clone();
        self.known.endpoints.insert(id, all);
        answer
    }

    /// Both sides' constraints, knowing which assumptions every peer has to meet. `kept` is what the
    /// owner provides besides.
    fn with_universality(
        &self,
        all: [Vec<Parsed>; 2],
        kept: &[Parsed],
        endpoint: bool,
    ) -> [Arc<[Parsed]>; 2] {
        let [mut provides, mut requires] = all;
        if provides.iter().chain(&requires).any(Parsed::is_conditional) {
            let before = [&provides, kept].concat();
            self.mark_universal(&mut provides, &requires, endpoint);
            self.mark_universal(&mut requires, &before, endpoint);
            let each = requires.iter_mut();
            each.for_each(Parsed::ask_of_each_connection);
            if endpoint && self.rests_on_each_connection(&provides, &requires) {
                requires.iter_mut().for_each(Parsed::ask_everywhere);
            }
        }
        [Arc::from(provides), Arc::from(requires)]
    }

    /// Whether what some guarantee assumes of all connections of a peer is required only by what speaks of
    /// each connection by itself. A peer may keep that where it is connected with this owner, and not
    /// elsewhere.
    fn rests_on_each_connection(&self, provides: &[Parsed], requires: &[Parsed]) -> bool {
        let of_all = requires.iter().filter(|it| !it.is_of_one_connection());
        let of_all: Vec<Parsed> = of_all.cloned().collect();
        let of_all_peers = provides.iter().filter(|it| it.may_be_met_in(false));
        let assumptions = of_all_peers.filter_map(Parsed::assumption);
        let mut wide = assumptions.filter(|it| !it.is_of_one_connection());
        wide.any(|it| !self.is_met(&of_all, it))
    }

    /// The constraints of an object type that one side gives, read once.
    pub(super) fn object_constraints(&mut self, id: ObjectId, side: Side) -> Arc<[Parsed]> {
        let index = side as usize;
        if let Some(all) = self.known.objects.get(&id) {
            return all[index].clone();
        }
        let all = match self.types.object(id) {
            Object::Endpoints(body) => [Side::Provides, Side::Requires]
                .map(|side| body_constraints(self.types, self.formalisms, body, side)),
            Object::Top | Object::Parameter(_) => [Vec::new(), Vec::new()],
        };
        let kept = match (self.types.object(id), &all) {
            (Object::Endpoints(body), [_, requires])
                if requires.iter().any(Parsed::is_conditional) =>
            {
                let ends = body.endpoints.iter().chain(&body.hidden);
                self.kept_at_endpoints(ends, requires)
            }
            _ => Vec::new(),
        };
        let all = self.with_universality(all, &kept, false);
        let answer = all[index].clone();
        self.known.objects.insert(id, all);
        answer
    }
}

/// The constraints of an object type that one side gives.
pub(crate) fn body_constraints(
    types: &Types,
    formalisms: &Formalisms,
    body: &ObjectBody,
    side: Side,
) -> Vec<Parsed> {
    let constraints = match side {
        Side::Provides => &body.provides,
        Side::Requires => &body.requires,
    };
    let mut read = Vec::with_capacity(constraints.len());
    // Those of one part of a composite stand together, and are renamed alike.
    for alike in constraints.chunk_by(|left, right| left.renamed == right.renamed) {
        let renamed = &alike[0].renamed;
        let structures = Structures::new(|side| object_structure(types, body, side, renamed));
        read.extend(alike.iter().map(|constraint| {
            Parsed::new(formalisms, constraint, side, |side| structures.get(side))
        }));
    }
    read
}
