//! Generated headers, compiled by the system's compilers as strictly as they can be.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use liveobj_manifest::{Manifest, c_header, read};

/// Every kind of type, at every place.
const TYPES: &str = include_str!("every_kind.lot");

fn manifest(types: &str, templates: &[&str]) -> Manifest {
    Manifest {
        name: "example:every-kind".to_owned(),
        version: "1.0.0".to_owned(),
        abi: [0, 1],
        panic: "unwind".to_owned(),
        target: "x86_64-linux".to_owned(),
        threads: false,
        sdk: String::new(),
        templates: templates.iter().map(ToString::to_string).collect(),
        formalisms: Vec::new(),
        types: types.to_owned(),
    }
}

/// Compiles an empty library with this header; answers its object file.
fn compile(compiler: &str, options: &[&str], ending: &str, header: &str) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("header-{ending}"));
    fs::create_dir_all(&directory).unwrap();
    fs::write(directory.join("types.h"), header).unwrap();
    let source = directory.join(format!("library.{ending}"));
    fs::write(
        &source,
        "#define LIVEOBJ_LIBRARY\n#include \"types.h\"\n#include \"types.h\"\n",
    )
    .unwrap();
    let object = directory.join("library.o");
    let output = Command::new(compiler)
        .args(options)
        .args([
            "-Wall",
            "-Wextra",
            "-pedantic",
            "-Werror",
            "-c",
            "-fPIC",
            "-I",
        ])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../abi/include"))
        .args([&source, Path::new("-o"), &object])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{header}");
    object
}

#[test]
fn every_type_is_declared_as_layout_1_lays_it_out() {
    let manifest = manifest(TYPES, &["keeper", "lonely", "tap", "thing"]);
    let header = c_header(&manifest).unwrap();
    for (compiler, standard, ending) in [
        ("cc", "-std=c99", "c"),
        ("cc", "-std=c17", "c"),
        ("c++", "-std=c++11", "cpp"),
    ] {
        // The header itself compares the sizes.
        let object = compile(compiler, &[standard], ending, &header);
        assert_eq!(read(&fs::read(object).unwrap()), Ok(manifest.clone()));
    }
}

#[test]
fn a_header_is_the_same_every_time() {
    let manifest = manifest(TYPES, &["keeper", "lonely", "tap", "thing"]);
    assert_eq!(c_header(&manifest), c_header(&manifest));
}

#[test]
fn types_that_cannot_be_used_are_refused() {
    let reason = |types: &str| c_header(&manifest(types, &["a"])).unwrap_err().to_string();
    assert_eq!(
        reason("object A {}"),
        "the types cannot be used: it lists `a`, which its types do not declare as a template"
    );
    assert!(reason("object A {").starts_with("the types cannot be used: "));
}
