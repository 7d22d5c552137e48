//! Proxies that come and go.

use std::rc::Rc;

use liveobj_types::types::Basic;

use super::{Number, RECEIVER, SENDER, domain, end, plan, proxy, types};
use crate::boundary::calls::{Lent, Table};
use crate::engine::create::{EndpointPlan, Proxy};
use crate::engine::domain::Domain;
use crate::object::Ended;

/// A domain with one sender, whose endpoint is `many`, that the caller drives.
pub struct Crowd {
    domain: Rc<Domain>,
    hub: Rc<Proxy>,
    receiving: Rc<[EndpointPlan]>,
    sending: Rc<[EndpointPlan]>,
}

impl Crowd {
    /// Nobody but the hub yet.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Crowd {
        let (domain, instance) = domain();
        let [sending, receiving] = types(&domain, Basic::U64);
        let endpoints = [plan(&domain, "a", sending, true)];
        let [sending, receiving] =
            [sending, receiving].map(|ty| [plan(&domain, "a", ty, false)].into());
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
            let endpoints = self.receiving.clone();
            let guest = proxy(&self.domain, instance, Table::new(&RECEIVER), endpoints);
            self.connect(instance, &self.hub, &guest);
            instance
        };
        let opened: Vec<u64> = (0..count).map(open).collect();
        self.close(opened);
    }

    /// As [`Crowd::around_the_hub`], in pairs of objects that are connected with each other only.
    pub fn in_pairs(&self, count: usize) {
        let opened = self.open_pairs(count.div_ceil(2));
        self.close(opened);
    }

    /// Opens so many pairs of objects that are connected with each other, and answers their
    /// numbers.
    pub fn open_pairs(&self, count: usize) -> Vec<u64> {
        let open = |_| {
            let (instance, [left, right]) = self.pair();
            self.connect(instance, &left, &right);
            instance
        };
        (0..count).map(open).collect()
    }

    /// As [`Crowd::open_pairs`], without connections.
    pub fn open_strangers(&self, count: usize) -> Vec<u64> {
        let open = |_| {
            let (instance, _) = self.pair();
            self.domain.start_ready();
            self.domain.turn(None);
            instance
        };
        (0..count).map(open).collect()
    }

    fn pair(&self) -> (u64, [Rc<Proxy>; 2]) {
        let instance = self.domain.begin();
        let ends = [(&SENDER, &self.sending), (&RECEIVER, &self.receiving)];
        let proxies = ends.map(|(table, endpoints)| {
            proxy(&self.domain, instance, Table::new(table), endpoints.clone())
        });
        (instance, proxies)
    }

    /// One object opens, is connected with the hub, receives an event and closes.
    pub fn one_visits(&self, number: &Number) {
        let instance = self.domain.begin();
        let endpoints = self.receiving.clone();
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

    /// Closes what was opened, the youngest first.
    pub fn close(&self, instances: Vec<u64>) {
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
