//! Implication between the constraints of types (semantics, section 6).

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Relations;
use crate::formalism::{
    Domain, EndpointStructure, Formalism, Formalisms, Formula, Parameter, Structure,
};
use crate::types::{
    Constraint, Direction, Endpoint, EndpointId, Object, ObjectBody, ObjectId, Types, Value,
};
use crate::verdict::Reason;

/// Who gives a constraint: its text is written from that side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The owner of the type: C.
    Provides,
    /// The owner's peer: C′.
    Requires,
}

impl Side {
    /// The other side.
    #[must_use]
    pub fn opposite(self) -> Side {
        match self {
            Side::Provides => Side::Requires,
            Side::Requires => Side::Provides,
        }
    }

    /// What it does with a constraint, as a verb.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Side::Provides => "provides",
            Side::Requires => "requires",
        }
    }

    /// Whether this side emits the events of a direction.
    pub fn emits(self, direction: Direction) -> bool {
        match self {
            Side::Provides => direction == Direction::Out,
            Side::Requires => direction == Direction::In,
        }
    }
}

/// What a constraint text of an endpoint type can speak of, seen from the one who gives it.
/// `name` is empty unless the structure is part of an object's.
pub fn endpoint_structure(
    types: &Types,
    endpoint: EndpointId,
    side: Side,
    name: &str,
) -> EndpointStructure {
    let mut structure = EndpointStructure {
        name: name.to_owned(),
        ..Default::default()
    };
    if let Endpoint::Events { events, .. } = types.endpoint(endpoint) {
        for (name, event) in events {
            let events = match side.emits(event.direction) {
                true => &mut structure.emitted,
                false => &mut structure.received,
            };
            let fields = match types.value(event.payload) {
                Value::Record { fields, .. } => Some(fields),
                _ => None,
            };
            let parameter = |name: &String| Parameter {
                name: name.clone(),
                domain: fields
                    .and_then(|fields| fields.get(name))
                    .map_or_else(Domain::default, |ty| types.domain(*ty)),
            };
            events.insert(name.clone(), event.order.iter().map(parameter).collect());
        }
    }
    structure
}

/// What a constraint text of an object type can speak of, seen from the one who gives it.
/// `renamed` is the constraint's.
pub fn object_structure(
    types: &Types,
    body: &ObjectBody,
    side: Side,
    renamed: &BTreeMap<String, String>,
) -> Structure {
    let taken: BTreeSet<&String> = renamed.keys().chain(renamed.values()).collect();
    let endpoint = |name: &String| body.endpoints.get(name).or_else(|| body.hidden.get(name));
    let own = body.endpoints.keys().chain(body.hidden.keys());
    let own = own
        .filter(|name| !taken.contains(name))
        .map(|name| (name, name));
    let structures = own.chain(renamed).filter_map(|(written, name)| {
        let structure = endpoint_structure(types, endpoint(name)?.ty, side, name);
        Some((written.clone(), structure))
    });
    Structure::Object(structures.collect())
}

/// What texts can speak of, by the side that gives them: made where a text needs it, and once.
pub(crate) struct Structures<M> {
    make: M,
    made: [OnceCell<Arc<Structure>>; 2],
}

impl<M: Fn(Side) -> Structure> Structures<M> {
    pub(crate) fn new(make: M) -> Structures<M> {
        Structures {
            make,
            made: Default::default(),
        }
    }

    pub(crate) fn get(&self, side: Side) -> Arc<Structure> {
        let made = self.made[side as usize].get_or_init(|| Arc::new((self.make)(side)));
        made.clone()
    }
}

/// Names of the events that one side of an endpoint emits.
pub(crate) fn emitted(types: &Types, endpoint: EndpointId, side: Side) -> BTreeSet<String> {
    let Endpoint::Events { events, .. } = types.endpoint(endpoint) else {
        return BTreeSet::new();
    };
    let emitted = events
        .iter()
        .filter(|(_, event)| side.emits(event.direction));
    emitted.map(|(name, _)| name.clone()).collect()
}

/// Where conversions drop fields.
pub(crate) enum Lossy {
    /// At the one endpoint, or nowhere.
    Endpoint(bool),
    /// At these endpoints of an object.
    Object(BTreeSet<String>),
}

