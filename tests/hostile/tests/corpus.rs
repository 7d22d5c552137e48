//! The inputs in `fuzz/corpus`, which `cargo fuzz` found worth keeping.

use std::fs;
use std::path::Path;

use liveobj_hostile::TARGETS;

/// Largest input that is kept, in bytes.
const MAX_INPUT: usize = 4096;
/// Most inputs that are kept for one target.
const MAX_INPUTS: usize = 60;

#[test]
fn every_input_that_is_kept_is_read_as_it_must_be() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
    for (target, run) in TARGETS {
        let program = root.join(format!("targets/{target}.rs"));
        assert!(program.exists(), "{} is missing", program.display());
        let corpus = root.join("corpus").join(target);
        let mut inputs: Vec<_> = fs::read_dir(&corpus)
            .unwrap_or_else(|error| panic!("{}: {error}", corpus.display()))
            .map(|entry| entry.expect("the folder is readable").path())
            .collect();
        inputs.sort();
        assert!(!inputs.is_empty(), "{} is empty", corpus.display());
        assert!(inputs.len() <= MAX_INPUTS, "{target}: {}", inputs.len());
        for input in inputs {
            let bytes = fs::read(&input).expect("a file of the corpus");
            assert!(bytes.len() <= MAX_INPUT, "{}", input.display());
            // What a failure is about.
            println!("{}", input.display());
            run(&bytes);
        }
    }
}
