//! Texts inside texts: types and values stand in documents, values in values. Each is parsed as a
//! source of its own; here its places are turned into places of the text around it.

use std::collections::BTreeMap;
use std::sync::Arc;

use liveobj_types::diagnostic::Fix;
use liveobj_types::{Diagnostic, Place, Source, Span};

use crate::model::Spanned;

/// Which text stands where.
#[derive(Debug, Default)]
pub(crate) struct Embedded {
    /// By address; the source is kept so that the address stays its own.
    inside: BTreeMap<usize, (Arc<Source>, Arc<Source>, Spanned)>,
}

impl Embedded {
    /// A source for `text`, which stands in `around`.
    pub fn source(&mut self, around: &Arc<Source>, text: &Spanned) -> Arc<Source> {
        let source = Source::new(around.name.as_str(), text.text.as_str());
        let key = Arc::as_ptr(&source) as usize;
        self.inside
            .insert(key, (source.clone(), around.clone(), text.clone()));
        source
    }

    /// The place in the outermost text.
    pub fn outermost(&self, place: &Place) -> Place {
        let mut place = place.clone();
        while let Some((_, around, text)) = self.inside.get(&(Arc::as_ptr(&place.source) as usize))
        {
            let start = position(around, text, place.span.start);
            let end = position(around, text, place.span.end).max(start);
            place = Place::new(around, Span::new(start, end));
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

/// Where byte `offset` of `text` stands in `around`.
fn position(around: &Source, text: &Spanned, offset: usize) -> usize {
    let Span { start, end } = text.span;
    if text.verbatim {
        return (start + offset).min(end);
    }
    let Some(raw) = around.text.get(start..end) else {
        return start;
    };
    let first = around
        .text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .as_bytes()
        .first();
    let taken = if first == Some(&b'<') {
        after_xml(raw, offset)
    } else {
        after_json(raw, offset)
    };
    start + taken
}

/// Bytes of JSON string content that spell the first `offset` bytes of the text.
fn after_json(raw: &str, offset: usize) -> usize {
    let mut rest = raw;
    let mut read = 0;
    while read < offset {
        let Some(c) = rest.chars().next() else { break };
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
        if read + bytes > offset {
            break;
        }
        read += bytes;
        rest = rest.get(taken..).unwrap_or_default();
    }
    raw.len() - rest.len()
}

fn unit(rest: &str) -> Option<u32> {
    u32::from_str_radix(rest.strip_prefix("\\u")?.get(..4)?, 16).ok()
}

/// Bytes of XML content, or of an attribute, that spell the first `offset` bytes of the text.
fn after_xml(raw: &str, offset: usize) -> usize {
    const OPEN: &str = "<![CDATA[";
    let mut rest = raw;
    let mut read = 0;
    let mut literal = false;
    loop {
        if literal {
            if let Some(after) = rest.strip_prefix("]]>") {
                rest = after;
                literal = false;
                continue;
            }
        } else if let Some(after) = rest.strip_prefix(OPEN) {
            rest = after;
            literal = true;
            continue;
        } else if rest.starts_with("<!--") {
            rest = rest
                .find("-->")
                .map_or("", |position| &rest[position + 3..]);
            continue;
        }
        if read >= offset {
            break;
        }
        let Some(c) = rest.chars().next() else { break };
        let (bytes, taken) = match c {
            '&' if !literal => {
                let taken = rest.find(';').map_or(1, |position| position + 1);
                (entity(&rest[..taken]), taken)
            }
            '\r' if rest.starts_with("\r\n") => (1, 2),
            c => (c.len_utf8(), c.len_utf8()),
        };
        if read + bytes > offset {
            break;
        }
        read += bytes;
        rest = &rest[taken..];
    }
    raw.len() - rest.len()
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
