//! Whether a history keeps what a type promises.

use std::collections::BTreeMap;

use liveobj_types::formalism::Structure;
use liveobj_types::monitor::{Happening, Occurred, Outcome};
use liveobj_types::relation::{Side, endpoint_structure};
use liveobj_types::syntax::parse_type;
use liveobj_types::types::Endpoint;
use liveobj_types::{Module, Monitor, Source, TypeId, Types};

/// A connection: a node and its run.
pub(crate) type At = (usize, u32);

/// What an endpoint type of this library provides in `temporal`, each with a monitor.
pub(crate) struct Declared {
    watched: Vec<(String, Box<dyn Monitor>)>,
    happened: u64,
}

impl Declared {
    /// Of an endpoint type of this library, as its text says it. Guarantees that are given under an
    /// assumption are watched too: the messages of tests are unique.
    ///
    /// # Panics
    ///
    /// There is no such type, or something that it provides cannot be watched.
    pub(crate) fn of(name: &str) -> Self {
        let text = Source::new("types.lot", include_str!("../../types.lot"));
        let (module, faults) = Module::load("liveobj:groups", &text, &mut |_, _| None);
        assert!(faults.is_empty(), "{faults:?}");
        let mut types = Types::new();
        let source = Source::new("test", name);
        let expr = parse_type(&source).expect("a type");
        let resolved = types.resolve(&module, &source, &expr, &BTreeMap::new());
        let Ok(TypeId::Endpoint(id)) = resolved else {
            panic!("`{name}` is no endpoint type: {resolved:?}");
        };
        let structure = Structure::Endpoint(endpoint_structure(&types, id, Side::Provides, ""));
        let Endpoint::Events { provides, .. } = types.endpoint(id) else {
            panic!("`{name}` is a parameter");
        };
        let formalisms = liveobj_formalisms::builtin();
        let temporal = formalisms.get("temporal").expect("it is built in");
        let mut watched = Vec::new();
        for it in provides.iter().filter(|it| &*it.formalism == "temporal") {
            let formula = temporal.parse(&it.text, &structure).expect("it is checked");
            let monitor = temporal.monitor(&formula, &structure);
            let monitor = monitor.unwrap_or_else(|reason| panic!("`{}`: {reason}", it.text));
            watched.push((it.text.to_string(), monitor));
        }
        assert!(!watched.is_empty(), "`{name}` provides nothing");
        Declared {
            watched,
            happened: 0,
        }
    }

    /// Sees to it that all was judged.
    ///
    /// # Panics
    ///
    /// A monitor gave up.
    pub(crate) fn end(self) {
        for (text, monitor) in &self.watched {
            assert!(monitor.watches(), "the monitor of `{text}` gave up");
        }
    }

    /// The first constraint that something breaks: an event, or the begin of a connection.
    pub(crate) fn observe(
        &mut self,
        at: At,
        event: Occurred,
        arguments: &[Vec<u8>],
    ) -> Result<(), &str> {
        self.happened += 1;
        let instance = (at.0 as u64) << 32 | u64::from(at.1);
        for (text, monitor) in &mut self.watched {
            let outcome = monitor.observe(&Happening {
                number: self.happened,
                endpoint: 0,
                instance,
                proxy: instance,
                event,
                arguments,
            });
            if let Outcome::Violated { .. } = outcome {
                return Err(text);
            }
        }
        Ok(())
    }
}
