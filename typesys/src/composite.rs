//! Derived types of composites (semantics, section 5).

mod peers;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use self::peers::{Ends, other_end};
use crate::formalism::Events;
use crate::relation::{
    Composition, Derivation, Guarantee, Lossy, Met, Owner, Parsed, Provided, Relations, Side,
    Telling, body_constraints, emitted, stated,
};
use crate::types::{Constraint, Endpoint, Object, ObjectBody, ObjectEndpoint, ObjectId};

/// What a composite is made of; names have been looked up and matches checked by the caller.
#[derive(Clone, Debug, Default)]
pub struct CompositeShape {
    /// Component name → its type.
    pub components: BTreeMap<String, ObjectId>,
    /// Pairs of (component, endpoint).
    pub connections: Vec<[(String, String); 2]>,
    /// Exported name → (component, endpoint).
    pub exports: BTreeMap<String, (String, String)>,
}

/// What is told of a composite.
#[derive(Default)]
struct Told {
    composition: Composition,
    /// Guarantees whose assumptions are met, by component and position.
    met: BTreeMap<(String, usize), Arc<Derivation>>,
}

/// A component, seen from outside.
struct Part {
    /// Its endpoints, hidden ones included, under their names in the composite.
    endpoints: BTreeMap<String, ObjectEndpoint>,
    /// C, renamed.
    provides: Vec<Constraint>,
    /// C′, renamed.
    requires: Vec<Constraint>,
}

/// The component that states a guarantee, and the place among what it provides; none if an endpoint
/// does.
type Written = Option<(String, usize)>;

