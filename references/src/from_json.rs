//! From JSON to the model. What cannot be read is left out, and said to be.

use liveobj_types::{Diagnostic, Span, codes};

use crate::faults::{Faults, bracketed};
use crate::gaps::LooseEnd;
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
    let own = ["liveobj", "types", "about"];
    let allowed: Vec<&'static str> = own.iter().chain(KINDS).copied().collect();
    let given = keys(faults, root.span, entries, "a reference", &allowed);
    match given.get("liveobj") {
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
            let message = "the document does not say that it is a reference".to_owned();
            faults.structure(
                first(root.span),
                message,
                Some("begin with `\"liveobj\": 1`".to_owned()),
            );
        }
        None => {}
    }
    let types = given.string(faults, "types");
    faults.gaps.types |= types.is_none() && given.get("types").is_some();
    let about = given.get("about").and_then(|node| {
        let entries = object(faults, node, "`about`")?;
        let given = keys(faults, node.span, entries, "`about`", &["name", "comment"]);
        let name = given.string(faults, "name");
        Some(About {
            name,
            comment: given.string(faults, "comment"),
        })
    });
    let root = reference_of(faults, root, &given);
    Some(Document { types, about, root })
}

/// The first byte: enough to show which object or list is meant.
fn first(span: Span) -> Span {
    Span::new(span.start, span.start + 1)
}

/// The keys of an object; one that is misspelt stands for the one that was meant.
struct Given<'n> {
    entries: &'n Entries,
    span: Span,
    meant: Vec<(&'static str, &'n (Spanned, Node))>,
    /// Whether there are keys that stand for nothing.
    strange: bool,
}

