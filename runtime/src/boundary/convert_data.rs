//! Conversions along `<:` on values as data: slow and obvious, what [`super::Conversion`] must
//! agree with.

use std::collections::BTreeMap;

use liveobj_types::types::{Basic, Value};
use liveobj_types::{Data, Types, ValueId};

/// The conversion of semantics, section 1, on values as data: `None` where `data` is not of type
/// `source` or there is no conversion to `target`. Of references and external references it is
/// taken as known that their types are in the relation.
pub(crate) fn convert_data(
    types: &Types,
    source: ValueId,
    target: ValueId,
    data: &Data,
) -> Option<Data> {
    let convert = |source: &ValueId, target: &ValueId, data: &Data| {
        convert_data(types, *source, *target, data)
    };
    Some(match (types.value(source), types.value(target), data) {
        (Value::Basic(_), Value::Basic(target), data) => convert_basic(*target, data)?,
        (Value::Option(_), Value::Option(_), Data::Option(None)) => Data::Option(None),
        (Value::Option(source), Value::Option(target), Data::Option(Some(data))) => {
            Data::Option(Some(Box::new(convert(source, target, data)?)))
        }
        (Value::Option(_), _, _) => return None,
        (_, Value::Option(target), data) => {
            Data::Option(Some(Box::new(convert(&source, target, data)?)))
        }
        (Value::List(source), Value::List(target), Data::List(items)) => {
            let items = items.iter().map(|data| convert(source, target, data));
            Data::List(items.collect::<Option<_>>()?)
        }
        (Value::Tuple(sources), Value::Tuple(targets), Data::Tuple(items)) => {
            if sources.len() != targets.len() || sources.len() != items.len() {
                return None;
            }
            let parts = sources.iter().zip(targets).zip(items);
            let items = parts.map(|((source, target), data)| convert(source, target, data));
            Data::Tuple(items.collect::<Option<_>>()?)
        }
        (Value::Map(_, source), Value::Map(_, target), Data::Map(entries)) => {
            let entry = |(key, data): &(Data, Data)| {
                convert(source, target, data).map(|data| (key.clone(), data))
            };
            Data::Map(entries.iter().map(entry).collect::<Option<_>>()?)
        }
        (
            Value::Record {
                fields: sources,
                open: source_open,
            },
            Value::Record {
                fields: targets,
                open: target_open,
            },
            Data::Record(record),
        ) => {
            let within = sources.keys().all(|name| targets.contains_key(name));
            if !target_open && (*source_open || !within) {
                return None;
            }
            let mut converted = BTreeMap::new();
            for (name, target) in targets {
                let data = match sources.get(name) {
                    Some(source) => convert(source, target, record.get(name)?)?,
                    None if !source_open && matches!(types.value(*target), Value::Option(_)) => {
                        Data::Option(None)
                    }
                    None => return None,
                };
                converted.insert(name.clone(), data);
            }
            Data::Record(converted)
        }
        (Value::Variant(sources), Value::Variant(targets), Data::Variant(name, payload)) => {
            let payload = match (sources.get(name)?, targets.get(name)?, payload) {
                (None, None, None) => None,
                (Some(source), Some(target), Some(data)) => {
                    Some(Box::new(convert(source, target, data)?))
                }
                _ => return None,
            };
            Data::Variant(name.clone(), payload)
        }
        (Value::Reference(_), Value::Reference(_), Data::Document(_))
        | (Value::External(_), Value::External(_), Data::Document(_)) => data.clone(),
        _ => return None,
    })
}

fn convert_basic(target: Basic, data: &Data) -> Option<Data> {
    if let Data::F32(value) = data {
        return match target {
            Basic::F32 => Some(Data::F32(*value)),
            Basic::F64 => Some(Data::F64(f64::from(*value))),
            _ => None,
        };
    }
    let integer = match data {
        Data::U8(value) => i128::from(*value),
        Data::U16(value) => i128::from(*value),
        Data::U32(value) => i128::from(*value),
        Data::U64(value) => i128::from(*value),
        Data::S8(value) => i128::from(*value),
        Data::S16(value) => i128::from(*value),
        Data::S32(value) => i128::from(*value),
        Data::S64(value) => i128::from(*value),
        other => {
            let same = matches!(
                (other, target),
                (Data::Bool(_), Basic::Bool)
                    | (Data::F64(_), Basic::F64)
                    | (Data::Char(_), Basic::Char)
                    | (Data::String(_), Basic::String)
                    | (Data::Bytes(_), Basic::Bytes)
                    | (Data::Uuid(_), Basic::Uuid)
            );
            return same.then(|| other.clone());
        }
    };
    Some(match target {
        Basic::U8 => Data::U8(integer.try_into().ok()?),
        Basic::U16 => Data::U16(integer.try_into().ok()?),
        Basic::U32 => Data::U32(integer.try_into().ok()?),
        Basic::U64 => Data::U64(integer.try_into().ok()?),
        Basic::S8 => Data::S8(integer.try_into().ok()?),
        Basic::S16 => Data::S16(integer.try_into().ok()?),
        Basic::S32 => Data::S32(integer.try_into().ok()?),
        Basic::S64 => Data::S64(integer.try_into().ok()?),
        Basic::F32 => Data::F32(integer as f32),
        Basic::F64 => Data::F64(integer as f64),
        _ => return None,
    })
}