impl Relations<'_> {
    /// E, C and C′ of a composite. Connections and exports whose ends are not there are passed
    /// over.
    ///
    /// In constraints an endpoint goes by its exported name only if that export is its only use.
    /// Section 5 renames every exported endpoint; but a `many` endpoint that is exported twice, or
    /// connected inside as well, has connections that the one name does not show, and what is
    /// said of all of them would be taken to be said of those. It stays hidden, `component/endpoint`.
    pub fn derive_composite(&mut self, shape: &CompositeShape) -> ObjectBody {
        self.compose(shape, &mut None)
    }

    /// Why the type of a composite has the constraints that [`Relations::derive_composite`] gives it.
    pub fn composition(&mut self, shape: &CompositeShape) -> Composition {
        self.telling = Some(Telling::of([Owner::Left, Owner::Right]));
        let mut told = Some(Told::default());
        self.compose(shape, &mut told);
        let mut composition = told.map_or_else(Composition::default, |told| told.composition);
        let telling = self.telling.take();
        composition.discharged = telling.map_or_else(Vec::new, Telling::into_discharged);
        for (name, (component, endpoint)) in &shape.exports {
            let owner = Owner::Endpoint {
                component: component.clone(),
                endpoint: endpoint.clone(),
            };
            let end = self.end(shape, component, endpoint);
            let Some(Endpoint::Events { provides, .. }) =
                end.map(|end| self.types.endpoint(end.ty))
            else {
                continue;
            };
            composition
                .provides
                .extend(provides.iter().map(|constraint| Provided {
                    endpoint: Some(name.clone()),
                    derivation: stated(constraint, &owner, Side::Provides),
                }));
        }
        composition
    }

    /// E, C and C′, and where they come from if that is wanted.
    fn compose(&mut self, shape: &CompositeShape, told: &mut Option<Told>) -> ObjectBody {
        let mut bodies = shape
            .components
            .keys()
            .filter_map(|name| self.body(shape, name));
        if bodies.all(|body| body.provides.is_empty() && body.requires.is_empty()) {
            // Connections, and the names of what is inside, matter to constraints only.
            return ObjectBody {
                endpoints: self.exported(shape),
                ..ObjectBody::default()
            };
        }
        let mut shown: BTreeMap<(&str, &str), &str> = BTreeMap::new();
        let mut uses: BTreeMap<&(String, String), usize> = BTreeMap::new();
        for end in shape
            .connections
            .iter()
            .flatten()
            .chain(shape.exports.values())
        {
            *uses.entry(end).or_default() += 1;
        }
        for (name, end) in shape.exports.iter().filter(|(_, end)| uses[end] == 1) {
            shown.insert((&end.0, &end.1), name);
        }
        let mut exported: BTreeMap<&str, Vec<(&str, &str)>> = BTreeMap::new();
        for (name, (component, endpoint)) in &shape.exports {
            let exported = exported.entry(component).or_default();
            exported.push((name, endpoint));
        }
        let parts = shape.components.iter().filter_map(|(name, ty)| {
            let exported = exported.get(name.as_str()).map_or(&[][..], Vec::as_slice);
            Some((name.as_str(), self.part(name, *ty, exported, &shown)?))
        });
        let mut parts: BTreeMap<&str, Part> = parts.collect();

        let mut body = ObjectBody {
            endpoints: self.exported(shape),
            ..ObjectBody::default()
        };
        let lossy = self.lossy_ends(shape, &shown);
        body.requires = self.undischarged(shape, &shown, &mut parts, &lossy, told);
        if let Some(told) = told {
            for (component, part) in &parts {
                let owner = Owner::Component((*component).to_owned());
                for (at, constraint) in part.provides.iter().enumerate() {
                    let met = told.met.remove(&((*component).to_owned(), at));
                    told.composition.provides.push(Provided {
                        endpoint: None,
                        derivation: met
                            .unwrap_or_else(|| stated(constraint, &owner, Side::Provides)),
                    });
                }
            }
        }
        body.provides = parts
            .values()
            .flat_map(|part| part.provides.iter().cloned())
            .collect();
        // Nothing outside sees these connections, so their loss is told by the constraints.
        for constraint in body.provides.iter_mut().chain(&mut body.requires) {
            constraint.lossy = lossy.concerns(constraint);
        }
        let ends: BTreeMap<&String, &ObjectEndpoint> =
            parts.values().flat_map(|part| &part.endpoints).collect();
        for constraint in body.provides.iter().chain(&body.requires) {
            for (written, name) in &constraint.renamed {
                if body.endpoints.contains_key(name) || !mentions(&constraint.text, written) {
                    continue;
                }
                if let Some(endpoint) = ends.get(name) {
                    body.hidden.insert(name.clone(), (*endpoint).clone());
                }
            }
        }
        body
    }

    /// Whether what is derived of a composite rests on guarantees of its parts that wait for each other
    /// in circles: then nothing may be queued between the parts ([`Relations::queued`]).
    pub fn rests_on_circles(&mut self, shape: &CompositeShape) -> bool {
        let of_parts = shape
            .components
            .keys()
            .filter_map(|name| self.body(shape, name));
        let given = |constraints: &[Constraint]| constraints.iter().any(|it| it.given.is_some());
        let conditional = of_parts.into_iter().any(|body| {
            let ends = body.endpoints.values();
            let mut ends = ends.map(|end| self.types.endpoint(end.ty));
            given(&body.provides)
                || ends.any(|end| match end {
                    Endpoint::Events { provides, .. } => given(provides),
                    Endpoint::Parameter { .. } => true,
                })
        });
        if !conditional {
            return false;
        }
        let before = self.queued;
        let [direct, queued] = [false, true].map(|queued| {
            self.queued = queued;
            self.derive_composite(shape)
        });
        self.queued = before;
        direct != queued
    }

    /// E.
    fn exported(&self, shape: &CompositeShape) -> BTreeMap<String, ObjectEndpoint> {
        let exports = shape.exports.iter();
        let exports = exports.filter_map(|(name, (component, endpoint))| {
            Some((name.clone(), self.end(shape, component, endpoint)?.clone()))
        });
        exports.collect()
    }

    fn body(&self, shape: &CompositeShape, component: &str) -> Option<&ObjectBody> {
        match self.types.object(*shape.components.get(component)?) {
            Object::Endpoints(body) => Some(body),
            Object::Top | Object::Parameter(_) => None,
        }
    }

    fn end(&self, shape: &CompositeShape, component: &str, name: &str) -> Option<&ObjectEndpoint> {
        self.body(shape, component)?.endpoints.get(name)
    }

    /// `exported`: the names under which its endpoints are exported, with those endpoints.
    fn part(
        &self,
        component: &str,
        ty: ObjectId,
        exported: &[(&str, &str)],
        shown: &BTreeMap<(&str, &str), &str>,
    ) -> Option<Part> {
        let Object::Endpoints(body) = self.types.object(ty) else {
            return None;
        };
        let outside: BTreeMap<&str, String> = body
            .endpoints
            .keys()
            .chain(body.hidden.keys())
            .map(|name| (name.as_str(), outside(component, name, shown)))
            .collect();
        let aliases: Vec<&str> = exported
            .iter()
            .filter(|(name, end)| outside.get(end).is_some_and(|first| first != name))
            .map(|(name, _)| *name)
            .collect();
        let rename = |constraints: &[Constraint]| -> Vec<Constraint> {
            constraints
                .iter()
                .map(|constraint| renamed(constraint, &outside, &aliases))
                .collect()
        };
        let endpoints = body.endpoints.iter().chain(&body.hidden);
        Some(Part {
            provides: rename(&body.provides),
            requires: rename(&body.requires),
            endpoints: endpoints
                .map(|(name, endpoint)| (outside[name.as_str()].clone(), endpoint.clone()))
                .collect(),
        })
    }

    /// The endpoints connected inside whose events are converted with loss.
    fn lossy_ends(
        &mut self,
        shape: &CompositeShape,
        shown: &BTreeMap<(&str, &str), &str>,
    ) -> Lossy {
        let mut lossy = BTreeSet::new();
        for [left, right] in &shape.connections {
            let ends = [left, right].map(|end| self.end(shape, &end.0, &end.1));
            let [Some(l), Some(r)] = ends else { continue };
            let (l, r) = (l.ty, r.ty);
            if self.lossy_endpoint(l, r, true) {
                lossy.extend([left, right].map(|end| outside(&end.0, &end.1, shown)));
            }
        }
        Lossy::Object(lossy)
    }

    /// C′: whole sets, per component and formalism, that the parts do not meet by themselves. Of what
    /// parts provide under assumptions that the parts meet, the assumptions are left out.
    fn undischarged(
        &mut self,
        shape: &CompositeShape,
        shown: &BTreeMap<(&str, &str), &str>,
        parts: &mut BTreeMap<&str, Part>,
        lossy: &Lossy,
        told: &mut Option<Told>,
    ) -> Vec<Constraint> {
        let is_conditional = |constraint: &Constraint| constraint.given.is_some();
        let nothing_to_ask =
            |part: &Part| part.requires.is_empty() && !part.provides.iter().any(is_conditional);
        if parts.values().all(nothing_to_ask) {
            return Vec::new();
        }
        let required: BTreeSet<String> = parts
            .values()
            .flat_map(|part| {
                let conditional = part.provides.iter().filter(|c| is_conditional(c));
                part.requires.iter().chain(conditional)
            })
            .map(|constraint| constraint.formalism.to_string())
            .collect();
        // What is provided, and where it is written if that is a part.
        let mut premises: Vec<(Guarantee, Written)> = Vec::new();
        // The same said of endpoints of peers.
        let mut at_peers = Vec::new();
        let mut number = 0;
        let mut events = BTreeMap::new();
        let peers = self.peers(shape, shown);
        // What each part emits, and under which names it goes.
        let numbers: BTreeMap<String, usize> = parts
            .keys()
            .map(|name| (*name).to_owned())
            .zip(0..)
            .collect();
        let mut emits: Vec<BTreeMap<String, BTreeSet<String>>> = Vec::new();
        for (component, part) in &*parts {
            let own = part.endpoints.iter();
            emits.push(
                own.map(|(name, endpoint)| {
                    (
                        name.clone(),
                        emitted(self.types, endpoint.ty, Side::Provides),
                    )
                })
                .collect(),
            );
            for (name, endpoint) in &part.endpoints {
                // What is required of its peers is about what they emit.
                let mut names = emitted(self.types, endpoint.ty, Side::Provides);
                names.extend(emitted(self.types, endpoint.ty, Side::Requires));
                events.insert(other_end(name), names.clone());
                events.insert(name.clone(), names);
            }
            let own = ObjectBody {
                endpoints: part.endpoints.clone(),
                provides: part.provides.clone(),
                requires: part.requires.clone(),
                ..ObjectBody::default()
            };
            let mut read = body_constraints(self.types, self.formalisms, &own, Side::Provides);
            if read.iter().any(Parsed::is_conditional) {
                let required = body_constraints(self.types, self.formalisms, &own, Side::Requires);
                self.mark_universal(&mut read, &required, false);
            }
            if told.is_some() {
                let owner = Owner::Component((*component).to_owned());
                read = read
                    .iter()
                    .map(|it| it.owned_by(&owner, Side::Provides))
                    .collect();
            }
            let giver = numbers[*component];
            let other_ends = other_ends(part);
            for (at, parsed) in read.iter().enumerate() {
                let parsed = parsed.assuming_at(&other_ends);
                let place = Some(((*component).to_owned(), at));
                let guarantee = |parsed| {
                    let guarantee = Guarantee {
                        parsed,
                        giver,
                        number,
                    };
                    (guarantee, place.clone())
                };
                let peers = peers.get(component).into_iter().flat_map(BTreeMap::values);
                let there = peers.filter_map(|it| parsed.at_peers(&it.said, &it.assumed));
                at_peers.extend(there.map(guarantee));
                premises.push(guarantee(parsed));
                number += 1;
            }
        }

        for [left, right] in &shape.connections {
            let ends = (
                self.end(shape, &left.0, &left.1),
                self.end(shape, &right.0, &right.1),
            );
            let (Some(l), Some(r)) = ends else { continue };
            for ((here, own), (there, peer)) in [((l, left), (r, right)), ((r, right), (l, left))] {
                let ty = here.ty;
                let owner = Owner::Endpoint {
                    component: own.0.clone(),
                    endpoint: own.1.clone(),
                };
                let giver = numbers[&own.0];
                let own = outside(&own.0, &own.1, shown);
                let peer = outside(&peer.0, &peer.1, shown);
                let emits_here = emitted(self.types, ty, Side::Provides);
                if !here.many {
                    // Its only peer emits what that one's type lets it.
                    for name in [&own, &other_end(&own)] {
                        let far = emitted(self.types, there.ty, Side::Provides);
                        if let Some(names) = events.get_mut(name) {
                            names.retain(|name| emits_here.contains(name) || far.contains(name));
                        }
                    }
                }
                if !there.many {
                    for name in [peer.clone(), other_end(&peer)] {
                        let names = emits_here.iter().cloned();
                        emits[giver].entry(name).or_default().extend(names);
                    }
                }
                let ends = Ends {
                    own,
                    many: here.many,
                    peer: (!there.many).then_some(peer),
                };
                let mut add = |parsed| {
                    let guarantee = Guarantee {
                        parsed,
                        giver,
                        number,
                    };
                    premises.push((guarantee, None));
                    number += 1;
                };
                self.lift((ty, &owner), &ends, &required, lossy, &mut add);
            }
        }

        premises.extend(at_peers);

        let events = Events::Object(events);

        // From guarantees that contradict each other everything would follow.
        let formalism = |(it, _): &(Guarantee, Written)| it.parsed.constraint.formalism.to_string();
        premises.sort_by_key(formalism);
        let contradictory: BTreeSet<String> = premises
            .chunk_by(|a, b| formalism(a) == formalism(b))
            .filter(|of_one| !self.consistent(of_one.iter().map(|(it, _)| &it.parsed)))
            .map(|of_one| formalism(&of_one[0]))
            .collect();
        premises.retain(|premise| !contradictory.contains(&formalism(premise)));
        let (premises, places): (Vec<_>, Vec<_>) = premises.into_iter().unzip();
        let givers: Vec<usize> = premises.iter().map(|it| it.giver).collect();
        let emits = emits.into_iter().map(Events::Object).collect();
        let mut premises = self.discharge_together(premises, emits, events.clone(), lossy);
        let mut own_places: Vec<Vec<usize>> = vec![Vec::new(); parts.len()];
        for (at, giver) in givers.into_iter().enumerate() {
            own_places[giver].push(at);
        }
        for (parsed, place) in premises.iter().zip(places) {
            if let Some((component, at)) = place.filter(|_| !parsed.is_conditional())
                && let Some(part) = parts.get_mut(component.as_str())
            {
                part.provides[at].given = None;
                if let (Some(told), Some(derivation)) = (&mut *told, parsed.told()) {
                    told.met.insert((component, at), derivation.clone());
                }
            }
        }
        let mut left_over = Vec::new();
        // What was met may contradict the rest.
        let mut consistent: BTreeMap<String, bool> = BTreeMap::new();
        for (component, part) in parts.iter() {
            let formalisms: BTreeSet<&str> = part
                .requires
                .iter()
                .map(|constraint| &*constraint.formalism)
                .collect();
            for formalism in formalisms {
                let of_formalism = |c: &&Constraint| *c.formalism == *formalism;
                let own = ObjectBody {
                    endpoints: part.endpoints.clone(),
                    requires: part.requires.iter().filter(of_formalism).cloned().collect(),
                    ..ObjectBody::default()
                };
                let mut wanted =
                    body_constraints(self.types, self.formalisms, &own, Side::Requires);
                if wanted.iter().any(Parsed::is_conditional) {
                    // Also at endpoints that are exported, or connected in a part of the part.
                    let kept = self.kept_at_endpoints(&part.endpoints, &wanted);
                    let kept = [&*premises, &kept].concat();
                    self.mark_universal(&mut wanted, &kept, false);
                }
                let other_ends = other_ends(part);
                let wanted = wanted.iter().map(|wanted| wanted.moved(&other_ends));
                let wanted: Vec<Parsed> = wanted.collect();
                let mut met = Vec::new();
                let mut all = !contradictory.contains(formalism)
                    && *consistent.entry(formalism.to_owned()).or_insert_with(|| {
                        let premises = premises.iter();
                        self.consistent(
                            premises.filter(|it| *it.constraint.formalism == *formalism),
                        )
                    });
                if all {
                    let own = &own_places[numbers[*component]];
                    for wanted in &wanted {
                        // What reads alike of a part and of its peers is no promise of these.
                        let own = if wanted.is_mixed() { &own[..] } else { &[] };
                        let others = set_aside(&mut premises, own);
                        let answer = self.answer(others, &events, wanted, lossy);
                        all &= answer.verdict.holds();
                        if told.is_some() && answer.verdict.holds() {
                            met.push(Met {
                                trail: Vec::new(),
                                by: Owner::Component((*component).to_owned()),
                                asked: Side::Requires,
                                place: wanted.constraint.place.clone(),
                                derivation: self
                                    .derivation(others, &events, wanted, lossy, &answer),
                            });
                        }
                        put_back(&mut premises, own);
                    }
                }
                let Some(told) = &mut *told else {
                    if !all {
                        left_over.extend(own.requires);
                    }
                    continue;
                };
                if all {
                    told.composition.met.extend(met);
                    continue;
                }
                let owner = Owner::Component((*component).to_owned());
                let left = own.requires.iter();
                let left = left.map(|constraint| stated(constraint, &owner, Side::Requires));
                told.composition.left.extend(left);
                left_over.extend(own.requires);
            }
        }
        left_over
    }
}

