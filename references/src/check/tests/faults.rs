//! Independent faults at different places of a document: each is found where it is, once, and
//! nothing follows from it.

use std::fmt::Write as _;

use proptest::prelude::*;
use proptest::sample::subsequence;

use super::{checked, show};

/// Parts of a well-typed document that have nothing to do with others of their kind; `#` is their
/// number.
const TYPES: &str = r#"
record Line# { author: string, text: string }
record Long# { author: string, text: string, size: u32 }
record Tree# { below: list[Tree#], names: map[string, u32] }
endpoint Feed# { out show(line: Line#); provides properties "fifo"; }
endpoint Screen# { in show(line: Line#); requires properties "fifo"; }
object Source# { endpoint feed: Feed#; }
object Sink# { mandatory endpoint feed: Screen#; }
"#;
const COMPONENTS: &str = r#"
<component name="source#"><external name="source" as="Source#"><from><primitive id="registry"/></from></external></component>
<component name="sink#"><external name="sink" as="Sink#"><from><primitive id="registry"/></from></external></component>
<component name="clock#"><external name="timer" library="liveobj:standard" as="Timer"/></component>
<component name="network#"><parameterized>
  <template><external name="udp_channel" library="liveobj:channels"/></template>
  <parameter name="Message"><type>bytes</type></parameter>
  <parameter name="ttl"><value>1</value></parameter>
</parameterized></component>
<component name="local#"><parameterized>
  <template><external name="local_channel" library="liveobj:channels"/></template>
  <parameter name="Message"><type>Line#</type></parameter>
  <parameter name="name"><value>"here"</value></parameter>
</parameterized></component>
<component name="note#"><external name="shared_text" library="liveobj:documents"/></component>
"#;
const WIRES: &str = r#"
<connection><endpoint of="source#" name="feed"/><endpoint of="sink#" name="feed"/></connection>
<connection><endpoint of="network#" name="channel"/><endpoint of="note#" name="channel"/></connection>
<export of="note#" name="text" as="text#"/>
"#;

/// A change of one part, and the code of what is then found where `«` and `»` stand in the parts;
/// they stand around what was there, or in the new text.
#[derive(Debug)]
struct Fault {
    code: &'static str,
    old: &'static str,
    new: &'static str,
    found_at: &'static str,
}

const fn fault(
    code: &'static str,
    old: &'static str,
    new: &'static str,
    found_at: &'static str,
) -> Fault {
    Fault {
        code,
        old,
        new,
        found_at,
    }
}

