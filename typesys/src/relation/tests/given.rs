//! Guarantees under assumptions: which are met, and what is told where one is not.

use super::short::{Short, formalisms, with};
use super::*;

/// The answer where two endpoints of these types are connected: `a` and `b` go from the first to
/// the second, `c` and `d` back.
pub(super) fn meets(alone: bool, queued: bool, first: &str, second: &str) -> String {
    connected(&formalisms(alone), queued, first, second)
}

pub(super) fn connected(
    formalisms: &Formalisms,
    queued: bool,
    first: &str,
    second: &str,
) -> String {
    let declarations = format!(
        "endpoint First {{ out a(); out b(); in c(); in d(); {first} }}
         endpoint Second {{ in a(); in b(); out c(); out d(); {second} }}"
    );
    let (mut types, ends) = two_endpoints(declarations, ["First", "Second"]);
    let mut relations = Relations::new(&mut types, formalisms);
    relations.queued = queued;
    let answer = relations.endpoints_match(ends[0], ends[1]);
    shown(&answer)
}

pub(super) const GIVEN: &str = r#"provides short "never a" given "never c";"#;
pub(super) const ASKS: &str = r#"requires short "never ab";"#;

#[test]
fn assumptions_are_met_in_order() {
    let keeps = format!(r#"provides short "never c"; {ASKS}"#);
    assert_eq!(meets(true, true, GIVEN, &keeps), "holds\n");
    let chain = r#"provides short "never d"; provides short "never a" given "never c";"#;
    let back = format!(r#"provides short "never c" given "never d"; {ASKS}"#);
    assert_eq!(meets(true, true, chain, &back), "holds\n");
}

#[test]
fn an_assumption_that_is_not_met_is_named() {
    expect![[r#"
        unknown
        `right` requires short "never ab", and `left` provides short "never a given never c"; whether that suffices is not known: short "never a" is given only under short "never c", which the other side does not guarantee
    "#]]
    .assert_eq(&meets(true, false, GIVEN, ASKS));
}

#[test]
fn the_word_of_a_library_meets_no_assumption() {
    let formalisms = with(Short {
        alone: true,
        foreign: true,
        ..Short::default()
    });
    let keeps = format!(r#"provides short "never c"; {ASKS}"#);
    // The same text is no matter of its word.
    assert_eq!(connected(&formalisms, true, GIVEN, &keeps), "holds\n");
    let given = r#"provides short "never a" given "never cc";"#;
    expect![[r#"
        unknown
        `right` requires short "never ab", and `left` provides short "never a given never cc"; whether that suffices is not known: short "never a" is given only under short "never cc", which the other side keeps on a word alone, and that meets no assumption: that `never c` implies `never cc` is the word of formalism `short`, which library `lib` adds
    "#]]
    .assert_eq(&connected(&formalisms, true, given, &keeps));
}

#[test]
fn the_word_of_a_library_makes_no_assumption_weaker() {
    let answer = |foreign: bool, first: &str, second: &str| {
        let formalisms = with(Short {
            alone: true,
            foreign,
            ..Short::default()
        });
        let given = format!(r#"provides short "never a" given "{first}";"#);
        let asks = format!(r#"requires short "never a" given "{second}";"#);
        connected(&formalisms, true, &given, &asks)
    };
    // The same text, also of what it is given under, is no matter of its word.
    assert_eq!(answer(true, "never c", "never c"), "holds\n");
    // It says that one implies the other, and it prints different texts alike.
    for (first, second) in [("never cc", "never c"), ("never c", "never c, ca")] {
        assert_eq!(answer(false, first, second), "holds\n");
        let told = answer(true, first, second);
        assert!(told.starts_with("unknown"), "{told}");
    }
}

#[test]
fn what_the_peer_does_not_emit_meets_an_assumption() {
    let declarations = r#"
        endpoint Asks { out a(); in b(); in c(); provides words "fast" given "never_c";
            requires words "never_c"; }
        endpoint Silent { in a(); out b(); requires words "fast"; }
        endpoint Loud { in a(); out b(); out c(); requires words "fast"; }"#;
    assert!(
        ask(declarations, Ask::Match, "Asks", "Silent")
            .verdict
            .holds()
    );
    let loud = ask(declarations, Ask::Match, "Asks", "Loud");
    // The requirement itself, and what is given under it.
    assert_eq!(loud.mismatches.len(), 2, "{}", shown(&loud));
}

#[test]
fn a_guarantee_of_each_connection_by_itself_assumes_nothing_of_others() {
    let formalisms = formalisms(true);
    let met = |first: &str| {
        let keeps = r#"provides short "all never c"; requires short "never ab";"#;
        let answer = connected(&formalisms, true, first, keeps);
        assert!(!answer.starts_with("fails"), "{answer}");
        answer == "holds\n"
    };
    assert!(met(GIVEN));
    assert!(!met(r#"provides short "never a" given "all never c";"#));
    assert!(!met(r#"provides short "all never a" given "never c";"#));
}

/// Whether an endpoint that provides the first is a subtype of one that provides the second.
fn stands_for(left: &str, right: &str) -> bool {
    let endpoint = |name: &str, members: &str| {
        format!("endpoint {name} {{ out a(); in c(); in d(); {members} }}")
    };
    let declarations = endpoint("Left", left) + &endpoint("Right", right);
    let (mut types, ends) = two_endpoints(declarations, ["Left", "Right"]);
    let formalisms = formalisms(false);
    let mut relations = Relations::new(&mut types, &formalisms);
    relations.endpoint_subtype(ends[0], ends[1]).verdict.holds()
}

#[test]
fn a_promise_to_all_peers_is_met_by_no_promise_to_some() {
    let required = r#"requires short "never c, d";"#;
    for given in ["never c", "never c, d"] {
        let left = format!(r#"provides short "never a" given "{given}";"#);
        let right = r#"provides short "never a" given "never c, d";"#;
        let wide = format!("{right} {required}");
        assert!(stands_for(&left, right), "{given}");
        assert!(!stands_for(&left, &wide), "{given}");
        // Whoever requires less of its peers than it assumes promises to some.
        let less = format!(r#"{left} requires short "never cc";"#);
        assert!(!stands_for(&less, &wide), "{given}");
    }
    let left = r#"provides short "never a" given "never c"; requires short "never c";"#;
    let right = format!(r#"provides short "never a" given "never c, d"; {required}"#);
    assert!(stands_for(left, &right));
    let right = r#"provides short "never a" given "never c, d"; requires short "never c";"#;
    assert!(stands_for(left, right));
}

/// The requirement is one of every peer where whoever asks keeps what it is required under.
#[test]
fn a_requirement_of_all_peers_is_met_by_no_promise_to_some() {
    let keeps = r#"provides short "never c"; requires short "never a" given "never c";"#;
    let some = r#"requires short "never a" given "never c";"#;
    // Whether it is met here does not matter: the promise is to whoever connects.
    let wide = format!(r#"{GIVEN} requires short "never c";"#);
    assert_eq!(meets(false, true, &wide, keeps), "holds\n");
    assert_eq!(meets(false, true, GIVEN, some), "holds\n");
    expect![[r#"
        unknown
        `right` requires short "never a given never c", and `left` provides short "never a given never c"; whether that suffices is not known: no one guarantee was shown to say as much under short "never c", or less
    "#]]
    .assert_eq(&meets(false, true, GIVEN, keeps));
}

#[test]
fn an_assumption_that_says_less_is_met_by_no_other() {
    let left = r#"provides short "never a" given "never c";"#;
    // What the promise's owner does not emit is no matter of what its peers do.
    assert!(!stands_for(
        left,
        r#"provides short "never a" given "never d";"#
    ));
    // But it is one of what it promises.
    assert!(stands_for(
        left,
        r#"out b(); provides short "never a, b" given "never c";"#
    ));
}

#[test]
fn what_no_assumption_helps_fails() {
    let asks = r#"requires short "never b";"#;
    assert!(meets(true, false, GIVEN, asks).starts_with("fails\n"));
    // Assumptions of other formalisms are about other things.
    let mut formalisms = formalisms(true);
    formalisms.add(Arc::new(Words));
    let words = r#"provides words "fast" given "calm";"#;
    assert!(connected(&formalisms, false, words, asks).starts_with("fails\n"));
}

#[test]
fn the_guarantee_that_is_missing_is_named() {
    let named = |first: &str, asked: &str| {
        let told = meets(true, false, first, &format!(r#"requires short "{asked}";"#));
        let (_, why) = told.split_once("is not known: ").expect(&told);
        why.split_once(", which").expect(&told).0.to_owned()
    };
    let two =
        r#"provides short "never a" given "never c"; provides short "never b" given "never d";"#;
    let first = r#"short "never a" is given only under short "never c""#;
    let second = r#"short "never b" is given only under short "never d""#;
    assert_eq!(named(two, "never ab"), first);
    assert_eq!(named(two, "never bb"), second);
    assert_eq!(named(two, "never aa, bb"), first);
    // Where either would do, the first one.
    let either =
        r#"provides short "never a" given "never c"; provides short "never a" given "never d";"#;
    assert_eq!(named(either, "never ab"), first);
}

#[test]
fn what_speaks_of_all_peers_is_met_where_it_is_required_of_all() {
    let keeps = format!(r#"provides short "never c"; {ASKS}"#);
    expect![[r#"
        unknown
        `right` requires short "never ab", and `left` provides short "never a given never c"; whether that suffices is not known: short "never a" is given only under short "never c", which the other side keeps, but others may connect that do not: require short "never c" of every peer
    "#]]
    .assert_eq(&meets(false, false, GIVEN, &keeps));
    let required = format!(r#"{GIVEN} requires short "never c";"#);
    assert_eq!(meets(false, false, &required, &keeps), "holds\n");
}

#[test]
fn a_type_matches_its_mirror_whatever_it_assumes() {
    for alone in [true, false] {
        for required in ["", r#"requires short "never c";"#] {
            let first = format!("{GIVEN} {required}");
            let mirrored = [
                ("provides", "gives"),
                ("requires", "provides"),
                ("gives", "requires"),
            ];
            let second = mirrored
                .iter()
                .fold(first.clone(), |text, (from, to)| text.replace(from, to));
            assert_eq!(
                meets(alone, false, &first, &second),
                "holds\n",
                "{alone} {required}"
            );
        }
    }
}