impl Lossy {
    /// Whether a constraint may speak of messages that are converted with loss. One of a
    /// composite's part speaks of that part's endpoints only.
    pub(crate) fn concerns(&self, constraint: &Constraint) -> bool {
        if constraint.lossy {
            return true;
        }
        match self {
            Lossy::Endpoint(lossy) => *lossy,
            Lossy::Object(names) if constraint.renamed.is_empty() => !names.is_empty(),
            Lossy::Object(names) => constraint.renamed.values().any(|name| names.contains(name)),
        }
    }
}

/// A constraint, read by its formalism.
#[derive(Clone)]
pub(crate) struct Parsed {
    /// As it stands in the type.
    pub(crate) constraint: Constraint,
    formalism: Option<Arc<dyn Formalism>>,
    formula: Result<Read, NotRead>,
    /// What the formula can speak of, if its formalism translates.
    structure: Option<Arc<Structure>>,
    /// What it is given under, from the side of who has to provide that.
    assumption: Option<Arc<Parsed>>,
    /// Whether that is known to be so.
    discharged: bool,
}

/// Why there is no formula.
#[derive(Clone)]
struct NotRead {
    /// What to answer where the formula is needed.
    reason: Reason,
    /// What the text speaks of, where an equal text still means the same.
    comparable: Option<Arc<Structure>>,
}

/// What a formalism made of a text.
#[derive(Clone)]
struct Read {
    formula: Formula,
    /// Canonical: equal exactly for equal formulas.
    printed: String,
    /// What is left of it after lossy conversions.
    surviving: Option<Formula>,
    /// Whether that is all of it.
    survives: bool,
}

impl Parsed {
    /// Reads a constraint; `structure` is asked for the side from which its text is written.
    pub(crate) fn new(
        formalisms: &Formalisms,
        constraint: &Constraint,
        side: Side,
        structure: impl Fn(Side) -> Arc<Structure>,
    ) -> Parsed {
        let parsed = Parsed::alone(formalisms, constraint, side, &structure);
        let Some(given) = &constraint.given else {
            return parsed;
        };
        // The other side has to provide it, so it is written from there; of a protocol as of its
        // dual that is one and the same.
        let assumption = Constraint {
            text: given.clone(),
            given: None,
            ..constraint.clone()
        };
        let assumption = Parsed::alone(formalisms, &assumption, side.opposite(), &structure);
        Parsed {
            assumption: Some(Arc::new(assumption)),
            ..parsed
        }
    }

    /// Reads a constraint, whatever it is given under.
    fn alone(
        formalisms: &Formalisms,
        constraint: &Constraint,
        side: Side,
        structure: &dyn Fn(Side) -> Arc<Structure>,
    ) -> Parsed {
        let formalism = formalisms.get(&constraint.formalism).cloned();
        let formula = match &formalism {
            None => Err(NotRead {
                reason: Reason::FormalismMissing(constraint.formalism.to_string()),
                comparable: Some(structure(written(constraint, side))),
            }),
            Some(formalism) => read(&**formalism, constraint, side, structure),
        };
        let translates = formula.is_ok()
            && formalism
                .as_ref()
                .is_some_and(|formalism| !formalism.translations().is_empty());
        Parsed {
            constraint: constraint.clone(),
            formalism,
            formula,
            structure: translates.then(|| structure(side)),
            assumption: None,
            discharged: false,
        }
    }

    /// A guarantee that nobody wrote.
    pub(super) fn made(formalism: &Arc<dyn Formalism>, text: &str, formula: Formula) -> Parsed {
        Parsed {
            constraint: Constraint {
                formalism: Arc::from(formalism.name()),
                text: Arc::from(text),
                dual: false,
                given: None,
                renamed: BTreeMap::new(),
                lossy: false,
                place: None,
            },
            formalism: Some(formalism.clone()),
            formula: Ok(Read::new(&**formalism, formula)),
            structure: None,
            assumption: None,
            discharged: false,
        }
    }

    /// The same constraint as one about an endpoint of an object.
    pub(crate) fn lifted(
        &self,
        formula: Formula,
        formalism: &dyn Formalism,
        endpoint: &str,
    ) -> Parsed {
        let renamed = BTreeMap::from([(endpoint.to_owned(), endpoint.to_owned())]);
        Parsed {
            constraint: Constraint {
                renamed,
                ..self.constraint.clone()
            },
            formula: Ok(Read::new(formalism, formula)),
            structure: None,
            ..self.clone()
        }
    }

