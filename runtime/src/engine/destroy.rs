//! Destroy: an instance disconnects first, then destroys, in reverse order of construction.

use std::collections::BTreeMap;
use std::rc::Rc;

use liveobj_abi as abi;

use super::connect::End;
use super::create::Proxy;
use super::domain::Domain;
use crate::object::Ended;

/// What happens when an instance is gone.
pub(crate) type OnEnd = Box<dyn FnOnce(&Domain, Ended)>;

/// What one `open` or one dereference made: it owns its proxies and connections.
#[derive(Default)]
pub(crate) struct Instance {
    /// In the order of construction.
    pub(crate) proxies: Vec<u64>,
    /// In the order of construction.
    pub(crate) connections: Vec<u64>,
    /// What it shows, by name.
    pub(crate) endpoints: BTreeMap<String, End>,
    /// Called when all of it is gone.
    pub(crate) on_end: Option<OnEnd>,
    ending: bool,
    failing: bool,
}

impl Domain {
    /// A new instance without anything in it.
    pub(crate) fn begin(&self) -> u64 {
        let number = self.number();
        self.instances
            .borrow_mut()
            .insert(number, Instance::default());
        number
    }

    /// Ends an instance: everything it owns is disconnected now; once the peers know, it is
    /// destroyed, and `on_end` is called.
    pub(crate) fn end(&self, number: u64, ended: Ended) {
        let (connections, proxies) = {
            let mut instances = self.instances.borrow_mut();
            let Some(instance) = instances.get_mut(&number) else {
                return;
            };
            if std::mem::replace(&mut instance.ending, true) {
                return;
            }
            (instance.connections.clone(), instance.proxies.clone())
        };
        for connection in connections.into_iter().rev() {
            self.disconnect(connection, abi::REASON_DROPPED);
        }
        for proxy in proxies.iter().rev().filter_map(|proxy| self.proxy(*proxy)) {
            // What others connected with it, and what it asked for.
            self.disconnect_all(&proxy, abi::REASON_DROPPED);
            self.close_tokens(proxy.cell.number);
        }
        // What was held for proxies that never started goes with them; all others hear of the
        // disconnections before this is carried out.
        self.later(move |domain| {
            for proxy in proxies
                .iter()
                .rev()
                .filter_map(|proxy| domain.proxy(*proxy))
            {
                domain.disconnect_all(&proxy, abi::REASON_DROPPED);
                domain.close_tokens(proxy.cell.number);
                domain.remove(&proxy);
            }
            let instance = domain.instances.borrow_mut().remove(&number);
            if let Some(on_end) = instance.and_then(|instance| instance.on_end) {
                on_end(domain, ended);
            }
        });
    }

    /// Sets what happens when an instance is gone.
    pub(crate) fn set_on_end(&self, number: u64, call: OnEnd) {
        let replaced = {
            let mut instances = self.instances.borrow_mut();
            instances
                .get_mut(&number)
                .and_then(|instance| instance.on_end.replace(call))
        };
        drop(replaced);
    }

    /// Makes an instance the owner of a connection.
    pub(crate) fn own_connection(&self, number: u64, connection: u64) {
        if let Some(instance) = self.instances.borrow_mut().get_mut(&number) {
            instance.connections.push(connection);
        }
    }

    /// Says what an instance shows; gives its connections in the order of construction.
    pub(crate) fn expose(&self, number: u64, endpoints: &BTreeMap<String, End>) -> Vec<u64> {
        let mut instances = self.instances.borrow_mut();
        let Some(instance) = instances.get_mut(&number) else {
            return Vec::new();
        };
        instance.endpoints = endpoints.clone();
        instance.connections.clone()
    }

    /// Notes that a part of an instance has failed: its end is on its way.
    pub(super) fn mark_failing(&self, number: u64) {
        if let Some(instance) = self.instances.borrow_mut().get_mut(&number) {
            instance.failing = true;
        }
    }

    /// Whether an instance ends, or has ended.
    pub(crate) fn is_ending(&self, number: u64) -> bool {
        let instances = self.instances.borrow();
        instances
            .get(&number)
            .is_none_or(|instance| instance.ending || instance.failing)
    }

    /// Ends all instances, the youngest first.
    pub(crate) fn end_all(&self) {
        let instances: Vec<u64> = self.instances.borrow().keys().rev().copied().collect();
        for instance in instances {
            self.end(instance, Ended::Closed);
        }
    }

    /// Destroys a proxy that has no connections.
    pub(super) fn remove(&self, proxy: &Rc<Proxy>) {
        let number = proxy.cell.number;
        self.held.borrow_mut().remove(&number);
        proxy.cell.destroy();
        self.close_tokens(number);
        self.proxies.borrow_mut().remove(&number);
    }
}
