//! Far: what a domain tells another one of its endpoints, and its own half of a connection with one.
//! All of it may go to another thread.

use std::cell::Cell;
use std::sync::Arc;

use liveobj_types::{TypeId, Types};

use super::connect::{Connection, End, Mode, Sides, plan, too_large};
use super::create::{EndpointPlan, EventPlan};
use super::crossing::{Incoming, Outgoing, OutgoingEvent, Side};
use super::domain::Domain;
use super::inbox::Inbox;
use super::trace::TracedEnd;
use crate::boundary::Viewed;
use crate::boundary::calls::LinkCell;

/// An endpoint of another domain.
#[derive(Clone)]
pub(crate) struct FarEnd {
    /// Where events for it are handed in.
    inbox: Arc<Inbox>,
    /// `object.endpoint`, for people.
    name: String,
    plan: EndpointPlan,
    /// The arena of the plan's types.
    types: Arc<Types>,
}

impl Domain {
    /// What another domain has to know of these endpoints; none of what is gone.
    pub(crate) fn far_ends(&self, ends: &[End]) -> Vec<Option<FarEnd>> {
        let mut types = Types::new();
        let own = self.types.borrow();
        let plans: Vec<Option<(String, EndpointPlan)>> = ends
            .iter()
            .map(|end| {
                let proxy = self.proxy(end.proxy)?;
                let endpoint = proxy.endpoints.get(end.endpoint as usize)?;
                Some((self.end_name(end), import(&own, &mut types, endpoint)))
            })
            .collect();
        let types = Arc::new(types);
        let ends = plans.into_iter().map(|found| {
            let (name, plan) = found?;
            Some(FarEnd {
                inbox: self.inbox.clone(),
                name,
                plan,
                types: types.clone(),
            })
        });
        ends.collect()
    }

    /// This domain's half of a connection with an endpoint of another one, which makes the other
    /// half of the other side.
    ///
    /// # Errors
    ///
    /// The end here is taken or gone, or there is no conversion for an event.
    pub(crate) fn half_across(
        &self,
        side: Side,
        here: End,
        there: &FarEnd,
    ) -> Result<Connection, String> {
        let near = self.vacant(here)?;
        let (domain, number) = (self.shared(), side.number);
        let events = {
            let types = self.types.borrow();
            let events = plan(&near, here).emits.iter().map(|event| {
                let keeper = self.prepared.keeper(&types, event.payload);
                Ok(OutgoingEvent {
                    name: event.name.clone(),
                    keeper: keeper.ok_or_else(|| too_large(&event.name))?,
                    refusable: event.refusable,
                })
            });
            events.collect::<Result<Vec<_>, String>>()?
        };
        let far = import(&there.types, &mut self.types.borrow_mut(), &there.plan);
        let receivers = self.receivers(&far, &near, here.endpoint)?;
        let ends = || (TracedEnd::Here(here), TracedEnd::Far(&there.name));
        let traced = self.traced_link(&far, ends().1, ends().0);
        let target = near.clone();
        let incoming = LinkCell::direct(&domain, number, None, target, receivers, traced);
        let inbox = there.inbox.clone();
        let outgoing = Outgoing::new(inbox, number, events, side.sender, side.refusals);
        let traced = self.traced_link(plan(&near, here), ends().0, ends().1);
        self.trace_across(here, number, &there.name, far.ty);
        Ok(Connection {
            number,
            ends: Sides::One([here]),
            links: Sides::One([LinkCell::queued(
                &domain, number, &near.cell, outgoing, traced,
            )]),
            mode: Mode::Queued {
                peer: there.inbox.clone(),
                far: there.name.as_str().into(),
            },
            incoming: Some(Box::new(Incoming::new(incoming, side.receiver))),
            told: Cell::new(false),
            age: Cell::new(0),
        })
    }
}

/// Copies the types of an endpoint from another arena.
fn import(from: &Types, into: &mut Types, endpoint: &EndpointPlan) -> EndpointPlan {
    let mut value = |id| match into.import(from, TypeId::Value(id)) {
        TypeId::Value(id) => id,
        other => unreachable!("a value type became {other:?}"),
    };
    let mut events = |events: &[EventPlan]| {
        let events = events.iter().map(|event| EventPlan {
            payload: Viewed {
                declared: value(event.payload.declared),
                actual: value(event.payload.actual),
            },
            ..event.clone()
        });
        events.collect::<Arc<[_]>>()
    };
    let (receives, emits) = (events(&endpoint.receives), events(&endpoint.emits));
    let ty = match into.import(from, TypeId::Endpoint(endpoint.ty)) {
        TypeId::Endpoint(id) => id,
        other => unreachable!("an endpoint type became {other:?}"),
    };
    EndpointPlan {
        receives,
        emits,
        ty,
        ..endpoint.clone()
    }
}
