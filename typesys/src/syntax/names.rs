//! What the names within one declaration must satisfy.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::{EndpointMember, Ident, Item};
use super::cursor::{MAX_FAULTS, quoted};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Place, Source, Span};

/// Names of the built-in types, which nothing can declare.
const BUILT_IN: [&str; 23] = [
    "bool",
    "u8",
    "u16",
    "u32",
    "u64",
    "s8",
    "s16",
    "s32",
    "s64",
    "f32",
    "f64",
    "char",
    "string",
    "bytes",
    "uuid",
    "list",
    "option",
    "map",
    "tuple",
    "reference",
    "external",
    "Object",
    "mirror",
];

/// Names that temporal formulas use as operators.
const RESERVED_EVENTS: [&str; 11] = ["F", "G", "X", "U", "W", "R", "M", "H", "O", "Y", "S"];

/// Whether `name` is that of a built-in type (or `mirror`).
pub fn is_built_in(name: &str) -> bool {
    BUILT_IN.contains(&name)
}

/// Whether `name` cannot name an event, since temporal formulas use it as an operator.
pub fn is_reserved_event(name: &str) -> bool {
    RESERVED_EVENTS.contains(&name)
}

/// Finds repeated, reserved and built-in names within one declaration.
pub(super) fn check<'a>(item: &'a Item, source: &'a Arc<Source>, faults: &mut Vec<Diagnostic>) {
    if let Some(name) = item.name() {
        not_built_in(name, source, faults);
    }
    let mut parameters = Seen::new("parameter", source);
    for parameter in item.parameters() {
        not_built_in(&parameter.name, source, faults);
        parameters.add(&parameter.name, faults);
    }
    match item {
        Item::Use(_) | Item::Alias(_) => {}
        Item::Record(record) => {
            let mut fields = Seen::new("field", source);
            record
                .fields
                .iter()
                .for_each(|field| fields.add(&field.name, faults));
        }
        Item::Variant(variant) => {
            let mut cases = Seen::new("case", source);
            variant
                .cases
                .iter()
                .for_each(|case| cases.add(&case.name, faults));
        }
        Item::Enum(item) => {
            let mut cases = Seen::new("case", source);
            item.cases
                .iter()
                .for_each(|(_, name)| cases.add(name, faults));
        }
        Item::Endpoint(endpoint) => {
            let mut events = Seen::new("event", source);
            for member in &endpoint.members {
                let EndpointMember::Event(event) = member else {
                    continue;
                };
                events.add(&event.name, faults);
                not_reserved(&event.name, source, faults);
                let mut parameters = Seen::new("parameter", source);
                event
                    .parameters
                    .iter()
                    .for_each(|each| parameters.add(&each.name, faults));
            }
        }
        Item::Object(object) => {
            let mut endpoints = Seen::new("endpoint", source);
            object
                .endpoints
                .iter()
                .for_each(|endpoint| endpoints.add(&endpoint.name, faults));
        }
        // Documents assign type and value parameters alike by name.
        Item::Template(template) => {
            template
                .value_parameters
                .iter()
                .for_each(|each| parameters.add(&each.name, faults));
            let mut endpoints = Seen::new("endpoint", source);
            template
                .private
                .iter()
                .for_each(|endpoint| endpoints.add(&endpoint.name, faults));
        }
    }
}

fn not_built_in(name: &Ident, source: &Arc<Source>, faults: &mut Vec<Diagnostic>) {
    if is_built_in(&name.name) && faults.len() < MAX_FAULTS {
        let message = format!("{} is built in and cannot be declared", quoted(&name.name));
        let fault = Diagnostic::error(codes::DUPLICATE_NAME, message)
            .at(Place::new(source, name.span), "")
            .with_help("choose another name");
        faults.push(fault);
    }
}

fn not_reserved(name: &Ident, source: &Arc<Source>, faults: &mut Vec<Diagnostic>) {
    if is_reserved_event(&name.name) && faults.len() < MAX_FAULTS {
        let message = format!(
            "`{}` cannot name an event: temporal constraints use it as an operator",
            name.name
        );
        let fault = Diagnostic::error(codes::RESERVED_NAME, message)
            .at(Place::new(source, name.span), "")
            .with_help("reserved are F, G, H, M, O, R, S, U, W, X and Y; choose a longer name");
        faults.push(fault);
    }
}

/// The names of one kind that were met.
struct Seen<'a> {
    what: &'static str,
    source: &'a Arc<Source>,
    first: BTreeMap<&'a str, Span>,
}

impl<'a> Seen<'a> {
    fn new(what: &'static str, source: &'a Arc<Source>) -> Seen<'a> {
        Seen {
            what,
            source,
            first: BTreeMap::new(),
        }
    }

    fn add(&mut self, name: &'a Ident, faults: &mut Vec<Diagnostic>) {
        let Some(first) = self.first.get(name.name.as_str()) else {
            self.first.insert(&name.name, name.span);
            return;
        };
        if faults.len() >= MAX_FAULTS {
            return;
        }
        let message = format!("the {} {} is declared twice", self.what, quoted(&name.name));
        let fault = Diagnostic::error(codes::DUPLICATE_NAME, message)
            .at(Place::new(self.source, name.span), "again here")
            .at(Place::new(self.source, *first), "first here")
            .with_help("rename one of them");
        faults.push(fault);
    }
}
