//! What of a library's declarations crosses between its code and the host: the structs that both
//! sides lay out, and where their parts lie.

use std::sync::Arc;

use liveobj_types::layout::{Layout, Shape};
use liveobj_types::resolve::{Environment, TemplateSignature};
use liveobj_types::syntax::Item;
use liveobj_types::types::{Endpoint, EndpointId, Object, Origin, Value};
use liveobj_types::{Module, Types, ValueId};

/// The signatures of templates, in the order given.
///
/// # Errors
///
/// A template is not declared, or does not resolve: in words, for people.
pub fn signatures(
    arena: &mut Types,
    module: &Arc<Module>,
    templates: &[String],
) -> Result<Vec<TemplateSignature>, String> {
    let mut signatures = Vec::new();
    for name in templates {
        let Some((declaring, Item::Template(template))) = module.lookup(name) else {
            return Err(format!(
                "it lists `{name}`, which its types do not declare as a template"
            ));
        };
        let signature = arena
            .template(declaring, template, &Environment::new())
            .map_err(|faults| {
                let why = faults.first().map_or("", |fault| fault.message.as_str());
                format!("template `{name}` does not resolve: {why}")
            })?;
        signatures.push(signature);
    }
    Ok(signatures)
}

/// Endpoints of a template's objects in the order of their numbers: those of the object type in
/// name order, then its private ones in name order.
pub fn endpoints<'a>(
    arena: &'a Types,
    template: &'a TemplateSignature,
) -> Vec<(&'a str, EndpointId)> {
    let public = match arena.object(template.result) {
        Object::Endpoints(body) => Some(&body.endpoints),
        Object::Top | Object::Parameter(_) => None,
    };
    let all = public.into_iter().flatten().chain(&template.private);
    all.map(|(name, endpoint)| (name.as_str(), endpoint.ty))
        .collect()
}

/// Type of the state of a template's objects.
pub fn state(arena: &Types, template: &TemplateSignature) -> Option<ValueId> {
    match arena.object(template.result) {
        Object::Endpoints(body) => body.state,
        Object::Top | Object::Parameter(_) => None,
    }
}

/// The record of a template's value parameters.
pub fn parameters(arena: &mut Types, template: &TemplateSignature) -> ValueId {
    let parameters = template.value_parameters.iter();
    let fields = parameters
        .map(|parameter| (parameter.name.clone(), parameter.ty))
        .collect();
    let record = Value::Record {
        fields,
        open: false,
    };
    arena.add_value(record, Origin::default())
}

/// Everything that crosses as a struct: parameters of templates, payloads of events and states,
/// with words for messages.
pub fn payloads(arena: &mut Types, templates: &[TemplateSignature]) -> Vec<(String, ValueId)> {
    let mut payloads = Vec::new();
    for template in templates {
        for (name, endpoint) in endpoints(arena, template) {
            if let Endpoint::Events { events, .. } = arena.endpoint(endpoint) {
                payloads.extend(events.iter().map(|(event, declared)| {
                    let words = format!("{}: event {event} of endpoint {name}", template.name);
                    (words, declared.payload)
                }));
            }
        }
    }
    for template in templates {
        if let Some(state) = state(arena, template) {
            payloads.push((format!("{}: state", template.name), state));
        }
        let words = format!("{}: parameters", template.name);
        payloads.push((words, parameters(arena, template)));
    }
    payloads
}

/// The types inside of a layout.
pub fn members(layout: &Layout) -> Vec<ValueId> {
    match &layout.shape {
        Shape::List(item) => vec![*item],
        Shape::Map { key, value, .. } => vec![*key, *value],
        Shape::Struct(fields) => fields.iter().map(|field| field.slot.ty).collect(),
        Shape::Variant { cases, .. } => cases
            .iter()
            .filter_map(|(_, slot)| slot.map(|slot| slot.ty))
            .collect(),
        Shape::Option { slot, .. } => vec![slot.ty],
        Shape::Scalar(_) | Shape::String | Shape::Bytes | Shape::Document | Shape::Opaque => {
            Vec::new()
        }
    }
}

/// Offsets as a library lists them in its table of layouts; none for types that need no entry.
pub fn offsets(layout: &Layout) -> Option<Vec<u32>> {
    match &layout.shape {
        Shape::Struct(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            // Names of tuple fields are positions, and in order already.
            if !fields
                .iter()
                .all(|field| field.name.starts_with(|c: char| c.is_ascii_digit()))
            {
                fields.sort_by(|left, right| left.name.cmp(&right.name));
            }
            Some(fields.iter().map(|field| field.offset).collect())
        }
        Shape::Variant { payload, .. } | Shape::Option { payload, .. } => Some(vec![*payload]),
        _ => None,
    }
}
