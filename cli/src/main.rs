//! The `liveobj` command.

mod commands;
mod duration;
mod failure;
mod graph;
mod input;
mod log;
mod output;
mod report;
mod terminal;

use std::panic;
use std::process::ExitCode;

use clap::Parser;

use crate::commands::Arguments;
use crate::failure::Failure;

/// Findings about the input, or something that the user can mend.
const EXIT_USER: u8 = 1;
/// Our own fault.
const EXIT_INTERNAL: u8 = 255;

fn main() -> ExitCode {
    // Usage errors end here, with exit code 2.
    let arguments = Arguments::parse();
    match panic::catch_unwind(|| commands::run(arguments)) {
        Ok(Ok(())) | Ok(Err(Failure::BrokenPipe)) => ExitCode::SUCCESS,
        Ok(Err(Failure::Findings)) => ExitCode::from(EXIT_USER),
        Ok(Err(Failure::User { message, help })) => {
            output::complain(&report::failure(&message, help.as_deref()));
            ExitCode::from(EXIT_USER)
        }
        Err(_) => {
            output::complain(
                "liveobj: this is a fault of liveobj; please report it with what is above\n",
            );
            ExitCode::from(EXIT_INTERNAL)
        }
    }
}
