//! What is left to do once nothing is external any more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use liveobj_references::{BoundArgument, Export, PlannedConnection};
use liveobj_types::{Module, Types, nearest};

use super::resolve::join;
use super::state::Place;
use crate::boundary::calls::Table;
use crate::engine::connect::End;
use crate::engine::domain::Domain;
use crate::error::OpenError;

/// A part that needs nothing more from outside.
pub(crate) struct Plan {
    /// Path in the opened reference, for people.
    pub(super) label: String,
    /// Names of the endpoints that the part shows: a cast hides the others.
    pub(super) shown: BTreeSet<String>,
    pub(super) kind: PlanKind,
}

pub(super) enum PlanKind {
    /// Components by name, then connections and exports in canonical order.
    Composite {
        components: Vec<(String, Plan)>,
        connections: Vec<ConnectionPlan>,
        exports: Vec<Export>,
    },
    /// A proxy of a template.
    Object(Box<ObjectPlan>),
    /// The folder of a library.
    Library(Box<LibraryPlan>),
}

/// A connection of a composite.
pub(crate) struct ConnectionPlan {
    pub(super) planned: PlannedConnection,
    /// Whether the two ends match only as long as events are not queued between them. Not looked
    /// at unless several domains are asked for.
    pub(super) direct: bool,
}

/// A proxy of a template.
pub(super) struct ObjectPlan {
    pub(super) identity: [u8; 32],
    pub(super) table: Table,
    /// Where the template is declared.
    pub(super) module: Arc<Module>,
    pub(super) template: String,
    /// The arena of the arguments.
    pub(super) types: Arc<Types>,
    pub(super) arguments: Vec<(String, BoundArgument)>,
    /// Where its state is kept; none where it has no state, or none is kept.
    pub(super) place: Option<Place>,
}

/// A proxy that is to be made.
pub(crate) struct Leaf {
    /// Path in the opened reference, for people.
    pub(super) label: String,
    /// Names of the endpoints that it shows.
    pub(super) shown: BTreeSet<String>,
    pub(super) kind: LeafKind,
}

pub(super) enum LeafKind {
    /// A proxy of a template.
    Object(Box<ObjectPlan>),
    /// The folder of a library.
    Library(Box<LibraryPlan>),
    /// A proxy of the runtime's own.
    Made(Make),
}

/// Makes a proxy of the runtime's own in an instance; gives its endpoints.
pub(crate) type Make =
    Box<dyn FnOnce(&Domain, u64) -> Result<BTreeMap<String, End>, OpenError> + Send>;

/// How proxies are put together. Stands for endpoints with whatever tells where they are.
pub(crate) enum Wiring {
    /// The proxy of this number.
    Leaf(usize),
    Composite {
        label: String,
        shown: BTreeSet<String>,
        /// By name.
        components: Vec<(String, Wiring)>,
        /// In canonical order.
        connections: Vec<ConnectionPlan>,
        exports: Vec<Export>,
    },
}

/// A connection between two proxies.
pub(super) struct Wire<E> {
    pub(super) ends: [E; 2],
    /// `object.endpoint`, for people.
    pub(super) names: [String; 2],
    /// As [`ConnectionPlan::direct`].
    pub(super) direct: bool,
}

/// A wiring whose endpoints are known.
pub(super) struct Resolved<E> {
    /// What the whole shows, by name.
    pub(super) endpoints: BTreeMap<String, E>,
    /// In canonical order, those of parts first.
    pub(super) wires: Vec<Wire<E>>,
}

impl Plan {
    /// Takes it apart: its proxies in canonical order, and how they are put together.
    pub(crate) fn split(self) -> (Vec<Leaf>, Wiring) {
        let mut leaves = Vec::new();
        let wiring = self.split_into(&mut leaves);
        (leaves, wiring)
    }

    fn split_into(self, leaves: &mut Vec<Leaf>) -> Wiring {
        let Plan { label, shown, kind } = self;
        let kind = match kind {
            PlanKind::Composite {
                components,
                connections,
                exports,
            } => {
                let components = components.into_iter();
                let components = components.map(|(name, part)| (name, part.split_into(leaves)));
                return Wiring::Composite {
                    label,
                    shown,
                    components: components.collect(),
                    connections,
                    exports,
                };
            }
            PlanKind::Object(plan) => LeafKind::Object(plan),
            PlanKind::Library(plan) => LeafKind::Library(plan),
        };
        leaves.push(Leaf { label, shown, kind });
        Wiring::Leaf(leaves.len() - 1)
    }
}

#[cfg(test)]
impl Leaf {
    /// Makes it in another way.
    pub(crate) fn replace(&mut self, make: Make) {
        self.kind = LeafKind::Made(make);
    }
}

