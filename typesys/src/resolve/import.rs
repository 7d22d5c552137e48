//! Types of another arena, and types that are there already.

use std::collections::{BTreeMap, VecDeque};

use crate::source::Place;
use crate::types::{
    Endpoint, EndpointId, Event, Object, ObjectBody, ObjectEndpoint, ObjectId, Origin, Parameter,
    TypeId, Types, Value, ValueId,
};

impl Types {
    /// Copies a type of another arena, with all it reaches, into this one. What was imported before,
    /// from whichever arena, is not copied again: the same structure with the same names gives the
    /// same id, so that an arena does not grow with how often something is imported. Places do not
    /// count; those of the first import stay.
    pub fn import(&mut self, other: &Types, id: TypeId) -> TypeId {
        let (shape, places) = Shape::of(other, id);
        if let Some(known) = self.instances.imported.get(&shape) {
            return *known;
        }
        let mut next = [self.values.len(), self.endpoints.len(), self.objects.len()];
        let ids: Vec<TypeId> = shape
            .0
            .iter()
            .map(|(structure, _)| structure.numbered(&mut next))
            .collect();
        for ((structure, name), place) in shape.0.iter().zip(places) {
            let origin = Origin {
                name: name.clone(),
                place,
            };
            match structure.map(&mut |id| ids[number(id)]) {
                Structure::Value(value) => self.values.push((value, origin)),
                Structure::Endpoint(endpoint) => self.endpoints.push((endpoint, origin)),
                Structure::Object(object) => self.objects.push((object, origin)),
            }
        }
        self.instances.imported.insert(shape, ids[0]);
        ids[0]
    }

    /// The value type of this structure without a name: the same one each time.
    pub fn unnamed_value(&mut self, value: Value) -> ValueId {
        if let Some(known) = self.instances.unnamed.get(&value) {
            return *known;
        }
        let id = self.add_value(value.clone(), Origin::default());
        self.instances.unnamed.insert(value, id);
        id
    }
}

/// A type with all it reaches, apart from the arena it lies in: the nodes, numbered in the order in
/// which they are met, with their names. An id in a structure is a number.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Shape(Vec<(Structure, String)>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Structure {
    Value(Value),
    Endpoint(Endpoint),
    Object(Object),
}

impl Shape {
    /// The shape of a type, and where its nodes were declared.
    fn of(types: &Types, id: TypeId) -> (Shape, Vec<Option<Place>>) {
        let mut numbers = BTreeMap::from([(id, 0)]);
        let mut waiting = VecDeque::from([id]);
        let (mut nodes, mut places) = (Vec::new(), Vec::new());
        while let Some(id) = waiting.pop_front() {
            let numbered = Structure::of(types, id).map(&mut |id| {
                let next = numbers.len() as u32;
                let number = *numbers.entry(id).or_insert_with(|| {
                    waiting.push_back(id);
                    next
                });
                with_number(id, number)
            });
            let origin = types.origin(id);
            nodes.push((numbered, origin.name.clone()));
            places.push(origin.place.clone());
        }
        (Shape(nodes), places)
    }
}

impl Structure {
    fn of(types: &Types, id: TypeId) -> Structure {
        match id {
            TypeId::Value(id) => Structure::Value(types.value(id).clone()),
            TypeId::Endpoint(id) => Structure::Endpoint(types.endpoint(id).clone()),
            TypeId::Object(id) => Structure::Object(types.object(id).clone()),
        }
    }

    /// The id of the next node of its kind, where so many of each kind are there.
    fn numbered(&self, next: &mut [usize; 3]) -> TypeId {
        let [values, endpoints, objects] = next;
        let take = |count: &mut usize| {
            *count += 1;
            *count as u32 - 1
        };
        match self {
            Structure::Value(_) => TypeId::Value(ValueId(take(values))),
            Structure::Endpoint(_) => TypeId::Endpoint(EndpointId(take(endpoints))),
            Structure::Object(_) => TypeId::Object(ObjectId(take(objects))),
        }
    }

    /// The same with other ids; `to` keeps kinds.
    fn map(&self, to: &mut impl FnMut(TypeId) -> TypeId) -> Structure {
        match self {
            Structure::Value(value) => Structure::Value(map_value(value, to)),
            Structure::Endpoint(endpoint) => Structure::Endpoint(map_endpoint(endpoint, to)),
            Structure::Object(object) => Structure::Object(map_object(object, to)),
        }
    }
}

fn number(id: TypeId) -> usize {
    let number = match id {
        TypeId::Value(id) => id.0,
        TypeId::Endpoint(id) => id.0,
        TypeId::Object(id) => id.0,
    };
    number as usize
}

