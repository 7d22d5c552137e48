//! What is left over at the root.

use std::collections::HashMap;

use liveobj_types::formalism::Speaker;
use liveobj_types::types::Object;
use liveobj_types::{Diagnostic, Place, Span, codes};

use super::{Checker, Typed};
use crate::checked::Unmet;
use crate::model::{Document, ReferenceKind};

impl Checker<'_> {
    /// Mandatory endpoints and requirements that nothing meets: notes, and what `open` refuses.
    pub(super) fn unmet(&mut self, document: &Document, root: &Typed) -> Vec<Unmet> {
        let Object::Endpoints(body) = self.types.object(self.effective(root)) else {
            return Vec::new();
        };
        let source = self.source.clone();
        let here = Place::new(&source, document.root.span);
        let mut exported: HashMap<&str, Span> = HashMap::new();
        if let ReferenceKind::Composite(composite) = &document.root.kind {
            for export in &composite.exports {
                let name = export.as_name.as_ref().unwrap_or(&export.endpoint.name);
                exported.entry(&name.text).or_insert(export.endpoint.span);
            }
        }
        let mut unmet = Vec::new();
        for (name, endpoint) in &body.endpoints {
            if !endpoint.mandatory {
                continue;
            }
            let span = exported.get(name.as_str());
            unmet.push(Unmet {
                what: format!("mandatory endpoint `{name}` is not connected"),
                place: Some(span.map_or(here.clone(), |span| Place::new(&source, *span))),
            });
        }
        for constraint in &body.requires {
            unmet.push(Unmet {
                what: format!(
                    "nothing provides {} \"{}\", which is required",
                    constraint.formalism,
                    constraint.promise()
                ),
                place: constraint
                    .place
                    .as_ref()
                    .map(|place| self.embedded.outermost(place)),
            });
        }
        for left in &unmet {
            let mut found = Diagnostic::note(codes::UNMET_AT_ROOT, left.what.clone());
            found = match &left.place {
                Some(place) if place.source != source => found
                    .at(here.clone(), "")
                    .at(place.clone(), "required here"),
                Some(place) => found.at(place.clone(), ""),
                None => found.at(here.clone(), ""),
            };
            found = found.with_help(
                "put the object into a composite that meets it; as it stands it can be checked \
                 and passed on, but not opened",
            );
            self.report(found);
        }
        unmet
    }

    /// Notes what holds on somebody's word alone.
    pub(super) fn report_words(&mut self, document: &Document) {
        let place = Place::new(&self.source, document.root.span);
        let found: Vec<Diagnostic> = self
            .types
            .words()
            .map(|word| {
                let (code, help) = match word.by {
                    Speaker::Library(_) => (
                        codes::LIBRARY_VERDICT,
                        "nothing confirms it: it is as good as the library is",
                    ),
                    Speaker::Ontology { .. } => (
                        codes::ONTOLOGY_AXIOM,
                        "nothing proves it: it is as good as its reason is",
                    ),
                };
                Diagnostic::note(code, word.to_sentence())
                    .at(place.clone(), "")
                    .with_help(help)
            })
            .collect();
        self.report_all(found);
    }
}
