//! A JSON reader that keeps places and the text of numbers. Objects are lists of pairs in the
//! order written, so that no repeated key gets lost.

use liveobj_types::{Code, Span, codes};

use crate::limits::{Limits, RAISE};
use crate::model::Spanned;

/// A JSON value with its place.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub kind: NodeKind,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub(crate) enum NodeKind {
    Null,
    Bool(bool),
    /// The number as written: 64-bit integers stay exact.
    Number(String),
    String(Spanned),
    Array(Vec<Node>),
    Object(Vec<(Spanned, Node)>),
}

impl Node {
    /// What it is, for messages.
    pub fn describe(&self) -> &'static str {
        match self.kind {
            NodeKind::Null => "null",
            NodeKind::Bool(_) => "a truth value",
            NodeKind::Number(_) => "a number",
            NodeKind::String(_) => "a string",
            NodeKind::Array(_) => "a list",
            NodeKind::Object(_) => "an object",
        }
    }
}

/// Why a text cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SyntaxFault {
    pub code: Code,
    pub span: Span,
    pub message: String,
    /// Another place that matters, and why.
    pub related: Option<(Span, String)>,
    pub help: Option<String>,
}

impl SyntaxFault {
    pub fn new(span: Span, message: impl Into<String>) -> SyntaxFault {
        SyntaxFault {
            code: codes::DOCUMENT_SYNTAX,
            span,
            message: message.into(),
            related: None,
            help: None,
        }
    }

    pub fn too_deep(span: Span, nesting: usize) -> SyntaxFault {
        SyntaxFault {
            code: codes::LIMIT_EXCEEDED,
            ..SyntaxFault::new(span, format!("nested more than {nesting} levels deep"))
                .with_help("keep inner objects in a folder, and name them by `external` references")
        }
    }

    pub fn too_many(span: Span, what: &str, nodes: usize) -> SyntaxFault {
        SyntaxFault {
            code: codes::LIMIT_EXCEEDED,
            ..SyntaxFault::new(span, format!("more than {nodes} {what}")).with_help(RAISE)
        }
    }

    pub fn with_help(mut self, help: impl Into<String>) -> SyntaxFault {
        self.help = Some(help.into());
        self
    }
}

/// Reads `text[start..]`, which must be one JSON value. Spans are offsets into `text`.
pub(crate) fn parse(text: &str, start: usize, limits: &Limits) -> Result<Node, SyntaxFault> {
    let mut parser = Parser {
        text,
        at: start,
        nodes: 0,
        limits,
    };
    parser.blank();
    let node = parser.value(0)?;
    parser.blank();
    if parser.at < text.len() {
        return Err(SyntaxFault::new(
            parser.here(),
            format!("expected the end of the text, found {}", parser.found()),
        ));
    }
    Ok(node)
}

/// Whether XML 1.0 can hold the character: documents hold nothing that only JSON could.
pub(crate) fn is_document_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    /// Values so far.
    nodes: usize,
    limits: &'a Limits,
}

