//! What to do about endpoints that do not match. Only what the document itself can change is
//! suggested: the arguments it gives, the types it declares, the connections it makes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use liveobj_types::types::{Direction, Endpoint, Object, Value};
use liveobj_types::{
    EndpointId, Judgement, Mismatch, Place, Problem, Step, TypeId, Types, ValueId,
};

use super::relate::Question;
use super::scope::Scope;
use super::{Checker, Typed};
use crate::model::{
    Argument, Composite, Connection, EndpointName, ExternalSource, ReferenceKind, Spanned,
};

/// Pairs of endpoints that one check tries for the sake of advice.
pub(super) const MAX_TRIALS: usize = 256;

/// What stands around a connection.
#[derive(Clone, Copy)]
pub(super) struct Around<'d> {
    pub scope: &'d Scope,
    pub composite: &'d Composite,
    pub components: &'d BTreeMap<&'d str, Option<Typed>>,
    /// Whether nothing is left out of the composite.
    pub whole: bool,
}

/// What to do, and further places that this concerns.
#[derive(Default)]
pub(super) struct Advice {
    pub help: Option<String>,
    pub labels: Vec<(Place, String)>,
}

impl Checker<'_> {
    /// What to do about a connection that is refused.
    pub(super) fn advice(
        &mut self,
        around: Around<'_>,
        connection: &Connection,
        types: [EndpointId; 2],
        judgement: &Judgement,
    ) -> Advice {
        let ends = &connection.ends;
        if ends[0] == ends[1] {
            let help = self
                .matching(around, &ends[0], types[0])
                .map(|(of, name)| format!("did you mean `{of}.{name}`?"));
            return Advice {
                help,
                labels: Vec::new(),
            };
        }
        let refuted = |mismatch: &&Mismatch| mismatch.problem.verdict().fails();
        let mismatches = &judgement.mismatches;
        let Some(mismatch) = mismatches.iter().find(refuted).or(mismatches.first()) else {
            return Advice::default();
        };
        if let Some(advice) = self.other_argument(around, connection, types, mismatch) {
            return advice;
        }
        let alone = mismatches.len() == 1;
        let mut help = self.other_declaration(connection, types, mismatch, alone);
        let unmet = matches!(mismatch.problem, Problem::Unmet { .. });
        if help.is_none() || unmet {
            let mut matching = Vec::new();
            for (end, ty) in ends.iter().zip(types) {
                if let Some((of, name)) = self.matching(around, end, ty) {
                    matching.push(format!("`{of}.{name}` would match `{}`", written(end)));
                }
            }
            help = match (help, matching.is_empty()) {
                (help, true) => help,
                (None, false) => Some(matching.join(", and ")),
                (Some(help), false) => Some(format!("{help}; {}", matching.join(", and "))),
            };
        }
        Advice {
            help,
            labels: Vec::new(),
        }
    }

    /// An unused endpoint of another component that matches `end`, which is a `ty`, and sends all that
    /// it handles: the component and its name.
    pub(super) fn matching(
        &mut self,
        around: Around<'_>,
        end: &EndpointName,
        ty: EndpointId,
    ) -> Option<(String, String)> {
        let connected = around.composite.connections.iter().flat_map(|c| &c.ends);
        let exported = around.composite.exports.iter().map(|e| &e.endpoint);
        let used: BTreeSet<(&str, &str)> = connected
            .chain(exported)
            .map(|end| (end.of.text.as_str(), end.name.text.as_str()))
            .collect();
        for (component, typed) in around.components {
            let Some(typed) = typed else { continue };
            if *component == end.of.text {
                continue;
            }
            let Object::Endpoints(body) = self.types.object(typed.ty) else {
                continue;
            };
            let free: Vec<(String, EndpointId)> = body
                .endpoints
                .iter()
                .filter(|(name, other)| other.many || !used.contains(&(*component, name.as_str())))
                .filter(|(_, other)| feeds(&self.types, other.ty, ty))
                .map(|(name, other)| (name.clone(), other.ty))
                .collect();
            for (name, other) in free {
                self.trials = self.trials.checked_sub(1)?;
                if self.ask(Question::Match(ty, other)).verdict.holds() {
                    return Some(((*component).to_owned(), name));
                }
            }
        }
        None
    }

    /// Another type argument with which the ends would match.
    fn other_argument(
        &mut self,
        around: Around<'_>,
        connection: &Connection,
        types: [EndpointId; 2],
        mismatch: &Mismatch,
    ) -> Option<Advice> {
        let values = along(&self.types, types, &mismatch.trail);
        let first = usize::from(!mismatch.left_at_fault);
        for side in [first, 1 - first] {
            let end = &connection.ends[side];
            let mut components = around.composite.components.iter();
            let component = components.find(|component| component.name.text == end.of.text)?;
            let ReferenceKind::Parameterized(inner) = &component.reference.kind else {
                continue;
            };
            // What makes the object otherwise would have to be checked again.
            let from_library = matches!(
                &inner.template.kind,
                ReferenceKind::External(external)
                    if matches!(external.source, ExternalSource::Library { .. })
            );
            if component.reference.as_type.is_some() || !from_library {
                continue;
            }
            for (name, argument) in &inner.parameters {
                let Argument::Type(text) = argument else {
                    continue;
                };
                for pair in values.iter().rev() {
                    let (own, wanted) = (pair[side], pair[1 - side]);
                    self.trials = self.trials.checked_sub(1)?;
                    let reported = (self.diagnostics.len(), self.unlisted);
                    let new = self.replacement(around.scope, text, own, wanted);
                    let found = new.as_ref().and_then(|(_, new)| {
                        let environment = self.environment(around.scope, inner, name, *new)?;
                        let offered = self.template(around.scope, &inner.template)?.offered;
                        let template = &offered.template;
                        let signature =
                            self.types.template(&offered.module, template, &environment);
                        match self.types.object(signature.ok()?.result) {
                            Object::Endpoints(body) => body.endpoints.get(&end.name.text).cloned(),
                            _ => None,
                        }
                    });
                    // Nobody wrote what is tried here.
                    self.diagnostics.truncate(reported.0);
                    self.unlisted = reported.1;
                    let (Some((new, _)), Some(found)) = (new, found) else {
                        continue;
                    };
                    let question = Question::Match(found.ty, types[1 - side]);
                    if self.ask(question).verdict.holds() {
                        let (of, name) = (&end.of.text, &name.text);
                        let place = self.at(around.scope, text.span);
                        return Some(Advice {
                            help: Some(format!("in `{of}`: set parameter `{name}` to `{new}`")),
                            labels: vec![(place, format!("parameter `{name}`"))],
                        });
                    }
                }
            }
        }
        None
    }

    /// The type argument `wanted` as it can be written where `text` stands, if that is `own`.
    fn replacement(
        &mut self,
        scope: &Scope,
        text: &Spanned,
        own: ValueId,
        wanted: ValueId,
    ) -> Option<(String, TypeId)> {
        let (own, wanted) = (TypeId::Value(own), TypeId::Value(wanted));
        let now = self.any_type(scope, text)?;
        if self.types.identity(now) != self.types.identity(own) {
            return None;
        }
        let new = self.types.describe(wanted);
        let new = new.replace('<', "[").replace('>', "]");
        let text = Spanned {
            text: new.clone(),
            ..text.clone()
        };
        let id = self.any_type(scope, &text)?;
        (self.types.identity(id) == self.types.identity(wanted)).then_some((new, id))
    }

    /// The type arguments of `inner`, that of `changed` replaced by `new`.
    fn environment(
        &mut self,
        scope: &Scope,
        inner: &crate::model::Parameterized,
        changed: &Spanned,
        new: TypeId,
    ) -> Option<BTreeMap<String, TypeId>> {
        let mut environment = BTreeMap::new();
        for (name, argument) in &inner.parameters {
            if let Argument::Type(text) = argument {
                let id = match name.text == changed.text {
                    true => new,
                    false => self.any_type(scope, text)?,
                };
                environment.insert(name.text.clone(), id);
            }
        }
        Some(environment)
    }

    /// What to change in a type that the document declares; `alone`: nothing else is wrong.
    fn other_declaration(
        &self,
        connection: &Connection,
        types: [EndpointId; 2],
        mismatch: &Mismatch,
        alone: bool,
    ) -> Option<String> {
        let at_fault = usize::from(!mismatch.left_at_fault);
        let other = 1 - at_fault;
        let declared = |side: usize| {
            self.declared(TypeId::Endpoint(types[side]))
                .then(|| written(&connection.ends[side]))
        };
        let values = along(&self.types, types, &mismatch.trail);
        // What holds the part at fault: a named type on the way there, or the endpoint's.
        let holder = |side: usize, values: &[[ValueId; 2]]| {
            let mut ids = values.iter().rev().map(|pair| TypeId::Value(pair[side]));
            let id = ids.find(|id| !self.types.origin(*id).name.is_empty());
            let id = id.unwrap_or(TypeId::Endpoint(types[side]));
            self.declared(id).then(|| self.types.describe(id))
        };
        match &mismatch.problem {
            Problem::SameDirection { .. } => {
                declared(0).or_else(|| declared(1))?;
                mismatch.problem.suggestion()
            }
            // What is merely not shown may well be met.
            Problem::Unmet { verdict, .. } if !verdict.fails() => None,
            Problem::Unmet {
                formalism,
                required,
                provided,
                ..
            } => match (declared(other), declared(at_fault)) {
                (Some(name), _) => {
                    let instead = match &provided[..] {
                        [only] => format!("require only {formalism} \"{only}\""),
                        _ => "require less".to_owned(),
                    };
                    Some(format!(
                        "connect `{name}` to what provides {formalism} \"{required}\", directly or \
                         through a component in between; or {instead} in `{name}`, if that is \
                         enough"
                    ))
                }
                (None, Some(name)) => {
                    Some(format!("in `{name}`: {}", mismatch.problem.suggestion()?))
                }
                (None, None) => Some(format!(
                    "connect a component that provides {formalism} \"{required}\""
                )),
            },
            Problem::Missing {
                what: what @ ("field" | "case"),
                name,
                similar,
            } => {
                if let Some(holder) = holder(at_fault, &values) {
                    let suggestion = mismatch.problem.suggestion()?;
                    return Some(format!("in `{holder}`: {suggestion}"));
                }
                holder(other, &values).map(|holder| match similar {
                    Some(similar) => {
                        format!("in `{holder}`: rename {what} `{name}` to `{similar}`")
                    }
                    None => format!("in `{holder}`: remove the {what} `{name}`"),
                })
            }
            Problem::Unexpected {
                what: "field",
                name,
            } => {
                let other_holder = holder(other, &values);
                let open = alone && self.one_way(types[other]);
                let open = other_holder
                    .as_ref()
                    .filter(|_| open)
                    .map(|holder| format!("let `{holder}` end in `..`"));
                match (holder(at_fault, &values), open, other_holder) {
                    (Some(holder), Some(open), _) => Some(format!(
                        "in `{holder}`: remove the field `{name}`, or {open}"
                    )),
                    (Some(holder), None, _) => {
                        Some(format!("in `{holder}`: remove the field `{name}`"))
                    }
                    (None, Some(open), _) => Some(open),
                    (None, None, Some(holder)) => {
                        Some(format!("in `{holder}`: add the field `{name}`"))
                    }
                    (None, None, None) => None,
                }
            }
            Problem::Incompatible { found, expected } => {
                let around = &values[..values.len().saturating_sub(1)];
                if let Some(holder) = holder(at_fault, around) {
                    let suggestion = mismatch.problem.suggestion()?;
                    return Some(format!("in `{holder}`: {suggestion}"));
                }
                let holder = holder(other, around)?;
                let swapped = Problem::Incompatible {
                    found: expected.clone(),
                    expected: found.clone(),
                };
                Some(format!("in `{holder}`: {}", swapped.suggestion()?))
            }
            Problem::Missing { name, similar, .. } => {
                if let Some(end) = declared(at_fault) {
                    return Some(format!("in `{end}`: {}", mismatch.problem.suggestion()?));
                }
                let end = declared(other)?;
                Some(match similar {
                    Some(similar) => format!("in `{end}`: rename event `{name}` to `{similar}`"),
                    None => format!("in `{end}`: remove the event `{name}`"),
                })
            }
            problem => {
                let end = declared(at_fault)?;
                Some(format!("in `{end}`: {}", problem.suggestion()?))
            }
        }
    }

    /// Whether the document itself declares a type, or makes it without a declaration.
    pub(super) fn declared(&self, id: TypeId) -> bool {
        match &self.types.origin(id).place {
            Some(place) => {
                let place = self.embedded.outermost(place);
                Arc::ptr_eq(&place.source, &self.source)
            }
            None => matches!(id, TypeId::Object(_)) && self.types.origin(id).name.is_empty(),
        }
    }

    /// Whether all events of an endpoint have the same direction.
    fn one_way(&self, id: EndpointId) -> bool {
        let Endpoint::Events { events, .. } = self.types.endpoint(id) else {
            return false;
        };
        let mut directions = events.values().map(|event| event.direction);
        let first = directions.next();
        directions.all(|direction| Some(direction) == first)
    }

    /// The name of an end in a sentence about a field: with the record that has it or lacks it.
    pub(super) fn owners(
        &self,
        types: [EndpointId; 2],
        names: [&str; 2],
        mismatch: &Mismatch,
    ) -> [String; 2] {
        let field = matches!(
            mismatch.problem,
            Problem::Missing { what: "field", .. } | Problem::Unexpected { what: "field", .. }
        );
        let last = along(&self.types, types, &mismatch.trail).pop();
        [0, 1].map(|side| match last {
            Some(pair) if field && mismatch.trail.len() > 1 => {
                match self.types.origin(TypeId::Value(pair[side])).name.as_str() {
                    "" => names[side].to_owned(),
                    // Sentences put names into backticks.
                    record => format!("{record}` of `{}", names[side]),
                }
            }
            _ => names[side].to_owned(),
        })
    }
}

