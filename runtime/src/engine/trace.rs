//! Trace: tells the tracer what happens, where there is one.

use std::cell::Cell;

use liveobj_abi as abi;
use liveobj_types::EndpointId;

use super::connect::{Connection, End, Mode};
use super::create::{EndpointPlan, Proxy, ProxyType};
use super::domain::Domain;
use crate::boundary::calls::{Lent, LinkCell, ProxyCell, Wake};
use crate::edge::{Request, Ticket};
use crate::trace::{Created, Entry, TracedLink, What};

/// An end of a link that is traced.
pub(super) enum TracedEnd<'a> {
    /// In this domain.
    Here(End),
    /// In another one: `object.endpoint`.
    Far(&'a str),
}

/// The object of an end, `object.endpoint`.
fn object_of(end: &str) -> &str {
    end.rsplit_once('.').map_or(end, |(object, _)| object)
}

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
        let found = self.connections.borrow().get(connection).cloned();
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
        self.trace(&proxy.cell.label, proxy.cell.number, || {
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
        let (Some(traced), Some(keeper)) = (&link.traced, link.keeper(event)) else {
            return false;
        };
        let types = self.types.borrow();
        let data = keeper.read(payload).ok();
        let target = traced.ends.1.map_or(0, |end| end.proxy);
        self.trace(&traced.object, target, || What::Event {
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

    /// An event was emitted through a traced link, and has to wait, here or in another domain.
    pub(super) fn trace_waiting(
        &self,
        link: &LinkCell,
        event: u32,
        parent: u64,
        payload: Lent,
    ) -> Option<u64> {
        let (Some(traced), Some(keeper)) = (&link.traced, link.keeper(event)) else {
            return None;
        };
        let types = self.types.borrow();
        let data = keeper.read(payload).ok();
        let target = traced.ends.1.map_or(0, |end| end.proxy);
        Some(self.trace(&traced.object, target, || What::Waits {
            parent,
            connection: link.connection,
            link: traced,
            event: event as usize,
            payload: data.map(|data| (&*types, data)),
        }))
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
            if let Mode::Queued { far, .. } = &connection.mode {
                return Some((far.to_string(), None));
            }
            let peer = connection.ends.iter().find(|end| **end != own)?;
            Some((self.end_name(peer), Some(*peer)))
        };
        let found = self.connections.borrow().get(connection).cloned();
        self.trace(&proxy.cell.label, cell.number, || What::Connected {
            number,
            connection,
            endpoint: self.end_name(&own),
            own,
            peer: found.as_deref().and_then(peer),
        });
        true
    }

    /// An end of this domain was connected with one of another, of this name and type.
    pub(super) fn trace_across(&self, own: End, connection: u64, peer: &str, ty: EndpointId) {
        let Some(proxy) = self.tracer.as_ref().and_then(|_| self.proxy(own.proxy)) else {
            return;
        };
        let types = self.types.borrow();
        self.trace(&proxy.cell.label, own.proxy, || What::Across {
            connection,
            endpoint: self.end_name(&own),
            own,
            peer,
            peer_type: (&types, ty),
        });
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
        self.trace(&proxy.cell.label, cell.number, || What::Disconnected {
            number,
            connection,
            endpoint: self.end_name(&own),
            own,
            reason,
        });
        true
    }

    /// A proxy is woken.
    pub(super) fn trace_wake(&self, cell: &ProxyCell, ticket: Ticket, wake: &Wake) -> bool {
        let Some(proxy) = self.traced_proxy(cell) else {
            return false;
        };
        self.trace(&proxy.cell.label, cell.number, || What::Wake {
            token: ticket.token,
            wake,
            local: match wake {
                Wake::Ready(_) => self.host.stream_address(ticket),
                _ => None,
            },
        });
        true
    }

    /// A proxy asks the outside for something.
    pub(super) fn trace_request(&self, cell: &ProxyCell, token: u64, request: &Request) {
        if let Some(proxy) = self.traced_proxy(cell) {
            self.trace(&proxy.cell.label, cell.number, || What::Request {
                token,
                request,
            });
        }
    }

    /// What a link between two ends has to know to be traced; none where nobody traces.
    pub(super) fn traced_link(
        &self,
        source: &EndpointPlan,
        from: TracedEnd<'_>,
        to: TracedEnd<'_>,
    ) -> Option<Box<TracedLink>> {
        let tracer = self.tracer.as_ref()?;
        let events = source.emits.iter();
        let events = events.map(|event| (event.name.to_string(), event.payload.actual));
        let read = |end: TracedEnd<'_>| match end {
            TracedEnd::Here(end) => (self.end_name(&end), Some(end)),
            TracedEnd::Far(name) => (name.to_owned(), None),
        };
        let ((from, emits), (to, takes)) = (read(from), read(to));
        if !tracer.wants(&from, &to) {
            return None;
        }
        Some(Box::new(TracedLink {
            object: object_of(&to).to_owned(),
            from,
            to,
            ends: (emits, takes),
            events: events.collect(),
            cut: Cell::new(false),
        }))
    }

    fn traced_proxy(&self, cell: &ProxyCell) -> Option<std::rc::Rc<Proxy>> {
        self.tracer.as_ref()?;
        self.proxy(cell.number)
    }
}
