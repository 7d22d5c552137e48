//! Links between nodes: endpoints that are lent to other nodes, and the way to those of others.
//! Each link is one TCP connection for one connection of endpoints. Nothing is encrypted.
//!
//! A node listens only while it lends something. Whoever knows an endpoint's capability, 128 random
//! bits, can connect with that endpoint, and with nothing else, until it is not lent any more.

mod frame;
mod session;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use liveobj_references::{EndpointText, ExternalEndpoint};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio::task::AbortHandle;
use tokio::time::{sleep, timeout};

use self::frame::{Frame, MAX_GREETING, ReadError};
use self::session::Session;
use super::Ticket;
use crate::boundary::calls::Wake;
use crate::engine::connect::End;
use crate::engine::crossing::Load;
use crate::engine::domain::Domain;
use crate::engine::inbox::Inbox;
use crate::remote::{self, Outlet, Remote};

#[cfg(feature = "hostile")]
pub use self::frame::hostile as frame;

/// Greetings that may be under way at once; further callers wait.
const MAX_GREETINGS: usize = 64;

/// How a node's links behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LinkOptions {
    /// Where the node listens while it lends endpoints; port 0: any.
    pub(crate) listen: SocketAddr,
    /// How long without a sign of life a link is taken to be alive; also how long a greeting may
    /// take.
    pub(crate) lease: Duration,
    /// How long an endpoint stays lent that nobody is connected with.
    pub(crate) idle: Duration,
}

impl LinkOptions {
    /// Shortest lease: what a node sends in that time costs little.
    pub(crate) const SHORTEST: Duration = Duration::from_millis(10);
}

impl Default for LinkOptions {
    fn default() -> LinkOptions {
        LinkOptions {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            lease: Duration::from_secs(10),
            idle: Duration::from_secs(600),
        }
    }
}

/// The links of a node.
pub(crate) struct Links {
    options: LinkOptions,
    tokio: Handle,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    lent: BTreeMap<[u8; 16], Arc<Lent>>,
    listener: Option<(SocketAddr, AbortHandle)>,
}

/// An endpoint that is lent to other nodes.
struct Lent {
    inbox: Arc<Inbox>,
    end: End,
    ty: EndpointText,
    /// Whether it is over.
    ended: watch::Sender<bool>,
    /// Links that run.
    active: AtomicUsize,
    /// Links that ever ran.
    used: AtomicU64,
}

/// Owns an endpoint's being lent: dropping it ends it, and its links.
pub(crate) struct Loan {
    links: Arc<Links>,
    capability: [u8; 16],
    expiry: AbortHandle,
}

impl Loan {
    /// Whether it is over, because nobody was connected for too long.
    pub(crate) fn is_over(&self) -> bool {
        !self.links.lock().lent.contains_key(&self.capability)
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        self.expiry.abort();
        self.links.end(&self.capability);
    }
}

impl Links {
    pub(crate) fn new(options: LinkOptions, tokio: Handle) -> Arc<Links> {
        let state = Mutex::default();
        Arc::new(Links {
            options,
            tokio,
            state,
        })
    }

    /// Lends an endpoint of type `ty`; gives the reference to it. `expired` is called when nobody
    /// was connected for too long.
    ///
    /// # Errors
    ///
    /// There is no listening, or there are no random numbers.
    pub(crate) fn lend(
        self: &Arc<Links>,
        inbox: &Arc<Inbox>,
        end: End,
        ty: EndpointText,
        expired: impl FnOnce(String) + Send + 'static,
    ) -> Result<(Loan, ExternalEndpoint), String> {
        let mut capability = [0; 16];
        getrandom::fill(&mut capability)
            .map_err(|error| format!("there are no random numbers: {error}"))?;
        let lent = Arc::new(Lent {
            inbox: inbox.clone(),
            end,
            ty: ty.clone(),
            ended: watch::channel(false).0,
            active: AtomicUsize::new(0),
            used: AtomicU64::new(0),
        });
        let mut state = self.lock();
        let address = self.listen(&mut state)?;
        state.lent.insert(capability, lent.clone());
        drop(state);
        let (links, idle) = (self.clone(), self.options.idle);
        let expiry = self.tokio.spawn(async move {
            let mut seen = 0;
            loop {
                sleep(idle).await;
                let used = lent.used.load(Ordering::Relaxed);
                if lent.active.load(Ordering::Relaxed) == 0 && used == seen {
                    break;
                }
                seen = used;
            }
            links.end(&capability);
            expired(format!("nobody was connected for {idle:?}"));
        });
        let loan = Loan {
            links: self.clone(),
            capability,
            expiry: expiry.abort_handle(),
        };
        let reference = ExternalEndpoint {
            address: address.to_string(),
            capability,
            ty,
        };
        Ok((loan, reference))
    }

