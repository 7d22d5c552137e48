//! The loader's rules, each on a small document and a catalogue of a few entries.

use crate::catalog::Catalog;

use super::{Loader, Verdict};

/// Numbers that the rules name are those of the platform; the others are made up.
const CATALOG: &str = "\
library 0 1 platform
attribute-class A1 0 active name
attribute-class A2 0 active comment
object-constraint-class C1 0 active Secure
value-class 2FEB1E028342422CBD38CB074B957973 0 active String
  builtin
value-class 1 0 active Int32
  builtin
value-class 2 0 active Boolean
  builtin
value-class 3 0 active Object
  builtin
value-class 4 0 active Shape
value-class 4BD58FAE1AEB4537B42CE0C2640528F9 0 active Address
  assignable-to value:4
value-class 58B37C32B8E549C5BC6EE4A0F5C1467E 0 active ObjectReference
  type-parameter object ObjectClass
value-class 5 0 active Pair
  type-parameter value First
  type-parameter value Second
endpoint-class E1 0 active Exported
  type-parameter interface ExportedInterface
interface-class 1 0 active Talk`1
  type-parameter value T
  operation Say
    in $T what
interface-class 2 0 active Keep
object-class F5225FA26F7C4F6D93C9E5A1A45FCF45 0 active Object
object-class D111EEF8754D4EB98ABD90B0260AEF93 0 active Dictionary
  type-parameter value KeyClass
  type-parameter object ObjectClass
  endpoint endpoint:E1(ExportedInterface=interface:2) Endpoint
object-class D98B21642A734D02A2D1322B892F4A61 0 active Authenticating
  type-parameter object AuthenticatedClass
  endpoint endpoint:E1(ExportedInterface=interface:2) Proof
object-class 1 0 active Talker
  type-parameter value T
  endpoint endpoint:E1(ExportedInterface=interface:1(T=$T)) talk
object-class 2 3 active Quiet
object-class 3 0 active Guarded
  authenticating object:D98B21642A734D02A2D1322B892F4A61(AuthenticatedClass=object:2)
object-class 4 0 active Bound
  provided C1 10
component 1 2 active Plain
  value-parameter value:1 number
  value-parameter value:2FEB1E028342422CBD38CB074B957973 text
  implements object:2
component 2 0 active Speaker
  type-parameter value T
  value-parameter value:2FEB1E028342422CBD38CB074B957973 caption
  value-parameter value:58B37C32B8E549C5BC6EE4A0F5C1467E(ObjectClass=object:1(T=$T)) next
  implements object:1(T=$T)
component 3 0 disabled Forgotten
  implements object:2
component 4 0 active Folder
  implements object:D111EEF8754D4EB98ABD90B0260AEF93(KeyClass=value:2FEB1E028342422CBD38CB074B957973,ObjectClass=object:F5225FA26F7C4F6D93C9E5A1A45FCF45)
component 5 0 active Guard
  implements object:3
component 6 0 active Prover
  implements object:D98B21642A734D02A2D1322B892F4A61(AuthenticatedClass=object:F5225FA26F7C4F6D93C9E5A1A45FCF45)
component 7 0 active Fastened
  value-parameter value:1 number
  implements object:4
component 8 0 active Taker
  value-parameter value:3 anything
  value-parameter value:4 shape
  implements object:2
component 9 0 inferred Guessed
  implements object:2
component A 0 active Twice
  type-parameter value A
  type-parameter value B
  implements object:1(T=$A)
library 77 1 students
component 1 0 active Homework
  implements object:2
";

/// What the loader says: `ok` with the class, `null`, or the message.
fn verdict(object: &str) -> String {
    let catalog = Catalog::read(CATALOG).expect("the catalogue is right");
    let document = format!(
        "<Root xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
         xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">{object}</Root>"
    );
    match Loader::new(&catalog).check("test", document.as_bytes()) {
        Verdict::Loaded { class, described } => format!("ok {class} {described}"),
        Verdict::Null => "null".to_owned(),
        Verdict::Refused(found) => found.message,
    }
}

/// A reference object as the whole document.
fn reference(id: &str, inside: &str) -> String {
    verdict(&format!(
        "<Object xsi:type=\"ReferenceObject\" id=\"{id}\">{inside}</Object>"
    ))
}

fn value(name: &str, ty: &str, text: &str) -> String {
    format!("<Parameter id=\"{name}\"><Value xsi:type=\"xsd:{ty}\">{text}</Value></Parameter>")
}

fn type_argument(name: &str, id: &str) -> String {
    format!("<Parameter id=\"{name}\"><Value xsi:type=\"ValueClass\" id=\"{id}\"/></Parameter>")
}

fn object(name: &str, id: &str, inside: &str) -> String {
    format!(
        "<Parameter id=\"{name}\"><Value xsi:type=\"ReferenceObject\" id=\"{id}\">{inside}</Value>\
         </Parameter>"
    )
}

const NO_OBJECT: &str = "<Parameter id=\"next\"><Value xsi:type=\"ReferenceObject\"/></Parameter>";
const QUIET: &str = "ok 0`1:2`3 Quiet";

#[test]
fn components_are_found_by_every_spelling_of_their_number() {
    for id in ["1", "01", "0`0:1`0", "0`1:1`2", ":1`", "`1:0000000001`1"] {
        assert_eq!(reference(id, ""), QUIET, "{id}");
    }
    assert_eq!(reference("a", ""), reference("A", ""));
}

