use liveobj_types::formalism::EndpointStructure;
use liveobj_types::monitor::{Happening, Occurred, Outcome};

use super::*;

fn read(text: &str) -> Formula {
    Cardinality
        .parse(text, &Structure::Endpoint(Default::default()))
        .unwrap()
}

fn implied(premises: &[&str], conclusion: &str) -> Verdict {
    let premises: Vec<Formula> = premises.iter().map(|text| read(text)).collect();
    let premises: Vec<&Formula> = premises.iter().collect();
    let conclusion = read(conclusion);
    let verdict = Cardinality.implies(&premises, &Events::All, &conclusion, 1_000);
    if let Verdict::Fails(witness) = &verdict {
        assert!(
            Cardinality.replay(&premises, &Events::All, &conclusion, witness),
            "{witness:?}"
        );
    }
    verdict
}

fn counts(counts: &[u64]) -> Verdict {
    let counts = counts
        .iter()
        .map(|count| ("instances".to_owned(), count.to_string()));
    Verdict::Fails(Witness::Assignment(counts.collect()))
}

#[test]
fn upper_bounds_are_monotone() {
    assert_eq!(
        implied(
            &["at most 3 instances connected"],
            "at most 5 instances connected"
        ),
        Verdict::Holds
    );
    assert_eq!(
        implied(
            &["at most 5 instances connected"],
            "at most 3 instances connected"
        ),
        counts(&[4])
    );
    assert_eq!(
        implied(
            &["exactly 5 instances connected"],
            "at most 3 instances connected"
        ),
        counts(&[5])
    );
}

#[test]
fn a_lower_bound_says_nothing_of_the_way_to_it() {
    let five = "at least 5 instances connected";
    assert_eq!(implied(&[five], five), Verdict::Holds);
    assert_eq!(
        implied(&[five], "at least 3 instances connected"),
        counts(&[3, 2, 5])
    );
    assert_eq!(
        implied(&[five], "at least 6 instances connected"),
        counts(&[6, 5])
    );
    assert_eq!(
        implied(&[five], "at least 0 instances connected"),
        Verdict::Holds
    );
}

#[test]
fn a_lower_bound_that_cannot_be_reached_is_not_met() {
    assert_eq!(
        implied(
            &["at most 4 instances connected"],
            "at least 5 instances connected"
        ),
        counts(&[0])
    );
}

#[test]
fn exactly_and_between_are_both_bounds() {
    let exactly = "exactly 3 instances connected";
    let both = [
        "at least 3 instances connected",
        "at most 3 instances connected",
    ];
    assert_eq!(implied(&both, exactly), Verdict::Holds);
    assert_eq!(implied(&[exactly], both[0]), Verdict::Holds);
    assert_eq!(
        implied(&[exactly], "between 3 and 7 instances connected"),
        Verdict::Holds
    );
    assert_eq!(
        implied(&["between 2 and 3 instances connected"], exactly),
        counts(&[3, 2])
    );
}

#[test]
fn premises_that_contradict_each_other_imply_everything() {
    let clash = [
        "at least 2 instances connected",
        "at most 1 instances connected",
    ];
    assert_eq!(
        implied(&clash, "at most 0 instances connected"),
        Verdict::Holds
    );
    let formulas = clash.map(read);
    let formulas: Vec<&Formula> = formulas.iter().collect();
    assert!(Cardinality.satisfiable(&formulas, 100).fails());
    assert!(Cardinality.satisfiable(&formulas[..1], 100).holds());
}

#[test]
fn the_largest_numbers_do_not_overflow() {
    let most = format!("at most {} instances connected", u64::MAX);
    assert_eq!(implied(&[], &most), Verdict::Holds);
    let exactly = format!("exactly {} instances connected", u64::MAX);
    assert!(implied(&[&most], &exactly).fails());
}

