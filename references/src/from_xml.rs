//! From XML elements to the model.

use crate::faults::{Faults, bracketed};
use crate::model::{
    About, Adapt, Argument, Component, Composite, Connection, Document, EndpointName, ExportEntry,
    External, ExternalSource, Parameterized, Primitive, Reference, ReferenceKind, Spanned,
};
use crate::xml::Element;

/// The namespace of reference documents.
pub(crate) const NAMESPACE: &str = "urn:liveobj:reference:1";

const KINDS: &[&str] = &["composite", "external", "parameterized", "primitive"];

/// Reads the root element.
pub(crate) fn document(faults: &mut Faults<'_>, root: &Element) -> Option<Document> {
    if root.name.text != "liveobject" {
        let message = format!("expected `<liveobject>`, found `<{}>`", root.name.text);
        let help = format!("a reference begins with `<liveobject xmlns=\"{NAMESPACE}\">`");
        faults.structure(root.name.span, message, Some(help));
        return None;
    }
    match get(root, "xmlns") {
        None => faults.structure(
            root.span,
            "`<liveobject>` does not name its namespace".to_owned(),
            Some(format!("add `xmlns=\"{NAMESPACE}\"`")),
        ),
        Some(found) if found.text != NAMESPACE => {
            let message = format!("namespace `{}` is not that of references", found.text);
            let help = format!("write `xmlns=\"{NAMESPACE}\"`");
            faults.structure(found.span, message, Some(help));
        }
        Some(_) => {}
    }
    attributes(faults, root, &["xmlns"]);
    no_text(faults, root);
    let mut types = None;
    let mut about = None;
    let mut references = Vec::new();
    let mut strange = false;
    for child in &root.children {
        match child.name.text.as_str() {
            "types" => {
                once(faults, child, types.is_some());
                attributes(faults, child, &[]);
                types = Some(leaf(faults, child));
            }
            "about" => {
                once(faults, child, about.is_some());
                attributes(faults, child, &["name", "comment"]);
                empty(faults, child);
                about = Some(About {
                    name: get(child, "name").cloned(),
                    comment: get(child, "comment").cloned(),
                });
            }
            name if KINDS.contains(&name) => references.push(child),
            _ => {
                strange = true;
                let allowed: Vec<&str> = ["types", "about"].iter().chain(KINDS).copied().collect();
                faults.unexpected("element", &child.name, "`<liveobject>`", &allowed);
            }
        }
    }
    if references.is_empty() && strange {
        return None;
    }
    let root = single(faults, root, &references)?;
    Some(Document { types, about, root })
}

fn once(faults: &mut Faults<'_>, element: &Element, again: bool) {
    if again {
        faults.structure(
            element.span,
            format!("a second `<{}>`", element.name.text),
            None,
        );
    }
}

fn get<'e>(element: &'e Element, name: &str) -> Option<&'e Spanned> {
    element
        .attributes
        .iter()
        .find(|(key, _)| key.text == name)
        .map(|(_, value)| value)
}

fn required(faults: &mut Faults<'_>, element: &Element, name: &str) -> Option<Spanned> {
    let found = get(element, name).cloned();
    if found.is_none() {
        let message = format!("`<{}>` has no attribute `{name}`", element.name.text);
        let help = format!("add `{name}=\"…\"`");
        faults.structure(element.span, message, Some(help));
    }
    found
}

/// Reports attributes that have no place there.
fn attributes(faults: &mut Faults<'_>, element: &Element, allowed: &[&str]) {
    for (key, value) in &element.attributes {
        if allowed.contains(&key.text.as_str()) {
            continue;
        }
        if key.text == "xmlns" && value.text == NAMESPACE {
            continue;
        }
        if key.text == "xmlns" || key.text.contains(':') {
            let message = format!("attribute `{}` belongs to another namespace", key.text);
            let help = format!("only `{NAMESPACE}` is accepted, without prefixes");
            faults.structure(key.span, message, Some(help));
            continue;
        }
        faults.unexpected(
            "attribute",
            key,
            &format!("`<{}>`", element.name.text),
            allowed,
        );
    }
}

fn no_text(faults: &mut Faults<'_>, element: &Element) {
    if let Some(span) = element.stray {
        let message = format!("text is not expected in `<{}>`", element.name.text);
        faults.structure(span, message, None);
    }
}

fn no_children(faults: &mut Faults<'_>, element: &Element) {
    for child in &element.children {
        let within = format!("`<{}>`", element.name.text);
        faults.unexpected("element", &child.name, &within, &[]);
    }
}

fn empty(faults: &mut Faults<'_>, element: &Element) {
    no_text(faults, element);
    no_children(faults, element);
}

/// The text of an element without children.
fn leaf(faults: &mut Faults<'_>, element: &Element) -> Spanned {
    no_children(faults, element);
    element.text.clone()
}

