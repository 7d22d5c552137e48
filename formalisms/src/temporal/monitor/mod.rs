//! Monitors of sentences: each assignment of the variables is followed by itself.
//!
//! Where a sentence speaks of one connection and of no messages, that is one number for each
//! connection and a table (`PerConnection`). Otherwise assignments are made as instances and
//! messages are met (`Quantified`).

mod progress;
mod quantified;

use liveobj_types::Monitor;
use liveobj_types::formalism::{EndpointStructure, Structure};
use liveobj_types::monitor::Occurred;

use super::formula::{Event, Place, Quantifier, Sentence, Sort};
use crate::watch::{Letters, PerConnection};
use progress::{Basic, Progress};
use quantified::Quantified;

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
    let progress = Progress::new(&sentence.body)?;
    if let [binding] = &*sentence.prefix
        && let Sort::Instance(name) = &binding.sort
        && let Some(number) = endpoints.iter().position(|it| it.name == *name)
        && sentence
            .atoms()
            .iter()
            .all(|atom| atom.place == Place::Instance(0) && atom.endpoint == *name)
    {
        return per_connection(progress, endpoints[number], number).ok_or_else(unknown_event);
    }
    Ok(Box::new(Quantified::new(sentence, progress, &endpoints)?))
}

fn unknown_event() -> String {
    "it names an event that its type does not have".to_owned()
}

fn per_connection(
    mut progress: Progress,
    endpoint: &EndpointStructure,
    number: usize,
) -> Option<Box<dyn Monitor>> {
    let letters = Letters::of(endpoint);
    let mut bits = Vec::new();
    for basic in &progress.basics {
        bits.push(match basic {
            Basic::Event(atom) => Some(occurred(&atom.event, endpoint)?),
            // There is one variable.
            Basic::Same(..) => None,
        });
    }
    let masks = letters.events().map(|event| {
        let bits = bits.iter().enumerate();
        let bits = bits.filter(|(_, it)| it.is_none_or(|it| it == event));
        bits.fold(0, |mask, (bit, _)| mask | 1 << bit)
    });
    progress.masks = masks.collect();
    Some(Box::new(PerConnection::new(progress, letters, number)))
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

#[cfg(test)]
mod tests;
