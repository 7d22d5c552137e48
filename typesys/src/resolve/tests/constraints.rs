//! Constraint texts, read by a toy formalism: words that are names of events, each alone or after
//! `not`. What the provider emits, it may also forbid.

use std::collections::BTreeSet;

use expect_test::{Expect, expect};

use super::*;
use crate::formalism::{Events, Formalism, Formula, ParseError, Structure};
use crate::source::Span;
use crate::verdict::{Reason, Verdict, Witness};

struct Words {
    name: &'static str,
    duals: bool,
}

type Signs = Vec<(String, bool)>;

impl Formalism for Words {
    fn name(&self) -> &str {
        self.name
    }

    fn id(&self) -> u128 {
        7
    }

    fn parse(&self, text: &str, structure: &Structure) -> Result<Formula, ParseError> {
        let emitted: BTreeSet<String> = match structure {
            Structure::Undeclared => BTreeSet::new(),
            Structure::Endpoint(endpoint) => endpoint.emitted.keys().cloned().collect(),
            Structure::Object(endpoints) => endpoints
                .iter()
                .flat_map(|(name, endpoint)| {
                    endpoint
                        .emitted
                        .keys()
                        .map(move |event| format!("{name}.{event}"))
                })
                .collect(),
        };
        let mut signs: Signs = Vec::new();
        let mut sign = true;
        for word in text.split_whitespace() {
            if word == "not" {
                sign = false;
                continue;
            }
            if !emitted.contains(word) {
                let start = word.as_ptr() as usize - text.as_ptr() as usize;
                return Err(ParseError {
                    span: Span::new(start, start + word.len()),
                    message: format!("`{word}` is not emitted"),
                    help: Some("name an event that is".to_owned()),
                });
            }
            signs.push((word.to_owned(), std::mem::replace(&mut sign, true)));
        }
        Ok(Formula::new(signs))
    }

    fn print(&self, formula: &Formula) -> String {
        format!("{:?}", formula.get::<Signs>())
    }

    fn dual(&self, formula: &Formula) -> Option<Formula> {
        self.duals.then(|| formula.clone())
    }

    fn satisfiable(&self, formulas: &[&Formula], _: u64) -> Verdict {
        let signs: BTreeSet<&(String, bool)> = formulas
            .iter()
            .flat_map(|formula| formula.get::<Signs>().unwrap())
            .collect();
        match signs
            .iter()
            .any(|(word, sign)| signs.contains(&(word.clone(), !sign)))
        {
            true => Verdict::Fails(Witness::Structure),
            false => Verdict::Holds,
        }
    }

    fn at_endpoint(&self, formula: &Formula, endpoint: &str) -> Option<Formula> {
        let signs = formula.get::<Signs>().unwrap().iter();
        let named = signs.map(|(word, sign)| (format!("{endpoint}.{word}"), *sign));
        Some(Formula::new(named.collect::<Signs>()))
    }

    fn implies(&self, _: &[&Formula], _: &Events, _: &Formula, _: u64) -> Verdict {
        Verdict::Unknown(Reason::Budget)
    }

    fn replay(&self, _: &[&Formula], _: &Events, _: &Formula, _: &Witness) -> bool {
        false
    }
}

fn formalisms() -> Formalisms {
    let mut formalisms = Formalisms::none();
    formalisms.add(Arc::new(Words {
        name: "words",
        duals: false,
    }));
    formalisms.add(Arc::new(Words {
        name: "session",
        duals: true,
    }));
    formalisms
}

fn check(text: &str, expect: Expect) {
    let module = module(text);
    let faults = Types::new().check_module(&module, &formalisms());
    expect.assert_eq(&shown(&faults));
}

#[test]
fn readable_texts_are_accepted() {
    check(
        r#"endpoint E { in ask(); out answer();
            provides words "answer"; requires words "ask";
            provides other "?!"; follows session "answer"; }
        object O { endpoint e: E; endpoint m: mirror E;
            provides words "e.answer m.ask"; requires words "e.ask m.answer"; }"#,
        expect![[""]],
    );
}

