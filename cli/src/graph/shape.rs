//! What is drawn: boxes with ports and lines between these, in no format and at no place.

use liveobj_references::{
    ComponentNode, ConnectionEdge, EndpointNode, ExportEdge, NodeKind, ObjectNode, Presence,
};
use liveobj_types::{Diagnostic, Severity, Verdict, codes};

/// A box, or a frame where something is inside.
#[derive(Debug)]
pub struct Shape {
    /// Counted from 0 in the order in which shapes are drawn.
    pub id: usize,
    /// By what name it is known around it.
    pub name: String,
    /// What it is, and its type: a line each.
    pub lines: Vec<String>,
    /// How its border looks.
    pub look: Look,
    /// Whether an error is about it.
    pub wrong: bool,
    /// All that is known of it.
    pub tooltip: String,
    pub ports: Vec<Port>,
    pub inside: Vec<Shape>,
    /// Between ports of what is inside, and to its own.
    pub edges: Vec<Edge>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    Composite,
    Object,
    /// An adapter that a connection asked for.
    Inserted,
    /// Named, but not there.
    Missing,
}

/// An endpoint on the border of a shape.
#[derive(Debug)]
pub struct Port {
    pub name: String,
    pub many: bool,
    pub mandatory: bool,
    pub state: State,
    pub tooltip: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Connected or exported.
    Used,
    Free,
    /// Mandatory, and nothing will connect it.
    Unmet,
    /// Not in the type of its object, or that type is not known.
    Absent,
}

/// A connection, or an export.
#[derive(Debug)]
pub struct Edge {
    pub ends: [End; 2],
    pub line: Line,
    pub tooltip: String,
}

/// A port of what is inside, or of the frame itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Which of the shapes inside; none is the frame.
    pub shape: Option<usize>,
    pub port: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Line {
    Export,
    Holds,
    Unknown,
    /// Or something else is wrong with it.
    Fails,
}

impl Line {
    /// In the order of the legend.
    pub const ALL: [Line; 4] = [Line::Holds, Line::Unknown, Line::Fails, Line::Export];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Line::Export => "export",
            Line::Holds => "holds",
            Line::Unknown => "unknown",
            Line::Fails => "fails",
        }
    }
}

/// The shapes of a graph; `name` is that of the whole.
pub fn drawing(name: &str, root: &ObjectNode) -> Shape {
    Drawer { next: 0 }.object(name, root, false)
}

struct Drawer {
    next: usize,
}

impl Drawer {
    fn object(&mut self, name: &str, node: &ObjectNode, inserted: bool) -> Shape {
        let id = self.next;
        self.next += 1;
        let mut shape = Shape {
            id,
            name: name.to_owned(),
            lines: Vec::new(),
            look: if inserted {
                Look::Inserted
            } else {
                Look::Object
            },
            wrong: node.refused(),
            tooltip: String::new(),
            ports: node.endpoints.iter().map(port).collect(),
            inside: Vec::new(),
            edges: Vec::new(),
        };
        let mut facts = Vec::new();
        match &node.kind {
            NodeKind::Composite {
                components,
                connections,
                exports,
            } => {
                shape.look = Look::Composite;
                let part =
                    |part: &ComponentNode| self.object(&part.name, &part.object, part.inserted);
                shape.inside = components.iter().map(part).collect();
                let named = |(component, endpoint): (usize, usize)| {
                    let part = &components[component];
                    format!("{}.{}", part.name, part.object.endpoints[endpoint].name)
                };
                shape.edges = connections
                    .iter()
                    .map(|edge| connection(edge, edge.ends.map(named)))
                    .collect();
                let exports = exports.iter().map(|edge| {
                    let as_name = &node.endpoints[edge.endpoint].name;
                    export(edge, &named(edge.end), as_name)
                });
                shape.edges.extend(exports);
            }
            NodeKind::External { name, folder } => {
                let plain = folder.findings.is_empty() && folder.endpoints.len() <= 1;
                match &folder.kind {
                    NodeKind::Primitive { id, name: None } if plain => {
                        shape.lines.push(format!("{name} from {id}"));
                    }
                    _ => {
                        shape.lines.push(format!("{name} from a folder"));
                        shape.inside.push(self.object("from", folder, false));
                    }
                }
            }
            NodeKind::Object {
                template,
                library,
                types,
                objects,
                // They may be secrets, and pictures are passed on.
                values: _,
            } => {
                shape.lines.push(match library {
                    Some(library) => format!("{template} of {library}"),
                    None => template.clone(),
                });
                let assigned = |(name, text): &(String, String)| format!("{name} = {text}");
                facts.extend(types.iter().map(assigned));
                let passed = objects.iter();
                shape.inside = passed
                    .map(|(name, object)| self.object(name, object, false))
                    .collect();
            }
            NodeKind::Primitive { id, name } => shape.lines.push(match name {
                Some(name) => format!("{name} of {id}"),
                None => id.clone(),
            }),
            NodeKind::Missing => {
                shape.look = Look::Missing;
                shape.lines.push("no such component".to_owned());
            }
        }
        shape.lines.retain(|line| !line.is_empty());
        let mut told = vec![shape.name.clone()];
        told.extend(shape.lines.iter().cloned());
        if inserted {
            told.push("an adapter that the connection asks for".to_owned());
        }
        match &node.ty {
            // That of a composite is only what it exports.
            Some(ty) if shape.look == Look::Composite && ty.starts_with("object {") => {}
            Some(ty) => shape.lines.push(format!(": {ty}")),
            None if shape.look == Look::Missing => {}
            None => shape.lines.push("type not known".to_owned()),
        }
        told.extend(node.ty.as_ref().map(|ty| format!("type: {ty}")));
        told.extend(facts);
        told.extend(node.findings.iter().map(finding));
        shape.tooltip = told.join("\n");
        shape
    }
}

