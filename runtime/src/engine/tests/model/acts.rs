//! What owners, the outside and handlers do; each does it to the engine and to the model.

use std::cell::Cell;
use std::ffi::c_void;
use std::rc::Rc;

use liveobj_abi as abi;

use super::generate::{Act, Anywhere, Parts};
use super::life::{Life, shapes};
use super::{ACROSS, Id, Model, Owned, Shared, Stage, World, end};
use crate::boundary::calls::{Code, Table, Wake};
use crate::boundary::memory::Keeper;
use crate::edge::{Request, Ticket};
use crate::engine::create::ProxyPlan;
use crate::engine::crossing::connect_across;
use crate::engine::domain::Domain;
use crate::engine::inbox::Outside;
use crate::object::Ended;

impl Act {
    /// Does it as a task of the domain.
    pub(super) fn outside(&self, here: &World, domain: &Domain, world: usize, shared: &Rc<Shared>) {
        match self {
            Act::Open(parts) => {
                let instance = domain.begin();
                open(here, (world, instance), shared, None, parts);
            }
            Act::Answer { asked, parts } => {
                let mut waiting = shared.asked.borrow_mut();
                let tickets = waiting.iter().enumerate().filter(|(_, it)| it.0 == world);
                let Some(at) = pick(tickets.map(|(at, _)| at), *asked) else {
                    return;
                };
                let (_, ticket) = waiting.remove(at);
                drop(waiting);
                answer(here, world, shared, ticket, parts);
            }
            Act::Tell {
                proxy,
                place,
                reaction,
            } => {
                let proxy = pick(shared.model.borrow().proxies_in(world), *proxy);
                if let Some(proxy) = proxy {
                    let mut reactions = shared.reactions.borrow_mut();
                    let told = reactions.entry(proxy).or_default();
                    told.push((*place, reaction.clone()));
                }
            }
            Act::Anywhere(act) => act.inside(domain, world, shared),
        }
    }
}

/// What `open` does with the answer to a dereference.
fn answer(here: &World, world: usize, shared: &Rc<Shared>, ticket: Ticket, parts: &Parts) {
    let domain = &here.domain;
    let owner = Id {
        world,
        number: ticket.proxy,
    };
    let token = (owner, ticket.token);
    if parts.parts.is_empty() {
        domain.answer(ticket, Wake::Failed("nothing there".to_owned()));
        shared.model.borrow_mut().tokens.remove(&token);
        return;
    }
    let instance = domain.begin();
    let adopted = domain.adopt(ticket, instance);
    let wanted = {
        let model = shared.model.borrow();
        let asked = matches!(model.tokens.get(&token), Some(Owned::Asked));
        asked.then(|| model.is_failing_proxy(owner))
    };
    match wanted {
        None => assert!(!adopted, "{owner:?} does not want it any more"),
        Some(false) => assert!(adopted, "{owner:?} waits for it"),
        Some(true) => {}
    }
    if !adopted {
        domain.end(instance, Ended::Closed);
        assert!(domain.is_ending(instance));
        return;
    }
    let id = Id {
        world,
        number: instance,
    };
    let child = Owned::Child(id);
    shared.model.borrow_mut().tokens.insert(token, child);
    let owned = Some((owner, ticket));
    if open(here, (world, instance), shared, owned, parts) {
        assert!(domain.child_opened(ticket, instance));
    } else {
        domain.answer(ticket, Wake::Failed("it could not be created".to_owned()));
    }
}

