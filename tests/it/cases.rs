//! Cases: one directory each under `tests/cases/CODE/NAME`, holding the input files, `run` (one
//! command line of `liveobj`), and what it prints: `stdout`, `stderr`, `status`.
//!
//! `UPDATE_EXPECT=1 cargo test -p liveobj-tests cases` writes what is printed now; read the diff.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use liveobj_tests::support::{built, liveobj, root};
use liveobj_types::codes;

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is readable");
    let paths = entries.map(|entry| entry.expect("the entry is readable").path());
    let mut folders: Vec<PathBuf> = paths.filter(|path| path.is_dir()).collect();
    folders.sort();
    folders
}

fn cases() -> Vec<PathBuf> {
    let all = folders(&root().join("tests/cases"));
    all.iter().flat_map(|code| folders(code)).collect()
}

/// Runs a case in a copy of its directory; returns stdout, stderr and status.
fn run(case: &Path) -> [String; 3] {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let work = scratch.path().join("work");
    fs::create_dir(&work).expect("it is writable");
    for entry in fs::read_dir(case).expect("the case is readable") {
        let path = entry.expect("the entry is readable").path();
        fs::copy(
            &path,
            work.join(path.file_name().expect("files have names")),
        )
        .expect("copies");
    }
    let line = fs::read_to_string(case.join("run")).expect("every case has a `run`");
    let mut words = line.split_whitespace();
    assert_eq!(
        words.next(),
        Some("liveobj"),
        "{}: `run` starts with liveobj",
        case.display()
    );
    let mut command = liveobj(scratch.path());
    let libraries = built().to_str().expect("the path is UTF-8");
    command
        .args(words.map(|word| word.replace("$LIBRARIES", libraries)))
        .current_dir(&work);
    let output = command.output().expect("liveobj runs");
    let code = output.status.code().expect("liveobj exits");
    let text = |bytes: Vec<u8>| without_hashes(&String::from_utf8(bytes).expect("it prints UTF-8"));
    [
        text(output.stdout),
        text(output.stderr),
        format!("{code}\n"),
    ]
}

/// The text with `<sha256>` for every hash of a library, since builds differ.
fn without_hashes(text: &str) -> String {
    let is_digit = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    let mut result = String::new();
    let mut rest = text;
    while let Some(start) = rest.find(is_digit) {
        let (before, run) = rest.split_at(start);
        let end = run.find(|c| !is_digit(c)).unwrap_or(run.len());
        let (run, after) = run.split_at(end);
        let hash = run.len() == 64 && run.bytes().any(|digit| digit != b'0');
        result.push_str(before);
        result.push_str(if hash { "<sha256>" } else { run });
        rest = after;
    }
    result + rest
}

#[test]
fn every_case_prints_what_it_should() {
    let update = std::env::var_os("UPDATE_EXPECT").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let found = run(&case);
        for (name, found) in ["stdout", "stderr", "status"].into_iter().zip(found) {
            let file = case.join(name);
            if update {
                fs::write(&file, found).expect("the expectation is writable");
            } else {
                let expected = fs::read_to_string(&file).unwrap_or_else(|_| "(absent)".into());
                if expected != found {
                    wrong.push(format!(
                        "{}\n--- expected\n{expected}\n--- found\n{found}",
                        file.display()
                    ));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_has_a_passing_and_a_failing_case() {
    let folder = root().join("tests/cases");
    for code in codes::ALL {
        for kind in ["pass", "fail"] {
            let case = folder.join(code.as_str()).join(kind);
            assert!(case.join("run").is_file(), "{} is missing", case.display());
        }
    }
    let known: BTreeSet<&str> = codes::ALL.iter().map(|code| code.as_str()).collect();
    for folder in folders(&folder) {
        let name = folder
            .file_name()
            .and_then(|name| name.to_str())
            .expect("names are UTF-8");
        assert!(known.contains(name), "{name} is not a code");
    }
}

/// The codes in what `check` prints, one `[code]` per finding.
fn printed_codes(output: &str) -> BTreeSet<&str> {
    codes::ALL
        .iter()
        .map(|code| code.as_str())
        .filter(|code| output.contains(&format!("[{code}]")))
        .collect()
}

#[test]
fn a_failing_case_yields_exactly_its_code_and_a_passing_one_none() {
    for case in cases() {
        let name = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
        let code = name(case.parent().expect("a case lies in its code's folder"));
        let [stdout, stderr, _] = run(&case);
        let printed = format!("{stdout}{stderr}");
        let found = printed_codes(&printed);
        if name(&case).starts_with("fail") {
            assert_eq!(
                found,
                BTreeSet::from([code.as_str()]),
                "{}\n{printed}",
                case.display()
            );
        } else {
            assert!(found.is_empty(), "{}\n{printed}", case.display());
        }
    }
}
