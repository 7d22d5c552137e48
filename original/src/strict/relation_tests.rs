//! Subtyping, rule by rule.

use crate::Id;
use crate::catalog::Catalog;
use crate::document::ClassKind;

use super::classes::{ClassId, Classes};

const CATALOG: &str = "\
library 0 1 platform
value-class 1 0 active Int32
  builtin
value-class 2 0 active String
  builtin
value-class 3 0 active Double
  builtin
value-class 4 0 active Object
  builtin
value-class 5 0 active Int32[]
  builtin
value-class 6 0 active Array
  builtin
value-class 7 0 active IEnumerable`1
  type-parameter value T
  builtin
value-class 8 0 active UInt32[]
  builtin
value-class 9 0 active Byte
  builtin
value-class 10 0 active Base
value-class 11 0 active Derived
  assignable-to value:10
value-class 12 0 active Wrapped
  converts-from value:2
value-class 13 0 active Code
  converts value:13 value:1
value-class 14 0 active Riddle
  converts value:14 value:1
  converts value:14 value:2
value-class 15 0 active Index
  converts-from value:1
  converts-from value:3
value-class 16 0 active Parsed
  converts value:2 value:16
value-class 17 0 active Set
  type-parameter value T
  assignable-to value:18(T=$T)
value-class 18 0 active Bag
  type-parameter value T
endpoint-class E1 0 active Exported
  type-parameter interface ExportedInterface
endpoint-class E2 0 active Imported
  type-parameter interface ImportedInterface
endpoint-class E3 0 active Window
interface-class 1 0 active Ask
  operation Ask
    in value:11 question
    returns value:11
interface-class 2 0 active AskLess
  operation Ask
    in value:10 question
    returns value:11
  operation More
interface-class 3 0 active AskFor
  operation Ask
    in value:11 question
    out value:1 time
    returns value:10
interface-class 4 0 active Deaf
  operation Ask
    returns value:11
interface-class 5 0 active Both
  operation Change
    both value:10 it
interface-class 6 0 active BothDerived
  operation Change
    both value:11 it
object-class 1 0 active Asker
  endpoint endpoint:E1(ExportedInterface=interface:1) it
object-class 2 0 active AskerLess
  endpoint endpoint:E1(ExportedInterface=interface:2) it
  endpoint endpoint:E3 window
object-class 3 0 active User
  endpoint endpoint:E2(ImportedInterface=interface:1) it
object-class 4 0 active UserLess
  endpoint endpoint:E2(ImportedInterface=interface:2) it
";

fn with_classes<T>(test: impl FnOnce(&mut Classes<'_>) -> T) -> T {
    let catalog = Catalog::read(CATALOG).expect("the catalogue is right");
    test(&mut Classes::new(&catalog))
}

fn class(classes: &mut Classes<'_>, kind: ClassKind, id: u128) -> ClassId {
    let found = classes.platform_class(kind, Id(id));
    found.expect("the catalogue has it")
}

/// Whether value class `a` is a subtype of `b`; else the reason.
fn values(a: u128, b: u128) -> Result<(), String> {
    with_classes(|classes| {
        let a = class(classes, ClassKind::Value, a);
        let b = class(classes, ClassKind::Value, b);
        classes.value_subtype(a, b).map_err(|it| it.message)
    })
}

fn interfaces(a: u128, b: u128) -> Result<(), String> {
    with_classes(|classes| {
        let a = class(classes, ClassKind::Interface, a);
        let b = class(classes, ClassKind::Interface, b);
        classes.interface_subtype(a, b).map_err(|it| {
            let trail: Vec<String> = it.trail.iter().map(ToString::to_string).collect();
            format!("{}: {}", trail.join(" > "), it.message)
        })
    })
}

fn objects(a: u128, b: u128) -> Result<(), String> {
    with_classes(|classes| {
        let a = class(classes, ClassKind::Object, a);
        let b = class(classes, ClassKind::Object, b);
        classes.object_subtype(a, b).map_err(|it| it.message)
    })
}

#[test]
fn numbers_and_texts_convert_into_each_other() {
    for (a, b) in [(1, 2), (2, 1), (2, 3), (3, 2), (9, 3)] {
        assert_eq!(values(a, b), Ok(()), "{a} {b}");
    }
    assert!(values(1, 0x10).is_err());
}

#[test]
fn values_are_assignable_to_what_their_class_names_and_to_anything() {
    assert_eq!(values(0x11, 0x10), Ok(()));
    assert_eq!(values(0x11, 4), Ok(()));
    assert_eq!(
        values(0x10, 0x11),
        Err("`Base` is neither assignable nor convertible to `Derived`".to_owned())
    );
}

#[test]
fn a_constructor_of_one_argument_converts() {
    assert_eq!(values(2, 0x12), Ok(()));
    assert!(values(0x12, 2).is_err());
    assert!(values(1, 0x12).is_err());
}

#[test]
fn of_several_constructors_the_most_specific_is_taken() {
    assert_eq!(values(1, 0x15), Ok(()));
    assert_eq!(values(3, 0x15), Ok(()));
    // A byte widens to both, and the whole number is the more specific.
    assert_eq!(values(9, 0x15), Ok(()));
}

#[test]
fn an_operator_converts_where_either_side_declares_it() {
    assert_eq!(values(0x13, 1), Ok(()));
    assert!(values(0x13, 2).is_err());
    assert_eq!(values(2, 0x16), Ok(()));
}

#[test]
fn several_operators_of_one_class_make_the_original_fail() {
    for to in [1, 2, 3, 0x10] {
        let message = values(0x14, to).expect_err("there are two operators");
        assert!(
            message.starts_with("there are several conversions"),
            "{message}"
        );
    }
    // What is assignable needs none.
    assert_eq!(values(0x14, 4), Ok(()));
}

#[test]
fn a_whole_number_becomes_the_length_of_an_array() {
    assert_eq!(values(1, 5), Ok(()));
    assert_eq!(values(9, 5), Ok(()));
    assert!(values(3, 5).is_err() && values(2, 5).is_err());
}

#[test]
fn arrays_are_what_dotnet_takes_them_for() {
    assert_eq!(values(5, 6), Ok(()));
    assert_eq!(values(5, 8), Ok(()));
    assert!(values(6, 5).is_err());
}

#[test]
fn classes_with_arguments_are_assignable_with_the_same_arguments() {
    with_classes(|classes| {
        let mut of = |generic: u128, argument: u128| {
            let generic = class(classes, ClassKind::Value, generic);
            let argument = class(classes, ClassKind::Value, argument);
            let made = classes.instantiate(generic, &[("T", argument)]);
            made.expect("all is given")
        };
        let (set, bag, other) = (of(0x17, 0x11), of(0x18, 0x11), of(0x18, 0x10));
        let (array, many, other_many) = (
            class(classes, ClassKind::Value, 5),
            {
                let generic = class(classes, ClassKind::Value, 7);
                let int = class(classes, ClassKind::Value, 1);
                classes
                    .instantiate(generic, &[("T", int)])
                    .expect("all is given")
            },
            {
                let generic = class(classes, ClassKind::Value, 7);
                let text = class(classes, ClassKind::Value, 2);
                classes
                    .instantiate(generic, &[("T", text)])
                    .expect("all is given")
            },
        );
        assert!(classes.value_subtype(set, bag).is_ok());
        assert!(classes.value_subtype(set, other).is_err());
        assert!(classes.value_subtype(array, many).is_ok());
        assert!(classes.value_subtype(array, other_many).is_err());
    });
}

#[test]
fn what_is_open_compares_with_itself_only() {
    with_classes(|classes| {
        let open = class(classes, ClassKind::Value, 0x17);
        let any = class(classes, ClassKind::Value, 4);
        assert!(classes.value_subtype(open, open).is_ok());
        let mismatch = classes.value_subtype(open, any).expect_err("it is open");
        assert_eq!(
            mismatch.message,
            "the type parameter `T` of `Set[T]` is not bound"
        );
    });
}

#[test]
fn an_operation_takes_more_and_answers_less_generally() {
    assert_eq!(interfaces(2, 1), Ok(()));
    assert_eq!(
        interfaces(1, 2),
        Err(
            "event `Ask` > field `question`: `Base` is neither assignable nor convertible to \
             `Derived`"
                .to_owned()
        )
    );
    assert_eq!(
        interfaces(3, 1),
        Err(
            "event `Ask` > field `the returned value`: `Base` is neither assignable nor convertible to \
             `Derived`"
                .to_owned()
        )
    );
}

#[test]
fn what_goes_out_may_be_more_and_what_comes_in_may_be_ignored() {
    assert_eq!(
        interfaces(1, 3),
        Err("event `Ask` > field `time`: nothing supplies this value".to_owned())
    );
    assert_eq!(interfaces(4, 1), Ok(()));
    assert_eq!(
        interfaces(1, 4),
        Err("event `Ask` > field `question`: nothing supplies this value".to_owned())
    );
}

#[test]
fn a_parameter_that_goes_both_ways_counts_both_ways() {
    assert!(interfaces(5, 6).is_err() && interfaces(6, 5).is_err());
    assert_eq!(interfaces(5, 5), Ok(()));
}

#[test]
fn interfaces_are_covariant_exported_and_contravariant_imported() {
    assert_eq!(objects(2, 1), Ok(()));
    assert!(objects(1, 2).is_err());
    assert_eq!(objects(3, 4), Ok(()));
    assert!(objects(4, 3).is_err());
}

#[test]
fn endpoints_are_compared_by_name_and_class() {
    let message = objects(1, 2).expect_err("one has more");
    assert!(
        message.starts_with("`Base` is neither assignable"),
        "{message}"
    );
    let message = objects(1, 3).expect_err("one exports, the other imports");
    assert!(message.starts_with("its class is `Exported["), "{message}");
    let message = objects(3, 2).expect_err("one exports, the other imports");
    assert!(message.starts_with("its class is `Imported["), "{message}");
}
