//! What parts of a composite guarantee, said of the endpoints of their peers.
//!
//! What part S requires of its peers, and what it assumes of them, is said of the endpoints of S as its
//! peers see them: an event at an endpoint of S happens when the peer there emits or handles it, at any of
//! that peer's connections. What part T guarantees is said of the endpoints of T as T sees them. Where
//! endpoint e of S is connected with endpoint f of T and with no other, "T emits x at f" and "the peer at e
//! emits x" are the same happening, and so are "T handles y at f" and "the peer at e handles y": both
//! texts are about what T does, at all of its connections. So a guarantee of T is added once more with f
//! renamed, for each part that T is connected with, and meets there what that part requires and assumes;
//! also where T has many connections at f. Then what T assumes is about many peers, and stays so: it is not
//! what S alone does.
//!
//! What the peer of S has at e and what S itself has there go by two names, e and [`other_end`] of e: all
//! that S requires and assumes, and all guarantees of T that are said once more, are about the other end.
//! The marks of events would not do: both sides hear of beginnings and ends of connections, and both may
//! have an event to handle that the other one does not emit. S is shared, and so is T: what either sees at
//! connections with strangers says nothing of the other.
//!
//! # Why that is sound
//!
//! Each history of what really happens becomes one in which a happening of T at the connection stands at f
//! and once more, at the next position, at the other end of e. A formula that names one of the two sees
//! silence at the other's positions. No declared constraint can tell that (well-formedness,
//! `counts-silence`), so that each formula is as true as it was, of the same instances, messages and
//! proxies: those of T. Whatever follows then follows of what really happens. A formula with several
//! endpoints may be renamed at some and not at others.
//!
//! A formalism that does not tell who sees something cannot rename: `properties`, whose texts name no
//! endpoints, `cardinality`, and those of which nothing is known. In these both texts read alike, and what T
//! guarantees meets what S requires as it stands (semantics, section 5: the union of all). But what S itself
//! guarantees does not, nor what S assumes. A layer that passes on what the layer below has guarantees
//! `fifo` and requires `fifo`; above a network that loses the order it would be its own witness.
//!
//! # What is not taken to be the same
//!
//! - *That T emits an event, and that S handles it.* It may wait in a queue between domains; within a
//!   domain too, if S is running. Then the two have seen other things in between, in another order. A
//!   `refusable` event may be refused and an `overflow` may end the connection, so what was emitted
//!   need not be handled at all. So the mark is never turned, nor does "S handles x" follow from "T
//!   emits x".
//! - *That what S handles was emitted by T.* It is so at this connection. But S is shared: its guarantee
//!   is about its connections on all nodes, and documents that are not known here may connect it with
//!   others than T. What T guarantees says nothing of those. So chains do not lead through S by what S
//!   handles. They lead through what it assumes, `given`: that counts only if S requires it of every peer,
//!   and then every document sees to its own.
//! - *Beginnings and ends of connections.* Each side hears of them by itself; a part with a mandatory
//!   endpoint that is not connected yet hears of the others later than their peers do. What S requires
//!   of them is about when its peers hear of them.
//! - *What is required at an endpoint with several connections* (`many`, or exported too): it is about
//!   each of several peers.
//! - *Events whose parameters differ in type*: values are converted on the way.
//!
//! The emitter of a renamed event is the giver of the guarantee, as everywhere in circles
//! ([`crate::relation`], `discharge`): there each happening has one emitter, whatever names it has.

use std::collections::{BTreeMap, BTreeSet};

use super::{CompositeShape, outside};
use crate::formalism::{Domain, EndpointStructure, Parameter, Structure};
use crate::relation::{Lossy, Owner, Parsed, Relations, Side, Structures, endpoint_structure};
use crate::types::{Constraint, Endpoint, EndpointId, ObjectEndpoint};

/// Component → component that it is connected with.
pub(super) type Peers<'s> = BTreeMap<&'s str, BTreeMap<&'s str, There>>;

/// Where what a component says is said once more, for another one.
#[derive(Default)]
pub(super) struct There {
    /// From its endpoints to what the other component has at the other ends of its own.
    pub(super) said: BTreeMap<String, String>,
    /// What it assumes of its peers is what the other component itself does: from what is at the other
    /// ends of its endpoints to the endpoints of the other component.
    pub(super) assumed: BTreeMap<String, String>,
}

/// What the peers of a part have where they are connected with this endpoint of it. No endpoint has a
/// name with spaces.
pub(super) fn other_end(endpoint: &str) -> String {
    format!("other end of {endpoint}")
}

/// The two ends of a connection, seen from one of them.
pub(super) struct Ends {
    pub(super) own: String,
    /// Whether it may have several connections.
    pub(super) many: bool,
    /// None where the other endpoint may have other peers.
    pub(super) peer: Option<String>,
}

