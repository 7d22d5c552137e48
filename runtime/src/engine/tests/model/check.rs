//! What must hold whenever nothing is left to do.

use std::collections::{BTreeMap, BTreeSet};

use super::{Id, Model, Seen, Shared, Stage};
use crate::boundary::calls::{DEAD, HELD};

/// The engine has what the model has, and everybody has noticed what there was to notice.
pub(super) fn quiescent(stage: &Stage) {
    let model = stage.shared.model.borrow();
    for (at, world) in stage.worlds.iter().enumerate() {
        let domain = &world.domain;
        let in_model = |ids: &mut dyn Iterator<Item = &Id>| -> Vec<u64> {
            let here = ids.filter(|id| id.world == at);
            here.map(|id| id.number).collect()
        };
        let proxies: Vec<u64> = domain.proxies.borrow().numbers();
        assert_eq!(proxies, in_model(&mut model.proxies.keys()), "proxies");
        let instances: Vec<u64> = domain.instances.borrow().numbers();
        let known = in_model(&mut model.instances.keys());
        assert_eq!(instances, known, "instances");
        let connections: BTreeSet<u64> =
            domain.connections.borrow().numbers().into_iter().collect();
        let known = model.connections.iter();
        let known = known.filter(|(_, ends)| ends.iter().any(|(proxy, _)| proxy.world == at));
        let known: BTreeSet<u64> = known.map(|(connection, _)| connection.number).collect();
        assert_eq!(connections, known, "connections");
        let all = domain.all_proxies().into_iter();
        let held = all.filter(|proxy| proxy.cell.busy.get() & (HELD | DEAD) == HELD);
        let held: Vec<u64> = held.map(|proxy| proxy.cell.number).collect();
        let unstarted = model.proxies.iter().filter(|(_, member)| !member.started);
        let unstarted = in_model(&mut unstarted.map(|(proxy, _)| proxy));
        assert_eq!(held, unstarted, "proxies that have not started");
        assert_eq!(domain.graveyard.borrow().len(), 0, "links of the past");
        assert_eq!(domain.depth.get(), 0, "running handlers");
    }
    let seen = stage.shared.seen.borrow();
    let mut noticed: BTreeMap<Id, Vec<(usize, Seen)>> = BTreeMap::new();
    for (at, (proxy, what)) in seen.iter().enumerate() {
        noticed.entry(*proxy).or_default().push((at, *what));
    }
    for proxy in model.born.keys() {
        let none = Vec::new();
        life(&model, *proxy, noticed.get(proxy).unwrap_or(&none));
    }
    order_of_destruction(&model, &seen);
    peers_hear_first(&model, &seen, &noticed);
    every_instance_ends_once(&model, &stage.shared);
}

/// The life of one proxy.
fn life(model: &Model, proxy: Id, noticed: &[(usize, Seen)]) {
    let mut connected: BTreeSet<(u32, Id)> = BTreeSet::new();
    let mut disconnected: BTreeSet<(u32, Id)> = BTreeSet::new();
    let (mut failed, mut destroyed) = (false, false);
    for (_, seen) in noticed {
        assert!(!destroyed, "{proxy:?}: {seen:?} after its end");
        assert!(
            !failed || *seen == Seen::Destroyed,
            "{proxy:?}: {seen:?} after it failed"
        );
        match *seen {
            Seen::Connected(endpoint, connection) => {
                let fresh = connected.insert((endpoint, connection));
                assert!(fresh, "{proxy:?}: connected twice: {connection:?}");
            }
            Seen::Heard(endpoint, connection) => {
                let key = (endpoint, connection);
                let open = connected.contains(&key) && !disconnected.contains(&key);
                assert!(open, "{proxy:?}: an event through {connection:?}");
            }
            Seen::Disconnected(endpoint, connection) => {
                let key = (endpoint, connection);
                assert!(connected.contains(&key), "{proxy:?}: never {connection:?}");
                let fresh = disconnected.insert(key);
                assert!(fresh, "{proxy:?}: disconnected twice: {connection:?}");
            }
            Seen::Woken => {}
            Seen::Fails => failed = true,
            Seen::Destroyed => destroyed = true,
        }
    }
    let member = model.proxies.get(&proxy);
    assert_eq!(destroyed, member.is_none(), "{proxy:?}: whether destroyed");
    if failed {
        return;
    }
    let started = member.is_none_or(|member| member.started);
    if member.is_some() && !started {
        assert_eq!(noticed, [], "{proxy:?} has not started");
        return;
    }
    // One that never started has heard of none of its connections, else of all.
    let history = &model.history[&proxy];
    if member.is_none() && connected.is_empty() && noticed.len() == 1 {
        return;
    }
    for key in history {
        assert!(connected.contains(key), "{proxy:?}: not told of {key:?}");
        let gone = !model.connections.contains_key(&key.1);
        let told = disconnected.contains(key);
        assert_eq!(told, gone, "{proxy:?}: told of the end of {key:?}");
    }
}

