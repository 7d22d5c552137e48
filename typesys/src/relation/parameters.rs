//! Type parameters: each is a subtype of itself and of its bound.

use std::collections::HashSet;

use super::pairs::{Demands, Pair, same_place};
use super::values::unlike;
use crate::types::{Endpoint, EndpointId, Object, Parameter, TypeId, Types, Value, ValueId};

/// What a type parameter is known to be a subtype of.
pub(super) enum Ascent {
    /// Of the one looked for.
    Same,
    /// Of a type that is no parameter.
    Type(TypeId),
    /// Of nothing else.
    Nothing,
}

/// From a parameter through its bounds, up to the first that is no parameter.
pub(super) fn ascend(
    types: &Types,
    parameter: &Parameter,
    same: impl Fn(&Parameter) -> bool,
) -> Ascent {
    let mut seen = HashSet::new();
    let mut at = parameter;
    loop {
        if same(at) {
            return Ascent::Same;
        }
        if !seen.insert(&at.name) {
            return Ascent::Nothing;
        }
        let Some(bound) = at.bound else {
            return Ascent::Nothing;
        };
        at = match bound {
            TypeId::Value(id) => match types.value(id) {
                Value::Parameter(next) => next,
                _ => return Ascent::Type(bound),
            },
            TypeId::Object(id) => match types.object(id) {
                Object::Parameter(next) => next,
                _ => return Ascent::Type(bound),
            },
            TypeId::Endpoint(_) => return Ascent::Type(bound),
        };
    }
}

/// `T` of `option<…<option<T>>…>`: every `P` is a subtype of `option<P>`, whatever it stands for.
pub(super) fn without_options(types: &Types, mut id: ValueId) -> &Value {
    let mut seen = HashSet::new();
    loop {
        match types.value(id) {
            Value::Option(inner) if seen.insert(id) => id = *inner,
            other => return other,
        }
    }
}

/// τ1 ∝ τ2, or τ1 ◁ τ2 as τ1 ∝ mirror τ2, where one of them is a parameter. What is known of a
/// parameter P with the bound B is P ◁ B, and what matches a supertype matches the subtype.
pub(super) fn endpoint_parameters(
    types: &Types,
    left: EndpointId,
    right: EndpointId,
    matching: bool,
    out: &mut impl Demands,
) {
    let (above, left_end) = bounds(types, left, false);
    let (peer, right_end) = bounds(types, right, !matching);
    if above
        .iter()
        .any(|(name, turned)| peer.contains(&(name, !turned)))
    {
        return;
    }
    let (Some(left_end), Some(right_end)) = (left_end, right_end) else {
        let (left, right) = (TypeId::Endpoint(left), TypeId::Endpoint(right));
        return unlike(types, left, right, out);
    };
    let pair = match right_end == right && !matching {
        true => Pair::Endpoint(left_end, right_end),
        false => Pair::Match(left_end, right_end),
    };
    same_place(out, pair);
}

/// The parameters that bound a type (mirrored first, if `mirror`) from above, and the type at
/// their end, if it is no parameter: the type itself if it is none.
fn bounds(types: &Types, id: EndpointId, mirror: bool) -> (Vec<(&str, bool)>, Option<EndpointId>) {
    let mut chain: Vec<(&str, bool)> = Vec::new();
    let (mut at, mut turned) = (id, mirror);
    loop {
        let Endpoint::Parameter {
            parameter,
            mirrored,
        } = types.endpoint(at)
        else {
            return (chain, Some(at));
        };
        let entry = (parameter.name.as_str(), mirrored ^ turned);
        if chain.contains(&entry) {
            return (chain, None);
        }
        chain.push(entry);
        let bound = match (entry.1, parameter.bound) {
            (false, Some(TypeId::Endpoint(bound))) => bound,
            _ => return (chain, None),
        };
        at = bound;
        turned = false;
    }
}
