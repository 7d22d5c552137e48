//! What a trace says of constraints, for people and for programs.

use std::fmt::Write;

use liveobj::{
    Monitored, MonitoredConstraint, RecordedViolation, Status, TracedEvent, Unwatched, Violation,
};
use liveobj_types::diagnostic::shortened;
use serde::Serialize;
use serde_json::value::RawValue;

use super::JSON_VERSION;

/// What several traces say, in words.
pub fn human(traces: &[Monitored]) -> String {
    traces.iter().map(of_trace).collect()
}

fn of_trace(monitored: &Monitored) -> String {
    let mut text = format!(
        "{}: {} of `{}`: {}\n",
        files(monitored),
        counted(monitored.lines, "line"),
        monitored.name,
        counts(&monitored.constraints)
    );
    for constraint in &monitored.constraints {
        let named = named(constraint);
        _ = match &constraint.status {
            Status::Violated => writeln!(text, "  violated     {named}"),
            Status::Satisfied => writeln!(text, "  satisfied    {named}"),
            Status::Open => writeln!(text, "  open         {named}"),
            Status::Undecided(count) => {
                writeln!(text, "  undecided    {named}: {}", undecided(*count))
            }
            Status::Unmonitored(reason) => writeln!(text, "  not watched  {named}: {reason}"),
        };
        for left_out in &constraint.left_out {
            _ = writeln!(text, "    but not {left_out}");
        }
    }
    for (object, reason) in &monitored.unread {
        _ = writeln!(text, "  not watched  `{object}`: {reason}");
    }
    for (first, constraints) in violations(&monitored.constraints) {
        text += "\n";
        text += &violation(first, &constraints);
    }
    text
}

/// Where it was read.
fn files(monitored: &Monitored) -> String {
    let paths = monitored.paths.iter();
    match (&*monitored.paths, monitored.opened) {
        ([_, _, ..], _) => {
            let nodes = paths.zip(1..);
            let nodes = nodes.map(|(path, node)| format!("{} (node {node})", path.display()));
            nodes.collect::<Vec<_>>().join(", ")
        }
        _ => paths.map(|path| path.display().to_string()).collect(),
    }
}

/// Why something is undecided.
fn undecided(count: u64) -> String {
    let what = match count {
        1 => "one connection or message, or a combination of these,".to_owned(),
        _ => format!("{count} connections or messages, or combinations of these,"),
    };
    format!(
        "of {what} nobody recorded the order of what happened on several nodes, or what a node did \
         after its trace breaks off"
    )
}

/// Violations, each with the constraints that say the same of the same event: those of both ends of
/// a connection.
fn violations(
    constraints: &[MonitoredConstraint],
) -> Vec<(&RecordedViolation, Vec<&MonitoredConstraint>)> {
    let mut all: Vec<(&RecordedViolation, Vec<&MonitoredConstraint>)> = Vec::new();
    for constraint in constraints {
        let Some(first) = &constraint.first else {
            continue;
        };
        let same = all.iter_mut().find(|(known, constraints)| {
            let other = constraints[0];
            (known.node, known.line, &known.by) == (first.node, first.line, &first.by)
                && other.formalism == constraint.formalism
                && other.text == constraint.text
        });
        match same {
            Some((_, constraints)) => constraints.push(constraint),
            None => all.push((first, vec![constraint])),
        }
    }
    all
}

/// How many constraints there are of each status.
fn counts(constraints: &[MonitoredConstraint]) -> String {
    let count = |wanted: fn(&Status) -> bool| {
        let found = constraints.iter().filter(|it| wanted(&it.status));
        found.count()
    };
    let counts = [
        (count(|it| *it == Status::Violated), "violated"),
        (count(|it| *it == Status::Satisfied), "satisfied"),
        (count(|it| *it == Status::Open), "open (kept so far)"),
        (count(|it| matches!(it, Status::Undecided(_))), "undecided"),
        (
            count(|it| matches!(it, Status::Unmonitored(_))),
            "not watched",
        ),
    ];
    let present = counts.iter().filter(|(count, _)| *count > 0);
    let texts: Vec<String> = present
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    match texts.is_empty() {
        true => "no constraints".to_owned(),
        false => texts.join(", "),
    }
}