impl Wiring {
    /// A composite of proxies of the runtime's own, by name, with endpoints `a` and `b`: what tests
    /// and measurements open. Connections are (component, endpoint).
    pub(crate) fn of_own(
        parts: Vec<(String, Make)>,
        connections: &[[(&str, &str); 2]],
    ) -> (Vec<Leaf>, Wiring) {
        let components = parts.iter().enumerate();
        let components = components.map(|(number, (name, _))| (name.clone(), Wiring::Leaf(number)));
        let connections = connections.iter().map(|ends| ConnectionPlan {
            planned: PlannedConnection {
                ends: ends.map(|(part, endpoint)| (part.to_owned(), endpoint.to_owned())),
            },
            direct: false,
        });
        let wiring = Wiring::Composite {
            label: String::new(),
            shown: BTreeSet::new(),
            components: components.collect(),
            connections: connections.collect(),
            exports: Vec::new(),
        };
        let leaves = parts.into_iter().map(|(label, make)| Leaf {
            label,
            shown: ["a", "b"].map(str::to_owned).into(),
            kind: LeafKind::Made(make),
        });
        (leaves.collect(), wiring)
    }
}

impl Wiring {
    /// What it shows, and its connections. `ends` are the endpoints that each proxy shows.
    ///
    /// # Errors
    ///
    /// An end of a connection is not among them.
    pub(super) fn resolve<E: Copy>(
        &self,
        ends: &[BTreeMap<String, E>],
    ) -> Result<Resolved<E>, OpenError> {
        let mut wires = Vec::new();
        let endpoints = self.resolve_into(ends, &mut wires)?;
        Ok(Resolved { endpoints, wires })
    }

    fn resolve_into<E: Copy>(
        &self,
        ends: &[BTreeMap<String, E>],
        wires: &mut Vec<Wire<E>>,
    ) -> Result<BTreeMap<String, E>, OpenError> {
        let (label, shown, components, connections, exports) = match self {
            Wiring::Leaf(leaf) => return Ok(ends.get(*leaf).cloned().unwrap_or_default()),
            Wiring::Composite {
                label,
                shown,
                components,
                connections,
                exports,
            } => (label, shown, components, connections, exports),
        };
        let mut parts = BTreeMap::new();
        for (name, component) in components {
            parts.insert(name.as_str(), component.resolve_into(ends, wires)?);
        }
        let find = |component: &str, endpoint: &str| {
            let part = parts.get(component)?;
            part.get(endpoint).copied()
        };
        for ConnectionPlan { planned, direct } in connections {
            let [left, right] = [0, 1].map(|side| {
                let (component, endpoint) = &planned.ends[side];
                find(component, endpoint)
            });
            let [(first, from), (second, to)] = &planned.ends;
            let names = [name(label, first, from), name(label, second, to)];
            let (Some(left), Some(right)) = (left, right) else {
                let [left, right] = names;
                let reason = "an endpoint is not there".to_owned();
                return Err(OpenError::Connect {
                    left,
                    right,
                    reason,
                });
            };
            wires.push(Wire {
                ends: [left, right],
                names,
                direct: *direct,
            });
        }
        let exports = exports.iter().filter_map(|export| {
            let end = find(&export.component, &export.endpoint)?;
            Some((export.name.clone(), end))
        });
        Ok(exports.filter(|(name, _)| shown.contains(name)).collect())
    }
}

/// The end, `object.endpoint`, of an endpoint of a part, which is called so, or of the whole, which is
/// called by its own name.
///
/// # Errors
///
/// There is none.
pub(super) fn end_called(
    endpoint: &str,
    leaves: &[Leaf],
    wiring: &Wiring,
) -> Result<String, OpenError> {
    let mut known = Vec::new();
    let ends = leaves.iter().map(|leaf| {
        let label = match &leaf.kind {
            LeafKind::Object(plan) => plan.named(&leaf.label),
            LeafKind::Library(_) | LeafKind::Made(_) => leaf.label.clone(),
        };
        let shown = leaf.shown.iter();
        let ends = shown.map(|endpoint| {
            known.push(format!("{label}.{endpoint}"));
            (endpoint.clone(), known.len() - 1)
        });
        ends.collect()
    });
    let ends: Vec<BTreeMap<String, usize>> = ends.collect();
    let own = wiring.resolve(&ends)?.endpoints;
    if let Some(end) = own.get(endpoint) {
        return Ok(known[*end].clone());
    }
    if known.iter().any(|end| end == endpoint) {
        return Ok(endpoint.to_owned());
    }
    let names = own.keys().chain(&known).map(String::as_str);
    Err(OpenError::NoEndpoint {
        nearest: nearest(endpoint, names.clone()).map(str::to_owned),
        endpoint: endpoint.to_owned(),
        endpoints: names.map(str::to_owned).collect(),
    })
}

fn name(label: &str, component: &str, endpoint: &str) -> String {
    format!("{}.{endpoint}", join(label, component))
}

impl ObjectPlan {
    /// What the object is called, where its part is called `label`.
    pub(super) fn named(&self, label: &str) -> String {
        if label.is_empty() {
            self.template.clone()
        } else {
            label.to_owned()
        }
    }
}

/// The folder of what a library offers.
pub(super) struct LibraryPlan {
    pub(super) identity: [u8; 32],
    /// Name → document, for every template that has no parameters.
    pub(super) entries: Vec<(String, String)>,
}
