//! Histories as texts that people read, and back ([`Witness::History`]).
//!
//! The elements are listed one after the other: `i1: an instance` (at object level
//! `i1: an instance of channel of p1`, the proxy only where there are any), `p1: a proxy`,
//! `m1: a value of m`. Positions are
//!
//! - `-`: nothing happens,
//! - `{a, b}`: exactly these propositions hold,
//! - `send(m1) at i1`, at object level `channel.send(m1) at i1 of p1`: an event. Where sentences bind
//!   several of its parameters they are named: `edit(at: x1, text: y1)`. Where sentences speak of an
//!   event that their provider emits, it reads `emits receive(m1) at i1`, and `handles send(m1) at i1`
//!   for one that comes from its peer.
//!
//! Which names the values have, and in which direction an event goes, is what the sentences say, so
//! a text is read back beside the sentences that it was written for.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::formalism::Domain;
use liveobj_types::verdict::Witness;

use super::formula::{Event, Sentence, Sort};
use super::history::{Instance, Lasso, Occurrence, Position, Universe};

/// What sentences name.
pub(super) struct Vocabulary<'s> {
    /// The events of each endpoint, and their parameters that are bound.
    events: BTreeMap<&'s str, BTreeMap<&'s Event, Parameters<'s>>>,
    /// What the values of each domain are called, before their number.
    labels: BTreeMap<&'s Domain, String>,
    /// Of events that are not named.
    unbound: Parameters<'s>,
    /// Whether it is known of events who causes them: some are emitted.
    says_who: bool,
}

/// The values that a parameter takes, by its name.
type Parameters<'s> = BTreeMap<&'s str, &'s Domain>;

/// Writes down a history that `sentences` speak of. Values that none of them can name are left out.
/// None if the sentences do not fit each other, or an event is at an instance that does not exist.
pub fn to_witness(lasso: &Lasso, sentences: &[&Sentence]) -> Option<Witness> {
    let vocabulary = Vocabulary::of(sentences).ok()?;
    let universe = &lasso.universe;
    let mut elements = Vec::new();
    for (number, instance) in universe.instances.iter().enumerate() {
        let mut text = format!("i{}: an instance", number + 1);
        if !instance.endpoint.is_empty() {
            text += &format!(" of {}", instance.endpoint);
        }
        if universe.proxies > 0 {
            text += &format!(" of p{}", instance.proxy + 1);
        }
        elements.push(text);
    }
    elements.extend((1..=universe.proxies).map(|number| format!("p{number}: a proxy")));
    for (domain, count) in &universe.messages {
        if let Some(label) = vocabulary.labels.get(domain) {
            let values = 1..=*count;
            elements.extend(values.map(|number| format!("{label}{number}: a value of {label}")));
        }
    }
    let write = |positions: &[Position]| {
        let texts = positions.iter().map(|it| vocabulary.write(it, universe));
        texts.collect::<Option<Vec<_>>>()
    };
    Some(Witness::History {
        elements,
        prefix: write(&lasso.prefix)?,
        cycle: write(&lasso.cycle)?,
    })
}

/// The history that [`to_witness`] wrote for these sentences; none if it did not.
pub fn from_witness(witness: &Witness, sentences: &[&Sentence]) -> Option<Lasso> {
    let Witness::History {
        elements,
        prefix,
        cycle,
    } = witness
    else {
        return None;
    };
    let vocabulary = Vocabulary::of(sentences).ok()?;
    let universe = vocabulary.universe(elements)?;
    let read = |texts: &[String]| {
        let positions = texts.iter().map(|text| vocabulary.read(text, &universe));
        positions.collect::<Option<Vec<_>>>()
    };
    let lasso = Lasso {
        prefix: read(prefix)?,
        cycle: read(cycle)?,
        universe: universe.clone(),
    };
    (!lasso.cycle.is_empty()).then_some(lasso)
}

