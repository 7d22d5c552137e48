//! Instantiate: creates, connects and starts what a plan says, within one turn.

use std::collections::BTreeMap;

use liveobj_types::resolve::Environment;
use liveobj_types::syntax::parse_type;
use liveobj_types::types::Direction;
use liveobj_types::{EndpointId, Module, Source, TypeId};

use super::library_folder::LibraryFolder;
use super::plan::{Leaf, LeafKind, LibraryPlan, ObjectPlan, Resolved, Wire, Wiring};
use super::{state, template};
use crate::boundary::calls::Code;
use crate::boundary::native::{Native, NativeProxy};
use crate::engine::connect::End;
use crate::engine::create::{EndpointPlan, ProxyPlan, ProxyType};
use crate::engine::domain::Domain;
use crate::error::OpenError;
use crate::object::Ended;

/// An instance that runs.
#[derive(Debug)]
pub(crate) struct Opened {
    /// Its number in the domain.
    pub(crate) instance: u64,
    /// What it shows, by name.
    pub(crate) endpoints: BTreeMap<String, End>,
}

/// Makes everything that a plan says, taken apart, in `instance`, which is empty, and calls `then` once `connected` was delivered everywhere.
/// If something fails, what was made before is gone when `then` is called.
pub(crate) fn instantiate(
    domain: &Domain,
    instance: u64,
    parts: (Vec<Leaf>, Wiring),
    then: impl FnOnce(&Domain, Result<Opened, OpenError>) + 'static,
) {
    let endpoints = match make(domain, instance, parts) {
        Ok(endpoints) => endpoints,
        Err(error) => {
            on_end(domain, instance, move |domain, _| then(domain, Err(error)));
            domain.end(instance, Ended::Closed);
            return;
        }
    };
    domain.start_ready();
    let connections = domain.expose(instance, &endpoints);
    for connection in connections {
        domain.notify_connected(connection);
    }
    // Until everybody has heard that they are connected, a failure is one of opening.
    let then = std::rc::Rc::new(std::cell::Cell::new(Some(then)));
    let otherwise = then.clone();
    on_end(domain, instance, move |domain, ended| {
        if let (Some(then), Ended::Failed { object, reason }) = (otherwise.take(), ended) {
            then(domain, Err(OpenError::Failed { object, reason }));
        }
    });
    domain.later(move |domain| {
        if domain.is_ending(instance) {
            // The failure is on its way.
            return;
        }
        if let Some(then) = then.take() {
            then(
                domain,
                Ok(Opened {
                    instance,
                    endpoints,
                }),
            );
        }
    });
}

/// Sets what happens when an instance is gone.
pub(crate) fn on_end(domain: &Domain, instance: u64, call: impl FnOnce(&Domain, Ended) + 'static) {
    domain.set_on_end(instance, Box::new(call));
}

/// Makes all proxies, then all connections; gives what the whole shows.
fn make(
    domain: &Domain,
    instance: u64,
    (leaves, wiring): (Vec<Leaf>, Wiring),
) -> Result<BTreeMap<String, End>, OpenError> {
    let ends = leaves
        .into_iter()
        .map(|leaf| create(domain, instance, leaf));
    let ends = ends.collect::<Result<Vec<_>, OpenError>>()?;
    let Resolved { endpoints, wires } = wiring.resolve(&ends)?;
    for wire in wires {
        connect(domain, instance, wire)?;
    }
    Ok(endpoints)
}

/// Makes one proxy; gives the endpoints that it shows, by name.
pub(super) fn create(
    domain: &Domain,
    instance: u64,
    leaf: Leaf,
) -> Result<BTreeMap<String, End>, OpenError> {
    let Leaf { label, shown, kind } = leaf;
    let mut endpoints = match kind {
        LeafKind::Object(plan) => object(domain, instance, &plan.named(&label), *plan)?,
        LeafKind::Library(plan) => {
            let made = library(domain, instance, &label, *plan);
            made.map_err(|reason| OpenError::Create {
                object: label,
                reason,
            })?
        }
        LeafKind::Made(make) => make(domain, instance)?,
    };
    endpoints.retain(|name, _| shown.contains(name));
    Ok(endpoints)
}

/// Makes one connection inside the domain.
pub(super) fn connect(domain: &Domain, instance: u64, wire: Wire<End>) -> Result<(), OpenError> {
    let [left, right] = wire.ends;
    let made = domain.connect(left, right);
    let number = made.map_err(|reason| not_connected(wire.names, reason))?;
    domain.own_connection(instance, number);
    Ok(())
}

/// Why there is no connection.
pub(super) fn not_connected([left, right]: [String; 2], reason: String) -> OpenError {
    OpenError::Connect {
        left,
        right,
        reason,
    }
}

