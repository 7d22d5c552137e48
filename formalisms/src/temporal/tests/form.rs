//! What is told by the form of a formula alone, without the automata: where another rule would say
//! too much.

use liveobj_types::formalism::{Domain, Formalism, Structure};

use super::{channel, formula};
use crate::temporal::Temporal;
use crate::temporal::formula::Sentence;
use crate::temporal::silence::is_evidently_ignored;

/// What connections add, before which nothing happens, is no matter of form.
#[test]
fn what_counts_silence_does_not_look_as_if_it_did_not() {
    let table = [
        "done",
        "done & true",
        "done <-> true",
        "done U done",
        "done R done",
        "F (done & X done)",
        "F (done & Y done)",
        "F (done & Y true)",
        "F (done & Y !stop)",
        "F (done & Y (done & O stop))",
        "F (stop & Y (done | O stop))",
        "F (done & Y (O stop | done))",
        "F (stop & Y (true S F done))",
        "F (done & G done)",
        "F (done & G (O done & done))",
        "F (done & H done)",
        "F (H O done & stop)",
        "G O done",
        "F (done -> stop)",
        "F (stop & F (stop & Y done))",
        "(!done & stop) U done",
        "(done -> X stop) U stop",
        "true U (done & X done)",
        "F (done & X F (!stop S done))",
        "F (done & X (true U (!stop S done)))",
        "F (done & done S stop)",
        "F (done & !(done & X done) S stop)",
        "F (done & true S (stop & X done))",
        "F (stop & !done S !stop)",
    ];
    for text in table {
        let formula = formula(text);
        let sentence: &Sentence = formula.get().expect("a sentence");
        assert!(!is_evidently_ignored(sentence), "{text}");
    }
}

/// Whether a text of a channel whose messages are `u8` says the same of one that has `u16`.
fn stays(text: &str) -> bool {
    let read = |key: &str| {
        let mut endpoint = channel();
        let events = endpoint.emitted.values_mut();
        let events = events.chain(endpoint.received.values_mut());
        for parameter in events.flatten() {
            parameter.domain = Domain {
                key: key.to_owned(),
                size: None,
            };
        }
        let formula = Temporal::new().parse(text, &Structure::Endpoint(endpoint));
        formula.unwrap_or_else(|error| panic!("{text}: {error:?}"))
    };
    Temporal::new().repeats(&read("u8"), &read("u16"))
}

#[test]
fn a_text_stays_where_values_that_never_occur_make_it_true() {
    let table = [
        ("G !done", true),
        ("G (receive(m) -> X G !receive(m))", true),
        ("!receive(m) W send(m)", true),
        ("G (receive(m) <-> send(m))", true),
        ("G (receive(m) & receive(n) -> m = n)", true),
        ("F receive(m)", false),
        ("G (done -> F receive(m))", false),
        // Not at the first position.
        ("G Y !receive(m)", false),
        ("G Y receive(m)", false),
        ("send(m) M !receive(m)", false),
        ("!receive(m) M !send(m)", true),
        ("receive(m) xor send(m)", false),
        // One of two values is enough to make it untrue.
        ("G (receive(m) -> F receive(n))", false),
        ("G (receive(m) -> m = n)", false),
        ("G (receive(m) | m = n)", false),
        ("exists m: message. G !receive(m)", false),
    ];
    for (text, expected) in table {
        assert_eq!(stays(text), expected, "{text}");
    }
}
