//! The reading position: tokens, what was expected, faults, and where to go on after one.

use std::fmt;
use std::sync::Arc;

use super::ast::Ident;
use super::lexis;
use super::lost::Lost;
use crate::diagnostic::{Diagnostic, codes};
use crate::similar::nearest;
use crate::source::{Place, Source, Span};

/// Deepest nesting of type expressions and of defaults.
pub(super) const MAX_DEPTH: usize = 64;
/// Longest name.
const MAX_NAME: usize = 256;
/// Most faults reported for one text.
pub(crate) const MAX_FAULTS: usize = 100;
/// What begins a declaration.
pub(super) const ITEM_KEYWORDS: [&str; 9] = [
    "use", "type", "record", "variant", "enum", "endpoint", "object", "template", "adapter",
];

/// Reading stopped; the fault is recorded.
#[derive(Debug)]
pub(super) struct Stop;

/// What a reading function gives.
pub(super) type Read<T> = Result<T, Stop>;

/// What would have been accepted. Nearly always something else was: the words are put together only
/// for a fault.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Expected {
    /// This punctuation mark or keyword.
    Token(&'static str),
    /// What these words name.
    Words(&'static str),
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expected::Token(token) => write!(f, "`{token}`"),
            Expected::Words(words) => f.write_str(words),
        }
    }
}

