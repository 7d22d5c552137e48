use liveobj_types::Source;
use proptest::prelude::*;

use crate::model::*;
use crate::to_json::write_json_compact;
use crate::{Limits, read, read_json, read_xml, write_json, write_xml};

pub(crate) fn spanned(text: &str) -> Spanned {
    Spanned {
        text: text.to_owned(),
        ..Spanned::default()
    }
}

fn name() -> impl Strategy<Value = Spanned> {
    "[a-zA-Z_][a-zA-Z0-9_]{0,5}".prop_map(|text| spanned(&text))
}

/// Texts of every character that a document can hold.
fn any_text() -> impl Strategy<Value = Spanned> {
    let c = prop_oneof![
        Just('\n'),
        Just('\r'),
        Just('\t'),
        Just(' '),
        Just('<'),
        Just('>'),
        Just('&'),
        Just('"'),
        Just('\''),
        Just(']'),
        Just('\\'),
        any::<char>().prop_filter("a character of XML", |c| crate::json::is_document_char(*c)),
    ];
    proptest::collection::vec(c, 0..12)
        .prop_map(|chars| spanned(&chars.into_iter().collect::<String>()))
}

fn type_text() -> impl Strategy<Value = Spanned> {
    prop_oneof![Just("Channel[Line]"), Just("u32"), Just("Folder[Object]")].prop_map(spanned)
}

fn filled() -> impl Strategy<Value = Spanned> {
    any_text().prop_filter("not empty", |text| !text.text.is_empty())
}

fn end() -> impl Strategy<Value = EndpointName> {
    (name(), name()).prop_map(|(of, name)| EndpointName {
        of,
        name,
        span: Default::default(),
    })
}

fn unique<T>(items: Vec<T>, key: impl Fn(&T) -> String) -> Vec<T> {
    let mut seen = std::collections::BTreeSet::new();
    items
        .into_iter()
        .filter(|item| seen.insert(key(item)))
        .collect()
}

fn reference() -> impl Strategy<Value = Reference> {
    let hash = proptest::option::of(Just(spanned(&"ab".repeat(32))));
    let library = (filled(), filled(), hash).prop_map(|(name, library, sha256)| {
        ReferenceKind::External(External {
            name,
            source: ExternalSource::Library {
                name: library,
                sha256,
            },
        })
    });
    let primitive = (
        filled(),
        proptest::option::of(any_text()),
        proptest::option::of(any_text()),
    )
        .prop_map(|(id, library, name)| ReferenceKind::Primitive(Primitive { id, library, name }));
    let with_as = |kind: BoxedStrategy<ReferenceKind>| {
        (proptest::option::of(type_text()), kind).prop_map(|(as_type, kind)| Reference {
            as_type,
            kind,
            span: Default::default(),
        })
    };
    let leaf = with_as(prop_oneof![library, primitive].boxed());
    leaf.prop_recursive(4, 24, 4, move |inner| {
        let component =
            (name(), inner.clone()).prop_map(|(name, reference)| Component { name, reference });
        let export = (end(), proptest::option::of(name()))
            .prop_map(|(endpoint, as_name)| ExportEntry { endpoint, as_name });
        let argument = prop_oneof![
            inner.clone().prop_map(Argument::Reference),
            type_text().prop_map(Argument::Type),
            any_text().prop_map(Argument::Value),
        ];
        let parameters = proptest::collection::vec((any_text(), argument), 0..4)
            .prop_map(|parameters| unique(parameters, |(name, _)| name.text.clone()))
            .boxed();
        let adapt =
            (name(), parameters.clone()).prop_map(|(name, parameters)| Adapt { name, parameters });
        let adapt = proptest::option::of(adapt);
        let connection = (end(), end(), adapt).prop_map(|(left, right, adapt)| Connection {
            ends: [left, right],
            adapt,
            span: Default::default(),
        });
        let composite = (
            proptest::collection::vec(component, 0..4),
            proptest::collection::vec(connection, 0..3),
            proptest::collection::vec(export, 0..3),
        )
            .prop_map(|(components, connections, exports)| {
                ReferenceKind::Composite(Composite {
                    components: unique(components, |part| part.name.text.clone()),
                    connections,
                    exports: unique(exports, |part| {
                        let name = part.as_name.as_ref().unwrap_or(&part.endpoint.name);
                        name.text.clone()
                    }),
                })
            });
        let external = (filled(), inner.clone()).prop_map(|(name, from)| {
            ReferenceKind::External(External {
                name,
                source: ExternalSource::From(Box::new(from)),
            })
        });
        let parameterized = (inner, parameters).prop_map(|(template, parameters)| {
            ReferenceKind::Parameterized(Parameterized {
                template: Box::new(template),
                parameters,
            })
        });
        with_as(prop_oneof![composite, external, parameterized].boxed())
    })
}

