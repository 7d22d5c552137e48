//! What each row of the relations demands of one pair: problems found at once, and further pairs.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::constraints::{Lossy, Side, emitted};
use super::discharge::Giver;
use super::implication::Unmet;
use super::parameters::{Ascent, ascend, endpoint_parameters};
use super::parsed::Parsed;
use super::{Met, Mismatch, Problem, Relations, lossy, values};
use crate::diagnostic::Step;
use crate::formalism::Events;
use crate::similar::nearest;
use crate::types::{
    Direction, Endpoint, EndpointId, Event, Object, ObjectBody, ObjectId, Parameter, TypeId,
    ValueId,
};
use crate::verdict::{Verdict, Witness};

/// A relation with its two sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Pair {
    /// S <: T.
    Value(ValueId, ValueId),
    /// S = T, the same tree.
    Same(ValueId, ValueId),
    /// No record step of S <: T drops a field.
    Lossless(ValueId, ValueId),
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
            Pair::Value(left, right) | Pair::Same(left, right) | Pair::Lossless(left, right) => {
                left == right
            }
            Pair::Endpoint(left, right) => left == right,
            Pair::Object(left, right) => left == right,
            Pair::Match(..) => false,
        }
    }

    /// Its two sides.
    pub(super) fn sides(self) -> [TypeId; 2] {
        match self {
            Pair::Value(left, right) | Pair::Same(left, right) | Pair::Lossless(left, right) => {
                [left, right].map(TypeId::Value)
            }
            Pair::Match(left, right) | Pair::Endpoint(left, right) => {
                [left, right].map(TypeId::Endpoint)
            }
            Pair::Object(left, right) => [left, right].map(TypeId::Object),
        }
    }

    /// The relation with `other` sides, of the same kind.
    pub(super) fn with_sides(self, other: [TypeId; 2]) -> Pair {
        match (self, other) {
            (Pair::Value(..), [TypeId::Value(left), TypeId::Value(right)]) => {
                Pair::Value(left, right)
            }
            (Pair::Same(..), [TypeId::Value(left), TypeId::Value(right)]) => {
                Pair::Same(left, right)
            }
            (Pair::Lossless(..), [TypeId::Value(left), TypeId::Value(right)]) => {
                Pair::Lossless(left, right)
            }
            (Pair::Match(..), [TypeId::Endpoint(left), TypeId::Endpoint(right)]) => {
                Pair::Match(left, right)
            }
            (Pair::Endpoint(..), [TypeId::Endpoint(left), TypeId::Endpoint(right)]) => {
                Pair::Endpoint(left, right)
            }
            (Pair::Object(..), [TypeId::Object(left), TypeId::Object(right)]) => {
                Pair::Object(left, right)
            }
            _ => unreachable!("the sides of a pair are of one kind"),
        }
    }
}

/// Takes what a pair demands, in a fixed order. One set of rules serves those who want the verdict
/// alone and those who want to be told: what only the latter need is asked of closures.
pub(super) trait Demands {
    /// Met if `pair` is; `step` leads there. `flipped`: its left side belongs to the right side of
    /// the pair above.
    fn part(&mut self, step: impl FnOnce() -> Option<Step>, pair: Pair, flipped: bool);

    /// A constraint that is asked for, and met.
    fn met(&mut self, met: impl FnOnce() -> Met) {
        let _ = met;
    }

    /// Not met.
    fn problem(&mut self, verdict: Verdict, mismatch: impl FnOnce() -> Mismatch);
}

/// A part to which nothing leads.
pub(super) fn same_place(out: &mut impl Demands, pair: Pair) {
    out.part(|| None, pair, false);
}

pub(super) fn part(out: &mut impl Demands, step: impl FnOnce() -> Step, pair: Pair) {
    out.part(|| Some(step()), pair, false);
}

