//! Faults of form: what is said of documents that are no references.

use std::fmt::Write as _;

use expect_test::{Expect, expect};
use liveobj_types::Source;

use crate::check::tests::show;
use crate::{Limits, read, read_within};

fn check(text: &str, expect: Expect) {
    let (document, found) = read(&Source::new("test", text));
    assert_eq!(document.is_some(), found.is_empty());
    expect.assert_eq(&show(&found));
}

fn xml(body: &str, expect: Expect) {
    check(
        &format!("<liveobject xmlns=\"urn:liveobj:reference:1\">\n{body}\n</liveobject>"),
        expect,
    );
}

const TIMER: &str = "<external name=\"timer\" library=\"liveobj:standard\"/>";

#[test]
fn neither_notation() {
    check(
        "",
        expect![[r#"
        error[document-syntax]: the document is empty
          test:1:1: 
          help: a reference begins with `<liveobject` or `{"liveobj": 1`
    "#]],
    );
    check(
        "  \n  hello",
        expect![[r#"
        error[document-syntax]: this is neither XML nor JSON: expected `<` or `{`
          test:2:3: 
          help: a reference begins with `<liveobject` or `{"liveobj": 1`
    "#]],
    );
    check(
        "<liveobject",
        expect![[r#"
        error[document-syntax]: tag not closed: `>` not found before end of input
          test:1:1: <
    "#]],
    );
    check(
        "{\"liveobj\": 1",
        expect![[r#"
        error[document-syntax]: expected `,` or `}`, found the end of the text
          test:1:14: 
    "#]],
    );
}

#[test]
fn a_second_byte_order_mark_is_text() {
    let text = format!(
        "\u{feff}\u{feff}<liveobject xmlns=\"urn:liveobj:reference:1\">{TIMER}</liveobject>"
    );
    let (document, found) = crate::read_xml(&Source::new("test", text), &Limits::default());
    assert_eq!(document, None);
    expect![[r#"
        error[document-syntax]: text outside of the root element
          test:1:2: ﻿
    "#]]
    .assert_eq(&show(&found));
}

#[test]
fn a_byte_order_mark_and_a_declaration_are_accepted() {
    let text = format!(
        "\u{feff}<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- a clock -->\n\
         <liveobject xmlns=\"urn:liveobj:reference:1\">{TIMER}</liveobject>\n<!-- end -->\n"
    );
    check(&text, expect![[r#""#]]);
    check(
        "\u{feff} {\"liveobj\":1,\"primitive\":{\"id\":\"registry\"}}",
        expect![[r#""#]],
    );
    let text = text.replace("utf-8", "latin1");
    check(
        &text,
        expect![[r#"
        error[document-syntax]: documents are encoded in UTF-8
          test:1:2: <?xml version="1.0" encoding="latin1"?>
    "#]],
    );
}

#[test]
fn no_document_type_and_no_entities() {
    check(
        "<!DOCTYPE a [<!ENTITY b \"c\">]><liveobject/>",
        expect![[r#"
            error[document-syntax]: document types are not accepted
              test:1:1: <!DOCTYPE a [<!ENTITY b "c">]>
              help: remove the `<!DOCTYPE …>`
        "#]],
    );
    xml(
        "<types>&b;</types>",
        expect![[r#"
        error[document-syntax]: unknown entity `&b;`
          test:2:8: &b;
          help: only `&lt;`, `&gt;`, `&amp;`, `&apos;`, `&quot;` and character references
    "#]],
    );
    xml(
        "<about name=\"&b;\"/>",
        expect![[r#"
        error[document-syntax]: unknown entity `&b;`
          test:2:14: &b;
          help: only `&lt;`, `&gt;`, `&amp;`, `&apos;`, `&quot;` and character references
    "#]],
    );
    xml(
        "<about name=\"&#0;\"/>",
        expect![[r#"
        error[document-syntax]: `&#0;` is not a character of a document
          test:2:14: &#0;
    "#]],
    );
    xml(
        "<about name=\"a & b\"/>",
        expect![[r#"
        error[document-syntax]: `&` begins an entity that does not end
          test:2:16: &
          help: write `&amp;`
    "#]],
    );
    xml(
        "<?php 1 ?>",
        expect![[r#"
        error[document-syntax]: processing instructions are not accepted
          test:2:1: <?php 1 ?>
    "#]],
    );
}

#[test]
fn other_namespaces_are_refused() {
    check(
        &format!("<liveobject>{TIMER}</liveobject>"),
        expect![[r#"
            error[document-structure]: `<liveobject>` does not name its namespace
              test:1:1: <liveobject>
              help: add `xmlns="urn:liveobj:reference:1"`
        "#]],
    );
    check(
        &format!("<liveobject xmlns=\"urn:other\">{TIMER}</liveobject>"),
        expect![[r#"
            error[document-structure]: namespace `urn:other` is not that of references
              test:1:20: urn:other
              help: write `xmlns="urn:liveobj:reference:1"`
        "#]],
    );
    xml(
        "<x:external xmlns:x=\"urn:other\" name=\"timer\" library=\"liveobj:standard\"/>",
        expect![[r#"
            error[document-structure]: element `x:external` is not expected in `<liveobject>`
              test:2:2: x:external
              help: did you mean `external`?
            error[document-structure]: attribute `xmlns:x` belongs to another namespace
              test:2:13: xmlns:x
              help: only `urn:liveobj:reference:1` is accepted, without prefixes
        "#]],
    );
    xml(
        &TIMER.replace("name=", "xml:lang=\"en\" name="),
        expect![[r#"
            error[document-structure]: attribute `xml:lang` belongs to another namespace
              test:2:11: xml:lang
              help: only `urn:liveobj:reference:1` is accepted, without prefixes
        "#]],
    );
}

#[test]
fn tags_are_closed_in_order() {
    xml(
        "<composite><component></composite></component>",
        expect![[r#"
            error[document-syntax]: expected `</component>`, found `</composite>`
              test:2:23: </composite>
              test:2:12: <component>  opened here
              help: add `</component>` before this
        "#]],
    );
    check(
        "<liveobject xmlns=\"urn:liveobj:reference:1\">",
        expect![[r#"
            error[document-syntax]: `<liveobject>` is never closed
              test:1:1: <liveobject xmlns="urn:liveobj:reference:1">
              help: add `</liveobject>`
        "#]],
    );
    check(
        "</liveobject>",
        expect![[r#"
        error[document-syntax]: `</liveobject>` closes nothing
          test:1:1: </liveobject>
    "#]],
    );
    check(
        "<a/><b/>",
        expect![[r#"
        error[document-syntax]: a second root element
          test:1:5: <b/>
          help: a document holds one `<liveobject>`
    "#]],
    );
    check(
        "<a/>text",
        expect![[r#"
        error[document-syntax]: text outside of the root element
          test:1:5: text
    "#]],
    );
}

#[test]
fn attributes_are_closed_and_stand_once() {
    xml(
        "<external name=\"timer\n library=\"liveobj:standard\"/>",
        expect![[r#"
            error[document-syntax]: the value of attribute `name` is not closed
              test:2:11: name
              help: end it with the quote that it begins with
        "#]],
    );
    xml(
        "<external name=\"timer/>\n<external name=\"x\"/>",
        expect![[r#"
            error[document-syntax]: the value of attribute `name` is not closed
              test:2:11: name
              help: end it with the quote that it begins with
        "#]],
    );
    xml(
        "<external name=timer/>",
        expect![[r#"
        error[document-syntax]: the value of attribute `name` is not in quotes
          test:2:11: name
          help: write `name="…"`
    "#]],
    );
    xml(
        "<external name/>",
        expect![[r#"
        error[document-syntax]: attribute `name` has no value
          test:2:11: name
          help: write `name="…"`
    "#]],
    );
    xml(
        "<external name=\"a\" name=\"b\"/>",
        expect![[r#"
        error[document-syntax]: attribute `name` stands twice
          test:2:20: name
          test:2:11: name  first here
    "#]],
    );
    xml(
        "<external name=\"a\" as=\"Channel<Line>\"/>",
        expect![[r#"
            error[document-syntax]: `<` cannot stand in an attribute
              test:2:31: <
              help: write type arguments in brackets: `Channel[Line]`
        "#]],
    );
}

#[test]
fn every_fault_of_structure_is_found_at_once() {
    xml(
        r#"<abuot name="x"/>
<composite conections="2">
  <component name="a b"><external name="x"/></component>
  <component><primitive id="2"/></component>
  <component name="c"/>
  <component name="d"><primitive id="2"/><primitive id="2"/></component>
  <component name="e">text</component>
  <connection><endpoint of="a" name="x"/></connection>
  <connection><endpoint of="a"/><endpoint of="b" name="x"/></connection>
  <exports of="a" name="x"/>
  <component name="f"><external name="x" library="y" sha256="12"/></component>
  <component name="g"><parameterized><parameter name="p"/></parameterized></component>
</composite>"#,
        expect![[r#"
            error[document-structure]: element `abuot` is not expected in `<liveobject>`
              test:2:2: abuot
              help: did you mean `about`?
            error[document-structure]: attribute `conections` is not expected in `<composite>`
              test:3:12: conections
              help: expected `as`
            error[document-structure]: `a b` cannot be the name of a component
              test:4:20: a b
              help: names are letters, digits and `_`, and do not begin with a digit
            error[document-structure]: `<external>` does not say where from
              test:4:25: <external name="x"/>
              help: add `library="…"`, or a `<from>` with a reference to a folder
            error[document-structure]: `<component>` has no attribute `name`
              test:5:3: <component>
              help: add `name="…"`
            error[document-structure]: `<component>` holds no reference
              test:6:3: <component name="c"/>
              help: add `<composite>`, `<external>`, `<parameterized>` or `<primitive>`
            error[document-structure]: a second reference in `<component>`
              test:7:42: <primitive id="2"/>
              help: put several objects into one `<composite>`
            error[document-structure]: text is not expected in `<component>`
              test:8:23: text
              help: remove it, or make it a comment: `<!-- … -->`
            error[document-structure]: a connection has two endpoints, this one has 1
              test:9:3: <connection>
              help: write `<endpoint of="…" name="…"/>` twice
            error[document-structure]: `<endpoint>` has no attribute `name`
              test:10:15: <endpoint of="a"/>
              help: add `name="…"`
            error[document-structure]: element `exports` is not expected in `<composite>`
              test:11:4: exports
              help: did you mean `export`?
            error[document-structure]: a `sha256` is 64 hexadecimal digits
              test:12:62: 12
              help: `sha256sum FILE` prints it
            error[document-structure]: `<parameterized>` has no `<template>`
              test:13:23: <parameterized>
              help: add `<template><external name="…" library="…"/></template>`
            error[document-structure]: `<parameter>` is empty
              test:13:38: <parameter name="p"/>
              help: put a reference, a `<type>` or a `<value>` into it
        "#]],
    );
    check(
        r#"{"liveobj": 2, "abuot": {}, "composite": {
  "components": {"a b": {"primitive": {"id": "2"}}, "b": {"external": {"name": "x"}}, "c": {}, "d": 5},
  "conections": [],
  "connections": [[{"of": "a", "name": "x"}], [{"of": "a"}, {"of": "b", "name": 3}]],
  "exports": [{"of": "a", "name": "x", "as": null}]}}"#,
        expect![[r#"
            error[document-structure]: this version of the format is not known
              test:1:13: 2
              help: write `"liveobj": 1`
            error[document-structure]: key `abuot` is not expected in a reference
              test:1:17: abuot
              help: did you mean `about`?
            error[document-structure]: `a b` cannot be the name of a component
              test:2:19: a b
              help: names are letters, digits and `_`, and do not begin with a digit
            error[document-structure]: `external` does not say where from
              test:2:71: {
              help: add `library`, or a `from` with a reference to a folder
            error[document-structure]: there is no reference in this object
              test:2:92: {
              help: add `composite`, `external`, `parameterized` or `primitive`
            error[document-structure]: the reference is a number, expected an object
              test:2:101: 5
            error[document-structure]: key `conections` is not expected in `composite`
              test:3:4: conections
              help: did you mean `connections`?
            error[document-structure]: a connection has two endpoints, this one has 1
              test:4:19: [{"of": "a", "name": "x"}]
              help: write `{"of": …, "name": …}` twice
            error[document-structure]: the endpoint has no key `name`
              test:4:48: {
              help: add `"name": …`
            error[document-structure]: `name` is a number, expected a string
              test:4:81: 3
              help: put it in double quotes
            error[document-structure]: `as` is null, expected a string
              test:5:46: null
              help: put it in double quotes
        "#]],
    );
}

#[test]
fn names_stand_once() {
    xml(
        r#"<composite>
  <component name="a"><primitive id="2"/></component>
  <component name="a"><parameterized>
    <template><external name="t" library="l"/></template>
    <parameter name="p"><value>1</value></parameter>
    <parameter name="p"><value>2</value></parameter>
  </parameterized></component>
  <export of="a" name="x"/>
  <export of="a" name="y" as="x"/>
</composite>"#,
        expect![[r#"
            error[duplicate-part]: a second component named `a`
              test:4:20: a  again here
              test:3:20: a  first here
              help: give one of them another name
            error[duplicate-part]: a second parameter named `p`
              test:7:22: p  again here
              test:6:22: p  first here
              help: give one of them another name
            error[duplicate-part]: a second export named `x`
              test:10:31: x  again here
              test:9:24: x  first here
              help: give one of them another name
        "#]],
    );
    check(
        r#"{"liveobj": 1, "composite": {"components": {"a": {"primitive": {"id": "2", "id": "3"}}, "a": {"primitive": {"id": "2"}}}}}"#,
        expect![[r#"
            error[document-structure]: key `id` stands twice
              test:1:77: id  again here
              test:1:66: id  first here
            error[duplicate-part]: a second component named `a`
              test:1:90: a  again here
              test:1:46: a  first here
              help: give one of them another name
        "#]],
    );
}

#[test]
fn json_is_read_strictly() {
    for text in [
        r#"{"liveobj": 1,}"#,
        r#"{"liveobj": 01}"#,
        r#"{"liveobj": 1} x"#,
        r#"{liveobj: 1}"#,
        r#"{"a": "\x"}"#,
        r#"{"a": "\ud800"}"#,
        r#"{"a": "\u0000"}"#,
        "{\"a\": \"\n\"}",
        r#"{"a": nil}"#,
        r#"{"a": [1 2]}"#,
    ] {
        let (document, found) = read(&Source::new("test", text));
        assert!(
            document.is_none() && found.len() == 1,
            "{text}: {}",
            show(&found)
        );
        assert_eq!(found[0].code.as_str(), "document-syntax", "{text}");
    }
    check(
        r#"{"a": nil}"#,
        expect![[r#"
        error[document-syntax]: expected a JSON value, found `nil`
          test:1:7: nil
          help: write texts in double quotes; `true`, `false` and `null` as such
    "#]],
    );
}

#[test]
fn limits_are_kept() {
    let limits = Limits {
        size: 1000,
        depth: 4,
        components: 3,
        nodes: 200,
    };
    let found = |text: &str| show(&read_within(&Source::new("test", text), &limits).1);
    let nested = |levels: usize| {
        let open = "<external name=\"x\"><from>".repeat(levels);
        let close = "</from></external>".repeat(levels);
        format!(
            "<liveobject xmlns=\"urn:liveobj:reference:1\">{open}<primitive id=\"2\"/>{close}\
             </liveobject>"
        )
    };
    expect![[r#""#]].assert_eq(&found(&nested(3)));
    expect![[r#"
        error[limit-exceeded]: more than 4 references inside each other
          test:1:145: <primitive id="2"/>
    "#]]
    .assert_eq(&found(&nested(4)));
    expect![[r#"
        error[limit-exceeded]: more than 4 references inside each other
          test:1:145: <external name="x">
    "#]]
    .assert_eq(&found(&nested(15)));
    let mut composite = String::from("{\"liveobj\":1,\"composite\":{\"components\":{");
    for number in 0..4 {
        let comma = if number > 0 { "," } else { "" };
        write!(
            composite,
            "{comma}\"c{number}\":{{\"primitive\":{{\"id\":\"2\"}}}}"
        )
        .unwrap();
    }
    composite.push_str("}}}");
    expect![[r#"
        error[limit-exceeded]: more than 3 components
          test:1:132: c3
          help: if it is meant to be that large, raise the limit: `--max-size` of `liveobj check` and `open`, `RuntimeBuilder::limits` of embedders
    "#]]
    .assert_eq(&found(&composite));
    expect![[r#"
        error[limit-exceeded]: the document has 1001 bytes, more than 1000
          test:1:1: 
          help: if it is meant to be that large, raise the limit: `--max-size` of `liveobj check` and `open`, `RuntimeBuilder::limits` of embedders
    "#]]
    .assert_eq(&found(&" ".repeat(1001)));
    let many = format!("{{\"liveobj\":[{}0]", "0,".repeat(200));
    expect![[r#"
        error[limit-exceeded]: more than 200 values
          test:1:409: 0
          help: if it is meant to be that large, raise the limit: `--max-size` of `liveobj check` and `open`, `RuntimeBuilder::limits` of embedders
    "#]]
    .assert_eq(&found(&many));
    let many = format!("<liveobject>{}", "<a/>".repeat(200));
    expect![[r#"
        error[limit-exceeded]: more than 50 elements
          test:1:209: <a/>
          help: if it is meant to be that large, raise the limit: `--max-size` of `liveobj check` and `open`, `RuntimeBuilder::limits` of embedders
    "#]]
    .assert_eq(&found(&many));
    let deep = format!("{{\"liveobj\":{}", "[".repeat(900));
    expect![[r#"
        error[limit-exceeded]: nested more than 32 levels deep
          test:1:44: [
          help: keep inner objects in a folder, and name them by `external` references
    "#]]
    .assert_eq(&found(&deep));
}

#[test]
fn findings_without_end_are_cut_off() {
    let text = format!(
        "<liveobject xmlns=\"urn:liveobj:reference:1\">{}{TIMER}</liveobject>",
        "<a/>".repeat(5000)
    );
    let (document, found) = read(&Source::new("test", text));
    assert!(document.is_none());
    assert_eq!(found.len(), 1001);
    expect![[r#"
        error[limit-exceeded]: more than 1000 findings: the rest is not listed
          test:1:4046: a
    "#]]
    .assert_eq(&show(&found[1000..]));
}

#[test]
fn deep_documents_need_little_stack() {
    for (open, close) in [
        ("<external name=\"x\"><from>", "</from></external>"),
        (
            "<composite><component name=\"x\">",
            "</component></composite>",
        ),
        ("<parameterized><template>", "</template></parameterized>"),
        (
            "<parameterized><template><external name=\"x\" library=\"y\"/></template>\
             <parameter name=\"x\">",
            "</parameter></parameterized>",
        ),
    ] {
        let text = format!(
            "<liveobject xmlns=\"urn:liveobj:reference:1\">{}{TIMER}{}</liveobject>",
            open.repeat(130),
            close.repeat(130)
        );
        let (document, found) = read(&Source::new("test", text));
        assert!(document.is_none());
        assert_eq!(found[0].code.as_str(), "limit-exceeded", "{}", show(&found));
    }
    let (open, close) = ("{\"external\":{\"name\":\"x\",\"from\":", "}}");
    let text = format!(
        "{{\"liveobj\":1,{}{{\"primitive\":{{\"id\":\"2\"}}}}{}",
        &open.repeat(130)[1..],
        close.repeat(130)
    );
    let (document, found) = read(&Source::new("test", text));
    assert!(document.is_none());
    assert_eq!(found[0].code.as_str(), "limit-exceeded", "{}", show(&found));
}

#[test]
fn connections_with_adapters() {
    xml(
        r#"<composite>
  <connection adap="auto"><endpoint of="a" name="x"/><endpoint of="b" name="x"/></connection>
  <connection adapt="a b"><endpoint of="a" name="x"/><endpoint of="b" name="x"/></connection>
  <connection adapt="a"><endpoint of="a" name="x"/><adapter name="x"/></connection>
  <connection adapt="a"><endpoint of="a" name="x"/><endpoint of="b" name="x"/><parameter/></connection>
  <connection><endpoint of="a" name="x"/><endpoint of="b" name="x"/><parameter name="k"><value>1</value></parameter></connection>
  <connection adapt="a"><endpoint of="a" name="x"/><endpoint of="b" name="x"/><parameter name="k"><value>1</value></parameter><parameter name="k"><value>2</value></parameter></connection>
</composite>"#,
        expect![[r#"
            error[document-structure]: attribute `adap` is not expected in `<connection>`
              test:3:15: adap
              help: did you mean `adapt`?
            error[document-structure]: `a b` cannot be the name of an adapter
              test:4:22: a b
              help: names are letters, digits and `_`, and do not begin with a digit
            error[document-structure]: element `adapter` is not expected in `<connection>`
              test:5:53: adapter
              help: expected `endpoint` or `parameter`
            error[document-structure]: `<parameter>` has no attribute `name`
              test:6:79: <parameter/>
              help: add `name="…"`
            error[document-structure]: `<parameter>` is empty
              test:6:79: <parameter/>
              help: put a reference, a `<type>` or a `<value>` into it
            error[document-structure]: a connection without `adapt` takes no parameters
              test:7:86: k
              help: name the adapter that they are for: `<connection adapt="…">`
            error[duplicate-part]: a second parameter named `k`
              test:8:144: k  again here
              test:8:96: k  first here
              help: give one of them another name
        "#]],
    );
    check(
        r#"{"liveobj": 1, "composite": {"components": {}, "connections": [
  {"ends": [{"of": "a", "name": "x"}, {"of": "b", "name": "x"}]},
  {"adapt": "auto"},
  {"adapt": 5, "ends": {}, "more": 1},
  {"adapt": "auto", "ends": [{"of": "a", "name": "x"}], "parameters": {"k": 5}},
  "x"
]}}"#,
        expect![[r#"
            error[document-structure]: the connection has no key `adapt`
              test:2:3: {
              help: add `"adapt": …`
            error[document-structure]: the connection has no key `ends`
              test:3:3: {
              help: add `"ends": …`
            error[document-structure]: `adapt` is a number, expected a string
              test:4:13: 5
              help: put it in double quotes
            error[document-structure]: the connection is an object, expected a list
              test:4:24: {}
            error[document-structure]: key `more` is not expected in a connection
              test:4:29: more
              help: expected `adapt`, `ends` or `parameters`
            error[document-structure]: a connection has two endpoints, this one has 1
              test:5:29: [{"of": "a", "name": "x"}]
              help: write `{"of": …, "name": …}` twice
            error[document-structure]: the parameter is a number, expected an object
              test:5:77: 5
            error[document-structure]: the connection is a string, expected a list
              test:6:3: "x"
        "#]],
    );
}
