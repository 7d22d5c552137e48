//! What happens in a simulation, as the command line and scripts say it.

use std::collections::BTreeSet;
use std::time::Duration;

use liveobj::Source;
use liveobj::sim::{Action, Delay, Partition, Scripted};

use crate::duration;

/// What one option says: one thing, or two for an end with a restart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event(pub Vec<Scripted>);

/// What a file says.
#[derive(Debug, Default)]
pub struct Script {
    pub events: Vec<Event>,
    pub partitions: Vec<Partition>,
}

/// Reads a script: one event a line, empty lines and those that begin with `#` left out.
pub fn read(source: &Source) -> Result<Script, String> {
    let mut script = Script::default();
    for (number, line) in (1..).zip(source.text.lines()) {
        // What is typed may end in spaces.
        let line = line.trim_start();
        if line.trim_end().is_empty() || line.starts_with('#') {
            continue;
        }
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let read = match word {
            "type" => typed(rest).map(|event| script.events.push(event)),
            "start" => start(rest.trim()).map(|event| script.events.push(event)),
            "crash" => crash(rest.trim()).map(|event| script.events.push(event)),
            "close" => close(rest.trim()).map(|event| script.events.push(event)),
            "partition" => partition(rest.trim()).map(|it| script.partitions.push(it)),
            _ => Err("expected `type`, `start`, `crash`, `close` or `partition`".to_owned()),
        };
        read.map_err(|reason| format!("`{}` line {number}: {reason}", source.name))?;
    }
    Ok(script)
}

/// Reads `1@30s:buy bread`.
pub fn typed(text: &str) -> Result<Event, String> {
    let expected = || "expected NODE@TIME:LINE, such as `1@30s:buy bread`".to_owned();
    let (place, line) = text.split_once(':').ok_or_else(expected)?;
    let (node, time) = place.split_once('@').ok_or_else(expected)?;
    Ok(Event(vec![Scripted {
        at: duration::parse(time)?,
        node: number(node)?,
        action: Action::Type(line.to_owned()),
    }]))
}

/// Reads `3@5m`.
pub fn start(text: &str) -> Result<Event, String> {
    let expected = "expected NODE@TIME, such as `3@5m`";
    let (node, time) = text.split_once('@').ok_or(expected)?;
    Ok(Event(vec![Scripted {
        at: duration::parse(time)?,
        node: number(node)?,
        action: Action::Start,
    }]))
}

/// Reads `2@5m` or `2@5m..6m`.
pub fn crash(text: &str) -> Result<Event, String> {
    gone(text, Action::Crash)
}

/// Reads `2@5m` or `2@5m..6m`.
pub fn close(text: &str) -> Result<Event, String> {
    gone(text, Action::Close)
}

fn gone(text: &str, action: Action) -> Result<Event, String> {
    let expected = "expected NODE@TIME or NODE@TIME..TIME, such as `2@5m..6m`";
    let (node, times) = text.split_once('@').ok_or(expected)?;
    let node = number(node)?;
    let (time, again) = match times.split_once("..") {
        Some((time, again)) => (time, Some(duration::parse(again)?)),
        None => (times, None),
    };
    let at = duration::parse(time)?;
    if again.is_some_and(|again| again <= at) {
        return Err("a node starts again after it is gone".to_owned());
    }
    let mut events = vec![Scripted { at, node, action }];
    events.extend(again.map(|at| Scripted {
        at,
        node,
        action: Action::Start,
    }));
    Ok(Event(events))
}

/// Reads `1,2/3@10m..20m`.
pub fn partition(text: &str) -> Result<Partition, String> {
    let expected = "expected GROUPS@FROM..UNTIL, such as `1,2/3@10m..20m`";
    let (groups, times) = text.split_once('@').ok_or(expected)?;
    let (from, until) = times.split_once("..").ok_or(expected)?;
    let (from, until) = (duration::parse(from)?, duration::parse(until)?);
    if from >= until {
        return Err("a partition ends after it has begun".to_owned());
    }
    let mut seen = BTreeSet::new();
    let mut group = |text: &str| {
        let nodes = text.split(',').map(number);
        let nodes = nodes.collect::<Result<BTreeSet<u32>, String>>()?;
        match nodes.iter().find(|node| !seen.insert(**node)) {
            Some(node) => Err(format!("node {node} is in two groups")),
            None => Ok(nodes),
        }
    };
    let groups = groups.split('/').map(&mut group);
    Ok(Partition {
        groups: groups.collect::<Result<_, _>>()?,
        from,
        until,
    })
}