/// Creates a proxy of a template.
fn object(
    domain: &Domain,
    instance: u64,
    label: &str,
    plan: ObjectPlan,
) -> Result<BTreeMap<String, End>, OpenError> {
    let cannot = |reason| OpenError::Create {
        object: label.to_owned(),
        reason,
    };
    let template = template::prepare(domain, &plan).map_err(cannot)?;
    let parameters = template.parameters(&plan.arguments).map_err(cannot)?;
    let state = match template.state {
        Some(ty) => Some(state::plan(domain, &plan, ty)?),
        None => None,
    };
    let proxy = ProxyPlan {
        label: label.into(),
        identity: plan.identity,
        ty: ProxyType::Object(template.ty),
        code: Code::Table(plan.table.clone()),
        words: Some(template.words.clone()),
        endpoints: template.endpoints.clone(),
        parameters,
    };
    let proxy = domain
        .create_with_state(instance, proxy, state)
        .map_err(|reason| match state::refused(&plan, label, &reason) {
            Some(error) => OpenError::State(error),
            None => cannot(reason),
        })?;
    // Nobody else learns of the private ones.
    let public = template.endpoints.iter().zip(0..);
    let public = public.filter(|(plan, _)| !plan.private);
    let end = |endpoint| End {
        proxy: proxy.cell.number,
        endpoint,
    };
    Ok(public
        .map(|(plan, endpoint)| (plan.name.to_string(), end(endpoint)))
        .collect())
}

/// Creates the folder of a library.
fn library(
    domain: &Domain,
    instance: u64,
    label: &str,
    plan: LibraryPlan,
) -> Result<BTreeMap<String, End>, String> {
    const NAME: &str = "folder";
    let broken = || "the standard library has no folders".to_owned();
    let service = folder_service(domain).ok_or_else(broken)?;
    let endpoint = EndpointPlan::new(
        &mut domain.types.borrow_mut(),
        NAME,
        service,
        service,
        true,
        false,
    );
    let endpoint = endpoint.ok_or_else(broken)?;
    let keeper = |direction, name| {
        let event = endpoint.event(direction, name);
        let keeper = event.and_then(|event| domain.keeper(event));
        keeper.ok_or_else(broken)
    };
    let folder = LibraryFolder {
        entries: plan.entries,
        get: keeper(Direction::In, "get")?,
        item: keeper(Direction::Out, "item")?,
        missing: keeper(Direction::Out, "missing")?,
    };
    let end = native(
        domain,
        instance,
        (label, ProxyType::Native),
        plan.identity,
        endpoint,
        Box::new(folder),
    )?;
    Ok([(NAME.to_owned(), end)].into())
}

/// `FolderService<Object>`, in the domain's arena.
pub(crate) fn folder_service(domain: &Domain) -> Option<EndpointId> {
    let source = Source::new("the runtime", "FolderService<Object>");
    let expr = parse_type(&source).ok()?;
    let module = Module::standard();
    let resolved = domain
        .types
        .borrow_mut()
        .resolve(&module, &source, &expr, &Environment::new())
        .ok()?;
    match resolved {
        TypeId::Endpoint(id) => Some(id),
        TypeId::Value(_) | TypeId::Object(_) => None,
    }
}

/// The runtime's own end towards an endpoint of type `theirs`.
pub(crate) fn host_endpoint(
    domain: &Domain,
    name: &str,
    theirs: EndpointId,
) -> Option<EndpointPlan> {
    let mut types = domain.types.borrow_mut();
    let mirrored = types.mirror(theirs);
    EndpointPlan::new(&mut types, name, mirrored, mirrored, false, false)
}

/// Creates a proxy of the runtime's own with one endpoint.
pub(crate) fn host_proxy(
    domain: &Domain,
    instance: u64,
    label: &str,
    endpoint: EndpointPlan,
    object: Box<dyn Native>,
) -> Result<End, String> {
    native(
        domain,
        instance,
        (label, ProxyType::Native),
        [0; 32],
        endpoint,
        object,
    )
}

/// The same, for an end that stands for one on another node.
pub(crate) fn far_proxy(
    domain: &Domain,
    instance: u64,
    label: &str,
    endpoint: EndpointPlan,
    object: Box<dyn Native>,
) -> Result<End, String> {
    native(
        domain,
        instance,
        (label, ProxyType::Far),
        [0; 32],
        endpoint,
        object,
    )
}

fn native(
    domain: &Domain,
    instance: u64,
    (label, ty): (&str, ProxyType),
    identity: [u8; 32],
    endpoint: EndpointPlan,
    object: Box<dyn Native>,
) -> Result<End, String> {
    let events = [endpoint.handlers()];
    let proxy = domain.create(
        instance,
        ProxyPlan {
            label: label.into(),
            identity,
            ty,
            code: Code::Native(NativeProxy::new(object, &events)),
            words: None,
            endpoints: [endpoint].into(),
            parameters: None,
        },
    )?;
    Ok(End {
        proxy: proxy.cell.number,
        endpoint: 0,
    })
}
