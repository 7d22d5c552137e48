//! Destroy: an instance disconnects first, then destroys, in reverse order of construction.

use std::collections::BTreeMap;
use std::rc::Rc;

use liveobj_abi as abi;

use super::connect::End;
use super::create::Proxy;
use super::domain::Domain;
use super::few::Few;
use super::group::Membership;
use crate::object::Ended;
use crate::report::Level;
use crate::trace::What;

/// What happens when an instance is gone.
pub(crate) type OnEnd = Box<dyn FnOnce(&Domain, Ended)>;

/// What one `open` or one dereference made: it owns its proxies and connections.
#[derive(Default)]
pub(crate) struct Instance {
    /// In the order of construction.
    pub(crate) proxies: Few,
    /// In the order of construction.
    pub(crate) connections: Few,
    /// What it shows, by name.
    pub(crate) endpoints: BTreeMap<String, End>,
    /// Called when all of it is gone.
    pub(crate) on_end: Option<OnEnd>,
    /// What it ends with, in other domains.
    group: Option<Membership>,
    /// The proxy that owns it by a token, or has dropped it; 0 for none.
    owner: u64,
    /// The instance that was told to end where this is part of what ends then; 0 while it does not end.
    parting: u64,
    /// How many requests to stay of its proxies there are, and partings of what they own.
    held: u32,
    /// Not everything of its group is connected yet: none of its proxies starts.
    opening: bool,
    /// Why it ends, if one of its parts has failed.
    failed: Option<Box<Ended>>,
}

impl Instance {
    /// Whether its end has begun.
    fn is_ending(&self) -> bool {
        self.parting != 0
    }
}

/// An instance whose end has begun.
pub(super) struct Condemned {
    pub(super) number: u64,
    connections: Few,
    proxies: Few,
    ended: Ended,
}

impl Domain {
    /// A new instance without anything in it.
    pub(crate) fn begin(&self) -> u64 {
        let number = self.number();
        self.instances.borrow_mut().insert(number, Box::default());
        number
    }

    /// A new instance that is one of a group: none of its proxies starts until
    /// [`Domain::start_group`].
    pub(crate) fn begin_in(&self, membership: Membership) -> u64 {
        let number = self.begin();
        membership.join(number);
        if let Some(instance) = self.instances.borrow_mut().get_mut(number) {
            instance.group = Some(membership);
            instance.opening = true;
        }
        number
    }

    /// Whether an instance waits for others of its group.
    pub(super) fn is_opening(&self, number: u64) -> bool {
        let instances = self.instances.borrow();
        instances
            .get(number)
            .is_some_and(|instance| instance.opening)
    }

    /// From now on an instance of a group does not wait for the others any more.
    pub(super) fn set_opened(&self, number: u64) {
        if let Some(instance) = self.instances.borrow_mut().get_mut(number) {
            instance.opening = false;
        }
    }

    /// Ends an instance and, before it, those that its proxies own. Proxies that asked for it say
    /// farewell, and may stay for a while; then everything they own is disconnected; once the peers know,
    /// they are destroyed, the youngest first, and `on_end` of each is called. What is one of a group waits
    /// with each of that for the others of it, which end too. Where nobody asked, all is disconnected at
    /// once.
    pub(crate) fn end(&self, number: u64, ended: Ended) {
        let condemned = self.condemn(number, number, &ended);
        let waits = self.tell_group(number, &condemned);
        if !condemned.is_empty() {
            self.part_or_leave(number, condemned, waits);
        }
    }

    /// Tells the others of a group that one of it ends, if it does. Answers whether there are farewells to
    /// wait for, somewhere in the group.
    fn tell_group(&self, number: u64, condemned: &[Condemned]) -> bool {
        let own = condemned.iter().find(|instance| instance.number == number);
        let mut waits = false;
        if let Some(Condemned { ended, .. }) = own {
            self.with_group(number, |group| waits = group.ends(ended));
        }
        waits
    }

    /// As [`Domain::end`], of something whose owner has said farewell already: nobody else does.
    pub(super) fn end_unheard(&self, number: u64) {
        let condemned = self.condemn(number, number, &Ended::Closed);
        if !condemned.is_empty() {
            self.leave(number, condemned);
        }
    }

    /// Disconnects what ends, and sees to it that it is destroyed.
    pub(super) fn leave(&self, number: u64, condemned: Vec<Condemned>) {
        for instance in &condemned {
            for connection in instance.connections.all().iter().rev() {
                self.disconnect(*connection, abi::REASON_DROPPED);
            }
            for proxy in self.proxies_of(instance) {
                // What others connected with it, and what it asked for.
                self.disconnect_all(&proxy, abi::REASON_DROPPED);
                self.close_tokens(proxy.cell.number);
            }
        }
        // What was held for proxies that never started goes with them; all others hear of
        // the disconnections before this is carried out.
        self.later(move |domain| {
            let mut condemned = Some(condemned);
            domain.with_group(number, |group| {
                if let Some(condemned) = condemned.take() {
                    group.disconnected(move |domain| domain.destroy_all(condemned));
                }
            });
            if let Some(condemned) = condemned {
                domain.destroy_all(condemned);
            }
        });
    }

