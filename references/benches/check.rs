//! Reading and checking the team note, manifests at hand. The baseline copies its text.

mod libraries;

use std::sync::Arc;

use divan::{Bencher, black_box};
use libraries::{Libraries, root};
use liveobj_references::{Policy, check, read};
use liveobj_types::Source;

fn main() {
    divan::main();
}

fn note() -> Arc<Source> {
    let path = root().join("examples/team-note.liveobject");
    Source::new(
        "team-note",
        std::fs::read_to_string(path).expect("the example is there"),
    )
}

#[divan::bench]
fn baseline_copy(bencher: Bencher) {
    let source = note();
    bencher.bench(|| black_box(&source.text).clone());
}

#[divan::bench]
fn read_team_note(bencher: Bencher) {
    let source = note();
    bencher.bench(|| read(black_box(&source)));
}

#[divan::bench]
fn read_and_check_team_note(bencher: Bencher) {
    check_source(bencher, &note());
}

/// Notes on sealed networks.
const PAIRS: usize = 1_000;

/// As many connections that ask for an adapter.
#[divan::bench]
fn read_and_check_adapted(bencher: Bencher) {
    check_source(bencher, &sealed(false));
}

/// The same with the adapters written out: the baseline.
#[divan::bench]
fn read_and_check_written_out(bencher: Bencher) {
    check_source(bencher, &sealed(true));
}

fn sealed(written_out: bool) -> Arc<Source> {
    let key = r#"<parameter name="key"><value>{"digits": "00"}</value></parameter>"#;
    let parts = (0..PAIRS).map(|pair| {
        let network = format!(
            r#"<component name="network{pair}"><parameterized>
                <template><external name="udp_channel" library="liveobj:channels"/></template>
                <parameter name="Message"><type>bytes</type></parameter>
            </parameterized></component>
            <component name="note{pair}">
                <external name="shared_text" library="liveobj:documents" as="Note"/>
            </component>"#
        );
        let ends = [("note", "channel"), ("network", "channel")]
            .map(|(of, name)| format!(r#"<endpoint of="{of}{pair}" name="{name}"/>"#));
        let rest = if written_out {
            let seal = |name| format!(r#"<endpoint of="seal{pair}" name="{name}"/>"#);
            format!(
                r#"<component name="seal{pair}"><parameterized>
                    <template><external name="seal" library="liveobj:sealing"/></template>
                    <parameter name="Message"><type>bytes</type></parameter>{key}
                </parameterized></component>
                <connection>{}{}</connection><connection>{}{}</connection>"#,
                ends[0],
                seal("outer"),
                ends[1],
                seal("inner")
            )
        } else {
            let [first, second] = ends;
            format!(r#"<connection adapt="auto">{first}{second}{key}</connection>"#)
        };
        network + &rest
    });
    let parts: String = parts.collect();
    let text = format!(
        r#"<liveobject xmlns="urn:liveobj:reference:1">
        <types>
            use "liveobj:sealing";
            endpoint Private {{
                out send(message: bytes);
                in receive(message: bytes);
                requires properties "best_effort, confidential";
            }}
            object Note {{ mandatory endpoint channel: Private; endpoint text: Text many; }}
        </types>
        <composite>{parts}</composite></liveobject>"#
    );
    Source::new("sealed", text)
}

fn check_source(bencher: Bencher, source: &Arc<Source>) {
    let libraries = Libraries::new();
    let formalisms = liveobj_formalisms::builtin();
    bencher.bench(|| {
        let (document, faults) = read(black_box(source));
        assert!(faults.is_empty());
        let document = Arc::new(document.expect("there are no faults"));
        let checked = check(
            &document,
            source,
            &libraries,
            &formalisms,
            &Policy::default(),
        );
        assert!(checked.reference.is_some(), "{:?}", checked.diagnostics);
        checked
    });
}
