use std::collections::BTreeSet;
use std::sync::Arc;

use expect_test::{Expect, expect};

use super::*;
use crate::formalism::{Events, Formalism, Formula, ParseError, Structure};
use crate::module::Module;
use crate::resolve::Environment;
use crate::source::{Source, Span};
use crate::syntax::parse_type;
use crate::types::{Origin, Value};
use crate::verdict::Reason;

mod chains;
mod changes;
mod circles;
mod constraints;
mod derivation;
mod given;
mod histories;
mod refuted;
mod scale;
mod short;
mod structure;
mod translation;

/// The endpoint types of these names, out of declarations without faults.
fn two_endpoints(declarations: String, names: [&str; 2]) -> (Types, [EndpointId; 2]) {
    let source = Source::new("test.lot", declarations);
    let (module, faults) = Module::parse("test", &source, &mut |_| None);
    assert_eq!(faults, []);
    let mut types = Types::new();
    let ends = names.map(|name| {
        let source = Source::new("as", name);
        let expr = parse_type(&source).unwrap();
        let id = types.resolve(&module, &source, &expr, &Environment::new());
        match id.unwrap() {
            TypeId::Endpoint(id) => id,
            other => panic!("{other:?}"),
        }
    });
    (types, ends)
}

/// A formalism of words. A conclusion follows from premises with the same words; `never_E` also
/// follows where the provider may not emit `E`. Words in capitals survive lossy conversions. The
/// witness of a text with `liar` shows nothing.
struct Words;

fn words(formula: &Formula) -> &BTreeSet<String> {
    formula.get().expect("formulas of words are sets")
}

impl Formalism for Words {
    fn name(&self) -> &str {
        "words"
    }

    fn id(&self) -> u128 {
        0
    }

    fn parse(&self, text: &str, _: &Structure) -> Result<Formula, ParseError> {
        if text.contains('?') {
            let message = "what does that mean".to_owned();
            return Err(ParseError {
                span: Span::default(),
                message,
                help: None,
            });
        }
        Ok(Formula::new(
            text.split(' ')
                .map(str::to_owned)
                .collect::<BTreeSet<String>>(),
        ))
    }

    fn print(&self, formula: &Formula) -> String {
        words(formula).iter().cloned().collect::<Vec<_>>().join(" ")
    }

    fn satisfiable(&self, _: &[&Formula], _: u64) -> Verdict {
        Verdict::Holds
    }

    fn implies(&self, premises: &[&Formula], events: &Events, asked: &Formula, _: u64) -> Verdict {
        let met = |word: &String| {
            premises.iter().any(|premise| words(premise).contains(word))
                || match (word.strip_prefix("never_"), events) {
                    (Some(event), Events::Endpoint(events)) => !events.contains(event),
                    _ => false,
                }
        };
        match words(asked).iter().find(|word| !met(word)) {
            None => Verdict::Holds,
            Some(word) => Verdict::Fails(Witness::Assignment(vec![(word.clone(), "no".into())])),
        }
    }

    fn replay(&self, _: &[&Formula], _: &Events, asked: &Formula, _: &Witness) -> bool {
        !words(asked).contains("liar")
    }

    fn surviving(&self, formula: &Formula) -> Option<Formula> {
        let capital = |word: &&String| word.starts_with(|c: char| c.is_ascii_uppercase());
        let left: BTreeSet<String> = words(formula).iter().filter(capital).cloned().collect();
        (!left.is_empty()).then(|| Formula::new(left))
    }
}

fn formalisms() -> Formalisms {
    let mut formalisms = Formalisms::none();
    formalisms.add(Arc::new(Words));
    formalisms
}

/// Which relation a test asks about.
#[derive(Clone, Copy)]
enum Ask {
    Subtype,
    Match,
}

/// The answer about two type expressions in the scope of some declarations.
fn ask(declarations: &str, ask: Ask, left: &str, right: &str) -> Judgement {
    let source = Source::new("test.lot", declarations);
    let (module, faults) = Module::parse("test", &source, &mut |_| None);
    assert_eq!(faults, []);
    let mut types = Types::new();
    let formalisms = formalisms();
    let mut resolve = |text: &str| {
        let source = Source::new("as", text);
        let expr = parse_type(&source).unwrap();
        types
            .resolve(&module, &source, &expr, &Environment::new())
            .unwrap()
    };
    let (left, right) = (resolve(left), resolve(right));
    let mut relations = Relations::new(&mut types, &formalisms);
    let answer = match (ask, left, right) {
        (Ask::Match, TypeId::Endpoint(l), TypeId::Endpoint(r)) => relations.endpoints_match(l, r),
        _ => relations.subtype(left, right),
    };
    // A second answer, out of what was kept, is the same.
    assert_eq!(
        answer,
        match (ask, left, right) {
            (Ask::Match, TypeId::Endpoint(l), TypeId::Endpoint(r)) =>
                relations.endpoints_match(l, r),
            _ => relations.subtype(left, right),
        }
    );
    assert_eq!(answer.verdict.holds(), answer.mismatches.is_empty());
    answer
}

/// Verdict and mismatches as text.
fn shown(answer: &Judgement) -> String {
    let mut out = format!("{}\n", answer.verdict);
    for mismatch in &answer.mismatches {
        out += &mismatch.to_sentence("left", "right");
        out += "\n";
        if let Some(suggestion) = mismatch.problem.suggestion() {
            out += &format!("  {suggestion}\n");
        }
    }
    out
}

fn check(declarations: &str, left: &str, right: &str, expect: Expect) {
    expect.assert_eq(&shown(&ask(declarations, Ask::Subtype, left, right)));
}

fn check_match(declarations: &str, left: &str, right: &str, expect: Expect) {
    expect.assert_eq(&shown(&ask(declarations, Ask::Match, left, right)));
}
