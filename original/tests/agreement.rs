//! The strict check agrees with what the original's loader said of each sample document.
//!
//! The documents are read where they lie, outside of the project; without them nothing is tested.

use std::fs;
use std::path::{Path, PathBuf};

use liveobj_original::strict::{Loader, Verdict};
use serde_json::Value;

/// The folder of the documents, if it is there.
fn samples() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/conformance/original");
    if folder.join("verdicts.jsonl").is_file() {
        return Some(folder);
    }
    println!("skipped: {} is not there", folder.display());
    None
}

/// Verdict and class, as they are recorded.
fn recorded_form(verdict: &Verdict) -> (&'static str, String) {
    match verdict {
        Verdict::Loaded { class, .. } => ("ok", class.to_string()),
        Verdict::Null => ("null", String::new()),
        Verdict::Refused(_) => ("error", String::new()),
    }
}

/// Why a document was refused.
fn reason(verdict: &Verdict) -> &str {
    match verdict {
        Verdict::Refused(found) => &found.message,
        _ => "",
    }
}

/// The document with the braces around identifiers removed, as they stand in attributes.
fn without_braces(text: &str) -> String {
    text.replace("=\"{", "=\"").replace("}\"", "\"")
}

#[test]
fn every_sample_document_gets_the_recorded_verdict() {
    let Some(folder) = samples() else { return };
    let verdicts = fs::read_to_string(folder.join("verdicts.jsonl")).expect("it is readable");
    let mut loader = Loader::standard();
    let mut differences = Vec::new();
    let mut checked = 0;
    for line in verdicts.lines() {
        let recorded: Value = serde_json::from_str(line).expect("it is JSON");
        let text = |key: &str| recorded[key].as_str().expect("it is a text");
        let name = text("document");
        let bytes = fs::read(folder.join("documents").join(name)).expect("it is readable");
        let verdict = loader.check(name, &bytes);
        let own = recorded_form(&verdict);
        if own != (text("original_loader"), text("object_class").to_owned()) {
            differences.push(format!(
                "{name}: {own:?}, recorded {} {} {}; {}",
                text("original_loader"),
                text("object_class"),
                text("message"),
                reason(&verdict)
            ));
        }
        if !text("braces_removed").is_empty() {
            let plain = without_braces(&String::from_utf8_lossy(&bytes));
            let verdict = loader.check(name, plain.as_bytes());
            let own = recorded_form(&verdict).0;
            if own != text("braces_removed") {
                differences.push(format!(
                    "{name} without braces: {own}, recorded {} {}; {}",
                    text("braces_removed"),
                    text("braces_removed_message"),
                    reason(&verdict)
                ));
            }
        }
        checked += 1;
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert!(checked > 0, "there are no verdicts");
}
