//! The declarations of the type library.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::names::identifier;
use super::types::{BuiltIn, Pair, Writer, applied, built_in, is_open_dual};
use super::{Catalogue, Entry, Parameter};

const HEAD: &str = r#"// The classes and components of the Live Objects platform of 2009, as types of today.
// `cargo xtask original-catalog` wrote this file: do not edit it. See docs/original.md.
//
// An operation of an interface is a call: an event that lends an endpoint for the answer. So an
// interface can have further operations than its caller knows, as in the original; and operations
// further parameters, hence the `..`.
// A value class whose values cannot be looked into is an open record: `content` is the value as
// documents write it, and the other fields, which are never set, say which classes it is of.
// What is `option` with the default `null` may be left out by a document, as in the original.

use "liveobj:standard";

/// Says only that a value is of a class; there is nothing to know of it.
enum Class { of }

/// Where an operation answers that gives nothing back: it is done.
endpoint Returned {
    in returned(..);
}

"#;

/// The base of all object classes.
const OBJECT: &str = "F5225FA26F7C4F6D93C9E5A1A45FCF45";
/// The object class of dictionaries.
const DICTIONARY: &str = "D111EEF8754D4EB98ABD90B0260AEF93";

/// The text of the type library; `writer` knows then what was written.
pub fn library<'a>(
    catalogue: &Catalogue<'a>,
    writer: &mut Writer<'_, 'a>,
) -> Result<String, String> {
    let mut out = HEAD.to_owned();
    for entry in &catalogue.entries {
        if writer.names.of(entry).is_none() {
            continue;
        }
        let declared = match entry.kind {
            "value class" => value_class(writer, entry),
            "interface class" => interface_class(writer, entry),
            "endpoint class" => endpoint_class(writer, entry),
            "object class" => object_class(writer, entry),
            _ => component(writer, entry),
        };
        let declared =
            declared.map_err(|error| format!("{} `{}`: {error}", entry.kind, entry.name))?;
        if !declared.is_empty() {
            out += &format!("{}{declared}\n", comment(entry));
        }
    }
    // Writing a pair may write further ones.
    let mut written: BTreeSet<Pair<'_>> = BTreeSet::new();
    while let Some(pair) = writer.pairs.difference(&written).next().copied() {
        written.insert(pair);
        out += &dual(writer, pair)?;
    }
    let dictionary = catalogue.class("object class", DICTIONARY)?;
    let object = catalogue.class("object class", OBJECT)?;
    out += &format!(
        "/// A dictionary as a folder: what `From` of a document looks things up in.\n\
         template dictionary_as_folder(dictionary: reference<{}<string, {}>>): Folder<Object>;\n",
        writer.name(&dictionary),
        writer.name(&object)
    );
    Ok(out)
}

fn comment(entry: &Entry<'_>) -> String {
    let mut kind = entry.kind.to_owned();
    kind[..1].make_ascii_uppercase();
    let library = match entry.namespace.trim_start_matches('0') {
        "" => String::new(),
        library => format!(" of library {library}"),
    };
    format!("/// {kind} `{}`, {}{library}.\n", entry.name, entry.id)
}

fn heads(writer: &Writer<'_, '_>, parameters: &[Parameter<'_>]) -> Result<String, String> {
    let mut heads = Vec::new();
    for parameter in parameters {
        let kind = match parameter.kind {
            "ValueClass" => "value",
            "ObjectClass" => "object",
            "InterfaceClass" | "EndpointClass" => "endpoint",
            kind => return Err(format!("parameters of kind `{kind}` are not known")),
        };
        let bounds = parameter.json["where"].as_array().into_iter().flatten();
        let serializable = bounds.into_iter().any(|bound| bound == SERIALIZABLE);
        let bound = if serializable {
            " <: ISerializable"
        } else {
            ""
        };
        heads.push(format!("{}: {kind}{bound}", writer.parameter(parameter.id)));
    }
    Ok(match heads.as_slice() {
        [] => String::new(),
        heads => format!("<{}>", heads.join(", ")),
    })
}

/// The only class among the bounds of parameters that the catalogue has.
const SERIALIZABLE: &str = "QS.Fx.Serialization.ISerializable";

fn value_class<'a>(writer: &mut Writer<'_, 'a>, entry: &Entry<'a>) -> Result<String, String> {
    let parameters: Vec<Parameter<'a>> = entry.parameters().collect();
    let own: Vec<String> = parameters.iter().map(|it| identifier(it.id)).collect();
    let mut out = format!(
        "record {}{} {{\n    content: string,\n    {}: {},\n",
        writer.name(entry),
        heads(writer, &parameters)?,
        mark(writer, entry),
        marked(&own),
    );
    for ancestor in entry.list("assignable_to") {
        let id = ancestor["id"].as_str().unwrap_or_default();
        let class = writer.catalogue.class("value class", id)?;
        // A reflected class is a reference too, which no record can be.
        if built_in(&class).is_some() {
            continue;
        }
        let mut arguments = Vec::new();
        for parameter in class.parameters() {
            arguments.push(writer.write(&ancestor["args"][parameter.id])?);
        }
        out += &format!("    {}: {},\n", mark(writer, &class), marked(&arguments));
    }
    Ok(out + "    ..\n}\n")
}

