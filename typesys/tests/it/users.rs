//! Where subtyping is refuted: the user of the supertype who would notice, always and for a reason.

use expect_test::expect;
use liveobj_types::relation::user::{Breach, Composite, Example, Unreadable, User, Weakness};
use liveobj_types::types::{Basic, Endpoint, Object, ObjectEndpoint, Value};
use liveobj_types::{Data, EndpointId, ObjectId, Relations, TypeId, ValueId, Verdict};
use proptest::prelude::*;

use crate::exhaustive;
use crate::generated::{self, SIZE, names};
use crate::scope::Scope;

/// What numbers are, apart from their types.
#[derive(Clone, Copy, PartialEq)]
enum Number {
    Integer(i128),
    Float(f64),
}

fn number(data: &Data) -> Option<(Basic, Number)> {
    let integer = |basic, value: i128| Some((basic, Number::Integer(value)));
    match *data {
        Data::U8(value) => integer(Basic::U8, value.into()),
        Data::U16(value) => integer(Basic::U16, value.into()),
        Data::U32(value) => integer(Basic::U32, value.into()),
        Data::U64(value) => integer(Basic::U64, value.into()),
        Data::S8(value) => integer(Basic::S8, value.into()),
        Data::S16(value) => integer(Basic::S16, value.into()),
        Data::S32(value) => integer(Basic::S32, value.into()),
        Data::S64(value) => integer(Basic::S64, value.into()),
        Data::F32(value) => Some((Basic::F32, Number::Float(value.into()))),
        Data::F64(value) => Some((Basic::F64, Number::Float(value))),
        _ => None,
    }
}

/// Whether a number is one of those of a type.
fn is_number_of(number: Number, basic: Basic) -> bool {
    let range = match basic {
        Basic::U8 => 0..=u8::MAX.into(),
        Basic::U16 => 0..=u16::MAX.into(),
        Basic::U32 => 0..=u32::MAX.into(),
        Basic::U64 => 0..=u64::MAX.into(),
        Basic::S8 => i8::MIN.into()..=i8::MAX.into(),
        Basic::S16 => i16::MIN.into()..=i16::MAX.into(),
        Basic::S32 => i32::MIN.into()..=i32::MAX.into(),
        Basic::S64 => i64::MIN.into()..=i64::MAX.into(),
        Basic::F32 | Basic::F64 => {
            let single = basic == Basic::F32;
            return match number {
                Number::Integer(n) if single => (n as f32) as i128 == n,
                Number::Integer(n) => (n as f64) as i128 == n,
                Number::Float(x) => !single || f64::from(x as f32) == x,
            };
        }
        _ => return false,
    };
    match number {
        Number::Integer(n) => range.contains(&n),
        Number::Float(x) => x.fract() == 0.0 && range.contains(&(x as i128)),
    }
}

