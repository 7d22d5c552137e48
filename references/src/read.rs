//! Reading documents.

use std::sync::Arc;

use liveobj_types::syntax::is_type_text;
use liveobj_types::{Diagnostic, Source, Span, codes};

use crate::faults::Faults;
use crate::gaps::Gaps;
use crate::limits::{Limits, RAISE};
use crate::model::Document;
use crate::xml::{Element, Form};
use crate::{from_json, from_xml, json, validate, xml};

/// Reads a document in either notation, told apart by its first byte that is not blank, within
/// the default [`Limits`]. The document is there exactly if no finding is an error; every fault
/// of form is found at once, a fault of XML or JSON as such ends the reading.
pub fn read(source: &Arc<Source>) -> (Option<Document>, Vec<Diagnostic>) {
    read_within(source, &Limits::default())
}

/// As [`read_within`], for those who tell of more faults than those of form: what could be read is
/// there, and what could not, unless a limit is exceeded.
pub(crate) fn read_on(source: &Arc<Source>, limits: &Limits) -> Parsed {
    let (parts, found) = parse(source, limits);
    let exceeds = |found: &Diagnostic| found.code == codes::LIMIT_EXCEEDED;
    let parts = parts.filter(|_| !found.iter().any(exceeds));
    (parts, found)
}

/// As [`read`], within other limits.
pub fn read_within(source: &Arc<Source>, limits: &Limits) -> (Option<Document>, Vec<Diagnostic>) {
    refused(parse(source, limits))
}

/// The document only if nothing is wrong with it.
fn refused((parts, found): Parsed) -> (Option<Document>, Vec<Diagnostic>) {
    let whole = parts.filter(|_| found.is_empty());
    (whole.map(|(document, _)| document), found)
}

/// A document with what is left out of it, if anything could be read, and what is wrong with it.
pub(crate) type Parsed = (Option<(Document, Gaps)>, Vec<Diagnostic>);

fn parse(source: &Arc<Source>, limits: &Limits) -> Parsed {
    if source.text.len() > limits.size {
        return read_with(source, limits, |_| None);
    }
    match source.text[mark(&source.text)..]
        .trim_start()
        .bytes()
        .next()
    {
        Some(b'<') => parse_xml(source, limits),
        Some(b'{') => parse_json(source, limits),
        _ => {
            let mut faults = Faults::new(source);
            let start = source.text.len() - source.text[mark(&source.text)..].trim_start().len();
            let begins = "a reference begins with `<liveobject` or `{\"liveobj\": 1`";
            let (message, help) = if start == source.text.len() {
                ("the document is empty", begins)
            } else if is_type_text(&source.text) {
                (
                    "this is a text of the type language, not a reference",
                    "declarations stand in the `<types>` of a reference, or in a type library, which \
                     `liveobj fmt`, `compare` and `diff` take",
                )
            } else {
                ("this is neither XML nor JSON: expected `<` or `{`", begins)
            };
            let fault = json::SyntaxFault::new(Span::new(start, start), message);
            faults.syntax(fault.with_help(help));
            (None, faults.diagnostics)
        }
    }
}

/// Reads XML.
pub fn read_xml(source: &Arc<Source>, limits: &Limits) -> (Option<Document>, Vec<Diagnostic>) {
    refused(parse_xml(source, limits))
}

fn parse_xml(source: &Arc<Source>, limits: &Limits) -> Parsed {
    read_with(source, limits, |faults| {
        match xml::parse(&source.text, mark(&source.text), limits, Form::Reference) {
            Ok(root) => from_xml::document(faults, &root),
            Err(fault) => {
                faults.syntax(fault);
                None
            }
        }
    })
}

/// What is wrong with the form of a document that was not read but made of something else, in the
/// order of `source`, the text that its spans refer to: what [`read_within`] says of one that was
/// read. Empty: it can be written, and reads back.
pub fn form_faults(document: &Document, source: &Arc<Source>, limits: &Limits) -> Vec<Diagnostic> {
    let mut faults = Faults::new(source);
    validate::validate(&mut faults, document, &Gaps::default(), limits);
    in_order(faults)
}

/// Reads XML that need not be a reference: a tree of elements. Processing instructions and
/// comments are skipped, the declared encoding is not looked at; a document type is an error.
///
/// # Errors
///
/// The first fault of form, or the first of `limits` that the text exceeds.
pub fn read_elements(source: &Arc<Source>, limits: &Limits) -> Result<Element, Box<Diagnostic>> {
    let mut faults = Faults::new(source);
    if !fits(&mut faults, limits) {
        return Err(Box::new(faults.diagnostics.remove(0)));
    }
    xml::parse(&source.text, mark(&source.text), limits, Form::Plain).map_err(|fault| {
        faults.syntax(fault);
        Box::new(faults.diagnostics.remove(0))
    })
}

/// Reads JSON.
pub fn read_json(source: &Arc<Source>, limits: &Limits) -> (Option<Document>, Vec<Diagnostic>) {
    refused(parse_json(source, limits))
}

fn parse_json(source: &Arc<Source>, limits: &Limits) -> Parsed {
    read_with(source, limits, |faults| {
        match json::parse(&source.text, mark(&source.text), limits) {
            Ok(root) => from_json::document(faults, &root, true),
            Err(fault) => {
                faults.syntax(fault);
                None
            }
        }
    })
}

/// Length of a byte order mark.
fn mark(text: &str) -> usize {
    if text.starts_with('\u{feff}') {
        '\u{feff}'.len_utf8()
    } else {
        0
    }
}

fn read_with(
    source: &Arc<Source>,
    limits: &Limits,
    read: impl FnOnce(&mut Faults<'_>) -> Option<Document>,
) -> Parsed {
    let mut faults = Faults::new(source);
    if !fits(&mut faults, limits) {
        return (None, faults.diagnostics);
    }
    let document = read(&mut faults);
    let gaps = std::mem::take(&mut faults.gaps);
    if let Some(document) = &document {
        validate::validate(&mut faults, document, &gaps, limits);
    }
    (document.map(|document| (document, gaps)), in_order(faults))
}

fn in_order(faults: Faults<'_>) -> Vec<Diagnostic> {
    let mut found = faults.diagnostics;
    found.sort_by_key(|found| found.labels.first().map(|label| label.place.span.start));
    found
}

/// Whether the text is not too long to be read.
fn fits(faults: &mut Faults<'_>, limits: &Limits) -> bool {
    let length = faults.source.text.len();
    if length > limits.size {
        let message = format!("the document has {length} bytes, more than {}", limits.size);
        let place = faults.place(Span::default());
        faults.push(
            Diagnostic::error(codes::LIMIT_EXCEEDED, message)
                .at(place, "")
                .with_help(RAISE),
        );
    }
    length <= limits.size
}
