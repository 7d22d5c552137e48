//! What becomes of a library's declarations from one version to the next, and for whom (the rules,
//! row by row: docs/evolution.md).

mod positions;
mod questions;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::positions::positions;
use self::questions::{About, Plan, Question};
use crate::diagnostic::{Diagnostic, Step};
use crate::formalism::{Formalisms, Word};
use crate::graph::Graph;
use crate::module::Module;
use crate::relation::{Judgement, Mismatch, Relations};
use crate::similar::nearest;
use crate::syntax::{Item, Kind};
use crate::types::{TypeId, Types};

pub use self::positions::Positions;

/// What one version of a library declares.
#[derive(Clone, Copy, Debug)]
pub struct Declarations<'a> {
    /// Its types and templates; well formed.
    pub module: &'a Arc<Module>,
    /// The templates for which it has code; all that are declared, where nothing is known of code.
    pub templates: Option<&'a [String]>,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sort {
    /// A type of this kind.
    Type(Kind),
    /// A template.
    Template,
}

/// What became of all declarations.
#[derive(Clone, Debug)]
pub struct Evolution {
    /// An entry for each name that either version declares, in the order of the names.
    pub entries: Vec<Entry>,
    /// What was taken on somebody's word, in a fixed order.
    pub words: Vec<Word>,
}

/// A name that one version declares, or both.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// What it stands for: in the new version, if that has it.
    pub sort: Sort,
    /// What became of it.
    pub change: Change,
}

/// What became of a declaration.
#[derive(Clone, Debug)]
pub enum Change {
    /// Nothing: doc comments, names of type parameters of types, the order in which things are
    /// written, `refusable` and private endpoints do not count.
    Same,
    /// It is new.
    Added,
    /// It is gone.
    Removed {
        /// What it is called now, or what is probably meant: something new of the same sort.
        renamed: Option<String>,
    },
    /// Both versions have it, and differ.
    Changed(Box<Comparison>),
}

/// How the two declarations of one name relate. In every mismatch the new one is the left side.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// What whoever names it relies on: its kind and its parameters. Of a template also its
    /// result, and the state from which its objects resume.
    pub named: Judgement,
    /// Whether the new type may stand for the old one: what those who are given one rely on.
    pub received: Judgement,
    /// Whether the old type may stand for the new one: what those who give one rely on.
    pub supplied: Judgement,
    /// Who gives and who is given one, in the old version.
    pub positions: Positions,
    /// A user of the old type, or of what the template made, for whom the new one breaks: a sentence.
    pub user: Option<String>,
    /// What is accepted and yet worth knowing: a sentence each.
    pub notes: Vec<String>,
}

/// What a change means for those who use the old version. In the order of what it costs them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Impact {
    /// Nothing.
    None,
    /// All that checked checks.
    Compatible,
    /// It is not shown that all that checked checks: no better than `Breaking`.
    NotShown,
    /// Something that checked does not.
    Breaking,
}

impl Sort {
    /// `value`, `endpoint`, `object`, `template`.
    pub fn as_str(self) -> &'static str {
        match self {
            Sort::Type(kind) => kind.as_str(),
            Sort::Template => "template",
        }
    }
}

impl Entry {
    /// What the change means.
    pub fn impact(&self) -> Impact {
        match &self.change {
            Change::Same => Impact::None,
            Change::Added => Impact::Compatible,
            Change::Removed { .. } => Impact::Breaking,
            Change::Changed(comparison) => comparison
                .relevant()
                .map(|judgement| match &judgement.verdict {
                    verdict if verdict.holds() => Impact::Compatible,
                    verdict if verdict.fails() => Impact::Breaking,
                    _ => Impact::NotShown,
                })
                .max()
                .unwrap_or(Impact::Compatible),
        }
    }
}

impl Comparison {
    /// What somebody relies on.
    pub fn relevant(&self) -> impl Iterator<Item = &Judgement> {
        let received = self.positions.received.then_some(&self.received);
        let supplied = self.positions.supplied.then_some(&self.supplied);
        [Some(&self.named), received, supplied]
            .into_iter()
            .flatten()
    }

