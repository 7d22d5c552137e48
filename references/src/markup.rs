//! How XML is laid out: two blanks a level, one element a line; what holds little stands on one
//! line with it. Takes time in proportion to the text.

/// Widest line where there is a choice.
const WIDTH: usize = 100;

/// What stands in an element, or in a document.
#[derive(Clone, Debug)]
pub(crate) enum Node {
    /// An element.
    Element(Element),
    /// A comment with its marks, and the column that it stood in.
    Comment {
        text: String,
        column: usize,
        /// Whether it stands behind something on the same line.
        behind: bool,
        /// Whether an empty line stands before it.
        spaced: bool,
    },
    /// An XML declaration, as it was written.
    Declaration(String),
}

/// An element.
#[derive(Clone, Debug, Default)]
pub(crate) struct Element {
    pub name: String,
    /// Names, and values as they are written, with quotes and escapes.
    pub attributes: Vec<(String, String)>,
    pub content: Content,
    /// Whether its children stand on lines of their own even if there is room.
    pub open: bool,
    /// Whether an empty line stands before it.
    pub spaced: bool,
}

/// What stands between two tags.
#[derive(Clone, Debug)]
pub(crate) enum Content {
    /// Elements and comments.
    Nodes(Vec<Node>),
    /// A text as it is written, escapes included.
    Text(String),
}

impl Default for Content {
    fn default() -> Content {
        Content::Nodes(Vec::new())
    }
}

impl Element {
    pub fn new(name: &str, attributes: &[(&str, Option<&str>)]) -> Element {
        let attributes = attributes
            .iter()
            .filter_map(|(key, value)| Some(((*key).to_owned(), attribute((*value)?))));
        Element {
            name: name.to_owned(),
            attributes: attributes.collect(),
            ..Element::default()
        }
    }

    /// With these elements inside.
    pub fn with(mut self, children: Vec<Element>) -> Element {
        self.content = Content::Nodes(children.into_iter().map(Node::Element).collect());
        self
    }

    /// With this inside, as it is written.
    pub fn with_text(mut self, text: String) -> Element {
        self.content = Content::Text(text);
        self
    }

    /// With children on lines of their own.
    pub fn opened(mut self) -> Element {
        self.open = true;
        self
    }

    fn is_empty(&self) -> bool {
        match &self.content {
            Content::Nodes(nodes) => nodes.is_empty(),
            Content::Text(text) => text.is_empty(),
        }
    }
}

/// A value in quotes.
pub(crate) fn attribute(value: &str) -> String {
    let mut out = String::from("\"");
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A text between tags.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' if out.ends_with("]]") => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
    out
}

/// The text in a CDATA section, if it can stand in one.
pub(crate) fn literal(text: &str) -> Option<String> {
    let fits = !text.contains("]]>") && !text.contains('\r');
    fits.then(|| format!("<![CDATA[{text}]]>"))
}

/// Blanks before a line at `depth`.
pub(crate) fn indent(depth: usize) -> usize {
    2 * depth
}

/// A document.
pub(crate) fn print(nodes: &[Node]) -> String {
    let mut printer = Printer { out: String::new() };
    printer.nodes(nodes, 0);
    printer.out.push('\n');
    printer.out
}

struct Printer {
    out: String,
}

impl Printer {
    fn line(&mut self, depth: usize, spaced: bool) {
        if !self.out.is_empty() {
            self.out.push('\n');
            self.out.push_str(if spaced { "\n" } else { "" });
        }
        self.out.extend(std::iter::repeat_n(' ', indent(depth)));
    }

    /// Nodes, the last one's line not ended.
    fn nodes(&mut self, nodes: &[Node], depth: usize) {
        for (index, node) in nodes.iter().enumerate() {
            let first = index == 0;
            match node {
                Node::Element(element) => {
                    self.line(depth, element.spaced && !first);
                    self.element(element, depth);
                }
                Node::Comment { text, behind, .. } if *behind && !self.out.is_empty() => {
                    self.out.push(' ');
                    let line = self.out.rfind('\n').map_or(0, |at| at + 1);
                    let column = self.out[line..].chars().count();
                    self.comment(node, text, column);
                }
                Node::Comment { text, spaced, .. } => {
                    self.line(depth, *spaced && !first);
                    self.comment(node, text, indent(depth));
                }
                Node::Declaration(text) => self.out.push_str(text),
            }
        }
    }

