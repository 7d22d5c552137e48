//! What is in a node: the queue of nodes that were allocated empty, and the bounds of arguments.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::expand::{Scope, Session};
use super::instances::{Builtin, Term, TermId};
use super::mirror::mirrored;
use crate::source::Place;
use crate::syntax::{self, ConstraintRole, EndpointMember, Item};
use crate::types::{
    Constraint, Endpoint, Event, Object, ObjectBody, ObjectEndpoint, Origin, TypeId, Value,
};

impl Session<'_> {
    /// Fills in all nodes, and finds the bounds that arguments have to keep.
    pub(super) fn drain(&mut self) {
        loop {
            if let Some((id, term)) = self.queue.pop_front() {
                self.filling = Some(term);
                let filled = self.fill(id, term);
                self.filling = None;
                self.incomplete |= filled.is_none();
            } else if let Some((term, places)) = self.uses.pop_front() {
                self.find_bounds(term, &places);
            } else {
                return;
            }
        }
    }

    fn fill(&mut self, id: TypeId, term: TermId) -> Option<()> {
        let structure = self.types.instances.term(term).clone();
        match (structure, id) {
            (Term::Builtin(builtin, arguments), TypeId::Value(id)) => {
                let value = self.builtin(builtin, &arguments)?;
                self.types.set_value(id, value);
            }
            (Term::Mirror(inner), TypeId::Endpoint(id)) => {
                // It was queued before its mirror and is filled.
                let TypeId::Endpoint(base) = self.node(inner)? else {
                    return None;
                };
                let structure = mirrored(self.types.endpoint(base));
                self.types.set_endpoint(id, structure);
            }
            (Term::Declared(decl, arguments), id) => {
                let (module, item) = self.types.instances.item(decl);
                let item = &module.file.items[item];
                let scope = self.scope(decl, item.parameters(), &arguments);
                self.declaration(id, item, &scope)?;
            }
            _ => {}
        }
        Some(())
    }

    fn builtin(&mut self, builtin: Builtin, arguments: &[TermId]) -> Option<Value> {
        let mut values = Vec::new();
        for argument in arguments {
            match (self.node(*argument)?, builtin) {
                (TypeId::Object(id), Builtin::Reference) => return Some(Value::Reference(id)),
                (TypeId::Endpoint(id), Builtin::External) => return Some(Value::External(id)),
                (TypeId::Value(id), _) => values.push(id),
                _ => return None,
            }
        }
        Some(match (builtin, values.as_slice()) {
            (Builtin::Basic(basic), _) => Value::Basic(basic),
            (Builtin::List, [element]) => Value::List(*element),
            (Builtin::Option, [element]) => Value::Option(*element),
            (Builtin::Map, [key, value]) => Value::Map(*key, *value),
            (Builtin::Tuple, _) => Value::Tuple(values),
            _ => return None,
        })
    }

    fn declaration(&mut self, id: TypeId, item: &Item, scope: &Scope) -> Option<()> {
        match (item, id) {
            (Item::Record(record), TypeId::Value(id)) => {
                let mut fields = BTreeMap::new();
                for field in &record.fields {
                    fields.insert(field.name.name.clone(), self.value(scope, &field.ty)?);
                }
                self.types.set_value(
                    id,
                    Value::Record {
                        fields,
                        open: record.open,
                    },
                );
            }
            (Item::Variant(variant), TypeId::Value(id)) => {
                let mut cases = BTreeMap::new();
                for case in &variant.cases {
                    let payload = match &case.payload {
                        Some(payload) => Some(self.value(scope, payload)?),
                        None => None,
                    };
                    cases.insert(case.name.name.clone(), payload);
                }
                self.types.set_value(id, Value::Variant(cases));
            }
            (Item::Enum(item), TypeId::Value(id)) => {
                let names = item.cases.iter().map(|(_, name)| (name.name.clone(), None));
                self.types.set_value(id, Value::Variant(names.collect()));
            }
            (Item::Endpoint(endpoint), TypeId::Endpoint(id)) => {
                let structure = self.events(endpoint, scope)?;
                self.types.set_endpoint(id, structure);
            }
            (Item::Object(object), TypeId::Object(id)) => {
                let mut body = ObjectBody::default();
                for endpoint in &object.endpoints {
                    let ty = self.endpoint(scope, &endpoint.ty)?;
                    let (many, mandatory) = (endpoint.many, endpoint.mandatory);
                    let endpoint_type = ObjectEndpoint {
                        ty,
                        many,
                        mandatory,
                    };
                    body.endpoints
                        .insert(endpoint.name.name.clone(), endpoint_type);
                }
                for constraint in &object.constraints {
                    add_constraint(constraint, scope, &mut body.provides, &mut body.requires);
                }
                if let Some(state) = &object.state {
                    body.state = Some(self.value(scope, state)?);
                }
                self.types.set_object(id, Object::Endpoints(body));
            }
            _ => return None,
        }
        Some(())
    }

    fn events(&mut self, endpoint: &syntax::Endpoint, scope: &Scope) -> Option<Endpoint> {
        let mut events = BTreeMap::new();
        let (mut provides, mut requires) = (Vec::new(), Vec::new());
        for member in &endpoint.members {
            let event = match member {
                EndpointMember::Constraint(constraint) => {
                    add_constraint(constraint, scope, &mut provides, &mut requires);
                    continue;
                }
                EndpointMember::Event(event) => event,
            };
            let mut fields = BTreeMap::new();
            for parameter in &event.parameters {
                fields.insert(
                    parameter.name.name.clone(),
                    self.value(scope, &parameter.ty)?,
                );
            }
            self.count(1)?;
            let place = Some(Place::new(&scope.source, event.name.span));
            let payload = self.types.add_value(
                Value::Record {
                    fields,
                    open: event.open,
                },
                Origin {
                    name: String::new(),
                    place,
                },
            );
            let order = event
                .parameters
                .iter()
                .map(|parameter| parameter.name.name.clone());
            events.insert(
                event.name.name.clone(),
                Event {
                    direction: event.direction,
                    payload,
                    order: order.collect(),
                    refusable: event.refusable,
                },
            );
        }
        Some(Endpoint::Events {
            events,
            provides,
            requires,
        })
    }

    /// What the bounds of a declaration's parameters are in one use of it.
    fn find_bounds(&mut self, term: TermId, places: &[Place]) -> Option<()> {
        let Term::Declared(decl, arguments) = self.types.instances.term(term).clone() else {
            return None;
        };
        let (module, item) = self.types.instances.item(decl);
        let item = &module.file.items[item];
        let scope = self.scope(decl, item.parameters(), &arguments);
        for (position, parameter) in item.parameters().iter().enumerate() {
            let Some(bound) = &parameter.bound else {
                continue;
            };
            self.filling = Some(term);
            let bound = self.resolve(&scope, bound);
            self.filling = None;
            let argument = self.node(arguments[position]);
            self.incomplete |= argument.is_none();
            let declared = Place::new(&module.source, parameter.name.span);
            let owner = item.name().map_or("", |name| &name.name);
            let place = places.get(position).cloned();
            self.bounded(
                argument?,
                bound?,
                &parameter.name.name,
                owner,
                place,
                declared,
            );
        }
        Some(())
    }
}

/// White space collapsed.
pub(super) fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Adds a constraint to the sides it binds; `follows` binds both.
fn add_constraint(
    constraint: &syntax::Constraint,
    scope: &Scope,
    provides: &mut Vec<Constraint>,
    requires: &mut Vec<Constraint>,
) {
    let place = Place::new(&scope.source, constraint.text_span);
    let made = Constraint {
        formalism: Arc::from(constraint.formalism.name.as_str()),
        text: Arc::from(collapsed(&constraint.text)),
        dual: false,
        given: constraint
            .given
            .as_deref()
            .map(|given| Arc::from(collapsed(given))),
        renamed: BTreeMap::new(),
        lossy: false,
        place: Some(place),
    };
    match constraint.role {
        ConstraintRole::Provides => provides.push(made),
        ConstraintRole::Requires => requires.push(made),
        ConstraintRole::Follows => {
            requires.push(Constraint {
                dual: true,
                ..made.clone()
            });
            provides.push(made);
        }
    }
}
