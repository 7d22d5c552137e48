//! A name that is misspelt is told with the one that was meant, at every level, and for one that is
//! far from all none is suggested. What is offered as a change of the text mends it.

use liveobj_types::Diagnostic;

use super::{Libraries, checked_with, libraries, show};
use crate::check::Policy;

const SOUND: &str = r#"<liveobject xmlns="urn:liveobj:reference:1">
<types>
use "liveobj:standard";
use "example:shapes";
record Line { text: string, size: u32 }
variant Mark { dot, spot(u32) }
endpoint Feed { out show(line: Line); out mark(mark: Mark); provides properties "at_most_once"; }
endpoint Screen { in show(line: Line); in mark(mark: Mark); requires properties "at_most_once"; }
endpoint Lookup { in get(name: string); out item(value: bytes); follows session "rec X . ?get; !item; X"; }
object Source { endpoint feed: Feed; }
object Sink { mandatory endpoint feed: Screen; endpoint more: Text many; provides cardinality "at most 3 instances of more connected"; }
</types>
<composite>
<component name="source"><external name="source" as="Source"><from><primitive id="registry"/></from></external></component>
<component name="sink"><external name="sink" as="Sink"><from><primitive id="registry"/></from></external></component>
<component name="clock"><external name="timer" library="liveobj:standard"/></component>
<component name="shape"><parameterized>
<template><external name="shape" library="example:shapes"/></template>
<parameter name="Item"><type>Line</type></parameter>
<parameter name="size"><value>{"width": 1, "height": 2}</value></parameter>
<parameter name="color"><value>"green"</value></parameter>
</parameterized></component>
<component name="again"><parameterized>
<template><external name="shape" library="example:shapes" as="shape"/></template>
<parameter name="Item"><type>bytes</type></parameter>
<parameter name="size"><value>{"width": 1, "height": 2}</value></parameter>
<parameter name="color"><value>"red"</value></parameter>
</parameterized></component>
<connection adapt="auto"><endpoint of="source" name="feed"/><endpoint of="sink" name="feed"/></connection>
</composite>
</liveobject>"#;

fn shapes() -> Libraries {
    libraries().with(
        "example:shapes",
        r#"use "liveobj:standard";
record Size { width: u8, height: u8 }
enum Color { red, green }
object Shape { endpoint text: Text; }
template shape<Item: value>(size: Size, color: Color): Shape;
"#,
    )
}

/// A level; what stands in the document, the name between `«` and `»`; the name misspelt, and one
/// that is far from all; the code of what is then found.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
);

const ROWS: &[Row] = &[
    (
        "endpoint",
        r#"of="source" name="«feed»""#,
        "fede",
        "banana",
        "unknown-endpoint",
    ),
    (
        "event",
        r#"?get; !«item»"#,
        "itme",
        "banana",
        "constraint-syntax",
    ),
    (
        "field",
        r#"{"«width»": 1, "height": 2}</value></parameter>
<parameter name="color"><value>"green""#,
        "widht",
        "banana",
        "invalid-value",
    ),
    (
        "case",
        r#"<value>"«green»""#,
        "gren",
        "banana",
        "invalid-value",
    ),
    (
        "parameter",
        r#"<parameter name="«size»"><value>{"width": 1, "height": 2}</value></parameter>
<parameter name="color"><value>"green""#,
        "siez",
        "banana",
        "unknown-parameter",
    ),
    (
        "type argument",
        r#"<parameter name="«Item»"><type>Line"#,
        "Itme",
        "Banana",
        "unknown-parameter",
    ),
    (
        "component",
        r#"of="«source»" name="feed""#,
        "suorce",
        "banana",
        "unknown-component",
    ),
    (
        "template",
        r#"<external name="«shape»" library="example:shapes"/>"#,
        "shpae",
        "banana",
        "unknown-template",
    ),
    (
        "template of an `as`",
        r#"library="example:shapes" as="«shape»"/>"#,
        "shpae",
        "banana",
        "unknown-type",
    ),
    (
        "type",
        "endpoint more: «Text»",
        "Txet",
        "Banana",
        "unknown-type",
    ),
    (
        "type in a document",
        r#"as="«Source»""#,
        "Suorce",
        "Banana",
        "unknown-type",
    ),
    (
        "library",
        r#"name="timer" library="«liveobj:standard»""#,
        "liveobj:standrad",
        "banana",
        "manifest-missing",
    ),
    (
        "type library",
        r#"use "«liveobj:standard»""#,
        "liveobj:standrad",
        "banana",
        "unknown-type-library",
    ),
    (
        "primitive",
        r#"as="Sink"><from><primitive id="«registry»""#,
        "regsitry",
        "banana",
        "unknown-primitive",
    ),
    (
        "formalism",
        r#"provides «cardinality» "at most 3"#,
        "cardnality",
        "",
        "unknown-formalism",
    ),
    (
        "property",
        r#"provides properties "«at_most_once»""#,
        "at_most_onc",
        "banana",
        "constraint-syntax",
    ),
    (
        "endpoint in a constraint",
        "3 instances of «more» connected",
        "mroe",
        "banana",
        "constraint-syntax",
    ),
    (
        "adapter",
        r#"adapt="«auto»""#,
        "auot",
        "banana",
        "adapter-not-found",
    ),
    (
        "keyword",
        "«record» Line",
        "recrod",
        "banana",
        "type-syntax",
    ),
    (
        "attribute",
        r#"<component «name»="clock""#,
        "nmae",
        "banana",
        "document-structure",
    ),
    (
        "element",
        r#"<«external» name="timer" library="liveobj:standard"/>"#,
        "extrenal",
        "banana",
        "document-structure",
    ),
];