/// The field that says that a value is of a class.
fn mark(writer: &Writer<'_, '_>, class: &Entry<'_>) -> String {
    format!("is_{}", writer.name(class))
}

fn marked(arguments: &[String]) -> String {
    match arguments {
        [] => "option<Class>".to_owned(),
        arguments => format!("option<tuple<{}>>", arguments.join(", ")),
    }
}

fn interface_class<'a>(writer: &mut Writer<'_, 'a>, entry: &Entry<'a>) -> Result<String, String> {
    let parameters: Vec<Parameter<'a>> = entry.parameters().collect();
    let heads = heads(writer, &parameters)?;
    let mut out = format!("endpoint {}{heads} {{\n", writer.name(entry));
    let mut answers = String::new();
    for operation in entry.list("operations") {
        out += &call(writer, entry, operation, "in", &event(operation))?;
        let returned = answer(writer, operation)?;
        if !returned.is_empty() {
            let name = answer_name(writer, entry, operation);
            let fields = returned.join(", ");
            answers += &format!(
                "\n/// Where `{}` of `{}` answers.\nendpoint {name}{heads} {{\n    \
                 in returned({fields}, ..);\n}}\n",
                event(operation),
                writer.name(entry)
            );
        }
    }
    Ok(out + "}\n" + &answers)
}

fn event(operation: &Value) -> String {
    identifier(operation["name"].as_str().unwrap_or_default())
}

/// The type of the endpoint where an operation answers, if it gives something back.
fn answer_name(writer: &Writer<'_, '_>, interface: &Entry<'_>, operation: &Value) -> String {
    format!("{}_{}_returned", writer.name(interface), event(operation))
}

/// What an operation gives back.
fn answer<'a>(writer: &mut Writer<'_, 'a>, operation: &'a Value) -> Result<Vec<String>, String> {
    let mut returned = Vec::new();
    if !operation["returns"].is_null() {
        returned.push(format!("result: {}", writer.write(&operation["returns"])?));
    }
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        if parameter["direction"] != "in" {
            returned.push(field(writer, parameter)?);
        }
    }
    Ok(returned)
}

fn field<'a>(writer: &mut Writer<'_, 'a>, parameter: &'a Value) -> Result<String, String> {
    let name = identifier(parameter["name"].as_str().unwrap_or_default());
    Ok(format!("{name}: {}", writer.write(&parameter["type"])?))
}

/// The event of an operation: what it is given, and where it answers.
fn call<'a>(
    writer: &mut Writer<'_, 'a>,
    interface: &Entry<'a>,
    operation: &'a Value,
    direction: &str,
    name: &str,
) -> Result<String, String> {
    let mut given = Vec::new();
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        match parameter["direction"].as_str() {
            Some("in" | "ref") => given.push(field(writer, parameter)?),
            Some("out") => {}
            direction => return Err(format!("the direction {direction:?} is not known")),
        }
    }
    let answers = if answer(writer, operation)?.is_empty() {
        "Returned".to_owned()
    } else {
        let arguments = interface.parameters().map(|it| writer.parameter(it.id));
        let arguments: Vec<String> = arguments.collect();
        applied(&answer_name(writer, interface, operation), &arguments)
    };
    given.push(format!("returned: external<{answers}>"));
    Ok(format!(
        "    {direction} {name}({}, ..);\n",
        given.join(", ")
    ))
}

fn endpoint_class(writer: &Writer<'_, '_>, entry: &Entry<'_>) -> Result<String, String> {
    let name = writer.name(entry);
    // Windows live in the process: what an endpoint shows is not looked into.
    Ok(match entry.name {
        "IEndpoint" => format!("endpoint {name} {{\n}}\n"),
        "ExportedUI" => format!("endpoint {name} {{\n    out window(..);\n}}\n"),
        "ImportedUI" => format!("endpoint {name} {{\n    in window(..);\n}}\n"),
        "ExportedUI_X" => format!("endpoint {name} {{\n    out scene(..);\n}}\n"),
        "ImportedUI_X" => format!("endpoint {name} {{\n    in scene(..);\n}}\n"),
        // Written where they are used: interfaces, their mirrors, and pairs.
        _ => String::new(),
    })
}

