//! Which libraries a reference needs, and whether they run threads of their own.

use liveobj_references::{Catalog, Part, PartKind};

use super::resolve::{join, named};
use crate::error::OpenError;
use crate::loading::LibraryCatalog;

/// Refuses parts whose library says that it runs threads. Folders count too: they run before the
/// rest. What cannot be read is left to opening, which says what is wrong with it.
pub(crate) fn refuse_threads(
    catalog: &LibraryCatalog,
    part: &Part,
    label: &str,
) -> Result<(), OpenError> {
    let mut refused = Ok(());
    each_library(part, label, &mut |label, library| {
        let threads = match library {
            Library::Named(name, sha256) => catalog.runs_threads(name, sha256),
            Library::Hashed(sha256) => catalog.hash_runs_threads(sha256),
        };
        if refused.is_ok() && threads == Ok(true) {
            refused = Err(OpenError::Threads {
                object: label.to_owned(),
                library: library.name().to_owned(),
            });
        }
    });
    refused
}

/// Name and hash of each library that the parts name, sorted; no hash for what is linked in.
pub(crate) fn libraries(catalog: &LibraryCatalog, part: &Part) -> Vec<(String, Option<String>)> {
    let mut libraries = Vec::new();
    each_library(part, "", &mut |_, library| {
        let found = match library {
            Library::Named(name, sha256) => catalog.library(name, sha256),
            Library::Hashed(sha256) => catalog.library_by_hash(sha256),
        };
        if let Ok(found) = found {
            libraries.push((found.name.clone(), found.sha256.clone()));
        }
    });
    libraries.sort();
    libraries.dedup();
    libraries
}

#[derive(Clone, Copy)]
enum Library<'a> {
    Named(&'a str, Option<&'a str>),
    Hashed(&'a str),
}

impl<'a> Library<'a> {
    fn name(self) -> &'a str {
        match self {
            Library::Named(name, _) | Library::Hashed(name) => name,
        }
    }
}

fn each_library<'a>(part: &'a Part, label: &str, call: &mut impl FnMut(&str, Library<'a>)) {
    match &part.kind {
        PartKind::Composite { components, .. } => {
            for (name, component) in components {
                each_library(component, &join(label, name), call);
            }
        }
        PartKind::External { folder, .. } => each_library(folder, label, call),
        PartKind::Object {
            library,
            sha256,
            template,
            ..
        } => call(
            &named(label, template),
            Library::Named(library, sha256.as_deref()),
        ),
        PartKind::Code { library, name } => call(&named(label, name), Library::Hashed(library)),
        // A folder of documents: none of its code runs.
        PartKind::Library { .. } | PartKind::Registry => {}
    }
}
