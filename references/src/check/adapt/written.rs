//! The document with its adapters written out.

use std::collections::BTreeMap;
use std::sync::Arc;

use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::{Diagnostic, Formalisms, Severity, Source, TypeId};

use super::super::scope::Scope;
use super::super::{Checker, Depth, Policy};
use super::insert::{Inserted, Insertion};
use crate::catalog::Catalog;
use crate::gaps::Gaps;
use crate::model::{
    Argument, Component, Composite, Connection, Document, EndpointName, External, ExternalSource,
    Parameterized, Reference, ReferenceKind, Spanned,
};
use crate::types_text::TypesText;

/// The document with a component in place of every adapter that a connection asks for. It means
/// the same and has the same identity.
///
/// # Errors
///
/// What the check finds, since which adapters are meant depends on the types of everything.
pub(crate) fn written_out(
    document: &Document,
    source: &Arc<Source>,
    catalog: &dyn Catalog,
    formalisms: &Formalisms,
) -> Result<Document, Vec<Diagnostic>> {
    if !asks(&document.root) {
        return Ok(document.clone());
    }
    let policy = Policy::default();
    let gaps = Gaps::default();
    let mut checker = Checker::new(source, catalog, formalisms, &policy, Depth::Types, &gaps);
    checker.document(document);
    let mut found = checker.finish();
    found.retain(|found| found.severity == Severity::Error);
    if !found.is_empty() {
        return Err(found);
    }
    let scope = checker.scope(document, source, None);
    let insertions = std::mem::take(&mut checker.insertions);
    let mut texts = BTreeMap::new();
    let mut unnamed = Vec::new();
    let links = insertions.values().flatten().flat_map(|each| &each.links);
    for (_, id) in links.flat_map(|(_, inserted)| &inserted.types) {
        match checker.named_here(&scope, *id) {
            Some(text) => _ = texts.insert(*id, text),
            None => unnamed.push(*id),
        }
    }
    let mut declarations = TypesText::new(&checker.types);
    declarations.avoid(scope.module.visible_names());
    for id in unnamed {
        let text = declarations.expression(id);
        texts.insert(id, text);
    }
    let mut types = document.types.clone();
    if let Some(declared) = declarations.finish() {
        let text = match &document.types {
            Some(types) => format!("{}\n{declared}\n", types.text.trim_end()),
            None => declared,
        };
        types = Some(spanned(&text));
    }
    let writer = Writer { insertions, texts };
    Ok(Document {
        types,
        about: document.about.clone(),
        root: writer.reference(&document.root),
    })
}

impl Checker<'_> {
    /// The text by which a type is known in the document, if it is.
    fn named_here(&mut self, scope: &Scope, id: TypeId) -> Option<String> {
        let text = self.types.describe(id);
        let text = text.replace('<', "[").replace('>', "]");
        let source = Source::new("type", text.as_str());
        let expr = parse_type(&source).ok()?;
        let none = Environment::new();
        let same = self
            .types
            .resolve(&scope.module, &source, &expr, &none)
            .ok()?;
        (self.types.identity(same) == self.types.identity(id)).then_some(text)
    }
}

/// Whether a connection in it asks for adapters.
fn asks(reference: &Reference) -> bool {
    match &reference.kind {
        ReferenceKind::Composite(composite) => {
            let mut connections = composite.connections.iter();
            connections.any(|connection| connection.adapt.is_some())
                || composite
                    .components
                    .iter()
                    .any(|part| asks(&part.reference))
        }
        ReferenceKind::External(external) => match &external.source {
            ExternalSource::From(from) => asks(from),
            ExternalSource::Library { .. } => false,
        },
        ReferenceKind::Parameterized(inner) => {
            asks(&inner.template) || inner.parameters.iter().any(|(_, argument)| asked(argument))
        }
        ReferenceKind::Primitive(_) => false,
    }
}

