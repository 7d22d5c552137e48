//! Documents in XML: the elements and comments of a text, to be laid out again.

use liveobj_types::Span;

use super::{NamedTypes, Texts};
use crate::limits::Limits;
use crate::markup::{self, Content, Element, Node};
use crate::model::Spanned;
use crate::xml::{self, Form};

pub(super) fn format(added: NamedTypes, texts: &mut Texts<'_>) -> String {
    let text = &texts.source.text;
    let start = text.len() - text.trim_start_matches('\u{feff}').len();
    let root = xml::parse(text, start, &Limits::default(), Form::Reference)
        .unwrap_or_else(|_| unreachable!("the document was read already"));
    let mut formatter = Formatter { text, added, texts };
    let mut nodes = Vec::new();
    let mut from = start;
    if text[start..].starts_with("<?") {
        from = text[start..]
            .find("?>")
            .map_or(start, |end| start + end + 2);
        nodes.push(Node::Declaration(text[start..from].to_owned()));
    }
    let spaced = formatter.gap(from, root.span.start, &mut nodes);
    nodes.push(formatter.element(&root, 0, spaced));
    formatter.gap(root.end, text.len(), &mut nodes);
    markup::print(&nodes)
}

struct Formatter<'a, 'b> {
    text: &'a str,
    added: NamedTypes,
    texts: &'b mut Texts<'a>,
}

impl<'a> Formatter<'a, '_> {
    fn raw(&self, span: Span) -> &'a str {
        &self.text[span.start..span.end]
    }

    /// Adds the comments between two elements; gives whether an empty line follows.
    fn gap(&self, from: usize, to: usize, nodes: &mut Vec<Node>) -> bool {
        let mut at = from;
        // Nothing stands before the first node of a document.
        let mut behind = from > 0 || !nodes.is_empty();
        loop {
            let rest = &self.text[at..to];
            // Blanks may be spelt as CDATA.
            let next = rest.find("<!--");
            let blank = &rest[..next.unwrap_or(rest.len())];
            let lines = blank.matches('\n').count();
            behind &= lines == 0;
            let Some(next) = next else {
                return lines > 1;
            };
            let start = at + next;
            let length = self.text[start..].find("-->").map_or(0, |end| end + 3);
            let line = self.text[..start].rfind('\n').map_or(0, |line| line + 1);
            nodes.push(Node::Comment {
                text: self.text[start..start + length].to_owned(),
                column: self.text[line..start].chars().count(),
                behind,
                spaced: lines > 1,
            });
            behind = true;
            at = start + length;
        }
    }

    fn element(&mut self, element: &xml::Element, depth: usize, spaced: bool) -> Node {
        let name = element.name.text.as_str();
        let mut attributes: Vec<(String, String)> = element
            .attributes
            .iter()
            .map(|(key, value)| (key.text.clone(), self.attribute(name, key, value)))
            .collect();
        if let Some(cast) = self.added.casts.get(&element.span.start) {
            attributes.push(("as".to_owned(), markup::attribute(cast)));
        }
        let content = match name {
            "types" => Content::Text(self.types(element, depth)),
            "type" => Content::Text(self.type_text(element)),
            // White space and line ends are part of it.
            "value" => Content::Text(self.raw(element.content).to_owned()),
            _ => Content::Nodes(self.children(element, depth)),
        };
        let first = element.children.first();
        let first = first.map_or(element.content.end, |child| child.span.start);
        let own_lines = self.text[element.content.start..first].contains('\n');
        Node::Element(Element {
            name: name.to_owned(),
            attributes,
            content,
            open: own_lines || matches!(name, "liveobject" | "composite"),
            spaced,
        })
    }

    fn attribute(&mut self, element: &str, key: &Spanned, value: &Spanned) -> String {
        if key.text == "as" && element != "export" {
            return markup::attribute(&self.texts.expression(value));
        }
        let raw = self.raw(value.span);
        let quote = if raw.contains('"') { '\'' } else { '"' };
        format!("{quote}{raw}{quote}")
    }

    fn children(&mut self, element: &xml::Element, depth: usize) -> Vec<Node> {
        let mut nodes = Vec::new();
        let mut from = element.content.start;
        if element.name.text == "liveobject"
            && !self.added.declarations.is_empty()
            && element
                .children
                .iter()
                .all(|child| child.name.text != "types")
        {
            let types = Element::new("types", &[]);
            let text = self.added_types(String::new(), depth + 1);
            nodes.push(Node::Element(types.with_text(text)));
        }
        for child in &element.children {
            let spaced = self.gap(from, child.span.start, &mut nodes);
            nodes.push(self.element(child, depth + 1, spaced));
            from = child.end;
        }
        self.gap(from, element.content.end, &mut nodes);
        nodes
    }

    /// What stands in `<types>` at `depth`.
    fn types(&mut self, element: &xml::Element, depth: usize) -> String {
        let raw = self.raw(element.content);
        let declarations = self
            .texts
            .declarations(&element.text, markup::indent(depth + 1));
        if has_comment(raw) {
            if self.added.declarations.is_empty() {
                return raw.to_owned();
            }
            let added = self.added_types(String::new(), depth);
            return format!("{}{added}", raw.trim_end());
        }
        if !self.added.declarations.is_empty() {
            return self.added_types(declarations, depth);
        }
        let literal = raw.trim_start().starts_with("<![CDATA[");
        let text = element.text.text.trim_start_matches([' ', '\t']);
        let escape = |text: &str| {
            let literal = literal.then(|| markup::literal(text)).flatten();
            literal.unwrap_or_else(|| markup::escaped(text))
        };
        match declarations.trim() {
            "" => String::new(),
            line if !line.contains('\n') && !text.starts_with('\n') => escape(line),
            _ => escape(&on_lines(&declarations, depth)),
        }
    }

    /// Declarations with those that are added.
    fn added_types(&mut self, declarations: String, depth: usize) -> String {
        let text = Spanned {
            text: format!("{declarations}\n{}", self.added.declarations),
            ..Spanned::default()
        };
        let all = self.texts.declarations(&text, markup::indent(depth + 1));
        markup::escaped(&on_lines(&all, depth))
    }

    fn type_text(&mut self, element: &xml::Element) -> String {
        let raw = self.raw(element.content);
        let text = self.texts.expression(&element.text);
        match has_comment(raw) || text.contains("//") {
            true => raw.to_owned(),
            false => markup::escaped(&text),
        }
    }
}

/// Lines between two tags at `depth`.
fn on_lines(lines: &str, depth: usize) -> String {
    let blanks = " ".repeat(markup::indent(depth));
    format!("\n{lines}{blanks}")
}

/// Whether an XML comment stands in the content of an element.
fn has_comment(raw: &str) -> bool {
    let mut rest = raw;
    while let Some(at) = rest.find("<!") {
        if rest[at..].starts_with("<!--") {
            return true;
        }
        let end = rest[at..].find("]]>");
        rest = end.map_or("", |end| &rest[at + end..]);
    }
    false
}
