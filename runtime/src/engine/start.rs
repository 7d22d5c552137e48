//! Start: a proxy gets what waits for it once its mandatory endpoints are connected.

use std::collections::BTreeMap;

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
            if self.is_opening(proxy.instance) {
                self.may_start.borrow_mut().insert(number);
                continue;
            }
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

    /// Tells all proxies of an instance of a group what they are connected with: that is what they
    /// hear first once they start, in the order in which the connections were made. What has come
    /// for them since they were made waits behind it.
    pub(crate) fn announce_group(&self, instance: u64) {
        let connections = self.expose(instance, &BTreeMap::new());
        let numbers: Vec<u64> = {
            let proxies = self.proxies.borrow();
            let own = proxies.values().filter(|it| it.instance == instance);
            own.map(|proxy| proxy.cell.number).collect()
        };
        let mut waited = BTreeMap::new();
        for (number, waiting) in &mut *self.held.borrow_mut() {
            if numbers.binary_search(number).is_ok() {
                waited.insert(*number, std::mem::take(waiting));
            }
        }
        for connection in connections {
            self.notify_connected(connection);
        }
        for (number, waiting) in &mut *self.held.borrow_mut() {
            waiting.extend(waited.remove(number).into_iter().flatten());
        }
    }

    /// Starts an instance of a group, all of which is connected and announced.
    pub(crate) fn start_group(&self, instance: u64) {
        self.set_opened(instance);
        self.start_ready();
    }
}
