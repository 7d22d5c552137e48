//! From the lines of files to one ontology.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use liveobj_types::{Diagnostic, Place, Source, Span, codes};

use super::lines::{Line, lines};
use super::{Fact, Ontology, Property};

/// What a line has to be.
const FORMS: &str = "a line is `NAME: SENTENCE`, `NAME & NAME -> NAME [because REASON]`, or, indented \
                     below a declaration, `implies NAME, … [because REASON]`, `survives lossy`, \
                     `beyond temporal` or `temporal TEXT`";

/// Most facts of all files together.
const MAX_FACTS: usize = 2_000;

/// Where users declare the properties of their own, and define them.
#[derive(Default)]
pub(super) struct Places {
    pub(super) declared: BTreeMap<String, Place>,
    /// Of the text of a definition, or of the line that says that there is none in `temporal`.
    pub(super) defined: BTreeMap<String, Place>,
    /// Of the line that says that it survives lossy conversions.
    pub(super) surviving: BTreeMap<String, Place>,
}

/// A fact with names as they are written.
struct Claim<'t> {
    premises: Vec<&'t str>,
    conclusion: &'t str,
    reason: Option<&'t str>,
    /// The name of its file's ontology.
    within: Option<&'t str>,
    place: Place,
}

/// The files that are read together.
struct Reader<'t> {
    ontology: Ontology,
    places: Places,
    /// Where each ontology has its name.
    names: BTreeMap<&'t str, Place>,
    claims: Vec<Claim<'t>>,
    found: Vec<Diagnostic>,
}

/// An ontology without a name of its own.
pub(super) fn shipped(text: &str) -> Result<Ontology, Vec<Diagnostic>> {
    let source = Source::new("ontology", text);
    let mut reader = Reader::new(Ontology::default());
    reader.properties(&source, lines(&source.text), None);
    let (mut ontology, _) = reader.linked()?;
    for fact in ontology.facts.values_mut() {
        fact.place = None;
    }
    Ok(ontology)
}

/// The ontologies of users.
pub(super) fn files(
    standard: Ontology,
    files: &[Arc<Source>],
) -> Result<(Ontology, Places), Vec<Diagnostic>> {
    let mut reader = Reader::new(standard);
    for source in files {
        reader.file(source);
    }
    reader.linked()
}

/// The name under which others know a property of an ontology.
fn qualified(within: Option<&str>, name: &str) -> String {
    match within {
        Some(ontology) if !name.contains('.') => format!("{ontology}.{name}"),
        _ => name.to_owned(),
    }
}

