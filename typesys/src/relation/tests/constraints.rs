//! Implication between constraints, with the formalism of words.

use super::*;

fn endpoint(members: &str) -> String {
    format!(
        "endpoint Bare {{ in send(m: u8); out receive(m: u8); }}
        endpoint E {{ in send(m: u8); out receive(m: u8); {members} }}"
    )
}

#[test]
fn a_guarantee_meets_the_same_requirement_and_weaker_ones() {
    let declarations = r#"
        endpoint Strong { out a(); provides words "fast safe"; }
        endpoint Weak { out a(); provides words "fast"; }
        endpoint Asks { in a(); requires words "fast"; }"#;
    check(
        declarations,
        "Strong",
        "Weak",
        expect![[r#"
        holds
    "#]],
    );
    check(
        declarations,
        "Weak",
        "Strong",
        expect![[r#"
            fails
            `right` provides words "fast safe", and `left` provides words "fast"; that allows safe = no
              add `provides words "fast safe"` where it is true
        "#]],
    );
    check_match(
        declarations,
        "Strong",
        "Asks",
        expect![[r#"
        holds
    "#]],
    );
    check_match(
        declarations,
        "Asks",
        "mirror Asks",
        expect![[r#"
        holds
    "#]],
    );
}

#[test]
fn several_guarantees_meet_a_requirement_together() {
    let declarations = r#"
        endpoint Two { out a(); provides words "fast"; provides words "safe"; }
        endpoint One { out a(); provides words "safe fast"; }"#;
    check(
        declarations,
        "Two",
        "One",
        expect![[r#"
        holds
    "#]],
    );
}

#[test]
fn requirements_are_contravariant() {
    let declarations = r#"
        endpoint Undemanding { out a(); }
        endpoint Demanding { out a(); requires words "fast"; }"#;
    check(
        declarations,
        "Undemanding",
        "Demanding",
        expect![[r#"
        holds
    "#]],
    );
    check(
        declarations,
        "Demanding",
        "Undemanding",
        expect![[r#"
            fails
            `left` requires words "fast", and `right` requires nothing in `words`; that allows fast = no
              remove `requires words "fast"`, or require less
        "#]],
    );
    check_match(
        declarations,
        "mirror Undemanding",
        "Demanding",
        expect![[r#"
            fails
            `right` requires words "fast", and `left` provides nothing in `words`; that allows fast = no
              add `provides words "fast"` where it is true, or require less
        "#]],
    );
}

#[test]
fn only_what_the_provider_emits_counts() {
    let declarations = r#"
        endpoint Silent { in b(); }
        endpoint Base { in b(); out a(); provides words "never_a"; }
        endpoint Loud { in b(); out a(); }"#;
    check(
        declarations,
        "Silent",
        "Base",
        expect![[r#"
        holds
    "#]],
    );
    check(
        declarations,
        "Loud",
        "Base",
        expect![[r#"
            fails
            `right` provides words "never_a", and `left` provides nothing in `words`; that allows never_a = no
              add `provides words "never_a"` where it is true
        "#]],
    );
}

#[test]
fn without_its_formalism_only_an_equal_text_counts() {
    let declarations = r#"
        endpoint A { out a(); provides quality "p  q"; }
        endpoint B { out a(); provides quality "p q"; }
        endpoint C { out a(); provides quality "q p"; }"#;
    check(
        declarations,
        "A",
        "B",
        expect![[r#"
        holds
    "#]],
    );
    check(
        declarations,
        "A",
        "C",
        expect![[r#"
            unknown
            `right` provides quality "q p", and `left` provides quality "p q"; whether that suffices is not known: no formalism `quality` is registered
        "#]],
    );
}

#[test]
fn a_witness_that_does_not_replay_refutes_nothing() {
    let declarations = r#"
        endpoint A { out a(); }
        endpoint B { out a(); provides words "liar"; }"#;
    check(
        declarations,
        "A",
        "B",
        expect![[r#"
            unknown
            `right` provides words "liar", and `left` provides nothing in `words`; whether that suffices is not known: formalism `words` refutes it, but its witness does not replay
        "#]],
    );
}

#[test]
fn a_text_that_cannot_be_read_is_not_met_even_by_itself() {
    let declarations = r#"
        endpoint A { out a(); provides words "what?"; }
        endpoint B { out a(); provides words "what?"; }"#;
    check(
        declarations,
        "A",
        "B",
        expect![[r#"
            unknown
            `right` provides words "what?", and `left` provides words "what?"; whether that suffices is not known: the constraint cannot be read: what does that mean
        "#]],
    );
    // But no type is compared with itself.
    check(
        declarations,
        "A",
        "A",
        expect![[r#"
        holds
    "#]],
    );
}

#[test]
fn a_guarantee_that_cannot_be_read_may_be_what_is_missing() {
    let declarations = r#"
        endpoint A { out a(); provides words "what?"; }
        endpoint B { out a(); provides words "fast"; }"#;
    check(
        declarations,
        "A",
        "B",
        expect![[r#"
            unknown
            `right` provides words "fast", and `left` provides words "what?"; whether that suffices is not known: the constraint cannot be read: what does that mean
        "#]],
    );
}

#[test]
fn a_conditional_guarantee_meets_only_the_same_condition() {
    let declarations = r#"
        endpoint Given { out a(); provides words "fast" given "calm"; }
        endpoint Same { out a(); provides words "fast" given "calm"; }
        endpoint Other { out a(); provides words "fast" given "storm"; }
        endpoint Always { out a(); provides words "fast"; }"#;
    check(
        declarations,
        "Given",
        "Same",
        expect![[r#"
        holds
    "#]],
    );
    check(
        declarations,
        "Given",
        "Other",
        expect![[r#"
            unknown
            `right` provides words "fast given storm", and `left` provides words "fast given calm"; whether that suffices is not known: no one guarantee was shown to say as much under words "storm", or less
        "#]],
    );
    check(
        declarations,
        "Given",
        "Always",
        expect![[r#"
            unknown
            `right` provides words "fast", and `left` provides words "fast given calm"; whether that suffices is not known: words "fast" is given only under words "calm", which need not be so wherever it is used
        "#]],
    );
    check(
        declarations,
        "Always",
        "Given",
        expect![[r#"
        holds
    "#]],
    );
}

#[test]
fn an_assumption_about_messages_does_not_survive_a_dropped_field() {
    let declarations = r#"
        record Long { text: u8, extra: u8 }
        record Short { text: u8, .. }
        endpoint About { out a(m: Long); provides words "Fast" given "calm"; }
        endpoint Within { out a(m: Short); provides words "Fast" given "calm"; }
        endpoint Blind { out a(m: Long); provides words "Fast" given "Calm"; }
        endpoint Seen { out a(m: Short); provides words "Fast" given "Calm"; }"#;
    check(
        declarations,
        "About",
        "Within",
        expect![[r#"
            unknown
            `right` provides words "Fast given calm", and `left` provides words "Fast given calm"; whether that suffices is not known: a conversion drops a field, and the guarantee may not survive that
        "#]],
    );
    check(
        declarations,
        "Blind",
        "Seen",
        expect![[r#"
        holds
    "#]],
    );
}

#[test]
fn what_an_object_promises_does_not_survive_a_dropped_field_at_an_endpoint() {
    let declarations = r#"
        record Long { text: u8, extra: u8 }
        record Short { text: u8, .. }
        endpoint Lines { out a(m: Long); }
        endpoint Texts { out a(m: Short); }
        object About { endpoint e: Lines; endpoint f: Lines; provides words "about"; }
        object Within { endpoint e: Texts; endpoint f: Lines; provides words "about"; }
        object Blind { endpoint e: Lines; endpoint f: Lines; provides words "Blind"; }
        object Seen { endpoint e: Texts; endpoint f: Lines; provides words "Blind"; }"#;
    check(
        declarations,
        "About",
        "Within",
        expect![[r#"
            unknown
            `right` provides words "about", and `left` provides words "about"; whether that suffices is not known: a conversion drops a field, and the guarantee may not survive that
        "#]],
    );
    check(
        declarations,
        "Blind",
        "Seen",
        expect![[r#"
        holds
    "#]],
    );
}

#[test]
fn the_dual_of_a_text_that_nobody_reads_is_another_one() {
    let declarations = r#"
        endpoint Gives { in a(); out b(); provides unheard "ping"; }
        endpoint Follows { out a(); in b(); follows unheard "ping"; }
        endpoint Asks { out a(); in b(); requires unheard "ping"; }"#;
    assert!(
        ask(declarations, Ask::Match, "Gives", "Asks")
            .verdict
            .holds()
    );
    let verdict = ask(declarations, Ask::Match, "Gives", "Follows").verdict;
    assert_eq!(verdict.to_string(), "unknown");
}

#[test]
fn a_text_that_nobody_reads_may_speak_of_more_on_one_side() {
    let declarations = r#"
        endpoint Long { out a(m: u8); out b(); in c(); provides unheard "fast"; }
        endpoint Short { out a(m: u8); out b(); out d(); provides unheard "fast"; }
        endpoint Turned { out a(m: u8); out b(); out c(); provides unheard "fast"; }"#;
    assert!(
        ask(declarations, Ask::Subtype, "Long", "Short")
            .verdict
            .holds()
    );
    let turned = ask(declarations, Ask::Subtype, "Long", "Turned").verdict;
    assert_eq!(turned.to_string(), "unknown");
}

#[test]
fn what_follows_a_protocol_matches_its_mirror_even_without_duals() {
    let declarations = r#"
        endpoint A { in a(); out b(); follows words "ping pong"; }
        endpoint B { in a(); out b(); follows words "ping pong"; }
        endpoint C { in a(); out b(); follows words "pong"; }"#;
    check_match(
        declarations,
        "A",
        "mirror B",
        expect![[r#"
        holds
    "#]],
    );
    check(
        declarations,
        "A",
        "C",
        expect![[r#"
            unknown
            `left` requires words "dual of ping pong", and `right` requires words "dual of pong"; whether that suffices is not known: formalism `words` has no duals
        "#]],
    );
}

const LOSSY: &str = r#"
    record Line { text: string, author: string }
    record Text { text: string, .. }
    endpoint Full { out a(m: Line); provides words "once Quick"; }
    endpoint Once { out a(m: Text); provides words "once"; }
    endpoint OnceFull { out a(m: Line); provides words "once"; }
    endpoint Nothing { out a(m: Line); }
    endpoint Quick { out a(m: Text); provides words "Quick"; }
    endpoint Slow { out a(m: Text); provides words "Slow"; }
    endpoint SecretFull { out a(m: Line); provides quality "secret"; }
    endpoint Secret { out a(m: Text); provides quality "secret"; }
    endpoint QuickFull { out a(m: Line); provides words "Quick"; }"#;

#[test]
fn a_guarantee_about_messages_does_not_survive_a_dropped_field() {
    check(
        LOSSY,
        "Full",
        "Once",
        expect![[r#"
            unknown
            `right` provides words "once", and `left` provides words "once Quick"; whether that suffices is not known: a conversion drops a field, and the guarantee may not survive that
        "#]],
    );
    check_match(
        LOSSY,
        "Full",
        "mirror Once",
        expect![[r#"
        unknown
        `right` requires words "once", and `left` provides words "once Quick"; whether that suffices is not known: a conversion drops a field, and the guarantee may not survive that
    "#]],
    );
}

#[test]
fn the_same_text_does_not_survive_a_dropped_field() {
    let expected = "a conversion drops a field, and the guarantee may not survive that";
    for (left, right) in [
        ("OnceFull", "Once"),
        ("Nothing", "Once"),
        ("SecretFull", "Secret"),
    ] {
        let answer = ask(LOSSY, Ask::Subtype, left, right);
        let told = shown(&answer);
        assert_eq!(answer.verdict.to_string(), "unknown", "{told}");
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn what_is_not_about_messages_survives_a_dropped_field() {
    check(
        LOSSY,
        "Full",
        "Quick",
        expect![[r#"
        holds
    "#]],
    );
    check(
        LOSSY,
        "Full",
        "Slow",
        expect![[r#"
            unknown
            `right` provides words "Slow", and `left` provides words "once Quick"; whether that suffices is not known: a conversion drops a field, and the guarantee may not survive that
        "#]],
    );
    check(
        LOSSY,
        "QuickFull",
        "Slow",
        expect![[r#"
            fails
            `right` provides words "Slow", and `left` provides words "Quick"; that allows Slow = no
              add `provides words "Slow"` where it is true
        "#]],
    );
}

#[test]
fn objects_have_constraints_of_their_own() {
    let declarations = r#"
        endpoint E { out a(); }
        object Weak { endpoint e: E; }
        object Strong { endpoint e: E; provides words "fast"; }
        object Demanding { endpoint e: E; requires words "calm"; }"#;
    check(
        declarations,
        "Strong",
        "Weak",
        expect![[r#"
        holds
    "#]],
    );
    check(
        declarations,
        "Weak",
        "Strong",
        expect![[r#"
            fails
            `right` provides words "fast", and `left` provides nothing in `words`; that allows fast = no
              add `provides words "fast"` where it is true
        "#]],
    );
    check(
        declarations,
        "Weak",
        "Demanding",
        expect![[r#"
        holds
    "#]],
    );
    check(
        declarations,
        "Demanding",
        "Weak",
        expect![[r#"
            fails
            `left` requires words "calm", and `right` requires nothing in `words`; that allows calm = no
              remove `requires words "calm"`, or require less
        "#]],
    );
}

#[test]
fn the_budget_belongs_to_the_question() {
    let source = Source::new("test.lot", endpoint(r#"provides words "fast";"#));
    let (module, _) = Module::parse("test", &source, &mut |_| None);
    let mut types = Types::new();
    let source = Source::new("as", "E");
    let expr = parse_type(&source).unwrap();
    let id = types
        .resolve(&module, &source, &expr, &Environment::new())
        .unwrap();
    let TypeId::Endpoint(id) = id else {
        unreachable!()
    };
    let formalisms = formalisms();
    let mut relations = Relations::new(&mut types, &formalisms);
    assert!(relations.endpoint_subtype(id, id).verdict.holds());
    relations.budget = 1;
    assert!(relations.endpoint_subtype(id, id).verdict.holds());
    assert_eq!(Reason::Budget.to_string(), "the step budget ran out");
}

#[test]
fn without_its_formalism_a_text_binds_parameters_by_their_order() {
    let declarations = r#"
        endpoint A { out edit(a: u8, b: u8); provides quality "G !edit(x, _)"; }
        endpoint B { out edit(b: u8, a: u8); provides quality "G !edit(x, _)"; }
        endpoint C { in edit(b: u8, a: u8); requires quality "G !edit(x, _)"; }
        object X { endpoint e: A; provides quality "G e.edit(x, _)"; }
        object Y { endpoint e: D; provides quality "G e.edit(x, _)"; }
        endpoint D { out edit(b: u8, a: u8); }"#;
    for answer in [
        ask(declarations, Ask::Subtype, "A", "B"),
        ask(declarations, Ask::Match, "A", "C"),
        ask(declarations, Ask::Subtype, "X", "Y"),
    ] {
        assert_eq!(answer.verdict.to_string(), "unknown");
    }
    assert!(ask(declarations, Ask::Match, "B", "C").verdict.holds());
}
