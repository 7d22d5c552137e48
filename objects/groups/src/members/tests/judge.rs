//! Whether a history of views is one that the endpoint promises.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::monitor::Occurred;

use super::super::News;
use crate::world::Record;
use crate::world::judge::Declared;

/// # Errors
///
/// What is wrong with the history.
pub(super) fn views(history: &[Record<News>]) -> Result<(), String> {
    agreed(history)?;
    let mut runs: BTreeMap<(usize, u32), Vec<&News>> = BTreeMap::new();
    for record in history {
        let run = runs.entry((record.node, record.run)).or_default();
        run.push(&record.did);
    }
    for (run, news) in &runs {
        one(news).map_err(|error| format!("run {run:?}: {error}"))?;
    }
    Ok(())
}

/// One id has one list of members, a member is one run, does not come back, and sees the views of its
/// group without a gap.
fn agreed(history: &[Record<News>]) -> Result<(), String> {
    let mut lists: BTreeMap<(u64, u64), &Vec<u64>> = BTreeMap::new();
    let mut owners: BTreeMap<u64, (usize, u32)> = BTreeMap::new();
    let mut seen: BTreeMap<(u64, u64), Vec<u64>> = BTreeMap::new();
    for record in history {
        let News::View(view) = &record.did else {
            continue;
        };
        let known = lists
            .entry((view.group, view.number))
            .or_insert(&view.members);
        if **known != view.members {
            return Err(format!(
                "view {} of {:x} is {known:x?} and {:x?}",
                view.number, view.group, view.members
            ));
        }
        let run = (record.node, record.run);
        if *owners.entry(view.me).or_insert(run) != run {
            return Err(format!("{:x} is two runs", view.me));
        }
        seen.entry((view.me, view.group))
            .or_default()
            .push(view.number);
    }
    let mut gone: BTreeSet<(u64, u64)> = BTreeSet::new();
    let successors = lists.iter().zip(lists.iter().skip(1));
    for (((group, _), before), ((of, number), members)) in successors {
        if group != of {
            continue;
        }
        let left = before.iter().filter(|member| !members.contains(member));
        gone.extend(left.map(|member| (*group, *member)));
        if let Some(back) = members.iter().find(|it| gone.contains(&(*group, **it))) {
            return Err(format!("{back:x} is back in view {number} of {group:x}"));
        }
    }
    for ((me, group), numbers) in &seen {
        let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
        let all = lists.range((*group, first)..=(*group, last));
        let all: Vec<u64> = all.map(|((_, number), _)| *number).collect();
        if *numbers != all {
            return Err(format!("{me:x} saw {numbers:?} of {all:?}"));
        }
    }
    Ok(())
}

/// What one run was told fits together.
fn one(news: &[&News]) -> Result<(), String> {
    let mut number = 0;
    let (mut me, mut members) = (0, &Vec::new());
    let (mut suspected, mut blocked) = (BTreeSet::new(), false);
    for it in news {
        match it {
            News::View(view) => {
                if view.number <= number {
                    return Err(format!("view {} after {number}", view.number));
                }
                let distinct: BTreeSet<_> = view.members.iter().collect();
                if distinct.len() != view.members.len() || !distinct.contains(&view.me) {
                    return Err(format!("{:x} in {:x?}", view.me, view.members));
                }
                if view.me != me {
                    suspected.clear();
                }
                (number, me, members) = (view.number, view.me, &view.members);
                suspected.retain(|member| members.contains(member));
                blocked = false;
            }
            News::Suspected(member) => {
                if *member == me || !members.contains(member) || !suspected.insert(*member) {
                    return Err(format!("{member:x} is suspected"));
                }
            }
            News::Restored(member) => {
                if !suspected.remove(member) {
                    return Err(format!("{member:x} is restored"));
                }
            }
            News::Blocked(missing) => {
                if blocked || missing.iter().any(|it| !suspected.contains(it)) {
                    return Err(format!("blocked for {missing:x?}"));
                }
                blocked = true;
            }
            News::Resumed => {
                if !std::mem::take(&mut blocked) {
                    return Err("resumed".to_owned());
                }
            }
        }
    }
    Ok(())
}

/// The same by what the type of the endpoint says, each run being a connection.
///
/// # Errors
///
/// The first constraint that the history breaks.
pub(super) fn declared(history: &[Record<News>]) -> Result<(), String> {
    let mut declared = Declared::of("MembershipService");
    let mut connected = BTreeSet::new();
    for record in history {
        let at = (record.node, record.run);
        if connected.insert(at) {
            let connects = declared.observe(at, Occurred::Connect, &[]);
            connects.map_err(str::to_owned)?;
        }
        let bytes = |numbers: &[u64]| numbers.iter().flat_map(|it| it.to_le_bytes()).collect();
        // The events that are emitted, in the order of their names.
        let (event, arguments): (usize, Vec<Vec<u8>>) = match &record.did {
            News::Blocked(missing) => (0, vec![bytes(missing)]),
            News::Restored(member) => (1, vec![bytes(&[*member])]),
            News::Resumed => (2, Vec::new()),
            News::Suspected(member) => (3, vec![bytes(&[*member])]),
            News::View(view) => {
                let (id, me) = (bytes(&[view.group, view.number]), bytes(&[view.me]));
                (4, vec![id, bytes(&view.members), me])
            }
        };
        let observed = declared.observe(at, Occurred::Emitted(event), &arguments);
        observed.map_err(|text| format!("{record:?} breaks `{text}`"))?;
    }
    declared.end();
    Ok(())
}
