//! `liveobj stat`

mod table;

use std::io::{self, IsTerminal};
use std::path::Path;
use std::thread;
use std::time::Duration;

use clap::Args;
use liveobj::stat::{Listed, Process, Rates, StatError, Watch, running};
use serde::Serialize;

use super::Format;
use crate::failure::Failure;
use crate::report::JSON_VERSION;
use crate::{duration, output, report};

/// Less than this is told to be too short: most of it would be waiting for the answer.
const SHORTEST: Duration = Duration::from_millis(10);
/// Clears a terminal, and goes to its first place.
const CLEAR: &str = "\x1b[H\x1b[J";

/// List the references that are open, or show what one of them does: events, queues, time, memory
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  liveobj stat
  liveobj stat --format json

With a process or the name of what it has open, it shows what happened within an interval: how busy
objects were, how many events passed through each connection, in both directions, and what waits in
queues between domains. For instance, while `liveobj open note.liveobject` runs:

    liveobj stat note
    liveobj stat note --watch --interval 2s

Events are counted only while it runs; until then they take no notice of it. It sees what the same
user has open. See docs/observing.md.")]
pub struct Stat {
    /// The number of a process, or what it has open: the document's file, or its name without folder
    /// and ending
    #[arg(value_name = "PID|NAME")]
    what: Option<String>,
    /// For how long it is counted before it is shown
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = interval,
        default_value = "1s",
        allow_hyphen_values = true
    )]
    interval: Duration,
    /// Show it again after each interval, until it ends or Ctrl-C is pressed
    #[arg(long, short, requires = "what")]
    watch: bool,
    /// How many objects and connections are shown: those that do most
    #[arg(long, value_name = "N", default_value_t = 20)]
    top: usize,
    /// How it is printed; `json` has all objects and connections, and with --watch an object a line
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Serialize)]
struct JsonList<'a> {
    version: u32,
    processes: Vec<&'a Process>,
    silent: Vec<JsonSilent>,
}

#[derive(Serialize)]
struct JsonSilent {
    pid: u32,
    reason: String,
}

#[derive(Serialize)]
struct JsonRates<'a> {
    version: u32,
    #[serde(flatten)]
    rates: &'a Rates,
}

impl Stat {
    pub fn run(self) -> Result<(), Failure> {
        let found = running().map_err(failure)?;
        match &self.what {
            None => self.list(&found),
            Some(what) => self.show(choose(&found, what)?),
        }
    }

    fn list(&self, found: &[Listed]) -> Result<(), Failure> {
        let silent = found.iter().filter_map(|it| {
            let reason = it.process.as_ref().err()?.to_string();
            Some(JsonSilent {
                pid: it.pid,
                reason,
            })
        });
        let silent: Vec<_> = silent.collect();
        let processes = found.iter().filter_map(|it| it.process.as_ref().ok());
        let processes: Vec<_> = processes.collect();
        match self.format {
            Format::Human => {
                output::print(&table::list(&processes))?;
                for silent in &silent {
                    output::complain(&report::warning(&silent.reason));
                }
            }
            Format::Json => output::print_json(&JsonList {
                version: JSON_VERSION,
                processes,
                silent,
            })?,
        }
        Ok(())
    }

    fn show(&self, listed: &Listed) -> Result<(), Failure> {
        let mut watch = Watch::begin(listed).map_err(failure)?;
        let mut before = watch.sample().map_err(failure)?;
        loop {
            thread::sleep(self.interval);
            let now = watch.sample().map_err(failure)?;
            let rates = now.since(&before);
            before = now;
            match self.format {
                Format::Human => {
                    let clear = self.watch && io::stdout().is_terminal();
                    let before = if clear { CLEAR } else { "" };
                    let after = if self.watch && !clear { "\n" } else { "" };
                    let text = table::rates(&rates, self.top);
                    output::print(&format!("{before}{text}{after}"))?;
                }
                Format::Json => {
                    let rates = JsonRates {
                        version: JSON_VERSION,
                        rates: &rates,
                    };
                    match self.watch {
                        false => output::print_json(&rates)?,
                        true => output::print_json_line(&rates)?,
                    }
                }
            }
            if !self.watch {
                return Ok(());
            }
        }
    }
}

/// The process that is meant.
fn choose<'a>(found: &'a [Listed], what: &str) -> Result<&'a Listed, Failure> {
    let lists = "`liveobj stat` lists what is open";
    if let Ok(pid) = what.parse::<u32>() {
        let found = found.iter().find(|it| it.pid == pid);
        return found.ok_or_else(|| {
            let message = format_args!("process {pid} has nothing open, or is not yours");
            Failure::user(message).with_help(lists)
        });
    }
    let called: Vec<&Listed> = found
        .iter()
        .filter(|it| {
            let process = it.process.as_ref();
            process.is_ok_and(|it| {
                it.objects
                    .iter()
                    .any(|object| is_called(&object.name, what))
            })
        })
        .collect();
    match called[..] {
        [one] => Ok(one),
        [] => {
            let message = format_args!("nothing that is open is called `{what}`");
            Err(Failure::user(message).with_help(lists))
        }
        _ => {
            let numbers: Vec<_> = called.iter().map(|it| it.pid.to_string()).collect();
            let message = format_args!("several processes have `{what}` open");
            let help = format!("say which one: {}", numbers.join(", "));
            Err(Failure::user(message).with_help(help))
        }
    }
}

/// Whether a document goes by this name: in full, without its folder, or without its ending as well.
fn is_called(document: &str, what: &str) -> bool {
    let path = Path::new(document);
    let names = [path.file_name(), path.file_stem()];
    document == what || names.into_iter().flatten().any(|name| name == what)
}

fn failure(error: StatError) -> Failure {
    Failure::user(error)
}

/// Reads for how long it is counted.
fn interval(text: &str) -> Result<Duration, String> {
    let interval = duration::parse(text)?;
    if interval < SHORTEST {
        return Err(format!("at least {}", duration::format(SHORTEST)));
    }
    Ok(interval)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_goes_by_its_path_its_file_and_its_stem() {
        let document = "examples/team-note.liveobject";
        for what in [document, "team-note.liveobject", "team-note"] {
            assert!(is_called(document, what), "{what}");
        }
        for what in ["team", "note", "examples", ""] {
            assert!(!is_called(document, what), "{what}");
        }
    }
}
