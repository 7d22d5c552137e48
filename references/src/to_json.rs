//! Writing JSON: deterministic, pretty or on one line.

use crate::json::write_string;
use crate::model::{
    Argument, Connection, Document, EndpointName, ExternalSource, Reference, ReferenceKind, Spanned,
};

/// Writes a document as JSON, one key a line. Reading it back gives an equal document.
pub fn write_json(document: &Document) -> String {
    let mut writer = Writer {
        out: String::new(),
        pretty: true,
        depth: Some(0),
    };
    writer.document(document);
    writer.out.push('\n');
    writer.out
}

/// Writes a document as JSON without any white space.
pub(crate) fn write_json_compact(document: &Document) -> String {
    let mut writer = Writer {
        out: String::new(),
        pretty: false,
        depth: None,
    };
    writer.document(document);
    writer.out
}

struct Writer {
    out: String,
    /// Whether there are blanks.
    pretty: bool,
    /// How far to indent; none on one line.
    depth: Option<usize>,
}

/// One member of an object or a list.
enum Member<'a> {
    Text(&'a str),
    Number(&'a str),
    Object(Vec<(&'a str, Member<'a>)>),
    List(Vec<Member<'a>>),
    Line(Vec<(&'a str, Member<'a>)>),
    LineList(Vec<Member<'a>>),
}

impl Writer {
    fn document(&mut self, document: &Document) {
        let mut members = vec![("liveobj", Member::Number("1"))];
        put(&mut members, "types", &document.types);
        if let Some(about) = &document.about {
            let mut inside = Vec::new();
            put(&mut inside, "name", &about.name);
            put(&mut inside, "comment", &about.comment);
            members.push(("about", Member::Object(inside)));
        }
        members.push(reference(&document.root));
        self.member(&Member::Object(members));
    }

    fn member(&mut self, member: &Member<'_>) {
        match member {
            Member::Text(text) => write_string(&mut self.out, text),
            Member::Number(number) => self.out.push_str(number),
            Member::Object(members) => self.bracketed('{', '}', members, Writer::entry),
            Member::List(members) => self.bracketed('[', ']', members, Writer::member),
            Member::Line(_) | Member::LineList(_) => self.line(member),
        }
    }

    fn line(&mut self, member: &Member<'_>) {
        let depth = self.depth.take();
        let blank = if self.pretty { " " } else { "" };
        match member {
            Member::Line(members) => {
                self.out.push('{');
                for (index, (key, member)) in members.iter().enumerate() {
                    if index > 0 {
                        self.out.push(',');
                        self.out.push_str(blank);
                    }
                    write_string(&mut self.out, key);
                    self.out.push(':');
                    self.out.push_str(blank);
                    self.member(member);
                }
                self.out.push('}');
            }
            Member::LineList(members) => {
                self.out.push('[');
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        self.out.push(',');
                        self.out.push_str(blank);
                    }
                    self.depth = depth;
                    self.member(member);
                    self.depth = None;
                }
                self.out.push(']');
            }
            other => self.member(other),
        }
        self.depth = depth;
    }

    fn entry(&mut self, (key, member): &(&str, Member<'_>)) {
        write_string(&mut self.out, key);
        self.out.push(':');
        if self.pretty {
            self.out.push(' ');
        }
        self.member(member);
    }

    fn bracketed<T>(&mut self, open: char, close: char, members: &[T], write: fn(&mut Writer, &T)) {
        self.out.push(open);
        if let Some(depth) = &mut self.depth {
            *depth += 1;
        }
        for (index, member) in members.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            self.new_line();
            write(self, member);
        }
        if let Some(depth) = &mut self.depth {
            *depth -= 1;
        }
        if !members.is_empty() {
            self.new_line();
        }
        self.out.push(close);
    }

    fn new_line(&mut self) {
        if let Some(depth) = self.depth {
            self.out.push('\n');
            for _ in 0..depth {
                self.out.push_str("  ");
            }
        }
    }
}

fn put<'a>(members: &mut Vec<(&'a str, Member<'a>)>, key: &'a str, text: &'a Option<Spanned>) {
    if let Some(text) = text {
        members.push((key, Member::Text(&text.text)));
    }
}