/// In reverse order of construction within a composite, and before what owns it.
fn order_of_destruction(model: &Model, seen: &[(Id, Seen)]) {
    let destroyed = seen.iter().filter(|(_, seen)| *seen == Seen::Destroyed);
    let destroyed: Vec<Id> = destroyed.map(|(proxy, _)| *proxy).collect();
    for (at, later) in destroyed.iter().enumerate() {
        for earlier in &destroyed[..at] {
            let (first, then) = (&model.born[earlier], &model.born[later]);
            if first[0] == then[0] {
                assert!(
                    earlier.number > later.number,
                    "{earlier:?} before {later:?}"
                );
            } else {
                assert!(
                    !then[1..].contains(&first[0]),
                    "{later:?} outlives its owner {earlier:?}"
                );
            }
        }
    }
}

/// Whoever was connected with something hears of the end before it is destroyed.
fn peers_hear_first(
    model: &Model,
    seen: &[(Id, Seen)],
    noticed: &BTreeMap<Id, Vec<(usize, Seen)>>,
) {
    let mut ends: BTreeMap<Id, Vec<(Id, u32)>> = BTreeMap::new();
    for (proxy, history) in &model.history {
        for (endpoint, connection) in history {
            ends.entry(*connection)
                .or_default()
                .push((*proxy, *endpoint));
        }
    }
    for (at, (proxy, what)) in seen.iter().enumerate() {
        if *what != Seen::Destroyed {
            continue;
        }
        for (_, connection) in &model.history[proxy] {
            for (peer, endpoint) in &ends[connection] {
                let heard = |wanted: Seen| {
                    let noticed = noticed.get(peer)?;
                    let found = noticed.iter().find(|(_, seen)| *seen == wanted);
                    found.map(|(at, _)| *at)
                };
                // Who had not started by then hears of all of it when it starts.
                let told = heard(Seen::Connected(*endpoint, *connection));
                let told = told.is_some_and(|told| told < at);
                if peer.world != proxy.world || !told || heard(Seen::Fails).is_some() {
                    continue;
                }
                let told = heard(Seen::Disconnected(*endpoint, *connection));
                assert!(
                    told.is_some_and(|told| told < at),
                    "{peer:?} has not heard of the end of {connection:?} when {proxy:?} is gone"
                );
            }
        }
    }
}

fn every_instance_ends_once(model: &Model, shared: &Shared) {
    let ended = shared.ended.borrow();
    let once: BTreeSet<Id> = ended.iter().copied().collect();
    assert_eq!(once.len(), ended.len(), "an instance ended twice");
    let around = model.born.values().flatten();
    for instance in around {
        let running = model.instances.contains_key(instance);
        assert_eq!(once.contains(instance), !running, "the end of {instance:?}");
    }
}

/// Stops both domains: nothing is left, not even memory that refers to itself.
pub(super) fn nothing_left(stage: Stage) {
    for (at, world) in stage.worlds.iter().enumerate() {
        world.domain.stop();
        let mut model = stage.shared.model.borrow_mut();
        let instances: Vec<Id> = model.instances.keys().rev().copied().collect();
        for instance in instances.into_iter().filter(|it| it.world == at) {
            model.end(instance);
        }
    }
    while stage.worlds.iter().any(|world| {
        let waiting = world.domain.has_waiting();
        if waiting {
            world.domain.turn(None);
        }
        waiting || world.step()
    }) {}
    stage.shared.model.borrow_mut().settle();
    quiescent(&stage);
    for world in &stage.worlds {
        assert!(world.domain.has_stopped());
        assert!(world.domain.is_empty());
        assert!(world.domain.congested.borrow().is_empty(), "queues");
    }
    let cells = stage.shared.cells.borrow();
    let leaked = cells.iter().filter(|cell| cell.upgrade().is_some());
    assert_eq!(leaked.count(), 0, "proxies in memory");
}