/// Whether an example is a value of a type as it stands (`exact`), or can be taken for one: numbers
/// by value, what is there for what may be there, without what an open record does not name.
fn is_value(relations: &mut Relations<'_>, example: &Example, ty: ValueId, exact: bool) -> bool {
    let value = relations.types.value(ty).clone();
    match (example, &value) {
        (Example::Any(of), _) => *of == ty || (!exact && holds(relations, *of, ty)),
        (Example::Reference(of), Value::Reference(wanted)) => {
            of == wanted || (!exact && relations.object_subtype(*of, *wanted).verdict.holds())
        }
        (Example::External(of), Value::External(wanted)) => {
            of == wanted || (!exact && relations.endpoint_subtype(*of, *wanted).verdict.holds())
        }
        (Example::Basic(data), Value::Basic(basic)) => match number(data) {
            Some((own, number)) if exact => own == *basic && is_number_of(number, own),
            Some((_, number)) => is_number_of(number, *basic),
            None => relations.types.encode(ty, data).is_some(),
        },
        (Example::Option(None), Value::Option(_)) => true,
        (Example::Option(Some(inner)), Value::Option(ty)) => is_value(relations, inner, *ty, exact),
        (_, Value::Option(ty)) if !exact => is_value(relations, example, *ty, exact),
        (Example::List(items), Value::List(ty)) => items
            .iter()
            .all(|item| is_value(relations, item, *ty, exact)),
        (Example::Tuple(items), Value::Tuple(types)) => {
            items.len() == types.len()
                && items
                    .iter()
                    .zip(types)
                    .all(|(item, ty)| is_value(relations, item, *ty, exact))
        }
        (Example::Map(entries), Value::Map(key, ty)) => entries.iter().all(|entry| {
            // Keys are never converted.
            is_value(relations, &entry.0, *key, true) && is_value(relations, &entry.1, *ty, exact)
        }),
        (Example::Record(there), Value::Record { fields, open }) => {
            (*open || there.keys().all(|name| fields.contains_key(name)))
                && fields.iter().all(|(name, ty)| match there.get(name) {
                    Some(value) => is_value(relations, value, *ty, exact),
                    None => !exact && matches!(relations.types.value(*ty), Value::Option(_)),
                })
        }
        (Example::Variant(name, payload), Value::Variant(cases)) => {
            match (payload, cases.get(name)) {
                (None, Some(None)) => true,
                (Some(payload), Some(Some(ty))) => is_value(relations, payload, *ty, exact),
                _ => false,
            }
        }
        _ => false,
    }
}

fn holds(relations: &mut Relations<'_>, left: ValueId, right: ValueId) -> bool {
    relations.value_subtype(left, right).verdict.holds()
}

/// That what a reader of `right` finds is of type `left`, and no value of `right`.
fn assert_unreadable(
    relations: &mut Relations<'_>,
    finds: &Unreadable,
    left: ValueId,
    right: ValueId,
    names: &str,
) {
    match finds {
        Unreadable::Value(example) => {
            let said = example.describe(relations.types);
            assert!(is_value(relations, example, left, true), "{names}: {said}");
            assert!(
                !is_value(relations, example, right, false),
                "{names}: {said}"
            );
        }
        Unreadable::Keys { found, expected } => {
            let [found, expected] =
                [*found, *expected].map(|key| relations.types.identity(TypeId::Value(key)));
            assert_ne!(found, expected, "{names}");
        }
    }
}

/// The payload of an event, if the endpoint type has it.
fn payload(relations: &Relations<'_>, endpoint: EndpointId, event: &str) -> Option<ValueId> {
    match relations.types.endpoint(endpoint) {
        Endpoint::Events { events, .. } => Some(events.get(event)?.payload),
        Endpoint::Parameter { .. } => None,
    }
}

/// That `peer` matches `right` and not `left`, and what the breach says of that.
fn assert_breach(
    relations: &mut Relations<'_>,
    peer: EndpointId,
    breach: &Breach,
    left: EndpointId,
    right: EndpointId,
    names: &str,
) {
    assert!(relations.matches(peer, right).holds(), "{names}");
    assert!(relations.matches(peer, left).fails(), "{names}");
    let (event, finds, sender, taker) = match breach {
        Breach::Sent { event, payload } => (event, payload, left, peer),
        Breach::Unheard { event, payload } => (event, payload, peer, left),
        Breach::SameDirection { event } => {
            let both = [left, peer].map(|end| payload(relations, end, event).is_some());
            assert_eq!(both, [true, true], "{names}");
            return;
        }
        Breach::Unprovided { .. } | Breach::Demanded { .. } | Breach::Other(_) => return,
    };
    let sent = payload(relations, sender, event).expect("the sender has the event");
    match finds {
        None => assert_eq!(payload(relations, taker, event), None, "{names}"),
        Some(finds) => {
            let taken = payload(relations, taker, event).expect("the taker has the event");
            assert_unreadable(relations, finds, sent, taken, names);
        }
    }
}

fn endpoints_of(relations: &Relations<'_>, id: ObjectId) -> Vec<(String, ObjectEndpoint)> {
    match relations.types.object(id) {
        Object::Endpoints(body) => body.endpoints.clone().into_iter().collect(),
        Object::Top | Object::Parameter(_) => Vec::new(),
    }
}