    /// What those do not rely on who use the library as it is meant, and others may: the judgement
    /// of the direction that is not relevant, where it does not hold.
    pub fn remaining(&self) -> Option<&Judgement> {
        let other = match self.positions {
            Positions {
                received: true,
                supplied: false,
            } => &self.supplied,
            Positions {
                received: false,
                supplied: true,
            } => &self.received,
            _ => return None,
        };
        (!other.verdict.holds()).then_some(other)
    }

    /// Whether the new declaration may stand for the old one.
    pub fn replaces(&self) -> Judgement {
        let mut whole = self.named.clone();
        add(&mut whole, self.received.clone(), &[], false);
        whole
    }
}

/// Compares two versions of a library.
///
/// # Errors
///
/// What keeps a declaration from being resolved; nothing, where both modules are well formed.
pub fn compare(
    old: Declarations<'_>,
    new: Declarations<'_>,
    formalisms: &Formalisms,
) -> Result<Evolution, Vec<Diagnostic>> {
    let mut types = Types::new();
    types.set_formalisms(formalisms);
    // Bounds are compared as such, below.
    types.trust_bounds();
    let names: BTreeSet<&String> = [old, new]
        .iter()
        .flat_map(|side| side.module.names.keys())
        .filter(|name| old.item(name).is_some() || new.item(name).is_some())
        .collect();
    let mut sorts = BTreeMap::new();
    let mut plans: Vec<(&String, Plan)> = Vec::new();
    let mut alone: Vec<(&String, TypeId)> = Vec::new();
    for name in names {
        let mut sort = |side: Declarations<'_>| match side.item(name) {
            Some(item) => questions::sort(&mut types, side.module, item).map(Some),
            None => Ok(None),
        };
        let both = (sort(old)?, sort(new)?);
        sorts.insert(name, both);
        let side = match both {
            (Some(before), Some(after)) => {
                let plan = Plan::new(&mut types, [old, new], name, [before, after])?;
                plans.push((name, plan));
                continue;
            }
            (Some(_), None) => old,
            (None, _) => new,
        };
        if let Some(item) = side.item(name)
            && let Some(id) = questions::instance(&mut types, side.module, item)?
        {
            alone.push((name, id));
        }
    }
    let classes = classes(&types, &plans, &alone);
    let renamings = renamings(&sorts, &alone, &classes);
    let positions = positions(old.module);
    let mut relations = Relations::new(&mut types, formalisms);
    let mut changed: BTreeMap<&String, Comparison> = BTreeMap::new();
    for (name, plan) in plans {
        let mut pairs = plan.pairs.iter();
        if plan.altered || pairs.any(|[old, new]| classes[old] != classes[new]) {
            let positions = positions.get(name.as_str()).copied().unwrap_or_default();
            changed.insert(name, judge(&mut relations, plan, positions.or_public()));
        }
    }
    let entry = |(name, sorts): (&String, (Option<Sort>, Option<Sort>))| {
        let (sort, change) = match sorts {
            (Some(_), Some(sort)) => match changed.remove(name) {
                Some(comparison) => (sort, Change::Changed(Box::new(comparison))),
                None => (sort, Change::Same),
            },
            (None, Some(sort)) => (sort, Change::Added),
            (Some(sort), None) => {
                let renamed = renamings.get(name).cloned();
                (sort, Change::Removed { renamed })
            }
            (None, None) => return None,
        };
        Some(Entry {
            name: name.clone(),
            sort,
            change,
        })
    };
    let entries = sorts.into_iter().filter_map(entry).collect();
    drop(relations);
    let words = types.words().cloned().collect();
    Ok(Evolution { entries, words })
}

