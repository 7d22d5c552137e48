//! The lines of several traces as one history.
//!
//! Each trace that `open` wrote tells what happened on one node, in order. Between nodes there is no
//! order but that of cause and effect: what is sent is sent before it arrives ([`Causes`]).
//!
//! The traces are read side by side, by their clocks as far as causes do not contradict. What is
//! concluded does not depend on the clocks: monitors are told which lines are known to come before.

use std::collections::HashMap;
use std::path::PathBuf;

use super::MonitorError;
use super::causes::{At, Causes};
use super::lines::{Line, LineReader};

/// A trace, and the clock of its node.
pub(super) struct Source {
    pub(super) path: PathBuf,
    /// When it was started: nanoseconds after 1970 began. None for a simulation, whose lines tell of all
    /// nodes in their order.
    pub(super) started: Option<u64>,
}

/// What is to be done next.
pub(super) enum Item<'a> {
    /// This line, of this number among all; for each node, up to which number its lines are known to
    /// come before.
    Line(u64, &'a Line<'a>, &'a [u64]),
    /// The trace of this node has no more lines; whether it breaks off.
    Over(u32, bool),
}

/// Reads several traces.
pub(super) struct Merged<'s> {
    causes: &'s Causes,
    files: Vec<Reading>,
    /// The number and what came before, of lines in which something was sent that arrives.
    clocks: HashMap<At, (u64, Vec<u64>)>,
    /// Lines so far, first ones included.
    pub(super) number: u64,
}

struct Reading {
    lines: LineReader,
    started: Option<u64>,
    /// Its next line, unless it is at its end.
    next: Option<Next>,
    /// Number of the line that it was at last.
    done: u64,
    /// For each node, up to which line of all is known to come before its next one.
    clock: Vec<u64>,
    ended: bool,
}

struct Next {
    time: u64,
    /// The line in which what it receives was sent.
    cause: Option<At>,
}

impl<'s> Merged<'s> {
    pub(super) fn open(sources: &[Source], causes: &'s Causes) -> Result<Merged<'s>, MonitorError> {
        let mut files = Vec::new();
        for source in sources {
            let mut reading = Reading {
                lines: LineReader::open(&source.path)?,
                started: source.started,
                next: None,
                done: 1,
                clock: vec![0; sources.len() + 1],
                ended: false,
            };
            reading.advance(causes, files.len())?;
            files.push(reading);
        }
        Ok(Merged {
            causes,
            number: files.len() as u64,
            files,
            clocks: HashMap::new(),
        })
    }

    /// Hands out what comes next; whether there was anything.
    pub(super) fn next(
        &mut self,
        take: &mut dyn FnMut(Item<'_>) -> Result<(), String>,
    ) -> Result<bool, MonitorError> {
        let Some(position) = self.choose() else {
            return Ok(false);
        };
        let clock = self.receive(position);
        let file = &mut self.files[position];
        file.clock = clock;
        let node = u32::try_from(position + 1).unwrap_or(u32::MAX);
        self.number += 1;
        file.done = file.lines.number;
        let parsed = file.lines.text().parse()?;
        let over = parsed.is_none();
        if let Some(mut line) = parsed {
            if file.started.is_some() {
                line.node = node;
            }
            file.ended = line.kind == "end";
            let at = (position, line.line);
            if self.causes.sends(at) {
                self.clocks.insert(at, (self.number, file.clock.clone()));
            }
            let taken = take(Item::Line(self.number, &line, &file.clock));
            taken.map_err(|reason| file.lines.damaged(reason))?;
        }
        if over {
            file.next = None;
        } else {
            file.advance(self.causes, position)?;
        }
        if file.next.is_none() {
            let taken = take(Item::Over(node, !file.ended));
            taken.map_err(|reason| file.lines.damaged(reason))?;
        }
        Ok(true)
    }

    /// How many lines the traces have.
    pub(super) fn lines(&self) -> u64 {
        self.files.iter().map(|file| file.lines.number).sum()
    }

    /// The trace whose line comes next: by the clocks, but causes first. Where causes go round, as in a
    /// trace that was edited, they are left alone.
    fn choose(&self) -> Option<usize> {
        let mut chosen: Option<((bool, u64), usize)> = None;
        for (position, file) in self.files.iter().enumerate() {
            let Some(next) = &file.next else {
                continue;
            };
            let waits = next.cause.is_some_and(|(sender, line)| {
                let sender = &self.files[sender];
                sender.done < line && sender.next.is_some()
            });
            let time = file.started.unwrap_or(0).saturating_add(next.time);
            if chosen.is_none_or(|(known, _)| (waits, time) < known) {
                chosen = Some(((waits, time), position));
            }
        }
        chosen.map(|it| it.1)
    }

    /// What is known to come before the next line of a trace.
    fn receive(&self, position: usize) -> Vec<u64> {
        let file = &self.files[position];
        let mut clock = file.clock.clone();
        let cause = file.next.as_ref().and_then(|next| next.cause);
        let cause = cause.filter(|cause| cause.0 != position);
        if let Some((sender, (number, before))) =
            cause.and_then(|cause| Some((cause.0, self.clocks.get(&cause)?)))
        {
            for (own, other) in clock.iter_mut().zip(before) {
                *own = (*own).max(*other);
            }
            clock[sender + 1] = clock[sender + 1].max(*number);
        }
        clock
    }
}

impl Reading {
    /// Goes on to the next line of this trace, by its position.
    fn advance(&mut self, causes: &Causes, position: usize) -> Result<(), MonitorError> {
        self.next = None;
        if !self.lines.advance()? {
            return Ok(());
        }
        let text = self.lines.text();
        let mut next = Next {
            time: 0,
            cause: None,
        };
        // One trace is read as it is.
        if self.started.is_some()
            && let Some(line) = text.parse()?
        {
            next.time = line.time;
            next.cause = causes.of_line(position, &line);
        }
        self.next = Some(next);
        Ok(())
    }
}
