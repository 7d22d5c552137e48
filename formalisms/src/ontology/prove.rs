//! What files claim, against the definitions of the names.
//!
//! A definition is read with nothing declared, since the ontology does not know at which endpoints its
//! names will be used. What is proved of it then has to hold at each of them, whose events have
//! parameters of some types. So every parameter gets a type of its own, unless a variable is given
//! for two, or compared with one that is: histories at an endpoint of which two have the same type are
//! among those in which they may have different ones, and types of few values are among those of
//! any number.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::formalism::{Domain, Events, Formalism, Formula, Structure};
use liveobj_types::verdict::{Reason, Verdict, Witness};
use liveobj_types::{Diagnostic, Place, Span, codes};

use super::read::Places;
use super::{Fact, Ontology};
use crate::temporal::Temporal;
use crate::temporal::formula::{Event, Node, Sentence, Sort};

/// The ontology, in which no fact is an axiom any more that is a theorem.
pub(super) fn proved(
    mut ontology: Ontology,
    places: &Places,
    budget: u64,
) -> Result<Ontology, Vec<Diagnostic>> {
    let mut prover = Prover {
        definitions: BTreeMap::new(),
        budget,
        found: Vec::new(),
    };
    for (name, property) in ontology.properties() {
        let Some(text) = &property.temporal else {
            continue;
        };
        match places.defined.get(name) {
            None => prover.read(name, text),
            Some(place) => prover.define(name, text, place, places.surviving.get(name)),
        }
    }
    if prover.found.is_empty() {
        let mut theorems = Vec::new();
        for (key, fact) in &ontology.facts {
            if let Some(place) = &fact.place
                && prover.is_theorem(fact, place)
            {
                theorems.push(key.clone());
            }
        }
        for key in theorems {
            if let Some(fact) = ontology.facts.get_mut(&key) {
                fact.axiom = None;
            }
        }
        for (name, place) in &places.declared {
            prover.check_consequences(&ontology, name, place);
        }
    }
    match prover.found.is_empty() {
        true => Ok(ontology),
        false => Err(prover.found),
    }
}

struct Prover {
    /// The definitions by name.
    definitions: BTreeMap<String, Formula>,
    budget: u64,
    found: Vec<Diagnostic>,
}

impl Prover {
    fn read(&mut self, name: &str, text: &str) {
        let temporal = Temporal::new();
        if let Ok(formula) = temporal.parse(text, &Structure::Undeclared) {
            self.definitions.insert(name.to_owned(), formula);
        }
    }

    /// Reads a definition of a user, which has to be fit for declarations.
    fn define(&mut self, name: &str, text: &str, place: &Place, surviving: Option<&Place>) {
        let temporal = Temporal::new();
        let error = match temporal.parse(text, &Structure::Undeclared) {
            Ok(formula) => {
                if let [alone] = &apart([&formula])[..] {
                    self.check_definition(name, alone, place, surviving);
                }
                self.definitions.insert(name.to_owned(), formula);
                return;
            }
            Err(error) => error,
        };
        let start = place.span.start;
        let span = Span::new(start + error.span.start, start + error.span.end);
        let found = Diagnostic::error(codes::CONSTRAINT_SYNTAX, error.message);
        let found = found.at(Place::new(&place.source, span), "");
        self.found.push(match error.help {
            Some(help) => found.with_help(help),
            None => found,
        });
    }

    fn check_definition(
        &mut self,
        name: &str,
        formula: &Formula,
        place: &Place,
        surviving: Option<&Place>,
    ) {
        let temporal = Temporal::new();
        if temporal.satisfiable(&[formula], self.budget).fails() {
            let message = format!("nothing can be `{name}`: no history satisfies its definition");
            let found = Diagnostic::error(codes::UNSATISFIABLE_CONSTRAINT, message);
            let found = found.at(place.clone(), "");
            let help = "from what nothing satisfies everything would follow: weaken it";
            self.found.push(found.with_help(help));
        }
        let silence = temporal.ignores_silence(formula, self.budget);
        if !silence.holds() {
            let message = match silence.fails() {
                true => "this definition counts moments at which nothing happens",
                false => {
                    "it was not shown that this definition does not count moments at which nothing \
                     happens"
                }
            };
            let found = Diagnostic::error(codes::COUNTS_SILENCE, message).at(place.clone(), "");
            let help = "say what must not happen before something else: `!A W B`";
            self.found.push(found.with_help(help));
        }
        if let (Some(line), None) = (surviving, temporal.surviving(formula)) {
            let message = format!(
                "`{name}` does not survive conversions that drop fields: its definition tells \
                 messages apart, and such a conversion may make two into one"
            );
            let found = Diagnostic::error(codes::ONTOLOGY_REFUTED, message)
                .at(line.clone(), "")
                .at(place.clone(), "defined here")
                .with_help("leave `survives lossy` out, or name no messages: `send` for `send(m)`");
            self.found.push(found);
        }
    }

