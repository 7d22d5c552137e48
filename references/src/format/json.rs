//! Documents in JSON: as they are written, with their type texts formatted.

use super::{NamedTypes, Texts};
use crate::model::{Argument, Document, ExternalSource, Reference, ReferenceKind, Spanned};
use crate::to_json::write_json;

pub(super) fn format(mut document: Document, added: NamedTypes, texts: &mut Texts<'_>) -> String {
    if let Some(types) = &mut document.types {
        types.text = texts.declarations(types, 0);
    }
    if !added.declarations.is_empty() {
        let types = document.types.get_or_insert_default();
        let spanned = Spanned {
            text: format!("{}\n{}", types.text, added.declarations),
            ..Spanned::default()
        };
        types.text = texts.declarations(&spanned, 0);
    }
    if let Some(types) = &mut document.types {
        types.text.truncate(types.text.trim_end().len());
    }
    reference(&mut document.root, &added, texts);
    write_json(&document)
}

fn reference(it: &mut Reference, added: &NamedTypes, texts: &mut Texts<'_>) {
    if let Some(as_type) = &mut it.as_type {
        as_type.text = texts.expression(as_type);
    } else if let Some(text) = added.casts.get(&it.span.start) {
        it.as_type = Some(Spanned {
            text: text.clone(),
            ..Spanned::default()
        });
    }
    match &mut it.kind {
        ReferenceKind::Composite(composite) => {
            for component in &mut composite.components {
                reference(&mut component.reference, added, texts);
            }
            let adapts = composite.connections.iter_mut();
            for adapt in adapts.filter_map(|connection| connection.adapt.as_mut()) {
                parameters(&mut adapt.parameters, added, texts);
            }
        }
        ReferenceKind::External(external) => {
            if let ExternalSource::From(from) = &mut external.source {
                reference(from, added, texts);
            }
        }
        ReferenceKind::Parameterized(inner) => {
            reference(&mut inner.template, added, texts);
            parameters(&mut inner.parameters, added, texts);
        }
        ReferenceKind::Primitive(_) => {}
    }
}

fn parameters(parameters: &mut [(Spanned, Argument)], added: &NamedTypes, texts: &mut Texts<'_>) {
    for (_, argument) in parameters {
        match argument {
            Argument::Reference(inner) => reference(inner, added, texts),
            Argument::Type(ty) => ty.text = texts.expression(ty),
            Argument::Value(_) => {}
        }
    }
}
