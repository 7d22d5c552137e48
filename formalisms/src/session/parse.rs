//! The notation of `session` and `async_session`.

use std::collections::BTreeMap;

use liveobj_types::formalism::{EndpointStructure, ParseError, Structure};
use liveobj_types::{Span, nearest};

use crate::cursor::Cursor;

use super::protocol::{Kind, Protocol, State, StateId};

/// Choices inside each other that are read.
const MAX_NESTING: usize = 100;

const FORM: &str = "the forms are `end`, `!event; T`, `?event; T`, `+{!a; T, !b; T}`, \
                    `&[?a; T, ?b; T]`, `rec X . T` and `X`";

/// Reads a session type.
pub(super) fn parse(text: &str, structure: &Structure) -> Result<Protocol, ParseError> {
    let mut reader = Reader {
        cursor: Cursor::new(text),
        structure,
        states: Vec::new(),
        variables: Vec::new(),
        scope: Vec::new(),
        bound: BTreeMap::new(),
    };
    if let Structure::Object(_) = structure {
        return Err(ParseError {
            span: Span::new(0, text.len()),
            message: "a session is about one endpoint, not about an object".to_owned(),
            help: Some("write it in the type of the endpoint".to_owned()),
        });
    }
    let start = reader.session(0)?;
    if !reader.cursor.rest.trim_start().is_empty() {
        return Err(reader.cursor.expected("expected the end of the text", FORM));
    }
    Ok(reader.finish(start))
}

/// Where something leads.
#[derive(Clone, Copy)]
enum Target {
    State(StateId),
    /// To what this variable stands for: an index of `variables`.
    Variable(usize),
}

/// A state whose targets are not known yet.
struct Draft {
    kind: Kind,
    next: BTreeMap<String, Target>,
}

struct Reader<'t> {
    cursor: Cursor<'t>,
    structure: &'t Structure,
    states: Vec<Draft>,
    /// What each `rec` stands for, known when its end has been read.
    variables: Vec<Option<Target>>,
    /// The names that are bound here, innermost last, and what each has been bound to.
    scope: Vec<&'t str>,
    bound: BTreeMap<&'t str, Vec<usize>>,
}

impl<'t> Reader<'t> {
    /// One session type. What follows an event is read in the same loop, so that only choices
    /// nest.
    fn session(&mut self, nesting: usize) -> Result<Target, ParseError> {
        let outer = self.scope.len();
        // The event whose continuation is read, and the variables that stand for it.
        let mut whole = None;
        let mut pending: Option<(StateId, String)> = None;
        let mut unbound: Vec<(usize, Span)> = Vec::new();
        loop {
            let before = self.cursor.rest;
            let (target, goes_on) = match self.next_sign() {
                Some('!' | '?') => {
                    let (kind, event) = self.action()?;
                    let id = self.draft(kind);
                    (Target::State(id), Some((id, event)))
                }
                Some('+' | '&' | '{' | '[') => (self.choice(nesting)?, None),
                _ => match self.word() {
                    "end" => (Target::State(self.draft(Kind::End)), None),
                    "rec" => {
                        let name = self.word();
                        if name.is_empty() || matches!(name, "rec" | "end") {
                            return Err(self
                                .cursor
                                .expected("expected a variable after `rec`", FORM));
                        }
                        let span = self.cursor.span(before.trim_start(), self.cursor.rest);
                        self.sign('.', "write `rec X . T`")?;
                        unbound.push((self.variables.len(), span));
                        self.scope.push(name);
                        let known = self.bound.entry(name).or_default();
                        known.push(self.variables.len());
                        self.variables.push(None);
                        continue;
                    }
                    "" => return Err(self.cursor.expected("expected a session type", FORM)),
                    name => (self.variable(name)?, None),
                },
            };
            for (variable, span) in unbound.drain(..) {
                self.bind(variable, target, span)?;
            }
            match pending.take() {
                Some((id, event)) => {
                    self.states[id].next.insert(event, target);
                }
                None => whole = Some(target),
            }
            if goes_on.is_none() {
                break;
            }
            pending = goes_on;
            self.sign(';', "write what follows, or `; end`")?;
        }
        for name in self.scope.drain(outer..) {
            self.bound.get_mut(name).map(Vec::pop);
        }
        Ok(whole.expect("the loop has read something before it ends"))
    }

