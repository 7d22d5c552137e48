//! A text as it was written: its tokens, and what stands between them.

use super::layout::Comment;
use super::lexis;
use super::print::doc_line;
use crate::source::Span;

/// Where a token stands, for what may stand before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edge {
    /// First in a file, or after an opening bracket: no empty line before.
    Open,
    /// Between two elements: an empty line stays.
    Between,
    /// Between two items that the canonical form keeps apart: an empty line stays.
    Apart,
    /// Before what closes: no empty line after.
    Close,
    /// Inside an element: no empty lines.
    Inside,
}

/// What stands before a token.
#[derive(Default)]
pub(super) struct Gap {
    pub comments: Vec<Comment>,
    /// Whether an empty line follows them.
    pub empty_line: bool,
}

/// A text and how far it has been printed.
pub(super) struct Written<'a> {
    text: &'a str,
    tokens: Vec<Span>,
    /// The next token.
    next: usize,
    /// Whether what stands before it was asked for.
    led: bool,
}

impl<'a> Written<'a> {
    /// `tokens` are all tokens of `text`, in order.
    pub fn new(text: &'a str, tokens: Vec<Span>) -> Written<'a> {
        let (next, led) = (0, false);
        Written {
            text,
            tokens,
            next,
            led,
        }
    }

    /// The text between the last token and the next one.
    fn between(&self) -> &'a str {
        let before = self.next.checked_sub(1).map(|before| &self.tokens[before]);
        let start = before.map_or(0, |span| span.end);
        let end = self.tokens.get(self.next);
        &self.text[start..end.map_or(self.text.len(), |span| span.start)]
    }

    /// What stands before the next token, once.
    pub fn gap(&mut self, edge: Edge) -> Gap {
        if std::mem::replace(&mut self.led, true) {
            return Gap::default();
        }
        let mut gap = Gap::default();
        let mut lines = usize::from(self.next == 0);
        let mut rest = self.between();
        loop {
            let blank = lexis::blank(rest);
            lines += rest[..blank].matches('\n').count();
            rest = &rest[blank..];
            let spaced = lines > 1 && edge != Edge::Inside;
            let Some(comment) = lexis::comment_at(rest) else {
                let doc = gap.comments.last().is_some_and(|comment| comment.doc);
                let closed = edge == Edge::Close || (edge == Edge::Open && gap.comments.is_empty());
                gap.empty_line = spaced && !closed && !doc;
                return gap;
            };
            rest = &rest[comment.len()..];
            let doc = lexis::doc(comment);
            gap.comments.push(Comment {
                text: match doc {
                    Some(doc) => doc_line(doc),
                    None => comment.trim_end().to_owned(),
                },
                doc: doc.is_some(),
                own_line: lines > 0 || doc.is_some(),
                spaced: spaced && !(edge == Edge::Open && gap.comments.is_empty()),
            });
            lines = 0;
        }
    }

    /// Whether a comment stands before the next token.
    pub fn comments_follow(&self) -> bool {
        !self.led && self.between().contains("//")
    }

    /// Whether the next token stands in another line than the last one.
    pub fn line_ends_here(&self) -> bool {
        self.between().contains('\n')
    }

    /// The next token; empty at the end.
    pub fn peek(&self) -> &'a str {
        let token = self.tokens.get(self.next);
        token.map_or("", |span| &self.text[span.start..span.end])
    }

    /// Takes the next token.
    pub fn take(&mut self) -> &'a str {
        let token = self.peek();
        self.next += 1;
        self.led = false;
        token
    }
}
