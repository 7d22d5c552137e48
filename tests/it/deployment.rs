//! `liveobj open` in several domains.

use std::fs;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use liveobj::{Deployment, OpenOptions, Runtime, Source};
use liveobj_tests::support::{faulty, liveobj, threads};

/// Two relays and a timer.
const PARTS: &str = r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>
    <component name="inner"><composite>
        <component name="left">RELAY</component>
        <component name="right">RELAY</component>
        <connection><endpoint of="left" name="output"/><endpoint of="right" name="input"/></connection>
    </composite></component>
    <component name="timer"><external name="timer" library="liveobj:standard"/></component>
</composite></liveobject>"#;

const RELAY: &str = r#"<parameterized>
    <template><external name="relay" library="liveobj:standard"/></template>
    <parameter name="Message"><type>string</type></parameter>
</parameterized>"#;

/// A folder with the reference, and a deployment beside it.
fn folder(deployment: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
    write("parts.liveobject", &PARTS.replace("RELAY", RELAY)).expect("it is writable");
    if let Some(deployment) = deployment {
        write("parts.deployment.json", deployment).expect("it is writable");
    }
    folder
}

fn open(folder: &Path, options: &[&str]) -> Output {
    let mut open = liveobj(folder);
    open.args(["open", "parts.liveobject"]).args(options);
    open.current_dir(folder).output().expect("liveobj runs")
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("it prints UTF-8")
}

const APART: &str = r#"{"deployment": 1, "domains": {"one": ["inner/left"], "two": ["*"]}}"#;
const MISSPELT: &str = r#"{"deployment": 1, "domains": {"one": ["inner/lift"], "two": ["*"]}}"#;
const STRANGE: &str = r#"{"deployment": 1, "domains": {"one": ["network/udp"], "two": ["*"]}}"#;

#[test]
fn a_deployment_beside_the_reference_is_used_and_told() {
    let folder = folder(Some(APART));
    let told = open(folder.path(), &["--for", "10ms", "--verbose"]);
    assert_eq!(told.status.code(), Some(0), "{}", complaint(&told));
    let line = "debug: parts run where `parts.deployment.json` says\n";
    assert!(complaint(&told).contains(line), "{}", complaint(&told));
    let quiet = open(folder.path(), &["--for", "10ms"]);
    assert_eq!(complaint(&quiet), "");
}

#[test]
fn a_deployment_of_something_else_is_refused_with_a_way_out() {
    let refused = |deployment| {
        let folder = folder(Some(deployment));
        let refused = open(folder.path(), &["--for", "10ms"]);
        assert_eq!(refused.status.code(), Some(1));
        complaint(&refused)
    };
    let misspelt = "error: deployment `parts.deployment.json`: domain `one` names `inner/lift`, and \
                    there is no such part; did you mean `inner/left`?\n";
    assert_eq!(refused(MISSPELT), misspelt, "one way out, which fits");
    let strange = refused(STRANGE);
    assert!(
        strange.contains("names `network/udp`, and there is no such part\n"),
        "{strange}"
    );
    assert!(strange.contains("--domains 1"), "{strange}");
    let folder = folder(Some(STRANGE));
    for options in [["--domains", "1"], ["--domains", "auto"]] {
        let options: Vec<&str> = options.into_iter().chain(["--for", "10ms"]).collect();
        let output = open(folder.path(), &options);
        assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    }
}

