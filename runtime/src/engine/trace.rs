//! Trace: tells the tracer what happens, where there is one.

use std::cell::Cell;

use liveobj_abi as abi;

use super::connect::{Connection, End};
use super::create::{EndpointPlan, Proxy, ProxyType};
use super::domain::Domain;
use crate::boundary::calls::{Lent, LinkCell, ProxyCell, Wake};
use crate::edge::Request;
use crate::trace::{Created, Entry, TracedLink, What};

impl Domain {
    /// Something happens to `object`, a proxy of this number.
    pub(super) fn trace<'a>(
        &self,
        object: &str,
        proxy: u64,
        what: impl FnOnce() -> What<'a>,
    ) -> u64 {
        let Some(tracer) = &self.tracer else {
            return 0;
        };
        let (path, what) = (self.path.get(), what());
        let entry = Entry {
            object,
            proxy,
            path,
            what,
        };
        let number = tracer.trace(&entry);
        for connection in tracer.cut() {
            self.cut(connection);
        }
        number
    }

    /// Ends a connection at once: what waits there is not delivered.
    fn cut(&self, connection: u64) {
        let found = self.connections.borrow().get(&connection).cloned();
        let Some(found) = found else {
            return;
        };
        let incoming = found.incoming.iter().map(|incoming| &incoming.link);
        for link in found.links.iter().chain(incoming) {
            if let Some(traced) = &link.traced {
                traced.cut.set(true);
            }
        }
        self.disconnect(connection, abi::REASON_PEER_FAILED);
    }

    /// A proxy was created.
    pub(super) fn trace_created(&self, proxy: &Proxy, ty: ProxyType, identity: [u8; 32]) {
        if self.tracer.is_none() {
            return;
        }
        let types = self.types.borrow();
        self.trace(&proxy.label, proxy.cell.number, || {
            What::Created(Created {
                ty,
                types: &types,
                endpoints: &proxy.endpoints,
                identity,
            })
        });
    }

    /// A function returns. `told`: the tracer was told of it.
    pub(crate) fn trace_returned(&self, told: bool) {
        if let Some(tracer) = self.tracer.as_ref().filter(|_| told) {
            tracer.done();
        }
    }

    /// An event is about to be delivered through a traced link. As the others, answers whether the
    /// tracer was told, and is to be told when the function has returned.
    #[cold]
    pub(crate) fn trace_event(
        &self,
        link: &LinkCell,
        event: u32,
        parent: u64,
        payload: Lent,
        waited: Option<u64>,
    ) -> bool {
        let (Some(traced), Some(receiver)) = (&link.traced, link.receiver(event)) else {
            return false;
        };
        let types = self.types.borrow();
        let data = receiver.keeper.read(payload).ok();
        self.trace(&traced.object, traced.ends.1.proxy, || What::Event {
            number: self.numbers.get() + 1,
            parent,
            connection: link.connection,
            link: traced,
            event: event as usize,
            payload: data.map(|data| (&*types, data)),
            waited,
        });
        true
    }

    /// An event was emitted through a traced link, and has to wait.
    pub(super) fn trace_waiting(
        &self,
        link: &LinkCell,
        event: u32,
        parent: u64,
        payload: Lent,
    ) -> Option<u64> {
        let (Some(traced), Some(receiver)) = (&link.traced, link.receiver(event)) else {
            return None;
        };
        let types = self.types.borrow();
        let data = receiver.keeper.read(payload).ok();
        Some(
            self.trace(&traced.object, traced.ends.1.proxy, || What::Waits {
                parent,
                connection: link.connection,
                link: traced,
                event: event as usize,
                payload: data.map(|data| (&*types, data)),
            }),
        )
    }

    /// A proxy is told that it is connected, as event `number`.
    pub(super) fn trace_connected(
        &self,
        cell: &ProxyCell,
        number: u64,
        endpoint: u32,
        connection: u64,
    ) -> bool {
        let Some(proxy) = self.traced_proxy(cell) else {
            return false;
        };
        let own = End {
            proxy: cell.number,
            endpoint,
        };
        let peer = |connection: &Connection| {
            let peer = connection.ends.iter().find(|end| **end != own)?;
            Some((self.end_name(peer), *peer))
        };
        let found = self.connections.borrow().get(&connection).cloned();
        self.trace(&proxy.label, cell.number, || What::Connected {
            number,
            connection,
            endpoint: self.end_name(&own),
            own,
            peer: found.as_deref().and_then(peer),
        });
        true
    }

    /// A proxy is told that a connection has ended, as event `number`.
    pub(super) fn trace_disconnected(
        &self,
        cell: &ProxyCell,
        number: u64,
        end: (u32, u64),
        reason: u32,
    ) -> bool {
        let Some(proxy) = self.traced_proxy(cell) else {
            return false;
        };
        let (endpoint, connection) = end;
        let own = End {
            proxy: cell.number,
            endpoint,
        };
        self.trace(&proxy.label, cell.number, || What::Disconnected {
            number,
            connection,
            endpoint: self.end_name(&own),
            own,
            reason,
        });
        true
    }

    /// A proxy is woken.
    pub(super) fn trace_wake(&self, cell: &ProxyCell, token: u64, wake: &Wake) -> bool {
        let Some(proxy) = self.traced_proxy(cell) else {
            return false;
        };
        self.trace(&proxy.label, cell.number, || What::Wake { token, wake });
        true
    }

    /// A proxy asks the outside for something.
    pub(super) fn trace_request(&self, cell: &ProxyCell, token: u64, request: &Request) {
        if let Some(proxy) = self.traced_proxy(cell) {
            self.trace(&proxy.label, cell.number, || What::Request {
                token,
                request,
            });
        }
    }

    /// What a link between two ends has to know to be traced; none where nobody traces.
    pub(super) fn traced_link(
        &self,
        source: &EndpointPlan,
        (from, emits): (impl FnOnce() -> String, Option<End>),
        (target, to): (&Proxy, End),
    ) -> Option<Box<TracedLink>> {
        self.tracer.as_ref()?;
        let events = source.emits.iter();
        let events = events.map(|event| (event.name.to_string(), event.payload.actual));
        Some(Box::new(TracedLink {
            object: target.label.clone(),
            from: from(),
            to: self.end_name(&to),
            ends: (emits, to),
            events: events.collect(),
            cut: Cell::new(false),
        }))
    }

    fn traced_proxy(&self, cell: &ProxyCell) -> Option<std::rc::Rc<Proxy>> {
        self.tracer.as_ref()?;
        self.proxy(cell.number)
    }
}
