//! The examples with one planted defect each: `check` names the place and exits 1.

use std::fs;

use liveobj_tests::support::{built, liveobj, root};

#[test]
fn every_broken_example_is_refused_with_its_place() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let folder = root().join("examples/broken");
    let mut count = 0;
    for entry in fs::read_dir(&folder).expect("the folder is readable") {
        let path = entry.expect("the entry is readable").path();
        let mut check = liveobj(home.path());
        check
            .arg("check")
            .arg(&path)
            .arg("--library-path")
            .arg(built());
        let output = check.output().expect("liveobj runs");
        let text = String::from_utf8(output.stdout).expect("it prints UTF-8");
        assert_eq!(output.status.code(), Some(1), "{}\n{text}", path.display());
        let errors = text
            .lines()
            .filter(|line| line.starts_with("error["))
            .count();
        assert_eq!(
            errors,
            1,
            "{}: one defect, one error\n{text}",
            path.display()
        );
        assert!(text.contains(&format!("--> {}:", path.display())), "{text}");
        count += 1;
    }
    assert!(count >= 8, "{count} broken examples");
}

#[test]
fn the_examples_are_well_typed() {
    let home = tempfile::tempdir().expect("a temporary directory");
    for name in ["team-note", "tcp-note", "sealed-note", "tapped-note"] {
        let mut check = liveobj(home.path());
        check
            .arg("check")
            .arg(root().join(format!("examples/{name}.liveobject")));
        let output = check
            .arg("--library-path")
            .arg(built())
            .output()
            .expect("liveobj runs");
        let text = String::from_utf8(output.stdout).expect("it prints UTF-8");
        assert_eq!(output.status.code(), Some(0), "{text}");
        assert!(
            text.ends_with(&format!("{name}.liveobject: well typed\n")),
            "{text}"
        );
    }
}

#[test]
fn the_sealed_note_without_its_adapter_is_told_which_one_would_do() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut check = liveobj(home.path());
    check
        .arg("check")
        .arg(root().join("examples/broken/unsealed-note.liveobject"));
    let output = check
        .arg("--library-path")
        .arg(built())
        .output()
        .expect("liveobj runs");
    let text = String::from_utf8(output.stdout).expect("it prints UTF-8");
    assert!(
        text.contains("help: `seal` of `liveobj:sealing` between them would do"),
        "{text}"
    );
}

#[test]
fn the_sealed_note_is_the_same_object_with_its_adapter_written_out() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let example = root().join("examples/sealed-note.liveobject");
    let run = |command: &[&str], reference: &std::path::Path| {
        let mut run = liveobj(home.path());
        run.args(command).arg(reference);
        let output = run.arg("--library-path").arg(built()).output();
        let output = output.expect("liveobj runs");
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        String::from_utf8(output.stdout).expect("it prints UTF-8")
    };
    for notation in ["xml", "json"] {
        let long = run(&["convert", "--expand", "--to", notation], &example);
        let asks = ["adapt=\"", "\"adapt\""];
        assert!(!asks.iter().any(|asks| long.contains(asks)), "{long}");
        let path = home.path().join("long.liveobject");
        fs::write(&path, &long).expect("it is writable");
        assert_eq!(run(&["hash"], &path), run(&["hash"], &example));
    }
}
