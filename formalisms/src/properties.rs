//! `properties`: a comma-separated set of names from an ontology.
//!
//! Each name is a proposition, the ontology's facts are Horn clauses between them, and a set means
//! their conjunction. Implication is decided exactly, relative to the facts: the least set that
//! holds the premises and is closed under the facts is a model in which everything else is false.

use std::collections::BTreeSet;

use liveobj_types::formalism::{
    Events, Fidelity, Formalism, Formula, Law, ParseError, Structure, Translated, Word,
};
use liveobj_types::verdict::{Reason, Verdict, Witness};
use liveobj_types::{Monitor, Span};
use nom::Parser;
use nom::character::complete::{char, multispace0};

use crate::ontology::{Fact, Ontology, name as full_name};
use crate::temporal::Temporal;
use crate::watch::together;
use crate::{Budget, foreign};

/// The id of `properties`.
pub const ID: u128 = 0x6c6f_7072_6f70_8d31_9a4e_5b1c_0e77_2f01;

/// The formalism in which an ontology may define its names.
const TEMPORAL: &str = "temporal";

/// The formalism.
#[derive(Clone, Debug)]
pub struct Properties {
    ontology: Ontology,
}

/// The names of a formula.
struct Names(BTreeSet<String>);

impl Properties {
    /// With the ontology that is shipped.
    pub fn standard() -> Properties {
        Properties::new(Ontology::standard())
    }

    /// With another one.
    pub fn new(ontology: Ontology) -> Properties {
        Properties { ontology }
    }

    /// Its ontology.
    pub fn ontology(&self) -> &Ontology {
        &self.ontology
    }

    /// Everything that follows from the premises, and the facts behind it.
    fn closure<'f>(
        &'f self,
        premises: &[&'f Formula],
        budget: &mut Budget,
    ) -> Result<(BTreeSet<&'f str>, Vec<&'f Fact>), Reason> {
        let mut given = Vec::new();
        for premise in premises {
            let names = names(premise)?;
            budget.take(names.len())?;
            given.extend(names.iter().map(String::as_str));
        }
        budget.take(self.ontology.facts().count())?;
        Ok(self.ontology.closure(given))
    }

    /// The facts by which premises imply a conclusion, which they do; the last ones first.
    fn facts_behind<'f>(
        &'f self,
        premises: &[&'f Formula],
        conclusion: &'f Formula,
    ) -> Vec<&'f Fact> {
        let closure = self.closure(premises, &mut Budget(u64::MAX));
        let (Ok((_, fired)), Ok(wanted)) = (closure, names(conclusion)) else {
            return Vec::new();
        };
        Ontology::facts_behind(&fired, wanted.iter().map(String::as_str))
    }

    /// The ontology of which one of these is a name, if nothing is known of it.
    fn missing<'n>(&self, names: impl IntoIterator<Item = &'n str>) -> Option<Reason> {
        let unknown = |name: &&str| !self.ontology.properties().contains_key(*name);
        let name = names.into_iter().find(unknown)?;
        let ontology = name.split('.').next().unwrap_or_default();
        let reason = format!("no ontology `{ontology}` is at hand that says what `{name}` is");
        Some(Reason::Undecided(reason))
    }
}

fn names(formula: &Formula) -> Result<&BTreeSet<String>, Reason> {
    match formula.get::<Names>() {
        Some(names) => Ok(&names.0),
        None => Err(foreign("properties")),
    }
}

impl Formalism for Properties {
    fn name(&self) -> &str {
        "properties"
    }

    fn id(&self) -> u128 {
        ID
    }

    fn parse(&self, text: &str, _: &Structure) -> Result<Formula, ParseError> {
        let mut names = BTreeSet::new();
        let mut rest = text;
        loop {
            let (after, name) = name(rest, text)?;
            // What an ontology means that is not at hand is not known, and yet it means something.
            let of = name.split_once('.').map(|(ontology, _)| ontology);
            let foreign = of.is_some_and(|ontology| !self.ontology.has_ontology(ontology));
            if !foreign && !self.ontology.properties().contains_key(name) {
                return Err(self.unknown(name, text));
            }
            names.insert(name.to_owned());
            match comma(after) {
                Some(after) => rest = after,
                None if after.trim_start().is_empty() => return Ok(Formula::new(Names(names))),
                None => return Err(expected("expected `,` or the end", after, text)),
            }
        }
    }