/// Something about the structure of which the left side is at fault.
pub(super) fn problem(out: &mut impl Demands, problem: impl FnOnce() -> Problem) {
    structure(out, true, || (None, problem()));
}

/// The same, a step further on.
pub(super) fn problem_at(out: &mut impl Demands, problem: impl FnOnce() -> (Step, Problem)) {
    structure(out, true, || {
        let (step, problem) = problem();
        (Some(step), problem)
    });
}

/// Something of which the right side is at fault.
pub(super) fn problem_right(out: &mut impl Demands, problem: impl FnOnce() -> Problem) {
    structure(out, false, || (None, problem()));
}

fn structure(
    out: &mut impl Demands,
    left_at_fault: bool,
    problem: impl FnOnce() -> (Option<Step>, Problem),
) {
    out.problem(Verdict::Fails(Witness::Structure), || {
        let (step, problem) = problem();
        Mismatch {
            trail: step.into_iter().collect(),
            problem,
            left_at_fault,
        }
    });
}

pub(super) fn words(found: impl Into<String>, expected: impl Into<String>) -> Problem {
    Problem::Incompatible {
        found: found.into(),
        expected: expected.into(),
    }
}

pub(super) fn missing<'n>(
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
    /// What a pair demands.
    pub(super) fn demands(&mut self, pair: Pair, out: &mut impl Demands) {
        match pair {
            Pair::Value(left, right) => values::subtype(self.types, left, right, out),
            Pair::Same(left, right) => values::same(self.types, left, right, out),
            Pair::Lossless(left, right) => lossy::lossless(self.types, left, right, out),
            Pair::Match(left, right) => self.endpoints(left, right, true, out),
            Pair::Endpoint(left, right) => self.endpoints(left, right, false, out),
            Pair::Object(left, right) => self.objects(left, right, out),
        }
    }

    fn endpoints(
        &mut self,
        left: EndpointId,
        right: EndpointId,
        matching: bool,
        out: &mut impl Demands,
    ) {
        let (Endpoint::Events { events: l, .. }, Endpoint::Events { events: r, .. }) =
            (self.types.endpoint(left), self.types.endpoint(right))
        else {
            return endpoint_parameters(self.types, left, right, matching, out);
        };
        if matching {
            match_events(l, r, out);
        } else {
            subtype_events(l, r, out);
        }
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
        let mut met = match matching {
            true => self.met(left, right),
            false => None,
        };
        for ((giver, given), (asker, asked), left_at_fault) in questions {
            let conclusions = self.endpoint_constraints(asker, asked);
            if conclusions.is_empty() {
                continue;
            }
            let premises = match &mut met {
                Some(met) => Arc::from(std::mem::take(&mut met[usize::from(!left_at_fault)])),
                None => {
                    let premises = self.endpoint_constraints(giver, given);
                    self.owned(premises, !left_at_fault, given)
                }
            };
            let lossy = &*lossy
                .get_or_insert_with(|| Lossy::Endpoint(self.lossy_endpoint(left, right, matching)));
            let events = Events::Endpoint(emitted(self.types, giver, given));
            let given = (given, &*premises);
            self.constraints(
                given,
                &events,
                (asked, &conclusions),
                lossy,
                left_at_fault,
                out,
            );
        }
    }

    /// What two endpoints that are connected guarantee to each other, where some of that rests on
    /// assumptions.
    fn met(&mut self, left: EndpointId, right: EndpointId) -> Option<[Vec<Parsed>; 2]> {
        let sides = [left, right].map(|end| self.endpoint_constraints(end, Side::Provides));
        if !sides
            .iter()
            .any(|side| side.iter().any(Parsed::is_conditional))
        {
            return None;
        }
        let lossy = Lossy::Endpoint(self.lossy_endpoint(left, right, true));
        let [l, r] = sides;
        let giver = |end: EndpointId, side: Arc<[Parsed]>, right: bool| Giver {
            guarantees: self.owned(side, right, Side::Provides).to_vec(),
            events: Events::Endpoint(emitted(self.types, end, Side::Provides)),
        };
        let mut givers = [giver(left, l, false), giver(right, r, true)];
        self.discharge(&mut givers, &lossy);
        Some(givers.map(|giver| giver.guarantees))
    }

    fn objects(&mut self, left: ObjectId, right: ObjectId, out: &mut impl Demands) {
        let types = &*self.types;
        let unlike = |out| values::unlike(types, TypeId::Object(left), TypeId::Object(right), out);
        let (l, r) = match (types.object(left), types.object(right)) {
            (_, Object::Top) => return,
            (Object::Endpoints(l), Object::Endpoints(r)) => (l, r),
            (Object::Parameter(parameter), other) => {
                let same =
                    |p: &Parameter| matches!(other, Object::Parameter(q) if p.name == q.name);
                return match ascend(types, parameter, same) {
                    Ascent::Same => {}
                    Ascent::Type(TypeId::Object(bound)) => {
                        same_place(out, Pair::Object(bound, right));
                    }
                    _ => unlike(out),
                };
            }
            _ => return unlike(out),
        };
        object_endpoints(l, r, out);
        if l.requires.is_empty() && r.provides.is_empty() {
            return;
        }
        let all = l.endpoints.iter().chain(&l.hidden);
        let events = Events::Object(
            all.map(|(name, e)| (name.clone(), emitted(types, e.ty, Side::Provides)))
                .collect(),
        );
        let shared = r.endpoints.iter().filter_map(|(name, wanted)| {
            let there = l.endpoints.get(name)?;
            Some((name.clone(), there.ty, wanted.ty))
        });
        let mut names = BTreeSet::new();
        for (name, there, wanted) in shared.collect::<Vec<_>>() {
            if self.lossy_endpoint(there, wanted, false) {
                names.insert(name);
            }
        }
        let lossy = Lossy::Object(names);
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
            let premises = self.owned(premises, !left_at_fault, given);
            let given = (given, &*premises);
            self.constraints(
                given,
                &events,
                (asked, &conclusions),
                &lossy,
                left_at_fault,
                out,
            );
        }
    }

    /// Whether premises of one side meet what the other side asks for. Where requirements are
    /// compared, which is for ◁, the left side is the one that asks for too much.
    fn constraints(
        &mut self,
        (given, premises): (Side, &[Parsed]),
        events: &Events,
        (asked, conclusions): (Side, &[Parsed]),
        lossy: &Lossy,
        left_gives: bool,
        out: &mut impl Demands,
    ) {
        for conclusion in conclusions {
            let mut answer = self.answer(premises, events, conclusion, lossy);
            let mut premises = premises;
            let of_all: Vec<Parsed>;
            // Where requirements are met, those of each connection by itself are at that one only.
            let is_partly = given == Side::Requires
                && matches!(lossy, Lossy::Endpoint(_))
                && !conclusion.is_of_one_connection()
                && premises.iter().any(Parsed::is_of_one_connection);
            if is_partly && answer.verdict.holds() {
                let wide = premises.iter().filter(|it| !it.is_of_one_connection());
                of_all = wide.cloned().collect();
                premises = &of_all;
                answer = self.answer(premises, events, conclusion, lossy);
                if !answer.verdict.holds() {
                    answer = Verdict::Unknown(conclusion.not_everywhere()).into();
                }
            }
            if answer.verdict.holds() {
                out.met(|| Met {
                    trail: Vec::new(),
                    by: self.asker(left_gives),
                    asked,
                    place: conclusion.constraint.place.clone(),
                    derivation: self.derivation(premises, events, conclusion, lossy, &answer),
                });
                continue;
            }
            out.problem(answer.verdict.clone(), || {
                let unmet = Unmet { conclusion, answer };
                let (step, problem) = unmet.told(self, asked, (given, premises));
                Mismatch {
                    trail: vec![step],
                    problem,
                    left_at_fault: left_gives || given == Side::Requires,
                }
            });
        }
    }
}

