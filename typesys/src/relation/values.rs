//! What the relations between value types demand of one pair.

use std::collections::BTreeMap;

use super::Problem;
use super::pairs::{
    Demands, Pair, missing, part, problem, problem_at, problem_right, same_place, words,
};
use super::parameters::{Ascent, ascend, without_options};
use crate::diagnostic::Step;
use crate::types::{Basic, Parameter, TypeId, Types, Value, ValueId};

/// Both are shown in full, since nothing of one corresponds to anything of the other.
pub(super) fn unlike(types: &Types, left: TypeId, right: TypeId, out: &mut impl Demands) {
    problem(out, || {
        let (found, expected) = (types.describe(left), types.describe(right));
        if found != expected {
            return words(found, expected);
        }
        // Two libraries may give one name to different things.
        let full = |name: String, id| match sort(types, id) {
            Some(sort) => format!("`{name}` ({sort})"),
            None => name,
        };
        words(full(found, left), full(expected, right))
    });
}

/// What a type is, apart from its name.
fn sort(types: &Types, id: TypeId) -> Option<&'static str> {
    let TypeId::Value(id) = id else { return None };
    Some(match types.value(id) {
        Value::Record { .. } => "a record",
        Value::Variant(_) => "a variant",
        Value::Parameter(_) => "a type parameter",
        Value::List(_) => "a list",
        Value::Option(_) => "an option",
        Value::Map(..) => "a map",
        Value::Tuple(_) => "a tuple",
        Value::Reference(_) => "a reference",
        Value::External(_) => "an external endpoint",
        Value::Basic(basic) => basic.as_str(),
    })
}

/// S <: T.
pub(super) fn subtype(types: &Types, left: ValueId, right: ValueId, out: &mut impl Demands) {
    match (types.value(left), types.value(right)) {
        (Value::Parameter(parameter), _) => {
            let core = without_options(types, right);
            let same = |p: &Parameter| matches!(core, Value::Parameter(q) if p.name == q.name);
            match ascend(types, parameter, same) {
                Ascent::Same => {}
                Ascent::Type(TypeId::Value(bound)) => same_place(out, Pair::Value(bound, right)),
                _ => unlike(types, TypeId::Value(left), TypeId::Value(right), out),
            }
        }
        (Value::Basic(a), Value::Basic(b)) if basic(*a, *b) => {}
        (Value::Option(a), Value::Option(b)) | (Value::List(a), Value::List(b)) => {
            part(out, || Step::Element, Pair::Value(*a, *b));
        }
        (_, Value::Option(b)) => part(out, || Step::Element, Pair::Value(left, *b)),
        (Value::Tuple(a), Value::Tuple(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                part(out, || Step::Position(i), Pair::Value(*a, *b));
            }
        }
        (Value::Tuple(a), Value::Tuple(b)) => problem(out, || {
            words(
                format!("a tuple of {}", a.len()),
                format!("a tuple of {}", b.len()),
            )
        }),
        (Value::Map(k, a), Value::Map(l, b)) => {
            part(out, || Step::MapKey, Pair::Same(*k, *l));
            part(out, || Step::MapValue, Pair::Value(*a, *b));
        }
        (
            Value::Record {
                fields: a,
                open: a_open,
            },
            Value::Record {
                fields: b,
                open: b_open,
            },
        ) => record(types, (a, *a_open), (b, *b_open), out),
        (Value::Variant(a), Value::Variant(b)) => cases(types, a, b, Pair::Value, out),
        (Value::Reference(a), Value::Reference(b)) => {
            part(out, || Step::ReferencedObject, Pair::Object(*a, *b));
        }
        (Value::External(a), Value::External(b)) => {
            part(out, || Step::ExternalEndpoint, Pair::Endpoint(*a, *b));
        }
        _ => unlike(types, TypeId::Value(left), TypeId::Value(right), out),
    }
}

type Fields = BTreeMap<String, ValueId>;

fn record(
    types: &Types,
    (a, a_open): (&Fields, bool),
    (b, b_open): (&Fields, bool),
    out: &mut impl Demands,
) {
    for (name, wanted) in b {
        match a.get(name) {
            Some(there) => part(
                out,
                || Step::Field(name.clone()),
                Pair::Value(*there, *wanted),
            ),
            None if !matches!(types.value(*wanted), Value::Option(_)) => {
                problem(out, || missing("field", name, a.keys()));
            }
            None if a_open => problem_at(out, || {
                let found = format!("an open record, which may hold any `{name}`");
                let expected = types.describe(TypeId::Value(*wanted));
                (Step::Field(name.clone()), words(found, expected))
            }),
            None => {}
        }
    }
    if !b_open {
        for name in a.keys().filter(|name| !b.contains_key(*name)) {
            problem(out, || Problem::Unexpected {
                what: "field",
                name: name.clone(),
            });
        }
        if a_open {
            problem(out, || words("an open record", "a closed record"));
        }
    }
}

type Cases = BTreeMap<String, Option<ValueId>>;

fn cases(
    types: &Types,
    a: &Cases,
    b: &Cases,
    relation: impl Fn(ValueId, ValueId) -> Pair,
    out: &mut impl Demands,
) {
    let payload = |payload: ValueId| types.describe(TypeId::Value(payload));
    for (name, there) in a {
        let step = || Step::Case(name.clone());
        match (there, b.get(name)) {
            (_, None) => problem_right(out, || missing("case", name, b.keys())),
            (None, Some(None)) => {}
            (Some(a), Some(Some(b))) => part(out, step, relation(*a, *b)),
            (Some(a), Some(None)) => {
                problem_at(out, || (step(), words(payload(*a), "no payload")));
            }
            (None, Some(Some(b))) => {
                problem_at(out, || (step(), words("no payload", payload(*b))));
            }
        }
    }
}

/// S = T. Asked of map keys only, so the types that cannot occur in one are simply unlike.
pub(super) fn same(types: &Types, left: ValueId, right: ValueId, out: &mut impl Demands) {
    match (types.value(left), types.value(right)) {
        (Value::Basic(a), Value::Basic(b)) if a == b => {}
        (Value::Parameter(a), Value::Parameter(b)) if a.name == b.name => {}
        (Value::Tuple(a), Value::Tuple(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                part(out, || Step::Position(i), Pair::Same(*a, *b));
            }
        }
        (Value::Variant(a), Value::Variant(b)) => {
            cases(types, a, b, Pair::Same, out);
            for name in b.keys().filter(|name| !a.contains_key(*name)) {
                problem(out, || missing("case", name, a.keys()));
            }
        }
        _ => unlike(types, TypeId::Value(left), TypeId::Value(right), out),
    }
}

/// Row 1 of the values, and equality of the basic types that are not numbers.
fn basic(a: Basic, b: Basic) -> bool {
    /// Signed, bits.
    fn integer(basic: Basic) -> Option<(bool, u32)> {
        Some(match basic {
            Basic::U8 => (false, 8),
            Basic::U16 => (false, 16),
            Basic::U32 => (false, 32),
            Basic::U64 => (false, 64),
            Basic::S8 => (true, 8),
            Basic::S16 => (true, 16),
            Basic::S32 => (true, 32),
            Basic::S64 => (true, 64),
            _ => return None,
        })
    }
    match (integer(a), integer(b)) {
        (Some((false, n)), Some((true, m))) => n < m,
        (Some((a_signed, n)), Some((b_signed, m))) => a_signed == b_signed && n <= m,
        (Some((_, n)), None) => (b == Basic::F32 && n <= 16) || (b == Basic::F64 && n <= 32),
        (None, _) => a == b || (a == Basic::F32 && b == Basic::F64),
    }
}
