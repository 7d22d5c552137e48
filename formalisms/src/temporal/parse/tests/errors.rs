//! What is wrong, where, and what to write instead.

use liveobj_types::formalism::Structure;

use super::super::{Atoms, parse};
use super::{channel, object};

/// The text is refused at `place`, with these words.
#[track_caller]
fn refused_in(
    structure: &Structure,
    atoms: Atoms,
    text: &str,
    place: &str,
    message: &str,
    help: &str,
) {
    let error = parse(text, structure, atoms).expect_err(text);
    assert_eq!(error.message, message, "{text}");
    assert_eq!(&text[error.span.start..error.span.end], place, "{text}");
    let found = error.help.unwrap_or_default();
    assert!(found.contains(help), "{text}: {found}");
}

#[track_caller]
fn refused(text: &str, place: &str, message: &str, help: &str) {
    refused_in(&channel(), Atoms::Events, text, place, message, help);
}

#[track_caller]
fn at_object(text: &str, place: &str, message: &str, help: &str) {
    refused_in(&object(), Atoms::Events, text, place, message, help);
}

#[test]
fn formulas_end_where_they_should() {
    refused("", "", "expected a formula", "a formula is made of");
    refused("send &", "", "expected a formula", "a formula is made of");
    refused("(send", "", "expected `)`", "each `(`");
    refused(
        "send)",
        ")",
        "no `(` stands before this `)`",
        "leave it out",
    );
    refused(
        "send receive",
        "receive",
        "expected an operator or the end of the text",
        "a formula is made of",
    );
    refused(
        "send; receive",
        ";",
        "expected the end of the text",
        "define name",
    );
    refused("{send}", "{", "expected a formula", "a formula is made of");
    refused(
        "send § tick",
        "§",
        "no formula has the sign `§`",
        "the operators are",
    );
    refused(
        "\"send",
        "\"send",
        "the name that begins with \" does not end",
        "write \" behind it",
    );
    refused("G -> tick", "->", "expected a formula", "written `\"G\"`");
    refused("send(m) & m == m", "==", "expected `=`", "m = n");
}

#[test]
fn names_are_declared() {
    refused(
        "recieve(m)",
        "recieve",
        "there is no event `recieve`",
        "write `receive`",
    );
    refused(
        "GFtick",
        "GFtick",
        "there is no event `GFtick`",
        "write `GF tick`",
    );
    refused("Send", "Send", "there is no event `Send`", "write `send`");
    refused(
        "zebra",
        "zebra",
        "there is no event `zebra`",
        "the events are `send`, `receive`",
    );
    refused(
        "channel.send",
        "channel",
        "the constraint of an endpoint is about that endpoint alone",
        "write `send`",
    );
    at_object(
        "chanel.send",
        "chanel",
        "the object has no endpoint `chanel`",
        "write `channel`",
    );
    at_object(
        "channel.sent",
        "sent",
        "there is no event `sent`",
        "write `send`",
    );
    at_object(
        "connect",
        "connect",
        "several endpoints of the object have an event `connect`",
        "`channel.connect`",
    );
}

#[test]
fn arguments_fit_their_parameters() {
    refused(
        "view(k)",
        "view(k)",
        "`view` has 2 parameters and not 1",
        "write `view(number, members)`, with `_`",
    );
    refused(
        "tick(k)",
        "tick(k)",
        "`tick` has no parameters and not 1",
        "write `tick` alone",
    );
    refused(
        "view(size: k)",
        "size",
        "`view` has no parameter `size`",
        "write `view(number, members)`",
    );
    refused(
        "view(number: k, number: l)",
        "number",
        "the parameter `number` has two arguments",
        "view(",
    );
    refused(
        "view(number: k, s)",
        "s",
        "some arguments name their parameters and this one does not",
        "view(",
    );
    refused(
        "send(tick & tick)",
        "tick & tick",
        "expected a variable or `_`",
        "certain value",
    );
    refused(
        "send(m)@i",
        "@",
        "`@` stands in front of the arguments",
        "write `send@i(…)`",
    );
    refused("send(X)", "X", "`X` is an operator", "another name");
    refused(
        "send(m) & view(m, _)",
        "m",
        "`m` is `number` of `view` here and `message` of `send` at characters 5 to 6: these have \
         different types",
        "different variables",
    );
    refused_in(
        &Structure::Undeclared,
        Atoms::Events,
        "e(x) & e(x, y)",
        "e(x, y)",
        "`e` has 2 arguments here, and 1 before",
        "characters 0 to 4",
    );
}

#[test]
fn quantifiers_lead() {
    let message = "quantifiers stand in front of the whole formula";
    refused("tick & forall i. send@i", "forall", message, "forall i.");
    refused("tick forall i. send@i", "forall", message, "forall i.");
    refused("(forall i. send@i)", "forall", message, "forall i.");
    refused(
        "tick & define x = tick; x",
        "define",
        "definitions stand in front of the whole formula",
        "define name",
    );
    refused(
        "forall i, i. send@i",
        "i",
        "`i` is bound twice",
        "different names",
    );
    refused(
        "forall i: instances. send@i",
        "instances",
        "expected a sort",
        "write `instance`",
    );
    refused(
        "forall G. send@G",
        "G",
        "`G` cannot be a variable",
        "no operator",
    );
    refused(
        "G !send(9)",
        "9",
        "`9` cannot be a variable",
        "a certain value",
    );
    refused(
        "forall i send@i",
        "send",
        "expected `.`",
        "forall i, j: instance.",
    );
    refused(
        "define x = forall i. tick@i; F x",
        "i",
        "the quantifier of `i` cannot be moved to the front from here",
        "quantifiers lead",
    );
}

