//! The notation of `cardinality`.

use std::collections::BTreeMap;

use liveobj_types::formalism::{EndpointStructure, ParseError, Structure};
use liveobj_types::nearest;
use nom::Parser;
use nom::bytes::complete::{take_till1, take_while1};
use nom::character::complete::{char, multispace0};
use nom::sequence::delimited;

use super::{Bound, Bounds};
use crate::cursor::Cursor;

type Endpoints = BTreeMap<String, EndpointStructure>;

/// Reads a comma-separated list of clauses.
pub(super) fn parse(text: &str, structure: &Structure) -> Result<Bounds, ParseError> {
    let endpoints = match structure {
        Structure::Endpoint(_) | Structure::Undeclared => None,
        Structure::Object(endpoints) => Some(endpoints),
    };
    let mut reader = Reader {
        cursor: Cursor::new(text),
    };
    let mut bounds = Bounds::default();
    loop {
        let (endpoint, bound) = reader.clause(endpoints)?;
        let places = reader.places(endpoints.is_some())?;
        let known = bounds.0.entry(endpoint).or_default();
        match places {
            Places::All => known.total.add(&bound),
            Places::Each => known.each.add(&bound),
            Places::Some if known.some.len() < MAX_SOME => known.add_some(bound),
            Places::Some => {
                let message = format!("more than {MAX_SOME} clauses are about some proxy");
                return Err(reader
                    .cursor
                    .expected(&message, "say fewer of one endpoint"));
            }
        }
        if reader.cursor.rest.trim_start().is_empty() {
            return Ok(bounds);
        }
        if !reader.sign(',') {
            return Err(reader.cursor.expected("expected `,` or the end", FORM));
        }
    }
}

const FORM: &str = "the forms are `at most K instances [of ENDPOINT] connected`, `at least K …`, \
                    `exactly K …` and `between K and L …`; in the type of an object `at every \
                    proxy` or `at some proxy` may follow";

/// Most clauses about some proxy of one endpoint.
const MAX_SOME: usize = 16;

/// Whose connections are counted.
enum Places {
    All,
    Each,
    Some,
}

struct Reader<'t> {
    cursor: Cursor<'t>,
}

impl<'t> Reader<'t> {
    fn clause(&mut self, endpoints: Option<&Endpoints>) -> Result<(String, Bound), ParseError> {
        let mut bound = Bound::default();
        let start = self.cursor.rest;
        match self.word() {
            "at" => match self.word() {
                "most" => bound.at_most(self.number()?),
                "least" => bound.at_least(self.number()?),
                other => {
                    let message = "expected `most` or `least`";
                    return Err(self.misspelt(message, other, &["most", "least"]));
                }
            },
            "exactly" => {
                let number = self.number()?;
                bound.at_least(number);
                bound.at_most(number);
            }
            "between" => {
                let low = self.number()?;
                self.keyword("and", &["and"])?;
                let high = self.number()?;
                if low > high {
                    return Err(ParseError {
                        span: self.cursor.span(start, self.cursor.rest),
                        message: format!("no number lies between {low} and {high}"),
                        help: Some(format!("write `between {high} and {low}`")),
                    });
                }
                bound.at_least(low);
                bound.at_most(high);
            }
            other => {
                let message = "expected `at most`, `at least`, `exactly` or `between`";
                return Err(self.misspelt(message, other, &["at", "exactly", "between"]));
            }
        }
        let quantity = start[..start.len() - self.cursor.rest.len()].trim_start();
        let rest = self.cursor.rest;
        self.keyword("instances", &["instances", "instance"])
            .map_err(|error| ParseError {
                help: Some(match endpoints {
                    Some(endpoints) => {
                        let mut words = rest.split_whitespace();
                        let named = words
                            .find(|word| endpoints.contains_key(word.trim_matches(',')))
                            .unwrap_or("ENDPOINT");
                        format!("write `{quantity} instances of {named} connected`")
                    }
                    None => format!("write `{quantity} instances connected`"),
                }),
                ..error
            })?;
        let before = self.cursor.rest;
        let endpoint = match (self.word(), endpoints) {
            ("of", Some(endpoints)) => {
                let name = self.endpoint(endpoints)?;
                self.keyword("connected", &["connected"])?;
                name
            }
            ("connected", None) => String::new(),
            ("of", None) => {
                return Err(ParseError {
                    span: self.cursor.span(before.trim_start(), self.cursor.rest),
                    message: "expected `connected`: the constraint of an endpoint is about that \
                              endpoint"
                        .to_owned(),
                    help: Some("leave out `of` and the name".to_owned()),
                });
            }
            (other, Some(endpoints)) => {
                let mut error = self.misspelt("expected `of` and an endpoint", other, &["of"]);
                if let Some(name) = endpoints.keys().next()
                    && other == "connected"
                {
                    error.help = Some(format!("write `of {name} connected`"));
                }
                return Err(error);
            }
            (other, None) => {
                return Err(self.misspelt("expected `connected`", other, &["connected"]));
            }
        };
        Ok((endpoint, bound))
    }

