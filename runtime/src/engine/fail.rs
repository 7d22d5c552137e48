//! Fail: a proxy that failed or panicked is disconnected; what it was opened with closes.

use std::fmt;
use std::rc::Rc;

use liveobj_abi as abi;

use super::create::{EndpointPlan, Proxy};
use super::domain::Domain;
use crate::boundary::calls::{DEAD, LinkCell, ProxyCell};
use crate::boundary::{Misfit, PayloadFault};
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
        let held = self.held.borrow_mut().remove(cell.number);
        drop(held);
        let Some(proxy) = self.proxy(cell.number) else {
            return;
        };
        let otherwise = if status == abi::PANIC {
            "it panicked"
        } else {
            "it failed without saying why"
        };
        let ended = Ended::Failed {
            object: proxy.cell.label.to_string(),
            reason: proxy.reason(otherwise),
        };
        self.disconnect_all(&proxy, abi::REASON_PEER_FAILED);
        self.close_tokens(cell.number);
        let instance = proxy.instance;
        self.mark_failed(instance, ended);
        // As above, unless something else ends it first.
        self.later(move |domain| domain.end(instance, Ended::Closed));
    }

    /// A proxy emitted an event that the type of its endpoint does not declare: it fails, unless it
    /// does not know that type. Then the number may have come from elsewhere, as opaque bytes do.
    #[cold]
    pub(crate) fn undeclared(&self, from: &ProxyCell, link: &LinkCell, event: u32) -> abi::Status {
        let emitter = self.emitter(link);
        let plan = emitter.as_ref().map(Emitter::plan);
        let (endpoint, count) = plan.map_or(("", 0), |plan| (&plan.name, plan.emits.len()));
        let text = format!(
            "it emitted event number {event} of endpoint `{endpoint}`, which sends {count}"
        );
        if plan.is_some_and(|plan| plan.dynamic) {
            self.refused(link, &text)
        } else {
            self.fault(from, &text)
        }
    }

    /// A proxy emitted a payload that is not of the event's type, and nobody sees it: it fails,
    /// unless only opaque bytes are wrong. Those may have come from elsewhere.
    #[cold]
    pub(crate) fn misfit(
        &self,
        from: &ProxyCell,
        link: &LinkCell,
        event: u32,
        misfit: &Misfit,
    ) -> abi::Status {
        let emitter = self.emitter(link);
        let plan = emitter.as_ref().map(Emitter::plan);
        let name = plan.and_then(|plan| Some(&*plan.emits.get(event as usize)?.name));
        let text = not_of_type(plan, name.unwrap_or_default(), misfit);
        if matches!(misfit.fault, PayloadFault::Wire(_)) {
            self.refused(link, &text)
        } else {
            self.fault(from, &text)
        }
    }

    /// A payload turned out not to be of the event's type where it was followed: nobody sees it.
    #[cold]
    pub(crate) fn unreadable(
        &self,
        link: &LinkCell,
        event: &str,
        fault: &PayloadFault,
    ) -> abi::Status {
        let emitter = self.emitter(link);
        let text = not_of_type(emitter.as_ref().map(Emitter::plan), event, fault);
        self.refused(link, &text)
    }

    fn fault(&self, from: &ProxyCell, text: &str) -> abi::Status {
        self.report(from, Level::Error, text);
        self.fail(from, abi::FAILED);
        abi::INVALID
    }

    /// Says that an emission was refused. What comes again and again is said ever more rarely,
    /// since strangers may be behind it: the second time, the fourth, the eighth.
    fn refused(&self, link: &LinkCell, text: &str) -> abi::Status {
        let count = link.refused.get() + 1;
        link.refused.set(count);
        if count.is_power_of_two() {
            let label = match (self.emitter(link), link.target()) {
                (Some(emitter), _) => emitter.proxy.cell.label.to_string(),
                // From another domain, or through a connection that has ended since.
                (None, Some(target)) => target.cell.label.to_string(),
                (None, None) => String::new(),
            };
            let text = match count {
                1 => text.to_owned(),
                _ => format!("{text} ({count} refused so far)"),
            };
            self.say(Level::Warning, label, text);
        }
        abi::INVALID
    }

    /// Who emits through a link, while its connection lasts; none if that is in another domain.
    fn emitter(&self, link: &LinkCell) -> Option<Emitter> {
        let connection = self.connections.borrow().get(link.connection).cloned()?;
        let mut links = connection.links.iter();
        let side = links.position(|known| std::ptr::eq(&raw const **known, link))?;
        let end = connection.ends.get(side)?;
        let proxy = self.proxy(end.proxy)?;
        Some(Emitter {
            endpoint: end.endpoint as usize,
            proxy,
        })
    }
}

/// Who emits through a link, and where.
struct Emitter {
    proxy: Rc<Proxy>,
    endpoint: usize,
}

impl Emitter {
    fn plan(&self) -> &EndpointPlan {
        &self.proxy.endpoints[self.endpoint]
    }
}

/// `plan` is that of the endpoint that emitted it; none where it came from elsewhere.
fn not_of_type(plan: Option<&EndpointPlan>, event: &str, fault: &dyn fmt::Display) -> String {
    match plan {
        Some(EndpointPlan { name, .. }) => format!(
            "what it emitted as event `{event}` of endpoint `{name}` is not of that type: {fault}"
        ),
        None => format!("what came to it as event `{event}` is not of that type: {fault}"),
    }
}
