//! The graph of a document: what the check has seen, kept by the place in memory of what it was
//! about, and put together at the end.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::types::Object;
use liveobj_types::{Diagnostic, ObjectId, TypeId, Verdict};

use super::adapt::{Inserted, Insertion};
use super::relate::Question;
use super::{Checker, Typed, address};
use crate::expand::named_library;
use crate::graph::{
    ComponentNode, ConnectionEdge, EndpointNode, ExportEdge, NodeKind, ObjectNode, Presence,
};
use crate::model::{
    Argument, Composite, Connection, Document, ExternalSource, Parameterized, Reference,
    ReferenceKind, Spanned,
};

/// What a check keeps for the graph. Keys are addresses in documents that live as long as it.
#[derive(Default)]
pub(super) struct Kept {
    /// Types of references: as others see them, and derived.
    typed: BTreeMap<usize, (ObjectId, ObjectId)>,
    /// What is being checked: a reference, a connection or an export.
    about: usize,
    /// What each finding is about.
    abouts: Vec<usize>,
    /// Values that hold documents, by what they are given to.
    values: BTreeMap<usize, Vec<Holding>>,
}

/// A value that holds documents.
struct Holding {
    parameter: String,
    documents: Vec<(Document, ObjectId)>,
}

impl Checker<'_> {
    /// Findings from now on are about `it`; gives back what they were about.
    pub(super) fn turn_to<T>(&mut self, it: &T) -> usize {
        self.turn_back(address(it))
    }

    /// Findings from now on are about what `turn_to` gave back.
    pub(super) fn turn_back(&mut self, about: usize) -> usize {
        match &mut self.kept {
            Some(kept) => std::mem::replace(&mut kept.about, about),
            None => 0,
        }
    }

    /// Keeps what the next finding is about.
    pub(super) fn keep_finding(&mut self) {
        if let Some(kept) = &mut self.kept {
            // Findings of what was only tried are gone.
            kept.abouts.truncate(self.diagnostics.len());
            kept.abouts.push(kept.about);
        }
    }

    /// Keeps the type of a reference.
    pub(super) fn keep_type(&mut self, reference: &Reference, typed: Option<&Typed>) {
        if let (Some(kept), Some(typed)) = (&mut self.kept, typed) {
            let types = (typed.ty, typed.derived);
            kept.typed.insert(address(reference), types);
        }
    }

    /// Keeps the documents of a value of parameter `name`.
    pub(super) fn keep_value(&mut self, name: &str, documents: Vec<(Document, ObjectId)>) {
        if let Some(kept) = self.kept.as_mut().filter(|_| !documents.is_empty()) {
            kept.values.entry(kept.about).or_default().push(Holding {
                parameter: name.to_owned(),
                documents,
            });
        }
    }

    /// The graph of a document that was checked, before the findings are sorted.
    pub(super) fn graph(&mut self, document: &Document) -> Option<ObjectNode> {
        let kept = self.kept.take()?;
        let mut findings: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, about) in kept.abouts.iter().enumerate() {
            findings.entry(*about).or_default().push(index);
        }
        let mut builder = Builder {
            checker: self,
            kept: &kept,
            findings,
        };
        let mut root = builder.object(&document.root);
        for endpoint in &mut root.endpoints {
            endpoint.unmet = endpoint.mandatory;
        }
        Some(root)
    }
}

struct Builder<'c, 'a> {
    checker: &'c mut Checker<'a>,
    kept: &'c Kept,
    /// Indices of findings by what they are about.
    findings: BTreeMap<usize, Vec<usize>>,
}

/// The components of a composite while its edges are made.
struct Components<'d> {
    nodes: Vec<ComponentNode>,
    /// The first of each name.
    by_name: BTreeMap<&'d str, usize>,
    /// Names of several: which one is meant is not known.
    twice: BTreeSet<&'d str>,
    /// The endpoints of each by name.
    endpoints: Vec<BTreeMap<String, usize>>,
}

impl<'d> Components<'d> {
    fn push(&mut self, name: &'d str, node: ComponentNode) {
        let index = self.nodes.len();
        let endpoints = node.object.endpoints.iter().enumerate();
        let by_name = endpoints.map(|(index, endpoint)| (endpoint.name.clone(), index));
        self.endpoints.push(by_name.collect());
        self.nodes.push(node);
        if *self.by_name.entry(name).or_insert(index) != index {
            self.twice.insert(name);
        }
    }