/// Puts what stands at these places, in order, behind all else, which is given back.
fn set_aside<'p>(all: &'p mut [Parsed], places: &[usize]) -> &'p [Parsed] {
    let count = all.len();
    for (place, last) in places.iter().rev().zip((0..count).rev()) {
        all.swap(*place, last);
    }
    &all[..count - places.len()]
}

/// Puts all of it where it was.
fn put_back(all: &mut [Parsed], places: &[usize]) {
    for (place, last) in places.iter().zip(all.len() - places.len()..) {
        all.swap(*place, last);
    }
}

/// From each endpoint of a part to what is at the other end of its connections.
fn other_ends(part: &Part) -> BTreeMap<String, String> {
    let names = part.endpoints.keys();
    names.map(|name| (name.clone(), other_end(name))).collect()
}

/// Name of a component's endpoint in the composite.
fn outside(component: &str, endpoint: &str, shown: &BTreeMap<(&str, &str), &str>) -> String {
    match shown.get(&(component, endpoint)) {
        Some(name) => (*name).to_owned(),
        None => format!("{component}/{endpoint}"),
    }
}

/// The constraint with the names that its text uses led to those of the composite: all endpoints
/// of its component, even where the name stays, and the further names of those that have several.
fn renamed(
    constraint: &Constraint,
    outside: &BTreeMap<&str, String>,
    aliases: &[&str],
) -> Constraint {
    let mut renamed = BTreeMap::new();
    for (written, name) in &constraint.renamed {
        if let Some(name) = outside.get(name.as_str()) {
            renamed.insert(written.clone(), name.clone());
        }
    }
    if constraint.renamed.is_empty() {
        let all = outside.iter();
        renamed.extend(all.map(|(name, outside)| ((*name).to_owned(), outside.clone())));
    }
    // Not what any text says, but which endpoints it may be about.
    for alias in aliases {
        let written = match renamed.contains_key(*alias) {
            true => format!("/{alias}"),
            false => (*alias).to_owned(),
        };
        renamed.insert(written, (*alias).to_owned());
    }
    Constraint {
        renamed,
        ..constraint.clone()
    }
}

/// Whether a text names something: as a word of its own.
fn mentions(text: &str, name: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .any(|word| word == name)
}
