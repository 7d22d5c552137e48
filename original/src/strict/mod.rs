//! What the loader of the original platform said of a document: its rules to the letter, its defects
//! included.
//!
//! The loader walked a document depth first and stopped at its first exception. For an object it
//! looked up the component, bound the type parameters, bound the values, applied the cast, and
//! applied the attributes, in this order. Nothing was run.
//!
//! Two defects are kept. A substitution forgets which parameters are still open: so where type
//! parameters are bound and any value is given, all must be. And it drops the constraints of a
//! class.
//!
//! Not modelled are the bounds of generic .NET types (`where T : …`), as nothing says that the
//! original ever refused a document for one.

mod classes;
mod load;
#[cfg(test)]
mod load_tests;
mod lookup;
mod relation;
#[cfg(test)]
mod relation_tests;
mod values;

use liveobj_types::Diagnostic;

use crate::catalog::{Catalog, Entry};
use crate::document::{self, Document};
use crate::{Id, QualifiedId};

use classes::Classes;

/// What the original said of a document.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// It loaded.
    Loaded {
        /// The class of the object, in full.
        class: QualifiedId,
        /// The name of that class, with its arguments.
        described: String,
    },
    /// It loaded, and held no object.
    Null,
    /// It did not load: the first reason.
    Refused(Box<Diagnostic>),
}

/// The loader. What it learns about classes is kept from one document to the next.
pub struct Loader<'a> {
    classes: Classes<'a>,
}

impl Loader<'static> {
    /// A loader with the types and components that came with the platform. Student libraries that
    /// the catalogue also describes are not installed.
    pub fn standard() -> Loader<'static> {
        Loader::new(Catalog::standard())
    }
}

impl<'a> Loader<'a> {
    /// A loader with the types and components of library 0 of a catalogue.
    pub fn new(catalog: &'a Catalog) -> Loader<'a> {
        Loader {
            classes: Classes::new(catalog),
        }
    }

    /// Reads a document and loads it; see [`document::read`] for its limits.
    pub fn check(&mut self, name: &str, bytes: &[u8]) -> Verdict {
        match document::read(name, bytes) {
            Ok(document) => self.load(&document),
            Err(fault) => Verdict::Refused(fault),
        }
    }

    /// Loads a document.
    pub fn load(&mut self, document: &Document) -> Verdict {
        if let Some(fault) = document.faults.first() {
            return Verdict::Refused(Box::new(fault.clone()));
        }
        match load::document(&mut self.classes, document) {
            Err(fault) => Verdict::Refused(fault),
            Ok(None) => Verdict::Null,
            Ok(Some(class)) => match self.classes.entry_of(class) {
                Some(entry) => Verdict::Loaded {
                    class: self.full_name(entry),
                    described: self.classes.describe(class),
                },
                None => Verdict::Null,
            },
        }
    }

    /// Library, version, number and version of an entry.
    fn full_name(&self, entry: &Entry) -> QualifiedId {
        let library = self.classes.catalog.library(entry.library);
        QualifiedId {
            namespace: entry.library,
            namespace_version: library.map_or(0, |it| it.version),
            id: entry.id,
            version: entry.version,
        }
    }

    /// Whether the object class with one number is a subtype of the one with the other, both as
    /// registered and in library 0; `None` if the original did not know one of them. Where it threw
    /// an exception instead of answering, the answer is no.
    pub fn is_object_subtype(&mut self, a: Id, b: Id) -> Option<bool> {
        use crate::document::ClassKind::Object;
        let a = self.classes.platform_class(Object, a)?;
        let b = self.classes.platform_class(Object, b)?;
        Some(self.classes.object_subtype(a, b).is_ok())
    }

    /// As [`Loader::is_object_subtype`], for interface classes.
    pub fn is_interface_subtype(&mut self, a: Id, b: Id) -> Option<bool> {
        use crate::document::ClassKind::Interface;
        let a = self.classes.platform_class(Interface, a)?;
        let b = self.classes.platform_class(Interface, b)?;
        Some(self.classes.interface_subtype(a, b).is_ok())
    }
}