const FAULTS: &[Fault] = &[
    fault(
        "unknown-component",
        r#"<endpoint of="source#""#,
        r#"<endpoint of="suorce#""#,
        r#"<endpoint of="«suorce#»""#,
    ),
    fault(
        "unknown-endpoint",
        r#"of="note#" name="channel""#,
        r#"of="note#" name="chanel""#,
        r#"of="note#" name="«chanel»""#,
    ),
    fault(
        "endpoint-mismatch",
        "<type>bytes</type>",
        "<type>string</type>",
        r#"«<endpoint of="network#" name="channel"/>»"#,
    ),
    fault(
        "endpoint-mismatch",
        "in show(line: Line#)",
        "in show(line: Long#)",
        r#"«<endpoint of="source#" name="feed"/>»"#,
    ),
    fault(
        "endpoint-mismatch",
        "in show(line: Line#)",
        "out show(line: Line#)",
        r#"«<endpoint of="source#" name="feed"/>»"#,
    ),
    fault(
        "endpoint-mismatch",
        r#"provides properties "fifo""#,
        r#"provides properties "best_effort""#,
        r#"«<endpoint of="source#" name="feed"/>»"#,
    ),
    fault(
        "constraint-syntax",
        r#"provides properties "fifo""#,
        r#"provides properties "fifoo""#,
        r#"provides properties "«fifoo»""#,
    ),
    fault(
        "unknown-type",
        "record Line# { author: string",
        "record Line# { author: strnig",
        "record Line# { author: «strnig»",
    ),
    fault(
        "wrong-kind",
        "endpoint feed: Feed#",
        "endpoint feed: Line#",
        "endpoint feed: «Line#»",
    ),
    fault(
        "wrong-argument-count",
        "below: list[Tree#]",
        "below: list[Tree#, Tree#]",
        "below: «list[Tree#, Tree#]»",
    ),
    fault(
        "invalid-map-key",
        "map[string, u32]",
        "map[f64, u32]",
        "«map[f64, u32]»",
    ),
    fault(
        "no-finite-value",
        "record Tree# { below: list[Tree#]",
        "record Tree# { below: Tree#",
        "record «Tree#» { below: Tree#",
    ),
    fault(
        "duplicate-name",
        "\nrecord Tree#",
        "\nrecord Long# { text: string }\nrecord Tree#",
        "record «Long#» { text: string }",
    ),
    fault(
        "unknown-template",
        r#"name="shared_text""#,
        r#"name="shraed_text""#,
        r#"name="«shraed_text»""#,
    ),
    fault(
        "manifest-missing",
        "liveobj:documents",
        "liveobj:dokuments#",
        "«liveobj:dokuments#»",
    ),
    fault(
        "unknown-parameter",
        r#"name="ttl""#,
        r#"name="tll""#,
        r#"name="«tll»""#,
    ),
    fault("invalid-value", "<value>1<", "<value>300<", "<value>«300»<"),
    fault(
        "wrong-argument-kind",
        "<value>\"here\"</value>",
        "<type>string</type>",
        r#"name="name"><type>«string»</type>"#,
    ),
    fault(
        "missing-parameter",
        r#"<parameter name="name"><value>"here"</value></parameter>"#,
        "",
        r#"name="local#">«<parameterized>»"#,
    ),
    fault(
        "duplicate-part",
        r#"<component name="clock#">"#,
        r#"<component name="note#"><external name="timer" library="liveobj:standard"/></component><component name="clock#">"#,
        r#"<component name="«note#»"><external name="shared_text""#,
    ),
    fault(
        "endpoint-already-used",
        r#"<export of="note#" name="text" as="text#"/>"#,
        r#"<export of="note#" name="text" as="text#"/><export of="source#" name="feed" as="feed#"/>"#,
        r#"«<export of="source#" name="feed" as="feed#"/>»"#,
    ),
    fault(
        "mandatory-unconnected",
        r#"<connection><endpoint of="source#" name="feed"/><endpoint of="sink#" name="feed"/></connection>"#,
        "",
        r#"<component name="«sink#»">"#,
    ),
    fault(
        "not-a-subtype",
        r#"as="Timer""#,
        r#"as="Console""#,
        r#"as="«Console»""#,
    ),
    fault(
        "unknown-primitive",
        r#"as="Source#"><from><primitive id="registry"/>"#,
        r#"as="Source#"><from><primitive id="regsitry"/>"#,
        r#"as="Source#"><from><primitive id="«regsitry»"/>"#,
    ),
    fault(
        "missing-as",
        r#"<external name="source" as="Source#">"#,
        r#"<external name="source">"#,
        r#"«<external name="source">»"#,
    ),
];

