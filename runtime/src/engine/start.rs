//! Start: a proxy gets what waits for it once its mandatory endpoints are connected.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;

use super::create::Proxy;
use super::deliver::Delivery;
use super::domain::Domain;
use crate::boundary::calls::{DEAD, HELD};

/// The memory for so many numbers is kept from one time to the next.
const FEW: usize = 1024;

impl Domain {
    /// Starts every proxy that is held and has all of its mandatory endpoints connected.
    pub(crate) fn start_ready(&self) {
        let mut candidates = std::mem::take(&mut *self.may_start.borrow_mut());
        candidates.sort_unstable();
        candidates.dedup();
        for number in candidates.drain(..) {
            let held = |proxy: &Rc<Proxy>| proxy.cell.busy.get() & (HELD | DEAD) == HELD;
            let Some(proxy) = self.proxy(number).filter(held) else {
                continue;
            };
            if self.is_opening(proxy.instance) {
                self.may_start.borrow_mut().push(number);
                continue;
            }
            let ready =
                proxy.endpoints.iter().zip(0u32..).all(|(endpoint, index)| {
                    !endpoint.mandatory || proxy.connections.count(index) > 0
                });
            if !ready {
                continue;
            }
            let waiting = self.held.borrow_mut().remove(number);
            proxy.cell.busy.set(proxy.cell.busy.get() & !HELD);
            for delivery in waiting.into_iter().flatten() {
                self.offer(delivery);
            }
        }
        // The next ones use its memory, unless it is much.
        let mut more = self.may_start.borrow_mut();
        if more.capacity() == 0 && candidates.capacity() <= FEW {
            *more = candidates;
        }
    }

    /// Tells all proxies of an instance of a group what they are connected with: that is what they
    /// hear first once they start, in the order in which the connections were made. What has come
    /// for them since they were made waits behind it.
    pub(crate) fn announce_group(&self, instance: u64) {
        let connections = self.expose(instance, &BTreeMap::new());
        let waited: Vec<VecDeque<Delivery>> = {
            let (instances, mut held) = (self.instances.borrow(), self.held.borrow_mut());
            let own = instances.get(instance).map(|it| it.proxies.all());
            let own = own.unwrap_or_default().iter();
            own.filter_map(|number| held.remove(*number)).collect()
        };
        for connection in connections {
            self.notify_connected(connection);
        }
        for delivery in waited.into_iter().flatten() {
            self.offer(delivery);
        }
    }

    /// Starts an instance of a group, all of which is connected and announced.
    pub(crate) fn start_group(&self, instance: u64) {
        self.set_opened(instance);
        self.start_ready();
    }
}
