//! Live object references: the model, its XML and JSON, identity, and the offline check that
//! turns a document into a [`CheckedReference`]. Nothing here loads or runs a component.

#![forbid(unsafe_code)]

mod catalog;
mod check;
mod checked;
mod model;

pub use catalog::{Catalog, CatalogError, LibraryTypes, StandardCatalog};
pub use check::{Checked, Policy, check};
pub use checked::{
    BoundArgument, CheckedReference, Export, Part, PartKind, PlannedConnection, Unmet,
};
pub use model::{
    About, Argument, Component, Composite, Connection, Document, EndpointName, ExportEntry,
    External, ExternalSource, Parameterized, Primitive, Reference, ReferenceKind, Spanned,
};
