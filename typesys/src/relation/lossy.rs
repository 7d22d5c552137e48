//! Lossy conversions: those of which some record step drops a field.

use std::collections::BTreeMap;

use super::pairs::{Demands, Pair, problem, same_place};
use super::parameters::without_options;
use super::{Problem, Relations};
use crate::types::{Direction, Endpoint, EndpointId, Event, Types, Value, ValueId};

/// That the conversion of S <: T drops no field. Documents (`reference<>`, `external<>`) are passed
/// on as they are.
pub(super) fn lossless(types: &Types, left: ValueId, right: ValueId, out: &mut impl Demands) {
    let dropped = |name: &str| Problem::Unexpected {
        what: "field",
        name: name.to_owned(),
    };
    match (types.value(left), types.value(right)) {
        // Whatever it stands for may have fields that its bound does not name.
        (Value::Parameter(parameter), _) => match without_options(types, right) {
            Value::Parameter(other) if other.name == parameter.name => {}
            _ => problem(out, || dropped("..")),
        },
        (Value::Option(a), Value::Option(b))
        | (Value::List(a), Value::List(b))
        | (Value::Map(_, a), Value::Map(_, b)) => same_place(out, Pair::Lossless(*a, *b)),
        (_, Value::Option(b)) => same_place(out, Pair::Lossless(left, *b)),
        (Value::Tuple(a), Value::Tuple(b)) => {
            for (a, b) in a.iter().zip(b) {
                same_place(out, Pair::Lossless(*a, *b));
            }
        }
        (Value::Record { fields: a, .. }, Value::Record { fields: b, .. }) => {
            for (name, a) in a {
                match b.get(name) {
                    Some(b) => same_place(out, Pair::Lossless(*a, *b)),
                    None => problem(out, || dropped(name)),
                }
            }
        }
        (Value::Variant(a), Value::Variant(b)) => {
            for (name, a) in a {
                if let (Some(a), Some(Some(b))) = (a, b.get(name)) {
                    same_place(out, Pair::Lossless(*a, *b));
                }
            }
        }
        _ => {}
    }
}

impl Relations<'_> {
    /// Whether some record step of S <: T drops a field; also where there are too many to tell.
    pub fn lossy(&mut self, left: ValueId, right: ValueId) -> bool {
        !self.verdict(Pair::Lossless(left, right)).holds()
    }

    /// Whether an event that passes between the two endpoints, `right` being the peer (`peer`) or
    /// the supertype of `left`, is converted with loss in either direction.
    pub(crate) fn lossy_endpoint(
        &mut self,
        left: EndpointId,
        right: EndpointId,
        peer: bool,
    ) -> bool {
        if left == right && !peer {
            return false;
        }
        let (Endpoint::Events { events: l, .. }, Endpoint::Events { events: r, .. }) =
            (self.types.endpoint(left), self.types.endpoint(right))
        else {
            return false;
        };
        conversions(l, r, peer)
            .into_iter()
            .any(|(from, to)| self.lossy(from, to))
    }
}

/// The payloads that pass between two endpoints: from which type to which.
fn conversions(
    left: &BTreeMap<String, Event>,
    right: &BTreeMap<String, Event>,
    peer: bool,
) -> Vec<(ValueId, ValueId)> {
    let turned = |direction: Direction| match (peer, direction) {
        (true, Direction::In) | (false, Direction::Out) => Direction::Out,
        (true, Direction::Out) | (false, Direction::In) => Direction::In,
    };
    let pairs = left.iter().filter_map(|(name, event)| {
        let other = right.get(name)?;
        if other.direction != turned(event.direction) {
            return None;
        }
        Some(match event.direction {
            Direction::Out => (event.payload, other.payload),
            Direction::In => (other.payload, event.payload),
        })
    });
    pairs.filter(|(from, to)| from != to).collect()
}
