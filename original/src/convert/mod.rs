//! Documents of 2009 as references of today.
//!
//! A component becomes a template of the library without code `liveobj:original`, `From` an external
//! reference out of that dictionary as a folder, `ObjectClass` an `as`. What the original converted
//! silently is converted here with a warning, or not at all.

mod classes;
mod objects;
mod values;

use std::sync::Arc;

use liveobj_references as model;
use liveobj_types::{Code, Diagnostic, Place, Severity, Source, Span, codes};

use crate::catalog::Catalog;
use crate::document::{Document, Skipped, SkippedKind, Text};
use crate::names::Names;
use crate::{LIBRARY_NAME, QualifiedId};

/// Where people find ids.
const ALL_IDS: &str = "`liveobj describe liveobj:original` prints all with their ids";

/// What became of a document.
#[derive(Clone, Debug)]
pub struct Converted {
    /// The reference; none if a finding is an error.
    pub document: Option<model::Document>,
    /// What is wrong with the document, and what was tolerated or converted.
    pub diagnostics: Vec<Diagnostic>,
    /// What the reference does not keep of the document: notes.
    pub dropped: Vec<Diagnostic>,
}

/// Converts a document. All places are places of its source.
pub fn convert(document: &Document) -> Converted {
    let mut converter = Converter {
        source: &document.source,
        catalog: Catalog::standard(),
        names: Names::get(),
        diagnostics: document.faults.clone(),
        dropped: Vec::new(),
        braced: Vec::new(),
    };
    let converted = converter.document(document);
    converter.warn_of_braces();
    converter.warn_of_skipped(&document.skipped);
    let Converter {
        mut diagnostics,
        mut dropped,
        ..
    } = converter;
    for findings in [&mut diagnostics, &mut dropped] {
        findings.sort_by_key(|found| found.labels.first().map(|label| label.place.span.start));
    }
    let wrong = diagnostics
        .iter()
        .any(|found| found.severity == Severity::Error);
    Converted {
        document: converted.filter(|_| !wrong),
        diagnostics,
        dropped,
    }
}

struct Converter<'a> {
    source: &'a Arc<Source>,
    catalog: &'static Catalog,
    names: &'static Names,
    diagnostics: Vec<Diagnostic>,
    dropped: Vec<Diagnostic>,
    /// Ids in braces.
    braced: Vec<Span>,
}

impl Converter<'_> {
    fn document(&mut self, document: &Document) -> Option<model::Document> {
        let Some(object) = &document.object else {
            self.null_document(Span::default());
            return None;
        };
        let about = self.about(object);
        let root = match self.object(object)? {
            objects::Made::Reference(root) => *root,
            objects::Made::Null => {
                self.null_document(object.span);
                return None;
            }
        };
        let used = model::Spanned {
            text: format!("use \"{LIBRARY_NAME}\";"),
            span: Span::new(object.span.start, object.span.start),
            verbatim: false,
        };
        Some(model::Document {
            types: Some(used),
            about,
            root,
        })
    }

    /// Warns of what means nothing where it stands.
    fn warn_of_skipped(&mut self, skipped: &[Skipped]) {
        for Skipped {
            what,
            name,
            span,
            within,
        } in skipped
        {
            let message = match what {
                SkippedKind::Element => {
                    format!("the element `{name}` means nothing in `<{within}>`")
                }
                SkippedKind::SecondElement => {
                    format!("`<{within}>` has a second `{name}`: only the first counts")
                }
                SkippedKind::Attribute => {
                    format!("the attribute `{name}` means nothing in `<{within}>`")
                }
                SkippedKind::Text => format!("text means nothing in `<{within}>`"),
            };
            let help = "remove it: the original ignored it, too";
            self.warn(codes::ORIGINAL_NOT_KEPT, *span, message, help);
        }
    }

    fn null_document(&mut self, span: Span) {
        let message = "the document is the null reference: there is no object".to_owned();
        let help = format!("give it the `id` of the component that it is to be: {ALL_IDS}");
        self.error(codes::ORIGINAL_NOT_CONVERTIBLE, span, message, Some(help));
    }

    fn place(&self, span: Span) -> Place {
        Place::new(self.source, span)
    }

    fn error(&mut self, code: Code, span: Span, message: String, help: Option<String>) {
        let mut found = Diagnostic::error(code, message).at(self.place(span), "");
        found.help = help;
        self.diagnostics.push(found);
    }

    fn warn(&mut self, code: Code, span: Span, message: String, help: &str) {
        let found = Diagnostic::warning(code, message).at(self.place(span), "");
        self.diagnostics.push(found.with_help(help));
    }

    fn drop(&mut self, span: Span, message: String) {
        let found = Diagnostic::note(codes::ORIGINAL_NOT_KEPT, message).at(self.place(span), "");
        self.dropped.push(found);
    }

    /// One warning for all ids in braces: who wrote one that way, did so with all.
    fn warn_of_braces(&mut self) {
        let mut places = std::mem::take(&mut self.braced);
        places.sort();
        let message = match places.len() {
            0 => return,
            1 => "an id stands in braces".to_owned(),
            count => format!("{count} ids stand in braces"),
        };
        let mut found = Diagnostic::warning(codes::ORIGINAL_SPELLING, message);
        for span in places {
            found = found.at(self.place(span), "");
        }
        let help = "remove the braces: the last version of the original refused them";
        self.diagnostics.push(found.with_help(help));
    }

    /// Reads an identifier; braces are accepted.
    fn id(&mut self, text: &Text) -> Option<QualifiedId> {
        match QualifiedId::parse_tolerant(&text.text) {
            Ok((id, braces)) => {
                if braces {
                    self.braced.push(text.span);
                }
                Some(id)
            }
            Err(why) => {
                let message = format!("`{}` is not an id: {why}", text.text);
                let help = Some(ALL_IDS.to_owned());
                self.error(codes::ORIGINAL_UNKNOWN_ID, text.span, message, help);
                None
            }
        }
    }

    /// A text of the reference that stands for something at `span`.
    fn generated(&self, text: impl Into<String>, span: Span) -> model::Spanned {
        let text = text.into();
        model::Spanned {
            verbatim: self.source.text.get(span.start..span.end) == Some(text.as_str()),
            text,
            span,
        }
    }
}
