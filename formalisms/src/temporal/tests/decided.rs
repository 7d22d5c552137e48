//! Questions whose answers are known.

use std::collections::BTreeMap;

use liveobj_types::formalism::{EndpointStructure, Events, Formalism, Structure};
use liveobj_types::verdict::{Reason, Verdict, Witness};

use super::{BUDGET, answer, channel, emitting, formula};
use crate::temporal::Temporal;
use crate::temporal::formula::Sentence;

fn all(table: &[(&str, &str, &str)]) {
    for (premises, conclusion, expected) in table {
        let found = answer(premises, &Events::All, conclusion);
        assert_eq!(found, *expected, "{premises} => {conclusion}");
    }
}

#[test]
fn one_event_happens_at_a_position() {
    all(&[
        ("", "G !(send & receive)", "holds"),
        ("G (send -> X receive)", "G (send -> X !send)", "holds"),
        ("F (send(m) & receive(m))", "false", "holds"),
    ]);
}

#[test]
fn a_connection_begins_before_anything_happens_there_and_ends_once() {
    all(&[
        ("", "!send W connect", "holds"),
        ("", "G (send -> O connect)", "holds"),
        ("", "G (connect -> X G !connect)", "holds"),
        (
            "",
            "G (disconnect -> X G !(send | connect | disconnect))",
            "holds",
        ),
        ("", "F connect", "fails"),
        ("F send", "F connect", "holds"),
        ("", "!send", "holds"),
        ("", "X !send", "fails"),
        ("", "G (disconnect -> O send)", "fails"),
    ]);
}

#[test]
fn variables_may_be_equal_and_premises_hold_for_all() {
    all(&[
        (
            "G (send(m) -> F receive(m))",
            "forall k: message. G (send(k) -> F receive(k))",
            "holds",
        ),
        (
            "G (send(m) -> F receive(m))",
            "G (send(m) -> X receive(m))",
            "fails",
        ),
        (
            "G (receive(m) -> H (receive(n) -> m = n))",
            "G !(receive(m) & O (receive(n) & n != m))",
            "holds",
        ),
        (
            "G (receive(m) -> H (receive(n) -> m = n))",
            "forall k, m, n: message. G !(receive(m) & O (receive(n) & n != m & O receive(k)))",
            "holds",
        ),
        ("", "G (receive(m) -> H (receive(n) -> m = n))", "fails"),
    ]);
}

#[test]
fn instances_are_told_apart() {
    all(&[
        (
            "forall i, j: instance. G (receive@i(m) -> H !receive@j(n))",
            "forall i: instance. G (receive@i(m) -> H !receive@i(m))",
            "holds",
        ),
        (
            "at most once receive(m)",
            "forall i, j: instance. G (receive@i(m) -> X G !receive@j(m))",
            "fails",
        ),
        (
            "forall i, j: instance. G (receive@i(m) -> X G !receive@j(m))",
            "at most once receive(m)",
            "holds",
        ),
    ]);
}

#[test]
fn what_is_left_open_may_be_anything() {
    all(&[
        ("G !send", "G !send(m)", "holds"),
        ("G !send@*", "G !send", "holds"),
        (
            "G (send(m) -> F receive)",
            "G (send(m) -> F receive(m))",
            "fails",
        ),
        (
            "G (send(m) -> F receive(m))",
            "G (send(m) -> F receive)",
            "holds",
        ),
        ("G F send", "F send", "holds"),
        ("G !send(m)", "G !send", "holds"),
        ("forall i: instance. G !send@i", "G !send@*", "holds"),
        (
            "G (receive(m) -> O send@*(m))",
            "G (receive -> O send@*)",
            "holds",
        ),
        ("!receive(m) W send@*(m)", "!receive W send@*", "holds"),
        // Each message may stop some time, and there may be ever new ones.
        ("F G !send(m)", "F G !send", "unknown"),
    ]);
}

