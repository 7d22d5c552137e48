//! Texts of which something could not be read: all else is judged, and nothing follows from it.

use super::*;

/// All that is said of a text, and of `used` if it uses that.
fn told(text: &str, used: &str) -> String {
    let source = Source::new("test.lot", text);
    let find = |_: &Source, name: &str| (name == "used.lot").then(|| Source::new(name, used));
    let (module, mut faults) = Module::load("test", &source, &mut { find });
    let mut types = Types::new();
    let found = types.check_module(&module, &Formalisms::none());
    // Judging again says the same.
    assert_eq!(types.check_module(&module, &Formalisms::none()), found);
    faults.extend(found);
    shown(&faults)
}

#[test]
fn a_declaration_that_cannot_be_read_hides_no_other_fault() {
    let text = "use \"liveobj:standard\";
record A { x u8 }
record B { a: A, b: strng }
endpoint C { in c(a: list<A>); out d(b: B) refusabl; }
object D { endpoint c: C; endpoint e: Chanel<A>; }
recrod E { x: u8 }
type F = option<E>;
type G = map<f64, E>;
type H = G<u8>;";
    expect![[r#"
        2:14 `u8` type-syntax: expected `:`, found `u8`
          at test.lot:2:1: in this record
        4:44 `refusabl` type-syntax: expected `refusable` or `;`, found `refusabl`
          at test.lot:4:1: in this endpoint type
          help: did you mean `refusable`?
        6:1 `recrod` type-syntax: expected `use`, `type`, `record`, `variant`, `enum`, `endpoint`, `object`, `template` or `adapter`, found `recrod`
          help: did you mean `record`?
        3:21 `strng` unknown-type: no type is called `strng`
          help: did you mean `string`?
        5:39 `Chanel` unknown-type: no type is called `Chanel`
          help: did you mean `Channel`?
        9:10 `G<u8>` wrong-argument-count: `G` takes no type arguments, but 1 is given
          at test.lot:8:6: declared here
          help: write `G`
    "#]]
    .assert_eq(&told(text, ""));
}

#[test]
fn a_name_that_is_lost_is_not_one_that_a_use_brings() {
    // Otherwise this `Timer`, an endpoint type, would be taken for the standard object type.
    let text = "use \"liveobj:standard\"; endpoint Timer { in }\nobject A { endpoint a: Timer; }";
    expect![[r#"
        1:45 `}` type-syntax: expected the name of an event, found `}`
          at test.lot:1:25: in this endpoint type
    "#]]
    .assert_eq(&told(text, ""));
}

#[test]
fn what_a_used_text_loses_is_not_missing() {
    let text = "use \"used.lot\"; type A = B; type C = D;";
    expect![[r#"
        1:10 `;` type-syntax: expected a type, found `;`
          at used.lot:1:1: in this alias
        1:38 `D` unknown-type: no type is called `D`
          help: declare it, or `use` the library that does
    "#]]
    .assert_eq(&told(text, "type B = ;"));
}

#[test]
fn where_a_use_is_lost_any_name_may_be_declared() {
    let told = told("use used.lot;\ntype A = B;\nrecord C { x: list }", "");
    expect![[r#"
        1:5 `used` type-syntax: expected the name of a library in double quotes, found `used`
        3:15 `list` wrong-argument-count: `list` takes 1 type argument, but 0 are given
    "#]]
    .assert_eq(&told);
}

#[test]
fn a_text_in_another_language_is_one_fault() {
    let text = "# A heading\n\nSome words; and others; a list: a, b;\n\n* c; d\n";
    expect![[r##"
        1:1 `#` type-syntax: expected `use`, `type`, `record`, `variant`, `enum`, `endpoint`, `object`, `template` or `adapter`, found `#`
          help: a text of the type language is made of declarations, such as `record Line { text: string }`
    "##]]
    .assert_eq(&told(text, ""));
}