    /// Calls `call` with the group of an instance, if it is of one.
    pub(super) fn with_group(&self, number: u64, call: impl FnOnce(&Membership)) {
        let instances = self.instances.borrow();
        let instance = instances.get(number);
        if let Some(group) = instance.and_then(|instance| instance.group.as_ref()) {
            call(group);
        }
    }

    /// Marks an instance and all that its proxies own as ending, together with `parting`; gives the
    /// youngest first, which is the reverse order of construction. What is ending already is left out.
    fn condemn(&self, number: u64, parting: u64, ended: &Ended) -> Vec<Condemned> {
        let own = self.condemn_one(number, parting, ended);
        let mut condemned: Vec<Condemned> = own.into_iter().collect();
        let mut looked_at = 0;
        while let Some(instance) = condemned.get(looked_at) {
            let proxies = instance.proxies.all().iter();
            let children: Vec<u64> = proxies.flat_map(|proxy| self.children(*proxy)).collect();
            let children = children.into_iter();
            let closed = |it| self.condemn_one(it, parting, &Ended::Closed);
            condemned.extend(children.filter_map(closed));
            looked_at += 1;
        }
        condemned.sort_unstable_by_key(|instance| std::cmp::Reverse(instance.number));
        condemned
    }

    /// Marks an instance as ending, and gives what it owns; nothing if it ends already.
    fn condemn_one(&self, number: u64, parting: u64, ended: &Ended) -> Option<Condemned> {
        let mut instances = self.instances.borrow_mut();
        let instance = instances.get_mut(number).filter(|it| !it.is_ending())?;
        instance.parting = parting;
        let failed = instance.failed.take();
        Some(Condemned {
            number,
            connections: std::mem::take(&mut instance.connections),
            proxies: std::mem::take(&mut instance.proxies),
            ended: failed.map_or_else(|| ended.clone(), |failed| *failed),
        })
    }

    /// The proxies of an instance that are still there, the youngest first.
    pub(super) fn proxies_of(&self, instance: &Condemned) -> impl Iterator<Item = Rc<Proxy>> {
        let proxies = instance.proxies.all().iter().rev();
        proxies.filter_map(|proxy| self.proxy(*proxy))
    }

    /// Destroys what [`Domain::end`] has disconnected.
    fn destroy_all(&self, condemned: Vec<Condemned>) {
        let proxies = condemned.iter().flat_map(|instance| instance.proxies.all());
        let late: Vec<u64> = proxies.flat_map(|proxy| self.children(*proxy)).collect();
        if !late.is_empty() {
            // Opened for what a proxy asked while it heard of its end: nothing outlives its owner.
            for child in late.into_iter().rev() {
                self.end_unheard(child);
            }
            for proxy in condemned.iter().flat_map(|instance| instance.proxies.all()) {
                self.close_tokens(*proxy);
            }
            self.later(move |domain| domain.destroy_all(condemned));
            return;
        }
        for instance in &condemned {
            for proxy in self.proxies_of(instance) {
                self.save_last(&proxy);
            }
        }
        for instance in condemned {
            for proxy in self.proxies_of(&instance) {
                self.remove(&proxy);
            }
            let gone = self.instances.borrow_mut().remove(instance.number);
            // With it goes its membership, which tells the others.
            if let Some(on_end) = gone.and_then(|gone| gone.on_end) {
                on_end(self, instance.ended);
            }
        }
    }

    /// Sets what happens when an instance is gone.
    pub(crate) fn set_on_end(&self, number: u64, call: OnEnd) {
        let replaced = {
            let mut instances = self.instances.borrow_mut();
            instances
                .get_mut(number)
                .and_then(|instance| instance.on_end.replace(call))
        };
        drop(replaced);
    }

    /// Makes an instance the owner of a connection, which ends with it; at once if the instance
    /// ends already.
    pub(crate) fn own_connection(&self, number: u64, connection: u64) {
        let mut instances = self.instances.borrow_mut();
        match instances.get_mut(number).filter(|owner| !owner.is_ending()) {
            Some(owner) => owner.connections.push(connection),
            None => {
                drop(instances);
                self.drop_connection(connection);
            }
        }
    }

    /// Says what an instance shows; gives its connections in the order of construction.
    pub(crate) fn expose(&self, number: u64, endpoints: &BTreeMap<String, End>) -> Vec<u64> {
        let mut instances = self.instances.borrow_mut();
        let Some(instance) = instances.get_mut(number) else {
            return Vec::new();
        };
        instance.endpoints = endpoints.clone();
        instance.connections.all().to_vec()
    }