/// Creates, connects and starts. Answers whether all constructors succeeded.
fn open(
    here: &World,
    (world, instance): (usize, u64),
    shared: &Rc<Shared>,
    owner: Option<(Id, Ticket)>,
    parts: &Parts,
) -> bool {
    let domain = &here.domain;
    let id = Id {
        world,
        number: instance,
    };
    let ended = shared.clone();
    domain.set_on_end(
        instance,
        Box::new(move |domain, how| {
            ended.ended.borrow_mut().push(id);
            if let (Ended::Failed { .. }, Some((_, ticket))) = (how, owner) {
                domain.answer(ticket, Wake::Failed("it failed".to_owned()));
            }
        }),
    );
    let mut proxies = Vec::new();
    let mut complete = true;
    for part in &parts.parts {
        if part.refuses {
            complete = false;
            let plan = ProxyPlan {
                ty: crate::engine::create::ProxyType::Native,
                words: None,
                label: "refusing".into(),
                identity: [0; 32],
                code: Code::Table(Table::new(&REFUSING)),
                endpoints: here.endpoints(&shapes(false)).into(),
                parameters: None,
            };
            assert!(domain.create(instance, plan).is_err());
            break;
        }
        proxies.push((
            life(here, (world, instance), shared, part.choosy),
            part.choosy,
        ));
    }
    let owner = owner.map(|(owner, _)| owner);
    shared.model.borrow_mut().open(id, owner, &proxies);
    if !complete {
        domain.end(instance, Ended::Closed);
        shared.model.borrow_mut().end(id);
        return false;
    }
    let mut made = Vec::new();
    for pair in proxies.windows(2).filter(|_| parts.joined) {
        for (from, to) in [(0, 1), (2, 3)] {
            let ends = [(pair[0].0, from), (pair[1].0, to)];
            made.extend(connect(domain, world, shared, ends, Some(id)));
        }
    }
    let shown = ('a'..='f').zip(0..).map(|(name, endpoint)| {
        let shown = end((proxies[0].0, endpoint));
        (name.to_string(), shown)
    });
    domain.expose(instance, &shown.collect());
    domain.start_ready();
    for connection in made {
        domain.notify_connected(connection.number);
    }
    shared.model.borrow_mut().start_ready();
    true
}

fn life(here: &World, (world, instance): (usize, u64), shared: &Rc<Shared>, choosy: bool) -> Id {
    let endpoints = here.endpoints(&shapes(choosy));
    let payload = endpoints[0].emits[0].payload;
    let keeper = Keeper::new(&here.domain.types.borrow(), payload).expect("a layout");
    let number = Rc::new(Cell::new(0));
    let life = Life {
        world,
        number: number.clone(),
        keeper,
        shared: shared.clone(),
    };
    let proxy = here.create(instance, "life", endpoints, Box::new(life));
    number.set(proxy.cell.number);
    let cell = Rc::downgrade(&proxy);
    shared.cells.borrow_mut().push(cell);
    Id {
        world,
        number: number.get(),
    }
}

/// Connects, comparing with what the model expects; does not tell the ends.
fn connect(
    domain: &Domain,
    world: usize,
    shared: &Rc<Shared>,
    ends: [(Id, u32); 2],
    owner: Option<Id>,
) -> Option<Id> {
    let expected = shared.model.borrow().expects(ends);
    let made = domain.connect(end(ends[0]), end(ends[1])).ok();
    compare(expected, made.is_some(), ends);
    let id = Id {
        world,
        number: made?,
    };
    shared.model.borrow_mut().connect(id, ends);
    if let Some(owner) = owner {
        domain.own_connection(owner.number, id.number);
        let mut model = shared.model.borrow_mut();
        match model.instances.get_mut(&owner) {
            Some(instance) => instance.connections.push(id),
            // It ended before anybody was told of it.
            None => {
                model.forget(id);
                return None;
            }
        }
    }
    Some(id)
}

fn compare(expected: Option<bool>, made: bool, ends: [(Id, u32); 2]) {
    if let Some(expected) = expected {
        assert_eq!(made, expected, "whether {ends:?} can be connected");
    }
}

