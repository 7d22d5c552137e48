//! What is found in documents, one behaviour each.

use expect_test::{Expect, expect};
use liveobj_original::{decode_text, read};
use liveobj_references::write_xml;
use liveobj_types::Source;

use crate::support::{checked, converted, findings, root};

fn check(object: &str, expected: Expect) {
    expected.assert_eq(&findings(object));
}

/// The reference as XML, without what stands around it.
fn written(object: &str) -> String {
    let converted = converted(object);
    let document = converted.document.expect("it converts");
    let text = write_xml(&document);
    let start = text.find("</types>").expect("it uses the library") + "</types>\n".len();
    let lines = text[start..].replace("</liveobject>\n", "");
    lines
        .lines()
        .map(|line| format!("{}\n", &line[2..]))
        .collect()
}

#[test]
fn a_component_without_parameters_is_an_object_of_the_library() {
    let registry =
        r#"<Object xsi:type="ReferenceObject" id="0`1:e8c9D312C27649F39812B8E99AA67CBC`0"/>"#;
    expect![[r#"
          <external name="Registry" library="liveobj:original"/>
    "#]]
    .assert_eq(&written(registry));
}

#[test]
fn what_is_looked_up_comes_from_a_dictionary_as_a_folder() {
    let note = r#"<Object xsi:type="ReferenceObject" id="{A}">
  <ObjectClass id="5211621A78F4CFBB993FA43186A5403"/>
  <From xsi:type="ReferenceObject" id="E8C9D312C27649F39812B8E99AA67CBC"/>
</Object>"#;
    expect![[r#"
        <external name="A" as="UI_object">
          <from>
            <parameterized>
              <template><external name="dictionary_as_folder" library="liveobj:original"/></template>
              <parameter name="dictionary">
                <external name="Registry" library="liveobj:original"/>
              </parameter>
            </parameterized>
          </from>
        </external>
    "#]]
    .assert_eq(&written(note));
}

#[test]
fn what_is_no_dictionary_is_no_folder() {
    check(
        r#"<Object xsi:type="ReferenceObject" id="A">
  <ObjectClass id="5211621A78F4CFBB993FA43186A5403"/>
  <From xsi:type="ReferenceObject" id="02A4E1A46C57470E95FF25CFF8A5B9AB"/>
</Object>"#,
        expect![[r#"
            error[not-a-subtype] 5:3 the object passed as `dictionary` is no `Dictionary_object<string, Object_object>`: `Logging_UI` has no endpoint `Endpoint`, which `Dictionary_object<string, Object_object>` needs
        "#]],
    );
}

#[test]
fn a_parameter_that_the_component_does_not_have() {
    check(
        r#"<Object xsi:type="ReferenceObject" id="0D365D36996040B4A28AF6593EC2A356">
  <Parameter id="quiet mode"><Value xsi:type="xsd:boolean">1</Value></Parameter>
  <Parameter id="quietmode"><Value xsi:type="xsd:boolean">true</Value></Parameter>
</Object>"#,
        expect![[r#"
            error[unknown-parameter] 5:18 component `Arnie` has no parameter `quietmode`
        "#]],
    );
}

#[test]
fn an_object_where_another_is_needed() {
    check(
        r#"<Object xsi:type="ReferenceObject" id="5D9569F39310453AAAC9787D2034C081">
  <Parameter id="ValueClass">
    <Value xsi:type="ValueClass" id="5CD78703A5504945BE5867CDFF4771E7"/>
  </Parameter>
  <Parameter id="channel">
    <Value xsi:type="ReferenceObject" id="E8C9D312C27649F39812B8E99AA67CBC"/>
  </Parameter>
</Object>"#,
        expect![[r#"
            error[not-a-subtype] 8:5 the object passed as `channel` is no `Checkpointed_communication_channel<Coordinates, Coordinates>`: `Dictionary_object<string, Object_object>` has no endpoint `Channel`, which `Checkpointed_communication_channel<Coordinates, Coordinates>` needs
        "#]],
    );
}

#[test]
fn numbers_are_converted_exactly_or_not_at_all() {
    let given = |ty: &str, text: &str| {
        findings(&format!(
            "<Object xsi:type=\"ReferenceObject\" id=\"12D8EB6F01A44E6C88692691CB163003\">\
             <Parameter id=\"capacity\"><Value xsi:type=\"xsd:{ty}\">{text}</Value></Parameter>\
             </Object>"
        ))
    };
    let code = |found: String| found.split(']').next().unwrap_or_default().to_owned();
    assert_eq!(code(given("int", " +7 ")), "");
    assert_eq!(code(given("double", "7")), "warning[original-coerced");
    assert_eq!(code(given("double", "1e3")), "warning[original-coerced");
    assert_eq!(code(given("double", "7.5")), "error[invalid-value");
    assert_eq!(code(given("double", "NaN")), "error[invalid-value");
    assert_eq!(code(given("long", "2147483648")), "error[invalid-value");
    assert_eq!(code(given("string", "7")), "error[invalid-value");
    assert_eq!(code(given("boolean", "1")), "error[invalid-value");
}

#[test]
fn a_value_of_another_class_is_refused_and_of_a_derived_one_is_not() {
    // `Enc Type` is a number, `channel` of a transport an `Address`.
    let given = |ty: &str| {
        findings(&format!(
            "<Object xsi:type=\"ReferenceObject\" id=\"01B4C3E0F0BC4B1E8A2B6D7C1A0E4A5B\">\
             <Parameter id=\"address\"><Value xsi:type=\"{ty}\" value=\"1\"/></Parameter></Object>"
        ))
    };
    assert!(given("Address").contains("original-unknown-id"));
}

#[test]
fn the_null_reference_is_null_and_warned_of() {
    let object = r#"<Object xsi:type="ReferenceObject" id="E3EA16F4ECC84B3B998E01F3B78E9AC9">
  <Parameter id="channel"><Value xsi:type="ReferenceObject"/></Parameter>
</Object>"#;
    check(
        object,
        expect![[r#"
        warning[original-omitted] 4:27 parameter `channel` is the null reference
    "#]],
    );
    assert!(written(object).contains("<value>null</value>"));
}

#[test]
fn an_object_that_is_left_out_is_missing() {
    check(
        r#"<Object xsi:type="ReferenceObject" id="E3EA16F4ECC84B3B998E01F3B78E9AC9"/>"#,
        expect![[r#"
            error[missing-parameter] 3:1 parameter `channel` of `Text` is left out
        "#]],
    );
    check(
        r#"<Object xsi:type="ReferenceObject" id="E3EA16F4ECC84B3B998E01F3B78E9AC9">
  <Parameter id="channel"/>
</Object>"#,
        expect![[r#"
            error[missing-parameter] 4:3 parameter `channel` takes an object, and is given none
        "#]],
    );
}

#[test]
fn classes_need_their_parameters() {
    check(
        r#"<Object xsi:type="ReferenceObject" id="A">
  <ObjectClass id="806C71E88E749AA879E52F960F4B881">
    <Parameter id="MessageClass"><Value xsi:type="ObjectClass" id="F5225FA26F7C4F6D93C9E5A1A45FCF45"/></Parameter>
    <Parameter id="Other"/>
  </ObjectClass>
  <From xsi:type="ReferenceObject" id="E8C9D312C27649F39812B8E99AA67CBC"/>
</Object>"#,
        expect![[r#"
            error[missing-parameter] 4:3 the object class `Checkpointed communication channel` is given without its parameter `CheckpointClass`
            error[wrong-argument-kind] 5:34 parameter `MessageClass` takes a value class
            error[unknown-parameter] 6:20 the object class `Checkpointed communication channel` has no parameter `Other`
        "#]],
    );
}

#[test]
fn later_versions_than_the_last_are_refused() {
    check(
        r#"<Object xsi:type="ReferenceObject" id="0`2:E8C9D312C27649F39812B8E99AA67CBC"/>"#,
        expect![[r#"
            error[original-unknown-id] 3:40 the component `Registry` is asked for in a later version than its last one, E8C9D312C27649F39812B8E99AA67CBC`0 of library version 1
        "#]],
    );
}

/// What nothing of today expresses, and ids that name nothing, are told with a way out.
#[test]
fn what_cannot_be_converted_has_a_way_out() {
    let component = |attributes: &str, inside: &str| {
        format!("<Object xsi:type=\"ReferenceObject\" {attributes}>{inside}</Object>")
    };
    let id = "E8C9D312C27649F39812B8E99AA67CBC";
    let from = "<From xsi:type=\"ReferenceObject\"/>";
    let composite =
        "<Object xsi:type=\"CompositeObject\"><Component id=\"a\"/></Object>".to_owned();
    let versions = component(&format!("id=\"0`2:{id}`9\""), "");
    let class = component(&format!("id=\"{id}\""), "<ObjectClass id=\"F00\"/>");
    for (object, way_out) in [
        (component("", ""), "give it the `id`"),
        (component("id=\"A\"", from), "put the object into it"),
        (composite, "give its object an `id`"),
        (component("id=\"no id\"", ""), "`liveobj describe"),
        (component("id=\"F00\"", ""), "`liveobj describe"),
        (
            component("id=\"F00:1\"", ""),
            "use a component of the libraries",
        ),
        (versions.clone(), "leave the versions out: `E8C9"),
        (class, "`liveobj describe"),
    ] {
        let source = root(&object);
        let converted = read(&source, None);
        let found = converted.diagnostics.iter().find(|found| {
            let code = found.code.as_str();
            code == "original-unknown-id" || code == "original-not-convertible"
        });
        let found = found.unwrap_or_else(|| panic!("{object}: {:?}", converted.diagnostics));
        let help = found.help.as_deref().unwrap_or_default();
        assert!(help.starts_with(way_out), "{object}: {found:?}");
    }
    let mended = versions.replace(&format!("0`2:{id}`9"), id);
    assert_eq!(findings(&mended), "");
}

#[test]
fn a_composite_is_converted_and_its_endpoints_are_checked() {
    check(
        r#"<Object xsi:type="CompositeObject">
  <Component id="a"><Object xsi:type="ReferenceObject" id="02A4E1A46C57470E95FF25CFF8A5B9AB"/></Component>
  <Component id="b"><Object xsi:type="ReferenceObject" id="E8C9D312C27649F39812B8E99AA67CBC"/></Component>
  <Endpoint id="shown" from="a.UI"/>
  <Connection from="a.Loging" to="b.Endpoint"/>
</Object>"#,
        expect![[r#"
            error[unknown-endpoint] 7:21 component `a` has no endpoint `Loging`
        "#]],
    );
}

#[test]
fn names_and_comments_of_inner_objects_are_told_as_lost() {
    let converted = converted(
        r#"<Object xsi:type="ReferenceObject" id="A">
  <Attribute id="9F4C608A9A6D44FFAD8A2FDC662E185B" value="Outer"/>
  <ObjectClass id="5211621A78F4CFBB993FA43186A5403"/>
  <From xsi:type="ReferenceObject" id="E8C9D312C27649F39812B8E99AA67CBC">
    <Attribute id="9F4C608A9A6D44FFAD8A2FDC662E185B" value="Inner"/>
  </From>
</Object>"#,
    );
    let about = converted.document.and_then(|document| document.about);
    let name = about.and_then(|about| about.name).map(|name| name.text);
    assert_eq!(name.as_deref(), Some("Outer"));
    let dropped: Vec<&str> = converted
        .dropped
        .iter()
        .map(|it| it.message.as_str())
        .collect();
    assert_eq!(
        dropped,
        ["`Inner`: only the object of a document has a name and a comment"]
    );
}

#[test]
fn every_encoding_gives_the_same_document() {
    let object = r#"<Object xsi:type="ReferenceObject" id="E8C9D312C27649F39812B8E99AA67CBC"/>"#;
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-16\"?>\n{}",
        root(object).text
    );
    let wide = |unit: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(unit).collect::<Vec<u8>>();
    let with = |mark: &[u8], bytes: Vec<u8>| [mark, bytes.as_slice()].concat();
    let expected = converted(object).document;
    for (bytes, warnings) in [
        (text.clone().into_bytes(), 1),
        (with(b"\xef\xbb\xbf", text.clone().into_bytes()), 2),
        (wide(u16::to_le_bytes), 0),
        (wide(u16::to_be_bytes), 0),
        (with(b"\xff\xfe", wide(u16::to_le_bytes)), 0),
        (with(b"\xfe\xff", wide(u16::to_be_bytes)), 0),
    ] {
        let decoded = decode_text(&bytes).expect("it is text");
        let source = Source::new("old.liveobject", decoded.text.as_str());
        let converted = read(&source, Some(&decoded));
        assert_eq!(converted.document, expected);
        assert_eq!(
            converted.diagnostics.len(),
            warnings,
            "{:?}",
            converted.diagnostics
        );
        let document = converted.document.expect("it converts");
        assert!(checked(&document, &source).reference.is_some());
    }
    for broken in [&b"<\xff>"[..], b"<\0\0\xd8", b"\xff\xfe<"] {
        assert!(decode_text(broken).is_err(), "{broken:?}");
    }
}

#[test]
fn a_composite_becomes_one_only_with_names_that_a_reference_can_have() {
    let composite = |names: [&str; 2]| {
        let components = names.map(|name| {
            format!(
                "<Component id=\"{name}\"><Object xsi:type=\"ReferenceObject\" \
                 id=\"E8C9D312C27649F39812B8E99AA67CBC\"/></Component>\n"
            )
        });
        let components = components.concat();
        format!("<Object xsi:type=\"CompositeObject\">\n{components}</Object>")
    };
    let (longest, too_long) = ("n".repeat(256), "n".repeat(257));
    let written = |names: [&str; 2]| converted(&composite(names)).document;
    assert!(written([&longest, "m"]).is_some());
    for names in [[&too_long, "m"], ["my window", "m"], ["m", "m"]] {
        assert_eq!(written(names), None, "{names:?}");
    }
    check(
        &composite([&too_long, "my window"]),
        expect![[r#"
            error[limit-exceeded] 4:16 the name of a component is longer than 256 bytes
            error[document-structure] 5:16 `my window` cannot be the name of a component
        "#]],
    );
    check(
        &composite(["m", "m"]),
        expect![[r#"
        error[duplicate-part] 5:16 a second component named `m`
    "#]],
    );
}
