//! Types of live objects: value, event, endpoint and object types, how they relate, and how
//! values lie in memory. No input or output, no serialization framework, no `unsafe`.
//!
//! Modules in reading order: [`syntax`] (the type language as text), [`module`] (libraries of
//! declarations), [`types`] (the graph of types), `resolve` (declarations into the graph),
//! [`relation`] and [`composite`] (subtyping, matching, derived types), [`formalism`] and
//! [`verdict`] (constraints and answers), [`facts`] (answers that are kept), [`identity`], [`evolution`], [`layout`], [`data`].

#![forbid(unsafe_code)]

pub mod composite;
pub mod data;
mod describe;
pub mod diagnostic;
mod domain;
pub mod evolution;
pub mod facts;
pub mod formalism;
mod graph;
pub mod identity;
mod infer;
pub mod layout;
pub mod module;
pub mod monitor;
pub mod relation;
pub mod resolve;
pub mod similar;
pub mod source;
pub mod syntax;
pub mod types;
pub mod verdict;

pub use composite::CompositeShape;
pub use data::Data;
pub use diagnostic::{Code, Diagnostic, Severity, Step, codes};
pub use formalism::{Formalism, Formalisms};
pub use module::Module;
pub use monitor::Monitor;
pub use relation::{Judgement, Mismatch, Problem, Relations};
pub use similar::nearest;
pub use source::{Place, Source, Span};
pub use types::{EndpointId, Kind, ObjectId, TypeId, Types, ValueId};
pub use verdict::{Reason, Verdict, Witness};

/// Text of the standard type library, `liveobj:standard`.
pub const STANDARD: &str = include_str!("../standard.lot");