fn with_number(id: TypeId, number: u32) -> TypeId {
    match id {
        TypeId::Value(_) => TypeId::Value(ValueId(number)),
        TypeId::Endpoint(_) => TypeId::Endpoint(EndpointId(number)),
        TypeId::Object(_) => TypeId::Object(ObjectId(number)),
    }
}

fn map_value(value: &Value, to: &mut impl FnMut(TypeId) -> TypeId) -> Value {
    match value {
        Value::Basic(basic) => Value::Basic(*basic),
        Value::List(element) => Value::List(value_id(*element, to)),
        Value::Option(element) => Value::Option(value_id(*element, to)),
        Value::Map(key, value) => Value::Map(value_id(*key, to), value_id(*value, to)),
        Value::Tuple(parts) => Value::Tuple(parts.iter().map(|part| value_id(*part, to)).collect()),
        Value::Record { fields, open } => {
            let fields = fields
                .iter()
                .map(|(name, ty)| (name.clone(), value_id(*ty, to)));
            Value::Record {
                fields: fields.collect(),
                open: *open,
            }
        }
        Value::Variant(cases) => {
            let cases = cases
                .iter()
                .map(|(name, ty)| (name.clone(), ty.map(|ty| value_id(ty, to))));
            Value::Variant(cases.collect())
        }
        Value::Reference(object) => Value::Reference(object_id(*object, to)),
        Value::External(endpoint) => Value::External(endpoint_id(*endpoint, to)),
        Value::Parameter(parameter) => Value::Parameter(map_parameter(parameter, to)),
    }
}

fn map_endpoint(endpoint: &Endpoint, to: &mut impl FnMut(TypeId) -> TypeId) -> Endpoint {
    match endpoint {
        Endpoint::Events {
            events,
            provides,
            requires,
        } => {
            let events = events.iter().map(|(name, event)| {
                let event = Event {
                    payload: value_id(event.payload, to),
                    ..event.clone()
                };
                (name.clone(), event)
            });
            Endpoint::Events {
                events: events.collect(),
                provides: provides.clone(),
                requires: requires.clone(),
            }
        }
        Endpoint::Parameter {
            parameter,
            mirrored,
        } => Endpoint::Parameter {
            parameter: map_parameter(parameter, to),
            mirrored: *mirrored,
        },
    }
}

fn map_object(object: &Object, to: &mut impl FnMut(TypeId) -> TypeId) -> Object {
    match object {
        Object::Top => Object::Top,
        Object::Endpoints(body) => Object::Endpoints(ObjectBody {
            endpoints: map_endpoints(&body.endpoints, to),
            hidden: map_endpoints(&body.hidden, to),
            provides: body.provides.clone(),
            requires: body.requires.clone(),
            state: body.state.map(|state| value_id(state, to)),
        }),
        Object::Parameter(parameter) => Object::Parameter(map_parameter(parameter, to)),
    }
}

fn map_endpoints(
    endpoints: &BTreeMap<String, ObjectEndpoint>,
    to: &mut impl FnMut(TypeId) -> TypeId,
) -> BTreeMap<String, ObjectEndpoint> {
    let endpoints = endpoints.iter().map(|(name, endpoint)| {
        let endpoint = ObjectEndpoint {
            ty: endpoint_id(endpoint.ty, to),
            ..endpoint.clone()
        };
        (name.clone(), endpoint)
    });
    endpoints.collect()
}

fn map_parameter(parameter: &Parameter, to: &mut impl FnMut(TypeId) -> TypeId) -> Parameter {
    Parameter {
        name: parameter.name.clone(),
        bound: parameter.bound.map(to),
    }
}

fn value_id(id: ValueId, to: &mut impl FnMut(TypeId) -> TypeId) -> ValueId {
    match to(TypeId::Value(id)) {
        TypeId::Value(id) => id,
        other => unreachable!("a value type became {other:?}"),
    }
}

fn endpoint_id(id: EndpointId, to: &mut impl FnMut(TypeId) -> TypeId) -> EndpointId {
    match to(TypeId::Endpoint(id)) {
        TypeId::Endpoint(id) => id,
        other => unreachable!("an endpoint type became {other:?}"),
    }
}

fn object_id(id: ObjectId, to: &mut impl FnMut(TypeId) -> TypeId) -> ObjectId {
    match to(TypeId::Object(id)) {
        TypeId::Object(id) => id,
        other => unreachable!("an object type became {other:?}"),
    }
}
