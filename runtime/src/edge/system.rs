//! The real outside: tokio's timers and sockets, files, the embedder's terminal.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use liveobj_references::{Checked, EndpointText, ExternalEndpoint, Policy};
use liveobj_types::{Formalisms, Source};
use tokio::task::AbortHandle;
use tracing::Instrument;

use super::links::{Loan, lend_for};
use super::tcp::{Listener, Stream};
use super::udp::UdpResource;
use super::{Host, Request, Ticket, file};
use crate::boundary::calls::Wake;
use crate::engine::connect::End;
use crate::engine::domain::Domain;
use crate::engine::inbox::Inbox;
use crate::open;
use crate::runtime::Core;
use crate::state::{Saved, StateWriter};
use crate::trace::{Observers, Tracer};
use crate::verdicts::Verdicts;
use crate::watchdog::Pulse;

/// Nanoseconds on the wall clock, or on one that never goes back.
pub(crate) fn clock(wall: bool) -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let elapsed = if wall {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default()
    } else {
        START.elapsed()
    };
    nanoseconds(elapsed)
}

/// A time that is too long is the longest.
pub(crate) fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// The outside of one domain, in production.
pub(crate) struct SystemHost {
    core: Arc<Core>,
    inbox: Arc<Inbox>,
    open: RefCell<BTreeMap<u64, Resource>>,
    states: Option<Arc<StateWriter>>,
    /// Taken by the domain.
    observers: RefCell<Observers>,
    pulse: Arc<Pulse>,
}

/// Why no stream is taken where the listener is gone.
const NO_LISTENER: &str = "the listener was closed";

enum Resource {
    /// A task that answers once.
    Task(AbortHandle),
    Udp(UdpResource),
    Listener(Listener),
    Stream(Stream),
    Terminal,
    Loan(Loan),
}

impl SystemHost {
    /// Nothing open yet.
    pub(crate) fn new(
        core: Arc<Core>,
        inbox: Arc<Inbox>,
        states: Option<Arc<StateWriter>>,
        observers: Observers,
        pulse: Arc<Pulse>,
    ) -> SystemHost {
        SystemHost {
            core,
            inbox,
            open: RefCell::default(),
            states,
            observers: RefCell::new(observers),
            pulse,
        }
    }

    fn answer(&self, ticket: Ticket, wake: Wake) {
        self.inbox.push(Domain::wake_from_outside(ticket, wake));
    }

    fn keep(&self, ticket: Ticket, resource: Resource) {
        self.open.borrow_mut().insert(ticket.ticket, resource);
    }

    /// Runs a task that answers once.
    fn spawn(&self, ticket: Ticket, task: impl Future<Output = Wake> + Send + 'static) {
        let inbox = self.inbox.clone();
        let task = self.core.tokio.spawn(async move {
            inbox.push(Domain::wake_from_outside(ticket, task.await));
        });
        self.keep(ticket, Resource::Task(task.abort_handle()));
    }

    /// Forgets tasks that have answered, so that the table does not grow with the number of
    /// timers that ever ran.
    fn forget_finished(&self) {
        let mut open = self.open.borrow_mut();
        if open.len().is_power_of_two() && open.len() >= 64 {
            open.retain(|_, resource| match resource {
                Resource::Task(task) => !task.is_finished(),
                Resource::Loan(loan) => !loan.is_over(),
                Resource::Stream(stream) => !stream.is_over(),
                _ => true,
            });
        }
    }
}

impl Host for SystemHost {
    fn inbox(&self) -> Arc<Inbox> {
        self.inbox.clone()
    }

    fn pulse(&self) -> Arc<Pulse> {
        self.pulse.clone()
    }

    fn tracer(&self) -> Option<Rc<dyn Tracer>> {
        self.observers.take().tracer("domain")
    }

    fn random(&self) -> u64 {
        // Nothing weaker could stand in for it.
        getrandom::u64().expect("the operating system has random numbers")
    }

    fn now(&self, wall: bool) -> u64 {
        clock(wall)
    }

    fn leave_within(&self) -> u64 {
        nanoseconds(self.core.leave_within)
    }

