//! Where the check looks up what libraries offer. Nothing is loaded: manifests only.

use std::sync::Arc;

use liveobj_types::Module;

/// What a library offers, read from its manifest.
#[derive(Clone, Debug)]
pub struct LibraryTypes {
    /// The name it is known by.
    pub name: String,
    /// SHA-256 of its file in lower-case hexadecimal; none for libraries that are linked in.
    pub sha256: Option<String>,
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
    fn library(&self, name: &str, _: Option<&str>) -> Result<Arc<LibraryTypes>, CatalogError> {
        let _ = name;
        todo!("references helper")
    }

    fn names(&self) -> Vec<String> {
        vec!["liveobj:standard".to_owned()]
    }
}
