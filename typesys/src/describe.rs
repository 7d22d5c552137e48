//! Types as text: in a line the way people refer to them, or as a declaration.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use crate::syntax::Direction;
use crate::types::{
    Constraint, Endpoint, EndpointId, Event, Object, ObjectBody, ObjectEndpoint, ObjectId,
    Parameter, TypeId, Types, Value, ValueId,
};

/// Characters of a description.
const MAX_LENGTH: usize = 200;
/// Characters of a line of a declaration.
const MAX_LINE: usize = 2000;
/// How deep structures are shown.
const MAX_DEPTH: usize = 8;

impl Types {
    /// Prints a type the way people refer to it: its name where it has one, else its structure
    /// in the notation of declarations. One line, shortened with `…` where it gets long.
    pub fn describe(&self, id: TypeId) -> String {
        Shortened::written(MAX_LENGTH, |out| self.write(out, id, 0))
    }

    /// Prints a type as a declaration of several lines: fields, events, flags and constraints.
    /// Types inside are described in a line. Derived types of composites are shown as well, with
    /// what the language has no words for in comments.
    pub fn declaration(&self, id: TypeId) -> String {
        let name = &self.origin(id).name;
        let named = |keyword: &str| match name.is_empty() {
            true => keyword.to_owned(),
            false => format!("{keyword} {name}"),
        };
        match id {
            TypeId::Value(id) => self.value_declaration(id, &named),
            TypeId::Endpoint(id) => self.endpoint_declaration(id, &named),
            TypeId::Object(id) => self.object_declaration(id, &named),
        }
    }

    fn write(&self, out: &mut Shortened, id: TypeId, depth: usize) -> fmt::Result {
        let name = &self.origin(id).name;
        if !name.is_empty() {
            return out.write_str(name);
        }
        if depth > MAX_DEPTH {
            return out.write_str("…");
        }
        match id {
            TypeId::Value(id) => self.write_value(out, id, depth),
            TypeId::Endpoint(id) => self.write_endpoint(out, id, depth),
            TypeId::Object(id) => self.write_object(out, id, depth),
        }
    }

    fn write_value(&self, out: &mut Shortened, id: ValueId, depth: usize) -> fmt::Result {
        let value = |id: &ValueId| TypeId::Value(*id);
        match self.value(id) {
            Value::Basic(basic) => out.write_str(basic.as_str()),
            Value::List(part) => self.write_applied(out, "list", [value(part)], depth),
            Value::Option(part) => self.write_applied(out, "option", [value(part)], depth),
            Value::Map(key, part) => {
                self.write_applied(out, "map", [value(key), value(part)], depth)
            }
            Value::Tuple(parts) => self.write_applied(out, "tuple", parts.iter().map(value), depth),
            Value::Reference(object) => {
                self.write_applied(out, "reference", [TypeId::Object(*object)], depth)
            }
            Value::External(endpoint) => {
                self.write_applied(out, "external", [TypeId::Endpoint(*endpoint)], depth)
            }
            Value::Record { fields, open } => {
                out.write_str("record { ")?;
                for (position, (name, ty)) in fields.iter().enumerate() {
                    write!(out, "{}{name}: ", if position == 0 { "" } else { ", " })?;
                    self.write(out, TypeId::Value(*ty), depth + 1)?;
                }
                out.write_str(match (open, fields.is_empty()) {
                    (true, true) => ".. }",
                    (true, false) => ", .. }",
                    (false, true) => "}",
                    (false, false) => " }",
                })
            }
            Value::Variant(cases) => {
                let payloads = cases.values().any(Option::is_some);
                out.write_str(if payloads { "variant { " } else { "enum { " })?;
                for (position, (name, payload)) in cases.iter().enumerate() {
                    write!(out, "{}{name}", if position == 0 { "" } else { ", " })?;
                    if let Some(payload) = payload {
                        out.write_str("(")?;
                        self.write(out, TypeId::Value(*payload), depth + 1)?;
                        out.write_str(")")?;
                    }
                }
                out.write_str(if cases.is_empty() { "}" } else { " }" })
            }
            Value::Parameter(parameter) => out.write_str(&parameter.name),
        }
    }

    fn write_applied(
        &self,
        out: &mut Shortened,
        name: &str,
        arguments: impl IntoIterator<Item = TypeId>,
        depth: usize,
    ) -> fmt::Result {
        write!(out, "{name}<")?;
        for (position, argument) in arguments.into_iter().enumerate() {
            out.write_str(if position == 0 { "" } else { ", " })?;
            self.write(out, argument, depth + 1)?;
        }
        out.write_str(">")
    }