    /// Whether a fact of a user follows from definitions; what is wrong with it is told.
    fn is_theorem(&mut self, fact: &Fact, place: &Place) -> bool {
        let names = fact.premises.iter().chain([&fact.conclusion]);
        let definitions: Option<Vec<&Formula>> = names
            .clone()
            .map(|name| self.definitions.get(name))
            .collect();
        let said = said(fact);
        let Some(definitions) = definitions else {
            if fact.axiom.is_none() {
                let undefined = names.filter(|name| !self.definitions.contains_key(*name));
                let undefined: Vec<String> = undefined.map(|name| format!("`{name}`")).collect();
                let message = format!("nothing shows that {said}");
                let found = Diagnostic::error(codes::ONTOLOGY_UNPROVED, message);
                let found = found.at(place.clone(), "").with_note(format!(
                    "there is no definition of {}",
                    undefined.join(" and ")
                ));
                self.found.push(found.with_help(
                    "say `because REASON` behind it, or define the names: `temporal TEXT` below \
                     their declarations",
                ));
            }
            return false;
        };
        match self.decide(&definitions) {
            Verdict::Holds => return true,
            Verdict::Fails(witness) => {
                let message = format!("it is not true that {said}");
                let found = Diagnostic::error(codes::ONTOLOGY_REFUTED, message);
                let found = found.at(place.clone(), "").with_note(shown(&witness));
                let help = "leave it out, or mend one of the definitions";
                self.found.push(found.with_help(help));
            }
            Verdict::Unknown(_) if fact.axiom.is_some() => {}
            Verdict::Unknown(reason) => {
                let message = format!("the definitions do not show that {said}");
                let found = Diagnostic::error(codes::ONTOLOGY_UNPROVED, message);
                let found = found.at(place.clone(), "").with_note(reason.to_string());
                self.found
                    .push(found.with_help("say `because REASON` behind it"));
            }
        }
        false
    }

    /// Whether the last of several definitions follows from the others, wherever they are used.
    fn decide(&self, definitions: &[&Formula]) -> Verdict {
        if let Some([one, other]) = alike(definitions) {
            let reason =
                format!("`{one}` and `{other}` may be one event or two: write one of them");
            return Verdict::Unknown(Reason::Undecided(reason));
        }
        let formulas = apart(definitions.iter().copied());
        let formulas: Vec<&Formula> = formulas.iter().collect();
        let Some((conclusion, premises)) = formulas.split_last() else {
            return Verdict::Holds;
        };
        Temporal::new().implies(premises, &Events::All, conclusion, self.budget)
    }

    /// Whether what follows from a property can be kept together.
    fn check_consequences(&mut self, ontology: &Ontology, name: &str, place: &Place) {
        let (known, fired) = ontology.closure([name]);
        let defined = known.iter();
        let defined = defined.filter_map(|name| Some((*name, self.definitions.get(*name)?)));
        let (names, formulas): (Vec<&str>, Vec<&Formula>) = defined.unzip();
        if fired.is_empty() || names.len() < 2 || alike(&formulas).is_some() {
            return;
        }
        let formulas = apart(formulas);
        let clash = |kept: &[(&str, &Formula)]| {
            let formulas: Vec<&Formula> = kept.iter().map(|(_, formula)| *formula).collect();
            Temporal::new().satisfiable(&formulas, self.budget).fails()
        };
        let mut kept: Vec<(&str, &Formula)> = names.into_iter().zip(&formulas).collect();
        if !clash(&kept) {
            return;
        }
        // Those that are enough.
        let mut at = 0;
        while at < kept.len() {
            let taken = kept.remove(at);
            if !clash(&kept) {
                kept.insert(at, taken);
                at += 1;
            }
        }
        let names: Vec<String> = kept.iter().map(|(name, _)| format!("`{name}`")).collect();
        let message = format!(
            "nothing can be `{name}`: it is {}, and no history satisfies that",
            names.join(" and ")
        );
        let found = Diagnostic::error(codes::ONTOLOGY_CONTRADICTION, message);
        let found = found.at(place.clone(), "");
        let help = "leave out one of the implications that lead there, or mend a definition";
        self.found.push(found.with_help(help));
    }
}

