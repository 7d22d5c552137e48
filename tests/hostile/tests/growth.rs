//! Large inputs cost time and memory in proportion to their size, and a refusal is short. What
//! grows faster does not come to an end here; `cargo bench -p liveobj-hostile` shows how it grows.

use liveobj_formalisms::builtin;
use liveobj_hostile::inputs::INPUTS;
use liveobj_references::{Policy, StandardCatalog, check_source};
use liveobj_types::{Severity, Source};

/// Most findings about one document, with the one that says that there are more.
const MAX_FINDINGS: usize = 1001;
/// Bytes of the longest text of a finding.
const MAX_TEXT: usize = 2048 + '…'.len_utf8();

#[test]
fn large_inputs_are_read_or_refused_in_a_few_words() {
    for input in INPUTS {
        // What a failure is about.
        println!("{}", input.name);
        let source = Source::new("hostile.liveobject", (input.make)(input.size));
        let checked = check_source(&source, &StandardCatalog, &builtin(), &Policy::default());
        let found = &checked.diagnostics;
        assert!(found.len() <= MAX_FINDINGS, "{} findings", found.len());
        for finding in found {
            let labels = finding.labels.iter().map(|label| &label.text);
            let texts = labels.chain(&finding.notes).chain(&finding.help);
            for text in texts.chain([&finding.message]) {
                assert!(text.len() <= MAX_TEXT, "{} bytes", text.len());
                assert!(!text.contains('\n'), "{text}");
            }
        }
        let errors = || found.iter().filter(|it| it.severity == Severity::Error);
        match input.refusal {
            None => assert_eq!(errors().next(), None),
            Some(refusal) => {
                let said = errors().any(|error| error.message.contains(refusal));
                assert!(said, "{:?}", errors().next());
            }
        }
    }
}
