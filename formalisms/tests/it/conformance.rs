//! The conformance of formalisms: reflexive, transitive, refutations replay, deterministic, a
//! budget that runs out is `unknown`, parsers never panic, printing and parsing agree.

use std::collections::BTreeMap;

use liveobj_types::formalism::conformance::{BUDGET, conforms, reads_or_tells_where};
use liveobj_types::formalism::{EndpointStructure, Events, Formalism, Structure};
use liveobj_types::verdict::Verdict;
use proptest::prelude::*;

use liveobj_formalisms::{Cardinality, Properties, Session, Temporal};

fn endpoint(name: &str) -> EndpointStructure {
    let events = |names: [&str; 2]| names.map(|name| (name.to_owned(), Vec::new())).into();
    EndpointStructure {
        name: name.to_owned(),
        received: events(["send", "join"]),
        emitted: events(["receive", "view"]),
    }
}

fn object() -> Structure {
    let endpoints = [
        ("channel", "channel"),
        ("group", "member/group"),
        ("text", "channel2"),
    ];
    Structure::Object(
        endpoints
            .map(|(written, name)| (written.to_owned(), endpoint(name)))
            .into(),
    )
}

fn properties() -> impl Strategy<Value = Vec<String>> {
    let ontology = Properties::standard();
    let names: Vec<String> = ontology.ontology().properties().keys().cloned().collect();
    let text = proptest::collection::vec(proptest::sample::select(names), 1..4);
    proptest::collection::vec(text.prop_map(|names| names.join(" ,  ")), 1..8)
}

fn clause(of: bool) -> impl Strategy<Value = String> {
    let number = || prop_oneof![8 => 0..6u64, 1 => Just(u64::MAX), 1 => Just(u64::MAX - 1)];
    let quantity = prop_oneof![
        number().prop_map(|k| format!("at most {k}")),
        number().prop_map(|k| format!("at least {k}")),
        number().prop_map(|k| format!("exactly {k}")),
        (number(), number()).prop_map(|(k, l)| format!("between {} and {}", k.min(l), k.max(l))),
    ];
    let names = proptest::sample::select(vec!["channel", "group", "text", "'member/group'"]);
    (quantity, names).prop_map(move |(quantity, name)| match of {
        true => format!("{quantity} instances of {name} connected"),
        false => format!("{quantity} instances connected"),
    })
}

fn cardinality(of: bool) -> impl Strategy<Value = Vec<String>> {
    let text = proptest::collection::vec(clause(of), 1..4);
    proptest::collection::vec(text.prop_map(|clauses| clauses.join(", ")), 1..8)
}

/// Session types over the events of `endpoint`.
fn sessions() -> impl Strategy<Value = Vec<String>> {
    let leaf = proptest::sample::select(vec!["end", "end", "X", "X", "X"]).prop_map(str::to_owned);
    let session = leaf.prop_recursive(4, 12, 2, |inner| {
        let two = (inner.clone(), inner.clone());
        prop_oneof![
            inner.clone().prop_map(|then| format!("!receive; {then}")),
            inner.prop_map(|then| format!("?send; {then}")),
            two.clone()
                .prop_map(|(a, b)| format!("+{{!receive; {a}, !view; {b}}}")),
            two.prop_map(|(a, b)| format!("&[?send; {a}, ?join; {b}]")),
        ]
    });
    let closed = session.prop_map(|session| format!("rec X . ?send; {session}"));
    proptest::collection::vec(closed, 1..6)
}

/// Formulas over the events of `endpoint`, at one connection or at two.
fn temporals(two: bool) -> impl Strategy<Value = Vec<String>> {
    let events = ["receive", "view", "send", "join", "connect", "disconnect"];
    let places = if two { vec!["@i", "@j"] } else { vec![""] };
    let events = proptest::sample::select(events.to_vec());
    let atom = (events, proptest::sample::select(places));
    let leaf = atom.prop_map(|(event, place)| format!("{event}{place}"));
    let formula = leaf.prop_recursive(3, 6, 2, |inner| {
        let unary = proptest::sample::select(vec!["!", "X", "F", "G", "Y", "O", "H"]);
        let binary =
            proptest::sample::select(vec!["&", "|", "->", "<->", "xor", "U", "W", "R", "M", "S"]);
        prop_oneof![
            (unary, inner.clone()).prop_map(|(operator, inner)| format!("{operator} ({inner})")),
            (inner.clone(), binary, inner)
                .prop_map(|(left, operator, right)| format!("({left}) {operator} ({right})")),
        ]
    });
    let quantified = formula.prop_map(move |formula| match two {
        true => format!("forall i, j: instance. {formula}"),
        false => formula,
    });
    proptest::collection::vec(quantified, 1..5)
}

