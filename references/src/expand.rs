//! The long form of a document: what `library="…"` is short for, and every default.

use std::collections::BTreeMap;
use std::sync::Arc;

use liveobj_types::syntax::{Item, Template};
use liveobj_types::types::{Basic, Value};
use liveobj_types::{Diagnostic, Formalisms, Module, Place, Source, Types, codes};

use crate::catalog::{Catalog, CatalogError};
use crate::check::written_out;
use crate::json::{self, NodeKind};
use crate::limits::Limits;
use crate::model::{
    Argument, Composite, Document, External, ExternalSource, Parameterized, Primitive, Reference,
    ReferenceKind, Spanned,
};

/// Writes every `library="…"` in its long form, the defaults of all templates as parameters, and
/// the adapters that connections ask for as components. The document means the same, and has the
/// same identity.
///
/// # Errors
///
/// A `manifest-missing` for each library whose templates have parameters that nobody can know. If
/// a connection asks for adapters, all that a check finds.
pub fn expand(
    document: &Document,
    source: &Arc<Source>,
    catalog: &dyn Catalog,
    formalisms: &Formalisms,
) -> Result<Document, Vec<Diagnostic>> {
    let document = &written_out(document, source, catalog, formalisms)?;
    let mut expander = Expander {
        source,
        catalog,
        diagnostics: Vec::new(),
    };
    let root = expander.reference(&document.root);
    let found = expander.diagnostics;
    if found.is_empty() {
        Ok(Document {
            root,
            ..document.clone()
        })
    } else {
        Err(found)
    }
}

struct Expander<'a> {
    source: &'a Arc<Source>,
    catalog: &'a dyn Catalog,
    diagnostics: Vec<Diagnostic>,
}

fn spanned(text: &str) -> Spanned {
    Spanned {
        text: text.to_owned(),
        ..Spanned::default()
    }
}

impl Expander<'_> {
    fn reference(&mut self, reference: &Reference) -> Reference {
        let kind = match &reference.kind {
            ReferenceKind::Composite(composite) => {
                let mut expanded: Composite = composite.clone();
                for component in &mut expanded.components {
                    component.reference = self.reference(&component.reference);
                }
                ReferenceKind::Composite(expanded)
            }
            ReferenceKind::External(external) => {
                let source = match &external.source {
                    ExternalSource::From(from) => self.reference(from),
                    ExternalSource::Library { name, sha256 } => library(name, sha256.as_ref()),
                };
                ReferenceKind::External(External {
                    name: external.name.clone(),
                    source: ExternalSource::From(Box::new(source)),
                })
            }
            ReferenceKind::Parameterized(inner) => {
                ReferenceKind::Parameterized(self.parameterized(inner))
            }
            ReferenceKind::Primitive(primitive) => ReferenceKind::Primitive(primitive.clone()),
        };
        Reference {
            kind,
            ..reference.clone()
        }
    }

    fn parameterized(&mut self, inner: &Parameterized) -> Parameterized {
        let mut parameters: Vec<(Spanned, Argument)> = inner
            .parameters
            .iter()
            .map(|(name, argument)| {
                let argument = match argument {
                    Argument::Reference(reference) => {
                        Argument::Reference(self.reference(reference))
                    }
                    other => other.clone(),
                };
                (name.clone(), argument)
            })
            .collect();
        if let Some((module, template)) = self.template(&inner.template) {
            for (name, text) in defaults(&module, &template) {
                if parameters.iter().all(|(given, _)| given.text != name) {
                    parameters.push((spanned(&name), Argument::Value(spanned(&text))));
                }
            }
        }
        Parameterized {
            template: Box::new(self.reference(&inner.template)),
            parameters,
        }
    }

    /// The declaration of a template of a library.
    fn template(&mut self, reference: &Reference) -> Option<(Arc<Module>, Template)> {
        let ReferenceKind::External(external) = &reference.kind else {
            return None;
        };
        let (name, sha256) = match &external.source {
            ExternalSource::Library { name, sha256 } => (name, sha256.as_ref()),
            ExternalSource::From(from) => named_library(from)?,
        };
        match self
            .catalog
            .library(&name.text, sha256.map(|text| text.text.as_str()))
        {
            Ok(library) => match library.module.lookup(&external.name.text) {
                Some((module, Item::Template(template))) => {
                    Some((module.clone(), template.clone()))
                }
                _ => None,
            },
            Err(error) => {
                let code = match error {
                    CatalogError::OtherHash { .. } => codes::LIBRARY_HASH_MISMATCH,
                    _ => codes::MANIFEST_MISSING,
                };
                let place = Place::new(self.source, name.span);
                let found = Diagnostic::error(code, error.to_string())
                    .at(place, "its defaults are needed here")
                    .with_help("add it: `liveobj library add FILE`, or give `--library-path DIR`");
                self.diagnostics.push(found);
                None
            }
        }
    }
}

/// What `library="name" sha256="…"` is short for.
fn library(name: &Spanned, sha256: Option<&Spanned>) -> Reference {
    let plain = |kind| Reference {
        as_type: None,
        kind,
        span: name.span,
    };
    let mut parameters = vec![(spanned("name"), Argument::Value(name.clone()))];
    if let Some(sha256) = sha256 {
        parameters.push((spanned("sha256"), Argument::Value(sha256.clone())));
    }
    let template = Box::new(plain(ReferenceKind::Primitive(Primitive {
        id: spanned("library"),
        library: None,
        name: None,
    })));
    plain(ReferenceKind::Parameterized(Parameterized {
        template,
        parameters,
    }))
}

/// The name and hash that a long form holds.
pub(crate) fn named_library(from: &Reference) -> Option<(&Spanned, Option<&Spanned>)> {
    let ReferenceKind::Parameterized(inner) = &from.kind else {
        return None;
    };
    let ReferenceKind::Primitive(primitive) = &inner.template.kind else {
        return None;
    };
    if !crate::check::is_library(&primitive.id.text) {
        return None;
    }
    let value = |wanted: &str| {
        inner
            .parameters
            .iter()
            .find_map(|(name, argument)| match argument {
                Argument::Value(text) if name.text == wanted => Some(text),
                _ => None,
            })
    };
    Some((
        value("name")?,
        value("sha256").filter(|text| !text.text.is_empty()),
    ))
}

/// Names and texts of the defaults of a template.
fn defaults(module: &Arc<Module>, template: &Template) -> Vec<(String, String)> {
    let mut types = Types::new();
    let Ok(signature) = types.template(module, template, &BTreeMap::new()) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for parameter in signature.value_parameters {
        let Some(default) = parameter.default else {
            continue;
        };
        let text = match types.value(parameter.ty) {
            // A string stands in documents without quotes.
            Value::Basic(Basic::String) => {
                match json::parse(&default.json, 0, &Limits::default()) {
                    Ok(json::Node {
                        kind: NodeKind::String(text),
                        ..
                    }) => text.text,
                    _ => continue,
                }
            }
            _ => default.json,
        };
        found.push((parameter.name, text));
    }
    found
}
