//! Fail: a proxy that failed or panicked is disconnected; what it was opened with closes.

use liveobj_abi as abi;

use super::domain::Domain;
use crate::boundary::calls::{DEAD, ProxyCell};
use crate::object::Ended;

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
        self.mark_failing(instance);
        self.later(move |domain| domain.end(instance, ended));
    }
}
