//! Constraints of endpoint types that fit each other without being equal.

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
