//! Documents of the 2009 platform.

use liveobj_original::document::{is_original, read};
use liveobj_original::{QualifiedId, decode_text};
use liveobj_references::{Limits, read_xml, write_xml};
use liveobj_types::{Source, codes};

use crate::refused;

/// A document as the bytes of its file; also a text as an identifier.
pub fn original(bytes: &[u8]) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        is_original(text);
        identifier(text);
    }
    converted(bytes);
    match read("hostile.xml", bytes) {
        Err(fault) => assert!(refused(&[*fault])),
        Ok(document) => {
            assert_eq!(refused(&document.faults), !document.faults.is_empty());
            for skipped in &document.skipped {
                let span = skipped.span;
                assert!(document.source.text.get(span.start..span.end).is_some());
            }
            let again = read("hostile.xml", bytes).expect("it was read before");
            assert_eq!(format!("{again:?}"), format!("{document:?}"));
        }
    }
}

/// As a person would read it: what could be converted, written as XML, reads as the same reference.
fn converted(bytes: &[u8]) {
    let Ok(decoded) = decode_text(bytes) else {
        return;
    };
    let source = Source::new("hostile.xml", decoded.text.as_str());
    let converted = liveobj_original::read(&source, Some(&decoded));
    assert!(!refused(&converted.dropped));
    let refused = refused(&converted.diagnostics);
    let Some(document) = converted.document else {
        return;
    };
    assert!(!refused);
    let written = Source::new("written", write_xml(&document));
    match read_xml(&written, &Limits::default()) {
        (Some(again), _) => assert_eq!(again, document, "{}", written.text),
        (None, findings) => {
            // The original had no limits.
            let limit = findings
                .iter()
                .find(|found| found.code != codes::LIMIT_EXCEEDED);
            assert_eq!(limit, None, "{}", written.text);
        }
    }
}

/// What is an identifier is written as one that says the same; a strict reader's identifiers are
/// a tolerant one's.
fn identifier(text: &str) {
    let Ok((id, braces)) = QualifiedId::parse_tolerant(text) else {
        assert!(QualifiedId::parse(text.trim()).is_err());
        return;
    };
    let written = id.to_string();
    assert_eq!(QualifiedId::parse(&written), Ok(id));
    if !braces {
        assert_eq!(QualifiedId::parse(text.trim()), Ok(id));
    }
}
