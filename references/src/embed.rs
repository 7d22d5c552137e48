//! Texts inside texts: types and values stand in documents, values in values. Each is parsed as a
//! source of its own; here its places are turned into places of the text around it.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use liveobj_types::diagnostic::Fix;
use liveobj_types::{Diagnostic, Place, Source, Span};

use crate::model::Spanned;

/// Which text stands where.
#[derive(Debug, Default)]
pub(crate) struct Embedded {
    /// By address; the source is kept so that the address stays its own. Never iterated over.
    inside: HashMap<usize, Inside>,
}

/// A text inside another one.
#[derive(Debug)]
struct Inside {
    /// The text as a source of its own; kept so that its address stays its own.
    source: Arc<Source>,
    around: Arc<Source>,
    /// Where in that.
    span: Span,
    /// Whether it stands there byte for byte.
    verbatim: bool,
    /// Where in the raw form the reading has been, about every [`STRIDE`] bytes: findings are many,
    /// and each would read the text from its beginning.
    passed: RefCell<Vec<Reading>>,
}

/// How far apart places are remembered.
const STRIDE: usize = 1024;

/// How far the raw form of a text was read.
#[derive(Clone, Copy, Debug, Default)]
struct Reading {
    /// Bytes of the text.
    read: usize,
    /// Bytes of the raw form.
    taken: usize,
    /// In XML: whether this is inside of `<![CDATA[ ]]>`.
    literal: bool,
}

impl Embedded {
    /// A source for `text`, which stands in `around`.
    pub fn source(&mut self, around: &Arc<Source>, text: &Spanned) -> Arc<Source> {
        let source = Source::new(around.name.as_str(), text.text.as_str());
        let key = Arc::as_ptr(&source) as usize;
        let inside = Inside {
            source: source.clone(),
            around: around.clone(),
            span: text.span,
            verbatim: text.verbatim,
            passed: RefCell::default(),
        };
        self.inside.insert(key, inside);
        source
    }

    /// The place in the outermost text.
    pub fn outermost(&self, place: &Place) -> Place {
        let mut place = place.clone();
        while let Some(inside) = self.inside.get(&(Arc::as_ptr(&place.source) as usize)) {
            let start = inside.position(place.span.start);
            let end = inside.position(place.span.end).max(start);
            place = Place::new(&inside.around, Span::new(start, end));
        }
        place
    }

    /// The finding with all its places in the outermost text.
    pub fn translated(&self, mut found: Diagnostic) -> Diagnostic {
        for label in &mut found.labels {
            label.place = self.outermost(&label.place);
        }
        // A text that stands there otherwise, with escapes, is not replaced.
        found.fix = found.fix.and_then(|fix| {
            let place = self.outermost(&fix.place);
            (place.text() == fix.place.text()).then_some(Fix { place, ..fix })
        });
        found
    }
}

impl Inside {
    /// Where byte `offset` of the text stands in the text around it.
    fn position(&self, offset: usize) -> usize {
        let offset = offset.min(self.source.text.len());
        let Span { start, end } = self.span;
        if self.verbatim {
            return (start + offset).min(end);
        }
        let Some(raw) = self.around.text.get(start..end) else {
            return start;
        };
        let first = self
            .around
            .text
            .trim_start_matches('\u{feff}')
            .trim_start()
            .as_bytes()
            .first();
        let step = if first == Some(&b'<') {
            xml_step
        } else {
            json_step
        };
        let mut passed = self.passed.borrow_mut();
        let known = passed.partition_point(|reading| reading.read <= offset);
        let mut reading = known
            .checked_sub(1)
            .map_or(Reading::default(), |last| passed[last]);
        while let Some(next) = step(raw, reading, offset) {
            reading = next;
            let last = passed.last().map_or(0, |last| last.read);
            if reading.read >= last + STRIDE {
                passed.push(reading);
            }
        }
        start + reading.taken
    }
}

