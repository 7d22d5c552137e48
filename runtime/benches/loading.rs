//! Mapping a library, verifying and attaching it, against mapping it and nothing more (`dlopen`), in
//! one run: `liveobj:channels`, its file in the page cache and not hashed. A library is mapped once
//! per file, so that each time there is a new copy. The aim: 120 µs where `dlopen` alone takes 56.

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use divan::Bencher;
use liveobj::loading::LibraryCatalog;
use liveobj::loading::measure::Trusted;

fn main() {
    divan::main();
}

/// Copies that stay mapped, each a few parts of the process map.
const TIMES: u32 = 500;

/// `liveobj:channels`, as it is released.
fn channels() -> &'static Trusted {
    static CHANNELS: OnceLock<Trusted> = OnceLock::new();
    CHANNELS.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let build = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--release",
                "--package",
                "liveobj-channels",
            ])
            .current_dir(&root)
            .status();
        assert!(build.expect("cargo runs").success(), "it builds");
        let bench = std::env::current_exe().expect("a benchmark knows its own path");
        let release = bench.ancestors().nth(2).expect("it lies in `deps`");
        let mut catalog = LibraryCatalog::new();
        catalog.add_directory(release).expect("it is ours");
        Trusted::new(&catalog, "liveobj:channels").expect("it was built")
    })
}

#[divan::bench(sample_size = 1, sample_count = TIMES)]
fn dlopen(bencher: Bencher<'_, '_>) {
    let each = bencher.with_inputs(|| channels().copy());
    each.bench_local_refs(|copy| copy.map());
}

#[divan::bench(sample_size = 1, sample_count = TIMES)]
fn load_and_verify(bencher: Bencher<'_, '_>) {
    let judged = channels().judge();
    let each = bencher.with_inputs(|| channels().copy());
    each.bench_local_refs(|copy| copy.load(&judged));
}

/// What comes before, once per library: `check` does it, too.
#[divan::bench]
fn read_manifest_and_judge_types(bencher: Bencher<'_, '_>) {
    bencher.bench_local(|| channels().judge());
}
