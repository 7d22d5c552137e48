//! Large and deep texts are read in time that is proportional to their length, or refused.

use liveobj_types::formalism::Structure;

use super::super::super::print::print;
use super::super::{Atoms, parse};
use super::channel;

const MANY: usize = 200_000;
const LONG: usize = 30_000;

#[track_caller]
fn refused(text: &str, message: &str) {
    for structure in [&Structure::Undeclared, &channel()] {
        let error = parse(text, structure, Atoms::Events).expect_err(message);
        assert!(error.message.contains(message), "{}", error.message);
        assert!(error.message.len() < 1_000);
    }
}

#[test]
fn depth_is_bounded() {
    let deep = "stand inside each other";
    for sign in [
        "!",
        "(",
        "X ",
        "[]",
        "()",
        "GF",
        "tick -> ",
        "tick U ",
        "tick & (",
        "if event tick occurs, ",
    ] {
        refused(&sign.repeat(MANY), deep);
    }
    refused(&"G".repeat(MANY), deep);
    refused(
        &format!("event tick occurs at {}", "(".repeat(MANY)),
        "expected",
    );
    for text in [
        "!".repeat(250) + "tick",
        "(".repeat(250) + "tick" + &")".repeat(250),
    ] {
        assert!(parse(&text, &channel(), Atoms::Events).is_ok());
    }
    // A definition does not hide depth.
    let mut text = "define x0 = tick;".to_owned();
    for level in 1..300 {
        text += &format!("define x{level} = ! x{};", level - 1);
    }
    refused(&(text + "x299"), deep);
}

#[test]
fn expansion_is_bounded() {
    let mut text = "define x0 = tick;".to_owned();
    for level in 1..60 {
        text += &format!("define x{level} = x{0} & x{0};", level - 1);
    }
    refused(&(text + "x59"), "the definitions come to more than");
    let mut text = "define d(p) = p & p;".to_owned();
    text += &"d(".repeat(60);
    text += "tick";
    text += &")".repeat(60);
    refused(&text, "the definitions come to more than");
    // What nobody uses costs nothing.
    let unused: String = (0..MANY / 10)
        .map(|n| format!("define x{n} = F tick;"))
        .collect();
    assert!(parse(&(unused + "tick"), &channel(), Atoms::Events).is_ok());
}

/// Seconds in all; anything quadratic is noticed.
#[test]
fn long_texts_are_read() {
    let repeated = |part: &str, between: &str| {
        let mut text = part.to_owned();
        (1..LONG).for_each(|_| text.extend([between, part]));
        text
    };
    let variables = |number: usize| {
        let events: Vec<String> = (0..number).map(|n| format!("send(m{n})")).collect();
        events.join(" & ")
    };
    let claims = format!(
        "event tick occurs before send at some instance and {}",
        repeated("they occur in the same order at any instance", " and ")
    );
    let orders = format!(
        "event tick cannot occur before send, {}",
        repeated("or after send", " ")
    );
    for text in [
        repeated("tick", " & "),
        repeated("(tick | send(m))", " xor "),
        repeated("tick", "\n// and so on\n|"),
        variables(LONG),
        format!("forall i. {}", repeated("send@i(m)", "&")),
        orders,
    ] {
        let sentence = parse(&text, &channel(), Atoms::Events);
        let sentence = sentence.unwrap_or_else(|error| panic!("{error:?}"));
        let printed = print(&sentence);
        assert_eq!(parse(&printed, &channel(), Atoms::Events), Ok(sentence));
    }
    assert!(parse(&claims, &channel(), Atoms::Events).is_ok());
    let names: Vec<String> = (0..LONG).map(|n| format!("m{n}")).collect();
    let text = format!("forall {}. send(m7)", names.join(", "));
    assert!(parse(&text, &channel(), Atoms::Events).is_ok());
    let text = format!("e({})", names.join(", "));
    assert!(parse(&text, &Structure::Undeclared, Atoms::Events).is_ok());
}
