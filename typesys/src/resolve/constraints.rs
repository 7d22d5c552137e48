//! The constraint texts of declarations: whether their formalisms can read them, whether anything
//! can satisfy them, and how many sessions there are.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::expand::Session;
use super::fill::collapsed;
use crate::diagnostic::{Diagnostic, codes};
use crate::formalism::{
    Domain, EndpointStructure, Events, Formalism, Formalisms, Formula, Parameter, ParseError,
    Structure,
};
use crate::module::Module;
use crate::relation::{DEFAULT_BUDGET, Side, endpoint_structure, object_structure};
use crate::similar::nearest;
use crate::source::{Place, Source, Span};
use crate::syntax::{self, Constraint, ConstraintRole, EndpointMember, Ident, Item};
use crate::types::{Endpoint, EndpointId, Object, ObjectId};
use crate::verdict::{Verdict, Witness};

/// Formalisms whose texts are the whole protocol of one side.
const SESSIONS: [&str; 2] = ["session", "async_session"];

/// A constraint with the side it binds and whether the dual of its text is meant.
type Bound<'a> = (&'a Constraint, Side, bool);

/// A constraint as its formalism reads it, and where it is written.
type Placed = (Place, Formula);

impl Session<'_> {
    /// Judges the constraints of every endpoint type, and the number of sessions everywhere.
    /// `endpoints`: the types that are complete, by the number of their declaration.
    pub(super) fn check_constraints(
        &mut self,
        module: &Module,
        endpoints: &BTreeMap<usize, EndpointId>,
    ) {
        for (number, item) in module.file.items.iter().enumerate() {
            match item {
                Item::Endpoint(endpoint) => {
                    let mut constraints = Vec::new();
                    for member in &endpoint.members {
                        if let EndpointMember::Constraint(constraint) = member {
                            constraints.push(constraint);
                        }
                    }
                    if constraints.is_empty() {
                        continue;
                    }
                    let known = endpoints.get(&number);
                    let structures = [Side::Provides, Side::Requires].map(|side| {
                        Structure::Endpoint(match known {
                            Some(id) => endpoint_structure(self.types, *id, side, ""),
                            None => structure_of(endpoint, side),
                        })
                    });
                    for (formalism, provided, required) in
                        self.check_sessions(&module.source, &endpoint.name, &constraints)
                    {
                        let texts = (&endpoint.name, provided, required);
                        self.check_fit(&module.source, formalism, texts, &structures);
                    }
                    let texts = (&endpoint.name, constraints.as_slice());
                    self.check_texts(&module.source, texts, &structures, &[]);
                }
                Item::Object(object) => {
                    let constraints: Vec<&Constraint> = object.constraints.iter().collect();
                    self.check_sessions(&module.source, &object.name, &constraints);
                }
                _ => {}
            }
        }
    }

    /// Judges the constraints of an object type, whose endpoints are known.
    pub(super) fn check_object_constraints(
        &mut self,
        module: &Module,
        object: &syntax::Object,
        id: ObjectId,
    ) {
        let Object::Endpoints(body) = self.types.object(id) else {
            return;
        };
        if object.constraints.is_empty() {
            return;
        }
        let sides = [Side::Provides, Side::Requires];
        let structures =
            sides.map(|side| object_structure(self.types, body, side, &BTreeMap::new()));
        let constraints: Vec<&Constraint> = object.constraints.iter().collect();
        let formalisms = self.types.instances.formalisms.clone();
        let mut lifted = Vec::new();
        for (name, endpoint) in &body.endpoints {
            let Endpoint::Events { provides, .. } = self.types.endpoint(endpoint.ty) else {
                continue;
            };
            let structure = endpoint_structure(self.types, endpoint.ty, Side::Provides, "");
            let structure = Structure::Endpoint(structure);
            for constraint in provides.iter().filter(|c| !c.dual && c.given.is_none()) {
                let (Some(formalism), Some(place)) =
                    (formalisms.get(&constraint.formalism), &constraint.place)
                else {
                    continue;
                };
                let formula = formalism.parse(&constraint.text, &structure).ok();
                if let Some(formula) = formula.and_then(|f| formalism.at_endpoint(&f, name)) {
                    let formalism = constraint.formalism.to_string();
                    lifted.push((formalism, (place.clone(), formula)));
                }
            }
        }
        let texts = (&object.name, constraints.as_slice());
        self.check_texts(&module.source, texts, &structures, &lifted);
    }

    /// At most one session type per side and formalism; one that is provided has one that is
    /// required. Gives the pairs of texts that were written apart.
    fn check_sessions<'a>(
        &mut self,
        source: &Arc<Source>,
        owner: &Ident,
        all: &'a [&'a Constraint],
    ) -> Vec<(&'static str, &'a Constraint, &'a Constraint)> {
        let mut pairs = Vec::new();
        for formalism in SESSIONS {
            let mut first: BTreeMap<Side, &'a Constraint> = BTreeMap::new();
            let sessions = sides(all).filter(|(text, ..)| text.formalism.name == formalism);
            let mut twice = false;
            for (constraint, side, _) in sessions {
                let Some(other) = first.get(&side) else {
                    first.insert(side, constraint);
                    continue;
                };
                // `follows` twice is one mistake, not one per side.
                if side == Side::Requires
                    && constraint.role == ConstraintRole::Follows
                    && other.role != ConstraintRole::Requires
                {
                    continue;
                }
                twice = true;
                let does = match side {
                    Side::Provides => "provides",
                    Side::Requires => "requires",
                };
                let message = format!("`{}` {does} two `{formalism}` types", owner.name);
                self.fault(
                    Diagnostic::error(codes::DUPLICATE_SESSION, message)
                        .at(Place::new(source, constraint.text_span), "")
                        .at(Place::new(source, other.text_span), "the first one")
                        .with_help("write one text for the whole protocol, with choices in it"),
                );
            }
            let Some(provided) = first.get(&Side::Provides).copied() else {
                continue;
            };
            let Some(required) = first.get(&Side::Requires).copied() else {
                let message = format!(
                    "`{}` provides a `{formalism}` type and requires none of its peer",
                    owner.name
                );
                self.fault(
                    Diagnostic::warning(codes::SESSION_UNPAIRED, message)
                        .at(Place::new(source, provided.text_span), "")
                        .with_help(format!(
                            "write `follows {formalism} \"…\"`, which also requires the dual"
                        )),
                );
                continue;
            };
            if !twice && [provided, required].map(|it| it.role) != [ConstraintRole::Follows; 2] {
                pairs.push((formalism, provided, required));
            }
        }
        pairs
    }

    /// What is required of the peer must be a subtype of the dual of what is provided, or the two
    /// sides could not talk to each other (semantics, section 8).
    fn check_fit(
        &mut self,
        source: &Arc<Source>,
        name: &str,
        (owner, provided, required): (&Ident, &Constraint, &Constraint),
        structures: &[Structure; 2],
    ) {
        let formalisms = self.types.instances.formalisms.clone();
        let Some(formalism) = formalisms.get(name) else {
            return;
        };
        let formula = |constraint: &Constraint, side: Side| {
            let dual = side == Side::Requires && constraint.role == ConstraintRole::Follows;
            let written = if dual { side.opposite() } else { side };
            let formula = read(&**formalism, constraint, &structures[written as usize]).ok()?;
            if dual {
                formalism.dual(&formula)
            } else {
                Some(formula)
            }
        };
        // What cannot be read is reported with the texts.
        let (Some(required_formula), Some(expected)) = (
            formula(required, Side::Requires),
            formula(provided, Side::Provides).and_then(|it| formalism.dual(&it)),
        ) else {
            return;
        };
        let premises = [&required_formula];
        let verdict = formalisms.implies(
            &**formalism,
            &premises,
            &Events::All,
            &expected,
            DEFAULT_BUDGET,
        );
        let (message, note) = match &verdict {
            Verdict::Holds => return,
            Verdict::Fails(witness) => (
                format!(
                    "the `{name}` types that `{}` provides and requires do not fit each other",
                    owner.name
                ),
                format!(
                    "a peer that does what is required {}, which does not fit what is provided",
                    run(witness)
                ),
            ),
            Verdict::Unknown(reason) => (
                format!(
                    "it was not decided whether the `{name}` types that `{}` provides and \
                     requires fit each other",
                    owner.name
                ),
                reason.to_string(),
            ),
        };
        let found = Diagnostic::error(codes::SESSION_MISMATCH, message)
            .at(Place::new(source, required.text_span), "")
            .at(Place::new(source, provided.text_span), "what is provided")
            .with_help(format!(
                "write `follows {name} \"…\"`, which also requires the dual"
            ));
        self.fault(found.with_note(note));
    }

    /// Says that a formalism is not registered, where one of a similar name is. Others may be
    /// registered where the types are used.
    fn unknown_formalism(&mut self, source: &Arc<Source>, name: &Ident) {
        let formalisms = &self.types.instances.formalisms;
        let Some(similar) = nearest(&name.name, formalisms.names()).map(str::to_owned) else {
            return;
        };
        let message = format!("no formalism `{}` is registered", name.name);
        let found = Diagnostic::warning(codes::UNKNOWN_FORMALISM, message)
            .at(Place::new(source, name.span), "")
            .did_you_mean(&name.name, &similar);
        self.fault(found);
    }

    /// Reads every text and asks whether each side's can be satisfied together; `lifted` is what
    /// the owner's endpoints provide besides, by formalism.
    fn check_texts(
        &mut self,
        source: &Arc<Source>,
        (owner, all): (&Ident, &[&Constraint]),
        structures: &[Structure; 2],
        lifted: &[(String, Placed)],
    ) {
        let formalisms = self.types.instances.formalisms.clone();
        let mut groups: BTreeMap<(Side, &str), Vec<Placed>> = BTreeMap::new();
        for (constraint, side, dual) in sides(all) {
            let name = &constraint.formalism.name;
            let Some(formalism) = formalisms.get(name) else {
                self.unknown_formalism(source, &constraint.formalism);
                continue;
            };
            // A text whose dual is meant is written from the other side.
            let written = if dual { side.opposite() } else { side };
            let formula = match read(&**formalism, constraint, &structures[written as usize]) {
                Ok(formula) => formula,
                Err(fault) => {
                    let place = place_in_text(source, constraint, fault.span);
                    let mut found = Diagnostic::error(
                        codes::CONSTRAINT_SYNTAX,
                        format!("this {name} constraint cannot be read: {}", fault.message),
                    )
                    .at(place, "");
                    let structure = &structures[written as usize];
                    let meant = meant(&**formalism, &constraint.text, structure, &fault);
                    found = match (fault.help, meant) {
                        (Some(help), Some((word, meant))) => {
                            found.with_help(help).with_fix(word, &meant)
                        }
                        (None, Some((word, meant))) => found.did_you_mean(word, &meant),
                        (Some(help), None) => found.with_help(help),
                        (None, None) => found,
                    };
                    self.fault(found);
                    continue;
                }
            };
            // An assumption is written from the side that has to meet it.
            let other = if dual { side } else { side.opposite() };
            let given = constraint.given.as_ref();
            let structure = &structures[other as usize];
            let given = given.map(|given| formalism.parse(&collapsed(given), structure));
            let given = match given.transpose() {
                Ok(given) => given,
                Err(fault) => {
                    let given = constraint.given.as_deref().unwrap_or_default();
                    let message = format!(
                        "what this {name} constraint is given under, \"{given}\", cannot be read: {}",
                        fault.message
                    );
                    let mut found = Diagnostic::error(codes::CONSTRAINT_SYNTAX, message)
                        .at(Place::new(source, constraint.text_span), "");
                    if let Some(help) = fault.help {
                        found = found.with_help(help);
                    }
                    self.fault(found);
                    continue;
                }
            };
            let formula = match dual {
                false => Some(formula),
                true => formalism.dual(&formula),
            };
            let Some(formula) = formula else {
                self.fault(
                    Diagnostic::error(
                        codes::CONSTRAINT_SYNTAX,
                        format!("formalism `{name}` has no duals, which `follows` needs"),
                    )
                    .at(Place::new(source, constraint.formalism.span), "")
                    .with_help("write `provides` and `requires` instead"),
                );
                continue;
            };
            let text = (&formula, "this constraint");
            self.check_silence(&**formalism, source, constraint, text);
            if let Some(given) = &given {
                let assumed = (given, "what this constraint is given under");
                self.check_silence(&**formalism, source, constraint, assumed);
            }
            // What holds only under an assumption contradicts nothing without it.
            if constraint.given.is_none() {
                groups
                    .entry((side, name))
                    .or_default()
                    .push((Place::new(source, constraint.text_span), formula));
            }
        }
        for ((side, name), mut texts) in groups {
            if side == Side::Provides {
                let more = lifted.iter().filter(|(formalism, _)| formalism == name);
                texts.extend(more.map(|(_, placed)| placed.clone()));
            }
            let Some(formalism) = formalisms.get(name) else {
                continue;
            };
            let formulas: Vec<&Formula> = texts.iter().map(|(_, formula)| formula).collect();
            let satisfiable = formalisms.satisfiable(&**formalism, &formulas, DEFAULT_BUDGET);
            if !satisfiable.fails() {
                continue;
            }
            let culprits = smallest(&formalisms, &**formalism, &texts);
            let does = match side {
                Side::Provides => "provides",
                Side::Requires => "requires",
            };
            let (message, help) = match culprits.as_slice() {
                [_] => (
                    format!("`{}` {does} what nothing can satisfy", owner.name),
                    "leave the constraint out, or weaken it",
                ),
                _ => (
                    format!("`{}` {does} what nothing can satisfy together", owner.name),
                    "leave one of the constraints out, or weaken it",
                ),
            };
            let mut fault = Diagnostic::error(codes::UNSATISFIABLE_CONSTRAINT, message);
            if let Some(library) = formalism.library() {
                fault = fault.with_note(format!(
                    "that is the word of formalism `{name}`, which library `{library}` adds"
                ));
            }
            for culprit in culprits {
                fault = fault.at(culprit, "");
            }
            self.fault(fault.with_help(help));
        }
    }
}

