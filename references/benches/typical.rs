//! A document of everyday size, about 3 KB, in XML and in JSON: reading it, and reading and checking
//! it. The baselines are what quick-xml and serde_json take for the same bytes: all tags with their
//! attributes, and a tree of values.

mod libraries;

use std::sync::Arc;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use libraries::{Libraries, root};
use liveobj_references::{Policy, check, read, write_json};
use liveobj_types::Source;
use quick_xml::events::Event;
use quick_xml::reader::Reader;

fn main() {
    divan::main();
}

/// The document in XML.
fn xml() -> Arc<Source> {
    let path = root().join("references/benches/typical.liveobject");
    let text = std::fs::read_to_string(path).expect("it lies beside this file");
    Source::new("typical", text)
}

/// The same in JSON.
fn json() -> Arc<Source> {
    let (document, faults) = read(&xml());
    assert!(faults.is_empty(), "{faults:?}");
    let text = write_json(&document.expect("there are no faults"));
    Source::new("typical", text)
}

#[divan::bench]
fn xml_baseline_quick_xml(bencher: Bencher) {
    let source = xml();
    bytes(bencher, &source).bench(|| {
        let mut reader = Reader::from_str(black_box(&source.text));
        let mut found = 0;
        loop {
            match reader.read_event().expect("it is well formed") {
                Event::Eof => return found,
                Event::Start(tag) | Event::Empty(tag) => {
                    found += 1 + tag.attributes().filter(Result::is_ok).count();
                }
                _ => found += 1,
            }
        }
    });
}

#[divan::bench]
fn xml_read(bencher: Bencher) {
    let source = xml();
    bytes(bencher, &source).bench(|| read(black_box(&source)));
}

#[divan::bench]
fn xml_read_and_check(bencher: Bencher) {
    read_and_check(bencher, &xml());
}

#[divan::bench]
fn json_baseline_serde_json(bencher: Bencher) {
    let source = json();
    bytes(bencher, &source).bench(|| {
        serde_json::from_str::<serde_json::Value>(black_box(&source.text)).expect("it is JSON")
    });
}

#[divan::bench]
fn json_read(bencher: Bencher) {
    let source = json();
    bytes(bencher, &source).bench(|| read(black_box(&source)));
}

#[divan::bench]
fn json_read_and_check(bencher: Bencher) {
    read_and_check(bencher, &json());
}

fn bytes<'a, 'b>(bencher: Bencher<'a, 'b>, source: &Source) -> Bencher<'a, 'b> {
    bencher.counter(BytesCount::of_str(&source.text))
}

fn read_and_check(bencher: Bencher, source: &Arc<Source>) {
    let libraries = Libraries::new();
    let (formalisms, policy) = (liveobj_formalisms::builtin(), Policy::default());
    bytes(bencher, source).bench(|| {
        let (document, faults) = read(black_box(source));
        assert!(faults.is_empty(), "{faults:?}");
        let document = Arc::new(document.expect("there are no faults"));
        let checked = check(&document, source, &libraries, &formalisms, &policy);
        assert!(checked.reference.is_some(), "{:?}", checked.diagnostics);
        checked
    });
}
