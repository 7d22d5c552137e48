//! When one formula plainly follows from another.

use super::formulas::{Formulas, Id, View};

/// How many pairs are compared before the answer is no.
const COMPARED: u32 = 64;

/// How deep formulas are compared.
const DEPTH: u32 = 6;

/// How many parts a formula has at most that is compared.
const WIDTH: usize = 32;

impl Formulas {
    /// Whether `right` is true wherever `left` is, by rules about their form.
    ///
    /// `false` says nothing. Each rule holds at every position of every word, and the time is bounded.
    pub(super) fn entails(&self, left: Id, right: Id) -> bool {
        let mut compared = COMPARED;
        self.follows(left, right, DEPTH, &mut compared)
    }

    fn follows(&self, left: Id, right: Id, depth: u32, compared: &mut u32) -> bool {
        if left == right || left == Id::FALSE || right == Id::TRUE {
            return true;
        }
        if depth == 0 || *compared == 0 || left == Id::TRUE || right == Id::FALSE {
            return false;
        }
        *compared -= 1;
        if self.width(left) > WIDTH || self.width(right) > WIDTH {
            return false;
        }
        let (l, r) = (self.view(left), self.view(right));
        let mut follows = |left: Id, right: Id| self.follows(left, right, depth - 1, compared);
        // What holds of both in all cases.
        match (&l, &r) {
            (View::Any(cases), _) => return cases.iter().all(|case| follows(*case, right)),
            (_, View::All(parts)) => return parts.iter().all(|part| follows(left, *part)),
            _ => {}
        }
        // What one of them alone gives.
        let weakened = match &l {
            View::All(parts) => parts.iter().any(|part| follows(*part, right)),
            View::Release(_, now) | View::Trigger(_, now) => follows(*now, right),
            View::Until(first, last) | View::Since(first, last) => {
                follows(*last, right) && follows(*first, right)
            }
            _ => false,
        };
        if weakened {
            return true;
        }
        let strengthened = match &r {
            View::Any(cases) => cases.iter().any(|case| follows(left, *case)),
            View::Until(_, now) | View::Since(_, now) => follows(left, *now),
            View::Release(first, last) | View::Trigger(first, last) => {
                follows(left, *last) && follows(left, *first)
            }
            // Where it is true it stays true.
            View::Next(part) => self.persists(left) && follows(left, *part),
            View::WeakYesterday(part) => self.may_not_begin(left) && follows(left, *part),
            _ => false,
        };
        if strengthened {
            return true;
        }
        match (l, r) {
            (View::Next(a), View::Next(b))
            | (View::Yesterday(a), View::Yesterday(b) | View::WeakYesterday(b))
            | (View::WeakYesterday(a), View::WeakYesterday(b)) => follows(a, b),
            (View::Until(a, b), View::Until(c, d))
            | (View::Release(a, b), View::Release(c, d))
            | (View::Since(a, b), View::Since(c, d))
            | (View::Trigger(a, b), View::Trigger(c, d)) => follows(b, d) && follows(a, c),
            _ => false,
        }
    }
}
