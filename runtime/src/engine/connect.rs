//! Connect: two endpoints, each other's links.

use std::cell::Cell;
use std::ops::Deref;
use std::rc::Rc;
use std::sync::Arc;

use super::create::{EndpointPlan, Proxy};
use super::crossing::Incoming;
use super::deliver::Delivery;
use super::domain::Domain;
use super::inbox::Inbox;
use super::trace::TracedEnd;
use crate::boundary::calls::{self, HELD, HandledBy, LinkCell};

/// An endpoint of a proxy of this domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// The proxy's number.
    pub(crate) proxy: u64,
    /// The endpoint's number.
    pub(crate) endpoint: u32,
}

/// How a connection carries events. It belongs to the connection; objects do not notice.
pub(crate) enum Mode {
    /// Inside the domain: a call.
    Direct,
    /// Across domains: copied, queued, bounded.
    Queued {
        /// The other domain.
        peer: Arc<Inbox>,
        /// The end there, for people.
        far: Box<str>,
    },
}

/// What a domain has of a connection: one or two of each.
pub(crate) enum Sides<T> {
    /// The other one is in another domain.
    One([T; 1]),
    /// Both.
    Two([T; 2]),
}

impl<T> Deref for Sides<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Sides::One(one) => one,
            Sides::Two(two) => two,
        }
    }
}

/// A connection, or this domain's half of one.
pub(crate) struct Connection {
    /// Its number, the same for both sides.
    pub(crate) number: u64,
    /// Its ends in this domain: two, or one if it is queued.
    pub(crate) ends: Sides<End>,
    /// The link by which each of these ends emits.
    pub(super) links: Sides<Rc<LinkCell>>,
    /// How it carries events.
    pub(crate) mode: Mode,
    /// For queued ones: the way from the queue to this domain's end.
    pub(super) incoming: Option<Box<Incoming>>,
    /// Whether its ends have been told of it: else they are not told that it has ended.
    pub(super) told: Cell<bool>,
    /// When it was made, among the connections of this domain.
    pub(super) age: Cell<u64>,
}

impl Connection {
    /// Who has one of its ends here, while it lasts.
    fn holder(&self, domain: &Domain, side: usize) -> Option<Rc<Proxy>> {
        match &self.links {
            // The link of the other end leads to it.
            Sides::Two(links) => links[1 - side].target().cloned(),
            Sides::One(_) => domain.proxy(self.ends[side].proxy),
        }
    }

    /// Its ends here, with who has them and the link by which each emits.
    pub(super) fn sides(
        &self,
        domain: &Domain,
    ) -> impl Iterator<Item = (u32, Rc<Proxy>, &Rc<LinkCell>)> {
        let sides = self.ends.iter().zip(self.links.iter()).enumerate();
        sides.filter_map(|(side, (end, link))| {
            Some((end.endpoint, self.holder(domain, side)?, link))
        })
    }

    /// Whether it has ended in this domain.
    pub(super) fn has_ended(&self) -> bool {
        self.links.iter().any(|link| link.is_closed())
    }
}

impl Domain {
    /// Connects two endpoints of this domain. `connected` is not delivered yet.
    ///
    /// # Errors
    ///
    /// An end is taken or gone, or there is no conversion for an event.
    pub(crate) fn connect(&self, left: End, right: End) -> Result<u64, String> {
        let [first, second] = [self.vacant(left)?, self.vacant(right)?];
        if left == right {
            return Err("an endpoint cannot be connected with itself".to_owned());
        }
        let number = self.number();
        let there = self.receivers(plan(&first, left), &second, right.endpoint)?;
        let back = self.receivers(plan(&second, right), &first, left.endpoint)?;
        let traced = |source: &Proxy, from: End, to: End| {
            let ends = (TracedEnd::Here(from), TracedEnd::Here(to));
            self.traced_link(plan(source, from), ends.0, ends.1)
        };
        let forth = traced(&first, left, right);
        let reverse = traced(&second, right, left);
        let domain = self.shared();
        self.install(Connection {
            number,
            ends: Sides::Two([left, right]),
            links: Sides::Two([
                LinkCell::direct(
                    &domain,
                    number,
                    Some(&first.cell),
                    second.clone(),
                    there,
                    forth,
                ),
                LinkCell::direct(
                    &domain,
                    number,
                    Some(&second.cell),
                    first.clone(),
                    back,
                    reverse,
                ),
            ]),
            mode: Mode::Direct,
            incoming: None,
            told: Cell::new(false),
            age: Cell::new(0),
        });
        Ok(number)
    }