impl<'s> Vocabulary<'s> {
    /// # Errors
    ///
    /// Two sentences bind one parameter to values of different types, or a variable that is none
    /// for a value.
    pub(super) fn of(sentences: &[&'s Sentence]) -> Result<Vocabulary<'s>, String> {
        let mut events: BTreeMap<&str, BTreeMap<&Event, Parameters>> = BTreeMap::new();
        // In the order of preference: a domain takes the first name that no other one has.
        let mut names: Vec<(&Domain, &str)> = Vec::new();
        for sentence in sentences {
            for binding in &sentence.prefix {
                if let Sort::Message(domain) = &binding.sort {
                    names.push((domain, &binding.name));
                }
            }
        }
        for sentence in sentences {
            for atom in sentence.atoms() {
                let there = events.entry(&atom.endpoint).or_default();
                let parameters = there.entry(&atom.event).or_default();
                for argument in &atom.arguments {
                    let binding = sentence.prefix.get(argument.variable);
                    let Some(Sort::Message(domain)) = binding.map(|binding| &binding.sort) else {
                        return Err(format!("`{}` is bound to no value", argument.parameter));
                    };
                    let known = parameters.insert(&argument.parameter, domain);
                    if known.is_some_and(|known| known != domain) {
                        return Err(format!(
                            "`{}` has values of different types",
                            argument.parameter
                        ));
                    }
                    names.push((domain, &argument.parameter));
                }
            }
        }
        let mut named = events.values().flat_map(BTreeMap::keys);
        let says_who = named.any(|event| matches!(event, Event::Named { emitted: true, .. }));
        Ok(Vocabulary {
            says_who,
            events,
            labels: labels(&names),
            unbound: BTreeMap::new(),
        })
    }

    /// The parameters of an event that any sentence binds.
    pub(super) fn parameters(&self, endpoint: &str, event: &Event) -> &Parameters<'s> {
        let there = self.events.get(endpoint);
        let event = there.and_then(|events| events.get(event));
        event.unwrap_or(&self.unbound)
    }

    fn write(&self, position: &Position, universe: &Universe) -> Option<String> {
        let occurrence = match position {
            Position::Silence => return Some("-".to_owned()),
            Position::Propositions(names) => {
                let names = names.iter().map(String::as_str).collect::<Vec<_>>();
                return Some(format!("{{{}}}", names.join(", ")));
            }
            Position::Event(occurrence) => occurrence,
        };
        let instance = universe.instances.get(occurrence.instance)?;
        let mut text = String::new();
        if !instance.endpoint.is_empty() {
            text += &format!("{}.", instance.endpoint);
        }
        text += match &occurrence.event {
            Event::Connect => "connect",
            Event::Disconnect => "disconnect",
            Event::Named { name, .. } => name,
        };
        if let Event::Named { name, emitted } = &occurrence.event
            && (self.says_who || self.direction(&instance.endpoint, name).is_none())
        {
            text = format!("{} {text}", if *emitted { "emits" } else { "handles" });
        }
        let parameters = self.parameters(&instance.endpoint, &occurrence.event);
        let mut values = Vec::new();
        for (parameter, domain) in parameters {
            if let Some(value) = occurrence.arguments.get(*parameter) {
                let value = format!("{}{}", self.labels.get(domain)?, value + 1);
                values.push(match parameters.len() {
                    1 => value,
                    _ => format!("{parameter}: {value}"),
                });
            }
        }
        if !values.is_empty() {
            text += &format!("({})", values.join(", "));
        }
        text += &format!(" at i{}", occurrence.instance + 1);
        if universe.proxies > 0 {
            text += &format!(" of p{}", instance.proxy + 1);
        }
        Some(text)
    }

    /// Whether the event of this name is emitted; none if that cannot be told from the name.
    fn direction(&self, endpoint: &str, name: &str) -> Option<bool> {
        if name == "connect" || name == "disconnect" {
            return None;
        }
        let is = |emitted| {
            let name = name.to_owned();
            let event = Event::Named { name, emitted };
            let there = self.events.get(endpoint);
            there.is_some_and(|events| events.contains_key(&event))
        };
        match (is(true), is(false)) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            _ => None,
        }
    }

    fn universe(&self, elements: &[String]) -> Option<Universe> {
        let proxies = elements.iter().filter(|it| it.ends_with(": a proxy"));
        let mut universe = Universe {
            proxies: proxies.count(),
            ..Universe::default()
        };
        let mut proxies = 0;
        for element in elements {
            let (label, kind) = element.split_once(": ")?;
            if let Some(place) = kind.strip_prefix("an instance") {
                let instance = read_instance(place, universe.proxies)?;
                if instance.proxy >= universe.proxies.max(1) {
                    return None;
                }
                universe.instances.push(instance);
                if label != format!("i{}", universe.instances.len()) {
                    return None;
                }
            } else if kind == "a proxy" {
                proxies += 1;
                if label != format!("p{proxies}") {
                    return None;
                }
            } else {
                let name = kind.strip_prefix("a value of ")?;
                let (domain, _) = self.labels.iter().find(|(_, label)| *label == name)?;
                let count = universe.messages.entry((*domain).clone()).or_insert(0);
                *count += 1;
                if label != format!("{name}{count}") {
                    return None;
                }
            }
        }
        Some(universe)
    }