impl Anywhere {
    /// Does it, in the middle of whatever is going on.
    pub(super) fn inside(&self, domain: &Domain, world: usize, shared: &Rc<Shared>) {
        match *self {
            Anywhere::Dereference { owner } => {
                let owner = pick(there(domain, world), owner);
                let proxy = owner.and_then(|owner| domain.proxy(owner.number));
                let (Some(owner), Some(proxy)) = (owner, proxy) else {
                    return;
                };
                let token = shared.token();
                let request = Request::Dereference(String::new());
                assert_eq!(domain.request(&proxy.cell, token, request), abi::OK);
                let mut model = shared.model.borrow_mut();
                // What ends may still ask; it gets no answer.
                if model.proxies.get(&owner).is_some_and(|owner| !owner.failed) {
                    model.tokens.insert((owner, token), Owned::Asked);
                }
            }
            Anywhere::Connect {
                left,
                right,
                many,
                owner,
            } => {
                let proxy = |number| pick(there(domain, world), number);
                let ends = proxy(left).zip(proxy(right));
                let owners: Vec<u64> = domain.instances.borrow().numbers();
                let owners = owners.into_iter().map(|number| Id { world, number });
                let owner = pick(owners, owner)
                    .filter(|owner| !shared.model.borrow().is_failing_instance(*owner));
                let Some((left, right)) = ends else { return };
                let ends = [(left, mouth(many[0])), (right, ear(many[1]))];
                if let Some(made) = connect(domain, world, shared, ends, owner) {
                    domain.start_ready();
                    domain.notify_connected(made.number);
                    shared.model.borrow_mut().start_ready();
                }
            }
            Anywhere::ConnectChild { token, many } => {
                let found = {
                    let model = shared.model.borrow();
                    let children = model.tokens.iter().filter_map(|(key, owned)| match owned {
                        Owned::Child(instance) if key.0.world == world => {
                            let instance = model.instances.get(instance)?;
                            Some((*key, *instance.proxies.first()?))
                        }
                        _ => None,
                    });
                    pick(children, token)
                };
                if let Some((key, child)) = found {
                    connect_child(domain, shared, key, child, many);
                }
            }
            Anywhere::Close { token } => {
                let keys = |model: &Model| {
                    let keys = model.tokens.keys().copied();
                    pick(keys.filter(|(owner, _)| owner.world == world), token)
                };
                let Some(key) = keys(&shared.model.borrow()) else {
                    return;
                };
                let owned = shared.model.borrow_mut().tokens.remove(&key);
                shared
                    .model
                    .borrow_mut()
                    .give_up(owned.expect("it is there"));
                if let Some(owner) = domain.proxy(key.0.number) {
                    domain.close_token(&owner.cell, key.1);
                }
            }
            Anywhere::Drop { connection } => {
                let connections = |model: &Model| {
                    let all = model.connections.keys().copied();
                    pick(
                        all.filter(|it| it.world == world || it.world == 2),
                        connection,
                    )
                };
                let Some(connection) = connections(&shared.model.borrow()) else {
                    return;
                };
                shared.model.borrow_mut().disconnect(connection);
                domain.drop_connection(connection.number);
            }
            Anywhere::End { instance } => {
                let instance = pick(shared.model.borrow().instances_in(world), instance);
                if let Some(instance) = instance {
                    shared.model.borrow_mut().end(instance);
                    domain.end(instance.number, Ended::Closed);
                }
            }
            Anywhere::Wake { proxy } => {
                if let Some(proxy) = pick(there(domain, world), proxy) {
                    domain.inbox.push(Outside::Wake {
                        proxy: proxy.number,
                        token: 0,
                        ticket: 0,
                        wake: Wake::Posted(Vec::new()),
                    });
                }
            }
        }
    }
}

/// An owner connects an endpoint of its own with one of the first part of its child.
fn connect_child(
    domain: &Domain,
    shared: &Rc<Shared>,
    (owner, child_token): (Id, u64),
    child: Id,
    many: [bool; 2],
) {
    let Some(proxy) = domain.proxy(owner.number) else {
        return;
    };
    let ends = [(owner, mouth(many[0])), (child, ear(many[1]))];
    let expected = shared.model.borrow().expects(ends);
    let last = || {
        let numbers = domain.connections.borrow().numbers();
        numbers.into_iter().rfind(|number| *number < ACROSS)
    };
    let (before, token) = (last(), shared.token());
    let request = Request::Connect {
        proxy: child_token,
        endpoint: if many[1] { "d" } else { "b" }.to_owned(),
        own: ends[0].1,
    };
    domain.request(&proxy.cell, token, request);
    let made = last().filter(|last| Some(*last) > before);
    compare(expected, made.is_some(), ends);
    if let Some(number) = made {
        let world = owner.world;
        let connection = Id { world, number };
        let mut model = shared.model.borrow_mut();
        model.connect(connection, ends);
        let owned = Owned::Connection(connection);
        model.tokens.insert((owner, token), owned);
        model.start_ready();
    }
}

