//! Source texts and places in them.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// A text that was read, with the name under which people know it (a path or a library name).
#[derive(Clone, Debug)]
pub struct Source {
    /// The name that messages show.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Where lines begin, found when first asked for.
    lines: OnceLock<Vec<usize>>,
}

impl PartialEq for Source {
    fn eq(&self, other: &Source) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for Source {}

impl PartialOrd for Source {
    fn partial_cmp(&self, other: &Source) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Source {
    fn cmp(&self, other: &Source) -> Ordering {
        // Findings are sorted by their places, nearly all of them in one text.
        if std::ptr::eq(self, other) {
            return Ordering::Equal;
        }
        (&self.name, &self.text).cmp(&(&other.name, &other.text))
    }
}

impl Hash for Source {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.name, self.text.len()).hash(state);
    }
}

impl Source {
    /// Makes a shared source.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Arc<Source> {
        Arc::new(Source {
            name: name.into(),
            text: text.into(),
            lines: OnceLock::new(),
        })
    }

    /// Line and column of a byte offset, both counted from 1; columns count characters.
    pub fn line_column(&self, offset: usize) -> (usize, usize) {
        let mut end = offset.min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        let line = self.lines().partition_point(|start| *start <= end);
        let start = self.lines()[line - 1];
        (line, self.text[start..end].chars().count() + 1)
    }

    /// Where each line begins; the first one at 0.
    fn lines(&self) -> &[usize] {
        self.lines.get_or_init(|| {
            let ends = self.text.match_indices('\n').map(|(end, _)| end + 1);
            std::iter::once(0).chain(ends).collect()
        })
    }
}

/// A range of bytes in a [`Source`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte.
    pub start: usize,
    /// One past the last byte.
    pub end: usize,
}

impl Span {
    /// A span from `start` to one before `end`.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start, end }
    }

    /// The same span, `offset` bytes further on.
    pub fn shifted(self, offset: usize) -> Span {
        Span {
            start: self.start + offset,
            end: self.end + offset,
        }
    }
}

/// A span of one source.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The text.
    pub source: Arc<Source>,
    /// Where in it.
    pub span: Span,
}

impl Place {
    /// The place `span` of `source`.
    pub fn new(source: &Arc<Source>, span: Span) -> Place {
        Place {
            source: source.clone(),
            span,
        }
    }

    /// What stands there; none where the span does not fit the text.
    pub fn text(&self) -> Option<&str> {
        self.source.text.get(self.span.start..self.span.end)
    }
}

impl fmt::Display for Place {
    /// Writes `name:line:column`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, column) = self.source.line_column(self.span.start);
        write!(f, "{}:{line}:{column}", self.source.name)
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_columns_are_counted_from_1() {
        let source = Source::new("test", "a\näb\n\nc");
        let found: Vec<_> = (0..10).map(|offset| source.line_column(offset)).collect();
        let expected = [
            (1, 1),
            (1, 2),
            (2, 1),
            // Inside of a character.
            (2, 1),
            (2, 2),
            (2, 3),
            (3, 1),
            (4, 1),
            (4, 2),
            (4, 2),
        ];
        assert_eq!(found, expected);
        assert_eq!(Source::new("test", "").line_column(0), (1, 1));
    }

    #[test]
    fn sources_are_told_apart_by_name_and_text() {
        let [a, same] = ["text"; 2].map(|text| Source::new("a", text));
        assert_eq!(a, same);
        for (name, text) in [("b", "text"), ("a", "other")] {
            assert_ne!(a, Source::new(name, text));
        }
    }
}