    fn write_endpoint(&self, out: &mut Shortened, id: EndpointId, depth: usize) -> fmt::Result {
        match self.endpoint(id) {
            Endpoint::Parameter {
                parameter,
                mirrored,
            } => {
                out.write_str(if *mirrored { "mirror " } else { "" })?;
                out.write_str(&parameter.name)
            }
            Endpoint::Events {
                events,
                provides,
                requires,
            } => {
                out.write_str("endpoint { ")?;
                for (name, event) in events {
                    self.write_event(out, name, event, depth)?;
                    out.write_str(" ")?;
                }
                for line in constraint_lines(provides, requires) {
                    write!(out, "{} ", line.text)?;
                }
                out.write_str("}")
            }
        }
    }

    fn write_event(
        &self,
        out: &mut Shortened,
        name: &str,
        event: &Event,
        depth: usize,
    ) -> fmt::Result {
        let direction = match event.direction {
            Direction::In => "in",
            Direction::Out => "out",
        };
        write!(out, "{direction} {name}(")?;
        let mut comma = "";
        if let Value::Record { fields, open } = self.value(event.payload) {
            for parameter in &event.order {
                let Some(ty) = fields.get(parameter) else {
                    continue;
                };
                write!(out, "{comma}{parameter}: ")?;
                self.write(out, TypeId::Value(*ty), depth + 1)?;
                comma = ", ";
            }
            if *open {
                write!(out, "{comma}..")?;
            }
        }
        let refusable = event.refusable && event.direction == Direction::Out;
        out.write_str(if refusable { ") refusable;" } else { ");" })
    }

    fn write_object(&self, out: &mut Shortened, id: ObjectId, depth: usize) -> fmt::Result {
        match self.object(id) {
            Object::Top => out.write_str("Object"),
            Object::Parameter(parameter) => out.write_str(&parameter.name),
            Object::Endpoints(body) => {
                out.write_str("object { ")?;
                for (name, endpoint) in &body.endpoints {
                    self.write_object_endpoint(out, name, endpoint, depth)?;
                    out.write_str(" ")?;
                }
                for line in constraint_lines(&body.provides, &body.requires) {
                    write!(out, "{} ", line.text)?;
                }
                out.write_str("}")
            }
        }
    }

    fn write_object_endpoint(
        &self,
        out: &mut Shortened,
        name: &str,
        endpoint: &ObjectEndpoint,
        depth: usize,
    ) -> fmt::Result {
        let mandatory = if endpoint.mandatory { "mandatory " } else { "" };
        write!(out, "{mandatory}endpoint {name}: ")?;
        self.write(out, TypeId::Endpoint(endpoint.ty), depth + 1)?;
        out.write_str(if endpoint.many { " many;" } else { ";" })
    }

    fn value_declaration(&self, id: ValueId, named: &dyn Fn(&str) -> String) -> String {
        let described = |id: &ValueId| self.describe(TypeId::Value(*id));
        let (head, lines) = match self.value(id) {
            Value::Record { fields, open } => {
                let fields = fields
                    .iter()
                    .map(|(name, ty)| format!("{name}: {}", described(ty)));
                let more = open.then(|| "..".to_owned());
                (named("record"), fields.chain(more).collect::<Vec<_>>())
            }
            Value::Variant(cases) => {
                let payloads = cases.values().any(Option::is_some);
                let cases = cases.iter().map(|(name, payload)| match payload {
                    Some(payload) => format!("{name}({})", described(payload)),
                    None => name.clone(),
                });
                (
                    named(if payloads { "variant" } else { "enum" }),
                    cases.collect(),
                )
            }
            Value::Parameter(parameter) => return self.parameter_declaration("value", parameter),
            _ => return self.describe(TypeId::Value(id)),
        };
        let comma = |line: String| if line == ".." { line } else { line + "," };
        block(&head, lines.into_iter().map(comma))
    }

    fn endpoint_declaration(&self, id: EndpointId, named: &dyn Fn(&str) -> String) -> String {
        match self.endpoint(id) {
            Endpoint::Parameter {
                parameter,
                mirrored,
            } => {
                let mirror = if *mirrored { "mirror " } else { "" };
                mirror.to_owned() + &self.parameter_declaration("endpoint", parameter)
            }
            Endpoint::Events {
                events,
                provides,
                requires,
            } => {
                let mut lines = Vec::new();
                for (name, event) in events {
                    lines.push(Shortened::written(MAX_LINE, |out| {
                        self.write_event(out, name, event, 1)
                    }));
                }
                for line in constraint_lines(provides, requires) {
                    lines.push(line.with_comment());
                }
                block(&named("endpoint"), lines)
            }
        }
    }