#[test]
fn what_a_premise_asserts_of_some_instance_has_a_witness() {
    all(&[
        ("F receive@*", "exists i: instance. F receive@i", "holds"),
        (
            "F (receive@* & X send@*)",
            "exists i, j: instance. F (receive@i & X send@j)",
            "holds",
        ),
        (
            "!(G !receive@*)",
            "exists i: instance. F receive@i",
            "holds",
        ),
        (
            "!receive@* U send@*",
            "exists i: instance. (F send@i & (!receive@i U send@i))",
            "holds",
        ),
        (
            "exists i: instance. F (receive@i & F send@*)",
            "exists i, j: instance. F (receive@i & F send@j)",
            "holds",
        ),
        // Of each time it may be another one.
        (
            "G F receive@*",
            "exists i: instance. G F receive@i",
            "unknown",
        ),
        (
            "F receive@*; F send@*",
            "exists i: instance. (F receive@i & F send@i)",
            "fails",
        ),
        // Some instance, not each.
        ("F receive@*", "forall i: instance. F receive@i", "fails"),
    ]);
}

#[test]
fn existential_quantifiers_lead_premises_and_end_conclusions() {
    all(&[
        (
            "exists i: instance. F send@i",
            "exists i: instance. F send@i",
            "holds",
        ),
        (
            "exists i: instance. G !send@i",
            "forall i: instance. G !send@i",
            "fails",
        ),
        (
            "forall i: instance. F send@i",
            "exists i: instance. F send@i",
            "holds",
        ),
        (
            "exists i: instance. F send@i",
            "exists j: instance. F connect@j",
            "holds",
        ),
        (
            "exists i: instance. forall j: instance. G (send@j -> O connect@i)",
            "forall j: instance. exists i: instance. G (send@j -> O connect@i)",
            "holds",
        ),
    ]);
}

#[test]
fn quantifiers_in_the_other_order_are_not_taken_for_these() {
    all(&[
        // Where one instance has each message there need be none that has all.
        (
            "exists i, j: instance. forall m: message. F send@i(m) | F send@j(m)",
            "exists i: instance. forall m: message. F send@i(m)",
            "unknown",
        ),
        (
            "forall m: message. exists i: instance. F send@i(m)",
            "forall m, n: message. exists i: instance. F send@i(m) & F send@i(n)",
            "unknown",
        ),
    ]);
    // What is left open stands behind the quantifiers.
    let premises = "exists i, j: instance. i != j & F connect@i & F connect@j; \
                    forall i, j: instance. F send@i(m) & F send@j(m) -> i = j";
    let nothing = "exists i: instance. G !send@i";
    assert_ne!(answer(premises, &Events::All, nothing), "holds");
}

#[test]
fn what_is_left_open_becomes_a_variable_only_where_that_says_the_same() {
    all(&[
        (
            "G (stop -> X !(send(m) U done))",
            "G (stop -> X !(send U done))",
            "fails",
        ),
        (
            "G (done -> X !(stop R send(m)))",
            "G (done -> X !(stop R send))",
            "fails",
        ),
        (
            "G (done -> X X (!Y send(m) R !stop))",
            "G (done -> X X (!Y send R !stop))",
            "fails",
        ),
    ]);
}

#[test]
fn a_type_of_one_value_has_no_other() {
    let mut endpoint = channel();
    let events = endpoint.emitted.values_mut();
    for parameter in events.chain(endpoint.received.values_mut()).flatten() {
        parameter.domain.size = Some(1);
    }
    let structure = Structure::Endpoint(endpoint);
    let read = |text| Temporal::new().parse(text, &structure).expect("a formula");
    let (premise, conclusion) = (read("F G !send(m)"), read("F G !send"));
    let implies = Temporal::new().implies(&[&premise], &Events::All, &conclusion, BUDGET);
    assert!(implies.holds(), "{implies:?}");
}

#[test]
fn a_provider_emits_what_it_may_and_receives_anything() {
    let receives = "G (receive -> O send)";
    assert_eq!(answer("", &emitting(&["done"]), receives), "holds");
    assert_eq!(answer("", &emitting(&["receive"]), receives), "fails");
    assert_eq!(answer("", &emitting(&[]), "G !send"), "fails");
}