fn object_class<'a>(writer: &mut Writer<'_, 'a>, entry: &Entry<'a>) -> Result<String, String> {
    let parameters: Vec<Parameter<'a>> = entry.parameters().collect();
    let mut out = format!(
        "object {}{} {{\n",
        writer.name(entry),
        heads(writer, &parameters)?
    );
    for endpoint in entry.list("endpoints") {
        let name = identifier(endpoint["name"].as_str().unwrap_or_default());
        let ty = &endpoint["endpoint"];
        if is_open_dual(ty) {
            // No type takes its events from two parameters: each side is an endpoint of its own.
            let exported = writer.write(&ty["args"]["ExportedInterface"])?;
            let imported = writer.write(&ty["args"]["ImportedInterface"])?;
            out += &format!(
                "    endpoint {name}_exported: {exported};\n    \
                 endpoint {name}_imported: mirror {imported};\n"
            );
        } else {
            out += &format!("    endpoint {name}: {};\n", writer.write(ty)?);
        }
    }
    for constraint in entry.list("constraints") {
        let value = constraint["value"].as_str().unwrap_or_default();
        let keyword = match constraint["kind"].as_str() {
            Some("Provided") => "provides",
            _ => "requires",
        };
        out += &format!("    {keyword} original_security \"{value}\";\n");
    }
    let authenticating = &entry.json["authenticating_class"];
    if let Some(id) = authenticating["id"].as_str() {
        let class = writer.catalogue.class("object class", id)?;
        let name = writer.name(&class);
        out += &format!("    provides original_authentication \"{name}\";\n");
    }
    Ok(out + "}\n")
}

fn component<'a>(writer: &mut Writer<'_, 'a>, entry: &Entry<'a>) -> Result<String, String> {
    let all: Vec<Parameter<'a>> = entry.parameters().collect();
    let (values, types): (Vec<_>, Vec<_>) = all.into_iter().partition(|it| it.kind == "Value");
    let mut declared = Vec::new();
    let mut seen = BTreeSet::new();
    for parameter in values {
        let name = identifier(parameter.id);
        if !seen.insert(name.clone()) {
            return Err(format!("two parameters would be called `{name}`"));
        }
        declared.push(format!("{name}: {}", value_parameter(writer, &parameter)?));
    }
    let head = format!("template {}{}", writer.name(entry), heads(writer, &types)?);
    let result = writer.write(&entry.json["implements"])?;
    let line = format!("{head}({}): {result};\n", declared.join(", "));
    Ok(line)
}

/// The type of a value parameter, and what it is where a document leaves it out: null, which the
/// original passes on as the zero of numbers. A reference cannot be left out, but written as null.
fn value_parameter<'a>(
    writer: &mut Writer<'_, 'a>,
    parameter: &Parameter<'a>,
) -> Result<String, String> {
    let ty = &parameter.json["type"];
    let written = writer.write(ty)?;
    if let Some(id) = ty["id"].as_str() {
        match built_in(&writer.catalogue.class("value class", id)?) {
            Some(BuiltIn::Of("reference")) => return Ok(format!("option<{written}>")),
            Some(BuiltIn::Type("bool")) => return Ok(format!("{written} = false")),
            Some(BuiltIn::Type("string" | "char")) => {}
            Some(BuiltIn::Type(_)) if ty["id"] != "" && is_number(&written) => {
                return Ok(format!("{written} = 0"));
            }
            _ => {}
        }
    }
    Ok(format!("option<{written}> = null"))
}

/// Whether a type is one of numbers.
pub fn is_number(ty: &str) -> bool {
    ["u8", "s16", "u16", "s32", "u32", "s64", "u64", "f32", "f64"].contains(&ty)
}

/// An endpoint that exports one interface and imports another.
fn dual<'a>(writer: &mut Writer<'_, 'a>, (exported, imported): Pair<'a>) -> Result<String, String> {
    let exported = writer.catalogue.class("interface class", exported)?;
    let imported = writer.catalogue.class("interface class", imported)?;
    let name = writer.pair_name(&exported, &imported);
    let own: Vec<Parameter<'a>> = exported.parameters().collect();
    let theirs: Vec<Parameter<'a>> = imported.parameters().collect();
    let first = heads(writer, &own)?;
    let events: BTreeSet<String> = exported.list("operations").map(event).collect();
    let mut body = String::new();
    for operation in exported.list("operations") {
        body += &call(writer, &exported, operation, "in", &event(operation))?;
    }
    let clash = |id: &str| own.iter().any(|parameter| parameter.id == id);
    writer.renamed = theirs
        .iter()
        .filter(|parameter| clash(parameter.id))
        .map(|parameter| {
            (
                parameter.id,
                format!("imported_{}", identifier(parameter.id)),
            )
        })
        .collect();
    let second = heads(writer, &theirs)?;
    for operation in imported.list("operations") {
        let mut name = event(operation);
        // Events of an endpoint have different names, whichever way they go.
        if events.contains(&name) {
            name = format!("imported_{name}");
        }
        body += &call(writer, &imported, operation, "out", &name)?;
    }
    writer.renamed = BTreeMap::new();
    let heads = match (first.as_str(), second.as_str()) {
        (first, "") => first.to_owned(),
        ("", second) => second.to_owned(),
        (first, second) => format!("{}, {}", &first[..first.len() - 1], &second[1..]),
    };
    Ok(format!(
        "/// Exports `{}` and imports `{}`.\nendpoint {name}{heads} {{\n{body}}}\n\n",
        exported.name, imported.name
    ))
}
