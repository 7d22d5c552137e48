//! `liveobj replay`

use std::path::PathBuf;

use clap::Args;
use liveobj::sim::{Replay as Replaying, ReplayError, Replayed, Trace};

use super::LibraryOptions;
use super::sim::{self, Progress, Watching};
use crate::failure::Failure;
use crate::{output, report};

/// Run a simulation again that was traced, and stop at the first difference
#[derive(Debug, Args)]
#[command(after_help = "\
The trace holds the reference, the options and the files that were read; the libraries have to be
at hand. Exit code 1 says that something differs.

Example:
  liveobj replay note.trace --library-path target/release")]
pub struct Replay {
    /// A file that `liveobj sim --trace` has written
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    libraries: LibraryOptions,
}

impl Replay {
    pub fn run(self) -> Result<(), Failure> {
        let trace = Trace::open(&self.file).map_err(Failure::user)?;
        let builder = trace.configure(self.libraries.builder());
        let runtime = super::build(builder)?;
        let watch = Watching::new(false, None)?;
        let mut replay =
            Replaying::new(&runtime, &trace, watch).map_err(|error| self.failure(error))?;
        for changed in replay.changed() {
            output::complain(&report::warning(changed));
        }
        let mut progress = Progress::new(trace.options());
        loop {
            match replay.step().map_err(|error| self.failure(error))? {
                Replayed::GoesOn => {
                    if let Some(simulation) = replay.simulation() {
                        progress.show(simulation);
                    }
                }
                Replayed::Agrees(_) => {
                    progress.end();
                    return output::print_line(&format!(
                        "{}: all {} lines agree",
                        self.file.display(),
                        replay.compared()
                    ));
                }
                Replayed::Differs(difference) => {
                    progress.end();
                    let names = ["in the trace", "now"];
                    return Err(Failure::user(format_args!(
                        "`{}` differs{}",
                        self.file.display(),
                        sim::describe(&difference, names)
                    )));
                }
            }
        }
    }

    fn failure(&self, error: ReplayError) -> Failure {
        match error {
            ReplayError::Simulation(error) => sim::failure(error),
            ReplayError::Refused { diagnostics } => {
                output::complain(&report::findings(&diagnostics, report::styled_errors()));
                self.libraries.warn_of_empty(&diagnostics);
                Failure::Findings
            }
            other => Failure::user(other),
        }
    }
}