pub(crate) fn document() -> impl Strategy<Value = Document> {
    let about = (
        proptest::option::of(any_text()),
        proptest::option::of(any_text()),
    )
        .prop_map(|(name, comment)| About { name, comment });
    (
        proptest::option::of(any_text()),
        proptest::option::of(about),
        reference(),
    )
        .prop_map(|(types, about, root)| Document { types, about, root })
}

fn read_back(text: &str) -> Document {
    let (document, diagnostics) = read(&Source::new("test", text));
    document.unwrap_or_else(|| panic!("{diagnostics:?}\n{text}"))
}

proptest! {
    #[test]
    fn xml_and_json_and_back_lose_nothing(document in document()) {
        let xml = write_xml(&document);
        let from_xml = read_back(&xml);
        prop_assert_eq!(&from_xml, &document);
        let json = write_json(&from_xml);
        let from_json = read_back(&json);
        prop_assert_eq!(&from_json, &document);
        prop_assert_eq!(write_xml(&from_json), xml);
        prop_assert_eq!(read_back(&write_json_compact(&document)), document);
    }

    #[test]
    fn places_say_where_the_text_stands(document in document()) {
        for text in [write_xml(&document), write_json(&document)] {
            let source = Source::new("test", text.as_str());
            let read = read(&source).0.expect("it was written by us");
            let mut seen = Vec::new();
            texts(&read.root, &mut seen);
            for spanned in seen {
                let raw = &text[spanned.span.start..spanned.span.end];
                if spanned.verbatim {
                    prop_assert_eq!(raw, &spanned.text);
                }
            }
        }
    }

    #[test]
    fn no_text_makes_a_reader_panic(text in "[<>/=\"'&;!\\[\\]{}:, a-z\\\\\\-?\u{e9}]{0,60}") {
        let limits = Limits::default();
        let source = Source::new("test", text.as_str());
        read_xml(&source, &limits);
        read_json(&source, &limits);
        let inside = format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{text}</liveobject>");
        read_xml(&Source::new("test", inside), &limits);
    }
}

fn texts<'d>(reference: &'d Reference, out: &mut Vec<&'d Spanned>) {
    out.extend(&reference.as_type);
    match &reference.kind {
        ReferenceKind::Composite(composite) => {
            for component in &composite.components {
                out.push(&component.name);
                texts(&component.reference, out);
            }
            for connection in &composite.connections {
                out.extend(connection.ends.iter().flat_map(|end| [&end.of, &end.name]));
                out.extend(connection.adapt.iter().map(|adapt| &adapt.name));
            }
        }
        ReferenceKind::External(external) => {
            out.push(&external.name);
            match &external.source {
                ExternalSource::From(from) => texts(from, out),
                ExternalSource::Library { name, .. } => out.push(name),
            }
        }
        ReferenceKind::Parameterized(inner) => {
            texts(&inner.template, out);
            for (name, argument) in &inner.parameters {
                out.push(name);
                match argument {
                    Argument::Reference(reference) => texts(reference, out),
                    Argument::Type(text) | Argument::Value(text) => out.push(text),
                }
            }
        }
        ReferenceKind::Primitive(primitive) => out.push(&primitive.id),
    }
}