#[test]
fn instances_are_named_where_they_are_quantified() {
    refused("send@i(m)", "i", "nothing binds `i`", "write `forall i.`");
    refused(
        "forall i. send@i & tick",
        "tick",
        "where instances are quantified, every event says at which it happens",
        "`event@*`",
    );
    at_object(
        "channel.send -> membership.view",
        "membership.view",
        "the formula speaks of the endpoints `channel` and `members`",
        "`@p` for a proxy",
    );
    at_object(
        "forall i: instance. channel.send@i -> membership.view@i",
        "i",
        "`i` is an instance of `channel` and of `members`",
        "write `i: proxy`",
    );
    at_object(
        "forall i, j: instance. i = j",
        "i",
        "nothing tells of which endpoint `i` is an instance",
        "place",
    );
    refused(
        "m = n",
        "m",
        "nothing tells what `m` stands for",
        "use it as an argument",
    );
    refused(
        "forall i. send@i(i)",
        "i",
        "`i` is an argument at characters 17 to 18 and the place of an event at characters 15 to 16",
        "different variables",
    );
    refused(
        "forall i: message. send@i",
        "i",
        "`i` is a message, and no place of an event",
        "forall i: instance.",
    );
    refused(
        "forall i: instance. send@*(i)",
        "i",
        "`i` is no message, and cannot be an argument",
        "forall m: message.",
    );
    refused(
        "forall i: instance, p: proxy. i = p & send@i & tick@p",
        "p",
        "`i` and `p` are compared, and have different sorts",
        "one sort",
    );
    refused(
        "forall i: instance. i = j",
        "j",
        "nothing binds `j`, and only messages may be left open",
        "forall j.",
    );
}

#[test]
fn definitions_are_checked() {
    refused(
        "define x = tick; define x = send; x",
        "x",
        "`x` is defined twice",
        "another name",
    );
    refused(
        "define fifo = tick; fifo",
        "fifo",
        "`fifo` is one of the standard definitions",
        "another name",
    );
    refused(
        "define tick = send; tick",
        "tick",
        "`tick` is an event",
        "another name",
    );
    refused(
        "define x = F x; x",
        "x",
        "`x` is not defined yet",
        "none can use itself",
    );
    refused(
        "define x = y; define y = tick; x",
        "y",
        "`y` is not defined yet",
        "in front of it",
    );
    refused(
        "define x(p) = p; x",
        "x",
        "the parameter `p` of `x` is not given",
        "write `x(p)`",
    );
    refused(
        "define x(p) = p; x(tick, tick)",
        "x(tick, tick)",
        "`x` has fewer parameters",
        "write `x(p)`",
    );
    refused(
        "define x(p) = p; x(q: tick)",
        "q: tick",
        "`x` has no parameter `q`",
        "write `x(p)`",
    );
    refused(
        "define x(p) = p; x(_)",
        "_",
        "only an event has arguments that may be any",
        "write `x(p)`",
    );
    refused(
        "define x(p, p) = p; x",
        "p",
        "two parameters are called `p`",
        "different names",
    );
    refused(
        "define x(p) = send(p); x(F tick)",
        "p",
        "`p` is a formula here, and no variable",
        "give a variable",
    );
    refused(
        "define x(e) = e@*; x(F tick)",
        "e",
        "`e` is no event here",
        "give the name of an event",
    );
    refused("define x = tick x", "x", "expected `;`", "ends with `;`");
    // What is wrong within a standard definition is shown where it is used.
    refused(
        "F fifo",
        "fifo",
        "in the definition of `fifo`: the quantifier of `s` cannot be moved to the front from here",
        "quantifiers lead",
    );
    refused(
        "fifo(tick)",
        "fifo(tick)",
        "in the definition of `fifo`: `tick` has no parameters and not 1",
        "tick",
    );
}

#[test]
fn sentences_say_what_they_lack() {
    refused(
        "event tick never comes",
        "comes",
        "expected `occurs`, `occur`, `happens`, `happen`, `is`, `are` or `be`",
        "the forms are",
    );
    refused(
        "event tick never occurs at any places",
        "places",
        "expected `instance`, `instances`, `proxy` or `proxies`",
        "the forms are",
    );
    refused(
        "if event tick occurs then both events occur",
        "both",
        "nothing before this says which two events are meant, and which comes first",
        "begin with `if event a",
    );
    refused(
        "event tick occurs at the same instance",
        "the same instance",
        "nothing before this speaks of one instance",
        "at some instance",
    );
    refused(
        "every send is followed by receive at every instance",
        "every instance",
        "this says where one of the events happens, and not where the other does",
        "at the same instance",
    );
    refused(
        "event tick never occurs at any instance of endpoint x",
        "x",
        "expected an operator or the end of the text",
        "",
    );
    refused(
        "event tick cannot occur before send but not after view",
        "view",
        "`not` stands in a sentence that already says `never` or `cannot`",
        "before a, or after b",
    );
    at_object(
        "event view occurs at some instance of x",
        "x",
        "expected the name of an endpoint",
        "`channel`, `membership`",
    );
}

#[test]
fn propositions_have_no_arguments() {
    refused_in(
        &Structure::Undeclared,
        Atoms::Independent,
        "a(m)",
        "a(m)",
        "a proposition has no arguments and no place",
        "write `a`",
    );
    refused_in(
        &Structure::Undeclared,
        Atoms::Independent,
        "a = b",
        "=",
        "only variables are compared",
        "m = n",
    );
}
