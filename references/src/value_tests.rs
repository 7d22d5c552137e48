use std::collections::BTreeMap;
use std::sync::Arc;

use expect_test::{Expect, expect};
use liveobj_types::types::{Basic, Origin, Value};
use liveobj_types::{Data, Module, Source, TypeId, Types, ValueId, codes};
use proptest::prelude::*;

use crate::limits::Limits;
use crate::value::{Notation, Purpose, read_value};
use crate::{value_to_json, value_to_text};

/// A type that can be built in any arena.
#[derive(Clone, Debug)]
enum Shape {
    Basic(Basic),
    List(Box<Shape>),
    Option(Box<Shape>),
    Map(Basic, Box<Shape>),
    Tuple(Vec<Shape>),
    Record(BTreeMap<String, Shape>),
    Variant(BTreeMap<String, Option<Shape>>),
}

impl Shape {
    fn build(&self, types: &mut Types) -> ValueId {
        let value = match self {
            Shape::Basic(basic) => Value::Basic(*basic),
            Shape::List(item) => Value::List(item.build(types)),
            Shape::Option(item) => Value::Option(item.build(types)),
            Shape::Map(key, value) => {
                Value::Map(Shape::Basic(*key).build(types), value.build(types))
            }
            Shape::Tuple(items) => {
                Value::Tuple(items.iter().map(|item| item.build(types)).collect())
            }
            Shape::Record(fields) => Value::Record {
                fields: fields
                    .iter()
                    .map(|(name, field)| (name.clone(), field.build(types)))
                    .collect(),
                open: false,
            },
            Shape::Variant(cases) => Value::Variant(
                cases
                    .iter()
                    .map(|(name, payload)| {
                        (
                            name.clone(),
                            payload.as_ref().map(|payload| payload.build(types)),
                        )
                    })
                    .collect(),
            ),
        };
        types.add_value(value, Origin::default())
    }

    fn data(&self) -> BoxedStrategy<Data> {
        match self {
            Shape::Basic(basic) => basic_data(*basic),
            Shape::List(item) => proptest::collection::vec(item.data(), 0..3)
                .prop_map(Data::List)
                .boxed(),
            Shape::Option(item) => proptest::option::of(item.data())
                .prop_map(|item| Data::Option(item.map(Box::new)))
                .boxed(),
            Shape::Map(key, value) => {
                proptest::collection::vec((basic_data(*key), value.data()), 0..3)
                    .prop_map(|mut entries| {
                        entries.sort_by(|(left, _), (right, _)| left.total_cmp(right));
                        entries.dedup_by(|(later, _), (first, _)| {
                            later.total_cmp(first) == std::cmp::Ordering::Equal
                        });
                        Data::Map(entries)
                    })
                    .boxed()
            }
            Shape::Tuple(items) => items
                .iter()
                .map(Shape::data)
                .collect::<Vec<_>>()
                .prop_map(Data::Tuple)
                .boxed(),
            Shape::Record(fields) => {
                let names: Vec<String> = fields.keys().cloned().collect();
                fields
                    .values()
                    .map(Shape::data)
                    .collect::<Vec<_>>()
                    .prop_map(move |values| {
                        Data::Record(names.iter().cloned().zip(values).collect())
                    })
                    .boxed()
            }
            Shape::Variant(cases) => {
                let cases: Vec<_> = cases
                    .iter()
                    .map(|(name, payload)| {
                        let name = name.clone();
                        match payload {
                            None => Just(Data::Variant(name, None)).boxed(),
                            Some(payload) => payload
                                .data()
                                .prop_map(move |data| {
                                    Data::Variant(name.clone(), Some(Box::new(data)))
                                })
                                .boxed(),
                        }
                    })
                    .collect();
                proptest::strategy::Union::new(cases).boxed()
            }
        }
    }
}

fn document_char() -> impl Strategy<Value = char> {
    any::<char>().prop_filter("of a document", |c| crate::json::is_document_char(*c))
}