fn check(text: &str) -> Vec<Diagnostic> {
    checked_with(text, &shapes(), &Policy::default()).diagnostics
}

/// The document with `name` where the row's stands, and that.
fn with<'r>(place: &'r str, name: &str) -> (String, &'r str) {
    let (before, rest) = place.split_once('«').expect("a name is marked");
    let (right, after) = rest.split_once('»').expect("its end is marked");
    let old = format!("{before}{right}{after}");
    assert_eq!(SOUND.matches(&old).count(), 1, "{old}");
    (
        SOUND.replace(&old, &format!("{before}{name}{after}")),
        right,
    )
}

#[test]
fn the_document_is_well_typed() {
    assert_eq!(show(&check(SOUND)), "");
}

#[test]
fn a_misspelt_name_is_told_with_the_right_one_at_every_level() {
    let mut wrong = Vec::new();
    for (level, place, misspelt, _, code) in ROWS {
        let (mut text, right) = with(place, misspelt);
        let found = check(&text);
        let told = show(&found);
        let [only] = &found[..] else {
            wrong.push(format!("{level}: not one finding\n{told}"));
            continue;
        };
        let named = only
            .help
            .as_ref()
            .is_some_and(|help| help.contains(&format!("`{right}`")));
        if only.code.as_str() != *code || !named {
            wrong.push(format!(
                "{level}: expected {code}, and help with `{right}`\n{told}"
            ));
        }
        let Some(fix) = &only.fix else {
            wrong.push(format!("{level}: no change of the text is offered\n{told}"));
            continue;
        };
        assert_eq!(fix.place.source.text, text);
        text.replace_range(fix.place.span.start..fix.place.span.end, &fix.replacement);
        let left = show(&check(&text));
        if !left.is_empty() {
            wrong.push(format!("{level}: mended, there is still\n{left}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn for_a_name_that_is_far_from_all_none_is_suggested() {
    let mut wrong = Vec::new();
    for (level, place, _, far, code) in ROWS.iter().filter(|(.., far, _)| !far.is_empty()) {
        let (text, right) = with(place, far);
        let found = check(&text);
        let told = show(&found);
        let about = found.iter().find(|found| found.code.as_str() == *code);
        let suggests = |found: &Diagnostic| {
            let meant = format!("did you mean `{right}`");
            let write = format!("write `{right}`");
            let help = found.help.as_deref().unwrap_or_default();
            found.fix.is_some() || help.contains(&meant) || help.contains(&write)
        };
        if about.is_none_or(suggests) {
            wrong.push(format!(
                "{level}: expected {code} without a suggestion\n{told}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_formalism_of_another_name_is_no_misspelling() {
    let (text, _) = with(r#"provides «properties» "at_most_once""#, "banana");
    let found = check(&text);
    assert!(
        found
            .iter()
            .all(|found| found.code.as_str() != "unknown-formalism")
    );
}

/// What two types that are compared call differently, and what the help names.
#[test]
fn parts_of_types_that_are_nearly_called_alike_are_told() {
    let rows = [
        (
            "event",
            "in show(line: Line)",
            "in shwo(line: Line)",
            "`show`",
        ),
        (
            "field",
            "in show(line: Line)",
            "in show(line: Lien)",
            "`text`",
        ),
        (
            "case",
            "in mark(mark: Mark)",
            "in mark(mark: Makr)",
            "`spot`",
        ),
    ];
    let more = "record Lien { txet: string, size: u32 } variant Makr { dot, sopt(u32) } </types>";
    let plain = SOUND
        .replace(" adapt=\"auto\"", "")
        .replace("</types>", more);
    for (level, old, new, named) in rows {
        let found = check(&plain.replacen(old, new, 1));
        let told = show(&found);
        let [only] = &found[..] else {
            panic!("{level}: {told}");
        };
        assert_eq!(only.code.as_str(), "endpoint-mismatch", "{level}: {told}");
        let help = only.help.as_deref().unwrap_or_default();
        assert!(
            help.contains("rename") && help.contains(named),
            "{level}: {told}"
        );
    }
}
