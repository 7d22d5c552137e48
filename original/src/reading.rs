//! From bytes to a reference, as a person would read them.

use std::sync::Arc;

use liveobj_references::{Limits, form_faults};
use liveobj_types::{Diagnostic, Place, Source, Span, codes};

use crate::convert::{Converted, convert};
use crate::document;

/// A text, and what its bytes say of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The text, without a byte order mark.
    pub text: String,
    /// Whether a byte order mark stood before it.
    pub mark: bool,
    /// Whether it was in UTF-16; else it was in UTF-8.
    pub utf16: bool,
}

/// Bytes that are no text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotText {
    /// The first byte that fits no character.
    pub at: usize,
}

/// The text of a file in UTF-8, or in UTF-16 if it begins with the byte order mark of that or with
/// `<` in it. What the text itself says of its encoding is not looked at.
///
/// # Errors
///
/// The first byte that fits no character.
pub fn decode_text(bytes: &[u8]) -> Result<Decoded, NotText> {
    let (little, big) = (
        u16::from_le_bytes as fn([u8; 2]) -> u16,
        u16::from_be_bytes as _,
    );
    let (text, mark, utf16) = match bytes {
        [0xff, 0xfe, rest @ ..] => (utf_16(rest, little, 2)?, true, true),
        [0xfe, 0xff, rest @ ..] => (utf_16(rest, big, 2)?, true, true),
        [b'<', 0, ..] => (utf_16(bytes, little, 0)?, false, true),
        [0, b'<', ..] => (utf_16(bytes, big, 0)?, false, true),
        [0xef, 0xbb, 0xbf, rest @ ..] => (utf_8(rest, 3)?, true, false),
        bytes => (utf_8(bytes, 0)?, false, false),
    };
    Ok(Decoded { text, mark, utf16 })
}

fn utf_8(bytes: &[u8], before: usize) -> Result<String, NotText> {
    let text = std::str::from_utf8(bytes).map_err(|error| NotText {
        at: before + error.valid_up_to(),
    })?;
    Ok(text.to_owned())
}

fn utf_16(bytes: &[u8], unit: fn([u8; 2]) -> u16, before: usize) -> Result<String, NotText> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let mut text = String::with_capacity(pairs.len());
    let mut read = 0;
    for decoded in char::decode_utf16(pairs.iter().copied().map(unit)) {
        let c = decoded.map_err(|_| NotText { at: before + read })?;
        read += 2 * c.len_utf16();
        text.push(c);
    }
    match rest {
        [] => Ok(text),
        _ => Err(NotText { at: before + read }),
    }
}

/// Reads a document as a person would, and converts it. `decoded` says what the bytes were, where
/// that is known.
pub fn read(source: &Arc<Source>, decoded: Option<&Decoded>) -> Converted {
    let mut found = Vec::new();
    if let Some(decoded) = decoded {
        found.extend(encoding(source, decoded));
    }
    let limits = Limits::default();
    match document::read_source(source, &limits) {
        Ok(document) => {
            let mut converted = convert(&document);
            found.append(&mut converted.diagnostics);
            if let Some(made) = &converted.document {
                // A name of 2009 is any text; what it becomes has to be a name of today.
                let faults = form_faults(made, source, &limits);
                converted.document = converted.document.filter(|_| faults.is_empty());
                found.extend(faults);
            }
            found.sort_by_key(|found| found.labels.first().map(|label| label.place.span.start));
            converted.diagnostics = found;
            converted
        }
        Err(fault) => {
            found.push(*fault);
            Converted {
                document: None,
                diagnostics: found,
                dropped: Vec::new(),
            }
        }
    }
}

/// What is wrong with the encoding.
fn encoding(source: &Arc<Source>, decoded: &Decoded) -> Vec<Diagnostic> {
    let warning = |span, message: String, help: &str| {
        Diagnostic::warning(codes::ORIGINAL_SPELLING, message)
            .at(Place::new(source, span), "")
            .with_help(help)
    };
    let mut found = Vec::new();
    if decoded.mark && !decoded.utf16 {
        let message = "a byte order mark stands before the document".to_owned();
        let help = "remove it: in UTF-8 there is no order of bytes";
        found.push(warning(Span::new(0, 0), message, help));
    }
    if let Some((declared, span)) = declared(&source.text) {
        let name = declared.to_ascii_lowercase();
        let fits = match decoded.utf16 {
            true => name.starts_with("utf-16"),
            // Of characters that all have in common, any of these may be declared.
            false => !name.starts_with("utf-16") && (name == "utf-8" || source.text.is_ascii()),
        };
        if !fits {
            let is = if decoded.utf16 { "UTF-16" } else { "UTF-8" };
            let message = format!("the document says that it is in `{declared}`; it is in {is}");
            found.push(warning(span, message, &format!("declare `{is}`")));
        }
    }
    found
}

/// The encoding that the XML declaration gives.
fn declared(text: &str) -> Option<(&str, Span)> {
    let declaration = &text[..text.find("?>")?];
    declaration.starts_with("<?xml").then_some(())?;
    let after = declaration.find("encoding")? + "encoding".len();
    let rest = declaration[after..]
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let quote = rest.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let start = declaration.len() - rest.len() + 1;
    let value = declaration[start..].split(quote).next()?;
    Some((value, Span::new(start, start + value.len())))
}
