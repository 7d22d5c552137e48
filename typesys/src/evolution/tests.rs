//! A case for each row of docs/evolution.md.

mod rows;

use expect_test::expect;

use self::rows::ROWS;
use super::Impact::{Breaking, Compatible, None as Nothing, NotShown};
use super::*;
use crate::source::Source;

/// What the rows build on; a name in a row hides nothing here.
const AROUND: &str = "
    endpoint Say { in say(text: string); out heard(text: string); }
    endpoint Bare { in a(); }
    object Thing { endpoint e: Bare; }
    object More { endpoint e: Bare; endpoint f: Bare; }
";

fn module(declarations: &str) -> Arc<Module> {
    let text = format!("{AROUND}{declarations}");
    let source = Source::new("test.lot", text.as_str());
    let (module, faults) = Module::parse("test", &source, &mut |_| None);
    assert_eq!(faults, [], "{text}");
    let faults = Types::new().check_module(&module, &Formalisms::none());
    assert_eq!(faults, [], "{text}");
    module
}

fn compared(old: &str, new: &str) -> Vec<Entry> {
    let [old, new] = [old, new].map(module);
    let [old, new] = [&old, &new].map(|module| Declarations {
        module,
        templates: None,
    });
    let found = compare(old, new, &Formalisms::none()).expect("both are well formed");
    let differ = |entry: &Entry| !matches!(entry.change, Change::Same);
    found.entries.into_iter().filter(differ).collect()
}

fn impact(entries: &[Entry]) -> Impact {
    entries.iter().map(Entry::impact).max().unwrap_or(Nothing)
}

/// Entries and what is said of them, a line each.
fn told(old: &str, new: &str) -> String {
    let mut text = String::new();
    for entry in compared(old, new) {
        text += &format!(
            "{} {}: {:?}",
            entry.sort.as_str(),
            entry.name,
            entry.impact()
        );
        match &entry.change {
            Change::Same | Change::Added => text += "\n",
            Change::Removed { renamed } => text += &format!(", now {renamed:?}\n"),
            Change::Changed(comparison) => {
                text += "\n";
                let found = comparison.relevant().flat_map(|it| &it.mismatches);
                for mismatch in found {
                    text += &format!("  {}\n", mismatch.to_sentence("new", "old"));
                }
                if let Some(user) = &comparison.user {
                    text += &format!("  {user}\n");
                }
                for note in &comparison.notes {
                    text += &format!("  ({note})\n");
                }
            }
        }
    }
    text
}

#[test]
fn every_row_has_the_impact_that_the_page_says() {
    let page = include_str!("../../../docs/evolution.md");
    let mut documented: Vec<(&str, &str)> = Vec::new();
    for line in page.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, name, _, impact, _] = cells[..]
            && name.starts_with('`')
        {
            documented.push((name.trim_matches('`'), impact));
        }
    }
    let word = |impact: Impact| match impact {
        Nothing => "none",
        Compatible => "compatible",
        NotShown => "not shown",
        Breaking => "breaking",
    };
    let tested: Vec<(&str, &str)> = ROWS
        .iter()
        .map(|row| (row.name, word(row.impact)))
        .collect();
    assert_eq!(documented, tested);
    for row in ROWS {
        let found = impact(&compared(row.old, row.new));
        assert_eq!(
            found,
            row.impact,
            "{}: {}",
            row.name,
            told(row.old, row.new)
        );
    }
}

#[test]
fn nothing_changes_where_nothing_changed() {
    for row in ROWS {
        for text in [row.old, row.new] {
            assert_eq!(told(text, text), "", "{}", row.name);
        }
    }
}

#[test]
fn what_is_in_the_way_is_told_from_the_new_side() {
    expect![[r#"
        object O: Breaking
          `new` has the mandatory endpoint `f`, which `old` does not expect
          a composite of a `O` that leaves `f` unconnected would be refused
        template t: Breaking
          `new` has no parameter `address`, which `old` needs; it has a similar one, `adress`
          `new` has the mandatory parameter `adress`, which `old` does not expect
          at parameter `A`: `old` has `A`, but `new` needs `More`
          `new` has the mandatory endpoint `f`, which `old` does not expect
          a composite of a `O` that leaves `f` unconnected would be refused
          (parameter `ttl` is `2` where it is left out, and was `1`)
    "#]]
    .assert_eq(&told(
        "object O { endpoint e: Bare; }
         template t<A: object>(address: string, ttl: u8 = 1): O;",
        "object O { endpoint e: Bare; mandatory endpoint f: Bare; }
         template t<A: object <: More>(adress: string, ttl: u8 = 2): O;",
    ));
}

#[test]
fn what_is_gone_was_renamed_if_something_new_is_the_same_or_is_spelt_alike() {
    expect![[r#"
        value Colour: Breaking, now Some("Hue")
        value Hue: Compatible
        endpoint Saying: Breaking, now Some("Sayings")
        endpoint Sayings: Compatible
        value Size: Breaking, now None
    "#]]
    .assert_eq(&told(
        "enum Colour { red, green } enum Size { small } endpoint Saying { in say(); }",
        "enum Hue { red, green } endpoint Sayings { in say(); in more(); }",
    ));
}

#[test]
fn who_makes_objects_of_a_type_has_to_follow_what_users_of_it_need_not() {
    let entries = compared(
        "object O { endpoint e: Bare; } template t(): O;",
        "object O { endpoint e: Bare; endpoint f: Bare; } template t(): O;",
    );
    let Change::Changed(comparison) = &entries[0].change else {
        panic!("{entries:?}")
    };
    assert_eq!(entries[0].impact(), Compatible);
    let remaining = comparison.remaining().expect("the old type lacks `f`");
    let sentence = remaining.mismatches[0].to_sentence("new", "old");
    assert_eq!(sentence, "`old` has no endpoint `f`, which `new` needs");
}

#[test]
fn templates_without_code_are_not_there() {
    let module = module("template t(): Thing; template u(): Thing;");
    let side = |templates| Declarations {
        module: &module,
        templates,
    };
    let only = ["t".to_owned()];
    let found = compare(side(None), side(Some(&only)), &Formalisms::none()).unwrap();
    let gone: Vec<&str> = found
        .entries
        .iter()
        .filter(|entry| entry.impact() == Breaking)
        .map(|entry| entry.name.as_str())
        .collect();
    assert_eq!(gone, ["u"]);
}

#[test]
fn a_change_reaches_every_member_of_a_recursive_family() {
    let family = |last: &str| -> String {
        let member = |i: usize| format!("record R{i} {{ next: option<R{}>, a: u8 }}\n", i + 1);
        (0..200).map(member).collect::<String>()
            + &format!("record R200 {{ first: option<R0>, a: {last} }}\n")
    };
    assert!(compared(&family("u8"), &family("u8")).is_empty());
    let changed = compared(&family("u8"), &family("u16"));
    assert_eq!(changed.len(), 201);
    assert!(changed.iter().all(|entry| entry.impact() == Breaking));
}

#[test]
fn parameters_may_be_called_like_types_of_the_other_version() {
    let told = told(
        "record R<More2: value> { a: More2 }",
        "record R<B: value> { a: B, c: More2 } record More2 { }",
    );
    expect![[r#"
        value More2: Compatible
        value R: Breaking
          `new` has the field `c`, which `old` does not expect
          `old` has no field `c`, which `new` needs
          a reader of `R<More2>` would be given `{a: some More2, c: {}}`, which it cannot take
    "#]]
    .assert_eq(&told);
}