#[test]
fn what_is_not_found_says_why() {
    for (id, message) in [
        ("B", "there is no component `B`"),
        // Disabled and inferred entries: the original did not know them.
        ("3", "there is no component `3`"),
        ("9", "there is no component `9`"),
        ("{1}", "`{1}` is no identifier: it stands in braces"),
        (
            "one",
            "`one` is no identifier: `o` is not a hexadecimal digit",
        ),
        (
            "1`3",
            "version 3 of the component `Plain` is asked for, and there is version 2",
        ),
        (
            "0`2:1",
            "version 2 of library `0` is asked for, and version 1 is installed",
        ),
        (
            "77:1",
            "library `77`, in which the component `1` should be, is not installed",
        ),
        (
            "78:1",
            "library `78`, in which the component `1` should be, is not installed",
        ),
    ] {
        assert_eq!(reference(id, ""), message, "{id}");
    }
}

#[test]
fn what_is_known_of_a_missing_component_is_a_note() {
    let catalog = Catalog::read(CATALOG).expect("the catalogue is right");
    let note = |id: &str| {
        let document = format!(
            "<Root xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
             <Object xsi:type=\"ReferenceObject\" id=\"{id}\"/></Root>"
        );
        match Loader::new(&catalog).check("test", document.as_bytes()) {
            Verdict::Refused(found) => found.notes.join("; "),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(note("3"), "its source, `Forgotten`, was disabled");
    assert_eq!(note("9"), "documents call it `Guessed`; its source is lost");
    let object = "F5225FA26F7C4F6D93C9E5A1A45FCF45";
    assert_eq!(
        note(object),
        "it is the number of the object class `Object`"
    );
}

#[test]
fn parameters_must_be_declared_and_given_once() {
    let message = reference("1", &value("numbr", "int", "1"));
    assert_eq!(message, "`Plain` has no parameter `numbr`");
    let message = reference(
        "1",
        "<Parameter><Value xsi:type=\"xsd:int\">1</Value></Parameter>",
    );
    assert_eq!(message, "this parameter has no `id`");
    let twice = value("number", "int", "1").repeat(2);
    assert_eq!(reference("1", &twice), "parameter `number` is given twice");
    let twice = type_argument("T", "1").repeat(2);
    assert_eq!(reference("2", &twice), "parameter `T` is given twice");
}

#[test]
fn values_must_be_assignable_as_they_are() {
    assert_eq!(reference("1", &value("number", "int", "1")), QUIET);
    assert_eq!(
        reference("1", &value("number", "boolean", "true")),
        "parameter `number` takes a value of class `Int32`, and is given a `xsd:boolean`"
    );
    assert_eq!(
        reference("1", &value("number", "short", "1")),
        "parameter `number` takes a value of class `Int32`, and is given a `xsd:short`"
    );
    let untyped = "<Parameter id=\"text\"><Value>x</Value></Parameter>";
    assert_eq!(
        reference("1", untyped),
        "parameter `text` takes a value of class `String`, and is given something without a type"
    );
    assert_eq!(
        reference("1", &object("text", "1", "")),
        "parameter `text` takes a value of class `String`, and is given an object"
    );
    let address = |name| {
        format!("<Parameter id=\"{name}\"><Value xsi:type=\"Address\" value=\"a\"/></Parameter>")
    };
    assert_eq!(reference("8", &address("shape")), QUIET);
    assert_eq!(reference("8", &address("anything")), QUIET);
    assert_eq!(
        reference("8", "<Parameter id=\"anything\"><Value/></Parameter>"),
        QUIET
    );
}

#[test]
fn a_value_that_is_left_out_is_null_where_no_object_is_wanted() {
    assert_eq!(reference("1", "<Parameter id=\"number\"/>"), QUIET);
    let given = type_argument("T", "1") + &value("caption", "string", "c");
    assert_eq!(
        reference("2", &(given.clone() + "<Parameter id=\"next\"/>")),
        "parameter `next` takes an object, and is given nothing"
    );
    assert_eq!(
        reference("2", &(given + NO_OBJECT)),
        "ok 0`1:1`0 Talker[Int32]"
    );
}

#[test]
fn values_that_are_none_are_found_before_anything_is_looked_up() {
    let message = reference("B", &value("number", "int", "@{n}"));
    assert_eq!(message, "`@{n}` is not a value of `xsd:int`");
}

#[test]
fn type_parameters_take_classes_of_their_kind() {
    assert_eq!(
        reference("2", &type_argument("T", "1")),
        "ok 0`1:1`0 Talker[Int32]"
    );
    assert_eq!(
        reference("2", "<Parameter id=\"T\"/>"),
        "parameter `T` takes a value class, and is given nothing"
    );
    assert_eq!(
        reference(
            "2",
            "<Parameter id=\"T\"><Value xsi:type=\"ObjectClass\" id=\"2\"/></Parameter>"
        ),
        "parameter `T` takes a value class, and is given an object class"
    );
    assert_eq!(
        reference("2", &type_argument("T", "99")),
        "there is no value class `99`"
    );
}

#[test]
fn where_types_are_bound_all_values_or_none_must_be_given() {
    let types = type_argument("T", "1");
    let caption = value("caption", "string", "c");
    let loaded = "ok 0`1:1`0 Talker[Int32]";
    assert_eq!(reference("2", &types), loaded);
    assert_eq!(
        reference("2", &(types.clone() + &caption)),
        "parameter `next` of `Speaker` is not given"
    );
    assert_eq!(reference("2", &(types + &caption + NO_OBJECT)), loaded);
    // Values alone leave the type parameters open, which they can be no longer.
    assert_eq!(
        reference("2", &caption),
        "type parameter `T` of `Speaker` is not given"
    );
    // Without type parameters, values may be missing.
    assert_eq!(reference("1", &value("text", "string", "x")), QUIET);
}

#[test]
fn of_several_type_parameters_those_may_be_missing_that_nothing_uses() {
    assert_eq!(
        reference("A", &type_argument("A", "1")),
        "ok 0`1:1`0 Talker[Int32]"
    );
    assert_eq!(
        reference("A", &type_argument("B", "1")),
        "type parameter `A` of `Twice` is not given"
    );
}

#[test]
fn objects_must_have_a_subclass_of_what_their_parameter_wants() {
    let speaker = |of: &str| object("next", "2", &type_argument("T", of));
    let given = type_argument("T", "1") + &value("caption", "string", "c");
    assert_eq!(
        reference("2", &(given.clone() + &speaker("1"))),
        "ok 0`1:1`0 Talker[Int32]"
    );
    // Numbers convert into each other and into texts, so these are subclasses, too.
    assert_eq!(
        reference("2", &(given.clone() + &speaker("2"))),
        "ok 0`1:1`0 Talker[Int32]"
    );
    assert_eq!(
        reference("2", &(given.clone() + &speaker("4"))),
        "the object for parameter `next` is of class `Talker[Shape]`, which is not a subtype of \
         `Talker[Int32]`"
    );
    assert_eq!(
        reference("2", &(given.clone() + &object("next", "1", ""))),
        "the object for parameter `next` is of class `Quiet`, which is not a subtype of `Talker[Int32]`"
    );
    assert_eq!(
        reference("2", &(given + &value("next", "string", "x"))),
        "parameter `next` takes an object of class `Talker[Int32]`, and is given a `xsd:string`"
    );
}

#[test]
fn a_cast_goes_up() {
    let cast = |id: &str, inside: &str| format!("<ObjectClass id=\"{id}\">{inside}</ObjectClass>");
    let any = "F5225FA26F7C4F6D93C9E5A1A45FCF45";
    assert_eq!(
        reference("1", &cast(any, "")),
        format!("ok 0`1:{any}`0 Object")
    );
    let talker = cast("1", &type_argument("T", "1"));
    assert_eq!(
        reference("1", &talker),
        "this object is of class `Quiet`, which is not a subtype of `Talker[Int32]`"
    );
    let speaker = type_argument("T", "1");
    assert_eq!(
        reference("2", &(speaker.clone() + &talker)),
        "ok 0`1:1`0 Talker[Int32]"
    );
    // A class whose parameters are open is no subtype of anything, and nothing one of it.
    assert_eq!(
        reference("2", &(speaker + &cast("1", ""))),
        "this object is of class `Talker[Int32]`, which is not a subtype of `Talker[T]`"
    );
    assert_eq!(
        reference("1", &cast("2`4", "")),
        "version 4 of the object class `Quiet` is asked for, and there is version 3"
    );
    assert_eq!(
        reference("1", "<ObjectClass/>"),
        "this object class has no `id`"
    );
}

#[test]
fn an_object_in_a_folder_has_the_class_that_is_stated() {
    let from = |id: &str| format!("<From xsi:type=\"ReferenceObject\" id=\"{id}\"/>");
    let class = "<ObjectClass id=\"2\"/>";
    assert_eq!(reference("any key", &(from("4") + class)), QUIET);
    assert_eq!(
        reference("k", &from("4")),
        "nothing says what class the object in the folder has"
    );
    assert_eq!(
        reference("k", &(from("1") + class)),
        "the object in `<From>` is of class `Quiet`, which is not a subtype of `Dictionary[String, \
         Object]`"
    );
    let nothing = "<From xsi:type=\"ReferenceObject\"/>";
    assert_eq!(
        reference("k", &(nothing.to_owned() + class)),
        "the object in `<From>` is null: nothing can be found in it"
    );
    assert_eq!(
        reference("k", &(from("4") + class + "<Parameter id=\"x\"/>")),
        "an object that is found in a folder cannot be given parameters"
    );
}

#[test]
fn attributes_are_known_ones_and_stand_once() {
    let attribute = |id: &str| format!("<Attribute id=\"{id}\" value=\"v\"/>");
    assert_eq!(
        reference("1", &(attribute("a1") + &attribute("00A2"))),
        QUIET
    );
    assert_eq!(
        reference("1", &attribute("A3")),
        "there is no attribute class `A3`"
    );
    assert_eq!(
        reference("1", &attribute("A1").repeat(2)),
        "this attribute stands there already"
    );
    assert_eq!(reference("1", "<Attribute/>"), "this attribute has no `id`");
}

#[test]
fn null_has_several_spellings() {
    assert_eq!(verdict(""), "null");
    assert_eq!(verdict("<Object xsi:type=\"ReferenceObject\"/>"), "null");
    assert_eq!(
        verdict("<Object xsi:type=\"ReferenceObject\" xsi:nil=\"true\"/>"),
        "null"
    );
    assert_eq!(verdict("<Object xsi:type=\"CompositeObject\"/>"), "null");
}

#[test]
fn an_object_that_must_be_authenticated_needs_an_authority() {
    assert_eq!(
        reference("5", ""),
        "objects of class `Guarded` need an authority"
    );
    let authority = |id: &str| format!("<Authority xsi:type=\"ReferenceObject\" id=\"{id}\"/>");
    assert_eq!(reference("5", &authority("6")), "ok 0`1:3`0 Guarded");
    assert_eq!(
        reference("5", &authority("1")),
        "this authority is of class `Quiet`, which is not a subtype of `Authenticating[Object]`"
    );
    assert_eq!(
        reference("5", "<Authority xsi:type=\"ReferenceObject\"/>"),
        "the authority is null"
    );
}

#[test]
fn a_substitution_drops_the_constraints_of_a_class() {
    let cast = "<ObjectClass id=\"4\"/>";
    assert_eq!(reference("7", cast), "ok 0`1:4`0 Bound");
    assert_eq!(
        reference("7", &(value("number", "int", "1") + cast)),
        "this object is of class `Bound`, which is not a subtype of `Bound`"
    );
}

#[test]
fn constraints_of_a_document_replace_those_of_the_class() {
    let cast = |kind: &str, value: &str| {
        format!(
            "<ObjectClass id=\"4\"><ObjectConstraint kind=\"{kind}\" class=\"C1\" \
             value=\"{value}\"/></ObjectClass>"
        )
    };
    assert_eq!(reference("7", &cast("Provided", "10")), "ok 0`1:4`0 Bound");
    assert_eq!(
        reference("7", &cast("provided", "11")),
        "this object is of class `Bound`, which is not a subtype of `Bound`"
    );
    assert!(reference("7", &cast("wished", "1")).starts_with("a constraint has"));
    assert!(reference("7", &cast("provided", "much")).starts_with("a constraint has"));
}

#[test]
fn a_composite_is_loaded_but_not_as_a_parameter() {
    let composite =
        |components: &str, class: &str| format!("xsi:type=\"CompositeObject\">{components}{class}");
    let component = |name: &str, id: &str| {
        format!(
            "<Component id=\"{name}\"><Object xsi:type=\"ReferenceObject\" id=\"{id}\"/></Component>"
        )
    };
    let class = "<ObjectClass id=\"2\"/>";
    let load = |components: &str, class: &str| {
        verdict(&format!(
            "<Object {}</Object>",
            composite(components, class)
        ))
    };
    assert_eq!(load(&component("a_1", "1"), class), QUIET);
    assert_eq!(
        load(&component("a", "B"), class),
        "there is no component `B`"
    );
    assert_eq!(
        load(&component("a.b", "1"), class),
        "`.` cannot stand in the name of a component"
    );
    assert_eq!(
        load(&component("a", "1").repeat(2), class),
        "there are two components `a`"
    );
    assert_eq!(
        load(&component("a", "1"), ""),
        "nothing says what class the composite object has"
    );
    let inner = composite(&component("a", "1"), class);
    let given = type_argument("T", "1")
        + &value("caption", "string", "c")
        + &format!("<Parameter id=\"next\"><Value {inner}</Value></Parameter>");
    assert!(reference("2", &given).starts_with("a composite object cannot be given"));
}

#[test]
fn what_is_learnt_from_one_document_does_not_change_the_next() {
    let catalog = Catalog::read(CATALOG).expect("the catalogue is right");
    let mut loader = Loader::new(&catalog);
    let mut check = |id: &str| {
        let document = format!(
            "<Root xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
             <Object xsi:type=\"ReferenceObject\" id=\"{id}\"/></Root>"
        );
        matches!(
            loader.check("test", document.as_bytes()),
            Verdict::Loaded { .. }
        )
    };
    for _ in 0..2 {
        assert!(check("1") && !check("3") && check("7"));
    }
}
