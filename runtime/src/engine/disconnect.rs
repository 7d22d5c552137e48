//! Disconnect: both ends are told once, and nothing comes through any more.

use std::rc::Rc;

use liveobj_abi as abi;

use super::connect::Connection;
use super::create::Proxy;
use super::deliver::Delivery;
use super::domain::Domain;

impl Domain {
    /// Ends a connection. What was emitted before is delivered before `disconnected`, which
    /// follows on every `connected` and on nothing else.
    pub(crate) fn disconnect(&self, number: u64, reason: u32) {
        if let Some(connection) = self.disconnect_here(number, reason) {
            self.tell_ended(&connection, reason);
        }
    }

    /// Ends this domain's part of a connection.
    pub(super) fn disconnect_here(&self, number: u64, reason: u32) -> Option<Rc<Connection>> {
        let connection = self.connections.borrow_mut().remove(number)?;
        self.congested.borrow_mut().remove(&number);
        if connection.told.get() {
            self.take_rest(&connection);
        }
        let path = self.path.get();
        for link in connection.links.iter() {
            link.close();
        }
        for (endpoint, proxy, _) in connection.sides(self) {
            proxy.connections.remove(connection.age.get(), endpoint);
            match proxy.cell.fixed(endpoint).peers() {
                Some(peers) => peers.closed_one(),
                None => proxy.cell.set_link(endpoint, None),
            }
            if !connection.told.get() {
                continue;
            }
            // Behind the events that came through it.
            self.offer(Delivery::Disconnected {
                proxy,
                endpoint,
                connection: number,
                reason,
                path,
            });
        }
        // A running handler may still hold the links.
        self.graveyard
            .borrow_mut()
            .extend(connection.links.iter().cloned());
        Some(connection)
    }

    /// Ends all connections of a proxy, the youngest first.
    pub(super) fn disconnect_all(&self, proxy: &Proxy, reason: u32) {
        for number in proxy.connections.youngest_first() {
            self.disconnect(number, reason);
        }
    }

    /// As [`Domain::disconnect`], for the owner who drops it.
    pub(crate) fn drop_connection(&self, number: u64) {
        self.disconnect(number, abi::REASON_DROPPED);
    }
}
