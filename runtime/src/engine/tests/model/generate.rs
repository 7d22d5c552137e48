//! What random lives are made of.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::life::Place;

/// One step of the test; everything that follows from it happens before the next one. Numbers
/// choose among what there is at the time.
#[derive(Clone, Debug)]
pub(super) enum Step {
    /// Several acts within one turn.
    Turn { world: bool, acts: Vec<Act> },
    /// A connection between the domains.
    Across { left: u8, right: u8 },
}

#[derive(Clone, Debug)]
pub(super) enum Act {
    Open(Parts),
    /// The outside opens what was asked for; without parts, it says that this failed.
    Answer {
        asked: u8,
        parts: Parts,
    },
    /// Tells an object what to do where.
    Tell {
        proxy: u8,
        place: Place,
        reaction: Reaction,
    },
    Anywhere(Anywhere),
}

/// What can be done inside handlers, too.
#[derive(Clone, Debug)]
pub(super) enum Anywhere {
    Dereference {
        owner: u8,
    },
    Connect {
        left: u8,
        right: u8,
        many: [bool; 2],
        owner: u8,
    },
    ConnectChild {
        token: u8,
        many: [bool; 2],
    },
    Close {
        token: u8,
    },
    Drop {
        connection: u8,
    },
    End {
        instance: u8,
    },
    Wake {
        proxy: u8,
    },
}

#[derive(Clone, Debug)]
pub(super) enum Reaction {
    Fail,
    Panic,
    Act(Anywhere),
}

/// The objects of a composite, connected in a row if `joined`.
#[derive(Clone, Debug)]
pub(super) struct Parts {
    pub(super) parts: Vec<Part>,
    pub(super) joined: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// Starts only when an endpoint of it is connected.
    pub(super) choosy: bool,
    /// Its constructor fails.
    pub(super) refuses: bool,
}

pub(super) fn steps(length: usize) -> impl Strategy<Value = Vec<Step>> {
    let turn =
        (any::<bool>(), vec(act(), 1..4)).prop_map(|(world, acts)| Step::Turn { world, acts });
    let across = any::<(u8, u8)>().prop_map(|(left, right)| Step::Across { left, right });
    vec(prop_oneof![6 => turn, 1 => across], 1..=length)
}

fn act() -> impl Strategy<Value = Act> {
    let place = select(vec![
        Place::Connected,
        Place::Heard,
        Place::Disconnected,
        Place::Woken,
        Place::Destroyed,
    ]);
    let reaction = prop_oneof![
        1 => Just(Reaction::Fail),
        1 => Just(Reaction::Panic),
        4 => anywhere().prop_map(Reaction::Act),
    ];
    prop_oneof![
        4 => parts(1).prop_map(Act::Open),
        8 => (any::<u8>(), parts(0)).prop_map(|(asked, parts)| Act::Answer { asked, parts }),
        5 => (any::<u8>(), place, reaction).prop_map(|(proxy, place, reaction)| Act::Tell {
            proxy,
            place,
            reaction,
        }),
        12 => anywhere().prop_map(Act::Anywhere),
    ]
}

fn anywhere() -> impl Strategy<Value = Anywhere> {
    let many = any::<[bool; 2]>;
    prop_oneof![
        6 => any::<u8>().prop_map(|owner| Anywhere::Dereference { owner }),
        4 => (any::<[u8; 3]>(), many()).prop_map(|([left, right, owner], many)| {
            Anywhere::Connect { left, right, many, owner }
        }),
        3 => (any::<u8>(), many()).prop_map(|(token, many)| Anywhere::ConnectChild { token, many }),
        1 => any::<u8>().prop_map(|token| Anywhere::Close { token }),
        1 => any::<u8>().prop_map(|connection| Anywhere::Drop { connection }),
        1 => any::<u8>().prop_map(|instance| Anywhere::End { instance }),
        4 => any::<u8>().prop_map(|proxy| Anywhere::Wake { proxy }),
    ]
}

fn parts(least: usize) -> impl Strategy<Value = Parts> {
    let part = (prop::bool::weighted(0.2), prop::bool::weighted(0.1))
        .prop_map(|(choosy, refuses)| Part { choosy, refuses });
    (vec(part, least..4), any::<bool>()).prop_map(|(parts, joined)| Parts { parts, joined })
}