/// Faults of form: what could not be read is left out, and nothing follows from that either.
const FAULTS_OF_FORM: &[Fault] = &[
    fault(
        "document-structure",
        r#"<external name="sink" as="Sink#">"#,
        r#"<external name="sink" sa="x" as="Sink#">"#,
        r#"<external name="sink" «sa»="x" as="Sink#">"#,
    ),
    fault(
        "document-structure",
        r#"<component name="network#">"#,
        r#"<component nmae="network#">"#,
        r#"<component «nmae»="network#">"#,
    ),
    fault(
        "document-structure",
        r#"<external name="source" as="Source#">"#,
        r#"<external name="source" as="Source#"><hint/>"#,
        r#"<external name="source" as="Source#"><«hint»/>"#,
    ),
    fault(
        "document-structure",
        r#"<component name="note#">"#,
        r#"<component name="note#">a note"#,
        r#"<component name="note#">«a note»"#,
    ),
    fault(
        "document-structure",
        r#"<external name="timer" library"#,
        "<external library",
        r#"<component name="clock#">«<external library"#,
    ),
    fault(
        "document-structure",
        r#"<external name="shared_text" library="liveobj:documents"/>"#,
        r#"<external name="shared_text"/>"#,
        r#"«<external name="shared_text"/>»"#,
    ),
    fault(
        "document-structure",
        r#"<external name="shared_text" library="liveobj:documents"/>"#,
        "",
        r#"«<component name="note#">»"#,
    ),
    fault(
        "document-structure",
        r#"<external name="shared_text" library="liveobj:documents"/>"#,
        r#"<extrenal name="shared_text" library="liveobj:documents"/>"#,
        r#"<«extrenal» name="shared_text""#,
    ),
    fault(
        "document-structure",
        r#"<external name="sink" as="Sink#"><from><primitive id="registry"/></from></external>"#,
        r#"<external name="sink" as="Sink#"><from><primitive/></from></external>"#,
        r#"as="Sink#"><from>«<primitive/>»"#,
    ),
    fault(
        "document-structure",
        r#"library="liveobj:standard" as="Timer"/>"#,
        r#"library="liveobj:standard" as="Timer"><from><primitive id="registry"/></from></external>"#,
        r#"library="liveobj:standard" as="Timer">«<from>»"#,
    ),
    fault(
        "document-structure",
        r#"library="liveobj:standard" as"#,
        r#"library="" as"#,
        r#"library="«»" as"#,
    ),
    fault(
        "document-structure",
        r#"library="liveobj:documents"/>"#,
        r#"library="liveobj:documents" sha256="12"/>"#,
        r#"library="liveobj:documents" sha256="«12»"/>"#,
    ),
    fault(
        "document-structure",
        r#"<template><external name="udp_channel" library="liveobj:channels"/></template>"#,
        "",
        r#"<component name="network#">«<parameterized>»"#,
    ),
    fault(
        "document-structure",
        r#"<parameter name="name"><value>"here"</value>"#,
        r#"<parameter><value>"here"</value>"#,
        r#"«<parameter>»<value>"here"</value>"#,
    ),
    fault(
        "document-structure",
        "<type>bytes</type>",
        "",
        r#"«<parameter name="Message">»</parameter>"#,
    ),
    fault(
        "document-structure",
        "<value>1</value>",
        "<valeu>1</valeu>",
        "<«valeu»>1</valeu>",
    ),
    fault(
        "document-structure",
        r#"<endpoint of="sink#" name="feed"/>"#,
        r#"<endpoint of="sink#"/>"#,
        r#"«<endpoint of="sink#"/>»"#,
    ),
    fault(
        "document-structure",
        r#"<export of="note#" name="text" as="text#"/>"#,
        r#"<exprot of="note#" name="text" as="text#"/>"#,
        r#"<«exprot» of="note#" name="text" as="text#"/>"#,
    ),
    fault(
        "document-structure",
        r#"as="text#"/>"#,
        r#"as="text #"/>"#,
        r#"as="«text #»"/>"#,
    ),
    fault(
        "type-syntax",
        "record Tree# { below: list",
        "record Tree# { below list",
        "record Tree# { below «list»",
    ),
    fault(
        "type-syntax",
        "record Line# { author: string, text: string }",
        "record Line# { author: string; text: string }",
        "record Line# { author: string«;» text: string }",
    ),
    fault(
        "type-syntax",
        "out show(line: Line#);",
        "out show(line: Line#)",
        r#"out show(line: Line#) «provides» properties"#,
    ),
    fault(
        "type-syntax",
        "feed: Feed#; }\nobject Sink#",
        "feed: Feed#;\nobject Sink#",
        "feed: Feed#;\n«object» Sink#",
    ),
    fault(
        "type-syntax",
        "record Long# {",
        "recrod Long# {",
        "«recrod» Long# {",
    ),
];

/// Faults of form that leave open what else a composite holds: then it is not said that it lacks
/// something.
const OPEN: &[Fault] = &[
    fault(
        "document-structure",
        r#"<component name="source#">"#,
        "<component>",
        r#"«<component>»<external name="source""#,
    ),
    fault(
        "document-structure",
        r#"<endpoint of="sink#" name="feed"/>"#,
        r#"<endpoint name="feed"/>"#,
        r#"«<endpoint name="feed"/>»"#,
    ),
    fault(
        "document-structure",
        r#"<endpoint of="sink#" name="feed"/>"#,
        "",
        r#"«<connection>»<endpoint of="source#" name="feed"/></connection>"#,
    ),
    fault(
        "document-structure",
        r#"<connection><endpoint of="source#" name="feed"/><endpoint of="sink#" name="feed"/></connection>"#,
        r#"<wire><endpoint of="source#" name="feed"/><endpoint of="sink#" name="feed"/></wire>"#,
        r#"<«wire»><endpoint of="source#""#,
    ),
    fault(
        "document-structure",
        r#"<component name="source#"><external name="source" as="Source#"><from><primitive id="registry"/></from></external></component>"#,
        r#"<part name="source#"><external name="source" as="Source#"><from><primitive id="registry"/></from></external></part>"#,
        r#"<«part» name="source#">"#,
    ),
];