    /// A comment; its further lines move as its first does.
    fn comment(&mut self, node: &Node, text: &str, to: usize) {
        let Node::Comment { column, .. } = node else {
            unreachable!("callers pass comments only")
        };
        for (index, line) in text.split('\n').enumerate() {
            if index == 0 {
                self.out.push_str(line.trim_end());
                continue;
            }
            self.out.push('\n');
            let blanks = line.len() - line.trim_start_matches(' ').len();
            if blanks < line.trim_end().len() {
                let moved = (blanks + to).saturating_sub(*column);
                self.out.extend(std::iter::repeat_n(' ', moved));
            }
            self.out.push_str(line[blanks..].trim_end());
        }
    }

    fn element(&mut self, element: &Element, depth: usize) {
        if fits(element, indent(depth)) {
            return self.on_one_line(element);
        }
        let end = if element.is_empty() { "/>" } else { ">" };
        self.start(element, depth, end);
        match &element.content {
            _ if element.is_empty() => return,
            Content::Text(text) => self.out.push_str(text),
            Content::Nodes(nodes) => {
                match ends(element, indent(depth + 1)) {
                    Some(ends) => {
                        self.line(depth + 1, false);
                        ends.iter().for_each(|end| self.on_one_line(end));
                        self.nodes(&nodes[ends.len()..], depth + 1);
                    }
                    None => self.nodes(nodes, depth + 1),
                }
                self.line(depth, false);
            }
        }
        self.out.push_str(&format!("</{}>", element.name));
    }

    /// A start tag: where it is too long, attributes below each other.
    fn start(&mut self, element: &Element, depth: usize, end: &str) {
        self.out.push('<');
        self.out.push_str(&element.name);
        let attributes = &element.attributes;
        let wide = attributes
            .iter()
            .map(|(key, value)| key.chars().count() + value.chars().count() + 2);
        let before = indent(depth) + 1 + element.name.chars().count();
        let wide = before + wide.sum::<usize>() + end.len() > WIDTH;
        let apart = wide || attributes.iter().any(|(_, value)| value.contains('\n'));
        for (index, (key, value)) in attributes.iter().enumerate() {
            if index > 0 && apart {
                self.out.push('\n');
                self.out.extend(std::iter::repeat_n(' ', before));
            }
            self.out.push_str(&format!(" {key}={value}"));
        }
        self.out.push_str(end);
    }

    fn on_one_line(&mut self, element: &Element) {
        self.out.push('<');
        self.out.push_str(&element.name);
        for (key, value) in &element.attributes {
            self.out.push_str(&format!(" {key}={value}"));
        }
        if element.is_empty() {
            return self.out.push_str("/>");
        }
        self.out.push('>');
        match &element.content {
            Content::Text(text) => self.out.push_str(text),
            Content::Nodes(nodes) => nodes.iter().for_each(|node| match node {
                Node::Element(child) => self.on_one_line(child),
                _ => unreachable!("what has comments does not fit on one line"),
            }),
        }
        self.out.push_str(&format!("</{}>", element.name));
    }
}

/// Whether an element can stand on one line, from `column` on.
fn fits(element: &Element, column: usize) -> bool {
    WIDTH
        .checked_sub(column)
        .is_some_and(|room| rest(element, room).is_some())
}

/// What is left of `room` columns after an element on one line; looks at no more than fits.
fn rest(element: &Element, room: usize) -> Option<usize> {
    let less = |room: usize, text: &str| match text.contains('\n') {
        true => None,
        false => room.checked_sub(text.chars().count()),
    };
    let mut room = less(room.checked_sub(3)?, &element.name)?;
    for (key, value) in &element.attributes {
        room = less(less(room.checked_sub(2)?, key)?, value)?;
    }
    if element.is_empty() {
        return Some(room);
    }
    let mut room = less(room.checked_sub(2)?, &element.name)?;
    match &element.content {
        Content::Text(text) => less(room, text),
        Content::Nodes(_) if element.open => None,
        Content::Nodes(nodes) => {
            for node in nodes {
                room = match node {
                    Node::Element(child) if !child.spaced => rest(child, room)?,
                    _ => return None,
                };
            }
            Some(room)
        }
    }
}

/// The two ends of a connection, if they can stand side by side.
fn ends(element: &Element, column: usize) -> Option<[&Element; 2]> {
    let Content::Nodes(nodes) = &element.content else {
        return None;
    };
    let [Node::Element(left), Node::Element(right), others @ ..] = &nodes[..] else {
        return None;
    };
    let behind = matches!(others.first(), Some(Node::Comment { behind: true, .. }));
    let both = [left, right].iter().all(|end| end.name == "endpoint") && !right.spaced;
    let room = rest(left, WIDTH.checked_sub(column)?)?;
    (both && !behind && rest(right, room).is_some()).then_some([left, right])
}
