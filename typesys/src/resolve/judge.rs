//! What only the graph shows: keys of maps, options of themselves, bounds of arguments, values
//! without end.

use std::collections::BTreeSet;

use super::expand::Session;
use super::instances::{Decl, Term};
use crate::diagnostic::{Diagnostic, codes};
use crate::relation::{Problem, Relations};
use crate::source::Place;
use crate::types::{Basic, TypeId, Types, Value, ValueId};
use crate::verdict::Verdict;

/// Reasons given why an argument is out of its bound.
const MAX_MISMATCHES: usize = 3;
/// Steps of a path that a message shows.
const MAX_PATH: usize = 6;

impl Session<'_> {
    /// Fills in everything and judges what was added.
    pub(super) fn settle(&mut self) {
        self.drain();
        if self.is_incomplete() {
            return;
        }
        let before = self.faults.count();
        self.check_options();
        self.check_keys();
        if self.faults.count() == before {
            self.check_bounds();
        }
    }

    fn added(&self) -> impl Iterator<Item = ValueId> + use<> {
        (self.start.values..self.types.values.len()).map(|number| ValueId(number as u32))
    }

    /// Reports options that are, through options only, options of themselves.
    fn check_options(&mut self) {
        let mut seen: BTreeSet<ValueId> = BTreeSet::new();
        for id in self.added() {
            let mut path: Vec<ValueId> = Vec::new();
            let mut next = id;
            while let Value::Option(inner) = self.types.value(next) {
                if !seen.insert(next) {
                    break;
                }
                path.push(next);
                next = *inner;
            }
            let Some(start) = path.iter().position(|link| *link == next) else {
                continue;
            };
            let nodes: BTreeSet<TypeId> =
                path[start..].iter().map(|id| TypeId::Value(*id)).collect();
            let fault = match self.aliases_of(&nodes).into_iter().next() {
                Some(decl) => {
                    let (module, item) = self.types.instances.item(decl);
                    let name = self.types.instances.name(decl);
                    let message = format!("alias `{name}` stands for an option of itself");
                    let fault = Diagnostic::error(codes::CYCLIC_ALIAS, message);
                    match module.file.items[item].name() {
                        Some(name) => fault.at(Place::new(&module.source, name.span), ""),
                        None => fault,
                    }
                }
                None => Diagnostic::error(codes::CYCLIC_ALIAS, "an option of itself"),
            };
            self.fault(fault.with_help("put a record around it, so that something is optional"));
        }
    }

    /// The aliases that stand for some of these nodes, in order.
    fn aliases_of(&self, nodes: &BTreeSet<TypeId>) -> BTreeSet<Decl> {
        let instances = &self.types.instances;
        let terms = instances.nodes().filter(|(_, id)| nodes.contains(id));
        terms
            .filter_map(|(term, _)| match term {
                Term::Declared(decl, _) if instances.is_alias(*decl) => Some(*decl),
                _ => None,
            })
            .collect()
    }

    /// Reports maps whose keys have no order and equality of their own.
    fn check_keys(&mut self) {
        for id in self.added() {
            let Value::Map(key, _) = self.types.value(id) else {
                continue;
            };
            let Some(culprit) = unsuitable(self.types, *key) else {
                continue;
            };
            let key = TypeId::Value(*key);
            let culprit = TypeId::Value(culprit);
            let mut message = format!("`{}` cannot be the key of a map", self.types.describe(key));
            if culprit != key {
                message += &format!(": it holds `{}`", self.types.describe(culprit));
            }
            let mut fault = Diagnostic::error(codes::INVALID_MAP_KEY, message);
            if let Some(place) = &self.types.origin(TypeId::Value(id)).place {
                fault = fault.at(place.clone(), "");
            }
            // Where the declaration around was used, if its arguments may be at fault.
            let term = self.types.instances.origins.get(&TypeId::Value(id));
            let around = term.and_then(|term| self.places.get(term)?.1);
            if let Some(around) = around
                && matches!(self.types.instances.term(around), Term::Declared(_, arguments)
                    if !arguments.is_empty())
            {
                let name = self.name(around);
                if let Some((place, _)) = self.places.get(&around) {
                    fault = fault.at(place.clone(), format!("in `{name}`"));
                }
            }
            self.fault(fault.with_help(
                "keys are integers, bool, char, string, bytes, uuid, enums and tuples of these",
            ));
        }
    }

    /// Reports arguments that are not, or not provably, subtypes of their bounds.
    fn check_bounds(&mut self) {
        if self.types.instances.bounds_trusted {
            self.bounds.clear();
            return;
        }
        let mut good: BTreeSet<(TypeId, TypeId)> = BTreeSet::new();
        let formalisms = self.types.instances.formalisms.clone();
        for check in std::mem::take(&mut self.bounds) {
            let pair = (check.argument, check.bound);
            if check.argument == check.bound || good.contains(&pair) {
                continue;
            }
            let mut relations = Relations::new(self.types, &formalisms);
            let judgement = relations.subtype(check.argument, check.bound);
            let user = match judgement.verdict.fails() {
                true => relations.user_in_words(check.argument, check.bound),
                false => None,
            };
            drop(relations);
            let (argument, bound) = (
                self.types.describe(check.argument),
                self.types.describe(check.bound),
            );
            let of = format!("the bound of `{}` in `{}`", check.parameter, check.owner);
            let message = match &judgement.verdict {
                Verdict::Holds => {
                    good.insert(pair);
                    continue;
                }
                Verdict::Fails(_) => format!("`{argument}` is not a subtype of `{bound}`, {of}"),
                Verdict::Unknown(reason) => format!(
                    "it was not shown that `{argument}` is a subtype of `{bound}`, {of}: {reason}"
                ),
            };
            let mut fault = Diagnostic::error(codes::ARGUMENT_OUT_OF_BOUND, message);
            if let Some(place) = check.place {
                fault = fault.at(place, "");
            }
            fault = fault.at(check.declared, "bounded here");
            if let Some(mismatch) = judgement.mismatches.first() {
                fault = fault.with_trail(mismatch.trail.clone());
            }
            for mismatch in judgement.mismatches.iter().take(MAX_MISMATCHES) {
                // That two types differ as a whole was said.
                let whole = mismatch.trail.is_empty()
                    && matches!(mismatch.problem, Problem::Incompatible { .. });
                if !whole {
                    fault = fault.with_note(mismatch.to_sentence(&argument, &bound));
                }
            }
            if let Some(user) = user {
                fault = fault.with_note(user);
            }
            self.fault(fault.with_help(format!("give a subtype of `{bound}`")));
        }
    }
}

