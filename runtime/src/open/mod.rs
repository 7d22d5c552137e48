//! Open: a checked reference becomes running proxies.
//!
//! First everything external is resolved, which takes time and may fail; then all proxies are
//! created, connected and started within one turn.

mod fetch;
pub(crate) mod folders;
mod instantiate;
mod library_folder;
mod placement;
mod plan;
mod resolve;
mod spread;
mod state;
mod template;
#[cfg(test)]
mod tests;
mod threads;

use std::sync::Arc;

use liveobj_types::Source;

use self::plan::Plan;
use crate::boundary::calls::Wake;
use crate::domain_thread::{DomainThread, Domains};
use crate::edge::Ticket;
use crate::engine::domain::Domain;
use crate::error::OpenError;
use crate::monitor::Watch;
use crate::object::{Ended, Object};
use crate::options::{OpenOptions, Placing};
use crate::runtime::Runtime;
use crate::stat::Running;
use crate::trace::Observers;
use liveobj_references::CheckedReference;

#[cfg(test)]
pub(crate) use instantiate::instantiate;
pub(crate) use instantiate::{Opened, far_proxy, folder_service, host_endpoint, host_proxy};
pub(crate) use plan::{Leaf, Make, Wiring};
pub(crate) use resolve::Resolver;
pub(crate) use spread::{QueuedConnection, Spread, spread};
pub(crate) use state::Keeping;
pub(crate) use template::Templates;
pub(crate) use threads::{libraries, refuse_threads};

/// Opens a reference in domains of its own: one, unless the options ask for more.
pub(crate) async fn root(
    runtime: Runtime,
    reference: CheckedReference,
    options: OpenOptions,
) -> Result<Object, OpenError> {
    let core = runtime.core().clone();
    let reference = core.checked_here(&reference)?;
    refuse_unmet(&reference)?;
    let watch = options
        .monitor
        .clone()
        .map(|monitoring| Watch::new(&core.formalisms, monitoring));
    let tracing = options.trace.clone();
    if let Some(tracing) = &tracing {
        tracing.begin(&core, &reference);
    }
    let observers = Observers {
        watch,
        tracing: tracing.clone(),
        tap: options.tap.clone(),
    };
    let running = core.stat.as_ref().map(|stat| stat.begin(&reference));
    let opened = observed(runtime, &reference, options, observers, running).await;
    match &opened {
        Ok(object) => tracing::info!(domains = object.domains(), "it is open"),
        Err(error) => tracing::info!(%error, "it does not open"),
    }
    if let Some(tracing) = &tracing {
        match &opened {
            Ok(_) => tracing.note("opened", None),
            Err(error) => tracing.note("failed", Some(&error.to_string())),
        }
    }
    opened
}

/// Opens a reference; what happens is told to `observers`.
async fn observed(
    runtime: Runtime,
    reference: &CheckedReference,
    options: OpenOptions,
    observers: Observers,
    running: Option<Arc<Running>>,
) -> Result<Object, OpenError> {
    let core = runtime.core().clone();
    let placing = options.placing.clone();
    let (tracing, tap) = (observers.tracing.clone(), observers.tap.clone());
    let mut watches = observers.watch.as_ref().map(Watch::others);
    let tapped = tap.clone();
    let others = move || Observers {
        watch: watches.as_mut().map(|another| another()),
        tracing: tracing.clone(),
        tap: tap.clone(),
    };
    let keeping = Keeping::begin(&core, options).await?;
    let states = keeping.as_ref().map(Keeping::states);
    let home = DomainThread::start_watched(core.clone(), states.clone(), observers)?;
    let mut domains = Domains::new(home);
    let resolver = Resolver::new(core.clone(), domains.home().inbox().clone());
    let resolver = match placing {
        Placing::Domains(0 | 1) => resolver,
        _ => resolver.spread(),
    };
    let plan = resolved(&resolver, reference, keeping.as_ref()).await?;
    let parts = plan.split();
    if let Some(tap) = tapped {
        tap.settle(plan::end_called(tap.endpoint(), &parts.0, &parts.1)?);
    }
    let places = match &placing {
        Placing::Domains(0 | 1) => Vec::new(),
        placing => placement::place(&parts.0, &parts.1, placing)?,
    };
    let count = places.iter().max().map_or(1, |last| last + 1);
    tracing::debug!(parts = parts.0.len(), domains = count, "all is resolved");
    let ending = domains.home().ending().clone();
    let spread = if count == 1 {
        let on_end = move |ended| ending.set(ended);
        let opened = here(&resolver, parts, keeping, on_end).await?;
        let endpoints = opened.endpoints.into_iter();
        Spread {
            endpoints: endpoints.map(|(name, end)| (name, (0, end))).collect(),
            queues: Vec::new(),
        }
    } else {
        domains.start(count, &core, states.as_ref(), others)?;
        let inboxes: Vec<_> = domains.all().iter().map(|it| it.inbox().clone()).collect();
        let every = keeping.as_ref().map(Keeping::every);
        spread::spread(&inboxes, &places, parts, every, ending).await?
    };
    let identity = reference.identity();
    let object = Object::new(runtime, domains, states, identity, spread, running);
    Ok(object)
}

