//! The rows of docs/evolution.md, each with a library before and after.

use super::Impact::{self, Breaking, Compatible, None as Nothing, NotShown};

/// A row.
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) old: &'static str,
    pub(super) new: &'static str,
    pub(super) impact: Impact,
}

const fn row(name: &'static str, old: &'static str, new: &'static str, impact: Impact) -> Row {
    Row {
        name,
        old,
        new,
        impact,
    }
}

/// In the order of the page.
pub(super) const ROWS: &[Row] = &[
    // Names.
    row(
        "comment-changed",
        "/// One.\nrecord R { a: u8 }",
        "/// Two.\nrecord R { a: u8 }",
        Nothing,
    ),
    row(
        "order-changed",
        "record R { a: u8, b: u8 }",
        "record R { b: u8, a: u8 }",
        Nothing,
    ),
    row(
        "alias-replaced",
        "type A = list<u8>;",
        "type B = u8; type A = list<B>;",
        Compatible,
    ),
    row("added", "", "record R { a: u8 }", Compatible),
    row("removed", "record R { a: u8 }", "", Breaking),
    row(
        "kind-changed",
        "record R { a: u8 }",
        "endpoint R { in a(); }",
        Breaking,
    ),
    row(
        "type-to-template",
        "object T { endpoint e: Bare; }",
        "template T(): Thing;",
        Breaking,
    ),
    // Parameters of types.
    row(
        "parameter-renamed",
        "record R<A: value> { a: A }",
        "record R<B: value> { a: B }",
        Nothing,
    ),
    row(
        "parameter-count",
        "record R<A: value> { a: A }",
        "record R { a: u8 }",
        Breaking,
    ),
    row(
        "parameter-kind",
        "record R<A: object> { a: reference<A> }",
        "record R<A: endpoint> { a: external<A> }",
        Breaking,
    ),
    row(
        "bound-widened",
        "record R<A: object <: More> { a: reference<A> }",
        "record R<A: object <: Thing> { a: reference<A> }",
        Compatible,
    ),
    row(
        "bound-removed",
        "record R<A: object <: More> { a: reference<A> }",
        "record R<A: object> { a: reference<A> }",
        Compatible,
    ),
    row(
        "bound-narrowed",
        "record R<A: object <: Thing> { a: reference<A> }",
        "record R<A: object <: More> { a: reference<A> }",
        Breaking,
    ),
    // Values that users are given.
    row(
        "received-narrowed",
        "record R { a: u16, .. } endpoint E { out e(r: R); } object O { endpoint e: E; } template t(): O;",
        "record R { a: u8, b: u8, .. } endpoint E { out e(r: R); } object O { endpoint e: E; } template t(): O;",
        Compatible,
    ),
    row(
        "received-widened",
        "record R { a: u8 } endpoint E { out e(r: R); } object O { endpoint e: E; } template t(): O;",
        "record R { a: u16 } endpoint E { out e(r: R); } object O { endpoint e: E; } template t(): O;",
        Breaking,
    ),
    row(
        "received-case-added",
        "enum R { a } endpoint E { out e(r: R); } object O { endpoint e: E; } template t(): O;",
        "enum R { a, b } endpoint E { out e(r: R); } object O { endpoint e: E; } template t(): O;",
        Breaking,
    ),
    // Values that users give.
    row(
        "supplied-widened",
        "record R { a: u8 } endpoint E { in e(r: R); } object O { endpoint e: E; } template t(): O;",
        "record R { a: u16, b: option<u8> } endpoint E { in e(r: R); } object O { endpoint e: E; } template t(): O;",
        Compatible,
    ),
    row(
        "supplied-narrowed",
        "record R { a: u16 } endpoint E { in e(r: R); } object O { endpoint e: E; } template t(): O;",
        "record R { a: u8 } endpoint E { in e(r: R); } object O { endpoint e: E; } template t(): O;",
        Breaking,
    ),
    row(
        "supplied-case-added",
        "enum R { a } endpoint E { in e(r: R); } object O { endpoint e: E; } template t(): O;",
        "enum R { a, b } endpoint E { in e(r: R); } object O { endpoint e: E; } template t(): O;",
        Compatible,
    ),
    // Values that pass both ways, or that nothing says this of.
    row(
        "both-ways-changed",
        "record R { a: u8 } endpoint E { in e(r: R); out f(r: R); } object O { endpoint e: E; } template t(): O;",
        "record R { a: u16 } endpoint E { in e(r: R); out f(r: R); } object O { endpoint e: E; } template t(): O;",
        Breaking,
    ),
    row(
        "public-changed",
        "record R { a: u8 }",
        "record R { a: u16 }",
        Breaking,
    ),
    // Endpoints of objects that templates make.
    row(
        "incoming-added",
        "endpoint E { in a(); } object O { endpoint e: E; } template t(): O;",
        "endpoint E { in a(); in b(); } object O { endpoint e: E; } template t(): O;",
        Compatible,
    ),
    row(
        "incoming-removed",
        "endpoint E { in a(); in b(); } object O { endpoint e: E; } template t(): O;",
        "endpoint E { in a(); } object O { endpoint e: E; } template t(): O;",
        Breaking,
    ),
    row(
        "outgoing-added",
        "endpoint E { out a(); } object O { endpoint e: E; } template t(): O;",
        "endpoint E { out a(); out b(); } object O { endpoint e: E; } template t(): O;",
        Breaking,
    ),
    row(
        "outgoing-removed",
        "endpoint E { out a(); out b(); } object O { endpoint e: E; } template t(): O;",
        "endpoint E { out a(); } object O { endpoint e: E; } template t(): O;",
        Compatible,
    ),
    row(
        "refusable-changed",
        "endpoint E { out a(); } object O { endpoint e: E; } template t(): O;",
        "endpoint E { out a() refusable; } object O { endpoint e: E; } template t(): O;",
        Nothing,
    ),
    row(
        "provided-more",
        "endpoint E { out a(); } object O { endpoint e: E; } template t(): O;",
        "endpoint E { out a(); provides rank \"1\"; } object O { endpoint e: E; } template t(): O;",
        Compatible,
    ),
    row(
        "provided-less",
        "endpoint E { out a(); provides rank \"1\"; } object O { endpoint e: E; } template t(): O;",
        "endpoint E { out a(); provides rank \"2\"; } object O { endpoint e: E; } template t(): O;",
        NotShown,
    ),
    row(
        "required-more",
        "endpoint E { out a(); } object O { endpoint e: E; } template t(): O;",
        "endpoint E { out a(); requires rank \"1\"; } object O { endpoint e: E; } template t(): O;",
        NotShown,
    ),
    row(
        "peer-outgoing-added",
        "endpoint E { out a(); } object O { endpoint e: mirror E; } template t(): O;",
        "endpoint E { out a(); out b(); } object O { endpoint e: mirror E; } template t(): O;",
        Compatible,
    ),
    // Objects that templates make.
    row(
        "endpoint-added",
        "object O { endpoint e: Bare; } template t(): O;",
        "object O { endpoint e: Bare; endpoint f: Bare; } template t(): O;",
        Compatible,
    ),
    row(
        "mandatory-endpoint-added",
        "object O { endpoint e: Bare; } template t(): O;",
        "object O { endpoint e: Bare; mandatory endpoint f: Bare; } template t(): O;",
        Breaking,
    ),
    row(
        "endpoint-removed",
        "object O { endpoint e: Bare; endpoint f: Bare; } template t(): O;",
        "object O { endpoint e: Bare; } template t(): O;",
        Breaking,
    ),
    row(
        "many-added",
        "object O { endpoint e: Bare; } template t(): O;",
        "object O { endpoint e: Bare many; } template t(): O;",
        Compatible,
    ),
    row(
        "many-removed",
        "object O { endpoint e: Bare many; } template t(): O;",
        "object O { endpoint e: Bare; } template t(): O;",
        Breaking,
    ),
    row(
        "mandatory-removed",
        "object O { mandatory endpoint e: Bare; } template t(): O;",
        "object O { endpoint e: Bare; } template t(): O;",
        Compatible,
    ),
    // Objects that users give.
    row(
        "supplied-endpoint-added",
        "object O { endpoint e: Bare; } template t(o: reference<O>): Thing;",
        "object O { endpoint e: Bare; endpoint f: Bare; } template t(o: reference<O>): Thing;",
        Breaking,
    ),
    row(
        "supplied-endpoint-removed",
        "object O { endpoint e: Bare; endpoint f: Bare; } template t(o: reference<O>): Thing;",
        "object O { endpoint e: Bare; } template t(o: reference<O>): Thing;",
        Compatible,
    ),
    // Templates.
    row("template-added", "", "template t(): Thing;", Compatible),
    row("template-removed", "template t(): Thing;", "", Breaking),
    row(
        "result-narrowed",
        "template t(): Thing;",
        "template t(): More;",
        Compatible,
    ),
    row(
        "result-widened",
        "template t(): More;",
        "template t(): Thing;",
        Breaking,
    ),
    row(
        "type-parameter-added",
        "template t(): Thing;",
        "template t<A: value>(): Thing;",
        Breaking,
    ),
    row(
        "type-parameter-removed",
        "template t<A: value>(): Thing;",
        "template t(): Thing;",
        Breaking,
    ),
    row(
        "type-parameter-kind",
        "template t<A: value>(): Thing;",
        "template t<A: object>(): Thing;",
        Breaking,
    ),
    row(
        "type-parameter-bound-widened",
        "template t<A: object <: More>(): Thing;",
        "template t<A: object <: Thing>(): Thing;",
        Compatible,
    ),
    row(
        "type-parameter-bound-narrowed",
        "template t<A: object>(): Thing;",
        "template t<A: object <: Thing>(): Thing;",
        Breaking,
    ),
    row(
        "parameter-with-default-added",
        "template t(): Thing;",
        "template t(a: u8 = 1): Thing;",
        Compatible,
    ),
    row(
        "parameter-without-default-added",
        "template t(): Thing;",
        "template t(a: u8): Thing;",
        Breaking,
    ),
    row(
        "parameter-removed",
        "template t(a: u8 = 1): Thing;",
        "template t(): Thing;",
        Breaking,
    ),
    row(
        "parameter-order-changed",
        "template t(a: u8, b: u8): Thing;",
        "template t(b: u8, a: u8): Thing;",
        Nothing,
    ),
    row(
        "parameter-widened",
        "template t(a: u8): Thing;",
        "template t(a: u16): Thing;",
        Compatible,
    ),
    row(
        "parameter-narrowed",
        "template t(a: u16): Thing;",
        "template t(a: u8): Thing;",
        Breaking,
    ),
    row(
        "parameter-read-otherwise",
        "template t(a: string): Thing;",
        "template t(a: option<string>): Thing;",
        Breaking,
    ),
    row(
        "parameter-field-dropped",
        "record R { a: u8, b: u8 } template t(r: R): Thing;",
        "record R { a: u8, .. } template t(r: R): Thing;",
        Breaking,
    ),
    row(
        "parameter-of-other-sort",
        "template t<a: value>(): Thing;",
        "template t(a: u8): Thing;",
        Breaking,
    ),
    row(
        "default-changed",
        "template t(a: u8 = 1): Thing;",
        "template t(a: u8 = 2): Thing;",
        Compatible,
    ),
    row(
        "default-added",
        "template t(a: u8): Thing;",
        "template t(a: u8 = 1): Thing;",
        Compatible,
    ),
    row(
        "default-removed",
        "template t(a: u8 = 1): Thing;",
        "template t(a: u8): Thing;",
        Breaking,
    ),
    row(
        "adapter-added",
        "template t(): More;",
        "adapter t(): More;",
        Compatible,
    ),
    row(
        "adapter-removed",
        "adapter t(): More;",
        "template t(): More;",
        Breaking,
    ),
    row(
        "private-changed",
        "template t(): Thing { private endpoint p: Bare; }",
        "template t(): Thing;",
        Nothing,
    ),
    row(
        "state-widened",
        "record S { a: u8 } object O { endpoint e: Bare; state S; } template t(): O;",
        "record S { a: u16 } object O { endpoint e: Bare; state S; } template t(): O;",
        Compatible,
    ),
    row(
        "state-narrowed",
        "record S { a: u16 } object O { endpoint e: Bare; state S; } template t(): O;",
        "record S { a: u8 } object O { endpoint e: Bare; state S; } template t(): O;",
        Breaking,
    ),
    row(
        "state-added",
        "object O { endpoint e: Bare; } template t(): O;",
        "object O { endpoint e: Bare; state u8; } template t(): O;",
        Compatible,
    ),
    row(
        "state-removed",
        "object O { endpoint e: Bare; state u8; } template t(): O;",
        "object O { endpoint e: Bare; } template t(): O;",
        Breaking,
    ),
];
