use std::sync::Arc;

use expect_test::{Expect, expect};

use super::Module;
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::syntax::tests::shown;

/// Loads the first of the texts, given by name; the others are what can be used.
fn load(texts: &[(&str, &str)]) -> (Arc<Module>, Vec<Diagnostic>) {
    let sources: Vec<_> = texts
        .iter()
        .map(|(name, text)| Source::new(*name, *text))
        .collect();
    let mut find =
        |_: &Source, name: &str| sources.iter().find(|source| source.name == name).cloned();
    Module::load(texts[0].0, &sources[0], &mut find)
}

fn check(texts: &[(&str, &str)], expected: Expect) {
    expected.assert_eq(&shown(&load(texts).1));
}

#[test]
fn the_standard_library_is_found_by_name() {
    let (module, faults) = load(&[("a", "use \"liveobj:standard\"; type A = Timer;")]);
    assert_eq!(shown(&faults), "");
    let (declaring, item) = module.lookup("Timer").unwrap();
    assert_eq!(declaring.name, "liveobj:standard");
    assert_eq!(item.name().unwrap().name, "Timer");
    assert!(module.lookup("Nothing").is_none());
}

#[test]
fn what_could_be_read_is_kept() {
    let (module, faults) = load(&[("a", "type A = ; type B = u8;")]);
    assert_eq!(faults.len(), 1);
    assert!(module.lookup("B").is_some());
}

