//! `liveobj monitor`

use std::path::PathBuf;

use clap::Args;
use liveobj::{Monitored, monitor_traces};

use super::{Format, LibraryOptions};
use crate::failure::Failure;
use crate::report::monitored;
use crate::{output, report};

/// Tell which constraints of its objects a traced history keeps, and who breaks the others
#[derive(Debug, Args)]
#[command(after_help = "\
A trace of a simulation is judged by itself: what happens on all of its nodes is one history. Traces
of `open --trace` are judged together, each as a node; give those of all processes. A constraint is
`violated`, whatever would follow; `satisfied`, whatever would follow; `open`; or `undecided`, where
that depends on an order between nodes that nobody recorded. Exit code 1 says that one is violated.
Types stand in the trace; libraries are needed only for formalisms that they
add. See docs/monitors.md.

Example:
  liveobj monitor note.trace")]
pub struct Monitor {
    /// Files that `liveobj sim --trace` or `liveobj open --trace` has written
    #[arg(value_name = "TRACE", required = true)]
    traces: Vec<PathBuf>,
    #[command(flatten)]
    libraries: LibraryOptions,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Monitor {
    pub fn run(self) -> Result<(), Failure> {
        let runtime = self.libraries.runtime()?;
        let mut traces: Vec<Monitored> = Vec::new();
        let mut unreadable = false;
        for judged in monitor_traces(&runtime, &self.traces) {
            match judged {
                Ok(monitored) => traces.push(monitored),
                Err(error) => {
                    unreadable = true;
                    output::complain(&report::failure(&error.to_string(), None));
                }
            }
        }
        for monitored in &traces {
            let broken_off = monitored.truncated.iter().filter_map(|node| {
                let position = usize::try_from(*node).ok()?.checked_sub(1)?;
                monitored.paths.get(position)
            });
            for path in broken_off {
                let path = path.display();
                output::complain(&report::warning(&match monitored.opened {
                    true => format!(
                        "`{path}` breaks off, as where a process was killed: what it did in the \
                         end is not known"
                    ),
                    false => format!(
                        "`{path}` ends before the simulation did: what follows is about its {} \
                         lines; `liveobj sim --trace` writes all of it if it is not stopped",
                        monitored.lines
                    ),
                }));
            }
        }
        match self.format {
            Format::Human => output::print(&monitored::human(&traces))?,
            Format::Json => output::print_json(&monitored::json(&traces))?,
        }
        let constraints = traces.iter().flat_map(|trace| &trace.constraints);
        let violations: u64 = constraints.map(|it| it.violations).sum();
        match unreadable || violations > 0 {
            true => Err(Failure::Findings),
            false => Ok(()),
        }
    }
}