impl Parser<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn here(&self) -> Span {
        let length = self.text[self.at..]
            .chars()
            .next()
            .map_or(0, char::len_utf8);
        Span::new(self.at, self.at + length)
    }

    fn found(&self) -> String {
        match self.text[self.at..].chars().next() {
            None => "the end of the text".to_owned(),
            Some(c) => format!("`{}`", c.escape_debug()),
        }
    }

    fn expected<T>(&self, what: &str) -> Result<T, SyntaxFault> {
        Err(SyntaxFault::new(
            self.here(),
            format!("expected {what}, found {}", self.found()),
        ))
    }

    fn value(&mut self, depth: usize) -> Result<Node, SyntaxFault> {
        if depth > self.limits.nesting() {
            return Err(SyntaxFault::too_deep(self.here(), self.limits.nesting()));
        }
        self.nodes += 1;
        if self.nodes > self.limits.nodes {
            return Err(SyntaxFault::too_many(
                self.here(),
                "values",
                self.limits.nodes,
            ));
        }
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') => self.object(depth)?,
            Some(b'[') => self.array(depth)?,
            Some(b'"') => NodeKind::String(self.string()?),
            Some(b'-' | b'0'..=b'9') => self.number()?,
            Some(b'a'..=b'z' | b'A'..=b'Z') => self.word()?,
            _ => return self.expected("a JSON value"),
        };
        Ok(Node {
            kind,
            span: Span::new(start, self.at),
        })
    }

    fn word(&mut self) -> Result<NodeKind, SyntaxFault> {
        let rest = &self.text[self.at..];
        let length = rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(rest.len());
        let kind = match &rest[..length] {
            "null" => NodeKind::Null,
            "true" => NodeKind::Bool(true),
            "false" => NodeKind::Bool(false),
            word => {
                let span = Span::new(self.at, self.at + length);
                let message = format!("expected a JSON value, found `{word}`");
                return Err(SyntaxFault::new(span, message).with_help(
                    "write texts in double quotes; `true`, `false` and `null` as such",
                ));
            }
        };
        self.at += length;
        Ok(kind)
    }

    fn digits(&mut self) -> Result<(), SyntaxFault> {
        if !matches!(self.peek(), Some(b'0'..=b'9')) {
            return self.expected("a digit");
        }
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.at += 1;
        }
        Ok(())
    }

    fn number(&mut self) -> Result<NodeKind, SyntaxFault> {
        let start = self.at;
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.peek() == Some(b'0') {
            self.at += 1;
            if matches!(self.peek(), Some(b'0'..=b'9')) {
                let span = Span::new(start, self.at + 1);
                return Err(SyntaxFault::new(span, "a number does not begin with `0`"));
            }
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Ok(NodeKind::Number(self.text[start..self.at].to_owned()))
    }

    fn string(&mut self) -> Result<Spanned, SyntaxFault> {
        let open = self.at;
        self.at += 1;
        let start = self.at;
        let mut out = String::new();
        let mut verbatim = true;
        loop {
            let rest = &self.text[self.at..];
            let Some(c) = rest.chars().next() else {
                return Err(
                    SyntaxFault::new(Span::new(open, open + 1), "this text is not closed")
                        .with_help("end it with `\"`"),
                );
            };
            match c {
                '"' => break,
                '\\' => {
                    verbatim = false;
                    let escape = self.at;
                    let c = self.escape()?;
                    if !is_document_char(c) {
                        return Err(SyntaxFault::new(
                            Span::new(escape, self.at),
                            format!("U+{:04X} cannot stand in a document", c as u32),
                        ));
                    }
                    out.push(c);
                }
                c if c < ' ' || !is_document_char(c) => {
                    let message = format!("U+{:04X} cannot stand in a text as it is", c as u32);
                    return Err(SyntaxFault::new(self.here(), message)
                        .with_help("write line feeds as `\\n`, tabs as `\\t`"));
                }
                c => {
                    out.push(c);
                    self.at += c.len_utf8();
                }
            }
        }
        let span = Span::new(start, self.at);
        self.at += 1;
        Ok(Spanned {
            text: out,
            span,
            verbatim,
        })
    }

    /// Reads an escape beginning at a backslash.
    fn escape(&mut self) -> Result<char, SyntaxFault> {
        let start = self.at;
        self.at += 1;
        let c = match self.peek() {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.unicode(start);
            }
            _ => return self.expected("an escape: one of `\"\\/bfnrtu`"),
        };
        self.at += 1;
        Ok(c)
    }

    fn unicode(&mut self, start: usize) -> Result<char, SyntaxFault> {
        let first = self.hex()?;
        let code = match first {
            0xd800..=0xdbff if self.text[self.at..].starts_with("\\u") => {
                self.at += 2;
                let second = self.hex()?;
                match second {
                    0xdc00..=0xdfff => 0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00),
                    _ => first,
                }
            }
            code => code,
        };
        char::from_u32(code).ok_or_else(|| {
            SyntaxFault::new(
                Span::new(start, self.at),
                "half of a surrogate pair stands alone",
            )
        })
    }

    fn hex(&mut self) -> Result<u32, SyntaxFault> {
        let digits = self.text.get(self.at..self.at + 4).unwrap_or_default();
        if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return self.expected("four hexadecimal digits");
        }
        self.at += 4;
        Ok(u32::from_str_radix(digits, 16).expect("four hexadecimal digits fit"))
    }

    fn array(&mut self, depth: usize) -> Result<NodeKind, SyntaxFault> {
        self.at += 1;
        let mut items = Vec::new();
        self.blank();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(NodeKind::Array(items));
        }
        loop {
            self.blank();
            items.push(self.value(depth + 1)?);
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => break,
                _ => return self.expected("`,` or `]`"),
            }
        }
        self.at += 1;
        Ok(NodeKind::Array(items))
    }

    fn object(&mut self, depth: usize) -> Result<NodeKind, SyntaxFault> {
        self.at += 1;
        let mut entries = Vec::new();
        self.blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(NodeKind::Object(entries));
        }
        loop {
            self.blank();
            if self.peek() != Some(b'"') {
                return self.expected("a key in double quotes");
            }
            let key = self.string()?;
            self.blank();
            if self.peek() != Some(b':') {
                return self.expected("`:`");
            }
            self.at += 1;
            self.blank();
            entries.push((key, self.value(depth + 1)?));
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => break,
                _ => return self.expected("`,` or `}`"),
            }
        }
        self.at += 1;
        Ok(NodeKind::Object(entries))
    }
}

/// Appends `text` as a JSON string.
pub(crate) fn write_string(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out.push('"');
}