    fn names(&self, _: &Structure) -> Vec<String> {
        self.ontology.properties().keys().cloned().collect()
    }

    fn print(&self, formula: &Formula) -> String {
        let names = names(formula).into_iter().flatten();
        names.map(String::as_str).collect::<Vec<_>>().join(", ")
    }

    fn satisfiable(&self, formulas: &[&Formula], budget: u64) -> Verdict {
        match self.closure(formulas, &mut Budget(budget)) {
            // Where every name is true, every fact is.
            Ok(_) => Verdict::Holds,
            Err(reason) => Verdict::Unknown(reason),
        }
    }

    fn implies(
        &self,
        premises: &[&Formula],
        _: &Events,
        conclusion: &Formula,
        budget: u64,
    ) -> Verdict {
        let decide = || {
            let wanted = names(conclusion)?;
            let (known, _) = self.closure(premises, &mut Budget(budget))?;
            if wanted.iter().all(|name| known.contains(name.as_str())) {
                return Ok(Verdict::Holds);
            }
            let names = wanted
                .iter()
                .map(String::as_str)
                .chain(known.iter().copied());
            if let Some(reason) = self.missing(names) {
                return Err(reason);
            }
            let all = known.iter().map(|name| (*name, true));
            let wanted = wanted.iter().map(|name| (name.as_str(), false));
            let missing = wanted.filter(|(name, _)| !known.contains(name));
            let assignment = missing
                .chain(all)
                .map(|(name, v)| (name.to_owned(), v.to_string()));
            Ok(Verdict::Fails(Witness::Assignment(assignment.collect())))
        };
        decide().unwrap_or_else(Verdict::Unknown)
    }

    /// A name that is not assigned is false.
    fn replay(
        &self,
        premises: &[&Formula],
        _: &Events,
        conclusion: &Formula,
        witness: &Witness,
    ) -> bool {
        let Witness::Assignment(assignment) = witness else {
            return false;
        };
        let holds = |name: &str| {
            assignment
                .iter()
                .any(|(n, value)| n == name && value == "true")
        };
        let all = |formula: &Formula| {
            names(formula).is_ok_and(|names| names.iter().all(|name| holds(name)))
        };
        let facts_hold = self.ontology.facts().all(|fact| {
            !fact.premises.iter().all(|premise| holds(premise)) || holds(&fact.conclusion)
        });
        facts_hold
            && premises.iter().all(|premise| all(premise))
            && names(conclusion).is_ok_and(|names| !names.iter().all(|name| holds(name)))
    }

    /// What follows from the formula and survives.
    fn surviving(&self, formula: &Formula) -> Option<Formula> {
        let (known, _) = self.closure(&[formula], &mut Budget(u64::MAX)).ok()?;
        let properties = self.ontology.properties();
        let survives = |name: &&str| properties.get(*name).is_some_and(|p| p.survives_lossy);
        let names: BTreeSet<String> = known
            .into_iter()
            .filter(survives)
            .map(str::to_owned)
            .collect();
        (!names.is_empty()).then(|| Formula::new(Names(names)))
    }

    /// Every name that follows, alone.
    fn consequences(&self, formulas: &[&Formula]) -> Vec<Formula> {
        let known = self.closure(formulas, &mut Budget(u64::MAX));
        let known = known.into_iter().flat_map(|(known, _)| known);
        known
            .map(|name| Formula::new(Names(BTreeSet::from([name.to_owned()]))))
            .collect()
    }

    /// The axioms of users that are needed.
    fn rests_on(&self, premises: &[&Formula], conclusion: &Formula) -> Vec<Word> {
        let facts = self.facts_behind(premises, conclusion).into_iter();
        let words = facts.filter_map(|fact| fact.to_word(self.name()));
        words.collect()
    }

    /// The facts that are needed.
    fn laws(&self, premises: &[&Formula], conclusion: &Formula) -> Vec<Law> {
        let facts = self.facts_behind(premises, conclusion).into_iter().rev();
        facts.map(Fact::to_law).collect()
    }