    /// The constraint as if nothing inside were lossy.
    pub(super) fn unmarked(&self) -> Parsed {
        let mut parsed = self.clone();
        parsed.constraint.lossy = false;
        parsed
    }

    /// Its formalism and its formula, where it could be read.
    pub(crate) fn read(&self) -> Option<(&Arc<dyn Formalism>, &Formula)> {
        match (&self.formalism, &self.formula) {
            (Some(formalism), Ok(read)) => Some((formalism, &read.formula)),
            _ => None,
        }
    }

    /// Why there is no formula; what to answer where one is needed.
    pub(super) fn not_read(&self) -> Reason {
        match &self.formula {
            Err(not) => not.reason.clone(),
            Ok(_) => Reason::Undecided("the formula is not used".to_owned()),
        }
    }

    /// What can be used of it as a premise: all of it, or what survives lossy conversions.
    pub(super) fn usable(&self, intact: bool) -> Option<Formula> {
        let read = self.formula.as_ref().ok()?;
        match intact {
            true => Some(read.formula.clone()),
            false => read.surviving.clone(),
        }
    }

    /// Whether all of it survives lossy conversions.
    pub(super) fn survives(&self) -> bool {
        self.formula.as_ref().is_ok_and(|read| read.survives)
    }

    /// What its formula can speak of, where it may be translated.
    pub(super) fn structure(&self) -> Option<&Structure> {
        self.structure.as_deref()
    }

    /// Whether it holds only under an assumption of which nothing is known.
    pub(crate) fn is_conditional(&self) -> bool {
        self.constraint.given.is_some() && !self.discharged
    }

    /// The constraint as people see it.
    pub(super) fn words(&self) -> String {
        words(&self.constraint)
    }

    /// The constraints of its formalism.
    pub(super) fn same_formalism<'p>(&self, all: &'p [Parsed]) -> impl Iterator<Item = &'p Parsed> {
        let formalism = &self.constraint.formalism;
        all.iter()
            .filter(move |other| other.constraint.formalism == *formalism)
    }

    /// Whether it is literally met by a premise that is given by the same text.
    pub(super) fn is_repeated_by(&self, premise: &Parsed) -> bool {
        let (asked, given) = (&self.constraint, &premise.constraint);
        asked.formalism == given.formalism
            && (!premise.is_conditional()
                || match (&self.assumption, &premise.assumption) {
                    (Some(asked), Some(given)) => asked.is_repeated_by(given),
                    _ => false,
                })
            && match (&self.formula, &premise.formula) {
                (Ok(asked), Ok(given)) => asked.printed == given.printed,
                (Err(a), Err(b)) => {
                    asked.text == given.text
                        && asked.dual == given.dual
                        && renaming(asked).eq(renaming(given))
                        && match (&a.comparable, &b.comparable) {
                            (Some(a), Some(b)) => same_orders(&asked.text, a, b),
                            _ => false,
                        }
                }
                _ => false,
            }
    }
}

impl Read {
    fn new(formalism: &dyn Formalism, formula: Formula) -> Read {
        let printed = formalism.print(&formula);
        let surviving = formalism.surviving(&formula);
        let survives = surviving
            .as_ref()
            .is_some_and(|left| formalism.print(left) == printed);
        Read {
            formula,
            printed,
            surviving,
            survives,
        }
    }
}

fn read(
    formalism: &dyn Formalism,
    constraint: &Constraint,
    side: Side,
    structure: &dyn Fn(Side) -> Arc<Structure>,
) -> Result<Read, NotRead> {
    let structure = structure(written(constraint, side));
    let formula = formalism
        .parse(&constraint.text, &structure)
        .map_err(|error| NotRead {
            reason: Reason::Unreadable(error.message),
            comparable: None,
        })?;
    let formula = match constraint.dual {
        false => formula,
        true => formalism.dual(&formula).ok_or_else(|| {
            let reason = format!("formalism `{}` has no duals", constraint.formalism);
            NotRead {
                reason: Reason::Undecided(reason),
                comparable: Some(structure),
            }
        })?,
    };
    Ok(Read::new(formalism, formula))
}

/// The side from which a text is written: that of a dual is made from the other one's.
fn written(constraint: &Constraint, side: Side) -> Side {
    match constraint.dual {
        true => side.opposite(),
        false => side,
    }
}

