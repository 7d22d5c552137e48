//! Reading and checking the team note, manifests at hand. The baseline copies its text.

use std::path::Path;
use std::sync::Arc;

use divan::{Bencher, black_box};
use liveobj_references::{
    Catalog, CatalogError, LibraryTypes, Policy, StandardCatalog, check, read,
};
use liveobj_types::syntax::Item;
use liveobj_types::{Module, Source};

fn main() {
    divan::main();
}

/// The libraries of the note, from their type texts.
struct Libraries {
    channels: Arc<LibraryTypes>,
    documents: Arc<LibraryTypes>,
}

impl Catalog for Libraries {
    fn library(&self, name: &str, hash: Option<&str>) -> Result<Arc<LibraryTypes>, CatalogError> {
        match name {
            "liveobj:channels" => Ok(self.channels.clone()),
            "liveobj:documents" => Ok(self.documents.clone()),
            _ => StandardCatalog.library(name, hash),
        }
    }

    fn names(&self) -> Vec<String> {
        ["liveobj:channels", "liveobj:documents", "liveobj:standard"]
            .map(str::to_owned)
            .into()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("it lies in the workspace")
}

fn library(folder: &str) -> Arc<LibraryTypes> {
    let path = root().join("objects").join(folder).join("types.lot");
    let text = std::fs::read_to_string(path).expect("the library has types");
    let name = format!("liveobj:{folder}");
    let source = Source::new(name.as_str(), text);
    let (module, faults) = Module::parse(&name, &source, &mut |used| {
        (used == "liveobj:standard").then(Module::standard)
    });
    assert!(faults.is_empty(), "{faults:?}");
    let templates = module.file.items.iter().filter_map(|item| match item {
        Item::Template(template) => Some(template.name.name.clone()),
        _ => None,
    });
    let templates = templates.collect();
    Arc::new(LibraryTypes {
        name,
        sha256: None,
        module,
        templates,
    })
}

fn note() -> Arc<Source> {
    let path = root().join("examples/team-note.liveobject");
    Source::new(
        "team-note",
        std::fs::read_to_string(path).expect("the example is there"),
    )
}

#[divan::bench]
fn baseline_copy(bencher: Bencher) {
    let source = note();
    bencher.bench(|| black_box(&source.text).clone());
}

#[divan::bench]
fn read_team_note(bencher: Bencher) {
    let source = note();
    bencher.bench(|| read(black_box(&source)));
}

#[divan::bench]
fn read_and_check_team_note(bencher: Bencher) {
    let source = note();
    let libraries = Libraries {
        channels: library("channels"),
        documents: library("documents"),
    };
    let formalisms = liveobj_formalisms::builtin();
    bencher.bench(|| {
        let (document, faults) = read(black_box(&source));
        assert!(faults.is_empty());
        let document = Arc::new(document.expect("there are no faults"));
        let checked = check(
            &document,
            &source,
            &libraries,
            &formalisms,
            &Policy::default(),
        );
        assert!(checked.reference.is_some());
        checked
    });
}