#[test]
fn parts_that_match_only_without_a_queue_stay_in_one_domain() {
    let part = |name: &str| {
        format!(
            r#"<component name="{name}"><external name="sleeper" library="test:faulty"/></component>"#
        )
    };
    let parts = ["a", "b", "c", "d"].map(part).concat();
    let document = format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>{parts}
        <connection><endpoint of="a" name="calm"/><endpoint of="c" name="quiet"/></connection>
        </composite></liveobject>"#
    );
    let runtime = Runtime::builder().library_path(faulty()).build();
    let runtime = runtime.expect("a runtime");
    let checked = runtime.check(&Source::new("test", document));
    let reference = checked
        .reference
        .unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
    let open = |options| runtime.open_blocking_with(&reference, options);
    for count in 1..5 {
        let object = open(OpenOptions::new().domains(count)).expect("it opens");
        assert_eq!(object.domains(), count.min(3));
        assert_eq!(object.queues(), []);
    }
    let deployment = |text: &str| Deployment::parse("d", text).expect("it is in the form");
    let apart = r#"{"deployment": 1, "domains": {"x": ["a", "b"], "y": ["*"]}}"#;
    let refused = open(OpenOptions::new().deployment(deployment(apart)));
    assert_eq!(
        refused.expect_err("they are apart").to_string(),
        "deployment `d` puts `a.calm` and `c.quiet` in two domains, and they match only as long as \
         no queue is between them, since each keeps what it promises only as long as the other \
         does: put both in one domain"
    );
    let together = r#"{"deployment": 1, "domains": {"x": ["a", "c"], "y": ["*"]}}"#;
    let object = open(OpenOptions::new().deployment(deployment(together)));
    assert_eq!(object.expect("it opens").domains(), 2);
}

/// Three parts in a ring, none of which says anything before the one before it does.
#[test]
fn the_parts_of_a_ring_of_assumptions_stay_in_one_domain_also_inside_of_a_part() {
    let part = |name: &str| {
        format!(
            r#"<component name="{name}"><external name="dozer" library="test:faulty"/></component>"#
        )
    };
    let connected = |[from, to]: [&str; 2]| {
        let (from, end) = from.split_once('.').expect("an endpoint");
        let (to, other) = to.split_once('.').expect("an endpoint");
        format!(
            r#"<connection><endpoint of="{from}" name="{end}"/>
            <endpoint of="{to}" name="{other}"/></connection>"#
        )
    };
    let flat = ["a", "b", "c"].map(part).concat()
        + &[
            ["a.next", "b.before"],
            ["b.next", "c.before"],
            ["c.next", "a.before"],
        ]
        .map(connected)
        .concat();
    let whole = format!(r#"<component name="n"><composite>{flat}</composite></component>"#);
    let runtime = Runtime::builder().library_path(faulty()).build();
    let runtime = runtime.expect("a runtime");
    for (body, parts) in [(flat, ["a", "b", "c"]), (whole, ["n/a", "n/b", "n/c"])] {
        let document = format!(
            r#"<liveobject xmlns="urn:liveobj:reference:1"><composite>{body}
            <component name="z"><external name="sleeper" library="test:faulty"/></component>
            </composite></liveobject>"#
        );
        let checked = runtime.check(&Source::new("test", document));
        let reference = checked
            .reference
            .unwrap_or_else(|| panic!("{:#?}", checked.diagnostics));
        assert!(reference.unmet().is_empty(), "{:#?}", reference.unmet());
        let open = |options| runtime.open_blocking_with(&reference, options);
        for count in 1..5 {
            let object = open(OpenOptions::new().domains(count)).expect("it opens");
            assert_eq!((object.domains(), object.queues().len()), (count.min(2), 0));
        }
        for alone in parts {
            let text =
                format!(r#"{{"deployment": 1, "domains": {{"x": ["{alone}"], "y": ["*"]}}}}"#);
            let deployment = Deployment::parse("d", &text).expect("it is in the form");
            let refused = open(OpenOptions::new().deployment(deployment));
            let refused = refused.expect_err("it is apart").to_string();
            assert!(refused.contains("in two domains"), "{refused}");
        }
    }
}

#[test]
fn how_many_domains_is_a_number_or_auto() {
    let folder = folder(None);
    for wrong in ["0", "two", "1025"] {
        let refused = open(folder.path(), &["--domains", wrong]);
        assert_eq!(refused.status.code(), Some(2), "{}", complaint(&refused));
        assert!(complaint(&refused).contains("neither `auto` nor a number from 1 to 1024"));
    }
}

#[test]
fn a_signal_closes_all_domains_in_order() {
    let folder = folder(None);
    let mut open = liveobj(folder.path());
    open.args(["open", "parts.liveobject", "--domains", "3"]);
    open.current_dir(folder.path()).stderr(Stdio::piped());
    let child = open.spawn().expect("it starts");
    while threads(child.id(), "liveobj-domain") < 3 {
        std::thread::sleep(Duration::from_millis(5));
    }
    let kill = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(kill.is_ok_and(|status| status.success()));
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
}
