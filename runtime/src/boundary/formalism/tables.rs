//! Structures and events as flat tables, which live as long as their call.

use liveobj_abi as abi;
use liveobj_types::formalism::{EndpointStructure, Events, Structure};

/// Bytes that are lent.
pub(super) fn slice(bytes: &[u8]) -> abi::Slice {
    abi::Slice {
        data: bytes.as_ptr().cast(),
        len: bytes.len() as u64,
        owner: std::ptr::null_mut(),
    }
}

/// The tables of a structure. They point into it, and into each other: memory of vectors, which does
/// not move with them.
pub(super) struct StructureTables<'a> {
    kind: u32,
    endpoints: Vec<abi::StructureEndpoint>,
    /// What the endpoints point to, and what that points to.
    _inside: Vec<EventsOf>,
    _structure: &'a Structure,
}

/// The events of an endpoint.
struct EventsOf {
    events: Vec<abi::StructureEvent>,
    _parameters: Vec<Vec<abi::StructureParameter>>,
}

impl<'a> StructureTables<'a> {
    pub(super) fn new(structure: &'a Structure) -> StructureTables<'a> {
        let (kind, listed): (_, Vec<(&str, &EndpointStructure)>) = match structure {
            Structure::Undeclared => (abi::STRUCTURE_UNDECLARED, Vec::new()),
            Structure::Endpoint(endpoint) => (abi::STRUCTURE_ENDPOINT, vec![("", endpoint)]),
            Structure::Object(endpoints) => {
                let endpoints = endpoints.iter().map(|(name, it)| (name.as_str(), it));
                (abi::STRUCTURE_OBJECT, endpoints.collect())
            }
        };
        let (mut endpoints, mut inside) = (Vec::new(), Vec::new());
        for (written, endpoint) in listed {
            let events = EventsOf::new(endpoint);
            endpoints.push(abi::StructureEndpoint {
                written: slice(written.as_bytes()),
                name: slice(endpoint.name.as_bytes()),
                count: events.events.len() as u64,
                events: events.events.as_ptr(),
            });
            inside.push(events);
        }
        StructureTables {
            kind,
            endpoints,
            _inside: inside,
            _structure: structure,
        }
    }

    /// What the call gets; valid as long as this.
    pub(super) fn structure(&self) -> abi::Structure {
        abi::Structure {
            size: size_of::<abi::Structure>() as u32,
            kind: self.kind,
            endpoint_size: size_of::<abi::StructureEndpoint>() as u32,
            event_size: size_of::<abi::StructureEvent>() as u32,
            parameter_size: size_of::<abi::StructureParameter>() as u32,
            count: self.endpoints.len() as u64,
            endpoints: self.endpoints.as_ptr(),
        }
    }
}

impl EventsOf {
    fn new(endpoint: &EndpointStructure) -> EventsOf {
        let received = endpoint.received.iter().map(|event| (event, 0));
        let emitted = endpoint.emitted.iter().map(|event| (event, 1));
        let mut listed: Vec<_> = received.chain(emitted).collect();
        listed.sort_by_key(|((name, _), emitted)| (*name, *emitted));
        let (mut events, mut all) = (Vec::new(), Vec::new());
        for ((name, order), emitted) in listed {
            let parameters: Vec<_> = order
                .iter()
                .map(|parameter| abi::StructureParameter {
                    name: slice(parameter.name.as_bytes()),
                    domain: slice(parameter.domain.key.as_bytes()),
                    domain_size: parameter.domain.size.unwrap_or(0),
                })
                .collect();
            events.push(abi::StructureEvent {
                name: slice(name.as_bytes()),
                emitted,
                count: parameters.len() as u64,
                parameters: parameters.as_ptr(),
            });
            all.push(parameters);
        }
        EventsOf {
            events,
            _parameters: all,
        }
    }
}

/// The tables of what may be emitted.
pub(super) struct EventTables<'a> {
    kind: u32,
    endpoints: Vec<abi::EndpointEvents>,
    _names: Vec<Vec<abi::Slice>>,
    _events: &'a Events,
}

impl<'a> EventTables<'a> {
    pub(super) fn new(events: &'a Events) -> EventTables<'a> {
        let (kind, listed): (_, Vec<_>) = match events {
            Events::All => (abi::EVENTS_ALL, Vec::new()),
            Events::Endpoint(events) => (abi::EVENTS_ENDPOINT, vec![("", events)]),
            Events::Object(endpoints) => {
                let endpoints = endpoints.iter().map(|(name, it)| (name.as_str(), it));
                (abi::EVENTS_OBJECT, endpoints.collect())
            }
        };
        let (mut endpoints, mut all) = (Vec::new(), Vec::new());
        for (endpoint, events) in listed {
            let names: Vec<_> = events.iter().map(|name| slice(name.as_bytes())).collect();
            endpoints.push(abi::EndpointEvents {
                name: slice(endpoint.as_bytes()),
                count: names.len() as u64,
                events: names.as_ptr(),
            });
            all.push(names);
        }
        EventTables {
            kind,
            endpoints,
            _names: all,
            _events: events,
        }
    }

    /// What the call gets; valid as long as this.
    pub(super) fn events(&self) -> abi::Events {
        abi::Events {
            size: size_of::<abi::Events>() as u32,
            kind: self.kind,
            endpoint_size: size_of::<abi::EndpointEvents>() as u32,
            count: self.endpoints.len() as u64,
            endpoints: self.endpoints.as_ptr(),
        }
    }
}
