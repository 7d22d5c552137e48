//! Standard input and output as the terminal of the opened object.

use std::io::{self, BufRead, IsTerminal, Write};
use std::thread;

use liveobj::{Lines, Terminal};
use tokio::sync::oneshot;

use crate::output;

/// Lines come from standard input, lines go to standard output, or to standard error where that is used
/// for something else.
#[derive(Debug)]
pub struct StandardTerminal {
    aside: bool,
    /// What stands before each line shown: where people type on the same screen, it tells the
    /// text apart from what they type.
    prefix: &'static str,
    /// Takes the first error of writing; gone after it.
    failed: Option<oneshot::Sender<io::Error>>,
}

impl StandardTerminal {
    /// The terminal of this process, and where the first error of writing to it arrives.
    pub fn new() -> (StandardTerminal, oneshot::Receiver<io::Error>) {
        let typed_here = io::stdin().is_terminal() && io::stdout().is_terminal();
        let (failed, failure) = oneshot::channel();
        let terminal = StandardTerminal {
            aside: false,
            prefix: if typed_here { "| " } else { "" },
            failed: Some(failed),
        };
        (terminal, failure)
    }

    /// The same, with what is shown on standard error. If nobody reads that, nobody is told.
    pub fn aside() -> StandardTerminal {
        StandardTerminal {
            aside: true,
            prefix: "| ",
            failed: None,
        }
    }
}

impl Terminal for StandardTerminal {
    fn start(&mut self, lines: Lines) {
        // Reading blocks, so it has a thread of its own; the process does not wait for it.
        thread::spawn(move || {
            let mut input = io::stdin().lock();
            let mut bytes = Vec::new();
            loop {
                bytes.clear();
                match input.read_until(b'\n', &mut bytes) {
                    Ok(0) | Err(_) => {
                        lines.end();
                        return;
                    }
                    Ok(_) => {
                        let text = String::from_utf8_lossy(&bytes);
                        if !lines.line(text.trim_end_matches(['\n', '\r'])) {
                            return;
                        }
                    }
                }
            }
        });
    }

    fn show(&mut self, line: &str) {
        let clean = format!("{}{}\n", self.prefix, visible(line));
        if self.aside {
            output::complain(&clean);
            return;
        }
        let mut output = io::stdout().lock();
        let written = output
            .write_all(clean.as_bytes())
            .and_then(|()| output.flush());
        if let Err(error) = written
            && let Some(failed) = self.failed.take()
        {
            // Nobody listens any more once the object is being closed.
            let _ = failed.send(error);
        }
    }
}

/// A line without control characters: those of a text that others wrote must not reach the
/// terminal.
pub fn visible(line: &str) -> String {
    let visible = line.chars().filter(|c| !c.is_control() || *c == '\t');
    visible.collect()
}
