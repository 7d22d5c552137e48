//! Logs, for whoever looks for what goes wrong: on standard error, if they are asked for.

use std::io;

use liveobj::MESSAGES;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::failure::Failure;

/// The variable that asks for them.
const VARIABLE: &str = "LIVEOBJ_LOG";
/// Of whom, unless somebody else is named.
const OURS: &str = "liveobj";

/// What is logged.
#[derive(Clone, Debug)]
pub struct Filter(Targets);

/// Reads a level, or levels of targets, separated by commas.
pub fn filter(text: &str) -> Result<Filter, String> {
    let mut targets = Targets::new();
    let mut messages = None;
    for part in text.split(',') {
        let (target, level) = part.split_once('=').unwrap_or((OURS, part));
        let level = level.trim();
        // Whether nothing is a level depends on what else is built.
        let known: Option<LevelFilter> = level.parse().ok().filter(|_| !level.is_empty());
        let level = known.ok_or_else(|| {
            format!("`{level}` is none of error, warn, info, debug, trace and off")
        })?;
        let target = target.trim();
        if target == MESSAGES {
            messages = Some(level);
        }
        targets = targets.with_target(target, level);
    }
    // Messages are printed in any case.
    let messages = messages.unwrap_or(LevelFilter::OFF);
    Ok(Filter(targets.with_target(MESSAGES, messages)))
}

/// Logs from now on what the option says, or the variable.
pub fn start(option: Option<Filter>) -> Result<(), Failure> {
    let filter = match (option, std::env::var(VARIABLE)) {
        (Some(filter), _) => filter,
        (None, Ok(text)) if !text.is_empty() => {
            filter(&text).map_err(|reason| Failure::user(format_args!("{VARIABLE}: {reason}")))?
        }
        (None, _) => return Ok(()),
    };
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(false);
    tracing_subscriber::registry()
        .with(filter.0)
        .with(lines)
        .init();
    Ok(())
}

#[cfg(test)]
mod tests {
    use tracing_subscriber::filter::LevelFilter;

    use super::*;

    #[test]
    fn a_level_is_of_our_own_and_leaves_messages_out() {
        let Filter(targets) = filter("debug").expect("a level");
        let debug = LevelFilter::DEBUG.into_level().expect("a level");
        assert!(targets.would_enable("liveobj::open", &debug));
        assert!(!targets.would_enable("tokio", &debug));
        assert!(!targets.would_enable(MESSAGES, &debug));
        let Filter(targets) =
            filter("warn,liveobj::loading=debug, liveobj::message=debug").expect("levels");
        assert!(targets.would_enable("liveobj::loading::map", &debug));
        assert!(!targets.would_enable("liveobj::open", &debug));
        assert!(targets.would_enable(MESSAGES, &debug));
    }

    #[test]
    fn what_is_no_level_is_told() {
        for wrong in ["debgu", "", "liveobj=", "debug,x"] {
            let refused = filter(wrong).expect_err("no level");
            assert!(
                refused.contains("is none of error, warn"),
                "{wrong}: {refused}"
            );
        }
    }
}
