//! Definitions.

use super::super::standard::{TEXT, standard};
use super::super::{Atoms, is_plain, reader};
use super::{at_channel, at_object, channel, independent, read, undeclared};

#[test]
fn the_standard_file_is_read_and_each_definition_can_be_used() {
    assert!(
        reader::definitions(TEXT).is_ok(),
        "{:?}",
        reader::definitions(TEXT).err()
    );
    for define in standard() {
        let name = define.name.text();
        assert!(is_plain(name), "{name}");
        assert!(
            define
                .parameters
                .iter()
                .all(|parameter| parameter.default.is_some()),
            "{name}"
        );
        read(name, &channel(), Atoms::Events);
    }
}

#[test]
fn parameters_are_events_variables_and_formulas() {
    undeclared(
        "define once(e) = G (e -> X G !e); once(a) & once(b)",
        "G (a -> X G !a) & G (b -> X G !b)",
    );
    undeclared(
        "define twice(p) = p & X p; twice(a | b)",
        "(a | b) & X (a | b)",
    );
    undeclared(
        "define both(x, m) = x(m) & F x(m); both(e, n) | both(f, m)",
        "forall n, m: message. e(n) & F e(n) | f(m) & F f(m)",
    );
    undeclared(
        "define at(x, i) = x@i; forall k. at(e, k) -> e@*",
        "forall k: instance. e@k -> e@*",
    );
    undeclared(
        "define x(p = send) = F p; x & x(receive)",
        "F send & F receive",
    );
    undeclared("define a = p; define b = a | q; b & a", "(p | q) & p");
    undeclared("define x(p, q) = p U q; x(q: a, p: b)", "b U a");
    at_object(
        "define x(p, e) = G (p.e -> F p.connect); x(channel, send)",
        "G ('channel'.send -> F 'channel'.connect)",
    );
    at_object("define x(e) = F e; x(membership.view)", "F 'members'.view");
    independent("define p(x) = x U !x; p(a) & p(b)", "a U !a & b U !b");
}

/// The variables of a definition are its own: no argument is captured by its quantifiers, and two
/// uses do not share what they leave open.
#[test]
fn definitions_are_hygienic() {
    at_channel(
        "define x(n) = forall m. send@*(m) -> receive@*(n); x(m)",
        "forall m, m2: message. send@*(message: m2) -> receive@*(message: m)",
    );
    at_channel(
        "define x = G !send(m); x & x & receive(m)",
        "forall m, m2, m3: message. G !send(message: m2) & G !send(message: m3) & receive(message: m)",
    );
    // Within a parameter's value, names are those of the text that gives it.
    undeclared("define x(a) = a & F b; define y(b) = x(b); y(c)", "c & F b");
}

/// `!` turns the quantifiers of a definition, `G` lets `forall` through.
#[test]
fn quantifiers_of_definitions_move_to_the_front() {
    undeclared(
        "define x = forall i. exists j. e@i | f@j; x & !x",
        "forall i: instance. exists j, i2: instance. forall j2: instance. \
         (e@i | f@j) & !(e@i2 | f@j2)",
    );
    undeclared("define x = forall i. e@i; G x", "forall i: instance. G e@i");
    undeclared(
        "define x = exists i. e@i; F x -> false",
        "forall i: instance. F e@i -> false",
    );
}
