//! What is missing is told apart from what is there and does not fit, at every level: in words, and
//! as data.

use std::fmt::Write as _;

use expect_test::expect;
use liveobj_types::diagnostic::ObstacleKind;
use liveobj_types::{Diagnostic, Step};

use super::{Libraries, checked_with, libraries};
use crate::check::Policy;

const SOUND: &str = r#"<liveobject xmlns="urn:liveobj:reference:1">
<types>
use "liveobj:standard"; use "example:shapes";
record Line { text: string, size: u32 }
variant Mark { dot, at(u32) }
endpoint Feed { out show(line: Line); out mark(mark: Mark); out done(at: u8, by: string); provides properties "fifo"; }
endpoint Screen { in show(line: Line); in mark(mark: Mark); in done(at: u8, by: string); requires properties "fifo"; }
object Source { endpoint feed: Feed; endpoint more: Text; }
object Wanted { endpoint feed: Feed; endpoint more: Text; }
object Sink { mandatory endpoint feed: Screen; }
template mine(size: u8): Shape;
</types>
<composite>
<component name="source"><external name="source" as="Source"><from><primitive id="registry"/></from></external></component>
<component name="sink"><external name="sink" as="Sink"><from><primitive id="registry"/></from></external></component>
<component name="clock"><external name="timer" library="liveobj:standard" as="Timer"/></component>
<component name="shape"><parameterized as="Shape"><template><external name="shape" library="example:shapes"/></template><parameter name="size"><value>1</value></parameter></parameterized></component>
<component name="sized"><parameterized><template><external name="sized" library="example:shapes"/></template><parameter name="T"><type>Line</type></parameter></parameterized></component>
<component name="outer"><composite as="Wanted"><component name="inner"><external name="source" as="Source"><from><primitive id="registry"/></from></external></component><export of="inner" name="feed"/><export of="inner" name="more"/></composite></component>
<connection><endpoint of="source" name="feed"/><endpoint of="sink" name="feed"/></connection>
</composite>
</liveobject>"#;

fn shapes() -> Libraries {
    libraries().with(
        "example:shapes",
        r#"use "liveobj:standard";
object Shape { endpoint text: Text; }
template shape(size: u8): Shape;
template sized<T: value>(): Shape;
"#,
    )
}