fn written(end: &EndpointName) -> String {
    format!("{}.{}", end.of.text, end.name.text)
}

/// Whether an endpoint sends every event that another one handles. It may match without, but then some
/// of what the other one is there for never happens.
fn feeds(types: &Types, sender: EndpointId, handler: EndpointId) -> bool {
    let (
        Endpoint::Events { events: sent, .. },
        Endpoint::Events {
            events: handled, ..
        },
    ) = (types.endpoint(sender), types.endpoint(handler))
    else {
        return true;
    };
    let mut handled = handled
        .iter()
        .filter(|(_, it)| it.direction == Direction::In);
    handled.all(|(name, _)| {
        sent.get(name)
            .is_some_and(|it| it.direction == Direction::Out)
    })
}

/// The values that a trail passes in both endpoint types, as far as it stays in values.
fn along(types: &Types, ends: [EndpointId; 2], trail: &[Step]) -> Vec<[ValueId; 2]> {
    let payload = |id, name: &String| match types.endpoint(id) {
        Endpoint::Events { events, .. } => events.get(name).map(|event| event.payload),
        Endpoint::Parameter { .. } => None,
    };
    let mut passed: Vec<[ValueId; 2]> = Vec::new();
    for step in trail {
        let next = match (step, passed.last()) {
            (Step::Event(name), None) => payload(ends[0], name).zip(payload(ends[1], name)),
            (step, Some([left, right])) => inside(types, step, *left, *right),
            (_, None) => None,
        };
        let Some((left, right)) = next else { break };
        passed.push([left, right]);
    }
    passed
}

fn inside(types: &Types, step: &Step, left: ValueId, right: ValueId) -> Option<(ValueId, ValueId)> {
    match (step, types.value(left), types.value(right)) {
        (Step::Field(name), Value::Record { fields: a, .. }, Value::Record { fields: b, .. }) => {
            Some((*a.get(name)?, *b.get(name)?))
        }
        (Step::Case(name), Value::Variant(a), Value::Variant(b)) => {
            Some(((*a.get(name)?)?, (*b.get(name)?)?))
        }
        (Step::Position(index), Value::Tuple(a), Value::Tuple(b)) => {
            Some((*a.get(*index)?, *b.get(*index)?))
        }
        (Step::MapKey, Value::Map(a, _), Value::Map(b, _)) => Some((*a, *b)),
        (Step::MapValue, Value::Map(_, a), Value::Map(_, b)) => Some((*a, *b)),
        (Step::Element, Value::Option(a), Value::Option(b))
        | (Step::Element, Value::List(a), Value::List(b)) => Some((*a, *b)),
        (Step::Element, _, Value::Option(b)) => Some((left, *b)),
        (Step::Element, Value::Option(a), _) => Some((*a, right)),
        _ => None,
    }
}