/// Whether a composite checks with an object of this type: ends are there, match, and are used no
/// more than they may and no less than they must be; and the object is what it is cast to.
fn checks(
    relations: &mut Relations<'_>,
    composite: &Composite,
    object: ObjectId,
    supertype: ObjectId,
) -> bool {
    let mut shape = composite.shape.clone();
    let own = shape
        .components
        .get_mut(Composite::OBJECT)
        .expect("it is there");
    *own = object;
    if matches!(relations.types.object(object), Object::Top) {
        // It types no component.
        return false;
    }
    let components: Vec<(String, ObjectId)> = shape.components.clone().into_iter().collect();
    let end = |relations: &Relations<'_>, (of, name): &(String, String)| {
        let ty = components.iter().find(|(component, _)| component == of)?.1;
        let mut endpoints = endpoints_of(relations, ty).into_iter();
        endpoints.find(|(known, _)| known == name).map(|it| it.1)
    };
    for [left, right] in &shape.connections {
        let (Some(l), Some(r)) = (end(relations, left), end(relations, right)) else {
            return false;
        };
        if !relations.matches(l.ty, r.ty).holds() {
            return false;
        }
    }
    if !shape
        .exports
        .values()
        .all(|of| end(relations, of).is_some())
    {
        return false;
    }
    for (component, ty) in &components {
        for (name, endpoint) in endpoints_of(relations, *ty) {
            let own = (component.clone(), name);
            let connected = shape.connections.iter().flatten();
            let uses = connected.filter(|end| **end == own).count();
            let left = uses == 0 && !matches!(composite.at, Weakness::Cast(_));
            if (left && endpoint.mandatory) || (uses > 1 && !endpoint.many) {
                return false;
            }
        }
    }
    match composite.at {
        Weakness::Cast(_) => relations.object_subtype(object, supertype).verdict.holds(),
        _ => true,
    }
}

/// The laws of one pair; gives back whether there was a user.
fn assert_user(relations: &mut Relations<'_>, left: TypeId, right: TypeId, names: &str) -> bool {
    let verdict = relations.is_subtype(left, right);
    let user = relations.user(left, right);
    let Verdict::Fails(_) = verdict else {
        assert!(user.is_none(), "{names}");
        return false;
    };
    let user = user.unwrap_or_else(|| panic!("{names}: nobody notices"));
    match (&user, left, right) {
        (User::Reader { of, finds }, TypeId::Value(left), TypeId::Value(right)) => {
            assert_eq!(*of, right);
            assert_unreadable(relations, finds, left, right, names);
        }
        (User::Peer { peer, breach }, TypeId::Endpoint(left), TypeId::Endpoint(right)) => {
            assert_breach(relations, *peer, breach, left, right, names);
        }
        (User::Composite(composite), TypeId::Object(left), TypeId::Object(right)) => {
            assert!(
                checks(relations, composite, right, right),
                "{names}: {composite:?}"
            );
            assert!(
                !checks(relations, composite, left, right),
                "{names}: {composite:?}"
            );
            if let Weakness::Peer {
                endpoint,
                peer,
                breach,
            } = &composite.at
            {
                let [left, right] = [left, right].map(|object| {
                    let mut all = endpoints_of(relations, object).into_iter();
                    all.find(|(name, _)| name == endpoint)
                        .expect("both have it")
                        .1
                        .ty
                });
                assert_breach(relations, *peer, breach, left, right, names);
            }
        }
        _ => panic!("{names}: {user:?}"),
    }
    true
}

/// The laws of every pair of some types; at least one of them has to be refuted.
fn assert_users(scope: &mut Scope, names: &[String]) {
    let ids: Vec<TypeId> = names.iter().map(|name| scope.resolve(name)).collect();
    let mut relations = scope.relations();
    let mut count = 0;
    for (left, l) in ids.iter().zip(names) {
        for (right, r) in ids.iter().zip(names) {
            let names = format!("{l} and {r}");
            count += usize::from(assert_user(&mut relations, *left, *right, &names));
        }
    }
    assert!(count > 0 || names.len() < 2);
}

