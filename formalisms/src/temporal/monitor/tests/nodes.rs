//! Histories that several nodes have recorded.

use liveobj_types::Formalism;
use liveobj_types::monitor::{Happening, Outcome};
use proptest::prelude::*;

use super::super::super::Temporal;
use super::*;

/// All orders of what happens at several nodes, each in its own, in which what is known to come before
/// something does: an event, its number, and up to which numbers others of each node come before.
fn orders(nodes: &[Vec<Recorded>]) -> Vec<Vec<&Recorded>> {
    fn go<'a>(
        nodes: &'a [Vec<Recorded>],
        done: &mut Vec<usize>,
        order: &mut Vec<&'a Recorded>,
        all: &mut Vec<Vec<&'a Recorded>>,
    ) {
        if nodes
            .iter()
            .zip(&*done)
            .all(|(node, done)| node.len() == *done)
        {
            all.push(order.clone());
            return;
        }
        for node in 0..nodes.len() {
            let Some(next) = nodes[node].get(done[node]) else {
                continue;
            };
            let missing = nodes
                .iter()
                .zip(&*done)
                .enumerate()
                .any(|(other, (list, done))| {
                    let before = next.after.get(other).copied().unwrap_or(0);
                    other != node && list[*done..].iter().any(|it| it.number <= before)
                });
            if missing {
                continue;
            }
            done[node] += 1;
            order.push(next);
            go(nodes, done, order, all);
            order.pop();
            done[node] -= 1;
        }
    }
    let mut all = Vec::new();
    go(nodes, &mut vec![0; nodes.len()], &mut Vec::new(), &mut all);
    all
}

struct Recorded {
    number: u64,
    event: (u64, Occurred, u8),
    after: Vec<u64>,
}

/// Bodies of which each part is about one connection, as those of most definitions are.
fn separate() -> impl Strategy<Value = Node> {
    let at = |place: usize| {
        let place = Place::Instance(place);
        let (sent, received) = (atom(SEND, place, Some(2)), atom(RECEIVE, place, Some(2)));
        let full = atom(FULL, place, None);
        let sooner = Node::binary(Binary::WeakUntil, not(received.clone()), sent.clone());
        let once = Node::unary(Unary::Globally, not(received.clone()));
        let some = Node::unary(Unary::Finally, Node::binary(Binary::Or, sent, full));
        prop::sample::select(vec![sooner, once, some, not(received)])
    };
    let operator =
        prop::sample::select(vec![Binary::And, Binary::Or, Binary::Implies, Binary::Xor]);
    (operator, at(0), at(1)).prop_map(|(operator, one, two)| Node::binary(operator, one, two))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// What several nodes have recorded is said to be broken only where it is in each order in which
    /// that may have happened, whatever nodes that were cut off did in the end; and is left undecided
    /// where it is broken in some.
    #[test]
    fn no_order_is_taken_for_granted(
        body in prop_oneof![bodies(), separate()],
        history in events(6),
        homes in prop::collection::vec(0..2_u32, 3),
        known in prop::collection::vec(0..6_usize, 6),
        cut_off in any::<bool>(),
        lost in events(3),
    ) {
        let sentence = sentence(&["i", "j"], &["m"], None, body);
        let structure = Structure::Endpoint(endpoint(None));
        let plain = monitor(&sentence, &structure);
        prop_assume!(plain.is_ok());
        let mut told = plain.unwrap().of_several_nodes().expect("it can be");
        let home = |instance: u64| homes[instance as usize];
        let mut nodes: Vec<Vec<Recorded>> = vec![Vec::new(), Vec::new()];
        let mut answers = String::new();
        for (position, event) in history.iter().enumerate() {
            let number = position as u64 + 1;
            let node = home(event.0);
            // Of the other node, perhaps what was told before.
            let mut after = vec![0; 2];
            if known[position] < position {
                after[1 - node as usize] = known[position] as u64;
            }
            let outcome = told.observe(&Happening {
                number,
                endpoint: 0,
                instance: event.0,
                proxy: 0,
                node,
                after: &after,
                event: event.1,
                arguments: &[vec![event.2]],
            });
            answers.push(if matches!(outcome, Outcome::Violated { .. }) { '!' } else { '.' });
            nodes[node as usize].push(Recorded { number, event: *event, after });
        }
        let gone: Vec<u32> = cut_off.then_some(0).into_iter().collect();
        while let Outcome::Violated { .. } = told.conclude(&gone) {
            answers.push('!');
        }
        prop_assume!(told.watches());
        let said = answers.contains('!');
        if !said && told.undecided() == 0 {
            for order in orders(&nodes) {
                let mut plain = monitor(&sentence, &structure).unwrap();
                for it in &order {
                    let answer = answer(&mut *plain, it.event.0, it.event.1, it.event.2);
                    prop_assert!(!"pq?".contains(answer), "kept, and broken in another order");
                }
            }
        }
        if said {
            if cut_off {
                let lost = lost.iter().filter(|event| home(event.0) == 0);
                for (number, event) in (100..).zip(lost) {
                    nodes[0].push(Recorded { number, event: *event, after: Vec::new() });
                }
            }
            for order in orders(&nodes) {
                let order: Vec<_> = order.iter().map(|it| it.event).collect();
                let lasso = inhabited(lasso(&order, &[]));
                prop_assert_eq!(holds(&sentence, &lasso, 1_000_000), Some(false), "{:?}", order);
            }
        }
    }
}

#[test]
fn whether_order_matters_is_known_of_the_definitions() {
    let structure = Structure::Endpoint(endpoint(None));
    let temporal = Temporal::new();
    for (text, any_order) in [
        ("fifo", true),
        ("reliable_fifo", true),
        ("local_order", true),
        ("causal_order", true),
        ("total_order", true),
        ("at_most_once", true),
        ("no_creation", false),
    ] {
        let formula = temporal
            .parse(text, &structure)
            .expect("it is a definition");
        let monitor = temporal
            .monitor(&formula, &structure)
            .expect("it is watched");
        let mut monitor = monitor.of_several_nodes().expect("it can be");
        // Where order matters all is told in the end.
        for (number, event) in [(1, RECEIVE), (2, RECEIVE)] {
            let outcome = monitor.observe(&Happening {
                number,
                endpoint: 0,
                instance: number,
                proxy: 0,
                node: 1,
                after: &[],
                event,
                arguments: &[b"a".to_vec()],
            });
            assert_eq!(outcome, Outcome::Open, "{text}");
        }
        let left = matches!(monitor.conclude(&[]), Outcome::Violated { .. });
        assert_eq!(!left, any_order, "{text}");
    }
}
