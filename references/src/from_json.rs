//! From JSON to the model.

use liveobj_types::{Diagnostic, Span, codes};

use crate::faults::{Faults, bracketed};
use crate::json::{Node, NodeKind};
use crate::model::{
    About, Adapt, Argument, Component, Composite, Connection, Document, EndpointName, ExportEntry,
    External, ExternalSource, Parameterized, Primitive, Reference, ReferenceKind, Spanned,
};

const KINDS: &[&str] = &["composite", "external", "parameterized", "primitive"];

type Entries = [(Spanned, Node)];

/// Reads the outermost object. `versioned`: whether it must say `"liveobj": 1`.
pub(crate) fn document(faults: &mut Faults<'_>, root: &Node, versioned: bool) -> Option<Document> {
    let entries = object(faults, root, "the document")?;
    match get(entries, "liveobj") {
        Some(Node {
            kind: NodeKind::Number(number),
            ..
        }) if number == "1" => {}
        Some(node) => {
            let message = "this version of the format is not known".to_owned();
            faults.structure(
                node.span,
                message,
                Some("write `\"liveobj\": 1`".to_owned()),
            );
        }
        None if versioned => {
            let span = Span::new(root.span.start, root.span.start + 1);
            let message = "the document does not say that it is a reference".to_owned();
            faults.structure(
                span,
                message,
                Some("begin with `\"liveobj\": 1`".to_owned()),
            );
        }
        None => {}
    }
    let own = ["liveobj", "types", "about"];
    let types = optional_string(faults, entries, "types");
    let about = get(entries, "about").and_then(|node| {
        let entries = object(faults, node, "`about`")?;
        keys(faults, entries, "`about`", &["name", "comment"]);
        let name = optional_string(faults, entries, "name");
        Some(About {
            name,
            comment: optional_string(faults, entries, "comment"),
        })
    });
    let root = reference_beside(faults, root, entries, &own)?;
    Some(Document { types, about, root })
}

fn get<'n>(entries: &'n Entries, name: &str) -> Option<&'n Node> {
    entries
        .iter()
        .find(|(key, _)| key.text == name)
        .map(|(_, node)| node)
}

fn object<'n>(faults: &mut Faults<'_>, node: &'n Node, what: &str) -> Option<&'n Entries> {
    match &node.kind {
        NodeKind::Object(entries) => Some(entries),
        _ => {
            let message = format!("{what} is {}, expected an object", node.describe());
            faults.structure(node.span, message, None);
            None
        }
    }
}

fn array<'n>(faults: &mut Faults<'_>, node: &'n Node, what: &str) -> Option<&'n [Node]> {
    match &node.kind {
        NodeKind::Array(items) => Some(items),
        _ => {
            let message = format!("{what} is {}, expected a list", node.describe());
            faults.structure(node.span, message, None);
            None
        }
    }
}

fn string(faults: &mut Faults<'_>, node: &Node, what: &str) -> Option<Spanned> {
    match &node.kind {
        NodeKind::String(text) => Some(text.clone()),
        _ => {
            let message = format!("{what} is {}, expected a string", node.describe());
            faults.structure(
                node.span,
                message,
                Some("put it in double quotes".to_owned()),
            );
            None
        }
    }
}

fn optional_string(faults: &mut Faults<'_>, entries: &Entries, name: &str) -> Option<Spanned> {
    get(entries, name).and_then(|node| string(faults, node, &format!("`{name}`")))
}

fn required<'n>(
    faults: &mut Faults<'_>,
    entries: &'n Entries,
    name: &str,
    within: &str,
    span: Span,
) -> Option<&'n Node> {
    let found = get(entries, name);
    if found.is_none() {
        let span = Span::new(span.start, span.start + 1);
        faults.structure(span, format!("{within} has no key `{name}`"), None);
    }
    found
}

fn required_string(
    faults: &mut Faults<'_>,
    entries: &Entries,
    name: &str,
    within: &str,
    span: Span,
) -> Option<Spanned> {
    let node = required(faults, entries, name, within, span)?;
    string(faults, node, &format!("`{name}`"))
}

/// Reports keys that have no place there, and repeated ones.
fn keys(faults: &mut Faults<'_>, entries: &Entries, within: &str, allowed: &[&str]) {
    repeated(faults, entries);
    for (key, _) in entries {
        if !allowed.contains(&key.text.as_str()) {
            faults.unexpected("key", key, within, allowed);
        }
    }
}

