//! `liveobj open --monitor`: an object that does not keep what its types promise is caught.

use std::fs;
use std::process::Output;

use liveobj_tests::support::{faulty, liveobj};

/// A liar that answers each question so often, and who asks it at these endpoints.
fn document(answers: u32, askers: u32, endpoint: &str) -> String {
    let mut text = format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
        <component name="liar"><parameterized>
            <template><external name="liar" library="test:faulty"/></template>
            <parameter name="answers"><value>{answers}</value></parameter>
        </parameterized></component>"#
    );
    for asker in 1..=askers {
        text += &format!(
            r#"<component name="asker{asker}"><external name="asker" library="test:faulty"/></component>"#
        );
    }
    for asker in 1..=askers {
        text += &format!(
            r#"<connection><endpoint of="asker{asker}" name="{endpoint}"/><endpoint of="liar" name="{endpoint}"/></connection>"#
        );
    }
    text + "</composite></liveobject>"
}

fn open(document: &str, options: &[&str]) -> Output {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let file = scratch.path().join("test.liveobject");
    fs::write(&file, document).expect("it is written");
    let mut command = liveobj(scratch.path());
    command.arg("open").arg(&file).arg("--library-path");
    command.arg(faulty()).args(["--for", "300ms"]).args(options);
    command.output().expect("liveobj runs")
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("it prints UTF-8")
}

/// Endpoint, number of answers and of askers, and how the message begins.
const LIES: &[(&str, u32, u32, &str)] = &[
    (
        "asked",
        2,
        1,
        "error: `liar` breaks `session \"rec X . ?ask; !answer; X\"`, which `liar.asked` provides",
    ),
    (
        "soon",
        2,
        1,
        "error: `liar` breaks `async_session \"?ask; !answer; ?ask; !answer; end\"`, which \
         `liar.soon` provides",
    ),
    (
        "once",
        2,
        1,
        "error: `liar` breaks `temporal \"at most once answer(n)\"`, which `liar.once` provides",
    ),
    (
        "table",
        1,
        2,
        "breaks `cardinality \"at most 1 instances connected\"`, which `liar.table` provides",
    ),
];

#[test]
fn a_lie_is_reported() {
    for (endpoint, answers, askers, expected) in LIES {
        let output = open(
            &document(*answers, *askers, endpoint),
            &["--monitor", "report"],
        );
        let text = complaint(&output);
        assert!(text.contains(expected), "{endpoint}: {text}");
        assert!(text.contains("what happened last:"), "{text}");
        assert_eq!(output.status.code(), Some(1), "{text}");
    }
}

#[test]
fn what_is_broken_is_disconnected() {
    for (endpoint, answers, askers, expected) in LIES {
        let output = open(
            &document(*answers, *askers, endpoint),
            &["--monitor", "enforce"],
        );
        let text = complaint(&output);
        assert!(text.contains(expected), "{endpoint}: {text}");
        assert_eq!(output.status.code(), Some(1), "{text}");
    }
}

#[test]
fn the_truth_is_not_complained_of() {
    for endpoint in ["asked", "soon", "once", "table"] {
        for mode in ["report", "enforce"] {
            let output = open(&document(1, 1, endpoint), &["--monitor", mode]);
            assert_eq!(complaint(&output), "", "{endpoint}");
            assert_eq!(output.status.code(), Some(0));
        }
    }
}

#[test]
fn nobody_watches_unless_asked_to() {
    for (endpoint, answers, askers, _) in LIES {
        let output = open(&document(*answers, *askers, endpoint), &[]);
        assert_eq!(complaint(&output), "", "{endpoint}");
        assert_eq!(output.status.code(), Some(0));
    }
}
