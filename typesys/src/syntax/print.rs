//! Printer: the canonical form, and, of a text that was read, the same with its comments, empty
//! lines and order. Both are laid out alike.

use super::ast::{
    Constraint, ConstraintRole, Direction, EndpointMember, Event, File, Item, Object,
    ObjectEndpoint, Template, TypeExpr, TypeParameter,
};
use super::layout::{Comment, Layout};
use super::written::{Edge, Written};

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
    let mut printer = Printer::new(None, Brackets::Angle);
    printer.file(file);
    printer.layout.finish(0, WIDTH)
}

/// Prints one item in canonical form, with its doc comments and the line end.
pub fn print_item(item: &Item) -> String {
    let mut printer = Printer::new(None, Brackets::Angle);
    printer.lead(item_doc(item), Edge::Open);
    printer.item(item);
    printer.layout.line_end();
    printer.layout.finish(0, WIDTH)
}

/// Prints a type expression on one line.
pub fn print_type(ty: &TypeExpr, brackets: Brackets) -> String {
    let mut printer = Printer::new(None, brackets);
    printer.ty(ty);
    printer.layout.finish(0, usize::MAX)
}

/// Prints what was written: its comments stay before the tokens that they stand before.
pub(super) fn print_written(
    file: &File,
    written: Written<'_>,
    brackets: Brackets,
    indent: usize,
) -> String {
    let mut printer = Printer::new(Some(written), brackets);
    printer.file(file);
    printer.layout.finish(indent, WIDTH)
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

fn item_doc(item: &Item) -> &[String] {
    match item {
        Item::Use(_) => &[],
        Item::Alias(item) => &item.doc,
        Item::Record(item) => &item.doc,
        Item::Variant(item) => &item.doc,
        Item::Enum(item) => &item.doc,
        Item::Endpoint(item) => &item.doc,
        Item::Object(item) => &item.doc,
        Item::Template(item) => &item.doc,
    }
}

/// A list in brackets.
struct List {
    open: &'static str,
    close: &'static str,
    /// What stands inside the brackets on one line.
    pad: &'static str,
    /// Whether a comma may follow the last element.
    last_comma: bool,
    /// Whether it is kept apart if its author began a line after the opening bracket.
    kept: bool,
    /// Whether to break elsewhere if possible.
    weak: bool,
}

const BRACES: List = List {
    open: "{",
    close: "}",
    pad: " ",
    last_comma: true,
    kept: true,
    weak: false,
};

const PARENTHESES: List = List {
    open: "(",
    close: ")",
    pad: "",
    ..BRACES
};

/// An object's members in any order.
enum Member<'a> {
    Endpoint(&'a ObjectEndpoint),
    Constraint(&'a Constraint),
    State(&'a TypeExpr),
}

struct Printer<'a> {
    layout: Layout,
    written: Option<Written<'a>>,
    brackets: Brackets,
}

impl<'a> Printer<'a> {
    fn new(written: Option<Written<'a>>, brackets: Brackets) -> Printer<'a> {
        Printer {
            layout: Layout::default(),
            written,
            brackets,
        }
    }

    /// What stands before the next token: the comments that were written, else `doc`.
    fn lead(&mut self, doc: &[String], edge: Edge) {
        match &mut self.written {
            Some(written) => {
                let gap = written.gap(edge);
                for comment in gap.comments {
                    self.layout.comment(comment);
                }
                if gap.empty_line {
                    self.layout.empty_line();
                }
            }
            None => {
                for (index, line) in doc.iter().enumerate() {
                    self.layout.comment(Comment {
                        text: doc_line(line),
                        doc: true,
                        own_line: true,
                        spaced: edge == Edge::Apart && index == 0,
                    });
                }
                if edge == Edge::Apart && doc.is_empty() {
                    self.layout.empty_line();
                }
            }
        }
    }

    fn token(&mut self, text: &str) {
        self.lead(&[], Edge::Inside);
        if let Some(written) = &mut self.written {
            let there = written.take();
            debug_assert!(
                there == text || (matches!(there, "<" | "[" | ">" | "]") && text.len() == 1),
                "`{there}` stands where `{text}` is printed"
            );
        }
        self.layout.text(text);
    }

    /// A string, as it was written if it was.
    fn string(&mut self, content: &str) {
        self.lead(&[], Edge::Inside);
        let text = match &mut self.written {
            Some(written) => written.take().to_owned(),
            None => quoted(content),
        };
        self.layout.text(text);
    }

    fn words(&mut self, words: &[&str]) {
        for word in words {
            self.token(word);
            self.layout.space();
        }
    }

    fn file(&mut self, file: &File) {
        for (index, item) in file.items.iter().enumerate() {
            let before = index.checked_sub(1).map(|before| &file.items[before]);
            let edge = match before {
                None => Edge::Open,
                Some(before) if in_one_group(before, item) => Edge::Between,
                Some(_) => Edge::Apart,
            };
            self.lead(item_doc(item), edge);
            if before.is_some() {
                self.layout.line_end();
            }
            self.item(item);
        }
        let comments = self.comments_follow();
        self.lead(&[], Edge::Close);
        if comments || !file.items.is_empty() {
            self.layout.line_end();
        }
    }

    fn comments_follow(&self) -> bool {
        let written = self.written.as_ref();
        written.is_some_and(|written| written.comments_follow())
    }

    fn item(&mut self, item: &Item) {
        match item {
            Item::Use(item) => {
                self.words(&["use"]);
                self.string(&item.library);
                self.token(";");
            }
            Item::Alias(item) => {
                self.head("type", &item.name.name, &item.parameters);
                self.layout.space();
                self.words(&["="]);
                self.ty(&item.target);
                self.token(";");
            }
            Item::Record(item) => {
                self.head("record", &item.name.name, &item.parameters);
                self.layout.space();
                let docs: Vec<&[String]> = item.fields.iter().map(|it| &it.doc[..]).collect();
                self.list(&BRACES, &docs, item.open, |printer, index| {
                    let field = &item.fields[index];
                    printer.typed(&field.name.name, &field.ty);
                });
            }
            Item::Variant(item) => {
                self.head("variant", &item.name.name, &item.parameters);
                self.layout.space();
                let docs: Vec<&[String]> = item.cases.iter().map(|it| &it.doc[..]).collect();
                self.list(&BRACES, &docs, false, |printer, index| {
                    let case = &item.cases[index];
                    printer.token(&case.name.name);
                    if let Some(payload) = &case.payload {
                        printer.token("(");
                        printer.ty(payload);
                        printer.token(")");
                    }
                });
            }
            Item::Enum(item) => {
                self.head("enum", &item.name.name, &[]);
                self.layout.space();
                let docs: Vec<&[String]> = item.cases.iter().map(|(doc, _)| &doc[..]).collect();
                self.list(&BRACES, &docs, false, |printer, index| {
                    printer.token(&item.cases[index].1.name);
                });
            }
            Item::Endpoint(item) => {
                self.head("endpoint", &item.name.name, &item.parameters);
                self.layout.space();
                let docs = item.members.iter().map(|member| match member {
                    EndpointMember::Event(event) => &event.doc[..],
                    EndpointMember::Constraint(_) => &[],
                });
                let docs: Vec<&[String]> = docs.collect();
                self.members(&docs, |printer, index| match &item.members[index] {
                    EndpointMember::Event(event) => printer.event(event),
                    EndpointMember::Constraint(constraint) => printer.constraint(constraint),
                });
            }
            Item::Object(item) => self.object(item),
            Item::Template(item) => self.template(item),
        }
    }

    fn head(&mut self, keyword: &str, name: &str, parameters: &[TypeParameter]) {
        self.words(&[keyword]);
        self.token(name);
        if parameters.is_empty() {
            return;
        }
        let list = self.of_types();
        let docs = vec![&[][..]; parameters.len()];
        self.list(&list, &docs, false, |printer, index| {
            let parameter = &parameters[index];
            printer.token(&parameter.name.name);
            printer.words(&[":"]);
            printer.token(parameter.kind.as_str());
            if let Some(bound) = &parameter.bound {
                printer.layout.space();
                printer.words(&["<:"]);
                printer.ty(bound);
            }
        });
    }

    fn template(&mut self, item: &Template) {
        let keyword = if item.adapter { "adapter" } else { "template" };
        self.head(keyword, &item.name.name, &item.type_parameters);
        let parameters = &item.value_parameters;
        let docs = vec![&[][..]; parameters.len()];
        self.list(&PARENTHESES, &docs, false, |printer, index| {
            let parameter = &parameters[index];
            printer.typed(&parameter.name.name, &parameter.ty);
            if let Some(default) = &parameter.default {
                printer.layout.space();
                printer.words(&["="]);
                if default.json.contains('\n') {
                    printer.layout.force();
                }
                printer.token(&default.json);
            }
        });
        self.words(&[":"]);
        self.ty(&item.result);
        if item.private.is_empty() && !self.brace_follows() {
            return self.token(";");
        }
        self.layout.space();
        let docs: Vec<&[String]> = item.private.iter().map(|it| &it.doc[..]).collect();
        self.members(&docs, |printer, index| {
            printer.endpoint(&["private"], &item.private[index]);
        });
    }

    /// Whether braces were written, though there is nothing in them.
    fn brace_follows(&self) -> bool {
        let written = self.written.as_ref();
        written.is_some_and(|written| written.peek() == "{")
    }

    fn object(&mut self, item: &Object) {
        self.head("object", &item.name.name, &item.parameters);
        self.layout.space();
        let mut members: Vec<(usize, Member<'_>)> = Vec::new();
        for endpoint in &item.endpoints {
            members.push((endpoint.name.span.start, Member::Endpoint(endpoint)));
        }
        for constraint in &item.constraints {
            members.push((constraint.text_span.start, Member::Constraint(constraint)));
        }
        if let Some(state) = &item.state {
            members.push((state.span().start, Member::State(state)));
        }
        if self.written.is_some() {
            members.sort_by_key(|(at, _)| *at);
        }
        let docs = members.iter().map(|(_, member)| match member {
            Member::Endpoint(endpoint) => &endpoint.doc[..],
            _ => &[],
        });
        let docs: Vec<&[String]> = docs.collect();
        self.members(&docs, |printer, index| match members[index].1 {
            Member::Endpoint(endpoint) => {
                let before: &[&str] = if endpoint.mandatory {
                    &["mandatory"]
                } else {
                    &[]
                };
                printer.endpoint(before, endpoint);
            }
            Member::Constraint(constraint) => printer.constraint(constraint),
            Member::State(state) => {
                printer.words(&["state"]);
                printer.ty(state);
                printer.token(";");
            }
        });
    }

    /// Members in braces, each on lines of its own, unless they were written on one line and fit;
    /// `docs` says how many there are.
    fn members(&mut self, docs: &[&[String]], mut print: impl FnMut(&mut Self, usize)) {
        self.token("{");
        if docs.is_empty() && !self.comments_follow() {
            return self.token("}");
        }
        self.layout.begin();
        let written = self.written.as_ref();
        if written.is_none_or(|written| written.line_ends_here()) {
            self.layout.force();
        }
        self.layout.indent();
        for (index, doc) in docs.iter().enumerate() {
            let edge = if index == 0 {
                Edge::Open
            } else {
                Edge::Between
            };
            self.lead(doc, edge);
            self.layout.line_break(" ", false);
            print(self, index);
        }
        self.lead(&[], Edge::Close);
        self.layout.dedent();
        self.layout.line_break(" ", false);
        self.layout.end();
        self.token("}");
    }

    /// How type parameters and type arguments are listed.
    fn of_types(&self) -> List {
        let (open, close) = match self.brackets {
            Brackets::Angle => ("<", ">"),
            Brackets::Square => ("[", "]"),
        };
        List {
            open,
            close,
            last_comma: false,
            kept: false,
            ..PARENTHESES
        }
    }

    /// Elements in brackets: on one line if they fit and none has a comment, else one a line.
    /// `docs` says how many there are; those of an `open` list end in `..`.
    fn list(
        &mut self,
        list: &List,
        docs: &[&[String]],
        open: bool,
        mut print: impl FnMut(&mut Self, usize),
    ) {
        self.token(list.open);
        let count = docs.len() + usize::from(open);
        if count == 0 && !self.comments_follow() {
            return self.token(list.close);
        }
        self.layout.begin();
        let written = self.written.as_ref();
        if list.kept && written.is_some_and(|written| written.line_ends_here()) {
            self.layout.force();
        }
        self.layout.indent();
        for index in 0..count {
            let doc = docs.get(index).copied().unwrap_or_default();
            let edge = if index == 0 {
                Edge::Open
            } else {
                Edge::Between
            };
            self.lead(doc, edge);
            let flat = if index == 0 { list.pad } else { " " };
            self.layout.line_break(flat, list.weak);
            if index == docs.len() {
                self.token("..");
            } else {
                print(self, index);
            }
            if index + 1 < count {
                self.token(",");
            }
        }
        if list.last_comma && !open && count > 0 {
            self.last_comma();
        }
        self.lead(&[], Edge::Close);
        self.layout.dedent();
        self.layout.line_break(list.pad, list.weak);
        self.layout.end();
        self.token(list.close);
    }

    /// A comma after the last element, whether one was written or not.
    fn last_comma(&mut self) {
        if let Some(written) = &self.written
            && written.peek() == ","
        {
            self.lead(&[], Edge::Inside);
            self.written.as_mut().map(Written::take);
        }
        self.layout.if_broken(",");
    }

    /// `name: T`
    fn typed(&mut self, name: &str, ty: &TypeExpr) {
        self.token(name);
        self.words(&[":"]);
        self.ty(ty);
    }

    fn ty(&mut self, ty: &TypeExpr) {
        match ty {
            TypeExpr::Mirror { inner, .. } => {
                self.words(&["mirror"]);
                self.ty(inner);
            }
            TypeExpr::Named {
                name, arguments, ..
            } => {
                self.token(&name.name);
                if arguments.is_empty() {
                    return;
                }
                let list = List {
                    weak: true,
                    ..self.of_types()
                };
                let docs = vec![&[][..]; arguments.len()];
                self.list(&list, &docs, false, |printer, index| {
                    printer.ty(&arguments[index]);
                });
            }
        }
    }

    fn event(&mut self, event: &Event) {
        self.words(&[match event.direction {
            Direction::In => "in",
            Direction::Out => "out",
        }]);
        self.token(&event.name.name);
        let docs = vec![&[][..]; event.parameters.len()];
        self.list(&PARENTHESES, &docs, event.open, |printer, index| {
            let parameter = &event.parameters[index];
            printer.typed(&parameter.name.name, &parameter.ty);
        });
        if event.refusable {
            self.layout.space();
            self.token("refusable");
        }
        self.token(";");
    }

    fn constraint(&mut self, constraint: &Constraint) {
        self.words(&[match constraint.role {
            ConstraintRole::Provides => "provides",
            ConstraintRole::Requires => "requires",
            ConstraintRole::Follows => "follows",
        }]);
        self.token(&constraint.formalism.name);
        self.layout.indent();
        self.continued(|printer| printer.string(&constraint.text));
        if let Some(given) = &constraint.given {
            self.continued(|printer| {
                printer.words(&["given"]);
                printer.string(given);
            });
        }
        self.layout.dedent();
        self.token(";");
    }

    /// What goes into the next line if it does not fit into this one.
    fn continued(&mut self, print: impl FnOnce(&mut Self)) {
        let written = self.written.as_ref();
        if written.is_some_and(|written| written.peek().contains('\n')) {
            self.layout.force();
        }
        self.layout.begin();
        self.lead(&[], Edge::Inside);
        self.layout.line_break(" ", false);
        print(self);
        self.layout.end();
    }

    fn endpoint(&mut self, before: &[&str], endpoint: &ObjectEndpoint) {
        self.words(before);
        self.words(&["endpoint"]);
        self.typed(&endpoint.name.name, &endpoint.ty);
        if endpoint.many {
            self.layout.space();
            self.token("many");
        }
        self.token(";");
    }
}

/// How a line of a doc comment is written.
pub(super) fn doc_line(line: &str) -> String {
    match line {
        "" => "///".to_owned(),
        line => format!("/// {line}"),
    }
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