fn repeated(faults: &mut Faults<'_>, entries: &Entries) {
    let mut seen = std::collections::BTreeMap::new();
    for (key, _) in entries {
        if let Some(first) = seen.insert(key.text.as_str(), key.span) {
            let found = Diagnostic::error(
                codes::DOCUMENT_STRUCTURE,
                format!("key `{}` stands twice", key.text),
            )
            .at(faults.place(key.span), "again here")
            .at(faults.place(first), "first here");
            faults.push(found);
        }
    }
}

fn reference(faults: &mut Faults<'_>, node: &Node) -> Option<Reference> {
    let entries = object(faults, node, "the reference")?;
    reference_beside(faults, node, entries, &[])
}

/// The reference among `entries`, which may also have the keys `own`.
fn reference_beside(
    faults: &mut Faults<'_>,
    node: &Node,
    entries: &Entries,
    own: &[&str],
) -> Option<Reference> {
    let allowed: Vec<&str> = own.iter().chain(KINDS).copied().collect();
    keys(faults, entries, "a reference", &allowed);
    let mut found = entries
        .iter()
        .filter(|(key, _)| KINDS.contains(&key.text.as_str()));
    let Some((key, inner)) = found.next() else {
        if entries
            .iter()
            .all(|(key, _)| own.contains(&key.text.as_str()))
        {
            let span = Span::new(node.span.start, node.span.start + 1);
            let message = "there is no reference in this object".to_owned();
            let help = "add `composite`, `external`, `parameterized` or `primitive`";
            faults.structure(span, message, Some(help.to_owned()));
        }
        return None;
    };
    for (second, _) in found {
        let message = format!("`{}` stands beside `{}`", second.text, key.text);
        let help = "put several objects into one `composite`";
        faults.structure(second.span, message, Some(help.to_owned()));
    }
    let what = format!("`{}`", key.text);
    let inside = object(faults, inner, &what)?;
    let as_type = optional_string(faults, inside, "as").map(bracketed);
    let span = inner.span;
    let kind = match key.text.as_str() {
        "composite" => ReferenceKind::Composite(composite(faults, inside)),
        "external" => ReferenceKind::External(external(faults, inside, span)?),
        "parameterized" => ReferenceKind::Parameterized(parameterized(faults, inside, span)?),
        _ => ReferenceKind::Primitive(primitive(faults, inside, span)?),
    };
    Some(Reference {
        as_type,
        kind,
        span: key.span,
    })
}

/// What can be read of a composite: where something is left out, a finding says so.
fn composite(faults: &mut Faults<'_>, entries: &Entries) -> Composite {
    keys(
        faults,
        entries,
        "`composite`",
        &["as", "components", "connections", "exports"],
    );
    let mut composite = Composite::default();
    let components = get(entries, "components")
        .and_then(|node| object(faults, node, "`components`"))
        .unwrap_or_default();
    // Repeated names are `duplicate-part`, found on the model.
    for (name, node) in components {
        let component = reference(faults, node).map(|reference| Component {
            name: name.clone(),
            reference,
        });
        composite.components.extend(component);
    }
    let connections = get(entries, "connections")
        .and_then(|node| array(faults, node, "`connections`"))
        .unwrap_or_default();
    for node in connections {
        composite.connections.extend(connection(faults, node));
    }
    let exports = get(entries, "exports")
        .and_then(|node| array(faults, node, "`exports`"))
        .unwrap_or_default();
    for node in exports {
        let Some(entries) = object(faults, node, "the export") else {
            continue;
        };
        keys(faults, entries, "an export", &["of", "name", "as"]);
        let as_name = optional_string(faults, entries, "as");
        let export =
            endpoint(faults, entries, node.span).map(|endpoint| ExportEntry { endpoint, as_name });
        composite.exports.extend(export);
    }
    composite
}

/// `[end, end]`, or `{"adapt": …, "ends": [end, end], "parameters": {…}}`.
fn connection(faults: &mut Faults<'_>, node: &Node) -> Option<Connection> {
    let NodeKind::Object(entries) = &node.kind else {
        return ends(faults, node, None);
    };
    keys(
        faults,
        entries,
        "a connection",
        &["adapt", "ends", "parameters"],
    );
    let what = "the connection";
    let name = required_string(faults, entries, "adapt", what, node.span);
    let between = required(faults, entries, "ends", what, node.span);
    let parameters = parameters(faults, entries);
    let adapt = name.map(|name| Adapt { name, parameters });
    let connection = ends(faults, between?, adapt)?;
    let span = Span::new(node.span.start, node.span.start + 1);
    connection
        .adapt
        .is_some()
        .then_some(Connection { span, ..connection })
}