    /// `+{…}`, `&[…]`, or brackets alone where the first letters decide.
    fn choice(&mut self, nesting: usize) -> Result<Target, ParseError> {
        let start = self.cursor.rest.trim_start();
        if nesting == MAX_NESTING {
            return Err(ParseError {
                span: self.cursor.span(start, &start[1..]),
                message: format!("more than {MAX_NESTING} choices stand inside each other"),
                help: Some(
                    "name what repeats with `rec X . T`, or write a simpler protocol".to_owned(),
                ),
            });
        }
        let declared = match self.next_sign() {
            Some('+') => Some(Kind::Output),
            Some('&') => Some(Kind::Input),
            _ => None,
        };
        if declared.is_some() {
            self.cursor.rest = &start[1..];
        }
        let close = match self.next_sign() {
            Some('{') => '}',
            Some('[') => ']',
            _ => return Err(self.cursor.expected("expected `{` or `[`", FORM)),
        };
        self.cursor.rest = &self.cursor.rest.trim_start()[1..];
        let mut chosen: Option<(Kind, StateId)> = declared.map(|kind| (kind, self.draft(kind)));
        loop {
            let before = self.cursor.rest.trim_start();
            if !matches!(self.next_sign(), Some('!' | '?')) {
                return Err(self.cursor.expected("expected `!event` or `?event`", FORM));
            }
            let (kind, event) = self.action()?;
            let span = self.cursor.span(before, self.cursor.rest);
            let (expected, id) = match chosen {
                Some(chosen) => chosen,
                None => *chosen.insert((kind, self.draft(kind))),
            };
            if kind != expected {
                return Err(ParseError {
                    span,
                    message: "`!` and `?` stand in one choice: nobody could tell who chooses"
                        .to_owned(),
                    help: Some(match expected {
                        Kind::Output => "the others are `!`: the provider chooses".to_owned(),
                        _ => "the others are `?`: the peer chooses".to_owned(),
                    }),
                });
            }
            if self.states[id].next.contains_key(&event) {
                return Err(ParseError {
                    span,
                    message: format!("`{event}` stands twice in one choice"),
                    help: Some("choose after it, behind one `;`".to_owned()),
                });
            }
            self.sign(';', "write what follows, or `; end`")?;
            let target = self.session(nesting + 1)?;
            self.states[id].next.insert(event, target);
            match self.next_sign() {
                Some(',') => self.cursor.rest = &self.cursor.rest.trim_start()[1..],
                Some(sign) if sign == close => {
                    self.cursor.rest = &self.cursor.rest.trim_start()[1..];
                    return Ok(Target::State(id));
                }
                _ => {
                    let message = format!("expected `,` or `{close}`");
                    return Err(self.cursor.expected(&message, FORM));
                }
            }
        }
    }

    /// `!event` or `?event`.
    fn action(&mut self) -> Result<(Kind, String), ParseError> {
        let kind = match self.next_sign() {
            Some('!') => Kind::Output,
            _ => Kind::Input,
        };
        self.cursor.rest = &self.cursor.rest.trim_start()[1..];
        let event = self.word();
        if event.is_empty() {
            return Err(self.cursor.expected("expected the name of an event", FORM));
        }
        if let Structure::Endpoint(endpoint) = self.structure {
            self.known(endpoint, kind, event)?;
        }
        Ok((kind, event.to_owned()))
    }