fn reference(reference: &Reference) -> (&str, Member<'_>) {
    let mut members = Vec::new();
    let key = match &reference.kind {
        ReferenceKind::Composite(composite) => {
            put(&mut members, "as", &reference.as_type);
            let components = composite
                .components
                .iter()
                .map(|component| (component.name.text.as_str(), object(&component.reference)))
                .collect();
            members.push(("components", Member::Object(components)));
            if !composite.connections.is_empty() {
                let connections = composite.connections.iter().map(connection).collect();
                members.push(("connections", Member::List(connections)));
            }
            if !composite.exports.is_empty() {
                let exports = composite
                    .exports
                    .iter()
                    .map(|export| {
                        let mut inside = endpoint(&export.endpoint);
                        put(&mut inside, "as", &export.as_name);
                        Member::Line(inside)
                    })
                    .collect();
                members.push(("exports", Member::List(exports)));
            }
            "composite"
        }
        ReferenceKind::External(external) => {
            members.push(("name", Member::Text(&external.name.text)));
            match &external.source {
                ExternalSource::From(from) => {
                    put(&mut members, "as", &reference.as_type);
                    members.push(("from", object(from)));
                }
                ExternalSource::Library { name, sha256 } => {
                    members.push(("library", Member::Text(&name.text)));
                    put(&mut members, "sha256", sha256);
                    put(&mut members, "as", &reference.as_type);
                }
            }
            "external"
        }
        ReferenceKind::Parameterized(inner) => {
            put(&mut members, "as", &reference.as_type);
            members.push(("template", object(&inner.template)));
            if !inner.parameters.is_empty() {
                members.push(("parameters", parameters(&inner.parameters)));
            }
            "parameterized"
        }
        ReferenceKind::Primitive(primitive) => {
            members.push(("id", Member::Text(&primitive.id.text)));
            put(&mut members, "library", &primitive.library);
            put(&mut members, "name", &primitive.name);
            put(&mut members, "as", &reference.as_type);
            "primitive"
        }
    };
    let line = matches!(reference.kind, ReferenceKind::Primitive(_))
        || matches!(&reference.kind, ReferenceKind::External(external)
            if matches!(external.source, ExternalSource::Library { .. }));
    (
        key,
        if line {
            Member::Line(members)
        } else {
            Member::Object(members)
        },
    )
}

fn object(inner: &Reference) -> Member<'_> {
    match reference(inner) {
        (key, line @ Member::Line(_)) => Member::Line(vec![(key, line)]),
        (key, member) => Member::Object(vec![(key, member)]),
    }
}

fn connection(connection: &Connection) -> Member<'_> {
    let ends = connection.ends.iter();
    let ends = Member::LineList(ends.map(|end| Member::Line(endpoint(end))).collect());
    let Some(adapt) = &connection.adapt else {
        return ends;
    };
    let mut members = vec![("adapt", Member::Text(&adapt.name.text)), ("ends", ends)];
    if !adapt.parameters.is_empty() {
        members.push(("parameters", parameters(&adapt.parameters)));
    }
    Member::Object(members)
}

fn parameters(parameters: &[(Spanned, Argument)]) -> Member<'_> {
    let members = parameters
        .iter()
        .map(|(name, argument)| (name.text.as_str(), argument_member(argument)));
    Member::Object(members.collect())
}

fn argument_member(argument: &Argument) -> Member<'_> {
    match argument {
        Argument::Reference(reference) => object(reference),
        Argument::Type(ty) => Member::Line(vec![("type", Member::Text(&ty.text))]),
        Argument::Value(value) => Member::Line(vec![("value", Member::Text(&value.text))]),
    }
}

fn endpoint(end: &EndpointName) -> Vec<(&str, Member<'_>)> {
    vec![
        ("of", Member::Text(&end.of.text)),
        ("name", Member::Text(&end.name.text)),
    ]
}