fn port(endpoint: &EndpointNode) -> Port {
    let state = if endpoint.unmet {
        State::Unmet
    } else if matches!(endpoint.presence, Presence::Missing | Presence::Unknown) {
        State::Absent
    } else if endpoint.connected > 0 || endpoint.exported {
        State::Used
    } else {
        State::Free
    };
    let mut told = endpoint.name.clone();
    if let Some(ty) = &endpoint.ty {
        told = format!("{told}: {ty}");
    }
    let facts = [
        (endpoint.many, "many"),
        (endpoint.mandatory, "mandatory"),
        (endpoint.unmet, "neither connected nor exported"),
        (endpoint.presence == Presence::Hidden, "hidden by an `as`"),
        (endpoint.presence == Presence::Missing, "not there"),
        (endpoint.presence == Presence::Unknown, "type not known"),
    ];
    for (_, fact) in facts.iter().filter(|(is, _)| *is) {
        told = format!("{told}, {fact}");
    }
    Port {
        name: endpoint.name.clone(),
        many: endpoint.many,
        mandatory: endpoint.mandatory,
        state,
        tooltip: told,
    }
}

fn connection(edge: &ConnectionEdge, names: [String; 2]) -> Edge {
    let error = |found: &Diagnostic| {
        found.severity == Severity::Error && found.code != codes::ENDPOINT_NOT_SHOWN
    };
    let line = match &edge.verdict {
        Some(Verdict::Fails(_)) => Line::Fails,
        _ if edge.findings.iter().any(error) => Line::Fails,
        Some(Verdict::Holds) => Line::Holds,
        Some(Verdict::Unknown(_)) | None => Line::Unknown,
    };
    let [left, right] = edge.ends.map(|(component, endpoint)| End {
        shape: Some(component),
        port: endpoint,
    });
    let verdict = match &edge.verdict {
        Some(verdict) => verdict.to_string(),
        None => "not compared".to_owned(),
    };
    let mut told = vec![format!("{} – {}: {verdict}", names[0], names[1])];
    told.extend(edge.findings.iter().map(finding));
    Edge {
        ends: [left, right],
        line,
        tooltip: told.join("\n"),
    }
}

fn export(edge: &ExportEdge, inner: &str, name: &str) -> Edge {
    let (component, port) = edge.end;
    let mut told = vec![format!("{inner}, exported as {name}")];
    told.extend(edge.findings.iter().map(finding));
    let inner = End {
        shape: Some(component),
        port,
    };
    let own = End {
        shape: None,
        port: edge.endpoint,
    };
    Edge {
        ends: [inner, own],
        line: if edge.refused() {
            Line::Fails
        } else {
            Line::Export
        },
        tooltip: told.join("\n"),
    }
}

fn finding(found: &Diagnostic) -> String {
    format!("{}: {}", found.code, found.message)
}
