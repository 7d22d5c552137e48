//! What the strict check of a document of 2009 costs.

use std::fs;
use std::path::Path;

use divan::Bencher;
use liveobj_original::catalog::Catalog;
use liveobj_original::document;
use liveobj_original::strict::Loader;

fn main() {
    divan::main();
}

fn example() -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/original/note.liveobject");
    fs::read(path).expect("the example is there")
}

/// Reading alone.
#[divan::bench]
fn read(bencher: Bencher<'_, '_>) {
    let bytes = example();
    bencher.bench(|| document::read("text", &bytes));
}

/// Reading and loading, with a loader that has seen such documents.
#[divan::bench]
fn check(bencher: Bencher<'_, '_>) {
    let bytes = example();
    let mut loader = Loader::standard();
    bencher.bench_local(|| loader.check("text", &bytes));
}

/// Reading the catalogue, once in a process.
#[divan::bench]
fn catalog() -> Catalog {
    Catalog::read(include_str!("../data/catalog.txt")).expect("it is right")
}