fn names(events: &BTreeMap<String, Event>, direction: Direction) -> impl Iterator<Item = &String> {
    directed(events, direction).map(|(name, _)| name)
}

fn directed(
    events: &BTreeMap<String, Event>,
    direction: Direction,
) -> impl Iterator<Item = (&String, &Event)> {
    events
        .iter()
        .filter(move |(_, event)| event.direction == direction)
}

type EventMap = BTreeMap<String, Event>;

/// O1 ⊆* I2 ∧ O2 ⊆* I1.
fn match_events(left: &EventMap, right: &EventMap, out: &mut impl Demands) {
    for (name, sent) in directed(left, Direction::Out) {
        match right.get(name) {
            None => problem_right(out, || {
                missing("incoming event", name, names(right, Direction::In))
            }),
            Some(event) if event.direction == Direction::Out => {
                problem(out, || {
                    let faces = |(name, event): (&String, &Event)| {
                        let other = right.get(name);
                        other.is_some_and(|other| other.direction != event.direction)
                    };
                    Problem::SameDirection {
                        event: name.clone(),
                        facing: left.iter().any(faces),
                    }
                });
            }
            Some(event) => {
                let pair = Pair::Value(sent.payload, event.payload);
                part(out, || Step::Event(name.clone()), pair);
            }
        }
    }
    received(left, right, Direction::Out, out);
}

