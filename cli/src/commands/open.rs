//! `liveobj open`

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use liveobj::{
    Deployment, Ended, Level, Message, Monitoring, OpenOptions, Tracing, Unwatched, Violation,
};

use super::facts::FactsOptions;
use super::trace_file::{TraceFile, TraceOptions};
use super::waiting::{Waiting, after, not_opened, print_message};
use super::{Format, LeaveOptions, LibraryOptions, PolicyOptions};
use crate::failure::Failure;
use crate::report::monitored;
use crate::terminal::StandardTerminal;
use crate::{duration, input, output, report};

/// How the name of a deployment ends.
const DEPLOYMENT: &str = "deployment.json";
/// More threads than this are a mistake.
const MOST_DOMAINS: usize = 1_024;

/// Open a reference: run its proxies until a signal comes
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  liveobj open examples/team-note.liveobject --library-path target/release --for 1s
  liveobj open examples/team-note.liveobject --library-path target/release --monitor report --for 1s
  liveobj open examples/team-note.liveobject --library-path target/release --trace note.json --trace-format perfetto --for 1s

The end of standard input does not end it; Ctrl-C does, or --for. Parts may need a moment to leave in
order (--leave-within); Ctrl-C again ends that at once.

With --state, the parts that have a state (`liveobj describe` shows which) go on where they were when
the reference was last open with the same directory, even if liveobj was killed meanwhile: at most
what happened in the last moments (--save-every) is lost. Use a directory for each reference that you
open, and by one process at a time.

With --domains or a deployment, parts run on several cores. A reference says what an object is and not
where it runs, so that the deployment is a file of its own.")]
pub struct Open {
    /// The reference document, XML or JSON; `-` is standard input
    #[arg(value_name = "REF")]
    reference: String,
    #[command(flatten)]
    libraries: LibraryOptions,
    #[command(flatten)]
    facts: FactsOptions,
    #[command(flatten)]
    policy: PolicyOptions,
    /// Check all that objects emit, and where its pointers lead: slower, for finding faults of
    /// libraries
    #[arg(long)]
    check_payloads: bool,
    /// Show also what helps to find out what goes on, such as folders that are opened and closed
    #[arg(long, short)]
    verbose: bool,
    /// Where to listen while objects lend endpoints to other nodes, such as 192.0.2.1:0; unless
    /// given, other nodes are processes of this machine
    #[arg(long, value_name = "ADDR:PORT")]
    listen: Option<SocketAddr>,
    /// Watch whether connections keep the constraints of their types: `report` tells what breaks
    /// one, `enforce` also ends that connection; either way the exit code is then 1
    #[arg(long, value_enum, value_name = "MODE", hide_possible_values = true)]
    monitor: Option<MonitorMode>,
    /// How --monitor tells on standard error what it finds; `json` is an object a line
    #[arg(long, value_enum, default_value_t, requires = "monitor")]
    format: Format,
    /// Run its parts in so many domains, with a thread each; `auto` takes one for each core. Unless
    /// given, NAME.deployment.json beside NAME.liveobject says, and else it is one
    #[arg(long, value_name = "N", value_parser = domains)]
    domains: Option<usize>,
    /// Run its parts in the domains that this file says
    #[arg(long, value_name = "FILE", conflicts_with = "domains")]
    deployment: Option<PathBuf>,
    #[command(flatten)]
    trace: TraceOptions,
    /// Close after this long, such as 500ms, 10s, 5m or 2h
    #[arg(
        long = "for",
        value_name = "DURATION",
        value_parser = duration,
        allow_hyphen_values = true
    )]
    duration: Option<Duration>,
    #[command(flatten)]
    leave: LeaveOptions,
    /// Keep the state of its parts in this directory, and go on from what is there
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// How long to wait between two saves, such as 200ms
    #[arg(
        long,
        value_name = "DURATION",
        value_parser = duration,
        default_value = "200ms",
        requires = "state"
    )]
    save_every: Duration,
}

impl Open {
    pub fn run(self) -> Result<(), Failure> {
        let trace = self.trace.start()?;
        let opened = self.open(trace.as_ref().map(|trace| &trace.tracing));
        // What was traced until something went wrong is worth having.
        let written = trace.map_or(Ok(()), TraceFile::finish);
        opened.and(written)
    }

