//! Ontologies: names of properties, what each says, and what follows from what.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::nearest;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, space0, space1};
use nom::combinator::{all_consuming, opt, rest, verify};
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded, separated_pair};
use nom::{IResult, Parser};

/// A property of an ontology.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// What it says: one sentence.
    pub sentence: String,
    /// Whether it outlives conversions that drop fields.
    pub survives_lossy: bool,
    /// The same, exactly, as a constraint of the formalism `temporal`.
    pub temporal: Option<String>,
}

/// Names with their sentences and facts. A fact says that a name follows from others.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ontology {
    properties: BTreeMap<String, Property>,
    /// Premises → conclusion; every name is declared.
    facts: BTreeSet<(BTreeSet<String>, String)>,
    /// Facts that no definitions prove, and why not.
    axioms: BTreeMap<(BTreeSet<String>, String), String>,
}

/// Why a text is no ontology.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OntologyError {
    /// A line that is neither a declaration nor a fact.
    Syntax {
        /// Counted from 1.
        line: usize,
    },
    /// A name that is declared twice.
    Repeated {
        /// Counted from 1.
        line: usize,
        /// The name.
        name: String,
    },
    /// A second definition of one property.
    Redefined {
        /// Counted from 1.
        line: usize,
        /// The name of the property.
        name: String,
    },
    /// A fact about a name that is not declared.
    Unknown {
        /// Counted from 1.
        line: usize,
        /// The name.
        name: String,
        /// A similar one that is.
        similar: Option<String>,
    },
    /// An indented line with no declaration above it.
    Astray {
        /// Counted from 1.
        line: usize,
    },
}

impl std::fmt::Display for OntologyError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            OntologyError::Syntax { line } => write!(
                f,
                "line {line} is not `NAME: SENTENCE`, `NAME & NAME -> NAME`, or, indented, \
                 `implies NAME, …`, `implies NAME, … because REASON`, \
                 `survives lossy` or `temporal TEXT`"
            ),
            OntologyError::Repeated { line, name } => {
                write!(f, "line {line} declares `{name}`, which is declared before")
            }
            OntologyError::Redefined { line, name } => {
                write!(f, "line {line} defines `{name}` a second time")
            }
            OntologyError::Unknown {
                line,
                name,
                similar,
            } => {
                write!(f, "line {line} speaks of `{name}`, which is not declared")?;
                match similar {
                    Some(similar) => write!(f, "; there is `{similar}`"),
                    None => Ok(()),
                }
            }
            OntologyError::Astray { line } => {
                write!(
                    f,
                    "line {line} is indented, but no property stands above it"
                )
            }
        }
    }
}

impl std::error::Error for OntologyError {}

/// A line of an ontology.
enum Line<'t> {
    Property(&'t str, &'t str),
    Implies(Vec<&'t str>, Option<&'t str>),
    Survives,
    Temporal(&'t str),
    Fact(Vec<&'t str>, &'t str),
}

fn name(input: &str) -> IResult<&str, &str> {
    let name = take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_');
    verify(name, |name: &str| {
        !name.starts_with(|c: char| c.is_ascii_digit())
    })
    .parse(input)
}

fn sentence(input: &str) -> IResult<&str, &str> {
    verify(rest, |sentence: &str| !sentence.trim().is_empty()).parse(input)
}

fn line(input: &str) -> IResult<&str, Line<'_>> {
    let indented = input.starts_with([' ', '\t']);
    let (input, _) = space0(input)?;
    if indented {
        let comma = delimited(space0, char(','), space0);
        let because = preceded((space1, tag("because"), space1), sentence);
        let names = separated_list1(comma, name);
        let implies = preceded((tag("implies"), space1), (names, opt(because)));
        let survives = (tag("survives"), space1, tag("lossy"));
        let temporal = preceded((tag("temporal"), space1), rest);
        return all_consuming(
            implies
                .map(|(names, reason)| Line::Implies(names, reason))
                .or(survives.map(|_| Line::Survives))
                .or(temporal.map(Line::Temporal)),
        )
        .parse(input);
    }
    let and = delimited(space0, char('&'), space0);
    let arrow = delimited(space0, tag("->"), space0);
    let fact = separated_pair(separated_list1(and, name), arrow, name);
    let property = separated_pair(name, (space0, char(':'), space0), sentence);
    all_consuming(
        property
            .map(|(name, sentence)| Line::Property(name, sentence))
            .or(fact.map(|(premises, conclusion)| Line::Fact(premises, conclusion))),
    )
    .parse(input)
}

impl Ontology {
    /// The ontology that the project ships.
    pub fn standard() -> Ontology {
        let text = include_str!("../ontology.txt");
        Ontology::parse(text).expect("a test reads the ontology that is shipped")
    }

    /// Reads an ontology. Names may be used before the line that declares them.
    ///
    /// # Errors
    ///
    /// The first line that is wrong.
    pub fn parse(text: &str) -> Result<Ontology, OntologyError> {
        Ontology::default().extended(text)
    }

