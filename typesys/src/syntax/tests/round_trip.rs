//! Printing and reading back is the identity, over generated trees.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use super::source;
use crate::source::Span;
use crate::syntax::{
    Alias, Brackets, Constraint, ConstraintRole, Default, Direction, Endpoint, EndpointMember,
    Enum, Event, EventParameter, Field, File, Ident, Item, Kind, Object, ObjectEndpoint, Record,
    Template, TypeExpr, TypeParameter, Use, ValueParameter, Variant, VariantCase, is_built_in,
    is_reserved_event, parse_file, parse_type, print_file, print_item, print_type,
};

fn ident(name: impl Into<String>) -> Ident {
    Ident {
        name: name.into(),
        span: Span::default(),
    }
}

/// Any name that can be declared, keywords among them.
fn name() -> impl Strategy<Value = Ident> {
    let keyword = prop::sample::select(vec![
        "in",
        "out",
        "record",
        "many",
        "state",
        "mandatory",
        "private",
        "refusable",
        "given",
        "type",
        "use",
        "value",
        "endpoint",
        "object",
        "template",
        "adapter",
        "provides",
        "_",
    ]);
    prop_oneof![
        keyword.prop_map(str::to_owned),
        "[A-Za-z_][A-Za-z0-9_]{0,20}"
    ]
    .prop_filter("declarable", |name| {
        !is_built_in(name) && !is_reserved_event(name)
    })
    .prop_map(ident)
}

/// Different names for each of the parts.
fn distinct<T: std::fmt::Debug>(
    parts: impl Strategy<Value = T>,
) -> impl Strategy<Value = Vec<(Ident, T)>> {
    vec((name(), parts), 0..6).prop_map(|mut parts| {
        let mut seen = std::collections::BTreeSet::new();
        parts.retain(|(name, _)| seen.insert(name.name.clone()));
        parts
    })
}

fn ty() -> impl Strategy<Value = TypeExpr> {
    let named = |name: Ident, arguments| TypeExpr::Named {
        name,
        arguments,
        span: Span::default(),
    };
    let basic = prop::sample::select(vec!["bool", "u8", "string", "Object", "list", "map"]);
    let head = prop_oneof![basic.prop_map(ident), name()];
    let leaf = head.prop_map(move |name| named(name, Vec::new()));
    leaf.prop_recursive(6, 30, 3, move |inner| {
        let mirror = inner.clone().prop_map(|inner| TypeExpr::Mirror {
            inner: Box::new(inner),
            span: Span::default(),
        });
        let arguments = vec(inner, 1..4);
        let applied = (name(), arguments).prop_map(move |(name, args)| named(name, args));
        prop_oneof![1 => mirror, 3 => applied]
    })
}

fn doc() -> impl Strategy<Value = Vec<String>> {
    // No line ends inside a line, no white space at its end.
    vec("( {0,2}[!-~é/][ -~]{0,40}[!-~])?", 0..3)
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[ -~]{0,60}", any::<String>()]
}

fn json() -> impl Strategy<Value = String> {
    let scalar = prop_oneof![
        "-?(0|[1-9][0-9]{0,5})(\\.[0-9]{1,3})?([eE][+-]?[0-9]{1,2})?",
        r#""([ !#-\[\]-~é]|\\["\\/bn]){0,12}""#,
        prop::sample::select(vec!["true", "false", "null"]).prop_map(str::to_owned),
    ];
    scalar.prop_recursive(4, 16, 3, |inner| {
        let list = vec(inner.clone(), 0..4).prop_map(|parts| format!("[{}]", parts.join(" , ")));
        let map = vec(inner, 0..4).prop_map(|parts| {
            let parts = parts
                .iter()
                .enumerate()
                .map(|(i, part)| format!("\"{i}\":\n {part}"));
            format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
        });
        prop_oneof![list, map]
    })
}

fn parameters() -> impl Strategy<Value = Vec<TypeParameter>> {
    let kind = prop::sample::select(vec![Kind::Value, Kind::Endpoint, Kind::Object]);
    distinct((kind, option::of(ty()))).prop_map(|parts| {
        let parts = parts.into_iter();
        parts
            .map(|(name, (kind, bound))| TypeParameter { name, kind, bound })
            .collect()
    })
}

fn constraint() -> impl Strategy<Value = Constraint> {
    let role = prop::sample::select(vec![
        ConstraintRole::Provides,
        ConstraintRole::Requires,
        ConstraintRole::Follows,
    ]);
    (role, name(), text(), option::of(text())).prop_map(|(role, formalism, text, given)| {
        Constraint {
            role,
            formalism,
            text,
            text_span: Span::default(),
            given,
        }
    })
}

fn endpoint() -> impl Strategy<Value = Item> {
    let event = (
        doc(),
        any::<bool>(),
        distinct(ty()),
        any::<bool>(),
        any::<bool>(),
    );
    let members = (distinct(event), vec(constraint(), 0..3));
    (doc(), name(), parameters(), members).prop_map(|(doc, name, parameters, members)| {
        let events = members
            .0
            .into_iter()
            .map(|(name, (doc, is_in, parameters, open, flag))| {
                let parameters = parameters.into_iter();
                EndpointMember::Event(Event {
                    doc,
                    direction: if is_in { Direction::In } else { Direction::Out },
                    name,
                    parameters: parameters
                        .map(|(name, ty)| EventParameter { name, ty })
                        .collect(),
                    open,
                    refusable: flag && !is_in,
                })
            });
        let constraints = members.1.into_iter().map(EndpointMember::Constraint);
        let members = events.chain(constraints).collect();
        Item::Endpoint(Endpoint {
            doc,
            name,
            parameters,
            members,
        })
    })
}

