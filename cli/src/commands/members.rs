//! `liveobj members`

use std::fmt::Write as _;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clap::Args;
use liveobj::{Data, Message, OpenOptions};
use liveobj_references::CheckedReference;
use liveobj_types::types::{Direction, Endpoint, Object};
use serde::Serialize;
use tokio::sync::oneshot;

use super::facts::FactsOptions;
use super::waiting::{Waiting, after, not_opened, print_message};
use super::{Format, LeaveOptions, LibraryOptions, PolicyOptions};
use crate::failure::Failure;
use crate::report::JSON_VERSION;
use crate::{duration, input, output, report};

/// What `MembershipService` tells; an endpoint with these events is taken for one.
const EVENTS: [&str; 5] = ["blocked", "restored", "resumed", "suspected", "view"];

/// Show who belongs to a group: opens a reference as a member, and prints views as they come
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  liveobj members examples/group.liveobject --library-path target/release --once
  liveobj members examples/group.liveobject --library-path target/release --format json --for 5s

It joins the group as one more member, and leaves it when it ends: members are told of both by a view.
A group that nobody else has open is founded by it, if one member is enough for that.

Views are agreed on: all members see the same ones, in the same order. The oldest member stands first; in
an `ordered` channel it is the sequencer. A member that is suspected does not answer, and is left out of a
later view unless it answers soon. `blocked` says that no quorum of the view answers, as in a partition.

REF has to show an endpoint of the type `MembershipService`; a composite does so by
<export of=\"members\" name=\"membership\"/>.")]
pub struct Members {
    /// The reference document, XML or JSON; `-` is standard input
    #[arg(value_name = "REF")]
    reference: String,
    #[command(flatten)]
    libraries: LibraryOptions,
    #[command(flatten)]
    facts: FactsOptions,
    #[command(flatten)]
    policy: PolicyOptions,
    /// Print the first view and end
    #[arg(long)]
    once: bool,
    /// End after this long, such as 500ms, 10s, 5m or 2h
    #[arg(
        long = "for",
        value_name = "DURATION",
        value_parser = duration::parse,
        allow_hyphen_values = true
    )]
    duration: Option<Duration>,
    #[command(flatten)]
    leave: LeaveOptions,
    /// How it is printed; `json` is an object a line
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

impl Members {
    pub fn run(self) -> Result<(), Failure> {
        let facts = self.facts.open()?;
        let builder = facts
            .with(self.libraries.builder())
            .allow_unknown(self.policy.unknown())
            .limits(self.policy.limits())
            .leave_within(self.leave.leave_within)
            .answer_stat(true)
            .report(|message: &Message| print_message(message, liveobj::Level::Info));
        let runtime = super::build(builder)?;
        let input = input::reference_within(&self.reference, &self.policy.limits())?;
        let checked = input.check(&runtime);
        output::complain(&report::findings(
            &checked.diagnostics,
            report::styled_errors(),
        ));
        self.libraries.warn_of_empty(&checked.diagnostics);
        let reference = checked.reference.ok_or(Failure::Findings)?;
        let name = membership(&reference, &input.source.name)?;
        // From here on a signal ends it in order, also while it is still being opened.
        let mut waiting = Waiting::new()?;
        let Some(opened) = waiting.open(&runtime, &reference, OpenOptions::new()) else {
            return Ok(());
        };
        let object = opened.map_err(|error| not_opened(&error))?;
        let (printer, viewed, unwritable) = Printer::new(self.format, self.once);
        let printer = Arc::new(Mutex::new(printer));
        let printing = printer.clone();
        let receive = move |event: &str, payload: &Data| {
            let mut printer = printing.lock().unwrap_or_else(PoisonError::into_inner);
            printer.tell(event, payload);
        };
        let endpoint = object.endpoint(&name).map_err(Failure::user)?;
        let connection = endpoint.connect(receive).map_err(Failure::user)?;
        let once = self.once;
        let enough = async {
            tokio::select! {
                () = after(self.duration) => {}
                // Without a printer there is nothing to wait for either.
                _ = viewed, if once => {}
            }
        };
        let ended = waiting.until_it_ends(&object, enough, unwritable);
        // If the connection is gone, there is nobody to tell.
        let _ = connection.send("leave", Data::Record([].into()));
        drop(connection);
        let closed = waiting.close(object);
        ended?;
        closed?;
        let printer = printer.lock().unwrap_or_else(PoisonError::into_inner);
        match self.once && printer.me.is_none() {
            true => Err(Failure::user("it ended before there was a view")
                .with_help("a group is founded only when `quorum` proxies hear each other")),
            false => Ok(()),
        }
    }
}

/// The endpoint that shows the members.
fn membership(reference: &CheckedReference, source: &str) -> Result<String, Failure> {
    let types = reference.types();
    let endpoints = match types.object(reference.object_type()) {
        Object::Endpoints(body) => body
            .endpoints
            .iter()
            .map(|(name, it)| (name, it.ty))
            .collect(),
        _ => Vec::new(),
    };
    let tells = |endpoint| match types.endpoint(endpoint) {
        Endpoint::Events { events, .. } => EVENTS.iter().all(|name| {
            let event = events.get(*name);
            event.is_some_and(|event| event.direction == Direction::Out)
        }),
        Endpoint::Parameter { .. } => false,
    };
    let found = endpoints.iter().find(|(_, ty)| tells(*ty));
    let name = found.map(|(name, _)| (*name).clone());
    name.ok_or_else(|| {
        let shown: Vec<String> = endpoints
            .iter()
            .map(|(name, _)| format!("`{name}`"))
            .collect();
        let shown = match &shown[..] {
            [] => "it shows none".to_owned(),
            shown => format!("it shows {}", shown.join(", ")),
        };
        let text = format!("{source} has no endpoint of the type `MembershipService`: {shown}");
        let help = "a composite shows that of a part by <export of=\"PART\" name=\"membership\"/>";
        Failure::user(text).with_help(help)
    })
}

