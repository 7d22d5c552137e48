//! `liveobj tap`

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use clap::Args;
use liveobj::{ConnectError, Level, Message, OpenOptions, Tapped, TappedEvent};
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::sync::oneshot;

use super::facts::FactsOptions;
use super::waiting::{Waiting, after, not_opened, print_message};
use super::{Format, LeaveOptions, LibraryOptions, PolicyOptions};
use crate::failure::Failure;
use crate::terminal::{StandardTerminal, visible};
use crate::{duration, input, output, report};

/// Events that may wait to be printed; what comes then is lost, and counted.
const MOST_WAITING: usize = 65_536;
/// Characters of parameters that are shown to people.
const MOST_SHOWN: usize = 200;

/// Open a reference, and print the events of one endpoint as they pass
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  liveobj tap examples/team-note.liveobject note.text --library-path target/release --for 1s
  liveobj tap examples/team-note.liveobject note.channel --library-path target/release --format json --count 1 --for 1s

The endpoint is that of a part, by the path of the part (`channel/reliability.unreliable`), or one that
the object has itself. With the latter a connection is made, unless it has one and takes no other;
otherwise, what passes anyway is printed. `in` is what the endpoint receives, `out` what it sends.

What objects show is printed on standard error; what is typed goes to them. See docs/observing.md.")]
pub struct Tap {
    /// The reference document, XML or JSON; `-` is standard input
    #[arg(value_name = "REF")]
    reference: String,
    /// The endpoint: PART.ENDPOINT, or the name of one that the object has itself
    #[arg(value_name = "ENDPOINT")]
    endpoint: String,
    #[command(flatten)]
    libraries: LibraryOptions,
    #[command(flatten)]
    facts: FactsOptions,
    #[command(flatten)]
    policy: PolicyOptions,
    /// End after so many events
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
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
    /// How events are printed; `json` is an object a line
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What is printed, in order.
enum Printed {
    Event(Box<TappedEvent>),
    /// There is nothing more.
    End,
}

#[derive(Serialize)]
struct JsonEvent<'a> {
    time: u128,
    direction: &'static str,
    endpoint: &'a str,
    peer: &'a str,
    connection: u64,
    event: &'a str,
    payload: Option<&'a RawValue>,
}

impl Tap {
    pub fn run(self) -> Result<(), Failure> {
        let builder = self.facts.open()?.with(self.libraries.builder());
        let builder = builder
            .allow_unknown(self.policy.unknown())
            .limits(self.policy.limits())
            .leave_within(self.leave.leave_within)
            .answer_stat(true)
            .terminal(StandardTerminal::aside())
            .report(|message: &Message| print_message(message, Level::Info));
        let runtime = super::build(builder)?;
        let input = input::reference_within(&self.reference, &self.policy.limits())?;
        let checked = input.check(&runtime);
        let findings = report::findings(&checked.diagnostics, report::styled_errors());
        output::complain(&findings);
        self.libraries.warn_of_empty(&checked.diagnostics);
        let reference = checked.reference.ok_or(Failure::Findings)?;

        let (events, waiting_events) = sync_channel(MOST_WAITING);
        let lost = Arc::new(AtomicU64::new(0));
        let (sender, missed) = (events.clone(), lost.clone());
        let tap = liveobj::Tap::new(self.endpoint.as_str(), move |event: &TappedEvent| {
            // Objects do not wait for whoever reads it. That nobody does any more is no loss.
            let sent = sender.try_send(Printed::Event(Box::new(event.clone())));
            if let Err(TrySendError::Full(_)) = sent {
                missed.fetch_add(1, Ordering::Relaxed);
            }
        });
        let mut waiting = Waiting::new()?;
        let options = OpenOptions::new().tap(tap);
        let Some(opened) = waiting.open(&runtime, &reference, options) else {
            return Ok(());
        };
        let object = opened.map_err(|error| not_opened(&error))?;
        let printer = Printer::start(waiting_events, self.format, self.count);
        let own = object.endpoint(&self.endpoint).ok();
        let connected = own.map(|endpoint| endpoint.connect(|_, _| {}));
        let _connection = match connected {
            // What passes there is seen all the same.
            None | Some(Err(ConnectError::AlreadyConnected { .. })) => None,
            Some(connected) => Some(connected.map_err(Failure::user)?),
        };
        let enough = async {
            tokio::select! {
                () = after(self.duration) => {}
                Ok(()) = printer.enough => {}
            }
        };
        let ended = waiting.until_it_ends(&object, enough, printer.unwritable);
        let closed = waiting.close(object);
        drop(_connection);
        let (done, written) = oneshot::channel();
        let thread = printer.thread;
        thread::spawn(move || {
            // It is gone already if it could not write, or had enough.
            let _ = events.send(Printed::End);
            let _ = thread.join();
            let _ = done.send(());
        });
        let written = async {
            // An error would be that there is nobody left who writes.
            let _ = written.await;
        };
        if !waiting.until_written(written) {
            output::complain(&report::warning(
                "what was left is not shown: nobody reads it",
            ));
        }
        let lost = lost.load(Ordering::Relaxed);
        if lost > 0 {
            let message =
                format!("{lost} events are not shown: they came faster than they were read");
            output::complain(&report::warning(&message));
        }
        ended?;
        closed
    }
}

