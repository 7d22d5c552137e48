use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::*;
use crate::formalism::{Domain, EndpointStructure, Parameter, ParseError, Structure};
use crate::verdict::Witness;

/// Keeps what it is told, and signs all of it or nothing.
#[derive(Default)]
struct Kept {
    facts: Mutex<BTreeMap<Question, Fact>>,
    doubts: Mutex<Vec<&'static str>>,
    signs: bool,
}

impl Facts for Kept {
    fn find(&self, question: &Question) -> Option<Fact> {
        self.facts.lock().unwrap().get(question).cloned()
    }
    fn keep(&self, question: &Question, verdict: &Verdict) {
        let fact = Fact {
            verdict: verdict.clone(),
            signed: self.signs,
        };
        self.facts.lock().unwrap().insert(*question, fact);
    }
    fn doubt(&self, _: &Question, why: &'static str) {
        self.doubts.lock().unwrap().push(why);
    }
}

impl Kept {
    fn signing() -> Arc<Kept> {
        Arc::new(Kept {
            signs: true,
            ..Kept::default()
        })
    }

    fn len(&self) -> usize {
        self.facts.lock().unwrap().len()
    }

    /// Puts this in place of whatever is kept.
    fn overwrite(&self, fact: &Fact) {
        let mut facts = self.facts.lock().unwrap();
        facts.values_mut().for_each(|it| it.clone_from(fact));
    }

    fn doubts(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.doubts.lock().unwrap())
    }
}

/// Conclusions say themselves whether they follow: all texts print alike, whatever they are about.
struct Frank {
    name: &'static str,
    identity: Option<&'static str>,
    asked: AtomicUsize,
}

fn frank() -> Frank {
    Frank {
        name: "frank",
        identity: Some("1"),
        asked: AtomicUsize::new(0),
    }
}

impl Frank {
    fn read(&self, text: &str) -> Formula {
        self.parse(text, &Structure::Undeclared)
            .expect("it reads all")
    }
}

fn text(formula: &Formula) -> &str {
    let (text, _) = formula.get::<(String, Structure)>().expect("it made it");
    text
}

fn refutation(of: &str) -> Witness {
    Witness::Assignment(vec![(of.to_owned(), "no".to_owned())])
}

impl Formalism for Frank {
    fn name(&self) -> &str {
        self.name
    }
    fn id(&self) -> u128 {
        1
    }
    fn identity(&self) -> Option<String> {
        self.identity.map(str::to_owned)
    }
    fn encode(&self, formula: &Formula) -> Option<Vec<u8>> {
        if text(formula) == "secret no" {
            return None;
        }
        let (text, structure) = formula.get::<(String, Structure)>()?;
        Some(format!("{text:?} {structure:?}").into_bytes())
    }
    fn parse(&self, text: &str, structure: &Structure) -> Result<Formula, ParseError> {
        Ok(Formula::new((text.to_owned(), structure.clone())))
    }
    fn print(&self, _: &Formula) -> String {
        String::new()
    }
    fn satisfiable(&self, formulas: &[&Formula], budget: u64) -> Verdict {
        let contradiction = self.read("no");
        self.implies(formulas, &Events::All, &contradiction, budget)
            .as_satisfiability()
    }
    fn contradiction(&self) -> Option<Formula> {
        Some(self.read("no"))
    }
    fn implies(&self, _: &[&Formula], _: &Events, asked: &Formula, _: u64) -> Verdict {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let asked = text(asked);
        match asked.rsplit(' ').next() {
            Some("yes") => Verdict::Holds,
            Some("no") => Verdict::Fails(refutation(asked)),
            Some("lie") => Verdict::Fails(Witness::Structure),
            _ => Verdict::Unknown(Reason::Undecided("it is vague".to_owned())),
        }
    }
    fn implies_counting(
        &self,
        premises: &[&Formula],
        events: &Events,
        asked: &Formula,
        budget: u64,
    ) -> (Verdict, Option<u64>) {
        let steps = match text(asked).split(' ').next() {
            Some("cheap") => Some(WORTH_KEEPING - 1),
            Some("dear") => Some(WORTH_KEEPING),
            _ => None,
        };
        (self.implies(premises, events, asked, budget), steps)
    }
    fn replay(&self, _: &[&Formula], _: &Events, asked: &Formula, witness: &Witness) -> bool {
        text(asked).ends_with("no") && *witness == refutation(text(asked))
    }
}