fn asked(argument: &Argument) -> bool {
    matches!(argument, Argument::Reference(reference) if asks(reference))
}

struct Writer {
    /// By the composite's place in memory.
    insertions: BTreeMap<usize, Vec<Insertion>>,
    texts: BTreeMap<TypeId, String>,
}

impl Writer {
    fn reference(&self, reference: &Reference) -> Reference {
        let kind = match &reference.kind {
            ReferenceKind::Composite(composite) => {
                ReferenceKind::Composite(self.composite(composite))
            }
            ReferenceKind::External(external) => ReferenceKind::External(External {
                name: external.name.clone(),
                source: match &external.source {
                    ExternalSource::From(from) => {
                        ExternalSource::From(Box::new(self.reference(from)))
                    }
                    library => library.clone(),
                },
            }),
            ReferenceKind::Parameterized(inner) => ReferenceKind::Parameterized(Parameterized {
                template: Box::new(self.reference(&inner.template)),
                parameters: inner
                    .parameters
                    .iter()
                    .map(|(name, argument)| (name.clone(), self.argument(argument)))
                    .collect(),
            }),
            ReferenceKind::Primitive(primitive) => ReferenceKind::Primitive(primitive.clone()),
        };
        Reference {
            kind,
            ..reference.clone()
        }
    }

    fn argument(&self, argument: &Argument) -> Argument {
        match argument {
            Argument::Reference(reference) => Argument::Reference(self.reference(reference)),
            other => other.clone(),
        }
    }

    fn composite(&self, composite: &Composite) -> Composite {
        let mut components: Vec<Component> = composite
            .components
            .iter()
            .map(|component| Component {
                name: component.name.clone(),
                reference: self.reference(&component.reference),
            })
            .collect();
        let insertions = self.insertions.get(&super::super::address(composite));
        let insertions: BTreeMap<usize, &Insertion> = insertions
            .into_iter()
            .flatten()
            .map(|insertion| (insertion.connection, insertion))
            .collect();
        let mut connections = Vec::new();
        for (index, connection) in composite.connections.iter().enumerate() {
            let Some(insertion) = insertions.get(&index) else {
                connections.push(connection.clone());
                continue;
            };
            for (name, inserted) in &insertion.links {
                components.push(Component {
                    name: spanned(name),
                    reference: self.adapter(inserted),
                });
            }
            let planned = insertion.connections(composite);
            connections.extend(planned.iter().map(|planned| Connection {
                ends: [&planned.ends[0], &planned.ends[1]].map(|(of, name)| EndpointName {
                    of: spanned(of),
                    name: spanned(name),
                    span: connection.span,
                }),
                adapt: None,
                span: connection.span,
            }));
        }
        Composite {
            components,
            connections,
            exports: composite.exports.clone(),
        }
    }

    fn adapter(&self, inserted: &Inserted) -> Reference {
        let external = ReferenceKind::External(External {
            name: spanned(&inserted.template),
            source: ExternalSource::Library {
                name: spanned(&inserted.library.name),
                sha256: inserted.library.sha256.as_deref().map(spanned),
            },
        });
        let types = inserted.types.iter();
        let types = types.map(|(name, id)| (name, Argument::Type(spanned(&self.texts[id]))));
        let mut parameters: Vec<(Spanned, Argument)> = types
            .map(|(name, argument)| (spanned(name), argument))
            .collect();
        let given = inserted.given.iter();
        parameters.extend(given.map(|(name, argument)| (name.clone(), self.argument(argument))));
        let template = Reference {
            as_type: None,
            kind: external,
            span: Default::default(),
        };
        if parameters.is_empty() {
            return template;
        }
        Reference {
            as_type: None,
            kind: ReferenceKind::Parameterized(Parameterized {
                template: Box::new(template),
                parameters,
            }),
            span: Default::default(),
        }
    }
}

fn spanned(text: &str) -> Spanned {
    Spanned {
        text: text.to_owned(),
        ..Spanned::default()
    }
}
