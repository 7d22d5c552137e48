//! What texts mean, shown by what they print as.

mod bounds;
mod definitions;
mod docs;
mod english;
mod errors;
mod round_trip;

use std::collections::BTreeMap;

use liveobj_types::formalism::{Domain, EndpointStructure, Parameter, Structure};

use super::super::formula::{Binding, Quantifier, Sentence, Sort};
use super::super::print::print;
use super::{Atoms, parse};

/// An endpoint: its name, what its provider handles, and what it emits. Each parameter has a type
/// of its own name.
fn endpoint(
    name: &str,
    received: &[(&str, &[&str])],
    emitted: &[(&str, &[&str])],
) -> EndpointStructure {
    let events = |events: &[(&str, &[&str])]| {
        let parameter = |name: &&str| Parameter {
            name: (*name).to_owned(),
            domain: Domain {
                key: (*name).to_owned(),
                size: None,
            },
        };
        let event = |(name, parameters): &(&str, &[&str])| {
            let parameters = parameters.iter().map(parameter).collect();
            ((*name).to_owned(), parameters)
        };
        events.iter().map(event).collect()
    };
    EndpointStructure {
        name: name.to_owned(),
        received: events(received),
        emitted: events(emitted),
    }
}

/// A channel whose endpoint also has views.
fn channel() -> Structure {
    Structure::Endpoint(endpoint(
        "",
        &[("send", &["message"])],
        &[
            ("receive", &["message"]),
            ("view", &["number", "members"]),
            ("tick", &[]),
        ],
    ))
}

/// A channel and, at another endpoint, a membership service; the text calls the latter otherwise
/// than the type does.
fn object() -> Structure {
    let channel = endpoint(
        "channel",
        &[("send", &["message"])],
        &[("receive", &["message"])],
    );
    let membership = endpoint(
        "members",
        &[("join", &[])],
        &[("view", &["number", "members"])],
    );
    Structure::Object(BTreeMap::from([
        ("channel".to_owned(), channel),
        ("membership".to_owned(), membership),
    ]))
}

fn read(text: &str, structure: &Structure, atoms: Atoms) -> Sentence {
    parse(text, structure, atoms).unwrap_or_else(|error| panic!("{text}: {error:?}"))
}

/// A text prints as `expected`, which is read as the same sentence.
#[track_caller]
fn check(text: &str, structure: &Structure, atoms: Atoms, expected: &str) {
    let sentence = read(text, structure, atoms);
    assert_eq!(print(&sentence), expected, "{text}");
    assert_eq!(read(expected, structure, atoms), sentence, "{expected}");
}

#[track_caller]
fn at_channel(text: &str, expected: &str) {
    check(text, &channel(), Atoms::Events, expected);
}

#[track_caller]
fn at_object(text: &str, expected: &str) {
    check(text, &object(), Atoms::Events, expected);
}

#[track_caller]
fn undeclared(text: &str, expected: &str) {
    check(text, &Structure::Undeclared, Atoms::Events, expected);
}

#[track_caller]
fn independent(text: &str, expected: &str) {
    check(text, &Structure::Undeclared, Atoms::Independent, expected);
}

#[test]
fn operators_bind_as_usual() {
    independent(
        "a <-> b -> c | d xor e & f U g",
        "a <-> b -> c | d xor e & f U g",
    );
    independent(
        "((((a U b) & c) xor d) | e) -> f",
        "a U b & c xor d | e -> f",
    );
    independent(
        "a U (b & (c xor (d | (e -> f))))",
        "a U (b & (c xor (d | (e -> f))))",
    );
    independent("a -> b -> c", "a -> b -> c");
    independent("(a -> b) -> c", "(a -> b) -> c");
    independent("a U b U c", "a U b U c");
    independent("(a U b) U c", "(a U b) U c");
    independent("a U b W c", "a U (b W c)");
    independent("!a U G b", "!a U G b");
    independent("!(a & b) | !F !c", "!(a & b) | !F !c");
    independent("a & (b & c) & (d & (e & f))", "a & b & c & d & e & f");
    independent("a <-> (b <-> c)", "a <-> b <-> c");
    independent("a R b M c S d", "a R (b M (c S d))");
    independent("Y O H X a", "Y O H X a");
}

#[test]
fn the_usual_spellings_are_read() {
    independent("~a && b /\\ c", "!a & b & c");
    independent("a || b \\/ c | d", "a | b | c | d");
    independent("a => b", "a -> b");
    independent("a --> b", "a -> b");
    independent("a <=> b <--> c", "a <-> b <-> c");
    independent("a ^ b xor c", "a xor b xor c");
    independent("[] a & <> b & () c", "G a & F b & X c");
    independent("[]<>a->()()b", "G F a -> X X b");
    independent("a V b", "a R b");
    independent(
        "1 & true & TRUE | 0 & false",
        "true & true & true | false & false",
    );
    independent("GF a & XXX b & FG c", "G F a & X X X b & F G c");
    // As public suites have them: `F`, `G` and `X` begin no name unless a digit follows.
    independent("GFa & Xb & X0 & F1a", "G F a & X b & X0 & F1a");
    independent("G!a&F(b)", "G !a & F b");
    independent("a// to the end of the line\n& b", "a & b");
}

