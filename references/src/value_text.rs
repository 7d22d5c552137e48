//! Values back to text: the JSON that `value` reads, on one line, always the same.

use liveobj_types::types::{Basic, Value};
use liveobj_types::{Data, Types, ValueId};

use crate::base64;
use crate::json::{is_document_char, write_string};

/// The text of a value as the parameter of a template: a string as it stands, anything else as
/// JSON. `None` where `data` is not a value of the type, or one that no document can hold.
pub fn value_to_text(types: &Types, ty: ValueId, data: &Data) -> Option<String> {
    match (types.value(ty), data) {
        (Value::Basic(Basic::String), Data::String(text)) => {
            text.chars().all(is_document_char).then(|| text.clone())
        }
        _ => value_to_json(types, ty, data),
    }
}

/// The JSON of a value. `None` as for [`value_to_text`].
pub fn value_to_json(types: &Types, ty: ValueId, data: &Data) -> Option<String> {
    let mut out = String::new();
    write(types, ty, data, &mut out)?;
    Some(out)
}

fn write(types: &Types, ty: ValueId, data: &Data, out: &mut String) -> Option<()> {
    match (types.value(ty), data) {
        (Value::Basic(basic), data) => write_basic(*basic, data, out)?,
        (Value::List(item), Data::List(items)) => {
            list(out, items.iter(), |out, data| {
                write(types, *item, data, out)
            })?;
        }
        (Value::Tuple(positions), Data::Tuple(items)) if positions.len() == items.len() => {
            list(out, positions.iter().zip(items), |out, (ty, data)| {
                write(types, *ty, data, out)
            })?;
        }
        (Value::Option(_), Data::Option(None)) => out.push_str("null"),
        (Value::Option(inner), Data::Option(Some(data))) => {
            let wrapped = matches!(types.value(*inner), Value::Option(_));
            if wrapped {
                out.push('[');
            }
            write(types, *inner, data, out)?;
            if wrapped {
                out.push(']');
            }
        }
        (Value::Map(key, value), Data::Map(entries)) => {
            if *types.value(*key) == Value::Basic(Basic::String) {
                members(out, entries.iter(), |out, (name, data)| {
                    let Data::String(name) = name else {
                        return None;
                    };
                    text(name, out)?;
                    out.push(':');
                    write(types, *value, data, out)
                })?;
            } else {
                list(out, entries.iter(), |out, (name, data)| {
                    out.push('[');
                    write(types, *key, name, out)?;
                    out.push(',');
                    write(types, *value, data, out)?;
                    out.push(']');
                    Some(())
                })?;
            }
        }
        (Value::Record { fields, .. }, Data::Record(values)) => {
            if !fields.keys().eq(values.keys()) {
                return None;
            }
            members(
                out,
                fields.iter().zip(values.values()),
                |out, ((name, ty), data)| {
                    text(name, out)?;
                    out.push(':');
                    write(types, *ty, data, out)
                },
            )?;
        }
        (Value::Variant(cases), Data::Variant(name, payload)) => {
            match (cases.get(name)?, payload) {
                (None, None) => text(name, out)?,
                (Some(ty), Some(payload)) => {
                    out.push('{');
                    text(name, out)?;
                    out.push(':');
                    write(types, *ty, payload, out)?;
                    out.push('}');
                }
                _ => return None,
            }
        }
        // Canonical documents are JSON on one line.
        (Value::Reference(_), Data::Document(document)) => {
            out.push_str(std::str::from_utf8(document).ok()?);
        }
        _ => return None,
    }
    Some(())
}

fn write_basic(basic: Basic, data: &Data, out: &mut String) -> Option<()> {
    match (basic, data) {
        (Basic::Bool, Data::Bool(value)) => out.push_str(&value.to_string()),
        (Basic::U8, Data::U8(value)) => out.push_str(&value.to_string()),
        (Basic::U16, Data::U16(value)) => out.push_str(&value.to_string()),
        (Basic::U32, Data::U32(value)) => out.push_str(&value.to_string()),
        (Basic::U64, Data::U64(value)) => out.push_str(&value.to_string()),
        (Basic::S8, Data::S8(value)) => out.push_str(&value.to_string()),
        (Basic::S16, Data::S16(value)) => out.push_str(&value.to_string()),
        (Basic::S32, Data::S32(value)) => out.push_str(&value.to_string()),
        (Basic::S64, Data::S64(value)) => out.push_str(&value.to_string()),
        (Basic::F32, Data::F32(value)) if value.is_finite() => {
            out.push_str(&format!("{value:?}"));
        }
        (Basic::F32, Data::F32(value)) => special(f64::from(*value), out),
        (Basic::F64, Data::F64(value)) if value.is_finite() => {
            out.push_str(&format!("{value:?}"));
        }
        (Basic::F64, Data::F64(value)) => special(*value, out),
        (Basic::Char, Data::Char(value)) => text(&value.to_string(), out)?,
        (Basic::String, Data::String(value)) => text(value, out)?,
        (Basic::Bytes, Data::Bytes(value)) => text(&base64::encode(value), out)?,
        (Basic::Uuid, Data::Uuid(value)) => {
            let digits: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
            let groups = [
                &digits[..8],
                &digits[8..12],
                &digits[12..16],
                &digits[16..20],
                &digits[20..],
            ];
            text(&groups.join("-"), out)?;
        }
        _ => return None,
    }
    Some(())
}

fn special(value: f64, out: &mut String) {
    out.push_str(if value.is_nan() {
        "\"NaN\""
    } else if value > 0.0 {
        "\"Infinity\""
    } else {
        "\"-Infinity\""
    });
}

fn text(text: &str, out: &mut String) -> Option<()> {
    text.chars()
        .all(is_document_char)
        .then(|| write_string(out, text))
}

fn list<T>(
    out: &mut String,
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut String, T) -> Option<()>,
) -> Option<()> {
    bracketed('[', ']', out, items, write)
}

fn members<T>(
    out: &mut String,
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut String, T) -> Option<()>,
) -> Option<()> {
    bracketed('{', '}', out, items, write)
}

fn bracketed<T>(
    open: char,
    close: char,
    out: &mut String,
    items: impl Iterator<Item = T>,
    write: impl Fn(&mut String, T) -> Option<()>,
) -> Option<()> {
    out.push(open);
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write(out, item)?;
    }
    out.push(close);
    Some(())
}
