//! Private endpoints of templates.

use expect_test::expect;

use super::*;
use crate::syntax::Item;

#[test]
fn private_endpoints_are_of_endpoint_types_and_have_names_of_their_own() {
    check(
        "endpoint E { in a(); }
        record R { a: u8 }
        object O { endpoint e: E; }
        template s(): O { private endpoint r: R; }
        template t(): O { private endpoint e: mirror E; }
        template u(): O { private endpoint f: mirror F; }",
        expect![[r#"
            4:47 `R` wrong-kind: `R` is a value type, but an endpoint type is needed here
              at test.lot:2:16: declared here
              help: an endpoint type is declared with `endpoint`
            5:44 `e` duplicate-name: the objects of `t` have an endpoint `e` already
              help: give the private endpoint another name
            6:54 `F` unknown-type: no type is called `F`
              help: declare it, or `use` the library that does
        "#]],
    );
}

#[test]
fn private_endpoints_are_substituted_and_are_no_part_of_the_type() {
    let module = module(
        "endpoint E<T: value> { in a(value: T); }
        object O { }
        template t<T: value>(): O { private endpoint e: mirror E<T> many; }
        template u<T: value>(): O;",
    );
    let mut types = Types::new();
    let u8_ = resolve(&mut types, &module, "u8");
    let arguments: Environment = [("T".to_owned(), u8_)].into();
    let mut signature = |name: &str| {
        let Some((_, Item::Template(template))) = module.lookup(name) else {
            panic!("{name}")
        };
        types.template(&module, template, &arguments).unwrap()
    };
    let (with, without) = (signature("t"), signature("u"));
    assert_eq!(with.result, without.result);
    assert!(without.private.is_empty());
    let expected = resolve(&mut types, &module, "mirror E<u8>");
    let private = &with.private["e"];
    assert_eq!(TypeId::Endpoint(private.ty), expected);
    assert!(private.many && !private.mandatory);
}
