//! Every kind of type, through the generated code and back.

#![allow(unsafe_code, reason = "a host's view of the tables")]

use std::collections::{BTreeMap, BTreeSet};

use liveobj_sdk::testing::{Harness, Outcome};
use liveobj_sdk::{
    Boxed, BoxedOpt, Bytes, Connection, CreateError, Document, EmitError, Entry, List, Map, Opaque,
    Opt, Template, Tuple2, Tuple3, Uuid, live_object,
};
use liveobj_types::Types;
use liveobj_types::layout::{Layouts, Shape};
use liveobj_types::resolve::Environment;
use liveobj_types::syntax::Item;
use liveobj_types::types::{Endpoint, Object, Origin, TypeId, Value};

liveobj_sdk::library!(
    "tests/every_type.lot",
    name = "test:every-type",
    linked,
    threads
);

struct Everybody;

#[live_object(template::everybody)]
impl template::everybody for Everybody {
    fn create(
        _: &mut everybody::Context<'_>,
        parameters: everybody::Parameters<'_>,
    ) -> Result<Self, CreateError> {
        if parameters.color == types::Color::green {
            return Err(CreateError::from("green"));
        }
        Ok(Everybody)
    }

    fn b_all(&mut self, context: &mut everybody::Context<'_>, event: everybody::b::All<'_>) {
        let connection = context.connection();
        let _ = context.emit_to(
            connection,
            everybody::b::AllAgain {
                all: event.all,
                count: 1,
            },
        );
        let _ = context.emit_to(connection, everybody::b::NothingAgain);
    }

    fn b_type(&mut self, context: &mut everybody::Context<'_>, event: everybody::b::Type) {
        // Nobody is connected there.
        let result = context.emit(everybody::a::Type {
            r#match: event.r#match,
        });
        assert_eq!(result, Err(EmitError::NotConnected));
    }

    fn b_nothing(&mut self, context: &mut everybody::Context<'_>, _: everybody::b::Nothing) {
        let leaf = types::Tree {
            value: 1,
            left: BoxedOpt::default(),
            right: BoxedOpt::default(),
        };
        let tree = types::Tree {
            value: 2,
            left: BoxedOpt::new(Some(&leaf)),
            ..leaf
        };
        let _ = context.emit(everybody::b::Tree { tree });
        let gone = context.emit_to(Connection::NONE, everybody::b::Tree { tree });
        assert_eq!(gone, Err(EmitError::Stale));
    }

    fn a_all_again(&mut self, _: &mut everybody::Context<'_>, _: everybody::a::AllAgain<'_>) {}

    fn a_nothing_again(&mut self, _: &mut everybody::Context<'_>, _: everybody::a::NothingAgain) {}

    fn a_tree(&mut self, _: &mut everybody::Context<'_>, _: everybody::a::Tree<'_>) {}
}

mod inner {
    use super::{nobody, template};
    use liveobj_sdk::CreateError;

    struct Nobody;

    #[liveobj_sdk::live_object(template::nobody)]
    impl template::nobody for Nobody {
        fn create(
            _: &mut nobody::Context<'_>,
            _: nobody::Parameters<'_>,
        ) -> Result<Nobody, CreateError> {
            Ok(Nobody)
        }
    }
}

fn parameters() -> everybody::Parameters<'static> {
    everybody::Parameters {
        entries: Map::default(),
        color: types::Color::red,
        list: List::default(),
        flag: Opt::NONE,
    }
}

#[test]
fn every_value_comes_back_as_it_went_in() {
    let mut harness = Harness::<everybody::Template>::create(parameters()).unwrap();
    let connection = harness.connect(everybody::Endpoint::b);
    let inside = [types::Shape::circle(1.5), types::Shape::nothing];
    let group = types::Shape::group(List::new(&inside));
    let tree = types::Tree {
        value: 7,
        left: BoxedOpt::default(),
        right: BoxedOpt::default(),
    };
    let colors = [
        Entry {
            key: "a".into(),
            value: types::Color::green,
        },
        Entry {
            key: "b".into(),
            value: types::Color::red,
        },
    ];
    let (bytes, messages) = ([Bytes::new(b"x")], [Opaque::new(b"m")]);
    let by_color = [Entry {
        key: Tuple2(types::Color::green, 3),
        value: List::new(&bytes),
    }];
    let all = types::All_Message {
        basics: types::Small {
            a: 1,
            b: 2,
            c: 3,
            d: true,
            e: -1,
            f: 'ä',
            g: 0.5,
            h: -9,
            i: Uuid([5; 16]),
        },
        color: types::Color::green,
        shape: types::Shape::twice(Boxed::new(&group)),
        tree: types::Tree {
            left: BoxedOpt::new(Some(&tree)),
            ..tree
        },
        text: Opt::some("text".into()),
        number: None.into(),
        nested: Opt::some(Opt::NONE),
        colors: Map::from_sorted(&colors).unwrap(),
        by_color: Map::from_sorted(&by_color).unwrap(),
        tuple: Tuple3(1, 2, 3),
        pair: types::Pair_string_Pair_u8_u64 {
            first: "first".into(),
            second: types::Pair_u8_u64 {
                first: 1,
                second: 2,
            },
        },
        message: Opaque::new(b"message"),
        messages: List::new(&messages),
        reference: Document::new(b"<liveobject/>"),
        external: Document::default(),
        empty: types::Empty,
    };
    assert_eq!(
        harness.send(connection, everybody::b::All { all }),
        Outcome::Done
    );
    let again = harness.take_emitted_to::<everybody::b::AllAgain<'_>>();
    assert_eq!(
        again,
        [(Some(connection), everybody::b::AllAgain { all, count: 1 })]
    );
    assert_eq!(
        again[0].1.all.colors.get(&"a".into()),
        Some(&types::Color::green)
    );
    assert_eq!(
        harness.take_emitted::<everybody::b::NothingAgain>().len(),
        1
    );
}

