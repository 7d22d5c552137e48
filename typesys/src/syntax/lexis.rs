//! Tokens of the type language, each a nom parser over the rest of the text.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_while, take_while_m_n, take_while1};
use nom::character::complete::{char, digit0, digit1, none_of, one_of, satisfy};
use nom::combinator::{map, map_opt, opt, peek, recognize, value};
use nom::sequence::{delimited, preceded};
use nom::{IResult, Parser};

/// What stands between two tokens, and the doc comment lines among it.
pub(super) fn trivia(text: &str) -> (&str, Vec<String>) {
    let mut rest = text;
    let mut docs = Vec::new();
    loop {
        rest = &rest[blank(rest)..];
        let Some(comment) = comment_at(rest) else {
            return (rest, docs);
        };
        docs.extend(doc(comment).map(str::to_owned));
        rest = &rest[comment.len()..];
    }
}

/// Length of the white space at the beginning of `text`.
pub(super) fn blank(text: &str) -> usize {
    // Nearly always the first byte that is no blank tells that nothing else is one.
    let bytes = text.as_bytes();
    let plain = bytes.iter().position(|byte| !matches!(byte, b' ' | b'\n'));
    let plain = plain.unwrap_or(bytes.len());
    if bytes.get(plain).is_none_or(u8::is_ascii_graphic) {
        return plain;
    }
    let rest = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    text.len() - rest.len()
}

/// The comment at the beginning of `text`: `//` and all up to the end of the line.
pub(super) fn comment_at(text: &str) -> Option<&str> {
    text.starts_with("//")
        .then(|| text.split('\n').next().unwrap_or(text))
}

/// What a doc comment (`///` and no fourth stroke) says, without one blank after the strokes.
pub(super) fn doc(comment: &str) -> Option<&str> {
    let doc = comment.strip_prefix("///")?;
    (!doc.starts_with('/')).then(|| doc.strip_prefix(' ').unwrap_or(doc).trim_end())
}

/// Bytes of the name at the beginning of `text`, `[A-Za-z_][A-Za-z0-9_]*`; 0 where there is none.
pub(super) fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    if bytes.first().is_none_or(u8::is_ascii_digit) {
        return 0;
    }
    let of_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let end = bytes.iter().position(|byte| !of_name(byte));
    end.unwrap_or(bytes.len())
}

/// What stands behind the name at the beginning of `text`, and the name.
pub(super) fn name(text: &str) -> Option<(&str, &str)> {
    let (name, rest) = text.split_at(name_length(text));
    (!name.is_empty()).then_some((rest, name))
}

/// A string in double quotes: line ends stand for themselves, and the escapes are `\"`, `\\`,
/// `\n`, `\r`, `\t` and `\u{hex}`.
pub(super) fn string(text: &str) -> IResult<&str, String> {
    let (mut rest, _) = char('"')(text)?;
    let mut content = String::new();
    loop {
        let (after, plain) = take_while(|c| c != '"' && c != '\\').parse(rest)?;
        content.push_str(plain);
        if let Ok((after, _)) = char::<_, nom::error::Error<&str>>('"')(after) {
            return Ok((after, content));
        }
        let (after, escaped) = escape(after)?;
        content.push(escaped);
        rest = after;
    }
}

fn escape(text: &str) -> IResult<&str, char> {
    preceded(
        char('\\'),
        alt((
            one_of("\"\\"),
            value('\n', char('n')),
            value('\r', char('r')),
            value('\t', char('t')),
            map_opt(
                delimited(
                    tag("u{"),
                    take_while_m_n(1, 6, |c: char| c.is_ascii_hexdigit()),
                    tag("}"),
                ),
                |digits: &str| {
                    u32::from_str_radix(digits, 16)
                        .ok()
                        .and_then(char::from_u32)
                },
            ),
        )),
    )
    .parse(text)
}

/// Why a text does not begin with JSON.
pub(super) enum JsonFault {
    /// What stands at this offset cannot stand there.
    Unexpected(usize),
    /// Nested deeper than allowed.
    TooDeep(usize),
}

/// The JSON text at the beginning of `text`: finds its end, iteratively. Strings, numbers, words
/// and brackets are judged; that commas and colons stand where they should is not.
pub(super) fn json(text: &str, max_depth: usize) -> Result<&str, JsonFault> {
    let mut open: Vec<char> = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        let offset = text.len() - rest.len();
        let next = rest.chars().next().ok_or(JsonFault::Unexpected(offset))?;
        match next {
            '{' | '[' => {
                if open.len() == max_depth {
                    return Err(JsonFault::TooDeep(offset));
                }
                open.push(if next == '{' { '}' } else { ']' });
                rest = &rest[1..];
                continue;
            }
            '}' | ']' if open.last() == Some(&next) => {
                open.pop();
                rest = &rest[1..];
            }
            ',' | ':' if !open.is_empty() => {
                rest = &rest[1..];
                continue;
            }
            _ => match json_scalar(rest) {
                Ok((after, _)) => rest = after,
                Err(_) => return Err(JsonFault::Unexpected(offset)),
            },
        }
        if open.is_empty() {
            return Ok(&text[..text.len() - rest.len()]);
        }
    }
}

fn json_scalar(text: &str) -> IResult<&str, &str> {
    let word = |word| {
        recognize((
            tag(word),
            peek(nom::combinator::not(satisfy(|c| c.is_ascii_alphanumeric()))),
        ))
    };
    alt((
        json_string,
        json_number,
        word("true"),
        word("false"),
        word("null"),
    ))
    .parse(text)
}

fn json_string(text: &str) -> IResult<&str, &str> {
    let piece = alt((
        map(take_while1(|c| c != '"' && c != '\\' && c >= ' '), |_| ()),
        map((char('\\'), none_of("\r\n")), |_| ()),
    ));
    recognize((
        char('"'),
        nom::multi::fold_many0(piece, || (), |(), ()| ()),
        char('"'),
    ))
    .parse(text)
}

fn json_number(text: &str) -> IResult<&str, &str> {
    recognize((
        opt(char('-')),
        alt((
            recognize(char('0')),
            recognize((one_of("123456789"), digit0)),
        )),
        opt((char('.'), digit1)),
        opt((one_of("eE"), opt(one_of("+-")), digit1)),
    ))
    .parse(text)
}
