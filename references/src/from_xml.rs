//! From XML elements to the model. What cannot be read is left out, and said to be.

use liveobj_types::Span;

use crate::faults::{Faults, bracketed};
use crate::gaps::LooseEnd;
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
    match exactly(root, "xmlns") {
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
    let allowed: Vec<&str> = ["types", "about"].iter().chain(KINDS).copied().collect();
    let mut types = None;
    let mut about = None;
    let mut references = Vec::new();
    let mut strange = false;
    for child in &root.children {
        match known(faults, root, child, &allowed, &["types", "about"]) {
            Some("types") => {
                attributes(faults, child, &[]);
                let text = leaf(faults, child);
                faults.gaps.types |= types.is_some() || text.is_none();
                match types {
                    Some(_) => second(
                        faults,
                        child,
                        Some("put all declarations into the first one"),
                    ),
                    None => types = text,
                }
            }
            Some("about") => {
                if about.is_some() {
                    second(faults, child, None);
                }
                let given = attributes(faults, child, &["name", "comment"]);
                empty(faults, child);
                about = Some(About {
                    name: given.get("name").cloned(),
                    comment: given.get("comment").cloned(),
                });
            }
            Some(kind) => references.push((kind, child)),
            None => strange = true,
        }
    }
    let root = single(faults, root, references, strange);
    Some(Document { types, about, root })
}

fn second(faults: &mut Faults<'_>, element: &Element, help: Option<&str>) {
    let message = format!("a second `<{}>`", element.name.text);
    faults.structure(element.span, message, help.map(str::to_owned));
}

fn exactly<'e>(element: &'e Element, name: &str) -> Option<&'e Spanned> {
    element
        .attributes
        .iter()
        .find(|(key, _)| key.text == name)
        .map(|(_, value)| value)
}

/// The attributes of an element; one that is misspelt stands for the one that was meant.
struct Given<'e> {
    element: &'e Element,
    meant: Vec<(&'static str, &'e Spanned)>,
}

impl<'e> Given<'e> {
    fn get(&self, name: &str) -> Option<&'e Spanned> {
        let meant = || self.meant.iter().find(|(key, _)| *key == name);
        exactly(self.element, name).or_else(|| meant().map(|(_, value)| *value))
    }

    fn required(&self, faults: &mut Faults<'_>, name: &str) -> Option<Spanned> {
        let found = self.get(name).cloned();
        if found.is_none() {
            let message = format!("`<{}>` has no attribute `{name}`", self.element.name.text);
            let help = format!("add `{name}=\"…\"`");
            faults.structure(self.element.span, message, Some(help));
        }
        found
    }
}

/// Reports attributes that have no place there.
fn attributes<'e>(
    faults: &mut Faults<'_>,
    element: &'e Element,
    allowed: &[&'static str],
) -> Given<'e> {
    let mut meant: Vec<(&'static str, &'e Spanned)> = Vec::new();
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
        let within = format!("`<{}>`", element.name.text);
        let similar = faults.unexpected("attribute", key, &within, allowed);
        meant.extend(similar.map(|similar| (similar, value)));
    }
    Given { element, meant }
}

/// What `child` is; one that is misspelt is what was meant, unless that stands there already and
/// is one of `once`.
fn known<'n>(
    faults: &mut Faults<'_>,
    parent: &Element,
    child: &Element,
    allowed: &[&'n str],
    once: &[&str],
) -> Option<&'n str> {
    let name = child.name.text.as_str();
    if let Some(known) = allowed.iter().find(|allowed| **allowed == name) {
        return Some(known);
    }
    let within = format!("`<{}>`", parent.name.text);
    let meant = faults.unexpected("element", &child.name, &within, allowed)?;
    if child.end != child.span.end
        && let Some(found) = faults.diagnostics.last_mut()
    {
        // Its end tag would have to be changed as well.
        found.fix = None;
    }
    if faults.is_full() {
        // What follows is not looked at, and looking for others would take time.
        return None;
    }
    let mut others = parent.children.iter();
    let again = once.contains(&meant) && others.any(|other| other.name.text == meant);
    (!again).then_some(meant)
}

fn no_text(faults: &mut Faults<'_>, element: &Element) {
    if let Some(span) = element.stray {
        let message = format!("text is not expected in `<{}>`", element.name.text);
        let help = match element.name.text.as_str() {
            "parameter" => "put a value into `<value>`, a type into `<type>`",
            "liveobject" => "put declarations into `<types>`, and remarks into `<!-- … -->`",
            _ => "remove it, or make it a comment: `<!-- … -->`",
        };
        faults.structure(span, message, Some(help.to_owned()));
    }
}

