//! XML as a tree of elements with places. Tokens come from quick-xml; what they must not be is
//! decided here: no document type, no entity but the five predefined ones.

use liveobj_types::Span;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

use crate::json::{SyntaxFault, is_document_char};
use crate::limits::Limits;
use crate::model::Spanned;

/// An element of XML; names are as written, with their prefixes.
#[derive(Clone, Debug)]
pub struct Element {
    /// Its name; the span is that of the name in the start tag.
    pub name: Spanned,
    /// Its attributes in the order written, `xmlns` included.
    pub attributes: Vec<(Spanned, Spanned)>,
    /// Child elements in the order written.
    pub children: Vec<Element>,
    /// All character data directly inside.
    pub text: Spanned,
    /// The start tag.
    pub span: Span,
    /// What stands between the tags.
    pub content: Span,
    /// Where the end tag ends.
    pub end: usize,
    /// Where the first character data stands that is not blank.
    pub stray: Option<Span>,
}

struct Open {
    element: Element,
    /// Pieces of text so far, each with its raw span.
    pieces: usize,
    content: usize,
}

/// What is asked of a document besides being well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A reference: no processing instructions, UTF-8 declared or nothing.
    Reference,
    /// Any XML: processing instructions are skipped, the declared encoding is not looked at.
    Plain,
}

/// Reads `text[start..]`, which must be a whole document.
pub(crate) fn parse(
    text: &str,
    start: usize,
    limits: &Limits,
    form: Form,
) -> Result<Element, SyntaxFault> {
    if text[start..].starts_with('\u{feff}') {
        // quick-xml would skip it without counting it.
        return Err(outside(Span::new(start, start + '\u{feff}'.len_utf8())));
    }
    let mut reader = Reader::from_str(&text[start..]);
    let config = reader.config_mut();
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    config.check_comments = true;
    let mut stack: Vec<Open> = Vec::new();
    let mut root: Option<Element> = None;
    let mut elements = 0;
    let mut from = start;
    loop {
        let event = reader.read_event().map_err(|error| {
            // Inside of a comment it may point into a letter.
            let at = start + reader.error_position() as usize;
            let at = (start..=at).rev().find(|at| text.is_char_boundary(*at));
            let at = at.unwrap_or(start);
            // Where a tag does not end, its attributes tell more.
            if matches!(error, quick_xml::Error::Syntax(_))
                && opens_tag(text, at)
                && let Err(fault) = start_tag(text, Span::new(at, text.len()), text.len())
            {
                return fault;
            }
            SyntaxFault::new(Span::new(at, end_of_char(text, at)), message(&error))
        })?;
        let to = start + reader.buffer_position() as usize;
        let span = Span::new(from, to);
        let raw = &text[from..to];
        match event {
            Event::Start(_) | Event::Empty(_) => {
                let empty = matches!(event, Event::Empty(_));
                if root.is_some() {
                    let mut fault = SyntaxFault::new(span, "a second root element");
                    if form == Form::Reference {
                        fault = fault.with_help("a document holds one `<liveobject>`");
                    }
                    return Err(fault);
                }
                if stack.len() >= limits.nesting() {
                    return Err(SyntaxFault::too_deep(span, limits.nesting()));
                }
                elements += 1;
                if elements > limits.elements() {
                    return Err(SyntaxFault::too_many(span, "elements", limits.elements()));
                }
                let end = to - if empty { 2 } else { 1 };
                let element =
                    start_tag(text, span, end).map_err(|fault| with_brackets(fault, &stack, ""))?;
                if empty {
                    close(&mut stack, &mut root, element);
                } else {
                    stack.push(Open {
                        element,
                        pieces: 0,
                        content: to,
                    });
                }
            }
            Event::End(_) => end_tag(raw, span, &mut stack, &mut root)?,
            Event::Text(_) => {
                if let Some(position) = raw.find("]]>") {
                    let at = from + position;
                    return Err(SyntaxFault::new(
                        Span::new(at, at + 3),
                        "`]]>` cannot stand in a text",
                    )
                    .with_help("write `]]&gt;`"));
                }
                text_piece(&mut stack, span, raw)?;
            }
            Event::CData(_) => {
                let inner = Span::new(from + "<![CDATA[".len(), to - "]]>".len());
                if stack.is_empty() {
                    return Err(outside(span));
                }
                text_piece(&mut stack, inner, &text[inner.start..inner.end])?;
            }
            Event::GeneralRef(_) => {
                let c = reference(raw, span)?;
                if stack.is_empty() {
                    return Err(outside(span));
                }
                decoded_piece(&mut stack, span, c);
            }
            Event::Comment(_) => {
                if let Some(open) = stack.last_mut() {
                    open.pieces += usize::from(!open.element.text.text.is_empty());
                }
            }
            Event::PI(_) if form == Form::Plain => {}
            Event::PI(_) => {
                return Err(SyntaxFault::new(
                    span,
                    "processing instructions are not accepted",
                ));
            }
            Event::Decl(_) => declaration(raw, span, start, form)?,
            Event::DocType(_) => {
                return Err(SyntaxFault::new(span, "document types are not accepted")
                    .with_help("remove the `<!DOCTYPE …>`"));
            }
            Event::Eof => break,
        }
        from = to;
    }
    if let Some(open) = stack.last() {
        let name = &open.element.name.text;
        let fault = SyntaxFault::new(open.element.span, format!("`<{name}>` is never closed"))
            .with_help(format!("add `</{name}>`"));
        return Err(with_brackets(fault, &stack[..stack.len() - 1], name));
    }
    root.ok_or_else(|| SyntaxFault::new(Span::new(text.len(), text.len()), "there is no element"))
}

