//! Printer: the canonical form, at most 100 columns where lines can be broken.

use super::ast::{
    Constraint, ConstraintRole, Direction, EndpointMember, Event, File, Item, Object,
    ObjectEndpoint, TypeExpr, TypeParameter,
};

/// Widest line where there is a choice.
const WIDTH: usize = 100;

/// How type arguments are bracketed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Brackets {
    /// `A<B>`, in `.lot` texts.
    Angle,
    /// `A[B]`, inside XML and JSON.
    Square,
}

/// Prints a whole file in canonical form.
pub fn print_file(file: &File) -> String {
    let mut text = String::new();
    for (index, item) in file.items.iter().enumerate() {
        let follows = index.checked_sub(1).map(|before| &file.items[before]);
        if follows.is_some_and(|before| !in_one_group(before, item)) {
            text.push('\n');
        }
        text.push_str(&print_item(item));
    }
    text
}

/// Whether no blank line stands between two items: one-line items of one kind.
fn in_one_group(before: &Item, after: &Item) -> bool {
    match (before, after) {
        (Item::Use(_), Item::Use(_)) | (Item::Alias(_), Item::Alias(_)) => true,
        (Item::Template(before), Item::Template(after)) => {
            before.private.is_empty() && after.private.is_empty()
        }
        _ => false,
    }
}

/// Prints one item in canonical form, with its doc comments and the line end.
pub fn print_item(item: &Item) -> String {
    let mut out = String::new();
    match item {
        Item::Use(item) => out.push_str(&format!("use {};\n", quoted(&item.library))),
        Item::Alias(item) => {
            print_doc(&mut out, "", &item.doc);
            let target = print_type(&item.target, Brackets::Angle);
            let parameters = print_parameters(&item.parameters);
            out.push_str(&format!(
                "type {}{parameters} = {target};\n",
                item.name.name
            ));
        }
        Item::Record(item) => {
            let fields = item.fields.iter().map(|field| {
                let ty = print_type(&field.ty, Brackets::Angle);
                (field.doc.as_slice(), format!("{}: {ty}", field.name.name))
            });
            let mut fields: Vec<_> = fields.collect();
            if item.open {
                fields.push((&[], "..".to_owned()));
            }
            let head = format!(
                "record {}{}",
                item.name.name,
                print_parameters(&item.parameters)
            );
            print_braced(&mut out, &item.doc, &head, &fields);
        }
        Item::Variant(item) => {
            let cases = item.cases.iter().map(|case| {
                let payload = case
                    .payload
                    .as_ref()
                    .map(|ty| print_type(ty, Brackets::Angle));
                let payload = payload.map_or(String::new(), |ty| format!("({ty})"));
                (case.doc.as_slice(), format!("{}{payload}", case.name.name))
            });
            let head = format!(
                "variant {}{}",
                item.name.name,
                print_parameters(&item.parameters)
            );
            print_braced(&mut out, &item.doc, &head, &cases.collect::<Vec<_>>());
        }
        Item::Enum(item) => {
            let cases = item
                .cases
                .iter()
                .map(|(doc, name)| (doc.as_slice(), name.name.clone()));
            let head = format!("enum {}", item.name.name);
            print_braced(&mut out, &item.doc, &head, &cases.collect::<Vec<_>>());
        }
        Item::Endpoint(item) => {
            print_doc(&mut out, "", &item.doc);
            let parameters = print_parameters(&item.parameters);
            out.push_str(&format!("endpoint {}{parameters} {{", item.name.name));
            for (index, member) in item.members.iter().enumerate() {
                out.push_str(if index == 0 { "\n" } else { "" });
                match member {
                    EndpointMember::Event(event) => print_event(&mut out, event),
                    EndpointMember::Constraint(constraint) => {
                        out.push_str(&print_constraint(constraint));
                    }
                }
            }
            out.push_str("}\n");
        }
        Item::Object(item) => print_object(&mut out, item),
        Item::Template(item) => {
            print_doc(&mut out, "", &item.doc);
            let parameters = item.value_parameters.iter().map(|parameter| {
                let ty = print_type(&parameter.ty, Brackets::Angle);
                let default = parameter.default.as_ref();
                let default = default.map_or(String::new(), |each| format!(" = {}", each.json));
                format!("{}: {ty}{default}", parameter.name.name)
            });
            let keyword = if item.adapter { "adapter" } else { "template" };
            let head = format!("{keyword} {}", item.name.name);
            let head = format!("{head}{}", print_parameters(&item.type_parameters));
            let result = print_type(&item.result, Brackets::Angle);
            let parameters: Vec<String> = parameters.collect();
            let end = if item.private.is_empty() { ";" } else { " {" };
            print_call(
                &mut out,
                "",
                &head,
                &parameters,
                &format!(": {result}{end}"),
            );
            for endpoint in &item.private {
                print_endpoint(&mut out, "private ", endpoint);
            }
            if !item.private.is_empty() {
                out.push_str("}\n");
            }
        }
    }
    out
}

/// Prints a type expression.
pub fn print_type(ty: &TypeExpr, brackets: Brackets) -> String {
    let mut out = String::new();
    push_type(&mut out, ty, brackets);
    out
}

