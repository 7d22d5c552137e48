//! Reads the notation.

use liveobj_sdk::formalism::{EndpointStructure, ParseError, Span, Structure};

use crate::{Bound, Bounds, Subject};

/// Largest count in a bound.
const MOST: u64 = 1_000_000_000;

/// The rest of a text.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

/// What comes next in a text.
#[derive(Clone, Copy, Debug)]
struct Word<'a> {
    text: &'a str,
    span: Span,
}

impl<'a> Cursor<'a> {
    /// The next word: letters, digits and `_`; what stands in quotes, with these; or one character.
    /// Empty at the end.
    fn next(&mut self) -> Word<'a> {
        let rest = &self.text[self.at..];
        let rest = rest.trim_start();
        let start = self.text.len() - rest.len();
        let plain = |c: char| c.is_alphanumeric() || c == '_';
        let length = match rest.chars().next() {
            None => 0,
            Some('\'') => rest[1..].find('\'').map_or(rest.len(), |end| end + 2),
            Some(c) if plain(c) => rest.find(|c| !plain(c)).unwrap_or(rest.len()),
            Some(c) => c.len_utf8(),
        };
        self.at = start + length;
        Word {
            text: &rest[..length],
            span: Span::new(start, start + length),
        }
    }

    fn peek(&self) -> Word<'a> {
        let mut ahead = Cursor {
            text: self.text,
            at: self.at,
        };
        ahead.next()
    }

    fn expect(&mut self, word: &str) -> Result<(), ParseError> {
        let found = self.next();
        if found.text == word {
            return Ok(());
        }
        Err(unexpected(found, &format!("`{word}`")))
    }
}

fn fault(span: Span, message: String, help: Option<String>) -> ParseError {
    ParseError {
        span,
        message,
        help,
    }
}

fn unexpected(found: Word<'_>, wanted: &str) -> ParseError {
    let found_text = match found.text {
        "" => "the text ends".to_owned(),
        text => format!("there is `{}`", text.escape_debug()),
    };
    let help = "a constraint is `at most 10 send per second`, several with commas between them";
    fault(
        found.span,
        format!("{found_text} where {wanted} should be"),
        Some(help.to_owned()),
    )
}

/// Reads a text.
pub fn parse(text: &str, structure: &Structure) -> Result<Bounds, ParseError> {
    let mut cursor = Cursor { text, at: 0 };
    let mut bounds = Bounds::new();
    loop {
        cursor.expect("at")?;
        cursor.expect("most")?;
        let count = cursor.next();
        let most = number(count)?;
        if most > MOST {
            return Err(fault(count.span, format!("counts end at {MOST}"), None));
        }
        let subject = subject(&mut cursor, structure)?;
        cursor.expect("per")?;
        let window = period(&mut cursor)?;
        bounds
            .entry(subject)
            .or_default()
            .insert(Bound { window, most });
        let next = cursor.next();
        match next.text {
            "" => return Ok(bounds),
            "," => {}
            _ => return Err(unexpected(next, "`,` or the end")),
        }
    }
}

fn number(word: Word<'_>) -> Result<u64, ParseError> {
    if word.text.is_empty() || !word.text.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(unexpected(word, "a number"));
    }
    let largest = u64::MAX;
    word.text
        .parse()
        .map_err(|_| fault(word.span, format!("numbers end at {largest}"), None))
}

/// A period in milliseconds.
fn period(cursor: &mut Cursor<'_>) -> Result<u64, ParseError> {
    let first = cursor.next();
    let named = match first.text {
        "second" => Some(1_000),
        "minute" => Some(60_000),
        "hour" => Some(3_600_000),
        "day" => Some(86_400_000),
        _ => None,
    };
    if let Some(period) = named {
        return Ok(period);
    }
    // `500ms` is one word, `500 ms` are two.
    let digits = first.text.trim_end_matches(|c: char| !c.is_ascii_digit());
    let count = number(Word {
        text: digits,
        span: first.span,
    })
    .map_err(|_| unexpected(first, "a period, such as `second` or `500 ms`,"))?;
    let unit = match &first.text[digits.len()..] {
        "" => cursor.next(),
        unit => Word {
            text: unit,
            span: first.span,
        },
    };
    let length = match unit.text {
        "ms" => 1,
        "s" => 1_000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return Err(unexpected(unit, "`ms`, `s`, `min` or `h`")),
    };
    match count.checked_mul(length) {
        Some(0) => Err(fault(
            first.span,
            "a period is longer than 0".to_owned(),
            None,
        )),
        Some(period) => Ok(period),
        None => Err(fault(first.span, "the period is too long".to_owned(), None)),
    }
}

/// `send`, or at object level `channel.send`; in quotes, an endpoint's own name.
fn subject(cursor: &mut Cursor<'_>, structure: &Structure) -> Result<Subject, ParseError> {
    let first = cursor.next();
    let endpoints = match structure {
        Structure::Object(endpoints) => endpoints,
        Structure::Endpoint(endpoint) => return event(first, endpoint),
        Structure::Undeclared => {
            if !is_name(first.text) {
                return Err(unexpected(first, "the name of an event"));
            }
            return Ok(Subject {
                endpoint: String::new(),
                event: first.text.to_owned(),
                emitted: false,
            });
        }
    };
    let own = first.text.strip_prefix('\'');
    let own = own.and_then(|own| own.strip_suffix('\''));
    let endpoint = match own {
        Some(own) => endpoints.values().find(|endpoint| endpoint.name == own),
        None => endpoints.get(first.text),
    };
    let Some(endpoint) = endpoint else {
        if own.is_none() && !is_name(first.text) {
            return Err(unexpected(first, "`ENDPOINT.EVENT`"));
        }
        let names: Vec<&str> = endpoints.keys().map(String::as_str).collect();
        return Err(fault(
            first.span,
            format!("there is no endpoint `{}`", first.text.escape_debug()),
            Some(format!("the endpoints are {}", names.join(", "))),
        ));
    };
    if cursor.peek().text != "." {
        return Err(unexpected(
            cursor.next(),
            "`.` and an event of the endpoint",
        ));
    }
    cursor.next();
    event(cursor.next(), endpoint)
}

fn event(word: Word<'_>, endpoint: &EndpointStructure) -> Result<Subject, ParseError> {
    if !is_name(word.text) {
        return Err(unexpected(word, "the name of an event"));
    }
    let emitted = endpoint.emitted.contains_key(word.text);
    if !emitted && !endpoint.received.contains_key(word.text) {
        let all = endpoint.emitted.keys().chain(endpoint.received.keys());
        let names: Vec<&str> = all.map(String::as_str).collect();
        return Err(fault(
            word.span,
            format!("there is no event `{}`", word.text),
            Some(format!("the events are {}", names.join(", "))),
        ));
    }
    Ok(Subject {
        endpoint: endpoint.name.clone(),
        event: word.text.to_owned(),
        emitted,
    })
}

fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && text.chars().all(plain)
}
