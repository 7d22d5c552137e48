//! The libraries of this repository, by their type texts: manifests at hand, nothing to build.

use std::path::Path;
use std::sync::Arc;

use liveobj_references::{Catalog, CatalogError, LibraryTypes, StandardCatalog};
use liveobj_types::syntax::Item;
use liveobj_types::{Module, Source};

/// The libraries that documents of the benchmarks name.
pub struct Libraries {
    channels: Arc<LibraryTypes>,
    documents: Arc<LibraryTypes>,
    sealing: Arc<LibraryTypes>,
}

impl Libraries {
    /// Reads them.
    pub fn new() -> Libraries {
        Libraries {
            channels: library("channels"),
            documents: library("documents"),
            sealing: library("sealing"),
        }
    }
}

impl Catalog for Libraries {
    fn library(&self, name: &str, hash: Option<&str>) -> Result<Arc<LibraryTypes>, CatalogError> {
        match name {
            "liveobj:channels" => Ok(self.channels.clone()),
            "liveobj:documents" => Ok(self.documents.clone()),
            "liveobj:sealing" => Ok(self.sealing.clone()),
            _ => StandardCatalog.library(name, hash),
        }
    }

    fn names(&self) -> Vec<String> {
        let names = ["channels", "documents", "sealing", "standard"];
        names.map(|name| format!("liveobj:{name}")).into()
    }
}

/// The workspace.
pub fn root() -> &'static Path {
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
        version: None,
        module,
        templates,
    })
}
