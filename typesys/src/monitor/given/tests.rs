use super::super::{Culprit, Occurred};
use super::*;

/// Broken by each event of its number, of which several orders are told apart only by `undecided`.
struct Broken {
    by: usize,
    safety: bool,
    undecided: u64,
    trail: Vec<u64>,
}

impl Monitor for Broken {
    fn observe(&mut self, happening: &Happening<'_>) -> Outcome {
        match happening.event {
            Occurred::Emitted(event) if event == self.by => {
                self.trail = vec![happening.number];
                Outcome::violated(happening.event)
            }
            _ => Outcome::Open,
        }
    }

    fn is_safety(&self) -> bool {
        self.safety
    }

    fn trail(&self) -> &[u64] {
        &self.trail
    }

    fn undecided(&self) -> u64 {
        self.undecided
    }

    fn of_several_nodes(self: Box<Self>) -> Result<Box<dyn Monitor>, String> {
        Ok(self)
    }
}

fn broken(by: usize) -> Box<Broken> {
    Box::new(Broken {
        by,
        safety: true,
        undecided: 0,
        trail: Vec::new(),
    })
}

fn tell(monitor: &mut dyn Monitor, events: &[usize]) -> String {
    let numbered = (1..).zip(events);
    let answers = numbered.map(|(number, event)| {
        let outcome = monitor.observe(&Happening {
            number,
            endpoint: 0,
            instance: 0,
            proxy: 0,
            node: 0,
            after: &[],
            event: Occurred::Emitted(*event),
            arguments: &[],
        });
        match outcome {
            Outcome::Open => '.',
            Outcome::Satisfied => '+',
            Outcome::Violated { .. } => '!',
        }
    });
    answers.collect()
}

#[test]
fn it_is_broken_while_the_assumption_is_kept() {
    let promise = || given(broken(1), broken(2)).expect("it can be watched");
    let mut monitor = promise();
    assert_eq!(tell(&mut *monitor, &[0, 1, 0, 1]), ".!.!");
    assert_eq!(monitor.trail(), [4]);
    assert!(monitor.watches() && !monitor.is_satisfied() && monitor.needs_everything());
    let mut monitor = promise();
    assert_eq!(tell(&mut *monitor, &[1, 2, 1, 2]), "!+..");
    assert!(monitor.is_satisfied());
    // One event that breaks both.
    let mut monitor = given(broken(1), broken(1)).expect("it can be watched");
    assert_eq!(tell(&mut *monitor, &[0, 1, 1]), ".+.");
}

#[test]
fn an_assumption_has_to_be_told_of_at_once() {
    let mut assumption = broken(2);
    assumption.safety = false;
    assert!(given(broken(1), assumption).is_err());
}

#[test]
fn where_order_is_not_known_the_assumption_is_kept_or_not() {
    let concluded = |assumption: Box<Broken>, events: &[usize], cut_off: &[u32]| {
        let monitor = given(broken(1), assumption).expect("it can be watched");
        let mut monitor = monitor.of_several_nodes().expect("it can be");
        assert!(!tell(&mut *monitor, events).contains('!'));
        let mut trails = Vec::new();
        while let Outcome::Violated { by } = monitor.conclude(cut_off) {
            assert_eq!(by, Culprit::Provider);
            trails.push(monitor.trail().to_vec());
        }
        (trails, monitor.undecided())
    };
    assert_eq!(
        concluded(broken(2), &[1, 0, 1], &[]),
        (vec![vec![1], vec![3]], 0)
    );
    assert_eq!(concluded(broken(2), &[1, 2], &[]), (vec![], 1));
    assert_eq!(concluded(broken(2), &[0, 2], &[]), (vec![], 0));
    assert_eq!(concluded(broken(2), &[1], &[1]), (vec![], 1));
    let mut assumption = broken(2);
    assumption.undecided = 1;
    assert_eq!(concluded(assumption, &[1], &[]), (vec![], 1));
}
