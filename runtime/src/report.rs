//! What running objects tell people.

use std::fmt;
use std::sync::Arc;

/// The target, in the words of `tracing`, of log events that are also messages to a [`Report`]: who prints
/// those turns these off.
pub const MESSAGES: &str = "liveobj::message";

/// How much a message weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Worth reading when something is looked for.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is not as it should be.
    Warning,
    /// Something failed.
    Error,
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warning => "warning",
            Level::Error => "error",
        })
    }
}

/// Something that a running object, or the runtime on its behalf, has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// How much it weighs.
    pub level: Level,
    /// The object: its path in the opened reference (`note`, `channel/reliability`), followed by
    /// its template where that says more; empty for the opened object as a whole.
    pub object: String,
    /// The text: lower case, no final period.
    pub text: String,
}

impl fmt::Display for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.object.is_empty() {
            write!(f, "{}: {}", self.level, self.text)
        } else {
            write!(f, "{}: `{}`: {}", self.level, self.object, self.text)
        }
    }
}

/// Takes messages; called on the runtime's threads, so it should not take long.
pub trait Report: Send + Sync + 'static {
    /// Takes one message.
    fn report(&self, message: &Message);
}

impl<F: Fn(&Message) + Send + Sync + 'static> Report for F {
    fn report(&self, message: &Message) {
        self(message);
    }
}

/// Tells the subscriber of logs, too.
pub(crate) struct Logged(pub(crate) Arc<dyn Report>);

impl Report for Logged {
    fn report(&self, message: &Message) {
        let Message { object, text, .. } = message;
        match message.level {
            Level::Debug => tracing::debug!(target: MESSAGES, object, "{text}"),
            Level::Info => tracing::info!(target: MESSAGES, object, "{text}"),
            Level::Warning => tracing::warn!(target: MESSAGES, object, "{text}"),
            Level::Error => tracing::error!(target: MESSAGES, object, "{text}"),
        }
        self.0.report(message);
    }
}

/// Says nothing: what a runtime uses unless the embedder gives it a [`Report`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Report for Silent {
    fn report(&self, _: &Message) {}
}
