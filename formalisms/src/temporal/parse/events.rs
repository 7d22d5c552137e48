//! The events that a text can speak of.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use liveobj_types::formalism::Parameter as Declared;
use liveobj_types::formalism::{Domain, EndpointStructure, ParseError, Structure};
use liveobj_types::{Span, nearest};

use super::super::formula::Event;
use super::reader::fault;
use super::syntax::{Argument, AtomText, Name};

/// What a name stands for.
pub(super) struct Found<'s> {
    /// The endpoint's name in the type that holds the constraint; empty at endpoint level.
    pub(super) endpoint: String,
    pub(super) event: Event,
    /// None where nothing is declared.
    parameters: Option<&'s [Declared]>,
}

/// Looks events up.
pub(super) struct Events<'s> {
    structure: &'s Structure,
    /// Where nothing is declared: how many arguments an event was first given, and where.
    arities: BTreeMap<String, (usize, Span)>,
    /// Names in small letters → the names; made when an English sentence has none exactly.
    folded: OnceCell<BTreeMap<String, Vec<&'s str>>>,
    /// Names → the endpoints that have such an event, as the text writes them.
    owners: OnceCell<BTreeMap<&'s str, Vec<&'s str>>>,
}

/// The events of every connection.
const ALWAYS: [&str; 2] = ["connect", "disconnect"];

/// Whether an event or an endpoint of this name is declared.
pub(super) fn is_declared(structure: &Structure, name: &str) -> bool {
    let has = |endpoint: &EndpointStructure| {
        endpoint.received.contains_key(name) || endpoint.emitted.contains_key(name)
    };
    match structure {
        Structure::Undeclared => false,
        Structure::Endpoint(endpoint) => has(endpoint),
        Structure::Object(endpoints) => endpoints.contains_key(name) || endpoints.values().any(has),
    }
}

impl<'s> Events<'s> {
    pub(super) fn new(structure: &'s Structure) -> Events<'s> {
        Events {
            structure,
            arities: BTreeMap::new(),
            folded: OnceCell::new(),
            owners: OnceCell::new(),
        }
    }

    /// Whether a name that stands alone is surely an event.
    pub(super) fn knows(&self, name: &Name) -> bool {
        let text = self.spelled(name);
        if !name.quoted && ALWAYS.contains(&text) {
            return true;
        }
        match self.structure {
            Structure::Undeclared => name.quoted,
            Structure::Endpoint(endpoint) => declared(endpoint, text).is_some(),
            Structure::Object(_) => self.owners().contains_key(text),
        }
    }

    /// The event that a name means. `endpoint` stands in front of it.
    pub(super) fn find(
        &self,
        endpoint: Option<&Name>,
        name: &Name,
    ) -> Result<Found<'s>, ParseError> {
        match (self.structure, endpoint) {
            (Structure::Undeclared | Structure::Endpoint(_), Some(endpoint)) => Err(fault(
                endpoint.span,
                "the constraint of an endpoint is about that endpoint alone".to_owned(),
                &format!("write `{}`", name.text()),
            )),
            (Structure::Undeclared, None) => Ok(match self.always(name) {
                Some(found) => found,
                None => Found {
                    endpoint: String::new(),
                    event: Event::Named {
                        name: name.text().to_owned(),
                        emitted: false,
                    },
                    parameters: None,
                },
            }),
            (Structure::Endpoint(structure), None) => self.at(structure, name),
            (Structure::Object(endpoints), Some(endpoint)) => {
                self.at(self.endpoint(endpoints, endpoint)?, name)
            }
            (Structure::Object(endpoints), None) => {
                let text = self.spelled(name);
                let owners: Vec<&str> = match !name.quoted && ALWAYS.contains(&text) {
                    true => endpoints.keys().map(String::as_str).collect(),
                    false => self.owners().get(text).cloned().unwrap_or_default(),
                };
                match owners.as_slice() {
                    [owner] => self.at(&endpoints[*owner], name),
                    [] => Err(self.unknown(name, self.owners().keys().copied())),
                    [first, ..] => Err(fault(
                        name.span,
                        format!("several endpoints of the object have an event `{text}`"),
                        &format!("say which one is meant: `{first}.{text}`"),
                    )),
                }
            }
        }
    }