fn empty(faults: &mut Faults<'_>, element: &Element) {
    no_text(faults, element);
    leaf(faults, element);
}

/// The text of an element without children; none where it has some.
fn leaf(faults: &mut Faults<'_>, element: &Element) -> Option<Spanned> {
    for child in &element.children {
        known(faults, element, child, &[], &[]);
    }
    element.children.is_empty().then(|| element.text.clone())
}

/// The one reference among `references`, the children of `parent` that are references. Where there
/// is none, a `strange` child may have been meant to be it.
fn single(
    faults: &mut Faults<'_>,
    parent: &Element,
    references: Vec<(&str, &Element)>,
    strange: bool,
) -> Reference {
    if references.is_empty() && !strange {
        let message = format!("`<{}>` holds no reference", parent.name.text);
        let help = "add `<composite>`, `<external>`, `<parameterized>` or `<primitive>`";
        faults.structure(parent.span, message, Some(help.to_owned()));
    }
    for (_, second) in references.iter().skip(1) {
        let message = format!("a second reference in `<{}>`", parent.name.text);
        let help = "put several objects into one `<composite>`";
        faults.structure(second.span, message, Some(help.to_owned()));
    }
    let mut read: Vec<Reference> = references
        .into_iter()
        .map(|(kind, element)| reference(faults, kind, element))
        .collect();
    match read.len() {
        1 => read.swap_remove(0),
        _ => faults.gaps.unread(parent.span, None, read),
    }
}

/// An element whose only child is a reference.
fn wrapper(faults: &mut Faults<'_>, element: &Element) -> Reference {
    no_text(faults, element);
    let mut references = Vec::new();
    for child in &element.children {
        let kind = known(faults, element, child, KINDS, &[]);
        references.extend(kind.map(|kind| (kind, child)));
    }
    let strange = !element.children.is_empty() || element.stray.is_some();
    single(faults, element, references, strange)
}

fn reference(faults: &mut Faults<'_>, kind: &str, element: &Element) -> Reference {
    let (given, kind) = match kind {
        "composite" => {
            let given = attributes(faults, element, &["as"]);
            (
                given,
                Ok(ReferenceKind::Composite(composite(faults, element))),
            )
        }
        "external" => external(faults, element),
        "parameterized" => {
            let given = attributes(faults, element, &["as"]);
            let kind = ReferenceKind::Parameterized(parameterized(faults, element));
            (given, Ok(kind))
        }
        "primitive" => primitive(faults, element),
        _ => unreachable!("callers pass references only"),
    };
    let as_type = given.get("as").cloned().map(bracketed);
    match kind {
        Ok(kind) => Reference {
            as_type,
            kind,
            span: element.span,
        },
        Err(inside) => faults.gaps.unread(element.span, as_type, inside),
    }
}

/// A reference, or what could be read inside of it.
type Read<'e> = (Given<'e>, Result<ReferenceKind, Vec<Reference>>);

fn composite(faults: &mut Faults<'_>, element: &Element) -> Composite {
    no_text(faults, element);
    let mut composite = Composite::default();
    for child in &element.children {
        let allowed = ["component", "connection", "export"];
        match known(faults, element, child, &allowed, &[]) {
            Some("component") => component(faults, element, child, &mut composite),
            Some("connection") => {
                let read = connection(faults, element, child);
                composite.connections.extend(read);
            }
            Some(_) => {
                let given = attributes(faults, child, &["of", "name", "as"]);
                empty(faults, child);
                let as_name = given.get("as").cloned();
                match endpoint(faults, &given) {
                    Ok(endpoint) => composite.exports.push(ExportEntry { endpoint, as_name }),
                    Err(end) => {
                        let exported = true;
                        let gap = faults.gaps.composite(element.span);
                        gap.ends.push(LooseEnd { exported, ..end });
                    }
                }
            }
            None => {
                // It may have been meant to be any of them.
                let gap = faults.gaps.composite(element.span);
                let values = child.attributes.iter().map(|(_, value)| value.text.clone());
                gap.names.extend(values);
                let mut children = child.children.iter();
                gap.any_end |= exactly(child, "of").is_some()
                    || children.any(|child| child.name.text == "endpoint");
            }
        }
    }
    composite
}