#[test]
fn models_that_are_all_infinite_refute_nothing_and_prove_nothing() {
    // Each message is sent at most once, and always another one.
    let premises = "at most once send(m); G F send";
    assert_eq!(answer(premises, &Events::All, "false"), "unknown");
}

#[test]
fn a_refutation_names_what_there_is_and_what_happens() {
    let temporal = Temporal::new();
    let conclusion = formula("forall i, j: instance. G (receive@i(m) -> O send@j(m))");
    let premise = formula("G (receive(m) -> O send(m))");
    let verdict = temporal.implies(&[&premise], &Events::All, &conclusion, BUDGET);
    let Verdict::Fails(Witness::History {
        elements,
        prefix,
        cycle,
    }) = &verdict
    else {
        panic!("{verdict:?}");
    };
    assert!(elements.len() == 3, "{elements:?}");
    assert!(prefix.len() <= 3, "{prefix:?}");
    assert_eq!(cycle.len(), 1, "{cycle:?}");
}

#[test]
fn a_budget_that_ends_is_no_answer() {
    let temporal = Temporal::new();
    let (premise, conclusion) = (
        formula("G (send(m) -> F receive(m))"),
        formula("G !send(m)"),
    );
    let answers = [0, 1, 10, 100]
        .map(|budget| temporal.implies(&[&premise], &Events::All, &conclusion, budget));
    for answer in answers {
        assert_eq!(answer, Verdict::Unknown(Reason::Budget));
    }
}

#[test]
fn silence_is_told_from_what_nobody_can_observe() {
    let temporal = Temporal::new();
    for (text, expected) in [
        ("G (send -> F receive)", "holds"),
        ("G (send -> X G !send)", "holds"),
        ("!send W connect", "holds"),
        ("G (receive(m) -> O send(m))", "holds"),
        ("G (send -> X receive)", "fails"),
        ("G (send -> Y connect)", "fails"),
        ("send U receive", "holds"),
        ("F (send & X send)", "fails"),
        ("F G !send", "holds"),
        ("G F send", "holds"),
        (
            "forall i, j: instance. G (receive@i(m) -> O send@j(m))",
            "holds",
        ),
        ("G (send -> (!done U receive))", "holds"),
        ("fifo", "holds"),
        ("G (send -> Y O connect)", "holds"),
        ("G (send -> Y H !receive)", "holds"),
        ("F (send & H !receive)", "holds"),
        ("G (send -> F H !done)", "holds"),
        ("G (send -> (send U receive))", "fails"),
        ("G (send -> X receive) & G !done", "fails"),
        ("G !done & G (send -> X receive)", "fails"),
    ] {
        let verdict = temporal.ignores_silence(&formula(text), BUDGET);
        assert_eq!(verdict.to_string(), expected, "{text}");
    }
}

