//! Composites: components, connections, exports, and the type that follows.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use liveobj_types::types::{Object, Origin};
use liveobj_types::{CompositeShape, ObjectId, Place, Relations};

use super::adapt::{self, Insertion};
use super::scope::Scope;
use super::{Checker, Depth, Typed, address};
use crate::checked::{Export, Part, PartKind, PlannedConnection};
use crate::identity;
use crate::model::{Composite, Reference};

impl Checker<'_> {
    pub(super) fn composite(
        &mut self,
        scope: &Scope,
        reference: &Reference,
        composite: &Composite,
    ) -> Option<Typed> {
        let mut components: BTreeMap<&str, Option<Typed>> = BTreeMap::new();
        for component in &composite.components {
            self.enter(&component.name.text);
            let typed = self.reference(scope, &component.reference);
            self.leave();
            match components.entry(&component.name.text) {
                Entry::Vacant(entry) => {
                    entry.insert(typed);
                }
                // Which one is meant is not known.
                Entry::Occupied(mut entry) => {
                    entry.insert(None);
                }
            }
        }
        let (mut insertions, mut complete) = (Vec::new(), true);
        match self.depth {
            Depth::Identity => {
                let mut connections = composite.connections.iter();
                self.adapts |= connections.any(|connection| connection.adapt.is_some());
            }
            Depth::Types => {
                let left_out = self.left_out(scope);
                let left_out = left_out.and_then(|gaps| gaps.of_composite(reference));
                for inside in left_out.iter().flat_map(|it| &it.inside) {
                    self.reference(scope, inside);
                }
                let wiring = self.wire(scope, composite, &components, left_out);
                insertions = adapt::named(composite, wiring.adapted);
                complete = wiring.complete;
            }
        }
        let connections = connections(composite, &insertions);
        let exports = exports(composite);
        let derived = match self.depth {
            Depth::Identity => Some(self.top()),
            Depth::Types => {
                let place = self.at(scope, reference.span);
                let types = self.types_of(&components, &insertions);
                let whole = complete && components.values().all(Option::is_some);
                let shape = whole.then(|| shape(&types, &connections, &exports));
                self.note_composite(&place, &types, &connections, shape.as_ref());
                shape.map(|shape| self.derive(place, &shape))
            }
        };
        let as_type = reference.as_type.as_ref();
        let ty = self.cast(scope, as_type, derived)?;
        let parts: Option<Vec<(String, Part)>> = components
            .into_iter()
            .map(|(name, typed)| Some((name.to_owned(), typed?.part?)))
            .collect();
        let inserted: Option<Vec<(String, Part)>> = insertions
            .iter()
            .flat_map(|insertion| &insertion.links)
            .map(|(name, link)| Some((name.clone(), link.typed.part.clone()?)))
            .collect();
        let part = parts.zip(inserted).map(|(mut components, inserted)| {
            components.extend(inserted);
            components.sort_by(|left, right| left.0.cmp(&right.0));
            let identity = identity::composite(&components, &connections, &exports);
            Part {
                ty,
                derived: derived.unwrap_or(ty),
                cast: as_type.is_some(),
                identity,
                place: self.at(scope, reference.span),
                kind: PartKind::Composite {
                    components,
                    connections,
                    exports,
                },
            }
        });
        if !insertions.is_empty() {
            self.insertions.insert(address(composite), insertions);
        }
        Some(Typed {
            ty,
            derived: derived.unwrap_or(ty),
            part,
        })
    }

    /// The types of components, and of adapters between them, as far as they are known.
    fn types_of<'d>(
        &self,
        components: &BTreeMap<&'d str, Option<Typed>>,
        insertions: &'d [Insertion],
    ) -> BTreeMap<&'d str, ObjectId> {
        let known = components
            .iter()
            .filter_map(|(name, typed)| Some((*name, self.effective(typed.as_ref()?))));
        let inserted = insertions.iter().flat_map(|insertion| &insertion.links);
        let inserted = inserted.map(|(name, link)| (name.as_str(), link.typed.ty));
        known.chain(inserted).collect()
    }

    /// The derived type.
    fn derive(&mut self, place: Place, shape: &CompositeShape) -> ObjectId {
        let body = Relations::new(&mut self.types, self.formalisms).derive_composite(shape);
        let origin = Origin {
            name: String::new(),
            place: Some(place),
        };
        self.types.add_object(Object::Endpoints(body), origin)
    }
}

fn shape(
    types: &BTreeMap<&str, ObjectId>,
    connections: &[PlannedConnection],
    exports: &[Export],
) -> CompositeShape {
    let named = |(name, ty): (&&str, &ObjectId)| ((*name).to_owned(), *ty);
    let ends = connections.iter().map(|connection| connection.ends.clone());
    let exports = exports.iter().map(|export| {
        let end = (export.component.clone(), export.endpoint.clone());
        (export.name.clone(), end)
    });
    CompositeShape {
        components: types.iter().map(named).collect(),
        connections: ends.collect(),
        exports: exports.collect(),
    }
}

/// The connections in canonical order: the ends of each, then all by their ends. Where adapters
/// are inserted, those with them.
fn connections(composite: &Composite, insertions: &[Insertion]) -> Vec<PlannedConnection> {
    let inserted: BTreeMap<usize, &Insertion> = insertions
        .iter()
        .map(|insertion| (insertion.connection, insertion))
        .collect();
    let mut connections = Vec::new();
    for (index, connection) in composite.connections.iter().enumerate() {
        match inserted.get(&index) {
            Some(insertion) => connections.extend(insertion.connections(composite)),
            None => {
                let (ends, _) = adapt::in_order(connection);
                let ends = ends.map(|end| (end.of.text.clone(), end.name.text.clone()));
                connections.push(PlannedConnection { ends });
            }
        }
    }
    connections.sort_by(|left, right| left.ends.cmp(&right.ends));
    connections
}

fn exports(composite: &Composite) -> Vec<Export> {
    let mut exports: Vec<Export> = composite
        .exports
        .iter()
        .map(|export| Export {
            name: export
                .as_name
                .as_ref()
                .unwrap_or(&export.endpoint.name)
                .text
                .clone(),
            component: export.endpoint.of.text.clone(),
            endpoint: export.endpoint.name.text.clone(),
        })
        .collect();
    exports.sort_by(|left, right| left.name.cmp(&right.name));
    exports
}
