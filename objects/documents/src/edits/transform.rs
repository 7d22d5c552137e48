//! Moves an edit over what others did to the text that it was made for.

use std::ops::Range;

use crate::lines::Splice;
use crate::types::Replaced;

/// Where an edit inserts and what it deletes, in bytes of the text before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    /// Where it inserts: not behind any of what it deletes.
    at: usize,
    /// What it deletes, in ascending order; nothing of it is empty, and nothing overlaps.
    deletes: Vec<Range<usize>>,
}

impl Place {
    pub(super) fn new(at: usize, delete: usize) -> Place {
        let range = at..at.saturating_add(delete);
        Place {
            at,
            deletes: Some(range)
                .into_iter()
                .filter(|it| !it.is_empty())
                .collect(),
        }
    }

    /// The same place behind an earlier update, which has replaced this.
    pub(super) fn move_over(&mut self, replaced: &[Replaced]) {
        // From the last to the first: each is in bytes of the text before all of them.
        for step in replaced.iter().rev() {
            let (start, inserted) = (step.at as usize, step.inserted as usize);
            let end = start + step.deleted as usize;
            let moved = |at: usize| at - end + start + inserted;
            self.at = match self.at {
                at if at < start => at,
                // What came first stands first.
                at => moved(at.max(end)),
            };
            let pieces = self.deletes.iter().flat_map(|range| {
                let before = range.start..range.end.min(start);
                let behind = range.start.max(end)..range.end;
                let behind = (!behind.is_empty()).then(|| moved(behind.start)..moved(behind.end));
                [Some(before).filter(|it| !it.is_empty()), behind]
            });
            self.deletes = pieces.flatten().collect();
        }
    }

    /// What makes the edit here, in ascending order.
    pub(super) fn splices(self, insert: &str) -> Vec<Splice> {
        let mut splices = vec![Splice {
            at: self.at,
            delete: 0,
            insert: insert.to_owned(),
        }];
        for range in self.deletes {
            match splices.first_mut() {
                Some(first) if first.at == range.start => first.delete = range.len(),
                _ => splices.push(Splice {
                    at: range.start,
                    delete: range.len(),
                    insert: String::new(),
                }),
            }
        }
        splices.retain(|splice| splice.delete > 0 || !splice.insert.is_empty());
        splices
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(at: u32, deleted: u32, inserted: u32) -> Replaced {
        Replaced {
            at,
            deleted,
            inserted,
        }
    }

    /// A place that was moved over an update: where it inserts and what it deletes.
    fn moved(at: usize, delete: usize, over: &[Replaced]) -> (usize, Vec<(usize, usize)>) {
        let mut place = Place::new(at, delete);
        place.move_over(over);
        let deletes = place.deletes.into_iter();
        (place.at, deletes.map(|it| (it.start, it.end)).collect())
    }

    #[test]
    fn what_lies_before_stays_and_what_lies_behind_moves() {
        assert_eq!(moved(3, 2, &[replaced(5, 4, 1)]), (3, vec![(3, 5)]));
        assert_eq!(moved(9, 2, &[replaced(5, 4, 1)]), (6, vec![(6, 8)]));
        assert_eq!(moved(5, 0, &[replaced(2, 0, 3)]), (8, vec![]));
    }

    #[test]
    fn of_two_insertions_at_one_place_the_earlier_one_stands_first() {
        assert_eq!(moved(5, 0, &[replaced(5, 0, 2)]).0, 7);
        assert_eq!(moved(5, 3, &[replaced(5, 0, 2)]), (7, vec![(7, 10)]));
    }

    #[test]
    fn what_is_deleted_already_is_not_deleted_again() {
        assert_eq!(moved(2, 6, &[replaced(4, 2, 0)]), (2, vec![(2, 4), (4, 6)]));
        assert_eq!(moved(4, 2, &[replaced(2, 6, 1)]), (3, vec![]));
        assert_eq!(moved(2, 4, &[replaced(4, 4, 0)]), (2, vec![(2, 4)]));
        assert_eq!(moved(4, 4, &[replaced(2, 4, 0)]), (2, vec![(2, 4)]));
    }

    #[test]
    fn what_somebody_inserted_into_a_deletion_stays() {
        assert_eq!(
            moved(2, 6, &[replaced(4, 0, 3)]),
            (2, vec![(2, 4), (7, 11)])
        );
        assert_eq!(moved(2, 6, &[replaced(4, 2, 3)]), (2, vec![(2, 4), (7, 9)]));
    }

    #[test]
    fn several_replacements_are_each_in_the_text_before_all() {
        let over = [replaced(0, 2, 0), replaced(12, 1, 4), replaced(30, 0, 9)];
        assert_eq!(moved(10, 10, &over), (8, vec![(8, 10), (14, 21)]));
    }

    #[test]
    fn one_splice_inserts_and_each_deletes_a_piece() {
        let splice = |at, delete, insert: &str| Splice {
            at,
            delete,
            insert: insert.to_owned(),
        };
        assert_eq!(Place::new(3, 2).splices("x"), [splice(3, 2, "x")]);
        assert_eq!(Place::new(3, 0).splices(""), []);
        let place = Place {
            at: 1,
            deletes: vec![2..4, 7..9],
        };
        let expected = [splice(1, 0, "x"), splice(2, 2, ""), splice(7, 2, "")];
        assert_eq!(place.splices("x"), expected);
        let place = Place {
            at: 2,
            deletes: vec![2..4, 4..6],
        };
        assert_eq!(place.splices("x"), [splice(2, 2, "x"), splice(4, 2, "")]);
    }
}