/// The one reference among `references`, the children of `parent` that are references.
fn single(faults: &mut Faults<'_>, parent: &Element, references: &[&Element]) -> Option<Reference> {
    if references.is_empty() {
        let message = format!("`<{}>` holds no reference", parent.name.text);
        let help = "add `<composite>`, `<external>`, `<parameterized>` or `<primitive>`";
        faults.structure(parent.span, message, Some(help.to_owned()));
        return None;
    }
    for second in &references[1..] {
        let message = format!("a second reference in `<{}>`", parent.name.text);
        let help = "put several objects into one `<composite>`";
        faults.structure(second.span, message, Some(help.to_owned()));
    }
    let mut read: Vec<Option<Reference>> = references
        .iter()
        .map(|element| reference(faults, element))
        .collect();
    read.swap_remove(0)
}

/// An element whose only child is a reference.
fn wrapper(faults: &mut Faults<'_>, element: &Element) -> Option<Reference> {
    no_text(faults, element);
    let mut references = Vec::new();
    for child in &element.children {
        if KINDS.contains(&child.name.text.as_str()) {
            references.push(child);
        } else {
            let within = format!("`<{}>`", element.name.text);
            faults.unexpected("element", &child.name, &within, KINDS);
        }
    }
    if references.is_empty() && (!element.children.is_empty() || element.stray.is_some()) {
        return None;
    }
    single(faults, element, &references)
}

fn reference(faults: &mut Faults<'_>, element: &Element) -> Option<Reference> {
    let kind = match element.name.text.as_str() {
        "composite" => ReferenceKind::Composite(composite(faults, element)),
        "external" => ReferenceKind::External(external(faults, element)?),
        "parameterized" => ReferenceKind::Parameterized(parameterized(faults, element)?),
        "primitive" => ReferenceKind::Primitive(primitive(faults, element)?),
        _ => unreachable!("callers pass references only"),
    };
    let as_type = get(element, "as").cloned().map(bracketed);
    Some(Reference {
        as_type,
        kind,
        span: element.span,
    })
}

/// What can be read of a composite: where something is left out, a finding says so.
fn composite(faults: &mut Faults<'_>, element: &Element) -> Composite {
    attributes(faults, element, &["as"]);
    no_text(faults, element);
    let mut composite = Composite::default();
    for child in &element.children {
        match child.name.text.as_str() {
            "component" => {
                attributes(faults, child, &["name"]);
                let name = required(faults, child, "name");
                let reference = wrapper(faults, child);
                if let (Some(name), Some(reference)) = (name, reference) {
                    composite.components.push(Component { name, reference });
                }
            }
            "connection" => composite.connections.extend(connection(faults, child)),
            "export" => {
                attributes(faults, child, &["of", "name", "as"]);
                empty(faults, child);
                let as_name = get(child, "as").cloned();
                let export =
                    endpoint(faults, child).map(|endpoint| ExportEntry { endpoint, as_name });
                composite.exports.extend(export);
            }
            _ => {
                let allowed = ["component", "connection", "export"];
                faults.unexpected("element", &child.name, "`<composite>`", &allowed);
            }
        }
    }
    composite
}

fn connection(faults: &mut Faults<'_>, element: &Element) -> Option<Connection> {
    attributes(faults, element, &["adapt"]);
    no_text(faults, element);
    let mut ends = Vec::new();
    let mut parameters = Vec::new();
    let mut complete = true;
    for child in &element.children {
        match child.name.text.as_str() {
            "endpoint" => {
                attributes(faults, child, &["of", "name"]);
                empty(faults, child);
                match endpoint(faults, child) {
                    Some(end) => ends.push(end),
                    None => complete = false,
                }
            }
            "parameter" => {
                attributes(faults, child, &["name"]);
                let name = required(faults, child, "name");
                let argument = argument(faults, child);
                parameters.extend(name.zip(argument));
            }
            _ => {
                let allowed = ["endpoint", "parameter"];
                faults.unexpected("element", &child.name, "`<connection>`", &allowed);
                complete = false;
            }
        }
    }
    let adapt = get(element, "adapt").cloned();
    if let (None, Some((name, _))) = (&adapt, parameters.first()) {
        let message = "a connection without `adapt` takes no parameters".to_owned();
        let help = "name the adapter that they are for: `<connection adapt=\"…\">`";
        faults.structure(name.span, message, Some(help.to_owned()));
    }
    let adapt = adapt.map(|name| Adapt { name, parameters });
    if complete && ends.len() != 2 {
        let message = format!(
            "a connection has two endpoints, this one has {}",
            ends.len()
        );
        let help = "write `<endpoint of=\"…\" name=\"…\"/>` twice";
        faults.structure(element.span, message, Some(help.to_owned()));
    }
    let ends: [EndpointName; 2] = ends.try_into().ok()?;
    complete.then_some(Connection {
        ends,
        adapt,
        span: element.span,
    })
}

