//! Types as C structs, and the table of their layouts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use liveobj_types::layout::{FieldLayout, Layout, Layouts, Shape, Slot};
use liveobj_types::types::Basic;
use liveobj_types::{TypeId, Types, ValueId};

use super::identifier;

/// The structs of a header, each declared after those inside of it.
pub(super) struct Structs<'a> {
    types: &'a Types,
    layouts: Layouts<'a>,
    /// Stands before every name.
    prefix: String,
    /// Every name there is.
    used: BTreeSet<String>,
    /// What was declared: its name in C, empty where it has none of its own.
    names: BTreeMap<ValueId, String>,
    /// What lies behind slices is declared later.
    waiting: Vec<Waiting>,
    text: String,
    /// Arrays of offsets.
    offsets: String,
    /// Entries of the table of layouts, by identity.
    entries: BTreeMap<[u8; 32], String>,
    too_large: bool,
}

/// Something is too large to be laid out.
pub(super) struct TooLarge;

enum Waiting {
    /// A type, with a hint for its name.
    Type(ValueId, String),
    /// The entries of a map.
    Entry(ValueId, ValueId, String),
}

impl<'a> Structs<'a> {
    pub(super) fn new(types: &'a Types, prefix: &str) -> Structs<'a> {
        Structs {
            types,
            layouts: Layouts::new(types),
            prefix: prefix.to_owned(),
            used: BTreeSet::new(),
            names: BTreeMap::new(),
            waiting: Vec::new(),
            text: String::new(),
            offsets: String::new(),
            entries: BTreeMap::new(),
            too_large: false,
        }
    }

    /// A new name, which starts with the prefix: with a number behind it where it is taken.
    pub(super) fn name(&mut self, text: &str) -> String {
        let starts = text
            .strip_prefix(&self.prefix)
            .is_some_and(|rest| rest.starts_with('_'));
        let plain = if starts {
            text.to_owned()
        } else {
            format!("{}_{text}", self.prefix)
        };
        let mut name = plain.clone();
        let mut number = 2;
        while !self.used.insert(name.clone()) {
            name = format!("{plain}_{number}");
            number += 1;
        }
        name
    }

    /// Declares a type and all that it contains, under a name of its own. Answers the name: none
    /// where it has no size; an error where something is too large to be laid out.
    pub(super) fn declare(&mut self, id: ValueId, name: &str) -> Result<Option<String>, TooLarge> {
        self.declare_parts(id, name);
        if self.too_large {
            return Err(TooLarge);
        }
        let slot = Slot {
            ty: id,
            boxed: false,
        };
        let Some(known) = self.type_of(slot) else {
            return Ok(None);
        };
        if known == name || known == format!("{}_{name}", self.prefix) {
            return Ok(Some(known));
        }
        let name = self.name(name);
        let _ = writeln!(self.text, "\ntypedef {known} {name};");
        Ok(Some(name))
    }

    fn declare_parts(&mut self, id: ValueId, hint: &str) {
        self.inline(id, hint);
        while let Some(waiting) = self.waiting.pop() {
            match waiting {
                Waiting::Type(id, hint) => self.inline(id, &hint),
                Waiting::Entry(key, value, hint) => self.map_entry(key, value, &hint),
            }
        }
    }

    /// The declarations; the table of layouts: arrays of offsets, and its entries in their order.
    pub(super) fn finish(self) -> (String, String, Vec<String>) {
        let entries = self.entries.into_values().collect();
        (self.text, self.offsets, entries)
    }

    fn inline(&mut self, id: ValueId, hint: &str) {
        if self.names.contains_key(&id) {
            return;
        }
        let layout = self.layouts.of(id).clone();
        if !layout.fits() {
            self.too_large = true;
            return;
        }
        let own = match &layout.shape {
            Shape::Struct(_) => layout.size > 0,
            Shape::Variant { .. } | Shape::Option { .. } => true,
            _ => false,
        };
        let name = if own {
            let origin = identifier(&self.types.origin(TypeId::Value(id)).name);
            self.name(if origin.is_empty() { hint } else { &origin })
        } else {
            String::new()
        };
        self.names.insert(id, name.clone());
        match &layout.shape {
            Shape::Struct(fields) => {
                for field in fields {
                    self.inside(field.slot, &format!("{hint}_{}", identifier(&field.name)));
                }
            }
            Shape::Variant { cases, .. } => {
                for (case, slot) in cases {
                    if let Some(slot) = slot {
                        self.inside(*slot, &format!("{hint}_{}", identifier(case)));
                    }
                }
            }
            Shape::Option { slot, .. } => self.inside(*slot, &format!("{hint}_value")),
            Shape::List(item) => {
                let item = Waiting::Type(*item, format!("{hint}_item"));
                self.waiting.push(item);
            }
            Shape::Map { key, value, .. } => {
                let entry = Waiting::Entry(*key, *value, format!("{hint}_entry"));
                self.waiting.push(entry);
            }
            _ => {}
        }
        self.body(id, &name, &layout);
    }

    fn inside(&mut self, slot: Slot, hint: &str) {
        if slot.boxed {
            self.waiting.push(Waiting::Type(slot.ty, hint.to_owned()));
        } else {
            self.inline(slot.ty, hint);
        }
    }

    fn map_entry(&mut self, key: ValueId, value: ValueId, hint: &str) {
        self.inline(key, &format!("{hint}_key"));
        self.inline(value, &format!("{hint}_value"));
        let name = self.name(hint);
        let members = [("key", key), ("value", value)].map(|(name, ty)| {
            let member = self.member(Slot { ty, boxed: false }, name);
            member.map_or_else(String::new, |member| format!("    {member}\n"))
        });
        // Keys have a size.
        let _ = write!(
            self.text,
            "\n/* What the slice of a map has for elements. */\ntypedef struct {name} {{\n{}}} \
             {name};\n",
            members.concat()
        );
    }

    fn body(&mut self, id: ValueId, name: &str, layout: &Layout) {
        let described = self.types.describe(TypeId::Value(id)).replace("*/", "* /");
        let comment = format!("\n/* {described} */\n");
        match &layout.shape {
            Shape::Struct(fields) => {
                let members: Vec<(&FieldLayout, String, Option<String>)> = fields
                    .iter()
                    .map(|field| {
                        let member = member_name(&field.name);
                        let text = self.member(field.slot, &member);
                        (field, member, text)
                    })
                    .collect();
                if layout.size > 0 {
                    let _ = writeln!(self.text, "{comment}typedef struct {name} {{");
                    for text in members.iter().filter_map(|(_, _, text)| text.as_ref()) {
                        let _ = writeln!(self.text, "    {text}");
                    }
                    let _ = writeln!(self.text, "}} {name};");
                }
                let mut offsets: Vec<(&str, String)> = members
                    .iter()
                    .map(|(field, member, text)| {
                        let offset = match text {
                            Some(_) => format!("offsetof({name}, {member})"),
                            None => field.offset.to_string(),
                        };
                        (field.name.as_str(), offset)
                    })
                    .collect();
                // Tuples are in the order of their positions already.
                if !is_tuple(fields) {
                    offsets.sort();
                }
                let offsets = offsets.into_iter().map(|(_, offset)| offset).collect();
                self.entry(id, name, layout, offsets);
            }
            Shape::Variant { cases, payload } => {
                let constants: Vec<String> = cases
                    .iter()
                    .map(|(case, _)| {
                        let behind = name.get(self.prefix.len() + 1..).unwrap_or(name);
                        self.name(&format!("{behind}_{}", identifier(case)))
                    })
                    .collect();
                let _ = writeln!(self.text, "{comment}enum {{");
                for (number, constant) in constants.iter().enumerate() {
                    let _ = writeln!(self.text, "    {constant} = {number},");
                }
                // A comma at the end is not C++98; both standards that count take it.
                let _ = writeln!(self.text, "}};");
                let members: Vec<String> = cases
                    .iter()
                    .filter_map(|(case, slot)| self.member((*slot)?, &member_name(case)))
                    .collect();
                let offset = if members.is_empty() {
                    let _ = writeln!(self.text, "typedef uint32_t {name};");
                    payload.to_string()
                } else {
                    let _ = writeln!(
                        self.text,
                        "typedef struct {name} {{\n    uint32_t tag;\n    union {{\n        {}\n    \
                         }} of;\n}} {name};",
                        members.join("\n        ")
                    );
                    format!("offsetof({name}, of)")
                };
                self.entry(id, name, layout, vec![offset]);
            }
            Shape::Option { slot, payload } => {
                let _ = writeln!(
                    self.text,
                    "{comment}typedef struct {name} {{\n    uint8_t some;"
                );
                let offset = match self.member(*slot, "value") {
                    Some(member) => {
                        let _ = writeln!(self.text, "    {member}");
                        format!("offsetof({name}, value)")
                    }
                    None => payload.to_string(),
                };
                let _ = writeln!(self.text, "}} {name};");
                self.entry(id, name, layout, vec![offset]);
            }
            _ => {}
        }
    }

    /// An entry of the table, checked when the library is compiled, too.
    fn entry(&mut self, id: ValueId, name: &str, layout: &Layout, offsets: Vec<String>) {
        let identity = self.types.identity(TypeId::Value(id));
        if self.entries.contains_key(&identity) {
            return;
        }
        let (size, align) = if name.is_empty() {
            (layout.size.to_string(), layout.align.to_string())
        } else {
            let _ = writeln!(
                self.text,
                "typedef char {name}_has_its_size[sizeof({name}) == {} ? 1 : -1];",
                layout.size
            );
            (format!("sizeof({name})"), format!("LO_ALIGNOF({name})"))
        };
        let array = if offsets.is_empty() {
            "0".to_owned()
        } else {
            let array = format!("{}_offsets_{}", self.prefix, self.entries.len());
            let _ = writeln!(
                self.offsets,
                "static const uint32_t {array}[] = {{{}}};",
                offsets.join(", ")
            );
            array
        };
        let bytes: Vec<String> = identity.iter().map(u8::to_string).collect();
        let entry = format!(
            "{{{{{}}},\n     {size}, {align}, {array}, {}}}",
            bytes.join(","),
            offsets.len()
        );
        self.entries.insert(identity, entry);
    }

    /// `T name;`, none for what has no size.
    fn member(&mut self, slot: Slot, name: &str) -> Option<String> {
        if !slot.boxed && matches!(self.layouts.of(slot.ty).shape, Shape::Scalar(Basic::Uuid)) {
            return Some(format!("uint8_t {name}[16];"));
        }
        Some(format!("{} {name};", self.type_of(slot)?))
    }

    fn type_of(&mut self, slot: Slot) -> Option<String> {
        if slot.boxed {
            return Some("lo_slice".to_owned());
        }
        let layout = self.layouts.of(slot.ty);
        let text = match &layout.shape {
            Shape::Scalar(basic) => scalar(*basic),
            Shape::String | Shape::Bytes | Shape::List(_) | Shape::Map { .. } | Shape::Document => {
                "lo_slice"
            }
            Shape::Opaque => "lo_opaque",
            Shape::Struct(_) if layout.size == 0 => return None,
            Shape::Struct(_) | Shape::Variant { .. } | Shape::Option { .. } => {
                return self.names.get(&slot.ty).cloned();
            }
        };
        Some(text.to_owned())
    }
}

fn is_tuple(fields: &[FieldLayout]) -> bool {
    fields
        .iter()
        .all(|field| field.name.starts_with(|c: char| c.is_ascii_digit()))
}

fn scalar(basic: Basic) -> &'static str {
    match basic {
        Basic::U8 | Basic::Bool | Basic::Uuid => "uint8_t",
        Basic::U16 => "uint16_t",
        Basic::U32 | Basic::Char => "uint32_t",
        Basic::U64 => "uint64_t",
        Basic::S8 => "int8_t",
        Basic::S16 => "int16_t",
        Basic::S32 => "int32_t",
        Basic::S64 => "int64_t",
        Basic::F32 => "float",
        Basic::F64 => "double",
        Basic::String | Basic::Bytes => "lo_slice",
    }
}

