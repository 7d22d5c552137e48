//! `liveobj check`

use std::io::{self, IsTerminal};
use std::time::Instant;

use clap::Args;
use liveobj_references::Checked;
use liveobj_types::{Severity, Source, TypeId};
use serde::Serialize;

use super::{Format, LibraryOptions, PolicyOptions, hexadecimal};
use crate::failure::Failure;
use crate::report::{self, JSON_VERSION, JsonDiagnostic};
use crate::{input, output};

/// Check that references are well typed; nothing is run
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  liveobj check examples/team-note.liveobject --library-path target/release"
)]
pub struct Check {
    /// Reference documents, XML or JSON; `-` is standard input
    #[arg(required = true, value_name = "REF")]
    references: Vec<String>,
    #[command(flatten)]
    libraries: LibraryOptions,
    #[command(flatten)]
    policy: PolicyOptions,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct JsonReport<'a> {
    version: u32,
    references: Vec<JsonReference<'a>>,
}

#[derive(Serialize)]
struct JsonReference<'a> {
    name: &'a str,
    well_typed: bool,
    #[serde(rename = "type")]
    ty: Option<String>,
    identity: Option<String>,
    diagnostics: Vec<JsonDiagnostic<'a>>,
}

impl Check {
    pub fn run(self) -> Result<(), Failure> {
        let mut builder = self.libraries.builder();
        builder = builder.allow_unknown(self.policy.unknown());
        let runtime = builder.build().map_err(Failure::user)?;
        let mut results = Vec::new();
        let mut unreadable = false;
        for name in &self.references {
            let source = match input::read(name) {
                Ok(source) => source,
                Err(Failure::User { message, help }) => {
                    output::complain(&report::failure(&message, help.as_deref()));
                    unreadable = true;
                    continue;
                }
                Err(other) => return Err(other),
            };
            let start = Instant::now();
            let checked = runtime.check(&source);
            let elapsed = start.elapsed();
            if self.format == Format::Human {
                let mut text = report::findings(&checked.diagnostics, report::styled_output());
                text.push_str(&summary(&source, &checked));
                if checked.reference.is_some() && io::stdout().is_terminal() {
                    text.push_str(&format!(" (in {:.2} ms)", elapsed.as_secs_f64() * 1e3));
                }
                output::print_line(&text)?;
            }
            results.push((source, checked));
        }
        let missing: Vec<_> = results
            .iter()
            .flat_map(|(_, checked)| checked.diagnostics.iter().cloned())
            .collect();
        self.libraries.warn_of_empty(&missing);
        if self.format == Format::Json {
            let references = results
                .iter()
                .map(|(source, checked)| json(source, checked));
            let report = JsonReport {
                version: JSON_VERSION,
                references: references.collect(),
            };
            output::print_json(&report)?;
        }
        if !unreadable
            && results
                .iter()
                .all(|(_, checked)| checked.reference.is_some())
        {
            Ok(())
        } else {
            Err(Failure::Findings)
        }
    }
}

fn summary(source: &Source, checked: &Checked) -> String {
    if checked.reference.is_some() {
        return format!("{}: well typed", source.name);
    }
    let errors = checked
        .diagnostics
        .iter()
        .filter(|it| it.severity == Severity::Error)
        .count();
    let plural = if errors == 1 { "" } else { "s" };
    format!("{}: not well typed, {errors} error{plural}", source.name)
}

fn json<'a>(source: &'a Source, checked: &'a Checked) -> JsonReference<'a> {
    JsonReference {
        name: &source.name,
        well_typed: checked.reference.is_some(),
        ty: checked
            .typed
            .map(|ty| checked.types.describe(TypeId::Object(ty))),
        identity: checked
            .reference
            .as_ref()
            .map(|it| hexadecimal(&it.identity())),
        diagnostics: checked.diagnostics.iter().map(report::json).collect(),
    }
}
