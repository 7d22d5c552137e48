//! What each row of the relations demands of one pair: problems found at once, and further pairs.

use std::collections::{BTreeMap, BTreeSet};

use super::constraints::{Lossy, Parsed, Side, emitted};
use super::parameters::{Ascent, ascend, endpoint_parameters, without_options};
use super::{Mismatch, Problem, Relations, lossy};
use crate::diagnostic::Step;
use crate::formalism::Events;
use crate::similar::nearest;
use crate::types::{
    Basic, Direction, Endpoint, EndpointId, Event, Object, ObjectBody, ObjectId, Parameter, TypeId,
    Types, Value, ValueId,
};

/// A relation with its two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Pair {
    /// S <: T.
    Value(ValueId, ValueId),
    /// S = T, the same tree.
    Same(ValueId, ValueId),
    /// τ1 ∝ τ2.
    Match(EndpointId, EndpointId),
    /// τ1 ◁ τ2.
    Endpoint(EndpointId, EndpointId),
    /// Θ1 ◁ Θ2.
    Object(ObjectId, ObjectId),
}

impl Pair {
    /// Whether it holds because the relation is reflexive.
    pub(super) fn is_reflexive(self) -> bool {
        match self {
            Pair::Value(left, right) | Pair::Same(left, right) => left == right,
            Pair::Endpoint(left, right) => left == right,
            Pair::Object(left, right) => left == right,
            Pair::Match(..) => false,
        }
    }
}

/// One demand of a pair.
#[derive(Clone, Debug)]
pub(super) enum Item {
    /// It is not met.
    Problem(Mismatch),
    /// It is met if this pair is.
    Part {
        /// What leads there.
        step: Option<Step>,
        /// The pair.
        pair: Pair,
        /// Whether its left side belongs to the right side of the pair above.
        flipped: bool,
    },
}

pub(super) fn part(step: impl Into<Option<Step>>, pair: Pair) -> Item {
    Item::Part {
        step: step.into(),
        pair,
        flipped: false,
    }
}

fn flipped(step: Step, pair: Pair) -> Item {
    Item::Part {
        step: Some(step),
        pair,
        flipped: true,
    }
}

/// A problem of which the left side is at fault.
fn problem(step: impl Into<Option<Step>>, problem: Problem) -> Item {
    Item::Problem(Mismatch {
        trail: step.into().into_iter().collect(),
        problem,
        left_at_fault: true,
    })
}

/// A problem of which the right side is at fault.
fn problem_right(step: impl Into<Option<Step>>, problem: Problem) -> Item {
    Item::Problem(Mismatch {
        trail: step.into().into_iter().collect(),
        problem,
        left_at_fault: false,
    })
}

fn words(found: impl Into<String>, expected: impl Into<String>) -> Problem {
    Problem::Incompatible {
        found: found.into(),
        expected: expected.into(),
    }
}

fn missing<'n>(
    what: &'static str,
    name: &str,
    others: impl IntoIterator<Item = &'n String>,
) -> Problem {
    let similar = nearest(name, others.into_iter().map(String::as_str)).map(str::to_owned);
    Problem::Missing {
        what,
        name: name.to_owned(),
        similar,
    }
}

