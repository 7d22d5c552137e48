//! How what has happened is remembered, until somebody is told of it.

use std::fmt;
use std::sync::Arc;

use super::watching::Remembered;

/// Something that happened.
pub(super) struct Note {
    pub(super) what: &'static str,
    pub(super) event: String,
    pub(super) from: String,
    pub(super) to: String,
    pub(super) connection: u64,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Note {
            what,
            event,
            from,
            to,
            connection,
        } = self;
        match event.as_str() {
            "" => write!(f, "{what} of `{from}` and `{to}`, connection {connection}"),
            event => write!(
                f,
                "{what} `{event}` from `{from}` to `{to}`, connection {connection}"
            ),
        }
    }
}

/// How people are told of it; none of what is not remembered any more.
pub(super) fn in_words(remembered: &Remembered<'_, Arc<Note>>) -> Option<String> {
    match remembered {
        Remembered::Note(note) => Some(note.to_string()),
        Remembered::Number(_) => None,
    }
}
