//! Connections with endpoints on other nodes, as a domain sees them: a proxy of the runtime's own
//! stands for the far endpoint. Events go to it as to any other, and it hands them on in wire form;
//! what comes back is decoded as what the far endpoint says it emits, and emitted here.

use std::sync::Arc;

use liveobj_abi as abi;
use liveobj_references::EndpointText;
use liveobj_types::{EndpointId, TypeId, Types, ValueId};

use crate::boundary::calls::ProxyCell;
use crate::boundary::memory::Keeper;
use crate::boundary::native::{Incoming, Native};
use crate::engine::connect::End;
use crate::engine::create::{EndpointPlan, EventPlan};
use crate::engine::crossing::Load;
use crate::engine::domain::Domain;
use crate::engine::request::why_not;
use crate::object::Ended;
use crate::open::far_proxy;
use crate::report::Level;
use crate::verdicts::Question;

/// What the far end is called in messages.
const FAR: &str = "an endpoint of another node";
/// Types of far endpoints that a domain remembers, so that callers who come again leave nothing.
const REMEMBERED: usize = 1024;

/// What goes to the other node.
#[derive(Debug)]
pub(crate) enum Outgoing {
    /// An event, by its number among those that the near endpoint emits, in wire form.
    Event(u32, Vec<u8>),
    /// Nothing more comes: an `lo_reason`.
    Closed(u32),
}

/// The way to the other node. What is not taken is dropped: the link is gone then.
pub(crate) struct Outlet {
    /// Hands on what goes out; never blocks.
    pub(crate) send: Box<dyn Fn(Outgoing) + Send>,
    /// What waits to go out.
    pub(crate) load: Arc<Load>,
}

/// A connection that leads to another node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Remote {
    /// The proxy that stands for the far endpoint.
    pub(crate) proxy: u64,
    /// The connection with it.
    pub(crate) connection: u64,
}

/// The type of an endpoint, to be sent to another node.
///
/// # Errors
///
/// The endpoint is gone.
pub(crate) fn type_text(domain: &Domain, end: End) -> Result<EndpointText, String> {
    let ty = near(domain, end)?;
    Ok(EndpointText::of(&domain.types.borrow(), ty))
}

/// Connects an endpoint with one of another node, whose type is `theirs`; `connected` is on its
/// way.
///
/// # Errors
///
/// The types do not match, or are not shown to; the endpoint is gone or taken.
pub(crate) fn connect(
    domain: &Domain,
    end: End,
    theirs: &EndpointText,
    outlet: Outlet,
) -> Result<Remote, String> {
    let own = near(domain, end)?;
    let theirs = matched(domain, end, own, theirs)?;
    let large = || "its events cannot be laid out".to_owned();
    let endpoint = {
        let mut types = domain.types.borrow_mut();
        let mirrored = types.mirror(own);
        let mut plan = |ty| EndpointPlan::new(&mut types, FAR, ty, ty, false, false);
        // It takes what the near end emits as it is, and emits what the far end does.
        let (near, far) = (
            plan(mirrored).ok_or_else(large)?,
            plan(theirs).ok_or_else(large)?,
        );
        EndpointPlan {
            emits: far.emits,
            ..near
        }
    };
    let receives = keepers(domain, &endpoint.receives).ok_or_else(large)?;
    let emits = keepers(domain, &endpoint.emits).ok_or_else(large)?;
    let stand_in = StandIn {
        receives,
        outlet,
        closed: false,
    };
    let instance = domain.begin();
    let made = far_proxy(domain, instance, FAR, endpoint, Box::new(stand_in)).and_then(|far| {
        let connection = domain.connect(end, far)?;
        domain.own_connection(instance, connection);
        Ok(Remote {
            proxy: far.proxy,
            connection,
        })
    });
    match made {
        Ok(remote) => {
            let emits = emits.into_iter().map(|(keeper, _)| keeper).collect();
            domain.keep_for_embedder(remote.proxy, emits);
            domain.start_ready();
            domain.notify_connected(remote.connection);
            Ok(remote)
        }
        Err(reason) => {
            domain.end(instance, Ended::Closed);
            Err(reason)
        }
    }
}

