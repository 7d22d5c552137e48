use std::collections::BTreeMap;

use liveobj_types::formalism::EndpointStructure;

use super::*;

const BUDGET: u64 = 200_000;

fn read(text: &str) -> Formula {
    Session::Synchronous
        .parse(text, &Structure::Undeclared)
        .unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// The verdict in words, with what refutes it.
fn shown(session: Session, left: &str, right: &str) -> String {
    let (left, right) = (read(left), read(right));
    let verdict = session.implies(&[&left], &Events::All, &right, BUDGET);
    let Verdict::Fails(witness) = &verdict else {
        return verdict.to_string();
    };
    let explained = session
        .explain(&[&left], &right, witness)
        .expect("a refutation is confirmed");
    let Witness::Trace { prefix, cycle } = witness else {
        panic!("{witness:?} is no run")
    };
    let mut text = prefix.join(" ");
    if !cycle.is_empty() {
        text += &format!(" ({})*", cycle.join(" "));
    }
    format!("{text}: {explained}")
}

fn refused(text: &str) -> String {
    let event = |name: &str| (name.to_owned(), Vec::new());
    let structure = Structure::Endpoint(EndpointStructure {
        name: String::new(),
        received: BTreeMap::from([event("get"), event("put")]),
        emitted: BTreeMap::from([event("item")]),
    });
    match Session::Synchronous.parse(text, &structure) {
        Ok(formula) => panic!("read as {}", Session::Synchronous.print(&formula)),
        Err(error) => {
            let place = &text[error.span.start..error.span.end];
            format!(
                "`{place}`: {}; {}",
                error.message,
                error.help.unwrap_or_default()
            )
        }
    }
}

#[test]
fn several_protocols_are_one_or_nobody_knows() {
    let (one, other) = (read("!a; end"), read("rec X . !b; X"));
    for session in [Session::Synchronous, Session::Asynchronous] {
        let verdict = |formulas: &[&Formula]| session.satisfiable(formulas, BUDGET);
        assert!(verdict(&[&one, &read("+{!a; end}")]).holds());
        assert!(matches!(verdict(&[&one, &other]), Verdict::Unknown(_)));
    }
}

#[test]
fn synchronous_refutations_say_who_meets_what() {
    let shown = |left, right| shown(Session::Synchronous, left, right);
    assert_eq!(shown("!a; end", "+{!a; end, !b; end}"), "holds");
    assert_eq!(shown("&[?a; end, ?b; end]", "?a; end"), "holds");
    assert_eq!(
        shown("!a; !b; end", "!a; end"),
        "!a !b: the peer does not expect `b` there"
    );
    assert_eq!(
        shown("?a; end", "&[?a; end, ?b; end]"),
        "?b: `b` cannot be handled there"
    );
    assert_eq!(
        shown("?a; end", "!b; ?a; end"),
        ": then each side waits for the other"
    );
    assert_eq!(
        shown("!a; end", "!a; ?b; end"),
        "!a: then it ends, and the peer waits for more"
    );
    assert_eq!(
        shown("!a; ?b; end", "?b; !a; end"),
        "!a: the peer does not expect `a` there"
    );
}

#[test]
fn asynchronous_refutations_say_what_is_on_its_way() {
    let shown = |left, right| shown(Session::Asynchronous, left, right);
    assert_eq!(shown("!a; ?b; end", "?b; !a; end"), "holds");
    assert_eq!(
        shown("?b; !a; end", "!a; ?b; end"),
        ": then each side waits for the other"
    );
    assert_eq!(
        shown("!c; ?b; end", "?b; !a; end"),
        "(?b) !c: the peer does not expect `c` there"
    );
    assert_eq!(
        shown("rec X . !a; X", "rec X . ?b; !a; X"),
        "(?b) !a (!a)*: `b`, which the peer has sent, is never handled"
    );
    assert_eq!(
        shown(
            "!a; rec X . &[?b; X, ?c; end]",
            "rec X . &[?b; X, ?c; !a; end]"
        ),
        "!a ((?b))*: the peer may send these for ever before it expects `a`"
    );
}

/// What a run shows, in the notation of [`shown`]; nothing if it is none.
fn confirmed(session: Session, left: &str, right: &str, run: &str) -> Option<String> {
    let (left, right) = (read(left), read(right));
    let (prefix, cycle) = run.split_once('|').unwrap_or((run, ""));
    let steps = |text: &str| text.split_whitespace().map(str::to_owned).collect();
    let witness = Witness::Trace {
        prefix: steps(prefix),
        cycle: steps(cycle),
    };
    let replays = session.replay(&[&left], &Events::All, &right, &witness);
    let explained = session.explain(&[&left], &right, &witness);
    assert_eq!(replays, explained.is_some());
    explained
}

#[test]
fn a_run_shows_what_goes_wrong_at_its_end_and_nothing_else() {
    let sync = |left, right, run| confirmed(Session::Synchronous, left, right, run);
    let table = [
        (
            "!a; end",
            "!b; end",
            "!a",
            "the peer does not expect `a` there",
        ),
        // The provider does nothing like that; or goes on, or on for ever.
        ("!a; end", "!b; end", "!b", ""),
        ("!a; end", "!b; end", "?a", ""),
        ("!a; !c; end", "!b; end", "!a !c", ""),
        ("rec X . !a; X", "!b; end", "!a | !a", ""),
        ("!a; end", "!a; end", "!a", ""),
        (
            "?a; end",
            "&[?a; end, ?b; end]",
            "?b",
            "`b` cannot be handled there",
        ),
        // The peer sends nothing like that, or what can be handled.
        ("?a; end", "&[?a; end, ?b; end]", "?c", ""),
        ("?a; end", "&[?a; end, ?b; end]", "?a", ""),
        ("?a; end", "&[?a; end, ?b; ?a; end]", "?b ?a", ""),
        ("?a; end", "&[?a; end, ?b; end]", "?b | !a", ""),
        ("?a; ?b; end", "?b; ?a; end", "?a", ""),
        // What is on its way has arrived.
        ("!c; ?b; end", "?b; !a; end", "(?b) !c", ""),
        // Both wait, or one has ended.
        (
            "?a; end",
            "!b; ?a; end",
            "",
            "then each side waits for the other",
        ),
        ("?a; end", "end", "", "then each side waits for the other"),
        ("?a; end", "?a; end", "", ""),
        ("!a; end", "!b; end", "", ""),
        ("end", "end", "", ""),
        (
            "end",
            "?b; end",
            "",
            "then it ends, and the peer waits for more",
        ),
        (
            "end",
            "!b; end",
            "",
            "then it ends, and the peer waits for more",
        ),
        // These are no steps.
        ("!a; end", "!b; end", "a", ""),
        ("!a; end", "!b; end", "(!a)", ""),
        ("!a; end", "!b; end", "(?a", ""),
    ];
    for (left, right, run, told) in table {
        let found = sync(left, right, run);
        let expected = (!told.is_empty()).then(|| told.to_owned());
        assert_eq!(found, expected, "{left} <= {right}: {run}");
    }
}

#[test]
fn a_run_with_queues_shows_what_is_not_handled_and_what_is_put_off() {
    let buffered = |left, right, run| confirmed(Session::Asynchronous, left, right, run);
    let orphan = "`b`, which the peer has sent, is never handled";
    let postponed = "the peer may send these for ever before it expects `a`";
    let choice = "!a; rec X . &[?b; X, ?c; end]";
    let late = "rec X . &[?b; X, ?c; !a; end]";
    let table = [
        (
            "!c; ?b; end",
            "?b; !a; end",
            "(?b) !c",
            "the peer does not expect `c` there",
        ),
        ("!c; ?b; end", "?b; !a; end", "!c", ""),
        ("!c; ?b; end", "?b; !a; end", "(?b) !c ?b", ""),
        ("!c; !d; end", "?b; !a; end", "(?b) !c !d", orphan),
        ("!c; !d; end", "?b; !a; end", "(?b) !c !e", ""),
        ("!a; end", "?b; !a; end", "(?b) !a", orphan),
        ("!a; ?b; end", "?b; !a; end", "!a ?b", ""),
        ("!a; ?b; end", "?b; !a; end", "(?b) !a ?b", ""),
        ("?b; !a; end", "!a; ?b; end", "?b", ""),
        ("?b; ?c; end", "?b; ?c; end", "?c ?b", ""),
        ("rec X . !a; X", "rec X . ?b; !a; X", "(?b) !a | !a", orphan),
        (
            "rec X . !a; X",
            "rec X . ?b; !a; X",
            "(?b) !a | !a !a",
            orphan,
        ),
        ("rec X . !a; X", "rec X . ?b; !a; X", "(?b) !a | ?b", ""),
        ("rec X . !a; X", "rec X . ?b; !a; X", "!a | !a", ""),
        (
            "rec X . !a; !c; X",
            "rec X . ?b; !a; !c; X",
            "(?b) !a | !c",
            "",
        ),
        (
            "rec X . !a; !c; X",
            "rec X . ?b; !a; !c; X",
            "(?b) !a | !c !a",
            orphan,
        ),
        // Nothing is on its way.
        ("rec X . !a; X", "rec X . !a; X", "!a | !a", ""),
        (choice, late, "!a | (?b)", postponed),
        (choice, late, "!a | (?b) (?b)", postponed),
        (choice, late, "!a | (?c)", ""),
        (choice, late, "!a | (?b) !a", ""),
        (choice, late, "| (?b)", ""),
        (choice, late, "!a", ""),
    ];
    for (left, right, run, told) in table {
        let found = buffered(left, right, run);
        let expected = (!told.is_empty()).then(|| told.to_owned());
        assert_eq!(found, expected, "{left} <= {right}: {run}");
    }
}

#[test]
fn queues_that_grow_without_bound_are_decided() {
    // Two are emitted for each one that is handled; then one of two things is handled first.
    let left = "rec X . !a; !a; &[?b; X, ?c; X]";
    let right = "rec X . ?b; ?c; !a; X";
    assert_eq!(shown(Session::Asynchronous, left, right), "holds");
    // Only every other message is of a kind.
    let left = "rec X . !a; !a; !a; &[?b; ?b; X, ?c; X]";
    assert_eq!(
        shown(Session::Asynchronous, left, "rec X . ?b; ?b; !a; X"),
        "holds"
    );
}

#[test]
fn what_is_no_session_is_refused_with_its_place() {
    let table = [
        ("!item", "``: expected `;`; write what follows, or `; end`"),
        ("?get; X", "`X`: no `rec` binds `X`; the forms are `end`"),
        (
            "rec X . X",
            "`rec X`: this recursion comes back to itself without any event; put",
        ),
        (
            "rec X . rec Y . X",
            "`rec X`: this recursion comes back to itself",
        ),
        (
            "[?get; end, !item; end]",
            "`!item`: `!` and `?` stand in one choice",
        ),
        ("+{?get; end}", "`?get`: `!` and `?` stand in one choice"),
        (
            "[?get; end, ?get; end]",
            "`?get`: `get` stands twice in one choice",
        ),
        (
            "!get; end",
            "`get`: `get` is an event that the other side sends; write `?get`",
        ),
        (
            "!itme; end",
            "`itme`: there is no event `itme`; write `item`",
        ),
        ("end end", "`e`: expected the end of the text"),
        ("[?get; end}", "`}`: expected `,` or `]`"),
        ("", "``: expected a session type"),
        ("rec . end", "`.`: expected a variable after `rec`"),
    ];
    for (text, expected) in table {
        let message = refused(text);
        assert!(message.starts_with(expected), "{text}: {message}");
    }
    let nested = "[?get; ".repeat(100_000);
    assert!(refused(&nested).contains("more than 100 choices stand inside each other"));
}

#[test]
fn printed_sessions_are_minimal_and_equal_if_the_protocols_are() {
    let printed = |text| Session::Synchronous.print(&read(text));
    let once = "rec X0 . ?get; +{!item; X0, !missing; X0}";
    assert_eq!(printed("rec X . ?get; +{!item; X, !missing; X}"), once);
    assert_eq!(
        printed(
            "?get; +{!missing; rec Y . ?get; {!item; Y, !missing; Y}, !item; rec Z . ?get; {!item; Z, !missing; Z}}"
        ),
        once
    );
    assert_eq!(printed("end"), "end");
    assert_eq!(
        printed("rec X . rec Y . !a; [?b; X, ?c; Y]"),
        "rec X0 . !a; &[?b; X0, ?c; X0]"
    );
}

#[test]
fn long_protocols_take_linear_time_and_little_stack() {
    let long = format!("{}end", "!a; ?b; ".repeat(20_000));
    let formula = read(&long);
    assert_eq!(Session::Synchronous.print(&formula), long);
    let verdict = Session::Synchronous.implies(&[&formula], &Events::All, &formula, 10_000_000);
    assert!(verdict.holds());
    let deep = format!("{}!a; {}end", "?b; ".repeat(5_000), "?b; ".repeat(10));
    let early = format!("!a; {}end", "?b; ".repeat(5_010));
    let (deep, early) = (read(&deep), read(&early));
    let verdict = Session::Asynchronous.implies(&[&early], &Events::All, &deep, 10_000_000);
    assert!(verdict.holds());
}