/// What is not watched where an object runs, for people.
pub fn unwatched(unwatched: &[Unwatched]) -> String {
    let mut text = super::line(
        super::Level::NOTE,
        "not watched; `liveobj sim --trace` and `liveobj monitor` judge what all nodes do",
    );
    for one in unwatched {
        let verb = role(one.provided);
        text += &format!(
            "  `{} \"{}\"`, which `{}` {verb}: {}\n",
            one.formalism, one.text, one.subject, one.reason
        );
    }
    text
}

/// The same, for programs: one line.
pub fn unwatched_line(unwatched: &[Unwatched]) -> String {
    let unwatched = unwatched.iter().map(|one| {
        serde_json::json!({
            "formalism": one.formalism,
            "text": one.text,
            "subject": one.subject,
            "role": role(one.provided),
            "reason": one.reason,
        })
    });
    let all: Vec<_> = unwatched.collect();
    format!("{}\n", serde_json::json!({ "unwatched": all }))
}

/// A violation while an object runs, for programs: one line.
pub fn violation_line(violation: &Violation) -> String {
    let place = violation.place.as_ref().map(|place| {
        let (line, column) = place.source.line_column(place.span.start);
        format!("{}:{line}:{column}", place.source.name)
    });
    let violation = serde_json::json!({
        "formalism": violation.formalism,
        "text": violation.text,
        "subject": violation.subject,
        "role": role(violation.provided),
        "declared": place,
        "by": violation.by,
        "connection": violation.connection,
        "recent": violation.recent,
    });
    format!("{}\n", serde_json::json!({ "violation": violation }))
}

fn role(provided: bool) -> &'static str {
    if provided { "provides" } else { "requires" }
}

fn named(constraint: &MonitoredConstraint) -> String {
    format!("{}, which {}", quoted(constraint), whose(constraint))
}

fn quoted(constraint: &MonitoredConstraint) -> String {
    format!("`{} \"{}\"`", constraint.formalism, constraint.text)
}

fn whose(constraint: &MonitoredConstraint) -> String {
    format!("`{}` {}", constraint.subject, role(constraint.provided))
}

fn violation(first: &RecordedViolation, constraints: &[&MonitoredConstraint]) -> String {
    let who = match &first.by {
        Some(by) => format!("`{by}` on node {}", first.node),
        None => format!("a connection on node {}", first.node),
    };
    let owners: Vec<String> = constraints.iter().map(|it| whose(it)).collect();
    let mut text = format!(
        "line {}: {who} breaks {}, which {}",
        first.line,
        quoted(constraints[0]),
        owners.join(" and ")
    );
    if let Some(place) = &constraints[0].declared {
        text += &format!("; it stands in {place}");
    }
    text += "\n";
    for event in &first.trail {
        text += &format!("  {}\n", shortened(traced(event)));
    }
    let more = constraints.iter().map(|it| it.violations - 1).max();
    if let Some(more) = more.filter(|more| *more > 0) {
        text += &format!("  and {more} more later\n");
    }
    text
}

/// A line of a trace, in words.
fn traced(event: &TracedEvent) -> String {
    let TracedEvent {
        line,
        time,
        node,
        kind,
        event: name,
        from,
        to,
        connection,
        payload,
        emitted,
        ..
    } = event;
    let seconds = *time as f64 / 1e9;
    let mut text = format!("line {line}, {seconds:.3}s, node {node}: ");
    if name.is_empty() {
        text += &format!("`{from}` is {kind}");
        if !to.is_empty() {
            text += &format!(" with `{to}`");
        }
    } else {
        text += &format!("`{from}` to `{to}`: `{name}`");
        if let Some(payload) = payload {
            text += &format!(" {payload}");
        }
        match (kind.as_str(), emitted) {
            ("emitted", _) => text += ", emitted",
            (_, Some(emitted)) => text += &format!(", handled; emitted at line {emitted}"),
            _ => {}
        }
    }
    text + &format!(", connection {connection}")
}

