//! The layouts of a generated header are those that the host computes, for every kind of type.

use std::fs;
use std::path::Path;
use std::process::Command;

use liveobj_manifest::{Manifest, c_header};

use super::fixture::host;
use crate::loading::{ABI, LibraryCatalog, target};

/// What an author would write: a function for each that the header declares, which does nothing.
fn functions(header: &str) -> String {
    let declared = header.split("LO_LOCAL ").skip(1);
    declared
        .map(|text| {
            let (function, _) = text.split_once(';').expect("a declaration ends");
            format!("{function} {{ return LO_OK; }}\n")
        })
        .collect()
}

#[test]
fn a_library_made_with_a_generated_header_is_verified_whatever_its_types() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let manifest = Manifest {
        name: "example:every-kind".to_owned(),
        version: "1.0.0".to_owned(),
        abi: ABI,
        panic: "unwind".to_owned(),
        target: target(),
        threads: false,
        sdk: String::new(),
        templates: ["keeper", "lonely", "tap", "thing"]
            .map(str::to_owned)
            .into(),
        formalisms: Vec::new(),
        types: include_str!("../../../../objects/manifest/tests/every_kind.lot").to_owned(),
    };
    let header = c_header(&manifest).expect("C expresses it");
    let source = directory.path().join("library.c");
    let text = format!("#define LIVEOBJ_LIBRARY\n{header}\n{}", functions(&header));
    fs::write(&source, text).expect("the directory is writable");
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("../objects/abi/include");
    let output = Command::new("cc")
        .args(["-shared", "-fPIC", "-w", "-Wl,-z,defs", "-I"])
        .args([&include, &source, Path::new("-o")])
        .arg(directory.path().join("libkinds.so"))
        .output()
        .expect("a C compiler, which rustc needs, too");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let mut catalog = LibraryCatalog::new();
    catalog
        .add_directory(directory.path())
        .expect("nobody else can write to it");
    let loaded = catalog.load("example:every-kind", None, host());
    let loaded = loaded.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(loaded.types().templates, manifest.templates);
    assert!(!loaded.is_typed(), "what it emits is checked");
}
