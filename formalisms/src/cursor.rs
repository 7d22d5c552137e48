//! Where a reader of a constraint text is, and the places that its errors name.

use liveobj_types::Span;
use liveobj_types::formalism::ParseError;

/// A text and what is left of it.
pub(crate) struct Cursor<'t> {
    pub(crate) text: &'t str,
    pub(crate) rest: &'t str,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Cursor<'t> {
        Cursor { text, rest: text }
    }

    /// An error at the next visible character, or at the end.
    pub(crate) fn expected(&self, message: &str, help: &str) -> ParseError {
        let visible = self.rest.trim_start();
        let start = self.text.len() - visible.len();
        let end = start + visible.chars().next().map_or(0, char::len_utf8);
        ParseError {
            span: Span::new(start, end),
            message: message.to_owned(),
            help: Some(help.to_owned()),
        }
    }

    /// From where `start` begins to where `rest` does, both being ends of the text.
    pub(crate) fn span(&self, start: &str, rest: &str) -> Span {
        Span::new(self.text.len() - start.len(), self.text.len() - rest.len())
    }

    /// The span of the word just read.
    pub(crate) fn span_of(&self, word: &str) -> Span {
        let end = self.text.len() - self.rest.len();
        Span::new(end - word.len(), end)
    }
}