    /// This ontology with what another text adds; it may speak of the names of this one.
    ///
    /// # Errors
    ///
    /// The first line that is wrong.
    pub fn extended(mut self, text: &str) -> Result<Ontology, OntologyError> {
        let mut facts: Vec<(usize, Vec<&str>, &str)> = Vec::new();
        let mut axioms: Vec<((&str, &str), &str)> = Vec::new();
        let mut above: Option<&str> = None;
        for (number, text) in (1..).zip(text.lines()) {
            let text = text.trim_end();
            if text.is_empty() || text.trim_start().starts_with('#') {
                continue;
            }
            match line(text) {
                Err(_) => return Err(OntologyError::Syntax { line: number }),
                Ok((_, Line::Property(name, sentence))) => {
                    let property = Property {
                        sentence: sentence.to_owned(),
                        survives_lossy: false,
                        temporal: None,
                    };
                    if self.properties.insert(name.to_owned(), property).is_some() {
                        let name = name.to_owned();
                        return Err(OntologyError::Repeated { line: number, name });
                    }
                    above = Some(name);
                }
                Ok((_, Line::Fact(premises, conclusion))) => {
                    facts.push((number, premises, conclusion));
                    above = None;
                }
                Ok((_, Line::Implies(conclusions, reason))) => {
                    let above = above.ok_or(OntologyError::Astray { line: number })?;
                    for name in conclusions {
                        facts.push((number, vec![above], name));
                        if let Some(reason) = reason {
                            axioms.push(((above, name), reason));
                        }
                    }
                }
                Ok((_, detail @ (Line::Survives | Line::Temporal(_)))) => {
                    let above = above.ok_or(OntologyError::Astray { line: number })?;
                    let Some(property) = self.properties.get_mut(above) else {
                        continue;
                    };
                    match detail {
                        Line::Temporal(_) if property.temporal.is_some() => {
                            let name = above.to_owned();
                            return Err(OntologyError::Redefined { line: number, name });
                        }
                        Line::Temporal(text) => property.temporal = Some(text.to_owned()),
                        _ => property.survives_lossy = true,
                    }
                }
            }
        }
        for (line, premises, conclusion) in facts {
            for name in premises.iter().chain([&conclusion]) {
                if !self.properties.contains_key(*name) {
                    let similar = self.nearest(name).map(str::to_owned);
                    return Err(OntologyError::Unknown {
                        line,
                        name: (*name).to_owned(),
                        similar,
                    });
                }
            }
            let premises = premises.into_iter().map(str::to_owned).collect();
            self.facts.insert((premises, conclusion.to_owned()));
        }
        for ((premise, conclusion), reason) in axioms {
            let fact = (BTreeSet::from([premise.to_owned()]), conclusion.to_owned());
            self.axioms.insert(fact, reason.to_owned());
        }
        Ok(self)
    }

    /// The properties by name.
    pub fn properties(&self) -> &BTreeMap<String, Property> {
        &self.properties
    }

    /// The facts: premises and what follows from them together.
    pub fn facts(&self) -> impl Iterator<Item = (&BTreeSet<String>, &str)> {
        self.facts
            .iter()
            .map(|(premises, conclusion)| (premises, conclusion.as_str()))
    }

    /// Why a fact is an axiom, if it is one: it does not follow from definitions.
    pub fn axiom(&self, premises: &BTreeSet<String>, conclusion: &str) -> Option<&str> {
        let fact = (premises.clone(), conclusion.to_owned());
        self.axioms.get(&fact).map(String::as_str)
    }

    /// The declared name most like `name`.
    pub fn nearest(&self, name: &str) -> Option<&str> {
        nearest(name, self.properties.keys().map(String::as_str))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ontology_that_is_shipped_reads() {
        let ontology = Ontology::parse(include_str!("../ontology.txt")).unwrap();
        assert!(ontology.properties().len() >= 18);
        assert!(ontology.properties()["best_effort"].survives_lossy);
        assert!(!ontology.properties()["at_most_once"].survives_lossy);
        for property in ontology.properties().values() {
            assert!(property.sentence.ends_with('.'), "{}", property.sentence);
        }
    }

    #[test]
    fn a_users_ontology_speaks_of_the_standard_names() {
        let ontology = Ontology::standard()
            .extended("urgent: It comes soon.\n    implies best_effort\n")
            .unwrap();
        let premises = BTreeSet::from(["urgent".to_owned()]);
        assert!(
            ontology
                .facts()
                .any(|fact| fact == (&premises, "best_effort"))
        );
    }

    #[test]
    fn an_axiom_has_a_reason() {
        let text = "kept: It is kept.\n    implies seen because nothing is lost\n    implies near\n\
                    seen: It is seen.\nnear: It is near.\n";
        let ontology = Ontology::parse(text).unwrap();
        let kept = BTreeSet::from(["kept".to_owned()]);
        assert_eq!(ontology.axiom(&kept, "seen"), Some("nothing is lost"));
        assert_eq!(ontology.axiom(&kept, "near"), None);
        assert_eq!(ontology.facts().count(), 2);
        let error = Ontology::parse("kept: It is.\n    implies kept because ").unwrap_err();
        assert_eq!(error, OntologyError::Syntax { line: 2 });
    }

    #[test]
    fn a_property_may_have_a_definition() {
        let text =
            "once: It comes once.\n    temporal at most once receive(m)\n    survives lossy\n";
        let ontology = Ontology::parse(text).unwrap();
        let once = &ontology.properties()["once"];
        assert_eq!(once.temporal.as_deref(), Some("at most once receive(m)"));
        assert!(once.survives_lossy);
    }

    #[test]
    fn faults_tell_the_line() {
        let error = |text: &str| Ontology::parse(text).unwrap_err().to_string();
        assert_eq!(
            error("fast: It is fast.\n\nfast: Again."),
            "line 3 declares `fast`, which is declared before"
        );
        assert_eq!(
            error("fast: It is fast.\nfats -> fast"),
            "line 2 speaks of `fats`, which is not declared; there is `fast`"
        );
        assert_eq!(
            error("    implies fast"),
            "line 1 is indented, but no property stands above it"
        );
        assert_eq!(
            error("fast: It is fast.\n    temporal F a\n    temporal F b"),
            "line 3 defines `fast` a second time"
        );
        assert!(error("fast fast").starts_with("line 1 is not `NAME: SENTENCE`"));
        assert!(error("fast:").starts_with("line 1 is not"));
    }
}