/// Asks once; the answer, and how often the formalism was asked for it.
fn ask(formalisms: &Formalisms, frank: &Frank, asked: &str) -> (Verdict, usize) {
    let before = frank.asked.load(Ordering::Relaxed);
    let asked = frank.read(asked);
    let verdict = formalisms.implies(frank, &[], &Events::All, &asked, 1);
    (verdict, frank.asked.load(Ordering::Relaxed) - before)
}

#[test]
fn what_was_decided_is_not_asked_again_and_is_the_same() {
    let (frank, facts) = (frank(), Kept::signing());
    let none = Formalisms::none();
    let with = Formalisms::none().with_facts(facts.clone());
    for (asked, again) in [
        ("yes", 0),
        ("no", 0),
        ("dear yes", 0),
        ("dear no", 0),
        // Not decided, or as quick as a look.
        ("perhaps", 1),
        ("lie", 1),
        ("cheap yes", 1),
        ("cheap no", 1),
        // It cannot be told from others.
        ("secret no", 1),
    ] {
        let expected = ask(&none, &frank, asked);
        assert_eq!(expected.1, 1);
        assert_eq!(ask(&with, &frank, asked), expected, "{asked}");
        assert_eq!(ask(&with, &frank, asked), (expected.0, again), "{asked}");
    }
    assert_eq!(facts.len(), 4);
    assert!(facts.doubts().is_empty());
}

#[test]
fn a_formalism_that_does_not_say_what_it_is_has_nothing_kept() {
    let facts = Kept::signing();
    let nameless = Frank {
        identity: None,
        ..frank()
    };
    let with = Formalisms::none().with_facts(facts.clone());
    assert_eq!(ask(&with, &nameless, "yes"), (Verdict::Holds, 1));
    assert_eq!(facts.len(), 0);
}

/// All that a slot can answer to a question whose answer is no, or is not known.
#[test]
fn nothing_that_is_kept_makes_a_yes_of_anything_else_or_a_no_of_a_yes() {
    for asked in ["yes", "no", "lie", "perhaps"] {
        let (frank, facts) = (frank(), Kept::signing());
        let with = Formalisms::none().with_facts(facts.clone());
        let expected = ask(&Formalisms::none(), &frank, asked).0;
        // So that there is something to be overwritten.
        let question = Question::new(&frank, &[], &Events::All, &frank.read(asked), 1);
        for (hostile, doubt) in [
            (Verdict::Holds, "it is not signed with the key"),
            (
                Verdict::Fails(Witness::Structure),
                "its witness does not replay",
            ),
            (
                Verdict::Fails(refutation("others no")),
                "its witness does not replay",
            ),
            (Verdict::Unknown(Reason::Budget), "it is no answer"),
        ] {
            for signed in [false, true] {
                if signed && hostile.holds() {
                    // That is what the key is for.
                    continue;
                }
                facts.keep(&question.expect("it has one"), &Verdict::Holds);
                let verdict = hostile.clone();
                facts.overwrite(&Fact { verdict, signed });
                assert_eq!(ask(&with, &frank, asked), (expected.clone(), 1));
                assert_eq!(facts.doubts(), [doubt]);
            }
        }
    }
}

#[test]
fn a_replayed_refutation_needs_no_signature() {
    let (frank, facts) = (frank(), Arc::new(Kept::default()));
    let with = Formalisms::none().with_facts(facts.clone());
    let expected = ask(&with, &frank, "no").0;
    assert_eq!(ask(&with, &frank, "no"), (expected, 0));
    assert_eq!(ask(&with, &frank, "yes").1, 1);
    assert_eq!(ask(&with, &frank, "yes").1, 1);
    assert_eq!(facts.doubts(), ["it is not signed with the key"]);
}

