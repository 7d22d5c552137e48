//! What the tests share.

use std::sync::Arc;

use liveobj_original::{Converted, LIBRARY_NAME, library, read};
use liveobj_references::{
    Catalog, CatalogError, Checked, Document, LibraryTypes, Policy, StandardCatalog, check,
    write_json, write_xml,
};
use liveobj_types::{Formalisms, Severity, Source};

/// The library of 2009, and the standard one.
#[derive(Debug)]
pub struct Libraries;

impl Catalog for Libraries {
    fn library(&self, name: &str, sha256: Option<&str>) -> Result<Arc<LibraryTypes>, CatalogError> {
        match name {
            LIBRARY_NAME => Ok(library()),
            _ => StandardCatalog.library(name, sha256),
        }
    }

    fn names(&self) -> Vec<String> {
        vec![LIBRARY_NAME.to_owned()]
    }
}

pub fn checked(document: &Document, source: &Arc<Source>) -> Checked {
    let document = Arc::new(document.clone());
    let policy = Policy::default();
    check(&document, source, &Libraries, &Formalisms::none(), &policy)
}

/// A document around an object.
pub fn root(object: &str) -> Arc<Source> {
    let text = format!(
        "<Root xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"\n \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">\n{object}\n</Root>\n"
    );
    Source::new("old.liveobject", text)
}

pub fn converted(object: &str) -> Converted {
    read(&root(object), None)
}

/// Every finding as `code line:column message`, those of the check included.
pub fn findings(object: &str) -> String {
    let source = root(object);
    let converted = read(&source, None);
    let mut found = converted.diagnostics;
    if let Some(document) = &converted.document {
        found.extend(checked(document, &source).diagnostics);
    }
    let mut out = String::new();
    for found in found {
        let at = found.labels.first().map(|label| label.place.to_string());
        let at = at.unwrap_or_default().replace("old.liveobject:", "");
        let severity = match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        out += &format!("{severity}[{}] {at} {}\n", found.code, found.message);
    }
    out
}

/// Both notations give an equal model.
pub fn assert_round_trips(document: &Document) {
    for text in [write_xml(document), write_json(document)] {
        let (again, found) = liveobj_references::read(&Source::new("written", text.as_str()));
        assert!(found.is_empty(), "{found:?}\n{text}");
        assert_eq!(again.as_ref(), Some(document), "{text}");
    }
}