fn endpoint(faults: &mut Faults<'_>, element: &Element) -> Option<EndpointName> {
    let of = required(faults, element, "of");
    let name = required(faults, element, "name");
    Some(EndpointName {
        of: of?,
        name: name?,
        span: element.span,
    })
}

fn external(faults: &mut Faults<'_>, element: &Element) -> Option<External> {
    attributes(faults, element, &["name", "as", "library", "sha256"]);
    no_text(faults, element);
    let name = required(faults, element, "name");
    let mut from = Vec::new();
    for child in &element.children {
        if child.name.text == "from" {
            from.push(child);
        } else {
            faults.unexpected("element", &child.name, "`<external>`", &["from"]);
        }
    }
    for second in from.iter().skip(1) {
        faults.structure(second.span, "a second `<from>`".to_owned(), None);
    }
    let sha256 = get(element, "sha256").cloned();
    let source = match (get(element, "library"), from.first()) {
        (Some(_), Some(from)) => {
            let message = "`<external>` has both a `library` and a `<from>`".to_owned();
            let help = "keep one of them: `library` is short for a `<from>`";
            faults.structure(from.span, message, Some(help.to_owned()));
            wrapper(faults, from);
            None
        }
        (Some(name), None) => Some(ExternalSource::Library {
            name: name.clone(),
            sha256,
        }),
        (None, Some(from)) => {
            if let Some(sha256) = sha256 {
                let message = "`sha256` goes with `library` only".to_owned();
                faults.structure(sha256.span, message, None);
            }
            attributes(faults, from, &[]);
            wrapper(faults, from).map(|from| ExternalSource::From(Box::new(from)))
        }
        (None, None) => {
            let message = "`<external>` does not say where from".to_owned();
            let help = "add `library=\"…\"`, or a `<from>` with a reference to a folder";
            faults.structure(element.span, message, Some(help.to_owned()));
            None
        }
    };
    Some(External {
        name: name?,
        source: source?,
    })
}

fn parameterized(faults: &mut Faults<'_>, element: &Element) -> Option<Parameterized> {
    attributes(faults, element, &["as"]);
    no_text(faults, element);
    let mut templates = 0;
    let mut template = None;
    let mut parameters = Vec::new();
    for child in &element.children {
        match child.name.text.as_str() {
            "template" => {
                once(faults, child, templates > 0);
                templates += 1;
                attributes(faults, child, &[]);
                template = wrapper(faults, child);
            }
            "parameter" => {
                attributes(faults, child, &["name"]);
                let name = required(faults, child, "name");
                let argument = argument(faults, child);
                parameters.extend(name.zip(argument));
            }
            _ => {
                let allowed = ["template", "parameter"];
                faults.unexpected("element", &child.name, "`<parameterized>`", &allowed);
            }
        }
    }
    if templates == 0 {
        let message = "`<parameterized>` has no `<template>`".to_owned();
        let help = "add `<template><external name=\"…\" library=\"…\"/></template>`";
        faults.structure(element.span, message, Some(help.to_owned()));
    }
    let template = Box::new(template?);
    Some(Parameterized {
        template,
        parameters,
    })
}

fn argument(faults: &mut Faults<'_>, element: &Element) -> Option<Argument> {
    no_text(faults, element);
    if let Some(second) = element.children.get(1) {
        let message = "a parameter takes one reference, `<type>` or `<value>`".to_owned();
        faults.structure(second.span, message, None);
    }
    let Some(child) = element.children.first() else {
        let message = "`<parameter>` is empty".to_owned();
        let help = "put a reference, a `<type>` or a `<value>` into it";
        faults.structure(element.span, message, Some(help.to_owned()));
        return None;
    };
    match child.name.text.as_str() {
        "type" => {
            attributes(faults, child, &[]);
            Some(Argument::Type(bracketed(leaf(faults, child))))
        }
        "value" => {
            attributes(faults, child, &[]);
            Some(Argument::Value(leaf(faults, child)))
        }
        name if KINDS.contains(&name) => reference(faults, child).map(Argument::Reference),
        _ => {
            let allowed: Vec<&str> = ["type", "value"].iter().chain(KINDS).copied().collect();
            faults.unexpected("element", &child.name, "`<parameter>`", &allowed);
            None
        }
    }
}

fn primitive(faults: &mut Faults<'_>, element: &Element) -> Option<Primitive> {
    attributes(faults, element, &["id", "as", "library", "name"]);
    empty(faults, element);
    Some(Primitive {
        id: required(faults, element, "id")?,
        library: get(element, "library").cloned(),
        name: get(element, "name").cloned(),
    })
}
