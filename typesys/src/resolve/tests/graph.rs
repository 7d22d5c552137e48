//! What types look like once they are resolved.

use std::collections::BTreeSet;

use expect_test::{Expect, expect};

use super::*;
use crate::syntax::Direction;
use crate::types::{Basic, Endpoint, Value};

const TEXT: &str = r#"
    use "liveobj:standard";
    type Name = string;
    record Line { text: Name, at: u32, .. }
    record Pair<A: value, B: value> { a: A, b: B }
    variant Change { edit(Line), clear }
    enum Color { red, green }
    type Forest = list<Forest>;
    endpoint Lookup<Item: object> {
        in  get(name: string, among: list<Line>);
        out item(value: reference<Item>, ..) refusable;
        out missing();
        follows session "rec X . ?get;
                         +{!item; X, !missing; X}";
        provides properties "fifo" given "a  b";
        requires properties "best_effort";
    }
    object Group<Member: object> {
        mandatory endpoint lookup: Lookup<Member>;
        endpoint back: mirror Lookup<Object> many;
        provides cardinality "at most 64 instances of back connected";
        state Pair<Name, list<Change>>;
    }
    template group<T: value, O: object <: Group<Object>>(
        first: Pair<T, u8>, more: list<T> = []
    ): Group<O>;
"#;

fn describe(text: &str, expect: Expect) {
    let mut types = Types::new();
    let id = resolve(&mut types, &module(TEXT), text);
    expect.assert_eq(&types.describe(id));
}

#[test]
fn types_are_described_by_their_names() {
    describe("Name", expect!["string"]);
    describe(
        "Pair<Name, list<option<Line>>>",
        expect!["Pair<string, list<option<Line>>>"],
    );
    describe(
        "map<Color, tuple<Change, bytes>>",
        expect!["map<Color, tuple<Change, bytes>>"],
    );
    describe(
        "external<mirror Lookup<Group<Object>>>",
        expect!["external<mirror Lookup<Group<Object>>>"],
    );
    describe("mirror mirror Lookup<Object>", expect!["Lookup<Object>"]);
    describe(
        "Forest",
        expect!["list<list<list<list<list<list<list<list<list<…>>>>>>>>>"],
    );
}

#[test]
fn long_descriptions_are_cut() {
    let mut text = "Line".to_owned();
    for _ in 0..40 {
        text = format!(
            "tuple<{text}, {text_short}>",
            text_short = "Pair<u64, string>"
        );
    }
    let mut types = Types::new();
    let id = resolve(&mut types, &module(TEXT), &text);
    let description = types.describe(id);
    assert!(description.chars().count() <= 201, "{description}");
    assert!(description.contains('…'), "{description}");
}

