//! The formatter: what it does to texts, and what it must never do.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use expect_test::{Expect, expect};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::round_trip::item;
use super::{shown, source};
use crate::syntax::parse::parse_tokens;
use crate::syntax::{Brackets, File, format_file, format_type, lexis, parse_file, print_file};

fn formatted(text: &str) -> String {
    format_file(&source(text), Brackets::Angle, 0)
        .unwrap_or_else(|faults| panic!("{}\n{text}", shown(&faults)))
}

fn check(text: &str, expected: Expect) {
    let once = formatted(text);
    expected.assert_eq(&once);
    assert_eq!(formatted(&once), once, "again");
}

/// Every comment outside of strings and defaults, as the formatter writes it.
fn comments(text: &str) -> Vec<String> {
    let (_, tokens) =
        parse_tokens(&source(text)).unwrap_or_else(|f| panic!("{}\n{text}", shown(&f)));
    let starts = std::iter::once(0).chain(tokens.iter().map(|span| span.end));
    let ends = tokens.iter().map(|span| span.start).chain([text.len()]);
    let mut found = Vec::new();
    for (start, end) in starts.zip(ends) {
        let mut rest = &text[start..end];
        while let Some(at) = rest.find("//") {
            let comment = lexis::comment_at(&rest[at..]).expect("it begins here");
            rest = &rest[at + comment.len()..];
            found.push(match lexis::doc(comment) {
                Some(doc) => format!("/// {doc}").trim_end().to_owned(),
                None => comment.trim_end().to_owned(),
            });
        }
    }
    found
}

