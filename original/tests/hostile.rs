//! No document, however it is broken, makes the reader or the loader panic or take long.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use liveobj_original::strict::{Loader, Verdict};

/// A small generator of numbers, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

const PIECES: &[&str] = &[
    "<Object xsi:type=\"ReferenceObject\" id=\"0`1:4FF15AA1A8BD458BA3847691DF96D289`0\">",
    "<Parameter id=\"channel\">",
    "<Value xsi:type=\"CompositeObject\"><Component id=\"a\"/>",
    "<From xsi:type=\"ReferenceObject\" id=\"E8C9D312C27649F39812B8E99AA67CBC\"/>",
    "<ObjectClass id=\"806C71E88E749AA879E52F960F4B881\"/>",
    "xsi:type=\"ValueClass\"",
    "xsi:nil=\"true\"",
    "xmlns=\"urn:other\"",
    "</Value>",
    "</Parameter>",
    "``:`",
    "{",
    "}",
    "&#x41;",
    "<!-- -->",
    "<![CDATA[",
    "\u{1F600}",
    "\"",
];

fn mutated(document: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = document.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(40)).min(bytes.len());
        match random.below(5) {
            0 => {
                bytes.drain(at..end);
            }
            1 => {
                let piece = PIECES[random.below(PIECES.len())];
                bytes.splice(at..at, piece.bytes());
            }
            2 => {
                let copy = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, copy);
            }
            3 if at < bytes.len() => bytes[at] = random.below(256) as u8,
            _ => bytes.truncate(at.max(bytes.len() / 2)),
        }
    }
    bytes
}

#[test]
fn mutated_documents_get_a_verdict() {
    let example =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/original/note.liveobject");
    let document = fs::read(example).expect("the example is there");
    let mut loader = Loader::standard();
    assert!(matches!(
        loader.check("example", &document),
        Verdict::Loaded { .. }
    ));
    let mut random = Random(2009);
    let mut loaded = 0;
    for _ in 0..3000 {
        let bytes = mutated(&document, &mut random);
        if let Verdict::Loaded { .. } = loader.check("mutated", &bytes) {
            loaded += 1;
        }
    }
    assert!((1..3000).contains(&loaded), "{loaded} of them load");
}

/// The verdict on a document that is large in some way is an error, or not, but soon.
fn soon(what: &str, document: &str) -> Verdict {
    let start = Instant::now();
    let verdict = Loader::standard().check(what, document.as_bytes());
    let elapsed = start.elapsed();
    println!("{what}: {elapsed:?}");
    assert!(elapsed < Duration::from_secs(30), "{what} took {elapsed:?}");
    verdict
}

const HEAD: &str = "<Root xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" \
                    xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\">";

#[test]
fn large_documents_are_judged_soon() {
    let reference = "<Object xsi:type=\"ReferenceObject\" id=\"1\">";
    for (what, document) in [
        (
            "deep elements",
            format!("{HEAD}{}", "<a>".repeat(1_000_000)),
        ),
        (
            "deep objects",
            format!(
                "{HEAD}{reference}{}",
                "<Parameter id=\"p\"><Value xsi:type=\"ReferenceObject\" id=\"1\">".repeat(300_000)
            ),
        ),
        (
            "many parameters",
            format!(
                "{HEAD}{reference}{}</Object></Root>",
                "<Parameter id=\"p\"/>".repeat(100_000)
            ),
        ),
        (
            "many attributes",
            format!(
                "{HEAD}<Object {}/></Root>",
                (0..100_000)
                    .map(|n| format!("a{n}=\"\" "))
                    .collect::<String>()
            ),
        ),
        (
            "a long identifier",
            format!(
                "{HEAD}<Object xsi:type=\"ReferenceObject\" id=\"{}\"/></Root>",
                "A".repeat(10_000_000)
            ),
        ),
        (
            "many components",
            format!(
                "{HEAD}<Object xsi:type=\"CompositeObject\">{}</Object></Root>",
                (0..50_000)
                    .map(|n| format!("<Component id=\"c{n}\"/>"))
                    .collect::<String>()
            ),
        ),
        (
            "many declarations",
            format!(
                "{HEAD}<Object {}/></Root>",
                (0..50_000)
                    .map(|n| format!("xmlns:a{n}=\"urn:{n}\" "))
                    .collect::<String>()
            ),
        ),
        (
            "many elements inside many declarations",
            format!(
                "{HEAD}<Object {}>{}</Object></Root>",
                (0..50_000)
                    .map(|n| format!("xmlns:a{n}=\"urn:{n}\" "))
                    .collect::<String>(),
                "<a0:b/>".repeat(100_000)
            ),
        ),
        (
            "a configuration of many parameters",
            format!(
                "{HEAD}{reference}<Parameter id=\"p\"><Value xsi:type=\"Configuration\">{}\
                 </Value></Parameter></Object></Root>",
                (0..100_000)
                    .map(|n| format!("<Parameter name=\"n{n}\"/>"))
                    .collect::<String>()
            ),
        ),
    ] {
        let verdict = soon(what, &document);
        assert!(
            matches!(verdict, Verdict::Refused(_)),
            "{what}: {verdict:?}"
        );
    }
}