    /// The component of a name, made up where there is none.
    fn component(&mut self, name: &'d str) -> usize {
        if let Some(index) = self.by_name.get(name) {
            return *index;
        }
        let object = ObjectNode {
            ty: None,
            kind: NodeKind::Missing,
            endpoints: Vec::new(),
            findings: Vec::new(),
        };
        let missing = ComponentNode {
            name: name.to_owned(),
            inserted: false,
            object,
        };
        self.push(name, missing);
        self.nodes.len() - 1
    }

    /// An endpoint of a component, made up where there is none.
    fn end(&mut self, component: &'d str, endpoint: &str) -> (usize, usize) {
        let component = self.component(component);
        let object = &mut self.nodes[component].object;
        let by_name = &mut self.endpoints[component];
        if let Some(index) = by_name.get(endpoint) {
            return (component, *index);
        }
        let index = object.endpoints.len();
        by_name.insert(endpoint.to_owned(), index);
        let presence = match (&object.ty, &object.kind) {
            (None, NodeKind::Missing) | (Some(_), _) => Presence::Missing,
            (None, _) => Presence::Unknown,
        };
        object.endpoints.push(absent(endpoint, presence));
        (component, index)
    }
}

fn absent(name: &str, presence: Presence) -> EndpointNode {
    EndpointNode {
        name: name.to_owned(),
        ty: None,
        many: false,
        mandatory: false,
        presence,
        connected: 0,
        exported: false,
        unmet: false,
    }
}

impl Builder<'_, '_> {
    fn about<T>(&self, it: &T) -> Vec<Diagnostic> {
        let indices = self.findings.get(&address(it)).into_iter().flatten();
        let mut found: Vec<Diagnostic> = Vec::new();
        for index in indices {
            let finding = &self.checker.diagnostics[*index];
            if !found.contains(finding) {
                found.push(finding.clone());
            }
        }
        found
    }

    fn object(&mut self, reference: &Reference) -> ObjectNode {
        let typed = self.kept.typed.get(&address(reference)).copied();
        let types = &self.checker.types;
        let mut node = ObjectNode {
            ty: typed.map(|(ty, _)| types.describe(TypeId::Object(ty))),
            kind: NodeKind::Missing,
            endpoints: typed.map_or_else(Vec::new, |typed| self.endpoints(typed)),
            findings: self.about(reference),
        };
        node.kind = match &reference.kind {
            ReferenceKind::Composite(composite) => self.composite(composite, &mut node),
            ReferenceKind::External(external) => match &external.source {
                ExternalSource::Library { name, .. } => made(&external.name, name),
                ExternalSource::From(from) => match named_library(from) {
                    Some((name, _)) => made(&external.name, name),
                    None => NodeKind::External {
                        name: external.name.text.clone(),
                        folder: Box::new(self.object(from)),
                    },
                },
            },
            ReferenceKind::Parameterized(inner) => self.parameterized(reference, inner),
            ReferenceKind::Primitive(primitive) => NodeKind::Primitive {
                id: primitive.id.text.clone(),
                name: primitive.name.as_ref().map(|name| name.text.clone()),
            },
        };
        node
    }

    fn endpoints(&self, (ty, derived): (ObjectId, ObjectId)) -> Vec<EndpointNode> {
        let types = &self.checker.types;
        let of = |ty: ObjectId, presence: Presence| {
            let body = match types.object(ty) {
                Object::Endpoints(body) => Some(body),
                _ => None,
            };
            let endpoints = body.into_iter().flat_map(|body| &body.endpoints);
            let nodes = endpoints.map(move |(name, endpoint)| EndpointNode {
                ty: Some(types.describe(TypeId::Endpoint(endpoint.ty))),
                many: endpoint.many,
                mandatory: endpoint.mandatory,
                ..absent(name, presence)
            });
            nodes.collect::<Vec<EndpointNode>>()
        };
        if !matches!(types.object(ty), Object::Top) {
            return of(ty, Presence::Shown);
        }
        // An `Object` still needs what is mandatory.
        let mut hidden = of(derived, Presence::Hidden);
        hidden.retain(|endpoint| endpoint.mandatory);
        hidden
    }