impl Relations<'_> {
    /// The demands of a pair in a fixed order, those that are not met first: a refutation ends the
    /// walk through all that the others lead to.
    pub(super) fn items(&mut self, pair: Pair) -> Vec<Item> {
        let mut items = match pair {
            Pair::Value(left, right) => value(self.types, left, right),
            Pair::Same(left, right) => same(self.types, left, right),
            Pair::Match(left, right) => self.endpoints(left, right, true),
            Pair::Endpoint(left, right) => self.endpoints(left, right, false),
            Pair::Object(left, right) => self.objects(left, right),
        };
        items.sort_by_key(|item| matches!(item, Item::Part { .. }));
        items
    }

    fn endpoints(&mut self, left: EndpointId, right: EndpointId, matching: bool) -> Vec<Item> {
        let (l, r) = match (self.types.endpoint(left), self.types.endpoint(right)) {
            (Endpoint::Events { events: l, .. }, Endpoint::Events { events: r, .. }) => (l, r),
            _ => return endpoint_parameters(self.types, left, right, matching),
        };
        let mut items = if matching {
            match_events(l, r)
        } else {
            subtype_events(l, r)
        };
        // C1 ⇒[O1] C2′ ∧ C2 ⇒[O2] C1′ for ∝, C1 ⇒[O1] C2 ∧ C2′ ⇒[I2] C1′ for ◁.
        let (far, near) = match matching {
            true => (Side::Requires, Side::Provides),
            false => (Side::Provides, Side::Requires),
        };
        let questions = [
            ((left, Side::Provides), (right, far), true),
            ((right, near), (left, Side::Requires), false),
        ];
        let mut lossy = None;
        for ((giver, given), (asker, asked), left_at_fault) in questions {
            let conclusions = self.endpoint_constraints(asker, asked);
            if conclusions.is_empty() {
                continue;
            }
            let premises = self.endpoint_constraints(giver, given);
            let lossy = lossy.get_or_insert_with(|| {
                let known = &mut self.cache.lossless;
                Lossy::Endpoint(lossy::endpoint(self.types, known, left, right, matching))
            });
            let events = Events::Endpoint(emitted(self.types, giver, given));
            let unmet = self.unmet(&premises, &events, &conclusions, lossy);
            items.extend(
                unmet
                    .into_iter()
                    .map(|unmet| constraint(unmet, left_at_fault)),
            );
        }
        items
    }

    fn objects(&mut self, left: ObjectId, right: ObjectId) -> Vec<Item> {
        let types = &*self.types;
        let (l, r) = match (types.object(left), types.object(right)) {
            (_, Object::Top) => return Vec::new(),
            (Object::Endpoints(l), Object::Endpoints(r)) => (l, r),
            (Object::Parameter(parameter), other) => {
                let same =
                    |p: &Parameter| matches!(other, Object::Parameter(q) if p.name == q.name);
                return match ascend(types, parameter, same) {
                    Ascent::Same => Vec::new(),
                    Ascent::Type(TypeId::Object(bound)) => {
                        vec![part(None, Pair::Object(bound, right))]
                    }
                    _ => vec![unlike(types, TypeId::Object(left), TypeId::Object(right))],
                };
            }
            _ => return vec![unlike(types, TypeId::Object(left), TypeId::Object(right))],
        };
        let mut items = object_endpoints(l, r);
        if l.requires.is_empty() && r.provides.is_empty() {
            return items;
        }
        let mut names = BTreeSet::new();
        for (name, wanted) in &r.endpoints {
            let Some(there) = l.endpoints.get(name) else {
                continue;
            };
            if lossy::endpoint(types, &mut self.cache.lossless, there.ty, wanted.ty, false) {
                names.insert(name.clone());
            }
        }
        let lossy = Lossy::Object(names);
        let all = l.endpoints.iter().chain(&l.hidden);
        let events = Events::Object(
            all.map(|(name, e)| (name.clone(), emitted(types, e.ty, Side::Provides)))
                .collect(),
        );
        let questions = [
            (
                (left, Side::Provides),
                events,
                (right, Side::Provides),
                true,
            ),
            (
                (right, Side::Requires),
                Events::All,
                (left, Side::Requires),
                false,
            ),
        ];
        for ((giver, given), events, (asker, asked), left_at_fault) in questions {
            let mut conclusions = self.object_constraints(asker, asked);
            let mut premises = self.object_constraints(giver, given);
            // A supertype whose C has suffered a loss promises no more than one whose C has not,
            // and what meets its C′ in spite of a loss meets it without one.
            let upper = match left_at_fault {
                true => &mut conclusions,
                false => &mut premises,
            };
            if upper.iter().any(|parsed| parsed.constraint.lossy) {
                *upper = upper.iter().map(Parsed::unmarked).collect();
            }
            let unmet = self.unmet(&premises, &events, &conclusions, &lossy);
            items.extend(
                unmet
                    .into_iter()
                    .map(|unmet| constraint(unmet, left_at_fault)),
            );
        }
        items
    }
}

