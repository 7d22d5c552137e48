//! The documents of the original with what its loader said of them, in place; skipped where they
//! are not there.

use std::path::PathBuf;

use liveobj_original::{Converted, decode_text, read};
use liveobj_types::Source;
use serde_json::Value;

use crate::support::{assert_round_trips, checked};

fn folder() -> Option<PathBuf> {
    let folder =
        PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance/original");
    let there = folder.join("verdicts.jsonl").is_file();
    if !there {
        println!("skipped: {} is not there", folder.display());
    }
    there.then_some(folder)
}

/// Each document with its verdict.
fn documents() -> Vec<(Value, std::sync::Arc<Source>, Converted)> {
    let Some(folder) = folder() else {
        return Vec::new();
    };
    let verdicts = std::fs::read_to_string(folder.join("verdicts.jsonl")).expect("it is readable");
    let verdicts = verdicts.lines().map(|line| {
        let verdict: Value = serde_json::from_str(line).expect("each line is JSON");
        let name = verdict["document"].as_str().expect("it names the document");
        let bytes = std::fs::read(folder.join("documents").join(name)).expect("it is readable");
        let decoded = decode_text(&bytes).expect("it is text");
        let source = Source::new(name, decoded.text.as_str());
        let converted = read(&source, Some(&decoded));
        (verdict, source, converted)
    });
    verdicts.collect()
}

#[test]
fn what_the_original_loads_is_well_typed_and_nothing_else() {
    for (verdict, source, converted) in documents() {
        let loads = verdict["original_loader"] == "ok" || verdict["braces_removed"] == "ok";
        let mut found = converted.diagnostics;
        let mut well_typed = false;
        if let Some(document) = &converted.document {
            let checked = checked(document, &source);
            well_typed = checked.reference.is_some();
            found.extend(checked.diagnostics);
        }
        assert_eq!(well_typed, loads, "{verdict}\n{found:#?}");
    }
}

#[test]
fn what_is_converted_round_trips() {
    for (_, _, converted) in documents() {
        if let Some(document) = &converted.document {
            assert_round_trips(document);
        }
    }
}

#[test]
fn every_finding_has_its_place_in_the_document() {
    for (_, source, converted) in documents() {
        let mut found = converted.diagnostics;
        found.extend(converted.dropped);
        if let Some(document) = &converted.document {
            found.extend(checked(document, &source).diagnostics);
        }
        for found in found {
            let place = &found.labels.first().expect("there is a place").place;
            assert_eq!(place.source, source, "{found:?}");
            assert!(place.span.end <= source.text.len(), "{found:?}");
        }
    }
}