#[test]
fn names_of_operators_stand_in_quotes() {
    independent(
        "\"F\" U 'U' & \"a b\" & \"\"",
        "\"F\" U \"U\" & \"a b\" & \"\"",
    );
    independent("V & \"Gain\" & 'true'", "\"V\" & \"Gain\" & \"true\"");
    independent("'a\"b' & \"it's\"", "'a\"b' & \"it's\"");
    independent(
        "event & every & forall & define",
        "event & every & forall & define",
    );
    undeclared("V V V", "V R V");
    undeclared(
        "\"X\" & \"GO\" & \"connect\" & connect",
        "\"X\" & \"GO\" & \"connect\" & connect",
    );
    undeclared("\"fifo\" -> F \"fifo\"", "\"fifo\" -> F \"fifo\"");
    undeclared("GF a", "G F a");
    // A word of operators that is an event is that event.
    let structure = Structure::Endpoint(endpoint("", &[("GO", &["m"])], &[("Gain", &[])]));
    check(
        "GO(m) -> Gain",
        &structure,
        Atoms::Events,
        "forall m: message. \"GO\"(m: m) -> Gain",
    );
    check("GF Gain", &structure, Atoms::Events, "G F Gain");
}

#[test]
fn events_name_their_parameters_when_printed() {
    at_channel("send(m)", "forall m: message. send(message: m)");
    at_channel("send(_) & send & tick()", "send & send & tick");
    at_channel(
        "view(_, s) & view(number: k)",
        "forall s, k: message. view(members: s) & view(number: k)",
    );
    at_channel(
        "view(number: _, members: s)",
        "forall s: message. view(members: s)",
    );
    undeclared(
        "e(x, _) & e(_, y) & e",
        "forall x, y: message. e(x, _) & e(_, y) & e",
    );
    undeclared("f(_, x, _)", "forall x: message. f(_, x)");
    at_channel(
        "view(k, ..) & send(..)",
        "forall k: message. view(number: k) & send",
    );
    undeclared(
        "f(x, ..) & f(_, y)",
        "forall x, y: message. f(x, _) & f(_, y)",
    );
}

#[test]
fn quantifiers_lead_and_sorts_are_inferred() {
    let sentence = read(
        "forall i, m. exists j: instance. receive@i(m) -> i != j & receive@j(m)",
        &channel(),
        Atoms::Events,
    );
    let binding = |quantifier, name: &str, sort| Binding {
        quantifier,
        name: name.to_owned(),
        sort,
    };
    let message = Domain {
        key: "message".to_owned(),
        size: None,
    };
    let instance = || Sort::Instance(String::new());
    assert_eq!(
        sentence.prefix,
        [
            binding(Quantifier::ForAll, "i", instance()),
            binding(Quantifier::ForAll, "m", Sort::Message(message)),
            binding(Quantifier::Exists, "j", instance()),
        ]
    );
    at_channel(
        "forall i: instance, m: message. exists n. send@i(m) | send@*(n)",
        "forall i: instance. forall m: message. exists n: message. send@i(message: m) | \
         send@*(message: n)",
    );
    at_channel(
        "forall i, j: instance. i = j",
        "forall i, j: instance. i = j",
    );
    at_channel("forall i, m. tick", "tick");
    at_channel(
        "forall m. exists n. m != n & send(m) & send(n)",
        "forall m: message. exists n: message. m != n & send(message: m) & send(message: n)",
    );
}

#[test]
fn a_formula_without_instances_is_about_each_connection() {
    let sentence = read("G (send(m) -> F receive@*(m))", &channel(), Atoms::Events);
    assert_eq!(sentence.prefix.len(), 2);
    assert_eq!(sentence.prefix[0].name, "");
    assert_eq!(sentence.prefix[0].sort, Sort::Instance(String::new()));
    assert_eq!(sentence.prefix[0].quantifier, Quantifier::ForAll);
    // It goes in front of quantifiers that are written.
    let sentence = read("exists m. F send(m)", &channel(), Atoms::Events);
    assert_eq!(sentence.prefix[0].name, "");
    assert_eq!(sentence.prefix[1].quantifier, Quantifier::Exists);
}

#[test]
fn objects_have_endpoints_and_proxies() {
    at_object(
        "channel.send -> F channel.receive",
        "'channel'.send -> F 'channel'.receive",
    );
    // In the type the endpoint is called `members`.
    at_object(
        "forall i. membership.view@i(k, _) -> membership.join@*",
        "forall k: message. forall i: instance. 'members'.view@i(number: k) -> 'members'.join@*",
    );
    at_object(
        "forall p: proxy. channel.send@p -> membership.connect@p",
        "forall p: proxy. 'channel'.send@p -> 'members'.connect@p",
    );
    // One variable at two endpoints can only be a proxy.
    at_object(
        "forall p. channel.send@p -> membership.connect@p",
        "forall p: proxy. 'channel'.send@p -> 'members'.connect@p",
    );
    // A name that only one endpoint has needs no endpoint in front.
    at_object("send -> F receive", "'channel'.send -> F 'channel'.receive");
    let sentence = read("forall i. membership.view@i", &object(), Atoms::Events);
    assert_eq!(
        sentence.prefix[0].sort,
        Sort::Instance("members".to_owned())
    );
}

#[test]
fn a_number_is_added_to_a_variable_that_stands_for_all() {
    at_channel(
        "view(k, _) -> F view(k + 1, _)",
        "forall k, k_plus_1: message. k != k_plus_1 -> view(number: k) -> F view(number: k_plus_1)",
    );
    at_channel(
        "forall k. view(k + 2, _) | view(k + 1, _) & view(k, _)",
        "forall k, k_plus_2, k_plus_1: message. k != k_plus_1 & k != k_plus_2 & k_plus_1 != \
         k_plus_2 -> view(number: k_plus_2) | view(number: k_plus_1) & view(number: k)",
    );
}