/// What is not said where a composite is left open.
const LACKS: [&str; 2] = ["unknown-component", "mandatory-unconnected"];

/// A fault after which nothing else is looked at.
const FAULT_OF_SYNTAX: Fault = fault(
    "document-syntax",
    r#"of="note#" name="text" as="text#"/>"#,
    r#"of="note#" name="text" as="text#>"#,
    r#"<export of="note#" name="text" «as»="text#>"#,
);

/// A document of some parts, each with a fault or none, and where each fault is to be found: its
/// code with the byte.
fn document(parts: &[Option<&Fault>]) -> (String, Vec<(&'static str, usize)>) {
    let numbered = |text: &str, number: usize| text.replace('#', &number.to_string());
    let mut text = "<liveobject xmlns=\"urn:liveobj:reference:1\">\n<types>".to_owned();
    let mut expected = Vec::new();
    let sections = [
        (TYPES, "</types>\n<composite>"),
        (COMPONENTS, ""),
        (WIRES, "</composite>\n</liveobject>"),
    ];
    for (section, end) in sections {
        for (number, part) in parts.iter().enumerate() {
            let mut lines = numbered(section, number);
            if let Some(fault) = part {
                lines = lines.replacen(
                    &numbered(fault.old, number),
                    &numbered(fault.new, number),
                    1,
                );
                let found_at = numbered(fault.found_at, number);
                let bare = found_at.replace(['«', '»'], "");
                if let Some(at) = lines.find(&bare) {
                    let inside = found_at.find('«').unwrap_or(0);
                    expected.push((fault.code, text.len() + at + inside));
                }
            }
            text.push_str(&lines);
        }
        text.push_str(end);
    }
    (text, expected)
}

/// The faults of a document, with what is found instead where that is not the same.
fn compare(parts: &[Option<&Fault>]) -> Result<(), String> {
    let (text, expected) = document(parts);
    let faults = parts.iter().flatten().count();
    assert_eq!(expected.len(), faults, "{expected:?}");
    let checked = checked(&text);
    assert_eq!(checked.reference.is_none(), faults > 0, "a plan of {text}");
    let mut found: Vec<(&str, usize)> = checked
        .diagnostics
        .iter()
        .map(|found| {
            let start = found
                .labels
                .first()
                .map_or(0, |label| label.place.span.start);
            (found.code.as_str(), start)
        })
        .collect();
    let mut expected = expected;
    found.sort_unstable();
    expected.sort_unstable();
    if found == expected {
        return Ok(());
    }
    let mut told = format!("expected {expected:?}, found {found:?}\n");
    write!(told, "{}", show(&checked.diagnostics)).expect("texts take all");
    Err(told)
}

#[test]
fn without_a_fault_nothing_is_found() {
    compare(&[None; 4]).unwrap();
}

/// All faults that hide no other one.
fn faults() -> impl Iterator<Item = &'static Fault> {
    FAULTS.iter().chain(FAULTS_OF_FORM)
}

#[test]
fn each_fault_alone_is_found_once() {
    let mut wrong = Vec::new();
    let all = faults().chain(OPEN).chain([&FAULT_OF_SYNTAX]);
    for (index, fault) in all.enumerate() {
        if let Err(told) = compare(&[None, Some(fault), None]) {
            wrong.push(format!("{index} {}: {told}", fault.code));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn all_faults_are_found_in_one_run() {
    let all: Vec<Option<&Fault>> = faults().map(Some).collect();
    compare(&all).unwrap();
}

#[test]
fn what_a_composite_may_hold_besides_hides_only_what_it_may_lack() {
    let other = |fault: &&Fault| !LACKS.contains(&fault.code);
    let mut all: Vec<Option<&Fault>> = faults().filter(other).map(Some).collect();
    all.extend(OPEN.iter().map(Some));
    compare(&all).unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn independent_faults_are_all_found_and_nothing_else(
        kinds in subsequence(faults().collect::<Vec<_>>(), 1..=8).prop_shuffle(),
        sound in proptest::collection::vec(any::<bool>(), 8),
    ) {
        let mut parts = Vec::new();
        for (fault, sound) in kinds.into_iter().zip(sound) {
            parts.extend(sound.then_some(None));
            parts.push(Some(fault));
        }
        prop_assert_eq!(compare(&parts), Ok(()));
    }
}
