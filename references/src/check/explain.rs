//! Why constraints are met, where that is wanted: what is to be told is noted during the check, and
//! asked for after it, of types of its own. So the check itself is the same, wanted or not.

use std::collections::BTreeMap;

use liveobj_types::types::Object;
use liveobj_types::{CompositeShape, EndpointId, ObjectId, Place, Relations, TypeId};

use super::Checker;
use crate::checked::PlannedConnection;
use crate::explanation::{CastGrounds, CompositeGrounds, ConnectionGrounds, Explanation};

/// What is to be told.
#[derive(Default)]
pub(super) struct Wanted {
    /// Names of the components around what is being checked.
    path: Vec<String>,
    composites: Vec<Composed>,
    casts: Vec<Cast>,
}

struct Composed {
    path: Vec<String>,
    place: Place,
    connections: Vec<(PlannedConnection, [EndpointId; 2])>,
    shape: Option<CompositeShape>,
}

struct Cast {
    path: Vec<String>,
    place: Place,
    types: [ObjectId; 2],
}

impl Checker<'_> {
    /// What follows is about a component of this name.
    pub(super) fn enter(&mut self, component: &str) {
        if let Some(wanted) = &mut self.wanted {
            wanted.path.push(component.to_owned());
        }
    }

    /// It is no more.
    pub(super) fn leave(&mut self) {
        if let Some(wanted) = &mut self.wanted {
            wanted.path.pop();
        }
    }

    /// Notes a composite: the types of its components, as far as they are known, and its shape if all
    /// of them are.
    pub(super) fn note_composite(
        &mut self,
        place: &Place,
        types: &BTreeMap<&str, ObjectId>,
        connections: &[PlannedConnection],
        shape: Option<&CompositeShape>,
    ) {
        let Some(wanted) = &mut self.wanted else {
            return;
        };
        let endpoint = |(component, name): &(String, String)| {
            let ty = types.get(component.as_str())?;
            match self.types.object(*ty) {
                Object::Endpoints(body) => Some(body.endpoints.get(name)?.ty),
                Object::Top | Object::Parameter(_) => None,
            }
        };
        let connections = connections.iter().filter_map(|connection| {
            let [left, right] = &connection.ends;
            let types = [endpoint(left)?, endpoint(right)?];
            Some((connection.clone(), types))
        });
        wanted.composites.push(Composed {
            path: wanted.path.clone(),
            place: place.clone(),
            connections: connections.collect(),
            shape: shape.cloned(),
        });
    }

    /// Notes that an object is declared to have another type than it is known to have.
    pub(super) fn note_cast(&mut self, place: &Place, derived: ObjectId, declared: ObjectId) {
        if let Some(wanted) = self.wanted.as_mut().filter(|_| derived != declared) {
            wanted.casts.push(Cast {
                path: wanted.path.clone(),
                place: place.clone(),
                types: [derived, declared],
            });
        }
    }

    /// Why the constraints are met of all that was noted, if that is wanted.
    pub(super) fn explanation(&mut self) -> Option<Explanation> {
        let wanted = self.wanted.take()?;
        let mut types = self.types.clone();
        let mut explanation = Explanation::default();
        for composed in wanted.composites {
            let mut connections = Vec::new();
            for (connection, [left, right]) in composed.connections {
                let mut relations = Relations::new(&mut types, self.formalisms);
                connections.push(ConnectionGrounds {
                    ends: connection.ends,
                    verdict: relations.matches(left, right),
                    grounds: relations.match_grounds(left, right),
                });
            }
            let mut relations = Relations::new(&mut types, self.formalisms);
            explanation.composites.push(CompositeGrounds {
                path: composed.path,
                place: composed.place,
                connections,
                composition: composed.shape.map(|shape| relations.composition(&shape)),
            });
        }
        for cast in wanted.casts {
            let [derived, declared] = cast.types.map(TypeId::Object);
            let mut relations = Relations::new(&mut types, self.formalisms);
            explanation.casts.push(CastGrounds {
                path: cast.path,
                place: cast.place,
                verdict: relations.is_subtype(derived, declared),
                grounds: relations.subtype_grounds(derived, declared),
                derived: relations.types.describe(derived),
                declared: relations.types.describe(declared),
            });
        }
        Some(explanation)
    }
}
