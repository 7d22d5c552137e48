//! What constraint texts are told of the types of parameters.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{module, shown};
use crate::formalism::{
    Domain, EndpointStructure, Events, Formalism, Formalisms, Formula, ParseError, Structure,
};
use crate::source::Span;
use crate::types::Types;
use crate::verdict::{Verdict, Witness};

/// A text names events, the first parameters of which must be of one domain; `few` before a name
/// asks for a number of values that is known.
struct Alike;

fn domains(endpoint: &EndpointStructure, prefix: &str) -> BTreeMap<String, Domain> {
    let all = endpoint.received.iter().chain(&endpoint.emitted);
    all.filter_map(|(name, parameters)| {
        Some((
            format!("{prefix}{name}"),
            parameters.first()?.domain.clone(),
        ))
    })
    .collect()
}

impl Formalism for Alike {
    fn name(&self) -> &str {
        "alike"
    }

    fn id(&self) -> u128 {
        9
    }

    fn parse(&self, text: &str, structure: &Structure) -> Result<Formula, ParseError> {
        let all: BTreeMap<String, Domain> = match structure {
            Structure::Undeclared => BTreeMap::new(),
            Structure::Endpoint(endpoint) => domains(endpoint, ""),
            Structure::Object(endpoints) => endpoints
                .iter()
                .flat_map(|(name, endpoint)| domains(endpoint, &format!("{name}.")))
                .collect(),
        };
        let mut keys = text
            .split(' ')
            .filter(|word| *word != "few")
            .map(|word| &all[word].key);
        let first = keys.next();
        let alike = keys.all(|key| Some(key) == first);
        let few = text.split_once("few ").is_none_or(|(_, rest)| {
            let event = rest.split(' ').next().unwrap_or_default();
            all[event].size.is_some()
        });
        let wrong = |message: &str| ParseError {
            span: Span::default(),
            message: message.to_owned(),
            help: None,
        };
        match (alike, few) {
            (false, _) => Err(wrong("the types differ")),
            (_, false) => Err(wrong("there are too many values")),
            _ => Ok(Formula::new(text.to_owned())),
        }
    }

    fn print(&self, formula: &Formula) -> String {
        formula.get::<String>().cloned().unwrap_or_default()
    }

    fn satisfiable(&self, _: &[&Formula], _: u64) -> Verdict {
        Verdict::Holds
    }

    fn implies(&self, _: &[&Formula], _: &Events, _: &Formula, _: u64) -> Verdict {
        Verdict::Holds
    }

    fn replay(&self, _: &[&Formula], _: &Events, _: &Formula, _: &Witness) -> bool {
        false
    }
}

/// What is said of the texts: the messages.
fn faults(text: &str) -> Vec<String> {
    let mut formalisms = Formalisms::none();
    formalisms.add(Arc::new(Alike));
    let faults = Types::new().check_module(&module(text), &formalisms);
    let told = shown(&faults);
    told.lines()
        .map(|line| line.rsplit(": ").next().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn types_are_told_apart_by_their_structure() {
    let text = |constraint: &str| {
        format!(
            "type Line = string;
            endpoint E<T: value> {{
                in a(it: Line); in b(it: string); out c(it: T); out d(it: T); out e(it: u8);
                provides alike \"{constraint}\";
            }}"
        )
    };
    assert_eq!(faults(&text("a b")), [""; 0]);
    assert_eq!(faults(&text("c d")), [""; 0]);
    assert_eq!(faults(&text("few e")), [""; 0]);
    assert_eq!(faults(&text("a c")), ["the types differ"]);
    assert_eq!(faults(&text("b few e")), ["the types differ"]);
    assert_eq!(faults(&text("few c")), ["there are too many values"]);
}

#[test]
fn objects_tell_the_types_of_all_their_endpoints() {
    let text = |constraint: &str| {
        format!(
            "endpoint E<T: value> {{ in a(it: T); }}
            object O {{
                endpoint x: E<u8>; endpoint y: E<u8> many; endpoint z: mirror E<bool>;
                requires alike \"{constraint}\";
            }}"
        )
    };
    assert_eq!(faults(&text("x.a few y.a")), [""; 0]);
    assert_eq!(faults(&text("x.a z.a")), ["the types differ"]);
}

#[test]
fn beside_a_type_that_is_wrong_nothing_is_known() {
    let text = "endpoint E { in a(it: Nothing); in b(it: u8); provides alike \"a b\"; }";
    let faults = faults(text);
    assert_eq!(faults.len(), 2, "the type and what to do: {faults:?}");
}