impl Session<'_> {
    /// No constraint may depend on how long nothing happens.
    fn check_silence(
        &mut self,
        formalism: &dyn Formalism,
        source: &Arc<Source>,
        constraint: &Constraint,
        (formula, what): (&Formula, &str),
    ) {
        let verdict = formalism.ignores_silence(formula, DEFAULT_BUDGET);
        let (message, note) = match &verdict {
            Verdict::Holds => return,
            Verdict::Fails(_) => (
                format!("{what} counts moments at which nothing happens"),
                "nobody can observe how many of them are between two events".to_owned(),
            ),
            Verdict::Unknown(reason) => (
                format!(
                    "it was not shown that {what} does not count moments at which nothing happens"
                ),
                reason.to_string(),
            ),
        };
        let found = Diagnostic::error(codes::COUNTS_SILENCE, message)
            .at(Place::new(source, constraint.text_span), "")
            .with_help("say what must not happen before something else: `!A W B`");
        self.fault(found.with_note(note));
    }
}

/// What happens in a run, as a verb and its object.
fn run(witness: &Witness) -> String {
    match witness.events() {
        Some(events) => format!("may do {events}"),
        None => "may wait at once".to_owned(),
    }
}

/// Each constraint once per side that it binds.
fn sides<'a>(all: &'a [&'a Constraint]) -> impl Iterator<Item = Bound<'a>> {
    all.iter().flat_map(|constraint| {
        let provides = (*constraint, Side::Provides, false);
        let requires = (
            *constraint,
            Side::Requires,
            constraint.role == ConstraintRole::Follows,
        );
        let (first, second) = match constraint.role {
            ConstraintRole::Provides => (Some(provides), None),
            ConstraintRole::Requires => (None, Some(requires)),
            ConstraintRole::Follows => (Some(provides), Some(requires)),
        };
        first.into_iter().chain(second)
    })
}

/// Reads a constraint as types hold it, white space collapsed; an error is about the text as
/// written.
fn read(
    formalism: &dyn Formalism,
    constraint: &Constraint,
    structure: &Structure,
) -> Result<Formula, ParseError> {
    formalism
        .parse(&collapsed(&constraint.text), structure)
        .map_err(|error| match formalism.parse(&constraint.text, structure) {
            Err(error) => error,
            Ok(_) => ParseError {
                span: Span::new(0, constraint.text.len()),
                ..error
            },
        })
}

/// The name in `text` that is probably misspelt, and the one that was meant: with that the text can
/// be read, or at least further.
fn meant<'t>(
    formalism: &dyn Formalism,
    text: &'t str,
    structure: &Structure,
    fault: &ParseError,
) -> Option<(&'t str, String)> {
    let word = text.get(fault.span.start..fault.span.end)?;
    let names = formalism.names(structure);
    if word.is_empty() || names.iter().any(|name| name == word) {
        return None;
    }
    let meant = nearest(word, names.iter().map(String::as_str))?;
    let mut mended = text.to_owned();
    mended.replace_range(fault.span.start..fault.span.end, meant);
    match formalism.parse(&mended, structure) {
        Err(other) if other.span.start <= fault.span.start => None,
        _ => Some((word, meant.to_owned())),
    }
}