#[test]
fn comments_and_empty_lines_stay_where_they_are() {
    check(
        "\n\n// About the file.\n\n\n\nuse \"a:b\"; // why\nuse \"a:c\";\n\n\n// About A.\n/// Doc.\n\ntype A=u8 ; // one\n\
         // two\n\nrecord R {\n\n  // first\n\n  a:u8, // of a\n  // of b\n\n  b : u8 // no comma\n\n  // last\n\n}\n// the end\n\n",
        expect![[r#"
            // About the file.

            use "a:b"; // why
            use "a:c";

            // About A.
            /// Doc.
            type A = u8; // one
            // two

            record R {
                // first

                a: u8, // of a
                // of b

                b: u8, // no comma

                // last
            }
            // the end
        "#]],
    );
}

#[test]
fn members_keep_their_order_and_their_strings() {
    check(
        "object O<M:value>{state S;provides p \"a \\u{41}\n   b\" given \"c\"; mandatory endpoint e:E many;\n\n// why\nrequires q \"x\";}",
        expect![[r#"
            object O<M: value> {
                state S;
                provides p "a \u{41}
               b" given "c";
                mandatory endpoint e: E many;

                // why
                requires q "x";
            }
        "#]],
    );
}

#[test]
fn lists_that_began_a_line_stay_apart() {
    check(
        "record A { a: u8,\n b: u8 }\nrecord B {\n a: u8, b: u8 }\nrecord C {\n a: map<\n u8,u8>,\n .. }\n\
         endpoint E { in a(\nb: u8); in b(c: u8,\n..); }\nrecord D {\n}",
        expect![[r#"
            record A { a: u8, b: u8 }
            record B {
                a: u8,
                b: u8,
            }
            record C {
                a: map<u8, u8>,
                ..
            }
            endpoint E {
                in a(
                    b: u8,
                );
                in b(c: u8, ..);
            }
            record D {}
        "#]],
    );
}

#[test]
fn members_on_one_line_stay_there_if_they_fit() {
    check(
        "object O {state u8;}\nobject P { // why\n state u8; }\nendpoint E { in a(); out b(); }\n\
         endpoint F {\nin a(); }\ntemplate t(): O { private endpoint e: E; }\ntemplate u(): O { }\n\
         endpoint G { out measured(first_measurement: list<u64>, second: u64); out b(); in forget(first: u64); }",
        expect![[r#"
            object O { state u8; }
            object P { // why
                state u8;
            }
            endpoint E { in a(); out b(); }
            endpoint F {
                in a();
            }
            template t(): O { private endpoint e: E; }
            template u(): O {}
            endpoint G {
                out measured(first_measurement: list<u64>, second: u64);
                out b();
                in forget(first: u64);
            }
        "#]],
    );
}

#[test]
fn comments_in_strange_places_stay() {
    check(
        "template // a\n t // b\n ( // c\n a // d\n : // e\n list // f\n < u8 // g\n > // h\n = // i\n [] // j\n ) // k\n : // l\n O // m\n ; // n\n\
         endpoint E { in /// o\n a() // p\n\n ; provides // q\n p // r\n \"\" // s\n given // t\n \"\"; } record R { a: u8 /// u\n , b: u8, /// v\n }",
        expect![[r#"
            template // a
                t // b
                ( // c
                a // d
                    : // e
                    list // f
                    <
                    u8 // g
                > // h
                    = // i
                    [], // j
            ) // k
                : // l
                O; // m
            // n
            endpoint E {
                in
                    /// o
                    a(); // p
                provides // q
                    p // r
                    "" // s
                    given // t
                        "";
            }
            record R {
                a: u8
                    /// u
                    ,
                b: u8,
                /// v
            }
        "#]],
    );
}

#[test]
fn what_is_too_long_is_broken() {
    check(
        "endpoint E { provides temporal \"forall i, j: instance. event receive@i(m) never precedes event send@*(m)\"; \
         requires properties \"virtual_synchrony, total_order, at_most_once\" given \"reliable, at_most_once\"; }\n\
         template some_template<FirstParameter: object <: Channel<Message>, SecondParameter: value>(first: u8): O<FirstParameter>;\n\
         template other(first: list<u8> = [1,\n 2]): Object;\n\
         type T = map<string, tuple<AnOverlongNameOfSomeRecord, AnotherOverlongNameOfSomeRecord, YetAnother>>;",
        expect![[r#"
            endpoint E {
                provides temporal "forall i, j: instance. event receive@i(m) never precedes event send@*(m)";
                requires properties "virtual_synchrony, total_order, at_most_once"
                    given "reliable, at_most_once";
            }
            template some_template<FirstParameter: object <: Channel<Message>, SecondParameter: value>(
                first: u8,
            ): O<FirstParameter>;
            template other(
                first: list<u8> = [1,
             2],
            ): Object;
            type T = map<
                string,
                tuple<AnOverlongNameOfSomeRecord, AnotherOverlongNameOfSomeRecord, YetAnother>
            >;
        "#]],
    );
}

#[test]
fn inside_documents_lines_are_indented_and_brackets_square() {
    let text =
        source("record R<T: value> {\n/// A.\na: list<T> }\n\nendpoint E { provides p \"a\nb\"; }");
    let text = format_file(&text, Brackets::Square, 6).unwrap();
    expect![[r#"
              record R[T: value] {
                  /// A.
                  a: list[T],
              }

              endpoint E {
                  provides p "a
        b";
              }
    "#]]
    .assert_eq(&text);
}

#[test]
fn nothing_is_made_of_nothing() {
    check("", expect![""]);
    check(" \n\n", expect![""]);
    check("\u{feff}// a \r\n", expect!["// a\n"]);
}

#[test]
fn type_expressions_are_on_one_line_unless_they_hold_a_comment() {
    let formatted = |text| format_type(&source(text), Brackets::Square).unwrap();
    assert_eq!(formatted(" map<u8,\n mirror  A > "), "map[u8, mirror A]");
    assert_eq!(formatted("list [ u8 // why\n]"), "list [ u8 // why\n]");
}

#[test]
fn faults_are_told() {
    let faults = format_file(&source("type A = ;"), Brackets::Angle, 0).unwrap_err();
    assert!(shown(&faults).contains("expected a type, found `;`"));
}

#[test]
fn the_time_is_linear() {
    let deep = format!("type A = {}u8{};\n", "list<".repeat(63), ">".repeat(63));
    let fields: String = (0..100_000)
        .map(|n| format!("f{n}: u8, // c\n\n"))
        .collect();
    for text in [
        deep.repeat(2_000).replace("type A", "// a\ntype A"),
        "record R { a: u8, // c\n\n } // d\n".repeat(50_000),
        format!("record R {{ {fields} }}"),
        format!("template t({}): O;", fields.replace("// c", "")),
        format!("type A = {}u8;", "// c\n".repeat(200_000)),
        format!("type A = u8 {};", "// c\n".repeat(200_000)),
    ] {
        let start = Instant::now();
        formatted(&text);
        let took = start.elapsed();
        assert!(took.as_secs() < 20, "{}: {took:?}", &text[..40]);
    }
}

/// The files below `folder` with this extension, but for what is built.
fn files(folder: &Path, extension: &str, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("it is a folder") {
        let path = entry.expect("it is readable").path();
        let name = path.file_name().unwrap_or_default();
        if path.is_dir() && name != "target" && !name.as_encoded_bytes().starts_with(b".") {
            files(&path, extension, found);
        } else if path.extension().is_some_and(|it| it == extension) {
            found.push(path);
        }
    }
}

#[test]
fn no_file_of_the_project_changes_its_meaning() {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    files(&root, "lot", &mut found);
    assert!(found.len() > 20, "{found:?}");
    for path in found {
        let text = fs::read_to_string(&path).expect("it is readable");
        let once = formatted(&text);
        let [before, after] = [&text, &once].map(|text| parse_file(&source(text)));
        assert_eq!(before, after, "{}", path.display());
        assert_eq!(comments(&once), comments(&text), "{}", path.display());
        assert_eq!(formatted(&once), once, "{}", path.display());
    }
}

/// What may stand between two tokens.
fn separator() -> impl Strategy<Value = &'static str> {
    select(vec![
        " ",
        " ",
        " ",
        "\n",
        "\n\n\n",
        "\t",
        "\r\n",
        "\u{feff} ",
        "// a\n",
        " // b \n",
        "\n// c\n",
        "\n\n// d\n\n",
        "// e\r\n// f\n",
        "\n/// g\n",
        "/// h\n",
        "\n\n///i\n\n\n",
        "//// j\n",
        "//k\n",
        "\n// l\n\n// m\n",
        "/// n\n// o\n/// p\n",
        "///\n",
        "//\n",
    ])
}

proptest! {
    #[test]
    fn formatting_changes_nothing_but_the_layout(
        items in vec(item(), 0..4), separators in vec(separator(), 1..200),
    ) {
        let plain = print_file(&File { items });
        let (_, tokens) = parse_tokens(&source(&plain)).expect("it was printed");
        let mut text = String::new();
        let mut separators = separators.iter().cycle();
        for token in tokens {
            text.push_str(separators.next().expect("it repeats"));
            text.push_str(&plain[token.start..token.end]);
        }
        text.push_str(separators.next().expect("it repeats"));

        let once = formatted(&text);
        prop_assert_eq!(parse_file(&source(&once)), parse_file(&source(&text)), "{}", once);
        prop_assert_eq!(comments(&once), comments(&text), "{}", once);
        prop_assert_eq!(formatted(&once), once.clone(), "again");
        let inside = format_file(&source(&text), Brackets::Square, 4).expect("it is well formed");
        prop_assert_eq!(parse_file(&source(&inside)), parse_file(&source(&text)), "{}", inside);
        let again = format_file(&source(&inside), Brackets::Square, 4).expect("it is well formed");
        prop_assert_eq!(again, inside, "again inside");
    }

    #[test]
    fn the_canonical_form_is_formatted(items in vec(item(), 0..4)) {
        let canonical = print_file(&File { items });
        prop_assert_eq!(formatted(&canonical), canonical);
    }
}
