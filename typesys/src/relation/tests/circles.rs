//! Guarantees that wait for each other.

use super::given::{ASKS, GIVEN, connected, meets};
use super::short::{Short, formalisms, with};
use super::*;

/// Whether the guarantees of two endpoints that wait for each other hold: the first one's
/// `never a` is asked for.
fn circle(formalisms: &Formalisms, first: &str, second: &str) -> bool {
    let second = format!("{second} {ASKS}");
    let answer = connected(formalisms, false, first, &second);
    assert!(!answer.starts_with("fails"), "{answer}");
    answer == "holds\n"
}

const BACK: &str = r#"provides short "never c" given "never a";"#;

#[test]
fn only_a_formalism_itself_shows_that_a_circle_holds() {
    let circle = |short: Short| {
        let formalisms = with(Short {
            alone: true,
            ..short
        });
        // Both texts of a circle are the same, so that it is met by nobody's word.
        circle(&formalisms, GIVEN, BACK)
    };
    assert!(circle(Short::default()));
    assert!(!circle(Short {
        foreign: true,
        ..Short::default()
    }));
    assert!(!circle(Short {
        axioms: true,
        ..Short::default()
    }));
}

#[test]
fn each_guarantee_in_a_circle_is_one_whose_assumption_all_peers_have_to_meet() {
    let formalisms = formalisms(false);
    let required = format!(r#"{GIVEN} requires short "never c";"#);
    let back = format!(r#"{BACK} requires short "never a";"#);
    assert!(circle(&formalisms, &required, &back));
    assert!(!circle(&formalisms, &required, BACK));
    assert!(!circle(&formalisms, GIVEN, &back));
}

#[test]
fn what_is_kept_outright_helps_in_a_circle() {
    let formalisms = formalisms(true);
    let first = r#"provides short "never a" given "never c, d";"#;
    assert!(!circle(&formalisms, first, BACK));
    let keeps = |text: &str| format!(r#"{BACK} provides short "{text}";"#);
    assert!(circle(&formalisms, first, &keeps("never d")));
    // Even what its provider's peer breaks.
    let first = r#"provides short "never a" given "never c, bb";"#;
    assert!(circle(&formalisms, first, &keeps("never bb")));
    // What is kept under an assumption that nobody meets does not.
    let back = format!(r#"{BACK} provides short "never bb" given "never d";"#);
    assert!(!circle(&formalisms, first, &back));
}

/// From there a text means something else.
#[test]
fn what_a_side_keeps_itself_meets_no_assumption_of_it() {
    let formalisms = formalisms(true);
    let keeps = r#"provides short "never d";"#;
    let first = format!(r#"provides short "never a" given "never c, d"; {keeps}"#);
    assert!(!circle(&formalisms, &first, BACK));
    let second = format!("{BACK} {keeps}");
    assert!(circle(&formalisms, &first, &second));
}

#[test]
fn what_is_kept_and_is_in_the_way_of_a_circle_is_left_aside() {
    let formalisms = formalisms(true);
    // After `d` has happened, nothing but `c` keeps the first one, and that breaks the second one.
    let cornered =
        r#"provides short "never da, db, dd"; provides short "never dc" given "never a";"#;
    let first = r#"provides short "never a" given "never dc";"#;
    assert!(circle(&formalisms, first, cornered));
    let first = r#"provides short "never a" given "never dc, cc";"#;
    assert!(!circle(&formalisms, first, cornered));
    let more = format!(r#"{cornered} provides short "never cc";"#);
    assert!(circle(&formalisms, first, &more));
}

/// `d`, `a`, `c` is a history in which each side keeps all that it promises, and `never da` is broken:
/// after `d` the second one can no longer keep its promises together, and nothing refutes any of them.
#[test]
fn no_side_of_a_circle_can_get_into_a_corner() {
    let formalisms = formalisms(true);
    let meets = |second: &str| {
        let second = format!(r#"{second} requires short "never da";"#);
        let first = r#"provides short "never da" given "never d";"#;
        connected(&formalisms, false, first, &second)
    };
    let one = r#"provides short "never daa, dab, dad, db";
        provides short "never dac, dc, dd" given "never da";"#;
    assert!(meets(one).starts_with("unknown\n"));
    // Neither of the two alone leads there.
    let two = r#"provides short "never daa, dab, db";
        provides short "never dac" given "never da";
        provides short "never dad, dc, dd" given "never da";"#;
    assert!(meets(two).starts_with("unknown\n"));
}

#[test]
fn what_a_circle_rests_on_is_what_the_other_side_emits() {
    let formalisms = formalisms(true);
    let answer = |emitted: &str| {
        let declarations = format!(
            "endpoint First {{ out a(); out b(); in c(); in d();
                provides short \"never a\" given \"never c, d\"; }}
             endpoint Second {{ in a(); in b(); {emitted} {BACK} {ASKS} }}"
        );
        let (mut types, ends) = two_endpoints(declarations, ["First", "Second"]);
        let mut relations = Relations::new(&mut types, &formalisms);
        relations.matches(ends[0], ends[1]).holds()
    };
    assert!(answer("out c();"));
    assert!(!answer("out c(); out d();"));
}

#[test]
fn a_circle_is_of_one_formalism() {
    let mut formalisms = formalisms(true);
    formalisms.add(Arc::new(Words));
    let words = r#"provides words "fast"; provides words "safe" given "fast";"#;
    let (first, second) = (format!("{GIVEN} {words}"), format!("{BACK} {words}"));
    assert!(circle(&formalisms, &first, &second));
}

#[test]
fn no_circle_closes_over_a_conversion_that_drops_fields() {
    let answer = |second: &str| {
        let declarations = format!(
            r#"record Line {{ text: u8, author: u8 }} record Text {{ text: u8, .. }}
             endpoint First {{ out a(m: Line); out b(); in c(); in d();
                provides short "robust never a" given "never c"; }}
             endpoint Second {{ in a(m: {second}); in b(); out c(); out d();
                provides short "never c" given "robust never a";
                requires short "robust never ab"; }}"#
        );
        let (mut types, ends) = two_endpoints(declarations, ["First", "Second"]);
        let formalisms = formalisms(true);
        let answer = Relations::new(&mut types, &formalisms).endpoints_match(ends[0], ends[1]);
        answer.verdict.to_string()
    };
    assert_eq!(answer("Line"), "holds");
    // What is asked for survives, and what it rests on does not.
    assert_eq!(answer("Text"), "unknown");
}

#[test]
fn so_many_guarantees_wait_in_a_circle_and_no_more() {
    let formalisms = formalisms(true);
    let more = |count: usize| {
        let words = ["a", "b"].iter().flat_map(|last| {
            let begins = ["a", "b", "c", "d"].iter();
            begins.flat_map(move |first| {
                let middle = ["a", "b", "c", "d"].iter();
                middle.map(move |middle| format!("{first}{middle}{last}"))
            })
        });
        let all = words.take(count);
        all.map(|word| format!(r#" provides short "never {word}" given "never c";"#))
            .collect::<String>()
    };
    // With the two of the circle.
    assert!(circle(&formalisms, &format!("{GIVEN}{}", more(30)), BACK));
    assert!(!circle(&formalisms, &format!("{GIVEN}{}", more(31)), BACK));
}

#[test]
fn a_circle_holds_where_nobody_can_be_the_first_to_break_it() {
    let back = format!(r#"provides short "never c" given "never a"; {ASKS}"#);
    assert_eq!(meets(true, false, GIVEN, &back), "holds\n");
    expect![[r#"
        unknown
        `right` requires short "never ab", and `left` provides short "never a given never c"; whether that suffices is not known: short "never a" is given only under short "never c", which waits for it in turn, over a connection that is queued
    "#]]
    .assert_eq(&meets(true, true, GIVEN, &back));
    // What waits for what waits in vain.
    let vain = format!(r#"provides short "never c" given "never b"; {ASKS}"#);
    assert!(meets(true, false, GIVEN, &vain).starts_with("unknown\n"));
    // Others may connect that keep nothing.
    assert!(meets(false, false, GIVEN, &back).starts_with("unknown\n"));
    // The first to break that one may be its provider's peer.
    let first = r#"provides short "never ac" given "never c";"#;
    let back = r#"provides short "never c" given "never ac"; requires short "never ac";"#;
    expect![[r#"
        unknown
        `right` requires short "never ac", and `left` provides short "never ac given never c"; whether that suffices is not known: short "never ac" is given only under short "never c", which waits for it in turn, and it was not shown that neither can be the first to be broken
    "#]]
    .assert_eq(&meets(true, false, first, back));
}

#[test]
fn what_waits_for_a_circle_is_met_after_it() {
    // It is broken by its provider's peer, so it is in no circle.
    let second =
        r#"provides short "never c" given "never a"; provides short "never b" given "never a";"#;
    let first = format!(r#"{GIVEN} requires short "never b";"#);
    assert_eq!(meets(true, false, &first, second), "holds\n");
}
