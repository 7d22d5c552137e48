//! `docs/temporal.md` tells the truth.

use std::fs;
use std::path::PathBuf;

use liveobj_types::formalism::Structure;

use super::super::super::print::print;
use super::super::standard::TEXT;
use super::super::{Atoms, parse};
use super::{channel, endpoint, read};

const BEGIN: &str = "<!-- definitions: kept by a test -->\n";
const END: &str = "<!-- end -->\n";

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/temporal.md")
}

fn manual() -> String {
    fs::read_to_string(path()).expect("it is readable")
}

/// Each row of the table of sentences, and the rows of no other.
fn rows(manual: &str) -> Vec<(&str, &str)> {
    let english = manual
        .split("\n## ")
        .find(|part| part.starts_with("English"));
    let lines = english.expect("a part").lines();
    lines
        .filter_map(|line| {
            line.strip_prefix("| `")?
                .strip_suffix("` |")?
                .split_once("` | `")
        })
        .collect()
}

#[test]
fn each_sentence_means_the_formula_beside_it() {
    let structure = Structure::Endpoint(endpoint("", &[("a", &[]), ("b", &[]), ("c", &[])], &[]));
    let manual = manual();
    let rows = rows(&manual);
    assert!(rows.len() > 20, "{rows:?}");
    for (sentence, formula) in rows {
        let [sentence, formula] =
            [sentence, formula].map(|text| print(&read(text, &structure, Atoms::Events)));
        assert_eq!(sentence, formula);
    }
}

/// Italic sentences, and the formulas that are shown under them.
#[test]
fn the_sentences_of_the_thesis_mean_what_is_shown() {
    let manual = manual();
    let english = manual
        .split("\n## ")
        .find(|part| part.starts_with("English"));
    let mut parts = english.expect("a part").split("```temporal\n");
    let mut before = parts.next().expect("a first part");
    let mut shown = 0;
    for part in parts {
        let (formula, after) = part.split_once("```").expect("an end");
        let sentence = before.split('*').rev().nth(1).expect("an italic sentence");
        let sentence = sentence.replace('\n', " ");
        let [sentence, formula] = [sentence.as_str(), formula].map(|text| {
            let read = parse(text, &channel(), Atoms::Events);
            print(&read.unwrap_or_else(|error| panic!("{text}: {error:?}")))
        });
        assert_eq!(sentence, formula);
        (before, shown) = (after, shown + 1);
    }
    assert_eq!(shown, 2);
}

#[test]
fn the_definitions_that_are_shown_are_read() {
    let manual = manual();
    let part = manual
        .split("\n## ")
        .find(|part| part.starts_with("Definitions"));
    let text = part
        .expect("a part")
        .split("```\n")
        .nth(1)
        .expect("an example");
    read(text, &channel(), Atoms::Events);
}

/// The file of the standard definitions, for people.
fn definitions() -> String {
    let mut shown = String::new();
    for part in TEXT.split("\n\n").filter(|part| part.contains("\ndefine ")) {
        let (comment, define) = part.split_once("define ").expect("a definition");
        let lines = comment
            .lines()
            .map(|line| line.trim_start_matches("///").trim_start());
        let comment = lines.collect::<Vec<_>>().join(" ");
        let (sentence, source) = comment.split_once(" Source: ").expect("a source");
        let (head, body) = define.split_once('=').expect("a body");
        let (head, body) = match head.contains('(') {
            true => define.split_once(") =").expect("a body"),
            false => (head, body),
        };
        let (name, parameters) = head.split_once('(').unwrap_or((head, ""));
        let parameters = parameters.split(", ").filter_map(|it| it.split_once(" = "));
        let parameters: Vec<&str> = parameters.map(|(name, _)| name).collect();
        let lines = body.trim().trim_end_matches(';').lines();
        let body = lines.map(str::trim_start).collect::<Vec<_>>().join("\n");
        let list = parameters.join(", ");
        shown += &format!("\n**`{name}({list})`**: {sentence}\n*Source*: {source}\n\n");
        shown += &format!("```\n{body}\n```\n");
    }
    shown + "\n"
}

#[test]
fn the_standard_definitions_are_all_shown() {
    let manual = manual();
    let (before, rest) = manual.split_once(BEGIN).expect("where they begin");
    let (shown, after) = rest.split_once(END).expect("where they end");
    let expected = definitions();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        let manual = format!("{before}{BEGIN}{expected}{END}{after}");
        fs::write(path(), manual).expect("it is writable");
    } else {
        assert!(
            shown == expected,
            "run it with UPDATE_EXPECT=1, and look at the change"
        );
    }
}
