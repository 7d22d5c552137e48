//! Tells this build of the formalisms from every other: a digest of the sources that their answers
//! come from, and of the versions of what these use.

use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// What answers come from, relative to this crate. The last one lists versions of dependencies.
const SOURCES: [&str; 5] = [
    "src",
    "ontology.txt",
    "../typesys/src",
    "../typesys/standard.lot",
    "../Cargo.lock",
];

fn main() {
    let mut files = Vec::new();
    for source in SOURCES {
        println!("cargo::rerun-if-changed={source}");
        list(Path::new(source), &mut files);
    }
    files.sort();
    let mut digest = Sha256::new();
    for file in &files {
        let bytes = fs::read(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for part in [file.to_string_lossy().as_bytes(), &bytes] {
            digest.update((part.len() as u64).to_le_bytes());
            digest.update(part);
        }
    }
    let digest = digest.finalize();
    let digits: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    println!("cargo::rustc-env=LIVEOBJ_FORMALISMS_BUILD={digits}");
}

/// The files at or below a path; what is not there is left out.
fn list(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_file() {
        files.push(path.to_owned());
    }
    let Ok(entries) = fs::read_dir(path) else {
        return;
    };
    for entry in entries {
        let entry = entry.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        list(&entry.path(), files);
    }
}
