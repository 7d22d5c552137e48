//! Open: a checked reference becomes running proxies.
//!
//! First everything external is resolved, which takes time and may fail; then all proxies are
//! created, connected and started within one turn.

mod fetch;
pub(crate) mod folders;
mod instantiate;
mod library_folder;
mod plan;
mod resolve;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use liveobj_types::Source;

use crate::boundary::calls::Wake;
use crate::domain_thread::DomainThread;
use crate::edge::Ticket;
use crate::engine::domain::Domain;
use crate::engine::inbox::Inbox;
use crate::error::OpenError;
use crate::object::{Ended, Object};
use crate::runtime::{Core, Runtime};
use liveobj_references::CheckedReference;

#[cfg(test)]
pub(crate) use instantiate::folder_service;
#[cfg(test)]
pub(crate) use instantiate::instantiate;
pub(crate) use instantiate::{Opened, host_endpoint, host_proxy};
#[cfg(test)]
pub(crate) use resolve::Resolver;

/// Opens a reference in a domain of its own.
pub(crate) async fn root(
    runtime: Runtime,
    reference: CheckedReference,
) -> Result<Object, OpenError> {
    refuse_unmet(&reference)?;
    let domain = DomainThread::start(runtime.core().clone())?;
    let core = runtime.core().clone();
    let inbox = domain.inbox().clone();
    let plan = resolve::Resolver::new(core, inbox)
        .reference(&reference, "")
        .await?;
    let (reply, answer) = tokio::sync::oneshot::channel();
    let ending = domain.ending().clone();
    let handed_in = domain.inbox().task(move |domain| {
        let instance = domain.begin();
        instantiate::instantiate(domain, instance, plan, move |domain, opened| {
            if let Ok(opened) = &opened {
                let ending = ending.clone();
                instantiate::on_end(domain, opened.instance, move |_, ended| ending.set(ended));
            }
            let _ = reply.send(opened);
        });
    });
    if !handed_in {
        return Err(gone());
    }
    let opened = answer.await.map_err(|_| gone())??;
    Ok(Object::new(runtime, domain, reference.identity(), opened))
}

/// Opens what a proxy asked for with `context.dereference`; the answer goes to its inbox.
pub(crate) async fn child(core: Arc<Core>, inbox: Arc<Inbox>, ticket: Ticket, document: String) {
    let failed =
        match resolve_child(&core, &inbox, document).await {
            Ok(plan) => {
                inbox.task(move |domain| {
                    let instance = domain.begin();
                    if !domain.adopt(ticket, instance) {
                        domain.end(instance, Ended::Closed);
                        return;
                    }
                    instantiate::instantiate(domain, instance, plan, move |domain, opened| {
                        match opened {
                            Ok(opened) => hand_over(domain, ticket, &opened),
                            Err(error) => domain.answer(ticket, Wake::Failed(error.to_string())),
                        }
                    });
                });
                return;
            }
            Err(error) => error,
        };
    inbox.push(Domain::wake_from_outside(
        ticket,
        Wake::Failed(failed.to_string()),
    ));
}

async fn resolve_child(
    core: &Arc<Core>,
    inbox: &Arc<Inbox>,
    document: String,
) -> Result<plan::Plan, OpenError> {
    let source = Source::new("a reference in an event", document);
    let checked = core.check(&source);
    let Some(reference) = checked.reference else {
        let diagnostics = checked.diagnostics;
        return Err(OpenError::RefusedChild { diagnostics });
    };
    refuse_unmet(&reference)?;
    resolve::Resolver::new(core.clone(), inbox.clone())
        .reference(&reference, "")
        .await
}

/// Tells the proxy that asked for an object that it is there, and later if it fails.
fn hand_over(domain: &Domain, ticket: Ticket, opened: &Opened) {
    instantiate::on_end(domain, opened.instance, move |domain, ended| {
        if let Ended::Failed { object, reason } = ended {
            domain.answer(ticket, Wake::Failed(format!("`{object}` failed: {reason}")));
        }
    });
    domain.child_opened(ticket, opened.instance);
}

fn refuse_unmet(reference: &CheckedReference) -> Result<(), OpenError> {
    let unmet: Vec<String> = reference
        .unmet()
        .iter()
        .map(|unmet| unmet.what.clone())
        .collect();
    if unmet.is_empty() {
        Ok(())
    } else {
        Err(OpenError::Unmet { unmet })
    }
}

fn gone() -> OpenError {
    OpenError::Runtime("its thread has ended".to_owned())
}
