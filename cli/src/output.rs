//! Standard output: what a command was asked for. Standard error: what went wrong.

use std::io::{self, Write};

use crate::failure::Failure;

/// Prints a text as it stands.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output
        .write_all(text.as_bytes())
        .and_then(|()| output.flush())
        .map_err(|error| Failure::writing(&error))
}

/// Prints a text and ends the line.
pub fn print_line(text: &str) -> Result<(), Failure> {
    print(&format!("{text}\n"))
}

/// Prints a value as JSON on several lines.
pub fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .expect("because our reports have string keys and no failing parts");
    print_line(&text)
}

/// Prints a value as JSON on one line.
pub fn print_json_line(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string(value)
        .expect("because our reports have string keys and no failing parts");
    print_line(&text)
}

/// Writes to standard error. If nobody reads it, the exit code still tells.
pub fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}
