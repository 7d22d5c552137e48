//! Values as text: JSON in the shape of their types (formats, section 2), and back.
//!
//! | type | JSON |
//! |---|---|
//! | `bool` | `true`, `false` |
//! | integers | a number without fraction and exponent, exact at 64 bits |
//! | `f32`, `f64` | a number, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `char` | a string of one character |
//! | `string` | a string |
//! | `bytes` | a string in base64 (RFC 4648, section 4, padded) |
//! | `uuid` | `"01234567-89ab-cdef-0123-456789abcdef"` |
//! | `list<T>`, `tuple<T, …>` | a list |
//! | `option<T>` | `null`, or the value; where `T` is an option itself, the value in a list of one |
//! | `map<K, V>` | an object where `K` is `string`, else a list of `[key, value]` |
//! | record | an object; an absent field of an option type is none |
//! | variant, enum | `"case"`, or `{"case": payload}` |
//! | `reference<O>` | an object: a reference as in documents, `"liveobj"` and `"types"` optional |
//! | `external<E>` | nothing: it cannot be written |

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use liveobj_types::data::MAX_WIRE_DEPTH;
use liveobj_types::types::{Basic, Value};
use liveobj_types::{
    Code, Data, Diagnostic, ObjectId, Place, Source, Span, TypeId, Types, ValueId, nearest,
};

use crate::base64;
use crate::faults::Faults;
use crate::from_json;
use crate::json::{self, Node, NodeKind};
use crate::limits::Limits;
use crate::model::{Document, Spanned};

/// A value that was read. References inside are yet to be checked: in place of each stands a
/// [`Data::Document`] with its index in `references`, four bytes, little-endian.
#[derive(Debug)]
pub(crate) struct ReadValue {
    pub data: Data,
    pub references: Vec<(Document, ObjectId)>,
}

/// How a value was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notation {
    /// As a parameter: a string stands as it is, anything else is JSON.
    Argument,
    /// JSON.
    Json,
}

/// Most findings about one value.
const MOST: usize = 100;

/// What is read, for messages.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Purpose<'a> {
    /// Code of findings.
    pub code: Code,
    /// Name of the parameter.
    pub name: &'a str,
}

/// Reads a value of the type `ty`; places refer to `source`.
pub(crate) fn read_value(
    types: &Types,
    ty: ValueId,
    source: &Arc<Source>,
    notation: Notation,
    purpose: Purpose<'_>,
    limits: &Limits,
) -> Result<ReadValue, Vec<Diagnostic>> {
    let mut reader = Reader {
        types,
        source,
        purpose,
        diagnostics: Vec::new(),
        references: Vec::new(),
    };
    if notation == Notation::Argument && *types.value(ty) == Value::Basic(Basic::String) {
        return Ok(ReadValue {
            data: Data::String(source.text.clone()),
            references: Vec::new(),
        });
    }
    let path = purpose.name.to_owned();
    let data = match json::parse(&source.text, 0, limits) {
        Ok(node) => reader.value(ty, &node, &path, 0),
        Err(fault) => {
            reader.no_json(ty, &path, fault);
            None
        }
    };
    match data {
        Some(data) if reader.diagnostics.is_empty() => Ok(ReadValue {
            data,
            references: reader.references,
        }),
        _ => Err(reader.diagnostics),
    }
}

struct Reader<'a> {
    types: &'a Types,
    source: &'a Arc<Source>,
    purpose: Purpose<'a>,
    diagnostics: Vec<Diagnostic>,
    references: Vec<(Document, ObjectId)>,
}

