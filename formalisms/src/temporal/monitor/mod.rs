//! Monitors of sentences: each assignment of the variables is followed by itself.
//!
//! Where a sentence speaks of one connection and of no messages, that is one number for each
//! connection and a table (`PerConnection`). Where it is broken by what happened first, it is
//! remembered when that was (`Precedence`). Otherwise assignments are made as instances and messages are
//! met (`Quantified`).

mod precedence;
mod progress;
mod quantified;

use liveobj_types::Monitor;
use liveobj_types::formalism::{EndpointStructure, Structure};
use liveobj_types::monitor::Occurred;

use super::formula::{Event, Node, Place, Quantifier, Sentence, Sort};
use super::silence::is_evidently_ignored;
use crate::watch::{Automaton, Letters, PerConnection, together};
use precedence::{Precedence, is_safety};
use progress::{Basic, Progress};
use quantified::Quantified;

/// How many states are looked at to see that silence changes none of them.
const MAX_RESTING: usize = 2_000;
/// How many variables a sentence may have.
const MAX_VARIABLES: usize = 6;

/// A monitor.
///
/// # Errors
///
/// The sentence has "some" in front, looks from the past into the future, or is very large.
pub fn monitor(sentence: &Sentence, structure: &Structure) -> Result<Box<dyn Monitor>, String> {
    let for_all = |binding: &super::formula::Binding| binding.quantifier == Quantifier::ForAll;
    if let Some(some) = sentence.prefix.iter().find(|binding| !for_all(binding)) {
        return Err(format!(
            "it asks for some `{}`, which may still come",
            some.name
        ));
    }
    let endpoints: Vec<&EndpointStructure> = match structure {
        Structure::Undeclared => return Err("its events are not declared".to_owned()),
        Structure::Endpoint(endpoint) => vec![endpoint],
        Structure::Object(endpoints) => endpoints.values().collect(),
    };
    // A conjunction holds for all where each of its parts does. One part alone may tell where nothing
    // happens although the whole does not: then it is followed as a whole.
    let parts = sentence.conjuncts();
    if parts.len() < 2 || !parts.iter().all(is_evidently_ignored) {
        return of_part(sentence, &endpoints);
    }
    let (mut monitors, mut left_out) = (Vec::new(), Vec::new());
    for part in &parts {
        match of_part(part, &endpoints) {
            Ok(monitor) => monitors.push(monitor),
            Err(reason) => left_out.push(format!("a part of it: {reason}")),
        }
    }
    together(monitors, left_out)
}

/// A monitor of a sentence with "for all" in front.
fn of_part(
    sentence: &Sentence,
    endpoints: &[&EndpointStructure],
) -> Result<Box<dyn Monitor>, String> {
    let progress = Progress::new(&sentence.body)?;
    if let [binding] = &*sentence.prefix
        && let Sort::Instance(name) = &binding.sort
        && let Some(number) = endpoints.iter().position(|it| it.name == *name)
        && sentence
            .atoms()
            .iter()
            .all(|atom| atom.place == Place::Instance(0) && atom.endpoint == *name)
    {
        let table = per_connection(progress, endpoints[number], number, &sentence.body)?;
        if let Some(table) = table {
            return Ok(table);
        }
        let progress = Progress::new(&sentence.body)?;
        return of_combinations(sentence, progress, endpoints);
    }
    of_combinations(sentence, progress, endpoints)
}

/// A monitor of what happens at several connections, or of messages.
fn of_combinations(
    sentence: &Sentence,
    progress: Progress,
    endpoints: &[&EndpointStructure],
) -> Result<Box<dyn Monitor>, String> {
    let general = Box::new(Quantified::new(sentence, progress, endpoints)?);
    match Precedence::new(sentence, endpoints, general) {
        Ok(precedence) => Ok(Box::new(precedence)),
        Err(general) => Ok(general),
    }
}

fn unknown_event() -> String {
    "it names an event that its type does not have".to_owned()
}

/// A monitor that is told of each connection by itself; none where what happens elsewhere makes a
/// difference, if only by taking a position.
///
/// # Errors
///
/// An event is none of the endpoint's.
fn per_connection(
    mut progress: Progress,
    endpoint: &EndpointStructure,
    number: usize,
    body: &Node,
) -> Result<Option<Box<dyn Monitor>>, String> {
    let letters = Letters::of(endpoint);
    let mut bits = Vec::new();
    for basic in &progress.basics {
        bits.push(match basic {
            Basic::Event(atom) => Some(occurred(&atom.event, endpoint).ok_or_else(unknown_event)?),
            // There is one variable.
            Basic::Same(..) => None,
        });
    }
    let mask = |event: Option<Occurred>| {
        let bits = bits.iter().enumerate();
        let bits = bits.filter(|(_, it)| it.is_none() || **it == event);
        bits.fold(0, |mask, (bit, _)| mask | 1 << bit)
    };
    progress.masks = letters.events().map(|event| mask(Some(event))).collect();
    let mut rests = Progress::new(body)?;
    rests.masks.clone_from(&progress.masks);
    rests.masks.push(mask(None));
    let silence = letters.count();
    if !Automaton::new(rests, silence + 1).rests_on(silence, MAX_RESTING) {
        return Ok(None);
    }
    Ok(Some(Box::new(PerConnection::new(
        progress,
        letters,
        number,
        is_safety(body),
    ))))
}

/// An event of a formula, as monitors are told of it; none if the endpoint does not have it.
fn occurred(event: &Event, endpoint: &EndpointStructure) -> Option<Occurred> {
    let (name, emitted) = match event {
        Event::Connect => return Some(Occurred::Connect),
        Event::Disconnect => return Some(Occurred::Disconnect),
        Event::Named { name, emitted } => (name, *emitted),
    };
    match emitted {
        true => {
            let position = endpoint.emitted.keys().position(|it| it == name)?;
            Some(Occurred::Emitted(position))
        }
        false => {
            let position = endpoint.received.keys().position(|it| it == name)?;
            Some(Occurred::Handled(position))
        }
    }
}

/// The place of a parameter in the order declared.
fn parameter(endpoint: &EndpointStructure, event: Occurred, name: &str) -> Option<usize> {
    let parameters = match event {
        Occurred::Emitted(event) => endpoint.emitted.values().nth(event)?,
        Occurred::Handled(event) => endpoint.received.values().nth(event)?,
        Occurred::Connect | Occurred::Disconnect | Occurred::Gone => return None,
    };
    parameters.iter().position(|it| it.name == name)
}

#[cfg(test)]
mod tests;
