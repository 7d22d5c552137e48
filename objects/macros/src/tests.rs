//! What is refused, and how it is said.

use std::fs;

use expect_test::{Expect, expect};
use quote::quote;
use tempfile::TempDir;

use crate::{generate, input, live_object, names};

/// The crate's folder with these files in it.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let root = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = root.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    root
}

fn outcome(root: &TempDir, arguments: proc_macro2::TokenStream) -> String {
    let generated = syn::parse2::<input::Arguments>(arguments)
        .and_then(|arguments| generate::library(&arguments, root.path()));
    match generated {
        Ok(tokens) => {
            syn::parse2::<syn::File>(tokens).unwrap();
            "generated".to_owned()
        }
        Err(error) => error
            .into_iter()
            .map(|error| format!("{error}\n"))
            .collect(),
    }
}

fn check(types: &str, expected: Expect) {
    let root = folder(&[("types.lot", types)]);
    expected.assert_eq(&outcome(&root, quote!("types.lot", name = "test:types")));
}

fn check_arguments(arguments: proc_macro2::TokenStream, expected: Expect) {
    let root = folder(&[("types.lot", "object O {}\ntemplate o(): O;\n")]);
    expected.assert_eq(&outcome(&root, arguments));
}

#[test]
fn a_library_without_faults_is_generated() {
    check(
        "use \"liveobj:standard\";\ntemplate t(): Timer;",
        expect!["generated"],
    );
}

#[test]
fn the_standard_library_is_generated() {
    check_arguments(quote!(standard, linked), expect!["generated"]);
}