impl Reader<'_> {
    fn fault(&mut self, span: Span, path: &str, message: &str) -> &mut Diagnostic {
        let found = Diagnostic::error(self.purpose.code, format!("`{path}`: {message}"))
            .at(Place::new(self.source, span), "");
        // The last one gives way where there are too many.
        self.diagnostics.truncate(MOST - 1);
        self.diagnostics.push(found);
        self.diagnostics.last_mut().expect("one was just added")
    }

    /// A text that is no JSON at all.
    fn no_json(&mut self, ty: ValueId, path: &str, fault: json::SyntaxFault) {
        let text = self.source.text.trim();
        let whole = Span::new(0, self.source.text.len());
        let quoted = match self.types.value(ty) {
            Value::Basic(Basic::Bytes | Basic::Char | Basic::String | Basic::Uuid) => true,
            Value::Variant(cases) => cases.contains_key(text),
            _ => false,
        };
        let short = text.len() <= 40 && !text.contains(['\n', '{', '[', '"']);
        if short && (quoted || matches!(self.types.value(ty), Value::Basic(_))) {
            let message = format!("expected {}, found `{text}`", self.expectation(ty));
            let found = self.fault(whole, path, &message);
            if quoted {
                found.help = Some(format!("put it in double quotes: `\"{text}\"`"));
            }
            return;
        }
        let found = self.fault(fault.span, path, &fault.message);
        found.help = fault.help;
    }

    /// The type, with what it allows where that is not obvious.
    fn expectation(&self, ty: ValueId) -> String {
        let range = match self.types.value(ty) {
            Value::Basic(Basic::U8) => " (0 to 255)",
            Value::Basic(Basic::U16) => " (0 to 65535)",
            Value::Basic(Basic::S8) => " (-128 to 127)",
            Value::Basic(Basic::S16) => " (-32768 to 32767)",
            Value::Basic(Basic::U32 | Basic::U64) => " (a whole number, not negative)",
            Value::Basic(Basic::S32 | Basic::S64) => " (a whole number)",
            Value::Basic(Basic::Bool) => " (`true` or `false`)",
            Value::Basic(Basic::Char) => " (a string of one character)",
            Value::Basic(Basic::Bytes) => " (a string in base64)",
            Value::Basic(Basic::Uuid) => " (a string like `01234567-89ab-cdef-0123-456789abcdef`)",
            _ => "",
        };
        format!("`{}`{range}", self.types.describe(TypeId::Value(ty)))
    }

    fn wrong(&mut self, ty: ValueId, node: &Node, path: &str) {
        let found = match &node.kind {
            NodeKind::Number(number) => format!("`{number}`"),
            NodeKind::Bool(value) => format!("`{value}`"),
            NodeKind::Null => "`null`".to_owned(),
            NodeKind::String(text) if text.text.chars().count() <= 40 => {
                format!("`\"{}\"`", text.text)
            }
            _ => node.describe().to_owned(),
        };
        let message = format!("expected {}, found {found}", self.expectation(ty));
        self.fault(node.span, path, &message);
    }

    fn value(&mut self, ty: ValueId, node: &Node, path: &str, depth: usize) -> Option<Data> {
        if depth > MAX_WIRE_DEPTH {
            let message = format!("nested more than {MAX_WIRE_DEPTH} levels deep");
            self.fault(node.span, path, &message);
            return None;
        }
        let types = self.types;
        match (types.value(ty), &node.kind) {
            (Value::Basic(basic), _) => {
                let data = basic_value(*basic, node);
                if data.is_none() {
                    self.wrong(ty, node, path);
                }
                data
            }
            (Value::List(item), NodeKind::Array(nodes)) => {
                let items = self.items(nodes, path, depth, |_| *item)?;
                Some(Data::List(items))
            }
            (Value::Tuple(positions), NodeKind::Array(nodes)) => {
                if positions.len() != nodes.len() {
                    let message = format!(
                        "expected a list of {}, found one of {}",
                        positions.len(),
                        nodes.len()
                    );
                    self.fault(node.span, path, &message);
                    return None;
                }
                let items = self.items(nodes, path, depth, |index| positions[index])?;
                Some(Data::Tuple(items))
            }
            (Value::Option(_), NodeKind::Null) => Some(Data::Option(None)),
            (Value::Option(inner), kind) => {
                let wrapped = matches!(types.value(*inner), Value::Option(_));
                let value = match kind {
                    NodeKind::Array(nodes) if wrapped && nodes.len() == 1 => &nodes[0],
                    _ if wrapped => {
                        let message = "expected `null` or a list of one: an option in an option";
                        self.fault(node.span, path, message);
                        return None;
                    }
                    _ => node,
                };
                let data = self.value(*inner, value, path, depth + 1)?;
                Some(Data::Option(Some(Box::new(data))))
            }
            (Value::Map(key, value), NodeKind::Object(entries))
                if *types.value(*key) == Value::Basic(Basic::String) =>
            {
                let mut read = Vec::new();
                let mut complete = true;
                for (name, node) in entries {
                    let path = format!("{path}[{:?}]", name.text);
                    match self.value(*value, node, &path, depth + 1) {
                        Some(data) => {
                            read.push((Data::String(name.text.clone()), data, name.span));
                        }
                        None => complete = false,
                    }
                }
                if complete { self.map(read, path) } else { None }
            }
            (Value::Map(key, value), NodeKind::Array(nodes))
                if *types.value(*key) != Value::Basic(Basic::String) =>
            {
                let mut read = Vec::new();
                let mut complete = true;
                for (index, node) in nodes.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    match &node.kind {
                        NodeKind::Array(pair) if pair.len() == 2 => {
                            let key = self.value(*key, &pair[0], &format!("{path}.key"), depth + 1);
                            let path = format!("{path}.value");
                            let value = self.value(*value, &pair[1], &path, depth + 1);
                            match (key, value) {
                                (Some(key), Some(value)) => {
                                    read.push((key, value, pair[0].span));
                                }
                                _ => complete = false,
                            }
                        }
                        _ => {
                            self.fault(node.span, &path, "expected `[key, value]`");
                            complete = false;
                        }
                    }
                }
                if complete { self.map(read, path) } else { None }
            }
            (Value::Record { fields, .. }, NodeKind::Object(entries)) => {
                self.record(fields, entries, node, path, depth)
            }
            (Value::Variant(cases), _) => self.variant(ty, cases, node, path, depth),
            (Value::Reference(object), NodeKind::Object(_)) => {
                let mut faults = Faults::new(self.source);
                let document = from_json::document(&mut faults, node, false);
                let document = document.filter(|_| faults.diagnostics.is_empty());
                self.diagnostics.append(&mut faults.diagnostics);
                let index = u32::try_from(self.references.len()).ok()?;
                self.references.push((document?, *object));
                Some(Data::Document(index.to_le_bytes().to_vec()))
            }
            (Value::External(_), _) => {
                self.fault(
                    node.span,
                    path,
                    "a reference to an endpoint cannot be written down, only received",
                );
                None
            }
            (Value::Parameter(_), _) => {
                let message = "a value of a type that is not known cannot be written";
                self.fault(node.span, path, message);
                None
            }
            _ => {
                self.wrong(ty, node, path);
                None
            }
        }
    }

    fn items(
        &mut self,
        nodes: &[Node],
        path: &str,
        depth: usize,
        ty: impl Fn(usize) -> ValueId,
    ) -> Option<Vec<Data>> {
        let read: Vec<Option<Data>> = nodes
            .iter()
            .enumerate()
            .map(|(index, node)| {
                self.value(ty(index), node, &format!("{path}[{index}]"), depth + 1)
            })
            .collect();
        read.into_iter().collect()
    }

    fn map(&mut self, mut entries: Vec<(Data, Data, Span)>, path: &str) -> Option<Data> {
        entries.sort_by(|(left, _, _), (right, _, _)| left.total_cmp(right));
        let again = entries
            .windows(2)
            .find(|pair| pair[0].0.total_cmp(&pair[1].0) == Ordering::Equal)
            .map(|pair| pair[1].2);
        if let Some(span) = again {
            self.fault(span, path, "this key stands twice");
            return None;
        }
        Some(Data::Map(
            entries
                .into_iter()
                .map(|(key, value, _)| (key, value))
                .collect(),
        ))
    }

    fn record(
        &mut self,
        fields: &BTreeMap<String, ValueId>,
        entries: &[(Spanned, Node)],
        node: &Node,
        path: &str,
        depth: usize,
    ) -> Option<Data> {
        let mut read = BTreeMap::new();
        let mut seen = BTreeSet::new();
        // A field whose name is misspelt is not missing as well.
        let mut meant = BTreeSet::new();
        let mut complete = true;
        for (name, value) in entries {
            let inside = format!("{path}.{}", name.text);
            if !seen.insert(name.text.as_str()) {
                self.fault(name.span, &inside, "this field stands twice");
                complete = false;
            }
            let Some(ty) = fields.get(&name.text) else {
                let similar = nearest(&name.text, fields.keys().map(String::as_str));
                meant.extend(similar);
                let found = self.fault(name.span, &inside, "the record has no such field");
                if let Some(similar) = similar {
                    *found = found.clone().did_you_mean(&name.text, similar);
                }
                complete = false;
                continue;
            };
            match self.value(*ty, value, &inside, depth + 1) {
                Some(data) => {
                    read.insert(name.text.clone(), data);
                }
                None => complete = false,
            }
        }
        for (name, ty) in fields {
            if seen.contains(name.as_str()) || meant.contains(name.as_str()) {
                continue;
            }
            if matches!(self.types.value(*ty), Value::Option(_)) {
                read.insert(name.clone(), Data::Option(None));
            } else {
                let message = format!("missing, expected {}", self.expectation(*ty));
                self.fault(node.span, &format!("{path}.{name}"), &message);
                complete = false;
            }
        }
        complete.then_some(Data::Record(read))
    }

    fn variant(
        &mut self,
        ty: ValueId,
        cases: &BTreeMap<String, Option<ValueId>>,
        node: &Node,
        path: &str,
        depth: usize,
    ) -> Option<Data> {
        let (name, payload) = match &node.kind {
            NodeKind::String(name) => (name, None),
            NodeKind::Object(entries) if entries.len() == 1 => (&entries[0].0, Some(&entries[0].1)),
            _ => {
                self.wrong(ty, node, path);
                return None;
            }
        };
        let Some(expected) = cases.get(&name.text) else {
            let names: Vec<&str> = cases.keys().map(String::as_str).collect();
            let message = format!("there is no case `{}`", name.text);
            let found = self.fault(name.span, path, &message);
            *found = match nearest(&name.text, names.iter().copied()) {
                Some(similar) => found.clone().did_you_mean(&name.text, similar),
                None => {
                    let expected = format!("expected {}", crate::faults::one_of(&names));
                    found.clone().with_help(expected)
                }
            };
            return None;
        };
        match (expected, payload) {
            (None, None) => Some(Data::Variant(name.text.clone(), None)),
            (Some(ty), Some(payload)) => {
                let path = format!("{path}.{}", name.text);
                let data = self.value(*ty, payload, &path, depth + 1)?;
                Some(Data::Variant(name.text.clone(), Some(Box::new(data))))
            }
            (None, Some(_)) => {
                let message = format!("case `{}` has no payload", name.text);
                self.fault(node.span, path, &message).help =
                    Some(format!("write `\"{}\"`", name.text));
                None
            }
            (Some(_), None) => {
                let message = format!("case `{}` has a payload", name.text);
                self.fault(node.span, path, &message).help =
                    Some(format!("write `{{\"{}\": …}}`", name.text));
                None
            }
        }
    }
}

