//! Mirrored endpoint types.

use super::instances::Term;
use crate::syntax::Direction;
use crate::types::{Endpoint, EndpointId, Event, Origin, TypeId, Types};

impl Types {
    /// τ mirrored: incoming and outgoing, provided and required swapped; texts unchanged.
    /// Mirroring twice gives the id back.
    pub fn mirror(&mut self, endpoint: EndpointId) -> EndpointId {
        if let Some(known) = self.instances.mirrors.get(&endpoint) {
            return *known;
        }
        let structure = mirrored(self.endpoint(endpoint));
        let origin = mirrored_origin(self, endpoint);
        let id = self.add_endpoint(structure, origin);
        self.instances.mirrors.insert(endpoint, id);
        self.instances.mirrors.insert(id, endpoint);
        if let Some(term) = self.instances.origins.get(&TypeId::Endpoint(endpoint)) {
            let term = *term;
            let term = self.instances.intern(Term::Mirror(term));
            self.instances.set_node(term, TypeId::Endpoint(id));
            self.instances.origins.insert(TypeId::Endpoint(id), term);
        }
        id
    }
}

/// The structure of the mirror.
pub(super) fn mirrored(endpoint: &Endpoint) -> Endpoint {
    match endpoint {
        Endpoint::Events {
            events,
            provides,
            requires,
        } => Endpoint::Events {
            events: events
                .iter()
                .map(|(name, event)| {
                    let direction = match event.direction {
                        Direction::In => Direction::Out,
                        Direction::Out => Direction::In,
                    };
                    (
                        name.clone(),
                        Event {
                            direction,
                            ..event.clone()
                        },
                    )
                })
                .collect(),
            provides: requires.clone(),
            requires: provides.clone(),
        },
        Endpoint::Parameter {
            parameter,
            mirrored,
        } => Endpoint::Parameter {
            parameter: parameter.clone(),
            mirrored: !mirrored,
        },
    }
}

/// The name of the mirror.
pub(super) fn mirrored_origin(types: &Types, base: EndpointId) -> Origin {
    let origin = types.origin(TypeId::Endpoint(base));
    let name = match origin.name.strip_prefix("mirror ") {
        Some(name) => name.to_owned(),
        None if origin.name.is_empty() => String::new(),
        None => format!("mirror {}", origin.name),
    };
    Origin {
        name,
        place: origin.place.clone(),
    }
}
