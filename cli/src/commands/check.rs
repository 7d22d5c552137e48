//! `liveobj check`

mod strict_2009;

use std::io::{self, IsTerminal};
use std::time::Instant;

use clap::{Args, ValueEnum};
use liveobj_references::Checked;
use liveobj_types::{Severity, Source, TypeId};
use serde::Serialize;

use super::facts::FactsOptions;
use super::{LibraryOptions, PolicyOptions, explain, hexadecimal};
use crate::failure::Failure;
use crate::report::grounds::json::JsonExplanation;
use crate::report::{self, JSON_VERSION, JsonDiagnostic, sarif};
use crate::{input, output};

/// Check that references are well typed; nothing is run
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  liveobj check examples/team-note.liveobject --library-path target/release
  liveobj check examples/team-note.liveobject --library-path target/release --format sarif
  liveobj check --explain examples/constraints/stack.liveobject
  liveobj check --strict-2009 examples/original/note.liveobject")]
pub struct Check {
    /// Reference documents, XML or JSON; `-` is standard input
    #[arg(required = true, value_name = "REF")]
    references: Vec<String>,
    #[command(flatten)]
    libraries: LibraryOptions,
    #[command(flatten)]
    facts: FactsOptions,
    #[command(flatten)]
    policy: PolicyOptions,
    /// Tell why the constraints are met that are
    #[arg(long, conflicts_with = "strict_2009")]
    explain: bool,
    /// Say what the platform of 2009 said of its documents: its loader's rules, to the letter
    #[arg(long, conflicts_with_all = ["library_paths", "allow", "facts", "facts_key"])]
    strict_2009: bool,
    /// How findings are printed
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum CheckFormat {
    /// For people
    #[default]
    Human,
    /// For programs: see docs/json.md
    Json,
    /// SARIF 2.1.0, for code hosts and editors
    Sarif,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<JsonExplanation<'a>>,
}

impl Check {
    pub fn run(self) -> Result<(), Failure> {
        if self.strict_2009 {
            return strict_2009::check(&self.references, &self.policy.limits(), self.format);
        }
        if self.explain && self.format == CheckFormat::Sarif {
            return Err(
                Failure::user("SARIF has no place for what `--explain` tells")
                    .with_help("use `--format json`"),
            );
        }
        let facts = self.facts.open()?;
        let builder = facts
            .with(self.libraries.builder())
            .allow_unknown(self.policy.unknown())
            .limits(self.policy.limits())
            .explain(self.explain);
        let runtime = super::build(builder)?;
        let mut results = Vec::new();
        let mut unread = Vec::new();
        for name in &self.references {
            let input = match input::reference_within(name, &self.policy.limits()) {
                Ok(input) => input,
                Err(Failure::User { message, help }) => {
                    output::complain(&report::failure(&message, help.as_deref()));
                    unread.push(message);
                    continue;
                }
                Err(other) => return Err(other),
            };
            let start = Instant::now();
            let checked = input.check(&runtime);
            let elapsed = start.elapsed();
            let source = input.source;
            if self.format == CheckFormat::Human {
                let mut text = report::findings(&checked.diagnostics, report::styled_output());
                text.push_str(&summary(&source, &checked));
                if checked.reference.is_some() && io::stdout().is_terminal() {
                    text.push_str(&format!(" (in {:.2} ms)", elapsed.as_secs_f64() * 1e3));
                }
                if let Some(explanation) = &checked.explanation {
                    text.push('\n');
                    text.push_str(&report::grounds::explanation(explanation));
                    text.truncate(text.trim_end().len());
                }
                output::print_line(&text)?;
            }
            results.push((name.as_str(), source, checked));
        }
        let missing: Vec<_> = results
            .iter()
            .flat_map(|(.., checked)| checked.diagnostics.iter().cloned())
            .collect();
        self.libraries.warn_of_empty(&missing);
        let fine = results.iter().all(|(.., it)| it.reference.is_some()) && unread.is_empty();
        match self.format {
            CheckFormat::Human => {}
            CheckFormat::Json => {
                let references = results
                    .iter()
                    .map(|(_, source, checked)| json(source, checked));
                output::print_json(&JsonReport {
                    version: JSON_VERSION,
                    references: references.collect(),
                })?;
            }
            CheckFormat::Sarif => {
                let documents = results
                    .iter()
                    .map(|(name, source, checked)| sarif::Document {
                        source,
                        stream: *name == "-",
                        findings: &checked.diagnostics,
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
        explanation: checked.explanation.as_ref().map(JsonExplanation::new),
    }
}