fn constraint((step, unmet): (Step, Problem), left_at_fault: bool) -> Item {
    Item::Problem(Mismatch {
        trail: vec![step],
        problem: unmet,
        left_at_fault,
    })
}

/// Both are shown in full, since nothing of one corresponds to anything of the other.
pub(super) fn unlike(types: &Types, left: TypeId, right: TypeId) -> Item {
    let (found, expected) = (types.describe(left), types.describe(right));
    if found != expected {
        return problem(None, words(found, expected));
    }
    // Two libraries may give one name to different things.
    let full = |name: String, id| match sort(types, id) {
        Some(sort) => format!("`{name}` ({sort})"),
        None => name,
    };
    problem(None, words(full(found, left), full(expected, right)))
}

/// What a type is, apart from its name.
fn sort(types: &Types, id: TypeId) -> Option<&'static str> {
    let TypeId::Value(id) = id else { return None };
    Some(match types.value(id) {
        Value::Record { .. } => "a record",
        Value::Variant(_) => "a variant",
        Value::Parameter(_) => "a type parameter",
        Value::List(_) => "a list",
        Value::Option(_) => "an option",
        Value::Map(..) => "a map",
        Value::Tuple(_) => "a tuple",
        Value::Reference(_) => "a reference",
        Value::External(_) => "an external endpoint",
        Value::Basic(basic) => basic.as_str(),
    })
}

fn value(types: &Types, left: ValueId, right: ValueId) -> Vec<Item> {
    let unlike = || vec![unlike(types, TypeId::Value(left), TypeId::Value(right))];
    match (types.value(left), types.value(right)) {
        (Value::Parameter(parameter), _) => {
            let core = without_options(types, right);
            let same = |p: &Parameter| matches!(core, Value::Parameter(q) if p.name == q.name);
            match ascend(types, parameter, same) {
                Ascent::Same => Vec::new(),
                Ascent::Type(TypeId::Value(bound)) => vec![part(None, Pair::Value(bound, right))],
                _ => unlike(),
            }
        }
        (Value::Basic(a), Value::Basic(b)) if basic(*a, *b) => Vec::new(),
        (Value::Option(a), Value::Option(b)) | (Value::List(a), Value::List(b)) => {
            vec![part(Step::Element, Pair::Value(*a, *b))]
        }
        (_, Value::Option(b)) => vec![part(Step::Element, Pair::Value(left, *b))],
        (Value::Tuple(a), Value::Tuple(b)) if a.len() == b.len() => {
            let pairs = a.iter().zip(b).enumerate();
            pairs
                .map(|(i, (a, b))| part(Step::Position(i), Pair::Value(*a, *b)))
                .collect()
        }
        (Value::Tuple(a), Value::Tuple(b)) => vec![problem(
            None,
            words(
                format!("a tuple of {}", a.len()),
                format!("a tuple of {}", b.len()),
            ),
        )],
        (Value::Map(k, a), Value::Map(l, b)) => {
            vec![
                part(Step::MapKey, Pair::Same(*k, *l)),
                part(Step::MapValue, Pair::Value(*a, *b)),
            ]
        }
        (
            Value::Record {
                fields: a,
                open: a_open,
            },
            Value::Record {
                fields: b,
                open: b_open,
            },
        ) => record(types, (a, *a_open), (b, *b_open)),
        (Value::Variant(a), Value::Variant(b)) => cases(types, a, b, Pair::Value).collect(),
        (Value::Reference(a), Value::Reference(b)) => {
            vec![part(Step::ReferencedObject, Pair::Object(*a, *b))]
        }
        (Value::External(a), Value::External(b)) => {
            vec![part(Step::ExternalEndpoint, Pair::Endpoint(*a, *b))]
        }
        _ => unlike(),
    }
}

type Fields = BTreeMap<String, ValueId>;