#[test]
fn structures_without_names_are_described_inline() {
    let mut types = Types::new();
    let module = module(TEXT);
    let TypeId::Endpoint(lookup) = resolve(&mut types, &module, "Lookup<Object>") else {
        panic!()
    };
    let Endpoint::Events { events, .. } = types.endpoint(lookup).clone() else {
        panic!()
    };
    expect!["record { among: list<Line>, name: string }"]
        .assert_eq(&types.describe(TypeId::Value(events["get"].payload)));
    let nameless = types.endpoint(lookup).clone();
    let id = types.add_endpoint(nameless, Default::default());
    expect![[r#"endpoint { in get(name: string, among: list<Line>); out item(value: reference<Object>, ..) refusable; out missing(); follows session "rec X . ?get; +{!item; X, !missing; X}"; provides properties "fifo…"#]].assert_eq(&types.describe(TypeId::Endpoint(id)));
}

#[test]
fn declarations_are_printed_whole() {
    let mut types = Types::new();
    let module = module(TEXT);
    let uses = [
        "Line",
        "Change",
        "Color",
        "Lookup<Object>",
        "mirror Lookup<Object>",
        "Group<Object>",
        "Object",
        "Forest",
    ];
    let mut all = String::new();
    for text in uses {
        let id = resolve(&mut types, &module, text);
        all += &types.declaration(id);
        all += "\n";
    }
    expect![[r#"
        record Line {
            at: u32,
            text: string,
            ..
        }
        variant Change {
            clear,
            edit(Line),
        }
        enum Color {
            green,
            red,
        }
        endpoint Lookup<Object> {
            in get(name: string, among: list<Line>);
            out item(value: reference<Object>, ..) refusable;
            out missing();
            follows session "rec X . ?get; +{!item; X, !missing; X}";
            provides properties "fifo" given "a b";
            requires properties "best_effort";
        }
        endpoint mirror Lookup<Object> {
            out get(name: string, among: list<Line>);
            in item(value: reference<Object>, ..);
            in missing();
            provides session "rec X . ?get; +{!item; X, !missing; X}"; // the dual of this text
            provides properties "best_effort";
            requires session "rec X . ?get; +{!item; X, !missing; X}";
            requires properties "fifo" given "a b";
        }
        object Group<Object> {
            endpoint back: mirror Lookup<Object> many;
            mandatory endpoint lookup: Lookup<Object>;
            provides cardinality "at most 64 instances of back connected";
            state Pair<string, list<Change>>;
        }
        Object
        list<list<list<list<list<list<list<list<list<…>>>>>>>>>
    "#]]
    .assert_eq(&all);
}

#[test]
fn a_derived_type_is_printed_with_what_it_hides() {
    let mut types = Types::new();
    let TypeId::Object(group) = resolve(&mut types, &module(TEXT), "Group<Object>") else {
        panic!()
    };
    let Object::Endpoints(mut body) = types.object(group).clone() else {
        panic!()
    };
    let back = body.endpoints.remove("back").unwrap();
    body.hidden.insert("part/back".to_owned(), back);
    body.provides[0]
        .renamed
        .insert("back".to_owned(), "part/back".to_owned());
    let id = types.add_object(Object::Endpoints(body), Default::default());
    expect![[r#"
        object {
            mandatory endpoint lookup: Lookup<Object>;
            // hidden: endpoint part/back: mirror Lookup<Object> many;
            provides cardinality "at most 64 instances of back connected"; // `back` is `part/back`
            state Pair<string, list<Change>>;
        }"#]]
    .assert_eq(&types.declaration(TypeId::Object(id)));
}

#[test]
fn recursion_becomes_a_cycle() {
    let mut types = Types::new();
    let TypeId::Value(forest) = resolve(&mut types, &module(TEXT), "Forest") else {
        panic!()
    };
    assert_eq!(types.value(forest), &Value::List(forest));
}

#[test]
fn follows_binds_both_sides() {
    let mut types = Types::new();
    let id = resolve(&mut types, &module(TEXT), "Lookup<Object>");
    let TypeId::Endpoint(id) = id else { panic!() };
    let Endpoint::Events {
        events,
        provides,
        requires,
    } = types.endpoint(id)
    else {
        panic!()
    };
    assert_eq!(&*provides[0].text, "rec X . ?get; +{!item; X, !missing; X}");
    assert_eq!(
        (&provides[0].text, false),
        (&requires[0].text, provides[0].dual)
    );
    assert!(requires[0].dual);
    assert_eq!(provides[1].given.as_deref(), Some("a b"));
    assert_eq!(events["get"].order, ["name", "among"]);
    assert_eq!(events["item"].direction, Direction::Out);
}

#[test]
fn an_environment_gives_parameters_their_meaning() {
    let mut types = Types::new();
    let module = module(TEXT);
    let line = resolve(&mut types, &module, "Line");
    let source = Source::new("as", "Pair<T, list<T>>");
    let expr = parse_type(&source).unwrap();
    let environment = Environment::from([("T".to_owned(), line)]);
    let id = types
        .resolve(&module, &source, &expr, &environment)
        .unwrap();
    assert_eq!(types.describe(id), "Pair<Line, list<Line>>");
    assert_eq!(id, resolve(&mut types, &module, "Pair<Line, list<Line>>"));
}

fn template(
    types: &mut Types,
    arguments: &Environment,
) -> Result<TemplateSignature, Vec<Diagnostic>> {
    let module = module(TEXT);
    let Some((declaring, crate::syntax::Item::Template(template))) = module.lookup("group") else {
        panic!()
    };
    types.template(declaring, template, arguments)
}

fn signature(types: &Types, template: &TemplateSignature) -> String {
    let mut out = String::new();
    for (name, kind, bound) in &template.type_parameters {
        let bound = bound.map(|bound| types.describe(bound));
        writeln!(out, "{name}: {} {bound:?}", kind.as_str()).unwrap();
    }
    for parameter in &template.value_parameters {
        let ty = types.describe(TypeId::Value(parameter.ty));
        let default = parameter.default.as_ref().map(|default| &default.json);
        writeln!(out, "{}: {ty} {default:?}", parameter.name).unwrap();
    }
    out + &types.describe(TypeId::Object(template.result))
}

#[test]
fn a_template_keeps_the_parameters_that_are_missing() {
    let mut types = Types::new();
    let group = template(&mut types, &Environment::new()).unwrap();
    expect![[r#"
        T: value None
        O: object Some("Group<Object>")
        first: Pair<T, u8> None
        more: list<T> Some("[]")
        Group<O>"#]]
    .assert_eq(&signature(&types, &group));
    let Value::Record { fields, .. } = types.value(group.value_parameters[0].ty) else {
        panic!()
    };
    assert!(matches!(types.value(fields["a"]), Value::Parameter(_)));
}

#[test]
fn a_template_is_resolved_with_its_arguments() {
    let mut types = Types::new();
    let group = resolve(&mut types, &module(TEXT), "Group<Group<Object>>");
    let number = resolve(&mut types, &module(TEXT), "u64");
    let arguments = Environment::from([("T".to_owned(), number), ("O".to_owned(), group)]);
    let group = template(&mut types, &arguments).unwrap();
    expect![[r#"
        T: value None
        O: object Some("Group<Object>")
        first: Pair<u64, u8> None
        more: list<u64> Some("[]")
        Group<Group<Group<Object>>>"#]]
    .assert_eq(&signature(&types, &group));
}

#[test]
fn a_template_refuses_arguments_of_another_kind_and_out_of_bounds() {
    let mut types = Types::new();
    let object = resolve(&mut types, &module(TEXT), "Channel<u8>");
    let wrong = Environment::from([("T".to_owned(), object)]);
    let faults = template(&mut types, &wrong).unwrap_err();
    expect![[r#"
        24:20 `T` wrong-kind: parameter `T` of `group` is a value type, but `Channel<u8>` is an object type
    "#]].assert_eq(&shown(&faults));
    let outside = Environment::from([("O".to_owned(), object)]);
    let faults = template(&mut types, &outside).unwrap_err();
    expect![[r#"
        24:30 `O` argument-out-of-bound: `Channel<u8>` is not a subtype of `Group<Object>`, the bound of `O` in `group`
          note: `Channel<u8>` has no endpoint `back`, which `Group<Object>` needs
          note: `Channel<u8>` has no endpoint `lookup`, which `Group<Object>` needs
          note: `Group<Object>` provides cardinality "at most 64 instances of back connected", and `Channel<u8>` provides nothing in `cardinality`; whether that suffices is not known: no formalism `cardinality` is registered
          note: a composite that connects `back` of a `Group<Object>` would find no such endpoint
          help: give a subtype of `Group<Object>`
    "#]].assert_eq(&shown(&faults));
}

#[test]
fn an_object_type_is_demanded_where_one_is_needed() {
    let mut types = Types::new();
    let source = Source::new("as", "Line");
    let expr = parse_type(&source).unwrap();
    let faults = types.resolve_object(&module(TEXT), &source, &expr, &Environment::new());
    expect![[r#"
        1:1 `Line` wrong-kind: `Line` is a value type, but an object type is needed here
          at test.lot:4:12: declared here
          help: an object type is declared with `object`
    "#]]
    .assert_eq(&shown(&faults.unwrap_err()));
}

#[test]
fn imported_types_are_the_same_types() {
    let mut from = Types::new();
    let module = module(TEXT);
    for text in [
        "Forest",
        "Group<Group<Object>>",
        "Lookup<Object>",
        "map<Color, Change>",
    ] {
        let id = resolve(&mut from, &module, text);
        let mut into = Types::new();
        into.add_value(Value::Tuple(Vec::new()), Default::default());
        let copy = into.import(&from, id);
        assert_eq!(into.identity(copy), from.identity(id), "{text}");
        assert_eq!(into.declaration(copy), from.declaration(id), "{text}");
    }
    let mut types = Types::new();
    let generic = template(&mut types, &Environment::new()).unwrap();
    let copy = Types::new().import(&types, TypeId::Object(generic.result));
    assert_eq!(copy.kind(), Kind::Object);
}

#[test]
fn what_was_imported_before_is_not_copied_again() {
    let more = "endpoint Same { in e(n: u8); } endpoint Other { in e(n: u8); }
        endpoint Loose { out e(n: u8) refusable; } endpoint Strict { out e(n: u8); }";
    let module = module(&format!("{TEXT} {more}"));
    let mut into = Types::new();
    let mut import = |text: &str, before: &str| {
        // Each time out of an arena of its own, in which other types come first.
        let mut from = Types::new();
        resolve(&mut from, &module, before);
        let id = resolve(&mut from, &module, text);
        let copy = into.import(&from, id);
        (copy, into.declaration(copy), into.len())
    };
    for text in [
        "Forest",
        "Group<Group<Object>>",
        "map<Color, Change>",
        "Same",
    ] {
        let first = import(text, text);
        assert_eq!(import(text, "Lookup<Object>"), first, "{text}");
    }
    // What identity does not tell apart: how events are emitted, and names for people.
    let different = ["Same", "Other", "Loose", "Strict"].map(|text| import(text, text).0);
    assert_eq!(BTreeSet::from(different).len(), 4);
}

#[test]
fn an_unnamed_value_type_is_added_once() {
    let mut types = Types::new();
    let byte = types.unnamed_value(Value::Basic(Basic::U8));
    let list = types.unnamed_value(Value::List(byte));
    assert_eq!(types.unnamed_value(Value::List(byte)), list);
    let other = types.unnamed_value(Value::List(list));
    assert_ne!(other, list);
    assert_eq!(types.value(list), &Value::List(byte));
}

#[test]
fn parameters_of_endpoint_types_are_mirrored() {
    let module = module(
        "endpoint Tap<T: endpoint> { in a(one: external<T>, two: external<mirror T>); }
        object Tunnel<T: endpoint> { endpoint left: T; endpoint right: mirror T; }
        template tunnel<T: endpoint>(): Tunnel<T>; endpoint E { in e(); }",
    );
    let mut types = Types::new();
    let crate::syntax::Item::Template(template) = module.lookup("tunnel").unwrap().1 else {
        panic!()
    };
    let tunnel = types
        .template(&module, template, &Environment::new())
        .unwrap();
    let Object::Endpoints(body) = types.object(tunnel.result).clone() else {
        panic!()
    };
    let (left, right) = (body.endpoints["left"].ty, body.endpoints["right"].ty);
    assert!(matches!(
        types.endpoint(left),
        Endpoint::Parameter {
            mirrored: false,
            ..
        }
    ));
    assert!(matches!(
        types.endpoint(right),
        Endpoint::Parameter { mirrored: true, .. }
    ));
    assert_eq!(types.mirror(right), left);
    assert_eq!(
        resolve(&mut types, &module, "Tunnel<mirror E>"),
        resolve(&mut types, &module, "Tunnel<mirror mirror mirror E>"),
    );
}