#[test]
fn guarantees_wait_for_each_other_if_only_their_provider_can_break_them() {
    let temporal = Temporal::new();
    let all = emitting(&["receive", "done"]);
    for (text, expected) in [
        ("G (receive(m) -> O send(m))", "holds"),
        ("at most once receive(m)", "holds"),
        (
            "forall i, j: instance. G (receive@i(m) -> O send@j(m))",
            "holds",
        ),
        ("G (receive -> O send@*)", "holds"),
        ("!receive W (send & O connect)", "holds"),
        ("G (send(m) -> F receive(m))", "unknown"),
        ("G !(send(m) & O receive(m))", "unknown"),
        ("X !receive", "holds"),
        ("false", "unknown"),
        ("exists i: instance. G !receive@i", "unknown"),
        // Only of equal values.
        ("G (m = n & send(m) -> !O receive(n))", "unknown"),
        ("G (m != n & send(m) -> !O receive(n))", "unknown"),
    ] {
        let waiting = formula(text);
        let verdict = temporal.self_sustaining(&[], &[&waiting], &all, BUDGET);
        assert_eq!(verdict.to_string(), expected, "{text}");
    }
    // Of what is kept, silence must refute nothing; who breaks it does not matter.
    for (text, expected) in [
        ("G !(send(m) & O receive(m))", "holds"),
        ("G !disconnect", "holds"),
        ("G (send(m) -> F receive(m))", "unknown"),
        ("G (send(m) -> X receive(m))", "unknown"),
        ("false", "unknown"),
    ] {
        let (kept, waiting) = (formula(text), formula("at most once receive(m)"));
        let verdict = temporal.self_sustaining(&[&kept], &[&waiting], &all, BUDGET);
        assert_eq!(verdict.to_string(), expected, "{text}");
    }
    // What it may not emit it cannot break anything with.
    let waiting = formula("G !done");
    let verdict = temporal.self_sustaining(&[], &[&waiting], &emitting(&[]), BUDGET);
    assert!(verdict.holds());
}

#[test]
fn a_guarantee_is_said_of_endpoints_of_peers_with_all_that_it_says() {
    let temporal = Temporal::new();
    let structure = |ends: [(&str, bool); 3]| {
        let ends = ends.map(|(name, emits)| {
            let says = BTreeMap::from([("say".to_owned(), Vec::new())]);
            let mut end = EndpointStructure {
                name: name.to_owned(),
                emitted: says,
                ..EndpointStructure::default()
            };
            if !emits {
                end = end.turned();
            }
            (name.to_owned(), end)
        });
        Structure::Object(ends.into())
    };
    let own = structure([("a", true), ("b", false), ("c", true)]);
    let there = structure([("x", true), ("y", false), ("c", true)]);
    let peers = [("a", "x"), ("b", "y")].map(|(own, peer)| (own.to_owned(), peer.to_owned()));
    let peers = BTreeMap::from(peers);
    let said = |text: &str| {
        let formula = temporal.parse(text, &own).expect(text);
        temporal.at_peers(&formula, &peers)
    };
    for (text, expected) in [
        ("G !a.say@*", "G !x.say@*"),
        (
            "forall i, j: instance. G (a.say@i -> O b.say@j)",
            "forall i, j: instance. G (x.say@i -> O y.say@j)",
        ),
        ("G (c.say@* -> O a.say@*)", "G (c.say@* -> O x.say@*)"),
        (
            "G (c.disconnect@* -> O a.say@*)",
            "G (c.disconnect@* -> O x.say@*)",
        ),
        ("F a.connect@* -> F b.say@*", "F x.connect@* -> F y.say@*"),
    ] {
        let expected = temporal.parse(expected, &there).expect(expected);
        let said = said(text).expect(text);
        assert_eq!(said.get::<Sentence>(), expected.get::<Sentence>(), "{text}");
    }
    assert!(said("G !c.say@*").is_none(), "it is about nothing there");
}

#[test]
fn what_tells_messages_apart_does_not_survive_a_loss() {
    for (text, expected) in [
        ("G (receive -> O send)", true),
        ("forall i, j: instance. G (receive@i -> O send@j)", true),
        ("G (receive(m) -> O send(m))", false),
        ("exists m: message. G !receive(m)", false),
    ] {
        let left = Temporal::new().surviving(&formula(text));
        assert_eq!(left.is_some(), expected, "{text}");
    }
}

#[test]
fn a_formula_about_one_connection_is_told_from_one_about_several() {
    let temporal = Temporal::new();
    for (text, expected) in [
        ("G (receive(m) -> O send(m))", true),
        ("forall i: instance. G !receive@i", true),
        ("forall i, j: instance. G (receive@i -> O send@j)", false),
        ("G (receive(m) -> O send@*(m))", false),
        ("exists i: instance. G !receive@i", false),
    ] {
        assert_eq!(
            temporal.of_one_connection(&formula(text)),
            expected,
            "{text}"
        );
    }
}