    /// Notes that a part of an instance has failed, and how the instance will have ended: its end
    /// is on its way. The first failure counts.
    pub(super) fn mark_failed(&self, number: u64, ended: Ended) {
        if let Some(instance) = self.instances.borrow_mut().get_mut(number) {
            instance.failed.get_or_insert_with(|| Box::new(ended));
        }
    }

    /// Whether an instance ends, or has ended.
    pub(crate) fn is_ending(&self, number: u64) -> bool {
        let instances = self.instances.borrow();
        instances
            .get(number)
            .is_none_or(|instance| instance.is_ending() || instance.failed.is_some())
    }

    /// Whether the end of what a proxy belongs to has begun.
    pub(super) fn is_leaving(&self, proxy: u64) -> bool {
        let instance = self.proxy(proxy).map(|proxy| proxy.instance);
        let instances = self.instances.borrow();
        let instance = instance.and_then(|number| instances.get(number));
        instance.is_some_and(|instance| instance.is_ending())
    }

    /// Notes which proxy owns an instance.
    pub(super) fn set_owner(&self, number: u64, proxy: u64) {
        if let Some(instance) = self.instances.borrow_mut().get_mut(number) {
            instance.owner = proxy;
        }
    }

    /// The instance of the proxy that owns this one, or owned it until it ended; while it is there.
    pub(super) fn owner_of(&self, number: u64) -> Option<u64> {
        let owner = self.instances.borrow().get(number)?.owner;
        Some(self.proxy(owner)?.instance)
    }

    /// Whether the end of what owns an instance has begun.
    pub(super) fn owner_leaves(&self, number: u64) -> bool {
        let owner = |number: &u64| self.owner_of(*number);
        let mut owners = std::iter::successors(owner(&number), owner);
        owners.any(|owner| self.parting_of(owner).is_some())
    }

    /// The instance that was told to end where this one ends with it, once it does.
    pub(super) fn parting_of(&self, number: u64) -> Option<u64> {
        let instances = self.instances.borrow();
        let instance = instances.get(number)?;
        instance.is_ending().then_some(instance.parting)
    }

    /// How often [`Domain::hold`] was called for an instance, without [`Domain::release`].
    pub(super) fn times_held(&self, number: u64) -> u32 {
        let instances = self.instances.borrow();
        instances.get(number).map_or(0, |instance| instance.held)
    }

    /// Counts one more or one less that holds an instance.
    pub(super) fn count_held(&self, number: u64, more: bool) {
        if let Some(instance) = self.instances.borrow_mut().get_mut(number) {
            instance.held = match more {
                true => instance.held + 1,
                false => instance.held - 1,
            };
        }
    }

    /// Ends all instances, the youngest first. Where proxies say farewell, they end together: all of them
    /// are still connected until that is over.
    pub(crate) fn end_all(&self) {
        let instances = self.instances.borrow().numbers();
        if !self.inbox.has_farewells() && self.partings.borrow().is_empty() {
            for instance in instances.into_iter().rev() {
                self.end(instance, Ended::Closed);
            }
            return;
        }
        let (mut root, mut others) = (None, Vec::new());
        for instance in instances {
            let mut grouped = false;
            self.with_group(instance, |_| grouped = true);
            match self.parting_of(instance) {
                Some(_) => {}
                // It goes with what is already parting.
                None if self.owner_leaves(instance) => {}
                // A domain has one that is of a group, at most; whatever comes beside it ends by itself.
                None if grouped => others.extend(root.replace(instance)),
                None => others.push(instance),
            }
        }
        let Some(root) = root.or_else(|| others.first().copied()) else {
            return;
        };
        let mut condemned = self.condemn(root, root, &Ended::Closed);
        for instance in others {
            condemned.extend(self.condemn(instance, root, &Ended::Closed));
        }
        condemned.sort_unstable_by_key(|instance| std::cmp::Reverse(instance.number));
        self.tell_group(root, &condemned);
        self.part_or_leave(root, condemned, true);
        self.hold_by_all(root);
    }

    /// Destroys a proxy that has no connections.
    pub(super) fn remove(&self, proxy: &Rc<Proxy>) {
        let number = proxy.cell.number;
        self.held.borrow_mut().remove(number);
        if !proxy.creating.get() {
            self.trace(&proxy.cell.label, proxy.cell.number, || What::Destroyed);
        }
        self.close_tokens(number);
        proxy.last_error.take();
        self.pulse.beat(number);
        let status = proxy.cell.destroy();
        if status < abi::OK && proxy.last_error.borrow().is_none() {
            let text = "its destructor failed without saying why".to_owned();
            self.say(Level::Error, proxy.cell.label.to_string(), text);
        }
        self.close_tokens(number);
        self.proxies.borrow_mut().remove(number);
    }
}