/// Reads `5ms` or `1ms..50ms`.
pub fn delay(text: &str) -> Result<Delay, String> {
    let (least, most) = text.split_once("..").unwrap_or((text, text));
    let (least, most): (Duration, Duration) = (duration::parse(least)?, duration::parse(most)?);
    if least > most {
        return Err("the first is the least, the second the most".to_owned());
    }
    Ok(Delay { least, most })
}

/// Reads `20%` or `0.2`: parts per million.
pub fn share(text: &str) -> Result<u32, String> {
    let expected = || "expected a share such as 20% or 0.2, at most 100%".to_owned();
    let (digits, places) = match text.strip_suffix('%') {
        Some(digits) => (digits, 4),
        None => (text, 6),
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || digits.ends_with('.') {
        return Err(expected());
    }
    if fraction.len() > places {
        return Err("a millionth is the smallest share".to_owned());
    }
    let parts = format!("{whole}{fraction:0<places$}").parse::<u32>();
    let parts = parts.ok().filter(|parts| *parts <= 1_000_000);
    parts.ok_or_else(expected)
}

fn number(text: &str) -> Result<u32, String> {
    text.parse()
        .map_err(|_| format!("`{text}` is not the number of a node"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_percent_or_parts_of_one() {
        for (text, parts) in [
            ("0%", 0),
            ("20%", 200_000),
            ("0.2", 200_000),
            ("0.5%", 5_000),
            ("100%", 1_000_000),
            ("1", 1_000_000),
            ("0.000001", 1),
        ] {
            assert_eq!(share(text), Ok(parts), "{text}");
        }
        for text in [
            "",
            "%",
            "20",
            "-1%",
            "1.1",
            "101%",
            ".5",
            "1.",
            "0.0000001",
            "x",
        ] {
            assert!(share(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_line_that_is_typed_may_hold_anything() {
        let event = typed("1@30s: at 5:00 @home ").expect("an event");
        let scripted = Scripted {
            at: Duration::from_secs(30),
            node: 1,
            action: Action::Type(" at 5:00 @home ".to_owned()),
        };
        assert_eq!(event, Event(vec![scripted]));
        for wrong in ["1:x", "1@30s", "x@30s:x", "1@30:x", ""] {
            assert!(typed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_crash_or_a_close_may_be_followed_by_a_start() {
        let actions = |event: Result<Event, String>| {
            let event = event.expect("an event");
            let actions = event.0.into_iter().map(|it| (it.at.as_secs(), it.action));
            actions.collect::<Vec<_>>()
        };
        assert_eq!(actions(crash("2@5s")), [(5, Action::Crash)]);
        assert_eq!(actions(close("2@5s")), [(5, Action::Close)]);
        assert_eq!(
            actions(crash("2@5s..6s")),
            [(5, Action::Crash), (6, Action::Start)]
        );
        assert!(crash("2@5s..5s").is_err());
    }

    #[test]
    fn groups_of_a_partition_have_no_node_in_common() {
        let read = partition("1,2/3@10m..20m").expect("a partition");
        assert_eq!(read.groups, [[1, 2].into(), [3].into()]);
        assert_eq!(read.until, Duration::from_secs(1200));
        assert_eq!(
            partition("1/1@1s..2s").map(|_| ()),
            Err("node 1 is in two groups".to_owned())
        );
        assert!(partition("1/2@2s..1s").is_err());
    }

    #[test]
    fn a_script_has_one_event_a_line_and_names_the_line_that_is_wrong() {
        let text = "# who types what\n\ntype 1@1s:a \n  crash 2@5m..6m\npartition 1/2@1m..2m\n";
        let script = read(&Source::new("script", text)).expect("a script");
        assert_eq!(script.events.len(), 2);
        assert_eq!(script.events[0], typed("1@1s:a ").expect("an event"));
        assert_eq!(script.partitions.len(), 1);
        let error = read(&Source::new("script", "type 1@1s:a\ntpye 1@1s:b")).unwrap_err();
        let expected = "`script` line 2: expected `type`, `start`, `crash`, `close` or `partition`";
        assert_eq!(error, expected);
    }
}