    fn read(&self, text: &str, universe: &Universe) -> Option<Position> {
        if text == "-" {
            return Some(Position::Silence);
        }
        if let Some(names) = text.strip_prefix('{') {
            let names = names.strip_suffix('}')?;
            let names = names.split(", ").filter(|name| !name.is_empty());
            let names = names.map(str::to_owned).collect::<BTreeSet<_>>();
            return Some(Position::Propositions(names));
        }
        let (what, place) = text.rsplit_once(" at ")?;
        let place = match place.split_once(" of ") {
            Some((instance, proxy)) if universe.proxies > 0 => {
                (instance, Some(numbered("p", proxy)?))
            }
            None if universe.proxies == 0 => (place, None),
            _ => return None,
        };
        let instance = numbered("i", place.0)?;
        let there = universe.instances.get(instance)?;
        if place.1.is_some_and(|proxy| proxy != there.proxy) {
            return None;
        }
        let (said, what) = match (what.strip_prefix("emits "), what.strip_prefix("handles ")) {
            (Some(what), _) => (Some(true), what),
            (_, Some(what)) => (Some(false), what),
            _ => (None, what),
        };
        let what = match &*there.endpoint {
            "" => what,
            endpoint => what.strip_prefix(endpoint)?.strip_prefix('.')?,
        };
        let (name, values) = match what.strip_suffix(')') {
            None => (what, None),
            Some(what) => what.split_once('(').map(|(name, it)| (name, Some(it)))?,
        };
        let event = match (name, said) {
            ("connect", None) => Event::Connect,
            ("disconnect", None) => Event::Disconnect,
            _ => Event::Named {
                name: name.to_owned(),
                emitted: said.or(self.direction(&there.endpoint, name))?,
            },
        };
        let parameters = self.parameters(&there.endpoint, &event);
        let mut arguments = BTreeMap::new();
        for value in values.into_iter().flat_map(|values| values.split(", ")) {
            let (parameter, value) = match (parameters.len(), value.split_once(": ")) {
                (1, None) => (*parameters.keys().next()?, value),
                (_, Some(pair)) if parameters.len() > 1 => pair,
                _ => return None,
            };
            let label = self.labels.get(parameters.get(parameter)?)?;
            let value = numbered(label, value)?;
            if arguments.insert(parameter.to_owned(), value).is_some() {
                return None;
            }
        }
        Some(Position::Event(Occurrence {
            event,
            instance,
            arguments,
        }))
    }
}

/// The instance whose element ends so.
fn read_instance(place: &str, proxies: usize) -> Option<Instance> {
    let (place, proxy) = match proxies {
        0 => (place, 0),
        _ => {
            let (place, proxy) = place.rsplit_once(" of ")?;
            (place, numbered("p", proxy)?)
        }
    };
    let endpoint = match place {
        "" => "",
        place => place.strip_prefix(" of ").filter(|name| !name.is_empty())?,
    };
    Some(Instance {
        endpoint: endpoint.to_owned(),
        proxy,
    })
}

/// The place of an element among those of its kind: `i2` is 1.
fn numbered(label: &str, text: &str) -> Option<usize> {
    let digits = text.strip_prefix(label)?;
    let number: usize = digits.parse().ok()?;
    // One way of writing only.
    (number.to_string() == digits)
        .then(|| number.checked_sub(1))
        .flatten()
}

/// A label for each domain, the first of its names that is free. `i` and `p` are taken, and no label
/// ends in a digit, since numbers follow.
fn labels<'s>(names: &[(&'s Domain, &str)]) -> BTreeMap<&'s Domain, String> {
    let mut labels: BTreeMap<&Domain, String> = BTreeMap::new();
    let mut taken = BTreeSet::from(["i".to_owned(), "p".to_owned()]);
    let stem = |name: &str| match name.trim_end_matches(|it: char| it.is_ascii_digit()) {
        "" => "value".to_owned(),
        stem => stem.to_owned(),
    };
    for (domain, _) in names {
        if labels.contains_key(domain) {
            continue;
        }
        let own = names.iter().filter(|(other, _)| other == domain);
        let mut stems = own.map(|(_, name)| stem(name));
        let first = stems.next().expect("because the domain itself is listed");
        let mut free = std::iter::once(first.clone()).chain(stems);
        let label = free.find(|label| !taken.contains(label));
        let label = label.unwrap_or_else(|| {
            let mut label = first + "_";
            while taken.contains(&label) {
                label.push('_');
            }
            label
        });
        taken.insert(label.clone());
        labels.insert(domain, label);
    }
    labels
}

#[cfg(test)]
mod tests;
