//! The embedder's own ends of connections.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::{self, ThreadId};

use liveobj_abi as abi;
use liveobj_references::ExternalEndpoint;
use liveobj_types::types::Direction;
use liveobj_types::{Data, EndpointId, TypeId, Types, ValueId};

use crate::boundary::calls::ProxyCell;
use crate::boundary::memory::Keeper;
use crate::boundary::native::{Incoming, Native};
use crate::domain_thread::DomainThread;
use crate::edge::links::{Links, Loan};
use crate::engine::connect::End;
use crate::engine::create::EndpointPlan;
use crate::engine::crossing::Load;
use crate::engine::domain::Domain;
use crate::engine::inbox::Inbox;
use crate::error::{ConnectError, ExportError, SendError};
use crate::object::Ended;
use crate::open::{host_endpoint, host_proxy};
use crate::remote;
use crate::report::Level;
use crate::runtime::Runtime;

/// What the embedder's ends are called in messages.
const EMBEDDER: &str = "the embedder";

pub(crate) type Receive = Box<dyn FnMut(&str, &Data) + Send>;

/// An endpoint of an opened object.
#[derive(Clone)]
pub struct Endpoint {
    name: String,
    end: End,
    inbox: Arc<Inbox>,
    /// Of all domains of the object: on none of them may anybody wait for another.
    threads: Arc<[ThreadId]>,
}

impl Endpoint {
    pub(crate) fn new(
        name: &str,
        end: End,
        domain: &DomainThread,
        threads: &Arc<[ThreadId]>,
    ) -> Endpoint {
        let inbox = domain.inbox().clone();
        Endpoint {
            name: name.to_owned(),
            end,
            inbox,
            threads: threads.clone(),
        }
    }

    fn is_inside(&self) -> bool {
        self.threads.contains(&thread::current().id())
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Connects it with an endpoint of the embedder's own, of the mirrored type. `receive` is
    /// called on the thread of its domain with the name and the payload (a record of the parameters) of
    /// every event that the object emits there; events may come before this returns. It is dropped
    /// once the connection has ended, whichever side ended it; a panic in it ends the connection.
    ///
    /// # Errors
    ///
    /// The endpoint takes no further connection, the object is closed, or this is called inside
    /// such a closure.
    pub fn connect(
        &self,
        receive: impl FnMut(&str, &Data) + Send + 'static,
    ) -> Result<Connection, ConnectError> {
        if self.is_inside() {
            return Err(ConnectError::InsideHandler);
        }
        let (reply, answer) = mpsc::sync_channel(1);
        let (name, end) = (self.name.clone(), self.end);
        let ended = Arc::new(AtomicBool::new(false));
        let seen = ended.clone();
        self.inbox.task(move |domain| {
            let connected = connect(domain, &name, end, Box::new(receive), seen);
            let _ = reply.send(connected);
        });
        let made = answer.recv().map_err(|_| ConnectError::Closed)??;
        Ok(Connection::new(made, &self.inbox, ended, None))
    }

    /// Lends it to other nodes, as [`crate::Object::export`] does.
    pub(crate) fn export(&self, links: &Arc<Links>) -> Result<Exported, ExportError> {
        if self.is_inside() {
            return Err(ExportError::InsideHandler);
        }
        let (reply, answer) = mpsc::sync_channel(1);
        let end = self.end;
        self.inbox.task(move |domain| {
            let _ = reply.send(remote::type_text(domain, end));
        });
        let ty = answer.recv().ok().and_then(Result::ok);
        let ty = ty.ok_or(ExportError::Closed)?;
        let lent = links.lend(&self.inbox, end, ty, drop);
        let (loan, reference) = lent.map_err(|reason| ExportError::NotLent { reason })?;
        Ok(Exported {
            document: reference.to_document(),
            loan,
        })
    }
}

/// An endpoint that is lent to other nodes; dropping it ends that, and disconnects whoever is
/// connected.
pub struct Exported {
    document: String,
    loan: Loan,
}

impl Exported {
    /// The document of the external endpoint reference, the value of an `external<τ>`: what
    /// [`crate::Runtime::connect_external`] and objects connect with. Whoever has it can connect
    /// with the endpoint, so that it is to be kept as a key is.
    pub fn document(&self) -> &str {
        &self.document
    }

    /// Whether it is lent no more, because nobody was connected for too long.
    pub fn is_over(&self) -> bool {
        self.loan.is_over()
    }
}

impl fmt::Debug for Exported {
    /// Leaves the document out, which is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exported").finish_non_exhaustive()
    }
}