    fn object_declaration(&self, id: ObjectId, named: &dyn Fn(&str) -> String) -> String {
        match self.object(id) {
            Object::Top => "Object".to_owned(),
            Object::Parameter(parameter) => self.parameter_declaration("object", parameter),
            Object::Endpoints(body) => block(&named("object"), self.body_lines(body)),
        }
    }

    fn body_lines(&self, body: &ObjectBody) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, endpoint) in &body.endpoints {
            lines.push(Shortened::written(MAX_LINE, |out| {
                self.write_object_endpoint(out, name, endpoint, 1)
            }));
        }
        for (name, endpoint) in &body.hidden {
            let line = Shortened::written(MAX_LINE, |out| {
                self.write_object_endpoint(out, name, endpoint, 1)
            });
            lines.push(format!("// hidden: {line}"));
        }
        for line in constraint_lines(&body.provides, &body.requires) {
            lines.push(line.with_comment());
        }
        if let Some(state) = body.state {
            lines.push(format!("state {};", self.describe(TypeId::Value(state))));
        }
        lines
    }

    fn parameter_declaration(&self, kind: &str, parameter: &Parameter) -> String {
        match parameter.bound {
            Some(bound) => format!("{}: {kind} <: {}", parameter.name, self.describe(bound)),
            None => format!("{}: {kind}", parameter.name),
        }
    }
}

/// A text that refuses to grow further than so many characters.
pub(crate) struct Shortened {
    text: String,
    left: usize,
}

impl Shortened {
    /// What `write` writes, cut after so many characters.
    pub(crate) fn written(
        most: usize,
        write: impl FnOnce(&mut Shortened) -> fmt::Result,
    ) -> String {
        let mut out = Shortened {
            text: String::new(),
            left: most,
        };
        if write(&mut out).is_err() {
            out.text.push('…');
        }
        out.text
    }
}

impl fmt::Write for Shortened {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for letter in text.chars() {
            if self.left == 0 {
                return Err(fmt::Error);
            }
            self.text.push(letter);
            self.left -= 1;
        }
        Ok(())
    }
}

/// A constraint as declared.
struct ConstraintLine {
    text: String,
    comment: String,
}

impl ConstraintLine {
    fn with_comment(self) -> String {
        match self.comment.is_empty() {
            true => self.text,
            false => format!("{} // {}", self.text, self.comment),
        }
    }
}

/// The constraints of both sides; a text and its dual become one `follows`.
fn constraint_lines(provides: &[Constraint], requires: &[Constraint]) -> Vec<ConstraintLine> {
    let mut paired = vec![false; requires.len()];
    let mut lines = Vec::new();
    for constraint in provides {
        let dual = Constraint {
            dual: true,
            ..constraint.clone()
        };
        let mut others = requires.iter().zip(&mut paired);
        let other = others.find(|(other, paired)| !**paired && **other == dual);
        match other {
            Some((_, paired)) if !constraint.dual => {
                *paired = true;
                lines.push(constraint_line("follows", constraint));
            }
            _ => lines.push(constraint_line("provides", constraint)),
        }
    }
    for (constraint, paired) in requires.iter().zip(paired) {
        if !paired {
            lines.push(constraint_line("requires", constraint));
        }
    }
    lines
}

fn constraint_line(role: &str, constraint: &Constraint) -> ConstraintLine {
    let mut text = format!(
        "{role} {} {}",
        constraint.formalism,
        quoted(&constraint.text)
    );
    if let Some(given) = &constraint.given {
        text += &format!(" given {}", quoted(given));
    }
    text.push(';');
    let mut comments = Vec::new();
    if constraint.dual {
        comments.push("the dual of this text".to_owned());
    }
    let renamed: BTreeMap<&String, &String> = constraint
        .renamed
        .iter()
        .filter(|(from, to)| from != to)
        .collect();
    for (from, to) in renamed {
        comments.push(format!("`{from}` is `{to}`"));
    }
    ConstraintLine {
        text,
        comment: comments.join(", "),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

fn block(head: &str, lines: impl IntoIterator<Item = String>) -> String {
    let mut text = format!("{head} {{");
    for line in lines {
        text += "\n    ";
        text += &line;
    }
    if text.ends_with('{') {
        return text + "}";
    }
    text + "\n}"
}