/// All histories of counts up to length 7 with every last count held: the definition itself.
#[test]
fn the_decision_agrees_with_all_short_histories() {
    let bound = |most: Option<u64>, least: &[u64]| Bound {
        most,
        least: least.iter().copied().filter(|least| *least > 0).collect(),
    };
    let mut all = Vec::new();
    for most in [None, Some(0), Some(1), Some(2), Some(3)] {
        for least in [&[][..], &[1], &[2], &[3], &[1, 2], &[2, 3], &[1, 3]] {
            all.push(bound(most, least));
        }
    }
    let mut histories = vec![vec![0u64]];
    let mut last = histories.clone();
    for _ in 0..8 {
        last = last
            .iter()
            .flat_map(|history| {
                let now = history[history.len() - 1];
                let next = [Some(now + 1), now.checked_sub(1)].into_iter().flatten();
                next.map(|next| [&history[..], &[next]].concat())
                    .collect::<Vec<_>>()
            })
            .collect();
        histories.extend(last.clone());
    }
    let by_definition = |history: &[u64], bound: &Bound| {
        bound
            .most
            .is_none_or(|most| history.iter().all(|count| *count <= most))
            && bound.least.iter().all(|least| {
                let first = history.iter().position(|count| count == least);
                first.is_some_and(|first| history[first..].iter().all(|count| count >= least))
            })
    };
    let formula = |bound: &Bound| {
        let counted = Counted {
            total: bound.clone(),
            ..Counted::default()
        };
        Formula::new(Bounds(BTreeMap::from([(String::new(), counted)])))
    };
    let met: Vec<Vec<bool>> = all
        .iter()
        .map(|bound| {
            histories
                .iter()
                .map(|history| by_definition(history, bound))
                .collect()
        })
        .collect();
    for (premise, met_premise) in all.iter().zip(&met) {
        for (conclusion, met_conclusion) in all.iter().zip(&met) {
            let expected = met_premise
                .iter()
                .zip(met_conclusion)
                .all(|(p, c)| !p || *c);
            let verdict = Cardinality.implies(
                &[&formula(premise)],
                &Events::All,
                &formula(conclusion),
                100,
            );
            assert_eq!(
                verdict.holds(),
                expected,
                "{premise:?} => {conclusion:?}: {verdict:?}"
            );
            assert_eq!(verdict.fails(), !expected);
        }
    }
}

#[test]
fn faults_tell_the_place_and_what_to_write() {
    let structure = Structure::Object(BTreeMap::from([(
        "channel".to_owned(),
        liveobj_types::formalism::EndpointStructure {
            name: "channel".to_owned(),
            ..Default::default()
        },
    )]));
    let fault = |text: &str, structure: &Structure| {
        let error = Cardinality.parse(text, structure).unwrap_err();
        let at = text.get(error.span.start..error.span.end).unwrap_or("?");
        format!(
            "[{at}] {}; {}",
            error.message,
            error.help.unwrap_or_default()
        )
    };
    assert_eq!(
        fault("at mots 3 instances of channel connected", &structure),
        "[mots] expected `most` or `least`, found `mots`; write `most`"
    );
    assert_eq!(
        fault("at most 3 instances of chanel connected", &structure),
        "[chanel] the object has no endpoint `chanel`; write `channel`"
    );
    assert_eq!(
        fault("at most 3 instances connected", &structure),
        "[connected] expected `of` and an endpoint, found `connected`; write `of channel connected`"
    );
    assert_eq!(
        fault(" at least 2 of channel", &structure),
        "[of] expected `instances`, found `of`; write `at least 2 instances of channel connected`"
    );
    let endpoint = Structure::Endpoint(Default::default());
    assert_eq!(
        fault("at most 3 instances of channel connected", &endpoint),
        "[of] expected `connected`: the constraint of an endpoint is about that endpoint; leave \
         out `of` and the name"
    );
    assert_eq!(
        fault("between 5 and 3 instances connected", &endpoint),
        "[between 5 and 3] no number lies between 5 and 3; write `between 3 and 5`"
    );
    assert!(
        fault(
            "at most 99999999999999999999 instances connected",
            &endpoint
        )
        .starts_with("[99999999999999999999] `99999999999999999999` is too large")
    );
    assert!(fault("at most", &endpoint).starts_with("[] expected a number; the forms are"));
    assert!(fault("at most 3 instances connected;", &endpoint).starts_with("[;] expected `,`"));
}

#[test]
fn a_formula_prints_the_final_name_and_reads_it_back() {
    let structure = Structure::Object(BTreeMap::from([(
        "channel".to_owned(),
        liveobj_types::formalism::EndpointStructure {
            name: "net/channel".to_owned(),
            ..Default::default()
        },
    )]));
    let text =
        "at least 2 instances of channel connected, at most 5 instances of channel connected";
    let printed = Cardinality.print(&Cardinality.parse(text, &structure).unwrap());
    assert_eq!(
        printed,
        "between 2 and 5 instances of 'net/channel' connected"
    );
    let again = Cardinality.parse(&printed, &structure).unwrap();
    assert_eq!(Cardinality.print(&again), printed);
}