    fn composite(&mut self, composite: &Composite, node: &mut ObjectNode) -> NodeKind {
        let insertions = self.checker.insertions.remove(&address(composite));
        let insertions: BTreeMap<usize, &Insertion> = insertions
            .iter()
            .flatten()
            .map(|insertion| (insertion.connection, insertion))
            .collect();
        let mut components = Components {
            nodes: Vec::new(),
            by_name: BTreeMap::new(),
            twice: BTreeSet::new(),
            endpoints: Vec::new(),
        };
        for component in &composite.components {
            let name = component.name.text.as_str();
            let object = self.object(&component.reference);
            let part = ComponentNode {
                name: name.to_owned(),
                inserted: false,
                object,
            };
            components.push(name, part);
        }
        for insertion in insertions.values() {
            let connection = &composite.connections[insertion.connection];
            for (name, inserted) in &insertion.links {
                let part = ComponentNode {
                    name: name.clone(),
                    inserted: true,
                    object: self.adapter(connection, inserted),
                };
                components.push(name, part);
            }
        }
        let mut connections = Vec::new();
        for (index, connection) in composite.connections.iter().enumerate() {
            let findings = self.about(connection);
            let Some(insertion) = insertions.get(&index) else {
                let [left, right] = &connection.ends;
                let ends = [left, right].map(|end| components.end(&end.of.text, &end.name.text));
                let clear = [left, right].map(|end| !components.twice.contains(&*end.of.text));
                let verdict = match clear {
                    [true, true] => self.verdict(composite, connection, ends.map(|end| end.0)),
                    _ => None,
                };
                connections.push(ConnectionEdge {
                    ends,
                    verdict,
                    findings,
                });
                continue;
            };
            for piece in insertion.connections(composite) {
                let ends = piece.ends.map(|(of, name)| {
                    let index = components.by_name[of.as_str()];
                    (index, components.endpoints[index][&name])
                });
                connections.push(ConnectionEdge {
                    ends,
                    verdict: Some(Verdict::Holds),
                    findings: findings.clone(),
                });
            }
        }
        let mut exports = Vec::new();
        let mut own: BTreeMap<String, usize> = BTreeMap::new();
        for (index, endpoint) in node.endpoints.iter().enumerate() {
            own.insert(endpoint.name.clone(), index);
        }
        for export in &composite.exports {
            let of = &export.endpoint;
            let end = components.end(&of.of.text, &of.name.text);
            let name = &export.as_name.as_ref().unwrap_or(&of.name).text;
            let endpoint = *own.entry(name.clone()).or_insert_with(|| {
                let inner = &components.nodes[end.0].object.endpoints[end.1];
                let presence = match (&node.ty, inner.presence) {
                    (Some(_), _) => Presence::Hidden,
                    (None, Presence::Shown) => Presence::Unknown,
                    (None, other) => other,
                };
                node.endpoints.push(EndpointNode {
                    name: name.clone(),
                    presence,
                    ..inner.clone()
                });
                node.endpoints.len() - 1
            });
            exports.push(ExportEdge {
                end,
                endpoint,
                findings: self.about(export),
            });
        }
        let mut nodes = components.nodes;
        for (component, endpoint) in connections.iter().flat_map(|edge| edge.ends) {
            nodes[component].object.endpoints[endpoint].connected += 1;
        }
        for (component, endpoint) in exports.iter().map(|export| export.end) {
            nodes[component].object.endpoints[endpoint].exported = true;
        }
        for part in &mut nodes {
            let endpoints = &mut part.object.endpoints;
            // One that is not there may have been meant for the one that is left.
            let absent = |endpoint: &EndpointNode| endpoint.presence == Presence::Missing;
            if endpoints.iter().any(absent) || components.twice.contains(part.name.as_str()) {
                continue;
            }
            for endpoint in endpoints {
                let used = endpoint.connected > 0 || endpoint.exported;
                endpoint.unmet = endpoint.mandatory && !used;
            }
        }
        NodeKind::Composite {
            components: nodes,
            connections,
            exports,
        }
    }