impl<'n> Given<'n> {
    fn entry(&self, name: &str) -> Option<&'n (Spanned, Node)> {
        let meant = || self.meant.iter().find(|(key, _)| *key == name);
        let exactly = self.entries.iter().find(|(key, _)| key.text == name);
        exactly.or_else(|| meant().map(|(_, entry)| *entry))
    }

    fn get(&self, name: &str) -> Option<&'n Node> {
        self.entry(name).map(|(_, node)| node)
    }

    fn string(&self, faults: &mut Faults<'_>, name: &str) -> Option<Spanned> {
        self.get(name)
            .and_then(|node| string(faults, node, &format!("`{name}`")))
    }

    fn required(&self, faults: &mut Faults<'_>, name: &str, within: &str) -> Option<&'n Node> {
        let found = self.get(name);
        if found.is_none() {
            let message = format!("{within} has no key `{name}`");
            let help = format!("add `\"{name}\": …`");
            faults.structure(first(self.span), message, Some(help));
        }
        found
    }

    fn required_string(
        &self,
        faults: &mut Faults<'_>,
        name: &str,
        within: &str,
    ) -> Option<Spanned> {
        let node = self.required(faults, name, within)?;
        string(faults, node, &format!("`{name}`"))
    }
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

/// Reports keys that have no place there, and repeated ones.
fn keys<'n>(
    faults: &mut Faults<'_>,
    span: Span,
    entries: &'n Entries,
    within: &str,
    allowed: &[&'static str],
) -> Given<'n> {
    repeated(faults, entries);
    let mut meant: Vec<(&'static str, &'n (Spanned, Node))> = Vec::new();
    let mut strange = false;
    for entry in entries {
        let key = &entry.0;
        if !allowed.contains(&key.text.as_str()) {
            let similar = faults.unexpected("key", key, within, allowed);
            strange |= similar.is_none();
            meant.extend(similar.map(|similar| (similar, entry)));
        }
    }
    Given {
        entries,
        span,
        meant,
        strange,
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

fn reference(faults: &mut Faults<'_>, node: &Node) -> Reference {
    let Some(entries) = object(faults, node, "the reference") else {
        return faults.gaps.unread(node.span, None, Vec::new());
    };
    let given = keys(faults, node.span, entries, "a reference", KINDS);
    reference_of(faults, node, &given)
}

/// The reference among the keys of `node`.
fn reference_of(faults: &mut Faults<'_>, node: &Node, given: &Given<'_>) -> Reference {
    let mut found: Vec<(&str, &Spanned, &Node)> = KINDS
        .iter()
        .filter_map(|kind| given.entry(kind).map(|(key, inner)| (*kind, key, inner)))
        .collect();
    found.sort_by_key(|(_, key, _)| key.span.start);
    if found.is_empty() && !given.strange {
        let message = "there is no reference in this object".to_owned();
        let help = "add `composite`, `external`, `parameterized` or `primitive`";
        faults.structure(first(node.span), message, Some(help.to_owned()));
    }
    for (_, second, _) in found.iter().skip(1) {
        let message = format!("`{}` stands beside `{}`", second.text, found[0].1.text);
        let help = "put several objects into one `composite`";
        faults.structure(second.span, message, Some(help.to_owned()));
    }
    let mut read: Vec<Reference> = found
        .into_iter()
        .map(|(kind, key, inner)| reference_at(faults, kind, key, inner))
        .collect();
    match read.len() {
        1 => read.swap_remove(0),
        _ => faults.gaps.unread(node.span, None, read),
    }
}

/// A reference of the kind that `key` says.
fn reference_at(faults: &mut Faults<'_>, kind: &str, key: &Spanned, node: &Node) -> Reference {
    let what = format!("`{kind}`");
    let Some(entries) = object(faults, node, &what) else {
        return faults.gaps.unread(key.span, None, Vec::new());
    };
    let allowed: &[&'static str] = match kind {
        "composite" => &["as", "components", "connections", "exports"],
        "external" => &["name", "as", "library", "sha256", "from"],
        "parameterized" => &["as", "template", "parameters"],
        _ => &["id", "as", "library", "name"],
    };
    let given = keys(faults, node.span, entries, &what, allowed);
    let as_type = given.string(faults, "as").map(bracketed);
    if as_type.is_none() && given.get("as").is_some() {
        faults.gaps.lose_cast(key.span);
    }
    let read = match kind {
        "composite" => Ok(ReferenceKind::Composite(composite(faults, key, &given))),
        "external" => external(faults, key, &given),
        "parameterized" => {
            let kind = parameterized(faults, key, &given);
            Ok(ReferenceKind::Parameterized(kind))
        }
        _ => match given.required_string(faults, "id", &what) {
            Some(id) => Ok(ReferenceKind::Primitive(Primitive {
                id,
                library: given.string(faults, "library"),
                name: given.string(faults, "name"),
            })),
            None => Err(Vec::new()),
        },
    };
    match read {
        Ok(kind) => Reference {
            as_type,
            kind,
            span: key.span,
        },
        Err(inside) => faults.gaps.unread(key.span, as_type, inside),
    }
}

fn composite(faults: &mut Faults<'_>, key: &Spanned, given: &Given<'_>) -> Composite {
    let mut composite = Composite::default();
    if given.strange {
        let gap = faults.gaps.composite(key.span);
        (gap.any_name, gap.any_end) = (true, true);
    }
    if let Some(node) = given.get("components") {
        match object(faults, node, "`components`") {
            // Repeated names are `duplicate-part`, found on the model.
            Some(components) => {
                for (name, node) in components {
                    composite.components.push(Component {
                        name: name.clone(),
                        reference: reference(faults, node),
                    });
                }
            }
            None => faults.gaps.composite(key.span).any_name = true,
        }
    }
    for list in ["connections", "exports"] {
        let Some(node) = given.get(list) else {
            continue;
        };
        let Some(items) = array(faults, node, &format!("`{list}`")) else {
            faults.gaps.composite(key.span).any_end = true;
            continue;
        };
        for item in items {
            match list {
                "connections" => {
                    let read = connection(faults, key, item);
                    composite.connections.extend(read);
                }
                _ => composite.exports.extend(export(faults, key, item)),
            }
        }
    }
    composite
}

fn export(faults: &mut Faults<'_>, key: &Spanned, node: &Node) -> Option<ExportEntry> {
    let Some(entries) = object(faults, node, "the export") else {
        faults.gaps.composite(key.span).any_end = true;
        return None;
    };
    let allowed = ["of", "name", "as"];
    let given = keys(faults, node.span, entries, "an export", &allowed);
    let as_name = given.string(faults, "as");
    match endpoint(faults, &given) {
        Ok(endpoint) => Some(ExportEntry { endpoint, as_name }),
        Err(end) => {
            let exported = true;
            let gap = faults.gaps.composite(key.span);
            gap.ends.push(LooseEnd { exported, ..end });
            None
        }
    }
}

/// `[end, end]`, or `{"adapt": …, "ends": [end, end], "parameters": {…}}`.
fn connection(faults: &mut Faults<'_>, key: &Spanned, node: &Node) -> Option<Connection> {
    let (span, between, adapt, whole) = match &node.kind {
        NodeKind::Object(entries) => {
            let allowed = ["adapt", "ends", "parameters"];
            let given = keys(faults, node.span, entries, "a connection", &allowed);
            let what = "the connection";
            let name = given.required_string(faults, "adapt", what);
            let between = given.required(faults, "ends", what);
            let (parameters, mut whole) = parameters(faults, &given);
            let mut arguments = parameters.iter().map(|(_, argument)| argument);
            whole &= !arguments.any(|argument| faults.gaps.is_unread_argument(argument));
            whole &= name.is_some();
            let name = name.unwrap_or_default();
            (
                first(node.span),
                between,
                Some(Adapt { name, parameters }),
                whole,
            )
        }
        _ => (node.span, Some(node), None, true),
    };
    let items = between.and_then(|node| array(faults, node, "the connection"));
    let (mut ends, mut open) = (Vec::new(), items.is_none());
    for item in items.unwrap_or_default() {
        match object(faults, item, "the endpoint") {
            Some(entries) => {
                let given = keys(faults, item.span, entries, "an endpoint", &["of", "name"]);
                ends.push(endpoint(faults, &given));
            }
            None => open = true,
        }
    }
    if !open && ends.len() != 2 {
        let message = format!(
            "a connection has two endpoints, this one has {}",
            ends.len()
        );
        let help = "write `{\"of\": …, \"name\": …}` twice";
        let list = between.map_or(node.span, |node| node.span);
        faults.structure(list, message, Some(help.to_owned()));
        open |= ends.len() < 2;
    }
    match <[_; 2]>::try_from(ends) {
        Ok([Ok(left), Ok(right)]) if whole && !open => Some(Connection {
            ends: [left, right],
            adapt,
            span,
        }),
        ends => {
            let ends = ends.map_or_else(|ends| ends, Vec::from);
            let gap = faults.gaps.composite(key.span);
            gap.any_end |= open;
            gap.ends.extend(ends.into_iter().map(|end| match end {
                Ok(end) => LooseEnd::from(end),
                Err(end) => end,
            }));
            let arguments = adapt.into_iter().flat_map(|adapt| adapt.parameters);
            let inside = arguments.filter_map(|(_, argument)| argument.reference());
            gap.inside.extend(inside);
            None
        }
    }
}

/// An endpoint, or what is known of it.
fn endpoint(faults: &mut Faults<'_>, given: &Given<'_>) -> Result<EndpointName, LooseEnd> {
    let of = given.required_string(faults, "of", "the endpoint");
    let name = given.required_string(faults, "name", "the endpoint");
    let span = given.span;
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

fn external(
    faults: &mut Faults<'_>,
    key: &Spanned,
    given: &Given<'_>,
) -> Result<ReferenceKind, Vec<Reference>> {
    let name = given.required_string(faults, "name", "`external`");
    let sha256 = given.string(faults, "sha256");
    let source = match (given.get("library"), given.get("from")) {
        (Some(_), Some(from)) => {
            let message = "`external` has both a `library` and a `from`".to_owned();
            let help = "keep one of them: `library` is short for a `from`";
            faults.structure(from.span, message, Some(help.to_owned()));
            Err(vec![reference(faults, from)])
        }
        (Some(library), None) => match string(faults, library, "`library`") {
            Some(name) => Ok(ExternalSource::Library { name, sha256 }),
            None => Err(Vec::new()),
        },
        (None, Some(from)) => {
            if let Some(sha256) = sha256 {
                let message = "`sha256` goes with `library` only".to_owned();
                faults.structure(sha256.span, message, None);
            }
            Ok(ExternalSource::From(Box::new(reference(faults, from))))
        }
        (None, None) => {
            if !given.strange {
                let message = "`external` does not say where from".to_owned();
                let help = "add `library`, or a `from` with a reference to a folder";
                faults.structure(first(given.span), message, Some(help.to_owned()));
            }
            Err(Vec::new())
        }
    };
    if name.is_none() {
        faults.gaps.lose_name(key.span);
    }
    let name = name.unwrap_or_default();
    source.map(|source| ReferenceKind::External(External { name, source }))
}

fn parameterized(faults: &mut Faults<'_>, key: &Spanned, given: &Given<'_>) -> Parameterized {
    let template = match given.get("template") {
        Some(node) => reference(faults, node),
        None => {
            if !given.strange {
                given.required(faults, "template", "`parameterized`");
            }
            faults.gaps.unread(first(given.span), None, Vec::new())
        }
    };
    let (parameters, whole) = parameters(faults, given);
    if !whole || given.strange {
        faults.gaps.lose_assignment(key.span);
    }
    Parameterized {
        template: Box::new(template),
        parameters,
    }
}

/// What stands under `parameters`, and whether that is all.
fn parameters(faults: &mut Faults<'_>, given: &Given<'_>) -> (Vec<(Spanned, Argument)>, bool) {
    let Some(node) = given.get("parameters") else {
        return (Vec::new(), true);
    };
    let Some(entries) = object(faults, node, "`parameters`") else {
        return (Vec::new(), false);
    };
    let read = entries
        .iter()
        .map(|(name, node)| (name.clone(), argument(faults, node)));
    (read.collect(), true)
}

fn argument(faults: &mut Faults<'_>, node: &Node) -> Argument {
    let read = object(faults, node, "the parameter").and_then(|entries| {
        if entries.is_empty() {
            let message = "the parameter is empty".to_owned();
            let help = "give a reference, a `type` or a `value`";
            faults.structure(node.span, message, Some(help.to_owned()));
            return None;
        }
        let one = |key: &str| entries.iter().any(|(found, _)| found.text == key);
        let allowed: Vec<&'static str> = match (one("type"), one("value")) {
            (true, _) => vec!["type"],
            (_, true) => vec!["value"],
            _ => ["type", "value"].iter().chain(KINDS).copied().collect(),
        };
        let given = keys(faults, node.span, entries, "a parameter", &allowed);
        if given.get("type").is_some() {
            let text = given.string(faults, "type");
            return text.map(bracketed).map(Argument::Type);
        }
        if given.get("value").is_some() {
            return given.string(faults, "value").map(Argument::Value);
        }
        let reference = reference_of(faults, node, &given);
        Some(Argument::Reference(reference))
    });
    read.unwrap_or_else(|| {
        let unread = faults.gaps.unread(node.span, None, Vec::new());
        Argument::Reference(unread)
    })
}
