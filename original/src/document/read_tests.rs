//! Tests of reading documents.

use super::*;

fn document(inside: &str) -> Document {
    let text = format!(
        "<Root xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">{inside}</Root>"
    );
    read("test", text.as_bytes()).expect("it is a document")
}

fn refusal(text: &str) -> String {
    read("test", text.as_bytes())
        .expect_err("it is none")
        .message
}

/// The value of the only parameter of an object.
fn value_of(inside: &str) -> (ValueKind, Vec<String>) {
    let document = document(&format!(
        "<Object xsi:type=\"ReferenceObject\" id=\"1\"><Parameter id=\"p\">{inside}</Parameter></Object>"
    ));
    let faults = document
        .faults
        .iter()
        .map(|it| it.message.clone())
        .collect();
    let mut object = document.object.expect("there is an object");
    let value = object.parameters.remove(0).value.expect("there is a value");
    (value.kind, faults)
}

#[test]
fn an_object_is_read_with_all_its_parts() {
    let document = document(
        "<Object xsi:type=\"ReferenceObject\" id=\"key\"><ObjectClass id=\"C\">\
         <Parameter id=\"T\"><Value xsi:type=\"ValueClass\" id=\"V\"/></Parameter></ObjectClass>\
         <Attribute id=\"A\" value=\"n\"/><From xsi:type=\"ReferenceObject\" id=\"F\"/></Object>",
    );
    assert!(document.faults.is_empty());
    let object = document.object.expect("there is an object");
    let ObjectKind::Reference(Some(from)) = &object.kind else {
        panic!("{object:?}");
    };
    assert_eq!(from.id.as_ref().expect("it has an id").text, "F");
    assert_eq!(object.attributes.len(), 1);
    let class = object.class.expect("there is a class");
    assert_eq!(
        class.parameters[0].id.as_ref().expect("it has a name").text,
        "T"
    );
}

#[test]
fn unknown_elements_and_attributes_and_second_ones_are_skipped() {
    let document = document(
        "text<Thing/><Object xsi:type=\"ReferenceObject\" id=\"1\" x=\"y\"><Value/></Object>\
         <x:Object xmlns:x=\"urn:x\"/><Object xsi:type=\"None\" id=\"2\"/>",
    );
    assert!(document.faults.is_empty());
    let skipped: Vec<_> = document
        .skipped
        .iter()
        .map(|it| (it.what, it.name.as_str()))
        .collect();
    assert_eq!(
        skipped,
        [
            (SkippedKind::Text, ""),
            (SkippedKind::Element, "Thing"),
            (SkippedKind::Attribute, "x"),
            (SkippedKind::Element, "Value"),
            (SkippedKind::Element, "x:Object"),
            (SkippedKind::SecondElement, "Object"),
        ]
    );
    let object = document.object.expect("there is an object");
    assert_eq!(object.id.expect("it has an id").text, "1");
    assert!(object.parameters.is_empty());
}

#[test]
fn a_document_may_hold_nothing() {
    assert!(document("").object.is_none());
    let nil = document("<Object xsi:type=\"ReferenceObject\" xsi:nil=\"true\"/>");
    let object = nil.object.expect("there is an object");
    assert!(object.nil && object.id.is_none());
}

#[test]
fn an_object_must_say_of_which_kind_it_is() {
    let faults = |text| document(text).faults.remove(0).message;
    assert_eq!(faults("<Object id=\"1\"/>"), "`<Object>` has no `xsi:type`");
    assert_eq!(
        faults("<Object xsi:type=\"TemplateObject\"/>"),
        "`TemplateObject` is not a type of objects: expected `ReferenceObject` or \
         `CompositeObject`"
    );
}

#[test]
fn a_composite_is_read() {
    let document = document(
        "<Object xsi:type=\"CompositeObject\"><Component id=\"a\">\
         <Object xsi:type=\"ReferenceObject\" id=\"1\"/></Component>\
         <Endpoint id=\"e\" from=\"a.e\"/><Connection from=\"a.e\" to=\"a.f\"/></Object>",
    );
    let ObjectKind::Composite(parts) = document.object.expect("there is one").kind else {
        panic!("it is none");
    };
    assert_eq!(
        (
            parts.components.len(),
            parts.endpoints.len(),
            parts.connections.len()
        ),
        (1, 1, 1)
    );
}