#[test]
fn a_reader_finds_a_value_that_it_cannot_take() {
    let (text, mut names) = exhaustive::values();
    names.extend(["map<u16, u8>", "map<XY, u8>", "map<X, u8>", "option<f64>"].map(str::to_owned));
    names.extend(Basic::ALL.map(|basic| basic.as_str().to_owned()));
    assert_users(&mut Scope::new(&text), &names);
}

#[test]
fn an_owner_of_the_mirror_is_let_down() {
    let (text, names) = exhaustive::endpoints();
    // A prefix has all combinations of events, the rest all of constraints.
    let some: Vec<String> = names.iter().step_by(3).cloned().collect();
    assert_users(&mut Scope::new(&text), &some);
}

#[test]
fn a_composite_checks_no_longer() {
    let (text, names) = exhaustive::objects();
    assert_users(&mut Scope::new(&text), &names);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..Default::default() })]

    #[test]
    fn somebody_notices_in_generated_families(text in generated::family()) {
        let mut scope = Scope::new(&text);
        let mut values = names("V");
        values.extend((0..SIZE).map(|i| format!("option<V{i}>")));
        values.extend((0..SIZE).map(|i| format!("reference<O{i}>")));
        values.extend((0..SIZE).map(|i| format!("external<E{i}>")));
        assert_users(&mut scope, &values);
        let mut endpoints = names("E");
        endpoints.extend((0..SIZE).map(|i| format!("mirror E{i}")));
        for names in [endpoints, names("O")] {
            let ids: Vec<TypeId> = names.iter().map(|name| scope.resolve(name)).collect();
            let mut relations = scope.relations();
            for (left, l) in ids.iter().zip(&names) {
                for (right, r) in ids.iter().zip(&names) {
                    assert_user(&mut relations, *left, *right, &format!("{l} and {r}"));
                }
            }
        }
    }
}

/// Who notices, in words.
fn told(declarations: &str, pairs: &[(&str, &str)]) -> String {
    let mut scope = Scope::new(declarations);
    let mut text = String::new();
    for (left, right) in pairs {
        let ids = (scope.resolve(left), scope.resolve(right));
        let user = scope.relations().user(ids.0, ids.1);
        let said = user.map(|user| user.describe(&scope.types, right));
        text += &format!(
            "{left}, {right}: {}\n",
            said.unwrap_or_else(|| "nobody".to_owned())
        );
    }
    text
}

#[test]
fn readers_are_told_in_words() {
    expect![[r#"
        u8, u16: nobody
        u16, u8: a reader of `u8` would be given `256`, which it cannot take
        s8, u64: a reader of `u64` would be given `-1`, which it cannot take
        u64, f64: a reader of `f64` would be given `9007199254740993`, which it cannot take
        f64, f32: a reader of `f32` would be given `0.1`, which it cannot take
        option<u8>, u8: a reader of `u8` would be given `none`, which it cannot take
        string, bytes: a reader of `bytes` would be given `""`, which it cannot take
        Signed, Line: a reader of `Line` would be given `{author: "", text: ""}`, which it cannot take
        Line, Signed: a reader of `Signed` would be given `{text: ""}`, which it cannot take
        Open, Maybe: a reader of `Maybe` would be given `{size: true, text: ""}`, which it cannot take
        Open, Line: a reader of `Line` would be given `{more: true, text: ""}`, which it cannot take
        Two, One: a reader of `One` would be given `b`, which it cannot take
        Deep, Flat: a reader of `Flat` would be given `{line: [{author: "", text: ""}], of: some reference<Note>}`, which it cannot take
        map<u8, u8>, map<u16, u8>: a reader of `map<u16, u8>` looks up keys of type `u16`, and `u8` is never converted to that
        map<string, u16>, map<string, u8>: a reader of `map<string, u8>` would be given `{"" => 256}`, which it cannot take
        list<reference<Any>>, list<reference<Note>>: a reader of `list<reference<Note>>` would be given `[some reference<Any>]`, which it cannot take
    "#]].assert_eq(&told(
        "record Line { text: string } record Signed { text: string, author: string }
         record Open { text: string, .. } record Maybe { text: string, size: option<u8>, .. }
         enum Two { a, b } enum One { a } object Any { } endpoint Text { in show(text: string); }
         object Note { endpoint text: Text; }
         record Deep { line: list<Signed>, of: reference<Note> }
         record Flat { line: list<Line>, of: reference<Note> }",
        &[
            ("u8", "u16"),
            ("u16", "u8"),
            ("s8", "u64"),
            ("u64", "f64"),
            ("f64", "f32"),
            ("option<u8>", "u8"),
            ("string", "bytes"),
            ("Signed", "Line"),
            ("Line", "Signed"),
            ("Open", "Maybe"),
            ("Open", "Line"),
            ("Two", "One"),
            ("Deep", "Flat"),
            ("map<u8, u8>", "map<u16, u8>"),
            ("map<string, u16>", "map<string, u8>"),
            ("list<reference<Any>>", "list<reference<Note>>"),
        ],
    ));
}

