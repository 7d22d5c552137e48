//! Words and signs.

use liveobj_types::Span;
use liveobj_types::formalism::ParseError;

/// The smallest parts of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'t> {
    /// Letters, digits and `_`.
    Word(&'t str),
    /// A name in quotes, without them.
    Quoted(&'t str),
    /// One of the signs, in the spelling that is printed.
    Sign(&'static str),
}

/// Each spelling of a sign, and the one that is printed. Of two of which one begins the other, the
/// longer stands first.
const SIGNS: [(&str, &str); 34] = [
    ("<-->", "<->"),
    ("<->", "<->"),
    ("<=>", "<->"),
    ("-->", "->"),
    ("->", "->"),
    ("=>", "->"),
    ("<>", "<>"),
    ("[]", "[]"),
    ("!=", "!="),
    ("!", "!"),
    ("~", "!"),
    ("&&", "&"),
    ("&", "&"),
    ("/\\", "&"),
    ("||", "|"),
    ("|", "|"),
    ("\\/", "|"),
    ("^", "xor"),
    // A habit; the reader tells how to write it here.
    ("==", "=="),
    ("=", "="),
    ("(", "("),
    (")", ")"),
    (",", ","),
    ("..", ".."),
    (".", "."),
    (":", ":"),
    (";", ";"),
    ("@", "@"),
    ("*", "*"),
    ("+", "+"),
    // Of other notations: what is expected in their place can be told.
    ("{", "{"),
    ("}", "}"),
    ("[", "["),
    ("]", "]"),
];

/// Splits a text. Comments from `//` to the end of the line are left out.
pub(super) fn tokens(text: &str) -> Result<Vec<(Token<'_>, Span)>, ParseError> {
    let mut tokens = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(comment) = rest.strip_prefix("//") {
            rest = comment.split_once('\n').map_or("", |(_, after)| after);
            continue;
        }
        let Some(first) = rest.chars().next() else {
            return Ok(tokens);
        };
        let start = text.len() - rest.len();
        let (token, length) = if is_part_of_word(first) {
            let length = rest.find(|c| !is_part_of_word(c)).unwrap_or(rest.len());
            (Token::Word(&rest[..length]), length)
        } else if let '"' | '\'' = first {
            let Some(name) = rest[1..].split_once(first).map(|(name, _)| name) else {
                return Err(ParseError {
                    span: Span::new(start, text.len()),
                    message: format!("the name that begins with {first} does not end"),
                    help: Some(format!("write {first} behind it")),
                });
            };
            (Token::Quoted(name), name.len() + 2)
        } else if let Some((sign, printed)) = SIGNS.iter().find(|(sign, _)| rest.starts_with(sign))
        {
            (Token::Sign(printed), sign.len())
        } else {
            return Err(ParseError {
                span: Span::new(start, start + first.len_utf8()),
                message: format!("no formula has the sign `{}`", first.escape_debug()),
                help: Some(
                    "the operators are `!`, `&`, `|`, `->`, `<->`, `xor`, and letters such as \
                     `G` and `U`; names of other signs stand in quotes"
                        .to_owned(),
                ),
            });
        };
        tokens.push((token, Span::new(start, start + length)));
        rest = &rest[length..];
    }
}

fn is_part_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Whether these letters alone are written without quotes as the name of an event.
pub(crate) fn is_plain(name: &str) -> bool {
    let mut letters = name.chars();
    let first = letters.next();
    first.is_some_and(|c| c.is_alphabetic() || c == '_')
        && letters.all(is_part_of_word)
        && !is_reserved(name)
}

/// Whether a word means something by itself and is no name without quotes.
pub(super) fn is_reserved(word: &str) -> bool {
    let constant = |name| word.eq_ignore_ascii_case(name);
    constant("true")
        || constant("false")
        || matches!(word, "U" | "W" | "R" | "M" | "S" | "xor" | "_" | "0" | "1")
        || is_operators(word)
}

/// Whether a word consists of the letters of operators on one formula: `F`, `GF`.
pub(super) fn is_operators(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|c| b"FGXYOH".contains(&c))
}
