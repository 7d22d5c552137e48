//! Start: a proxy gets what waits for it once its mandatory endpoints are connected.

use super::domain::Domain;
use crate::boundary::calls::HELD;

impl Domain {
    /// Starts every proxy that is held and has all of its mandatory endpoints connected.
    pub(crate) fn start_ready(&self) {
        let held: Vec<u64> = self.held.borrow().keys().copied().collect();
        for number in held {
            let Some(proxy) = self.proxy(number) else {
                self.held.borrow_mut().remove(&number);
                continue;
            };
            let ready = {
                let connections = proxy.connections.borrow();
                proxy.endpoints.iter().zip(0u32..).all(|(endpoint, index)| {
                    !endpoint.mandatory || connections.iter().any(|(_, taken)| *taken == index)
                })
            };
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
