//! Where the check looks up what libraries offer. Nothing is loaded: manifests only.

use std::sync::{Arc, OnceLock};

use liveobj_types::Module;
use liveobj_types::module::STANDARD_NAME;
use liveobj_types::syntax::Item;

/// What a library offers, read from its manifest.
#[derive(Clone, Debug)]
pub struct LibraryTypes {
    /// The name it is known by.
    pub name: String,
    /// SHA-256 of its file in lower-case hexadecimal; none for libraries that are linked in.
    pub sha256: Option<String>,
    /// Its version, as its manifest says; none where there is no manifest.
    pub version: Option<String>,
    /// Its declarations, templates included.
    pub module: Arc<Module>,
    /// Names of the templates for which it has code, sorted.
    pub templates: Vec<String>,
}

/// Finds libraries by name.
pub trait Catalog {
    /// The library of this name, and with this hash if one is given.
    ///
    /// # Errors
    ///
    /// It is not there, is another one, or its manifest cannot be read.
    fn library(&self, name: &str, sha256: Option<&str>) -> Result<Arc<LibraryTypes>, CatalogError>;

    /// The library whose file has this hash, 64 lower-case hexadecimal digits.
    ///
    /// # Errors
    ///
    /// It is not there, or its manifest cannot be read.
    fn library_by_hash(&self, sha256: &str) -> Result<Arc<LibraryTypes>, CatalogError> {
        Err(CatalogError::Missing {
            name: format!("sha256:{sha256}"),
        })
    }

    /// Names of all libraries, sorted; for "did you mean".
    fn names(&self) -> Vec<String>;
}

/// Why a library's types are not at hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogError {
    /// No library of this name.
    #[error("no library named `{name}` is at hand")]
    Missing {
        /// The name asked for.
        name: String,
    },
    /// There is one, but its file has another hash.
    #[error("library `{name}` has sha256 {found}, not {expected}")]
    OtherHash {
        /// The name asked for.
        name: String,
        /// The hash that was demanded.
        expected: String,
        /// The hash that the file has.
        found: String,
    },
    /// Its manifest cannot be read.
    #[error("the manifest of library `{name}` cannot be read: {reason}")]
    Unreadable {
        /// The name asked for.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
}

/// Only `liveobj:standard`.
#[derive(Clone, Copy, Debug, Default)]
pub struct StandardCatalog;

impl Catalog for StandardCatalog {
    fn library(&self, name: &str, sha256: Option<&str>) -> Result<Arc<LibraryTypes>, CatalogError> {
        if name != STANDARD_NAME {
            return Err(CatalogError::Missing {
                name: name.to_owned(),
            });
        }
        match sha256 {
            None => Ok(LibraryTypes::standard()),
            Some(expected) => Err(CatalogError::OtherHash {
                name: name.to_owned(),
                expected: expected.to_owned(),
                found: "none, being linked in".to_owned(),
            }),
        }
    }

    fn names(&self) -> Vec<String> {
        vec![STANDARD_NAME.to_owned()]
    }
}

impl LibraryTypes {
    /// What `liveobj:standard` offers: all of its templates.
    pub fn standard() -> Arc<LibraryTypes> {
        static STANDARD: OnceLock<Arc<LibraryTypes>> = OnceLock::new();
        STANDARD
            .get_or_init(|| {
                let module = Module::standard();
                let mut templates: Vec<String> = module
                    .file
                    .items
                    .iter()
                    .filter_map(|item| match item {
                        Item::Template(template) => Some(template.name.name.clone()),
                        _ => None,
                    })
                    .collect();
                templates.sort();
                Arc::new(LibraryTypes {
                    name: STANDARD_NAME.to_owned(),
                    sha256: None,
                    version: None,
                    module,
                    templates,
                })
            })
            .clone()
    }
}
