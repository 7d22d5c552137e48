//! Constraints of endpoint types that fit each other without being equal.

use liveobj_types::relation::Rule;
use liveobj_types::{Module, Source, Types};

use crate::scope::Scope;

/// The verdict where one side emits `m: left` and the other one handles `m: right`, and what the one
/// provides the other one requires.
fn verdict(constraint: &str, left: &str, right: &str) -> String {
    let mut scope = Scope::new(&format!(
        r#"
        enum One {{ a }}
        enum Two {{ a, b }}
        endpoint Sender {{ out tell(m: {left}); out done(); provides temporal "{constraint}"; }}
        endpoint Hearer {{ in tell(m: {right}); in done(); requires temporal "{constraint}"; }}"#
    ));
    let (sender, hearer) = (scope.endpoint("Sender"), scope.endpoint("Hearer"));
    scope.relations().matches(sender, hearer).to_string()
}

#[test]
fn equal_texts_about_more_values_promise_no_more_than_what_values_that_never_occur_allow() {
    let once = "G (tell(m) -> X G !tell(m))";
    let all = "F tell(m)";
    let alone = "forall m, n: message. G (tell(m) & F tell(n) -> m = n)";
    for (constraint, left, right, expected) in [
        (once, "u8", "u8", "holds"),
        (once, "u8", "u16", "holds"),
        (once, "u8", "option<u8>", "holds"),
        ("!done W tell", "u8", "u16", "holds"),
        ("!tell(m) W done", "One", "Two", "holds"),
        (alone, "One", "Two", "holds"),
        (all, "u8", "u8", "holds"),
        // All of `u8` is not all of `u16`.
        (all, "u8", "u16", "unknown"),
        (all, "One", "Two", "unknown"),
        ("exists m: message. G !tell(m)", "One", "Two", "unknown"),
        // Of `One` the other value is the same one.
        (
            "forall m, n: message. G (tell(m) -> F tell(n))",
            "One",
            "Two",
            "unknown",
        ),
        ("done S tell(m) | F tell(m)", "u8", "u16", "unknown"),
    ] {
        let found = verdict(constraint, left, right);
        assert_eq!(found, expected, "{constraint}: {left} to {right}");
    }
}

/// Whoever else is connected may break what a guarantee assumes of each connection by itself. Then it
/// holds where that is kept, and says nothing of other connections.
#[test]
fn what_holds_at_one_connection_tells_nothing_of_others() {
    let given = r#"provides temporal "G !x" given "G !y";"#;
    let required = r#"requires temporal "G !y";"#;
    let after = r#"provides temporal "exists j: instance. forall i: instance. G (w@i -> O x@j)";"#;
    let after_here = r#"provides temporal "G (w -> O x)";"#;
    for (owner, asked, expected) in [
        (given.to_owned(), "G !x", "holds"),
        (given.to_owned(), "forall m: message. G !x", "holds"),
        (given.to_owned(), "G !x@*", "unknown"),
        (
            given.to_owned(),
            "forall i, j: instance. G (x@i -> G !x@j)",
            "unknown",
        ),
        (given.to_owned() + required, "G !x@*", "holds"),
        // With others it tells only what these say of this connection.
        (given.to_owned() + after, "G !w", "unknown"),
        (given.to_owned() + after + required, "G !w", "holds"),
        (given.to_owned() + after_here, "G !w", "holds"),
        (given.to_owned(), "G !w", "fails"),
    ] {
        let mut scope = Scope::new(&format!(
            r#"
            endpoint Owner {{ out x(); out w(); in y(); {owner} }}
            endpoint Peer {{ in x(); in w(); out y(); provides temporal "G !y@*";
                requires temporal "{asked}"; }}"#
        ));
        let (owner_type, peer) = (scope.endpoint("Owner"), scope.endpoint("Peer"));
        let found = scope.relations().matches(owner_type, peer).to_string();
        assert_eq!(found, expected, "{asked}, where it says {owner}");
    }
}

