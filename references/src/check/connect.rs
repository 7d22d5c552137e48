//! The ends of connections and exports: whether they are there, fit, and are used once.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use liveobj_types::types::{Object, ObjectEndpoint};
use liveobj_types::{Diagnostic, EndpointId, Place, Span, TypeId, codes};

use super::adapt::Adapted;
use super::advice::Around;
use super::relate::{Asked, Help, MATCH, Question};
use super::scope::Scope;
use super::{Checker, Typed};
use crate::gaps::{self, LooseEnd};
use crate::model::{Composite, Connection, EndpointName, Spanned};

/// What became of a composite's connections and exports.
pub(super) struct Wiring {
    /// Whether every end was found.
    pub complete: bool,
    /// What is inserted into which connections, in the order written.
    pub adapted: Vec<(usize, Adapted)>,
}

/// What an end is used for.
#[derive(Clone, Copy)]
enum Use {
    Connected,
    /// In a connection whose two ends are connected already.
    Repeated,
    Exported,
}

type Components<'d> = BTreeMap<&'d str, Option<Typed>>;

/// Bookkeeping over all ends of one composite.
#[derive(Default)]
struct Uses<'d> {
    /// (component, endpoint) → where it was first used. Never iterated over.
    first: HashMap<(&'d str, &'d str), Place>,
    /// Components of which some end was not found: a mandatory endpoint may have been meant.
    unclear: BTreeSet<&'d str>,
    /// Whether there is an end of which it is not known whose it is.
    any: bool,
    missing: bool,
    left_out: Option<&'d gaps::Wiring>,
}

/// The ends of a connection, whichever is written first.
fn pair<'d>(left: &'d EndpointName, right: &'d EndpointName) -> [(&'d str, &'d str); 2] {
    let mut ends = [left, right].map(|end| (end.of.text.as_str(), end.name.text.as_str()));
    ends.sort_unstable();
    ends
}