#[test]
fn faults_are_named_with_file_line_and_column() {
    check(
        "record R { a: strin }\n\nendpoint E {\n    in F(x: R);\n}\nobject O { endpoint e: E; }\n",
        expect![[r#"
            types.lot:4:8: `F` cannot name an event: temporal constraints use it as an operator
            help: reserved are F, G, H, M, O, R, S, U, W, X and Y; choose a longer name
            types.lot:1:15: no type is called `strin`
            help: did you mean `string`?
        "#]],
    );
}

#[test]
fn a_text_that_does_not_parse_is_refused() {
    check(
        "record R { a u8 }",
        expect![[r#"
        types.lot:1:14: expected `:`, found `u8`
    "#]],
    );
}

#[test]
fn an_unknown_library_is_refused() {
    check(
        "use \"liveobj:unheard_of\";",
        expect![[r#"
        types.lot:1:1: there is no type library `liveobj:unheard_of`
        help: a library is used by its name, such as `liveobj:standard`, or by a path relative to this text
    "#]],
    );
}

#[test]
fn files_inside_the_crate_are_used() {
    let root = folder(&[
        (
            "lots/types.lot",
            "use \"../shared/clock.lot\";\ntemplate t(): Clock;",
        ),
        ("shared/clock.lot", "object Clock {}"),
    ]);
    let outcome = outcome(&root, quote!("lots/types.lot", name = "test:types"));
    assert_eq!(outcome, "generated");
}

#[test]
fn files_outside_of_the_crate_are_refused() {
    check(
        "use \"../clock.lot\";",
        expect![[r#"
        types.lot:1:1: there is no type library `../clock.lot`
        help: a library is used by its name, such as `liveobj:standard`, or by a path relative to this text
    "#]],
    );
    check_arguments(
        quote!("../types.lot", name = "test:types"),
        expect![[r#"
            cannot use `../types.lot`: it is outside of the crate
        "#]],
    );
    check_arguments(
        quote!("/types.lot", name = "test:types"),
        expect![[r#"
        cannot use `/types.lot`: it is outside of the crate
    "#]],
    );
}

#[cfg(unix)]
#[test]
fn a_link_that_leads_out_of_the_crate_is_refused() {
    let outside = folder(&[("types.lot", "")]);
    let root = folder(&[]);
    std::os::unix::fs::symlink(
        outside.path().join("types.lot"),
        root.path().join("types.lot"),
    )
    .unwrap();
    let outcome = outcome(&root, quote!("types.lot", name = "test:types"));
    assert_eq!(
        outcome,
        "cannot use `types.lot`: it is outside of the crate\n"
    );
}

#[test]
fn arguments_are_explained() {
    check_arguments(
        quote!("types.lot"),
        expect![[r#"
        the library needs a name: `library!("…", name = "mine:clock")`
    "#]],
    );
    check_arguments(
        quote!(types, name = "test:types"),
        expect![[r#"
        expected the path of a `.lot` file in quotes, or `standard`
    "#]],
    );
    check_arguments(
        quote!("types.lot", name = "types"),
        expect![[r#"
        a library's name contains `:` and otherwise letters, digits, `_`, `-`, `.` and `/`, such as `mine:clock`
    "#]],
    );
    check_arguments(
        quote!("types.lot", name = "a:b", unlinked),
        expect![[r#"
            expected `name = "…"`, `formalisms = […]`, `linked` or `threads`
        "#]],
    );
    check_arguments(
        quote!(standard, linked, name = "a:b"),
        expect![[r#"
        the standard library has its name already
    "#]],
    );
    check_arguments(
        quote!("types.lot", name = "a:b", threads, linked,),
        expect!["generated"],
    );
}

#[test]
fn an_endpoint_of_any_type_is_generated() {
    check(
        "object Tap<E: endpoint> { endpoint a: E; endpoint b: mirror E many; }\n\
         template tap<E: endpoint>(): Tap<E> { private endpoint c: mirror E; }",
        expect!["generated"],
    );
}

#[test]
fn objects_of_any_type_are_refused() {
    check(
        "template copy<O: object>(): O;",
        expect![[r#"
            types.lot:1:29: `copy` makes objects of type `O`, a parameter: nobody can know its endpoints
            help: name an object type that is declared with its endpoints
        "#]],
    );
    check(
        "endpoint Given<O: object> { in take(object: O); }",
        expect![[r#"
            types.lot:1:45: `O` is an object type, but a value type is needed here
            help: write `reference<O>` for a reference to such an object
        "#]],
    );
    check(
        "endpoint Given<O: object> { in take(object: reference<O>); }\n\
         object Taker<O: object> { endpoint given: Given<O>; }\n\
         template taker<O: object>(): Taker<O>;",
        expect!["generated"],
    );
}

#[test]
fn a_state_of_any_type_is_generated() {
    for state in ["S", "u8", "list<option<S>>", "map<string, tuple<S, S>>"] {
        check(
            &format!("record S {{ n: u64 }}\nobject O {{ state {state}; }}\ntemplate t(): O;"),
            expect!["generated"],
        );
    }
}

#[test]
fn a_state_without_a_rust_type_is_refused() {
    check(
        "type L = list<L>;\nobject O { state L; }\ntemplate t(): O;",
        expect![[r#"
            types.lot:3:10: type `list<list<list<list<list<list<list<list<list<…>>>>>>>>>` contains itself without a record or a variant between, which has no Rust type: put a record between
        "#]],
    );
}

#[test]
fn events_that_would_be_one_type_are_refused() {
    check(
        "endpoint E { in a_b(); out aB(); }\nobject O { endpoint e: E; }\ntemplate t(): O;",
        expect![[r#"
            types.lot:3:10: events `a_b` and `aB` of endpoint `e` would both be the Rust type `AB`: rename one
        "#]],
    );
}

#[test]
fn events_that_would_be_one_method_are_refused() {
    check(
        "endpoint A { in b_c(); }\nendpoint B { in c(); }\n\
         object O { endpoint a: A; endpoint a_b: B; }\ntemplate t(): O;",
        expect![[r#"
            types.lot:4:10: events `b_c` of endpoint `a` and `c` of endpoint `a_b` would both be handled by `a_b_c`: rename one
        "#]],
    );
}

#[test]
fn an_event_that_would_be_handled_with_those_of_any_type_is_refused() {
    check(
        "endpoint A { in b_event(); }\n\
         object O<E: endpoint> { endpoint a: A; endpoint a_b: E; }\n\
         template t<E: endpoint>(): O<E>;",
        expect![[r#"
            types.lot:3:10: events `b_event` of endpoint `a` and of endpoint `a_b` would both be handled by `a_b_event`: rename one
        "#]],
    );
}

#[test]
fn a_type_that_never_ends_is_refused() {
    check(
        "type L = list<L>;\nendpoint E { in l(l: L); }\nobject O { endpoint e: E; }\n\
         template t(): O;",
        expect![[r#"
            types.lot:4:10: type `list<list<list<list<list<list<list<list<list<…>>>>>>>>>` contains itself without a record or a variant between, which has no Rust type: put a record between
        "#]],
    );
}

#[test]
fn a_long_tuple_is_refused() {
    check(
        "object O {}\ntemplate t(p: tuple<u8, u8, u8, u8, u8, u8, u8, u8, u8>): O;",
        expect![[r#"
            types.lot:2:10: a tuple of 9 values has no Rust type (there are tuples of 1 to 8): use a record
        "#]],
    );
}

#[test]
fn names_become_identifiers() {
    let ident = |name| names::ident(name, &["taken"]).to_string();
    let found = ["plain", "type", "self", "Self", "_", "taken"].map(ident);
    assert_eq!(found, ["plain", "r#type", "self_", "Self_", "__", "taken_"]);
    let camel = |name| names::camel(name).to_string();
    let found = ["checkpoint_wanted", "a", "_1", "self", "x__y"].map(camel);
    assert_eq!(found, ["CheckpointWanted", "A", "_1", "Self_", "XY"]);
    let found = ["Line", "Pair<string, u32>", "Trailing_", "A<B<C>>"].map(names::word);
    assert_eq!(found, ["Line", "Pair_string_u32", "Trailing_", "A_B_C"]);
}

#[test]
fn the_attribute_says_where_it_stands() {
    let refused = |arguments, item| {
        let error = live_object::expand(arguments, item).unwrap_err();
        error.to_string()
    };
    let implementation = quote!(impl template::t for T {});
    let usage = "name the template with its module: `#[live_object(template::stamper)]`";
    assert_eq!(refused(quote!(t), implementation.clone()), usage);
    assert_eq!(refused(quote!(), implementation), usage);
    let inherent = "`#[live_object]` stands on `impl template::NAME for YourType`";
    assert_eq!(refused(quote!(template::t), quote!(impl T {})), inherent);
    let generic = "a live object's type has no parameters";
    let item = quote!(
        impl<X> template::t for T<X> {}
    );
    assert_eq!(refused(quote!(template::t), item), generic);
}