#[test]
fn texts_are_written_from_the_side_of_their_provider() {
    check(
        r#"endpoint E { in ask(); out answer(); provides words "ask"; requires words "answer"; }
        object O { endpoint e: E; provides words "e.ask"; requires words "e.answer"; }"#,
        expect![[r#"
            1:54 `ask` constraint-syntax: this words constraint cannot be read: `ask` is not emitted
              help: name an event that is
            1:76 `answer` constraint-syntax: this words constraint cannot be read: `answer` is not emitted
              help: name an event that is
            2:51 `e.ask` constraint-syntax: this words constraint cannot be read: `e.ask` is not emitted
              help: name an event that is
            2:75 `e.answer` constraint-syntax: this words constraint cannot be read: `e.answer` is not emitted
              help: name an event that is
        "#]],
    );
}

#[test]
fn errors_point_into_the_text() {
    check(
        "endpoint E { out answer();
            provides words \"answer\n  nothing  answer\";
            provides words \"answer \\\"quoted\\\"  answer\"; }",
        expect![[r#"
            3:3 `nothing` constraint-syntax: this words constraint cannot be read: `nothing` is not emitted
              help: name an event that is
            4:36 `\"quoted\"` constraint-syntax: this words constraint cannot be read: `"quoted"` is not emitted
              help: name an event that is
        "#]],
    );
}

#[test]
fn a_text_is_judged_although_types_beside_it_are_wrong() {
    check(
        r#"endpoint E { out answer(a: Nothing); provides words "question"; }"#,
        expect![[r#"
            1:28 `Nothing` unknown-type: no type is called `Nothing`
              help: declare it, or `use` the library that does
            1:54 `question` constraint-syntax: this words constraint cannot be read: `question` is not emitted
              help: name an event that is
        "#]],
    );
}

#[test]
fn an_assumption_is_written_from_the_side_that_meets_it() {
    check(
        r#"endpoint E { in ask(); out answer();
            provides words "answer" given "ask"; requires words "ask" given "answer";
            provides words "answer" given "answer"; }"#,
        expect![[r#"
            3:29 `answer` constraint-syntax: what this words constraint is given under, "answer", cannot be read: `answer` is not emitted
              help: name an event that is
        "#]],
    );
}

#[test]
fn follows_needs_a_formalism_with_duals() {
    check(
        r#"endpoint E { out answer(); follows words "answer"; }"#,
        expect![[r#"
        1:36 `words` constraint-syntax: formalism `words` has no duals, which `follows` needs
          help: write `provides` and `requires` instead
    "#]],
    );
}

#[test]
fn constraints_that_nothing_satisfies() {
    check(
        r#"endpoint E { out a(); out b(); out c();
            provides words "a"; provides words "b"; provides words "c not b"; }"#,
        expect![[r#"
            2:49 `b` unsatisfiable-constraint: `E` provides what nothing can satisfy together
              at test.lot:2:69: 
              help: leave one of the constraints out, or weaken it
        "#]],
    );
    check(
        r#"endpoint E { out a(); provides words "a not a"; provides words "a"; }"#,
        expect![[r#"
        1:39 `a not a` unsatisfiable-constraint: `E` provides what nothing can satisfy
          help: leave the constraint out, or weaken it
    "#]],
    );
    check(
        r#"endpoint E { in a(); requires words "a"; requires words "not a"; }"#,
        expect![[r#"
        1:38 `a` unsatisfiable-constraint: `E` requires what nothing can satisfy together
          at test.lot:1:58: 
          help: leave one of the constraints out, or weaken it
    "#]],
    );
    check(
        r#"endpoint E { out a(); } object O { endpoint e: E;
            provides words "e.a"; provides words "not e.a"; }"#,
        expect![[r#"
            2:29 `e.a` unsatisfiable-constraint: `O` provides what nothing can satisfy together
              at test.lot:2:51: 
              help: leave one of the constraints out, or weaken it
        "#]],
    );
}

#[test]
fn an_object_does_not_contradict_its_endpoints() {
    check(
        r#"endpoint E { out a(); provides words "a"; }
            object O { endpoint e: E; provides words "not e.a"; }
            object P { endpoint e: E; provides words "e.a"; }
            object Q { endpoint e: E; endpoint f: F; provides words "not f.a"; }
            endpoint F { in b(); out a(); provides words "a" given "b"; }"#,
        expect![[r#"
            2:55 `not e.a` unsatisfiable-constraint: `O` provides what nothing can satisfy together
              at test.lot:1:39: 
              help: leave one of the constraints out, or weaken it
        "#]],
    );
}

#[test]
fn sides_formalisms_and_assumptions_do_not_mix() {
    check(
        r#"endpoint E { in b(); out a(); provides words "a"; requires words "not b";
            provides other "not a"; provides words "not a" given "b"; }"#,
        expect![[""]],
    );
}

#[test]
fn at_most_one_session_per_side() {
    check(
        r#"endpoint E { out a(); follows session "a"; follows session "a"; }"#,
        expect![[r#"
            1:61 `a` duplicate-session: `E` provides two `session` types
              at test.lot:1:40: the first one
              help: write one text for the whole protocol, with choices in it
        "#]],
    );
    check(
        r#"endpoint E { out a(); follows session "a"; provides session "a"; }"#,
        expect![[r#"
            1:62 `a` duplicate-session: `E` provides two `session` types
              at test.lot:1:40: the first one
              help: write one text for the whole protocol, with choices in it
        "#]],
    );
    check(
        r#"endpoint E { in a(); requires session "a"; follows session ""; }"#,
        expect![[r#"
            1:61 `` duplicate-session: `E` requires two `session` types
              at test.lot:1:40: the first one
              help: write one text for the whole protocol, with choices in it
        "#]],
    );
    check(
        r#"endpoint E { out b(); follows session "b"; follows async_session "b"; }"#,
        expect![[""]],
    );
}

#[test]
fn a_session_that_asks_nothing_of_the_peer() {
    check(
        r#"endpoint E { out a(); provides session "a"; }"#,
        expect![[r#"
        1:41 `a` session-unpaired: `E` provides a `session` type and requires none of its peer
          help: write `follows session "…"`, which also requires the dual
    "#]],
    );
    check(
        r#"endpoint E { in a(); requires session "a"; }"#,
        expect![[""]],
    );
}

#[test]
fn a_warning_keeps_what_was_resolved() {
    let module = module(r#"endpoint E { out a(); provides session "a"; }"#);
    let mut types = Types::new();
    let faults = types.check_module(&module, &formalisms());
    assert_eq!(faults[0].severity, crate::Severity::Warning);
    assert_eq!(types.endpoints.len(), 1);
}

#[test]
fn arguments_are_compared_with_bounds_under_the_formalisms_given() {
    let module = module(
        r#"endpoint E { out a(); provides words "a"; } endpoint F { out a(); provides words "a  a"; }
        endpoint Wrap<T: endpoint <: E> { out next(to: external<T>); }
        endpoint Same { out a(); provides words "a"; }"#,
    );
    let mut types = Types::new();
    assert!(try_resolve(&mut types, &module, "Wrap<Same>").is_ok());
    let faults = try_resolve(&mut types, &module, "Wrap<F>").unwrap_err();
    expect![[r#"
        1:6 `F` argument-out-of-bound: it was not shown that `F` is a subtype of `E`, the bound of `T` in `Wrap`: no formalism `words` is registered
          at test.lot:2:23: bounded here
          note: `E` provides words "a", and `F` provides words "a a"; whether that suffices is not known: no formalism `words` is registered
          help: give a subtype of `E`
    "#]].assert_eq(&shown(&faults));
    types.set_formalisms(&formalisms());
    let faults = try_resolve(&mut types, &module, "Wrap<F>").unwrap_err();
    expect![[r#"
        1:6 `F` argument-out-of-bound: it was not shown that `F` is a subtype of `E`, the bound of `T` in `Wrap`: the step budget ran out
          at test.lot:2:23: bounded here
          note: `E` provides words "a", and `F` provides words "a a"; whether that suffices is not known: the step budget ran out
          help: give a subtype of `E`
    "#]].assert_eq(&shown(&faults));
}