/// Opens a reference in the resolver's domain, where its states are kept if `keeping` says so;
/// `on_end` is called when it has ended.
pub(crate) async fn within(
    resolver: Resolver,
    reference: &CheckedReference,
    keeping: Option<Keeping>,
    on_end: impl FnOnce(Ended) + Send + 'static,
) -> Result<Opened, OpenError> {
    let reference = resolver.core().checked_here(reference)?;
    refuse_unmet(&reference)?;
    let plan = resolved(&resolver, &reference, keeping.as_ref()).await?;
    here(&resolver, plan.split(), keeping, on_end).await
}

/// Resolves all that is external, and reads the states of what there is.
async fn resolved(
    resolver: &Resolver,
    reference: &CheckedReference,
    keeping: Option<&Keeping>,
) -> Result<Plan, OpenError> {
    let plan = resolver.reference(reference, "").await?;
    match keeping {
        Some(keeping) => keeping.read(resolver.core(), plan).await,
        None => Ok(plan),
    }
}

/// Makes all parts in the resolver's domain.
async fn here(
    resolver: &Resolver,
    parts: (Vec<Leaf>, Wiring),
    keeping: Option<Keeping>,
    on_end: impl FnOnce(Ended) + Send + 'static,
) -> Result<Opened, OpenError> {
    let (reply, answer) = tokio::sync::oneshot::channel();
    let handed_in = resolver.inbox().task(move |domain| {
        let instance = domain.begin();
        instantiate::instantiate(domain, instance, parts, move |domain, opened| {
            if let Ok(opened) = &opened {
                if let Some(keeping) = &keeping {
                    domain.keep_states(opened.instance, keeping.every());
                }
                instantiate::on_end(domain, opened.instance, move |_, ended| on_end(ended));
            }
            let _ = reply.send(opened);
        });
    });
    if !handed_in {
        return Err(gone());
    }
    answer.await.map_err(|_| gone())?
}

/// Opens what a proxy asked for with `context.dereference`; the answer goes to its inbox.
pub(crate) async fn child(resolver: Resolver, ticket: Ticket, document: String) {
    let inbox = resolver.inbox().clone();
    let failed = match resolve_child(resolver, document).await {
        Ok(plan) => {
            tracing::debug!("all is resolved");
            inbox.task(move |domain| {
                let instance = domain.begin();
                if !domain.adopt(ticket, instance) {
                    domain.end(instance, Ended::Closed);
                    return;
                }
                instantiate::instantiate(domain, instance, plan.split(), move |domain, opened| {
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
    tracing::debug!(error = %failed, "it does not open");
    inbox.push(Domain::wake_from_outside(
        ticket,
        Wake::Failed(failed.to_string()),
    ));
}

async fn resolve_child(resolver: Resolver, document: String) -> Result<Plan, OpenError> {
    let source = Source::new("a reference in an event", document);
    let checked = resolver.core().check(&source);
    let Some(reference) = checked.reference else {
        let diagnostics = checked.diagnostics;
        return Err(OpenError::RefusedChild { diagnostics });
    };
    refuse_unmet(&reference)?;
    resolver.core().verdicts.tell(checked.types.words());
    resolver.reference(&reference, "").await
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

pub(crate) fn refuse_unmet(reference: &CheckedReference) -> Result<(), OpenError> {
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
