//! What parts of a composite guarantee, said of the endpoints of their peers.
//!
//! What part S requires of its peers, and what it assumes of them, is said of the endpoints of S as its
//! peers see them: an event at an endpoint of S happens when the peer there emits or handles it. What
//! part T guarantees is said of the endpoints of T as T sees them. Where endpoint f of T and endpoint e
//! of S are connected and have no other connection, "T emits x at f" and "the peer at e emits x" are
//! the same happening, and so are "T handles y at f" and "the peer at e handles y": both texts are about
//! what T does. So a guarantee of T is added once more with f renamed to e, for each part that T is
//! connected with, and meets there what that part requires and assumes.
//!
//! # Why that is sound
//!
//! An event is a name, and whether the one who provides the constraint emits it. A guarantee of T keeps
//! that mark when it is renamed, and a requirement of S has it from the side of the peers of S. So at
//! endpoint e, what its peer emits and handles is told apart from what S itself handles and emits: of
//! each event x that T emits and S handles there are two happenings, T's and S's, which the formulas at e
//! know as two events. Each history of what really happens becomes one in which a happening of T at the
//! connection stands at f and once more, at the next position, at e. A formula that names one of the two
//! ends sees silence at the other's positions. No declared constraint can tell that
//! (well-formedness, `counts-silence`), so that each formula is as true as it was, of the same
//! instances, messages and proxies: those of T. Whatever follows then follows of what really happens.
//! A formula with several endpoints may be renamed at some and not at others.
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
//!   endpoint that is not connected yet hears of the others later than their peers do. At endpoint e they
//!   would be those of T and of S under one name. So nothing that speaks of them is renamed.
//! - *Endpoints with several connections* (`many`, or exported too): their instances are more than those
//!   of the one peer.
//! - *Events whose parameters differ in type*: values are converted on the way.
//!
//! The emitter of a renamed event is the giver of the guarantee, as everywhere in circles
//! ([`crate::relation`], `discharge`): there each happening has one emitter, whatever names it has.

use std::collections::BTreeMap;

use super::{CompositeShape, outside};
use crate::formalism::{Domain, EndpointStructure, Parameter};
use crate::relation::{Relations, Side, endpoint_structure};
use crate::types::EndpointId;

/// Component → component that it is connected with → its own endpoints → those at their other ends.
pub(super) type Peers<'s> = BTreeMap<&'s str, BTreeMap<&'s str, BTreeMap<String, String>>>;

impl Relations<'_> {
    /// For each component, by each component that it is connected with: which of its endpoints meet
    /// which ones there, as far as neither has other connections and both have the same parameters in
    /// their events. All questions about an endpoint in which parameters differ would be left open.
    pub(super) fn peers<'s>(
        &self,
        shape: &'s CompositeShape,
        shown: &BTreeMap<(&str, &str), &str>,
    ) -> Peers<'s> {
        let mut peers = Peers::default();
        for [left, right] in &shape.connections {
            let ends = [left, right].map(|end| self.end(shape, &end.0, &end.1));
            let [Some(l), Some(r)] = ends else { continue };
            if l.many || r.many || !self.same_parameters(l.ty, r.ty) {
                continue;
            }
            for (own, peer) in [(left, right), (right, left)] {
                let there = peers.entry(&own.0).or_default();
                let ends = [own, peer].map(|end| outside(&end.0, &end.1, shown));
                there.entry(&peer.0).or_default().extend([ends.into()]);
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
}
