//! Why a command did not end well.

use std::fmt::Display;
use std::io;

/// Why a command did not end well, each kind with its exit code.
#[derive(Debug)]
pub enum Failure {
    /// The findings were printed already: exit code 1.
    Findings,
    /// Something that the user can mend: exit code 1.
    User {
        /// What is wrong: lower case, no final period.
        message: String,
        /// What to do about it.
        help: Option<String>,
    },
    /// Nobody reads what is printed: a quiet end, exit code 0.
    BrokenPipe,
}

impl Failure {
    /// A failure that the user can mend.
    pub fn user(message: impl Display) -> Failure {
        Failure::User {
            message: message.to_string(),
            help: None,
        }
    }

    /// Says what to do about it.
    pub fn with_help(self, text: impl Into<String>) -> Failure {
        match self {
            Failure::User { message, .. } => Failure::User {
                message,
                help: Some(text.into()),
            },
            other => other,
        }
    }

    /// What is wrong, in one line.
    pub fn message(&self) -> &str {
        match self {
            Failure::User { message, .. } => message,
            Failure::Findings => "the findings tell",
            Failure::BrokenPipe => "nobody reads what is printed",
        }
    }

    /// What writing to standard output failed with.
    pub fn writing(error: &io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Failure::BrokenPipe
        } else {
            Failure::user(format_args!("cannot write to standard output: {error}"))
        }
    }
}
