//! Who has the terminal.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::Ticket;
use crate::boundary::calls::Wake;
use crate::engine::domain::Domain;
use crate::engine::inbox::Inbox;
use crate::terminal::{LineSink, Lines, Terminal};

/// The embedder's terminal and the sink of whoever has it.
pub(crate) struct TerminalSlot {
    state: Mutex<State>,
}

struct State {
    terminal: Option<Box<dyn Terminal>>,
    sink: Option<Arc<Sink>>,
}

struct Sink {
    inbox: Arc<Inbox>,
    ticket: Ticket,
    open: AtomicBool,
}

impl LineSink for Sink {
    fn line(&self, line: Option<&str>) -> bool {
        let wake = line.map_or(Wake::End, |line| Wake::Line(line.to_owned()));
        self.open.load(Ordering::Acquire)
            && self
                .inbox
                .push(Domain::wake_from_outside(self.ticket, wake))
    }
}

impl TerminalSlot {
    /// Nobody has it yet.
    pub(crate) fn new(terminal: Option<Box<dyn Terminal>>) -> TerminalSlot {
        TerminalSlot {
            state: Mutex::new(State {
                terminal,
                sink: None,
            }),
        }
    }

    /// Gives it to a proxy, unless there is none or another one has it.
    pub(super) fn open(&self, ticket: Ticket, inbox: &Arc<Inbox>) -> Result<(), String> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.sink.is_some() {
            return Err("another object has the terminal".to_owned());
        }
        let Some(terminal) = &mut state.terminal else {
            return Err("there is no terminal".to_owned());
        };
        let sink = Arc::new(Sink {
            inbox: inbox.clone(),
            ticket,
            open: AtomicBool::new(true),
        });
        terminal.start(Lines::new(sink.clone()));
        state.sink = Some(sink);
        Ok(())
    }

    /// Shows a line.
    pub(super) fn show(&self, line: &str) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(terminal) = &mut state.terminal {
            terminal.show(line);
        }
    }

    /// Takes it back.
    pub(super) fn close(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sink) = state.sink.take() {
            sink.open.store(false, Ordering::Release);
            if let Some(terminal) = &mut state.terminal {
                terminal.stop();
            }
        }
    }
}