/// Texts near to the notation, so that parsers get deep into them.
fn almost() -> impl Strategy<Value = String> {
    let words = proptest::sample::select(vec![
        "at",
        "most",
        "least",
        "exactly",
        "between",
        "and",
        "instances",
        "instance",
        "of",
        "connected",
        "channel",
        "3",
        "99999999999999999999999",
        "-1",
        ",",
        "'",
        "'channel'",
        "fifo",
        "causal_order",
        "ü",
        "\u{0}",
        "\u{2028}",
        "%",
        "&",
        "->",
        "rec",
        "X",
        ".",
        "!receive;",
        "?send;",
        "end",
        "+{",
        "}",
        "[",
        "]",
        "forall i: instance.",
        "exists",
        "G",
        "U",
        "send@i",
        "send",
        "->",
        "(",
        ")",
        "define a =",
        ";",
        "event send never precedes event receive",
        "at some instance",
    ]);
    proptest::collection::vec(words, 0..12).prop_map(|words| words.join(" "))
}

/// A fault lies in the text, at whole characters.
fn parses_or_tells_where(formalism: &dyn Formalism, text: &str) {
    for structure in [
        Structure::Endpoint(endpoint("")),
        object(),
        Structure::Object(BTreeMap::new()),
    ] {
        reads_or_tells_where(formalism, &structure, text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn properties_conforms(texts in properties()) {
        conforms(&Properties::standard(), &Structure::Endpoint(endpoint("")), &texts);
        conforms(&Properties::standard(), &object(), &texts);
    }

    #[test]
    fn cardinality_of_endpoints_conforms(texts in cardinality(false)) {
        conforms(&Cardinality, &Structure::Endpoint(endpoint("")), &texts);
    }

    #[test]
    fn cardinality_of_objects_conforms(texts in cardinality(true)) {
        conforms(&Cardinality, &object(), &texts);
    }

    #[test]
    fn sessions_conform(texts in sessions()) {
        let structure = Structure::Endpoint(endpoint(""));
        conforms(&Session::Synchronous, &structure, &texts);
        conforms(&Session::Asynchronous, &structure, &texts);
    }

    #[test]
    fn temporal_conforms(one in temporals(false), two in temporals(true)) {
        let structure = Structure::Endpoint(endpoint(""));
        conforms(&Temporal::new(), &structure, &one);
        conforms(&Temporal::new(), &structure, &two);
    }

    #[test]
    fn ordinary_temporal_logic_conforms(texts in temporals(false)) {
        conforms(&Temporal::independent(), &Structure::Undeclared, &texts);
    }

    #[test]
    fn parsers_never_panic(text in any::<String>(), almost in almost()) {
        let properties = Properties::standard();
        let (histories, independent) = (Temporal::new(), Temporal::independent());
        let all: [&dyn Formalism; 5] = [
            &properties, &Cardinality, &Session::Synchronous, &histories, &independent,
        ];
        for formalism in all {
            parses_or_tells_where(formalism, &text);
            parses_or_tells_where(formalism, &almost);
        }
    }

    #[test]
    fn an_ontology_is_read_or_refused(text in any::<String>(), almost in almost()) {
        let _ = liveobj_formalisms::Ontology::parse(&text);
        let _ = liveobj_formalisms::Ontology::parse(&almost);
    }
}

#[test]
fn long_texts_take_linear_time() {
    let text = "fifo, ".repeat(200_000) + "fifo";
    assert!(Properties::standard().parse(&text, &object()).is_ok());
    let text = "at most 3 instances of channel connected, ".repeat(50_000);
    assert!(Cardinality.parse(&text, &object()).is_err());
    let text = "a".repeat(1_000_000);
    parses_or_tells_where(&Cardinality, &text);
    parses_or_tells_where(&Properties::standard(), &text);
}

#[test]
fn formulas_of_another_formalism_decide_nothing() {
    let structure = Structure::Endpoint(endpoint(""));
    let fifo = Properties::standard().parse("fifo", &structure).unwrap();
    let count = Cardinality
        .parse("at most 3 instances connected", &structure)
        .unwrap();
    let all = Events::All;
    assert!(matches!(
        Cardinality.implies(&[&fifo], &all, &count, BUDGET),
        Verdict::Unknown(_)
    ));
    assert!(matches!(
        Properties::standard().implies(&[&fifo], &all, &count, BUDGET),
        Verdict::Unknown(_)
    ));
    assert!(matches!(
        Cardinality.satisfiable(&[&fifo], BUDGET),
        Verdict::Unknown(_)
    ));
    assert!(
        Cardinality
            .surviving(&fifo)
            .is_none_or(|left| left.get::<u8>().is_none())
    );
}

#[test]
fn ids_differ_and_stay() {
    assert_eq!(
        Properties::standard().id(),
        0x6c6f_7072_6f70_8d31_9a4e_5b1c_0e77_2f01
    );
    assert_eq!(Cardinality.id(), 0x6c6f_6361_7264_8e42_b1d3_7f25_90aa_2f02);
    assert_eq!(
        Session::Synchronous.id(),
        0x6c6f_7365_7373_8a1d_9c40_5be2_71f3_2f03
    );
    assert_eq!(
        Session::Asynchronous.id(),
        0x6c6f_6173_796e_8f6e_a7d5_0c94_3e18_2f04
    );
    assert_eq!(
        Temporal::new().id(),
        0x6c6f_7465_6d70_8b31_a2c9_64d0_17e5_2f05
    );
    let builtin = liveobj_formalisms::builtin();
    assert_eq!(
        builtin.names().collect::<Vec<_>>(),
        [
            "async_session",
            "cardinality",
            "properties",
            "session",
            "temporal"
        ]
    );
}