fn counted(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

/// The report for programs: docs/json.md.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    version: u32,
    traces: Vec<Trace<'a>>,
}

#[derive(Debug, Serialize)]
struct Trace<'a> {
    trace: String,
    files: Vec<String>,
    opened: bool,
    document: &'a str,
    lines: u64,
    truncated: bool,
    cut_off: &'a [u32],
    constraints: Vec<Constraint<'a>>,
    unread: Vec<Unread<'a>>,
}

#[derive(Debug, Serialize)]
struct Constraint<'a> {
    formalism: &'a str,
    text: &'a str,
    subject: &'a str,
    role: &'a str,
    declared: Option<&'a str>,
    status: &'a str,
    reason: Option<String>,
    left_out: &'a [String],
    told: u64,
    violations: u64,
    violation: Option<FirstViolation<'a>>,
}

#[derive(Debug, Serialize)]
struct FirstViolation<'a> {
    by: Option<&'a str>,
    node: u32,
    line: u64,
    trail: Vec<Event<'a>>,
}

#[derive(Debug, Serialize)]
struct Event<'a> {
    line: u64,
    time: u64,
    node: u32,
    kind: &'a str,
    event: Option<&'a str>,
    from: &'a str,
    to: Option<&'a str>,
    connection: u64,
    payload: Option<&'a RawValue>,
    emitted: Option<u64>,
}

#[derive(Debug, Serialize)]
struct Unread<'a> {
    object: &'a str,
    reason: &'a str,
}

/// What several traces say, for programs.
pub fn json(traces: &[Monitored]) -> Report<'_> {
    let traces = traces.iter().map(|monitored| Trace {
        trace: files(monitored),
        files: monitored
            .paths
            .iter()
            .map(|it| it.display().to_string())
            .collect(),
        opened: monitored.opened,
        document: &monitored.name,
        lines: monitored.lines,
        truncated: !monitored.truncated.is_empty(),
        cut_off: &monitored.truncated,
        constraints: monitored.constraints.iter().map(constraint).collect(),
        unread: monitored
            .unread
            .iter()
            .map(|(object, reason)| Unread { object, reason })
            .collect(),
    });
    Report {
        version: JSON_VERSION,
        traces: traces.collect(),
    }
}

fn constraint(constraint: &MonitoredConstraint) -> Constraint<'_> {
    let (status, reason) = match &constraint.status {
        Status::Violated => ("violated", None),
        Status::Satisfied => ("satisfied", None),
        Status::Open => ("open", None),
        Status::Undecided(count) => ("undecided", Some(undecided(*count))),
        Status::Unmonitored(reason) => ("unmonitored", Some(reason.clone())),
    };
    Constraint {
        formalism: &constraint.formalism,
        text: &constraint.text,
        subject: &constraint.subject,
        role: role(constraint.provided),
        declared: constraint.declared.as_deref(),
        status,
        reason,
        left_out: &constraint.left_out,
        told: constraint.told,
        violations: constraint.violations,
        violation: constraint.first.as_ref().map(|first| FirstViolation {
            by: first.by.as_deref(),
            node: first.node,
            line: first.line,
            trail: first.trail.iter().map(event).collect(),
        }),
    }
}

fn event(event: &TracedEvent) -> Event<'_> {
    let present = |text| Some(text).filter(|text: &&str| !text.is_empty());
    Event {
        line: event.line,
        time: event.time,
        node: event.node,
        kind: &event.kind,
        event: present(&event.event),
        from: &event.from,
        to: present(&event.to),
        connection: event.connection,
        payload: event
            .payload
            .as_deref()
            .and_then(|payload| serde_json::from_str(payload).ok()),
        emitted: event.emitted,
    }
}
