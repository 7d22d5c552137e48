//! Live object references: the model, its XML and JSON, identity, and the offline check that
//! turns a document into a [`CheckedReference`]. Nothing here loads or runs a component.
//!
//! ```
//! use std::sync::Arc;
//!
//! use liveobj_references::{Policy, StandardCatalog, check, read, write_json};
//! use liveobj_types::{Formalisms, Source, TypeId};
//!
//! let text = r#"<liveobject xmlns="urn:liveobj:reference:1">
//!   <external name="timer" library="liveobj:standard"/>
//! </liveobject>"#;
//! let source = Source::new("clock.liveobject", text);
//! let (document, findings) = read(&source);
//! assert!(findings.is_empty());
//!
//! let document = Arc::new(document.expect("without findings there is a document"));
//! let (formalisms, policy) = (Formalisms::none(), Policy::default());
//! let checked = check(&document, &source, &StandardCatalog, &formalisms, &policy);
//! let reference = checked.reference.expect("it is well typed");
//! let ty = TypeId::Object(reference.object_type());
//! assert_eq!(reference.types().describe(ty), "Timer");
//! assert!(write_json(&document).contains(r#""name": "timer""#));
//! ```
//!
//! In the order of what happens: [`read`] makes a [`Document`] of a [`Source`] within [`Limits`];
//! [`check()`] types its parts with the help of a [`Catalog`], and what passes can be carried out
//! ([`Part`]) or passed on ([`CheckedReference::canonical`]); [`hash`] tells its identity,
//! [`expand`] its long form; [`write_xml`] and [`write_json`] write it; [`format()`] lays a text out anew.
//!
//! [`Source`]: liveobj_types::Source

#![forbid(unsafe_code)]

mod base64;
mod canonical;
mod cast;
mod catalog;
mod check;
mod checked;
mod embed;
mod expand;
mod explanation;
mod external_endpoint;
mod faults;
#[cfg(test)]
mod form_tests;
mod format;
#[cfg(test)]
mod format_tests;
mod from_json;
mod from_xml;
mod gaps;
mod graph;
mod identity;
#[cfg(test)]
mod identity_tests;
mod json;
mod limits;
mod markup;
mod model;
#[cfg(test)]
mod model_tests;
mod object_text;
mod read;
mod to_json;
mod to_xml;
mod types_text;
mod validate;
mod value;
#[cfg(test)]
mod value_tests;
mod value_text;
mod xml;

pub use cast::Cast;
pub use catalog::{Catalog, CatalogError, LibraryTypes, StandardCatalog};
pub use check::{Checked, Policy, check, check_source, graph, hash};
pub use checked::{
    BoundArgument, CheckedReference, Export, Part, PartKind, PlannedConnection, Unmet,
};
pub use expand::expand;
pub use explanation::{CastGrounds, CompositeGrounds, ConnectionGrounds, Explanation};
pub use external_endpoint::{EndpointText, ExternalEndpoint};
pub use format::format;
pub use graph::{
    ComponentNode, ConnectionEdge, EndpointNode, ExportEdge, NodeKind, ObjectNode, Presence,
};
pub use limits::Limits;
pub use model::{
    About, Adapt, Argument, Component, Composite, Connection, Document, EndpointName, ExportEntry,
    External, ExternalSource, Parameterized, Primitive, Reference, ReferenceKind, Spanned,
};
pub use object_text::{ObjectText, ResolvedObject};
pub use read::{form_faults, read, read_elements, read_json, read_within, read_xml};
pub use to_json::write_json;
pub use to_xml::write_xml;
pub use types_text::{TypeText, type_text};
pub use value_text::{value_to_json, value_to_text};
pub use xml::Element;
