//! Lossy conversions: those of which some record step drops a field.

use std::collections::BTreeMap;

use super::hash::IdSet;
use super::judge::MAX_PAIRS;
use super::parameters::without_options;
use crate::types::{Direction, Endpoint, EndpointId, Event, Types, Value, ValueId};

/// Whether the conversion of S <: T drops a field. Documents (`reference<>`, `external<>`) are
/// passed on as they are.
pub(super) fn value(
    types: &Types,
    lossless: &mut IdSet<(ValueId, ValueId)>,
    left: ValueId,
    right: ValueId,
) -> bool {
    let mut visited = IdSet::default();
    let mut open = vec![(left, right)];
    while let Some((left, right)) = open.pop() {
        if left == right || lossless.contains(&(left, right)) || !visited.insert((left, right)) {
            continue;
        }
        if visited.len() > MAX_PAIRS {
            // Too many to tell.
            return true;
        }
        match (types.value(left), types.value(right)) {
            // Whatever it stands for may have fields that its bound does not name.
            (Value::Parameter(parameter), _) => match without_options(types, right) {
                Value::Parameter(other) if other.name == parameter.name => {}
                _ => return true,
            },
            (Value::Option(a), Value::Option(b)) | (Value::List(a), Value::List(b)) => {
                open.push((*a, *b));
            }
            (_, Value::Option(b)) => open.push((left, *b)),
            (Value::Map(_, a), Value::Map(_, b)) => open.push((*a, *b)),
            (Value::Tuple(a), Value::Tuple(b)) => open.extend(a.iter().copied().zip(b.clone())),
            (Value::Record { fields: a, .. }, Value::Record { fields: b, .. }) => {
                if a.keys().any(|field| !b.contains_key(field)) {
                    return true;
                }
                open.extend(a.iter().map(|(field, a)| (*a, b[field])));
            }
            (Value::Variant(a), Value::Variant(b)) => {
                for (case, a) in a {
                    if let (Some(a), Some(Some(b))) = (a, b.get(case)) {
                        open.push((*a, *b));
                    }
                }
            }
            _ => {}
        }
    }
    lossless.extend(visited);
    false
}

/// Whether an event that passes between the two endpoints, `right` being the peer (`peer`) or the
/// supertype of `left`, is converted with loss in either direction.
pub(super) fn endpoint(
    types: &Types,
    lossless: &mut IdSet<(ValueId, ValueId)>,
    left: EndpointId,
    right: EndpointId,
    peer: bool,
) -> bool {
    if left == right && !peer {
        return false;
    }
    let (Endpoint::Events { events: left, .. }, Endpoint::Events { events: right, .. }) =
        (types.endpoint(left), types.endpoint(right))
    else {
        return false;
    };
    let events = |events: &BTreeMap<String, Event>, name: &str, direction: Direction| {
        events
            .get(name)
            .filter(|event| event.direction == direction)
            .map(|event| event.payload)
    };
    let turned = |direction: Direction| match (peer, direction) {
        (true, Direction::In) | (false, Direction::Out) => Direction::Out,
        (true, Direction::Out) | (false, Direction::In) => Direction::In,
    };
    left.iter().any(|(name, event)| {
        let Some(other) = events(right, name, turned(event.direction)) else {
            return false;
        };
        match event.direction {
            Direction::Out => value(types, lossless, event.payload, other),
            Direction::In => value(types, lossless, other, event.payload),
        }
    })
}