/// Whether a text binds the same parameters in both structures, since texts may bind by position:
/// the events of both have theirs in one order, at the endpoints that the text may name.
fn same_orders(text: &str, left: &Structure, right: &Structure) -> bool {
    let endpoints = |left: &EndpointStructure, right: &EndpointStructure| {
        let pairs = [
            (&left.emitted, &right.emitted),
            (&left.received, &right.received),
        ];
        pairs.into_iter().all(|(left, right)| {
            left.iter().all(|(event, order)| {
                let order = order.iter().map(|parameter| &parameter.name);
                let other = right.get(event).map(|other| other.iter().map(|p| &p.name));
                other.is_none_or(|other| other.eq(order))
            })
        })
    };
    match (left, right) {
        (Structure::Endpoint(left), Structure::Endpoint(right)) => endpoints(left, right),
        (Structure::Object(left), Structure::Object(right)) => left
            .iter()
            .filter(|(name, _)| text.contains(*name))
            .all(|(name, left)| right.get(name).is_none_or(|right| endpoints(left, right))),
        _ => false,
    }
}

/// A constraint as people see it.
fn words(constraint: &Constraint) -> String {
    let dual = if constraint.dual { "dual of " } else { "" };
    let given = constraint
        .given
        .iter()
        .map(|given| format!(" given {given}"));
    format!("{dual}{}{}", constraint.text, given.collect::<String>())
}

/// The renamings that a text can feel: of names that occur in it.
fn renaming(constraint: &Constraint) -> impl Iterator<Item = (&String, &String)> {
    constraint
        .renamed
        .iter()
        .filter(|(from, to)| from != to && constraint.text.contains(*from))
}

impl Relations<'_> {
    /// The constraints of an endpoint type that one side gives, read once.
    pub(super) fn endpoint_constraints(&mut self, id: EndpointId, side: Side) -> Arc<[Parsed]> {
        let index = side as usize;
        if let Endpoint::Events {
            provides, requires, ..
        } = self.types.endpoint(id)
            && [provides, requires][index].is_empty()
        {
            return Arc::default();
        }
        if let Some(all) = self.known.endpoints.get(&id) {
            return all[index].clone();
        }
        let (types, formalisms) = (&*self.types, self.formalisms);
        let structures =
            Structures::new(|side| Structure::Endpoint(endpoint_structure(types, id, side, "")));
        let read = |constraints: &[Constraint], side: Side| -> Arc<[Parsed]> {
            let parsed = constraints.iter().map(|constraint| {
                Parsed::new(formalisms, constraint, side, |side| structures.get(side))
            });
            parsed.collect()
        };
        let all = match types.endpoint(id) {
            Endpoint::Events {
                provides, requires, ..
            } => [
                read(provides, Side::Provides),
                read(requires, Side::Requires),
            ],
            Endpoint::Parameter { .. } => [Arc::from([]), Arc::from([])],
        };
        let answer = all[index].clone();
        self.known.endpoints.insert(id, all);
        answer
    }

    /// The constraints of an object type that one side gives, read once.
    pub(super) fn object_constraints(&mut self, id: ObjectId, side: Side) -> Arc<[Parsed]> {
        let index = side as usize;
        if let Some(all) = self.known.objects.get(&id) {
            return all[index].clone();
        }
        let all: [Arc<[Parsed]>; 2] = match self.types.object(id) {
            Object::Endpoints(body) => [Side::Provides, Side::Requires]
                .map(|side| Arc::from(body_constraints(self.types, self.formalisms, body, side))),
            Object::Top | Object::Parameter(_) => [Arc::from([]), Arc::from([])],
        };
        let answer = all[index].clone();
        self.known.objects.insert(id, all);
        answer
    }
}

/// The constraints of an object type that one side gives.
pub(crate) fn body_constraints(
    types: &Types,
    formalisms: &Formalisms,
    body: &ObjectBody,
    side: Side,
) -> Vec<Parsed> {
    let constraints = match side {
        Side::Provides => &body.provides,
        Side::Requires => &body.requires,
    };
    let mut read = Vec::with_capacity(constraints.len());
    // Those of one part of a composite stand together, and are renamed alike.
    for alike in constraints.chunk_by(|left, right| left.renamed == right.renamed) {
        let renamed = &alike[0].renamed;
        let structures = Structures::new(|side| object_structure(types, body, side, renamed));
        read.extend(alike.iter().map(|constraint| {
            Parsed::new(formalisms, constraint, side, |side| structures.get(side))
        }));
    }
    read
}
