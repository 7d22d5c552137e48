//! What must be true of every input, whoever made it: one function for each format that is read
//! from outside. Bytes that are no such input are refused with findings; what is accepted can be
//! written and read back, and means the same each time.
//!
//! `fuzz/` runs these functions on inputs that libFuzzer looks for; the test `corpus` runs them on
//! those that are kept in `fuzz/corpus`.

#![forbid(unsafe_code)]

mod constraints;
mod documents;
mod frames;
pub mod inputs;
mod libraries;
mod original;
mod types;

use std::sync::Arc;

use liveobj_types::{Diagnostic, Severity, Source};

pub use constraints::{cardinality, properties, session, temporal};
pub use documents::{json, xml};
pub use frames::frames;
pub use libraries::manifest;
pub use liveobj::hostile::{fact, payload};
pub use original::original;
pub use types::lot;

/// What is done with an input; panics where something is not as it must be.
pub type Target = fn(&[u8]);

/// Every target by the name of its corpus.
pub const TARGETS: &[(&str, Target)] = &[
    ("cardinality", cardinality),
    ("session", session),
    ("facts", fact),
    ("frames", frames),
    ("json", json),
    ("lot", lot),
    ("manifest", manifest),
    ("original", original),
    ("payload", payload),
    ("properties", properties),
    ("temporal", temporal),
    ("xml", xml),
];

/// The input as a text; none where it is not UTF-8, which every reader is told before it starts.
fn source(name: &str, bytes: &[u8]) -> Option<Arc<Source>> {
    let text = std::str::from_utf8(bytes).ok()?;
    Some(Source::new(name, text))
}

/// Whether the input is refused. Findings can be shown: their places lie in their texts.
fn refused(findings: &[Diagnostic]) -> bool {
    for finding in findings {
        for label in &finding.labels {
            let place = &label.place;
            let (span, text) = (place.span, &place.source.text);
            assert!(
                text.get(span.start..span.end).is_some(),
                "{finding:?} is at {span:?} of {} bytes",
                text.len()
            );
        }
    }
    findings
        .iter()
        .any(|finding| finding.severity == Severity::Error)
}
