//! Composites of 1,000 to 100,000 components with as many connections: reading and checking them.
//! The baseline is quick-xml alone, which only finds the tags.
//!
//! What is to be seen is the time for one component: it should not grow with their number.

use std::fmt;
use std::sync::Arc;

use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use liveobj_references::{Policy, StandardCatalog, check, read};
use liveobj_types::Source;

fn main() {
    divan::main();
}

/// What a composite is like.
#[derive(Clone, Copy)]
enum Kind {
    /// One object type for all.
    Shared,
    /// An object type for each component, with types of its own inside.
    Distinct,
    /// One object type, and an export for each component.
    Exports,
    /// One object type with constraints on both sides.
    Constrained,
    /// Composites of ten components each, in a composite.
    Nested,
}

const KINDS: [(Kind, &str); 5] = [
    (Kind::Shared, "shared"),
    (Kind::Distinct, "distinct"),
    (Kind::Exports, "exports"),
    (Kind::Constrained, "constrained"),
    (Kind::Nested, "nested"),
];

const SIZES: [usize; 3] = [1_000, 10_000, 100_000];

struct Case(Kind, &'static str, usize);

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.1, self.2)
    }
}

fn cases() -> impl Iterator<Item = Case> {
    let sized = |(kind, name)| SIZES.map(|size| Case(kind, name, size));
    KINDS.into_iter().flat_map(sized)
}

fn types(kind: Kind, count: usize) -> String {
    let constraints = match kind {
        Kind::Constrained => {
            "provides properties \"reliable, fifo\"; requires properties \"fifo\";"
        }
        _ => "",
    };
    let types = |suffix: &str, next: &str| {
        format!(
            "record Message{suffix} {{ text: string, at: u64, more: option[u32] }}
             endpoint Line{suffix} {{
                 out say(message: Message{suffix}); in hear(message: Message{suffix});
                 {constraints}
             }}
             object Node{suffix} {{
                 endpoint left: Line{suffix}; endpoint right: mirror Line{next};
                 endpoint side: Line{suffix} many;
             }}\n"
        )
    };
    match kind {
        Kind::Distinct => {
            let each = |i: usize| types(&i.to_string(), &((i + 1) % count).to_string());
            (0..count).map(each).collect()
        }
        _ => types("", ""),
    }
}

/// A ring of `count` components.
fn document(kind: Kind, count: usize) -> String {
    let component = |i: usize| {
        let suffix = match kind {
            Kind::Distinct => i.to_string(),
            _ => String::new(),
        };
        format!(
            "<component name=\"c{i}\"><external name=\"node\" library=\"some:library\" \
             as=\"Node{suffix}\"/></component>\n"
        )
    };
    let connection = |left: &str, right: &str| {
        format!(
            "<connection><endpoint of=\"{left}\" name=\"right\"/>\
             <endpoint of=\"{right}\" name=\"left\"/></connection>\n"
        )
    };
    let mut parts = String::new();
    match kind {
        Kind::Nested => {
            for group in 0..count / 10 {
                let first = group * 10;
                let components: String = (first..first + 10).map(component).collect();
                let inside = (first..first + 9)
                    .map(|i| connection(&format!("c{i}"), &format!("c{}", i + 1)));
                let inside: String = inside.collect();
                parts += &format!(
                    "<component name=\"g{group}\"><composite>{components}{inside}\
                     <export of=\"c{first}\" name=\"left\"/>\
                     <export of=\"c{}\" name=\"right\"/></composite></component>\n",
                    first + 9
                );
            }
            for group in 0..count / 10 {
                let next = (group + 1) % (count / 10);
                parts += &connection(&format!("g{group}"), &format!("g{next}"));
            }
        }
        _ => {
            parts.extend((0..count).map(component));
            let next = |i: usize| connection(&format!("c{i}"), &format!("c{}", (i + 1) % count));
            parts.extend((0..count).map(next));
        }
    }
    if let Kind::Exports = kind {
        let export = |i| format!("<export of=\"c{i}\" name=\"side\" as=\"side{i}\"/>\n");
        parts.extend((0..count).map(export));
    }
    let types = types(kind, count);
    format!(
        "<liveobject xmlns=\"urn:liveobj:reference:1\"><types>{types}</types>\n\
         <composite>\n{parts}</composite></liveobject>"
    )
}

fn source(case: &Case) -> Arc<Source> {
    Source::new("ring", document(case.0, case.2))
}

#[divan::bench(args = cases(), sample_count = 5)]
fn baseline_quick_xml(bencher: Bencher, case: &Case) {
    let source = source(case);
    bencher.counter(ItemsCount::new(case.2)).bench(|| {
        let mut reader = quick_xml::reader::Reader::from_str(black_box(&source.text));
        let mut tags = 0;
        loop {
            match reader.read_event().expect("it is well formed") {
                quick_xml::events::Event::Eof => return tags,
                _ => tags += 1,
            }
        }
    });
}

#[divan::bench(args = cases(), sample_count = 5)]
fn read_only(bencher: Bencher, case: &Case) {
    let source = source(case);
    bencher
        .counter(ItemsCount::new(case.2))
        .bench(|| read(black_box(&source)));
}

#[divan::bench(args = cases(), sample_count = 5)]
fn check_only(bencher: Bencher, case: &Case) {
    let source = source(case);
    let (document, faults) = read(&source);
    assert!(faults.is_empty(), "{faults:?}");
    let document = Arc::new(document.expect("there are no faults"));
    let (formalisms, policy) = (liveobj_formalisms::builtin(), Policy::default());
    bencher.counter(ItemsCount::new(case.2)).bench(|| {
        let checked = check(&document, &source, &StandardCatalog, &formalisms, &policy);
        assert!(checked.reference.is_some(), "{:?}", checked.diagnostics);
        checked
    });
}
