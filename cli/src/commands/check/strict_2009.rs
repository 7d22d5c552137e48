//! `liveobj check --strict-2009`

use std::sync::Arc;

use liveobj_original::document;
use liveobj_original::strict::{Loader, Verdict};
use liveobj_references::Limits;
use liveobj_types::{Diagnostic, Source};
use serde::Serialize;

use super::CheckFormat;
use crate::commands::explain;
use crate::failure::Failure;
use crate::report::{self, JSON_VERSION, JsonDiagnostic, sarif};
use crate::{input, output};

#[derive(Serialize)]
struct JsonReport<'a> {
    version: u32,
    references: Vec<JsonReference<'a>>,
}

#[derive(Serialize)]
struct JsonReference<'a> {
    name: &'a str,
    verdict: &'static str,
    object_class: String,
    message: &'a str,
    diagnostics: Vec<JsonDiagnostic<'a>>,
}

/// A document that was read from somewhere.
struct Checked<'a> {
    /// As it was named on the command line.
    name: &'a str,
    source: Arc<Source>,
    verdict: Verdict,
}

impl Checked<'_> {
    fn findings(&self) -> &[Diagnostic] {
        match &self.verdict {
            Verdict::Refused(found) => std::slice::from_ref(found.as_ref()),
            _ => &[],
        }
    }
}

/// Prints what the loader of the original platform said of each document.
pub fn check(names: &[String], limits: &Limits, format: CheckFormat) -> Result<(), Failure> {
    let mut loader = Loader::standard();
    let mut results = Vec::new();
    let mut unread = Vec::new();
    for name in names {
        let (shown, bytes) = match input::bytes(name) {
            Ok(read) => read,
            Err(Failure::User { message, help }) => {
                output::complain(&report::failure(&message, help.as_deref()));
                unread.push(message);
                continue;
            }
            Err(other) => return Err(other),
        };
        let source = Source::new(shown, document::decode(&bytes));
        let verdict = match document::read_source(&source, limits) {
            Ok(document) => loader.load(&document),
            Err(fault) => Verdict::Refused(fault),
        };
        let checked = Checked {
            name,
            source,
            verdict,
        };
        if format == CheckFormat::Human {
            let text = report::findings(checked.findings(), report::styled_output());
            output::print_line(&(text + &summary(&checked)))?;
        }
        results.push(checked);
    }
    let refused = |it: &&Checked<'_>| matches!(it.verdict, Verdict::Refused(_));
    let fine = !results.iter().any(|it| refused(&it)) && unread.is_empty();
    match format {
        CheckFormat::Human if results.len() > 1 => output::print_line(&total(&results))?,
        CheckFormat::Human => {}
        CheckFormat::Json => output::print_json(&JsonReport {
            version: JSON_VERSION,
            references: results.iter().map(json).collect(),
        })?,
        CheckFormat::Sarif => {
            let documents = results.iter().map(|it| sarif::Document {
                source: &it.source,
                stream: it.name == "-",
                findings: it.findings(),
            });
            let documents: Vec<_> = documents.collect();
            let log = sarif::log(&documents, &unread, &explain::rules(), u8::from(!fine));
            output::print_json(&log)?;
        }
    }
    match fine {
        true => Ok(()),
        false => Err(Failure::Findings),
    }
}

/// One line about a document.
fn summary(checked: &Checked<'_>) -> String {
    let name = &checked.source.name;
    match &checked.verdict {
        Verdict::Loaded { class, described } => format!("{name}: loads as `{described}`, {class}"),
        Verdict::Null => format!("{name}: loads, and holds no object"),
        Verdict::Refused(_) => format!("{name}: does not load"),
    }
}

/// One line about all documents.
fn total(results: &[Checked<'_>]) -> String {
    let count =
        |which: fn(&Verdict) -> bool| results.iter().filter(|it| which(&it.verdict)).count();
    format!(
        "{} documents: {} load, {} hold no object, {} do not load",
        results.len(),
        count(|it| matches!(it, Verdict::Loaded { .. })),
        count(|it| matches!(it, Verdict::Null)),
        count(|it| matches!(it, Verdict::Refused(_)))
    )
}

fn json<'a>(checked: &'a Checked<'_>) -> JsonReference<'a> {
    let (verdict, object_class, message) = match &checked.verdict {
        Verdict::Loaded { class, .. } => ("ok", class.to_string(), ""),
        Verdict::Null => ("null", String::new(), ""),
        Verdict::Refused(found) => ("error", String::new(), found.message.as_str()),
    };
    JsonReference {
        name: &checked.source.name,
        verdict,
        object_class,
        message,
        diagnostics: checked.findings().iter().map(report::json).collect(),
    }
}
