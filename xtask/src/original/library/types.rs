//! Type expressions of the catalogue in the type language.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::names::{Names, identifier};
use super::{Catalogue, Entry};

/// What becomes of a value class that is not declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BuiltIn {
    /// A type without parameters.
    Type(&'static str),
    /// A type of its one argument.
    Of(&'static str),
    /// A map, where its keys can be.
    Dictionary,
    /// Neither declared nor of any use: the type of nothing.
    Void,
}

/// The built-in type that a value class is, if it is one.
pub fn built_in(entry: &Entry<'_>) -> Option<BuiltIn> {
    if entry.kind != "value class" {
        return None;
    }
    Some(match entry.id {
        "58B37C32B8E549C5BC6EE4A0F5C1467E" => BuiltIn::Of("reference"),
        "648A07ADE3494FF6B72127CE581FE5EE" | "EB81015761F84E06A287132EBD14418B" => {
            BuiltIn::Of("external")
        }
        _ if entry.json["builtin"] != true => return None,
        _ => match entry.name {
            "Boolean" => BuiltIn::Type("bool"),
            "Byte" => BuiltIn::Type("u8"),
            "Int16" => BuiltIn::Type("s16"),
            "UInt16" => BuiltIn::Type("u16"),
            "Int32" => BuiltIn::Type("s32"),
            "UInt32" => BuiltIn::Type("u32"),
            "Int64" => BuiltIn::Type("s64"),
            "UInt64" => BuiltIn::Type("u64"),
            "Single" => BuiltIn::Type("f32"),
            "Double" => BuiltIn::Type("f64"),
            "Char" => BuiltIn::Type("char"),
            "String" => BuiltIn::Type("string"),
            "Byte[]" => BuiltIn::Type("bytes"),
            "Boolean[]" => BuiltIn::Type("list<bool>"),
            "Int16[]" => BuiltIn::Type("list<s16>"),
            "UInt16[]" => BuiltIn::Type("list<u16>"),
            "Int32[]" => BuiltIn::Type("list<s32>"),
            "UInt32[]" => BuiltIn::Type("list<u32>"),
            "Int64[]" => BuiltIn::Type("list<s64>"),
            "UInt64[]" => BuiltIn::Type("list<u64>"),
            "Single[]" => BuiltIn::Type("list<f32>"),
            "Double[]" => BuiltIn::Type("list<f64>"),
            "Char[]" => BuiltIn::Type("list<char>"),
            "String[]" => BuiltIn::Type("list<string>"),
            "ICollection`1" | "IEnumerable`1" | "IList`1" | "ArraySegment`1" => BuiltIn::Of("list"),
            "IDictionary`2" => BuiltIn::Dictionary,
            "Void" => BuiltIn::Void,
            // `Object` and `Array`, which say nothing of what is inside.
            _ => return None,
        },
    })
}

pub const EXPORTED: &str = "673C2185E9E649188C245D47E2948896";
pub const IMPORTED: &str = "C8EA508771EC40A8987A88382F272E36";
pub const DUAL: &str = "38F6531560434F3F964D33D9DA0094EC";

/// An endpoint that exports one interface and imports another: ids of the two.
pub type Pair<'a> = (&'a str, &'a str);

/// Writes type expressions.
pub struct Writer<'c, 'a> {
    pub catalogue: &'c Catalogue<'a>,
    pub names: &'c Names,
    /// The dual endpoints that were written.
    pub pairs: BTreeSet<Pair<'a>>,
    /// Parameters that are called otherwise here.
    pub renamed: BTreeMap<&'a str, String>,
}

impl<'c, 'a> Writer<'c, 'a> {
    pub fn new(catalogue: &'c Catalogue<'a>, names: &'c Names) -> Writer<'c, 'a> {
        Writer {
            catalogue,
            names,
            pairs: BTreeSet::new(),
            renamed: BTreeMap::new(),
        }
    }

    /// What a parameter is called.
    pub fn parameter(&self, id: &str) -> String {
        match self.renamed.get(id) {
            Some(name) => name.clone(),
            None => identifier(id),
        }
    }

    /// A type expression of any kind.
    pub fn write(&mut self, ty: &'a Value) -> Result<String, String> {
        if let Some(parameter) = ty["param"].as_str() {
            return Ok(self.parameter(parameter));
        }
        let (Some(kind), Some(id)) = (ty["kind"].as_str(), ty["id"].as_str()) else {
            return Err(format!("there is no type for {ty}"));
        };
        let argument = |name: &str| &ty["args"][name];
        match (kind, id) {
            ("endpoint class", EXPORTED) => return self.write(argument("ExportedInterface")),
            ("endpoint class", IMPORTED) => {
                let interface = self.write(argument("ImportedInterface"))?;
                return Ok(format!("mirror {interface}"));
            }
            ("endpoint class", DUAL) => return self.dual(ty),
            _ => {}
        }
        let class = self.catalogue.class(kind, id)?;
        let mut arguments = Vec::new();
        for parameter in class.parameters() {
            arguments.push(self.write(argument(parameter.id))?);
        }
        Ok(match (built_in(&class), arguments.as_slice()) {
            (Some(BuiltIn::Type(name)), _) => name.to_owned(),
            (Some(BuiltIn::Of(name)), [of]) => format!("{name}<{of}>"),
            (Some(BuiltIn::Dictionary), [key, value]) if can_be_key(key) => {
                format!("map<{key}, {value}>")
            }
            (Some(BuiltIn::Dictionary), [key, value]) => format!("list<tuple<{key}, {value}>>"),
            (Some(_), _) => return Err(format!("there is no type for {ty}")),
            (None, arguments) => applied(self.name(&class), arguments),
        })
    }

    pub fn name(&self, entry: &Entry<'_>) -> &str {
        self.names
            .of(entry)
            .expect("because what is not built in has a name")
    }

    fn dual(&mut self, ty: &'a Value) -> Result<String, String> {
        let mut ids = ["ExportedInterface", "ImportedInterface"].map(|side| &ty["args"][side]);
        let mut arguments = Vec::new();
        let mut interfaces = Vec::new();
        for interface in &mut ids {
            let id = interface["id"]
                .as_str()
                .ok_or_else(|| format!("there is no type for {ty}"))?;
            let class = self.catalogue.class("interface class", id)?;
            for parameter in class.parameters() {
                arguments.push(self.write(&interface["args"][parameter.id])?);
            }
            interfaces.push((id, class));
        }
        self.pairs.insert((interfaces[0].0, interfaces[1].0));
        let name = self.pair_name(&interfaces[0].1, &interfaces[1].1);
        Ok(applied(&name, &arguments))
    }

    pub fn pair_name(&self, exported: &Entry<'_>, imported: &Entry<'_>) -> String {
        format!("{}_for_{}", self.name(exported), self.name(imported))
    }
}

/// Whether an endpoint exports one parameter and imports another, which no type can express.
pub fn is_open_dual(ty: &Value) -> bool {
    ty["id"] == DUAL
        && ["ExportedInterface", "ImportedInterface"]
            .iter()
            .any(|side| ty["args"][side]["id"].is_null())
}

/// A type with its arguments.
pub fn applied(name: &str, arguments: &[String]) -> String {
    if arguments.is_empty() {
        name.to_owned()
    } else {
        format!("{name}<{}>", arguments.join(", "))
    }
}

fn can_be_key(ty: &str) -> bool {
    let keys = [
        "bool", "u8", "s16", "u16", "s32", "u32", "s64", "u64", "char", "string",
    ];
    keys.contains(&ty)
}