fn object() -> impl Strategy<Value = Item> {
    let endpoints = distinct((doc(), ty(), any::<bool>(), any::<bool>()));
    let head = (doc(), name(), parameters());
    (head, endpoints, vec(constraint(), 0..3), option::of(ty())).prop_map(
        |((doc, name, parameters), endpoints, constraints, state)| {
            let endpoints = endpoints
                .into_iter()
                .map(|(name, (doc, ty, many, mandatory))| ObjectEndpoint {
                    doc,
                    name,
                    ty,
                    many,
                    mandatory,
                });
            let endpoints = endpoints.collect();
            Item::Object(Object {
                doc,
                name,
                parameters,
                endpoints,
                constraints,
                state,
            })
        },
    )
}

fn template() -> impl Strategy<Value = Item> {
    let values = distinct((ty(), option::of(json())));
    let private = distinct((doc(), ty(), any::<bool>()));
    let head = (doc(), any::<bool>(), name(), parameters());
    (head, values, ty(), private).prop_map(
        |((doc, adapter, name, type_parameters), values, result, private)| {
            let private = private.into_iter();
            let private = private.map(|(name, (doc, ty, many))| ObjectEndpoint {
                doc,
                name,
                ty,
                many,
                mandatory: false,
            });
            let taken = |name: &Ident| type_parameters.iter().any(|each| each.name == *name);
            let values = values.into_iter().filter(|(name, _)| !taken(name));
            let value_parameters = values.map(|(name, (ty, json))| ValueParameter {
                name,
                ty,
                default: json.map(|json| Default {
                    json,
                    span: Span::default(),
                }),
            });
            let value_parameters = value_parameters.collect();
            Item::Template(Template {
                doc,
                adapter,
                name,
                type_parameters,
                value_parameters,
                result,
                private: private.collect(),
            })
        },
    )
}

pub(super) fn item() -> impl Strategy<Value = Item> {
    let alias = (doc(), name(), parameters(), ty()).prop_map(|(doc, name, parameters, target)| {
        Item::Alias(Alias {
            doc,
            name,
            parameters,
            target,
        })
    });
    let record = (
        doc(),
        name(),
        parameters(),
        distinct((doc(), ty())),
        any::<bool>(),
    )
        .prop_map(|(doc, name, parameters, fields, open)| {
            let fields = fields
                .into_iter()
                .map(|(name, (doc, ty))| Field { doc, name, ty });
            Item::Record(Record {
                doc,
                name,
                parameters,
                fields: fields.collect(),
                open,
            })
        });
    let variant = (
        doc(),
        name(),
        parameters(),
        distinct((doc(), option::of(ty()))),
    )
        .prop_map(|(doc, name, parameters, cases)| {
            let cases = cases.into_iter();
            let cases = cases.map(|(name, (doc, payload))| VariantCase { doc, name, payload });
            Item::Variant(Variant {
                doc,
                name,
                parameters,
                cases: cases.collect(),
            })
        });
    let cases = distinct(doc()).prop_map(|cases| cases.into_iter().map(|(n, d)| (d, n)).collect());
    let enumeration =
        (doc(), name(), cases).prop_map(|(doc, name, cases)| Item::Enum(Enum { doc, name, cases }));
    let uses = text().prop_map(|library| {
        Item::Use(Use {
            library,
            span: Span::default(),
        })
    });
    prop_oneof![
        alias,
        record,
        variant,
        enumeration,
        uses,
        endpoint(),
        object(),
        template()
    ]
}

proptest! {
    #[test]
    fn files_read_back_as_they_are(items in vec(item(), 0..6)) {
        let file = File { items };
        let printed = print_file(&file);
        prop_assert_eq!(parse_file(&source(&printed)), Ok(file), "{}", printed);
    }

    #[test]
    fn the_canonical_form_is_a_fixed_point(item in item()) {
        let printed = print_item(&item);
        let file = parse_file(&source(&printed)).unwrap();
        prop_assert_eq!(print_file(&file), printed);
    }

    #[test]
    fn types_read_back_as_they_are(ty in ty(), square in any::<bool>()) {
        let brackets = if square { Brackets::Square } else { Brackets::Angle };
        let printed = print_type(&ty, brackets);
        prop_assert_eq!(parse_type(&source(&printed)), Ok(ty), "{}", printed);
    }

    #[test]
    fn no_text_is_too_strange(text in any::<String>()) {
        let _ = parse_file(&source(&text));
        let _ = parse_type(&source(&text));
    }

    /// A valid text with one piece cut out: refused or not, every place lies inside the text.
    #[test]
    fn damaged_texts_are_told_inside_the_text(
        items in vec(item(), 1..4), from in 0.0..1.0, length in 0usize..30,
    ) {
        let printed = print_file(&File { items });
        let chars: Vec<char> = printed.chars().collect();
        let from = (chars.len() as f64 * from) as usize;
        let rest = chars.iter().skip(from + length);
        let text: String = chars[..from].iter().chain(rest).collect();
        for fault in parse_file(&source(&text)).err().unwrap_or_default() {
            for label in fault.labels {
                prop_assert!(text.get(label.place.span.start..label.place.span.end).is_some());
            }
        }
    }
}