#[test]
fn owners_and_composites_are_told_in_words() {
    expect![[r#"
        Narrow, Plain: an owner of `mirror Plain` would be sent `more`, which it does not handle
        Plain, Narrow: nobody
        Turned, Plain: an owner of `mirror Plain` would be sent `send`, which it sends itself
        Wide, Plain: an owner of `mirror Plain` would be sent `receive(m: 256)`, which it cannot take
        Small, Plain: an owner of `mirror Plain` that sends `send(m: 256)` would not be understood
        Deaf, Plain: an owner of `mirror Plain` that sends `send` would not be heard
        Plain, Sure: an owner of `mirror Sure` may rely on properties "fifo", which would not be provided
        Strict, Plain: an owner of `mirror Plain` need not provide properties "fifo", which would be required
        One, Many: a composite that connects `e` of a `Many` twice would be refused
        Must, One: a composite of a `One` that leaves `e` unconnected would be refused
        Two, One: a composite of a `One` that leaves `f` unconnected would be refused
        One, Two: a composite that connects `f` of a `Two` would find no such endpoint
        Less, One: an owner of `mirror Plain` that is connected to `e` would be sent `more`, which it does not handle
        Many, Few: whoever asks for it `as="Few"` may rely on cardinality "at most 3 instances of e connected", which would not be provided
        Object, One: whoever asks for it `as="One"` would be refused: found `Object`, expected `One`
    "#]].assert_eq(&told(
        r#"endpoint Plain { in send(m: u16); out receive(m: u8); }
        endpoint Narrow { in send(m: u8); out receive(m: u16); out more(); }
        endpoint Turned { out send(m: u16); in receive(m: u8); }
        endpoint Wide { in send(m: u8); out receive(m: u16); }
        endpoint Small { in send(m: u8); out receive(m: u8); }
        endpoint Deaf { out receive(m: u8); }
        endpoint Sure { in send(m: u16); out receive(m: u8); provides properties "fifo"; }
        endpoint Strict { in send(m: u16); out receive(m: u8); requires properties "fifo"; }
        object One { endpoint e: Plain; }
        object Many { endpoint e: Plain many; }
        object Must { mandatory endpoint e: Plain; }
        object Two { endpoint e: Plain; mandatory endpoint f: Deaf; }
        object Less { endpoint e: Narrow; }
        object Few { endpoint e: Plain many; provides cardinality "at most 3 instances of e connected"; }"#,
        &[
            ("Narrow", "Plain"),
            ("Plain", "Narrow"),
            ("Turned", "Plain"),
            ("Wide", "Plain"),
            ("Small", "Plain"),
            ("Deaf", "Plain"),
            ("Plain", "Sure"),
            ("Strict", "Plain"),
            ("One", "Many"),
            ("Must", "One"),
            ("Two", "One"),
            ("One", "Two"),
            ("Less", "One"),
            ("Many", "Few"),
            ("Object", "One"),
        ],
    ));
}
