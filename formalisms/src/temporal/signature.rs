//! What the formulas of a question can tell apart: events, parameters, and what there are many of.

use std::collections::{BTreeMap, BTreeSet};

use liveobj_types::formalism::{Domain, Events};
use liveobj_types::verdict::Reason;

use super::formula::{Atom, Event, Place, Sentence, Sort};

/// The events that some formula names and that may happen, each with the parameters that some
/// formula binds; parameters that none binds have no values worth telling apart.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    /// Parameters are sorted by name.
    pub events: BTreeMap<(String, Event), Vec<(String, Domain)>>,
    /// The sorts of which there is at least one element in every universe.
    pub sorts: BTreeSet<Sort>,
    /// Whether a formula can tell what it leaves open: some instance, any message.
    pub wildcards: bool,
}

impl Signature {
    /// That of a question.
    ///
    /// # Errors
    ///
    /// A parameter has values of different types in different formulas.
    pub fn of(sentences: &[&Sentence], events: &Events) -> Result<Signature, Reason> {
        let mut bound: BTreeMap<(String, Event), BTreeMap<String, Domain>> = BTreeMap::new();
        let mut sorts = BTreeSet::new();
        let mut places = false;
        for sentence in sentences {
            sorts.extend(sentence.prefix.iter().map(|binding| binding.sort.clone()));
            for atom in sentence.atoms() {
                sorts.insert(Sort::Instance(atom.endpoint.clone()));
                places |= !matches!(atom.place, Place::Instance(_));
                let key = (atom.endpoint.clone(), atom.event.clone());
                let parameters = bound.entry(key).or_default();
                for argument in &atom.arguments {
                    let Sort::Message(domain) = &sentence.prefix[argument.variable].sort else {
                        unreachable!("the parser gives arguments the sort of messages");
                    };
                    let known = parameters
                        .entry(argument.parameter.clone())
                        .or_insert_with(|| domain.clone());
                    if known != domain {
                        return Err(Reason::Undecided(format!(
                            "parameter `{}` has different types on the two sides",
                            argument.parameter
                        )));
                    }
                    sorts.insert(Sort::Message(domain.clone()));
                }
            }
        }
        let open = |atom: &Atom| {
            let key = (atom.endpoint.clone(), atom.event.clone());
            atom.arguments.len() < bound[&key].len()
        };
        let mut atoms = sentences.iter().flat_map(|sentence| sentence.atoms());
        let wildcards = places || atoms.any(open);
        let endpoints: BTreeSet<String> = bound.keys().map(|(name, _)| name.clone()).collect();
        for endpoint in endpoints {
            // Whatever happens at a connection, it has begun before.
            bound.entry((endpoint, Event::Connect)).or_default();
        }
        let events = bound
            .into_iter()
            .filter(|((endpoint, event), _)| may_happen(events, endpoint, event))
            .map(|(event, parameters)| (event, parameters.into_iter().collect()))
            .collect();
        Ok(Signature {
            events,
            sorts,
            wildcards,
        })
    }

    /// Whether it matters whose connection one is.
    pub fn has_proxies(&self) -> bool {
        self.sorts.contains(&Sort::Proxy)
    }
}

/// Whether the provider of the premises lets an event happen (semantics, section 3).
fn may_happen(events: &Events, endpoint: &str, event: &Event) -> bool {
    let Event::Named {
        name,
        emitted: true,
    } = event
    else {
        return true;
    };
    match events {
        Events::All => true,
        Events::Endpoint(names) => names.contains(name),
        Events::Object(endpoints) => endpoints
            .get(endpoint)
            .is_some_and(|names| names.contains(name)),
    }
}