fn basic_data(basic: Basic) -> BoxedStrategy<Data> {
    match basic {
        Basic::Bool => any::<bool>().prop_map(Data::Bool).boxed(),
        Basic::U8 => any::<u8>().prop_map(Data::U8).boxed(),
        Basic::U16 => any::<u16>().prop_map(Data::U16).boxed(),
        Basic::U32 => any::<u32>().prop_map(Data::U32).boxed(),
        Basic::U64 => any::<u64>().prop_map(Data::U64).boxed(),
        Basic::S8 => any::<i8>().prop_map(Data::S8).boxed(),
        Basic::S16 => any::<i16>().prop_map(Data::S16).boxed(),
        Basic::S32 => any::<i32>().prop_map(Data::S32).boxed(),
        Basic::S64 => any::<i64>().prop_map(Data::S64).boxed(),
        Basic::F32 => any::<f32>().prop_map(Data::F32).boxed(),
        Basic::F64 => any::<f64>().prop_map(Data::F64).boxed(),
        Basic::Char => document_char().prop_map(Data::Char).boxed(),
        Basic::String => proptest::collection::vec(document_char(), 0..4)
            .prop_map(|chars| Data::String(chars.into_iter().collect()))
            .boxed(),
        Basic::Bytes => any::<Vec<u8>>().prop_map(Data::Bytes).boxed(),
        Basic::Uuid => any::<[u8; 16]>().prop_map(Data::Uuid).boxed(),
    }
}

fn shape() -> impl Strategy<Value = Shape> {
    let basic = proptest::sample::select(Basic::ALL.as_slice());
    let keys = [
        Basic::String,
        Basic::U64,
        Basic::Bool,
        Basic::Bytes,
        Basic::Char,
    ];
    let name = "[a-z]{1,3}";
    basic
        .prop_map(Shape::Basic)
        .prop_recursive(3, 12, 3, move |inner| {
            prop_oneof![
                inner.clone().prop_map(|item| Shape::List(Box::new(item))),
                inner.clone().prop_map(|item| Shape::Option(Box::new(item))),
                (proptest::sample::select(keys.to_vec()), inner.clone())
                    .prop_map(|(key, value)| Shape::Map(key, Box::new(value))),
                proptest::collection::vec(inner.clone(), 1..3).prop_map(Shape::Tuple),
                proptest::collection::btree_map(name, inner.clone(), 0..3).prop_map(Shape::Record),
                proptest::collection::btree_map(name, proptest::option::of(inner), 1..3)
                    .prop_map(Shape::Variant),
            ]
        })
}

fn read(types: &Types, ty: ValueId, text: &str, notation: Notation) -> Result<Data, String> {
    let source = Source::new("value", text);
    let purpose = Purpose {
        code: codes::INVALID_VALUE,
        name: "v",
    };
    read_value(types, ty, &source, notation, purpose, &Limits::default())
        .map(|read| read.data)
        .map_err(|found| {
            let lines = found.iter().map(|found| {
                let help = found.help.as_ref().map(|help| format!(" ({help})"));
                let span = found.labels[0].place.span;
                format!(
                    "{}..{} {}{}\n",
                    span.start,
                    span.end,
                    found.message,
                    help.unwrap_or_default()
                )
            });
            lines.collect()
        })
}

proptest! {
    #[test]
    fn values_read_back(
        (shape, data) in shape().prop_flat_map(|shape| (Just(shape.clone()), shape.data()))
    ) {
        let mut types = Types::new();
        let ty = shape.build(&mut types);
        let json = value_to_json(&types, ty, &data).expect("it is of the type");
        let again = read(&types, ty, &json, Notation::Json).expect("it reads back");
        prop_assert_eq!(again.total_cmp(&data), std::cmp::Ordering::Equal, "{}", json);
        let text = value_to_text(&types, ty, &data).expect("it is of the type");
        let again = read(&types, ty, &text, Notation::Argument).expect("it reads back");
        prop_assert_eq!(again.total_cmp(&data), std::cmp::Ordering::Equal, "{}", text);
    }
}

