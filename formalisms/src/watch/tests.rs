use liveobj_types::monitor::Culprit;

use super::*;

/// Counts events modulo 3; the one that is handled ends it.
struct Rounds {
    limit: usize,
}

impl Steps for Rounds {
    type Place = usize;

    fn start(&self) -> Step<usize> {
        Step::To(0)
    }

    fn step(&self, place: &usize, letter: usize) -> Step<usize> {
        match letter {
            0 if *place == self.limit => Step::Broken,
            0 => Step::To(place + 1),
            1 if *place == 1 => Step::Kept,
            1 => Step::Lost,
            _ => Step::To(*place),
        }
    }
}

fn monitor(limit: usize) -> PerConnection<Rounds> {
    let letters = Letters {
        emitted: 1,
        handled: 1,
    };
    PerConnection::new(Rounds { limit }, letters, 0, false)
}

fn at(instance: u64, event: Occurred) -> Happening<'static> {
    Happening {
        number: 0,
        endpoint: 0,
        instance,
        proxy: 0,
        node: 0,
        after: &[],
        event,
        arguments: &[],
    }
}

const EMITTED: Occurred = Occurred::Emitted(0);
const HANDLED: Occurred = Occurred::Handled(0);
const PROVIDER: Outcome = Outcome::Violated {
    by: Culprit::Provider,
};

#[test]
fn each_connection_is_watched_by_itself() {
    let mut monitor = monitor(1);
    assert_eq!(monitor.observe(&at(1, EMITTED)), Outcome::Open);
    assert_eq!(monitor.observe(&at(2, EMITTED)), Outcome::Open);
    assert_eq!(monitor.observe(&at(1, EMITTED)), PROVIDER);
    // It is told once.
    assert_eq!(monitor.observe(&at(1, EMITTED)), Outcome::Open);
    assert_eq!(monitor.observe(&at(2, EMITTED)), PROVIDER);
    // A connection that ends is forgotten.
    assert_eq!(monitor.observe(&at(3, EMITTED)), Outcome::Open);
    assert_eq!(monitor.observe(&at(3, Occurred::Disconnect)), Outcome::Open);
    assert_eq!(monitor.observe(&at(3, EMITTED)), Outcome::Open);
    assert_eq!(monitor.observe(&at(3, HANDLED)), Outcome::Satisfied);
    let kept = monitor.recent.iter().flatten().count();
    assert_eq!((kept, monitor.others.len()), (3, 0));
}

#[test]
fn connections_that_share_a_place_are_told_apart() {
    let mut monitor = monitor(1);
    let (first, second) = (1, 1 + RECENT as u64);
    for instance in [first, second, first] {
        assert_eq!(
            monitor.observe(&at(instance, Occurred::Connect)),
            Outcome::Open
        );
    }
    assert_eq!(monitor.observe(&at(first, EMITTED)), Outcome::Open);
    assert_eq!(monitor.observe(&at(second, EMITTED)), Outcome::Open);
    assert_eq!(monitor.observe(&at(first, EMITTED)), PROVIDER);
    // Nothing is kept of those that have ended or are gone, wherever they were.
    monitor.observe(&at(second, Occurred::Gone));
    monitor.observe(&at(first, Occurred::Disconnect));
    let kept = monitor.recent.iter().flatten().count();
    assert_eq!((kept, monitor.others.len()), (0, 0));
}

#[test]
fn other_endpoints_and_events_are_not_its_own() {
    let mut monitor = monitor(0);
    let mut elsewhere = at(1, EMITTED);
    elsewhere.endpoint = 1;
    assert_eq!(monitor.observe(&elsewhere), Outcome::Open);
    assert_eq!(monitor.observe(&at(1, Occurred::Emitted(1))), Outcome::Open);
    assert_eq!(monitor.observe(&at(1, EMITTED)), PROVIDER);
}

#[test]
fn what_is_given_up_is_told() {
    let mut monitor = monitor(5);
    assert!(monitor.watches());
    assert_eq!(monitor.observe(&at(1, HANDLED)), Outcome::Open);
    assert!(!monitor.watches());
    assert_eq!(monitor.observe(&at(1, EMITTED)), Outcome::Open);
}

#[test]
fn an_automaton_has_no_more_places_than_it_may() {
    let mut monitor = monitor(usize::MAX);
    for _ in 0..2 * MAX_PLACES {
        assert_eq!(monitor.observe(&at(1, EMITTED)), Outcome::Open);
    }
    assert_eq!(monitor.automaton.places.len(), MAX_PLACES);
    assert!(!monitor.watches());
}