#[test]
fn a_value_that_contains_itself_is_lent_piece_by_piece() {
    let mut harness = Harness::<everybody::Template>::create(parameters()).unwrap();
    let connection = harness.connect(everybody::Endpoint::b);
    assert_eq!(
        harness.send(connection, everybody::b::Nothing),
        Outcome::Done
    );
    let trees = harness.take_emitted::<everybody::b::Tree<'_>>();
    assert_eq!(trees.len(), 1);
    assert_eq!(trees[0].tree.left.get().unwrap().value, 1);
    assert_eq!(trees[0].tree.right.get(), None);
}

#[test]
fn an_emission_without_connection_says_so() {
    let mut harness = Harness::<everybody::Template>::create(parameters()).unwrap();
    let connection = harness.connect(everybody::Endpoint::b);
    assert_eq!(
        harness.send(connection, everybody::b::Type { r#match: 1 }),
        Outcome::Done
    );
}

#[test]
fn a_map_out_of_order_is_none() {
    let entries = [Entry { key: 2, value: () }, Entry { key: 1, value: () }];
    assert!(Map::from_sorted(&entries).is_none());
    let entries = [Entry { key: 1, value: () }, Entry { key: 1, value: () }];
    assert!(Map::from_sorted(&entries).is_none());
}

#[test]
fn a_linked_library_has_its_tables_and_manifest() {
    let manifest = liveobj_manifest::read_section(MANIFEST).unwrap();
    assert_eq!(manifest.templates, ["everybody", "nobody"]);
    assert!(manifest.threads);
    assert_eq!(manifest.panic, "unwind");
    assert_eq!(library().count, 2);
    assert_eq!(nobody::Template::ENDPOINTS, 0);
    let (module, findings) = manifest.module();
    assert!(findings.is_empty(), "{findings:?}");
    assert!(module.lookup("everybody").is_some());
}

/// What a host does before it calls anything: compares its own layouts with those of the library.
#[test]
fn the_layouts_of_all_events_and_parameters_are_exported() {
    let (module, _) = liveobj_manifest::read_section(MANIFEST).unwrap().module();
    let mut types = Types::new();
    let mut crossing = Vec::new();
    for item in &module.file.items {
        let Item::Template(template) = item else {
            continue;
        };
        let signature = types
            .template(&module, template, &Environment::new())
            .unwrap();
        if let Object::Endpoints(body) = types.object(signature.result).clone() {
            for endpoint in body.endpoints.values() {
                if let Endpoint::Events { events, .. } = types.endpoint(endpoint.ty) {
                    crossing.extend(events.values().map(|event| event.payload));
                }
            }
        }
        let parameters = signature.value_parameters.into_iter();
        let fields = parameters
            .map(|parameter| (parameter.name, parameter.ty))
            .collect();
        let record = Value::Record {
            fields,
            open: false,
        };
        crossing.push(types.add_value(record, Origin::default()));
    }
    // SAFETY: the tables are generated.
    let entries = unsafe {
        let layouts = &*library().layouts;
        std::slice::from_raw_parts(layouts.entries, layouts.count as usize)
    };
    assert!(entries.is_sorted_by(|left, right| left.id < right.id));
    let mut layouts = Layouts::new(&types);
    let mut seen = BTreeSet::new();
    while let Some(id) = crossing.pop() {
        if !seen.insert(id) {
            continue;
        }
        let (layout, identity) = (layouts.of(id).clone(), types.identity(TypeId::Value(id)));
        let entry = entries.iter().find(|entry| entry.id == identity);
        let offsets = match &layout.shape {
            Shape::Struct(fields) => {
                crossing.extend(fields.iter().map(|field| field.slot.ty));
                let by_name = fields.iter().map(|field| (&field.name, field.offset));
                let by_name: BTreeMap<_, _> = by_name.collect();
                by_name.into_values().collect()
            }
            Shape::Variant { payload, cases } => {
                crossing.extend(cases.iter().filter_map(|(_, slot)| Some((*slot)?.ty)));
                vec![*payload]
            }
            Shape::Option { payload, slot } => {
                crossing.push(slot.ty);
                vec![*payload]
            }
            Shape::List(element) => {
                crossing.push(*element);
                continue;
            }
            Shape::Map { key, value, .. } => {
                crossing.extend([*key, *value]);
                continue;
            }
            _ => continue,
        };
        let entry = entry.unwrap_or_else(|| panic!("{}", types.describe(TypeId::Value(id))));
        // SAFETY: as above.
        let found =
            unsafe { std::slice::from_raw_parts(entry.offsets, entry.offset_count as usize) };
        assert_eq!(
            (entry.size, entry.align, found),
            (layout.size, layout.align, &offsets[..])
        );
    }
    assert!(seen.len() > 40, "{}", seen.len());
}