    /// The endpoint behind a capability, if it is one of the domain of `inbox`.
    pub(crate) fn here(&self, capability: &[u8; 16], inbox: &Arc<Inbox>) -> Option<End> {
        let lent = self.lock().lent.get(capability).cloned()?;
        Arc::ptr_eq(&lent.inbox, inbox).then_some(lent.end)
    }

    /// Connects `own`, of type `ty`, with an endpoint of another node. What it becomes is told to
    /// `told`, on the domain's thread if there is a connection; where it answers no, the connection
    /// is not wanted any more.
    pub(crate) async fn reach(
        self: Arc<Links>,
        inbox: Arc<Inbox>,
        own: End,
        ty: EndpointText,
        there: ExternalEndpoint,
        told: impl FnOnce(&Domain, u64) -> bool + Send + 'static,
    ) -> Result<(), String> {
        let lease = self.options.lease;
        let hello = Frame::Hello {
            capability: there.capability,
            lease: milliseconds(lease),
            ty,
        };
        let greeting = greet(&there, hello, lease);
        let (stream, their_lease, theirs) = match timeout(lease, greeting).await {
            Ok(greeted) => greeted?,
            Err(_) => return Err(format!("`{}` does not answer", there.address)),
        };
        let Some(joined) = self.join(&inbox, own, theirs, told).await? else {
            return Ok(());
        };
        // Never set: nobody lends this end.
        let (never, ended) = watch::channel(false);
        let session = Session {
            stream,
            joined,
            lease,
            their_lease,
            ended,
        };
        self.tokio.spawn(async move {
            session.run().await;
            drop(never);
        });
        Ok(())
    }

    /// Connects with an endpoint of another node within the domain; none if it is not wanted any
    /// more.
    async fn join(
        &self,
        inbox: &Arc<Inbox>,
        own: End,
        theirs: EndpointText,
        told: impl FnOnce(&Domain, u64) -> bool + Send + 'static,
    ) -> Result<Option<Joined>, String> {
        let (reply, answer) = oneshot::channel();
        let owner = inbox.clone();
        let handed_in = inbox.task(move |domain| {
            let (sender, outgoing) = mpsc::unbounded_channel();
            let load = Arc::new(Load::default());
            let outlet = Outlet {
                // What the link does not take any more is lost with it.
                send: Box::new(move |next| drop(sender.send(next))),
                load: load.clone(),
            };
            let made = remote::connect(domain, own, &theirs, outlet).map(|remote| {
                let wanted = told(domain, remote.connection);
                let joined = Joined {
                    inbox: owner,
                    remote,
                    outgoing,
                    load,
                };
                wanted.then_some(joined)
            });
            // Where nobody waits, the link is gone, and the connection follows it.
            drop(reply.send(made));
        });
        let gone = "the object is gone";
        if !handed_in {
            return Err(gone.to_owned());
        }
        answer.await.unwrap_or_else(|_| Err(gone.to_owned()))
    }

    /// Listens, unless that is so already; gives the address.
    fn listen(self: &Arc<Links>, state: &mut State) -> Result<SocketAddr, String> {
        if let Some((address, _)) = state.listener {
            return Ok(address);
        }
        let wanted = self.options.listen;
        let failed = |error| format!("cannot listen on `{wanted}`: {error}");
        let listener = std::net::TcpListener::bind(wanted).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let _inside = self.tokio.enter();
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        // Not held by its own listener: what lends is.
        let links = Arc::downgrade(self);
        let task = self.tokio.spawn(async move {
            let greetings = Arc::new(Semaphore::new(MAX_GREETINGS));
            loop {
                let Ok(permit) = greetings.clone().acquire_owned().await else {
                    return;
                };
                let Ok((stream, _)) = listener.accept().await else {
                    // Too many files are open, or the like.
                    sleep(Duration::from_millis(50)).await;
                    continue;
                };
                let Some(links) = links.upgrade() else { return };
                tokio::spawn(async move {
                    let session = links.answer(stream).await;
                    drop((permit, links));
                    if let Some((session, lent)) = session {
                        session.run().await;
                        lent.active.fetch_sub(1, Ordering::Relaxed);
                    }
                });
            }
        });
        state.listener = Some((address, task.abort_handle()));
        Ok(address)
    }

