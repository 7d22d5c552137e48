//! The formatter of documents: what it does to texts, and what it must never do.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use expect_test::{Expect, expect};
use liveobj_types::syntax::parse_file;
use liveobj_types::{Source, TypeId};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::check::tests::{Libraries, checked_with, libraries, show};
use crate::model::*;
use crate::model_tests::{document, spanned};
use crate::xml::Form;
use crate::{Limits, Policy, format, read, write_json, write_xml, xml};

fn formatted(text: &str) -> String {
    format(&Source::new("test", text), None)
        .unwrap_or_else(|found| panic!("{}\n{text}", show(&found)))
}

fn check(text: &str, expected: Expect) {
    let once = formatted(text);
    expected.assert_eq(&once);
    assert_eq!(formatted(&once), once, "again");
}

fn body(text: &str, expected: Expect) {
    check(
        &format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{text}</liveobject>"),
        expected,
    );
}

#[test]
fn elements_stand_on_lines_and_little_ones_together() {
    body(
        "<composite><component name='a'><external library=\"l\" name=\"n\"></external></component>\
         <component name=\"b\">\n<primitive id=\"registry\"   as = ' Folder&lt;\nObject&gt; '/></component>\
         <connection><endpoint of=\"a\" name=\"x\"/> <endpoint of=\"b\" name=\"y\"/></connection>\
         <connection>\n<endpoint of=\"a\" name=\"x\"/> <endpoint of=\"b\" name=\"y\"/></connection>\
         <connection><endpoint of=\"the_first_component\" name=\"some_endpoint\"/><endpoint of=\"the_second\" name=\"y\"/></connection>\
         <export of=\"a\" name=\"x\" as=\"y\"/>\n\n\n<export of=\"a\" name=\"z\"/></composite>",
        expect![[r#"
            <liveobject xmlns="urn:liveobj:reference:1">
              <composite>
                <component name="a"><external library="l" name="n"/></component>
                <component name="b">
                  <primitive id="registry" as="Folder[Object]"/>
                </component>
                <connection><endpoint of="a" name="x"/><endpoint of="b" name="y"/></connection>
                <connection>
                  <endpoint of="a" name="x"/><endpoint of="b" name="y"/>
                </connection>
                <connection>
                  <endpoint of="the_first_component" name="some_endpoint"/><endpoint of="the_second" name="y"/>
                </connection>
                <export of="a" name="x" as="y"/>

                <export of="a" name="z"/>
              </composite>
            </liveobject>
        "#]],
    );
}

#[test]
fn comments_stay_where_they_are() {
    check(
        "<?xml version='1.0'?> <!-- a -->\n<!-- b\n       c\n     d -->\n\n<liveobject xmlns=\"urn:liveobj:reference:1\"> <!-- e -->\n\n\n<!-- f --><external name=\"n\" library=\"l\"\n/> <!-- g -->\n\n    <!-- h\n    i -->\n\n</liveobject><!-- j -->\n\n<!-- k -->",
        expect![[r#"
            <?xml version='1.0'?> <!-- a -->
            <!-- b
                   c
                 d -->

            <liveobject xmlns="urn:liveobj:reference:1"> <!-- e -->

              <!-- f -->
              <external name="n" library="l"/> <!-- g -->

              <!-- h
              i -->
            </liveobject> <!-- j -->

            <!-- k -->
        "#]],
    );
    body(
        "<composite><component name=\"a\"><!-- only --><primitive id=\"2\"/></component><component name=\"b\"><primitive id=\"2\"/></component><connection><endpoint of=\"a\" name=\"x\"/><!-- to --><endpoint of=\"b\" name=\"y\"/> <!-- end --></connection></composite>",
        expect![[r#"
            <liveobject xmlns="urn:liveobj:reference:1">
              <composite>
                <component name="a"> <!-- only -->
                  <primitive id="2"/>
                </component>
                <component name="b"><primitive id="2"/></component>
                <connection>
                  <endpoint of="a" name="x"/> <!-- to -->
                  <endpoint of="b" name="y"/> <!-- end -->
                </connection>
              </composite>
            </liveobject>
        "#]],
    );
}

#[test]
fn types_are_formatted_as_types() {
    body(
        "<types>record A{a:list&lt;u8>} // why\n\n\nendpoint E{provides p \"a &amp; &lt;\nb\";}</types><about comment=\"a\n b\" name=\"c &#38; d\"/><primitive id=\"1\"/>",
        expect![[r#"
            <liveobject xmlns="urn:liveobj:reference:1">
              <types>
                record A { a: list[u8] } // why

                endpoint E {
                    provides p "a &amp; &lt;
            b";
                }
              </types>
              <about comment="a
             b"
                     name="c &#38; d"/>
              <primitive id="1"/>
            </liveobject>
        "#]],
    );
    body(
        "<types> record A{a:u8}</types><primitive id=\"1\"/>",
        expect![[r#"
            <liveobject xmlns="urn:liveobj:reference:1">
              <types>record A { a: u8 }</types>
              <primitive id="1"/>
            </liveobject>
        "#]],
    );
    body(
        "<types>\nrecord A{a:u8}</types><primitive id=\"1\"/>",
        expect![[r#"
            <liveobject xmlns="urn:liveobj:reference:1">
              <types>
                record A { a: u8 }
              </types>
              <primitive id="1"/>
            </liveobject>
        "#]],
    );
    body(
        "<types><![CDATA[ record A<T: value<:B>{a:u8}]]></types><primitive id=\"1\"/>"
            .replace("T: value<:B", "T: object <: B")
            .as_str(),
        expect![[r#"
            <liveobject xmlns="urn:liveobj:reference:1">
              <types><![CDATA[record A[T: object <: B] { a: u8 }]]></types>
              <primitive id="1"/>
            </liveobject>
        "#]],
    );
    body(
        "<types> record  A {} <!-- in XML --> record  B {} </types><primitive id=\"1\"/>",
        expect![[r#"
            <liveobject xmlns="urn:liveobj:reference:1">
              <types> record  A {} <!-- in XML --> record  B {} </types>
              <primitive id="1"/>
            </liveobject>
        "#]],
    );
    body(
        "<types>\n\n</types><primitive id=\"1\"/>",
        expect![[r#"
        <liveobject xmlns="urn:liveobj:reference:1">
          <types/>
          <primitive id="1"/>
        </liveobject>
    "#]],
    );
}

#[test]
fn values_stay_as_they_are() {
    body(
        "<parameterized><template><primitive id=\"1\"/></template><parameter name=\"a\"><value> a\n  b &#32; </value></parameter>\
         <parameter name=\"b\"><value/></parameter><parameter name=\"c\"><value><![CDATA[ <x> ]]><!-- c --></value></parameter>\
         <parameter name=\"d\"><type> map&lt;u8 ,string> </type></parameter><parameter name=\"e\"><type> list[u8 // why\n]</type></parameter></parameterized>",
        expect![[r#"
            <liveobject xmlns="urn:liveobj:reference:1">
              <parameterized>
                <template><primitive id="1"/></template>
                <parameter name="a">
                  <value> a
              b &#32; </value>
                </parameter>
                <parameter name="b"><value/></parameter>
                <parameter name="c"><value><![CDATA[ <x> ]]><!-- c --></value></parameter>
                <parameter name="d"><type>map[u8, string]</type></parameter>
                <parameter name="e">
                  <type> list[u8 // why
            ]</type>
                </parameter>
              </parameterized>
            </liveobject>
        "#]],
    );
}

#[test]
fn what_is_too_long_for_a_line_has_its_attributes_below_each_other() {
    body(
        "<about name=\"Tapped note\" comment=\"The team note with a tap on its network: the same note, and more.\"/><external name=\"some_long_name\" as=\"Folder[SomeLongTypeName]\"><from><external name=\"another\" library=\"some:library:with:a:long:name\" sha256=\"abababababababababababababababababababababababababababababababab\"/></from></external>",
        expect![[r#"
            <liveobject xmlns="urn:liveobj:reference:1">
              <about name="Tapped note"
                     comment="The team note with a tap on its network: the same note, and more."/>
              <external name="some_long_name" as="Folder[SomeLongTypeName]">
                <from>
                  <external name="another"
                            library="some:library:with:a:long:name"
                            sha256="abababababababababababababababababababababababababababababababab"/>
                </from>
              </external>
            </liveobject>
        "#]],
    );
}

#[test]
fn json_is_written_as_ever_and_its_types_are_formatted() {
    check(
        r#"{"external": {"as": "Channel<Line>", "name": "a", "from": {"primitive": {"id": "registry"}}},
            "types": "// a\nrecord  Line{}\n\n\nrecord B {}", "liveobj": 1}"#,
        expect![[r#"
            {
              "liveobj": 1,
              "types": "// a\nrecord Line {}\n\nrecord B {}",
              "external": {
                "name": "a",
                "as": "Channel[Line]",
                "from": {"primitive": {"id": "registry"}}
              }
            }
        "#]],
    );
}

#[test]
fn what_is_faulty_is_refused_with_its_place() {
    let refused = |text: &str| {
        let text = format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{text}</liveobject>");
        show(&format(&Source::new("test", text), None).expect_err("it is faulty"))
    };
    expect![[r#"
        error[type-syntax]: expected `:`, found `u8`
          test:1:65: u8
          test:1:52: record A  in this record
    "#]]
    .assert_eq(&refused(
        "<types>record A { a u8 }</types><primitive id=\"1\"/>",
    ));
    expect![[r#"
        error[type-syntax]: expected a type, found the end of the text
          test:1:74: 
    "#]]
    .assert_eq(&refused("<primitive id=\"1\" as=\"Folder[\"/>"));
    expect![[r#"
        error[document-syntax]: processing instructions are not accepted
          test:1:64: <?go on?>
    "#]]
    .assert_eq(&refused("<primitive id=\"1\"/><?go on?>"));
}

/// What is added, given the libraries of the other tests and one more.
fn with_types(text: &str) -> (String, Libraries) {
    let libraries = libraries()
        .with(
            "test:lines",
            "use \"liveobj:standard\"; record Line { text: string, at: Words } record Words { text: string } \
             endpoint Service { in send(line: Line); out folder(item: reference<Folder<Timer>>); } \
             object Lines { endpoint lines: mirror Service many; endpoint text: ChannelService<Line>; } \
             template lines(): Lines; template folder(): Folder<Timer>; template channel(): Channel<bytes>; \
             template of<T: value>(): Channel<T>;",
        );
    let text = format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{text}</liveobject>");
    let source = Source::new("test", text.as_str());
    let once = format(&source, Some(&libraries)).unwrap_or_else(|found| panic!("{}", show(&found)));
    let source = Source::new("test", once.as_str());
    assert_eq!(
        format(&source, Some(&libraries)).as_ref(),
        Ok(&once),
        "again"
    );

    let policy = Policy::default();
    let (before, after) = (
        checked_with(&text, &libraries, &policy),
        checked_with(&once, &libraries, &policy),
    );
    let codes = |found: &[liveobj_types::Diagnostic]| -> Vec<_> {
        found.iter().map(|it| it.code).collect()
    };
    assert_eq!(
        codes(&before.diagnostics),
        codes(&after.diagnostics),
        "{once}\n{}",
        show(&after.diagnostics)
    );
    let ty = |checked: &crate::Checked| {
        checked
            .typed
            .map(|ty| checked.types.identity(TypeId::Object(ty)))
    };
    assert_eq!(ty(&before), ty(&after), "the same type");
    let identity = |checked: &crate::Checked| checked.reference.as_ref().map(|it| it.identity());
    assert_eq!(identity(&before), identity(&after), "the same object");
    // The same by way of JSON.
    let (document, _) = read(&Source::new("test", text.as_str()));
    let json = write_json(&document.expect("it was read before"));
    let json = format(&Source::new("test", json), Some(&libraries)).expect("it is well formed");
    let (json, _) = read(&Source::new("test", json));
    let (xml, _) = read(&Source::new("test", once.as_str()));
    assert_eq!(json.map(|it| it.root), xml.map(|it| it.root));
    (once, libraries)
}

fn adds(text: &str, expected: Expect) {
    let (once, _) = with_types(text);
    expected.assert_eq(&once);
    // Nothing is at hand now but what everybody has.
    let checked = checked_with(&once, &Libraries::default(), &Policy::default());
    assert_eq!(show(&checked.diagnostics), "", "{once}");
}

#[test]
fn objects_of_libraries_get_their_types() {
    adds(
        "<composite><component name=\"a\"><external name=\"folder\" library=\"test:lines\"/></component>\
         <component name=\"b\"><external name=\"channel\" library=\"test:lines\"/></component>\
         <component name=\"c\"><external name=\"timer\" library=\"liveobj:standard\"/></component></composite>",
        expect![[r#"
            <liveobject xmlns="urn:liveobj:reference:1">
              <composite>
                <component name="a">
                  <external name="folder" library="test:lines" as="Folder[Timer]"/>
                </component>
                <component name="b">
                  <external name="channel" library="test:lines" as="Channel[bytes]"/>
                </component>
                <component name="c"><external name="timer" library="liveobj:standard"/></component>
              </composite>
            </liveobject>
        "#]],
    );
}

#[test]
fn types_without_a_name_are_declared() {
    adds(
        "<external name=\"lines\" library=\"test:lines\"/>",
        expect![[r#"
            <liveobject xmlns="urn:liveobj:reference:1">
              <types>
                object Lines {
                    endpoint lines: mirror Service many;
                    endpoint text: ChannelService_2;
                }

                endpoint Service {
                    out folder(item: reference[Folder[Timer]]);
                    in send(line: Line);
                }

                record Line { at: Words, text: string }

                record Words { text: string }

                endpoint ChannelService_2 {
                    out receive(message: Line);
                    in send(message: Line);
                    provides properties "best_effort";
                }
              </types>
              <external name="lines" library="test:lines" as="Lines"/>
            </liveobject>
        "#]],
    );
    adds(
        "<types>record Service {} // mine\n record Row { at: Words, text: string } record Words { text: string } record Line {}</types>\
         <external name=\"lines\" library=\"test:lines\"/>",
        expect![[r#"
            <liveobject xmlns="urn:liveobj:reference:1">
              <types>
                record Service {} // mine
                record Row { at: Words, text: string }
                record Words { text: string }
                record Line {}

                object Lines {
                    endpoint lines: mirror Service_2 many;
                    endpoint text: ChannelService_2;
                }

                endpoint Service_2 {
                    out folder(item: reference[Folder[Timer]]);
                    in send(line: Line_2);
                }

                record Line_2 { at: Words, text: string }

                endpoint ChannelService_2 {
                    out receive(message: Line_2);
                    in send(message: Line_2);
                    provides properties "best_effort";
                }
              </types>
              <external name="lines" library="test:lines" as="Lines"/>
            </liveobject>
        "#]],
    );
    adds(
        "<types>record Service {} <!-- mine --></types><external name=\"lines\" library=\"test:lines\"/>",
        expect![[r#"
            <liveobject xmlns="urn:liveobj:reference:1">
              <types>record Service {} <!-- mine -->
                object Lines {
                    endpoint lines: mirror Service_2 many;
                    endpoint text: ChannelService_2;
                }

                endpoint Service_2 {
                    out folder(item: reference[Folder[Timer]]);
                    in send(line: Line);
                }

                record Line { at: Words, text: string }

                record Words { text: string }

                endpoint ChannelService_2 {
                    out receive(message: Line);
                    in send(message: Line);
                    provides properties "best_effort";
                }
              </types>
              <external name="lines" library="test:lines" as="Lines"/>
            </liveobject>
        "#]],
    );
}

#[test]
fn the_long_form_and_references_inside_others_get_their_types() {
    adds(
        "<external name=\"x\" as=\"Timer\"><from><external name=\"folder\"><from><parameterized><template><primitive id=\"library\"/></template>\
         <parameter name=\"name\"><value>test:lines</value></parameter></parameterized></from></external></from></external>",
        expect![[r#"
            <liveobject xmlns="urn:liveobj:reference:1">
              <external name="x" as="Timer">
                <from>
                  <external name="folder" as="Folder[Timer]">
                    <from>
                      <parameterized>
                        <template><primitive id="library"/></template>
                        <parameter name="name"><value>test:lines</value></parameter>
                      </parameterized>
                    </from>
                  </external>
                </from>
              </external>
            </liveobject>
        "#]],
    );
}

#[test]
fn what_cannot_be_told_stays_as_it_is() {
    for text in [
        "<external name=\"lines\" library=\"test:lines\" as=\"Object\"/>",
        "<external name=\"lines\" library=\"test:absent\"/>",
        "<external name=\"absent\" library=\"test:lines\"/>",
        "<external name=\"of\" library=\"test:lines\"/>",
        "<parameterized><template><external name=\"of\" library=\"test:lines\"/></template><parameter name=\"T\"><type>u8</type></parameter></parameterized>",
        "<types>use \"test:absent\";</types><external name=\"lines\" library=\"test:lines\"/>",
    ] {
        let (once, _) = with_types(text);
        let text = format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{text}</liveobject>");
        assert_eq!(once, formatted(&text));
    }
}

/// What may stand between two tags.
fn separator() -> impl Strategy<Value = &'static str> {
    select(vec![
        "",
        "",
        "",
        " ",
        "\n",
        "\n\n\n",
        "\r\n\t",
        " <!-- a -->",
        "<!-- b -->\n",
        "\n<!-- c\n   d -->\n\n",
        "<!----><!-- e -->\n",
        "\n\n  <!--f\n\n g\r\n-->",
        "<!--\t<x> &amp; ]]> -->",
    ])
}

/// Valid types, some of which are in no good shape.
fn types() -> impl Strategy<Value = Option<Spanned>> {
    let texts = select(vec![
        "",
        " ",
        "record A {}",
        "// a\nrecord A<T: object <: Object>{a:list<u8>} // ]]> & <b>\n\n\n",
        "endpoint E { provides p \"a\n  b <&> \\u{41}\"; }\n/// a\r\nrecord B { /// b\n a : u8 }",
    ]);
    proptest::option::of(texts.prop_map(spanned))
}

/// The gaps between the tags of a document.
fn gaps(element: &xml::Element, out: &mut Vec<(usize, usize)>) {
    if ["types", "type", "value"].contains(&element.name.text.as_str())
        || element.content.start == element.end
    {
        return;
    }
    let mut from = element.content.start;
    for child in &element.children {
        out.push((from, child.span.start));
        gaps(child, out);
        from = child.end;
    }
    out.push((from, element.content.end));
}

/// The comments of a document, with all white space alike.
fn comments(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("<!--") {
        let end = at + rest[at..].find("-->").expect("it ends") + 3;
        found.push(
            rest[at..end]
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" "),
        );
        rest = &rest[end..];
    }
    found
}

/// The document with its declarations as a syntax tree.
fn meaning(text: &str) -> (Document, Option<liveobj_types::syntax::File>) {
    let (document, found) = read(&Source::new("test", text));
    let mut document = document.unwrap_or_else(|| panic!("{}\n{text}", show(&found)));
    let types = document.types.take();
    let types =
        types.map(|types| parse_file(&Source::new("test", types.text)).expect("it is valid"));
    (document, types)
}

fn same_meaning(text: &str) -> Result<String, TestCaseError> {
    let once = formatted(text);
    prop_assert_eq!(meaning(&once), meaning(text), "{}\n{}", text, once);
    prop_assert_eq!(formatted(&once), once.clone(), "again");
    Ok(once)
}

proptest! {
    #[test]
    fn formatting_changes_nothing_but_the_layout(
        document in document(), types in types(), separators in vec(separator(), 1..100),
    ) {
        let document = Document { types, ..document };
        let plain = write_xml(&document);
        let root = xml::parse(&plain, 0, &Limits::default(), Form::Reference).expect("it was written");
        let declared = plain.find("?>").expect("it is declared") + 2;
        let mut between = vec![(declared, root.span.start)];
        gaps(&root, &mut between);
        between.push((root.end, plain.len()));
        let mut text = String::new();
        let mut from = 0;
        for ((start, end), separator) in between.into_iter().zip(separators.iter().cycle()) {
            text.push_str(&plain[from..start]);
            text.push_str(separator);
            from = end;
        }
        let once = same_meaning(&text)?;
        prop_assert_eq!(comments(&once), comments(&text), "{}", once);
        same_meaning(&write_json(&document))?;
    }

    #[test]
    fn what_is_written_is_formatted_but_for_its_types(document in document()) {
        let document = Document { types: None, ..document };
        let text = write_xml(&document);
        prop_assert_eq!(formatted(&text), text);
        let text = write_json(&document);
        prop_assert_eq!(formatted(&text), text);
    }
}

/// The reference documents below `folder`, but for what is built.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("it is a folder") {
        let path = entry.expect("it is readable").path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "target" && !name.as_encoded_bytes().starts_with(b".") {
            files(&path, found);
        } else if path.extension().is_some_and(|it| it == "liveobject") {
            found.push(path);
        }
    }
}

#[test]
fn no_document_of_the_project_changes_its_meaning() {
    let mut found = Vec::new();
    files(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
        &mut found,
    );
    let mut count = 0;
    for path in found {
        let text = fs::read_to_string(&path).expect("it is readable");
        // Some have a planted fault.
        if format(&Source::new("test", text.as_str()), None).is_err() {
            continue;
        }
        let once =
            same_meaning(&text).unwrap_or_else(|fault| panic!("{}: {fault}", path.display()));
        assert_eq!(comments(&once), comments(&text), "{}", path.display());
        let same = |text: &str| {
            show(&checked_with(text, &libraries(), &Policy::default()).diagnostics)
                .lines()
                .filter(|line| line.contains('['))
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(same(&once), same(&text), "{}", path.display());
        count += 1;
    }
    assert!(count > 70, "{count}");
}

#[test]
fn the_time_is_linear() {
    let many = |part: &str, count: usize| part.repeat(count);
    let deep = format!(
        "{}<primitive id=\"2\"/>{}",
        many("<external name=\"a\" as=\"Object\"><from>", 61),
        many("</from></external>", 61)
    );
    let components: String = (0..20_000)
        .map(|n| {
            format!("<component name=\"c{n}\"><!-- c -->{deep}</component>")
                .replace(&deep, "<primitive id=\"2\"/>")
        })
        .collect();
    let parameters: String = (0..1_000)
        .map(|n| format!("<parameter name=\"p{n}\">{deep}</parameter>"))
        .collect();
    for text in [
        format!("<composite>{components}</composite>"),
        format!(
            "<parameterized><template><primitive id=\"1\"/></template>{parameters}</parameterized>"
        ),
        format!("{}<primitive id=\"2\"/>", many("<!-- a -->\n\n", 100_000)),
        format!(
            "<types>{}</types><primitive id=\"2\"/>",
            many("// a\n", 100_000)
        ),
        format!(
            "<types>{}</types><primitive id=\"2\"/>",
            many("<!-- a -->", 100_000)
        ),
        format!(
            "<types>{}</types><primitive id=\"2\"/>",
            many("<![CDATA[ ]]>", 100_000)
        ),
    ] {
        let text = format!("<liveobject xmlns=\"urn:liveobj:reference:1\">{text}</liveobject>");
        let source: Arc<Source> = Source::new("test", text);
        let start = std::time::Instant::now();
        format(&source, None).unwrap_or_else(|found| panic!("{}", show(&found)));
        let took = start.elapsed();
        assert!(took.as_secs() < 20, "{}: {took:?}", &source.text[..80]);
    }
}
