//! `liveobj sim`

mod report;
mod script;
mod watch;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use liveobj::sim::SimulationError;
use liveobj::sim::{
    Delay, Difference, Network, Options, Partition, Scripted, Simulation, Summary, Twice,
};
use liveobj::{CheckedReference, OpenError, Runtime};
use serde_json::Value;

use self::script::Event;
use self::watch::Watch;
use super::{Format, LeaveOptions, LibraryOptions, PolicyOptions};
use crate::failure::Failure;
use crate::{duration, input, output, report as findings};

pub(super) use self::report::Progress;
pub(super) use self::watch::Watch as Watching;

/// Simulate a reference: many nodes on virtual time and a simulated network, the same each time
#[derive(Debug, Args)]
#[command(after_help = "\
Times are those of the simulation, counted from its start. A library that runs threads of its own
is refused: when those run follows from no seed.

Examples:
  liveobj sim examples/team-note.liveobject --library-path target/release --type '1@1s:buy bread' --lines
  liveobj sim examples/team-note.liveobject --library-path target/release --nodes 3 --for 1h --loss 20% --trace note.trace")]
pub struct Sim {
    /// The reference document, XML or JSON; `-` is standard input
    #[arg(value_name = "REF")]
    reference: String,
    /// How many nodes open it; they are numbered from 1
    #[arg(long, value_name = "N", default_value_t = 2)]
    nodes: u32,
    /// What all chance follows from
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// How much time to simulate, such as 500ms, 10s, 5m or 2h
    #[arg(long = "for", value_name = "DURATION", value_parser = duration::parse, default_value = "1m")]
    time: Duration,
    /// How many datagrams are lost between nodes: 20% or 0.2
    #[arg(long, value_name = "P", value_parser = script::share, default_value = "0%")]
    loss: u32,
    /// How many datagrams arrive twice: 1% or 0.01
    #[arg(long, value_name = "P", value_parser = script::share, default_value = "0%")]
    repeat: u32,
    /// How long a datagram is on its way: 5ms, or 1ms..50ms for anything in between
    #[arg(long, value_name = "D", value_parser = script::delay, default_value = "1ms..10ms")]
    delay: Delay,
    /// Nodes of different groups do not reach each other for a time: 1,2/3@10m..20m
    #[arg(long = "partition", value_name = "GROUPS@FROM..UNTIL", value_parser = script::partition)]
    partitions: Vec<Partition>,
    /// A node opens the reference only then: 3@5m
    #[arg(long = "start", value_name = "NODE@TIME", value_parser = script::start)]
    starts: Vec<Event>,
    /// A node is gone at once, and perhaps starts again: 2@5m or 2@5m..6m
    #[arg(long = "crash", value_name = "NODE@TIME[..TIME]", value_parser = script::crash)]
    crashes: Vec<Event>,
    /// What a node runs is closed, and perhaps starts again, but not before that is over: 2@5m or 2@5m..6m
    #[arg(long = "close", value_name = "NODE@TIME[..TIME]", value_parser = script::close)]
    closes: Vec<Event>,
    /// Somebody enters a line at a node: 1@30s:buy bread
    #[arg(long = "type", value_name = "NODE@TIME:LINE", value_parser = script::typed)]
    typed: Vec<Event>,
    /// Read more of the last five from a file: one a line, such as `type 1@30s:buy bread`
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
    /// Write every event into a file that `liveobj replay` takes; see docs/trace.md
    #[arg(long, value_name = "FILE")]
    trace: Option<PathBuf>,
    /// Run it twice at once and compare: finds objects that read the clock or draw random numbers
    /// behind their context's back
    #[arg(long)]
    twice: bool,
    /// Print each line that a node shows, with its time
    #[arg(long)]
    lines: bool,
    /// Exit with 1 unless all nodes that are open in the end have shown the same lines
    #[arg(long)]
    agree: bool,
    #[command(flatten)]
    leave: LeaveOptions,
    #[command(flatten)]
    libraries: LibraryOptions,
    #[command(flatten)]
    policy: PolicyOptions,
    /// How it is printed
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Sim {
    pub fn run(self) -> Result<(), Failure> {
        let options = self.options()?;
        let builder = self.libraries.builder();
        let builder = builder
            .leave_within(self.leave.leave_within)
            .allow_unknown(self.policy.unknown())
            .limits(self.policy.limits());
        let runtime = super::build(builder)?;
        let input = input::reference_within(&self.reference, &self.policy.limits())?;
        let checked = input.check(&runtime);
        output::complain(&findings::findings(
            &checked.diagnostics,
            findings::styled_errors(),
        ));
        self.libraries.warn_of_empty(&checked.diagnostics);
        let reference = checked.reference.ok_or(Failure::Findings)?;
        let watch = Watch::new(
            self.lines && self.format == Format::Human,
            self.trace.as_deref(),
        )?;
        let written = watch.clone();
        let summary = if self.twice {
            simulate_twice(&runtime, &reference, &options, watch)
        } else {
            simulate(&runtime, &reference, &options, watch)
        };
        // What was traced until something went wrong is worth having.
        let written = written.finish();
        let summary = summary?;
        written?;
        match self.format {
            Format::Human => {
                output::print(&report::summary(&input.source.name, &options, &summary))?;
            }
            Format::Json => output::print_json(&report::json(&options, &summary))?,
        }
        report::verdict(&summary, self.agree)
    }

    fn options(&self) -> Result<Options, Failure> {
        let mut events: Vec<Event> = Vec::new();
        events.extend(self.starts.iter().cloned());
        events.extend(self.crashes.iter().cloned());
        events.extend(self.closes.iter().cloned());
        events.extend(self.typed.iter().cloned());
        let mut partitions = self.partitions.clone();
        if let Some(path) = &self.script {
            let text = input::read(&path.display().to_string())?;
            let script = script::read(&text).map_err(Failure::user)?;
            events.extend(script.events);
            partitions.extend(script.partitions);
        }
        let script: Vec<Scripted> = events.into_iter().flat_map(|event| event.0).collect();
        Ok(Options {
            nodes: self.nodes,
            seed: self.seed,
            duration: self.time,
            network: Network {
                loss: self.loss,
                repeat: self.repeat,
                delay: self.delay,
            },
            partitions,
            script,
        })
    }
}

fn simulate(
    runtime: &Runtime,
    reference: &CheckedReference,
    options: &Options,
    watch: Watch,
) -> Result<Summary, Failure> {
    let simulation = Simulation::new(runtime, reference, options, watch);
    let mut simulation = simulation.map_err(failure)?;
    let mut progress = Progress::new(options);
    while simulation.step().map_err(failure)? {
        progress.show(&simulation);
    }
    progress.end();
    Ok(simulation.finish())
}

fn simulate_twice(
    runtime: &Runtime,
    reference: &CheckedReference,
    options: &Options,
    watch: Watch,
) -> Result<Summary, Failure> {
    let mut twice = Twice::new(runtime, reference, options, watch).map_err(failure)?;
    let mut progress = Progress::new(options);
    while twice.step().map_err(failure)? {
        progress.show(twice.simulation());
        if let Some(difference) = twice.difference() {
            progress.end();
            return Err(differs(&difference));
        }
    }
    progress.end();
    twice.finish().map_err(|difference| differs(&difference))
}

pub(super) fn failure(error: SimulationError) -> Failure {
    let failure = Failure::user(&error);
    match error {
        SimulationError::Open(OpenError::Unmet { .. }) => {
            failure.with_help("compose it with an object that offers what it needs")
        }
        SimulationError::Open(OpenError::Threads { .. }) => {
            failure.with_help("`liveobj open` runs it, with real time and a real network")
        }
        _ => failure,
    }
}

fn differs(difference: &Difference) -> Failure {
    let message = format!(
        "two runs of the same simulation differ{}",
        describe(difference, ["in the first run", "in the second run"])
    );
    Failure::user(message).with_help(
        "an object knows something that its context did not tell it: the clock, random numbers, \
         the order of a hash map, a static variable",
    )
}

/// Where two traces differ, and both lines.
pub(super) fn describe(difference: &Difference, names: [&str; 2]) -> String {
    let line = difference.second.as_ref().or(difference.first.as_ref());
    let place = line.and_then(|line| place(line)).unwrap_or_default();
    let mut text = format!(" at line {}{place}", difference.line);
    for (name, line) in names.iter().zip([&difference.first, &difference.second]) {
        let line = line.as_deref().unwrap_or("nothing more");
        text += &format!("\n{name}: {line}");
    }
    text
}

/// Node, object or connection, and kind of a line.
fn place(line: &str) -> Option<String> {
    let line: Value = serde_json::from_str(line).ok()?;
    let mut place = String::new();
    if let Some(node) = line["node"].as_u64() {
        place += &format!(", node {node}");
    }
    let text = |name: &str| line[name].as_str();
    match (text("event"), text("from"), text("to")) {
        (Some(event), Some(from), Some(to)) => {
            place += &format!(", `{from}` to `{to}`: event `{event}`");
        }
        _ => {
            if let Some(object) = text("object") {
                place += &format!(", `{object}`");
            }
            place += &format!(": {}", text("kind")?);
            if let Some(name) = text("request").or(text("wake")) {
                place += &format!(" `{name}`");
            }
        }
    }
    Some(place)
}
