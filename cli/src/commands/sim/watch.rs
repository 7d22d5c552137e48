//! What is printed and written while a simulation runs.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use liveobj::sim::Observer;
use liveobj::{Level, Message};

use super::super::cannot_write;
use crate::failure::Failure;
use crate::{output, terminal};

/// Prints what nodes show and say, writes the trace. Clones are the same one.
#[derive(Clone)]
pub struct Watch(Rc<RefCell<State>>);

struct State {
    /// Whether lines that nodes show are printed.
    lines: bool,
    trace: Option<(PathBuf, BufWriter<File>)>,
    /// The first thing that went wrong.
    failure: Option<Failure>,
}

impl Watch {
    /// Opens the file of the trace, if one is wanted.
    pub fn new(lines: bool, trace: Option<&Path>) -> Result<Watch, Failure> {
        let open = |path: &Path| match File::create(path) {
            Ok(file) => Ok((path.to_owned(), BufWriter::new(file))),
            Err(error) => Err(cannot_write(path, &error)),
        };
        Ok(Watch(Rc::new(RefCell::new(State {
            lines,
            trace: trace.map(open).transpose()?,
            failure: None,
        }))))
    }

    /// Writes out what is left of the trace.
    pub fn finish(&self) -> Result<(), Failure> {
        let mut state = self.0.borrow_mut();
        state.write(|trace| trace.flush());
        state.failure.take().map_or(Ok(()), Err)
    }
}

impl State {
    fn write(&mut self, write: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) {
        if let Some((path, file)) = &mut self.trace
            && let Err(error) = write(file)
        {
            self.failure.get_or_insert(cannot_write(path, &error));
            self.trace = None;
        }
    }
}

impl Observer for Watch {
    fn shown(&mut self, node: u32, at: Duration, line: &str) {
        let mut state = self.0.borrow_mut();
        if !state.lines {
            return;
        }
        let text = format!(
            "{:.3}s node {node} | {}",
            at.as_secs_f64(),
            terminal::visible(line)
        );
        if let Err(failure) = output::print_line(&text) {
            state.failure.get_or_insert(failure);
            state.lines = false;
        }
    }

    fn said(&mut self, node: u32, at: Duration, message: &Message) {
        if message.level >= Level::Info {
            let at = at.as_secs_f64();
            output::complain(&format!("{at:.3}s node {node}: {message}\n"));
        }
    }

    fn wants_trace(&self) -> bool {
        self.0.borrow().trace.is_some()
    }

    fn traced(&mut self, line: &str) {
        let write = |trace: &mut BufWriter<File>| {
            trace.write_all(line.as_bytes())?;
            trace.write_all(b"\n")
        };
        self.0.borrow_mut().write(write);
    }
}