/// A level, and two changes of the document: with the first something is missing there, with the
/// second it is there and does not fit.
type Row = (&'static str, [&'static str; 2], [&'static str; 2]);

const ROWS: &[Row] = &[
    (
        "endpoint of an object",
        [
            "object Wanted { endpoint feed: Feed; endpoint more: Text; }",
            "object Wanted { endpoint feed: Feed; endpoint more: Text; endpoint other: Text; }",
        ],
        [
            "object Wanted { endpoint feed: Feed; endpoint more: Text; }",
            "object Wanted { endpoint feed: Feed many; endpoint more: Text; }",
        ],
    ),
    (
        "event",
        ["in show(line: Line); ", ""],
        ["in show(line: Line); ", "out show(line: Line); "],
    ),
    (
        "parameter of an event",
        ["out done(at: u8, by: string)", "out done(at: u8)"],
        [
            "out done(at: u8, by: string)",
            "out done(at: u8, by: bytes)",
        ],
    ),
    (
        "field",
        ["in show(line: Line)", "in show(line: Long)"],
        ["in show(line: Line)", "in show(line: Other)"],
    ),
    (
        "case",
        ["out mark(mark: Mark)", "out mark(mark: More)"],
        ["out mark(mark: Mark)", "out mark(mark: Far)"],
    ),
    (
        "constraint",
        [r#"provides properties "fifo"; "#, ""],
        [
            r#"provides properties "fifo"; "#,
            r#"provides properties "best_effort"; "#,
        ],
    ),
    (
        "parameter of a template",
        [r#"<parameter name="size"><value>1</value></parameter>"#, ""],
        ["<value>1</value>", "<value>300</value>"],
    ),
    (
        "type argument",
        [r#"<parameter name="T"><type>Line</type></parameter>"#, ""],
        ["<type>Line</type>", "<type>Source</type>"],
    ),
    (
        "component",
        [
            r#"<endpoint of="source" name="feed"/>"#,
            r#"<endpoint of="feeder" name="feed"/>"#,
        ],
        [
            r#"<parameterized as="Shape">"#,
            r#"<parameterized as="Round">"#,
        ],
    ),
    (
        "template",
        [r#"<external name="shape" "#, r#"<external name="round" "#],
        [
            r#"<external name="shape" library="example:shapes"/>"#,
            r#"<external name="shape" library="example:shapes" as="sizes"/>"#,
        ],
    ),
    (
        "type",
        ["endpoint more: Text; }", "endpoint more: Banana; }"],
        ["endpoint more: Text; }", "endpoint more: Line; }"],
    ),
    (
        "library",
        [
            r#"library="example:shapes"/></template><parameter name="T">"#,
            r#"library="other:library"/></template><parameter name="T">"#,
        ],
        [
            r#"library="example:shapes"/></template><parameter name="T">"#,
            r#"library="example:shapes" sha256="0000000000000000000000000000000000000000000000000000000000000000"/></template><parameter name="T">"#,
        ],
    ),
];

/// Types that some rows name.
const MORE: &str = "record Long { text: string, size: u32, author: string }
record Other { text: string, size: bool }
variant More { dot, at(u32), far }
variant Far { dot, at(f64) }
object Round { endpoint text: Text many; }
template sizes(width: u8): Shape;
</types>";

/// The one finding that is about the change.
fn finding([old, new]: [&str; 2]) -> Diagnostic {
    let text = SOUND.replacen("</types>", MORE, 1).replacen(old, new, 1);
    let checked = checked_with(&text, &shapes(), &Policy::default());
    let mut found = checked.diagnostics;
    assert_eq!(found.len(), 1, "{new}: {}", super::show(&found));
    found.remove(0)
}

fn told(out: &mut String, found: &Diagnostic) {
    let kind = found.kind().map_or("of no kind", ObstacleKind::as_str);
    writeln!(out, "  {kind}: [{}] {}", found.code, found.message).expect("texts take all");
    if !found.trail.is_empty() {
        let steps: Vec<String> = found.trail.iter().map(Step::to_string).collect();
        writeln!(out, "    at {}", steps.join(" > ")).expect("texts take all");
    }
}

#[test]
fn what_the_rows_change_is_well_typed() {
    let text = SOUND.replacen("</types>", MORE, 1);
    let checked = checked_with(&text, &shapes(), &Policy::default());
    assert_eq!(super::show(&checked.diagnostics), "");
}

#[test]
fn missing_is_told_apart_from_incompatible_at_every_level() {
    let mut out = String::new();
    for (level, missing, incompatible) in ROWS {
        writeln!(out, "{level}").expect("texts take all");
        let [missing, incompatible] = [missing, incompatible].map(|change| finding(*change));
        told(&mut out, &missing);
        told(&mut out, &incompatible);
        assert_eq!(missing.kind(), Some(ObstacleKind::Missing), "{out}");
        assert_eq!(
            incompatible.kind(),
            Some(ObstacleKind::Incompatible),
            "{out}"
        );
    }
    expect![[r#"
        endpoint of an object
          missing: [not-a-subtype] the object is no `Wanted`: `composite` has no endpoint `other`, which `Wanted` needs
          incompatible: [not-a-subtype] the object is no `Wanted`: at endpoint `feed`: `composite` is not `many`, and `Wanted` is
            at endpoint `feed`
        event
          missing: [endpoint-mismatch] endpoints `source.feed` and `sink.feed` do not match: `sink.feed` has no incoming event `show`, which `source.feed` needs
          incompatible: [endpoint-mismatch] endpoints `source.feed` and `sink.feed` do not match: event `show` is sent by both `source.feed` and `sink.feed` and received by neither
        parameter of an event
          missing: [endpoint-mismatch] endpoints `source.feed` and `sink.feed` do not match: `source.feed` has no field `by`, which `sink.feed` needs
            at event `done`
          incompatible: [endpoint-mismatch] endpoints `source.feed` and `sink.feed` do not match: `source.feed` has `bytes`, but `sink.feed` needs `string`
            at event `done` > field `by`
        field
          missing: [endpoint-mismatch] endpoints `source.feed` and `sink.feed` do not match: `Line` of `source.feed` has no field `author`, which `Long` of `sink.feed` needs
            at event `show` > field `line`
          incompatible: [endpoint-mismatch] endpoints `source.feed` and `sink.feed` do not match: `source.feed` has `u32`, but `sink.feed` needs `bool`
            at event `show` > field `line` > field `size`
        case
          missing: [endpoint-mismatch] endpoints `source.feed` and `sink.feed` do not match: `sink.feed` has no case `far`, which `source.feed` needs
            at event `mark` > field `mark`
          incompatible: [endpoint-mismatch] endpoints `source.feed` and `sink.feed` do not match: `source.feed` has `f64`, but `sink.feed` needs `u32`
            at event `mark` > field `mark` > case `at`
        constraint
          missing: [endpoint-mismatch] endpoints `source.feed` and `sink.feed` do not match: `sink.feed` requires properties "fifo", and `source.feed` provides nothing in `properties`
          incompatible: [endpoint-mismatch] endpoints `source.feed` and `sink.feed` do not match: `sink.feed` requires properties "fifo", and `source.feed` provides properties "best_effort"; `best_effort` does not imply `fifo`
        parameter of a template
          missing: [missing-parameter] parameter `size` of template `shape` is not assigned
          incompatible: [invalid-value] `size`: expected `u8` (0 to 255), found `300`
        type argument
          missing: [missing-parameter] parameter `T` of template `sized` is not assigned
          incompatible: [wrong-kind] parameter `T` takes a type of kind value, `Source` is of kind object
        component
          missing: [unknown-component] there is no component `feeder`
          incompatible: [not-a-subtype] the object is no `Round`: at endpoint `text`: `Shape` is not `many`, and `Round` is
            at endpoint `text`
        template
          missing: [unknown-template] library `example:shapes` has no template `round`
          incompatible: [template-mismatch] template `shape` is not equal to `sizes`: it has the parameters `size`, not the parameters `width`
        type
          missing: [unknown-type] no type is called `Banana`
          incompatible: [wrong-kind] `Line` is a value type, but an endpoint type is needed here
        library
          missing: [manifest-missing] no library named `other:library` is at hand
          incompatible: [library-hash-mismatch] library `example:shapes` has sha256 abababababababababababababababababababababababababababababababab, not 0000000000000000000000000000000000000000000000000000000000000000
    "#]].assert_eq(&out);
}
