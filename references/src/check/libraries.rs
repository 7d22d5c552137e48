//! What libraries offer, each asked for once.

use std::sync::Arc;

use liveobj_types::syntax::{Item, Template};
use liveobj_types::{Diagnostic, Module, Place, codes, nearest};

use super::Checker;
use crate::catalog::{CatalogError, LibraryTypes};
use crate::checked::Libraries;

/// Why there is nothing to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absent {
    /// There is no such library; nobody has been told yet.
    Silent,
    /// A finding says so.
    Reported,
}

/// A template declaration with the module that declares it.
#[derive(Clone)]
pub(super) struct Offered {
    pub module: Arc<Module>,
    pub template: Template,
}

/// Which library, and where the document says so.
#[derive(Clone)]
pub(super) struct LibraryName {
    pub name: String,
    pub sha256: Option<String>,
    pub place: Place,
    /// Whether it stands in a `library`: that it is empty is a finding then.
    pub written: bool,
}

impl Checker<'_> {
    /// The library; where there is none of the name and `needed` is set, a finding says so, once.
    pub(super) fn library(
        &mut self,
        wanted: &LibraryName,
        needed: bool,
    ) -> Result<Arc<LibraryTypes>, Absent> {
        let key = (wanted.name.clone(), wanted.sha256.clone());
        if wanted.name.is_empty() && wanted.written {
            return Err(Absent::Reported);
        }
        let known = self.libraries.get(&key).cloned();
        let answer = known.unwrap_or_else(|| {
            let answer = match self.catalog.library(&wanted.name, wanted.sha256.as_deref()) {
                Ok(library) => Ok(library),
                Err(CatalogError::Missing { .. }) => Err(Absent::Silent),
                Err(error) => {
                    let code = match error {
                        CatalogError::OtherHash { .. } => codes::LIBRARY_HASH_MISMATCH,
                        _ => codes::MANIFEST_MISSING,
                    };
                    let mut found =
                        Diagnostic::error(code, error.to_string()).at(wanted.place.clone(), "");
                    if code == codes::LIBRARY_HASH_MISMATCH {
                        found = found.with_help(
                            "add the library with that hash, or remove `sha256` if this one will do",
                        );
                    }
                    self.report(found);
                    Err(Absent::Reported)
                }
            };
            self.libraries.insert(key.clone(), answer.clone());
            answer
        });
        match answer {
            Err(Absent::Silent) if needed => {
                self.libraries.insert(key, Err(Absent::Reported));
                let message = format!("no library named `{}` is at hand", wanted.name);
                let found = Diagnostic::error(codes::MANIFEST_MISSING, message)
                    .at(wanted.place.clone(), "needed here");
                let found = self.other_library(found, &wanted.name);
                self.report(found);
                Err(Absent::Reported)
            }
            answer => answer,
        }
    }

    /// What the check was told of libraries.
    pub(super) fn told(&self) -> Libraries {
        let known = self.libraries.iter().map(|(key, library)| {
            let library = library.as_ref().ok();
            (key.clone(), library.map(|library| library.sha256.clone()))
        });
        Libraries {
            named: known.collect(),
            missing: self.missing.clone(),
        }
    }

    /// What to do about a library that is not at hand.
    pub(super) fn other_library(&self, found: Diagnostic, name: &str) -> Diagnostic {
        let names = self.catalog.names();
        match nearest(name, names.iter().map(String::as_str)) {
            Some(similar) => found.did_you_mean(name, similar),
            None => found.with_help(format!(
                "add it: `liveobj library add FILE --name {name}`, or name the directory it is \
                 in: `--library-path DIR`"
            )),
        }
    }

    /// What `library` offers under `name`.
    pub(super) fn offered(
        &mut self,
        library: &LibraryTypes,
        name: &str,
        place: Place,
    ) -> Option<Offered> {
        if library.templates.iter().any(|offered| offered == name)
            && let Some((module, Item::Template(template))) = library.module.lookup(name)
        {
            return Some(Offered {
                module: module.clone(),
                template: template.clone(),
            });
        }
        if self.is_full() {
            return None;
        }
        let message = format!("library `{}` has no template `{name}`", library.name);
        let names = library.templates.iter().map(String::as_str);
        let found = Diagnostic::error(codes::UNKNOWN_TEMPLATE, message).at(place, "");
        self.report(match nearest(name, names.clone()) {
            Some(similar) => found.did_you_mean(name, similar),
            None => {
                let names: Vec<&str> = names.collect();
                let names = crate::faults::one_of(&names).replace(" or ", " and ");
                found.with_help(format!("it has {names}"))
            }
        });
        None
    }
}