    /// Answers a caller; gives the link if there is one.
    async fn answer(&self, mut stream: TcpStream) -> Option<(Session, Arc<Lent>)> {
        let lease = self.options.lease;
        // Events are small, and somebody waits for them.
        let _ = stream.set_nodelay(true);
        let hello = timeout(lease, frame::read(&mut stream, MAX_GREETING, lease)).await;
        let Ok(Ok(Frame::Hello {
            capability,
            lease: their_lease,
            ty: theirs,
        })) = hello
        else {
            // Whoever speaks something else learns nothing.
            tracing::debug!("somebody called and did not greet");
            return None;
        };
        let lent = self.lock().lent.get(&capability).cloned();
        let Some(lent) = lent else {
            let reason = "there is no such endpoint, or not any more".to_owned();
            tracing::debug!(reason, "a caller is refused");
            let refused = Frame::Refused(reason);
            let _ = timeout(lease, frame::write(&mut stream, &refused)).await;
            return None;
        };
        let wanted = |_: &Domain, _: u64| true;
        let joined = timeout(lease, self.join(&lent.inbox, lent.end, theirs, wanted)).await;
        let busy = || Err("the object is busy".to_owned());
        let (answer, joined) = match joined.unwrap_or_else(|_| busy()) {
            Ok(Some(joined)) => {
                let welcome = Frame::Welcome {
                    lease: milliseconds(lease),
                    ty: lent.ty.clone(),
                };
                (welcome, Some(joined))
            }
            Ok(None) => return None,
            Err(reason) => {
                tracing::debug!(reason, "a caller is refused");
                (Frame::Refused(reason), None)
            }
        };
        let written = timeout(lease, frame::write(&mut stream, &answer)).await;
        let joined = joined?;
        if !matches!(written, Ok(Ok(()))) {
            let (reason, connection) = (liveobj_abi::REASON_LINK_LOST, joined.remote.connection);
            let lost = move |domain: &Domain| domain.disconnect(connection, reason);
            lent.inbox.task(lost);
            return None;
        }
        lent.active.fetch_add(1, Ordering::Relaxed);
        lent.used.fetch_add(1, Ordering::Relaxed);
        let session = Session {
            stream,
            joined,
            lease,
            their_lease: Duration::from_millis(their_lease.into()).max(LinkOptions::SHORTEST),
            ended: lent.ended.subscribe(),
        };
        Some((session, lent))
    }

    /// Lends no more. The last one closes the listening socket, unless its port was asked for: who
    /// asked for it expects it to stay this node's.
    fn end(&self, capability: &[u8; 16]) {
        let mut state = self.lock();
        let Some(lent) = state.lent.remove(capability) else {
            return;
        };
        if state.lent.is_empty()
            && self.options.listen.port() == 0
            && let Some((_, listener)) = state.listener.take()
        {
            listener.abort();
        }
        drop(state);
        lent.ended.send_replace(true);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection with an endpoint of another node, and what goes out through it. Dropping this ends
/// the connection, wherever it is dropped: in a link that ran, or by somebody who no longer waits.
struct Joined {
    inbox: Arc<Inbox>,
    remote: Remote,
    outgoing: mpsc::UnboundedReceiver<remote::Outgoing>,
    load: Arc<Load>,
}

impl Drop for Joined {
    fn drop(&mut self) {
        let connection = self.remote.connection;
        // Nothing happens if it has ended.
        self.inbox
            .task(move |domain| domain.drop_connection(connection));
    }
}

/// Calls another node and says what is wanted; gives the link, the other side's lease and the type
/// of its endpoint.
async fn greet(
    there: &ExternalEndpoint,
    hello: Frame,
    lease: Duration,
) -> Result<(TcpStream, Duration, EndpointText), String> {
    let at = &there.address;
    let unreachable = |error| format!("`{at}` cannot be reached: {error}");
    let address: SocketAddr = at
        .parse()
        .map_err(|_| format!("`{at}` is not an address"))?;
    let mut stream = TcpStream::connect(address).await.map_err(unreachable)?;
    let _ = stream.set_nodelay(true);
    frame::write(&mut stream, &hello)
        .await
        .map_err(unreachable)?;
    match frame::read(&mut stream, MAX_GREETING, lease).await {
        Ok(Frame::Welcome { lease, ty }) => {
            let lease = Duration::from_millis(lease.into()).max(LinkOptions::SHORTEST);
            Ok((stream, lease, ty))
        }
        Ok(Frame::Refused(reason)) => Err(format!("`{at}` refuses: {reason}")),
        Ok(_) | Err(ReadError::Malformed) => Err(format!("`{at}` speaks something else")),
        Err(ReadError::Lost(error)) => Err(format!("`{at}` hung up: {error}")),
    }
}

fn milliseconds(lease: Duration) -> u32 {
    u32::try_from(lease.as_millis()).unwrap_or(u32::MAX)
}

/// A wake with the reference to an endpoint that is lent from now on, or why it is not.
pub(crate) fn lend_for(
    links: &Arc<Links>,
    inbox: &Arc<Inbox>,
    ticket: Ticket,
    end: End,
    ty: EndpointText,
) -> (Option<Loan>, Wake) {
    let waker = inbox.clone();
    let expired = move |reason| {
        waker.push(Domain::wake_from_outside(ticket, Wake::Failed(reason)));
    };
    match links.lend(inbox, end, ty, expired) {
        Ok((loan, reference)) => (Some(loan), Wake::Exported(reference.to_document())),
        Err(reason) => (None, Wake::Failed(reason)),
    }
}