impl Checker<'_> {
    pub(super) fn wire(
        &mut self,
        scope: &Scope,
        composite: &Composite,
        components: &Components<'_>,
        left_out: Option<&gaps::Wiring>,
    ) -> Wiring {
        let mut uses = Uses {
            left_out,
            missing: left_out.is_some(),
            ..Uses::default()
        };
        let around = Around {
            scope,
            composite,
            components,
            whole: left_out.is_none(),
        };
        let mut adapted = Vec::new();
        let mut candidates = None;
        let mut pairs = HashSet::new();
        let about = self.turn_to(composite);
        for (index, connection) in composite.connections.iter().enumerate() {
            let [left, right] = &connection.ends;
            self.turn_to(connection);
            let used = match pairs.insert(pair(left, right)) {
                true => Use::Connected,
                false => Use::Repeated,
            };
            let left_type = self.end(scope, left, components, &mut uses, used);
            let right_type = self.end(scope, right, components, &mut uses, used);
            if let (Some(left_type), Some(right_type)) = (left_type, right_type) {
                if connection.adapt.is_none() {
                    self.connection(around, connection, &left_type, &right_type);
                    continue;
                }
                let ends = [&left_type, &right_type];
                let inserted = self.adapt(around, connection, ends, &mut candidates);
                adapted.extend(inserted.map(|inserted| (index, inserted)));
            }
        }
        for export in &composite.exports {
            self.turn_to(export);
            self.end(
                scope,
                &export.endpoint,
                components,
                &mut uses,
                Use::Exported,
            );
        }
        for end in left_out.iter().flat_map(|it| &it.ends) {
            self.loose_end(scope, end, components, &mut uses);
        }
        self.mandatory(around, &uses);
        self.turn_back(about);
        Wiring {
            complete: !uses.missing,
            adapted,
        }
    }

    /// Finds what is known of an end that could not be read as a whole.
    fn loose_end<'d>(
        &mut self,
        scope: &Scope,
        end: &'d LooseEnd,
        components: &Components<'_>,
        uses: &mut Uses<'d>,
    ) {
        let used = match end.exported {
            true => Use::Exported,
            false => Use::Connected,
        };
        match (&end.of, &end.name) {
            (Some(of), Some(name)) => {
                self.used(scope, (of, name, end.span), components, uses, used);
            }
            (Some(of), None) => {
                if self.component(scope, of, components, uses).is_some() {
                    uses.unclear.insert(&of.text);
                }
            }
            (None, _) => uses.any = true,
        }
    }

    /// Finds a component; none where it is not known what it is.
    fn component<'c>(
        &mut self,
        scope: &Scope,
        of: &Spanned,
        components: &'c Components<'_>,
        uses: &mut Uses<'_>,
    ) -> Option<&'c Typed> {
        let component = of.text.as_str();
        let Some(typed) = components.get(component) else {
            uses.missing = true;
            let may_be = uses.left_out.is_some_and(|it| it.may_have(component));
            if may_be || self.is_full() {
                return None;
            }
            let message = format!("there is no component `{component}`");
            let found = Diagnostic::error(codes::UNKNOWN_COMPONENT, message)
                .at(self.at(scope, of.span), "");
            let names: Vec<&str> = components.keys().copied().collect();
            self.report(match self.nearest(component, &names) {
                Some(similar) => found.did_you_mean(component, similar),
                None if names.is_empty() => found.with_help("the composite has no components"),
                None => {
                    let names = crate::faults::one_of(&names).replace(" or ", " and ");
                    found.with_help(format!("the components are {names}"))
                }
            });
            return None;
        };
        uses.missing |= typed.is_none();
        typed.as_ref()
    }

    /// Finds an end and notes that it is used.
    fn end<'d>(
        &mut self,
        scope: &Scope,
        end: &'d EndpointName,
        components: &Components<'_>,
        uses: &mut Uses<'d>,
        used: Use,
    ) -> Option<ObjectEndpoint> {
        self.used(
            scope,
            (&end.of, &end.name, end.span),
            components,
            uses,
            used,
        )
    }

    fn used<'d>(
        &mut self,
        scope: &Scope,
        (of, endpoint_name, span): (&'d Spanned, &'d Spanned, Span),
        components: &Components<'_>,
        uses: &mut Uses<'d>,
        used: Use,
    ) -> Option<ObjectEndpoint> {
        let (component, name) = (of.text.as_str(), endpoint_name.text.as_str());
        let typed = self.component(scope, of, components, uses)?;
        let found = match self.types.object(typed.ty) {
            Object::Endpoints(body) => body.endpoints.get(name).cloned(),
            _ => None,
        };
        let Some(endpoint) = found else {
            uses.missing = true;
            uses.unclear.insert(component);
            self.unknown_endpoint(scope, [of, endpoint_name], typed);
            return None;
        };
        let place = self.at(scope, span);
        match uses.first.get(&(component, name)) {
            None => {
                uses.first.insert((component, name), place);
            }
            Some(_) if endpoint.many => {}
            Some(first) => {
                let message = format!(
                    "endpoint `{name}` of `{component}` is not `many`: it takes one connection, and \
                     is used already"
                );
                let (here, help) = match used {
                    Use::Repeated => (
                        "connected again here",
                        "remove this connection: it repeats an earlier one",
                    ),
                    Use::Connected => (
                        "connected here",
                        "remove one of the two connections, or connect to an endpoint that is `many`",
                    ),
                    Use::Exported => (
                        "exported here",
                        "remove one of the two, or export an endpoint that is `many`",
                    ),
                };
                let found = Diagnostic::error(codes::ENDPOINT_ALREADY_USED, message)
                    .at(place, here)
                    .at(first.clone(), "first used here")
                    .with_help(help);
                self.report(found);
            }
        }
        Some(endpoint)
    }

    fn unknown_endpoint(&mut self, scope: &Scope, [of, end]: [&Spanned; 2], typed: &Typed) {
        if self.is_full() {
            return;
        }
        let (component, name) = (&of.text, &end.text);
        let message = format!("component `{component}` has no endpoint `{name}`");
        let place = self.at(scope, end.span);
        let mut found = Diagnostic::error(codes::UNKNOWN_ENDPOINT, message).at(place, "");
        let names: Vec<&str> = match self.types.object(typed.ty) {
            Object::Endpoints(body) => body.endpoints.keys().map(String::as_str).collect(),
            _ => Vec::new(),
        };
        let hidden = matches!(self.types.object(typed.derived), Object::Endpoints(body)
            if body.endpoints.contains_key(name));
        let ty = self.description(typed.ty);
        found = found.with_note(match names.as_slice() {
            [] => format!("its type is {ty}, which has no endpoints"),
            names => format!(
                "its type is {ty}, which has {}",
                crate::faults::one_of(names).replace(" or ", " and ")
            ),
        });
        let similar = self.nearest(name, &names).map(str::to_owned);
        self.report(match similar {
            _ if hidden => found.with_help(format!(
                "the `as` of `{component}` hides it: remove the `as`, or name a type with it"
            )),
            Some(similar) => found.did_you_mean(name, &similar),
            None => found,
        });
    }

    fn connection(
        &mut self,
        around: Around<'_>,
        connection: &Connection,
        left_type: &ObjectEndpoint,
        right_type: &ObjectEndpoint,
    ) {
        let [left, right] = &connection.ends;
        if left == right && !left_type.many {
            // That it is used twice is said already.
            return;
        }
        let judgement = self.ask(Question::Match(left_type.ty, right_type.ty));
        if judgement.verdict.holds() {
            return;
        }
        let named = |end: &EndpointName| format!("{}.{}", end.of.text, end.name.text);
        let names = [named(left), named(right)];
        let mut labels = Vec::new();
        for (end, ty) in [(left, left_type), (right, right_type)] {
            let ty = self.types.describe(TypeId::Endpoint(ty.ty));
            labels.push((self.at(around.scope, end.span), format!("`{ty}`")));
        }
        let advice = self.advice(
            around,
            connection,
            [left_type.ty, right_type.ty],
            &judgement,
        );
        labels.extend(advice.labels);
        let adapters = self.adapters_would(around, connection, [left_type.ty, right_type.ty]);
        let help = match (adapters, advice.help) {
            (Some(adapters), Some(help)) => Some(format!("{adapters}; or {help}")),
            (adapters, help) => adapters.or(help),
        };
        let asked = Asked {
            codes: MATCH,
            refuted: if names[0] == names[1] {
                format!("`{}` is connected to itself", names[0])
            } else {
                format!("endpoints `{}` and `{}` do not match", names[0], names[1])
            },
            unshown: format!(
                "it is not shown that endpoints `{}` and `{}` match",
                names[0], names[1]
            ),
            names,
            ends: Some([left_type.ty, right_type.ty]),
            subtype: None,
            labels,
            prefix: Vec::new(),
            help: Help::Instead(help),
        };
        self.judge(&judgement, asked);
    }

    fn mandatory(&mut self, around: Around<'_>, uses: &Uses<'_>) {
        let Around {
            scope,
            composite,
            components,
            ..
        } = around;
        if uses.any || uses.left_out.is_some_and(|it| it.any_end) {
            return;
        }
        for component in &composite.components {
            let name = component.name.text.as_str();
            let Some(Some(typed)) = components.get(name) else {
                continue;
            };
            if uses.unclear.contains(name) {
                continue;
            }
            let Object::Endpoints(body) = self.types.object(self.effective(typed)) else {
                continue;
            };
            let left: Vec<(String, EndpointId)> = body
                .endpoints
                .iter()
                .filter(|(endpoint, declared)| {
                    declared.mandatory && !uses.first.contains_key(&(name, endpoint.as_str()))
                })
                .map(|(endpoint, declared)| (endpoint.clone(), declared.ty))
                .collect();
            let hidden = matches!(self.types.object(typed.ty), Object::Top);
            self.turn_to(&component.reference);
            for (endpoint, ty) in left {
                let message = format!(
                    "mandatory endpoint `{endpoint}` of `{name}` is neither connected nor exported"
                );
                let place = self.at(scope, component.name.span);
                let end = EndpointName {
                    of: component.name.clone(),
                    name: Spanned {
                        text: endpoint.clone(),
                        ..component.name.clone()
                    },
                    span: component.name.span,
                };
                let connect = match self.matching(around, &end, ty) {
                    Some((of, other)) => format!(
                        "connect it: `<connection><endpoint of=\"{name}\" name=\"{endpoint}\"/>\
                         <endpoint of=\"{of}\" name=\"{other}\"/></connection>`"
                    ),
                    None => "connect it".to_owned(),
                };
                let found = Diagnostic::error(codes::MANDATORY_UNCONNECTED, message)
                    .at(
                        place,
                        format!("does not start until its `{endpoint}` is connected"),
                    )
                    .with_help(match hidden {
                        true => format!(
                            "`as=\"Object\"` hides it and does not do away with it: remove the \
                             `as` of `{name}`, and connect or export it"
                        ),
                        false => format!(
                            "{connect}; or leave it to whoever uses this composite: `<export \
                             of=\"{name}\" name=\"{endpoint}\"/>`"
                        ),
                    });
                self.report(found);
            }
        }
    }
}