fn component(
    faults: &mut Faults<'_>,
    around: &Element,
    element: &Element,
    composite: &mut Composite,
) {
    let given = attributes(faults, element, &["name"]);
    let name = given.required(faults, "name");
    let reference = wrapper(faults, element);
    match name {
        Some(name) => composite.components.push(Component { name, reference }),
        None => {
            let gap = faults.gaps.composite(around.span);
            gap.any_name = true;
            gap.inside.push(reference);
        }
    }
}

fn connection(faults: &mut Faults<'_>, around: &Element, element: &Element) -> Option<Connection> {
    let given = attributes(faults, element, &["adapt"]);
    no_text(faults, element);
    let mut ends = Vec::new();
    let mut parameters = Vec::new();
    let mut nameless = Vec::new();
    // Faults that leave open what is connected, and all others.
    let (mut open, mut whole) = (false, true);
    for child in &element.children {
        match known(faults, element, child, &["endpoint", "parameter"], &[]) {
            Some("endpoint") => {
                let given = attributes(faults, child, &["of", "name"]);
                empty(faults, child);
                ends.push(endpoint(faults, &given));
            }
            Some(_) => {
                let given = attributes(faults, child, &["name"]);
                let name = given.required(faults, "name");
                let argument = argument(faults, child);
                whole &= name.is_some() && !faults.gaps.is_unread_argument(&argument);
                match name {
                    Some(name) => parameters.push((name, argument)),
                    None => nameless.push(argument),
                }
            }
            None => open = true,
        }
    }
    let adapt = given.get("adapt").cloned();
    if let (None, Some((name, _))) = (&adapt, parameters.first()) {
        let message = "a connection without `adapt` takes no parameters".to_owned();
        let help = "name the adapter that they are for: `<connection adapt=\"…\">`";
        faults.structure(name.span, message, Some(help.to_owned()));
        whole = false;
    }
    if !open && ends.len() != 2 {
        let message = format!(
            "a connection has two endpoints, this one has {}",
            ends.len()
        );
        let help = "write `<endpoint of=\"…\" name=\"…\"/>` twice";
        faults.structure(element.span, message, Some(help.to_owned()));
        open |= ends.len() < 2;
    }
    match <[_; 2]>::try_from(ends) {
        Ok([Ok(left), Ok(right)]) if whole && !open => Some(Connection {
            ends: [left, right],
            adapt: adapt.map(|name| Adapt { name, parameters }),
            span: element.span,
        }),
        ends => {
            let ends = ends.map_or_else(|ends| ends, Vec::from);
            let gap = faults.gaps.composite(around.span);
            gap.any_end |= open;
            gap.ends.extend(ends.into_iter().map(|end| match end {
                Ok(end) => LooseEnd::from(end),
                Err(end) => end,
            }));
            let arguments = parameters.into_iter().map(|(_, argument)| argument);
            gap.inside
                .extend(arguments.chain(nameless).filter_map(Argument::reference));
            None
        }
    }
}

/// An endpoint, or what is known of it.
fn endpoint(faults: &mut Faults<'_>, given: &Given<'_>) -> Result<EndpointName, LooseEnd> {
    let of = given.required(faults, "of");
    let name = given.required(faults, "name");
    let span = given.element.span;
    match (of, name) {
        (Some(of), Some(name)) => Ok(EndpointName { of, name, span }),
        (of, name) => Err(LooseEnd {
            of,
            name,
            span,
            exported: false,
        }),
    }
}

fn external<'e>(faults: &mut Faults<'_>, element: &'e Element) -> Read<'e> {
    let given = attributes(faults, element, &["name", "as", "library", "sha256"]);
    no_text(faults, element);
    let name = given.required(faults, "name");
    let mut from = Vec::new();
    let mut strange = false;
    for child in &element.children {
        match known(faults, element, child, &["from"], &["from"]) {
            Some(_) => from.push(child),
            None => strange = true,
        }
    }
    for other in from.iter().skip(1) {
        second(faults, other, None);
    }
    let sha256 = given.get("sha256").cloned();
    let source = match (given.get("library"), from.as_slice()) {
        (Some(_), [from, ..]) => {
            let message = "`<external>` has both a `library` and a `<from>`".to_owned();
            let help = "keep one of them: `library` is short for a `<from>`";
            faults.structure(from.span, message, Some(help.to_owned()));
            Err(vec![wrapper(faults, from)])
        }
        (Some(name), []) => Ok(ExternalSource::Library {
            name: name.clone(),
            sha256,
        }),
        (None, [first, others @ ..]) => {
            if let Some(sha256) = sha256 {
                let message = "`sha256` goes with `library` only".to_owned();
                faults.structure(sha256.span, message, None);
            }
            attributes(faults, first, &[]);
            let first = wrapper(faults, first);
            match others {
                [] => Ok(ExternalSource::From(Box::new(first))),
                others => {
                    let others = others.iter().map(|other| wrapper(faults, other));
                    Err(std::iter::once(first).chain(others).collect())
                }
            }
        }
        (None, []) => {
            if !strange {
                let message = "`<external>` does not say where from".to_owned();
                let help = "add `library=\"…\"`, or a `<from>` with a reference to a folder";
                faults.structure(element.span, message, Some(help.to_owned()));
            }
            Err(Vec::new())
        }
    };
    if name.is_none() {
        faults.gaps.lose_name(element.span);
    }
    let name = name.unwrap_or_default();
    let kind = source.map(|source| ReferenceKind::External(External { name, source }));
    (given, kind)
}