    fn open(self, tracing: Option<&Tracing>) -> Result<(), Failure> {
        let facts = self.facts.open()?;
        let builder = facts
            .with(self.libraries.builder())
            .allow_unknown(self.policy.unknown())
            .limits(self.policy.limits())
            .check_payloads(self.check_payloads)
            .leave_within(self.leave.leave_within)
            .answer_stat(true);
        let builder = match self.listen {
            Some(address) => builder.listen(address),
            None => builder,
        };
        let (terminal, unwritable) = StandardTerminal::new();
        let least = if self.verbose {
            Level::Debug
        } else {
            Level::Info
        };
        let builder = builder
            .terminal(terminal)
            .report(move |message: &Message| print_message(message, least));
        let runtime = super::build(builder)?;
        let input = input::reference_within(&self.reference, &self.policy.limits())?;
        let checked = input.check(&runtime);
        output::complain(&report::findings(
            &checked.diagnostics,
            report::styled_errors(),
        ));
        self.libraries.warn_of_empty(&checked.diagnostics);
        let reference = checked.reference.ok_or(Failure::Findings)?;
        let mut options = OpenOptions::new().save_every(self.save_every);
        let saves = self.state.is_some();
        if let Some(directory) = self.state {
            options = options.state(directory);
        }
        if let Some(count) = self.domains {
            options = options.domains(count);
        } else if let Some(file) = self.deployment.or_else(|| beside(&self.reference)) {
            let deployment = Deployment::read(&file).map_err(Failure::user)?;
            let text = format!("parts run where `{}` says", deployment.name());
            if Level::Debug >= least {
                output::complain(&format!("{}: {text}\n", Level::Debug));
            }
            options = options.deployment(deployment);
        }
        if let Some(tracing) = tracing {
            options = options.trace(tracing.clone());
        }
        let broken = Arc::new(AtomicBool::new(false));
        let unwatched = NotWatched::new(self.format);
        if let Some(mode) = self.monitor {
            let (seen, format) = (broken.clone(), self.format);
            let before = unwatched.clone();
            let found = move |violation: &Violation| {
                seen.store(true, Ordering::Relaxed);
                before.tell();
                output::complain(&match format {
                    Format::Human => report::violation(violation),
                    Format::Json => monitored::violation_line(violation),
                });
            };
            let monitoring = match mode {
                MonitorMode::Report => Monitoring::report(found),
                MonitorMode::Enforce => Monitoring::enforce(found),
            };
            let unwatched = unwatched.clone();
            let tell = move |one: &Unwatched| unwatched.add(one);
            options = options.monitor(monitoring.on_unwatched(tell));
        }
        // From here on a signal ends it in order, also while it is still being opened.
        let mut waiting = Waiting::new()?;
        let Some(opened) = waiting.open(&runtime, &reference, options) else {
            return Ok(());
        };
        let object = opened.map_err(|error| not_opened(&error))?;
        unwatched.tell();
        if io::stdin().is_terminal() && io::stderr().is_terminal() {
            output::complain(&format!(
                "{} is open; Ctrl-C closes it.\n",
                input.source.name
            ));
        }
        let ended = waiting.until_it_ends(&object, after(self.duration), unwritable);
        let saved = match &ended {
            // Its parts are saved when it closes in any case; here it is known whether they were.
            Ok(None | Some(Ended::Closed)) if saves => object.save(),
            _ => Ok(()),
        };
        // What it does while it closes is watched too.
        let closed = waiting.close(object);
        ended?;
        closed?;
        saved.map_err(Failure::user)?;
        match broken.load(Ordering::Relaxed) {
            true => Err(Failure::Findings),
            false => Ok(()),
        }
    }
}

/// What is done about constraints that are broken.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum MonitorMode {
    /// It is told.
    Report,
    /// It is told, and the connection is ended.
    Enforce,
}

/// What is not watched: told as a list once the object is open, or before the first violation, and
/// one by one from then on.
#[derive(Clone)]
struct NotWatched {
    format: Format,
    /// What is still to be told; none once the list was.
    waiting: Arc<Mutex<Option<Vec<Unwatched>>>>,
}

impl NotWatched {
    fn new(format: Format) -> NotWatched {
        let waiting = Arc::new(Mutex::new(Some(Vec::new())));
        NotWatched { format, waiting }
    }

    fn add(&self, unwatched: &Unwatched) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *waiting {
            Some(waiting) => waiting.push(unwatched.clone()),
            None => self.print(std::slice::from_ref(unwatched)),
        }
    }

    fn tell(&self) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all = waiting.take().unwrap_or_default();
        all.sort();
        self.print(&all);
    }

    fn print(&self, unwatched: &[Unwatched]) {
        if !unwatched.is_empty() {
            output::complain(&match self.format {
                Format::Human => monitored::unwatched(unwatched),
                Format::Json => monitored::unwatched_line(unwatched),
            });
        }
    }
}

/// The deployment that lies beside a reference, if there is one.
fn beside(reference: &str) -> Option<PathBuf> {
    let file = Path::new(reference).with_extension(DEPLOYMENT);
    (reference != "-" && file.is_file()).then_some(file)
}

/// Reads how many domains.
fn domains(text: &str) -> Result<usize, String> {
    if text == "auto" {
        // Where nobody can tell, one is right.
        return Ok(std::thread::available_parallelism().map_or(1, usize::from));
    }
    match text.parse() {
        Ok(count) if (1..=MOST_DOMAINS).contains(&count) => Ok(count),
        _ => Err(format!(
            "neither `auto` nor a number from 1 to {MOST_DOMAINS}"
        )),
    }
}

/// Reads how long the object stays open.
fn duration(text: &str) -> Result<Duration, String> {
    duration::parse(text).map_err(|reason| format!("{reason}; without --for it stays open"))
}
