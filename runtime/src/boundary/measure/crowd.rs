//! Proxies that come and go.

use std::rc::Rc;

use liveobj_types::EndpointId;
use liveobj_types::types::Basic;

use super::{Number, RECEIVER, SENDER, domain, end, plan, proxy, types};
use crate::boundary::calls::{Lent, Table};
use crate::engine::create::Proxy;
use crate::engine::domain::Domain;
use crate::object::Ended;

/// A domain with one sender, whose endpoint is `many`, that the caller drives.
pub struct Crowd {
    domain: Rc<Domain>,
    hub: Rc<Proxy>,
    receiving: EndpointId,
    sending: EndpointId,
}

impl Crowd {
    /// Nobody but the hub yet.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Crowd {
        let (domain, instance) = domain();
        let [sending, receiving] = types(&domain, Basic::U64);
        let endpoints = vec![plan(&domain, "a", sending, true)];
        let hub = proxy(&domain, instance, Table::new(&SENDER), endpoints);
        domain.start_ready();
        domain.turn(None);
        Crowd {
            domain,
            hub,
            receiving,
            sending,
        }
    }

    /// Opens so many objects, each for itself, and connects each with the hub; then closes them,
    /// the youngest first. Each step is a turn of its own.
    pub fn around_the_hub(&self, count: usize) {
        let open = |_| {
            let instance = self.domain.begin();
            let endpoints = vec![plan(&self.domain, "a", self.receiving, false)];
            let guest = proxy(&self.domain, instance, Table::new(&RECEIVER), endpoints);
            self.connect(instance, &self.hub, &guest);
            instance
        };
        let opened: Vec<u64> = (0..count).map(open).collect();
        self.close(opened);
    }

    /// As [`Crowd::around_the_hub`], in pairs of objects that are connected with each other only.
    pub fn in_pairs(&self, count: usize) {
        let open = |_| {
            let instance = self.domain.begin();
            let ends = [(&SENDER, self.sending), (&RECEIVER, self.receiving)];
            let [left, right] = ends.map(|(table, ty)| {
                let endpoints = vec![plan(&self.domain, "a", ty, false)];
                proxy(&self.domain, instance, Table::new(table), endpoints)
            });
            self.connect(instance, &left, &right);
            instance
        };
        let opened: Vec<u64> = (0..count.div_ceil(2)).map(open).collect();
        self.close(opened);
    }

    /// One object opens, is connected with the hub, receives an event and closes.
    pub fn one_visits(&self, number: &Number) {
        let instance = self.domain.begin();
        let endpoints = vec![plan(&self.domain, "a", self.receiving, false)];
        let guest = proxy(&self.domain, instance, Table::new(&RECEIVER), endpoints);
        self.connect(instance, &self.hub, &guest);
        let payload = Lent::new(std::ptr::from_ref(number).cast());
        self.hub.cell.emit(0, 0, payload);
        self.close(vec![instance]);
    }

    fn connect(&self, owner: u64, left: &Proxy, right: &Proxy) {
        let made = self.domain.connect(end(left, 0), end(right, 0));
        let connection = made.expect("they match");
        self.domain.own_connection(owner, connection);
        self.domain.start_ready();
        self.domain.notify_connected(connection);
        self.domain.turn(None);
    }

    fn close(&self, instances: Vec<u64>) {
        for instance in instances.into_iter().rev() {
            self.domain.end(instance, Ended::Closed);
            self.domain.turn(None);
        }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.domain.end_all();
        self.domain.turn(None);
        assert!(self.domain.is_empty(), "something is left");
    }
}
