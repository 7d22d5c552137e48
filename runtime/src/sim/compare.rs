//! The same simulation twice, compared event by event.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use liveobj_references::CheckedReference;

use super::options::Options;
use super::simulation::{Simulation, SimulationError};
use super::summary::Summary;
use super::world::{Observer, Quiet};
use crate::report::Message;
use crate::runtime::Runtime;

/// The first line of a trace that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its number, from 1: the header is line 1.
    pub line: u64,
    /// The line in the first run, or in the file; none if that has no further line.
    pub first: Option<String>,
    /// The line in the second run, or now; none if there is no further line.
    pub second: Option<String>,
}

/// The same simulation twice, side by side: what an object does that follows neither from the
/// seed nor from what it is told shows as a difference.
///
/// Both runs share this process, so a library that counts something of its own in a static
/// variable is found too.
#[derive(Debug)]
pub struct Twice {
    first: Simulation,
    second: Simulation,
    lines: [Collected; 2],
    waiting: [VecDeque<String>; 2],
    compared: u64,
}

impl Twice {
    /// Prepares both. `observer` watches the first one.
    ///
    /// # Errors
    ///
    /// As [`Simulation::new`].
    pub fn new(
        runtime: &Runtime,
        reference: &CheckedReference,
        options: &Options,
        observer: impl Observer + 'static,
    ) -> Result<Twice, SimulationError> {
        let (observer, first_lines) = Collected::beside(observer);
        let (other, second_lines) = Collected::beside(Quiet);
        Ok(Twice {
            first: Simulation::new(runtime, reference, options, observer)?,
            second: Simulation::new(runtime, reference, options, other)?,
            lines: [first_lines, second_lines],
            waiting: Default::default(),
            compared: 0,
        })
    }

    /// The first run.
    pub fn simulation(&self) -> &Simulation {
        &self.first
    }

    /// Lets the next thing happen in both. Answers whether there was one in either.
    ///
    /// # Errors
    ///
    /// As [`Simulation::step`].
    pub fn step(&mut self) -> Result<bool, SimulationError> {
        let more = [self.first.step()?, self.second.step()?];
        Ok(more.contains(&true))
    }

    /// The first difference up to now. A line that one run has and the other has not yet is no
    /// difference until the end.
    pub fn difference(&mut self) -> Option<Difference> {
        self.collect();
        let [first, second] = &mut self.waiting;
        while !first.is_empty() && !second.is_empty() {
            self.compared += 1;
            let lines = (first.pop_front(), second.pop_front());
            if lines.0 != lines.1 {
                return Some(Difference {
                    line: self.compared,
                    first: lines.0,
                    second: lines.1,
                });
            }
        }
        None
    }

    /// Ends both: what came of the first, or the first difference.
    ///
    /// # Errors
    ///
    /// The first difference.
    pub fn finish(mut self) -> Result<Summary, Difference> {
        if let Some(difference) = self.difference() {
            return Err(difference);
        }
        let [first, second] = &mut self.waiting;
        let (first, second) = (first.pop_front(), second.pop_front());
        if first.is_some() || second.is_some() {
            return Err(Difference {
                line: self.compared + 1,
                first,
                second,
            });
        }
        Ok(self.first.finish())
    }

    fn collect(&mut self) {
        for (lines, waiting) in self.lines.iter().zip(&mut self.waiting) {
            waiting.append(&mut lines.take());
        }
    }
}

/// The lines of a trace, as they are written.
#[derive(Clone, Debug, Default)]
pub(super) struct Collected(Rc<RefCell<VecDeque<String>>>);

impl Collected {
    /// An observer that collects the trace and passes everything on to another one.
    pub(super) fn beside<O: Observer>(observer: O) -> (Beside<O>, Collected) {
        let lines = Collected::default();
        let beside = Beside {
            passes_trace: observer.wants_trace(),
            observer,
            lines: lines.clone(),
        };
        (beside, lines)
    }

    /// What was written since the last time.
    pub(super) fn take(&self) -> VecDeque<String> {
        std::mem::take(&mut *self.0.borrow_mut())
    }
}

/// Collects the trace, and passes everything on.
pub(super) struct Beside<O> {
    observer: O,
    passes_trace: bool,
    lines: Collected,
}

impl<O: Observer> Observer for Beside<O> {
    fn shown(&mut self, node: u32, at: Duration, line: &str) {
        self.observer.shown(node, at, line);
    }

    fn said(&mut self, node: u32, at: Duration, message: &Message) {
        self.observer.said(node, at, message);
    }

    fn wants_trace(&self) -> bool {
        true
    }

    fn traced(&mut self, line: &str) {
        if self.passes_trace {
            self.observer.traced(line);
        }
        self.lines.0.borrow_mut().push_back(line.to_owned());
    }
}