/// Reads JSON of the type `expr`, where `declarations` are visible.
fn value(declarations: &str, expr: &str, json: &str) -> Result<String, String> {
    let source = Source::new("types", declarations);
    let (module, found) = Module::parse_in("types", &source, &[Module::standard()], &mut |_| {
        None::<Arc<Module>>
    });
    assert!(found.is_empty(), "{found:?}");
    let source = Source::new("type", expr);
    let expr = liveobj_types::syntax::parse_type(&source).expect("a type");
    let mut types = Types::new();
    let id = types
        .resolve(&module, &source, &expr, &BTreeMap::new())
        .expect("it resolves");
    let TypeId::Value(ty) = id else {
        panic!("a value type")
    };
    read(&types, ty, json, Notation::Json)
        .map(|data| value_to_json(&types, ty, &data).expect("it is of the type"))
}

fn accepts(expr: &str, json: &str) {
    assert_eq!(value("", expr, json).as_deref(), Ok(json));
}

fn refuses(declarations: &str, expr: &str, json: &str, expect: Expect) {
    expect.assert_eq(&value(declarations, expr, json).expect_err("it is not a value"));
}

#[test]
fn integers_are_exact() {
    accepts("u64", "18446744073709551615");
    accepts("s64", "-9223372036854775808");
    accepts("list[u64]", "[9007199254740993,0]");
}