    fn request(&self, ticket: Ticket, request: Request) {
        self.forget_finished();
        match request {
            Request::Timer(nanoseconds) => {
                let deadline = tokio::time::Instant::now() + Duration::from_nanos(nanoseconds);
                self.spawn(ticket, async move {
                    tokio::time::sleep_until(deadline).await;
                    Wake::Timer
                });
            }
            Request::UdpOpen(options) => {
                match UdpResource::open(&self.core.tokio, &self.inbox, ticket, &options) {
                    Ok((resource, address)) => {
                        self.keep(ticket, Resource::Udp(resource));
                        self.answer(ticket, Wake::Ready(address));
                    }
                    Err(reason) => self.answer(ticket, Wake::Failed(reason)),
                }
            }
            Request::UdpSend { to, bytes } => {
                if let Some(Resource::Udp(socket)) = self.open.borrow().get(&ticket.ticket) {
                    socket.send(&to, &bytes);
                }
            }
            Request::TcpListen(bind) => match Listener::open(&self.core.tokio, &bind) {
                Ok((listener, address)) => {
                    self.keep(ticket, Resource::Listener(listener));
                    self.answer(ticket, Wake::Ready(address));
                }
                Err(reason) => self.answer(ticket, Wake::Failed(reason)),
            },
            Request::TcpAccept {
                ticket: listener, ..
            } => {
                let stream = match self.open.borrow().get(&listener) {
                    Some(Resource::Listener(listener)) => {
                        Stream::accept(&self.core.tokio, &self.inbox, ticket, listener)
                    }
                    _ => return self.answer(ticket, Wake::Failed(NO_LISTENER.to_owned())),
                };
                self.keep(ticket, Resource::Stream(stream));
            }
            Request::TcpConnect(to) => {
                let stream = Stream::connect(&self.core.tokio, &self.inbox, ticket, to);
                self.keep(ticket, Resource::Stream(stream));
            }
            Request::TcpSend(bytes) => {
                if let Some(Resource::Stream(stream)) = self.open.borrow().get(&ticket.ticket) {
                    stream.send(&bytes);
                }
            }
            Request::TcpReceive => {
                if let Some(Resource::Stream(stream)) = self.open.borrow().get(&ticket.ticket) {
                    stream.receive();
                }
            }
            Request::TerminalOpen => match self.core.terminal.open(ticket, &self.inbox) {
                Ok(()) => self.keep(ticket, Resource::Terminal),
                Err(reason) => self.answer(ticket, Wake::Failed(reason)),
            },
            Request::TerminalShow(line) => self.core.terminal.show(&line),
            Request::FileRead { space, path } => {
                let registry = self.core.registry.clone();
                let read = self
                    .core
                    .tokio
                    .spawn_blocking(move || file::read(space, &path, registry.as_deref()));
                self.spawn(ticket, async move {
                    let gave_up = |_| Wake::Failed("the runtime is shutting down".to_owned());
                    read.await.unwrap_or_else(gave_up)
                });
            }
            Request::Dereference(document) => {
                let resolver = open::Resolver::new(self.core.clone(), self.inbox.clone());
                let span = tracing::info_span!("dereference", by = ticket.proxy);
                let child = open::child(resolver, ticket, document).instrument(span);
                let task = self.core.tokio.spawn(child);
                self.keep(ticket, Resource::Task(task.abort_handle()));
            }
            Request::Connect { .. }
            | Request::DereferenceAs { .. }
            | Request::Export(_)
            | Request::ConnectExternal { .. }
            | Request::Farewell(_)
            | Request::Stay => {}
        }
    }

    fn has_room(&self, ticket: Ticket, bytes: usize) -> bool {
        match self.open.borrow().get(&ticket.ticket) {
            Some(Resource::Stream(stream)) => stream.has_room(bytes),
            _ => true,
        }
    }

    fn stream_address(&self, ticket: Ticket) -> Option<String> {
        match self.open.borrow().get(&ticket.ticket) {
            Some(Resource::Stream(stream)) => stream.address(),
            _ => None,
        }
    }

    fn lend(&self, ticket: Ticket, end: End, ty: EndpointText) {
        self.forget_finished();
        let (loan, wake) = lend_for(&self.core.links, &self.inbox, ticket, end, ty);
        if let Some(loan) = loan {
            self.keep(ticket, Resource::Loan(loan));
        }
        self.answer(ticket, wake);
    }

    fn reach(&self, ticket: Ticket, own: End, ty: EndpointText, there: ExternalEndpoint) {
        self.forget_finished();
        let (links, inbox) = (self.core.links.clone(), self.inbox.clone());
        let task = self.core.tokio.spawn(async move {
            let told =
                move |domain: &Domain, connection: u64| domain.link_connected(ticket, connection);
            let reached = links.reach(inbox.clone(), own, ty, there, told).await;
            if let Err(reason) = reached {
                inbox.push(Domain::wake_from_outside(ticket, Wake::Failed(reason)));
            }
        });
        self.keep(ticket, Resource::Task(task.abort_handle()));
    }

    fn lent_here(&self, capability: &[u8; 16]) -> Option<End> {
        self.core.links.here(capability, &self.inbox)
    }

    fn close(&self, ticket: Ticket) {
        match self.open.borrow_mut().remove(&ticket.ticket) {
            Some(Resource::Task(task)) => task.abort(),
            Some(Resource::Udp(socket)) => socket.close(),
            Some(Resource::Listener(listener)) => listener.close(),
            Some(Resource::Terminal) => self.core.terminal.close(),
            // Dropping it ends it.
            Some(Resource::Loan(_) | Resource::Stream(_)) | None => {}
        }
    }

    fn keep_state(&self, saved: Saved) {
        if let Some(states) = &self.states {
            states.put(saved);
        }
    }

    fn check(&self, source: &Arc<Source>) -> Checked {
        self.core.check(source)
    }

    fn formalisms(&self) -> &Formalisms {
        &self.core.formalisms
    }

    fn verdicts(&self) -> &Verdicts {
        &self.core.verdicts
    }

    fn policy(&self) -> Policy {
        self.core.policy.clone()
    }
}

impl Drop for SystemHost {
    fn drop(&mut self) {
        let open = std::mem::take(&mut *self.open.borrow_mut());
        for resource in open.into_values() {
            match resource {
                Resource::Task(task) => task.abort(),
                Resource::Udp(socket) => socket.close(),
                Resource::Listener(listener) => listener.close(),
                Resource::Stream(stream) => drop(stream),
                Resource::Terminal => self.core.terminal.close(),
                Resource::Loan(loan) => drop(loan),
            }
        }
    }
}
