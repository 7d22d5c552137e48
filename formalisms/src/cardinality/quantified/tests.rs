use std::collections::BTreeMap;

use liveobj_types::formalism::{EndpointStructure, Events, Formalism, Formula, Structure};

use super::*;
use crate::cardinality::Cardinality;

fn structure() -> Structure {
    let endpoint = |name: &str| {
        let structure = EndpointStructure {
            name: name.to_owned(),
            ..EndpointStructure::default()
        };
        (name.to_owned(), structure)
    };
    Structure::Object([endpoint("a"), endpoint("b")].into())
}

fn read(text: &str) -> Formula {
    let read = Cardinality.parse(text, &structure());
    read.unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// `at most 2 a, at least 1 b at every proxy`
fn long(short: &str) -> String {
    let clauses = short.split(", ").map(|clause| {
        let (quantity, places) = clause.split_once(" at every").map_or_else(
            || match clause.split_once(" at some") {
                Some((quantity, rest)) => (quantity, format!(" at some{rest}")),
                None => (clause, String::new()),
            },
            |(quantity, rest)| (quantity, format!(" at every{rest}")),
        );
        let (count, endpoint) = quantity.rsplit_once(' ').expect("an endpoint");
        format!("{count} instances of {endpoint} connected{places}")
    });
    clauses.collect::<Vec<_>>().join(", ")
}

/// The verdict, and how many proxies a refutation has.
fn implied(premise: &str, conclusion: &str) -> String {
    let (premise, conclusion) = (read(&long(premise)), read(&long(conclusion)));
    let verdict = Cardinality.implies(&[&premise], &Events::All, &conclusion, 1_000_000);
    if let Verdict::Fails(witness) = &verdict {
        let replays = Cardinality.replay(&[&premise], &Events::All, &conclusion, witness);
        assert!(replays, "{witness:?}");
    }
    verdict.to_string()
}

#[test]
fn places_bound_each_other() {
    let mut wrong = Vec::new();
    for (premise, conclusion, expected) in [
        // The sum of all is no less than what one has, and no more than all have.
        ("at most 3 a", "at most 3 a at every proxy", "holds"),
        ("at most 3 a at every proxy", "at most 3 a", "fails"),
        ("at most 0 a at every proxy", "at most 0 a", "holds"),
        (
            "at most 1 a at every proxy",
            "at most 2 a at every proxy",
            "holds",
        ),
        (
            "at most 2 a at every proxy",
            "at most 1 a at every proxy",
            "fails",
        ),
        // There is a proxy.
        (
            "exactly 2 a at every proxy",
            "exactly 2 a at some proxy",
            "holds",
        ),
        (
            "exactly 2 a at some proxy",
            "exactly 2 a at every proxy",
            "fails",
        ),
        ("at least 1 a at every proxy", "at least 1 a", "holds"),
        ("at least 2 a at every proxy", "at least 2 a", "fails"),
        ("at least 1 a at some proxy", "at least 1 a", "fails"),
        // Others may take over from each other.
        ("at least 1 a", "at least 1 a at some proxy", "fails"),
        // How many proxies there are.
        (
            "at least 1 a at every proxy, at most 1 a",
            "at most 2 b, at most 2 b at every proxy",
            "fails",
        ),
        (
            "at least 1 a at every proxy, at most 3 a, at most 2 b at every proxy",
            "at most 6 b",
            "holds",
        ),
        (
            "at least 1 a at every proxy, at most 3 a, at most 2 b at every proxy",
            "at most 5 b",
            "fails",
        ),
        (
            "at least 2 a at every proxy, at most 3 a, exactly 1 b",
            "exactly 1 b at every proxy",
            "holds",
        ),
        (
            "at most 1 a at every proxy, at least 7 a",
            "at most 7 a",
            "fails",
        ),
        // Several may be the one that is meant.
        (
            "at least 1 a at some proxy, at most 2 a at some proxy",
            "between 1 and 2 a at some proxy",
            "fails",
        ),
        (
            "between 1 and 2 a at some proxy",
            "at most 3 a at some proxy",
            "holds",
        ),
        (
            "between 1 and 2 a at some proxy",
            "at least 1 a at some proxy",
            "holds",
        ),
        (
            "between 1 and 4 a at some proxy, at most 2 a at every proxy",
            "between 1 and 2 a at some proxy",
            "holds",
        ),
        // Large numbers.
        (
            "at most 18446744073709551615 a at every proxy",
            "at most 18446744073709551614 a at every proxy",
            "fails",
        ),
        (
            "at least 1 a at every proxy, at most 3 a, at most 9223372036854775808 b at every proxy",
            "at most 18446744073709551615 b",
            "unknown",
        ),
    ] {
        let verdict = implied(premise, conclusion);
        if verdict != expected {
            wrong.push(format!("{premise} => {conclusion}: {verdict}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_no_number_of_proxies_meets_is_told() {
    let satisfiable = |text: &str| {
        let formula = read(&long(text));
        Cardinality.satisfiable(&[&formula], 1_000_000).to_string()
    };
    for (text, expected) in [
        ("exactly 2 a at every proxy, at most 4 a", "holds"),
        ("at least 2 a at every proxy, at most 1 a", "fails"),
        ("at most 0 a at every proxy, at least 1 a", "fails"),
        (
            "at most 1 a at every proxy, at least 2 a at some proxy",
            "fails",
        ),
        (
            "at most 1 a at every proxy, at least 5 a, exactly 2 b, at least 1 b at every proxy",
            "fails",
        ),
        (
            "at most 1 a at every proxy, at least 2 a, exactly 2 b, at least 1 b at every proxy",
            "holds",
        ),
        (
            "exactly 1 a at some proxy, exactly 3 a at some proxy, exactly 4 a",
            "holds",
        ),
    ] {
        assert_eq!(satisfiable(text), expected, "{text}");
    }
}

#[test]
fn clauses_of_proxies_are_read_and_printed() {
    let texts = [
        "at most 1 instances of 'a' connected at every proxy",
        "between 1 and 3 instances of 'a' connected, at most 2 instances of 'a' connected at every \
         proxy, at least 1 instances of 'a' connected at some proxy, exactly 2 instances of 'b' \
         connected at some proxy",
    ];
    for text in texts {
        assert_eq!(Cardinality.print(&read(text)), text);
    }
    let each = read("at most 1 instances of a connected at each proxy");
    assert_eq!(Cardinality.print(&each), texts[0]);
    let always = read("at least 0 instances of a connected at some proxy");
    assert_eq!(
        Cardinality.print(&always),
        "at least 0 instances of 'a' connected"
    );
    let fault = |text: &str, structure: &Structure| {
        let error = Cardinality.parse(text, structure).unwrap_err();
        let at = &text[error.span.start..error.span.end];
        format!(
            "[{at}] {}; {}",
            error.message,
            error.help.unwrap_or_default()
        )
    };
    assert_eq!(
        fault(
            "at most 1 instances of a connected at evry proxy",
            &structure()
        ),
        "[evry] expected `every` or `some`, found `evry`; write `every`"
    );
    assert_eq!(
        fault(
            "at most 1 instances of a connected at every prxy",
            &structure()
        ),
        "[prxy] expected `proxy`, found `prxy`; write `proxy`"
    );
    let endpoint = Structure::Endpoint(EndpointStructure::default());
    assert_eq!(
        fault("at most 1 instances connected at every proxy", &endpoint),
        "[at every proxy] proxies are proxies of an object; say it in the type of the object, of its \
         endpoint"
    );
}

/// A history: the counts of all proxies at each position.
type History = Vec<Vec<u64>>;

fn histories(proxies: usize, steps: usize) -> Vec<History> {
    let mut all = vec![vec![vec![0; proxies]]];
    let mut last = all.clone();
    for _ in 0..steps {
        let mut next = Vec::new();
        for history in &last {
            for proxy in 0..proxies {
                for up in [true, false] {
                    let mut now = history[history.len() - 1].clone();
                    now[proxy] = match up {
                        true => now[proxy] + 1,
                        false if now[proxy] > 0 => now[proxy] - 1,
                        false => continue,
                    };
                    next.push([&history[..], &[now]].concat());
                }
            }
        }
        all.extend(next.iter().cloned());
        last = next;
    }
    all
}

/// The definition, position by position.
fn is_met(history: &History, counted: &Counted) -> bool {
    let keeps = |count: &dyn Fn(&[u64]) -> u64, bound: &Bound| {
        let path: Vec<u64> = history.iter().map(|now| count(now)).collect();
        bound
            .most
            .is_none_or(|most| path.iter().all(|count| *count <= most))
            && bound.least.iter().all(|least| {
                let first = path.iter().position(|count| count == least);
                first.is_some_and(|first| path[first..].iter().all(|count| count >= least))
            })
    };
    let proxies = 0..history[0].len();
    keeps(&|now| now.iter().sum(), &counted.total)
        && proxies
            .clone()
            .all(|proxy| keeps(&|now| now[proxy], &counted.each))
        && counted
            .some
            .iter()
            .all(|some| proxies.clone().any(|proxy| keeps(&|now| now[proxy], some)))
}

/// A run in steps of one.
fn unfolded(run: &Run, endpoint: &str) -> History {
    let mut history = vec![vec![0; run.proxies]];
    for (proxy, count) in run.moves.get(endpoint).into_iter().flatten() {
        loop {
            let mut now = history[history.len() - 1].clone();
            match now[*proxy].cmp(count) {
                std::cmp::Ordering::Less => now[*proxy] += 1,
                std::cmp::Ordering::Greater => now[*proxy] -= 1,
                std::cmp::Ordering::Equal => break,
            }
            history.push(now);
        }
    }
    history
}

/// No answer is wrong, and few questions about small numbers are left open.
#[test]
fn decisions_agree_with_all_short_histories() {
    let bound = |most: Option<u64>, least: &[u64]| Bound {
        most,
        least: least.iter().copied().collect(),
    };
    let bounds = [
        bound(None, &[]),
        bound(Some(0), &[]),
        bound(Some(1), &[]),
        bound(Some(2), &[]),
        bound(None, &[1]),
        bound(None, &[2]),
        bound(Some(1), &[1]),
        bound(Some(2), &[1]),
        bound(Some(2), &[2]),
        bound(None, &[1, 2]),
    ];
    let mut all = Vec::new();
    for total in &bounds {
        for each in &bounds {
            all.push(Counted {
                total: total.clone(),
                each: each.clone(),
                some: Vec::new(),
            });
        }
    }
    for (at, some) in bounds.iter().enumerate().skip(1) {
        for other in &bounds {
            let mut one = Counted::default();
            one.add_some(some.clone());
            one.add_some(other.clone());
            if at % 2 == 0 {
                one.total = other.clone();
            } else {
                one.each = other.clone();
            }
            all.push(one);
        }
    }
    let histories: Vec<History> = [(1, 7), (2, 6), (3, 4)]
        .into_iter()
        .flat_map(|(proxies, steps)| histories(proxies, steps))
        .collect();
    let met: Vec<Vec<u64>> = all
        .iter()
        .map(|counted| {
            let bits = histories.chunks(64).map(|chunk| {
                let bits = chunk.iter().enumerate();
                bits.fold(0, |bits, (at, history)| {
                    bits | u64::from(is_met(history, counted)) << at
                })
            });
            bits.collect()
        })
        .collect();
    let alone = |counted: &Counted| Bounds(BTreeMap::from([("a".to_owned(), counted.clone())]));
    let (mut asked, mut open) = (0, 0);
    for (premise, premise_met) in all.iter().zip(&met) {
        let satisfiable = satisfiable(&alone(premise), &mut Budget(1_000_000));
        let kept = premise_met.iter().any(|bits| *bits != 0);
        if kept {
            assert!(!satisfiable.is_ok_and(|it| it.fails()), "{premise:?}");
        }
        for (conclusion, conclusion_met) in all.iter().zip(&met).step_by(3) {
            let (known, wanted) = (alone(premise), alone(conclusion));
            let verdict = implies(&known, &wanted, &mut Budget(1_000_000));
            let verdict = verdict.unwrap_or_else(Verdict::Unknown);
            let mut pairs = premise_met.iter().zip(conclusion_met);
            let refuted = pairs.any(|(premise, conclusion)| premise & !conclusion != 0);
            asked += 1;
            match &verdict {
                Verdict::Holds => assert!(!refuted, "{premise:?} => {conclusion:?}"),
                Verdict::Fails(witness) => {
                    let run = Run::from_witness(witness).expect("it reads back");
                    let history = unfolded(&run, "a");
                    assert!(is_met(&history, premise), "{premise:?}: {run:?}");
                    assert!(!is_met(&history, conclusion), "{conclusion:?}: {run:?}");
                }
                Verdict::Unknown(_) => open += 1,
            }
        }
    }
    assert!(open * 40 < asked, "{open} of {asked} are left open");
}
