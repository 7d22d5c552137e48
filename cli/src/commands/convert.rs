//! `liveobj convert`

use std::sync::Arc;

use clap::{Args, ValueEnum};

use super::LibraryOptions;
use crate::failure::Failure;
use crate::{input, output, report};

/// Convert a reference between XML and JSON, or one of 2009 to either
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  liveobj convert examples/team-note.liveobject --to json")]
pub struct Convert {
    /// The reference document; `-` is standard input
    #[arg(value_name = "REF")]
    reference: String,
    /// The format to write; unless given, the other one than that of the document, or with
    /// --expand the same
    #[arg(long, value_name = "FORMAT")]
    to: Option<Notation>,
    /// Write `library=` in its long form, fill in defaults, and write out adapters
    #[arg(long)]
    expand: bool,
    #[command(flatten)]
    libraries: LibraryOptions,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Notation {
    /// The canonical notation
    Xml,
    /// The same model for programs
    Json,
}

impl Convert {
    pub fn run(self) -> Result<(), Failure> {
        let input = input::reference(&self.reference)?;
        let mut found = input.diagnostics;
        found.extend(input.dropped);
        found.sort_by_key(|found| found.labels.first().map(|label| label.place.span.start));
        output::complain(&report::findings(&found, report::styled_errors()));
        let mut document = input.document.ok_or(Failure::Findings)?;
        let source = input.source;
        if self.expand {
            let runtime = self.libraries.runtime()?;
            let (catalog, formalisms) = (runtime.catalog(), runtime.formalisms());
            let expanded = liveobj_references::expand(&document, &source, catalog, formalisms);
            let expanded = expanded.map_err(|diagnostics| {
                output::complain(&report::findings(&diagnostics, report::styled_errors()));
                self.libraries.warn_of_empty(&diagnostics);
                Failure::Findings
            })?;
            document = Arc::new(expanded);
        }
        let is_json = source
            .text
            .trim_start_matches('\u{feff}')
            .trim_start()
            .starts_with('{');
        // An expanded document is still the one that was given: only `--to` changes its notation.
        // One of 2009 becomes XML.
        let notation = if !input.original && is_json == self.expand {
            Notation::Json
        } else {
            Notation::Xml
        };
        output::print(&match self.to.unwrap_or(notation) {
            Notation::Xml => liveobj_references::write_xml(&document),
            Notation::Json => liveobj_references::write_json(&document),
        })
    }
}