fn push_type(out: &mut String, ty: &TypeExpr, brackets: Brackets) {
    match ty {
        TypeExpr::Mirror { inner, .. } => {
            out.push_str("mirror ");
            push_type(out, inner, brackets);
        }
        TypeExpr::Named {
            name, arguments, ..
        } => {
            out.push_str(&name.name);
            let (open, close) = match brackets {
                Brackets::Angle => ('<', '>'),
                Brackets::Square => ('[', ']'),
            };
            for (index, argument) in arguments.iter().enumerate() {
                match index {
                    0 => out.push(open),
                    _ => out.push_str(", "),
                }
                push_type(out, argument, brackets);
            }
            if !arguments.is_empty() {
                out.push(close);
            }
        }
    }
}

fn print_parameters(parameters: &[TypeParameter]) -> String {
    if parameters.is_empty() {
        return String::new();
    }
    let each = parameters.iter().map(|parameter| {
        let bound = parameter
            .bound
            .as_ref()
            .map(|bound| print_type(bound, Brackets::Angle));
        let bound = bound.map_or(String::new(), |bound| format!(" <: {bound}"));
        format!(
            "{}: {}{bound}",
            parameter.name.name,
            parameter.kind.as_str()
        )
    });
    format!("<{}>", each.collect::<Vec<_>>().join(", "))
}

fn print_doc(out: &mut String, indent: &str, doc: &[String]) {
    for line in doc {
        let space = if line.is_empty() { "" } else { " " };
        out.push_str(&format!("{indent}///{space}{line}\n"));
    }
}

/// `head { a, b }` in one line if it fits and no part has a comment, else one part per line.
fn print_braced(out: &mut String, doc: &[String], head: &str, parts: &[(&[String], String)]) {
    print_doc(out, "", doc);
    if parts.is_empty() {
        return out.push_str(&format!("{head} {{}}\n"));
    }
    let texts: Vec<&str> = parts.iter().map(|(_, text)| text.as_str()).collect();
    let line = format!("{head} {{ {} }}", texts.join(", "));
    if line.chars().count() <= WIDTH && parts.iter().all(|(doc, _)| doc.is_empty()) {
        return out.push_str(&format!("{line}\n"));
    }
    out.push_str(&format!("{head} {{\n"));
    for (doc, text) in parts {
        print_doc(out, "    ", doc);
        // Nothing may follow the two dots of an open record.
        let comma = if text == ".." { "" } else { "," };
        out.push_str(&format!("    {text}{comma}\n"));
    }
    out.push_str("}\n");
}

/// `head(a, b)tail` in one line if it fits, else one part per line.
fn print_call(out: &mut String, indent: &str, head: &str, parts: &[String], tail: &str) {
    let line = format!("{indent}{head}({}){tail}", parts.join(", "));
    if line.chars().count() <= WIDTH || parts.is_empty() {
        return out.push_str(&format!("{line}\n"));
    }
    out.push_str(&format!("{indent}{head}(\n"));
    for part in parts {
        let comma = if part == ".." { "" } else { "," };
        out.push_str(&format!("{indent}    {part}{comma}\n"));
    }
    out.push_str(&format!("{indent}){tail}\n"));
}

fn print_event(out: &mut String, event: &Event) {
    print_doc(out, "    ", &event.doc);
    let direction = match event.direction {
        Direction::In => "in",
        Direction::Out => "out",
    };
    let parameters = event.parameters.iter().map(|parameter| {
        format!(
            "{}: {}",
            parameter.name.name,
            print_type(&parameter.ty, Brackets::Angle)
        )
    });
    let mut parameters: Vec<String> = parameters.collect();
    if event.open {
        parameters.push("..".to_owned());
    }
    let tail = if event.refusable { " refusable;" } else { ";" };
    print_call(
        out,
        "    ",
        &format!("{direction} {}", event.name.name),
        &parameters,
        tail,
    );
}

fn print_constraint(constraint: &Constraint) -> String {
    let role = match constraint.role {
        ConstraintRole::Provides => "provides",
        ConstraintRole::Requires => "requires",
        ConstraintRole::Follows => "follows",
    };
    let text = quoted(&constraint.text);
    let given = constraint
        .given
        .as_ref()
        .map(|given| format!(" given {}", quoted(given)));
    format!(
        "    {role} {} {text}{};\n",
        constraint.formalism.name,
        given.unwrap_or_default()
    )
}

fn print_endpoint(out: &mut String, before: &str, endpoint: &ObjectEndpoint) {
    print_doc(out, "    ", &endpoint.doc);
    let many = if endpoint.many { " many" } else { "" };
    let ty = print_type(&endpoint.ty, Brackets::Angle);
    out.push_str(&format!(
        "    {before}endpoint {}: {ty}{many};\n",
        endpoint.name.name
    ));
}

fn print_object(out: &mut String, item: &Object) {
    print_doc(out, "", &item.doc);
    let parameters = print_parameters(&item.parameters);
    out.push_str(&format!("object {}{parameters} {{", item.name.name));
    let body = out.len();
    for endpoint in &item.endpoints {
        let mandatory = if endpoint.mandatory { "mandatory " } else { "" };
        print_endpoint(out, mandatory, endpoint);
    }
    for constraint in &item.constraints {
        out.push_str(&print_constraint(constraint));
    }
    if let Some(state) = &item.state {
        out.push_str(&format!(
            "    state {};\n",
            print_type(state, Brackets::Angle)
        ));
    }
    if out.len() > body {
        out.insert(body, '\n');
    }
    out.push_str("}\n");
}

/// A string in double quotes, escaped so that it reads back as it is.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => out.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