impl<'t> Reader<'t> {
    fn new(ontology: Ontology) -> Reader<'t> {
        Reader {
            ontology,
            places: Places::default(),
            names: BTreeMap::new(),
            claims: Vec::new(),
            found: Vec::new(),
        }
    }

    fn file(&mut self, source: &'t Arc<Source>) {
        let mut lines = lines(&source.text).peekable();
        let first = lines.peek().map(|(span, _)| *span);
        let Some((span, Some(Line::Ontology(name)))) = lines.next() else {
            let place = Place::new(source, first.unwrap_or(Span::new(0, 0)));
            let message = "an ontology of your own begins with its name";
            let found = Diagnostic::error(codes::ONTOLOGY_SYNTAX, message).at(place, "");
            self.found.push(found.with_help(
                "write `ontology NAME` in front of the first declaration; others then write \
                 `NAME.PROPERTY`",
            ));
            return;
        };
        let place = Place::new(source, span);
        if let Some(before) = self.names.insert(name, place.clone()) {
            let message = format!("two files are called ontology `{name}`");
            let found = Diagnostic::error(codes::ONTOLOGY_CLASH, message)
                .at(place, "")
                .at(before, "the other one")
                .with_help("give one of them another name, or leave it out");
            self.found.push(found);
            return;
        }
        self.ontology.added.insert(name.to_owned());
        self.properties(source, lines, Some(name));
    }

    fn properties(
        &mut self,
        source: &Arc<Source>,
        lines: impl Iterator<Item = (Span, Option<Line<'t>>)>,
        within: Option<&'t str>,
    ) {
        let mut above: Option<&str> = None;
        for (span, line) in lines {
            let place = Place::new(source, span);
            match line {
                None => {
                    let message = "this line is no line of an ontology";
                    self.fault(message.to_owned(), place, FORMS);
                }
                Some(Line::Ontology(_)) => {
                    let message = "an ontology has one name".to_owned();
                    self.fault(message, place, "put each ontology into a file of its own");
                }
                Some(Line::Property(name, sentence)) => {
                    self.declare(within, name, sentence, place);
                    above = Some(name);
                }
                Some(Line::Fact(premises, conclusion, reason)) => {
                    above = None;
                    self.claims.push(Claim {
                        premises,
                        conclusion,
                        reason,
                        within,
                        place,
                    });
                }
                Some(Line::Implies(conclusions, reason)) => match above {
                    None => self.astray(place),
                    Some(above) => self
                        .claims
                        .extend(conclusions.into_iter().map(|name| Claim {
                            premises: vec![above],
                            conclusion: name,
                            reason,
                            within,
                            place: place.clone(),
                        })),
                },
                Some(detail @ (Line::Survives | Line::Beyond | Line::Temporal(_))) => match above {
                    None => self.astray(place),
                    Some(above) => self.detail(&qualified(within, above), &detail, place),
                },
            }
        }
    }

    fn declare(&mut self, within: Option<&str>, name: &str, sentence: &str, place: Place) {
        let full = qualified(within, name);
        let clash = |before: Option<Place>| {
            let message = match (&before, within) {
                (None, Some(_)) => {
                    format!("`{name}` is a name of the ontology that comes with liveobj")
                }
                _ => format!("`{name}` is declared twice"),
            };
            let found = Diagnostic::error(codes::ONTOLOGY_CLASH, message).at(place.clone(), "");
            let found = match before {
                Some(before) => found.at(before, "declared before"),
                None => found,
            };
            found.with_help("call it something else: in this file the name would mean both")
        };
        if within.is_some() && self.ontology.properties.contains_key(name) {
            self.found.push(clash(None));
            return;
        }
        let property = Property {
            sentence: sentence.to_owned(),
            survives_lossy: false,
            temporal: None,
            beyond_temporal: false,
        };
        match self.places.declared.get(&full) {
            Some(before) => self.found.push(clash(Some(before.clone()))),
            None => {
                self.ontology.properties.insert(full.clone(), property);
                self.places.declared.insert(full, place);
            }
        }
    }

    /// A line below the declaration of a property.
    fn detail(&mut self, name: &str, detail: &Line<'_>, place: Place) {
        let Some(property) = self.ontology.properties.get_mut(name) else {
            return;
        };
        let text = match detail {
            Line::Temporal(text) => Some(*text),
            Line::Beyond => None,
            _ => {
                property.survives_lossy = true;
                self.places.surviving.insert(name.to_owned(), place);
                return;
            }
        };
        if let Some(before) = self.places.defined.get(name) {
            let message = format!("`{name}` is defined a second time");
            let found = Diagnostic::error(codes::ONTOLOGY_CLASH, message)
                .at(place, "")
                .at(before.clone(), "defined before")
                .with_help("join the two with `&`, or leave one out");
            self.found.push(found);
            return;
        }
        let said = match text {
            Some(text) => {
                property.temporal = Some(text.to_owned());
                Span::new(place.span.end - text.len(), place.span.end)
            }
            None => {
                property.beyond_temporal = true;
                place.span
            }
        };
        let place = Place::new(&place.source, said);
        self.places.defined.insert(name.to_owned(), place);
    }

    fn fault(&mut self, message: String, place: Place, help: &str) {
        let found = Diagnostic::error(codes::ONTOLOGY_SYNTAX, message).at(place, "");
        self.found.push(found.with_help(help));
    }

    fn astray(&mut self, place: Place) {
        let message = "this line is indented, but no property stands above it".to_owned();
        let help = "put it below the declaration of the property that it is about";
        self.fault(message, place, help);
    }

    /// All names of facts looked up.
    fn linked(mut self) -> Result<(Ontology, Places), Vec<Diagnostic>> {
        if let Some(beyond) = self.claims.get(MAX_FACTS) {
            let message = format!("more than {MAX_FACTS} facts are stated");
            let found = Diagnostic::error(codes::LIMIT_EXCEEDED, message);
            let found = found.at(beyond.place.clone(), "");
            self.found
                .push(found.with_help("state fewer, or read fewer files"));
            return Err(self.found);
        }
        for claim in std::mem::take(&mut self.claims) {
            let premises: Option<BTreeSet<String>> = claim
                .premises
                .iter()
                .map(|name| self.named(name, &claim))
                .collect();
            let conclusion = self.named(claim.conclusion, &claim);
            if let (Some(premises), Some(conclusion)) = (premises, conclusion) {
                let key = (premises.clone(), conclusion.clone());
                self.ontology.facts.entry(key).or_insert(Fact {
                    premises,
                    conclusion,
                    axiom: claim.reason.map(str::to_owned),
                    place: Some(claim.place),
                });
            }
        }
        if self.found.is_empty() {
            self.found = circles(&self.ontology);
        }
        match self.found.is_empty() {
            true => Ok((self.ontology, self.places)),
            false => Err(self.found),
        }
    }

    /// The full name of what a fact calls `name`.
    fn named(&mut self, name: &str, claim: &Claim<'_>) -> Option<String> {
        let own = qualified(claim.within, name);
        let known = [own.as_str(), name];
        let known = known
            .iter()
            .find(|name| self.ontology.properties.contains_key(**name));
        if let Some(known) = known {
            return Some((*known).to_owned());
        }
        let message = format!("this speaks of `{name}`, which is not declared");
        let found = Diagnostic::error(codes::ONTOLOGY_UNKNOWN_NAME, message);
        let found = found.at(claim.place.clone(), "");
        let nearest = self.ontology.nearest(&own).or(self.ontology.nearest(name));
        let help = match (nearest, name.split_once('.')) {
            (Some(similar), _) => {
                let own = claim.within.map(|within| format!("{within}."));
                let short = own.and_then(|own| similar.strip_prefix(own.as_str()));
                format!("did you mean `{}`?", short.unwrap_or(similar))
            }
            (None, Some((ontology, _))) if !self.ontology.has_ontology(ontology) => {
                format!("read the file of ontology `{ontology}` too: `--ontology FILE`")
            }
            (None, _) => format!("declare it: `{name}: SENTENCE`"),
        };
        self.found.push(found.with_help(help));
        None
    }
}