    /// Whether the endpoint has this event, in this direction.
    fn known(
        &self,
        endpoint: &EndpointStructure,
        kind: Kind,
        event: &str,
    ) -> Result<(), ParseError> {
        let (here, there, sign, does) = match kind {
            Kind::Output => (&endpoint.emitted, &endpoint.received, '?', "sends"),
            _ => (&endpoint.received, &endpoint.emitted, '!', "receives"),
        };
        if here.contains_key(event) {
            return Ok(());
        }
        let (message, help) = if there.contains_key(event) {
            let message = format!("`{event}` is an event that the other side {does}");
            (message, format!("write `{sign}{event}`"))
        } else {
            let message = format!("there is no event `{event}`");
            let names = || here.keys().map(String::as_str);
            let help = match nearest(event, names()) {
                Some(similar) => format!("write `{similar}`"),
                None if here.is_empty() => format!("the side that speaks {does} no event"),
                None => {
                    let names: Vec<String> = names().map(|name| format!("`{name}`")).collect();
                    format!("the side that speaks {does} {}", names.join(", "))
                }
            };
            (message, help)
        };
        Err(ParseError {
            span: self.cursor.span_of(event),
            message,
            help: Some(help),
        })
    }

    fn variable(&mut self, name: &'t str) -> Result<Target, ParseError> {
        if let Some(variable) = self.bound.get(name).and_then(|known| known.last()) {
            return Ok(Target::Variable(*variable));
        }
        let names = self.scope.iter().copied().chain(["end", "rec"]);
        Err(ParseError {
            span: self.cursor.span_of(name),
            message: format!("no `rec` binds `{name}`"),
            help: Some(match nearest(name, names) {
                Some(similar) => format!("write `{similar}`"),
                None => FORM.to_owned(),
            }),
        })
    }

    /// Lets a variable stand for `target`.
    fn bind(&mut self, variable: usize, target: Target, span: Span) -> Result<(), ParseError> {
        let target = self.resolved(target);
        if let Target::Variable(other) = target
            && other == variable
        {
            return Err(ParseError {
                span,
                message: "this recursion comes back to itself without any event".to_owned(),
                help: Some("put an event before the variable: `rec X . !event; X`".to_owned()),
            });
        }
        self.variables[variable] = Some(target);
        Ok(())
    }

    /// Where a target leads by way of the variables that are known.
    fn resolved(&self, mut target: Target) -> Target {
        while let Target::Variable(variable) = target
            && let Some(next) = self.variables[variable]
        {
            target = next;
        }
        target
    }

    fn draft(&mut self, kind: Kind) -> StateId {
        self.states.push(Draft {
            kind,
            next: BTreeMap::new(),
        });
        self.states.len() - 1
    }

    /// The automaton, all variables replaced.
    fn finish(&self, start: Target) -> Protocol {
        let state = |target| match self.resolved(target) {
            Target::State(id) => id,
            Target::Variable(_) => unreachable!("each `rec` has been read to its end"),
        };
        let states: Vec<State> = self
            .states
            .iter()
            .map(|draft| State {
                kind: draft.kind,
                next: draft
                    .next
                    .iter()
                    .map(|(event, target)| (event.clone(), state(*target)))
                    .collect(),
            })
            .collect();
        Protocol::new(&states, state(start))
    }

    /// The next visible character.
    fn next_sign(&self) -> Option<char> {
        self.cursor.rest.trim_start().chars().next()
    }

    /// Reads `sign`.
    fn sign(&mut self, sign: char, help: &str) -> Result<(), ParseError> {
        match self.cursor.rest.trim_start().strip_prefix(sign) {
            Some(rest) => {
                self.cursor.rest = rest;
                Ok(())
            }
            None => Err(self.cursor.expected(&format!("expected `{sign}`"), help)),
        }
    }

    /// The next word; empty at the end and at any sign.
    fn word(&mut self) -> &'t str {
        let visible = self.cursor.rest.trim_start();
        let end = visible
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(visible.len());
        let (word, rest) = visible.split_at(end);
        if !word.is_empty() {
            self.cursor.rest = rest;
        }
        word
    }
}