    /// Whether the ends of a connection match, which the check has asked as well.
    fn verdict(
        &mut self,
        composite: &Composite,
        connection: &Connection,
        components: [usize; 2],
    ) -> Option<Verdict> {
        let [left, right] = &connection.ends;
        let types = [(left, components[0]), (right, components[1])].map(|(end, component)| {
            let part = composite.components.get(component)?;
            let (ty, _) = self.kept.typed.get(&address(&part.reference))?;
            match self.checker.types.object(*ty) {
                Object::Endpoints(body) => Some(body.endpoints.get(&end.name.text)?.ty),
                _ => None,
            }
        });
        let [Some(left), Some(right)] = types else {
            return None;
        };
        Some(self.checker.ask(Question::Match(left, right)).verdict)
    }

    fn parameterized(&mut self, reference: &Reference, inner: &Parameterized) -> NodeKind {
        let mut given = Arguments::default();
        let (template, library) = match &inner.template.kind {
            ReferenceKind::External(external) => {
                let library = match &external.source {
                    ExternalSource::Library { name, .. } => Some(name.text.clone()),
                    ExternalSource::From(from) => match named_library(from) {
                        Some((name, _)) => Some(name.text.clone()),
                        None => {
                            given.objects.push(("from".to_owned(), self.object(from)));
                            None
                        }
                    },
                };
                (external.name.text.clone(), library)
            }
            ReferenceKind::Primitive(primitive) => (primitive.id.text.clone(), None),
            ReferenceKind::Composite(_) | ReferenceKind::Parameterized(_) => {
                given
                    .objects
                    .push(("template".to_owned(), self.object(&inner.template)));
                (String::new(), None)
            }
        };
        let assigned = inner.parameters.iter().map(|(name, value)| (name, value));
        self.arguments(assigned, &mut given);
        let values = self.kept.values.get(&address(reference));
        for value in values.into_iter().flatten() {
            for (document, _) in &value.documents {
                let object = self.object(&document.root);
                given.objects.push((value.parameter.clone(), object));
            }
        }
        NodeKind::Object {
            template,
            library,
            types: given.types,
            values: given.values,
            objects: given.objects,
        }
    }

    fn arguments<'d>(
        &mut self,
        assigned: impl Iterator<Item = (&'d Spanned, &'d Argument)>,
        given: &mut Arguments,
    ) {
        for (name, argument) in assigned {
            let name = name.text.clone();
            match argument {
                Argument::Reference(reference) => {
                    let object = self.object(reference);
                    given.objects.push((name, object));
                }
                Argument::Type(text) => given.types.push((name, text.text.clone())),
                Argument::Value(text) => given.values.push((name, text.text.clone())),
            }
        }
    }

    fn adapter(&mut self, connection: &Connection, inserted: &Inserted) -> ObjectNode {
        let Typed { ty, derived, .. } = inserted.typed;
        let types = &self.checker.types;
        let found = inserted.types.iter();
        let found = found.map(|(name, id)| (name.clone(), types.describe(*id)));
        let mut given = Arguments {
            types: found.collect(),
            ..Arguments::default()
        };
        let described = types.describe(TypeId::Object(ty));
        let parameters = connection.adapt.iter().flat_map(|adapt| &adapt.parameters);
        let assigned = parameters
            .filter(|(name, _)| inserted.given.iter().any(|(given, _)| given == name))
            .map(|(name, argument)| (name, argument));
        self.arguments(assigned, &mut given);
        ObjectNode {
            ty: Some(described),
            kind: NodeKind::Object {
                template: inserted.template.clone(),
                library: Some(inserted.library.name.clone()),
                types: given.types,
                values: given.values,
                objects: given.objects,
            },
            endpoints: self.endpoints((ty, derived)),
            findings: Vec::new(),
        }
    }
}

/// What parameters are assigned, by their names.
#[derive(Default)]
struct Arguments {
    types: Vec<(String, String)>,
    values: Vec<(String, String)>,
    objects: Vec<(String, ObjectNode)>,
}

/// An object of a library that takes no parameters.
fn made(template: &Spanned, library: &Spanned) -> NodeKind {
    NodeKind::Object {
        template: template.text.clone(),
        library: Some(library.text.clone()),
        types: Vec::new(),
        values: Vec::new(),
        objects: Vec::new(),
    }
}
