//! Values, events, endpoints and objects without constraints.

use super::*;

fn subtype(declarations: &str, left: &str, right: &str) -> bool {
    let answer = ask(declarations, Ask::Subtype, left, right);
    assert!(!matches!(answer.verdict, Verdict::Unknown(_)));
    answer.verdict.holds()
}

#[test]
fn numbers_are_subtypes_where_every_value_is_kept() {
    let all = [
        "u8", "u16", "u32", "u64", "s8", "s16", "s32", "s64", "f32", "f64",
    ];
    let above = |left: &str| match left {
        "u8" => vec!["u8", "u16", "u32", "u64", "s16", "s32", "s64", "f32", "f64"],
        "u16" => vec!["u16", "u32", "u64", "s32", "s64", "f32", "f64"],
        "u32" => vec!["u32", "u64", "s64", "f64"],
        "u64" => vec!["u64"],
        "s8" => vec!["s8", "s16", "s32", "s64", "f32", "f64"],
        "s16" => vec!["s16", "s32", "s64", "f32", "f64"],
        "s32" => vec!["s32", "s64", "f64"],
        "s64" => vec!["s64"],
        "f32" => vec!["f32", "f64"],
        _ => vec!["f64"],
    };
    for left in all {
        let found: Vec<&str> = all
            .into_iter()
            .filter(|right| subtype("", left, right))
            .collect();
        assert_eq!(found, above(left), "{left}");
    }
}

#[test]
fn the_other_basic_types_are_subtypes_of_themselves_only() {
    for left in ["bool", "char", "string", "bytes", "uuid"] {
        for right in [
            "bool", "char", "string", "bytes", "uuid", "u8", "s64", "f64",
        ] {
            assert_eq!(subtype("", left, right), left == right, "{left} {right}");
            assert_eq!(subtype("", right, left), left == right, "{right} {left}");
        }
    }
}

#[test]
fn containers_follow_their_parts() {
    for (left, right, expected) in [
        ("option<u8>", "option<u16>", true),
        ("u8", "option<u16>", true),
        ("u8", "option<option<u16>>", true),
        ("option<u8>", "option<option<u16>>", true),
        ("option<option<u8>>", "option<u8>", false),
        ("option<u8>", "u8", false),
        ("list<u8>", "list<u16>", true),
        ("list<u16>", "list<u8>", false),
        ("list<u8>", "option<list<u8>>", true),
        ("tuple<u8, u8>", "tuple<u8, u16>", true),
        ("tuple<u8, u8>", "tuple<u8>", false),
        ("map<u8, u8>", "map<u8, u16>", true),
        ("map<u8, u8>", "map<u16, u8>", false),
        ("map<tuple<u8, E>, u8>", "map<tuple<u8, E2>, u8>", true),
        ("map<tuple<u8, E>, u8>", "map<tuple<u8, E3>, u8>", false),
    ] {
        let enums = "enum E { a, b } enum E2 { b, a } enum E3 { a, b, c }";
        assert_eq!(subtype(enums, left, right), expected, "{left} {right}");
    }
}

#[test]
fn records_are_closed_or_open() {
    let records = "
        record A { a: u8 }                  record AOpen { a: u8, .. }
        record AB { a: u8, b: u8 }          record ABOpen { a: u8, b: u8, .. }
        record AOption { a: u8, b: option<u8> }
        record AOptionOpen { a: u8, b: option<u8>, .. }";
    for (left, right, expected) in [
        ("A", "AOpen", true),
        ("AOpen", "A", false),
        ("AB", "A", false),
        ("AB", "AOpen", true),
        ("ABOpen", "AOpen", true),
        ("A", "AOption", true),
        ("A", "AOptionOpen", true),
        // An open record may hold a `b` of any type.
        ("AOpen", "AOptionOpen", false),
        ("AB", "AOption", true),
        ("A", "AB", false),
    ] {
        assert_eq!(subtype(records, left, right), expected, "{left} {right}");
    }
}

#[test]
fn variants_may_have_fewer_cases() {
    let variants = "
        variant V { a(u8), b } variant W { a(u16), b, c } variant X { a, b, c } enum E { b }";
    for (left, right, expected) in [
        ("V", "W", true),
        ("W", "V", false),
        ("V", "X", false),
        ("E", "V", true),
        ("E", "X", true),
    ] {
        assert_eq!(subtype(variants, left, right), expected, "{left} {right}");
    }
}