/// Prints what comes, on the thread of the object.
struct Printer {
    format: Format,
    once: bool,
    /// The number of this member in the last view.
    me: Option<u64>,
    viewed: Option<oneshot::Sender<()>>,
    unwritable: Option<oneshot::Sender<io::Error>>,
}

/// One line of `--format json`. Numbers of members and groups are hexadecimal texts, since they need
/// all 64 bits.
#[derive(Serialize)]
struct Line<'a> {
    version: u32,
    event: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    me: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    members: Option<Vec<String>>,
}

impl Printer {
    /// Also gives what comes once there was a view, and once nothing can be written any more.
    fn new(
        format: Format,
        once: bool,
    ) -> (Printer, oneshot::Receiver<()>, oneshot::Receiver<io::Error>) {
        let (viewed, view) = oneshot::channel();
        let (unwritable, error) = oneshot::channel();
        let printer = Printer {
            format,
            once,
            me: None,
            viewed: Some(viewed),
            unwritable: Some(unwritable),
        };
        (printer, view, error)
    }

    fn tell(&mut self, event: &str, payload: &Data) {
        if self.once && self.me.is_some() {
            return;
        }
        let Some(line) = self.line(event, payload) else {
            return;
        };
        let written = match self.format {
            Format::Json => {
                let text = serde_json::to_string(&line);
                text.map_err(io::Error::from).map(|text| text + "\n")
            }
            Format::Human => Ok(line.human()),
        };
        let written = written.and_then(|text| {
            let mut output = io::stdout().lock();
            io::Write::write_all(&mut output, text.as_bytes())?;
            io::Write::flush(&mut output)
        });
        if let (Err(error), Some(unwritable)) = (written, self.unwritable.take()) {
            // Nobody waits any more where it has ended.
            let _ = unwritable.send(error);
        }
        if let (Some(_), Some(viewed)) = (self.me, self.viewed.take()) {
            let _ = viewed.send(());
        }
    }

    fn line<'a>(&mut self, event: &'a str, payload: &Data) -> Option<Line<'a>> {
        let Data::Record(fields) = payload else {
            return None;
        };
        let number = |name: &str| match fields.get(name) {
            Some(Data::U64(number)) => Some(*number),
            _ => None,
        };
        let list = |name: &str| match fields.get(name) {
            Some(Data::List(numbers)) => numbers.iter().map(hexadecimal).collect(),
            _ => None,
        };
        let mut line = Line {
            version: JSON_VERSION,
            event,
            group: None,
            number: None,
            me: None,
            members: None,
        };
        match event {
            "view" => {
                let Some(Data::Record(id)) = fields.get("id") else {
                    return None;
                };
                line.group = id.get("group").and_then(hexadecimal);
                line.number = match id.get("number") {
                    Some(Data::U64(number)) => Some(*number),
                    _ => None,
                };
                line.members = list("members");
                self.me = number("me");
                line.me = fields.get("me").and_then(hexadecimal);
            }
            "suspected" | "restored" => {
                line.members = Some(
                    fields
                        .get("member")
                        .and_then(hexadecimal)
                        .into_iter()
                        .collect(),
                );
            }
            "blocked" => line.members = list("missing"),
            _ => {}
        }
        Some(line)
    }
}

impl Line<'_> {
    fn human(&self) -> String {
        let members = self.members.as_deref().unwrap_or_default();
        let mut text = String::new();
        let written = match (self.event, self.number, &self.group) {
            ("view", Some(number), Some(group)) => {
                let count = members.len();
                let plural = if count == 1 { "" } else { "s" };
                writeln!(
                    text,
                    "view {number} of group {group}: {count} member{plural}"
                )
            }
            ("suspected", ..) => writeln!(text, "{} does not answer", members.join(", ")),
            ("restored", ..) => writeln!(text, "{} answers again", members.join(", ")),
            ("blocked", ..) => {
                let members = members.join(", ");
                writeln!(text, "blocked: no quorum answers; missing are {members}")
            }
            ("resumed", ..) => writeln!(text, "a quorum answers again"),
            (event, ..) => writeln!(text, "{event}"),
        };
        if self.event == "view" {
            for (place, member) in members.iter().enumerate() {
                let mut notes = Vec::new();
                if place == 0 {
                    notes.push("oldest");
                }
                if self.me.as_ref() == Some(member) {
                    notes.push("this one");
                }
                let notes = notes.join(", ");
                let line = format!("  {member}  {notes}");
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
        written.expect("because a text takes all that is written");
        text
    }
}

fn hexadecimal(data: &Data) -> Option<String> {
    match data {
        Data::U64(number) => Some(format!("{number:016x}")),
        _ => None,
    }
}