fn parameterized(faults: &mut Faults<'_>, element: &Element) -> Parameterized {
    no_text(faults, element);
    let mut templates = Vec::new();
    let mut parameters = Vec::new();
    let mut strange = false;
    for child in &element.children {
        let allowed = ["template", "parameter"];
        match known(faults, element, child, &allowed, &["template"]) {
            Some("template") => {
                if !templates.is_empty() {
                    second(faults, child, Some("assign parameters to one template"));
                }
                attributes(faults, child, &[]);
                templates.push(wrapper(faults, child));
            }
            Some(_) => {
                let given = attributes(faults, child, &["name"]);
                let name = given.required(faults, "name");
                if name.is_none() {
                    faults.gaps.lose_assignment(element.span);
                }
                parameters.push((name.unwrap_or_default(), argument(faults, child)));
            }
            None => strange = true,
        }
    }
    if strange {
        // It may have been meant to be a parameter.
        faults.gaps.lose_assignment(element.span);
    }
    if templates.is_empty() && !strange {
        let message = "`<parameterized>` has no `<template>`".to_owned();
        let help = "add `<template><external name=\"…\" library=\"…\"/></template>`";
        faults.structure(element.span, message, Some(help.to_owned()));
    }
    let template = match templates.len() {
        1 => templates.swap_remove(0),
        // Not where the element begins: that place is its own.
        _ => {
            let last = Span::new(element.span.end - 1, element.span.end);
            faults.gaps.unread(last, None, Vec::new())
        }
    };
    Parameterized {
        template: Box::new(template),
        parameters,
    }
}

fn argument(faults: &mut Faults<'_>, element: &Element) -> Argument {
    no_text(faults, element);
    if let Some(second) = element.children.get(1) {
        let message = "a parameter takes one reference, `<type>` or `<value>`".to_owned();
        faults.structure(second.span, message, None);
    }
    if element.children.is_empty() && element.stray.is_none() {
        let message = "`<parameter>` is empty".to_owned();
        let help = "put a reference, a `<type>` or a `<value>` into it";
        faults.structure(element.span, message, Some(help.to_owned()));
    }
    let allowed: Vec<&str> = ["type", "value"].iter().chain(KINDS).copied().collect();
    let mut read = Vec::new();
    for child in &element.children {
        read.push(match known(faults, element, child, &allowed, &[]) {
            Some("type") => {
                attributes(faults, child, &[]);
                leaf(faults, child).map(|text| Argument::Type(bracketed(text)))
            }
            Some("value") => {
                attributes(faults, child, &[]);
                leaf(faults, child).map(Argument::Value)
            }
            Some(kind) => Some(Argument::Reference(reference(faults, kind, child))),
            None => None,
        });
    }
    match read.as_mut_slice() {
        [Some(_)] => read.swap_remove(0).expect("because it is there"),
        _ => {
            let inside = read.into_iter().flatten().filter_map(Argument::reference);
            Argument::Reference(faults.gaps.unread(element.span, None, inside.collect()))
        }
    }
}

fn primitive<'e>(faults: &mut Faults<'_>, element: &'e Element) -> Read<'e> {
    let given = attributes(faults, element, &["id", "as", "library", "name"]);
    empty(faults, element);
    let kind = match given.required(faults, "id") {
        Some(id) => Ok(ReferenceKind::Primitive(Primitive {
            id,
            library: given.get("library").cloned(),
            name: given.get("name").cloned(),
        })),
        None => Err(Vec::new()),
    };
    (given, kind)
}