    fn translations(&self) -> Vec<(String, Fidelity)> {
        let mut properties = self.ontology.properties().values();
        match properties.any(|property| property.temporal.is_some()) {
            true => vec![(TEMPORAL.to_owned(), Fidelity::Exact)],
            false => Vec::new(),
        }
    }

    /// By the definitions of the ontology, which are about the events of one endpoint.
    fn translate(
        &self,
        formula: &Formula,
        target: &str,
        structure: &Structure,
    ) -> Option<Translated> {
        let (TEMPORAL, Structure::Endpoint(_)) = (target, structure) else {
            return None;
        };
        let names = names(formula).ok()?;
        let properties = self.ontology.properties();
        let definition = |name: &String| {
            let text = properties.get(name)?.temporal.as_ref()?;
            Temporal::reads_as_anywhere(text, structure).then(|| text.clone())
        };
        let texts: Vec<String> = names.iter().filter_map(definition).collect();
        let beyond = |name: &String| properties.get(name).is_some_and(|it| it.beyond_temporal);
        let fidelity = match texts.len() {
            // No text is no requirement, and all that there is to tell of such a guarantee.
            0 if names.iter().all(beyond) => Fidelity::Exact,
            0 => return None,
            defined if defined == names.len() => Fidelity::Exact,
            _ => Fidelity::Implied,
        };
        Some(Translated { texts, fidelity })
    }

    /// By the definitions, as far as there are any: who breaks one of them breaks the property.
    fn monitor(
        &self,
        formula: &Formula,
        structure: &Structure,
    ) -> Result<Box<dyn Monitor>, String> {
        let Structure::Endpoint(_) = structure else {
            return Err("properties are defined at endpoints only".to_owned());
        };
        let temporal = Temporal::new();
        let names = names(formula).map_err(|reason| reason.to_string())?;
        let (mut monitors, mut left_out) = (Vec::new(), Vec::new());
        for name in names {
            let property = self.ontology.properties().get(name);
            let monitor = match property.and_then(|property| property.temporal.as_ref()) {
                None => Err("it has no definition in `temporal`".to_owned()),
                Some(text) => match temporal.parse(text, structure) {
                    Ok(definition) => temporal.monitor(&definition, structure),
                    Err(error) => Err(error.message),
                },
            };
            match monitor {
                Ok(monitor) => monitors.push(monitor),
                Err(reason) => left_out.push(format!("`{name}`: {reason}")),
            }
        }
        together(monitors, left_out)
    }
}

impl Properties {
    fn unknown(&self, name: &str, text: &str) -> ParseError {
        let start = name.as_ptr() as usize - text.as_ptr() as usize;
        let help = match self.ontology.nearest(name) {
            Some(similar) => format!("write `{similar}`"),
            None => {
                let names = self
                    .ontology
                    .properties()
                    .keys()
                    .map(|name| format!("`{name}`"));
                format!("the names are {}", names.collect::<Vec<_>>().join(", "))
            }
        };
        ParseError {
            span: Span::new(start, start + name.len()),
            message: format!("the ontology has no property `{name}`"),
            help: Some(help),
        }
    }
}

fn name<'t>(rest: &'t str, text: &str) -> Result<(&'t str, &'t str), ParseError> {
    let mut parser = (multispace0::<_, nom::error::Error<&str>>, full_name);
    match parser.parse(rest) {
        Ok((rest, (_, name))) => Ok((rest, name)),
        Err(_) => Err(expected("expected the name of a property", rest, text)),
    }
}

fn comma(rest: &str) -> Option<&str> {
    let mut parser = (multispace0::<_, nom::error::Error<&str>>, char(','));
    parser.parse(rest).ok().map(|(rest, _)| rest)
}

/// An error at the first visible character of `rest`, which is the end of `text`.
fn expected(message: &str, rest: &str, text: &str) -> ParseError {
    let visible = rest.trim_start();
    let start = text.len() - visible.len();
    let end = start + visible.chars().next().map_or(0, char::len_utf8);
    ParseError {
        span: Span::new(start, end),
        message: message.to_owned(),
        help: Some("write names with commas between them: `fifo, at_most_once`".to_owned()),
    }
}