fn message(error: &quick_xml::Error) -> String {
    match error {
        quick_xml::Error::Syntax(error) => error.to_string(),
        quick_xml::Error::IllFormed(error) => error.to_string(),
        error => error.to_string(),
    }
}

/// Whether a start tag begins at `at`.
fn opens_tag(text: &str, at: usize) -> bool {
    let bytes = text.as_bytes();
    bytes.get(at) == Some(&b'<') && !matches!(bytes.get(at + 1), Some(b'/' | b'!' | b'?') | None)
}

fn end_of_char(text: &str, at: usize) -> usize {
    text.get(at..)
        .and_then(|rest| rest.chars().next())
        .map_or(at, |c| at + c.len_utf8())
}

fn outside(span: Span) -> SyntaxFault {
    SyntaxFault::new(span, "text outside of the root element")
}

fn close(stack: &mut [Open], root: &mut Option<Element>, element: Element) {
    match stack.last_mut() {
        Some(parent) => {
            parent.pieces += usize::from(!parent.element.text.text.is_empty());
            parent.element.children.push(element);
        }
        None => *root = Some(element),
    }
}

fn end_tag(
    raw: &str,
    span: Span,
    stack: &mut Vec<Open>,
    root: &mut Option<Element>,
) -> Result<(), SyntaxFault> {
    let name = raw
        .trim_start_matches("</")
        .trim_end_matches('>')
        .trim_end();
    let Some(open) = stack.pop() else {
        return Err(SyntaxFault::new(
            span,
            format!("`</{name}>` closes nothing"),
        ));
    };
    let Open {
        mut element,
        pieces,
        content,
    } = open;
    if element.name.text != name {
        let mut fault = SyntaxFault::new(
            span,
            format!("expected `</{}>`, found `</{name}>`", element.name.text),
        );
        fault.related = Some((element.span, "opened here".to_owned()));
        let own = &element.name.text;
        fault.help = Some(
            match stack.iter().any(|open| open.element.name.text == name) {
                true => format!("add `</{own}>` before this"),
                false => format!("write `</{own}>`"),
            },
        );
        return Err(with_brackets(fault, stack, own));
    }
    if pieces > 1 || element.text.text.is_empty() {
        element.text.span = Span::new(content, span.start);
    }
    element.text.verbatim &= pieces <= 1;
    element.content = Span::new(content, span.start);
    element.end = span.end;
    close(stack, root, element);
    Ok(())
}