#[test]
fn primitive_values_are_checked() {
    let (kind, faults) = value_of("<Value xsi:type=\"xsd:int\"> 7 </Value>");
    assert!(matches!(kind, ValueKind::Primitive(it) if it.ty == PrimitiveType::Int32));
    assert!(faults.is_empty());
    let (kind, faults) = value_of("<Value xsi:type=\"xsd:int\">@{n}</Value>");
    assert!(matches!(kind, ValueKind::Invalid(..)));
    assert_eq!(faults, ["`@{n}` is not a value of `xsd:int`"]);
    let (_, faults) = value_of("<Value xsi:type=\"xsd:double\" />");
    assert_eq!(faults, ["an empty text is not a value of `xsd:double`"]);
    let (_, faults) = value_of("<Value xsi:type=\"xsd:string\"><b/></Value>");
    assert_eq!(faults, ["`<b>` cannot stand inside a value"]);
}

#[test]
fn values_of_the_platform_are_read() {
    let (kind, _) = value_of("<Value xsi:type=\"Address\" value=\"here:1\"/>");
    assert!(matches!(
        kind,
        ValueKind::Scalar(ScalarType::Address, Some(_))
    ));
    let (_, faults) = value_of("<Value xsi:type=\"Index\" value=\"-1\"/>");
    assert_eq!(
        faults,
        ["`-1` is not a value of Index: expected a number up to 4294967295"]
    );
    let (kind, _) =
        value_of("<Value xsi:type=\"Configuration\"><Parameter name=\"a\" value=\"b\"/></Value>");
    assert!(matches!(kind, ValueKind::Configuration(it) if it.len() == 1));
    let (kind, faults) = value_of(
        "<Value xsi:type=\"Properties\"><Property id=\"1\"><Name>n</Name>\
         <ValueClass id=\"V\"/><Source location=\"Local\" id=\"1\"/></Property></Value>",
    );
    assert!(matches!(kind, ValueKind::Properties(it) if it[0].sources.len() == 1));
    assert_eq!(faults, ["`Local` is not a location of a property"]);
}

#[test]
fn a_value_of_no_known_type_is_kept_as_xml() {
    for text in [
        "<Value>x</Value>",
        "<Value xsi:type=\"xsd:anyType\">x</Value>",
        "<Value xsi:type=\"TemplateObject\" />",
    ] {
        let (kind, faults) = value_of(text);
        assert!(matches!(kind, ValueKind::Xml(..)), "{text}");
        assert!(faults.is_empty(), "{text}");
    }
}

#[test]
fn prefixes_are_what_they_are_declared_to_be() {
    let document = read(
        "test",
        b"<Root xmlns:i='http://www.w3.org/2001/XMLSchema-instance'>\
          <Object i:type='ReferenceObject' id='1'/></Root>",
    );
    assert!(document.expect("it is a document").faults.is_empty());
    assert_eq!(
        refusal("<Root><Object xsi:type='ReferenceObject'/></Root>"),
        "the prefix of `xsi:type` is not declared"
    );
    assert_eq!(
        refusal("<Root xmlns='urn:x'/>"),
        "this is not a document of the 2009 platform: those begin with `<Root>`"
    );
}

#[test]
fn the_declared_encoding_is_not_looked_at() {
    let text = "<?xml version=\"1.0\" encoding=\"utf-16\"?><Root/>";
    assert!(read("test", text.as_bytes()).is_ok());
    let mut bytes = vec![0xff, 0xfe];
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    assert!(read("test", &bytes).is_ok());
}

#[test]
fn the_dialect_is_told_by_the_root() {
    assert!(is_original(
        "\u{feff}<?xml version=\"1.0\"?>\n<!-- <liveobject> --> <Root/>"
    ));
    assert!(is_original("<Root\n>") && !is_original("<Rooted>"));
    assert!(!is_original("<liveobject/>") && !is_original("<!-- <Root>") && !is_original(""));
}

#[test]
fn what_is_no_xml_is_refused() {
    assert_eq!(refusal("<Root>"), "`<Root>` is never closed");
    assert!(read("test", &[0, 159, 146, 150]).is_err());
    assert!(read("test", b"").is_err());
}

#[test]
fn deep_nesting_is_an_error() {
    let deep = format!("<Root>{}", "<a>".repeat(1_000_000));
    assert!(refusal(&deep).starts_with("nested more than"));
}