/// What a monitor says of each of a list of steps: `+a` begins a connection of endpoint `a`, `-a`
/// ends one.
fn watched(text: &str, structure: &Structure, steps: &str) -> String {
    let formula = Cardinality.parse(text, structure).unwrap();
    let mut monitor = Cardinality.monitor(&formula, structure).unwrap();
    let Structure::Object(endpoints) = structure else {
        panic!("an object");
    };
    let outcomes = steps.split_whitespace().map(|step| {
        let endpoint = endpoints.keys().position(|name| *name == step[1..]);
        let outcome = monitor.observe(&Happening {
            number: 0,
            endpoint: endpoint.unwrap(),
            instance: 0,
            proxy: 0,
            node: 0,
            after: &[],
            event: match &step[..1] {
                "+" => Occurred::Connect,
                _ => Occurred::Disconnect,
            },
            arguments: &[],
        });
        match outcome {
            Outcome::Open => '.',
            Outcome::Satisfied => panic!("a count can always change"),
            Outcome::Violated { .. } => '!',
        }
    });
    outcomes.collect()
}

#[test]
fn counts_are_watched() {
    let endpoint = |name: &str| {
        let structure = EndpointStructure {
            name: name.to_owned(),
            ..EndpointStructure::default()
        };
        (name.to_owned(), structure)
    };
    let structure = Structure::Object([endpoint("a"), endpoint("b")].into());
    let table = [
        (
            "at most 1 instances of a connected",
            "+b +b +a -a +a +a",
            ".....!",
        ),
        // What is broken is told once.
        (
            "at most 0 instances of a connected",
            "+a +a -a -a +a",
            "!....",
        ),
        // On the way up it may go down.
        (
            "at least 2 instances of a connected",
            "+a -a +a +a -b -a +a -a",
            ".....!..",
        ),
        ("exactly 1 instances of b connected", "+b +b -b -b", ".!.!"),
        ("at least 0 instances of a connected", "+a -a", ".."),
    ];
    for (text, steps, expected) in table {
        assert_eq!(
            watched(text, &structure, steps),
            expected,
            "{text}: {steps}"
        );
    }
    let needs_everything = |text| {
        let formula = Cardinality.parse(text, &structure).unwrap();
        let monitor = Cardinality.monitor(&formula, &structure).unwrap();
        monitor.needs_everything()
    };
    assert!(!needs_everything("at most 1 instances of a connected"));
    assert!(needs_everything("exactly 1 instances of a connected"));
}

#[test]
fn proxies_are_counted_by_themselves() {
    let endpoint = EndpointStructure {
        name: "a".to_owned(),
        ..EndpointStructure::default()
    };
    let structure = Structure::Object([("a".to_owned(), endpoint)].into());
    // Which proxy is connected once more, or less.
    let table = [
        (
            "at most 1 instances of a connected at every proxy",
            "+1 +2 +1",
            "..!",
        ),
        (
            "at least 2 instances of a connected at every proxy",
            "+1 +2 +1 -2 -1",
            "....!",
        ),
        (
            "at most 0 instances of a connected at some proxy",
            "+1 +2 +1 -1",
            "....",
        ),
        (
            "at most 2 instances of a connected, at most 1 instances of a connected at every proxy",
            "+1 +2 +3 +1",
            "..!!",
        ),
    ];
    for (text, steps, expected) in table {
        let formula = Cardinality.parse(text, &structure).unwrap();
        let watch = || Cardinality.monitor(&formula, &structure).unwrap();
        let tell = |monitor: &mut dyn Monitor, number: u64, step: &str| {
            monitor.observe(&Happening {
                number,
                endpoint: 0,
                instance: number,
                proxy: step[1..].parse().unwrap(),
                // Each proxy is at a node of its own.
                node: step[1..].parse().unwrap(),
                after: &[],
                event: match &step[..1] {
                    "+" => Occurred::Connect,
                    _ => Occurred::Disconnect,
                },
                arguments: &[],
            })
        };
        let mut monitor = watch();
        let said = steps.split(' ').zip(1..).map(|(step, number)| {
            match tell(&mut *monitor, number, step) {
                Outcome::Violated { .. } => '!',
                _ => '.',
            }
        });
        assert_eq!(said.collect::<String>(), expected, "{text}: {steps}");
        // A proxy is at one node: no order between these is needed to say the same of it.
        let mut apart = watch().of_several_nodes().expect("it is watched");
        let mut broken = steps.split(' ').zip(1..).any(|(step, number)| {
            matches!(tell(&mut *apart, number, step), Outcome::Violated { .. })
        });
        broken |= matches!(apart.conclude(&[]), Outcome::Violated { .. });
        assert_eq!(
            (broken, apart.undecided()),
            (expected.contains('!'), 0),
            "{text}"
        );
        assert!(!watch().needs_everything());
        assert_eq!(watch().needs_whole_proxies(), text.starts_with("at least"));
    }
}