/// The part of a key type that keeps it from being one.
fn unsuitable(types: &Types, key: ValueId) -> Option<ValueId> {
    let mut seen: BTreeSet<ValueId> = BTreeSet::new();
    let mut waiting = vec![key];
    while let Some(id) = waiting.pop() {
        if !seen.insert(id) {
            continue;
        }
        match types.value(id) {
            Value::Basic(Basic::F32 | Basic::F64) => return Some(id),
            // A parameter is judged where it is substituted.
            Value::Basic(_) | Value::Parameter(_) => {}
            Value::Tuple(parts) => waiting.extend(parts.iter().rev()),
            Value::Variant(cases) if cases.values().all(Option::is_none) => {}
            _ => return Some(id),
        }
    }
    None
}

/// Value types without finite values, and how they come to contain themselves.
pub(super) struct Finite {
    finite: Vec<bool>,
    /// A step to a part that is to blame, where there is no finite value.
    blame: Vec<Option<(String, ValueId)>>,
    /// Whether the steps lead back to where they start.
    cyclic: Vec<bool>,
}

impl Finite {
    /// Finds out for a whole arena, in linear time.
    pub(super) fn of(types: &Types) -> Finite {
        let finite = finite(types);
        let blame: Vec<Option<(String, ValueId)>> = (0..finite.len())
            .map(|number| {
                if finite[number] {
                    return None;
                }
                let mut parts = parts(types, ValueId(number as u32)).into_iter();
                parts.find(|(_, part)| !finite[part.0 as usize])
            })
            .collect();
        // Every type has one step at most, so each walk ends or comes to a walk.
        let mut cyclic = vec![false; finite.len()];
        let mut walk = vec![0; finite.len()];
        for start in 0..finite.len() {
            let mut at = start;
            while walk[at] == 0 {
                walk[at] = start + 1;
                let Some((_, next)) = &blame[at] else { break };
                at = next.0 as usize;
            }
            while walk[at] == start + 1 && !cyclic[at] {
                let Some((_, next)) = &blame[at] else { break };
                cyclic[at] = true;
                at = next.0 as usize;
            }
        }
        Finite {
            finite,
            blame,
            cyclic,
        }
    }