    /// Puts a connection in its place: the links of its ends lead through it from now on.
    pub(crate) fn install(&self, connection: Connection) {
        let number = connection.number;
        let age = self.number();
        for (endpoint, proxy, link) in connection.sides(self) {
            proxy.connections.add(age, endpoint, number);
            if proxy.cell.busy.get() & HELD != 0 {
                self.may_start.borrow_mut().push(proxy.cell.number);
            }
            match proxy.cell.fixed(endpoint).peers() {
                Some(peers) => peers.add(link.clone()),
                None => proxy.cell.set_link(endpoint, Some(link)),
            }
        }
        connection.age.set(age);
        connection.count(self.counting.is_on());
        self.connections
            .borrow_mut()
            .insert(number, Rc::new(connection));
    }

    /// Delivers `connected` to both ends, behind what already waits.
    pub(crate) fn notify_connected(&self, number: u64) {
        let Some(connection) = self.connections.borrow().get(number).cloned() else {
            return;
        };
        connection.told.set(true);
        let path = self.path.get();
        for (endpoint, proxy, _) in connection.sides(self) {
            self.offer(Delivery::Connected {
                proxy,
                endpoint,
                connection: number,
                path,
            });
        }
    }

    /// The link of one connection of an endpoint, while it lasts.
    pub(crate) fn link_of(
        &self,
        proxy: &crate::boundary::calls::ProxyCell,
        endpoint: u32,
        number: u64,
    ) -> Option<Rc<LinkCell>> {
        let connections = self.connections.borrow();
        let connection = connections.get(number)?;
        let wanted = End {
            proxy: proxy.number,
            endpoint,
        };
        let side = connection.ends.iter().position(|end| *end == wanted)?;
        Some(connection.links[side].clone())
    }

    /// `object.endpoint`, for people.
    pub(crate) fn end_name(&self, end: &End) -> String {
        self.proxy(end.proxy).map_or_else(
            || "an object that is gone".to_owned(),
            |proxy| format!("{}.{}", proxy.cell.label, plan(&proxy, *end).name),
        )
    }

    pub(super) fn vacant(&self, end: End) -> Result<Rc<Proxy>, String> {
        let proxy = self
            .proxy(end.proxy)
            .filter(|proxy| !self.is_ending(proxy.instance))
            .ok_or("the object is gone")?;
        let Some(endpoint) = proxy.endpoints.get(end.endpoint as usize) else {
            return Err("there is no such endpoint".to_owned());
        };
        let taken = proxy.connections.count(end.endpoint) > 0;
        if taken && !endpoint.many {
            return Err(format!("endpoint `{}` is already connected", endpoint.name));
        }
        Ok(proxy)
    }

    /// Where each event of `source` goes at an endpoint of `target`.
    pub(super) fn receivers(
        &self,
        source: &EndpointPlan,
        target: &Proxy,
        endpoint: u32,
    ) -> Result<calls::Receivers, String> {
        let types = self.types.borrow();
        let there = &target.endpoints[endpoint as usize];
        calls::Receivers::of(&source.emits, |event| {
            let index = there
                .receives
                .binary_search_by(|handled| handled.name.cmp(&event.name))
                .map_err(|_| format!("event `{}` is not received there", event.name))?;
            let payload = there.receives[index].payload;
            let prepared = &self.prepared;
            let conversion = prepared
                .conversion(&types, event.payload, payload)
                .map_err(|_| format!("there is no conversion for event `{}`", event.name))?;
            let keeper = prepared.keeper(&types, event.payload);
            let keeper = keeper.ok_or_else(|| too_large(&event.name))?;
            let by = match there.dynamic {
                true => HandledBy::Dynamic(index as u32),
                false => HandledBy::Event(index as u32),
            };
            let to = (&target.cell, endpoint);
            let name = event.name.clone();
            Ok(calls::Receiver::new(to, by, conversion, keeper, name))
        })
    }
}

pub(super) fn plan(proxy: &Proxy, end: End) -> &EndpointPlan {
    &proxy.endpoints[end.endpoint as usize]
}

pub(super) fn too_large(event: &str) -> String {
    format!("the payload of event `{event}` cannot be laid out")
}
