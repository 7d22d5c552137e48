//! Formatting of documents.

mod json;
mod xml;

use std::collections::BTreeMap;
use std::sync::Arc;

use liveobj_types::syntax::{Brackets, format_file, format_type};
use liveobj_types::{Diagnostic, Source};

use crate::catalog::Catalog;
use crate::check::named_types;
use crate::embed::Embedded;
use crate::faults::bracketed;
use crate::model::Spanned;
use crate::read;

/// Lays a document out in the notation that it is in. It means the same, and formatting it again
/// changes nothing.
///
/// XML keeps its comments, single empty lines, the order of elements and attributes, and how values
/// are escaped; an element whose author began a line after its start tag keeps its children on lines
/// of their own. JSON is written as [`write_json`](crate::write_json) does. Type texts are formatted
/// as the type language, with square brackets; those with an XML comment inside stay as they are.
///
/// With a catalog, each reference to an object of a library that says nothing of its type gets an
/// `as`, so that the document can be checked where the library is not at hand. What such a type needs
/// and the document does not name is declared in its `types`. A cast to the type that an object has
/// changes neither types nor identities. Libraries that are not in the catalog, and the standard
/// library, which everybody has, are passed over.
///
/// Takes time in proportion to the document, but for the types that are added.
///
/// # Errors
///
/// All that [`read`] finds, and faults of syntax in type texts.
pub fn format(
    source: &Arc<Source>,
    catalog: Option<&dyn Catalog>,
) -> Result<String, Vec<Diagnostic>> {
    let (document, found) = read(source);
    let Some(document) = document else {
        return Err(found);
    };
    let added = match catalog {
        Some(catalog) => named_types(&document, source, catalog),
        None => NamedTypes::default(),
    };
    let mut texts = Texts {
        source,
        embedded: Embedded::default(),
        found: Vec::new(),
    };
    let is_json = matches!(
        source
            .text
            .trim_start_matches('\u{feff}')
            .trim_start()
            .bytes()
            .next(),
        Some(b'{')
    );
    let text = match is_json {
        true => json::format(document, added, &mut texts),
        false => xml::format(added, &mut texts),
    };
    match texts.found.is_empty() {
        true => Ok(text),
        false => Err(texts.found),
    }
}

/// The types of objects of libraries, in the words of a document.
#[derive(Debug, Default)]
pub(crate) struct NamedTypes {
    /// Of each reference without an `as`, by where it begins.
    pub casts: BTreeMap<usize, String>,
    /// Declarations to add.
    pub declarations: String,
}

/// Type texts of a document.
struct Texts<'a> {
    source: &'a Arc<Source>,
    embedded: Embedded,
    found: Vec<Diagnostic>,
}

impl Texts<'_> {
    /// Declarations, every line `indent` columns further right.
    fn declarations(&mut self, text: &Spanned, indent: usize) -> String {
        let inside = self.embedded.source(self.source, text);
        let formatted = format_file(&inside, Brackets::Square, indent);
        formatted.unwrap_or_else(|found| self.complain(found))
    }

    /// A type expression.
    fn expression(&mut self, text: &Spanned) -> String {
        let inside = self.embedded.source(self.source, &bracketed(text.clone()));
        let formatted = format_type(&inside, Brackets::Square);
        formatted.unwrap_or_else(|found| self.complain(found))
    }

    fn complain(&mut self, found: Vec<Diagnostic>) -> String {
        let found = found.into_iter();
        let found = found.map(|found| self.embedded.translated(found));
        self.found.extend(found);
        String::new()
    }
}