/// Says how type arguments are written, if `name` begins where a type is expected.
fn with_brackets(fault: SyntaxFault, stack: &[Open], name: &str) -> SyntaxFault {
    let in_types = |open: &&Open| matches!(open.element.name.text.as_str(), "types" | "type");
    let Some(types) = stack.iter().find(in_types) else {
        return fault;
    };
    let text = types.element.text.text.as_str();
    let start = text
        .rfind(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map_or(0, |at| {
            at + text[at..].chars().next().map_or(0, char::len_utf8)
        });
    let example = match (&text[start..], name) {
        ("", _) | (_, "") => "option[string]".to_owned(),
        (generic, name) => format!("{generic}[{name}]"),
    };
    fault.with_help(format!(
        "in XML write `[…]` (or `&lt;`) for type arguments: `{example}`"
    ))
}

/// Adds character data as it stands.
fn text_piece(stack: &mut [Open], span: Span, raw: &str) -> Result<(), SyntaxFault> {
    for (position, c) in raw.char_indices() {
        if !is_document_char(c) {
            let at = span.start + position;
            let message = format!("U+{:04X} cannot stand in a document", c as u32);
            return Err(SyntaxFault::new(Span::new(at, at + c.len_utf8()), message));
        }
    }
    let blank = raw.trim_matches([' ', '\t', '\r', '\n']).is_empty();
    let Some(open) = stack.last_mut() else {
        return if blank { Ok(()) } else { Err(outside(span)) };
    };
    if !blank && open.element.stray.is_none() {
        let start = span.start + (raw.len() - raw.trim_start().len());
        open.element.stray = Some(Span::new(start, span.start + raw.trim_end().len()));
    }
    if raw.is_empty() {
        return Ok(());
    }
    open.pieces += 1;
    let text = &mut open.element.text;
    text.span = span;
    if raw.contains('\r') {
        text.verbatim = false;
        text.text
            .push_str(&raw.replace("\r\n", "\n").replace('\r', "\n"));
    } else {
        text.text.push_str(raw);
    }
    Ok(())
}

fn decoded_piece(stack: &mut [Open], span: Span, c: char) {
    let open = stack
        .last_mut()
        .expect("the caller checked that an element is open");
    open.pieces += 2;
    let text = &mut open.element.text;
    text.verbatim = false;
    text.text.push(c);
    if open.element.stray.is_none() {
        open.element.stray = Some(span);
    }
}

/// Reads `&…;`.
fn reference(raw: &str, span: Span) -> Result<char, SyntaxFault> {
    let name = raw.trim_start_matches('&').trim_end_matches(';');
    let c = match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => {
            let Some(number) = name.strip_prefix('#') else {
                return Err(SyntaxFault::new(span, format!("unknown entity `&{name};`"))
                    .with_help(
                        "only `&lt;`, `&gt;`, `&amp;`, `&apos;`, `&quot;` and character references",
                    ));
            };
            let code = match number.strip_prefix('x') {
                Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => {
                    u32::from_str_radix(digits, 16).ok()
                }
                None if number.bytes().all(|b| b.is_ascii_digit()) => number.parse().ok(),
                _ => None,
            };
            code.and_then(char::from_u32)
                .filter(|c| is_document_char(*c))
                .ok_or_else(|| {
                    SyntaxFault::new(span, format!("`&{name};` is not a character of a document"))
                })?
        }
    };
    Ok(c)
}

fn declaration(raw: &str, span: Span, start: usize, form: Form) -> Result<(), SyntaxFault> {
    if span.start != start {
        return Err(SyntaxFault::new(
            span,
            "an XML declaration stands at the very beginning only",
        ));
    }
    if form == Form::Plain {
        return Ok(());
    }
    let lower = raw.to_ascii_lowercase();
    if let Some(position) = lower.find("encoding")
        && !lower[position..].contains("utf-8")
    {
        return Err(SyntaxFault::new(span, "documents are encoded in UTF-8"));
    }
    Ok(())
}

/// Reads the start tag at `span`, whose content goes up to `end`.
fn start_tag(text: &str, span: Span, end: usize) -> Result<Element, SyntaxFault> {
    let mut at = span.start + 1;
    let name = name(text, &mut at, end);
    if name.text.is_empty() {
        return Err(SyntaxFault::new(
            span,
            "expected the name of an element after `<`",
        ));
    }
    let mut attributes: Vec<(Spanned, Spanned)> = Vec::new();
    loop {
        let blank = skip_blank(text, &mut at, end);
        if at >= end {
            break;
        }
        let here = Span::new(at, end_of_char(text, at));
        // A value that goes on in the next line is likely to be one that was not closed.
        let lines = attributes
            .last()
            .filter(|(_, value)| text[value.span.start..value.span.end].contains('\n'));
        if !blank {
            if let Some((key, _)) = lines {
                return Err(unclosed(key));
            }
            return Err(SyntaxFault::new(
                here,
                "expected a blank before an attribute",
            ));
        }
        let key = self::name(text, &mut at, end);
        if key.text.is_empty() {
            return Err(SyntaxFault::new(here, "expected the name of an attribute"));
        }
        skip_blank(text, &mut at, end);
        if at >= end || text.as_bytes()[at] != b'=' {
            return Err(SyntaxFault::new(
                key.span,
                format!("attribute `{}` has no value", key.text),
            )
            .with_help(format!("write `{}=\"…\"`", key.text)));
        }
        at += 1;
        skip_blank(text, &mut at, end);
        let value = attribute_value(text, &key, &mut at, end)?;
        attributes.push((key, value));
    }
    if let Some([first, second]) = repeated(&attributes) {
        let message = format!("attribute `{}` stands twice", second.text);
        let mut fault = SyntaxFault::new(second.span, message);
        fault.related = Some((first.span, "first here".to_owned()));
        return Err(fault);
    }
    Ok(Element {
        name,
        attributes,
        children: Vec::new(),
        text: Spanned {
            text: String::new(),
            span: Span::new(span.end, span.end),
            verbatim: true,
        },
        span,
        content: Span::new(span.end, span.end),
        end: span.end,
        stray: None,
    })
}