    /// The endpoint that a name means.
    pub(super) fn endpoint(
        &self,
        endpoints: &'s BTreeMap<String, EndpointStructure>,
        name: &Name,
    ) -> Result<&'s EndpointStructure, ParseError> {
        let text = name.text();
        if name.quoted {
            // The name that it has in the type that holds the constraint.
            if let Some(found) = endpoints.values().find(|endpoint| endpoint.name == text) {
                return Ok(found);
            }
        } else if let Some(found) = endpoints.get(text) {
            return Ok(found);
        }
        let names = || endpoints.keys().map(String::as_str);
        if name.english {
            let mut alike = names().filter(|known| known.eq_ignore_ascii_case(text));
            if let (Some(found), None) = (alike.next(), alike.next()) {
                return Ok(&endpoints[found]);
            }
        }
        let help = match nearest(text, names()) {
            Some(similar) => format!("write `{similar}`"),
            None if endpoints.is_empty() => "the object has no endpoints".to_owned(),
            None => format!("the endpoints are {}", listed(names())),
        };
        let message = format!("the object has no endpoint `{text}`");
        Err(fault(name.span, message, &help))
    }

    fn at(&self, endpoint: &'s EndpointStructure, name: &Name) -> Result<Found<'s>, ParseError> {
        let found = match self.always(name) {
            Some(found) => Some((found.event, [].as_slice())),
            None => declared(endpoint, self.spelled(name)),
        };
        match found {
            Some((event, parameters)) => Ok(Found {
                endpoint: endpoint.name.clone(),
                event,
                parameters: Some(parameters),
            }),
            None => {
                let received = endpoint.received.keys();
                let names = received.chain(endpoint.emitted.keys());
                Err(self.unknown(name, names.map(String::as_str)))
            }
        }
    }

    /// `connect` and `disconnect`, which every endpoint has.
    fn always(&self, name: &Name) -> Option<Found<'s>> {
        let event = match self.spelled(name) {
            _ if name.quoted => return None,
            "connect" => Event::Connect,
            "disconnect" => Event::Disconnect,
            _ => return None,
        };
        Some(Found {
            endpoint: String::new(),
            event,
            parameters: Some(&[]),
        })
    }

    fn unknown<'a>(&self, name: &Name, known: impl Iterator<Item = &'a str>) -> ParseError {
        let text = name.text();
        let known: Vec<&str> = known.take(10_001).chain(ALWAYS).collect();
        let bare = text.trim_start_matches(['F', 'G', 'X', 'H', 'O', 'Y']);
        let help = match nearest(text, known.iter().copied()) {
            _ if known.contains(&bare) && bare.len() < text.len() => {
                let operators = &text[..text.len() - bare.len()];
                format!("names are whole words: write `{operators} {bare}`")
            }
            Some(similar) => format!("write `{similar}`"),
            None => format!("the events are {}", listed(known.iter().copied())),
        };
        fault(name.span, format!("there is no event `{text}`"), &help)
    }

    /// The name as it is declared: in English sentences capital letters may differ.
    fn spelled<'n>(&self, name: &Name<'n>) -> &'n str
    where
        's: 'n,
    {
        let text = name.text();
        if !name.english || name.quoted || ALWAYS.contains(&text) {
            return text;
        }
        if is_declared(self.structure, text) {
            return text;
        }
        match self.folded().get(&text.to_lowercase()).map(Vec::as_slice) {
            Some([only]) => only,
            _ => text,
        }
    }

    fn folded(&self) -> &BTreeMap<String, Vec<&'s str>> {
        self.folded.get_or_init(|| {
            let mut folded: BTreeMap<String, Vec<&'s str>> = BTreeMap::new();
            for name in self.owners().keys().copied().chain(ALWAYS) {
                folded.entry(name.to_lowercase()).or_default().push(name);
            }
            folded
        })
    }

    fn owners(&self) -> &BTreeMap<&'s str, Vec<&'s str>> {
        self.owners.get_or_init(|| {
            let mut owners: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
            let mut add = |written: &'s str, endpoint: &'s EndpointStructure| {
                for name in endpoint.received.keys().chain(endpoint.emitted.keys()) {
                    owners.entry(name).or_default().push(written);
                }
            };
            match self.structure {
                Structure::Undeclared => {}
                Structure::Endpoint(endpoint) => add("", endpoint),
                Structure::Object(endpoints) => {
                    endpoints.iter().for_each(|(name, it)| add(name, it));
                }
            }
            owners
        })
    }

    /// The parameters that the arguments stand for, in the order of the arguments, and what values
    /// they take.
    pub(super) fn parameters(
        &mut self,
        name: &Name,
        found: &Found<'s>,
        arguments: &[Argument],
        atom: &AtomText,
    ) -> Result<Vec<(String, Domain)>, ParseError> {
        let (text, span) = (name.text(), atom.span);
        let Some(parameters) = found.parameters else {
            if let Some(named) = arguments.iter().find_map(|it| it.parameter) {
                return Err(fault(
                    named.span,
                    format!("nothing is declared, so the parameters of `{text}` have no names"),
                    "write the arguments in order, `_` for those that may be any",
                ));
            }
            let count = arguments.len();
            let positions = (1..=count).map(|position| (position.to_string(), Domain::default()));
            if atom.open {
                return Ok(positions.collect());
            }
            let &mut (first, place) = self.arities.entry(text.to_owned()).or_insert((count, span));
            if first != count {
                return Err(fault(
                    span,
                    format!("`{text}` has {count} arguments here, and {first} before"),
                    &format!(
                        "the first are at characters {} to {}; write `_` for an argument that may \
                         be any",
                        place.start, place.end
                    ),
                ));
            }
            return Ok(positions.collect());
        };
        let names = || parameters.iter().map(|parameter| parameter.name.as_str());
        let signature = || match parameters {
            [] => format!("write `{text}` alone"),
            _ => format!("write `{text}({})`", names().collect::<Vec<_>>().join(", ")),
        };
        if arguments
            .iter()
            .all(|argument| argument.parameter.is_none())
        {
            let fewer = arguments.len() < parameters.len();
            if arguments.len() > parameters.len() || (fewer && !atom.open) {
                let message = format!(
                    "`{text}` has {} and not {}",
                    counted(parameters.len(), "parameter"),
                    arguments.len()
                );
                let help = match fewer {
                    true => format!("{}, with `_` for those that may be any", signature()),
                    false => signature(),
                };
                return Err(fault(span, message, &help));
            }
            let each = |parameter: &Declared| (parameter.name.clone(), parameter.domain.clone());
            return Ok(parameters.iter().take(arguments.len()).map(each).collect());
        }
        let known: BTreeMap<&str, &Declared> = names().zip(parameters).collect();
        let mut given: BTreeMap<&str, Span> = BTreeMap::new();
        let mut all = Vec::new();
        for argument in arguments {
            let Some(parameter) = argument.parameter else {
                return Err(fault(
                    argument.span,
                    "some arguments name their parameters and this one does not".to_owned(),
                    &signature(),
                ));
            };
            let text = parameter.text();
            if given.insert(text, parameter.span).is_some() {
                let message = format!("the parameter `{text}` has two arguments");
                return Err(fault(parameter.span, message, &signature()));
            }
            let Some(declared) = known.get(text) else {
                let help = match nearest(text, names()) {
                    Some(similar) => format!("write `{similar}`"),
                    None => signature(),
                };
                let message = format!("`{}` has no parameter `{text}`", name.text());
                return Err(fault(parameter.span, message, &help));
            };
            all.push((text.to_owned(), declared.domain.clone()));
        }
        Ok(all)
    }
}

/// An event of an endpoint and its parameters.
fn declared<'s>(endpoint: &'s EndpointStructure, name: &str) -> Option<(Event, &'s [Declared])> {
    let find = |events: &'s BTreeMap<String, Vec<Declared>>, emitted| {
        let (name, parameters) = events.get_key_value(name)?;
        let name = name.clone();
        Some((Event::Named { name, emitted }, parameters.as_slice()))
    };
    find(&endpoint.received, false).or_else(|| find(&endpoint.emitted, true))
}

/// Names in quotes; of many, the first.
pub(super) fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut names: Vec<String> = names.take(21).map(|name| format!("`{name}`")).collect();
    if names.len() > 20 {
        names[20] = "…".to_owned();
    }
    names.join(", ")
}

fn counted(number: usize, what: &str) -> String {
    match number {
        0 => format!("no {what}s"),
        1 => format!("one {what}"),
        _ => format!("{number} {what}s"),
    }
}
