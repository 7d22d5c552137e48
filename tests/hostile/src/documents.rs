//! Reference documents.

use std::sync::Arc;

use liveobj_references::{
    Document, Limits, Policy, StandardCatalog, check, check_source, expand, hash, read, read_json,
    read_xml, write_json, write_xml,
};
use liveobj_types::{Diagnostic, Formalisms, Source, codes};

use crate::{refused, source};

/// Reads `source` as one notation.
type Read = fn(&Arc<Source>, &Limits) -> (Option<Document>, Vec<Diagnostic>);

/// An XML document.
pub fn xml(bytes: &[u8]) {
    if let Some(source) = source("hostile.xml", bytes) {
        document(&source, read_xml);
    }
}

/// A JSON document.
pub fn json(bytes: &[u8]) {
    if let Some(source) = source("hostile.json", bytes) {
        document(&source, read_json);
    }
}

fn document(source: &Arc<Source>, read: Read) {
    let (document, findings) = read(source, &Limits::default());
    assert_eq!(document.is_none(), refused(&findings));
    let Some(document) = document else {
        return in_part(source);
    };
    read_back(&document, &write_xml(&document), read_xml);
    read_back(&document, &write_json(&document), read_json);
    checked(document, source);
}

/// Of a text that is no document as much is checked as could be read: there is no plan, and every
/// fault of form is told.
fn in_part(source: &Arc<Source>) {
    let (document, findings) = read(source);
    if document.is_some() {
        // It is one in the other notation.
        return;
    }
    let (formalisms, policy) = (liveobj_formalisms::builtin(), Policy::default());
    let checked = check_source(source, &StandardCatalog, &formalisms, &policy);
    assert!(checked.reference.is_none());
    assert!(refused(&checked.diagnostics));
    let few = findings.len() < 1000;
    for finding in findings.iter().filter(|_| few) {
        assert!(checked.diagnostics.contains(finding), "{finding:?}");
    }
}

/// What is written is read as what it was, and written alike again.
fn read_back(document: &Document, text: &str, read: Read) {
    let source = Source::new("written", text);
    let (again, findings) = read(&source, &Limits::default());
    assert_eq!(findings, [], "{text}");
    let again = again.expect("a document that was written");
    assert_eq!(again, *document, "{text}");
}

fn checked(document: Document, source: &Arc<Source>) {
    let document = Arc::new(document);
    let (formalisms, policy) = (liveobj_formalisms::builtin(), Policy::default());
    let check =
        |formalisms: &Formalisms| check(&document, source, &StandardCatalog, formalisms, &policy);
    let checked = check(&formalisms);
    assert_eq!(checked.reference.is_none(), refused(&checked.diagnostics));
    assert_eq!(checked.diagnostics, check(&formalisms).diagnostics);
    let identity = hash(&document, source, &StandardCatalog, &formalisms);
    if let Err(findings) = &identity {
        assert!(refused(findings));
    }
    let Some(reference) = checked.reference else {
        return;
    };
    assert_eq!(identity, Ok(reference.identity()));
    // What is passed on, and what is written out, is the same object.
    let expanded = expand(&document, source, &StandardCatalog, &formalisms);
    if let Err(findings) = &expanded {
        // A library that is not at hand.
        assert!(refused(findings));
    }
    let expanded = expanded.ok().map(|document| write_json(&document));
    let canonical = reference.canonical(reference.root());
    for text in [canonical].into_iter().chain(expanded) {
        let source = Source::new("again", text.as_str());
        let again = check_source(&source, &StandardCatalog, &formalisms, &policy);
        let Some(again) = again.reference else {
            // Where a library is not at hand, only its `as` told of a template.
            let missing = |found: &Diagnostic| found.code == codes::MANIFEST_MISSING;
            assert!(
                again.diagnostics.iter().any(missing),
                "{text}: {:?}",
                again.diagnostics
            );
            continue;
        };
        assert_eq!(again.identity(), reference.identity(), "{text}");
    }
}