/// Takes an event from the other node. What is not one ends the connection.
pub(crate) fn arrive(domain: &Domain, remote: Remote, event: u32, bytes: &[u8]) {
    let Some(proxy) = domain.proxy(remote.proxy) else {
        // The connection has ended meanwhile.
        return;
    };
    let known = proxy
        .endpoints
        .first()
        .and_then(|endpoint| endpoint.emits.get(event as usize));
    let decoded = known.map(|event| {
        let types = domain.types.borrow();
        types.decode(event.payload.actual, bytes)
    });
    match decoded {
        Some(Ok(payload)) => domain.emit_for_embedder(remote.proxy, event, &payload),
        _ => {
            let text = "it sent what is no event of its type; the connection ends".to_owned();
            domain.say(Level::Warning, FAR.to_owned(), text);
            domain.disconnect(remote.connection, abi::REASON_PEER_FAILED);
        }
    }
}

/// The type of an endpoint that runs.
fn near(domain: &Domain, end: End) -> Result<EndpointId, String> {
    domain
        .proxy(end.proxy)
        .filter(|proxy| !domain.is_ending(proxy.instance))
        .and_then(|proxy| Some(proxy.endpoints.get(end.endpoint as usize)?.ty))
        .ok_or_else(|| "the object is gone".to_owned())
}

/// The far type in the domain's arena, if it matches `own`. What does not match leaves nothing
/// there.
fn matched(
    domain: &Domain,
    end: End,
    own: EndpointId,
    theirs: &EndpointText,
) -> Result<EndpointId, String> {
    let formalisms = domain.host.formalisms();
    let mut types = Types::new();
    let text = theirs;
    let theirs = text.resolve(&mut types, formalisms)?;
    let own = match types.import(&domain.types.borrow(), TypeId::Endpoint(own)) {
        TypeId::Endpoint(own) => own,
        other => unreachable!("an endpoint type became {other:?}"),
    };
    // What comes from another node waits in a queue.
    let question = Question::QueuedMatch(own, theirs);
    let verdict = domain.host.verdicts().on(question, &mut types, formalisms);
    if !verdict.holds() && (verdict.fails() || !domain.host.policy().allow_unknown) {
        let mut relations = liveobj_types::Relations::new(&mut types, formalisms);
        relations.queued = true;
        let judgement = relations.endpoints_match(own, theirs);
        let names = [domain.end_name(&end), FAR.to_owned()];
        let what = "the endpoints do not match";
        return Err(why_not(what, &verdict, &judgement.mismatches, &names));
    }
    let mut known = domain.far_types.borrow_mut();
    if let Some(id) = known.get(text) {
        return Ok(*id);
    }
    let mut arena = domain.types.borrow_mut();
    match arena.import(&types, TypeId::Endpoint(theirs)) {
        TypeId::Endpoint(theirs) => {
            if known.len() < REMEMBERED {
                known.insert(text.clone(), theirs);
            }
            Ok(theirs)
        }
        other => unreachable!("an endpoint type became {other:?}"),
    }
}

/// How the events of an endpoint are laid out, and their wire types.
fn keepers(domain: &Domain, events: &[EventPlan]) -> Option<Vec<(Keeper, ValueId)>> {
    let events = events.iter();
    let events = events.map(|event| Some((domain.keeper(event)?, event.payload.actual)));
    events.collect()
}

/// Stands for the far endpoint.
struct StandIn {
    receives: Vec<(Keeper, ValueId)>,
    outlet: Outlet,
    closed: bool,
}

impl StandIn {
    fn close(&mut self, reason: u32) {
        if !std::mem::replace(&mut self.closed, true) {
            (self.outlet.send)(Outgoing::Closed(reason));
        }
    }
}

impl Native for StandIn {
    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status {
        let Some((keeper, ty)) = self.receives.get(event.event as usize) else {
            return abi::INVALID;
        };
        let domain = proxy.domain();
        let payload = keeper.read(event.payload).ok();
        let bytes = payload.and_then(|payload| domain.types.borrow().encode(*ty, &payload));
        let Some(bytes) = bytes else {
            let text = "an event was dropped: its payload is damaged";
            domain.report(proxy, Level::Error, text);
            return abi::INVALID;
        };
        if self.outlet.load.take(bytes.len()) {
            (self.outlet.send)(Outgoing::Event(event.event, bytes));
        } else {
            self.close(abi::REASON_OVERFLOW);
            domain.disconnect(event.connection, abi::REASON_OVERFLOW);
        }
        abi::OK
    }

    fn disconnected(&mut self, proxy: &ProxyCell, _: u32, _: u64, reason: u32) -> abi::Status {
        self.close(reason);
        let number = proxy.number;
        proxy.domain().later(move |domain| {
            if let Some(proxy) = domain.proxy(number) {
                domain.end(proxy.instance, Ended::Closed);
            }
        });
        abi::OK
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.close(abi::REASON_DROPPED);
    }
}