/// Prints on a thread of its own.
struct Printer {
    thread: thread::JoinHandle<()>,
    /// So many events as were wanted are printed.
    enough: oneshot::Receiver<()>,
    /// They cannot be.
    unwritable: oneshot::Receiver<io::Error>,
}

impl Printer {
    fn start(events: Receiver<Printed>, format: Format, count: Option<u64>) -> Printer {
        let (had, enough) = oneshot::channel();
        let (failed, unwritable) = oneshot::channel();
        let thread = thread::spawn(move || {
            let mut left = count;
            for printed in events {
                let Printed::Event(event) = printed else {
                    return;
                };
                let line = match format {
                    Format::Human => human(&event),
                    Format::Json => json(&event),
                };
                let mut output = io::stdout().lock();
                let written = writeln!(output, "{line}").and_then(|()| output.flush());
                if let Err(error) = written {
                    // Whoever waited may be gone, here and below.
                    let _ = failed.send(error);
                    return;
                }
                left = left.map(|left| left - 1);
                if left == Some(0) {
                    let _ = had.send(());
                    return;
                }
            }
        });
        Printer {
            thread,
            enough,
            unwritable,
        }
    }
}

fn json(event: &TappedEvent) -> String {
    let payload = event.payload.as_deref();
    let line = JsonEvent {
        time: event.time.as_nanos(),
        direction: direction(event.direction),
        endpoint: &event.endpoint,
        peer: &event.peer,
        connection: event.connection,
        event: &event.event,
        payload: payload.and_then(|payload| serde_json::from_str(payload).ok()),
    };
    serde_json::to_string(&line).expect("because it has string keys and no failing parts")
}

fn human(event: &TappedEvent) -> String {
    let way = match event.direction {
        Tapped::In => "from",
        Tapped::Out => "to",
    };
    let line = format!(
        "{:>12.6}  {:<3}  {}({})  {way} {}",
        event.time.as_secs_f64(),
        direction(event.direction),
        event.event,
        parameters(event.payload.as_deref()),
        event.peer
    );
    visible(&line)
}

fn direction(direction: Tapped) -> &'static str {
    match direction {
        Tapped::In => "in",
        Tapped::Out => "out",
    }
}

/// Parameters as in a call; a long text is cut.
fn parameters(payload: Option<&str>) -> String {
    type Parameters = serde_json::Map<String, serde_json::Value>;
    let Some(payload) = payload else {
        return "not of its type".to_owned();
    };
    let text = match serde_json::from_str::<Parameters>(payload) {
        Ok(parameters) => {
            let parameters = parameters
                .iter()
                .map(|(name, value)| format!("{name}: {value}"));
            parameters.collect::<Vec<_>>().join(", ")
        }
        Err(_) => payload.to_owned(),
    };
    match text.char_indices().nth(MOST_SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_written_as_in_a_call_and_long_ones_are_cut() {
        let text = |payload| parameters(Some(payload));
        assert_eq!(text("{}"), "");
        assert_eq!(text(r#"{"n":1,"to":"a"}"#), r#"n: 1, to: "a""#);
        let long = format!(r#"{{"text":"{}"}}"#, "ä".repeat(300));
        let cut = text(&long);
        assert_eq!(cut.chars().count(), MOST_SHOWN + 1);
        assert!(cut.ends_with('…'));
        assert_eq!(parameters(None), "not of its type");
    }
}