/// The first attribute that repeats another one, behind that one.
fn repeated(attributes: &[(Spanned, Spanned)]) -> Option<[&Spanned; 2]> {
    if attributes.len() < 2 {
        return None;
    }
    let mut keys: Vec<&Spanned> = attributes.iter().map(|(key, _)| key).collect();
    // Stable, so that equal ones stay in the order written.
    keys.sort_by(|left, right| left.text.cmp(&right.text));
    let pairs = keys.windows(2).map(|pair| [pair[0], pair[1]]);
    pairs
        .filter(|[first, second]| first.text == second.text)
        .min_by_key(|[_, second]| second.span.start)
}

fn skip_blank(text: &str, at: &mut usize, end: usize) -> bool {
    let start = *at;
    while *at < end && matches!(text.as_bytes()[*at], b' ' | b'\t' | b'\r' | b'\n') {
        *at += 1;
    }
    *at > start
}

fn name(text: &str, at: &mut usize, end: usize) -> Spanned {
    let start = *at;
    let first = |c: char| c.is_alphabetic() || c == '_' || c == ':';
    let further = |c: char| first(c) || c.is_alphanumeric() || c == '-' || c == '.';
    for c in text[start..end].chars() {
        if !(if *at == start { first(c) } else { further(c) }) {
            break;
        }
        *at += c.len_utf8();
    }
    Spanned {
        text: text[start..*at].to_owned(),
        span: Span::new(start, *at),
        verbatim: true,
    }
}

fn attribute_value(
    text: &str,
    key: &Spanned,
    at: &mut usize,
    end: usize,
) -> Result<Spanned, SyntaxFault> {
    let quote = match text[*at..end].chars().next() {
        Some(c @ ('"' | '\'')) => c,
        _ => {
            let message = format!("the value of attribute `{}` is not in quotes", key.text);
            return Err(SyntaxFault::new(key.span, message)
                .with_help(format!("write `{}=\"…\"`", key.text)));
        }
    };
    *at += 1;
    let start = *at;
    let Some(length) = text[start..end].find(quote) else {
        return Err(unclosed(key));
    };
    let raw = &text[start..start + length];
    *at = start + length + 1;
    let mut out = String::with_capacity(length);
    let mut verbatim = true;
    let mut rest = raw;
    while let Some(c) = rest.chars().next() {
        let position = start + (raw.len() - rest.len());
        let mut taken = c.len_utf8();
        match c {
            '<' if raw[..position - start].contains('\n') => return Err(unclosed(key)),
            '<' => {
                let span = Span::new(position, position + 1);
                return Err(SyntaxFault::new(span, "`<` cannot stand in an attribute")
                    .with_help("write type arguments in brackets: `Channel[Line]`"));
            }
            '&' => {
                let Some(close) = rest.find(';') else {
                    let span = Span::new(position, position + 1);
                    return Err(
                        SyntaxFault::new(span, "`&` begins an entity that does not end")
                            .with_help("write `&amp;`"),
                    );
                };
                taken = close + 1;
                out.push(reference(
                    &rest[..taken],
                    Span::new(position, position + taken),
                )?);
                verbatim = false;
            }
            '\r' | '\n' | '\t' => {
                verbatim = false;
                taken = if rest.starts_with("\r\n") { 2 } else { 1 };
                out.push(' ');
            }
            c if !is_document_char(c) => {
                let message = format!("U+{:04X} cannot stand in a document", c as u32);
                return Err(SyntaxFault::new(
                    Span::new(position, position + taken),
                    message,
                ));
            }
            c => out.push(c),
        }
        rest = &rest[taken..];
    }
    Ok(Spanned {
        text: out,
        span: Span::new(start, start + length),
        verbatim,
    })
}

fn unclosed(key: &Spanned) -> SyntaxFault {
    let message = format!("the value of attribute `{}` is not closed", key.text);
    SyntaxFault::new(key.span, message).with_help("end it with the quote that it begins with")
}