/// Connects an end of the embedder's, in a domain of its own, with an endpoint that somebody lends.
pub(crate) async fn connect_external(
    runtime: Runtime,
    document: &str,
    receive: Receive,
) -> Result<Connection, ConnectError> {
    let refused = |reason| ConnectError::External { reason };
    let there = ExternalEndpoint::read(document).map_err(refused)?;
    let core = runtime.core().clone();
    let domain =
        DomainThread::start(core.clone(), None).map_err(|error| refused(error.to_string()))?;
    let ended = Arc::new(AtomicBool::new(false));
    let (seen, ty) = (ended.clone(), there.ty.clone());
    let (reply, answer) = tokio::sync::oneshot::channel();
    domain.inbox().task(move |domain| {
        let made = || {
            let theirs = {
                let mut types = domain.types.borrow_mut();
                ty.resolve(&mut types, domain.host.formalisms())?
            };
            let (own, made) = outlet(domain, "external", theirs, receive, seen)?;
            Ok((own, remote::type_text(domain, own)?, made))
        };
        let _ = reply.send(made());
    });
    let made = answer.await.map_err(|_| ConnectError::Closed)?;
    let (own, ty, made) = made.map_err(refused)?;
    let inbox = domain.inbox().clone();
    let reached = core
        .links
        .clone()
        .reach(inbox.clone(), own, ty, there, |_, _| true);
    reached.await.map_err(refused)?;
    Ok(Connection::new(
        made,
        &inbox,
        ended,
        Some((domain, runtime)),
    ))
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What the domain's thread answers when a connection was made.
struct Made {
    instance: u64,
    proxy: u64,
    events: Vec<(String, ValueId)>,
    types: Types,
}

fn connect(
    domain: &Domain,
    name: &str,
    end: End,
    receive: Receive,
    ended: Arc<AtomicBool>,
) -> Result<Made, ConnectError> {
    let theirs = domain
        .proxy(end.proxy)
        .filter(|proxy| !domain.is_ending(proxy.instance))
        .and_then(|proxy| Some(proxy.endpoints.get(end.endpoint as usize)?.clone()))
        .ok_or(ConnectError::Closed)?;
    if !theirs.many && domain.is_taken(end) {
        return Err(ConnectError::AlreadyConnected {
            name: name.to_owned(),
        });
    }
    let unsupported = |reason: String| ConnectError::Unsupported {
        name: name.to_owned(),
        reason,
    };
    let (own, made) = outlet(domain, name, theirs.ty, receive, ended).map_err(unsupported)?;
    match domain.connect(end, own) {
        Ok(connection) => {
            domain.own_connection(made.instance, connection);
            domain.start_ready();
            domain.notify_connected(connection);
            Ok(made)
        }
        Err(reason) => {
            domain.end(made.instance, Ended::Closed);
            Err(unsupported(reason))
        }
    }
}

/// Creates the embedder's end towards an endpoint of type `theirs`, not connected yet.
fn outlet(
    domain: &Domain,
    name: &str,
    theirs: EndpointId,
    receive: Receive,
    ended: Arc<AtomicBool>,
) -> Result<(End, Made), String> {
    let large = || "its events cannot be laid out".to_owned();
    let own = host_endpoint(domain, name, theirs).ok_or_else(large)?;
    let keep = |direction| {
        let events = own.events(direction).iter();
        let events = events.map(|event| Some((event.name.to_string(), domain.keeper(event)?)));
        events.collect::<Option<Vec<_>>>().ok_or_else(large)
    };
    let (receives, emits) = (keep(Direction::In)?, keep(Direction::Out)?);
    let (events, types) = sendable(&domain.types.borrow(), &own);
    let outlet = Outlet {
        receive,
        receives,
        ended,
    };
    let instance = domain.begin();
    let made = host_proxy(domain, instance, EMBEDDER, own, Box::new(outlet));
    let own = made.inspect_err(|_| domain.end(instance, Ended::Closed))?;
    let emits = emits.into_iter().map(|(_, keeper)| keeper).collect();
    domain.keep_for_embedder(own.proxy, emits);
    let made = Made {
        instance,
        proxy: own.proxy,
        events,
        types,
    };
    Ok((own, made))
}

/// What may be sent through the embedder's end, and the types of it: no others, since a connection
/// keeps them for as long as it lasts.
fn sendable(types: &Types, endpoint: &EndpointPlan) -> (Vec<(String, ValueId)>, Types) {
    let mut own = Types::new();
    let events = endpoint.emits.iter().map(|event| {
        let payload = TypeId::Value(event.payload.actual);
        let TypeId::Value(payload) = own.import(types, payload) else {
            unreachable!("an imported type keeps its kind")
        };
        (event.name.to_string(), payload)
    });
    (events.collect(), own)
}

/// The embedder's end, in the domain.
struct Outlet {
    receive: Receive,
    receives: Vec<(String, Keeper)>,
    ended: Arc<AtomicBool>,
}

impl Native for Outlet {
    fn event(&mut self, proxy: &ProxyCell, event: Incoming) -> abi::Status {
        let Some((name, keeper)) = self.receives.get(event.event as usize) else {
            return abi::INVALID;
        };
        match keeper.read(event.payload) {
            Ok(data) => {
                (self.receive)(name, &data);
                abi::OK
            }
            Err(fault) => {
                let text = format!("event `{name}` was dropped: {fault}");
                proxy.domain().report(proxy, Level::Error, &text);
                abi::INVALID
            }
        }
    }

    fn disconnected(&mut self, proxy: &ProxyCell, _: u32, _: u64, _: u32) -> abi::Status {
        self.ended.store(true, Ordering::Release);
        // Nothing comes any more: what the embedder gave goes now, not with the `Connection`.
        let number = proxy.number;
        proxy.domain().later(move |domain| {
            if let Some(proxy) = domain.proxy(number) {
                domain.end(proxy.instance, Ended::Closed);
            }
        });
        abi::OK
    }
}

impl Drop for Outlet {
    /// After a panic of `receive` it hears of no disconnection.
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Release);
    }
}

