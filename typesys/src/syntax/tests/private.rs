//! Private endpoints of templates.

use expect_test::expect;

use super::{check, prints};

#[test]
fn private_endpoints_stand_in_the_body_of_a_template() {
    prints(
        "template a(): A{}template b<T: value>(n: u8):B[T] { private endpoint c: mirror C[T] many;
         /// Doc.
         private endpoint private: D; }",
        expect![[r#"
            template a(): A;

            template b<T: value>(n: u8): B<T> {
                private endpoint c: mirror C<T> many;
                /// Doc.
                private endpoint private: D;
            }
        "#]],
    );
}

#[test]
fn a_template_has_nothing_else_in_its_body() {
    check(
        "template a(): A { endpoint b: B; }\ntemplate c(): A { private mandatory endpoint b: B; }",
        expect![[r#"
            type-syntax: expected `}` or `private`, found `endpoint`
              t.lot:1:19 `endpoint`
              t.lot:1:1 `template a` in this template
            type-syntax: expected `endpoint`, found `mandatory`
              t.lot:2:27 `mandatory`
              t.lot:2:1 `template c` in this template
        "#]],
    );
}

#[test]
fn a_private_name_stands_once() {
    check(
        "template a(): A { private endpoint b: B; private endpoint b: C; }",
        expect![[r#"
            duplicate-name: the endpoint `b` is declared twice
              t.lot:1:59 `b` again here
              t.lot:1:36 `b` first here
              help: rename one of them
        "#]],
    );
}