/// A fact in words.
fn said(fact: &Fact) -> String {
    let premises: Vec<String> = fact.premises.iter().map(|it| format!("`{it}`")).collect();
    let verb = if premises.len() == 1 {
        "implies"
    } else {
        "together imply"
    };
    format!("{} {verb} `{}`", premises.join(" and "), fact.conclusion)
}

fn shown(witness: &Witness) -> String {
    match witness.events() {
        Some(events) => format!("a history that shows it: {events}"),
        None => "there is a history that shows it".to_owned(),
    }
}

/// Two names of events that an endpoint may take for one, or for one that every connection has: in
/// English sentences capital letters may differ.
fn alike(formulas: &[&Formula]) -> Option<[String; 2]> {
    let mut names: BTreeMap<String, String> = ["connect", "disconnect"]
        .map(|name| (name.to_owned(), name.to_owned()))
        .into();
    let sentences = formulas.iter().filter_map(|it| it.get::<Sentence>());
    for atom in sentences.flat_map(Sentence::atoms) {
        let Event::Named { name, .. } = &atom.event else {
            continue;
        };
        let known = names
            .entry(name.to_lowercase())
            .or_insert_with(|| name.clone());
        if known != name {
            return Some([known.clone(), name.clone()]);
        }
    }
    None
}

/// The formulas with parameters of types of their own, as far as none says that two are the same.
fn apart<'f>(formulas: impl IntoIterator<Item = &'f Formula>) -> Vec<Formula> {
    let sentences = formulas.into_iter().filter_map(|it| it.get::<Sentence>());
    let mut sentences: Vec<Sentence> = sentences.cloned().collect();
    // Classes of parameters and of variables, by sentence, that have one type.
    let mut classes = Classes::default();
    for (number, sentence) in sentences.iter().enumerate() {
        sentence.body.visit(&mut |node| match node {
            Node::Event(atom) => {
                for argument in &atom.arguments {
                    let parameter = format!("{:?} {}", atom.event, argument.parameter);
                    classes.join(
                        Item::Parameter(parameter),
                        Item::Variable(number, argument.variable),
                    );
                }
            }
            Node::Same(left, right) => {
                classes.join(
                    Item::Variable(number, *left),
                    Item::Variable(number, *right),
                );
            }
            _ => {}
        });
    }
    for (number, sentence) in sentences.iter_mut().enumerate() {
        for (variable, binding) in sentence.prefix.iter_mut().enumerate() {
            if let Sort::Message(domain) = &mut binding.sort {
                let class = classes.class(Item::Variable(number, variable));
                *domain = Domain {
                    key: class.to_string(),
                    size: None,
                };
            }
        }
    }
    sentences.into_iter().map(Formula::new).collect()
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Item {
    Parameter(String),
    Variable(usize, usize),
}

/// Sets without common elements.
#[derive(Default)]
struct Classes {
    numbers: BTreeMap<Item, usize>,
    sets: BTreeMap<usize, BTreeSet<Item>>,
}

impl Classes {
    fn class(&mut self, item: Item) -> usize {
        let next = self.numbers.len();
        let sets = &mut self.sets;
        *self.numbers.entry(item.clone()).or_insert_with(|| {
            sets.insert(next, BTreeSet::from([item]));
            next
        })
    }

    fn join(&mut self, left: Item, right: Item) {
        let (left, right) = (self.class(left), self.class(right));
        if left == right {
            return;
        }
        let (into, from) = (left.min(right), left.max(right));
        let moved = self.sets.remove(&from).unwrap_or_default();
        for item in &moved {
            self.numbers.insert(item.clone(), into);
        }
        self.sets.entry(into).or_default().extend(moved);
    }
}