fn record(types: &Types, (a, a_open): (&Fields, bool), (b, b_open): (&Fields, bool)) -> Vec<Item> {
    let mut items = Vec::new();
    for (name, wanted) in b {
        let step = Step::Field(name.clone());
        match a.get(name) {
            Some(there) => items.push(part(step, Pair::Value(*there, *wanted))),
            None if !matches!(types.value(*wanted), Value::Option(_)) => {
                items.push(problem(None, missing("field", name, a.keys())));
            }
            None if a_open => {
                let found = format!("an open record, which may hold any `{name}`");
                let expected = types.describe(TypeId::Value(*wanted));
                items.push(problem(step, words(found, expected)));
            }
            None => {}
        }
    }
    if !b_open {
        for name in a.keys().filter(|name| !b.contains_key(*name)) {
            items.push(problem(
                None,
                Problem::Unexpected {
                    what: "field",
                    name: name.clone(),
                },
            ));
        }
        if a_open {
            items.push(problem(None, words("an open record", "a closed record")));
        }
    }
    items
}

type Cases = BTreeMap<String, Option<ValueId>>;

fn cases<'c>(
    types: &'c Types,
    a: &'c Cases,
    b: &'c Cases,
    relation: impl Fn(ValueId, ValueId) -> Pair + 'c,
) -> impl Iterator<Item = Item> + 'c {
    let payload = |payload: ValueId| types.describe(TypeId::Value(payload));
    a.iter().filter_map(move |(name, there)| {
        let step = Step::Case(name.clone());
        Some(match (there, b.get(name)) {
            (_, None) => problem_right(None, missing("case", name, b.keys())),
            (None, Some(None)) => return None,
            (Some(a), Some(Some(b))) => part(step, relation(*a, *b)),
            (Some(a), Some(None)) => problem(step, words(payload(*a), "no payload")),
            (None, Some(Some(b))) => problem(step, words("no payload", payload(*b))),
        })
    })
}

/// S = T. Asked of map keys only, so the types that cannot occur in one are simply unlike.
fn same(types: &Types, left: ValueId, right: ValueId) -> Vec<Item> {
    let all = |a: &[ValueId], b: &[ValueId]| -> Vec<Item> {
        let pairs = a.iter().zip(b).enumerate();
        pairs
            .map(|(i, (a, b))| part(Step::Position(i), Pair::Same(*a, *b)))
            .collect()
    };
    match (types.value(left), types.value(right)) {
        (Value::Basic(a), Value::Basic(b)) if a == b => Vec::new(),
        (Value::Parameter(a), Value::Parameter(b)) if a.name == b.name => Vec::new(),
        (Value::Tuple(a), Value::Tuple(b)) if a.len() == b.len() => all(a, b),
        (Value::Variant(a), Value::Variant(b)) => {
            let back = b.keys().filter(|name| !a.contains_key(*name));
            let back = back.map(|name| problem(None, missing("case", name, a.keys())));
            cases(types, a, b, Pair::Same).chain(back).collect()
        }
        _ => vec![unlike(types, TypeId::Value(left), TypeId::Value(right))],
    }
}

/// Row 1 of the values, and equality of the basic types that are not numbers.
fn basic(a: Basic, b: Basic) -> bool {
    /// Signed, bits.
    fn integer(basic: Basic) -> Option<(bool, u32)> {
        Some(match basic {
            Basic::U8 => (false, 8),
            Basic::U16 => (false, 16),
            Basic::U32 => (false, 32),
            Basic::U64 => (false, 64),
            Basic::S8 => (true, 8),
            Basic::S16 => (true, 16),
            Basic::S32 => (true, 32),
            Basic::S64 => (true, 64),
            _ => return None,
        })
    }
    match (integer(a), integer(b)) {
        (Some((false, n)), Some((true, m))) => n < m,
        (Some((a_signed, n)), Some((b_signed, m))) => a_signed == b_signed && n <= m,
        (Some((_, n)), None) => (b == Basic::F32 && n <= 16) || (b == Basic::F64 && n <= 32),
        (None, _) => a == b || (a == Basic::F32 && b == Basic::F64),
    }
}