#[test]
fn recursive_types_are_compared_by_their_trees() {
    let lists = "
        type A = list<A>; type B = list<list<B>>;
        record Tree { left: option<Tree>, value: u8, right: option<Tree> }
        record Wider { left: option<Wider>, value: u16, right: option<Wider> }";
    assert!(subtype(lists, "A", "B"));
    assert!(subtype(lists, "B", "A"));
    assert!(subtype(lists, "Tree", "Wider"));
    check(
        lists,
        "Wider",
        "Tree",
        expect![[r#"
            fails
            at field `value`: `left` has `u16`, but `right` needs `u8`
              change `u16` to `u8`
        "#]],
    );
}

#[test]
fn references_follow_the_types_that_they_refer_to() {
    let declarations = "
        endpoint E { out a(); } endpoint Less { } object O { endpoint e: E; }
        object P { endpoint e: E; endpoint f: E; }";
    for (left, right, expected) in [
        ("reference<P>", "reference<O>", true),
        ("reference<O>", "reference<P>", false),
        ("reference<O>", "reference<Object>", true),
        ("reference<Object>", "reference<O>", false),
        ("external<Less>", "external<E>", true),
        ("external<E>", "external<Less>", false),
    ] {
        assert_eq!(
            subtype(declarations, left, right),
            expected,
            "{left} {right}"
        );
    }
}

#[test]
fn every_mismatch_is_told_with_its_trail() {
    let records = "
        record Inner { colour: Colour, size: u8 }   record Inner2 { color: Colour2, size: string }
        enum Colour { red, green }                  enum Colour2 { red }
        record Left { inner: list<Inner>, c: Colour, extra: bool }
        record Right { inner: list<Inner2>, c: Colour2 }";
    check(
        records,
        "Left",
        "Right",
        expect![[r#"
            fails
            `left` has the field `extra`, which `right` does not expect
              remove the field `extra`
            at field `c`: `right` has no case `green`, which `left` needs
              add the case `green`
            at field `inner` > element: `left` has no field `color`, which `right` needs; it has a similar one, `colour`
              rename field `colour` to `color`
            at field `inner` > element: `left` has the field `colour`, which `right` does not expect
              remove the field `colour`
            at field `inner` > element > field `size`: `left` has `u8`, but `right` needs `string`
              change `u8` to `string`
        "#]],
    );
}

#[test]
fn one_name_for_two_types_is_told_apart() {
    let mut types = Types::new();
    let origin = || Origin {
        name: "Line".to_owned(),
        place: None,
    };
    let record = Value::Record {
        fields: Default::default(),
        open: false,
    };
    let left = types.add_value(record, origin());
    let right = types.add_value(Value::Variant(Default::default()), origin());
    let formalisms = Formalisms::none();
    let answer = Relations::new(&mut types, &formalisms).value_subtype(left, right);
    expect![[r#"
        fails
        `left` has `Line` (a record), but `right` needs `Line` (a variant)
    "#]]
    .assert_eq(&shown(&answer));
}

const CHANNELS: &str = "
    endpoint Channel<M: value> { in send(message: M); out receive(message: M); }
    endpoint Sender { out send(message: u8); in receive(message: u8); }
    endpoint Misspelt { out snd(message: u8); in receive(message: u8); }
    endpoint Deaf { out send(message: u8); }
    endpoint Loud { out send(message: u8); out receive(message: u8); }";

#[test]
fn an_endpoint_matches_its_mirror() {
    check_match(
        CHANNELS,
        "Channel<u8>",
        "mirror Channel<u8>",
        expect![[r#"
        holds
    "#]],
    );
    check_match(
        CHANNELS,
        "Channel<u8>",
        "Sender",
        expect![[r#"
        holds
    "#]],
    );
}

#[test]
fn events_that_nobody_handles_are_missing() {
    check_match(
        CHANNELS,
        "Channel<u8>",
        "Misspelt",
        expect![[r#"
        fails
        `left` has no incoming event `snd`, which `right` needs; it has a similar one, `send`
          rename incoming event `send` to `snd`
    "#]],
    );
    check_match(
        CHANNELS,
        "Channel<u8>",
        "Deaf",
        expect![[r#"
        fails
        `right` has no incoming event `receive`, which `left` needs
          add the incoming event `receive`
    "#]],
    );
    check_match(
        CHANNELS,
        "Deaf",
        "Channel<u8>",
        expect![[r#"
        fails
        `left` has no incoming event `receive`, which `right` needs
          add the incoming event `receive`
    "#]],
    );
}

#[test]
fn an_event_that_both_send_is_told_once() {
    check_match(
        CHANNELS,
        "Channel<u8>",
        "Loud",
        expect![[r#"
            fails
            event `receive` is sent by both `left` and `right` and received by neither
              let `receive` be `in` on one of the two sides
        "#]],
    );
    check_match(
        CHANNELS,
        "Channel<u8>",
        "Channel<u8>",
        expect![[r#"
        fails
        event `receive` is sent by both `left` and `right` and received by neither
          put `mirror` before one of the two endpoint types, so that `receive` is `in` there
    "#]],
    );
}

#[test]
fn messages_flow_in_both_directions() {
    check_match(
        CHANNELS,
        "Channel<u16>",
        "Sender",
        expect![[r#"
            fails
            at event `receive` > field `message`: `left` has `u16`, but `right` needs `u8`
              change `u16` to `u8`
        "#]],
    );
}

#[test]
fn a_subtype_sends_less_and_handles_more() {
    let endpoints = "
        endpoint Base { in a(x: u8); out b(x: u16); }
        endpoint Good { in a(x: u16); in c(); }
        endpoint Bad { in b(x: u8); out d(); out a(); }";
    check(
        endpoints,
        "Good",
        "Base",
        expect![[r#"
        holds
    "#]],
    );
    check(
        endpoints,
        "Bad",
        "Base",
        expect![[r#"
            fails
            at event `a`: `left` has an outgoing event, but `right` needs an incoming event
            `left` has the outgoing event `d`, which `right` does not expect
              remove the outgoing event `d`
        "#]],
    );
}

#[test]
fn objects_may_have_more_endpoints_and_allow_more() {
    let objects = "
        endpoint E { out a(); } endpoint F { out a(); out b(); }
        object Base { endpoint x: E; mandatory endpoint y: E; endpoint z: E many; }
        object Good { endpoint x: E many; endpoint y: E; endpoint z: E many; endpoint more: E; }
        object Bad { mandatory endpoint x: F; endpoint z: E; mandatory endpoint more: E; }";
    check(
        objects,
        "Good",
        "Base",
        expect![[r#"
        holds
    "#]],
    );
    check(
        objects,
        "Bad",
        "Base",
        expect![[r#"
            fails
            at endpoint `x`: `left` is `mandatory`, and `right` is not
              remove `mandatory`
            `left` has no endpoint `y`, which `right` needs
              add the endpoint `y`
            at endpoint `z`: `left` is not `many`, and `right` is
              add `many`
            `left` has the mandatory endpoint `more`, which `right` does not expect
              connect the mandatory endpoint `more` inside, or ask for it in the type demanded
            at endpoint `x`: `left` has the outgoing event `b`, which `right` does not expect
              remove the outgoing event `b`
        "#]],
    );
}

#[test]
fn the_top_of_the_objects_is_not_the_empty_object() {
    let objects =
        "object Empty { } endpoint E { out a(); } object Needs { mandatory endpoint e: E; }";
    check(
        objects,
        "Needs",
        "Object",
        expect![[r#"
        holds
    "#]],
    );
    check(
        objects,
        "Needs",
        "Empty",
        expect![[r#"
            fails
            `left` has the mandatory endpoint `e`, which `right` does not expect
              connect the mandatory endpoint `e` inside, or ask for it in the type demanded
        "#]],
    );
    check(
        objects,
        "Object",
        "Empty",
        expect![[r#"
            fails
            `left` has `Object`, but `right` needs `Empty`
              change `Object` to `Empty`
        "#]],
    );
}

#[test]
fn kinds_are_never_mixed() {
    check(
        "object Empty { }",
        "Empty",
        "u8",
        expect![[r#"
        fails
        `left` has a type of kind object, but `right` needs a type of kind value
    "#]],
    );
}

#[test]
fn dropping_a_field_is_lossy() {
    let records = "
        record Line { text: string, author: string } record Short { text: string, .. }
        record Optional { text: string, author: option<string>, more: option<u8> }
        record Page { lines: list<Line> } record ShortPage { lines: option<list<Short>> }
        type R = list<option<R>>; type R2 = list<option<option<R2>>>;";
    let source = Source::new("test.lot", records);
    let (module, _) = Module::parse("test", &source, &mut |_| None);
    let mut types = Types::new();
    let formalisms = Formalisms::none();
    let mut lossy = |left: &str, right: &str| {
        let mut resolve = |text: &str| {
            let source = Source::new("as", text);
            let expr = parse_type(&source).unwrap();
            match types
                .resolve(&module, &source, &expr, &Environment::new())
                .unwrap()
            {
                TypeId::Value(id) => id,
                _ => unreachable!(),
            }
        };
        let (left, right) = (resolve(left), resolve(right));
        let mut relations = Relations::new(&mut types, &formalisms);
        assert!(
            relations.value_subtype(left, right).verdict.holds(),
            "{left:?} {right:?}"
        );
        relations.lossy(left, right)
    };
    assert!(lossy("Line", "Short"));
    assert!(!lossy("Line", "Optional"));
    assert!(lossy("Page", "ShortPage"));
    assert!(!lossy("Page", "Page"));
    assert!(!lossy("R", "R2"));
    assert!(!lossy("u8", "f64"));
}

#[test]
fn parameters_are_subtypes_of_their_bounds() {
    let mut types = Types::new();
    let mut value = |value: Value| types.add_value(value, Origin::default());
    let u8 = value(Value::Basic(crate::types::Basic::U8));
    let u16 = value(Value::Basic(crate::types::Basic::U16));
    let parameter = |name: &str, bound: Option<ValueId>| {
        let bound = bound.map(TypeId::Value);
        Value::Parameter(crate::types::Parameter {
            name: name.to_owned(),
            bound,
        })
    };
    let p = value(parameter("P", None));
    let p_again = value(parameter("P", None));
    let q = value(parameter("Q", Some(u8)));
    let r = value(parameter("R", Some(p)));
    let option_p = value(Value::Option(p));
    let option_u16 = value(Value::Option(u16));
    let formalisms = Formalisms::none();
    let mut relations = Relations::new(&mut types, &formalisms);
    let mut holds = |left, right| relations.value_subtype(left, right).verdict.holds();
    assert!(holds(p, p_again) && holds(p, option_p) && holds(r, p) && holds(r, option_p));
    assert!(holds(q, u16) && holds(q, option_u16));
    assert!(!holds(p, q) && !holds(u8, q) && !holds(q, p) && !holds(p, r) && !holds(option_p, p));
    // What a parameter stands for may have more fields than its bound.
    assert!(relations.lossy(q, u16) && !relations.lossy(p, option_p) && !relations.lossy(q, q));
}

#[test]
fn endpoint_parameters_match_what_their_bounds_match() {
    use crate::types::{Endpoint, Parameter};
    let mut types = Types::new();
    let u8 = types.add_value(
        Value::Record {
            fields: Default::default(),
            open: false,
        },
        Origin::default(),
    );
    let event = crate::types::Event {
        direction: crate::types::Direction::Out,
        payload: u8,
        order: vec![],
        refusable: false,
    };
    let endpoint = Endpoint::Events {
        events: [("a".to_owned(), event)].into(),
        provides: vec![],
        requires: vec![],
    };
    let bound = types.add_endpoint(endpoint, Origin::default());
    let peer = types.mirror(bound);
    let parameter = |name: &str, bound: Option<EndpointId>, mirrored| Endpoint::Parameter {
        parameter: Parameter {
            name: name.to_owned(),
            bound: bound.map(TypeId::Endpoint),
        },
        mirrored,
    };
    let free = types.add_endpoint(parameter("F", None, false), Origin::default());
    let free_mirror = types.mirror(free);
    let p = types.add_endpoint(parameter("P", Some(bound), false), Origin::default());
    let p_mirror = types.mirror(p);
    let q = types.add_endpoint(parameter("Q", Some(p), false), Origin::default());
    let formalisms = Formalisms::none();
    let mut relations = Relations::new(&mut types, &formalisms);
    let mut matches = |left, right| {
        let there = relations.endpoints_match(left, right).verdict.holds();
        assert_eq!(
            there,
            relations.endpoints_match(right, left).verdict.holds()
        );
        there
    };
    assert!(matches(free, free_mirror) && matches(p, p_mirror) && matches(p, peer));
    assert!(matches(q, peer) && matches(q, p_mirror));
    assert!(!matches(free, free) && !matches(free, peer) && !matches(p_mirror, bound));
    let mut below = |left, right| relations.endpoint_subtype(left, right).verdict.holds();
    assert!(below(p, bound) && below(q, bound) && below(q, p) && below(peer, p_mirror));
    assert!(!below(bound, p) && !below(p_mirror, peer) && !below(free, bound) && !below(p, q));
}