/// A position in a text, always at the beginning of a token.
pub(super) struct Cursor<'a> {
    pub(super) source: &'a Arc<Source>,
    text: &'a str,
    at: usize,
    /// Bytes of the name that stands here; 0 where none does.
    name_length: usize,
    previous_end: usize,
    docs: Vec<String>,
    expected: Vec<Expected>,
    /// Every token taken, where they are asked for.
    pub(super) tokens: Option<Vec<Span>>,
    /// What is being read (`record`, …) and where its head stands.
    pub(super) context: Option<(&'static str, Span)>,
    pub(super) faults: Vec<Diagnostic>,
    /// What is declared where nothing could be read.
    pub(super) lost: Lost,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(source: &'a Arc<Source>) -> Cursor<'a> {
        let mut cursor = Cursor {
            source,
            text: &source.text,
            at: 0,
            name_length: 0,
            previous_end: 0,
            docs: Vec::new(),
            expected: Vec::new(),
            tokens: None,
            context: None,
            faults: Vec::new(),
            lost: Lost::default(),
        };
        cursor.go_to(0);
        cursor
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// From `start` to the end of the last token taken.
    pub(super) fn span_from(&self, start: usize) -> Span {
        Span::new(start, self.previous_end.max(start))
    }

    pub(super) fn at_end(&self) -> bool {
        self.at == self.text.len()
    }

    pub(super) fn full(&self) -> bool {
        self.faults.len() >= MAX_FAULTS
    }

    /// The doc comment lines before the next token.
    pub(super) fn take_docs(&mut self) -> Vec<String> {
        std::mem::take(&mut self.docs)
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn go_to(&mut self, offset: usize) {
        let (rest, docs) = lexis::trivia(&self.text[offset..]);
        self.previous_end = offset;
        self.at = self.text.len() - rest.len();
        self.name_length = lexis::name_length(rest);
        self.docs = docs;
        self.expected.clear();
    }

    fn advance(&mut self, length: usize) -> Span {
        let start = self.at;
        self.go_to(start + length);
        let span = Span::new(start, start + length);
        if let Some(tokens) = &mut self.tokens {
            tokens.push(span);
        }
        span
    }

    fn expect(&mut self, what: Expected) {
        if !self.expected.contains(&what) {
            self.expected.push(what);
        }
    }

    /// Takes a punctuation mark if it stands here.
    pub(super) fn mark(&mut self, mark: &'static str) -> bool {
        let rest = self.rest();
        let subtype = mark == "<" && rest.starts_with("<:");
        if rest.starts_with(mark) && !subtype {
            self.advance(mark.len());
            return true;
        }
        self.expect(Expected::Token(mark));
        false
    }

    /// Takes the bracket that opens type arguments or parameters, of either style, if one stands
    /// here; gives the one that closes them.
    pub(super) fn open_bracket(&mut self) -> Option<&'static str> {
        let expected = self.expected.len();
        let close = if self.mark("<") {
            Some(">")
        } else if self.mark("[") {
            Some("]")
        } else {
            None
        };
        // Nearly everywhere, so that naming them would only distract.
        self.expected.truncate(expected);
        close
    }

    /// Takes a punctuation mark that must stand here.
    pub(super) fn need(&mut self, mark: &'static str) -> Read<()> {
        if self.mark(mark) { Ok(()) } else { self.stop() }
    }

    /// The name that stands here, if one does.
    pub(super) fn peek_name(&self) -> Option<&'a str> {
        (self.name_length > 0).then(|| &self.text[self.at..self.at + self.name_length])
    }

    /// Takes a keyword if it stands here.
    pub(super) fn keyword(&mut self, keyword: &'static str) -> bool {
        if self.peek_name() == Some(keyword) {
            self.advance(keyword.len());
            return true;
        }
        self.expect(Expected::Token(keyword));
        false
    }

    /// Takes a name that must stand here.
    pub(super) fn name(&mut self, what: &'static str) -> Read<Ident> {
        let Some(name) = self.peek_name() else {
            self.expect(Expected::Words(what));
            return self.stop();
        };
        if name.len() > MAX_NAME {
            let span = Span::new(self.at, self.at + MAX_NAME);
            return self.limit(format!("a name is longer than {MAX_NAME} characters"), span);
        }
        Ok(Ident {
            name: name.to_owned(),
            span: self.advance(name.len()),
        })
    }

    /// Takes a string that must stand here; its span is without the quotes.
    pub(super) fn string(&mut self, what: &'static str) -> Read<(String, Span)> {
        match lexis::string(self.rest()) {
            Ok((after, content)) => {
                let span = self.advance(self.rest().len() - after.len());
                Ok((content, Span::new(span.start + 1, span.end - 1)))
            }
            Err(_) if !self.rest().starts_with('"') => {
                self.expect(Expected::Words(what));
                self.stop()
            }
            Err(fault) => {
                let left = match fault {
                    nom::Err::Error(error) | nom::Err::Failure(error) => error.input.len(),
                    nom::Err::Incomplete(_) => 0,
                };
                let at = self.text.len() - left;
                let (message, span, help) = if left == 0 {
                    let span = Span::new(self.at, self.at + 1);
                    ("a string is not closed", span, "end it with `\"`")
                } else {
                    let next = self.text[at..].chars().next().map_or(0, char::len_utf8);
                    let help = "the escapes are `\\\"`, `\\\\`, `\\n`, `\\r`, `\\t` and `\\u{hex}`";
                    (
                        "a string holds an unknown escape",
                        Span::new(at - 1, at + next),
                        help,
                    )
                };
                let fault = Diagnostic::error(codes::TYPE_SYNTAX, message)
                    .at(self.place(span), "")
                    .with_help(help);
                self.faults.push(fault);
                Err(Stop)
            }
        }
    }

    /// Takes a JSON text that must stand here.
    pub(super) fn json(&mut self) -> Read<(String, Span)> {
        match lexis::json(self.rest(), MAX_DEPTH) {
            Ok(json) => Ok((json.to_owned(), self.advance(json.len()))),
            Err(lexis::JsonFault::Unexpected(offset)) => {
                self.at += offset;
                self.expected.clear();
                self.name_length = lexis::name_length(self.rest());
                self.expect(Expected::Words("a JSON value"));
                self.stop()
            }
            Err(lexis::JsonFault::TooDeep(offset)) => {
                let span = Span::new(self.at + offset, self.at + offset + 1);
                self.limit(
                    format!("a default is nested more than {MAX_DEPTH} deep"),
                    span,
                )
            }
        }
    }

    /// Notes that something else would have been accepted here.
    pub(super) fn also_expect(&mut self, what: &'static str) {
        self.expect(Expected::Words(what));
    }

    /// Records that none of what was expected stands here.
    pub(super) fn stop<T>(&mut self) -> Read<T> {
        let (found, length) = self.found();
        let message = format!("expected {}, found {found}", listed(&self.expected));
        let span = Span::new(self.at, self.at + length);
        let mut fault = Diagnostic::error(codes::TYPE_SYNTAX, message).at(self.place(span), "");
        if let Some((what, head)) = self.context {
            fault = fault.at(self.place(head), format!("in this {what}"));
        }
        if let Some((found, meant)) = self.meant_keyword() {
            fault = fault.did_you_mean(found, meant);
        }
        self.faults.push(fault);
        Err(Stop)
    }

    /// The name that stands here, and the expected keyword that it is nearly.
    fn meant_keyword(&self) -> Option<(&'a str, &str)> {
        let found = self.peek_name()?;
        let words = self.expected.iter().filter_map(|expected| match expected {
            Expected::Token(word) if word.bytes().all(|byte| byte.is_ascii_lowercase()) => {
                Some(*word)
            }
            _ => None,
        });
        Some((found, nearest(found, words)?))
    }

    /// Records that a limit is exceeded.
    pub(super) fn limit<T>(&mut self, message: String, span: Span) -> Read<T> {
        let place = self.place(span);
        self.faults
            .push(Diagnostic::error(codes::LIMIT_EXCEEDED, message).at(place, ""));
        Err(Stop)
    }

    pub(super) fn place(&self, span: Span) -> Place {
        Place::new(self.source, span)
    }

    fn found(&self) -> (String, usize) {
        if let Some(name) = self.peek_name() {
            return (quoted(name), name.len());
        }
        match self.rest().chars().next() {
            None => ("the end of the text".to_owned(), 0),
            Some('"') => match lexis::string(self.rest()) {
                Ok((after, _)) => ("a string".to_owned(), self.rest().len() - after.len()),
                Err(_) => ("a string".to_owned(), 1),
            },
            Some(c) => (format!("`{}`", c.escape_debug()), c.len_utf8()),
        }
    }

    /// Goes on after the item that begins at `start`: after the next `;` or `}` outside braces,
    /// or where a line begins, as far left as the item, with another declaration. What is passed
    /// over counts as declared.
    pub(super) fn recover(&mut self, start: usize) {
        self.pass_over(start);
        self.lost.note(&self.text[start..self.at]);
    }

    fn pass_over(&mut self, start: usize) {
        let bytes = self.text.as_bytes();
        let line = self.text[..start]
            .rfind('\n')
            .map_or(0, |newline| newline + 1);
        let column = start - line;
        let (mut at, mut line, mut depth) = (start, line, 0usize);
        while at < bytes.len() {
            match bytes[at] {
                b'\n' => line = at + 1,
                b'/' if bytes[at..].starts_with(b"//") => {
                    at = self.text[at..]
                        .find('\n')
                        .map_or(bytes.len(), |length| at + length);
                    continue;
                }
                b'"' => at += string_length(&self.text[at..]) - 1,
                b'{' => depth += 1,
                b'}' if depth > 1 => depth -= 1,
                b'}' => return self.go_to(at + 1),
                b';' if depth == 0 => return self.go_to(at + 1),
                byte if byte.is_ascii_alphabetic() && at > start && at - line == column => {
                    let blank = self.text[line..at]
                        .bytes()
                        .all(|byte| byte.is_ascii_whitespace());
                    if blank && starts_item(&self.text[at..]) {
                        return self.go_to(at);
                    }
                }
                _ => {}
            }
            at += 1;
        }
        self.go_to(bytes.len());
    }
}

/// Length of the string at the beginning of `text`; one that is not closed ends with its line.
fn string_length(text: &str) -> usize {
    match lexis::string(text) {
        Ok((after, _)) => text.len() - after.len(),
        Err(_) => text.find('\n').unwrap_or(text.len()),
    }
}

/// Whether a text begins as one of the type language does: with a declaration, whose first word may
/// be misspelt, or with nothing but comments.
pub fn is_type_text(text: &str) -> bool {
    let (text, _) = lexis::trivia(text);
    let Some((rest, word)) = lexis::name(text) else {
        return text.is_empty();
    };
    let after = rest.trim_start_matches([' ', '\t']);
    let named =
        after.len() < rest.len() && (lexis::name_length(after) > 0 || after.starts_with('"'));
    ITEM_KEYWORDS.contains(&word) || (named && nearest(word, ITEM_KEYWORDS).is_some())
}

fn starts_item(text: &str) -> bool {
    let Some((rest, word)) = lexis::name(text) else {
        return false;
    };
    let after = rest.trim_start_matches([' ', '\t']);
    let named =
        after.len() < rest.len() && (lexis::name_length(after) > 0 || after.starts_with('"'));
    named && ITEM_KEYWORDS.contains(&word)
}

/// A name in backticks, cut where it is very long.
pub(crate) fn quoted(name: &str) -> String {
    match name.char_indices().nth(64) {
        Some((end, _)) => format!("`{}…`", &name[..end]),
        None => format!("`{name}`"),
    }
}

/// `a`, `a or b`, `a, b or c`.
fn listed(items: &[Expected]) -> String {
    match items {
        [] => "nothing more".to_owned(),
        [only] => only.to_string(),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(Expected::to_string).collect();
            format!("{} or {last}", first.join(", "))
        }
    }
}