impl Relations<'_> {
    /// For each component, by each component that it is connected with: which of its endpoints are the
    /// only peers of which ones there, as far as both have the same parameters in their events. All
    /// questions about an endpoint in which parameters differ would be left open.
    pub(super) fn peers<'s>(
        &self,
        shape: &'s CompositeShape,
        shown: &BTreeMap<(&str, &str), &str>,
    ) -> Peers<'s> {
        let mut peers = Peers::default();
        for [left, right] in &shape.connections {
            let ends = [left, right].map(|end| self.end(shape, &end.0, &end.1));
            let [Some(l), Some(r)] = ends else { continue };
            if !self.same_parameters(l.ty, r.ty) {
                continue;
            }
            for ((own, here), (peer, there)) in [((left, l), (right, r)), ((right, r), (left, l))] {
                if there.many {
                    continue;
                }
                let to = peers.entry(&own.0).or_default();
                let to = to.entry(&peer.0).or_default();
                let [own, peer] = [own, peer].map(|end| outside(&end.0, &end.1, shown));
                if !here.many {
                    to.assumed.insert(other_end(&own), peer.clone());
                }
                to.said.insert(own, other_end(&peer));
            }
        }
        peers
    }

    /// Whether the events that go from one end of a connection to the other have the same parameters
    /// at both.
    fn same_parameters(&self, left: EndpointId, right: EndpointId) -> bool {
        let [left, right] = [left, right].map(|ty| {
            let EndpointStructure {
                emitted, received, ..
            } = endpoint_structure(self.types, ty, Side::Provides, "");
            [emitted, received]
        });
        let ways = left.iter().zip(right.iter().rev());
        let mut both = ways.flat_map(|(left, right)| {
            let both = left.iter();
            both.filter_map(|(event, parameters)| Some((parameters, right.get(event)?)))
        });
        both.all(|(left, right)| {
            let by_name = |parameters: &[Parameter]| -> BTreeMap<String, Domain> {
                let all = parameters.iter();
                all.map(|it| (it.name.clone(), it.domain.clone())).collect()
            };
            by_name(left) == by_name(right)
        })
    }

    /// What the owner of these endpoints guarantees in their types, as constraints of an object, as far as
    /// it may keep what requirements of it are given under.
    pub(crate) fn kept_at_endpoints<'e>(
        &self,
        ends: impl IntoIterator<Item = (&'e String, &'e ObjectEndpoint)>,
        requires: &[Parsed],
    ) -> Vec<Parsed> {
        let formalisms = requires
            .iter()
            .map(|it| it.constraint.formalism.to_string());
        let formalisms: BTreeSet<String> = formalisms.collect();
        let mut kept = Vec::new();
        for (name, end) in ends {
            let ends = Ends {
                own: name.clone(),
                many: end.many,
                peer: None,
            };
            let nothing = Lossy::Endpoint(false);
            let owner = (end.ty, &Owner::Left);
            self.lift(owner, &ends, &formalisms, &nothing, &mut |it| kept.push(it));
        }
        kept
    }

    /// What the owner of an endpoint guarantees there, as constraints of an object; also what that
    /// says in formalisms where it helps to meet requirements of the formalisms `required`.
    pub(super) fn lift(
        &self,
        (ty, owner): (EndpointId, &Owner),
        ends: &Ends,
        required: &BTreeSet<String>,
        lossy: &Lossy,
        add: &mut dyn FnMut(Parsed),
    ) {
        let Endpoint::Events {
            provides, requires, ..
        } = self.types.endpoint(ty)
        else {
            return;
        };
        let structures = Structures::new(|side| {
            Structure::Endpoint(endpoint_structure(self.types, ty, side, ""))
        });
        let read = |constraints: &[Constraint], side: Side| -> Vec<Parsed> {
            let structure = |side| structures.get(side);
            let read = constraints.iter();
            read.map(|it| Parsed::new(self.formalisms, it, side, structure))
                .collect()
        };
        let mut all = read(provides, Side::Provides);
        if all.iter().any(Parsed::is_conditional) {
            // An endpoint may have connections that this composite does not show.
            self.mark_universal(&mut all, &read(requires, Side::Requires), false);
        }
        if self.telling.is_some() {
            all = all
                .iter()
                .map(|it| it.owned_by(owner, Side::Provides))
                .collect();
        }
        // What is asked for may be about any endpoint.
        let is_lossy = match lossy {
            Lossy::Endpoint(lossy) => *lossy,
            Lossy::Object(lossy) => !lossy.is_empty(),
        };
        let translated = self.translations(&all, is_lossy, required);
        for parsed in all.iter().chain(&translated) {
            // What the only peer of an endpoint does is what the peer there does.
            let Ends { own, many, peer } = ends;
            if let Some(lifted) = parsed.lifted(own) {
                add(lifted.assuming_at(&to_other_end(own)));
            }
            if let Some(peer) = peer
                && let Some(lifted) = parsed.lifted(peer)
            {
                let moved = lifted.moved(&to_other_end(peer));
                // A count of several connections would be taken for that of the peer's one.
                if !(*many && moved.is_mixed()) {
                    add(moved);
                }
            }
        }
    }
}

/// From an endpoint to what is at the other end of its connections.
fn to_other_end(name: &str) -> BTreeMap<String, String> {
    BTreeMap::from([(name.to_owned(), other_end(name))])
}
