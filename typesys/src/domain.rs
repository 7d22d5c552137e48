//! Which values a type has, as far as constraints can tell them apart: what type it is, and how
//! many values there are.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use crate::formalism::Domain;
use crate::types::{Basic, TypeId, Types, Value, ValueId};

/// The domains that were asked for. They stay true as long as the types do.
#[derive(Default)]
pub(crate) struct Domains(Mutex<HashMap<ValueId, Domain>>);

impl Clone for Domains {
    /// Nothing: the two arenas go different ways, and domains can be found again.
    fn clone(&self) -> Domains {
        Domains::default()
    }
}

impl fmt::Debug for Domains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Domains(…)")
    }
}

impl Types {
    /// The domain of a value type. Structurally equal types, and no others, have equal keys. What
    /// is reachable from the type must be complete. Found once, and then remembered.
    pub fn domain(&self, id: ValueId) -> Domain {
        if let Value::Basic(basic) = self.value(id) {
            return Domain {
                key: basic.as_str().to_owned(),
                size: basic_size(*basic),
            };
        }
        // What is remembered is whole at any time, whoever panicked.
        let known = || {
            self.domains
                .0
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some(domain) = known().get(&id) {
            return domain.clone();
        }
        let digits = self.identity(TypeId::Value(id));
        let domain = Domain {
            key: digits.iter().map(|byte| format!("{byte:02x}")).collect(),
            size: size(self, id),
        };
        known().insert(id, domain.clone());
        domain
    }
}

fn basic_size(basic: Basic) -> Option<u64> {
    match basic {
        Basic::Bool => Some(2),
        Basic::U8 | Basic::S8 => Some(1 << 8),
        Basic::U16 | Basic::S16 => Some(1 << 16),
        Basic::U32 | Basic::S32 => Some(1 << 32),
        // All code points but the surrogates.
        Basic::Char => Some(0x11_0000 - 0x800),
        // There are too many of most; floating-point numbers may be equal without being the same.
        Basic::U64
        | Basic::S64
        | Basic::F32
        | Basic::F64
        | Basic::String
        | Basic::Bytes
        | Basic::Uuid => None,
    }
}

/// Where a walk stands with a type.
#[derive(Clone, Copy)]
enum State {
    /// Its parts are being counted. Who meets it again is a part of it: there is no end of values.
    Open,
    Counted(Option<u64>),
}

/// The number of values. Without recursion, since types may be nested deeply, and each type once,
/// since they may be shared.
fn size(types: &Types, root: ValueId) -> Option<u64> {
    let mut states: HashMap<ValueId, State> = HashMap::new();
    let mut path = vec![root];
    while let Some(id) = path.last().copied() {
        let value = types.value(id);
        if let Entry::Vacant(entry) = states.entry(id) {
            entry.insert(State::Open);
            let before = path.len();
            path.extend(
                parts(value)
                    .into_iter()
                    .filter(|part| !states.contains_key(part)),
            );
            if path.len() > before {
                continue;
            }
        }
        path.pop();
        if let Some(State::Counted(_)) = states.get(&id) {
            continue;
        }
        let part = |part: &ValueId| match states.get(part) {
            Some(State::Counted(size)) => *size,
            Some(State::Open) | None => None,
        };
        let size = combined(value, part);
        states.insert(id, State::Counted(size));
    }
    match states.get(&root) {
        Some(State::Counted(size)) => *size,
        _ => None,
    }
}

/// The types of which the values of a type are made, where that matters for their number.
fn parts(value: &Value) -> Vec<ValueId> {
    match value {
        Value::Option(part) => vec![*part],
        Value::Map(key, value) => vec![*key, *value],
        Value::Tuple(parts) => parts.clone(),
        Value::Record {
            fields,
            open: false,
        } => fields.values().copied().collect(),
        Value::Variant(cases) => cases.values().flatten().copied().collect(),
        Value::Basic(_)
        | Value::List(_)
        | Value::Record { open: true, .. }
        | Value::Reference(_)
        | Value::External(_)
        | Value::Parameter(_) => Vec::new(),
    }
}

/// The number of values, given those of the parts.
fn combined(value: &Value, part: impl Fn(&ValueId) -> Option<u64>) -> Option<u64> {
    let times = |so_far: u64, each: &ValueId| so_far.checked_mul(part(each)?);
    match value {
        Value::Basic(basic) => basic_size(*basic),
        Value::Option(inner) => part(inner)?.checked_add(1),
        // Each key is absent or has a value.
        Value::Map(keys, values) => {
            let keys = u32::try_from(part(keys)?).ok()?;
            part(values)?.checked_add(1)?.checked_pow(keys)
        }
        Value::Tuple(parts) => parts.iter().try_fold(1, times),
        Value::Record {
            fields,
            open: false,
        } => fields.values().try_fold(1, times),
        Value::Variant(cases) => cases.values().try_fold(0_u64, |so_far, payload| {
            so_far.checked_add(payload.as_ref().map_or(Some(1), &part)?)
        }),
        Value::List(_)
        | Value::Record { open: true, .. }
        | Value::Reference(_)
        | Value::External(_)
        | Value::Parameter(_) => None,
    }
}

#[cfg(test)]
mod tests;
