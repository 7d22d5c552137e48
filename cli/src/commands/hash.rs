//! `liveobj hash`

use clap::Args;

use super::{LibraryOptions, hexadecimal};
use crate::failure::Failure;
use crate::{input, output, report};

/// Print the identity of a reference: equal identity, same live object
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  liveobj hash examples/team-note.liveobject --library-path target/release"
)]
pub struct Hash {
    /// The reference document; `-` is standard input
    #[arg(value_name = "REF")]
    reference: String,
    #[command(flatten)]
    libraries: LibraryOptions,
}

impl Hash {
    pub fn run(self) -> Result<(), Failure> {
        let runtime = self.libraries.runtime()?;
        let input = input::reference(&self.reference)?;
        let mut diagnostics = match &input.document {
            Some(_) => input.diagnostics,
            None => input.check(&runtime).diagnostics,
        };
        if let Some(document) = input.document {
            let (catalog, formalisms) = (runtime.catalog(), runtime.formalisms());
            match liveobj_references::hash(&document, &input.source, catalog, formalisms) {
                Ok(identity) => {
                    output::complain(&report::findings(&diagnostics, report::styled_errors()));
                    return output::print_line(&hexadecimal(&identity));
                }
                Err(found) => diagnostics.extend(found),
            }
        }
        output::complain(&report::findings(&diagnostics, report::styled_errors()));
        self.libraries.warn_of_empty(&diagnostics);
        Err(Failure::Findings)
    }
}
