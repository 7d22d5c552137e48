//! What came of a simulation, for people and for programs.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use liveobj::sim::{NodeState, NodeSummary, Options, Simulation, Summary};
use serde::Serialize;

use crate::failure::Failure;
use crate::report::JSON_VERSION;
use crate::{duration, output, terminal};

/// How often progress is shown.
const REFRESH: Duration = Duration::from_millis(200);
/// Steps between two looks at the clock.
const STEPS: u32 = 256;

/// What came of it, in words.
pub fn summary(name: &str, options: &Options, summary: &Summary) -> String {
    let mut text = format!(
        "{name}: {} for {}, seed {}\n",
        plural(u64::from(options.nodes), "node"),
        duration::format(summary.time),
        options.seed
    );
    for node in &summary.nodes {
        text += &format!("node {}: {}\n", node.node, describe(node));
    }
    let shown = summary.nodes.iter().any(|node| !node.shown.is_empty());
    if shown && summary.nodes.len() > 1 {
        text += if summary.agree {
            "all nodes that are open have shown the same lines\n"
        } else {
            "nodes that are open have shown different lines\n"
        };
    }
    let datagrams = &summary.datagrams;
    text += &format!(
        "{}, {} from outside; {} sent, {} arrived, {} lost, {} stopped by partitions, {} unheard\n",
        plural(summary.events, "event"),
        summary.wakes,
        plural(datagrams.sent, "datagram"),
        datagrams.arrived,
        datagrams.lost,
        datagrams.cut,
        datagrams.unheard
    );
    text
}

fn describe(node: &NodeSummary) -> String {
    let state = match &node.state {
        NodeState::Down => "down",
        NodeState::Opening => "still opening",
        NodeState::Open => "open",
        NodeState::Ended => "ended",
        NodeState::Failed(_) => "failed",
    };
    let mut text = state.to_owned();
    if let Some((at, line)) = node.shown.last() {
        text += &format!(
            ", {} shown, at {:.3}s the last: {}",
            plural(node.shown.len() as u64, "line"),
            at.as_secs_f64(),
            terminal::visible(line)
        );
    }
    text
}

fn plural(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// Whether what came of it is fine.
pub fn verdict(summary: &Summary, agree: bool) -> Result<(), Failure> {
    let failed = summary.nodes.iter().find_map(|node| match &node.state {
        NodeState::Failed(reason) => Some((node.node, reason)),
        _ => None,
    });
    if let Some((node, reason)) = failed {
        return Err(Failure::user(format_args!("node {node} failed: {reason}")));
    }
    if agree && !summary.agree {
        let message = "the nodes that are open have not shown the same lines";
        return Err(Failure::user(message));
    }
    Ok(())
}

#[derive(Serialize)]
pub struct Json {
    version: u32,
    seed: u64,
    nanoseconds: u64,
    events: u64,
    wakes: u64,
    datagrams: JsonDatagrams,
    agree: bool,
    nodes: Vec<JsonNode>,
}

#[derive(Serialize)]
struct JsonDatagrams {
    sent: u64,
    arrived: u64,
    lost: u64,
    cut: u64,
    unheard: u64,
}

#[derive(Serialize)]
struct JsonNode {
    node: u32,
    state: &'static str,
    reason: Option<String>,
    shown: Vec<JsonLine>,
}

#[derive(Serialize)]
struct JsonLine {
    nanoseconds: u64,
    line: String,
}

/// What came of it, for programs: see docs/json.md.
pub fn json(options: &Options, summary: &Summary) -> Json {
    let datagrams = &summary.datagrams;
    Json {
        version: JSON_VERSION,
        seed: options.seed,
        nanoseconds: nanoseconds(summary.time),
        events: summary.events,
        wakes: summary.wakes,
        datagrams: JsonDatagrams {
            sent: datagrams.sent,
            arrived: datagrams.arrived,
            lost: datagrams.lost,
            cut: datagrams.cut,
            unheard: datagrams.unheard,
        },
        agree: summary.agree,
        nodes: summary.nodes.iter().map(json_node).collect(),
    }
}

fn json_node(node: &NodeSummary) -> JsonNode {
    let (state, reason) = match &node.state {
        NodeState::Down => ("down", None),
        NodeState::Opening => ("opening", None),
        NodeState::Open => ("open", None),
        NodeState::Ended => ("ended", None),
        NodeState::Failed(reason) => ("failed", Some(reason.clone())),
    };
    let shown = node.shown.iter().map(|(at, line)| JsonLine {
        nanoseconds: nanoseconds(*at),
        line: line.clone(),
    });
    JsonNode {
        node: node.node,
        state,
        reason,
        shown: shown.collect(),
    }
}

fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Shows on a terminal how far a simulation has come.
pub struct Progress {
    end: Duration,
    last: Option<Instant>,
    steps: u32,
    shown: bool,
}

impl Progress {
    /// Of a simulation that begins now. Shows nothing where standard error is no terminal.
    pub fn new(options: &Options) -> Progress {
        Progress {
            end: options.duration,
            last: io::stderr().is_terminal().then(Instant::now),
            steps: 0,
            shown: false,
        }
    }

    /// A step further.
    pub fn show(&mut self, simulation: &Simulation) {
        self.steps += 1;
        let Some(last) = self.last.filter(|_| self.steps.is_multiple_of(STEPS)) else {
            return;
        };
        if last.elapsed() < REFRESH {
            return;
        }
        self.last = Some(Instant::now());
        self.shown = true;
        output::complain(&format!(
            "\r\x1b[K{}s of {}, {}",
            simulation.time().as_secs(),
            duration::format(self.end),
            plural(simulation.events(), "event")
        ));
    }

    /// Clears what was shown.
    pub fn end(&mut self) {
        if std::mem::take(&mut self.shown) {
            output::complain("\r\x1b[K");
        }
    }
}