/// Connects the two domains; nothing of either is running.
pub(super) fn across(stage: &Stage, left: u8, right: u8) {
    let ends = {
        let model = stage.shared.model.borrow();
        let left = pick(model.proxies_in(0), left).map(|proxy| (proxy, 4));
        left.zip(pick(model.proxies_in(1), right).map(|proxy| (proxy, 5)))
    };
    let Some((left, right)) = ends else { return };
    let expected = stage.shared.model.borrow().expects([left, right]);
    let [here, there] = [0, 1].map(|world| &stage.worlds[world].domain);
    let made = connect_across((here, end(left)), (there, end(right))).ok();
    compare(expected, made.is_some(), [left, right]);
    if let Some(number) = made {
        let mut model = stage.shared.model.borrow_mut();
        model.connect(Id { world: 2, number }, [left, right]);
        model.start_ready();
    }
}

impl Model {
    fn proxies_in(&self, world: usize) -> impl Iterator<Item = Id> + '_ {
        let proxies = self.proxies.keys().copied();
        proxies.filter(move |proxy| proxy.world == world)
    }

    fn instances_in(&self, world: usize) -> impl Iterator<Item = Id> + '_ {
        let instances = self.instances.keys().copied();
        instances.filter(move |instance| instance.world == world)
    }

    fn expects(&self, ends: [(Id, u32); 2]) -> Option<bool> {
        match ends.map(|end| self.is_vacant(end)) {
            [Some(false), _] | [_, Some(false)] => Some(false),
            [Some(true), Some(true)] => Some(true),
            _ => None,
        }
    }

    /// Whether it is open how far the end of an instance has got.
    fn is_failing_instance(&self, instance: Id) -> bool {
        let proxy = self.instances.get(&instance).map(|known| known.proxies[0]);
        proxy.is_some_and(|proxy| self.is_failing_proxy(proxy))
    }

    /// Whether a proxy has failed, or ends with something that has.
    fn is_failing_proxy(&self, proxy: Id) -> bool {
        let around = &self.born[&proxy];
        self.proxies.get(&proxy).is_none_or(|member| member.failed)
            || around.iter().any(|instance| {
                let instance = self.instances.get(instance);
                instance.is_none_or(|instance| instance.failing)
            })
    }
}

impl Shared {
    fn token(&self) -> u64 {
        self.next_token.replace(self.next_token.get() + 1)
    }
}

/// The proxies that have not been destroyed, whether they end or not.
fn there(domain: &Domain, world: usize) -> impl Iterator<Item = Id> {
    let proxies: Vec<u64> = domain.proxies.borrow().numbers();
    proxies.into_iter().map(move |number| Id { world, number })
}

fn mouth(many: bool) -> u32 {
    if many { 2 } else { 0 }
}

fn ear(many: bool) -> u32 {
    if many { 3 } else { 1 }
}

fn pick<T>(items: impl Iterator<Item = T>, number: u8) -> Option<T> {
    let mut items: Vec<T> = items.collect();
    (!items.is_empty()).then(|| items.swap_remove(usize::from(number) % items.len()))
}

static REFUSING: abi::Object = abi::Object {
    size: size_of::<abi::Object>() as u32,
    endpoints: 6,
    create: refuse,
    load: None,
    save: None,
    digest: None,
    connected: never_connected,
    disconnected: never_disconnected,
    wake: never_woken,
    destroy: never_destroyed,
    handlers: std::ptr::null(),
    handler_counts: std::ptr::null(),
};

extern "C" fn refuse(_: *mut abi::Context, _: *const c_void, _: *mut *mut c_void) -> abi::Status {
    abi::FAILED
}

extern "C" fn never_connected(_: *mut c_void, _: *mut abi::Context, _: u32, _: u64) -> abi::Status {
    unreachable!("it was not created")
}

extern "C" fn never_disconnected(
    _: *mut c_void,
    _: *mut abi::Context,
    _: u32,
    _: u64,
    _: u32,
) -> abi::Status {
    unreachable!("it was not created")
}

extern "C" fn never_woken(
    _: *mut c_void,
    _: *mut abi::Context,
    _: u64,
    _: u32,
    _: *const c_void,
) -> abi::Status {
    unreachable!("it was not created")
}

extern "C" fn never_destroyed(_: *mut c_void, _: *mut abi::Context) -> abi::Status {
    unreachable!("it was not created")
}
