mod format;
mod private;
mod round_trip;

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use expect_test::{Expect, expect};

use super::{Brackets, parse_file, parse_type, print_file, print_type};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Source;

/// Prints faults, one line each, places and help indented below.
pub(crate) fn shown(faults: &[Diagnostic]) -> String {
    let mut out = String::new();
    for fault in faults {
        let _ = writeln!(out, "{}: {}", fault.code, fault.message);
        for label in &fault.labels {
            let span = label.place.span;
            let marked = &label.place.source.text[span.start..span.end];
            let _ = writeln!(out, "  {} `{marked}` {}", label.place, label.text);
        }
        if let Some(help) = &fault.help {
            let _ = writeln!(out, "  help: {help}");
        }
    }
    out.lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

fn source(text: &str) -> Arc<Source> {
    Source::new("t.lot", text)
}

fn faults(text: &str) -> Vec<Diagnostic> {
    parse_file(&source(text)).expect_err("the text is faulty")
}

fn check(text: &str, expected: Expect) {
    expected.assert_eq(&shown(&faults(text)));
}

/// Checks the canonical form, and that it reads back as the same tree.
fn prints(text: &str, expected: Expect) {
    let file = parse_file(&source(text)).unwrap_or_else(|faults| panic!("{}", shown(&faults)));
    let printed = print_file(&file);
    expected.assert_eq(&printed);
    assert_eq!(parse_file(&source(&printed)).as_ref(), Ok(&file));
}

#[test]
fn the_example_of_the_format_reads_and_prints() {
    prints(
        r#"
use "liveobj:standard";                       // by name
type Position = u32;                          // alias
record Edit { at: Position, delete: u32, insert: string }
record Reading { value: f64, .. }
variant Change { edit(Edit), clear }
enum Color { red, green }

/// Doc comments travel with the type.
///
///  Indented.
endpoint ReliableChannel<Message: value> {
    in  send(message: Message);               // events the owner receives
    out receive(message: Message);
    out pressure(level: u8) refusable;
    provides temporal "forall i. event receive@i(m) never precedes event send@*(m)";
    requires properties "fifo" given "say \"hi\"";
    follows session "rec X . ?get; +{!item; X, !missing; X}";
}
object Group<Message: value> {
    endpoint channel: ReliableChannel<Message> many;
    mandatory endpoint membership: mirror Membership;
    provides temporal "total_order(channel.receive)";
    state GroupState;
}
template udp_channel<Message: value, C: object <: Channel<Message>>(address: string, ttl: u8 = 0): Channel<Message>;
"#,
        expect![[r#"
            use "liveobj:standard";

            type Position = u32;

            record Edit { at: Position, delete: u32, insert: string }

            record Reading { value: f64, .. }

            variant Change { edit(Edit), clear }

            enum Color { red, green }

            /// Doc comments travel with the type.
            ///
            ///  Indented.
            endpoint ReliableChannel<Message: value> {
                in send(message: Message);
                out receive(message: Message);
                out pressure(level: u8) refusable;
                provides temporal "forall i. event receive@i(m) never precedes event send@*(m)";
                requires properties "fifo" given "say \"hi\"";
                follows session "rec X . ?get; +{!item; X, !missing; X}";
            }

            object Group<Message: value> {
                endpoint channel: ReliableChannel<Message> many;
                mandatory endpoint membership: mirror Membership;
                provides temporal "total_order(channel.receive)";
                state GroupState;
            }

            template udp_channel<Message: value, C: object <: Channel<Message>>(
                address: string,
                ttl: u8 = 0,
            ): Channel<Message>;
        "#]],
    );
}

#[test]
fn the_standard_library_is_in_canonical_form() {
    let file = parse_file(&source(crate::STANDARD)).unwrap_or_else(|f| panic!("{}", shown(&f)));
    assert_eq!(print_file(&file), crate::STANDARD);
    assert!(
        crate::STANDARD
            .lines()
            .all(|line| line.chars().count() <= 100)
    );
}

#[test]
fn keywords_are_names_where_names_stand() {
    prints(
        "record record { in: u8, out: in, use: type } type in = many; endpoint endpoint { in in(out: u8); \
         out refusable(mirror: u8) refusable; } object object { endpoint state: endpoint many; \
         endpoint many: many; state state; } template template(template: template): object;",
        expect![[r#"
            record record { in: u8, out: in, use: type }

            type in = many;

            endpoint endpoint {
                in in(out: u8);
                out refusable(mirror: u8) refusable;
            }

            object object {
                endpoint state: endpoint many;
                endpoint many: many;
                state state;
            }

            template template(template: template): object;
        "#]],
    );
}

#[test]
fn parts_with_comments_stand_on_lines_of_their_own() {
    prints(
        "record R { /// First.\n a: u8, b: u8, .. } enum E { /// Red.\n red } variant V { /// No.\n no, } record N {}",
        expect![[r#"
            record R {
                /// First.
                a: u8,
                b: u8,
                ..
            }

            enum E {
                /// Red.
                red,
            }

            variant V {
                /// No.
                no,
            }

            record N {}
        "#]],
    );
}

#[test]
fn long_lines_are_broken() {
    prints(
        "endpoint E { out measured(first_measurement: list<u64>, second_measurement: list<u64>, \
         third_measurement: u64, ..) refusable; }",
        expect![[r#"
            endpoint E {
                out measured(
                    first_measurement: list<u64>,
                    second_measurement: list<u64>,
                    third_measurement: u64,
                    ..
                ) refusable;
            }
        "#]],
    );
}

#[test]
fn defaults_are_json_as_written() {
    prints(
        r#"template t(a: T = {"x": [1, -2.5e3, "}\")"], "y": {}}, b: bool = true, c: T = [ ] , d: string = "239.1.2.3:7000"): O;"#,
        expect![[r#"
            template t(
                a: T = {"x": [1, -2.5e3, "}\")"], "y": {}},
                b: bool = true,
                c: T = [ ],
                d: string = "239.1.2.3:7000",
            ): O;
        "#]],
    );
}

#[test]
fn escapes_in_strings_are_resolved() {
    prints(
        "endpoint E { provides p \"a \\\\ \\u{1F600} \\n\tb\"; }",
        expect![[r#"
            endpoint E {
                provides p "a \\ 😀 \n\tb";
            }
        "#]],
    );
}

#[test]
fn comments_of_two_and_four_strokes_are_skipped() {
    prints(
        "// a\n//// b\n/// c\ntype A = /* */u8;"
            .replace("/* */", "// d\n")
            .as_str(),
        expect![[r#"
        /// c
        type A = u8;
    "#]],
    );
}

#[test]
fn both_bracket_styles_are_one_type() {
    let angle = parse_type(&source("map<u8, mirror Channel<list<Line>>>")).unwrap();
    let square = parse_type(&source(" map[u8,mirror Channel[list[Line]]] ")).unwrap();
    assert_eq!(angle, square);
    assert_eq!(
        print_type(&angle, Brackets::Square),
        "map[u8, mirror Channel[list[Line]]]"
    );
    assert_eq!(
        print_type(&angle, Brackets::Angle),
        "map<u8, mirror Channel<list<Line>>>"
    );
}

#[test]
fn spans_cover_what_is_named() {
    let text = source("mirror  Channel [ Line ] ");
    let span = parse_type(&text).unwrap().span();
    assert_eq!(&text.text[span.start..span.end], "mirror  Channel [ Line ]");
}

#[test]
fn a_type_must_be_all_of_the_text() {
    let shown_fault = |text| shown(&parse_type(&source(text)).unwrap_err());
    expect![[r#"
        type-syntax: expected the end of the type, found `String`
          t.lot:1:6 `String`
    "#]]
    .assert_eq(&shown_fault("list String"));
    expect![[r#"
        type-syntax: expected a type, found the end of the text
          t.lot:1:1 ``
    "#]]
    .assert_eq(&shown_fault(""));
    expect![[r#"
        type-syntax: expected `,` or `]`, found `>`
          t.lot:1:8 `>`
    "#]]
    .assert_eq(&shown_fault("list[u8>"));
}

#[test]
fn a_missing_comma_is_told_with_the_place() {
    check(
        "record Line { text: string author: string }",
        expect![[r#"
            type-syntax: expected `,` or `}`, found `author`
              t.lot:1:28 `author`
              t.lot:1:1 `record Line` in this record
        "#]],
    );
}

#[test]
fn reading_goes_on_after_a_fault() {
    check(
        "type A = ;\nrecord B { x u8 }\nendpoint C { in a(); inn b(); }\ntype D = u8\ntype E = 5;\n} type F;",
        expect![[r#"
            type-syntax: expected a type, found `;`
              t.lot:1:10 `;`
              t.lot:1:1 `type A` in this alias
            type-syntax: expected `:`, found `u8`
              t.lot:2:14 `u8`
              t.lot:2:1 `record B` in this record
            type-syntax: expected `}`, `in`, `out`, `provides`, `requires` or `follows`, found `inn`
              t.lot:3:22 `inn`
              t.lot:3:1 `endpoint C` in this endpoint type
              help: did you mean `in`?
            type-syntax: expected `;`, found `type`
              t.lot:5:1 `type`
              t.lot:4:1 `type D` in this alias
            type-syntax: expected a type, found `5`
              t.lot:5:10 `5`
              t.lot:5:1 `type E` in this alias
            type-syntax: expected `use`, `type`, `record`, `variant`, `enum`, `endpoint`, `object`, `template` or `adapter`, found `}`
              t.lot:6:1 `}`
            type-syntax: expected `=`, found `;`
              t.lot:6:9 `;`
              t.lot:6:3 `type F` in this alias
        "#]],
    );
}

#[test]
fn a_brace_that_is_not_closed_does_not_hide_what_follows() {
    check(
        "record A { x: u8,\n\nobject B { endpoint e: E }\n",
        expect![[r#"
            type-syntax: expected `:`, found `B`
              t.lot:3:8 `B`
              t.lot:1:1 `record A` in this record
            type-syntax: expected `many` or `;`, found `}`
              t.lot:3:26 `}`
              t.lot:3:1 `object B` in this object type
        "#]],
    );
}

#[test]
fn what_begins_a_declaration_is_listed() {
    check(
        "interface A {}",
        expect![[r#"
            type-syntax: expected `use`, `type`, `record`, `variant`, `enum`, `endpoint`, `object`, `template` or `adapter`, found `interface`
              t.lot:1:1 `interface`
              help: a text of the type language is made of declarations, such as `record Line { text: string }`
        "#]],
    );
}

#[test]
fn faults_in_strings_and_defaults_are_told() {
    check(
        "use \"liveobj:standard;\ntype A = u8;",
        expect![[r#"
            type-syntax: a string is not closed
              t.lot:1:5 `"`
              help: end it with `"`
        "#]],
    );
    check(
        r#"endpoint E { provides temporal "a \q"; }"#,
        expect![[r#"
            type-syntax: a string holds an unknown escape
              t.lot:1:35 `\q`
              help: the escapes are `\"`, `\\`, `\n`, `\r`, `\t` and `\u{hex}`
        "#]],
    );
    check(
        "template t(a: u8 = zero): O;\ntemplate u(a: T = [1, 2): O;",
        expect![[r#"
        type-syntax: expected a JSON value, found `zero`
          t.lot:1:20 `zero`
          t.lot:1:1 `template t` in this template
        type-syntax: expected a JSON value, found `)`
          t.lot:2:24 `)`
          t.lot:2:1 `template u` in this template
    "#]],
    );
}

#[test]
fn only_what_the_owner_sends_is_refusable() {
    check(
        "endpoint E { in push(byte: u8) refusable; }",
        expect![[r#"
        refusable-input: `push` is received, and only an `out` event can be refusable
          t.lot:1:32 `refusable`
          help: leave `refusable` out, or make it an `out` event
    "#]],
    );
}

#[test]
fn operators_of_temporal_logic_cannot_name_events() {
    check(
        "endpoint E { in O(); out S(); out Ok(); }",
        expect![[r#"
        reserved-name: `O` cannot name an event: temporal constraints use it as an operator
          t.lot:1:17 `O`
          help: reserved are F, G, H, M, O, R, S, U, W, X and Y; choose a longer name
        reserved-name: `S` cannot name an event: temporal constraints use it as an operator
          t.lot:1:26 `S`
          help: reserved are F, G, H, M, O, R, S, U, W, X and Y; choose a longer name
    "#]],
    );
}

#[test]
fn names_within_a_declaration_are_unique() {
    check(
        "record R { a: u8, a: u8 } enum E { x, x } variant V { y, y(u8) }",
        expect![[r#"
        duplicate-name: the field `a` is declared twice
          t.lot:1:19 `a` again here
          t.lot:1:12 `a` first here
          help: rename one of them
        duplicate-name: the case `x` is declared twice
          t.lot:1:39 `x` again here
          t.lot:1:36 `x` first here
          help: rename one of them
        duplicate-name: the case `y` is declared twice
          t.lot:1:58 `y` again here
          t.lot:1:55 `y` first here
          help: rename one of them
    "#]],
    );
    check(
        "endpoint E { in e(p: u8, p: u8); out e(); }",
        expect![[r#"
        duplicate-name: the parameter `p` is declared twice
          t.lot:1:26 `p` again here
          t.lot:1:19 `p` first here
          help: rename one of them
        duplicate-name: the event `e` is declared twice
          t.lot:1:38 `e` again here
          t.lot:1:17 `e` first here
          help: rename one of them
    "#]],
    );
    check(
        "object O { endpoint e: E; endpoint e: E; state A; state B; }",
        expect![[r#"
        type-syntax: `state` stands twice
          t.lot:1:51 `state`
          help: gather what is saved in one record
        duplicate-name: the endpoint `e` is declared twice
          t.lot:1:36 `e` again here
          t.lot:1:21 `e` first here
          help: rename one of them
    "#]],
    );
    check(
        "template t<P: value, P: object>(P: u8, q: u8, q: u8): O;",
        expect![[r#"
        duplicate-name: the parameter `P` is declared twice
          t.lot:1:22 `P` again here
          t.lot:1:12 `P` first here
          help: rename one of them
        duplicate-name: the parameter `P` is declared twice
          t.lot:1:33 `P` again here
          t.lot:1:12 `P` first here
          help: rename one of them
        duplicate-name: the parameter `q` is declared twice
          t.lot:1:47 `q` again here
          t.lot:1:40 `q` first here
          help: rename one of them
    "#]],
    );
}

#[test]
fn built_in_names_cannot_be_declared() {
    check(
        "type bool = u8; object Object {} record R<list: value> {} type mirror = u8;",
        expect![[r#"
        duplicate-name: `bool` is built in and cannot be declared
          t.lot:1:6 `bool`
          help: choose another name
        duplicate-name: `Object` is built in and cannot be declared
          t.lot:1:24 `Object`
          help: choose another name
        duplicate-name: `list` is built in and cannot be declared
          t.lot:1:43 `list`
          help: choose another name
        duplicate-name: `mirror` is built in and cannot be declared
          t.lot:1:64 `mirror`
          help: choose another name
    "#]],
    );
}

#[test]
fn at_most_a_hundred_faults_are_told() {
    assert_eq!(faults(&"type = ;\n".repeat(1000)).len(), 100);
    assert_eq!(faults(&"enum bool { a, a, a }\n".repeat(1000)).len(), 100);
}

#[test]
fn nesting_ends_at_64() {
    let nested = |depth| format!("{}u8{}", "list<".repeat(depth), ">".repeat(depth));
    assert!(parse_type(&source(&nested(64))).is_ok());
    expect![[r#"
        limit-exceeded: a type is nested more than 64 deep
          t.lot:1:326 `u`
    "#]]
    .assert_eq(&shown(&parse_type(&source(&nested(65))).unwrap_err()));
    check(
        &format!("template t(a: T = {}): O;", "[".repeat(65)),
        expect![[r#"
        limit-exceeded: a default is nested more than 64 deep
          t.lot:1:83 `[`
    "#]],
    );
}

/// Hostile texts of a size, each with the code it is refused with.
fn hostile(size: usize) -> Vec<(String, crate::Code)> {
    let syntax = codes::TYPE_SYNTAX;
    let limit = codes::LIMIT_EXCEEDED;
    vec![
        (format!("type A = {}", "list<".repeat(size)), limit),
        (format!("type A = {};", "mirror ".repeat(size)), limit),
        (format!("type A = x{};", "[".repeat(size)), syntax),
        (format!("template t(a: T = {}", "[".repeat(size)), limit),
        ("{".repeat(size), syntax),
        ("}".repeat(size), syntax),
        ("\"".repeat(size), syntax),
        (format!("use \"{}", "x".repeat(size)), syntax),
        (format!("use \"{}", "\\q\"".repeat(size)), syntax),
        (format!("type {} = u8;", "x".repeat(size)), limit),
        ("x".repeat(size), syntax),
        ("type A = \n".repeat(size), syntax),
        (format!("record R {{{}", "\ntype A ".repeat(size)), syntax),
        (format!("{}type", "/// doc\n".repeat(size / 8)), syntax),
        (
            format!(
                "record R<{}T: value> {{}}",
                "list: value, ".repeat(size / 16)
            ),
            codes::DUPLICATE_NAME,
        ),
        (
            format!("endpoint E {{ {} }}", "in F();".repeat(size / 8)),
            codes::RESERVED_NAME,
        ),
        (
            format!("record R {{ {} }}", "a: u8, ".repeat(size / 8)),
            codes::DUPLICATE_NAME,
        ),
    ]
}

#[test]
fn hostile_texts_are_refused_in_linear_time() {
    for (text, code) in hostile(1_000_000) {
        let start = Instant::now();
        let faults = faults(&text);
        let took = start.elapsed();
        let head: String = text.chars().take(30).collect();
        assert_eq!(faults[0].code, code, "{head}: {}", faults[0].message);
        assert!(faults.len() <= 100, "{head}");
        assert!(
            faults.iter().all(|fault| fault.message.len() < 300),
            "{head}"
        );
        assert!(took < Duration::from_secs(20), "{head}: {took:?}");
    }
}