/// A field's name as a member of a struct: positions of tuples get an `f`, words that C or C++
/// keep for themselves an underscore.
fn member_name(name: &str) -> String {
    if name.starts_with(|c: char| c.is_ascii_digit()) {
        return format!("f{name}");
    }
    if KEYWORDS.binary_search(&name).is_ok() {
        return format!("{name}_");
    }
    name.to_owned()
}

/// Keywords of C and C++, and macros of the headers that are included, sorted.
const KEYWORDS: [&str; 100] = [
    "NULL",
    "alignas",
    "alignof",
    "and",
    "and_eq",
    "asm",
    "auto",
    "bitand",
    "bitor",
    "bool",
    "break",
    "case",
    "catch",
    "char",
    "char16_t",
    "char32_t",
    "char8_t",
    "class",
    "co_await",
    "co_return",
    "co_yield",
    "compl",
    "concept",
    "const",
    "const_cast",
    "consteval",
    "constexpr",
    "constinit",
    "continue",
    "decltype",
    "default",
    "delete",
    "do",
    "double",
    "dynamic_cast",
    "else",
    "enum",
    "explicit",
    "export",
    "extern",
    "false",
    "float",
    "for",
    "friend",
    "goto",
    "if",
    "inline",
    "int",
    "linux",
    "long",
    "mutable",
    "namespace",
    "new",
    "noexcept",
    "not",
    "not_eq",
    "nullptr",
    "offsetof",
    "operator",
    "or",
    "or_eq",
    "private",
    "protected",
    "public",
    "register",
    "reinterpret_cast",
    "requires",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "static_assert",
    "static_cast",
    "struct",
    "switch",
    "template",
    "this",
    "thread_local",
    "throw",
    "true",
    "try",
    "typedef",
    "typeid",
    "typename",
    "typeof",
    "typeof_unqual",
    "union",
    "unix",
    "unsigned",
    "using",
    "virtual",
    "void",
    "volatile",
    "wchar_t",
    "while",
    "xor",
    "xor_eq",
    "yield",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_found() {
        assert!(KEYWORDS.is_sorted());
        assert_eq!(member_name("new"), "new_");
        assert_eq!(member_name("2"), "f2");
        assert_eq!(member_name("text"), "text");
    }
}
