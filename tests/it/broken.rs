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
fn the_team_note_is_well_typed() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let mut check = liveobj(home.path());
    check
        .arg("check")
        .arg(root().join("examples/team-note.liveobject"));
    let output = check
        .arg("--library-path")
        .arg(built())
        .output()
        .expect("liveobj runs");
    let text = String::from_utf8(output.stdout).expect("it prints UTF-8");
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert!(
        text.ends_with("team-note.liveobject: well typed\n"),
        "{text}"
    );
}
