//! Start: a proxy gets what waits for it once its mandatory endpoints are connected.

use super::domain::Domain;
use crate::boundary::calls::HELD;

impl Domain {
    /// Starts every proxy that is held and has all of its mandatory endpoints connected.
    pub(crate) fn start_ready(&self) {
        let candidates = std::mem::take(&mut *self.may_start.borrow_mut());
        for number in candidates {
            let held = self.held.borrow().contains_key(&number);
            let Some(proxy) = self.proxy(number).filter(|_| held) else {
                continue;
            };
            let ready =
                proxy.endpoints.iter().zip(0u32..).all(|(endpoint, index)| {
                    !endpoint.mandatory || proxy.connections.count(index) > 0
                });
            if !ready {
                continue;
            }
            let waiting = self.held.borrow_mut().remove(&number).unwrap_or_default();
            proxy.cell.busy.set(proxy.cell.busy.get() & !HELD);
            for delivery in waiting {
                self.offer(delivery);
            }
        }
    }
}
