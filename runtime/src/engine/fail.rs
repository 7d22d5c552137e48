//! Fail: a proxy that failed or panicked is disconnected; what it was opened with closes.

use liveobj_abi as abi;

use super::domain::Domain;
use crate::boundary::Misfit;
use crate::boundary::calls::{DEAD, LinkCell, ProxyCell};
use crate::object::Ended;
use crate::report::Level;

impl Domain {
    /// A function of the proxy answered that it failed: its peers get `disconnected`, the rest of
    /// the domain goes on, and the instance it belongs to ends. May be called while others run.
    #[cold]
    pub(crate) fn fail(&self, cell: &ProxyCell, status: abi::Status) {
        if cell.busy.get() & DEAD != 0 {
            return;
        }
        cell.busy.set(cell.busy.get() | DEAD);
        self.held.borrow_mut().remove(&cell.number);
        let Some(proxy) = self.proxy(cell.number) else {
            return;
        };
        let otherwise = if status == abi::PANIC {
            "it panicked"
        } else {
            "it failed without saying why"
        };
        let ended = Ended::Failed {
            object: proxy.label.clone(),
            reason: proxy.reason(otherwise),
        };
        self.disconnect_all(&proxy, abi::REASON_PEER_FAILED);
        self.close_tokens(cell.number);
        let instance = proxy.instance;
        self.mark_failed(instance, ended);
        // As above, unless something else ends it first.
        self.later(move |domain| domain.end(instance, Ended::Closed));
    }

    /// A proxy emitted an event that the type of its endpoint does not declare: it fails.
    #[cold]
    pub(crate) fn undeclared(&self, from: &ProxyCell, link: &LinkCell, event: u32) -> abi::Status {
        let (endpoint, events) = self.emitting(from, link);
        let text = format!(
            "it emitted event number {event} of endpoint `{endpoint}`, which sends {}",
            events.len()
        );
        self.refuse(from, &text)
    }

    /// A proxy emitted a payload that is not of the event's type: it fails, and nobody sees it.
    #[cold]
    pub(crate) fn misfit(
        &self,
        from: &ProxyCell,
        link: &LinkCell,
        event: u32,
        misfit: &Misfit,
    ) -> abi::Status {
        let (endpoint, events) = self.emitting(from, link);
        let name = events.get(event as usize).map_or("", String::as_str);
        let text = format!(
            "what it emitted as event `{name}` of endpoint `{endpoint}` is not of that type: \
             {misfit}"
        );
        self.refuse(from, &text)
    }

    fn refuse(&self, from: &ProxyCell, text: &str) -> abi::Status {
        self.report(from, Level::Error, text);
        self.fail(from, abi::FAILED);
        abi::INVALID
    }

    /// Name of the endpoint that a link belongs to, and of the events that it sends.
    fn emitting(&self, from: &ProxyCell, link: &LinkCell) -> (String, Vec<String>) {
        let connection = self.connections.borrow().get(&link.connection).cloned();
        let side = connection.as_ref().and_then(|connection| {
            let mut links = connection.links.iter();
            links.position(|known| std::ptr::eq(&raw const **known, link))
        });
        let endpoint = connection
            .zip(side)
            .and_then(|(connection, side)| Some(connection.ends.get(side)?.endpoint));
        let found = self.proxy(from.number).zip(endpoint);
        let plan = found
            .as_ref()
            .and_then(|(proxy, endpoint)| proxy.endpoints.get(*endpoint as usize));
        plan.map_or_else(Default::default, |plan| {
            let events = plan.emits.iter().map(|event| event.name.clone());
            (plan.name.clone(), events.collect())
        })
    }
}