/// The same in a circle, of what each connection has by itself or of all connections.
#[test]
fn a_circle_at_one_connection_tells_nothing_of_others() {
    for (required, asked, expected) in [
        ("", "G !x", "holds"),
        ("", "G !x@*", "unknown"),
        (r#"requires temporal "G !y";"#, "G !x@*", "holds"),
    ] {
        let mut scope = Scope::new(&format!(
            r#"
            endpoint Owner {{ out x(); in y(); provides temporal "G !x" given "G !y"; {required} }}
            endpoint Peer {{ in x(); out y(); provides temporal "G !y" given "G !x";
                requires temporal "G !x"; requires temporal "{asked}"; }}"#
        ));
        let (owner, peer) = (scope.endpoint("Owner"), scope.endpoint("Peer"));
        let found = scope.relations().matches(owner, peer).to_string();
        assert_eq!(found, expected, "{asked}, with {required}");
    }
}

/// Who keeps what its requirement is given under is owed a promise that does not depend on others; also
/// where it is not known whether it does.
#[test]
fn who_may_keep_an_assumption_is_owed_a_promise_to_all() {
    for (provides, expected) in [
        (r#""#, "holds"),
        (r#"provides temporal "G !x@*";"#, "holds"),
        (r#"provides temporal "G !w@*";"#, "unknown"),
        // It never says `w`, which is not decided.
        (
            r#"provides temporal "G !x"; provides temporal "G (w@* -> O x@*)";"#,
            "unknown",
        ),
    ] {
        let mut scope = Scope::new(&format!(
            r#"
            endpoint Owner {{ out say(); in x(); in w();
                provides temporal "G !say@*" given "G !w@*"; }}
            endpoint Peer {{ in say(); out x(); out w(); {provides}
                requires temporal "G !say@*" given "G !w@*"; }}"#
        ));
        let (owner, peer) = (scope.endpoint("Owner"), scope.endpoint("Peer"));
        let found = scope.relations().matches(owner, peer).to_string();
        assert_eq!(found, expected, "{provides}");
    }
}

/// Where all peers have to keep an assumption, the guarantee is taken to hold at all connections. An
/// object that requires nothing of that may have other peers that do not keep it.
#[test]
fn a_promise_to_each_peer_is_none_of_what_holds_everywhere() {
    let given = r#"provides temporal "G !x" given "G !y";"#;
    let required = format!(r#"{given} requires temporal "G !y";"#);
    for (left, right, expected) in [
        (given, required.as_str(), "unknown"),
        (given, given, "holds"),
        (required.as_str(), required.as_str(), "holds"),
    ] {
        let mut scope = Scope::new(&format!(
            r#"
            endpoint Left {{ out x(); in y(); {left} }}
            endpoint Right {{ out x(); in y(); {right} }}"#
        ));
        let [left_type, right_type] = ["Left", "Right"].map(|name| scope.resolve(name));
        let found = scope.relations().subtype(left_type, right_type).verdict;
        assert_eq!(found.to_string(), expected, "{left} and {right}");
        // Who keeps it is owed the rest at its own connection, whatever others do.
        let [left_type, mirror] = ["Left", "mirror Right"].map(|name| scope.endpoint(name));
        assert!(scope.relations().matches(left_type, mirror).holds());
    }
}

/// Where a peer keeps at the connection at hand what is required of each connection by itself, it may not
/// at others. So that meets nothing that is about all of them, neither at once nor through another type.
#[test]
fn what_is_required_of_all_connections_is_not_met_by_what_each_has_by_itself() {
    let mut scope = Scope::new(
        r#"
        endpoint Each { out x(); in y(); provides temporal "G !x@*" given "G !y@*";
            requires temporal "G !y"; }
        endpoint All { out x(); in y(); requires temporal "G !y@*"; }
        endpoint EachOnly { out x(); in y(); requires temporal "G !y"; }
        endpoint Here { in x(); out y(); in z(); provides temporal "G !y" given "G !z"; }
        endpoint Everywhere { in x(); out y(); in z(); provides temporal "G !y";
            requires temporal "G !x@*"; }"#,
    );
    let types = ["Each", "All", "EachOnly", "Here", "Everywhere"];
    let [each, all, only, here, everywhere] = types.map(|name| scope.endpoint(name));
    for (left, right, expected) in [
        (each, everywhere, "holds"),
        (all, here, "unknown"),
        (only, here, "holds"),
        // Others rely on what it guarantees to all.
        (each, here, "unknown"),
    ] {
        let found = scope.relations().matches(left, right).to_string();
        assert_eq!(found, expected, "{left:?} and {right:?}");
    }
    for (left, right, expected) in [
        ("All", "EachOnly", "unknown"),
        ("Each", "EachOnly", "unknown"),
        ("EachOnly", "All", "holds"),
        ("All", "Each", "unknown"),
        ("EachOnly", "EachOnly", "holds"),
    ] {
        let [l, r] = [left, right].map(|name| scope.resolve(name));
        let found = scope.relations().subtype(l, r).verdict.to_string();
        assert_eq!(found, expected, "{left} and {right}");
    }
}

/// Nobody can observe whether an assumption is kept that counts moments at which nothing happens.
#[test]
fn an_assumption_counts_no_silence() {
    let faults = |given: &str| -> Vec<String> {
        let text = format!(
            r#"endpoint E {{ in y(); out x(); provides temporal "G !x" given "{given}"; }}"#
        );
        let source = Source::new("test.lot", text);
        let (module, _) = Module::parse("test", &source, &mut |_| None);
        let faults = Types::new().check_module(&module, &liveobj_formalisms::builtin());
        faults.into_iter().map(|fault| fault.message).collect()
    };
    assert_eq!(faults("G (y -> X G !y)"), [""; 0]);
    assert_eq!(
        faults("G (y -> X y)"),
        ["what this constraint is given under counts moments at which nothing happens"]
    );
}

/// What is told of why a match requires no more than it provides: the rules, and what they take.
fn reasons(declarations: &str) -> Vec<String> {
    let mut scope = Scope::new(declarations);
    let (left, right) = (scope.endpoint("Left"), scope.endpoint("Right"));
    let mut relations = scope.relations();
    assert!(relations.matches(left, right).holds());
    let met = relations.match_grounds(left, right).met.into_iter();
    met.map(|met| match &met.derivation.rule {
        Rule::Repeated { from } => format!("repeats {}", from.text),
        Rule::Implied { from, .. } => format!("follows from {}", from.len()),
        other => panic!("{other:?}"),
    })
    .collect()
}

#[test]
fn that_nothing_is_handled_is_no_reason_why_nothing_is_emitted() {
    let right = r#"endpoint Right { in x(); requires temporal "G !x"; }"#;
    let handles = r#"endpoint Left { in x(); provides temporal "G !x"; }"#;
    let emits = r#"endpoint Left { out x(); provides temporal "G !x"; }"#;
    // Nobody who only handles `x` emits it.
    assert_eq!(reasons(&format!("{handles} {right}")), ["follows from 0"]);
    assert_eq!(reasons(&format!("{emits} {right}")), ["repeats G !x"]);
}

/// What a session says is told from the side of whoever gives it, also where its dual is written.
#[test]
fn the_dual_of_a_session_is_translated_from_its_own_side() {
    let mut scope = Scope::new(
        r#"
        endpoint Server { in ask(); out answer(); follows session "rec X . ?ask; !answer; X"; }
        endpoint Peer { in ask(); out answer(); follows session "rec X . ?ask; !answer; X";
            requires temporal "G !answer -> G (ask -> X G !ask)"; }
        endpoint Never { in ask(); out answer(); follows session "rec X . ?ask; !answer; X";
            requires temporal "G !ask"; }"#,
    );
    let client = scope.endpoint("mirror Server");
    for (peer, expected) in [("Peer", "holds"), ("Never", "fails")] {
        let peer = scope.endpoint(peer);
        let found = scope.relations().matches(client, peer).to_string();
        assert_eq!(found, expected);
    }
}