impl<'a> Declarations<'a> {
    /// What it offers under a name.
    fn item(self, name: &str) -> Option<&'a Item> {
        let item = &self.module.file.items[*self.module.names.get(name)?];
        let offered = match (item, self.templates) {
            (Item::Template(_), Some(templates)) => templates.iter().any(|known| known == name),
            _ => true,
        };
        offered.then_some(item)
    }
}

/// Equal exactly for types that are the same.
type Classes = BTreeMap<TypeId, u32>;

fn classes(types: &Types, plans: &[(&String, Plan)], alone: &[(&String, TypeId)]) -> Classes {
    let pairs = plans.iter().flat_map(|(_, plan)| &plan.pairs).flatten();
    let alone = alone.iter().map(|(_, id)| id);
    let graph = Graph::reachable(types, pairs.chain(alone).copied());
    let classes = graph.classes();
    graph.nodes.into_iter().zip(classes).collect()
}

fn judge(relations: &mut Relations<'_>, plan: Plan, positions: Positions) -> Comparison {
    let mut comparison = Comparison {
        named: Judgement::holds(),
        received: Judgement::holds(),
        supplied: Judgement::holds(),
        positions,
        user: None,
        notes: plan.notes,
    };
    for mismatch in plan.mismatches {
        let found = Judgement {
            verdict: mismatch.problem.verdict(),
            mismatches: vec![mismatch],
        };
        add(&mut comparison.named, found, &[], false);
    }
    for Question {
        about,
        left,
        right,
        trail,
        flipped,
    } in plan.questions
    {
        let whole = match about {
            About::Named | About::Text => &mut comparison.named,
            About::Received => &mut comparison.received,
            About::Supplied => &mut comparison.supplied,
        };
        let mut found = relations.subtype(left, right);
        let counts = about == About::Named || (about == About::Received && positions.received);
        if counts && !flipped && found.verdict.fails() {
            comparison.user = relations.user_in_words(left, right);
        }
        if about == About::Text && found.verdict.holds() {
            found = questions::read_alike(relations.types, left, right);
        }
        add(whole, found, &trail, flipped);
    }
    comparison
}

/// Adds what was found where `trail` leads to; `flipped`: its left side is the old one.
fn add(whole: &mut Judgement, found: Judgement, trail: &[Step], flipped: bool) {
    whole.verdict = whole.verdict.clone().and(found.verdict);
    whole
        .mismatches
        .extend(found.mismatches.into_iter().map(|mismatch| Mismatch {
            trail: trail.iter().cloned().chain(mismatch.trail).collect(),
            left_at_fault: mismatch.left_at_fault ^ flipped,
            ..mismatch
        }));
}

/// For names that are gone, those that they were probably renamed to: a new one that is the same
/// type, or else a new one of the same sort that is spelt alike.
fn renamings(
    sorts: &BTreeMap<&String, (Option<Sort>, Option<Sort>)>,
    alone: &[(&String, TypeId)],
    classes: &Classes,
) -> BTreeMap<String, String> {
    let class: BTreeMap<&String, u32> = alone
        .iter()
        .map(|(name, id)| (*name, classes[id]))
        .collect();
    let mut added: BTreeMap<Sort, Vec<&String>> = BTreeMap::new();
    let mut by_class: BTreeMap<u32, &String> = BTreeMap::new();
    for (name, sorts) in sorts {
        if let (None, Some(sort)) = sorts {
            added.entry(*sort).or_default().push(name);
            if let Some(class) = class.get(name) {
                by_class.entry(*class).or_insert(name);
            }
        }
    }
    let mut found = BTreeMap::new();
    for (name, sorts) in sorts {
        let (Some(sort), None) = sorts else { continue };
        let equal = class.get(name).and_then(|class| by_class.get(class));
        let others = added.get(sort).into_iter().flatten();
        let similar = || nearest(name, others.map(|name| name.as_str()));
        if let Some(renamed) = equal.map(|name| name.as_str()).or_else(similar) {
            found.insert((*name).clone(), renamed.to_owned());
        }
    }
    found
}
