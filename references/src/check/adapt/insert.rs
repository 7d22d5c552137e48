//! Adapters become components of the composite, under names that are free.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::TypeId;

use super::super::Checker;
use super::super::Typed;
use super::super::libraries::LibraryName;
use super::super::parameterized::Given;
use super::candidates::Adapter;
use super::search::Chain;
use super::{Asked, in_order};
use crate::checked::{Part, PlannedConnection};
use crate::model::{Adapt, Argument, Composite, Spanned};

/// What becomes of one connection.
pub(in crate::check) struct Adapted {
    /// Adapters from the smaller end to the larger.
    pub links: Vec<Inserted>,
}

/// An adapter in its place.
pub(in crate::check) struct Inserted {
    pub typed: Typed,
    pub library: LibraryName,
    pub template: String,
    /// Type arguments in the order declared.
    pub types: Vec<(String, TypeId)>,
    /// Values and references that the connection gives it.
    pub given: Vec<(Spanned, Argument)>,
    /// Its endpoint nearer to the smaller end, and the other one.
    pub ends: [String; 2],
}

/// A connection of a composite with the names of what was inserted into it.
pub(in crate::check) struct Insertion {
    /// Which connection, in the order written.
    pub connection: usize,
    /// Component names beside what they name.
    pub links: Vec<(String, Inserted)>,
}

impl Insertion {
    /// The connections that stand for the one that was written.
    pub fn connections(&self, composite: &Composite) -> Vec<PlannedConnection> {
        let ([left, right], _) = in_order(&composite.connections[self.connection]);
        let mut from = (left.of.text.clone(), left.name.text.clone());
        let mut planned = Vec::new();
        let mut connect = |from: (String, String), to: (String, String)| {
            let mut ends = [from, to];
            ends.sort();
            planned.push(PlannedConnection { ends });
        };
        for (name, inserted) in &self.links {
            let [near, far] = &inserted.ends;
            connect(from, (name.clone(), near.clone()));
            from = (name.clone(), far.clone());
        }
        connect(from, (right.of.text.clone(), right.name.text.clone()));
        planned
    }
}

impl Checker<'_> {
    /// Assigns the parameters of a chain of adapters.
    pub(super) fn inserted(
        &mut self,
        asked: Asked<'_>,
        adapters: &[Adapter],
        chain: Chain,
    ) -> Option<Adapted> {
        let Asked {
            around,
            adapt,
            connection,
            ..
        } = asked;
        let one = adapt.name.text != Adapt::AUTO;
        let mut links = Vec::new();
        for link in chain {
            let adapter = &adapters[link.adapter];
            let mut given = Given::new();
            for (name, argument) in &adapt.parameters {
                // What is written for one adapter is all its own, be it right or wrong.
                if one || adapter.declares(&name.text) {
                    given.entry(&name.text).or_insert((name, argument));
                }
            }
            let span = adapt.name.span;
            let offered = &adapter.offered;
            let named = self.names(around.scope, span, offered, &given, &link.arguments);
            let assigned = self.assign(around.scope, offered, &given, &link.arguments)?;
            let ty = assigned.result?;
            let part = assigned.arguments.filter(|_| named).map(|arguments| {
                let library = adapter.library.clone();
                let (kind, identity) =
                    super::super::parameterized::object(library, adapter.name(), arguments);
                Part {
                    ty,
                    derived: ty,
                    cast: false,
                    identity,
                    place: self.at(around.scope, connection.span),
                    kind,
                }
            });
            let types = offered.template.type_parameters.iter();
            let types = types.filter_map(|parameter| {
                let name = &parameter.name.name;
                Some((name.clone(), *link.arguments.get(name)?))
            });
            let values = given
                .values()
                .filter(|(_, argument)| !matches!(argument, Argument::Type(_)))
                .map(|(name, argument)| ((*name).clone(), (*argument).clone()));
            let end = |index: usize| adapter.ends[index].0.clone();
            links.push(Inserted {
                typed: Typed {
                    ty,
                    derived: ty,
                    part,
                },
                library: adapter.library.clone(),
                template: adapter.name().to_owned(),
                types: types.collect(),
                given: values.collect(),
                ends: [end(link.near), end(1 - link.near)],
            });
        }
        Some(Adapted { links })
    }
}

/// Gives every adapter of a composite a name: that of its template where it is free, else with a
/// number. In the order of the connections' ends, so that the order written does not matter.
pub(in crate::check) fn named(
    composite: &Composite,
    adapted: Vec<(usize, Adapted)>,
) -> Vec<Insertion> {
    let mut taken: BTreeSet<String> = composite
        .components
        .iter()
        .map(|component| component.name.text.clone())
        .collect();
    let mut adapted = adapted;
    adapted.sort_by_cached_key(|(connection, adapted)| {
        let (ends, _) = in_order(&composite.connections[*connection]);
        let ends = ends.map(|end| (end.of.text.clone(), end.name.text.clone()));
        let identities: Vec<Option<[u8; 32]>> = adapted
            .links
            .iter()
            .map(|link| link.typed.part.as_ref().map(|part| part.identity))
            .collect();
        (ends, identities)
    });
    let mut numbers: BTreeMap<String, usize> = BTreeMap::new();
    let mut free = |wanted: &str| {
        let number = numbers.entry(wanted.to_owned()).or_insert(1);
        loop {
            let name = match *number {
                1 => wanted.to_owned(),
                number => format!("{wanted}_{number}"),
            };
            *number += 1;
            if taken.insert(name.clone()) {
                return name;
            }
        }
    };
    adapted
        .into_iter()
        .map(|(connection, adapted)| Insertion {
            connection,
            links: adapted
                .links
                .into_iter()
                .map(|link| (free(&link.template), link))
                .collect(),
        })
        .collect()
}