/// Constraints that are unsatisfiable together, none of which could be left out.
fn smallest(formalisms: &Formalisms, formalism: &dyn Formalism, texts: &[Placed]) -> Vec<Place> {
    let mut left: Vec<&Placed> = texts.iter().collect();
    // Without a limit the questions would be quadratic in the number of texts.
    let limit = if left.len() <= 32 { left.len() } else { 0 };
    for position in (0..limit).rev() {
        let others = left
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != position);
        let others: Vec<&Formula> = others.map(|(_, (_, formula))| formula).collect();
        let satisfiable = formalisms.satisfiable(formalism, &others, DEFAULT_BUDGET);
        if satisfiable.fails() {
            left.remove(position);
        }
    }
    left.into_iter().map(|(place, _)| place.clone()).collect()
}

/// Where a part of a constraint's text stands in the source, escapes counted.
fn place_in_text(source: &Arc<Source>, constraint: &Constraint, part: Span) -> Place {
    let whole = constraint.text_span;
    let written = source.text.get(whole.start..whole.end).unwrap_or("");
    let position = |offset: usize| {
        if written == constraint.text {
            return whole.start + offset.min(written.len());
        }
        let (mut read, mut escaped) = (0, false);
        for (at, letter) in written.char_indices() {
            if !escaped && read >= offset {
                return whole.start + at;
            }
            if letter == '\\' && !escaped {
                escaped = true;
            } else {
                read += letter.len_utf8();
                escaped = false;
            }
        }
        whole.end
    };
    let start = position(part.start);
    Place::new(source, Span::new(start, position(part.end).max(start)))
}

/// What the constraints of a declared endpoint type can speak of, whatever the types of parameters.
fn structure_of(endpoint: &syntax::Endpoint, side: Side) -> EndpointStructure {
    let mut structure = EndpointStructure::default();
    for member in &endpoint.members {
        if let EndpointMember::Event(event) = member {
            let events = match side.emits(event.direction) {
                true => &mut structure.emitted,
                false => &mut structure.received,
            };
            let parameters = event.parameters.iter().map(|parameter| Parameter {
                name: parameter.name.name.clone(),
                domain: Domain::default(),
            });
            events.insert(event.name.name.clone(), parameters.collect());
        }
    }
    structure
}