/// O1 ⊆* O2 ∧ I2 ⊆* I1.
fn subtype_events(left: &EventMap, right: &EventMap, out: &mut impl Demands) {
    for (name, sent) in directed(left, Direction::Out) {
        match right.get(name) {
            None => problem(out, || Problem::Unexpected {
                what: "outgoing event",
                name: name.clone(),
            }),
            Some(event) if event.direction == Direction::In => problem_at(out, || {
                let words = words("an outgoing event", "an incoming event");
                (Step::Event(name.clone()), words)
            }),
            Some(event) => {
                let pair = Pair::Value(sent.payload, event.payload);
                part(out, || Step::Event(name.clone()), pair);
            }
        }
    }
    received(left, right, Direction::In, out);
}

/// That `left` receives every event that has this direction at `right`.
fn received(left: &EventMap, right: &EventMap, direction: Direction, out: &mut impl Demands) {
    for (name, wanted) in directed(right, direction) {
        match left.get(name) {
            None => problem(out, || {
                missing("incoming event", name, names(left, Direction::In))
            }),
            // Both callers have told of an event that `left` sends.
            Some(event) if event.direction == Direction::Out => {}
            Some(event) => {
                let pair = Pair::Value(wanted.payload, event.payload);
                out.part(|| Some(Step::Event(name.clone())), pair, true);
            }
        }
    }
}

fn object_endpoints(left: &ObjectBody, right: &ObjectBody, out: &mut impl Demands) {
    let flag =
        |name: &String, flag, found| (Step::Endpoint(name.clone()), Problem::Flag { flag, found });
    for (name, wanted) in &right.endpoints {
        let Some(there) = left.endpoints.get(name) else {
            problem(out, || missing("endpoint", name, left.endpoints.keys()));
            continue;
        };
        if wanted.many && !there.many {
            problem_at(out, || flag(name, "many", false));
        }
        if there.mandatory && !wanted.mandatory {
            problem_at(out, || flag(name, "mandatory", true));
        }
        let pair = Pair::Endpoint(there.ty, wanted.ty);
        part(out, || Step::Endpoint(name.clone()), pair);
    }
    for (name, there) in &left.endpoints {
        if there.mandatory && !right.endpoints.contains_key(name) {
            problem(out, || Problem::Unexpected {
                what: "mandatory endpoint",
                name: name.clone(),
            });
        }
    }
}
