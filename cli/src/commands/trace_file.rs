//! The file that the trace of a really opened object is written to.

use std::fs::File;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use liveobj::{TraceFormat, Tracing};

use super::cannot_write;
use crate::failure::Failure;
use crate::{output, report};

/// What is traced, and how.
#[derive(Debug, Args)]
pub struct TraceOptions {
    /// Write all that happens into a file; see docs/observing.md
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// How the trace is written: `json` has a line for each event (docs/trace.md), `perfetto` is for
    /// ui.perfetto.dev
    #[arg(
        long,
        value_enum,
        value_name = "FORMAT",
        default_value_t,
        requires = "trace",
        hide_possible_values = true
    )]
    trace_format: Written,
}

#[derive(Clone, Copy, Debug, Default, ValueEnum)]
enum Written {
    /// Lines.
    #[default]
    Json,
    /// One array.
    Perfetto,
}

/// A trace that is being written.
pub struct TraceFile {
    path: PathBuf,
    pub tracing: Tracing,
}

impl TraceOptions {
    /// Makes the file, if one is wanted.
    pub fn start(&self) -> Result<Option<TraceFile>, Failure> {
        let Some(path) = &self.trace else {
            return Ok(None);
        };
        let format = match self.trace_format {
            Written::Json => TraceFormat::Lines,
            Written::Perfetto => TraceFormat::Perfetto,
        };
        let file = File::create(path).map_err(|error| cannot_write(path, &error))?;
        let tracing = Tracing::start(file, format).map_err(Failure::user)?;
        let path = path.clone();
        Ok(Some(TraceFile { path, tracing }))
    }
}

impl TraceFile {
    /// Writes what is left.
    pub fn finish(self) -> Result<(), Failure> {
        let TraceFile { path, tracing } = self;
        let traced = tracing
            .finish()
            .map_err(|error| cannot_write(&path, &error))?;
        if traced.lost > 0 {
            let message = format!(
                "`{}` was written too slowly: {} of {} things that happened are not in it",
                path.display(),
                traced.lost,
                traced.lost + traced.written
            );
            output::complain(&report::warning(&message));
        }
        Ok(())
    }
}
