//! Whether a history that `temporal` tells follows a protocol at each of its connections.
//!
//! This reads what is written for people, and walks along the protocol: it shares nothing with the
//! formulas of `safety`.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::verdict::Witness;

use super::protocol::{Kind, Protocol, StateId};

/// What happens at one connection: first, and then for ever.
type Connection<'w> = [Vec<Happening<'w>>; 2];

struct Happening<'w> {
    event: &'w str,
    /// Whether it is emitted, where the history says so.
    emitted: Option<bool>,
}

/// Whether all that happens at each connection is what the protocol has next, as often as it happens.
/// Nothing else need happen.
pub(super) fn follows(protocol: &Protocol, witness: &Witness) -> bool {
    let Witness::History { prefix, cycle, .. } = witness else {
        return false;
    };
    let mut connections: BTreeMap<&str, Connection<'_>> = BTreeMap::new();
    for (part, texts) in [prefix, cycle].into_iter().enumerate() {
        for text in texts.iter().filter(|text| *text != "-") {
            let Some((happening, instance)) = read(text) else {
                return false;
            };
            connections.entry(instance).or_default()[part].push(happening);
        }
    }
    connections.values().all(|[first, again]| {
        let Some(mut at) = walk(protocol, Place::Before, first) else {
            return false;
        };
        let mut seen = BTreeSet::new();
        while seen.insert(at) {
            match walk(protocol, at, again) {
                Some(next) => at = next,
                None => return false,
            }
        }
        true
    })
}

/// How far a connection has come.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    Before,
    At(StateId),
    Ended,
}

fn walk(protocol: &Protocol, from: Place, happenings: &[Happening<'_>]) -> Option<Place> {
    happenings
        .iter()
        .try_fold(from, |at, happening| match (at, happening.event) {
            (Place::Before, "connect") => Some(Place::At(0)),
            (Place::At(_), "disconnect") => Some(Place::Ended),
            (Place::At(state), event) => {
                let state = &protocol.states()[state];
                let emits = state.kind == Kind::Output;
                let is_next = happening.emitted.is_none_or(|emitted| emitted == emits);
                let next = state.next.get(event).filter(|_| is_next)?;
                Some(Place::At(*next))
            }
            _ => None,
        })
}

/// What happens, and at which instance: `emits answer(m1) at i1`.
fn read(text: &str) -> Option<(Happening<'_>, &str)> {
    let (event, instance) = text.rsplit_once(" at ")?;
    let (emitted, event) = match event.split_once(' ') {
        Some(("emits", event)) => (Some(true), event),
        Some(("handles", event)) => (Some(false), event),
        _ => (None, event),
    };
    let event = event.split('(').next()?;
    Some((Happening { event, emitted }, instance))
}
