//! Which state all go on from when a view has opened.

use super::frame::Hello;
use super::history::Position;
use crate::fault::{self, Fault};

/// What all go on from, where all have said how far their state has come.
pub(super) struct Cut {
    pub(super) position: Position,
    /// It is the state of those who are in step.
    pub(super) goes_on: bool,
}

impl Cut {
    /// By what members have said, oldest first, and how many updates came before the last of them did;
    /// `None` if the state of the group is not there.
    pub(super) fn of(hellos: &[Hello], count: u64) -> Option<Cut> {
        let all: Vec<Position> = hellos.iter().map(|it| it.position).collect();
        if let Some(in_step) = hellos.iter().find(|it| it.is_in_step) {
            let present = in_step.position;
            let is_later = |it: &Position| {
                count == 0
                    && it.version > present.version
                    && (present.version == 0 || it.follows(&present))
            };
            let later: Vec<Position> = all.into_iter().filter(is_later).collect();
            let later = Position::latest(&later);
            return Some(Cut {
                position: later.unwrap_or(present),
                goes_on: later.is_none(),
            });
        }
        let begun: Vec<Position> = hellos.iter().filter_map(|it| it.begun).collect();
        let begun = Position::latest(&begun);
        let is_late = |it: &Position| begun.is_none_or(|begun| *it == begun || it.follows(&begun));
        let late: Vec<Position> = all.into_iter().filter(is_late).collect();
        let position = match fault::is(Fault::OldestWins) {
            true => late.first().copied(),
            false => Position::latest(&late),
        }?;
        Some(Cut {
            position,
            goes_on: false,
        })
    }
}
