//! `docs/execution.md` names a test for each sentence: the tests exist, and none of the engine's is
//! left out.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use liveobj_tests::support::root;

/// The Rust sources below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        let name = path.file_name().and_then(|name| name.to_str());
        if path.is_dir() && name.is_some_and(|name| name != "target" && !name.starts_with('.')) {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

/// Names of the tests in the sources below a folder: functions that follow a `#[test]`.
fn tests(folder: &Path) -> BTreeSet<String> {
    let mut files = Vec::new();
    sources(folder, &mut files);
    let mut names = BTreeSet::new();
    for file in files {
        let text = fs::read_to_string(file).expect("sources are UTF-8");
        for after in text.split("#[test]").skip(1) {
            let name = after
                .lines()
                .find_map(|line| line.trim_start().strip_prefix("fn "));
            let name = name.and_then(|name| name.split('(').next());
            names.extend(name.map(str::to_owned));
        }
    }
    names
}

/// The rows of the document's tables: a sentence, and what shows it.
fn rows() -> Vec<(String, Vec<String>)> {
    let path = root().join("docs/execution.md");
    let text = fs::read_to_string(path).expect("it is there");
    let rows = text.lines().filter(|line| line.starts_with("| "));
    rows.filter(|line| !line.starts_with("| What holds |"))
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            let [_, sentence, shown, _] = cells[..] else {
                panic!("two columns: {line}")
            };
            let names = shown.split('`').skip(1).step_by(2).map(str::to_owned);
            (sentence.to_owned(), names.collect())
        })
        .collect()
}

#[test]
fn every_sentence_on_execution_is_shown_by_what_exists() {
    let tests = tests(&root());
    let rows = rows();
    assert!(rows.len() > 40, "{}", rows.len());
    for (sentence, shown) in rows {
        assert!(!shown.is_empty(), "nothing shows: {sentence}");
        for name in shown {
            let exists = match name.contains('/') {
                true => root().join(&name).is_file(),
                false => tests.contains(&name),
            };
            assert!(exists, "`{name}` is not there: {sentence}");
        }
    }
}

#[test]
fn every_test_of_the_engine_shows_a_sentence() {
    let named: BTreeSet<String> = rows().into_iter().flat_map(|(_, shown)| shown).collect();
    for name in tests(&root().join("runtime/src/engine/tests")) {
        assert!(
            named.contains(&name),
            "docs/execution.md does not name {name}"
        );
    }
}