#[test]
fn floating_point_numbers_are_exact_and_have_names_where_json_has_no_digits() {
    accepts("f64", "0.1");
    accepts("f64", "1e300");
    accepts("f64", "-0.0");
    accepts("f32", "16777216.0");
    accepts("list[f64]", r#"["NaN","Infinity","-Infinity"]"#);
    assert_eq!(value("", "f32", "1").as_deref(), Ok("1.0"));
}

#[test]
fn every_shape_has_its_notation() {
    accepts("bytes", r#""AAEC""#);
    accepts("uuid", r#""01234567-89ab-cdef-0123-456789abcdef""#);
    accepts("char", r#""é""#);
    accepts("tuple[u8, string]", r#"[1,"x"]"#);
    accepts("map[string, u8]", r#"{"a":1,"b":2}"#);
    accepts("map[u8, string]", r#"[[1,"a"],[2,"b"]]"#);
    accepts("option[u8]", "null");
    accepts("option[u8]", "7");
}

#[test]
fn options_in_options_are_told_apart() {
    accepts("option[option[u8]]", "null");
    accepts("option[option[u8]]", "[null]");
    accepts("option[option[u8]]", "[7]");
    accepts("option[option[option[u8]]]", "[[null]]");
    refuses(
        "",
        "option[option[u8]]",
        "7",
        expect![[r#"
        0..1 `v`: expected `null` or a list of one: an option in an option
    "#]],
    );
}

#[test]
fn map_entries_are_sorted_and_unique() {
    assert_eq!(
        value("", "map[u64, bool]", "[[10,true],[9,false]]").as_deref(),
        Ok("[[9,false],[10,true]]")
    );
    refuses(
        "",
        "map[u8, bool]",
        "[[1,true],[1,false]]",
        expect![[r#"
            11..12 `v`: this key stands twice
        "#]],
    );
    refuses(
        "",
        "map[string, bool]",
        r#"{"a":true,"a":false}"#,
        expect![[r#"
            11..12 `v`: this key stands twice
        "#]],
    );
}

#[test]
fn an_absent_field_of_an_option_type_is_none() {
    let types = "record R { a: u8, b: option<u8> }";
    assert_eq!(
        value(types, "R", r#"{"a":1}"#).as_deref(),
        Ok(r#"{"a":1,"b":null}"#)
    );
}

#[test]
fn faults_name_the_way_to_the_part() {
    let types = "record Options { limits: list<Limit>, color: Color }
        record Limit { name: string, size: u8 }
        variant Color { red, mixed(list<u8>) }";
    refuses(
        types,
        "Options",
        r#"{"limits": [{"name": "x", "size": 1}, {"nam": 3, "size": 300}], "color": "reed"}"#,
        expect![[r#"
            40..43 `v.limits[1].nam`: the record has no such field (did you mean `name`?)
            57..60 `v.limits[1].size`: expected `u8` (0 to 255), found `300`
            74..78 `v.color`: there is no case `reed` (did you mean `red`?)
        "#]],
    );
    refuses(
        types,
        "Color",
        r#"{"mixed": [1, -1]}"#,
        expect![[r#"
        14..16 `v.mixed[1]`: expected `u8` (0 to 255), found `-1`
    "#]],
    );
    refuses(
        types,
        "Color",
        r#"{"red": 1}"#,
        expect![[r#"
        0..10 `v`: case `red` has no payload (write `"red"`)
    "#]],
    );
    refuses(
        types,
        "Color",
        r#""mixed""#,
        expect![[r#"
        0..7 `v`: case `mixed` has a payload (write `{"mixed": …}`)
    "#]],
    );
    refuses(
        types,
        "Limit",
        "[]",
        expect![[r#"
        0..2 `v`: expected `Limit`, found a list
    "#]],
    );
}

#[test]
fn numbers_of_other_kinds_are_refused() {
    refuses(
        "",
        "u8",
        "256",
        expect![[r#"
        0..3 `v`: expected `u8` (0 to 255), found `256`
    "#]],
    );
    refuses(
        "",
        "u8",
        "-1",
        expect![[r#"
        0..2 `v`: expected `u8` (0 to 255), found `-1`
    "#]],
    );
    refuses(
        "",
        "u32",
        "1.0",
        expect![[r#"
            0..3 `v`: expected `u32` (a whole number, not negative), found `1.0`
        "#]],
    );
    refuses(
        "",
        "f64",
        "1e400",
        expect![[r#"
        0..5 `v`: expected `f64`, found `1e400`
    "#]],
    );
    refuses(
        "",
        "char",
        r#""ab""#,
        expect![[r#"
        0..4 `v`: expected `char` (a string of one character), found `"ab"`
    "#]],
    );
    refuses(
        "",
        "bytes",
        r#""AAE""#,
        expect![[r#"
        0..5 `v`: expected `bytes` (a string in base64), found `"AAE"`
    "#]],
    );
    refuses(
        "",
        "uuid",
        r#""0123""#,
        expect![[r#"
        0..6 `v`: expected `uuid` (a string like `01234567-89ab-cdef-0123-456789abcdef`), found `"0123"`
    "#]],
    );
    refuses(
        "",
        "bool",
        "1",
        expect![[r#"
        0..1 `v`: expected `bool` (`true` or `false`), found `1`
    "#]],
    );
}

#[test]
fn texts_that_are_no_json_are_told_by_what_was_needed() {
    refuses(
        "",
        "u8",
        "one",
        expect![[r#"
        0..3 `v`: expected `u8` (0 to 255), found `one`
    "#]],
    );
    refuses(
        "",
        "bytes",
        "AAEC",
        expect![[r#"
        0..4 `v`: expected `bytes` (a string in base64), found `AAEC` (put it in double quotes: `"AAEC"`)
    "#]],
    );
    refuses(
        "",
        "list[u8]",
        "[1, 2",
        expect![[r#"
        5..5 `v`: expected `,` or `]`, found the end of the text
    "#]],
    );
    refuses(
        "enum Color { red, green }",
        "Color",
        "red",
        expect![[r#"
            0..3 `v`: expected `Color`, found `red` (put it in double quotes: `"red"`)
        "#]],
    );
}

#[test]
fn external_endpoints_and_deep_values_cannot_be_written() {
    refuses(
        "",
        "external[Text]",
        "{}",
        expect![[r#"
        0..2 `v`: a reference to an endpoint cannot be written down, only received
    "#]],
    );
    let deep = format!("{}null{}", r#"{"next":"#.repeat(40), "}".repeat(40));
    let found = value("record Node { next: option<Node> }", "Node", &deep).expect_err("too deep");
    assert!(found.contains("nested more than 64 levels deep"), "{found}");
}