fn names(events: &BTreeMap<String, Event>, direction: Direction) -> impl Iterator<Item = &String> {
    events
        .iter()
        .filter(move |(_, event)| event.direction == direction)
        .map(|(name, _)| name)
}

/// O1 ⊆* I2 ∧ O2 ⊆* I1.
fn match_events(left: &BTreeMap<String, Event>, right: &BTreeMap<String, Event>) -> Vec<Item> {
    let mut items = Vec::new();
    for (name, sent) in left
        .iter()
        .filter(|(_, event)| event.direction == Direction::Out)
    {
        let step = Step::Event(name.clone());
        match right.get(name) {
            None => items.push(problem_right(
                None,
                missing("incoming event", name, names(right, Direction::In)),
            )),
            Some(event) if event.direction == Direction::Out => {
                items.push(problem(
                    None,
                    Problem::SameDirection {
                        event: name.clone(),
                    },
                ));
            }
            Some(event) => items.push(part(step, Pair::Value(sent.payload, event.payload))),
        }
    }
    items.extend(received(left, right, Direction::Out));
    items
}

/// O1 ⊆* O2 ∧ I2 ⊆* I1.
fn subtype_events(left: &BTreeMap<String, Event>, right: &BTreeMap<String, Event>) -> Vec<Item> {
    let mut items = Vec::new();
    for (name, sent) in left
        .iter()
        .filter(|(_, event)| event.direction == Direction::Out)
    {
        let step = Step::Event(name.clone());
        match right.get(name) {
            None => items.push(problem(
                None,
                Problem::Unexpected {
                    what: "outgoing event",
                    name: name.clone(),
                },
            )),
            Some(event) if event.direction == Direction::In => {
                items.push(problem(
                    step,
                    words("an outgoing event", "an incoming event"),
                ));
            }
            Some(event) => items.push(part(step, Pair::Value(sent.payload, event.payload))),
        }
    }
    items.extend(received(left, right, Direction::In));
    items
}

/// That `left` receives every event that has this direction at `right`.
fn received(
    left: &BTreeMap<String, Event>,
    right: &BTreeMap<String, Event>,
    direction: Direction,
) -> Vec<Item> {
    let mut items = Vec::new();
    for (name, wanted) in right
        .iter()
        .filter(|(_, event)| event.direction == direction)
    {
        let step = Step::Event(name.clone());
        match left.get(name) {
            None => items.push(problem(
                None,
                missing("incoming event", name, names(left, Direction::In)),
            )),
            // Both callers have told of an event that `left` sends.
            Some(event) if event.direction == Direction::Out => {}
            Some(event) => items.push(flipped(step, Pair::Value(wanted.payload, event.payload))),
        }
    }
    items
}

fn object_endpoints(left: &ObjectBody, right: &ObjectBody) -> Vec<Item> {
    let mut items = Vec::new();
    for (name, wanted) in &right.endpoints {
        let step = Step::Endpoint(name.clone());
        let Some(there) = left.endpoints.get(name) else {
            items.push(problem(
                None,
                missing("endpoint", name, left.endpoints.keys()),
            ));
            continue;
        };
        if wanted.many && !there.many {
            items.push(problem(
                step.clone(),
                Problem::Flag {
                    flag: "many",
                    found: false,
                },
            ));
        }
        if there.mandatory && !wanted.mandatory {
            items.push(problem(
                step.clone(),
                Problem::Flag {
                    flag: "mandatory",
                    found: true,
                },
            ));
        }
        items.push(part(step, Pair::Endpoint(there.ty, wanted.ty)));
    }
    for (name, there) in &left.endpoints {
        if there.mandatory && !right.endpoints.contains_key(name) {
            let what = "mandatory endpoint";
            items.push(problem(
                None,
                Problem::Unexpected {
                    what,
                    name: name.clone(),
                },
            ));
        }
    }
    items
}