fn ends(faults: &mut Faults<'_>, node: &Node, adapt: Option<Adapt>) -> Option<Connection> {
    let items = array(faults, node, "the connection")?;
    let mut ends = Vec::new();
    let mut complete = true;
    for item in items {
        let end = object(faults, item, "the endpoint").and_then(|entries| {
            keys(faults, entries, "an endpoint", &["of", "name"]);
            endpoint(faults, entries, item.span)
        });
        match end {
            Some(end) => ends.push(end),
            None => complete = false,
        }
    }
    if complete && ends.len() != 2 {
        let message = format!(
            "a connection has two endpoints, this one has {}",
            ends.len()
        );
        faults.structure(node.span, message, None);
    }
    let ends: [EndpointName; 2] = ends.try_into().ok()?;
    complete.then_some(Connection {
        ends,
        adapt,
        span: node.span,
    })
}

fn endpoint(faults: &mut Faults<'_>, entries: &Entries, span: Span) -> Option<EndpointName> {
    let of = required_string(faults, entries, "of", "the endpoint", span);
    let name = required_string(faults, entries, "name", "the endpoint", span);
    Some(EndpointName {
        of: of?,
        name: name?,
        span,
    })
}

fn external(faults: &mut Faults<'_>, entries: &Entries, span: Span) -> Option<External> {
    keys(
        faults,
        entries,
        "`external`",
        &["name", "as", "library", "sha256", "from"],
    );
    let name = required_string(faults, entries, "name", "`external`", span);
    let sha256 = optional_string(faults, entries, "sha256");
    let source = match (get(entries, "library"), get(entries, "from")) {
        (Some(_), Some(from)) => {
            let message = "`external` has both a `library` and a `from`".to_owned();
            let help = "keep one of them: `library` is short for a `from`";
            faults.structure(from.span, message, Some(help.to_owned()));
            reference(faults, from);
            None
        }
        (Some(library), None) => string(faults, library, "`library`")
            .map(|name| ExternalSource::Library { name, sha256 }),
        (None, Some(from)) => {
            if let Some(sha256) = sha256 {
                let message = "`sha256` goes with `library` only".to_owned();
                faults.structure(sha256.span, message, None);
            }
            reference(faults, from).map(|from| ExternalSource::From(Box::new(from)))
        }
        (None, None) => {
            let span = Span::new(span.start, span.start + 1);
            let message = "`external` does not say where from".to_owned();
            let help = "add `library`, or a `from` with a reference to a folder";
            faults.structure(span, message, Some(help.to_owned()));
            None
        }
    };
    Some(External {
        name: name?,
        source: source?,
    })
}

fn parameterized(faults: &mut Faults<'_>, entries: &Entries, span: Span) -> Option<Parameterized> {
    keys(
        faults,
        entries,
        "`parameterized`",
        &["as", "template", "parameters"],
    );
    let template = required(faults, entries, "template", "`parameterized`", span)
        .and_then(|node| reference(faults, node));
    let parameters = parameters(faults, entries);
    Some(Parameterized {
        template: Box::new(template?),
        parameters,
    })
}

/// What stands under `parameters`.
fn parameters(faults: &mut Faults<'_>, entries: &Entries) -> Vec<(Spanned, Argument)> {
    let mut parameters = Vec::new();
    let given = get(entries, "parameters")
        .and_then(|node| object(faults, node, "`parameters`"))
        .unwrap_or_default();
    for (name, node) in given {
        let argument = argument(faults, node);
        parameters.extend(argument.map(|argument| (name.clone(), argument)));
    }
    parameters
}

fn argument(faults: &mut Faults<'_>, node: &Node) -> Option<Argument> {
    let entries = object(faults, node, "the parameter")?;
    let one = |key: &str| entries.iter().any(|(found, _)| found.text == key);
    if one("type") {
        keys(faults, entries, "a parameter", &["type"]);
        return optional_string(faults, entries, "type")
            .map(bracketed)
            .map(Argument::Type);
    }
    if one("value") {
        keys(faults, entries, "a parameter", &["value"]);
        return optional_string(faults, entries, "value").map(Argument::Value);
    }
    if entries.is_empty() {
        let message = "the parameter is empty".to_owned();
        let help = "give a reference, a `type` or a `value`";
        faults.structure(node.span, message, Some(help.to_owned()));
        return None;
    }
    reference(faults, node).map(Argument::Reference)
}

fn primitive(faults: &mut Faults<'_>, entries: &Entries, span: Span) -> Option<Primitive> {
    keys(
        faults,
        entries,
        "`primitive`",
        &["id", "as", "library", "name"],
    );
    Some(Primitive {
        id: required_string(faults, entries, "id", "`primitive`", span)?,
        library: optional_string(faults, entries, "library"),
        name: optional_string(faults, entries, "name"),
    })
}
