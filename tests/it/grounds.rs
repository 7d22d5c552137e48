//! Why constraints are met: `--explain`.

use std::fs;
use std::path::{Path, PathBuf};

use liveobj_tests::support::{built, console, liveobj, root};
use serde_json::Value;

/// What a command prints, and its exit code.
fn run(folder: &Path, arguments: &[&str]) -> (String, Option<i32>) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut command = liveobj(home.path());
    let output = command.current_dir(folder).args(arguments).output();
    let output = output.expect("liveobj runs");
    let text = String::from_utf8(output.stdout).expect("it prints UTF-8");
    (text, output.status.code())
}

#[test]
fn the_documentation_shows_what_is_told() {
    let home = tempfile::tempdir().expect("a temporary directory");
    assert_eq!(console(home.path(), "constraints.md"), 2);
    let readme = fs::read_to_string(root().join("README.md")).expect("it is there");
    let command = "liveobj check --explain examples/constraints/stack.liveobject";
    let (_, shown) = readme.split_once(command).expect("it is shown");
    let (shown, _) = shown.split_once("```").expect("it ends");
    let arguments: Vec<&str> = command.split(' ').skip(1).collect();
    let (told, _) = run(&root(), &arguments);
    for part in shown.split("…\n") {
        assert!(told.contains(part.trim_start_matches('\n')), "{part}");
    }
}

/// The cases of `check` that choose no format: the folder and the words of the command.
fn cases() -> Vec<(PathBuf, Vec<String>)> {
    let folders = |folder: &Path| {
        let entries = fs::read_dir(folder).expect("the folder is readable");
        let mut paths: Vec<PathBuf> = entries
            .map(|entry| entry.expect("the entry is readable").path())
            .collect();
        paths.sort();
        paths
    };
    let libraries = built().to_str().expect("the path is UTF-8");
    let mut cases = Vec::new();
    for case in folders(&root().join("tests/cases"))
        .iter()
        .flat_map(|code| folders(code))
    {
        let line = fs::read_to_string(case.join("run")).expect("every case has a `run`");
        let words = line.split_whitespace().skip(1);
        let words: Vec<String> = words
            .map(|word| word.replace("$LIBRARIES", libraries))
            .collect();
        let other = |word: &String| word == "--format" || word == "--strict-2009";
        if words[0] == "check" && !words.iter().any(other) {
            cases.push((case, words));
        }
    }
    cases
}

#[test]
fn what_is_told_changes_no_verdict() {
    let (mut all, mut met) = (0, 0);
    for (case, words) in cases() {
        let with = |more: &[&str]| {
            let words = words.iter().map(String::as_str);
            let arguments: Vec<&str> = words.chain(more.iter().copied()).collect();
            run(&case, &arguments)
        };
        let (plain, status) = with(&["--format", "json"]);
        let (explained, explained_status) = with(&["--format", "json", "--explain"]);
        assert_eq!(status, explained_status, "{}", case.display());
        let again = with(&["--format", "json", "--explain"]);
        assert_eq!(again.0, explained, "{}", case.display());
        all += 1;
        // A file that cannot be read, or an ontology, ends the command before anything is checked.
        let (Ok(plain), Ok(mut explained)) = (
            serde_json::from_str::<Value>(&plain),
            serde_json::from_str::<Value>(&explained),
        ) else {
            assert_eq!(plain, explained, "{}", case.display());
            continue;
        };
        let references = explained["references"].as_array_mut();
        for reference in references.expect("a list") {
            let reference = reference.as_object_mut().expect("an object");
            let told = reference.remove("explanation");
            met += usize::from(told.is_some_and(|told| told.to_string().contains("\"stated\"")));
        }
        assert_eq!(plain, explained, "{}", case.display());
    }
    assert!(all > 80 && met > 10, "{all} {met}");
}

#[test]
fn a_comparison_tells_why_constraints_are_met() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    for (name, provided) in [("given", "causal_order"), ("asked", "fifo")] {
        let text = format!(
            r#"<liveobject xmlns="urn:liveobj:reference:1">
  <types>
    endpoint Line {{ in send(m: bytes); out receive(m: bytes); provides properties "{provided}"; }}
    object Channel {{ endpoint line: Line; }}
  </types>
  <external name="channel" as="Channel"><from><primitive id="registry"/></from></external>
</liveobject>"#
        );
        fs::write(folder.path().join(name), text).expect("it is writable");
    }
    let (told, status) = run(folder.path(), &["compare", "--explain", "given", "asked"]);
    assert_eq!(status, Some(0));
    let (holds, fails) = told.split_once("`asked` may not").expect("one way only");
    assert_eq!(
        holds,
        "`given` may stand for `asked`\n  at endpoint `line`: `asked` has to provide properties \
         \"fifo\"\n    from properties \"causal_order\", which `given` provides: causal_order gives \
         fifo\n"
    );
    assert!(!fails.contains("from properties"), "{fails}");
}

#[test]
fn an_implication_tells_its_laws() {
    let question = ["--formalism", "properties", "atomic", "at_most_once"];
    let words: Vec<&str> = ["implies", "--explain"]
        .into_iter()
        .chain(question)
        .collect();
    let (told, _) = run(&root(), &words);
    assert_eq!(
        told,
        "holds: A implies B\n  atomic gives reliable\n  reliable gives integrity\n  integrity gives \
         at_most_once\n"
    );
    let words: Vec<&str> = words.into_iter().chain(["--format", "json"]).collect();
    let (told, _) = run(&root(), &words);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    assert_eq!(told["laws"][2]["premises"][0], "integrity");
}
