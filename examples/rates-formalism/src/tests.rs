use liveobj_sdk::testing::{conforms, reads_or_tells_where};
use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Bounds {
    Rates::parse(text, &Structure::Undeclared).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

fn implied(premises: &[&str], conclusion: &str) -> Verdict {
    let premises: Vec<Bounds> = premises.iter().map(|text| parsed(text)).collect();
    let premises: Vec<&Bounds> = premises.iter().collect();
    Rates::implies(&premises, &Events::All, &parsed(conclusion), 1_000_000)
}

fn refuted(premises: &[&str], conclusion: &str) -> Vec<String> {
    match implied(premises, conclusion) {
        Verdict::Fails(Witness::Assignment(pairs)) => {
            pairs.into_iter().map(|(_, burst)| burst).collect()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_rate_implies_those_that_allow_more() {
    assert!(implied(&["at most 10 a per second"], "at most 10 a per second").holds());
    assert!(implied(&["at most 10 a per second"], "at most 25 a per second").holds());
    assert!(implied(&["at most 10 a per minute"], "at most 10 a per second").holds());
    assert!(implied(&["at most 10 a per second"], "at most 600 a per minute").holds());
    assert!(implied(&["at most 0 a per second"], "at most 0 a per hour").holds());
}

#[test]
fn a_refutation_is_the_earliest_burst() {
    let second = "at most 2 a per second";
    assert_eq!(refuted(&[second], "at most 1 a per 1 ms"), ["2 at 0 ms"]);
    assert_eq!(
        refuted(&[second], "at most 3 a per 1001 ms"),
        ["2 at 0 ms", "2 at 1000 ms"]
    );
    assert!(implied(&[second], "at most 2 a per 1000 ms").holds());
    assert_eq!(refuted(&[], "at most 2 a per second"), ["3 at 0 ms"]);
    assert_eq!(
        refuted(&["at most 1 b per day"], "at most 0 a per 1 ms"),
        ["1 at 0 ms"]
    );
}

#[test]
fn several_premises_work_together() {
    // Bursts of two, and three in each two seconds: 0 0 1000 2000 2000 3000 …
    let premises = ["at most 2 a per second", "at most 3 a per 2 s"];
    assert!(implied(&premises, "at most 3 a per 2 s").holds());
    assert_eq!(
        refuted(&premises, "at most 4 a per 2001 ms"),
        ["2 at 0 ms", "1 at 1000 ms", "2 at 2000 ms"]
    );
    assert!(implied(&premises, "at most 6 a per 4 s").holds());
}

#[test]
fn what_is_never_emitted_keeps_every_bound() {
    let events = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let structure = Structure::Endpoint(liveobj_sdk::formalism::EndpointStructure {
        emitted: [("a".to_owned(), Vec::new())].into(),
        received: [("b".to_owned(), Vec::new())].into(),
        ..Default::default()
    });
    let ask = |text: &str, only: &[&str]| {
        let formula = Rates::parse(text, &structure).expect("it is read");
        Rates::implies(&[], &Events::Endpoint(events(only)), &formula, 100)
    };
    assert!(ask("at most 0 a per second", &[]).holds());
    assert!(ask("at most 0 a per second", &["a"]).fails());
    assert!(ask("at most 0 b per second", &[]).fails());
}

#[test]
fn a_budget_that_runs_out_decides_nothing() {
    let (known, wanted) = (
        parsed("at most 2 a per second"),
        parsed("at most 500 a per hour"),
    );
    let ask = |budget| Rates::implies(&[&known], &Events::All, &wanted, budget);
    assert_eq!(ask(100), Verdict::Unknown(Reason::Budget));
    assert!(ask(1_000).fails());
}

/// By trying all sequences of few occurrences at few times.
fn by_enumeration(known: &BTreeSet<Bound>, wanted: Bound) -> bool {
    fn all(left: u64, from: u64, end: u64, so_far: &mut Vec<Burst>, see: &mut dyn FnMut(&[Burst])) {
        see(so_far);
        if left == 0 {
            return;
        }
        for time in from..end {
            so_far.push(Burst { time, count: 1 });
            all(left - 1, time, end, so_far, see);
            so_far.pop();
        }
    }
    let mut implied = true;
    let mut see = |bursts: &[Burst]| {
        if known.iter().all(|bound| keeps(bursts, *bound)) && !keeps(bursts, wanted) {
            implied = false;
        }
    };
    all(wanted.most + 1, 0, wanted.window, &mut Vec::new(), &mut see);
    implied
}

fn texts() -> impl Strategy<Value = Vec<String>> {
    let most = prop_oneof![8 => 0..5u64, 1 => Just(40)];
    let period = proptest::sample::select(vec!["second", "2 s", "500ms", "1 min"]);
    let clause = (
        most,
        proptest::sample::select(vec!["send", "join", "receive"]),
        period,
    )
        .prop_map(|(most, event, period)| format!("at most {most} {event} per {period}"));
    let text = proptest::collection::vec(clause, 1..4).prop_map(|clauses| clauses.join(" , "));
    proptest::collection::vec(text, 1..6)
}

fn endpoint(name: &str) -> liveobj_sdk::formalism::EndpointStructure {
    let events = |names: &[&str]| {
        let names = names.iter().map(|name| ((*name).to_owned(), Vec::new()));
        names.collect()
    };
    liveobj_sdk::formalism::EndpointStructure {
        name: name.to_owned(),
        received: events(&["send", "join"]),
        emitted: events(&["receive"]),
    }
}

fn object() -> Structure {
    let endpoints = [("channel", "channel"), ("group", "member/group")];
    let endpoints = endpoints.map(|(written, name)| (written.to_owned(), endpoint(name)));
    Structure::Object(endpoints.into())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..Default::default() })]

    #[test]
    fn it_conforms(texts in texts()) {
        conforms::<Rates>(&Structure::Undeclared, &texts);
        conforms::<Rates>(&Structure::Endpoint(endpoint("")), &texts);
        let of = |name: &str, texts: &[String]| -> Vec<String> {
            let events = ["send", "join", "receive"];
            let lift = |text: &String| events.iter().fold(text.clone(), |text, event| {
                text.replace(event, &format!("{name}.{event}"))
            });
            texts.iter().map(lift).collect()
        };
        conforms::<Rates>(&object(), &of("channel", &texts));
        conforms::<Rates>(&object(), &of("'member/group'", &texts));
    }

    #[test]
    fn any_text_is_read_or_refused(text in any::<String>(), texts in texts(), cut in 0..40usize) {
        for structure in [Structure::Undeclared, Structure::Endpoint(endpoint("")), object()] {
            reads_or_tells_where::<Rates>(&structure, &text);
            for text in &texts {
                let end = cut.min(text.len());
                reads_or_tells_where::<Rates>(&structure, &text[..end]);
                reads_or_tells_where::<Rates>(&structure, &text[end..]);
            }
        }
    }

    #[test]
    fn it_decides_as_enumeration_does(
        known in proptest::collection::btree_set((1..5u64, 0..4u64), 0..3),
        (window, most) in (1..6u64, 0..4u64),
    ) {
        let bound = |(window, most)| Bound { window, most };
        let known: BTreeSet<Bound> = known.into_iter().map(bound).collect();
        let wanted = bound((window, most));
        let decided = counterexample(&known, wanted, &mut 1_000).expect("it is small");
        prop_assert_eq!(decided.is_none(), by_enumeration(&known, wanted));
    }
}