#[test]
fn whether_something_can_be_satisfied_is_kept_as_what_shows_it() {
    let (frank, facts) = (frank(), Arc::new(Kept::default()));
    let with = Formalisms::none().with_facts(facts.clone());
    let premise = frank.read("a");
    for calls in [1, 0] {
        assert_eq!(with.satisfiable(&frank, &[&premise], 1), Verdict::Holds);
        assert_eq!(frank.asked.swap(0, Ordering::Relaxed), calls);
    }
    // Without a signature, since a refutation of the contradiction is what is kept.
    facts.overwrite(&Fact {
        verdict: Verdict::Holds,
        signed: false,
    });
    assert_eq!(with.satisfiable(&frank, &[&premise], 1), Verdict::Holds);
    assert_eq!(frank.asked.swap(0, Ordering::Relaxed), 1);
}

fn structure(event: &str, parameter: &str, key: &str, size: Option<u64>) -> Structure {
    let parameter = Parameter {
        name: parameter.to_owned(),
        domain: Domain {
            key: key.to_owned(),
            size,
        },
    };
    Structure::Endpoint(EndpointStructure {
        received: [(event.to_owned(), vec![parameter])].into(),
        ..EndpointStructure::default()
    })
}

/// Each differs from every other in one respect on which an answer may depend.
#[test]
fn every_part_of_a_question_tells_it_from_others() {
    let frank = frank();
    let read = |texts: &[&str]| -> Vec<Formula> { texts.iter().map(|it| frank.read(it)).collect() };
    let names = |names: &[&str]| -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    };
    let object = |endpoints: &[(&str, &[&str])]| {
        let endpoints = endpoints.iter();
        Events::Object(
            endpoints
                .map(|(endpoint, events)| ((*endpoint).to_owned(), names(events)))
                .collect(),
        )
    };
    let mut questions = Vec::new();
    let mut ask =
        |frank: &Frank, premises: &[Formula], events: &Events, asked: &Formula, budget| {
            let premises: Vec<&Formula> = premises.iter().collect();
            questions
                .push(Question::new(frank, &premises, events, asked, budget).expect("it has one"));
        };
    let asked = frank.read("a");
    let all = Events::All;
    ask(&frank, &[], &all, &asked, 1);
    ask(&frank, &[], &all, &asked, 2);
    ask(&frank, &[], &all, &frank.read("b"), 1);
    let other_name = Frank {
        name: "fran",
        ..self::frank()
    };
    let other_version = Frank {
        identity: Some("k1"),
        ..self::frank()
    };
    ask(&other_name, &[], &all, &asked, 1);
    ask(&other_version, &[], &all, &asked, 1);
    for premises in [
        &["a"][..],
        &["a", "a"],
        &["a", "b"],
        &["b", "a"],
        &["ab"],
        &["", "ab"],
    ] {
        ask(&frank, &read(premises), &all, &asked, 1);
    }
    for events in [&[][..], &["a"], &["a", "b"], &["ab"], &["b"]] {
        ask(&frank, &[], &Events::Endpoint(names(events)), &asked, 1);
    }
    let endpoints: [&[(&str, &[&str])]; 7] = [
        &[],
        &[("", &["a"])],
        &[("a", &[])],
        &[("a", &["b"])],
        &[("a", &["b", "c"])],
        &[("a", &["b"]), ("c", &[])],
        &[("a", &[]), ("b", &["c"])],
    ];
    for events in endpoints {
        ask(&frank, &[], &object(events), &asked, 1);
    }
    // Equal texts, about something else.
    for structure in [
        structure("a", "p", "", None),
        structure("b", "p", "", None),
        structure("a", "q", "", None),
        structure("a", "p", "u8", None),
        structure("a", "p", "u8", Some(256)),
        structure("a", "p", "", Some(256)),
        Structure::Endpoint(EndpointStructure::default()),
        Structure::Object(BTreeMap::new()),
    ] {
        let about = frank.parse("a", &structure).expect("it reads all");
        ask(&frank, std::slice::from_ref(&about), &all, &asked, 1);
        ask(&frank, &[], &all, &about, 1);
    }
    let different: BTreeSet<Question> = questions.iter().copied().collect();
    assert_eq!(different.len(), questions.len());
}
