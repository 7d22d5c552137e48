//! Standard input and output as the terminal of the opened object.

use std::io::{self, BufRead, Write};
use std::thread;

use liveobj::{Lines, Terminal};

/// Lines come from standard input, lines go to standard output.
#[derive(Debug, Default)]
pub struct StandardTerminal;

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
        let mut output = io::stdout().lock();
        // Control characters of a text that others wrote must not reach the terminal.
        let clean: String = line
            .chars()
            .filter(|c| !c.is_control() || *c == '\t')
            .chain(['\n'])
            .collect();
        // If nobody reads, nothing is lost that anybody would see.
        let _ = output
            .write_all(clean.as_bytes())
            .and_then(|()| output.flush());
    }
}