/// Reads one character of a JSON string, unless that would lead beyond byte `offset` of the text.
fn json_step(raw: &str, reading: Reading, offset: usize) -> Option<Reading> {
    if reading.read >= offset {
        return None;
    }
    let rest = raw.get(reading.taken..)?;
    let c = rest.chars().next()?;
    let (bytes, taken) = if c != '\\' {
        (c.len_utf8(), c.len_utf8())
    } else if let Some(code) = unit(rest) {
        match code {
            0xd800..=0xdbff => (4, 12),
            code => (char::from_u32(code).map_or(1, char::len_utf8), 6),
        }
    } else {
        (1, 2)
    };
    (reading.read + bytes <= offset).then_some(Reading {
        read: reading.read + bytes,
        taken: (reading.taken + taken).min(raw.len()),
        literal: false,
    })
}

fn unit(rest: &str) -> Option<u32> {
    u32::from_str_radix(rest.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

/// Reads one character or mark of XML content, or of an attribute, unless that would lead beyond
/// byte `offset` of the text. Marks that spell nothing are read also at `offset`.
fn xml_step(raw: &str, reading: Reading, offset: usize) -> Option<Reading> {
    const OPEN: &str = "<![CDATA[";
    const CLOSE: &str = "]]>";
    let rest = raw.get(reading.taken..)?;
    let (bytes, taken, literal) = if reading.literal {
        match rest.starts_with(CLOSE) {
            true => (0, CLOSE.len(), false),
            false => {
                let c = rest.chars().next()?;
                let taken = if rest.starts_with("\r\n") {
                    2
                } else {
                    c.len_utf8()
                };
                (c.len_utf8(), taken, true)
            }
        }
    } else if rest.starts_with(OPEN) {
        (0, OPEN.len(), true)
    } else if rest.starts_with("<!--") {
        let end = rest.find("-->").map_or(rest.len(), |position| position + 3);
        (0, end, false)
    } else {
        let c = rest.chars().next()?;
        match c {
            '&' => {
                let taken = rest.find(';').map_or(1, |position| position + 1);
                (entity(&rest[..taken]), taken, false)
            }
            '\r' if rest.starts_with("\r\n") => (1, 2, false),
            c => (c.len_utf8(), c.len_utf8(), false),
        }
    };
    if bytes > 0 && (reading.read >= offset || reading.read + bytes > offset) {
        return None;
    }
    Some(Reading {
        read: reading.read + bytes,
        taken: reading.taken + taken,
        literal,
    })
}

/// Bytes of the character that a reference stands for.
fn entity(text: &str) -> usize {
    let Some(number) = text
        .strip_prefix("&#")
        .and_then(|rest| rest.strip_suffix(';'))
    else {
        return 1;
    };
    let code = match number.strip_prefix('x') {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => number.parse().ok(),
    };
    code.and_then(char::from_u32).map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(document: &str, raw: &str, text: &str, inner: &str, outer: &str) {
        let around = Source::new("test", document);
        let start = document.find(raw).expect("the raw text is there");
        let span = Span::new(start, start + raw.len());
        let mut embedded = Embedded::default();
        let spanned = Spanned {
            text: text.to_owned(),
            span,
            verbatim: raw == text,
        };
        let inside = embedded.source(&around, &spanned);
        let at = text.find(inner).expect("the inner text is there");
        let place = Place::new(&inside, Span::new(at, at + inner.len()));
        let found = embedded.outermost(&place);
        assert_eq!(&document[found.span.start..found.span.end], outer);
    }

    #[test]
    fn places_in_escaped_texts_are_found() {
        check("<a>x: List</a>", "x: List", "x: List", "List", "List");
        check(
            "<a>a&lt;b&gt; &#233;X</a>",
            "a&lt;b&gt; &#233;X",
            "a<b> éX",
            "b",
            "b",
        );
        check(
            "<a>a&lt;b&gt; &#233;X</a>",
            "a&lt;b&gt; &#233;X",
            "a<b> éX",
            "X",
            "X",
        );
        check(
            "<a>\r\n<![CDATA[a<b>]]><!-- no -->c</a>",
            "\r\n<![CDATA[a<b>]]><!-- no -->c",
            "\na<b>c",
            "b",
            "b",
        );
        check(
            r#"{"a":"x\n\u00e9\ud83d\ude00Y"}"#,
            r"x\n\u00e9\ud83d\ude00Y",
            "x\né😀Y",
            "Y",
            "Y",
        );
    }
}