/// The implications of users on which a property comes to imply itself, over others.
fn circles(ontology: &Ontology) -> Vec<Diagnostic> {
    let single = |fact: &&Fact| fact.premises.len() == 1;
    let mut next: BTreeMap<&str, Vec<&Fact>> = BTreeMap::new();
    for fact in ontology.facts().filter(single) {
        for premise in &fact.premises {
            next.entry(premise).or_default().push(fact);
        }
    }
    let mut found = Vec::new();
    let mut told: BTreeSet<&str> = BTreeSet::new();
    for start in next.keys() {
        // The shortest way back.
        let mut ways: BTreeMap<&str, &Fact> = BTreeMap::new();
        let mut waiting = std::collections::VecDeque::from([*start]);
        while let Some(name) = waiting.pop_front() {
            for fact in next.get(name).into_iter().flatten() {
                if !ways.contains_key(fact.conclusion.as_str()) {
                    ways.insert(&fact.conclusion, fact);
                    waiting.push_back(&fact.conclusion);
                }
            }
        }
        let mut circle: Vec<&Fact> = Vec::new();
        let mut at = *start;
        while let Some(fact) = ways.get(at) {
            circle.push(fact);
            at = fact.premises.first().map_or("", String::as_str);
            if at == *start {
                break;
            }
        }
        let closed = at == *start && !circle.is_empty();
        let Some(place) = circle.iter().find_map(|fact| fact.place.clone()) else {
            continue;
        };
        if !closed
            || circle
                .iter()
                .any(|fact| told.contains(fact.conclusion.as_str()))
        {
            continue;
        }
        told.extend(circle.iter().map(|fact| fact.conclusion.as_str()));
        circle.reverse();
        let names = circle.iter().map(|fact| format!("`{}`", fact.conclusion));
        let names: Vec<String> = names.collect();
        let message = format!("`{start}` implies {}", names.join(", which implies "));
        found.push(
            Diagnostic::error(codes::ONTOLOGY_CYCLE, message)
                .at(place, "")
                .with_help("leave one of them out, or declare one property in place of them: they say the same"),
        );
    }
    found
}
