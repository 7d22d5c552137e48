//! Mirrored endpoint types, and types of another arena.

use std::collections::{BTreeMap, VecDeque};

use super::instances::Term;
use crate::syntax::Direction;
use crate::types::{
    Endpoint, EndpointId, Event, Object, ObjectBody, ObjectEndpoint, ObjectId, Origin, Parameter,
    TypeId, Types, Value, ValueId,
};

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
            self.instances.nodes.insert(term, TypeId::Endpoint(id));
            self.instances.origins.insert(TypeId::Endpoint(id), term);
        }
        id
    }

    /// Copies a type of another arena, with all it reaches, into this one.
    pub fn import(&mut self, other: &Types, id: TypeId) -> TypeId {
        let mut import = Import {
            into: self,
            from: other,
            copies: BTreeMap::new(),
            waiting: VecDeque::new(),
        };
        let copy = import.copy(id);
        while let Some(id) = import.waiting.pop_front() {
            import.fill(id);
        }
        copy
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

struct Import<'a> {
    into: &'a mut Types,
    from: &'a Types,
    copies: BTreeMap<TypeId, TypeId>,
    waiting: VecDeque<TypeId>,
}

impl Import<'_> {
    /// The copy of a node, empty at first.
    fn copy(&mut self, id: TypeId) -> TypeId {
        if let Some(copy) = self.copies.get(&id) {
            return *copy;
        }
        let origin = self.from.origin(id).clone();
        let copy = match id {
            TypeId::Value(id) => {
                TypeId::Value(self.into.add_value(self.from.value(id).clone(), origin))
            }
            TypeId::Endpoint(id) => TypeId::Endpoint(
                self.into
                    .add_endpoint(self.from.endpoint(id).clone(), origin),
            ),
            TypeId::Object(id) => {
                TypeId::Object(self.into.add_object(self.from.object(id).clone(), origin))
            }
        };
        self.copies.insert(id, copy);
        self.waiting.push_back(id);
        copy
    }

    fn value(&mut self, id: ValueId) -> ValueId {
        match self.copy(TypeId::Value(id)) {
            TypeId::Value(id) => id,
            _ => unreachable!("a copy is of the same kind"),
        }
    }

    fn endpoint(&mut self, id: EndpointId) -> EndpointId {
        match self.copy(TypeId::Endpoint(id)) {
            TypeId::Endpoint(id) => id,
            _ => unreachable!("a copy is of the same kind"),
        }
    }

    fn object(&mut self, id: ObjectId) -> ObjectId {
        match self.copy(TypeId::Object(id)) {
            TypeId::Object(id) => id,
            _ => unreachable!("a copy is of the same kind"),
        }
    }

    fn parameter(&mut self, parameter: &Parameter) -> Parameter {
        Parameter {
            name: parameter.name.clone(),
            bound: parameter.bound.map(|bound| self.copy(bound)),
        }
    }

    fn endpoints(
        &mut self,
        endpoints: &BTreeMap<String, ObjectEndpoint>,
    ) -> BTreeMap<String, ObjectEndpoint> {
        endpoints
            .iter()
            .map(|(name, endpoint)| {
                let ty = self.endpoint(endpoint.ty);
                (
                    name.clone(),
                    ObjectEndpoint {
                        ty,
                        ..endpoint.clone()
                    },
                )
            })
            .collect()
    }

    /// Points the copy of a node to copies.
    fn fill(&mut self, id: TypeId) {
        let copy = self.copies[&id];
        let from = self.from;
        match (id, copy) {
            (TypeId::Value(id), TypeId::Value(copy)) => {
                let value = match from.value(id) {
                    Value::Basic(basic) => Value::Basic(*basic),
                    Value::List(element) => Value::List(self.value(*element)),
                    Value::Option(element) => Value::Option(self.value(*element)),
                    Value::Map(key, value) => Value::Map(self.value(*key), self.value(*value)),
                    Value::Tuple(parts) => {
                        Value::Tuple(parts.iter().map(|part| self.value(*part)).collect())
                    }
                    Value::Record { fields, open } => {
                        let fields = fields
                            .iter()
                            .map(|(name, ty)| (name.clone(), self.value(*ty)));
                        Value::Record {
                            fields: fields.collect(),
                            open: *open,
                        }
                    }
                    Value::Variant(cases) => {
                        let cases = cases
                            .iter()
                            .map(|(name, ty)| (name.clone(), ty.map(|ty| self.value(ty))));
                        Value::Variant(cases.collect())
                    }
                    Value::Reference(object) => Value::Reference(self.object(*object)),
                    Value::External(endpoint) => Value::External(self.endpoint(*endpoint)),
                    Value::Parameter(parameter) => Value::Parameter(self.parameter(parameter)),
                };
                self.into.set_value(copy, value);
            }
            (TypeId::Endpoint(id), TypeId::Endpoint(copy)) => {
                let endpoint = match from.endpoint(id) {
                    Endpoint::Events {
                        events,
                        provides,
                        requires,
                    } => Endpoint::Events {
                        events: events
                            .iter()
                            .map(|(name, event)| {
                                let payload = self.value(event.payload);
                                (
                                    name.clone(),
                                    Event {
                                        payload,
                                        ..event.clone()
                                    },
                                )
                            })
                            .collect(),
                        provides: provides.clone(),
                        requires: requires.clone(),
                    },
                    Endpoint::Parameter {
                        parameter,
                        mirrored,
                    } => Endpoint::Parameter {
                        parameter: self.parameter(parameter),
                        mirrored: *mirrored,
                    },
                };
                self.into.set_endpoint(copy, endpoint);
            }
            (TypeId::Object(id), TypeId::Object(copy)) => {
                let object = match from.object(id) {
                    Object::Top => Object::Top,
                    Object::Endpoints(body) => Object::Endpoints(ObjectBody {
                        endpoints: self.endpoints(&body.endpoints),
                        hidden: self.endpoints(&body.hidden),
                        provides: body.provides.clone(),
                        requires: body.requires.clone(),
                        state: body.state.map(|state| self.value(state)),
                    }),
                    Object::Parameter(parameter) => Object::Parameter(self.parameter(parameter)),
                };
                self.into.set_object(copy, object);
            }
            _ => unreachable!("a copy is of the same kind"),
        }
    }
}