    /// The way on which a type without finite values comes to contain itself; none if it has
    /// finite values, or comes to another one of `judged` before, which is then to blame. Empty:
    /// the type has no cases.
    pub(super) fn endless(&self, id: ValueId, judged: &BTreeSet<ValueId>) -> Option<Endless> {
        if self.finite[id.0 as usize] {
            return None;
        }
        let mut steps = Vec::new();
        let mut seen = BTreeSet::from([id]);
        let mut at = id;
        while let Some((step, next)) = &self.blame[at.0 as usize] {
            if steps.len() < MAX_PATH {
                steps.push(step.clone());
            } else if steps.len() == MAX_PATH {
                steps.push("…".to_owned());
                if self.cyclic[id.0 as usize] {
                    return Some(Endless::Cycle(steps));
                }
            }
            at = *next;
            if at == id {
                return Some(Endless::Cycle(steps));
            }
            if !self.cyclic[id.0 as usize] && judged.contains(&at) {
                return None;
            }
            if !seen.insert(at) {
                return Some(Endless::Descent(steps));
            }
        }
        // Something without cases.
        (at == id).then_some(Endless::Empty)
    }
}

/// Why a type has no finite value.
pub(super) enum Endless {
    /// It has no cases.
    Empty,
    /// These steps lead back to it.
    Cycle(Vec<String>),
    /// These steps lead to what contains itself, and they can go on.
    Descent(Vec<String>),
}

/// Which value types have finite values: the least fixed point.
fn finite(types: &Types) -> Vec<bool> {
    let count = types.values.len();
    let mut finite = vec![false; count];
    // How many parts a type still waits for (all parts of a record, any case of a variant).
    let mut missing: Vec<usize> = vec![0; count];
    let mut users: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut waiting: Vec<usize> = Vec::new();
    for (number, missing) in missing.iter_mut().enumerate() {
        let mut use_of = |part: &ValueId| users[part.0 as usize].push(number);
        *missing = match types.value(ValueId(number as u32)) {
            Value::Tuple(parts) => {
                parts.iter().for_each(use_of);
                parts.len()
            }
            Value::Record { fields, .. } => {
                fields.values().for_each(use_of);
                fields.len()
            }
            Value::Variant(cases) => {
                cases.values().flatten().for_each(&mut use_of);
                // One case without payload is enough.
                usize::from(cases.values().all(Option::is_some))
            }
            _ => 0,
        };
        if *missing == 0 {
            waiting.push(number);
        }
    }
    while let Some(number) = waiting.pop() {
        if std::mem::replace(&mut finite[number], true) {
            continue;
        }
        for user in &users[number] {
            missing[*user] = missing[*user].saturating_sub(1);
            if missing[*user] == 0 {
                waiting.push(*user);
            }
        }
    }
    finite
}

/// What a value of this type holds, or one of which it holds, with their names.
fn parts(types: &Types, id: ValueId) -> Vec<(String, ValueId)> {
    match types.value(id) {
        Value::Tuple(parts) => {
            let parts = parts.iter().enumerate();
            parts.map(|(at, part)| (at.to_string(), *part)).collect()
        }
        Value::Record { fields, .. } => {
            let fields = fields.iter();
            fields.map(|(name, part)| (name.clone(), *part)).collect()
        }
        Value::Variant(cases) => {
            let cases = cases.iter();
            let cases = cases.filter_map(|(name, part)| Some((name.clone(), (*part)?)));
            cases.collect()
        }
        _ => Vec::new(),
    }
}
