use std::collections::BTreeMap;

use super::super::protocol::State;
use super::*;

/// Numbers that look random, the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % count
    }

    fn protocol(&mut self) -> Protocol {
        let count = 1 + self.below(4);
        let mut state = || {
            let (kind, names) = match self.below(7) {
                0 => (Kind::End, ["", ""]),
                1..4 => (Kind::Output, ["a", "b"]),
                _ => (Kind::Input, ["x", "y"]),
            };
            let mut next = BTreeMap::new();
            let branches = 1 + usize::from(self.below(3) == 0);
            for _ in 0..branches * usize::from(kind != Kind::End) {
                next.insert(names[self.below(2)].to_owned(), self.below(count));
            }
            State { kind, next }
        };
        let states: Vec<State> = (0..count).map(|_| state()).collect();
        Protocol::new(&states, 0)
    }
}

#[test]
fn no_classes_prove_what_a_run_refutes() {
    let mut dice = Dice(3);
    let (mut refuted, mut proved) = (0, 0);
    for round in 0..12_000 {
        let (left, right) = (dice.protocol(), dice.protocol());
        let mut search = Search::new(&left, &right);
        let found = search.go_on(&mut Budget(3_000));
        let handles = handles(&left);
        for (depth, period) in [(1, 1), (1, 2), (2, 1), (2, 2), (3, 1), (3, 3)] {
            let left = (&left, &handles[..]);
            let budget = &mut Budget(20_000);
            let covers = cover::covers(&mut search.rests, left, depth, period, budget);
            let covers = covers == Ok(true);
            match found {
                Ok(Some(_)) => {
                    refuted += 1;
                    assert!(!covers, "{round}: {} <= {}", left.0.print(), right.print());
                }
                Ok(None) => proved += usize::from(covers),
                Err(_) => {}
            }
        }
    }
    assert!(refuted > 10_000 && proved > 1_000, "{refuted} {proved}");
}

/// The provider emits `a` in turns of 67 and may emit `b` instead of the last; the peer expects it
/// in turns of 71, and `b` anywhere but at the last.
#[test]
fn what_is_refuted_late_is_refuted() {
    let turns = |count: usize, has_b: &dyn Fn(usize) -> bool| {
        let state = |at: usize| {
            let next = (at + 1) % count;
            let events = ["a", "b"]
                .into_iter()
                .filter(|name| *name == "a" || has_b(at));
            State {
                kind: Kind::Output,
                next: events.map(|name| (name.to_owned(), next)).collect(),
            }
        };
        Protocol::new(&(0..count).map(state).collect::<Vec<_>>(), 0)
    };
    let left = turns(67, &|at| at == 66);
    let right = turns(71, &|at| at != 70);
    let run = refute(&left, &right, &mut Budget(10_000_000)).expect("enough steps");
    assert_eq!(run.map(|run| run.prefix.len()), Some(67 * 71));
}
