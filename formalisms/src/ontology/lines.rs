//! The lines of an ontology.

use liveobj_types::Span;
use nom::bytes::complete::{tag, take_while1};
use nom::character::complete::{char, space0, space1};
use nom::combinator::{all_consuming, opt, recognize, rest, verify};
use nom::multi::separated_list1;
use nom::sequence::{delimited, preceded, separated_pair};
use nom::{IResult, Parser};

/// What a line says.
pub(super) enum Line<'t> {
    /// The name of the ontology.
    Ontology(&'t str),
    Property(&'t str, &'t str),
    Implies(Vec<&'t str>, Option<&'t str>),
    Survives,
    Beyond,
    Temporal(&'t str),
    Fact(Vec<&'t str>, &'t str, Option<&'t str>),
}

/// The lines of a text that say something, with the places of what they say; none for a line that is
/// none of the forms.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (Span, Option<Line<'_>>)> {
    let lines = text.split_inclusive('\n').scan(0, |start, line| {
        let at = *start;
        *start += line.len();
        Some((at, line.trim_end()))
    });
    lines.filter_map(|(start, text)| {
        let indent = text.len() - text.trim_start().len();
        if text.is_empty() || text[indent..].starts_with('#') {
            return None;
        }
        let span = Span::new(start + indent, start + text.len());
        Some((span, line(text).ok().map(|(_, line)| line)))
    })
}

/// A name without a dot.
fn short(input: &str) -> IResult<&str, &str> {
    let name = take_while1(|c: char| c.is_ascii_alphanumeric() || c == '_');
    verify(name, |name: &str| {
        !name.starts_with(|c: char| c.is_ascii_digit())
    })
    .parse(input)
}

/// A name, perhaps with that of its ontology in front.
pub(crate) fn name(input: &str) -> IResult<&str, &str> {
    recognize((short, opt((char('.'), short)))).parse(input)
}

fn sentence(input: &str) -> IResult<&str, &str> {
    verify(rest, |sentence: &str| !sentence.trim().is_empty()).parse(input)
}

fn because(input: &str) -> IResult<&str, &str> {
    preceded((space1, tag("because"), space1), sentence).parse(input)
}

fn line(input: &str) -> IResult<&str, Line<'_>> {
    let indented = input.starts_with([' ', '\t']);
    let (input, _) = space0(input)?;
    if indented {
        let comma = delimited(space0, char(','), space0);
        let names = separated_list1(comma, name);
        let implies = preceded((tag("implies"), space1), (names, opt(because)));
        let survives = (tag("survives"), space1, tag("lossy"));
        let beyond = (tag("beyond"), space1, tag("temporal"));
        let temporal = preceded((tag("temporal"), space1), rest);
        return all_consuming(
            implies
                .map(|(names, reason)| Line::Implies(names, reason))
                .or(survives.map(|_| Line::Survives))
                .or(beyond.map(|_| Line::Beyond))
                .or(temporal.map(Line::Temporal)),
        )
        .parse(input);
    }
    let and = delimited(space0, char('&'), space0);
    let arrow = delimited(space0, tag("->"), space0);
    let fact = (
        separated_pair(separated_list1(and, name), arrow, name),
        opt(because),
    );
    let property = separated_pair(short, (space0, char(':'), space0), sentence);
    let ontology = preceded((tag("ontology"), space1), short);
    all_consuming(
        property
            .map(|(name, sentence)| Line::Property(name, sentence))
            .or(fact
                .map(|((premises, conclusion), reason)| Line::Fact(premises, conclusion, reason)))
            .or(ontology.map(Line::Ontology)),
    )
    .parse(input)
}