fn basic_value(basic: Basic, node: &Node) -> Option<Data> {
    Some(match (basic, &node.kind) {
        (Basic::Bool, NodeKind::Bool(value)) => Data::Bool(*value),
        (Basic::U8, NodeKind::Number(text)) => Data::U8(text.parse().ok()?),
        (Basic::U16, NodeKind::Number(text)) => Data::U16(text.parse().ok()?),
        (Basic::U32, NodeKind::Number(text)) => Data::U32(text.parse().ok()?),
        (Basic::U64, NodeKind::Number(text)) => Data::U64(text.parse().ok()?),
        (Basic::S8, NodeKind::Number(text)) => Data::S8(text.parse().ok()?),
        (Basic::S16, NodeKind::Number(text)) => Data::S16(text.parse().ok()?),
        (Basic::S32, NodeKind::Number(text)) => Data::S32(text.parse().ok()?),
        (Basic::S64, NodeKind::Number(text)) => Data::S64(text.parse().ok()?),
        (Basic::F32, NodeKind::Number(text)) => Data::F32(
            text.parse()
                .ok()
                .filter(|number: &f32| number.is_finite())?,
        ),
        (Basic::F64, NodeKind::Number(text)) => Data::F64(
            text.parse()
                .ok()
                .filter(|number: &f64| number.is_finite())?,
        ),
        (Basic::F32, NodeKind::String(text)) => Data::F32(special(&text.text)? as f32),
        (Basic::F64, NodeKind::String(text)) => Data::F64(special(&text.text)?),
        (Basic::Char, NodeKind::String(text)) => {
            let mut chars = text.text.chars();
            match (chars.next(), chars.next()) {
                (Some(c), None) => Data::Char(c),
                _ => return None,
            }
        }
        (Basic::String, NodeKind::String(text)) => Data::String(text.text.clone()),
        (Basic::Bytes, NodeKind::String(text)) => Data::Bytes(base64::decode(&text.text)?),
        (Basic::Uuid, NodeKind::String(text)) => Data::Uuid(uuid(&text.text)?),
        _ => return None,
    })
}

fn special(text: &str) -> Option<f64> {
    match text {
        "NaN" => Some(f64::NAN),
        "Infinity" => Some(f64::INFINITY),
        "-Infinity" => Some(f64::NEG_INFINITY),
        _ => None,
    }
}

fn uuid(text: &str) -> Option<[u8; 16]> {
    let bytes = text.as_bytes();
    if bytes.len() != 36 || [8, 13, 18, 23].iter().any(|index| bytes[*index] != b'-') {
        return None;
    }
    let digits: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != b'-').collect();
    let mut uuid = [0; 16];
    if digits.len() != 32 {
        return None;
    }
    for (byte, pair) in uuid.iter_mut().zip(digits.chunks(2)) {
        let high = (pair[0] as char).to_digit(16)?;
        let low = (pair[1] as char).to_digit(16)?;
        *byte = (high * 16 + low) as u8;
    }
    Some(uuid)
}