/// A connection that the embedder owns: dropping it disconnects.
pub struct Connection {
    sender: Sender,
    instance: u64,
    /// Where the embedder's end is, if not beside the object; before the runtime, whose threads it
    /// uses.
    _domain: Option<(DomainThread, Runtime)>,
}

impl Connection {
    fn new(
        made: Made,
        inbox: &Arc<Inbox>,
        ended: Arc<AtomicBool>,
        domain: Option<(DomainThread, Runtime)>,
    ) -> Connection {
        Connection {
            sender: Sender {
                inbox: inbox.clone(),
                shared: Arc::new(Shared {
                    proxy: made.proxy,
                    events: made.events,
                    types: made.types,
                    load: Arc::default(),
                    ended,
                }),
            },
            instance: made.instance,
            _domain: domain,
        }
    }

    /// Whether it has ended: the object closed it or is gone, or so is the link to its node.
    pub fn is_ended(&self) -> bool {
        self.sender.shared.ended.load(Ordering::Acquire)
    }

    /// Sends an event to the object: its name and its payload, a record of the parameters. It is
    /// handled on the object's thread, after all that was sent before.
    ///
    /// # Errors
    ///
    /// The endpoint takes no such event, the payload is not of its type, too much waits, or the
    /// connection has ended.
    pub fn send(&self, event: &str, payload: Data) -> Result<(), SendError> {
        self.sender.send(event, payload)
    }

    /// A handle for sending that does not own the connection.
    pub fn sender(&self) -> Sender {
        self.sender.clone()
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sender.fmt(f)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        let instance = self.instance;
        self.sender.shared.ended.store(true, Ordering::Release);
        self.sender
            .inbox
            .task(move |domain| domain.end(instance, Ended::Closed));
    }
}

/// Sends through a connection without owning it; may be used inside the connection's own closure.
#[derive(Clone)]
pub struct Sender {
    inbox: Arc<Inbox>,
    shared: Arc<Shared>,
}

struct Shared {
    proxy: u64,
    /// What may be sent, by name.
    events: Vec<(String, ValueId)>,
    types: Types,
    load: Arc<Load>,
    ended: Arc<AtomicBool>,
}

impl Sender {
    /// As [`Connection::send`].
    ///
    /// # Errors
    ///
    /// As [`Connection::send`].
    pub fn send(&self, event: &str, payload: Data) -> Result<(), SendError> {
        let shared = &self.shared;
        let found = shared
            .events
            .binary_search_by(|(name, _)| name.as_str().cmp(event));
        let index = found.map_err(|_| SendError::UnknownEvent {
            event: event.to_owned(),
            events: shared.events.iter().map(|(name, _)| name.clone()).collect(),
        })?;
        let ty = shared.events[index].1;
        let size = shared
            .types
            .encode(ty, &payload)
            .map(|wire| wire.len())
            .ok_or_else(|| {
                let expected = shared.types.describe(TypeId::Value(ty));
                SendError::WrongPayload {
                    event: event.to_owned(),
                    expected,
                }
            })?;
        if shared.ended.load(Ordering::Acquire) {
            return Err(SendError::Disconnected);
        }
        if !shared.load.take(size) {
            return Err(SendError::Full);
        }
        let (load, proxy) = (shared.load.clone(), shared.proxy);
        let handed_in = self.inbox.task(move |domain| {
            load.give(size);
            domain.emit_for_embedder(proxy, index as u32, &payload);
        });
        if handed_in {
            Ok(())
        } else {
            Err(SendError::Disconnected)
        }
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("connection of an embedder")
    }
}