#[test]
fn names_are_declared_once() {
    check(
        &[("a", "type A = u8;\nrecord A {}")],
        expect![[r#"
        duplicate-name: `A` is declared twice
          a:2:8 `A` again here
          a:1:6 `A` first here
          help: rename one of them
    "#]],
    );
}

#[test]
fn a_local_name_that_a_use_also_brings_is_a_fault() {
    let texts = [("a", "use \"liveobj:standard\";\nrecord Timer {}")];
    check(
        &texts,
        expect![[r#"
        duplicate-name: `Timer` is declared here and in `liveobj:standard`
          a:2:8 `Timer` declared here
          a:1:1 `use "liveobj:standard";` brings another `Timer`
          help: rename the one that is declared here
    "#]],
    );
}

#[test]
fn implicit_names_can_be_declared_and_are_found_last() {
    let source = Source::new("a", "record Timer {}");
    let implicit = [Module::standard()];
    let (module, faults) = Module::parse_in("a", &source, &implicit, &mut |_| None);
    assert_eq!(shown(&faults), "");
    assert_eq!(module.lookup("Timer").unwrap().0.name, "a");
    assert_eq!(module.lookup("Console").unwrap().0.name, "liveobj:standard");
}

#[test]
fn two_uses_may_bring_the_same_declaration_but_not_different_ones() {
    let text = "use \"b\"; use \"c\"; use \"d\";";
    let b = ("b", "type A = N; type N = u8;");
    check(
        &[("a", text), b, ("c", b.1), ("d", "record Other {}")],
        expect![[""]],
    );
    check(
        &[
            ("a", text),
            b,
            ("c", "type A = N; type N = u16;"),
            ("d", ""),
        ],
        expect![[r#"
            duplicate-name: `b` and `c` declare `A` differently
              a:1:10 `use "c";` brings another `A`
              a:1:1 `use "b";` brings `A`
              help: use only one of them
            duplicate-name: `b` and `c` declare `N` differently
              a:1:10 `use "c";` brings another `N`
              a:1:1 `use "b";` brings `N`
              help: use only one of them
        "#]],
    );
}

#[test]
fn an_unknown_library_is_a_fault() {
    check(
        &[("a", "use \"liveobj:standrad\";")],
        expect![[r#"
        unknown-type-library: there is no type library `liveobj:standrad`
          a:1:1 `use "liveobj:standrad";`
          help: a library is used by its name, such as `liveobj:standard`, or by a path relative to this text
    "#]],
    );
}

#[test]
fn libraries_that_use_themselves_are_a_fault() {
    check(
        &[("a", "use \"a\";")],
        expect![[r#"
        unknown-type-library: `a` uses itself
          a:1:1 `use "a";`
          help: move what both need into a library that uses neither
    "#]],
    );
    let b = ("b", "use \"c\";");
    check(
        &[("a", "use \"b\"; type A = u8;"), b, ("c", "use \"a\";")],
        expect![[r#"
            unknown-type-library: `a` uses itself, through `b`, `c`
              c:1:1 `use "a";`
              help: move what both need into a library that uses neither
        "#]],
    );
}

#[test]
fn a_long_chain_of_uses_is_a_fault() {
    let mut find = |_: &Source, name: &str| {
        let next = name.parse::<u64>().unwrap() + 1;
        Some(Source::new(name, format!("use \"{next}\";")))
    };
    let (_, faults) = Module::load("0", &Source::new("0", "use \"1\";"), &mut find);
    expect![[r#"
        limit-exceeded: more than 64 libraries use one another in a chain
          63:1:1 `use "64";`
    "#]]
    .assert_eq(&shown(&faults));
}

#[test]
fn a_library_is_loaded_once() {
    let texts = [
        ("a", "use \"b\"; use \"c\";"),
        ("b", "use \"d\";"),
        ("c", "use \"d\";"),
        ("d", ""),
    ];
    let (module, faults) = load(&texts);
    assert_eq!(shown(&faults), "");
    assert!(Arc::ptr_eq(
        &module.uses[0].uses[0],
        &module.uses[1].uses[0]
    ));
}

fn closes(texts: &[(&str, &str)], expected: Expect) {
    let (module, faults) = load(texts);
    assert_eq!(shown(&faults), "");
    let text = module.closed_text();
    expected.assert_eq(&text);
    let (closed, faults) = Module::parse("closed", &Source::new("closed", &*text), &mut |_| None);
    assert_eq!(shown(&faults), "");
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.retain(|line| !line.is_empty());
        lines.sort();
        lines
    };
    assert_eq!(
        sorted(&closed.closed_text()),
        sorted(&text),
        "closing twice changes nothing but the order"
    );
}

#[test]
fn closed_text_holds_what_is_reached_and_nothing_else() {
    let a = "use \"liveobj:standard\"; template z(): Timer; template a(text: string): Console;";
    closes(
        &[("a", a)],
        expect![[r#"
            template a(text: string): Console;
            template z(): Timer;

            /// Shows a text in the terminal and takes lines from it.
            object Console {
                endpoint text: mirror Text;
            }

            /// A text that people see and change. The text is a sequence of lines without line ends.
            endpoint Text {
                /// Lines `first` to `first + removed - 1`, counted from 0, are replaced by `added`. The first
                /// event after connecting shows the whole text, with `removed` 0.
                out changed(first: u32, removed: u32, added: list<string>);
                /// A line was entered: it becomes the last line of the text.
                in append(line: string);
                /// At character `at` of the text (lines joined by line feeds), `delete` characters are
                /// replaced by `insert`.
                in edit(at: u32, delete: u32, insert: string);
            }

            /// A source of timeouts.
            object Timer {
                endpoint timer: TimerService many;
            }

            /// Says when time has passed.
            endpoint TimerService {
                /// Asks for one `elapsed` after `nanoseconds`, with the same `token`; replaces an earlier
                /// request with this `token`.
                in start(token: u64, nanoseconds: u64);
                /// Forgets the request with this `token`.
                in cancel(token: u64);
                /// The time asked for has passed.
                out elapsed(token: u64);
            }
        "#]],
    );
}

#[test]
fn closed_text_renames_what_differs() {
    let a = "use \"b\"; use \"c\"; record A<Line_2: value> { b: B, c: C, x: Line_2 }";
    let b = "use \"d\"; type B = list<Line>;";
    let c = "type C = list<Line>; record Line { next: option<Line>, c: C }";
    closes(
        &[("a", a), ("b", b), ("c", c), ("d", "type Line = u8;")],
        expect![[r#"
            record A<Line_2: value> { b: B, c: C, x: Line_2 }

            type B = list<Line>;
            type C = list<Line_3>;
            type Line = u8;

            record Line_3 { next: option<Line_3>, c: C }
        "#]],
    );
}

#[test]
fn closed_text_joins_what_is_the_same() {
    let line = "type C = list<Line>; record Line { next: option<C> }";
    let a = "use \"b\"; use \"c\"; record A { b: B, c: C }";
    closes(
        &[
            ("a", a),
            ("b", "use \"d\"; type B = Line;"),
            ("c", line),
            ("d", line),
        ],
        expect![[r#"
            record A { b: B, c: C }

            type B = Line;
            type C = list<Line>;

            record Line { next: option<C> }
        "#]],
    );
}

#[test]
fn at_most_a_hundred_faults_are_told_of_a_module() {
    let (_, faults) = load(&[("a", &"type A = u8;".repeat(1000))]);
    assert_eq!(faults.len(), 100);
    let (_, faults) = load(&[("a", &"use \"nowhere\";".repeat(1000))]);
    assert_eq!(faults.len(), 100);
}

#[test]
fn hostile_uses_are_refused_in_linear_time() {
    let start = std::time::Instant::now();
    let long = format!("use \"{}\";", "x".repeat(1_000_000));
    let (_, faults) = load(&[("a", &long)]);
    assert!(faults[0].message.len() < 300);
    let many = "use \"liveobj:standard\";".repeat(100_000);
    let (module, faults) = load(&[("a", &many)]);
    assert_eq!((module.uses.len(), faults.len()), (1, 0));
    assert!(start.elapsed() < std::time::Duration::from_secs(20));
}