    /// Where the connections are that a clause counts.
    fn places(&mut self, of_object: bool) -> Result<Places, ParseError> {
        let before = self.cursor.rest;
        if self.word() != "at" {
            self.cursor.rest = before;
            return Ok(Places::All);
        }
        let quantifiers = ["every", "each", "some"];
        let places = match self.word() {
            "every" | "each" => Places::Each,
            "some" => Places::Some,
            other => {
                return Err(self.misspelt("expected `every` or `some`", other, &quantifiers));
            }
        };
        self.keyword("proxy", &["proxy"])?;
        match of_object {
            true => Ok(places),
            false => Err(ParseError {
                span: self.cursor.span(before.trim_start(), self.cursor.rest),
                message: "proxies are proxies of an object".to_owned(),
                help: Some("say it in the type of the object, of its endpoint".to_owned()),
            }),
        }
    }

    /// An endpoint: the name that the text uses for it, or in quotes the name that it has in the
    /// type that holds the constraint.
    fn endpoint(&mut self, endpoints: &Endpoints) -> Result<String, ParseError> {
        let before = self.cursor.rest.trim_start();
        let quoted: Result<_, nom::Err<nom::error::Error<&str>>> =
            delimited(char('\''), take_till1(|c| c == '\''), char('\'')).parse(before);
        let name = match quoted {
            Ok((rest, name)) => {
                self.cursor.rest = rest;
                if endpoints.values().any(|endpoint| endpoint.name == name) {
                    return Ok(name.to_owned());
                }
                name
            }
            Err(_) => {
                let name = self.word();
                if name.is_empty() {
                    return Err(self
                        .cursor
                        .expected("expected the name of an endpoint", FORM));
                }
                if let Some(endpoint) = endpoints.get(name) {
                    return Ok(endpoint.name.clone());
                }
                name
            }
        };
        let names = endpoints.keys().map(String::as_str);
        let help = match nearest(name, names.clone()) {
            Some(similar) => format!("write `{similar}`"),
            None if endpoints.is_empty() => "the object has no endpoints".to_owned(),
            None => {
                let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
                format!("the endpoints are {}", names.join(", "))
            }
        };
        Err(ParseError {
            span: self.cursor.span(before, self.cursor.rest),
            message: format!("the object has no endpoint `{name}`"),
            help: Some(help),
        })
    }

    /// The next word; empty at the end and at any sign.
    fn word(&mut self) -> &'t str {
        let word =
            take_while1::<_, _, nom::error::Error<&str>>(|c: char| c.is_alphanumeric() || c == '_');
        match (multispace0, word).parse(self.cursor.rest) {
            Ok((rest, (_, word))) => {
                self.cursor.rest = rest;
                word
            }
            Err(_) => "",
        }
    }

    fn sign(&mut self, sign: char) -> bool {
        let sign: Result<_, nom::Err<nom::error::Error<&str>>> =
            (multispace0, char(sign)).parse(self.cursor.rest);
        match sign {
            Ok((rest, _)) => {
                self.cursor.rest = rest;
                true
            }
            Err(_) => false,
        }
    }

    fn keyword(&mut self, keyword: &str, accepted: &[&str]) -> Result<(), ParseError> {
        let word = self.word();
        if accepted.contains(&word) {
            return Ok(());
        }
        Err(self.misspelt(&format!("expected `{keyword}`"), word, accepted))
    }

    fn number(&mut self) -> Result<u64, ParseError> {
        let word = self.word();
        if word.is_empty() || !word.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(self.misspelt("expected a number", word, &[]));
        }
        word.parse().map_err(|_| ParseError {
            span: self.cursor.span_of(word),
            message: format!("`{word}` is too large"),
            help: Some(format!("the largest number is {}", u64::MAX)),
        })
    }

    /// An error at `word`, or at what follows if it is empty.
    fn misspelt(&self, message: &str, word: &'t str, meant: &[&str]) -> ParseError {
        if word.is_empty() {
            return self.cursor.expected(message, FORM);
        }
        ParseError {
            span: self.cursor.span_of(word),
            message: format!("{message}, found `{word}`"),
            help: Some(match nearest(word, meant.iter().copied()) {
                Some(similar) => format!("write `{similar}`"),
                None => FORM.to_owned(),
            }),
        }
    }
}
